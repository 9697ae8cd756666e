"""List and show mentions, correct them, judge them again."""

import sys
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import (
    check_brand,
    config_option,
    database_of,
    database_option,
    json_option,
    opened,
    read,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from rich.progress import Progress

    from emberwatch.model.mention import Correction, Mention
    from emberwatch.ports import Reading
    from emberwatch.runtime.rescoring import Rescored


@click.group("mention")
def command() -> None:
    """List and show mentions, correct them, judge them again.

    \b
    Example:
      emberwatch mention correct jsonl::post:17 --anger 0.1 --by anna
    """


@command.command("list")
@click.option("--brand", help="Only this brand's.")
@click.option(
    "--angry",
    "anger_from",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Only those that the scorer found at least so angry, 0 to 1.",
)
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@config_option
@database_option
@json_option
def list_(
    brand: str | None,
    anger_from: float,
    most: int,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """List the newest mentions, newest first, with their ids.

    \b
    Example:
      emberwatch mention list --brand Acme --angry 0.5
    """
    from emberwatch.cli.present import clock, show_json, table

    with opened(database_of(config_path, database)) as store, store.reading() as look:
        found = look.latest_mentions(brand=brand, anger_from=anger_from, most=most)
        corrections = {
            each.post_id: each for each in look.corrections([mention.post.id for mention in found])
        }
    if not found:
        check_brand(config_path, database, brand)
    if as_json:
        for mention in found:
            show_json(_whole(mention, corrections.get(mention.post.id)))
        return
    table(
        ("Post", "Brand", "Written (UTC)", "Author", "Anger", "Corrected", "Text"),
        (
            (
                mention.post.id,
                mention.brand,
                clock(mention.post.created_at),
                mention.post.author.handle,
                _figure(mention.score.anger),
                _anger(corrections.get(mention.post.id)),
                mention.post.text,
            )
            for mention in found
        ),
        empty="No mentions.",
    )


@command.command("show")
@click.argument("id")
@config_option
@database_option
@json_option
def show(id: str, config_path: Path, database: Path | None, as_json: bool) -> None:
    """Show how a post was judged, why, and what people say of it. ID may be its address too.

    \b
    Example:
      emberwatch mention show mastodon:mastodon.example:post:113
    """
    from emberwatch.cli.present import show_json

    with opened(database_of(config_path, database)) as store, store.reading() as look:
        mentions = _named(look, id)
        correction = next(iter(look.corrections([mentions[0].post.id])), None)
    if as_json:
        for mention in mentions:
            show_json(_whole(mention, correction))
    else:
        _print(mentions, correction)


@command.command("correct")
@click.argument("id")
@click.option("--anger", type=click.FloatRange(0, 1), help="How angry it really is, 0 to 1.")
@click.option("--sentiment", type=click.FloatRange(-1, 1), help="How it really sounds, -1 to 1.")
@click.option("--by", required=True, help="Who says so: your name.")
@click.option("--note", default="", help="Why, in a line.")
@click.option("--undo", "is_undone", is_flag=True, help="Take back what was said of it.")
@config_option
@database_option
def correct(
    id: str,
    anger: float | None,
    sentiment: float | None,
    by: str,
    note: str,
    is_undone: bool,
    config_path: Path,
    database: Path | None,
) -> None:
    """Say how a post really sounds, beside what the scorer said. ID may be its address too.

    The scorer's judgement stays. `emberwatch score evaluate --database` measures by it. A second
    correction of a post replaces the first; --undo takes it back. Alerts that rang stay as they
    are.

    \b
    Example:
      emberwatch mention correct jsonl::post:17 --anger 0.1 --by anna --note "a song lyric"
    """
    from emberwatch.core.read.text import safe_line
    from emberwatch.model.mention import Correction
    from emberwatch.runtime.wiring import now

    _check_verdict(anger, sentiment, by, note, is_undone=is_undone)
    with opened(database_of(config_path, database)) as store, store.writing() as transaction:
        mention = _named(transaction, id)[0]
        post = mention.post.id
        earlier = next(iter(transaction.corrections([post])), None)
        if not is_undone:
            transaction.correct(
                Correction(
                    post_id=post, sentiment=sentiment, anger=anger, by=by, at=now(), note=note
                )
            )
        elif not transaction.uncorrect(post):
            raise click.ClickException(f"nobody corrected {post}: there is nothing to undo")
    instead = "" if earlier is None else f"{_verdict(earlier)} of {earlier.by}"
    if is_undone:
        answer = f"taken back: {instead}; by {by}"
    else:
        said = [
            f"{name} {value:.2f} where the scorer {_said(before)}"
            for name, value, before in (
                ("anger", anger, mention.score.anger),
                ("sentiment", sentiment, mention.score.sentiment),
            )
            if value is not None
        ]
        answer = f"{', '.join(said)}; by {by}"
        if instead:
            answer += f", in the stead of {instead}"
    click.echo(safe_line(f"{post}: {answer}", 2000))


def _check_verdict(
    anger: float | None, sentiment: float | None, by: str, note: str, *, is_undone: bool
) -> None:
    """End with a usage error where nobody could tell what was meant."""
    for name, value in (("--anger", anger), ("--sentiment", sentiment)):
        if value is not None and isnan(value):
            raise click.BadParameter("nan is no number", param_hint=name)
    is_silent = anger is None and sentiment is None
    if is_undone and not (is_silent and not note):
        raise click.UsageError("--undo takes back what was said: say nothing new with it")
    if is_silent and not is_undone:
        raise click.UsageError("say --anger, --sentiment, or both")
    if not by.strip():
        raise click.BadParameter("expected a name", param_hint="--by")


@command.command("rescore")
@click.option("--brand", help="Only posts that speak of this brand.")
@click.option("--since", metavar="LENGTH", help="Only posts written so long ago or later, as 7d.")
@click.option("--failed", "has_failed", is_flag=True, help="Only posts on which a scorer failed.")
@config_option
@database_option
@json_option
def rescore(
    brand: str | None,
    since: str | None,
    has_failed: bool,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """Judge stored posts again, by the scorer of the configuration.

    For after a change of scorer, or when one failed. Corrections stay, and nobody is told:
    incidents and what is normal for a brand stay as they were. Posts that the retention emptied
    keep their scores. Interrupted, it may be run again.

    \b
    Example:
      emberwatch mention rescore --brand Acme --since 7d
    """
    from emberwatch.cli.present import show_json
    from emberwatch.runtime import wiring
    from emberwatch.runtime.rescoring import rescored

    config = read(config_path, with_secrets=False)
    languages = {each.name: each.languages for each in config.brands}
    from_ = None if since is None else wiring.now() - _length(since)
    scorer = wiring.scorer(config.scorer)
    with opened(database or config.database) as store:
        with store.reading() as look:
            posts = look.count_scored(brand=brand, since=from_, has_failed=has_failed)
        steps = rescored(store, scorer, languages, brand=brand, since=from_, has_failed=has_failed)
        with _Progress("judging again", posts) as progress:
            done = progress.last(steps)
    if as_json:
        show_json(
            {
                "scorer": scorer.kind,
                "posts": done.posts,
                "mentions": done.mentions,
                "changed": done.changed,
                "failed": done.failed,
                "not_judged": {"before": done.not_judged_before, "after": done.not_judged},
                "angry_weight": {"before": done.anger_before, "after": done.anger},
            }
        )
    else:
        _say(done, scorer.kind)
    if done.failed:
        raise click.ClickException(
            f"{scorer.kind} failed on {done.failed} of them ({done.why}): they stay as they were"
        )


def _length(text: str) -> "timedelta":
    from emberwatch.config.duration import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error


def _say(done: "Rescored", scorer: str) -> None:
    from emberwatch.cli.present import count

    if not done.posts:
        click.echo("No such post is stored with its text.")
        return
    click.echo(
        f"{count(done.posts, 'post')} judged again by {scorer}: {count(done.changed, 'score')} "
        f"changed\n"
        f"  not judged    {done.not_judged_before} before, {done.not_judged} now\n"
        f"  angry weight  {done.anger_before:.1f} before, {done.anger:.1f} now"
    )


class _Progress:
    """A progress bar on a terminal, by posts; silent in a pipe."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._bar: Progress | None = None

    def __enter__(self) -> "_Progress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            self._bar = Progress(
                "{task.description}",
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._what, total=self._total)
            self._bar.start()
        return self

    def last(self, steps: "Iterator[Rescored]") -> "Rescored":
        """Go through all steps, showing each, and return the last."""
        for done in steps:
            if self._bar is not None:
                self._bar.update(self._task, completed=done.posts)
        return done

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _named(look: "Reading", id: str) -> "tuple[Mention, ...]":
    """Return the mentions of the post that a person means, or say how to find it."""
    from emberwatch.model.errors import NotFound

    found = look.mentions_of(id)
    if not found:
        raise NotFound(
            f"no mention has the id or address '{id}': 'emberwatch mention list' shows them"
        )
    return found


def _whole(mention: "Mention", correction: "Correction | None") -> dict[str, object]:
    from emberwatch.cli.present import instant

    post, score = mention.post, mention.score
    return {
        "id": post.id,
        "brand": mention.brand,
        "author": post.author.handle,
        "created_at": instant(post.created_at),
        "url": post.url,
        "language": score.language or post.language,
        "confidence": score.confidence,
        "text": post.text,
        "matched": mention.matched,
        "sentiment": score.sentiment,
        "negative": score.negative,
        "anger": score.anger,
        "judged": score.judged,
        "scorer": score.scorer,
        "why": score.why,
        "correction": None
        if correction is None
        else {
            "sentiment": correction.sentiment,
            "anger": correction.anger,
            "by": correction.by,
            "at": instant(correction.at),
            "note": correction.note,
        },
    }


def _print(mentions: "tuple[Mention, ...]", correction: "Correction | None") -> None:
    from emberwatch.cli.present import clock, paragraph
    from emberwatch.model.mention import NO_WORDS

    post, score = mentions[0].post, mentions[0].score
    paragraph(post.id)
    paragraph(f"{clock(post.created_at)} UTC  @{post.author.handle}")
    paragraph(post.text)
    if post.url:
        paragraph(post.url)
    for mention in mentions:
        paragraph(f"speaks of {mention.brand}: {mention.matched}")
    if score.judged:
        in_what = "by its emoji alone" if score.language == NO_WORDS else score.language
        paragraph(
            f"{score.scorer} ({in_what}, {score.confidence:.0%} sure): "
            f"anger {_figure(score.anger)}, sentiment {_figure(score.sentiment)}"
        )
    else:
        paragraph(f"{score.scorer}: not judged (language {score.language or 'unknown'})")
    if score.why:
        paragraph(f"what weighed most: {', '.join(score.why)}")
    if correction is not None:
        note = f": {correction.note}" if correction.note else ""
        paragraph(
            f"corrected by {correction.by}, {clock(correction.at)} UTC: "
            f"anger {_figure(correction.anger)}, sentiment {_figure(correction.sentiment)}{note}"
        )


def _verdict(correction: "Correction") -> str:
    named = (("anger", correction.anger), ("sentiment", correction.sentiment))
    return ", ".join(f"{name} {value:.2f}" for name, value in named if value is not None)


def _said(value: float | None) -> str:
    return "could not judge" if value is None else f"said {value:.2f}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _anger(correction: "Correction | None") -> str:
    return "" if correction is None else _figure(correction.anger)
