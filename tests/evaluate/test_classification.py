# SPDX-License-Identifier: Apache-2.0
"""Figures of classifiers on cases small enough to work out by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.evaluate import classification


def test_a_perfect_output_scores_one_and_is_calibrated() -> None:
    truth = np.array([True, False, True, False])
    found = classification.binary(truth.astype(float), truth)
    assert found is not None
    assert [found[k] for k in ("accuracy", "iou", "average_precision", "ece", "brier")] == [1, 1, 1, 0, 0]
    assert found["classes"]["yes"] == {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 2}


def test_a_wrong_output_is_counted_by_hand() -> None:
    found = classification.binary(np.array([0.9, 0.8, 0.5, 0.1]), np.array([True, False, True, True]))
    assert found is not None
    # yes: said three times (0.5 is a yes), right twice, true three times
    assert found["classes"]["yes"]["precision"] == pytest.approx(2 / 3)
    assert found["classes"]["yes"]["recall"] == pytest.approx(2 / 3)
    assert found["iou"] == pytest.approx(2 / 4)
    # by falling score: hit, miss, hit, hit: (1/1 + 2/3 + 3/4) / 3
    assert found["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_calibration_error_is_the_gap_between_said_and_came_true_weighted_by_count() -> None:
    probability = np.array([0.9] * 10 + [0.2] * 30)
    truth = np.array([True] * 5 + [False] * 5 + [True] * 6 + [False] * 24)
    found = classification.calibration(probability, truth)
    assert found["ece"] == pytest.approx((10 * 0.4 + 30 * 0.0) / 40)
    assert [row["count"] for row in found["reliability"]] == [30, 10]
    assert found["reliability"][1] == {"said": pytest.approx(0.9), "came_true": 0.5, "count": 10}


def test_counts_belong_to_their_bins_at_every_edge() -> None:
    probability = np.linspace(0, 1, 16)  # the edges of the bins themselves
    found = classification.calibration(probability, probability > 0.5)
    assert sum(row["count"] for row in found["reliability"]) == 16
    assert sum(row["count"] * row["said"] for row in found["reliability"]) == pytest.approx(probability.sum())


def test_nothing_labelled_is_none_and_not_zero() -> None:
    assert classification.binary(np.zeros(0), np.zeros(0, bool)) is None
    never = classification.binary(np.array([0.1, 0.2]), np.zeros(2, bool))
    assert never is not None
    assert never["iou"] is None
    assert never["average_precision"] is None
    assert "yes" not in never["classes"]


def test_a_class_that_is_never_said_has_no_precision() -> None:
    found = classification.report([("box", "box"), ("cone", "box")], ("box", "cone", "car"))
    assert found["classes"]["cone"] == {"precision": None, "recall": 0.0, "f1-score": 0.0, "support": 1}
    assert "car" not in found["classes"]
    assert found["matrix"] == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert found["accuracy"] == 0.5


def test_a_report_of_nothing_has_an_empty_matrix() -> None:
    assert classification.report([], ("a", "b")) == {"classes": {}, "accuracy": None, "names": ["a", "b"], "matrix": [[0, 0], [0, 0]]}


def test_things_that_were_missed_bound_the_recall_of_a_search() -> None:
    found = classification.found_curve([0.9, 0.6], [True, False], missed=1)
    assert found is not None
    assert max(found["recall"]) == 0.5
    assert max(found["precision"]) == 1.0
    assert classification.found_curve([0.9], [False], missed=0) is None


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(5000)
    found = classification.precision_recall(probability, rng.random(5000) < probability)
    recall = found["curve"]["recall"]
    assert len(recall) <= classification.CURVE_POINTS + 2
    assert (recall[0], recall[-1]) == (1.0, 0.0)
    assert max(-np.diff(recall)) < 0.02
