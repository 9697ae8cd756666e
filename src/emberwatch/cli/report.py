"""Say how a week went: what rang, how long it took, what was done, who still waits."""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from emberwatch.cli.place import (
    check_name,
    check_writable,
    config_option,
    database_option,
    json_option,
    opened,
    read,
    write,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from emberwatch.cli.report_rows import Report
    from emberwatch.config.schema import Config
    from emberwatch.model.brand import Brand


@click.command("report")
@click.option(
    "--week",
    "said",
    default="last",
    show_default=True,
    help="Which: 2026-W47, last, or this (as far as it has come).",
)
@click.option("--brand", help="Only this brand's.")
@click.option("--zone", help="By whose clocks the week begins, such as Europe/Sofia.")
@click.option(
    "--out",
    metavar="FILE.html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report with its pictures: one page, complete in itself.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print a row for each incident.")
@click.option("--raw", "is_raw", is_flag=True, help="With --csv: leave cells that begin a formula.")
@config_option
@database_option
@json_option
def command(
    said: str,
    brand: str | None,
    zone: str | None,
    out: Path | None,
    as_csv: bool,
    is_raw: bool,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """Say how a week went: what rang, how long it took, what was done, who still waits.

    A week begins on Monday by the clocks of the brand's team; of several teams with different
    clocks, and without a team, by UTC. Everything is measured, and beside the week before.

    \b
    Example:
      emberwatch report --week last --out last-week.html
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two answers: choose one")
    if is_raw and not as_csv:
        raise click.UsageError("--raw has a meaning with --csv alone: leave it out")
    if out is not None:
        check_writable(out)
    config = read(config_path, with_secrets=False)
    brands = _brands(config, brand)
    report = _gathered(config, brands, said, _zone(config, brands, zone), database)
    if out is not None:
        _write(out, report)
    if as_json:
        from emberwatch.cli.present import show_json
        from emberwatch.cli.report_rows import report_json

        show_json(report_json(report))
    elif as_csv:
        from emberwatch.cli.csv_rows import STANDARD, harmless, write_rows
        from emberwatch.cli.report_rows import HEADING, csv_rows

        rows = csv_rows(report)
        write_rows(
            STANDARD, HEADING, rows if is_raw else (tuple(map(harmless, row)) for row in rows)
        )
    elif out is None:
        from emberwatch.cli.report_text import show

        show(report)


def _brands(config: "Config", name: str | None) -> "tuple[Brand, ...]":
    if name is not None:
        check_name("brand", name, (each.name for each in config.brands))
    return tuple(each for each in config.brands if name in (None, each.name))


def _zone(config: "Config", brands: "Sequence[Brand]", said: str | None) -> "tuple[str, tzinfo]":
    """Return by whose clocks the week begins: what was said, else the teams', else UTC."""
    if said is not None:
        try:
            return said, ZoneInfo(said)
        except (KeyError, ValueError, OSError) as error:
            raise click.BadParameter(
                f"expected a time zone such as Europe/Sofia, got '{said}'", param_hint="--zone"
            ) from error
    names = {brand.team for brand in brands}
    zones = {team.time_zone for team in config.teams if team.name in names}
    if len(zones) == 1:
        (name,) = zones
        return name, ZoneInfo(name)
    return "UTC", UTC


def _gathered(
    config: "Config",
    brands: "Sequence[Brand]",
    said: str,
    zone: "tuple[str, tzinfo]",
    database: Path | None,
) -> "Report":
    from emberwatch.cli.report_rows import Report
    from emberwatch.cli.when import calendar_week
    from emberwatch.core.respond.week import week_of
    from emberwatch.core.respond.week_picture import week_picture
    from emberwatch.runtime.theme_report import theme_report
    from emberwatch.runtime.week import gather
    from emberwatch.runtime.wiring import now

    at = now()
    name, clocks = zone
    try:
        week = calendar_week(said, at, clocks)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--week") from error
    if week.since > at:
        raise click.BadParameter(f"the week {week.name} has not begun yet", param_hint="--week")
    with opened(database or config.database) as store, store.reading() as look:
        found = gather(look, brands, before=week.before, since=week.since, until=week.until, now=at)
        unwatched = look.unwatched()
        themes = [theme_report(look, each, week.since, week.until) for each in brands]
    figures = week_of(found)
    return Report(
        name=week.name,
        zone=name,
        clocks=clocks,
        brands=tuple(brand.name for brand in brands),
        week=figures,
        themes=themes,
        pictures=[
            week_picture(
                brand,
                voices,
                figures.cases,
                unwatched,
                since=week.since,
                until=min(week.until, at),
                zone=clocks,
            )
            for brand, voices in found.voices.items()
            if voices
        ],
    )


def _write(out: Path, report: "Report") -> None:
    from emberwatch.cli.report_page import page

    write(out, page(report))
    click.echo(f"{out}: written", err=True)
