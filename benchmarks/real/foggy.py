# SPDX-License-Identifier: Apache-2.0
"""A street in fog: stereo camera, LiDAR and scanning radar through real topics, and what carries the scene."""

from pathlib import Path

import numpy as np

from benchmarks.real import live
from benchmarks.real.boxes import BASE
from benchmarks.real.section import Section, Table
from benchmarks.real.sensing import SETS, agreement, occupancy_only, seen
from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.clarity import judge
from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cells_of, transform
from mm_nav.core.sync import Synchronizer
from mm_nav.core.types import CameraImage, SensorFrame, Utterance
from mm_nav.engine import load_bundle

LOW, HIGH = 0.3, 2.0  # heights of returns that an obstacle is made of
CLEAR = ("dgp_scene_01", "nuscenes_keyframe")  # recordings in clear air


def street(data: Path, pictures: Path, scratch: Path) -> Section:
    """RADIATE, tiny_foggy."""
    bag = data / "radiate_foggy" / "bag"
    section = Section("radiate_foggy", "Fog: stereo camera, LiDAR and scanning radar (RADIATE)")
    spec = load_bundle(BASE).spec
    heard = live.play(bag, BASE, scratch, domain=81)
    offline = _instants(bag, spec.sync_slop_ns, spec.sync_window_ns)
    whole = [s for s in heard.stamps if s in offline]
    section.summary["instants through topics"] = f"{heard.instants} of {len(offline)}"
    section.summary["dropped"] = heard.skipped
    section.notes.append(
        f"Played at its recorded rate through three processes, {heard.instants} of the {len(offline)} instants that the synchroniser makes of "
        f"the recording came out as occupancy ({len(whole)} at the very same stamps), {heard.skipped} were dropped. "
        "An instant whose partners never come is made when the next readings tell so, or when the recording ends offline.")  # fmt: skip
    _contrast(data, section)
    if said := sorted(m for m in heard.said if "contrast" in m):
        words = said[0].split(";")[0]
        section.notes.append(f"The fusion node's own words in /diagnostics meanwhile: “{words}”.")
    section.tables.append(("What is left without some of the sensors, against LiDAR returns 0.3 m to 2 m above ground:", _sets(bag, spec.grid, section, pictures)))
    return section


def _instants(bag: Path, slop_ns: int, window_ns: int) -> set[int]:
    """Stamps of the instants that the synchroniser makes of a recording."""
    with BagReader(bag) as reader:
        specs, tree = sources(reader)
        sync = Synchronizer(specs, slop_ns=slop_ns, window_ns=window_ns, tree=tree)
        stamps = []
        for name, reading, _ in readings(reader):
            if not isinstance(reading, Utterance):
                sync.push(name, reading)
                stamps += _drained(sync.pop)
        stamps += _drained(sync.flush)
    return set(stamps)


def _drained(take: object) -> list[int]:
    out = []
    while isinstance(frame := take(), SensorFrame):  # type: ignore[operator]
        out.append(frame.stamp_ns)
    return out


def _contrast(data: Path, section: Section) -> None:
    rows = Table(("recording", "camera", "contrast, median", "lowest"))
    for name in ("radiate_foggy", *CLEAR):
        found: dict[str, list[float]] = {}
        with BagReader(data / name / "bag") as reader:
            for source, reading, _ in readings(reader):
                if isinstance(reading, CameraImage):
                    found.setdefault(source, []).append(judge(reading.rgb)[0])
        rows.rows += [(name, source, float(np.median(values)), float(np.min(values))) for source, values in found.items()]
    foggy = [float(r[2]) for r in rows.rows if r[0] == "radiate_foggy" and r[2] is not None]
    clear = [float(r[3]) for r in rows.rows if r[0] != "radiate_foggy" and r[3] is not None]
    section.summary |= {"contrast in fog": max(foggy), "least contrast in clear air": min(clear)}
    section.tables.append(("Contrast of the pictures; the fusion node warns below 0.2:", rows))


def _sets(bag: Path, grid: BevGrid, section: Section, pictures: Path) -> Table:
    table = Table(("sensors", "instants", "cells with returns that are occupied", "occupied cells beside a return", "cells it calls visible"))
    for left in ("all sensors", "LiDAR and radar", "LiDAR", "cameras and radar", "cameras", "radar"):
        recall, precision, visible = [], [], []
        last = None
        for event in seen(bag, BASE, left):
            if not all(getattr(event.frame, kind) for kind in SETS[left]) or not event.frame.lidars:
                continue
            cells = _returns(event.frame, grid)
            output = event.outcome.output
            occupied = output.occupancy >= 0.5
            found, near = agreement(occupied, cells)
            recall.append(found)
            precision += [near] if near is not None else []
            visible.append(float((output.visible >= 0.5).mean()))
            last = event
        table.rows.append((left, len(recall), *(float(np.mean(v)) if v else None for v in (recall, precision, visible))))
        if last is not None and left == "all sensors":
            occupancy_only(last, grid).save(pictures / "radiate_foggy.png")
            section.pictures.append(("real/radiate_foggy.png", "Occupancy of a foggy street from above: parked cars and walls on both sides of the road"))
    by_name = {row[0]: row for row in table.rows}
    for left in ("all sensors", "LiDAR and radar", "cameras"):
        section.summary[f"returns occupied with {left}"] = by_name[left][2]
    return table


def _returns(frame: SensorFrame, grid: BevGrid) -> np.ndarray:
    """LiDAR returns above ground per cell, counted without preprocess."""
    cells = np.zeros((grid.rows, grid.columns))
    for posed in frame.lidars:
        points = transform(posed.T_base_sensor, posed.cloud.xyz)
        points = points[(points[:, 2] > LOW) & (points[:, 2] < HIGH)]
        row, column, inside = cells_of(grid, points[:, :2])
        np.add.at(cells, (row[inside], column[inside]), 1)
    return cells
