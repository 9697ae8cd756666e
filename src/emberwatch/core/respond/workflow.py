"""What people may do with an incident, and what that makes of it."""

from dataclasses import replace
from datetime import datetime

from emberwatch.model.errors import ActionRefused
from emberwatch.model.incident import Action, Incident, Resolution, Status, Step

MOVES: dict[Status, dict[Action, Status]] = {
    Status.OPEN: {
        Action.ACKNOWLEDGED: Status.ACKNOWLEDGED,
        Action.RESPONDED: Status.RESPONDED,
        Action.RESOLVED: Status.RESOLVED,
        Action.DISMISSED: Status.DISMISSED,
    },
    Status.ACKNOWLEDGED: {
        Action.RESPONDED: Status.RESPONDED,
        Action.RESOLVED: Status.RESOLVED,
        Action.DISMISSED: Status.DISMISSED,
    },
    Status.RESPONDED: {Action.RESOLVED: Status.RESOLVED, Action.DISMISSED: Status.DISMISSED},
    Status.RESOLVED: {Action.REOPENED: Status.OPEN},
    Status.DISMISSED: {Action.REOPENED: Status.OPEN},
}
"""The table of allowed moves: what can be done in each status, and the status after it."""

VERBS = {
    Action.ACKNOWLEDGED: "acknowledge",
    Action.RESPONDED: "respond",
    Action.RESOLVED: "resolve",
    Action.DISMISSED: "dismiss",
    Action.REOPENED: "reopen",
}


def act(
    incident: Incident,
    action: Action,
    *,
    by: str,
    at: datetime,
    note: str = "",
    resolution: Resolution | None = None,
    answer_url: str | None = None,
) -> Incident:
    """Return the incident after a person's action; `ActionRefused` says what is possible.

    The first acknowledgement names the owner. A first answer or a resolution also acknowledges,
    since nobody can answer what they have not seen. Reopening clears the end but keeps the clocks.
    """
    allowed = MOVES[incident.status]
    if action not in allowed:
        possible = ", ".join(VERBS[move] for move in allowed)
        since = next((step for step in reversed(incident.timeline)), None)
        who = f" by {since.who}" if since else ""
        raise ActionRefused(
            f"incident {incident.id} is {incident.status}{who}: it cannot be "
            f"{action}; possible now: {possible}"
        )
    status = allowed[action]
    is_touched = action in (Action.ACKNOWLEDGED, Action.RESPONDED, Action.RESOLVED)
    return replace(
        incident,
        status=status,
        owner=incident.owner or (by if is_touched else ""),
        acknowledged_at=incident.acknowledged_at or (at if is_touched else None),
        responded_at=incident.responded_at or (at if action is Action.RESPONDED else None),
        closed_at=at if status.is_closed else None,
        resolution=resolution or incident.resolution,
        answer_url=answer_url or incident.answer_url,
        sequence=incident.sequence + 1,
        timeline=(*incident.timeline, Step(at=at, who=by, action=action, note=note)),
    )
