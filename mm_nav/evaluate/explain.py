# SPDX-License-Identifier: Apache-2.0
"""Why the network decided so: leave a sensor out, or cover a part of what it saw, and see how the decision changes.

That is occlusion (Zeiler and Fergus 2014): it asks the engine that drives the robot and nothing inside it, so it explains
any backend. ``gradient`` looks inside, where the bundle has torch weights. The decision is the goal that was asked for:
its probability in the cell where the network puts it; without a phrase it is the way, and a change is metres that
waypoints move.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from mm_nav.core.config import ModelSpec
from mm_nav.core.memory import OUTSIDE
from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine import Engine
from mm_nav.evaluate.heads import Figures, measure, peaks, summary
from mm_nav.evaluate.labelled import Frame, Judged, LabelledBags, run, with_memory

CELLS = 8  # along each side of a covered patch of the bird's-eye view; the next patch is half a patch farther
PIXELS = 32  # the same, of a picture
SENSORS = ("camera", "lidar", "radar", "odometry", "memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a frame came out as it did. Changes are "with it" minus "covered": what spoke for the decision is positive.

    Attributes:
        asked: whether the decision is a goal (probabilities) or the way (metres, never negative).
        left_out: sensor -> present, goal_score_change, goal_moved_m, occupancy_change (mean over cells), waypoint_change_m.
        camera: (N, H, W) change by covering that part of each picture with its mean colour; of the cameras that are there.
        lidar, radar: (Y, X) change by emptying these cells, as if the sensor had not looked there.
    """

    asked: bool
    left_out: dict[str, dict[str, float | None]]
    camera: Float32[np.ndarray, "n h w"]
    lidar: Float32[np.ndarray, "y x"]
    radar: Float32[np.ndarray, "y x"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What covering is measured against: the undisturbed output, and the cell (row, column) of its goal if one was asked."""

    output: FusionOutput
    cell: tuple[int, int] | None

    @classmethod
    def of(cls, x: FusionInput, output: FusionOutput) -> "Decision":
        """The decision of an undisturbed frame."""
        if not x.phrase_mask[0]:
            return cls(output=output, cell=None)
        row, column = np.unravel_index(int(output.goal_map[0].argmax()), output.goal_map[0].shape)
        return cls(output=output, cell=(int(row), int(column)))

    def change(self, other: FusionOutput) -> float:
        """How much the decision loses in ``other``: probability of the goal in its cell, or metres between waypoints."""
        if self.cell is None:
            return float(np.linalg.norm(other.waypoints - self.output.waypoints, axis=1).mean())
        return float(self.output.goal_map[0][self.cell] - other.goal_map[0][self.cell])


def explain(engine: Engine, frame: Frame, spec: ModelSpec) -> Evidence:
    """Everything about one frame; some hundred runs of the engine."""
    x = with_memory(engine, frame)
    whole = engine.run(x)
    decision = Decision.of(x, whole)

    def change(covered: FusionInput) -> float:
        return decision.change(engine.run(covered))

    return Evidence(
        asked=decision.cell is not None, left_out={sensor: left_out(engine, frame, sensor, whole, spec) for sensor in SENSORS},
        camera=cover_camera(x, change), lidar=cover_cells(x, "lidar_bev", change), radar=cover_cells(x, "radar_bev", change),
    )  # fmt: skip


# ---------------------------------------------------------------- sensors


def without(frame: Frame, sensor: str) -> Frame:
    """The frame as if a sensor had been silent, now and in what is remembered; "memory" forgets everything before."""
    if sensor == "memory":
        forgotten = np.full_like(frame.now.memory_grid, OUTSIDE)
        return dataclasses.replace(frame, now=dataclasses.replace(frame.now, memory_grid=forgotten), past=None)
    if sensor == "odometry":  # without it nobody knows where the past view lies
        forgotten = np.full_like(frame.now.memory_grid, OUTSIDE)
        return dataclasses.replace(frame, now=dataclasses.replace(frame.now, ego=np.zeros_like(frame.now.ego), memory_grid=forgotten), past=None)
    return dataclasses.replace(frame, now=_silent(frame.now, sensor), past=None if frame.past is None else _silent(frame.past, sensor))


def _silent(x: FusionInput, sensor: str) -> FusionInput:
    """Masked, and zero as preprocessing leaves a sensor that is not there."""
    data = "camera_image" if sensor == "camera" else f"{sensor}_bev"
    return dataclasses.replace(x, **{f"{sensor}_mask": np.zeros_like(getattr(x, f"{sensor}_mask")), data: np.zeros_like(getattr(x, data))})


def has(frame: Frame, sensor: str) -> bool:
    """Whether there is anything to leave out."""
    if sensor == "memory":
        return frame.past is not None
    return bool(frame.now.ego[2] > 0 if sensor == "odometry" else getattr(frame.now, f"{sensor}_mask").any())


def left_out(engine: Engine, frame: Frame, sensor: str, whole: FusionOutput, spec: ModelSpec) -> dict[str, float | None]:
    """What one frame's outputs become without a sensor; ``whole`` is with all of them. Of the goal None if none was asked."""
    part = run(engine, without(frame, sensor))
    asked = bool(frame.now.phrase_mask[0])
    moved = float(np.linalg.norm(peaks(part.goal_map[:1], spec.grid)[0] - peaks(whole.goal_map[:1], spec.grid)[0]))
    return {
        "present": float(has(frame, sensor)),
        "goal_score_change": Decision.of(frame.now, whole).change(part) if asked else None,
        "goal_moved_m": moved if asked else None,
        "occupancy_change": float(np.abs(part.occupancy - whole.occupancy).mean()),
        "waypoint_change_m": float(np.linalg.norm(part.waypoints - whole.waypoints, axis=1).mean()),
    }


def contributions(
    engine: Engine, frames: LabelledBags, judged: Sequence[Judged], spec: ModelSpec, say: Callable[[str], None] = lambda _: None
) -> dict[str, Figures]:
    """``heads.summary`` of the same frames with all sensors and without each: what every sensor is worth to every head.

    A sensor that no frame has gets no row.
    """
    out = {"all sensors": summary(measure(judged, spec, frames.descriptions))}
    for sensor in SENSORS:
        say(f"without {sensor}")
        cut, there = [], False
        for one in judged:
            frame = frames[one.item]
            there |= has(frame, sensor)
            cut.append(dataclasses.replace(one, output=run(engine, without(frame, sensor))))
        if there:
            out[f"without {sensor}"] = summary(measure(cut, spec, frames.descriptions))
    return out


# ---------------------------------------------------------------- cells and pixels


def patches(rows: int, columns: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Squares that cover an image, each overlapping the next by half; those at the far edges may be smaller."""
    step = max(1, side // 2)
    for top in range(0, max(1, rows - step), step):
        for left in range(0, max(1, columns - step), step):
            yield slice(top, min(top + side, rows)), slice(left, min(left + side, columns))


def cover(rows: int, columns: int, side: int, change: Callable[[tuple[slice, slice]], float]) -> Float32[np.ndarray, "y x"]:
    """What covering costs at each place: the mean ``change`` of the patches that it lies in."""
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    for place in patches(rows, columns, side):
        total[place] += change(place)
        count[place] += 1
    return (total / count).astype(np.float32)


def cover_cells(x: FusionInput, name: str, change: Callable[[FusionInput], float]) -> Float32[np.ndarray, "y x"]:
    """Change of the decision by emptying each patch of a sensor's cells; 0 where there is nothing to empty."""
    cells = getattr(x, name)
    rows, columns = cells.shape[1:]
    if not getattr(x, name.replace("bev", "mask")).any():
        return np.zeros((rows, columns), np.float32)

    def emptied(place: tuple[slice, slice]) -> float:
        if not cells[(slice(None), *place)].any():
            return 0.0
        covered = cells.copy()
        covered[(slice(None), *place)] = 0
        return change(dataclasses.replace(x, **{name: covered}))

    return cover(rows, columns, CELLS, emptied)


def cover_camera(x: FusionInput, change: Callable[[FusionInput], float]) -> Float32[np.ndarray, "n h w"]:
    """Change of the decision by covering each patch of each picture with its mean colour; of the cameras that are there."""
    count, _, height, width = x.camera_image.shape
    out = np.zeros((count, height, width), np.float32)
    for camera in map(int, np.flatnonzero(x.camera_mask)):
        plain = x.camera_image[camera].mean(axis=(1, 2), keepdims=True).astype(np.uint8)

        def painted(place: tuple[slice, slice], camera: int = camera, plain: np.ndarray = plain) -> float:
            covered = x.camera_image.copy()
            covered[(camera, slice(None), *place)] = plain
            return change(dataclasses.replace(x, camera_image=covered))

        out[camera] = cover(height, width, PIXELS, painted)
    return out[x.camera_mask > 0]
