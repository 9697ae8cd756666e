"""`emberwatch init`: write a configuration to start from."""

import os
import shlex
from pathlib import Path

import click

from emberwatch.cli.place import program, put


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--force", is_flag=True, help="Overwrite a file that is there already.")
def command(path: Path, force: bool) -> None:
    """Write a commented config.yaml that works as it is.

    It watches one brand on public feeds that need no key. An existing file is left alone unless
    you say --force. PATH is a file or a folder; ./config.yaml by default.

    \b
    Example:
      emberwatch init
    """
    target = path / "config.yaml" if path.is_dir() else path
    if os.path.lexists(target) and not force:
        raise click.ClickException(
            f"{target} is there already: give another path, or --force to overwrite it"
        )
    try:
        put(target, template())
    except FileNotFoundError as error:
        raise click.ClickException(
            f"cannot write {target}: there is no folder {target.parent}: make it first"
        ) from error
    except OSError as error:
        raise click.ClickException(
            f"cannot write {target}: {error.strerror or error}: give another path"
        ) from error
    config = "" if target == Path("config.yaml") else f" --config {shlex.quote(str(target))}"
    click.echo(f"Wrote {target}: one brand on three public feeds, told on the screen.")
    click.echo("What to do next:")
    click.echo(f"  open {shlex.quote(str(target))} and put your own brand in it")
    click.echo(f"  {program()} check{config}    is it right, and what does it watch?")
    click.echo(f"  {program()} run{config}      start watching; Ctrl-C ends it")


def template() -> str:
    """Return the configuration to start from; its first line names the schema for editors."""
    folder = Path(__file__).resolve().parent.parent / "config"
    text = (folder / "template.yaml").read_text(encoding="utf-8")
    _, _, rest = text.partition("\n")
    schema = (folder / "config.schema.json").as_uri()
    return f"# yaml-language-server: $schema={schema}\n{rest}"
