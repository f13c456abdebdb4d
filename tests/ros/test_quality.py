# SPDX-License-Identifier: Apache-2.0
"""What our nodes ask of publishers and offer to listeners: any driver is heard, and RViz and Nav2 hear us."""

from pathlib import Path
from typing import Any

import pytest

from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS

rclpy_qos = pytest.importorskip("rclpy.qos", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

FOREVER_NS = 2**63 - 1
OWN = ("/parameter_events", "/rosout", "/clock")  # rclpy's
LATCHED = ("/command_status",)  # who joins later hears the last answer


@pytest.fixture(params=["fusion", "navigator"])
def node(graph: Graph, bundle: Path, request: pytest.FixtureRequest) -> Any:
    from mm_nav.ros.fusion_node import FusionNode
    from mm_nav.ros.navigator_node import NavigatorNode

    if request.param == "fusion":
        return graph.add(FusionNode(parameter_overrides=parameters(bundle=str(bundle), **EXTRINSICS)))
    return graph.add(NavigatorNode(parameter_overrides=parameters(enable_cmd_vel=True)))


def offered(graph: Graph, node: Any) -> dict[str, Any]:
    """Quality of each of the node's own outputs, as others see it."""
    return _seen(graph, node, graph.probe.get_publisher_names_and_types_by_node, graph.probe.get_publishers_info_by_topic)


def asked(graph: Graph, node: Any) -> dict[str, Any]:
    """Quality that each of the node's inputs asks for, as others see it."""
    return _seen(graph, node, graph.probe.get_subscriber_names_and_types_by_node, graph.probe.get_subscriptions_info_by_topic)


def _seen(graph: Graph, node: Any, names: Any, infos: Any) -> dict[str, Any]:
    name, count = node.get_name(), len(node._senders if "publisher" in names.__name__ else node._listening)

    def found() -> dict[str, Any]:
        topics = [t for t, _ in names(name, "/") if t not in OWN and not t.endswith("/transition_event")]
        return {t: i.qos_profile for t in topics for i in infos(t) if i.node_name == name}

    graph.until(lambda: name in graph.probe.get_node_names() and len(found()) >= count > 0, f"topics of {name}")
    return found()


def nanoseconds(duration: Any) -> int:
    return int(duration.nanoseconds)


@pytest.mark.fault("Q02")
def test_inputs_ask_for_nothing_that_was_said_before(graph: Graph, node: Any) -> None:
    volatile = rclpy_qos.DurabilityPolicy.VOLATILE
    assert {topic: q.durability for topic, q in asked(graph, node).items() if topic != "/tf_static"} == dict.fromkeys(
        (t for t in asked(graph, node) if t != "/tf_static"), volatile)  # fmt: skip


@pytest.mark.fault("Q04")
def test_no_deadline_and_no_liveliness_is_asked_for(graph: Graph, node: Any) -> None:
    for topic, quality in {**asked(graph, node), **offered(graph, node)}.items():
        assert nanoseconds(quality.deadline) >= FOREVER_NS, topic
        assert nanoseconds(quality.liveliness_lease_duration) >= FOREVER_NS, topic
        assert quality.liveliness == rclpy_qos.LivelinessPolicy.AUTOMATIC, topic


@pytest.mark.fault("Q03")
def test_outputs_are_reliable_and_short(graph: Graph, node: Any) -> None:
    for topic, quality in offered(graph, node).items():
        assert quality.reliability == rclpy_qos.ReliabilityPolicy.RELIABLE, topic
        assert (quality.durability == rclpy_qos.DurabilityPolicy.TRANSIENT_LOCAL) is (topic in LATCHED), topic
    for publisher in node._senders.values():
        depth = node.get_parameter(f"qos_overrides.{publisher.topic_name}.publisher.depth").value
        assert 1 <= depth <= (10 if publisher.topic_name in LATCHED else 5), publisher.topic_name


@pytest.mark.fault("Q03")
def test_the_quality_of_one_output_and_of_one_input_may_be_overridden(graph: Graph) -> None:
    from mm_nav.ros.navigator_node import NavigatorNode

    own = {"qos_overrides./cmd_vel.publisher.reliability": "best_effort", "qos_overrides./cmd_vel.publisher.depth": 1,
           "qos_overrides./plan.subscription.reliability": "best_effort"}  # fmt: skip
    node = graph.add(NavigatorNode(parameter_overrides=parameters(enable_cmd_vel=True, **own)))
    assert node.exit_code is None
    best_effort = rclpy_qos.ReliabilityPolicy.BEST_EFFORT
    assert [t for t, quality in offered(graph, node).items() if quality.reliability == best_effort] == ["/cmd_vel"]
    assert {t for t, quality in asked(graph, node).items() if quality.reliability == best_effort} == {"/plan", "/odom"}


@pytest.mark.fault("Q02")
def test_a_publisher_that_keeps_nothing_for_a_latched_input_is_named(graph: Graph) -> None:
    from mm_nav.ros.managed import LATCHED_QOS
    from mm_nav.ros.messages import message_class
    from mm_nav.ros.navigator_node import NavigatorNode

    node = graph.add(NavigatorNode(parameter_overrides=parameters()))
    node.listen("std_msgs/msg/String", "/mountings", lambda _: None, LATCHED_QOS)  # as /tf_static is heard
    graph.probe.create_publisher(message_class("std_msgs/msg/String"), "/mountings", 10)
    graph.until(lambda: node.guard.count("/mountings", "incompatible_qos"), "the incompatible publisher")
    assert "DURABILITY" in node.guard.report("/mountings")["dropped.incompatible_qos"]
