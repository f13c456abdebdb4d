# SPDX-License-Identifier: Apache-2.0
"""The sim node: a simulated world behind the topics of a robot, and /clock. Thin: scenario.py says what is published."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mm_nav.errors import ConfigError
from mm_nav.ros import compat
from mm_nav.ros.managed import LATCHED_QOS, OUTPUT_QOS, TRANSFORMS_QOS, WORDS_QOS, ManagedNode
from mm_nav.ros.params import SimConfig
from mm_nav.ros.runner import Stop, run
from mm_nav.ros.scenario import OFFERS, Scenario
from mm_nav.wire import Encoded, encode_string
from mm_nav.wire.message import time_fields

TICK_S = 0.01
DEADMAN_S = 0.5  # a base stands still when nobody drives it for this long
REPEAT_S = 3.0  # an order that nobody answered is said again
MOST_STEPS = 4  # a slow machine gets slower time, not a jump


class SimNode(ManagedNode):
    """Time begins when a node that plans listens to ``command``: in which order nodes start does not matter."""

    config: SimConfig
    config_class = SimConfig

    def __init__(self, **options: Any) -> None:
        super().__init__("sim", **options)
        self._scenario: Scenario | None = None

    def configure(self) -> None:
        """Build the world and its topics."""
        self._scenario = Scenario(self.config)
        self._velocity = (0.0, 0.0)
        self._driven_s = self._said_s = -float("inf")
        self._began_s: float | None = None
        self._held_since_s = self.monotonic_s()
        self._order = ""
        self._done = ""
        for topic, type_name in OFFERS.items():
            self.offer(type_name, topic)
        self.offer("std_msgs/msg/String", "command", WORDS_QOS)
        self.offer("std_msgs/msg/String", "ground_truth/target", LATCHED_QOS)
        self.offer("std_msgs/msg/String", "ground_truth/result", LATCHED_QOS)
        self.offer("rosgraph_msgs/msg/Clock", "/clock")
        if compat.has_transforms():
            self.offer(compat.TRANSFORMS, "/tf_static", LATCHED_QOS)
            self.offer(compat.TRANSFORMS, "/tf", TRANSFORMS_QOS)
        stamped = self.config.enable_stamped_cmd_vel
        self.listen(f"geometry_msgs/msg/{'TwistStamped' if stamped else 'Twist'}", "cmd_vel", self._hear_velocity, OUTPUT_QOS)
        self.listen("diagnostic_msgs/msg/DiagnosticStatus", "command_status", self._hear_status, WORDS_QOS)
        self.listen("std_msgs/msg/String", "sensor_switch", self._hear_switch, WORDS_QOS)
        for topic, encoded, _ in self._scenario.opening():
            if topic != "/tf_static" or compat.has_transforms():
                self.send(topic, encoded)
        self.every(TICK_S, self._tick)
        self.get_logger().info(f"seed {self.config.seed}: the order will be {self._scenario.order!r}")

    def _hear_velocity(self, message: Any) -> None:
        twist = message.twist if self.config.enable_stamped_cmd_vel else message
        self._velocity = (float(twist.linear.x), float(twist.angular.z))
        self._driven_s = self.monotonic_s()

    def _hear_status(self, message: Any) -> None:
        if any(v.key == "reason" and v.value == "expired" for v in message.values):
            return  # it came too late; it is said again
        self._order = ""  # somebody answered
        if self._scenario is not None:
            self._scenario.hear_answer(str(message.message))

    def _hear_switch(self, message: Any) -> None:
        if self._scenario is not None:
            self._scenario.switch(str(message.data))
            self.get_logger().info(f"sensor switch: {message.data}")

    def _tick(self) -> None:
        scenario, now_s = self._scenario, self.monotonic_s()
        if scenario is None or (self._done and self.config.exit_when_done):
            return
        if self._began_s is None:
            self._send_clock(scenario)
            if not self._listened() and now_s - self._held_since_s < self.config.hold_s:
                return
            self._began_s = now_s
        due_s = (now_s - self._began_s) * self.config.real_time_factor
        steps = 0
        while scenario.time_s <= due_s and steps < MOST_STEPS and self.exit_code is None:
            self._step(scenario)
            steps += 1
        if scenario.time_s <= due_s:
            self._began_s = now_s - scenario.time_s / self.config.real_time_factor
        if self._order and now_s - self._said_s > REPEAT_S:
            self._say(self._order)

    def _step(self, scenario: Scenario) -> None:
        driven = self.monotonic_s() - self._driven_s <= DEADMAN_S
        v, w = self._velocity if driven else (0.0, 0.0)
        truth = any(self.wanted(topic) for topic in OFFERS if topic.startswith("ground_truth/"))
        for topic, encoded, _ in scenario.advance(v, w, truth):
            if topic == "command":
                self._say(encoded.fields["data"])
            elif self.wanted(topic):
                self.send(topic, encoded)
        self._send_clock(scenario)
        reason = "" if self._done else scenario.verdict()
        if reason:
            self._finish(scenario, reason)

    def _say(self, text: str) -> None:
        self._order, self._said_s = text, self.monotonic_s()
        self.get_logger().info(f"says {text!r}")
        self.send("command", encode_string(text))

    def _send_clock(self, scenario: Scenario) -> None:
        self.send("/clock", Encoded("rosgraph_msgs/msg/Clock", {"clock": time_fields(scenario.stamp_ns)}))

    def _listened(self) -> bool:
        """Whether a node that publishes ``plan`` listens to ``command``, and is matched."""
        planners = {p.node_name for p in self.get_publishers_info_by_topic(self.resolve_topic_name("plan"))}
        listeners = [s.node_name for s in self.get_subscriptions_info_by_topic(self.resolve_topic_name("command"))]
        return bool(planners & set(listeners)) and self.listeners("command") >= len(listeners)

    def _finish(self, scenario: Scenario, reason: str) -> None:
        result = scenario.result(reason)
        self.get_logger().info(f"result {result}")
        self.send("ground_truth/result", encode_string(result))
        if self.config.endless and not scenario.sim.collided:
            scenario.go_on()
            return
        self._done = reason
        if self.config.result_file:
            path = Path(self.config.result_file)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(result + "\n", encoding="utf-8")
            except OSError as error:
                self.exit_code = 1
                raise ConfigError(f"result_file {str(path)!r} cannot be written ({error.strerror}); choose another") from error
        if self.config.exit_when_done:
            self.exit_code = 0


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run the node until it is stopped; returns the exit status."""
    return run(SimNode, argv, stop)


if __name__ == "__main__":
    sys.exit(main())
