"""The command `emberwatch`: finds the file of a command only when it is asked for."""

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from emberwatch import __version__
from emberwatch.model.errors import ConfigError, EmberwatchError

# What each command is for stands here too, so that `emberwatch --help` imports none of them.
_COMMANDS = {
    "init": "Write a commented config.yaml to start from.",
    "check": "Say whether the configuration is right, and what it watches.",
    "run": "Watch: poll the feeds, notice trouble, tell people.",
    "status": "Show how the watch is doing; exit 4 when it is unhealthy.",
    "demo": "Play a written storm in five languages, offline, in seconds.",
    "feed": "List the feeds, or read one once to see what it brings.",
    "incident": "List and show incidents, and say what was done about them.",
    "unanswered": "List the angry posts that nobody has answered yet.",
    "themes": "Show what people complain about, by theme and week.",
    "tone": "Look at a draft answer for words that defend instead of helping.",
    "followup": "List when customers are to be asked again.",
    "silence": "Say that nobody is to be notified for a while, and why.",
    "route": "Try out who would be told of an incident, when, and why.",
    "report": "Say how a week went: what rang, how long it took, who still waits.",
    "explain": "Say why it rang, or why it did not.",
    "mention": "List and show mentions, correct them, judge them again.",
    "notifier": "List, test, enable and disable the channels that tell people.",
    "delivery": "List what was sent to whom, and send it again.",
    "replay": "Feed a file of posts through the whole watch.",
    "backtest": "Say what would have rung in the past, how early and how often falsely.",
    "score": "Score texts from a file or from standard input.",
    "source": "Show what a source makes of a recorded answer.",
}

_UNPRINTABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What a system says of an output that takes no more."""


class _Commands(click.Group):
    """A group that imports a command's file when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"emberwatch.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="emberwatch %(version)s")
def cli() -> None:
    """Get to an angry conversation while it can still be answered.

    \b
    Example:
      emberwatch demo
    """


def main(arguments: Sequence[str] | None = None) -> Any:
    """Run the command line; turn our own errors into one line and an exit code."""
    _stand_in_for_the_closed()
    _spell_what_cannot_be_written()
    # https://no-color.org: set to anything but nothing
    color = False if os.environ.get("NO_COLOR") else None
    try:
        return cli(args=arguments, prog_name="emberwatch", color=color)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(3)
    except EmberwatchError as error:
        from emberwatch.core.read.text import safe_line

        # it may quote what a site or a receiver said
        click.echo(safe_line(f"Error: {error}", 2000), err=True)
        sys.exit(1)
    except OSError as error:
        with contextlib.suppress(OSError):
            click.echo(f"Error: {_what_failed(error)}", err=True)
        sys.exit(1)
    finally:
        _let_go_of_stdout()


def _what_failed(error: OSError) -> str:
    """Return what the system did not let us do, and what to do about it."""
    try:
        Path.cwd()
    except OSError:
        return "the folder that this terminal is in is gone: change to one that exists"
    why = error.strerror or str(error)
    if error.filename is not None:
        what = ": make it accessible to the user who runs emberwatch, or name another"
        return f"{error.filename}: {why}{what if isinstance(error, PermissionError) else ''}"
    if error.errno in _UNPRINTABLE:
        return f"what it has to say cannot be printed: {why}: let stdout lead somewhere else"
    return str(error)


def _stand_in_for_the_closed() -> None:
    """Let nothing be read from, and print nowhere, what a shell closed (`>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))


def _spell_what_cannot_be_written() -> None:
    """Let a terminal that is not of UTF-8 show `\\u041f` for the letters that it lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _let_go_of_stdout() -> None:
    """Drop what stdout does not take, or the interpreter complains of it at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):  # full, or closed
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


if __name__ == "__main__":
    main()
