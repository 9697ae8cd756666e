"""What a person needs in order to answer well, as a message owed to a notifier."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from emberwatch.core.respond.payload import Telling, payload_of
from emberwatch.core.respond.playbook import NO_PLAYBOOK, Playbook, advise, notes_for
from emberwatch.core.respond.wording import newest
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Action, Exhibit, Incident, Severity
from emberwatch.model.notification import TRIAL, Notification
from emberwatch.model.sign import Sign, SignKind
from emberwatch.model.team import Team

TYPES = (
    Action.OPENED,
    Action.ACKNOWLEDGED,
    Action.RESPONDED,
    Action.RESOLVED,
    Action.DISMISSED,
    Action.REOPENED,
)
"""What has a type of message of its own; any other change is an update."""

CALLING = (Action.ESCALATED, Action.REMINDED, Action.TOLD)
"""Updates that call people anew, so that no channel hides them in a message of before."""


def notification_for(
    incident: Incident,
    action: Action,
    notifier: str,
    at: datetime,
    note: str = "",
    by: str = "",
    playbook: Playbook = NO_PLAYBOOK,
    team: Team | None = None,
) -> Notification:
    """Return what is owed to one notifier for one change of an incident, with what to do first.

    `by` names the person who acted, with their `note`; empty when the data did, and then `note`
    says why. `team` is the configured one that owns it. The id is computed from the incident, its
    `sequence` and the notifier, so the same change owed twice is owed once. Raises `ValueError`
    for an incident never told of (sequence 0).
    """
    if incident.sequence < 1:
        raise ValueError(f"incident {incident.id!r}: sequence must count this telling, from 1")
    if by:
        reason = f"{action} by {by}: {note}" if note else f"{action} by {by}"
    else:
        reason = note or newest(incident).reason
    id = _id(incident.id, str(incident.sequence), notifier)
    type = action if action in TYPES else Action.UPDATED
    calling = action if action in CALLING else type
    telling = Telling(
        incident=incident,
        id=id,
        type=f"incident.{type}",
        at=at,
        reason=reason,
        advice=advise(playbook, incident),
        readers=() if team is None else team.readers(incident.languages),
        notes=notes_for(playbook, incident),
    )
    return replace(_notification(telling, notifier), type=f"incident.{calling}")


def trial_for(notifier: str, at: datetime) -> Notification:
    """Return a message that tries a notifier out: shaped like any other, of type `test`."""
    reason = "This is a test: nothing burns, and nothing is to be done."
    began_at = at - timedelta(minutes=10)
    alert = Alert(
        id="test",
        kind=AlertKind.SPIKE,
        brand="Example",
        subject="Example",
        started_at=at,
        at=at,
        first_post_at=began_at,
        observed=34.0,
        expected=2.4,
        chance=1e-9,
        window_minutes=10,
        reach=182_000,
        thread_id="test::1",
        evidence=("test::post:1",),
        reason=reason,
    )
    exhibit = Exhibit(
        post_id="test::post:1",
        author="anna",
        followers=182_000,
        created_at=began_at,
        url="https://example.org/posts/1",
        language="en",
        text="Forty-five days, and still no refund. Does anybody read this?",
        sentiment=-0.6,
        anger=0.8,
        matched="example",
        thread_id="test::1",
        why=("refund",),
        signs=(Sign(kind=SignKind.MONEY, words=("refund",), days=(45.0,)),),
    )
    incident = Incident(
        id="test",
        brand="Example",
        subject="Example",
        severity=Severity.INFO,
        opened_at=at,
        last_alert_at=at,
        first_post_at=began_at,
        sequence=1,
        alerts=(alert,),
        exhibits=(exhibit,),
    )
    id = _id(TRIAL, at.isoformat(), notifier)
    return _notification(
        Telling(incident=incident, id=id, type=TRIAL, at=at, reason=reason), notifier
    )


def _notification(telling: Telling, notifier: str) -> Notification:
    return Notification(
        id=telling.id,
        incident_id=telling.incident.id,
        notifier=notifier,
        type=telling.type,
        sequence=telling.incident.sequence,
        payload=payload_of(telling),
        created_at=telling.at,
        next_try_at=telling.at,
        severity=telling.incident.severity,
        subject=telling.incident.brand or telling.incident.subject,
    )


def _id(*parts: str) -> str:
    return f"msg_{sha256(json.dumps(parts).encode()).hexdigest()[:32]}"
