"""A file of posts through the whole watch: real rules, real database."""

import gzip
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli
from tests.build import NOON

CONFIG = """
database: watch.db
brands:
  - {name: Acme, words: [acme], languages: [en]}
  - {name: Other, words: [other], languages: [en]}
notifiers:
  - {name: screen, kind: console}
"""

CALM = ("Bought a kettle at Acme today", "Acme opens a shop in our street", "Is Acme open now")
WHAT = ("parcel", "refund", "kettle", "invoice", "account", "phone line", "delivery", "cheque")
HOW = ("lost", "ruined", "broke", "stole", "cancelled", "ignored", "botched", "wrecked")


def _line(number: int, text: str, at, author: str | None = None, **facts: object) -> str:
    post = {
        "id": str(number),
        "created_at": at.isoformat(),
        "author": author or f"user{number}",
        "text": text,
        **facts,
    }
    return json.dumps(post)


def _story() -> Iterator[str]:
    """Yield a calm week, then thirty furious customers in an hour and a thread that gathers."""
    number = 0
    at = NOON - timedelta(days=7)
    while at < NOON:
        number += 1
        yield _line(number, f"{CALM[number % 3]}, number {number}", at)
        at += timedelta(minutes=37 + number % 23)
    for minute in range(60):
        number += 1
        at = NOON + timedelta(minutes=minute, seconds=5)
        complaint = f"Acme {HOW[minute % 8]} my {WHAT[minute // 8]}, terrible awful people!"
        yield _line(number, complaint, at)
        yield _line(
            90_000 + minute,
            "unbelievable, same here",
            at + timedelta(seconds=20),
            parent_id="1000000",
            thread_id="1000000",
        )
        if minute == 2:
            yield _line(
                1_000_000, "Acme stole my money, worst shop ever", at + timedelta(seconds=9)
            )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "story.jsonl").write_text("\n".join(_story()) + "\n")
    return tmp_path


def _run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        cli, [*arguments, "--config", str(folder / "config.yaml")], catch_exceptions=False
    )


def _replay(folder: Path, file: str = "story.jsonl", database: str = "watch.db") -> list[dict]:
    result = _run(
        folder, "replay", str(folder / file), "--database", str(folder / database), "--json"
    )
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


PROMISED = (
    "SELECT post_id, brand, created_at, seen_at, text, thread_id, anger, flags FROM mentions",
    "SELECT * FROM alerts",
    "SELECT * FROM incidents",
    "SELECT * FROM incident_timeline",
    "SELECT detector, version, key, hex(body) FROM _state",
)


def _held(path: Path) -> list[list[str]]:
    """Return what a database holds of posts, alerts, incidents and detector states."""
    with sqlite3.connect(path) as connection:
        return [sorted(map(repr, connection.execute(question))) for question in PROMISED]


def test_a_storm_opens_one_incident_with_its_reasons(folder: Path) -> None:
    (incident,) = _replay(folder)
    assert incident["brand"] == "Acme"
    assert incident["kind"] in ("spike", "pile_on")
    assert incident["opened_at"] > NOON.isoformat()
    assert incident["observed"] > incident["expected"]
    assert set(incident) == {
        "id", "brand", "kind", "kinds", "opened_at", "first_post_at", "observed", "expected",
        "window_minutes", "reason",
    }  # fmt: skip


def test_a_second_run_prints_the_same_and_changes_nothing(folder: Path) -> None:
    first = _replay(folder)
    before = _held(folder / "watch.db")
    assert _replay(folder) == first
    assert _held(folder / "watch.db") == before


@pytest.mark.parametrize("cut", [1, 57, 200, 260])
def test_a_file_cut_in_two_comes_to_the_same_database(folder: Path, cut: int) -> None:
    lines = (folder / "story.jsonl").read_text().splitlines(keepends=True)
    whole = _replay(folder)
    (folder / "a.jsonl").write_text("".join(lines[:cut]))
    (folder / "b.jsonl").write_text("".join(lines[cut:]))
    _replay(folder, "a.jsonl", "cut.db")
    _replay(folder, "b.jsonl", "cut.db")
    assert _replay(folder, "story.jsonl", "cut.db") == whole
    assert _held(folder / "cut.db") == _held(folder / "watch.db")


def test_a_line_dated_ahead_costs_no_reply_when_the_file_was_cut(folder: Path) -> None:
    lines = (folder / "story.jsonl").read_text().splitlines(keepends=True)
    ahead = _line(77, "Acme is fine", NOON, seen_at=(NOON + timedelta(hours=5)).isoformat())
    lines.insert(230, ahead + "\n")
    (folder / "ahead.jsonl").write_text("".join(lines))
    (folder / "first.jsonl").write_text("".join(lines[:240]))
    whole = _replay(folder, "ahead.jsonl")
    _replay(folder, "first.jsonl", "cut.db")
    assert _replay(folder, "ahead.jsonl", "cut.db") == whole
    assert _held(folder / "cut.db") == _held(folder / "watch.db")


def test_thirty_six_years_between_two_lines_pass_in_a_moment(folder: Path) -> None:
    lines = [_line(1, "Acme is old", NOON.replace(year=1990)), _line(2, "Acme is new", NOON)]
    (folder / "gap.jsonl").write_text("\n".join(lines))
    before = time.process_time()
    assert _replay(folder, "gap.jsonl") == []
    assert time.process_time() - before < 10  # minute by minute it took half a minute


def test_a_packed_file_is_the_same_file(folder: Path) -> None:
    packed = folder / "story.jsonl.gz"
    packed.write_bytes(gzip.compress((folder / "story.jsonl").read_bytes()))
    assert _replay(folder, "story.jsonl.gz", "packed.db") == _replay(folder)


def test_bad_lines_are_counted_and_the_rest_goes_on(folder: Path) -> None:
    good = (folder / "story.jsonl").read_text()
    (folder / "story.jsonl").write_text('{"id": 1\nnull\n\n[]\n' + good + '{"id": "x"}\n')
    result = _run(folder, "replay", str(folder / "story.jsonl"), "--json")
    assert result.exit_code == 0
    assert "4 bad lines" in result.stderr
    assert "line 1:" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_a_file_of_another_shape_is_told_what_is_wanted(folder: Path) -> None:
    (folder / "list.json").write_text('[{"id": "1", "text": "acme"},\n{"id": "2"}]\n')
    result = _run(folder, "replay", str(folder / "list.json"))
    assert "Not one line was a post: each is to be one JSON object" in result.stderr
    good = (folder / "story.jsonl").read_text()
    (folder / "story.jsonl").write_text("[]\n" + good)
    for _ in ("the first time", "again, when nothing in it is new"):
        result = _run(folder, "replay", str(folder / "story.jsonl"))
        assert "1 bad line" in result.stderr
        assert "Not one line" not in result.stderr


def test_a_file_without_an_incident_says_so(folder: Path) -> None:
    (folder / "calm.jsonl").write_text(_line(1, "Acme is fine", NOON) + "\n")
    result = _run(folder, "replay", str(folder / "calm.jsonl"))
    assert result.exit_code == 0
    assert "No incident opened" in result.output


def test_an_empty_file_is_no_mistake(folder: Path) -> None:
    (folder / "empty.jsonl").write_text("")
    result = _run(folder, "replay", str(folder / "empty.jsonl"), "--json")
    assert (result.exit_code, result.stdout) == (0, "")


def test_nobody_is_told_of_what_was_replayed(folder: Path) -> None:
    _replay(folder)
    result = _run(folder, "delivery", "list", "--json")
    assert result.stdout == ""


def test_a_later_look_at_the_same_post_updates_its_text_and_counters(folder: Path) -> None:
    lines = [
        _line(1, "Acme is fine", NOON, replies=0),
        _line(
            1, "Acme is a fraud", NOON, replies=7, seen_at=(NOON + timedelta(hours=1)).isoformat()
        ),
        _line(1, "too late", NOON, seen_at=(NOON + timedelta(minutes=30)).isoformat()),
    ]
    (folder / "edit.jsonl").write_text("\n".join(lines))
    _replay(folder, "edit.jsonl")
    with sqlite3.connect(folder / "watch.db") as connection:
        assert connection.execute("SELECT text FROM mentions").fetchall() == [("Acme is a fraud",)]


def test_hostile_posts_pass_through_and_harm_nothing(folder: Path) -> None:
    texts = ["Acme \ud800 \x00 [/x] \x1b]0;owned\x07\x1b[2J \u202e", "Acme " + "a" * 1_000_000]
    lines = [_line(number, text, NOON) for number, text in enumerate(texts)]
    lines.append(_line(3, "Acme of the year 1", NOON.replace(year=1)))
    lines.append(_line(4, "Acme of the year 2099", NOON.replace(year=2099)))
    (folder / "hostile.jsonl").write_text("\n".join(lines))
    _replay(folder, "hostile.jsonl")
    with sqlite3.connect(folder / "watch.db") as connection:
        rows = dict(connection.execute("SELECT post_id, created_at FROM mentions"))
        longest = connection.execute("SELECT max(length(text)) FROM mentions").fetchone()[0]
    assert len(rows) == 4
    assert {at[:4] for at in rows.values()} == {"2026"}
    assert longest <= 100_000
