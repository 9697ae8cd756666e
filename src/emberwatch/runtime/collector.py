"""Reads a feed: one poll at a time, each page committed before the next is asked for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emberwatch.core.detect import watch
from emberwatch.core.read.politeness import is_unconditional, next_poll_in
from emberwatch.core.respond.legible import cut_inside
from emberwatch.model.errors import FeedRefused, FeedUnavailable, StoreBusy, StoreFailed
from emberwatch.model.event import FeedRead, PartChecked
from emberwatch.model.secret import Secret, hide, hide_in_addresses
from emberwatch.ports import (
    Count,
    Cursor,
    Follows,
    Gone,
    Metered,
    Page,
    Poll,
    Reading,
    Root,
    Source,
    Web,
)
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.telemetry import Log

_LOG = Log("collector")

UNCONDITIONAL_EVERY = 10
"""Polls: an edit in the same second as a feed's validators is answered 304 for ever."""

LONGEST_POLL = timedelta(minutes=5)

REFUSED_PAUSE = timedelta(minutes=15)
"""After a site refused us for good: asked again now and then, in case somebody mended it."""

LONGEST_LOOK = timedelta(minutes=1)
"""A look at threads may take so long; then the rest of them wait for the next."""

MOST_NAMED = 10
"""Posts of one page whose faults are logged one by one."""

MOST_SAID = 500
"""Characters that are kept of why a feed could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A configured reading, with the source that reads it. `secrets` are what it was given."""

    name: str
    source: Source
    every: timedelta
    brands: tuple[str, ...]
    backfill: timedelta | None
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store knows of a feed before a poll. `read_at` is when it was last read well."""

    cursor: Cursor
    read_at: datetime | None = None


def _no_roots(_: Feed) -> tuple[Root, ...]:
    return ()


def _since(count: Count, counted_at: Mapping[str, datetime | None], at: datetime) -> Count:
    """Return a count that knows how long before it the last one was read."""
    before = counted_at.get(count.thread_id)
    return count if before is None or before >= at else replace(count, every=at - before)


class Collector:
    """Polls one feed. Keeps only what may be forgotten: how often it failed, when to ask again.

    `roots` says which threads are followed at the feed's site.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        web: Web,
        submit: Callable[[Arrivals], Awaitable[Report]],
        remember: Callable[[Callable[[Reading], Remembered]], Awaitable[Remembered]],
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        roots: Callable[[Feed], tuple[Root, ...]] = _no_roots,
        longest: timedelta = LONGEST_POLL,
    ) -> None:
        self.feed = feed
        self._web = web
        self._submit = submit
        self._remember = remember
        self._clock = clock
        self._chance = chance
        self._roots = roots
        self._at_work = asyncio.Lock()
        self._longest = longest.total_seconds()
        self._polls = 0
        self._failures = 0
        self._not_before: datetime | None = None
        self._read_at: datetime | None = None
        self._cursor: Cursor = {}
        self._note = ""

    async def poll(self, *, is_urgent: bool = False) -> FeedRead | None:
        """Read the feed once and return how that went; None when it is not yet time to ask again.

        `is_urgent` asks even then, and does not go on listening.
        """
        if self._is_resting(self._clock()) and not is_urgent:
            return None
        async with self._alone():
            return await self._poll(self._clock(), may_listen=not is_urgent)

    async def _poll(self, now: datetime, *, may_listen: bool) -> FeedRead | None:
        try:
            remembered = await self._remember(self._known)
        except StoreBusy as error:
            _LOG.error("feed left alone: the database cannot be read", why=error)
            return None
        self._read_at = self._read_at or remembered.read_at
        self._cursor = remembered.cursor
        listed = fresh = 0
        is_unchanged = is_refused = False
        why = ""
        self._note = ""
        try:
            async with asyncio.timeout(self._longest) as limit:
                listed, fresh, is_unchanged = await self._read(
                    now, remembered, limit, may_listen=may_listen
                )
            self._failures = 0
            self._not_before = None
            self._read_at = now
        except FeedRefused as error:
            why, is_refused = error.why, True
            self._failed(now, REFUSED_PAUSE)
        except FeedUnavailable as error:
            why = error.why
            self._failed(now, error.retry_after)
        except TimeoutError:
            why = f"one reading took longer than {self._longest:g} seconds"
            self._failed(now, None)
        except (StoreBusy, StoreFailed):
            raise
        except Exception as error:
            why = f"the source failed: {type(error).__name__}: {error}"
            _LOG.error("source failed", with_trace=True, feed=self.feed.name)
            self._failed(now, None)
        read = FeedRead(
            at=self._clock(),
            feed=self.feed.name,
            every=self.feed.every,
            listed=listed,
            fresh=fresh,
            is_unchanged=is_unchanged,
            is_refused=is_refused,
            why=self._plain(why),
            note="" if why else self._plain(self._note),
        )
        arrivals = self._arrivals(read.at, read=read)
        await self._submit(replace(arrivals, parts=self._metered(read.at)))
        if why:
            _LOG.warning(
                "feed not read", feed=self.feed.name, why=read.why, failures=self._failures
            )
        else:
            log = _LOG.info if fresh else _LOG.debug
            log("feed read", feed=self.feed.name, listed=listed, fresh=fresh)
        return read

    async def look(self, web: Web, roots: tuple[Root, ...], heed: Callable[[Page], None]) -> None:
        """Look through `web` at some threads; `heed` is told each page once it is committed.

        Raise `FeedUnavailable` or `FeedRefused` when the site does not let us. How the feed itself
        does is no matter of this.
        """
        source = self.feed.source
        if not isinstance(source, Follows):
            return
        counted_at = {root.key: root.counted_at for root in roots}
        try:
            async with self._alone(), asyncio.timeout(LONGEST_LOOK.total_seconds()) as limit:
                poll = await self._look_at(roots)
                async for page in source.follow(web, poll):
                    arrivals = replace(self._page(page), is_look=True)
                    counts = tuple(_since(each, counted_at, arrivals.at) for each in page.counts)
                    cursor = None if page.cursor == poll.cursor else page.cursor
                    await self._commit(replace(arrivals, counts=counts, cursor=cursor), limit)
                    heed(page)
        except TimeoutError:
            raise FeedUnavailable("a look at its threads took too long") from None
        except FeedRefused as error:
            raise FeedRefused(self._plain(error.why)) from None
        except FeedUnavailable as error:
            error.why = self._plain(error.why)
            raise
        except (StoreBusy, StoreFailed):
            raise
        except Exception as error:
            _LOG.error("source failed", with_trace=True, feed=self.feed.name)
            why = self._plain(f"the source failed: {type(error).__name__}: {error}")
            raise FeedUnavailable(why) from error

    async def forget(self, gone: tuple[Gone, ...]) -> None:
        """Forget posts that the feed's site shows no more."""
        await self._submit(replace(self._arrivals(self._clock()), gone=gone))

    @property
    def is_well(self) -> bool:
        """Whether the feed could be read the last time."""
        return self._read_at is not None and not self._failures

    async def _look_at(self, roots: tuple[Root, ...]) -> Poll:
        remembered = await self._remember(self._known)
        return Poll(
            feed=self.feed.name,
            now=self._clock(),
            every=self.feed.every,
            cursor=remembered.cursor,
            unconditional=True,
            roots=roots,
        )

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Keep polls and looks apart where both spend from one budget, which the cursor tells."""
        if not isinstance(self.feed.source, Metered):
            yield
            return
        async with self._at_work:
            yield

    def leap(self, by: timedelta) -> None:
        """Take a leap of the wall clock into account: what was to come stays as far away."""
        if self._not_before is not None:
            self._not_before += by
        if self._read_at is not None:
            self._read_at += by

    def _is_resting(self, now: datetime) -> bool:
        """Whether it is too early to ask again.

        A wait that jitter makes a little longer than the interval must not cost a whole turn.
        """
        slack = self.feed.every / 5
        return self._not_before is not None and now + slack < self._not_before

    def _known(self, look: Reading) -> Remembered:
        health = look.health().get(self.feed.name) if self._read_at is None else None
        return Remembered(
            cursor=look.cursor(self.feed.name), read_at=health.last_ok_at if health else None
        )

    async def _read(
        self, now: datetime, remembered: Remembered, limit: asyncio.Timeout, *, may_listen: bool
    ) -> tuple[int, int, bool]:
        feed = self.feed
        poll = Poll(
            feed=feed.name,
            now=now,
            every=feed.every,
            cursor=remembered.cursor,
            since=now - feed.backfill if feed.backfill and not remembered.cursor else None,
            unconditional=is_unconditional(self._polls, UNCONDITIONAL_EVERY),
            roots=self._roots(feed),
            may_listen=may_listen,
        )
        self._polls += 1
        if poll.is_first:
            return await self._read_back(poll, limit)
        listed = fresh = pages = 0
        are_unchanged = True
        async for page in feed.source.read(self._web, poll):
            report = await self._commit(self._page(page), limit)
            listed += page.listed
            fresh += report.fresh
            pages += 1
            are_unchanged &= page.is_unchanged
        return listed, fresh, pages > 0 and are_unchanged

    async def _read_back(self, poll: Poll, limit: asyncio.Timeout) -> tuple[int, int, bool]:
        """Read a feed for the first time: the whole of it in one batch, oldest post first."""
        pages = [page async for page in self.feed.source.read(self._web, poll)]
        if not pages:
            return 0, 0, False
        whole = replace(
            pages[-1],
            posts=tuple(post for page in pages for post in page.posts),
            counts=tuple(count for page in pages for count in page.counts),
            invalid=tuple(line for page in pages for line in page.invalid),
        )
        report = await self._commit(replace(self._page(whole), is_first=True), limit)
        return sum(page.listed for page in pages), report.fresh, False

    async def _commit(self, arrivals: Arrivals, limit: asyncio.Timeout) -> Report:
        """Hand a page over; how long that takes is no fault of the site's."""
        loop = asyncio.get_running_loop()
        left = (limit.when() or loop.time()) - loop.time()
        limit.reschedule(None)
        report = await self._submit(arrivals)
        self._cursor = arrivals.cursor or self._cursor
        limit.reschedule(loop.time() + left)
        for line in report.dropped[:MOST_NAMED]:
            _LOG.warning("post dropped", feed=self.feed.name, why=line)
        return report

    def _page(self, page: Page) -> Arrivals:
        for line in page.invalid[:MOST_NAMED]:
            _LOG.warning("post dropped", feed=self.feed.name, why=self._plain(line))
        self._note = page.note or self._note
        now = self._clock()
        if page.is_just_told:
            posts = tuple(replace(post, seen_at=now) for post in page.posts)
            page = replace(page, posts=posts)
        return self._arrivals(now, page=page)

    def _arrivals(
        self, at: datetime, *, page: Page | None = None, read: FeedRead | None = None
    ) -> Arrivals:
        # `every` tells growth from a starting value, so it is the time since we really looked
        return Arrivals(
            at=at,
            feed=self.feed.name,
            source=self.feed.source.kind,
            brands=self.feed.brands,
            posts=page.posts if page else (),
            counts=page.counts if page else (),
            gone=page.gone if page else (),
            cursor=page.cursor if page else None,
            every=max(self.feed.every, at - (self._read_at or at)),
            read=read,
            read_before=self._read_at,
        )

    def _plain(self, words: str) -> str:
        """Return what a site said without a secret that it may have repeated, not too long."""
        known = hide(words, (each.reveal() for each in self.feed.secrets))
        return cut_inside(hide_in_addresses(known), MOST_SAID)

    def _metered(self, at: datetime) -> tuple[PartChecked, ...]:
        """Say of a source with a budget whether that is used up: a trouble until it starts anew."""
        source = self.feed.source
        if not isinstance(source, Metered):
            return ()
        why = "; ".join(
            f"feed {self.feed.name} reads nothing before {meter.resets_at:%Y-%m-%d %H:%M} UTC: "
            f"{meter.used:,.10g} of {meter.limit:,.10g} {meter.unit} are used ({meter.name})"
            for meter in source.meters(self._cursor, at)
            if meter.is_used_up
        )
        return (PartChecked(at=at, part=watch.budget_of(self.feed.name), why=why),)

    def _failed(self, now: datetime, asked: timedelta | None) -> None:
        self._failures += 1
        delay = next_poll_in(self.feed.every, self._failures, asked, self._chance())
        self._not_before = now + delay
