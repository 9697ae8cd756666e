"""What the detector of spikes is told, and what it remembers of a brand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from emberwatch.core.detect.baseline import BaselineSettings
from emberwatch.core.detect.calibration import CalibrationSettings, Episodes
from emberwatch.core.detect.past import Past
from emberwatch.core.detect.quarter import QUARTER, WINDOWS
from emberwatch.core.detect.swift import changer, maker
from emberwatch.core.detect.voices import Voice
from emberwatch.model.alert import Fire

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES_KEPT = 60
"""Minutes kept one by one; longer windows are counted in quarters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSettings:
    """When it rings.

    Fewer than `least_voices` distinct voices of a heat of `clear` or more never ring. One window
    is looked at as if afresh `looks` times its own length; shifts are `shift_correction` decades
    likelier than the law says. How often that rings is learnt (`calibration`).
    `cold_decades` are added to the bar while less than the `cold_days` beside them were watched.
    An alert ends when nothing was out of the ordinary for `stays_open`, or for the brand's
    `quiet_after` where that is shorter. Windows are in minutes. The share of anger is looked at in
    `share_windows`. From `shift_after_days` on, a volume out of the ordinary in `shift_windows` is
    anger when it brings at least `shift_share` of the anger that as many posts usually bring, and
    a heat of `shift_least`; calm posts count up to `shift_most` times the usual. No
    surge rings before `surge_after_days` were watched, for the rhythm of a day is not known before,
    and `surge_budget` times as many false ones are allowed, for nobody is woken by them.
    While more than `loud` angry voices are kept, windows beyond `loud_longest` are looked at once a
    quarter: what comes in one minute changes them little.
    """

    baseline: BaselineSettings = field(default_factory=BaselineSettings)
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    clear: float = 0.5
    least_voices: int = 3
    least_posts: int = 6
    looks: float = 3.0
    cold_days: tuple[float, float] = (0.25, 1.0)
    cold_decades: tuple[float, float] = (4.0, 2.0)
    stays_open: timedelta = timedelta(hours=8)
    share_windows: tuple[int, ...] = (15, 30, 60, 120)
    shift_windows: tuple[int, ...] = (60, 120, 240, 720)
    shift_after_days: float = 7.0
    shift_most: float = 4.0
    shift_share: float = 0.85
    shift_least: float = 8.0
    shift_correction: float = 0.5
    surge_windows: tuple[int, ...] = (15, 30, 60, 240)
    surge_after_days: float = 1.0
    surge_budget: float = 4.0
    told_again_at: float = 1.5
    loud: int = 60
    loud_longest: int = 120

    def __post_init__(self) -> None:
        if not self.surge_windows:
            raise ValueError("surge_windows is empty: name one window at least")
        for name in ("share_windows", "shift_windows", "surge_windows"):
            strange = set(getattr(self, name)) - set(WINDOWS)
            if strange:
                raise ValueError(f"{name} has {sorted(strange)}: only {WINDOWS} are looked at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What came in one minute. `live` leaves out what was read back, `calm` what is angry.

    `nameless` are angry posts of a plain series, each a voice of its own.
    """

    minute: int
    volume: float
    live: float
    judged: float
    calm: float
    nameless: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """An alert that is open. `hot_at` is the last minute that was out of the ordinary.

    `rate` is how often a month chance brings as much; `peak` the greatest hour; `told` the
    observed that was last told, seen at `seen_at` (None: as it began); `looked` the quarter whose
    fire was last looked at; `is_again` whether it burns again, so that windows which reach back to
    the fire before say nothing new. `since` is the quarter in which the present fire began, or
    the lull before it if it burns again (0: as the alert).
    """

    started_at: datetime
    hot_at: int
    window: int
    observed: float
    expected: float
    chance: float
    rate: float
    told: float
    peak: float
    looked: int
    fire: Fire = Fire.GROWING
    first_post_at: datetime | None = None
    reach: int = 0
    not_judged: float = 0.0
    thread_id: str | None = None
    evidence: tuple[str, ...] = ()
    is_again: bool = False
    seen_at: datetime | None = None
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeState:
    """What we remember of one brand; at most a few hundred kilobytes, however loud it gets.

    `minute` is the present, counted from 1970. `looked` is the quarter in which windows were last
    looked at, `unlooked` and `unlooked_posts` the heat and the posts that came since. `over` is the
    last minute of the last storm that is over: windows that reach back to it tell of it.
    """

    minute: int
    past: Past
    minutes: tuple[Minute, ...] = ()
    voices: tuple[Voice, ...] = ()
    looked: int = 0
    unlooked: float = 0.0
    unlooked_posts: float = 0.0
    spike: Ringing | None = None
    surge: Ringing | None = None
    over: int = 0
    episodes: Episodes = field(default_factory=Episodes)


new_minute = maker(Minute)
changed_state = changer(SpikeState)


def minute_of(at: datetime) -> int:
    """Return the minute since 1970 in which an instant lies."""
    passed = at - _EPOCH
    return passed.days * 1440 + passed.seconds // 60


@lru_cache(maxsize=256)  # asked at each post when to wake, as a rule for the same minute
def instant_of(minute: int) -> datetime:
    """Return when a minute since 1970 begins, in UTC."""
    return _EPOCH + minute * MINUTE


def with_minute(minutes: tuple[Minute, ...], now: int, came: Minute) -> tuple[Minute, ...]:
    """Add to the list of recent minutes, oldest first, and forget the old ones now and then."""
    oldest = now - MINUTES_KEPT + 1
    if minutes and minutes[0].minute < oldest - QUARTER:
        minutes = tuple(m for m in minutes if m.minute >= oldest)
    if came.minute < oldest:
        return minutes
    place = len(minutes)
    while place and minutes[place - 1].minute > came.minute:
        place -= 1
    alone = (came,)
    if not (place and minutes[place - 1].minute == came.minute):
        return minutes[:place] + alone + minutes[place:]
    same = minutes[place - 1]
    both = new_minute(
        minute=came.minute,
        volume=same.volume + came.volume,
        live=same.live + came.live,
        judged=same.judged + came.judged,
        calm=same.calm + came.calm,
        nameless=same.nameless + came.nameless,
    )
    alone = (both,)
    return minutes[: place - 1] + alone + minutes[place:]
