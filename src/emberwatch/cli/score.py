"""`emberwatch score`: what a scorer makes of texts, one JSON line each."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import click

from emberwatch.core.read.text import safe_line
from emberwatch.model.errors import ScoringFailed
from emberwatch.model.mention import Score
from emberwatch.ports import Scorer, Text

# No brand is known here, so the contract's rule for short unsure posts expects English.
EXPECTED = ("en",)
CHUNK = 1 << 16
BATCH = 256
LONGEST_LINE = 1 << 24
MOST_NAMED = 10
"""Bad lines that are named one by one; the others are only counted."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One good line."""

    id: str | int | float
    text: Text


class _Bad(Exception):
    """A line that cannot be scored; the message says why."""


@click.command(name="score", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--scorer", "name", default="vader", show_default=True, help="Which scorer judges.")
def command(file: IO[bytes], name: str) -> None:
    """Say how angry texts sound, one JSON line in and one out.

    FILE (or standard input) holds lines of {"id", "text", "language"}; language may be left out.
    Answers come in the same order, as soon as they are known.

    \b
    Example:
      echo '{"id": 1, "text": "worst service ever"}' | emberwatch score
    """
    scorer = _scorer(name)
    complaints = _Complaints()
    try:
        for lines in _batches(file):
            asked = list(_understood(lines, complaints))
            for start in range(0, len(asked), BATCH):
                _answer(scorer, asked[start : start + BATCH])
    except BrokenPipeError:
        # Whoever read us has seen enough, as `head` does; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ScoringFailed as failed:
        raise click.ClickException(f"{name} cannot score: {failed}") from failed
    complaints.sum_up()


def _scorer(name: str) -> Scorer:
    """Return a scorer by its name, or end with a usage error that lists those there are."""
    from emberwatch.runtime.plugins import scorers

    known = scorers()
    if name not in known:
        raise click.BadParameter(
            f"no such scorer: {name!r}; there are: {', '.join(sorted(known)) or 'none'}",
            param_hint="--scorer",
        )
    made: Scorer = known[name]()
    return made


def _answer(scorer: Scorer, asked: list[_Asked]) -> None:
    scores = scorer.score([one.text for one in asked])
    lines = [_line(one, score) for one, score in zip(asked, scores, strict=True)]
    click.echo("\n".join(lines))


def _line(asked: _Asked, score: Score) -> str:
    return json.dumps(
        {
            "id": asked.id,
            "sentiment": score.sentiment,
            "negative": score.negative,
            "anger": score.anger,
            "language": score.language,
            "judged": score.judged,
            "scorer": score.scorer,
        }
    )


# ---------------------------------------------------------------- reading
def _batches(file: IO[bytes]) -> Iterator[list[tuple[int, bytes | None]]]:
    """Yield numbered lines as they arrive, so that a slow pipe gets its answers at once.

    A line beyond `LONGEST_LINE` is yielded as None.
    """
    read = getattr(file, "read1", file.read)
    number, held, is_skipping = 0, 0, False
    pending: list[bytes] = []
    while chunk := read(CHUNK):
        *whole, tail = chunk.split(b"\n")
        lines: list[tuple[int, bytes | None]] = []
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


def _understood(
    lines: list[tuple[int, bytes | None]], complaints: "_Complaints"
) -> Iterator[_Asked]:
    for number, line in lines:
        try:
            asked = _parsed(line, is_first=number == 1)
        except _Bad as bad:
            complaints.add(number, str(bad))
            continue
        if asked is not None:
            yield asked


def _parsed(line: bytes | None, *, is_first: bool) -> _Asked | None:
    """Return what a line asks, None for an empty line; raise `_Bad`."""
    if line is None:
        raise _Bad(f"longer than {LONGEST_LINE >> 20} MB")
    if is_first:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return None
    try:
        value = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as broken:
        raise _Bad(f"not JSON ({broken})") from broken
    if not isinstance(value, dict):
        raise _Bad("not a JSON object")
    id, text, language = value.get("id"), value.get("text"), value.get("language")
    if isinstance(id, bool) or not isinstance(id, str | int | float):
        raise _Bad('"id" must be a string or a number')
    if not isinstance(text, str):
        raise _Bad('"text" must be a string')
    if language is not None and not isinstance(language, str):
        raise _Bad('"language" must be a string or null')
    return _Asked(id, Text(text=text, language=language, expected=EXPECTED))


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")


class _Complaints:
    """Says on stderr which lines were bad, and how many in the end."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, number: int, why: str) -> None:
        self._count += 1
        if self._count <= MOST_NAMED:
            click.echo(f"line {number}: {safe_line(why, 160)}; left out", err=True)

    def sum_up(self) -> None:
        if self._count:
            lines = "line" if self._count == 1 else "lines"
            click.echo(f"{self._count} {lines} left out", err=True)
