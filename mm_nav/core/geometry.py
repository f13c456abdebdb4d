# SPDX-License-Identifier: Apache-2.0
"""Rigid motions, pinhole projection and BEV indices, in numpy. Knows neither messages nor networks."""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from mm_nav.core.config import BevGrid


def se3(xyz: tuple[float, float, float], rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Float64[np.ndarray, "4 4"]:
    """Transform from a translation in metres and fixed-axis roll, pitch, yaw in radians (REP-103)."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    T = np.eye(4)
    T[:3, :3] = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    T[:3, 3] = xyz
    return T


def se2(x: float, y: float, yaw: float) -> Float64[np.ndarray, "4 4"]:
    """Planar pose as a transform."""
    return se3((x, y, 0.0), (0.0, 0.0, yaw))


def yaw_of(T: Float64[np.ndarray, "4 4"]) -> float:
    """Heading of a transform's x axis, radians in (-pi, pi]."""
    return float(np.arctan2(T[1, 0], T[0, 0]))


def inverse(T: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4 4"]:
    """Inverse of a rigid transform."""
    out = np.eye(4)
    out[:3, :3] = T[:3, :3].T
    out[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return out


def transform(T: Float64[np.ndarray, "4 4"], points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Move points by ``T``; the dtype of the points is kept."""
    dtype = points.dtype
    moved: Float[np.ndarray, "n 3"] = points @ T[:3, :3].T.astype(dtype) + T[:3, 3].astype(dtype)
    return moved


def from_quaternion(xyz: Float64[np.ndarray, "3"], xyzw: Float64[np.ndarray, "4"]) -> Float64[np.ndarray, "4 4"]:
    """Transform from a translation and a unit quaternion (x, y, z, w)."""
    x, y, z, w = xyzw
    T = np.eye(4)
    T[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    T[:3, 3] = xyz
    return T


def to_quaternion(T: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4"]:
    """Unit quaternion (x, y, z, w), w >= 0, of a transform's rotation (Shepperd's method)."""
    R = T[:3, :3]
    squares = np.array([1 + R[0, 0] - R[1, 1] - R[2, 2], 1 - R[0, 0] + R[1, 1] - R[2, 2],
                        1 - R[0, 0] - R[1, 1] + R[2, 2], 1 + R[0, 0] + R[1, 1] + R[2, 2]])
    k = int(np.argmax(squares))
    pairs = np.array([
        [squares[0], R[0, 1] + R[1, 0], R[0, 2] + R[2, 0], R[2, 1] - R[1, 2]],
        [R[0, 1] + R[1, 0], squares[1], R[1, 2] + R[2, 1], R[0, 2] - R[2, 0]],
        [R[0, 2] + R[2, 0], R[1, 2] + R[2, 1], squares[2], R[1, 0] - R[0, 1]],
        [R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1], squares[3]],
    ])
    q = np.asarray(pairs[k] / (2 * np.sqrt(squares[k])))
    return q if q[3] >= 0 else -q


def project(
    K: Float64[np.ndarray, "3 3"], points_cam: Float64[np.ndarray, "n 3"]
) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, " n"]]:
    """Pinhole projection: pixel (u, v) and depth. Pixels of points at depth <= 0 mean nothing."""
    depth = points_cam[:, 2]
    safe = np.where(depth > 1e-6, depth, 1.0)
    uv = points_cam[:, :2] / safe[:, None] * [K[0, 0], K[1, 1]] + [K[0, 2], K[1, 2]]
    return uv, depth


def cell_centers(grid: BevGrid) -> tuple[Float64[np.ndarray, " y"], Float64[np.ndarray, " x"]]:
    """Centres of rows (y) and columns (x) in metres."""
    ys = grid.y_min + (np.arange(grid.rows) + 0.5) * grid.cell
    xs = grid.x_min + (np.arange(grid.columns) + 0.5) * grid.cell
    return ys, xs


def cells_of(
    grid: BevGrid, xy: Float[np.ndarray, "n 2"]
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Row and column of each point, and whether it lies inside the grid."""
    column = np.floor((xy[:, 0] - grid.x_min) / grid.cell).astype(np.int64)
    row = np.floor((xy[:, 1] - grid.y_min) / grid.cell).astype(np.int64)
    inside = (column >= 0) & (column < grid.columns) & (row >= 0) & (row < grid.rows)
    return row, column, inside


def wrap_angle(angle: float) -> float:
    """The same angle in [-pi, pi)."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
