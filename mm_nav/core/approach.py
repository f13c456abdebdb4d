# SPDX-License-Identifier: Apache-2.0
"""How near is near enough, and where to stand: cells around a goal's surface that see it. Knows no commands."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

from mm_nav.core.geometry import cell_centers, wrap_angle, yaw_of
from mm_nav.core.goal import Candidate, surface_distance
from mm_nav.core.local_map import LocalMap
from mm_nav.core.planner import OCCUPIED, CostMap, plan, reach

STAND_M = 0.7  # from the robot's centre to the goal's surface: where ways end,
HERE_M = 0.85  # and where the robot counts as there
NEARLY_M = 1.05  # near enough when the network says stop, or when there is no way further
OWN_M = 0.3  # what is occupied this near to the goal's box is the goal
AHEAD_M = 0.4  # the least that driving to a nearer place must gain


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """A goal as seen from the robot. Positions are in the local map's window."""

    xy: Float64[np.ndarray, "2"]
    size: tuple[float, float]
    yaw: float
    distance_m: float  # robot's centre to the goal's surface
    bearing: float  # rad, + is left
    stand_m: float

    @classmethod
    def of(cls, goal: Candidate, local_map: LocalMap, T_odom_base: Float64[np.ndarray, "4 4"], keep_m: float | None) -> "Approach":
        """Measure; ``keep_m`` is the distance to keep from something that is followed."""
        robot = T_odom_base[:2, 3]
        away = goal.xy - robot
        return cls(
            xy=local_map.to_window(goal.xy), size=goal.size, yaw=goal.yaw, stand_m=STAND_M if keep_m is None else keep_m,
            distance_m=float(surface_distance(robot[None], goal.xy, goal.size, goal.yaw)[0]),
            bearing=wrap_angle(float(np.arctan2(away[1], away[0])) - yaw_of(T_odom_base)),
        )  # fmt: skip

    @property
    def here(self) -> bool:
        """Whether the robot is where it should stand."""
        return self.distance_m <= self.stand_m + HERE_M - STAND_M

    @property
    def nearly(self) -> bool:
        """Whether it is near enough to believe other signs."""
        return self.distance_m <= self.stand_m + NEARLY_M - STAND_M

    def ring(self, costs: CostMap, occupancy: Float32[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
        """Cells to stand in: open, near the goal's surface, nothing between them and the goal."""
        grid = costs.grid
        ys, xs = cell_centers(grid)
        half = self.stand_m + max(self.size)
        out = np.zeros(costs.cost.shape, np.bool_)
        rows = np.flatnonzero(np.abs(ys - self.xy[1]) < half)
        columns = np.flatnonzero(np.abs(xs - self.xy[0]) < half)
        if not len(rows) or not len(columns):
            return out
        cells = np.stack(np.meshgrid(xs[columns], ys[rows]), axis=-1)
        near = surface_distance(cells, self.xy, self.size, self.yaw) <= self.stand_m
        near &= np.isfinite(costs.cost[np.ix_(rows, columns)])
        r, c = np.nonzero(near)
        clear = self._sees(cells[r, c], occupancy, costs)
        out[rows[r[clear]], columns[c[clear]]] = True
        return out

    def nearest_way(self, costs: CostMap, robot_xy: Float64[np.ndarray, "2"]) -> Float64[np.ndarray, "n 2"] | None:
        """A way to the reachable cell that is nearest to the goal, if that gains anything."""
        ys, xs = cell_centers(costs.grid)
        way = reach(costs, robot_xy)
        left = np.hypot(xs[None] - self.xy[0], ys[:, None] - self.xy[1])
        score = np.where(np.isfinite(way) & (way < 40.0), left + 0.05 * np.where(np.isfinite(way), way, 0.0), np.inf)
        row, column = np.unravel_index(int(np.argmin(score)), score.shape)
        if left[row, column] > np.hypot(*(self.xy - robot_xy)) - AHEAD_M:
            return None
        end = np.zeros(score.shape, np.bool_)
        end[row, column] = True
        return plan(costs, robot_xy, end)

    def _sees(
        self, cells: Float64[np.ndarray, "n 2"], occupancy: Float32[np.ndarray, "y x"], costs: CostMap
    ) -> Bool[np.ndarray, " n"]:
        grid = costs.grid
        share = np.linspace(0.0, 1.0, 16)[None, :, None]
        points = cells[:, None] + share * (self.xy - cells[:, None])
        own = surface_distance(points, self.xy, self.size, self.yaw) < OWN_M
        column = np.clip(((points[..., 0] - grid.x_min) / grid.cell).astype(int), 0, grid.columns - 1)
        row = np.clip(((points[..., 1] - grid.y_min) / grid.cell).astype(int), 0, grid.rows - 1)
        blocked = np.nan_to_num(occupancy[row, column], nan=0.0) >= OCCUPIED
        return np.asarray(~(blocked & ~own).any(axis=1))
