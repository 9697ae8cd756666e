"""Word lists of many languages in one: how good or bad the words of a text are by themselves."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from emberwatch.scorers import ngrams

FEATURES: Final = 5
"""Features of each text."""
ANGRY: Final = -64
"""What is added to the value of a curse, an insult, a word for being angry."""
NEGATES: Final = 127
"""The value of a word that turns those after it round."""
SCOPE = 3
"""Words that a negation reaches."""
_SALT = np.uint64(0x1D8E4E27C47D124F)
_HALF = np.uint64(32)
_FAR = np.uint32(12)

Keys = npt.NDArray[np.uint32]
Values = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Valences:
    """Words and stems by the upper half of their hash, in order; their values, -5 to 5.

    A word of anger has `ANGRY` added, one that negates has the value `NEGATES`. A stem counts
    where its word is not listed. `is_near` tells by a key's upper bits whether any key begins so:
    most words need no search.
    """

    keys: Keys
    values: Values
    is_near: npt.NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        is_near = np.zeros(1 << (32 - int(_FAR)), dtype=np.bool_)
        is_near[self.keys >> _FAR] = True
        object.__setattr__(self, "is_near", is_near)

    def of(self, words: ngrams.Hashes) -> Values:
        """Return the value of each word, 0 for one that is not listed."""
        wanted = (words >> _HALF).astype(np.uint32)
        found = np.zeros(len(words), dtype=np.int8)
        near = np.flatnonzero(self.is_near[wanted >> _FAR])
        if len(near):
            wanted = wanted[near]
            at = np.searchsorted(self.keys[:-1], wanted)
            found[near] = np.where(self.keys[at] == wanted, self.values[at], np.int8(0))
        return found

    def features(self, block: ngrams.Block) -> ngrams.Hashes:
        """Return hashes for each text: how bad, how good, which way, the worst word, the angry."""
        values = self.of(block.words)
        values = np.where(values == 0, self.of(block.stems), values).astype(np.int64)
        is_negation = values == NEGATES
        values[is_negation] = 0
        is_angry = values < ANGRY // 2
        values[is_angry] -= ANGRY
        is_turned = np.zeros(len(values), dtype=np.bool_)
        for far in range(1, SCOPE + 1):
            is_turned[far:] |= is_negation[:-far] & (
                block.word_text[far:] == block.word_text[:-far]
            )
        values = np.where(is_turned, -values, values)
        texts = len(block.starts)
        bad = np.bincount(block.word_text, np.maximum(-values, 0), minlength=texts)
        good = np.bincount(block.word_text, np.maximum(values, 0), minlength=texts)
        worst = np.zeros(texts, dtype=np.int64)
        np.minimum.at(worst, block.word_text, values)
        steps = np.empty((texts, FEATURES), dtype=np.uint64)
        steps[:, 0] = _step(bad)
        steps[:, 1] = _step(good)
        steps[:, 2] = np.clip(np.rint((good - bad) / 2), -5, 5) + 5
        steps[:, 3] = -worst
        angry = np.bincount(block.word_text[is_angry & ~is_turned], minlength=texts)
        steps[:, 4] = np.minimum(angry, 3)
        steps += np.arange(FEATURES, dtype=np.uint64) * np.uint64(16)
        return ngrams.mixed_up((steps + np.uint64(1)) * _SALT)


def _step(sums: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return sums in a few steps: 0, 1 to 2, 3 to 4, 5 to 7, 8 to 11, more."""
    return np.searchsorted((1, 3, 5, 8, 12), sums, side="right")
