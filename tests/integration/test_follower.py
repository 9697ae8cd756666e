"""Threads are followed at their own pace, by whichever feed reaches them, and never twice."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.pipeline import Policy
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.event import FeedRead
from emberwatch.model.post import Counters, Post
from emberwatch.ports import Answer, Page, Parsed, Poll, Reading, Request, Root, Web
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.collector import Collector, Feed
from emberwatch.runtime.follower import Follower
from emberwatch.runtime.processor import Processor
from emberwatch.sources.threads import Counted, followed
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_brand, a_post, minutes
from tests.town import Ear


@dataclass
class Forum:
    """A site whose counters grow while its list shows nothing new."""

    counts: dict[str, int] = field(default_factory=dict)
    replies: dict[str, list[Post]] = field(default_factory=dict)
    asked: list[tuple[datetime, str]] = field(default_factory=list)
    limits: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    trouble: Exception | None = None
    tries: int = 0
    now: Callable[[], datetime] = lambda: NOON

    async def get(self, request: Request) -> Answer:
        self.tries += 1
        if self.trouble is not None:
            raise self.trouble
        self.asked.append((self.now(), request.url))
        return Answer(
            status=200, headers=self.limits, body=b"", url=request.url, received_at=self.now()
        )


@dataclass
class Board:
    """A source of one board of the forum."""

    forum: Forum
    posts: tuple[Post, ...] = ()
    host: str = ""
    kind: ClassVar[str] = "jsonl"
    Options: ClassVar[type] = dict
    polls: list[Poll] = field(default_factory=list)
    is_down: bool = False

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        self.polls.append(poll)
        if self.is_down:
            raise FeedUnavailable("down")
        yield Page(posts=self.posts, cursor={"read": "yes"}, listed=len(self.posts))

    def reaches(self, root: Root) -> bool:
        return root.host == self.host

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        async def recount(roots: tuple[Root, ...]) -> Counted:
            (root,) = roots
            await web.get(Request(url=root.native_id))
            if root.native_id in self.forum.missing:
                return Counted(missed=(root.native_id,))
            shown = self.forum.counts.get(root.native_id)
            return Counted(counters={root.native_id: Counters(replies=shown)} if shown else {})

        async def replies(root: Root) -> tuple[Post, ...]:
            await web.get(Request(url=f"{root.native_id}/replies"))
            return tuple(self.forum.replies.get(root.native_id, ()))

        async for page in followed(poll, recount, replies):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        return Parsed(posts=())

    def describe(self) -> str:
        return "Sees a board."


class Watch:
    """Collectors and a follower over a real database, with a clock that is moved by hand."""

    def __init__(self, path: Path) -> None:
        self.now = NOON
        self.forum = Forum(now=lambda: self.now)
        self.store: SqliteStore = open_store(path)
        self.collectors: dict[str, Collector] = {}
        self.taken: list[Arrivals] = []
        self.start()

    def start(self) -> None:
        """Begin anew over the same database, as after a crash."""
        brands = {"Acme": a_brand("Acme", pile_on_floor=100)}
        self.processor = Processor(
            policy=Policy(brands=brands, detectors=(PileOn(brands),)),
            store=self.store,
            scorer=Ear(),
            encode=encode_state,
            decode=decode_state,
            is_live=True,
        )
        self.follower = Follower(
            collectors=lambda: self.collectors,
            web=lambda _: self.forum,
            read=self.read,
            clock=lambda: self.now,
        )

    def board(self, name: str, *posts: Post, host: str = "") -> Board:
        board = Board(self.forum, posts, host)
        feed = Feed(name=name, source=board, every=minutes(5), brands=(), backfill=None)
        self.collectors[name] = Collector(
            feed,
            web=self.forum,
            submit=self.submit,
            remember=self.read,
            clock=lambda: self.now,
            chance=lambda: 0.0,
            roots=self.follower.roots,
        )
        return board

    async def submit(self, arrivals: Arrivals) -> Report:
        self.taken.append(arrivals)
        return self.processor.process(arrivals)

    async def read(self, look: Callable[[Reading], object]):
        with self.store.reading() as reading:
            return look(reading)

    async def poll(self) -> list[FeedRead | None]:
        return [await collector.poll() for collector in self.collectors.values()]

    async def live(self, until: datetime, every: float = 5.0) -> None:
        """Let time pass, with a turn of the follower each few seconds."""
        while self.now < until:
            self.now += timedelta(seconds=every)
            await self.follower.once()

    def looks(self, at: str) -> list[datetime]:
        return [when for when, asked in self.forum.asked if asked == at]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(tmp_path / "watch.db")
    yield made
    made.store.close()


def a_root(id: str = "1", **facts: object) -> Post:
    return a_post(id, text="acme is awful", at=NOON, **facts)


async def test_a_crowd_that_only_a_counter_shows_rings(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    for minute in range(1, 30):
        watch.forum.counts["1"] = 6 * minute
        await watch.live(NOON + minutes(minute))
    with watch.store.reading() as look:
        (incident,) = look.incidents()
    assert incident.alerts[0].thread_id == "jsonl::1"
    assert incident.opened_at < NOON + minutes(25)
    assert len(watch.looks("1")) > 20


async def test_growth_is_spread_over_the_time_since_the_last_look(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.counts["1"] = 5
    await watch.live(NOON + minutes(4))
    gaps = [batch.counts[0].every for batch in watch.taken if batch.counts]
    looks = [NOON, *watch.looks("1")]
    assert gaps == [after - before for before, after in itertools.pairwise(looks)]


async def test_a_thread_that_rests_is_asked_for_ever_more_seldom_and_then_let_go(
    watch: Watch,
) -> None:
    watch.board("town", a_root(counters=Counters(replies=3)))
    watch.forum.counts["1"] = 3
    await watch.poll()
    await watch.live(NOON + timedelta(hours=9), every=30)
    looks = watch.looks("1")
    gaps = [after - before for before, after in itertools.pairwise(looks)]
    assert gaps == sorted(gaps)
    assert 10 < len(looks) < 25
    assert looks[-1] < NOON + timedelta(hours=6.6)


async def test_replies_that_name_no_brand_come_into_the_thread(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.counts["1"] = 1
    watch.forum.replies["1"] = [a_post("2", thread="1", parent="1", text="same here")]
    await watch.live(NOON + minutes(3))
    with watch.store.reading() as look:
        assert {stored.post.native_id for stored in look.posts()} == {"1", "2"}
    assert len(watch.looks("1/replies")) == 1  # and it is read once, though it is looked at again
    assert len(watch.looks("1")) > 1


async def test_two_feeds_that_list_one_root_follow_it_once(watch: Watch) -> None:
    for name in ("town", "country"):
        watch.board(name, a_root(counters=Counters(replies=0)))
    await watch.poll()
    await watch.live(NOON + minutes(2))
    looks = watch.looks("1")
    assert looks
    assert len(looks) == len(set(looks))


async def test_a_root_whose_feed_is_gone_is_followed_by_another_of_its_site(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    watch.board("else", host="else.example")
    await watch.poll()
    del watch.collectors["town"]
    await watch.live(NOON + minutes(2))
    assert watch.looks("1") == []
    watch.board("country")
    await watch.live(NOON + minutes(4))
    assert watch.looks("1")


async def test_a_start_goes_on_where_the_last_one_stopped(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.counts["1"] = 4
    await watch.live(NOON + minutes(3))
    before = len(watch.looks("1"))
    watch.start()
    watch.board("town")
    watch.now += timedelta(seconds=5)
    await watch.follower.once()
    assert len(watch.looks("1")) == before  # it was looked at a moment ago
    watch.now = NOON + minutes(30)
    await watch.follower.once()
    assert len(watch.looks("1")) == before + 1
    gaps = [batch.counts[0].every for batch in watch.taken if batch.counts]
    assert gaps[-1] == watch.looks("1")[-1] - watch.looks("1")[-2]


async def test_a_site_is_asked_no_more_often_than_it_bears(watch: Watch) -> None:
    roots = [a_root(str(id), counters=Counters(replies=0)) for id in range(1, 101)]
    watch.board("town", *roots)
    await watch.poll()
    watch.forum.counts = {str(id): 1 for id in range(1, 101)}
    await watch.live(NOON + minutes(10))
    assert len(watch.forum.asked) <= 20 + 20 * 10
    assert {asked for _, asked in watch.forum.asked} >= {str(id) for id in range(1, 101)}


async def test_half_of_what_a_site_allows_is_left_alone(watch: Watch) -> None:
    watch.board("town", *(a_root(str(id), counters=Counters(replies=0)) for id in range(1, 11)))
    await watch.poll()
    watch.forum.limits = {
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "30",
        "x-ratelimit-reset": (NOON + minutes(30)).isoformat(),
    }
    await watch.live(NOON + minutes(20))
    assert len(watch.forum.asked) == 1
    watch.forum.limits = {}
    await watch.live(NOON + minutes(31))
    assert len(watch.forum.asked) > 5


@pytest.mark.parametrize(
    ("trouble", "rest"),
    [
        (FeedRefused("shown to nobody"), timedelta(hours=1)),
        (FeedUnavailable("slow down", retry_after=minutes(7)), minutes(7)),
        (FeedUnavailable("down"), minutes(1)),
        (ValueError("a mistake of ours"), minutes(1)),
    ],
)
async def test_a_site_that_does_not_let_us_is_left_alone_and_the_feed_stays_well(
    watch: Watch, trouble: Exception, rest: timedelta
) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.trouble = trouble
    await watch.live(NOON + minutes(0.5))
    assert watch.looks("1") == []
    watch.forum.trouble = None
    began = watch.now
    step = 5 if rest < minutes(2) else 30
    await watch.live(began + rest - timedelta(seconds=step), every=step)
    assert watch.looks("1") == []
    await watch.live(began + rest + minutes(2))
    assert watch.looks("1")
    assert all(batch.read is None or not batch.read.why for batch in watch.taken)


async def test_a_site_that_asks_us_to_wait_is_not_asked_by_another_feed(watch: Watch) -> None:
    for name in ("town", "country"):
        watch.board(name, a_root(counters=Counters(replies=0)))
    await watch.poll()
    for trouble, tries in ((FeedUnavailable("slow", retry_after=minutes(7)), 1), (None, 0)):
        watch.forum.trouble, watch.forum.tries = trouble, 0
        await watch.live(watch.now + minutes(3))
        assert watch.forum.tries == tries


async def test_a_changed_configuration_is_tried_at_once(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.trouble = FeedRefused("wrong token")
    await watch.live(NOON + minutes(1))
    watch.forum.trouble = None
    watch.follower.forgive()
    await watch.live(NOON + minutes(1.1))
    assert watch.looks("1")


async def test_the_clock_may_leap(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.trouble = FeedRefused("closed")
    await watch.live(NOON + minutes(1))
    watch.forum.trouble = None
    watch.now += timedelta(hours=1)
    watch.follower.leap(timedelta(hours=1))
    await watch.follower.once()
    assert watch.looks("1") == []


async def test_polls_are_told_of_the_threads_at_their_site(watch: Watch) -> None:
    town = watch.board("town", a_root(counters=Counters(replies=0)))
    other = watch.board("else", host="else.example")
    await watch.poll()
    await watch.follower.census()
    watch.now += minutes(5)
    await watch.poll()
    assert [[root.native_id for root in poll.roots] for poll in town.polls] == [[], ["1"]]
    assert other.polls[-1].roots == ()


async def test_what_a_look_brings_says_nothing_of_a_feeds_rhythm(watch: Watch) -> None:
    watch.board("town", a_root(counters=Counters(replies=0)))
    await watch.poll()
    watch.forum.counts["1"] = 1
    reply = a_post("2", thread="1", parent="1", text="same", at=NOON + minutes(30))
    watch.forum.replies["1"] = [reply]
    await watch.live(NOON + minutes(2))
    late = a_post("3", text="acme", at=NOON + minutes(2))
    watch.board("town", late)
    watch.now = NOON + minutes(5)
    (read,) = await watch.poll()
    assert read is not None
    assert read.fresh == 1


# ---------------------------------------------------------------- deletions
def words(watch: Watch) -> dict[str, str]:
    with watch.store.reading() as look:
        return {stored.post.native_id: stored.post.text for stored in look.posts()}


async def test_a_root_that_is_missed_twice_is_forgotten_and_followed_no_more(watch: Watch) -> None:
    watch.board("town", *(a_root(id, counters=Counters(replies=0)) for id in ("1", "2")))
    watch.forum.counts = {"1": 1, "2": 1}
    await watch.poll()
    await watch.live(NOON + minutes(3))
    watch.forum.missing = {"1"}
    await watch.live(NOON + minutes(30), every=15)
    assert words(watch) == {"1": "", "2": "acme is awful"}
    looks = len(watch.looks("1"))
    await watch.live(NOON + minutes(60), every=15)
    assert len(watch.looks("1")) == looks


async def test_a_site_that_shows_nothing_has_deleted_nothing(watch: Watch) -> None:
    watch.board("town", *(a_root(id, counters=Counters(replies=0)) for id in ("1", "2")))
    watch.forum.counts = {"1": 1, "2": 1}
    await watch.poll()
    await watch.live(NOON + minutes(3))
    watch.forum.missing = {"1", "2"}
    await watch.live(NOON + minutes(90), every=30)
    assert words(watch) == {"1": "acme is awful", "2": "acme is awful"}


async def test_a_lone_root_is_forgotten_only_while_its_feed_is_well(watch: Watch) -> None:
    board = watch.board("town", a_root(counters=Counters(replies=0)))
    watch.forum.counts = {"1": 1}
    await watch.poll()
    await watch.live(NOON + minutes(3))
    watch.forum.missing = {"1"}
    board.is_down = True
    watch.now = NOON + minutes(5)
    await watch.poll()
    await watch.live(NOON + minutes(60), every=30)
    assert words(watch) == {"1": "acme is awful"}
    board.is_down = False
    watch.now += minutes(30)
    await watch.poll()
    await watch.live(watch.now + minutes(60), every=30)
    assert words(watch) == {"1": ""}


# ---------------------------------------------------------------- where replies belong
def threads(watch: Watch) -> dict[str, str]:
    with watch.store.reading() as look:
        return {stored.post.native_id: stored.post.thread_id for stored in look.posts()}


A_REPLY = a_post("2", thread="1", parent="1", text="same here", at=NOON + minutes(1))


async def test_a_reply_joins_a_root_that_another_feed_brought(watch: Watch) -> None:
    watch.board("search", a_root(counters=Counters(replies=0)))
    watch.board("timeline", A_REPLY)
    await watch.poll()
    assert threads(watch) == {"1": "jsonl::1", "2": "jsonl::1"}
    await watch.follower.census()
    (root,) = watch.follower.roots(watch.collectors["search"].feed)
    assert (root.size, root.feed) == (1, "search")


async def test_a_reply_that_was_seen_before_its_root_comes_back_with_a_look(watch: Watch) -> None:
    watch.board("timeline", A_REPLY)
    await watch.poll()
    assert threads(watch) == {}  # it speaks of no brand, and its thread is not known
    watch.board("search", a_root(counters=Counters(replies=1)))
    watch.forum.counts["1"] = 1
    watch.forum.replies["1"] = [A_REPLY]
    watch.now += minutes(5)
    await watch.poll()
    await watch.live(watch.now + minutes(3))
    assert threads(watch) == {"1": "jsonl::1", "2": "jsonl::1"}
    with watch.store.reading() as look:
        (root,) = look.roots(NOON - minutes(60), NOON - minutes(60), 9)
    assert root.size == 1  # by counter and by item it is one and the same


async def test_a_reply_seen_twice_counts_once(watch: Watch) -> None:
    watch.board("search", a_root(counters=Counters(replies=0)))
    watch.board("timeline", A_REPLY)
    await watch.poll()
    watch.forum.counts["1"] = 2
    watch.forum.replies["1"] = [A_REPLY, a_post("3", thread="1", parent="2", text="and how")]
    await watch.live(NOON + minutes(4))
    assert set(threads(watch)) == {"1", "2", "3"}
    (root,) = watch.follower.roots(watch.collectors["search"].feed)
    assert root.size == 2
