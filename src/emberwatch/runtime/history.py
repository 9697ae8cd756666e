"""Lives through the stored past again: the same events in the same order, by the same rules.

Nothing is written and nobody is told. What a database does not keep cannot come back; that list
stands in docs/explanation/backtests.md.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import TypeGuard

from emberwatch.core.detect.detector import whole_minute
from emberwatch.core.pipeline import Outcome, Policy, States, Step
from emberwatch.core.read.matching import Matcher
from emberwatch.core.read.text import fingerprint
from emberwatch.core.read.themes import Themes
from emberwatch.core.respond import background
from emberwatch.core.respond.background import AngryPosts
from emberwatch.model.alert import Alert
from emberwatch.model.event import Counted, Event, Mentioned, Reacted, Tick, Unwatched
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Correction, Mention, Score
from emberwatch.model.post import Flag, Post, PostKind
from emberwatch.model.silence import Silence
from emberwatch.ports import Reading, Scorer, StoredCount, StoredPost, Text
from emberwatch.runtime.arrivals import MINUTE
from emberwatch.runtime.processor import GAP_AFTER, HISTORY_AFTER, events_of, offer

BATCH = 500
"""Events to a step of the rules, and posts to a call of the scorer."""

MOST_RECALLED = 50_000
"""Mentions held for the evidence of alerts; older ones are left out of it."""

TOLD_EVERY = 10_000
"""Posts between two words of how far one has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFeed:
    """What must be known of a feed to live through its posts again.

    It is read for `brands` (empty: all of them) `every` so often; `recounts` says that it reads
    the counters of known threads again.
    """

    every: timedelta = MINUTE
    brands: tuple[str, ...] = ()
    recounts: bool = False


UNKNOWN_FEED = PastFeed()
"""A replayed file, or a feed that the configuration no longer names."""


_UNWATCHED, _POST, _COUNT, _LEAP = range(4)
"""What comes first at one instant: a watch that begins, posts, counters, a gap."""

_Beside = tuple[tuple[datetime, int], Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Asks anew of which brands a stored post speaks, as another configuration may see it.

    A post is scored only when it has no score yet, so `scorer` is asked for late, if at all.
    `languages` are those expected of each brand.
    """

    matcher: Matcher
    themes: Themes
    scorer: Callable[[], Scorer]
    languages: Mapping[str, tuple[str, ...]]

    def __call__(
        self, posts: Iterator[StoredPost], feeds: Mapping[str, PastFeed]
    ) -> Iterator[StoredPost]:
        """Yield the same posts with the mentions that they are now."""
        while chunk := list(islice(posts, BATCH)):
            yield from self._chunk(chunk, feeds)

    def _chunk(
        self, chunk: Sequence[StoredPost], feeds: Mapping[str, PastFeed]
    ) -> Iterator[StoredPost]:
        matched = [
            self.matcher.match(
                stored.post.text, feeds.get(stored.feed, UNKNOWN_FEED).brands or None
            )
            if stored.post.kind is not PostKind.BOOST and not stored.is_erased
            else ()
            for stored in chunk
        ]
        unscored = [
            (stored, matches)
            for stored, matches in zip(chunk, matched, strict=True)
            if matches and not stored.mentions
        ]
        texts = [
            Text(
                text=stored.post.text,
                language=stored.post.language,
                expected=tuple(
                    language for match in matches for language in self.languages[match.brand]
                ),
            )
            for stored, matches in unscored
        ]
        scores = iter(self.scorer().score(texts) if texts else ())
        for stored, matches in zip(chunk, matched, strict=True):
            if stored.is_erased or not matches:
                # without its text a mention stands as it is stored
                yield stored if stored.is_erased else replace(stored, mentions=())
                continue
            known = {mention.brand: mention for mention in stored.mentions}
            like = stored.mentions[0] if stored.mentions else None
            score = like.score if like else next(scores)
            print_ = like.fingerprint if like else fingerprint(stored.post.text)
            themes = self.themes.match(stored.post.text)
            yield replace(
                stored,
                mentions=tuple(
                    replace(
                        known.get(match.brand)
                        or Mention(
                            brand=match.brand,
                            post=stored.post,
                            score=score,
                            matched=match.matched,
                            feed=stored.feed,
                            fingerprint=print_,
                        ),
                        themes=themes.get(match.brand, ()),
                    )
                    for match in matches
                ),
            )


def _brands(feeds: Mapping[str, PastFeed], stored: StoredPost) -> tuple[str, ...]:
    return feeds.get(stored.feed, UNKNOWN_FEED).brands


def events(
    look: Reading,
    feeds: Mapping[str, PastFeed],
    *,
    brands: Iterable[str] = (),
    reread: Reread | None = None,
    is_corrected: bool = False,
) -> Iterator[Event]:
    """Yield the stored past as the rules met it, without its ticks (see `Rerun`).

    Of `brands`, those that were never watched are taken to have been, from the first post on that
    was not read back. With `is_corrected`, what people said of a post's score counts in the place
    of the score.
    """
    posts = look.posts()
    if reread is not None:
        posts = reread(posts, feeds)
    if is_corrected:
        said = {correction.post_id: correction for correction in look.corrections()}
        posts = (_corrected(stored, said.get(stored.post.id)) for stored in posts)
    times = look.unwatched()
    watched = {time.brand for time in times if time.since == time.at}
    besides = merge(_times(times), _recounts(look.counts(), feeds), key=_due)
    yield from _in_order(posts, besides, feeds, [name for name in brands if name not in watched])


def _in_order(
    posts: Iterable[StoredPost],
    besides: Iterator[_Beside],
    feeds: Mapping[str, PastFeed],
    brands: Sequence[str],
) -> Iterator[Event]:
    """Merge posts with counters and times without a watch: posts as they came, those by time."""
    clock: datetime | None = None
    beside = next(besides, None)
    unheard = brands
    for stored in posts:
        post = stored.post
        if Flag.READ_BACK not in post.flags:  # as a live watch does, after its first polls
            first = post.seen_at if beside is None else min(post.seen_at, beside[1].at)
            first = first if clock is None else clock
            yield from (Unwatched(at=first, brand=name, since=first) for name in unheard)
            unheard = ()
        at = post.seen_at if clock is None else max(clock, post.seen_at)
        while beside is not None and beside[0] < (at, _POST):
            event = _not_before(beside[1], clock)
            clock = event.at
            yield event
            beside = next(besides, None)
        clock = at if clock is None else max(clock, at)
        feed = feeds.get(stored.feed, UNKNOWN_FEED)
        yield from events_of(
            post,
            at=clock,
            mentions=stored.mentions,
            is_reaction=not stored.mentions,
            counters=stored.counted,
            feed=stored.feed,
            every=feed.every,
            is_read_back=Flag.READ_BACK in post.flags,
        )
    if clock is not None:
        yield from (Unwatched(at=clock, brand=name, since=clock) for name in unheard)
    while beside is not None:
        event = _not_before(beside[1], clock)
        clock = event.at
        yield event
        beside = next(besides, None)


def _due(beside: _Beside) -> tuple[datetime, int]:
    return beside[0]


def _times(times: Iterable[Unwatched]) -> Iterator[_Beside]:
    """Yield when nobody watched, in the pieces in which it was lived.

    Blind feeds are told of minute by minute. A watch that stood still is told of at its end, and
    all that was seen in the meantime comes after it.
    """
    found: list[_Beside] = []
    leaps: dict[tuple[datetime, datetime], list[Event]] = {}
    for time in times:
        if _is_by_the_minute(time):
            count = (time.at - time.since) // MINUTE
            for since in (time.since + MINUTE * number for number in range(count)):
                minute = replace(time, since=since, at=since + MINUTE)
                found.append(((minute.at, _UNWATCHED), minute))
        elif is_leap(time):
            leaps.setdefault((time.since, time.at), []).append(time)
        else:
            found.append(((time.at, _UNWATCHED), time))
    for (since, at), told in leaps.items():
        found += [((since, _LEAP), event) for event in (*told, Tick(at=at))]
    found.sort(key=_due)
    yield from found


def _is_by_the_minute(time: Unwatched) -> bool:
    return (
        time.since < time.at and time.since == whole_minute(time.since)
    ) and time.at == whole_minute(time.at)


def is_leap(event: Event) -> TypeGuard[Unwatched]:
    """Whether an event tells of a watch that stood still, so that no tick came meanwhile."""
    return isinstance(event, Unwatched) and event.at - event.since > GAP_AFTER


def _recounts(counts: Iterable[StoredCount], feeds: Mapping[str, PastFeed]) -> Iterator[_Beside]:
    read_at: OrderedDict[str, datetime] = OrderedDict()
    for stored in counts:
        count, feed = stored.count, feeds.get(stored.feed, UNKNOWN_FEED)
        is_old = stored.at - count.root_created_at > HISTORY_AFTER
        before = read_at.pop(count.thread_id, None)
        read_at[count.thread_id] = stored.at
        if len(read_at) > MOST_RECALLED:
            read_at.popitem(last=False)
        yield (
            (stored.at, _COUNT),
            Counted(
                at=stored.at,
                thread_id=count.thread_id,
                counters=count.counters,
                root_created_at=count.root_created_at,
                # a thread that is followed is read at its own pace
                every=stored.at - before if before and feed.recounts else feed.every,
                # counters that were asked for are news; those that came with an old post are not
                is_history=is_old and not feed.recounts,
            ),
        )


def _not_before(event: Event, clock: datetime | None) -> Event:
    return event if clock is None or event.at >= clock else replace(event, at=clock)


def _corrected(stored: StoredPost, said: Correction | None) -> StoredPost:
    if said is None:
        return stored
    return replace(
        stored,
        mentions=tuple(
            replace(mention, score=corrected(mention.score, said)) for mention in stored.mentions
        ),
    )


def corrected(score: Score, said: Correction) -> Score:
    """Return a score with what a person said of it in its place."""
    sentiment = score.sentiment if said.sentiment is None else said.sentiment
    anger = score.anger if said.anger is None else said.anger
    if sentiment is None and anger is not None:
        sentiment = -anger
    return replace(score, sentiment=sentiment, anger=anger, judged=True)


class Recollection:
    """What a rerun remembers: its incidents, and the mentions that they may show."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._alerts: dict[str, Alert] = {}
        self._holders: dict[str, str] = {}
        self._mentions: OrderedDict[tuple[str, str], Mention] = OrderedDict()

    def take(self, outcome: Outcome) -> None:
        """Take over what a step of the rules changed."""
        for mention in outcome.mentions:
            self._mentions[mention.brand, mention.post.id] = mention
        while len(self._mentions) > MOST_RECALLED:
            self._mentions.popitem(last=False)
        self._alerts |= {alert.id: alert for alert in outcome.orphans}
        for incident in outcome.incidents:
            is_new = incident.id not in self._incidents
            self._incidents[incident.id] = incident
            for alert in incident.alerts:
                self._alerts[alert.id] = alert
                if is_new or alert.id not in self._holders:
                    self._holders[alert.id] = incident.id

    def incidents(
        self, *, opened_from: datetime | None = None, brand: str | None = None
    ) -> list[Incident]:
        """Return the incidents so far, oldest first."""
        return [
            incident
            for incident in sorted(map(self._whole, self._incidents.values()), key=_opened_at)
            if brand in (None, incident.brand)
            and (opened_from is None or incident.opened_at >= opened_from)
        ]

    def alerts(self) -> list[Alert]:
        """Return every alert so far, in an incident or not, oldest first."""
        return sorted(self._alerts.values(), key=_started_at)

    def mentions(self, post_ids: Sequence[str], brand: str) -> dict[str, Mention]:
        return {
            id: mention
            for id in post_ids
            if (mention := self._mentions.get((brand, id))) is not None
        }

    def gathering(self) -> tuple[Incident, ...]:
        return tuple(incident for incident in self.incidents() if incident.gathers)

    def latest(self, brand: str | None, subject: str) -> Incident | None:
        mine = [
            incident
            for incident in self.incidents()
            if incident.brand == brand and (brand is not None or incident.subject == subject)
        ]
        return mine[-1] if mine else None

    def incident(self, id: str) -> Incident | None:
        found = self._incidents.get(id)
        return None if found is None else self._whole(found)

    def mentions_by(self, post: Post, brand: str, most: int) -> list[Mention]:
        return background.by_author(self._mentions.values(), post, brand, most)

    def angry_posts(self, brand: str, since: datetime) -> AngryPosts:
        mine = (
            each
            for each in self._mentions.values()
            if each.brand == brand and each.post.created_at >= since
        )
        return background.with_angry_posts(AngryPosts(), mine)

    def speaking_of(
        self, brand: str, themes: Sequence[str], since: datetime, most: int
    ) -> list[Mention]:
        return background.speaking_of(self._mentions.values(), brand, themes, since, most)

    def incident_of_alert(self, alert_id: str) -> str | None:
        return self._holders.get(alert_id)

    def silences(self, at: datetime) -> tuple[Silence, ...]:
        return ()

    def exhibiting(self, post_ids: Sequence[str]) -> tuple[Incident, ...]:
        return tuple(
            incident
            for incident in self.incidents()
            if any(exhibit.post_id in post_ids for exhibit in incident.exhibits)
        )

    def _whole(self, incident: Incident) -> Incident:
        """Return an incident with its alerts as they are: two incidents may share one."""
        alerts = tuple(self._alerts[alert.id] for alert in incident.alerts)
        return incident if alerts == incident.alerts else replace(incident, alerts=alerts)


def _opened_at(incident: Incident) -> datetime:
    return incident.opened_at


def _started_at(alert: Alert) -> datetime:
    return alert.started_at


class Rerun:
    """The rules living through events again, in memory.

    `states` are what the rules remember, `past` the incidents they came to, `crashed` what they
    crashed on (what it is about, when, the traceback), which is set aside as in the live watch.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.states = States(policy.detectors)
        self.past = Recollection()
        self.crashed: list[tuple[str, datetime, str]] = []
        self.clock: datetime | None = None

    def live(self, events: Iterable[Event], until: datetime | None) -> None:
        """Live through all events up to an instant (all of them for None), ticks included."""
        for _ in self.walk(events, () if until is None else (until,), is_cut=until is not None):
            pass

    def walk(
        self, events: Iterable[Event], stops: Iterable[datetime], *, is_cut: bool = True
    ) -> Iterator[datetime]:
        """Live through events and yield each stop (rising) when all up to it has happened.

        Then everything that came at the stop or before has come, and every tick before it; the
        tick of the stop itself too, unless something came at that very instant: it comes with what
        is next. After the last stop nothing more is lived through; with `is_cut` false, the rest.
        """
        ahead = iter(stops)
        stop = next(ahead, None)
        step, fed = self._step(), 0
        for event in events:
            while stop is not None and event.at > stop:
                if not is_leap(event) or stop <= event.since:
                    self._stop(step, stop)
                self._commit(step)
                yield stop
                step, fed = self._step(), 0
                stop = next(ahead, None)
            if stop is None and is_cut:
                return
            self._feed(step, event)
            fed += 1
            if fed >= BATCH:
                self._commit(step)
                step, fed = self._step(), 0
        self._commit(step)
        while stop is not None:
            step = self._step()
            self._stop(step, stop)
            self._commit(step)
            yield stop
            stop = next(ahead, None)

    def _step(self) -> Step:
        return Step(self.policy, self.states, self.past)

    def _commit(self, step: Step) -> None:
        outcome = step.outcome()
        self.states.put(outcome.states)
        self.past.take(outcome)

    def _feed(self, step: Step, event: Event) -> None:
        self._wait(step, event.since if is_leap(event) else event.at)
        self.clock = event.at if self.clock is None else max(self.clock, event.at)
        offer(step, event, self.crashed)

    def _stop(self, step: Step, at: datetime) -> None:
        if self.clock is not None and self.clock < at:
            self._wait(step, at + timedelta.resolution)
            self.clock = at

    def _wait(self, step: Step, until: datetime) -> None:
        """Let time pass: a tick at each whole minute before an instant at which anybody wakes."""
        if self.clock is None or until <= self.clock:
            return
        minute = whole_minute(self.clock)
        while minute < until:
            wakes_at = step.wakes_at()
            if wakes_at is None:
                break
            minute = max(minute, whole_minute(wakes_at))
            if minute < until:
                offer(step, Tick(at=minute), self.crashed)
                minute += MINUTE
        self.clock = until


def states_at(
    look: Reading,
    policy: Policy,
    feeds: Mapping[str, PastFeed],
    at: datetime | None,
    on_posts: Callable[[int], None] | None = None,
) -> States:
    """Return what the rules remembered at an instant, as far as the database can tell.

    None is the end of all that is stored. `on_posts` is told now and then how many posts were
    lived through.
    """
    rerun = Rerun(policy)
    rerun.live(_counted(events(look, feeds, brands=policy.brands), on_posts), at)
    return rerun.states


def _counted(past: Iterable[Event], on_posts: Callable[[int], None] | None) -> Iterator[Event]:
    """Pass events on, and tell how many posts have passed."""
    posts, last = 0, ""
    for event in past:
        yield event
        match event:
            case Mentioned(mention=mention):
                id = mention.post.id
            case Reacted(post=post):
                id = post.id
            case _:
                continue
        if id != last:  # a post may speak of several brands
            posts, last = posts + 1, id
            if on_posts is not None and posts % TOLD_EVERY == 0:
                on_posts(posts)
