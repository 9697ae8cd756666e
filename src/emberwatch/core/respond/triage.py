"""From alerts to incidents: one trouble, one incident."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from emberwatch.core.read.signs import read_signs
from emberwatch.core.respond.borne import name_of, signs_of
from emberwatch.core.respond.origin import origin
from emberwatch.core.respond.severity import severity_of
from emberwatch.core.respond.themes import matter_of, themes_of
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Deleted
from emberwatch.model.incident import Action, Exhibit, Incident, Severity, Status, Step
from emberwatch.model.mention import Mention
from emberwatch.model.sign import SignKind

OURSELVES = "emberwatch"
"""Who signs the steps of a timeline that nobody took."""

MOST_EXHIBITS = 30
"""Posts frozen with an incident: what a person can read before answering."""

LONGEST_EXHIBIT = 4000
"""Characters of a post that are frozen with an incident."""

LONGEST_UNHEARD = timedelta(days=7)
"""A fire of which nothing new was heard for so long is taken for forgotten, not for burning."""

FLARES_AT = 1.5
"""A fire whose incident is closed flares anew at so many times what was observed at the close."""


_FADING = (Fire.COOLING, Fire.OUT)


def incident_id(alert: Alert, left: Incident | None = None) -> str:
    """Return the id of the incident that this alert opens; computed, never drawn.

    `left` is the incident that the alert leaves, where it was in one before.
    """
    name = alert.id if left is None else f"{alert.id} after {left.id}"
    return "inc_" + blake2b(name.encode(errors="replace"), digest_size=8).hexdigest()


def joins(incident: Incident, alert: Alert, quiet_after: timedelta) -> bool:
    """Whether a new alert belongs to a trouble that is already known.

    A trouble of our own (a blind feed, a failing part) gathers by its subject until it closes, and
    so does a follow-up; a brand's until a person closes it, or nothing of it burns and no alert
    came for `quiet_after`.
    """
    if not incident.gathers or incident.brand != alert.brand:
        return False
    if alert.brand is None or AlertKind.FOLLOW_UP_DUE in (alert.kind, incident.kind):
        return incident.kind is alert.kind and incident.subject == alert.subject
    unheard = alert.at - incident.last_alert_at
    return unheard <= (max(quiet_after, LONGEST_UNHEARD) if _burns(incident) else quiet_after)


def joined(
    gathering: Sequence[Incident],
    alert: Alert,
    mentions: Mapping[str, Mention],
    quiet_after: timedelta,
) -> Incident | None:
    """Return which of the incidents (oldest first) a new alert joins, if any.

    That with an alert about the same thread, else the newest that is not of another matter.
    """
    open_to_it = [
        incident
        for incident in reversed(gathering)
        if all(held.id != alert.id for held in incident.alerts)
        and joins(incident, alert, quiet_after)
    ]
    for incident in open_to_it:
        if _shares_a_thread(incident, alert):
            return incident
    matter = matter_of(exhibits(alert, mentions))
    return next((each for each in open_to_it if not _is_apart(each, matter)), None)


def _shares_a_thread(incident: Incident, alert: Alert) -> bool:
    return alert.thread_id is not None and any(
        held.thread_id == alert.thread_id for held in incident.alerts
    )


def _is_apart(incident: Incident, matter: frozenset[str]) -> bool:
    """Whether people are angry about something else there; not before both are clear."""
    other = matter_of(incident.exhibits) if matter else matter
    return bool(other) and not matter & other


def _burns(incident: Incident) -> bool:
    """Whether people are still angry; a steady fire gives no news for hours."""
    return any(
        alert.is_open and alert.fire not in _FADING and alert.kind is not AlertKind.SURGE
        for alert in incident.alerts
    )


def flares_anew(incident: Incident, alert: Alert, quiet_after: timedelta) -> bool:
    """Whether an alert that an incident holds tells of a new trouble, which needs a new incident.

    The incident is past: a person closed it, or it has been quiet for `quiet_after`. And since
    then the fire burns again after it had cooled, or it grows and has grown by half, or all that
    it tells of was written after the close. The same fire dying down is nothing new, though a
    longer window counts more of it. Troubles of our own close with their alert.
    """
    if alert.brand is None or not alert.is_open or joins(incident, alert, quiet_after):
        return False
    if incident.closed_at is not None and alert.at <= incident.closed_at:
        return False
    before = next((held for held in incident.alerts if held.id == alert.id), alert)
    if alert.fire in _FADING:
        return False
    if before.fire in _FADING:
        return True
    if alert.fire is not Fire.GROWING:
        return False
    is_more = (alert.observed or 0.0) >= FLARES_AT * (before.observed or 0.0) > 0.0
    closed_at, first_at = incident.closed_at, alert.first_post_at
    return is_more or (closed_at is not None and first_at is not None and first_at > closed_at)


def exhibits(alert: Alert, mentions: Mapping[str, Mention]) -> tuple[Exhibit, ...]:
    """Freeze the evidence of an alert, weightiest first."""
    return tuple(
        exhibit_of(mention)
        for id in alert.evidence[:MOST_EXHIBITS]
        if (mention := mentions.get(id)) is not None
    )


def exhibit_of(mention: Mention, longest: int = LONGEST_EXHIBIT) -> Exhibit:
    """Freeze a mention as it is now, with at most so many characters of its text."""
    post, score = mention.post, mention.score
    language = score.language or post.language
    return Exhibit(
        post_id=post.id,
        author=post.author.handle,
        followers=post.author.followers,
        created_at=post.created_at,
        url=post.url,
        language=language,
        text=post.text[:longest],
        sentiment=score.sentiment,
        anger=score.anger,
        matched=mention.matched,
        thread_id=post.thread_id,
        why=score.why,
        signs=read_signs(post.text, language, score.anger),
        themes=mention.themes,
    )


def open_incident(
    alert: Alert,
    mentions: Mapping[str, Mention],
    previous: Incident | None,
    *,
    leaves_it: bool = False,
    is_beside: bool = False,
    who: str = OURSELVES,
) -> Incident:
    """Open the incident of a first alert; it names the one that it follows. `who` opens it.

    With `leaves_it` the previous incident held the alert until now; with `is_beside` it still
    gathers, and is of another matter: the reason tells so, and nothing is followed.
    """
    frozen = exhibits(alert, mentions)
    reason = alert.reason
    if previous is not None and is_beside:
        mine, other = (_listed(matter_of(posts)) for posts in (frozen, previous.exhibits))
        reason += f"; it is about {mine}, and so apart from {previous.id} about {other}"
    severity = severity_of((alert,), is_threat=_is_threat(frozen))
    reason += _raised((alert,), frozen, severity)
    seen_at, unseen_at = _first_sight(alert, mentions)
    return Incident(
        id=incident_id(alert, previous if leaves_it else None),
        brand=alert.brand,
        subject=alert.subject,
        severity=severity,
        opened_at=alert.at,
        last_alert_at=alert.at,
        first_post_at=alert.first_post_at,
        first_seen_at=seen_at,
        unseen_at=unseen_at,
        previous_id=previous.id if previous and not is_beside else None,
        sequence=1,
        alerts=(alert,),
        exhibits=frozen,
        themes=themes_of(frozen),
        timeline=(Step(at=alert.at, who=who, action=Action.OPENED, note=reason),),
    )


def _listed(matter: frozenset[str]) -> str:
    return ", ".join(sorted(matter))


def take(
    incident: Incident, alert: Alert, mentions: Mapping[str, Mention], *, is_told: bool = True
) -> Incident:
    """Return the incident with an alert that is new to it, or that it already holds, renewed.

    Evidence once frozen stays as it was; new evidence is added up to `MOST_EXHIBITS`. Severity
    never falls. Volume alone neither raises that of an anger nor keeps it gathering, and the end
    of an alert does not either. An
    incident of our own closes itself with its last alert. With `is_told` false the alert is kept,
    and is no news.
    """
    position = {held.id: index for index, held in enumerate(incident.alerts)}.get(alert.id)
    if position is None:
        alerts = (*incident.alerts, alert)
    else:
        held = incident.alerts[position]
        if incident.status.is_closed:
            alert = _as_closed(held, alert)
        alerts = (*incident.alerts[:position], alert, *incident.alerts[position + 1 :])
    frozen = {exhibit.post_id for exhibit in incident.exhibits}
    fresh = {id: mention for id, mention in mentions.items() if id not in frozen}
    shown = (*incident.exhibits, *exhibits(alert, fresh))[:MOST_EXHIBITS]
    began = _began(incident, alert, mentions, is_new=position is None)
    grave = [each for each in alerts if each.kind is not AlertKind.SURGE] or alerts
    is_heard = alert in grave and alert.is_open
    heard_at = max(incident.last_alert_at, alert.at) if is_heard else incident.last_alert_at
    severity = max(incident.severity, severity_of(grave, is_threat=_is_threat(shown)), key=_rank)
    raised = "" if severity is incident.severity else _raised(grave, shown, severity)
    grown = replace(
        incident,
        alerts=alerts,
        last_alert_at=heard_at,
        first_post_at=began[0],
        first_seen_at=began[1],
        unseen_at=began[2],
        severity=severity,
        exhibits=shown,
        themes=themes_of(shown),
    )
    if not is_told:
        return grown
    if incident.brand is not None or any(held.is_open for held in alerts):
        return _told(incident, grown, alert, Action.UPDATED, raised)
    if incident.status.is_closed:
        return grown
    closed = replace(grown, status=Status.RESOLVED, closed_at=alert.at)
    return _told(incident, closed, alert, Action.RESOLVED)


def without(incident: Incident, deleted: Deleted) -> Incident:
    """Return the incident without what a post said that was taken away on its site.

    The timeline says so. People are told when it was the post that began it all, for there the
    answer was to be written, unless the incident is closed.
    """
    first = origin(incident)
    is_origin = first is not None and first.post_id == deleted.post_id
    left = without_posts(incident, {deleted.post_id})
    what = "the origin post" if is_origin else "a post that stood here"
    when = f"at {deleted.deleted_at:%Y-%m-%d %H:%M} UTC" if deleted.deleted_at else "(just noticed)"
    note = f"{what} was deleted {deleted.by} {when}; its words and its author are forgotten"
    is_told = is_origin and not incident.status.is_closed
    step = Step(
        at=deleted.at,
        who=OURSELVES,
        action=Action.UPDATED if is_told else Action.NOTED,
        note=note,
    )
    return replace(left, sequence=incident.sequence + is_told, timeline=(*incident.timeline, step))


def without_posts(incident: Incident, gone: Container[str]) -> Incident:
    """Return an incident without what these posts said and who wrote them.

    Of its evidence the place stays; what only stood beside it goes.
    """
    history = incident.history
    if history is not None:
        history = replace(history, earlier=_left(history.earlier, gone))
    return replace(
        incident,
        exhibits=tuple(
            replace(each, author="", text="", url=None, why=(), signs=())
            if each.post_id in gone
            else each
            for each in incident.exhibits
        ),
        history=history,
        recurring=tuple(
            replace(each, examples=_left(each.examples, gone)) for each in incident.recurring
        ),
        affected=_left(incident.affected, gone),
    )


def _left(posts: Sequence[Exhibit], gone: Container[str]) -> tuple[Exhibit, ...]:
    return tuple(each for each in posts if each.post_id not in gone)


def _as_closed(held: Alert, alert: Alert) -> Alert:
    """Return an alert of a closed incident as it goes on; what it observed stands.

    Against that `flares_anew` measures, however slowly the fire grows.
    """
    return replace(alert, observed=held.observed)


def _began(
    incident: Incident, alert: Alert, mentions: Mapping[str, Mention], *, is_new: bool
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Return when the trouble's first post was written and seen, and when not seen yet.

    They stand as they were when the incident opened, for the clocks run from them: a window that
    grows takes in ordinary grumbles of long before. Only a thread that joins, and whose root is
    older, moves them back.
    """
    before, seen_at = incident.first_post_at, incident.first_seen_at
    root_at = alert.first_post_at
    is_older = root_at is not None and (before is None or root_at < before)
    if not is_new or alert.kind is not AlertKind.PILE_ON or not is_older:
        return before, seen_at, incident.unseen_at
    sights = [(seen_at, incident.unseen_at), _first_sight(alert, mentions)]
    known = [(at, unseen_at) for at, unseen_at in sights if at is not None]
    return root_at, *min(known, key=lambda sight: sight[0], default=(None, None))


def _first_sight(
    alert: Alert, mentions: Mapping[str, Mention]
) -> tuple[datetime | None, datetime | None]:
    """Return when the first of the evidence was seen, and the reading before that lacked it."""
    seen = [mention for id in alert.evidence if (mention := mentions.get(id))]
    if not seen:
        return None, None
    first = min(seen, key=lambda mention: mention.post.seen_at)
    return first.post.seen_at, first.unseen_at


def _is_threat(exhibits: Iterable[Exhibit]) -> bool:
    return any(exhibit.is_threat for exhibit in exhibits)


def _raised(alerts: Iterable[Alert], exhibits: Sequence[Exhibit], severity: Severity) -> str:
    """Say that a threat makes a trouble graver than its figures do; nothing if none does."""
    by_figures = severity_of(alerts)
    if by_figures.rank >= severity.rank:
        return ""
    threat = name_of(SignKind.THREAT, signs_of(exhibits, SignKind.THREAT))
    return f"; {severity}, not {by_figures}, for a {threat}"


def _rank(severity: Severity) -> int:
    return severity.rank


def _told(
    before: Incident, after: Incident, alert: Alert, action: Action, raised: str = ""
) -> Incident:
    """Number and note a change that people are told of; leave any other as it is.

    `raised` says what made the trouble graver than its figures. What burns again is news even
    where another alert burns all along.

    A closed incident stays closed: the rest of its own storm changes its figures, and rings
    nobody again.
    """
    is_news = (
        before.kinds != after.kinds
        or before.severity is not after.severity
        or before.fire is not after.fire
        or _burns_again(before, alert)
        or len(before.alerts) != len(after.alerts)
        or action is Action.RESOLVED
    )
    if before.status.is_closed or not is_news:
        return after
    step = Step(at=alert.at, who=OURSELVES, action=action, note=alert.reason + raised)
    return replace(after, sequence=before.sequence + 1, timeline=(*before.timeline, step))


def _burns_again(incident: Incident, alert: Alert) -> bool:
    """Whether an alert of anger that an incident holds had faded there, and burns again."""
    was = next((held.fire for held in incident.alerts if held.id == alert.id), alert.fire)
    return was in _FADING and alert.fire not in _FADING and alert.kind is not AlertKind.SURGE


def is_worth_an_incident(alert: Alert, *, surges_are: bool) -> bool:
    """Whether an alert that no incident takes opens one: volume alone does not, unless asked."""
    return alert.is_open and (alert.kind is not AlertKind.SURGE or surges_are)
