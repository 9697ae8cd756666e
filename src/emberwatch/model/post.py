"""A public message, as a site shows it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class PostKind(StrEnum):
    """What a post is in its conversation."""

    POST = "post"
    REPLY = "reply"
    BOOST = "boost"
    QUOTE = "quote"
    REVIEW = "review"
    COMMENT = "comment"


class Flag(StrEnum):
    """What we had to mend in a post before it could be kept."""

    UNDATED = "undated"
    """It bore no date; `created_at` is the time it was fetched."""
    CLAMPED = "clamped"
    """Its date could not be true; `created_at` is the time it was seen."""
    READ_BACK = "read_back"
    """A feed's first poll brought it, which looks back: it teaches, and cannot ring."""
    TAKEN_BACK = "taken_back"
    """Its author deleted it, or the account behind it; the site shows only that it was there."""
    REMOVED = "removed"
    """A moderator, or the site, took it away."""


GONE = frozenset((Flag.TAKEN_BACK, Flag.REMOVED))
"""Flags of posts that we must forget."""


class Remover(StrEnum):
    """Who took a post away."""

    AUTHOR = "by its author"
    SITE = "by the site"
    SOMEBODY = "on its site"
    """Nobody says by whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a post. `followers` is None where the site does not tell."""

    handle: str
    name: str = ""
    followers: int | None = None
    is_verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What a site counts under a post; None where it does not say."""

    replies: int | None = None
    boosts: int | None = None
    quotes: int | None = None
    likes: int | None = None
    views: int | None = None


NO_COUNTERS = Counters()


def post_key(source: str, host: str, native_id: str) -> str:
    """Return the key that references use: an id without its kind.

    A reply knows its parent's number but not whether the parent is itself a reply,
    so `parent_id`, `thread_id`, `boost_of` and `quote_of` hold keys, not ids.
    """
    return f"{source}:{host}:{native_id}"


def voice_of(source: str, host: str, handle: str, post_id: str) -> str:
    """Return whose voice a post is: an author of one server of one source.

    Authors whom a site does not name are taken for as many people as there are posts.
    """
    return f"{source}:{host}:{handle}" if handle else post_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One public message.

    `text` is plain: title, blank line, body. Instants are aware and in UTC. `host` is empty
    for central sites. `created_at` is what the author claims, `seen_at` is our clock's.
    `parent_id`, `thread_id`, `boost_of` and `quote_of` are keys (see `post_key`); an empty
    `thread_id` means that the post is the root of its own thread. `uri` is what federated
    copies of one post share.
    """

    source: str
    host: str = ""
    kind: PostKind = PostKind.POST
    native_id: str
    author: Author
    text: str
    title: str = ""
    created_at: datetime
    seen_at: datetime
    url: str | None = None
    uri: str | None = None
    language: str | None = None
    parent_id: str | None = None
    thread_id: str = ""
    boost_of: str | None = None
    quote_of: str | None = None
    edited_at: datetime | None = None
    counters: Counters = NO_COUNTERS
    flags: frozenset[Flag] = frozenset()
    id: str = field(init=False)

    def __post_init__(self) -> None:
        identity = f"{self.source}:{self.host}:{self.kind}:{self.native_id}"
        if not self.source or not self.native_id:
            raise ValueError(f"post {identity!r}: a source and a native id are needed")
        for name, instant in (("created_at", self.created_at), ("seen_at", self.seen_at)):
            if instant.tzinfo is None:
                raise ValueError(f"post {identity!r}: {name} has no time zone")
        object.__setattr__(self, "id", identity)
        if not self.thread_id:
            object.__setattr__(self, "thread_id", self.key)

    @property
    def key(self) -> str:
        """What other posts call this one when they refer to it."""
        return post_key(self.source, self.host, self.native_id)

    @property
    def is_root(self) -> bool:
        """Whether this post began its thread."""
        return self.thread_id == self.key and self.kind is not PostKind.BOOST

    @property
    def voice(self) -> str:
        """Whose voice this is (see `voice_of`)."""
        return voice_of(self.source, self.host, self.author.handle, self.id)
