"""Who waits for an answer (advice A3, A9; rule R13)."""

from collections.abc import Iterable
from datetime import datetime

from emberwatch.core.respond.themes import is_angry
from emberwatch.core.respond.workflow import status_at
from emberwatch.model.incident import Exhibit, Incident, Status

WAITING = (Status.OPEN, Status.ACKNOWLEDGED)


def unanswered(
    incidents: Iterable[Incident], at: datetime | None = None
) -> list[tuple[Incident, Exhibit]]:
    """Return the angry posts in evidence of incidents that nobody answered, gravest first.

    A calm voice in the same crowd waits for nothing; one that nobody could judge may be angry.
    Gravest is angriest, then of the widest reach, then waiting longest. An author who stands in
    several incidents, or several times in one, waits once: with the gravest post. Whom a site
    does not name waits with each post, and a post that was forgotten leaves nobody to answer.
    With `at`, those that waited at that instant, of the posts that were written by then.
    """
    waiting = [
        (incident, post)
        for incident in incidents
        if incident.brand is not None and _status(incident, at) in WAITING
        for post in incident.exhibits
        if is_angry(post.anger) and not post.is_forgotten and (at is None or post.created_at <= at)
    ]
    waiting.sort(key=_gravity)
    first: dict[tuple[str | None, str], tuple[Incident, Exhibit]] = {}
    for incident, post in waiting:
        first.setdefault((incident.brand, post.author or post.post_id), (incident, post))
    return list(first.values())


def _status(incident: Incident, at: datetime | None) -> Status | None:
    return incident.status if at is None else status_at(incident, at)


def _gravity(waiting: tuple[Incident, Exhibit]) -> tuple[float, int, float, str]:
    _, post = waiting
    return (-(post.anger or 0.0), -(post.followers or 0), post.created_at.timestamp(), post.post_id)
