"""Finds what people complain about though nobody named it: words of many voices that go together.

Nothing is told to it: no stop words, no grammar, no topics. A *stop word* is one that calm posts
hold as well. A word of *anger alone* (worst, awful) goes with everything; a word of a *matter*
keeps company of its own (hold, phone, hours). The matters are taken one after another, each time
the one that explains the most anger that is not explained yet.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from emberwatch.core.read.terms import pairs_of, spellings, stems, words_of
from emberwatch.core.respond.complaint import complains, voices, weight_of
from emberwatch.model.mention import Mention


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySettings:
    """When words are a theme.

    A theme needs `voices_from` voices and `share_from` of all; it must stand in complaints
    `lift_from` times as often as in calm posts. A word in more than `common_from` of the calm posts
    is a stop word, and so is one of less than `letters_from` letters. A word's company is made up
    of words that stand beside it `surprise_from` standard deviations more often than chance would
    have it; of these it has `company_from` in a post on average, beyond chance. Of the voices that
    hold it, `fresh_from` must not be explained by a theme found before. The name is made of
    `most_words`.
    """

    voices_from: int = 3
    share_from: float = 0.01
    letters_from: int = 4
    lift_from: float = 1.1
    common_from: float = 0.06
    surprise_from: float = 3.0
    company_from: float = 0.3
    fresh_from: float = 0.5
    most_words: int = 4
    most_themes: int = 10


SETTINGS = DiscoverySettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A theme that nobody named: a word, its company, and how people write them.

    `lead` and `company` are stems. A post is of it when it holds the lead, or two of the company.
    """

    name: str
    lead: str
    company: tuple[str, ...]
    words: tuple[str, ...]

    def fits(self, said: frozenset[str]) -> bool:
        """Whether a post with these stems is of the theme."""
        return self.lead in said or sum(word in said for word in self.company) >= 2


class Lexicon:
    """The words of mentions as stems, each text read once."""

    def __init__(self, mentions: Iterable[Mention]) -> None:
        words = {mention.id: words_of(mention.post.text) for mention in mentions}
        self._stems = stems(word for each in words.values() for word in each)
        self._said = {
            id: frozenset(self._stems[word] for word in each) for id, each in words.items()
        }

    def said(self, mention: Mention) -> frozenset[str]:
        """Return the stems of a mention's text."""
        return self._said[mention.id]

    def stem(self, word: str) -> str:
        """Return the stem of a word; of a stranger, itself."""
        return self._stems.get(word, word)


def discover(
    mentions: Sequence[Mention],
    lexicon: Lexicon,
    *,
    known: Iterable[str] = (),
    settings: DiscoverySettings = SETTINGS,
) -> tuple[Discovered, ...]:
    """Return the themes of a brand's judged mentions, the one that explains the most anger first.

    `known` are the ids of mentions that a theme of the user's explains already.
    """
    crowd = _Crowd(mentions, lexicon, settings)
    explained = set(known)
    found: list[Discovered] = []
    used: set[str] = set()
    while len(found) < settings.most_themes:
        lead = crowd.lead(explained, used)
        if lead is None:
            break
        company = crowd.company(lead, used)
        if not company:
            # a word alone does not say what is the matter
            used.add(lead)
            continue
        theme = _named(lead, company, crowd.holding(lead), lexicon, settings)
        found.append(theme)
        used |= {lead, *company}
        explained |= {each.id for each in crowd.complaints if theme.fits(lexicon.said(each))}
    return tuple(found)


class _Crowd:
    """Those who complain beside those who do not, and the words of both."""

    def __init__(
        self, mentions: Sequence[Mention], lexicon: Lexicon, settings: DiscoverySettings
    ) -> None:
        self._settings = settings
        self._lexicon = lexicon
        self.complaints = voices(each for each in mentions if complains(each.score))
        calm = [each for each in mentions if not complains(each.score)]
        self._holding: dict[str, list[int]] = defaultdict(list)
        for place, mention in enumerate(self.complaints):
            for word in lexicon.said(mention):
                self._holding[word].append(place)
        self._in_calm = Counter(word for each in calm for word in lexicon.said(each))
        self._calm = len(calm)
        least = max(settings.voices_from, settings.share_from * len(self.complaints))
        self._words = {
            word
            for word, places in self._holding.items()
            if len(places) >= least
            and not self._is_common(word)
            and len(word) >= settings.letters_from
        }
        self._company = {word: self._companions(word) for word in self._words}

    def holding(self, word: str) -> list[Mention]:
        """Return the complaints that hold a word, weightiest first."""
        return [self.complaints[place] for place in self._holding[word]]

    def lead(self, explained: set[str], used: set[str]) -> str | None:
        """Return the word that explains the most anger that is left, or None."""
        best = max(
            ((self._anger_left(word, explained), word) for word in self._words - used),
            key=lambda each: (each[0], each[1]),
            default=(0.0, ""),
        )
        return best[1] if best[0] > 0 else None

    def company(self, word: str, used: set[str]) -> tuple[str, ...]:
        """Return the words that go with a word closest, closest first."""
        beside = len(self._holding[word])
        close = [
            (together / sqrt(beside * len(self._holding[other])), other)
            for other, together in self._company[word].items()
            if other not in used
        ]
        close.sort(key=lambda each: (-each[0], each[1]))
        return tuple(other for _, other in close[: self._settings.most_words - 1])

    def _anger_left(self, word: str, explained: set[str]) -> float:
        left = [each for each in self.holding(word) if each.id not in explained]
        least = max(
            self._settings.voices_from, self._settings.fresh_from * len(self._holding[word])
        )
        if len(left) < least or not self._is_of_complaints(word):
            return 0.0
        own = self._own_company(word) - self._settings.company_from
        return max(0.0, own) * sum(weight_of(each.score) for each in left)

    def _own_company(self, word: str) -> float:
        """Return how many companions a word has in a post, beyond chance."""
        alone = len(self._holding[word])
        return (
            sum(
                together - self._expected(word, other)
                for other, together in self._company[word].items()
            )
            / alone
        )

    def _companions(self, word: str) -> dict[str, int]:
        """Return the words that stand beside a word by more than chance, with how often."""
        beside = Counter(
            other
            for place in self._holding[word]
            for other in self._lexicon.said(self.complaints[place])
            if other in self._words and other != word
        )
        return {
            other: together
            for other, together in beside.items()
            if together >= self._settings.voices_from and self._surprise(word, other, together)
        }

    def _surprise(self, word: str, other: str, together: int) -> bool:
        expected = self._expected(word, other)
        share = self._share(other)
        spread = sqrt(expected * (1 - share) + 0.5)
        return together - expected >= self._settings.surprise_from * spread

    def _expected(self, word: str, other: str) -> float:
        """Return how often two words would stand together by chance."""
        return len(self._holding[word]) * self._share(other)

    def _share(self, word: str) -> float:
        """Return the share of all posts, calm ones too, that hold a word."""
        return (len(self._holding[word]) + self._in_calm[word]) / (
            len(self.complaints) + self._calm
        )

    def _is_common(self, word: str) -> bool:
        calm = self._in_calm[word]
        return calm >= self._settings.voices_from and calm > self._settings.common_from * self._calm

    def _is_of_complaints(self, word: str) -> bool:
        angry = (len(self._holding[word]) + 0.5) / (len(self.complaints) + 1)
        calm = (self._in_calm[word] + 0.5) / (self._calm + 1)
        return angry >= self._settings.lift_from * calm


NAMED_BY_PAIR_FROM = 0.6
"""A pair that stands in so many of a lead's posts names the theme: *on hold*, not *hold*."""


def _named(
    lead: str,
    company: tuple[str, ...],
    posts: Sequence[Mention],
    lexicon: Lexicon,
    settings: DiscoverySettings,
) -> Discovered:
    """Give a theme the name that people give it: their own spellings, the commonest first."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    pairs: Counter[tuple[str, str]] = Counter()
    for post in posts:
        for folded, spelling in spellings(post.post.text):
            written[lexicon.stem(folded)][spelling] += 1
        stemmed = {
            (lexicon.stem(one), lexicon.stem(other)) for one, other in pairs_of(post.post.text)
        }
        pairs.update(pair for pair in stemmed if lead in pair)
    words = tuple(_commonest(written, word) for word in (lead, *company))
    pair = max(pairs, key=lambda pair: (pairs[pair], pair), default=None)
    if pair is not None and pairs[pair] >= NAMED_BY_PAIR_FROM * len(posts):
        first = " ".join(_commonest(written, word) for word in pair)
        others = [_commonest(written, word) for word in company if word not in pair]
    else:
        first, others = words[0], list(words[1:])
    name = ", ".join([first, *others][: settings.most_words - 1])
    return Discovered(name=name, lead=lead, company=company, words=words)


def _commonest(written: Mapping[str, Counter[str]], stem: str) -> str:
    spelled = written.get(stem)
    if not spelled:
        return stem
    return max(spelled, key=lambda spelling: (spelled[spelling], spelling))
