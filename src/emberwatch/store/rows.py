"""How values become rows of the database, and rows values again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import cast

from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.incident import (
    Action,
    Exhibit,
    Incident,
    Resolution,
    Severity,
    Status,
    Step,
)
from emberwatch.model.mention import Correction, Mention, Score, Voice
from emberwatch.model.notification import DeliveryState, Notification, Owed
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, voice_of
from emberwatch.model.silence import Silence
from emberwatch.ports import FeedHealth
from emberwatch.store.codec import (
    clean,
    history_json,
    instant_text,
    read_history,
    read_instant,
    read_recurring,
    read_signs,
    read_strings,
    read_waiting,
    recurring_json,
    signs_json,
    strings_json,
    waiting_json,
)

Cell = str | int | float | bytes | None
Row = tuple[Cell, ...]

GREATEST = 2**63 - 1
"""The greatest whole number that a column holds."""


def cells(*values: Cell) -> Row:
    """Return a row of which every text can be written."""
    return tuple([clean(value) if type(value) is str else value for value in values])


def instant_cell(at: datetime | None) -> str | None:
    """Write an instant that may be missing."""
    return None if at is None else instant_text(at)


def instant_from(text: str | None) -> datetime | None:
    """Read an instant that may be missing."""
    return None if text is None else read_instant(text)


def number_cell(number: int | None) -> int | None:
    """Write a number that a stranger chose: at most the greatest that a column holds."""
    return None if number is None else max(-GREATEST, min(number, GREATEST))


def counter_cells(counters: Counters) -> Row:
    """Write replies, boosts, quotes, likes and views."""
    return (
        number_cell(counters.replies),
        number_cell(counters.boosts),
        number_cell(counters.quotes),
        number_cell(counters.likes),
        number_cell(counters.views),
    )


def read_counters(row: Sequence[int | None]) -> Counters:
    """Read replies, boosts, quotes, likes and views."""
    replies, boosts, quotes, likes, views = row
    return Counters(replies=replies, boosts=boosts, quotes=quotes, likes=likes, views=views)


# ---------------------------------------------------------------- posts
POST_COLUMNS = (
    "row, id, source, host, kind, native_id, feed, author, author_name, followers, is_verified, "
    "title, text, created_at, seen_at, read_at, edited_at, url, uri, language, parent_id, "
    "thread_id, boost_of, quote_of, replies, boosts, quotes, likes, views, flags, is_root, "
    "is_mention"
)


def post_cells(post: Post, *, row: int, feed: str, is_mention: bool) -> Row:
    """Write a new post, in the order of `POST_COLUMNS`."""
    seen_at = instant_text(post.seen_at)
    return cells(
        row,
        post.id,
        post.source,
        post.host,
        post.kind.value,
        post.native_id,
        feed,
        post.author.handle,
        post.author.name,
        number_cell(post.author.followers),
        post.author.is_verified,
        post.title,
        post.text,
        instant_text(post.created_at),
        seen_at,
        seen_at,
        instant_cell(post.edited_at),
        post.url,
        post.uri,
        post.language,
        post.parent_id,
        post.thread_id,
        post.boost_of,
        post.quote_of,
        *counter_cells(post.counters),
        flags_cell(post.flags),
        post.is_root,
        is_mention,
    )


def flags_cell(flags: Iterable[Flag]) -> str:
    """Write flags as words with a blank between them."""
    return " ".join(sorted(flags))


def edit_cells(post: Post, row: int) -> Row:
    """Write what an edit may change: the words and who says them, never where it stands.

    Nor its flags, which tell of its date and of how it came.
    """
    return cells(
        post.author.handle,
        post.author.name,
        number_cell(post.author.followers),
        post.author.is_verified,
        post.title,
        post.text,
        instant_text(post.seen_at),
        instant_cell(post.edited_at),
        post.url,
        post.uri,
        post.language,
        *counter_cells(post.counters),
        row,
    )


# ---------------------------------------------------------------- mentions
MENTION_COLUMNS = (
    "post, brand, feed, matched, fingerprint, themes, unseen_at, created_at, sentiment, negative, "
    "anger, language, confidence, judged, scorer, scorer_version, why"
)


def mention_cells(mention: Mention, row: int) -> Row:
    """Write a mention of the post in `row`, in the order of `MENTION_COLUMNS`."""
    return cells(
        row,
        mention.brand,
        mention.feed,
        mention.matched,
        mention.fingerprint,
        strings_json(mention.themes),
        instant_cell(mention.unseen_at),
        instant_text(mention.post.created_at),
        *score_cells(mention.score),
    )


def score_cells(score: Score) -> Row:
    """Write a score, in the order of the last nine of `MENTION_COLUMNS`."""
    return cells(
        score.sentiment,
        score.negative,
        score.anger,
        score.language,
        score.confidence,
        score.judged,
        score.scorer,
        score.version,
        strings_json(score.why),
    )


POST_READ_COLUMNS = (
    "p.source, p.host, p.kind, p.native_id, p.author, p.author_name, p.followers, p.is_verified, "
    "p.title, p.text, p.created_at, p.seen_at, p.edited_at, p.url, p.uri, p.language, "
    "p.parent_id, p.thread_id, p.boost_of, p.quote_of, p.flags, "
    "p.replies, p.boosts, p.quotes, p.likes, p.views"
)
MENTION_READ_COLUMNS = POST_READ_COLUMNS + (
    ", m.brand, m.feed, m.matched, m.fingerprint, m.sentiment, m.negative, m.anger, m.language, "
    "m.confidence, m.judged, m.scorer, m.scorer_version, m.why, m.themes, m.unseen_at"
)


def read_post(row: Sequence[Cell]) -> Post:
    """Read a post, in the order of `POST_READ_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    maybe = cast("Sequence[str | None]", row)
    numbers = cast("Sequence[int | None]", row)
    return Post(
        source=texts[0],
        host=texts[1],
        kind=PostKind(texts[2]),
        native_id=texts[3],
        author=Author(
            handle=texts[4], name=texts[5], followers=numbers[6], is_verified=bool(row[7])
        ),
        title=texts[8],
        text=texts[9],
        created_at=read_instant(texts[10]),
        seen_at=read_instant(texts[11]),
        edited_at=instant_from(maybe[12]),
        url=maybe[13],
        uri=maybe[14],
        language=maybe[15],
        parent_id=maybe[16],
        thread_id=texts[17],
        boost_of=maybe[18],
        quote_of=maybe[19],
        flags=frozenset(Flag(flag) for flag in texts[20].split()),
        counters=read_counters(numbers[21:26]),
    )


def read_mention(row: Sequence[Cell], post: Post | None = None) -> Mention:
    """Read a mention, in the order of `MENTION_READ_COLUMNS`; its post too, unless given."""
    texts = cast("Sequence[str]", row)
    shares = cast("Sequence[float | None]", row)
    return Mention(
        brand=texts[26],
        post=read_post(row) if post is None else post,
        feed=texts[27],
        matched=texts[28],
        fingerprint=texts[29],
        score=Score(
            sentiment=shares[30],
            negative=shares[31],
            anger=shares[32],
            language=cast("str | None", row[33]),
            confidence=cast("float", row[34]),
            judged=bool(row[35]),
            scorer=texts[36],
            version=texts[37],
            why=read_strings(texts[38]),
        ),
        themes=read_strings(texts[39]),
        unseen_at=instant_from(cast("str | None", row[40])),
    )


def read_correction(row: Sequence[Cell]) -> Correction:
    """Read a correction: the post's id, when, who, sentiment, anger, note."""
    texts = cast("Sequence[str]", row)
    shares = cast("Sequence[float | None]", row)
    return Correction(
        post_id=texts[0],
        at=read_instant(texts[1]),
        by=texts[2],
        sentiment=shares[3],
        anger=shares[4],
        note=texts[5],
    )


def read_voice(row: Sequence[Cell]) -> Voice:
    """Read a voice: brand, source, host, author, post, when, anger, language, reach, reactions."""
    brand, source, host, author, post_id, at = cast("Sequence[str]", row[:6])
    return Voice(
        brand=brand,
        name=voice_of(source, host, author, post_id),
        post_id=post_id,
        at=read_instant(at),
        anger=cast("float | None", row[6]),
        language=cast("str | None", row[7]),
        followers=cast("int | None", row[8]),
        reactions=cast("int", row[9]),
    )


# ---------------------------------------------------------------- feeds
FEED_COLUMNS = (
    "feed, source, last_ok_at, last_post_at, blind_since, why, failures, next_poll_at, note"
)


def feed_cells(health: FeedHealth) -> Row:
    """Write a feed's health, in the order of `FEED_COLUMNS`."""
    return cells(
        health.feed,
        health.source,
        instant_cell(health.last_ok_at),
        instant_cell(health.last_post_at),
        instant_cell(health.blind_since),
        health.why,
        health.failures,
        instant_cell(health.next_poll_at),
        health.note,
    )


def read_feed(row: Sequence[Cell]) -> FeedHealth:
    """Read a feed's health, in the order of `FEED_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    maybe = cast("Sequence[str | None]", row)
    return FeedHealth(
        feed=texts[0],
        source=texts[1],
        last_ok_at=instant_from(maybe[2]),
        last_post_at=instant_from(maybe[3]),
        blind_since=instant_from(maybe[4]),
        why=texts[5],
        failures=cast("int", row[6]),
        next_poll_at=instant_from(maybe[7]),
        note=texts[8],
    )


# ---------------------------------------------------------------- alerts
ALERT_COLUMNS = (
    "id, kind, brand, subject, started_at, at, ended_at, first_post_at, observed, expected, "
    "chance, window_minutes, reach, not_judged, thread_id, evidence, fire, reason"
)


def alert_cells(alert: Alert) -> Row:
    """Write an alert, in the order of `ALERT_COLUMNS`."""
    return cells(
        alert.id,
        alert.kind.value,
        alert.brand,
        alert.subject,
        instant_text(alert.started_at),
        instant_text(alert.at),
        instant_cell(alert.ended_at),
        instant_cell(alert.first_post_at),
        alert.observed,
        alert.expected,
        alert.chance,
        alert.window_minutes,
        number_cell(alert.reach),
        alert.not_judged,
        alert.thread_id,
        strings_json(alert.evidence),
        alert.fire.value,
        alert.reason,
    )


def read_alert(row: Sequence[Cell]) -> Alert:
    """Read an alert, in the order of `ALERT_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    maybe = cast("Sequence[str | None]", row)
    shares = cast("Sequence[float | None]", row)
    return Alert(
        id=texts[0],
        kind=AlertKind(texts[1]),
        brand=maybe[2],
        subject=texts[3],
        started_at=read_instant(texts[4]),
        at=read_instant(texts[5]),
        ended_at=instant_from(maybe[6]),
        first_post_at=instant_from(maybe[7]),
        observed=shares[8],
        expected=shares[9],
        chance=shares[10],
        window_minutes=cast("int | None", row[11]),
        reach=cast("int", row[12]),
        not_judged=cast("float", row[13]),
        thread_id=maybe[14],
        evidence=read_strings(texts[15]),
        fire=Fire(texts[16]),
        reason=texts[17],
    )


# ---------------------------------------------------------------- incidents
INCIDENT_COLUMNS = (
    "id, brand, subject, status, severity, opened_at, last_alert_at, first_post_at, "
    "first_seen_at, acknowledged_at, responded_at, closed_at, owner, resolution, answer_url, "
    "previous_id, sequence, hand_offs, is_our_mistake, follow_up_at, themes, team, waiting, "
    "unseen_at, acknowledge_by, respond_by, resolve_by, history, recurring"
)
INCIDENT_DERIVED_COLUMNS = "is_closed, kind, kinds, fire, wakes_at"


def incident_cells(incident: Incident) -> Row:
    """Write an incident: `INCIDENT_COLUMNS`, then `INCIDENT_DERIVED_COLUMNS`."""
    return cells(
        incident.id,
        incident.brand,
        incident.subject,
        incident.status.value,
        incident.severity.value,
        instant_text(incident.opened_at),
        instant_text(incident.last_alert_at),
        instant_cell(incident.first_post_at),
        instant_cell(incident.first_seen_at),
        instant_cell(incident.acknowledged_at),
        instant_cell(incident.responded_at),
        instant_cell(incident.closed_at),
        incident.owner,
        None if incident.resolution is None else incident.resolution.value,
        incident.answer_url,
        incident.previous_id,
        incident.sequence,
        incident.hand_offs,
        incident.is_our_mistake,
        instant_cell(incident.follow_up_at),
        strings_json(incident.themes),
        incident.team,
        waiting_json(incident.waiting),
        instant_cell(incident.unseen_at),
        instant_cell(incident.acknowledge_by),
        instant_cell(incident.respond_by),
        instant_cell(incident.resolve_by),
        None if incident.history is None else history_json(replace(incident.history, earlier=())),
        recurring_json([replace(each, examples=()) for each in incident.recurring]),
        incident.status.is_closed,
        incident.kind.value,
        strings_json([kind.value for kind in incident.kinds]),
        incident.fire.value,
        instant_cell(incident.waiting.wakes_at),
    )


class Role(StrEnum):
    """Why a post stands beside an incident without being its evidence."""

    EARLIER = "earlier"
    EXAMPLE = "example"
    AFFECTED = "affected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A post that stands beside an incident; `theme` is that of which it is an example."""

    role: Role
    post: Exhibit
    theme: str = ""


def beside_of(incident: Incident) -> list[Beside]:
    """Return the posts that stand beside an incident, in order."""
    earlier = incident.history.earlier if incident.history else ()
    return [
        *(Beside(role=Role.EARLIER, post=post) for post in earlier),
        *(
            Beside(role=Role.EXAMPLE, post=post, theme=each.theme)
            for each in incident.recurring
            for post in each.examples
        ),
        *(Beside(role=Role.AFFECTED, post=post) for post in incident.affected),
    ]


def beside_cells(beside: Beside, incident: int, position: int) -> Row:
    """Write it: its incident's row, its position, role and theme, then `EXHIBIT_COLUMNS`."""
    _, _, *exhibit = exhibit_cells(beside.post, incident, position)
    return (*cells(incident, position, beside.role.value, beside.theme), *exhibit)


def read_beside(row: Sequence[Cell]) -> Beside:
    """Read it: its role and theme, then `EXHIBIT_COLUMNS`."""
    role, theme, *exhibit = row
    return Beside(
        role=Role(cast("str", role)), theme=cast("str", theme), post=read_exhibit(exhibit)
    )


def _beside(beside: Sequence[Beside], role: Role, theme: str = "") -> tuple[Exhibit, ...]:
    return tuple(each.post for each in beside if (each.role, each.theme) == (role, theme))


def read_incident(
    row: Sequence[Cell],
    *,
    alerts: Sequence[Alert],
    exhibits: Sequence[Exhibit],
    timeline: Sequence[Step],
    beside: Sequence[Beside] = (),
) -> Incident:
    """Read an incident, in the order of `INCIDENT_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    maybe = cast("Sequence[str | None]", row)
    history = None if maybe[27] is None else read_history(texts[27])
    return Incident(
        id=texts[0],
        brand=maybe[1],
        subject=texts[2],
        status=Status(texts[3]),
        severity=Severity(texts[4]),
        opened_at=read_instant(texts[5]),
        last_alert_at=read_instant(texts[6]),
        first_post_at=instant_from(maybe[7]),
        first_seen_at=instant_from(maybe[8]),
        acknowledged_at=instant_from(maybe[9]),
        responded_at=instant_from(maybe[10]),
        closed_at=instant_from(maybe[11]),
        owner=texts[12],
        resolution=None if row[13] is None else Resolution(texts[13]),
        answer_url=maybe[14],
        previous_id=maybe[15],
        sequence=cast("int", row[16]),
        hand_offs=cast("int", row[17]),
        is_our_mistake=None if row[18] is None else bool(row[18]),
        follow_up_at=instant_from(maybe[19]),
        themes=read_strings(texts[20]),
        team=texts[21],
        waiting=read_waiting(texts[22]),
        unseen_at=instant_from(maybe[23]),
        acknowledge_by=instant_from(maybe[24]),
        respond_by=instant_from(maybe[25]),
        resolve_by=instant_from(maybe[26]),
        history=None
        if history is None
        else replace(history, earlier=_beside(beside, Role.EARLIER)),
        recurring=tuple(
            replace(each, examples=_beside(beside, Role.EXAMPLE, each.theme))
            for each in read_recurring(texts[28])
        ),
        affected=_beside(beside, Role.AFFECTED),
        alerts=tuple(alerts),
        exhibits=tuple(exhibits),
        timeline=tuple(timeline),
    )


# ---------------------------------------------------------------- silences
SILENCE_COLUMNS = "id, at, until, who, reason, brand, kinds, themes, languages, below, ended_by"


def silence_cells(silence: Silence) -> Row:
    """Write a silence, in the order of `SILENCE_COLUMNS`."""
    return cells(
        silence.id,
        instant_text(silence.at),
        instant_text(silence.until),
        silence.by,
        silence.reason,
        silence.brand,
        strings_json([kind.value for kind in silence.kinds]),
        strings_json(silence.themes),
        strings_json(silence.languages),
        None if silence.below is None else silence.below.value,
        silence.ended_by,
    )


def read_silence(row: Sequence[Cell]) -> Silence:
    """Read a silence, in the order of `SILENCE_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    return Silence(
        id=texts[0],
        at=read_instant(texts[1]),
        until=read_instant(texts[2]),
        by=texts[3],
        reason=texts[4],
        brand=texts[5],
        kinds=tuple(AlertKind(kind) for kind in read_strings(texts[6])),
        themes=read_strings(texts[7]),
        languages=read_strings(texts[8]),
        below=None if row[9] is None else Severity(texts[9]),
        ended_by=texts[10],
    )


# ---------------------------------------------------------------- the evidence of incidents
EXHIBIT_COLUMNS = (
    "post_id, author, followers, created_at, url, language, text, sentiment, anger, matched, "
    "thread_id, why, signs, themes"
)


def exhibit_cells(exhibit: Exhibit, incident: int, position: int) -> Row:
    """Write an exhibit: its incident's row, its position, then `EXHIBIT_COLUMNS`."""
    return cells(
        incident,
        position,
        exhibit.post_id,
        exhibit.author,
        number_cell(exhibit.followers),
        instant_text(exhibit.created_at),
        exhibit.url,
        exhibit.language,
        exhibit.text,
        exhibit.sentiment,
        exhibit.anger,
        exhibit.matched,
        exhibit.thread_id,
        strings_json(exhibit.why),
        signs_json(exhibit.signs),
        strings_json(exhibit.themes),
    )


def read_exhibit(row: Sequence[Cell]) -> Exhibit:
    """Read an exhibit, in the order of `EXHIBIT_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    maybe = cast("Sequence[str | None]", row)
    shares = cast("Sequence[float | None]", row)
    return Exhibit(
        post_id=texts[0],
        author=texts[1],
        followers=cast("int | None", row[2]),
        created_at=read_instant(texts[3]),
        url=maybe[4],
        language=maybe[5],
        text=texts[6],
        sentiment=shares[7],
        anger=shares[8],
        matched=texts[9],
        thread_id=texts[10],
        why=read_strings(texts[11]),
        signs=read_signs(texts[12]),
        themes=read_strings(texts[13]),
    )


STEP_COLUMNS = "at, who, action, note"


def step_cells(step: Step, incident: int, position: int) -> Row:
    """Write a step: its incident's row, its position, then `STEP_COLUMNS`."""
    return cells(incident, position, instant_text(step.at), step.who, step.action.value, step.note)


def read_step(row: Sequence[Cell]) -> Step:
    """Read a step, in the order of `STEP_COLUMNS`."""
    at, who, action, note = cast("Sequence[str]", row)
    return Step(at=read_instant(at), who=who, action=Action(action), note=note)


# ---------------------------------------------------------------- notifications
NOTIFICATION_COLUMNS = (
    "id, incident_id, notifier, type, sequence, payload, created_at, attempts, state, "
    "next_try_at, first_try_at, delivered_at, last_answer, handle, severity, subject, told_by, "
    "handed_to"
)


def notification_cells(notification: Notification) -> Row:
    """Write a notification, in the order of `NOTIFICATION_COLUMNS`."""
    return cells(
        notification.id,
        notification.incident_id,
        notification.notifier,
        notification.type,
        notification.sequence,
        notification.payload,
        instant_text(notification.created_at),
        *settled_cells(notification),
        notification.severity.value,
        notification.subject,
        notification.told_by,
        notification.handed_to,
    )


def settled_cells(notification: Notification) -> Row:
    """Write how far a notification has come: what a try may change."""
    return cells(
        notification.attempts,
        notification.state.value,
        instant_text(notification.next_try_at),
        instant_cell(notification.first_try_at),
        instant_cell(notification.delivered_at),
        notification.last_answer,
        notification.handle,
    )


def read_notification(row: Sequence[Cell]) -> Notification:
    """Read a notification, in the order of `NOTIFICATION_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    maybe = cast("Sequence[str | None]", row)
    return Notification(
        id=texts[0],
        incident_id=texts[1],
        notifier=texts[2],
        type=texts[3],
        sequence=cast("int", row[4]),
        payload=texts[5],
        created_at=read_instant(texts[6]),
        attempts=cast("int", row[7]),
        state=DeliveryState(texts[8]),
        next_try_at=read_instant(texts[9]),
        first_try_at=instant_from(maybe[10]),
        delivered_at=instant_from(maybe[11]),
        last_answer=texts[12],
        handle=texts[13],
        severity=Severity(texts[14]),
        subject=texts[15],
        told_by=texts[16],
        handed_to=texts[17],
    )


OWED_COLUMNS = "id, incident_id, type, sequence, severity, subject, created_at"


def read_owed(row: Sequence[Cell]) -> Owed:
    """Read what is owed, in the order of `OWED_COLUMNS`."""
    texts = cast("Sequence[str]", row)
    return Owed(
        id=texts[0],
        incident_id=texts[1],
        type=texts[2],
        sequence=cast("int", row[3]),
        severity=Severity(texts[4]),
        subject=texts[5],
        created_at=read_instant(texts[6]),
    )
