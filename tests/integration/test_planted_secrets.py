"""A secret given to a source is found nowhere but in the header or the body that needs it."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Follows, Reading, Request, Root, Source
from emberwatch.runtime import wiring
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.collector import Collector, Feed
from emberwatch.sources.bluesky import Bluesky, BlueskyOptions
from emberwatch.sources.discourse import Discourse, DiscourseOptions
from emberwatch.sources.github import GitHub, GitHubOptions, What
from emberwatch.sources.http_json import HttpJson, HttpJsonOptions
from emberwatch.sources.mastodon import Mastodon, MastodonOptions
from emberwatch.sources.reddit import Reddit, RedditOptions
from emberwatch.sources.vk import Vk, VkOptions
from emberwatch.sources.x import X, XOptions
from emberwatch.sources.youtube import YouTube, YouTubeOptions
from emberwatch.store.sqlite import open_store
from tests.build import NOON, minutes

CANARY = "canary-5ecret-cafe"
HIDDEN = Secret(CANARY)
TOWN = "https://town.test"

SOURCES: dict[str, Source] = {
    "mastodon": Mastodon(MastodonOptions(url=TOWN, hashtag="acme", token=HIDDEN, stream=True)),
    "mastodon search": Mastodon(MastodonOptions(url=TOWN, query="acme", token=HIDDEN)),
    "bluesky": Bluesky(BlueskyOptions(query="acme", handle="a.test", password=HIDDEN, url=TOWN)),
    "reddit": Reddit(
        RedditOptions(client_id=HIDDEN, client_secret=HIDDEN, account="a", query="acme")
    ),
    "x": X(XOptions(token=HIDDEN, query="acme", dollars_a_day=9, dollars_a_month=9)),
    "youtube": YouTube(YouTubeOptions(key=HIDDEN, channel="UCacme")),
    "discourse": Discourse(DiscourseOptions(url=TOWN, token=HIDDEN, username="bot")),
    "github": GitHub(GitHubOptions(query="acme", token=HIDDEN)),
    "github discussions": GitHub(GitHubOptions(query="acme", token=HIDDEN, what=What.DISCUSSIONS)),
    "http_json": HttpJson(HttpJsonOptions(url=TOWN, token=HIDDEN)),
    "vk": Vk(VkOptions(query="acme", token=HIDDEN)),
}

OFFERED = {
    "accessJwt": CANARY, "refreshJwt": CANARY, "access_token": CANARY, "posts": [], "statuses": [],
    "kind": "Listing", "data": {"children": [], "search": {"nodes": []}}, "items": [],
    "latest_posts": [], "topic_list": {"topics": []}, "meta": {}, "response": {"items": []},
}  # fmt: skip
"""Answers every source in a way, and hands out a token that is as secret as the first."""

ECHO = {
    "error": CANARY, "message": CANARY, "title": CANARY, "detail": CANARY,
    "errors": [{"message": CANARY, "detail": CANARY}], "error_description": CANARY,
}  # fmt: skip


LATE = "x" * 195 + CANARY
ECHO_LATE = {
    "error": LATE, "message": LATE, "title": LATE, "detail": LATE, "error_message": LATE,
    "errors": [{"message": LATE, "detail": LATE}], "error_description": LATE,
}  # fmt: skip
"""Repeats it where a message is likely to be cut."""

CUT = CANARY[:8]


@dataclass
class Site:
    """A site that answers, or refuses and repeats what it was told."""

    talk: Callable[[Request], Answer]
    asked: list[Request] = field(default_factory=list)

    async def get(self, request: Request) -> Answer:
        self.asked.append(request)
        answer = self.talk(request)
        if answer.status >= 400 and answer.status not in request.heeds:
            raise FeedRefused(f"the site answered {answer.status}")
        return answer

    @asynccontextmanager
    async def listen(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append(request)
        raise FeedUnavailable("the site does not talk")
        yield  # never reached, but it makes this a generator


def an_answer(told: object, status: int = 200) -> Answer:
    body = json.dumps(told).encode()
    return Answer(status=status, headers={}, body=body, url=TOWN, received_at=NOON)


TALKS: dict[str, Callable[[Request], Answer]] = {
    "answers": lambda _: an_answer(OFFERED),
    "lists nothing": lambda _: an_answer([]),
    "refuses": lambda _: an_answer(ECHO, 401),
    "forbids": lambda _: an_answer(ECHO, 403),
    "misunderstands": lambda _: an_answer(ECHO, 400),
    "misunderstands at length": lambda _: an_answer(ECHO_LATE, 400),
    "refuses at length": lambda _: an_answer(
        {**ECHO_LATE, "error": {"error_code": 5, "error_msg": LATE, "message": LATE}}, 200
    ),
    "answers something else": lambda _: an_answer("x" * 70 + CANARY),
    "signs in and refuses": lambda request: (
        an_answer(OFFERED) if request.body is not None else an_answer({"error": "nope"}, 401)
    ),
}


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", SOURCES)
async def test_a_planted_secret_is_found_nowhere(
    name: str, talk: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, site = SOURCES[name], Site(TALKS[talk])
    caplog.set_level(logging.DEBUG, logger="emberwatch")
    (tmp_path / "config.yaml").write_text("brands:\n- {name: Acme, words: [acme]}\n")
    config = wiring.configuration(tmp_path / "config.yaml")
    with closing(open_store(tmp_path / "watch.db")) as store:
        processor = wiring.processor(store, wiring.policy(config), is_live=True)
        seen: list[str] = [repr(source), source.describe(), repr(vars(source))]

        async def submit(arrivals: Arrivals) -> Report:
            seen.append(repr(arrivals))
            return processor.process(arrivals)

        async def read(look: Callable[[Reading], Any]) -> Any:
            with store.reading() as reading:
                return look(reading)

        feed = Feed(
            name="town",
            source=source,
            every=minutes(1),
            brands=(),
            backfill=None,
            secrets=(HIDDEN,),
        )
        collector = Collector(
            feed, web=site, submit=submit, remember=read, clock=lambda: NOON, chance=lambda: 0.0
        )
        for is_urgent in (True, False):
            seen.append(repr(await collector.poll(is_urgent=is_urgent)))
        if isinstance(source, Follows):
            root = Root(key="k", native_id="7", created_at=NOON, host=getattr(source, "host", ""))
            try:
                await collector.look(site, (root,), lambda page: seen.append(repr(page)))
            except (FeedRefused, FeedUnavailable) as error:
                seen.append(repr(error.why))
    assert site.asked
    assert [each for each in seen if CUT in each] == []
    for request in site.asked:
        assert CUT not in request.url
        assert CUT not in repr(request.params)
    assert CUT not in caplog.text
    assert all(CUT not in repr(record.__dict__) for record in caplog.records)
    for path in tmp_path.iterdir():
        assert CUT.encode() not in path.read_bytes(), path.name
