"""Figures of how good scores are, on cases that can be counted by hand."""

import math

import numpy as np
import pytest

from emberwatch.scorers import figures

SCORES = np.array([0.9, 0.8, 0.7, 0.1])
TRUE = np.array([True, False, True, False])
NONE = np.zeros(4, dtype=np.bool_)


def test_the_roc_area_is_the_share_of_pairs_in_the_right_order() -> None:
    assert figures.roc_area(SCORES, TRUE) == 0.75


def test_scores_that_are_all_alike_have_half_the_area() -> None:
    assert figures.roc_area(np.ones(4), TRUE) == 0.5


@pytest.mark.parametrize("marks", [NONE, ~NONE])
def test_there_is_no_area_without_both_classes(marks: figures.Marks) -> None:
    assert math.isnan(figures.roc_area(SCORES, marks))


def test_precision_at_the_top_looks_at_the_highest_only() -> None:
    assert figures.precision_at_top(SCORES, TRUE, share=0.5) == 0.5
    assert figures.precision_at_top(SCORES, TRUE, share=0.01) == 1.0


def test_a_tie_at_the_edge_counts_in_part() -> None:
    assert figures.precision_at_top(np.ones(4), TRUE, share=0.25) == 0.5


def test_average_precision_falls_with_each_false_one_above_a_true_one() -> None:
    assert figures.average_precision(SCORES, TRUE) == pytest.approx((1 + 2 / 3) / 2)
    assert figures.average_precision(np.ones(4), TRUE) == 0.5


def test_macro_f1_is_the_mean_over_the_true_classes() -> None:
    said, true = np.array([-1, 0, 0, 1]), np.array([-1, 0, 1, 1])
    assert figures.macro_f1(said, true) == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_the_calibration_error_is_the_distance_of_what_was_said_from_what_was() -> None:
    chances = np.array([0.25, 0.25, 0.75, 1.0])
    is_true = np.array([False, True, True, True])
    assert figures.calibration_error(chances, is_true) == pytest.approx((0.5 + 0.25 + 0) / 4)


def test_no_rows_have_no_figures() -> None:
    empty, marks = np.array([]), np.array([], dtype=np.bool_)
    assert math.isnan(figures.precision_at_top(empty, marks))
    assert math.isnan(figures.average_precision(empty, marks))
    assert math.isnan(figures.calibration_error(empty, marks))
    assert math.isnan(figures.macro_f1(np.array([], dtype=np.int64), np.array([], dtype=np.int64)))
