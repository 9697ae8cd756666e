"""`--help` answers in a blink."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from emberwatch.cli.main import cli

CEILING = 10 * 0.33
"""CPU seconds: ten times what a person takes for an answer at once."""

HEAVY = (
    "apscheduler", "feedparser", "httpx", "msgspec", "numpy", "py3langid", "pydantic",
    "rich", "sqlite3", "sqlite_utils", "vaderSentiment", "yaml",
)  # fmt: skip


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group, help_option_names=["-h", "--help"])
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


EVERY_COMMAND = [(), *_commands(cli)]


def _cpu_seconds(program: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.startswith("Usage: emberwatch")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_help_answers_in_a_blink(command: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name("emberwatch")
    assert _cpu_seconds([str(program), *command, "--help"]) < CEILING


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_help_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    program = (
        "import sys\n"
        "from emberwatch.cli.main import main\n"
        "try:\n"
        f"    main({[*command, '--help']!r})\n"
        "except SystemExit:\n"
        "    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(done.stderr.split()) & set(HEAVY)
