"""What the spike detector sees at a moment, ringing or not: for people who ask why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from emberwatch.core.detect.voices import Verdict


class Series(StrEnum):
    """What is watched of a brand."""

    ANGER = "anger"
    SHARE = "share"
    VOLUME = "volume"


class Raise(StrEnum):
    """Why the bar is higher (or lower) than the settings alone say."""

    COLD = "cold"
    CORRECTION = "correction"
    SURGES_ARE_CHEAP = "surges_are_cheap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One reason, and how many times rarer (below 1: more often) it makes that something rings."""

    why: Raise
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLook:
    """One series in one window.

    `seen` and `expected` are angry weight (posts of the volume); `usual` is what is expected
    before `factor`, by which the calm posts of the window (of the share: all its posts) make it
    busier or quieter than usual.
    `voices` counts the distinct angry voices (the posts of the volume). `chance` (0..1) is the
    probability of so much in such a window; `rate` how often a month chance brings as much over
    all windows; it rings when that is not above `bar` and there are enough voices. `needed` is
    what would have had to be seen, None where no amount would do: too early to judge, or too few
    posts for any share of them. `clear` of the voices are angry enough to ring (the posts of the
    volume). A window with `is_over` reaches back into a storm that is over: it tells of that alone,
    and rings for nothing.
    """

    series: Series
    minutes: int
    since: datetime
    seen: float
    voices: int
    clear: int
    usual: float
    factor: float
    expected: float
    chance: float
    rate: float
    bar: float
    needed: float | None
    rings: bool
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """All windows of a brand at a moment.

    `asked` is the operator's wish, in false alarms a month; the bars follow from it by `raised`.
    `typical` is the anger of a typical angry voice of this brand.
    `least_voices` never ring if fewer. `verdicts` tells of each angry post in the longest window,
    and of each mention that was asked about, whether it counts and why (in the window of
    `loudest`, the anger window least likely by chance, when there is one).
    """

    brand: str
    at: datetime
    asked: float
    typical: float
    raised: tuple[Raised, ...]
    least_voices: int
    windows: tuple[WindowLook, ...]
    loudest: WindowLook | None
    verdicts: tuple[Verdict, ...]
