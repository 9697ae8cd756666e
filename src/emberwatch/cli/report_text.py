"""A week's report at a terminal."""

from collections.abc import Iterable, Sequence

import click

from emberwatch.cli.clock_lines import lasted
from emberwatch.cli.present import count, table
from emberwatch.cli.report_rows import Report
from emberwatch.cli.report_words import (
    ALARMS_HEADING,
    DONE_HEADING,
    MOODS_HEADING,
    PROMISES_HEADING,
    THEMES_HEADING,
    TIMES_HEADING,
    after_answer,
    alarms,
    by_then,
    done,
    extent,
    follow_ups,
    kept_in_words,
    moment,
    moods,
    promises,
    recurring,
    share,
    themes,
    times,
    watch_lines,
)
from emberwatch.core.read.text import safe_line
from emberwatch.core.respond.clocks import Station

MOST_UNANSWERED = 5


def show(report: Report) -> None:
    """Print the figures of a week, one table after the other."""
    week = report.week
    click.secho(f"Week {report.name}: {', '.join(report.brands)}", bold=True)
    click.echo(safe_line(extent(report), 300))
    click.echo()
    _show_incidents(report)
    _section("Where the time went", TIMES_HEADING, times(week), empty="Nothing rang.")
    _section("Promises", PROMISES_HEADING, promises(week), empty="Nothing was promised.")
    _section("What was done", DONE_HEADING, done(week), empty="Nothing was resolved.")
    _section("Themes", THEMES_HEADING, themes(report), empty="Nobody complains of the same thing.")
    for line in recurring(week):
        click.echo("  " + safe_line(line, 300))
    _section("How people spoke", MOODS_HEADING, moods(week), empty="No brands.")
    _section("False alarms", ALARMS_HEADING, alarms(week), empty="No brands.")
    _show_people(report)
    click.secho("The watch itself", bold=True)
    for line in watch_lines(report):
        click.echo("  " + safe_line(line, 500))


def _section(
    title: str, heading: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str
) -> None:
    click.secho(title, bold=True)
    table(heading, rows, empty=empty, is_list=False)
    click.echo()


def _show_incidents(report: Report) -> None:
    _section(
        "Incidents",
        ("Incident", "Brand", "Opened", "Severity", "Status", "Answered after", "Promises", "Then"),
        (
            (
                case.incident.id,
                case.incident.brand,
                moment(report, case.incident.opened_at),
                case.incident.severity,
                case.incident.status,
                lasted(case.clocks.since_first_post[Station.RESPONDED].length),
                kept_in_words(case),
                after_answer(case),
            )
            for case in report.week.cases
        ),
        empty="Nothing rang.",
    )


def _show_people(report: Report) -> None:
    week, answered = report.week, report.week.answered
    click.secho("People", bold=True)
    click.echo(
        f"  {answered.answered} of {count(answered.posts, 'post')} in evidence answered "
        f"({share(answered.share)}; week before: {share(week.answered_before.share)})"
    )
    named = ", ".join(f"{each.id} {each.hand_offs}" for each in week.passed_on)
    click.echo(f"  {count(week.hand_offs, 'hand-off')}" + (f" ({named})" if named else ""))
    for line in follow_ups(report):
        click.echo("  to be asked again " + safe_line(line, 200))
    click.echo(f"  {count(len(week.unanswered), 'angry post')} unanswered {by_then(week)}")
    for incident, post in week.unanswered[:MOST_UNANSWERED]:
        told = f"{incident.id}  @{post.author}: {post.text}"
        click.echo("    " + safe_line(told, 160))
    click.echo()
