"""Which plug-ins are installed, and what happens when one cannot be used."""

from importlib.metadata import EntryPoint

import pytest

from emberwatch.model.errors import ConfigError
from emberwatch.runtime import plugins
from emberwatch.runtime.plugins import Offers


def a_point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="emberwatch.sources")


def test_a_plug_in_is_found_by_its_kind() -> None:
    offers = Offers("source", (a_point("x", "collections:OrderedDict"),))

    assert list(offers) == ["x"]
    assert len(offers) == 1
    assert offers["x"].__name__ == "OrderedDict"


def test_asking_whether_there_is_one_imports_nothing() -> None:
    offers = Offers("source", (a_point("x", "no_such_module:X"),))

    assert "x" in offers
    assert "y" not in offers


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (
            "no_such_module:X",
            "the source 'x' cannot be loaded from no_such_module:X "
            "(ModuleNotFoundError: No module named 'no_such_module')",
        ),
        (
            "collections:Nothing",
            "the source 'x' cannot be loaded from collections:Nothing "
            "(AttributeError: module 'collections' has no attribute 'Nothing')",
        ),
        ("os:getcwd", "the source 'x' (os:getcwd) is not a class"),
    ],
)
def test_one_that_cannot_be_used_says_why(value: str, why: str) -> None:
    offers = Offers("source", (a_point("x", value),))

    with pytest.raises(ConfigError) as caught:
        offers["x"]

    assert caught.value.problems == (why,)


def test_two_packages_with_one_kind_are_told_apart() -> None:
    offers = Offers(
        "source", (a_point("x", "collections:OrderedDict"), a_point("x", "collections:Counter"))
    )

    with pytest.raises(ConfigError) as caught:
        offers["x"]

    assert caught.value.problems == (
        "several packages offer the source 'x' (collections:Counter, collections:OrderedDict): "
        "uninstall all but one",
    )


def test_an_installation_found_twice_counts_once() -> None:
    point = a_point("x", "collections:OrderedDict")

    assert Offers("source", (point, point))["x"].__name__ == "OrderedDict"


def test_ours_are_installed_like_everybodys() -> None:
    assert {"rss", "mastodon", "hackernews", "jsonl"} <= {*plugins.sources()}
    assert {"webhook", "console"} <= {*plugins.notifiers()}
    assert "vader" in plugins.scorers()
    assert {"spike", "pile_on", "watch"} <= {*plugins.detectors()}
    assert {*plugins.installed().sources} == {*plugins.sources()}
    assert {*plugins.installed().notifiers} == {*plugins.notifiers()}
