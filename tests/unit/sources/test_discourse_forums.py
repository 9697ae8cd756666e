"""A forum's posts are read into the threads of their topics."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.discourse import Discourse, DiscourseOptions

FORUM = "https://forum.test"


def a_post(id: int, *, number: int = 2, minutes: int = 0, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    return {
        "id": id,
        "username": "ann",
        "cooked": f"<p>acme {id}</p>",
        "created_at": at,
        "updated_at": at,
        "version": 1,
        "post_number": number,
        "post_type": 1,
        "topic_id": 57,
        "reply_count": 1,
        **told,
    }


def a_topic(id: int, **told: Any) -> dict[str, Any]:
    at = NOON.isoformat()
    return {"id": id, "title": f"Topic &amp; {id}", "created_at": at, "posts_count": 4, **told}


def source(**options: Any) -> Discourse:
    return Discourse(DiscourseOptions(**{"url": FORUM, **options}))


def a_thread(*posts: Any, **told: Any) -> dict[str, Any]:
    return {"id": 57, "title": "Acme is down", "post_stream": {"posts": list(posts)}, **told}


def parsed(body: Any) -> list[Post]:
    return list(source().parse(an_answer(body)).posts)


class Server:
    """A forum: posts newest first, topics by their last post."""

    def __init__(self, *posts: Any, size: int = 2) -> None:
        self.posts = list(posts)
        self.size = size
        self.topics: list[Any] = []

    def talk(self, request: Request) -> Answer:
        path = request.url.removeprefix(FORUM)
        if path == "/latest.json":
            return an_answer({"topic_list": {"topics": self.topics}})
        if path.startswith("/t/"):
            return an_answer(a_thread(*self.posts))
        if path == "/search.json":
            start = (int(request.params["page"]) - 1) * self.size
            more = start + self.size < len(self.posts)
            found = [{**post, "blurb": "acme"} for post in self.posts[start : start + self.size]]
            for post in found:
                del post["cooked"]
            return an_answer(
                {"posts": found, "topics": [{"id": 57, "title": "T"}],
                 "grouped_search_result": {"more_full_page_results": more or None}}
            )  # fmt: skip
        before = int(request.params.get("before", 10**9))
        older = [post for post in self.posts if post["id"] <= before]
        return an_answer({"latest_posts": older[: self.size]})


# ---------------------------------------------------------------- single posts
def test_a_post_is_read_with_its_words_and_counters() -> None:
    like = {"actions_summary": [{"id": 1, "count": 9}, {"id": 2, "count": 3}], "reads": 40}
    (post,) = parsed(a_thread(a_post(84, **like)))
    assert post.id == "discourse:forum.test:reply:84"
    assert post.text == "acme 84"
    assert post.counters == Counters(replies=1, likes=3, views=40)
    assert post.url == f"{FORUM}/t/57/2"
    assert post.edited_at is None


def test_an_edit_is_told_by_its_version_alone() -> None:
    later = (NOON + timedelta(hours=1)).isoformat()
    same, edited = parsed(
        a_thread(a_post(1, updated_at=later), a_post(2, updated_at=later, version=3))
    )
    assert (same.edited_at, edited.edited_at) == (None, NOON + timedelta(hours=1))


def test_a_reply_names_the_post_it_answers_where_that_is_listed() -> None:
    first, second, third = parsed(
        a_thread(
            a_post(83, number=1), a_post(84, reply_to_post_number=1),
            a_post(85, number=3, reply_to_post_number=9),
        )
    )  # fmt: skip
    assert (first.kind, first.text) == (PostKind.POST, "Acme is down\n\nacme 83")
    assert second.parent_id == first.key
    assert third.parent_id is None


@pytest.mark.parametrize("gone", [{"hidden": True}, {"user_deleted": True}, {"deleted_at": "x"}])
def test_what_was_hidden_or_taken_back_holds_no_words(gone: dict[str, Any]) -> None:
    assert [post.text for post in parsed(a_thread(a_post(84, **gone)))] == [""]


def test_topics_are_posts_with_the_number_of_their_replies() -> None:
    users = [{"id": 1, "username": "ann"}]
    listed = {"topics": [a_topic(5, posters=[{"user_id": 1}], like_count=2, views=9), a_topic(6)]}
    first, second = parsed({"users": users, "topic_list": listed})
    assert first.native_id == "topic:5"
    assert (first.title, first.author.handle) == ("Topic & 5", "ann")
    assert first.counters == Counters(replies=3, likes=2, views=9)
    assert second.author.handle == ""


def test_a_topic_of_an_old_forum_is_counted_by_its_replies() -> None:
    (post,) = parsed({"topic_list": {"topics": [a_topic(5, posts_count=None, reply_count=7)]}})
    assert post.counters.replies == 7


def test_one_post_alone_is_read_too() -> None:
    assert [post.native_id for post in parsed(a_post(84))] == ["84"]


def test_posts_without_a_date_bear_the_time_they_were_fetched() -> None:
    (post,) = parsed(a_thread(a_post(1, created_at="x")))
    (topic,) = parsed({"topic_list": {"topics": [a_topic(5, created_at=None)]}})
    assert post.flags == topic.flags == {Flag.UNDATED}


@pytest.mark.parametrize(
    "item", [None, {}, {"id": 1}, a_post(1, username=""), a_post(1, cooked=None), a_post(10**600)]
)
def test_a_post_that_makes_no_sense_is_counted_and_dropped(item: Any) -> None:
    told = source().parse(an_answer(a_thread(a_post(84)) | {"post_stream": {"posts": [item]}}))
    assert told.posts == ()
    assert len(told.invalid) == 1


def test_a_topic_that_makes_no_sense_is_counted_and_dropped() -> None:
    told = source().parse(an_answer({"topic_list": {"topics": [None, {"id": 4}, a_topic(5)]}}))
    assert (len(told.posts), len(told.invalid)) == (1, 2)


@pytest.mark.parametrize("body", [{}, [], {"posts": 7}, {"errors": ["x"]}])
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not posts of Discourse"):
        parsed(body)


def test_a_search_that_found_nothing_is_quiet() -> None:
    assert parsed({"grouped_search_result": {"term": "acme"}}) == []


# ---------------------------------------------------------------- reading
async def test_new_posts_are_read_back_to_what_is_known() -> None:
    server = Server(*(a_post(100 - n, number=9, minutes=n) for n in range(30)))
    site = Site(server.talk)
    read = await pages(source(), site, {"at": (NOON - timedelta(minutes=2)).isoformat()})
    ids = [int(post.native_id) for post in posts_of(read)]
    assert ids[-1] == 100
    assert set(range(93, 101)) <= set(ids)
    assert site.asked[1] == {"before": "99"}
    assert {post.thread_id for post in posts_of(read)} == {"discourse:forum.test:topic:57"}


async def test_the_first_post_of_a_topic_is_the_root_of_its_thread() -> None:
    first = a_post(83, number=1, minutes=1, topic_title="Acme &amp; you")
    reply = a_post(84, reply_to_post_number=1)
    one, two = posts_of(await pages(source(), Site(Server(reply, first).talk)))
    assert (one.native_id, one.is_root, one.counters.replies) == ("topic:57", True, None)
    assert one.title == "Acme & you"
    assert (two.parent_id, two.thread_id) == (one.key, one.key)


async def test_what_the_forum_itself_says_is_no_post() -> None:
    closed = a_post(85, post_type=3)
    assert len(posts_of(await pages(source(), Site(Server(closed, a_post(84)).talk)))) == 1


async def test_a_search_is_read_page_by_page() -> None:
    server = Server(*(a_post(100 - n, minutes=n) for n in range(5)))
    site = Site(server.talk)
    read = await pages(source(query="acme"), site, {"at": (NOON - timedelta(days=1)).isoformat()})
    assert len(posts_of(read)) == 5
    assert site.asked[0] == {"q": "acme order:latest", "page": "1"}
    assert site.asked[-1]["page"] == "3"
    assert posts_of(read)[0].text == "acme"


async def test_a_topic_that_grew_is_read_at_its_end() -> None:
    server = Server(a_post(84), a_post(83, number=1))
    server.topics = [a_topic(57, posts_count=61, highest_post_number=64), a_topic(58)]
    root = Root(
        key="discourse:forum.test:topic:57",
        native_id="topic:57",
        created_at=NOON,
        host="forum.test",
    )
    site = Site(server.talk)
    counted, grown = await looks(source(), site, root)
    assert site.requests[-1].url == f"{FORUM}/t/57/64.json"
    assert [count.counters.replies for count in counted.counts] == [60]
    assert [post.native_id for post in grown.posts] == ["84"]


async def test_a_topic_that_is_not_among_the_latest_is_asked_for_by_itself() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/latest.json"):
            return an_answer({"topic_list": {"topics": [a_topic(58)]}})
        if request.url.endswith("/t/59.json"):
            raise FeedRefused("404")
        posts = {"post_stream": {"posts": [a_post(83, number=1)]}}
        return an_answer({**a_topic(57, posts_count=3, highest_post_number=3), **posts})

    def a_root(topic: int, host: str = "forum.test") -> Root:
        id = f"topic:{topic}"
        return Root(key=f"discourse:{host}:{id}", native_id=id, created_at=NOON, host=host)

    site = Site(talk)
    read = await looks(
        source(), site, *(replace(a_root(n), replies=60) for n in (57, 58, 59)), a_root(5, "else")
    )
    assert [[count.thread_id[-2:] for count in page.counts] for page in read] == [
        ["57"],
        ["58"],
        [],
    ]
    assert [request.url.removeprefix(FORUM) for request in site.requests] == [
        "/latest.json", "/t/57.json", "/t/59.json",
    ]  # fmt: skip
    assert [post.native_id for post in posts_of(read)] == ["topic:57"]


async def test_a_members_key_goes_along_in_headers() -> None:
    site = Site(Server().talk)
    await pages(source(token=Secret("k3y"), username="bot"), site)
    assert site.requests[0].headers["api-key"] == "k3y"
    assert site.requests[0].headers["api-username"] == "bot"


@pytest.mark.parametrize(
    ("options", "field"),
    [({"url": "x"}, "url"), ({"query": " "}, "query"), ({"username": "bot"}, "username")],
)
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads() -> None:
    assert "every new post of forum.test" in source().describe()
    assert "match 'acme'" in source(query="acme").describe()


# ---------------------------------------------------------------- deletions
@pytest.mark.parametrize(
    ("told", "flags"),
    [
        ({"user_deleted": True}, {Flag.TAKEN_BACK}), ({"deleted_at": "x"}, {Flag.REMOVED}),
        ({"hidden": True}, set()),
    ],
)  # fmt: skip
def test_what_was_taken_away_says_by_whom(told: dict[str, Any], flags: set[Flag]) -> None:
    (post,) = source().parse(an_answer({"latest_posts": [a_post(5, **told)]})).posts
    assert post.flags == flags


async def test_a_topic_that_the_forum_knows_no_more_is_missed() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/latest.json"):
            return an_answer({"topic_list": {"topics": []}})
        return an_answer({"errors": ["not found"], "error_type": "not_found"}, status=404)

    root = Root(
        key="discourse:forum.test:topic:57",
        native_id="topic:57",
        created_at=NOON,
        host="forum.test",
    )
    (page,) = await looks(source(), Site(talk), root)
    assert page.missed == (root.key,)
