# SPDX-License-Identifier: Apache-2.0
"""The shipped pipeline over a recording with some of its sensors taken away. Knows no recording in particular."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers
from mm_nav.core.types import Missing, SensorFrame
from mm_nav.engine import load_bundle, open_engine
from mm_nav.engine.text import open_text_encoder
from mm_nav.evaluate.recording import Seen, outcomes
from mm_nav.pipeline import Outcome, Pipeline
from mm_nav.viz.birdseye import draw_birdseye
from mm_nav.viz.picture import Instant, draw

SETS = {  # what is left on
    "all sensors": ("cameras", "lidars", "radars"),
    "LiDAR": ("lidars",),
    "cameras": ("cameras",),
    "radar": ("radars",),
    "cameras and radar": ("cameras", "radars"),
    "LiDAR and radar": ("lidars", "radars"),
}


class Partial(Pipeline):
    """A pipeline that hears only some kinds of sensors; the others are missing, as on a robot that lost them."""

    left: tuple[str, ...] = SETS["all sensors"]

    def step(self, frame: SensorFrame) -> Outcome:
        """One instant of what is left."""
        gone = [kind for kind in SETS["all sensors"] if kind not in self.left]
        lost = tuple(Missing(name=one.name, reason="switched off") for kind in gone for one in getattr(frame, kind))
        return super().step(replace(frame, missing=(*frame.missing, *lost), **dict.fromkeys(gone, ())))


def seen(bag: Path, bundle: str | Path, left: str = "all sensors", say: str = "") -> Iterator[Seen]:
    """Instants of a recording, whole (``Seen.frame``), and what the network made of the sensors that were left."""
    loaded = load_bundle(bundle)
    pipeline = Partial(open_engine(loaded), open_text_encoder(loaded), loaded.spec)
    pipeline.left = SETS[left]
    return (event for event in outcomes(bag, pipeline, loaded.spec, say=say) if isinstance(event, Seen))


def picture(event: Seen, grid: BevGrid, title: str, command: str = "") -> Image.Image:
    """One instant, as the demo draws it."""
    kinds = (("camera", event.frame.cameras), ("LiDAR", event.frame.lidars), ("radar", event.frame.radars))
    outcome = event.outcome
    return draw(Instant(frame=event.frame, scene=outcome.scene, grid=grid, plan=outcome.plan, command=command, state=outcome.status,
                        sensors=tuple((name, bool(there)) for name, there in kinds), title=title))  # fmt: skip


def occupancy_only(event: Seen, grid: BevGrid) -> Image.Image:
    """What was made of an instant and nothing that was recorded, for recordings whose licence does not let them be shown."""
    bare = replace(event.frame, cameras=(), lidars=(), radars=())
    return draw_birdseye(480, grid, bare, event.outcome.scene, event.outcome.plan, np.zeros((0, 2)), None).picture()


def agreement(occupied: np.ndarray, returns: np.ndarray) -> tuple[float, float | None]:
    """Share of cells with at least two returns that are occupied, and of occupied cells that have or touch a cell with one."""
    beside = cv2.dilate((returns > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return float(occupied[returns >= 2].mean()), float(beside[occupied].mean()) if occupied.any() else None


def footprint(grid: BevGrid, center: tuple[float, float], size: tuple[float, float], yaw: float, margin: float = 0.0) -> np.ndarray:
    """Cells (Y, X) whose centre lies in a rectangle that is ``margin`` metres larger on each side."""
    ys, xs = cell_centers(grid)
    dx, dy = xs[None] - center[0], ys[:, None] - center[1]
    c, s = np.cos(yaw), np.sin(yaw)
    return np.asarray((np.abs(c * dx + s * dy) <= size[0] / 2 + margin) & (np.abs(c * dy - s * dx) <= size[1] / 2 + margin))
