# SPDX-License-Identifier: Apache-2.0
"""The navigator on real topics: it drives when it may, and stands whenever something is late."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mm_nav.core.geometry import se2
from mm_nav.core.types import Odometry, Plan, Scene
from mm_nav.ros.outputs import encode_motion
from mm_nav.wire import Encoded, encode_occupancy, encode_odometry, encode_string
from tests.ros.conftest import Graph, parameters
from tests.ros.test_outputs import GRID

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

AHEAD = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
STAMPED = "geometry_msgs/msg/TwistStamped"


@pytest.fixture
def start(graph: Graph) -> Callable[..., Any]:
    """Start a navigator in this process; plans may get old, for a loaded machine is slow."""

    def made(**values: Any) -> Any:
        from mm_nav.ros.navigator_node import NavigatorNode

        ages = {"max_plan_age_s": 5.0, "max_scene_age_s": 5.0, "max_odom_age_s": 5.0}
        return graph.add(NavigatorNode(parameter_overrides=parameters(**{**ages, "enable_cmd_vel": True, **values})))

    return made


class World:
    """Says plan, occupancy and odometry."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.stamp_ns = 10**12
        self.plan = graph.speaker("nav_msgs/msg/Path", "plan")
        self.occupancy = graph.speaker("nav_msgs/msg/OccupancyGrid", "occupancy")
        self.odom = graph.speaker("nav_msgs/msg/Odometry", "odom")

    def say(self) -> bool:
        self.stamp_ns += 100_000_000
        none, T = np.zeros(3), se2(1.0, 2.0, 0.5)
        here = Odometry(stamp_ns=self.stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=T, linear=none, angular=none)
        free = np.zeros((GRID.rows, GRID.columns), np.float32)
        motion = np.zeros((2, GRID.rows, GRID.columns), np.float32)
        scene = Scene(stamp_ns=self.stamp_ns, occupancy=free, motion=motion, objects=(), goal=None)
        plan = Plan(stamp_ns=self.stamp_ns, path=AHEAD, stop=False, state="drive", T_odom_base=T)
        self.odom(encode_odometry(here))
        self.occupancy(encode_occupancy(scene, GRID))
        self.plan(encode_motion(plan, "base_link", "odom"))
        return self.graph.spin()


def test_a_plan_through_free_ground_is_driven_within_the_limits(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    start(max_speed=0.5)
    world = World(graph)
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.45, "driving at the limit")
    speeds = [m.twist.linear.x for m in heard]
    assert max(speeds) <= 0.5 + 1e-9
    assert heard[-1].header.frame_id == "base_link"


def test_a_new_plan_is_obeyed_when_it_comes_and_not_with_the_next_tick(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    node = start()
    world = World(graph)
    for timer in node.timers:
        timer.cancel()
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.0, "driving without a timer")


def test_a_plan_that_comes_right_after_a_tick_does_not_wait_for_the_next_one(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    node = start()
    world = World(graph)
    for timer in node.timers:
        timer.cancel()
    fresh = node._follower.fresh

    def just_ticked() -> bool:
        node._last_s = node.monotonic_s()
        return bool(fresh())

    node._follower.fresh = just_ticked
    graph.until(lambda: world.say() and len(heard) >= 5, "velocities without a timer")


@pytest.mark.fault("S04")
def test_without_inputs_it_says_zero_all_the_time(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    start()
    graph.until(lambda: len(heard) >= 5, "zero velocities")
    assert {m.twist.linear.x for m in heard} == {0.0}


@pytest.mark.fault("T03")
def test_a_plan_that_gets_old_stops_the_robot_and_diagnostics_say_why(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start(max_plan_age_s=0.3)
    world = World(graph)
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.1, "driving")
    graph.until(lambda: heard[-1].twist.linear.x == 0.0, "standing after the plan went stale")
    graph.until(lambda: any("plan is" in s.message for a in diagnostics for s in a.status), "the reason in diagnostics")


@pytest.mark.fault("X08")
def test_a_stop_word_is_obeyed_while_plans_keep_coming(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    node = start()
    world = World(graph)
    speak = graph.speaker("std_msgs/msg/String", "command")
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.1, "driving")
    speak(encode_string("stop"))
    graph.until(lambda: world.say() and node._follower.stopped, "the stop word")
    assert node._follower.previous.linear == 0.0  # at once, not with the next plan
    graph.until(lambda: world.say() and {m.twist.linear.x for m in heard[-3:]} == {0.0}, "standing")
    seen = len(heard)
    graph.until(lambda: world.say() and len(heard) > seen + 5, "more velocities")
    assert {m.twist.linear.x for m in heard[seen:]} == {0.0}


@pytest.mark.fault("X11")
def test_a_stop_word_is_heard_although_a_flood_of_texts_follows_it_at_once(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    node = start()
    world = World(graph)
    speak = graph.speaker("std_msgs/msg/String", "command")
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.1, "driving")
    for text in ("stop", *(f"make me a coffee {number}" for number in range(40))):  # none of them ends a stop
        speak(encode_string(text))
    graph.until(lambda: world.say() and node._follower.stopped, "the stop word")


@pytest.mark.fault("O06")
def test_nothing_is_published_unless_it_is_enabled(graph: Graph, start: Callable[..., Any]) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start(enable_cmd_vel=False)
    graph.until(lambda: diagnostics, "diagnostics")
    assert graph.probe.count_publishers("cmd_vel") == 0


def test_a_plain_twist_is_published_for_older_bases(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard("geometry_msgs/msg/Twist", "cmd_vel")
    start(enable_stamped_cmd_vel=False)
    world = World(graph)
    graph.until(lambda: world.say() and heard and heard[-1].linear.x > 0.1, "driving by Twist")


@pytest.mark.fault("O06", "Q11")
def test_a_second_publisher_of_velocities_is_reported(graph: Graph, start: Callable[..., Any]) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    graph.speaker(STAMPED, "cmd_vel", listeners=0)
    graph.until(
        lambda: any("twist_mux" in v.value for a in diagnostics for s in a.status for v in s.values), "the warning"
    )


@pytest.mark.fault("P12")
def test_deactivating_and_closing_leave_zero_as_the_last_word(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    node = start()
    world = World(graph)
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.1, "driving")
    node.trigger_deactivate()
    graph.until(lambda: heard[-1].twist.linear.x == 0.0, "zero after deactivating")
    node.trigger_activate()
    graph.until(lambda: world.say() and heard[-1].twist.linear.x > 0.1, "driving again")
    node.close()
    graph.until(lambda: heard[-1].twist.linear.x == 0.0, "zero after closing")


@pytest.mark.fault("O01")
def test_a_broken_plan_is_counted_and_the_robot_stands(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    speak = graph.speaker("nav_msgs/msg/Path", "plan")
    pose = {"pose": {"position": {"x": float("nan")}, "orientation": {"w": 1.0}}}
    speak(Encoded("nav_msgs/msg/Path", {"header": {"frame_id": "odom"}, "poses": [pose, pose]}))
    graph.until(
        lambda: any(v.key == "plan.dropped.not_finite" for a in diagnostics for s in a.status for v in s.values), "the reason"
    )
    assert {m.twist.linear.x for m in heard} == {0.0}


@pytest.mark.fault("P08", "P02")
def test_limits_may_be_changed_while_it_drives_within_their_range_and_nothing_else_may(graph: Graph, start: Callable[..., Any]) -> None:
    import math

    node = start(max_speed=1)
    assert node.get_parameter("max_speed").value == 1.0
    assert "m/s" in node.describe_parameter("max_speed").description
    for good in (0.5, 1):  # an integer will do
        (result,) = node.set_parameters(parameters(max_speed=good))
        assert result.successful, result.reason
        assert (node.config.max_speed, node._follower.limits.max_speed) == (good, good)
    for bad in (-1.0, math.nan, math.inf, 1e9, "fast"):
        (result,) = node.set_parameters(parameters(max_speed=bad))
        assert not result.successful
        assert "max_speed" in result.reason
    (result,) = node.set_parameters(parameters(base_frame="other"))
    assert not result.successful
    assert (node.config.max_speed, node._follower.limits.max_speed, node.config.base_frame) == (1.0, 1.0, "base_link")
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.set_parameters(parameters(max_speed=0.3))
    node.trigger_configure()
    assert node.config.max_speed == 0.3  # a change outlives a cleanup


@pytest.mark.fault("T05", "T08")
def test_it_stands_while_the_clock_stands(graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from mm_nav.ros import managed

    monkeypatch.setattr(managed, "CLOCK_S", 1.0)
    heard = graph.heard(STAMPED, "cmd_vel")
    node = start(use_sim_time=True)
    world = World(graph)
    clock = graph.speaker("rosgraph_msgs/msg/Clock", "/clock")
    graph.until(lambda: world.say() and "/clock" in node._follower.previous.reason, "waiting for the clock")

    def ticking() -> bool:
        return clock(Encoded("rosgraph_msgs/msg/Clock", {"clock": {"sec": world.stamp_ns // 10**9, "nanosec": world.stamp_ns % 10**9}})) and world.say() and graph.spin(8)

    graph.until(lambda: ticking() and heard and heard[-1].twist.linear.x > 0.1, "driving by the clock")
    graph.until(lambda: world.say() and "it stands since" in node._follower.previous.reason, "the clock that stands")
    graph.until(lambda: world.say() and heard[-1].twist.linear.x == 0.0, "standing with the clock")


@pytest.mark.fault("P17")
def test_a_second_node_of_its_name_is_reported(graph: Graph, start: Callable[..., Any]) -> None:
    import rclpy
    from rclpy.node import Node

    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    context = rclpy.Context()
    rclpy.init(context=context, args=[])
    other = Node("navigator", context=context)
    try:
        graph.until(lambda: any("of this name" in v.value for a in diagnostics for s in a.status for v in s.values), "the namesake")
    finally:
        other.destroy_node()
        rclpy.shutdown(context=context)


@pytest.mark.fault("P11")
def test_a_transition_that_is_not_allowed_changes_nothing(graph: Graph, start: Callable[..., Any]) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    node = start()
    assert node.trigger_configure() == TransitionCallbackReturn.ERROR
    assert node._state_machine.current_state[1] == "active"


@pytest.mark.fault("P09")
def test_a_bug_while_configuring_is_one_line_with_its_place_and_may_be_tried_again(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    from mm_nav.ros.navigator_node import NavigatorNode

    node = graph.add(NavigatorNode(parameter_overrides=parameters(autostart=False)))
    with monkeypatch.context() as broken:
        broken.setattr(node, "every", lambda *_: 1 / 0)
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "cannot be configured" in line]
    assert re.search(r"ZeroDivisionError: division by zero at \S*test_navigator_node:\d+; please report this", line), line
    assert node._state_machine.current_state[1] == "unconfigured"
    assert not node._entities
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
