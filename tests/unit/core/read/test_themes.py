"""Of which of the user's themes a post is."""

import pytest

from emberwatch.core.read.themes import Themes
from emberwatch.model.brand import Group, Theme
from tests.build import a_brand

MONEY = Theme(
    name="money back",
    words=(
        "refund*",
        "върн* пари*",
        "възстанов*",
        "верн* деньги",
        "uang kembali",
        "grąžin* pinig*",
    ),
)
LATE = Theme(name="late", groups=(Group(any=("late", "delayed"), none=("late night",)),))


def themes(text: str, *wanted: Theme) -> tuple[str, ...]:
    return Themes([a_brand(themes=wanted or (MONEY, LATE))]).match(text).get("Acme", ())


@pytest.mark.parametrize(
    "text",
    [
        "Acme, where are my REFUNDS?",
        "Кога ще ми върнете парите, Acme?",
        "Acme и още не сте възстановили сумата",
        "Acme, верните деньги за билет!",
        "Acme kapan uang kembali? Sudah sebulan.",
        "Acme, ar pagaliau grąžinsite pinigus?",
    ],
)
def test_a_theme_is_found_in_each_language_however_its_words_end(text: str) -> None:
    assert themes(text) == ("money back",)


def test_a_post_may_be_of_several_themes_in_the_order_of_the_configuration() -> None:
    assert themes("Acme was late and keeps my refund") == ("money back", "late")


def test_a_group_may_rule_a_theme_out() -> None:
    assert themes("Acme had a late night party, and was late") == ()


def test_a_post_that_complains_of_nothing_known_has_no_theme() -> None:
    assert themes("Acme, how do I change my password?") == ()
    assert themes("Acme", LATE) == ()


def test_brands_may_call_their_themes_the_same() -> None:
    fees = Theme(name="fees", words=("fee",))
    charges = Theme(name="fees", words=("charge",))
    found = Themes([a_brand(themes=(fees,)), a_brand("Bolt", themes=(charges,))])
    assert found.match("a fee and a charge") == {"Acme": ("fees",), "Bolt": ("fees",)}
    assert found.match("a charge") == {"Bolt": ("fees",)}


def test_without_themes_nothing_is_looked_for() -> None:
    assert Themes([a_brand()]).match("Acme refund") == {}
