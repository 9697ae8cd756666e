"""Who hears of an incident now, who later, and what the clock does while nobody acknowledges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emberwatch.core.respond.routing import (
    Decision,
    Directory,
    Recipient,
    decide,
    of_link,
    quiet_until,
)
from emberwatch.core.respond.triage import OURSELVES
from emberwatch.model.alert import Fire
from emberwatch.model.incident import Action, Incident, Status, Step
from emberwatch.model.silence import Silence
from emberwatch.model.team import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One telling: of an incident as it stands then, for what reason, to whom."""

    incident: Incident
    action: Action
    at: datetime
    note: str = ""
    notifiers: tuple[str, ...] = ()


FIRST_SAID = {
    Status.OPEN: Action.OPENED,
    Status.ACKNOWLEDGED: Action.ACKNOWLEDGED,
    Status.RESPONDED: Action.RESPONDED,
    Status.RESOLVED: Action.RESOLVED,
    Status.DISMISSED: Action.DISMISSED,
}
"""How the current state is told to somebody who has not heard of the incident."""

AGAIN_SAID = {**FIRST_SAID, Status.OPEN: Action.TOLD}
"""How it is told to somebody who heard of it before quiet hours or a silence began."""

REMINDED_FOR = timedelta(days=7)
"""An incident that nobody took on in so long is forgotten, and not helped by another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Audience:
    """Whom of some recipients nothing holds, whom quiet hours do, and until when."""

    free: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()
    silence: Silence | None = None
    until: datetime | None = None


def tell(
    directory: Directory,
    incident: Incident,
    step: Step,
    silences: Sequence[Silence] = (),
) -> tuple[Incident, tuple[Call, ...]]:
    """Return an incident of which `step` is the news, and who is told of it now.

    Whoever heard of it before hears of it to its end. Whom quiet hours or a silence keep from it
    is noted in it, and told by `wake` when they end. The first telling makes the clock of the
    escalation run, which an acknowledgement stops.
    """
    at, waiting = step.at, incident.waiting
    decision = decide(directory, incident, at)
    incident = replace(incident, team=incident.team or decision.team)
    if not directory.notifiers:
        return incident, ()
    audience = _audience(directory, incident, _concerned(directory, incident, at), at, silences)
    kept = {*waiting.withheld, *waiting.silenced}
    is_waited_for = waiting.since is not None or bool(audience.free)
    incident = replace(
        incident,
        waiting=replace(
            waiting,
            told=_union(waiting.told, audience.free),
            withheld=audience.quiet,
            silenced=audience.silenced,
            since=(waiting.since or at) if is_waited_for and _is_open(incident) else None,
            told_at=at if audience.free else waiting.told_at,
        ),
    )
    fresh = [name for name in audience.free if name in kept and name not in waiting.told]
    first = FIRST_SAID[incident.status] if step.action is Action.UPDATED else step.action
    calls = _calls(
        incident,
        step,
        (first, tuple(fresh)),
        (step.action, tuple(name for name in audience.free if name not in fresh)),
    )
    if not kept.issuperset((*audience.quiet, *audience.silenced)):
        incident = _noted(incident, Action.HELD, at, _why_held(audience))
    return _resting(directory, incident, at, silences), calls


def wake(
    directory: Directory, incident: Incident, at: datetime, silences: Sequence[Silence] = ()
) -> tuple[Incident, tuple[Call, ...]]:
    """Return what time alone has made of an incident by an instant, and who is told of it.

    First those whom quiet hours or a silence held, then the links of the escalation that are due,
    one after the other, then a reminder. Under a silence nobody is told, and all of it waits.
    """
    if not directory.notifiers:
        return incident, ()
    incident = _set_back(incident, at)
    incident, released = _release(directory, incident, at, silences)
    calls = list(released)
    if muting(silences, incident, at) is None:
        while (link := _due_link(directory, incident, at)) is not None:
            incident, told = _escalate(directory, incident, link, at)
            calls += told
        incident, told = _remind(directory, incident, at)
        calls += told
    return _resting(directory, incident, at, silences), tuple(calls)


def muting(silences: Iterable[Silence], incident: Incident, at: datetime) -> Silence | None:
    """Return the silence that mutes an incident at an instant; of several, the last to end."""
    mine = (each for each in silences if each.is_active(at) and each.matches(incident))
    return max(mine, key=lambda silence: silence.until, default=None)


def chain(directory: Directory, incident: Incident) -> tuple[Link, ...]:
    """Return the escalation of the team that owns an incident."""
    team = directory.teams.get(incident.team)
    return team.escalation if team else ()


# ---------------------------------------------------------------- what the clock does
def _release(
    directory: Directory, incident: Incident, at: datetime, silences: Sequence[Silence]
) -> tuple[Incident, tuple[Call, ...]]:
    """Tell those whom nothing holds any more how things stand.

    Of what a silence muted from beginning to end nobody hears once it is over.
    """
    waiting = incident.waiting
    kept = [*waiting.withheld, *waiting.silenced]
    if not kept:
        return incident, ()
    concerned = [each for each in _concerned(directory, incident, at) if each.notifier in kept]
    audience = _audience(directory, incident, concerned, at, silences)
    told = tuple(
        name
        for name in audience.free
        if name in waiting.withheld or name in waiting.told or _burns(incident)
    )
    was_silenced = any(name in waiting.silenced for name in told)
    since = at if was_silenced or waiting.since is None else waiting.since
    incident = replace(
        incident,
        waiting=replace(
            waiting,
            told=_union(waiting.told, told),
            withheld=audience.quiet,
            silenced=audience.silenced,
            since=since if told and _is_open(incident) else waiting.since,
            told_at=at if told else waiting.told_at,
        ),
    )
    if not told:
        return incident, ()
    what = "the silence is" if was_silenced else "quiet hours are"
    note = f"{what} over: {', '.join(told)} told"
    incident = _noted(incident, Action.TOLD, at, note, is_told=True)
    calls = _calls(
        incident,
        incident.timeline[-1],
        (FIRST_SAID[incident.status], tuple(name for name in told if name not in waiting.told)),
        (AGAIN_SAID[incident.status], tuple(name for name in told if name in waiting.told)),
    )
    return incident, calls


def _due_link(directory: Directory, incident: Incident, at: datetime) -> Link | None:
    due = _next_link_at(directory, incident)
    if due is None or due > at:
        return None
    return chain(directory, incident)[incident.waiting.links]


def _escalate(
    directory: Directory, incident: Incident, link: Link, at: datetime
) -> tuple[Incident, tuple[Call, ...]]:
    """Tell the next link of the escalation."""
    team = directory.teams[incident.team]
    decision = of_link(directory, team, link, incident, at)
    audience = _audience(directory, incident, decision.recipients, at, ())
    waiting = incident.waiting
    note = f"nobody acknowledged within {spelled(link.after)}: {goal_of(link)}{_told(audience)}"
    incident = _noted(
        replace(
            incident,
            waiting=replace(
                waiting,
                told=_union(waiting.told, audience.free),
                withheld=_union(waiting.withheld, audience.quiet),
                links=waiting.links + 1,
                told_at=at if audience.free else waiting.told_at,
            ),
        ),
        Action.ESCALATED,
        at,
        note,
        is_told=bool(audience.free),
    )
    step = incident.timeline[-1]
    return incident, _calls(incident, step, (step.action, audience.free))


def _remind(
    directory: Directory, incident: Incident, at: datetime
) -> tuple[Incident, tuple[Call, ...]]:
    """Tell those who know of it again, when nobody has acknowledged for so long."""
    due = _reminder_at(directory, incident)
    if due is None or due > at:
        return incident, ()
    audience = _audience(directory, incident, _knowing(directory, incident, at), at, ())
    if not audience.free:
        return incident, ()
    note = f"still nobody has acknowledged since {incident.waiting.since:%Y-%m-%d %H:%M} UTC"
    waiting = replace(incident.waiting, told_at=at)
    incident = _noted(replace(incident, waiting=waiting), Action.REMINDED, at, note, is_told=True)
    step = incident.timeline[-1]
    return incident, _calls(incident, step, (step.action, audience.free))


def _set_back(incident: Incident, at: datetime) -> Incident:
    """Let the waiting begin now where it began in a future that was none: the clock was wrong."""
    waiting = incident.waiting
    if (waiting.since is None or waiting.since <= at) and (
        waiting.told_at is None or waiting.told_at <= at
    ):
        return incident
    since = None if waiting.since is None else min(waiting.since, at)
    told_at = None if waiting.told_at is None else min(waiting.told_at, at)
    return replace(incident, waiting=replace(waiting, since=since, told_at=told_at))


# ---------------------------------------------------------------- when to look again
def _resting(
    directory: Directory, incident: Incident, at: datetime, silences: Sequence[Silence]
) -> Incident:
    """Return an incident that knows when time alone may change it next."""
    knowing = _knowing(directory, incident, at)
    audience = _audience(directory, incident, knowing, at, silences)
    kept = incident.waiting.withheld or incident.waiting.silenced
    link, reminder = _next_link_at(directory, incident), _reminder_at(directory, incident)
    if audience.silence is not None:
        # the escalation waits for the end of a silence
        until = audience.silence.until
        link, reminder = (None if due is None else max(due, until) for due in (link, reminder))
    elif reminder is not None and not audience.free:
        # a reminder that reaches nobody now waits for the first whom it does
        reminder = audience.until
    dues = (link, reminder, audience.until if kept else None)
    wakes_at = min((due for due in dues if due is not None), default=None)
    return replace(incident, waiting=replace(incident.waiting, wakes_at=wakes_at))


def _next_link_at(directory: Directory, incident: Incident) -> datetime | None:
    waiting = incident.waiting
    links = chain(directory, incident)
    if not _is_open(incident) or waiting.since is None or waiting.links >= len(links):
        return None
    return waiting.since + links[waiting.links].after


def _reminder_at(directory: Directory, incident: Incident) -> datetime | None:
    waiting = incident.waiting
    team = directory.teams.get(incident.team)
    if not _is_open(incident) or waiting.since is None or team is None or team.renotify is None:
        return None
    due = (waiting.told_at or waiting.since) + team.renotify
    return due if due - waiting.since <= REMINDED_FOR else None


# ---------------------------------------------------------------- who, and what holds them
def _concerned(directory: Directory, incident: Incident, at: datetime) -> tuple[Recipient, ...]:
    """Return everybody whom an incident concerns: by its routes now, and who heard of it."""
    decided = decide(directory, incident, at).recipients
    known = _knowing(directory, incident, at)
    by_name = {each.notifier: each for each in (*known, *decided)}
    return tuple(by_name[name] for name in directory.notifiers if name in by_name)


def _knowing(directory: Directory, incident: Incident, at: datetime) -> tuple[Recipient, ...]:
    """Return who heard of an incident, or is to, with the team whose quiet hours hold for them."""
    team = directory.teams.get(incident.team)
    decisions = [decide(directory, incident, at)]
    if team is not None:
        links = team.escalation[: incident.waiting.links]
        decisions += [of_link(directory, team, link, incident, at) for link in links]
    by_name = {each.notifier: each for each in _recipients(reversed(decisions))}
    waiting = incident.waiting
    return tuple(
        by_name.get(name)
        or Recipient(notifier=name, team=directory.team_of(name), why="told before")
        for name in _union(waiting.told, (*waiting.withheld, *waiting.silenced))
        if name in directory.notifiers
    )


def _recipients(decisions: Iterable[Decision]) -> list[Recipient]:
    return [recipient for decision in decisions for recipient in decision.recipients]


def _audience(
    directory: Directory,
    incident: Incident,
    recipients: Sequence[Recipient],
    at: datetime,
    silences: Sequence[Silence],
) -> _Audience:
    names = tuple(each.notifier for each in recipients)
    silence = muting(silences, incident, at)
    if silence is not None:
        return _Audience(silenced=names, silence=silence, until=silence.until)
    ends = {
        each.notifier: end
        for each in recipients
        if (end := quiet_until(directory, each, incident, at)) is not None
    }
    return _Audience(
        free=tuple(name for name in names if name not in ends),
        quiet=tuple(ends),
        until=min(ends.values(), default=None),
    )


def _is_open(incident: Incident) -> bool:
    return incident.status is Status.OPEN


def _burns(incident: Incident) -> bool:
    return not incident.status.is_closed and incident.fire is not Fire.OUT


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _calls(
    incident: Incident, step: Step, *told: tuple[Action, tuple[str, ...]]
) -> tuple[Call, ...]:
    return tuple(
        Call(incident=incident, action=action, at=step.at, note=step.note, notifiers=names)
        for action, names in told
        if names
    )


# ---------------------------------------------------------------- in words
def _noted(
    incident: Incident, action: Action, at: datetime, note: str, *, is_told: bool = False
) -> Incident:
    step = Step(at=at, who=OURSELVES, action=action, note=note)
    return replace(
        incident,
        sequence=incident.sequence + is_told,
        timeline=(*incident.timeline, step),
    )


def _why_held(audience: _Audience) -> str:
    silence = audience.silence
    if silence is not None:
        return (
            f"{', '.join(audience.silenced)} not told until {_clock(silence.until)}: "
            f"silence {silence.id} by {silence.by}: {silence.reason}"
        )
    until = "" if audience.until is None else f" until {_clock(audience.until)}"
    return f"{', '.join(audience.quiet)} not told{until}: quiet hours"


def _told(audience: _Audience) -> str:
    told = f" ({', '.join(audience.free)})" if audience.free else ""
    held = f"; in quiet hours: {', '.join(audience.quiet)}" if audience.quiet else ""
    return f"{told}{held}" if told or held else ", whom no notifier reaches"


def goal_of(link: Link) -> str:
    """Return whom a link tells, in words: `managers, Mara, pager`."""
    return ", ".join((*([link.team] if link.team else []), *link.people, *link.notify))


def spelled(length: timedelta) -> str:
    """Return a length of time in its largest whole unit: `90 s`, `10 min`, `2 h`."""
    seconds = int(length.total_seconds())
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and not seconds % unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
