"""Stories and comments are found by date, and none is missed when there are many."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of, saying

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.hackernews import (
    MOST_HITS,
    MOST_WINDOWS,
    OVERLAP,
    POSTS_PER_PAGE,
    HackerNews,
    HackerNewsOptions,
)

START = int(NOON.timestamp()) - 86_400


def a_story(id: int, second: int = 0, **told: Any) -> dict[str, Any]:
    at = START + second
    return {
        "objectID": str(id),
        "created_at": datetime.fromtimestamp(at, UTC).isoformat(),
        "created_at_i": at,
        "title": f"Acme {id}",
        "author": "ann",
        "_tags": ["story", "author_ann", f"story_{id}"],
        **told,
    }


def source(**options: str) -> HackerNews:
    return HackerNews(HackerNewsOptions(**options))


def only(hit: dict[str, Any]) -> Post:
    (post,) = source().parse(an_answer({"hits": [hit]})).posts
    return post


# ---------------------------------------------------------------- single items
def test_a_story_is_a_post_with_points_and_comments_counted() -> None:
    post = only(
        a_story(1, title="Acme &amp; Co", story_text="<p>one<p>two &#x27;x&#x27;",
                points=57, num_comments=12, story_id=1, children=[2, 3])
    )  # fmt: skip
    assert post.id == "hackernews::post:1"
    assert post.title == "Acme & Co"
    assert post.text == "Acme & Co\n\none\n\ntwo 'x'"
    assert post.counters == Counters(replies=12, likes=57)
    assert post.url == "https://news.ycombinator.com/item?id=1"
    assert post.thread_id == post.key


def test_a_comment_stands_in_the_thread_of_its_story() -> None:
    post = only(
        a_story(3, title=None, comment_text="It&#x27;s <i>bad</i>", parent_id=2, story_id=1,
                _tags=["comment", "author_ann", "story_1"])
    )  # fmt: skip
    assert post.kind is PostKind.COMMENT
    assert post.text == "It's bad"
    assert (post.parent_id, post.thread_id) == ("hackernews::2", "hackernews::1")


def test_a_comment_that_names_no_story_is_placed_by_its_tags() -> None:
    tags = ["comment", "story_1"]
    assert only(a_story(3, story_id=None, parent_id=2, _tags=tags)).thread_id == "hackernews::1"


def test_an_item_without_a_readable_date_is_dated_by_its_seconds() -> None:
    assert only(a_story(1, created_at=None)).created_at == NOON - timedelta(days=1)


@pytest.mark.parametrize("seconds", [None, "x", True, 10**30])
def test_an_item_without_any_date_bears_the_time_it_was_fetched(seconds: object) -> None:
    post = only(a_story(1, created_at=None, created_at_i=seconds))
    assert (post.flags, post.created_at) == ({Flag.UNDATED}, NOON)


@pytest.mark.parametrize("hit", [None, {}, {"objectID": "1"}, {"author": "ann", "title": "x"}])
def test_a_hit_that_makes_no_sense_is_counted_and_dropped(hit: object) -> None:
    parsed = source().parse(an_answer({"hits": [hit, a_story(1)]}))
    assert [post.native_id for post in parsed.posts] == ["1"]
    assert len(parsed.invalid) == 1


def test_an_item_is_read_with_all_the_comments_under_it() -> None:
    tree = {
        "id": 1, "type": "story", "title": "T", "author": "ann", "children": [
            {"id": 2, "type": "comment", "text": "a", "author": "b", "parent_id": 1, "story_id": 1,
             "children": [
                {"id": 3, "type": "comment", "text": "c", "author": "d", "parent_id": 2,
                 "story_id": 1, "children": []}]},
            {"id": 4, "type": "comment", "text": "e", "author": "f", "parent_id": 1, "story_id": 1},
        ],
    }  # fmt: skip
    posts = source().parse(an_answer(tree)).posts
    assert [post.native_id for post in posts] == ["1", "2", "3", "4"]
    assert {post.thread_id for post in posts} == {"hackernews::1"}
    assert [post.kind for post in posts] == ["post", "comment", "comment", "comment"]


@pytest.mark.parametrize(("story", "thread"), [({}, "1"), ({"story_id": 7}, "7")])
def test_comments_that_name_no_story_are_of_the_top_of_their_tree(
    story: dict[str, int], thread: str
) -> None:
    reply = {"id": 3, "type": "comment", "text": "c", "author": "d", "parent_id": 2}
    tree = {
        "id": 1, "text": "T", "author": "ann", **story, "children": [
            {"id": 2, "text": "a", "author": "b", "parent_id": 1, "children": [reply]},
        ],
    }  # fmt: skip
    posts = source().parse(an_answer(tree)).posts
    assert [post.thread_id for post in posts] == [f"hackernews::{thread}"] * 3
    assert [post.parent_id for post in posts][1:] == ["hackernews::1", "hackernews::2"]


@pytest.mark.parametrize("body", [{}, {"hits": 7}, {"username": "ann", "karma": 1}, []])
def test_an_answer_without_hits_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not search results"):
        source().parse(an_answer(body))


def test_the_next_request_asks_from_the_newest_item_on() -> None:
    parsed = source().parse(an_answer({"hits": [a_story(2, 9), a_story(1, 5)]}))
    assert parsed.next == {"numericFilters": f"created_at_i>={START + 9}"}
    assert source().parse(an_answer({"hits": []})).next is None


# ---------------------------------------------------------------- polls
@dataclass
class Algolia:
    """A search that gives the newest items first, and no more than a thousand of them."""

    items: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        found = sorted(self.items, key=lambda item: -item["created_at_i"])
        for wanted in filter(None, request.params.get("numericFilters", "").split(",")):
            second = int(wanted.split("=")[1])
            is_above = ">=" in wanted
            found = [
                item
                for item in found
                if (item["created_at_i"] >= second if is_above else item["created_at_i"] <= second)
            ]
        size, page = int(request.params["hitsPerPage"]), int(request.params["page"])
        pages = -(-min(len(found), MOST_HITS) // size)
        hits = found[:MOST_HITS][page * size : (page + 1) * size]
        return an_answer({"hits": hits, "nbHits": len(found), "page": page, "nbPages": pages})


async def test_a_poll_brings_what_is_new_and_reads_the_last_minutes_again() -> None:
    algolia = Algolia([a_story(1, 10), a_story(2, 20)])
    site = Site(algolia)
    first = await pages(source(query="acme"), site)
    algolia.items += [a_story(3, 20), a_story(4, 15), a_story(5, 900)]
    second = await pages(source(query="acme"), site, first[-1].cursor)
    assert [post.native_id for post in posts_of(first)] == ["1", "2"]
    assert {post.native_id for post in posts_of(second)} == {"1", "2", "3", "4", "5"}
    third = await pages(source(query="acme"), site, second[-1].cursor)
    assert [post.native_id for post in posts_of(third)] == ["5"]
    overlap = START + 900 - int(OVERLAP.total_seconds())
    assert site.asked[-1]["numericFilters"] == f"created_at_i>={overlap}"
    assert site.asked[-1]["query"] == "acme"
    assert site.asked[-1]["tags"] == "(story,comment)"
    assert site.requests[-1].url == "https://hn.algolia.com/api/v1/search_by_date"


@pytest.mark.parametrize("count", [MOST_HITS - 1, MOST_HITS, MOST_HITS + 1, 2500])
async def test_more_than_the_search_gives_at_once_is_found_by_sliding(count: int) -> None:
    algolia = Algolia([a_story(id, id // 3) for id in range(1, count + 1)])
    since = datetime.fromtimestamp(START, UTC)
    read = await pages(source(), Site(algolia), since=since)
    ids = [int(post.native_id) for post in posts_of(read)]
    assert sorted(ids) == list(range(1, count + 1))
    dates = [post.created_at for post in posts_of(read)]
    assert dates == sorted(dates)
    assert all(len(page.posts) <= POSTS_PER_PAGE for page in read)


async def test_each_page_is_safe_to_commit_alone() -> None:
    algolia = Algolia([a_story(id, id) for id in range(1, 1301)])
    site = Site(algolia)
    read = await pages(source(), site, since=datetime.fromtimestamp(START, UTC))
    rest = await pages(source(), site, read[0].cursor)
    ids = {int(post.native_id) for post in (*read[0].posts, *posts_of(rest))}
    assert ids == set(range(1, 1301))


async def test_a_thousand_items_of_one_second_do_not_stop_the_slide() -> None:
    algolia = Algolia([a_story(id, 50) for id in range(1, MOST_HITS + 1)] + [a_story(9999, 10)])
    read = await pages(source(), Site(algolia), since=datetime.fromtimestamp(START, UTC))
    assert "9999" in {post.native_id for post in posts_of(read)}


async def test_what_cannot_be_caught_up_with_is_said() -> None:
    def endless(request: Request) -> Answer:
        _, _, until = request.params["numericFilters"].partition("<=")
        top = int(until or START + 10**6)
        first = top * 1000 + int(request.params["page"]) * 200
        hits = [a_story(first + n, top - START - 1) for n in range(200)]
        return an_answer({"hits": hits, "nbPages": 5})

    read = await pages(source(), Site(endless), since=datetime.fromtimestamp(START, UTC))
    assert f"more than {MOST_WINDOWS * MOST_HITS}" in read[-1].invalid[-1]


async def test_a_first_poll_without_a_wish_reads_one_page() -> None:
    algolia = Algolia([a_story(id, id) for id in range(1, 900)])
    site = Site(algolia)
    read = await pages(source(), site)
    assert len(site.requests) == 1
    assert "numericFilters" not in site.asked[0]
    assert read[-1].cursor == {"since": str(START + 899)}


async def test_a_quiet_search_leaves_a_cursor() -> None:
    (page,) = await pages(source(), Site(Algolia()))
    assert page.cursor == {"since": str(int(NOON.timestamp()))}
    assert page.listed == 0
    (again,) = await pages(source(), Site(Algolia()), page.cursor)
    assert again.cursor == page.cursor


async def test_an_item_from_the_future_hides_nothing_that_comes_before_it() -> None:
    site = Site(Algolia([a_story(1, 10), a_story(2, 86_400 * 365)]))
    read = await pages(source(), site)
    assert read[-1].cursor == {"since": str(START + 10)}


async def test_items_that_make_no_sense_are_counted() -> None:
    (page,) = await pages(source(), saying(an_answer({"hits": [{}, a_story(1)], "nbPages": 1})))
    assert (page.listed, len(page.posts), len(page.invalid)) == (2, 1, 1)


def test_a_search_can_answer_elsewhere() -> None:
    assert HackerNewsOptions(url="nowhere").problems()
    assert not HackerNewsOptions().problems()


@pytest.mark.parametrize(("query", "said"), [("acme", "'acme'"), ("", "every kind")])
def test_a_feed_says_what_it_can_see(query: str, said: str) -> None:
    assert said in source(query=query).describe()


async def test_what_is_read_twice_does_not_count_as_listed() -> None:
    old, new = a_story(1, 86_000), a_story(2, 86_100)
    site = saying(an_answer({"hits": [new, old], "nbPages": 1}))
    (page,) = await pages(source(), site, {"since": str(START + 86_050)})
    assert len(page.posts) == 2
    assert page.listed == 1


async def test_a_story_that_grew_brings_comments_that_do_not_match() -> None:
    def talk(request: Request) -> Answer:
        tags = request.params["tags"]
        if tags == "story,(story_1)":
            return an_answer({"hits": [a_story(1, num_comments=60)]})
        assert tags == "comment,story_1"
        comment = a_story(7, title=None, comment_text="so true", story_id=1, parent_id=1,
                          _tags=["comment", "story_1"])  # fmt: skip
        return an_answer({"hits": [comment]})

    root = Root(key="hackernews::1", native_id="1", created_at=NOON)
    counted, grown = await looks(source(query="acme"), Site(talk), root)
    assert [count.counters.replies for count in counted.counts] == [60]
    assert [post.text for post in grown.posts] == ["so true"]
    assert grown.posts[0].thread_id == root.key
    assert grown.threads == (root.key,)
