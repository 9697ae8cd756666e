"""What a post must be before it may enter: believable dates, text that can be kept."""

from dataclasses import replace
from datetime import datetime, timedelta

from emberwatch.core.read.text import clean
from emberwatch.model.errors import PostInvalid
from emberwatch.model.post import Author, Flag, Post

AHEAD = timedelta(hours=1)
"""How far beyond our clock a date may lie: clocks differ, and zones are mistaken."""
EARLIEST_YEAR = 1990
LONGEST_NAME = 200
LONGEST_ADDRESS = 2_000


def arrive(post: Post, clock: datetime) -> Post:
    """Return the post as it may enter: the same object where nothing had to be mended.

    A date more than an hour beyond `clock`, or before 1990, becomes `clock` and is flagged
    CLAMPED. Texts, names and references lose what cannot be kept (NUL, lone surrogates); an
    address that is not http or https goes. Raise `PostInvalid` if nothing is left of its id.
    """
    created_at, edited_at, flags = post.created_at, post.edited_at, post.flags
    if not _is_believable(created_at, clock):
        created_at = clock
        flags = flags | {Flag.CLAMPED}
    if edited_at is not None and not _is_believable(edited_at, clock):
        edited_at = clock
    text, title = clean(post.text), clean(post.title, LONGEST_ADDRESS)
    author = _author(post.author)
    url = _web_address(post.url)
    native_id, thread_id = clean(post.native_id), clean(post.thread_id)
    uri, language = _cleaned(post.uri), _cleaned(post.language)
    parent_id, boost_of = _cleaned(post.parent_id), _cleaned(post.boost_of)
    quote_of = _cleaned(post.quote_of)
    if (
        created_at is post.created_at
        and edited_at is post.edited_at
        and text is post.text
        and title is post.title
        and author is post.author
        and url is post.url
        and native_id is post.native_id
        and thread_id is post.thread_id
        and uri is post.uri
        and language is post.language
        and parent_id is post.parent_id
        and boost_of is post.boost_of
        and quote_of is post.quote_of
    ):
        return post
    if not native_id:
        raise PostInvalid(f"post {post.id!r}: its id holds nothing that can be kept")
    return replace(
        post,
        created_at=created_at,
        edited_at=edited_at,
        flags=flags,
        text=text,
        title=title,
        author=author,
        url=url,
        native_id=native_id,
        thread_id=thread_id,
        uri=uri,
        language=language,
        parent_id=parent_id,
        boost_of=boost_of,
        quote_of=quote_of,
    )


def _is_believable(instant: datetime, clock: datetime) -> bool:
    return instant.year >= EARLIEST_YEAR and instant - clock <= AHEAD


def _cleaned(value: str | None) -> str | None:
    return value if value is None else clean(value, LONGEST_ADDRESS)


def _author(author: Author) -> Author:
    handle, name = clean(author.handle, LONGEST_NAME), clean(author.name, LONGEST_NAME)
    if handle is author.handle and name is author.name:
        return author
    return replace(author, handle=handle, name=name)


def _web_address(url: str | None) -> str | None:
    """Return an address that a person may click on, or None."""
    if url is None:
        return None
    if len(url) > LONGEST_ADDRESS or not url.isprintable() or " " in url:
        return None
    return url if url[:8].lower().startswith(("http://", "https://")) else None
