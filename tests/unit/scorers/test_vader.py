"""What the scorer `vader` makes of posts."""

import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from emberwatch.model.mention import Score
from emberwatch.ports import Text
from emberwatch.scorers.vader import Vader, Valence


@pytest.fixture(scope="module")
def vader() -> Vader:
    return Vader()


@pytest.fixture(scope="module")
def library() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


@pytest.fixture(scope="module")
def valence() -> Valence:
    return Valence()


def score(
    vader: Vader, text: str, language: str | None = "en", expected: Sequence[str] = ()
) -> Score:
    return vader.score([Text(text=text, language=language, expected=tuple(expected))])[0]


def test_english_is_judged_by_the_compound_itself(
    vader: Vader, library: SentimentIntensityAnalyzer
) -> None:
    text = "Worst service EVER, I hate you!!!"
    compound = library.polarity_scores(text)["compound"]
    judged = score(vader, text)
    assert judged.judged
    assert judged.sentiment == compound < -0.5
    assert judged.anger == -compound
    assert judged.negative == (1 - compound) / 2
    assert (judged.language, judged.scorer, judged.version) == ("en", "vader", "3.3.2")


def test_a_happy_text_has_no_anger(vader: Vader) -> None:
    judged = score(vader, "Thank you, wonderful and kind people!")
    assert judged.sentiment is not None
    assert judged.sentiment > 0.5
    assert judged.anger == 0.0
    assert judged.why == ("wonderful", "kind", "thank")


def test_the_heaviest_bad_words_are_the_reason(vader: Vader) -> None:
    judged = score(vader, "The food was good, but the service is bad, awful and bad, I hate it")
    assert judged.why == ("hate", "bad", "awful")


def test_at_most_five_words_are_the_reason(vader: Vader) -> None:
    assert len(score(vader, "bad awful hate terrible horrible worst nasty ugly").why) == 5


@pytest.mark.parametrize(
    ("text", "language", "judged_as"),
    [
        ("Ужасно обслужване, мразя ви", "bg", "bg"),
        ("Ужасно обслужване, това е много лошо", "en", "bg"),
        ("Wo ist mein Paket, das ist eine Frechheit", None, "de"),
        ("最悪のサービス", None, "ja"),
        ("", "en", None),
        ("😡😡 @acme https://x.org", "en", None),
        ("\ud800\x00", None, None),
    ],
)
def test_other_languages_and_wordless_texts_are_not_judged(
    vader: Vader, text: str, language: str | None, judged_as: str | None
) -> None:
    unjudged = score(vader, text, language)
    assert not unjudged.judged
    assert (unjudged.sentiment, unjudged.negative, unjudged.anger) == (None, None, None)
    assert unjudged.language == judged_as
    assert unjudged.why == ()


def test_plain_english_needs_no_tag(vader: Vader) -> None:
    judged = score(vader, "They have lost my luggage and this is awful", None)
    assert judged.judged
    assert judged.confidence > 0.5


def test_an_unsure_short_text_is_english_where_the_brand_expects_it(vader: Vader) -> None:
    assert score(vader, "acme meh", None, ("en",)).judged
    assert score(vader, "acme meh", None, ("en",)).confidence < 0.5
    assert not score(vader, "acme meh", None, ("bg",)).judged


def test_scores_come_in_the_order_of_the_texts(vader: Vader) -> None:
    texts = [Text(text=text, language="en") for text in ("I hate it", "I love it", "It is")]
    assert [s.sentiment and s.sentiment > 0 for s in vader.score(texts)] == [False, True, 0.0]


def test_nothing_in_nothing_out(vader: Vader) -> None:
    assert vader.score([]) == []


def test_only_the_first_thousand_characters_count(vader: Vader) -> None:
    assert score(vader, "the " * 250 + "awful awful awful").sentiment == 0.0


def test_a_million_characters_take_no_time(vader: Vader) -> None:
    score(vader, "warm up")
    began = time.process_time()
    for hostile in ("hate " * 200_000, "a" * 1_000_000, "but bad " * 100_000, "😡" * 1_000_000):
        score(vader, "x " + hostile)
    assert time.process_time() - began < 2


# ---------------------------------------------------------------- exactly as the library
@pytest.mark.parametrize(
    "text",
    [
        "VERY good but bad",
        "not good",
        "never so good",
        "never this good at all",
        "without doubt good",
        "without a doubt good",
        "without any real doubt good",
        "so not really good",
        "this is very good",
        "isn't very good",
        "he is not a very good friend",
        "the shit",
        "this is the shit man",
        "he is the bomb today good",
        "yeah right good",
        "oh yeah right good",
        "kiss of death for good bad ass people",
        "a thing to die for indeed",
        "it is a beating heart great thing",
        "kind of good",
        "only kind of really good",
        "just enough good",
        "sort of a good thing",
        "really sort of good",
        "at least good",
        "very least good",
        "least good",
        "the least good",
        "no good",
        "no really good",
        "no bad or good",
        "no",
        "good no",
        "no hate nor love",
        "GOOD day",
        "BAD day VERY bad",
        "VERY bad",
        "VERY good day",
        "good!!!!! ???",
        "good??",
        "good???? no!",
        "bad!?",
        "it was ok! ?",
        ":) :( :D",
        "😡good",
        "😀 good",
        "a😀😡b 😀",
        " 😀",
        "but",
        "good but good but bad",
        "BUT good BUT",
        "love love but love",
        "İSTANBUL good ΣΑΣ",
        "good\u2028bad\x85 good",
        "",
        "   ",
        "kind",
        "of kind",
    ],
)
def test_a_compound_is_exactly_the_librarys(
    valence: Valence, library: SentimentIntensityAnalyzer, text: str
) -> None:
    assert valence.compound(text)[0] == library.polarity_scores(text)["compound"]


PIECES = (
    "!",
    "!!!",
    "?",
    "??",
    "...",
    ",",
    ":)",
    ":(",
    "😡",
    "🤬",
    "😀",
    "❤️",
    "-",
    "#",
    "@acme",
    "2",
)

TURNS = "not never n't without no isn't hardly least but very really so this kind of"
PLAIN = "the bus was late and I waited for my parcel at home today Acme"


def made_up(library: SentimentIntensityAnalyzer, count: int) -> list[str]:
    """Return texts of listed words among boosters, negations, signs and ordinary words."""
    chance = Random("as the library")
    listed = sorted(library.lexicon)
    turns = TURNS.split()
    plain = PLAIN.split()
    texts = []
    for _ in range(count):
        words = [
            chance.choice(chance.choice((listed, turns, plain, PIECES)))
            for _ in range(chance.randint(1, 25))
        ]
        cased = [word.upper() if chance.random() < 0.15 else word for word in words]
        texts.append(chance.choice((" ", " ", "  ")).join(cased))
    return texts


def test_thousands_of_texts_have_exactly_the_librarys_compound(
    valence: Valence, library: SentimentIntensityAnalyzer
) -> None:
    texts = made_up(library, 4_000)
    ours = [valence.compound(text)[0] for text in texts]
    assert ours == [library.polarity_scores(text)["compound"] for text in texts]
    assert sum(compound != 0 for compound in ours) > 3_000


def test_thousands_of_real_posts_have_exactly_the_librarys_compound(
    valence: Valence, library: SentimentIntensityAnalyzer, shared: Path
) -> None:
    path = shared / "data" / "anger" / "dev.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [row["text"][:1_000] for row in map(json.loads, lines) if row["lang"] == "en"]
    texts = texts[:5_000]
    assert len(texts) == 5_000
    ours = [valence.compound(text)[0] for text in texts]
    assert ours == [library.polarity_scores(text)["compound"] for text in texts]
