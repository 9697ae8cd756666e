"""The trouble that people work on."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.sign import Sign, SignKind

_WORTH_A_LANGUAGE = 0.2

REPLAY = "replay"
"""Who opens the incidents of a replay."""


class Status(StrEnum):
    """How far people have come with it; only a person changes it, save for our own troubles."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESPONDED = "responded"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"

    @property
    def is_closed(self) -> bool:
        """Whether nobody works on it any more."""
        return self in (Status.RESOLVED, Status.DISMISSED)


class Severity(StrEnum):
    """How much it matters, least first."""

    INFO = "info"
    WARNING = "warning"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 3 for critical."""
        return list(Severity).index(self)


class Action(StrEnum):
    """What the data, people or (the last four) the clock do with an incident."""

    OPENED = "opened"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    RESPONDED = "responded"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"
    REOPENED = "reopened"
    ASSIGNED = "assigned"
    NOTED = "noted"
    ESCALATED = "escalated"
    """Nobody acknowledged in time: the next link of the escalation was told."""
    REMINDED = "reminded"
    """Nobody acknowledged: those who know were told again."""
    HELD = "held"
    """Somebody is not told now: quiet hours, or a silence."""
    TOLD = "told"
    """Quiet hours or a silence are over: what was held is told."""


class Resolution(StrEnum):
    """What was done for the customer in the end (advice A5)."""

    APOLOGY = "apology"
    REFUND = "refund"
    REPLACEMENT = "replacement"
    EXTRA = "extra"
    LET_GO = "let_go"
    POLICY_CHANGED = "policy_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How an incident waits for people: who knows of it, who is still to be told, and when.

    `told` are the notifiers that heard of it; news go to them, whatever the routes say by then.
    `withheld` are those that quiet hours keep from its current state, `silenced` those that a
    silence does. `since` is when people knew and nobody had acknowledged: from then the escalation
    counts (None: nobody is waited for). `links` of the escalation were told; `told_at` is when
    anybody was last told. Nothing changes before `wakes_at` (None: by time alone, never).
    """

    told: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()
    since: datetime | None = None
    links: int = 0
    told_at: datetime | None = None
    wakes_at: datetime | None = None


NOT_WAITING = Waiting()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of an incident's timeline.

    `who` is a person's name, or `emberwatch`; a replay that opened an incident is named as such.
    """

    at: datetime
    who: str
    action: Action
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A post as it was when we rang, frozen with the incident.

    `why` holds the words that weighed most in its score, `signs` what asks for a certain answer,
    `themes` the user's themes that it is of.
    """

    post_id: str
    author: str
    followers: int | None
    created_at: datetime
    url: str | None
    language: str | None
    text: str
    sentiment: float | None
    anger: float | None
    matched: str
    thread_id: str
    why: tuple[str, ...] = ()
    signs: tuple[Sign, ...] = ()
    themes: tuple[str, ...] = ()

    @property
    def is_forgotten(self) -> bool:
        """Whether its words and its author were forgotten, since it was deleted or grew too old."""
        return not self.text and not self.author

    @property
    def is_threat(self) -> bool:
        """Whether it holds out court, press, a regulator or violence."""
        return any(sign.kind is SignKind.THREAT for sign in self.signs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """An earlier incident in whose evidence an author stands, and what was done then."""

    incident_id: str
    opened_at: datetime
    status: Status
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What an author said of the brand before the trouble, and what was done then (advice A14).

    `posts` counts theirs, `angry_posts` the angry ones; `anger` is their mean anger, None where
    none was measured. `reach` are the most followers ever seen. `encounters` are the incidents
    that they stood in, the latest first, and `earlier` their last few posts. It names nobody: the
    author is that of the post that began the trouble.
    """

    posts: int
    angry_posts: int
    anger: float | None
    first_at: datetime
    last_at: datetime
    reach: int | None = None
    encounters: tuple[Encounter, ...] = ()
    earlier: tuple[Exhibit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A theme that keeps coming back: the policy behind it is to be mended (rule R11).

    In the 30 days before: so many `incidents` were of it, this one among them, and so many
    `angry_posts`, which are that `share` 0..1 of the brand's. `examples` are posts of it.
    """

    theme: str
    incidents: int
    angry_posts: int
    share: float
    examples: tuple[Exhibit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble of one brand (or of our own watch), from its first alert to its end.

    `alerts` are in the order in which they first rang; `severity` never falls while the incident
    lives. `sequence` counts what was told about it, from 1. `previous_id` names the incident
    that this one follows. Clocks run from `first_post_at`, the first post's own timestamp.
    `hand_offs` counts how often one owner passed it on to another (advice A1, rule R2).
    `is_our_mistake` is what people said of it; at `follow_up_at` the customer is to be asked
    again (advice A16, rule R14). `themes` names the user's themes of its angry posts, the one
    that causes the most anger first (advice A7). `team` is the one that owns it (rule R2).
    `unseen_at` is the last reading that did not show what was seen at `first_seen_at`.
    `acknowledge_by`, `respond_by` and `resolve_by` are what was promised when it opened; None:
    nothing was. `history` is that of the author who began it, `recurring` are the themes that
    keep coming back, and `affected` posts of people who speak of the same and are not angry yet
    (rule R10).
    """

    id: str
    brand: str | None
    subject: str
    status: Status = Status.OPEN
    severity: Severity
    opened_at: datetime
    last_alert_at: datetime
    first_post_at: datetime | None = None
    first_seen_at: datetime | None = None
    unseen_at: datetime | None = None
    acknowledged_at: datetime | None = None
    responded_at: datetime | None = None
    closed_at: datetime | None = None
    owner: str = ""
    resolution: Resolution | None = None
    answer_url: str | None = None
    previous_id: str | None = None
    hand_offs: int = 0
    is_our_mistake: bool | None = None
    follow_up_at: datetime | None = None
    acknowledge_by: datetime | None = None
    respond_by: datetime | None = None
    resolve_by: datetime | None = None
    sequence: int = 0
    alerts: tuple[Alert, ...]
    exhibits: tuple[Exhibit, ...] = ()
    timeline: tuple[Step, ...] = field(default=())
    themes: tuple[str, ...] = ()
    team: str = ""
    waiting: Waiting = NOT_WAITING
    history: History | None = None
    recurring: tuple[Recurrence, ...] = ()
    affected: tuple[Exhibit, ...] = ()

    def __post_init__(self) -> None:
        if not self.alerts:
            raise ValueError(f"incident {self.id!r}: an incident has at least one alert")

    @property
    def kind(self) -> AlertKind:
        """What it began with."""
        return self.alerts[0].kind

    @property
    def kinds(self) -> tuple[AlertKind, ...]:
        """Everything it became, in the order in which it became so."""
        return tuple(dict.fromkeys(alert.kind for alert in self.alerts))

    @property
    def fire(self) -> Fire:
        """The hottest state among its alerts; volume alone never hides how the anger goes."""
        grave = [each for each in self.alerts if each.kind is not AlertKind.SURGE] or self.alerts
        hottest = min(list(Fire).index(alert.fire) for alert in grave)
        return list(Fire)[hottest]

    @property
    def is_a_storm(self) -> bool:
        """Whether it is a trouble of a brand, and not the reminder of an old one or of our own."""
        return self.brand is not None and self.kind is not AlertKind.FOLLOW_UP_DUE

    @property
    def is_replayed(self) -> bool:
        """Whether a replay opened it, by the clock of its file; people act by their own."""
        return any(step.action is Action.OPENED and step.who == REPLAY for step in self.timeline)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its posts, most frequent first: those of at least one in five.

        One post in thirty that was judged by another language makes no incident of that language.
        """
        known = Counter(post.language for post in self.exhibits if post.language is not None)
        least = known.total() * _WORTH_A_LANGUAGE
        return tuple(language for language, count in known.most_common() if count >= least)

    @property
    def gathers(self) -> bool:
        """Whether a further alert of the same trouble may still join it."""
        return not self.status.is_closed
