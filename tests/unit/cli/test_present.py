"""How results look."""

import json
from datetime import timedelta

import pytest

from emberwatch.cli.present import ago, clock, instant, show_json, span, table
from tests.build import NOON, minutes


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (61, "1m 1s"),
        (3600, "1h"),
        (3661, "1h 1m"),
        (86_399, "23h 59m"),
        (90_000, "1d 1h"),
        (864_000, "10d"),
    ],
)
def test_a_length_of_time_is_said_in_its_greatest_units(seconds: float, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said


def test_what_never_was_is_said_so() -> None:
    assert (ago(None, NOON), clock(None), instant(None)) == ("never", "-", None)
    assert ago(NOON, NOON + minutes(2)) == "2m ago"
    assert clock(NOON) == "2026-03-02 12:00:00"


def test_json_writes_instants_and_lengths_of_time(capsys) -> None:
    show_json({"at": NOON, "every": minutes(1), "nobody": None})
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-03-02T12:00:00.000Z", "every": 60.0, "nobody": None,
    }  # fmt: skip


def test_json_refuses_what_has_no_form(capsys) -> None:
    with pytest.raises(TypeError, match="object has no JSON form here"):
        show_json(object())


@pytest.mark.parametrize(
    "text",
    ["\x7f", "\x85", "\x9b2J", "\u202eevil", "a\u2028b", "\udcff", "\U000e0041", "\x1b[2J", "\0"],
)
def test_json_holds_what_would_harm_a_terminal_escaped(capsys, text: str) -> None:
    show_json({"text": text})
    line = capsys.readouterr().out
    assert json.loads(line) == {"text": text}
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert line.removesuffix("\n").isprintable()


def test_json_leaves_the_words_of_the_world_readable(capsys) -> None:
    show_json({"text": "не работи 😡 困る"})
    assert "не работи 😡 困る" in capsys.readouterr().out


def test_a_table_in_a_pipe_is_lines_of_cells(capsys) -> None:
    table(("Who", "What"), [("anna", "a\tb\nc"), ("[/x]", "\x1b[2Jd")], empty="Nobody.")
    assert capsys.readouterr().out == "who\twhat\nanna\ta b c\n[/x]\td\n"


def test_an_empty_table_is_said_beside_the_results(capsys) -> None:
    table(("Who",), [], empty="Nobody.")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Nobody.\n")
