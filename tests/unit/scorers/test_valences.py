"""What word lists say of a text."""

import numpy as np
import pytest

from emberwatch.scorers import ngrams
from emberwatch.scorers.valences import ANGRY, NEGATES, Valences

WORDS = {"awful": -3, "bad": -2, "damned": ANGRY - 3, "good": 3, "mad": ANGRY, "not": NEGATES}


def listed() -> Valences:
    hashes = {int(ngrams.read([word]).words[0]) >> 32: value for word, value in WORDS.items()}
    hashes[int(ngrams.read(["terribly"]).stems[0]) >> 32] = -4
    keys = np.array(sorted(hashes), dtype=np.uint32)
    return Valences(
        keys=keys, values=np.array([hashes[key] for key in keys.tolist()], dtype=np.int8)
    )


def features(*texts: str) -> list[list[int]]:
    return listed().features(ngrams.read(texts)).tolist()


def test_listed_words_have_their_values_and_others_none() -> None:
    assert listed().of(ngrams.read(["a good, bad day"]).words).tolist() == [0, 3, 0, -2, 0]


@pytest.mark.parametrize(("one", "other"), [("bad", "good"), ("bad", "awful"), ("bad", "so so")])
def test_what_is_listed_otherwise_looks_otherwise(one: str, other: str) -> None:
    (left,), (right,) = features(one), features(other)
    assert left != right


@pytest.mark.parametrize("text", ["not good", "not so good", "not a very good"])
def test_a_negation_turns_the_three_words_after_it(text: str) -> None:
    assert features(text) != features(text.removeprefix("not "))


def test_a_negation_reaches_no_further_than_three_words() -> None:
    assert features("not at all a good one") == features("at all a good one")


def test_a_negation_does_not_reach_into_the_next_text() -> None:
    assert features("not", "good")[1] == features("good")[0]


def test_another_ending_of_a_long_word_counts_as_its_stem() -> None:
    assert features("terrible") == features("terribly")


def test_words_of_anger_are_counted_up_to_three() -> None:
    counts = [features("mad " * times)[0][4] for times in range(5)]
    assert len(set(counts)) == 4
    assert counts[3] == counts[4]


def test_a_word_of_anger_is_as_bad_as_its_value() -> None:
    assert features("damned")[0][:4] == features("awful")[0][:4]
    assert features("damned")[0][4] == features("mad")[0][4]


def test_a_bad_word_is_none_of_anger_nor_is_one_that_is_turned_round() -> None:
    assert features("awful")[0][4] == features("not mad")[0][4] == features("")[0][4]


def test_an_empty_text_has_features_too() -> None:
    assert features("") == features("so so")


def test_an_empty_list_knows_no_word() -> None:
    nothing = Valences(keys=np.zeros(0, dtype=np.uint32), values=np.zeros(0, dtype=np.int8))
    assert nothing.of(ngrams.read(["bad day"]).words).tolist() == [0, 0]
