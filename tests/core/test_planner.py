# SPDX-License-Identifier: Apache-2.0
"""Ways go through gaps that fit the robot, around what is in the way, and end at the target."""

from itertools import pairwise

import numpy as np
import pytest

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers
from mm_nav.core.planner import CostMap, cost_map, plan, reach

GRID = BevGrid(x_min=-8.0, y_min=-8.0, cell=0.1, columns=160, rows=160)
YS, XS = cell_centers(GRID)
RADIUS = 0.3
HERE = np.array([-5.0, 0.0])


def world() -> np.ndarray:
    return np.full((160, 160), 0.02, np.float32)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    return np.hypot(XS[None] - x, YS[:, None] - y) < radius


def wall_with_gap(middle: float, width: float) -> np.ndarray:
    occupancy = world()
    occupancy[:, 80:82] = 0.95
    occupancy[np.abs(YS - middle) < width / 2, 80:82] = 0.02
    return occupancy


def way(occupancy: np.ndarray, x: float, y: float) -> np.ndarray | None:
    return plan(cost_map(occupancy, GRID, HERE, RADIUS), HERE, disc(x, y, 0.3))


def least_room(costs: CostMap, path: np.ndarray) -> float:
    """Smallest clearance anywhere along a path."""
    dense = np.concatenate([np.linspace(a, b, 20) for a, b in pairwise(path)])
    row, column = ((dense[:, 1] + 8) / 0.1).astype(int), ((dense[:, 0] + 8) / 0.1).astype(int)
    return float(costs.room[row, column].min())


@pytest.mark.parametrize("middle", [-5.0, 0.0, 3.3])
def test_the_way_leads_through_the_gap_in_a_wall(middle: float) -> None:
    occupancy = wall_with_gap(middle, 1.2)
    path = way(occupancy, 5.0, 0.0)
    assert path is not None
    np.testing.assert_allclose(path[0], HERE)
    assert np.hypot(*(path[-1] - [5.0, 0.0])) < 0.45
    crossing = path[np.argmin(np.abs(path[:, 0] - 0.1))]
    assert abs(crossing[1] - middle) < 0.3
    assert least_room(cost_map(occupancy, GRID, HERE, RADIUS), path) > RADIUS


def test_a_gap_narrower_than_the_robot_is_no_gap() -> None:
    assert way(wall_with_gap(0.0, 0.5), 5.0, 0.0) is None


def test_open_ground_is_crossed_straight() -> None:
    path = way(world(), 5.0, 2.0)
    assert path is not None
    length = np.hypot(*np.diff(path, axis=0).T).sum()
    assert length < 1.02 * np.hypot(10.0, 2.0)
    assert np.hypot(*np.diff(path, axis=0).T).max() < 0.21


def test_the_way_keeps_off_a_wall_when_there_is_room() -> None:
    occupancy = world()
    occupancy[:78, :] = 0.95  # a wall along the whole way, 0.15 m beside the line to the target
    costs = cost_map(occupancy, GRID, HERE, RADIUS)
    path = plan(costs, HERE, disc(5.0, 0.5, 0.3))
    assert path is not None
    middle = path[(path[:, 0] > -3) & (path[:, 0] < 3)]
    assert middle[:, 1].min() > 0.3


def test_known_ground_is_preferred_to_unknown() -> None:
    occupancy = world()
    occupancy[disc(0.0, 0.0, 2.0)] = np.nan
    path = way(occupancy, 5.0, 0.0)
    assert path is not None
    assert np.isfinite(occupancy[((path[:, 1] + 8) / 0.1).astype(int), ((path[:, 0] + 8) / 0.1).astype(int)]).mean() > 0.9


def test_unknown_ground_is_crossed_when_there_is_nothing_else() -> None:
    occupancy = world()
    occupancy[:, 60:100] = np.nan
    assert way(occupancy, 5.0, 0.0) is not None


def test_a_robot_that_starts_inside_the_inflation_gets_out() -> None:
    occupancy = world()
    occupancy[disc(-5.3, 0.0, 0.2)] = 0.95
    path = way(occupancy, 5.0, 0.0)
    assert path is not None
    assert path[1, 0] > HERE[0]


def test_ways_do_not_flip_between_two_sides_of_an_obstacle() -> None:
    occupancy = world()
    occupancy[disc(0.0, 0.02, 1.0)] = 0.95
    first = way(occupancy, 5.0, 0.0)
    assert first is not None
    mirrored = first * [1, -1]
    again = plan(cost_map(occupancy, GRID, HERE, RADIUS, last_path=mirrored), HERE, disc(5.0, 0.0, 0.3))
    assert again is not None
    assert np.sign(again[len(again) // 2, 1]) == np.sign(mirrored[len(mirrored) // 2, 1])


def test_the_way_avoids_where_a_walker_will_be() -> None:
    occupancy, motion = world(), np.zeros((2, 160, 160), np.float32)
    person = disc(-3.0, -0.9, 0.3)
    occupancy[person] = 0.95
    motion[1, person] = 0.8
    costs = cost_map(occupancy, GRID, HERE, RADIUS, motion)
    still = cost_map(occupancy, GRID, HERE, RADIUS)
    row, column = int((0.3 + 8) / 0.1), int((-3.0 + 8) / 0.1)
    assert costs.cost[row, column] > still.cost[row, column] + 2


def test_reach_is_infinite_behind_a_closed_wall() -> None:
    occupancy = world()
    occupancy[:, 80:82] = 0.95
    costs = reach(cost_map(occupancy, GRID, HERE, RADIUS), HERE)
    assert np.isinf(costs[:, 90:]).all()
    assert costs[80, 60] == pytest.approx(3.05, abs=0.15)


@pytest.mark.fault("X13")
def test_a_target_outside_the_grid_has_no_way() -> None:
    costs = cost_map(world(), GRID, HERE, RADIUS)
    assert plan(costs, HERE, np.zeros((160, 160), np.bool_)) is None
