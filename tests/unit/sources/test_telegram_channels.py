"""The public preview of a channel is read for what it shows, and never taken for silence."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import NOON, Site, an_answer, pages, posts_of

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.ports import Answer, Request
from emberwatch.sources.telegram import Telegram, TelegramOptions


def a_message(
    number: int,
    text: str | None = "acme &amp; <b>co</b><br/>again",
    *,
    minutes: int = 0,
    above: str = "",
    views: str = "1.8K",
    name: str | None = None,
) -> str:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    said = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>'
    return f"""
<div class="tgme_widget_message_wrap js-widget_message_wrap"><div
  class="tgme_widget_message text_not_supported_wrap js-widget_message"
  data-post="{name or f"acme_news/{number}"}"><img src="x">
 {above}{said if text is not None else ""}
 <div class="tgme_widget_message_footer">
  <span class="tgme_widget_message_views">{views}</span><span class="copyonly"> views</span>
  <span class="tgme_widget_message_meta"><a class="tgme_widget_message_date"
   href="https://t.me/acme_news/{number}"><time datetime="{at}" class="time">12:00</time></a></span>
 </div></div></div>"""


def a_page(*messages: str) -> Answer:
    body = f'<html><main><section class="tgme_channel_history">{"".join(messages)}</section></main>'
    return an_answer(body)


def source(channel: str = "@acme_news") -> Telegram:
    return Telegram(TelegramOptions(channel=channel))


def only(message: str) -> Post:
    (post,) = source().parse(a_page(message)).posts
    return post


def test_a_message_is_read_with_its_words_and_views() -> None:
    post = only(a_message(7))
    assert post.id == "telegram::post:acme_news/7"
    assert post.text == "acme & co\nagain"
    assert (post.author.handle, post.created_at) == ("acme_news", NOON)
    assert post.counters == Counters(views=1800)
    assert post.url == "https://t.me/acme_news/7"


@pytest.mark.parametrize(
    ("shown", "views"), [("12", 12), ("3.21M", 3_210_000), ("", None), ("many", None)]
)
def test_views_are_read_as_they_are_shortened(shown: str, views: int | None) -> None:
    assert only(a_message(7, views=shown)).counters.views == views


def test_a_reply_and_what_it_repeats_are_told_apart() -> None:
    above = (
        '<a class="tgme_widget_message_reply" href="https://t.me/acme_news/5">'
        '<div class="tgme_widget_message_text js-message_reply_text">old words</div></a>'
    )
    post = only(a_message(7, above=above))
    assert (post.kind, post.parent_id) == (PostKind.REPLY, "telegram::acme_news/5")
    assert "old words" not in post.text


def test_what_is_forwarded_from_another_channel_is_a_quote() -> None:
    above = '<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/other/3">O</a>'
    post = only(a_message(7, above=above))
    assert (post.kind, post.quote_of) == (PostKind.QUOTE, "telegram::other/3")


def test_who_signed_a_message_is_its_author() -> None:
    signed = '<span class="tgme_widget_message_from_author" dir="auto">Anna &amp; B</span>'
    assert only(a_message(7, above=signed)).author.handle == "Anna & B"


def test_markup_nested_in_the_words_does_not_end_them() -> None:
    text = "one <div>two <blockquote>three</blockquote></div> four &#33;"
    assert only(a_message(7, text)).text.split() == ["one", "two", "three", "four", "!"]


def test_a_picture_alone_is_a_post_without_words() -> None:
    assert only(a_message(7, None)).text == ""


@pytest.mark.parametrize("name", ["", "acme_news", "x/1", "acme_news/9999999999999"])
def test_a_message_without_a_number_is_counted_and_dropped(name: str) -> None:
    told = source().parse(a_page(a_message(7, name=name or " "), a_message(8)))
    assert ([post.native_id for post in told.posts], len(told.invalid)) == (["acme_news/8"], 1)


def test_a_message_without_a_date_bears_the_time_it_was_fetched() -> None:
    assert only(a_message(7).replace("datetime=", "data-x=")).flags == {Flag.UNDATED}


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<html><title>Telegram: Contact @acme</title><div class='tgme_page'>",
     b"<![x[", a_message(7).encode()],
)  # fmt: skip
def test_a_page_without_a_preview_is_named_for_what_it_is(body: bytes) -> None:
    with pytest.raises(FeedUnavailable, match="not the preview of a public channel"):
        source().parse(an_answer(body))


def test_a_channel_without_posts_is_quiet() -> None:
    assert source().parse(a_page()).posts == ()


async def test_a_channel_is_read_back_to_what_is_known() -> None:
    def talk(request: Request) -> Answer:
        before = int(request.params.get("before", 101))
        numbers = range(max(before - 2, 1), before)
        return a_page(*(a_message(number, minutes=100 - number) for number in numbers))

    site = Site(talk)
    read = await pages(source(), site, {"at": (NOON - timedelta(minutes=1)).isoformat()})
    assert [post.native_id for post in posts_of(read)][-1] == "acme_news/100"
    assert len(posts_of(read)) == 8
    assert site.requests[0].url == "https://t.me/s/acme_news"


async def test_the_first_message_of_a_channel_ends_the_list() -> None:
    site = Site(lambda _: a_page(a_message(1)))
    await pages(source(), site, {"at": (NOON - timedelta(days=9)).isoformat()})
    assert len(site.requests) == 1


def test_the_next_request_asks_for_what_is_older() -> None:
    assert source().parse(a_page(a_message(7), a_message(8))).next == {"before": "7"}
    assert source().parse(a_page()).next is None


PAGE = a_page(*(a_message(number) for number in range(10, 14))).body


@given(at=st.integers(0, len(PAGE)), junk=st.text(alphabet="<>/!-[]\"'= ab&;#", max_size=8))
def test_a_page_that_is_cut_or_has_junk_in_it_is_read_or_refused(at: int, junk: str) -> None:
    for body in (PAGE[:at], PAGE[:at] + junk.encode() + PAGE[at:]):
        try:
            told = source().parse(an_answer(body))
        except FeedUnavailable:
            continue
        assert len(told.posts) <= 4


@pytest.mark.parametrize("channel", ["", "a b", "https://t.me/+invite", "@x"])
def test_a_channel_that_cannot_be_is_named(channel: str) -> None:
    whole: Any = TelegramOptions(channel="https://t.me/s/acme_news")
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, channel=channel).problems()] == ["channel"]
    assert [name for name, _ in replace(whole, url="x").problems()] == ["url"]


def test_a_feed_says_what_it_reads() -> None:
    assert "may change without notice" in source().describe()
