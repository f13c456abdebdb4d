# SPDX-License-Identifier: Apache-2.0
"""mm_nav's own two nodes, with a note of which instant each message comes from and when: for ``endtoend``.

The nodes are those of ``mm_nav node``; added is a std_msgs/String after an instant's results are out, and the instant in
``frame_id`` of cmd_vel. Usage: ``traced.py fusion|navigator --ros-args …``.
"""

import json
import sys
import time
from typing import Any

from mm_nav.core.types import SensorFrame, Velocity
from mm_nav.ros.fusion_node import FusionNode
from mm_nav.ros.inputs import Input
from mm_nav.ros.managed import OUTPUT_QOS
from mm_nav.ros.navigator_node import NavigatorNode
from mm_nav.ros.runner import leave, run
from mm_nav.wire import encode_string, encode_velocity


class TracedFusion(FusionNode):
    """Says on ``trace`` when each instant passed through."""

    def configure(self) -> None:
        """As ever, and one topic more."""
        super().configure()
        self.offer("std_msgs/msg/String", "trace", OUTPUT_QOS)
        self._heard_ns: dict[int, int] = {}

    def _hear(self, source: Input, message: Any) -> None:
        began_ns = time.time_ns()
        if source.kind not in ("command", "transform", "camera_info"):
            stamp = message.header.stamp
            stamp_ns = stamp.sec * 10**9 + stamp.nanosec
            self._heard_ns[stamp_ns] = began_ns
            while len(self._heard_ns) > 200:
                self._heard_ns.pop(next(iter(self._heard_ns)))
        super()._hear(source, message)

    def _step(self, frame: SensorFrame) -> None:
        began_ns = time.time_ns()
        super()._step(frame)
        done_ns = time.time_ns()
        stamps = [v.image.stamp_ns for v in frame.cameras]
        stamps += [p.cloud.stamp_ns for p in (*frame.lidars, *frame.radars)]
        stamps += [frame.odometry.stamp_ns] if frame.odometry is not None else []
        note = {"stamp": frame.stamp_ns, "newest": max(stamps, default=frame.stamp_ns), "heard": self._heard_ns.get(max(stamps, default=0), began_ns),
                "began": began_ns, "done": done_ns, "missing": [m.name for m in frame.missing], "stages": self._stage_ms}  # fmt: skip
        self.send("trace", encode_string(json.dumps(note)))


class TracedNavigator(NavigatorNode):
    """Says in ``frame_id`` of cmd_vel which plan it follows."""

    def _publish(self, velocity: Velocity) -> None:
        self.send("cmd_vel", encode_velocity(velocity, self.now_ns(), True, str(self._follower.plan_stamp_ns)))


if __name__ == "__main__":
    leave(run({"fusion": TracedFusion, "navigator": TracedNavigator}[sys.argv[1]], [sys.argv[1], *sys.argv[2:]]))
