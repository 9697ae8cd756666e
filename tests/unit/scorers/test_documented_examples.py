"""What the documents say of negation, emoji, sarcasm and the like is what the scorer does."""

import re
from pathlib import Path

import pytest

from emberwatch.core.read.quality import NEGATIVE, NEUTRAL, POSITIVE, class_of
from emberwatch.model.mention import Score
from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.vader import Vader

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "scoring.md"
ROW = re.compile(r"^\| (?P<what>.+?) \| (?P<text>.+?) \| (?P<tag>\w*) ?\| (?P<said>.+?) \|")
NAMES = {NEGATIVE: "negative", NEUTRAL: "neutral", POSITIVE: "positive"}
COLD = 0.4


def examples() -> list[tuple[str, str | None, str]]:
    """Return (text, language, what it is taken for) of every row of the table."""
    page = PAGE.read_text()
    _, _, table = page.partition("| what | example | in |")
    found = []
    for line in table.partition("\n\n")[0].splitlines()[2:]:
        row = ROW.match(line)
        assert row, line
        found.append((row["text"], row["tag"] or None, row["said"]))
    return found


@pytest.fixture(scope="module")
def auto() -> Auto:
    return Auto()


def score(scorer: Auto | Vader, text: str, language: str | None) -> Score:
    (one,) = scorer.score([Text(text=text, language=language)])
    return one


def test_the_table_names_all_that_people_ask_for() -> None:
    whats = {row["what"] for line in PAGE.read_text().splitlines() if (row := ROW.match(line))}
    wanted = ("mixed languages", "negation of a listed word", "emoji alone", "elongated words")
    assert {*wanted, "hashtags in camel case", "sarcasm", "code-switching"} <= whats


@pytest.mark.parametrize(("text", "language", "said"), examples())
def test_an_example_is_taken_for_what_the_page_says(
    auto: Auto, text: str, language: str | None, said: str
) -> None:
    judged = score(auto, text, language)
    kind, _, calmer = said.partition("angrier than: ")
    if calmer:
        assert (judged.anger or 0) > (score(auto, calmer, language).anger or 0)
    elif said == "not judged":
        assert not judged.judged
    else:
        assert NAMES[class_of(judged.sentiment or 0)] == kind.partition(",")[0]
        if "anger below" in said:
            assert 0 < (judged.anger or 0) < COLD


@pytest.mark.parametrize(
    "text", ["the train is late 🤬", "WHERE IS MY PARCEL", "late again 😡😡😡"]
)
def test_vader_itself_stays_blind_to_emoji_and_capitals(text: str) -> None:
    assert score(Vader(), text, "en").sentiment == 0
