"""A small guess at a text's language (the door of py3langid)."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Rare languages look like everything: among these alone, short texts are told apart far better.
LANGUAGES = """
    af ar be bg bs ca cs da de el en es et fa fi fr gl he hi hr hu id is it ja ka kk ko ky lt lv
    mk mr ms nl no pl pt ro ru sk sl sq sr sv sw th tl tr tt uk ur uz vi zh
"""

SIBLINGS = (("hr", "bs", "sr"), ("id", "ms"))
"""Languages that share a post's chance among them, because a post is often all of them."""
_FAMILY = {tag: family for family in SIBLINGS for tag in family}
_CLEAR = 0.9
"""Probability above which nothing is shared, and nothing expected could win."""
LIKELIER = 3.0
"""Measured: more helps who expects what is written little, and costs all others."""


class Identifier:
    """Guesses the language of a text among `LANGUAGES`, from its letters alone.

    The model lies in the library's own package, so nothing is fetched. It is loaded at the first
    guess (half a second, some 90 MB).
    """

    def __init__(self) -> None:
        self._library: LanguageIdentifier | None = None

    def guess(self, words: str, expected: Collection[str] = ()) -> tuple[str, float]:
        """Return the likeliest tag of a wordy text and its probability 0..1.

        A language is as likely as it and its siblings together, and one that is expected
        `LIKELIER` times as likely as its letters alone say.
        """
        library = self._library or self._load()
        tag, probability = library.classify(words)
        if probability >= _CLEAR:
            return tag, min(1.0, float(probability))
        chances = {
            each: float(chance) * (LIKELIER if each in expected else 1.0)
            for each, chance in library.rank(words)
        }
        tag = max(chances, key=chances.__getitem__)
        family = sum(chances[each] for each in _FAMILY.get(tag, (tag,)))
        return tag, min(1.0, family / sum(chances.values()))

    def _load(self) -> "LanguageIdentifier":
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        library.set_languages(LANGUAGES.split())
        self._library = library
        return library
