"""Contract checks for people who write plug-ins: the suite that our own plug-ins pass."""

import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.mention import Score
from emberwatch.model.post import Post
from emberwatch.ports import (
    Answer,
    Page,
    Parsed,
    Poll,
    Request,
    Scorer,
    Source,
    Text,
    Web,
)

STRAYS = (
    b"",
    b"null",
    b"{}",
    b"[]",
    b"[1, null, {}, []]",
    b"[" * 50_000,
    b"\x00\xff\xfe\x80",
    b"<!doctype html><html><head><title>Log in</title></head><body>Who are you?</body></html>",
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
)
"""Bodies that hold no post, whatever the source."""

CUTS = 12
"""At how many places each recorded body is cut off."""


@dataclass(slots=True)
class Recorded:
    """A way to the network that gives recorded answers in turn, the last one for ever."""

    answers: Sequence[Answer]
    requests: list[Request] = field(default_factory=list)

    async def get(self, request: Request) -> Answer:
        """Return the next answer, and keep what was asked."""
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]

    @asynccontextmanager
    async def listen(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """Say the lines of the next answer, one message each."""
        answer = await self.get(request)

        async def lines() -> AsyncIterator[bytes]:
            for line in answer.body.splitlines():
                yield line

        yield lines()


@dataclass(frozen=True, slots=True)
class Down:
    """A network that is down."""

    async def get(self, request: Request) -> Answer:
        """Raise `FeedUnavailable`."""
        raise FeedUnavailable("the network is down")

    @asynccontextmanager
    async def listen(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """Raise `FeedUnavailable`."""
        raise FeedUnavailable("the network is down")
        yield  # never reached, but it makes this a generator


async def check_source(source: Source, answers: Sequence[Answer], web: Web | None = None) -> None:
    """Check that a source keeps what `emberwatch.ports.Source` promises.

    `answers` are recorded answers of the site, at least one of them with a post. The source is
    read over `web`, by default one that gives those answers in turn. Raises `AssertionError` that
    says which promise is broken.
    """
    _check_class(source)
    parsed = [source.parse(answer) for answer in answers]
    _hold(any(each.posts for each in parsed), "give at least one recorded answer with a post")
    for answer, each in zip(answers, parsed, strict=True):
        for post in each.posts:
            _check_post(post, answer)
        _hold(source.parse(answer) == each, "parse: the same answer gave other posts")
        _check_damaged(source, answer, each)
    await _check_reading(source, answers, web or Recorded(answers))


def _hold(promise: object, broken: str) -> None:
    # Not an `assert`: the checks hold under `python -O` too.
    if not promise:
        raise AssertionError(broken)


def _check_class(source: Source) -> None:
    made = type(source)
    kind = source.kind
    _hold(kind, "kind: a short name is needed")
    _hold(kind.islower(), f"kind: {kind!r} is not in lower case")
    _hold(":" not in kind, f"kind: {kind!r} holds a ':', which parts an id")
    _check_options(made.__name__, made.Options)
    _hold(source.describe().strip().endswith("."), "describe: say it in a sentence")


def _check_options(owner: str, options: Any) -> None:
    _hold(dataclasses.is_dataclass(options), f"{owner}.Options: not a dataclass")
    _hold(options.__dataclass_params__.frozen, f"{owner}.Options: not frozen")


def _check_post(post: Post, answer: Answer) -> None:
    which = f"post {post.id!r}"
    for name, instant in (("created_at", post.created_at), ("edited_at", post.edited_at)):
        _hold(instant is None or instant.utcoffset() == timedelta(), f"{which}: {name} not in UTC")
    start = f"{post.source}:{post.host}:"
    for name in ("parent_id", "thread_id", "boost_of", "quote_of"):
        key = getattr(post, name)
        _hold(key is None or key.startswith(start), f"{which}: {name} {key!r} is not a key")
    _hold(post.url is None or post.url.startswith(("https://", "http://")), f"{which}: {post.url}")
    for text in (post.text, post.title, post.native_id, post.author.handle, post.url or ""):
        _hold("\x00" not in text, f"{which}: holds a NUL")
        text.encode()  # a lone surrogate raises
    for name, count in dataclasses.asdict(post.counters).items():
        # Likes alone may be fewer than none: some sites let people vote against a post.
        is_possible = count is None or count >= 0 or name == "likes"
        _hold(is_possible, f"{which}: {name} is {count}")


def _check_damaged(source: Source, answer: Answer, whole: Parsed) -> None:
    true_ids = {post.id for post in whole.posts}
    body = answer.body
    cuts = [body[: len(body) * cut // CUTS] for cut in range(CUTS)]
    for damaged in (*STRAYS, *cuts):
        try:
            parsed = source.parse(dataclasses.replace(answer, body=damaged))
        except (FeedUnavailable, FeedRefused):
            continue
        invented = [post.id for post in parsed.posts if post.id not in true_ids]
        _hold(not invented, f"parse: made {invented[:1]} up from {damaged[-60:]!r}")


async def _check_reading(source: Source, answers: Sequence[Answer], web: Web) -> None:
    first = Poll(feed="check", now=answers[-1].received_at, every=timedelta(minutes=1))
    pages = await _pages(source, web, first)
    _hold(pages, "read: gave no page")
    ids = {post.id for page in pages for post in page.posts}
    _hold(ids, "read: gave no post")
    again = await _pages(source, web, dataclasses.replace(first, cursor=pages[-1].cursor))
    for page in again:
        _check_cursor(page.cursor)
    if not isinstance(web, Recorded):
        return
    down = dataclasses.replace(first, cursor=pages[-1].cursor, unconditional=True)
    if web.requests:
        try:
            await _pages(source, Down(), down)
        except FeedUnavailable:
            return
        raise AssertionError("read: kept it to itself that the network is down")


async def _pages(source: Source, web: Web, poll: Poll) -> list[Page]:
    pages = []
    async for page in source.read(web, poll):
        _check_cursor(page.cursor)
        _hold(page.listed >= 0, f"read: listed {page.listed} posts")
        for post in page.posts:
            _hold(post.thread_id, f"post {post.id!r}: stands in no thread")
        pages.append(page)
    return pages


def _check_cursor(cursor: Mapping[str, str]) -> None:
    _hold(cursor, "read: a cursor that is empty makes every poll the first")
    for name, value in cursor.items():
        _hold(isinstance(name, str), f"cursor: {name!r} is no text")
        _hold(isinstance(value, str), f"cursor: {name} is {value!r}, no text")


# ---------------------------------------------------------------- scorers
WORDLESS = ("", "   ", "\n")
"""Texts that nobody can judge."""

TEXTS = (
    Text(text="They lost my luggage and nobody answers, I hate this!", language="en"),
    Text(text="Thank you, the crew was lovely.", expected=("en",)),
    Text(text="Ужасно обслужване, никога повече!", language="bg"),
    Text(text="Моя посылка так и не пришла, ужас", language="en"),
    Text(text="最悪のサービスだ"),
    Text(text="meh", expected=("en", "lt")),
    Text(text="😡🤬 @acme https://example.org"),
    Text(text="a\x00b\x1b[2J\ud800"),
    Text(text="very bad " * 20_000, language="en"),
    Text(text="\u0301" * 500, language="not a tag"),
    *(Text(text=text, language="en", expected=("en",)) for text in WORDLESS),
)
"""Plain and strange texts that every scorer must bear."""


def check_scorer(scorer: Scorer) -> None:
    """Check that a scorer keeps what `emberwatch.ports.Scorer` promises.

    Plain and strange texts (`TEXTS`) are scored together, one by one, and in another order. Raises
    `AssertionError` that says which promise is broken.
    """
    _hold(scorer.kind, "kind: a short name is needed")
    _hold(scorer.kind.islower(), f"kind: {scorer.kind!r} is not in lower case")
    if hasattr(scorer, "Options"):
        _check_options(type(scorer).__name__, scorer.Options)
    _hold(scorer.score([]) == [], "score: no texts must give no scores")
    together = scorer.score(TEXTS)
    _hold(len(together) == len(TEXTS), f"score: {len(together)} scores for {len(TEXTS)} texts")
    for text, score in zip(TEXTS, together, strict=True):
        _check_score(text, score)
    alone = [score for text in TEXTS for score in scorer.score([text])]
    _hold(alone == together, "score: a text scores otherwise in the company of others")
    backwards = scorer.score(TEXTS[::-1])
    _hold(backwards == together[::-1], "score: the order of the texts changes their scores")


def _check_score(text: Text, score: Score) -> None:
    which = f"text {text.text[:40]!r}"
    _hold(score.scorer, f"{which}: the score does not name its scorer")
    for name, value, least in (
        ("sentiment", score.sentiment, -1.0),
        ("negative", score.negative, 0.0),
        ("anger", score.anger, 0.0),
        ("confidence", score.confidence, 0.0),
    ):
        _hold(value is None or least <= value <= 1, f"{which}: {name} is {value}")
    _hold(score.judged or score.negative is None, f"{which}: not judged, but with a negative")
    _hold(not score.judged or score.language, f"{which}: judged in no language")
    _hold(not score.judged or text.text not in WORDLESS, f"{which}: judged without a word")
