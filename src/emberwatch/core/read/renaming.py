"""Posts that a server gives another id: known again by the address that names them everywhere.

snac2 does so to every post that its author edits. Taken as they come, the edit would be a copy of
what we hold, and whoever answers from then on would answer a thread that nobody knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from emberwatch.model.post import Post, PostKind


def renamed(posts: Iterable[Post], held: Mapping[str, str]) -> dict[str, str]:
    """Return the key that we hold each renamed post under, by the key that it has now.

    `held` tells under which post id an address (`Post.uri`) is kept. The same address on another
    server is no other name: it is a copy there, with an id of its own.
    """
    names = {}
    for post in posts:
        if post.uri is None or post.kind is PostKind.BOOST:
            continue
        place, kept = f"{post.source}:{post.host}:", held.get(post.uri, "")
        native_id = kept.removeprefix(f"{place}{post.kind}:")
        if native_id not in (kept, post.native_id):
            names[post.key] = place + native_id
    return names


def named_as_before(post: Post, names: Mapping[str, str]) -> Post:
    """Return a post with every key that has an older name replaced by that."""
    key = names.get(post.key, post.key)
    references = (post.parent_id, post.thread_id, post.boost_of, post.quote_of)
    parent, thread, boosted, quoted = (names.get(each or "", each) for each in references)
    if key == post.key and (parent, thread, boosted, quoted) == references:
        return post
    return replace(
        post,
        native_id=key.removeprefix(f"{post.source}:{post.host}:"),
        parent_id=parent,
        thread_id=thread or key,
        boost_of=boosted,
        quote_of=quoted,
    )
