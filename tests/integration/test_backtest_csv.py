"""Plain series and threads through `backtest`: strict about every row, and one verdict each."""

import csv
import gzip
import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli

START = datetime(2026, 1, 5, tzinfo=UTC)


def a_series(minutes: int = 3 * 1440, storm_at: int = 2 * 1440 + 700) -> list[list[str]]:
    """Return a calm series of minutes with an hour of anger in it, and an outage before that."""
    chance = random.Random(7)
    rows = []
    for minute in range(minutes):
        at = START + timedelta(minutes=minute)
        posts = chance.random() < 0.2
        angry = posts and chance.random() < 0.2
        counts = [str(int(posts)), str(int(angry))]
        if storm_at <= minute < storm_at + 60:
            counts = ["2", "2"]
        if 1440 <= minute < 1500:
            counts = ["", ""]
        rows.append([str(int(at.timestamp())), *counts])
    return rows


def text_of(rows: list[list[str]], heading: str = "timestamp,count,angry") -> str:
    return "\n".join([heading, *(",".join(row) for row in rows)]) + "\n"


def backtest(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(
        cli, ["backtest", *map(str, arguments)], input=stdin, catch_exceptions=False
    )


def verdicts(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def series(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(text_of(a_series()))
    return path


def test_a_file_that_is_written_anew_stays_for_whom_it_was(series: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("of before")
    out.chmod(0o600)
    assert backtest("--series", series, "--out", out).exit_code == 0
    assert verdicts(out.read_text())
    assert out.stat().st_mode & 0o777 == 0o600


def test_every_row_gets_its_verdict_and_the_storm_rings(series: Path, tmp_path: Path) -> None:
    result = backtest("--series", series, "--out", tmp_path / "out.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    rows = verdicts((tmp_path / "out.csv").read_text())
    assert list(rows[0]) == ["timestamp", "score", "alert", "surge"]
    assert [row["timestamp"] for row in rows] == [row[0] for row in a_series()]
    assert all(float(row["score"]) >= 0 for row in rows)
    rung = [place for place, row in enumerate(rows) if row["alert"] == "1"]
    assert 2 * 1440 + 700 <= rung[0] < 2 * 1440 + 760


def test_nothing_is_read_ahead(series: Path, tmp_path: Path) -> None:
    rows = a_series()[: 2 * 1440 + 730]
    part = backtest("--series", "-", "--out", "-", stdin=text_of(rows)).stdout
    whole = backtest("--series", series, "--out", "-").stdout
    assert whole.startswith(part)
    assert len(verdicts(part)) == len(rows)


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00"]
)
def test_an_instant_may_be_written_in_several_ways(series: Path, form: str) -> None:
    rows = [
        [datetime.fromtimestamp(int(at), UTC).strftime(form), *counts] for at, *counts in a_series()
    ]
    told = verdicts(backtest("--series", "-", "--out", "-", stdin=text_of(rows)).stdout)
    plain = verdicts(backtest("--series", series, "--out", "-").stdout)
    assert [row["score"] for row in told] == [row["score"] for row in plain]
    assert told[0]["timestamp"] == rows[0][0]


def test_more_false_alarms_borne_ring_no_later(series: Path) -> None:
    def first(budget: float) -> int:
        rows = verdicts(
            backtest("--series", series, "--out", "-", "--false-alarms-per-month", budget).stdout
        )
        return next(place for place, row in enumerate(rows) if row["alert"] == "1")

    assert first(30) <= first(1) <= first(0.01)


def test_a_packed_file_with_a_mark_and_other_columns_is_the_same(
    series: Path, tmp_path: Path
) -> None:
    rows = [[angry, "note, with a comma", at, posts] for at, posts, angry in a_series()]
    text = io.StringIO()
    csv.writer(text).writerows([["Angry", "note", " timestamp ", "count"], *rows])
    packed = tmp_path / "in.csv.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.getvalue().encode()))
    told = backtest("--series", packed, "--out", "-").stdout
    assert told == backtest("--series", series, "--out", "-").stdout


BAD_ROWS = {
    "60,1": "2 cells, expected at least 3",
    "yesterday,1,1": "timestamp: expected seconds since 1970 or a time such as",
    "1767571200000,1,1": "timestamp: expected seconds since 1970, got '1767571200000'",
    "nan,1,1": "timestamp: expected seconds",
    "60,one,1": "count: expected a number, got 'one'",
    "60,inf,1": "count: expected a number",
    "9999-12-31T23:59:00Z,1,1": "timestamp: expected seconds since 1970",
    "60,1e308,1": "count: expected at most 1e+09 posts, got '1e308'",
    "60,1,2": "0 <= angry <= count",
    "60,-1,-1": "0 <= angry <= count",
    "60,,1": "must both be empty",
    "60,1,": "must both be empty",
    "0,1,1": "is the time of the row above it too: make one row of them",
    "-60,1,1": "is before the row above it: sort the rows by time",
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_named_by_its_line_and_nothing_is_written(tmp_path: Path, row: str) -> None:
    out = tmp_path / "out.csv"
    out.write_text("what was there before")
    result = backtest(
        "--series", "-", "--out", out, stdin=f"timestamp,count,angry\n0,1,0\n{row}\n999999,1,0\n"
    )
    assert result.exit_code == 1
    assert BAD_ROWS[row] in result.stderr
    assert "line 3" in result.stderr
    assert out.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [out]


def test_of_many_bad_rows_ten_are_named_and_the_rest_counted() -> None:
    rows = "\n".join(f"{at},x,x" for at in range(500))
    result = backtest("--series", "-", "--out", "-", stdin=f"timestamp,count,angry\n{rows}\n")
    assert result.exit_code == 1
    assert result.stderr.count("expected a number") == 10
    assert "490 bad lines more" in result.stderr
    assert result.stdout == ""


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    result = backtest("--series", "-", "--out", "-", stdin="time;count;angry\n1;1;1\n")
    assert result.exit_code == 1
    assert "timestamp and count and angry not found in: time;count;angry" in result.stderr
    assert backtest("--series", "-", "--out", "-", stdin="").exit_code == 1


def test_a_column_that_is_named_twice_is_refused() -> None:
    result = backtest("--series", "-", "--out", "-", stdin="timestamp,count,angry,count\n1,1,1,1\n")
    assert (result.exit_code, "the column count is named twice" in result.stderr) == (1, True)


def test_a_row_that_would_drive_a_terminal_is_named_safely() -> None:
    text = "timestamp,count,angry\n\x1b]0;owned\x07,1,1\n"
    result = backtest("--series", "-", "--out", "-", stdin=text)
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr


def test_a_file_that_is_not_there_or_cut_short_is_said_to_be_so(tmp_path: Path) -> None:
    result = backtest("--series", tmp_path / "none.csv", "--out", "-")
    assert (result.exit_code, "cannot be read" in result.stderr) == (1, True)
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(text_of(a_series()).encode())[:500])
    result = backtest("--series", cut, "--out", "-")
    assert (result.exit_code, "cannot be read" in result.stderr) == (1, True)


def test_a_place_that_cannot_be_written_is_said_to_be_so(series: Path, tmp_path: Path) -> None:
    result = backtest("--series", series, "--out", tmp_path / "nowhere" / "out.csv")
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)


THREADS = [["quiet", str(60 * step), "0"] for step in range(1, 8)] + [
    ["loud", str(2 * step), "0"] for step in range(1, 400)
]


def test_verdicts_are_never_written_over_a_database(series: Path, tmp_path: Path) -> None:
    place = tmp_path / "watch.db"
    place.write_bytes(b"SQLite format 3\0 and so on")
    result = backtest("--series", str(series), "--out", str(place))
    assert result.exit_code == 1
    assert f"{place} is a database, and would be written over" in result.stderr


def test_a_thread_that_becomes_huge_is_flagged_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "threads.csv"
    path.write_text(text_of(sorted(THREADS, key=lambda row: int(row[1])), "cascade,t,root_time"))
    result = backtest("--threads", path, "--out", "-")
    (flag,) = verdicts(result.stdout)
    assert flag["cascade"] == "loud"
    assert 0 < float(flag["t"]) < 400
    assert "406 reactions in 2 threads: 1 flagged" in result.stderr


def test_the_root_time_may_be_left_out_and_cascades_may_follow_each_other() -> None:
    bare = backtest(
        "--threads", "-", "--out", "-", stdin=text_of([row[:2] for row in THREADS], "cascade,t")
    )
    ordered = backtest(
        "--threads", "-", "--out", "-", stdin=text_of(THREADS, "cascade,t,root_time")
    )
    assert bare.stdout == ordered.stdout
    assert bare.exit_code == 0


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,-1,0", "t must be 0 or more"),
        ("a,x,0", "t: expected a number, got 'x'"),
        ("a,1,soon", "root_time: expected a number, got 'soon'"),
        ("a,1,-9e10", "root_time: expected seconds since 1970"),
        ("a,1,9e12", "root_time must be seconds since 1970"),
        (",1,0", "needs the name of its cascade"),
        ("a,3,0", "goes back in time"),
        ("a,6,60", "a thread has one root"),
    ],
)
def test_a_bad_reaction_is_named_by_its_line(row: str, why: str) -> None:
    result = backtest("--threads", "-", "--out", "-", stdin=f"cascade,t,root_time\na,5,0\n{row}\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "line 3: " in result.stderr
    assert why in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--series", "a.csv"],
        ["--report", "-"],
        ["--threads", "a.csv"],
        ["--series", "a.csv", "--threads", "b.csv", "--out", "-"],
        ["--series", "a.csv", "--out", "-", "--false-alarms-per-month", "0"],
        ["--threads", "a.csv", "--out", "-", "--target", "1"],
        ["--series", "a.csv", "--out", "-", "--false-alarms-per-month", "nan"],
        ["--series", "a.csv", "--out", "-", "--false-alarms-per-month", "inf"],
        ["--threads", "a.csv", "--out", "-", "--base-rate", "1"],
        ["--threads", "a.csv", "--out", "-", "--base-rate", "nan"],
    ],
)
def test_a_question_that_makes_no_sense_is_wrong_usage(arguments: list[str]) -> None:
    assert backtest(*arguments).exit_code == 2


@pytest.mark.parametrize("said", ["nan", "abc", ""])
def test_what_is_no_number_is_said_to_be_none(said: str) -> None:
    result = backtest("--series", "a.csv", "--out", "-", "--false-alarms-per-month", said)
    assert result.exit_code == 2
    assert f"expected a number, got '{said}'" in result.stderr


@pytest.mark.parametrize(
    ("rows", "verdicts_told"),
    [("", 0), ("0,5,1\n", 1), ("0,,\n60,,\n120,,\n", 3), ("0,5,1\r\n60,5,1\r\n", 2)],
)
def test_as_many_verdicts_as_rows_however_few_or_empty(rows: str, verdicts_told: int) -> None:
    result = backtest("--series", "-", "--out", "-", stdin=f"timestamp,count,angry\n{rows}")
    assert result.exit_code == 0
    told = verdicts(result.stdout)
    assert [float(row["score"]) for row in told] == [0.0] * verdicts_told


def test_rows_are_written_as_they_are_read() -> None:
    rows = "0,5,1\n60,5,1\n120,six,1\n180,5,1\n"
    result = backtest("--series", "-", "--out", "-", stdin=f"timestamp,count,angry\n{rows}")
    assert result.exit_code == 1
    assert [row["timestamp"] for row in verdicts(result.stdout)] == ["0", "60"]
    assert "nothing is judged from the first bad row on" in result.stderr
    assert "line 4: count: expected a number, got 'six'" in result.stderr
