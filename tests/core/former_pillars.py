# SPDX-License-Identifier: Apache-2.0
"""Pillars as the networks of earlier bundles were given them: one visit per point, straight into the grid. Slow, and the measure."""

import numba
import numpy as np

from mm_nav.core.config import LIDAR_CHANNELS, BevGrid
from mm_nav.core.ground import levelled
from mm_nav.core.types import PosedCloud

BINS = 240


def former_lidar_bev(clouds: tuple[PosedCloud, ...], grid: BevGrid) -> np.ndarray:
    """The nine channels of ``lidar_bev``."""
    out = np.zeros((LIDAR_CHANNELS, grid.rows, grid.columns), np.float32)
    reach = np.zeros((grid.rows, grid.columns), np.float32)
    for posed in levelled(clouds):
        cloud, T = posed.cloud, posed.T_base_sensor.astype(np.float32)
        scale = np.float32(1.0 / (2.0 * float(cloud.intensity.mean()) + 1e-6)) if len(cloud.intensity) else np.float32(0)
        clear = np.zeros(BINS, np.float32)
        _scatter(cloud.xyz, cloud.intensity, scale, T, grid.x_min, grid.y_min, grid.cell, out, clear)
        ys, xs = (low + (np.arange(n) + 0.5) * grid.cell for low, n in ((grid.y_min, grid.rows), (grid.x_min, grid.columns)))
        dy, dx = np.meshgrid(ys - T[1, 3], xs - T[0, 3], indexing="ij")
        azimuth = ((np.arctan2(dy, dx) + np.pi) * (BINS / (2 * np.pi))).astype(int) % BINS
        reach[np.hypot(dx, dy) <= clear[azimuth] + 0.5 * grid.cell] = 1
    hit = out[0] > 0
    out[3][hit] /= out[0][hit]
    for slot in (0, 4, 5, 6, 7):
        out[slot] = np.log1p(out[slot])
    out[8] = reach
    return out


@numba.njit(cache=True, nogil=True, fastmath=True)
def _atan2(y, x):  # type: ignore[no-untyped-def]
    ax, ay = abs(x), abs(y)
    t = min(ax, ay) / max(ax, ay, np.float32(1e-9))
    s = t * t
    angle = t * (np.float32(0.9998660) + s * (np.float32(-0.3302995) + s * (np.float32(0.1801410)
            + s * (np.float32(-0.0851330) + s * np.float32(0.0208351)))))  # fmt: skip
    if ay > ax:
        angle = np.float32(1.5707964) - angle
    if x < 0:
        angle = np.float32(3.1415927) - angle
    return -angle if y < 0 else angle


@numba.njit(cache=True, nogil=True, fastmath=True)
def _scatter(xyz, intensity, scale, T, x_min, y_min, cell, out, clear):  # type: ignore[no-untyped-def]
    rows, columns = out.shape[1], out.shape[2]
    nearest = np.full(clear.shape[0], np.float32(1e9))
    per_cell, left, bottom = np.float32(1.0 / cell), np.float32(x_min), np.float32(y_min)
    per_radian = np.float32(clear.shape[0] / (2 * np.pi))
    for i in range(xyz.shape[0]):
        px, py, pz = xyz[i, 0], xyz[i, 1], xyz[i, 2]
        z = T[2, 0] * px + T[2, 1] * py + T[2, 2] * pz + T[2, 3]
        if z < np.float32(-0.4) or z >= np.float32(2.2):
            continue
        x = T[0, 0] * px + T[0, 1] * py + T[0, 2] * pz + T[0, 3]
        y = T[1, 0] * px + T[1, 1] * py + T[1, 2] * pz + T[1, 3]
        dx, dy = x - T[0, 3], y - T[1, 3]
        distance = np.sqrt(dx * dx + dy * dy)
        azimuth = int((_atan2(dy, dx) + np.float32(np.pi)) * per_radian) % clear.shape[0]
        if z >= np.float32(0.15):
            nearest[azimuth] = min(nearest[azimuth], distance)
        clear[azimuth] = max(clear[azimuth], distance)
        column, row = int(np.floor((x - left) * per_cell)), int(np.floor((y - bottom) * per_cell))
        if column < 0 or column >= columns or row < 0 or row >= rows:
            continue
        if out[0, row, column] == 0:
            out[1, row, column] = z
            out[2, row, column] = z
        else:
            out[1, row, column] = max(out[1, row, column], z)
            out[2, row, column] = min(out[2, row, column], z)
        out[0, row, column] += 1
        out[3, row, column] += min(intensity[i] * scale, np.float32(1.0))
        slot = 4 if z < np.float32(0.15) else 5 if z < np.float32(0.5) else 6 if z < np.float32(1.1) else 7
        out[slot, row, column] += 1
    for b in range(clear.shape[0]):
        clear[b] = min(clear[b], nearest[b])
