# SPDX-License-Identifier: Apache-2.0
"""Readings of four sensors into sets that belong together: our synchroniser against ROS's ApproximateTime algorithm.

message_filters is not on PyPI: the peer is ``benchmarks.approximate_time``, an independent re-implementation of what its Python
ApproximateTimeSynchronizer does (all queues searched anew for each message, stamps as rclpy's Time), named as such. A camera of 30 Hz,
a LiDAR of 10 Hz and a radar of 20 Hz with jittered stamps are pushed in their order; every set must be the same before anything is
timed. Pictures that no LiDAR scan needs fill the peer's queue, as they do on a robot.
"""

import gc
import statistics
import time
from collections.abc import Callable

import numpy as np
from rclpy.time import Time

from benchmarks.approximate_time import ApproximateTime
from mm_nav.bench import MIN_ALTERNATIONS, Row, require, versus
from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import se2
from mm_nav.core.sync import SourceSpec, Synchronizer
from mm_nav.core.types import CameraImage, CameraModel, PointCloud

MS = 1_000_000
SLOP_NS = 12 * MS
JITTER_NS = 4 * MS
PERIODS = {"camera": 100 / 3 * MS, "lidar": 100.0 * MS, "radar": 50.0 * MS}
NAMES = tuple(PERIODS)
Event = tuple[int, str, CameraImage | PointCloud]
Set = tuple[int, ...]


def rows(quick: bool) -> list[Row]:
    """One row for each length of the peer's queues."""
    events = _events(40 if quick else 300)
    gc.collect()
    gc.freeze()  # as our nodes do once they run; the benchmark's own libraries are not what is measured
    try:
        return [_row(queue, target, events) for queue, target in ((10, 40), (100, 150))]
    finally:
        gc.unfreeze()


def _events(count: int) -> list[Event]:
    rng = np.random.default_rng(0)
    none = np.zeros(0, np.float32)
    cloud = {"xyz": np.zeros((0, 3), np.float32), "intensity": none, "velocity": none}
    rgb = np.zeros((4, 8, 3), np.uint8)
    found: list[Event] = []
    for name in NAMES:
        for i in range(round(count * PERIODS["lidar"] / PERIODS[name])):
            stamp_ns = 10**12 + round(i * PERIODS[name]) + int(rng.integers(0, JITTER_NS))
            found.append((stamp_ns, name, CameraImage(stamp_ns=stamp_ns, frame_id=name, rgb=rgb) if name == "camera"
                          else PointCloud(stamp_ns=stamp_ns, frame_id=name, **cloud)))  # fmt: skip
    return sorted(found, key=lambda e: e[0])


def _row(queue: int, target: float, events: list[Event]) -> Row:
    ours, spans = _ours(events)
    theirs, _ = _theirs(events, queue)
    same = bool(ours) and ours == theirs[: len(ours)] and len(theirs) - len(ours) <= 1  # our last one waits for what may be nearer
    require(same, f"queue {queue}: {len(ours)} and {len(theirs)} sets, or others")
    turns: dict[str, list[float]] = {"ours": [], "theirs": []}
    for turn in range(MIN_ALTERNATIONS):
        for side in ("ours", "theirs")[:: 1 if turn % 2 == 0 else -1]:
            times = _ours(events)[1] if side == "ours" else _theirs(events, queue)[1]
            turns[side].append(statistics.mean(times))
            spans = times if side == "ours" else spans
    times_ms = {"mm_nav Synchronizer": statistics.median(turns["ours"]),
                f"ApproximateTime re-implemented, queue {queue}": statistics.median(turns["theirs"])}  # fmt: skip
    return versus(
        f"synchroniser_{queue}", times_ms, id="B5", targets=(target,), alternations=MIN_ALTERNATIONS,
        check=f"the same {len(ours)} sets of 3 stamps, slop {SLOP_NS // MS} ms; times are means over {len(events)} pushes, what is taken included",
        figures={"p99_us": 1e3 * float(np.quantile(spans, 0.99)), "p50_us": 1e3 * float(np.median(spans))},
        limit="cProfile: making the frame itself (dataclasses, transforms, deskewing), which the peer does not do",
    )  # fmt: skip


def _ours(events: list[Event]) -> tuple[list[Set], list[float]]:
    tree = TransformTree()
    for name in NAMES:
        tree.set("base_link", name, se2(0, 0, 0))
    specs = [SourceSpec(name, name) for name in NAMES]  # type: ignore[arg-type]  # each is named after its kind
    sync = Synchronizer(specs, slop_ns=SLOP_NS, window_ns=80 * MS, tree=tree)
    sync.push("camera", CameraModel(frame_id="camera", width=8, height=4, K=np.eye(3)))
    found: list[Set] = []

    def push(event: Event) -> None:
        sync.push(event[1], event[2])
        if (frame := sync.take()) is not None:
            found.append((frame.cameras[0].image.stamp_ns, frame.lidars[0].cloud.stamp_ns, frame.radars[0].cloud.stamp_ns))

    return found, _timed(push, events)


def _theirs(events: list[Event], queue: int) -> tuple[list[Set], list[float]]:
    found: list[Set] = []
    sync = ApproximateTime(len(NAMES), queue, SLOP_NS * 1e-9, lambda *stamps: found.append(stamps))
    place = {name: i for i, name in enumerate(NAMES)}
    return found, _timed(lambda event: sync.add(place[event[1]], Time(nanoseconds=event[0]), event[0]), events)


def _timed(push: Callable[[Event], None], events: list[Event]) -> list[float]:
    """Milliseconds of each push."""
    spans = []
    for event in events:
        start = time.perf_counter_ns()
        push(event)
        spans.append((time.perf_counter_ns() - start) * 1e-6)
    return spans
