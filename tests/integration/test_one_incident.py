"""One trouble is one incident: one page, however long it burns and however many reasons it has."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.model.alert import AlertKind, Fire
from emberwatch.model.brand import Theme
from tests.build import NOON, minutes
from tests.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path / "watch.db", NOON)
    town.say("fine", 200, minutes(10))
    yield town
    town.store.close()


@pytest.mark.advice("A4")
def test_a_storm_and_its_thread_are_one_incident_with_both_reasons(town: Town) -> None:
    root = town.answer("awful", 20, minutes(0.3))
    town.say("awful", 10, minutes(1))
    town.answer("awful", 290, minutes(0.1), root)
    (incident,) = town.incidents()
    assert {AlertKind.SPIKE, AlertKind.PILE_ON} <= set(incident.kinds)
    reasons = {alert.kind: alert.reason for alert in incident.alerts}
    assert "angry voices" in reasons[AlertKind.SPIKE]
    assert "reactions" in reasons[AlertKind.PILE_ON]
    assert town.told(incident).count("incident.opened") == 1


def test_states_of_the_fire_are_updates_and_never_a_new_page(town: Town) -> None:
    town.say("awful", 30, minutes(1))
    fires = set()
    for _ in range(3):
        town.rest(timedelta(hours=2))
        (incident,) = town.incidents()
        fires.add(incident.fire)
        town.say("awful", 30, minutes(1))
        (incident,) = town.incidents()
        fires.add(incident.fire)
    assert {Fire.OUT, Fire.GROWING} <= fires
    told = town.told(incident)
    assert told[0] == "incident.opened"
    assert set(told[1:]) == {"incident.updated"}


def test_a_steady_fire_is_never_mute_and_takes_in_what_comes_of_it(town: Town) -> None:
    for hour in range(16):
        town.say("awful", 15, minutes(4))
        (incident,) = town.incidents()
        assert incident.fire in (Fire.GROWING, Fire.BURNING), hour
        assert any(each.kind is AlertKind.SPIKE and each.is_open for each in incident.alerts)
    town.answer("awful", 150, minutes(0.1))
    (incident,) = town.incidents()
    assert AlertKind.PILE_ON in incident.kinds
    assert town.told(incident).count("incident.opened") == 1


def test_nothing_against_nothing_never_rings(tmp_path: Path) -> None:
    town = Town(tmp_path / "silent.db", NOON)
    town.rest(timedelta(days=2))
    town.say("fine", 1, minutes(1))
    town.rest(timedelta(days=1))
    assert town.incidents() == []
    town.store.close()


THEMES = (Theme(name="fees", words=("fees",)), Theme(name="late", words=("late",)))


@pytest.mark.parametrize("is_named", [True, False])
def test_a_pile_on_about_something_else_is_another_trouble_where_themes_are_named(
    tmp_path: Path, is_named: bool
) -> None:
    town = Town(tmp_path / "themes.db", NOON, THEMES if is_named else ())
    town.say("fine", 200, minutes(10))
    town.say("awful about fees", 30, minutes(1))
    town.answer("awful, and late again", 400, minutes(0.1))
    found = town.incidents()
    held = {each.themes: set(each.kinds) - {AlertKind.SURGE} for each in found}
    if is_named:
        assert held == {("fees",): {AlertKind.SPIKE}, ("late",): {AlertKind.PILE_ON}}
        assert [town.told(each)[0] for each in found] == ["incident.opened"] * 2
    else:
        assert held == {(): {AlertKind.SPIKE, AlertKind.PILE_ON}}
    town.store.close()


def test_a_thread_and_the_spike_that_it_makes_are_one_trouble_where_themes_are_named(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path / "thread.db", NOON, THEMES)
    town.say("fine", 200, minutes(10))
    root = town.answer("awful about fees", 20, minutes(0.3))
    town.say("awful about fees", 10, minutes(1))
    town.answer("awful about fees", 290, minutes(0.1), root)
    (incident,) = town.incidents()
    assert {AlertKind.SPIKE, AlertKind.PILE_ON} <= set(incident.kinds)
    assert incident.themes == ("fees",)
    town.store.close()
