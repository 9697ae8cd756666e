"""What a server of the fediverse says over its stream: posts, edits and deletions as they happen.

A stream forgets nothing that is asked of it twice: it cannot be asked at all what was said before.
So it is only ever heard on top of a timeline that is read, and moves no place.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from emberwatch.model.errors import FeedUnavailable
from emberwatch.sources.fields import as_id, as_mapping, as_text

TOGETHER = timedelta(seconds=1)
"""What is said within this time is handed on together."""
MOST_TOGETHER = 100
MOST_WAITING = 1000
"""Messages that may wait; a server that says more has to wait for us."""

STREAMED = ("update", "status.update")
DELETED = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event: a post as it is now, or the id of one that was deleted."""

    status: bytes = b""
    deleted: str | None = None


def understood(message: bytes) -> Told | None:
    """Return what a message tells of a post; None for anything else."""
    try:
        frame = as_mapping(json.loads(message))
    except (ValueError, RecursionError):
        return None
    event, payload = as_text(frame.get("event")), frame.get("payload")
    if event == DELETED:
        id = as_id(payload)
        return Told(deleted=id) if id else None
    if event not in STREAMED:
        return None
    # the payload is JSON within JSON
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return Told(status=text.encode(errors="replace"))


def spoken_at(url: str, server: str) -> str:
    """Return where a stream is, as the guarded network takes it: what an instance says of it.

    Of that only its host counts, for the path is the API's. Empty where it makes no sense.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme.lower(), parts.scheme.lower())
    if not parts.netloc or scheme not in ("http", "https"):
        return ""
    if scheme == "http" and server.startswith("https:"):
        return ""  # a token does not leave TLS
    return f"{scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class _End:
    """The stream is over; `broken` says why, where it should not be."""

    broken: FeedUnavailable | None = None


async def batches(messages: AsyncIterator[bytes]) -> AsyncIterator[tuple[Told, ...]]:
    """Yield what is told, some at a time, until the stream ends.

    Raise `FeedUnavailable` when it breaks, once all that came before was yielded.
    """
    waiting: asyncio.Queue[Told | _End] = asyncio.Queue(MOST_WAITING)

    async def hear() -> None:
        end = _End()
        try:
            async for message in messages:
                if (told := understood(message)) is not None:
                    await waiting.put(told)
        except FeedUnavailable as broken:
            end = _End(broken)
        await waiting.put(end)

    hearing = asyncio.create_task(hear(), name="mastodon stream")
    try:
        end: _End | None = None
        while end is None:
            batch, end = await _together(waiting)
            if batch:
                yield tuple(batch)
        if end.broken is not None:
            raise end.broken
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing


async def _together(waiting: "asyncio.Queue[Told | _End]") -> tuple[list[Told], _End | None]:
    """Return the next thing told, with what is told right after it; and the end, if that came."""
    first = await waiting.get()
    if isinstance(first, _End):
        return [], first
    batch = [first]
    with suppress(TimeoutError):
        async with asyncio.timeout(TOGETHER.total_seconds()):
            while len(batch) < MOST_TOGETHER:
                following = await waiting.get()
                if isinstance(following, _End):
                    return batch, following
                batch.append(following)
    return batch, None
