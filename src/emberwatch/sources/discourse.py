"""Forums that run on Discourse."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Root, Web
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
from emberwatch.sources.listing import Sheet, newest_first, oldest
from emberwatch.sources.plain import compose, one_line, to_plain, unescape
from emberwatch.sources.threads import NOT_THERE, Counted, followed, missing

SOURCE = "discourse"

MOST_PAGES = 20
LIKE = 2
"""The number under which Discourse sums up likes."""

SAID_BY_PEOPLE = (1, 2)
"""Kinds of post that hold words; the others say that a topic was closed, moved and the like."""

TOPIC = "topic:"
"""Begins the native id of a topic, whose numbers are others than those of posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscourseOptions:
    """What a `discourse` feed needs to know: a forum, and perhaps what to search it for."""

    url: str
    """The forum, such as https://meta.discourse.org."""
    query: str | None = None
    """Only posts that its search finds; without it, every new post."""
    token: Secret | None = None
    """An API key, for a forum that shows its posts to members only."""
    username: str | None = None
    """The member that the API key speaks for."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if self.query is not None and not self.query.strip():
            found.append(("query", "expected words to search for"))
        if (self.token is None) != (self.username is None):
            found.append(("username", "an API key and a username belong together: set both"))
        return found


class Discourse:
    """Reads the newest posts of a forum, into the threads of their topics."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[DiscourseOptions]] = DiscourseOptions

    def __init__(self, options: DiscourseOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")
        self.host = host_of(self._server)

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield new posts, oldest first."""

        async def ask(more: str | None) -> Sheet:
            if self._options.query is None:
                answer = await self._ask(web, "/posts.json", {"before": more} if more else {})
            else:
                query = f"{self._options.query} order:latest"
                answer = await self._ask(web, "/search.json", {"q": query, "page": more or "1"})
            return self._sheet(answer, more)

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}):
            yield page

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is a topic of this forum."""
        return root.host == self.host and root.native_id.startswith(TOPIC)

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield how many posts topics have now, and the newest of those that grew.

        A topic that grew is among the latest: one request tells of them all. One that is not is
        asked for by itself, with its newest posts.
        """
        lengths: dict[str, int] = {}
        latest: dict[str, Counters] | None = None

        async def recount(roots: tuple[Root, ...]) -> Counted:
            nonlocal latest
            if latest is None:
                topics = _topics(decode_json(await self._ask(web, "/latest.json", {})))
                latest = dict(_lengthy(topics, lengths))
            (root,) = roots
            if root.native_id in latest:
                return Counted(counters={root.native_id: latest[root.native_id]})
            try:
                answer = await self._ask(web, f"/t/{_number(root)}.json", {}, heeds=NOT_THERE)
            except FeedRefused:  # shown to members only
                return Counted()
            if answer.status in NOT_THERE:
                return missing(answer, root, "errors")
            topic = as_mapping(decode_json(answer))
            counted = dict(_lengthy([topic], lengths))
            posts, _ = self._posts(answer, is_live=True)
            return Counted(
                counters=counted, posts=tuple(post for post in posts if post.key == root.key)
            )

        async def replies(root: Root) -> tuple[Post, ...]:
            path = f"/t/{_number(root)}/{lengths[root.native_id]}.json"
            posts, _ = self._posts(await self._ask(web, path, {}), is_live=True)
            return tuple(post for post in posts if post.native_id != root.native_id)

        async for page in followed(poll, recount, replies):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts or topics of one answer, each in a thread of its own."""
        posts, invalid = self._posts(answer)
        return Parsed(posts=posts, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        if self._options.query is None:
            what = f"every new post of {self.host} that is shown to us"
        else:
            what = (
                f"posts of {self.host} that match {self._options.query!r}, of each some 200 "
                "characters"
            )
        return (
            f"Reads {what}, at once. Sees how many replies and likes the topics have that are "
            "followed, edits and deletions of recent posts and of those topics; no later ones."
        )

    async def _ask(
        self, web: Web, path: str, params: Mapping[str, str], heeds: tuple[int, ...] = ()
    ) -> Answer:
        options = self._options
        headers = {"accept": "application/json"}
        if options.token is not None and options.username is not None:
            headers |= {"api-key": options.token.reveal(), "api-username": options.username}
        url = f"{self._server}{path}"
        return await web.get(Request(url=url, params=params, headers=headers, heeds=heeds))

    # ------------------------------------------------------------ posts
    def _sheet(self, answer: Answer, more: str | None) -> Sheet:
        posts, invalid = self._posts(answer, is_live=True)
        told = as_mapping(decode_json(answer))
        numbers = [
            int(id)
            for post in as_list(told.get("latest_posts"))
            if (id := as_id(as_mapping(post).get("id"))) and id.isdecimal() and len(id) < 20
        ]
        following = str(min(numbers)) if numbers else None
        if as_mapping(told.get("grouped_search_result")).get("more_full_page_results"):
            following = str(int(more or "1") + 1)
        return Sheet(
            posts=posts,
            more=following,
            oldest_at=oldest(posts),
            invalid=invalid,
            rate=parse_rate(answer.headers, answer.received_at),
        )

    def _posts(
        self, answer: Answer, *, is_live: bool = False
    ) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        """Return what an answer lists; `is_live` puts posts into the threads of their topics."""
        told = decode_json(answer)
        whole = as_mapping(told)
        posts: list[Post | None]
        if isinstance(as_mapping(whole.get("topic_list")).get("topics"), list):
            names = _names(whole)
            posts = [self._topic(topic, names, answer.received_at) for topic in _topics(told)]
        else:
            items = _items(answer, whole)
            titles = _titles(whole)
            places = {
                (as_id(item.get("topic_id")), as_count(item.get("post_number"))): as_id(
                    item.get("id")
                )
                for item in items
            }
            made = ((item, self._post(item, titles, places, answer.received_at)) for item in items)
            posts = [
                self._placed(item, post) if is_live and post is not None else post
                for item, post in made
                if not is_live or as_count(item.get("post_type")) in (None, *SAID_BY_PEOPLE)
            ]
        invalid = [
            f"post {number}: no number, or no words" for number, post in enumerate(posts, 1)
            if post is None
        ]  # fmt: skip
        return tuple(post for post in posts if post is not None), tuple(invalid)

    def _topic(
        self, topic: Mapping[str, object], names: Mapping[str, str], seen_at: datetime
    ) -> Post | None:
        id = as_id(topic.get("id"))
        title = one_line(unescape(as_text(topic.get("title"))))
        if id is None or len(id) > LONGEST_ID or not title:
            return None
        posters = [as_mapping(each) for each in as_list(topic.get("posters"))]
        first = as_id(posters[0].get("user_id")) if posters else None
        created_at = as_instant(topic.get("created_at"))
        return Post(
            source=SOURCE,
            host=self.host,
            native_id=f"{TOPIC}{id}",
            author=Author(handle=names.get(first or "", "")),
            title=title,
            text=compose(title, to_plain(as_text(topic.get("excerpt")))),
            created_at=created_at or seen_at,
            seen_at=seen_at,
            url=f"{self._server}/t/{id}" if id.isdecimal() and self._server else None,
            counters=_counted(topic),
            flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
        )

    def _post(
        self,
        item: Mapping[str, object],
        titles: Mapping[str, str],
        places: Mapping[tuple[str | None, int | None], str | None],
        seen_at: datetime,
    ) -> Post | None:
        id, topic = as_id(item.get("id")), as_id(item.get("topic_id"))
        number = as_count(item.get("post_number"))
        author = one_line(as_text(item.get("username")))
        words = item.get("cooked", item.get("blurb", item.get("raw")))
        if id is None or len(id) > LONGEST_ID or not isinstance(words, str) or not author:
            return None
        is_gone = bool(item.get("hidden") or item.get("user_deleted") or item.get("deleted_at"))
        title = titles.get(topic or "", "") if number == 1 else ""
        created_at = as_instant(item.get("created_at"))
        is_edited = (as_count(item.get("version")) or 1) > 1
        answered = places.get((topic, as_count(item.get("reply_to_post_number"))))
        is_known = topic is not None and topic.isdecimal() and bool(self._server)
        return Post(
            source=SOURCE,
            host=self.host,
            kind=PostKind.POST if number == 1 else PostKind.REPLY,
            native_id=id,
            author=Author(handle=author, name=one_line(as_text(item.get("name")))),
            title=title,
            text=compose(title, "" if is_gone else to_plain(as_text(words))),
            created_at=created_at or seen_at,
            seen_at=seen_at,
            url=f"{self._server}/t/{topic}/{number or 1}" if is_known else None,
            parent_id=self._key(answered) if answered else None,
            edited_at=as_instant(item.get("updated_at")) if is_edited else None,
            counters=Counters(
                replies=as_count(item.get("reply_count")),
                likes=_likes(item),
                views=as_count(item.get("reads")),
            ),
            flags=_flags(item, is_dated=created_at is not None),
        )

    def _placed(self, item: Mapping[str, object], post: Post) -> Post:
        """Put a post into the thread of its topic; the first one is the topic itself."""
        topic = as_id(item.get("topic_id"))
        if topic is None or len(topic) > LONGEST_ID:
            return post
        root = f"{TOPIC}{topic}"
        if as_count(item.get("post_number")) == 1:
            # Its own counter is of direct replies alone; that of the topic comes with the list.
            counters = replace(post.counters, replies=None)
            return replace(post, native_id=root, thread_id="", counters=counters)
        parent = post.parent_id
        if as_count(item.get("reply_to_post_number")) == 1:
            parent = self._key(root)
        return replace(post, thread_id=self._key(root), parent_id=parent)

    def _key(self, id: str) -> str:
        return post_key(SOURCE, self.host, id)


def _items(answer: Answer, told: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the posts that an answer lists: of a topic, of the forum, of a search, or one."""
    stream = as_mapping(told.get("post_stream")).get("posts")
    for listed in (stream, told.get("latest_posts"), told.get("posts")):
        if isinstance(listed, list):
            return [as_mapping(item) for item in listed]
    if "cooked" in told:
        return [told]
    if "grouped_search_result" in told:
        return []  # a search that found no posts leaves them out
    raise not_expected(answer, "posts of Discourse")


def _topics(told: object) -> list[Mapping[str, object]]:
    listed = as_mapping(as_mapping(told).get("topic_list")).get("topics")
    return [as_mapping(topic) for topic in as_list(listed)]


def _flags(item: Mapping[str, object], *, is_dated: bool) -> frozenset[Flag]:
    """Return what is strange about a post. One that is only hidden may be shown again."""
    told = {
        Flag.UNDATED: not is_dated,
        Flag.TAKEN_BACK: item.get("user_deleted") is True,
        Flag.REMOVED: bool(item.get("deleted_at")),
    }
    return frozenset(flag for flag, is_so in told.items() if is_so)


def _number(root: Root) -> str:
    return root.native_id.removeprefix(TOPIC)


def _lengthy(
    topics: Iterable[Mapping[str, object]], lengths: dict[str, int]
) -> Iterator[tuple[str, Counters]]:
    """Yield the counters of topics by native id; note down how long each is."""
    for topic in topics:
        if (id := as_id(topic.get("id"))) is not None:
            lengths[f"{TOPIC}{id}"] = as_count(topic.get("highest_post_number")) or 1
            yield f"{TOPIC}{id}", _counted(topic)


def _names(told: Mapping[str, object]) -> Mapping[str, str]:
    users = [as_mapping(user) for user in as_list(told.get("users"))]
    return {
        id: one_line(as_text(user.get("username")))
        for user in users
        if (id := as_id(user.get("id")))
    }


def _titles(told: Mapping[str, object]) -> Mapping[str, str]:
    """Return the titles of the topics that an answer tells of, by number."""
    topics: Iterable[tuple[object, object]] = [
        (told.get("id"), told.get("title")),
        *((as_mapping(each).get("id"), as_mapping(each).get("title"))
          for each in as_list(told.get("topics"))),
        *((as_mapping(each).get("topic_id"), as_mapping(each).get("topic_title"))
          for each in as_list(told.get("latest_posts"))),
    ]  # fmt: skip
    return {
        id: one_line(unescape(as_text(title))) for number, title in topics if (id := as_id(number))
    }


def _counted(topic: Mapping[str, object]) -> Counters:
    """Return a topic's counters. `reply_count` leaves out who answers nobody in particular."""
    posts = as_count(topic.get("posts_count"))
    return Counters(
        replies=max(posts - 1, 0) if posts is not None else as_count(topic.get("reply_count")),
        likes=as_count(topic.get("like_count")),
        views=as_count(topic.get("views")),
    )


def _likes(item: Mapping[str, object]) -> int | None:
    for action in as_list(item.get("actions_summary")):
        if as_mapping(action).get("id") == LIKE:
            return as_count(as_mapping(action).get("count"))
    return as_count(item.get("like_count"))
