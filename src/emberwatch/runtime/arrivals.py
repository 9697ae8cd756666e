"""What one step of the watch brings, and what the writer made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from emberwatch.model.alert import Alert
from emberwatch.model.event import FeedRead, PartChecked
from emberwatch.model.incident import Incident
from emberwatch.model.post import Post
from emberwatch.ports import Count, Cursor, Gone

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What one step of the watch brought: a page of a feed, a word about our own parts, or time.

    `at` is our clock. `brands` limits which brands the posts are matched against (empty: all).
    `read` is given with the last page of a poll. `read_before` is when the feed was read well the
    time before, None where it never was. `is_look`: it is what a look at known threads brought,
    which says nothing of how often the feed itself brings something.
    """

    at: datetime
    feed: str = ""
    source: str = ""
    brands: tuple[str, ...] = ()
    posts: Sequence[Post] = ()
    counts: tuple[Count, ...] = ()
    cursor: Cursor | None = None
    every: timedelta = MINUTE
    gone: tuple[Gone, ...] = ()
    is_first: bool = False
    is_look: bool = False
    read: FeedRead | None = None
    read_before: datetime | None = None
    parts: tuple[PartChecked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one batch came to, for logs and for people who wait.

    `fresh` posts were written after all that their feed had brought before; `kept` ones are new
    in the database.
    """

    posts: int = 0
    fresh: int = 0
    kept: int = 0
    mentions: int = 0
    not_judged: int = 0
    quarantined: int = 0
    dropped: tuple[str, ...] = ()
    incidents: tuple[Incident, ...] = ()
    orphans: tuple[Alert, ...] = ()
    notifications: int = 0
