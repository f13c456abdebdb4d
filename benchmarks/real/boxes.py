# SPDX-License-Identifier: Apache-2.0
"""Occupancy and objects against annotated boxes, LiDAR alone and fused, before and after a few frames of training.

The network saw simulated pictures and scans only; what it learns from three frames of one street is asked for in another.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rosbags.highlevel import AnyReader

from benchmarks.real.section import Section, Table
from benchmarks.real.sensing import footprint, occupancy_only, picture, seen
from mm_nav.bags.writer import BagWriter
from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cells_of, se3, transform
from mm_nav.core.geometry import inverse as inverted
from mm_nav.engine import load_bundle
from mm_nav.evaluate.recording import Seen
from mm_nav.wire.outcome import LabelledBox, encode_boxes

BASE = Path(__file__).parent.parent.parent / "models" / "base"
WORDS = {"car": "car", "truck": "car", "bus": "car", "construction_vehicle": "car", "pedestrian": "person", "person": "person",
         "traffic_cone": "cone", "cone": "cone"}  # fmt: skip
MIN_HITS = 3  # LiDAR returns in a box that counts
GROUND_Z, LOW, HIGH = 0.15, 0.15, 2.2
NEAR_M = 2.0  # from an object's true centre
MARGIN_M = 0.3  # around a box nothing is judged: outlines are not exact to a cell
SENSORS = ("LiDAR", "cameras", "all sensors")
EPOCHS = 30
NOT_SHOWN = ("nuscenes_keyframe",)  # its licence does not let its pictures be copied


@dataclass(slots=True)
class Box:
    """One annotated thing, in base_link."""

    word: str
    center: np.ndarray
    size: np.ndarray
    yaw: float

    @property
    def label(self) -> str | None:
        """The network's word for it; None if it has none."""
        return WORDS.get(self.word)


@dataclass(slots=True)
class Score:
    """Sums over instants."""

    common: int = 0
    union: int = 0
    struck: int = 0
    detected: int = 0
    named: int = 0
    nameable: int = 0
    boxes: int = 0
    instants: int = 0
    best: Seen | None = field(default=None)

    def row(self) -> tuple[float | None, ...]:
        """IoU, recall of boxes by occupancy, by detections, and with the right name."""
        return (self.common / self.union if self.union else None, *(
            part / whole if whole else None for part, whole in
            ((self.struck, self.boxes), (self.detected, self.boxes), (self.named, self.nameable))))  # fmt: skip


def read(file: Path) -> dict[int, list[Box]]:
    """Boxes by stamp."""
    frames = json.loads(file.read_text())["frames"]
    return {int(f["stamp_ns"]): [_box(b) for b in f["boxes"]] for f in frames}


def _box(entry: dict[str, object]) -> Box:
    word = str(entry["cls"]).lower().split(".")[-1]
    center, size = (np.array(entry[key], np.float64) for key in ("center", "size_lwh"))
    return Box(word=word, center=center, size=size, yaw=float(entry["yaw"]))  # type: ignore[arg-type]


def score(bag: Path, boxes: dict[int, list[Box]], bundle: Path, left: str) -> Score:
    """Hold a bundle against the boxes of a recording."""
    grid, out = load_bundle(bundle).spec.grid, Score()
    for event in seen(bag, bundle, left):
        truth = boxes.get(event.frame.stamp_ns)
        if truth is not None and event.frame.lidars:
            _judge(event, truth, grid, out)
    return out


def _judge(event: Seen, truth: list[Box], grid: BevGrid, out: Score) -> None:
    points = np.concatenate([transform(p.T_base_sensor, p.cloud.xyz) for p in event.frame.lidars]).astype(np.float64)
    occupied = event.outcome.output.occupancy >= 0.5
    inside, near = np.zeros(occupied.shape, bool), np.zeros(occupied.shape, bool)
    for box in truth:
        at = (float(box.center[0]), float(box.center[1])), (float(box.size[0]), float(box.size[1])), box.yaw
        cells = footprint(grid, *at)
        near |= footprint(grid, *at, margin=MARGIN_M)
        if _hits(points, box) < MIN_HITS or not cells_of(grid, box.center[None, :2])[2][0]:
            continue
        inside |= cells
        out.boxes += 1
        out.struck += bool(occupied[cells].any())
        found = [o for o in event.outcome.scene.objects if np.hypot(*(o.center[:2] - box.center[:2])) < NEAR_M]
        out.detected += bool(found)
        out.nameable += box.label is not None
        out.named += box.label is not None and any(o.label == box.label for o in found)
    free = _ground(points, grid) & ~near
    known = inside | free
    out.common += int((occupied & inside).sum())
    out.union += int(((occupied | inside) & known).sum())
    out.instants += 1
    out.best = out.best or event


def _hits(points: np.ndarray, box: Box) -> int:
    local = transform(inverted(se3((float(box.center[0]), float(box.center[1]), float(box.center[2])), (0.0, 0.0, box.yaw))), points)
    return int((np.abs(local) <= box.size / 2 + 0.05).all(axis=1).sum())


def _ground(points: np.ndarray, grid: BevGrid) -> np.ndarray:
    """Cells that a LiDAR saw the ground of, and nothing above it."""
    low = points[:, 2] < GROUND_Z
    tall = (points[:, 2] >= LOW) & (points[:, 2] < HIGH)
    ground, above = (np.zeros((grid.rows, grid.columns), bool) for _ in range(2))
    for cells, part in ((ground, points[low]), (above, points[tall])):
        row, column, on = cells_of(grid, part[:, :2])
        cells[row[on], column[on]] = True
    return ground & ~above


def labelled(bag: Path, boxes: dict[int, list[Box]], out: Path) -> Path:
    """The recording with its boxes as a ground-truth topic, as training reads it."""
    with AnyReader([bag]) as reader, BagWriter(out) as writer:
        for connection, log_ns, data in reader.messages():
            writer.write_serialized(connection.topic, connection.msgtype, data, log_ns)
        for stamp_ns, listed in boxes.items():
            shown = [LabelledBox(id=i, label=b.label or b.word, text=b.label or b.word, center=b.center, size=b.size, yaw=b.yaw)
                     for i, b in enumerate(listed)]  # fmt: skip
            writer.write("ground_truth/objects", encode_boxes(shown, stamp_ns), stamp_ns)
    return out


def adapted(bag: Path, boxes: dict[int, list[Box]], scratch: Path) -> Path:
    """A bundle that learned from one recording, at most 5 % of its weights."""
    out = scratch / "adapted"
    command = [sys.executable, "-m", "mm_nav", "train", str(labelled(bag, boxes, scratch / "labelled")), "--out", str(out), "--base", str(BASE),
               "--recipe", "adapters", "--epochs", str(EPOCHS), "--batch-size", "2", "--validation-share", "0.34",
               "--cache", str(scratch / "cache"), "--workers", "1"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return out


def both(data: Path, pictures: Path, scratch: Path) -> Section:
    """TRI DGP (3 cameras) and nuScenes (6 cameras), each before and after training on the former."""
    section = Section("dgp_scene_01, nuscenes_keyframe", "Boxes: TRI DGP (3 cameras, LiDAR) and nuScenes (6 cameras, LiDAR)")
    truths = {name: read(data / name / "boxes.json") for name in ("dgp_scene_01", "nuscenes_keyframe")}
    bundles = {"base": BASE, "after 3 frames of dgp_scene_01": adapted(data / "dgp_scene_01" / "bag", truths["dgp_scene_01"], scratch)}
    table = Table(("recording", "network", "sensors", "instants", "boxes", "occupancy IoU", "boxes occupied", "boxes detected", "right name"))
    for name, truth in truths.items():
        for trained, bundle in bundles.items():
            for left in SENSORS:
                found = score(data / name / "bag", truth, bundle, left)
                table.rows.append((name, trained, left, found.instants, found.boxes, *found.row()))
                if left == "all sensors":
                    iou, recall = found.row()[:2]
                    section.summary[f"{name}, {trained}: IoU"] = iou
                    section.summary[f"{name}, {trained}: boxes occupied"] = recall
                if found.best is not None and left == "all sensors" and trained == "base":
                    grid = load_bundle(BASE).spec.grid
                    shown = occupancy_only(found.best, grid) if name in NOT_SHOWN else picture(found.best, grid, name)
                    shown.save(pictures / f"{name}.png")
                    section.pictures.append((f"real/{name}.png", f"Occupancy and detections of {name} from above"))
    section.tables.append((f"Boxes with at least {MIN_HITS} LiDAR returns whose centre lies in the network's 19 m x 19 m:", table))
    section.notes += [
        ("The network was trained in simulation alone. Cells of annotated boxes count as occupied, cells where LiDAR saw ground and nothing "
        f"above it as free, all others (walls, bushes, {MARGIN_M} m around boxes) are not judged. A box is *occupied* if a cell of its "
        f"footprint is, *detected* if a detection lies within {NEAR_M:g} m of its centre; *right name* is of those that the network has a "
        "word for (car, person, cone)."),
        (f"Adapting is `mm_nav train --recipe adapters --epochs {EPOCHS}` on the three labelled frames of dgp_scene_01, where the car stands "
        "still: on that recording itself the second row shows memory, on nuscenes_keyframe what carries over."),
    ]
    return section
