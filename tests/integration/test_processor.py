"""What arrives goes through the whole path into a real database, or changes nothing."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from emberwatch.core.detect.detector import Detector
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.watch import Watch
from emberwatch.core.pipeline import Policy, States
from emberwatch.core.respond import triage
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.brand import Theme
from emberwatch.model.errors import ScoringFailed, StoreBusy
from emberwatch.model.event import (
    Counted,
    Event,
    FeedRead,
    Mentioned,
    PartChecked,
    Reacted,
    Tick,
    Unwatched,
)
from emberwatch.model.incident import Incident, Status
from emberwatch.model.mention import Score
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.ports import Count, Ledger, Text
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.processor import Processor
from emberwatch.scorers.vader import Vader
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_brand, a_post, an_alert, minutes
from tests.town import Ear

AWFUL = Theme(name="awfulness", words=("awful*",))
BRANDS = {"Acme": a_brand("Acme", pile_on_floor=20, themes=(AWFUL,)), "Other": a_brand("Other")}
IMPATIENT = timedelta(milliseconds=50)
SECOND = timedelta(seconds=1)


class DeafEar:
    """A scorer that fails."""

    kind = "deaf"

    def score(self, texts: Sequence[Text]) -> list[Score]:
        raise ScoringFailed("the model's file is gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What a diary has noted, and the next minute that it wants to hear of."""

    lines: tuple[str, ...] = ()
    wakes_at: datetime


class Diary:
    """A rule that notes every event that it is given, and wants each minute."""

    name = "diary"
    version = 1
    state_type = Pages

    def keys(self, event: Event) -> tuple[str, ...]:
        return ("all",)

    def fold(
        self, key: str, state: Pages | None, event: Event
    ) -> tuple[Pages | None, tuple[Alert, ...]]:
        minute = event.at.replace(second=0, microsecond=0)
        next_minute = minute if minute == event.at else minute + minutes(1)
        wakes_at = state.wakes_at if state else next_minute
        if isinstance(event, Tick):
            wakes_at = event.at + minutes(1)
        line = f"{event.at:%H:%M:%S} {_said(event)}"
        return Pages(lines=(*(state.lines if state else ()), line), wakes_at=wakes_at), ()

    def wakes_at(self, state: Pages) -> datetime | None:
        return state.wakes_at


def _said(event: Event) -> str:
    match event:
        case Mentioned(mention=mention, is_history=is_history):
            said = f"{mention.brand} {mention.post.native_id} in {mention.post.thread_id}"
        case Reacted(post=post, is_history=is_history):
            said = f"{post.kind} {post.native_id} in {post.thread_id}"
        case Counted(thread_id=thread_id, counters=counters, is_history=is_history):
            said = f"{counters.replies} replies in {thread_id}"
        case Unwatched(brand=brand, since=since):
            return f"{brand} unwatched since {since:%H:%M:%S}"
        case FeedRead(feed=feed):
            return f"read {feed}"
        case PartChecked(part=part):
            return f"checked {part}"
        case Tick():
            return "tick"
    return said + (" (history)" if is_history else "")


class Fragile(Diary):
    """A diary that crashes on posts which say so."""

    name = "fragile"

    def fold(
        self, key: str, state: Pages | None, event: Event
    ) -> tuple[Pages | None, tuple[Alert, ...]]:
        if isinstance(event, Mentioned) and "crash" in event.mention.post.text:
            raise ZeroDivisionError("a rule of somebody's")
        return super().fold(key, state, event)


class Broken(Diary):
    """A rule that crashes on everything."""

    name = "broken"

    def keys(self, event: Event) -> tuple[str, ...]:
        raise ZeroDivisionError("a rule of somebody's")


class Desk:
    """A processor over a real database, and a look at what it left there."""

    def __init__(self, path: Path, *detectors: Detector, **facts: object) -> None:
        self.path = path
        self.store = open_store(path, patience=IMPATIENT)
        self._facts = {"scorer": Ear(), "is_live": True, **facts}
        self._detectors = detectors or (Diary(),)
        self.start()

    def start(self, **facts: object) -> None:
        """Begin anew with what the database remembers."""
        self._facts |= facts
        policy = Policy(brands=BRANDS, detectors=self._detectors, notifiers=("ops",))
        self.processor = Processor(
            policy=policy,
            store=self.store,
            encode=encode_state,
            decode=decode_state,
            recall=lambda _: States(()),
            **self._facts,
        )

    def bring(self, *posts: Post, at: datetime = NOON, **facts: object) -> Report:
        facts.setdefault("feed", "town")
        facts.setdefault("source", "jsonl")
        return self.processor.process(Arrivals(at=at, posts=posts, **facts))

    def pass_time(self, until: datetime, since: datetime = NOON) -> list[Report]:
        """Let the minutes pass as the daemon does: it looks a moment after each."""
        reports, at = [], since + SECOND / 10
        while at < until:
            at += minutes(1)
            queue = PartChecked(at=at, part="queue")
            reports.append(self.processor.process(Arrivals(at=at, parts=(queue,))))
        return reports

    def noted(self, *words: str, name: str = "diary") -> list[str]:
        """Return the lines of the diary that hold one of these words."""
        with self.store.reading() as look:
            bodies = [row.body for row in look.states() if row.detector == name]
        lines = [line for body in bodies for line in decode_state(body, Pages).lines]
        return [line for line in lines if not words or any(word in line for word in words)]

    def ask(self, question: str) -> list[tuple]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(question).fetchall()

    def incidents(self) -> list[Incident]:
        with self.store.reading() as look:
            return look.incidents()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let another process hold the write lock."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "watch.db"


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    desk = Desk(folder)
    yield desk
    desk.store.close()


def _later(post: Post, minute: float, **facts: object) -> Post:
    return replace(post, seen_at=NOON + minutes(minute), **facts)


MENTIONS = "SELECT post_id, brand, text FROM mentions ORDER BY post_id, brand"


# ---------------------------------------------------------------- new, repeated, edited, recounted
def test_a_new_mention_is_stored_with_its_score_and_told_to_the_rules(desk: Desk) -> None:
    report = desk.bring(a_post("1", text="Acme is awful"))
    assert (report.posts, report.kept, report.mentions, report.not_judged) == (1, 1, 1, 0)
    assert desk.ask("SELECT anger, scorer, matched FROM mentions") == [(0.9, "ear", "acme")]
    assert desk.noted("Acme 1") == ["12:00:00 Acme 1 in jsonl::1"]


def test_a_reply_is_kept_as_it_was_when_its_thread_was_known(folder: Path) -> None:
    desk = Desk(folder, PileOn(BRANDS))
    early = a_post("2", text="me too", parent="1", thread="1")
    root = a_post("1", text="Acme is awful", seen_at=NOON + minutes(1))
    later = _later(early, 2, counters=Counters(likes=7))
    desk.bring(early, root, later, at=NOON + minutes(3))
    assert desk.ask("SELECT seen_at, likes FROM _post WHERE native_id = '2'") == [
        ("2026-03-02T12:02:00.000000Z", 7)
    ]
    desk.store.close()


def test_a_post_of_two_brands_is_one_post_and_two_mentions(desk: Desk) -> None:
    desk.bring(a_post("1", text="Acme and Other"))
    assert len(desk.ask("SELECT * FROM mentions")) == 2
    assert len(desk.noted("Acme 1", "Other 1")) == 2


def test_a_mention_is_stored_with_the_themes_of_its_brand(desk: Desk) -> None:
    desk.bring(a_post("1", text="Acme and Other are awfully late"), a_post("2", text="hello Acme"))
    assert desk.ask("SELECT post_id, brand, theme FROM mention_themes") == [
        ("jsonl::post:1", "Acme", "awfulness")
    ]


def test_an_edit_may_change_the_themes(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(post)
    desk.bring(_later(post, 1, text="Acme is fine now"), at=NOON + minutes(1))
    assert desk.ask("SELECT * FROM mention_themes") == []


def test_a_post_that_speaks_of_nobody_leaves_nothing(desk: Desk) -> None:
    assert desk.bring(a_post("1", text="lovely weather")).kept == 0
    assert desk.ask("SELECT count(*) FROM _post") == [(0,)]


def test_a_feed_of_one_brand_is_not_matched_against_another(desk: Desk) -> None:
    desk.bring(a_post("1", text="Acme and Other"), brands=("Other",))
    assert desk.ask("SELECT brand FROM mentions") == [("Other",)]


def test_the_same_post_again_changes_nothing(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(post)
    before, noted = desk.ask("SELECT * FROM _post"), desk.noted("Acme")
    report = desk.bring(_later(post, 1), at=NOON + minutes(1))
    assert (report.kept, report.mentions) == (0, 0)
    assert desk.ask("SELECT * FROM _post") == before
    assert desk.noted("Acme") == noted


def test_an_edit_replaces_the_text_and_its_score_and_is_not_heard_twice(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(post)
    desk.bring(_later(post, 1, text="Acme is fine"), at=NOON + minutes(1))
    assert desk.ask("SELECT text, anger FROM mentions") == [("Acme is fine", 0.0)]
    assert len(desk.noted("Acme")) == 1


def test_an_edit_that_newly_names_a_brand_is_a_mention_from_then_on(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(post)
    desk.bring(_later(post, 1, text="Acme is awful, so is Other"), at=NOON + minutes(1))
    assert [brand for _, brand, _ in desk.ask(MENTIONS)] == ["Acme", "Other"]
    assert desk.noted("Acme", "Other") == [
        "12:00:00 Acme 1 in jsonl::1",
        "12:01:00 Other 1 in jsonl::1",
    ]


def test_an_edit_that_names_a_brand_no_more_takes_the_mention_back(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(post)
    desk.bring(_later(post, 1, text="I take it all back"), at=NOON + minutes(1))
    assert desk.ask(MENTIONS) == []


def test_a_post_edited_within_one_batch_is_heard_once(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(post, _later(post, 1, text="Acme is so awful"), at=NOON + minutes(1))
    assert desk.ask("SELECT text FROM mentions") == [("Acme is so awful",)]
    assert len(desk.noted("Acme")) == 1


def test_an_older_look_at_a_post_does_not_undo_a_newer_one(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful")
    desk.bring(_later(post, 5, text="Acme is fine"), at=NOON + minutes(5))
    desk.bring(_later(post, 4), at=NOON + minutes(6))
    assert desk.ask("SELECT text FROM mentions") == [("Acme is fine",)]


def test_counters_that_move_become_a_time_series(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful", counters=Counters(replies=3))
    desk.bring(post)
    desk.bring(_later(post, 1, counters=Counters(replies=3)), at=NOON + minutes(1))
    desk.bring(_later(post, 2, counters=Counters(replies=9)), at=NOON + minutes(2))
    assert [line.split()[1] for line in desk.noted("replies")] == ["3", "9"]
    assert desk.ask("SELECT replies FROM _count ORDER BY 1") == [(3,), (9,)]


def test_a_page_without_counters_takes_none_away(desk: Desk) -> None:
    post = a_post("1", text="Acme is awful", counters=Counters(replies=3))
    desk.bring(post)
    desk.bring(_later(post, 1, counters=Counters(), text="Acme!"), at=NOON + minutes(1))
    assert desk.ask("SELECT text, replies FROM _post") == [("Acme!", 3)]


def test_counters_read_again_reach_the_rules_with_how_long_we_looked_away(desk: Desk) -> None:
    count = Count(
        thread_id="jsonl::1", counters=Counters(replies=40), root_created_at=NOON - minutes(9)
    )
    desk.bring(counts=(count,), every=minutes(5))
    assert desk.noted("replies") == ["12:00:00 40 replies in jsonl::1"]
    assert desk.ask("SELECT replies FROM _count") == [(40,)]


# ---------------------------------------------------------------- copies, boosts, threads
URI = "https://town.example/users/anna/1"


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_federated_copies_of_one_post_count_once(desk: Desk, is_one_batch: bool) -> None:
    here = a_post("1", text="Acme is awful", host="a.example", uri=URI)
    there = a_post("77", text="Acme is awful", host="b.example", uri=URI, seen_at=NOON + SECOND)
    at = NOON + minutes(1)
    if is_one_batch:
        desk.bring(here, there, at=at)
    else:
        desk.bring(here, at=at)
        desk.bring(there, at=at, feed="other town")
    assert desk.ask("SELECT post_id FROM mentions") == [("jsonl:a.example:post:1",)]
    assert len(desk.noted("Acme")) == 1


def test_an_edit_under_another_id_is_an_edit_and_its_answers_stay_in_the_thread(desk: Desk) -> None:
    # snac2 names a post anew whenever its author edits it
    desk.bring(a_post("1", text="Acme is awfull", uri=URI), at=NOON + minutes(1))
    at = NOON + minutes(2)
    edited = a_post("2", text="Acme is awful", uri=URI, seen_at=at)
    answer = a_post("3", text="so is Acme to me", at=at, parent="2", thread="2")
    desk.bring(edited, at=at)
    desk.bring(answer, at=at)
    assert desk.ask("SELECT post_id, text, thread_id FROM mentions ORDER BY post_id") == [
        ("jsonl::post:1", "Acme is awful", "jsonl::1"),
        ("jsonl::reply:3", "so is Acme to me", "jsonl::1"),
    ]


@pytest.mark.parametrize("uri", [None, URI, URI + "/boost"])
def test_a_boost_under_its_originals_number_overwrites_nothing(desk: Desk, uri: str | None) -> None:
    original = a_post("1", text="Acme is awful", author="anna", uri=URI)
    boost = a_post(
        "1",
        text="",
        author="boris",
        kind=PostKind.BOOST,
        thread="1",
        boost_of="jsonl::1",
        uri=uri,
        at=NOON + minutes(1),
    )
    desk.bring(original)
    desk.bring(boost, at=NOON + minutes(1))
    assert desk.ask("SELECT author, text FROM mentions") == [("anna", "Acme is awful")]
    assert desk.noted("boost") == ["12:01:00 boost 1 in jsonl::1"]
    assert desk.ask("SELECT boosts_seen FROM _thread WHERE thread_id = 'jsonl::1'") == [(1,)]


def test_a_boost_that_repeats_a_brands_name_is_no_mention(desk: Desk) -> None:
    boost = a_post("2", text="Acme is awful", kind=PostKind.BOOST, thread="1")
    assert desk.bring(boost).mentions == 0


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a_reply_that_names_its_parent_alone_lands_in_the_roots_thread(
    desk: Desk, is_one_batch: bool
) -> None:
    root = a_post("1", text="Acme is awful")
    reply = a_post("2", text="so it is", parent="1", thread="1", at=NOON + SECOND)
    deeper = a_post("3", text="and how", parent="2", thread="2", at=NOON + 2 * SECOND)
    at = NOON + minutes(1)
    for batch in [[root, reply, deeper]] if is_one_batch else [[root], [reply], [deeper]]:
        desk.bring(*batch, at=at)
    assert desk.ask("SELECT DISTINCT thread_id FROM _post") == [("jsonl::1",)]
    assert [line.split(" ", 1)[1] for line in desk.noted("reply")] == [
        "reply 2 in jsonl::1",
        "reply 3 in jsonl::1",
    ]


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a_boost_on_the_way_hides_no_root_from_a_reply(desk: Desk, is_one_batch: bool) -> None:
    root = a_post("1", text="Acme is awful")
    reply = a_post("2", text="Acme again", parent="1", thread="1", at=NOON + SECOND)
    boost = a_post(
        "2",
        text="",
        author="boris",
        kind=PostKind.BOOST,
        boost_of="jsonl::2",
        thread="2",
        at=NOON + 2 * SECOND,
    )
    deeper = a_post("3", text="Acme, really", parent="2", thread="2", at=NOON + 3 * SECOND)
    at = NOON + minutes(1)
    desk.bring(root, reply, at=at)
    for batch in [[boost, deeper]] if is_one_batch else [[boost], [deeper]]:
        desk.bring(*batch, at=at)
    assert desk.ask("SELECT thread_id FROM mentions WHERE post_id LIKE '%:3'") == [("jsonl::1",)]


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a_reply_that_comes_before_its_root_stands_in_its_thread(
    desk: Desk, is_one_batch: bool
) -> None:
    root = a_post("1", text="Acme is awful", at=NOON - minutes(1), seen_at=NOON + SECOND)
    reply = a_post("2", text="Acme again", parent="1", thread="1")
    at = NOON + minutes(1)
    for batch in [[reply, root]] if is_one_batch else [[reply], [root]]:
        desk.bring(*batch, at=at)
    assert desk.ask("SELECT DISTINCT thread_id FROM mentions") == [("jsonl::1",)]


# ---------------------------------------------------------------- what only teaches
def _pile(count: int, at: datetime = NOON) -> list[Post]:
    """Return a root and angry replies to it, a second apart, each from somebody else."""
    root = a_post("root", text="Acme is awful", at=at - minutes(4))
    return [replace(root, seen_at=at)] + [
        a_post(
            f"r{n}",
            text=f"awful awful Acme {n}",
            author=f"user{n}",
            parent="root",
            thread="root",
            at=at - minutes(3) + n * SECOND,
            seen_at=at,
        )
        for n in range(count)
    ]


def test_a_storm_that_comes_live_rings(folder: Path) -> None:
    desk = Desk(folder, Spike(BRANDS), PileOn(BRANDS))
    desk.bring(*_pile(60))
    assert len(desk.incidents()) == 1
    desk.store.close()


def test_a_storm_that_a_first_poll_reads_back_teaches_and_never_rings(folder: Path) -> None:
    desk = Desk(folder, Diary(), Spike(BRANDS), PileOn(BRANDS))
    posts = _pile(60)
    desk.bring(*reversed(posts), is_first=True)
    desk.pass_time(NOON + minutes(30))
    assert desk.incidents() == []
    noted = desk.noted("(history)")
    assert len(noted) == len(posts)
    assert noted[0].split()[2] == "root"
    desk.store.close()


def test_a_storm_that_is_older_than_two_hours_never_rings(folder: Path) -> None:
    desk = Desk(folder, Diary(), Spike(BRANDS), PileOn(BRANDS))
    late = NOON + minutes(130)
    desk.bring(*(replace(post, seen_at=late) for post in _pile(60)), at=late)
    assert desk.incidents() == []
    assert len(desk.noted("(history)")) == 61
    desk.store.close()


def test_a_post_of_just_two_hours_may_ring(desk: Desk) -> None:
    at = NOON + minutes(120)
    desk.bring(a_post("1", at=NOON, seen_at=at), at=at)
    desk.bring(a_post("2", at=NOON, seen_at=at + SECOND), at=at + SECOND)
    assert [line.endswith("(history)") for line in desk.noted("Acme 1", "Acme 2")] == [False, True]


# ---------------------------------------------------------------- time
def test_a_tick_comes_for_each_whole_minute_from_the_clock_on_and_before_now(desk: Desk) -> None:
    desk.bring(a_post("1"), at=NOON)
    at = NOON + minutes(3)
    desk.bring(a_post("2", at=at), at=at)
    assert desk.noted("tick") == ["12:00:00 tick", "12:01:00 tick", "12:02:00 tick"]
    assert desk.noted()[-1].endswith("Acme 2 in jsonl::2")
    desk.bring(a_post("3", at=at + SECOND), at=at + SECOND)
    assert desk.noted("tick", "Acme")[-2:] == ["12:03:00 tick", "12:03:01 Acme 3 in jsonl::3"]


def test_no_minute_is_told_twice_however_often_we_look(folder: Path) -> None:
    class Bells(Diary):
        """A diary that wants even the minute that it has just heard of."""

        name = "bells"

        def wakes_at(self, state: Pages) -> datetime | None:
            return state.wakes_at - minutes(1)

    desk = Desk(folder, Bells())
    desk.bring(a_post("1"), at=NOON)
    for seconds in (30, 61, 62, 119, 120, 121):
        desk.processor.process(Arrivals(at=NOON + seconds * SECOND))
    ticks = desk.noted("tick", name="bells")
    assert ticks == ["12:00:00 tick", "12:01:00 tick", "12:02:00 tick"]
    desk.store.close()


def test_a_post_from_the_future_moves_no_clock(desk: Desk) -> None:
    desk.bring(a_post("1", at=NOON + minutes(500), seen_at=NOON + minutes(500)), at=NOON)
    assert desk.processor.clock == NOON
    assert desk.ask("SELECT created_at, flags FROM mentions") == [
        ("2026-03-02T12:00:00.000000Z", "clamped")
    ]


def test_a_live_watch_that_stood_still_did_not_watch(desk: Desk) -> None:
    desk.bring(a_post("1"), at=NOON)
    at = NOON + minutes(40)
    desk.bring(a_post("2", at=at), at=at)
    assert desk.noted("unwatched") == [
        "12:40:00 Acme unwatched since 12:00:00",
        "12:40:00 Other unwatched since 12:00:00",
    ]
    assert desk.noted("tick") == ["12:40:00 tick"]


def test_a_replay_takes_a_gap_for_a_quiet_time(folder: Path) -> None:
    desk = Desk(folder, is_live=False)
    desk.bring(a_post("1"), at=NOON)
    at = NOON + minutes(40)
    desk.bring(a_post("2", at=at), at=at)
    assert len(desk.noted("tick")) == 40
    assert desk.noted("unwatched since 12:00:00") == [
        "12:00:00 Acme unwatched since 12:00:00",
        "12:00:00 Other unwatched since 12:00:00",
    ]
    desk.store.close()


def test_who_starts_again_goes_on_where_the_last_one_stood(desk: Desk) -> None:
    desk.bring(a_post("1"), at=NOON)
    desk.start()
    assert desk.processor.clock == NOON
    at = NOON + minutes(2)
    desk.bring(a_post("1", seen_at=at), a_post("2", at=at), at=at)
    assert desk.noted() == [
        "12:00:00 Acme 1 in jsonl::1",
        "12:00:00 tick",
        "12:01:00 tick",
        "12:02:00 Acme 2 in jsonl::2",
    ]


# ---------------------------------------------------------------- a database that takes nothing
def test_a_batch_that_the_database_does_not_take_changes_nothing_and_may_come_again(
    desk: Desk,
) -> None:
    desk.bring(a_post("1"), at=NOON, cursor={"since": "1"})
    before = (desk.ask("SELECT * FROM _post"), desk.noted(), desk.processor.clock)
    at = NOON + minutes(2)
    batch = Arrivals(at=at, feed="town", posts=(a_post("2", at=at),), cursor={"since": "2"})
    with desk.locked(), pytest.raises(StoreBusy):
        desk.processor.process(batch)
    assert (desk.ask("SELECT * FROM _post"), desk.noted(), desk.processor.clock) == before
    report = desk.processor.process(batch)
    assert report.kept == 1
    assert desk.noted() == [
        "12:00:00 Acme 1 in jsonl::1",
        "12:00:00 tick",
        "12:01:00 tick",
        "12:02:00 Acme 2 in jsonl::2",
    ]
    with desk.store.reading() as look:
        assert look.cursor("town") == {"since": "2"}


# ---------------------------------------------------------------- rules and scorers that fail
def test_a_rule_that_crashes_sets_its_post_aside_and_the_watch_goes_on(folder: Path) -> None:
    desk = Desk(folder, Fragile(), Diary(), Watch(BRANDS))
    report = desk.bring(
        a_post("1"), a_post("2", text="Acme crash"), a_post("3", at=NOON + SECOND), at=NOON + SECOND
    )
    assert (report.quarantined, report.mentions) == (1, 3)
    ((post_id, trace),) = desk.ask("SELECT post_id, traceback FROM _quarantine")
    assert post_id == "jsonl::post:2"
    assert "ZeroDivisionError: a rule of somebody's" in trace
    assert [line.split()[2] for line in desk.noted("Acme", name="fragile")] == ["1", "3"]
    assert [line.split()[2] for line in desk.noted("Acme")] == ["1", "2", "3"]
    assert len(desk.ask(MENTIONS)) == 3
    (incident,) = desk.incidents()
    assert (incident.subject, incident.kind, incident.brand) == ("quarantine", "trouble", None)
    assert "jsonl::post:2" in incident.alerts[0].reason
    desk.store.close()


def test_an_hour_without_a_crash_closes_the_quarantines_incident(folder: Path) -> None:
    desk = Desk(folder, Fragile(), Watch(BRANDS))
    desk.bring(a_post("1", text="Acme crash"))
    desk.pass_time(NOON + minutes(59))
    assert [incident.status for incident in desk.incidents()] == [Status.OPEN]
    desk.start()
    desk.pass_time(NOON + minutes(62), since=NOON + minutes(59))
    assert [incident.status for incident in desk.incidents()] == [Status.RESOLVED]
    desk.store.close()


def test_a_rule_that_crashes_on_everything_stops_nothing(folder: Path) -> None:
    desk = Desk(folder, Broken(), Diary(), Watch(BRANDS))
    assert desk.bring(a_post("1")).mentions == 1
    desk.pass_time(NOON + minutes(2))
    assert [line.split()[2] for line in desk.noted("Acme 1")] == ["1"]
    assert len(desk.noted("tick")) == 3
    assert [incident.subject for incident in desk.incidents()] == ["quarantine"]
    desk.store.close()


def test_posts_that_a_scorer_fails_on_are_kept_as_not_judged(folder: Path) -> None:
    desk = Desk(folder, scorer=DeafEar())
    report = desk.bring(a_post("1", text="Acme is awful"))
    assert (report.mentions, report.not_judged) == (1, 1)
    assert desk.ask("SELECT sentiment, anger, judged, scorer FROM mentions") == [
        (None, None, 0, "deaf (failed)")
    ]
    desk.store.close()


def test_a_scorer_that_fails_is_a_trouble_that_says_what_to_do(folder: Path) -> None:
    desk = Desk(folder, Watch(BRANDS), scorer=DeafEar())
    desk.bring(a_post("1", text="Acme is awful"))
    (incident,) = desk.incidents()
    assert (incident.subject, incident.kind) == ("scorer", "trouble")
    reason = incident.alerts[0].reason
    assert "the scorer deaf fails (the model's file is gone)" in reason
    assert "'emberwatch mention rescore --failed'" in reason
    desk.pass_time(NOON + minutes(62))
    assert not desk.incidents()[0].alerts[0].is_open
    desk.store.close()


class Choosy(Ear):
    """A scorer that fails on whole batches that hold one word."""

    def score(self, texts: Sequence[Text]) -> list[Score]:
        if any("poison" in text.text for text in texts):
            raise ScoringFailed("poison")
        return super().score(texts)


def test_one_text_that_a_scorer_fails_on_costs_the_others_nothing(folder: Path) -> None:
    desk = Desk(folder, scorer=Choosy())
    desk.bring(a_post("1", text="Acme is awful"), a_post("2", text="Acme poison", author="b"))
    assert desk.ask("SELECT anger, scorer FROM mentions ORDER BY post_id") == [
        (0.9, "ear"),
        (None, "ear (failed)"),
    ]
    desk.store.close()


# ---------------------------------------------------------------- the health of feeds
EVERY = minutes(5)


def _poll(desk: Desk, minute: float, why: str = "", **facts: object) -> Report:
    at = NOON + minutes(minute)
    facts.setdefault("listed", 0 if why else 20)
    read = FeedRead(at=at, feed="town", every=EVERY, why=why, **facts)
    return desk.bring(at=at, read=read, every=EVERY)


@pytest.fixture
def watched(folder: Path) -> Iterator[Desk]:
    desk = Desk(
        folder, Diary(), Watch(BRANDS), feeds_of={"Acme": ("town",), "Other": ()}, feeds={"town"}
    )
    yield desk
    desk.store.close()


HEALTH = "SELECT feed, source, last_ok_at, blind_since, why FROM feeds_health"


def test_a_feed_that_reads_well_has_a_row_that_says_so(watched: Desk) -> None:
    _poll(watched, 0)
    assert watched.ask(HEALTH) == [("town", "jsonl", "2026-03-02T12:00:00.000000Z", None, "")]
    assert watched.processor.health["town"].blind_since is None


def test_a_feed_that_fails_long_enough_is_blind_in_health_and_in_an_incident(
    watched: Desk,
) -> None:
    for minute in (0, 5, 10):
        _poll(watched, minute, why="timed out" if minute else "")
    assert watched.incidents() == []
    assert watched.processor.health["town"].why == "timed out"
    report = _poll(watched, 15, why="timed out")
    (incident,) = report.incidents
    assert (incident.subject, incident.kind, incident.brand) == ("town", "watch_blind", None)
    assert report.notifications == 1
    ((_, _, last_ok_at, blind_since, why),) = watched.ask(HEALTH)
    assert (last_ok_at, blind_since) == ("2026-03-02T12:00:00.000000Z",) * 2
    assert "timed out" in why


def test_a_feed_that_nobody_polls_is_blind_by_the_clock_alone(watched: Desk) -> None:
    _poll(watched, 0)
    watched.pass_time(NOON + minutes(14))
    assert watched.incidents() == []
    watched.pass_time(NOON + minutes(16), since=NOON + minutes(14))
    assert [incident.subject for incident in watched.incidents()] == ["town"]


def test_a_feed_that_reads_again_closes_its_incident(watched: Desk) -> None:
    for minute in (0, 5, 10, 15):
        _poll(watched, minute, why="timed out" if minute else "")
    _poll(watched, 20)
    (incident,) = watched.incidents()
    assert incident.status is Status.RESOLVED
    assert watched.ask("SELECT blind_since, why FROM feeds_health") == [(None, "")]


def test_a_brand_whose_only_feed_is_blind_is_not_watched_meanwhile(watched: Desk) -> None:
    for minute in (0, 5, 10, 15):
        _poll(watched, minute, why="timed out" if minute else "")
    assert watched.noted("unwatched") == []
    watched.pass_time(NOON + minutes(18), since=NOON + minutes(15))
    begun = ["12:16:00 Acme unwatched since 12:16:00", "12:16:00 Other unwatched since 12:16:00"]
    blind = [line for line in watched.noted("unwatched") if line not in begun]
    assert blind[1:] == [
        "12:16:00 Acme unwatched since 12:15:00",
        "12:17:00 Acme unwatched since 12:16:00",
        "12:18:00 Acme unwatched since 12:17:00",
    ]


def test_the_watch_of_a_brand_begins_though_a_first_poll_read_back_posts_of_it(
    watched: Desk,
) -> None:
    def begun() -> list[tuple[str, datetime, datetime]]:
        with watched.store.reading() as look:
            return [(time.brand, time.since, time.at) for time in look.unwatched()]

    old = a_post("old", text="Acme is fine", at=NOON - 5 * minutes(1440), seen_at=NOON)
    watched.processor.process(Arrivals(at=NOON, feed="town", posts=[old], is_first=True))
    assert begun() == []
    watched.pass_time(NOON + minutes(2))
    at = NOON + minutes(1) + SECOND / 10
    assert begun() == [("Acme", at, at), ("Other", at, at)]
    watched.start()
    watched.pass_time(NOON + minutes(5), since=NOON + minutes(3))
    assert len(begun()) == 2


def test_a_watch_that_was_interrupted_before_it_began_begins_after_the_gap(watched: Desk) -> None:
    old = a_post("old", text="Acme is fine", at=NOON - 5 * minutes(1440), seen_at=NOON)
    watched.processor.process(Arrivals(at=NOON, feed="town", posts=[old], is_first=True))
    watched.start()
    watched.pass_time(NOON + minutes(62), since=NOON + minutes(60))
    with watched.store.reading() as look:
        times = look.unwatched()
    assert [time.brand for time in times if time.since < time.at] == ["Acme", "Other"]
    assert [time.brand for time in times if time.since == time.at] == ["Acme", "Other"]


def test_a_feed_that_is_no_longer_configured_is_watched_no_longer(watched: Desk) -> None:
    _poll(watched, 0)
    watched.start(feeds=frozenset())
    watched.pass_time(NOON + minutes(60))
    assert watched.incidents() == []
    with watched.store.reading() as look:
        assert [row.key for row in look.states() if row.detector == "watch"] == []


def test_the_incident_of_a_blind_feed_that_was_taken_out_does_not_stay_open(watched: Desk) -> None:
    for minute in (0, 5, 10, 15):
        _poll(watched, minute, why="timed out" if minute else "")
    assert [incident.status for incident in watched.incidents()] == [Status.OPEN]
    watched.start(feeds=frozenset())
    watched.pass_time(NOON + minutes(20), since=NOON + minutes(15))
    assert [incident.status for incident in watched.incidents()] == [Status.RESOLVED]


def test_a_part_that_is_checked_reaches_the_rules_and_its_trouble_the_people(
    watched: Desk,
) -> None:
    why = "the receiver answered 410"
    checked = PartChecked(at=NOON, part="notifier ops", why=why)
    report = watched.processor.process(Arrivals(at=NOON, parts=(checked,)))
    assert [incident.alerts[0].reason for incident in report.incidents] == [why]
    well = PartChecked(at=NOON + minutes(2), part="notifier ops")
    watched.processor.process(Arrivals(at=NOON + minutes(2), parts=(well,)))
    assert [incident.status for incident in watched.incidents()] == [Status.RESOLVED]


def test_a_pause_of_ten_minutes_blinds_no_feed(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "watch.db")) as store:
        brands = {"Acme": a_brand()}
        watch = Watch(brands)

        def started() -> Processor:
            return Processor(
                policy=Policy(brands=brands, detectors=(watch,)),
                store=store,
                scorer=Vader(),
                encode=encode_state,
                decode=decode_state,
                recall=lambda _: States(()),
                is_live=True,
                feeds={"town"},
            )

        def polled(processor: Processor, at: datetime) -> None:
            read = FeedRead(at=at, feed="town", every=minutes(1), listed=3)
            processor.process(Arrivals(at=at, feed="town", source="jsonl", read=read))

        before = started()
        for minute in range(5):
            polled(before, NOON + minutes(minute))
        again = NOON + minutes(14) + timedelta(seconds=20)
        after = started()
        after.process(Arrivals(at=again))
        polled(after, again + timedelta(seconds=1))
        with store.reading() as look:
            assert look.incidents() == []


def test_a_date_of_tomorrow_makes_nothing_else_look_old(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "watch.db")) as store:
        brands = {"Acme": a_brand()}
        processor = Processor(
            policy=Policy(brands=brands, detectors=()),
            store=store,
            scorer=Vader(),
            encode=encode_state,
            decode=decode_state,
            recall=lambda _: States(()),
            is_live=True,
        )

        def fresh(at: datetime, *posts: Post) -> int:
            return processor.process(Arrivals(at=at, feed="town", posts=posts)).fresh

        future = a_post("f", at=NOON + minutes(50), seen_at=NOON)
        undated = a_post("u", at=NOON, flags=frozenset({Flag.UNDATED}))
        assert fresh(NOON, future, undated) == 2
        later = NOON + minutes(5)
        again = [replace(post, seen_at=later) for post in (future, undated)]
        assert fresh(later, *again, a_post("n", at=later)) == 1


# ---------------------------------------------------------------- afterwards
def test_a16_a_follow_up_that_has_come_is_told_once(desk: Desk) -> None:
    incident = replace(
        triage.open_incident(an_alert(), {}, None),
        status=Status.RESOLVED,
        closed_at=NOON,
        follow_up_at=NOON + minutes(3),
    )
    with desk.store.writing() as tx:
        tx.record(Ledger(incidents=(incident,)))
    desk.pass_time(NOON + minutes(2))
    assert [each.id for each in desk.incidents()] == [incident.id]
    desk.pass_time(NOON + minutes(9), since=NOON + minutes(2))
    old, asked = desk.incidents()
    assert (asked.kind, asked.previous_id) == (AlertKind.FOLLOW_UP_DUE, incident.id)
    assert old.follow_up_at is None
    told = desk.ask("SELECT incident_id FROM deliveries")
    assert told == [(asked.id,)]
