# SPDX-License-Identifier: Apache-2.0
"""FusionOutput -> Scene: unknown cells, object boxes and goal sightings out of network maps. Knows no past, no plan.

Peaks are 3x3 maxima of the centre heat (CenterPoint, Yin et al. 2021), thinned by distance.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.types import FusionInput, FusionOutput, Goal, ObjectBox, Scene, SensorFrame

VISIBLE = 0.5  # probability from which a cell counts as observed
OCCUPIED = 0.5
OBJECT_SCORE = 0.3
MAX_OBJECTS = 24
OBJECT_GAP_M = 0.5  # two centres nearer than this are one object
OTHER_KIND = 0.35  # of its confidence keeps a sighting of something that is clearly of another class
SEEN_HEAT, HALF_AS_LIKELY = 0.3, 0.5
MAX_SIGHTINGS = 4
SIGHTING = 0.15  # weakest goal peak worth remembering
SNAP_M = 0.6  # a goal peak this near to an object is that object


def scene(output: FusionOutput, frame: SensorFrame, spec: ModelSpec) -> Scene:
    """What the network saw at ``frame.stamp_ns``, in base_link; ``goal`` is its best sighting in this frame alone."""
    # what is seen ends at surfaces: an obstacle claimed right behind the last free cell was seen too
    seen_to = cv2.dilate((output.visible >= VISIBLE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    known = (output.visible >= VISIBLE) | (seen_to & (output.occupancy >= OCCUPIED))
    occupancy = np.where(known, np.clip(output.occupancy, 0.0, 1.0), np.nan).astype(np.float32)
    objects = detections(output, spec)
    seen = sightings(output, objects, spec.grid)
    return Scene(
        stamp_ns=frame.stamp_ns, occupancy=occupancy, motion=output.motion, objects=objects,
        goal=seen[0] if seen else None, missing=frame.missing,
    )  # fmt: skip


def detections(output: FusionOutput, spec: ModelSpec) -> tuple[ObjectBox, ...]:
    """Objects, most certain first."""
    grid, found = spec.grid, []
    for row, column in _peaks(output.object_heat, OBJECT_SCORE, MAX_OBJECTS, OBJECT_GAP_M / grid.cell):
        dx, dy, z, log_l, log_w, log_h, sin, cos = (float(v) for v in output.object_box[:, row, column])
        reach = 1.5 * grid.cell  # the centre lies in or next to its cell
        center = [
            grid.x_min + (column + 0.5) * grid.cell + np.clip(dx, -reach, reach),
            grid.y_min + (row + 0.5) * grid.cell + np.clip(dy, -reach, reach),
            z,
        ]
        found.append(
            ObjectBox(
                label=spec.classes[int(np.argmax(output.object_class[:, row, column]))],
                score=float(output.object_heat[row, column]),
                center=np.array(center, np.float64),
                size=np.exp(np.clip([log_l, log_w, log_h], -3.0, 3.0)).astype(np.float64),
                yaw=float(np.arctan2(sin, cos)),
                velocity=output.motion[:, row, column].astype(np.float64),
            )
        )
    return tuple(found)


def sightings(
    output: FusionOutput, objects: tuple[ObjectBox, ...], grid: BevGrid, phrase: int = 0, kind: int | None = None
) -> tuple[Goal, ...]:
    """Where the object of a phrase may be in this frame, most likely first; empty while there is no such phrase.

    ``kind`` is the class that the phrase speaks of, if it is one of the network's: a person in blue is no blue cone.
    """
    found: list[Goal] = []
    goal_map, present = output.goal_map[phrase], float(np.clip(output.goal_present[phrase], 0.0, 1.0))
    for row, column in _peaks(goal_map, SIGHTING, MAX_SIGHTINGS, 1.0 / grid.cell):
        confidence = float(np.sqrt(min(1.0, float(goal_map[row, column])) * present))
        if kind is not None:
            confidence *= _of_kind(output, kind, row, column)
        if confidence < SIGHTING:
            continue
        xy = _centroid(goal_map, row, column, grid)
        near = min(objects, key=lambda o: float(np.hypot(*(o.center[:2] - xy))), default=None)
        if near is not None and np.hypot(*(near.center[:2] - xy)) < SNAP_M:
            xy = near.center[:2].copy()
        found.append(Goal(xy=xy, confidence=confidence, seen_now=True))
    return tuple(sorted(found, key=lambda g: -g.confidence))


def _of_kind(output: FusionOutput, kind: int, row: int, column: int) -> float:
    """How far the class of what stands there speaks against a kind, ``OTHER_KIND`` to 1; 1 where no object is seen."""
    near = np.s_[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    heat = output.object_heat[near]
    if float(heat.max()) < SEEN_HEAT:
        return 1.0
    r, c = np.unravel_index(int(heat.argmax()), heat.shape)
    likely = output.object_class[(slice(None), *near)][:, r, c]
    share = float(likely[kind]) / max(float(likely.max()), 1e-6)
    return max(OTHER_KIND, min(1.0, share / HALF_AS_LIKELY))


def camera_view(inputs: FusionInput, grid: BevGrid) -> Bool[np.ndarray, "y x"]:
    """Cells that fall into any camera's picture: where colours, and so most phrases, can be told."""
    present = inputs.camera_grid[inputs.camera_mask > 0]
    if not len(present):
        return np.zeros((grid.rows, grid.columns), np.bool_)
    inside = present.reshape(len(present), -1, grid.rows, grid.columns, 2)[..., 0] >= -1.0
    return np.asarray(inside.any(axis=(0, 1)))


def _peaks(heat: Float32[np.ndarray, "y x"], least: float, most: int, gap_cells: float) -> list[tuple[int, int]]:
    """Local maxima from high to low, none nearer than ``gap_cells`` to a higher one."""
    clean = np.where(np.isfinite(heat), heat, np.float32(0.0))
    local = (clean >= cv2.dilate(clean, np.ones((3, 3), np.uint8))) & (clean >= least)
    rows, columns = np.nonzero(local)
    order = np.argsort(-clean[rows, columns], kind="stable")
    kept: list[tuple[int, int]] = []
    for i in order[: 8 * most]:
        r, c = int(rows[i]), int(columns[i])
        if all((r - kr) ** 2 + (c - kc) ** 2 >= gap_cells**2 for kr, kc in kept):
            kept.append((r, c))
        if len(kept) == most:
            break
    return kept


def _centroid(heat: Float32[np.ndarray, "y x"], row: int, column: int, grid: BevGrid) -> np.ndarray:
    """Centre of mass of the 3x3 cells around a peak, metres."""
    r0, c0 = max(row - 1, 0), max(column - 1, 0)
    patch = np.nan_to_num(heat[r0 : row + 2, c0 : column + 2], nan=0.0).astype(np.float64) ** 2
    total = float(patch.sum())
    r = float((patch.sum(axis=1) * np.arange(r0, r0 + patch.shape[0])).sum()) / total
    c = float((patch.sum(axis=0) * np.arange(c0, c0 + patch.shape[1])).sum()) / total
    return np.array([grid.x_min + (c + 0.5) * grid.cell, grid.y_min + (r + 0.5) * grid.cell])
