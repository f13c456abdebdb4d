# SPDX-License-Identifier: Apache-2.0
"""LiDAR points -> ``lidar_bev``: dynamic pillars, without padding and without sorting. Knows no messages, no network, no clock.

Channels, per cell: 0 point count (log), 1 highest z, 2 lowest z, 3 mean relative intensity, 4..7 counts (log) in the height
slices ``SLICES``, 8 one where a LiDAR ray passed before its first obstacle.

Points go through in blocks that stay in the first-level cache: first their cells, without a branch, so that the compiler uses
vector instructions, then one visit of each point's pillar. Pillars lie side by side, in the order in which they are met: those
of a scan fit into the second-level cache where the grid does not.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numba
import numpy as np
from jaxtyping import Float32, Float64, Int16, Int32

from mm_nav.core.config import LIDAR_CHANNELS, BevGrid
from mm_nav.core.ground import levelled
from mm_nav.core.types import PosedCloud

SLICES = (-0.4, 0.15, 0.5, 1.1, 2.2)  # metres above ground; what is higher is overhead and passed under
OBSTACLE_Z = SLICES[1]
AZIMUTH_BINS = 240  # 1.5 degrees: no spinning LiDAR leaves such a bin empty
BLOCK = 512  # points
KEPT = 8  # numbers of a pillar: count, highest, lowest, intensity, counts above the slices' borders, and one unused
LOGGED = 4096  # counts whose logarithm is looked up


@dataclass(slots=True)
class PillarMemory:
    """Working memory for one grid, allocated once: for one thread at a time. What ``lidar_bev`` gives out is never part of it."""

    grid: BevGrid
    number: Int32[np.ndarray, " cells"] = field(init=False)
    """Of each cell's pillar, from 1; all zero between two scans."""
    cell: Int32[np.ndarray, " cells_1"] = field(init=False)
    """Of each pillar."""
    gathered: Float32[np.ndarray, "cells_1 8"] = field(init=False)
    statistics: Float32[np.ndarray, "8 cells_1"] = field(init=False)
    numbers: Float32[np.ndarray, " b"] = field(init=False)
    cells: Int32[np.ndarray, " c"] = field(init=False)

    def __post_init__(self) -> None:
        count = self.grid.rows * self.grid.columns
        self.number, self.cell = np.zeros(count, np.int32), np.empty(count + 1, np.int32)
        self.gathered, self.statistics = np.empty((count + 1, KEPT), np.float32), np.empty((KEPT, count + 1), np.float32)
        self.numbers, self.cells = np.empty(3 * BLOCK, np.float32), np.empty(BLOCK, np.int32)


def lidar_bev(clouds: tuple[PosedCloud, ...], grid: BevGrid, memory: PillarMemory | None = None) -> Float32[np.ndarray, "cl y x"]:
    """All LiDAR points in cells by their height above the ground."""
    return pillars(levelled(clouds), grid, memory)


def pillars(
    clouds: tuple[PosedCloud, ...], grid: BevGrid, memory: PillarMemory | None = None, out: Float32[np.ndarray, "cl y x"] | None = None
) -> Float32[np.ndarray, "cl y x"]:
    """All LiDAR points in cells by their height in base_link.

    Args:
        clouds: of one instant. memory: of this grid, for callers that come again; made for this call if there is none.
        out: where the result goes, for callers that keep none; every number of it is written. A new array if there is none.
    """
    memory = PillarMemory(grid) if memory is None or memory.grid != grid else memory
    cells, statistics, clear = occupied(clouds, memory)
    if out is None:
        out = np.zeros((LIDAR_CHANNELS, grid.rows, grid.columns), np.float32)
    else:
        out.fill(0)
    _spread(cells, statistics, out.reshape(LIDAR_CHANNELS, -1))
    for posed, free in zip(clouds, clear, strict=True):
        origin = posed.T_base_sensor.astype(np.float32)[:2, 3]
        azimuth, away = _polar_cells(float(origin[0]), float(origin[1]), grid)
        _mark_visible(free, azimuth, away, 0.5 * grid.cell, out[LIDAR_CHANNELS - 1])
    return out


def occupied(
    clouds: tuple[PosedCloud, ...], memory: PillarMemory
) -> tuple[Int32[np.ndarray, " n"], Float32[np.ndarray, "8 n"], list[Float32[np.ndarray, " bins"]]]:
    """Pillars with points in them, in the order in which they are met: cell (row * columns + column), the first eight channels;
    and how far each cloud's azimuth bins are free of obstacles, in metres. The first two are overwritten by the next call.
    """
    grid, used, free = memory.grid, 0, []
    for posed in clouds:
        cloud, T = posed.cloud, posed.T_base_sensor.astype(np.float32)
        scale = np.float32(1.0 / (2.0 * float(cloud.intensity.mean()) + 1e-6)) if len(cloud.intensity) else np.float32(0)
        free.append(np.zeros(AZIMUTH_BINS, np.float32))
        used = _gather(np.ascontiguousarray(cloud.xyz, np.float32).reshape(-1), cloud.intensity, scale, T, np.float32(grid.x_min),
                       np.float32(grid.y_min), np.float32(1.0 / grid.cell), grid.rows, grid.columns, memory.numbers, memory.cells,
                       free[-1], memory.number, memory.cell, memory.gathered, used)  # fmt: skip
    _conclude(used, memory.number, memory.cell, memory.gathered, _logarithms(), memory.statistics)
    return memory.cell[1 : used + 1], memory.statistics[:, 1 : used + 1], free


@numba.njit(cache=True, nogil=True, fastmath=True)
def _gather(xyz, intensity, scale, T, left, bottom, per_cell, rows, columns, numbers, cells, clear, number, cell_of, gathered, used):  # type: ignore[no-untyped-def]
    """Visit every point's pillar; ``clear[b]`` becomes how far azimuth bin b is free of obstacles. Returns how many pillars there are."""
    nearest = np.full(clear.shape[0], np.float32(1e9))
    for start in range(0, xyz.shape[0] // 3, BLOCK):
        some = xyz[3 * start : 3 * (start + BLOCK)]
        _place(some, T, left, bottom, per_cell, rows, columns, clear.shape[0], numbers, cells)
        _look(some.shape[0] // 3, numbers, nearest, clear)
        used = _visit(some.shape[0] // 3, intensity[start : start + BLOCK], scale, numbers, cells, number, cell_of, gathered, used)
    for b in range(clear.shape[0]):
        clear[b] = min(clear[b], nearest[b])
    return used


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _place(xyz, T, left, bottom, per_cell, rows, columns, bins, numbers, cells):  # type: ignore[no-untyped-def]
    """Height, distance, azimuth bin (as a number) and cell of each point; -1 for the cell of points outside, below and above.

    The angle is within 1e-4 rad by an odd polynomial on the octant (Abramowitz and Stegun 4.4.49).
    """
    per_radian = np.float32(bins / (2 * np.pi))
    last_row, last_column = np.float32(rows - 1), np.float32(columns - 1)
    a0, a1, a2, a3 = T[0, 0], T[0, 1], T[0, 2], T[0, 3]
    b0, b1, b2, b3 = T[1, 0], T[1, 1], T[1, 2], T[1, 3]
    c0, c1, c2, c3 = T[2, 0], T[2, 1], T[2, 2], T[2, 3]
    for j in range(xyz.shape[0] // 3):
        px, py, pz = xyz[3 * j], xyz[3 * j + 1], xyz[3 * j + 2]
        z = c0 * px + c1 * py + c2 * pz + c3
        x = a0 * px + a1 * py + a2 * pz + a3
        y = b0 * px + b1 * py + b2 * pz + b3
        dx, dy = x - a3, y - b3
        ax, ay = abs(dx), abs(dy)
        t = min(ax, ay) / max(ax, ay, np.float32(1e-9))
        s = t * t
        angle = t * (np.float32(0.9998660) + s * (np.float32(-0.3302995) + s * (np.float32(0.1801410)
                + s * (np.float32(-0.0851330) + s * np.float32(0.0208351)))))  # fmt: skip
        angle = np.float32(1.5707964) - angle if ay > ax else angle
        angle = np.float32(3.1415927) - angle if dx < 0 else angle
        angle = -angle if dy < 0 else angle
        numbers[j] = z
        numbers[BLOCK + j] = np.sqrt(dx * dx + dy * dy)
        numbers[2 * BLOCK + j] = (angle + np.float32(np.pi)) * per_radian
        row, column = np.floor((y - bottom) * per_cell), np.floor((x - left) * per_cell)
        inside = (z >= np.float32(-0.4)) & (z < np.float32(2.2)) & (row >= 0) & (row <= last_row) & (column >= 0) & (column <= last_column)
        row, column = min(max(row, np.float32(0)), last_row), min(max(column, np.float32(0)), last_column)
        cells[j] = np.int32(row) * np.int32(columns) + np.int32(column) if inside else np.int32(-1)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _look(count, numbers, nearest, clear):  # type: ignore[no-untyped-def]
    """Nearest obstacle and farthest return of each azimuth bin; those of a run of points in one bin stay in registers."""
    last, near, far = np.int32(0), nearest[0], clear[0]
    for j in range(count):
        z, away = numbers[j], numbers[BLOCK + j]
        if z < np.float32(-0.4) or z >= np.float32(2.2):
            continue
        azimuth = np.int32(numbers[2 * BLOCK + j])
        if azimuth != last:
            nearest[last], clear[last] = near, far
            last = azimuth if 0 <= azimuth < clear.shape[0] else np.int32(0)
            near, far = nearest[last], clear[last]
        near = min(near, away if z >= np.float32(0.15) else np.float32(1e9))
        far = max(far, away)
    nearest[last], clear[last] = near, far


@numba.njit(cache=True, nogil=True, fastmath=True)
def _visit(count, intensity, scale, numbers, cells, number, cell_of, gathered, used):  # type: ignore[no-untyped-def]
    """Add each point to its pillar; that of a run of points in one cell stays in registers. Returns how many pillars there are."""
    one, none = np.float32(1), np.float32(0)
    last, k = np.int32(-1), 0
    n = highest = lowest = shine = above_1 = above_2 = above_3 = none
    for j in range(count):
        cell = cells[j]
        if cell != last:
            if last >= 0:
                gathered[k, 0], gathered[k, 1], gathered[k, 2], gathered[k, 3] = n, highest, lowest, shine
                gathered[k, 4], gathered[k, 5], gathered[k, 6] = above_1, above_2, above_3
            last = cell
            if cell < 0:
                continue
            k = number[cell]
            if k == 0:
                used += 1
                k = used
                number[cell], cell_of[k] = k, cell
                n = shine = above_1 = above_2 = above_3 = none
                highest, lowest = np.float32(-1e9), np.float32(1e9)
            else:
                n, highest, lowest, shine = gathered[k, 0], gathered[k, 1], gathered[k, 2], gathered[k, 3]
                above_1, above_2, above_3 = gathered[k, 4], gathered[k, 5], gathered[k, 6]
        elif cell < 0:
            continue
        z = numbers[j]
        n += one
        highest, lowest = max(highest, z), min(lowest, z)
        shine += min(intensity[j] * scale, one)
        above_1 += one if z >= np.float32(0.15) else none
        above_2 += one if z >= np.float32(0.5) else none
        above_3 += one if z >= np.float32(1.1) else none
    if last >= 0:
        gathered[k, 0], gathered[k, 1], gathered[k, 2], gathered[k, 3] = n, highest, lowest, shine
        gathered[k, 4], gathered[k, 5], gathered[k, 6] = above_1, above_2, above_3
    return used


@numba.njit(cache=True, nogil=True, fastmath=True)
def _conclude(used, number, cell_of, gathered, logarithms, statistics):  # type: ignore[no-untyped-def]
    """The first eight channels of every pillar; cells have no pillar afterwards."""
    for k in range(1, used + 1):
        number[cell_of[k]] = 0
        n, above_1, above_2, above_3 = gathered[k, 0], gathered[k, 4], gathered[k, 5], gathered[k, 6]
        statistics[0, k] = _logarithm(n, logarithms)
        statistics[1, k], statistics[2, k], statistics[3, k] = gathered[k, 1], gathered[k, 2], gathered[k, 3] / n
        statistics[4, k], statistics[5, k] = _logarithm(n - above_1, logarithms), _logarithm(above_1 - above_2, logarithms)
        statistics[6, k], statistics[7, k] = _logarithm(above_2 - above_3, logarithms), _logarithm(above_3, logarithms)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _logarithm(count, logarithms):  # type: ignore[no-untyped-def]
    return logarithms[np.uint32(count)] if count < logarithms.shape[0] else np.log1p(count)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _spread(cells, statistics, planes):  # type: ignore[no-untyped-def]
    """Into the channels, one after the other: together they would push each other out of the cache."""
    for channel in range(statistics.shape[0]):
        plane, values = planes[channel], statistics[channel]
        for k in range(cells.shape[0]):
            plane[cells[k]] = values[k]


@lru_cache(maxsize=1)
def _logarithms() -> Float32[np.ndarray, " n"]:
    """log(1 + count) of the counts that are usual."""
    return np.log1p(np.arange(LOGGED, dtype=np.float32))


@lru_cache(maxsize=32)
def _polar_cells(ox: float, oy: float, grid: BevGrid) -> tuple[Int16[np.ndarray, "y x"], Float64[np.ndarray, "y x"]]:
    """Azimuth bin and distance of each cell's centre from a LiDAR at (ox, oy); the same as long as the mounting is."""
    azimuth, away = np.empty((grid.rows, grid.columns), np.int16), np.empty((grid.rows, grid.columns))
    _fill_polar(np.float32(ox), np.float32(oy), grid.x_min, grid.y_min, grid.cell, azimuth, away)
    return azimuth, away


@numba.njit(cache=True, nogil=True, fastmath=True)
def _fill_polar(ox, oy, x_min, y_min, cell, azimuth, away):  # type: ignore[no-untyped-def]
    per_radian = AZIMUTH_BINS / (2 * np.pi)
    for row in range(away.shape[0]):
        dy = y_min + (row + 0.5) * cell - oy
        for column in range(away.shape[1]):
            dx = x_min + (column + 0.5) * cell - ox
            azimuth[row, column] = int((np.arctan2(dy, dx) + np.pi) * per_radian) % AZIMUTH_BINS
            away[row, column] = np.sqrt(dx * dx + dy * dy)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _mark_visible(clear, azimuth, away, half_cell, reach):  # type: ignore[no-untyped-def]
    for row in range(reach.shape[0]):
        for column in range(reach.shape[1]):
            if away[row, column] <= clear[azimuth[row, column]] + half_cell:
                reach[row, column] = 1.0
