# SPDX-License-Identifier: Apache-2.0
"""Our real nodes as Nav2 meets them: quality of service, frames, its lifecycle manager's calls, and goals by action."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_nav.errors import ConfigError
from mm_nav.ros import compat, nav2
from mm_nav.ros.outputs import OFFERS
from mm_nav.wire import encode_string
from tests.ros.conftest import Graph, parameters
from tests.ros.nav2_server import Handle, Server, pose
from tests.ros.robot import EXTRINSICS, Robot
from tests.ros.test_nav2 import costmap, rows, section

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

STATES = {"configure": (1, 2), "activate": (3, 3), "deactivate": (4, 2), "cleanup": (2, 1), "shutdown": (5, 4)}  # transition, then state


@pytest.fixture
def start(graph: Graph, bundle: Path) -> Callable[..., Any]:
    """A real node of ours, by its name under the lifecycle manager."""

    def made(name: str, **values: Any) -> Any:
        from mm_nav.ros.fusion_node import FusionNode
        from mm_nav.ros.navigator_node import NavigatorNode

        kind = {"fusion": FusionNode, "navigator": NavigatorNode}[name]
        own = {"bundle": str(bundle), **EXTRINSICS} if name == "fusion" else {"enable_cmd_vel": True}
        return graph.add(kind(parameter_overrides=parameters(**{**own, **values})))

    return made


def test_outputs_have_the_types_frames_and_quality_that_nav2_subscribes_with(graph: Graph, start: Callable[..., Any]) -> None:
    from rclpy.qos import DurabilityPolicy, QoSCompatibility, QoSProfile, qos_check_compatible, qos_profile_sensor_data

    plain = QoSProfile(depth=10)
    wanted = {
        "obstacles": [qos_profile_sensor_data],  # obstacle layer and collision monitor
        "occupancy": [QoSProfile(depth=1)],  # static layer with map_subscribe_transient_local false
        "goal_pose": [plain],  # bt_navigator, if you insist
        "plan": [plain],
    }
    start("fusion")
    for topic, profiles in wanted.items():
        (publisher,) = graph.probe.get_publishers_info_by_topic(topic)
        assert publisher.topic_type == OFFERS[topic]
        for profile in profiles:
            match, why = qos_check_compatible(publisher.qos_profile, profile)
            assert match != QoSCompatibility.ERROR, (topic, why)  # a warning: that a system default is left open
    layer = costmap("local_costmap")["occupancy_layer"]
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    (publisher,) = graph.probe.get_publishers_info_by_topic("occupancy")
    assert layer["map_subscribe_transient_local"] is False
    assert qos_check_compatible(publisher.qos_profile, latched)[0] == QoSCompatibility.ERROR  # so the default would stay silent


def test_clouds_and_grids_arrive_in_the_frame_of_the_table_over_nav2s_quality_of_service(graph: Graph, start: Callable[..., Any]) -> None:
    from rclpy.qos import QoSProfile, qos_profile_sensor_data

    from mm_nav.ros.messages import message_class

    frames = {topic: frame for topic, _, frame, _ in rows() if topic != "goal_pose"}
    heard: dict[str, list[Any]] = {topic: [] for topic in frames}
    for topic, messages in heard.items():
        qos = qos_profile_sensor_data if topic == "obstacles" else QoSProfile(depth=1)
        graph.probe.create_subscription(message_class(OFFERS[topic]), topic, messages.append, qos)
    start("fusion")
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and all(heard.values()), "what Nav2 would hear")
    assert {topic: messages[0].header.frame_id for topic, messages in heard.items()} == frames
    assert [field.name for field in heard["obstacles"][0].fields][:3] == ["x", "y", "z"]
    assert all(field.datatype == field.FLOAT32 for field in heard["obstacles"][0].fields)


class Manager:
    """The two services that Nav2's lifecycle manager calls on a node, as it calls them: change, then ask."""

    def __init__(self, graph: Graph, name: str) -> None:
        from lifecycle_msgs.srv import ChangeState, GetState

        self.graph, self.change, self.get = graph, ChangeState.Request, GetState.Request
        self.clients = {
            topic: graph.probe.create_client(kind, f"{name}/{topic}") for topic, kind in (("change_state", ChangeState), ("get_state", GetState))
        }
        self.graph.until(lambda: all(c.service_is_ready() for c in self.clients.values()), f"lifecycle services of {name}")

    def _call(self, topic: str, request: Any) -> Any:
        future = self.clients[topic].call_async(request)
        self.graph.until(future.done, "an answer of the lifecycle services")
        return future.result()

    def state(self) -> int:
        return int(self._call("get_state", self.get()).current_state.id)

    def asks_for(self, what: str) -> bool:
        request = self.change()
        request.transition.id = STATES[what][0]
        answer = self._call("change_state", request)
        return bool(answer.success) and self.state() == STATES[what][1]


@pytest.mark.parametrize("name", section("lifecycle_manager_mm_nav")["node_names"])
def test_nav2s_lifecycle_manager_can_bring_a_node_up_down_up_again_and_shut_it_down(
    graph: Graph, start: Callable[..., Any], name: str
) -> None:
    node = start(name, autostart=False)
    manager = Manager(graph, name)
    assert manager.state() == 1
    for what in ("configure", "activate", "deactivate", "activate", "deactivate", "cleanup", "configure", "activate"):
        assert manager.asks_for(what), what
        assert node.active == (what == "activate")
    for what in ("deactivate", "cleanup", "shutdown"):
        assert manager.asks_for(what), what
    assert node.exit_code is None


def test_a_node_that_refuses_tells_the_manager_so_and_can_be_asked_again(graph: Graph, start: Callable[..., Any]) -> None:
    start("fusion", autostart=False, bundle="no_such_bundle")
    manager = Manager(graph, "fusion")
    for _ in range(2):
        assert not manager.asks_for("configure")
        assert manager.state() == 1


# ---------------------------------------------------------------- goals by action


def test_without_nav2_msgs_the_parameter_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nav2_msgs.action", None)
    with pytest.raises(ConfigError, match=r"'nav2_action' is 'go', but nav2_msgs is not installed .*; install ros-DISTRO-nav2-msgs"):
        compat.navigate_action("go")


class Eyes:
    """What the node tells of its orders and frames; a goal of the test's stands for one that the network would find."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self._see, self._forget = server.nav2.see, server.nav2.forget
        monkeypatch.setattr(nav2, "connect", lambda *_: server.nav2)
        monkeypatch.setattr(server.nav2, "see", self.see)
        monkeypatch.setattr(server.nav2, "forget", self.forget)

    def see(self, status: str, _goal: Any) -> None:
        self.said.append(status)
        self._see(*(("not_found", None) if status == "not_found" else ("driving", pose(3.0))))

    def forget(self) -> None:
        self.said.append("forget")
        self._forget()


def test_the_fusion_node_gives_a_goal_and_takes_it_back_at_a_stop_word(
    graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    eyes = Eyes(server, monkeypatch)
    node = start("fusion", nav2_action="navigate_to_pose")
    robot = Robot(graph)
    speak = graph.speaker("std_msgs/msg/String", "command")
    speak(encode_string("go to the red cone"))
    graph.until(lambda: "forget" in eyes.said, "the order")
    graph.until(lambda: robot.instant() and server.goals, "a goal, given by the node's timer")
    handle = Handle()
    server.answers[0].end(handle)
    speak(encode_string("stop"))
    graph.until(lambda: handle.cancels, "the stop word")
    graph.until(lambda: eyes.said.count("forget") == 2, "the worker's stop")
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert server.destroyed


def test_while_the_fusion_node_holds_nav2_has_no_goal_of_it(
    graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    eyes = Eyes(server, monkeypatch)
    start("fusion", nav2_action="navigate_to_pose", required=["radar"])
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and server.goals, "a goal")
    handle = Handle()
    server.answers[0].end(handle)
    del robot.say["radar/points"]
    graph.until(lambda: robot.instant() and handle.cancels, "the goal taken back")
    assert eyes.said[-1] == "not_found"


def test_deactivating_takes_the_goal_back(graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    Eyes(server, monkeypatch)
    node = start("fusion", nav2_action="navigate_to_pose")
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and server.goals, "a goal")
    handle = Handle()
    server.answers[0].end(handle)
    node.trigger_deactivate()
    assert handle.cancels == 1


def test_a_node_without_nav2_msgs_refuses_to_be_configured_and_may_be_configured_after_that(graph: Graph, bundle: Path) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    from mm_nav.ros.fusion_node import FusionNode

    if _installed():
        pytest.skip("nav2_msgs is installed here")
    node = graph.add(FusionNode(parameter_overrides=parameters(autostart=False, bundle=str(bundle), nav2_action="navigate_to_pose")))
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node._state_machine.current_state[1] == "unconfigured"


def _installed() -> bool:
    try:
        compat.navigate_action("")
    except ConfigError:
        return False
    return True
