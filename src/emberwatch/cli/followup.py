"""List when customers are to be asked again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_of, database_option, json_option, opened

if TYPE_CHECKING:
    from emberwatch.model.incident import Step


@click.group("followup")
def command() -> None:
    """List when customers are to be asked again.

    \b
    Example:
      emberwatch followup list
    """


@command.command("list", short_help="List those that have come, then those planned.")
@config_option
@database_option
@json_option
def list_(config_path: Path, database: Path | None, as_json: bool) -> None:
    """List the follow-ups that have come, then those that are planned, soonest first.

    \b
    Example:
      emberwatch followup list --json
    """
    from emberwatch.cli.present import clock, instant, show_json, table
    from emberwatch.model.alert import AlertKind

    with opened(database_of(config_path, database)) as store, store.reading() as look:
        come = [each for each in look.gathering() if each.kind is AlertKind.FOLLOW_UP_DUE]
        planned = look.follow_ups()
    found = [
        *(("due", each.opened_at, each, each.subject, each.alerts[0].reason) for each in come),
        *(("planned", each.follow_up_at, each, each.id, _why(each.timeline)) for each in planned),
    ]
    if as_json:
        for state, at, incident, about, why in found:
            show_json(
                {
                    "state": state,
                    "at": instant(at),
                    "brand": incident.brand,
                    "incident": incident.id,
                    "about": about,
                    "owner": incident.owner or None,
                    "why": why,
                }
            )
        return
    table(
        ("State", "At (UTC)", "Brand", "Incident", "About", "Owner", "Why"),
        (
            (state, clock(at) if at else "", each.brand, each.id, about, each.owner, why)
            for state, at, each, about, why in found
        ),
        empty="Nobody is to be asked again. ('incident resolve --follow-up 60d' plans it)",
    )


def _why(timeline: "tuple[Step, ...]") -> str:
    """Return what was said when it was planned."""
    from emberwatch.model.incident import Action

    return next((step.note for step in reversed(timeline) if step.action is Action.RESOLVED), "")
