"""`emberwatch score evaluate`: how well a scorer judges posts that people have labelled."""

import gzip
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import process_time
from typing import IO, TYPE_CHECKING

import click

from emberwatch.cli.json_lines import BadLine, Complaints, batches, object_of
from emberwatch.cli.place import check_writable, json_option, opened, write
from emberwatch.cli.score import chosen_scorer, scorer_options
from emberwatch.core.read.quality import (
    Figures,
    Label,
    Tally,
    Verdict,
    calibration,
    class_of,
    figures_of,
    mean_of,
)
from emberwatch.core.read.text import columns, safe_line
from emberwatch.model.errors import ScoringFailed
from emberwatch.ports import Scorer, Text

if TYPE_CHECKING:
    from rich.progress import Progress

BATCH = 64
FIRST = ("the first words that you read", "labas rytas")
"""Texts that make a scorer load all it needs, what tells languages apart too."""

CORRECTIONS = "corrections"
"""The source under which people's corrections of a database are shown."""

ANGRY_FROM = 0.5
"""A person who puts a post's anger at this or more calls it angry."""

HEADINGS = (
    "Language", "Source", "Posts", "Anger ROC", "Anger AP", "Anger top 5 %", "Anger ECE",
    "Neg ROC", "Neg AP", "Neg top 5 %", "Sent F1", "Not judged", "No anger", "Posts/s",
)  # fmt: skip
FIGURES = (
    "anger_roc", "anger_precision", "anger_top", "anger_calibration", "negative_roc",
    "negative_precision", "negative_top", "sentiment_f1", "not_judged", "without_anger",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One post with what people said of it."""

    language: str
    source: str
    text: str
    label: Label


@dataclass(slots=True)
class _Group:
    """The posts of one language and source: those that wait for their batch, and the tally."""

    waiting: list[_Labelled] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0


@click.command("evaluate")
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
)
@scorer_options
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a reliability plot of the anger to this SVG file.",
)
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure by the corrections in this database too, or alone.",
)
@json_option
def evaluate(
    file: Path | None,
    named: str | None,
    config_path: Path | None,
    plot: Path | None,
    database: Path | None,
    as_json: bool,
) -> None:
    """Measure how well a scorer judges posts that people have labelled.

    FILE (.gz too, - for standard input) holds lines of {"text", "lang", "src", "sent", "anger"}:
    sent is -1, 0 or 1, anger 0 or 1; one that is missing was not labelled, and never counts as 0.
    Every figure is over the posts that were judged; how many were not stands beside it. Speed
    is in posts a second of processor time, in batches of 64.

    \b
    Example:
      emberwatch score evaluate labelled.jsonl.gz --plot reliability.svg
    """
    if file is None and database is None:
        raise click.UsageError("name a FILE of labelled posts, or --database with corrections")
    if plot is not None:
        check_writable(plot)
    scorer = chosen_scorer(named, config_path)
    complaints = Complaints()
    groups: dict[tuple[str, str], _Group] = {}
    try:
        # The first judgement loads what the scorer needs; that is not its speed.
        scorer.score([Text(text=each, language=None, expected=("en",)) for each in FIRST])
        if file is not None:
            with _reading(file) as lines, _Progress(file, lines) as progress:
                for labelled in _labelled(lines, complaints):
                    _put(groups, labelled, scorer)
                    progress.step()
        if database is not None:
            for labelled in _corrected(database):
                _put(groups, labelled, scorer)
        for group in groups.values():
            _judge(group, scorer)
    except ScoringFailed as failed:
        raise click.ClickException(f"{scorer.kind} cannot score: {failed}") from failed
    complaints.sum_up()
    if complaints.count and not groups:
        raise click.ClickException(f"{file} holds no line that can be measured by: see --help")
    done = {key: groups[key] for key in sorted(groups)}
    _show(done, scorer.kind, as_json=as_json)
    if plot is not None:
        _draw(done, scorer.kind, plot)


# ---------------------------------------------------------------- reading
@contextmanager
def _reading(file: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked; a broken archive ends the command with its reason."""
    with ExitStack() as stack:
        try:
            if str(file) == "-":
                yield sys.stdin.buffer
            elif file.suffix == ".gz":
                yield stack.enter_context(gzip.open(file, "rb"))  # type: ignore[arg-type]
            else:
                yield stack.enter_context(file.open("rb"))
        except (OSError, EOFError, zlib.error) as broken:
            raise click.ClickException(f"{file} cannot be read to its end: {broken}") from broken


def _labelled(lines: IO[bytes], complaints: Complaints) -> Iterator[_Labelled]:
    for batch in batches(lines):
        for number, line in batch:
            try:
                labelled = _parsed(line, is_first=number == 1)
            except BadLine as bad:
                complaints.add(number, str(bad))
                continue
            if labelled is not None:
                yield labelled


def _parsed(line: bytes | None, *, is_first: bool) -> _Labelled | None:
    """Return the post of a line, None for an empty line; raise `BadLine`."""
    value = object_of(line, is_first=is_first)
    if value is None:
        return None
    text = value.get("text")
    if not isinstance(text, str):
        raise BadLine('"text" must be a string')
    names = []
    for key in ("lang", "src"):
        name = value.get(key)
        if name is not None and not isinstance(name, str):
            raise BadLine(f'"{key}" must be a string')
        names.append(name or "?")
    anger = _one_of(value, "anger", (0, 1))
    label = Label(
        sentiment=_one_of(value, "sent", (-1, 0, 1)),
        is_angry=None if anger is None else anger == 1,
    )
    return _Labelled(language=names[0], source=names[1], text=text, label=label)


def _one_of(value: Mapping[str, object], key: str, allowed: tuple[int, ...]) -> int | None:
    """Return a label, None where it is missing: missing means that nobody was asked."""
    label = value.get(key)
    if label is None:
        return None
    if isinstance(label, int | float) and label in allowed:
        return int(label)
    raise BadLine(f'"{key}" must be one of {", ".join(map(str, allowed))}, or be left out')


def _corrected(database: Path) -> Iterator[_Labelled]:
    """Yield what people said of posts of a database."""
    with opened(database) as store, store.reading() as look:
        for correction in look.corrections():
            (mention, *_) = look.mentions_of(correction.post_id) or (None,)
            if mention is None or not mention.post.text:
                continue
            yield _Labelled(
                language=mention.score.language or mention.post.language or "?",
                source=CORRECTIONS,
                text=mention.post.text,
                label=Label(
                    sentiment=None
                    if correction.sentiment is None
                    else class_of(correction.sentiment),
                    is_angry=None if correction.anger is None else correction.anger >= ANGRY_FROM,
                ),
            )


# ---------------------------------------------------------------- judging
def _put(groups: dict[tuple[str, str], _Group], labelled: _Labelled, scorer: Scorer) -> None:
    group = groups.setdefault((labelled.language, labelled.source), _Group())
    group.waiting.append(labelled)
    if len(group.waiting) == BATCH:
        _judge(group, scorer)


def _judge(group: _Group, scorer: Scorer) -> None:
    """Score what waits, and keep the figures alone."""
    if not group.waiting:
        return
    texts = [
        Text(
            text=each.text,
            language=None if each.language == "?" else each.language,
            expected=("en",),
        )
        for each in group.waiting
    ]
    began_at = process_time()
    scores = scorer.score(texts)
    group.seconds += process_time() - began_at
    for each, score in zip(group.waiting, scores, strict=True):
        verdict = Verdict(sentiment=score.sentiment, negative=score.negative, anger=score.anger)
        group.tally.add(each.label, verdict)
    group.waiting.clear()


# ---------------------------------------------------------------- showing
@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A line of the table. No source: the means over the sources of a language."""

    language: str
    source: str | None
    figures: Figures
    speed: float | None


def _rows(groups: Mapping[tuple[str, str], _Group]) -> Iterator[_Row]:
    """Yield a language's sources, then their means, language by language."""
    for language in dict.fromkeys(language for language, _ in groups):
        mine = {source: group for (tag, source), group in groups.items() if tag == language}
        figures = {source: figures_of(group.tally) for source, group in mine.items()}
        for source, group in mine.items():
            yield _Row(
                language=language,
                source=source,
                figures=figures[source],
                speed=_speed([group]),
            )
        yield _Row(
            language=language,
            source=None,
            figures=mean_of(list(figures.values())),
            speed=_speed(list(mine.values())),
        )


def _speed(groups: list[_Group]) -> float | None:
    seconds = sum(group.seconds for group in groups)
    return sum(group.tally.posts for group in groups) / seconds if seconds else None


def _show(groups: Mapping[tuple[str, str], _Group], name: str, *, as_json: bool) -> None:
    from emberwatch.cli.present import show_json, table

    rows = list(_rows(groups))
    if as_json:
        for row in rows:
            show_json(
                {
                    "scorer": name,
                    "language": row.language,
                    "source": row.source,
                    **asdict(row.figures),
                    "posts_per_second": row.speed,
                }
            )
        return
    if rows and sys.stdout.isatty():
        _draw_table(rows)
    else:
        table(HEADINGS, map(_cells, rows), empty="No labelled posts.")
    speed = _speed(list(groups.values()))
    if speed is not None:
        posts = sum(group.tally.posts for group in groups.values())
        noun = "post" if posts == 1 else "posts"
        click.echo(f"{name}: {posts:,} {noun}, {speed:,.0f} a second of processor time", err=True)


def _draw_table(rows: list[_Row]) -> None:
    """Print the table in 80 columns: fourteen of them leave no room for a general one."""
    for heading in (
        "                          ------- anger ------ -- negative --- sent  not   no",
        "lang source         posts  ROC   AP top5  ECE  ROC   AP top5   F1 jdgd angr   /s",
    ):
        click.secho(heading, bold=True)
    for row in rows:
        figures: dict[str, float | None] = asdict(row.figures)
        source = "mean" if row.source is None else row.source
        cells = "".join(f"{_short(figures[name]):>5}" for name in FIGURES)
        speed = "-" if row.speed is None else f"{row.speed / 1000:.0f}k"
        line = f"{_fitted(row.language, 4)} {_fitted(source, 14)}{row.figures.posts:>6}{cells}"
        click.secho(f"{line}{speed:>5}", bold=row.source is None)
    click.echo(
        "ROC .5 is guessing, 1 perfect; top5: how many of the highest 5 % are so; ECE 0 is an "
        "honest anger;\nfigures are over the posts that were judged",
        err=True,
    )


def _short(value: float | None) -> str:
    """Return a share in four columns."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value >= 0.9995 else f"{value:.3f}".removeprefix("0")


def _fitted(text: str, width: int) -> str:
    line = safe_line(text, width)
    return line + " " * (width - columns(line))


def _cells(row: _Row) -> tuple[str, ...]:
    figures: dict[str, float | None] = asdict(row.figures)
    return (
        row.language,
        "mean of sources" if row.source is None else row.source,
        f"{row.figures.posts:,}",
        *(_figure(figures[name]) for name in FIGURES),
        "-" if row.speed is None else f"{row.speed:,.0f}",
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _draw(groups: Mapping[tuple[str, str], _Group], name: str, plot: Path) -> None:
    """Write one curve a language, those with the most labelled anger first."""
    from emberwatch.core.read.reliability import MOST_CURVES, reliability_picture
    from emberwatch.picture import draw

    angers: dict[str, list[tuple[bool, float]]] = {}
    for (language, _), group in groups.items():
        angers.setdefault(language, []).extend(group.tally.angers)
    told = sorted((each for each in angers.items() if each[1]), key=lambda each: -len(each[1]))
    curves = [
        (
            f"{language} ({len(pairs):,})",
            calibration([is_angry for is_angry, _ in pairs], [stated for _, stated in pairs]),
        )
        for language, pairs in told
    ]
    if not curves:
        raise click.ClickException(f"{plot}: not drawn, for no labelled anger was judged")
    picture = reliability_picture(f"How far to believe the anger of {name}", curves)
    write(plot, draw(picture))
    left_out = f"; {len(curves) - MOST_CURVES} more left out" if len(curves) > MOST_CURVES else ""
    noun = "language" if len(curves) == 1 else "languages"
    click.echo(f"{plot}: {min(len(curves), MOST_CURVES)} {noun}{left_out}", err=True)


class _Progress:
    """A progress bar on a terminal, by bytes read; silent in a pipe."""

    def __init__(self, file: Path, lines: IO[bytes]) -> None:
        self._size = None if str(file) == "-" else file.stat().st_size
        self._raw = getattr(lines, "fileobj", None) or lines
        self._posts = 0
        self._bar: Progress | None = None

    def __enter__(self) -> "_Progress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            bar = self._bar = Progress(
                TextColumn("judging"),
                BarColumn(),
                TextColumn("{task.fields[posts]} posts"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = bar.add_task("judge", total=self._size, posts=0)
            bar.start()
        return self

    def step(self) -> None:
        """Note that one more post was read."""
        self._posts += 1
        if self._bar is not None and self._posts % BATCH == 0:
            done = 0 if self._size is None else self._raw.tell()
            self._bar.update(self._task, completed=done, posts=self._posts)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
