"""Public channels of Telegram, through the preview that it shows in browsers."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Web
from emberwatch.sources.fields import address_problems, as_instant, not_expected
from emberwatch.sources.listing import Sheet, newest_first, oldest
from emberwatch.sources.plain import clean, one_line, to_plain

SOURCE = "telegram"

MOST_PAGES = 20
LONGEST_PAGE = 2_000_000
"""Characters of a page that are looked at; twenty posts take a tenth of that."""

MESSAGE, TEXT = "tgme_widget_message", "js-message_text"
HISTORY = "tgme_channel_history"

_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_POST = re.compile(r"([A-Za-z][A-Za-z0-9_]{3,31})/([0-9]{1,12})")
_ADDRESS = re.compile(r"https://t\.me/(?:s/)?" + _POST.pattern + r"(?:\?.*)?")
_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KM]?)")
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000}
_VOID = frozenset(("br", "img", "hr", "input", "meta", "link", "source", "wbr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramOptions:
    """What a `telegram` feed needs to know: a public channel."""

    channel: str
    """The channel's name, as in its address: `durov`."""
    url: str = "https://t.me"
    """Where the previews lie."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not _channel(self.channel):
            why = f"expected the name of a public channel such as durov, got {self.channel!r}"
            found.append(("channel", why))
        return found


class Telegram:
    """Reads the newest posts of one public channel."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[TelegramOptions]] = TelegramOptions

    def __init__(self, options: TelegramOptions) -> None:
        self._options = options
        self._channel = _channel(options.channel)

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield new posts, oldest first."""

        async def ask(more: str | None) -> Sheet:
            url = f"{self._options.url.strip().rstrip('/')}/s/{self._channel}"
            answer = await web.get(Request(url=url, params={"before": more} if more else {}))
            posts, invalid = _posts(answer)
            numbers = [int(post.native_id.partition("/")[2]) for post in posts]
            least = min(numbers, default=1)
            return Sheet(
                posts=posts,
                more=str(least) if least > 1 else None,
                oldest_at=oldest(posts),
                invalid=invalid,
                rate=parse_rate(answer.headers, answer.received_at),
            )

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one page, in its order, which is oldest first."""
        posts, invalid = _posts(answer)
        before = posts[0].native_id.partition("/")[2] if posts else None
        return Parsed(posts=posts, next={"before": before} if before else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        return (
            f"Reads the public preview of the Telegram channel {self._channel}, a page made for "
            "browsers that may change without notice. Sees views and edits of the newest posts, "
            "and neither comments, reactions nor deletions; no groups and no private channels."
        )


def _channel(name: str) -> str:
    bare = name.strip().removeprefix("https://t.me/").removeprefix("s/").removeprefix("@")
    return bare if _CHANNEL.fullmatch(bare) else ""


# ---------------------------------------------------------------- the page
@dataclass(slots=True)
class _Message:
    """One message as the page shows it."""

    name: str
    author: str = ""
    text: list[str] = field(default_factory=list)
    at: str = ""
    views: str = ""
    answers: str = ""
    forwards: str = ""


class _Preview(HTMLParser):
    """Collects the messages of a page; what the markup nests wrongly costs a message at most."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.is_preview = False
        self.messages: list[_Message] = []
        self._open: list[str] = []
        self._text_from: int | None = None
        self._into = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what begins here."""
        told = {name: value or "" for name, value in attrs}
        classes = told.get("class", "").split()
        self.is_preview = self.is_preview or HISTORY in classes
        if self._text_from is not None:
            self._say(self.get_starttag_text() or "")
        elif MESSAGE in classes and "data-post" in told:
            self.messages.append(_Message(name=told["data-post"]))
        elif self.messages:
            self._note(self.messages[-1], tag, told, classes)
        if tag not in _VOID:
            self._open.append(tag)

    def _note(self, message: _Message, tag: str, told: dict[str, str], classes: list[str]) -> None:
        if TEXT in classes and not message.text:
            self._text_from = len(self._open)
        elif tag == "time" and told.get("datetime") and not message.at:
            message.at = told["datetime"]
        elif f"{MESSAGE}_reply" in classes:
            message.answers = told.get("href", "")
        elif f"{MESSAGE}_forwarded_from_name" in classes:
            message.forwards = told.get("href", "")
        for name, mark in (("views", "views"), ("author", "from_author")):
            if f"{MESSAGE}_{mark}" in classes:
                self._into = name

    def handle_endtag(self, tag: str) -> None:
        """Close what ends here, with all that was left open within."""
        if tag not in self._open:
            return
        while self._open.pop() != tag:
            pass
        if self._text_from is None:
            self._into = ""
        elif len(self._open) <= self._text_from:
            self._text_from = None
        else:
            self._say(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keep text where it is wanted."""
        if self._text_from is not None:
            self._say(data)
        elif self._into and self.messages:
            message = self.messages[-1]
            setattr(message, self._into, getattr(message, self._into) + data)

    def handle_entityref(self, name: str) -> None:
        """Keep an entity as it is."""
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Keep a numbered character as it is."""
        self.handle_data(f"&#{name};")

    def _say(self, markup: str) -> None:
        self.messages[-1].text.append(markup)


def _posts(answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    page = _Preview()
    try:
        page.feed(answer.body.decode("utf-8", "replace")[:LONGEST_PAGE])
    except AssertionError:  # how the parser says that a declaration makes no sense
        raise not_expected(answer, "the preview of a public channel") from None
    if not page.is_preview:
        raise not_expected(answer, "the preview of a public channel")
    posts, invalid = [], []
    for message in page.messages:
        post = _post(message, answer.received_at)
        if post is None:
            invalid.append(f"message {clean(message.name)[:40]!r}: no number, or no date")
        else:
            posts.append(post)
    return tuple(posts), tuple(invalid)


def _post(message: _Message, seen_at: datetime) -> Post | None:
    named = _POST.fullmatch(message.name)
    created_at = as_instant(message.at)
    if named is None or (created_at is None and not message.text):
        return None
    parent, original = _key(message.answers), _key(message.forwards)
    kind = PostKind.QUOTE if original else PostKind.POST
    return Post(
        source=SOURCE,
        kind=PostKind.REPLY if parent else kind,
        native_id=message.name,
        author=Author(handle=one_line(to_plain(message.author)) or named[1]),
        text=to_plain("".join(message.text)),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"https://t.me/{message.name}",
        parent_id=parent,
        thread_id=parent or "",
        quote_of=original,
        counters=Counters(views=_count(message.views)),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _key(address: str) -> str | None:
    named = _ADDRESS.fullmatch(address)
    return post_key(SOURCE, "", f"{named[1]}/{named[2]}") if named else None


def _count(shown: str) -> int | None:
    """Return a number as the page shortens it: `1.8K`."""
    found = _COUNT.fullmatch(shown.strip())
    return int(float(found[1]) * _UNITS[found[2]]) if found and len(shown) < 20 else None
