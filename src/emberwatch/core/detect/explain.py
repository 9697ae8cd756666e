"""Why it rings or does not: what was seen of a brand at a moment, and what was missing; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emberwatch.core.detect.detector import Detector
from emberwatch.core.detect.looks import Looks, WindowLook
from emberwatch.core.detect.outlook import Outlook, Standing
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.quarter import QUARTER, WINDOWS
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.core.detect.thread_state import Thread
from emberwatch.core.detect.voices import Why
from emberwatch.model.brand import Brand
from emberwatch.model.event import Mentioned, Reacted, Tick
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Post, PostKind

LONGEST = timedelta(minutes=WINDOWS[-1])
"""How far back a mention can matter to a spike."""

MOST_MISSING = 50
"""More voices than these are not counted out: it was nowhere near."""

MOST_THREADS = 5

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A mention of the last twelve hours and what became of it.

    `behind` is the post of the voice that it only repeats. `text` is None once it was erased.
    """

    post: str
    created_at: datetime
    anger: float | None
    why: Why
    behind: str | None
    author: str
    text: str | None

    @property
    def counts(self) -> bool:
        """Whether it is a voice of its own in the window that came nearest."""
        return self.why is Why.COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeExplained:
    """What the detector of spikes saw at a moment.

    `heard` tells of the mentions of the twelve hours before, those that count first, then the
    angriest; `boosts` of the mentions' threads are no voices. `unwatched` is how many minutes of
    those hours nobody watched. `missing` is how many more typical angry voices
    would have made it ring; None when it rang already, or when no likely number would have.
    """

    looks: Looks
    likely: tuple[tuple[float, float], ...]
    """Of each of the looks: between what four such windows of five lie."""
    ringing_since: datetime | None
    surging_since: datetime | None
    heard: tuple[Heard, ...]
    boosts: int
    unwatched: int
    missing: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadExplained:
    """A thread as the detector of pile-ons saw it."""

    thread_id: str
    outlook: Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why it rang or did not, of one brand at one moment.

    `spike` is None before the watch. `threads` are the largest in which the brand is spoken of,
    those that ring first, at most `MOST_THREADS`.
    """

    brand: str
    at: datetime
    spike: SpikeExplained | None
    threads: tuple[ThreadExplained, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the windows of a brand held at one instant; `likely` as in `SpikeExplained`."""

    at: datetime
    windows: tuple[WindowLook, ...] = ()
    likely: tuple[tuple[float, float], ...] = ()
    threads: Mapping[str, Thread] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a thread grew, instant by instant."""

    thread_id: str
    outlooks: tuple[Outlook, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the rules remembered of a brand at an instant.

    `threads` are those in which it is spoken of, by key; `recent` the last twelve hours' events,
    of every brand.
    """

    at: datetime
    spike: SpikeState | None
    threads: Mapping[str, Thread] = field(default_factory=dict)
    recent: Sequence[Mentioned | Reacted] = ()


def was_burning(incident: Incident, at: datetime) -> bool:
    """Whether one of an incident's alerts was open at an instant."""
    return any(
        alert.started_at <= at and (alert.ended_at is None or alert.ended_at > at)
        for alert in incident.alerts
    )


def rings_from(look: WindowLook) -> float | None:
    """Return what would have had to be seen, None where it is too early to judge.

    What rang with milder voices was enough; where there were too few voices, one more is asked.
    """
    if look.needed is None:
        return None
    if look.rings:
        return min(look.needed, look.seen)
    if look.seen < look.needed:
        return look.needed
    return look.seen * (look.voices + 1) / max(look.voices, 1)


def spelt(minutes: int) -> str:
    """Say how long a window is."""
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


class Explainer:
    """Asks the rules of a brand what they saw; instants in rising order are the quickest."""

    def __init__(self, brand: Brand, detectors: Iterable[Detector[Any]]) -> None:
        rules = tuple(detectors)
        self._brand = brand
        self._spike = next(each for each in rules if isinstance(each, Spike))
        self._pile_on = next(each for each in rules if isinstance(each, PileOn))
        self._last: tuple[SpikeState, datetime, SpikeState] | None = None

    def explain(self, then: Remembered) -> Explanation:
        """Say what the rules saw at an instant."""
        return Explanation(
            brand=self._brand.name,
            at=then.at,
            spike=None if then.spike is None else self._explain_spike(then, then.spike),
            threads=tuple(self._explain_threads(then)),
        )

    def sample(self, then: Remembered) -> Sample:
        """Return the figures of an instant alone, for a picture."""
        if then.spike is None:
            return Sample(at=then.at, threads=then.threads)
        now = self._moved(then.spike, then.at)
        windows = self._spike.looks(self._brand, now).windows
        likely = tuple(self._spike.likely(now, look) for look in windows)
        return Sample(at=then.at, windows=windows, likely=likely, threads=then.threads)

    def growth(self, samples: Iterable[Sample], thread_id: str) -> Growth:
        """Return how a thread grew, for a picture."""
        outlooks = tuple(
            self._pile_on.outlook(thread, self._brand.name, sample.at)
            for sample in samples
            if (thread := sample.threads.get(thread_id)) is not None
        )
        return Growth(thread_id=thread_id, outlooks=outlooks)

    def _explain_threads(self, then: Remembered) -> list[ThreadExplained]:
        seen = [
            ThreadExplained(
                thread_id=key, outlook=self._pile_on.outlook(thread, self._brand.name, then.at)
            )
            for key, thread in then.threads.items()
            if thread.size or thread.is_burning
        ]
        return sorted(seen, key=_largest)[:MOST_THREADS]

    def _explain_spike(self, then: Remembered, state: SpikeState) -> SpikeExplained:
        brand, at = self._brand, then.at
        now = self._moved(state, at)
        events = [event for event in then.recent if at - LONGEST < event.at <= at]
        mentions = [
            event
            for event in events
            if isinstance(event, Mentioned) and event.mention.brand == brand.name
        ]
        threads = {event.mention.post.thread_id for event in mentions}
        looks = self._spike.looks(brand, now, mentions)
        return SpikeExplained(
            looks=looks,
            likely=tuple(self._spike.likely(now, look) for look in looks.windows),
            ringing_since=now.spike.started_at if now.spike else None,
            surging_since=now.surge.started_at if now.surge else None,
            heard=_heard(looks, [event.mention for event in mentions], at - LONGEST),
            boosts=sum(
                isinstance(event, Reacted)
                and event.post.kind is PostKind.BOOST
                and not threads.isdisjoint((event.post.thread_id, event.post.boost_of))
                for event in events
            ),
            unwatched=_unwatched(now),
            missing=None if now.spike else self._missing(now, at, looks.typical),
        )

    def _moved(self, state: SpikeState, at: datetime) -> SpikeState:
        """Return the state as it is at an instant when nothing more came.

        Instants of one silence are asked for one after another: each goes on from the last, so
        that a silence of months is lived through once.
        """
        before = state
        if self._last and self._last[0] is state and self._last[1] <= at:
            before = self._last[2]
        after, _ = self._spike.fold(self._brand.name, before, Tick(at=at))
        moved = after or before
        self._last = (state, at, moved)
        return moved

    def _missing(self, state: SpikeState, at: datetime, anger: float) -> int | None:
        """Return how many more angry voices at this very minute would have made it ring."""
        for number in range(1, MOST_MISSING + 1):
            voice = Mentioned(at=at, mention=_somebody(self._brand, number, at, anger))
            after, _ = self._spike.fold(self._brand.name, state, voice)
            state = after or state
            look, _ = self._spike.fold(self._brand.name, state, Tick(at=at + _MINUTE))
            if look is not None and look.spike is not None:
                return number
        return None


def _heard(looks: Looks, mentions: Sequence[Mention], since: datetime) -> tuple[Heard, ...]:
    said = {mention.post.id: mention.post for mention in mentions}
    heard = [
        Heard(
            post=verdict.post,
            created_at=verdict.created_at,
            anger=verdict.anger,
            why=verdict.why,
            behind=verdict.behind,
            author=post.author.handle if (post := said.get(verdict.post)) else "",
            text=(post.text or None) if post else None,
        )
        for verdict in looks.verdicts
        if verdict.created_at > since
    ]
    return tuple(sorted(heard, key=_weightiest))


def _weightiest(heard: Heard) -> tuple[bool, float, datetime, str]:
    anger = -1.0 if heard.anger is None else heard.anger
    return not heard.counts, -anger, heard.created_at, heard.post


def _unwatched(state: SpikeState) -> int:
    """Return the minutes of the longest window in which nobody watched."""
    quarters = state.past.quarters[-(WINDOWS[-1] // QUARTER + 1) : -1]
    return sum(QUARTER - quarter.watched for quarter in quarters)


def _somebody(brand: Brand, number: int, at: datetime, anger: float) -> Mention:
    return Mention(
        brand=brand.name,
        post=Post(
            source="nobody",
            native_id=str(number),
            author=Author(handle=f"nobody{number}"),
            text="",
            created_at=at,
            seen_at=at,
        ),
        score=Score(sentiment=-anger, anger=anger, judged=True, scorer="nobody"),
        matched="",
        feed="",
        fingerprint="",
    )


def _largest(explained: ThreadExplained) -> tuple[bool, int, str]:
    outlook = explained.outlook
    return outlook.standing is not Standing.RUNG, -outlook.size, explained.thread_id
