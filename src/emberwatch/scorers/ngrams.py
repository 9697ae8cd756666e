"""Texts as hashed features: character n-grams, words, pairs of words, style."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LONGEST = 1_000
"""Characters of a text that are looked at."""
BLOCK = 128
"""Texts that are looked at together; more would not fit the processor's nearest memory."""

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

ORDERS = (3, 4, 5, 6)
STEM = 5
"""Letters of a word's beginning."""
STYLES = 10
"""Style features of each text."""
LOOKS = 2
"""What a chance of anger sees of a text besides."""

_ADDRESS, _HANDLE = "\ue000", "\ue001"
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_MENTION = re.compile(r"@\w[\w.@-]*")
_HASHTAG = re.compile(r"#(\w+)")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|_")
_TEXT_END = 10
_SPACE = 32
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0xD6E8FEB86659FD93)
_PAIR = np.uint64(0xA0761D6478BD642F)
_SEED = np.uint64(0xE7037ED1A0B428DB)
_WORD = np.uint64(0x8EBC6AF09C88C6E3)
_STEM = np.uint64(0x2D358DCCAA6C78A5)
_STYLE = np.uint64(0x589965CC75374CC3)
_HALF = np.uint64(32)
_SAME = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "´": "'",
    "ё": "е",
    "Ё": "е",
    "“": '"',
    "”": '"',
    "„": '"',
    "…": ".",
}


@dataclass(frozen=True, slots=True)
class _Alphabet:
    """What each character of the first plane is, by its number."""

    lower: Codes
    is_capital: npt.NDArray[np.bool_]
    is_letter: npt.NDArray[np.bool_]
    is_single: npt.NDArray[np.bool_]
    is_space: npt.NDArray[np.bool_]
    is_dropped: npt.NDArray[np.bool_]


def _alphabet() -> _Alphabet:
    plane = 1 << 16
    lower = np.arange(plane, dtype=np.uint32)
    is_capital = np.zeros(plane, dtype=np.bool_)
    is_letter = np.zeros(plane, dtype=np.bool_)
    is_space = np.zeros(plane, dtype=np.bool_)
    is_dropped = np.zeros(plane, dtype=np.bool_)
    for code in range(plane):
        character = chr(code)
        if character.isalpha():
            is_letter[code] = True
            small = character.lower()
            lower[code] = ord(small) if len(small) == 1 else code
            is_capital[code] = small != character
        elif character.isspace():
            is_space[code] = True
        elif character.isdigit():
            lower[code] = ord("0")
        elif code > 127 and not character.isprintable():
            is_dropped[code] = unicodedata.category(character) == "Cf"
        elif code > 0x2FF and unicodedata.category(character) in ("Mn", "Mc"):
            is_letter[code] = True
    is_dropped[0xFE00:0xFE10] = True  # they choose between two looks of one emoji
    for character, same in _SAME.items():
        lower[ord(character)] = ord(same)
    is_letter[[ord("'"), *(ord(one) for one in "’‘ʼ´")]] = True
    # Thai, kana, Han and the like put no spaces between words: each letter stands alone.
    is_single = ~is_letter
    for first, last in ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x3005, 0x9FFF), (0xF900, 0xFAFF)):
        is_single[first : last + 1] = True
    is_single &= ~is_space
    is_single[list(range(48, 58))] = False
    is_letter[list(range(48, 58))] = True
    return _Alphabet(
        lower=lower,
        is_capital=is_capital,
        is_letter=is_letter,
        is_single=is_single,
        is_space=is_space,
        is_dropped=is_dropped,
    )


_ALPHABET = _alphabet()
_IS_STOP = np.isin(np.arange(1 << 16), [ord(stop) for stop in ".!?։؟۔।॥።။។。！．？｡‼⁇⁈⁉‽"])
"""Which characters of the first plane end a sentence, in any script."""


@dataclass(frozen=True, slots=True)
class Block:
    """The hashed features of some texts; a hash of 0 means that there is none.

    `grams` has a row for each of `ORDERS` and a column for each character; `starts` tells where
    each text starts among the characters. `word_at` and `pair_at` are the characters at which
    `words` and `pairs` start; `word_text` is the text of each word, and `stems` has the first
    `STEM` letters of longer ones. `counts` is how many features a text has, style left aside.
    `looks` has `LOOKS` columns: the logarithm to base 2 of a text's words and one, and 1 where
    it ends with a stop.
    """

    codes: Codes
    starts: Places
    grams: Hashes
    words: Hashes
    stems: Hashes
    word_at: Places
    word_end: Places
    word_text: Places
    pairs: Hashes
    pair_at: Places
    styles: Hashes
    looks: Values
    counts: npt.NDArray[np.float32]


def read(texts: Sequence[str]) -> Block:
    """Return the features of texts; what one text has does not depend on the others.

    Never raises, and takes time in proportion to the length, of which `LONGEST` a text count.
    """
    raw = _codes(texts)
    plane = np.minimum(raw, 0xFFFF)
    low = _ALPHABET.lower[plane]
    np.copyto(low, raw, where=raw > 0xFFFF)
    is_end = raw == _TEXT_END
    is_space = _ALPHABET.is_space[plane] & ~is_end
    low[is_space] = _SPACE
    is_triple = np.zeros(len(low), dtype=np.bool_)
    np.logical_and(low[2:] == low[1:-1], low[2:] == low[:-2], out=is_triple[2:])
    is_after_space = np.zeros(len(low), dtype=np.bool_)
    np.logical_or(is_space[:-1], is_end[:-1], out=is_after_space[1:])
    is_skin = (raw >= 0x1F3FB) & (raw <= 0x1F3FF)
    is_kept = ~(is_triple | (is_space & is_after_space) | _ALPHABET.is_dropped[plane] | is_skin)
    is_kept |= is_end
    at = np.flatnonzero(is_kept)
    codes, plane = low[at], plane[at]
    is_end = codes == _TEXT_END
    ends = np.flatnonzero(is_end)
    starts = ends[:-1]
    is_letter = _ALPHABET.is_letter[plane] & ~_ALPHABET.is_single[plane]
    is_single = _ALPHABET.is_single[plane]

    # The end of a text is to the n-grams what the end of a word is.
    mixed = (np.where(is_end, np.uint32(_SPACE), codes).astype(np.uint64) + np.uint64(1)) * _MIX
    mixed ^= mixed >> _HALF
    grams, reach = _grams(codes, mixed)
    words, stems, word_at, word_end = _words(mixed, is_letter, is_single)
    text_of = np.searchsorted(ends, word_at) - 1
    pairs = mixed_up(words[:-1] * _PAIR + words[1:])
    is_pair = text_of[:-1] == text_of[1:]
    pairs, pair_at = pairs[is_pair], word_at[:-1][is_pair]

    per_character = np.clip(reach - 1, 0, len(ORDERS))
    counts = np.add.reduceat(per_character, starts).astype(np.float32)
    texts_in = len(starts)
    word_counts = np.bincount(text_of, minlength=texts_in)
    counts += word_counts
    counts += np.bincount(text_of[:-1][is_pair], minlength=texts_in)
    last = codes[np.append(starts[1:], len(codes) - 1) - 1]
    looks = np.column_stack((np.log2(word_counts + 1), _IS_STOP[np.minimum(last, 0xFFFF)]))
    styles = _styles(raw, low, at, codes, is_triple, looks, word_at, word_end, text_of)
    return Block(
        codes=codes,
        starts=starts,
        grams=grams,
        words=words,
        stems=stems,
        word_at=word_at,
        word_end=word_end,
        word_text=text_of,
        pairs=pairs,
        pair_at=pair_at,
        styles=styles,
        looks=looks,
        counts=np.maximum(counts, np.float32(1)),
    )


def _codes(texts: Sequence[str]) -> Codes:
    """Return the characters of all texts, with a newline before, between and after them."""
    joined = "\n".join([text[:LONGEST].replace("\n", " ") for text in texts])
    if "http" in joined or "www." in joined:
        joined = _LINK.sub(_ADDRESS, joined)
    if "@" in joined:
        joined = _MENTION.sub(_HANDLE, joined)
    if "#" in joined:
        joined = _HASHTAG.sub(_spelled_out, joined)
    encoded = f"\n{joined}\n".encode("utf-32-le", "surrogatepass")
    return np.frombuffer(encoded, dtype=np.uint32)


def _spelled_out(hashtag: re.Match[str]) -> str:
    return "# " + _CAMEL.sub(" ", hashtag.group(1))


def mixed_up(hashes: Hashes) -> Hashes:
    """Return hashes whose top bits depend on every bit; the given array is spent."""
    hashes ^= hashes >> _HALF
    hashes *= _STEP
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    return hashes


def _grams(codes: Codes, mixed: Hashes) -> tuple[Hashes, Places]:
    """Return the n-grams that start at each character, and how far it is to the word's end."""
    length = len(codes) - 1
    edges = np.flatnonzero((codes == _SPACE) | (codes == _TEXT_END))
    reach = np.repeat(edges[1:], np.diff(edges)) - np.arange(length)
    padded = np.concatenate((mixed, np.zeros(ORDERS[-1], dtype=np.uint64)))
    grams = np.empty((len(ORDERS), length), dtype=np.uint64)
    rolling = padded[:length] * _STEP
    rolling += padded[1 : length + 1]
    for row, order in enumerate(ORDERS):
        rolling *= _STEP
        rolling += padded[order - 1 : order - 1 + length]
        found = mixed_up(rolling + _SEED)
        found *= reach >= order - 1
        grams[row] = found
    return grams, reach


def _words(
    mixed: Hashes, is_letter: npt.NDArray[np.bool_], is_single: npt.NDArray[np.bool_]
) -> tuple[Hashes, Hashes, Places, Places]:
    """Return the hashes of words and stems, where they start, and end (the character after)."""
    is_before = np.empty(len(is_letter), dtype=np.bool_)
    is_before[0] = False
    is_before[1:] = is_letter[:-1]
    at = np.flatnonzero((is_letter & ~is_before) | is_single)
    is_start = is_letter[at]
    end = at + 1
    end[is_start] = np.flatnonzero(is_before & ~is_letter)
    powers, inverse = _powers(len(mixed) + 1)
    sums = np.zeros(len(mixed) + 1, dtype=np.uint64)
    np.cumsum(mixed * powers[:-1], out=sums[1:])
    hashes = (sums[end] - sums[at]) * inverse[at]
    stems = mixed_up((sums[np.minimum(at + STEM, end)] - sums[at]) * inverse[at] + _STEM)
    stems *= end - at > STEM
    return mixed_up(hashes + _WORD), stems, at, end


_ODD = 0xD1342543DE82EF95


def _powers(count: int) -> tuple[Hashes, Hashes]:
    """Return the powers of an odd number, and of its inverse, modulo 2^64."""
    global _known_powers
    powers, inverse = _known_powers
    if len(powers) < count:
        size = max(count, 1 << 16)
        steps = np.full(size, _ODD, dtype=np.uint64)
        back = np.full(size, pow(_ODD, -1, 1 << 64), dtype=np.uint64)
        steps[0] = back[0] = 1
        _known_powers = powers, inverse = np.cumprod(steps), np.cumprod(back)
    return powers[:count], inverse[:count]


_known_powers: tuple[Hashes, Hashes] = (np.ones(1, dtype=np.uint64), np.ones(1, dtype=np.uint64))


def _styles(
    raw: Codes,
    low: Codes,
    at: Places,
    codes: Codes,
    is_triple: npt.NDArray[np.bool_],
    looks: Values,
    word_at: Places,
    word_end: Places,
    text_of: Places,
) -> Hashes:
    """Return what each text looks like: `STYLES` features, each one of a few steps."""
    texts = len(looks)
    raw_starts = np.flatnonzero(raw == _TEXT_END)[:-1]
    sums_at = (raw_starts, np.append(raw_starts[1:], len(raw) - 1))

    def counted(marks: npt.NDArray[np.bool_]) -> Places:
        sums = np.concatenate(([0], np.cumsum(marks)))
        return np.asarray(sums[sums_at[1]] - sums[sums_at[0]])

    capitals = np.concatenate(([0], np.cumsum(_ALPHABET.is_capital[np.minimum(raw, 0xFFFF)[at]])))
    lengths = word_end - word_at
    is_loud = (lengths > 1) & (capitals[word_end] - capitals[word_at] == lengths)
    is_long = (lengths > 1) & (codes[word_at] > 57)
    loud = np.bincount(text_of[is_loud], minlength=texts)
    long = np.bincount(text_of[is_long], minlength=texts)
    is_stretched = is_triple & (low > 96)
    is_stretched[1:] &= ~is_triple[:-1]
    is_emoji = (raw >= 0x2190) & ((raw < 0x2C00) | ((raw >= 0x1F000) & (raw < 0x1FB00)))
    steps = np.empty((texts, STYLES), dtype=np.uint64)
    steps[:, 0] = np.minimum(counted(raw == 33), 3)
    steps[:, 1] = np.minimum(counted(raw == 63), 3)
    steps[:, 2] = np.minimum(loud, 3) + 4 * ((loud > 2) & (loud * 5 > long * 3))
    steps[:, 3] = np.minimum(counted(is_stretched), 2)
    steps[:, 4] = np.minimum(counted(is_emoji), 3)
    steps[:, 5] = np.minimum(looks[:, 0], 7)
    steps[:, 6] = np.minimum(counted((raw == 0x2026) | (is_triple & (low == 46))), 2)
    steps[:, 7] = np.minimum(counted((raw == 0xE000) | (raw == 0xE001)), 2)
    steps[:, 8] = looks[:, 1]
    steps[:, 9] = np.minimum(counted(raw == 35), 2)
    steps += np.arange(STYLES, dtype=np.uint64) * np.uint64(16)
    return mixed_up((steps + np.uint64(1)) * _STYLE)
