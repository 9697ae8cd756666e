"""A wall clock that leaps, a process that slept: polls go on, and nobody rings for a backlog."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

import pytest
import time_machine

from emberwatch.core.pipeline import Policy
from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.event import PartChecked
from emberwatch.model.incident import Incident
from emberwatch.model.post import Post
from emberwatch.ports import Answer, Outgoing, Page, Parsed, Poll, Reading, Request, Web
from emberwatch.runtime import plugins, wiring
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.collector import Collector, Feed, Remembered
from emberwatch.runtime.daemon import Assembly, Daemon, clock_trouble
from emberwatch.runtime.processor import Processor
from emberwatch.runtime.schedule import Schedule
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_brand, a_post
from tests.integration.loopback import Clock, a_network, answer, serving

SCORER = wiring.scorer()
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LONG = timedelta(days=3653)
WHAT = ("parcel", "refund", "kettle", "invoice", "account", "phone", "delivery", "cheque")
HOW = ("lost", "ruined", "broke", "stole", "cancelled", "ignored", "botched", "wrecked")


async def until(condition: Callable[[], object], within: float) -> float:
    """Wait for something on the monotonic clock, which no leap touches.

    Return the seconds that were waited, without those for which a busy machine held us up.
    """
    turns = 0
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)
            turns += 1
    return turns * 0.01


@pytest.fixture
def wall() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as wall:
        yield wall


# ---------------------------------------------------------------- turns
@pytest.fixture
async def schedule() -> AsyncIterator[Schedule]:
    schedule = Schedule(lambda: 0.5)
    yield schedule
    schedule.stop()


async def test_a_leap_of_ten_years_brings_one_turn(
    wall: time_machine.Traveller, schedule: Schedule
) -> None:
    runs: list[float] = []

    async def job() -> None:
        runs.append(time.monotonic())

    schedule.start()
    schedule.every(SECOND / 5, job, id="job", first_at=datetime.now(UTC))
    await until(lambda: len(runs) >= 2, 60)
    before, turns = time.process_time(), len(runs)
    wall.move_to(datetime.now(UTC) + LONG)
    await until(lambda: len(runs) >= turns + 2, 60)
    assert time.process_time() - before < 1
    assert len(runs) < turns + 9  # a busy machine may be late for some; ten years are a billion


async def test_a_turn_that_could_not_run_in_time_runs_late(
    wall: time_machine.Traveller, schedule: Schedule
) -> None:
    has_run = asyncio.Event()

    async def job() -> None:
        has_run.set()

    schedule.start()
    schedule.every(HOUR, job, id="job", first_at=datetime.now(UTC) + SECOND / 2)
    wall.move_to(datetime.now(UTC) + 5 * HOUR)
    await asyncio.wait_for(has_run.wait(), 60)
    assert has_run.is_set()


# ---------------------------------------------------------------- the daemon
async def test_a_job_that_is_cancelled_at_the_end_is_no_error(
    schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def broken() -> None:
        raise ValueError("broken")

    now = datetime.now(UTC)
    schedule.every(HOUR, cancelled, id="cancelled", first_at=now)
    schedule.every(HOUR, broken, id="broken", first_at=now + SECOND / 5)
    schedule.start()

    def errors() -> list[str]:
        ours = (record for record in caplog.records if record.name == "emberwatch.schedule")
        return [vars(record)["facts"]["job"] for record in ours]

    await until(errors, 60)
    assert errors() == ["broken"]


@dataclass
class Site:
    """A source that notes when it was asked, and fails when told to."""

    kind: ClassVar[str] = "site"
    Options: ClassVar[type] = dict
    asked: list[float] = field(default_factory=list)
    is_down: bool = False

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        self.asked.append(time.monotonic())
        if self.is_down:
            raise FeedUnavailable("it is down", retry_after=10 * SECOND)
        yield Page(cursor={"read": "yes"}, listed=1)

    def parse(self, answer: Answer) -> Parsed:
        return Parsed(posts=())

    def describe(self) -> str:
        return "Sees nothing."


class Nowhere:
    """A network that leads nowhere."""

    async def get(self, request: Request) -> Answer:
        raise AssertionError("no test goes out")

    async def post(self, message: Outgoing) -> Answer:
        raise AssertionError("no test goes out")


def a_policy() -> Policy:
    brands = {"Acme": a_brand("Acme", languages=("en",))}
    return Policy(
        brands=brands,
        detectors=tuple(detector(brands) for detector in plugins.detectors().values()),
    )


def a_processor(store: SqliteStore) -> Processor:
    return Processor(
        policy=a_policy(),
        store=store,
        scorer=SCORER,
        encode=encode_state,
        decode=decode_state,
        is_live=True,
    )


def an_assembly(store: SqliteStore, *feeds: Feed) -> Assembly:
    return Assembly(
        policy=a_policy(),
        feeds=feeds,
        notifiers={},
        channels={},
        web=lambda _: Nowhere(),
        outbound=Nowhere(),
        processor=lambda: a_processor(store),
        scorer=SCORER.kind,
        retention=timedelta(days=90),
        heartbeat=None,
    )


def a_daemon(assembly: Assembly, store: SqliteStore) -> Daemon:
    return Daemon(assembly, store, clock=wiring.now, chance=lambda: 0.5)


@asynccontextmanager
async def watching(path: Path, site: Site, every: timedelta) -> AsyncIterator[Daemon]:
    store = open_store(path)
    feed = Feed(name="town", source=site, every=every, brands=(), backfill=None)
    daemon = a_daemon(an_assembly(store, feed), store)
    running = asyncio.create_task(daemon.run())
    yield daemon
    daemon.stop()
    await running


@pytest.mark.parametrize("leap", [-HOUR, HOUR, LONG])
async def test_a_feed_is_polled_on_within_two_intervals_of_a_leap(
    tmp_path: Path, wall: time_machine.Traveller, leap: timedelta
) -> None:
    site = Site()
    async with watching(tmp_path / "watch.db", site, SECOND):
        await until(lambda: len(site.asked) >= 2, 60)
        wall.move_to(datetime.now(UTC) + leap)
        asked = len(site.asked)
        waited = await until(lambda: len(site.asked) > asked, 60)
        await until(lambda: len(site.asked) > asked + 1, 60)
    assert waited < 2.5


async def test_a_leap_leaves_a_rest_as_long_as_it_was() -> None:
    site, clock = Site(is_down=True), Clock()
    collector = Collector(
        Feed(name="town", source=site, every=SECOND, brands=(), backfill=None),
        web=Nowhere(),
        submit=_taken,
        remember=_nothing,
        clock=clock,
        chance=lambda: 0.0,
    )
    await collector.poll()
    clock.move(hours=-1)
    collector.leap(-HOUR)
    clock.move(seconds=9)
    assert await collector.poll() is None
    clock.move(seconds=1)
    assert await collector.poll() is not None
    assert len(site.asked) == 2


async def _taken(_: Arrivals) -> Report:
    return Report()


async def _nothing(_: Callable[[Reading], Remembered]) -> Remembered:
    return Remembered(cursor={})


# ---------------------------------------------------------------- what the watch makes of it
def crowd(since: datetime, until: datetime, posts: int, seen_at: datetime) -> list[Post]:
    """Return posts evenly spread over a time, one in ten of them angry."""
    return [
        a_post(
            f"{since.timestamp()}:{number}",
            text=f"Acme {HOW[number % 8]} my {WHAT[number // 8 % 8]}, terrible awful people!"
            if number % 10 == 0
            else f"I bought a {WHAT[number % 8]} at Acme, number {number}",
            author=f"user{number}",
            at=since + (until - since) * number / posts,
            seen_at=seen_at,
        )
        for number in range(posts)
    ]


def town(at: datetime, posts: list[Post], **facts: bool) -> Arrivals:
    return Arrivals(at=at, feed="town", source="jsonl", posts=posts, **facts)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(open_store(tmp_path / "watch.db")) as store:
        yield store


@pytest.fixture
def processor(store: SqliteStore) -> Processor:
    """A watch that knows two weeks with ten posts an hour."""
    processor = a_processor(store)
    past = crowd(NOON - timedelta(days=14), NOON, 14 * 24 * 10, seen_at=NOON)
    processor.process(town(NOON, past, is_first=True))
    processor.process(Arrivals(at=NOON, parts=(PartChecked(at=NOON, part="queue"),)))
    return processor


def incidents(store: SqliteStore) -> list[Incident]:
    with store.reading() as look:
        return look.incidents()


def test_what_a_process_slept_through_is_a_backlog_and_no_spike(
    store: SqliteStore, processor: Processor
) -> None:
    woke_at = NOON + 8 * HOUR
    processor.process(town(woke_at, crowd(NOON, woke_at, 8 * 10, seen_at=woke_at)))
    assert not incidents(store)


def test_as_many_posts_within_minutes_of_waking_are_a_spike(
    store: SqliteStore, processor: Processor
) -> None:
    woke_at = NOON + 8 * HOUR
    processor.process(town(woke_at, crowd(woke_at - 10 * MINUTE, woke_at, 8 * 10, woke_at)))
    assert [incident.brand for incident in incidents(store)] == ["Acme"]


def test_a_clock_that_was_set_back_is_said_until_it_has_caught_up() -> None:
    set_back = clock_trouble(NOON, NOON - HOUR)
    assert "12:00" in set_back
    assert clock_trouble(NOON, NOON - HOUR / 2) == set_back
    assert not clock_trouble(NOON, NOON - SECOND)
    assert not clock_trouble(None, NOON)


def test_a_leap_of_ten_years_and_back_is_no_storm(store: SqliteStore, processor: Processor) -> None:
    for at in (NOON + LONG, NOON + MINUTE):
        posts = crowd(at - 10 * MINUTE, at, 5, seen_at=at)
        processor.process(town(at, posts))
        processor.process(Arrivals(at=at, parts=(PartChecked(at=at, part="queue"),)))
    assert not [incident for incident in incidents(store) if incident.brand]
    assert processor.clock == NOON + MINUTE


# ---------------------------------------------------------------- what the hosts say of it
@dataclass
class Hosts:
    """Hosts with one true time: the machine's when the test began, off by so much."""

    off: timedelta
    are_silent: bool = False
    began_at: float = field(default_factory=time.monotonic)
    wall_was: datetime = field(default_factory=wiring.now)

    @property
    def time(self) -> datetime:
        return self.wall_was + self.off + timedelta(seconds=time.monotonic() - self.began_at)

    async def talk(self, _: bytes, writer: asyncio.StreamWriter) -> bool:
        if self.are_silent:
            return False
        writer.write(answer(b"[]", Date=format_datetime(self.time, usegmt=True)))
        return True


@dataclass
class Fetches:
    """A source that fetches one address and finds nothing there."""

    url: str
    kind: ClassVar[str] = "fetches"
    Options: ClassVar[type] = dict

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        await web.get(Request(url=self.url))
        yield Page(cursor={"read": "yes"}, listed=0)

    def parse(self, answer: Answer) -> Parsed:
        return Parsed(posts=())

    def describe(self) -> str:
        return "Sees nothing."


async def everywhere(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def asking(path: Path, hosts: Hosts, *names: str) -> AsyncIterator[Daemon]:
    """Build a watch with a feed at each of these hosts, which is not started."""
    async with (
        serving(hosts.talk) as server,
        a_network(clock=wiring.now, resolver=everywhere) as network,
    ):
        store = open_store(path)
        feeds = (
            Feed(
                name=name,
                source=Fetches(server.url(host=name)),
                every=SECOND,
                brands=(),
                backfill=None,
            )
            for name in names
        )
        assembly = an_assembly(store, *feeds)
        yield a_daemon(replace(assembly, web=network.web, compared=network.compared), store)


def shortly_before_a_minute(at: datetime) -> datetime:
    """Return when a tick comes soon, but not before the hosts have answered."""
    return at.replace(second=58, microsecond=0)


def looked_after(path: Path, at: datetime) -> bool:
    """Whether the watch's own time has come to a minute after it was set back."""
    with closing(open_store(path)) as store, store.reading() as look:
        clock = look.clock()
    return clock is not None and at <= clock < at + HOUR


def said_of_the_clock(path: Path) -> list[tuple[bool, str]]:
    """Return of each trouble whether it goes on, and what was said last."""
    with closing(open_store(path)) as store, store.reading() as look:
        found = [each.alerts[-1] for each in look.incidents() if each.subject == "clock"]
    return [(alert.is_open, alert.reason) for alert in found]


@pytest.mark.parametrize(("off", "words"), [(-3 * HOUR, "3 h ahead"), (3 * HOUR, "3 h behind")])
async def test_a_clock_that_two_hosts_contradict_rings_and_ends_once_it_is_right(
    tmp_path: Path, wall: time_machine.Traveller, off: timedelta, words: str
) -> None:
    path = tmp_path / "watch.db"
    wall.move_to(shortly_before_a_minute(datetime.now(UTC)))
    hosts = Hosts(off)
    async with asking(path, hosts, "north.example", "south.example") as daemon:
        running = asyncio.create_task(daemon.run())
        await until(lambda: said_of_the_clock(path), 90)
        ((is_open, why),) = said_of_the_clock(path)
        assert is_open
        assert f"this machine's clock is {words}" in why
        assert {"north.example", "south.example"} <= set(re.split("[ ,;]+", why))
        right_at = shortly_before_a_minute(hosts.time)
        hosts.off += right_at - hosts.time
        wall.move_to(right_at)
        await until(lambda: not any(is_open for is_open, _ in said_of_the_clock(path)), 90)
        daemon.stop()
        await running


async def test_what_hosts_said_before_a_leap_is_not_said_again_after_it(
    tmp_path: Path, wall: time_machine.Traveller
) -> None:
    path = tmp_path / "watch.db"
    wall.move_to(shortly_before_a_minute(datetime.now(UTC)))
    hosts = Hosts(-3 * HOUR)
    async with asking(path, hosts, "north.example", "south.example") as daemon:
        running = asyncio.create_task(daemon.run())
        await until(lambda: said_of_the_clock(path), 90)
        hosts.are_silent = True
        right_at = shortly_before_a_minute(hosts.time)
        wall.move_to(right_at)
        await until(lambda: looked_after(path, right_at + 3 * SECOND), 90)
        daemon.stop()
        await running
    assert [is_open for is_open, _ in said_of_the_clock(path)] == [False]


async def test_runs_for_cron_tell_of_a_wrong_clock_until_hosts_say_that_it_is_right(
    tmp_path: Path,
) -> None:
    path, hosts = tmp_path / "watch.db", Hosts(-3 * HOUR)
    async with asking(path, hosts, "north.example", "south.example") as daemon:
        assert await daemon.once()
    assert [is_open for is_open, _ in said_of_the_clock(path)] == [True]
    async with asking(path, hosts, "north.example") as daemon:  # one host proves nothing
        assert await daemon.once()
    assert [is_open for is_open, _ in said_of_the_clock(path)] == [True]
    hosts.off = timedelta()
    async with asking(path, hosts, "north.example", "south.example") as daemon:
        assert await daemon.once()
    assert [is_open for is_open, _ in said_of_the_clock(path)] == [False]


async def test_one_lying_host_rings_nothing(tmp_path: Path) -> None:
    async with asking(tmp_path / "watch.db", Hosts(-3 * HOUR), "north.example") as daemon:
        assert await daemon.once()
    assert not said_of_the_clock(tmp_path / "watch.db")
