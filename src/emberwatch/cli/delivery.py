"""What was sent to whom, and sending it again."""

from pathlib import Path

import click

from emberwatch.cli.place import (
    check_notifier,
    config_option,
    database_of,
    database_option,
    json_option,
    opened,
)


@click.group("delivery")
def command() -> None:
    """List what was sent to whom, and send it again.

    \b
    Example:
      emberwatch delivery replay --dead
    """


@command.command("list")
@click.option(
    "--state",
    type=click.Choice(["waiting", "delivered", "dead", "held"]),
    help="Only those that stand so.",
)
@click.option("--notifier", help="Only through this notifier.")
@click.option("--told-by", metavar="ID", help="Only what this message tells in their stead.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="How many, newest first.",
)
@config_option
@database_option
@json_option
def list_(
    state: str | None,
    notifier: str | None,
    told_by: str | None,
    most: int,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """List notifications and how far each has come, newest first.

    \b
    Example:
      emberwatch delivery list --state dead
    """
    from emberwatch.cli.present import clock, instant, show_json, table
    from emberwatch.core.respond.outbox import standing

    with opened(database_of(config_path, database)) as store, store.reading() as look:
        found = look.notifications(state=state, notifier=notifier, told_by=told_by, most=most)
    if not found:
        check_notifier(config_path, database, notifier)
    found.reverse()
    if as_json:
        for row in found:
            show_json(
                {
                    "notification_id": row.id,
                    "incident_id": row.incident_id or None,
                    "notifier": row.notifier,
                    "type": row.type,
                    "state": row.state,
                    "attempts": row.attempts,
                    "created_at": instant(row.created_at),
                    "next_try_at": instant(row.next_try_at) if row.state == "waiting" else None,
                    "first_try_at": instant(row.first_try_at),
                    "delivered_at": instant(row.delivered_at),
                    "last_answer": row.last_answer or None,
                    "severity": row.severity,
                    "subject": row.subject or None,
                    "told_by": row.told_by or None,
                    "handed_to": row.handed_to or None,
                }
            )
        return
    table(
        (
            "Notification",
            "Incident",
            "To",
            "What",
            "State",
            "Tries",
            "Created (UTC)",
            "Answer",
        ),
        (
            (
                row.id,
                row.incident_id or "several",
                row.notifier,
                row.type,
                row.state,
                row.attempts,
                clock(row.created_at),
                standing(row),
            )
            for row in found
        ),
        empty="Nothing of that kind." if state or notifier or told_by else "Nothing was sent yet.",
    )


@command.command("replay", short_help="Send notifications again.")
@click.argument("ids", nargs=-1)
@click.option("--dead", "are_dead", is_flag=True, help="Everything that was given up.")
@click.option("--notifier", help="With --dead: only through this notifier.")
@config_option
@database_option
def replay(
    ids: tuple[str, ...],
    are_dead: bool,
    notifier: str | None,
    config_path: Path,
    database: Path | None,
) -> None:
    """Send notifications again, under the ids that they had; the running daemon sends them.

    \b
    Example:
      emberwatch delivery replay --dead --notifier ops
    """
    from emberwatch.model.errors import NotFound
    from emberwatch.runtime.wiring import now

    if bool(ids) == are_dead:
        raise click.UsageError("name notifications, or give --dead")
    if ids and notifier is not None:
        raise click.UsageError("--notifier goes with --dead; the notifications are named already")
    with opened(database_of(config_path, database)) as store, store.writing() as transaction:
        wanted = list(ids)
        if are_dead:
            dead = transaction.notifications(state="dead", notifier=notifier)
            wanted = [row.id for row in dead if not row.told_by]  # a digest tells the others
        count = transaction.revive(wanted, now())
    if ids and not count:
        raise NotFound(
            f"nothing to send again is called {', '.join(ids)}: 'emberwatch delivery list' shows "
            "what was sent; what is held waits for its notifier"
        )
    if count < len(set(ids)):
        click.echo(
            f"{len(set(ids)) - count} of them cannot be sent again: 'emberwatch delivery list' "
            "shows what was sent",
            err=True,
        )
    click.echo(f"{count} will be sent again, by 'emberwatch run' or 'emberwatch run --once'")
