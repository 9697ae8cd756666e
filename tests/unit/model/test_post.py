"""A public message: its identity, and what it refuses to be."""

from datetime import datetime

import pytest

from emberwatch.model.post import Post, PostKind, post_key
from tests.build import NOON, a_post


def test_a_posts_id_tells_where_it_stands_and_what_it_is() -> None:
    post = a_post("17", source="mastodon", host="town.example", kind=PostKind.BOOST)
    assert post.id == "mastodon:town.example:boost:17"
    assert post.key == "mastodon:town.example:17" == post_key("mastodon", "town.example", "17")


def test_a_boost_and_its_original_may_bear_one_number() -> None:
    original, boost = a_post("1"), a_post("1", kind=PostKind.BOOST, boost_of="jsonl::1")
    assert original.id != boost.id
    assert original.key == boost.key


def test_a_post_that_answers_nobody_is_the_root_of_its_own_thread() -> None:
    post = a_post("1")
    assert (post.thread_id, post.is_root) == (post.key, True)


def test_a_reply_stands_in_the_thread_that_it_names() -> None:
    reply = a_post("2", parent="1", thread="1")
    assert (reply.thread_id, reply.is_root, reply.kind) == ("jsonl::1", False, PostKind.REPLY)


def test_a_boost_is_no_root_even_under_the_number_of_its_original() -> None:
    assert not a_post("1", kind=PostKind.BOOST, thread="1").is_root


@pytest.mark.parametrize("facts", [{"native_id": ""}, {"native_id": "1", "source": ""}])
def test_a_post_without_an_identity_refuses_to_exist(facts: dict) -> None:
    with pytest.raises(ValueError, match="a source and a native id are needed") as refusal:
        a_post(**facts)
    assert f"{facts.get('source', 'jsonl')}::post:{facts['native_id']}" in str(refusal.value)


@pytest.mark.parametrize("name", ["created_at", "seen_at"])
def test_a_date_without_a_zone_refuses_to_exist(name: str) -> None:
    post = a_post("1")
    facts = {"created_at": NOON, "seen_at": NOON, name: datetime(2026, 3, 2)}  # noqa: DTZ001
    with pytest.raises(ValueError, match=f"'jsonl::post:1': {name} has no time zone"):
        Post(source="jsonl", native_id="1", author=post.author, text="", **facts)


def test_people_of_one_name_on_two_servers_are_two_voices() -> None:
    here, there = (a_post("1", host=host, author="anna") for host in ("a.example", "b.example"))
    assert here.voice != there.voice
    assert here.voice == a_post("2", host="a.example", author="anna").voice
