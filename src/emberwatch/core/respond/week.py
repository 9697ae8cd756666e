"""The figures of a stretch of time: what rang, how long it took, what was done (advice A2)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from statistics import median
from typing import TypeVar

from emberwatch.core.respond.clocks import Clocks, Lapse, Leg, Station, Told, clocks
from emberwatch.core.respond.cooling import Cooling, Turn
from emberwatch.core.respond.promises import Level, Promise, Standing, standings
from emberwatch.core.respond.reach import reach_of
from emberwatch.core.respond.themes import ANGRY_FROM
from emberwatch.core.respond.track_record import Label, TrackRecord, label_of
from emberwatch.core.respond.unanswered import unanswered
from emberwatch.core.respond.workflow import TOO_MANY_HAND_OFFS
from emberwatch.model.incident import Exhibit, Incident, Recurrence, Resolution, Status
from emberwatch.model.mention import Correction, Voice

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """A time in which a feed could not be read; `until` is None where it still cannot."""

    feed: str
    since: datetime
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a store knows of a stretch of time, and of the one before it.

    `incidents` opened from `before` on and before `until`, of the brands in question and of our
    own watch; `voices` are those from `since` on by brand, `coolings` what became of the anger by
    the id of each incident that was answered. `told` holds when people first were to be told of
    each incident, and were. `waiting` are the incidents in which somebody may have waited when
    the time ended, `follow_ups` those with a date to ask again. `corrections` and `blind` may
    reach beyond the time.
    """

    since: datetime
    until: datetime
    before: datetime
    now: datetime
    incidents: Sequence[Incident] = ()
    told: Mapping[str, Told] = field(default_factory=dict)
    voices: Mapping[str, Sequence[Voice]] = field(default_factory=dict)
    coolings: Mapping[str, Cooling] = field(default_factory=dict)
    waiting: Sequence[Incident] = ()
    follow_ups: Sequence[Incident] = ()
    records: Sequence[TrackRecord] = ()
    corrections: Sequence[Correction] = ()
    blind: Sequence[Blind] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An incident with its figures. `reach` is how many people follow those who spoke (A13)."""

    incident: Incident
    clocks: Clocks
    levels: tuple[Level, ...]
    cooling: Cooling | None
    reach: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long something took over several incidents; without one there are no figures.

    `p90` is the least of the lengths that nine in ten do not exceed.
    """

    count: int
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How often a promise was kept. `missed` holds what is overdue too; `running` has time left."""

    promise: Promise
    met: int
    missed: int
    running: int

    @property
    def share(self) -> float | None:
        """The share that was met of what is decided, 0..1; None where nothing is."""
        decided = self.met + self.missed
        return self.met / decided if decided else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of the posts in evidence of storms that were not dismissed (advice A2, A3)."""

    posts: int
    answered: int
    resolved_without: int

    @property
    def share(self) -> float | None:
        """The share of the posts that were answered, 0..1; None without a post."""
        return self.answered / self.posts if self.posts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How a brand was spoken of. `reach` counts the followers of each angry voice once.

    `voices` are distinct angry people, `reactions` what their posts drew. `unjudged` are the
    languages of mentions without an anger, most first ("": unknown).
    """

    brand: str
    mentions: int
    judged: int
    angry: int
    voices: int
    reach: int
    reactions: int
    unjudged: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done for customers, and how often the anger cooled after the answer (A5).

    `resolution` None: resolved, and nobody said with what.
    """

    resolution: Resolution | None
    count: int
    our_mistake: int
    turns: Mapping[Turn, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Everything that a report says, beside the same figures of the stretch of time before.

    `cases` are the storms that opened, oldest first; `ours` our own troubles; `rang` what people
    made of the storms. `unanswered` are the posts that waited at the end of the time (now, if it
    has not ended), gravest first, and `follow_ups` the incidents whose customers are to be asked
    again, soonest first (R14).
    """

    since: datetime
    until: datetime
    now: datetime
    cases: tuple[Case, ...]
    ours: tuple[Incident, ...]
    rang: Mapping[Label, int]
    rang_before: Mapping[Label, int]
    times: Mapping[StrEnum, Spread]
    times_before: Mapping[StrEnum, Spread]
    kept: tuple[Kept, ...]
    kept_before: tuple[Kept, ...]
    answered: Answered
    answered_before: Answered
    done: tuple[Done, ...]
    turns: Mapping[Turn, int]
    hand_offs: int
    passed_on: tuple[Incident, ...]
    recurring: tuple[tuple[str, Recurrence], ...]
    moods: tuple[Mood, ...]
    unanswered: tuple[tuple[Incident, Exhibit], ...]
    follow_ups: tuple[Incident, ...]
    records: tuple[TrackRecord, ...]
    corrected: tuple[tuple[str, int], ...]
    blind: tuple[Blind, ...]

    @property
    def has_ended(self) -> bool:
        """Whether the stretch of time is over."""
        return self.until <= self.now


def week_of(gathered: Gathered) -> Week:
    """Return the figures of a stretch of time, beside those of the one before."""
    storms = [each for each in gathered.incidents if each.is_a_storm]
    cases = [_case(each, gathered) for each in storms if each.opened_at >= gathered.since]
    earlier = [_case(each, gathered) for each in storms if each.opened_at < gathered.since]
    opened = [case.incident for case in cases]
    return Week(
        since=gathered.since,
        until=gathered.until,
        now=gathered.now,
        cases=tuple(cases),
        ours=tuple(
            each
            for each in gathered.incidents
            if each.brand is None and each.opened_at >= gathered.since
        ),
        rang=_counted(label_of(each) for each in opened),
        rang_before=_counted(label_of(case.incident) for case in earlier),
        times=_times(cases),
        times_before=_times(earlier),
        kept=_kept(cases),
        kept_before=_kept(earlier),
        answered=_answered(opened),
        answered_before=_answered([case.incident for case in earlier]),
        done=_done(cases),
        turns=_counted(case.cooling.turn for case in cases if case.cooling),
        hand_offs=sum(each.hand_offs for each in opened),
        passed_on=tuple(each for each in opened if each.hand_offs >= TOO_MANY_HAND_OFFS),
        recurring=_recurring(opened),
        moods=tuple(_mood(brand, voices) for brand, voices in gathered.voices.items()),
        unanswered=tuple(unanswered(gathered.waiting, min(gathered.until, gathered.now))),
        follow_ups=tuple(gathered.follow_ups),
        records=tuple(gathered.records),
        corrected=_corrected(gathered),
        blind=_blind(gathered),
    )


# ---------------------------------------------------------------- one incident
def _case(incident: Incident, gathered: Gathered) -> Case:
    return Case(
        incident=incident,
        clocks=clocks(incident, gathered.told.get(incident.id)),
        levels=standings(incident, gathered.now),
        cooling=gathered.coolings.get(incident.id),
        reach=reach_of(incident),
    )


# ---------------------------------------------------------------- over incidents
def spread_of(lengths: Iterable[timedelta]) -> Spread:
    """Return the middle and the slow end of some lengths of time."""
    found = sorted(lengths)
    if not found:
        return Spread(count=0)
    middle = median(length.total_seconds() for length in found)
    return Spread(
        count=len(found),
        median=timedelta(seconds=middle),
        p90=found[ceil(0.9 * len(found)) - 1],
    )


def _times(cases: Sequence[Case]) -> dict[StrEnum, Spread]:
    """Spread every leg and station over the incidents that were real or may be."""
    real = [case.clocks for case in cases if case.incident.status is not Status.DISMISSED]
    found: dict[StrEnum, Spread] = {}
    for leg in Leg:
        found[leg] = spread_of(_known(each.legs[leg] for each in real))
    for station in Station:
        found[station] = spread_of(_known(each.since_first_post[station] for each in real))
    return found


def _known(lapses: Iterable[Lapse]) -> list[timedelta]:
    return [lapse.length for lapse in lapses if lapse.length is not None]


def _kept(cases: Sequence[Case]) -> tuple[Kept, ...]:
    """Count how each promise stands; left out are promises that nobody gave."""
    seen = Counter((level.promise, level.standing) for case in cases for level in case.levels)
    given = {promise for promise, _ in seen}
    return tuple(
        Kept(
            promise=promise,
            met=seen[promise, Standing.MET],
            missed=seen[promise, Standing.MISSED],
            running=seen[promise, Standing.RUNNING],
        )
        for promise in Promise
        if promise in given
    )


def _answered(incidents: Iterable[Incident]) -> Answered:
    real = [each for each in incidents if each.status is not Status.DISMISSED]
    posts = {(each.brand, post.post_id): each for each in real for post in each.exhibits}
    answered = {
        (each.brand, post.post_id)
        for each in real
        if each.responded_at is not None
        for post in each.exhibits
    }
    without = sum(
        each.status is Status.RESOLVED and key not in answered for key, each in posts.items()
    )
    return Answered(posts=len(posts), answered=len(answered), resolved_without=without)


def _done(cases: Iterable[Case]) -> tuple[Done, ...]:
    """Count what was done for customers, most often first."""
    resolved = [case for case in cases if case.incident.status is Status.RESOLVED]
    by_kind: dict[Resolution | None, list[Case]] = {}
    for case in resolved:
        by_kind.setdefault(case.incident.resolution, []).append(case)
    found = [
        Done(
            resolution=kind,
            count=len(mine),
            our_mistake=sum(case.incident.is_our_mistake is True for case in mine),
            turns=_counted(case.cooling.turn for case in mine if case.cooling),
        )
        for kind, mine in by_kind.items()
    ]
    return tuple(sorted(found, key=lambda done: (-done.count, done.resolution or "~")))


def _recurring(opened: Iterable[Incident]) -> tuple[tuple[str, Recurrence], ...]:
    """Return the themes that keep coming back, with their brand, as the newest incident told."""
    found = {
        (incident.brand or "", each.theme): each
        for incident in opened
        for each in incident.recurring
    }
    ordered = sorted(found.items(), key=lambda item: (-item[1].share, item[0]))
    return tuple((brand, each) for (brand, _), each in ordered)


# ---------------------------------------------------------------- over mentions
def is_angry(voice: Voice) -> bool:
    """Whether somebody spoke in anger, as far as it was judged."""
    return voice.anger is not None and voice.anger >= ANGRY_FROM


def _mood(brand: str, voices: Sequence[Voice]) -> Mood:
    angry = [voice for voice in voices if is_angry(voice)]
    followers: dict[str, int] = {}
    for voice in angry:
        followers[voice.name] = max(followers.get(voice.name, 0), voice.followers or 0)
    unjudged = Counter(voice.language or "" for voice in voices if voice.anger is None)
    return Mood(
        brand=brand,
        mentions=len(voices),
        judged=sum(voice.anger is not None for voice in voices),
        angry=len(angry),
        voices=len(followers),
        reach=sum(followers.values()),
        reactions=sum(voice.reactions for voice in angry),
        unjudged=tuple(sorted(unjudged.items(), key=lambda each: (-each[1], each[0]))),
    )


# ---------------------------------------------------------------- our own watch
def _corrected(gathered: Gathered) -> tuple[tuple[str, int], ...]:
    """Count the posts of which people said how they sound, by person, most first."""
    by_person = Counter(
        each.by for each in gathered.corrections if gathered.since <= each.at < gathered.until
    )
    return tuple(sorted(by_person.items(), key=lambda each: (-each[1], each[0])))


def _blind(gathered: Gathered) -> tuple[Blind, ...]:
    """Return the blind times that reach into the stretch of time, oldest first."""
    found = [
        each
        for each in gathered.blind
        if each.since < gathered.until and (each.until is None or each.until > gathered.since)
    ]
    return tuple(sorted(found, key=lambda each: (each.since, each.feed)))


def _counted(values: Iterable[T]) -> dict[T, int]:
    return dict(Counter(values))
