"""List the angry posts that nobody has answered yet."""

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
)

if TYPE_CHECKING:
    from emberwatch.model.incident import Exhibit, Incident


@click.command("unanswered")
@click.option("--brand", help="Only this brand's.")
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@config_option
@database_option
@json_option
def command(
    brand: str | None, most: int, config_path: Path, database: Path | None, as_json: bool
) -> None:
    """List the angry posts of open incidents that nobody has answered, gravest first.

    A post that nobody could judge may be angry, and is listed last. An incident's posts leave the
    list once it is answered, resolved or dismissed.

    \b
    Example:
      emberwatch unanswered --brand Acme
    """
    from emberwatch.cli.present import show_json, span, table
    from emberwatch.core.respond.unanswered import unanswered
    from emberwatch.runtime.wiring import now

    with opened(database_of(config_path, database)) as store, store.reading() as look:
        waiting = unanswered(look.incidents(is_open=True, brand=brand))
    if not waiting:
        check_brand(config_path, database, brand)
    at = now()
    shown = waiting[:most]
    if as_json:
        for incident, post in shown:
            show_json(unanswered_json(incident, post))
        return
    table(
        ("Waits", "Brand", "Anger", "Reach", "Author", "Said", "Where", "Incident"),
        (_row(incident, post, span(at - post.created_at)) for incident, post in shown),
        empty="Nobody waits for an answer.",
    )
    if len(waiting) > len(shown):
        click.echo(f"and {len(waiting) - len(shown)} more (--most shows more)")


def unanswered_json(incident: "Incident", post: "Exhibit") -> dict[str, object]:
    """Return a post that waits for an answer, and in which incident."""
    from emberwatch.cli.present import instant

    return {
        "incident": incident.id,
        "brand": incident.brand,
        "post": post.post_id,
        "author": post.author,
        "followers": post.followers,
        "anger": post.anger,
        "created_at": instant(post.created_at),
        "url": post.url,
        "text": post.text,
    }


def _row(incident: "Incident", post: "Exhibit", waits: str) -> tuple[object, ...]:
    anger = "not judged" if post.anger is None else f"{post.anger:.2f}"
    author = f"@{post.author}" if post.author else "somebody"
    reach = "" if post.followers is None else f"{post.followers:,}"
    return (
        waits, incident.brand, anger, reach, author, post.text, post.url, incident.id
    )  # fmt: skip
