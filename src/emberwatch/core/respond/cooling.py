"""Whether the anger cooled after the first answer (advice A2, A5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, lgamma, log, log1p

from emberwatch.core.respond.themes import ANGRY_FROM
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Voice

LONGEST = timedelta(hours=3)
"""What is compared before and after the answer, at most: later, other things have happened."""

SHORTEST = timedelta(minutes=30)
"""What must have passed since the answer, and is looked at before it, at least."""

FEWEST = 5
"""Angry voices before and after together: of fewer, no split of two halves is beyond chance."""

UNLIKELY = 0.05
"""A change that chance brings more seldom than this is one."""


class Turn(StrEnum):
    """What became of the anger."""

    COOLED = "cooled"
    GREW = "grew"
    NO_CHANGE = "no_change"
    """The difference is within what chance does."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """What became of the anger after an answer: angry voices an hour before and after it.

    Both are None, and `why` says why, where it cannot be told.
    """

    turn: Turn
    before: float | None = None
    after: float | None = None
    why: str = ""


def cooling(incident: Incident, voices: Iterable[Voice], now: datetime) -> Cooling | None:
    """Compare the angry voices of the brand before and after the first answer; None without one.

    A voice counts once on each side, however often it speaks. The sides are as long as the trouble
    was old, within `SHORTEST` and `LONGEST`; the later one ends now.
    """
    answered_at = incident.responded_at
    if answered_at is None:
        return None
    began_at = incident.first_post_at or incident.opened_at
    length = min(max(answered_at - began_at, SHORTEST), LONGEST)
    passed = min(length, now - answered_at)
    if passed < SHORTEST:
        return Cooling(turn=Turn.UNKNOWN, why="too early to tell")
    angry = [each for each in voices if each.anger is not None and each.anger >= ANGRY_FROM]
    before = {each.name for each in angry if answered_at - length <= each.at < answered_at}
    after = {each.name for each in angry if answered_at <= each.at < answered_at + passed}
    if len(before) + len(after) < FEWEST:
        return Cooling(
            turn=Turn.UNKNOWN, why=f"too few to tell: {len(before) + len(after)} angry voices"
        )
    hour = timedelta(hours=1)
    return Cooling(
        turn=_turn(len(before), len(after), passed / (length + passed)),
        before=len(before) / (length / hour),
        after=len(after) / (passed / hour),
    )


def _turn(before: int, after: int, share: float) -> Turn:
    """Tell a change from chance; `share` of the time compared lies after the answer.

    At an unchanged rate each voice falls behind the answer with that chance, whatever the rate.
    """
    if _at_most(after, before + after, share) < UNLIKELY:
        return Turn.COOLED
    if _at_most(before, before + after, 1.0 - share) < UNLIKELY:
        return Turn.GREW
    return Turn.NO_CHANGE


def _at_most(count: int, of: int, share: float) -> float:
    """Return the chance of at most `count` of so many, each with the chance `share`."""
    return sum(
        exp(_log_ways(of, k) + k * log(share) + (of - k) * log1p(-share)) for k in range(count + 1)
    )


def _log_ways(of: int, count: int) -> float:
    return lgamma(of + 1) - lgamma(count + 1) - lgamma(of - count + 1)
