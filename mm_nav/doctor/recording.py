# SPDX-License-Identifier: Apache-2.0
"""Checks of a recording: clocks, rates and gaps of every topic, what its sensors say, and whether they agree."""

from collections import Counter, defaultdict

import numpy as np

from mm_nav.bags.playback import TopicUse, own_decoders, robot_source, sources, topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.core.doppler import own_velocity
from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import transform
from mm_nav.core.timing import Timing, timing
from mm_nav.core.types import CameraModel, Odometry, PointCloud
from mm_nav.doctor.finding import Finding
from mm_nav.doctor.instants import aligned, instants, synchronised
from mm_nav.doctor.lag import Scans
from mm_nav.doctor.timing import judge
from mm_nav.errors import MessageError
from mm_nav.wire import decode
from mm_nav.wire.message import stamp_of

SENSORS = ("camera", "lidar", "radar", "odometry")
MOUNTED = ("camera", "lidar", "radar")
MANY = 0.05  # share of ranges that are no number, from which one should know
DISAGREE = 0.5  # m/s between Doppler and odometry
MOVES = 0.3  # m/s, slower than that says nothing about directions


class Checkup:
    """Reads a recording once and keeps what the checks need, and no sensor data.

    Args:
        reader: an open recording. base_frame: the robot's.
    """

    def __init__(self, reader: BagReader, base_frame: str = "base_link") -> None:
        self.reader, self.base_frame = reader, base_frame
        self.uses: dict[str, TopicUse] = {use.topic: use for use in topic_uses(reader)}
        specs, tree = sources(reader)
        self.tree: TransformTree = tree
        self.offsets_ns = {spec.name: spec.offset_ns for spec in specs}
        self.renamed = {spec.name: spec.frame_id for spec in specs if spec.frame_id is not None}
        self.own = own_decoders(reader, self.uses.values())
        self.logs: dict[str, list[int]] = defaultdict(list)
        self.stamps: dict[str, list[int]] = defaultdict(list)
        self.frames: dict[str, Counter[str]] = defaultdict(Counter)
        self.refused: dict[str, Counter[str]] = defaultdict(Counter)
        self.scans: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.dopplers: dict[str, list[tuple[int, np.ndarray, float]]] = defaultdict(list)
        self.speeds: dict[int, np.ndarray] = {}
        self.models: set[str] = set()
        self.ranging = Scans()
        self.instants = instants(reader, base_frame) if any(use.kind in MOUNTED for use in self.uses.values()) else None
        for message in reader.messages([t for t, info in reader.topics.items() if info.readable]):
            self._take(message.topic, message.type, message.log_time_ns, message.msg)

    def findings(self) -> list[Finding]:
        """All there is to say, by topic."""
        start_ns = min((logs[0] for logs in self.logs.values()), default=0)
        found: dict[str, Timing] = {}
        for topic, logs in self.logs.items():
            stamps = np.array(self.stamps[topic], np.int64) if topic in self.stamps else None
            if not topic.endswith("tf_static"):
                found[topic] = timing(np.array(logs, np.int64), stamps, start_ns)
        sensors = {t: robot_source(use) for t, use in self.uses.items() if use.kind in SENSORS}
        models = {t for t, use in self.uses.items() if use.kind == "camera_info"}  # their pictures say the same
        out = [f for f in judge(found, sensors) if f.subject not in models]
        for topic, use in self.uses.items():
            out += self._contents(topic, use)
            if use.kind in MOUNTED:
                out += self._mounting(topic, use)
        out += self.ranging.findings(sensors)
        if self.instants is not None:
            out += synchronised(self.instants, {use.name: topic for topic, use in self.uses.items() if use.kind in SENSORS}) + aligned(self.instants)
        out += self._lacks()
        order = {topic: i for i, topic in enumerate(self.uses)}
        return sorted(out, key=lambda f: (order.get(f.subject, len(order)), ("fault", "note", "ok").index(f.level)))

    def _take(self, topic: str, type_name: str, log_ns: int, msg: object) -> None:
        self.logs[topic].append(log_ns)
        header = getattr(msg, "header", msg if hasattr(msg, "frame_id") and hasattr(msg, "stamp") else None)
        use = self.uses[topic]
        if header is not None:
            try:
                stamp_ns = stamp_of(header)
                self.stamps[topic].append(stamp_ns + self.offsets_ns.get(use.name, 0) if stamp_ns else 0)
            except MessageError as error:
                self.stamps[topic].append(0)
                self.refused[topic][str(error)] += 1
            self.frames[topic][self.renamed.get(use.name, str(header.frame_id))] += 1
        if use.kind not in (*SENSORS, "camera_info", "depth_info"):
            return
        try:
            self._look(topic, use, decode(type_name, msg, stamp_ns=log_ns, instead=self.own.get(topic)), log_ns)
        except MessageError as error:
            self.refused[topic][str(error)] += 1
        if type_name.endswith("LaserScan"):
            ranges = np.asarray(msg.ranges, np.float32)  # type: ignore[attr-defined]
            below = np.isfinite(ranges) & (ranges < float(msg.range_min))  # type: ignore[attr-defined]
            self.scans[topic].append((float(np.isnan(ranges).mean()), float(below.mean())))

    def _look(self, topic: str, use: TopicUse, reading: object, log_ns: int) -> None:
        if isinstance(reading, CameraModel):
            self.models.add(use.name)
        elif isinstance(reading, Odometry):
            self.speeds[log_ns] = np.array([*reading.linear[:2], reading.angular[2]])
        if isinstance(reading, PointCloud):
            self._placed(topic, use, reading, log_ns)
        if isinstance(reading, PointCloud) and use.kind == "radar" and (moving := own_velocity(reading.xyz, reading.velocity)) is not None:
            self.dopplers[topic].append((log_ns, moving[0], float(moving[1].mean())))

    def _placed(self, topic: str, use: TopicUse, cloud: PointCloud, log_ns: int) -> None:
        """Keep where a scan's returns are, if its mounting is known."""
        frame = self.renamed.get(use.name, cloud.frame_id)
        if frame and self.tree.has(self.base_frame, frame):
            stamp_ns = (cloud.stamp_ns or log_ns) + self.offsets_ns.get(use.name, 0)
            self.ranging.add(topic, use.kind, stamp_ns, transform(self.tree.lookup(self.base_frame, frame), cloud.xyz))

    def _contents(self, topic: str, use: TopicUse) -> list[Finding]:
        out = []
        for text, count in self.refused[topic].items():
            out.append(Finding(level="fault", subject=topic, check="message", text=f"{count} of {len(self.logs[topic])} cannot be read: {text}"))
        if use.kind in SENSORS and (empty := self.frames[topic].get("", 0)):
            out.append(Finding(level="fault", subject=topic, check="frame", text=f"{empty} of {len(self.logs[topic])} have an empty frame_id",
                               remedy=f"frame_id.{robot_source(use)}: FRAME", values={"empty": empty}))  # fmt: skip
        if topic in self.scans:
            nan, below = np.mean(self.scans[topic], axis=0)
            if nan > MANY:
                out.append(Finding(level="note", subject=topic, check="ranges", text=f"{100 * nan:.0f} % of the ranges are NaN",
                                   remedy="they are dropped", values={"nan_share": round(float(nan), 4)}))  # fmt: skip
            if below > 0:
                out.append(Finding(level="note", subject=topic, check="ranges", text=f"{100 * below:.2f} % of the ranges lie below range_min",
                                   remedy="they are dropped", values={"below_share": round(float(below), 5)}))  # fmt: skip
        return out + self._doppler(topic)

    def _mounting(self, topic: str, use: TopicUse) -> list[Finding]:
        frames = [f.lstrip("/") for f in self.frames[topic] if f]
        if use.kind == "camera" and use.name not in self.models and self.logs[topic]:
            return [Finding(level="fault", subject=topic, check="intrinsics", text="no camera_info of this camera",
                            remedy="record its camera_info, and calibrate it if there is none")]  # fmt: skip
        lost = [f for f in frames if f != self.base_frame and not self.tree.has(self.base_frame, f)]
        return [Finding(level="fault", subject=topic, check="mounting", text=f"no transform {self.base_frame} <- {frame}",
                        remedy=f"extrinsics.{frame}: [x, y, z, qx, qy, qz, qw], or record /tf_static",
                        values={"frame": frame}) for frame in lost]  # fmt: skip

    def _doppler(self, topic: str) -> list[Finding]:
        """Speed of the robot by standing returns; against odometry where there is any, and the radar's mounting is known."""
        if not (scans := self.dopplers[topic]):
            return []
        speeds = np.array([np.hypot(*v) for _, v, _ in scans])
        share = float(np.median([s for _, _, s in scans]))
        values = {"speed_median_mps": round(float(np.median(speeds)), 3), "speed_max_mps": round(float(speeds.max()), 3),
                  "standing_share": round(share, 3)}  # fmt: skip
        text = f"by Doppler the robot drives up to {speeds.max():.2f} m/s; {100 * share:.0f} % of the returns stand still"
        away = self._against_odometry(topic)
        if away is None:
            return [Finding(level="ok", subject=topic, check="doppler", text=text, values=values)]
        values["against_odometry_mps"] = round(away, 3)
        bad = away > DISAGREE
        return [Finding(level="fault" if bad else "ok", subject=topic, check="doppler", values=values,
                        text=f"{text}; odometry differs by {away:.2f} m/s",
                        remedy="check the radar's mounting (yaw), the sign of its velocity, and the wheel radius" if bad else "")]  # fmt: skip

    def _against_odometry(self, topic: str) -> float | None:
        """Median difference, m/s, while the robot moves; None where it cannot be told."""
        frame = next((f.lstrip("/") for f in self.frames[topic] if f), "")
        if len(self.speeds) < 2 or not frame or not self.tree.has(self.base_frame, frame):
            return None
        T = self.tree.lookup(self.base_frame, frame)
        times = np.array(sorted(self.speeds))
        table = np.stack([self.speeds[t] for t in times])
        away = []
        for log_ns, measured, _ in self.dopplers[topic]:
            if not times[0] <= log_ns <= times[-1]:
                continue
            vx, vy, w = (np.interp(log_ns, times, column) for column in table.T)
            said = np.array([vx - w * T[1, 3], vy + w * T[0, 3]])
            if np.hypot(*said) > MOVES:
                away.append(float(np.hypot(*(T[:2, :2] @ measured - said))))
        return float(np.median(away)) if away else None

    def _lacks(self) -> list[Finding]:
        """What a robot or a training would miss altogether."""
        kinds = Counter(use.kind for use in self.uses.values())
        out = []
        if not kinds["camera"] + kinds["lidar"] + kinds["radar"]:
            out.append(Finding(level="fault", subject="recording", check="sensors", text="no camera, LiDAR or radar that mm_nav reads",
                               remedy="`mm_nav inspect` says what each topic is taken for"))  # fmt: skip
        if not kinds["odometry"]:
            out.append(Finding(level="note", subject="recording", check="odometry", text="no nav_msgs/Odometry",
                               remedy="it replays; training learns no waypoints, and remembers nothing"))  # fmt: skip
        return out
