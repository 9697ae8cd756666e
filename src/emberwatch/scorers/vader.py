"""Judges English by vaderSentiment (the door of vaderSentiment)."""

import math
import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from string import punctuation
from typing import ClassVar

from emberwatch.core.read.language import Language, identify
from emberwatch.model.mention import Score
from emberwatch.ports import Text
from emberwatch.scorers.identifier import Identifier

LONGEST = 1_000
"""Characters that are scored; vaderSentiment's own time grows with the square of the length."""
MOST_REASONS = 5
POSITIVE = 0.05


class Valence:
    """vaderSentiment's compound, computed from its own tables by a shorter way.

    Its rules are followed to the letter and in its order of arithmetic, so every compound equals
    `SentimentIntensityAnalyzer().polarity_scores(text)["compound"]`; what is left out is looking
    up the same words again and again.
    """

    def __init__(self) -> None:
        from vaderSentiment.vaderSentiment import (
            BOOSTER_DICT,
            C_INCR,
            N_SCALAR,
            NEGATE,
            SPECIAL_CASES,
            SentimentIntensityAnalyzer,
        )

        analyzer = SentimentIntensityAnalyzer()
        self._lexicon: dict[str, float] = analyzer.lexicon
        self._boosters: dict[str, float] = BOOSTER_DICT
        self._special: dict[str, float] = SPECIAL_CASES
        self._negations = frozenset(NEGATE)
        self._capital: float = C_INCR
        self._flip: float = N_SCALAR
        self._weigh_but: Callable[[list[str], list[float]], list[float]] = analyzer._but_check
        self._emoji: dict[str, str] = {
            emoji: told for emoji, told in analyzer.emojis.items() if len(emoji) == 1
        }
        self._emoji_pattern = re.compile(f"[{''.join(map(re.escape, self._emoji))}]")
        phrases = (*self._special, *(phrase for phrase in self._boosters if " " in phrase))
        self._phrase_signs = frozenset(max(phrase.split(), key=len) for phrase in phrases)

    def compound(self, text: str) -> tuple[float, list[tuple[float, str]]]:
        """Return the compound, -1 to 1, and each word that weighed something, with its weight."""
        text = self._told(text).strip()
        words = [_bare(token) for token in text.split()]
        if not words:
            return 0.0, []
        lower = [word.lower() for word in words]
        valences = self._valences(words, lower)
        if "but" in lower:
            valences = self._weigh_but(words, valences)
        total = float(sum(valences))
        if total == 0:
            return 0.0, []
        emphasis = _emphasis(text)
        if total > 0:
            total += emphasis
        else:
            total -= emphasis
        compound = max(-1.0, min(1.0, total / math.sqrt((total * total) + 15)))
        weights = [
            (valence, word) for valence, word in zip(valences, lower, strict=True) if valence
        ]
        return round(compound, 4), weights

    def _told(self, text: str) -> str:
        """Return the text with every emoji told in words."""
        if text.isascii():
            return text

        def told(found: re.Match[str]) -> str:
            words = self._emoji[found.group()]
            before = found.start() - 1
            return words if before < 0 or text[before] == " " else " " + words

        return self._emoji_pattern.sub(told, text)

    def _valences(self, words: list[str], lower: list[str]) -> list[float]:
        lexicon, boosters = self._lexicon, self._boosters
        capitals = sum(map(str.isupper, words))
        is_mixed = 0 < capitals < len(words)
        has_phrases = not self._phrase_signs.isdisjoint(lower)
        last = len(words) - 1
        valences: list[float] = []
        for place, word in enumerate(lower):
            if (
                word not in lexicon
                or word in boosters
                or (word == "kind" and place < last and lower[place + 1] == "of")
            ):
                valences.append(0)
            else:
                valences.append(self._valence(words, lower, place, is_mixed, has_phrases))
        return valences

    def _valence(
        self, words: list[str], lower: list[str], place: int, is_mixed: bool, has_phrases: bool
    ) -> float:
        lexicon = self._lexicon
        word = lower[place]
        valence = lexicon[word]
        if word == "no" and place < len(lower) - 1 and lower[place + 1] in lexicon:
            valence = 0.0
        if _follows_no(lower, place):
            valence = lexicon[word] * self._flip
        if is_mixed and words[place].isupper():
            valence += self._capital if valence > 0 else -self._capital
        for distance in (1, 2, 3):
            before = place - distance
            if before < 0:
                break
            if lower[before] in lexicon:
                continue
            boost = self._boosters.get(lower[before])
            if boost is not None:
                valence += self._boosted(boost, valence, words[before], is_mixed, distance)
            valence = self._negated(valence, lower, place, distance)
            if distance == 3 and has_phrases:
                valence = self._special_cases(valence, lower, place)
        if _follows_least(lower, place) and "least" not in lexicon:
            valence = valence * self._flip
        return valence

    def _boosted(
        self, boost: float, valence: float, word: str, is_mixed: bool, distance: int
    ) -> float:
        if valence < 0:
            boost *= -1
        if is_mixed and word.isupper():
            boost += self._capital if valence > 0 else -self._capital
        if distance == 2:
            return boost * 0.95
        if distance == 3:
            return boost * 0.9
        return boost

    def _negated(self, valence: float, lower: list[str], place: int, distance: int) -> float:
        word = lower[place - distance]
        if distance == 2:
            if word == "never" and lower[place - 1] in ("so", "this"):
                return valence * 1.25
            if word == "without" and lower[place - 1] == "doubt":
                return valence
        elif distance == 3:
            nearest, nearer = lower[place - 1], lower[place - 2]
            if (word == "never" and nearer in ("so", "this")) or nearest in ("so", "this"):
                return valence * 1.25
            if word == "without" and "doubt" in (nearer, nearest):
                return valence
        if word in self._negations or "n't" in word:
            return valence * self._flip
        return valence

    def _special_cases(self, valence: float, lower: list[str], place: int) -> float:
        three, two, one, zero = lower[place - 3 : place + 1]
        for phrase in (
            f"{one} {zero}",
            f"{two} {one} {zero}",
            f"{two} {one}",
            f"{three} {two} {one}",
            f"{three} {two}",
        ):
            if phrase in self._special:
                valence = self._special[phrase]
                break
        after = lower[place + 1 : place + 3]
        for end in range(1, len(after) + 1):
            phrase = " ".join((zero, *after[:end]))
            if phrase in self._special:
                valence = self._special[phrase]
        for phrase in (f"{three} {two} {one}", f"{three} {two}", f"{two} {one}"):
            if phrase in self._boosters:
                valence = valence + self._boosters[phrase]
        return valence


def _bare(token: str) -> str:
    """Return a word without punctuation around it; what is short is an emoticon and stays."""
    bare = token.strip(punctuation)
    return token if len(bare) <= 2 else bare


def _follows_no(lower: list[str], place: int) -> bool:
    if place > 0 and lower[place - 1] == "no":
        return True
    if place > 1 and lower[place - 2] == "no":
        return True
    return place > 2 and lower[place - 3] == "no" and lower[place - 1] in ("or", "nor")


def _follows_least(lower: list[str], place: int) -> bool:
    if place == 0 or lower[place - 1] != "least":
        return False
    return place == 1 or lower[place - 2] not in ("at", "very")


def _emphasis(text: str) -> float:
    exclamation = min(text.count("!"), 4) * 0.292
    questions = text.count("?")
    if questions <= 1:
        return exclamation
    return exclamation + (questions * 0.18 if questions <= 3 else 0.96)


class Vader:
    """Judges English posts: sentiment is vaderSentiment's compound, anger its negative part.

    Posts in other languages, and posts without words, are not judged.
    """

    kind: ClassVar[str] = "vader"

    def __init__(self) -> None:
        self._version = version("vaderSentiment")
        self._valence = Valence()
        self._identifier = Identifier()

    def score(self, texts: Sequence[Text]) -> list[Score]:
        """Return one score a text, in order; never raises on strange text."""
        return [self._score(text) for text in texts]

    def _score(self, text: Text) -> Score:
        language = identify(text.text, text.language, text.expected, self._identifier.guess)
        if language.tag != "en":
            return self._not_judged(language)
        compound, weights = self._valence.compound(text.text[:LONGEST])
        return Score(
            sentiment=compound,
            negative=(1.0 - compound) / 2.0,
            anger=max(0.0, -compound),
            language="en",
            confidence=language.confidence,
            judged=True,
            scorer=self.kind,
            version=self._version,
            why=_reasons(weights, is_glad=compound >= POSITIVE),
        )

    def _not_judged(self, language: Language) -> Score:
        return Score(
            language=language.tag,
            confidence=language.confidence,
            scorer=self.kind,
            version=self._version,
        )


def _reasons(weights: list[tuple[float, str]], *, is_glad: bool) -> tuple[str, ...]:
    """Return the words that made it negative (or glad), heaviest first."""
    side = -1.0 if is_glad else 1.0
    heaviest = sorted(weights, key=lambda weight: side * weight[0])
    told = (word for valence, word in heaviest if side * valence < 0)
    return tuple(dict.fromkeys(told))[:MOST_REASONS]
