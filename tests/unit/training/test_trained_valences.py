"""How bad the words are that the model is trained with, and which of them are words of anger."""

from training import words
from training.angers import Angers
from training.lexicon import Entry
from training.words import UNLISTED

from emberwatch.scorers import ngrams
from emberwatch.scorers.valences import ANGRY, NEGATES

ENTRIES = [
    Entry(language="en", words="awful", valence=-3),
    Entry(language="en", words="mad", valence=-2),
    Entry(language="en", words="wicked", valence=3),
]


def value_of(word: str, *angry: str, stems: tuple[str, ...] = ()) -> int:
    block = ngrams.read([word])
    found = words.valences(ENTRIES, Angers(words=angry, stems=stems))
    return int(found.of(block.words)[0]) or int(found.of(block.stems)[0])


def test_a_listed_word_keeps_its_value() -> None:
    assert value_of("awful") == -3
    assert value_of("never") == NEGATES
    assert value_of("train") == 0


def test_a_word_of_anger_that_is_listed_keeps_its_value_too() -> None:
    assert value_of("mad", "mad") == ANGRY - 2


def test_a_word_of_anger_that_no_list_has_as_a_bad_one_is_a_bad_one() -> None:
    assert value_of("scumbag", "scumbag") == ANGRY + UNLISTED
    assert value_of("wicked", "wicked") == ANGRY + UNLISTED


def test_a_longer_word_that_begins_as_words_of_anger_do_is_one() -> None:
    assert value_of("furiously", stems=("furio",)) == ANGRY + UNLISTED
    assert value_of("furniture", stems=("furio",)) == 0
