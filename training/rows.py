"""Labelled rows: `train.jsonl.gz` and `SOURCES.tsv` of a data folder."""

import csv
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROWS = "train.jsonl.gz"
SOURCES = "SOURCES.tsv"
COLUMNS = ("src", "lang", "tier", "licence")
FREE = "A"
"""The tier of rows whose licences let a model that is trained on them be given away."""
LABELS = {"anger": (0, 1), "sent": (-1, 0, 1)}
MOST_NAMED = 10
"""Broken lines that are named one by one; the others are only counted."""


class DataUnusable(Exception):
    """A data folder that nothing can be learnt from; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from, and on which terms."""

    name: str
    language: str
    tier: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Texts with their labels, NaN where a label is missing: 0 or 1, and -1, 0 or 1."""

    texts: list[str]
    languages: np.ndarray
    sources: np.ndarray
    anger: np.ndarray
    sentiment: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def targets(self) -> np.ndarray:
        """What the three heads shall say: angry, negative, positive; NaN where unknown."""
        known = ~np.isnan(self.sentiment)
        negative = np.where(known, self.sentiment == -1, np.nan)
        positive = np.where(known, self.sentiment == 1, np.nan)
        return np.stack((self.anger, negative, positive), axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The rows that may be learnt from, and what was left out and why.

    `not_free` counts the rows of each source whose licence keeps them out, `unwanted` those of
    sources that nobody wants; `broken` tells the first lines that make no sense.
    """

    rows: Rows
    not_free: Counter[str]
    unwanted: int
    broken: tuple[str, ...]
    broken_count: int

    def told(self) -> Iterator[str]:
        """Yield what a person should know of it, line by line."""
        yield f"{_count(len(self.rows), 'row')} that may be used"
        if self.not_free:
            names = ", ".join(sorted(self.not_free))
            yield f"{_count(self.not_free.total(), 'row')} left out, not of tier {FREE}: {names}"
        if self.unwanted:
            yield f"{_count(self.unwanted, 'row')} left out, of sources that --without names"
        yield from self.broken
        if self.broken_count:
            yield f"{_count(self.broken_count, 'broken line')} left out"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sources(folder: Path) -> dict[str, Source]:
    """Return the sources of a folder by name; raise `DataUnusable`."""
    file = folder / SOURCES
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            told = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, ValueError, csv.Error) as error:
        raise DataUnusable(f"{file} cannot be read: {error}") from error
    if not told or any(row.get(column) is None for row in told for column in COLUMNS):
        raise DataUnusable(f"{file} needs the columns {', '.join(COLUMNS)} in every line")
    return {
        row["src"]: Source(
            name=row["src"], language=row["lang"], tier=row["tier"], licence=row["licence"]
        )
        for row in told
    }


def load(folder: Path, known: Mapping[str, Source], *, without: Iterable[str]) -> Loaded:
    """Return the rows of a folder that a model given away may learn from.

    A row is free if itself and its source say so. Lines that make no sense are left out and
    told. Raise `DataUnusable` for a file that cannot be read, or that holds no free row.
    """
    unwanted = frozenset(without)
    strangers = sorted(unwanted - known.keys())
    if strangers:
        raise DataUnusable(f"--without: {SOURCES} has no source {', '.join(strangers)}")
    file = folder / ROWS
    free: list[dict[str, object]] = []
    not_free: Counter[str] = Counter()
    broken: list[str] = []
    left_out = broken_count = 0
    try:
        with gzip.open(file, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    row = _row(line, known)
                except ValueError as error:
                    broken_count += 1
                    if broken_count <= MOST_NAMED:
                        broken.append(f"line {number}: {error}; left out")
                    continue
                source = str(row["src"])
                if row["tier"] != FREE or known[source].tier != FREE:
                    not_free[source] += 1
                elif source in unwanted:
                    left_out += 1
                else:
                    free.append(row)
    except (OSError, EOFError, zlib.error) as error:
        raise DataUnusable(f"{file} cannot be read to its end: {error}") from error
    if not free:
        raise DataUnusable(f"{file} holds no row of tier {FREE}: there is nothing to learn from")
    return Loaded(
        rows=_rows(free),
        not_free=not_free,
        unwanted=left_out,
        broken=tuple(broken),
        broken_count=broken_count,
    )


def _row(line: bytes, known: Mapping[str, Source]) -> dict[str, object]:
    """Return what a line says; raise `ValueError` with what is wrong with it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error})") from error
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    for key in ("text", "lang", "src", "tier"):
        if not isinstance(row.get(key), str):
            raise ValueError(f'"{key}" must be a string')
    if row["src"] not in known:
        raise ValueError(f"{SOURCES} has no source {row['src']!r}")
    for key, allowed in LABELS.items():
        if key in row and (isinstance(row[key], bool) or row[key] not in allowed):
            raise ValueError(f'"{key}" must be one of {", ".join(map(str, allowed))}')
    return row


def _rows(free: list[dict[str, object]]) -> Rows:
    return Rows(
        texts=[str(row["text"]) for row in free],
        languages=np.array([row["lang"] for row in free]),
        sources=np.array([row["src"] for row in free]),
        anger=np.array([row.get("anger", np.nan) for row in free], dtype=np.float32),
        sentiment=np.array([row.get("sent", np.nan) for row in free], dtype=np.float32),
    )
