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

SIDES = ("left", "right", "左", "右")


def ask(
    x: dict[str, np.ndarray], meta: dict[str, Any], vocabulary: Vocabulary, spec: ModelSpec, rng: np.random.Generator, *, augment: bool
) -> None:
    """Choose phrases for a frame and fill in everything that has to do with words, in place.

    Without ``augment`` the first phrase is the plain name of the commanded target. Adds ``phrase`` (P, E),
    ``phrase_mask`` (P,), ``goal_hits`` and ``goal_unsure`` (P, M; which boxes a phrase means, for sure or unseen),
    ``goal_known`` (P,), ``goal_by_colour`` (P,), and the boxes' names, classes and visibility.
    """
    present = x["ids"] >= 0
    seen = (x["hits"] >= labels.MIN_HITS) & present & cells_of(spec.grid, x["boxes"][:, :2])[2]
    coloured = seen & (x["in_view"] > 0) & (x["camera_mask"].max() > 0)
    names = [meta["texts"].get(str(i), ["", ""]) for i in x["ids"]]
    x["box_seen"], x["box_coloured"] = seen.astype(np.float32), coloured.astype(np.float32)
    x["box_unsure"] = (present & ~seen).astype(np.float32)
    x["box_key"] = np.array([vocabulary.key(n[1]) if p else -1 for n, p in zip(names, present, strict=True)], np.int64)
    x["box_class"] = np.array([vocabulary.classes.get(n[0], -1) for n in names], np.int64)
    x["box_phrase"] = np.stack([vocabulary.embedding(vocabulary.variant(n[1], rng if augment else None)) for n in names])
    target = np.flatnonzero(x["ids"] == (meta["target"] if meta["target"] is not None else -2))
    commanded = int(target[0]) if len(target) else None
    first = _first(names, present, coloured, commanded, vocabulary, rng, augment)
    others = [_other(names, present, coloured, vocabulary, rng) for _ in range(spec.phrase_count - 1)]
    _fill(x, [first, *others], present, seen, coloured, vocabulary, spec)
    follows = commanded is not None and first is not None and first.key == x["box_key"][commanded]
    if commanded is not None:
        x["waypoints_known"] = x["waypoints_known"] * follows
    x["stop_known"] = np.array([follows], np.float32)


def _first(
    names: list[list[str]], present: np.ndarray, coloured: np.ndarray, commanded: int | None, vocabulary: Vocabulary,
    rng: np.random.Generator, augment: bool,
) -> Query | None:  # fmt: skip
    draw = rng.random() if augment else 1.0
    if draw < 0.1 or (commanded is None and not present.any()):
        return None
    if draw < 0.4 and coloured.any():
        return vocabulary.named(names[int(rng.choice(np.flatnonzero(coloured)))][1], rng)
    if draw < 0.5:
        return vocabulary.absent(_here(names, present), rng)
    if commanded is None:
        return None
    return vocabulary.named(names[commanded][1], rng if augment else None)


def _other(
    names: list[list[str]], present: np.ndarray, coloured: np.ndarray, vocabulary: Vocabulary, rng: np.random.Generator
) -> Query | None:
    draw = rng.random()
    if draw < 0.45 and coloured.any():
        return vocabulary.named(names[int(rng.choice(np.flatnonzero(coloured)))][1], rng)
    if draw < 0.65:
        return vocabulary.class_word(rng)
    return vocabulary.absent(_here(names, present), rng)


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
