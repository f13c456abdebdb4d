# SPDX-License-Identifier: Apache-2.0
"""Distances to what stands on the flat ground, seen from above. Knows shapes as rows of numbers, nothing else.

A *solid* is one row of ``Float64[8]``: kind (0 rectangle, 1 disc), x, y, cos yaw, sin yaw, half length (or radius),
half width, height. Distances are metres, negative inside.
"""

import numba
import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.config import BevGrid

RECTANGLE, DISC = 0.0, 1.0
Solids = Float64[np.ndarray, "s 8"]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _distance(solid: Float64[np.ndarray, "8"], x: float, y: float) -> float:
    dx, dy = x - solid[1], y - solid[2]
    if solid[0] == 1.0:
        return float(np.sqrt(dx * dx + dy * dy) - solid[5])
    qx = abs(dx * solid[3] + dy * solid[4]) - solid[5]
    qy = abs(-dx * solid[4] + dy * solid[3]) - solid[6]
    outside = np.sqrt(max(qx, 0.0) ** 2 + max(qy, 0.0) ** 2)
    return float(outside + min(max(qx, qy), 0.0))


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _clearances(solids: Solids, xy: Float64[np.ndarray, "n 2"], out: Float64[np.ndarray, " n"]) -> None:
    for i in range(len(xy)):
        best = np.inf
        for s in range(len(solids)):
            best = min(best, _distance(solids[s], xy[i, 0], xy[i, 1]))
        out[i] = best


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _heights(
    solids: Solids, pose: Float64[np.ndarray, "3"], origin: Float64[np.ndarray, "3"], out: Float32[np.ndarray, "y x"]
) -> None:
    cell = origin[2]
    c, s = np.cos(pose[2]), np.sin(pose[2])
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            bx, by = origin[0] + (column + 0.5) * cell, origin[1] + (row + 0.5) * cell
            x, y = pose[0] + c * bx - s * by, pose[1] + s * bx + c * by
            tallest = 0.0
            for k in range(len(solids)):
                if solids[k, 7] > tallest and _distance(solids[k], x, y) <= 0.5 * cell:
                    tallest = solids[k, 7]
            out[row, column] = tallest


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _seen(
    heights: Float32[np.ndarray, "y x"], eye_row: float, eye_column: float, blocking: float, out: Float32[np.ndarray, "y x"]
) -> None:
    rows, columns = heights.shape
    for row in range(rows):
        for column in range(columns):
            out[row, column] = 0.0
            if heights[row, column] > blocking:
                continue
            dr, dc = row - eye_row, column - eye_column
            steps = int(max(abs(dr), abs(dc)) * 1.5) + 1
            free = 1.0
            for k in range(1, steps):
                r = int(np.floor(eye_row + dr * k / steps + 0.5))
                c = int(np.floor(eye_column + dc * k / steps + 0.5))
                if 0 <= r < rows and 0 <= c < columns and heights[r, c] > blocking:
                    free = 0.0
                    break
            out[row, column] = free
    for row in range(rows):  # of what hides the view, two cells behind seen ground are seen: surfaces lie in either
        for column in range(columns):
            if heights[row, column] > blocking:
                for r in range(max(row - 2, 0), min(row + 3, rows)):
                    for c in range(max(column - 2, 0), min(column + 3, columns)):
                        if heights[r, c] <= blocking and out[r, c] == 1.0:
                            out[row, column] = 1.0


def rectangle(x: float, y: float, yaw: float, length: float, width: float, height: float) -> Float64[np.ndarray, "8"]:
    """A solid with a rectangular footprint; ``length`` runs along its own x axis."""
    return np.array([RECTANGLE, x, y, np.cos(yaw), np.sin(yaw), length / 2, width / 2, height])


def disc(x: float, y: float, radius: float, height: float) -> Float64[np.ndarray, "8"]:
    """A solid with a round footprint."""
    return np.array([DISC, x, y, 1.0, 0.0, radius, radius, height])


def clearance(solids: Solids, xy: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, " n"]:
    """Distance from each point to the nearest solid's surface; infinite where there is none."""
    out = np.empty(len(xy))
    _clearances(solids, np.ascontiguousarray(xy, np.float64), out)
    return out


def distance(solid: Float64[np.ndarray, "8"], x: float, y: float) -> float:
    """Distance from one point to one solid's surface."""
    return float(_distance(solid, x, y))


def heights_in(solids: Solids, pose: tuple[float, float, float], grid: BevGrid) -> Float32[np.ndarray, "y x"]:
    """Height of the tallest solid that touches each cell of a grid laid around ``pose`` (x, y, yaw); 0 where free.

    A cell is touched when the solid's surface comes within half a cell of its centre.
    """
    out = np.empty((grid.rows, grid.columns), np.float32)
    _heights(solids, np.array(pose), np.array([grid.x_min, grid.y_min, grid.cell]), out)
    return out


def seen_from_origin(heights: Float32[np.ndarray, "y x"], grid: BevGrid, blocking_m: float) -> Float32[np.ndarray, "y x"]:
    """One where the line from the grid's (0, 0) meets no cell taller than ``blocking_m``, and on such cells' near side."""
    out = np.empty_like(heights)
    _seen(heights, -grid.y_min / grid.cell - 0.5, -grid.x_min / grid.cell - 0.5, blocking_m, out)
    return out
