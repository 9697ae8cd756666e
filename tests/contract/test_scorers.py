"""Every scorer keeps the promises of its port, and the checks notice when one does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from emberwatch.model.mention import Score
from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.vader import Vader
from emberwatch.testing import check_scorer


def test_vader_keeps_the_contract() -> None:
    check_scorer(Vader())


def test_auto_keeps_the_contract() -> None:
    check_scorer(Auto())


class Bent:
    """Vader, with its scores bent."""

    kind: ClassVar[str] = "bent"

    def __init__(self, bend: Callable[[list[Score]], list[Score]]) -> None:
        self._vader = Vader()
        self._bend = bend

    def score(self, texts: Sequence[Text]) -> list[Score]:
        return self._bend(self._vader.score(texts))


CALM = Score(sentiment=0.0, negative=0.5, anger=0.0, judged=True, language="en", scorer="bent")


def _worse_in_company(scores: list[Score]) -> list[Score]:
    return [replace(score, confidence=1 / len(scores)) for score in scores]


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (lambda scores: scores[:-1], "12 scores for 13 texts"),
        (lambda scores: [CALM for _ in scores], "judged without a word"),
        (lambda scores: [replace(s, confidence=2.0) for s in scores], "confidence is 2.0"),
        (lambda scores: [replace(s, scorer="") for s in scores], "does not name its scorer"),
        (lambda scores: [replace(s, negative=0.5) for s in scores], "with a negative"),
        (lambda scores: [replace(s, language=None) for s in scores], "judged in no language"),
        (lambda scores: [*scores, CALM], "no texts must give no scores"),
        (_worse_in_company, "in the company of others"),
    ],
)
def test_a_broken_promise_is_named(bend: Callable[[list[Score]], list[Score]], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check_scorer(Bent(bend))


def test_options_that_could_change_are_refused() -> None:
    @dataclass
    class Loose:
        least: float = 0.3

    class Optional(Vader):
        Options: ClassVar[type] = Loose

    with pytest.raises(AssertionError, match=r"Optional\.Options: not frozen"):
        check_scorer(Optional())


def test_a_kind_in_capitals_is_refused() -> None:
    class Loud(Vader):
        kind: ClassVar[str] = "LOUD"

    with pytest.raises(AssertionError, match="not in lower case"):
        check_scorer(Loud())
