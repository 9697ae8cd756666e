"""What we watch for, and what it refuses to be."""

import pytest

from emberwatch.model.brand import Brand, Group, Theme
from tests.build import a_brand


@pytest.mark.parametrize(
    "spelt",
    [
        {"words": ("acme",)},
        {"handles": ("@acme",)},
        {"hashtags": ("#acme",)},
        {"groups": (Group(all=("acme", "bank")),)},
    ],
)
def test_a_brand_may_be_spelt_in_any_one_way(spelt: dict) -> None:
    assert Brand(name="Acme", **spelt).name == "Acme"


def test_a_brand_that_nothing_spells_refuses_to_exist() -> None:
    with pytest.raises(ValueError, match="brand 'Acme': needs words, handles, hashtags or groups"):
        Brand(name="Acme", exclude=("acme road",))


def test_a_group_of_exclusions_alone_refuses_to_exist() -> None:
    with pytest.raises(ValueError, match="needs words under 'any' or 'all'"):
        Group(none=("road",))


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_of_no_false_alarm_at_all_refuses_to_exist(budget: float) -> None:
    with pytest.raises(ValueError, match="brand 'Acme': false_alarms_per_month must be above 0"):
        a_brand(false_alarms_per_month=budget)


def test_one_voice_is_no_pile_on() -> None:
    assert a_brand(pile_on_floor=2).pile_on_floor == 2
    with pytest.raises(ValueError, match="brand 'Acme': pile_on_floor must be at least 2"):
        a_brand(pile_on_floor=1)


def test_a_theme_that_nothing_tells_refuses_to_exist() -> None:
    with pytest.raises(ValueError, match="theme 'refunds': needs words or groups"):
        Theme(name="refunds")
