# SPDX-License-Identifier: Apache-2.0
"""What LiDAR points a camera would see: the nearest depth of each pixel. Knows no messages and no files.

Points go through in blocks that stay in the first-level cache: first their pixels, without a branch, so that the compiler uses
vector instructions, then one visit of each point's pixel. A distorted camera's pixels are OpenCV's.
"""

import numba
import numpy as np
from jaxtyping import Float, Float32, Float64

from mm_nav.core.geometry import transform
from mm_nav.core.preprocess import project_into
from mm_nav.core.types import CameraModel

BLOCK = 512  # points
NEAREST_M = 0.1


def depth_map(
    xyz: Float[np.ndarray, "n 3"], T_cam_points: Float64[np.ndarray, "4 4"], model: CameraModel, out: Float32[np.ndarray, "h w"] | None = None
) -> Float32[np.ndarray, "h w"]:
    """Depth along the optical axis of the nearest point in each pixel, metres; infinite where there is none.

    Args:
        xyz: points. T_cam_points: to the camera's optical frame. model: the camera. out: where the result goes; a new array if None.
    """
    out = np.empty((model.height, model.width), np.float32) if out is None else out
    out.fill(np.inf)
    if model.D.size and model.D.any():
        seen = transform(T_cam_points, xyz.astype(np.float64))
        uv, inside = project_into(model, seen)
        column, row = np.floor(uv[inside] + 0.5).astype(np.int64).T
        np.minimum.at(out, (row.clip(0, model.height - 1), column.clip(0, model.width - 1)), seen[inside, 2].astype(np.float32))
        return out
    P = (np.array([[model.K[0, 0], 0, model.K[0, 2] + 0.5], [0, model.K[1, 1], model.K[1, 2] + 0.5], [0, 0, 1]]) @ T_cam_points[:3]).astype(np.float32)
    _fill(np.ascontiguousarray(xyz, np.float32).reshape(-1), P, np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32), out)
    return out


@numba.njit(cache=True, nogil=True)  # no fastmath: nothing is infinite there
def _fill(xyz, P, pixels, depths, out):  # type: ignore[no-untyped-def]
    flat = out.reshape(-1)
    for start in range(0, xyz.shape[0], 3 * BLOCK):
        some = xyz[start : start + 3 * BLOCK]
        _project(some, P, out.shape[0], out.shape[1], pixels, depths)
        for j in range(some.shape[0] // 3):
            if pixels[j] >= 0 and depths[j] < flat[pixels[j]]:
                flat[pixels[j]] = depths[j]


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _project(xyz, P, height, width, pixels, depths):  # type: ignore[no-untyped-def]
    """Pixel (row * width + column) and depth of each point; -1 outside the picture."""
    last_row, last_column, none = np.float32(height - 1), np.float32(width - 1), np.float32(0)
    a0, a1, a2, a3 = P[0, 0], P[0, 1], P[0, 2], P[0, 3]
    b0, b1, b2, b3 = P[1, 0], P[1, 1], P[1, 2], P[1, 3]
    c0, c1, c2, c3 = P[2, 0], P[2, 1], P[2, 2], P[2, 3]
    for j in range(xyz.shape[0] // 3):
        x, y, z = xyz[3 * j], xyz[3 * j + 1], xyz[3 * j + 2]
        depth = c0 * x + c1 * y + c2 * z + c3
        per = np.float32(1) / max(depth, np.float32(1e-6))
        column = np.floor((a0 * x + a1 * y + a2 * z + a3) * per)
        row = np.floor((b0 * x + b1 * y + b2 * z + b3) * per)
        inside = (depth > np.float32(NEAREST_M)) & (row >= none) & (row <= last_row) & (column >= none) & (column <= last_column)
        row, column = min(max(row, none), last_row), min(max(column, none), last_column)
        pixels[j] = np.int32(row) * np.int32(width) + np.int32(column) if inside else np.int32(-1)
        depths[j] = depth
