"""Try out who would be told of an incident, when, and why."""

from datetime import datetime, timedelta
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
    from emberwatch.config.schema import Config
    from emberwatch.core.respond.rehearsal import Rehearsal
    from emberwatch.model.silence import Silence

KINDS = ("spike", "pile_on", "surge", "watch_blind", "trouble", "follow_up_due")
SEVERITIES = ("info", "warning", "high", "critical")


@click.group("route")
def command() -> None:
    """Try out who would be told of an incident, when, and why.

    \b
    Example:
      emberwatch route test --brand Acme --severity high
    """


@command.command("test")
@click.option("--brand", help="Whose incident it would be.")
@click.option(
    "--kind", type=click.Choice(KINDS), default="spike", show_default=True, help="What rang."
)
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="high",
    show_default=True,
    help="How much it would matter.",
)
@click.option(
    "--theme", default="", help="What the posts would complain about: a theme of the brand."
)
@click.option("--language", default="", help="What the posts would be written in.")
@click.option("--at", "when", metavar="TIME", help="When: '2026-03-02 10:30', '10:30'; else now.")
@config_option
@database_option
@json_option
def test(
    brand: str | None,
    kind: str,
    severity: str,
    theme: str,
    language: str,
    when: str | None,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """Show who would be told of such an incident, when and why; nobody is.

    \b
    Example:
      emberwatch route test --brand Acme --severity high --language bg --at 23:30
    """
    from emberwatch.core.respond.rehearsal import a_trial, rehearse
    from emberwatch.model.alert import AlertKind
    from emberwatch.model.incident import Severity
    from emberwatch.runtime.wiring import directory

    config = read(config_path, with_secrets=False)
    rang = AlertKind(kind)
    brand = None if rang.is_about_us else _known(config, brand)
    if theme:
        mine = (each for each in config.brands if each.name == brand)
        check_name("theme", theme, (known.name for each in mine for known in each.themes))
    at = _instant(when)
    trial = a_trial(
        brand, at=at, kind=rang, severity=Severity(severity), theme=theme, language=language.lower()
    )
    silences = _silences(database or config.database, at)
    try:
        rehearsal = rehearse(directory(config), trial, at, silences)
    except OverflowError as error:
        raise click.BadParameter("lies beyond the calendar", param_hint="--at") from error
    matching = [each for each in silences if each.is_active(at) and each.matches(trial)]
    if as_json:
        _print_json(config, rehearsal, matching, at)
    else:
        _print(config, rehearsal, matching, at)


def _known(config: "Config", brand: str | None) -> str:
    if brand is None:
        first = config.brands[0].name
        raise click.UsageError(f"say whose incident it would be: --brand '{first}'")
    check_name("brand", brand, (each.name for each in config.brands))
    return brand


def _instant(when: str | None) -> datetime:
    from emberwatch.cli.when import instant_of
    from emberwatch.runtime.wiring import now

    try:
        return now() if when is None else instant_of(when, now())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from error


def _silences(database: Path, at: datetime) -> "tuple[Silence, ...]":
    """Return the silences that hold then or later; none where nothing was watched yet."""
    if not database.exists():
        return ()
    with opened(database) as store, store.reading() as look:
        return tuple(each for each in look.silences() if each.until > at)


def _print_json(
    config: "Config", rehearsal: "Rehearsal", silences: "list[Silence]", at: datetime
) -> None:
    from emberwatch.cli.present import instant, show_json
    from emberwatch.cli.silence import silence_json

    show_json(
        {
            "at": instant(at),
            "team": rehearsal.incident.team or None,
            "readers": _readers(config, rehearsal),
            "told": [
                {
                    "notifier": each.notifier,
                    "team": each.team or None,
                    "person": each.person or None,
                    "why": each.why,
                }
                for each in rehearsal.decision.recipients
            ],
            "reasons": rehearsal.decision.reasons,
            "steps": [
                {
                    "at": instant(scene.at),
                    "action": scene.action,
                    "notifiers": scene.notifiers,
                    "note": scene.note,
                }
                for scene in rehearsal.scenes
            ],
            "silences": [silence_json(each, at) for each in silences],
        }
    )


def _print(
    config: "Config", rehearsal: "Rehearsal", silences: "list[Silence]", at: datetime
) -> None:
    from zoneinfo import ZoneInfo

    from emberwatch.cli.present import clock, table
    from emberwatch.core.read.text import safe_line

    def line(text: str) -> None:
        click.echo("  " + safe_line(text, 500))

    incident = rehearsal.incident
    team = next((each for each in config.teams if each.name == incident.team), None)
    zone = ZoneInfo(team.time_zone if team else "UTC")
    click.secho("Whose it is", bold=True)
    readers = _readers(config, rehearsal)
    line(f"team {incident.team}" if incident.team else "no team is named for it")
    if readers:
        line(f"who reads {' and '.join(incident.languages)}: {', '.join(readers)}")
    click.echo()
    click.secho("Why", bold=True)
    for reason in rehearsal.decision.reasons:
        line(reason)
    for recipient in rehearsal.decision.recipients:
        person = f", who is {recipient.person}" if recipient.person else ""
        line(f"{recipient.notifier}: {recipient.why}{person}")
    for silence in silences:
        until = clock(silence.until)
        line(f"silence {silence.id} by {silence.by} until {until} UTC: {silence.reason}")
    click.echo()
    click.secho("While nobody acknowledges", bold=True)
    table(
        ("At (UTC)", f"In {zone.key}", "After", "What", "Told", "Why"),
        (
            (
                clock(scene.at),
                f"{scene.at.astimezone(zone):%a %H:%M}",
                _after(scene.at - at),
                scene.action,
                ", ".join(scene.notifiers) or "nobody",
                scene.note,
            )
            for scene in rehearsal.scenes
        ),
        empty="",
        is_list=False,
    )


def _after(length: timedelta) -> str:
    from emberwatch.cli.present import span

    return span(length) if length else "at once"


def _readers(config: "Config", rehearsal: "Rehearsal") -> list[str]:
    incident = rehearsal.incident
    team = next((each for each in config.teams if each.name == incident.team), None)
    return [] if team is None else [each.name for each in team.readers(incident.languages)]
