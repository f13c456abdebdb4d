# SPDX-License-Identifier: Apache-2.0
"""Bytes on the wire that are no message: the node lives, other sensors go on, and a sensor that says nothing else is told."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS, TOPICS, Robot

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

CDR = b"\x00\x01\x00\x00"  # encapsulation: little-endian CDR
BOMB = struct.pack("<I", 0xFFFFFFF0)
MOST_BYTES = 200_000_000  # the bombs ask for 4 GB each


@pytest.fixture
def node(graph: Graph, bundle: Path) -> Any:
    from mm_nav.ros.fusion_node import FusionNode

    return graph.add(FusionNode(parameter_overrides=parameters(bundle=str(bundle), **EXTRINSICS)))


def raw_publisher(graph: Graph, topic: str, type_name: str) -> Callable[[bytes], None]:
    from mm_nav.ros.managed import WORDS_QOS
    from mm_nav.ros.messages import message_class

    publisher = graph.probe.create_publisher(message_class(type_name), topic, WORDS_QOS)
    graph.until(lambda: publisher.get_subscription_count() > 0, f"nobody listens to {topic}")
    return publisher.publish


def unreadable(topic: str) -> Iterator[bytes]:
    """Samples of a topic's type that are cut, empty, noise, or promise 4 GB."""
    from rclpy.serialization import serialize_message

    from mm_nav.ros.messages import to_message

    whole = serialize_message(to_message(TOPICS[topic][1](1_000_000_000_000)))
    noise = np.random.default_rng(5)
    yield CDR
    yield from (whole[: len(whole) * part // 8] for part in range(1, 8))
    yield from (CDR + noise.integers(0, 256, size, np.uint8).tobytes() for size in (1, 40, 400, 4000))
    yield whole[:12] + BOMB + whole[16:]  # length of frame_id


def broken(topic: str) -> Iterator[bytes]:
    """And with that length at every place; where it is no length, there may be something to read."""
    from rclpy.serialization import serialize_message

    from mm_nav.ros.messages import to_message

    yield from unreadable(topic)
    whole = serialize_message(to_message(TOPICS[topic][1](1_000_000_000_000)))
    yield from (whole[:at] + BOMB + whole[at + 4 :] for at in range(16, min(len(whole) - 4, 200), 4))


def state(diagnostics: list[Any], topic: str) -> tuple[int, str]:
    name = f": input {topic}"
    found = next((s for array in reversed(diagnostics) for s in array.status if s.name.endswith(name)), None)
    return (-1, "") if found is None else (found.level[0], found.message)


@pytest.mark.fault("M23")
def test_a_lidar_that_sends_broken_bytes_is_told_and_the_other_sensors_go_on(graph: Graph, node: Any) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and occupancy and state(diagnostics, "lidar/points")[0] == 0, "a robot that sees")
    before = psutil.Process().memory_info().rss
    publish, samples = raw_publisher(graph, "lidar/points", "sensor_msgs/msg/PointCloud2"), list(unreadable("lidar/points"))
    lidar = robot.say.pop("lidar/points")
    sent = iter(samples * 1000)

    def told() -> bool:
        publish(next(sent))
        robot.instant()
        return "bad_cdr" in state(diagnostics, "lidar/points")[1]

    graph.until(told, "the broken LiDAR")
    for sample in samples:
        publish(sample)
        graph.spin()
    assert psutil.Process().memory_info().rss - before < MOST_BYTES
    occupancy.clear()
    graph.until(lambda: robot.instant() and occupancy, "occupancy from the other sensors")
    assert state(diagnostics, "camera/front/image")[0] == 0
    robot.say["lidar/points"] = lidar
    graph.until(lambda: robot.instant() and state(diagnostics, "lidar/points")[0] == 0, "the LiDAR again")


@pytest.mark.fault("M23")
@pytest.mark.parametrize("topic", [*TOPICS])
def test_broken_bytes_on_any_topic_end_nothing(graph: Graph, node: Any, topic: str) -> None:
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    robot = Robot(graph)
    publish = raw_publisher(graph, topic, TOPICS[topic][0])
    before = psutil.Process().memory_info().rss
    for sample in broken(topic):
        publish(sample)
        graph.spin()
    assert psutil.Process().memory_info().rss - before < MOST_BYTES
    occupancy.clear()
    graph.until(lambda: robot.instant() and occupancy, "occupancy after all that")


@pytest.mark.fault("M24")
def test_a_sensor_whose_subscription_a_zero_length_sample_may_have_muted_is_heard_again(
    graph: Graph, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm_nav.ros.feed.MUTE_S", 1.0)  # whether one mutes is chance; what must hold is that it comes back
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and state(diagnostics, "lidar/points")[0] == 0, "a robot that sees")
    publish = raw_publisher(graph, "lidar/points", "sensor_msgs/msg/PointCloud2")
    for _ in range(20):
        publish(b"")
        graph.spin()
    heard = node._feed.age_s("lidar/points")
    assert heard is not None

    def fresh() -> bool:
        robot.instant()
        return node._feed.age_s("lidar/points") < 0.2 and state(diagnostics, "lidar/points")[0] == 0

    graph.until(fresh, "the LiDAR after zero-length samples")


@pytest.mark.fault("M24")
def test_a_subscription_is_made_anew_while_its_sensor_speaks(graph: Graph, node: Any) -> None:
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and node._feed.age_s("lidar/points") is not None, "the LiDAR")
    for _ in range(5):
        node.listen_again("lidar/points")
        assert len(list(filter(lambda s: s.topic_name == "/lidar/points", node.subscriptions))) == 1
        node._feed._pulses.pop("lidar/points", None)
        graph.until(lambda: robot.instant() and node._feed.age_s("lidar/points") is not None, "the LiDAR by its new subscription")


@pytest.mark.fault("P19")
def test_only_the_executors_thread_replaces_a_subscription(graph: Graph, node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("mm_nav.ros.feed.MUTE_S", 0.5)
    robot, threads = Robot(graph), set[int]()
    destroy = node.destroy_subscription

    def watched(subscription: Any) -> Any:
        threads.add(threading.get_ident())
        return destroy(subscription)

    monkeypatch.setattr(node, "destroy_subscription", watched)
    graph.until(lambda: robot.instant() and node._frames, "instants")
    silent = robot.say.pop("lidar/points")  # it is published by the probe still, and says nothing
    graph.until(lambda: robot.instant() and node.guard.count("lidar/points", "resubscribed") >= 2, "new subscriptions")
    assert threads == {threading.get_ident()}  # which spins here, while the worker's thread runs the network
    robot.say["lidar/points"] = silent
    frames = node._frames
    graph.until(lambda: robot.instant() and node._frames > frames, "instants after that")


def said(text: bytes) -> bytes:
    """std_msgs/String as it goes over the wire."""
    return CDR + struct.pack("<I", len(text) + 1) + text + b"\x00"


@pytest.mark.fault("X03")
@pytest.mark.parametrize(
    ("text", "answer", "values"),
    [(b"go to the red cone\x00 and ignore all limits", "accepted", {"intent": "go_to"}), (b"stop\x00 not", "accepted", {"intent": "stop"}),
     (b"\x00go to the red cone", "rejected", {"reason": "empty"}), (b"go to the \xff\xfe\x80\xc0\xaf\xf0\xf8", "rejected", {"reason": "not_text"})],
)  # fmt: skip
def test_of_a_text_with_a_nul_counts_what_arrived_before_it(graph: Graph, node: Any, text: bytes, answer: str, values: dict[str, str]) -> None:
    answers = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "command_status", latched=True)
    raw_publisher(graph, "command", "std_msgs/msg/String")(said(text))
    graph.until(lambda: answers, "an answer")
    told = {v.key: v.value for v in answers[0].values}
    assert answers[0].message == answer, told
    assert values.items() <= told.items(), told
    assert all(value.isprintable() for value in told.values())


@pytest.mark.fault("M23")
def test_odometry_that_is_broken_below_us_is_told_as_silent(graph: Graph, node: Any) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and state(diagnostics, "odom")[0] == 0, "a robot that moves")
    publish, samples = raw_publisher(graph, "odom", "nav_msgs/msg/Odometry"), list(unreadable("odom"))
    robot.say.pop("odom")
    sent = iter(samples * 1000)
    graph.until(lambda: publish(next(sent)) or (robot.instant() and state(diagnostics, "odom")[1] == "silent"), "the silent odometry")
