"""The one writer: what arrived in, one transaction out."""

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from emberwatch.core.detect import watch
from emberwatch.core.detect.detector import Detector, whole_minute
from emberwatch.core.pipeline import Key, Outcome, Policy, States, Step
from emberwatch.model.errors import StoreBusy, StoreFailed
from emberwatch.model.event import (
    Counted,
    Deleted,
    Event,
    FeedRead,
    Mentioned,
    PartChecked,
    Reacted,
    ThreadEnded,
    Tick,
    Unwatched,
)
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Mention
from emberwatch.model.post import Counters, Flag, Post
from emberwatch.ports import (
    Count,
    FeedHealth,
    Ledger,
    Reading,
    Scorer,
    Store,
    StoredState,
)
from emberwatch.runtime.arrivals import MINUTE, Arrivals, Report
from emberwatch.runtime.intake import Batch, Intake, Item
from emberwatch.runtime.telemetry import Log

_LOG = Log("processor")

HISTORY_AFTER = timedelta(hours=2)
"""A post that reaches us this long after it was written teaches, and cannot ring."""

GAP_AFTER = timedelta(minutes=15)
"""A live watch that stood still this long (stopped, suspended) did not watch in the meantime."""

AHEAD_AFTER = timedelta(hours=2)
"""A wall clock this far behind ours was set back: ours had run ahead of the truth."""

SLEPT_AFTER = timedelta(minutes=3)
"""A live watch has a tick each minute; after a longer pause it does not catch up on them."""


class Processor:
    """Reads, advances and commits. All of it runs in one thread at a time.

    `encode` and `decode` turn detector states into bytes and back. `recall` says what the rules
    remember of the stored past; it is asked where another version of them left its memories, and
    without it they begin anew.
    `is_live` is false for a replay, where a gap between two posts is a quiet time and not a
    sleeping watch. `feeds_of` says which feeds are read for each brand; a feed that `feeds` no
    longer names is watched for no longer.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        store: Store,
        scorer: Scorer,
        encode: Callable[[Any], bytes],
        decode: Callable[[bytes, type[Any]], Any],
        is_live: bool,
        recall: Callable[[Reading, Callable[[int], None]], States] | None = None,
        feeds_of: Mapping[str, tuple[str, ...]] | None = None,
        feeds: Collection[str] | None = None,
    ) -> None:
        self._policy = policy
        self._store = store
        self._intake = Intake(policy.brands, scorer)
        self._scorer_kind = scorer.kind
        self._encode = encode
        self._decode = decode
        self._is_live = is_live
        self._feeds_of = feeds_of or {}
        self._feeds = feeds
        self._recall = recall
        self._unwritten: dict[Key, Any] = {}
        self._gone: tuple[str, ...] = ()
        self._are_all_waking = True
        self._over: tuple[str, ...] = ()
        self._newest: dict[str, datetime] = {}
        self._undated: dict[str, frozenset[str]] = {}
        self._unsaid: tuple[str, ...] = ()
        self._versions = {detector.name: detector.version for detector in policy.detectors}
        self._states = States(policy.detectors)
        with store.reading() as look:
            self._clock = look.clock()
            self._health = look.health()
            self._begun = {time.brand for time in look.unwatched() if time.since == time.at}
            self._load(look)

    @property
    def clock(self) -> datetime | None:
        """Where time stands: the greatest instant seen so far."""
        return self._clock

    @property
    def health(self) -> Mapping[str, FeedHealth]:
        """How each feed is doing, as of the last batch."""
        return self._health

    def process(self, arrivals: Arrivals) -> Report:
        """Take one batch through the whole path and commit it.

        Raises `StoreBusy` when the database takes nothing now: nothing was changed, neither there
        nor here, and the same batch may be given again.
        """
        if self._clock is not None and self._is_live and self._clock - arrivals.at > AHEAD_AFTER:
            self._start_over(arrivals.at)
        with self._store.reading() as look:
            batch = self._intake.read(arrivals, look, self._clock)
        with self._store.writing() as tx:
            step = Step(self._policy, self._states, tx)
            crashed: list[tuple[str, datetime, str]] = []
            unwatched: list[Unwatched] = []
            clock = self._clock
            for event in self._events(arrivals, batch, step):
                clock = event.at if clock is None else max(clock, event.at)
                if isinstance(event, Unwatched):
                    unwatched.append(event)
                offer(step, event, crashed)
            if self._is_live:
                clock = arrivals.at if clock is None else max(clock, arrivals.at)
            at = clock or arrivals.at
            for part in (
                *_quarantine_checked(crashed, at),
                *self._scorer_checked(batch.failures, at),
            ):
                offer(step, part, crashed)
            if self._is_live:
                for incident in tx.follow_ups(at):
                    step.follow_up(incident, at)
                for incident in self._waking(tx, at):
                    step.wake(incident, at)
            outcome = step.outcome()
            health = self._checked(arrivals, outcome)
            ledger = replace(
                self._ledger(arrivals, batch.items, outcome, health, crashed, clock),
                unwatched=tuple(unwatched),
            )
            if _outlives(ledger):
                tx.record(ledger)
        self._states.put(outcome.states)
        self._begun |= {time.brand for time in unwatched if time.since == time.at}
        self._unwritten = {}
        self._gone = self._over = ()
        self._unsaid = ()
        self._are_all_waking = False
        self._clock = clock
        self._health = {**self._health, **{row.feed: row for row in health}}
        return Report(
            posts=len(arrivals.posts),
            fresh=self._fresh(arrivals),
            kept=len(ledger.posts),
            mentions=len(outcome.mentions),
            not_judged=sum(mention.score.anger is None for mention in outcome.mentions),
            quarantined=len(crashed),
            dropped=tuple(batch.dropped),
            incidents=outcome.incidents,
            orphans=outcome.orphans,
            notifications=len(outcome.notifications),
        )

    def _waking(self, tx: Reading, at: datetime) -> Iterable[Incident]:
        """Return the incidents that time alone may change now.

        After a start all that are open are looked at, where there are teams: another
        configuration, or another clock, may have other plans for them.
        """
        if not self._are_all_waking:
            return tx.waking(at)
        every = (*(tx.gathering() if self._policy.teams else ()), *tx.waking())
        return {incident.id: incident for incident in every}.values()

    def _start_over(self, at: datetime) -> None:
        """Forget what was learnt under a clock that had run ahead, and go on by the true one.

        Every detector would wait for that future to come, and stay mute until then.
        """
        why = (
            f"the machine's clock had run ahead to {self._clock:%Y-%m-%d %H:%M} and was set back "
            f"to {at:%Y-%m-%d %H:%M} UTC: what is normal is learnt anew from now on"
        )
        learnt = [key for key, _ in self._states.items() if key[0] != watch.NAME]
        self._unwritten = {**self._unwritten, **dict.fromkeys(learnt)}
        self._states.put(dict.fromkeys(learnt))
        self._unsaid = (why,)
        self._are_all_waking = True
        self._clock = at

    def _fresh(self, arrivals: Arrivals) -> int:
        """Count the posts written after all that the feed brought before.

        Most posts of most feeds speak of no brand and are not kept, so the store cannot tell.
        """
        if not arrivals.posts or arrivals.is_look:
            return 0
        # a date of tomorrow tells no more than none, and must not make all until then look old
        undated = {post.id for post in arrivals.posts if not _is_dated(post)}
        listed = self._undated.get(arrivals.feed, frozenset())
        if undated:
            self._undated[arrivals.feed] = frozenset(undated)
        dates = [post.created_at for post in arrivals.posts if _is_dated(post)]
        newest = self._newest.get(arrivals.feed)
        if dates:
            self._newest[arrivals.feed] = max(dates) if newest is None else max(newest, *dates)
        row = self._health.get(arrivals.feed)
        # after a start, what was written before the feed last brought something is no news
        before = newest or (row.last_post_at if row else None)
        dated = len(dates) if before is None else sum(date > before for date in dates)
        return dated + len(undated - listed)

    def _scorer_checked(self, failures: Sequence[str], at: datetime) -> Iterator[PartChecked]:
        """Make a trouble of a scorer that failed; the next whole hour without a failure ends it."""
        if failures:
            yield PartChecked(
                at=at,
                part=watch.SCORER,
                why=f"the scorer {self._scorer_kind} fails ({failures[-1]}): such posts "
                "count as not judged; mend it, then 'emberwatch mention rescore --failed'",
            )

    # ------------------------------------------------------------ events
    def _events(self, arrivals: Arrivals, batch: Batch, step: Step) -> Iterator[Event]:
        """Put what arrived in the order of our clock, with a tick for each whole minute passed."""
        clock = self._clock
        for feed in self._gone:
            yield FeedRead(at=clock or arrivals.at, feed=feed, every=MINUTE, is_gone=True)
        for part in self._over:
            yield PartChecked(at=clock or arrivals.at, part=part)
        if clock is not None and self._is_live and arrivals.at - clock > GAP_AFTER:
            for brand in self._policy.brands:
                yield Unwatched(at=arrivals.at, brand=brand, since=clock)
            clock = arrivals.at
            yield Tick(at=clock)
        for item in batch.items:
            at = min(item.post.seen_at, arrivals.at)
            if clock is None and not self._is_live:
                yield from self._begin(at)
            if clock is not None and at > clock:
                yield from self._ticks(clock, at, step)
            clock = at if clock is None else max(clock, at)
            kept = step.kept(item.post.id) if item.is_new else None
            if kept is not None:
                # a batch may bring a post twice, and the first time decides whether it is kept
                item.repeats(kept)
                continue
            batch.place(item)
            yield from events_of(
                item.post,
                at=clock,
                mentions=[each for each in item.mentions if each.brand in item.newly],
                is_reaction=item.is_new and not item.mentions,
                counters=item.post.counters if item.is_recounted else None,
                feed=arrivals.feed,
                every=arrivals.every,
                is_read_back=arrivals.is_first,
            )
            if item.mentions or step.kept(item.post.id) is not None:
                batch.keep(item.post)
        if arrivals.posts and not self._is_live:
            return
        at = max(arrivals.at, clock) if clock is not None else arrivals.at
        if clock is not None:
            yield from self._ticks(clock, at, step)
        if not arrivals.feed:
            yield from self._begin(at)
        for why in (*self._unsaid, "") if self._unsaid else ():
            yield PartChecked(at=at, part="clock", why=why)
        for count in arrivals.counts:
            yield Counted(
                at=at,
                thread_id=count.thread_id,
                counters=count.counters,
                root_created_at=count.root_created_at,
                every=count.every or arrivals.every,
                is_history=arrivals.is_first,
            )
        for deleted in batch.deleted:
            yield replace(deleted, at=at)
        if arrivals.read is not None:
            yield replace(arrivals.read, at=at)
        yield from arrivals.parts

    def _begin(self, at: datetime) -> Iterator[Event]:
        """Tell of each brand that was never watched that it is from now on: silence counts too.

        A live watch says so after its first polls, so that what they read back comes first: it is
        what the rules know a brand by, and yet no watch. Of a brand that was watched before, a
        start says nothing: it must leave no trace.
        """
        for brand in self._policy.brands:
            begun = Unwatched(at=at, brand=brand, since=at)
            if brand not in self._begun or not all(
                self._has_begun(detector, begun) for detector in self._policy.detectors
            ):
                yield begun

    def _has_begun(self, detector: Detector[Any], begun: Unwatched) -> bool:
        """Whether a rule watches a brand already; one that crashes on the question never will."""
        try:
            keys = detector.keys(begun)
        except Exception:
            return True
        return all(self._states.get((detector.name, key)) is not None for key in keys)

    def _ticks(self, since: datetime, until: datetime, step: Step) -> Iterator[Event]:
        """Yield a tick for each whole minute from `since` on and strictly before `until`.

        A tick that wakes nobody is left out, so that years may pass in a moment.
        """
        minute = since.replace(second=0, microsecond=0)
        if minute < since:
            minute += MINUTE
        if self._is_live and until - since > SLEPT_AFTER:
            # nobody was there to poll in the meantime: one tick, and the polls that come next
            minute = max(minute, whole_minute(until) - MINUTE)
        blind = self._blind_brands() if self._is_live and minute < until else ()
        while minute < until:
            for brand in blind:
                yield Unwatched(at=minute, brand=brand, since=minute - MINUTE)
            yield Tick(at=minute)
            minute += MINUTE
            if not blind:
                wakes_at = step.wakes_at()
                if wakes_at is None:
                    return
                minute = max(minute, whole_minute(wakes_at))

    def _blind_brands(self) -> tuple[str, ...]:
        """Return the brands none of whose feeds can be read."""
        return tuple(
            brand
            for brand, feeds in self._feeds_of.items()
            if feeds and all((row := self._health.get(feed)) and row.blind_since for feed in feeds)
        )

    # ------------------------------------------------------------ writing
    def _ledger(
        self,
        arrivals: Arrivals,
        items: Sequence[Item],
        outcome: Outcome,
        health: tuple[FeedHealth, ...],
        crashed: list[tuple[str, datetime, str]],
        clock: datetime | None,
    ) -> Ledger:
        # one batch may bring a post several times, and it is kept as it was when that was decided
        reactions = {post.id: post for post in outcome.reactions}
        set_aside = {id for id, _, _ in crashed}
        held = [
            item
            for item in items
            if not item.is_new
            or item.mentions
            or reactions.get(item.post.id) is item.post
            or item.post.id in set_aside
        ]
        return Ledger(
            posts=tuple(item.post for item in held if item.is_new),
            edits=tuple(item.post for item in held if not item.is_new and not item.is_nothing),
            mentions=tuple(mention for item in held for mention in item.mentions),
            counts=(
                *((item.post.seen_at, _count(item.post)) for item in held if item.is_recounted),
                *((arrivals.at, count) for count in arrivals.counts),
            ),
            feed=arrivals.feed or None,
            cursor=arrivals.cursor,
            health=health,
            states={
                key: None
                if state is None
                else StoredState(
                    detector=key[0],
                    version=self._versions[key[0]],
                    key=key[1],
                    body=self._encode(state),
                )
                for key, state in {**self._unwritten, **outcome.states}.items()
            },
            incidents=outcome.incidents,
            orphans=outcome.orphans,
            notifications=outcome.notifications,
            quarantine=tuple(crashed),
            deleted=outcome.deleted,
            clock=clock,
        )

    def _checked(self, arrivals: Arrivals, outcome: Outcome) -> tuple[FeedHealth, ...]:
        """Return the health of each feed of which the watch has news."""
        rows = []
        for (detector, key), state in outcome.states.items():
            if detector != watch.NAME or not key.startswith(watch.FEED) or state is None:
                continue
            feed = key.removeprefix(watch.FEED)
            before = self._health.get(feed)
            trouble = watch.blind(state)
            rows.append(
                FeedHealth(
                    feed=feed,
                    source=arrivals.source
                    if arrivals.feed == feed
                    else (before.source if before else ""),
                    last_ok_at=state.well_at if state.has_answered else None,
                    last_post_at=state.rhythm.last_at if state.rhythm else None,
                    blind_since=trouble.since if trouble else None,
                    why=trouble.why if trouble else state.last_why,
                    failures=state.failures,
                    next_poll_at=state.polled_at + state.every,
                    note=arrivals.read.note
                    if arrivals.read is not None and arrivals.read.feed == feed
                    else (before.note if before else ""),
                )
            )
        return tuple(rows)

    def _load(self, look: Reading) -> None:
        types = {detector.name: detector for detector in self._policy.detectors}
        loaded = {}
        outdated: dict[Key, Any] = {}
        for row in look.states():
            detector = types.get(row.detector)
            if detector is not None and detector.version == row.version:
                loaded[row.detector, row.key] = self._decode(row.body, detector.state_type)
            elif detector is not None:
                outdated[row.detector, row.key] = None
        self._states.put(loaded)
        if outdated:
            self._remember(look, {name for name, _ in loaded}, outdated)
        if self._feeds is not None:
            self._gone = tuple(
                feed
                for name, key in loaded
                if name == watch.NAME
                and key.startswith(watch.FEED)
                and (feed := key.removeprefix(watch.FEED)) not in self._feeds
            )
            budgets = {watch.budget_of(feed) for feed in self._feeds}
            self._over = tuple(
                part
                for name, key in loaded
                if name == watch.NAME
                and key.startswith(watch.PART)
                and (part := key.removeprefix(watch.PART)).startswith(watch.BUDGET)
                and part not in budgets
            )

    def _remember(
        self, look: Reading, current: Collection[str], outdated: Mapping[Key, None]
    ) -> None:
        """Put what the stored posts teach in the place of memories that this version cannot read.

        The memories of the `current` rules stand as they are stored.
        """
        rules = ", ".join(sorted({name for name, _ in outdated}))
        clock = look.clock()
        posts = 0 if clock is None else look.statistics(clock).posts
        _LOG.info(
            "memories of another version: learning anew from the stored posts",
            rules=rules,
            posts=posts,
        )

        def report(done: int) -> None:
            _LOG.info("learning anew", done=done, posts=posts)

        states = self._recall(look, report) if self._recall else States(())
        _LOG.info("learned anew: the watch begins", rules=rules, posts=posts)
        recalled = {key: state for key, state in states.items() if key[0] not in current}
        self._states.put(recalled)
        self._unwritten = {**outdated, **recalled}


def offer(step: Step, event: Event, crashed: list[tuple[str, datetime, str]]) -> None:
    """Let the rules have an event; set it aside when one of them crashes on it.

    What crashed is added to `crashed`: what the event is about, when, and the traceback.
    """
    try:
        step.feed(event)
    except (StoreBusy, StoreFailed):
        raise
    except Exception:
        crashed.append((_subject(event), event.at, traceback.format_exc()))


def _is_dated(post: Post) -> bool:
    return Flag.UNDATED not in post.flags and post.created_at <= post.seen_at


def events_of(
    post: Post,
    *,
    at: datetime,
    mentions: Iterable[Mention],
    is_reaction: bool,
    counters: Counters | None,
    feed: str,
    every: timedelta,
    is_read_back: bool,
) -> Iterator[Event]:
    """Yield what one post means to the detectors when our clock shows `at`.

    `mentions` are those that it was not before; `is_reaction` says that it is new and speaks of
    no brand. `counters` are given when a root's counters were read with it, `every` interval.
    """
    is_history = is_read_back or at - post.created_at > HISTORY_AFTER
    for mention in mentions:
        yield Mentioned(at=at, mention=mention, is_history=is_history)
    if is_reaction and (not post.is_root or post.quote_of is not None):
        yield Reacted(at=at, post=post, feed=feed, is_history=is_history)
    if counters is not None:
        yield Counted(
            at=at,
            thread_id=post.thread_id,
            counters=counters,
            root_created_at=post.created_at,
            every=every,
            is_history=is_history,
        )


def _count(post: Post) -> Count:
    return Count(thread_id=post.thread_id, counters=post.counters, root_created_at=post.created_at)


def _subject(event: Event) -> str:
    """Name what a rule crashed on."""
    match event:
        case Mentioned(mention=mention):
            return mention.post.id
        case Deleted(post_id=post_id):
            return post_id
        case Reacted(post=post):
            return post.id
        case Counted(thread_id=thread_id) | ThreadEnded(thread_id=thread_id):
            return thread_id
        case FeedRead(feed=feed):
            return f"feed {feed}"
        case PartChecked(part=part):
            return f"part {part}"
        case Unwatched(brand=brand):
            return f"brand {brand}"
        case Tick():
            return "tick"


def _quarantine_checked(
    crashed: list[tuple[str, datetime, str]], at: datetime
) -> Iterator[PartChecked]:
    """Make a trouble of a rule that crashed; the next whole hour without one ends it."""
    if crashed:
        subject, _, trace = crashed[-1]
        cause = trace.strip().splitlines()[-1]
        yield PartChecked(
            at=at,
            part="quarantine",
            why=f"a rule crashed on {subject} ({cause}); it was set aside and the watch goes on: "
            "please report this",
        )


def _outlives(ledger: Ledger) -> bool:
    """Whether a batch changed anything that must outlive the process."""
    return bool(
        ledger.posts
        or ledger.edits
        or ledger.counts
        or ledger.cursor is not None
        or ledger.health
        or ledger.states
        or ledger.incidents
        or ledger.orphans
        or ledger.quarantine
        or ledger.unwatched
        or ledger.deleted
    )
