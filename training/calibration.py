"""What the heads' margins mean in each language: chances, thresholds, figures."""

from dataclasses import dataclass

import numpy as np

from training import figures

FEWEST = 200
"""Labelled rows without which nothing is claimed of a language."""
LEAST_AREA = 0.65
FEWEST_OF_A_CLASS = 5


def logistic(
    given: np.ndarray, target: np.ndarray, weights: np.ndarray, towards: np.ndarray, pull: float
) -> np.ndarray:
    """Return the coefficients of a logistic regression, by Newton's method.

    They are pulled towards given ones, the last (the intercept) hardly.
    """
    pulls = np.full(given.shape[1], pull)
    pulls[-1] = 1e-3
    found = towards.astype(float).copy()
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(given @ found, -30, 30)))
        slope = given.T @ ((chance - target) * weights) + pulls * (found - towards)
        bend = (given * (chance * (1 - chance) * weights)[:, None]).T @ given + np.diag(pulls)
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() < 1e-9:
            break
    return found


def thresholds(odds: np.ndarray, sentiment: np.ndarray, sources: np.ndarray) -> tuple[float, float]:
    """Return the log-odds from which a row is negative, and positive, by mean macro-F1."""
    masks = [sources == source for source in np.unique(sources)]
    masks = [mask for mask in masks if len(np.unique(sentiment[mask])) > 1] or masks
    true = sentiment.astype(np.int64)
    best = (-1.0, 0.0, 0.0)
    grid = np.arange(-2.5, 1.51, 0.1)
    for negative_from in grid:
        for positive_from in grid:
            said = classes(odds, negative_from, positive_from)
            reached = np.mean([figures.macro_f1(said[mask], true[mask]) for mask in masks])
            if reached > best[0] + 1e-12:
                best = (float(reached), float(negative_from), float(positive_from))
    return round(best[1], 2), round(best[2], 2)


def classes(odds: np.ndarray, negative_from: float, positive_from: float) -> np.ndarray:
    """Return -1, 0 or 1 for rows of log-odds (angry, negative, positive)."""
    negative, positive = odds[:, 1] - negative_from, odds[:, 2] - positive_from
    said = np.where(negative >= positive, -1, 1)
    return np.where(np.maximum(negative, positive) > 0, said, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Rows of one language, as a student judged them that had not seen them.

    `given` has a column for each head's margin, for VADER's compound (0 where it was not asked)
    and for 1.
    """

    given: np.ndarray
    sources: np.ndarray
    anger: np.ndarray
    sentiment: np.ndarray

    def only(self, mask: np.ndarray) -> "Measured":
        """Return some of the rows."""
        return Measured(
            given=self.given[mask], sources=self.sources[mask], anger=self.anger[mask],
            sentiment=self.sentiment[mask],
        )  # fmt: skip


def _evenly(sources: np.ndarray) -> np.ndarray:
    """Return weights with which sources count by the root of their size."""
    _, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[which])
    return weights * len(weights) / weights.sum()


def _has_both(sources: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which rows are of a source with several labels: one label alone was chosen so."""
    kept = np.zeros(len(labels), dtype=np.bool_)
    for source in np.unique(sources):
        of = sources == source
        kept |= of & (len(np.unique(labels[of & ~np.isnan(labels)])) > 1)
    return kept


def combined(rows: Measured, towards: np.ndarray, pull: float) -> np.ndarray:
    """Return how the margins make the log-odds of the three heads (rows) of one language."""
    found = towards.astype(float).copy()
    known = ~np.isnan(rows.anger)
    if known.sum() >= FEWEST:
        some = rows.only(known & _has_both(rows.sources, rows.anger))
        found[0] = logistic(some.given, some.anger, _evenly(some.sources), towards[0], pull)
    known = ~np.isnan(rows.sentiment)
    if known.sum() >= FEWEST:
        some = rows.only(known & _has_both(rows.sources, rows.sentiment))
        even = _evenly(some.sources)
        found[1] = logistic(some.given, some.sentiment == -1, even, towards[1], pull)
        found[2] = logistic(some.given, some.sentiment == 1, even, towards[2], pull)
    return found


def measured(odds: np.ndarray, rows: Measured, cut: tuple[float, float]) -> dict[str, float]:
    """Return the figures of rows, each a mean over the sources that can give it."""
    found: dict[str, list[float]] = {}
    chances = 1 / (1 + np.exp(-odds))
    for source in np.unique(rows.sources):
        of = rows.sources == source
        known = of & ~np.isnan(rows.anger)
        is_angry = rows.anger[known] == 1
        if min(is_angry.sum(), (~is_angry).sum()) >= FEWEST_OF_A_CLASS:
            angry = chances[known, 0]
            for name, one in (
                ("anger_roc_area", figures.roc_area(angry, is_angry)),
                ("anger_precision_top_5_percent", figures.precision_at_top(angry, is_angry)),
                ("anger_calibration_error", figures.calibration_error(angry, is_angry)),
            ):
                found.setdefault(name, []).append(one)
        known = of & ~np.isnan(rows.sentiment)
        is_negative = rows.sentiment[known] == -1
        if min(is_negative.sum(), (~is_negative).sum()) >= FEWEST_OF_A_CLASS:
            area = figures.roc_area(chances[known, 1], is_negative)
            found.setdefault("negative_roc_area", []).append(area)
            said = classes(odds[known], *cut)
            f1 = figures.macro_f1(said, rows.sentiment[known].astype(np.int64))
            found.setdefault("sentiment_macro_f1", []).append(f1)
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}
