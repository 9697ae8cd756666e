"""Judges every language that the model was measured in; English together with VADER."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from emberwatch.core.read.language import SETTLED, Language, identify, is_wordless
from emberwatch.core.read.text import undressed
from emberwatch.model.mention import NO_WORDS, Score
from emberwatch.ports import Text
from emberwatch.scorers.emoji import emoji_of
from emberwatch.scorers.identifier import Identifier
from emberwatch.scorers.model import Margins, Reading, given, shipped
from emberwatch.scorers.vader import LONGEST, Valence

Values = npt.NDArray[np.float64]

EDGE = 0.05
"""Sentiment from which a post counts as negative or positive."""
_WIDEST = 30.0
_EMOJI = Language(tag=NO_WORDS, confidence=SETTLED)


class Auto:
    """Judges posts by the shipped model, those in English by VADER's compound too.

    Posts in languages that the model was not measured in, and posts without words or emoji that it
    knows, are not judged; where its anger was not measured, or is no better than a guess, `anger`
    is None. A post of emoji alone is judged by them, in the language "zxx".
    """

    kind: ClassVar[str] = "auto"

    def __init__(self) -> None:
        self._model = shipped()
        self._valence = Valence()
        self._identifier = Identifier()
        tongues = dict(self._model.tongues)
        if self._model.of_emoji is not None:
            tongues[NO_WORDS] = self._model.of_emoji
        self._place = {tag: place for place, tag in enumerate(tongues)}
        self._has_anger = [tongue.has_anger for tongue in tongues.values()]
        self._combine = np.stack([tongue.combine for tongue in tongues.values()])
        self._from = np.array(
            [(tongue.negative_from, tongue.positive_from) for tongue in tongues.values()]
        )

    def score(self, texts: Sequence[Text]) -> list[Score]:
        """Return one score a text, in order; never raises on strange text."""
        texts = [_undressed(text) for text in texts]
        languages = [self._language(text) for text in texts]
        places = [self._place.get(language.tag or "", -1) for language in languages]
        known = [at for at, place in enumerate(places) if place >= 0]
        scores = [self._not_judged(language) for language in languages]
        if not known:
            return scores
        wanted = [
            emoji_of(texts[at].text) if languages[at].tag == NO_WORDS else texts[at].text
            for at in known
        ]
        reading = self._model.read(wanted)
        said = self._said(reading, wanted, [places[at] for at in known])
        for row, (sentiment, negative, anger) in enumerate(said.tolist()):
            at = known[row]
            scores[at] = Score(
                sentiment=sentiment,
                negative=negative,
                anger=anger if self._has_anger[places[at]] else None,
                language=languages[at].tag,
                confidence=languages[at].confidence,
                judged=True,
                scorer=self.kind,
                version=self._model.version,
                why=reading.reasons(row, is_glad=sentiment >= EDGE),
            )
        return scores

    def _language(self, text: Text) -> Language:
        """Return the language of a text, `NO_WORDS` where known emoji are all that it says."""
        found = identify(text.text, text.language, text.expected, self._identifier.guess)
        if found.tag is None and not self._model.emoji.isdisjoint(emoji_of(text.text)):
            return _EMOJI if is_wordless(text.text) else found
        return found

    def _said(self, reading: Reading, texts: list[str], places: list[int]) -> Margins:
        """Return the sentiment, the chance of negative and of anger of each text."""
        english = self._place.get("en")
        compounds = [
            self._valence.compound(text[:LONGEST])[0] if place == english else 0.0
            for text, place in zip(texts, places, strict=True)
        ]
        facts = given(reading.margins, np.array(compounds), reading.looks)
        odds = (self._combine[places] * facts[:, None, :]).sum(axis=2)
        chances = 1.0 / (1.0 + np.exp(-np.clip(odds[:, :2], -_WIDEST, _WIDEST)))
        beyond = odds[:, 1:] - self._from[places]
        return np.column_stack(
            (_sentiment(beyond[:, 0], beyond[:, 1]), chances[:, 1], chances[:, 0])
        )

    def _not_judged(self, language: Language) -> Score:
        return Score(
            language=language.tag,
            confidence=language.confidence,
            scorer=self.kind,
            version=self._model.version,
        )


def _undressed(text: Text) -> Text:
    read = text.text[:LONGEST]
    plain = undressed(read)
    return text if plain is read else replace(text, text=plain)


def _sentiment(negative: Values, positive: Values) -> Values:
    """Return -1 to 1 from how far the two heads are beyond their thresholds.

    The greater one decides if it is beyond; if neither is, the post is neutral and the balance of
    the two says which way it leans.
    """
    strength = EDGE + (1.0 - EDGE) * np.tanh(np.maximum(negative, positive) / 2.0)
    sided = np.where(negative >= positive, -strength, strength)
    lean = np.tanh((positive - negative) / 4.0) * EDGE * 0.98
    return np.where(np.maximum(negative, positive) <= 0.0, lean, sided)
