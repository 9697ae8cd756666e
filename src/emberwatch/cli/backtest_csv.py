"""Plain series and threads in, verdicts out: the detectors for anybody's benchmark."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import click

from emberwatch.cli.csv_rows import BadRow, number_of, progress_through, read_rows, write_rows
from emberwatch.cli.present import count
from emberwatch.core.read.text import safe_line
from emberwatch.runtime.series import Row, judge_series
from emberwatch.runtime.threads import Reaction, judge_threads

EARLIEST, LATEST = -6e10, 2e11
"""Seconds since 1970 that a calendar knows: beyond them it is milliseconds that somebody meant."""

MOST_POSTS = 1e9
"""Posts that a bucket may hold: more than any brand gets, and no more than can be weighed soon."""


def judge_series_file(source: str, target: str, false_alarms_per_month: float) -> None:
    """Judge `timestamp,count,angry`; write `timestamp,score,alert,surge`, a row for each row."""
    before: float | None = None
    told: deque[str] = deque()

    def parse(cells: Mapping[str, str]) -> Row:
        nonlocal before
        at = _seconds(cells["timestamp"])
        if before is not None and at <= before:
            raise BadRow(
                f"{cells['timestamp']} is the time of the row above it too: make one row of them"
                if at == before
                else f"{cells['timestamp']} is before the row above it: sort the rows by time"
            )
        before = at
        told.append(cells["timestamp"])
        return Row(at, *_counts(cells))

    with progress_through(source, target) as report:
        rows = read_rows(source, ("timestamp", "count", "angry"), parse, on_bytes=report)
        written = write_rows(
            target,
            ("timestamp", "score", "alert", "surge"),
            (
                (told.popleft(), f"{verdict.score:.4f}", verdict.alert, verdict.surge)
                for verdict in judge_series(rows, false_alarms_per_month)
            ),
        )
    click.echo(f"{count(written, 'row')} judged", err=True)


def judge_threads_file(source: str, target: str, huge: int, base_rate: float) -> None:
    """Judge `cascade,t[,root_time]`; write `cascade,t` of each cascade that rings."""
    last: dict[str, tuple[float, float]] = {}
    reactions = 0

    def parse(cells: Mapping[str, str]) -> Reaction:
        nonlocal reactions
        t = number_of(cells, "t")
        root_time = number_of(cells, "root_time") if cells.get("root_time") else 0.0
        if not root_time > EARLIEST:
            raise BadRow(f"root_time: expected seconds since 1970, got {root_time:g}")
        try:
            reaction = Reaction(cascade=cells["cascade"], t=t, root_time=root_time)
        except ValueError as error:
            raise BadRow(str(error)) from error
        root_before, t_before = last.get(reaction.cascade, (root_time, 0.0))
        name = safe_line(reaction.cascade, 60)
        if root_time != root_before:
            raise BadRow(
                f"cascade '{name}': root_time is {root_time:.15g} here and {root_before:.15g} "
                "above: a thread has one root"
            )
        if t < t_before:
            raise BadRow(
                f"cascade '{name}' goes back in time: sort the rows by root_time + t, "
                "or by t where there is no root_time"
            )
        last[reaction.cascade] = (root_time, t)
        reactions += 1
        return reaction

    with progress_through(source, target) as report:
        rows = read_rows(source, ("cascade", "t"), parse, optional=("root_time",), on_bytes=report)
        flags = _flags(judge_threads(rows, huge, base_rate))
        flagged = write_rows(target, ("cascade", "t"), flags)
    click.echo(
        f"{count(reactions, 'reaction')} in {count(len(last), 'thread')}: {flagged:,} flagged",
        err=True,
    )


def _flags(flags: Iterator[tuple[str, float]]) -> Iterator[tuple[str, str]]:
    return ((cascade, f"{t:.15g}") for cascade, t in flags)


def _counts(cells: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Return posts and the angry of them; None for both where the feed was down."""
    if not cells["count"] and not cells["angry"]:
        return None, None
    if not cells["count"] or not cells["angry"]:
        raise BadRow("count and angry must both be empty (the feed was down) or both be given")
    posts, angry = number_of(cells, "count"), number_of(cells, "angry")
    if not 0.0 <= angry <= posts:
        raise BadRow(
            f"expected 0 <= angry <= count, got {cells['angry']} angry of {cells['count']}"
        )
    if posts > MOST_POSTS:
        raise BadRow(f"count: expected at most {MOST_POSTS:g} posts, got '{cells['count']}'")
    return posts, angry


def _seconds(cell: str) -> float:
    """Return an instant as seconds since 1970: given so, or as ISO 8601 (UTC without a zone)."""
    try:
        seconds = float(cell)
    except ValueError:
        try:
            at = datetime.fromisoformat(cell)
        except ValueError:
            raise BadRow(
                "timestamp: expected seconds since 1970 or a time such as 2026-03-02 12:00:00, "
                f"got '{safe_line(cell, 60)}'"
            ) from None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if not EARLIEST < seconds < LATEST:
        raise BadRow(f"timestamp: expected seconds since 1970, got '{safe_line(cell, 60)}'")
    return seconds
