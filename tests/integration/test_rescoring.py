"""`emberwatch mention rescore`, as a person uses it on a real database."""

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli
from emberwatch.model.errors import ConfigError, ScoringFailed
from emberwatch.model.mention import Correction, Score
from emberwatch.ports import Ledger, Text
from emberwatch.runtime.rescoring import PAGE, rescored
from emberwatch.store.memory import MemoryStore
from emberwatch.store.sqlite import open_store
from tests import transformer
from tests.build import NOON, a_mention, minutes

BRANDS = """
brands:
  - {name: Acme, words: [acme], languages: [en]}
  - {name: Other, words: [other], languages: [bg]}
"""
NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, and a database of three posts that `old` judged."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(BRANDS + "scorer: vader\n")
    failed = a_mention("3", anger=None, text="Acme, you are terrible", author="c", at=NOW)
    mentions = (
        a_mention("1", anger=0.0, text="Acme, I hate this awful thing", at=NOW - timedelta(days=9)),
        a_mention("2", anger=0.9, text="Acme, thank you, lovely", author="b", at=NOW),
        replace(failed, score=Score(scorer="onnx (failed)")),
    )
    store = open_store(tmp_path / "emberwatch.db")
    with store.writing() as tx:
        tx.record(Ledger(posts=tuple(each.post for each in mentions), mentions=mentions))
        tx.correct(Correction(post_id="jsonl::post:2", anger=0.3, by="anna", at=NOW))
    store.close()
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["mention", "rescore", *arguments])


def scores(folder: Path) -> dict[str, tuple[str, float | None]]:
    with closing(sqlite3.connect(folder / "emberwatch.db")) as look:
        rows = look.execute("SELECT post_id, scorer, anger FROM mentions")
        return {id[-1]: (scorer, anger) for id, scorer, anger in rows}


def test_every_post_is_judged_again_and_the_sums_are_told(folder: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "3 posts judged again by vader: 3 scores changed"
    assert "not judged    1 before, 0 now" in result.stdout
    assert "angry weight  0.9 before, 1." in result.stdout
    found = scores(folder)
    assert {scorer for scorer, _ in found.values()} == {"vader"}
    assert found["1"][1] > 0.5
    assert found["2"][1] == 0
    assert found["3"][1] > 0.3


def test_a_second_time_changes_nothing(folder: Path) -> None:
    run()
    before = scores(folder)
    assert "0 scores changed" in run().stdout
    assert scores(folder) == before


def test_corrections_incidents_and_baselines_stay(folder: Path) -> None:
    def rest() -> dict[str, list[tuple[object, ...]]]:
        with closing(sqlite3.connect(folder / "emberwatch.db")) as look:
            tables = look.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            names = [name for (name,) in tables if name.startswith("_") and name != "_mention"]
            return {name: look.execute(f"SELECT * FROM {name}").fetchall() for name in names}

    before = rest()
    assert run().exit_code == 0
    assert rest() == before
    assert any(row for row in before["_correction"])


@pytest.mark.parametrize(
    ("arguments", "touched"),
    [
        (["--failed"], "3"),
        (["--since", "7d"], "23"),
        (["--brand", "Acme", "--failed"], "3"),
        (["--brand", "Other"], ""),
    ],
)
def test_only_what_was_asked_for_is_judged_again(
    folder: Path, arguments: list[str], touched: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    if not touched:
        assert result.stdout == "No such post is stored with its text.\n"
    assert "".join(id for id, (scorer, _) in scores(folder).items() if scorer == "vader") == touched


def test_a_machine_gets_one_line(folder: Path) -> None:
    done = json.loads(run("--json").stdout)
    assert (done["scorer"], done["posts"], done["mentions"], done["failed"]) == ("vader", 3, 3, 0)
    assert done["not_judged"] == {"before": 1, "after": 0}


def test_a_strange_length_is_refused(folder: Path) -> None:
    result = run("--since", "5 minutes")
    assert result.exit_code == 2
    assert "expected a duration such as 30s, 5m or 2h" in result.output


def test_a_scorer_that_cannot_be_had_changes_nothing(folder: Path) -> None:
    before = scores(folder)
    (folder / "config.yaml").write_text(BRANDS + "scorer: {kind: onnx, folder: nowhere}\n")
    assert isinstance(run().exception, ConfigError)
    assert scores(folder) == before


def test_posts_that_the_scorer_fails_on_stay_as_they_were(folder: Path) -> None:
    transformer.make(folder / "tiny", {"hate": (0, 3), "terrible": (0, float("nan"))})
    scorer = "scorer: {kind: onnx, folder: tiny, least: 0}\n"
    (folder / "config.yaml").write_text(BRANDS + scorer)
    result = run()
    assert result.exit_code == 1
    assert "2 scores changed" in result.stdout
    assert "onnx failed on 1 of them" in result.stderr
    assert "they stay as they were" in result.stderr
    found = scores(folder)
    assert found["3"] == ("onnx (failed)", None)
    assert (found["1"][0], found["2"][0]) == ("onnx", "onnx")


def test_a_person_sees_how_far_it_is(folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from emberwatch.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "mention", "rescore"], stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert b"3 posts judged again" in done.stdout
    assert "judging again" in seen
    assert "3/3" in seen


def test_the_status_says_on_how_many_the_scorer_failed(folder: Path) -> None:
    words = "the scorer failed on 1 mention of Acme in the last 24 hours"
    said = CliRunner().invoke(cli, ["status"])
    assert said.exit_code == 4
    assert words in " ".join(said.stdout.split())
    assert run("--failed").exit_code == 0
    assert words not in " ".join(CliRunner().invoke(cli, ["status"]).stdout.split())


# ---------------------------------------------------------------- page after page
class Ear:
    """A scorer that remembers what it was asked."""

    kind = "ear"

    def __init__(self) -> None:
        self.asked: list[list[Text]] = []

    def score(self, texts: Sequence[Text]) -> list[Score]:
        self.asked.append(list(texts))
        if any("poison" in text.text for text in texts):
            raise ScoringFailed("poison")
        return [
            Score(sentiment=-0.5, anger=0.5, language="en", judged=True, scorer=self.kind)
            for _ in texts
        ]


def test_a_post_of_two_brands_is_judged_once_for_both() -> None:
    store, ear = MemoryStore(), Ear()
    mention = a_mention("1")
    both = (mention, replace(mention, brand="Other"))
    with store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=both))
    *_, done = rescored(store, ear, {"Acme": ("en",), "Other": ("bg", "ru")}, brand="Acme")
    assert (done.posts, done.mentions) == (1, 2)
    ((asked,),) = ear.asked
    assert asked.expected == ("en", "bg", "ru")
    with store.reading() as look:
        assert {each.score.scorer for each in look.scored()} == {"ear"}


def test_many_posts_are_judged_page_by_page() -> None:
    store, ear = MemoryStore(), Ear()
    mentions = [a_mention(str(n), at=NOON + minutes(n), author=f"a{n}") for n in range(PAGE + 3)]
    poisoned = replace(mentions[7].post, text="Acme poison")
    mentions[7] = replace(mentions[7], post=poisoned)
    with store.writing() as tx:
        tx.record(Ledger(posts=tuple(each.post for each in mentions), mentions=tuple(mentions)))
    steps = list(rescored(store, ear, {}))
    assert [step.posts for step in steps] == [0, PAGE, PAGE + 3]
    assert (steps[-1].failed, steps[-1].why) == (1, "poison")
    assert steps[-1].changed == PAGE + 2
