"""The configured readings of sites."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, json_option, opened, read

if TYPE_CHECKING:
    from emberwatch.config.schema import FeedSettings
    from emberwatch.ports import Page


@click.group("feed")
def command() -> None:
    """List the feeds, or read one once to see what it brings.

    \b
    Example:
      emberwatch feed test town
    """


@command.command("list")
@config_option
@database_option
@json_option
def list_(config_path: Path, database: Path | None, as_json: bool) -> None:
    """List the configured feeds and how each is doing.

    \b
    Example:
      emberwatch feed list
    """
    from emberwatch.cli.present import ago, instant, show_json, span, table
    from emberwatch.ports import FeedHealth
    from emberwatch.runtime.wiring import now

    config = read(config_path, with_secrets=False)
    path = database or config.database
    health: dict[str, FeedHealth] = {}
    posts: dict[str, int] = {}
    at = now()
    if path.exists():
        with opened(path) as store, store.reading() as look:
            health = look.health()
            posts = dict(look.statistics(at).posts_by_feed)
    rows = [
        (feed, health.get(feed.name, FeedHealth(feed=feed.name, source=feed.source)))
        for feed in config.feeds
    ]
    if as_json:
        for feed, row in rows:
            show_json(
                {
                    "feed": feed.name,
                    "source": feed.source,
                    "every": feed.every,
                    "last_ok_at": instant(row.last_ok_at),
                    "blind_since": instant(row.blind_since),
                    "why": row.why or None,
                    "note": row.note or None,
                    "posts_24h": posts.get(feed.name, 0),
                }
            )
        return

    def state(row: FeedHealth) -> str:
        if row.blind_since is not None:
            return f"BLIND for {span(at - row.blind_since)}: {row.why}"
        if row.why:
            return f"failing: {row.why}"
        if row.note:
            return f"reading: {row.note}"
        return "reading" if row.last_ok_at else "not read yet"

    table(
        ("Feed", "Source", "Every", "Last read", "Posts 24h", "State"),
        (
            (
                feed.name,
                feed.source,
                span(feed.every),
                ago(row.last_ok_at, at),
                posts.get(feed.name, 0),
                state(row),
            )
            for feed, row in rows
        ),
        empty=f"No feeds in {config.path}: nothing is watched.",
    )


@command.command("test", short_help="Read a feed once and show what it brings.")
@click.argument("name")
@config_option
@json_option
def test(name: str, config_path: Path, as_json: bool) -> None:
    """Read a feed once, keep nothing, and show three posts, the cursor and the limits left.

    \b
    Example:
      emberwatch feed test town
    """
    import asyncio
    from dataclasses import replace

    from emberwatch.core.read.text import safe_line
    from emberwatch.core.respond.legible import cut_inside
    from emberwatch.model.errors import FeedRefused, FeedUnavailable, NotFound
    from emberwatch.model.secret import hide, hide_in_addresses
    from emberwatch.ports import Poll
    from emberwatch.runtime import wiring

    config = read(config_path)
    feed = next((settings for settings in config.feeds if settings.name == name), None)
    if feed is None:
        names = ", ".join(settings.name for settings in config.feeds) or "none"
        raise NotFound(f"no feed is called '{name}' in {config.path}: it has {names}")
    source = wiring.source(config, name)

    async def first_page() -> "Page | None":
        async with wiring.network(config) as network:
            poll = Poll(feed=name, now=wiring.now(), every=feed.every, unconditional=True)
            async for page in source.read(network.web(name), poll):
                return page
            return None

    def plain(words: str) -> str:
        known = hide(words, (secret.reveal() for secret in wiring.secrets(config)))
        return cut_inside(hide_in_addresses(known), 500)

    try:
        page = asyncio.run(first_page())
    except (FeedRefused, FeedUnavailable) as error:
        why = safe_line(plain(error.why), 600)
        raise click.ClickException(f"feed {name} cannot be read: {why}") from error
    if page is not None:
        page = replace(
            page,
            invalid=tuple(map(plain, page.invalid)),
            cursor={key: hide_in_addresses(value) for key, value in page.cursor.items()},
        )
    _show(feed, page, source.describe(), as_json=as_json)


def _show(feed: "FeedSettings", page: "Page | None", sees: str, *, as_json: bool) -> None:
    from emberwatch.cli.present import clock, count, instant, show_json
    from emberwatch.core.read.text import safe_line

    posts = sorted(page.posts if page else (), key=lambda post: post.created_at)[-3:]
    rate = page.rate if page else None
    if as_json:
        show_json(
            {
                "feed": feed.name,
                "source": feed.source,
                "listed": page.listed if page else 0,
                "invalid": page.invalid if page else (),
                "cursor": dict(page.cursor) if page else {},
                "rate": None
                if rate is None
                else {
                    "limit": rate.limit,
                    "remaining": rate.remaining,
                    "reset_at": instant(rate.reset_at),
                },
                "posts": [
                    {
                        "id": post.id,
                        "author": post.author.handle,
                        "created_at": instant(post.created_at),
                        "url": post.url,
                        "text": post.text,
                    }
                    for post in posts
                ],
                "sees": sees,
            }
        )
        return
    listed = page.listed if page else 0
    click.echo(f"feed {feed.name} ({feed.source}) was read: {count(listed, 'post')} listed")
    for post in reversed(posts):
        click.echo()
        click.echo(safe_line(f"{clock(post.created_at)}  @{post.author.handle}", 200))
        click.echo("  " + safe_line(post.text, 300))
        if post.url:
            click.echo("  " + safe_line(post.url, 300))
    click.echo()
    if page:
        for line in page.invalid[:3]:
            click.echo(safe_line(f"left out: {line}", 300))
        cursor = ", ".join(f"{key}={value}" for key, value in page.cursor.items())
        click.echo(safe_line(f"goes on from: {cursor or 'the beginning'}", 300))
    if rate is not None:
        until = f" until {clock(rate.reset_at)} UTC" if rate.reset_at else ""
        left, whole = ("?" if n is None else n for n in (rate.remaining, rate.limit))
        click.echo(f"limits: {left} of {whole} left{until}")
    else:
        click.echo("limits: the site names none")
    click.echo(f"sees: {sees}")
