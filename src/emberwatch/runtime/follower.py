"""Follows threads that grow: each at its own pace, whichever feed brought it, never twice."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emberwatch.core.read.pace import (
    THRIFT,
    Course,
    Purse,
    filled,
    is_gone,
    look,
    next_look,
    spent,
    told,
)
from emberwatch.core.read.politeness import next_poll_in, parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable, StoreBusy
from emberwatch.model.post import Counters
from emberwatch.ports import Answer, Count, Follows, Gone, Page, Reading, Request, Root, Web
from emberwatch.runtime.collector import Collector, Feed
from emberwatch.runtime.telemetry import Log

_LOG = Log("follower")

TURN = timedelta(seconds=5)
"""How often it is asked which threads are due."""

FOLLOWED_FOR = timedelta(hours=48)
"""After so long even a crowd is let go."""

MOST_FOLLOWED = 1000
MOST_AT_ONCE = 100
"""Threads of one look."""
MOST_TOLD = 200
"""Threads that a poll is told of: a firehose listens for what is said to them."""

OVERLAP = timedelta(seconds=30)
"""What came while the last census was taken is looked for again."""

REST_REFUSED = timedelta(hours=1)
"""For sites that show single threads to nobody (snac2): they are asked again now and then."""
REST_FAILED = timedelta(minutes=1)
"""For sites that fail; longer each time."""

Place = tuple[str, str]
"""A site: the kind of its source and its host."""


class Enough(FeedUnavailable):
    """The site was asked often enough for now."""

    def __init__(self) -> None:
        super().__init__("asked often enough for now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pursuit:
    """One thread that is followed: its root as we know it, its course, when to look again.

    `told` is how many replies the site last said there are. `was_shown`: the site has shown it to
    us; since then it said `missed` times that there is no such post.
    """

    root: Root
    course: Course
    due_at: datetime
    told: int = 0
    was_shown: bool = False
    missed: int = 0


class Follower:
    """Looks at threads again. Keeps only what a census of the database brings back.

    `collectors` are the feeds as they are now; `read` takes a look at the database.
    """

    def __init__(
        self,
        *,
        collectors: Callable[[], Mapping[str, Collector]],
        web: Callable[[str], Web],
        read: Callable[[Callable[[Reading], tuple[Root, ...]]], Awaitable[tuple[Root, ...]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._collectors = collectors
        self._web = web
        self._read = read
        self._clock = clock
        self._pursuits: dict[str, Pursuit] = {}
        self._counted_at: datetime | None = None
        self._purses: dict[Place, Purse] = {}
        self._rests: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}
        self._looks: dict[str, asyncio.Task[None]] = {}

    # ------------------------------------------------------------ for others
    @property
    def looks(self) -> set["asyncio.Task[None]"]:
        """The looks that are being taken."""
        return set(self._looks.values())

    def roots(self, feed: Feed) -> tuple[Root, ...]:
        """Return the threads that are followed at a feed's site, hottest first."""
        mine = (
            pursuit
            for pursuit in self._pursuits.values()
            if (pursuit.root.source, pursuit.root.host) == _place(feed)
        )
        return tuple(each.root for each in sorted(mine, key=_hottest)[:MOST_TOLD])

    def leap(self, by: timedelta) -> None:
        """Take a leap of the wall clock into account: what was to come stays as far away."""
        self._pursuits = {
            key: replace(each, due_at=each.due_at + by) for key, each in self._pursuits.items()
        }
        self._rests = {feed: until + by for feed, until in self._rests.items()}
        self._counted_at = None

    def forgive(self) -> None:
        """Ask every site again at once: somebody may have mended what made us rest."""
        self._rests.clear()
        self._failures.clear()

    async def turn(self) -> None:
        """Take a census, and begin a look with each feed that has threads due."""
        await self.census()
        now = self._clock()
        for feed, roots in self._due(now).items():
            if feed not in self._looks:
                task = asyncio.create_task(self._look(feed, roots), name=f"look {feed}")
                self._looks[feed] = task
                task.add_done_callback(lambda done, feed=feed: self._looked(feed, done))  # type: ignore[misc]

    def _looked(self, feed: str, done: "asyncio.Task[None]") -> None:
        self._looks.pop(feed, None)
        if not done.cancelled() and (error := done.exception()) is not None:
            _LOG.error("threads not followed", feed=feed, why=repr(error))

    async def once(self) -> None:
        """Look at all threads that are due, and wait until that is done."""
        await self.turn()
        if self._looks:
            await asyncio.wait(self._looks.values())

    # ------------------------------------------------------------ who is followed
    async def census(self) -> None:
        """Learn from the database which threads there are, and how far they have grown."""
        now = self._clock()
        since = now - FOLLOWED_FOR
        moved = since if self._counted_at is None else self._counted_at - OVERLAP
        try:
            roots = await self._read(lambda shelf: shelf.roots(since, moved, MOST_FOLLOWED))
        except StoreBusy as error:
            _LOG.error("threads not followed: the database cannot be read", why=error)
            return
        self._counted_at = now
        for root in roots:
            self._take(root)
        self._pursuits = {
            key: each for key, each in self._pursuits.items() if each.root.created_at > since
        }
        if len(self._pursuits) > MOST_FOLLOWED:
            hottest = sorted(self._pursuits.values(), key=_hottest)[:MOST_FOLLOWED]
            self._pursuits = {each.root.key: each for each in hottest}

    def _take(self, root: Root) -> None:
        """Begin to follow a root, or hear of one that is followed what a poll saw of it."""
        known = self._pursuits.get(root.key)
        if known is None:
            grown_at = root.moved_at or root.created_at
            looked_at = max(grown_at, root.counted_at or grown_at)
            course = Course(size=root.size, looked_at=looked_at, grown_at=grown_at)
            due_at = next_look(course)
            if due_at is not None:
                self._pursuits[root.key] = Pursuit(root=root, course=course, due_at=due_at)
            return
        root = replace(root, replies=max(root.replies, known.root.replies))
        pursuit = replace(known, root=root)
        self._pursuits[root.key] = pursuit
        if root.size > known.course.size:
            self._go_on(pursuit, self._clock(), root.size)

    def _go_on(self, pursuit: Pursuit, at: datetime, size: int) -> None:
        """Go on with a thread that was found to have a size, or let it go."""
        course = look(pursuit.course, at, size)
        due_at = next_look(course)
        if due_at is None:
            del self._pursuits[pursuit.root.key]
        else:
            self._pursuits[pursuit.root.key] = replace(pursuit, course=course, due_at=due_at)

    def _due(self, now: datetime) -> dict[str, tuple[Root, ...]]:
        """Return the roots that are due, by the feed that is to look.

        First comes which is late by most of its own wait: so the hottest come most often, and
        where a site bears less than all want, every one has its turn.
        """
        found: dict[str, list[Root]] = {}
        sites = _by_site(self._collectors())
        due = [each for each in self._pursuits.values() if each.due_at <= now]
        for pursuit in sorted(due, key=lambda each: -_lateness(each, now)):
            feed = self._feed_for(pursuit.root, sites, now)
            if feed is None:
                continue
            roots = found.setdefault(feed, [])
            if len(roots) < MOST_AT_ONCE:
                roots.append(pursuit.root)
        return {feed: tuple(roots) for feed, roots in found.items()}

    def _feed_for(
        self, root: Root, sites: Mapping[tuple[str, str], Sequence[Feed]], now: datetime
    ) -> str | None:
        """Return the feed that looks at a root: that which brought it, else another of its site."""
        hosts = (root.host[:length] for length in range(len(root.host), -1, -1))
        here = [feed for host in hosts for feed in sites.get((root.source, host), ())]
        for feed in sorted(here, key=lambda each: each.name != root.feed):
            is_resting = self._rests.get(feed.name, now) > now
            if not is_resting and isinstance(feed.source, Follows) and feed.source.reaches(root):
                return feed.name
        return None

    # ------------------------------------------------------------ looking
    async def _look(self, feed: str, roots: tuple[Root, ...]) -> None:
        """Look at some threads with one feed; what the site does not bear waits."""
        before = {root.key: self._pursuits[root.key].course for root in roots}
        shown: set[str] = set()
        missed: set[str] = set()

        def heed(page: Page) -> None:
            self._heed(page)
            shown.update(count.thread_id for count in page.counts)
            missed.update(page.missed)

        collector = self._collectors()[feed]
        web = _Thrifty(self._web(feed), self, (roots[0].source, roots[0].host))
        try:
            await collector.look(web, roots, heed)
            is_whole = True
        except Enough:
            is_whole = False
        except StoreBusy as error:
            _LOG.error("threads not followed: the database takes nothing", feed=feed, why=error)
            return
        except FeedRefused as error:
            self._rest(feed, REST_REFUSED, error.why)
            return
        except FeedUnavailable as error:
            failures = self._failures[feed] = self._failures.get(feed, 0) + 1
            wait = next_poll_in(REST_FAILED, failures, error.retry_after, 0.0)
            # a site that asks us to wait does not mean: ask with the next feed
            asked = error.retry_after is not None
            for name in self._feeds_of(collector.feed) if asked else (feed,):
                self._rest(name, wait, error.why)
            return
        self._failures.pop(feed, None)
        gone = self._gone(shown, missed, is_site_well=collector.is_well)
        if gone:
            await collector.forget(gone)
        for key, course in before.items():  # of those that the site told nothing of, nothing is new
            pursuit = self._pursuits.get(key)
            if pursuit is not None and pursuit.course is course and (is_whole or key in missed):
                self._go_on(pursuit, self._clock(), course.size)

    def _gone(self, shown: set[str], missed: set[str], *, is_site_well: bool) -> tuple[Gone, ...]:
        """Return which of the roots that a look missed were deleted, and follow them no more."""
        gone = []
        for key in missed & self._pursuits.keys():
            pursuit = self._pursuits[key]
            self._pursuits[key] = pursuit = replace(pursuit, missed=pursuit.missed + 1)
            if is_gone(
                missed=pursuit.missed,
                was_shown=pursuit.was_shown,
                others_shown=len(shown),
                others_missed=len(missed) - 1,
                is_site_well=is_site_well,
            ):
                del self._pursuits[key]
                gone.append(Gone(key=key))
        return tuple(gone)

    def _heed(self, page: Page) -> None:
        """Go on with the threads that a page told of."""
        now = self._clock()
        for count in page.counts:
            pursuit = self._pursuits.get(count.thread_id)
            if pursuit is not None:
                told_of = _told(pursuit, count, now)
                self._go_on(told_of, now, max(pursuit.course.size, _size(count.counters)))
        for key in page.threads:
            pursuit = self._pursuits.get(key)
            if pursuit is not None:
                replies = max(pursuit.root.replies, pursuit.told)
                root = replace(pursuit.root, replies=replies)
                self._pursuits[key] = replace(pursuit, root=root)

    def _feeds_of(self, feed: Feed) -> tuple[str, ...]:
        """Return the names of the feeds that read the same site."""
        return tuple(
            name for name, other in self._collectors().items() if _place(other.feed) == _place(feed)
        )

    def _rest(self, feed: str, wait: timedelta, why: str) -> None:
        """Leave the threads of a feed alone for a while."""
        self._rests[feed] = self._clock() + wait
        _LOG.warning("threads not followed for now", feed=feed, why=why, rest=wait)

    # ------------------------------------------------------------ what a site can bear
    def spend(self, place: Place) -> None:
        """Take one request from a site's purse; raise `Enough` when there is none."""
        now = self._clock()
        full = Purse(left=THRIFT.at_once, at=now)
        purse = filled(self._purses.get(place, full), now)
        after = spent(purse)
        self._purses[place] = after or purse
        if after is None:
            raise Enough

    def heard(self, place: Place, answer: Answer) -> None:
        """Heed what a site says of its limits."""
        rate = parse_rate(answer.headers, answer.received_at)
        self._purses[place] = told(self._purses[place], rate, answer.received_at)


@dataclass(frozen=True, slots=True)
class _Thrifty:
    """The network as a look at threads sees it: it ends when the site was asked often enough."""

    web: Web
    follower: Follower
    place: Place

    async def get(self, request: Request) -> Answer:
        self.follower.spend(self.place)
        answer = await self.web.get(request)
        self.follower.heard(self.place, answer)
        return answer

    def listen(self, request: Request) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self.web.listen(request)


def _by_site(collectors: Mapping[str, Collector]) -> dict[tuple[str, str], list[Feed]]:
    """Return the feeds by the kind and the host of what they read; a central site has no host.

    There may be a thousand feeds, and as many threads due at once.
    """
    found: dict[tuple[str, str], list[Feed]] = defaultdict(list)
    for collector in collectors.values():
        source = collector.feed.source
        found[source.kind, getattr(source, "host", "")].append(collector.feed)
    return found


def _place(feed: Feed) -> tuple[str, object]:
    return feed.source.kind, getattr(feed.source, "host", None)


def _lateness(pursuit: Pursuit, now: datetime) -> float:
    return (now - pursuit.due_at) / (pursuit.due_at - pursuit.course.looked_at)


def _hottest(pursuit: Pursuit) -> tuple[float, datetime]:
    return -pursuit.course.rate, pursuit.due_at


def _told(pursuit: Pursuit, count: Count, at: datetime) -> Pursuit:
    root = replace(pursuit.root, counted_at=at)
    told_of = count.counters.replies or 0
    return replace(pursuit, root=root, told=told_of, was_shown=True, missed=0)


def _size(counters: Counters) -> int:
    return (counters.replies or 0) + (counters.boosts or 0) + (counters.quotes or 0)
