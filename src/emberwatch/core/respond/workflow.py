"""What people may do with an incident, and what that makes of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from emberwatch.model.errors import ActionRefused
from emberwatch.model.incident import Action, Incident, Resolution, Status, Step

MOVES: dict[Status, dict[Action, Status]] = {
    Status.OPEN: {
        Action.ACKNOWLEDGED: Status.ACKNOWLEDGED,
        Action.RESPONDED: Status.RESPONDED,
        Action.RESOLVED: Status.RESOLVED,
        Action.DISMISSED: Status.DISMISSED,
        Action.ASSIGNED: Status.OPEN,
        Action.NOTED: Status.OPEN,
    },
    Status.ACKNOWLEDGED: {
        Action.RESPONDED: Status.RESPONDED,
        Action.RESOLVED: Status.RESOLVED,
        Action.DISMISSED: Status.DISMISSED,
        Action.ASSIGNED: Status.ACKNOWLEDGED,
        Action.NOTED: Status.ACKNOWLEDGED,
    },
    Status.RESPONDED: {
        Action.RESOLVED: Status.RESOLVED,
        Action.DISMISSED: Status.DISMISSED,
        Action.ASSIGNED: Status.RESPONDED,
        Action.NOTED: Status.RESPONDED,
    },
    Status.RESOLVED: {Action.REOPENED: Status.OPEN, Action.NOTED: Status.RESOLVED},
    Status.DISMISSED: {Action.REOPENED: Status.OPEN, Action.NOTED: Status.DISMISSED},
}
"""The table of allowed moves: what can be done in each status, and the status after it."""

VERBS = {
    Action.ACKNOWLEDGED: "acknowledge",
    Action.ASSIGNED: "assign",
    Action.NOTED: "note",
    Action.RESPONDED: "respond",
    Action.RESOLVED: "resolve",
    Action.DISMISSED: "dismiss",
    Action.REOPENED: "reopen",
}

CLOCKWORK = (Action.ESCALATED, Action.REMINDED, Action.HELD, Action.TOLD)
"""Steps of a timeline that the clock takes, and nobody else."""

NO_MOVES = (Action.UPDATED, Action.ASSIGNED, Action.NOTED, *CLOCKWORK)
"""Steps of a timeline after which an incident stands where it stood."""

TOO_MANY_HAND_OFFS = 2
"""From this hand-off on people are warned: a customer should not be passed through three hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a person does: `by` whom, when, with a line for the timeline.

    `to` is whom it is assigned to; `answer_url` where the answer was given; `resolution`, whether
    it was our mistake, and when to ask the customer again go with a resolution.
    """

    action: Action
    by: str
    at: datetime
    note: str = ""
    to: str = ""
    answer_url: str | None = None
    resolution: Resolution | None = None
    is_our_mistake: bool | None = None
    follow_up_at: datetime | None = None


def act(incident: Incident, deed: Deed) -> Incident:
    """Return the incident after a person's deed; `ActionRefused` says what is possible.

    The first acknowledgement names the owner. A first answer or a resolution also acknowledges,
    since nobody can answer what they have not seen. Reopening clears the end but keeps the clocks,
    and the escalation begins anew.
    A note is no news: nobody is told of it.
    """
    action = deed.action
    allowed = MOVES[incident.status]
    if action not in allowed:
        possible = ", ".join(VERBS[move] for move in allowed)
        moves = (step for step in reversed(incident.timeline) if step.action not in NO_MOVES)
        since = next(moves, None)
        who = f" by {since.who}" if since else ""
        raise ActionRefused(
            f"incident {incident.id} is {incident.status}{who}: it cannot be "
            f"{action}; possible now: {possible}"
        )
    if action is Action.ASSIGNED and deed.to == incident.owner:
        raise ActionRefused(f"incident {incident.id} is {deed.to}'s already: assign it to another")
    if deed.follow_up_at is not None and deed.follow_up_at <= deed.at:
        raise ActionRefused(
            f"incident {incident.id}: a follow-up at {deed.follow_up_at:%Y-%m-%d %H:%M} has passed "
            "already: give a later date"
        )
    status = allowed[action]
    is_touched = action in (Action.ACKNOWLEDGED, Action.RESPONDED, Action.RESOLVED)
    told = incident.sequence + (action is not Action.NOTED)
    return replace(
        incident,
        status=status,
        owner=deed.to if action is Action.ASSIGNED else incident.owner or _owner(deed, is_touched),
        hand_offs=incident.hand_offs + (action is Action.ASSIGNED and bool(incident.owner)),
        acknowledged_at=incident.acknowledged_at or (deed.at if is_touched else None),
        responded_at=incident.responded_at or (deed.at if action is Action.RESPONDED else None),
        closed_at=_end(incident, deed, status),
        resolution=deed.resolution or incident.resolution,
        answer_url=deed.answer_url or incident.answer_url,
        is_our_mistake=(
            incident.is_our_mistake if deed.is_our_mistake is None else deed.is_our_mistake
        ),
        follow_up_at=None
        if action is Action.REOPENED
        else deed.follow_up_at or incident.follow_up_at,
        sequence=told,
        waiting=replace(incident.waiting, since=None, links=0)
        if action is Action.REOPENED
        else incident.waiting,
        timeline=(
            *incident.timeline,
            Step(at=deed.at, who=deed.by, action=action, note=_line(deed)),
        ),
    )


def status_at(incident: Incident, at: datetime) -> Status | None:
    """Return where an incident stood at an instant, by its timeline; None before it opened."""
    if at < incident.opened_at:
        return None
    status = Status.OPEN
    for step in incident.timeline:
        if step.at <= at:
            status = MOVES[status].get(step.action, status)
    return status


def _owner(deed: Deed, is_touched: bool) -> str:
    return deed.by if is_touched else ""


def _end(incident: Incident, deed: Deed, status: Status) -> datetime | None:
    """Return when the clock stopped: a word after the end does not set it going again."""
    if not status.is_closed:
        return None
    return incident.closed_at if incident.status.is_closed else deed.at


def _line(deed: Deed) -> str:
    """Return what the timeline says of a deed beside who did it."""
    if not deed.to:
        return deed.note
    return f"to {deed.to}: {deed.note}" if deed.note else f"to {deed.to}"
