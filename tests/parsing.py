"""Whether a source made up what it says it read: judged by the answer alone."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import unescape

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Post
from emberwatch.ports import Answer, Source
from emberwatch.sources.plain import clean

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

OURS = frozenset(("sha256", "topic", "comment", "review"))
"""Words that our own ids may have before what the site calls a post."""

LONGEST_ESCAPE = 4
"""Times that a text may have been escaped: a feed escapes HTML, which escapes characters."""

_WORD = re.compile(r"[^\W_]+")
_ENCODINGS = ("utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "iso-8859-2")
_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?([A-Za-z0-9_-]+)""")


def read(source: Source, body: bytes) -> list[Post]:
    """Return the posts of an answer; none where the source refuses it. Anything else is a crash."""
    answer = Answer(status=200, headers={}, body=body, url="", received_at=NOON)
    try:
        return list(source.parse(answer).posts)
    except (FeedUnavailable, FeedRefused):
        return []


def made_up(posts: Iterable[Post], body: bytes) -> list[str]:
    """Return the ids with a word in them that the answer does not hold.

    An id that is a fingerprint of what a post says (of a feed that names none) is not looked at.
    """
    words = {
        post.native_id: set(_WORD.findall(post.native_id.casefold())) - OURS
        for post in posts
        if not post.native_id.startswith("sha256:")
    }
    missing = set().union(*words.values())
    for reading in _readings(body):
        if not missing:
            break
        missing = {word for word in missing if word not in reading}
    return [id for id, named in words.items() if named & missing]


def _readings(body: bytes) -> Iterator[str]:
    """Yield all that the answer can be understood to say, in small letters."""
    declared = [name.decode() for name in _DECLARED.findall(body)]
    for encoding in (*_ENCODINGS, *declared):
        try:
            text = body.decode(encoding, "ignore")
        except (LookupError, ValueError):  # no such charset, or none for bytes
            continue
        yield text.casefold()
        for value in _values(text):
            told = " ".join(scalars(value))
            yield told.casefold()
            yield clean(told).casefold()
        for _ in range(LONGEST_ESCAPE):
            text = unescape(text)
            yield text.casefold()
            yield clean(text).casefold()


def _values(text: str) -> Iterator[object]:
    """Yield the JSON values of a text: it, or its lines."""
    for part in (text, *text.splitlines()):
        try:
            yield json.loads(part)
        except (ValueError, RecursionError):
            continue


def scalars(value: object) -> Iterator[str]:
    """Yield every string, number and name within a JSON value; a whole number without a point."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    else:
        yield str(value)
