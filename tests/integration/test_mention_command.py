"""`emberwatch mention`, as a person uses it on a real database."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli
from emberwatch.model.errors import NotFound
from emberwatch.model.mention import NO_WORDS
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, minutes

ID = "jsonl::post:1"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "emberwatch.db"
    angry = a_mention("1", anger=0.9, text="Acme killed it \x1b[2J tonight", url="https://e.org/1")
    angry = replace(angry, score=replace(angry.score, why=("killed",)))
    unjudged = a_mention("2", anger=None, text="Acme, ужас", at=NOON + minutes(1), author="ivo")
    store = open_store(path)
    with store.writing() as tx:
        mentions = (angry, unjudged)
        tx.record(Ledger(posts=tuple(each.post for each in mentions), mentions=mentions))
    store.close()
    return path


def run(database: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["mention", *arguments, "--database", str(database)])


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_mentions_are_listed_with_their_ids_newest_first(database: Path) -> None:
    result = run(database, "list")
    assert result.exit_code == 0, result.output
    heading, first, second = result.stdout.splitlines()
    assert heading.split("\t") == [
        "post", "brand", "written (utc)", "author", "anger", "corrected", "text",
    ]  # fmt: skip
    assert first.split("\t")[0] == "jsonl::post:2"
    assert second.split("\t")[4:] == ["0.90", "", "Acme killed it tonight"]


def test_only_angry_mentions_are_listed_when_asked(database: Path) -> None:
    assert [row["id"] for row in lines(run(database, "list", "--angry", "0.5", "--json"))] == [ID]


def test_a_mention_shows_why(database: Path) -> None:
    result = run(database, "show", ID)
    assert re.search(r"\(\w+, \d+% sure\): anger 0\.90", result.stdout)
    assert "what weighed most: killed" in result.stdout
    assert "anger 0.90" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_mention_that_was_not_judged_says_so(database: Path) -> None:
    assert "test: not judged (language bg)" in run(database, "show", "jsonl::post:2").stdout


@pytest.mark.parametrize("name", [ID, "https://e.org/1"])
def test_a_correction_stands_beside_the_scorers_verdict(database: Path, name: str) -> None:
    said = run(database, "correct", name, "--anger", "0.1", "--by", "anna", "--note", "a song")
    assert said.exit_code == 0, said.output
    assert said.stdout == f"{ID}: anger 0.10 where the scorer said 0.90; by anna\n"
    (shown,) = lines(run(database, "show", ID, "--json"))
    assert shown["anger"] == 0.9
    correction = shown["correction"]
    assert isinstance(correction, dict)
    assert correction.pop("at")
    assert correction == {"sentiment": None, "anger": 0.1, "by": "anna", "note": "a song"}
    assert "corrected by anna" in run(database, "show", ID).stdout
    assert "\t0.90\t0.10\t" in run(database, "list").stdout


def test_another_persons_correction_says_what_it_replaces(database: Path) -> None:
    run(database, "correct", ID, "--anger", "0.1", "--by", "anna")
    said = run(database, "correct", ID, "--sentiment", "-0.5", "--by", "bert")
    assert said.stdout.endswith("; by bert, in the stead of anger 0.10 of anna\n")


def test_a_post_that_was_not_judged_can_be_corrected(database: Path) -> None:
    said = run(database, "correct", "jsonl::post:2", "--anger", "0.9", "--by", "anna")
    assert said.stdout == "jsonl::post:2: anger 0.90 where the scorer could not judge; by anna\n"


def test_a_correction_can_be_undone_once(database: Path) -> None:
    run(database, "correct", ID, "--anger", "0.1", "--by", "anna")
    said = run(database, "correct", ID, "--undo", "--by", "bert")
    assert said.stdout == f"{ID}: taken back: anger 0.10 of anna; by bert\n"
    (shown,) = lines(run(database, "show", ID, "--json"))
    assert shown["correction"] is None
    again = run(database, "correct", ID, "--undo", "--by", "bert")
    assert again.exit_code == 1
    assert "there is nothing to undo" in again.stderr


def test_what_a_correction_answers_turns_no_writing_round(database: Path) -> None:
    said = run(database, "correct", ID, "--anger", "0.1", "--by", "an\u202ena")
    assert said.stdout.endswith("; by anna\n")


def test_a_mention_that_was_judged_by_its_emoji_says_so(tmp_path: Path) -> None:
    path = tmp_path / "emberwatch.db"
    mention = a_mention("1", text="@acme 🤬")
    mention = replace(mention, score=replace(mention.score, language=NO_WORDS))
    store = open_store(path)
    with store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=(mention,)))
    store.close()
    assert "(by its emoji alone, " in run(path, "show", ID).stdout


def test_the_views_show_a_correction(database: Path) -> None:
    run(database, "correct", ID, "--anger", "0.1", "--sentiment", "0.4", "--by", "anna")
    with closing(sqlite3.connect(database)) as analyst:
        rows = analyst.execute(
            "SELECT post_id, anger, corrected_anger, corrected_sentiment, corrected_by "
            "FROM mentions ORDER BY post_id"
        ).fetchall()
        said = analyst.execute(
            "SELECT post_id, who, sentiment, anger, note FROM corrections"
        ).fetchall()
    assert rows == [(ID, 0.9, 0.1, 0.4, "anna"), ("jsonl::post:2", None, None, None, None)]
    assert said == [(ID, "anna", 0.4, 0.1, "")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((ID, "--by", "anna"), "say --anger, --sentiment, or both"),
        ((ID, "--by", " ", "--anger", "0.1"), "expected a name"),
        ((ID, "--anger", "0.1"), "--by"),
        ((ID, "--by", "anna", "--anger", "1.5"), "--anger"),
        ((ID, "--by", "anna", "--sentiment", "-2"), "--sentiment"),
        ((ID, "--by", "anna", "--anger", "nan"), "--anger"),
        ((ID, "--by", "anna", "--sentiment", "nan"), "--sentiment"),
        ((ID, "--by", "anna", "--undo", "--anger", "0.1"), "say nothing new with it"),
    ],
)
def test_a_wrong_use_says_what_is_wanted(
    database: Path, arguments: tuple[str, ...], why: str
) -> None:
    result = run(database, "correct", *arguments)
    assert result.exit_code == 2
    assert why in result.stderr


@pytest.mark.parametrize("verb", [("show",), ("correct", "--anger", "0", "--by", "anna")])
def test_an_unknown_id_says_how_to_find_it(database: Path, verb: tuple[str, ...]) -> None:
    result = run(database, verb[0], "nothing", *verb[1:])
    assert isinstance(result.exception, NotFound)
    assert "'emberwatch mention list' shows them" in str(result.exception)


def test_an_empty_list_is_said(database: Path) -> None:
    assert "No mentions." in run(database, "list", "--brand", "Nobody").stderr
