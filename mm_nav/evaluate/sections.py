# SPDX-License-Identifier: Apache-2.0
"""Figures of the heads as sections of a page: tables, plots, and the sentence that says how to read them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_nav.core.config import BevGrid
from mm_nav.evaluate.heads import Figures
from mm_nav.evaluate.history import JUDGED, LOSSES, Curve
from mm_nav.viz import chart
from mm_nav.viz import evidence as drawn
from mm_nav.viz.report import Section

if TYPE_CHECKING:
    from mm_nav.evaluate.page import Case

NOT_LABELLED = "Not labelled in these bags."
Row = Mapping[str, Any]
Tables = list[tuple[str, Sequence[Row]]]


def scores(figures: Figures) -> list[Section]:
    """What every head said against what was labelled; how intents were understood."""
    return [
        _binary("Occupancy", figures["occupancy"], "Cells that are labelled and that a LiDAR ray reached; yes is occupied."),
        _binary("Visible", figures["visible"], "Cells that are observed now. The label is where LiDAR rays went, which the network is shown: it should be near 1."),
        _objects(figures["objects"]),
        _goal(figures["goal"]),
        _waypoints(figures["waypoints"]),
        _binary("Stop", figures["stop"], "Whether the order is fulfilled here."),
        _motion(figures["motion"]),
        Section(title="By intent", text="Every head in the frames where an order of this intent was in force.",
                tables=[("", _rows(figures["by_intent"], "intent"))]),
        _intents(figures["intents"]),
    ]  # fmt: skip


def training(curves: Mapping[str, Curve]) -> list[Section]:
    """Loss and what validation judged, over steps; nothing without a run."""
    text = "Loss and what was judged on held-out scenes, by training step. present_when_not should fall, the others but errors rise."
    groups = (("loss", LOSSES), ("judged on held-out scenes", JUDGED))
    shown = [("", chart.history({t: curves[t] for t in tags if t in curves}, title)) for title, tags in groups if any(t in curves for t in tags)]
    return [Section(title="Training", text=text, pictures=shown)] if curves else []


def reasons(figures: Figures, cases: Sequence["Case"], grid: BevGrid) -> list[Section]:
    """What each sensor is worth, what chosen frames look like, and what moved their decisions."""
    worth = Section(title="What each sensor is worth", tables=[("", _rows(figures["contributions"], ""))],
                    text="The same frames again without each sensor, now and in what is remembered; odometry gone takes memory with it.")  # fmt: skip
    shown = Section(title="Frames", pictures=[(case.caption, drawn.overlay(case.view, grid)) for case in cases],
                    text="Green: the thing that was asked for, and the way that was driven. Cyan: other things in view, and the peak of the "
                    "goal map (plus). Red crosses: detections. Yellow: the way that the network says.")  # fmt: skip
    return [worth, shown, *(_reason(case, grid) for case in cases)]


def _reason(case: "Case", grid: BevGrid) -> Section:
    found, inside, view = case.evidence, case.inside, case.view
    unit = "what the goal's probability loses in the cell where the network puts it" if found.asked else "how many metres the waypoints move"
    text = (f"Covered one patch after the other, and the robot's engine asked again: {unit}, as the mean of the patches over a place. Red spoke for the decision, blue against it. "
            "Pictures are covered with their mean colour, cells as if the sensor had not looked there.")  # fmt: skip
    cells = {"LiDAR": found.lidar, "radar": found.radar}
    pictures = [("Occlusion through the engine that drives", drawn.occlusion(view, found.camera, cells, grid))]
    if inside is not None:
        pictures.append(("Gradient of the decision in the torch network", drawn.gradients(view, inside.camera, inside.lidar, grid)))
        if inside.attention is not None:
            pictures.append(("Share of attention that each coarse cell gives to each sensor", drawn.attention(view, inside.attention, grid)))
    rows = {sensor: row for sensor, row in found.left_out.items() if row["present"]}
    table = _rows({s: {k: v for k, v in row.items() if k != "present"} for s, row in rows.items()}, "without")
    return Section(title=f"Why: {case.name}", text=text, tables=[(case.caption, table)], pictures=pictures)


# ---------------------------------------------------------------- heads


def _binary(title: str, part: Figures | None, text: str) -> Section:
    if part is None:
        return Section(title=title, text=NOT_LABELLED)
    return Section(title=title, text=text, tables=_tables(part, "is"), pictures=[("", chart.binary(part))])


def _objects(part: Figures | None) -> Section:
    if part is None:
        return Section(title="Objects", text=NOT_LABELLED)
    each: Tables = [("", [{"class": k, "average precision": _said(v)} for k, v in part["by_class"].items()])]
    pictures = [("confusion of classes", chart.confusion(part)), ("", chart.precision_recall(part["curves"]))]
    if part["certainty"] is not None:
        pictures.append(("how often a detection of a score is right in place and class", chart.binary(part["certainty"])))
    text = "Detections against things that LiDAR saw, matched within 1 m; things that are there but unseen do not count."
    return Section(title="Objects", text=text, tables=[*_tables(part, "class"), *each], pictures=pictures)


def _goal(part: Figures | None) -> Section:
    if part is None:
        return Section(title="Goal", text=NOT_LABELLED)
    presence = part["presence"]
    tables: Tables = [("", [_plain(part)]), ("", _rows(part["by_class"], "class")), ("", _rows(part["by_colour"], "colour")), *_tables(presence, "in view")]
    text = "Phrases whose thing is in view: is the peak of their map within 1 m of it? In view or not has phrases of absent things as no."
    return Section(title="Goal", text=text, tables=tables, pictures=[("whether the thing is in view", chart.binary(presence))])


def _waypoints(part: Figures | None) -> Section:
    if part is None:
        return Section(title="Waypoints", text=NOT_LABELLED)
    picture = chart.bars(part["by_horizon_s"], "mean error by horizon, seconds ahead", "metres")
    return Section(title="Waypoints", text="Distance to the way that was driven.", tables=[("", [_plain(part)])], pictures=[("", picture)])


def _motion(part: Figures | None) -> Section:
    if part is None:
        return Section(title="Motion", text="Nothing in these bags is labelled as moving.")
    text = "Velocity of seen things that move; saying that all stand still would err by their mean speed."
    return Section(title="Motion", text=text, tables=[("", [_plain(part)])])


def _intents(part: Figures) -> Section:
    text = f"{part['sentences']} orders from {part['source']}, as the parser hears them."
    if part["not_spoken"]:
        text += f" Not spoken there, so not judged: {', '.join(part['not_spoken'])}."
    wrong = [("taken for something else", part["wrong"][:40])] if part["wrong"] else []
    return Section(title="Intents", text=text, tables=[*_tables(part, "intent"), *wrong], pictures=[("confusion of intents", chart.confusion(part))])


# ---------------------------------------------------------------- tables


def _tables(part: Figures, what: str) -> Tables:
    return [("", _rows(part["classes"], what)), ("", [_plain(part)])]


def _rows(values: Mapping[str, Mapping[str, Any]], what: str) -> list[Row]:
    return [{what: name, **_plain(row)} for name, row in values.items()]


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    """A table row of the values that are no lists or dicts."""
    return {k.replace("_", " "): _said(v) for k, v in values.items() if not isinstance(v, (list, dict, str))}


def _said(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, (float, np.floating)) else str(value)
