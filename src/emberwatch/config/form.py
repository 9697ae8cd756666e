"""The parts of a configuration file: which keys each may hold."""

from typing import Annotated

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

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
    Written,
    by_default,
    refuse,
)
from emberwatch.core.respond.routing import Route
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand, Group

_GROUP = "<group>"
_WORD = "<word>"


class GroupForm(Form):
    """A boolean query: at least one of `any`, every one of `all`, not a single one of `none`."""

    any: tuple[Written, ...] = ()
    all: tuple[Written, ...] = ()
    none: tuple[Written, ...] = ()

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


class BrandForm(Form):
    """What we watch for: a name, its spellings, what to ignore, the team that answers."""

    name: Name
    words: tuple[
        Annotated[
            Annotated[Written, Tag(_WORD)] | Annotated[GroupForm, Tag(_GROUP)],
            Discriminator(_word_or_group),
        ],
        ...,
    ] = ()
    groups: Annotated[tuple[GroupForm, ...], BeforeValidator(_as_list)] = ()
    handles: tuple[Handle, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    exclude: tuple[Written, ...] = ()
    languages: tuple[Language, ...] = ()
    team: Name = ""
    false_alarms_per_month: float = Field(default=1.0, gt=0, le=10000)
    pile_on_floor: int = Field(default=300, ge=2, le=10**9)
    quiet_after: Duration = by_default("6h")

    @model_validator(mode="after")
    def _can_match(self) -> "BrandForm":
        if not (self.words or self.groups or self.handles or self.hashtags):
            raise refuse("needs words, handles or hashtags to be recognised by")
        excluded = {word.casefold() for word in self.exclude}
        for word in (*self.words, *self.handles, *self.hashtags):
            if isinstance(word, str) and word.casefold() in excluded:
                raise refuse(f"{shown(word)} is both watched for and excluded: it never matches")
        return self

    def brand(self) -> Brand:
        return Brand(
            name=self.name,
            words=tuple(word for word in self.words if isinstance(word, str)),
            groups=tuple(
                form.group() for form in (*self.words, *self.groups) if isinstance(form, GroupForm)
            ),
            handles=self.handles,
            hashtags=self.hashtags,
            exclude=self.exclude,
            languages=self.languages,
            team=self.team,
            false_alarms_per_month=self.false_alarms_per_month,
            pile_on_floor=self.pile_on_floor,
            quiet_after=self.quiet_after,
        )


class FeedForm(Form):
    """One reading of a site; what `options` may hold depends on the source."""

    name: Name
    source: Name
    options: dict[str, object] = Field(default_factory=dict)
    every: Duration = by_default("5m")
    brands: tuple[Name, ...] = ()
    backfill: Backfill = by_default("7d")


class NotifierForm(Form):
    """A channel through which people are told; further keys depend on its kind."""

    model_config = ConfigDict(extra="allow")

    name: Name
    kind: Name


class RouteForm(Form):
    """Sends some incidents to some notifiers; without brands or kinds: any."""

    brands: tuple[Name, ...] = ()
    kinds: tuple[AlertKind, ...] = ()
    notify: Annotated[tuple[Name, ...], AtLeastOne] = Field(json_schema_extra={"minItems": 1})

    def route(self) -> Route:
        return Route(brands=self.brands, kinds=self.kinds, notify=self.notify)


class NetworkForm(Form):
    """The private ranges that feeds and receivers may lie in."""

    allow: tuple[NetworkText, ...] = ()


class HeartbeatForm(Form):
    """An address called only while feeds are fresh and the outbox moves."""

    model_config = ConfigDict(extra="allow")

    every: Duration = by_default("1m")


class Document(Form):
    """The whole file."""

    database: FilePath = by_default("emberwatch.db")
    network: NetworkForm = Field(default_factory=NetworkForm)
    brands: Annotated[tuple[BrandForm, ...], AtLeastOne] = Field(json_schema_extra={"minItems": 1})
    feeds: tuple[FeedForm, ...] = ()
    notifiers: tuple[NotifierForm, ...] = ()
    routes: tuple[RouteForm, ...] = ()
    retention: Duration = by_default("90d")
    heartbeat: HeartbeatForm | None = None
