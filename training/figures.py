"""The figures of `emberwatch.core.read.quality`, over arrays."""

import numpy as np
import numpy.typing as npt

from emberwatch.core.read import quality

Values = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


def roc_area(scores: Values, is_true: Marks) -> float:
    """Return the chance that a true one outranks a false one; NaN where all are alike."""
    return _or_nan(quality.roc_area(is_true.tolist(), scores.tolist()))


def precision_at_top(scores: Values, is_true: Marks) -> float:
    """Return how many of the highest-scored twentieth are true; NaN without any."""
    return _or_nan(quality.precision_at_top(is_true.tolist(), scores.tolist()))


def calibration_error(chances: Values, is_true: Marks) -> float:
    """Return the mean distance of chance and share over ten equal-width bins; NaN without rows."""
    return _or_nan(quality.calibration_error(is_true.tolist(), chances.tolist()))


def macro_f1(said: npt.NDArray[np.int64], true: npt.NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that occur among the true ones; NaN for fewer than two.

    `quality.macro_f1` says what is said where people knew no neutral: the caller sees to that. It
    is asked thousands of times while thresholds are sought, so the counting is done here.
    """
    counts = [
        (int(((said == one) & (true == one)).sum()), int((said == one).sum()), int(right))
        for one, right in zip(*np.unique(true, return_counts=True), strict=True)
    ]
    return _or_nan(quality.mean_f1(counts))


def _or_nan(figure: float | None) -> float:
    return float("nan") if figure is None else figure
