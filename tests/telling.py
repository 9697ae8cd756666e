"""An incident with a hostile post, and the messages that are owed of it, one after the other."""

from dataclasses import replace
from datetime import datetime, timedelta

from emberwatch.core.respond.brief import notification_for
from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.incident import Action, Incident, Resolution
from emberwatch.model.notification import Notification
from tests.build import NOON, a_mention, an_alert

HOSTILE = (
    "@everyone <!channel> <at>all</at> **bold** [x](https://evil.example/a) "
    "https://evil.example/b www.evil.example <script>alert(1)</script> & \u202eexe.gpj"
)


def an_incident(text: str = HOSTILE, at: datetime = NOON) -> Incident:
    """Return an incident of one post with that text, opened at an instant."""
    mention = a_mention(
        anger=0.9, at=at, text=text, followers=1200, url="https://town.example/@anna/1"
    )
    seen = mention.post.id
    alert = an_alert(
        started_at=at, evidence=(seen,), observed=7.0, expected=0.4, reason="7 angry voices"
    )
    return open_incident(alert, {seen: mention}, None)


def owed(incident: Incident, action: Action = Action.OPENED, by: str = "") -> Notification:
    """Return what is owed of it to a notifier called ops."""
    return notification_for(incident, action, "ops", NOON, by=by)


def a_story(text: str = HOSTILE, at: datetime = NOON) -> list[Notification]:
    """Return what is owed from the opening over twenty updates to the resolution, reopened."""
    incident = an_incident(text, at)
    told = [owed(incident)]
    for _ in range(20):
        incident = replace(incident, sequence=incident.sequence + 1)
        told.append(owed(incident, Action.UPDATED))
    for minute, action in enumerate(
        (Action.ACKNOWLEDGED, Action.RESPONDED, Action.RESOLVED, Action.REOPENED), start=1
    ):
        incident = act(
            incident,
            Deed(
                action=action,
                by="ann",
                at=at + timedelta(minutes=minute),
                resolution=Resolution.APOLOGY if action is Action.RESOLVED else None,
            ),
        )
        told.append(owed(incident, action, by="ann"))
    return told
