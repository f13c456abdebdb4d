# SPDX-License-Identifier: Apache-2.0
"""The fault injector: hands on what the fusion node reads, and spoils it when told to. Thin: fault.py says how.

For tests on a simulation or a recording, never on a robot that drives: it refuses to start unless ``enable`` is set.
"""

import heapq
import sys
from collections.abc import Sequence
from typing import Any

from rclpy.serialization import deserialize_message

from mm_nav.errors import ConfigError
from mm_nav.ros.fault import Faults
from mm_nav.ros.inputs import Input, inputs_of
from mm_nav.ros.managed import LATCHED_QOS, ODOMETRY_QOS, WORDS_QOS, ManagedNode
from mm_nav.ros.messages import message_class
from mm_nav.ros.params import InjectorConfig
from mm_nav.ros.runner import Stop, run
from mm_nav.wire import encode_string

TICK_S = 0.005
CLOCK = Input(topic="/clock", type_name="rosgraph_msgs/msg/Clock", source="clock", kind="clock")


class InjectorNode(ManagedNode):
    """Reads ``PREFIX/TOPIC`` and says TOPIC, for each topic of the sensors, odometry and /clock; obeys ``fault``."""

    config: InjectorConfig
    config_class = InjectorConfig

    def __init__(self, **options: Any) -> None:
        super().__init__("fault_injector", **options)

    def configure(self) -> None:
        """Subscribe and publish all topics."""
        if not self.config.enable:
            raise ConfigError("the fault injector spoils what a robot sees; set its parameter enable to true where that is wanted")
        relayed = [i for i in inputs_of(self.config) if i.kind != "command"] + [CLOCK]
        kinds = {i.source: i.kind for i in relayed if not i.kind.endswith("_info")}
        self._faults = Faults(kinds, self.config.fault_seed)
        self._waiting: list[tuple[float, int, str, Any]] = []
        self._count = 0
        for source in relayed:
            self.offer(source.type_name, source.topic)
            self.listen(source.type_name, f"{self.config.prefix}/{source.topic.lstrip('/')}", self._hearer(source), ODOMETRY_QOS, raw=True)
        self.offer("std_msgs/msg/String", "fault_status", LATCHED_QOS)
        self.listen("std_msgs/msg/String", "fault", self._hear_order, WORDS_QOS)
        self.every(TICK_S, self._tick)

    def _hearer(self, source: Input) -> Any:
        return lambda raw: self._hear(source, raw)

    def _hear(self, source: Input, raw: bytes) -> None:
        fault = self._faults.of(source.source, source.topic)
        if fault is None:
            self.send_message(source.topic, raw)
            return
        now_s = self.monotonic_s()
        for later_s, said in fault(deserialize_message(raw, message_class(source.type_name)), now_s):
            if later_s <= 0:
                self.send_message(source.topic, said)
            else:
                self._count += 1
                heapq.heappush(self._waiting, (now_s + later_s, self._count, source.topic, said))

    def _hear_order(self, message: Any) -> None:
        now = self._faults.order(str(message.data))
        self.get_logger().info(f"faults: {now}")
        self.send("fault_status", encode_string(now))

    def _tick(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.monotonic_s():
            _, _, topic, said = heapq.heappop(self._waiting)
            self.send_message(topic, said)


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run the node until it is stopped; returns the exit status."""
    return run(InjectorNode, argv, stop)


if __name__ == "__main__":
    sys.exit(main())
