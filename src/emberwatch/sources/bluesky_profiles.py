"""Who stands behind the identifiers of Bluesky: a firehose tells identifiers, a search handles."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Post
from emberwatch.ports import Request, Web
from emberwatch.sources.fields import as_count, as_list, as_mapping, as_text, decode_json
from emberwatch.sources.plain import one_line

PER_REQUEST = 25
"""The most profiles that one request brings."""
MOST_ASKED = 4
"""Requests for one page of posts; whoever is left keeps the identifier."""
MOST_KNOWN = 10_000
REST = timedelta(hours=1)
"""For a server that does not answer: posts need not wait for it."""


class Profiles:
    """Looks authors up, each once while this process lives."""

    def __init__(self, url: str) -> None:
        self._url = url.strip().rstrip("/")
        self._known: dict[str, Author] = {}
        self._rests_until: datetime | None = None

    async def named(self, web: Web, posts: Sequence[Post], now: datetime) -> list[Post]:
        """Return posts by the handle of their authors, so that one author is one voice."""
        dids = dict.fromkeys(post.author.handle for post in posts)
        unknown = [did for did in dids if did not in self._known]
        if unknown and self._url and (self._rests_until is None or now >= self._rests_until):
            await self._look_up(web, unknown[: PER_REQUEST * MOST_ASKED], now)
        return [
            replace(post, author=self._known.get(post.author.handle, post.author)) for post in posts
        ]

    async def _look_up(self, web: Web, dids: list[str], now: datetime) -> None:
        for start in range(0, len(dids), PER_REQUEST):
            asked = urlencode([("actors", did) for did in dids[start : start + PER_REQUEST]])
            url = f"{self._url}/xrpc/app.bsky.actor.getProfiles?{asked}"
            try:
                told = as_mapping(decode_json(await web.get(Request(url=url))))
            except (FeedRefused, FeedUnavailable):
                self._rests_until = now + REST
                return
            for profile in map(as_mapping, as_list(told.get("profiles"))):
                did, handle = as_text(profile.get("did")), one_line(as_text(profile.get("handle")))
                if did and handle not in ("", "handle.invalid"):
                    self._known[did] = Author(
                        handle=handle,
                        name=one_line(as_text(profile.get("displayName"))),
                        followers=as_count(profile.get("followersCount")),
                    )
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
