# SPDX-License-Identifier: Apache-2.0
"""Labelled frames and engines of a coarse grid, made by hand, whose figures can be worked out."""

import dataclasses

import numpy as np

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.contract import inputs_of, outputs_of
from mm_nav.evaluate.labelled import Frame, Judged, Label

GRID = BevGrid(x_min=0.0, y_min=-8.0, cell=1.0, columns=16, rows=16)
SPEC = ModelSpec(grid=GRID, image_height=32, image_width=64, memory_channels=2)
BOX = SPEC.classes.index("box")
CONE = SPEC.classes.index("cone")


def output(**changes: np.ndarray) -> FusionOutput:
    """The network sees nothing, except for what is given."""
    return FusionOutput(**({t.name: np.zeros([int(n) for n in t.shape[1:]], np.float32) for t in outputs_of(SPEC)} | changes))


def inputs(cameras: int = 1, **changes: np.ndarray) -> FusionInput:
    """Every sensor is there and sees zeros, one phrase is asked, except for what is given."""
    shapes = {t.name: ([cameras if n == "cameras" else int(n) for n in t.shape[1:]], t.dtype) for t in inputs_of(SPEC)}
    values = {name: np.zeros(shape, dtype) for name, (shape, dtype) in shapes.items()}
    values |= {name: np.ones_like(values[name]) for name in ("camera_mask", "lidar_mask", "radar_mask", "ego")}
    values["phrase_mask"][0] = 1
    return FusionInput(**(values | changes))


def label(*things: tuple[float, float, int], **changes: np.ndarray) -> Label:
    """Things (x, y, class) of half a metre, all seen; the first phrase asks for the first of them; nothing else is labelled."""
    count = max(len(things), 1)
    boxes, kinds = np.zeros((count, 9), np.float32), np.full(count, -1)
    for row, (x, y, kind) in enumerate(things):
        boxes[row, :7] = [x, y, 0.5, 0.5, 0.5, 1.0, 0.0]
        kinds[row] = kind
    on = (np.arange(count) < len(things)).astype(np.float32)
    hits = np.zeros((3, count), np.float32)
    hits[0, 0] = on[0]
    asked = np.array([on[0], 0, 0], np.float32)
    unlabelled = np.full((GRID.rows, GRID.columns), -1, np.float32)
    return {
        "boxes": boxes, "box_seen": on, "box_unsure": np.zeros_like(on), "box_class": kinds, "box_key": np.where(on > 0, 0, -1),
        "goal_hits": hits, "goal_unsure": np.zeros_like(hits), "goal_known": asked, "goal_by_colour": asked, "phrase_mask": asked,
        "occupancy": unlabelled, "visible": unlabelled, "stop": np.zeros(1, np.float32), "stop_known": np.zeros(1, np.float32),
        "waypoints": np.zeros((SPEC.waypoint_count, 2), np.float32), "waypoints_known": np.zeros(SPEC.waypoint_count, np.float32),
    } | changes  # fmt: skip


def judged(truth: Label, said: FusionOutput, intent: str = "go_to") -> Judged:
    """A frame that was run."""
    return Judged(item=0, label=truth, output=said, intent=intent)


def field(*cells: tuple[float, float, float], layers: int = 0) -> np.ndarray:
    """A map (Y, X), or the first of ``layers`` maps, that is ``value`` at x, y metres and 0 elsewhere: cells of x, y, value."""
    out = np.zeros((GRID.rows, GRID.columns), np.float32)
    for x, y, value in cells:
        out[int((y - GRID.y_min) / GRID.cell), int((x - GRID.x_min) / GRID.cell)] = value
    return out if not layers else np.stack([out, *[np.zeros_like(out)] * (layers - 1)])


def sees(*things: tuple[float, float, int, float]) -> FusionOutput:
    """An output with detections of half a metre: x, y (of cell centres), class, score."""
    kinds = np.zeros((len(SPEC.classes), GRID.rows, GRID.columns), np.float32)
    for x, y, kind, _ in things:
        kinds[kind] += field((x, y, 1.0))
    box = np.zeros((8, GRID.rows, GRID.columns), np.float32)
    box[3:5], box[7] = np.log(0.5), 1.0
    return output(object_heat=field(*((x, y, score) for x, y, _, score in things)), object_class=kinds, object_box=box)


class Weighs:
    """An engine whose goal at (4.5, 0.5) is 0.4 LiDAR there, 0.3 the picture's brightness, 0.1 radar and 0.2 memory.

    It remembers how bright the picture was, and drives as fast as odometry says.
    """

    name = "weighs"

    def __init__(self) -> None:
        self.runs = 0

    def run(self, inputs: FusionInput) -> FusionOutput:
        """The weighted sum of what is there."""
        self.runs += 1
        bright = float((inputs.camera_image.mean(axis=(1, 2, 3)) / 255 * inputs.camera_mask).max())
        covered = (inputs.memory_grid > -1.5).all()
        past = float(inputs.memory.mean()) if covered and inputs.memory.size else 0.0
        here = field((4.5, 0.5, 1.0)) > 0
        lidar, radar = float(inputs.lidar_bev[0][here][0]), float(inputs.radar_bev[0][here][0])
        goal = 0.4 * lidar + 0.3 * bright + 0.1 * radar + 0.2 * past
        way = np.full((SPEC.waypoint_count, 2), [inputs.ego[0], 0.0], np.float32)
        return output(goal_map=field((4.5, 0.5, goal), layers=3), waypoints=way, kept=np.full(SPEC.memory_shape, bright, np.float32))


def watched() -> Frame:
    """A frame where all of what ``Weighs`` weighs is full: its goal is exactly 1."""
    full = field((4.5, 0.5, 1.0))
    seen = inputs(
        camera_image=np.full((1, 3, 32, 64), 255, np.uint8),
        lidar_bev=np.stack([full] * 9), radar_bev=np.stack([full] * 5),
    )  # fmt: skip
    return Frame(now=seen, past=dataclasses.replace(seen, phrase_mask=np.zeros(3, np.float32)), label=label())
