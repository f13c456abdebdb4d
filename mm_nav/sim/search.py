# SPDX-License-Identifier: Apache-2.0
"""Shortest ways over a flat world: a grid of clearances and the cost to reach a goal from each of its cells.

One Dijkstra sweep from the goal serves every start, so the expert replans by looking up. Knows no robots.
"""

import heapq
from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Bool, Float64, Int64

from mm_nav.sim.footprint import Solids, clearance

COMFORT_M = 0.35  # cells nearer than this to the inflated obstacles cost more, so ways keep off the walls
STEPS = np.array([[0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]])


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _sweep(
    cost: Float64[np.ndarray, "y x"], goal: Bool[np.ndarray, "y x"], steps: Int64[np.ndarray, "8 2"]
) -> Float64[np.ndarray, "y x"]:
    rows, columns = cost.shape
    out = np.full((rows, columns), np.inf)
    heap = [(0.0, 0, 0)]
    heap.pop()
    for r in range(rows):
        for c in range(columns):
            if goal[r, c] and np.isfinite(cost[r, c]):
                out[r, c] = 0.0
                heapq.heappush(heap, (0.0, r, c))
    while len(heap) > 0:
        d, r, c = heapq.heappop(heap)
        if d > out[r, c]:
            continue
        for k in range(8):
            nr, nc = r + steps[k, 0], c + steps[k, 1]
            if 0 <= nr < rows and 0 <= nc < columns and np.isfinite(cost[nr, nc]):
                length = 1.0 if k < 4 else 1.4142135623730951
                nd = d + length * 0.5 * (cost[r, c] + cost[nr, nc])
                if nd < out[nr, nc]:
                    out[nr, nc] = nd
                    heapq.heappush(heap, (nd, nr, nc))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """Clearance of each cell centre to the nearest solid; row 0 at ``y_min``, column 0 at ``x_min``."""

    x_min: float
    y_min: float
    cell: float
    clearance: Float64[np.ndarray, "y x"]

    @classmethod
    def of(cls, solids: Solids, bounds: tuple[float, float, float, float], cell: float = 0.1) -> "Terrain":
        """Measure a world within ``bounds`` (x_min, y_min, x_max, y_max)."""
        x0, y0, x1, y1 = bounds
        xs = x0 + (np.arange(int(np.ceil((x1 - x0) / cell))) + 0.5) * cell
        ys = y0 + (np.arange(int(np.ceil((y1 - y0) / cell))) + 0.5) * cell
        gx, gy = np.meshgrid(xs, ys)
        room = clearance(solids, np.stack([gx.ravel(), gy.ravel()], 1)).reshape(gx.shape)
        return cls(x_min=x0, y_min=y0, cell=cell, clearance=room)

    def index(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of a point, clipped into the grid."""
        rows, columns = self.clearance.shape
        row, column = int((y - self.y_min) / self.cell), int((x - self.x_min) / self.cell)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)

    def centers(self) -> tuple[Float64[np.ndarray, "1 x"], Float64[np.ndarray, "y 1"]]:
        """x of each column and y of each row, ready to broadcast."""
        rows, columns = self.clearance.shape
        xs = self.x_min + (np.arange(columns) + 0.5) * self.cell
        ys = self.y_min + (np.arange(rows) + 0.5) * self.cell
        return xs[None, :], ys[:, None]

    def distances_to(self, solid: Float64[np.ndarray, "8"]) -> Float64[np.ndarray, "y x"]:
        """Distance of each cell centre to one solid's surface."""
        xs, ys = self.centers()
        gx, gy = np.broadcast_arrays(xs, ys)
        return clearance(solid[None], np.stack([gx.ravel(), gy.ravel()], 1)).reshape(self.clearance.shape)

    def field(self, goal: Bool[np.ndarray, "y x"], radius_m: float, comfort: float = 2.0) -> Float64[np.ndarray, "y x"]:
        """Cost in metres (more near obstacles, by up to ``1 + comfort``) from each cell to the goal; inf if shut off.

        Cells whose clearance is below ``radius_m`` are closed.
        """
        near = np.clip(1 - (self.clearance - radius_m) / COMFORT_M, 0, 1)
        cost = np.where(self.clearance >= radius_m, 1 + comfort * near, np.inf)
        return np.asarray(_sweep(cost, goal, STEPS)) * self.cell

    def descend(self, field: Float64[np.ndarray, "y x"], x: float, y: float) -> Float64[np.ndarray, "n 2"]:
        """Cell centres from (x, y) down to the goal; empty when there is no way."""
        row, column = self._nearest_open(field, *self.index(x, y))
        way: list[tuple[float, float]] = []
        rows, columns = field.shape
        if not np.isfinite(field[row, column]):
            return np.zeros((0, 2))
        while True:
            way.append((self.x_min + (column + 0.5) * self.cell, self.y_min + (row + 0.5) * self.cell))
            best, there = field[row, column], None
            for dr, dc in STEPS.tolist():
                r, c = row + dr, column + dc
                if 0 <= r < rows and 0 <= c < columns and field[r, c] < best:
                    best, there = field[r, c], (r, c)
            if there is None:
                return np.array(way)
            row, column = there

    def _nearest_open(self, field: Float64[np.ndarray, "y x"], row: int, column: int) -> tuple[int, int]:
        if np.isfinite(field[row, column]):
            return row, column
        reach = 6  # cells: a robot that drifted into the inflation finds its way out
        r0, c0 = max(row - reach, 0), max(column - reach, 0)
        patch = field[r0 : row + reach + 1, c0 : column + reach + 1]
        rr, cc = np.nonzero(np.isfinite(patch))
        if len(rr) == 0:
            return row, column
        k = int(np.argmin((rr + r0 - row) ** 2 + (cc + c0 - column) ** 2))
        return int(rr[k] + r0), int(cc[k] + c0)

    def free_line(self, a: Float64[np.ndarray, "2"], b: Float64[np.ndarray, "2"], radius_m: float) -> bool:
        """Whether the straight line between two points keeps ``radius_m`` of clearance."""
        n = max(2, int(np.hypot(*(b - a)) / (0.5 * self.cell)))
        points = a + np.linspace(0, 1, n)[:, None] * (b - a)
        rows, columns = self.clearance.shape
        r = np.clip(((points[:, 1] - self.y_min) / self.cell).astype(np.int64), 0, rows - 1)
        c = np.clip(((points[:, 0] - self.x_min) / self.cell).astype(np.int64), 0, columns - 1)
        return bool(np.all(self.clearance[r, c] >= radius_m))
