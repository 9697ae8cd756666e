"""Laws of the scorer `auto`: any text at all, in bounded time, alone or in company."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto

AUTO = Auto()
LANGUAGES = st.sampled_from([None, "en", "bg", "ru", "id", "lt", "zh", "xx", "", "pt-BR"])
TEXTS = st.builds(
    Text,
    text=st.one_of(
        st.text(),
        st.text(alphabet=st.characters(codec="utf-8"), max_size=40).map(lambda text: text * 50),
        st.text(alphabet="aA 𝓱ａ!?.#@\n\t\r\u2028_😡👍🏽é\u0301ыё糟\ud800\x00:/htpsw"),
    ),
    language=LANGUAGES,
)
CEILING = 10 * 0.020
"""Seconds of the processor: ten times what a text may take."""
STRANGE = (
    "a",
    " ",
    "\n",
    "#A",
    "@a",
    "www.",
    "http://",
    "!",
    "😡",
    "\ud800",
    "\x00",
    "é\u0301",
    "糟",
    "but ",
    "aB_",
    "𝓱",
    "\ufdfa",
    "👨\u200d👩\u200d👧",
    "[",
    "\u202e",
    "#A ",
    "http://a.b ",
)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=12))
def test_any_texts_are_scored_within_bounds(texts: list[Text]) -> None:
    scores = AUTO.score(texts)
    assert len(scores) == len(texts)
    for score in scores:
        if not score.judged:
            assert (score.sentiment, score.negative, score.anger) == (None, None, None)
            continue
        assert -1 <= (score.sentiment or 0) <= 1
        assert 0 <= (score.negative or 0) <= 1
        assert score.anger is None or 0 <= score.anger <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_a_text_scores_the_same_alone_and_in_company(texts: list[Text]) -> None:
    assert AUTO.score(texts) == [score for text in texts for score in AUTO.score([text])]


@pytest.mark.parametrize("piece", STRANGE)
@pytest.mark.parametrize("language", ["en", None])
def test_a_huge_text_takes_bounded_time(piece: str, language: str | None) -> None:
    text = Text(text=piece * (2_000_000 // len(piece)), language=language)
    AUTO.score([Text(text="warm up", language=None)])
    began = time.process_time()
    AUTO.score([text])
    assert time.process_time() - began < CEILING
