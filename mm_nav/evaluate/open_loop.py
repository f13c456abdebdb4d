# SPDX-License-Identifier: Apache-2.0
"""Hold a bundle against a recording: its waypoints against where the robot went, its map and objects against truth.

Truth is taken from ``ground_truth/*`` topics if the recording has them; else occupancy is held against LiDAR returns
above ground, and objects are not judged. The same labels as for training (mm_nav/train/labels.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cells_of
from mm_nav.core.types import ObjectBox
from mm_nav.evaluate.metrics import Located, average_precision, displacement, overlap, percentiles, share
from mm_nav.evaluate.recording import Seen, outcomes
from mm_nav.evaluate.report import OpenLoopReport, versions
from mm_nav.pipeline import Pipeline
from mm_nav.train import labels

FROM_TOPIC = "ground_truth/occupancy, within what the LiDAR sees"
FROM_LIDAR = "LiDAR returns above ground, within cells that have returns"
OTHER_GRID = "none: ground_truth/occupancy is on another grid than the bundle's"
VISIBLE_CHANNEL = 8  # of lidar_bev: a LiDAR ray passed here before its first obstacle


@dataclass(slots=True)
class _Sums:
    gaps: list[tuple[float, float]] = field(default_factory=list)
    common: int = 0
    union: int = 0
    found: list[Located] = field(default_factory=list)
    true: list[Located] = field(default_factory=list)
    step_ms: list[float] = field(default_factory=list)


def open_loop(
    bag: Path, pipeline: Pipeline, spec: ModelSpec, *, say: str = "", bundle: str = "", told: Callable[[float], object] = lambda _: None
) -> OpenLoopReport:
    """Score a recording.

    Args:
        say: a command given at the start, for recordings without one.
        bundle: its name, for the report. told: hears which share of the recording is done, 0 to 1.

    Raises:
        BagError: unreadable, or without a synchronised frame.
    """
    truth = labels.read_truth(bag)
    sums = _Sums()
    frame = 0
    for event in outcomes(bag, pipeline, spec, say=say, told=told):
        if isinstance(event, Seen):
            _judge(event, truth, spec, sums, frame)
            frame += 1
    return OpenLoopReport(
        ade_m=float(np.mean([ade for ade, _ in sums.gaps])) if sums.gaps else None,
        fde_m=float(np.mean([fde for _, fde in sums.gaps])) if sums.gaps else None,
        occupancy_iou=share(sums.common, sums.union),
        detection_ap=average_precision(sums.found, sums.true) if truth.objects else None,
        frames=frame,
        occupancy_truth=_source(truth, spec),
        objects=len(sums.true),
        waypoint_frames=len(sums.gaps),
        latency_ms=percentiles(sums.step_ms),
        bag=bag.name,
        bundle=bundle,
        versions=versions(),
    )


def _source(truth: labels.Truth, spec: ModelSpec) -> str:
    if not truth.occupancy:
        return FROM_LIDAR
    fits = next(iter(truth.occupancy.values())).shape == (spec.grid.rows, spec.grid.columns)
    return FROM_TOPIC if fits else OTHER_GRID


def _judge(event: Seen, truth: labels.Truth, spec: ModelSpec, sums: _Sums, frame: int) -> None:
    outcome, stamp_ns = event.outcome, event.frame.stamp_ns
    sums.step_ms.append(event.step_ms)
    way, known = labels.waypoints(truth, stamp_ns, spec)
    gap = displacement(outcome.output.waypoints, way, known > 0)
    if gap is not None:
        sums.gaps.append(gap)
    cells = labels.occupancy(truth, event.frame, spec)
    if cells.shape == outcome.scene.occupancy.shape and _source(truth, spec) != OTHER_GRID:
        within = cells >= 0
        if truth.occupancy:
            within &= outcome.fusion_input.lidar_bev[VISIBLE_CHANNEL] > 0
        common, union = overlap(outcome.scene.occupancy, cells == 1, within)
        sums.common += common
        sums.union += union
    if truth.objects:
        _judge_objects(event, truth, spec, sums, frame)


def _judge_objects(event: Seen, truth: labels.Truth, spec: ModelSpec, sums: _Sums, frame: int) -> None:
    """Only what sensors touched counts: at least ``labels.MIN_HITS`` LiDAR returns inside the box, inside the grid."""
    names = {int(m.id): str(m.ns) for markers in truth.objects.values() for m in markers}
    boxes = labels.boxes(truth, event.frame, spec)
    seen = (boxes["ids"] >= 0) & (boxes["hits"] >= labels.MIN_HITS)
    seen &= cells_of(spec.grid, boxes["boxes"][:, :2])[2]
    for i in np.flatnonzero(seen):
        x, y = boxes["boxes"][i, :2]
        sums.true.append(Located(frame=frame, label=names[int(boxes["ids"][i])], xy=(float(x), float(y))))
    sums.found += [_located(box, frame) for box in event.outcome.scene.objects]


def _located(box: ObjectBox, frame: int) -> Located:
    return Located(frame=frame, label=box.label, xy=(float(box.center[0]), float(box.center[1])), score=box.score)
