from dataclasses import replace

from emberwatch.core.read.renaming import named_as_before, renamed
from emberwatch.model.post import Post, PostKind
from tests.build import a_post

URI = "https://town.test/alice/p/1"


def fediverse(native_id: str, host: str = "town.test", **facts: object) -> Post:
    return replace(
        a_post("x"), source="mastodon", host=host, native_id=native_id, thread_id="", **facts
    )


def id_of(native_id: str, kind: str = "post", host: str = "town.test") -> str:
    return f"mastodon:{host}:{kind}:{native_id}"


def key_of(native_id: str) -> str:
    return f"mastodon:town.test:{native_id}"


def test_a_post_at_a_known_address_under_another_id_was_renamed() -> None:
    names = renamed([fediverse("new", uri=URI)], {URI: id_of("old")})
    assert names == {key_of("new"): key_of("old")}


def test_a_copy_on_another_server_is_not_renamed() -> None:
    assert renamed([fediverse("new", uri=URI)], {URI: id_of("old", host="other.test")}) == {}


def test_a_post_under_the_id_that_we_hold_is_not_renamed() -> None:
    assert renamed([fediverse("old", uri=URI)], {URI: id_of("old")}) == {}


def test_a_post_without_an_address_or_at_an_unknown_one_is_not_renamed() -> None:
    assert renamed([fediverse("new"), fediverse("new", uri=URI)], {}) == {}


def test_a_boost_that_bears_its_originals_address_is_no_other_name_for_it() -> None:
    boost = fediverse("new", uri=URI, kind=PostKind.BOOST, boost_of=key_of("new"))
    assert renamed([boost], {URI: id_of("old", kind="boost")}) == {}


def test_a_renamed_root_stays_the_root_of_its_thread() -> None:
    post = named_as_before(fediverse("new"), {key_of("new"): key_of("old")})
    assert (post.native_id, post.thread_id, post.is_root) == ("old", key_of("old"), True)


def test_whoever_answers_boosts_or_quotes_it_names_the_thread_that_we_hold() -> None:
    names = {key_of("new"): key_of("old")}
    said = {"parent_id": key_of("new"), "boost_of": key_of("new"), "quote_of": key_of("new")}
    post = named_as_before(replace(fediverse("1", **said), thread_id=key_of("new")), names)
    assert post.native_id == "1"
    assert {post.parent_id, post.thread_id, post.boost_of, post.quote_of} == {key_of("old")}


def test_a_post_that_names_nothing_renamed_stays_as_it_is() -> None:
    post = fediverse("1")
    assert named_as_before(post, {key_of("new"): key_of("old")}) is post
