"""A pile-on on a whole Bluesky network, found by its search and by both forms of its firehose."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.asking import rows
from tests.e2e.daemon import Running, emberwatch
from tests.e2e.receiver import Receiver
from tests.e2e.sky import PASSWORD, Person, Sky
from tests.e2e.waiting import wait_for

CONFIG = """
database: watch.db
network: {{allow: [127.0.0.0/8]}}
brands:
  - {{name: {brand}, words: [{brand}], languages: [en], pile_on_floor: 30}}
feeds:
  - {{name: sky, source: bluesky, options: {options}, every: 1s}}
notifiers:
  - {{name: ops, kind: webhook, url: "{receiver}", secret_env: EMBER_SECRET}}
"""

SEARCH = '{{query: {brand}, handle: "{handle}", password_env: SKY_PASSWORD, url: "{address}"}}'
OLD = '{{firehose: "{jetstream}/subscribe", words: [{brand}]}}'
NEW = '{{firehose: "{jetstream}/xrpc/network.bsky.jetstream.subscribeEvents", words: [{brand}]}}'

WAYS = {"Acme": SEARCH, "Borealis": OLD, "Cumulus": NEW}
"""Each way to listen has a brand of its own, so that all share one network."""

PEOPLE = 24
ALL = (PEOPLE - 1,) * 3
"""Everybody but the first answers, quotes and reposts."""


@dataclass
class Town:
    """The network and its people."""

    sky: Sky
    people: list[Person]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Sky(tmp_path_factory.mktemp("sky")) as sky:
        yield Town(sky, [sky.person(f"person{number}") for number in range(PEOPLE)])


@dataclass
class Played:
    """One storm: what was written, and what the watch made of it."""

    brand: str
    database: Path
    receiver: Receiver
    root: str = ""
    written: list[str] = field(default_factory=list)
    said: str = ""

    def rows(self, question: str) -> list[tuple]:
        return rows(self.database, question)

    @property
    def is_read(self) -> bool:
        """Whether the feed was ever read well."""
        return bool(self.rows("SELECT 1 FROM feeds_health WHERE last_ok_at IS NOT NULL"))

    @property
    def stored(self) -> list[str]:
        """The addresses of replies and quotes that the watch keeps."""
        kinds = "('reply', 'quote', 'comment')"
        return [uri for (uri,) in self.rows(f"SELECT native_id FROM _post WHERE kind IN {kinds}")]

    @property
    def counted(self) -> tuple[int, ...]:
        """Replies, quotes and reposts of the thread, by items or by the site's counters."""
        sizes = (f"max({kind}_seen, {kind})" for kind in ("replies", "quotes", "boosts"))
        thread = f"bluesky::{self.root}"
        rows = self.rows(f"SELECT {', '.join(sizes)} FROM _thread WHERE thread_id = '{thread}'")
        return rows[0] if rows else ()


def half_a_storm(town: Town, played: Played, root: dict[str, str], people: list[Person]) -> None:
    """Let each of them answer, quote and repost."""
    for person in people:
        reply = town.sky.reply(person, "the same happened to me, they are liars", root)
        quote = town.sky.quote(person, f"look what {played.brand} does to people", root)
        town.sky.repost(person, root)
        played.written += [reply["uri"], quote["uri"]]


@pytest.fixture(scope="module", params=list(WAYS))
def played(
    request: pytest.FixtureRequest, town: Town, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    brand = request.param
    folder = tmp_path_factory.mktemp(brand)
    sky, people = town.sky, town.people
    options = WAYS[brand].format(
        brand=brand, handle=people[0].handle, address=sky.address, jetstream=sky.jetstream
    )
    with Receiver() as receiver:
        played = Played(brand, folder / "watch.db", receiver)
        (folder / "config.yaml").write_text(
            CONFIG.format(brand=brand, options=options, receiver=receiver.url)
        )
        with Running(folder, SKY_PASSWORD=PASSWORD) as daemon:
            wait_for(lambda: played.is_read, 30, daemon.log)
            root = sky.post(people[0], f"{brand} charged me twice and laughs at me. Fraud!")
            played.root = root["uri"]
            half_a_storm(town, played, root, people[1 : PEOPLE // 2])
            wait_for(lambda: set(played.written) <= set(played.stored), 180, daemon.log)
            daemon.kill()
        half_a_storm(town, played, root, people[PEOPLE // 2 :])
        with Running(folder, SKY_PASSWORD=PASSWORD) as daemon:
            wait_for(lambda: set(played.written) <= set(played.stored), 180, daemon.log)
            wait_for(lambda: played.counted == ALL, 30, daemon.log)
            assert receiver.wait(lambda it: bool(it.of_type("incident.opened")), 30)
            assert daemon.end() == 0
            played.said = daemon.said
        yield played


def test_every_reply_and_quote_is_kept_once_over_a_kill_9(played: Played) -> None:
    assert Counter(played.stored) == Counter(played.written)


def test_all_stand_in_the_thread_that_they_answer(played: Played) -> None:
    threads = played.rows("SELECT DISTINCT thread_id FROM _post WHERE kind = 'reply'")
    assert threads == [(f"bluesky::{played.root}",)]


def test_replies_quotes_and_reposts_are_each_counted_once(played: Played) -> None:
    assert played.counted == ALL


def test_the_storm_is_one_incident(played: Played) -> None:
    (opened,) = played.receiver.of_type("incident.opened")
    assert opened.payload["incident"]["brand"] == played.brand
    assert "pile_on" in opened.payload["incident"]["kinds"]


def test_the_atproto_sdk_reads_the_same_thread(town: Town, tmp_path: Path) -> None:
    atproto = pytest.importorskip("atproto", reason="needs atproto (pip install '.[oracles]')")
    exceptions = pytest.importorskip("atproto.exceptions")
    sky, (ann, bob, carol, *_) = town.sky, town.people
    root = sky.post(ann, "Dynamo lost my parcel, what a disgrace")
    reply = sky.reply(bob, "Dynamo lost mine as well", root)
    sky.post(carol, "and nobody answers", reply={"root": root, "parent": reply})
    sky.repost(bob, root)
    client = atproto.Client(base_url=f"{sky.address}/xrpc")
    client.login(ann.handle, PASSWORD)

    def thread() -> dict[str, tuple[object, ...]]:
        return dict(in_sdk(client.get_post_thread(root["uri"]).thread))

    def is_whole() -> bool:
        try:
            told = thread()
        except exceptions.BadRequestError:  # not shown to anybody yet
            return False
        return len(told) == 3 and told[root["uri"]][-2:] == (1, 1)

    wait_for(is_whole, 30)
    body = sky.web.get(
        "/xrpc/app.bsky.feed.getPostThread",
        params={"uri": root["uri"]},
        headers={"authorization": f"Bearer {ann.token}"},
    )
    (tmp_path / "thread.json").write_bytes(body.content)
    parsed = emberwatch(tmp_path, "source", "parse", "bluesky", "--body", "thread.json")
    *posts, _ = [json.loads(line) for line in parsed.stdout.splitlines()]
    ours = {
        post["native_id"]: (
            post["author"],
            datetime.fromisoformat(post["created_at"]),
            post["text"],
            post["parent_id"],
            post["thread_id"],
            post["replies"],
            post["boosts"],
        )
        for post in posts
    }
    theirs = thread()
    client.request.close()
    assert ours == theirs


def in_sdk(node: Any) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what the SDK's own models say of each post of a thread."""
    post, reply = node.post, node.post.record.reply
    yield (
        post.uri,
        (
            post.author.handle,
            datetime.fromisoformat(post.record.created_at),
            post.record.text,
            reply.parent.uri if reply else None,
            reply.root.uri if reply else post.uri,
            post.reply_count,
            post.repost_count,
        ),
    )
    for answer in node.replies or ():
        yield from in_sdk(answer)
