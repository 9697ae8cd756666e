"""What its author took back is forgotten, wherever it stands, and people are told."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from emberwatch.model.incident import Action, Incident
from emberwatch.model.notification import DeliveryState
from emberwatch.model.post import Counters, Flag, Post, Remover
from emberwatch.ports import Gone
from emberwatch.runtime.arrivals import Arrivals
from tests.build import NOON, a_post, minutes
from tests.town import Town

CANARY = "a canary sings of Acme that is awful"
SINGER = "the-singer"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path / "watch.db", NOON)
    yield made
    made.store.close()


def hear(town: Town, *posts: Post, gone: tuple[Gone, ...] = ()) -> None:
    town.now += minutes(1)
    town._hear(Arrivals(at=town.now, feed="town", source="jsonl", posts=posts, gone=gone))


def a_storm(town: Town) -> Incident:
    """Let a crowd gather under a post that is taken back later; return the incident."""
    hear(town, a_post("root", text=CANARY, author=SINGER, at=town.now))
    town.answer("awful", 400, minutes(0.05), root="root")
    (incident,) = town.incidents()
    return incident


def everything(town: Town) -> str:
    """Return all that the database says to who asks, and all bytes of its words."""
    with town.store.reading() as look:
        told = [
            *look.posts(),
            *look.incidents(),
            *look.notifications(),
            *look.latest_mentions(most=1000),
        ]
    return repr(told)


def test_a_deleted_origin_is_forgotten_everywhere_and_told(town: Town) -> None:
    before = a_storm(town)
    assert CANARY in everything(town)
    assert SINGER in everything(town)
    town.now += minutes(3)
    deleted = Gone(key="jsonl::root", by=Remover.AUTHOR, at=town.now)
    hear(town, gone=(deleted,))
    assert CANARY not in everything(town)
    assert SINGER not in everything(town)
    (after,) = town.incidents()
    step = after.timeline[-1]
    assert step.action is Action.UPDATED
    assert step.note == (
        f"the origin post was deleted by its author at {town.now - minutes(1):%Y-%m-%d %H:%M} UTC; "
        "its words and its author are forgotten"
    )
    assert after.sequence == before.sequence + 1
    assert after.alerts == before.alerts
    assert town.told(after)[-1] == "incident.updated"


def test_a3_behind_a_deleted_post_nobody_waits_for_an_answer(town: Town, tmp_path: Path) -> None:
    a_storm(town)
    assert waiting(tmp_path / "watch.db") == ["jsonl::post:root"]
    hear(town, gone=(Gone(key="jsonl::root"),))
    assert waiting(tmp_path / "watch.db") == []


def waiting(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [post for (post,) in connection.execute("SELECT post_id FROM unanswered")]


def test_the_words_are_gone_from_the_file_itself(town: Town, tmp_path: Path) -> None:
    a_storm(town)
    hear(town, gone=(Gone(key="jsonl::root"),))
    town.store.close()
    for path in tmp_path.iterdir():
        assert b"canary sings" not in path.read_bytes(), path.name


def test_a_message_that_is_not_sent_yet_says_it_no_more(town: Town) -> None:
    a_storm(town)
    hear(town, gone=(Gone(key="jsonl::root"),))
    with town.store.reading() as look:
        unsent = look.notifications(state=DeliveryState.WAITING)
    payloads = [json.loads(each.payload) for each in unsent]
    assert len(payloads) > 1
    for payload in payloads:
        (shown,) = [each for each in payload["brief"]["posts"] if each["id"] == "jsonl::post:root"]
        assert (shown["text"], shown["author"], shown["is_forgotten"]) == ("", "", True)
        assert payload["reason"]
        assert payload["brief"]["text"]


def test_a_message_that_was_sent_is_kept_no_longer(town: Town) -> None:
    a_storm(town)
    with town.store.writing() as tx:
        for each in tx.notifications():
            tx.settle(replace(each, state=DeliveryState.DELIVERED))
    hear(town, gone=(Gone(key="jsonl::root"),))
    with town.store.reading() as look:
        sent = look.notifications(state=DeliveryState.DELIVERED)
    assert {each.payload for each in sent} == {""}


def test_another_post_that_is_deleted_stands_in_the_timeline_and_rings_nobody(town: Town) -> None:
    a_storm(town)
    town.answer("Acme is awful", 20, minutes(0.1), root="root")
    hear(town)
    (before,) = town.incidents()
    other = next(each for each in before.exhibits if each.post_id != "jsonl::post:root")
    hear(town, gone=(Gone(key=other.post_id.replace(":post:", ":").replace(":reply:", ":")),))
    (after,) = town.incidents()
    assert after.timeline[-1].action is Action.NOTED
    assert "a post that stood here was deleted on its site (just noticed)" in (
        after.timeline[-1].note
    )
    assert after.sequence == before.sequence
    assert other.author not in everything(town)


def test_a_closed_incident_forgets_too_and_stays_closed(town: Town) -> None:
    town.close(a_storm(town))
    (closed,) = town.incidents()
    hear(town, gone=(Gone(key="jsonl::root"),))
    (after,) = town.incidents()
    assert (after.status, after.sequence) == (closed.status, closed.sequence)
    assert "the origin post was deleted" in after.timeline[-1].note
    assert CANARY not in everything(town)


def test_a_deletion_is_told_once_however_often_it_is_heard(town: Town) -> None:
    a_storm(town)
    gone = Gone(key="jsonl::root")
    hear(town, gone=(gone, gone))
    hear(town, gone=(gone, Gone(key="jsonl::never seen")))
    (after,) = town.incidents()
    assert sum("was deleted" in step.note for step in after.timeline) == 1


@pytest.mark.parametrize(
    ("flag", "by"), [(Flag.TAKEN_BACK, "by its author"), (Flag.REMOVED, "by the site")]
)
def test_a_post_that_the_site_shows_without_its_words_is_forgotten(
    town: Town, flag: Flag, by: str
) -> None:
    a_storm(town)
    empty = a_post("root", text="", author="", at=NOON, seen_at=town.now, flags=frozenset((flag,)))
    for number in range(2):
        counters = Counters(replies=401 + number)
        hear(town, replace(empty, seen_at=town.now + minutes(1), counters=counters))
    (after,) = town.incidents()
    assert f"the origin post was deleted {by} (just noticed)" in after.timeline[-1].note
    assert CANARY not in everything(town)
    with town.store.reading() as look:
        mention = look.mentions(["jsonl::post:root"], "Acme")["jsonl::post:root"]
    assert mention.score.anger == 0.9  # it counts on as what it was


def test_a_post_deleted_in_the_batch_that_rings_is_no_evidence(town: Town) -> None:
    hear(town, a_post("root", text=CANARY, author=SINGER, at=town.now))
    town.answer("awful", 30, minutes(0.5), root="root")
    gone = (Gone(key="jsonl::root"),)
    replies = tuple(
        a_post(f"r{number}", text="awful", at=town.now, thread="root", parent="root",
               author=f"a{number}", seen_at=town.now)
        for number in range(500)
    )  # fmt: skip
    hear(town, *replies, gone=gone)
    hear(town, a_post("more", text="Acme is awful", at=town.now, thread="root", parent="root"))
    assert CANARY not in everything(town)


def test_a_post_deleted_before_we_saw_it_is_never_kept(town: Town) -> None:
    post = a_post("root", text=CANARY, author=SINGER, at=town.now)
    hear(town, post, gone=(Gone(key=post.key, by=Remover.AUTHOR),))
    assert CANARY not in everything(town)
