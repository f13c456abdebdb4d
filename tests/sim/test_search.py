# SPDX-License-Identifier: Apache-2.0
"""Ways over a grid, against lengths worked out by hand."""

import numpy as np

from mm_nav.sim.footprint import rectangle
from mm_nav.sim.search import Terrain

BOUNDS = (0.0, 0.0, 8.0, 6.0)
WALL = rectangle(4.0, 2.0, 0.0, 0.2, 4.0, 2.0)  # leaves y = 4 … 6 open


def at(terrain: Terrain, x: float, y: float) -> np.ndarray:
    goal = np.zeros(terrain.clearance.shape, bool)
    goal[terrain.index(x, y)] = True
    return goal


def test_a_way_around_a_wall_is_as_long_as_its_two_legs() -> None:
    terrain = Terrain.of(np.stack([WALL]), BOUNDS)
    field = terrain.field(at(terrain, 7.05, 1.05), radius_m=0.3, comfort=0.0)
    length = field[terrain.index(1.05, 1.05)]
    legs = 2 * np.hypot(2.9, 3.25)  # over the wall's end with 0.3 m to spare
    assert legs <= length <= 1.09 * legs  # eight directions are up to 8 % longer than straight lines


def test_descending_keeps_clear_of_the_wall_and_ends_at_the_goal() -> None:
    terrain = Terrain.of(np.stack([WALL]), BOUNDS)
    way = terrain.descend(terrain.field(at(terrain, 7.05, 1.05), 0.3), 1.05, 1.05)
    np.testing.assert_allclose(way[[0, -1]], [[1.05, 1.05], [7.05, 1.05]], atol=1e-9)
    assert np.hypot(*np.diff(way, axis=0).T).max() < 0.15
    beside = way[np.abs(way[:, 0] - 4.0) < 0.3]
    assert beside[:, 1].min() > 4.2


def test_a_goal_that_is_shut_off_costs_infinity_and_has_no_way() -> None:
    shut = np.stack([rectangle(4.0, 3.0, 0.0, 0.2, 6.0, 2.0)])
    terrain = Terrain.of(shut, BOUNDS)
    field = terrain.field(at(terrain, 7.05, 1.05), 0.3)
    assert np.isinf(field[terrain.index(1.0, 1.0)])
    assert terrain.descend(field, 1.0, 1.0).shape == (0, 2)


def test_a_line_is_free_only_if_the_robot_fits_beside_everything() -> None:
    terrain = Terrain.of(np.stack([WALL]), BOUNDS)
    assert terrain.free_line(np.array([1.0, 5.0]), np.array([7.0, 5.0]), 0.3)
    assert not terrain.free_line(np.array([1.0, 4.2]), np.array([7.0, 4.2]), 0.3)
