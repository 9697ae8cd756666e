"""Posts as JSON lines: a file that grows, or whatever is piped in."""

import asyncio
import hashlib
import json
import os
import select
import stat
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, ClassVar

from emberwatch.model.errors import FeedRefused, FeedUnavailable, PostInvalid
from emberwatch.model.post import NO_COUNTERS, Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.ports import Answer, Cursor, Page, Parsed, Poll, Web
from emberwatch.sources.fields import MOST_COUNTED, in_utc
from emberwatch.sources.plain import clean

SOURCE = "jsonl"

MOST_LINES = 500
"""Lines to a page, which is one transaction."""

MOST_PAGES = 40
"""Pages to a poll: the rest of a long file is read by the polls that follow."""

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes; a longer line is dropped."""

HEAD = 256
"""Bytes at a file's beginning that tell it from another with its inode."""

BLOCK = 64 * 1024
A_MOMENT = timedelta(seconds=0.2)

STDIN = "-"

_KINDS = {str(kind): kind for kind in PostKind}
_UNDATED = frozenset((Flag.UNDATED,))
_DATED: frozenset[Flag] = frozenset()
_COUNTERS = ("replies", "boosts", "quotes", "likes", "views")


def parse_line(line: str | bytes, *, now: datetime, is_live: bool = False) -> Post:
    """Return the post of one JSON line, or raise `PostInvalid` that says what is wrong with it.

    `now` is the time of a post without a date. A line that does not say when it was seen was seen
    when it was written, or, where `is_live`, now. References become keys of the line's source.
    """
    try:
        text = line.decode() if isinstance(line, bytes) else line
        record = json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise PostInvalid("not UTF-8") from None
    except RecursionError:
        raise PostInvalid("nested too deeply") from None
    except ValueError as error:
        raise PostInvalid(f"not JSON: {error}") from None
    if type(record) is not dict:
        raise PostInvalid(f"expected a JSON object, got {_shown(record)}")
    told: Mapping[str, object] = record
    source = _source(told)
    native_id = _native(told, "id")
    if native_id is None:
        raise PostInvalid("id: missing")
    created_at = _instant(told, "created_at")
    seen_at = _instant(told, "seen_at") or (now if is_live else created_at or now)
    parent = _native(told, "parent_id")
    thread = _native(told, "thread_id")
    kind = _kind(told, native_id, parent, thread)
    boosted = _native(told, "boost_of") if kind is PostKind.BOOST else None
    if kind is PostKind.BOOST:
        boosted = boosted or parent or (thread if thread != native_id else None)
    quoted = _native(told, "quote_of")
    url = told.get("url")
    language = told.get("language")
    return Post(
        source=source,
        kind=kind,
        native_id=native_id,
        author=_author(told),
        text=_text(told, kind),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=url if type(url) is str and _is_link(url) else None,
        language=(clean(language) or None) if type(language) is str else None,
        parent_id=post_key(source, "", parent) if parent else None,
        thread_id=post_key(source, "", thread or parent or boosted or native_id),
        boost_of=post_key(source, "", boosted) if boosted else None,
        quote_of=post_key(source, "", quoted) if quoted else None,
        counters=_counters(told),
        flags=_DATED if created_at else _UNDATED,
    )


def _source(told: Mapping[str, object]) -> str:
    source = told.get("source")
    if source is None:
        return SOURCE
    if type(source) is not str or not source or ":" in source or not source.isprintable():
        raise PostInvalid(f"source: expected a short name without ':', got {_shown(source)}")
    return source


def _native(told: Mapping[str, object], name: str) -> str | None:
    value = told.get(name)
    if type(value) is str:
        return clean(value).strip() or None
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    raise PostInvalid(f"{name}: expected a text or a whole number, got {_shown(value)}")


def _instant(told: Mapping[str, object], name: str) -> datetime | None:
    value = told.get(name)
    if value is None or value == "":
        return None
    if type(value) is str:
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return instant if instant.tzinfo is UTC else in_utc(instant)
    raise PostInvalid(f"{name}: expected a date such as 2026-11-22T10:00:00Z, got {_shown(value)}")


def _kind(
    told: Mapping[str, object], native_id: str, parent: str | None, thread: str | None
) -> PostKind:
    value = told.get("kind")
    if value is None:
        answers = parent is not None or (thread is not None and thread != native_id)
        return PostKind.REPLY if answers else PostKind.POST
    kind = _KINDS.get(value) if type(value) is str else None
    if kind is None:
        raise PostInvalid(f"kind: expected one of {', '.join(_KINDS)}, got {_shown(value)}")
    return kind


def _author(told: Mapping[str, object]) -> Author:
    author = told.get("author")
    if type(author) is not str:
        author = "" if author is None else _native(told, "author") or ""
    return Author(handle=clean(author), followers=_count(told.get("followers")))


def _text(told: Mapping[str, object], kind: PostKind) -> str:
    text = told.get("text")
    if type(text) is str:
        return clean(text)
    if text is None and kind is PostKind.BOOST:
        return ""
    if text is None:
        raise PostInvalid("text: missing")
    raise PostInvalid(f"text: expected a text, got {_shown(text)}")


def _counters(told: Mapping[str, object]) -> Counters:
    for name in _COUNTERS:
        if name in told:
            return Counters(
                replies=_count(told.get("replies")),
                boosts=_count(told.get("boosts")),
                quotes=_count(told.get("quotes")),
                likes=_count(told.get("likes")),
                views=_count(told.get("views")),
            )
    return NO_COUNTERS


def _count(value: object) -> int | None:
    if type(value) is float and value.is_integer():  # how tables write a column with gaps
        value = int(value)
    return value if type(value) is int and 0 <= value <= MOST_COUNTED else None


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and url.isprintable() and " " not in url


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


# ---------------------------------------------------------------- the live source
@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlOptions:
    """What a `jsonl` feed needs to know."""

    path: Path
    """The file to follow; `-` is standard input."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        return [] if self.path.name else [("path", "expected a file, or - for standard input")]


class Jsonl:
    """Follows a file of posts, as `tail -F` does, or takes what standard input brings."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[JsonlOptions]] = JsonlOptions

    def __init__(
        self, options: JsonlOptions, stdin: Callable[[], int] = lambda: sys.stdin.fileno()
    ) -> None:
        self._path = options.path
        self._pipe = _Pipe(stdin) if str(options.path) == STDIN else None

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what whole lines came since the last poll, at most 500 to a page."""
        place = _Place.of(poll.cursor)
        for number in range(MOST_PAGES):
            if self._pipe is not None:
                chunk = await asyncio.to_thread(self._pipe.read_on, place)
            else:
                chunk = await asyncio.to_thread(_read_on, self._path, place)
            if number and not chunk.lines:
                return
            place = chunk.place
            posts, invalid = _posts(chunk.lines, poll.now, is_live=True)
            listed = len(posts) + len(invalid)
            yield Page(
                posts=posts,
                cursor=place.cursor(),
                listed=listed,
                is_unchanged=not listed,
                invalid=invalid,
            )
            if chunk.is_end:
                return

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of a whole file, in its order."""
        posts, invalid = _posts(answer.body.splitlines(), answer.received_at, is_live=False)
        return Parsed(posts=posts, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        if self._pipe is not None:
            return "Reads posts as JSON lines from standard input, from now until it ends."
        return (
            f"Reads posts as JSON lines from {self._path} and follows it as it grows; a file that "
            "was replaced or cut is read from its beginning. Sees what the lines say and no more."
        )


def _posts(
    lines: Iterable[bytes], now: datetime, *, is_live: bool
) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    posts, invalid = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            posts.append(parse_line(line, now=now, is_live=is_live))
        except PostInvalid as error:
            begins = line[:160].decode("utf-8", "replace").rstrip("\r\n")[:40]
            invalid.append(f"line {number} ({_shown(begins)}): {error}")
    return tuple(posts), tuple(invalid)


# ---------------------------------------------------------------- files and pipes
@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where reading goes on: so many bytes into which file.

    `head` is the length and fingerprint of the file's beginning: an inode alone is soon given to
    another file.
    """

    offset: int = 0
    inode: str = ""
    head: str = ""

    @staticmethod
    def of(cursor: Cursor) -> "_Place":
        offset = cursor.get("offset", "0")
        return _Place(
            offset=int(offset) if offset.isdecimal() else 0,
            inode=cursor.get("inode", ""),
            head=cursor.get("head", ""),
        )

    def cursor(self) -> Cursor:
        return {"offset": str(self.offset), "inode": self.inode, "head": self.head}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Whole lines, the place behind them, and whether there were no more of them."""

    lines: tuple[bytes, ...]
    place: _Place
    is_end: bool


def _read_on(path: Path, place: _Place) -> _Chunk:
    """Return up to `MOST_LINES` whole lines behind a place; from the start in another file."""
    try:
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):  # asked before: opening a pipe waits for its writer
            raise FeedRefused(f"{path} is not a regular file; name one, or - to pipe posts in")
        with path.open("rb") as file:
            told = os.fstat(file.fileno())
            inode = str(told.st_ino)
            is_same = inode == place.inode and told.st_size >= place.offset
            if not (is_same and _head(file, place.head) == place.head):
                place = _Place(inode=inode)
            file.seek(place.offset)
            lines, size = _whole_lines(file)
            offset = place.offset + size
            head = _head(file, f"{min(offset, HEAD)}:")
    except FileNotFoundError:
        raise FeedUnavailable(f"{path} does not exist (yet); check the path") from None
    except OSError as error:
        raise FeedRefused(f"{path} cannot be read: {error.strerror or error}") from None
    return _Chunk(
        lines=lines,
        place=_Place(offset=offset, inode=inode, head=head),
        is_end=len(lines) < MOST_LINES,
    )


def _whole_lines(file: BinaryIO) -> tuple[tuple[bytes, ...], int]:
    """Return whole lines and their size; one beyond `LONGEST_LINE` is cut, and thus invalid."""
    lines: list[bytes] = []
    size = 0
    while len(lines) < MOST_LINES:
        line = file.readline(LONGEST_LINE)
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
            break
        lines.append(line)
        size += len(line)
    return tuple(lines), size


def _head(file: BinaryIO, like: str) -> str:
    """Return the length and fingerprint of a file's beginning, as long as in `like`."""
    length, mark, _ = like.partition(":")
    if not mark or not length.isdecimal():
        return ""
    file.seek(0)
    digest = hashlib.sha256(file.read(min(int(length), HEAD))).hexdigest()
    return f"{length}:{digest[:16]}"


class _Pipe:
    """Standard input, read without waiting longer than a moment for more."""

    def __init__(self, descriptor: Callable[[], int]) -> None:
        self._descriptor = descriptor
        self._begun = b""
        self._waiting: deque[bytes] = deque()
        self._is_over = False

    def read_on(self, place: _Place) -> _Chunk:
        """Return up to `MOST_LINES` lines; raise `FeedUnavailable` once all has been read."""
        if self._is_over and not self._waiting:
            raise FeedUnavailable("standard input has ended: no more posts will come from it")
        while len(self._waiting) < MOST_LINES and not self._is_over:
            block = self._block(timedelta() if self._waiting else A_MOMENT)
            if block is None:
                break
            self._is_over = not block
            *whole, self._begun = (self._begun + block).split(b"\n")
            self._waiting.extend(whole)
            if (self._is_over or len(self._begun) > LONGEST_LINE) and self._begun:
                self._waiting.append(self._begun)
                self._begun = b""
        lines = tuple(self._waiting.popleft() for _ in range(min(MOST_LINES, len(self._waiting))))
        read = _Place(offset=place.offset + sum(map(len, lines)), inode=STDIN)
        is_end = not lines or (self._is_over and not self._waiting)
        return _Chunk(lines=lines, place=read, is_end=is_end)

    def _block(self, patience: timedelta) -> bytes | None:
        """Return what there is, empty at the end, None when nothing comes."""
        try:
            descriptor = self._descriptor()
            ready, _, _ = select.select([descriptor], [], [], patience.total_seconds())
            return os.read(descriptor, BLOCK) if ready else None
        except (OSError, ValueError, AttributeError) as error:
            raise FeedRefused(f"standard input cannot be read: {error}") from None
