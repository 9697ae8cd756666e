"""The channels that tell people."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, json_option, opened, read

if TYPE_CHECKING:
    from datetime import datetime

    from emberwatch.config.schema import Config


@click.group("notifier")
def command() -> None:
    """List, test, enable and disable the channels that tell people.

    \b
    Example:
      emberwatch notifier test ops
    """


def _checked(config: "Config", name: str) -> None:
    """Complain about a name that the configuration does not have."""
    from emberwatch.model.errors import NotFound

    names = [settings.name for settings in config.notifiers]
    if name not in names:
        known = ", ".join(names) or "none"
        raise NotFound(f"no notifier is called '{name}' in {config.path}: it has {known}")


@command.command("list", short_help="List the notifiers and how each is doing.")
@config_option
@database_option
@json_option
def list_(config_path: Path, database: Path | None, as_json: bool) -> None:
    """List the configured notifiers, and which of them are disabled and why.

    \b
    Example:
      emberwatch notifier list
    """
    from emberwatch.cli.present import instant, show_json, table
    from emberwatch.core.respond.backoff import PATIENCE, free_at
    from emberwatch.core.respond.pacing import terms
    from emberwatch.runtime.wiring import channels, now

    config = read(config_path, with_secrets=False)
    channel = channels(config)
    path = database or config.database
    at = now()
    disabled: dict[str, str] = {}
    rests: dict[str, datetime] = {}
    waiting: dict[str, int] = {}
    if path.exists():
        with opened(path) as store, store.reading() as look:
            disabled = look.disabled()
            rests = {
                name: until
                for name, until in look.rests().items()
                if free_at(PATIENCE, until, at) > at
            }
            for state in ("waiting", "held"):
                for row in look.notifications(state=state):
                    waiting[row.notifier] = waiting.get(row.notifier, 0) + 1
    if as_json:
        for settings in config.notifiers:
            show_json(
                {
                    "name": settings.name,
                    "kind": settings.kind,
                    "disabled": disabled.get(settings.name),
                    "rests_until": instant(rests.get(settings.name)),
                    "waiting": waiting.get(settings.name, 0),
                    "per_minute": channel[settings.name].per_minute,
                    "fallback": settings.fallback or None,
                }
            )
        return
    table(
        ("Notifier", "Kind", "Waiting", "State", "Terms"),
        (
            (
                settings.name,
                settings.kind,
                waiting.get(settings.name, 0),
                _state(disabled.get(settings.name), rests.get(settings.name)),
                terms(channel[settings.name]),
            )
            for settings in config.notifiers
        ),
        empty=f"No notifiers in {config.path}: nobody would be told.",
    )


def _state(disabled: str | None, rests_until: "datetime | None") -> str:
    """Say how a notifier is doing."""
    from emberwatch.cli.present import clock

    if disabled is not None:
        return f"disabled: {disabled}"
    return f"enabled, asked for time until {clock(rests_until)} UTC" if rests_until else "enabled"


@command.command("test", short_help="Send a test message now.")
@click.argument("name")
@config_option
@database_option
def test(name: str, config_path: Path, database: Path | None) -> None:
    """Send a test message now; one that succeeds enables a disabled notifier again.

    \b
    Example:
      emberwatch notifier test ops
    """
    import asyncio

    from emberwatch.cli.present import clock, count
    from emberwatch.core.read.text import safe_line
    from emberwatch.core.respond.backoff import PATIENCE, SOON, free_at
    from emberwatch.core.respond.brief import trial_for
    from emberwatch.core.respond.pacing import terms
    from emberwatch.model.errors import DeliveryFailed, DeliveryRefused
    from emberwatch.model.secret import hide, hide_in_addresses
    from emberwatch.runtime import wiring

    config = read(config_path)
    _checked(config, name)

    async def send() -> str:
        async with wiring.network(config) as network:
            notifier = wiring.notifiers(config, network.outbound())[name]
            at = wiring.now()
            return (await notifier.deliver(trial_for(name, at), at)).answer

    try:
        answer = asyncio.run(send())
    except (DeliveryFailed, DeliveryRefused) as error:
        known = (secret.reveal() for secret in wiring.secrets(config))
        why = safe_line(hide_in_addresses(hide(str(error), known)), 500)
        raise click.ClickException(f"{name} did not take the test message: {why}") from error
    click.echo(safe_line(f"{name} took the test message: {answer}", 500))
    holds = terms(wiring.channels(config)[name])
    click.echo(safe_line(f"for messages to it: {holds}", 500), err=True)
    path = database or config.database
    if path.exists():
        with opened(path) as store, store.writing() as transaction:
            at = wiring.now()
            rests_until = free_at(PATIENCE, transaction.rests().get(name, at), at)
            when = "next" if rests_until <= at else f"from {clock(rests_until)} UTC on, as it asked"
            if name in transaction.disabled():
                transaction.enable(name, at)
                click.echo(f"{name} is enabled again; what was held is sent {when}")
            hurried = transaction.hurry(name, at, at + SOON)
            if hurried:
                click.echo(f"{count(hurried, 'message')} it failed to take: sent {when}")


@command.command("enable", short_help="Send through a disabled notifier again.")
@click.argument("name")
@config_option
@database_option
def enable(name: str, config_path: Path, database: Path | None) -> None:
    """Send through a disabled notifier again, beginning with what was held.

    \b
    Example:
      emberwatch notifier enable ops
    """
    from emberwatch.runtime.wiring import now

    config = read(config_path, with_secrets=False)
    _checked(config, name)
    with opened(database or config.database) as store, store.writing() as transaction:
        transaction.enable(name, now())
    click.echo(f"{name} is enabled")


@command.command("disable")
@click.argument("name")
@click.option("--why", default="disabled by hand", show_default=True, help="The reason.")
@config_option
@database_option
def disable(name: str, why: str, config_path: Path, database: Path | None) -> None:
    """Hold back what is owed to a notifier until it is enabled again.

    \b
    Example:
      emberwatch notifier disable ops --why "moving house"
    """
    from emberwatch.core.read.text import safe_line
    from emberwatch.runtime.wiring import now

    config = read(config_path, with_secrets=False)
    _checked(config, name)
    with opened(database or config.database) as store, store.writing() as transaction:
        transaction.disable(name, now(), why)
    click.echo(safe_line(f"{name} is disabled: {why}", 500))
