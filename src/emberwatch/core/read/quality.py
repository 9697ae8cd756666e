"""How well a scorer judges: its figures over posts that people have labelled; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum
from statistics import fmean

TOP = 0.05
"""The share of posts that somebody would read first."""

BINS = 10
"""Equal-width bins of a stated probability, as `calibration` counts them."""

FEWEST = 5
"""Posts of each kind that a source must hold for its figures to mean anything."""

CUT = 0.05
"""A sentiment of at most -CUT is negative, of at least CUT positive (contract section 3)."""

NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1


# ---------------------------------------------------------------- single figures
def class_of(sentiment: float) -> int:
    """Return -1 for negative, 0 for neutral, 1 for positive, by the contract's cut."""
    if sentiment <= -CUT:
        return NEGATIVE
    return POSITIVE if sentiment >= CUT else NEUTRAL


def roc_area(truth: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Return the chance that a true one scores above a false one; a tie counts half.

    None when either kind is missing.
    """
    trues = sum(truth)
    falses = len(truth) - trues
    if not trues or not falses:
        return None
    won = 0.0
    falses_below = 0
    for is_true in reversed(_tied(truth, scores)):
        true_here = sum(is_true)
        false_here = len(is_true) - true_here
        won += true_here * (falses_below + false_here / 2)
        falses_below += false_here
    return won / (trues * falses)


def average_precision(truth: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Return the mean precision at each true one, from the highest score down; None without any.

    Posts that tie are taken together, so that their order does not matter.
    """
    trues = sum(truth)
    if not trues:
        return None
    total, found, seen = 0.0, 0, 0
    for is_true in _tied(truth, scores):
        here = sum(is_true)
        found += here
        seen += len(is_true)
        total += here * found / seen
    return total / trues


def precision_at_top(
    truth: Sequence[bool], scores: Sequence[float], share: float = TOP
) -> float | None:
    """Return how many of the highest-scored `share` are true, 0..1; None for no posts.

    At least one post is looked at. Of those that tie at the edge, as many as fit count with
    their average.
    """
    if not truth:
        return None
    most = max(1, round(len(truth) * share))
    found, room = 0.0, most
    for is_true in _tied(truth, scores):
        taken = min(room, len(is_true))
        found += sum(is_true) * taken / len(is_true)
        room -= taken
    return found / most


def macro_f1(truth: Sequence[int], sentiments: Sequence[float]) -> float | None:
    """Return the mean F1 of the classes that people gave; None where they gave fewer than two.

    Many sources know no neutral posts: there the scorer has the choice of two as well, and what
    lies below 0 is negative.
    """
    is_choice_of_two = NEUTRAL not in truth
    judged = [
        (NEGATIVE if said < 0 else POSITIVE) if is_choice_of_two else class_of(said)
        for said in sentiments
    ]
    counts = []
    for wanted in sorted(set(truth)):
        hits = sum(a == b == wanted for a, b in zip(truth, judged, strict=True))
        counts.append((hits, judged.count(wanted), truth.count(wanted)))
    return mean_f1(counts)


def mean_f1(counts: Sequence[tuple[int, int, int]]) -> float | None:
    """Return the mean F1 of classes, each given as how often it was hit, said and right.

    Every class is right at least once. None for fewer than two: no choice is no figure.
    """
    if len(counts) < 2:
        return None
    return fmean(2 * hits / (said + right) for hits, said, right in counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Posts whose stated probability fell into one bin: how many, what was said, what was so."""

    posts: int
    stated: float
    observed: float


def calibration(truth: Sequence[bool], stated: Sequence[float]) -> tuple[Bin, ...]:
    """Return the bins of stated probabilities 0..1 that hold any post, lowest first."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for chance, is_true in zip(stated, truth, strict=True):
        held[min(int(chance * BINS), BINS - 1)].append((chance, is_true))
    return tuple(
        Bin(
            posts=len(each),
            stated=fsum(chance for chance, _ in each) / len(each),
            observed=sum(is_true for _, is_true in each) / len(each),
        )
        for each in held
        if each
    )


def calibration_error(truth: Sequence[bool], stated: Sequence[float]) -> float | None:
    """Return how far stated probabilities lie from what was so, weighted by posts; None for none.

    This is the expected calibration error over ten equal-width bins.
    """
    if not truth:
        return None
    gaps = fsum(abs(b.stated - b.observed) * b.posts for b in calibration(truth, stated))
    return gaps / len(truth)


def _tied(truth: Sequence[bool], scores: Sequence[float]) -> list[list[bool]]:
    """Return the truths in groups of equal score, highest score first."""
    groups: dict[float, list[bool]] = {}
    for score, is_true in zip(scores, truth, strict=True):
        groups.setdefault(score, []).append(is_true)
    return [groups[score] for score in sorted(groups, reverse=True)]


# ---------------------------------------------------------------- a scorer over labelled posts
@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What people said of a post; None where they were not asked."""

    sentiment: int | None = None
    is_angry: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a scorer said of it; None where it did not judge."""

    sentiment: float | None = None
    negative: float | None = None
    anger: float | None = None


@dataclass(slots=True)
class Tally:
    """Labels and verdicts of one language and source, gathered post by post."""

    posts: int = 0
    not_judged: int = 0
    sentiments: list[tuple[int, float]] = field(default_factory=list)
    negatives: list[tuple[bool, float]] = field(default_factory=list)
    angers: list[tuple[bool, float]] = field(default_factory=list)
    without_anger: int = 0

    def add(self, label: Label, verdict: Verdict) -> None:
        """Take in one post."""
        self.posts += 1
        self.not_judged += verdict.sentiment is None
        if label.sentiment is not None and verdict.sentiment is not None:
            self.sentiments.append((label.sentiment, verdict.sentiment))
        if label.sentiment is not None and verdict.negative is not None:
            self.negatives.append((label.sentiment == NEGATIVE, verdict.negative))
        if label.is_angry is not None and verdict.anger is not None:
            self.angers.append((label.is_angry, verdict.anger))
        self.without_anger += verdict.anger is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well a scorer did; None where too little was labelled or judged to tell.

    Every figure but the two shares is over the posts that it judged: read them together.
    """

    posts: int
    not_judged: float
    without_anger: float
    anger_roc: float | None = None
    anger_precision: float | None = None
    anger_top: float | None = None
    anger_calibration: float | None = None
    negative_roc: float | None = None
    negative_precision: float | None = None
    negative_top: float | None = None
    sentiment_f1: float | None = None


MEASURES = (
    "not_judged",
    "without_anger",
    "anger_roc",
    "anger_precision",
    "anger_top",
    "anger_calibration",
    "negative_roc",
    "negative_precision",
    "negative_top",
    "sentiment_f1",
)
"""The names of the figures that `mean_of` averages."""


def figures_of(tally: Tally, fewest: int = FEWEST) -> Figures:
    """Return the figures of one language and source; a tally holds at least one post.

    A figure is left out when fewer than `fewest` posts are angry (negative), or are not.
    """
    anger, angers = _columns(tally.angers, fewest)
    negative, negatives = _columns(tally.negatives, fewest)
    said = [pair for pair in tally.sentiments if negative]
    return Figures(
        posts=tally.posts,
        not_judged=tally.not_judged / tally.posts,
        without_anger=tally.without_anger / tally.posts,
        anger_roc=roc_area(anger, angers),
        anger_precision=average_precision(anger, angers),
        anger_top=precision_at_top(anger, angers),
        anger_calibration=calibration_error(anger, angers),
        negative_roc=roc_area(negative, negatives),
        negative_precision=average_precision(negative, negatives),
        negative_top=precision_at_top(negative, negatives),
        sentiment_f1=macro_f1([label for label, _ in said], [value for _, value in said]),
    )


def _columns(pairs: Sequence[tuple[bool, float]], fewest: int) -> tuple[list[bool], list[float]]:
    """Return truths and scores, none of them where either kind is too rare."""
    trues = sum(truth for truth, _ in pairs)
    kept = pairs if min(trues, len(pairs) - trues) >= fewest else ()
    return [truth for truth, _ in kept], [score for _, score in kept]


def mean_of(sources: Sequence[Figures]) -> Figures:
    """Return the means over the sources of a language, at least one; posts are summed.

    Every source weighs the same however many posts it has; one that lacks a figure is left out
    of that figure's mean alone.
    """
    means: dict[str, float | None] = {}
    for name in MEASURES:
        had = [value for each in sources if (value := getattr(each, name)) is not None]
        means[name] = fmean(had) if had else None
    return Figures(
        posts=sum(each.posts for each in sources),
        not_judged=means["not_judged"] or 0.0,
        without_anger=means["without_anger"] or 0.0,
        anger_roc=means["anger_roc"],
        anger_precision=means["anger_precision"],
        anger_top=means["anger_top"],
        anger_calibration=means["anger_calibration"],
        negative_roc=means["negative_roc"],
        negative_precision=means["negative_precision"],
        negative_top=means["negative_top"],
        sentiment_f1=means["sentiment_f1"],
    )
