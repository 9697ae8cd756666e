"""Watch: poll the feeds, notice trouble, tell people."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, opened, program, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from emberwatch.config.schema import Config
    from emberwatch.ports import Store
    from emberwatch.runtime.daemon import Daemon


@click.command("run")
@click.option("--once", "is_once", is_flag=True, help="Poll every feed once, deliver, and end.")
@click.option("--verbose", "is_verbose", is_flag=True, help="Log more.")
@config_option
@database_option
def command(config_path: Path, database: Path | None, is_once: bool, is_verbose: bool) -> None:
    """Watch: poll the feeds, notice trouble, tell people. Ctrl-C ends it cleanly.

    SIGHUP reads the configuration again. With --once (for cron) it exits 4 when no feed could be
    read or a receiver refused.

    \b
    Example:
      emberwatch run --config config.yaml
    """
    from emberwatch.runtime import wiring
    from emberwatch.runtime.telemetry import start_logging
    from emberwatch.store.lock import claim_instance

    config = read(config_path)
    path = database or config.database
    secrets = wiring.secrets(config)
    start_logging(secrets, is_verbose=is_verbose)

    def learn(changed: "Config") -> None:
        """Keep the secrets of a changed configuration out of the log too."""
        secrets.extend(wiring.secrets(changed))
        start_logging(secrets, is_verbose=is_verbose)

    with claim_instance(path, wiring.now()), opened(path, must_exist=False) as store:
        _say_what_is_watched(config, path, is_once=is_once)
        is_well = asyncio.run(_watch(config, store, is_once=is_once, learn=learn))
    if not is_once:
        click.echo("\nemberwatch ended; nothing was lost: 'emberwatch run' goes on from here")
    if not is_well:
        click.echo(
            "emberwatch: no feed could be read, or a receiver refused: see 'emberwatch status'",
            err=True,
        )
        sys.exit(4)


async def _watch(
    config: "Config", store: "Store", *, is_once: bool, learn: "Callable[[Config], None]"
) -> bool:
    from emberwatch.runtime import wiring
    from emberwatch.runtime.daemon import Assembly, Daemon

    async with contextlib.AsyncExitStack() as networks:
        network = await networks.enter_async_context(wiring.network(config))

        def again() -> Assembly:
            nonlocal config, network
            changed = wiring.configuration(config.path)
            _refuse_another_database(config, changed)
            learn(changed)
            if (changed.networks, changed.ca) != (config.networks, config.ca):
                network = wiring.network(changed)
                networks.push_async_exit(network)  # what is in flight ends on the old one
            config = changed
            return wiring.assembly(config, store, network)

        daemon = Daemon(
            wiring.assembly(config, store, network),
            store,
            clock=wiring.now,
            chance=wiring.chance,
            reload=again,
        )
        if is_once:
            return await daemon.once()
        _listen(daemon)
        await daemon.run()
        return True


def _refuse_another_database(config: "Config", changed: "Config") -> None:
    from emberwatch.model.errors import ConfigError

    if changed.database != config.database:
        raise ConfigError(
            (
                f"{changed.path}: database: it is now {changed.database}, but a running watch "
                f"keeps the one that it has ({config.database}): end it and start it again",
            )
        )


def _listen(daemon: "Daemon") -> None:
    """Let signals reach the daemon, where the platform has them."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, daemon.stop)
        loop.add_signal_handler(signal.SIGHUP, daemon.read_configuration_again)


def _say_what_is_watched(config: "Config", database: Path, *, is_once: bool) -> None:
    from emberwatch.cli.present import span

    click.echo("emberwatch watches")
    for brand in config.brands:
        terms = (*brand.words, *brand.handles, *brand.hashtags)
        shown = ", ".join(terms[:6]) + (f" and {len(terms) - 6} more" if len(terms) > 6 else "")
        groups = f" and {len(brand.groups)} word groups" if brand.groups else ""
        click.echo(f"  brand     {brand.name}: {shown}{groups}")
    for feed in config.feeds:
        click.echo(f"  feed      {feed.name} ({feed.source}, every {span(feed.every)})")
    if not config.feeds:
        click.echo("  feed      none: nothing will be read; add 'feeds' to the configuration")
    for notifier in config.notifiers:
        click.echo(f"  tells     {notifier.name} ({notifier.kind})")
    if not config.notifiers:
        click.echo("  tells     nobody: add 'notifiers' to the configuration")
    click.echo(f"  database  {database}")
    click.echo(f"  settings  {config.path}")
    if is_once:
        return
    click.echo()
    name = program()
    click.echo("Try next, in another terminal:")
    click.echo(f"  {name} status          how the watch is doing")
    click.echo(f"  {name} demo            see a storm, offline, in under a minute")
    click.echo(f"  {name} feed list       which feeds are read, which are blind")
    click.echo(f"  {name} incident list   what is burning")
    click.echo("Ctrl-C ends it.")
    click.echo()
