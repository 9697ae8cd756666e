"""After the trouble: when a customer is to be asked again (advice A16, rule R14)."""

from dataclasses import replace
from datetime import datetime

from emberwatch.core.respond.triage import OURSELVES
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.incident import Action, Incident, Step


def follow_up_alert(incident: Incident, at: datetime) -> Alert:
    """Return the alert that tells of a follow-up that has come; its subject is the incident.

    The id is computed, so that a follow-up rings once. Raises `ValueError` for an incident of our
    own watch or one without a follow-up.
    """
    if incident.follow_up_at is None:
        raise ValueError(f"incident {incident.id!r} has no follow-up")
    done = f" ({incident.resolution.replace('_', ' ')})" if incident.resolution else ""
    note = next(
        (step.note for step in reversed(incident.timeline) if step.action is Action.RESOLVED), ""
    )
    said = f": {note}" if note else ""
    return Alert(
        id=f"{AlertKind.FOLLOW_UP_DUE}:{incident.id}:{incident.follow_up_at.isoformat()}",
        kind=AlertKind.FOLLOW_UP_DUE,
        brand=incident.brand,
        subject=incident.id,
        started_at=at,
        at=at,
        fire=Fire.OUT,
        reason=f"ask again how it went: {incident.id} was {incident.status}{done}{said}",
    )


def followed_up(incident: Incident, at: datetime, by: str) -> Incident:
    """Return an incident whose follow-up has come; `by` is the id of the incident that it opened.

    It is no news of this incident: nobody is told of it twice.
    """
    step = Step(at=at, who=OURSELVES, action=Action.NOTED, note=f"the follow-up has come: {by}")
    return replace(incident, follow_up_at=None, timeline=(*incident.timeline, step))
