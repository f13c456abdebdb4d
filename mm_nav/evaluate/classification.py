# SPDX-License-Identifier: Apache-2.0
"""Figures of any classifier, by scikit-learn: reports, confusion, precision-recall, calibration. Plain values out.

Knows no network and no robot. What cannot be said (nothing labelled, nothing claimed) is None and never 0. scikit-learn
is imported when it is needed: ``mm_nav evaluate closed-loop`` runs without it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64

BINS = 15
YES = 0.5  # probability from which an output says yes, as in core/postprocess.py
CURVE_POINTS = 200  # of a precision-recall curve that are kept


def binary(probability: Float[np.ndarray, " n"], truth: Bool[np.ndarray, " n"]) -> dict[str, Any] | None:
    """Everything about a yes-or-no output; a yes is a probability of 0.5 or more. None if nothing is labelled.

    ``classes`` has precision, recall, f1-score and support of "yes" and "no"; ``iou`` is the Jaccard index of yes;
    ``curve`` and ``average_precision`` are empty and None where no truth is yes.
    """
    from sklearn.metrics import brier_score_loss, jaccard_score

    if not len(truth):
        return None
    probability, truth = np.clip(np.asarray(probability, np.float64), 0, 1), np.asarray(truth, np.bool_)
    said = probability >= YES
    table = _table(truth.astype(np.int64), said.astype(np.int64), ("no", "yes"))
    return {
        "count": len(truth), "positives": int(truth.sum()), "accuracy": table["accuracy"],
        "iou": float(jaccard_score(truth, said)) if (truth | said).any() else None,
        "brier": float(brier_score_loss(truth, probability)), "classes": table["classes"],
        **calibration(probability, truth), **precision_recall(probability, truth),
    }  # fmt: skip


def calibration(probability: Float[np.ndarray, " n"], truth: Bool[np.ndarray, " n"], bins: int = BINS) -> dict[str, Any]:
    """``ece``: expected calibration error of the yes (Naeini et al. 2015), and ``reliability``, a row per bin in use.

    Bins are of equal width; the error is the mean gap between said and true share, weighted by count.
    """
    from sklearn.calibration import calibration_curve

    if not len(truth):
        return {"ece": None, "reliability": []}
    came, said = calibration_curve(truth, probability, n_bins=bins, strategy="uniform")
    edges = np.linspace(0, 1, bins + 1)  # the same edges as scikit-learn, which keeps its counts to itself
    count = np.bincount(np.searchsorted(edges[1:-1], probability), minlength=bins)
    count = count[count > 0]
    rows = [{"said": float(s), "came_true": float(c), "count": int(n)} for s, c, n in zip(said, came, count, strict=True)]
    return {"ece": float(np.average(np.abs(said - came), weights=count)), "reliability": rows}


def precision_recall(probability: Float[np.ndarray, " n"], truth: Bool[np.ndarray, " n"]) -> dict[str, Any]:
    """``average_precision`` (None without a yes) and ``curve``: recall and precision, at most CURVE_POINTS of them."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    if not truth.any():
        return {"average_precision": None, "curve": {"recall": [], "precision": []}}
    precision, recall, _ = precision_recall_curve(truth, probability)
    kept = _spread(recall)
    return {
        "average_precision": float(average_precision_score(truth, probability)),
        "curve": {"recall": recall[kept].tolist(), "precision": precision[kept].tolist()},
    }


def found_curve(scores: Sequence[float], right: Sequence[bool], missed: int) -> dict[str, list[float]] | None:
    """Precision and recall of things that were searched for: ``missed`` ones have no score and are never found.

    None without anything to find.
    """
    from sklearn.metrics import precision_recall_curve

    if not sum(right) + missed:
        return None
    truth, score = [*right, *[True] * missed], [*scores, *[-1.0] * missed]
    precision, recall, thresholds = precision_recall_curve(truth, score)
    reached = np.append(thresholds > -1.0, True)  # below every score the missed ones would count as found
    precision, recall = precision[reached], recall[reached]
    kept = _spread(recall)
    return {"recall": recall[kept].tolist(), "precision": precision[kept].tolist()}


def report(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> dict[str, Any]:
    """Classification report and confusion matrix of (true, said) names.

    ``classes`` has precision, recall, f1-score and support of each name that was true or said; ``matrix`` has true names
    in rows and said ones in columns, both by ``names``.
    """
    place = {name: i for i, name in enumerate(names)}
    true, said = (np.array([place[pair[i]] for pair in pairs], np.int64) for i in (0, 1))
    return _table(true, said, names)


def _table(true: Int64[np.ndarray, " n"], said: Int64[np.ndarray, " n"], names: Sequence[str]) -> dict[str, Any]:
    """``report`` of places in ``names``."""
    from sklearn.metrics import classification_report, confusion_matrix

    if not len(true):
        return {"classes": {}, "accuracy": None, "names": list(names), "matrix": np.zeros((len(names),) * 2, int).tolist()}
    used = sorted({*true.tolist(), *said.tolist()})
    rows = classification_report(true, said, labels=used, target_names=[names[i] for i in used], output_dict=True, zero_division=np.nan)
    return {
        "classes": {names[i]: _row(rows[names[i]]) for i in used},
        "accuracy": float((true == said).mean()), "names": list(names),
        "matrix": confusion_matrix(true, said, labels=range(len(names))).tolist(),
    }  # fmt: skip


def _row(row: dict[str, float]) -> dict[str, float | int | None]:
    """A class's figures: counts as whole numbers, None where a figure is not defined."""
    return {k: int(v) if k == "support" else None if np.isnan(v) else float(v) for k, v in row.items()}


def _spread(recall: Float[np.ndarray, " n"]) -> np.ndarray:
    """Indices of at most CURVE_POINTS points, evenly over recall, ends included."""
    if len(recall) <= CURVE_POINTS:
        return np.arange(len(recall))
    wanted = np.linspace(recall[-1], recall[0], CURVE_POINTS)
    return np.unique(np.append(len(recall) - 1 - np.searchsorted(recall[::-1], wanted), [0, len(recall) - 1]).clip(0, len(recall) - 1))
