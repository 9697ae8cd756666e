"""Issues and discussions are found by their last change, and their comments are read."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.github import MOST_THREADS, GitHub, GitHubOptions, What

API = "https://api.github.com"


def an_issue(id: int, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    return {
        "id": id,
        "html_url": f"https://github.com/acme/app/issues/{id}",
        "comments_url": f"{API}/repos/acme/app/issues/{id}/comments",
        "title": f"Acme {id}",
        "body": "It broke.",
        "user": {"login": "ann"},
        "comments": 0,
        "reactions": {"total_count": 4},
        "created_at": (NOON - timedelta(days=90)).isoformat(),
        "updated_at": at,
        **told,
    }


def a_comment(id: int, **told: Any) -> dict[str, Any]:
    at = NOON.isoformat()
    return {"id": id, "body": "me too", "user": {"login": "bob"}, "created_at": at,
            "updated_at": at, **told}  # fmt: skip


def a_discussion(id: str, *comments: Any, minutes: int = 0, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    return {
        "id": id, "title": f"Acme {id}", "body": "Why?", "url": f"https://github.com/d/{id}",
        "createdAt": at, "updatedAt": at, "lastEditedAt": None, "upvoteCount": 2,
        "author": {"login": "ann"},
        "comments": {"totalCount": len(comments), "nodes": list(comments)}, **told,
    }  # fmt: skip


def source(**options: Any) -> GitHub:
    return GitHub(GitHubOptions(**{"query": "acme", **options}))


def nodes(*found: Any, cursor: str | None = None) -> dict[str, Any]:
    info = {"hasNextPage": cursor is not None, "endCursor": cursor or "end"}
    return {"data": {"search": {"pageInfo": info, "nodes": list(found)}}}


class Server:
    """GitHub: what it found, by last change; comments under some of it."""

    def __init__(self, *issues: Any, size: int = 2, **comments: list[Any]) -> None:
        self.issues, self.size, self.comments = list(issues), size, comments

    def talk(self, request: Request) -> Answer:
        if request.url.endswith("/comments"):
            number = request.url.split("/")[-2]
            return an_answer(self.comments[f"c{number}"])
        page = int(request.params["page"])
        shown = self.issues[(page - 1) * self.size : page * self.size]
        more = page * self.size < len(self.issues)
        link = {"link": f'<{request.url}?q=x&per_page=100&page={page + 1}>; rel="next"'}
        limits = {"x_ratelimit_limit": "30", "x_ratelimit_remaining": "29"}
        return an_answer({"items": shown}, **limits, **(link if more else {}))


# ---------------------------------------------------------------- single items
def test_an_issue_is_read_with_its_counters() -> None:
    (post,) = source().parse(an_answer({"items": [an_issue(7, comments=3)]})).posts
    assert post.id == "github::post:7"
    assert post.text == "Acme 7\n\nIt broke."
    assert post.counters == Counters(replies=3, likes=4)
    assert post.url == "https://github.com/acme/app/issues/7"


def test_issues_of_a_repository_and_one_alone_are_read_too() -> None:
    assert len(source().parse(an_answer([an_issue(7), an_issue(8)])).posts) == 2
    assert len(source().parse(an_answer(an_issue(7))).posts) == 1


def test_the_issue_of_a_deleted_account_names_nobody() -> None:
    (post,) = source().parse(an_answer([an_issue(7, user=None, body=None)])).posts
    assert (post.author.handle, post.text) == ("", "Acme 7")


def test_a_discussion_is_read_with_its_comments() -> None:
    comment = {"id": "DC_1", "body": "same", "author": None, "createdAt": NOON.isoformat()}
    first, second = source().parse(an_answer(nodes(a_discussion("D_1", comment)))).posts
    assert first.counters == Counters(replies=1, likes=2)
    assert (second.kind, second.thread_id, second.parent_id) == (
        PostKind.COMMENT, first.key, first.key,
    )  # fmt: skip


def test_the_next_request_turns_the_page() -> None:
    told = source().parse(an_answer(nodes(a_discussion("D_1"), cursor="c")))
    assert told.next == {"after": "c"}
    link = {"link": f'<{API}/search/issues?page=2>; rel="next"'}
    assert source().parse(an_answer([an_issue(7)], **link)).next == {
        "url": f"{API}/search/issues?page=2"
    }


def test_items_without_a_date_bear_the_time_they_were_fetched() -> None:
    (issue,) = source().parse(an_answer([an_issue(7, created_at=None)])).posts
    (talk,) = source().parse(an_answer(nodes(a_discussion("D", createdAt=1)))).posts
    assert issue.flags == talk.flags == {Flag.UNDATED}


@pytest.mark.parametrize("item", [None, {}, an_issue(7, title=""), an_issue(7, user={})])
def test_an_item_that_makes_no_sense_is_counted_and_dropped(item: Any) -> None:
    told = source().parse(an_answer([item, an_issue(8)]))
    assert ([post.native_id for post in told.posts], len(told.invalid)) == (["8"], 1)


@pytest.mark.parametrize("node", [None, {}, a_discussion("D", title=""), a_discussion("")])
def test_a_discussion_that_makes_no_sense_is_counted_and_dropped(node: Any) -> None:
    told = source().parse(an_answer(nodes(node, a_discussion("E"))))
    assert ([post.native_id for post in told.posts], len(told.invalid)) == (["E"], 1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "not issues"), ({"items": 7}, "not issues"), ({"data": {}}, "not discussions"),
        ({"data": None, "errors": [{"message": "Bad credentials"}]}, "Bad credentials"),
    ],
)  # fmt: skip
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any, said: str) -> None:
    with pytest.raises(FeedUnavailable, match=said):
        source().parse(an_answer(body))


# ---------------------------------------------------------------- reading
async def test_what_changed_is_read_back_to_what_is_known_however_old_it_is() -> None:
    server = Server(*(an_issue(n, minutes=n) for n in range(20)))
    site = Site(server.talk)
    read = await pages(source(), site, {"at": (NOON - timedelta(minutes=1)).isoformat()})
    assert len(posts_of(read)) == 8
    assert read[-1].cursor["at"] == NOON.isoformat()
    assert site.asked[0]["q"] == "acme updated:>=2026-11-22T11:54:00Z"
    assert read[0].rate is not None
    assert read[0].rate.limit == 30


async def test_new_comments_of_the_liveliest_stand_under_their_issue() -> None:
    later = (NOON + timedelta(minutes=1)).isoformat()
    comments = [a_comment(1), a_comment(2, updated_at=later), a_comment(3, body=None), {}]
    server = Server(an_issue(7, comments=60), c7=comments)
    read = await pages(source(), Site(server.talk), {"at": NOON.isoformat()})
    first, second = read[-1].posts
    assert (first.native_id, first.thread_id, first.edited_at) == ("comment:1", "github::7", None)
    assert second.edited_at == NOON + timedelta(minutes=1)


async def test_only_so_many_threads_are_read_and_none_elsewhere() -> None:
    comments = {f"c{n}": [a_comment(n)] for n in range(20)}
    issues = [an_issue(n, comments=n) for n in range(1, 20)]
    issues[-1]["comments_url"] = "https://evil.test/comments"
    site = Site(Server(*issues, size=100, **comments).talk)
    await pages(source(), site, {"at": NOON.isoformat()})
    asked = [request.url for request in site.requests if request.url.endswith("/comments")]
    assert len(asked) == MOST_THREADS - 1
    assert all(url.startswith(API) for url in asked)


async def test_comments_that_cannot_be_read_cost_no_issues() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/comments"):
            raise FeedUnavailable("down")
        return an_answer({"items": [an_issue(7, comments=1)]})

    assert len(posts_of(await pages(source(), Site(talk), {"at": NOON.isoformat()}))) == 1


async def test_discussions_are_asked_for_with_the_token() -> None:
    asked: list[Any] = []

    def talk(request: Request) -> Answer:
        assert request.headers["authorization"] == "Bearer t0ken"
        asked.append(json.loads(request.body or b"")["variables"])
        more = "c2" if asked[-1]["after"] is None else None
        return an_answer(nodes(a_discussion(f"D{len(asked)}", minutes=len(asked)), cursor=more))

    feed = source(what=What.DISCUSSIONS, token=Secret("t0ken"))
    read = await pages(feed, Site(talk), {"at": NOON.isoformat()})
    assert len(posts_of(read)) == 2
    assert asked[0]["q"] == "acme updated:>=2026-11-22T11:55:00Z sort:updated-desc"
    assert asked[1]["after"] == "c2"


async def test_a_query_that_is_not_understood_is_refused() -> None:
    site = Site(lambda _: an_answer({"message": "Validation Failed"}, status=422))
    with pytest.raises(FeedRefused, match=r"Validation Failed.*query"):
        await pages(source(), site)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"url": "x"}, "url"), ({"query": ""}, "query"), ({"what": What.DISCUSSIONS}, "token")],
)
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads() -> None:
    assert "issues and pull requests" in source().describe()
    assert "discussions" in source(what=What.DISCUSSIONS, token=Secret("x")).describe()


# ---------------------------------------------------------------- threads that are followed
def a_root(id: str, url: str | None = None, **known: Any) -> Root:
    address = url or f"https://github.com/acme/app/issues/{id}"
    return Root(key=f"github::{id}", native_id=id, created_at=NOON, url=address, **known)


async def test_an_issue_that_grew_brings_its_newest_comments() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/issues/5/comments"):
            assert request.params["page"] == "3"  # a hundred a page, the oldest first
            return an_answer([a_comment(9)])
        if request.url.endswith("/issues/6"):
            raise FeedRefused("404")
        return an_answer(an_issue(5, comments=201))

    site = Site(talk)
    read = await looks(source(), site, a_root("5"), a_root("6"))
    assert [count.counters.replies for page in read for count in page.counts] == [201]
    assert [post.native_id for post in posts_of(read)] == ["5", "comment:9"]
    assert posts_of(read)[1].thread_id == "github::5"
    assert site.requests[0].url == f"{API}/repos/acme/app/issues/5"


async def test_what_a_moved_issue_says_is_not_the_old_ones() -> None:
    (page,) = await looks(source(), Site(lambda _: an_answer(an_issue(7))), a_root("5"))
    assert (page.counts, page.posts) == ((), ())


async def test_discussions_that_grew_bring_their_newest_comments() -> None:
    comment = {"id": "DC_1", "body": "me too", "createdAt": NOON.isoformat(), "author": None}

    def talk(request: Request) -> Answer:
        assert json.loads(request.body or b"")["variables"] == {"ids": ["D_1", "D_2"]}
        return an_answer({"data": {"nodes": [a_discussion("D_1", comment), None]}})

    talked = source(what=What.DISCUSSIONS, token=Secret("t"))
    counted, grown = await looks(talked, Site(talk), a_root("D_1"), a_root("D_2"), a_root("7"))
    assert [count.counters.replies for count in counted.counts] == [1]
    assert [(post.native_id, post.thread_id) for post in grown.posts] == [("DC_1", "github::D_1")]


@pytest.mark.parametrize(
    "url",
    ["https://github.com/acme/../issues/5", "https://github.com/acme/app/wiki", "x", ""],
)
def test_an_issue_without_a_proper_address_is_out_of_reach(url: str) -> None:
    assert not source().reaches(a_root("5", url or "-"))
    assert source().reaches(a_root("5", "https://github.com/acme/.github/pull/5"))


@pytest.mark.parametrize("status", [404, 410])
async def test_an_issue_that_github_knows_no_more_is_missed(status: int) -> None:
    gone = an_answer({"message": "This issue was deleted"}, status=status)
    (page,) = await looks(source(), Site(lambda _: gone), a_root("5"))
    assert page.missed == ("github::5",)
