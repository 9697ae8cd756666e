"""A person's verdict of a post."""

import pytest

from emberwatch.model.mention import Correction
from tests.build import NOON


@pytest.mark.parametrize(
    "said",
    [{}, {"anger": 1.1}, {"anger": -0.1}, {"sentiment": -1.1}, {"sentiment": float("nan")}],
)
def test_a_verdict_that_cannot_be_right_refuses_to_exist(said: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="correction of 'p'"):
        Correction(post_id="p", by="anna", at=NOON, **said)


@pytest.mark.parametrize("said", [{"anger": 0.0}, {"sentiment": -1.0, "anger": 1.0}])
def test_either_or_both_may_be_said(said: dict[str, float]) -> None:
    assert Correction(post_id="p", by="anna", at=NOON, **said).by == "anna"
