"""The parts of a configuration file: which keys each may hold."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from emberwatch.config.teams import TeamForm
from emberwatch.config.tree import shown
from emberwatch.config.values import (
    AtLeastOne,
    Backfill,
    Duration,
    FilePath,
    Form,
    Handle,
    Hashtag,
    Language,
    Name,
    NetworkText,
    PerMinute,
    Spoken,
    WebAddress,
    Written,
    by_default,
    refuse,
)
from emberwatch.config.week import Hours, TimeZone, week
from emberwatch.core.respond.playbook import Known, Stance
from emberwatch.core.respond.routing import Route
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand, Group, Theme
from emberwatch.model.incident import Severity

_GROUP = "<group>"
_WORD = "<word>"


class GroupForm(Form):
    """A boolean query: at least one of `any`, every one of `all`, not a single one of `none`."""

    any: tuple[Written, ...] = ()
    """At least one of these must be in the post."""
    all: tuple[Written, ...] = ()
    """Every one of these must be in the post."""
    none: tuple[Written, ...] = ()
    """Not a single one of these may be in the post."""

    @model_validator(mode="after")
    def _has_words(self) -> "GroupForm":
        if not self.any and not self.all:
            raise refuse("a group needs words under 'any' or 'all'")
        return self

    def group(self) -> Group:
        return Group(any=self.any, all=self.all, none=self.none)


def _word_or_group(value: object) -> str:
    return _GROUP if isinstance(value, dict) else _WORD


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


_Words = tuple[
    Annotated[
        Annotated[Written, Tag(_WORD)] | Annotated[GroupForm, Tag(_GROUP)],
        Discriminator(_word_or_group),
    ],
    ...,
]


def _alone(words: _Words) -> tuple[str, ...]:
    return tuple(word for word in words if isinstance(word, str))


def _groups(words: Iterable[str | GroupForm]) -> tuple[Group, ...]:
    return tuple(form.group() for form in words if isinstance(form, GroupForm))


class ThemeForm(Form):
    """A kind of complaint to count, to route by and to have notes for."""

    name: Name
    """What it is called in alerts, routes and commands."""
    words: Annotated[_Words, AtLeastOne] = Field(json_schema_extra={"minItems": 1})
    """Words, phrases and groups as a brand has them; a * at a word's end lets it go on."""

    def theme(self) -> Theme:
        return Theme(name=self.name, words=_alone(self.words), groups=_groups(self.words))


class BrandForm(Form):
    """What we watch for: a name, its spellings, what to ignore, the team that answers."""

    name: Name
    """What it is called in alerts and commands."""
    words: _Words = ()
    """Words and phrases, in any case; or groups: {any: [...], all: [...], none: [...]}."""
    groups: Annotated[tuple[GroupForm, ...], BeforeValidator(_as_list)] = ()
    """Groups, when they would rather stand apart from the words."""
    handles: tuple[Handle, ...] = ()
    """Accounts that posts speak to, such as "@acme"."""
    hashtags: tuple[Hashtag, ...] = ()
    """Hashtags, such as "#acme"."""
    exclude: tuple[Written, ...] = ()
    """A post that holds one of these is left out, whatever else it holds."""
    languages: tuple[Language, ...] = ()
    """What its customers write: codes such as en or bg."""
    team: Name = ""
    """Who answers; where there are teams, one of them."""
    false_alarms_per_month: float = Field(default=1.0, gt=0, le=10000)
    """The main knob: how many false alarms of anger it may cause in a month."""
    pile_on_floor: int = Field(default=300, ge=2, le=10**9)
    """Fewest voices in one thread that count as huge while there is no history."""
    quiet_after: Duration = by_default("6h")
    """An incident this long without a new alert is over; the next opens another."""
    themes: tuple[ThemeForm, ...] = ()
    """What people complain about, by the words for it."""

    @model_validator(mode="after")
    def _can_match(self) -> "BrandForm":
        if not (self.words or self.groups or self.handles or self.hashtags):
            raise refuse("needs words, handles or hashtags to be recognised by")
        excluded = {word.casefold() for word in self.exclude}
        for word in (*self.words, *self.handles, *self.hashtags):
            if isinstance(word, str) and word.casefold() in excluded:
                raise refuse(f"{shown(word)} is both watched for and excluded: it never matches")
        return self

    @model_validator(mode="after")
    def _tells_themes_apart(self) -> "BrandForm":
        names = [theme.name for theme in self.themes]
        for name in names:
            if names.count(name) > 1:
                raise refuse(f"two themes are called {shown(name)}: make one of them, or rename it")
        return self

    def brand(self) -> Brand:
        return Brand(
            name=self.name,
            words=_alone(self.words),
            groups=_groups((*self.words, *self.groups)),
            handles=self.handles,
            hashtags=self.hashtags,
            exclude=self.exclude,
            languages=self.languages,
            team=self.team,
            false_alarms_per_month=self.false_alarms_per_month,
            pile_on_floor=self.pile_on_floor,
            quiet_after=self.quiet_after,
            themes=tuple(form.theme() for form in self.themes),
        )


class FeedForm(Form):
    """One reading of a site; what `options` may hold depends on the source."""

    name: Name
    """What it is called in alerts and commands."""
    source: Name
    """The kind of site to read."""
    options: dict[str, object] = Field(default_factory=dict)
    """What the source needs to know."""
    every: Duration = by_default("5m")
    """How often it is read."""
    brands: tuple[Name, ...] = ()
    """The brands to look for in it; without them, all."""
    backfill: Backfill = by_default("7d")
    """How far back the first reading goes, to learn what is normal; or none."""


class NotifierForm(Form):
    """A channel through which people are told; further keys depend on its kind."""

    model_config = ConfigDict(extra="allow")

    name: Name
    """What it is called in routes and commands."""
    kind: Name
    """The kind of channel."""
    per_minute: PerMinute | None = None
    """How many messages a minute it is sent at most, or none; by default what suits its kind."""
    fallback: Name | None = None
    """The notifier that is told what this one does not take."""


def _as_mapping(value: object) -> object:
    """Take a scorer's name alone for a mapping without options."""
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, dict):
        return value
    raise refuse("expected a scorer such as auto, or a mapping such as {kind: auto}")


class ScorerForm(Form):
    """What judges how posts sound; further keys depend on its kind."""

    model_config = ConfigDict(extra="allow")

    kind: Name
    """The kind of scorer."""


class RouteForm(Form):
    """Sends some incidents to a team, to notifiers or to both; without a condition: any."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["team"]}, {"required": ["notify"]}]}
    )

    brands: tuple[Name, ...] = ()
    """The brands it is for; without them, any."""
    kinds: tuple[AlertKind, ...] = ()
    """The kinds of alert it is for; without them, any but surge."""
    themes: tuple[Name, ...] = ()
    """The themes it is for; without them, any and none."""
    languages: tuple[Language, ...] = ()
    """The languages of the posts it is for; without them, any."""
    severity: Severity = Severity.INFO
    """The least severity it is for: info, warning, high or critical."""
    hours: tuple[Hours, ...] = ()
    """When it holds, such as mon-fri 09:00-18:00; without them, always."""
    time_zone: TimeZone = ""
    """Where its hours are; without it, where its team is, else UTC."""
    team: Name = ""
    """The team that owns such an incident, and is told."""
    notify: Annotated[tuple[Name, ...], AtLeastOne] = Field(
        default=(), json_schema_extra={"minItems": 1}
    )
    """The names of the notifiers to tell."""

    @model_validator(mode="after")
    def _tells_somebody(self) -> "RouteForm":
        if not (self.team or self.notify):
            raise refuse("needs whom to tell: a team or notify")
        return self

    def route(self) -> Route:
        return Route(
            brands=self.brands,
            kinds=self.kinds,
            themes=self.themes,
            languages=self.languages,
            severity=self.severity,
            hours=week(self.hours),
            time_zone=self.time_zone,
            team=self.team,
            notify=self.notify,
        )


class NoteForm(Form):
    """A known problem or a policy of yours: matched by words or theme, shown in the brief."""

    name: Name
    """What it is called."""
    words: tuple[Spoken, ...] = ()
    """Words or phrases of posts that it speaks of."""
    themes: tuple[Name, ...] = ()
    """Themes that it speaks of, by name."""
    text: Written
    """The facts, the way around, the policy."""
    link: WebAddress | None = None
    """Where more is to be read: a status page, a policy."""

    @model_validator(mode="after")
    def _can_match(self) -> "NoteForm":
        if not (self.words or self.themes):
            raise refuse("needs words or themes to be found by")
        return self

    def note(self) -> Known:
        return Known(
            name=self.name, words=self.words, themes=self.themes, text=self.text, url=self.link
        )


class PlaybookSettingsForm(Form):
    """What to advise the people who answer."""

    file: FilePath | None = None
    """A playbook of your own: its rules are added to ours, or replace them."""
    stance: Stance = Stance.BALANCED
    """How far to go towards a customer: generous, balanced or firm."""
    notes: tuple[NoteForm, ...] = ()
    """Known problems and policies, put beside the trouble that they fit."""


class NetworkForm(Form):
    """The private ranges that feeds and receivers may lie in."""

    allow: tuple[NetworkText, ...] = ()
    """Private ranges that feeds and receivers may lie in."""
    ca: FilePath | None = None
    """A file of certificates (PEM) to trust beside the usual ones: an authority of your own."""


class HeartbeatForm(Form):
    """An address called only while feeds are fresh and the outbox moves."""

    model_config = ConfigDict(extra="allow")

    every: Duration = by_default("1m")
    """How often the address is called."""


class Document(Form):
    """The whole file."""

    database: FilePath = by_default("emberwatch.db")
    """Where everything is kept."""
    network: NetworkForm = Field(default_factory=NetworkForm)
    """Where the network may lead."""
    scorer: Annotated[ScorerForm, BeforeValidator(_as_mapping)] = Field(
        default="auto", validate_default=True
    )
    """What judges how posts sound: its kind, or a mapping of its kind and its options."""
    brands: Annotated[tuple[BrandForm, ...], AtLeastOne] = Field(json_schema_extra={"minItems": 1})
    """What we watch for."""
    feeds: tuple[FeedForm, ...] = ()
    """What is read."""
    notifiers: tuple[NotifierForm, ...] = ()
    """Through what people are told."""
    routes: tuple[RouteForm, ...] = ()
    """Who is told of what; what no route takes goes to the brand's team, else to everybody."""
    teams: tuple[TeamForm, ...] = ()
    """Who answers, when, and who is told when they do not."""
    retention: Duration = by_default("90d")
    """How long the text and author of a post are kept."""
    playbook: PlaybookSettingsForm = Field(default_factory=PlaybookSettingsForm)
    """What to advise the people who answer."""
    heartbeat: HeartbeatForm | None = None
    """An address called only while all is well."""
