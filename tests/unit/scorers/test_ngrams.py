"""How texts become hashed features."""

import numpy as np
import pytest

from emberwatch.scorers import ngrams


def told(text: str) -> str:
    """Return the text as the features see it."""
    return "".join(map(chr, ngrams.read([text]).codes)).strip("\n")


def words(text: str) -> list[str]:
    block = ngrams.read([text])
    spans = zip(block.word_at, block.word_end, strict=True)
    return ["".join(map(chr, block.codes[start:end])) for start, end in spans]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("WORST Service", "worst service"),
        ("sooooooo", "soo"),
        ("in  2015", "in 00"),
        ("Ёлка", "елка"),
        ("don’t", "don't"),
        ("#WorstServiceEver", "# worst service ever"),
        ("#never_again", "# never again"),
        ("@acme see https://acme.example/x", "\ue001 see \ue000"),
        ("👍🏽", "👍"),
        ("a\nb\r\nc", "a b c"),
        ("😡😡😡😡", "😡😡"),
    ],
)
def test_a_text_is_undressed(text: str, seen: str) -> None:
    assert told(text) == seen


def test_words_signs_and_letters_of_unspaced_scripts_each_stand_alone() -> None:
    assert words("no way!! 糟糕 😡") == ["no", "way", "!", "!", "糟", "糕", "😡"]


def test_neighbours_leave_a_text_its_features() -> None:
    alone = ngrams.read(["bad SERVICE!"])
    among = ngrams.read(["x", "", "bad SERVICE!", "🤬 y"])
    first, last = among.starts[2], among.starts[3]
    assert np.array_equal(among.grams[:, first:last], alone.grams)
    is_its_own = (among.word_at >= first) & (among.word_at < last)
    assert np.array_equal(among.words[is_its_own], alone.words)
    is_its_own = (among.pair_at >= first) & (among.pair_at < last)
    assert np.array_equal(among.pairs[is_its_own], alone.pairs)
    assert np.array_equal(among.styles[2], alone.styles[0])
    assert among.counts[2] == alone.counts[0]


def test_the_same_word_has_one_hash_wherever_it_stands() -> None:
    block = ngrams.read(["bad " * 200, "so bad"])
    assert len(set(block.words.tolist())) == 2


def test_features_are_counted() -> None:
    # " bad " has 3 of 3, 2 of 4 and 1 of 5 characters, and is one word.
    assert ngrams.read(["bad"]).counts.tolist() == [7.0]


def test_no_n_gram_reaches_across_words() -> None:
    alone = {
        *ngrams.read(["not"]).grams.ravel().tolist(),
        *ngrams.read(["good"]).grams.ravel().tolist(),
    }
    assert set(ngrams.read(["not good"]).grams.ravel().tolist()) == alone


@pytest.mark.parametrize(
    ("plain", "styled"),
    [
        ("bad service", "bad service!!!"),
        ("bad service", "bad service??"),
        ("bad service here", "BAD SERVICE HERE"),
        ("bad", "baaaaad"),
        ("bad x", "bad 😡"),
        ("bad", "bad..."),
        ("bad x", "bad https://acme.example"),
        ("bad", "bad bad bad bad bad"),
        ("bad train", "bad train."),
        ("bad train", "bad #train"),
    ],
)
def test_style_shows(plain: str, styled: str) -> None:
    assert not np.array_equal(ngrams.read([plain]).styles, ngrams.read([styled]).styles)


def test_length_and_a_last_stop_are_looks() -> None:
    looks = ngrams.read(["so bad here!", "bad", "", "it is bad. here"]).looks
    assert looks[:, 0].tolist() == np.log2([5, 2, 1, 6]).tolist()
    assert looks[:, 1].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("stop", "。！？।۔؟።։")
def test_a_last_stop_of_any_script_is_a_look(stop: str) -> None:
    assert ngrams.read([f"bad{stop}", f"bad{stop} bad"]).looks[:, 1].tolist() == [1, 0]


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    beginning = "a " * (ngrams.LONGEST // 2)
    assert np.array_equal(ngrams.read([beginning]).codes, ngrams.read([beginning + "b" * 90]).codes)
