"""A week's report at a terminal."""

from collections.abc import Iterable, Sequence

import click

from emberwatch.cli import report_words as words
from emberwatch.cli.clock_lines import lasted
from emberwatch.cli.present import count, table
from emberwatch.cli.report_rows import Report
from emberwatch.core.read.text import safe_line
from emberwatch.core.respond.clocks import Station

MOST_UNANSWERED = 5


def show(report: Report) -> None:
    """Print the figures of a week, one table after the other."""
    week = report.week
    click.secho(f"Week {report.name}: {', '.join(report.brands)}", bold=True)
    click.echo(safe_line(words.extent(report), 300))
    click.echo()
    _show_incidents(report)
    _section("Where the time went", words.TIMES_HEADING, words.times(week), empty="Nothing rang.")
    _section(
        "Promises", words.PROMISES_HEADING, words.promises(week), empty="Nothing was promised."
    )
    _section("What was done", words.DONE_HEADING, words.done(week), empty="Nothing was resolved.")
    _section(
        "Themes",
        words.THEMES_HEADING,
        words.themes(report),
        empty="Nobody complains of the same thing.",
    )
    for told in report.themes:
        for line in words.left_out(told):
            click.echo("  " + safe_line(line, 300))
    for line in words.recurring(week):
        click.echo("  " + safe_line(line, 300))
    _section("How people spoke", words.MOODS_HEADING, words.moods(week), empty="No brands.")
    _section("False alarms", words.ALARMS_HEADING, words.alarms(week), empty="No brands.")
    _show_people(report)
    click.secho("The watch itself", bold=True)
    for line in words.watch_lines(report):
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
                words.moment(report, case.incident.opened_at),
                case.incident.severity,
                case.incident.status,
                lasted(case.clocks.since_first_post[Station.RESPONDED].length),
                words.kept_in_words(case),
                words.after_answer(case),
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
        f"({words.share(answered.share)}; week before: {words.share(week.answered_before.share)})"
    )
    named = ", ".join(f"{each.id} {each.hand_offs}" for each in week.passed_on)
    click.echo(f"  {count(week.hand_offs, 'hand-off')}" + (f" ({named})" if named else ""))
    for line in words.follow_ups(report):
        click.echo("  to be asked again " + safe_line(line, 200))
    click.echo(f"  {count(len(week.unanswered), 'angry post')} unanswered {words.by_then(week)}")
    for incident, post in week.unanswered[:MOST_UNANSWERED]:
        author = f"@{post.author}" if post.author else "somebody"
        told = f"{incident.id}  {author}: {post.text}"
        click.echo("    " + safe_line(told, 160))
    click.echo()
