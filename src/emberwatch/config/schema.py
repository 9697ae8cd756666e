"""What a configuration comes to: the frozen values that the runtime works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from emberwatch.core.respond.playbook import Known, Stance
from emberwatch.core.respond.routing import Route
from emberwatch.model.brand import Brand
from emberwatch.model.secret import Secret
from emberwatch.model.team import Team

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIns:
    """What a configuration may name: the class of each kind of source, notifier and scorer.

    Each class has a frozen dataclass `Options`; a scorer may do without. Looking a kind up may
    raise `ConfigError`, with the reason why that plug-in cannot be used.
    """

    sources: Mapping[str, type]
    notifiers: Mapping[str, type]
    scorers: Mapping[str, type] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """One configured reading of a site.

    `source` is the kind of site and `options` an instance of that source's `Options`. Empty
    `brands` mean all of them. `backfill` is how far back the first poll reads; None: only what
    the site shows at once.
    """

    name: str
    source: str
    options: object
    every: timedelta
    brands: tuple[str, ...] = ()
    backfill: timedelta | None = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many messages a minute; None: any number."""

    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """One configured channel; `options` is an instance of the `Options` of its kind.

    `per_minute` is its limit, None where nothing was said of one: then that of its kind holds.
    `fallback` names the notifier that stands in for it ("": none).
    """

    name: str
    kind: str
    options: object
    per_minute: Limit | None = None
    fallback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSettings:
    """What judges the posts; `options` is an instance of the `Options` of its kind.

    None where its kind has no options, or where nothing was said of any.
    """

    kind: str = "auto"
    options: object | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Where to call, and how often, while feeds are fresh and the outbox moves."""

    url: Secret
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookSettings:
    """How far to go towards customers, the user's own rules, and what they know of problems."""

    file: Path | None = None
    stance: Stance = Stance.BALANCED
    notes: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration, checked.

    `path` (absolute) is the file it was read from and `database` (absolute) the one it names.
    `networks` are the private ranges that feeds and receivers may lie in, `ca` a file of further
    certificates to trust. Posts older than `retention` lose their text and author.
    """

    path: Path
    database: Path
    networks: tuple[Network, ...] = ()
    ca: Path | None = None
    scorer: ScorerSettings = ScorerSettings()
    brands: tuple[Brand, ...]
    feeds: tuple[FeedSettings, ...] = ()
    notifiers: tuple[NotifierSettings, ...] = ()
    routes: tuple[Route, ...] = ()
    teams: tuple[Team, ...] = ()
    retention: timedelta = timedelta(days=90)
    playbook: PlaybookSettings = PlaybookSettings()
    heartbeat: Heartbeat | None = None

    def feeds_of(self, brand: str) -> tuple[FeedSettings, ...]:
        """Return the feeds that are read for a brand, in the order of the file."""
        return tuple(feed for feed in self.feeds if not feed.brands or brand in feed.brands)
