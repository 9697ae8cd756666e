"""Feeds of every age become posts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of, saying

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.ports import Answer, Parsed, Request, Root
from emberwatch.sources.feed_worker import MOST_ENTRIES
from emberwatch.sources.rss import Rss, RssOptions

URL = "https://blog.test:8443/feed.xml"


def an_item(guid: str = "1", rest: str = "") -> str:
    return f"<item><guid isPermaLink='false'>{guid}</guid>{rest}</item>"


def an_rss(*items: str, more: str = "") -> str:
    space = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    channel = f"<channel><title>B</title>{more}{''.join(items)}</channel>"
    return f'<rss version="2.0" {space}>{channel}</rss>'


def an_atom(entry: str) -> str:
    space = 'xmlns:thr="http://purl.org/syndication/thread/1.0"'
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {space}><title>B</title>{entry}</feed>'


def source(url: str = URL) -> Rss:
    return Rss(RssOptions(url=url))


def parse(body: str | bytes, **headers: str) -> Parsed:
    return source().parse(an_answer(body, url=URL, **headers))


def only(body: str | bytes, **headers: str) -> Post:
    (post,) = parse(body, **headers).posts
    return post


def test_an_item_becomes_a_post_of_its_site() -> None:
    post = only(
        an_rss(
            an_item(
                "tag:1",
                "<title>Acme &amp; me</title><link>https://blog.test/1</link>"
                "<author>Ann</author><pubDate>Sun, 22 Nov 2026 10:00:00 +0200</pubDate>"
                "<description>&lt;p&gt;Never again!&lt;br&gt;Not once.&lt;/p&gt;</description>"
                "<slash:comments>60</slash:comments>",
            ),
            more="<language>bg</language>",
        )
    )
    assert post.id == "rss:blog.test:8443:post:tag:1"
    assert post.title == "Acme & me"
    assert post.text == "Acme & me\n\nNever again!\nNot once."
    assert post.author.handle == "Ann"
    assert post.created_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert post.seen_at == NOON
    assert post.url == "https://blog.test/1"
    assert post.counters.replies == 60
    assert post.language == "bg"
    assert post.thread_id == post.key


def test_the_whole_text_is_taken_where_there_is_more_than_a_summary() -> None:
    content = '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
    item = f"<description>short</description>{content}&lt;b&gt;long&lt;/b&gt;</content:encoded>"
    assert only(an_rss(an_item("1", item))).text == "long"


def test_atom_tells_replies_by_its_threading_extension() -> None:
    entry = (
        "<entry><id>a</id><updated>2026-11-22T10:00:00Z</updated><title>T</title>"
        "<thr:total>7</thr:total></entry>"
    )
    post = only(an_atom(entry))
    assert post.counters.replies == 7
    assert post.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_later_update_is_no_edit_since_sites_move_it_for_reasons_of_their_own() -> None:
    entry = (
        "<entry><id>a</id><title>T</title><published>2026-11-22T10:00:00Z</published>"
        "<updated>2026-11-22T11:00:00Z</updated></entry>"
    )
    post = only(an_atom(entry))
    assert post.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert post.edited_at is None


def test_a_plain_title_keeps_its_angle_brackets() -> None:
    entry = '<entry><id>a</id><title type="text">use &lt;div> here</title></entry>'
    assert only(an_atom(entry)).title == "use <div> here"


@pytest.mark.parametrize("date", ["", "<pubDate>soon</pubDate>", "<pubDate></pubDate>"])
def test_a_post_without_a_date_bears_the_time_it_was_fetched(date: str) -> None:
    post = only(an_rss(an_item("1", f"<title>T</title>{date}")))
    assert post.flags == {Flag.UNDATED}
    assert post.created_at == NOON


@pytest.mark.parametrize(
    "date",
    [
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-23:59",
        "Sun, 00 Jan 0000 00:00:00 GMT",
    ],
)
def test_an_impossible_date_is_no_date_and_costs_no_other_entry(date: str) -> None:
    bad = an_item("2", f"<title>old</title><pubDate>{date}</pubDate>")
    first, second = parse(an_rss(an_item("1", "<title>good</title>"), bad)).posts
    assert (first.text, second.text) == ("good", "old")
    assert (second.flags, second.created_at) == ({Flag.UNDATED}, NOON)


@pytest.mark.parametrize("year", [1, 2099])
def test_an_absurd_date_is_left_to_be_judged_later(year: int) -> None:
    date = f"<pubDate>{year:04}-01-01T00:00:00Z</pubDate>"
    assert only(an_rss(an_item("1", date))).created_at.year == year


def test_a_link_that_runs_code_is_dropped() -> None:
    post = only(an_rss(an_item("1", "<title>T</title><link>javascript:alert(1)</link>")))
    assert post.url is None


def test_a_relative_link_is_made_whole() -> None:
    assert only(an_rss(an_item("1", "<link>/a/1</link>"))).url == "https://blog.test:8443/a/1"


SECRET = "https://ann:canary@blog.test/feeds/acme.xml?key=canary#canary"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("", None),
        (" ", None),
        ("1", "https://blog.test/feeds/1"),
        ("/1", "https://blog.test/1"),
        ("?p=1", "https://blog.test/feeds/acme.xml?p=1"),
        ("#1", "https://blog.test/feeds/acme.xml#1"),
        ("//x.test/1", "https://x.test/1"),
    ],
)
def test_no_secret_in_the_address_of_a_feed_reaches_its_posts(link: str, url: str | None) -> None:
    item = an_rss(an_item("1", f"<title>T</title><link>{link}</link>"))
    json_feed = {**A_JSON_FEED, "items": [{"id": "1", "content_text": "T", "url": link}]}
    for body in (item, json_feed):
        (post,) = source(SECRET).parse(an_answer(body, url=SECRET)).posts
        assert post.url == url
        assert "canary" not in repr(post)


@pytest.mark.parametrize("name", ["url", "q"])
def test_a_link_of_google_alerts_leads_to_the_page_itself(name: str) -> None:
    link = f"https://www.google.com/url?rct=j&amp;{name}=https://news.test/a?b%3Dc&amp;ct=ga"
    assert only(an_rss(an_item("1", f"<link>{link}</link>"))).url == "https://news.test/a?b=c"


@pytest.mark.parametrize(
    "link", ["https://www.google.com/url?url=javascript:x", "https://x.test/url?url=https://y.test"]
)
def test_only_a_link_of_google_that_leads_to_a_page_is_unwrapped(link: str) -> None:
    assert only(an_rss(an_item("1", f"<link>{link}</link>"))).url == link


def test_an_item_without_an_id_is_known_by_its_link_then_by_its_title() -> None:
    first, second = parse(
        an_rss(
            "<item><title>A</title><link>https://x.test/1</link></item>",
            "<item><title>B</title></item>",
        )
    ).posts
    assert first.native_id == "https://x.test/1"
    assert second.native_id.startswith("sha256:")
    again = parse(an_rss("<item><title>B</title></item>")).posts
    assert again[0].id == second.id


@pytest.mark.parametrize("guid", ["1", "news/1", "tagged: 1", "http://", ""])
def test_an_id_that_is_good_for_one_feed_only_is_no_other_feeds(guid: str) -> None:
    body = an_rss(an_item(guid, "<title>T</title>"))
    urls = ("https://blog.test/a?token=canary", "https://blog.test/b", "https://blog.test")
    a, b, root = [
        post for url in urls for post in source(url).parse(an_answer(body, url=url)).posts
    ]
    assert a.native_id == b.native_id == root.native_id
    assert (a.host, b.host, root.host) == ("blog.test/a", "blog.test/b", "blog.test/")
    assert a.id == f"rss:blog.test/a:post:{a.native_id}"
    assert a.thread_id == a.key


@pytest.mark.parametrize(
    "guid",
    ["https://blog.test/1", "TAG:blog.test,2026:1", "urn:uuid:1", "https://x.test/" + "x" * 5000],
)
def test_an_id_that_names_an_entry_anywhere_is_one_post_in_all_feeds_of_a_site(guid: str) -> None:
    body = an_rss(an_item(guid))
    posts = [
        post
        for url in ("https://blog.test/a", "https://blog.test/b")
        for post in source(url).parse(an_answer(body, url=url)).posts
    ]
    assert {post.host for post in posts} == {"blog.test"}
    assert posts[0].id == posts[1].id


def test_an_endless_id_is_kept_as_its_fingerprint() -> None:
    whole, cut, other = ("x" * 512, "x" * 513, "x" * 512 + "y")
    ids = [post.native_id for post in parse(an_rss(*map(an_item, (whole, cut, other)))).posts]
    assert ids[0] == whole
    assert all(id.startswith("sha256:") and len(id) < 50 for id in ids[1:])
    assert ids[1] != ids[2]


def test_an_empty_item_is_counted_and_dropped() -> None:
    parsed = parse(an_rss("<item></item>", an_item("2")))
    assert [post.native_id for post in parsed.posts] == ["2"]
    assert parsed.invalid == ("entry 1: no id, no link, no text",)


def test_an_item_that_was_cut_in_the_middle_is_left_out() -> None:
    whole = an_rss(an_item("first"), an_item("https://x.test/12345"))
    cut = whole[: whole.index("345")]
    parsed = parse(cut)
    assert [post.native_id for post in parsed.posts] == ["first"]
    assert parsed.invalid == ("the last entry: the feed ends in the middle of it",)


def test_only_the_newest_entries_are_read_wherever_the_feed_lists_them() -> None:
    items = [
        an_item(str(n), f"<pubDate>2026-01-01T{n // 60:02}:{n % 60:02}:00Z</pubDate>")
        for n in range(MOST_ENTRIES + 3)
    ]
    parsed = parse(an_rss(*items))
    assert [post.native_id for post in parsed.posts] == [str(n) for n in range(3, MOST_ENTRIES + 3)]
    assert "3 older entries" in parsed.invalid[0]


def test_a_feed_without_entries_is_quiet() -> None:
    assert parse(an_rss()).posts == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><html><title>Log in</title><p>Who?", "a web page ('Log in'), not a feed"),
        (b"", "answered nothing, not a feed"),
        (b"plain words", "not a feed"),
        (b"<x>something else</x>", "not a feed"),
        (b"<rss version='2.0'><channel><title>cut", "a broken feed"),
        (b'{"version": "1.0", "items": []}', "not a feed"),
        (b'{"broken', "not JSON"),
        (b"[1]", "not a feed"),
    ],
)
def test_what_is_no_feed_is_said_to_be_none(body: bytes, said: str) -> None:
    with pytest.raises(FeedUnavailable) as raised:
        parse(body)
    assert said in str(raised.value)
    assert "blog.test:8443" in str(raised.value)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Жълт стол".encode(), "text/xml"),
        ("Жълт стол".encode(), "text/xml; charset=iso-8859-1"),
        ("Жълт стол".encode("windows-1251"), "text/xml; charset=windows-1251"),
    ],
)
def test_the_charset_of_the_header_counts_only_where_the_feed_leaves_us_in_doubt(
    body: bytes, content_type: str
) -> None:
    feed = an_rss(an_item("1", "<title>TITLE</title>")).encode().replace(b"TITLE", body)
    assert only(feed, content_type=content_type).title == "Жълт стол"


def test_a_feed_that_names_its_encoding_is_read_in_it() -> None:
    feed = '<?xml version="1.0" encoding="windows-1251"?>' + an_rss(
        an_item("1", "<title>Жълт</title>")
    )
    assert only(feed.encode("windows-1251"), content_type="text/xml; charset=utf-8").title == "Жълт"


@pytest.mark.parametrize("charset", ["undefined", "punycode", "ut\0f-8", "utf-8\0", "nonsense"])
def test_a_charset_that_cannot_be_one_is_passed_over(charset: str) -> None:
    feed = f'<?xml version="1.0" encoding="{charset}"?>' + an_rss(
        an_item("1", "<title>Жълт</title>")
    )
    assert only(feed).title == "Жълт"


def test_a_charset_of_the_header_that_cannot_be_one_is_passed_over() -> None:
    feed = an_rss(an_item("1", "<title>Zoë</title>")).encode("windows-1252")
    assert only(feed, content_type="text/xml; charset=undefined").title == "Zoë"


def test_rss_of_the_first_days_and_atom_of_the_first_draft_are_read() -> None:
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<item rdf:about="https://x.test/1"><title>T</title><link>https://x.test/1</link>'
        "<dc:date>2026-11-22T10:00:00Z</dc:date><dc:creator>Ann</dc:creator></item></rdf:RDF>"
    )
    atom = (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>a</id><title>T</title>'
        "<issued>2026-11-22T10:00:00Z</issued><modified>2026-11-22T11:00:00Z</modified>"
        "</entry></feed>"
    )
    for post in (only(rdf), only(atom)):
        assert post.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert only(rdf).author.handle == "Ann"


A_JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "B",
    "language": "en",
    "items": [
        {
            "id": 7,
            "url": "https://x.test/7",
            "title": "T",
            "content_html": "<p>one<br>two</p>",
            "date_published": "2026-11-22T10:00:00+01:00",
            "authors": [{"name": ""}, {"name": "Ann"}],
        },
        {"id": "8", "content_text": "plain", "author": {"name": "Bob"}, "language": "bg"},
        {"id": "9", "summary": "short", "external_url": "https://y.test/9", "date_modified": "x"},
        {},
        None,
    ],
}


def test_a_json_feed_is_read_by_hand() -> None:
    parsed = source().parse(an_answer(A_JSON_FEED, url=URL))
    first, second, third = parsed.posts
    assert (first.native_id, first.author.handle, first.text) == ("7", "Ann", "T\n\none\ntwo")
    assert first.created_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert (second.author.handle, second.text, second.language) == ("Bob", "plain", "bg")
    assert (third.url, third.flags) == ("https://y.test/9", {Flag.UNDATED})
    assert len(parsed.invalid) == 2


def test_a_long_json_feed_is_cut() -> None:
    items = [{"id": n} for n in range(MOST_ENTRIES + 1)]
    parsed = source().parse(an_answer({**A_JSON_FEED, "items": items}, url=URL))
    assert len(parsed.posts) == MOST_ENTRIES
    assert "1 entries" in parsed.invalid[0]


# ---------------------------------------------------------------- polls
def dated(guid: str, hour: int) -> str:
    return an_item(guid, f"<pubDate>2026-11-22T{hour:02}:00:00Z</pubDate>")


async def test_a_poll_yields_the_oldest_post_first() -> None:
    site = saying(an_answer(an_rss(dated("late", 11), dated("early", 9))))
    (page,) = await pages(source(), site)
    assert [post.native_id for post in page.posts] == ["early", "late"]
    assert page.listed == 2


async def test_the_next_poll_asks_only_for_what_changed() -> None:
    site = saying(an_answer(an_rss(), etag='"1"', last_modified="Sun"), an_answer(status=304))
    (page,) = await pages(source(), site)
    (unchanged,) = await pages(source(), site, page.cursor)
    assert (site.requests[1].etag, site.requests[1].last_modified) == ('"1"', "Sun")
    assert unchanged.is_unchanged
    assert unchanged.cursor == page.cursor


async def test_an_unconditional_poll_believes_no_validator() -> None:
    site = saying(an_answer(an_rss()))
    await pages(source(), site, {"etag": '"1"'}, unconditional=True)
    assert site.requests[0].etag is None


async def test_a_repeated_post_is_yielded_again_with_its_new_counter() -> None:
    def body(n: int) -> str:
        return an_rss(an_item("1", f"<slash:comments>{n}</slash:comments>"))

    later = NOON + timedelta(minutes=1)
    site = saying(an_answer(body(10)), an_answer(body(60), at=later))
    read = [*await pages(source(), site), *await pages(source(), site, {"read": "yes"})]
    first, second = posts_of(read)
    assert first.id == second.id
    assert (first.counters.replies, second.counters.replies) == (10, 60)
    assert second.seen_at == later


async def test_a_first_poll_leaves_a_cursor_even_without_validators() -> None:
    (page,) = await pages(source(), saying(an_answer(an_rss())))
    assert page.cursor


async def test_a_json_feed_is_polled_too() -> None:
    (page,) = await pages(source(), saying(an_answer(A_JSON_FEED)))
    assert len(page.posts) == 3


def test_a_recorded_304_brings_nothing() -> None:
    assert source().parse(an_answer(status=304, etag='"1"')).next == {"etag": '"1"'}


def test_a_setting_that_is_no_address_is_refused() -> None:
    assert RssOptions(url="blog.test").problems()
    assert not RssOptions(url=URL).problems()


def test_a_feed_says_what_it_cannot_see() -> None:
    assert "no shares and no deletions" in source().describe()
    keyed = Rss(RssOptions(url="https://b.test/feed?key=s3cret"))
    assert keyed.describe().startswith("Reads the feed b.test/feed: ")


# ---------------------------------------------------------------- comments
WFW = 'xmlns:wfw="http://wellformedweb.org/CommentAPI/"'


def a_blog(comments: int, *, guid: str = "https://blog.test/?p=1") -> str:
    rest = (
        f"<title>Acme</title><slash:comments>{comments}</slash:comments>"
        "<wfw:commentRss>https://blog.test/1/feed</wfw:commentRss>"
    )
    return an_rss(an_item(guid, rest)).replace("<rss", f"<rss {WFW}")


def a_comment(number: int) -> str:
    return an_item(f"https://blog.test/?p=1#comment-{number}", f"<title>By: {number}</title>")


async def test_a_feed_of_comments_puts_them_under_their_posts() -> None:
    (page,) = await pages(source(), saying(an_answer(an_rss(a_comment(5)), url=URL)))
    (post,) = page.posts
    assert post.kind is PostKind.COMMENT
    assert post.parent_id == post.thread_id == "rss:blog.test:8443:https://blog.test/?p=1"


async def test_an_answer_to_a_comment_stands_in_the_thread_of_the_post() -> None:
    told = '<entry><id>https://b.test/?p=1#comment-6</id><thr:in-reply-to ref="https://b.test/?p=1#comment-5"/></entry>'
    (page,) = await pages(source(), saying(an_answer(an_atom(told), url=URL)))
    (post,) = page.posts
    assert post.parent_id == "rss:blog.test:8443:https://b.test/?p=1#comment-5"
    assert post.thread_id == "rss:blog.test:8443:https://b.test/?p=1"


async def test_a_post_that_gathers_comments_has_them_read_though_the_site_says_unchanged() -> None:
    root = Root(key="rss:blog.test:8443:https://blog.test/?p=1",
                native_id="https://blog.test/?p=1", created_at=NOON,
                host="blog.test:8443")  # fmt: skip
    shown = {"comments": 30}

    def talk(request: Request) -> Answer:
        if request.url.endswith("/1/feed"):
            return an_answer(an_rss(a_comment(5), an_item("7", "<title>odd</title>")), url=URL)
        if request.etag:
            return an_answer(status=304)  # as WordPress does, whatever was said below the post
        return an_answer(a_blog(shown["comments"]), url=URL, etag='"1"')

    site, feed = Site(talk), source()
    assert await looks(feed, site, root) == []  # it is not known to count comments yet
    (page,) = await pages(feed, site)
    (unchanged,) = await pages(feed, site, page.cursor)
    assert unchanged.is_unchanged
    counted, comments = await looks(feed, site, root)
    assert [count.counters.replies for count in counted.counts] == [30]
    assert {post.thread_id for post in comments.posts} == {root.key}
    assert {post.kind for post in comments.posts} == {PostKind.COMMENT}
    (again,) = await looks(feed, site, replace(root, replies=30))
    assert again.counts == counted.counts
    shown["comments"] = 60
    _, grown = await looks(feed, site, replace(root, replies=30))
    assert len(grown.posts) == 2


async def test_a_post_whose_feed_names_no_comments_is_counted_alone() -> None:
    root = Root(key="rss:blog.test:8443:tag:1", native_id="tag:1", created_at=NOON,
                host="blog.test:8443")  # fmt: skip
    body = an_rss(an_item("tag:1", "<title>A</title><slash:comments>3</slash:comments>"))
    site, feed = saying(an_answer(body, url=URL)), source()
    await pages(feed, site)
    counted, read = await looks(feed, site, root, replace(root, host="else.test"))
    assert read.posts == ()
    assert len(counted.counts) == 1


async def test_a_post_with_an_id_of_its_feeds_own_is_followed_too() -> None:
    body = an_rss(an_item("1", "<title>A</title><slash:comments>3</slash:comments>"))
    site, feed = saying(an_answer(body, url=URL)), source()
    ((post,),) = [page.posts for page in await pages(feed, site)]
    root = Root(key=post.key, native_id="1", created_at=NOON, host=post.host)
    assert [len(page.counts) for page in await looks(feed, site, root)] == [1, 0]


# ---------------------------------------------------------------- feeds of other sites
async def test_reddits_own_words_and_marks_are_left_out() -> None:
    entry = (
        "<entry><id>t3_abc</id><author><name>/u/ann</name></author><title>Acme</title>"
        "<content type='html'>&lt;p&gt;It broke&lt;/p&gt; submitted by &lt;a&gt;/u/ann&lt;/a&gt; "
        "to &lt;a&gt;r/acme&lt;/a&gt; &lt;a&gt;[link]&lt;/a&gt; &lt;a&gt;[comments]&lt;/a&gt;"
        "</content>"
        "</entry>"
    )
    feed = source("https://www.reddit.com/r/acme/new/.rss")
    (page,) = await pages(feed, saying(an_answer(an_atom(entry))))
    (post,) = page.posts
    assert (post.author.handle, post.text) == ("ann", "Acme\n\nIt broke")
    assert post.id == "rss:www.reddit.com:post:t3_abc"


def test_a_video_of_youtube_is_counted() -> None:
    entry = (
        "<entry><id>yt:video:5s</id><title>Acme</title><media:group "
        "xmlns:media='http://search.yahoo.com/mrss/'><media:description>watch</media:description>"
        "<media:community><media:starRating count='35'/><media:statistics views='900'/>"
        "</media:community></media:group></entry>"
    )
    post = only(an_atom(entry))
    assert post.counters == Counters(likes=35, views=900)
    assert post.text == "Acme\n\nwatch"
    assert post.id == "rss:blog.test:8443:post:yt:video:5s"
