"""How many people complain about what, in one stretch of time beside those before it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emberwatch.core.respond.complaint import Sample, complains, voices, weight_of
from emberwatch.core.respond.discovery import Discovered, Lexicon, discover
from emberwatch.core.respond.themes import ANGRY_FROM
from emberwatch.model.mention import Mention

MOST_SAMPLED = 3_000
"""Complaints, and as many calm posts, of one stretch of time that are read for their words."""

MOST_EXAMPLES = 3


class ThemeKind(StrEnum):
    """Who named a theme."""

    YOURS = "yours"
    DISCOVERED = "discovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeCount:
    """What one theme came to in a stretch of time.

    `posts` are all mentions of it, `angry_posts` the angry ones, `voices` those who complain (an
    author, a thread and a text count once), `angry_weight` the sum of their anger, and `share` that
    of the brand's angry posts which are of it, 0..1. `before` are the voices of the stretches
    before, the latest first. `words` are how people put it; a theme of yours has none here.
    """

    name: str
    kind: ThemeKind
    words: tuple[str, ...] = ()
    posts: int
    angry_posts: int
    voices: int
    angry_weight: float
    weight: float
    """What it is ranked by: anger, and where nobody measured that, how negative the voices are."""
    share: float
    before: tuple[int, ...] = ()
    examples: tuple[Mention, ...] = ()

    @property
    def trend(self) -> float | None:
        """How many times the usual number of voices speak; None without a voice before."""
        usual = sum(self.before) / len(self.before) if self.before else 0.0
        return self.voices / usual if usual else None


@dataclass(slots=True)
class _Tally:
    """What was counted of one theme."""

    complaints: Sample
    posts: int = 0
    angry_posts: int = 0

    def add(self, mention: Mention) -> None:
        self.posts += 1
        self.angry_posts += _is_angry(mention)
        if complains(mention.score):
            self.complaints.add(mention)


class Window:
    """One stretch of a brand's time: mentions are added in any order, and memory stays bounded."""

    def __init__(self, most: int = MOST_SAMPLED) -> None:
        self._most = most
        self.angry_posts = 0
        self.complaints = Sample(most)
        self.calm = Sample(most)
        self.named: dict[str, _Tally] = defaultdict(lambda: _Tally(Sample(most)))

    def add(self, mention: Mention) -> None:
        """Count a mention."""
        self.angry_posts += _is_angry(mention)
        if complains(mention.score):
            self.complaints.add(mention)
        elif mention.score.judged:
            self.calm.add(mention)
        for theme in mention.themes:
            self.named[theme].add(mention)

    @property
    def sampled(self) -> list[Mention]:
        """The judged mentions that are read for their words."""
        return [*self.complaints.mentions, *self.calm.mentions]


def count_themes(
    window: Window, before: Sequence[Window] = (), named: Iterable[str] = ()
) -> tuple[ThemeCount, ...]:
    """Return a brand's themes in a stretch of time, the one that causes the most anger first.

    `named` are the user's themes, told of even when nobody speaks of them; others are discovered
    in the complaints that they do not explain. `before` are the stretches before, the latest first.
    """
    yours = [_counted(name, window, before) for name in named]
    known = [each.id for each in window.complaints.mentions if each.themes]
    lexicon = Lexicon(each for one in (window, *before) for each in one.sampled)
    found = [
        _measured(theme, window, before, lexicon)
        for theme in discover(window.sampled, lexicon, known=known)
    ]
    return tuple(sorted([*yours, *found], key=_rank))


def _rank(count: ThemeCount) -> tuple[float, int, str]:
    return -count.weight, -count.voices, count.name


def _counted(name: str, window: Window, before: Sequence[Window]) -> ThemeCount:
    """Return the figures of a theme that the user named."""
    tally = window.named[name]
    speak = voices(tally.complaints.mentions)
    times = tally.complaints.times
    return ThemeCount(
        name=name,
        kind=ThemeKind.YOURS,
        posts=tally.posts,
        angry_posts=tally.angry_posts,
        voices=round(len(speak) * times),
        angry_weight=_anger(speak) * times,
        weight=_weight(speak) * times,
        share=tally.angry_posts / window.angry_posts if window.angry_posts else 0.0,
        before=tuple(_voices_of(one.named[name].complaints) for one in before),
        examples=tuple(speak[:MOST_EXAMPLES]),
    )


def _voices_of(sample: Sample) -> int:
    return round(len(voices(sample.mentions)) * sample.times)


def _measured(
    theme: Discovered, window: Window, before: Sequence[Window], lexicon: Lexicon
) -> ThemeCount:
    """Return the figures of a discovered theme, as far as the samples tell them."""
    fitting = [each for each in window.complaints.mentions if theme.fits(lexicon.said(each))]
    calm = sum(theme.fits(lexicon.said(each)) for each in window.calm.mentions)
    speak = voices(fitting)
    times = window.complaints.times
    angry = round(sum(map(_is_angry, fitting)) * times)
    return ThemeCount(
        name=theme.name,
        kind=ThemeKind.DISCOVERED,
        words=theme.words,
        posts=round(len(fitting) * times + calm * window.calm.times),
        angry_posts=angry,
        voices=round(len(speak) * times),
        angry_weight=_anger(speak) * times,
        weight=_weight(speak) * times,
        share=min(1.0, angry / window.angry_posts) if window.angry_posts else 0.0,
        before=tuple(_voices_before(theme, one, lexicon) for one in before),
        examples=tuple(_telling(theme, speak, lexicon)),
    )


def _voices_before(theme: Discovered, window: Window, lexicon: Lexicon) -> int:
    fitting = [each for each in window.complaints.mentions if theme.fits(lexicon.said(each))]
    return round(len(voices(fitting)) * window.complaints.times)


def _telling(theme: Discovered, speak: Sequence[Mention], lexicon: Lexicon) -> list[Mention]:
    """Return the posts that hold the most of a theme's words, of those the weightiest."""
    own = {theme.lead, *theme.company}
    return sorted(speak, key=lambda each: -len(own & lexicon.said(each)))[:MOST_EXAMPLES]


def _is_angry(mention: Mention) -> bool:
    anger = mention.score.anger
    return anger is not None and anger >= ANGRY_FROM


def _anger(mentions: Iterable[Mention]) -> float:
    return sum(each.score.anger or 0.0 for each in mentions)


def _weight(mentions: Iterable[Mention]) -> float:
    return sum(weight_of(each.score) for each in mentions)
