# SPDX-License-Identifier: Apache-2.0
"""Figures of merit as plain functions of arrays and lists. Knows neither bags nor simulators nor networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

OCCUPIED = 0.5  # probability from which a cell counts as occupied
Z_95 = 1.959964  # standard deviations that hold 95 % of a normal distribution
BOOTSTRAP_ROUNDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A detected or a true object: where it is, and in which frame of the recording. ``score`` is 1 for truth."""

    frame: int
    label: str
    xy: tuple[float, float]
    score: float = 1.0


def share(hits: int, of: int) -> float | None:
    """``hits / of``, or None where there was nothing to hit."""
    return hits / of if of else None


def spl(successes: Sequence[bool], shortest_m: Sequence[float], driven_m: Sequence[float]) -> float | None:
    """Success weighted by path length: mean of S l / max(p, l) (Anderson et al. 2018, arXiv 1807.06757).

    A success with nothing to drive (l = p = 0) counts one. None without episodes.
    """
    each = spl_each(successes, shortest_m, driven_m)
    return float(np.mean(each)) if each else None


def spl_each(successes: Sequence[bool], shortest_m: Sequence[float], driven_m: Sequence[float]) -> list[float]:
    """The terms that ``spl`` is the mean of."""
    return [
        (short / max(driven, short) if max(driven, short) > 0 else 1.0) if success else 0.0
        for success, short, driven in zip(successes, shortest_m, driven_m, strict=True)
    ]


def wilson(rate: float | None, trials: int) -> tuple[float, float] | None:
    """95 % score interval of a share that ``trials`` independent trials gave (Wilson 1927); None without trials."""
    if rate is None or trials < 1:
        return None
    z2 = Z_95**2 / trials
    middle = (rate + z2 / 2) / (1 + z2)
    half = float(np.sqrt(rate * (1 - rate) * z2 + z2 * z2 / 4)) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, float] | None:
    """95 % percentile interval of sum / sum under resampling of episodes (Efron 1979), the same each time.

    Both have one value per episode; a mean has denominators of one. None where there is nothing to divide by.
    """
    over, under = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if not under.sum() > 0:
        return None
    drawn = np.random.default_rng(0).integers(len(over), size=(BOOTSTRAP_ROUNDS, len(over)))
    sums = under[drawn].sum(axis=1)
    low, high = np.percentile(over[drawn].sum(axis=1)[sums > 0] / sums[sums > 0], [2.5, 97.5])
    return float(low), float(high)


def overlap(
    predicted: Float[np.ndarray, "y x"], truth: Bool[np.ndarray, "y x"], within: Bool[np.ndarray, "y x"]
) -> tuple[int, int]:
    """Cells in the intersection and in the union of predicted and true occupancy, counted where ``within`` holds.

    A prediction of NaN (unknown) is not occupied. Sum both over frames, then divide: that is the IoU.
    """
    said = np.nan_to_num(predicted, nan=0.0) >= OCCUPIED
    return int((said & truth & within).sum()), int(((said | truth) & within).sum())


def displacement(
    predicted: Float[np.ndarray, "t 2"], actual: Float[np.ndarray, "t 2"], known: Bool[np.ndarray, " t"]
) -> tuple[float, float] | None:
    """Mean and final distance between two paths of equal timing, metres, over the points that are known (ADE, FDE)."""
    if not known.any():
        return None
    gap = np.linalg.norm(predicted[known] - actual[known], axis=1)
    return float(gap.mean()), float(gap[-1])


def average_precision(detections: Sequence[Located], truths: Sequence[Located], within_m: float = 1.0) -> float | None:
    """Mean over classes of the area under the precision-recall curve; a match is a centre distance below ``within_m``.

    As in nuScenes (Caesar et al. 2020): detections by falling score each take the nearest free truth of their class
    and frame. The area is under the interpolated curve (precision made monotonic), at every recall. None without
    truths; classes without truth are left out.
    """
    labels = sorted({t.label for t in truths})
    scores = [
        _class_precision(
            [d for d in detections if d.label == label], [t for t in truths if t.label == label], within_m
        )
        for label in labels
    ]
    return float(np.mean(scores)) if scores else None


def _class_precision(detections: list[Located], truths: list[Located], within_m: float) -> float:
    free: dict[int, list[Located]] = {}
    for truth in truths:
        free.setdefault(truth.frame, []).append(truth)
    hits = []
    for found in sorted(detections, key=lambda d: -d.score):
        rest = free.get(found.frame, [])
        gaps = [float(np.hypot(t.xy[0] - found.xy[0], t.xy[1] - found.xy[1])) for t in rest]
        hit = bool(gaps) and min(gaps) < within_m
        if hit:
            rest.pop(int(np.argmin(gaps)))
        hits.append(hit)
    if not hits:
        return 0.0
    right = np.cumsum(hits)
    precision = np.maximum.accumulate((right / np.arange(1, len(hits) + 1))[::-1])[::-1]
    gained = np.diff(np.concatenate([[0.0], right / len(truths)]))
    return float((precision * gained).sum())


def peak(probability: Float[np.ndarray, "y x"], ys: Float64[np.ndarray, " y"], xs: Float64[np.ndarray, " x"]) -> tuple[float, float]:
    """Where (x, y) a map is highest."""
    row, column = np.unravel_index(int(np.argmax(probability)), probability.shape)
    return float(xs[column]), float(ys[row])


def percentiles(milliseconds: Sequence[float]) -> dict[str, float | None]:
    """``p50`` and ``p95``, linearly interpolated; None without values."""
    if not milliseconds:
        return {"p50": None, "p95": None}
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50": float(p50), "p95": float(p95)}
