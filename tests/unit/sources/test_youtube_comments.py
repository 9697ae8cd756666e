"""Comments are read into the threads of their videos, within the quota of a key."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.youtube import YouTube, YouTubeOptions

KEY = "AIza-a-key"


def a_comment(id: str, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    snippet = {
        "textOriginal": f"acme {id}",
        "textDisplay": f"<b>acme</b> {id}",
        "authorDisplayName": "@ann",
        "authorChannelId": {"value": "UCann"},
        "videoId": "v1",
        "likeCount": 3,
        "publishedAt": at,
        "updatedAt": at,
        **told,
    }
    return {"kind": "youtube#comment", "id": id, "snippet": snippet}


def a_thread(id: str, *replies: Any, minutes: int = 0, video: str | None = "v1") -> dict[str, Any]:
    snippet: dict[str, Any] = {
        "topLevelComment": a_comment(id, minutes=minutes),
        "totalReplyCount": len(replies),
    }
    if video:
        snippet["videoId"] = video
    told: dict[str, Any] = {"kind": "youtube#commentThread", "id": id, "snippet": snippet}
    if replies:
        told["replies"] = {"comments": list(replies)}
    return told


def a_video(id: str = "v1", **counts: str) -> dict[str, Any]:
    snippet = {"title": "Acme &amp; you", "description": "watch", "channelTitle": "Acme",
               "publishedAt": (NOON - timedelta(days=1)).isoformat()}  # fmt: skip
    return {"kind": "youtube#video", "id": id, "snippet": snippet, "statistics": counts}


@pytest.mark.parametrize("kind", ["youtube#channel", "youtube#playlist", "youtube#playlistItem"])
def test_what_is_no_video_is_no_post(kind: str) -> None:
    assert parsed({**a_video(), "kind": kind}) == []


def source(**options: Any) -> YouTube:
    return YouTube(YouTubeOptions(**{"key": Secret(KEY), "channel": "UCacme", **options}))


def parsed(*items: Any, **told: Any) -> list[Post]:
    return list(source().parse(an_answer({"items": list(items), **told})).posts)


class Server:
    """YouTube: threads newest first, and the videos that they stand under."""

    def __init__(self, *threads: Any, videos: tuple[Any, ...] = (), size: int = 2) -> None:
        self.threads = list(threads)
        self.videos = list(videos)
        self.size = size
        self.units = 0

    def talk(self, request: Request) -> Answer:
        assert request.headers["x-goog-api-key"] == KEY
        assert KEY not in request.url + str(request.params)
        self.units += 1
        if request.url.endswith("/videos"):
            wanted = request.params["id"].split(",")
            return an_answer({"items": [each for each in self.videos if each["id"] in wanted]})
        start = int(request.params.get("pageToken", "0"))
        end = start + self.size
        more = {"nextPageToken": str(end)} if end < len(self.threads) else {}
        return an_answer({"items": self.threads[start:end], **more})


def an_error(reason: str, status: int = 403) -> Answer:
    error = {"message": f"The <code>{reason}</code>", "errors": [{"reason": reason}]}
    return an_answer({"error": error}, status=status)


# ---------------------------------------------------------------- single items
def test_a_comment_is_read_with_its_replies_and_likes() -> None:
    reply = a_comment("a.b", parentId="a", updatedAt=(NOON + timedelta(minutes=1)).isoformat())
    first, second = parsed(a_thread("a", reply))
    assert first.id == "youtube::comment:a"
    assert first.counters == Counters(replies=1, likes=3)
    assert (first.text, first.author.handle) == ("acme a", "@ann")
    assert first.url == "https://www.youtube.com/watch?v=v1&lc=a"
    assert first.edited_at is None
    assert (second.kind, second.parent_id) == (PostKind.REPLY, "youtube::a")
    assert second.edited_at == NOON + timedelta(minutes=1)


def test_a_reply_that_does_not_name_its_comment_stands_under_it_all_the_same() -> None:
    assert parsed(a_thread("a", a_comment("a.b")))[1].parent_id == "youtube::a"


def test_a_comment_is_shown_as_text_where_only_markup_is_given() -> None:
    (post,) = parsed(a_comment("a", textOriginal=None, authorDisplayName=""))
    assert (post.text, post.author.handle) == ("acme a", "UCann")


def test_a_video_is_a_post_that_counts_its_comments() -> None:
    (post,) = parsed(a_video(commentCount="60", likeCount="5", viewCount="900"))
    assert post.text == "Acme & you\n\nwatch"
    assert post.counters == Counters(replies=60, likes=5, views=900)
    assert post.url == "https://www.youtube.com/watch?v=v1"


def test_a_video_that_a_search_found_is_named_by_its_nested_id() -> None:
    (post,) = parsed({**a_video(), "id": {"kind": "youtube#video", "videoId": "v9"}})
    assert post.native_id == "v9"


def test_an_item_without_a_date_bears_the_time_it_was_fetched() -> None:
    (post,) = parsed(a_comment("a", publishedAt="soon", updatedAt=None))
    assert (post.flags, post.created_at) == ({Flag.UNDATED}, NOON)


def test_an_id_that_is_no_id_makes_no_address() -> None:
    (post,) = parsed(a_comment("a&b=c"))
    assert post.url is None


@pytest.mark.parametrize(
    "item",
    [None, {}, {"id": "a"}, a_thread(""), a_comment("a" * 600), {"id": "v", "snippet": {}},
     a_comment("a", textOriginal="", textDisplay="", authorDisplayName="", authorChannelId=None)],
)  # fmt: skip
def test_an_item_that_makes_no_sense_is_counted_and_dropped(item: object) -> None:
    told = source().parse(an_answer({"items": [item, a_comment("b")]}))
    assert [post.native_id for post in told.posts] == ["b"]
    assert len(told.invalid) == 1


@pytest.mark.parametrize("body", [{}, [], {"items": 7}, {"kind": "youtube#channel"}])
def test_an_answer_without_items_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not a list of YouTube"):
        source().parse(an_answer(body))


def test_the_next_request_turns_the_page() -> None:
    told = source().parse(an_answer({"items": [], "nextPageToken": "t"}))
    assert told.next == {"pageToken": "t"}


# ---------------------------------------------------------------- reading
async def test_comments_are_read_back_to_what_is_known_and_their_video_is_counted() -> None:
    server = Server(
        *(a_thread(f"c{n}", minutes=n) for n in range(20)), videos=(a_video(commentCount="99"),)
    )
    site = Site(server.talk)
    read = await pages(source(), site, {"at": (NOON - timedelta(minutes=1)).isoformat()})
    comments = [post for post in posts_of(read) if post.kind is PostKind.COMMENT]
    assert len(comments) == 8
    assert {post.thread_id for post in comments} == {"youtube::v1"}
    video = posts_of(read)[-1]
    assert (video.key, video.is_root) == ("youtube::v1", True)
    assert video.counters.replies == 99
    assert site.asked[0]["allThreadsRelatedToChannelId"] == "UCacme"


async def test_the_video_of_a_feed_is_counted_even_when_nobody_comments() -> None:
    server = Server(videos=(a_video("v7", commentCount="3"), a_video("v8")))
    read = await pages(source(channel=None, video="v8"), Site(server.talk))
    assert [post.native_id for post in posts_of(read)] == ["v8"]


async def test_a_video_that_grew_brings_its_newest_comments() -> None:
    server = Server(a_thread("a", video="v7"), videos=(a_video("v7", commentCount="3"),))
    root = Root(key="youtube::v7", native_id="v7", created_at=NOON)
    youtube, site = source(units_a_day=8), Site(server.talk)
    counted, grown = await looks(youtube, site, root)
    assert counted.counts[0].counters.replies == 3
    assert {post.thread_id for post in grown.posts} == {root.key}
    assert site.asked[-1]["videoId"] == "v7"
    assert server.units == 2
    assert youtube.meters(grown.cursor, NOON)[0].used == 2


async def test_half_of_the_quota_is_left_to_the_polls() -> None:
    server = Server(a_thread("a", video="v7"), videos=(a_video("v7", commentCount="3"),))
    root = Root(key="youtube::v7", native_id="v7", created_at=NOON)
    youtube, site = source(units_a_day=4), Site(server.talk)
    cursor = (await looks(youtube, site, root))[-1].cursor
    with pytest.raises(FeedUnavailable, match="left to the polls"):
        await looks(youtube, site, root, cursor=cursor)
    assert server.units == 2
    assert await pages(youtube, site, cursor)


async def test_what_a_feed_is_for_is_asked_for() -> None:
    site = Site(Server().talk)
    await pages(source(channel=None, video=" v8 ", query="acme"), site)
    assert site.asked[0]["videoId"] == "v8"
    assert site.asked[0]["searchTerms"] == "acme"


async def test_comments_of_a_channel_itself_are_threads_of_their_own() -> None:
    thread = a_thread("a", video=None)
    (post, *_) = posts_of(await pages(source(), Site(Server(thread).talk)))
    assert post.is_root


# ---------------------------------------------------------------- quota
async def test_every_request_is_counted_and_reading_stops_in_time() -> None:
    server = Server(a_thread("a"), videos=(a_video(),))
    youtube, cursor = source(units_a_day=5), dict[str, str]()
    for _ in range(2):
        cursor = dict((await pages(youtube, Site(server.talk), cursor))[-1].cursor)
    assert server.units == 4
    (meter,) = youtube.meters(cursor, NOON)
    assert (meter.used, meter.limit, meter.is_used_up) == (4, 5, False)
    cursor = dict((await pages(youtube, Site(server.talk), cursor))[-1].cursor)
    assert server.units == 5
    with pytest.raises(FeedUnavailable, match="raise units_a_day"):
        await pages(youtube, Site(server.talk), cursor)
    assert server.units == 5
    assert youtube.meters(cursor, NOON)[0].is_used_up
    assert not youtube.meters(cursor, NOON + timedelta(days=1))[0].is_used_up


async def test_a_quota_that_ends_midway_keeps_what_was_read_and_stops() -> None:
    server = Server(*(a_thread(f"c{n}", minutes=n) for n in range(20)))
    youtube = source(units_a_day=2)
    read: list[Any] = []
    site, cursor = Site(server.talk), {"at": (NOON - timedelta(hours=1)).isoformat()}

    async def read_all() -> None:
        from emberwatch.ports import Poll

        asked = Poll(feed="y", now=NOON, every=timedelta(minutes=1), cursor=cursor)
        async for page in youtube.read(site, asked):
            read.append(page)

    with pytest.raises(FeedUnavailable, match="units_a_day"):
        await read_all()
    assert len(posts_of(read)) == 4
    assert server.units == 2
    assert youtube.meters(read[-1].cursor, NOON)[0].used == 2


async def test_a_key_that_others_used_up_is_left_until_tomorrow() -> None:
    youtube, read = source(), []
    site = Site(lambda _: an_error("quotaExceeded"))

    async def read_all() -> None:
        from emberwatch.ports import Poll

        asked = Poll(feed="y", now=NOON, every=timedelta(minutes=1), cursor={"at": "x"})
        async for page in youtube.read(site, asked):
            read.append(page)

    with pytest.raises(FeedUnavailable, match="quota of the day") as raised:
        await read_all()
    assert raised.value.retry_after == timedelta(hours=1)
    assert youtube.meters(read[-1].cursor, NOON)[0].is_used_up


async def test_videos_that_cannot_be_counted_cost_no_comments() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/videos"):
            raise FeedUnavailable("down")
        return Server(a_thread("a")).talk(request)

    assert len(posts_of(await pages(source(), Site(talk)))) == 1


# ---------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (an_error("commentsDisabled"), FeedRefused, "turned off"),
        (an_error("rateLimitExceeded"), FeedUnavailable, "too often"),
        (an_error("quotaExceeded"), FeedUnavailable, "used up"),
        (an_error("keyInvalid", 400), FeedRefused, "check the key"),
        (an_error("videoNotFound", 404), FeedRefused, "no such"),
        (an_answer({}, status=403), FeedRefused, "403"),
        (an_answer(b"<html>", status=403), FeedUnavailable, "web page"),
    ],
)
async def test_each_refusal_says_what_to_do(
    answer: Answer, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        await pages(source(), Site(lambda _: answer))
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"channel": None}, "channel"), ({"video": "v"}, "channel"), ({"channel": " "}, "channel"),
        ({"units_a_day": 0}, "units_a_day"), ({"url": "x"}, "url"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads_and_never_its_key() -> None:
    assert "the channel UCacme" in source().describe()
    assert "the video v" in source(channel=None, video="v", query="acme").describe()
    assert KEY not in repr(source()._options)
