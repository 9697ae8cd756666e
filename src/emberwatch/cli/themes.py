"""Show what people complain about, the theme that causes the most anger first."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import (
    check_name,
    config_option,
    database_option,
    json_option,
    opened,
    read,
)

if TYPE_CHECKING:
    from emberwatch.core.respond.theme_count import ThemeCount
    from emberwatch.runtime.theme_report import ThemeReport


_FIRST_YEAR = 1970


@click.command("themes", short_help="Show what people complain about, by theme and week.")
@click.option("--brand", help="Only this brand's.")
@click.option("--days", type=click.IntRange(1, 366), help="The last so many days, 7 unless said.")
@click.option("--week", metavar="WEEK", help="A week of the calendar, such as 2026-W47.")
@config_option
@database_option
@json_option
def command(
    brand: str | None,
    days: int | None,
    week: str | None,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """Show what people complain about, the theme that causes the most anger first.

    Yours are those of the configuration; others are discovered in what yours do not explain.

    \b
    Example:
      emberwatch themes --brand Acme --week 2026-W47
    """
    from emberwatch.cli.present import clock, show_json
    from emberwatch.cli.report_words import left_out
    from emberwatch.core.read.text import safe_line
    from emberwatch.runtime.theme_report import theme_report
    from emberwatch.runtime.wiring import now

    if week is not None and days is not None:
        raise click.UsageError("give --week or --days, not both")
    config = read(config_path, with_secrets=False)
    if brand is not None:
        check_name("brand", brand, (each.name for each in config.brands))
    brands = [each for each in config.brands if brand in (None, each.name)]
    with opened(database or config.database) as store, store.reading() as look:
        since, until = _stretch(week, days or 7, look.clock() or now())
        reports = [theme_report(look, each, since, until) for each in brands]
    for line in (line for report in reports for line in left_out(report)):
        click.echo(safe_line(line, 500), err=True)
    if as_json:
        for report in reports:
            for count in report.themes:
                show_json(_row(report, count))
        return
    for report in reports:
        said = f"{report.brand}  {clock(since)} to {clock(until)} UTC"
        click.secho(safe_line(said, 200), bold=True)
        _print(report)


def _stretch(week: str | None, days: int, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when: a week from its Monday on, or the days up to now."""
    if week is None:
        return now - timedelta(days=days), now + timedelta(microseconds=1)
    try:
        monday = datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=UTC)
        if monday.year < _FIRST_YEAR:
            raise ValueError(week)
        return monday, monday + timedelta(days=7)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"expected a week such as 2026-W47, got '{week}'", param_hint="--week"
        ) from None


def _row(report: "ThemeReport", count: "ThemeCount") -> dict[str, object]:
    from emberwatch.cli.present import instant

    return {
        "brand": report.brand,
        "since": instant(report.since),
        "until": instant(report.until),
        "theme": count.name,
        "kind": count.kind,
        "words": count.words,
        "posts": count.posts,
        "angry_posts": count.angry_posts,
        "voices": count.voices,
        "angry_weight": round(count.angry_weight, 3),
        "share": round(count.share, 3),
        "before": count.before,
        "recurs": any(each.theme == count.name for each in report.recurring),
        "trend": None if count.trend is None else round(count.trend, 2),
        "examples": [
            {
                "post": each.post.id,
                "author": each.post.author.handle,
                "anger": each.score.anger,
                "created_at": instant(each.post.created_at),
                "url": each.post.url,
                "text": each.post.text,
            }
            for each in count.examples
        ],
    }


def _print(report: "ThemeReport") -> None:
    from emberwatch.cli.present import table
    from emberwatch.core.read.text import safe_line
    from emberwatch.core.respond.playbook import recurs

    spoken = [count for count in report.themes if count.posts]
    table(
        ("Theme", "Kind", "Anger", "Voices", "Posts", "Of the anger", "Trend", "In their words"),
        (
            (
                count.name,
                count.kind,
                f"{count.angry_weight:.1f}",
                count.voices,
                count.posts,
                f"{count.share:.0%}",
                _trend(count),
                count.examples[0].post.text if count.examples else "",
            )
            for count in spoken
        ),
        empty="Nobody complains of anything that others complain of.",
    )
    for recurrence in report.recurring:
        click.echo(safe_line(f"Keeps coming back: {recurs(recurrence)}. Mend the policy.", 500))
    silent = [count.name for count in report.themes if not count.posts]
    if silent:
        click.echo(safe_line(f"Nobody spoke of: {', '.join(silent)}", 500))


def _trend(count: "ThemeCount") -> str:
    """Say how many voices there usually are, and how many times as many speak now."""
    if not count.before:
        return "nothing before"
    before = " ".join(str(voices) for voices in reversed(count.before))
    times = "new" if count.trend is None else f"{count.trend:.1f} times"
    return f"{times} ({before})"
