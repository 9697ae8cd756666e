"""`emberwatch score`: what a scorer makes of texts, one JSON line each."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from emberwatch.cli.json_lines import BadLine, Complaints, Line, batches, object_of
from emberwatch.cli.place import read
from emberwatch.model.errors import ScoringFailed
from emberwatch.model.mention import Score
from emberwatch.ports import Scorer, Text

# No brand is known here, so the contract's rule for short unsure posts expects English.
EXPECTED = ("en",)
BATCH = 256
EVALUATE = "evaluate"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Asked:
    """One good line."""

    id: str | int | float
    text: Text


class _Scoring(click.Command):
    """`score [FILE]`, or `score evaluate` where the first word is that.

    A group could not take a file as its first word. A file that is called `evaluate` is read as
    `./evaluate`.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if args[:1] != [EVALUATE]:
            return super().make_context(info_name, args, parent, **extra)
        from emberwatch.cli.score_evaluate import evaluate

        return evaluate.make_context(f"{info_name} {EVALUATE}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


def scorer_options(command: F) -> F:
    """Add `--scorer` and `--config`, which say what judges, to a command."""
    with_name = click.option(
        "--scorer", "named", help="Which scorer judges; without it that of --config, or auto."
    )(command)
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Judge by the scorer of this configuration.",
    )(with_name)


@click.command(name="score", cls=_Scoring, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.File("rb"), default="-")
@scorer_options
@click.option(
    "--why",
    "is_why",
    is_flag=True,
    help="Name the words that weighed most, and how sure the language is.",
)
def command(file: IO[bytes], named: str | None, config_path: Path | None, is_why: bool) -> None:
    """Say how angry texts sound, one JSON line in and one out.

    FILE (or standard input) holds lines of {"id", "text", "language"}; language may be left out.
    Answers come in the same order, as soon as they are known.

    \b
    Example:
      echo '{"id": 1, "text": "worst service ever"}' | emberwatch score

    How well a scorer judges labelled posts is measured by `emberwatch score evaluate FILE`
    (see its --help). A file of that name is written as ./evaluate.
    """
    scorer = chosen_scorer(named, config_path)
    complaints = Complaints()
    try:
        for lines in batches(file):
            asked = list(_understood(lines, complaints))
            for start in range(0, len(asked), BATCH):
                _answer(scorer, asked[start : start + BATCH], is_why=is_why)
    except BrokenPipeError:
        # Whoever read us has seen enough, as `head` does; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ScoringFailed as failed:
        raise click.ClickException(f"{scorer.kind} cannot score: {failed}") from failed
    complaints.sum_up()


def chosen_scorer(named: str | None, config_path: Path | None) -> Scorer:
    """Return the scorer of that name, else the one of that configuration, else the default one.

    A name that a configuration gives options to gets those. Ends with a usage error where there
    is no such scorer, or where it needs options that nobody gave.
    """
    from emberwatch.config.schema import ScorerSettings
    from emberwatch.runtime.plugins import scorers
    from emberwatch.runtime.wiring import scorer

    settings = ScorerSettings()
    if config_path is not None:
        settings = read(config_path, with_secrets=False).scorer
    if named is None or named == settings.kind:
        return scorer(settings)
    known = scorers()
    if named not in known:
        raise click.BadParameter(
            f"no such scorer: {named!r}; there are: {', '.join(sorted(known)) or 'none'}",
            param_hint="--scorer",
        )
    if hasattr(known[named], "Options"):
        raise click.BadParameter(
            f"{named} has options: name a configuration whose 'scorer' is {named} with --config",
            param_hint="--scorer",
        )
    return scorer(ScorerSettings(kind=named))


def _answer(scorer: Scorer, asked: list[_Asked], *, is_why: bool) -> None:
    scores = scorer.score([one.text for one in asked])
    lines = [_line(one, score, is_why=is_why) for one, score in zip(asked, scores, strict=True)]
    click.echo("\n".join(lines))


def _line(asked: _Asked, score: Score, *, is_why: bool) -> str:
    why = {"confidence": score.confidence, "why": score.why} if is_why else {}
    return json.dumps(
        {
            "id": asked.id,
            "sentiment": score.sentiment,
            "negative": score.negative,
            "anger": score.anger,
            "language": score.language,
            "judged": score.judged,
            "scorer": score.scorer,
            **why,
        }
    )


# ---------------------------------------------------------------- reading
def _understood(lines: list[Line], complaints: Complaints) -> Iterator[_Asked]:
    for number, line in lines:
        try:
            asked = _parsed(line, is_first=number == 1)
        except BadLine as bad:
            complaints.add(number, str(bad))
            continue
        if asked is not None:
            yield asked


def _parsed(line: bytes | None, *, is_first: bool) -> _Asked | None:
    """Return what a line asks, None for an empty line; raise `BadLine`."""
    value = object_of(line, is_first=is_first)
    if value is None:
        return None
    id, text, language = value.get("id"), value.get("text"), value.get("language")
    if isinstance(id, bool) or not isinstance(id, str | int | float):
        raise BadLine('"id" must be a string or a number')
    if isinstance(id, float) and not isfinite(id):
        raise BadLine('"id" is too large a number')
    if not isinstance(text, str):
        raise BadLine('"text" must be a string')
    if language is not None and not isinstance(language, str):
        raise BadLine('"language" must be a string or null')
    return _Asked(id, Text(text=text, language=language, expected=EXPECTED))
