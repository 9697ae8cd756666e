"""One feed's polls: what it is blamed for and what not, and what it knows after a start."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from emberwatch.core.pipeline import Policy
from emberwatch.model.errors import StoreBusy
from emberwatch.model.event import FeedRead
from emberwatch.ports import Answer, Page, Parsed, Poll, Reading, Request, Web
from emberwatch.runtime import plugins, wiring
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.collector import Collector, Feed, Remembered
from emberwatch.runtime.processor import Processor
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_brand, a_post, minutes
from tests.integration.loopback import Clock, pass_time


@dataclass
class Site:
    """A source of one post, or of as many pages as wanted, each after a moment."""

    kind: ClassVar[str] = "site"
    Options: ClassVar[type] = dict
    pages: int = 1
    takes: float = 0.0
    polls: list[Poll] = field(default_factory=list)
    host: str | None = None

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        self.polls.append(poll)
        for number in range(self.pages):
            await asyncio.sleep(self.takes)
            yield Page(posts=(a_post(str(number)),), cursor={"page": str(number)}, listed=1)

    def parse(self, answer: Answer) -> Parsed:
        return Parsed(posts=())

    def describe(self) -> str:
        return "Sees one post."


class Nowhere:
    async def get(self, request: Request) -> Answer:
        raise AssertionError("no test goes out")


@dataclass
class Desk:
    """Takes batches and answers what is remembered, slowly or not at all if told so."""

    takes: timedelta = timedelta()
    is_locked: bool = False
    remembered: Remembered = field(default_factory=lambda: Remembered(cursor={"page": "0"}))
    taken: list[Arrivals] = field(default_factory=list)

    async def submit(self, arrivals: Arrivals) -> Report:
        pass_time(seconds=self.takes.total_seconds())
        await asyncio.sleep(0)  # whoever has a deadline is told here
        self.taken.append(arrivals)
        return Report()

    async def remember(self, _: Callable[[Reading], Remembered]) -> Remembered:
        if self.is_locked:
            raise StoreBusy("database watch.db cannot be read")
        return self.remembered


def a_collector(desk: Desk, site: Site | None = None, **facts: timedelta) -> Collector:
    return Collector(
        Feed(name="town", source=site or Site(), every=minutes(1), brands=(), backfill=None),
        web=Nowhere(),
        submit=desk.submit,
        remember=desk.remember,
        clock=Clock(NOON),
        chance=lambda: 0.5,
        **facts,
    )


async def test_a_site_that_takes_too_long_is_blamed() -> None:
    desk = Desk()
    read = await a_collector(desk, Site(takes=5), longest=timedelta(seconds=0.1)).poll()
    assert read is not None
    assert read.why == "one reading took longer than 0.1 seconds"


async def test_a_site_is_not_blamed_for_a_database_that_is_slow() -> None:
    desk = Desk(takes=minutes(2))
    read = await a_collector(desk, Site(pages=3), longest=minutes(3)).poll()
    assert read is not None
    assert not read.why
    assert len(desk.taken) == 4


async def test_a_site_is_not_blamed_for_a_database_that_cannot_be_read() -> None:
    desk = Desk(is_locked=True)
    collector = a_collector(desk)
    assert await collector.poll() is None
    assert not desk.taken
    desk.is_locked = False
    assert await collector.poll() is not None


async def test_after_a_start_the_time_since_the_last_good_reading_is_known() -> None:
    desk = Desk()
    desk.remembered = replace(desk.remembered, read_at=NOON - minutes(40))
    collector = a_collector(desk)
    await collector.poll()
    await collector.poll()
    assert [batch.every for batch in desk.taken] == [
        minutes(40),
        minutes(1),
        minutes(1),
        minutes(1),
    ]


async def test_a_page_comes_with_when_its_feed_was_read_before() -> None:
    desk = Desk()
    collector = a_collector(desk)
    await collector.poll()
    await collector.poll()
    pages = [batch for batch in desk.taken if batch.read is None]
    assert [batch.read_before for batch in pages] == [None, NOON]


# ---------------------------------------------------------------- over a real store
def a_processor(store: SqliteStore) -> Processor:
    brands = {"Acme": a_brand("Acme")}
    return Processor(
        policy=Policy(
            brands=brands,
            detectors=tuple(detector(brands) for detector in plugins.detectors().values()),
        ),
        store=store,
        scorer=wiring.scorer(),
        encode=encode_state,
        decode=decode_state,
        is_live=True,
    )


def test_after_a_start_old_posts_are_not_taken_for_news_of_a_feed(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "watch.db")) as store:
        posts = tuple(a_post(str(number), at=NOON - minutes(number)) for number in range(1, 5))
        batch = Arrivals(at=NOON, feed="town", source="jsonl", posts=posts)
        read = FeedRead(at=NOON, feed="town", every=minutes(1), listed=4, fresh=4)
        before = a_processor(store)
        assert before.process(batch).fresh == 4
        before.process(replace(batch, posts=(), read=read))
        started = a_processor(store)
        at = NOON + minutes(1)
        again = tuple(replace(post, seen_at=at) for post in posts)
        assert started.process(replace(batch, at=at, posts=again)).fresh == 0
        new = a_post("5", at=at)
        assert started.process(replace(batch, at=at, posts=(new, *again))).fresh == 1


async def test_every_tenth_poll_believes_no_validator() -> None:
    site = Site()
    collector = a_collector(Desk(), site)
    for _ in range(21):
        await collector.poll()
    told = [number for number, poll in enumerate(site.polls) if poll.unconditional]
    assert told == [0, 10, 20]


async def test_a_post_that_had_to_be_dropped_is_logged(caplog) -> None:
    desk = Desk()

    async def submit(arrivals: Arrivals) -> Report:
        return Report(dropped=("post 'x': nothing is left of its id",) if arrivals.posts else ())

    desk.submit = submit
    with caplog.at_level("WARNING", logger="emberwatch"):
        await a_collector(desk).poll()
    assert [record.message for record in caplog.records] == ["post dropped"]


def test_a2_a_mention_keeps_the_reading_that_did_not_bring_it(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "watch.db")) as store:
        post = a_post("1", at=NOON - minutes(2), seen_at=NOON)
        before = NOON - minutes(1)
        batch = Arrivals(at=NOON, feed="town", source="jsonl", posts=(post,), read_before=before)
        a_processor(store).process(batch)
        with store.reading() as look:
            (mention,) = look.latest_mentions()
        assert mention.unseen_at == before
