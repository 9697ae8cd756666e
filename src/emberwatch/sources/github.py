"""GitHub: issues, pull requests and discussions that a search finds, with their comments."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_link,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    links_of,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first, read_since
from emberwatch.sources.plain import compose, one_line
from emberwatch.sources.threads import NOT_THERE, Counted, followed, missing

SOURCE = "github"

POSTS_PER_PAGE = 100
MOST_PAGES = 10
"""GitHub gives the first thousand of what it found."""

MOST_THREADS = 5
"""Issues whose new comments one poll reads: the liveliest."""

NODES_PER_REQUEST = 50
"""Discussions that one question asks for."""

_ISSUE = re.compile(
    r"https?://[^/]+/([\w-]+)/(?!\.\.?/)([\w.-]+)/(?:issues|pull)/([0-9]+)", re.ASCII
)
"""The address of an issue for people, from which that for programs is made."""

COMMENT = "comment:"
"""Begins the native id of a comment, whose numbers are others than those of issues."""

DISCUSSIONS = """
query($q: String!, $after: String) {
  search(type: DISCUSSION, query: $q, first: 50, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      ... on Discussion {
        id title body url createdAt updatedAt lastEditedAt upvoteCount
        author { login }
        comments(last: 20) {
          totalCount
          nodes { id body url createdAt lastEditedAt upvoteCount author { login } }
        }
      }
    }
  }
}
"""


DISCUSSED = """
query($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Discussion {
      id title body url createdAt updatedAt lastEditedAt upvoteCount
      author { login }
      comments(last: 20) {
        totalCount
        nodes { id body url createdAt lastEditedAt upvoteCount author { login } }
      }
    }
  }
}
"""


class What(StrEnum):
    """What is searched."""

    ISSUES = "issues"
    """Issues and pull requests."""
    DISCUSSIONS = "discussions"
    """Discussions; GitHub shows them only to who has a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubOptions:
    """What a `github` feed needs to know: what to search for."""

    query: str
    """What to search for, in GitHub's notation: `acme in:title,body` or `repo:acme/app`."""
    what: What = What.ISSUES
    """`issues` (with pull requests) or `discussions`."""
    token: Secret | None = None
    """A token without any rights; with it GitHub answers more often, and shows discussions."""
    url: str = "https://api.github.com"
    """Where the API answers."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not self.query.strip():
            found.append(("query", "expected what to search for"))
        if self.what is What.DISCUSSIONS and self.token is None:
            found.append(("token", "GitHub shows discussions only to a token: set token_env"))
        return found


class GitHub:
    """Searches by last change, so that what was written long ago is seen when it flares up."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[GitHubOptions]] = GitHubOptions

    def __init__(self, options: GitHubOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what changed since the last poll, oldest first, then new comments."""
        since = read_since(poll)
        talked: dict[str, tuple[str, int]] = {}
        cursor: Mapping[str, str] = poll.cursor

        async def ask(more: str | None) -> Sheet:
            if self._options.what is What.DISCUSSIONS:
                return _discussed(await self._discussions(web, since, more))
            answer = await self._issues(web, since, more)
            for item in _listed(answer):
                where, count = as_text(item.get("comments_url")), as_count(item.get("comments"))
                if (id := as_id(item.get("id"))) and count:
                    talked[id] = (where, count)
            return _found(answer)

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}, is_shelf=False):
            cursor = page.cursor
            yield page
        if since is not None and talked:
            comments = await self._comments(web, since, talked)
            if comments:
                yield Page(posts=comments, cursor=cursor, listed=len(comments))

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is an issue, or a discussion, as this feed reads them."""
        if self._options.what is What.DISCUSSIONS:
            return not root.native_id.isdecimal()
        return root.native_id.isdecimal() and _ISSUE.fullmatch(root.url or "") is not None

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the roots as they are now, and the newest comments of those that grew."""
        if self._options.what is What.DISCUSSIONS:
            following = self._follow_discussions(web, poll)
        else:
            following = self._follow_issues(web, poll)
        async for page in following:
            yield page

    def _follow_issues(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        talked: dict[str, int] = {}

        async def recount(roots: tuple[Root, ...]) -> Counted:
            (root,) = roots
            try:
                answer = await self._get(web, self._path(root), {}, heeds=NOT_THERE)
            except FeedRefused:  # shown to others than us
                return Counted()
            if answer.status in NOT_THERE:
                return missing(answer, root, "message")
            post = _issue(as_mapping(decode_json(answer)), answer.received_at)
            if post is None or post.native_id != root.native_id:
                return Counted()
            talked[root.native_id] = post.counters.replies or 1
            return Counted.of((post,))

        async def replies(root: Root) -> tuple[Post, ...]:
            page = (talked[root.native_id] - 1) // POSTS_PER_PAGE + 1
            asked = {"per_page": str(POSTS_PER_PAGE), "page": str(page)}
            answer = await self._get(web, f"{self._path(root)}/comments", asked)
            made = (_comment(item, root.key, answer.received_at) for item in _listed(answer))
            return tuple(post for post in made if post is not None)

        return followed(poll, recount, replies)

    def _follow_discussions(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        said: dict[str, tuple[Post, ...]] = {}

        async def recount(roots: tuple[Root, ...]) -> Counted:
            ids = [root.native_id for root in roots]
            answer = await self._query(web, DISCUSSED, {"ids": ids})
            found = as_list(as_mapping(as_mapping(decode_json(answer)).get("data")).get("nodes"))
            posts = []
            for node in map(as_mapping, found):
                if (post := _node(node, None, answer.received_at)) is not None:
                    posts.append(post)
                    said[post.native_id] = tuple(_comments(node, post.key, answer.received_at))
            return Counted.of(tuple(posts), asked=roots)

        async def replies(root: Root) -> tuple[Post, ...]:
            return said[root.native_id]

        return followed(poll, recount, replies, at_once=NODES_PER_REQUEST)

    def parse(self, answer: Answer) -> Parsed:
        """Return the issues or discussions of one answer, in its order."""
        told = decode_json(answer)
        if isinstance(told, dict) and "data" in told:
            sheet = _discussed(answer)
            following = {"after": sheet.more} if sheet.more else None
            return Parsed(posts=sheet.posts, next=following, invalid=sheet.invalid)
        sheet = _found(answer)
        more = links_of(answer).get("next")
        return Parsed(
            posts=sheet.posts, next={"url": more} if more else None, invalid=sheet.invalid
        )

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        options = self._options
        if options.what is What.DISCUSSIONS:
            return (
                f"Searches GitHub's discussions for {options.query!r}, by their last change. Sees "
                "the last twenty comments of each, edits, upvotes, the number of comments and "
                "that a discussion was deleted; no deletions of comments. GitHub's index lags by "
                "a minute or so."
            )
        return (
            f"Searches GitHub's issues and pull requests for {options.query!r}, by their last "
            f"change. Sees edits, reactions and the number of comments, the new comments of the "
            f"{MOST_THREADS} liveliest that changed since the last reading and of those that grow, "
            "and that an issue was deleted; no deletions of comments. "
            "GitHub's index lags by a minute or so, and no search finds more than a thousand."
        )

    # ------------------------------------------------------------ requests
    @property
    def _headers(self) -> Mapping[str, str]:
        told = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
        if self._options.token is not None:
            told["authorization"] = f"Bearer {self._options.token.reveal()}"
        return told

    async def _issues(self, web: Web, since: datetime | None, more: str | None) -> Answer:
        query = self._options.query + (f" updated:>={_spelt(since)}" if since else "")
        params = {
            "q": query,
            "sort": "updated",
            "order": "desc",
            "per_page": str(POSTS_PER_PAGE),
            "page": more or "1",
        }
        answer = await web.get(
            Request(
                url=f"{self._server}/search/issues",
                params=params,
                headers=self._headers,
                heeds=(422,),
            )
        )
        if answer.status == 422:
            raise self._misunderstood(as_mapping(decode_json(answer)).get("message"))
        return answer

    async def _discussions(self, web: Web, since: datetime | None, more: str | None) -> Answer:
        query = self._options.query + (f" updated:>={_spelt(since)}" if since else "")
        asked = {"q": f"{query} sort:updated-desc", "after": more}
        return await self._query(web, DISCUSSIONS, asked)

    async def _query(self, web: Web, query: str, variables: Mapping[str, object]) -> Answer:
        return await web.get(
            Request(
                url=f"{self._server}/graphql",
                headers={**self._headers, "content-type": "application/json"},
                body=json.dumps({"query": query, "variables": variables}).encode(),
            )
        )

    async def _get(
        self, web: Web, path: str, params: Mapping[str, str], heeds: tuple[int, ...] = ()
    ) -> Answer:
        url = f"{self._server}{path}"
        return await web.get(Request(url=url, params=params, headers=self._headers, heeds=heeds))

    def _path(self, root: Root) -> str:
        """Return where the API has an issue; `reaches` has made sure that there is one."""
        found = _ISSUE.fullmatch(root.url or "")
        owner, name, number = found.groups() if found else ("", "", "")
        return f"/repos/{owner}/{name}/issues/{number}"

    async def _comments(
        self, web: Web, since: datetime, talked: Mapping[str, tuple[str, int]]
    ) -> tuple[Post, ...]:
        """Return new comments of the issues with most of them; the rest shows in counters."""
        posts: list[Post] = []
        liveliest = sorted(talked.items(), key=lambda each: -each[1][1])[:MOST_THREADS]
        for id, (where, _) in liveliest:
            if host_of(where) != host_of(self._server):
                continue
            params = {"since": f"{_spelt(since)}", "per_page": str(POSTS_PER_PAGE)}
            try:
                answer = await web.get(Request(url=where, params=params, headers=self._headers))
            except (FeedRefused, FeedUnavailable):
                break  # the issues were read: a site that is down shows at the next poll
            root = post_key(SOURCE, "", id)
            made = (_comment(item, root, answer.received_at) for item in _listed(answer))
            posts += [post for post in made if post is not None]
        return tuple(posts)

    def _misunderstood(self, said: object) -> FeedRefused:
        why = one_line(as_text(said)) or "it says not why"
        where = host_of(self._server)
        return FeedRefused(f"{where} did not understand the search ({why}): check the feed's query")


def _spelt(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}Z"


# ---------------------------------------------------------------- issues
def _listed(answer: Answer) -> list[Mapping[str, object]]:
    """Return the issues (or comments) of an answer: of a search, of a repository, or one."""
    told = decode_json(answer)
    if isinstance(told, dict) and isinstance(told.get("items"), list):
        told = told["items"]
    elif isinstance(told, dict) and "html_url" in told and "id" in told:
        told = [told]
    if not isinstance(told, list):
        raise not_expected(answer, "issues of GitHub")
    return [as_mapping(item) for item in told]


def _found(answer: Answer) -> Sheet:
    posts: list[Post] = []
    invalid: list[str] = []
    changed: list[datetime] = []
    for number, item in enumerate(_listed(answer), 1):
        post = _issue(item, answer.received_at)
        if post is None:
            invalid.append(f"item {number}: no number, author or title")
            continue
        posts.append(post)
        changed.append(as_instant(item.get("updated_at")) or post.created_at)
    page = dict(parse_qsl(urlsplit(links_of(answer).get("next", "")).query)).get("page", "")
    return Sheet(
        posts=tuple(posts),
        more=page if page.isdecimal() else None,
        oldest_at=min(changed, default=None),
        newest_at=max(changed, default=None),
        invalid=tuple(invalid),
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _issue(item: Mapping[str, object], seen_at: datetime) -> Post | None:
    native_id = _native(item.get("id"))
    title = one_line(as_text(item.get("title")))
    author = one_line(as_text(as_mapping(item.get("user")).get("login")))
    is_ghost = "user" in item and item["user"] is None
    if native_id is None or not title or not (author or is_ghost):
        return None
    created_at = as_instant(item.get("created_at"))
    return Post(
        source=SOURCE,
        native_id=native_id,
        author=Author(handle=author),
        title=title,
        text=compose(title, as_text(item.get("body")).strip()),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=as_link(item.get("html_url")),
        counters=Counters(
            replies=as_count(item.get("comments")),
            likes=as_count(as_mapping(item.get("reactions")).get("total_count")),
        ),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _comment(item: Mapping[str, object], root: str, seen_at: datetime) -> Post | None:
    native_id = _native(item.get("id"))
    author = one_line(as_text(as_mapping(item.get("user")).get("login")))
    body = item.get("body")
    if native_id is None or not isinstance(body, str):
        return None
    created_at, updated_at = as_instant(item.get("created_at")), as_instant(item.get("updated_at"))
    return Post(
        source=SOURCE,
        kind=PostKind.COMMENT,
        native_id=f"{COMMENT}{native_id}",
        author=Author(handle=author),
        text=as_text(body).strip(),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=as_link(item.get("html_url")),
        parent_id=root,
        thread_id=root,
        edited_at=updated_at if updated_at != created_at else None,
        counters=Counters(likes=as_count(as_mapping(item.get("reactions")).get("total_count"))),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _native(value: object) -> str | None:
    id = as_id(value)
    return id if id and len(id) <= LONGEST_ID else None


# ---------------------------------------------------------------- discussions
def _discussed(answer: Answer) -> Sheet:
    told = as_mapping(decode_json(answer))
    found = as_mapping(as_mapping(told.get("data")).get("search"))
    if not isinstance(found.get("nodes"), list):
        errors = [as_mapping(error) for error in as_list(told.get("errors"))]
        why = one_line(as_text(errors[0].get("message"))) if errors else ""
        if why:
            raise FeedUnavailable(f"{host_of(answer.url) or 'the site'} gave no discussions: {why}")
        raise not_expected(answer, "discussions of GitHub")
    posts: list[Post] = []
    invalid: list[str] = []
    changed: list[datetime] = []
    for number, node in enumerate(map(as_mapping, as_list(found["nodes"])), 1):
        post = _node(node, None, answer.received_at)
        if post is None:
            invalid.append(f"discussion {number}: no id or title")
            continue
        posts.append(post)
        changed.append(as_instant(node.get("updatedAt")) or post.created_at)
        posts += _comments(node, post.key, answer.received_at)
    info = as_mapping(found.get("pageInfo"))
    return Sheet(
        posts=tuple(posts),
        more=as_text(info.get("endCursor")) or None if info.get("hasNextPage") is True else None,
        oldest_at=min(changed, default=None),
        newest_at=max(changed, default=None),
        invalid=tuple(invalid),
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _comments(node: Mapping[str, object], root: str, seen_at: datetime) -> Iterator[Post]:
    for each in as_list(as_mapping(node.get("comments")).get("nodes")):
        comment = _node(as_mapping(each), root, seen_at)
        if comment is not None:
            yield comment


def _node(node: Mapping[str, object], root: str | None, seen_at: datetime) -> Post | None:
    """Return a discussion, or a comment under one."""
    native_id = _native(node.get("id"))
    title = "" if root else one_line(as_text(node.get("title")))
    body = node.get("body")
    if native_id is None or not isinstance(body, str) or not (root or title):
        return None
    created_at = as_instant(node.get("createdAt"))
    return Post(
        source=SOURCE,
        kind=PostKind.COMMENT if root else PostKind.POST,
        native_id=native_id,
        author=Author(handle=one_line(as_text(as_mapping(node.get("author")).get("login")))),
        title=title,
        text=compose(title, as_text(body).strip()),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=as_link(node.get("url")),
        parent_id=root,
        thread_id=root or "",
        edited_at=as_instant(node.get("lastEditedAt")),
        counters=Counters(
            replies=as_count(as_mapping(node.get("comments")).get("totalCount")),
            likes=as_count(node.get("upvoteCount")),
        ),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )
