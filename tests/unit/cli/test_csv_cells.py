"""Cells that strangers wrote do nothing in a spreadsheet."""

import pytest

from emberwatch.cli.csv_rows import harmless


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_cell_that_would_run_is_told_to_be_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Acme", "5 = 5", "", None, -3.5, 7])
def test_any_other_cell_stays_what_it_is(cell: object) -> None:
    assert harmless(cell) is cell
