"""Bluesky is searched with a session that renews itself; threads that grow are read whole."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.bluesky import MOST_PAGES, Bluesky, BlueskyOptions

ANN = "did:plc:ann"
APP_PASSWORD = "abcd-efgh-ijkl-mnop"


def address(rkey: str, did: str = ANN) -> str:
    return f"at://{did}/app.bsky.feed.post/{rkey}"


def a_view(
    rkey: str, *, minutes: int = 0, record: dict[str, Any] | None = None, **told: Any
) -> Any:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    return {
        "uri": address(rkey),
        "author": {"did": ANN, "handle": "ann.test", "displayName": "Ann"},
        "record": {"text": f"acme {rkey}", "createdAt": at, "langs": ["en"], **(record or {})},
        "replyCount": 0,
        "indexedAt": at,
        **told,
    }


def only(view: dict[str, Any]) -> Post:
    (post,) = source().parse(an_answer({"posts": [view]})).posts
    return post


def source(**options: Any) -> Bluesky:
    account = {"handle": "@acme.test", "password": Secret(APP_PASSWORD)}
    return Bluesky(BlueskyOptions(**{"query": "acme", **account, **options}))


class Server:
    """An account's server: it signs in, lets tokens run out, and shows a list of posts."""

    def __init__(self, *views: Any, size: int = 2) -> None:
        self.views = list(views)
        self.size = size
        self.sessions = 0
        self.renewals = 0
        self.access = self.refresh = ""
        self.threads: dict[str, Any] = {}

    def site(self) -> Site:
        return Site(self.talk)

    def talk(self, request: Request) -> Answer:
        url, _, query = request.url.partition("?")
        method = url.rpartition("/")[2]
        told = request.headers.get("authorization", "")
        if method == "com.atproto.server.createSession":
            given = json.loads(request.body or b"")
            assert given == {"identifier": "acme.test", "password": APP_PASSWORD}
            self.sessions += 1
            return self.tokens()
        if method == "com.atproto.server.refreshSession":
            assert request.body == b""
            if told != f"Bearer {self.refresh}":
                return an_answer({"error": "ExpiredToken", "message": "gone"}, status=400)
            self.renewals += 1
            return self.tokens()
        if told != f"Bearer {self.access}":
            return an_answer({"error": "ExpiredToken", "message": "expired"}, status=400)
        return getattr(self, method.rpartition(".")[2])(dict(request.params), query)

    def tokens(self) -> Answer:
        number = self.sessions * 100 + self.renewals
        self.access, self.refresh = f"access-{number}", f"refresh-{number}"
        return an_answer({"accessJwt": self.access, "refreshJwt": self.refresh})

    def searchPosts(self, params: dict[str, str], _: str) -> Answer:  # noqa: N802 - their name
        start = int(params.get("cursor", "0"))
        end = start + self.size
        more = {"cursor": str(end)} if end < len(self.views) else {}
        limits = {"ratelimit_limit": "3000", "ratelimit_remaining": "2999"}
        return an_answer({"posts": self.views[start:end], **more}, at=NOON, **limits)

    def getPosts(self, _: dict[str, str], query: str) -> Answer:  # noqa: N802 - their name
        wanted = [view for view in self.views if view["uri"].rpartition("/")[2] in query]
        return an_answer({"posts": wanted})

    def getPostThread(self, params: dict[str, str], _: str) -> Answer:  # noqa: N802 - their name
        return an_answer({"thread": self.threads[params["uri"]]})


# ---------------------------------------------------------------- single posts
def test_a_post_is_read_with_author_counters_and_language() -> None:
    view = a_view("3a", replyCount=4, repostCount=3, quoteCount=2, likeCount=1)
    post = only(view)
    assert post.id == f"bluesky::post:{address('3a')}"
    assert (post.author.handle, post.author.name) == ("ann.test", "Ann")
    assert post.counters == Counters(replies=4, boosts=3, quotes=2, likes=1)
    assert (post.language, post.text) == ("en", "acme 3a")
    assert post.url == f"https://bsky.app/profile/{ANN}/post/3a"
    assert post.is_root


def test_a_reply_names_its_parent_and_stands_in_the_thread_of_the_root() -> None:
    reply = {"root": {"uri": address("1")}, "parent": {"uri": address("2")}}
    post = only(a_view("3", record={"reply": reply}))
    assert post.kind is PostKind.REPLY
    assert post.parent_id == f"bluesky::{address('2')}"
    assert post.thread_id == f"bluesky::{address('1')}"


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.record", "record": {"uri": address("1")}},
        {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {"uri": address("1")}}},
    ],
)
def test_a_quote_names_what_it_quotes_with_pictures_or_without(embed: Any) -> None:
    post = only(a_view("3", record={"embed": embed}))
    assert (post.kind, post.quote_of) == (PostKind.QUOTE, f"bluesky::{address('1')}")


def test_a_list_that_is_embedded_is_no_quote() -> None:
    embed = {
        "$type": "app.bsky.embed.record",
        "record": {"uri": f"at://{ANN}/app.bsky.graph.list/1"},
    }
    assert only(a_view("3", record={"embed": embed})).quote_of is None


@pytest.mark.parametrize("handle", ["", "handle.invalid", None])
def test_an_author_whose_handle_leads_nowhere_goes_by_the_identifier(handle: object) -> None:
    assert only(a_view("3", author={"did": ANN, "handle": handle})).author.handle == ANN


@pytest.mark.parametrize(
    ("languages", "language"), [([], None), (["de", "en"], None), (None, None)]
)
def test_a_language_counts_only_where_it_is_the_only_one(
    languages: object, language: str | None
) -> None:
    assert only(a_view("3", record={"langs": languages})).language == language


def test_a_post_without_a_date_bears_that_of_the_index_or_of_the_fetch() -> None:
    view = a_view("3", minutes=5, record={"createdAt": "yesterday"})
    assert only(view).created_at == NOON - timedelta(minutes=5)
    assert only({**view, "indexedAt": None}).flags == {Flag.UNDATED}


@pytest.mark.parametrize(
    "view",
    [
        None, {}, a_view("3", uri="at://x"), a_view("3", author={}),
        a_view("3", record={"text": 7}),
        a_view("3", uri=f"at://{ANN}/app.bsky.graph.list/3"), a_view("3", uri=address("a" * 600)),
    ],
)  # fmt: skip
def test_a_view_that_makes_no_sense_is_counted_and_dropped(view: object) -> None:
    parsed = source().parse(an_answer({"posts": [view, a_view("4")]}))
    assert [post.native_id for post in parsed.posts] == [address("4")]
    assert len(parsed.invalid) == 1


# ---------------------------------------------------------------- other answers
def node(rkey: str, *replies: Any, **told: Any) -> Any:
    return {"post": a_view(rkey), "replies": list(replies), **told}


def test_a_thread_is_read_from_the_root_down_without_what_is_gone() -> None:
    gone = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": address("x"), "notFound": True}
    above = {"post": a_view("2"), "parent": node("1")}
    told = {"thread": node("3", node("4", node("5")), gone, node("6"), parent=above)}
    read = source().parse(an_answer(told)).posts
    assert [post.native_id[-1] for post in read] == ["1", "2", "3", "4", "5", "6"]


def test_a_feed_of_an_author_is_read() -> None:
    told = {"feed": [{"post": a_view("1")}, {"post": a_view("2"), "reason": {}}], "cursor": "c"}
    parsed = source().parse(an_answer(told))
    assert len(parsed.posts) == 2
    assert parsed.next == {"cursor": "c"}


@pytest.mark.parametrize("body", [{}, [], {"posts": 7}, {"thread": []}, {"error": "x"}])
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not posts of Bluesky"):
        source().parse(an_answer(body))


# ---------------------------------------------------------------- the firehose
def a_commit(rkey: str, **told: Any) -> dict[str, Any]:
    return {
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": rkey,
        "record": {"text": "acme", "createdAt": NOON.isoformat()},
        **told,
    }


def old(number: int, **told: Any) -> dict[str, Any]:
    return {"did": ANN, "time_us": number, "kind": "commit", "commit": a_commit("3", **told)}


def new(number: int, **told: Any) -> dict[str, Any]:
    payload = {
        "$type": "network.bsky.jetstream.subscribeEvents#commit",
        "did": ANN,
        "seq": number,
        **a_commit("3", **told),
    }
    return {"$type": "message", "payload": payload}


def lines(*frames: dict[str, Any]) -> Answer:
    return an_answer("\n".join(json.dumps(frame) for frame in frames) + "\n")


@pytest.mark.parametrize("form", [old, new])
def test_both_forms_of_the_firehose_bring_the_same_post(form: Any) -> None:
    parsed = source().parse(lines(form(1783175888085434)))
    (post,) = parsed.posts
    assert (post.native_id, post.author.handle) == (address("3"), ANN)
    assert parsed.next == {"cursor": "1783175888085434"}


@pytest.mark.parametrize("form", [old, new])
def test_only_posts_that_were_written_are_posts(form: Any) -> None:
    parsed = source().parse(
        lines(
            form(1, collection="app.bsky.feed.like"), form(2, operation="delete"), form(3),
        )
    )  # fmt: skip
    assert len(parsed.posts) == 1
    assert parsed.invalid == ()


def test_a_line_that_makes_no_sense_costs_only_itself() -> None:
    body = b'{"did": "x", "kind": "commit"}\n{"did\n\n' + json.dumps(old(5)).encode()
    broken = json.dumps(old(6, record={})).encode()
    parsed = source().parse(an_answer(body + b"\n" + broken))
    assert len(parsed.posts) == 1
    assert len(parsed.invalid) == 3


# ---------------------------------------------------------------- reading
async def test_a_search_is_read_back_to_what_is_known() -> None:
    server = Server(*(a_view(f"p{n}", minutes=n) for n in range(40)))
    site, bluesky = server.site(), source()
    first = await pages(bluesky, site)
    assert len(posts_of(first)) == 2
    assert first[0].rate is not None
    server.views[:0] = [a_view(f"q{n}") for n in range(5)]
    read = posts_of(await pages(bluesky, site, first[-1].cursor))
    assert {address(f"q{n}") for n in range(5)} <= {post.native_id for post in read}
    assert site.requests[-1].params["since"] == "2026-11-22T11:55:00Z"
    assert server.sessions == 1


async def test_a_date_that_its_author_made_up_does_not_end_the_reading() -> None:
    # An imported post claims to be old, but lies where the index saw it come.
    views = [a_view(f"p{n}", minutes=n) for n in range(6)]
    views[0]["record"]["createdAt"] = (NOON + timedelta(days=3)).isoformat()
    server = Server(*views)
    read = await pages(source(), server.site(), {"at": (NOON - timedelta(minutes=1)).isoformat()})
    assert len(posts_of(read)) == 6


async def test_a_token_that_ran_out_is_renewed_and_the_question_asked_again() -> None:
    server = Server(a_view("1"))
    site, bluesky = server.site(), source()
    await pages(bluesky, site)
    server.access = "another"
    assert len(posts_of(await pages(bluesky, site))) == 1
    assert (server.sessions, server.renewals) == (1, 1)


async def test_a_session_that_cannot_be_renewed_is_begun_anew() -> None:
    server = Server(a_view("1"))
    site, bluesky = server.site(), source()
    await pages(bluesky, site)
    server.access = server.refresh = "another"
    assert len(posts_of(await pages(bluesky, site))) == 1
    assert (server.sessions, server.renewals) == (2, 0)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"},
         "does not take the account's app password"),
        (401, {"error": "AuthFactorTokenRequired", "message": "x"}, "use an app password"),
        (401, "", "does not take"),
    ],
)  # fmt: skip
async def test_a_password_that_is_not_taken_is_refused_and_never_shown(
    status: int, error: Any, said: str
) -> None:
    site = Site(lambda _: an_answer(error, status=status))
    with pytest.raises(FeedRefused, match=said) as raised:
        await pages(source(), site)
    assert APP_PASSWORD not in str(raised.value)


async def test_a_question_that_is_not_understood_says_what_was_wrong() -> None:
    def talk(request: Request) -> Answer:
        if "createSession" in request.url:
            return an_answer({"accessJwt": "a", "refreshJwt": "r"})
        return an_answer({"error": "InvalidRequest", "message": "q is bad"}, status=400)

    with pytest.raises(FeedUnavailable, match=r"InvalidRequest: q is bad.*query"):
        await pages(source(), Site(talk))


async def test_a_stranger_is_told_to_bring_an_account() -> None:
    stranger = source(handle=None, password=None)
    site = Site(lambda _: an_answer({"error": "AuthMissing"}, status=401))
    with pytest.raises(FeedRefused, match="set handle and password_env"):
        await pages(stranger, site)
    assert "authorization" not in site.requests[0].headers


async def test_a_session_without_tokens_is_none() -> None:
    with pytest.raises(FeedUnavailable, match="without its tokens"):
        await pages(source(), Site(lambda _: an_answer({"did": ANN})))


async def test_a_thread_that_grew_brings_replies_that_do_not_match() -> None:
    server = Server(a_view("1", replyCount=1))
    root = Root(key=f"bluesky::{address('1')}", native_id=address("1"), created_at=NOON)
    reply = {"root": {"uri": address("1")}, "parent": {"uri": address("1")}}
    under = a_view("2", record={"text": "a disgrace", "reply": reply})
    server.threads[address("1")] = {"post": a_view("1"), "replies": [{"post": under}]}
    site, bluesky = server.site(), source()
    counted, grown = await looks(bluesky, site, root)
    assert counted.counts[0].counters.replies == 1
    assert [post.text for post in grown.posts] == ["a disgrace"]
    assert grown.posts[0].thread_id == root.key
    (again,) = await looks(bluesky, site, replace(root, replies=1))
    assert again.posts[0].native_id == root.native_id


async def test_a_poll_and_a_look_share_one_session() -> None:
    server = Server(a_view("1"))
    root = Root(key=f"bluesky::{address('1')}", native_id=address("1"), created_at=NOON)
    site, bluesky = server.site(), source()
    await asyncio.gather(pages(bluesky, site), looks(bluesky, site, root))
    server.access = "another"  # both find it expired
    await asyncio.gather(pages(bluesky, site), looks(bluesky, site, root))
    assert (server.sessions, server.renewals) == (1, 1)


def test_a_firehose_reaches_no_single_post() -> None:
    root = Root(key=f"bluesky::{address('1')}", native_id=address("1"), created_at=NOON)
    heard = Bluesky(BlueskyOptions(firehose="wss://jet.test/subscribe", words=("acme",)))
    assert not heard.reaches(root)
    assert source().reaches(root)


async def test_a_poll_asks_for_no_more_pages_than_it_may() -> None:
    server = Server(*(a_view(f"p{n}") for n in range(200)))
    site = server.site()
    read = await pages(source(), site, {"at": (NOON - timedelta(days=9)).isoformat()})
    assert len(read) == MOST_PAGES
    assert "list goes on" in read[0].invalid[0]


# ---------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"query": " "}, "query"), ({"password": None}, "handle"), ({"handle": None}, "password"),
        ({"url": "bsky"}, "url"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = BlueskyOptions(query="acme", handle="a", password=Secret("x"))
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_neither_password_nor_tokens_show_themselves() -> None:
    bluesky = source()
    assert APP_PASSWORD not in repr(bluesky._options)
    assert "acme" in bluesky.describe()


async def test_a_root_that_is_not_among_those_shown_is_missed() -> None:
    server = Server(a_view("1"))
    roots = [
        Root(key=f"bluesky::{address(n)}", native_id=address(n), created_at=NOON) for n in "12"
    ]
    (page,) = await looks(source(), server.site(), *roots)
    assert page.missed == (roots[1].key,)
