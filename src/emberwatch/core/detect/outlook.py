"""What one brand is to make of a thread at a moment, in numbers and words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """Why a thread rings for a brand, or why it does not."""

    RUNG = "rung"
    """An alert about it is open."""
    HUGE = "huge"
    """It is as large as what counts as huge, and lively: the next voice rings."""
    LIKELY = "likely"
    """Likely enough to become huge: the next voice rings."""
    UNLIKELY = "unlikely"
    """Not likely enough to become huge."""
    TOO_FEW = "too_few"
    """We saw too few reactions coming for a forecast."""
    STALE = "stale"
    """It was as large as that before we looked, and hardly anybody speaks any more."""
    TOLD_BEFORE = "told_before"
    """It has rung and ended; it rings anew only when it is huge and lively again."""
    APPLAUSE = "applause"
    """The crowd is known to be calm."""
    NOT_CONCERNED = "not_concerned"
    """It is not about the brand."""
    NOT_WATCHED = "not_watched"
    """No mention of the brand in it is known, or the brand is not configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One kind of reaction: items that we saw, the site's last counter, and what counts."""

    kind: str
    items: int
    counter: int | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the forecast looks at, as people say it.

    Counts of reactions in the last minute, 5 and 15 minutes; how long ago the newer half, the
    last 5 and the last 20 of them began (of fewer than twice as many: the newer half); how old
    the burst is.
    """

    last_minute: int
    last_5_minutes: int
    last_15_minutes: int
    newer_half_took: timedelta
    last_5_took: timedelta
    last_20_took: timedelta
    age: timedelta

    def __str__(self) -> str:
        return (
            f"{self.last_minute} in the last minute, {self.last_5_minutes} in 5 and"
            f" {self.last_15_minutes} in 15 minutes; the newer half within"
            f" {_seconds(self.newer_half_took)}, the burst {_seconds(self.age)} old"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Everything about a thread's forecast for one brand at a moment.

    `size` is what counts, by items and counters (`counts`), of which `grown` belong to the burst
    that began at `began_at`, on top of `before`; `unseen` of all we did not see coming. `chance`
    is that of coming to `huge`, None where no forecast is made; it rings from `asked` on.
    `huge` is the brand's own, by the history of its threads, or the configured floor.
    `base_rate` is the share of the brand's threads that come to it; `prior` the chance that a
    thread of this size has before its pace is known. `expected` is the size it will pass with even
    odds. `angry_share` is that of the `judged` replies and quotes that name a brand, None without
    any; `not_judged` the share of the mentions whose mood is not known. `needed` is how many more
    reactions within the next minute would make it ring, None where no number would.
    """

    brand: str
    at: datetime
    standing: Standing
    size: int
    counts: tuple[Count, ...]
    grown: int
    before: int
    unseen: int
    began_at: datetime
    pace: Pace
    chance: float | None
    asked: float
    prior: float | None
    huge: int
    is_own_history: bool
    base_rate: float
    expected: int
    angry_share: float | None
    judged: int
    not_judged: float
    reach: int
    needed: int | None

    @property
    def words(self) -> str:
        """Say it in a sentence or three."""
        origin = "its own threads say so" if self.is_own_history else "as configured"
        told = f"{self.size} reactions; huge for {self.brand} are {self.huge} ({origin})."
        if self.chance is not None:
            told += (
                f" Chance of that {self.chance:.0%}, asked are {self.asked:.0%}; {self.pace};"
                f" of threads of this size {self.prior:.1%} come to it"
                f" ({self.base_rate:.1%} of all)."
            )
        told += " " + _STANDINGS[self.standing]
        if self.needed is not None:
            told += f" {self.needed} more within a minute would ring."
        return told


_STANDINGS = {
    Standing.RUNG: "It has rung.",
    Standing.HUGE: "It is huge: the next voice rings.",
    Standing.LIKELY: "Likely enough: the next voice rings.",
    Standing.UNLIKELY: "Not likely enough to ring.",
    Standing.TOO_FEW: "Too few came while we watched to say more.",
    Standing.STALE: "Most of it came before we watched, and hardly anybody speaks any more.",
    Standing.TOLD_BEFORE: "It rang and went out; it rings anew when it is huge and lively again.",
    Standing.APPLAUSE: "The crowd is calm: applause does not ring.",
    Standing.NOT_CONCERNED: "Too few of its posts name the brand: it is about something else.",
    Standing.NOT_WATCHED: "No post in it is known to name the brand.",
}


def _seconds(length: timedelta) -> str:
    """Say a length of time to the second where it is short."""
    seconds = round(length.total_seconds())
    if seconds < 120:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{round(seconds / 60)} minutes" if seconds < 7_200 else f"{round(seconds / 3600)} hours"
