"""How problems are pointed at and worded."""

import pytest

from emberwatch.config.tree import (
    Entries,
    Entry,
    Findings,
    Items,
    Place,
    Text,
    Way,
    did_you_mean,
    find,
    key_place,
    place,
    shown,
    spell,
)

TREE = Entries(
    at=Place(1, 1),
    entries=(
        Entry(
            key="words",
            at=Place(1, 1),
            value=Items(at=Place(1, 8), items=(Text(at=Place(1, 9), text="a", is_plain=True),)),
        ),
    ),
)


@pytest.mark.parametrize(
    ("way", "spelled"),
    [
        ((), ""),
        (("brands", 0, "words", 12), "brands[0].words[12]"),
        (("a-b", "c d", "e"), "a-b.'c d'.e"),
        (("a\nb",), "'a\\nb'"),
    ],
)
def test_a_way_is_spelled_as_people_do(way: Way, spelled: str) -> None:
    assert spell(way) == spelled


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a", "'a'"),
        ("a\x1b[0m\n", "'a\\x1b[0m\\n'"),
        ("\ud800", "'\\ud800'"),
        ("щ🤬", "'щ🤬'"),
        ("x" * 70, "'" + "x" * 59 + "…'"),
        (["a"], "a list"),
        ({"a": "b"}, "a mapping"),
        (3, "'3'"),
    ],
)
def test_a_value_is_shown_short_and_harmless(value: object, said: str) -> None:
    assert shown(value) == said


@pytest.mark.parametrize(
    ("way", "line", "column"),
    [((), 1, 1), (("words",), 1, 8), (("words", 0), 1, 9), (("words", 1), 1, 8), (("x", 0), 1, 1)],
)
def test_what_is_not_there_is_placed_where_it_should_be(way: Way, line: int, column: int) -> None:
    assert place(TREE, way) == Place(line, column)


def test_a_key_that_is_not_there_is_placed_where_it_should_be() -> None:
    assert key_place(TREE, ("words",)) == Place(1, 1)
    assert key_place(TREE, ("words", 0)) == Place(1, 9)
    assert key_place(TREE, ("nothing",)) == Place(1, 1)


def test_a_way_that_leads_nowhere_finds_nothing() -> None:
    assert find(TREE, ("words", 0, "deeper")) is None


def test_a_name_far_from_all_others_gets_no_suggestion() -> None:
    assert did_you_mean("zebra", ("words", "handles")) == ""


def test_a_suggestion_forgives_capitals() -> None:
    assert did_you_mean("ACMÉ", ("Acme",)) == "; did you mean 'Acme'?"


def test_the_same_problem_is_told_once() -> None:
    findings = Findings()

    findings.add(("a",), Place(2, 1), "is wrong")
    findings.add(("a",), Place(2, 1), "is wrong")
    findings.add(("b",), Place(1, 5), "is odd")

    assert findings.lines("f.yaml") == ("f.yaml:1:5: b: is odd", "f.yaml:2:1: a: is wrong")
