"""What the heads' margins mean in each language: chances, thresholds, figures."""

from dataclasses import dataclass

import numpy as np

from emberwatch.scorers.model import GIVEN, HEADS
from training import figures

FEWEST = 200
"""Labelled rows without which nothing is claimed of a language."""
LEAST_AREA = 0.65
FEWEST_OF_A_CLASS = 5
ANGRY = 0
PULL_OF_BASE = 1e-3
"""How strongly an intercept is pulled: hardly, as base rates differ."""


def logistic(
    given: np.ndarray, target: np.ndarray, weights: np.ndarray, towards: np.ndarray,
    pulls: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the coefficients of a logistic regression, by Newton's method.

    Each is pulled towards a given one, as strongly as `pulls` says.
    """
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


def thresholds(
    odds: np.ndarray, sentiment: np.ndarray, sources: np.ndarray, width: float | None = None
) -> tuple[float, float]:
    """Return the log-odds from which a row is negative, and positive, by mean macro-F1 of sources.

    Rows without neutral ones tell only how far the two lie apart: their sum is then `width`.
    """
    masks = [sources == source for source in np.unique(sources)]
    masks = [mask for mask in masks if len(np.unique(sentiment[mask])) > 1] or masks
    true = sentiment.astype(np.int64)
    knows_neutral = any(0 in true[mask] for mask in masks)
    grid = np.arange(-2.5, 1.51, 0.1)
    pairs = [(negative, positive) for negative in grid for positive in grid]
    if not knows_neutral and width is not None:
        apart = np.arange(-2.0, 2.01, 0.1)
        pairs = [((width + one) / 2, (width - one) / 2) for one in apart]
    best = (-1.0, 0.0, 0.0)
    for negative_from, positive_from in pairs:
        said = classes(odds, negative_from, positive_from)
        leans = leaning(odds, negative_from, positive_from)
        reached = np.mean([_worth(said[mask], leans[mask], true[mask]) for mask in masks])
        if reached > best[0] + 1e-12:
            best = (float(reached), float(negative_from), float(positive_from))
    return round(best[1], 2), round(best[2], 2)


def _worth(said: np.ndarray, leans: np.ndarray, true: np.ndarray) -> float:
    """Return a macro-F1 for which a neutral verdict counts half where people knew no neutral."""
    if 0 in true:
        return figures.macro_f1(said, true)
    return (figures.macro_f1(leans, true) + figures.macro_f1(said, true)) / 2


def macro_f1(said: np.ndarray, leans: np.ndarray, true: np.ndarray) -> float:
    """Return the mean F1 of the classes that people gave; of two, one has to be chosen."""
    return figures.macro_f1(said if 0 in true else leans, true)


def leaning(odds: np.ndarray, negative_from: float, positive_from: float) -> np.ndarray:
    """Return -1 or 1 for rows of log-odds (angry, negative, positive)."""
    return np.where(odds[:, 1] - negative_from > odds[:, 2] - positive_from, -1, 1)


def classes(odds: np.ndarray, negative_from: float, positive_from: float) -> np.ndarray:
    """Return -1, 0 or 1 for rows of log-odds (angry, negative, positive)."""
    beyond = np.maximum(odds[:, 1] - negative_from, odds[:, 2] - positive_from)
    return np.where(beyond > 0, leaning(odds, negative_from, positive_from), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Rows, as a student judged them that had not seen them.

    `given` is that of `emberwatch.scorers.model`.
    """

    given: np.ndarray
    languages: np.ndarray
    sources: np.ndarray
    anger: np.ndarray
    sentiment: np.ndarray

    def only(self, mask: np.ndarray) -> "Measured":
        """Return some of the rows."""
        return Measured(
            given=self.given[mask], languages=self.languages[mask], sources=self.sources[mask],
            anger=self.anger[mask], sentiment=self.sentiment[mask],
        )  # fmt: skip


def _evenly(sources: np.ndarray) -> np.ndarray:
    """Return weights with which every source counts the same, however large it is."""
    _, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1 / counts[which]
    return weights * len(weights) / weights.sum()


def _has_both(sources: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which rows are of a source with several labels: one label alone was chosen so."""
    kept = np.zeros(len(labels), dtype=np.bool_)
    for source in np.unique(sources):
        of = sources == source
        kept |= of & (len(np.unique(labels[of & ~np.isnan(labels)])) > 1)
    return kept


def combined(rows: Measured, towards: np.ndarray, pull: float, pull_of_looks: float) -> np.ndarray:
    """Return how the margins make the log-odds of the three heads (rows) of one language.

    Each head is its own margin, scaled and moved, and VADER's compound: what the other heads add
    is true of the sources that it was learnt from, and of few others. Anger also sees how a text
    looks, which tells kinds of text apart.
    """
    found = towards.astype(float).copy()
    marks = (rows.anger == 1, rows.sentiment == -1, rows.sentiment == 1)
    for head, (labels, is_true) in enumerate(
        zip((rows.anger, rows.sentiment, rows.sentiment), marks, strict=True)
    ):
        known = ~np.isnan(labels)
        if known.sum() < FEWEST:
            continue
        known &= _has_both(rows.sources, labels)
        pulls = {head: pull, HEADS: pull, GIVEN - 1: PULL_OF_BASE}
        if head == ANGRY:
            pulls |= dict.fromkeys(range(HEADS + 1, GIVEN - 1), pull_of_looks)
        own = sorted(pulls)
        found[head, own] = logistic(
            rows.given[known][:, own], is_true[known], _evenly(rows.sources[known]),
            towards[head, own], np.array([pulls[one] for one in own]),
        )  # fmt: skip
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
            leans = leaning(odds[known], *cut)
            f1 = macro_f1(said, leans, rows.sentiment[known].astype(np.int64))
            found.setdefault("sentiment_macro_f1", []).append(f1)
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}
