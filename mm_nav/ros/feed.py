# SPDX-License-Identifier: Apache-2.0
"""From messages of the configured topics to instants: decode, judge the stamp, push, take. Knows neither rclpy nor nodes.

Ages are of arrival, by a monotonic clock: a driver that died looks the same whatever its stamps say.
"""

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from statistics import median_low
from typing import Any

from mm_nav.core.config import ModelSpec
from mm_nav.core.frames import TransformTree
from mm_nav.core.leap import Leap
from mm_nav.core.pulse import Pulse
from mm_nav.core.sync import ANCHOR_KINDS, SourceSpec, Synchronizer
from mm_nav.core.types import CameraModel, PointCloud, SensorFrame, Utterance
from mm_nav.errors import ConfigError, MessageError
from mm_nav.ros.guard import Guard
from mm_nav.ros.inputs import Input, inputs_of, own_decoders
from mm_nav.ros.params import FusionConfig
from mm_nav.wire import Status, decode, decode_transforms
from mm_nav.wire.extrinsics import NO_FIX, fixes
from mm_nav.wire.remark import remarks

OK, WARN, ERROR, STALE = 0, 1, 2, 3
WARN_AGE_S, STALE_AGE_S = 0.5, 1.0
OVERDUE = 1.75  # periods of silence after which a sensor is announced as missing, before an instant lacks it
MUTE_S = 5.0  # without a message from a publisher that is there: the subscription may be dead


class Feed:
    """The sensors' side of the fusion node. One thread at a time.

    Args:
        config: which topics, stamps and offsets.
        spec: owns the synchroniser's slop and window.
        tree: mountings; grows by /tf.
        guard: where repairs are counted.
        now_ns: ROS time, for the stamp policy.
        clock: monotonic seconds.

    Raises:
        ConfigError: two inputs of one name, or an offset or frame for a source that is not configured.
    """

    def __init__(
        self,
        config: FusionConfig,
        spec: ModelSpec,
        tree: TransformTree,
        guard: Guard,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inputs = inputs_of(config)
        self.tree = tree
        self.resets = 0
        self._config, self._guard, self._now_ns, self._clock = config, guard, now_ns, clock
        self._leap = Leap()
        self._points: dict[str, tuple[int, int]] = {}  # finite ones and all, of the last cloud of a topic
        self._remarks: dict[str, dict[str, str]] = {}
        self._pulses: dict[str, Pulse] = {}
        self._renewed: dict[str, float] = {}
        specs = self._sources()
        self._sync = Synchronizer(
            specs, slop_ns=spec.sync_slop_ns, window_ns=spec.sync_window_ns, base_frame=config.base_frame, tree=tree, radar_sweeps=spec.radar_sweeps
        )

    def _sources(self) -> list[SourceSpec]:
        config = self._config
        sensors = [i for i in self.inputs if i.kind in ("camera", "lidar", "radar", "odometry")]
        names = {i.source for i in sensors}
        for family, given in (("time_offset_s", config.time_offset_s), ("frame_id", config.frame_id)):
            for name in given:
                if name not in names:
                    raise ConfigError(f"parameter '{family}.{name}' names no source; sources are {', '.join(sorted(names))}")
        fixed = fixes(config.calibration) if config.calibration else {}
        if odd := sorted(set(fixed) - names):
            raise ConfigError(f"{config.calibration}: source {odd[0]!r} is none of {', '.join(sorted(names))}")
        self._own = own_decoders(config, self.inputs, fixed)
        return [
            SourceSpec(
                i.source,
                i.kind,  # type: ignore[arg-type]  # narrowed by the filter above
                offset_ns=round(config.time_offset_s.get(i.source, fixed.get(i.source, NO_FIX).time_offset_s) * 1e9),
                frame_id=config.frame_id.get(i.source, fixed.get(i.source, NO_FIX).frame_id),
            )
            for i in sensors
        ]

    def hear(self, source: Input, message: Any) -> Utterance | None:
        """Take one message in; a command comes back as an Utterance.

        Raises:
            MessageError: the message is dropped, and why.
        """
        now_ns = self._now_ns()
        self._pulses.setdefault(source.topic, Pulse(STALE_AGE_S)).beat(self._clock())
        if source.kind == "transform":
            self._hear_transforms(message, static=source.topic.endswith("_static"))
            return None
        # a word has no stamp: it was said when the newest reading was taken, by the sensors' clock (a bag's may be old)
        newest_ns = self._leap.newest_ns
        reading = decode(source.type_name, message, stamp_ns=now_ns if newest_ns is None else newest_ns,
                         instead=self._own.get(source.topic))  # fmt: skip
        if isinstance(reading, Utterance):
            return reading
        if source.kind == "depth_info":
            return None
        if isinstance(reading, CameraModel):
            self._sync.push(source.source, reading)
            return None
        self._remark(source.topic, message)
        if isinstance(reading, PointCloud) and hasattr(message, "point_step"):
            total = int(message.width) * int(message.height)
            self._points[source.topic] = (len(reading.xyz), total)
        stamp_ns = self._judge(source, reading.stamp_ns, now_ns)
        if stamp_ns != reading.stamp_ns:
            reading = dataclasses.replace(reading, stamp_ns=stamp_ns)
        if self._leap.heard(source.source, stamp_ns, self._clock()):
            self.resets += 1
            self._sync.reset()
        self._sync.push(source.source, reading)
        return None

    def take(self) -> SensorFrame | None:
        """The newest instant that is complete, if there is one that was not taken yet."""
        return self._sync.take()

    def reset(self) -> None:
        """Forget what waits: time jumped."""
        self.resets += 1
        self._leap.restart()
        self._sync.reset()

    def _remark(self, topic: str, message: Any) -> None:
        """Say once what is odd about a topic's messages."""
        known = self._remarks.setdefault(topic, {})
        for name, text in remarks(message).items():
            if name not in known:
                self._guard.tell(f"{topic}: {text}")
            known[name] = text

    def _judge(self, source: Input, stamp_ns: int, now_ns: int) -> int:
        if self._config.stamp_policy == "arrival":
            return now_ns
        if stamp_ns == 0:
            text = f"header stamp of {source.topic} is 0; set the stamp in its driver, or stamp_policy to 'arrival'"
            raise MessageError("zero_stamp", text)
        limit_s, apart_s = self._config.max_stamp_age_s, (now_ns - stamp_ns) * 1e-9
        if limit_s > 0 and abs(apart_s) > limit_s:
            reason, way = ("stale", "behind") if apart_s > 0 else ("future", "ahead of")
            text = f"stamp of {source.topic} is {abs(apart_s):.2f} s {way} the clock (limit {limit_s:g} s); check NTP or PTP"
            raise MessageError(reason, text)
        return stamp_ns

    def _hear_transforms(self, message: Any, static: bool) -> None:
        for parent, child, T, _ in decode_transforms(message):
            try:
                self.tree.set(parent, child, T, static=static)
            except ConfigError as error:
                self._guard.drop("transforms", "transform", str(error))

    # ---- what there is to say about it

    def age_s(self, topic: str) -> float | None:
        """Seconds since the last message of a topic, None if there never was one."""
        return self._pulses[topic].age_s(self._clock()) if topic in self._pulses else None

    def quiet(self) -> list[Input]:
        """Sensor inputs that say nothing now."""
        sensors = (i for i in self.inputs if i.kind not in ("command", "transform", "camera_info"))
        return [i for i in sensors if (age := self.age_s(i.topic)) is None or age > STALE_AGE_S]

    def overdue(self) -> dict[str, str]:
        """Cameras, LiDARs and radars that should have spoken by now, and for how long they have not, by source."""
        now_s = self._clock()
        sensors = [i for i in self.inputs if i.kind in ANCHOR_KINDS and i.topic in self._pulses]
        return {i.source: late for i in sensors if (late := self._pulses[i.topic].overdue(now_s, OVERDUE))}

    def sensor_hz(self) -> float:
        """Rate of the sensors that make instants: LiDARs, without them cameras, without them radars. 0 before it is known."""
        quiet = self.quiet()
        for kind in ANCHOR_KINDS:
            rates = [self._pulses[i.topic].rate_hz for i in self.inputs if i.kind == kind and i not in quiet]
            if any(rates):
                return max(rates)
        return 0.0

    def mute(self, published: Collection[str]) -> list[str]:
        """Topics of sensors that are silent although somebody publishes them; each at most once in MUTE_S."""
        now_s, found = self._clock(), []
        for source in self.quiet():
            renewed_s = self._renewed.setdefault(source.topic, now_s)
            age_s = self.age_s(source.topic)
            silent_s = now_s - renewed_s if age_s is None else min(now_s - renewed_s, age_s)
            if source.topic in published and silent_s > MUTE_S:
                self._renewed[source.topic] = now_s
                self._guard.drop(source.topic, "resubscribed", "silent although it is published; subscribed anew")
                found.append(source.topic)
        return found

    def statuses(self, faults: dict[str, str]) -> list[Status]:
        """One diagnostic per topic; ``faults`` says what the graph knows (nobody publishes, wrong type), by topic."""
        report = self._sync.report()
        listed = []
        for source in self.inputs:
            values = self._guard.report(source.topic)
            sync = report.sources.get(source.source) if source.kind not in ("camera_info", "command", "transform") else None
            if sync is not None:
                values |= {"received": str(sync.received), "matched": str(sync.matched)}
                values |= {f"missed.{reason}": str(count) for reason, count in sorted(sync.missed.items())}
                if sync.received and not sync.matched and sync.nearest_gap_ns is not None:
                    values["nearest_gap_ms"] = f"{sync.nearest_gap_ns / 1e6:.1f} (slop {report.slop_ns / 1e6:g})"
                if sync.gaps_ns:
                    values["offset_ms"] = f"{median_low(sync.gaps_ns) / 1e6:.1f}"
            level, text = self._state(source, faults.get(source.topic))
            age_s = self.age_s(source.topic)
            values |= {f"odd.{name}": text for name, text in self._remarks.get(source.topic, {}).items()}
            values["age_s"] = "never" if age_s is None else f"{age_s:.2f}"
            if source.topic in self._points:
                values["points"] = "{} of {} are finite".format(*self._points[source.topic])
            listed.append(Status(name=f"input {source.topic}", level=level, message=text, values=values))
        transforms = self._guard.report("transforms")
        if transforms:
            listed.append(Status(name="transforms", level=WARN, message="refused", values=transforms))
        return listed

    def _state(self, source: Input, fault: str | None) -> tuple[int, str]:
        age_s = self.age_s(source.topic)
        if fault is not None and (age_s is None or age_s > STALE_AGE_S):
            return ERROR, fault
        recent = self._guard.recent(source.topic)
        if recent:
            return WARN, f"dropped: {', '.join(recent)}"
        if source.kind == "command":
            return OK, "listening"
        finite, total = self._points.get(source.topic, (1, 1))
        if total and not finite:
            return WARN, f"none of {total} points is finite"
        if age_s is None or (age_s > STALE_AGE_S and source.kind != "camera_info"):
            return STALE, "silent"
        return (WARN, f"last message {age_s:.1f} s ago") if age_s > WARN_AGE_S and source.kind != "camera_info" else (OK, "ok")


def topic_fault(expected_type: str, types: Sequence[str]) -> str | None:
    """What is wrong with the publishers of a topic, given their types: nobody, or another type; None if all is well."""
    if not types:
        return "nobody publishes it"
    others = sorted({t for t in types if t != expected_type})
    if others and expected_type not in types:
        return f"published as {', '.join(others)}, expected {expected_type}; remap it or change the publisher"
    return f"also published as {', '.join(others)}, which is not read" if others else None
