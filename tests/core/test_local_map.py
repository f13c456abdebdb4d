# SPDX-License-Identifier: Apache-2.0
"""Obstacles stay where they are while the robot moves, outlive a gap in view, and vanish when seen to be gone."""

import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cell_centers, inverse, se2, transform
from mm_nav.core.local_map import LocalMap, clearance

GRID = ModelSpec().grid
STILL = np.zeros((2, 96, 96), np.float32)


def frame(T_odom_base: np.ndarray, blocks: list[tuple[float, float]], unknown_beyond: float = 99.0) -> np.ndarray:
    """Occupancy of 0.6 m discs at odom positions, as a network would report it from a pose."""
    ys, xs = cell_centers(GRID)
    out = np.full((96, 96), 0.03, np.float32)
    for x, y in blocks:
        here = transform(inverse(T_odom_base), np.array([[x, y, 0.0]]))[0]
        out[np.hypot(xs[None] - here[0], ys[:, None] - here[1]) < 0.3] = 0.95
    out[np.hypot(xs[None], ys[:, None]) > unknown_beyond] = np.nan
    return out


def at(local_map: LocalMap, x: float, y: float) -> float:
    """Probability in the map at an odom position."""
    w = local_map.to_window(np.array([x, y]))
    return float(local_map.probability()[int((w[1] - local_map.grid.y_min) / 0.1), int((w[0] - local_map.grid.x_min) / 0.1)])


def test_an_obstacle_stays_put_in_odom_while_the_robot_drives_far_and_turns() -> None:
    local_map = LocalMap(GRID)
    for i in range(60):
        T = se2(0.15 * i, -0.05 * i, 0.03 * i)
        local_map.update(frame(T, [(6.0, 1.0)]), STILL, (), T, 0.2)
        if 2 < i < 45:
            assert at(local_map, 6.0, 1.0) > 0.8
            assert at(local_map, 6.0, 2.0) < 0.2


def test_what_leaves_every_view_is_driven_by_for_seconds_and_planned_with_for_longer() -> None:
    local_map = LocalMap(GRID)
    T = se2(0, 0, 0)
    for _ in range(5):
        local_map.update(frame(T, [(3.0, 0.0)]), STILL, (), T, 0.2)
    nothing = np.full((96, 96), np.nan, np.float32)
    for _ in range(5):
        local_map.update(nothing, STILL, (), T, 0.2)
    assert at(local_map, 3.0, 0.0) > 0.5
    assert local_map.completed(nothing, T)[48, int((3.0 - GRID.x_min) / GRID.cell)] > 0.5
    for _ in range(15):
        local_map.update(nothing, STILL, (), T, 0.2)
    assert at(local_map, 3.0, 0.0) > 0.5  # still good for planning,
    assert np.isnan(local_map.completed(nothing, T)).mean() > 0.9  # too old to drive by
    for _ in range(300):
        local_map.update(nothing, STILL, (), T, 0.2)
    assert np.isnan(at(local_map, 3.0, 0.0))


def test_a_person_who_walked_on_is_gone_after_two_looks() -> None:
    local_map = LocalMap(GRID)
    T = se2(0, 0, 0)
    for _ in range(10):
        local_map.update(frame(T, [(3.0, 0.0)]), STILL, (), T, 0.2)
    for _ in range(2):
        local_map.update(frame(T, []), STILL, (), T, 0.2)
    assert at(local_map, 3.0, 0.0) < 0.3


def test_one_frame_that_misses_an_obstacle_is_not_believed() -> None:
    local_map = LocalMap(GRID)
    T = se2(0, 0, 0)
    for _ in range(5):
        local_map.update(frame(T, [(3.0, 0.0)]), STILL, (), T, 0.2)
    flicker = frame(T, [(3.0, 0.0)])
    flicker[flicker > 0.5] = 0.4
    local_map.update(flicker, STILL, (), T, 0.2)
    assert at(local_map, 3.0, 0.0) > 0.5
    assert local_map.completed(flicker, T)[48, int((3.0 - GRID.x_min) / GRID.cell)] > 0.5


def test_nothing_stands_under_the_robot_itself() -> None:
    local_map = LocalMap(GRID)
    T = se2(1.0, 2.0, 0.7)
    for _ in range(5):
        local_map.update(frame(T, [(1.0, 2.0)]), STILL, (), T, 0.2)
    assert at(local_map, 1.0, 2.0) < 0.5


def test_motion_is_turned_into_the_odom_frame() -> None:
    local_map = LocalMap(GRID)
    T = se2(0, 0, np.pi / 2)
    motion = STILL.copy()
    motion[0] = 1.0  # ahead of the robot, which looks along odom's y
    local_map.update(frame(T, []), motion, (), T, 0.2)
    middle = local_map.grid.rows // 2
    np.testing.assert_allclose(local_map.motion[:, middle + 10, middle], [0.0, 1.0], atol=1e-6)


def test_clearance_is_the_distance_to_the_boundary_of_what_is_blocked() -> None:
    blocked = np.zeros((20, 20), np.bool_)
    blocked[:, 10] = True
    room = clearance(blocked, 0.1)
    assert room[5, 10] == 0
    assert room[5, 15] == pytest.approx(0.45, abs=1e-5)
    assert (clearance(np.zeros((4, 4), np.bool_), 0.1) > 100).all()
