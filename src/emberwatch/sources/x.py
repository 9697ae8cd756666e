"""X, through its paid search of the last seven days."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import (
    Answer,
    Count,
    Cursor,
    Gone,
    Meter,
    Page,
    Parsed,
    Poll,
    Request,
    Root,
    Web,
)
from emberwatch.sources.budget import Budget, Spending, stopped
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    not_expected,
)
from emberwatch.sources.plain import one_line, unescape

SOURCE = "x"

FEWEST, MOST = 10, 100
"""Posts that one search gives, at the least and at the most."""

MOST_PAGES = 20
SEARCHED_BACK = timedelta(days=7)
A_LITTLE = timedelta(minutes=1)
"""Away from the ends of the search's time, of which X's clock and ours may think differently."""

MICRO = 1_000_000
"""Money is counted in millionths, so that sums are exact."""

FIELDS = "created_at,public_metrics,conversation_id,referenced_tweets,lang,author_id,note_tweet"


@dataclass(frozen=True, slots=True, kw_only=True)
class XOptions:
    """What an `x` feed needs to know. X bills what it shows: both budgets must be given."""

    token: Secret
    """The bearer token of your X app."""
    query: str
    """What to search for, in X's notation: `(acme OR @acme) -is:retweet`."""
    dollars_a_day: float
    """Reading stops before a day (UTC) costs more than this."""
    dollars_a_month: float
    """Reading stops before a month costs more than this."""
    names: bool = False
    """Ask for the names of authors and how many follow them; each is billed like two posts."""
    price_of_post: float = 0.005
    """Dollars that X bills for each post shown."""
    price_of_name: float = 0.010
    """Dollars that X bills for each author shown."""
    price_of_count: float = 0.005
    """Dollars that X bills for counting how many posts there are."""
    follow_share: float = 0.2
    """The share of a day's dollars that may go into counting threads again; 0: none are."""
    url: str = "https://api.x.com"
    """Where the API answers."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not self.query.strip():
            found.append(("query", "expected what to search for"))
        for name in ("price_of_post", "price_of_name", "price_of_count"):
            if not 0 <= getattr(self, name) < MICRO:
                found.append((name, "expected dollars, such as 0.005"))
        if not 0 <= self.follow_share <= 1:
            found.append(("follow_share", f"expected 0 to 1, got {self.follow_share:g}"))
        if found:
            return found
        least = self.least
        for name in ("dollars_a_day", "dollars_a_month"):
            if not least <= getattr(self, name) < MICRO:
                found.append((name, f"expected at least {least:g}: one search may cost that"))
        return found

    @property
    def price_of_result(self) -> float:
        """What one post found may cost, with its author."""
        return self.price_of_post + (self.price_of_name if self.names else 0)

    @property
    def least(self) -> float:
        """What must be left to search: the smallest search, and a count of what it leaves out."""
        return FEWEST * self.price_of_result + self.price_of_count


class X:
    """Searches X within a budget of money."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[XOptions]] = XOptions

    def __init__(self, options: XOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what was written since the newest post read, newest page first.

        Before each request its greatest cost is committed as held, so that not even a crash can
        make the feed spend more than its budget. What the budget does not reach is counted once
        and left out.
        """
        spending = self._spending(poll.cursor, poll.now)
        place: Mapping[str, str] = {
            name: value
            for name, value in poll.cursor.items()
            if name in _PLACE or name.startswith(_FOLLOWED)
        }
        kept = {name: place[name] for name in place if name.startswith(_FOLLOWED)}
        newest = place.get("newest")
        since = self._since(poll)
        token: str | None = None
        for number in range(MOST_PAGES):
            size = self._affordable(spending)
            if not size:
                if number:
                    break
                raise stopped(
                    self.meters(poll.cursor, poll.now), "dollars_a_day or dollars_a_month", poll.now
                )
            spending = spending.hold(size * self._options.price_of_result)
            if not poll.is_first:  # a first reading is kept as a whole, or not at all
                yield Page(cursor={**place, **spending.cursor()}, is_unchanged=True)
            try:
                answer = await self._search(web, size, since, token)
            except (FeedRefused, FeedUnavailable) as error:
                if isinstance(error, FeedRefused) or error.retry_after is not None:
                    # It answered, and showed nothing.
                    yield Page(cursor={**place, **spending.let_go().cursor()})
                raise
            found = _found(answer, is_live=True)
            spending = spending.spend(
                found.listed * self._options.price_of_post
                + found.names * self._options.price_of_name
            )
            newest = max((newest or "", found.newest or ""), key=_number) or None
            token = found.older
            is_last = token is None or (poll.is_first and poll.since is None)
            # Only once all above it was read may the next poll begin at the newest post.
            if is_last:
                place = {**_place(newest, poll.now), **kept}
            yield Page(
                posts=found.posts[::-1],
                cursor={**place, **spending.cursor()},
                listed=found.listed,
                invalid=found.invalid,
                rate=parse_rate(answer.headers, answer.received_at),
            )
            if is_last:
                return
        yield await self._count(web, since, {**_place(newest, poll.now), **kept}, spending)

    def reaches(self, root: Root) -> bool:
        """Tell whether a root's counters may be read again, which costs as much as the post."""
        return self._options.follow_share > 0 and root.native_id.isdecimal()

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the roots' counters as they are now, as far as money goes.

        What it costs at most is committed as held beforehand, as for a search.
        """
        spending, following = self._spending(poll.cursor, poll.now), self._following(poll)
        each = self._options.price_of_post
        left = min(spending.left() - self._options.least, following.left())
        size = MOST if not each else min(MOST, int(left / each + 1e-9))
        roots = {root.native_id: root for root in poll.roots[: max(size, 0)]}
        if not roots:
            return
        place = {name: poll.cursor[name] for name in _PLACE if name in poll.cursor}
        spending, following = (
            spending.hold(len(roots) * each), following.hold(len(roots) * each)
        )  # fmt: skip
        yield Page(cursor={**place, **spending.cursor(), **_as_followed(following)})
        try:
            params = {"ids": ",".join(roots), "tweet.fields": FIELDS}
            answer = await self._ask(web, "", params)
        except (FeedRefused, FeedUnavailable) as error:
            if isinstance(error, FeedRefused) or error.retry_after is not None:
                spending, following = spending.let_go(), following.let_go()  # it showed nothing
                yield Page(cursor={**place, **spending.cursor(), **_as_followed(following)})
            raise
        found = _found(answer, is_live=True)
        cost = found.listed * each
        spending, following = spending.spend(cost), following.spend(cost)
        yield Page(
            counts=tuple(
                Count(thread_id=root.key, counters=post.counters, root_created_at=root.created_at)
                for post in found.posts
                if (root := roots.get(post.native_id)) is not None
            ),
            gone=tuple(
                Gone(key=root.key)
                for each in as_list(as_mapping(decode_json(answer)).get("errors"))
                if as_text(as_mapping(each).get("type")).endswith("/resource-not-found")
                and (root := roots.get(as_text(as_mapping(each).get("resource_id")))) is not None
            ),
            cursor={**place, **spending.cursor(), **_as_followed(following)},
            listed=found.listed,
        )

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts that one recorded answer lists, in its order."""
        found = _found(answer)
        following = {"since_id": found.newest} if found.newest else None
        return Parsed(
            posts=found.posts,
            next={"next_token": found.older} if found.older else following,
            invalid=found.invalid,
        )

    def meters(self, cursor: Cursor, now: datetime) -> tuple[Meter, ...]:
        """Return what was spent today and this month."""
        return self._spending(cursor, now).meters("spent on X", self._options.least, now)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        options = self._options
        authors = "" if options.names else " Knows authors by number only, as names cost extra."
        return (
            f"Searches X for {options.query!r}, seven days back at most, and spends at most "
            f"${options.dollars_a_day:g} a day and ${options.dollars_a_month:g} a month by X's "
            "prices as configured; then it is blind and says so. Sees replies, quotes and reposts "
            "that match, and counters as they were when a post was found; those of threads are "
            f"read again for up to {options.follow_share:.0%} of a day's money, and then deletions "
            f"show. Sees no edits, and no deletions of other posts.{authors}"
        )

    # ------------------------------------------------------------ money
    def _spending(self, cursor: Cursor, now: datetime) -> Spending:
        budget = Budget(
            unit="USD",
            per_day=self._options.dollars_a_day,
            per_month=self._options.dollars_a_month,
            scale=MICRO,
        )
        return Spending.of(budget, cursor, now)

    def _following(self, poll: Poll) -> Spending:
        """Return what was spent today on threads."""
        budget = Budget(
            unit="USD",
            per_day=self._options.dollars_a_day * self._options.follow_share,
            scale=MICRO,
        )
        kept = {
            name.removeprefix(_FOLLOWED): value
            for name, value in poll.cursor.items()
            if name.startswith(_FOLLOWED)
        }
        return Spending.of(budget, kept, poll.now)

    def _affordable(self, spending: Spending) -> int:
        """Return how many posts the next search may show, 0 for none at all."""
        each = self._options.price_of_result
        left = spending.left() - self._options.price_of_count
        size = MOST if not each else min(MOST, int(left / each + 1e-9))
        return size if size >= FEWEST else 0

    # ------------------------------------------------------------ requests
    def _since(self, poll: Poll) -> Mapping[str, str]:
        """Return where a search begins; empty: with what X shows at once."""
        if "newest" in poll.cursor:
            return {"since_id": poll.cursor["newest"]}
        since = as_instant(poll.cursor.get("from")) or poll.since
        return {} if since is None else _from(max(since, poll.now - SEARCHED_BACK + A_LITTLE))

    async def _search(
        self, web: Web, size: int, since: Mapping[str, str], token: str | None
    ) -> Answer:
        params = {
            "query": self._options.query,
            "max_results": str(size),
            "tweet.fields": FIELDS,
            **since,
            **({"next_token": token} if token else {}),
        }
        if self._options.names:
            params |= {"expansions": "author_id", "user.fields": "public_metrics,verified"}
        answer = await self._ask(web, "search", params)
        if answer.status == 400 and "since_id" in since:
            # The newest post read lies more than seven days back: X does not count from it.
            params.pop("since_id")
            params |= _from(answer.received_at - SEARCHED_BACK + A_LITTLE)
            answer = await self._ask(web, "search", params)
        if answer.status == 400:
            where = host_of(self._server)
            told = as_mapping(decode_json(answer))
            said = _messages(told)[:1] or ("it says not why",)
            raise FeedRefused(
                f"{where} did not understand the search ({said[0]}): check the feed's query"
            )
        return answer

    async def _ask(self, web: Web, what: str, params: Mapping[str, str]) -> Answer:
        return await web.get(
            Request(
                url=f"{self._server}/2/tweets" + (f"/{what}/recent" if what else ""),
                params=params,
                headers={"authorization": f"Bearer {self._options.token.reveal()}"},
                heeds=(400,) if what == "search" else (),
            )
        )

    async def _count(
        self,
        web: Web,
        since: Mapping[str, str],
        place: Mapping[str, str],
        spending: Spending,
    ) -> Page:
        """Return a page that says how many posts there were of which not all could be read."""
        total = "more posts than could be read"
        if spending.left() >= self._options.price_of_count:
            params = {"query": self._options.query, "granularity": "day", **since}
            try:
                answer = await self._ask(web, "counts", params)
                meta = as_mapping(as_mapping(decode_json(answer)).get("meta"))
            except FeedUnavailable:
                meta = {}
            else:
                spending = spending.spend(self._options.price_of_count)
            if (count := as_count(meta.get("total_tweet_count"))) is not None:
                total = f"{count} posts since the last poll, of which not all could be read"
        why = "the budget" if not self._affordable(spending) else f"{MOST_PAGES} pages a poll"
        return Page(cursor={**place, **spending.cursor()}, invalid=(f"{total}: {why} ended it",))


# ---------------------------------------------------------------- posts
@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a search gave. `names` counts the authors shown, which are billed too."""

    posts: tuple[Post, ...]
    listed: int
    names: int
    newest: str | None
    older: str | None
    invalid: tuple[str, ...]


_PLACE = ("newest", "from")
"""What a cursor tells of how far was read."""
_FOLLOWED = "followed_"
"""Begins what a cursor tells of money that went into threads."""


def _as_followed(following: Spending) -> Mapping[str, str]:
    return {f"{_FOLLOWED}{name}": value for name, value in following.cursor().items()}


def _place(newest: str | None, now: datetime) -> Mapping[str, str]:
    """Return where the next poll begins: at the newest post, or now where there was none."""
    return {"newest": newest} if newest else {"from": now.isoformat()}


def _from(start: datetime) -> Mapping[str, str]:
    return {"start_time": f"{start:%Y-%m-%dT%H:%M:%S}Z"}


def _found(answer: Answer, *, is_live: bool = False) -> _Found:
    """Return what an answer holds.

    `is_live` makes of it what the watch counts with: authors without a name go by their number,
    and a repost stands in the thread of what it repeats.
    """
    told = decode_json(answer)
    if not isinstance(told, dict) or not ({"data", "meta"} & told.keys()):
        problems = _messages(as_mapping(told))
        if problems:
            where = host_of(answer.url) or "the site"
            raise FeedUnavailable(f"{where} gave no posts: {problems[0]}")
        raise not_expected(answer, "posts of X")
    meta = as_mapping(told.get("meta"))
    includes = as_mapping(told.get("includes"))
    users = {
        id: user
        for user in (as_mapping(user) for user in as_list(includes.get("users")))
        if (id := as_id(user.get("id")))
    }
    data = told.get("data")
    items = [data] if isinstance(data, dict) else as_list(data)
    posts: list[Post] = []
    invalid = [f"a post that X does not show: {said}" for said in _messages(told)]
    for number, item in enumerate(items, 1):
        post = _post(as_mapping(item), users, answer.received_at, is_live=is_live)
        if post is None:
            invalid.append(f"post {number}: no number, or no text")
        else:
            posts.append(post)
    return _Found(
        posts=tuple(posts),
        listed=len(items) + len(as_list(includes.get("tweets"))),
        names=len(users),
        newest=as_id(meta.get("newest_id")),
        older=as_text(meta.get("next_token")) or None,
        invalid=tuple(invalid),
    )


def _messages(told: Mapping[str, object]) -> tuple[str, ...]:
    """Return what X says went wrong, one line each."""
    errors = [as_mapping(error) for error in as_list(told.get("errors"))]
    said = [as_text(each.get("detail")) or as_text(each.get("message")) for each in (*errors, told)]
    said = [words for words in said if words] or [as_text(told.get("title"))]
    return tuple(one_line(words) for words in said if words)


def _post(
    item: Mapping[str, object],
    users: Mapping[str, Mapping[str, object]],
    seen_at: datetime,
    *,
    is_live: bool,
) -> Post | None:
    native_id = as_id(item.get("id"))
    text = item.get("text")
    if native_id is None or len(native_id) > LONGEST_ID or not isinstance(text, str):
        return None
    number = as_id(item.get("author_id"))
    user = users.get(number or "", {})
    handle = one_line(as_text(user.get("username")))
    metrics = as_mapping(item.get("public_metrics"))
    related = {
        as_text(each.get("type")): _key(each.get("id"))
        for each in map(as_mapping, as_list(item.get("referenced_tweets")))
    }
    boosted, parent = related.get("retweeted"), related.get("replied_to")
    quoted = related.get("quoted")
    created_at = as_instant(item.get("created_at"))
    language = as_text(item.get("lang"))
    whole = as_text(as_mapping(item.get("note_tweet")).get("text")) or as_text(text)
    return Post(
        source=SOURCE,
        kind=_kind(boosted, parent, quoted),
        native_id=native_id,
        author=Author(
            handle=handle or (number if number and is_live else ""),
            name=one_line(as_text(user.get("name"))),
            followers=as_count(as_mapping(user.get("public_metrics")).get("followers_count")),
            is_verified=user.get("verified") is True,
        ),
        text="" if boosted else unescape(whole).strip(),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"https://x.com/i/status/{native_id}" if native_id.isdecimal() else None,
        language=language if language not in ("", "und") and len(language) < 4 else None,
        parent_id=parent,
        thread_id=(boosted if is_live else None) or _key(item.get("conversation_id")) or "",
        boost_of=boosted,
        quote_of=quoted,
        counters=Counters(
            replies=as_count(metrics.get("reply_count")),
            boosts=as_count(metrics.get("retweet_count")),
            quotes=as_count(metrics.get("quote_count")),
            likes=as_count(metrics.get("like_count")),
            views=as_count(metrics.get("impression_count")),
        ),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _kind(boosted: str | None, parent: str | None, quoted: str | None) -> PostKind:
    if boosted:
        return PostKind.BOOST
    if parent:
        return PostKind.REPLY
    return PostKind.QUOTE if quoted else PostKind.POST


def _key(id: object) -> str | None:
    named = as_id(id)
    return post_key(SOURCE, "", named) if named and len(named) <= LONGEST_ID else None


def _number(id: str) -> int:
    return int(id) if id.isdecimal() and len(id) < 40 else 0
