"""The store in memory, for tests and for people who write plug-ins: nothing outlives it."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from emberwatch.core.respond import background, triage
from emberwatch.core.respond.background import AngryPosts
from emberwatch.core.respond.clocks import Told
from emberwatch.core.respond.payload import without_posts
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.errors import StoreBusy
from emberwatch.model.event import Unwatched
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Correction, Mention, Voice
from emberwatch.model.notification import DIGEST, TRIAL, DeliveryState, Notification, Owed
from emberwatch.model.post import Counters, Post, PostKind
from emberwatch.model.silence import Silence
from emberwatch.ports import (
    BrandStatistics,
    Conversation,
    Count,
    Cursor,
    FeedHealth,
    Known,
    Ledger,
    Reading,
    Root,
    Statistics,
    StoredCount,
    StoredPost,
    StoredState,
    Try,
    Writing,
)
from emberwatch.store.writing import MINUTE, lasting

DAY = timedelta(hours=24)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Kept:
    """A stored post, the feed that brought it, and when its last version was read."""

    post: Post
    feed: str
    read_at: datetime
    is_erased: bool = False


@dataclass(slots=True)
class _Shelves:
    """Everything that is kept. A writing fills copies, which replace these when it commits."""

    clock: dict[str, datetime] = field(default_factory=dict)
    posts: dict[str, _Kept] = field(default_factory=dict)
    mentions: dict[tuple[str, str], Mention] = field(default_factory=dict)
    corrections: dict[str, Correction] = field(default_factory=dict)
    counts: dict[str, Counters] = field(default_factory=dict)
    counted: dict[tuple[str, datetime], Count] = field(default_factory=dict)
    unwatched: dict[tuple[datetime, datetime, str], None] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    health: dict[str, FeedHealth] = field(default_factory=dict)
    states: dict[tuple[str, str], StoredState] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    leases: dict[str, datetime] = field(default_factory=dict)
    disabled: dict[str, str] = field(default_factory=dict)
    told_at: dict[str, datetime] = field(default_factory=dict)
    rests: dict[str, datetime] = field(default_factory=dict)
    tries: dict[tuple[str, str, datetime], Try] = field(default_factory=dict)
    quarantine: dict[tuple[str, datetime], str] = field(default_factory=dict)

    def copy(self) -> "_Shelves":
        return _Shelves(**{each.name: dict(getattr(self, each.name)) for each in fields(self)})


class MemoryStore:
    """A `Store` whose readings see what was committed before they began."""

    def __init__(self) -> None:
        self._shelves = _Shelves()
        self._one_writes = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Open a consistent look."""
        yield _MemoryReading(self._shelves)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Open a write transaction; raise `StoreBusy` while another is open."""
        if not self._one_writes.acquire(blocking=False):
            raise StoreBusy("the store is being written by another part of this program")
        try:
            writing = _MemoryWriting(self._shelves.copy())
            yield writing
            self._shelves = writing.shelves
        finally:
            self._one_writes.release()

    def close(self) -> None:
        """Do nothing: there is no file."""


class _MemoryReading:
    def __init__(self, shelves: _Shelves) -> None:
        self.shelves = shelves

    def clock(self) -> datetime | None:
        return self.shelves.clock.get("clock")

    def known(self, ids: Sequence[str], uris: Sequence[str]) -> dict[str, Known]:
        posts = self.shelves.posts
        by_uri = {
            kept.post.uri: kept for kept in reversed(posts.values()) if kept.post.uri is not None
        }
        found = {uri: by_uri[uri] for uri in uris if uri in by_uri}
        found |= {id: posts[id] for id in ids if id in posts}
        mentioned = {id for id, _ in self.shelves.mentions}
        return {
            asked: Known(
                id=kept.post.id,
                seen_at=kept.read_at,
                text=kept.post.text,
                counters=kept.post.counters,
                is_mention=kept.post.id in mentioned,
            )
            for asked, kept in found.items()
        }

    def threads(self, keys: Sequence[str]) -> dict[str, str]:
        wanted = set(keys)
        return {
            kept.post.key: kept.post.thread_id
            for kept in reversed(self.shelves.posts.values())
            if kept.post.key in wanted and kept.post.kind is not PostKind.BOOST
        }

    def standing(self, keys: Sequence[str]) -> dict[str, str]:
        wanted = set(keys)
        return {
            id: kept.post.key
            for id, kept in self.shelves.posts.items()
            if kept.post.key in wanted and not kept.is_erased
        }

    def exhibiting(self, post_ids: Sequence[str]) -> tuple[Incident, ...]:
        return tuple(
            incident
            for incident in self.incidents()
            if any(exhibit.post_id in post_ids for exhibit in incident.exhibits)
        )

    def mentions(self, post_ids: Sequence[str], brand: str) -> dict[str, Mention]:
        return {
            id: replace(mention, post=self.shelves.posts[id].post)
            for id in post_ids
            if (mention := self.shelves.mentions.get((id, brand))) is not None
        }

    def mentions_of(self, post: str) -> tuple[Mention, ...]:
        found = sorted(self._mentions(), key=lambda each: each.brand)
        return tuple(each for each in found if each.post.id == post) or tuple(
            each for each in found if post and each.post.url == post
        )

    def latest_mentions(
        self, *, brand: str | None = None, anger_from: float = 0.0, most: int = 20
    ) -> list[Mention]:
        found = [
            each
            for each in self._mentions()
            if brand in (None, each.brand)
            and (anger_from <= 0 or (each.score.anger or 0.0) >= anger_from)
        ]
        found.sort(key=lambda each: each.post.created_at)
        return found[::-1][:most]

    def mentions_between(self, brand: str, since: datetime, until: datetime) -> Iterator[Mention]:
        found = [
            each
            for each in self._mentions()
            if each.brand == brand
            and since <= each.post.created_at < until
            and not self.shelves.posts[each.post.id].is_erased
        ]
        yield from sorted(found, key=lambda each: each.post.created_at)

    def _mentions(self) -> list[Mention]:
        return [
            replace(each, post=self.shelves.posts[id].post)
            for (id, _), each in self.shelves.mentions.items()
        ]

    def scored(
        self,
        *,
        brand: str | None = None,
        since: datetime | None = None,
        has_failed: bool = False,
        after: str | None = None,
        most: int = 500,
    ) -> list[Mention]:
        wanted = self._to_score(brand, since, has_failed)
        order = list(self.shelves.posts)
        first = 0 if after is None else order.index(after) + 1
        ids = [id for id in order[first:] if id in wanted][:most]
        return sorted(
            (each for each in self._mentions() if each.post.id in ids),
            key=lambda each: (ids.index(each.post.id), each.brand),
        )

    def count_scored(
        self,
        *,
        brand: str | None = None,
        since: datetime | None = None,
        has_failed: bool = False,
    ) -> int:
        return len(self._to_score(brand, since, has_failed))

    def _to_score(self, brand: str | None, since: datetime | None, has_failed: bool) -> set[str]:
        return {
            each.post.id
            for each in self._mentions()
            if brand in (None, each.brand)
            and (since is None or each.post.created_at >= since)
            and (each.score.has_failed or not has_failed)
            and not self.shelves.posts[each.post.id].is_erased
        }

    def corrections(self, post_ids: Sequence[str] | None = None) -> list[Correction]:
        found = sorted(self.shelves.corrections.values(), key=lambda each: each.at)
        return [each for each in found if post_ids is None or each.post_id in post_ids]

    def voices(
        self, brand: str, since: datetime, until: datetime, *, anger_from: float = 0.0
    ) -> list[Voice]:
        found = [
            _voice(each, self.shelves.corrections.get(each.post.id))
            for each in self._mentions()
            if each.brand == brand and since <= each.post.created_at < until
        ]
        angry = [each for each in found if anger_from <= 0 or (each.anger or 0.0) >= anger_from]
        return sorted(angry, key=lambda each: each.at)

    def states(self) -> Iterator[StoredState]:
        yield from self.shelves.states.values()

    def posts(self) -> Iterator[StoredPost]:
        mentions: dict[str, list[Mention]] = {}
        for (id, _), mention in sorted(self.shelves.mentions.items(), key=_by_brand):
            mentions.setdefault(id, []).append(replace(mention, post=self.shelves.posts[id].post))
        for id, kept in self.shelves.posts.items():
            post = kept.post
            own = self.shelves.counted.get((post.key, post.seen_at)) if post.is_root else None
            yield StoredPost(
                post=post,
                feed=kept.feed,
                mentions=tuple(mentions.get(id, ())),
                counted=None if own is None else own.counters,
                is_erased=kept.is_erased,
            )

    def counts(self) -> Iterator[StoredCount]:
        roots = {kept.post.key: kept for kept in self.shelves.posts.values() if kept.post.is_root}
        for (thread_id, at), count in sorted(self.shelves.counted.items(), key=_by_time):
            root = roots.get(thread_id)
            if root is None or root.post.seen_at != at:
                yield StoredCount(at=at, count=count, feed=root.feed if root else "")

    def unwatched(self) -> list[Unwatched]:
        return [
            Unwatched(brand=brand, since=since, at=until)
            for until, since, brand in sorted(self.shelves.unwatched)
        ]

    def cursor(self, feed: str) -> Cursor:
        return self.shelves.cursors.get(feed, {})

    def health(self) -> dict[str, FeedHealth]:
        return dict(sorted(self.shelves.health.items()))

    def roots(self, created_after: datetime, moved_after: datetime, most: int) -> tuple[Root, ...]:
        posts = [kept.post for kept in self.shelves.posts.values()]
        spoken_of = {self.shelves.posts[id].post.thread_id for id, _ in self.shelves.mentions}
        now = max((post.seen_at for post in posts), default=NEVER)
        found = []
        for kept in self.shelves.posts.values():
            root = kept.post
            if not root.is_root or kept.is_erased or root.key not in spoken_of:
                continue
            replies, size, counted = _size(
                root, posts, self.shelves.counts.get(root.key, root.counters)
            )
            touched_at = self._touched_at(root, posts)
            if root.created_at > created_after and touched_at > moved_after:
                age = max(now - root.created_at, timedelta(minutes=10))
                moved_at = touched_at if size > counted else self._counted_less(root, counted)
                readings = [at for key, at in self.shelves.counted if key == root.key]
                told = Root(
                    key=root.key,
                    native_id=root.native_id,
                    created_at=root.created_at,
                    source=root.source,
                    host=root.host,
                    feed=kept.feed,
                    url=root.url,
                    size=size,
                    replies=replies,
                    moved_at=moved_at if size else None,
                    counted_at=max(readings, default=None),
                )
                found.append((size / age.total_seconds(), told))
        found.sort(key=lambda each: -each[0])
        return tuple(told for _, told in found[:most])

    def _touched_at(self, root: Post, posts: Sequence[Post]) -> datetime:
        """Return when a thread's root came, or last was counted or answered."""
        counted = [at for key, at in self.shelves.counted if key == root.key]
        said = [p.seen_at for p in posts if root.key in (p.thread_id, p.boost_of, p.quote_of)]
        return max([root.seen_at, *counted, *said])

    def _counted_less(self, root: Post, counted: int) -> datetime:
        """Return when a root's counters last were read as less than they are now."""
        return max(
            (
                at
                for (key, at), count in self.shelves.counted.items()
                if key == root.key and _reactions(count.counters) < counted
            ),
            default=root.seen_at,
        )

    def gathering(self) -> tuple[Incident, ...]:
        return tuple(self.incidents(is_open=True))

    def latest(self, brand: str | None, subject: str) -> Incident | None:
        for incident in reversed(self.incidents()):
            if incident.brand == brand and (
                incident.subject == subject if brand is None else incident.is_a_storm
            ):
                return incident
        return None

    def follow_ups(self, due: datetime | None = None) -> tuple[Incident, ...]:
        planned = [
            (incident.follow_up_at, incident)
            for incident in self.incidents()
            if incident.follow_up_at is not None and (due is None or incident.follow_up_at <= due)
        ]
        return tuple(incident for _, incident in sorted(planned, key=lambda each: each[0]))

    def waking(self, due: datetime | None = None) -> tuple[Incident, ...]:
        planned = [
            (incident.waiting.wakes_at, incident)
            for incident in self.incidents()
            if incident.waiting.wakes_at is not None
            and (due is None or incident.waiting.wakes_at <= due)
        ]
        return tuple(incident for _, incident in sorted(planned, key=lambda each: each[0]))

    def silences(self, at: datetime | None = None) -> tuple[Silence, ...]:
        kept = sorted(self.shelves.silences.values(), key=lambda each: (each.at, each.id))
        return tuple(each for each in kept if at is None or each.is_active(at))

    def incident(self, id: str) -> Incident | None:
        if id in self.shelves.incidents:
            return self._whole(self.shelves.incidents[id])
        found = [each for key, each in self.shelves.incidents.items() if id and key.startswith(id)]
        return self._whole(found[0]) if len(found) == 1 else None

    def incidents(
        self,
        *,
        opened_from: datetime | None = None,
        opened_to: datetime | None = None,
        closed_from: datetime | None = None,
        is_open: bool | None = None,
        brand: str | None = None,
        most: int | None = None,
    ) -> list[Incident]:
        found = [
            self._whole(each)
            for each in sorted(self.shelves.incidents.values(), key=lambda each: each.opened_at)
            if (opened_from is None or each.opened_at >= opened_from)
            and (opened_to is None or each.opened_at <= opened_to)
            and (closed_from is None or (each.closed_at or closed_from) >= closed_from)
            and (is_open is None or each.status.is_closed is not is_open)
            and (brand is None or each.brand == brand)
        ]
        return found if most is None else found[max(0, len(found) - most) :]

    def mentions_by(self, post: Post, brand: str, most: int) -> list[Mention]:
        return background.by_author(self._mentions(), post, brand, most)

    def angry_posts(self, brand: str, since: datetime) -> AngryPosts:
        mine = (
            each
            for each in self._mentions()
            if each.brand == brand and each.post.created_at >= since
        )
        return background.with_angry_posts(AngryPosts(), mine)

    def speaking_of(
        self, brand: str, themes: Sequence[str], since: datetime, most: int
    ) -> list[Mention]:
        return background.speaking_of(self._mentions(), brand, themes, since, most)

    def incident_of_alert(self, alert_id: str) -> str | None:
        for incident in reversed(self.shelves.incidents.values()):
            if any(alert.id == alert_id for alert in incident.alerts):
                return incident.id
        return None

    def notifications(
        self,
        *,
        state: str | None = None,
        notifier: str | None = None,
        told_by: str | None = None,
        most: int | None = None,
    ) -> list[Notification]:
        found = [
            each
            for each in sorted(self.shelves.notifications.values(), key=lambda n: n.created_at)
            if state in (None, each.state)
            and notifier in (None, each.notifier)
            and told_by in (None, each.told_by)
        ]
        return found if most is None else found[max(0, len(found) - most) :]

    def told(self, incident_ids: Sequence[str]) -> dict[str, Told]:
        found = {}
        for id in incident_ids:
            mine = [each for each in self.shelves.notifications.values() if each.incident_id == id]
            taken = [each.delivered_at for each in mine if each.delivered_at and each.attempts]
            taken += [
                self.shelves.told_at[each.id] for each in mine if each.id in self.shelves.told_at
            ]
            if mine:
                owed_at = min(each.created_at for each in mine)
                found[id] = Told(owed_at=owed_at, delivered_at=min(taken, default=None))
        return found

    def conversation(self, incident_id: str, notifier: str) -> Conversation:
        taken = sorted(
            (
                each
                for each in self.notifications(state=DeliveryState.DELIVERED, notifier=notifier)
                if each.incident_id == incident_id
            ),
            key=lambda each: each.sequence,
        )
        handles = [each.handle for each in taken if each.handle]
        return Conversation(
            sequence=taken[-1].sequence if taken else 0, handle=handles[-1] if handles else ""
        )

    def disabled(self) -> dict[str, str]:
        return dict(sorted(self.shelves.disabled.items()))

    def rests(self) -> dict[str, datetime]:
        return dict(sorted(self.shelves.rests.items()))

    def tries(self, since: datetime) -> list[Try]:
        kept = sorted(self.shelves.tries.items(), key=lambda item: (item[1].at, item[0]))
        return [each for _, each in kept if each.at >= since]

    def due(self, now: datetime) -> tuple[str, ...]:
        return tuple(sorted({each.notifier for each in self._due(now)}))

    def owed(self, notifier: str, now: datetime, most: int) -> list[Owed]:
        due = [each for each in self._due(now) if each.notifier == notifier]
        return [
            Owed(
                id=each.id,
                incident_id=each.incident_id,
                type=each.type,
                sequence=each.sequence,
                severity=each.severity,
                subject=each.subject,
                created_at=each.created_at,
            )
            for each in sorted(due, key=lambda each: -each.severity.rank)[:most]
        ]

    def is_told(self, notifier: str, incident_id: str, sequence: int) -> bool:
        return any(
            (each.incident_id, each.sequence) == (incident_id, sequence)
            and each.state in (DeliveryState.WAITING, DeliveryState.DELIVERED)
            for each in self.notifications(notifier=notifier)
        )

    def stranded(
        self,
        notifier: str,
        *,
        failing_since: datetime,
        since: datetime,
        most: int,
        is_left_alone: bool = False,
    ) -> list[Notification]:
        mine = self.notifications(notifier=notifier)
        last_ok_at = max((each.delivered_at for each in mine if each.delivered_at), default=NEVER)
        failing = [
            each.first_try_at
            for each in mine
            if each.state is DeliveryState.WAITING
            and each.first_try_at is not None
            and each.first_try_at <= failing_since
        ]
        is_silent = bool(failing) and min(failing) > last_ok_at
        found = []
        for each in mine:
            teller = self.shelves.notifications.get(each.told_by)
            tried_at = (teller or each).first_try_at or each.first_try_at
            has_failed = tried_at is not None and tried_at <= failing_since
            is_kept_back = is_left_alone and each.next_try_at <= failing_since
            if (
                each.state is not DeliveryState.DELIVERED
                and each.created_at > since
                and not each.handed_to
                and each.payload
                and each.type not in (DIGEST, TRIAL)
                and (teller is None or teller.is_digest)
                and (
                    each.state is not DeliveryState.WAITING
                    or is_silent
                    or has_failed
                    or is_kept_back
                )
            ):
                found.append(each)
        return found[:most]

    def statistics(self, now: datetime) -> Statistics:
        outbox = self.notifications()
        waiting = [each for each in outbox if each.state is DeliveryState.WAITING]
        last_ok_at: dict[str, datetime] = {}
        for each in outbox:
            if each.delivered_at is not None:
                before = last_ok_at.get(each.notifier, NEVER)
                last_ok_at[each.notifier] = max(before, each.delivered_at)
        surges = {
            alert.brand: alert.started_at
            for alert in self.shelves.alerts.values()
            if alert.kind is AlertKind.SURGE and alert.is_open and alert.brand is not None
        }
        brands = {brand for _, brand in self.shelves.mentions} | {b for b in surges if b}
        return Statistics(
            posts=len(self.shelves.posts),
            brands=tuple(self._brand(brand, now, surges.get(brand)) for brand in sorted(brands)),
            posts_by_feed=dict(
                Counter(
                    kept.feed
                    for kept in self.shelves.posts.values()
                    if now - DAY < kept.post.seen_at <= now
                )
            ),
            waiting=len(waiting),
            oldest_waiting_at=min(
                (
                    each.created_at
                    for each in waiting
                    if each.attempts or last_ok_at.get(each.notifier, NEVER) <= each.created_at
                ),
                default=None,
            ),
            dead=sum(each.state is DeliveryState.DEAD for each in outbox),
            quarantined=len(self.shelves.quarantine),
            bytes=0,
        )

    def _brand(self, brand: str, now: datetime, surge_since: datetime | None) -> BrandStatistics:
        mentions = [each for (_, name), each in self.shelves.mentions.items() if name == brand]
        posts = [self.shelves.posts[each.post.id].post for each in mentions]
        recent = [each for each in mentions if now - DAY < each.post.created_at <= now]
        angers = [each.score.anger for each in recent if each.score.anger is not None]
        last = max(posts, key=lambda post: post.created_at, default=None)
        return BrandStatistics(
            brand=brand,
            mentions=len(recent),
            not_judged=len(recent) - len(angers),
            failed=sum(each.score.has_failed for each in recent),
            angry_weight=sum(angers),
            last_seen_at=None if last is None else last.seen_at,
            surge_since=surge_since,
        )

    def _due(self, now: datetime) -> list[Notification]:
        return [
            each
            for each in self.notifications(state=DeliveryState.WAITING)
            if each.next_try_at <= now
            and not each.told_by
            and self.shelves.leases.get(each.id, NEVER) <= now
        ]

    def _whole(self, incident: Incident) -> Incident:
        return replace(
            incident, alerts=tuple(self.shelves.alerts[alert.id] for alert in incident.alerts)
        )


class _MemoryWriting(_MemoryReading):
    def record(self, ledger: Ledger) -> None:
        shelves = self.shelves
        for post in (*ledger.posts, *ledger.edits, *(each.post for each in ledger.mentions)):
            if post.id not in shelves.posts:
                feeds = (each.feed for each in ledger.mentions if each.post.id == post.id)
                feed = ledger.feed or next(feeds, "")
                shelves.posts[post.id] = _Kept(post, feed, post.seen_at)
        for post in ledger.edits:
            self._edit(shelves.posts[post.id], post)
        for mention in lasting(ledger):
            if not shelves.posts[mention.post.id].is_erased:
                shelves.mentions[mention.post.id, mention.brand] = mention
        for at, count in ledger.counts:
            shelves.counts[count.thread_id] = count.counters
            shelves.counted[count.thread_id, at] = count
        for time in ledger.unwatched:
            self._leave_unwatched(time)
        if ledger.feed is not None and ledger.cursor is not None:
            shelves.cursors[ledger.feed] = dict(ledger.cursor)
        shelves.health.update((each.feed, each) for each in ledger.health)
        for key, state in ledger.states.items():
            shelves.states.pop(key, None)
            if state is not None:
                shelves.states[key] = state
        for alert in (*ledger.orphans, *(a for each in ledger.incidents for a in each.alerts)):
            shelves.alerts[alert.id] = alert
        shelves.incidents.update((each.id, each) for each in ledger.incidents)
        for notification in ledger.notifications:
            shelves.notifications.setdefault(notification.id, notification)
        self._hold_disabled()
        shelves.quarantine.update(((id, at), why) for id, at, why in ledger.quarantine)
        if ledger.deleted:
            self._delete(ledger.deleted)
        if ledger.clock is not None:
            shelves.clock["clock"] = ledger.clock

    def _edit(self, kept: _Kept, post: Post) -> None:
        before = kept.post
        if kept.is_erased:
            after = replace(before, counters=post.counters)
        else:
            # an edit changes the words and who says them, never where the post stands
            after = replace(
                post,
                seen_at=before.seen_at,
                created_at=before.created_at,
                parent_id=before.parent_id,
                thread_id=before.thread_id,
                boost_of=before.boost_of,
                quote_of=before.quote_of,
                flags=before.flags,
            )
            if after.text != before.text:
                for key in [key for key in self.shelves.mentions if key[0] == post.id]:
                    del self.shelves.mentions[key]
                self.shelves.corrections.pop(post.id, None)
        self.shelves.posts[post.id] = replace(kept, post=after, read_at=post.seen_at)
        if after.is_root and _reactions(post.counters):
            self.shelves.counts[after.key] = post.counters

    def _leave_unwatched(self, time: Unwatched) -> None:
        times = self.shelves.unwatched
        for until, since, brand in list(times):
            goes_on = time.since < time.at <= time.since + MINUTE
            if goes_on and brand == time.brand and since < until == time.since:
                del times[until, since, brand]
                times[time.at, since, brand] = None
                return
        times[time.at, time.since, time.brand] = None

    def rescore(self, mentions: Sequence[Mention]) -> int:
        stored = self.shelves.mentions
        count = 0
        for each in mentions:
            key = each.post.id, each.brand
            kept = self.shelves.posts.get(each.post.id)
            if key not in stored or kept is None or kept.is_erased:
                continue
            if kept.post.text == each.post.text:
                stored[key] = replace(stored[key], score=each.score)
                count += 1
        return count

    def silence(self, silence: Silence) -> None:
        self.shelves.silences[silence.id] = silence

    def correct(self, correction: Correction) -> bool:
        is_known = any(id == correction.post_id for id, _ in self.shelves.mentions)
        if is_known:
            self.shelves.corrections[correction.post_id] = correction
        return is_known

    def uncorrect(self, post_id: str) -> bool:
        return self.shelves.corrections.pop(post_id, None) is not None

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        most: int,
        notifier: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Notification]:
        due = [
            each
            for each in self._due(now)
            if notifier in (None, each.notifier) and (ids is None or each.id in ids)
        ][:most]
        self.shelves.leases.update((each.id, now + lease) for each in due)
        return due

    def release(self) -> int:
        count = len(self.shelves.leases)
        self.shelves.leases.clear()
        return count

    def settle(self, notification: Notification) -> None:
        self.shelves.leases.pop(notification.id, None)
        before = self.shelves.notifications.get(notification.id)
        if before is not None:
            self.shelves.notifications[notification.id] = replace(
                notification, told_by=before.told_by, handed_to=before.handed_to
            )
        if notification.state in (DeliveryState.DELIVERED, DeliveryState.DEAD):
            tries = notification.attempts if notification.is_digest else 0
            self._follow(notification, tries)
        self._hold_disabled()

    def _follow(self, teller: Notification, tries: int) -> None:
        for each in self.notifications():
            if each.told_by == teller.id and each.state is not DeliveryState.DELIVERED:
                told = replace(
                    each,
                    state=teller.state,
                    delivered_at=teller.delivered_at,
                    first_try_at=each.first_try_at or teller.first_try_at,
                    attempts=max(each.attempts, tries),
                )
                self._put(told)
                self._follow(told, tries)

    def count(self, tries: Sequence[Try], since: datetime, until: datetime) -> None:
        kept = self.shelves.tries
        for key in [key for key, each in kept.items() if not since <= each.at <= until]:
            del kept[key]
        kept.update(((each.notifier, each.id, each.taken_at), each) for each in tries)

    def rest(self, notifier: str, until: datetime) -> None:
        self.shelves.rests[notifier] = until

    def hurry(self, notifier: str, at: datetime, beyond: datetime) -> int:
        mine = self.notifications(notifier=notifier)
        got_through_at = max(
            (each.delivered_at for each in mine if each.delivered_at), default=None
        )
        late = [
            each
            for each in mine
            if each.state is DeliveryState.WAITING
            and each.next_try_at > beyond
            and each.first_try_at is not None
            and each.first_try_at <= beyond
            and (got_through_at is None or each.first_try_at > got_through_at)
        ]
        for each in late:
            self._put(replace(each, next_try_at=at))
        return len(late)

    def tell_by(self, ids: Sequence[str], id: str, why: str) -> None:
        for each in self.notifications(state=DeliveryState.WAITING):
            if each.id in ids:
                self._put(replace(each, told_by=id, last_answer=why))

    def hand_over(self, ids: Sequence[str], notifier: str) -> None:
        for each in self.notifications():
            if each.id in ids:
                self.shelves.notifications[each.id] = replace(each, handed_to=notifier)

    def disable(self, notifier: str, at: datetime, why: str) -> None:
        self.shelves.disabled[notifier] = why
        self._hold_disabled()

    def enable(self, notifier: str, at: datetime) -> None:
        self.shelves.disabled.pop(notifier, None)
        for each in self.notifications(state=DeliveryState.HELD, notifier=notifier):
            self._put(replace(each, state=DeliveryState.WAITING, next_try_at=at))

    def revive(self, ids: Sequence[str], at: datetime) -> int:
        found = [
            each
            for id in ids
            if (each := self.shelves.notifications.get(id)) is not None
            and each.state is not DeliveryState.HELD
            and each.payload
        ]
        for each in found:
            if each.delivered_at is not None and each.attempts:
                self.shelves.told_at.setdefault(each.id, each.delivered_at)
            self._put(
                replace(
                    each,
                    state=DeliveryState.WAITING,
                    attempts=0,
                    next_try_at=at,
                    delivered_at=None,
                    told_by="",
                )
            )
        self._hold_disabled()
        return len(found)

    def purge(self, before: datetime, at: datetime) -> int:
        """Erase everything that is old, at once."""
        gone = {
            id: kept
            for id, kept in self.shelves.posts.items()
            if not kept.is_erased and kept.post.seen_at < before
        }
        touched = self._erase(gone)
        payloads = [
            each
            for each in self.notifications()
            if each.payload
            and (
                each.created_at < before
                or (each.incident_id in touched and each.state in ("delivered", "dead"))
            )
        ]
        for each in payloads:
            self._put(_emptied(each))
        return len(gone) or int(bool(payloads))

    def _delete(self, deleted: Sequence[tuple[str, datetime]]) -> None:
        posts = self.shelves.posts
        gone = {
            id: kept
            for id, _ in deleted
            if (kept := posts.get(id)) is not None and not kept.is_erased
        }
        if not gone:
            return
        touched = self._erase(gone)
        for each in self.notifications():
            if each.state in (DeliveryState.WAITING, DeliveryState.HELD) and each.payload:
                self.shelves.notifications[each.id] = replace(
                    each, payload=without_posts(each.payload, gone, touched)
                )
            elif each.incident_id in touched:
                self._put(_emptied(each))

    def _erase(self, gone: Mapping[str, _Kept]) -> set[str]:
        """Forget the text and the author of posts; return the incidents that showed them."""
        for id, kept in gone.items():
            author = replace(kept.post.author, handle="", name="")
            post = replace(kept.post, author=author, title="", text="", url=None)
            self.shelves.posts[id] = replace(kept, post=post, is_erased=True)
        for (id, brand), mention in self.shelves.mentions.items():
            if id in gone:
                score = replace(mention.score, why=())
                self.shelves.mentions[id, brand] = replace(mention, score=score)
        for id in gone.keys() & self.shelves.corrections.keys():
            self.shelves.corrections[id] = replace(self.shelves.corrections[id], note="")
        touched: set[str] = set()
        for incident in self.shelves.incidents.values():
            erased = triage.without_posts(incident, gone)
            if any(each.post_id in gone for each in incident.exhibits) or erased != incident:
                touched.add(incident.id)
                self.shelves.incidents[incident.id] = erased
        for key in [key for key in self.shelves.quarantine if key[0] in gone]:
            self.shelves.quarantine[key] = ""
        return touched

    def _put(self, notification: Notification) -> None:
        self.shelves.notifications[notification.id] = notification
        self.shelves.leases.pop(notification.id, None)

    def _hold_disabled(self) -> None:
        for each in self.notifications(state=DeliveryState.WAITING):
            if each.notifier in self.shelves.disabled:
                self._put(replace(each, state=DeliveryState.HELD))


def _emptied(notification: Notification) -> Notification:
    if notification.state in (DeliveryState.WAITING, DeliveryState.HELD):
        return replace(
            notification,
            payload="",
            state=DeliveryState.DEAD,
            last_answer="never sent: the retention came first",
        )
    return replace(notification, payload="")


def _reactions(counters: Counters) -> int:
    return (counters.replies or 0) + (counters.boosts or 0) + (counters.quotes or 0)


def _size(root: Post, posts: Sequence[Post], counted: Counters) -> tuple[int, int, int]:
    """Return the replies seen, the size (the greater of seen and counted of each kind, summed), and
    what the counters alone come to.
    """
    boosts = sum(p.kind is PostKind.BOOST and root.key in (p.boost_of, p.thread_id) for p in posts)
    quotes = sum(p.kind is PostKind.QUOTE and p.quote_of == root.key for p in posts)
    replies = sum(
        p.thread_id == root.key and not p.is_root and p.kind not in (PostKind.BOOST, PostKind.QUOTE)
        for p in posts
    )
    size = (
        max(replies, counted.replies or 0)
        + max(boosts, counted.boosts or 0)
        + max(quotes, counted.quotes or 0)
    )
    return replies, size, _reactions(counted)


def _by_brand(item: tuple[tuple[str, str], Mention]) -> str:
    return item[0][1]


def _by_time(item: tuple[tuple[str, datetime], Count]) -> tuple[datetime, str]:
    thread_id, at = item[0]
    return at, thread_id


def _voice(mention: Mention, said: Correction | None) -> Voice:
    post, score = mention.post, mention.score
    said_anger = said.anger if said else None
    return Voice(
        brand=mention.brand,
        name=post.voice,
        post_id=post.id,
        at=post.created_at,
        anger=score.anger if said_anger is None else said_anger,
        language=score.language or post.language,
        followers=post.author.followers,
        reactions=_reactions(post.counters),
    )
