"""Show what a source makes of a recorded answer."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from emberwatch.model.post import Post
    from emberwatch.ports import Answer, Rate, Source

ALIASES = {"feeds": "rss"}

LONGEST_ERROR = 300


@click.group("source", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Show what a source makes of what a site answered.

    \b
    Example:
      emberwatch source parse mastodon --body answer.json
    """


@command.command("parse", short_help="Print the posts of one recorded answer.")
@click.argument("kind")
@click.option(
    "--body",
    "body_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The body of the answer, as it came.",
)
@click.option(
    "--meta",
    "meta_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON file with the answer's `status`, `headers` and `url`.",
)
@click.pass_context
def parse(ctx: click.Context, kind: str, body_path: Path, meta_path: Path | None) -> None:
    """Print the posts of one recorded answer as JSON lines, then the cursor and the limits.

    Touches no network. Exits 1 when the answer was an error or made no sense.

    \b
    Example:
      emberwatch source parse rss --body feed.xml
    """
    from emberwatch.cli.present import show_json
    from emberwatch.core.read.politeness import parse_rate
    from emberwatch.core.read.text import safe_line
    from emberwatch.model.errors import FeedRefused, FeedUnavailable

    answer = _answer(body_path.read_bytes(), _meta(meta_path))
    source = _source(ALIASES.get(kind, kind), answer.url, body_path)
    rate = parse_rate(answer.headers, answer.received_at)
    if answer.status > 399:
        show_json(_last(None, rate, error=_told(answer), status=answer.status))
        ctx.exit(1)
    try:
        parsed = source.parse(answer)
    except (FeedUnavailable, FeedRefused) as error:
        show_json(_last(None, rate, error=str(error), status=answer.status))
        ctx.exit(1)
    for post in parsed.posts:
        show_json(_line(post))
    for reason in parsed.invalid:
        click.echo(f"left out: {safe_line(reason, LONGEST_ERROR)}", err=True)
    show_json(_last(parsed.next, rate))


def _meta(path: Path | None) -> "dict[str, object]":
    if path is None:
        return {}
    try:
        meta = json.loads(path.read_bytes())
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from None
    if not isinstance(meta, dict):
        raise click.UsageError(f"{path}: expected a JSON object with status, headers and url")
    return meta


def _answer(body: bytes, meta: "Mapping[str, object]") -> "Answer":
    from datetime import UTC, datetime

    from emberwatch.ports import Answer
    from emberwatch.sources.fields import as_instant, as_mapping

    status = meta.get("status")
    headers = {
        str(name).lower(): value
        for name, value in as_mapping(meta.get("headers")).items()
        if isinstance(value, str)
    }
    url = meta.get("url")
    return Answer(
        status=status if isinstance(status, int) else 200,
        headers=headers,
        body=body,
        url=url if isinstance(url, str) else "",
        # Limits may be told as seconds from the answer on: its own date is the one that counts.
        received_at=as_instant(headers.get("date")) or datetime.now(UTC),
    )


def _source(kind: str, url: str, body: Path) -> "Source":
    """Build a source that knows no more than where the answer came from."""
    import dataclasses
    import difflib

    from emberwatch.runtime.plugins import installed

    kinds = installed().sources
    if kind not in kinds:
        near = difflib.get_close_matches(kind, kinds, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(kinds))}"
        raise click.UsageError(f"no source is called '{kind}'; {hint}")
    made = kinds[kind]
    known = {"url": url, "path": str(body)}
    options = made.Options(  # type: ignore[attr-defined]
        **{
            field.name: known.get(field.name, "")
            for field in dataclasses.fields(made.Options)  # type: ignore[attr-defined]
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
    )
    source: Source = made(options)
    return source


def _line(post: "Post") -> "dict[str, object]":
    from emberwatch.cli.present import instant
    from emberwatch.model.post import Flag, post_key

    start = post_key(post.source, post.host, "")

    def native(key: str | None) -> str | None:
        return key.removeprefix(start) if key else None

    return {
        "native_id": post.native_id,
        "id": post.id,
        "kind": post.kind,
        "author": post.author.handle or None,
        "created_at": None if Flag.UNDATED in post.flags else instant(post.created_at),
        "edited_at": instant(post.edited_at),
        "url": post.url,
        "title": post.title or None,
        "text": post.text,
        "parent_id": native(post.parent_id),
        "thread_id": native(post.thread_id),
        "boost_of": native(post.boost_of),
        "quote_of": native(post.quote_of),
        "replies": post.counters.replies,
        "boosts": post.counters.boosts,
        "likes": post.counters.likes,
    }


def _last(
    cursor: "Mapping[str, str] | None", rate: "Rate | None", **told: object
) -> "dict[str, object]":
    return {
        "cursor": dict(cursor) if cursor else None,
        "rate": None
        if rate is None
        else {
            "limit": rate.limit,
            "remaining": rate.remaining,
            "reset_at": _exactly(rate.reset_at),
        },
        **told,
    }


def _exactly(at: "datetime | None") -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _told(answer: "Answer") -> str:
    """Return what the site said went wrong, or its status."""
    from emberwatch.sources.fields import as_list, as_mapping, as_text

    try:
        told = as_mapping(json.loads(answer.body))
    except (ValueError, RecursionError):
        told = {}
    first = next(iter(as_list(told.get("errors"))), None)
    places = (told, as_mapping(told.get("error")), as_mapping(first), {"error": first})
    for place in places:
        for name in ("error", "message", "error_message", "error_description", "detail", "title"):
            if text := as_text(place.get(name)).strip():
                return text[:LONGEST_ERROR]
    return f"the site answered {answer.status}"
