# SPDX-License-Identifier: Apache-2.0
"""A recorded run, read back instant by instant: what came in, what went out, how long it took. Draws and runs nothing."""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.geometry import from_quaternion, inverse, transform, yaw_of
from mm_nav.core.sync import Synchronizer
from mm_nav.core.types import Goal, ObjectBox, Plan, Scene, SensorFrame, Utterance
from mm_nav.errors import BagError
from mm_nav.viz.picture import Instant
from mm_nav.wire import decode_occupancy, decode_path

SENSORS = (("camera/front", "camera"), ("lidar", "LiDAR"), ("radar", "radar"))
INPUTS = ("camera/front/image", "lidar/points", "radar/points", "odom")
FRESH_NS = 1_000_000_000  # an older occupancy is not shown as if it were now's
TITLE = "a spoken goal, real ROS 2 nodes, a simulated world"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A sensor was silent, seconds since the first instant."""

    sensor: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """``latency_ms``: from the last sensor message of an instant to its plan, as they arrived at the recorder."""

    instants: list[Instant]
    latency_ms: list[float]
    outages: tuple[Outage, ...]
    rate_hz: float


@dataclass(slots=True)
class _Said:
    """Everything but sensor data, by stamp or by log time."""

    occupancy: dict[int, tuple[BevGrid, Float32[np.ndarray, "y x"]]] = field(default_factory=dict)
    objects: dict[int, tuple[ObjectBox, ...]] = field(default_factory=dict)
    plans: dict[int, tuple[str, Float64[np.ndarray, "n 2"]]] = field(default_factory=dict)
    goals: dict[int, tuple[str, Float64[np.ndarray, "2"]]] = field(default_factory=dict)
    truth: dict[int, dict[int, Any]] = field(default_factory=dict)
    states: list[tuple[int, str]] = field(default_factory=list)
    commands: list[tuple[int, str]] = field(default_factory=list)
    poses: dict[int, Float64[np.ndarray, "4 4"]] = field(default_factory=dict)
    arrived: dict[int, int] = field(default_factory=dict)  # sensor stamp -> log time of the last of them
    planned: dict[int, int] = field(default_factory=dict)  # plan stamp -> log time
    target: dict[str, Any] = field(default_factory=dict)


def read(bag: Path, spec: ModelSpec | None = None) -> Story:
    """Read a recording of sim, fusion and navigator.

    Raises:
        BagError: unreadable, or the robot saw nothing in it.
    """
    spec = spec or ModelSpec()
    with BagReader(bag) as reader:
        said = _said(reader)
        frames, heard = _frames(reader, spec)
    if not frames:
        raise BagError(f"{bag}: no instant in it; look into nodes.log beside it for what went wrong")
    outages = _outages(frames)
    instants: list[Instant] = []
    history: list[tuple[float, float]] = []
    for frame in frames:
        instants.append(_instant(frame, frames[0].stamp_ns, said, heard, outages, history, spec))
    lags = [1e-6 * (said.planned[t] - said.arrived[t]) for t in said.planned if t in said.arrived]
    span_s = (frames[-1].stamp_ns - frames[0].stamp_ns) * 1e-9
    return Story(instants=instants, latency_ms=lags, outages=outages,
                 rate_hz=(len(frames) - 1) / span_s if span_s > 0 else 5.0)  # fmt: skip


# ---------------------------------------------------------------- reading


def _frames(reader: BagReader, spec: ModelSpec) -> tuple[list[SensorFrame], dict[int, int]]:
    """Synchronised instants, and the log time at which each was complete."""
    specs, tree = sources(reader)
    sync = Synchronizer(specs, slop_ns=spec.sync_slop_ns, window_ns=spec.sync_window_ns, tree=tree)
    frames: list[SensorFrame] = []
    heard: dict[int, int] = {}
    for name, reading, log_time_ns in readings(reader):
        if isinstance(reading, Utterance):
            continue
        sync.push(name, reading)
        while (frame := sync.pop()) is not None:
            frames.append(frame)
            heard[frame.stamp_ns] = log_time_ns
    while (frame := sync.flush()) is not None:
        frames.append(frame)
    return frames, heard


def _said(reader: BagReader) -> _Said:
    said = _Said()
    for message in reader.messages():
        name, msg, log_ns = message.topic.strip("/"), message.msg, message.log_time_ns
        if name in INPUTS:
            stamp_ns = _stamp(msg.header)
            said.arrived[stamp_ns] = max(log_ns, said.arrived.get(stamp_ns, 0))
        if name == "occupancy":
            stamp_ns, _, grid, cells = decode_occupancy(msg)
            said.occupancy[stamp_ns] = (grid, cells)
        elif name == "plan":
            stamp_ns, frame_id, xy = decode_path(msg)
            said.plans[stamp_ns], said.planned[stamp_ns] = (frame_id, xy), log_ns
        elif name == "goal_pose":
            p = msg.pose.position
            said.goals[_stamp(msg.header)] = (str(msg.header.frame_id), np.array([p.x, p.y]))
        elif name == "objects":
            markers = [m for m in msg.markers if m.action == 0]
            stamp_ns = _stamp(msg.markers[0].header) if len(msg.markers) else 0
            said.objects[stamp_ns] = tuple(_object(m) for m in markers)
        elif name == "ground_truth/objects" and len(msg.markers):
            said.truth[_stamp(msg.markers[0].header)] = {int(m.id): m for m in msg.markers if m.action == 0}
        elif name == "ground_truth/target":
            said.target = json.loads(msg.data)
        elif name in ("fusion_status", "command_status"):
            _note_state(said, name, msg, log_ns)
        elif name == "command":
            said.commands.append((log_ns, str(msg.data)))
    return said


def _note_state(said: _Said, name: str, msg: Any, log_ns: int) -> None:
    """The state of each instant; of answers, only the refusal is news."""
    if name == "fusion_status" or msg.message in ("rejected", "reached", "not_found"):
        said.states.append((log_ns, str(msg.message)))


def _object(marker: Any) -> ObjectBox:
    p, q, s = marker.pose.position, marker.pose.orientation, marker.scale
    T = from_quaternion(np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w]))
    try:
        score = float(str(marker.text).rsplit(" ", 1)[-1])
    except ValueError:
        score = 1.0
    return ObjectBox(label=str(marker.ns), score=score, center=T[:3, 3], size=np.array([s.x, s.y, s.z]), yaw=yaw_of(T),
                     velocity=np.zeros(2))  # fmt: skip


def _stamp(header: Any) -> int:
    return int(header.stamp.sec) * 10**9 + int(header.stamp.nanosec)


# ---------------------------------------------------------------- telling


def _instant(
    frame: SensorFrame, start_ns: int, said: _Said, heard: dict[int, int], outages: tuple[Outage, ...],
    history: list[tuple[float, float]], spec: ModelSpec,
) -> Instant:  # fmt: skip
    t, time_s = frame.stamp_ns, (frame.stamp_ns - start_ns) * 1e-9
    now_ns = said.planned.get(t, heard.get(t, 2**62))
    T_base_odom = np.eye(4)
    if frame.odometry is not None:
        said.poses[t] = frame.odometry.T_odom_base
        T_base_odom = inverse(frame.odometry.T_odom_base)
    trail = np.array([pose[:2, 3] for pose in said.poses.values()]).reshape(-1, 2)
    grid, cells = _latest(said.occupancy, t) or (spec.grid, np.full((spec.grid.rows, spec.grid.columns), np.nan, np.float32))
    goal = said.goals.get(t)
    scene = Scene(
        stamp_ns=t, occupancy=cells, motion=np.zeros((2, *cells.shape), np.float32), objects=said.objects.get(t, ()),
        goal=None if goal is None else Goal(xy=_into_base(goal[0], goal[1][None], T_base_odom)[0], confidence=1.0, seen_now=True),
        missing=frame.missing,
    )  # fmt: skip
    way = _latest(said.plans, t)
    path = np.zeros((0, 2)) if way is None else _into_base(way[0], way[1], T_base_odom)
    target = _target(said, t)
    if target is not None:
        history.append((time_s, float(np.hypot(*target))))
    elif scene.goal is not None:
        history.append((time_s, float(np.hypot(*scene.goal.xy))))
    lag_ms = 1e-6 * (said.planned[t] - said.arrived[t]) if t in said.planned and t in said.arrived else None
    text, gloss = _words(said, now_ns)
    return Instant(
        frame=frame, scene=scene, grid=grid, plan=Plan(stamp_ns=t, path=path, stop=len(path) < 2, state="drive"),
        command=text, gloss=gloss, state=_before(said.states, now_ns) or "idle", time_s=time_s,
        sensors=tuple((word, _delivers(frame, name)) for name, word in SENSORS),
        facts=(
            ("to the target", f"{history[-1][1]:.1f} m" if history else "n/a"),
            ("speed", "n/a" if frame.odometry is None else f"{frame.odometry.linear[0]:.2f} m/s"),
            ("latency", "n/a" if lag_ms is None else f"{lag_ms:.0f} ms"),
        ),
        trail=_into_base("odom", trail, T_base_odom), target=target, title=TITLE, history=np.array(history).reshape(-1, 2),
        outages=tuple((o.start_s, min(o.end_s, time_s)) for o in outages if o.start_s < time_s),
    )  # fmt: skip


def _latest(by_stamp: dict[int, Any], t: int) -> Any:
    """The value of this stamp, or the newest before it that is not stale."""
    if t in by_stamp:
        return by_stamp[t]
    before = [s for s in by_stamp if t - FRESH_NS <= s < t]
    return by_stamp[max(before)] if before else None


def _before(listed: list[tuple[int, str]], log_ns: int) -> str:
    i = bisect_right(listed, log_ns, key=lambda item: item[0])
    return listed[i - 1][1] if i else ""


def _into_base(
    frame_id: str, xy: Float64[np.ndarray, "n 2"], T_base_odom: Float64[np.ndarray, "4 4"]
) -> Float64[np.ndarray, "n 2"]:
    if frame_id == "base_link" or not len(xy):
        return xy
    return transform(T_base_odom, np.column_stack([xy, np.zeros(len(xy))]))[:, :2]


def _target(said: _Said, t: int) -> Float64[np.ndarray, "2"] | None:
    marker = (_latest(said.truth, t) or {}).get(said.target.get("id"))
    return None if marker is None else np.array([marker.pose.position.x, marker.pose.position.y])


def _words(said: _Said, log_ns: int) -> tuple[str, str]:
    """What was said last and, unless that was English, what it is about."""
    text = _before(said.commands, log_ns)
    named = next((m.text for objects in said.truth.values() for i, m in objects.items() if i == said.target.get("id")), "")
    gloss = f"go to the {named}" if named else str(said.target.get("task", "")).replace("_", " ")
    return text, gloss if text == said.target.get("command") and not text.isascii() else ""


def _delivers(frame: SensorFrame, name: str) -> bool:
    return name in [*(c.name for c in frame.cameras), *(p.name for p in (*frame.lidars, *frame.radars))]


def _outages(frames: list[SensorFrame]) -> tuple[Outage, ...]:
    """When a sensor that had delivered fell silent; a single frame without it is none."""
    found = []
    for name, word in SENSORS:
        there = [_delivers(frame, name) for frame in frames]
        i = there.index(True) if True in there else len(there)
        while i < len(there):
            if there[i]:
                i += 1
                continue
            end = next((k for k in range(i, len(there)) if there[k]), len(there))
            if end - i > 1:
                start_s, end_s = ((frames[min(k, len(frames) - 1)].stamp_ns - frames[0].stamp_ns) * 1e-9 for k in (i, end))
                found.append(Outage(sensor=word, start_s=start_s, end_s=end_s))
            i = end
    return tuple(sorted(found, key=lambda o: o.start_s))
