"""How results look."""

import json
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO

import pytest
from click import unstyle

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


# ---------------------------------------------------------------- at a terminal
LONG = "24 reactions in a minute, many more than this thread has had on any other day"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch):
    """Draw a table as a terminal of so many columns shows it."""

    def drawn(columns: int, headings: Sequence[str], *rows: Sequence[str]) -> list[str]:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", terminal)
            patch.setenv("COLUMNS", str(columns))
            patch.setenv("TERM", "xterm")
            table(headings, rows, empty="Nobody.")
        return [unstyle(line).rstrip() for line in terminal.getvalue().splitlines()]

    return drawn


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_wide_terminal_every_cell_stands_beside_the_others(drawn) -> None:
    lines = drawn(120, ("Incident", "Brand", "Why"), ("inc_1", "Acme", LONG))
    assert lines == ["Incident  Brand  Why", f"inc_1     Acme   {LONG}"]


def test_words_that_fit_no_more_are_wrapped_while_they_can_be_read(drawn) -> None:
    lines = drawn(60, ("Incident", "Brand", "Why"), ("inc_1", "Acme", LONG))
    assert lines[0] == "Incident  Brand  Why"
    assert [line[:17] for line in lines[2:]] == [" " * 17] * len(lines[2:])
    assert " ".join(line[17:] for line in lines[1:]) == LONG


def test_at_a_narrow_terminal_what_would_be_squeezed_stands_beneath(drawn) -> None:
    rows = [("inc_1", "Acme", "acknowledged", LONG), ("inc_2", "Bolt", "open", "")]
    head, beneath, first, *more, last = drawn(40, ("Incident", "Brand", "Status", "Why"), *rows)
    assert (head, beneath) == ("Incident  Brand  Status", "  Why")
    assert (first, last) == ("inc_1     Acme   acknowledged", "inc_2     Bolt   open")
    assert all(line.startswith("  ") and len(line) <= 40 for line in more)
    assert " ".join(line.strip() for line in more) == LONG


def test_a_first_cell_longer_than_the_terminal_still_stands_alone(drawn) -> None:
    lines = drawn(20, ("Brand", "Why"), ("B" * 40, "it burns"))
    assert (lines[0], lines[-1].strip()) == ("Brand", "it burns")
    assert len(lines) == 4
