"""What would happen: who would be told of an incident that there is not, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from emberwatch.core.respond.attention import tell, wake
from emberwatch.core.respond.routing import Decision, Directory, decide
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Action, Exhibit, Incident, Severity, Step
from emberwatch.model.silence import Silence

MOST_STEPS = 100
"""Steps of a rehearsal; an escalation has a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something that would happen: when, what, who would be told (nobody: it is noted only)."""

    at: datetime
    action: Action
    note: str
    notifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Who would be told at once and why, and what would follow while nobody acknowledges.

    `incident` is the trial as it stands after its first telling.
    """

    incident: Incident
    decision: Decision
    scenes: tuple[Scene, ...]


def a_trial(
    brand: str | None,
    *,
    at: datetime,
    kind: AlertKind = AlertKind.SPIKE,
    severity: Severity = Severity.CRITICAL,
    theme: str = "",
    language: str = "",
) -> Incident:
    """Return an incident as it would open, to try the routes out on."""
    subject = brand or "a trial"
    post = Exhibit(
        post_id="trial",
        author="",
        followers=None,
        created_at=at,
        url=None,
        language=language or None,
        text="",
        sentiment=None,
        anger=None,
        matched="",
        thread_id="trial",
    )
    alert = Alert(
        id="trial", kind=kind, brand=brand, subject=subject, started_at=at, at=at, reason="a trial"
    )
    return Incident(
        id="trial",
        brand=brand,
        subject=subject,
        severity=severity,
        opened_at=at,
        last_alert_at=at,
        sequence=1,
        alerts=(alert,),
        exhibits=(post,),
        themes=(theme,) if theme else (),
    )


def rehearse(
    directory: Directory, incident: Incident, at: datetime, silences: Sequence[Silence] = ()
) -> Rehearsal:
    """Return what would be done with a trial, up to the first reminder.

    It goes through the same decisions as an incident that people are truly told of.
    """
    decision = decide(directory, incident, at)
    opening = Step(at=at, who="", action=Action.OPENED, note="it opens")
    told, calls = tell(directory, incident, opening, silences)
    first = tuple(name for call in calls for name in call.notifiers)
    scenes = [Scene(at=at, action=Action.OPENED, note=opening.note, notifiers=first)]
    scenes += _scenes(told.timeline, {})
    now = told
    while (
        now.waiting.wakes_at is not None
        and len(scenes) < MOST_STEPS
        and scenes[-1].action is not Action.REMINDED
    ):
        steps = len(now.timeline)
        now, calls = wake(directory, now, now.waiting.wakes_at, silences)
        names: dict[str, tuple[str, ...]] = {}
        for call in calls:
            names[call.note] = (*names.get(call.note, ()), *call.notifiers)
        scenes += _scenes(now.timeline[steps:], names)
    return Rehearsal(incident=told, decision=decision, scenes=tuple(scenes))


def _scenes(steps: Sequence[Step], told: dict[str, tuple[str, ...]]) -> list[Scene]:
    return [
        Scene(at=step.at, action=step.action, note=step.note, notifiers=told.get(step.note, ()))
        for step in steps
    ]
