"""Words of anger, written for this project: curses, insults, words for being angry."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emberwatch.scorers.ngrams import STEM

FILE = Path(__file__).parent / "anger.txt"
OWN = 0.5
"""How much of a word's use must be in languages that have it as a word of anger."""
ALIKE = 0.9
"""How many of the known words that begin with a stem must be words of anger for it to be one."""

Known = dict[str, Counter[str]]
"""The words of each language in lower case, and how many texts each is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Angers:
    """Words of anger in lower case, and beginnings of `STEM` letters that few others have."""

    words: tuple[str, ...]
    stems: tuple[str, ...]


def read(known: Known, file: Path = FILE) -> Angers:
    """Return the words of a file; one with a star stands for the known words that begin so.

    The list is one for all languages: what means something else in another one is left out.
    """
    languages: dict[str, set[str]] = {}
    stems: dict[str, None] = {}
    for language, listed in _lines(file):
        for one in listed:
            word = one.removesuffix("*")
            languages.setdefault(word, set()).add(language)
            if one != word:
                for other in known.get(language, ()):
                    if other.startswith(word):
                        languages.setdefault(other, set()).add(language)
                stems |= {word[:STEM]: None} if len(word) >= STEM else {}
    kept = {word for word, of in languages.items() if _is_own(word, of, known)}
    begins: dict[str, list[bool]] = {stem: [] for stem in stems}
    for words in known.values():
        for word in words:
            if word[:STEM] in begins:
                begins[word[:STEM]].append(word in kept)
    alike = (stem for stem, told in begins.items() if sum(told) >= ALIKE * len(told))
    return Angers(words=tuple(sorted(kept)), stems=tuple(alike))


def _lines(file: Path) -> Iterator[tuple[str, list[str]]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            language, listed = line.split(": ")
            yield language, listed.split()


def _is_own(word: str, of: set[str], known: Known) -> bool:
    counts = {language: words[word] for language, words in known.items()}
    return sum(counts[one] for one in of if one in counts) >= OWN * sum(counts.values())
