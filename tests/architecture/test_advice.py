"""Every piece of advice is served: there is a test that bears its id."""

from pathlib import Path

import pytest

from tests import advice


@pytest.fixture(scope="module")
def written(root: Path) -> dict[str, list[str]]:
    return advice.written(root / "tests")


@pytest.mark.parametrize("id", advice.ROWS)
def test_every_piece_of_advice_has_a_test(written: dict[str, list[str]], id: str) -> None:
    assert written.get(id), f"{id} ({advice.ROWS[id]}): no test bears its id"


def test_no_test_bears_an_id_that_is_none(written: dict[str, list[str]]) -> None:
    assert set(written) - set(advice.ROWS) == set()


def test_the_rows_are_those_of_the_articles_and_of_the_rules() -> None:
    rows = [f"A{number}" for number in range(1, 18)] + [f"R{number}" for number in range(1, 17)]
    assert list(advice.ROWS) == rows


@pytest.mark.parametrize(
    ("name", "marked", "ids"),
    [
        ("test_a12_r5_a_threat_stands_before_all_else", (), ("A12", "R5")),
        ("test_r16_words[en-but]", (), ("R16",)),
        ("test_a_storm", ("A4",), ("A4",)),
        ("test_a4_a_storm", ("A4", "R1"), ("A4", "R1")),
        ("test_reading_a1", (), ()),
    ],
)
def test_an_id_stands_in_the_name_or_in_the_marker(name, marked, ids) -> None:
    assert advice.ids_of(name, marked) == ids


def test_the_cases_of_one_test_count_once_and_a_name_with_the_id_is_the_example() -> None:
    lines = advice.table(
        [
            ("tests/x.py::test_a1_a_longer_name[1]", ["A1"]),
            ("tests/x.py::test_a1_a_longer_name[2]", ["A1"]),
            ("tests/y.py::test_short", ["A1"]),
        ]
    )
    assert lines[0].startswith("A1     2  straight to who can solve it")
    assert lines[0].endswith(" test_a1_a_longer_name")
    assert lines[1].endswith(" -")
