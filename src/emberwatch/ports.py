"""What the runtime needs from adapters: sources, scorers, notifiers, the store."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from emberwatch.core.read.politeness import Rate as Rate
from emberwatch.core.respond.background import AngryPosts
from emberwatch.core.respond.clocks import Told
from emberwatch.model.alert import Alert
from emberwatch.model.event import Unwatched
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Correction, Mention, Score, Voice
from emberwatch.model.notification import Notification, Owed
from emberwatch.model.post import Counters, Post, Remover
from emberwatch.model.silence import Silence

Cursor = Mapping[str, str]
"""Where a feed's next poll goes on; opaque to all but its source. Empty: never polled."""


# ---------------------------------------------------------------- the network, as sources see it
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a source asks the network for. `params` are appended to the URL, encoded.

    A `body` is posted; then no redirect is followed. `heeds` names the statuses of which the
    source makes something itself: they are answers, with their bodies, and not errors.
    """

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    body: bytes | None = None
    heeds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a site answered: decoded body, header names in lower case. `url` is the final one."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    received_at: datetime

    @property
    def is_unchanged(self) -> bool:
        """Whether the site says that nothing changed since the validators that we sent."""
        return self.status == 304


class Web(Protocol):
    """The guarded way to the network."""

    async def get(self, request: Request) -> Answer:
        """Fetch; raise `FeedUnavailable` or `FeedRefused` for all but 2xx, 304 and the heeded."""
        ...

    def listen(self, request: Request) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Listen to a WebSocket: messages until the site stops, or the block is left.

        `url` begins with http or https. Raise `FeedUnavailable` or `FeedRefused` as `get` does.
        """
        ...


# ---------------------------------------------------------------- sources
MAY_BE_EMPTY: Mapping[str, bool] = {"may_be_empty": True}
"""The `metadata` of a text among a plug-in's options that may be written empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A thread's root that we know of. `key`, `source`, `host` and `url` are as in `Post`.

    `feed` brought it. It has `size` reactions as far as we know, had not as many at `moved_at`,
    and `replies` of them were read (or stood there when its thread was last read). Its counters
    were last read at `counted_at`.
    """

    key: str
    native_id: str
    created_at: datetime
    source: str = ""
    host: str = ""
    feed: str = ""
    url: str | None = None
    size: int = 0
    replies: int = 0
    moved_at: datetime | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One reading of one feed, or a look at some of its threads.

    `cursor` is empty at the first poll; then `since` says how far back to read (None: only what
    the site shows at once). `unconditional` asks for a fetch without validators. `roots` are the
    threads that are followed, hottest first; in a look, those that are due. With `may_listen` the
    source may go on listening until nearly `every` has passed, where the site tells of news by
    itself.
    """

    feed: str
    now: datetime
    every: timedelta
    cursor: Cursor = field(default_factory=dict)
    since: datetime | None = None
    unconditional: bool = False
    roots: tuple[Root, ...] = ()
    may_listen: bool = False

    @property
    def is_first(self) -> bool:
        """Whether this feed was never read before."""
        return not self.cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A root's counters, read again.

    `every` is how long before they were read the last time; None: at the feed's last poll.
    """

    thread_id: str
    counters: Counters
    root_created_at: datetime
    every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A post that its site says was taken away, by its key (see `Post.key`)."""

    key: str
    by: Remover = Remover.SOMEBODY
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One committed step of a poll: posts, counters, and the cursor that goes with them.

    `listed` is how many posts the answer held before any were left out. `invalid` says of each
    post that made no sense which one and why. `rate` is what the site said of its limits.
    `threads` names (by key) the roots of which all replies are in this page. `gone` posts were
    taken away. `missed` roots (by key) were asked for, and the site answered that there is none:
    deleted, unless it shows single posts to nobody. `note` says what people should know of how the
    feed is read though nothing is wrong, such as that it is polled since its server cannot stream.
    `is_just_told`: the site told it by itself, a moment ago, whatever `seen_at` its posts bear.
    """

    posts: tuple[Post, ...] = ()
    counts: tuple[Count, ...] = ()
    threads: tuple[str, ...] = ()
    gone: tuple[Gone, ...] = ()
    missed: tuple[str, ...] = ()
    cursor: Cursor
    listed: int = 0
    is_unchanged: bool = False
    invalid: tuple[str, ...] = ()
    rate: Rate | None = None
    note: str = ""
    is_just_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What `source parse` shows of one recorded answer; `next` is the next request's parameters."""

    posts: tuple[Post, ...]
    next: Mapping[str, str] | None = None
    invalid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What a feed has used of a budget: money or a site's quota, until the budget starts anew.

    `is_used_up` says that the feed reads no more until then.
    """

    name: str
    used: float
    limit: float
    unit: str
    resets_at: datetime
    is_used_up: bool = False


@runtime_checkable
class Metered(Protocol):
    """A source that costs money or has a quota; `status` shows its meters, and they alarm."""

    def meters(self, cursor: Cursor, now: datetime) -> tuple[Meter, ...]:
        """Return how much of each budget is used, by what the feed's cursor remembers."""
        ...


class Source(Protocol):
    """A kind of site that we can read. Built as `SourceClass(options)`.

    `Options` is a frozen dataclass of the feed's `options`; it may have a `problems()` method that
    returns `(field, what is wrong)` pairs. `describe()` says what it can and cannot see.
    """

    kind: ClassVar[str]
    Options: ClassVar[type[Any]]

    def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield pages, oldest posts first where the site allows, each safe to commit alone."""
        ...

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one answer; pure but for a worker process; never invents a post."""
        ...

    def describe(self) -> str:
        """Say in a sentence or two what a feed of this kind can and cannot see."""
        ...


@runtime_checkable
class Follows(Protocol):
    """A source that can look again at threads that we know of."""

    def reaches(self, root: Root) -> bool:
        """Tell whether this feed can ask for a root of its kind."""
        ...

    def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the counters of `poll.roots` as they are now, and what is new in their threads.

        Unconditionally: an answer of *unchanged* may hide a storm. The web ends a look by raising
        `FeedUnavailable` when the site was asked often enough; what was yielded stands. Raise
        `FeedRefused` when the site shows us no single thread at all.
        """
        ...


# ---------------------------------------------------------------- scorers
@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text to score: the language that the site claims, and those that the brand expects."""

    text: str
    language: str | None = None
    expected: tuple[str, ...] = ()


class Scorer(Protocol):
    """A way of judging how posts sound.

    Built as `ScorerClass(options)` where the class declares `Options`, a frozen dataclass as that
    of a source, else as `ScorerClass()`. Raises `ScoringFailed` when it cannot be built.
    """

    kind: ClassVar[str]

    def score(self, texts: Sequence[Text]) -> list[Score]:
        """Return one score a text, in order; raise `ScoringFailed` if none can be had."""
        ...


# ---------------------------------------------------------------- notifiers
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receiver said, and the handle by which a later message can change this one."""

    answer: str
    handle: str = ""


class Notifier(Protocol):
    """A channel through which people are told. Built as `NotifierClass(options, outbound)`.

    `shows_latest` says that the channel holds one state of an incident: what an incident's later
    message has overtaken is then not sent any more, and each notification comes with the handle
    of the message before. `per_minute` is how many messages it is sent a minute unless the
    configuration says otherwise (None: any number). `takes_digests` says that people read it:
    what goes beyond the limit comes as one notification of type `digest`, whose payload is of
    the schema `emberwatch.digest/1`. A plug-in that declares neither is sent everything at once.
    """

    kind: ClassVar[str]
    Options: ClassVar[type[Any]]
    per_minute: ClassVar[int | None]
    takes_digests: ClassVar[bool]
    shows_latest: bool

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Send it once; `at` is the time of this try.

        Raise `DeliveryFailed` to be tried again, `DeliveryRefused` never to be.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to a receiver; redirects are never followed. `method` is POST, PUT or PATCH."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


class Outbound(Protocol):
    """The guarded way out for notifiers."""

    async def post(self, message: Outgoing) -> Answer:
        """Send it and return any answer (body cut at 64 kB); `DeliveryFailed` if none came."""
        ...

    async def locate(self, host: str, port: int) -> str:
        """Return an address of a host that may be connected to; `DeliveryFailed` if none may.

        For channels that speak something else than HTTP: they connect to this address, and to no
        name, so that what was checked is what is reached.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a notifier took of an incident: the newest `sequence`, and the newest handle."""

    sequence: int = 0
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try of the message `id` that counts for its notifier's limit.

    It was `taken_at` an instant, and began `at` that or a later one.
    """

    notifier: str
    id: str
    taken_at: datetime
    at: datetime


# ---------------------------------------------------------------- the store
@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is already stored of a post: enough to tell a repeat from an edit."""

    id: str
    seen_at: datetime
    text: str
    counters: Counters
    is_mention: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPost:
    """A post as it is kept, the feed that brought it first, and its mentions by brand.

    `counted` holds its counters as they were first read, where it is a root that had any. An
    erased one has neither text nor author.
    """

    post: Post
    feed: str
    mentions: tuple[Mention, ...] = ()
    counted: Counters | None = None
    is_erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCount:
    """A root's counters as they were read again at `at`; `feed` brought the root ("": unknown)."""

    at: datetime
    count: Count
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """A detector's state under one key, as the codec wrote it."""

    detector: str
    version: int
    key: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """How a feed is doing. `blind_since` is None while it is well; `why` says what is wrong.

    `note` says what should be known of how it is read though nothing is wrong.
    """

    feed: str
    source: str
    last_ok_at: datetime | None = None
    last_post_at: datetime | None = None
    blind_since: datetime | None = None
    why: str = ""
    failures: int = 0
    next_poll_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything that one batch changed; written whole or not at all.

    `edits` are posts already stored whose text, counters or edit time changed (mentions of them
    are in `mentions`, replacing the stored ones, or left out when the text is the same).
    `counts` go to the time series of their thread, with the time they were read. `states` holds
    the new body of each changed key, None to forget it. `orphans` are alerts that belong to no
    incident. `clock` is where time stands after the batch.
    """

    posts: tuple[Post, ...] = ()
    edits: tuple[Post, ...] = ()
    mentions: tuple[Mention, ...] = ()
    counts: tuple[tuple[datetime, Count], ...] = ()
    feed: str | None = None
    cursor: Cursor | None = None
    health: tuple[FeedHealth, ...] = ()
    states: Mapping[tuple[str, str], StoredState | None] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    orphans: tuple[Alert, ...] = ()
    notifications: tuple[Notification, ...] = ()
    quarantine: tuple[tuple[str, datetime, str], ...] = ()
    """(post id, when, traceback) of each mention that a rule crashed on."""
    deleted: tuple[tuple[str, datetime], ...] = ()
    """(post id, when) of each post whose text and author are forgotten, wherever they stand."""
    unwatched: tuple[Unwatched, ...] = ()
    """When brands began to be watched, and when they were not."""
    clock: datetime | None = None


class Reading(Protocol):
    """A consistent look at the store."""

    def clock(self) -> datetime | None:
        """Return where time stood after the last committed batch."""
        ...

    def known(self, ids: Sequence[str], uris: Sequence[str]) -> dict[str, Known]:
        """Return what is stored under these post ids and (keyed by uri) federated uris."""
        ...

    def threads(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the thread of each stored post that these keys (not ids) name, by key."""
        ...

    def standing(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the keys of the stored posts that these keys name and that have a text, by id."""
        ...

    def exhibiting(self, post_ids: Sequence[str]) -> tuple[Incident, ...]:
        """Return every incident in whose evidence one of these posts stands, oldest first, whole.

        Closed ones too.
        """
        ...

    def mentions(self, post_ids: Sequence[str], brand: str) -> dict[str, Mention]:
        """Return the brand's mentions of these posts, by post id."""
        ...

    def mentions_of(self, post: str) -> tuple[Mention, ...]:
        """Return every brand's mention of the post with this id or address, by brand."""
        ...

    def latest_mentions(
        self, *, brand: str | None = None, anger_from: float = 0.0, most: int = 20
    ) -> list[Mention]:
        """Return the newest mentions by `created_at`, newest first.

        With `anger_from` above 0, only those that the scorer found at least so angry.
        """
        ...

    def mentions_between(self, brand: str, since: datetime, until: datetime) -> Iterator[Mention]:
        """Yield a brand's mentions that were written from `since` on and before `until`.

        They come by `created_at`; those whose text is erased are left out.
        """
        ...

    def scored(
        self,
        *,
        brand: str | None = None,
        since: datetime | None = None,
        has_failed: bool = False,
        after: str | None = None,
        most: int = 500,
    ) -> list[Mention]:
        """Return every mention of up to `most` posts that still have a text, as they were stored.

        Only posts that were stored behind the one with the id `after`, and that have a mention
        which is of `brand`, was written at `since` or later, and (`has_failed`) has no score
        because its scorer failed. The mentions of one post stand together.
        """
        ...

    def count_scored(
        self,
        *,
        brand: str | None = None,
        since: datetime | None = None,
        has_failed: bool = False,
    ) -> int:
        """Return how many posts `scored` would come to in all."""
        ...

    def corrections(self, post_ids: Sequence[str] | None = None) -> list[Correction]:
        """Return what people said of these posts, or of all posts, oldest first."""
        ...

    def voices(
        self, brand: str, since: datetime, until: datetime, *, anger_from: float = 0.0
    ) -> list[Voice]:
        """Return who spoke of a brand from `since` and before `until`, by the time of writing.

        With `anger_from` above 0, only those who were at least so angry.
        """
        ...

    def states(self) -> Iterator[StoredState]:
        """Yield every detector's state."""
        ...

    def posts(self) -> Iterator[StoredPost]:
        """Yield every stored post, in the order in which they came."""
        ...

    def counts(self) -> Iterator[StoredCount]:
        """Yield the counters of roots that were read after their first reading, by time."""
        ...

    def unwatched(self) -> list[Unwatched]:
        """Return when brands were not watched, by the end of each time, then by brand.

        Minutes that follow each other are one time. An empty one (`since` equals `at`) tells when
        the watch of a brand began.
        """
        ...

    def cursor(self, feed: str) -> Cursor:
        """Return the feed's cursor, empty if it was never read."""
        ...

    def health(self) -> dict[str, FeedHealth]:
        """Return the health of every feed ever read."""
        ...

    def roots(self, created_after: datetime, moved_after: datetime, most: int) -> tuple[Root, ...]:
        """Return roots of threads that speak of a brand, hottest first.

        Only those created after one instant that came, or moved, after another. Hottest is which
        has most reactions for its age.
        """
        ...

    def gathering(self) -> tuple[Incident, ...]:
        """Return every incident that is not closed, oldest first, whole."""
        ...

    def latest(self, brand: str | None, subject: str) -> Incident | None:
        """Return the newest incident of a brand (of a subject, where brand is None), or None.

        A follow-up is none of the brand's: no storm follows it.
        """
        ...

    def follow_ups(self, due: datetime | None = None) -> tuple[Incident, ...]:
        """Return the incidents with a follow-up by `due` (None: any), soonest first."""
        ...

    def waking(self, due: datetime | None = None) -> tuple[Incident, ...]:
        """Return the incidents that time alone changes by `due` (None: ever), soonest first."""
        ...

    def silences(self, at: datetime | None = None) -> tuple[Silence, ...]:
        """Return the silences that hold at an instant (None: every one ever), oldest first."""
        ...

    def incident(self, id: str) -> Incident | None:
        """Return an incident by its id, or by an unambiguous beginning of it."""
        ...

    def incidents(
        self,
        *,
        opened_from: datetime | None = None,
        opened_to: datetime | None = None,
        closed_from: datetime | None = None,
        is_open: bool | None = None,
        brand: str | None = None,
        most: int | None = None,
    ) -> list[Incident]:
        """Return incidents, oldest first; `opened_from` and `opened_to` are inclusive.

        With `closed_from`, only those that are open, or were closed then or later.
        With `most`, only the newest so many.
        """
        ...

    def incident_of_alert(self, alert_id: str) -> str | None:
        """Return the id of the incident that already holds this alert."""
        ...

    def mentions_by(self, post: Post, brand: str, most: int) -> list[Mention]:
        """Return the latest mentions of a brand by the author of a post, latest first.

        An author is one of a server of a source; what was erased has none.
        """
        ...

    def angry_posts(self, brand: str, since: datetime) -> AngryPosts:
        """Count a brand's mentions with an anger of `ANGRY_FROM` and more, in all and by theme."""
        ...

    def speaking_of(
        self, brand: str, themes: Sequence[str], since: datetime, most: int
    ) -> list[Mention]:
        """Return the latest mentions of any of these themes that are not angry, latest first."""
        ...

    def notifications(
        self,
        *,
        state: str | None = None,
        notifier: str | None = None,
        told_by: str | None = None,
        most: int | None = None,
    ) -> list[Notification]:
        """Return notifications, oldest first; with `most`, only the newest so many."""
        ...

    def told(self, incident_ids: Sequence[str]) -> dict[str, Told]:
        """Return when people first were to be told of each of these incidents, and were told.

        Those of which no message was ever owed are left out.
        """
        ...

    def conversation(self, incident_id: str, notifier: str) -> Conversation:
        """Return what was delivered to a notifier of an incident."""
        ...

    def disabled(self) -> dict[str, str]:
        """Return the disabled notifiers, each with the reason."""
        ...

    def rests(self) -> dict[str, datetime]:
        """Return until when receivers last asked to be sent nothing, by notifier; also past."""
        ...

    def tries(self, since: datetime) -> list[Try]:
        """Return the tries that were counted at an instant or after it, oldest first."""
        ...

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return the notifiers for which `claim` would find something now, by name."""
        ...

    def owed(self, notifier: str, now: datetime, most: int) -> list[Owed]:
        """Return what `claim` would find for a notifier now, the gravest first, then the oldest."""
        ...

    def is_told(self, notifier: str, incident_id: str, sequence: int) -> bool:
        """Whether a notifier took this change of an incident, or is owed it and may take it yet."""
        ...

    def stranded(
        self,
        notifier: str,
        *,
        failing_since: datetime,
        since: datetime,
        most: int,
        is_left_alone: bool = False,
    ) -> list[Notification]:
        """Return what a notifier does not take and no other one was told yet, oldest first.

        That is everything owed since `since` that is dead or held; that was first tried at
        `failing_since` or before and still waits, or is told by a digest of which that is true;
        and, where nothing got through since such a first try, all that waits. Of a notifier that
        is left alone, because its receiver asked for time, also all that was due by then. Digests
        themselves, trials, and what a later state of its incident tells are left out.
        """
        ...

    def statistics(self, now: datetime) -> "Statistics":
        """Return what `status` shows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandStatistics:
    """A brand in the last 24 hours: mentions, those without an anger, angry weight, alerts.

    `failed` counts the mentions on which the scorer failed.
    """

    brand: str
    mentions: int
    not_judged: int
    angry_weight: float
    last_seen_at: datetime | None
    surge_since: datetime | None
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What `status` shows of a database.

    `oldest_waiting_at` leaves out what only waits for its turn: a message that was not tried yet
    while its notifier took others.
    """

    posts: int
    brands: tuple[BrandStatistics, ...]
    posts_by_feed: Mapping[str, int]
    waiting: int
    oldest_waiting_at: datetime | None
    dead: int
    quarantined: int
    bytes: int


class Writing(Reading, Protocol):
    """A transaction that holds the write lock from its beginning (BEGIN IMMEDIATE)."""

    def record(self, ledger: Ledger) -> None:
        """Write everything that a batch changed."""
        ...

    def rescore(self, mentions: Sequence[Mention]) -> int:
        """Replace the scores of stored mentions; return how many.

        Left out are mentions that are gone, and those whose post says something else by now.
        Nothing else changes: corrections, incidents, and what the detectors learnt.
        """
        ...

    def silence(self, silence: Silence) -> None:
        """Keep a silence, or replace the one with its id."""
        ...

    def correct(self, correction: Correction) -> bool:
        """Keep a person's verdict of a mention; False if no mention has this post id."""
        ...

    def uncorrect(self, post_id: str) -> bool:
        """Forget what a person said of a post; False if nobody said anything."""
        ...

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        most: int,
        notifier: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Notification]:
        """Take due notifications of enabled notifiers for the length of a lease, oldest first.

        What is taken and not settled comes back when its lease has passed. With `notifier`, only
        what is owed to that one is taken: a receiver that hangs must not stand before the others.
        With `ids`, only those.
        """
        ...

    def release(self) -> int:
        """Give back every lease, as after a process that is gone; return how many."""
        ...

    def settle(self, notification: Notification) -> None:
        """Write how a try ended and give back the lease.

        What a delivered or dead one told in the stead of others (`tell_by`) stands as it does; the
        tries of a digest count as theirs.
        """
        ...

    def count(self, tries: Sequence[Try], since: datetime, until: datetime) -> None:
        """Keep these tries, one that is known with its newest time; forget others but of between.

        A try after `until` is of a clock that was set back since.
        """
        ...

    def rest(self, notifier: str, until: datetime) -> None:
        """Note until when a receiver asked to be sent nothing."""
        ...

    def hurry(self, notifier: str, at: datetime, beyond: datetime) -> int:
        """Let a notifier that is back have at an instant what would come `beyond` another.

        That is what waits for another try and was first tried since anything got through to it:
        what fails beside others that do not keeps its own gaps, and so does what was first tried
        `beyond` that other instant, by a clock that was set back since: each success would hurry
        it. Return how many. To be called before the success that it rests on is settled.
        """
        ...

    def tell_by(self, ids: Sequence[str], id: str, why: str) -> None:
        """Let another message tell these in their stead: they are not due any more.

        They wait until it is settled. Their leases are given back; `why` is their last answer.
        """
        ...

    def hand_over(self, ids: Sequence[str], notifier: str) -> None:
        """Note that another notifier was told of these too."""
        ...

    def disable(self, notifier: str, at: datetime, why: str) -> None:
        """Stop sending through a notifier; its waiting notifications are held."""
        ...

    def enable(self, notifier: str, at: datetime) -> None:
        """Send through it again, beginning with what was held, now."""
        ...

    def revive(self, ids: Sequence[str], at: datetime) -> int:
        """Make dead (or delivered) notifications due again, under the same ids; return how many."""
        ...

    def purge(self, before: datetime, at: datetime) -> int:
        """Drop text and author of posts seen before an instant, everywhere; return how many.

        One call does a chunk, so that it holds the lock for a moment only: call it again, each
        time in a new transaction, until it returns 0.
        """
        ...


class Store(Protocol):
    """Where everything is kept. Each use is from one thread at a time."""

    def reading(self) -> AbstractContextManager[Reading]:
        """Open a consistent look. Raises `StoreBusy` or `StoreFailed`."""
        ...

    def writing(self) -> AbstractContextManager[Writing]:
        """Open a write transaction: committed at the end, rolled back when an exception leaves it.

        Raises `StoreBusy` (full, locked, read-only: nothing was written) or `StoreFailed`.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
