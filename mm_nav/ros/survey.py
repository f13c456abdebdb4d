# SPDX-License-Identifier: Apache-2.0
"""What is seen of a running graph from outside: nodes of mm_nav, what they are connected to, their parameters, rates.

Collects and judges nothing: ``mm_nav doctor`` says what is wrong. Asks nodes only what any ROS tool may ask (the graph,
the standard parameter and lifecycle services, topics that are published anyway), so that looking changes nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions

from mm_nav.errors import ConfigError, MmNavError
from mm_nav.ros import transport
from mm_nav.ros.managed import INPUT_QOS, LATCHED_QOS, OUTPUT_QOS
from mm_nav.ros.messages import has_type, message_class

LIFECYCLE = "lifecycle_msgs/srv/GetState"
DIAGNOSTICS = "/diagnostics"
SIGNS = {  # what a node has declared that no other has -> what it is
    "bundle": "fusion", "enable_cmd_vel": "navigator", "real_time_factor": "sim", "bag": "player",
}  # fmt: skip
KINDS = tuple(SIGNS.values())
MACHINERY = ("/parameter_events", "/rosout", "/clock")  # topics of every node
LOOK_S, PATIENCE_S, SPIN_S = 0.1, 2.0, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A publisher or a subscription of a topic; ``qos`` is rclpy's profile."""

    node: str
    type_name: str
    qos: QoSProfile


@dataclass(slots=True, kw_only=True)
class SeenNode:
    """A node of mm_nav.

    Attributes:
        name: full name. count: how many nodes have it. kind: fusion, navigator, sim or player.
        state: of its lifecycle; None while it has not answered.
        parameters: what applies, by name; None while it has not answered; empty before it is configured.
        reads, writes: topic -> type, without those that every node has.
    """

    name: str
    kind: str = ""
    count: int = 1
    state: str | None = None
    parameters: dict[str, Any] | None = None
    reads: dict[str, str] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SeenTopic:
    """A topic that a node of mm_nav reads or writes.

    Attributes:
        publishers, subscriptions: its ends, without the surveyor's own.
        count: messages that came while it was looked at. rate_hz: of those, 0 before the second.
        frame_id: of its last message's header; None if there was none.
    """

    publishers: list[End] = field(default_factory=list)
    subscriptions: list[End] = field(default_factory=list)
    count: int = 0
    rate_hz: float = 0.0
    frame_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Graph:
    """All that was seen. ``statuses``: newest diagnostic by name (level, message, values); ``others``: nodes that are not ours."""

    nodes: list[SeenNode]
    topics: dict[str, SeenTopic]
    statuses: dict[str, tuple[int, str, dict[str, str]]]
    transforms: list[Any]
    others: list[str]
    answered: bool


def survey(look_s: float) -> Graph:
    """Look at the graph of this process's environment for ``look_s`` seconds, two more while something is lacking.

    Raises:
        ConfigError: ROS cannot be started in this environment.
    """
    transport.prepare()
    context = rclpy.Context()
    try:
        rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
        node = Node("mm_nav_doctor", context=context, enable_rosout=False, start_parameter_services=False)
    except MmNavError:
        raise
    except Exception as error:  # rcl's own error types
        rclpy.try_shutdown(context=context)
        raise ConfigError(f"cannot look at the graph: {error}; check ROS_DOMAIN_ID, RMW_IMPLEMENTATION and ROS_SECURITY_*") from error
    executor = SingleThreadedExecutor(context=context)
    try:
        executor.add_node(node)
        surveyor, started_s = Surveyor(node), time.monotonic()
        while (spent_s := time.monotonic() - started_s) < look_s or (spent_s < look_s + PATIENCE_S and not surveyor.settled()):
            surveyor.look()
            executor.spin_once(timeout_sec=SPIN_S)
        return surveyor.seen()
    finally:
        executor.remove_node(node)
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown(context=context)


class Surveyor:
    """Looks again and again, through a node that somebody spins in this thread. Call ``look`` often."""

    def __init__(self, node: Node, clock: Callable[[], float] = time.monotonic) -> None:
        self._node, self._clock = node, clock
        self._looked_s = float("-inf")
        self._candidates: dict[str, SeenNode] = {}  # lifecycle nodes: ours are among them
        self._others: set[str] = set()
        self._clients: dict[str, Any] = {}
        self._asked: set[str] = set()
        self._topics: dict[str, SeenTopic] = {}
        self._spans: dict[str, tuple[float, float]] = {}
        self._listening: set[str] = set()
        self._statuses: dict[str, tuple[int, str, dict[str, str]]] = {}
        self._transforms: list[Any] = []
        node.create_subscription(message_class("diagnostic_msgs/msg/DiagnosticArray"), DIAGNOSTICS, self._hear_diagnostics, OUTPUT_QOS)
        if has_type("tf2_msgs/msg/TFMessage"):
            for topic, qos in (("/tf_static", LATCHED_QOS), ("/tf", INPUT_QOS)):
                node.create_subscription(message_class("tf2_msgs/msg/TFMessage"), topic, self._transforms.append, qos)

    def look(self) -> None:
        """See what is new; ten times a second at most."""
        if self._clock() - self._looked_s < LOOK_S:
            return
        self._looked_s = self._clock()
        names = [(name, space) for name, space in self._node.get_node_names_and_namespaces() if not name.startswith("_")]
        here = {_full(name, space) for name, space in names}
        for gone in set(self._candidates) - here:
            del self._candidates[gone]
        self._others = here - {self._node.get_fully_qualified_name()}
        for name, space in names:
            full = _full(name, space)
            if full != self._node.get_fully_qualified_name():
                self._look_at(full, name, space, sum(one == (name, space) for one in names))
        for seen in self._ours():
            for topic in {*seen.reads, *seen.writes, "/clock"}:
                self._look_at_topic(topic)
            for topic in seen.reads:
                self._listen(topic)

    def seen(self) -> Graph:
        """What was seen until now."""
        ours = self._ours()
        answered = all(n.state is not None and n.parameters is not None for n in self._candidates.values())
        return Graph(
            nodes=ours, topics=dict(self._topics), statuses=dict(self._statuses), transforms=list(self._transforms),
            others=sorted(self._others - {n.name for n in ours}), answered=answered,
        )  # fmt: skip

    def settled(self) -> bool:
        """Whether all who were asked have answered, and nothing is lacking that a slow discovery may still bring."""
        ours = self._ours()
        complete = all(self._topics[topic].publishers for seen in ours for topic in seen.reads if topic in self._topics)
        return bool(ours) and complete and self.seen().answered

    def _ours(self) -> list[SeenNode]:
        return [n for _, n in sorted(self._candidates.items()) if n.kind]

    def _look_at(self, full: str, name: str, space: str, count: int) -> None:
        try:
            services = dict(self._node.get_service_names_and_types_by_node(name, space))
            reads = self._node.get_subscriber_names_and_types_by_node(name, space)
            writes = self._node.get_publisher_names_and_types_by_node(name, space)
        except Exception:  # it left between two calls; rclpy's error type is not public
            return
        if LIFECYCLE not in services.get(f"{full}/get_state", []):
            return
        seen = self._candidates.setdefault(full, SeenNode(name=full, kind=name if name in KINDS else ""))
        seen.count = count
        seen.reads, seen.writes = _plain(reads), _plain(writes)
        self._ask(GetState, f"{full}/get_state", GetState.Request(), lambda answer: setattr(seen, "state", str(answer.current_state.label)))
        self._ask(ListParameters, f"{full}/list_parameters", ListParameters.Request(), lambda answer: self._hear_names(seen, list(answer.result.names)))

    def _hear_names(self, seen: SeenNode, names: list[str]) -> None:
        seen.kind = next((kind for sign, kind in SIGNS.items() if sign in names), seen.kind)

        def hear_values(answer: Any) -> None:
            seen.parameters = {n: parameter_value_to_python(v) for n, v in zip(names, answer.values, strict=False)}

        self._ask(GetParameters, f"{seen.name}/get_parameters", GetParameters.Request(names=names), hear_values)

    def _ask(self, kind: Any, service: str, request: Any, hear: Callable[[Any], None]) -> None:
        """Call a service once, as soon as it is there."""
        if service in self._asked:
            return
        client = self._clients.setdefault(service, None) or self._node.create_client(kind, service)
        self._clients[service] = client
        if not client.service_is_ready():
            return
        self._asked.add(service)
        client.call_async(request).add_done_callback(lambda done: hear(done.result()))

    def _look_at_topic(self, topic: str) -> None:
        mine = self._node.get_fully_qualified_name()
        seen = self._topics.setdefault(topic, SeenTopic())
        for name, ask in (("publishers", self._node.get_publishers_info_by_topic), ("subscriptions", self._node.get_subscriptions_info_by_topic)):
            ends = [End(node=_full(e.node_name, e.node_namespace), type_name=e.topic_type, qos=e.qos_profile) for e in ask(topic)]
            setattr(seen, name, [end for end in ends if end.node != mine])

    def _listen(self, topic: str) -> None:
        """Count a topic's messages as they come over the wire; only the first one is decoded, for its frame."""
        seen = self._topics[topic]
        if topic in self._listening or topic == DIAGNOSTICS or not seen.publishers or not has_type(seen.publishers[0].type_name):
            return
        self._listening.add(topic)
        message_type = message_class(seen.publishers[0].type_name)

        def heard(data: bytes) -> None:
            now_s = self._clock()
            first_s = self._spans.get(topic, (now_s, now_s))[0]
            self._spans[topic] = (first_s, now_s)
            seen.count += 1
            seen.rate_hz = (seen.count - 1) / (now_s - first_s) if now_s > first_s else 0.0
            if seen.frame_id is None and hasattr(message_type, "header"):
                seen.frame_id = str(deserialize_message(data, message_type).header.frame_id)

        self._node.create_subscription(message_type, topic, heard, INPUT_QOS, raw=True)

    def _hear_diagnostics(self, message: Any) -> None:
        for status in message.status:
            level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
            self._statuses[str(status.name)] = (level, str(status.message), {str(v.key): str(v.value) for v in status.values})


def incompatible(publisher: End, subscription: End) -> str:
    """Why a publisher's messages never reach a subscription, naming the policy; '' if they do."""
    fit, why = qos_check_compatible(publisher.qos, subscription.qos)
    return " ".join(str(why).replace("ERROR:", "").split()).rstrip(";") if fit == QoSCompatibility.ERROR else ""


def _full(name: str, space: str) -> str:
    return f"{space.rstrip('/')}/{name}"


def _plain(listed: list[tuple[str, list[str]]]) -> dict[str, str]:
    return {t: types[0] for t, types in listed if t not in MACHINERY and t != DIAGNOSTICS and not t.endswith("/transition_event")}
