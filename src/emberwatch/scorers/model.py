"""The linear model that ships: how angry, negative and positive a text sounds in any language."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from emberwatch.model.errors import ScoringFailed
from emberwatch.scorers import ngrams
from emberwatch.scorers.valences import Valences

CARD = "model.json"
WEIGHTS = "model.bin"
SCHEMA = "emberwatch.model/2"
REMEDY = "install emberwatch anew"
HEADS: Final = 3
"""Angry, negative, positive."""
GIVEN: Final = HEADS + 2 * ngrams.LOOKS + 2
"""Columns of what chances are made of."""
MOST_REASONS = 5
LEAST_SHARE = 0.1
"""What a word must weigh of what the heaviest one does, to be named."""

Margins = npt.NDArray[np.float64]
Packed = npt.NDArray[np.int64]

_FIELD: Final = 21
_MASK: Final = (1 << _FIELD) - 1
_HALF: Final = 1 << (_FIELD - 1)
"""A field holds the sum of 8,000 weights; a text has at most 6 features a character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """What the model learnt of one language.

    `combine` has a row for each head and a column for each that `given` has: the product is a
    log-odds. A post is negative or positive from the log-odds `negative_from`, `positive_from`.
    Without `has_anger` its anger says nothing.
    """

    combine: Margins
    negative_from: float
    positive_from: float
    has_anger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Packed weights of three heads for each hash, and what they mean in each language.

    `of_emoji` is what they mean of a post without words, None where that was not measured; such a
    post is judged by the emoji that are among `emoji`.
    """

    table: Packed
    shift: np.uint64
    scales: Margins
    bias: Margins
    style_value: float
    valences: Valences
    tongues: dict[str, Tongue]
    of_emoji: Tongue | None
    emoji: frozenset[str]
    version: str

    def read(self, texts: Sequence[str]) -> "Reading":
        """Return what the heads say of texts; never raises, whatever the texts."""
        parts = [
            self._part(texts[start : start + ngrams.BLOCK])
            for start in range(0, len(texts), ngrams.BLOCK)
        ]
        return Reading(
            parts=tuple(parts),
            margins=np.concatenate([np.zeros((0, HEADS)), *(part.margins for part in parts)]),
            looks=np.concatenate([np.zeros((0, ngrams.LOOKS)), *(part.looks for part in parts)]),
        )

    def _part(self, texts: Sequence[str]) -> "_Part":
        block = ngrams.read(texts)
        weights = self._at_characters(block)
        sums = np.add.reduceat(weights, block.starts)
        margins = self.unpacked(sums) / np.sqrt(block.counts)[:, None]
        styles = self.table[block.styles >> self.shift].sum(axis=1)
        styles += self.table[self.valences.features(block) >> self.shift].sum(axis=1)
        margins += self.unpacked(styles) * self.style_value + self.bias
        until = np.concatenate(([0], np.cumsum(weights)))
        heads = self.unpacked(until[block.word_end] - until[block.word_at])
        ends = (*block.starts.tolist(), len(block.codes))
        return _Part(
            margins=margins,
            looks=block.looks,
            letters=block.codes.tobytes().decode("utf-32-le", "surrogatepass"),
            word_at=block.word_at.tolist(),
            word_end=block.word_end.tolist(),
            loads=(heads[:, 0] + heads[:, 1] - heads[:, 2]).tolist(),
            firsts=np.searchsorted(block.word_at, ends).tolist(),
        )

    def _at_characters(self, block: ngrams.Block) -> Packed:
        """Return the summed weights of all features that start at each character."""
        table, shift = self.table, self.shift
        total: Packed = table[block.grams >> shift].sum(axis=0)
        total[block.word_at] += table[block.words >> shift]
        total[block.pair_at] += table[block.pairs >> shift]
        return total

    def unpacked(self, sums: Packed) -> Margins:
        """Return the heads of sums of packed weights."""
        heads = np.empty((len(sums), HEADS))
        for head in range(HEADS - 1):
            one = ((sums + _HALF) & _MASK) - _HALF
            heads[:, head] = one
            sums = (sums - one) >> _FIELD
        heads[:, HEADS - 1] = sums
        return heads * self.scales


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some texts, read together: margins, looks, and each word with what it weighed.

    The words of a text are those from `firsts[at]` up to `firsts[at + 1]`.
    """

    margins: Margins
    looks: Margins
    letters: str
    word_at: list[int]
    word_end: list[int]
    loads: list[float]
    firsts: list[int]

    def reasons(self, at: int, is_glad: bool) -> tuple[str, ...]:
        words = range(self.firsts[at], self.firsts[at + 1])
        side = -1.0 if is_glad else 1.0
        heaviest = sorted(words, key=self.loads.__getitem__, reverse=not is_glad)
        told: dict[str, None] = {}
        for word in heaviest:
            load = side * self.loads[word]
            if load <= 0 or load < LEAST_SHARE * side * self.loads[heaviest[0]]:
                break
            letters = self.letters[self.word_at[word] : self.word_end[word]]
            if len(told) < MOST_REASONS and _tells(letters):
                told[letters] = None
        return tuple(told)


def _tells(letters: str) -> bool:
    """Whether a person learns something from this.

    Not from marks, from digits, which are all read as 0, nor from one letter of an alphabet.
    """
    if len(letters) > 1 and letters.isalpha():
        return True
    if not letters.isprintable() or "0" in letters or (len(letters) == 1 and letters < "\u0e00"):
        return False
    return any(map(str.isalpha, letters)) or unicodedata.category(letters[0]) == "So"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the heads say of some texts: raw log-odds, a row each, how the texts look, and why."""

    parts: tuple[_Part, ...]
    margins: Margins
    looks: Margins

    def reasons(self, at: int, *, is_glad: bool = False) -> tuple[str, ...]:
        """Return the words that made a text angry or negative (or glad), heaviest first."""
        return self.parts[at // ngrams.BLOCK].reasons(at % ngrams.BLOCK, is_glad)


def given(margins: Margins, compounds: Margins, looks: Margins) -> Margins:
    """Return what chances are made of, a row a text and `GIVEN` columns.

    These are the margins, VADER's compound (0 where it was not asked), the looks, the looks times
    the margin of anger, and 1.
    """
    ones = np.ones(len(margins))
    return np.column_stack((margins, compounds, looks, looks * margins[:, :1], ones))


def pack(weights: npt.NDArray[np.int8]) -> Packed:
    """Return three columns of weights as one."""
    wide = weights.astype(np.int64)
    return np.asarray(wide[:, 0] + (wide[:, 1] << _FIELD) + (wide[:, 2] << (2 * _FIELD)))


def encode(table: npt.NDArray[np.int8]) -> bytes:
    """Return a table of weights as it is shipped: the gaps between its places, then the weights.

    A gap wider than a byte is bridged by places that weigh nothing.
    """
    at = np.flatnonzero(table.any(axis=1))
    gaps = np.diff(at, prepend=0)
    bridges = gaps // 255
    spread = np.full(len(at) + int(bridges.sum()), 255, dtype=np.uint8)
    weights = np.zeros((len(spread), HEADS), dtype=np.int8)
    real = np.arange(len(at)) + np.cumsum(bridges)
    spread[real] = gaps - 255 * bridges
    weights[real] = table[at]
    return spread.tobytes() + weights.T.tobytes()


def decode(body: bytes, bits: int) -> Packed:
    """Return the packed table of 2^bits places that `encode` wrote."""
    count = len(body) // (HEADS + 1)
    gaps = np.frombuffer(body, dtype=np.uint8, count=count)
    weights = np.frombuffer(body, dtype=np.int8, offset=count).reshape(HEADS, count)
    table = np.zeros(1 << bits, dtype=np.int64)
    table[np.cumsum(gaps, dtype=np.int64)] = pack(weights.T)
    return table


def enlist(valences: Valences) -> bytes:
    """Return a word list as it is shipped: the keys, then the values."""
    return valences.keys.astype("<u4").tobytes() + valences.values.tobytes()


def unlist(body: bytes) -> Valences:
    """Return the word list that `enlist` wrote."""
    count = len(body) // 5
    return Valences(
        keys=np.frombuffer(body, dtype="<u4", count=count),
        values=np.frombuffer(body, dtype=np.int8, offset=4 * count),
    )


@cache
def shipped() -> Model:
    """Return the model of this package, read once; raise `ScoringFailed` if it is damaged."""
    folder = files("emberwatch.scorers")
    try:
        card = json.loads(folder.joinpath(CARD).read_text(encoding="utf-8"))
        body = folder.joinpath(WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise ScoringFailed(f"the model cannot be read ({error}): {REMEDY}") from error
    return understood(card, body)


def understood(card: Any, body: bytes) -> Model:
    """Return the model of a card and its weights; raise `ScoringFailed` if they do not fit."""
    try:
        if card["schema"] != SCHEMA or sha256(body).hexdigest() != card["sha256"]:
            raise ScoringFailed(f"the model's weights are not those of its card: {REMEDY}")
        return _model(card, body)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ScoringFailed(f"the model's card is damaged ({error!r}): {REMEDY}") from error


def _model(card: dict[str, Any], body: bytes) -> Model:
    listed = 5 * card["listed"]
    weights = body[: len(body) - listed]
    tongues = {tag: _tongue(told) for tag, told in card["languages"].items()}
    if not tongues:
        raise ValueError("the model's card names no language")
    emoji = card["emoji"]
    return Model(
        table=decode(weights, card["bits"]),
        valences=unlist(body[len(body) - listed :]),
        shift=np.uint64(64 - card["bits"]),
        scales=np.array(card["scales"]).reshape(HEADS),
        bias=np.array(card["bias"]).reshape(HEADS),
        style_value=card["style_value"],
        tongues=tongues,
        of_emoji=_tongue(emoji) if "combine" in emoji else None,
        emoji=frozenset(emoji["known"]),
        version=f"{card['date']}-{card['sha256'][:8]}",
    )


def _tongue(told: dict[str, Any]) -> Tongue:
    return Tongue(
        combine=np.array(told["combine"], dtype=np.float64).reshape(HEADS, GIVEN),
        negative_from=told["negative_from"],
        positive_from=told["positive_from"],
        has_anger=told["has_anger"],
    )
