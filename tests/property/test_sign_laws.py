"""Whatever strangers write, their signs are read, and soon."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.read.phrases import spaced
from emberwatch.core.read.signs import LANGUAGES, LONGEST, amounts, read_signs
from emberwatch.model.sign import SignKind

PIECES = [
    "I'll sue you", "see you in court", "refund", "$1,200.50", "45 days", "верните деньги", "?",
    "you idiots", "grąžinkit", "ще ви съдя", "uang saya", "\ud800", "\x00", "🤬", "İ", "ﬁ",
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(), max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
)
languages = st.sampled_from([*LANGUAGES, "de", "", None])
angers = st.one_of(st.none(), st.floats(0, 1))


@given(texts, languages, angers)
@settings(deadline=None)
def test_each_sign_is_read_at_most_once_and_in_order(
    text: str, language: str | None, anger: float | None
) -> None:
    kinds = [sign.kind for sign in read_signs(text, language, anger)]
    assert kinds == [kind for kind in SignKind if kind in kinds]


@given(texts, languages)
@settings(deadline=None)
def test_wider_blanks_change_no_sign(text: str, language: str | None) -> None:
    def kinds(of: str) -> list[SignKind]:
        return [sign.kind for sign in read_signs(of, language, 0.9)]

    assert kinds(text.replace(" ", "   ")) == kinds(text)


@given(texts)
def test_spaced_words_stay_as_they_are(text: str) -> None:
    once = spaced(text)
    assert spaced(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "i will ", "1 ", "1,000.", "you ", "(", "?!", "а", "ще ви ", "i will kill you in ", "$ 1 ",
        "two days ", "fuck you ", "money from my ", "the the ", "'", "a'",
        "\ufdfa",  # one sign that folds into eighteen
    ],
)  # fmt: skip
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (LONGEST // len(piece))
    read_signs("a first word", None, None)
    began = time.process_time()
    read_signs(text, None, 0.9)
    amounts(text)
    # ten times what a text may take
    assert time.process_time() - began < 0.2
