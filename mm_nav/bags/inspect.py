# SPDX-License-Identifier: Apache-2.0
"""``mm_nav inspect BAG|BUNDLE``: what is in it, what mm_nav would use of it, and what it lacks. Prints; decides nothing."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from mm_nav.bags.playback import TopicUse, mountings, sources, topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.core.timing import timing
from mm_nav.engine.bundle import MANIFEST_NAME, Bundle, find_bundle, load_bundle

BASE_FRAME = "base_link"
WIDE, LONGEST = 150, 32  # columns of a terminal; letters of a topic that are kept together
BUNDLE_KEYS = ("format_version", "spec", "files", "inputs", "outputs", "text_encoder", "training", "metrics")


@dataclass(frozen=True, kw_only=True)
class InspectConfig:
    """What to look at."""

    path: Annotated[Path, tyro.conf.Positional]
    """A recording, or a model bundle."""
    base_frame: str = BASE_FRAME
    """Frame of the robot."""
    allow_partial: bool = False
    """Look at what is left of a damaged recording."""
    json: Path | None = None
    """Write what is in it here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One topic. Times in seconds after the first message of the recording; ``missing`` is counted by the usual period."""

    topic: str
    type: str
    count: int
    rate_hz: float
    first_s: float
    last_s: float
    longest_gap_s: float
    missing: int
    frame: str
    used_as: str


def main(config: InspectConfig) -> int:
    """Print a table; 0 when the thing can be used.

    Raises:
        BagError, BundleError: when it cannot, with the remedy. DamagedBagError: it holds less than it says.
    """
    edge = Console().is_terminal or "COLUMNS" in os.environ  # a file has none
    console = Console(width=None if edge else WIDE)
    if (config.path / MANIFEST_NAME).is_file():
        bundle = load_bundle(find_bundle(config.path))
        console.print(_bundle_table(config.path, bundle))
        _write(config.json, {"bundle": bundle.name, "mm_nav_version": bundle.version, **{k: bundle.manifest[k] for k in BUNDLE_KEYS if k in bundle.manifest}})
        return 0
    with BagReader(config.path, allow_partial=config.allow_partial) as reader:
        uses = topic_uses(reader)
        rows = describe(reader, uses)
        lacking = lacks(reader, uses, rows, config.base_frame)
        console.print(_bag_table(reader, rows, console.width >= WIDE))
        placed = mountings(reader)[1]
    console.print("mountings: " + (", ".join(f"{n} from {source}" for source, n in placed.items()) or "none"), highlight=False)
    for purpose, texts in lacking.items():
        also = " besides" if purpose == "training" and lacking["replay"] else ""
        console.print(f"for {purpose}{also}: " + ("nothing is missing" if not texts else ""), highlight=False)
        for text in texts:
            console.print(f"  - {text}", highlight=False, soft_wrap=True)
    _write(config.json, {"topics": [asdict(row) for row in rows], "lacks": lacking})
    return 0


def _write(path: Path | None, values: dict[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def describe(reader: BagReader, uses: Sequence[TopicUse]) -> list[Row]:
    """Each topic with its rate, gaps, frame and use, by topic.

    Raises:
        DamagedBagError: fewer messages than the recording says.
    """
    times = reader.log_times()
    start = min((int(t[0]) for t in times.values() if len(t)), default=0)
    rows = []
    for use in uses:
        info, logged = reader.topics[use.topic], times[use.topic]
        found = timing(logged, None, start) if len(logged) else None
        rows.append(Row(
            topic=use.topic, type=info.type, count=len(logged), rate_hz=round(found.rate_hz, 3) if found else 0.0,
            first_s=round(found.first_s, 3) if found else 0.0, last_s=round(found.last_s, 3) if found else 0.0,
            longest_gap_s=round(found.longest_gap_s, 3) if found else 0.0, missing=found.lost if found else 0,
            frame=_frame(reader, use.topic), used_as=f"{use.kind} {use.name}" if use.kind else f"not used: {use.reason}",
        ))  # fmt: skip
    return rows


def lacks(reader: BagReader, uses: Sequence[TopicUse], rows: Sequence[Row], base_frame: str = BASE_FRAME) -> dict[str, list[str]]:
    """What is missing for a replay and for training, each with what to do about it."""
    _, tree = sources(reader)
    kinds = {use.kind for use in uses}
    models = {use.name for use in uses if use.kind == "camera_info"}
    replay = []
    if not kinds & {"camera", "lidar", "radar"}:
        replay.append("no camera, LiDAR or radar: record one of them")
    for use, row in zip(uses, rows, strict=True):
        if use.kind == "camera" and use.name not in models:
            replay.append(f"{use.topic} has no camera_info: record it, and calibrate the camera if there is none")
        frame = row.frame.lstrip("/")
        if use.kind in ("camera", "lidar", "radar") and row.count and not (frame and tree.has(base_frame, frame)):
            named = repr(frame) if frame else "(its frame_id is empty)"
            replay.append(f"{use.topic} has no mounting, {base_frame} <- {named}: record /tf_static, or write calibration.yaml (`mm_nav init` starts one)")
    return {"replay": replay, "training": lacks_for_training(uses)}


def lacks_for_training(uses: Sequence[TopicUse]) -> list[str]:
    """What cannot be learned from a recording, by what its topics are used as, each with what to do about it."""
    kinds, training = {use.kind for use in uses}, []
    if "odometry" not in kinds:
        training.append("no nav_msgs/Odometry: no waypoints are learned, occupancy comes from single scans, nothing is remembered")
    if "lidar" not in kinds:
        training.append("no LiDAR: no occupancy is learned unless ground_truth/occupancy is recorded")
    if "command" not in kinds:
        training.append("no /command: no goals are learned; record what the robot was told (std_msgs/String)")
    if not any("ground_truth/objects" in use.topic for use in uses):
        training.append("no ground_truth/objects: detections are not learned; import annotated data, or leave them as they are")
    return training


def _bag_table(reader: BagReader, rows: Sequence[Row], wide: bool) -> Table:
    """A line for each topic; types and frames only where there is room for them."""
    seconds = reader.duration_ns / 1e9
    table = Table(title=f"{reader.path}: {sum(r.count for r in rows)} messages, {seconds:.1f} s", title_justify="left")
    headings = ("topic", "type", "count", "Hz", "seconds", "gap", "frame", "used as")
    shown = [h for h in headings if wide or h not in ("type", "frame")]
    for heading in shown:
        least = min(LONGEST, max((len(row.topic) for row in rows), default=0)) if heading == "topic" else None
        table.add_column(heading, justify="right" if heading in ("count", "Hz", "seconds", "gap") else "left", overflow="fold", min_width=least)
    for row in rows:
        cells = {
            "topic": row.topic, "type": row.type, "count": str(row.count), "Hz": f"{row.rate_hz:.1f}" if row.rate_hz else "",
            "seconds": f"{row.first_s:.1f}–{row.last_s:.1f}" if row.count else "",
            "gap": f"{row.longest_gap_s:.2f} s, {row.missing} missing" if row.missing else "", "frame": row.frame, "used as": row.used_as,
        }  # fmt: skip
        table.add_row(*(cells[h] for h in shown))
    return table


def _frame(reader: BagReader, topic: str) -> str:
    """Frame of the first message, if its type has a header."""
    if not reader.topics[topic].count or not reader.topics[topic].readable:
        return ""
    message = next(reader.messages([topic]), None)
    header = getattr(message.msg, "header", None) if message is not None else None
    return str(header.frame_id) if header is not None else ""


def _bundle_table(path: Path, bundle: Bundle) -> Table:
    table = Table(title=f"{path}: bundle {bundle.name}, written by mm_nav {bundle.version}", title_justify="left")
    for heading in ("tensor", "dtype", "shape"):
        table.add_column(heading)
    for side, tensors in (("in", bundle.inputs), ("out", bundle.outputs)):
        for tensor in tensors:
            table.add_row(f"{side} {tensor.name}", tensor.dtype, str(tensor.shape))
    return table
