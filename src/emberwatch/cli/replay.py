"""Feed a file of posts through the whole watch."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, json_option, opened, read

if TYPE_CHECKING:
    from rich.progress import Progress

    from emberwatch.model.incident import Incident
    from emberwatch.runtime.replay import Replayed


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@database_option
@json_option
def command(file: Path, config_path: Path, database: Path | None, as_json: bool) -> None:
    """Feed a file of posts (JSON lines, .gz too) through the whole watch, by the file's own clock.

    Prints every incident that opened between the file's first and last post. Nobody is notified.
    A second run changes nothing, and a run that was cut goes on where it stopped.

    \b
    Example:
      emberwatch replay last-week.jsonl.gz --database try-out.db
    """
    from emberwatch.runtime import wiring
    from emberwatch.runtime.bookmark import Bookmark
    from emberwatch.runtime.replay import FEED, replay
    from emberwatch.store.lock import claim_instance

    config = read(config_path, with_secrets=False)
    path = database or config.database
    with (
        claim_instance(path, wiring.now()),
        opened(path, must_exist=False) as store,
        bytes_of(file) as lines,
    ):
        policy = wiring.policy(config, is_told=False, is_replay=True)
        judge = wiring.scorer(config.scorer)
        past = wiring.past_feeds(config)
        processor = wiring.processor(store, policy, is_live=False, judge=judge, past=past)
        with store.reading() as look:
            bookmark = Bookmark(lambda: _lines_of(file), look.cursor(FEED))
        with progress(file, lines) as report:
            done = replay(
                lines_in(lines, file),
                processor,
                wall=wiring.now(),
                on_batch=report,
                bookmark=bookmark,
            )
        say(done)
        if done.first_at is None or done.last_at is None:
            return
        with store.reading() as look:
            incidents = look.incidents(opened_from=done.first_at, opened_to=done.last_at)
    _show(incidents, as_json=as_json)


def bytes_of(file: Path) -> IO[bytes]:
    """Open a file of posts, packed or not."""
    if file.suffix == ".gz":
        return gzip.open(file, "rb")  # type: ignore[return-value]
    return file.open("rb")


def _lines_of(file: Path) -> Iterator[bytes]:
    with bytes_of(file) as lines:
        yield from lines_in(lines, file)


LONGEST_LINE = 4_000_000
"""Bytes: a post of a million characters, each of them four bytes long."""


def lines_in(lines: IO[bytes], file: Path) -> Iterator[bytes]:
    """Yield lines; one too long to be a post comes as its beginning, which no parser takes.

    Whole batches before a damaged place stay replayed, and are known the next time.
    """
    try:
        while line := lines.readline(LONGEST_LINE):
            yield line
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                line = lines.readline(LONGEST_LINE)
    except (OSError, EOFError, zlib.error) as error:
        raise click.ClickException(f"{file} cannot be read to its end: {error}") from error


def say(done: "Replayed") -> None:
    """Say what came of a file, and which of its lines were left out."""
    from emberwatch.cli.present import count

    for problem in done.bad[:20]:
        click.echo(f"left out: {problem}", err=True)
    if len(done.bad) > 20:
        click.echo(f"left out: {len(done.bad) - 20} more lines", err=True)
    judged = done.mentions - done.not_judged
    click.echo(
        f"{count(done.lines, 'line')}: {count(done.posts, 'post')}, {done.kept:,} kept, "
        f"{count(done.mentions, 'new mention')} ({judged:,} with an anger), "
        f"{count(len(done.bad), 'bad line')}",
        err=True,
    )
    if len(done.bad) >= done.lines > 0:
        click.echo(
            "Not one line was a post: each is to be one JSON object, without a list around them "
            "(jq -c '.[]' takes a list apart).",
            err=True,
        )


def _show(rows: "list[Incident]", *, as_json: bool) -> None:
    from emberwatch.cli.present import clock, instant, show_json, table

    if as_json:
        for row in rows:
            first = row.alerts[0]
            show_json(
                {
                    "id": row.id,
                    "brand": row.brand,
                    "kind": row.kind,
                    "kinds": row.kinds,
                    "opened_at": instant(row.opened_at),
                    "first_post_at": instant(row.first_post_at),
                    "observed": first.observed,
                    "expected": first.expected,
                    "window_minutes": first.window_minutes,
                    "reason": first.reason,
                }
            )
        return
    table(
        ("Incident", "Brand", "Kinds", "Opened (UTC)", "Severity", "Why"),
        (
            (
                row.id,
                row.brand or row.subject,
                "+".join(row.kinds),
                clock(row.opened_at),
                row.severity,
                row.alerts[0].reason,
            )
            for row in rows
        ),
        empty="No incident opened in the time of this file.",
    )


class _Progress:
    """A progress bar on a terminal, by bytes read; silent in a pipe."""

    def __init__(self, file: Path, lines: IO[bytes]) -> None:
        self._size = file.stat().st_size
        self._raw = getattr(lines, "fileobj", None) or lines
        self._bar: Progress | None = None

    def __enter__(self) -> "_Progress":
        if not sys.stderr.isatty():
            return self
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_interactive:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            bar = self._bar = Progress(
                TextColumn("replaying"),
                BarColumn(),
                TextColumn("{task.fields[posts]} posts"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._task = bar.add_task("replay", total=self._size, posts=0)
            bar.start()
        return self

    def __call__(self, done: "Replayed") -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self._raw.tell(), posts=done.posts)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def progress(file: Path, lines: IO[bytes]) -> _Progress:
    """Return a progress bar for the reading of a file."""
    return _Progress(file, lines)
