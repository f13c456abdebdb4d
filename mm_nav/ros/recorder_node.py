# SPDX-License-Identifier: Apache-2.0
"""Records every topic of the graph as it comes over the wire, for the demo. Decodes only what it is asked to watch."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions

from mm_nav.bags.writer import BagWriter
from mm_nav.ros import transport
from mm_nav.ros.managed import WORDS_QOS
from mm_nav.ros.messages import has_type, message_class, to_message
from mm_nav.wire import Encoded

LOOK_S = 0.25  # how often the graph is searched for new topics
SPIN_S = 0.02
DEPTH = 50
UNRECORDED = ("/parameter_events", "/rosout")
MACHINERY = "/transition_event"  # of lifecycle nodes

Watch = Mapping[str, Callable[[Any], None]]


class RecorderNode(Node):
    """Subscribes to what is published, with the quality of service that is offered.

    Attributes:
        counts: messages per topic.
    """

    def __init__(self, writer: BagWriter, watch: Watch, context: rclpy.Context) -> None:
        super().__init__("recorder", context=context)
        self.counts: Counter[str] = Counter()
        self._writer, self._watch = writer, dict(watch)
        self._heard: set[str] = set()
        self._senders: dict[str, Any] = {}
        self._looked_s = float("-inf")

    def look(self) -> None:
        """Subscribe to topics that are new since the last look."""
        if time.monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = time.monotonic()
        for topic, types in self.get_topic_names_and_types():
            if topic in self._heard or topic in UNRECORDED or topic.endswith(MACHINERY) or not has_type(types[0]):
                continue
            offered = self.get_publishers_info_by_topic(topic)
            if offered:
                self._heard.add(topic)
                self._listen(topic, types[0], [publisher.qos_profile for publisher in offered])

    def say(self, topic: str, encoded: Encoded) -> None:
        """Publish a message; the publisher is made when it is needed first."""
        if topic not in self._senders:
            self._senders[topic] = self.create_publisher(message_class(encoded.type_name), topic, WORDS_QOS)
        self._senders[topic].publish(to_message(encoded))

    def _listen(self, topic: str, type_name: str, offered: list[QoSProfile]) -> None:
        reliable = all(profile.reliability == ReliabilityPolicy.RELIABLE for profile in offered)
        kept = all(profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for profile in offered)
        qos = QoSProfile(
            history=HistoryPolicy.KEEP_LAST, depth=DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if kept else DurabilityPolicy.VOLATILE,
        )  # fmt: skip
        message_type, watcher = message_class(type_name), self._watch.get(topic.strip("/"))

        def heard(data: bytes) -> None:
            self._writer.write_serialized(topic, type_name, data, time.time_ns())
            self.counts[topic] += 1
            if watcher is not None:
                watcher(deserialize_message(data, message_type))

        self.create_subscription(message_type, topic, heard, qos, raw=True)


def record(writer: BagWriter, watch: Watch, step: Callable[[RecorderNode], bool]) -> dict[str, int]:
    """Record until ``step`` returns False; it is called many times a second, and may publish through the node.

    Args:
        writer: log times are the wall clock's at arrival.
        watch: topic without leading '/' -> what to call with each of its messages.

    Returns:
        Messages per topic.
    """
    transport.prepare()
    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor(context=context)
    node = RecorderNode(writer, watch, context)
    try:
        executor.add_node(node)
        while step(node):
            node.look()
            executor.spin_once(timeout_sec=SPIN_S)
        return dict(node.counts)
    finally:
        executor.remove_node(node)
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown(context=context)
