"""Single words as rows: those that the teacher judges, and those that a list judges."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from training import lexicon
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
