"""Laws of reading a post: near copies, hostile text, and VADER's own scores."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from emberwatch.core.read.language import identify
from emberwatch.core.read.matching import Matcher
from emberwatch.core.read.text import LONGEST_TEXT, clean, columns, fingerprint, fold, safe_line
from emberwatch.model.brand import Brand, Group
from emberwatch.ports import Text
from emberwatch.scorers.vader import Vader, Valence

LIBRARY = SentimentIntensityAnalyzer()
VALENCE = Valence()
VADER = Vader()
ANY_TEXT = st.text(st.characters(), max_size=300)  # lone surrogates and NUL included

LONG_WORD = st.text("bcdfghjklmnpqrstvwxz", min_size=4, max_size=9).filter(
    lambda word: all(one != other for one, other in pairwise(word))
)
SENTENCE = st.lists(LONG_WORD, min_size=8, max_size=25).map(" ".join)


@given(SENTENCE, st.sampled_from(["RT @someone: ", "", "https://a.example/x ", "@a @b "]),
       st.sampled_from(["", "!!!", " 😡😡", " https://t.co/abc", " @brand", "…"]),
       st.booleans())  # fmt: skip
def test_a_near_copy_shares_the_fingerprint(
    text: str, before: str, after: str, is_loud: bool
) -> None:
    copy = before + (text.upper() if is_loud else text) + after
    assert fingerprint(copy) == fingerprint(text) != ""


@given(SENTENCE, st.data())
def test_a_text_cut_after_its_seventh_word_shares_the_fingerprint(
    text: str, data: st.DataObject
) -> None:
    shortest = len(" ".join(text.split()[:7]))
    cut = data.draw(st.integers(shortest, len(text)))
    assert fingerprint(text[:cut] + "…") == fingerprint(text)


@given(SENTENCE, SENTENCE)
def test_texts_that_begin_with_other_words_differ(one: str, other: str) -> None:
    if one.split()[:6] != other.split()[:6]:
        assert fingerprint(one) != fingerprint(other)


@given(ANY_TEXT)
def test_any_text_can_be_read(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
    assert len(cleaned) <= min(len(text), LONGEST_TEXT)
    fold(text).encode("utf-8")
    assert len(fingerprint(text)) in (0, 16)
    identify(text, None, ("en",), lambda *_: ("en", 0.5))


@given(ANY_TEXT, st.integers(1, 80))
def test_any_text_fits_a_terminal_line(text: str, width: int) -> None:
    line = safe_line(text, width)
    assert columns(line) <= width
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
    line.encode("utf-8")


@given(ANY_TEXT, ANY_TEXT)
def test_a_brand_between_spaces_is_always_found(before: str, after: str) -> None:
    matcher = Matcher([Brand(name="B", words=("acme",))])
    assert matcher.match(f"{before} acme {after}") != ()


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4), ANY_TEXT)
def test_any_spelling_can_be_configured(words: list[str], text: str) -> None:
    brand = Brand(
        name="B",
        words=tuple(words),
        handles=tuple(words),
        hashtags=tuple(words),
        groups=(Group(any=tuple(words), all=tuple(words[:1])),),
    )
    for match in Matcher([brand]).match(text):
        assert match.matched != ""


SPELLING = (
    st.text("abs'’.&-+!_,日한งß ", min_size=1, max_size=9)
    .map(lambda word: " ".join(word.split()))
    .filter(lambda word: any(map(str.isalnum, word)))
)


@given(SPELLING, st.sampled_from(["", " ", "(", ") ", ", "]))
def test_every_spelling_matches_itself(word: str, around: str) -> None:
    matcher = Matcher([Brand(name="B", words=(word,))])
    assert matcher.match(f"{around}{word}{around}") != ()


@given(ANY_TEXT, st.sampled_from([None, "en", "bg", "und", "\ud800"]))
@settings(deadline=None)
def test_the_scorer_never_raises(text: str, language: str | None) -> None:
    (score,) = VADER.score([Text(text=text, language=language, expected=("en", "bg"))])
    assert score.judged is (score.language == "en")


SMALL_WORDS = """no but or nor least at very never so this without doubt kind of the a is İ :) !!
    ??? good bad shit ass bomb right death heart die"""
WORDS = st.sampled_from(
    [
        *sorted(LIBRARY.lexicon)[::40],
        *BOOSTER_DICT,
        *NEGATE,
        *SPECIAL_CASES,
        *sorted(LIBRARY.emojis)[::150],
        *SMALL_WORDS.split(),
    ]
)
SEASONED = st.tuples(WORDS, st.booleans(), st.sampled_from(["", "", "!", ",", "."])).map(
    lambda part: (part[0].upper() if part[1] else part[0]) + part[2]
)


@given(st.lists(SEASONED, max_size=14), st.sampled_from([" ", " ", "  ", "\n", ""]))
@settings(max_examples=400, deadline=None)
def test_vaders_scores_are_exactly_the_librarys(words: list[str], between: str) -> None:
    text = between.join(words)
    assert VALENCE.compound(text)[0] == LIBRARY.polarity_scores(text)["compound"]


@given(ANY_TEXT)
def test_vaders_scores_are_the_librarys_on_any_text(text: str) -> None:
    assert VALENCE.compound(text)[0] == LIBRARY.polarity_scores(text)["compound"]


def test_vaders_scores_are_the_librarys_on_a_real_week(shared: Path) -> None:
    timeline = shared / "data" / "timeline" / "timeline_airline_public.jsonl.gz"
    with gzip.open(timeline, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    assert len(texts) > 7_000
    for text in texts:
        assert VALENCE.compound(text)[0] == LIBRARY.polarity_scores(text)["compound"], text
