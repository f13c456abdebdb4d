# SPDX-License-Identifier: Apache-2.0
"""Figures of every head of the network over labelled frames: arrays in, plain values out.

Knows neither torch nor files. A head whose frames carry no label is None: it was not judged, which is not the same as bad.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.geometry import cells_of
from mm_nav.core.postprocess import detections
from mm_nav.core.types import FusionOutput, ObjectBox
from mm_nav.evaluate.classification import binary, found_curve, report
from mm_nav.evaluate.labelled import Judged, Label
from mm_nav.evaluate.metrics import Located, average_precision

WITHIN_M = 1.0
MOVING = 0.2  # m/s
MISSED, NOTHING = "missed", "nothing there"
Figures = dict[str, Any]


def measure(frames: Sequence[Judged], spec: ModelSpec, descriptions: Sequence[str]) -> Figures:
    """Figures by head. ``descriptions`` are by ``box_key``: "red cone"."""
    return {
        "frames": len(frames),
        "occupancy": occupancy(frames),
        "visible": visible(frames),
        "objects": objects(frames, spec),
        "goal": goals(frames, spec, descriptions),
        "waypoints": waypoints(frames, spec),
        "stop": stop(frames),
        "motion": motion(frames, spec.grid),
    }


def summary(figures: Figures) -> Figures:
    """One row out of ``measure``: the figure of each head that is most telling, None where it was not judged."""

    def of(head: str, *keys: str) -> Any:
        value = figures[head]
        for key in keys:
            value = None if value is None else value.get(key)
        return value

    return {
        "frames": figures["frames"], "occupancy IoU": of("occupancy", "iou"), "object AP": of("objects", "average_precision"),
        "goal within 1 m": of("goal", "within_1m"), "goal seen (F1)": of("goal", "presence", "classes", "yes", "f1-score"),
        "waypoints ADE, m": of("waypoints", "ade_m"), "stop (F1)": of("stop", "classes", "yes", "f1-score"),
    }  # fmt: skip


def by_intent(frames: Sequence[Judged], spec: ModelSpec, descriptions: Sequence[str]) -> dict[str, Figures]:
    """``summary`` of the frames of each intent that was in force."""
    found = sorted({f.intent for f in frames})
    return {intent: summary(measure([f for f in frames if f.intent == intent], spec, descriptions)) for intent in found}


def occupancy(frames: Sequence[Judged]) -> Figures | None:
    """Cells that are labelled and that a LiDAR ray reached (every labelled one where there was no LiDAR)."""
    judged = [(f.label["occupancy"] >= 0) & (f.label["visible"] != 0) for f in frames]
    said = [f.output.occupancy[on] for f, on in zip(frames, judged, strict=True)]
    return binary(_flat(said), _flat([f.label["occupancy"][on] > 0.5 for f, on in zip(frames, judged, strict=True)]).astype(np.bool_))


def visible(frames: Sequence[Judged]) -> Figures | None:
    """Cells that are observed now; labelled where there is LiDAR."""
    told = [f.label["visible"] >= 0 for f in frames]
    said = [f.output.visible[on] for f, on in zip(frames, told, strict=True)]
    return binary(_flat(said), _flat([f.label["visible"][on] > 0.5 for f, on in zip(frames, told, strict=True)]).astype(np.bool_))


def stop(frames: Sequence[Judged]) -> Figures | None:
    """Whether the order is fulfilled; labelled where the order has a recorded target."""
    known = [f for f in frames if f.label["stop_known"][0] > 0]
    return binary(np.array([f.output.stop[0] for f in known]), np.array([f.label["stop"][0] > 0.5 for f in known], np.bool_))


# ---------------------------------------------------------------- objects


def pair_up(found: Sequence[ObjectBox], label: Label, within_m: float = WITHIN_M) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Each detection, surest first, takes the nearest free true box: pairs, lone detections, lone truths (indices).

    A lone detection at a box that is there but was not seen, or is of a class that the bundle does not know, counts for
    nothing.
    """
    free = [int(j) for j in np.flatnonzero((label["box_seen"] > 0) & (label["box_class"] >= 0))]
    unknown = (label["box_seen"] > 0) & (label["box_class"] < 0)
    unsure = label["boxes"][(label["box_unsure"] > 0) | unknown][:, :2]
    pairs, lone = [], []
    for i, box in enumerate(found):
        gaps = np.linalg.norm(label["boxes"][free, :2] - box.center[:2], axis=1)
        if len(gaps) and gaps.min() < within_m:
            pairs.append((i, free.pop(int(gaps.argmin()))))
        elif not (np.linalg.norm(unsure - box.center[:2], axis=1) < within_m).any():
            lone.append(i)
    return pairs, lone, free


def objects(frames: Sequence[Judged], spec: ModelSpec) -> Figures | None:
    """Classes as a report with "missed" and "nothing there"; average precision and curve by class; errors of size and yaw.

    ``certainty`` is how often a detection of a score is right in place and class. Size error in metres, yaw error in
    degrees of at most 90, round things left out.
    """
    frames = [f for f in frames if ((f.label["box_seen"] > 0) | (f.label["box_unsure"] > 0)).any()]
    named: list[tuple[str, str]] = []
    claims: list[tuple[str, float, bool]] = []  # said class, score, right
    found_at: list[Located] = []
    true_at: list[Located] = []
    errors: list[tuple[float, float]] = []
    for number, frame in enumerate(frames):
        found, label = detections(frame.output, spec), frame.label
        pairs, lone, missed = pair_up(found, label)
        true = [spec.classes[int(c)] if c >= 0 else "" for c in label["box_class"]]
        named += [(true[j], found[i].label) for i, j in pairs] + [(NOTHING, found[i].label) for i in lone] + [(true[j], MISSED) for j in missed]
        claims += [(found[i].label, found[i].score, true[j] == found[i].label) for i, j in pairs]
        claims += [(found[i].label, found[i].score, False) for i in lone]
        found_at += [_located(number, found[i].label, found[i].center, found[i].score) for i in [*(i for i, _ in pairs), *lone]]
        true_at += [_located(number, true[j], label["boxes"][j], 1.0) for j in [*(j for _, j in pairs), *missed]]
        errors += [_box_error(found[i], label["boxes"][j]) for i, j in pairs]
    if not frames:
        return None
    each = {name: average_precision(found_at, [t for t in true_at if t.label == name], WITHIN_M) for name in spec.classes}
    return report(named, [*spec.classes, MISSED, NOTHING]) | {
        "frames": len(frames), "things": len(true_at), "average_precision": average_precision(found_at, true_at, WITHIN_M),
        "by_class": each, "curves": _curves(claims, true_at, spec),
        "size_error_m": mean([e for e, _ in errors]), "yaw_error_deg": mean([e for _, e in errors if np.isfinite(e)]),
        "certainty": binary(np.array([c[1] for c in claims]), np.array([c[2] for c in claims], np.bool_)),
    }  # fmt: skip


def _located(frame: int, label: str, xy: np.ndarray, score: float) -> Located:
    return Located(frame=frame, label=label, xy=(float(xy[0]), float(xy[1])), score=score)


def _curves(claims: Sequence[tuple[str, float, bool]], truths: Sequence[Located], spec: ModelSpec) -> dict[str, dict[str, list[float]]]:
    out = {}
    for name in spec.classes:
        mine = [(score, right) for said, score, right in claims if said == name]
        missed = sum(t.label == name for t in truths) - sum(right for _, right in mine)
        curve = found_curve([s for s, _ in mine], [r for _, r in mine], missed)
        if curve is not None:
            out[name] = curve
    return out


def _box_error(found: ObjectBox, row: np.ndarray) -> tuple[float, float]:
    """Mean error of length, width and height in metres, and of yaw in degrees (NaN: a round thing has no heading)."""
    turn = abs((found.yaw - row[6] + np.pi / 2) % np.pi - np.pi / 2)
    heads = abs(row[3] - row[4]) > 0.1 * max(row[3], row[4])
    return float(np.abs(found.size - row[3:6]).mean()), float(np.degrees(turn)) if heads else float("nan")


# ---------------------------------------------------------------- goal


def peaks(goal_map: np.ndarray, grid: BevGrid) -> np.ndarray:
    """Where each phrase's map (P, Y, X) is highest: (P, 2) metres in base_link."""
    flat = goal_map.reshape(len(goal_map), -1).argmax(axis=1)
    return np.stack([grid.x_min + (flat % grid.columns + 0.5) * grid.cell, grid.y_min + (flat // grid.columns + 0.5) * grid.cell], 1)


def goal_error(output: FusionOutput, label: Label, grid: BevGrid) -> np.ndarray:
    """Metres from each phrase's peak to the nearest thing that it means, (P,); NaN where it was not asked or not in view."""
    away = np.linalg.norm(peaks(output.goal_map, grid)[:, None] - label["boxes"][None, :, :2], axis=2)
    away = np.where((label["goal_hits"] > 0) & (label["phrase_mask"][:, None] > 0), away, np.inf).min(axis=1)
    return np.where(np.isfinite(away), away, np.nan)


def goals(frames: Sequence[Judged], spec: ModelSpec, descriptions: Sequence[str]) -> Figures | None:
    """Share of asked and visible phrases found within 1 m, by class and colour, and presence as a yes-or-no output.

    Class words ("cone") count for their class, not for a colour.
    """
    rows: list[tuple[str, str, bool]] = []
    present: list[float] = []
    there: list[bool] = []
    for frame in frames:
        label, error = frame.label, goal_error(frame.output, frame.label, spec.grid)
        for p in np.flatnonzero(label["goal_known"] > 0):
            hits = np.flatnonzero(label["goal_hits"][p])
            if not len(hits) and label["goal_unsure"][p].any():
                continue  # it may be in view or not: nobody can say
            present.append(float(frame.output.goal_present[p]))
            there.append(bool(len(hits)))
            if len(hits):
                key = int(label["box_key"][hits[0]])
                words = descriptions[key].split() if label["goal_by_colour"][p] and 0 <= key < len(descriptions) else []
                kind = int(label["box_class"][hits[0]])
                rows.append((spec.classes[kind] if kind >= 0 else "other", words[0] if words else "", bool(error[p] < WITHIN_M)))
    if not present:
        return None
    return {
        "asked": len(rows), "within_1m": mean([r[2] for r in rows]), "by_class": _split(rows, 0), "by_colour": _split(rows, 1),
        "presence": binary(np.array(present), np.array(there, np.bool_)),
    }  # fmt: skip


def _split(rows: Sequence[tuple[str, str, bool]], column: int) -> dict[str, Figures]:
    words = sorted({str(r[column]) for r in rows if r[column]})
    hits = {word: [r[2] for r in rows if r[column] == word] for word in words}
    return {word: {"asked": len(h), "within_1m": mean(h)} for word, h in hits.items()}


# ---------------------------------------------------------------- movement


def motion(frames: Sequence[Judged], grid: BevGrid) -> Figures | None:
    """Mean error of the velocity of seen things that move, m/s, and their mean speed: what saying "still" would cost."""
    gaps: list[float] = []
    speeds: list[float] = []
    for frame in frames:
        boxes = frame.label["boxes"][frame.label["box_seen"] > 0]
        speed = np.linalg.norm(boxes[:, 7:9], axis=1)
        rows, columns, inside = cells_of(grid, boxes[:, :2])
        for i in np.flatnonzero((speed > MOVING) & inside):
            gaps.append(float(np.linalg.norm(frame.output.motion[:, rows[i], columns[i]] - boxes[i, 7:9])))
            speeds.append(float(speed[i]))
    return {"moving": len(gaps), "error_mps": mean(gaps), "mean_speed_mps": mean(speeds)} if gaps else None


def waypoints(frames: Sequence[Judged], spec: ModelSpec) -> Figures | None:
    """Mean and final distance to the recorded way (ADE, FDE), and the mean at each horizon in seconds; metres."""
    gaps = [np.linalg.norm(f.output.waypoints - f.label["waypoints"], axis=1) for f in frames]
    known = [f.label["waypoints_known"] > 0 for f in frames]
    if not any(on.any() for on in known):
        return None
    last = [float(gap[on][-1]) for gap, on in zip(gaps, known, strict=True) if on.any()]
    each = {
        f"{(t + 1) * spec.waypoint_dt_s:g}": mean([gap[t] for gap, on in zip(gaps, known, strict=True) if on[t]])
        for t in range(spec.waypoint_count)
    }
    every = _flat([gap[on] for gap, on in zip(gaps, known, strict=True)])
    return {"frames": len(last), "ade_m": float(every.mean()), "fde_m": mean(last), "by_horizon_s": each}


def mean(values: Sequence[float]) -> float | None:
    """The mean, None of nothing."""
    return float(np.mean(values)) if len(values) else None


def _flat(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0)
