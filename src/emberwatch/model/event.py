"""What the pure step is fed with: everything that can happen, one frozen value each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from emberwatch.model.mention import Mention
from emberwatch.model.post import Counters, Post, Remover


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """A new mention arrived. `at` is our clock.

    `is_history`: it was read back (a first poll, or older than two hours after a gap): it teaches
    what is normal and never rings. `huge` is how many reactions in one thread are huge for the
    brand by its own history; None: it has none yet.
    """

    at: datetime
    mention: Mention
    is_history: bool = False
    huge: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """A new post that speaks of no brand but stands in a thread: a reply, a boost, a quote."""

    at: datetime
    post: Post
    feed: str
    is_history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A site's own counters under a thread's root were read.

    `root_created_at` and `every` (the polling interval) tell whether a first reading is growth
    or only a starting value: it is growth when the root is younger than two polls.
    """

    at: datetime
    thread_id: str
    counters: Counters
    root_created_at: datetime
    every: timedelta
    is_history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEnded:
    """A thread that concerned a brand fell silent and was forgotten; `size` is what it came to."""

    at: datetime
    thread_id: str
    brand: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A post that we hold was taken away on its site. `deleted_at` is None where nobody told when.

    It counts on as what it was; its text and its author are forgotten.
    """

    at: datetime
    post_id: str
    by: Remover = Remover.SOMEBODY
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A whole minute has passed; it brings time when nobody speaks."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """Nobody could read a brand's feeds from `since` to `at`: that time counts for nothing."""

    at: datetime
    brand: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRead:
    """A feed was polled, with or without success.

    `listed` is how many posts the answer held, `fresh` how many of them were new to us; `why`
    is empty when the poll succeeded. `note` says what should be known of how it was read.
    """

    at: datetime
    feed: str
    every: timedelta
    listed: int = 0
    fresh: int = 0
    is_unchanged: bool = False
    """The site answered 304: it was read, and held what it held before."""
    is_refused: bool = False
    is_gone: bool = False
    """The configuration no longer names it: it is watched no longer, and its trouble is over."""
    why: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChecked:
    """A part of ours (a notifier, the queue, the quarantine, the storage) was looked at.

    `why` is empty when it is well; otherwise it says what is wrong and what to do.
    """

    at: datetime
    part: str
    why: str = ""


Event = (
    Mentioned
    | Reacted
    | Counted
    | ThreadEnded
    | Deleted
    | Tick
    | Unwatched
    | FeedRead
    | PartChecked
)
