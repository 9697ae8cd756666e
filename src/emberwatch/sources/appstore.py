"""Reviews in Apple's App Store, country by country."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_mapping,
    as_text,
    decode_json,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first, oldest
from emberwatch.sources.plain import compose, one_line, to_plain

SOURCE = "appstore"

MOST_PAGES = 10
"""What Apple shows: ten pages of fifty reviews."""

STARS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStoreOptions:
    """What an `appstore` feed needs to know: an app, what it is called, and a country."""

    app: str
    """The number of the app, as in its address: `id310633997`."""
    name: str
    """What the app is called: it joins each title, so that a review speaks of its brand."""
    country: str = "us"
    """Two letters; each country has reviews of its own."""
    url: str = "https://itunes.apple.com"
    """Where the reviews lie."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not _app(self.app):
            found.append(("app", f"expected a number such as 310633997, got {self.app!r}"))
        if not self.name.strip():
            found.append(("name", "expected what the app is called"))
        if not (len(self.country) == 2 and self.country.isascii() and self.country.isalpha()):
            found.append(("country", f"expected two letters such as us, got {self.country!r}"))
        return found


class AppStore:
    """Reads the newest reviews of one app in one country."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[AppStoreOptions]] = AppStoreOptions

    def __init__(self, options: AppStoreOptions) -> None:
        self._options = options
        self._app = _app(options.app)
        self._country = options.country.lower()

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield new reviews, oldest first."""

        async def ask(more: str | None) -> Sheet:
            server = self._options.url.strip().rstrip("/")
            where = f"page={more or 1}/id={self._app}/sortby=mostrecent/json"
            url = f"{server}/{self._country}/rss/customerreviews/{where}"
            answer = await web.get(Request(url=url))
            posts, invalid = self._posts(answer)
            following = int(more or "1") + 1
            return Sheet(
                posts=posts,
                more=str(following) if posts and following <= MOST_PAGES else None,
                oldest_at=oldest(posts),
                invalid=invalid,
                rate=parse_rate(answer.headers, answer.received_at),
            )

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the reviews of one answer, in its order."""
        posts, invalid = self._posts(answer)
        return Parsed(posts=posts, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        return (
            f"Reads the newest reviews of {self._options.name} in the App Store of "
            f"{self._country.upper()}: five hundred at most, some hours after they were written. "
            "Sees stars and how many found a review helpful, edits as a new date, and neither "
            "answers nor deletions."
        )

    def _posts(self, answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        feed = as_mapping(decode_json(answer)).get("feed")
        if not isinstance(feed, dict):
            raise not_expected(answer, "reviews of the App Store")
        told = feed.get("entry")
        entries = told if isinstance(told, list) else [] if told is None else [told]
        posts, invalid = [], []
        for number, entry in enumerate(map(as_mapping, entries), 1):
            if "im:name" in entry and "im:rating" not in entry:
                continue  # the app itself, which some answers list first
            post = self._post(entry, answer.received_at)
            if post is None:
                invalid.append(f"review {number}: no id, or no words")
            else:
                posts.append(post)
        return tuple(posts), tuple(invalid)

    def _post(self, entry: Mapping[str, object], seen_at: datetime) -> Post | None:
        native_id = as_id(_label(entry, "id"))
        said = one_line(to_plain(as_text(_label(entry, "title"))))
        body = as_text(_label(entry, "content")).strip()
        if native_id is None or len(native_id) > LONGEST_ID or not (said or body):
            return None
        stars = as_count(_label(entry, "im:rating"))
        rated = "★" * stars + "☆" * (STARS - stars) if stars and stars <= STARS else ""
        title = one_line(f"{rated} {self._options.name.strip()}: {said}".strip())
        created_at = as_instant(_label(entry, "updated"))
        return Post(
            source=SOURCE,
            host=self._country,
            kind=PostKind.REVIEW,
            native_id=native_id,
            author=Author(
                handle=one_line(as_text(_label(as_mapping(entry.get("author")), "name")))
            ),
            title=title,
            text=compose(title, body),
            created_at=created_at or seen_at,
            seen_at=seen_at,
            url=f"https://apps.apple.com/{self._country}/app/id{self._app}?see-all=reviews"
            if self._app
            else None,
            counters=Counters(likes=as_count(_label(entry, "im:voteSum"))),
            flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
        )


def _label(entry: Mapping[str, object], name: str) -> object:
    """Return a value as this kind of feed wraps it."""
    return as_mapping(entry.get(name)).get("label")


def _app(number: str) -> str:
    bare = number.strip().removeprefix("id")
    return bare if bare.isascii() and bare.isdecimal() else ""
