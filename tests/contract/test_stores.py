"""What every store must do, whatever it keeps its things in."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emberwatch.core.respond.clocks import Told
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.errors import StoreBusy
from emberwatch.model.event import Unwatched
from emberwatch.model.incident import (
    Action,
    Encounter,
    Exhibit,
    History,
    Incident,
    Recurrence,
    Resolution,
    Severity,
    Status,
    Step,
    Waiting,
)
from emberwatch.model.mention import Correction, Mention, Score, Voice
from emberwatch.model.notification import DeliveryState, Notification, Owed
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind
from emberwatch.model.sign import Amount, Sign, SignKind, Threat
from emberwatch.model.silence import Silence
from emberwatch.ports import (
    Conversation,
    Count,
    FeedHealth,
    Known,
    Ledger,
    Root,
    Store,
    StoredCount,
    StoredPost,
    StoredState,
    Try,
)
from emberwatch.store.memory import MemoryStore
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, a_post, an_alert, minutes

DAY = timedelta(days=1)
LEASE = timedelta(minutes=2)


def _sqlite(folder: Path) -> Store:
    return open_store(folder / "emberwatch.db", patience=timedelta(milliseconds=50))


def _memory(folder: Path) -> Store:
    return MemoryStore()


@pytest.fixture(params=[_sqlite, _memory], ids=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make: Callable[[Path], Store] = request.param
    store = make(tmp_path)
    yield store
    store.close()


def record(store: Store, **changes: object) -> None:
    with store.writing() as tx:
        tx.record(Ledger(**changes))  # type: ignore[arg-type]


def an_incident(id: str = "inc-1", **facts: object) -> Incident:
    values: dict[str, object] = {
        "brand": "Acme",
        "subject": "Acme",
        "severity": Severity.HIGH,
        "opened_at": NOON,
        "last_alert_at": NOON,
        "alerts": (an_alert(),),
    }
    return Incident(id=id, **(values | facts))  # type: ignore[arg-type]


def an_exhibit(post_id: str = "jsonl::post:1", **facts: object) -> Exhibit:
    values: dict[str, object] = {
        "author": "anna",
        "followers": 12,
        "created_at": NOON,
        "url": "https://example.org/anna/1",
        "language": "en",
        "text": "Acme lost my parcel again",
        "sentiment": -0.8,
        "anger": 0.8,
        "matched": "acme",
        "thread_id": "jsonl::1",
        "why": ("lost", "ужас"),
        "signs": (
            Sign(
                kind=SignKind.MONEY,
                words=("refund",),
                amounts=(Amount(value=120.5, currency="EUR"),),
                days=(45.0,),
            ),
            Sign(kind=SignKind.THREAT, words=("в суд",), threats=(Threat.LEGAL,)),
        ),
        "themes": ("възстановяване",),
    }
    return Exhibit(post_id=post_id, **(values | facts))  # type: ignore[arg-type]


def a_notification(id: str = "note-1", **facts: object) -> Notification:
    values: dict[str, object] = {
        "incident_id": "inc-1",
        "notifier": "ops",
        "type": "incident.opened",
        "sequence": 1,
        "payload": '{"schema": "emberwatch.incident/1"}',
        "created_at": NOON,
        "next_try_at": NOON,
    }
    return Notification(id=id, **(values | facts))  # type: ignore[arg-type]


def claimed(store: Store, at: datetime, most: int = 10, notifier: str | None = None) -> list[str]:
    with store.writing() as tx:
        return [each.id for each in tx.claim(at, LEASE, most, notifier)]


def outbox(store: Store) -> dict[str, Notification]:
    with store.reading() as look:
        return {each.id: each for each in look.notifications()}


# ---------------------------------------------------------------- transactions
def test_an_empty_store_answers_everything_with_nothing(store: Store) -> None:
    with store.reading() as look:
        assert look.clock() is None
        assert look.known(["jsonl::post:1"], ["https://example.org/1"]) == {}
        assert look.threads(["jsonl::1"]) == {}
        assert look.mentions(["jsonl::post:1"], "Acme") == {}
        assert look.mentions_of("jsonl::post:1") == ()
        assert look.latest_mentions() == []
        assert look.corrections() == []
        assert look.voices("Acme", NOON - DAY, NOON + DAY) == []
        assert look.told(["inc-1"]) == {}
        assert list(look.states()) == []
        assert look.cursor("town") == {}
        assert look.health() == {}
        assert look.roots(NOON, NOON, 20) == ()
        assert look.gathering() == ()
        assert look.latest("Acme", "Acme") is None
        assert look.incident("inc-1") is None
        assert look.incidents() == []
        assert look.incident_of_alert("spike:Acme:1") is None
        assert look.notifications() == []
        assert look.disabled() == {}
        assert look.due(NOON) == ()
        statistics = look.statistics(NOON)
    assert (statistics.posts, statistics.brands, dict(statistics.posts_by_feed)) == (0, (), {})
    assert (statistics.waiting, statistics.oldest_waiting_at, statistics.dead) == (0, None, 0)


def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    def write_halfway() -> None:
        with store.writing() as tx:
            tx.record(Ledger(posts=(a_post("1"),), clock=NOON, notifications=(a_notification(),)))
            tx.disable("ops", NOON, "gone")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        write_halfway()
    with store.reading() as look:
        assert look.clock() is None
        assert look.known(["jsonl::post:1"], []) == {}
        assert look.notifications() == []
        assert look.disabled() == {}


def test_a_writing_sees_what_it_wrote_itself(store: Store) -> None:
    with store.writing() as tx:
        tx.record(Ledger(clock=NOON, incidents=(an_incident(),)))
        assert tx.clock() == NOON
        assert [each.id for each in tx.gathering()] == ["inc-1"]


def test_a_reading_does_not_see_what_is_committed_while_it_is_open(store: Store) -> None:
    record(store, clock=NOON)
    with store.reading() as look:
        assert look.clock() == NOON
        record(store, clock=NOON + minutes(1), posts=(a_post("1"),))
        assert look.clock() == NOON
        assert look.known(["jsonl::post:1"], []) == {}
    with store.reading() as look:
        assert look.clock() == NOON + minutes(1)


def test_a_reading_that_an_exception_leaves_spoils_nothing(store: Store) -> None:
    record(store, clock=NOON)

    def read_halfway() -> None:
        with store.reading() as look:
            look.clock()
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        read_halfway()
    record(store, clock=NOON + minutes(1))
    with store.reading() as look:
        assert look.clock() == NOON + minutes(1)


def test_two_readings_may_be_open_at_once(store: Store) -> None:
    record(store, clock=NOON)
    with store.reading() as one, store.reading() as other:
        assert one.clock() == other.clock() == NOON


def test_a_second_writing_is_refused_while_the_first_is_open(store: Store) -> None:
    with store.writing(), pytest.raises(StoreBusy), store.writing():
        pytest.fail("the second writing was opened")


def test_it_can_be_written_again_after_a_refusal(store: Store) -> None:
    with store.writing(), pytest.raises(StoreBusy), store.writing():
        pytest.fail("the second writing was opened")
    record(store, clock=NOON)
    with store.reading() as look:
        assert look.clock() == NOON


# ---------------------------------------------------------------- posts and mentions
def a_full_post(**facts: object) -> Post:
    values: dict[str, object] = {
        "source": "mastodon",
        "host": "town.example:8443",
        "kind": PostKind.REPLY,
        "native_id": "77",
        "author": Author(handle="anna", name="Anna Ä.", followers=1200, is_verified=True),
        "text": "Never again\n\nДа ви се не види 😡",
        "title": "Never again",
        "created_at": NOON - minutes(3),
        "seen_at": NOON,
        "url": "https://town.example/@anna/77",
        "uri": "https://town.example/users/anna/statuses/77",
        "language": "bg",
        "parent_id": "mastodon:town.example:8443:70",
        "thread_id": "mastodon:town.example:8443:7",
        "quote_of": "mastodon:town.example:8443:5",
        "edited_at": NOON - minutes(1),
        "counters": Counters(replies=1, boosts=2, quotes=3, likes=4, views=None),
        "flags": frozenset({Flag.CLAMPED, Flag.UNDATED}),
    }
    return Post(**(values | facts))  # type: ignore[arg-type]


def a_full_mention(post: Post) -> Mention:
    return Mention(
        brand='O\'Acme "the" best',
        post=post,
        score=Score(
            sentiment=-0.91,
            negative=0.875,
            anger=0.7,
            language="bg",
            confidence=0.5,
            judged=True,
            scorer="auto",
            version="3",
            why=("never", "не"),
        ),
        matched="acme, #acme",
        feed="town",
        fingerprint="f00d",
        themes=("възстановяване", "late"),
    )


def test_a_mention_comes_back_as_it_was_given(store: Store) -> None:
    mention = a_full_mention(a_full_post())
    record(store, posts=(mention.post,), mentions=(mention,))
    with store.reading() as look:
        found = look.mentions([mention.post.id, "other"], mention.brand)
    assert found == {mention.post.id: mention}


def test_a_mention_belongs_to_its_brand_alone(store: Store) -> None:
    mine = a_mention("1", brand="Acme")
    record(store, posts=(mine.post,), mentions=(mine, a_mention("1", brand="Bolt", anger=None)))
    with store.reading() as look:
        assert look.mentions([mine.post.id], "Acme")[mine.post.id].score.anger == 0.8
        assert look.mentions([mine.post.id], "Bolt")[mine.post.id].score.anger is None
        assert look.mentions([mine.post.id], "Cola") == {}


def test_known_tells_posts_by_id_and_by_uri(store: Store) -> None:
    post = a_full_post()
    other = a_post("2")
    record(store, posts=(post, other), mentions=(a_full_mention(post),))
    expected = Known(
        id=post.id,
        seen_at=NOON,
        text=post.text,
        counters=post.counters,
        is_mention=True,
    )
    assert post.uri is not None
    with store.reading() as look:
        assert look.known([post.id], []) == {post.id: expected}
        assert look.known([], [post.uri, "https://else.example/1"]) == {post.uri: expected}
        assert look.known([other.id], [])[other.id].is_mention is False
        assert set(look.known([post.id, other.id, "x"], [post.uri])) == {
            post.id,
            other.id,
            post.uri,
        }


def test_a_boost_that_bears_the_id_of_its_post_is_another_post(store: Store) -> None:
    post = a_post("1", text="the original")
    boost = a_post("1", kind=PostKind.BOOST, text="", boost_of=post.key)
    record(store, posts=(post, boost))
    with store.reading() as look:
        known = look.known([post.id, boost.id], [])
        assert look.threads([post.key]) == {post.key: post.key}
    assert known[post.id].text == "the original"
    assert known[boost.id].text == ""


def test_threads_names_the_thread_of_a_stored_reply(store: Store) -> None:
    record(store, posts=(a_post("1"), a_post("2", thread="1", parent="1")))
    with store.reading() as look:
        found = look.threads(["jsonl::1", "jsonl::2", "jsonl::3"])
    assert found == {"jsonl::1": "jsonl::1", "jsonl::2": "jsonl::1"}


def test_a_post_given_twice_stays_as_it_first_came(store: Store) -> None:
    record(store, posts=(a_post("1", text="first"),))
    record(store, posts=(a_post("1", text="second"), a_post("2"), a_post("2", text="x")))
    with store.reading() as look:
        known = look.known(["jsonl::post:1", "jsonl::post:2"], [])
        assert look.statistics(NOON).posts == 2
    assert known["jsonl::post:1"].text == "first"
    assert known["jsonl::post:2"].text == "Acme lost my parcel again"


def test_an_edit_changes_the_words_but_not_when_it_was_first_seen(store: Store) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    later = NOON + minutes(9)
    edit = replace(
        mention.post,
        text="Acme found it",
        edited_at=later,
        seen_at=later,
        counters=Counters(likes=3),
    )
    record(store, edits=(edit,), mentions=(replace(mention, post=edit, matched="acme!"),))
    with store.reading() as look:
        known = look.known([edit.id], [])[edit.id]
        found = look.mentions([edit.id], "Acme")[edit.id]
    assert known.text == "Acme found it"
    assert known.seen_at == later
    assert known.counters == Counters(likes=3)
    assert known.is_mention
    assert found == replace(mention, post=replace(edit, seen_at=NOON), matched="acme!")


def test_an_edit_that_speaks_of_the_brand_no_more_takes_its_mention_away(store: Store) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    record(store, edits=(replace(mention.post, text="never mind"),))
    with store.reading() as look:
        assert look.mentions([mention.post.id], "Acme") == {}
        assert not look.known([mention.post.id], [])[mention.post.id].is_mention


def test_an_edit_of_the_counters_alone_keeps_the_mention(store: Store) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    record(store, edits=(replace(mention.post, counters=Counters(replies=5)),))
    with store.reading() as look:
        found = look.mentions([mention.post.id], "Acme")[mention.post.id]
    assert found.post.counters == Counters(replies=5)
    assert found.score == mention.score


def test_a_post_may_begin_to_speak_of_a_brand_when_it_is_edited(store: Store) -> None:
    record(store, posts=(a_post("1", text="hm"),))
    mention = a_mention("1", text="hm, Acme")
    record(store, edits=(mention.post,), mentions=(mention,))
    with store.reading() as look:
        assert look.known([mention.post.id], [])[mention.post.id].is_mention
        assert look.mentions([mention.post.id], "Acme") == {mention.post.id: mention}


def test_a_post_that_comes_and_is_edited_in_one_batch_is_kept_as_edited(store: Store) -> None:
    first = a_mention("1", text="Acme is bad")
    edited = a_mention("1", text="Acme is very bad", at=NOON + minutes(1))
    record(store, posts=(first.post,), edits=(edited.post,), mentions=(first, edited))
    with store.reading() as look:
        found = look.mentions([first.post.id], "Acme")[first.post.id]
    assert found.post.text == "Acme is very bad"


def test_a_mention_that_an_edit_in_the_same_batch_undid_is_not_kept(store: Store) -> None:
    first = a_mention("1", text="Acme is bad")
    edit = a_post("1", text="never mind", at=NOON + minutes(1))
    record(store, posts=(first.post,), edits=(edit,), mentions=(first,))
    with store.reading() as look:
        assert look.mentions([first.post.id], "Acme") == {}
        assert look.known([first.post.id], [])[first.post.id].is_mention is False


# ---------------------------------------------------------------- feeds, states, clock
def test_the_cursor_is_committed_with_its_feed(store: Store) -> None:
    record(store, feed="town", cursor={"min_id": "7", "etag": '"ä"'})
    record(store, feed="hn", cursor={"since": "9"})
    record(store, feed="town", cursor={"min_id": "8"})
    record(store, feed="town")
    with store.reading() as look:
        assert look.cursor("town") == {"min_id": "8"}
        assert look.cursor("hn") == {"since": "9"}


def test_health_is_kept_a_feed(store: Store) -> None:
    well = FeedHealth(feed="town", source="mastodon", last_ok_at=NOON, next_poll_at=NOON)
    blind = FeedHealth(
        feed="hn",
        source="hackernews",
        last_ok_at=NOON - DAY,
        last_post_at=NOON - DAY,
        blind_since=NOON,
        why="503",
        failures=3,
    )
    record(store, health=(replace(well, failures=2), blind))
    record(store, health=(well,))
    with store.reading() as look:
        assert look.health() == {"hn": blind, "town": well}


def test_posts_come_back_in_the_order_in_which_they_came(store: Store) -> None:
    with store.reading() as look:
        assert list(look.posts()) == []
    said, mine = a_mention("1"), a_mention("3")
    also = replace(mine, brand="Other")
    reply = a_post("2", parent="1", thread="1")
    late = a_post("4", at=NOON - DAY, kind=PostKind.BOOST, thread="1")
    record(
        store,
        feed="town",
        posts=(said.post, reply, mine.post),
        mentions=(said, also, mine),
    )
    record(store, feed="village", posts=(late,))
    with store.reading() as look:
        assert list(look.posts()) == [
            StoredPost(post=said.post, feed="town", mentions=(said,)),
            StoredPost(post=reply, feed="town"),
            StoredPost(post=mine.post, feed="town", mentions=(mine, also)),
            StoredPost(post=late, feed="village"),
        ]


def test_a_post_comes_with_the_counters_that_were_read_with_it_first(store: Store) -> None:
    root = a_mention("1", counters=Counters(replies=3, likes=9))
    again = replace(root.post, seen_at=NOON + DAY, counters=Counters(replies=8))
    count = Count(thread_id=root.post.key, counters=root.post.counters, root_created_at=NOON)
    record(store, feed="town", posts=(root.post,), mentions=(root,), counts=((NOON, count),))
    later = replace(count, counters=again.counters)
    unknown = replace(count, thread_id="jsonl::99")
    record(
        store,
        feed="town",
        edits=(again,),
        counts=((NOON + DAY, later), (NOON + DAY / 2, unknown)),
    )
    with store.reading() as look:
        (stored,) = look.posts()
        assert stored.counted == Counters(replies=3, likes=9)
        assert list(look.counts()) == [
            StoredCount(at=NOON + DAY / 2, count=unknown),
            StoredCount(at=NOON + DAY, count=later, feed="town"),
        ]


def test_an_erased_post_comes_back_without_its_words(store: Store) -> None:
    said = a_mention("1")
    record(store, feed="town", posts=(said.post,), mentions=(said,))
    with store.writing() as tx:
        assert tx.purge(NOON + DAY, NOON + DAY)
    with store.reading() as look:
        (stored,) = look.posts()
    assert stored.is_erased
    assert (stored.post.text, stored.post.author.handle) == ("", "")
    assert stored.mentions[0].score.anger == said.score.anger


def test_an_edit_leaves_how_a_post_came_as_it_was(store: Store) -> None:
    post = a_post("1", flags=frozenset((Flag.READ_BACK, Flag.CLAMPED)))
    said = replace(a_mention("1"), post=post)
    record(store, feed="town", posts=(post,), mentions=(said,))
    edit = replace(post, text="Acme again", flags=frozenset(), seen_at=NOON + DAY)
    record(store, feed="town", edits=(edit,))
    with store.reading() as look:
        (stored,) = look.posts()
    assert stored.post.flags == {Flag.READ_BACK, Flag.CLAMPED}
    assert stored.post.text == "Acme again"


def test_minutes_without_a_watch_are_joined_where_they_follow_each_other(store: Store) -> None:
    def unwatched(since: float, until: float, brand: str = "Acme") -> Unwatched:
        return Unwatched(brand=brand, since=NOON + minutes(since), at=NOON + minutes(until))

    begun = unwatched(0, 0)
    record(store, unwatched=(begun, unwatched(0, 0, "Other")))
    record(store, unwatched=(unwatched(0, 1), unwatched(1, 2), unwatched(1, 2, "Other")))
    record(store, unwatched=(unwatched(2, 3), begun))
    record(store, unwatched=(unwatched(5, 90), unwatched(90, 180)))
    with store.reading() as look:
        assert look.unwatched() == [
            begun,
            unwatched(0, 0, "Other"),
            unwatched(1, 2, "Other"),
            unwatched(0, 3),
            unwatched(5, 90),
            unwatched(90, 180),
        ]


def test_a_watch_that_begins_as_a_gap_ends_is_kept_beside_it(store: Store) -> None:
    gap = Unwatched(brand="Acme", since=NOON, at=NOON + minutes(60))
    begun = replace(gap, since=gap.at)
    record(store, unwatched=(gap, begun))
    with store.reading() as look:
        assert look.unwatched() == [gap, begun]


def test_states_are_replaced_and_forgotten_by_key(store: Store) -> None:
    def state(key: str, body: bytes, version: int = 1) -> StoredState:
        return StoredState(detector="spike", version=version, key=key, body=body)

    record(
        store,
        states={
            ("spike", "Acme"): state("Acme", b"\x00one"),
            ("spike", "Bolt"): state("Bolt", b"two"),
        },
    )
    record(store, states={("spike", "Acme"): state("Acme", b"new", 2), ("spike", "Bolt"): None})
    record(store, states={("pile_on", "gone"): None})
    with store.reading() as look:
        assert list(look.states()) == [state("Acme", b"new", 2)]


@pytest.mark.parametrize(
    "at",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        NOON,
    ],
)
def test_the_clock_may_stand_at_any_instant(store: Store, at: datetime) -> None:
    record(store, clock=at)
    with store.reading() as look:
        assert look.clock() == at


# ---------------------------------------------------------------- roots
def roots(
    store: Store,
    since: datetime = NOON - timedelta(hours=6),
    moved: datetime = NOON - timedelta(days=9),
    most: int = 20,
) -> list[str]:
    with store.reading() as look:
        return [root.native_id for root in look.roots(since, moved, most)]


def only_root(store: Store) -> Root:
    with store.reading() as look:
        (root,) = look.roots(NOON - DAY, NOON - DAY, 20)
    return root


def count_of(mention: Mention, **counters: int) -> Count:
    return Count(
        thread_id=mention.post.key,
        counters=Counters(**counters),
        root_created_at=mention.post.created_at,
    )


def test_a_root_is_told_with_its_place_its_age_and_its_feed(store: Store) -> None:
    mention = a_mention("1", url="https://example.org/1")
    record(store, feed="town", posts=(mention.post,), mentions=(mention,))
    assert only_root(store) == Root(
        key="jsonl::1",
        native_id="1",
        created_at=NOON,
        source="jsonl",
        feed="town",
        url="https://example.org/1",
    )


@pytest.mark.parametrize(
    ("reaction", "replies"),
    [
        (a_post("2", thread="1", parent="1", text="same here", at=NOON + minutes(2)), 1),
        (a_post("2", kind=PostKind.BOOST, text="", boost_of="jsonl::1", at=NOON + minutes(2)), 0),
        (a_post("2", kind=PostKind.QUOTE, quote_of="jsonl::1", at=NOON + minutes(2)), 0),
    ],
    ids=["reply", "boost", "quote"],
)
def test_a_stored_reaction_adds_to_the_size_of_its_root(
    store: Store, reaction: Post, replies: int
) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    record(store, posts=(reaction,))
    root = only_root(store)
    assert (root.size, root.replies, root.moved_at) == (1, replies, NOON + minutes(2))


def test_counters_read_again_tell_since_when_a_root_has_not_grown(store: Store) -> None:
    mention = a_mention("1", counters=Counters(replies=2))
    counted = ((NOON, count_of(mention, replies=2)),)
    record(store, posts=(mention.post,), mentions=(mention,), counts=counted)
    assert (only_root(store).size, only_root(store).moved_at) == (2, NOON)
    for minute, replies in ((5, 4), (10, 9), (15, 9), (20, 9)):
        read = count_of(mention, replies=replies, likes=minute)
        record(store, counts=((NOON + minutes(minute), read),))
    root = only_root(store)
    assert (root.size, root.replies, root.moved_at) == (9, 0, NOON + minutes(5))
    assert root.counted_at == NOON + minutes(20)


def test_a_root_that_speaks_of_no_brand_counts_when_a_reply_does(store: Store) -> None:
    reply = a_mention("2", thread="1", parent="1")
    record(store, posts=(a_post("1", text="hm"), a_post("8"), a_post("9", thread="8", parent="8")))
    assert roots(store) == []
    record(store, posts=(reply.post,), mentions=(reply,))
    assert roots(store) == ["1"]


def test_old_roots_are_left_out_and_those_that_have_not_moved_since(store: Store) -> None:
    old = a_mention("1", at=NOON - timedelta(hours=7))
    boundary = a_mention("2", at=NOON - timedelta(hours=6))
    still = a_mention("3", at=NOON - minutes(20))
    moved = a_mention("4", at=NOON - minutes(20))
    came = a_mention("5", source="mastodon", host="town.example")
    mentions = (old, boundary, still, moved, came)
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    record(store, posts=(a_post("6", thread="4", parent="4", at=NOON),))
    assert set(roots(store)) == {"3", "4", "5"}
    assert set(roots(store, moved=NOON - minutes(10))) == {"4", "5"}


def test_the_hottest_roots_come_first_and_only_the_most_wanted(store: Store) -> None:
    slow = a_mention("slow", at=NOON - minutes(300), counters=Counters(replies=30))
    fast = a_mention("fast", at=NOON - minutes(20), counters=Counters(replies=20))
    faster = a_mention("faster", at=NOON - minutes(20), counters=Counters(boosts=15, quotes=15))
    mentions = (slow, fast, faster)
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    now = a_post("now", thread="slow", parent="slow", at=NOON)
    record(store, posts=(now,))
    assert roots(store) == ["faster", "fast", "slow"]
    assert roots(store, most=1) == ["faster"]


# ---------------------------------------------------------------- incidents
def a_full_incident() -> Incident:
    spike = an_alert(
        "spike:Acme:1",
        at=NOON + minutes(5),
        ended_at=NOON + minutes(5),
        first_post_at=NOON - minutes(20),
        observed=9.25,
        expected=1.5,
        chance=1e-200,
        window_minutes=60,
        reach=3_000_000_000,
        not_judged=0.25,
        evidence=("jsonl::post:2", "jsonl::post:1"),
    )
    pile_on = an_alert("pile_on:jsonl::1", kind=AlertKind.PILE_ON, thread_id="jsonl::1")
    return an_incident(
        "inc-full",
        status=Status.RESOLVED,
        last_alert_at=NOON + minutes(5),
        first_post_at=NOON - minutes(20),
        first_seen_at=NOON - minutes(19),
        unseen_at=NOON - minutes(19.5),
        acknowledge_by=NOON + minutes(2),
        respond_by=NOON + minutes(5),
        resolve_by=NOON + DAY,
        acknowledged_at=NOON + minutes(1),
        responded_at=NOON + minutes(2),
        closed_at=NOON + minutes(50),
        owner="Мария",
        resolution=Resolution.REFUND,
        answer_url="https://example.org/answer",
        previous_id="inc-0",
        sequence=7,
        themes=("late", "възстановяване"),
        alerts=(spike, pile_on),
        exhibits=(an_exhibit("jsonl::post:2", sentiment=None, anger=None, url=None), an_exhibit()),
        timeline=(
            Step(at=NOON, who="emberwatch", action=Action.OPENED),
            Step(at=NOON + minutes(1), who="Мария", action=Action.ACKNOWLEDGED, note="mine"),
        ),
    )


def test_an_incident_comes_back_whole(store: Store) -> None:
    incident = a_full_incident()
    record(store, incidents=(incident,))
    with store.reading() as look:
        assert look.incident("inc-full") == incident
        assert look.incidents() == [incident]
        assert look.latest("Acme", "Acme") == incident


def test_a_later_version_of_an_incident_replaces_the_whole(store: Store) -> None:
    before = a_full_incident()
    after = replace(
        before,
        status=Status.OPEN,
        closed_at=None,
        resolution=None,
        alerts=before.alerts[::-1],
        exhibits=before.exhibits[:1],
        timeline=(*before.timeline, Step(at=NOON, who="x", action=Action.REOPENED)),
    )
    record(store, incidents=(before,))
    record(store, incidents=(after,))
    with store.reading() as look:
        assert look.incidents() == [after]


def test_a_later_alert_replaces_the_one_with_its_id_in_its_incident(store: Store) -> None:
    incident = an_incident()
    record(store, incidents=(incident,))
    later = replace(incident.alerts[0], reason="worse", at=NOON + minutes(3))
    record(store, orphans=(later,))
    with store.reading() as look:
        assert look.incident("inc-1") == replace(incident, alerts=(later,))


def test_an_orphan_may_join_an_incident(store: Store) -> None:
    orphan = an_alert("surge:Acme", kind=AlertKind.SURGE)
    record(store, orphans=(orphan,))
    with store.reading() as look:
        assert look.incident_of_alert(orphan.id) is None
    record(store, incidents=(an_incident(alerts=(an_alert(), orphan)),))
    with store.reading() as look:
        assert look.incident_of_alert(orphan.id) == "inc-1"
        assert look.incidents()[0].alerts == (an_alert(), orphan)


def test_an_alert_that_outlived_its_incident_is_known_by_the_newest(store: Store) -> None:
    alert = an_alert()
    record(store, incidents=(an_incident("first", alerts=(alert,), status=Status.RESOLVED),))
    record(store, incidents=(an_incident("second", alerts=(alert,), opened_at=NOON + DAY),))
    with store.reading() as look:
        assert look.incident_of_alert(alert.id) == "second"
        assert [each.alerts for each in look.incidents()] == [(alert,), (alert,)]


def some_incidents() -> tuple[Incident, ...]:
    def numbered(n: int, **facts: object) -> Incident:
        return an_incident(
            f"inc-{n}", opened_at=NOON + minutes(n), alerts=(an_alert(f"a{n}"),), **facts
        )

    blind: Alert = an_alert("blind", kind=AlertKind.WATCH_BLIND, subject="town")
    return (
        numbered(3, status=Status.RESOLVED),
        numbered(1, status=Status.ACKNOWLEDGED),
        numbered(2, brand="Bolt", status=Status.DISMISSED),
        an_incident(
            "us-4", brand=None, subject="town", opened_at=NOON + minutes(4), alerts=(blind,)
        ),
    )


def test_incidents_are_listed_oldest_first_and_sifted(store: Store) -> None:
    record(store, incidents=some_incidents())

    def ids(**wanted: object) -> list[str]:
        with store.reading() as look:
            return [each.id for each in look.incidents(**wanted)]  # type: ignore[arg-type]

    assert ids() == ["inc-1", "inc-2", "inc-3", "us-4"]
    assert ids(is_open=True) == ["inc-1", "us-4"]
    assert ids(is_open=False) == ["inc-2", "inc-3"]
    assert ids(brand="Bolt") == ["inc-2"]
    assert ids(opened_from=NOON + minutes(2), opened_to=NOON + minutes(3)) == ["inc-2", "inc-3"]
    assert ids(
        opened_from=NOON
        + minutes(
            2,
        )
        + timedelta(microseconds=1)
    ) == ["inc-3", "us-4"]
    assert ids(most=2) == ["inc-3", "us-4"]
    assert ids(most=0) == []


def test_those_that_gather_are_those_that_are_not_closed(store: Store) -> None:
    record(store, incidents=some_incidents())
    with store.reading() as look:
        assert [each.id for each in look.gathering()] == ["inc-1", "us-4"]


def test_the_latest_is_of_the_brand_or_else_of_the_subject(store: Store) -> None:
    record(store, incidents=some_incidents())

    def latest(brand: str | None, subject: str) -> str | None:
        with store.reading() as look:
            found = look.latest(brand, subject)
        return found and found.id

    assert latest("Acme", "anything") == "inc-3"
    assert latest("Bolt", "Bolt") == "inc-2"
    assert latest(None, "town") == "us-4"
    assert latest(None, "Acme") is None
    assert latest("Cola", "town") is None


def test_a_follow_up_is_not_what_the_next_storm_follows(store: Store) -> None:
    storm, *_ = some_incidents()
    later = storm.opened_at + timedelta(days=60)
    alert = an_alert(
        "follow_up_due:inc-1", kind=AlertKind.FOLLOW_UP_DUE, subject=storm.id, started_at=later
    )
    asked = replace(storm, id="inc-9", subject=storm.id, opened_at=later, alerts=(alert,))
    record(store, incidents=(storm, asked))
    with store.reading() as look:
        latest = look.latest("Acme", "Acme")
    assert latest is not None
    assert latest.id == storm.id


def test_follow_ups_are_found_when_they_are_due_soonest_first(store: Store) -> None:
    first, second, third, *_ = some_incidents()
    record(
        store,
        incidents=(
            replace(first, follow_up_at=NOON + minutes(20)),
            replace(second, follow_up_at=NOON + minutes(10), hand_offs=2, is_our_mistake=True),
            third,
        ),
    )
    with store.reading() as look:
        assert [each.id for each in look.follow_ups()] == [second.id, first.id]
        [due] = look.follow_ups(NOON + minutes(10))
    assert (due.id, due.hand_offs, due.is_our_mistake) == (second.id, 2, True)
    assert due.follow_up_at == NOON + minutes(10)


def test_incidents_that_time_alone_changes_are_found_when_they_are_due(store: Store) -> None:
    first, second, third, *_ = some_incidents()
    waiting = Waiting(
        told=("chat",),
        withheld=("päger",),
        silenced=("boss",),
        since=NOON,
        links=2,
        told_at=NOON + minutes(1),
        wakes_at=NOON + minutes(10),
    )
    record(
        store,
        incidents=(
            replace(first, waiting=Waiting(wakes_at=NOON + minutes(20))),
            replace(second, team="support", waiting=waiting),
            third,
        ),
    )
    with store.reading() as look:
        assert [each.id for each in look.waking()] == [second.id, first.id]
        assert look.waking(NOON) == ()
        [due] = look.waking(NOON + minutes(10))
        other = look.incident(third.id)
    assert (due.id, due.team, due.waiting) == (second.id, "support", waiting)
    assert other is not None
    assert other.waiting == Waiting()


def test_silences_are_kept_and_found_while_they_hold(store: Store) -> None:
    first = Silence(
        id="sil_1",
        at=NOON,
        until=NOON + minutes(60),
        by="ann",
        reason="sale",
        brand="Acme",
        kinds=(AlertKind.SPIKE, AlertKind.PILE_ON),
        themes=("delays",),
        languages=("bg",),
        below=Severity.HIGH,
    )
    second = Silence(
        id="sil_2", at=NOON + minutes(10), until=NOON + minutes(20), by="bo", reason="x", brand="B"
    )
    with store.writing() as transaction:
        transaction.silence(second)
        transaction.silence(first)
    with store.reading() as look:
        assert look.silences() == (first, second)
        assert look.silences(NOON) == (first,)
        assert [each.id for each in look.silences(NOON + minutes(20))] == ["sil_1"]
        assert look.silences(NOON + minutes(60)) == ()


def test_a_silence_is_replaced_by_a_later_one_of_its_id(store: Store) -> None:
    silence = Silence(
        id="sil_1", at=NOON, until=NOON + minutes(60), by="ann", reason="sale", brand="Acme"
    )
    ended = replace(silence, until=NOON + minutes(5), ended_by="bo")
    with store.writing() as transaction:
        transaction.silence(silence)
        transaction.silence(ended)
        assert transaction.silences() == (ended,)


def test_an_incident_is_found_by_an_unambiguous_beginning_of_its_id(store: Store) -> None:
    record(store, incidents=some_incidents())

    def found(id: str) -> str | None:
        with store.reading() as look:
            incident = look.incident(id)
        return incident and incident.id

    assert found("inc-3") == "inc-3"
    assert found("us") == "us-4"
    assert found("inc-") is None
    assert found("") is None
    assert found("inc-33") is None
    assert found("%") is None


def test_a_whole_id_is_unambiguous_though_it_begins_another(store: Store) -> None:
    record(
        store,
        incidents=(an_incident("ab"), an_incident("abc", alerts=(an_alert("other"),))),
    )
    with store.reading() as look:
        found = look.incident("ab")
    assert found is not None
    assert found.id == "ab"


# ---------------------------------------------------------------- the outbox
def test_a_notification_comes_back_as_it_was_given(store: Store) -> None:
    notification = a_notification(
        attempts=3,
        state=DeliveryState.DEAD,
        first_try_at=NOON + minutes(1),
        delivered_at=NOON + minutes(2),
        last_answer="500 Грешка",
        severity=Severity.HIGH,
        subject="Acme",
        told_by="note-9",
        handed_to="chat",
    )
    record(store, notifications=(notification,))
    assert outbox(store) == {"note-1": notification}


def test_a_notification_given_twice_is_owed_once(store: Store) -> None:
    record(store, notifications=(a_notification(),))
    with store.writing() as tx:
        tx.settle(replace(a_notification(), state=DeliveryState.DELIVERED, attempts=1))
    record(store, notifications=(a_notification(payload="other"),))
    assert outbox(store)["note-1"].state is DeliveryState.DELIVERED
    assert outbox(store)["note-1"].payload == a_notification().payload


def test_what_is_due_is_claimed_oldest_first(store: Store) -> None:
    record(
        store,
        notifications=(
            a_notification("young", created_at=NOON + minutes(2)),
            a_notification("old", created_at=NOON + minutes(1)),
            a_notification("later", next_try_at=NOON + DAY),
            a_notification("done", state=DeliveryState.DELIVERED),
            a_notification("dead", state=DeliveryState.DEAD),
        ),
    )
    assert claimed(store, NOON + minutes(3)) == ["old", "young"]


def test_what_is_claimed_is_not_claimed_again_until_its_lease_has_passed(store: Store) -> None:
    record(store, notifications=(a_notification(),))
    assert claimed(store, NOON - minutes(1)) == []
    assert claimed(store, NOON) == ["note-1"]
    assert claimed(store, NOON + LEASE - minutes(1)) == []
    assert claimed(store, NOON + LEASE) == ["note-1"]


def test_a_claim_takes_no_more_than_asked_and_only_for_whom_it_is(store: Store) -> None:
    record(
        store,
        notifications=tuple(
            a_notification(f"{who}-{n}", notifier=who, created_at=NOON + minutes(n))
            for n in range(3)
            for who in ("ops", "chat")
        ),
    )
    at = NOON + minutes(9)
    assert claimed(store, at, most=2, notifier="chat") == ["chat-0", "chat-1"]
    with store.reading() as look:
        assert look.due(at) == ("chat", "ops")
    assert claimed(store, at, notifier="chat") == ["chat-2"]
    with store.reading() as look:
        assert look.due(at) == ("ops",)
        assert look.due(NOON - minutes(1)) == ()
    assert claimed(store, at, most=1) == ["ops-0"]


def test_every_lease_can_be_given_back(store: Store) -> None:
    record(store, notifications=(a_notification("a"), a_notification("b"), a_notification("c")))
    assert claimed(store, NOON, most=2) == ["a", "b"]
    with store.writing() as tx:
        assert tx.release() == 2
    assert claimed(store, NOON) == ["a", "b", "c"]


def test_a_settled_try_is_written_and_gives_back_its_lease(store: Store) -> None:
    record(store, notifications=(a_notification(),))
    assert claimed(store, NOON) == ["note-1"]
    failed = replace(
        a_notification(),
        attempts=1,
        next_try_at=NOON + timedelta(seconds=5),
        first_try_at=NOON,
        last_answer="503",
    )
    with store.writing() as tx:
        tx.settle(failed)
    assert outbox(store) == {"note-1": failed}
    assert claimed(store, NOON + timedelta(seconds=4)) == []
    assert claimed(store, NOON + timedelta(seconds=5)) == ["note-1"]


def test_what_failed_since_anything_got_through_is_hurried(store: Store) -> None:
    late = NOON + timedelta(hours=5)
    failed = {"attempts": 7, "next_try_at": late}
    record(
        store,
        notifications=(
            a_notification("ok", state=DeliveryState.DELIVERED, delivered_at=NOON),
            a_notification("since", first_try_at=NOON + minutes(1), **failed),
            a_notification("alone", first_try_at=NOON - minutes(1), **failed),
            a_notification("other", notifier="o", first_try_at=NOON + minutes(1), **failed),
            a_notification("new", next_try_at=late),
            a_notification("by a clock ahead", first_try_at=NOON + minutes(63), **failed),
            a_notification(
                "soon", attempts=2, first_try_at=NOON + minutes(1), next_try_at=NOON + minutes(62)
            ),
            a_notification(
                "dead", state=DeliveryState.DEAD, first_try_at=NOON + minutes(1), **failed
            ),
        ),
    )
    before = outbox(store)
    back_at = NOON + minutes(60)
    with store.writing() as tx:
        assert tx.hurry("ops", back_at, NOON + minutes(62)) == 1
    changed = {id: row.next_try_at for id, row in outbox(store).items() if row != before[id]}
    assert changed == {"since": back_at}


def test_where_nothing_ever_got_through_all_that_failed_is_hurried(store: Store) -> None:
    late = NOON + timedelta(hours=5)
    record(store, notifications=(a_notification(attempts=7, first_try_at=NOON, next_try_at=late),))
    with store.writing() as tx:
        assert tx.hurry("ops", NOON + minutes(60), NOON + minutes(61)) == 1
        assert tx.hurry("ops", NOON + minutes(60), NOON + minutes(61)) == 0


def test_people_are_told_when_the_first_receiver_took_what_was_owed(store: Store) -> None:
    taken = {"state": DeliveryState.DELIVERED, "attempts": 1, "created_at": NOON + minutes(2)}
    waits = a_notification("waits", incident_id="inc-3", created_at=NOON, attempts=1)
    over = {"state": DeliveryState.DELIVERED, "created_at": NOON + minutes(1)}
    record(
        store,
        notifications=(
            a_notification("1", delivered_at=NOON + minutes(9), **taken),
            a_notification("2", delivered_at=NOON + minutes(3), **taken),
            a_notification("overtaken", delivered_at=NOON + minutes(1), **over),
            a_notification("tried", attempts=4, created_at=NOON + minutes(5)),
            a_notification("other", incident_id="inc-2", delivered_at=NOON, **taken),
            waits,
        ),
    )
    with store.reading() as look:
        assert look.told(["inc-1", "inc-3", "inc-9"]) == {
            "inc-1": Told(owed_at=NOON + minutes(1), delivered_at=NOON + minutes(3)),
            "inc-3": Told(owed_at=NOON),
        }
        assert look.told([]) == {}


def test_what_is_sent_again_was_told_when_it_was_taken_the_first_time(store: Store) -> None:
    taken = {"state": DeliveryState.DELIVERED, "attempts": 1, "delivered_at": NOON}
    over = {"state": DeliveryState.DELIVERED, "incident_id": "inc-2", "delivered_at": NOON}
    record(store, notifications=(a_notification("1", **taken), a_notification("2", **over)))
    # the second was overtaken, and never sent before
    for again in (NOON + DAY, NOON + 2 * DAY):
        with store.writing() as tx:
            assert tx.revive(["1", "2"], again) == 2
            assert tx.told(["inc-1"])["inc-1"].delivered_at == NOON
        for id in ("1", "2"):
            settled(store, id, attempts=1, state=DeliveryState.DELIVERED, delivered_at=again)
    with store.reading() as look:
        told = look.told(["inc-1", "inc-2"])
    assert told["inc-1"].delivered_at == NOON
    assert told["inc-2"].delivered_at == NOON + DAY


def test_incidents_that_were_open_or_closed_of_late_are_found(store: Store) -> None:
    closed = {"status": Status.RESOLVED, "opened_at": NOON - 9 * DAY}
    record(
        store,
        incidents=(
            an_incident("before", closed_at=NOON - minutes(1), **closed),
            an_incident("then", closed_at=NOON, **closed),
            an_incident("open", opened_at=NOON - 8 * DAY),
        ),
    )
    with store.reading() as look:
        found = look.incidents(opened_to=NOON, closed_from=NOON)
    assert [each.id for each in found] == ["then", "open"]


def test_a_conversation_is_what_one_notifier_took_of_one_incident(store: Store) -> None:
    delivered = {"state": DeliveryState.DELIVERED, "delivered_at": NOON}
    record(
        store,
        notifications=(
            a_notification("first", sequence=1, handle="m1", **delivered),
            a_notification("third", sequence=3, **delivered),
            a_notification("second", sequence=2, handle="m2", **delivered),
            a_notification("waiting", sequence=4, handle="m4"),
            a_notification("other", notifier="desk", sequence=5, handle="m5", **delivered),
            a_notification("else", incident_id="inc-9", sequence=6, handle="m6", **delivered),
        ),
    )
    with store.reading() as look:
        assert look.conversation("inc-1", "ops") == Conversation(sequence=3, handle="m2")
        assert look.conversation("inc-1", "nobody") == Conversation()


def test_a_settled_try_keeps_the_handle_of_its_message(store: Store) -> None:
    record(store, notifications=(a_notification(),))
    taken = replace(a_notification(), state=DeliveryState.DELIVERED, handle="m1")
    with store.writing() as tx:
        tx.settle(taken)
    assert outbox(store) == {"note-1": taken}


def test_a_settled_try_of_something_unknown_is_no_news(store: Store) -> None:
    with store.writing() as tx:
        tx.settle(a_notification())
    assert outbox(store) == {}


def test_a_disabled_notifier_holds_what_it_is_owed_until_it_is_enabled(store: Store) -> None:
    record(store, notifications=(a_notification(), a_notification("else", notifier="chat")))
    assert claimed(store, NOON) == ["note-1", "else"]
    with store.writing() as tx:
        tx.disable("ops", NOON, "410 Gone")
    with store.reading() as look:
        assert look.disabled() == {"ops": "410 Gone"}
    assert outbox(store)["note-1"].state is DeliveryState.HELD
    assert claimed(store, NOON + DAY) == ["else"]
    with store.writing() as tx:
        tx.enable("ops", NOON + 2 * DAY)
    with store.reading() as look:
        assert look.disabled() == {}
        assert look.due(NOON + 2 * DAY) == ("chat", "ops")
    assert outbox(store)["note-1"].next_try_at == NOON + 2 * DAY
    assert "note-1" in claimed(store, NOON + 2 * DAY)


def test_a_receiver_that_asked_for_time_is_remembered_until_it_asks_again(store: Store) -> None:
    with store.writing() as tx:
        assert tx.rests() == {}
        tx.rest("ops", NOON)
        tx.rest("chat", NOON + DAY)
        tx.rest("ops", NOON + minutes(5))
    with store.reading() as look:
        assert look.rests() == {"chat": NOON + DAY, "ops": NOON + minutes(5)}


def a_try(id: str, at: datetime, taken_at: datetime = NOON) -> Try:
    return Try(notifier="ops", id=id, taken_at=taken_at, at=at)


def test_tries_are_kept_once_with_their_newest_time(store: Store) -> None:
    with store.writing() as tx:
        later = a_try("a", NOON + minutes(1), taken_at=NOON + minutes(1))
        taken = [a_try("a", NOON), a_try("b", NOON), later]
        tx.count(taken, NOON - minutes(1), NOON + minutes(1))
        tx.count([a_try("a", NOON + minutes(1))], NOON, NOON + minutes(1))
    with store.reading() as look:
        assert look.tries(NOON) == [
            a_try("b", NOON), a_try("a", NOON + minutes(1)), later
        ]  # fmt: skip
        assert a_try("b", NOON) not in look.tries(NOON + minutes(1))


def test_tries_that_are_past_or_yet_to_come_are_forgotten_with_the_next(store: Store) -> None:
    with store.writing() as tx:
        tx.count([a_try("old", NOON - DAY), a_try("ahead", NOON + DAY)], NOON, NOON)
        tx.count([a_try("now", NOON)], NOON - minutes(1), NOON)
    with store.reading() as look:
        assert look.tries(NOON - DAY - DAY) == [a_try("now", NOON)]


def test_what_becomes_owed_to_a_disabled_notifier_is_held(store: Store) -> None:
    with store.writing() as tx:
        tx.disable("ops", NOON, "410 Gone")
        tx.disable("ops", NOON, "still gone")
    record(store, notifications=(a_notification(),))
    assert outbox(store)["note-1"].state is DeliveryState.HELD
    with store.writing() as tx:
        tx.settle(replace(a_notification(), attempts=1))
    assert outbox(store)["note-1"].state is DeliveryState.HELD
    with store.reading() as look:
        assert look.disabled() == {"ops": "still gone"}
        assert look.due(NOON + DAY) == ()


@pytest.mark.parametrize(
    "state", [DeliveryState.DEAD, DeliveryState.DELIVERED, DeliveryState.WAITING]
)
def test_a_revived_notification_is_due_again_under_its_id(
    store: Store, state: DeliveryState
) -> None:
    given = a_notification(
        attempts=12, state=state, first_try_at=NOON, delivered_at=NOON, next_try_at=NOON + DAY
    )
    record(store, notifications=(given,))
    with store.writing() as tx:
        assert tx.revive(["note-1", "unknown"], NOON + minutes(1)) == 1
    assert outbox(store)["note-1"] == replace(
        given,
        attempts=0,
        state=DeliveryState.WAITING,
        next_try_at=NOON + minutes(1),
        delivered_at=None,
    )
    assert claimed(store, NOON + minutes(1)) == ["note-1"]


def test_what_is_held_is_not_revived(store: Store) -> None:
    record(store, notifications=(a_notification(), a_notification("b", state=DeliveryState.DEAD)))
    with store.writing() as tx:
        tx.disable("ops", NOON, "410")
        assert tx.revive(["note-1", "b"], NOON) == 1
    assert {each.state for each in outbox(store).values()} == {DeliveryState.HELD}


def test_notifications_are_listed_oldest_first_and_sifted(store: Store) -> None:
    record(
        store,
        notifications=(
            a_notification("c", created_at=NOON + minutes(3)),
            a_notification("a", created_at=NOON + minutes(1), state=DeliveryState.DEAD),
            a_notification("b", created_at=NOON + minutes(2), notifier="chat"),
        ),
    )

    def ids(**wanted: object) -> list[str]:
        with store.reading() as look:
            return [each.id for each in look.notifications(**wanted)]  # type: ignore[arg-type]

    assert ids() == ["a", "b", "c"]
    assert ids(state="waiting") == ["b", "c"]
    assert ids(state="waiting", notifier="ops") == ["c"]
    assert ids(most=2) == ["b", "c"]
    with store.writing() as tx:
        tx.tell_by(["b"], "c", "told")
    assert ids(told_by="c") == ["b"]


def told_by(store: Store, ids: list[str], id: str) -> None:
    with store.writing() as tx:
        tx.tell_by(ids, id, f"told in {id}")


def settled(store: Store, id: str, **facts: object) -> None:
    with store.writing() as tx:
        (row,) = (each for each in tx.notifications() if each.id == id)
        tx.settle(replace(row, **facts))  # type: ignore[arg-type]


SOON = NOON + minutes(9)


def stranded(store: Store, at: datetime = SOON, most: int = 99) -> list[str]:
    with store.reading() as look:
        rows = look.stranded("ops", failing_since=at - minutes(2), since=NOON - DAY, most=most)
    return [each.id for each in rows]


def test_what_is_due_to_a_notifier_that_is_left_alone_is_stranded_untried(store: Store) -> None:
    ok = {"state": DeliveryState.DELIVERED, "delivered_at": NOON + minutes(8)}
    record(
        store,
        notifications=(
            a_notification("due", next_try_at=SOON - minutes(2)),
            a_notification("due just now", next_try_at=SOON - minutes(1)),
            a_notification("ok", **ok),
        ),
    )
    assert stranded(store) == []
    with store.reading() as look:
        rows = look.stranded(
            "ops", failing_since=SOON - minutes(2), since=NOON - DAY, most=9, is_left_alone=True
        )
    assert [each.id for each in rows] == ["due"]


def test_what_is_owed_is_seen_the_gravest_first_without_being_taken(store: Store) -> None:
    record(
        store,
        notifications=(
            a_notification("old", created_at=NOON - minutes(1)),
            a_notification("warned", severity=Severity.WARNING),
            a_notification("worst", severity=Severity.CRITICAL, subject="Beta", sequence=4),
            a_notification("high", severity=Severity.HIGH),
            a_notification("later", next_try_at=NOON + DAY),
            a_notification("else", notifier="chat"),
        ),
    )
    with store.reading() as look:
        rows = look.owed("ops", NOON, 9)
        assert [each.id for each in look.owed("ops", NOON, 2)] == ["worst", "high"]
    assert [each.id for each in rows] == ["worst", "high", "warned", "old"]
    assert rows[0] == Owed(
        id="worst",
        incident_id="inc-1",
        type="incident.opened",
        sequence=4,
        severity=Severity.CRITICAL,
        subject="Beta",
        created_at=NOON,
    )
    assert len(claimed(store, NOON, notifier="ops")) == 4


def test_only_named_messages_are_claimed(store: Store) -> None:
    record(store, notifications=tuple(a_notification(id) for id in ("a", "b", "c")))
    with store.writing() as tx:
        assert [each.id for each in tx.claim(NOON, LEASE, 9, "ops", ["c", "a", "x"])] == ["a", "c"]
        assert tx.claim(NOON, LEASE, 9, "ops", []) == []
    assert claimed(store, NOON) == ["b"]


def test_what_another_message_tells_is_not_due_and_stands_as_that_does(store: Store) -> None:
    record(
        store,
        notifications=(
            a_notification("one"),
            a_notification("two", first_try_at=NOON - minutes(1)),
            a_notification("oldest", sequence=0),
            a_notification("digest", type="digest", incident_id=""),
        ),
    )
    assert claimed(store, NOON, most=1) == ["one"]
    told_by(store, ["oldest"], "one")
    told_by(store, ["one", "two"], "digest")
    assert claimed(store, NOON) == ["digest"]
    settled(store, "digest", attempts=1, first_try_at=NOON, last_answer="500")
    assert {each.state for each in outbox(store).values()} == {DeliveryState.WAITING}
    end = {"state": DeliveryState.DELIVERED, "first_try_at": NOON, "delivered_at": NOON}
    settled(store, "digest", attempts=2, **end)
    rows = outbox(store)
    assert {each.state for each in rows.values()} == {DeliveryState.DELIVERED}
    assert {each.delivered_at for each in rows.values()} == {NOON}
    assert {each.attempts for each in rows.values()} == {2}
    with store.reading() as look:
        assert look.told(["inc-1"])["inc-1"].delivered_at == NOON
    assert rows["two"].first_try_at == NOON - minutes(1)
    assert (rows["one"].first_try_at, rows["one"].last_answer) == (NOON, "told in digest")
    assert (rows["one"].told_by, rows["oldest"].told_by) == ("digest", "one")


def test_what_a_later_state_told_was_not_tried_itself(store: Store) -> None:
    record(store, notifications=(a_notification("old"), a_notification("new", sequence=2)))
    told_by(store, ["old"], "new")
    settled(store, "new", state=DeliveryState.DELIVERED, attempts=1, delivered_at=NOON)
    row = outbox(store)["old"]
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 0)


def test_what_a_dead_message_told_is_dead_until_one_of_them_is_revived(store: Store) -> None:
    record(
        store,
        notifications=(
            a_notification("one"),
            a_notification("two"),
            a_notification("digest", type="digest", incident_id=""),
        ),
    )
    told_by(store, ["one", "two"], "digest")
    settled(store, "digest", state=DeliveryState.DEAD)
    assert {each.state for each in outbox(store).values()} == {DeliveryState.DEAD}
    with store.writing() as tx:
        assert tx.revive(["one", "digest"], NOON) == 2
    assert claimed(store, NOON) == ["one", "digest"]
    settled(store, "digest", state=DeliveryState.DELIVERED, delivered_at=NOON)
    rows = outbox(store)
    assert rows["two"].state is DeliveryState.DELIVERED
    assert (rows["one"].state, rows["one"].told_by) == (DeliveryState.WAITING, "")


def test_a_settled_try_does_not_forget_who_tells_it_or_was_told_too(store: Store) -> None:
    record(store, notifications=(a_notification(), a_notification("other")))
    before = a_notification()
    told_by(store, ["note-1"], "digest")
    with store.writing() as tx:
        tx.hand_over(["note-1", "unknown"], "backup")
        tx.settle(replace(before, attempts=1))
    row = outbox(store)["note-1"]
    assert (row.attempts, row.told_by, row.handed_to) == (1, "digest", "backup")
    assert outbox(store)["other"].handed_to == ""


@pytest.mark.parametrize(
    ("facts", "is_told"),
    [
        ({}, True),
        ({"state": DeliveryState.DELIVERED}, True),
        ({"state": DeliveryState.DEAD}, False),
        ({"state": DeliveryState.HELD}, False),
        ({"sequence": 2}, False),
        ({"notifier": "chat"}, False),
        ({"incident_id": "inc-9"}, False),
    ],
)
def test_it_is_known_who_is_told_of_a_change(
    store: Store, facts: dict[str, object], is_told: bool
) -> None:
    record(store, notifications=(a_notification(**facts),))
    with store.reading() as look:
        assert look.is_told("ops", "inc-1", 1) is is_told


@pytest.mark.parametrize(
    ("facts", "is_stranded"),
    [
        ({}, False),
        ({"first_try_at": NOON + minutes(8)}, False),
        ({"first_try_at": NOON + minutes(7)}, True),
        ({"state": DeliveryState.DEAD}, True),
        ({"state": DeliveryState.HELD}, True),
        ({"state": DeliveryState.DELIVERED, "first_try_at": NOON}, False),
        ({"state": DeliveryState.DEAD, "handed_to": "backup"}, False),
        ({"state": DeliveryState.DEAD, "type": "test"}, False),
        ({"state": DeliveryState.DEAD, "type": "digest"}, False),
        ({"state": DeliveryState.DEAD, "created_at": NOON - DAY}, False),
        ({"state": DeliveryState.DEAD, "notifier": "chat"}, False),
    ],
)
def test_a_message_is_stranded_when_its_notifier_does_not_take_it(
    store: Store, facts: dict[str, object], is_stranded: bool
) -> None:
    sent = a_notification("sent", state=DeliveryState.DELIVERED, delivered_at=NOON + minutes(9))
    record(store, notifications=(a_notification(**facts), sent))
    assert stranded(store) == (["note-1"] if is_stranded else [])


def test_all_that_waits_is_stranded_where_nothing_got_through_since_a_failure(
    store: Store,
) -> None:
    record(
        store,
        notifications=(
            a_notification("before", state=DeliveryState.DELIVERED, delivered_at=NOON - minutes(1)),
            a_notification("failing", first_try_at=NOON),
            a_notification("untried", created_at=NOON + minutes(1)),
        ),
    )
    assert stranded(store, NOON + minutes(1)) == []
    assert stranded(store, NOON + minutes(2)) == ["failing", "untried"]
    assert stranded(store, NOON + minutes(2), most=1) == ["failing"]
    settled(store, "failing", state=DeliveryState.DELIVERED, delivered_at=NOON + minutes(2))
    assert stranded(store) == []


def test_what_a_failing_digest_tells_is_stranded_but_not_what_a_later_state_tells(
    store: Store,
) -> None:
    record(
        store,
        notifications=(
            a_notification("sent", state=DeliveryState.DELIVERED, delivered_at=NOON + minutes(8)),
            a_notification("digest", type="digest", incident_id="", first_try_at=NOON),
            a_notification("told"),
            a_notification("later", sequence=9, first_try_at=NOON),
            a_notification("overtaken", first_try_at=NOON),
        ),
    )
    told_by(store, ["told"], "digest")
    told_by(store, ["overtaken"], "later")
    assert stranded(store) == ["told", "later"]


def test_an_erased_message_is_not_handed_over(store: Store) -> None:
    record(store, notifications=(a_notification(created_at=NOON - minutes(1)),))
    purge(store, NOON)
    assert outbox(store)["note-1"].state is DeliveryState.DEAD
    assert stranded(store) == []


# ---------------------------------------------------------------- retention
def purge(store: Store, before: datetime, at: datetime = NOON) -> int:
    total = 0
    while True:
        with store.writing() as tx:
            count = tx.purge(before, at)
        if not count:
            return total
        total += count


def test_old_posts_lose_text_and_author_everywhere_but_still_count(store: Store) -> None:
    old = a_mention("1", author="anna", at=NOON - DAY, url="https://example.org/@anna/1")
    young = a_mention("2", author="boris")
    record(
        store,
        posts=(old.post, young.post),
        mentions=(old, young),
        incidents=(
            an_incident(exhibits=(an_exhibit("jsonl::post:1"), an_exhibit("jsonl::post:2"))),
        ),
        notifications=(
            a_notification("sent", state=DeliveryState.DELIVERED),
            a_notification("due"),
            a_notification("other", incident_id="inc-2", state=DeliveryState.DELIVERED),
        ),
        quarantine=((old.post.id, NOON, "Traceback: parcel"),),
    )
    assert purge(store, NOON) == 1
    with store.reading() as look:
        known = look.known([old.post.id, young.post.id], [])
        mention = look.mentions([old.post.id], "Acme")[old.post.id]
        exhibits = look.incidents()[0].exhibits
        statistics = look.statistics(NOON)
    assert known[old.post.id].text == ""
    assert known[old.post.id].is_mention
    assert known[young.post.id].text == young.post.text
    assert mention.post.author.handle == ""
    assert mention.post.url is None
    assert mention.score.anger == old.score.anger
    assert [(each.author, each.text, each.url) for each in exhibits] == [
        ("", "", None),
        ("anna", "Acme lost my parcel again", "https://example.org/anna/1"),
    ]
    assert [(bool(each.why), bool(each.signs)) for each in exhibits] == [
        (False, False),
        (True, True),
    ]
    assert (statistics.posts, statistics.quarantined) == (2, 1)
    assert outbox(store)["sent"].payload == ""
    assert outbox(store)["due"].payload != ""
    assert outbox(store)["other"].payload != ""


def test_a_deleted_post_loses_text_and_author_everywhere_at_once(store: Store) -> None:
    gone = a_mention("1", author="anna", uri="https://example.org/@anna/1")
    other = a_mention("2", author="boris")
    shown = {"id": gone.post.id, "author": "anna", "text": "lost my parcel", "url": None}
    payload = json.dumps({"brief": {"text": "Acme: why\n> lost my parcel", "posts": [shown]}})
    kept = json.dumps({"brief": {"text": "Acme: why\n> hm", "posts": [{**shown, "id": "x"}]}})
    record(
        store,
        posts=(gone.post, other.post),
        mentions=(gone, other),
        incidents=(an_incident(exhibits=(an_exhibit(gone.post.id), an_exhibit(other.post.id))),),
        notifications=(
            a_notification("sent", state=DeliveryState.DELIVERED),
            a_notification("due", payload=payload),
            a_notification("held", payload=payload, state=DeliveryState.HELD),
            a_notification("other", payload=kept),
        ),
        quarantine=((gone.post.id, NOON, "Traceback: parcel"),),
    )
    with store.reading() as look:
        standing = look.standing([gone.post.key, "jsonl::9"])
        showing = look.exhibiting([gone.post.id])
        assert look.exhibiting(["jsonl::post:9"]) == ()
    assert standing == {gone.post.id: gone.post.key}
    assert [incident.id for incident in showing] == ["inc-1"]
    record(store, deleted=((gone.post.id, NOON), ("jsonl::post:9", NOON)))
    with store.reading() as look:
        assert look.standing([gone.post.key]) == {}
        mention = look.mentions([gone.post.id], "Acme")[gone.post.id]
        exhibits = look.incidents()[0].exhibits
    assert (mention.post.text, mention.post.author.handle) == ("", "")
    assert mention.score.anger == gone.score.anger
    assert [each.is_forgotten for each in exhibits] == [True, False]
    assert outbox(store)["sent"].payload == ""
    for id in ("due", "held"):
        brief = json.loads(outbox(store)[id].payload)["brief"]
        assert "parcel" not in json.dumps(brief)
        assert brief["text"].startswith("Acme: why\n")
        assert brief["posts"][0]["is_forgotten"]
    assert json.loads(outbox(store)["other"].payload) == json.loads(kept)
    record(store, deleted=((gone.post.id, NOON),))  # once more changes nothing


def test_an_erased_post_never_returns(store: Store) -> None:
    old = a_mention("1", at=NOON - DAY, uri="https://example.org/@anna/1")
    record(store, posts=(old.post,), mentions=(old,))
    purge(store, NOON)
    again = replace(old.post, seen_at=NOON, counters=Counters(replies=8))
    record(store, posts=(again,), edits=(again,), mentions=(replace(old, post=again),))
    with store.reading() as look:
        known = look.known([old.post.id], ["https://example.org/@anna/1"])
        mention = look.mentions([old.post.id], "Acme")[old.post.id]
    assert set(known) == {old.post.id, "https://example.org/@anna/1"}
    assert known[old.post.id].text == ""
    assert known[old.post.id].counters == Counters(replies=8)
    assert mention.post.author.handle == ""
    assert roots(store, since=NOON - 2 * DAY) == []


def test_old_payloads_go_and_what_was_never_sent_is_given_up(store: Store) -> None:
    record(
        store,
        notifications=(
            a_notification("sent", created_at=NOON - DAY, state=DeliveryState.DELIVERED),
            a_notification("held", created_at=NOON - DAY, state=DeliveryState.HELD),
            a_notification("young"),
        ),
    )
    assert purge(store, NOON) > 0
    assert purge(store, NOON) == 0
    after = outbox(store)
    assert (after["sent"].state, after["sent"].payload) == (DeliveryState.DELIVERED, "")
    assert (after["held"].state, after["held"].payload) == (DeliveryState.DEAD, "")
    assert "retention" in after["held"].last_answer
    assert after["young"].payload != ""
    with store.writing() as tx:
        assert tx.revive(["sent", "held"], NOON) == 0


# ---------------------------------------------------------------- statistics
def test_statistics_count_the_last_day_of_a_brand(store: Store) -> None:
    mentions = (
        a_mention("1", anger=0.5, at=NOON - minutes(10)),
        a_mention("2", anger=0.25, at=NOON - DAY + minutes(1)),
        a_mention("3", anger=None, at=NOON),
        a_mention("4", anger=0.9, at=NOON - DAY),
        a_mention("5", anger=0.9, at=NOON + minutes(1)),
        a_mention("6", anger=0.9, brand="Bolt", at=NOON - 3 * DAY),
    )
    surge = an_alert("surge:Acme", kind=AlertKind.SURGE, started_at=NOON - minutes(5))
    record(
        store,
        posts=tuple(each.post for each in mentions),
        mentions=mentions,
        feed="town",
        orphans=(surge, an_alert("over", kind=AlertKind.SURGE, ended_at=NOON)),
        quarantine=(("jsonl::post:9", NOON, "Traceback"),),
        notifications=(
            a_notification("w2", created_at=NOON - minutes(2)),
            a_notification("w1", created_at=NOON - minutes(9)),
            a_notification("d", state=DeliveryState.DEAD),
            a_notification("h", state=DeliveryState.HELD, created_at=NOON - DAY),
        ),
    )
    with store.reading() as look:
        statistics = look.statistics(NOON)
    acme, bolt = statistics.brands
    assert (acme.brand, acme.mentions, acme.not_judged, acme.angry_weight) == ("Acme", 3, 1, 0.75)
    assert acme.last_seen_at == NOON + minutes(1)
    assert acme.surge_since == NOON - minutes(5)
    assert (bolt.brand, bolt.mentions, bolt.angry_weight) == ("Bolt", 0, 0)
    assert bolt.last_seen_at == NOON - 3 * DAY
    assert bolt.surge_since is None
    assert statistics.posts == 6
    assert dict(statistics.posts_by_feed) == {"town": 3}
    assert (statistics.waiting, statistics.oldest_waiting_at) == (2, NOON - minutes(9))
    assert (statistics.dead, statistics.quarantined) == (1, 1)


@pytest.mark.parametrize(
    ("facts", "is_stuck"),
    [
        ({}, False),
        ({"attempts": 1}, True),
        ({"notifier": "chat"}, True),
        ({"created_at": NOON}, True),
    ],
)
def test_what_only_waits_for_its_turn_is_not_stuck(
    store: Store, facts: dict[str, object], is_stuck: bool
) -> None:
    waiting = a_notification(**{"created_at": NOON - minutes(9), **facts})
    sent = a_notification("sent", state=DeliveryState.DELIVERED, delivered_at=NOON)
    earlier = replace(sent, id="earlier", delivered_at=NOON - DAY)
    record(store, notifications=(waiting, sent, earlier))
    with store.reading() as look:
        oldest = look.statistics(NOON).oldest_waiting_at
    assert oldest == (waiting.created_at if is_stuck else None)


def test_a_surge_of_a_brand_without_mentions_is_shown(store: Store) -> None:
    record(store, orphans=(an_alert("surge:Acme", kind=AlertKind.SURGE),))
    with store.reading() as look:
        (acme,) = look.statistics(NOON).brands
    assert (acme.brand, acme.mentions, acme.last_seen_at) == ("Acme", 0, None)
    assert acme.surge_since == NOON


# ---------------------------------------------------------------- judged again
def some_scored(store: Store) -> None:
    """Store four posts of three kinds: of two brands, of one, not judged, failed."""
    both = a_mention("1", anger=0.9, at=NOON)
    failed = a_mention("3", anger=None, at=NOON + DAY)
    mentions = (
        both,
        replace(both, brand="Other"),
        a_mention("2", anger=None, at=NOON + DAY, author="b"),
        replace(failed, score=Score(scorer="onnx (failed)")),
        a_mention("4", anger=0.1, brand="Other", at=NOON + 2 * DAY, author="d"),
    )
    posts = tuple({each.post.id: each.post for each in mentions}.values())
    record(store, posts=posts, mentions=mentions)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["1 Acme", "1 Other", "2 Acme", "3 Acme", "4 Other"]),
        ({"brand": "Acme"}, ["1 Acme", "1 Other", "2 Acme", "3 Acme"]),
        ({"brand": "Nobody"}, []),
        ({"since": NOON + DAY}, ["2 Acme", "3 Acme", "4 Other"]),
        ({"has_failed": True}, ["3 Acme"]),
        ({"has_failed": True, "brand": "Other"}, []),
        ({"has_failed": True, "since": NOON + 2 * DAY}, []),
        ({"most": 2}, ["1 Acme", "1 Other", "2 Acme"]),
        ({"after": "jsonl::post:1", "most": 1}, ["2 Acme"]),
        ({"after": "jsonl::post:4"}, []),
    ],
)
def test_posts_are_found_to_be_judged_again(
    store: Store, wanted: dict[str, object], found: list[str]
) -> None:
    some_scored(store)
    with store.reading() as look:
        mentions = look.scored(**wanted)  # type: ignore[arg-type]
        asked = {key: value for key, value in wanted.items() if key not in ("after", "most")}
        count = look.count_scored(**asked)  # type: ignore[arg-type]
    assert [f"{each.post.native_id} {each.brand}" for each in mentions] == found
    if asked == wanted:
        assert count == len({each.post.id for each in mentions})


def test_a_new_score_replaces_the_old_one_and_nothing_else(store: Store) -> None:
    some_scored(store)
    corrected(store, a_correction())
    with store.reading() as look:
        (_, other, *_) = before = look.scored()
        corrections = look.corrections()
    score = Score(
        sentiment=-0.5, negative=0.7, anger=0.25, language="bg", confidence=0.9, judged=True,
        scorer="onnx", version="abc", why=("лошо",),
    )  # fmt: skip
    with store.writing() as tx:
        assert tx.rescore([replace(other, score=score)]) == 1
        assert tx.rescore([]) == 0
    with store.reading() as look:
        after = look.scored()
        assert look.corrections() == corrections
        assert look.statistics(NOON).brands[1].angry_weight == 0.25
    assert after == [before[0], replace(other, score=score), *before[2:]]


def test_what_is_gone_edited_or_emptied_keeps_its_score(store: Store) -> None:
    some_scored(store)
    with store.reading() as look:
        first, _, second, *_ = look.scored()
    edited = replace(second.post, text="Acme, all is well", seen_at=NOON + 3 * DAY)
    record(store, edits=(edited,), mentions=(replace(second, post=edited),))
    with store.writing() as tx:
        tx.purge(NOON + minutes(1), NOON + 3 * DAY)
    new = Score(sentiment=0.9, negative=0.1, anger=0.0, judged=True, scorer="new", language="en")
    gone = a_mention("99")
    with store.writing() as tx:
        assert tx.rescore([replace(each, score=new) for each in (first, second, gone)]) == 0
    with store.reading() as look:
        assert first.post.id not in {each.post.id for each in look.scored()}
        assert all(each.score.scorer != "new" for each in look.scored())


def test_the_statistics_count_what_a_scorer_failed_on(store: Store) -> None:
    some_scored(store)
    with store.reading() as look:
        acme, other = look.statistics(NOON + DAY).brands
    assert (acme.mentions, acme.not_judged, acme.failed) == (2, 2, 1)
    assert other.failed == 0


# ---------------------------------------------------------------- corrections
def a_correction(post_id: str = "jsonl::post:1", **facts: object) -> Correction:
    values: dict[str, object] = {"anger": 0.1, "by": "Мария", "at": NOON, "note": "a song"}
    return Correction(post_id=post_id, **(values | facts))  # type: ignore[arg-type]


def corrected(store: Store, *corrections: Correction) -> list[bool]:
    with store.writing() as tx:
        return [tx.correct(each) for each in corrections]


def test_a_persons_verdict_stands_beside_the_scorers(store: Store) -> None:
    mention = a_mention("1", anger=0.9)
    record(store, posts=(mention.post,), mentions=(mention,))
    assert corrected(store, a_correction(sentiment=0.5)) == [True]
    with store.reading() as look:
        assert look.corrections() == [a_correction(sentiment=0.5)]
        assert look.corrections(["jsonl::post:1"]) == [a_correction(sentiment=0.5)]
        assert look.corrections(["jsonl::post:2"]) == []
        assert look.mentions_of("jsonl::post:1")[0].score.anger == 0.9


def test_a_later_verdict_replaces_the_earlier(store: Store) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    later = a_correction(anger=None, sentiment=-1.0, by="ivo", at=NOON + minutes(1), note="")
    corrected(store, a_correction(), later)
    with store.reading() as look:
        assert look.corrections() == [later]


def test_voices_are_mentions_without_their_words(store: Store) -> None:
    first = a_mention(
        "1",
        anger=0.4,
        followers=7,
        counters=Counters(replies=2, boosts=3, quotes=None, likes=90),
        at=NOON,
    )
    nobody = a_mention("2", author="", anger=None, at=NOON + minutes(1), language="bg")
    others = (
        a_mention("3", at=NOON - minutes(1)),
        a_mention("4", at=NOON + minutes(2)),
        a_mention("5", brand="Bolt"),
    )
    mentions = (nobody, first, *others)
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    said = Correction(post_id=first.post.id, anger=0.9, by="anna", at=NOON)
    with store.writing() as tx:
        assert tx.correct(said)
    with store.reading() as look:
        voices = look.voices("Acme", NOON, NOON + minutes(2))
        assert look.voices("Acme", NOON, NOON + DAY, anger_from=0.85) == voices[:1]
    assert voices == [
        Voice(
            brand="Acme",
            name="jsonl::anna",
            post_id="jsonl::post:1",
            at=NOON,
            anger=0.9,
            language="en",
            followers=7,
            reactions=5,
        ),
        Voice(
            brand="Acme",
            name="jsonl::post:2",
            post_id="jsonl::post:2",
            at=NOON + minutes(1),
            anger=None,
            language="bg",
            followers=None,
            reactions=0,
        ),
    ]


def test_a_mention_keeps_the_reading_that_did_not_bring_it(store: Store) -> None:
    mention = replace(a_mention("1"), unseen_at=NOON - minutes(1))
    record(store, posts=(mention.post,), mentions=(mention, replace(mention, brand="Bolt")))
    with store.reading() as look:
        assert [each.unseen_at for each in look.latest_mentions()] == [NOON - minutes(1)] * 2


def test_what_is_no_mention_cannot_be_corrected(store: Store) -> None:
    record(store, posts=(a_post("1"),))
    assert corrected(store, a_correction(), a_correction("gone")) == [False, False]
    with store.reading() as look:
        assert look.corrections() == []


def test_a_correction_can_be_taken_back_once(store: Store) -> None:
    mentions = (a_mention("1"), a_mention("2"))
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    other = a_correction("jsonl::post:2")
    corrected(store, a_correction(), other)
    with store.writing() as tx:
        assert [tx.uncorrect("jsonl::post:1") for _ in range(2)] == [True, False]
        assert not tx.uncorrect("gone")
    with store.reading() as look:
        assert look.corrections() == [other]


def test_a_verdict_goes_with_the_words_that_it_was_about(store: Store) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    corrected(store, a_correction())
    liked = replace(mention.post, counters=Counters(likes=3), seen_at=NOON + minutes(1))
    record(store, edits=(liked,))
    with store.reading() as look:
        assert look.corrections() == [a_correction()]
    edited = replace(mention.post, text="Acme, all is well", seen_at=NOON + minutes(2))
    record(store, edits=(edited,), mentions=(replace(mention, post=edited),))
    with store.reading() as look:
        assert look.corrections() == []


def test_the_retention_erases_the_note_and_keeps_the_figures(store: Store) -> None:
    mention = a_mention("1")
    record(store, posts=(mention.post,), mentions=(mention,))
    corrected(store, a_correction())
    with store.writing() as tx:
        tx.purge(NOON + DAY, NOON + DAY)
    with store.reading() as look:
        assert look.corrections() == [a_correction(note="")]


def test_mentions_are_found_by_id_or_address(store: Store) -> None:
    acme = a_mention("1", url="https://example.org/1")
    bolt = replace(acme, brand="Bolt", matched="bolt")
    other = a_mention("2", url="https://example.org/2")
    record(store, posts=(acme.post, other.post), mentions=(bolt, acme, other))
    with store.reading() as look:
        for name in ("jsonl::post:1", "https://example.org/1"):
            assert [each.brand for each in look.mentions_of(name)] == ["Acme", "Bolt"]
            assert look.mentions_of(name)[0] == acme
        assert look.mentions_of("") == ()
        assert look.mentions_of("jsonl::post:") == ()


def test_the_newest_mentions_come_first(store: Store) -> None:
    mentions = (
        a_mention("1", at=NOON, anger=0.2),
        a_mention("2", at=NOON + minutes(2), anger=None),
        a_mention("3", at=NOON + minutes(1), anger=0.9),
        a_mention("4", at=NOON + minutes(3), anger=0.7, brand="Bolt"),
    )
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)

    def ids(**wanted: object) -> list[str]:
        with store.reading() as look:
            found = look.latest_mentions(**wanted)  # type: ignore[arg-type]
        return [each.post.native_id for each in found]

    assert ids() == ["4", "2", "3", "1"]
    assert ids(most=2) == ["4", "2"]
    assert ids(brand="Acme") == ["2", "3", "1"]
    assert ids(anger_from=0.5) == ["4", "3"]
    assert ids(brand="Acme", anger_from=0.2) == ["3", "1"]
    assert ids(brand="Nobody") == []


def test_mentions_between_two_instants_come_by_time_without_the_erased(store: Store) -> None:
    early, late, gone = (
        a_mention(str(n), at=NOON + minutes(at), seen_at=NOON + minutes(60 * seen))
        for n, at, seen in ((1, 5, 2), (2, 1, 2), (3, 2, -9))
    )
    other = a_mention("4", at=NOON + minutes(3), brand="Other", seen_at=NOON + minutes(120))
    edge = a_mention("5", at=NOON + minutes(9), seen_at=NOON + minutes(120))
    given = (early, late, gone, other, edge)
    record(store, posts=tuple(each.post for each in given), mentions=given)
    with store.writing() as tx:
        tx.purge(NOON, NOON)
    with store.reading() as look:
        found = list(look.mentions_between("Acme", NOON + minutes(1), NOON + minutes(9)))
    assert found == [late, early]


# ---------------------------------------------------------------- what stands behind a trouble
def a_known_incident() -> Incident:
    earlier = an_exhibit("jsonl::post:7", text="Acme е пак същото")
    example = an_exhibit("jsonl::post:8", author="boris")
    calm = an_exhibit("jsonl::post:9", author="clara", anger=0.1)
    return replace(
        a_full_incident(),
        history=History(
            posts=3,
            angry_posts=1,
            anger=0.5,
            first_at=NOON - minutes(90),
            last_at=NOON - minutes(30),
            reach=120,
            encounters=(
                Encounter(
                    incident_id="inc-0",
                    opened_at=NOON - minutes(80),
                    status=Status.RESOLVED,
                    resolution=Resolution.REFUND,
                ),
            ),
            earlier=(earlier,),
        ),
        recurring=(
            Recurrence(theme="late", incidents=3, angry_posts=9, share=0.25, examples=(example,)),
            Recurrence(theme="fees", incidents=4, angry_posts=1, share=0.01, examples=(example,)),
        ),
        affected=(calm, replace(calm, post_id="jsonl::post:10", author="dora")),
    )


def test_an_incident_comes_back_with_what_stands_behind_it(store: Store) -> None:
    incident = a_known_incident()
    record(store, incidents=(incident,))
    with store.reading() as look:
        assert look.incident("inc-full") == incident
    record(store, incidents=(replace(incident, affected=(), recurring=(), history=None),))
    with store.reading() as look:
        found = look.incident("inc-full")
    assert found is not None
    assert (found.history, found.recurring, found.affected) == (None, (), ())


def test_a_past_goes_with_its_posts(store: Store) -> None:
    posts = [a_mention(str(n), at=NOON - minutes(60)) for n in (7, 8, 9)]
    kept = a_mention("10", at=NOON + minutes(60))
    given = (*posts, kept)
    record(
        store,
        posts=tuple(each.post for each in given),
        mentions=given,
        incidents=(a_known_incident(),),
        notifications=(
            a_notification("told", incident_id="inc-full", state=DeliveryState.DELIVERED),
        ),
    )
    with store.writing() as tx:
        assert tx.purge(NOON, NOON) == 3
    with store.reading() as look:
        found = look.incident("inc-full")
    assert found is not None
    assert found.history is not None
    assert found.history.posts == 3
    assert found.history.earlier == ()
    assert [each.examples for each in found.recurring] == [(), ()]
    assert [post.author for post in found.affected] == ["dora"]
    assert outbox(store)["told"].payload == ""


def test_the_past_of_an_author_is_found_on_their_server(store: Store) -> None:
    mentions = (
        a_mention("1", author="anna", at=NOON - minutes(5)),
        a_mention("2", author="anna"),
        a_mention("3", author="boris"),
        a_mention("4", author="anna", source="elsewhere"),
        a_mention("5", author="anna", brand="Other"),
        a_mention("6", author=""),
    )
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    with store.reading() as look:
        assert look.mentions_by(a_post(author="anna"), "Acme", 9) == [mentions[1], mentions[0]]
        assert look.mentions_by(a_post(author="anna"), "Acme", 1) == [mentions[1]]
        assert look.mentions_by(a_post(author=""), "Acme", 9) == []


def test_incidents_are_found_by_the_posts_in_their_evidence(store: Store) -> None:
    shown = an_incident("inc-1", exhibits=(an_exhibit("a"), an_exhibit("b")))
    other = an_incident("inc-2", exhibits=(an_exhibit("c"),), alerts=(an_alert("x"),))
    record(store, incidents=(shown, other))
    with store.reading() as look:
        assert look.exhibiting(["a", "b", "z"]) == (shown,)
        assert look.exhibiting(["c"]) == (other,)
        assert look.exhibiting([]) == ()


def test_angry_posts_are_counted_by_theme(store: Store) -> None:
    mentions = (
        a_mention("1", themes=("late", "fees")),
        a_mention("2", themes=("late",), anger=0.3),
        a_mention("3", themes=("late",), anger=0.29),
        a_mention("4"),
        a_mention("5", themes=("late",), anger=None),
        a_mention("6", themes=("late",), at=NOON - minutes(9)),
        a_mention("7", themes=("late",), brand="Other"),
    )
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    with store.reading() as look:
        counted = look.angry_posts("Acme", NOON)
    assert (counted.total, dict(counted.of)) == (3, {"late": 2, "fees": 1})


def test_those_who_speak_calmly_of_a_theme_are_found(store: Store) -> None:
    mentions = (
        a_mention("1", themes=("late",), anger=0.1, at=NOON - minutes(5)),
        a_mention("2", themes=("fees", "late"), anger=None),
        a_mention("3", themes=("late",), anger=0.9),
        a_mention("4", themes=("rude",), anger=0.1),
        a_mention("5", themes=("late",), anger=0.1, at=NOON - minutes(90)),
    )
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    with store.reading() as look:
        found = look.speaking_of("Acme", ("late", "odd"), NOON - minutes(60), 9)
        assert found == [mentions[1], mentions[0]]
        assert look.speaking_of("Acme", ("late",), NOON - minutes(60), 1) == [mentions[1]]
