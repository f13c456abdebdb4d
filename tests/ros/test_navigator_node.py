# SPDX-License-Identifier: Apache-2.0
"""The navigator on real topics: it drives when it may, and stands whenever something is late."""

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


def test_without_inputs_it_says_zero_all_the_time(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    start()
    graph.until(lambda: len(heard) >= 5, "zero velocities")
    assert {m.twist.linear.x for m in heard} == {0.0}


def test_a_plan_that_gets_old_stops_the_robot_and_diagnostics_say_why(graph: Graph, start: Callable[..., Any]) -> None:
    heard = graph.heard(STAMPED, "cmd_vel")
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start(max_plan_age_s=0.3)
    world = World(graph)
    graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.1, "driving")
    graph.until(lambda: heard[-1].twist.linear.x == 0.0, "standing after the plan went stale")
    graph.until(lambda: any("plan is" in s.message for a in diagnostics for s in a.status), "the reason in diagnostics")


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


def test_a_second_publisher_of_velocities_is_reported(graph: Graph, start: Callable[..., Any]) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    graph.speaker(STAMPED, "cmd_vel", listeners=0)
    graph.until(
        lambda: any("twist_mux" in v.value for a in diagnostics for s in a.status for v in s.values), "the warning"
    )


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


def test_parameters_can_be_read_but_not_changed_while_it_runs(graph: Graph, start: Callable[..., Any]) -> None:
    node = start(max_speed=1)
    assert node.get_parameter("max_speed").value == 1.0
    assert "m/s" in node.describe_parameter("max_speed").description
    (result,) = node.set_parameters(parameters(max_speed=5.0))
    assert not result.successful
    assert node.config.max_speed == 1.0
