"""`emberwatch score evaluate`, as a person or a pipe uses it."""

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.score import command
from emberwatch.cli.score_evaluate import BATCH, FIRST
from emberwatch.core.read.language import identify
from emberwatch.model.mention import Correction
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import a_mention

ANGRY = {"text": "I hate this awful airline", "lang": "en", "src": "air", "sent": -1, "anger": 1}
CALM = {"text": "thank you, lovely crew", "lang": "en", "src": "air", "sent": 1, "anger": 0}
PLAIN = {"text": "the desk is at gate nine", "lang": "en", "src": "air", "sent": 0}


def written(path: Path, *posts: dict[str, object]) -> str:
    path.write_text("".join(json.dumps(post) + "\n" for post in posts))
    return str(path)


def run(*arguments: str, standard_input: bytes = b"") -> Result:
    words = ["evaluate", *arguments, "--scorer", "vader"]
    return CliRunner().invoke(command, words, input=standard_input)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_source_and_the_mean_of_a_language_are_measured(tmp_path: Path) -> None:
    ours = [ANGRY, CALM, PLAIN] * 5
    others = [{**ANGRY, "src": "hotel"}, {**CALM, "src": "hotel", "sent": -1}] * 5
    kind = [{**CALM, "src": "hotel"}] * 5
    file = written(tmp_path / "posts.jsonl", *ours, *others, *kind)
    air, hotel, mean = rows(run(file, "--json"))
    assert (air["scorer"], air["language"], air["source"], air["posts"]) == (
        "vader", "en", "air", 15,
    )  # fmt: skip
    assert (air["anger_roc"], air["negative_roc"], air["sentiment_f1"]) == (1.0, 1.0, 1.0)
    assert (air["not_judged"], air["without_anger"]) == (0.0, 0.0)
    assert air["posts_per_second"] > 0
    # of ten negative ones five tie with the five positive ones: (1 + 1/2) / 2
    assert (hotel["source"], hotel["negative_roc"]) == ("hotel", 0.75)
    # negative: 5 of 5 said and 10 real; positive: 5 of 10 said and 5 real
    assert hotel["sentiment_f1"] == pytest.approx(2 / 3)
    assert (mean["source"], mean["posts"], mean["negative_roc"]) == (None, 30, 0.875)
    assert mean["sentiment_f1"] == pytest.approx((1 + 2 / 3) / 2)


def test_what_tells_languages_apart_is_loaded_before_the_clock_runs() -> None:
    asked: list[str] = []

    def guess(words: str, expected: Collection[str]) -> tuple[str, float]:
        asked.append(words)
        return "lt", 1.0

    tags = [identify(each, None, ("en",), guess).tag for each in FIRST]
    assert (tags, asked) == (["en", "lt"], ["labas rytas"])


def test_a_language_that_was_not_judged_is_said_to_be_so(tmp_path: Path) -> None:
    file = written(tmp_path / "posts.jsonl", {**ANGRY, "lang": "bg", "text": "Ужасно обслужване"})
    row, _ = rows(run(file, "--json"))
    assert (row["not_judged"], row["without_anger"], row["anger_roc"]) == (1.0, 1.0, None)


def test_the_table_is_for_people(tmp_path: Path) -> None:
    file = written(tmp_path / "posts.jsonl", *[ANGRY, CALM] * 5)
    result = run(file)
    heading, air, mean = (line.split("\t") for line in result.stdout.splitlines())
    assert heading[:4] == ["language", "source", "posts", "anger roc"]
    assert air[:4] == ["en", "air", "10", "1.000"]
    assert mean[:4] == ["en", "mean of sources", "10", "1.000"]
    assert "vader: 10 posts," in result.stderr


def test_the_table_fits_a_terminal_of_eighty_columns(tmp_path: Path) -> None:
    long = {"src": "a_source_with_a_very_long_name", "lang": "en"}
    file = written(tmp_path / "posts.jsonl", *[ANGRY, CALM, {**ANGRY, **long}] * 5)
    ours, theirs = pty.openpty()
    program = "from emberwatch.cli.score import command; command()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "evaluate", file, "--scorer", "vader"],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # how Linux says that the other end is closed
            pass
        assert process.wait(60) == 0
    os.close(ours)
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in shown.decode().splitlines()]
    assert max(map(len, lines)) <= 80
    assert lines[1].split()[:4] == ["lang", "source", "posts", "ROC"]
    assert [line.split()[:4] for line in lines[2:]] == [
        ["en", "a_source_with…", "5", "-"],
        ["en", "air", "10", "1.00"],
        ["en", "mean", "15", "1.00"],
    ]


def test_packed_files_and_standard_input_are_read_alike(tmp_path: Path) -> None:
    lines = "".join(json.dumps(post) + "\n" for post in [ANGRY, CALM] * BATCH).encode()
    packed = tmp_path / "posts.jsonl.gz"
    packed.write_bytes(gzip.compress(lines))
    for result in (run(str(packed), "--json"), run("-", "--json", standard_input=lines)):
        assert rows(result)[0]["posts"] == 2 * BATCH
        assert rows(result)[0]["anger_roc"] == 1.0


def test_a_post_without_language_or_source_is_measured_too(tmp_path: Path) -> None:
    file = written(tmp_path / "posts.jsonl", {"text": "I hate this awful airline", "anger": 1})
    assert (rows(run(file, "--json"))[0]["language"], rows(run(file, "--json"))[0]["source"]) == (
        "?", "?",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "not JSON"),
        ('["x"]', "not a JSON object"),
        ('{"lang": "en"}', '"text" must be'),
        ('{"text": "x", "lang": 5}', '"lang" must be'),
        ('{"text": "x", "src": ["a"]}', '"src" must be'),
        ('{"text": "x", "sent": 2}', '"sent" must be one of -1, 0, 1'),
        ('{"text": "x", "anger": 0.5}', '"anger" must be one of 0, 1'),
        ('{"text": "x", "anger": "1"}', '"anger" must be one of 0, 1'),
    ],
)
def test_a_bad_line_is_named_and_left_out(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text(json.dumps(ANGRY) + "\n" + line + "\n\n" + json.dumps(CALM) + "\n")
    result = run(str(file), "--json")
    assert rows(result)[0]["posts"] == 2
    assert f"line 2: {why}" in result.stderr
    assert "1 line left out" in result.stderr


def test_a_broken_archive_ends_with_its_reason(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps(ANGRY).encode() * 500)[:-20])
    result = run(str(file))
    assert result.exit_code == 1
    assert "cannot be read to its end" in result.stderr
    file.write_bytes(b"no archive at all")
    assert "cannot be read to its end" in run(str(file)).stderr


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    result = run(written(tmp_path / "posts.jsonl"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No labelled posts." in result.stderr


def test_a_file_of_bad_lines_alone_measures_nothing_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text,anger\nI hate it,1\n")
    result = run(str(file), "--plot", str(tmp_path / "plot.svg"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "posts.csv holds no line that can be measured by" in result.stderr.replace("\n", " ")
    assert not (tmp_path / "plot.svg").exists()


def test_a_plot_of_nothing_takes_no_drawn_ones_place(tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    plot.write_text("of last week")
    result = run(written(tmp_path / "posts.jsonl", PLAIN), "--plot", str(plot))
    assert result.exit_code == 1
    assert "not drawn, for no labelled anger was judged" in result.stderr
    assert plot.read_text() == "of last week"


def test_one_post_is_one_post(tmp_path: Path) -> None:
    assert "vader: 1 post, " in run(written(tmp_path / "posts.jsonl", PLAIN)).stderr


def test_the_plot_stands_alone(tmp_path: Path) -> None:
    file = written(tmp_path / "posts.jsonl", ANGRY, CALM, PLAIN)
    plot = tmp_path / "reliability.svg"
    assert "1 language" in run(file, "--plot", str(plot)).stderr
    names = [text.text for text in ElementTree.parse(plot).getroot().iter() if text.text]
    assert "How far to believe the anger of vader" in names
    assert "en (2)" in names


def test_a_plot_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    file = written(tmp_path / "posts.jsonl", ANGRY)
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device here that is always full")
    result = run(file, "--plot", str(full))
    assert result.exit_code == 1
    assert (
        "/dev/full cannot be written: No space left on device: name another file" in result.stderr
    )


def test_a_plot_into_a_missing_folder_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    file = written(tmp_path / "posts.jsonl", ANGRY)
    result = run(file, "--plot", str(tmp_path / "nowhere" / "x.svg"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere: make it first" in result.stderr.replace("\n", "")


def test_a_plot_that_may_not_be_written_is_refused_before_anything_is_judged(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "posts.jsonl", ANGRY)
    plot = tmp_path / "x.svg"
    plot.touch(0o400)
    if os.access(plot, os.W_OK):
        pytest.skip("whoever runs this may write anything")
    result = run(file, "--plot", str(plot))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "name another file" in result.stderr


def test_corrections_are_measured_by_alone_or_beside_a_file(tmp_path: Path) -> None:
    database = tmp_path / "emberwatch.db"
    store = open_store(database)
    mentions = (
        a_mention("1", text="Acme, what an awful day"),
        a_mention("2", text="Acme: killer price, love it"),
        a_mention("3", text="nobody said anything of this one, Acme"),
    )
    with store.writing() as tx:
        tx.record(Ledger(posts=tuple(each.post for each in mentions), mentions=mentions))
        at = mentions[0].post.created_at
        tx.correct(Correction(post_id="jsonl::post:1", anger=0.9, by="anna", at=at))
        tx.correct(Correction(post_id="jsonl::post:2", anger=0.1, sentiment=0.7, by="anna", at=at))
    store.close()
    alone = rows(run("--database", str(database), "--json"))
    assert (alone[0]["language"], alone[0]["source"], alone[0]["posts"]) == (
        "en", "corrections", 2,
    )  # fmt: skip
    beside = rows(run(written(tmp_path / "p.jsonl", ANGRY), "--database", str(database), "--json"))
    assert [row["source"] for row in beside] == ["air", "corrections", None]


def test_something_to_measure_by_is_needed() -> None:
    result = run()
    assert result.exit_code == 2
    assert "name a FILE of labelled posts, or --database" in result.stderr


def test_a_file_that_bears_the_name_of_the_command_is_read_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evaluate").write_text('{"id": 1, "text": "bad"}\n')
    result = CliRunner().invoke(command, ["./evaluate", "--scorer", "vader"])
    assert json.loads(result.stdout)["id"] == 1


def test_the_help_shows_an_example() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "emberwatch score evaluate labelled.jsonl.gz" in result.stdout
    assert "score evaluate [OPTIONS] [FILE]" in result.stdout
