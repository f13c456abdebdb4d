# SPDX-License-Identifier: Apache-2.0
"""What can be seen and said from outside: one ROS node that notes when what came, judges motion, and speaks. Knows no process."""

import contextlib
import json
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from mm_nav.core.safety import DriveLimits
from mm_nav.ros.managed import LATCHED_QOS, ODOMETRY_QOS, WORDS_QOS
from mm_nav.ros.messages import message_class, to_message
from mm_nav.wire import encode_string

STILL_MPS, STILL_RADPS = 0.03, 0.05  # of the wheels, which creep a little
MATCH_S = 0.1  # a cmd_vel belongs to the plan that came at most so long before it
KEPT = 400
LIMITS = DriveLimits()
ANSWERS_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1000, reliability=ReliabilityPolicy.RELIABLE)


class Probe:
    """Times are monotonic seconds of this process.

    Attributes:
        commanded: the last cmd_vel (m/s, rad/s). since_still_s: since when it is zero; infinite while it moves.
        level: of the last fusion_status; -1 before there is one. hold: why fusion knows nothing. order: the simulator's last, at order_s.
        unsafe: what must not happen and did. results: of the simulator's orders.
        latencies_s: from a sensor's message to the first cmd_vel that could consider it.
    """

    def __init__(self) -> None:
        rclpy.init(args=[])
        self.node = Node("soak_probe")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.commanded, self.velocity_s, self.velocities = (0.0, 0.0), -math.inf, 0
        self.since_still_s, self.moved_s = 0.0, -math.inf
        self.wheels, self.wheels_s, self.wheels_still_s = (0.0, 0.0), -math.inf, 0.0
        self.plan_s, self.plans = -math.inf, 0
        self.level, self.level_s, self.hold, self.missing = -1, -math.inf, "", ""
        self.order, self.order_s, self.said = "", -math.inf, set[str]()
        self.answers: list[str] = []
        self.accepted = self.last_said = ""
        self.results: list[dict[str, Any]] = []
        self.unsafe: list[str] = []
        self.latencies_s: list[float] = []
        self._sensed: dict[int, float] = {}
        self._stamps: deque[int] = deque()
        self._planned: deque[tuple[float, float]] = deque(maxlen=KEPT)  # when a plan came, when its sensors had spoken
        self._hear("geometry_msgs/msg/TwistStamped", "cmd_vel", self._on_velocity)
        self._hear("nav_msgs/msg/Path", "plan", self._on_plan)
        self._hear("diagnostic_msgs/msg/DiagnosticStatus", "fusion_status", self._on_status)
        self._hear("diagnostic_msgs/msg/DiagnosticStatus", "command_status", self._on_answer, ANSWERS_QOS)
        self._hear("std_msgs/msg/String", "command", self._on_command)
        self._hear("std_msgs/msg/String", "ground_truth/result", self._on_result, LATCHED_QOS)
        self._hear("nav_msgs/msg/Odometry", "real/odom", self._on_wheels, ODOMETRY_QOS)
        self._command = self.node.create_publisher(message_class("std_msgs/msg/String"), "command", WORDS_QOS)
        self._spoiler = self.node.create_publisher(message_class("std_msgs/msg/String"), "command", WORDS_QOS)
        self._fault = self.node.create_publisher(message_class("std_msgs/msg/String"), "fault", WORDS_QOS)

    def _hear(self, type_name: str, topic: str, callback: Callable[[Any], Any], qos: Any = WORDS_QOS) -> None:
        self.node.create_subscription(message_class(type_name), topic, callback, qos)

    def close(self) -> None:
        """Leave the graph."""
        self.executor.remove_node(self.node)
        self.node.destroy_node()
        self.executor.shutdown()
        rclpy.try_shutdown()

    # ---- waiting

    def until(self, condition: Callable[[], object], patience_s: float) -> float | None:
        """Listen until it holds. Returns the seconds that it took; None: it did not in time."""
        began_s = time.monotonic()
        while not condition():
            if time.monotonic() - began_s > patience_s:
                return None
            self.executor.spin_once(timeout_sec=0.02)
        return time.monotonic() - began_s

    def listen(self, seconds: float) -> None:
        """Listen for so long."""
        self.until(lambda: False, seconds)

    # ---- speaking

    def say(self, text: str) -> None:
        """A spoken command."""
        self.said.add(text)
        self.last_said = text
        self._command.publish(to_message(encode_string(text)))

    def say_order_again(self) -> None:
        """What the simulator last asked for; after a fault that made the robot forget it."""
        if self.order:
            self._command.publish(to_message(encode_string(self.order)))

    def say_bytes(self, raw: bytes) -> None:
        """A sample on the topic of commands that need be no message, from another publisher.

        One that sent no byte is itself not heard for seconds: reliable readers wait for what it lost. Others are.
        """
        self._spoiler.publish(raw)

    def fault(self, text: str) -> None:
        """An order to the fault injector."""
        self._fault.publish(to_message(encode_string(text)))

    # ---- judging

    @property
    def stands(self) -> bool:
        """Whether the last cmd_vel was zero."""
        return self.since_still_s < math.inf

    @property
    def running(self) -> bool:
        """All sensors are there, plans come, and velocities too."""
        now_s = time.monotonic()
        return self.level == 0 and max(now_s - self.plan_s, now_s - self.velocity_s, now_s - self.level_s) < 0.6

    def moves_since(self, since_s: float) -> bool:
        """Whether it was told to move after that time."""
        return self.moved_s > since_s

    # ---- hearing

    def _on_velocity(self, message: Any) -> None:
        now_s = time.monotonic()
        v, w = float(message.twist.linear.x), float(message.twist.angular.z)
        if not (math.isfinite(v) and math.isfinite(w)):
            self.unsafe.append(f"cmd_vel ({v}, {w}) is not finite")
        elif not (-LIMITS.max_reverse - 1e-6 <= v <= LIMITS.max_speed + 1e-6 and abs(w) <= LIMITS.max_yaw_rate + 1e-6):
            self.unsafe.append(f"cmd_vel ({v:.3f}, {w:.3f}) is beyond the limits")
        if v == 0.0 and w == 0.0:
            self.since_still_s = min(self.since_still_s, now_s)
        else:
            self.since_still_s = math.inf
            self.moved_s = now_s
        self.commanded, self.velocity_s = (v, w), now_s
        self.velocities += 1
        while self._planned:
            planned_s, sensed_s = self._planned.popleft()
            if now_s - planned_s < MATCH_S:
                self.latencies_s.append(now_s - sensed_s)

    def _on_plan(self, message: Any) -> None:
        self.plan_s = time.monotonic()
        self.plans += 1
        sensed_s = self._sensed.pop(_stamp_ns(message), None)
        if sensed_s is not None:
            self._planned.append((self.plan_s, sensed_s))

    def _on_status(self, message: Any) -> None:
        self.level, self.level_s = message.level[0], time.monotonic()
        self.hold = str(message.message) if self.level >= 2 else ""
        self.missing = ", ".join(f"{v.key.removeprefix('missing.')}: {v.value}" for v in message.values)

    def _on_answer(self, message: Any) -> None:
        self.answers.append(str(message.message))
        if message.message == "accepted":
            self.accepted = next((str(v.value) for v in message.values if v.key == "text"), "")

    def _on_command(self, message: Any) -> None:
        if message.data not in self.said:
            self.order, self.order_s = str(message.data), time.monotonic()

    def _on_result(self, message: Any) -> None:
        with contextlib.suppress(ValueError):
            self.results.append(json.loads(message.data))

    def _on_wheels(self, message: Any) -> None:
        self.wheels_s = time.monotonic()
        self.wheels = float(message.twist.twist.linear.x), float(message.twist.twist.angular.z)
        if abs(self.wheels[0]) > STILL_MPS or abs(self.wheels[1]) > STILL_RADPS:
            self.wheels_still_s = math.inf
        else:
            self.wheels_still_s = min(self.wheels_still_s, self.wheels_s)
        stamp_ns = _stamp_ns(message)
        if stamp_ns not in self._sensed:
            self._sensed[stamp_ns] = self.wheels_s
            self._stamps.append(stamp_ns)
            if len(self._stamps) > KEPT:
                self._sensed.pop(self._stamps.popleft(), None)


def _stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec) * 10**9 + int(message.header.stamp.nanosec)
