"""What the scorer `auto` makes of posts."""

from pathlib import Path

import numpy as np
import pytest

from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.figures import roc_area

SENTENCES = Path(__file__).parents[3] / "src" / "emberwatch" / "demo" / "sentences"


@pytest.fixture(scope="module")
def auto() -> Auto:
    return Auto()


def sentences(language: str, kind: str) -> list[Text]:
    lines = (SENTENCES / f"{language}.{kind}.txt").read_text(encoding="utf-8").splitlines()
    return [Text(text=line, language=language) for line in lines if line.strip()]


@pytest.mark.parametrize(
    ("language", "least"), [("en", 0.9), ("bg", 0.85), ("ru", 0.9), ("id", 0.9)]
)
def test_angry_sentences_rise_above_calm_ones(auto: Auto, language: str, least: float) -> None:
    angry = [score.anger for score in auto.score(sentences(language, "angry"))]
    calm = [score.anger for score in auto.score(sentences(language, "calm"))]
    is_angry = np.arange(len(angry) + len(calm)) < len(angry)
    assert roc_area(np.array([*angry, *calm], dtype=np.float64), is_angry) >= least


def test_angry_lithuanian_is_more_negative_than_calm(auto: Auto) -> None:
    angry = auto.score(sentences("lt", "angry"))
    calm = auto.score(sentences("lt", "calm"))
    is_angry = np.arange(len(angry) + len(calm)) < len(angry)
    negative = np.array([score.negative for score in (*angry, *calm)], dtype=np.float64)
    assert roc_area(negative, is_angry) >= 0.7


def test_lithuanian_has_no_anger_because_none_was_measured(auto: Auto) -> None:
    (score,) = auto.score([Text(text="Siaubingas aptarnavimas, gėda!", language="lt")])
    assert score.judged
    assert score.anger is None


@pytest.mark.parametrize(
    "text", ["Twende pamoja nyumbani kesho asubuhi", "   ", "🤬🤬", "https://a.example/"]
)
def test_what_was_not_measured_is_not_judged(auto: Auto, text: str) -> None:
    (score,) = auto.score([Text(text=text, language="sw")])
    assert (score.judged, score.sentiment, score.negative, score.anger) == (False, None, None, None)
    assert score.scorer == "auto"


def test_emoji_and_capitals_raise_anger_in_english(auto: Auto) -> None:
    plain, emoji, loud = (
        score.anger or 0.0
        for score in auto.score(
            [
                Text(text="my train is late again", language="en"),
                Text(text="my train is late again 🤬😡", language="en"),
                Text(text="MY TRAIN IS LATE AGAIN!!!", language="en"),
            ]
        )
    )
    assert emoji > plain
    assert loud > plain


def test_a_negative_post_names_the_words_that_made_it_so(auto: Auto) -> None:
    (score,) = auto.score([Text(text="What a horrible, disgusting train", language="en")])
    assert (score.sentiment or 0) <= -0.05
    assert {"horrible", "disgusting"} & set(score.why)


def test_praise_is_positive_and_a_statement_neutral(auto: Auto) -> None:
    praise, statement = auto.score(
        [
            Text(text="Wonderful staff, thank you so much!", language="en"),
            Text(text="The train to the harbour leaves at six from platform two", language="en"),
        ]
    )
    assert (praise.sentiment or 0) >= 0.05
    assert abs(statement.sentiment or 0) < 0.05


def test_no_texts_have_no_scores(auto: Auto) -> None:
    assert auto.score([]) == []
