"""Posts of Bluesky as their authors recorded them, whoever hands them on."""

import re
from collections.abc import Mapping
from datetime import datetime

from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.sources.fields import LONGEST_ID, as_instant, as_list, as_mapping, as_text

SOURCE = "bluesky"

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"

_OWNER = r"did:[a-z]+:[A-Za-z0-9._:%-]+"
_NAME = r"[A-Za-z0-9._~:-]+"
_POST = re.compile(rf"at://({_OWNER})/{re.escape(POST)}/({_NAME})")
_REPOST = re.compile(rf"at://{_OWNER}/{re.escape(REPOST)}/{_NAME}")


def recorded(
    uri: str,
    record: Mapping[str, object],
    author: Author,
    seen_at: datetime,
    *,
    dated: datetime | None,
    counters: Counters,
) -> Post | None:
    """Return a post from its record, which its author wrote and nobody has checked."""
    named = _POST.fullmatch(uri)
    text = record.get("text")
    if named is None or len(uri) > LONGEST_ID or not isinstance(text, str) or not author.handle:
        return None
    reply = as_mapping(record.get("reply"))
    parent = post_named(as_mapping(reply.get("parent")).get("uri"))
    root = post_named(as_mapping(reply.get("root")).get("uri"))
    quoted = quoted_in(as_mapping(record.get("embed")))
    created_at = as_instant(record.get("createdAt")) or dated
    languages = [as_text(language) for language in as_list(record.get("langs"))]
    kind = PostKind.QUOTE if quoted else PostKind.POST
    return Post(
        source=SOURCE,
        kind=PostKind.REPLY if reply else kind,
        native_id=uri,
        author=author,
        text=as_text(text).strip(),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"https://bsky.app/profile/{named[1]}/post/{named[2]}",
        # Apps write it by themselves; of several languages none is the one.
        language=(languages[0] or None) if len(languages) == 1 else None,
        parent_id=parent,
        thread_id=root or parent or "",
        quote_of=quoted,
        counters=counters,
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def quoted_in(embed: Mapping[str, object]) -> str | None:
    """Return the key of the post that is quoted; lists and feeds are embedded in the same way."""
    inner = as_mapping(embed.get("record"))
    if as_text(embed.get("$type")) == "app.bsky.embed.recordWithMedia":
        inner = as_mapping(inner.get("record"))
    return post_named(inner.get("uri"))


def post_named(uri: object) -> str | None:
    """Return the key of the post that an address names; None where it names none."""
    named = as_text(uri)
    is_post = _POST.fullmatch(named) is not None and len(named) <= LONGEST_ID
    return post_key(SOURCE, "", named) if is_post else None


def reposted(
    uri: str, record: Mapping[str, object], author: Author, seen_at: datetime
) -> Post | None:
    """Return a repost, which stands in the thread of what it repeats."""
    subject = post_named(as_mapping(record.get("subject")).get("uri"))
    if _REPOST.fullmatch(uri) is None or len(uri) > LONGEST_ID or subject is None:
        return None
    created_at = as_instant(record.get("createdAt"))
    return Post(
        source=SOURCE,
        kind=PostKind.BOOST,
        native_id=uri,
        author=author,
        text="",
        created_at=created_at or seen_at,
        seen_at=seen_at,
        thread_id=subject,
        boost_of=subject,
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )
