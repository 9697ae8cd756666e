"""What a detector says when it fires."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What kind of trouble an alert tells of."""

    SPIKE = "spike"
    PILE_ON = "pile_on"
    SURGE = "surge"
    WATCH_BLIND = "watch_blind"
    TROUBLE = "trouble"
    FOLLOW_UP_DUE = "follow_up_due"

    @property
    def is_about_us(self) -> bool:
        """Whether it concerns our own watch (a feed, a part) and not a brand."""
        return self in (AlertKind.WATCH_BLIND, AlertKind.TROUBLE)


class Fire(StrEnum):
    """How the trouble itself goes."""

    GROWING = "growing"
    BURNING = "burning"
    COOLING = "cooling"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One detector's finding; a later alert with the same `id` replaces it.

    `subject` is what it is about: the brand, or the feed or part of ours. `observed` and
    `expected` are angry weight in the window that rang (reactions for a pile-on, posts for a
    surge); `chance` is the probability of seeing that much by chance, 0..1. `evidence` holds post
    ids, weightiest first. `started_at` is when it rang, `at` when it was last looked at,
    `ended_at` when it was over. `not_judged` is the share 0..1 of the window's mentions without
    an anger. `thread_id` names the thread that most of it is about, where there is one.
    """

    id: str
    kind: AlertKind
    brand: str | None
    subject: str
    started_at: datetime
    at: datetime
    ended_at: datetime | None = None
    first_post_at: datetime | None = None
    observed: float | None = None
    expected: float | None = None
    chance: float | None = None
    window_minutes: int | None = None
    reach: int = 0
    not_judged: float = 0.0
    thread_id: str | None = None
    evidence: tuple[str, ...] = ()
    fire: Fire = Fire.GROWING
    reason: str

    def __post_init__(self) -> None:
        if self.kind.is_about_us != (self.brand is None):
            raise ValueError(f"alert {self.id!r}: {self.kind} and brand {self.brand!r} do not fit")

    @property
    def is_open(self) -> bool:
        """Whether the trouble it tells of still goes on."""
        return self.ended_at is None
