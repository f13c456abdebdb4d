# SPDX-License-Identifier: Apache-2.0
"""A managed (lifecycle) node with strict parameters that starts itself unless a manager does. Knows no topic of ours.

Parameters are read when the node is configured and read-only after that, but for the few that a node calls ``dynamic``.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, ClassVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from mm_nav.errors import MmNavError
from mm_nav.ros.guard import Guard, one_line, told
from mm_nav.ros.messages import message_class, reader, to_message
from mm_nav.ros.params import RobotConfig, Rule, load, rules
from mm_nav.ros.runner import REFUSED
from mm_nav.wire.message import Encoded

INPUT_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
ODOMETRY_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# deep enough that a stop word is not pushed out by a thousand texts a second while a picture is decoded
WORDS_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=50, reliability=ReliabilityPolicy.RELIABLE)
OUTPUT_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE)
TRANSFORMS_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)  # fmt: skip
SENT_S = 0.2  # patience with the acknowledgement of a last message
CLOCK_S = 2.0  # wall time for which /clock may stand


class ManagedNode(LifecycleNode):
    """Base of our nodes: ``configure`` sets up and may raise MmNavError, ``release`` undoes it.

    Attributes:
        active: callbacks do nothing while this is False (a deactivated lifecycle node still gets its callbacks).
        exit_code: not None ends the process.
        dynamic: names of the parameters that may be set while the node runs.
    """

    config_class: ClassVar[type[RobotConfig]]
    dynamic: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.guard = Guard(self._warn)
        self.active = False
        self.exit_code: int | None = None
        self.steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._declared = False
        self._senders: dict[str, Any] = {}
        self._entities: list[tuple[Callable[[Any], Any], Any]] = []
        self._listening: dict[str, Callable[[], None]] = {}
        self._set: dict[str, Any] = {}  # parameters that were changed at run time
        self._clock_seen = (-1, 0.0)  # ROS time, and since when it is that

    # ---- for the nodes

    def configure(self) -> None:
        """Read parameters, load, subscribe. Raises MmNavError to refuse."""

    def release(self) -> None:
        """Undo ``configure``; also after a refusal half-way."""

    def reconfigured(self) -> None:
        """A dynamic parameter was changed: ``config`` is the new one."""

    def overrides(self) -> dict[str, Any]:
        """What the user set: parameters from files and the command line, by name."""
        given = self._parameter_overrides  # rclpy offers no public way to see keys that nobody declared
        return {name: parameter.value for name, parameter in given.items()} | self._set

    def listen(
        self, type_name: str, topic: str, callback: Callable[[Any], Any], qos: QoSProfile = INPUT_QOS, *, raw: bool = False
    ) -> None:
        """Subscribe with a guarded callback that sleeps while the node is inactive.

        Pictures and point clouds come as views of their serialized bytes, with the attributes of the message; with ``raw``
        the bytes come as they are.
        """
        read = None if raw else reader(type_name)

        def heard(message: Any) -> None:
            if self.active:
                self.guard.call(topic, (lambda sample: callback(read(sample))) if read else callback, message)

        options = QoSOverridingOptions.with_default_policies()
        message_type = message_class(type_name)

        def make() -> Any:
            own = copy(qos)  # rclpy writes overrides into the profile that it is given
            return self.create_subscription(
                message_type, topic, heard, own, qos_overriding_options=options, event_callbacks=self._events(topic), raw=raw or read is not None
            )

        made = [make()]

        def again() -> None:
            self.destroy_subscription(made[0])
            self._forget_destroyed()
            made[0] = make()

        self._listening[topic] = again
        self._entities.append((lambda held: self.destroy_subscription(held[0]), made))

    def listen_again(self, topic: str) -> None:
        """Replace a subscription: a zero-length sample can mute one for ever. Only in the executor's thread."""
        self._listening[topic]()

    def _events(self, topic: str) -> SubscriptionEventCallbacks:
        def incompatible(event: Any) -> None:
            policy = getattr(event.last_policy_kind, "name", event.last_policy_kind)
            text = f"a publisher of {topic} offers another {policy}; change it, or qos_overrides.TOPIC.subscription here"
            self.guard.drop(topic, "incompatible_qos", text)

        return SubscriptionEventCallbacks(incompatible_qos=incompatible)

    def offer(self, type_name: str, topic: str, qos: QoSProfile = OUTPUT_QOS) -> None:
        """Make a publisher for ``send``; a plain one, so that a last zero velocity can leave while deactivating."""
        options = QoSOverridingOptions.with_default_policies()
        made = self.create_publisher(message_class(type_name), topic, copy(qos), qos_overriding_options=options)
        self._senders[topic] = made
        self._entities.append((self.destroy_publisher, made))

    def listeners(self, topic: str) -> int:
        """How many listen to a topic that was offered."""
        sender = self._senders.get(topic)
        return 0 if sender is None else int(sender.get_subscription_count())

    def wanted(self, topic: str) -> bool:
        """Whether anybody listens."""
        return self.listeners(topic) > 0

    def send(self, topic: str, encoded: Encoded) -> None:
        """Publish on a topic that was offered."""
        self.send_message(topic, to_message(encoded))

    def send_message(self, topic: str, message: Any) -> None:
        """Publish a message that is made already."""
        self._senders[topic].publish(message)

    def wait_until_sent(self, topic: str) -> bool:
        """Wait, briefly, until reliable listeners have what was sent."""
        return bool(self._senders[topic].wait_for_all_acked(Duration(seconds=SENT_S)))

    def every(self, period_s: float, callback: Callable[[], Any]) -> None:
        """Run while active, by the monotonic clock: it ticks without /clock and does not jump."""

        def tick() -> None:
            if self.active:
                self.guard.call("timer", callback)

        made = self.create_timer(period_s, tick, clock=self.steady)
        self._entities.append((self.destroy_timer, made))

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        return self.steady.now().nanoseconds * 1e-9

    def now_ns(self) -> int:
        """ROS time, which follows /clock with use_sim_time."""
        return int(self.get_clock().now().nanoseconds)

    def clock_fault(self) -> str:
        """Why ROS time cannot be trusted: use_sim_time without /clock, or one that stands; '' if it can. Ask it regularly."""
        now_ns, now_s = self.now_ns(), self.monotonic_s()
        if now_ns == 0:
            return "/clock (use_sim_time is true and nobody publishes it)"
        if now_ns != self._clock_seen[0]:
            self._clock_seen = (now_ns, now_s)
        stood_s = now_s - self._clock_seen[1]
        return f"/clock (it stands since {stood_s:.1f} s)" if stood_s > CLOCK_S else ""

    def namesakes(self) -> int:
        """How many other nodes have this one's full name."""
        mine = (self.get_name(), self.get_namespace())
        return max(0, self.get_node_names_and_namespaces().count(mine) - 1)

    # ---- lifecycle

    def start(self) -> None:
        """Autostart. A refusal then ends the process; without autostart the node waits for its manager."""
        if self.overrides().get("autostart", True) is False:
            return
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                self.exit_code = REFUSED
                return

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle: unconfigured -> inactive, or a refusal with one line that says why."""
        try:
            self.config = load(self.config_class, self.overrides())
            self._declare()
            self.configure()
        except MmNavError as error:
            self.get_logger().error(one_line(str(error), 600))
            self._undo()
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # a bug must not leave half a node behind
            self.get_logger().error(one_line(f"cannot be configured: {told(error)}", 600))
            self._undo()
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle: inactive -> active."""
        self.active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle: active -> inactive."""
        self.stand()
        self.active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle: inactive -> unconfigured."""
        self._undo()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle: -> finalized."""
        self.close()
        return super().on_shutdown(state)

    def stand(self) -> None:
        """What must be said last when the node stops working."""

    def close(self) -> None:
        """Stop working for good; the context still lives."""
        if self.active:
            self.guard.call("close", self.stand)
        self.active = False
        self._undo()

    def _warn(self, line: str) -> None:
        self.get_logger().warning(line)

    def _undo(self) -> None:
        self.guard.call("release", self.release)
        for destroy, made in reversed(self._entities):
            destroy(made)
        self._entities.clear()
        self._senders.clear()
        self._listening.clear()
        self._forget_destroyed()

    def _forget_destroyed(self) -> None:
        """Callback groups of rclpy keep a dead reference to everything that ever was in them (rclpy#1356)."""
        held = self.default_callback_group.entities
        held.difference_update([reference for reference in held if reference() is None])

    def _declare(self) -> None:
        """Show every parameter in ``ros2 param list``."""
        if self._declared:
            return
        self._declared = True
        for name, (_, rule) in rules(type(self.config)).items():
            value = getattr(self.config, name)
            members = {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
            for full, item in members.items():
                if not self.has_parameter(full):
                    self.declare_parameter(full, item, _descriptor(full, item, rule, name not in self.dynamic), ignore_override=True)
        self.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: Any) -> SetParametersResult:
        """Take values of dynamic parameters if all are good; else nothing changes, and the caller is told why."""
        new = {p.name: p.value for p in parameters if p.name in self.dynamic}
        if not new:
            return SetParametersResult(successful=True)
        try:
            config = load(self.config_class, self.overrides() | new)
        except MmNavError as error:
            return SetParametersResult(successful=False, reason=one_line(str(error)))
        self._set |= new
        self.config = config
        self.guard.call("parameters", self.reconfigured)
        self.get_logger().info(one_line(f"set {', '.join(f'{k} to {v}' for k, v in new.items())}"))
        return SetParametersResult(successful=True)


def _descriptor(name: str, value: Any, rule: Rule, read_only: bool) -> ParameterDescriptor:
    unit = f" [{rule.unit}]" if rule.unit else ""
    described = ParameterDescriptor(name=name, description=rule.doc + unit, read_only=read_only, dynamic_typing=True)
    if rule.low is not None and rule.high is not None and rule.length is None:
        if isinstance(value, float):
            described.floating_point_range = [FloatingPointRange(from_value=rule.low, to_value=rule.high, step=0.0)]
        elif isinstance(value, int):
            described.integer_range = [IntegerRange(from_value=int(rule.low), to_value=int(rule.high), step=0)]
    return described
