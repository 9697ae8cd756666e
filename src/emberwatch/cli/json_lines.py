"""Lines of JSON as strangers write them: read with bounds, and what is bad is named."""

import json
from collections.abc import Iterator
from typing import IO

import click

from emberwatch.core.read.text import safe_line

CHUNK = 1 << 16
LONGEST_LINE = 1 << 24
MOST_NAMED = 10
"""Bad lines that are named one by one; the others are only counted."""

Line = tuple[int, bytes | None]
"""A line's number, from 1, and its bytes; None for one beyond `LONGEST_LINE`."""


class BadLine(Exception):
    """A line that cannot be used; the message says why."""


def batches(file: IO[bytes]) -> Iterator[list[Line]]:
    """Yield numbered lines as they arrive, so that a slow pipe gets its answers at once."""
    read = getattr(file, "read1", file.read)
    number, held, is_skipping = 0, 0, False
    pending: list[bytes] = []
    while chunk := read(CHUNK):
        *whole, tail = chunk.split(b"\n")
        lines: list[Line] = []
        for line in whole:
            number += 1
            lines.append((number, None if is_skipping else b"".join((*pending, line))))
            pending, held, is_skipping = [], 0, False
        pending.append(tail)
        held += len(tail)
        if held > LONGEST_LINE:
            pending, held, is_skipping = [], 0, True
        if lines:
            yield lines
    if is_skipping or any(pending):
        yield [(number + 1, None if is_skipping else b"".join(pending))]


def object_of(line: bytes | None, *, is_first: bool) -> dict[str, object] | None:
    """Return the JSON object of a line, None for an empty line; raise `BadLine`."""
    if line is None:
        raise BadLine(f"longer than {LONGEST_LINE >> 20} MB")
    if is_first:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return None
    try:
        value = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as broken:
        raise BadLine(f"not JSON ({broken})") from broken
    if not isinstance(value, dict):
        raise BadLine("not a JSON object")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")


class Complaints:
    """Says on stderr which lines were bad, and how many in the end."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int, why: str) -> None:
        """Name a bad line, unless many were named already."""
        self.count += 1
        if self.count <= MOST_NAMED:
            click.echo(f"line {number}: {safe_line(why, 160)}; left out", err=True)

    def sum_up(self) -> None:
        """Say how many there were, if any."""
        if self.count:
            lines = "line" if self.count == 1 else "lines"
            click.echo(f"{self.count} {lines} left out", err=True)
