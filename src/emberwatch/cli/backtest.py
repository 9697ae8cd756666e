"""Say what would have rung in the past, how early and how often falsely."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emberwatch.cli.place import (
    check_no_database,
    check_writable,
    config_option,
    database_option,
    json_option,
    read,
    write,
)
from emberwatch.cli.progress import progress_bar

if TYPE_CHECKING:
    from emberwatch.config.schema import Config
    from emberwatch.model.incident import Incident
    from emberwatch.ports import Reading
    from emberwatch.runtime.backtest import Backtest
    from emberwatch.runtime.backtest_pictures import Pictures


class _Within(click.FloatRange):
    """A range of numbers, so of no `nan` either, which is neither below nor above anything."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            is_number = not isnan(float(value))
        except ValueError:
            is_number = False
        if not is_number:
            self.fail(f"expected a number, got '{value}'.", param, ctx)
        found: float = super().convert(value, param, ctx)
        return found


@click.command("backtest")
@click.argument(
    "file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@config_option
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A second configuration, to set beside the first.",
)
@database_option
@click.option(
    "--since", "said", metavar="TIME", help="Tell of what opened from then on: '30d ago'."
)
@json_option
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write a page with pictures as well, complete in itself.",
)
@click.option(
    "--series", metavar="IN.csv", help="Judge a plain series of counts: timestamp,count,angry."
)
@click.option(
    "--threads", metavar="IN.csv", help="Judge threads of bare times: cascade,t[,root_time]."
)
@click.option("--out", metavar="OUT.csv", help="Where the verdicts of those two go.")
@click.option(
    "--false-alarms-per-month",
    "budget",
    metavar="X",
    type=_Within(0, 10_000, min_open=True),
    default=1.0,
    show_default=True,
    help="With --series: how many false alarms a month are bearable.",
)
@click.option(
    "--target",
    metavar="N",
    type=click.IntRange(2),
    default=300,
    show_default=True,
    help="With --threads: how many reactions are huge.",
)
@click.option(
    "--base-rate",
    metavar="SHARE",
    type=_Within(0, 1, min_open=True, max_open=True),
    default=0.44,
    show_default=True,
    help="With --threads: the share of these threads that become huge.",
)
@click.pass_context
def command(
    ctx: click.Context,
    file: Path | None,
    config_path: Path,
    against: Path | None,
    database: Path | None,
    said: str | None,
    as_json: bool,
    report: Path | None,
    series: str | None,
    threads: str | None,
    out: str | None,
    budget: float,
    target: int,
    base_rate: float,
) -> None:
    """Say what would have rung in the past, how early and how often falsely.

    The past is what the database holds, or FILE (posts as `replay` takes them). It is lived
    through again in memory, with today's configuration: nothing is changed and nobody is told.

    \b
    Example:
      emberwatch backtest --against other.yaml
    """
    _refuse_mixtures(ctx)
    if report is not None:
        check_writable(report, needed=[each for each in (file, config_path, against) if each])
    if series is not None or threads is not None:
        from emberwatch.cli import backtest_csv

        if out is None:
            raise click.UsageError("--out is missing: name a file for the verdicts, or '-'")
        check_no_database(Path(out))
        if series is not None:
            backtest_csv.judge_series_file(series, out, budget)
        elif threads is not None:
            backtest_csv.judge_threads_file(threads, out, target, base_rate)
        return
    if report == Path("-"):
        raise click.BadParameter("the table goes there: name a file", param_hint="--report")
    since = None if said is None else _instant(said)
    paths = [config_path] if against is None else [config_path, against]
    configs = [(str(path), read(path, with_secrets=False)) for path in paths]
    from emberwatch.cli.backtest_table import show, show_lines

    trials = list(_trials(configs, file, database, since, is_drawn=report is not None))
    (show_lines if as_json else show)([result for result, _ in trials])
    if report is not None:
        _write(report, trials)


_MODES = {
    "series": {"series", "out", "budget"},
    "threads": {"threads", "out", "target", "base_rate"},
    None: {"file", "config_path", "against", "database", "said", "as_json", "report"},
}
"""Which parameters go with which question; None: the past."""


def _refuse_mixtures(ctx: click.Context) -> None:
    """Refuse options that the question asked has no use for, rather than ignore them."""
    from click.core import ParameterSource

    given = {
        name
        for name in ctx.params
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
        and ctx.params[name] is not None
    }
    mode = next((mode for mode in ("series", "threads") if mode in given), None)
    strange = given - _MODES[mode]
    if strange:
        names = {param.name: param for param in ctx.command.params}
        told = sorted(
            (param.opts[0] if isinstance(param, click.Option) else "FILE")
            for name in strange
            if (param := names[name])
        )
        question = "the past" if mode is None else f"--{mode}"
        raise click.UsageError(f"{', '.join(told)} has nothing to do with {question}: leave it out")


def _instant(said: str) -> datetime:
    from emberwatch.cli.when import instant_of
    from emberwatch.runtime.wiring import now

    try:
        return instant_of(said, now())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error


def _trials(
    configs: "list[tuple[str, Config]]",
    file: Path | None,
    database: Path | None,
    since: datetime | None,
    *,
    is_drawn: bool,
) -> "Iterator[tuple[Backtest, Pictures]]":
    """Try each configuration on the file, or on what the first one's database holds."""
    if file is None:
        with _history(database or configs[0][1].database) as look:
            lived = look.incidents()
            for name, config in configs:
                yield _trial(name, config, look, lived, since, is_stored=True, is_drawn=is_drawn)
        return
    lived = []
    if database is not None:
        with _history(database) as look:
            lived = look.incidents()
    for name, config in configs:
        with _replayed(file, config) as look:
            yield _trial(name, config, look, lived, since, is_stored=False, is_drawn=is_drawn)


def _trial(
    name: str,
    config: "Config",
    look: "Reading",
    lived: "list[Incident]",
    since: datetime | None,
    *,
    is_stored: bool,
    is_drawn: bool,
) -> "tuple[Backtest, Pictures]":
    """Try a configuration; what another one stored is asked anew of which brands it speaks."""
    from emberwatch.runtime import wiring
    from emberwatch.runtime.backtest import backtest, past
    from emberwatch.runtime.backtest_pictures import Pictures, pictures

    policy = wiring.policy(config, is_told=False, is_replay=True)
    feeds = wiring.past_feeds(config)
    reread = wiring.reread(config) if is_stored else None
    with progress_bar(f"trying {name}", look.statistics(wiring.now()).posts) as report:
        result = backtest(
            look,
            policy,
            feeds,
            name=name,
            reread=reread,
            lived=lived,
            since=since,
            on_posts=report,
        )
    if not is_drawn:
        return result, Pictures()
    with progress_bar(f"drawing {name}", None):
        return result, pictures(result, policy, past(look, policy, feeds, reread))


def _write(report: Path, trials: "list[tuple[Backtest, Pictures]]") -> None:
    from emberwatch.cli.backtest_page import page
    from emberwatch.runtime.wiring import now

    write(report, page(trials, now()))
    click.echo(f"{report}: written", err=True)


@contextmanager
def _history(path: Path) -> "Iterator[Reading]":
    """Open what a database holds, to be read only: the daemon may be at work beside us."""
    from emberwatch.store.sqlite import open_store

    store = open_store(path, read_only=True)
    try:
        with store.reading() as look:
            yield look
    finally:
        store.close()


@contextmanager
def _replayed(file: Path, config: "Config") -> "Iterator[Reading]":
    """Replay a file into a database that is gone afterwards."""
    from emberwatch.cli.replay import bytes_of, lines_in, progress, say
    from emberwatch.runtime import wiring
    from emberwatch.runtime.replay import replay
    from emberwatch.store.sqlite import open_store

    with tempfile.TemporaryDirectory(prefix="emberwatch-backtest-") as folder:
        store = open_store(Path(folder) / "backtest.db")
        try:
            policy = wiring.policy(config, is_told=False, is_replay=True)
            processor = wiring.processor(store, policy, is_live=False)
            with bytes_of(file) as lines, progress(file, lines) as report:
                done = replay(lines_in(lines, file), processor, wall=wiring.now(), on_batch=report)
            say(done)
            with store.reading() as look:
                yield look
        finally:
            store.close()
