# SPDX-License-Identifier: Apache-2.0
"""The viewer node: inputs and outputs live in Rerun, and a page to speak from. Thin: viewing.py says what is shown.

It only listens, newest wins, at low priority. What the page sends is published as any person's order would be.
"""

import os
import sys
from collections.abc import Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from mm_nav.core.command import MAX_CHARS
from mm_nav.errors import ConfigError
from mm_nav.ros import compat
from mm_nav.ros.board import Board
from mm_nav.ros.dashboard import Dashboard
from mm_nav.ros.managed import INPUT_QOS, LATCHED_QOS, WORDS_QOS, ManagedNode
from mm_nav.ros.params import ViewerConfig
from mm_nav.ros.runner import Stop, run
from mm_nav.ros.viewing import Viewing
from mm_nav.wire import encode_string

if TYPE_CHECKING:
    from mm_nav.viz.viewer import Viewer

NICENESS = 10  # the robot's own nodes go first
SEND_S, LOOK_S = 0.05, 1.0
MOST_WAITING = 16  # orders of the page that were not published yet


class ViewerNode(ManagedNode):
    """Callbacks decode and log; the page's threads only queue."""

    config: ViewerConfig
    config_class = ViewerConfig

    def __init__(self, **options: Any) -> None:
        super().__init__("viewer", **options)
        self._viewer: Viewer | None = None
        self._dashboard: Dashboard | None = None
        self._said: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def configure(self) -> None:
        """Open the viewer and the page, subscribe."""
        try:
            from mm_nav.viz.live import LiveView
            from mm_nav.viz.viewer import open_viewer
        except ImportError as error:
            raise ConfigError(f"Rerun is not installed ({error}); pip install 'mm_nav[viz]', or start without rerun and dashboard") from error
        way = self.config.rerun.strip()
        if way.lower() in ("false", "0", "") or (self.config.dashboard and way == "true"):
            way = "web"  # the page shows it
        self._viewer = open_viewer(way)
        self._board = Board(robot=self.get_namespace(), viewer=self._viewer.url)
        cameras = [f"camera/{name}" for name in self.config.cameras]
        self._viewing = Viewing(self.config, LiveView(self._viewer.stream, cameras, self.config.base_frame), self._board)
        for shown in self._viewing.topics():
            qos = LATCHED_QOS if shown.kept else WORDS_QOS if shown.words else INPUT_QOS
            self.listen(shown.type_name, shown.topic, shown.hear, qos)
        if compat.has_transforms():
            for topic, qos in (("/tf", INPUT_QOS), ("/tf_static", LATCHED_QOS)):
                self.listen(compat.TRANSFORMS, topic, self._hear_transforms(topic == "/tf_static"), qos)
        if self.config.dashboard:
            for topic in ("command", "sensor_switch", "fault"):
                self.offer("std_msgs/msg/String", topic, WORDS_QOS)
            doors = {"/command": self._take_order, "/switch": self._take_switch, "/fault": self._take_fault}
            self._dashboard = Dashboard(self.config.dashboard_port, self._board.snapshot, doors)
            self.every(SEND_S, self._send_said)
        self.every(LOOK_S, self._look)
        self.get_logger().info(f"shown: {self._viewer.told}")
        if self._dashboard is not None:
            self.get_logger().info(f"dashboard: {self._dashboard.url}")

    def _hear_transforms(self, static: bool) -> Any:
        return lambda message: self._viewing.hear_transforms(message, static)

    def _take_order(self, sent: dict[str, Any]) -> str:
        """In a thread of the page."""
        text = sent.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARS or set(sent) != {"text"}:
            return f"send {{\"text\": …}} with 1 to {MAX_CHARS} characters"
        return self._queue("command", text.strip())

    def _take_switch(self, sent: dict[str, Any]) -> str:
        """In a thread of the page."""
        sensor, on = sent.get("sensor"), sent.get("on")
        if sensor not in self._viewing.sensors() or not isinstance(on, bool) or set(sent) != {"sensor", "on"}:
            return f"send {{\"sensor\": …, \"on\": true or false}}; sensors are {', '.join(self._viewing.sensors())}"
        return self._queue("sensor_switch", f"{sensor} {'on' if on else 'off'}")

    def _take_fault(self, sent: dict[str, Any]) -> str:
        """In a thread of the page."""
        source, fault = sent.get("source"), sent.get("fault")
        could = self._viewing.faults()
        if not isinstance(source, str) or fault not in could.get(source, ()) or set(sent) != {"source", "fault"}:
            return f"send {{\"source\": …, \"fault\": …}}; sources and what can happen to them are {could}"
        return self._queue("fault", f"{source} {fault}")

    def _queue(self, topic: str, text: str) -> str:
        if self._said.qsize() >= MOST_WAITING:
            return "too many orders at once; wait a little"
        self._said.put((topic, text))
        return ""

    def _send_said(self) -> None:
        """In the executor's thread."""
        while not self._said.empty():
            topic, text = self._said.get_nowait()
            self.send(topic, encode_string(text))
            if topic == "sensor_switch":
                self._board.say("switch", text)

    def _look(self) -> None:
        if self._dashboard is not None:
            self._board.simulated = self.wanted("sensor_switch")
            self._board.injected = self._viewing.faults() if self.wanted("fault") else {}
            self._board.spoiled = self._board.spoiled if self._board.injected else ""
        if self._viewer is not None and self._viewer.ended():
            self.get_logger().info("the viewer was closed")
            self.exit_code = 0

    def release(self) -> None:
        """End the page and the viewer."""
        if self._dashboard is not None:
            self._dashboard.close()
            self._dashboard = None
        if self._viewer is not None:
            self._viewer.close()
            self._viewer = None


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run the node until it is stopped; returns the exit status."""
    os.nice(NICENESS)
    return run(ViewerNode, argv, stop)


if __name__ == "__main__":
    sys.exit(main())
