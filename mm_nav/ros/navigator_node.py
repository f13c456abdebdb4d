# SPDX-License-Identifier: Apache-2.0
"""The navigator node: plan, occupancy and odometry in; cmd_vel out, zero whenever an input is late. Thin: see follower.py.

A new plan is obeyed when it comes; the timer is what keeps cmd_vel coming, and zero, when plans do not.
"""

import sys
from collections.abc import Sequence
from typing import Any

from mm_nav.core.types import Velocity
from mm_nav.ros.feed import ERROR, OK, WARN
from mm_nav.ros.follower import Follower
from mm_nav.ros.managed import ODOMETRY_QOS, OUTPUT_QOS, WORDS_QOS, ManagedNode
from mm_nav.ros.params import NavigatorConfig
from mm_nav.ros.runner import Stop, run
from mm_nav.wire import Status, encode_diagnostics, encode_velocity

REPORT_S = 1.0
LONGEST_STEP_S = 0.2  # a late tick does not allow a jump in speed
SHORTEST_STEP_S = 0.01  # plans in a flood do not make one of cmd_vel
DYNAMIC = frozenset({
    "max_speed", "max_reverse", "max_yaw_rate", "max_accel", "max_yaw_accel", "stop_margin", "degraded_speed", "unknown_speed",
    "creep_speed", "max_plan_age_s", "max_scene_age_s", "max_odom_age_s",
})  # fmt: skip
INPUTS = {
    "occupancy": "nav_msgs/msg/OccupancyGrid",
    "plan": "nav_msgs/msg/Path",
    "odom": "nav_msgs/msg/Odometry",
    "fusion_status": "diagnostic_msgs/msg/DiagnosticStatus",
}


class NavigatorNode(ManagedNode):
    """Publishes at a fixed rate while active, so that a base with a timeout keeps still for the right reason.

    The limits of speed, acceleration and age may be changed while it drives.
    """

    config: NavigatorConfig
    config_class = NavigatorConfig
    dynamic = DYNAMIC

    def __init__(self, **options: Any) -> None:
        super().__init__("navigator", **options)

    def configure(self) -> None:
        """Subscribe and start the clock of cmd_vel."""
        self._follower = Follower(self.config.limits(), self.config.base_frame)
        self._last_s = self._obeyed_s = self.monotonic_s()
        stamped = self.config.enable_stamped_cmd_vel
        if self.config.enable_cmd_vel:
            self.offer(f"geometry_msgs/msg/{'TwistStamped' if stamped else 'Twist'}", "cmd_vel")
        self.offer("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
        follower = self._follower
        hearers = (follower.hear_occupancy, follower.hear_plan, follower.hear_odometry, follower.hear_status)
        for (topic, type_name), hear in zip(INPUTS.items(), hearers, strict=True):
            self.listen(type_name, topic, self._timed(hear), ODOMETRY_QOS if topic == "odom" else OUTPUT_QOS)
        self.listen("std_msgs/msg/String", "command", self._hear_command, WORDS_QOS)
        self.listen("diagnostic_msgs/msg/DiagnosticStatus", "command_status", follower.hear_answer, WORDS_QOS)
        self.every(1.0 / self.config.rate_hz, self._tick)
        self.every(REPORT_S, self._report)
        if not self.config.enable_cmd_vel:
            self.get_logger().warning("enable_cmd_vel is false: the robot will not move")

    def reconfigured(self) -> None:
        """Other limits, at once."""
        self._follower.limits = self.config.limits()

    def _timed(self, hear: Any) -> Any:
        def heard(message: Any) -> None:
            hear(message, self.monotonic_s())
            if self.monotonic_s() - self._obeyed_s >= SHORTEST_STEP_S and self._follower.fresh():
                self._obeyed_s = self.monotonic_s()
                self._tick()

        return heard

    def _hear_command(self, message: Any) -> None:
        if self._follower.hear_command(str(message.data)):
            self._publish(self._follower.stand("told to stop"))

    def _tick(self) -> None:
        now_s = self.monotonic_s()
        dt_s, self._last_s = min(now_s - self._last_s, LONGEST_STEP_S), now_s
        if (fault := self.clock_fault()) and not self.config.sim_pause_ok:
            self._publish(self._follower.stand(f"waiting for {fault}"))
            return
        velocity = self.guard.call("velocity", self._follower.velocity, now_s, dt_s)
        self._publish(velocity if velocity is not None else self._follower.stand("velocity failed"))

    def _publish(self, velocity: Velocity) -> None:
        if self.config.enable_cmd_vel:
            stamped = self.config.enable_stamped_cmd_vel
            self.send("cmd_vel", encode_velocity(velocity, self.now_ns(), stamped, self.config.base_frame))

    def _report(self) -> None:
        ages = self._follower.ages(self.monotonic_s())
        velocity = self._follower.previous
        values = {
            "enable_cmd_vel": str(self.config.enable_cmd_vel).lower(),
            "linear": f"{velocity.linear:.3f}",
            "angular": f"{velocity.angular:.3f}",
            "age_s.plan": f"{ages.plan_s:.2f}",
            "age_s.occupancy": f"{ages.scene_s:.2f}",
            "age_s.odom": "never" if ages.odom_s is None else f"{ages.odom_s:.2f}",
            "degraded": str(self._follower.degraded).lower(),
            "holds": str(self._follower.holds),
        }
        for source in (*INPUTS, "command", "velocity"):
            values |= {f"{source}.{key}": text for key, text in self.guard.report(source).items()}
        level = ERROR if self.guard.recent("velocity") else WARN if velocity.reason else OK
        others = self.count_publishers(self.resolve_topic_name("cmd_vel")) - 1 if self.config.enable_cmd_vel else 0
        if others > 0:
            level, values["cmd_vel"] = max(level, WARN), f"{others} other publishers; put a twist_mux between them"
        if others := self.namesakes():
            level, values["name"] = max(level, WARN), f"{others} other node(s) of this name; rename them"
        name = f"{self.get_fully_qualified_name()}: navigator"
        message = velocity.reason or "following the plan"
        status = Status(name=name, level=level, message=message, values=values)
        self.send("/diagnostics", encode_diagnostics([status], self.now_ns()))

    def stand(self) -> None:
        """The last word: zero, and time for it to arrive."""
        if self.config.enable_cmd_vel:
            self._publish(self._follower.stand("shutting down"))
            self.wait_until_sent("cmd_vel")


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run the node until it is stopped; returns the exit status."""
    return run(NavigatorNode, argv, stop)


if __name__ == "__main__":
    sys.exit(main())
