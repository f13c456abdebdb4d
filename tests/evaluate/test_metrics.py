# SPDX-License-Identifier: Apache-2.0
"""Figures of merit against cases that were worked out by hand."""

import numpy as np
import pytest

from mm_nav.evaluate.metrics import (
    Located,
    average_precision,
    bootstrap,
    displacement,
    overlap,
    peak,
    percentiles,
    share,
    spl,
    wilson,
)


def test_spl_weighs_success_by_the_way_that_was_needed() -> None:
    # 4/5 for a detour, 1 for the shortest way, 0 for a failure, 1 for cutting a corner: (0.8 + 1 + 0 + 1) / 4
    assert spl([True, True, False, True], [4, 3, 2, 5], [5, 3, 2, 4.9]) == pytest.approx(0.7)


def test_spl_of_a_task_without_a_way_is_its_success() -> None:
    assert spl([True, False], [0, 0], [0, 0]) == 0.5
    assert spl([], [], []) is None


def test_overlap_counts_cells_where_they_are_known() -> None:
    predicted = np.array([[0.9, 0.5, 0.4], [np.nan, 0.8, 1.0]], np.float32)
    truth = np.array([[True, False, True], [True, True, True]])
    within = np.array([[True, True, True], [True, True, False]])
    # occupied said: (0,0) (0,1) (1,1); true within: (0,0) (0,2) (1,0) (1,1) -> common 2, union 5
    assert overlap(predicted, truth, within) == (2, 5)


def test_displacement_is_the_mean_and_the_last_gap() -> None:
    predicted, actual = np.array([[1.0, 0], [2, 0], [3, 0]]), np.array([[1.0, 0], [2, 3], [3, 4]])
    assert displacement(predicted, actual, np.array([True, True, True])) == pytest.approx((7 / 3, 4.0))
    assert displacement(predicted, actual, np.array([True, True, False])) == pytest.approx((1.5, 3.0))
    assert displacement(predicted, actual, np.zeros(3, bool)) is None


def test_average_precision_of_a_worked_example() -> None:
    truths = [Located(frame=0, label="cone", xy=(1, 0)), Located(frame=0, label="cone", xy=(5, 0)),
              Located(frame=1, label="cone", xy=(1, 0))]  # fmt: skip
    detections = [
        Located(frame=0, label="cone", xy=(1.2, 0), score=0.9),  # hit: precision 1, recall 1/3
        Located(frame=0, label="cone", xy=(1.1, 0), score=0.8),  # second on the same truth: miss
        Located(frame=1, label="cone", xy=(1.0, 0.9), score=0.7),  # hit: precision 2/3, recall 2/3
        Located(frame=1, label="cone", xy=(1.0, 1.1), score=0.6),  # taken already: miss
        Located(frame=1, label="box", xy=(1.0, 0.0), score=0.99),  # another class, which has no truth
    ]
    assert average_precision(detections, truths) == pytest.approx(1 / 3 + 2 / 3 * 1 / 3)


def test_average_precision_is_a_mean_over_the_classes_that_are_there() -> None:
    truths = [Located(frame=0, label="cone", xy=(1, 0)), Located(frame=0, label="box", xy=(2, 0))]
    assert average_precision([Located(frame=0, label="cone", xy=(1, 0))], truths) == 0.5
    assert average_precision([], truths) == 0.0
    assert average_precision([], []) is None


def test_a_detection_at_the_limit_is_not_within_it() -> None:
    truths = [Located(frame=0, label="cone", xy=(0, 0))]
    assert average_precision([Located(frame=0, label="cone", xy=(1.0, 0))], truths) == 0.0
    assert average_precision([Located(frame=0, label="cone", xy=(0.999, 0))], truths) == 1.0


def test_the_peak_of_a_map_is_given_in_metres() -> None:
    heat = np.zeros((3, 4), np.float32)
    heat[2, 1] = 0.3
    assert peak(heat, np.array([-1.0, 0, 1]), np.array([10.0, 20, 30, 40])) == (20.0, 1.0)


def test_percentiles_interpolate() -> None:
    assert percentiles([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx({"p50": 3.0, "p95": 4.8})
    assert percentiles([]) == {"p50": None, "p95": None}
    assert share(1, 4) == 0.25
    assert share(0, 0) is None


def test_wilson_bounds_agree_with_published_ones() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553..0.3662; 0 of 20 gives 0..0.1611; 1 of 29 gives 0.0061..0.1718
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)
    assert wilson(1.0, 20) == pytest.approx((1 - 0.1611, 1.0), abs=1e-4)
    assert wilson(None, 0) is None


def test_a_bootstrap_is_the_same_each_time_and_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 200)
    low, high = bootstrap(list(values), [1.0] * 200) or (0.0, 0.0)
    assert bootstrap(list(values), [1.0] * 200) == (low, high)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.1)


def test_a_bootstrap_of_a_ratio_weighs_episodes_by_what_they_divide_by() -> None:
    low, high = bootstrap([0, 900], [10, 1000]) or (0.0, 0.0)
    assert (low, high) == pytest.approx((0.0, 0.9))  # one or the other drawn twice
    assert bootstrap([5, 5], [10, 10]) == pytest.approx((0.5, 0.5))
    assert bootstrap([], []) is None
    assert bootstrap([0], [0]) is None
