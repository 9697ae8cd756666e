"""Feeds a file of posts through the whole watch, with the file's own clock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from emberwatch.model.errors import PostInvalid
from emberwatch.model.post import Flag, Post
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.bookmark import Bookmark
from emberwatch.runtime.processor import Processor
from emberwatch.sources.jsonl import parse_line

BATCH = 500
"""Posts to a transaction."""

AHEAD = timedelta(hours=1)
"""A post dated further ahead of the clock than this cannot be true."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the Web there were no posts; such a date never moves the clock."""

FEED = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a file. `first_at` and `last_at` are None when no line made sense."""

    lines: int = 0
    bad: tuple[str, ...] = ()
    posts: int = 0
    kept: int = 0
    mentions: int = 0
    not_judged: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


class FileClock:
    """The greatest `seen_at` so far; a date that cannot be true is clamped and never moves it."""

    def __init__(self, wall: datetime, start: datetime | None = None) -> None:
        self._wall = wall
        self._start = start
        self.at: datetime | None = None
        self.first_at: datetime | None = None
        self._early: list[Post] = []

    def admit(self, post: Post) -> list[Post]:
        """Return the posts that can go on now, in order.

        A post that has to be clamped before any clock is known waits for the first that sets it.
        """
        seen_at = post.seen_at
        is_true = EARLIEST <= seen_at <= self._wall and post.created_at <= min(
            self._wall, max(seen_at, self.at or seen_at) + AHEAD
        )
        if not is_true:
            if self.at is None:
                self._early.append(post)
                return []
            return [_clamped(post, self.at)]
        if self.at is None:
            self.first_at = seen_at
        self.at = seen_at if self.at is None else max(self.at, seen_at)
        if not self._early:
            return [post]
        early = [_clamped(waiting, self.at) for waiting in self._early]
        self._early = []
        return [*early, post]

    def rest(self) -> list[Post]:
        """Return what never found a clock: clamped to where the database stands, or to now."""
        at = self._start or self._wall
        early, self._early = self._early, []
        if early and self.at is None:
            self.at = self.first_at = at
        return [_clamped(waiting, at) for waiting in early]


def _clamped(post: Post, at: datetime) -> Post:
    return replace(
        post,
        created_at=post.created_at if EARLIEST <= post.created_at <= at else at,
        seen_at=at,
        flags=post.flags | {Flag.CLAMPED},
    )


def replay(
    lines: Iterable[bytes],
    processor: Processor,
    *,
    wall: datetime,
    on_batch: Callable[[Replayed], None] | None = None,
    batch: int = BATCH,
    bookmark: Bookmark | None = None,
) -> Replayed:
    """Replay JSON lines in their order, `batch` posts to a transaction.

    `wall` is the wall clock's time. Ticks come at each whole minute strictly before the next
    line. Lines that the bookmark knows only move the clock; what else was replayed before is
    known by its id and changes nothing. Bad lines are counted and named. Raises `StoreBusy` when
    the database takes nothing.
    """
    skips = bookmark.skips if bookmark is not None else 0
    clock = FileClock(wall, processor.clock)
    done = Replayed()
    bad: list[str] = []
    waiting: list[Post] = []

    def flush() -> None:
        nonlocal done, waiting
        if not waiting or clock.at is None:
            return
        report = processor.process(
            Arrivals(
                at=clock.at,
                feed=FEED,
                posts=waiting,
                cursor=bookmark.cursor() if bookmark is not None else None,
            )
        )
        bad.extend(f"before line {number + 1}: {why}" for why in report.dropped)
        done = replace(
            done,
            posts=done.posts + report.posts,
            kept=done.kept + report.kept,
            mentions=done.mentions + report.mentions,
            not_judged=done.not_judged + report.not_judged,
            first_at=clock.first_at,
            last_at=clock.at,
            lines=number,
            bad=tuple(bad),
        )
        waiting = []
        if on_batch is not None:
            on_batch(done)

    number = 0
    for number, line in enumerate(lines, 1):
        if bookmark is not None and number > skips:
            bookmark.note(line)
        if not line.strip():
            continue
        try:
            post = parse_line(line, now=clock.at or wall)
        except PostInvalid as error:
            bad.append(f"line {number}: {error}")
            continue
        admitted = clock.admit(post)
        if number > skips:
            waiting += admitted
        if len(waiting) >= batch:
            flush()
    waiting += clock.rest()
    flush()
    return replace(done, lines=number, bad=tuple(bad), first_at=clock.first_at, last_at=clock.at)
