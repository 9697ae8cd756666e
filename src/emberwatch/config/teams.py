"""How the teams that answer are written, and what of them must fit together."""

from collections.abc import Iterator

from pydantic import ConfigDict, Field, model_validator

from emberwatch.config.duration import parse_duration
from emberwatch.config.tree import (
    Entries,
    Node,
    Text,
    Way,
    did_you_mean,
    items,
    names,
    shown,
)
from emberwatch.config.values import Duration, Form, Language, Name, refuse
from emberwatch.config.week import Hours, TimeZone, parse_spans, week
from emberwatch.model.alert import AlertKind
from emberwatch.model.team import Link, Person, ServiceLevels, Span, Team

WEEKS = ("hours", "on_call", "quiet_hours")
"""The keys of a team that hold hours of a week."""

WEEK = 7 * 24 * 60


class PersonForm(Form):
    """Somebody of a team."""

    name: Name
    """What the person is called, as in `incident acknowledge --by`."""
    languages: tuple[Language, ...] = ()
    """What the person reads: codes such as en or bg."""
    notifier: Name = ""
    """The notifier that reaches this person alone."""

    def person(self) -> Person:
        return Person(name=self.name, languages=self.languages, notifier=self.notifier)


class ServiceLevelsForm(Form):
    """Within what time, counted inside the team's hours, each is promised."""

    acknowledge: Duration | None = None
    """Until somebody takes it on."""
    first_response: Duration | None = None
    """Until the first answer."""
    resolve: Duration | None = None
    """Until it is resolved."""

    def levels(self) -> ServiceLevels:
        return ServiceLevels(
            acknowledge=self.acknowledge,
            first_response=self.first_response,
            resolve=self.resolve,
        )


class LinkForm(Form):
    """Whom to tell when nobody has acknowledged."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in ("team", "people", "notify")]}
    )

    after: Duration
    """How long after the team was told; each link later than the one before."""
    team: Name = ""
    """The team to tell."""
    people: tuple[Name, ...] = ()
    """People of this team to tell through their own notifiers."""
    notify: tuple[Name, ...] = ()
    """Notifiers to tell."""

    @model_validator(mode="after")
    def _tells_somebody(self) -> "LinkForm":
        if not (self.team or self.people or self.notify):
            raise refuse("needs whom to tell: a team, people or notify")
        return self

    def link(self) -> Link:
        return Link(after=self.after, team=self.team, people=self.people, notify=self.notify)


class TeamForm(Form):
    """Who answers, when, in what languages, and what is done when they do not."""

    name: Name
    """What it is called in brands, routes and escalations."""
    people: tuple[PersonForm, ...] = ()
    """Who is in it."""
    languages: tuple[Language, ...] = ()
    """What it answers in; without them, what its people read."""
    time_zone: TimeZone = "UTC"
    """Where it works, such as Europe/Sofia; its hours are by the clock on the wall there."""
    hours: tuple[Hours, ...] = ()
    """Its business hours, in which its service levels count; without them, always."""
    on_call: tuple[Hours, ...] = ()
    """When it is told; outside of them the next team on call or the fallback is. Else always."""
    quiet_hours: tuple[Hours, ...] = ()
    """When only what is critical reaches it; the rest is told when they end. Else never."""
    quiet_except: tuple[AlertKind, ...] = ()
    """Kinds that reach it in quiet hours all the same."""
    service_levels: ServiceLevelsForm = Field(default_factory=ServiceLevelsForm)
    """Within what time it promises to act."""
    notify: tuple[Name, ...] = ()
    """The notifiers that reach the team; without them, those of its people."""
    renotify: Duration | None = None
    """How often it is told again while nobody acknowledges; without it, never."""
    escalation: tuple[LinkForm, ...] = ()
    """Whom to tell, one after the other, while nobody acknowledges."""
    fallback: tuple[Name, ...] = ()
    """The notifiers to tell when neither it nor a team of its escalation is on call."""

    def team(self) -> Team:
        read = tuple(language for person in self.people for language in person.languages)
        return Team(
            name=self.name,
            people=tuple(form.person() for form in self.people),
            languages=self.languages or tuple(dict.fromkeys(read)),
            time_zone=self.time_zone,
            hours=week(self.hours),
            on_call=week(self.on_call),
            quiet_hours=week(self.quiet_hours),
            quiet_except=self.quiet_except,
            service_levels=self.service_levels.levels(),
            notify=self.notify,
            renotify=self.renotify,
            escalation=tuple(form.link() for form in self.escalation),
            fallback=self.fallback,
        )


Finding = tuple[Way, str]
"""What does not fit, and the way to it."""


def misfits(root: Node, teams: tuple[str, ...], notifiers: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what of the teams in a file does not fit together; what is no team is left out."""
    for position, team in items(root, "teams"):
        way: Way = ("teams", position)
        yield from _unknown_of(team, "notify", way, "notifier", notifiers)
        yield from _unknown_of(team, "fallback", way, "notifier", notifiers)
        for key in WEEKS:
            yield from _overlapping(team, key, (*way, key))
        yield from _endless(team, (*way, "quiet_hours"))
        reachable: dict[str, bool] = {}
        for index, person in items(team, "people"):
            yield from _person(person, (*way, "people", index), reachable, notifiers)
        for index, link in items(team, "escalation"):
            at = (*way, "escalation", index)
            yield from _link(team, link, at, teams, notifiers)
            yield from _people_of(link, at, reachable)
        yield from _order(team, way)
    if teams:
        for position, brand in items(root, "brands"):
            yield from _unknown(brand.get("team"), ("brands", position, "team"), "team", teams)
    themes = _themes(root)
    for position, route in items(root, "routes"):
        way = ("routes", position)
        yield from _unknown(route.get("team"), (*way, "team"), "team", teams)
        yield from _unknown_of(route, "themes", way, "theme", themes)
        yield from _overlapping(route, "hours", (*way, "hours"))


def _themes(root: Node) -> tuple[str, ...]:
    named = (
        _text(theme.get("name"))
        for _, brand in items(root, "brands")
        for _, theme in items(brand, "themes")
    )
    return tuple(dict.fromkeys(name for name in named if name))


def _endless(team: Entries, way: Way) -> Iterator[Finding]:
    minutes = sum(span.minutes for _, span in _spans(team, "quiet_hours"))
    if minutes >= WEEK:
        yield way, "never end: what they hold back would never be told"


def _person(
    person: Entries, way: Way, reachable: dict[str, bool], notifiers: tuple[str, ...]
) -> Iterator[Finding]:
    notifier = person.get("notifier")
    yield from _unknown(notifier, (*way, "notifier"), "notifier", notifiers)
    name = _text(person.get("name"))
    if name and name in reachable:
        yield (*way, "name"), f"the team has a person {shown(name)} already"
    reachable[name] = bool(_text(notifier))


def _link(
    team: Entries, link: Entries, way: Way, teams: tuple[str, ...], notifiers: tuple[str, ...]
) -> Iterator[Finding]:
    yield from _unknown_of(link, "notify", way, "notifier", notifiers)
    yield from _unknown(link.get("team"), (*way, "team"), "team", teams)
    name = _text(link.get("team"))
    if name and name == _text(team.get("name")):
        yield (*way, "team"), "a team does not escalate to itself: name another, or people"


def _people_of(link: Entries, way: Way, reachable: dict[str, bool]) -> Iterator[Finding]:
    for index, person in names(link, "people"):
        name, at = person.text.strip(), (*way, "people", index)
        if name not in reachable:
            hint = did_you_mean(name, tuple(reachable))
            yield at, f"the team has no person {shown(name)}{hint}"
        elif not reachable[name]:
            yield at, f"{shown(name)} cannot be told alone: give the person a notifier"


def _order(team: Entries, way: Way) -> Iterator[Finding]:
    before = None
    for index, link in items(team, "escalation"):
        try:
            after = parse_duration(_text(link.get("after")))
        except ValueError:
            continue  # the form of the link has said so
        if before is not None and after <= before:
            what = "comes no later than the link before it: links are told one after the other"
            yield (*way, "escalation", index, "after"), what
        before = after


def _overlapping(team: Entries, key: str, way: Way) -> Iterator[Finding]:
    spans = _spans(team, key)
    written = dict(names(team, key))
    told: set[int] = set()
    for position, (index, span) in enumerate(spans):
        clash = next((earlier for earlier, other in spans[:position] if span.overlaps(other)), None)
        if clash is not None and index not in told:
            told.add(index)
            yield (*way, index), f"overlaps with {shown(written[clash].text)}"


def _spans(team: Entries, key: str) -> list[tuple[int, Span]]:
    """Return the spans of a week, each with the position of its text."""
    found: list[tuple[int, Span]] = []
    for index, hours in names(team, key):
        try:
            found += [(index, span) for span in parse_spans(hours.text)]
        except ValueError:
            continue  # the form of the hours has said so
    return found


def _unknown_of(
    entry: Entries, key: str, way: Way, noun: str, known: tuple[str, ...]
) -> Iterator[Finding]:
    for index, name in names(entry, key):
        yield from _unknown(name, (*way, key, index), noun, known)


def _unknown(node: Node | None, way: Way, noun: str, known: tuple[str, ...]) -> Iterator[Finding]:
    wanted = _text(node)
    if wanted and wanted not in known:
        yield way, f"unknown {noun} {shown(wanted)}{did_you_mean(wanted, known)}"


def _text(node: Node | None) -> str:
    return node.text.strip() if isinstance(node, Text) else ""
