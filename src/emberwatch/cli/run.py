"""Watch: poll the feeds, notice trouble, tell people."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, opened, program, read

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable
    from types import FrameType

    from emberwatch.config.schema import Config
    from emberwatch.ports import Store
    from emberwatch.runtime.daemon import Daemon

END_WITHIN = 9.0
"""Seconds after a signal in which the process is gone, whatever hangs: what is not finished by
then is kept, as after a power cut."""

SAID_WITHIN = 1.0
"""Seconds that a terminal is given to take what we say; a halted one (Ctrl-S) takes nothing."""


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
    with _hearing(is_once=is_once) as signals:
        is_well = _run(config_path, database, signals, is_once=is_once, is_verbose=is_verbose)
        is_said = is_once or _say(
            "\nemberwatch ended; nothing was lost: 'emberwatch run' goes on from here"
        )
    if not is_said:
        os._exit(0)  # all is closed; the interpreter would wait for the terminal
    if not is_well:
        click.echo(
            "emberwatch: no feed could be read, or a receiver refused: see 'emberwatch status'",
            err=True,
        )
        sys.exit(4)


def _run(
    config_path: Path,
    database: Path | None,
    signals: "_Signals",
    *,
    is_once: bool,
    is_verbose: bool,
) -> bool:
    """Watch until told to end; return whether all went well."""
    import asyncio

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
        if signals.is_end_asked:
            return True
        _say(_watched(config, path, is_once=is_once))
        return asyncio.run(_watch(config, store, signals, is_once=is_once, learn=learn))


def _say(text: str) -> bool:
    """Print, whatever becomes of it: a watch depends on no terminal, pipe or disk.

    Returns whether stdout and stderr are free to be let go of: not when one of them hangs.
    """

    def say() -> None:
        with contextlib.suppress(OSError):
            click.echo(text)
        with contextlib.suppress(OSError):
            sys.stderr.flush()

    saying = threading.Thread(target=say, name="saying", daemon=True)
    saying.start()
    saying.join(SAID_WITHIN)
    return not saying.is_alive()


class _Signals:
    """What signals asked for, from the first moment on, kept until there is a daemon to hear it."""

    def __init__(self) -> None:
        self.is_end_asked = False
        self._is_reload_asked = False
        self._daemon: Daemon | None = None
        self._loop: AbstractEventLoop | None = None
        self._asked: SimpleQueue[None] = SimpleQueue()  # its `put` is safe in a signal handler
        self._over: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._see_to_the_end, name="end", daemon=True).start()

    def end(self, number: int, frame: "FrameType | None") -> None:
        """SIGTERM, or Ctrl-C."""
        self.is_end_asked = True
        self._asked.put(None)
        if self._loop is not None and self._daemon is not None:
            self._loop.call_soon_threadsafe(self._daemon.stop)

    def reload(self, number: int, frame: "FrameType | None") -> None:
        """SIGHUP."""
        self._is_reload_asked = True
        if self._loop is not None and self._daemon is not None:
            self._loop.call_soon_threadsafe(self._daemon.read_configuration_again)

    @contextlib.contextmanager
    def passed_to(self, daemon: "Daemon", loop: "AbstractEventLoop") -> Iterator[None]:
        """Let a daemon hear what was asked until now, and what is asked from now on."""
        self._daemon, self._loop = daemon, loop
        if self._is_reload_asked:
            daemon.read_configuration_again()
        if self.is_end_asked:
            daemon.stop()
        try:
            yield
        finally:
            self._daemon = self._loop = None

    def call_off(self) -> None:
        """The end has come by itself."""
        self._over.put(None)
        self._asked.put(None)

    def _see_to_the_end(self) -> None:
        self._asked.get()
        try:
            self._over.get(timeout=END_WITHIN)
        except Empty:
            os._exit(0)


@contextlib.contextmanager
def _hearing(*, is_once: bool) -> Iterator[_Signals]:
    """Hear signals, where the platform has them; one run for cron is ended as any command is."""
    signals = _Signals()
    wanted = {"SIGINT": signals.end, "SIGTERM": signals.end, "SIGHUP": signals.reload}
    before = {
        signal.Signals[name]: signal.signal(signal.Signals[name], handler)
        for name, handler in wanted.items()
        if not is_once and name in signal.Signals.__members__
    }
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signals.call_off()


async def _watch(
    config: "Config",
    store: "Store",
    signals: _Signals,
    *,
    is_once: bool,
    learn: "Callable[[Config], None]",
) -> bool:
    import asyncio

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
            built = wiring.assembly(changed, store, network)
            config = changed
            return built

        daemon = Daemon(
            wiring.assembly(config, store, network),
            store,
            clock=wiring.now,
            chance=wiring.chance,
            reload=again,
        )
        if is_once:
            return await daemon.once()
        with signals.passed_to(daemon, asyncio.get_running_loop()):
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


def _watched(config: "Config", database: Path, *, is_once: bool) -> str:
    """Return what is watched, as lines."""
    from emberwatch.cli.present import span

    lines = ["emberwatch watches"]
    for brand in config.brands:
        terms = (*brand.words, *brand.handles, *brand.hashtags)
        shown = ", ".join(terms[:6]) + (f" and {len(terms) - 6} more" if len(terms) > 6 else "")
        groups = f" and {len(brand.groups)} word groups" if brand.groups else ""
        lines.append(f"  brand     {brand.name}: {shown}{groups}")
    for feed in config.feeds:
        lines.append(f"  feed      {feed.name} ({feed.source}, every {span(feed.every)})")
    if not config.feeds:
        lines.append("  feed      none: nothing will be read; add 'feeds' to the configuration")
    lines.append(f"  judges    by {config.scorer.kind}")
    for notifier in config.notifiers:
        lines.append(f"  tells     {notifier.name} ({notifier.kind})")
    if not config.notifiers:
        lines.append("  tells     nobody: add 'notifiers' to the configuration")
    lines.append(f"  database  {database}")
    lines.append(f"  settings  {config.path}")
    if is_once:
        return "\n".join(lines)
    name = program()
    lines += [
        "",
        "Try next, in another terminal:",
        f"  {name} status          how the watch is doing",
        f"  {name} demo            see a storm, offline, in seconds",
        f"  {name} feed list       which feeds are read, which are blind",
        f"  {name} incident list   what is burning",
        "Ctrl-C ends it.",
        "",
    ]
    return "\n".join(lines)
