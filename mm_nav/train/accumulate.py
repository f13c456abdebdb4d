# SPDX-License-Identifier: Apache-2.0
"""Occupancy without annotation: LiDAR clouds of a few seconds around an instant, put together by odometry.

A cell is occupied where returns keep coming back, free where rays passed low enough, unknown elsewhere. Clouds near in
time weigh more, so that what walks is where it is now, and not where it was or will be.
"""

from functools import lru_cache

import numpy as np

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers, cells_of
from mm_nav.core.ground import levelled
from mm_nav.core.types import PosedCloud, SensorFrame
from mm_nav.train.sweep import NOTHING, Sweep, lowest, own_cells, sweep
from mm_nav.train.track import Track, into, out_of

BEFORE_NS, AFTER_NS = 2_000_000_000, 3_000_000_000
MOST_SWEEPS = 30  # per instant
FADE_S = 1.0  # a look this far away in time weighs 1/e
FREE_Z = 0.25  # metres; a ray that passes lower has seen that nothing stands there
UNDER_M = 0.1  # a return is refuted by rays that pass this much below it, not by rays over it
MIN_RETURNS = 2
MIN_SHARE = 0.25  # of the weighted looks at a cell must have hit it
CENTRAL = 0.6  # a return strikes a cell if it comes this near to the centre, in cells
DRIVEN_M = 0.2  # the robot's own path is free this far to both sides
SAMPLE = 40  # clouds from which the robot's own body is learnt
MOVED_M = 3.0  # the robot must drive this far for that


class Surroundings:
    """Occupancy around the robot at any frame of a recording.

    Args:
        frames: of one recording, oldest first. track: its odometry. grid: of the labels.
    """

    def __init__(self, frames: list[SensorFrame], track: Track, grid: BevGrid) -> None:
        self.track, self.grid = track, grid
        self._clouds = [posed for frame in frames for posed in levelled(frame.lidars)]
        self._stamps = np.array([posed.cloud.stamp_ns for posed in self._clouds], np.int64)
        self._poses = [track.at(int(s)) for s in self._stamps]
        self._stretch = np.array([-1 if p is None else p[1] for p in self._poses], np.int64)
        self._xy = np.array([[np.nan, np.nan] if p is None else p[0][:2] for p in self._poses]).reshape(-1, 2)
        ys, xs = cell_centers(grid)
        self._map = np.stack(np.meshgrid(xs, ys), -1).astype(np.float32)
        self._centres = self._map.reshape(-1, 2)
        self.reach_m = float(np.linalg.norm(np.abs(self._centres).max(axis=0)))
        self._own = self._own_body()
        self._sweep = lru_cache(maxsize=4 * MOST_SWEEPS)(self._make)

    def at(self, frame: SensorFrame) -> np.ndarray:
        """Occupied 1, free 0, unknown -1 (int8, Y X) in base_link at a frame; from its own clouds alone without odometry."""
        now = self.track.at(frame.stamp_ns)
        if now is None:
            looks = [(sweep(posed, self.reach_m, self._own.get(posed.name)), np.zeros(3), 1.0) for posed in levelled(frame.lidars)]
            return self._merge(looks, np.zeros(3), np.zeros((1, 2)))
        pose, stretch = now
        chosen = self._near(frame.stamp_ns, pose, stretch)
        ages = np.abs(self._stamps[chosen] - frame.stamp_ns) * 1e-9
        looks = [(self._sweep(int(i)), self._pose(int(i)), float(np.exp(-age / FADE_S))) for i, age in zip(chosen, ages, strict=True)]
        window = (self.track.stamps_ns >= frame.stamp_ns - BEFORE_NS) & (self.track.stamps_ns <= frame.stamp_ns + AFTER_NS)
        driven = self.track.poses[window & (self.track.stretch == stretch), :2]
        return self._merge(looks, pose, into(pose, driven))

    def _near(self, stamp_ns: int, pose: np.ndarray, stretch: int) -> np.ndarray:
        """Indices of the clouds that tell of the surroundings, thinned out away from now."""
        dt = self._stamps - stamp_ns
        ok = (dt >= -BEFORE_NS) & (dt <= AFTER_NS) & (self._stretch == stretch)
        found = np.flatnonzero(ok & (np.hypot(*(self._xy - pose[:2]).T) < self.reach_m))
        if len(found) <= MOST_SWEEPS:
            return found
        by_age = found[np.argsort(np.abs(dt[found]), kind="stable")]
        rest = np.sort(by_age[6:])
        return np.concatenate([by_age[:6], rest[np.linspace(0, len(rest) - 1, MOST_SWEEPS - 6).astype(int)]])

    def _merge(self, looks: list[tuple[Sweep, np.ndarray, float]], pose: np.ndarray, driven: np.ndarray) -> np.ndarray:
        """Count looks per cell; ``looks`` are clouds with their poses in odom and weights."""
        count, top, there = self._struck(looks, pose)
        low = lowest([look for look, _, _ in looks], np.array([_affine(pose, at) for _, at, _ in looks]), self._centres)
        weight = np.array([w for _, _, w in looks], np.float32)
        low[there] = NOTHING
        hit, clear = weight @ there, weight @ (low < top - UNDER_M)
        occupied = (count >= MIN_RETURNS) & (hit >= MIN_SHARE * (hit + clear))
        free = low.min(axis=0, initial=NOTHING) < FREE_Z
        out = np.where(occupied, 1, np.where(free, 0, -1)).astype(np.int8)
        middle = [self.grid.x_min, self.grid.y_min]
        for xy in driven[:: max(1, len(driven) // 40)]:
            first = np.maximum(np.floor((xy - DRIVEN_M - middle) / self.grid.cell).astype(int), 0)
            last = np.maximum(np.ceil((xy + DRIVEN_M - middle) / self.grid.cell).astype(int), 0)
            block = np.s_[first[1] : last[1], first[0] : last[0]]
            near = np.hypot(*np.moveaxis(self._map[block] - xy, -1, 0)) < DRIVEN_M
            out.reshape(self._map.shape[:2])[block][near] = 0
        return out.reshape(self.grid.rows, self.grid.columns)

    def _struck(self, looks: list[tuple[Sweep, np.ndarray, float]], pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns that come within half a cell of a cell's centre: their number and greatest height (cells,), and which
        look has any (looks, cells)."""
        cells = self.grid.rows * self.grid.columns
        top, there = np.zeros(cells, np.float32), np.zeros((len(looks), cells), bool)
        if not looks:
            return np.zeros(cells), top, there
        rows = np.concatenate([look.hits for look, _, _ in looks])
        owner = np.repeat(np.arange(len(looks)), [len(look.hits) for look, _, _ in looks])
        xy = np.concatenate([into(pose, out_of(at, look.hits[:, :2])) for look, at, _ in looks])
        row, column, inside = cells_of(self.grid, xy)
        cell = (row * self.grid.columns + column)[inside]
        rows, owner, xy = rows[inside], owner[inside], xy[inside]
        offset = xy - self._centres[cell]
        central = (offset * offset).sum(axis=1) <= (CENTRAL * self.grid.cell) ** 2
        cell, rows, owner = cell[central], rows[central], owner[central]
        np.maximum.at(top, cell, rows[:, 2])
        there[owner, cell] = True
        return np.bincount(cell, rows[:, 3], minlength=cells), top, there

    def _pose(self, i: int) -> np.ndarray:
        found = self._poses[i]
        return np.zeros(3) if found is None else found[0]

    def _make(self, i: int) -> Sweep:
        return sweep(self._clouds[i], self.reach_m, self._own.get(self._clouds[i].name))

    def _own_body(self) -> dict[str, np.ndarray]:
        """Per LiDAR where it sees the robot; nothing is learnt of a robot that stands."""
        steps = np.hypot(*np.diff(self._xy, axis=0).T) if len(self._xy) > 1 else np.zeros(0)
        if np.nansum(np.where(steps < 2.0, steps, 0.0)) < MOVED_M:
            return {}
        by_name: dict[str, list[PosedCloud]] = {}
        for posed in self._clouds:
            by_name.setdefault(posed.name, []).append(posed)
        return {n: own_cells([c[i] for i in np.linspace(0, len(c) - 1, min(SAMPLE, len(c))).astype(int)]) for n, c in by_name.items()}


def _affine(pose: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Points in base_link at ``pose`` to base_link at ``at`` (2, 3)."""
    turn = pose[2] - at[2]
    c, s = np.cos(turn), np.sin(turn)
    return np.column_stack([[[c, -s], [s, c]], into(at, pose[None, :2])[0]])
