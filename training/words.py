"""Single words as rows: those that the teacher judges, and those that a list judges."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emberwatch.scorers import ngrams
from emberwatch.scorers.valences import ANGRY, NEGATES, Valences
from training import lexicon
from training.angers import Angers
from training.rows import Rows

_WORD = re.compile(r"[^\W\d_]+")
FEWEST = 3
"""Rows that a word must occur in for the teacher to be asked about it."""


def listed(file: Path, languages: tuple[str, ...]) -> list[lexicon.Entry]:
    """Return the listed words; what was left in English in another list is left out."""
    found = lexicon.entries(file, languages)
    english = {entry.words for entry in found if entry.language == "en"}
    return [entry for entry in found if entry.language == "en" or entry.words not in english]


def known(labelled: Rows, entries: list[lexicon.Entry], languages: tuple[str, ...]) -> list[str]:
    """Return words of the given languages, each once, in the order in which they come."""
    counts: Counter[str] = Counter()
    is_read = np.isin(labelled.languages, languages)
    for text, is_wanted in zip(labelled.texts, is_read, strict=True):
        if is_wanted:
            counts.update(dict.fromkeys(_WORD.findall(text.lower())).keys())
    frequent = [word for word, count in counts.items() if count >= FEWEST]
    also = [entry.words for entry in entries if entry.language in languages]
    return list(dict.fromkeys([*frequent, *also]))


def counted(labelled: Rows) -> dict[str, Counter[str]]:
    """Return how many rows of each language each word is in."""
    counts: dict[str, Counter[str]] = {}
    for text, language in zip(labelled.texts, labelled.languages.tolist(), strict=True):
        lower = text.lower().replace("ё", "е")
        counts.setdefault(language, Counter()).update(set(_WORD.findall(lower)))
    return counts


NEGATIONS = """
    not no never don't doesn't didn't isn't wasn't aren't can't cannot couldn't won't wouldn't
    shouldn't haven't hasn't without hardly
    не нет ни без никогда нельзя нема няма нямам нито никой никога ані немає
    ne nėra nebuvo be niekada nei nav nekad bez
    tidak tak nggak ngga gak ga enggak bukan jangan belum tanpa bukanlah
    nicht kein keine keinen nie ohne pas sans jamais no nunca sin não nem sem non mai senza
    niet geen nooit zonder ikke aldrig inte aldrig ingen uden utan ei ei en ilman
    nu niciodată fără nie nigdy bez ne nikdy nikad nije nisu nem soha nincs değil
""".split()  # noqa: SIM905


AGREED = 0.9
"""How much of their values the words of a stem must keep in their mean."""


UNLISTED = -4
"""The value of a word of anger that no list has as a bad one."""
OTHER = "x"
"""What makes a stem a longer word."""


def valences(entries: list[lexicon.Entry], angers: Angers) -> Valences:
    """Return one list of all: each word with its mean value over the languages that have it."""
    sums: dict[str, list[int]] = {}
    for entry in entries:
        if " " not in entry.words:
            sums.setdefault(entry.words.lower(), []).append(entry.valence)
    values = {word: round(sum(told) / len(told)) for word, told in sums.items()}
    values |= dict.fromkeys(NEGATIONS, NEGATES)
    values = {word: value for word, value in values.items() if value}
    hashes: dict[int, int] = {}
    stems: dict[int, list[int]] = {}
    for word, key, stem in _keys(list(values)):
        hashes[key] = values[word]
        if stem and values[word] != NEGATES:
            stems.setdefault(stem, []).append(values[word])
    for stem, told in stems.items():
        mean = sum(told) / len(told)
        # Where its words are of two minds, a stem tells nothing.
        if abs(mean) >= AGREED * sum(map(abs, told)) / len(told) and round(mean):
            hashes.setdefault(stem, round(mean))
    longer = [stem + OTHER for stem in angers.stems]
    angry = {key for _, key, _ in _keys(list(angers.words))}
    for key in angry | {stem for _, _, stem in _keys(longer) if stem}:
        value = hashes.get(key, 0)
        hashes[key] = ANGRY + (value if value < 0 else UNLISTED)
    keys = np.array(sorted(hashes), dtype=np.uint32)
    told = np.array([hashes[int(key)] for key in keys], dtype=np.int8)
    return Valences(keys=keys, values=told)


def _keys(words: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yield each word that is read as one, its key and its stem's, 0 for a short one."""
    for start in range(0, len(words), ngrams.BLOCK):
        some = words[start : start + ngrams.BLOCK]
        block = ngrams.read(some)
        alone = np.bincount(block.word_text, minlength=len(some)) == 1
        for at, text in enumerate(block.word_text.tolist()):
            if alone[text]:
                yield some[text], int(block.words[at]) >> 32, int(block.stems[at]) >> 32
