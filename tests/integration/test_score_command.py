"""`emberwatch score`, as a person or a pipe uses it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli import json_lines
from emberwatch.cli.score import command
from tests import transformer

FIELDS = ["id", "sentiment", "negative", "anger", "language", "judged", "scorer"]
PROGRAM = [sys.executable, "-c", "from emberwatch.cli.score import command; command()"]


def run(lines: str | bytes, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), input=lines)


def answers(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def asked(id: object, text: str, **more: object) -> str:
    return json.dumps({"id": id, "text": text, **more}) + "\n"


def test_each_line_is_answered_in_order() -> None:
    lines = asked("a", "I hate this awful airline") + asked(2, "thank you, lovely crew")
    angry, calm = answers(run(lines))
    assert list(angry) == FIELDS
    assert (angry["id"], calm["id"]) == ("a", 2)
    assert angry["sentiment"] < -0.5 < calm["sentiment"]
    assert angry["anger"] > 0.3 > calm["anger"]
    assert angry["negative"] > 0.5 > calm["negative"]
    assert (angry["language"], angry["judged"], angry["scorer"]) == ("en", True, "auto")


def test_a_language_that_cannot_be_judged_is_null_and_never_calm() -> None:
    (answer,) = answers(run(asked(1, "Huduma mbaya sana", language="sw")))
    assert answer == {
        "id": 1,
        "sentiment": None,
        "negative": None,
        "anger": None,
        "language": "sw",
        "judged": False,
        "scorer": "auto",
    }


def test_vader_can_still_be_chosen() -> None:
    (answer,) = answers(run(asked(1, "I hate this awful airline"), "--scorer", "vader"))
    assert answer["scorer"] == "vader"
    assert answer["anger"] == -answer["sentiment"]


BRAND = "brands: [{name: Acme, words: [acme]}]\n"


def test_a_configuration_says_which_scorer_judges(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(BRAND + "scorer: vader\n")
    line = asked(1, "I hate this awful airline")
    (answer,) = answers(run(line, "--config", str(config)))
    assert answer["scorer"] == "vader"
    (answer,) = answers(run(line, "--config", str(config), "--scorer", "auto"))
    assert answer["scorer"] == "auto"


def test_a_scorer_with_options_needs_a_configuration(tmp_path: Path) -> None:
    line = asked(1, "I hate this awful airline")
    refused = run(line, "--scorer", "onnx")
    assert refused.exit_code == 2
    assert "name a configuration whose 'scorer' is onnx with --config" in refused.output
    transformer.make(tmp_path / "tiny", {"hate": (0, 9)})
    config = tmp_path / "config.yaml"
    config.write_text(BRAND + "scorer: {kind: onnx, folder: tiny}\n")
    (answer,) = answers(run(line, "--config", str(config)))
    assert (answer["scorer"], answer["anger"]) == ("onnx", pytest.approx(1, abs=0.001))


def test_the_words_that_weighed_most_are_named_on_demand() -> None:
    (answer,) = answers(run(asked(1, "I hate this awful airline"), "--why", "--scorer", "vader"))
    assert list(answer) == [*FIELDS, "confidence", "why"]
    assert 0.5 < answer["confidence"] < 1
    assert answer["why"] == ["hate", "awful"]


def test_a_file_is_read_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + (asked(1, "bad") + "\n\r\n" + asked(2, "bad")).encode()[:-1])
    assert [answer["id"] for answer in answers(run("", str(path)))] == [1, 2]


def test_more_lines_than_a_batch_stay_in_order() -> None:
    lines = "".join(asked(number, "this is bad") for number in range(2_000))
    assert [answer["id"] for answer in answers(run(lines))] == list(range(2_000))


def test_ids_are_echoed_as_given() -> None:
    ids = ["x", "", "ид", 0, -5, 1.5, 12345678901234567890, "\ud800"]
    lines = "".join(asked(id, "bad") for id in ids)
    assert [answer["id"] for answer in answers(run(lines))] == ids


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"text": "bad"}', '"id" must be'),
        ('{"id": true, "text": "bad"}', '"id" must be'),
        ('{"id": null, "text": "bad"}', '"id" must be'),
        ('{"id": NaN, "text": "bad"}', "not JSON"),
        ('{"id": 1e999, "text": "bad"}', '"id" is too large'),
        ('{"id": 1}', '"text" must be'),
        ('{"id": 1, "text": 5}', '"text" must be'),
        ('{"id": 1, "text": "bad", "language": 5}', '"language" must be'),
        ("[" * 100_000, "not JSON"),
        ('{"id": ' + "9" * 5_000 + ', "text": "x"}', "not JSON"),
    ],
)
def test_a_bad_line_is_named_and_left_out(line: str, why: str) -> None:
    result = run(asked(1, "bad") + line + "\n" + asked(2, "bad"))
    assert [answer["id"] for answer in answers(result)] == [1, 2]
    assert f"line 2: {why}" in result.stderr
    assert "1 line left out" in result.stderr
    assert "Traceback" not in result.stderr


def test_bytes_that_are_no_text_are_a_bad_line() -> None:
    result = run(b'{"id": 1, "text": "\xff\xfe"}\n' + asked(2, "bad").encode())
    assert [answer["id"] for answer in answers(result)] == [2]
    assert "line 1: not JSON" in result.stderr


def test_many_bad_lines_are_counted() -> None:
    result = run("nonsense\n" * 50)
    assert answers(result) == []
    assert result.stderr.count("not JSON") == json_lines.MOST_NAMED
    assert "50 lines left out" in result.stderr


def test_an_endless_line_is_left_out_without_filling_the_memory() -> None:
    long = b'{"id": 1, "text": "' + b"x" * (json_lines.LONGEST_LINE * 2) + b'"}\n'
    result = run(long + asked(2, "bad").encode() + long[:-1])
    assert [answer["id"] for answer in answers(result)] == [2]
    assert "line 1: longer than 16 MB" in result.stderr
    assert "line 3: longer than 16 MB" in result.stderr


def test_hostile_text_is_answered_like_any_other() -> None:
    texts = ["\x00\x1b[2J", "\ud800", "x" * 1_000_000, "[/x]", "", "😡" * 5_000]
    assert len(answers(run("".join(asked(1, text) for text in texts)))) == len(texts)


def test_nothing_in_nothing_out() -> None:
    result = run("")
    assert answers(result) == []
    assert result.stderr == ""


def test_an_unknown_scorer_is_a_wrong_use_that_lists_those_there_are() -> None:
    result = run(asked(1, "bad"), "--scorer", "magic")
    assert result.exit_code == 2
    assert "no such scorer: 'magic'; there are: auto, onnx, vader" in result.stderr


def test_a_missing_file_is_a_wrong_use(tmp_path: Path) -> None:
    result = run("", str(tmp_path / "none.jsonl"))
    assert result.exit_code == 2
    assert "none.jsonl" in result.stderr


def test_the_help_shows_an_example() -> None:
    result = run("", "--help")
    assert result.exit_code == 0
    assert "| emberwatch score" in result.stdout


PLUG_IN = """
from emberwatch.model.errors import ScoringFailed
from emberwatch.model.mention import Score


class Grump:
    kind = "grump"

    def score(self, texts):
        if any("boom" in text.text for text in texts):
            raise ScoringFailed("out of patience")
        return [Score(sentiment=-1.0, judged=True, scorer="grump") for _ in texts]
"""


@pytest.fixture
def grump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a plug-in as a stranger's package would be."""
    (tmp_path / "grump_scorer.py").write_text(PLUG_IN)
    described = tmp_path / "grump_scorer-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: grump-scorer\nVersion: 1\n")
    (described / "entry_points.txt").write_text(
        "[emberwatch.scorers]\ngrump = grump_scorer:Grump\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("grump")
def test_a_plug_in_scorer_is_found_by_its_name() -> None:
    (answer,) = answers(run(asked(1, "lovely"), "--scorer", "grump"))
    assert (answer["sentiment"], answer["scorer"]) == (-1.0, "grump")


@pytest.mark.usefixtures("grump")
def test_a_scorer_that_fails_ends_the_command_with_its_reason() -> None:
    result = run(asked(1, "boom"), "--scorer", "grump")
    assert result.exit_code == 1
    assert "grump cannot score: out of patience" in result.stderr


# ---------------------------------------------------------------- as a process
def test_a_pipe_gets_its_answer_before_the_next_question() -> None:
    with subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(asked(number, "this is bad").encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_that_leaves_early_hears_no_complaint() -> None:
    with subprocess.Popen(
        PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(asked(1, "this is bad").encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(asked(2, "this is bad").encode() * 10)
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_a_real_week_is_scored_quickly(shared: Path) -> None:
    import gzip

    packed = shared / "data" / "timeline" / "timeline_airline_public.jsonl.gz"
    lines = gzip.decompress(packed.read_bytes())
    began = time.process_time()
    scored = answers(run(lines))
    assert len(scored) == lines.count(b"\n")
    assert sum(answer["judged"] for answer in scored) > 0.98 * len(scored)
    # A tenth of three thousand posts a second would be a hang.
    assert time.process_time() - began < len(scored) / 300
