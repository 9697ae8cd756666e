"""Reddit's posts and comments are read as an approved application, and never without one."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.reddit import Reddit, RedditOptions

SECRET = "s3cr3t-of-the-application"
START = NOON.timestamp()


def a_link(id: str, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    data = {
        "name": f"t3_{id}",
        "id": id,
        "author": "ann",
        "title": f"Acme {id}",
        "selftext": "It broke.",
        "created_utc": START - 60.0 * minutes,
        "edited": False,
        "permalink": f"/r/acme/comments/{id}/acme/",
        "num_comments": 2,
        "score": 5,
        **told,
    }
    return {"kind": "t3", "data": data}


def a_comment(id: str, parent: str = "t3_1", *replies: Any, **told: Any) -> dict[str, Any]:
    data = {
        "name": f"t1_{id}",
        "id": id,
        "author": "bob",
        "body": f"acme {id}",
        "created_utc": START,
        "link_id": "t3_1",
        "parent_id": parent,
        "permalink": f"/r/acme/comments/1/acme/{id}/",
        "replies": a_listing(*replies) if replies else "",
        "score": 1,
        **told,
    }
    return {"kind": "t1", "data": data}


def a_listing(*things: Any, after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(things), "after": after}}


def source(**options: Any) -> Reddit:
    keys = {"client_id": Secret("id"), "client_secret": Secret(SECRET), "account": "u/acme"}
    return Reddit(RedditOptions(**{**keys, "query": "acme", **options}))


def only(thing: dict[str, Any]) -> Post:
    (post,) = source().parse(an_answer(a_listing(thing))).posts
    return post


class Server:
    """Reddit: gives tokens for some time, and pages of what it holds, newest first."""

    def __init__(self, *things: Any, size: int = 2) -> None:
        self.things = list(things)
        self.size = size
        self.token = ""
        self.signed_in = 0
        self.under: dict[str, Any] = {}

    def talk(self, request: Request) -> Answer:
        assert request.headers["user-agent"].endswith("(by /u/acme)")
        path = request.url.partition(".com")[2]
        if path == "/api/v1/access_token":
            given = base64.b64decode(request.headers["authorization"].removeprefix("Basic "))
            assert given == f"id:{SECRET}".encode()
            assert request.body == b"grant_type=client_credentials"
            self.signed_in += 1
            self.token = f"token-{self.signed_in}"
            return an_answer({"access_token": self.token, "expires_in": 86400})
        if request.headers["authorization"] != f"Bearer {self.token}":
            return an_answer(b"", status=401)
        assert request.params["raw_json"] == "1"
        if path == "/api/info":
            names = request.params["id"].split(",")
            return an_answer(a_listing(*(t for t in self.things if t["data"]["name"] in names)))
        if path.startswith("/comments/"):
            return an_answer([a_listing(), a_listing(*self.under[path.rpartition("/")[2]])])
        names = [thing["data"]["name"] for thing in self.things]
        after = request.params.get("after")
        start = names.index(after) + 1 if after else 0
        end = start + self.size
        more = names[end - 1] if end < len(names) else None
        limits = {"x_ratelimit_used": "6", "x_ratelimit_remaining": "594.0",
                  "x_ratelimit_reset": "253"}  # fmt: skip
        return an_answer(a_listing(*self.things[start:end], after=more), **limits)


# ---------------------------------------------------------------- single things
def test_a_post_is_read_with_its_counters() -> None:
    post = only(a_link("1", edited=START))
    assert post.id == "reddit::post:t3_1"
    assert post.text == "Acme 1\n\nIt broke."
    assert post.counters == Counters(replies=2, likes=5)
    assert post.url == "https://www.reddit.com/r/acme/comments/1/acme/"
    assert post.edited_at == post.created_at == NOON
    assert post.is_root


def test_a_comment_stands_in_the_thread_of_its_post() -> None:
    post = only(a_comment("c", "t1_b"))
    assert post.kind is PostKind.COMMENT
    assert (post.parent_id, post.thread_id) == ("reddit::t1_b", "reddit::t3_1")


def test_a_score_below_zero_stays_what_it_is() -> None:
    assert only(a_comment("c", score=-12)).counters.likes == -12


@pytest.mark.parametrize("words", ["[deleted]", "[removed]", "[ Removed by Reddit ]"])
def test_what_was_taken_back_holds_no_words_and_names_nobody(words: str) -> None:
    post = only(a_comment("c", author="[deleted]", body=words))
    assert (post.text, post.author.handle) == ("", "")
    assert only(a_link("1", selftext=words, author=None)).text == "Acme 1"


def test_a_cross_post_quotes_the_post_it_repeats() -> None:
    assert only(a_link("2", crosspost_parent="t3_1")).quote_of == "reddit::t3_1"


def test_a_thing_without_a_date_bears_the_time_it_was_fetched() -> None:
    post = only(a_link("1", created_utc=10.0**40))
    assert (post.flags, post.created_at) == ({Flag.UNDATED}, NOON)


def test_a_tree_is_read_each_comment_before_its_replies() -> None:
    more = {"kind": "more", "data": {"count": 31, "children": ["x"]}}
    tree = a_listing(
        a_comment("a", "t3_1", a_comment("b", "t1_a"), more), a_comment("c"), more
    )  # fmt: skip
    parsed = source().parse(an_answer([a_listing(a_link("1")), tree]))
    assert [post.native_id for post in parsed.posts] == ["t3_1", "t1_a", "t1_b", "t1_c"]
    assert parsed.invalid == ("62 comments that Reddit folds away",)


def test_what_was_folded_away_is_read_when_it_is_asked_for_by_itself() -> None:
    told = {"json": {"errors": [], "data": {"things": [a_comment("a"), a_comment("b")]}}}
    assert len(source().parse(an_answer(told)).posts) == 2


@pytest.mark.parametrize(
    "thing",
    [None, {}, {"kind": "t5", "data": {"name": "t5_a"}}, {"kind": "t1", "data": {"name": "t3_a"}},
     {"kind": "t1", "data": {}}, a_link("x" * 600)],
)  # fmt: skip
def test_a_thing_that_makes_no_sense_is_counted_and_dropped(thing: object) -> None:
    parsed = source().parse(an_answer(a_listing(thing, a_link("1"))))
    assert [post.native_id for post in parsed.posts] == ["t3_1"]
    assert len(parsed.invalid) == 1


@pytest.mark.parametrize("body", [{}, [], [7], {"kind": "t3"}, {"message": "x", "error": 403}])
def test_an_answer_without_a_listing_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not a listing of Reddit"):
        source().parse(an_answer(body))


# ---------------------------------------------------------------- reading
async def test_a_search_is_read_back_to_what_is_known() -> None:
    server = Server(*(a_link(str(n), minutes=n) for n in range(20)))
    site, reddit = Site(server.talk), source(subreddit="r/acme")
    read = await pages(reddit, site, {"at": (NOON - timedelta(minutes=2)).isoformat()})
    assert len(posts_of(read)) == 10
    assert site.requests[1].url == "https://oauth.reddit.com/r/acme/search"
    assert site.requests[1].params["restrict_sr"] == "true"
    assert read[0].rate is not None
    assert (read[0].rate.limit, read[0].rate.remaining) == (600, 594)
    assert server.signed_in == 1


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "/search"),
        ({"query": None, "subreddit": "acme+globex"}, "/r/acme+globex/new"),
        ({"query": None, "subreddit": "acme", "comments": True}, "/r/acme/comments"),
    ],
)
async def test_each_kind_of_feed_reads_its_own_list(options: dict[str, Any], path: str) -> None:
    site = Site(Server().talk)
    await pages(source(**options), site)
    assert site.requests[-1].url == f"https://oauth.reddit.com{path}"


async def test_a_token_that_ran_out_is_asked_for_anew() -> None:
    server = Server(a_link("1"))
    site, reddit = Site(server.talk), source()
    await pages(reddit, site)
    server.token = "another"
    assert len(posts_of(await pages(reddit, site))) == 1
    assert server.signed_in == 2


async def test_an_application_that_is_not_approved_is_refused_and_its_secret_never_shown() -> None:
    site = Site(lambda _: an_answer({"message": "Unauthorized"}, status=401))
    with pytest.raises(FeedRefused, match="approved") as raised:
        await pages(source(), site)
    assert SECRET not in str(raised.value)


async def test_an_answer_without_a_token_is_passing_trouble() -> None:
    with pytest.raises(FeedUnavailable, match="no token"):
        await pages(source(), Site(lambda _: an_answer({"error": "invalid_grant"})))


async def test_the_number_that_a_comment_bears_is_its_threads_own() -> None:
    server = Server(a_comment("a", num_comments=16379))
    root = Root(key="reddit::t3_1", native_id="t3_1", created_at=NOON)
    feed = source(query=None, subreddit="acme", comments=True)
    first, *_ = await pages(feed, Site(server.talk), roots=(root,))
    assert first.posts[0].counters == Counters(likes=1)
    (count,) = first.counts
    assert (count.thread_id, count.counters.replies) == ("reddit::t3_1", 16379)


async def test_a_thread_that_grew_brings_its_comments() -> None:
    server = Server(a_link("1", num_comments=1))
    server.under["1"] = [a_comment("a", num_comments=1)]
    root = Root(key="reddit::t3_1", native_id="t3_1", created_at=NOON)
    other = Root(key="reddit::t1_1", native_id="t1_1", created_at=NOON)
    counted, grown = await looks(source(), Site(server.talk), root, other)
    assert [post.native_id for post in grown.posts] == ["t1_a"]
    assert grown.posts[0].counters.replies is None
    assert counted.counts[0].counters.replies == 1


# ---------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"query": None}, "query"), ({"subreddit": "a b"}, "subreddit"),
        ({"comments": True}, "comments"), ({"url": "reddit"}, "url"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


@pytest.mark.parametrize(
    "options",
    [{}, {"query": None, "subreddit": "acme"}, {"query": None, "subreddit": "a", "comments": True}],
)
def test_a_feed_says_what_it_sees(options: dict[str, Any]) -> None:
    assert "about a thousand" in source(**options).describe()


# ---------------------------------------------------------------- deletions
@pytest.mark.parametrize(
    ("told", "flags"),
    [
        ({"selftext": "[deleted]", "author": "[deleted]"}, {Flag.TAKEN_BACK}),
        ({"author": "[deleted]"}, {Flag.TAKEN_BACK}),
        ({"selftext": "[removed]"}, {Flag.REMOVED}),
        ({"selftext": "[removed]", "author": "[deleted]"}, {Flag.REMOVED}),
        ({"selftext": "", "removed_by_category": "moderator"}, {Flag.REMOVED}),
        ({"selftext": "", "removed_by_category": None}, set()),
        ({"selftext": "", "removed_by_category": ["moderator"]}, set()),
    ],
)
def test_what_was_taken_away_says_by_whom(told: dict[str, Any], flags: set[Flag]) -> None:
    assert only(a_link("1", **told)).flags == flags


def test_a_comment_that_was_taken_away_says_by_whom() -> None:
    assert only(a_comment("c", body="[deleted]")).flags == {Flag.TAKEN_BACK}
    assert only(a_comment("c", body="[ Removed by Reddit ]")).flags == {Flag.REMOVED}
