"""A feed went blind, or a part of ours is in trouble: silence is never taken for calm."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from emberwatch.core.detect.detector import whole_minute
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.brand import Brand
from emberwatch.model.event import Event, FeedRead, PartChecked, Tick

NAME = "watch"
FEED = "feed:"
PART = "part:"
BUDGET = "budget of "
"""Begins the part that a feed's budget of money or quota is."""
QUARANTINE = "quarantine"
SCORER = "scorer"
_PASSING = (QUARANTINE, SCORER)
"""The parts of which nothing ever says that they are well again: what a rule crashed on, and the
scorer, which may fail on one post and judge the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """How patient we are with a feed."""

    polls: int = 3
    """Failures, or empty answers, in a row; also intervals without a success."""
    refusals: int = 2
    """Refusals in a row: asking again does not help."""
    least_unpolled: timedelta = timedelta(minutes=3)
    least_grace: timedelta = timedelta(minutes=1)
    """Before a feed that nobody polls is called blind, time itself must have passed in our sight:
    a process that was suspended or stopped gets a moment to poll first."""
    old_ones: int = 2
    relisted: int = 2
    """An empty answer is strange from a feed that showed so many old posts so often in a row."""
    times_longest_gap: float = 5.0
    least_gaps: int = 5
    least_quiet: timedelta = timedelta(hours=6)
    least_quiet_at_first: timedelta = timedelta(hours=48)
    """A rhythm of less than `learnt_in` knows no weekend yet."""
    learnt_in: timedelta = timedelta(days=8)
    forget_half_in: timedelta = timedelta(days=14)
    quarantine_passes_after: timedelta = timedelta(hours=1)
    """Without a further crash: a rule that crashes on what people write now does so again soon."""


DEFAULTS = WatchSettings()


def budget_of(feed: str) -> str:
    """Return what the budget of a feed is called among our parts."""
    return f"{BUDGET}{feed}"


class Cause(StrEnum):
    """Why we see nothing."""

    FAILING = "failing"
    REFUSED = "refused"
    UNPOLLED = "unpolled"
    EMPTY = "empty"
    STALE = "stale"
    IN_TROUBLE = "in_trouble"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What was told: why, since when it is so, and when it rang."""

    cause: Cause
    since: datetime
    rang_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a feed brings something new; `longest` is its longest usual gap, `gaps` how many
    were seen, from `learnt_since` to `last_at`, when it last brought something.
    """

    learnt_since: datetime
    last_at: datetime
    longest: timedelta = timedelta(0)
    gaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is remembered of one feed, or of one part that is in trouble.

    `well_at` is when it was last read well (`started_at` if never, with `has_answered` false),
    `listed` how many posts it last held, at `listed_at`. `relisted` counts the answers in a row
    that held old posts. `failures`, `refusals` and `empties` are in a row too. `may_be_empty`: it
    holds new posts alone, so that an empty answer only means that there are none. `overdue_at` is
    when time first noticed that nobody had polled it, `passes_at` when the trouble of a part that
    never says it is well will be over by itself.
    """

    started_at: datetime
    every: timedelta = timedelta(0)
    polled_at: datetime
    well_at: datetime
    listed_at: datetime | None = None
    has_answered: bool = False
    listed: int = 0
    relisted: int = 0
    may_be_empty: bool = False
    failures: int = 0
    refusals: int = 0
    empties: int = 0
    last_why: str = ""
    overdue_at: datetime | None = None
    passes_at: datetime | None = None
    rhythm: Rhythm | None = None
    trouble: Trouble | None = None


def blind(state: Watched | None) -> Trouble | None:
    """Return since when and why a feed (or part) is not well; None while it is, or is unknown."""
    return state.trouble if state is not None else None


class Watch:
    """Watches our own feeds and parts; keyed `feed:NAME` and `part:NAME`."""

    name = NAME
    version = 1
    state_type = Watched

    def __init__(self, brands: Mapping[str, Brand], settings: WatchSettings = DEFAULTS) -> None:
        self._brands = brands
        self._settings = settings

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the feed or the part that an event concerns."""
        match event:
            case FeedRead(feed=feed):
                return (f"{FEED}{feed}",)
            case PartChecked(part=part):
                return (f"{PART}{part}",)
            case _:
                return ()

    def fold(
        self, key: str, state: Watched | None, event: Event
    ) -> tuple[Watched | None, tuple[Alert, ...]]:
        """See `Detector.fold`. A part that is well is forgotten."""
        match event:
            case PartChecked(part=part):
                lasts = self._settings.quarantine_passes_after if part in _PASSING else None
                return _check(state, event, lasts)
            case FeedRead(is_gone=True):
                return _go(state, event)
            case FeedRead():
                read = self._read(state, event)
                return _say(event.feed, read, self._find(read, event), event.at)
            case Tick(at=at) if state is not None and key.startswith(FEED):
                return self._wait(key.removeprefix(FEED), state, at)
            case Tick(at=at) if state is not None and state.passes_at is not None:
                return _pass(key.removeprefix(PART), state, state.passes_at, at)
            case _:
                return state, ()

    def wakes_at(self, state: Watched) -> datetime | None:
        """Return when a feed that nobody polls will be blind, or the trouble of a part is over."""
        if state.passes_at is not None:
            return whole_minute(state.passes_at)
        if not state.every or state.trouble is not None:
            return None
        if state.overdue_at is None:
            return whole_minute(state.polled_at + self._patience(state) - self._grace(state))
        return whole_minute(self._blind_at(state, state.overdue_at))

    # ------------------------------------------------------------ feeds
    def _read(self, state: Watched | None, read: FeedRead) -> Watched:
        """Take over what a poll brought."""
        at = read.at
        if state is None:
            state = Watched(started_at=at, polled_at=at, well_at=at)
        was_read = self._was_read(state, at)
        state = replace(state, every=read.every, polled_at=at, overdue_at=None)
        if read.why:
            return replace(
                state,
                failures=state.failures + 1,
                refusals=state.refusals + 1 if read.is_refused else 0,
                last_why=read.why,
            )
        rhythm = state.rhythm
        if rhythm is not None and not was_read:
            rhythm = replace(rhythm, last_at=at)
        is_empty = state.empties > 0 if read.is_unchanged else read.listed == 0
        state = replace(state, well_at=at, has_answered=True, failures=0, refusals=0, last_why="")
        if is_empty:
            return replace(state, empties=state.empties + 1)
        listed = state.listed if read.is_unchanged else read.listed
        is_old = listed - read.fresh >= self._settings.old_ones
        return replace(
            state,
            empties=0,
            listed_at=at,
            listed=listed,
            relisted=state.relisted + 1 if is_old else 0,
            may_be_empty=state.may_be_empty or (state.empties > 0 and listed == read.fresh),
            rhythm=self._learn(rhythm, at, is_gap=was_read) if read.fresh else rhythm,
        )

    def _was_read(self, state: Watched, at: datetime) -> bool:
        """Whether the feed was read all the time until now: else its silence was our own."""
        is_well = state.trouble is None or state.trouble.cause is Cause.STALE
        return is_well and not state.failures and at - state.polled_at <= self._patience(state)

    def _learn(self, rhythm: Rhythm | None, at: datetime, *, is_gap: bool) -> Rhythm:
        """Learn from a gap between two polls that brought something new."""
        if rhythm is None:
            return Rhythm(learnt_since=at, last_at=at)
        gap = max(at - rhythm.last_at, timedelta(0))
        kept = 0.5 ** (gap / self._settings.forget_half_in)
        return replace(
            rhythm,
            last_at=at,
            longest=max(gap, rhythm.longest * kept),
            gaps=rhythm.gaps + is_gap,
        )

    def _find(self, state: Watched, read: FeedRead) -> Trouble | None:
        """Return what is wrong with a feed that was just polled."""
        settings, at, every = self._settings, read.at, read.every
        if state.failures:
            if state.refusals >= settings.refusals:
                return _trouble(state, Cause.REFUSED, state.well_at, at, state.last_why)
            long_enough = at - state.well_at >= settings.polls * every
            if state.failures >= settings.polls and long_enough:
                return _trouble(state, Cause.FAILING, state.well_at, at, _failing(state))
            return state.trouble
        is_strange = state.relisted >= settings.relisted and not state.may_be_empty
        if state.empties >= settings.polls and is_strange:
            since = state.listed_at or state.started_at
            why = (
                f"it answers, but with nothing, {state.empties} times in a row, where it used"
                f" to list {state.listed} posts"
            )
            return _trouble(state, Cause.EMPTY, since, at, why)
        return self._find_stale(state, at)

    def _find_stale(self, state: Watched, at: datetime) -> Trouble | None:
        """Return whether a feed has brought nothing new for far longer than is its way."""
        settings, rhythm = self._settings, state.rhythm
        if rhythm is None or rhythm.gaps < settings.least_gaps:
            return None
        is_learnt = at - rhythm.learnt_since >= settings.learnt_in
        most = max(
            settings.times_longest_gap * rhythm.longest,
            settings.polls * state.every,
            settings.least_quiet if is_learnt else settings.least_quiet_at_first,
        )
        if at - rhythm.last_at <= most:
            return None
        why = (
            f"it brought nothing new for {_span(at - rhythm.last_at)}; it used to bring something"
            f" at least every {_span(rhythm.longest)}"
        )
        return _trouble(state, Cause.STALE, rhythm.last_at, at, why)

    def _wait(self, feed: str, state: Watched, at: datetime) -> tuple[Watched, tuple[Alert, ...]]:
        """Notice that nobody polls a feed."""
        if state.trouble is not None:
            return state, ()
        if state.overdue_at is None:
            if at < state.polled_at + self._patience(state) - self._grace(state):
                return state, ()
            return replace(state, overdue_at=at), ()
        if at < self._blind_at(state, state.overdue_at):
            return state, ()
        why = f"nobody polled it for {_span(at - state.polled_at)}"
        if state.last_why:
            why += f"; the last time: {state.last_why}"
        trouble = _trouble(state, Cause.UNPOLLED, state.well_at, at, why)
        return _say(feed, state, trouble, at)

    def _patience(self, state: Watched) -> timedelta:
        return max(self._settings.polls * state.every, self._settings.least_unpolled)

    def _grace(self, state: Watched) -> timedelta:
        return max(state.every, self._settings.least_grace)

    def _blind_at(self, state: Watched, overdue_at: datetime) -> datetime:
        return max(state.polled_at + self._patience(state), overdue_at + self._grace(state))


def _failing(state: Watched) -> str:
    why = f"{state.failures} polls in a row failed: {state.last_why}"
    return why if state.has_answered else f"it has not answered since the start; {why}"


def _trouble(state: Watched, cause: Cause, since: datetime, at: datetime, why: str) -> Trouble:
    """Return the trouble, going on from an open one; it is told again only for a new cause."""
    before = state.trouble
    if before is None:
        return Trouble(cause=cause, since=since, rang_at=at, why=why)
    if before.cause is cause:
        return before
    return replace(before, cause=cause, why=why)


def _say(
    feed: str, state: Watched, trouble: Trouble | None, at: datetime
) -> tuple[Watched, tuple[Alert, ...]]:
    """Put the trouble into the state, and say it when it is news."""
    told = trouble or state.trouble
    if told is None or trouble is state.trouble:
        return state, ()
    after = replace(state, trouble=trouble)
    if trouble is None:
        reason = f"feed {feed} reads well again; it was blind for {_span(at - told.since)}"
        return after, (_alert(AlertKind.WATCH_BLIND, feed, told, at, reason, ended_at=at),)
    seen = f"; last read well {told.since:%Y-%m-%d %H:%M} UTC" if state.has_answered else ""
    reason = f"feed {feed} is blind: {told.why}{seen}; try: emberwatch feed test {feed}"
    return after, (_alert(AlertKind.WATCH_BLIND, feed, told, at, reason),)


def _go(state: Watched | None, read: FeedRead) -> tuple[Watched | None, tuple[Alert, ...]]:
    """Forget a feed, and end its trouble: nobody is left to end it by reading well."""
    before = blind(state)
    if before is None:
        return None, ()
    feed, at = read.feed, read.at
    reason = f"feed {feed} is no longer configured; it was blind for {_span(at - before.since)}"
    return None, (_alert(AlertKind.WATCH_BLIND, feed, before, at, reason, ended_at=at),)


def _check(
    state: Watched | None, check: PartChecked, lasts: timedelta | None
) -> tuple[Watched | None, tuple[Alert, ...]]:
    """Ring when a part is in trouble, end when it is well.

    `lasts` is how long a trouble lasts that nothing more is heard of; None: until it is well.
    """
    at, before = check.at, blind(state)
    if not check.why:
        return _end(check.part, state, at)
    if before is None:
        trouble = Trouble(cause=Cause.IN_TROUBLE, since=at, rang_at=at, why=check.why)
    else:
        trouble = replace(before, why=check.why)
    passes_at = None if lasts is None else at + lasts
    if state is not None and trouble == before:
        return state if passes_at == state.passes_at else replace(state, passes_at=passes_at), ()
    after = Watched(
        started_at=trouble.since,
        polled_at=at,
        well_at=trouble.since,
        passes_at=passes_at,
        trouble=trouble,
    )
    return after, (_alert(AlertKind.TROUBLE, check.part, trouble, at, check.why),)


def _pass(
    part: str, state: Watched, passes_at: datetime, at: datetime
) -> tuple[Watched | None, tuple[Alert, ...]]:
    """End the trouble of a part of which nothing more was heard."""
    return (state, ()) if at < passes_at else _end(part, state, at)


def _end(
    part: str, state: Watched | None, at: datetime
) -> tuple[Watched | None, tuple[Alert, ...]]:
    """Forget a part, and say so if it was in trouble."""
    before = blind(state)
    if before is None:
        return None, ()
    reason = f"{part} is well again after {_span(at - before.since)}"
    return None, (_alert(AlertKind.TROUBLE, part, before, at, reason, ended_at=at),)


def _alert(
    kind: AlertKind,
    subject: str,
    trouble: Trouble,
    at: datetime,
    reason: str,
    *,
    ended_at: datetime | None = None,
) -> Alert:
    return Alert(
        id=f"{kind}:{subject}:{trouble.rang_at.isoformat()}",
        kind=kind,
        brand=None,
        subject=subject,
        started_at=trouble.rang_at,
        at=at,
        ended_at=ended_at,
        fire=Fire.BURNING if ended_at is None else Fire.OUT,
        reason=reason,
    )


def _span(length: timedelta) -> str:
    """Say a length of time, rounded up to minutes, hours or days."""
    minutes = max(1, ceil(length / timedelta(minutes=1)))
    number, word = minutes, "minute"
    if minutes >= 2 * 1440:
        number, word = round(minutes / 1440), "day"
    elif minutes >= 2 * 60:
        number, word = round(minutes / 60), "hour"
    return f"{number} {word}{'s' if number > 1 else ''}"
