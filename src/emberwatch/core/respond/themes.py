"""What the angry posts of an incident complain about."""

from collections import defaultdict
from collections.abc import Iterable
from math import fsum

from emberwatch.model.incident import Exhibit

ANGRY_FROM = 0.3
"""The anger (0..1) from which a post counts as angry, as in a pile-on."""


CLEAR = 0.6
"""The share of the angry weight from which on posts are clearly of something."""

PART = 0.2
"""The share of the angry weight from which on a theme is more than what somebody said besides."""


def is_angry(anger: float | None) -> bool:
    """Whether a post is angry; one that nobody could judge is never taken for calm."""
    return anger is None or anger >= ANGRY_FROM


THEME_FROM = 0.1
"""The share of the anger in evidence that a theme must cause to be one of the trouble's."""


def themes_of(exhibits: Iterable[Exhibit]) -> tuple[str, ...]:
    """Return the themes of the angry posts, the one that causes the most anger first.

    An author counts once for each theme, with the angriest post; a post that nobody could judge
    counts as just angry. What one in many complains of is not what the trouble is about.
    """
    everything = ""
    loudest: dict[str, dict[str, float]] = defaultdict(dict)
    for post in exhibits:
        if is_angry(post.anger):
            voice = _voice(post)
            anger = ANGRY_FROM if post.anger is None else post.anger
            for theme in (*post.themes, everything):
                loudest[theme][voice] = max(loudest[theme].get(voice, 0.0), anger)
    caused = {theme: sum(voices.values()) for theme, voices in loudest.items()}
    least = THEME_FROM * caused.pop(everything, 0.0)
    chosen = [theme for theme in caused if caused[theme] >= least]
    return tuple(sorted(chosen, key=lambda theme: (-caused[theme], theme)))


def matter_of(exhibits: Iterable[Exhibit]) -> frozenset[str]:
    """Return the themes that most of the anger is of; none where it is of nothing clear.

    Each theme has its `PART` of the angry weight, and the posts of any of them have the `CLEAR`
    one. An author is one voice, with the greatest anger and all the themes of their angry posts.
    """
    anger: dict[str, float] = {}
    themes: dict[str, set[str]] = defaultdict(set)
    for post in exhibits:
        if is_angry(post.anger):
            voice = _voice(post)
            anger[voice] = max(anger.get(voice, 0.0), post.anger or 0.0)
            themes[voice].update(post.themes)
    total = fsum(anger.values())
    leading = {
        theme
        for theme in set().union(*themes.values())
        if fsum(anger[voice] for voice in anger if theme in themes[voice]) >= PART * total > 0.0
    }
    told = fsum(anger[voice] for voice in anger if themes[voice] & leading)
    return frozenset(leading) if told >= CLEAR * total else frozenset()


def _voice(post: Exhibit) -> str:
    return post.author or post.post_id
