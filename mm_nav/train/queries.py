# SPDX-License-Identifier: Apache-2.0
"""What a training frame is asked for: several phrases at once, true ones, class words, and near misses.

The first phrase is what the robot drives to; the others train the same similarity for landmarks.
"""

from typing import Any

import numpy as np

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cells_of
from mm_nav.train import labels
from mm_nav.train.vocabulary import Query, Vocabulary


def ask(
    x: dict[str, np.ndarray], meta: dict[str, Any], vocabulary: Vocabulary, spec: ModelSpec, rng: np.random.Generator, *, augment: bool
) -> None:
    """Choose phrases for a frame and fill in everything that has to do with words, in place.

    Without ``augment`` the first phrase is the plain name of the commanded target. Adds ``phrase`` (P, E),
    ``phrase_mask`` (P,), ``goal_hits`` and ``goal_unsure`` (P, M; which boxes a phrase means, for sure or unseen),
    ``goal_known`` (P,), ``goal_by_colour`` (P,), the boxes' names, classes and visibility, and ``objects_known`` (1,): whether
    somebody labelled objects in this recording, so that where none is said to be there is none.
    """
    present = x["ids"] >= 0
    seen = (x["hits"] >= labels.MIN_HITS) & present & cells_of(spec.grid, x["boxes"][:, :2])[2]
    coloured = seen & (x["in_view"] > 0) & (x["camera_mask"].max() > 0)
    names = [meta["texts"].get(str(i), ["", ""]) for i in x["ids"]]
    x["objects_known"] = np.array([bool(meta["texts"])], np.float32)
    x["box_seen"], x["box_coloured"] = seen.astype(np.float32), coloured.astype(np.float32)
    x["box_unsure"] = (present & ~seen).astype(np.float32)
    x["box_key"] = np.array([vocabulary.key(n[1]) if p else -1 for n, p in zip(names, present, strict=True)], np.int64)
    x["box_class"] = np.array([vocabulary.classes.get(n[0], -1) for n in names], np.int64)
    x["box_phrase"] = np.stack([vocabulary.embedding(vocabulary.variant(n[1], rng if augment else None)) for n in names])
    target = np.flatnonzero(x["ids"] == (meta["target"] if meta["target"] is not None else -2))
    commanded = int(target[0]) if len(target) else None
    sent, here = _sent(x, meta, vocabulary), _here(names, present) | set(meta["sent"])
    first = _first(names, present, coloured, commanded, vocabulary, rng, augment, sent, here)
    others = [_other(names, coloured, vocabulary, rng, here) for _ in range(spec.phrase_count - 1)]
    _fill(x, [first, *others], present, seen, coloured, vocabulary, spec)
    if sent is not None:
        _point(x, sent, vocabulary, spec)
    follows = commanded is not None and first is not None and first.key == x["box_key"][commanded]
    follows |= sent is not None and first == sent
    if commanded is not None or sent is not None:
        x["waypoints_known"] = x["waypoints_known"] * follows
    x["stop_known"] = np.array([follows and (commanded is not None or x["sent"][5] > 0)], np.float32)


def _sent(x: dict[str, np.ndarray], meta: dict[str, Any], vocabulary: Vocabulary) -> Query | None:
    """The phrase the robot was sent with, in a recording that says no more than that (train/hindsight.py)."""
    number = int(x["sent"][0])
    if meta["target"] is not None or number < 0:
        return None
    phrase = meta["sent"][number]
    return Query(text=phrase, key=vocabulary.key(phrase))


def _point(x: dict[str, np.ndarray], sent: Query, vocabulary: Vocabulary, spec: ModelSpec) -> None:
    """Let the phrase the robot was sent with mean the place where it ended, as a box that is nothing but a place.

    Only while sensors look there: where a thing stands that nobody sees yet cannot be learned, only doubted.
    """
    x["stop"] = x["sent"][4:5].copy()
    row = len(x["boxes"]) - 1
    asked = np.flatnonzero((x["phrase_mask"] > 0) & (x["phrase"] == vocabulary.embedding(sent.text)).all(axis=1))
    if x["ids"][row] >= 0 or not x["sent"][3] or not _looked_at(x, spec):
        return
    x["boxes"][row, :2] = x["sent"][1:3]
    x["goal_hits"][asked, row] = 1.0
    x["goal_known"][asked] = 1.0


def _looked_at(x: dict[str, np.ndarray], spec: ModelSpec) -> bool:
    """Whether a camera, and LiDAR rays if there are any, reach where the robot was sent."""
    rows, columns, inside = cells_of(spec.grid, x["sent"][None, 1:3])
    if not inside[0]:
        return False
    near = np.s_[max(0, rows[0] - 1) : rows[0] + 2, max(0, columns[0] - 1) : columns[0] + 2]
    in_picture = x["camera_grid"][x["camera_mask"] > 0][:, : spec.grid.rows, :, 0] > -1.5
    return bool(in_picture[(slice(None), *near)].any() and (x["visible"][near] != 0).any())


def _first(
    names: list[list[str]], present: np.ndarray, coloured: np.ndarray, commanded: int | None, vocabulary: Vocabulary,
    rng: np.random.Generator, augment: bool, sent: Query | None, here: set[str],
) -> Query | None:  # fmt: skip
    draw = rng.random() if augment else 1.0
    if sent is not None and (draw >= 0.5 or not present.any()):
        return sent if draw >= 0.1 else None
    if draw < 0.1 or (commanded is None and not present.any()):
        return None
    if draw < 0.4 and coloured.any():
        return vocabulary.named(names[int(rng.choice(np.flatnonzero(coloured)))][1], rng)
    if draw < 0.5:
        return vocabulary.absent(here, rng)
    if commanded is None:
        return None
    return vocabulary.named(names[commanded][1], rng if augment else None)


def _other(
    names: list[list[str]], coloured: np.ndarray, vocabulary: Vocabulary, rng: np.random.Generator, here: set[str]
) -> Query | None:
    draw = rng.random()
    if draw < 0.45 and coloured.any():
        return vocabulary.named(names[int(rng.choice(np.flatnonzero(coloured)))][1], rng)
    if draw < 0.65:
        return vocabulary.class_word(rng)
    return vocabulary.absent(here, rng)


def _here(names: list[list[str]], present: np.ndarray) -> set[str]:
    return {n[1] for n, p in zip(names, present, strict=True) if p}


def _fill(
    x: dict[str, np.ndarray], queries: list[Query | None], present: np.ndarray, seen: np.ndarray, coloured: np.ndarray,
    vocabulary: Vocabulary, spec: ModelSpec,
) -> None:  # fmt: skip
    count = spec.phrase_count
    x["phrase"] = np.zeros((count, spec.phrase_dim), np.float32)
    x["phrase_mask"] = np.zeros(count, np.float32)
    x["goal_hits"] = np.zeros((count, len(present)), np.float32)
    x["goal_unsure"] = np.zeros((count, len(present)), np.float32)
    x["goal_by_colour"] = np.zeros(count, np.float32)
    for p, query in enumerate(queries):
        if query is None:
            continue
        x["goal_by_colour"][p] = query.key >= 0
        x["phrase"][p], x["phrase_mask"][p] = vocabulary.embedding(query.text), 1.0
        means = present & (x["box_key"] == query.key if query.key >= 0 else x["box_class"] == query.label)
        told = coloured if query.key >= 0 else seen  # shape needs no camera
        x["goal_hits"][p], x["goal_unsure"][p] = means & told, means & ~told
    x["goal_known"] = x["phrase_mask"] * float(present.any())
