# SPDX-License-Identifier: Apache-2.0
"""An outcome as messages, and the way from a plan through a Path message to a velocity."""

import math
from typing import Any

import numpy as np
import pytest

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se2, yaw_of
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Command, Goal, Intent, Missing, Odometry, Plan, Rejection, Scene, Velocity
from mm_nav.errors import MessageError
from mm_nav.ros.follower import Follower
from mm_nav.ros.outputs import MOST_TURN_RAD, OFFERS, encode_answer, encode_motion, encode_progress, outcome_messages
from mm_nav.wire import Encoded, encode_occupancy, encode_odometry
from mm_nav.wire.message import transform_of

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

from mm_nav.ros.messages import to_message

GRID = BevGrid()
STAMP_NS = 5_000_000_000
AHEAD = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])


def scene(goal: Goal | None = None, missing: tuple[Missing, ...] = (), value: float = 0.0) -> Scene:
    occupancy = np.full((GRID.rows, GRID.columns), value, np.float32)
    motion = np.zeros((2, GRID.rows, GRID.columns), np.float32)
    return Scene(stamp_ns=STAMP_NS, occupancy=occupancy, motion=motion, objects=(), goal=goal, missing=missing)


def plan(path: Any = AHEAD, **given: Any) -> Plan:
    return Plan(**{"stamp_ns": STAMP_NS, "path": np.asarray(path, float), "stop": False, "state": "drive", **given})


def odometry(x: float = 0.0, y: float = 0.0, yaw: float = 0.0, stamp_ns: int = STAMP_NS) -> Any:
    none = np.zeros(3)
    reading = Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(x, y, yaw), linear=none, angular=none)
    return to_message(encode_odometry(reading))


def follower(given: Plan, *poses: Any, occupancy: float = 0.0) -> Follower:
    """One that heard everything at time 0."""
    made = Follower(DriveLimits())
    for pose in poses:
        made.hear_odometry(pose, 0.0)
    made.hear_plan(to_message(encode_motion(given, "base_link", "odom")), 0.0)
    made.hear_occupancy(to_message(encode_occupancy(scene(value=occupancy), GRID)), 0.0)
    return made


def settled(made: Follower, now_s: float = 0.0) -> Velocity:
    """The velocity after accelerating for two seconds."""
    for _ in range(40):
        velocity = made.velocity(now_s, 0.05)
    return velocity


# ---------------------------------------------------------------- messages


def test_every_topic_of_an_outcome_is_offered_with_its_type() -> None:
    goal = Goal(xy=np.array([2.0, 1.0]), confidence=0.9, seen_now=True)
    made = outcome_messages(scene(goal), plan(), GRID, "base_link", "odom")
    assert set(made) == set(OFFERS) - {"command_status"}
    for topic, encode in made.items():
        assert encode().type_name == OFFERS[topic], topic
        to_message(encode())


def test_without_a_goal_no_goal_pose_is_said() -> None:
    assert "goal_pose" not in outcome_messages(scene(), plan(), GRID, "base_link", "odom")


def test_a_goal_is_given_in_odom_and_looks_away_from_the_robot() -> None:
    goal = Goal(xy=np.array([2.0, 0.0]), confidence=0.9, seen_now=True)
    turned = plan(T_odom_base=se2(10.0, 5.0, math.pi / 2))
    message = to_message(outcome_messages(scene(goal), turned, GRID, "base_link", "odom")["goal_pose"]())
    T = transform_of(message.pose.position, message.pose.orientation, "goal")
    assert message.header.frame_id == "odom"
    np.testing.assert_allclose(T[:2, 3], [10.0, 7.0], atol=1e-9)
    assert yaw_of(T) == pytest.approx(math.pi / 2)


def test_a_missing_sensor_raises_the_level_of_fusion_status() -> None:
    status = outcome_messages(scene(missing=(Missing(name="radar", reason="silent"),)), plan(), GRID, "b", "o")["fusion_status"]()
    message = to_message(status)
    assert (message.level, message.values[0].key, message.values[0].value) == (b"\x01", "missing.radar", "silent")
    assert to_message(outcome_messages(scene(), plan(), GRID, "b", "o")["fusion_status"]()).level == b"\x00"


def test_answers_to_commands_carry_reason_intent_and_phrase() -> None:
    said = to_message(encode_answer(Command(intent=Intent.GO_TO, text="go to\nit", phrase="red cone")))
    assert (said.name, said.message) == ("command", "accepted")
    assert {v.key: v.value for v in said.values} == {"text": "go to it", "intent": "go_to", "phrase": "red cone", "amount": "0.000"}
    refused = to_message(encode_answer(Rejection(reason="empty", text="the command is empty")))
    assert (refused.message, refused.level, refused.values[0].value) == ("rejected", b"\x01", "empty")


def test_only_news_become_progress() -> None:
    assert encode_progress("driving", scene()) is None
    found = encode_progress("reached", scene())
    assert found is not None
    assert to_message(found).message == "reached"


# ---------------------------------------------------------------- plan -> Path -> velocity


@pytest.mark.parametrize("T", [None, se2(3.0, -2.0, 2.0)])
def test_a_path_is_driven_ahead_whatever_frame_it_came_in(T: Any) -> None:
    pose = odometry(3.0, -2.0, 2.0)
    velocity = settled(follower(plan(T_odom_base=T), pose))
    assert velocity.linear == pytest.approx(DriveLimits().max_speed, abs=0.01)
    assert abs(velocity.angular) < 0.05


def test_a_robot_without_odometry_follows_in_the_base_frame() -> None:
    assert settled(follower(plan())).linear > 0.3


def test_a_path_backwards_is_driven_backwards() -> None:
    velocity = settled(follower(plan(-AHEAD, reverse=True, T_odom_base=se2(1, 1, 1)), odometry(1, 1, 1)))
    assert velocity.linear < -0.1


def test_a_path_behind_without_orientations_is_no_reverse() -> None:
    message = to_message(encode_motion(plan(-AHEAD), "base_link", "odom"))
    for pose in message.poses:
        q = pose.pose.orientation
        q.x = q.y = q.z = q.w = 0.0
    made = follower(plan(), odometry())
    made.hear_plan(message, 0.0)
    velocity = settled(made)
    assert abs(velocity.linear) < 0.01
    assert abs(velocity.angular) > 0.5  # it turns round first


@pytest.mark.parametrize("turn_rad", [0.8, -0.8, 3.1, -3.1, 6.0])
def test_a_turn_in_place_goes_the_short_or_the_asked_way_round(turn_rad: float) -> None:
    given = plan(np.zeros((0, 2)), state="turn", turn_rad=turn_rad, T_odom_base=se2(0, 0, 2.9))
    velocity = settled(follower(given, odometry(0, 0, 2.9)))
    assert velocity.linear == 0.0
    assert math.copysign(1.0, velocity.angular) == math.copysign(1.0, turn_rad)
    assert abs(encode_turn(given)) == pytest.approx(min(abs(turn_rad), MOST_TURN_RAD))


def encode_turn(given: Plan) -> float:
    pose = to_message(encode_motion(Plan(**{**_fields(given), "T_odom_base": None}), "base_link", "odom")).poses[0].pose
    return yaw_of(transform_of(pose.position, pose.orientation, "turn"))


def _fields(given: Plan) -> dict[str, Any]:
    return {name: getattr(given, name) for name in given.__slots__}


@pytest.mark.parametrize("state", ["turn", "search", "blocked"])
def test_a_turn_is_driven_whatever_it_is_for(state: str) -> None:
    given = plan(np.zeros((0, 2)), state=state, turn_rad=1.0, T_odom_base=se2(0, 0, 0))
    velocity = settled(follower(given, odometry()))
    assert velocity.angular > 0.3
    assert velocity.linear == 0.0


def test_a_turn_ends_when_odometry_says_so() -> None:
    given = plan(np.zeros((0, 2)), state="turn", turn_rad=1.0, T_odom_base=se2(0, 0, 0))
    made = follower(given, odometry())
    made.hear_odometry(odometry(0, 0, 1.0, STAMP_NS + 100_000_000), 0.0)
    assert settled(made).angular == 0.0


@pytest.mark.parametrize("given", [plan(stop=True), plan(np.zeros((0, 2)), state="hold"), plan(AHEAD[:1])])
def test_a_plan_to_stand_is_an_empty_path_and_zero_velocity(given: Plan) -> None:
    assert to_message(encode_motion(given, "base_link", "odom")).poses == []
    velocity = settled(follower(given, odometry()))
    assert (velocity.linear, velocity.angular) == (0.0, 0.0)


@pytest.mark.parametrize("missing", ["plan", "occupancy", "odometry"])
def test_an_input_that_stops_coming_stops_the_robot(missing: str) -> None:
    made = follower(plan(T_odom_base=se2(0, 0, 0)), odometry())
    assert settled(made).linear > 0.3
    late = 1.2
    if missing != "odometry":
        made.hear_odometry(odometry(), late)
    if missing != "plan":
        made.hear_plan(to_message(encode_motion(plan(T_odom_base=se2(0, 0, 0)), "base_link", "odom")), late)
    if missing != "occupancy":
        made.hear_occupancy(to_message(encode_occupancy(scene(), GRID)), late)
    velocity = made.velocity(late, 0.05)
    assert (velocity.linear, velocity.angular) == (0.0, 0.0)
    assert f"{missing} is silent for 1.20 s" in velocity.reason


def test_nothing_heard_yet_is_no_motion_and_says_why() -> None:
    assert Follower(DriveLimits()).velocity(0.0, 0.05) == Velocity(linear=0.0, angular=0.0, reason="no plan yet")


def test_an_obstacle_in_the_way_stops_the_robot() -> None:
    velocity = settled(follower(plan(), odometry(), occupancy=1.0))
    assert velocity.linear <= 0.0


def test_a_missing_sensor_slows_the_robot_down() -> None:
    made = follower(plan(), odometry())
    status = Encoded("diagnostic_msgs/msg/DiagnosticStatus", {"level": 1})
    made.hear_status(to_message(status), 0.0)
    assert settled(made).linear == pytest.approx(DriveLimits().degraded_speed, abs=0.01)


@pytest.mark.parametrize("word", ["stop", "STOP!", "停", "halt"])
def test_a_stop_word_stops_at_once_and_until_the_next_order_and_plan(word: str) -> None:
    made = follower(plan(), odometry())
    assert settled(made).linear > 0.3
    assert made.hear_command(word)
    assert made.velocity(0.0, 0.05).linear == 0.0
    made.hear_plan(to_message(encode_motion(plan(), "base_link", "odom")), 0.0)
    assert settled(made).reason == "told to stop"
    assert not made.hear_command("go to the red cone")
    assert settled(made).linear > 0.3


@pytest.mark.parametrize("later", ["", "stop", "halt"])
def test_an_order_that_only_the_fusion_node_understands_ends_a_stop_unless_another_stop_came(later: str) -> None:
    said = "It would cheer me up to have you beside the box"
    made = follower(plan(), odometry())
    made.hear_command("stop")
    accepted = to_message(encode_answer(Command(intent=Intent.GO_TO, text=said.lower(), phrase="box")))
    made.hear_answer(accepted)  # nobody asked for that since the stop
    assert made.stopped
    made.hear_command(said)
    assert made.stopped
    if later:
        made.hear_command(later)
    made.hear_answer(accepted)
    assert made.stopped == bool(later)
    made.hear_plan(to_message(encode_motion(plan(), "base_link", "odom")), 0.0)
    assert (settled(made).linear > 0.3) != bool(later)


def test_a_plan_from_before_a_stop_does_not_come_back_with_the_next_order() -> None:
    made = follower(plan(), odometry())
    made.hear_command("stop")
    made.hear_command("go to the red cone")
    assert settled(made) == Velocity(linear=0.0, angular=0.0, reason="no plan yet")


def test_text_that_is_no_order_changes_nothing() -> None:
    made = follower(plan(), odometry())
    assert not made.hear_command("x" * 10_000)
    assert not made.hear_command("")
    assert settled(made).linear > 0.3


def test_a_plan_or_occupancy_in_a_strange_frame_is_refused_by_name() -> None:
    made = follower(plan(), odometry())
    with pytest.raises(MessageError, match="'map'; send it in 'base_link' or in the odometry's 'odom'"):
        made.hear_plan(to_message(encode_motion(plan(T_odom_base=se2(0, 0, 0)), "base_link", "map")), 0.0)
    with pytest.raises(MessageError, match="occupancy is in frame 'map'"):
        made.hear_occupancy(to_message(encode_occupancy(scene(), GRID, "map")), 0.0)


def test_odometry_that_begins_anew_forgets_the_old_poses() -> None:
    made = follower(plan(T_odom_base=se2(0, 0, 0)), odometry())
    made.hear_odometry(odometry(50.0, 0.0, 0.0, STAMP_NS - 3_000_000_000), 0.0)
    assert settled(made).reason == "no odometry at the time of the occupancy"
