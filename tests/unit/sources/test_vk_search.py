"""VK's public posts are searched; its errors come with a status of 200 and are none the less."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request
from emberwatch.sources.vk import Vk, VkOptions

AT = int(NOON.timestamp())
TOKEN = "vk1.a.token"


def a_post(number: int, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    return {
        "id": number, "owner_id": -7, "from_id": 5, "date": AT - 60 * minutes,
        "text": f"акме {number}",
        "post_type": "post", "comments": {"count": 3}, "likes": {"count": 9},
        "reposts": {"count": 2}, "views": {"count": 700}, **told,
    }  # fmt: skip


PEOPLE = {
    "profiles": [{"id": 5, "first_name": "Анна", "last_name": "Б", "screen_name": "anna"}],
    "groups": [{"id": 7, "name": "Acme"}, {}],
}


def found(*items: Any, **told: Any) -> Answer:
    return an_answer({"response": {"items": list(items), **PEOPLE, **told}})


def source(**options: Any) -> Vk:
    return Vk(VkOptions(**{"query": "акме", "token": Secret(TOKEN), **options}))


def test_a_post_is_read_with_author_and_counters() -> None:
    (post,) = source().parse(found(a_post(4, edited=AT))).posts
    assert post.id == "vk::post:-7_4"
    assert (post.author.handle, post.author.name) == ("anna", "Анна Б")
    assert post.counters == Counters(replies=3, boosts=2, likes=9, views=700)
    assert post.url == "https://vk.com/wall-7_4"
    assert post.edited_at == NOON


@pytest.mark.parametrize(("author", "handle"), [(-7, "-7"), (99, "99"), (None, "-7")])
def test_communities_and_strangers_are_named_by_what_is_known(author: object, handle: str) -> None:
    (post,) = source().parse(found(a_post(4, from_id=author))).posts
    assert post.author.handle == handle


def test_a_repost_is_a_boost_and_one_with_words_a_quote() -> None:
    copied = [{"owner_id": -8, "id": 1}]
    boost, quote = source().parse(
        found(a_post(4, text="", copy_history=copied), a_post(5, copy_history=copied))
    ).posts  # fmt: skip
    assert (boost.kind, boost.boost_of, boost.thread_id) == (PostKind.BOOST, "vk::-8_1", "vk::-8_1")
    assert (quote.kind, quote.quote_of) == (PostKind.QUOTE, "vk::-8_1")


def test_a_comment_stands_under_its_post() -> None:
    (post,) = source().parse(found(a_post(4, post_type="reply", post_id=1))).posts
    assert (post.kind, post.parent_id, post.thread_id) == (PostKind.REPLY, "vk::-7_1", "vk::-7_1")


def test_a_post_without_a_date_bears_the_time_it_was_fetched() -> None:
    (post,) = source().parse(found(a_post(4, date=None))).posts
    assert post.flags == {Flag.UNDATED}


@pytest.mark.parametrize(
    "item", [None, {}, a_post(4, owner_id="x"), a_post(4, id="-1"), a_post(4, date=None, text=None)]
)
def test_an_item_that_makes_no_sense_is_counted_and_dropped(item: Any) -> None:
    told = source().parse(found(item, a_post(6)))
    assert (len(told.posts), len(told.invalid)) == (1, 1)


@pytest.mark.parametrize(
    ("code", "error"),
    [(6, FeedUnavailable), (29, FeedUnavailable), (10, FeedUnavailable), (5, FeedRefused)],
)
def test_each_error_is_told_for_what_it_is(code: int, error: type[Exception]) -> None:
    told = {"error": {"error_code": code, "error_msg": "said", "request_params": [TOKEN]}}
    with pytest.raises(error, match=rf"said \({code}\)") as raised:
        source().parse(an_answer(told))
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("body", [{}, [], {"response": 1}, {"response": {"items": {}}}])
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not posts of VK"):
        source().parse(an_answer(body))


async def test_a_search_is_read_back_to_what_is_known_and_the_token_is_in_no_address() -> None:
    items = [a_post(100 - n, minutes=n) for n in range(20)]

    def talk(request: Request) -> Answer:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(request.params)
        start = int(request.params.get("start_from", "0"))
        return found(*items[start : start + 2], next_from=str(start + 2))

    site = Site(talk)
    at = {"at": (NOON - timedelta(minutes=1)).isoformat()}
    assert len(posts_of(await pages(source(), site, at))) == 8
    assert site.asked[0]["start_time"] == str(AT - 360)


def test_the_next_request_goes_on_where_this_one_ended() -> None:
    assert source().parse(found(next_from="200")).next == {"start_from": "200"}


@pytest.mark.parametrize(("options", "field"), [({"url": "x"}, "url"), ({"query": ""}, "query")])
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads() -> None:
    assert "newest thousand" in source().describe()
