# SPDX-License-Identifier: Apache-2.0
"""Looking for something that is not seen yet: turn all the way round, drive to where little was seen, turn again.

A pure state machine over frames in the odom frame. Knows no phrases and no network; time comes in as stamps.
"""

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers, wrap_angle
from mm_nav.core.planner import OCCUPIED, CostMap, reach

Point = Float64[np.ndarray, "2"]

ROUNDS = 6  # looks around before giving up
LOOK_S = 20.0  # a turn that takes longer is stuck
GO_S = 25.0
ARRIVED_M = 0.7
FAR_M = 9.0
NEW_M = 6.0  # a place this far from every place where the robot looked round is as new as it gets
RATE_WITHOUT_ODOMETRY = 0.8  # rad/s, assumed when turning cannot be measured


class Search:
    """``looking`` tells the two phases apart; ``exhausted`` says that it is time to give up."""

    def __init__(self, turns_in_place: bool = True) -> None:
        self.turns_in_place = turns_in_place
        self.restart()

    def restart(self) -> None:
        """A new thing to look for."""
        self.looking, self.looked_rad, self.side, self.rounds = True, 0.0, 0.0, 0
        self.target: Point | None = None
        self.spots: list[Point] = []
        self.since_ns: int | None = None

    @property
    def exhausted(self) -> bool:
        """Every round was used up."""
        return self.rounds >= ROUNDS

    @property
    def looked_round(self) -> bool:
        """Whether the robot has seen all sides at least once."""
        return self.rounds > 0

    def look(self, turned_rad: float | None, dt_s: float, side: float, xy: Point, stamp_ns: int) -> float:
        """One frame of turning round.

        Args:
            turned_rad: since the last frame, + is left; None without odometry. side: which way to start, + is left.

        Returns:
            Radians left to turn, + is left; 0 when the round is finished (``looking`` is then False).
        """
        self.since_ns = stamp_ns if self.since_ns is None else self.since_ns
        self.side = self.side or (1.0 if side >= 0 else -1.0)
        self.looked_rad += RATE_WITHOUT_ODOMETRY * dt_s if turned_rad is None else turned_rad * self.side
        left = 2 * np.pi - self.looked_rad
        late = (stamp_ns - self.since_ns) * 1e-9 > LOOK_S
        if left > 0.1 and not late and self.turns_in_place:
            return float(left * self.side)
        self.looking, self.target, self.since_ns = False, None, None
        self.looked_rad, self.rounds = 0.0, self.rounds + 1
        self.spots.append(xy.copy())
        return 0.0

    def arrived(self, xy: Point, stamp_ns: int) -> bool:
        """Whether driving to ``target`` is over, for one reason or another; then the next look begins."""
        self.since_ns = stamp_ns if self.since_ns is None else self.since_ns
        late = (stamp_ns - self.since_ns) * 1e-9 > GO_S
        if self.target is not None and np.hypot(*(self.target - xy)) > ARRIVED_M and not late:
            return False
        self.turn_again()
        return True

    def turn_again(self) -> None:
        """End the drive and look round from here."""
        self.looking, self.since_ns, self.target, self.looked_rad, self.side = True, None, None, 0.0, 0.0

    def choose(
        self, costs: CostMap, occupancy: Float32[np.ndarray, "y x"], xy: Point,
        spots: Float64[np.ndarray, "n 2"], heading: float, hint: Point | None,
    ) -> Point | None:  # fmt: skip
        """Where to drive next, in the grid's frame: far from where it looked before, cheap to reach, in the open.

        Args:
            xy: the robot. spots: where it looked round already. heading: where to go if nothing else matters, rad.
            hint: where something like the phrase was seen, not firmly enough to be the goal.
        """
        grid: BevGrid = costs.grid
        way = reach(costs, xy)
        ys, xs = cell_centers(grid)
        away = np.hypot(xs[None] - xy[0], ys[:, None] - xy[1])
        free = np.isfinite(way) & (np.nan_to_num(occupancy, nan=1.0) < OCCUPIED) & (costs.room > 0.45)
        free &= (away > 1.2) & (away < FAR_M)
        if not free.any():
            return None
        old = np.full(way.shape, NEW_M)
        for spot in spots:
            old = np.minimum(old, np.hypot(xs[None] - spot[0], ys[:, None] - spot[1]))
        turn = np.arctan2(ys[:, None] - xy[1], xs[None] - xy[0]) - heading
        eager = 0.5 if self.turns_in_place else 4.0  # a car sees another side only by driving there
        gain = old - 0.15 * np.where(free, way, 0.0) + eager * np.cos(turn) + np.minimum(costs.room, 1.0)
        if hint is not None:
            gain += 4.0 * np.exp(-np.hypot(xs[None] - hint[0], ys[:, None] - hint[1]) / 2.0)
        row, column = np.unravel_index(int(np.argmax(np.where(free, gain, -np.inf))), way.shape)
        return np.array([xs[column], ys[row]])


def turned(now: float, before: float | None) -> float:
    """Heading change between two frames, the short way; 0 for the first."""
    return 0.0 if before is None else wrap_angle(now - before)
