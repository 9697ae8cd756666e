"""A post that speaks of a brand, and how it sounds."""

from dataclasses import replace

import pytest

from emberwatch.model.mention import NO_WORDS, Score
from tests.build import a_mention, a_score


def test_one_post_is_a_mention_of_its_own_for_each_brand() -> None:
    assert a_mention("1").id == "Acme|jsonl::post:1"
    assert a_mention("1", brand="Other").id == "Other|jsonl::post:1"


def test_a_judgement_without_a_sentiment_refuses_to_exist() -> None:
    with pytest.raises(ValueError, match="scorer 'vader': judged, but without a sentiment"):
        Score(scorer="vader", judged=True, anger=0.4)


@pytest.mark.parametrize("facts", [{"sentiment": -0.5}, {"anger": 0.5}])
def test_what_was_not_judged_has_neither_sentiment_nor_anger(facts: dict) -> None:
    with pytest.raises(ValueError, match="scorer 'vader': not judged, but with"):
        Score(scorer="vader", **facts)


def test_a_sentiment_may_stand_without_an_anger() -> None:
    score = Score(scorer="model", judged=True, sentiment=-0.7)
    assert score.anger is None


@pytest.mark.parametrize(
    ("judged_in", "tag", "language"),
    [("bg", "en", "bg"), (None, "en", "en"), (NO_WORDS, "en", "en"), (NO_WORDS, None, None)],
)
def test_the_language_is_that_judged_in_or_else_that_of_the_site(
    judged_in: str | None, tag: str | None, language: str | None
) -> None:
    mention = replace(a_mention(language=tag), score=a_score(language=judged_in))
    assert mention.language == language
