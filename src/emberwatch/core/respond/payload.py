"""The message that every notifier carries, as JSON text (contract section 5)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TypeAlias

from emberwatch.core.respond.origin import origin_first, thread_url
from emberwatch.core.respond.playbook import Advice, Known
from emberwatch.core.respond.room import (
    MOST_BYTES,
    ROOMS,
    Room,
    fit_address,
    fit_line,
    fit_line_or_none,
    fit_text,
)
from emberwatch.core.respond.unanswered import unanswered
from emberwatch.core.respond.wording import brief_text, finite, not_judged
from emberwatch.model.alert import Alert
from emberwatch.model.incident import Exhibit, History, Incident, Recurrence
from emberwatch.model.sign import Sign
from emberwatch.model.team import Person

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SCHEMA = "emberwatch.incident/1"
SOURCE = "emberwatch"

WITHDRAWN = "A post that was quoted here has been deleted on its site since."
_FORGOTTEN: dict[str, Json] = {
    "author": "", "url": None, "text": "", "why": [], "signs": [], "is_forgotten": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One change of an incident, about to be written down."""

    incident: Incident
    id: str
    type: str
    at: datetime
    reason: str
    advice: tuple[Advice, ...] = ()
    readers: tuple[Person, ...] = ()
    notes: tuple[Known, ...] = ()


def payload_of(telling: Telling) -> str:
    """Return the JSON text, under `MOST_BYTES`: posts give way first, then long texts."""
    posts = len(telling.incident.exhibits)
    for room in ROOMS[:-1]:
        least = posts if room is ROOMS[0] else min(1, posts)
        fitting = _fitting(telling, room)
        if fitting >= least:
            return _json(_payload(telling, fitting, room))
    return _json(_payload(telling, _fitting(telling, ROOMS[-1]), ROOMS[-1]))


def without_posts(payload: str, post_ids: Collection[str], incidents: Collection[str]) -> str:
    """Return a payload that is not sent yet without what these posts said and who wrote them.

    Its text quotes posts, so that of it only the first line (what rang, and why) stays; nor does
    it say where to answer, where that was one of the posts. `incidents` are those that show one
    of them: their text may quote what the payload had no room to list.
    """
    told: Json = json.loads(payload)
    left = _without(told, {fit_line(id, room) for id in post_ids for room in ROOMS})
    if left == told and not _may_quote(_object(told), incidents):
        return payload
    brief = _object(_object(left).get("brief"))
    return _json({**_object(left), "brief": _withdrawn(brief)} if brief else left)


def _may_quote(told: dict[str, Json], incidents: Collection[str]) -> bool:
    """Tell whether a payload is of one of these incidents, and does not list all that it quotes."""
    return "truncated" in told and _object(told.get("incident")).get("id") in incidents


def _withdrawn(brief: dict[str, Json]) -> dict[str, Json]:
    """Return a brief without the words that quote, and with an address only of what it shows."""
    posts, url = brief.get("posts"), brief.get("thread_url")
    shown = [_object(post).get("url") for post in (posts if isinstance(posts, list) else [])]
    first = str(brief.get("text")).partition("\n")[0]
    return {
        **brief,
        "text": f"{first}\n{WITHDRAWN}",
        "thread_url": url if url in shown else None,
    }


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _without(told: Json, post_ids: Collection[str]) -> Json:
    if isinstance(told, list):
        return [_without(each, post_ids) for each in told]
    if not isinstance(told, dict):
        return told
    if "author" in told and told.get("id") in post_ids:
        return {**told, **_FORGOTTEN}
    return {name: _without(each, post_ids) for name, each in told.items()}


def _fitting(telling: Telling, room: Room) -> int:
    """Return how many posts, from the first, fit into a room; -1 when not even none does."""
    sizes = [_size(_post(exhibit, room)) + 1 for exhibit in origin_first(telling.incident)]
    totals = accumulate([_size(_payload(telling, 0, room)), *sizes])
    return sum(total < MOST_BYTES for total in totals) - 1


def _payload(telling: Telling, posts: int, room: Room) -> Json:
    incident = telling.incident
    exhibits = origin_first(incident)
    told = (*incident.alerts[:1], *incident.alerts[1:][-(room.alerts - 1) :][: room.alerts - 1])
    payload: dict[str, Json] = {
        "schema": SCHEMA,
        "specversion": "1.0",
        "source": SOURCE,
        "type": telling.type,
        "id": telling.id,
        "sequence": incident.sequence,
        "occurred_at": _instant(telling.at),
        "time": _instant(telling.at),
        "reason": fit_line(telling.reason, room),
        "incident": _incident(incident, room),
        "alerts": [_alert(alert, room) for alert in told],
        "brief": {
            "text": brief_text(
                incident, telling.reason, room, telling.advice, telling.readers, telling.notes
            ),
            "posts": [_post(exhibit, room) for exhibit in exhibits[:posts]],
            "thread_url": fit_address(thread_url(incident), room),
            "steps": [_step(each, room) for each in telling.advice[: room.steps]],
            "readers": [_person(each, room) for each in telling.readers[: room.words]],
            "notes": [_note(note, room) for note in telling.notes[: room.beside]],
            "history": _history(incident.history, room),
            "recurring": [_recurring(each, room) for each in incident.recurring[: room.beside]],
            "affected": [_beside(post, room) for post in incident.affected[: room.beside]],
            "unanswered": [
                _waiting(post, room) for _, post in unanswered([incident])[: room.beside]
            ],
        },
    }
    if posts < len(exhibits):
        payload["truncated"] = len(exhibits) - posts
    if len(told) < len(incident.alerts):
        payload["alerts_truncated"] = len(incident.alerts) - len(told)
    return payload


def _incident(incident: Incident, room: Room) -> Json:
    first = incident.alerts[0]
    return {
        "id": fit_line(incident.id, room),
        "brand": fit_line_or_none(incident.brand, room),
        "subject": fit_line(incident.subject, room),
        "kind": incident.kind,
        "kinds": list(incident.kinds),
        "status": incident.status,
        "fire": incident.fire,
        "severity": incident.severity,
        "opened_at": _instant(incident.opened_at),
        "first_post_at": _instant_or_none(incident.first_post_at),
        "observed": finite(first.observed),
        "expected": finite(first.expected),
        "chance": finite(first.chance),
        "window_minutes": first.window_minutes,
        "not_judged": not_judged(incident),
        "team": fit_line(incident.team, room),
        "owner": fit_line(incident.owner, room),
        "acknowledged_at": _instant_or_none(incident.acknowledged_at),
        "responded_at": _instant_or_none(incident.responded_at),
        "closed_at": _instant_or_none(incident.closed_at),
        "resolution": incident.resolution,
        "answer_url": fit_address(incident.answer_url, room),
        "previous_id": fit_line_or_none(incident.previous_id, room),
        "hand_offs": incident.hand_offs,
        "is_our_mistake": incident.is_our_mistake,
        "follow_up_at": _instant_or_none(incident.follow_up_at),
        "acknowledge_by": _instant_or_none(incident.acknowledge_by),
        "respond_by": _instant_or_none(incident.respond_by),
        "resolve_by": _instant_or_none(incident.resolve_by),
        "themes": [fit_line(theme, room) for theme in incident.themes[: room.alerts]],
        "url": None,
    }


def _alert(alert: Alert, room: Room) -> Json:
    return {
        "id": fit_line(alert.id, room),
        "kind": alert.kind,
        "subject": fit_line(alert.subject, room),
        "fire": alert.fire,
        "started_at": _instant(alert.started_at),
        "at": _instant(alert.at),
        "ended_at": _instant_or_none(alert.ended_at),
        "first_post_at": _instant_or_none(alert.first_post_at),
        "observed": finite(alert.observed),
        "expected": finite(alert.expected),
        "chance": finite(alert.chance),
        "window_minutes": alert.window_minutes,
        "reach": alert.reach,
        "not_judged": finite(alert.not_judged),
        "thread_id": fit_line_or_none(alert.thread_id, room),
        "evidence": [fit_line(id, room) for id in alert.evidence[: room.evidence]],
        "reason": fit_line(alert.reason, room),
    }


def _post(exhibit: Exhibit, room: Room) -> Json:
    return {
        "id": fit_line(exhibit.post_id, room),
        "author": fit_line(exhibit.author, room),
        "followers": exhibit.followers,
        "created_at": _instant(exhibit.created_at),
        "url": fit_address(exhibit.url, room),
        "language": fit_line_or_none(exhibit.language, room),
        "text": fit_text(exhibit.text, room.post),
        "sentiment": finite(exhibit.sentiment),
        "anger": finite(exhibit.anger),
        "matched": fit_line(exhibit.matched, room),
        "why": [fit_line(word, room) for word in exhibit.why[: room.words]],
        "signs": [_sign(sign, room) for sign in exhibit.signs],
        "themes": [fit_line(theme, room) for theme in exhibit.themes[: room.words]],
        **({"is_forgotten": True} if exhibit.is_forgotten else {}),
    }


def _step(advice: Advice, room: Room) -> Json:
    return {
        "rule": fit_line(advice.rule, room),
        "name": fit_line(advice.name, room),
        "say": fit_line(advice.say, room),
        "why": fit_line(advice.why, room),
        "draft": fit_line(advice.draft, room),
        "acknowledge_within": _seconds(advice.acknowledge),
        "answer_within": _seconds(advice.answer),
        "update_within": _seconds(advice.update),
    }


def _person(person: Person, room: Room) -> Json:
    return {
        "name": fit_line(person.name, room),
        "languages": [fit_line(each, room) for each in person.languages[: room.words]],
    }


def _note(note: Known, room: Room) -> Json:
    return {
        "name": fit_line(note.name, room),
        "text": fit_text(note.text, room.quote),
        "url": fit_address(note.url, room),
    }


def _history(history: History | None, room: Room) -> Json:
    """Return the past of the author of the first post, which names nobody by itself."""
    if history is None:
        return None
    return {
        "posts": history.posts,
        "angry_posts": history.angry_posts,
        "anger": finite(history.anger),
        "first_at": _instant(history.first_at),
        "last_at": _instant(history.last_at),
        "reach": history.reach,
        "incidents": [
            {
                "id": fit_line(each.incident_id, room),
                "opened_at": _instant(each.opened_at),
                "status": each.status,
                "resolution": each.resolution,
            }
            for each in history.encounters[: room.beside]
        ],
        "earlier": [_beside(post, room) for post in history.earlier[: room.beside]],
    }


def _recurring(recurrence: Recurrence, room: Room) -> Json:
    return {
        "theme": fit_line(recurrence.theme, room),
        "incidents": recurrence.incidents,
        "angry_posts": recurrence.angry_posts,
        "share": finite(recurrence.share),
        "examples": [_beside(post, room) for post in recurrence.examples[: room.beside]],
    }


def _beside(post: Exhibit, room: Room) -> Json:
    """Return a post that is no evidence, with as much of its text as a quotation may have."""
    return {
        "id": fit_line(post.post_id, room),
        "author": fit_line(post.author, room),
        "followers": post.followers,
        "created_at": _instant(post.created_at),
        "url": fit_address(post.url, room),
        "text": fit_text(post.text, room.quote),
        "anger": finite(post.anger),
    }


def _waiting(post: Exhibit, room: Room) -> Json:
    return {
        "id": fit_line(post.post_id, room),
        "author": fit_line(post.author, room),
        "followers": post.followers,
        "anger": finite(post.anger),
        "url": fit_address(post.url, room),
    }


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _sign(sign: Sign, room: Room) -> Json:
    return {
        "kind": sign.kind,
        "words": [fit_line(word, room) for word in sign.words[: room.words]],
        "threats": list(sign.threats),
        "amounts": [
            {"value": finite(amount.value), "currency": amount.currency}
            for amount in sign.amounts[: room.words]
        ],
        "days": [finite(days) for days in sign.days[: room.words]],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant_or_none(at: datetime | None) -> str | None:
    return None if at is None else _instant(at)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _size(value: Json) -> int:
    return len(_json(value).encode())
