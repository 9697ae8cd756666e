"""How good scores are, against what people said: the figures of every table of ours."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


def roc_area(scores: Values, is_true: Marks) -> float:
    """Return the chance that a true one outranks a false one; a tie counts half.

    NaN where all are alike.
    """
    positives = int(is_true.sum())
    negatives = len(is_true) - positives
    if not positives or not negatives:
        return float("nan")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    above = ranks[is_true].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def precision_at_top(scores: Values, is_true: Marks, share: float = 0.05) -> float:
    """Return how many of the highest-scored share (at least one) are true; NaN without any.

    Where a tie straddles the edge, each of the tied counts in part.
    """
    if not len(scores):
        return float("nan")
    most = max(1, round(share * len(scores)))
    edge = np.sort(scores)[-most]
    above, tied = scores > edge, scores == edge
    room = most - above.sum()
    return float((is_true[above].sum() + room * is_true[tied].mean()) / most)


def average_precision(scores: Values, is_true: Marks) -> float:
    """Return the mean precision over the true ones, from the highest score down; NaN if none."""
    if not is_true.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(is_true[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    gained = np.diff(np.concatenate(([0], hits[last])))
    return float((gained * hits[last] / (last + 1)).sum() / hits[-1])


def macro_f1(said: npt.NDArray[np.int64], true: npt.NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that occur among the true ones; NaN without rows."""
    if not len(true):
        return float("nan")
    scores = []
    for one in np.unique(true):
        hits = int(((said == one) & (true == one)).sum())
        scores.append(2 * hits / int((said == one).sum() + (true == one).sum()))
    return float(np.mean(scores))


def calibration_error(chances: Values, is_true: Marks, bins: int = 10) -> float:
    """Return the mean distance of chance and share over equal-width bins; NaN without rows."""
    if not len(chances):
        return float("nan")
    bin_of = np.minimum((chances * bins).astype(np.int64), bins - 1)
    surplus = np.bincount(bin_of, weights=chances - is_true, minlength=bins)
    return float(np.abs(surplus).sum() / len(chances))
