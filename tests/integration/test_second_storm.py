"""A storm that a person has dealt with does not hide the next one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.model.alert import Fire
from emberwatch.model.incident import Action, Status
from tests.build import NOON, minutes
from tests.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path / "watch.db", NOON)
    town.say("fine", 200, minutes(10))
    town.say("awful", 30, minutes(1))
    yield town
    town.store.close()


def test_what_is_left_of_a_storm_that_a_person_closed_rings_nobody(town: Town) -> None:
    (first,) = town.incidents()
    town.close(first)
    told = town.told(first)
    town.say("awful", 5, minutes(10))
    town.rest(timedelta(hours=12))
    assert [each.id for each in town.incidents()] == [first.id]
    assert town.told(first) == told


@pytest.mark.parametrize("calm", [3, 5, 7, 13])
def test_a_second_storm_after_a_person_closed_the_first_is_a_second_incident(
    town: Town, calm: int
) -> None:
    (first,) = town.incidents()
    town.close(first)
    town.rest(timedelta(hours=calm))
    began_at = town.now
    town.say("awful", 30, minutes(1))
    before, after = town.incidents()
    assert (before.id, before.status) == (first.id, Status.RESOLVED)
    assert (after.previous_id, after.status) == (first.id, Status.OPEN)
    assert town.told(after)[0] == "incident.opened"
    assert after.opened_at - began_at <= minutes(10)
    assert after.first_post_at is not None
    assert after.first_post_at > began_at


@pytest.mark.parametrize("calm", [45, 60, 90, 120])
def test_a_second_storm_while_the_first_is_still_in_hand_is_told_within_minutes(
    town: Town, calm: int
) -> None:
    town.rest(minutes(calm))
    (before,) = town.incidents()
    began_at = town.now
    town.say("awful", 15, minutes(1))
    (after,) = town.incidents()
    assert after.fire is Fire.GROWING
    assert before.fire is not Fire.GROWING
    assert after.timeline[-1].action is Action.UPDATED
    assert timedelta() < after.timeline[-1].at - began_at <= minutes(15)
    assert town.told(after)[-1] == "incident.updated"


@pytest.mark.parametrize("calm", [45, 60])
def test_a_second_storm_soon_after_the_close_is_a_second_incident(town: Town, calm: int) -> None:
    (first,) = town.incidents()
    town.close(first)
    town.rest(minutes(calm))
    began_at = town.now
    town.say("awful", 20, minutes(1))
    before, after = town.incidents()
    assert (before.id, after.previous_id) == (first.id, first.id)
    assert after.opened_at - began_at <= minutes(20)
    assert town.told(after)[0] == "incident.opened"


@pytest.mark.parametrize(("calm", "incidents"), [(3, 1), (8, 2), (13, 2), (20, 2)])
def test_a_second_storm_that_nobody_dealt_with_is_a_second_incident_after_the_quiet(
    town: Town, calm: int, incidents: int
) -> None:
    town.rest(timedelta(hours=calm))
    town.say("awful", 30, minutes(1))
    assert len(town.incidents()) == incidents
