"""How results look: tables for people at a terminal, plain lines in a pipe, JSON on demand."""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import click

from emberwatch.core.read.text import safe_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MARKS = {"info": "·", "warning": "▲", "high": "▲▲", "critical": "■"}
WHOLE = ("Incident", "Notification", "Configuration")
"""Headings of columns whose cells people copy."""

LEAST_WORDS = 24
"""Cells that the longest column needs for words to be read in it."""

COLOURS = {"info": "blue", "warning": "yellow", "high": "red", "critical": "bright_red"}


# What a terminal would obey, what turns the direction of writing, what ends a line for some
# readers, and what UTF-8 cannot write: JSON may hold it, escaped.
_UNSAFE = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def show_json(value: object) -> None:
    """Print a value as one line of JSON that harms no terminal; instants as ISO 8601 in UTC."""
    is_unicode = sys.stdout.encoding.lower().startswith("utf")
    line = json.dumps(value, ensure_ascii=not is_unicode, default=_plain)
    click.echo(_UNSAFE.sub(_escaped, line))


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def instant(at: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, to the millisecond."""
    if at is None:
        return None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def clock(at: datetime | None) -> str:
    """Return an instant for people, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else "-"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was, in one word."""
    return "never" if at is None else f"{span(now - at)} ago"


def span(length: timedelta) -> str:
    """Return a length of time in its one or two greatest units."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size, smaller, small in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "m", 60),
        ("m", 60, "s", 1),
    ):
        if seconds >= size:
            rest = seconds % size // small
            return f"{seconds // size}{unit}" + (f" {rest}{smaller}" if rest else "")
    return f"{seconds}s"


def paragraph(text: str, indent: int = 0) -> None:
    """Print a line safely, so far to the right; at a narrow terminal it goes on below itself.

    An address stays whole, to be copied.
    """
    plain = safe_line(text, 2000)
    if not sys.stdout.isatty() or " " not in plain:
        click.echo(" " * indent + plain)
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    # by itself it takes every terminal of which it knows nothing to be 80 columns wide
    columns, lines = shutil.get_terminal_size()
    console = Console(highlight=False, width=columns, height=lines)
    console.print(Padding(Text(plain), (0, 0, 0, indent), expand=False))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str, is_list: bool = True
) -> None:
    """Print rows under headings; `empty` is said when there is not a single row.

    When the table is the whole answer (`is_list`), a pipe gets rows alone and `empty` is talk.

    At a terminal a table fitted to its width, the last cells beneath the first where they would
    be squeezed; in a pipe tab-separated lines, a heading first.
    """
    lines = [[safe_line("" if cell is None else str(cell), 400) for cell in row] for row in rows]
    if not lines:
        click.echo(empty, err=not sys.stdout.isatty() and is_list)
        return
    if not sys.stdout.isatty():
        click.echo("\t".join(heading.lower() for heading in headings))
        for line in lines:
            click.echo("\t".join(line))
        return
    _draw(headings, lines)


def _draw(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len
    from rich.console import Console

    console = Console(highlight=False)
    widths = [
        max(cell_len(heading), *(cell_len(line[place]) for line in lines))
        for place, heading in enumerate(headings)
    ]
    longest = max(widths)
    left = console.width - (sum(widths) - longest) - 2 * (len(widths) - 1)
    if left >= min(longest, LEAST_WORDS):
        console.print(_fitted(headings, lines))
        return
    beside = _that_fit(widths, console.width)
    with console.capture() as drawn:
        console.print(_fitted(headings[:beside], [line[:beside] for line in lines], is_flat=True))
    rows = drawn.get().split("\n")[:-1]
    for row, cells in zip(rows, (headings, *lines), strict=True):
        click.echo(row)
        _print_beneath(console, cells[beside:])


def _that_fit(widths: Sequence[int], width: int) -> int:
    """Return how many columns, from the first, stand side by side in so many cells."""
    taken = list(accumulate(each + 2 for each in widths))
    return max(1, sum(total - 2 <= width for total in taken))


def _fitted(
    headings: Sequence[str], lines: Sequence[Sequence[str]], *, is_flat: bool = False
) -> "Table":
    """Return a table for a terminal, of one line a row if it `is_flat`."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        # what is copied or compared stays whole, however narrow the terminal
        is_whole = heading in WHOLE or heading.endswith("(UTC)")
        drawn.add_column(
            heading,
            overflow="fold" if is_whole or heading == headings[-1] else "ellipsis",
            no_wrap=is_whole or is_flat,
            min_width=max(len(line[place]) for line in lines) if is_whole else None,
        )
    for line in lines:
        drawn.add_row(*(Text(cell) for cell in line))
    return drawn


def _print_beneath(console: "Console", cells: Iterable[str]) -> None:
    """Print the cells that no longer fit beside the others under them, a little to the right."""
    from rich.padding import Padding
    from rich.text import Text

    said = "  ".join(cell for cell in cells if cell)
    if said:
        console.print(Padding(Text(said), (0, 0, 0, 2)))
