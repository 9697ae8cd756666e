"""What the scorer `auto` makes of posts."""

from collections.abc import Callable
from math import exp
from pathlib import Path

import numpy as np
import pytest

from emberwatch.core.read.quality import roc_area
from emberwatch.model.mention import NO_WORDS, Score
from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.model import given, shipped

SENTENCES = Path(__file__).parents[3] / "src" / "emberwatch" / "demo" / "sentences"


@pytest.fixture(scope="module")
def auto() -> Auto:
    return Auto()


def sentences(language: str, kind: str) -> list[Text]:
    lines = (SENTENCES / f"{language}.{kind}.txt").read_text(encoding="utf-8").splitlines()
    return [Text(text=line, language=language) for line in lines if line.strip()]


def area(auto: Auto, language: str, of: Callable[[Score], float | None]) -> float:
    """Return the chance that an angry sentence of the demo scores above a calm one."""
    angry, calm = (auto.score(sentences(language, kind)) for kind in ("angry", "calm"))
    found = roc_area(
        [True] * len(angry) + [False] * len(calm), [of(score) or 0.0 for score in (*angry, *calm)]
    )
    assert found is not None
    return found


@pytest.mark.advice("A17")
@pytest.mark.parametrize("language", ["en", "bg", "ru", "id"])
def test_angry_sentences_rise_above_calm_ones(auto: Auto, language: str) -> None:
    assert area(auto, language, lambda score: score.anger) >= 0.85


def test_a_chance_is_that_of_margins_and_looks_together(auto: Auto) -> None:
    text = "Опять опоздали на час. Верните деньги."
    model = shipped()
    reading = model.read([text])
    facts = given(reading.margins, np.zeros(1), reading.looks)[0]
    odds = float(model.tongues["ru"].combine[0] @ facts)
    (score,) = auto.score([Text(text=text, language="ru")])
    assert score.anger == pytest.approx(1.0 / (1.0 + exp(-odds)), abs=1e-9)


def test_angry_lithuanian_is_more_negative_than_calm(auto: Auto) -> None:
    assert area(auto, "lt", lambda score: score.negative) >= 0.8


def test_lithuanian_has_no_anger_because_none_was_measured(auto: Auto) -> None:
    (score,) = auto.score([Text(text="Siaubingas aptarnavimas, gėda!", language="lt")])
    assert score.judged
    assert score.anger is None


@pytest.mark.advice("A17")
@pytest.mark.parametrize(
    "text",
    [
        "Twende pamoja nyumbani kesho asubuhi",
        "   ",
        "https://a.example/",
        "@acme 12:30 ->",
        "🇧🇬🇧🇬",
        "\ufe0f\u200d",
        "Twende pamoja nyumbani kesho asubuhi 🤬",
    ],
)
def test_what_was_not_measured_is_not_judged(auto: Auto, text: str) -> None:
    (score,) = auto.score([Text(text=text, language="sw")])
    assert (score.judged, score.sentiment, score.negative, score.anger) == (False, None, None, None)
    assert score.scorer == "auto"


@pytest.mark.parametrize("angry", ["🤬🤬🤬", "😡", "@acme 🤬👎 https://a.example/", "🖕🏽 12!"])
@pytest.mark.parametrize("kind", ["❤️", "@acme 👏👏", "😍🎉", "👍🏽"])
def test_a_post_of_emoji_alone_is_judged_by_them(auto: Auto, angry: str, kind: str) -> None:
    bad, good = auto.score([Text(text=angry, language="bg"), Text(text=kind, language="sw")])
    assert bad.judged
    assert good.judged
    assert (bad.sentiment or 0) < 0 < (good.sentiment or 0)
    assert (bad.anger or 0) > 3 * (good.anger or 0)
    assert (bad.language, good.language) == (NO_WORDS, NO_WORDS)


def test_emoji_alone_are_named_as_what_weighed_most(auto: Auto) -> None:
    (score,) = auto.score([Text(text="@acme 🤬🤬🤬")])
    assert score.why == ("🤬",)


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


def test_a_positive_post_names_the_words_that_made_it_so(auto: Auto) -> None:
    (score,) = auto.score([Text(text="great, another 3 hour delay. thanks", language="en")])
    assert (score.sentiment or 0) >= 0.05
    assert set(score.why[:2]) == {"great", "thanks"}


def test_praise_is_positive_and_a_statement_neutral(auto: Auto) -> None:
    praise, statement = auto.score(
        [
            Text(text="Wonderful staff, thank you so much!", language="en"),
            Text(text="The train to the harbour leaves at six from platform two", language="en"),
        ]
    )
    assert (praise.sentiment or 0) >= 0.05
    assert abs(statement.sentiment or 0) < 0.05


@pytest.mark.parametrize(
    "text", ["𝓘 𝓱𝓪𝓽𝓮 𝔂𝓸𝓾, 𝔀𝓸𝓻𝓼𝓽 𝓼𝓮𝓻𝓿𝓲𝓬𝓮", "Ｉ ｈａｔｅ ｙｏｕ, ｗｏｒｓｔ ｓｅｒｖｉｃｅ"]
)
def test_letters_for_their_looks_are_read_as_plain_ones(auto: Auto, text: str) -> None:
    dressed, plain = auto.score([Text(text=text), Text(text="I hate you, worst service")])
    assert dressed == plain
    assert dressed.judged


def test_no_texts_have_no_scores(auto: Auto) -> None:
    assert auto.score([]) == []
