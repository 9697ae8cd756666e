"""What a team promised to do within what time, and whether it did (advice A2, rule R1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from emberwatch.core.respond.clocks import answer_ended_at, resolved_at
from emberwatch.core.respond.hours import WeeklyHours
from emberwatch.core.respond.playbook import Advice
from emberwatch.model.incident import Incident, Status
from emberwatch.model.team import ServiceLevels, Team


class Promise(StrEnum):
    """What is promised."""

    ACKNOWLEDGE = "acknowledge"
    RESPOND = "respond"
    RESOLVE = "resolve"


class Standing(StrEnum):
    """How a promise stands."""

    RUNNING = "running"
    """It is not done, and there is time left."""
    MET = "met"
    MISSED = "missed"
    """It was done too late, or is overdue."""
    VOID = "void"
    """The incident was no trouble: nothing is owed to anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One promise about one incident; `done_at` is None while it is not done."""

    promise: Promise
    due_at: datetime
    done_at: datetime | None
    standing: Standing

    @property
    def is_overdue(self) -> bool:
        """Whether somebody still waits for it, beyond the time that was promised."""
        return self.standing is Standing.MISSED and self.done_at is None

    @property
    def is_decided(self) -> bool:
        """Whether it counts: it was met or missed, and nothing can change that any more."""
        return self.standing in (Standing.MET, Standing.MISSED)


def levels_of(team: Team | None, advice: Sequence[Advice]) -> ServiceLevels:
    """Return what is promised: what the team says, and of what it does not say the playbook.

    Where several rules of the playbook name a time, the shortest holds.
    """
    own = team.service_levels if team else ServiceLevels()
    return ServiceLevels(
        acknowledge=own.acknowledge or _shortest(each.acknowledge for each in advice),
        first_response=own.first_response or _shortest(each.answer for each in advice),
        resolve=own.resolve,
    )


def promised(incident: Incident, team: Team | None, advice: Sequence[Advice]) -> Incident:
    """Return an incident that has just opened, with when everything is due.

    The time runs from when it rang, and inside the team's business hours only. A trouble of our
    own and a follow-up promise nothing to a customer who waits.
    """
    if not incident.is_a_storm:
        return incident
    levels = levels_of(team, advice)
    hours = WeeklyHours(time_zone=team.time_zone, spans=team.hours) if team else WeeklyHours()

    def due(within: timedelta | None) -> datetime | None:
        return None if within is None else hours.passing(incident.opened_at, within)

    return replace(
        incident,
        acknowledge_by=due(levels.acknowledge),
        respond_by=due(levels.first_response),
        resolve_by=due(levels.resolve),
    )


def standings(incident: Incident, now: datetime) -> tuple[Level, ...]:
    """Return how each promise about an incident stands; none where nothing was promised.

    Nothing is promised to the customers of a replay, whose clock is that of its file.
    A resolution also acknowledges, and ends the wait for an answer.
    """
    if incident.is_replayed:
        return ()
    ended_at = resolved_at(incident)
    rows = (
        (Promise.ACKNOWLEDGE, incident.acknowledge_by, incident.acknowledged_at or ended_at),
        (Promise.RESPOND, incident.respond_by, answer_ended_at(incident)),
        (Promise.RESOLVE, incident.resolve_by, ended_at),
    )
    return tuple(
        Level(
            promise=promise,
            due_at=due_at,
            done_at=done_at,
            standing=_standing(incident, due_at, done_at, now),
        )
        for promise, due_at, done_at in rows
        if due_at is not None
    )


def _standing(
    incident: Incident, due_at: datetime, done_at: datetime | None, now: datetime
) -> Standing:
    if incident.status is Status.DISMISSED:
        return Standing.VOID
    if (done_at or now) > due_at:
        return Standing.MISSED
    return Standing.MET if done_at else Standing.RUNNING


def _shortest(times: Iterable[timedelta | None]) -> timedelta | None:
    return min((time for time in times if time is not None), default=None)
