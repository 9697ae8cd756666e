"""Say what would have rung in the past, how early and how often falsely."""

import click


@click.command("backtest")
@click.option("--series", metavar="IN.csv", help="Judge a plain series of counts instead.")
@click.option("--threads", metavar="IN.csv", help="Judge threads of bare times instead.")
@click.option("--out", metavar="OUT.csv", help="Where verdicts of a series or of threads go.")
@click.option(
    "--false-alarms-per-month",
    "budget",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="With --series: how many false alarms a month are bearable.",
)
@click.option(
    "--target",
    type=click.IntRange(2),
    default=300,
    show_default=True,
    help="With --threads: how many reactions are huge.",
)
@click.option(
    "--base-rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.44,
    show_default=True,
    help="With --threads: the share of these threads that become huge.",
)
def command(
    series: str | None,
    threads: str | None,
    out: str | None,
    budget: float,
    target: int,
    base_rate: float,
) -> None:
    """Say what would have rung in the past, how early and how often falsely."""
    if series is not None and threads is not None:
        raise click.UsageError("--series and --threads are two different questions: ask one")
    if out is None:
        raise click.UsageError("--out is missing: name a file for the verdicts, or '-'")
    from emberwatch.cli import backtest_csv

    if series is not None:
        backtest_csv.judge_series_file(series, out, budget)
    elif threads is not None:
        backtest_csv.judge_threads_file(threads, out, target, base_rate)
