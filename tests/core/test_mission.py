# SPDX-License-Identifier: Apache-2.0
"""Commands are carried out, searched for, and given up, in a flat world with perfect eyes."""

import math

import numpy as np
import pytest

from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Intent
from tests.core.flatland import Flatland, command

GO = command(Intent.GO_TO, "red cone")


def told(world: Flatland, intent: Intent, amount: float = 0.0) -> Flatland:
    world.mission.accept(command(intent, "" if amount or intent is Intent.STOP else "red cone", amount), world.stamp_ns)
    return world


def test_without_a_command_the_robot_stands() -> None:
    world = Flatland(goal=(3.0, 0.0, 0.3))
    assert world.run(1.0) == "idle"
    assert world.plans[-1].stop
    assert world.trail[-1].tolist() == [0, 0, 0]


def test_a_goal_ahead_is_driven_to_and_stood_before() -> None:
    world = told(Flatland(goal=(4.0, 1.0, 0.3)), Intent.GO_TO)
    assert world.run(20.0, until="reached") == "reached"
    away = math.hypot(world.pose[0] - 4.0, world.pose[1] - 1.0) - 0.3
    assert 0.4 < away < 1.0
    assert world.plans[-1].stop
    assert world.plans[-1].state == "reached"
    world.run(2.0)
    assert world.mission.status == "reached"


def test_a_goal_behind_is_found_by_turning_round() -> None:
    world = told(Flatland(goal=(-4.0, 0.5, 0.3)), Intent.GO_TO)
    assert world.run(30.0, until="reached") == "reached"
    assert world.plans[0].state == "search"
    assert world.least_gap_m > 0


def test_obstacles_between_are_driven_around() -> None:
    wall = [(2.5, 0.3 * i, 0.25) for i in range(-5, 5)]
    world = told(Flatland(discs=wall, goal=(5.0, 0.0, 0.3)), Intent.GO_TO)
    assert world.run(40.0, until="reached") == "reached"
    assert world.least_gap_m > 0


@pytest.mark.fault("X09")
def test_a_goal_that_is_nowhere_is_searched_for_and_then_not_found() -> None:
    world = told(Flatland(discs=[(3.0, 3.0, 0.5)]), Intent.GO_TO)
    assert world.run(180.0, until="not_found") == "not_found"
    trail = np.array(world.trail)
    assert np.abs(trail[:, 2]).max() > 2 * math.pi - 0.5
    assert np.hypot(trail[:, 0], trail[:, 1]).max() > 2.0
    assert world.least_gap_m > 0
    world.run(1.0)
    assert world.plans[-1].stop


@pytest.mark.fault("X15")
def test_a_doubtful_goal_is_taken_only_when_nothing_better_was_found() -> None:
    world = told(Flatland(goal=(3.0, 0.0, 0.3), confidence=0.38), Intent.GO_TO)
    assert world.run(3.0) == "searching"
    assert world.run(150.0, until="reached") == "reached"
    assert world.mission.search.rounds >= 3


@pytest.mark.parametrize("degrees", [-90, 45, 180, 350])
def test_a_turn_is_measured_by_odometry(degrees: int) -> None:
    world = told(Flatland(discs=[(3.0, 0.0, 0.3)]), Intent.TURN, math.radians(degrees))
    assert world.run(20.0, until="reached") == "reached"
    assert world.pose[2] == pytest.approx(math.radians(degrees), abs=0.06)


@pytest.mark.parametrize("metres", [2.0, -1.0])
def test_a_move_is_straight_and_as_long_as_said(metres: float) -> None:
    world = told(Flatland(discs=[(0.0, 5.0, 0.3)]), Intent.MOVE_BY, metres)
    assert world.run(20.0, until="reached") == "reached"
    assert world.pose[0] == pytest.approx(metres, abs=0.15)
    assert abs(world.pose[1]) < 0.1
    assert abs(world.pose[2]) < 0.1


def test_a_move_into_an_obstacle_stops_before_it_and_says_blocked() -> None:
    world = told(Flatland(discs=[(1.5, 0.0, 0.4)]), Intent.MOVE_BY, 3.0)
    assert world.run(20.0, until="blocked") == "blocked"
    assert world.least_gap_m > 0


def test_waiting_ends_by_stamps_alone() -> None:
    world = told(Flatland(), Intent.WAIT, 3.0)
    assert world.run(2.0) == "waiting"
    assert world.run(1.5) == "reached"


def test_stop_ends_what_was_going_on_in_the_next_frame() -> None:
    world = told(Flatland(goal=(6.0, 0.0, 0.3)), Intent.GO_TO)
    world.run(3.0)
    assert world.said.linear > 0.3
    told(world, Intent.STOP)
    plan = world.look()
    assert plan.stop
    assert world.mission.status == "idle"


def test_following_keeps_its_distance_and_starts_again_when_the_leader_moves() -> None:
    world = told(Flatland(goal=(3.0, 0.0, 0.3)), Intent.FOLLOW)
    assert world.run(10.0) == "following"
    assert 0.8 < 3.0 - 0.3 - world.pose[0] < 1.5
    for _ in range(20):
        assert world.goal is not None
        world.goal = (world.goal[0] + 0.1, 0.0, 0.3)
        world.run(0.2)
    world.run(5.0)
    assert world.mission.status == "following"
    assert 0.8 < world.goal[0] - 0.3 - world.pose[0] < 1.6


def test_the_goal_is_reported_in_base_link_and_remembered_when_it_leaves_the_view() -> None:
    world = told(Flatland(goal=(4.0, 1.0, 0.3)), Intent.GO_TO)
    world.run(1.0)
    world.pose = world.pose + np.array([0.0, 0.0, math.pi / 2])
    world.look()
    goal = world.mission.goal
    assert goal is not None
    assert not goal.seen_now
    here = [math.cos(-world.pose[2]), math.sin(-world.pose[2])]
    dx, dy = 4.0 - world.pose[0], 1.0 - world.pose[1]
    np.testing.assert_allclose(goal.xy, [dx * here[0] - dy * here[1], dx * here[1] + dy * here[0]], atol=0.25)


def test_odometry_that_jumps_makes_it_forget_and_look_again() -> None:
    world = told(Flatland(goal=(4.0, 0.0, 0.3)), Intent.GO_TO)
    world.run(1.0)
    assert world.mission.goal is not None
    world.goal = None
    world.pose = np.array([50.0, 0.0, 0.0])
    world.look()
    assert world.mission.goal is None
    assert world.mission.status == "searching"


def test_without_odometry_a_visible_goal_is_still_driven_to_and_turns_are_refused() -> None:
    world = told(Flatland(goal=(4.0, 0.3, 0.3), tracked=False), Intent.GO_TO)
    assert world.run(20.0, until="reached") == "reached"
    assert world.plans[0].T_odom_base is None
    assert told(world, Intent.TURN, 1.0).run(0.4) == "blocked"


@pytest.mark.fault("X14")
def test_a_goal_nobody_renews_is_dropped_after_its_time_to_live() -> None:
    world = told(Flatland(goal=(6.0, 0.0, 0.3)), Intent.GO_TO)
    world.run(0.4)
    world.stamp_ns += 301 * 10**9
    world.look()
    assert world.mission.status == "not_found"


def test_a_car_that_cannot_turn_in_place_still_finds_what_is_behind_it() -> None:
    car = DriveLimits(robot_radius=0.42, min_turn_radius=0.95)
    world = told(Flatland(discs=[(8.0, 5.0, 0.4)], goal=(-4.0, 1.0, 0.3), limits=car), Intent.GO_TO)
    assert world.run(90.0, until="reached") == "reached"
    assert world.least_gap_m > 0
