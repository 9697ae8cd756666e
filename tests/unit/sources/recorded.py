"""A network of recorded answers, and answers to put into it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from emberwatch.model.post import Post
from emberwatch.ports import Answer, Follows, Page, Poll, Request, Root, Source, Web

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def an_answer(
    body: bytes | str | list[Any] | dict[str, Any] = b"",
    *,
    status: int = 200,
    url: str = "https://x.test/feed",
    at: datetime = NOON,
    **headers: str,
) -> Answer:
    """Return an answer; header names are written with underscores, JSON as Python values."""
    if isinstance(body, (list, dict)):
        body = json.dumps(body)
    return Answer(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body.encode() if isinstance(body, str) else body,
        url=url,
        received_at=at,
    )


@dataclass
class Site:
    """A network whose answers a function makes from the requests."""

    talk: Callable[[Request], Answer]
    requests: list[Request] = field(default_factory=list)

    async def get(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.talk(request)

    @property
    def asked(self) -> list[dict[str, str]]:
        """The parameters of each request."""
        return [dict(request.params) for request in self.requests]


def saying(*answers: Answer) -> Site:
    """Say these answers in turn, the last one for ever."""
    waiting = list(answers)
    return Site(lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0])


async def pages(
    source: Source, web: Web, cursor: Mapping[str, str] | None = None, **poll: Any
) -> list[Page]:
    """Read a source once."""
    poll = {"feed": "town", "now": NOON, "every": timedelta(seconds=30), **poll}
    return [page async for page in source.read(web, Poll(cursor=cursor or {}, **poll))]


async def looks(
    source: Source, web: Web, *roots: Root, cursor: Mapping[str, str] | None = None, **poll: Any
) -> list[Page]:
    """Look at some threads once, as far as they are within the source's reach."""
    assert isinstance(source, Follows)
    reached = tuple(root for root in roots if source.reaches(root))
    poll = {"feed": "town", "now": NOON, "every": timedelta(seconds=30), **poll}
    asked = Poll(cursor=cursor or {"at": "x"}, roots=reached, unconditional=True, **poll)
    return [page async for page in source.follow(web, asked)]


def posts_of(read: list[Page]) -> list[Post]:
    return [post for page in read for post in page.posts]
