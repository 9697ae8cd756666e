"""How much a trouble matters."""

from bisect import bisect_right
from collections.abc import Iterable
from math import log10

from emberwatch.model.alert import Alert
from emberwatch.model.incident import Severity

UNLIKELY = (4.0, 7.0, 12.0)
"""-log10 of the chance: about what rings at all, once in decades, never by chance."""

WEIGHTY = (20.0, 60.0, 200.0)
"""Angry weight in the window that rang, or reactions of a pile-on."""

FAR = (10_000.0, 100_000.0, 1_000_000.0)
"""Followers of those who spoke, together."""

NEVER = 1e-300
"""Stands in for a chance too small for a float."""


def severity(*, unlikeliness: float, weight: float, reach: float, is_threat: bool) -> Severity:
    """Return how much a trouble matters, from four facts.

    Each of `unlikeliness` (-log10 of the chance), `weight` (angry weight, or reactions of a
    pile-on) and `reach` (followers) gives 0 to 3 points: one for each of its three steps above
    that it has reached. No point is info, one or two are warning, three to five are high, six or
    more are critical. A threat (legal, safety, press, regulator) makes it one step more, and
    high at least. It never falls when one of the facts grows.
    """
    points = (
        bisect_right(UNLIKELY, unlikeliness)
        + bisect_right(WEIGHTY, weight)
        + bisect_right(FAR, reach)
    )
    rank = bisect_right((1, 3, 6), points)
    if is_threat:
        rank = min(max(rank + 1, Severity.HIGH.rank), Severity.CRITICAL.rank)
    return list(Severity)[rank]


def severity_of(alerts: Iterable[Alert], *, is_threat: bool = False) -> Severity:
    """Return the severity of an incident with these alerts.

    The gravest alert decides; an alert counts with the most that it says of itself. A trouble of
    our own watch is a warning however small: while it lasts we may miss the next storm.
    """
    ranks = [
        Severity.WARNING.rank
        if alert.kind.is_about_us
        else severity(
            unlikeliness=-log10(max(alert.chance, NEVER)) if alert.chance is not None else 0.0,
            weight=alert.observed or 0.0,
            reach=alert.reach,
            is_threat=is_threat,
        ).rank
        for alert in alerts
    ]
    return list(Severity)[max(ranks, default=0)]
