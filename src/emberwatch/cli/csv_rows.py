"""Comma-separated rows as strangers write them: every bad one is named, and nothing is guessed."""

import csv
import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, TypeVar

import click

from emberwatch.cli.place import is_ordinary, keep_mode
from emberwatch.cli.present import count
from emberwatch.core.read.text import safe_line

T = TypeVar("T")

STANDARD = "-"
"""Standard input or output."""

MOST_NAMED = 10
"""Bad rows that are named one by one; the others are only counted."""


TOLD_EVERY = 500
"""Rows between two words of how far one has come."""


class BadRow(Exception):
    """A row that cannot be used; the message says why."""


def read_rows(
    place: str,
    columns: Sequence[str],
    parse: Callable[[Mapping[str, str]], T],
    *,
    optional: Sequence[str] = (),
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[T]:
    """Yield the rows of a file (`.gz` too, `-` for standard input) as they are read.

    Other columns are left aside. `parse` is given the cells of a row by column, without the blanks
    around them (those of `optional` columns only where there are such); it raises `BadRow`. No row
    comes after a bad one: the rest is only looked through, and the command ends with each bad row
    named by its line. It ends when a column is missing, too. `on_bytes` is told now and then how
    many bytes of the file were read.
    """
    name = "standard input" if place == STANDARD else place
    problems: list[str] = []
    bad_lines = 0
    try:
        with _opened(place) as (raw, file):
            table = csv.reader(file)
            try:
                heading = [cell.strip().lower() for cell in next(table, [])]
                places = _places(name, heading, columns, optional)
                for number, cells in enumerate(table, start=1):
                    if on_bytes is not None and number % TOLD_EVERY == 0:
                        on_bytes(raw.tell())
                    if not cells:
                        continue
                    try:
                        row = parse(_named(cells, places))
                    except BadRow as bad:
                        bad_lines += 1
                        if bad_lines <= MOST_NAMED:
                            problems.append(f"line {table.line_num}: {safe_line(str(bad), 200)}")
                        continue
                    if not problems:
                        yield row
            except csv.Error as error:
                bad_lines += 1
                problems.append(f"line {table.line_num}: {safe_line(str(error), 200)}")
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise click.ClickException(f"{name} cannot be read: {why}") from error
    if problems:
        lines = [f"{name}, {problem}" for problem in problems]
        if bad_lines > len(problems):
            lines.append(f"{name}: and {count(bad_lines - len(problems), 'bad line')} more")
        raise click.ClickException(
            "nothing is judged from the first bad row on:\n" + "\n".join(lines)
        )


@contextmanager
def _opened(place: str) -> Iterator[tuple[IO[bytes], IO[str]]]:
    """Open a file as text that holds whatever bytes there are, without the mark at its head.

    The first of the two tells how far the file itself was read.
    """
    if place == STANDARD:
        text = _text(sys.stdin.buffer)
        try:
            yield sys.stdin.buffer, text
        finally:
            text.detach()  # closed by whoever opened it
        return
    with Path(place).open("rb") as raw:
        if place.endswith(".gz"):
            with gzip.open(raw, "rb") as unpacked:
                yield raw, _text(unpacked)
        else:
            yield raw, _text(raw)


def _text(body: IO[bytes] | gzip.GzipFile) -> io.TextIOWrapper:
    return io.TextIOWrapper(body, encoding="utf-8-sig", errors="surrogateescape", newline="")


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
    """Write rows as they come (`-` for standard output); return how many.

    A file appears under its name when it is whole: until then what was there stands. Nothing is
    written, the heading neither, before there is a first row or the rows have ended.
    """
    coming = iter(rows)
    first = list(islice(coming, 1))
    whole = chain(first, coming)
    if place == STANDARD:
        return _written(sys.stdout, heading, whole, is_live=True)
    path = Path(place)
    if not is_ordinary(path):
        with path.open("a", encoding="utf-8", errors="surrogateescape", newline="") as file:
            return _written(file, heading, whole, is_live=True)
    path = path.resolve()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            keep_mode(path, file)
            lines = _written(file, heading, whole, is_live=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"{place} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return lines


def _written(
    file: IO[str], heading: Sequence[str], rows: Iterable[Sequence[object]], *, is_live: bool
) -> int:
    """Write rows; each at once where somebody may be waiting for it."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(heading)
    lines = 0
    for row in rows:
        table.writerow(row)
        lines += 1
        if is_live:
            file.flush()
    return lines


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet may run; the last four are the wide forms of the first."""


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell


@contextmanager
def progress_through(place: str, target: str) -> Iterator[Callable[[int], None] | None]:
    """Show how much of a file was read, on a terminal that the rows do not go to."""
    from emberwatch.cli.progress import progress_bar

    if target == STANDARD and sys.stdout.isatty():
        yield None
        return
    path = Path(place)
    total = path.stat().st_size if place != STANDARD and path.is_file() else None
    with progress_bar("judging", total) as report:
        yield report if total is not None else None
