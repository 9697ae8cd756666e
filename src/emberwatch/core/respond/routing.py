"""Who is told of an incident, through what, and why."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from emberwatch.core.respond.hours import WeeklyHours
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.incident import Incident, Severity
from emberwatch.model.team import Link, Person, Span, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Sends some incidents to a team, to notifiers, or to both. Empty conditions mean any.

    Of `brands`, `kinds`, `themes` and `languages` one of the incident's must be named; `severity`
    is the least; `hours` are those of the week in `time_zone` (empty: that of its team, else UTC)
    in which it holds. A route without `kinds` leaves surges out: volume alone is nobody's trouble
    unless asked for.
    """

    brands: tuple[str, ...] = ()
    kinds: tuple[AlertKind, ...] = ()
    themes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    severity: Severity = Severity.INFO
    hours: tuple[Span, ...] = ()
    time_zone: str = ""
    team: str = ""
    notify: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.team or self.notify):
            raise ValueError("a route needs a team or notifiers to tell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody who can be told, and the rules by which they are.

    `notifiers` are the configured ones, in their order; where there are none nobody is told.
    """

    routes: tuple[Route, ...] = ()
    notifiers: tuple[str, ...] = ()
    teams: Mapping[str, Team] = field(default_factory=dict)
    brands: Mapping[str, Brand] = field(default_factory=dict)

    def team_of(self, notifier: str) -> str:
        """Return the first team that a notifier reaches, or one of whose people; else nothing."""
        for name, team in self.teams.items():
            if notifier in (*team.notify, *(person.notifier for person in team.people)):
                return name
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A notifier that is to be told, and why.

    `team` is the one on whose behalf, whose quiet hours hold ("": nobody's); `person` whom the
    notifier reaches alone ("": all who read it).
    """

    notifier: str
    team: str = ""
    person: str = ""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who is told of an incident at an instant, who owns it, and why, rule by rule."""

    team: str = ""
    recipients: tuple[Recipient, ...] = ()
    reasons: tuple[str, ...] = ()


def decide(directory: Directory, incident: Incident, at: datetime) -> Decision:
    """Return who is told of an incident at an instant, in the order of the configuration.

    Everybody whom a route that takes it names. An incident that no route takes goes to the team
    of its brand, and where that cannot be reached to every notifier: an alert that nobody gets is
    worse than one too many. A surge alone goes only where a route asks for it by name. The first
    team that a route names owns the incident, else that of its brand.
    """
    found: list[Recipient] = []
    reasons: list[str] = []
    owner = ""
    for number, route in enumerate(directory.routes, 1):
        name = f"route {number}"
        miss = _miss(directory, route, incident, at)
        if miss:
            reasons.append(f"{name} does not take it: {miss}")
            continue
        reasons.append(f"{name} takes it: {_goal(route)}")
        found += [Recipient(notifier=each, why=name) for each in route.notify]
        team = directory.teams.get(route.team)
        if team is not None:
            owner = owner or team.name
            found += _reach(directory, team, incident, at, name, reasons)
    brand = directory.brands.get(incident.brand or "")
    owner = owner or (brand.team if brand else "")
    if not _ordered(directory, found) and incident.kinds == (AlertKind.SURGE,):
        reasons.append("mere volume goes only where a route asks for it by name")
        return Decision(team=owner, reasons=tuple(reasons))
    brands_own = directory.teams.get(brand.team) if brand else None
    if not _ordered(directory, found) and brands_own is not None:
        why = f"{brands_own.name} answers for {incident.brand}"
        reasons.append(f"nobody is told by a route: {why}")
        found += _reach(directory, brands_own, incident, at, why, reasons)
    if not _ordered(directory, found):
        reasons.append("nobody is named for it: everybody is told")
        found += [Recipient(notifier=each, why="everybody") for each in directory.notifiers]
    return Decision(team=owner, recipients=_ordered(directory, found), reasons=tuple(reasons))


def of_link(
    directory: Directory, team: Team, link: Link, incident: Incident, at: datetime
) -> Decision:
    """Return whom a link of a team's escalation tells."""
    reasons: list[str] = []
    found = [Recipient(notifier=each, why="escalation") for each in link.notify]
    found += [
        Recipient(notifier=person.notifier, team=team.name, person=person.name, why="escalation")
        for person in team.people
        if person.name in link.people and person.notifier
    ]
    next_team = directory.teams.get(link.team)
    if next_team is not None:
        found += _reach(directory, next_team, incident, at, "escalation", reasons)
    return Decision(
        team=link.team or team.name,
        recipients=_ordered(directory, found),
        reasons=tuple(reasons),
    )


def quiet_until(
    directory: Directory, recipient: Recipient, incident: Incident, at: datetime
) -> datetime | None:
    """Return until when quiet hours keep an incident from somebody; None: they do not."""
    team = directory.teams.get(recipient.team)
    if team is None or not team.quiet_hours or incident.severity is Severity.CRITICAL:
        return None
    if any(kind in team.quiet_except for kind in incident.kinds):
        return None
    quiet = WeeklyHours(time_zone=team.time_zone, spans=team.quiet_hours)
    return quiet.next_closing(at) if quiet.covers(at) else None


def unreached(
    directory: Directory, disabled: Container[str], stand_ins: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the teams of which nobody hears anything: all their notifiers are disabled.

    `stand_ins` names the fallback of each notifier that has one.
    """

    def is_heard(notifier: str) -> bool:
        tried: set[str] = set()
        while notifier and notifier not in tried:
            if notifier not in disabled:
                return True
            tried.add(notifier)
            notifier = stand_ins.get(notifier, "")
        return False

    return tuple(
        name
        for name, team in directory.teams.items()
        if (own := team.notifiers) and not any(map(is_heard, own))
    )


def _miss(directory: Directory, route: Route, incident: Incident, at: datetime) -> str:
    """Return why a route does not take an incident; empty if it does."""
    kinds = route.kinds or tuple(kind for kind in AlertKind if kind is not AlertKind.SURGE)
    asked: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
        ("brand", route.brands, (incident.brand,) if incident.brand else ()),
        ("kind", kinds, incident.kinds),
        ("theme", route.themes, incident.themes),
        ("language", route.languages, incident.languages),
    )
    for noun, wanted, got in asked:
        if wanted and not set(wanted) & set(got):
            return f"{noun} is {_or(got) or 'none'}, not {_or(wanted)}"
    if incident.severity.rank < route.severity.rank:
        return f"severity is {incident.severity}, below {route.severity}"
    if not _hours(directory, route).covers(at):
        return "it does not hold at this time"
    return ""


def _hours(directory: Directory, route: Route) -> WeeklyHours:
    team = directory.teams.get(route.team)
    zone = route.time_zone or (team.time_zone if team else "UTC")
    return WeeklyHours(time_zone=zone, spans=route.hours)


def _goal(route: Route) -> str:
    told = ", ".join(route.notify)
    return f"team {route.team}{f' and {told}' if told else ''}" if route.team else told


def _reach(
    directory: Directory,
    team: Team,
    incident: Incident,
    at: datetime,
    why: str,
    reasons: list[str],
) -> list[Recipient]:
    """Return how a team is told, or who stands in for it outside of its on-call hours."""
    if _is_on_call(team, at):
        return _channels(team, incident, why, reasons)
    away = f"{team.name} is not on call"
    teams = (directory.teams.get(link.team) for link in team.escalation)
    stand_in = next((each for each in teams if each and _is_on_call(each, at)), None)
    if stand_in is not None:
        reasons.append(f"{away}: {stand_in.name}, next of its escalation, is told in its place")
        return _channels(stand_in, incident, f"in place of {team.name}", reasons)
    if team.fallback:
        reasons.append(f"{away}, nor is anybody of its escalation: its fallback is told")
        return [Recipient(notifier=each, why=f"fallback of {team.name}") for each in team.fallback]
    reasons.append(f"{away}, nor is anybody of its escalation: it is told all the same")
    return _channels(team, incident, why, reasons)


def _is_on_call(team: Team, at: datetime) -> bool:
    return WeeklyHours(time_zone=team.time_zone, spans=team.on_call).covers(at)


def _channels(team: Team, incident: Incident, why: str, reasons: list[str]) -> list[Recipient]:
    """Return the team's own notifiers, or those of its people who read the posts (rule R2)."""
    if team.notify:
        return [Recipient(notifier=each, team=team.name, why=why) for each in team.notify]
    readers = [person for person in team.readers(incident.languages) if person.notifier]
    if readers:
        reasons.append(f"of {team.name}, {_people(readers)} {_or(incident.languages)}")
    told = readers or [person for person in team.people if person.notifier]
    if not told:
        reasons.append(f"{team.name} has no notifier")
    return [
        Recipient(notifier=person.notifier, team=team.name, person=person.name, why=why)
        for person in told
    ]


def _people(readers: list[Person]) -> str:
    names = " and ".join(person.name for person in readers)
    return f"{names} reads" if len(readers) == 1 else f"{names} read"


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _ordered(directory: Directory, found: list[Recipient]) -> tuple[Recipient, ...]:
    """Return each notifier once, in the order of the configuration.

    What somebody is told on nobody's behalf no quiet hours hold, so that goes first.
    """
    return tuple(_once(directory, sorted(found, key=lambda each: bool(each.team))))


def _once(directory: Directory, found: list[Recipient]) -> Iterator[Recipient]:
    for notifier in directory.notifiers:
        mine = next((each for each in found if each.notifier == notifier), None)
        if mine is not None:
            yield mine
