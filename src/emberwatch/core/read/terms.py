"""The words of a text as they are counted, and which of them are endings of one word."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from emberwatch.core.read.phrases import spaced
from emberwatch.core.read.text import UNSPACED, fold, without_addresses

LONGEST_READ = 1_500
"""Characters of a text whose words are counted: what it complains about stands near its top."""

LEAST_STEM = 4
"""Letters that two words must begin with alike to be taken for one word with two endings."""

LONGEST_ENDING = 3
"""Letters that one word may go on for beyond another: refund, refunding."""

SURE_STEM = 5
SHORT_ENDING = 2
"""Words that begin with so many letters alike may both end otherwise: pinigus, pinigai."""

_UNSPACED = re.compile(f"[{UNSPACED}]")

_ENDS = (".", "?")
_AROUND = "\"'.,;:!?()[]{}<>«»“”„…#*"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded, each once, in text order.

    Addresses, handles, numbers and single letters are left out.
    """
    return tuple(dict.fromkeys(word for word in _spoken(text) if _is_word(word)))


def parts_words(text: str) -> bool:
    """Whether a text parts its words with spaces, so that `words_of` finds them.

    It does not where most of its letters are of Japanese, Chinese, Thai, Lao, Khmer or Burmese.
    """
    letters = sum(map(str.isalpha, text[:LONGEST_READ]))
    return 2 * len(_UNSPACED.findall(text[:LONGEST_READ])) <= letters


def pairs_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the words that stand beside each other within a sentence, as they are spoken."""
    words = _spoken(text)
    return tuple(
        (one, other) for one, other in pairwise(words) if one not in _ENDS and other not in _ENDS
    )


def _spoken(text: str) -> list[str]:
    return spaced(without_addresses(fold(text[:LONGEST_READ]))).split()


def _is_word(word: str) -> bool:
    return len(word) > 1 and word[0].isalpha()


def spellings(text: str) -> Iterator[tuple[str, str]]:
    """Yield each word of a text folded, as `words_of` gives it, and as its author wrote it."""
    for written in without_addresses(text[:LONGEST_READ]).split():
        word = written.strip(_AROUND)
        folded = spaced(word).strip()
        if folded and " " not in folded:
            yield folded, word.lower()


def stems(vocabulary: Iterable[str]) -> Mapping[str, str]:
    """Return for each word the shortest that it is an ending of, in any language; itself if none.

    It knows no language: words that begin alike and differ at their ends alone are one. So it
    joins *refund* with *refunded*, *поръчка* with *поръчки*, and now and then two strangers.
    """
    ordered = sorted(set(vocabulary))
    parents = {word: word for word in ordered}
    for place, word in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other[:LEAST_STEM] != word[:LEAST_STEM]:
                break
            if _are_endings(word, other):
                one, two = _root(parents, word), _root(parents, other)
                shorter, longer = sorted((one, two), key=lambda each: (len(each), each))
                parents[longer] = shorter
    return {word: _root(parents, word) for word in ordered}


def _root(parents: Mapping[str, str], word: str) -> str:
    while parents[word] != word:
        word = parents[word]
    return word


def _are_endings(word: str, other: str) -> bool:
    """Whether two words, the first of them first in order, are one word with two endings."""
    if other.startswith(word):
        return len(other) - len(word) <= LONGEST_ENDING
    if word[:SURE_STEM] != other[:SURE_STEM]:
        return False
    same = next(n for n in range(len(word)) if word[n] != other[n : n + 1])
    return max(len(word), len(other)) - same <= SHORT_ENDING
