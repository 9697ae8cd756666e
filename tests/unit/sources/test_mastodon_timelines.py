"""Timelines of the fediverse are read without gaps, boosts and counters too."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of, saying

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.mastodon import (
    MISSED,
    MOST_PAGES,
    POSTS_PER_PAGE,
    Mastodon,
    MastodonOptions,
    Timeline,
)

URL = "https://town.test"
START = NOON - timedelta(hours=1)


def a_status(id: int | str, **told: Any) -> dict[str, Any]:
    at = START + timedelta(seconds=id if isinstance(id, int) else 0)
    return {
        "id": str(id),
        "created_at": at.isoformat(),
        "content": f"<p>acme {id}</p>",
        "visibility": "public",
        "account": {"acct": "ann", "display_name": "Ann", "followers_count": 12},
        "reblog": None,
        **told,
    }


def source(**options: Any) -> Mastodon:
    return Mastodon(MastodonOptions(**{"url": URL, "hashtag": "#acme", **options}))


def parse(*statuses: Any, **headers: str) -> list[Post]:
    return list(source().parse(an_answer(list(statuses), **headers)).posts)


# ---------------------------------------------------------------- single posts
def test_a_status_becomes_a_post_of_its_server() -> None:
    status = a_status(
        1,
        url="https://town.test/@ann/1",
        uri="https://town.test/users/ann/1",
        language="en",
        spoiler_text="Banks",
        content='<p>Hi @<span>acme</span></p><p>ever!<br>Fix it</p>',
        edited_at="2026-11-22T11:30:00.000Z",
        replies_count=3, reblogs_count=2, quotes_count=1, favourites_count=9,
    )  # fmt: skip
    (post,) = parse(status)
    assert post.id == "mastodon:town.test:post:1"
    assert (post.author.handle, post.author.name, post.author.followers) == ("ann", "Ann", 12)
    assert post.title == "Banks"
    assert post.text == "Banks\n\nHi @acme\n\never!\nFix it"
    assert post.counters == Counters(replies=3, boosts=2, quotes=1, likes=9)
    assert post.edited_at == datetime(2026, 11, 22, 11, 30, tzinfo=UTC)
    assert (post.language, post.uri) == ("en", "https://town.test/users/ann/1")


def test_a_recorded_reply_names_its_parent_and_stands_in_a_thread_of_its_own() -> None:
    (post,) = parse(a_status(2, in_reply_to_id="1"))
    assert post.kind is PostKind.REPLY
    assert post.parent_id == "mastodon:town.test:1"
    assert post.thread_id == post.key


def test_a_reply_stays_a_reply_when_its_parent_is_deleted() -> None:
    (post,) = parse(a_status(2, in_reply_to_id=None, in_reply_to_account_id="7"))
    assert post.kind is PostKind.REPLY
    assert post.parent_id is None


@pytest.mark.parametrize(
    "quote",
    [
        {"state": "accepted", "quoted_status": {"id": "1", "content": ""}},
        {"state": "accepted", "quoted_status_id": "1"},
        {"id": "1", "content": "<p>x</p>"},
    ],
)
def test_a_quote_names_what_it_quotes(quote: dict[str, Any]) -> None:
    (post,) = parse(a_status(2, quote=quote))
    assert post.kind is PostKind.QUOTE
    assert post.quote_of == "mastodon:town.test:1"


def test_a_quote_stays_a_quote_when_the_quoted_author_takes_it_back() -> None:
    (post,) = parse(a_status(2, quote={"state": "revoked", "quoted_status": None}))
    assert (post.kind, post.quote_of) == (PostKind.QUOTE, None)


def test_a_boost_bears_no_words_and_names_its_original() -> None:
    (post,) = parse(a_status(5, content="", reblog=a_status(1), spoiler_text="x"))
    assert (post.kind, post.text, post.boost_of) == (PostKind.BOOST, "", "mastodon:town.test:1")


def test_a_boost_under_the_id_of_its_original_is_a_post_of_its_own() -> None:
    boost, post = parse(a_status(1, content="", reblog=a_status(1)), a_status(1))
    assert boost.key == post.key
    assert boost.id != post.id


def test_a_status_without_a_date_bears_the_time_it_was_fetched() -> None:
    (post,) = parse(a_status(1, created_at=None))
    assert (post.flags, post.created_at) == ({Flag.UNDATED}, NOON)


@pytest.mark.parametrize(
    "stray",
    [
        None, 7, {}, {"id": "1"}, {"id": "1", "username": "ann", "acct": "ann"},
        {"id": "1", "type": "mention", "account": {"acct": "ann"}, "status": {"id": "2"}},
        {"id": None, "account": {"acct": "ann"}, "content": ""},
        {"id": "1", "account": None, "content": ""}, {"id": "1", "account": {}, "content": ""},
    ],
)  # fmt: skip
def test_what_is_no_status_is_counted_and_dropped(stray: object) -> None:
    parsed = source().parse(an_answer([stray, a_status(1)]))
    assert [post.native_id for post in parsed.posts] == ["1"]
    assert len(parsed.invalid) == 1


@pytest.mark.parametrize(
    "body",
    [
        a_status(1),
        {"accounts": [], "statuses": [a_status(1)], "hashtags": []},
        {"ancestors": [], "descendants": [a_status(1)]},
    ],
)
def test_one_post_a_search_and_a_conversation_are_read_too(body: dict[str, Any]) -> None:
    assert [post.native_id for post in source().parse(an_answer(body)).posts] == ["1"]


@pytest.mark.parametrize("body", [{"error": "no"}, {}, 7, "null"])
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any) -> None:
    body = body if isinstance(body, (dict, str)) else str(body)
    with pytest.raises(FeedUnavailable, match="not posts of the Mastodon API"):
        source().parse(an_answer(body))


def test_the_next_request_is_what_the_site_names_or_what_lies_above_the_newest() -> None:
    link = (
        '<https://town.test/api/v1/timelines/tag/x?limit=10&max_id=1>; rel="next", '
        '<https://town.test/api/v1/timelines/tag/x?limit=10&min_id=3>; rel="prev"'
    )
    named = source().parse(an_answer([a_status(2)], link=link))
    assert named.next == {"limit": "10", "min_id": "3"}
    assert source().parse(an_answer([a_status(2), a_status(1)])).next == {"min_id": "2"}
    assert source().parse(an_answer([])).next is None


async def test_a_post_with_an_endless_id_is_counted_and_dropped() -> None:
    longest, endless = a_status("1" * 512), a_status("1" * 513)
    answer = an_answer([endless, longest])
    (page,) = await pages(source(), saying(answer))
    for told in (source().parse(answer), page):
        assert [post.native_id for post in told.posts] == ["1" * 512]
        assert told.invalid == ("post 1: no id of at most 512 characters, or no author",)
    assert page.cursor["seen"] == "1" * 512


def test_a_reference_to_an_endless_id_is_left_out() -> None:
    (post,) = parse(a_status(2, in_reply_to_id="1" * 513))
    assert (post.kind, post.parent_id) == (PostKind.REPLY, None)


def test_a_recorded_stream_brings_what_was_posted_and_edited() -> None:
    events = [
        (":)", None), ("event: update", a_status(1)), ("event: delete", 7),
        ("event: status.update", a_status(2)), (": thump", None),
    ]  # fmt: skip
    body = "".join(
        f"{line}\n" + (f"data: {json.dumps(told)}\n" if told else "") + "\n"
        for line, told in events
    )
    posts = source().parse(an_answer(body)).posts
    assert [post.native_id for post in posts] == ["1", "2"]


def test_a_stream_that_broke_off_is_no_post() -> None:
    with pytest.raises(FeedUnavailable):
        source().parse(an_answer(b'event: update\ndata: {"id": "1", "con'))


# ---------------------------------------------------------------- settings
@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"hashtag": "acme"}, []),
        ({"hashtag": "#жълто"}, []),
        ({"timeline": Timeline.PUBLIC}, []),
        ({}, ["hashtag"]),
        ({"hashtag": "a", "timeline": Timeline.PUBLIC}, ["hashtag"]),
        ({"hashtag": "two words"}, ["hashtag"]),
        ({"hashtag": "#"}, ["hashtag"]),
        ({"url": "town.test", "hashtag": "a"}, ["url"]),
    ],
)
def test_settings_that_make_no_sense_are_named(options: Any, wrong: list[str]) -> None:
    problems = MastodonOptions(**{"url": URL, **options}).problems()
    assert [name for name, _ in problems] == wrong


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"hashtag": "#жълто"}, "/tag/%D0%B6%D1%8A%D0%BB%D1%82%D0%BE"),
        ({"hashtag": "acme"}, "/tag/acme"),
        ({"hashtag": None, "timeline": Timeline.PUBLIC}, "/public"),
        ({"url": f"{URL}/", "hashtag": "acme"}, "/tag/acme"),
    ],
)
async def test_the_timeline_asked_for_is_the_one_configured(options: Any, asked: str) -> None:
    site = saying(an_answer([]))
    await pages(source(**options), site)
    assert site.requests[0].url == f"{URL}/api/v1/timelines{asked}"


async def test_a_feed_may_keep_to_the_people_of_its_server() -> None:
    site = saying(an_answer([]))
    await pages(source(local=True), site)
    assert site.asked[0]["local"] == "true"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "#acme as town.test"),
        ({"hashtag": None, "timeline": Timeline.PUBLIC}, "public timeline"),
    ],
)
def test_a_feed_says_what_it_can_see(options: Any, said: str) -> None:
    assert said in source(**options).describe()


# ---------------------------------------------------------------- polls
@dataclass
class Town:
    """A server with a timeline; `oldest_first` keeps its statuses.

    With `is_small` it does as snac2 does: no Link header, nothing above an id that is gone, and
    single posts are shown to nobody.
    """

    statuses: list[dict[str, Any]] = field(default_factory=list)
    is_small: bool = False
    etag: str = ""
    page: int = 40
    counts: dict[str, Any] = field(default_factory=dict)
    contexts: dict[str, Any] = field(default_factory=dict)
    access: dict[str, Any] | None = None

    def post(self, *ids: int, **told: Any) -> None:
        self.statuses += [a_status(id, **told) for id in ids]

    def __call__(self, request: Request) -> Answer:
        path = request.url.removeprefix(f"{URL}/api/v1/")
        if path.endswith("/api/v2/instance"):
            if self.access is None:
                raise FeedRefused("answered 404")
            return an_answer({"configuration": {"timelines_access": self.access}})
        if path.endswith("/api/v2/search"):
            start = int(request.params.get("offset", "0"))
            return an_answer({"statuses": self.statuses[::-1][start : start + self.page]})
        if path.endswith("/context"):
            return an_answer({"ancestors": [], "descendants": self.contexts[path.split("/")[1]]})
        if path.startswith("statuses/"):
            return self._one(path.removeprefix("statuses/"))
        if request.etag and request.etag == self.etag:
            return an_answer(status=304)
        params = request.params
        listed = self.statuses
        size = min(int(params["limit"]), self.page)
        if "min_id" in params:
            listed = self._above(params["min_id"])[:size]
        elif "max_id" in params:
            listed = [each for each in listed if int(each["id"]) < int(params["max_id"])]
        listed = listed[-size:][::-1]
        page = "".join(params.get(name, "") for name in ("min_id", "max_id"))
        headers = {"etag": self.etag + page} if self.etag else {}
        if listed and not self.is_small:
            newer, older = listed[0]["id"], listed[-1]["id"]
            headers["link"] = (
                f'<{URL}/x?max_id={older}>; rel="next", <{URL}/x?min_id={newer}>; rel="prev"'
            )
        return an_answer(listed, **headers)

    def _above(self, id: str) -> list[dict[str, Any]]:
        if self.is_small:
            ids = [each["id"] for each in self.statuses]
            return self.statuses[ids.index(id) + 1 :] if id in ids else []
        return [each for each in self.statuses if int(each["id"]) > int(id)]

    def _one(self, id: str) -> Answer:
        if self.is_small:
            raise FeedRefused("answered 401")
        if id not in self.counts:
            return an_answer({"error": "Record not found"}, status=404)
        if isinstance(self.counts[id], Exception):
            raise self.counts[id]
        return an_answer(a_status(int(id), **self.counts[id]))


def ids(posts: list[Post]) -> list[int]:
    return [int(post.native_id) for post in posts]


@pytest.mark.parametrize("is_small", [False, True])
async def test_a_poll_yields_what_is_new_oldest_first(is_small: bool) -> None:
    town = Town(is_small=is_small)
    town.post(1, 2, 3)
    site = Site(town)
    first = await pages(source(), site)
    town.post(4, 5)
    second = await pages(source(), site, first[-1].cursor)
    assert ids(posts_of(first)) == [1, 2, 3]
    assert ids(posts_of(second)) == [1, 2, 3, 4, 5]
    assert len(site.requests) == 2, "one request a poll while the newest page reaches back"


@pytest.mark.parametrize("is_small", [False, True])
@pytest.mark.parametrize("fresh", [39, 40, 41, 80, 200])
async def test_nothing_is_missed_however_much_came(is_small: bool, fresh: int) -> None:
    town = Town(is_small=is_small)
    town.post(1, 2)
    site = Site(town)
    first = await pages(source(), site)
    town.post(*range(3, fresh + 3))
    second = await pages(source(), site, first[-1].cursor)
    assert set(ids(posts_of(second))) >= set(range(3, fresh + 3))
    assert ids(posts_of(second))[-1] == fresh + 2
    site.requests.clear()
    await pages(source(), site, second[-1].cursor)
    assert len(site.requests) == 1


async def test_each_page_on_the_way_up_is_safe_to_commit_alone() -> None:
    town = Town()
    town.post(1)
    site = Site(town)
    (first,) = await pages(source(), site)
    town.post(*range(2, 202))
    interrupted = (await pages(source(), site, first.cursor))[1]
    rest = await pages(source(), site, interrupted.cursor)
    assert set(ids(posts_of(rest))) >= set(range(82, 202))


async def test_more_than_one_poll_can_read_is_left_to_the_next() -> None:
    town = Town(page=2)
    town.post(1)
    site = Site(town)
    read = await pages(source(), site)
    last = 2 * MOST_PAGES + 30
    town.post(*range(2, last + 1))
    read = await pages(source(), site, read[-1].cursor)
    assert ids(posts_of(read)) == list(range(2, 2 * MOST_PAGES + 2))
    read = await pages(source(), site, read[-1].cursor)
    assert set(ids(posts_of(read))) >= set(range(2 * MOST_PAGES + 2, last + 1))


async def test_a_deleted_newest_post_makes_no_feed_blind() -> None:
    town = Town(is_small=True)
    town.post(*range(1, 30))
    site = Site(town)
    first = await pages(source(), site)
    del town.statuses[5:]
    town.post(*range(40, 130))
    second = await pages(source(), site, first[-1].cursor)
    assert set(ids(posts_of(second))) >= set(range(40, 130))


async def test_what_cannot_be_caught_up_with_is_said() -> None:
    town = Town(is_small=True, page=2)
    town.post(1)
    site = Site(town)
    first = await pages(source(), site)
    town.statuses.clear()
    town.post(*range(2, 300))
    second = await pages(source(), site, first[-1].cursor)
    assert any("more than" in line for page in second for line in page.invalid)


async def test_a_first_poll_reads_back_and_yields_the_oldest_page_first() -> None:
    town = Town()
    town.post(*range(1, 131))
    since = START + timedelta(seconds=60)
    read = await pages(source(), Site(town), since=since)
    posts = ids(posts_of(read))
    assert posts == sorted(posts)
    assert posts[-1] == 130
    assert 11 <= posts[0] <= 60, "as far as asked for, and no page further"


async def test_a_first_poll_without_a_wish_reads_what_is_shown_at_once() -> None:
    town = Town()
    town.post(*range(1, 131))
    site = Site(town)
    read = await pages(source(), site)
    assert len(posts_of(read)) == POSTS_PER_PAGE
    assert len(site.requests) == 1


async def test_reading_back_ends_where_the_timeline_does() -> None:
    town = Town()
    town.post(*range(1, 51))
    site = Site(town)
    read = await pages(source(), site, since=START - timedelta(days=7))
    assert ids(posts_of(read)) == list(range(1, 51))
    assert len(site.requests) == 3


async def test_reading_back_ends_where_a_server_gives_the_same_page_again() -> None:
    site = saying(an_answer([a_status(1)]))
    await pages(source(), site, since=START - timedelta(days=7))
    assert len(site.requests) == 2


async def test_a_server_that_leads_in_a_circle_is_not_followed() -> None:
    circle = f'<{URL}/x?min_id=1>; rel="prev"'
    newest = an_answer([a_status(9)])
    site = saying(newest, an_answer([a_status(1)], link=circle))
    read = await pages(source(), site, {"seen": "1"})
    assert len(site.requests) == 2
    assert ids(posts_of(read)) == [9], "the newest page is read all the same"
    assert read[-1].invalid == (MISSED,)


@pytest.mark.parametrize("is_linked", [False, True])
async def test_a_server_that_gives_one_page_for_ever_stops_no_feed_and_is_told_of(
    is_linked: bool,
) -> None:
    link = {"link": f'<{URL}/x?min_id=44>; rel="prev"'} if is_linked else {}
    newest = 100

    def talk(request: Request) -> Answer:
        start = 5 if "min_id" in request.params else newest
        return an_answer([a_status(start + n) for n in range(40, 0, -1)], **link)

    site = Site(talk)
    read = await pages(source(), site)
    for _ in range(3):
        newest += 50
        read = await pages(source(), site, read[-1].cursor)
        assert ids(posts_of(read))[-1] == newest + 40
        assert read[-1].invalid == (MISSED,)
        assert read[-1].cursor["seen"].split()[0] == str(newest + 40)


async def test_a_timeline_that_was_empty_is_read_from_its_first_post_on() -> None:
    town = Town()
    site = Site(town)
    (empty,) = await pages(source(), site, now=START)
    assert (empty.listed, bool(empty.cursor)) == (0, True)
    town.post(*range(1, 100))
    read = await pages(source(), site, empty.cursor)
    assert ids(posts_of(read)) == list(range(1, 100))


async def test_a_timeline_that_falls_silent_keeps_its_place() -> None:
    town = Town()
    town.post(1, 2)
    site = Site(town)
    first = await pages(source(), site)
    kept, town.statuses = town.statuses, []
    (silent,) = await pages(source(), site, first[-1].cursor)
    assert silent.listed == 0
    town.statuses = kept
    town.post(*range(3, 60))
    read = await pages(source(), site, silent.cursor)
    assert set(ids(posts_of(read))) >= set(range(3, 60))


async def test_an_unchanged_timeline_is_not_sent_again() -> None:
    town = Town(etag='W/"1"')
    town.post(1)
    site = Site(town)
    first = await pages(source(), site)
    (second,) = await pages(source(), site, first[-1].cursor)
    assert second.is_unchanged
    assert second.cursor == first[-1].cursor
    (third,) = await pages(source(), site, first[-1].cursor, unconditional=True)
    assert not third.is_unchanged


async def test_the_validator_of_a_page_in_between_is_never_kept() -> None:
    town = Town(etag='W/"1"')
    town.post(1)
    site = Site(town)
    first = await pages(source(), site)
    town.post(*range(2, 100))
    town.etag = 'W/"2"'
    *between, newest = await pages(source(), site, first[-1].cursor)
    assert between
    assert all("etag" not in page.cursor for page in between)
    assert newest.cursor["etag"] == 'W/"2"'


async def test_posts_not_meant_for_all_are_left_out() -> None:
    town = Town()
    town.post(1, visibility="private")
    town.post(2, visibility="direct")
    town.post(3, visibility="unlisted")
    (page,) = await pages(source(), Site(town))
    assert ids(list(page.posts)) == [3]
    assert page.listed == 3


async def test_what_makes_no_sense_in_a_timeline_is_counted() -> None:
    (page,) = await pages(source(), saying(an_answer([None, a_status(1)])))
    assert (len(page.posts), len(page.invalid)) == (1, 1)


# ---------------------------------------------------------------- threads and boosts
async def test_replies_stand_in_the_thread_of_the_best_root_known() -> None:
    town = Town()
    town.post(1)
    town.post(2, in_reply_to_id="1")
    town.post(3, in_reply_to_id="2")
    town.post(4, in_reply_to_id="99")
    read = posts_of(await pages(source(), Site(town)))
    threads = [post.thread_id.removeprefix("mastodon:town.test:") for post in read]
    assert threads == ["1", "1", "1", "99"]


async def test_a_boost_listed_in_its_originals_stead_hides_no_post() -> None:
    original = a_status(1, reblogs_count=2)
    town = Town(is_small=True, statuses=[a_status(1, content="", reblog=original)])
    post, boost = posts_of(await pages(source(), Site(town)))
    assert (post.kind, post.text, post.counters.boosts) == (PostKind.POST, "acme 1", 2)
    assert (boost.kind, boost.thread_id) == (PostKind.BOOST, post.key)


async def test_a_boosted_reply_leads_to_the_thread_of_the_reply() -> None:
    town = Town()
    town.post(1)
    town.post(9, content="", reblog=a_status(2, in_reply_to_id="1"))
    *_, boost = posts_of(await pages(source(), Site(town)))
    assert boost.thread_id == "mastodon:town.test:1"


async def test_a_private_original_stays_in_its_boost() -> None:
    town = Town()
    town.post(9, content="", reblog=a_status(2, visibility="private"))
    assert [post.kind for post in posts_of(await pages(source(), Site(town)))] == ["boost"]


# ---------------------------------------------------------------- threads that are followed
def a_root(id: int, **known: Any) -> Root:
    key = f"mastodon:town.test:{id}"
    return Root(key=key, native_id=str(id), created_at=START, host="town.test", **known)


async def test_roots_are_read_again_for_their_counters() -> None:
    town = Town(counts={"7": {"replies_count": 60, "reblogs_count": 4}}, contexts={"7": []})
    page, *_ = await looks(source(), Site(town), a_root(7), a_root(8))
    (count,) = page.counts
    assert count.thread_id == "mastodon:town.test:7"
    assert count.counters == Counters(replies=60, boosts=4)
    assert count.root_created_at == START


async def test_a_poll_asks_for_no_root() -> None:
    town = Town(counts={"7": {}})
    town.post(100)
    site = Site(town)
    await pages(source(), site, {"seen": "100"}, roots=(a_root(7),))
    assert len(site.requests) == 1


def test_roots_of_other_servers_are_out_of_reach() -> None:
    assert source().reaches(a_root(7))
    assert not source().reaches(replace(a_root(7), host="else.test"))


async def test_a_server_that_wants_a_login_for_single_posts_is_asked_once() -> None:
    site = Site(Town(is_small=True))
    with pytest.raises(FeedRefused):
        await looks(source(), site, *(a_root(id) for id in range(1, 9)))
    assert len(site.requests) == 1


async def test_a_server_that_shows_single_posts_to_nobody_is_asked_three_times() -> None:
    site = Site(lambda _: an_answer("<h1>404 Not Found</h1>", status=404))
    with pytest.raises(FeedRefused, match="to nobody like us"):
        await looks(source(), site, *(a_root(id) for id in range(1, 9)))
    assert len(site.requests) == 3


async def test_a_few_deleted_roots_hide_no_others() -> None:
    town = Town(counts={"1": {"replies_count": 0}, "9": {"replies_count": 0}})
    read = await looks(source(), Site(town), *(a_root(id) for id in range(1, 10)))
    assert [count.thread_id[-1] for page in read for count in page.counts] == ["1", "9"]


async def test_an_answer_about_another_post_is_no_counter() -> None:
    read = await looks(source(), Site(lambda _: an_answer(a_status(2, replies_count=7))), a_root(1))
    assert [(page.counts, page.posts) for page in read] == [((), ())]


async def test_a_thread_that_grew_brings_the_replies_that_the_timeline_does_not_list() -> None:
    town = Town(counts={"7": {"replies_count": 2}})
    town.contexts["7"] = [
        a_status(8, in_reply_to_id="7"), a_status(9, in_reply_to_id="8"), {"id": "x"},
        a_status(10, in_reply_to_id="7", visibility="private"),
    ]  # fmt: skip
    site = Site(town)
    _, page = await looks(source(), site, a_root(7))
    assert ids(list(page.posts)) == [8, 9]
    assert {post.thread_id for post in page.posts} == {a_root(7).key}
    assert page.posts[1].parent_id == "mastodon:town.test:8"
    site.requests.clear()
    (counted,) = await looks(source(), site, a_root(7, replies=2))
    assert len(counted.counts) == 1
    assert not any("context" in request.url for request in site.requests)


# ---------------------------------------------------------------- search
def searching(**options: Any) -> Mastodon:
    return source(hashtag=None, query="acme", token=Secret("t0ken"), **options)


async def test_a_search_is_read_back_to_what_is_known() -> None:
    town = Town(page=2)
    town.post(*range(0, 3000, 60))
    site = Site(town)
    at = (START + timedelta(seconds=2940)).isoformat()
    read = await pages(searching(), site, {"at": at})
    assert ids(posts_of(read))[-1] == 2940
    assert ids(posts_of(read))[0] <= 2640
    first = site.requests[0]
    assert first.url == f"{URL}/api/v2/search"
    assert first.params["type"] == "statuses"
    assert first.headers["authorization"] == "Bearer t0ken"


async def test_a_search_follows_with_its_token() -> None:
    town = Town(counts={"7": {"replies_count": 1}}, contexts={"7": [a_status(8)]})
    site = Site(town)
    _, page = await looks(searching(), site, a_root(7))
    assert ids(list(page.posts)) == [8]
    assert {each.headers["authorization"] for each in site.requests} == {"Bearer t0ken"}


@pytest.mark.parametrize(
    ("options", "wrong"),
    [({"token": None}, ["query"]), ({"query": " "}, ["query"]), ({"hashtag": "a"}, ["hashtag"])],
)
def test_a_search_needs_words_and_a_token_and_nothing_else(options: Any, wrong: list[str]) -> None:
    whole = {"url": URL, "query": "acme", "token": Secret("t")}
    assert MastodonOptions(**whole).problems() == []
    assert [name for name, _ in MastodonOptions(**{**whole, **options}).problems()] == wrong
    assert "search for 'acme'" in searching().describe()


# ---------------------------------------------------------------- closed timelines
CLOSED = {"local": "disabled", "remote": "disabled"}
MEMBERS = {"local": "authenticated", "remote": "authenticated"}


@pytest.mark.parametrize(
    ("access", "options", "said"),
    [
        ({"hashtag_feeds": CLOSED}, {}, "read another server"),
        ({"hashtag_feeds": MEMBERS}, {}, "set token_env"),
        ({"live_feeds": CLOSED}, {"hashtag": None, "timeline": Timeline.PUBLIC}, "public timeline"),
        ({"hashtag_feeds": {"local": "disabled"}}, {"local": True}, "another server"),
    ],
)
async def test_an_empty_timeline_that_is_shown_to_nobody_is_blind_and_not_quiet(
    access: Any, options: Any, said: str
) -> None:
    with pytest.raises(FeedRefused, match=said):
        await pages(source(**options), Site(Town(access=access)))


@pytest.mark.parametrize(
    ("access", "options"),
    [
        ({"hashtag_feeds": {"local": "public", "remote": "disabled"}}, {}),
        ({"hashtag_feeds": MEMBERS}, {"token": Secret("t")}),
        ({"live_feeds": CLOSED}, {}),
        ({}, {}),
        (None, {}),
    ],
)
async def test_an_empty_timeline_that_is_open_is_quiet(access: Any, options: Any) -> None:
    assert await pages(source(**options), Site(Town(access=access)))


async def test_a_quiet_server_is_asked_for_its_rules_once_an_hour_at_most() -> None:
    site, feed = Site(Town(access={})), source()
    for minutes in (0, 1, 59, 61):
        await pages(feed, site, now=NOON + timedelta(minutes=minutes))
    assert sum("instance" in request.url for request in site.requests) == 2


# ---------------------------------------------------------------- deletions
async def test_a_root_that_the_server_knows_no_more_is_missed() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/7"):
            return an_answer(a_status(7))
        return an_answer({"error": "Record not found"}, status=404)

    read = await looks(source(), Site(talk), a_root(7), a_root(8))
    assert [page.missed for page in read] == [(), (a_root(8).key,)]


async def test_a_page_that_nobody_of_the_server_wrote_tells_of_no_deletion() -> None:
    site = Site(lambda _: an_answer("<h1>404 Not Found</h1>", status=404))
    (page,) = await looks(source(), site, a_root(7))
    assert page.missed == ()
