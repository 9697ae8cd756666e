"""What the angry posts of an incident complain about."""

from collections import defaultdict
from collections.abc import Iterable

from emberwatch.model.incident import Exhibit

ANGRY_FROM = 0.3
"""The anger (0..1) from which a post counts as angry, as in a pile-on."""


def is_angry(anger: float | None) -> bool:
    """Whether a post is angry; one that nobody could judge is never taken for calm."""
    return anger is None or anger >= ANGRY_FROM


def themes_of(exhibits: Iterable[Exhibit]) -> tuple[str, ...]:
    """Return the themes of the angry posts, the one that causes the most anger first.

    An author counts once for each theme, with the angriest post.
    """
    loudest: dict[str, dict[str, float]] = defaultdict(dict)
    for post in exhibits:
        if is_angry(post.anger):
            voice = post.author or post.post_id
            for theme in post.themes:
                heard = loudest[theme].get(voice, 0.0)
                loudest[theme][voice] = max(heard, post.anger or 0.0)
    return tuple(sorted(loudest, key=lambda theme: (-sum(loudest[theme].values()), theme)))
