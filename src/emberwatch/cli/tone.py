"""Look at a draft answer for words that defend instead of helping."""

import sys
from pathlib import Path
from typing import TextIO

import click

from emberwatch.cli.place import config_option, json_option, playbook_of

LONGEST = 20_000
"""Characters of a draft that are looked at: no answer is longer."""


@click.command("tone")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"), default="-")
@click.option("--language", help="The draft's language, such as en; otherwise all are looked at.")
@config_option
@json_option
def command(file: TextIO, language: str | None, config_path: Path, as_json: bool) -> None:
    """Look at a draft answer for words that defend instead of helping.

    \b
    Example:
      echo "Calm down, as we told you it is our policy." | emberwatch tone --language en
    """
    from emberwatch.cli.present import show_json
    from emberwatch.core.read.text import safe_line
    from emberwatch.core.respond.playbook import tone

    draft = file.read(LONGEST)
    if not draft.strip():
        raise click.UsageError("there is no draft: name its file, or write it to standard input")
    found = tone(playbook_of(config_path), draft, language.lower() if language else None)
    if as_json:
        for defence in found:
            show_json({"word": defence.word, "instead": defence.instead})
    else:
        for defence in found:
            click.echo(safe_line(f"'{defence.word}': {defence.instead}", 500))
        if not found:
            click.echo("No word in it defends.", err=True)
    sys.exit(1 if found else 0)
