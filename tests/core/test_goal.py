# SPDX-License-Identifier: Apache-2.0
"""Sightings become a goal only when they agree, and the goal survives turning away but not a long empty look."""

import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import inverse, se2
from mm_nav.core.goal import GoalMemory, surface_distance
from mm_nav.core.types import Goal, ObjectBox

GRID = ModelSpec().grid
ALL, NONE = np.ones((96, 96), np.bool_), np.zeros((96, 96), np.bool_)


def sighting(x: float, y: float, confidence: float) -> Goal:
    return Goal(xy=np.array([x, y], np.float64), confidence=confidence, seen_now=True)


def look(memory: GoalMemory, *seen: Goal, view: np.ndarray = ALL, T: np.ndarray | None = None, tracked: bool = True) -> None:
    memory.update(seen, (), view, np.eye(4) if T is None else T, tracked)


def test_one_weak_sighting_is_no_goal_but_two_that_agree_are() -> None:
    memory = GoalMemory(GRID)
    look(memory, sighting(3, 1, 0.5))
    assert memory.goal is None
    look(memory, sighting(3.1, 1, 0.5))
    assert memory.goal is not None
    np.testing.assert_allclose(memory.goal.xy, [3.05, 1], atol=0.06)


def test_two_sightings_in_different_places_are_no_goal() -> None:
    memory = GoalMemory(GRID)
    look(memory, sighting(3, 1, 0.5))
    look(memory, sighting(3, -4, 0.5))
    assert memory.goal is None


def test_one_certain_sighting_is_enough() -> None:
    memory = GoalMemory(GRID)
    look(memory, sighting(3, 1, 0.95))
    assert memory.goal is not None


def test_noise_is_averaged_in_the_odom_frame_while_the_robot_moves() -> None:
    memory, rng = GoalMemory(GRID), np.random.default_rng(0)
    thing = np.array([5.0, 2.0])
    for i in range(30):
        T = se2(0.08 * i, 0.02 * i, 0.02 * i)
        here = (inverse(T) @ [*thing, 0, 1])[:2] + rng.normal(0, 0.15, 2)
        look(memory, sighting(*here, 0.7), T=T)
    assert memory.goal is not None
    assert np.hypot(*(memory.goal.xy - thing)) < 0.15


def test_a_goal_out_of_view_is_remembered_and_one_that_should_be_seen_is_forgotten() -> None:
    memory = GoalMemory(GRID)
    for _ in range(5):
        look(memory, sighting(3, 1, 0.8))
    for _ in range(50):
        look(memory, view=NONE)
    assert memory.goal is not None
    assert not memory.goal.seen_now
    frames = 0
    while memory.goal is not None:
        look(memory, view=ALL)
        frames += 1
        assert frames < 30
    assert frames > 4


def test_without_odometry_a_goal_lives_only_while_it_is_seen() -> None:
    memory = GoalMemory(GRID)
    look(memory, sighting(3, 1, 0.9), tracked=False)
    assert memory.goal is not None
    look(memory, view=NONE, tracked=False)
    assert memory.goal is None


@pytest.mark.fault("X09")
def test_a_second_candidate_takes_over_only_when_it_is_clearly_better() -> None:
    memory = GoalMemory(GRID)
    for _ in range(6):
        look(memory, sighting(3, 1, 0.5))
    for _ in range(10):
        look(memory, sighting(3, 1, 0.5), sighting(4, -3, 0.55))
    assert memory.goal is not None
    assert memory.goal.xy[1] > 0
    for _ in range(10):
        look(memory, sighting(3, 1, 0.5), sighting(4, -3, 0.95))
    assert memory.goal.xy[1] < 0


def test_a_doubted_goal_is_not_chosen_again_until_it_is_forgiven() -> None:
    memory = GoalMemory(GRID)
    for _ in range(3):
        look(memory, sighting(3, 1, 0.6))
    memory.doubt_goal()
    look(memory, sighting(3, 1, 0.6))
    assert memory.goal is None
    memory.forgive()
    look(memory, sighting(3, 1, 0.6))
    assert memory.goal is not None


def test_the_goal_takes_the_size_of_the_object_it_is() -> None:
    memory = GoalMemory(GRID)
    car = ObjectBox(label="car", score=0.9, center=np.array([4.0, 1.0, 0.7]), size=np.array([4.0, 1.8, 1.5]), yaw=0.3, velocity=np.zeros(2))
    for _ in range(12):
        memory.update((sighting(4, 1, 0.9),), (car,), ALL, se2(0, 0, 0.5), True)
    assert memory.goal is not None
    assert memory.goal.size == pytest.approx((3.6, 1.62), rel=0.03)
    assert memory.goal.yaw == pytest.approx(0.8)


def test_surface_distance_is_measured_to_the_turned_box() -> None:
    points = np.array([[0.0, 3.0], [3.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(surface_distance(points, np.zeros(2), (4.0, 2.0), np.pi / 2), [1.0, 2.0, 0.0], atol=1e-9)
