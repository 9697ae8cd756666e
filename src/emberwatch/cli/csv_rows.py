"""Comma-separated rows as strangers write them: every bad one is named, and nothing is guessed."""

import csv
import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import click

from emberwatch.cli.present import count
from emberwatch.core.read.text import safe_line

T = TypeVar("T")

STANDARD = "-"
"""Standard input or output."""

MOST_NAMED = 10
"""Bad rows that are named one by one; the others are only counted."""


class BadRow(Exception):
    """A row that cannot be used; the message says why."""


def read_rows(
    place: str,
    columns: Sequence[str],
    parse: Callable[[Mapping[str, str]], T],
    *,
    optional: Sequence[str] = (),
) -> list[T]:
    """Read all rows of a file (`.gz` too, `-` for standard input); other columns are left aside.

    `parse` is given the cells of a row by column, without the blanks around them (those of
    `optional` columns only where there are such); it raises `BadRow`. Ends the command, with each
    bad row named by its line, when one cannot be used, and when a column is missing.
    """
    name = "standard input" if place == STANDARD else place
    problems: list[str] = []
    found: list[T] = []
    try:
        with _opened(place) as file:
            table = csv.reader(file)
            try:
                heading = [cell.strip().lower() for cell in next(table, [])]
                places = _places(name, heading, columns, optional)
                for cells in table:
                    if not cells:
                        continue
                    try:
                        found.append(parse(_named(cells, places)))
                    except BadRow as bad:
                        problems.append(f"line {table.line_num}: {safe_line(str(bad), 200)}")
            except csv.Error as error:
                problems.append(f"line {table.line_num}: {safe_line(str(error), 200)}")
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise click.ClickException(f"{name} cannot be read: {why}") from error
    if problems:
        more = len(problems) - MOST_NAMED
        lines = [f"{name}, {problem}" for problem in problems[:MOST_NAMED]]
        if more > 0:
            lines.append(f"{name}: and {count(more, 'bad line')} more")
        raise click.ClickException("nothing was judged:\n" + "\n".join(lines))
    return found


@contextmanager
def _opened(place: str) -> Iterator[IO[str]]:
    """Open a file as text that holds whatever bytes there are, without the mark at its head."""
    if place == STANDARD:
        # closed by whoever opened it
        yield io.StringIO(_text(sys.stdin.buffer.read()), newline="")
        return
    with gzip.open(place, "rb") if place.endswith(".gz") else Path(place).open("rb") as file:
        yield io.StringIO(_text(file.read()), newline="")


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig", errors="surrogateescape")


def _places(
    name: str, heading: Sequence[str], columns: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    missing = [column for column in columns if column not in heading]
    if missing:
        told = safe_line(",".join(heading), 200)
        raise click.ClickException(
            f"{name}, line 1: the first line must name the columns {', '.join(columns)}; "
            f"{' and '.join(missing)} not found in: {told or 'nothing'}"
        )
    twice = [column for column in (*columns, *optional) if heading.count(column) > 1]
    if twice:
        raise click.ClickException(f"{name}, line 1: the column {twice[0]} is named twice")
    return {column: heading.index(column) for column in (*columns, *optional) if column in heading}


def _named(cells: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    most = max(places.values())
    if len(cells) <= most:
        raise BadRow(f"{count(len(cells), 'cell')}, expected at least {most + 1}")
    return {column: cells[place].strip() for column, place in places.items()}


def number_of(cells: Mapping[str, str], column: str) -> float:
    """Return a cell as a number that is neither infinite nor none; raise `BadRow`."""
    try:
        value = float(cells[column])
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise BadRow(f"{column}: expected a number, got '{cells[column]}'")
    return value


def write_rows(place: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows to a file (`-` for standard output), all of them or none; return how many.

    A file appears under its name when it is whole: until then what was there stands.
    """
    if place == STANDARD:
        return _written(sys.stdout, heading, rows)
    path = Path(place).resolve()
    if path.exists() and not path.is_file():  # a pipe, a terminal
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            return _written(file, heading, rows)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            lines = _written(file, heading, rows)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"{place} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return lines


def _written(file: IO[str], heading: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(heading)
    lines = 0
    for row in rows:
        table.writerow(row)
        lines += 1
    return lines


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet may run; the last four are the wide forms of the first."""


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell
