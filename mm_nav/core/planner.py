# SPDX-License-Identifier: Apache-2.0
"""Grid planner: from the robot's cell to any cell of a target set, around what is occupied, away from walls.

A* over 8 neighbours (Hart et al. 1968) on a cost map, then line-of-sight shortcuts. Works in the frame of the grid
it is given; knows no robot state, no commands, no clock.
"""

import heapq
from dataclasses import dataclass

import cv2
import numba
import numpy as np
from jaxtyping import Bool, Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers
from mm_nav.core.local_map import clearance

OCCUPIED = 0.5
LETHAL_MARGIN_M = 0.05  # kept beyond the robot's radius, at any price
COMFORT_M = 0.45  # nearness to obstacles costs up to here beyond the radius,
COMFORT_COST = 4.0  # this much more than open ground at the lethal edge
UNKNOWN_COST = 1.5  # added to ground nobody has seen
PERSON_COST = 4.0  # added where something that moves will be within a second and a half
MOVES = 0.3  # m/s
KEEP_OFF_COST = 10.0  # added near what it was told to keep away from
ESCAPE_M = 0.7  # around the robot, inflation can be crossed: it may start inside
ESCAPE_COST = 12.0
LOYALTY = 0.8  # cells of the last path cost this much of the others, so that ways do not flip


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMap:
    """Cost per metre of each cell (inf: closed) and the room around it in metres."""

    grid: BevGrid
    cost: Float32[np.ndarray, "y x"]
    room: Float32[np.ndarray, "y x"]


def cost_map(
    occupancy: Float32[np.ndarray, "y x"], grid: BevGrid, robot_xy: Float64[np.ndarray, "2"], radius_m: float,
    motion: Float32[np.ndarray, "2 y x"] | None = None, last_path: Float64[np.ndarray, "n 2"] | None = None,
    keep_off: Bool[np.ndarray, "y x"] | None = None,
) -> CostMap:  # fmt: skip
    """Costs from occupancy probabilities (NaN unknown).

    Args:
        motion: m/s of what stands in each cell, in the grid's frame. last_path: to prefer what was planned before.
        keep_off: ground that is crossed only where there is no other way.
    """
    blocked = occupancy >= OCCUPIED  # not where it is unknown
    room = clearance(blocked, grid.cell)
    nothing = np.zeros(blocked.shape, np.uint8)
    soon = nothing if motion is None else _moving_soon(blocked, motion, grid.cell)
    off = nothing if keep_off is None else keep_off.view(np.uint8)
    lane = nothing
    if last_path is not None and len(last_path) > 1:
        lane = np.zeros(blocked.shape, np.uint8)
        pixels = np.round((last_path - [grid.x_min, grid.y_min]) / grid.cell - 0.5)
        cv2.polylines(lane, [np.clip(pixels, -10_000, 10_000).astype(np.int32)], False, 1, thickness=3)
    ys, xs = cell_centers(grid)
    least = np.float32(radius_m + LETHAL_MARGIN_M)
    cost = _costs(occupancy, room, soon, off, lane, xs, ys, float(robot_xy[0]), float(robot_xy[1]), least)
    return CostMap(grid=grid, cost=cost, room=room)


def plan(
    costs: CostMap, start_xy: Float64[np.ndarray, "2"], targets: Bool[np.ndarray, "y x"]
) -> Float64[np.ndarray, "n 2"] | None:
    """The cheapest way from the robot to the nearest of the target cells; None if all are shut off.

    Rows are points every 0.2 m from the robot to the end, in the grid's frame.
    """
    grid = costs.grid
    start = _cell(grid, start_xy)
    rows, columns = np.nonzero(targets & np.isfinite(costs.cost))
    if not len(rows):
        return None
    middle = (float(rows.mean()), float(columns.mean()))
    spread = float(np.hypot(rows - middle[0], columns - middle[1]).max())
    cells = _search(costs.cost, start[0], start[1], targets, middle[0], middle[1], spread, np.float32(LOYALTY))
    if not len(cells):
        return None
    kept = cells[_shortcut(costs.cost, cells)]
    xy = np.column_stack([grid.x_min + (kept[:, 1] + 0.5) * grid.cell, grid.y_min + (kept[:, 0] + 0.5) * grid.cell])
    xy[0] = start_xy
    return _every(xy, 0.2)


def reach(costs: CostMap, start_xy: Float64[np.ndarray, "2"]) -> Float32[np.ndarray, "y x"]:
    """Cost in metres from the robot to each cell; inf where no way leads."""
    row, column = _cell(costs.grid, start_xy)
    return np.asarray(_sweep(costs.cost, row, column) * np.float32(costs.grid.cell))


def warm_up() -> None:
    """Compile, or load what was compiled, on a small field: the first order is not to wait for that."""
    grid = BevGrid(x_min=0.0, y_min=0.0, cell=0.1, columns=32, rows=32)
    occupancy = np.full((32, 32), np.nan, np.float32)
    occupancy[:, 16] = 1.0
    motion, start, targets = np.zeros((2, 32, 32), np.float32), np.array([0.8, 1.6]), np.zeros((32, 32), np.bool_)
    targets[4:6, 4:6] = True
    costs = cost_map(occupancy, grid, start, 0.3, motion, None, targets)
    plan(costs, start, targets)
    reach(costs, start)


def _cell(grid: BevGrid, xy: Float64[np.ndarray, "2"]) -> tuple[int, int]:
    row = int(np.clip((xy[1] - grid.y_min) / grid.cell, 0, grid.rows - 1))
    return row, int(np.clip((xy[0] - grid.x_min) / grid.cell, 0, grid.columns - 1))


def _moving_soon(blocked: Bool[np.ndarray, "y x"], motion: Float32[np.ndarray, "2 y x"], cell: float) -> np.ndarray:
    rows, columns = np.nonzero(blocked)
    u, v = motion[0, rows, columns], motion[1, rows, columns]
    moves = np.hypot(u, v) > MOVES
    rows, columns, u, v = rows[moves], columns[moves], u[moves], v[moves]
    out = np.zeros(blocked.shape, np.uint8)
    for t in (0.5, 1.0, 1.5):
        r = rows + np.round(v * t / cell).astype(int)
        c = columns + np.round(u * t / cell).astype(int)
        height, width = blocked.shape
        ok = (r >= 0) & (r < height) & (c >= 0) & (c < width)
        out[r[ok], c[ok]] = 1
    return cv2.dilate(out, np.ones((5, 5), np.uint8)) if len(rows) else out


def _every(xy: Float64[np.ndarray, "n 2"], step: float) -> Float64[np.ndarray, "m 2"]:
    """Points every ``step`` metres along a polyline, both ends included."""
    steps = np.diff(xy, axis=0)
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    if lengths[-1] < 1e-6:
        return xy[:1]
    at = np.linspace(0, lengths[-1], max(2, int(np.ceil(lengths[-1] / step)) + 1))
    return np.column_stack([np.interp(at, lengths, xy[:, 0]), np.interp(at, lengths, xy[:, 1])])


# ---------------------------------------------------------------- compiled


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _costs(occupancy, room, soon, off, lane, xs, ys, x, y, least):  # type: ignore[no-untyped-def]
    """Cost of each cell in one pass; what moves soon, what to keep off and the last path are masks."""
    rows, columns = room.shape
    out = np.empty((rows, columns), np.float32)
    for r in range(rows):
        for c in range(columns):
            if room[r, c] < least:
                free = not occupancy[r, c] >= OCCUPIED
                near = np.hypot(xs[c] - x, ys[r] - y) < ESCAPE_M
                out[r, c] = ESCAPE_COST if near and free else np.inf
                continue
            nearness = np.float32(1) - (room[r, c] - least) / np.float32(COMFORT_M)
            nearness = min(max(nearness, np.float32(0)), np.float32(1))
            cost = float(np.float32(1) + np.float32(COMFORT_COST) * (nearness * nearness))
            if not np.isfinite(occupancy[r, c]):
                cost += UNKNOWN_COST
            cost += PERSON_COST * soon[r, c] + KEEP_OFF_COST * off[r, c]
            out[r, c] = cost * LOYALTY if lane[r, c] else cost
    return out


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _search(cost, row, column, targets, mid_row, mid_column, spread, least):  # type: ignore[no-untyped-def]
    """A* to the first target cell; cells of the way, (n, 2) rows and columns, empty if there is none."""
    rows, columns = cost.shape
    best = np.full((rows, columns), np.float32(np.inf))
    parent = np.full((rows, columns), -1, np.int32)
    best[row, column] = 0
    heap = [(np.float32(0), row, column)]
    found = -1
    done = np.zeros((rows, columns), np.bool_)
    while len(heap) > 0:
        _, r, c = heapq.heappop(heap)
        if done[r, c]:
            continue
        done[r, c] = True
        if targets[r, c] and np.isfinite(cost[r, c]):
            found = r * columns + c
            break
        here = cost[r, c] if np.isfinite(cost[r, c]) else np.float32(12)
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                nr, nc = r + dr, c + dc
                if (dr == 0 and dc == 0) or nr < 0 or nr >= rows or nc < 0 or nc >= columns:
                    continue
                if done[nr, nc] or not np.isfinite(cost[nr, nc]):
                    continue
                if dr != 0 and dc != 0 and not (np.isfinite(cost[r, nc]) and np.isfinite(cost[nr, c])):
                    continue
                length = np.float32(1.4142135) if dr != 0 and dc != 0 else np.float32(1)
                g = best[r, c] + length * np.float32(0.5) * (here + cost[nr, nc])
                if g < best[nr, nc]:
                    best[nr, nc] = g
                    parent[nr, nc] = r * columns + c
                    ahead = np.float32(np.sqrt((nr - mid_row) ** 2 + (nc - mid_column) ** 2) - spread)
                    heapq.heappush(heap, (g + least * max(np.float32(0), ahead), nr, nc))
    count, at = 0, found
    while at >= 0:
        count += 1
        at = parent[at // columns, at % columns]
    way = np.empty((count, 2), np.int64)
    at = found
    for i in range(count - 1, -1, -1):
        way[i, 0], way[i, 1] = at // columns, at % columns
        at = parent[at // columns, at % columns]
    return way


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _sweep(cost, row, column):  # type: ignore[no-untyped-def]
    """Dijkstra to every cell, in cells."""
    rows, columns = cost.shape
    best = np.full((rows, columns), np.float32(np.inf))
    best[row, column] = 0
    heap = [(np.float32(0), row, column)]
    while len(heap) > 0:
        g0, r, c = heapq.heappop(heap)
        if g0 > best[r, c]:
            continue
        here = cost[r, c] if np.isfinite(cost[r, c]) else np.float32(12)
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                nr, nc = r + dr, c + dc
                if (dr == 0 and dc == 0) or nr < 0 or nr >= rows or nc < 0 or nc >= columns:
                    continue
                if not np.isfinite(cost[nr, nc]):
                    continue
                length = np.float32(1.4142135) if dr != 0 and dc != 0 else np.float32(1)
                g = g0 + length * np.float32(0.5) * (here + cost[nr, nc])
                if g < best[nr, nc]:
                    best[nr, nc] = g
                    heapq.heappush(heap, (g, nr, nc))
    return best


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _line_cost(cost, r0, c0, r1, c1):  # type: ignore[no-untyped-def]
    """Cost along a straight line in cells; inf if it crosses a closed cell."""
    length = np.sqrt((r1 - r0) ** 2 + (c1 - c0) ** 2)
    steps = max(1, int(np.ceil(2 * length)))
    total = 0.0
    for i in range(steps + 1):
        t = i / steps
        total += cost[round(r0 + t * (r1 - r0)), round(c0 + t * (c1 - c0))]
    return total / (steps + 1) * length


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _shortcut(cost, cells):  # type: ignore[no-untyped-def]
    """Which cells to keep: straight lines replace stretches of the way that cost no less."""
    n = cells.shape[0]
    along = np.zeros(n)
    for i in range(1, n):
        along[i] = along[i - 1] + _line_cost(cost, cells[i - 1, 0], cells[i - 1, 1], cells[i, 0], cells[i, 1])
    keep = np.zeros(n, np.bool_)
    keep[0] = True
    i = 0
    while i < n - 1:
        nearest = i + 1
        for j in range(min(n - 1, i + 60), i + 1, -1):
            line = _line_cost(cost, cells[i, 0], cells[i, 1], cells[j, 0], cells[j, 1])
            if line <= 1.03 * (along[j] - along[i]) + 0.5:
                nearest = j
                break
        keep[nearest] = True
        i = nearest
    return keep
