"""The commands over a database that a small story was replayed into."""

import gzip
import http.server
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from emberwatch.cli.main import cli, main
from emberwatch.core.respond.digest import digest_of
from emberwatch.core.respond.triage import open_incident
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import FeedRead
from emberwatch.model.notification import DeliveryState, Owed
from emberwatch.ports import FeedHealth, Ledger
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.wiring import configuration, policy, processor
from emberwatch.store.lock import claim_instance
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, a_post, an_alert, minutes
from tests.rules import Crier
from tests.typed import typing

CONFIG = """
database: watch.db
network: {allow: [127.0.0.0/8]}
brands:
  - {name: Acme, words: [acme], languages: [en]}
  - {name: Other, words: [other], languages: [en]}
feeds:
  - {name: town, source: jsonl, options: {path: posts.jsonl}, every: 1m}
notifiers:
  - {name: screen, kind: console}
  - {name: ops, kind: webhook, url: "http://127.0.0.1:9/hook"}
"""

HOSTILE = "[/x] [bold]b[/bold] \x1b[31mred \x1b]0;owned\x07 \u202eevil\u202c \x00 \u200fend"
HOSTILE_AUTHOR = "\x1b[2Jeve[/x]\u202e"

WHAT = ("parcel", "refund", "kettle", "invoice", "account", "phone line", "delivery", "cheque")
HOW = ("lost", "ruined", "broke", "stole", "cancelled", "ignored", "botched", "wrecked")


def _line(number: int, text: str, at: datetime, author: str | None = None) -> str:
    return json.dumps(
        {
            "id": str(number),
            "created_at": at.isoformat(),
            "author": author or f"user{number}",
            "text": text,
            "url": f"https://town.example/{number}",
        }
    )


def _story() -> Iterator[str]:
    """Yield a calm week, then furious customers who also know how terminals are harmed."""
    number = 0
    at = NOON - timedelta(days=7)
    while at < NOON:
        number += 1
        yield _line(number, f"Is Acme open today, number {number}", at)
        at += timedelta(minutes=47 + number % 23)
    for minute in range(40):
        number += 1
        complaint = f"Acme {HOW[minute % 8]} my {WHAT[minute // 8]}, terrible awful people!"
        at = NOON + timedelta(minutes=minute, seconds=5)
        yield _line(number, f"{complaint} {HOSTILE}", at, f"{HOSTILE_AUTHOR}{number}")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, and a database that the story went through."""
    folder = tmp_path_factory.mktemp("story")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "story.jsonl").write_text("\n".join(_story()) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            main(["replay", "story.jsonl", "--json"])
    assert ended.value.code in (0, None)
    return folder


@pytest.fixture
def run(story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd):
    """Run a command in a copy of the folder."""
    folder = tmp_path / "watch"
    shutil.copytree(story, folder)
    monkeypatch.chdir(folder)
    return typing(capfd)


def _incident(run) -> str:
    (row,) = run("incident", "list", "--json").rows
    return row["id"]


def _told(run, id: str) -> str:
    """Acknowledge an incident, so that its notifications are owed; return one of their ids."""
    run("incident", "acknowledge", id, "--by", "anna")
    return run("delivery", "list", "--notifier", "ops", "--json").rows[0]["notification_id"]


# ---------------------------------------------------------------- incidents
def test_the_open_incidents_are_listed_with_their_reasons(run) -> None:
    said = run("incident", "list")
    assert said.code == 0
    heading, row = said.out.splitlines()
    assert heading.split("\t")[:4] == ["incident", "brand", "kinds", "status"]
    assert row.split("\t")[1:4] == ["Acme", "spike+surge", "open"]
    assert "angry voices" in row


def test_a_closed_incident_is_listed_only_when_asked_for(run) -> None:
    id = _incident(run)
    run("incident", "dismiss", id, "--by", "anna", "--note", "a lyric")
    assert "No open incidents." in run("incident", "list").err
    assert [row["status"] for row in run("incident", "list", "--all", "--json").rows] == [
        "dismissed"
    ]


def test_an_empty_file_is_no_database_and_stays_empty(run) -> None:
    Path("empty.db").touch()
    said = run("incident", "list", "--database", "empty.db")
    assert (said.code, Path("empty.db").stat().st_size) == (1, 0)
    assert "there is no database at empty.db yet" in said.err


def test_only_a_brands_incidents_are_listed_when_it_is_named(run) -> None:
    assert run("incident", "list", "--brand", "Other", "--json").out == ""
    assert len(run("incident", "list", "--brand", "Acme", "--json").rows) == 1


def test_an_incident_is_shown_with_why_whose_words_and_what_can_be_done(run) -> None:
    id = _incident(run)
    said = run("incident", "show", id[:8])
    assert said.code == 0
    for words in ("Why", "In their words", "terrible awful people!", "What was done"):
        assert words in said.out
    assert (
        f"emberwatch incident {{acknowledge, respond, resolve, dismiss, assign, note}} {id}"
        in said.out
    )
    assert "https://town.example/" in said.out


def test_an_incident_is_shown_whole_as_json(run) -> None:
    (row,) = run("incident", "show", _incident(run), "--json").rows
    assert {"alerts", "posts", "timeline", "previous_id", "answer_url"} <= set(row)
    assert row["posts"][0]["anger"] > 0.5
    assert row["timeline"][0]["who"] == "replay"


def test_a_whole_life_of_an_incident_is_kept_in_its_timeline(run) -> None:
    id = _incident(run)
    moves = (
        ("acknowledge", "--note", "on it"),
        ("respond", "--link", "https://town.example/answer"),
        ("resolve", "--with", "refund"),
        ("reopen",),
        ("dismiss",),
    )
    for verb, *more in moves:
        said = run("incident", verb, id, "--by", "anna", *more)
        assert said.code == 0
        assert "by anna; telling screen, ops" in said.out
    (row,) = run("incident", "show", id, "--json").rows
    assert [step["action"] for step in row["timeline"] if step["who"] == "anna"] == [
        "acknowledged", "responded", "resolved", "reopened", "dismissed",
    ]  # fmt: skip
    assert (row["owner"], row["resolution"], row["status"]) == ("anna", "refund", "dismissed")
    assert row["answer_url"] == "https://town.example/answer"
    assert len(run("delivery", "list", "--json").rows) == 2 * len(moves)


def test_what_people_do_with_a_replay_is_noted_and_not_timed(run) -> None:
    id = _incident(run)
    for verb in ("acknowledge", "respond", "resolve"):
        said = run("incident", verb, id, "--by", "anna")
        assert "It is of a replay, whose clock is that of its file: how long" in said.err
    assert run("incident", "reopen", id, "--by", "anna").err == ""
    said = run("incident", "show", id)
    assert "people: it is of a replay: people act by another clock" in said.out
    (row,) = run("incident", "show", id, "--json").rows
    assert (row["clocks"]["legs"]["people"]["seconds"], row["promises"]) == (None, [])
    assert "OVERDUE" not in said.out + run("status").out


def test_a1_the_second_hand_off_brings_a_warning(run) -> None:
    id = _incident(run)
    for to in ("anna", "boris"):
        assert run("incident", "assign", id, "--to", to, "--by", "anna").err == ""
    assert "boris has it, after 1 hand-off\n" in run("incident", "show", id).out
    said = run("incident", "assign", id, "--to", "clara", "--by", "boris")
    assert (said.code, "assigned to clara by boris; telling screen, ops" in said.out) == (0, True)
    assert "This is hand-off 2" in said.err
    (row,) = run("incident", "show", id, "--json").rows
    assert (row["owner"], row["hand_offs"]) == ("clara", 2)
    assert "clara has it, after 2 hand-offs" in run("incident", "show", id).out


def test_it_is_given_to_somebody_with_a_name(run) -> None:
    said = run("incident", "assign", _incident(run), "--to", " ", "--by", "anna")
    assert said.code == 2
    assert "Invalid value for '--to': expected a name" in said.err


def test_a_note_is_kept_and_nobody_is_told(run) -> None:
    id = _incident(run)
    before = run("delivery", "list", "--json").rows
    said = run("incident", "note", id, "called \x1b[2Jher", "--by", "anna")
    assert said.out == f"{id} noted by anna; telling nobody\n"
    assert run("delivery", "list", "--json").rows == before
    assert "noted by anna: called her" in run("incident", "show", id).out.replace("[2J", "")
    assert run("incident", "note", id, " ", "--by", "anna").code == 2


def test_a3_who_waits_is_listed_until_somebody_answers(run) -> None:
    id = _incident(run)
    rows = run("unanswered", "--json").rows
    assert rows
    assert [row["anger"] for row in rows] == sorted((row["anger"] for row in rows), reverse=True)
    assert {row["incident"] for row in rows} == {id}
    assert len(run("unanswered", "--most", "2", "--json").rows) == 2
    assert "more (--most shows more)" in run("unanswered", "--most", "2").out
    assert run("unanswered", "--brand", "Other", "--json").rows == []
    run("incident", "respond", id, "--by", "anna")
    assert "Nobody waits for an answer." in run("unanswered").err


def test_a_post_without_author_or_address_waits_all_the_same(run) -> None:
    mention = a_mention("alone", author="", anger=0.9)
    mention = replace(mention, post=replace(mention.post, url=None))
    alert = an_alert("alone", evidence=(mention.post.id,))
    incident = open_incident(alert, {mention.post.id: mention}, None)
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        tx.record(Ledger(incidents=(incident,)))
    (row,) = (line for line in run("unanswered").out.splitlines() if incident.id in line)
    assert row.split("\t")[4] == "somebody"
    assert row.split("\t")[6] == ""


def test_an_incident_is_shown_with_what_to_do_first(run) -> None:
    id = _incident(run)
    said = run("incident", "show", id)
    assert "First steps" in said.out
    assert "because: open spike and surge (R1)" in said.out
    (row,) = run("incident", "show", id, "--json").rows
    assert "R1" in [step["rule"] for step in row["steps"]]


def test_r16_a_draft_is_looked_at_before_it_is_sent(run) -> None:
    Path("draft.txt").write_text("I see, but calm down.")
    said = run("tone", "draft.txt", "--language", "en", "--json")
    assert said.code == 1
    assert [row["word"] for row in said.rows] == ["but", "calm down"]
    Path("draft.txt").write_text("I am sorry. A new one is on its way.")
    assert run("tone", "draft.txt", "--language", "en").code == 0


def test_r16_a_draft_without_a_word_is_not_called_fine(run) -> None:
    Path("draft.txt").write_text(" \n")
    said = run("tone", "draft.txt")
    assert said.code == 2
    assert "there is no draft" in said.err


def test_a16_a_follow_up_is_planned_with_the_resolution(run) -> None:
    id = _incident(run)
    assert "Nobody is to be asked again." in run("followup", "list").err
    said = run(
        "incident", "resolve", id, "--by", "anna", "--follow-up", "60d", "--our-mistake",
        "--note", "a new parcel",
    )  # fmt: skip
    assert said.code == 0
    (row,) = run("followup", "list", "--json").rows
    day = row["at"].replace("T", " ")[:19]
    assert f"The customer is to be asked again at {day} UTC." in said.out
    assert (row["state"], row["about"], row["why"]) == ("planned", id, "a new parcel")
    assert "planned" in run("followup", "list").out
    (shown,) = run("incident", "show", id, "--json").rows
    assert shown["is_our_mistake"] is True
    assert shown["follow_up_at"] == row["at"]
    assert f"The follow-up of {day} UTC is off" in run("incident", "reopen", id, "--by", "a").out


def test_a_follow_up_planned_without_a_word_is_given_none(run) -> None:
    id = _incident(run)
    run("incident", "note", id, "--by", "anna", "--note", "rang them")
    run("incident", "resolve", id, "--by", "anna", "--follow-up", "60d")
    assert run("followup", "list", "--json").rows[0]["why"] == ""


@pytest.mark.parametrize(
    ("when", "why"), [("soon", "a length such as 60d"), ("2001-01-01", "give a later date")]
)
def test_a_follow_up_that_is_no_time_to_come_is_refused(run, when: str, why: str) -> None:
    id = _incident(run)
    said = run("incident", "resolve", id, "--by", "anna", "--follow-up", when)
    assert said.code in (1, 2)
    assert why in said.err
    assert run("incident", "show", id, "--json").rows[0]["status"] == "open"


IMPOSSIBLE = [
    ((), "reopen", "acknowledge, respond, resolve, dismiss, assign, note"),
    (("acknowledge",), "acknowledge", "respond, resolve, dismiss, assign, note"),
    (("respond",), "acknowledge", "resolve, dismiss, assign, note"),
    (("resolve",), "respond", "reopen, note"),
    (("dismiss",), "resolve", "reopen, note"),
]


@pytest.mark.parametrize(("before", "verb", "possible"), IMPOSSIBLE)
def test_an_impossible_move_says_in_one_line_what_is_possible(
    run, before: tuple[str, ...], verb: str, possible: str
) -> None:
    id = _incident(run)
    for earlier in before:
        run("incident", earlier, id, "--by", "anna")
    said = run("incident", verb, id, "--by", "boris")
    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert line.endswith(f"possible now: {possible}")
    assert id in line


@pytest.mark.parametrize("verb", ["show", "acknowledge", "respond", "resolve", "dismiss", "reopen"])
def test_an_unknown_incident_is_named_with_where_to_look(run, verb: str) -> None:
    by = () if verb == "show" else ("--by", "anna")
    said = run("incident", verb, "inc_nowhere", *by)
    assert said.code == 1
    assert "'inc_nowhere'" in said.err
    assert "emberwatch incident list --all" in said.err


def test_a_beginning_that_fits_two_incidents_is_refused(run) -> None:
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        (first,) = tx.incidents()
        other = replace(first, id="inc_other", brand="Other")
        alert = replace(first.alerts[0], id="other", brand="Other")
        tx.record(Ledger(incidents=(replace(other, alerts=(alert,)),)))
    said = run("incident", "show", "inc_")
    assert said.code == 1
    assert "2 incidents begin with 'inc_'" in said.err
    assert f"{first.id}, inc_other" in said.err or f"inc_other, {first.id}" in said.err
    assert run("incident", "show", "inc_other").code == 0


@pytest.mark.parametrize("command", [("incident", "list"), ("unanswered",)])
def test_of_a_brand_that_is_not_watched_nobody_is_told_that_all_is_well(run, command) -> None:
    said = run(*command, "--brand", "Acne")
    assert (said.code, said.out) == (2, "")
    assert "unknown brand 'Acne'; did you mean 'Acme'?" in said.err
    assert run(*command, "--brand", "Acne", "--database", "watch.db").code == 0


def test_a_name_is_kept_without_what_a_terminal_obeys(run) -> None:
    id = _incident(run)
    run("incident", "acknowledge", id, "--by", " an\x1b[31mna\n")
    assert run("incident", "list", "--json").rows[0]["owner"] == "anna"


def test_whoever_acts_gives_a_name(run) -> None:
    id = _incident(run)
    for by in ((), ("--by", ""), ("--by", "  "), ("--by", "\x1b[2J")):
        assert run("incident", "acknowledge", id, *by).code == 2
    assert run("incident", "list", "--json").rows[0]["status"] == "open"


@pytest.mark.parametrize("link", ["javascript:x", "https://", "https://x.org/a b", "http://\x1b["])
def test_a_link_that_is_no_address_is_refused(run, link: str) -> None:
    said = run("incident", "respond", _incident(run), "--by", "a", "--link", link)
    assert said.code == 2
    assert "--link" in said.err


# ---------------------------------------------------------------- feeds, notifiers, deliveries
def test_the_feeds_are_listed_with_how_each_is_doing(run) -> None:
    assert "not read yet" in run("feed", "list").out
    config = configuration(Path("config.yaml"))
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        blind = FeedHealth(
            feed="town", source="jsonl", last_ok_at=NOON, blind_since=NOON, why="timed \x1b[2Jout"
        )
        tx.record(Ledger(health=(blind,)))
    assert config.feeds[0].name == "town"
    said = run("feed", "list")
    assert "BLIND for" in said.out
    assert "timed out" in said.out
    (row,) = run("feed", "list", "--json").rows
    assert (row["feed"], row["every"], row["blind_since"]) == (
        "town",
        60,
        "2026-03-02T12:00:00.000Z",
    )


def test_the_feeds_can_be_listed_before_the_first_run(run) -> None:
    Path("watch.db").unlink()
    assert [row["last_ok_at"] for row in run("feed", "list", "--json").rows] == [None]
    assert len(run("notifier", "list", "--json").rows) == 2


def test_a_feed_is_tried_without_keeping_anything(run) -> None:
    shutil.copy("story.jsonl", "posts.jsonl")
    before = run("status", "--json").rows[0]["posts"]
    said = run("feed", "test", "town")
    assert (said.code, said.err) == (0, "")
    assert "was read:" in said.out
    assert "[/x]" in said.out
    assert "\x1b" not in said.out
    (row,) = run("feed", "test", "town", "--json").rows
    assert len(row["posts"]) == 3
    assert run("status", "--json").rows[0]["posts"] == before


def test_a_feed_that_cannot_be_read_says_why(run) -> None:
    said = run("feed", "test", "town")
    assert said.code == 1
    assert "feed town cannot be read" in said.err


def test_what_a_site_says_of_a_trial_is_shown_without_our_secret(run, monkeypatch) -> None:
    told = {
        "data": [],
        "meta": {},
        "errors": [{"detail": "no right for t0ken, see https://x.test/?key=k3y"}],
    }

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.send_header("x-rate-limit-remaining", "7")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("X_TOKEN", "t0ken")
    with http.server.HTTPServer(("127.0.0.1", 0), Site) as site:
        Path("config.yaml").write_text(
            "network: {allow: [127.0.0.0/8]}\n"
            "brands: [{name: Acme, words: [acme]}]\n"
            "feeds: [{name: x, source: x, every: 1m, options: {token_env: X_TOKEN, query: acme, "
            f"dollars_a_day: 1, dollars_a_month: 9, url: 'http://127.0.0.1:{site.server_port}'}}}}]\n"
        )
        answering = threading.Thread(target=site.serve_forever, daemon=True)
        answering.start()
        said = run("feed", "test", "x")
        site.shutdown()
        answering.join()
    assert (
        "left out: a post that X does not show: no right for ***, see https://x.test/?key=***"
        in said.out
    )
    assert "limits: 7 of ? left\n" in said.out
    assert "t0ken" not in said.out + said.err


def test_an_unknown_feed_is_named_with_those_that_there_are(run) -> None:
    said = run("feed", "test", "hamlet")
    assert said.code == 1
    assert "no feed is called 'hamlet' in" in said.err
    assert "config.yaml: it has town" in said.err


def test_a_notifier_is_disabled_and_enabled_again(run) -> None:
    id = _incident(run)
    assert run("notifier", "disable", "ops", "--why", "moving \x1b[2Jhouse").code == 0
    run("incident", "acknowledge", id, "--by", "anna")
    states = {row["name"]: row for row in run("notifier", "list", "--json").rows}
    assert states["ops"] == {
        "name": "ops", "kind": "webhook", "disabled": "moving \x1b[2Jhouse", "rests_until": None,
        "waiting": 1, "per_minute": None, "fallback": None,
    }  # fmt: skip
    assert "disabled: moving house" in run("notifier", "list").out
    assert [row["state"] for row in run("delivery", "list", "--state", "held", "--json").rows] == [
        "held"
    ]
    assert run("notifier", "enable", "ops").out == "ops is enabled\n"
    assert run("delivery", "list", "--state", "held", "--json").out == ""


@pytest.mark.parametrize("verb", ["test", "enable", "disable"])
def test_an_unknown_notifier_is_named_with_those_that_there_are(run, verb: str) -> None:
    said = run("notifier", verb, "nobody")
    assert said.code == 1
    assert "no notifier is called 'nobody' in" in said.err
    assert "config.yaml: it has screen, ops" in said.err


@contextmanager
def _receiver(status: int, body: bytes) -> Iterator[str]:
    """Answer every message alike, on loopback."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook"
        finally:
            server.shutdown()
            thread.join()


def test_a_test_message_that_is_taken_enables_the_notifier_again(run) -> None:
    run("notifier", "disable", "ops")
    with _receiver(200, b"fine") as url:
        config = Path("config.yaml")
        config.write_text(config.read_text().replace("http://127.0.0.1:9/hook", url))
        said = run("notifier", "test", "ops")
    assert (said.code, said.err) == (0, "for messages to it: no limit\n")
    assert "ops took the test message" in said.out
    assert "ops is enabled again" in said.out
    assert {row["disabled"] for row in run("notifier", "list", "--json").rows} == {None}


@pytest.mark.parametrize(
    ("rests", "when"),
    [(0, "next"), (50, "from 20"), (600, "next")],
    ids=["awake", "asked for time", "asked by a clock set back since"],
)
def test_a_test_message_that_is_taken_hurries_what_was_not(run, rests: int, when: str) -> None:
    _told(run, _incident(run))
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        (row,) = tx.notifications(notifier="ops")
        at = datetime.now(UTC)
        late = {"attempts": 7, "first_try_at": at, "next_try_at": at + timedelta(hours=5)}
        tx.settle(replace(row, **late))
        tx.rest("ops", at + minutes(rests))
    with _receiver(200, b"fine") as url:
        config = Path("config.yaml")
        config.write_text(config.read_text().replace("http://127.0.0.1:9/hook", url))
        said = run("notifier", "test", "ops").out
    assert f"1 message it failed to take: sent {when}" in said
    assert ("as it asked" in said) is (when != "next")
    with closing(open_store(Path("watch.db"))) as store, store.reading() as look:
        (row,) = look.notifications(notifier="ops")
    assert row.next_try_at <= datetime.now(UTC)


def test_what_a_receiver_answers_harms_no_terminal(run) -> None:
    with _receiver(500, b"no \x1b]0;owned\x07\x1b[2J\xe2\x80\xae way") as url:
        config = Path("config.yaml")
        config.write_text(config.read_text().replace("http://127.0.0.1:9/hook", url))
        said = run("notifier", "test", "ops")
    assert (said.code, said.out) == (1, "")
    assert "ops did not take the test message" in said.err
    assert not set(said.err) & set("\x1b\x07\u202e")


def test_what_was_given_up_is_listed_and_sent_again_under_its_id(run) -> None:
    id = _told(run, _incident(run))
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        (row,) = tx.notifications(notifier="ops")
        tx.settle(replace(row, state=DeliveryState.DEAD, attempts=12, last_answer="500 \x1b[2Jno"))
    listed = run("delivery", "list", "--state", "dead")
    assert "500 no" in listed.out
    assert "1 will be sent again" in run("delivery", "replay", "--dead", "--notifier", "ops").out
    rows = run("delivery", "list", "--notifier", "ops", "--json").rows
    assert [(row["notification_id"], row["state"], row["attempts"]) for row in rows] == [
        (id, "waiting", 0)
    ]


def test_what_a_digest_tells_is_listed_with_it_and_sent_again_in_one_message(run) -> None:
    id = _told(run, _incident(run))
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        (row,) = tx.notifications(notifier="ops")
        owed = Owed(
            id=id,
            incident_id=row.incident_id,
            type=row.type,
            sequence=row.sequence,
            severity=row.severity,
            subject=row.subject,
            created_at=row.created_at,
        )
        digest = digest_of([owed], [row], "ops", row.created_at)
        tx.record(Ledger(notifications=(digest,)))
        tx.tell_by([id], digest.id, f"told in the digest {digest.id}")
    listed = run("delivery", "list", "--told-by", digest.id)
    assert f"told in the digest {digest.id} (which waits)" in listed.out
    assert "several" in run("delivery", "list", "--notifier", "ops").out
    (row,) = run("delivery", "list", "--told-by", digest.id, "--json").rows
    assert (row["notification_id"], row["told_by"], row["handed_to"]) == (id, digest.id, None)
    assert (row["subject"], row["incident_id"] is not None) == ("Acme", True)
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        tx.settle(replace(digest, state=DeliveryState.DEAD))
    assert len(run("delivery", "list", "--state", "dead", "--json").rows) == 2
    assert "1 will be sent again" in run("delivery", "replay", "--dead").out


@pytest.mark.parametrize("asked", [-1, 300], ids=["over", "by a clock set back since"])
def test_a_receiver_that_asked_for_time_is_listed_until_the_time_is_over(run, asked: int) -> None:
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        tx.rest("ops", datetime.now(UTC) + timedelta(minutes=50))
        tx.rest("screen", datetime.now(UTC) + timedelta(minutes=asked))
    states = {row["name"]: row["rests_until"] for row in run("notifier", "list", "--json").rows}
    assert states["ops"] is not None
    assert states["screen"] is None
    assert run("notifier", "list").out.count("asked for time until") == 1


def test_a_notifiers_terms_are_listed(run) -> None:
    config = Path("config.yaml")
    text = config.read_text().replace("name: ops,", "name: ops, per_minute: 30, fallback: screen,")
    assert "fallback" in text
    config.write_text(text)
    assert "at most 30 messages a minute; screen stands in for it" in run("notifier", "list").out
    states = {row["name"]: row for row in run("notifier", "list", "--json").rows}
    assert (states["ops"]["per_minute"], states["ops"]["fallback"]) == (30, "screen")


def test_named_notifications_are_sent_again_and_the_others_are_missed(run) -> None:
    id = _told(run, _incident(run))
    said = run("delivery", "replay", id, "msg_nowhere")
    assert said.code == 0
    assert "1 will be sent again" in said.out
    assert "1 of them cannot be sent again" in said.err
    said = run("delivery", "replay", "msg_nowhere")
    assert said.code == 1
    assert "msg_nowhere" in said.err


def test_deliveries_are_listed_newest_first_and_no_more_than_asked_for(run) -> None:
    id = _incident(run)
    for verb in ("acknowledge", "respond", "resolve"):
        run("incident", verb, id, "--by", "anna")
    rows = run("delivery", "list", "--json", "--notifier", "ops").rows
    assert [row["type"] for row in rows] == [
        "incident.resolved", "incident.responded", "incident.acknowledged",
    ]  # fmt: skip
    assert len(run("delivery", "list", "--most", "1", "--json").rows) == 1
    assert run("delivery", "list", "--most", "0").code == 2


@pytest.mark.parametrize("wrong", [(), ("--dead", "msg_1"), ("msg_1", "--notifier", "ops")])
def test_a_replay_names_messages_or_asks_for_all_the_dead(run, wrong: tuple[str, ...]) -> None:
    assert run("delivery", "replay", *wrong).code == 2


# ---------------------------------------------------------------- status
def _well(before: timedelta = timedelta()) -> None:
    """Let the feed have been read a moment ago, or some time before."""
    config = configuration(Path("config.yaml"))
    now = datetime.now(UTC) - before
    with closing(open_store(Path("watch.db"))) as store:
        watch = processor(store, policy(config), is_live=True)
        read = FeedRead(at=now, feed="town", every=minutes(1), listed=3)
        watch.process(Arrivals(at=now, feed="town", source="jsonl", read=read))


def test_a_watch_that_runs_and_reads_is_healthy(run) -> None:
    _well()
    with claim_instance(Path("watch.db"), datetime.now(UTC)):
        said = run("status")
        (row,) = run("status", "--json").rows
    assert said.code == 0
    assert "Healthy." in said.out
    assert "watching, process" in said.out
    assert (row["is_healthy"], row["faults"]) == (True, [])
    assert [feed["feed"] for feed in row["feeds"]] == ["town"]
    assert [incident["brand"] for incident in row["incidents"]] == ["Acme"]


def test_a_watch_that_does_not_run_is_unhealthy_and_says_what_to_do(run) -> None:
    _well(before=minutes(20))
    said = run("status")
    assert said.code == 4
    assert "no daemon is running, and nothing was read for 20m" in said.out
    assert "start 'emberwatch run'" in said.out
    assert run("status", "--json").code == 4


def test_the_status_names_the_scorer_that_judges(run) -> None:
    with Path("config.yaml").open("a") as config:
        config.write("scorer: vader\n")
    assert "posts are judged by vader" in run("status").out
    assert run("status", "--json").rows[0]["scorer"] == "vader"


def test_a_replay_is_judged_by_the_scorer_of_the_configuration(run) -> None:
    with Path("config.yaml").open("a") as config:
        config.write("scorer: vader\n")
    assert run("replay", "story.jsonl", "--database", "other.db").code == 0
    (row,) = run("mention", "list", "--most", "1", "--json", "--database", "other.db").rows
    assert row["scorer"] == "vader"


def test_who_sends_nothing_needs_no_secret(run) -> None:
    text = Path("config.yaml").read_text()
    hook = '  - {name: hook, kind: webhook, url: "http://127.0.0.1:9/", secret_env: NOT_SET}\n'
    Path("config.yaml").write_text(text.replace("notifiers:\n", f"notifiers:\n{hook}"))
    said = run("incident", "acknowledge", _incident(run), "--by", "anna")
    assert (said.code, "telling hook" in said.out) == (0, True)
    assert run("notifier", "list").code == run("feed", "list").code == 0
    assert run("check").code == run("notifier", "test", "hook").code == 3


def test_a_watch_kept_up_from_cron_is_healthy_without_a_daemon(run) -> None:
    (incident,) = run("incident", "list", "--json").rows
    run("incident", "resolve", incident["id"], "--by", "ivy")
    _well(before=minutes(10))
    said = run("status")
    assert said.code == 0, said.out


FAULTS = {
    "feed town was never read": (),
    "notifier ops is disabled (moving)": ("notifier", "disable", "ops", "--why", "moving"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_what_to_do(run, fault: str) -> None:
    if FAULTS[fault]:
        run(*FAULTS[fault])
    said = run("status", "--json")
    assert said.code == 4
    assert any(line.startswith(fault) for line in said.rows[0]["faults"])


def test_a_team_that_nothing_reaches_is_named_with_what_to_do(run) -> None:
    team = "teams: [{name: care, notify: [ops]}]\n"
    Path("config.yaml").write_text(CONFIG.replace("languages: [en]}", "team: care}", 1) + team)
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        tx.disable("ops", NOON, "410: gone")
    faults = run("status", "--json").rows[0]["faults"]
    mend = "once it is mended: emberwatch notifier test ops"
    assert f"notifier ops is disabled (410: gone); {mend}" in faults
    assert any(line.startswith("team care is told of nothing: all its") for line in faults)
    run("notifier", "disable", "screen")
    assert "every notifier is disabled: nobody is told of anything" in run("status").out


def test_a_trouble_of_our_own_makes_the_watch_unhealthy(run) -> None:
    why = "a rule crashed on jsonl::post:1"
    alert = an_alert("t", kind=AlertKind.TROUBLE, subject="quarantine", reason=why)
    with closing(open_store(Path("watch.db"))) as store:
        crying = replace(
            policy(configuration(Path("config.yaml"))), detectors=(Crier({"cry": [alert]}),)
        )
        post = a_post("cry", text="Acme", at=NOON + minutes(60))
        processor(store, crying, is_live=False).process(Arrivals(at=post.seen_at, posts=(post,)))
    assert f"quarantine: {why}" in run("status", "--json").rows[0]["faults"]


def test_what_does_not_get_out_makes_the_watch_unhealthy(run) -> None:
    _told(run, _incident(run))
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        screen, ops = sorted(tx.notifications(), key=lambda row: row.notifier)[::-1]
        tx.settle(replace(screen, state=DeliveryState.DEAD))
    with closing(sqlite3.connect("watch.db")) as connection, connection:
        connection.execute(
            "UPDATE _notification SET created_at = '2026-03-02T12:00:00.000000Z' WHERE id = ?",
            (ops.id,),
        )
    faults = "\n".join(run("status", "--json").rows[0]["faults"])
    assert "a notification has waited for" in faults
    assert "1 notifications were given up" in faults


# ---------------------------------------------------------------- how commands end
def test_a_missing_configuration_ends_with_three(run) -> None:
    Path("config.yaml").unlink()
    for command in (("status",), ("feed", "list"), ("incident", "list"), ("replay", "story.jsonl")):
        said = run(*command)
        assert (said.code, said.out) == (3, "")
        assert said.err.startswith("config.yaml")


def test_every_mistake_of_a_configuration_is_told_and_it_ends_with_three(run) -> None:
    Path("config.yaml").write_text("brands: [{name: A}]\nfeeds: [{name: f, source: x}]\n")
    said = run("feed", "list")
    assert said.code == 3
    assert len(said.err.splitlines()) >= 2


def test_a_database_alone_is_enough_to_look_at_incidents(run) -> None:
    Path("config.yaml").unlink()
    assert len(run("incident", "list", "--json", "--database", "watch.db").rows) == 1


@pytest.mark.parametrize("command", [("status",), ("incident", "list"), ("delivery", "list")])
def test_a_database_that_is_not_there_yet_is_told_in_one_line(
    run, command: tuple[str, ...]
) -> None:
    Path("watch.db").unlink()
    said = run(*command)
    assert said.code == 1
    assert "there is no database at" in said.err
    assert not Path("watch.db").exists()


def test_a_file_that_is_no_database_ends_with_one(run) -> None:
    Path("letter.db").write_text("Dear Acme,\n" * 900)
    said = run("incident", "list", "--database", "letter.db")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert "is no database" in said.err


def test_a_database_that_is_locked_ends_with_one_and_changes_nothing(run) -> None:
    id = _incident(run)
    with closing(sqlite3.connect("watch.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(run("incident", "list", "--json").rows) == 1
        said = run("incident", "acknowledge", id, "--by", "anna")
    assert said.code == 1
    assert "is locked by another process" in said.err
    assert run("incident", "list", "--json").rows[0]["status"] == "open"


def test_a_second_watcher_ends_with_one_and_names_the_first(run) -> None:
    with claim_instance(Path("watch.db"), datetime.now(UTC)):
        said = run("replay", "story.jsonl")
    assert said.code == 1
    assert f"process {os.getpid()}" in said.err


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (("incidnet", "list"), "Did you mean 'incident'?"),
        (("zebra",), "No such command 'zebra'."),
        (("incident", "reopn"), "No such command 'reopn'."),
        (("incident", "list", "--jsn"), "--json"),
        (("incident", "resolve", "x", "--by", "a", "--with", "love"), "love"),
        (("replay", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_a_wrong_use_ends_with_two_and_a_hint(run, wrong: tuple[str, ...], hint: str) -> None:
    said = run(*wrong)
    assert said.code == 2
    assert hint in said.err


def _cut(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


def _scrambled(packed: bytes) -> bytes:
    return packed[:50] + b"\x00\xff" * 20 + packed[90:]


def _unpacked(packed: bytes) -> bytes:
    return gzip.decompress(packed)


@pytest.mark.parametrize("damage", [_cut, _scrambled, _unpacked])
def test_a_damaged_file_is_told_in_one_line(run, damage) -> None:
    packed = gzip.compress(Path("story.jsonl").read_bytes(), mtime=0)
    Path("broken.jsonl.gz").write_bytes(damage(packed))
    said = run("replay", "broken.jsonl.gz", "--database", "new.db")
    assert said.code == 1
    assert "broken.jsonl.gz cannot be read to its end" in said.err
    assert "Traceback" not in said.err


# ---------------------------------------------------------------- what strangers wrote
HARMFUL = set("\x07\x00\u202e\u202c\u200f")
OURS = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|2K|1A)")
"""What colours and the progress bar send: it neither clears a screen nor names a window."""

SHOWS = (
    ("incident", "show", "inc_"),
    ("incident", "list"),
    ("replay", "story.jsonl"),
    ("status",),
    ("feed", "list"),
    ("notifier", "list"),
    ("delivery", "list"),
)


@pytest.fixture
def noted(run):
    """An incident with a note that would harm a terminal, from a shell that lets it through."""
    id = _incident(run)
    run(
        "incident", "acknowledge", id, "--by", f"eve{HOSTILE_AUTHOR}", "--note", "\x1b[5m[/x]\u202e"
    )
    return run


@pytest.mark.parametrize("command", SHOWS, ids=" ".join)
def test_hostile_text_is_printed_safe_in_a_pipe(noted, command: tuple[str, ...]) -> None:
    said = noted(*command)
    assert not set(said.out + said.err) & (HARMFUL | {"\x1b"})


@pytest.mark.parametrize("command", SHOWS, ids=" ".join)
def test_hostile_text_is_printed_safe_at_a_terminal(noted, command: tuple[str, ...]) -> None:
    said = _at_a_terminal(*command)
    assert "\x1b[5m" not in said
    assert not set(OURS.sub("", said)) & (HARMFUL | {"\x1b"})


def test_the_words_themselves_are_shown_as_they_were_meant(noted) -> None:
    for said in (noted("incident", "show", "inc_").out, _at_a_terminal("incident", "show", "inc_")):
        assert "[/x] [bold]b[/bold]" in said
        assert "evil" in said


@pytest.mark.parametrize("command", SHOWS, ids=" ".join)
def test_hostile_text_is_told_whole_in_lines_of_json_that_harm_nobody(
    noted, command: tuple[str, ...]
) -> None:
    said = noted(*command, "--json")
    assert not set(said.out) & (HARMFUL | {"\x1b"})
    assert said.out == "" or said.rows
    assert len(said.out.splitlines()) == len(said.rows)


def test_json_keeps_what_was_written(noted) -> None:
    (row,) = noted("incident", "show", "inc_", "--json").rows
    assert row["timeline"][-1]["note"] == "\x1b[5m[/x]\u202e"
    assert "\u202eevil\u202c" in row["posts"][0]["text"]


def _at_a_terminal(*arguments: str) -> str:
    """Run a command with a terminal for its output, and return what the terminal got."""
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "emberwatch.cli.main", *arguments]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        program, stdout=theirs, stderr=subprocess.STDOUT, env=environment
    ) as process:
        os.close(theirs)
        got = b""
        while True:
            try:
                chunk = os.read(ours, 65_536)
            except OSError:
                break  # the other end was closed
            if not chunk:
                break
            got += chunk
        process.wait()
    os.close(ours)
    assert b"Traceback" not in got
    return got.decode()


# ---------------------------------------------------------------- help
def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group, help_option_names=["-h", "--help"])
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


EVERY_COMMAND = [(), *_commands(cli)]


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_every_help_opens_with_a_sentence_and_shows_one_example(
    run, command: tuple[str, ...]
) -> None:
    said = run(*command, "--help")
    assert (said.code, said.err) == (0, "")
    lines = [line.strip() for line in said.out.splitlines() if line.strip()]
    assert lines[0].startswith("Usage: emberwatch")
    assert lines[1][0].isupper()
    assert said.out.count("Example:") == 1
    example = lines[lines.index("Example:") + 1]
    assert " ".join(("emberwatch", *command)) in example
    assert run(*command, "-h").out == said.out


def _takes_json(command: tuple[str, ...]) -> bool:
    found: click.Command | None = cli
    for name in command:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found, help_option_names=["-h", "--help"]), name)
    assert found is not None
    return any("--json" in option.opts for option in found.params)


@pytest.mark.parametrize("command", [each for each in EVERY_COMMAND if each[-1:] == ("list",)])
def test_every_list_takes_json(command: tuple[str, ...]) -> None:
    assert _takes_json(command)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("mention", "list", "--brand", "Acne"), "unknown brand 'Acne'; did you mean 'Acme'?"),
        (("delivery", "list", "--notifier", "opps"), "unknown notifier 'opps'; did you mean 'ops'"),
    ],
)
def test_a_name_that_nobody_has_is_no_empty_list(run, words: tuple[str, ...], why: str) -> None:
    said = run(*words)
    assert said.code == 2
    assert why in said.err


def test_a_list_of_what_is_asked_for_does_not_claim_that_nothing_was_sent(run) -> None:
    _incident(run)
    assert "Nothing of that kind." in run("delivery", "list", "--state", "dead").err
