# SPDX-License-Identifier: Apache-2.0
"""What the viewer node shows of each topic: decodes, thins by time, hands over to the live view and the board. No rclpy.

Never more than ``max_rate_hz`` of a topic is decoded: watching must not slow the robot.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud, PosedCloud, Utterance
from mm_nav.errors import ConfigError
from mm_nav.ros.board import Board
from mm_nav.ros.fault import offered
from mm_nav.ros.guard import one_line
from mm_nav.ros.inputs import Input, inputs_of, own_decoders
from mm_nav.ros.outputs import OFFERS
from mm_nav.ros.params import ViewerConfig
from mm_nav.wire import decode, decode_transforms
from mm_nav.wire.decode import decode_occupancy, decode_path
from mm_nav.wire.extrinsics import NO_FIX, fixes, mount
from mm_nav.wire.message import frame_of, stamp_of
from mm_nav.wire.outcome import ADD, LabelledBox

if TYPE_CHECKING:
    from mm_nav.viz.live import LiveView

CUBE = 1
SHOWN = ("camera", "camera_info", "lidar", "radar", "odometry", "command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A topic to listen to. ``words``: each message counts, and there are few; ``kept``: what was said before counts too."""

    topic: str
    type_name: str
    hear: Callable[[Any], None]
    words: bool = False
    kept: bool = False


class Viewing:
    """The topics of one robot.

    Args:
        config: which topics, mountings and rate. view: where it is shown. board: what the page shows in words.
        clock: monotonic seconds.

    Raises:
        ConfigError: a calibration that cannot be read.
    """

    def __init__(self, config: ViewerConfig, view: "LiveView", board: Board, clock: Callable[[], float] = time.monotonic) -> None:
        self._config, self._view, self._board, self._clock = config, view, board, clock
        self._tree = mount(config.extrinsics, config.calibration, config.base_frame)
        self._fixed = fixes(config.calibration) if config.calibration else {}
        self._inputs = [i for i in inputs_of(config) if i.kind in SHOWN]
        self._own = own_decoders(config, inputs_of(config), self._fixed)
        self._models: dict[str, CameraModel] = {}
        self._shown_s: dict[str, float] = {}
        self._status = ""

    def topics(self) -> Iterator[Shown]:
        """What to listen to, and what to do with it."""
        for source in self._inputs:
            words = source.kind == "command"
            hear = self._hear_words if words else self._thinned(source.topic, self._sensor(source), source.kind != "camera_info")
            yield Shown(topic=source.topic, type_name=source.type_name, hear=hear, words=words)
        outputs = {
            "occupancy": self._hear_occupancy, "objects": self._hear_objects, "obstacles": self._hear_obstacles,
            "goal_pose": self._hear_goal, "plan": self._hear_plan,
        }  # fmt: skip
        for topic, hear in outputs.items():
            yield Shown(topic=topic, type_name=OFFERS[topic], hear=self._thinned(topic, hear))
        yield Shown(topic="command_status", type_name=OFFERS["command_status"], hear=self._hear_answer, words=True, kept=True)
        yield Shown(topic="fusion_status", type_name=OFFERS["fusion_status"], hear=self._hear_status)
        stamped = self._config.enable_stamped_cmd_vel
        twist = f"geometry_msgs/msg/{'TwistStamped' if stamped else 'Twist'}"
        yield Shown(topic="cmd_vel", type_name=twist, hear=self._thinned("cmd_vel", self._hear_velocity))
        yield Shown(topic="fault_status", type_name="std_msgs/msg/String", hear=self._hear_faults, words=True, kept=True)
        yield Shown(topic="/diagnostics", type_name="diagnostic_msgs/msg/DiagnosticArray", hear=self._hear_diagnostics, words=True)

    def sensors(self) -> list[str]:
        """Names of the sensors that are shown."""
        return list(dict.fromkeys(i.source for i in self._inputs if i.kind in ("camera", "lidar", "radar")))

    def faults(self) -> dict[str, list[str]]:
        """What a fault injector beside this robot could do to each source."""
        kinds = {i.source: i.kind for i in inputs_of(self._config) if not i.kind.endswith("_info")}
        return offered({**kinds, "clock": "clock"})

    def hear_transforms(self, message: Any, static: bool) -> None:
        """Mountings on /tf and /tf_static, where there are any."""
        for parent, child, T, _ in decode_transforms(message):
            self._tree.set(parent, child, T, static=static)

    def _thinned(self, topic: str, hear: Callable[[Any], None], wait: bool = True) -> Callable[[Any], None]:
        def heard(message: Any) -> None:
            now_s = self._clock()
            if wait and now_s - self._shown_s.get(topic, float("-inf")) < 1.0 / self._config.max_rate_hz:
                return
            self._shown_s[topic] = now_s
            hear(message)

        return heard

    def _sensor(self, source: Input) -> Callable[[Any], None]:
        def hear(message: Any) -> None:
            reading = decode(source.type_name, message, instead=self._own.get(source.topic))
            if isinstance(reading, CameraModel):
                self._models[source.source] = reading
            elif not isinstance(reading, Utterance):
                self._view.at(reading.stamp_ns)
                self._show(source, reading)

        return hear

    def _show(self, source: Input, reading: CameraImage | PointCloud | Odometry) -> None:
        if isinstance(reading, Odometry):
            self._board.speed = float(reading.linear[0])
            self._view.odometry(reading)
            return
        frame = self._config.frame_id.get(source.source) or self._fixed.get(source.source, NO_FIX).frame_id or reading.frame_id
        try:
            T = self._tree.lookup(self._config.base_frame, frame)
        except ConfigError:
            T = None
        if isinstance(reading, CameraImage):
            self._view.camera(source.source, reading, self._models.get(source.source), T)
        elif T is not None:
            posed = PosedCloud(name=source.source, cloud=reading, T_base_sensor=T)
            (self._view.radar if source.kind == "radar" else self._view.lidar)(posed)

    def _hear_words(self, message: Any) -> None:
        text = one_line(str(message.data))
        self._view.at(0)
        self._view.words("command", text)
        self._board.say("command", text)

    def _hear_faults(self, message: Any) -> None:
        self._board.spoiled = one_line(str(message.data))
        self._board.say("faults", self._board.spoiled, 1)

    def _hear_answer(self, message: Any) -> None:
        values = {str(v.key): str(v.value) for v in message.values}
        about = [values[key] for key in ("reason", "intent", "phrase", "text", "confidence") if values.get(key)][:2]
        text = one_line(f"{message.message}{': ' if about else ''}{' '.join(about)}".replace("_", " "))
        self._view.at(0)
        self._view.words("answer", text, _level(message.level))
        self._board.say("answer", text, _level(message.level))

    def _hear_status(self, message: Any) -> None:
        missing = {str(v.key).removeprefix("missing."): one_line(str(v.value)) for v in message.values if str(v.key).startswith("missing.")}
        level, text = _level(message.level), one_line(str(message.message))
        self._view.at(0)
        if self._board.sees({name: missing.get(name, "") for name in self.sensors()}, text, level):
            lacking = "; ".join(f"{name} is missing ({why})" for name, why in missing.items())
            self._view.words("fusion", f"{text}{': ' + lacking if lacking else ''}", level)
        for name in self.sensors():
            self._view.number(f"sensors/{name}", float(name not in missing))

    def _hear_velocity(self, message: Any) -> None:
        twist = message.twist if self._config.enable_stamped_cmd_vel else message
        self._view.at(stamp_of(message.header) if self._config.enable_stamped_cmd_vel else 0)
        self._view.number("velocity/linear", float(twist.linear.x))
        self._view.number("velocity/angular", float(twist.angular.z))

    def _hear_diagnostics(self, message: Any) -> None:
        self._view.at(stamp_of(message.header))
        for status in message.status:
            values = {str(v.key): str(v.value) for v in status.values}
            for key, value in values.items():
                if key.startswith("ms."):
                    self._view.number(f"stage_ms/{key.removeprefix('ms.')}", float(value))
            name, level, text = one_line(str(status.name), 80), _level(status.level), one_line(str(status.message))
            if "bundle" in values:
                self._board.about = {key: one_line(values[key], 60) for key in ("bundle", "backend", "rate_hz") if key in values}
            if self._board.told(name, level, text):
                self._view.words("diagnostics", f"{name}: {text}", level)

    def _hear_occupancy(self, message: Any) -> None:
        stamp_ns, _, grid, probability = decode_occupancy(message)
        self._view.at(stamp_ns)
        self._view.occupancy(grid, probability)

    def _hear_plan(self, message: Any) -> None:
        stamp_ns, frame, path = decode_path(message)
        self._view.at(stamp_ns)
        self._view.plan(frame, path)

    def _hear_goal(self, message: Any) -> None:
        self._view.at(stamp_of(message.header))
        self._view.goal(frame_of(message.header), np.array([message.pose.position.x, message.pose.position.y], np.float64))

    def _hear_obstacles(self, message: Any) -> None:
        cloud = decode("sensor_msgs/msg/PointCloud2", message)
        if isinstance(cloud, PointCloud):
            self._view.at(cloud.stamp_ns)
            self._view.obstacles(cloud.xyz)

    def _hear_objects(self, message: Any) -> None:
        cubes = [m for m in message.markers if m.action == ADD and m.type == CUBE]
        self._view.at(stamp_of(message.markers[0].header) if message.markers else 0)
        self._view.objects([_box(marker) for marker in cubes])


def _box(marker: Any) -> LabelledBox:
    p, q, s = marker.pose.position, marker.pose.orientation, marker.scale
    return LabelledBox(id=int(marker.id), label=str(marker.ns), text=one_line(str(marker.text), 40), center=np.array([p.x, p.y, p.z], np.float64),
                       size=np.array([s.x, s.y, s.z], np.float64), yaw=float(2 * np.arctan2(q.z, q.w)))  # fmt: skip


def _level(level: Any) -> int:
    return level[0] if isinstance(level, bytes) else int(level)
