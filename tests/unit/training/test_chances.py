"""How margins and looks become the chances of one language."""

import numpy as np
import pytest
from training.calibration import ANGRY, Measured, combined

from emberwatch.scorers.model import GIVEN, HEADS, given

LOOKS = range(HEADS + 1, GIVEN - 1)
ROWS = 600


@pytest.fixture(scope="module")
def rows() -> Measured:
    """Return posts whose margins say little, and in which a last stop tells who is angry."""
    chance = np.random.default_rng(7)
    stops = chance.integers(0, 2, ROWS).astype(float)
    angry = np.where(chance.random(ROWS) < 0.9, stops, 1.0 - stops)
    looks = np.column_stack((chance.uniform(1.0, 6.0, ROWS), stops))
    margins = chance.normal(size=(ROWS, HEADS))
    return Measured(
        given=given(margins, np.zeros(ROWS), looks),
        languages=np.full(ROWS, "en"),
        sources=np.full(ROWS, "posts"),
        anger=angry,
        sentiment=np.where(angry == 1.0, -1.0, 1.0),
    )


def test_the_chance_of_anger_alone_sees_how_a_text_looks(rows: Measured) -> None:
    found = combined(rows, np.eye(HEADS, GIVEN), 1.0, 1.0)
    assert found[ANGRY, HEADS + 2] > 1.0
    assert not found[ANGRY + 1 :, LOOKS].any()


def test_looks_are_pulled_by_themselves_towards_what_they_say_elsewhere(rows: Measured) -> None:
    towards = np.eye(HEADS, GIVEN)
    free = combined(rows, towards, 1.0, 1e9)
    assert np.abs(free[ANGRY, LOOKS]).max() < 1e-3
    assert abs(free[ANGRY, ANGRY] - 1.0) > 0.1
    held = combined(rows, towards, 1e9, 1.0)
    assert held[ANGRY, ANGRY] == pytest.approx(1.0, abs=1e-3)
    assert held[ANGRY, HEADS + 2] > 1.0
