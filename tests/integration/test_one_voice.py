"""One text in several places is one voice: cross-posts, copies of a server, syndicated articles."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emberwatch.model.post import Post
from emberwatch.ports import StoredPost
from emberwatch.runtime.arrivals import Arrivals
from tests.build import NOON, a_post, minutes
from tests.town import Town

TEXT = "Acme is awful: forty-five days, and still no refund for a broken heater"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path / "watch.db", NOON)
    yield made
    made.store.close()


def stored(town: Town, *posts: Post) -> list[StoredPost]:
    for number, post in enumerate(posts):
        town.now += minutes(1)
        feed = f"feed {number}"
        town._hear(Arrivals(at=town.now, feed=feed, source=post.source, posts=(post,)))
    with town.store.reading() as look:
        return list(look.posts())


def a_copy(source: str, id: str, text: str = TEXT, **facts: object) -> Post:
    return a_post(id, source=source, text=text, author=f"ann on {source}", at=NOON, **facts)


def test_a_cross_post_is_kept_in_each_place_under_one_fingerprint(town: Town) -> None:
    copies = (
        a_copy("mastodon", "1", host="town.example"),
        a_copy("bluesky", "at://x", f"{TEXT} https://bsky.example/1"),
        a_copy("rss", "guid", f"{TEXT.upper()}"),
        a_copy("x", "9", f"RT @ann: {TEXT}"),
    )
    kept = stored(town, *copies)
    assert len(kept) == 4
    assert len({mention.fingerprint for each in kept for mention in each.mentions}) == 1


def test_forty_copies_ring_nobody_and_forty_strangers_do(town: Town) -> None:
    town.rest(minutes(180))
    for number in range(40):
        copy = a_copy("mastodon", str(number), host=f"server{number}.example")
        stored(town, replace(copy, created_at=town.now, seen_at=town.now))
    assert town.incidents() == []
    town.say("awful", 40, minutes(0.5))
    assert town.incidents()


def test_a_copy_on_another_server_is_the_same_post(town: Town) -> None:
    uri = "https://town.example/users/ann/1"
    first = a_copy("mastodon", "1", host="town.example", uri=uri)
    second = a_copy("mastodon", "77", host="else.example", uri=uri)
    assert [each.post.id for each in stored(town, first, second)] == [first.id]


def test_a_text_that_says_something_else_is_another_voice(town: Town) -> None:
    kept = stored(town, a_copy("mastodon", "1"), a_copy("x", "2", "Acme is awful at answering"))
    assert len({mention.fingerprint for each in kept for mention in each.mentions}) == 2
