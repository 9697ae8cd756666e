"""Posts and comments of Lemmy are found together and told apart."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Counters, Flag, PostKind
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.lemmy import Lemmy, LemmyOptions

TOWN = "https://town.test"


def a_post(number: int, *, minutes: int = 0, counts: Any = None, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    post = {"id": number, "name": f"Acme {number}", "body": "It broke.", "published": at,
            "ap_id": f"https://far.test/post/{number}", **told}  # fmt: skip
    return {
        "post": post,
        "creator": {"name": "ann", "actor_id": "https://far.test/u/ann", "display_name": "Ann"},
        "counts": counts or {"comments": 2, "score": -4},
    }


def a_comment(id: int, *, path: str = "0.9", **told: Any) -> dict[str, Any]:
    comment = {"id": id, "post_id": 1, "content": f"acme {id}", "path": path,
               "published": NOON.isoformat(), **told}  # fmt: skip
    return {
        "comment": comment,
        "creator": {"name": "bob"},
        "counts": {"child_count": 1, "score": 3},
    }


def source(**options: Any) -> Lemmy:
    return Lemmy(LemmyOptions(**{"url": TOWN, "query": "acme", **options}))


def found(*posts: Any, comments: tuple[Any, ...] = ()) -> Answer:
    return an_answer({"type_": "All", "posts": list(posts), "comments": list(comments)})


def test_a_post_is_read_with_its_home_and_its_counters() -> None:
    (post,) = source().parse(found(a_post(5))).posts
    assert post.id == "lemmy:town.test:post:post:5"
    assert post.text == "Acme 5\n\nIt broke."
    assert (post.author.handle, post.author.name) == ("ann@far.test", "Ann")
    assert post.counters == Counters(replies=2, likes=-4)
    assert (post.url, post.uri) == (f"{TOWN}/post/5", "https://far.test/post/5")


def test_a_comment_stands_under_its_comment_and_in_the_thread_of_its_post() -> None:
    told = source().parse(found(comments=(a_comment(9, path="0.7.9"), a_comment(8, path="0.8"))))
    nested, first = told.posts
    assert nested.kind is PostKind.COMMENT
    assert nested.parent_id == "lemmy:town.test:comment:7"
    assert first.parent_id == nested.thread_id == "lemmy:town.test:post:1"
    assert nested.counters == Counters(replies=1, likes=3)


def test_the_counters_and_dates_of_version_one_are_read_too() -> None:
    view = a_post(5, comments=6, score=1, published=None, published_at=NOON.isoformat())
    view["counts"] = None
    (post,) = source().parse(found(view)).posts
    assert (post.counters, post.created_at) == (Counters(replies=6, likes=1), NOON)


@pytest.mark.parametrize("gone", [{"deleted": True}, {"removed": True}])
def test_what_was_taken_away_holds_no_words(gone: dict[str, bool]) -> None:
    told = source().parse(found(a_post(5, **gone), comments=(a_comment(9, **gone),)))
    assert [post.text for post in told.posts] == ["", ""]


def test_one_post_alone_is_read_too() -> None:
    assert len(source().parse(an_answer({"post_view": a_post(5)})).posts) == 1


@pytest.mark.parametrize(
    "view",
    [None, {}, a_post(5, id="x"), a_post(5, name=""), a_post(5) | {"creator": {}},
     a_comment(9, content=None), a_comment(9, post_id=None)],
)  # fmt: skip
def test_a_view_that_makes_no_sense_is_counted_and_dropped(view: Any) -> None:
    told = source().parse(found(view, a_post(6)))
    assert (len(told.posts), len(told.invalid)) == (1, 1)


def test_a_post_without_a_date_bears_the_time_it_was_fetched() -> None:
    (post,) = source().parse(found(a_post(5, published="x"))).posts
    assert post.flags == {Flag.UNDATED}


@pytest.mark.parametrize("body", [{}, [], {"posts": 7}, {"error": "couldnt_find_post"}])
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not posts of Lemmy"):
        source().parse(an_answer(body))


async def test_a_search_is_read_back_to_what_is_known() -> None:
    views = [a_post(n, minutes=n) for n in range(1, 20)]

    def talk(request: Request) -> Answer:
        start = 2 * (int(request.params["page"]) - 1)
        return found(*views[start : start + 2])

    site = Site(talk)
    at = {"at": (NOON - timedelta(minutes=1)).isoformat()}
    read = await pages(source(community="tech"), site, at)
    assert len(posts_of(read)) == 8
    assert site.asked[0]["community_name"] == "tech"


async def test_a_thread_that_grew_brings_its_comments_and_a_deleted_one_is_passed_over() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/comment/list"):
            return an_answer({"comments": [a_comment(9)]})
        if request.params["id"] == "2":
            return an_answer({"error": "couldnt_find_post"}, status=404)
        return an_answer({"post_view": a_post(1, counts={"comments": 61})})

    roots = tuple(
        Root(
            key=f"lemmy:town.test:post:{n}",
            native_id=f"post:{n}",
            created_at=NOON,
            host="town.test",
        )
        for n in (1, 2)
    )
    read = await looks(source(), Site(talk), *roots, replace(roots[0], host="else.test"))
    assert [count.counters.replies for page in read for count in page.counts] == [61]
    assert [post.native_id for post in posts_of(read)] == ["post:1", "comment:9"]


@pytest.mark.parametrize(("options", "field"), [({"url": "x"}, "url"), ({"query": ""}, "query")])
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads() -> None:
    assert "in tech" in source(community="tech").describe()


# ---------------------------------------------------------------- deletions
@pytest.mark.parametrize(
    ("answer", "missed"),
    [
        (an_answer({"error": "couldnt_find_post"}, status=404), 1),
        (an_answer({"error": "couldnt_find_post"}, status=400), 1),
        (an_answer("<h1>404</h1>", status=404), 0),
    ],
)
async def test_a_root_that_the_server_knows_no_more_is_missed(answer: Answer, missed: int) -> None:
    root = Root(key="lemmy:town.test:post:1", native_id="post:1", created_at=NOON, host="town.test")
    (page,) = await looks(source(), Site(lambda _: answer), root)
    assert page.missed == (root.key,) * missed


def test_what_was_taken_away_says_by_whom() -> None:
    (post,) = source().parse(an_answer({"post_view": a_post(1, deleted=True)})).posts
    assert post.flags == {Flag.TAKEN_BACK}
    (post,) = source().parse(an_answer({"post_view": a_post(1, removed=True)})).posts
    assert post.flags == {Flag.REMOVED}
