"""The options that say on which configuration and database a command works, and what it writes."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from emberwatch.config.schema import Config
    from emberwatch.core.pipeline import Policy
    from emberwatch.core.respond.playbook import Playbook
    from emberwatch.model.errors import ConfigError
    from emberwatch.ports import Store

F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    """Add `--config` to a command."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("config.yaml"),
        show_default=True,
        help="The configuration to work with.",
    )(command)


def database_option(command: F) -> F:
    """Add `--database` to a command."""
    return click.option(
        "--database",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The database, instead of the one that the configuration names.",
    )(command)


def program() -> str:
    """Return how this program is called in this shell: by its path where PATH does not lead to it.

    `scripts/run` leaves it in an environment that a newcomer's shell knows nothing of.
    """
    found = shutil.which("emberwatch")
    own = Path(sys.argv[0])
    if found is not None or own.name != "emberwatch":
        return "emberwatch"
    try:
        return str(own.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(own.absolute())
    except OSError:  # the folder that we stand in is gone
        return "emberwatch"


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one line a row.")


def read(config_path: Path, *, with_secrets: bool = True) -> "Config":
    """Read and check the configuration; a command that sends nothing does without secrets."""
    from emberwatch.runtime.wiring import configuration

    return configuration(config_path, with_secrets=with_secrets)


def database_of(config_path: Path, database: Path | None) -> Path:
    """Return the database to work on; the configuration is read only when it must be."""
    return database if database is not None else read(config_path, with_secrets=False).database


def check_brand(config_path: Path, database: Path | None, brand: str | None) -> None:
    """Refuse a brand that the configuration does not name: that nothing burns would be no answer.

    For a command that found nothing of it; with `database` there is no configuration to ask.
    """
    if brand is not None and database is None:
        config = read(config_path, with_secrets=False)
        check_name("brand", brand, (each.name for each in config.brands))


def check_name(noun: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name, given with the option of that noun, that is none of the known ones."""
    from emberwatch.config.tree import did_you_mean, shown

    names = tuple(known)
    if name not in names:
        there_is = f"; there is {', '.join(names)}" if names else ": there is none"
        hint = did_you_mean(name, names) or there_is
        raise click.BadParameter(f"unknown {noun} {shown(name)}{hint}", param_hint=f"--{noun}")


def check_notifier(config_path: Path, database: Path | None, notifier: str | None) -> None:
    """Refuse a notifier that the configuration does not name, as `check_brand` does a brand."""
    if notifier is not None and database is None:
        config = read(config_path, with_secrets=False)
        check_name("notifier", notifier, (each.name for each in config.notifiers))


def check_writable(file: Path, *, needed: Iterable[Path] = ()) -> None:
    """Refuse a file that could not be written, before the work whose outcome it is to hold.

    Neither is one written over that is `needed`, nor any database: it may be all that is left of
    the past.
    """
    if not file.parent.is_dir():
        raise click.ClickException(
            f"{file} cannot be written: there is no folder {file.parent}: make it first"
        )
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise click.ClickException(
            f"{file} cannot be written: you may not write there: name another file"
        )
    if any(each.exists() and file.exists() and file.samefile(each) for each in needed):
        raise click.ClickException(
            f"{file} is what is read, and would be written over: name another file"
        )
    check_no_database(file)


def check_no_database(file: Path) -> None:
    """Refuse to write over a database."""
    if not file.is_file() or not os.access(file, os.R_OK):
        return
    with file.open("rb") as body:
        begins = body.read(len(_DATABASE))
    if begins == _DATABASE:
        raise click.ClickException(
            f"{file} is a database, and would be written over: name another file"
        )


_DATABASE = b"SQLite format 3\0"
"""How every file of SQLite begins."""


def write(file: Path, text: str) -> None:
    """Write a file that people asked for, or say why it cannot be."""
    try:
        put(file, text)
    except OSError as error:
        raise click.ClickException(
            f"{file} cannot be written: {error.strerror or error}: name another file"
        ) from error


def is_ordinary(file: Path) -> bool:
    """Whether a file may be put in the place of this one: not of a pipe, nor of what the shell
    opened, which has another name (`/dev/stdout`, `/proc/self/fd/1`).
    """
    is_lent = file.absolute().parts[1:2] in (("dev",), ("proc",))
    return not is_lent and (file.is_file() or not file.exists())


def keep_mode(target: Path, body: IO[str]) -> None:
    """Let a new file be read by whom the one may be whose place it will take."""
    if target.exists():
        os.fchmod(body.fileno(), stat.S_IMODE(target.stat().st_mode))


def put(file: Path, text: str) -> None:
    """Write a file whole or not at all: what was there before outlives a full disk.

    What is no ordinary file (a pipe, a terminal) and what nothing may be put beside is written
    straight. Raises `OSError`.
    """
    if not is_ordinary(file):
        with file.open("a", encoding="utf-8") as body:  # what else was printed there stays
            body.write(text)
        return
    target = file.resolve()
    if not os.access(target.parent, os.W_OK):
        target.write_text(text, encoding="utf-8")
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8") as body:
            keep_mode(target, body)
            body.write(text)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def playbook_of(config_path: Path | None) -> "Playbook":
    """Return the playbook that a configuration asks for; ours where there is none, or it breaks."""
    from emberwatch.config.playbook import read_playbook
    from emberwatch.core.respond.playbook import Stance
    from emberwatch.model.errors import ConfigError
    from emberwatch.runtime.wiring import playbook

    if config_path is None or not config_path.exists():
        return read_playbook(None, Stance.BALANCED, ())
    config = read(config_path, with_secrets=False)
    try:
        return playbook(config)
    except ConfigError as error:
        return playbook(_with_our_playbook(config, error))


def policy_of(config: "Config") -> "Policy":
    """Return what the operator wants, for what people do: a broken playbook holds nobody up."""
    from emberwatch.model.errors import ConfigError
    from emberwatch.runtime.wiring import policy

    try:
        return policy(config)
    except ConfigError as error:
        return policy(_with_our_playbook(config, error))


def _with_our_playbook(config: "Config", error: "ConfigError") -> "Config":
    from dataclasses import replace

    from emberwatch.core.read.text import safe_line

    for problem in error.problems:
        click.echo(safe_line(problem, 500), err=True)
    click.echo("Your playbook cannot be read: ours advises until it is mended.", err=True)
    return replace(config, playbook=replace(config.playbook, file=None))


@contextmanager
def opened(database: Path, *, must_exist: bool = True) -> Iterator["Store"]:
    """Open a database for the length of a command."""
    from emberwatch.store.sqlite import open_store

    if must_exist and not (database.exists() and database.stat().st_size):
        raise click.ClickException(
            f"there is no database at {database} yet: 'emberwatch run' makes it, or name another "
            "with --database"
        )
    store = open_store(database)
    try:
        yield store
    finally:
        store.close()
