"""What was promised, and whether it was kept (advice A2, rule R1)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.playbook import Advice
from emberwatch.core.respond.promises import (
    Level,
    Promise,
    Standing,
    levels_of,
    promised,
    standings,
)
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import REPLAY, Action, Incident
from emberwatch.model.team import ServiceLevels, Span, Team
from tests.build import NOON, an_alert, minutes

AT_ONCE = Advice(
    rule="R1", name="now", say="now", why="it rang", acknowledge=minutes(2), answer=minutes(5)
)
SUPPORT = Team(
    name="support",
    service_levels=ServiceLevels(
        acknowledge=minutes(15), first_response=timedelta(hours=1), resolve=timedelta(hours=8)
    ),
)


def an_incident(**facts: object) -> Incident:
    return promised(triage.open_incident(an_alert(**facts), {}, None), SUPPORT, (AT_ONCE,))


def done(incident: Incident, action: Action, after: float) -> Incident:
    return act(incident, Deed(action=action, by="anna", at=NOON + minutes(after)))


def standing(incident: Incident, promise: Promise, after: float = 600) -> Standing:
    return level(incident, promise, after).standing


def level(incident: Incident, promise: Promise, after: float = 600) -> Level:
    (found,) = (
        each for each in standings(incident, NOON + minutes(after)) if each.promise is promise
    )
    return found


# ---------------------------------------------------------------- what is promised
def test_r1_without_a_team_the_playbook_promises() -> None:
    assert levels_of(None, (AT_ONCE,)) == ServiceLevels(
        acknowledge=minutes(2), first_response=minutes(5)
    )


def test_what_a_team_does_not_say_the_playbook_promises() -> None:
    team = Team(name="support", service_levels=ServiceLevels(first_response=minutes(30)))
    assert levels_of(team, (AT_ONCE,)) == ServiceLevels(
        acknowledge=minutes(2), first_response=minutes(30)
    )


def test_of_several_rules_the_shortest_time_holds() -> None:
    slower = replace(AT_ONCE, acknowledge=minutes(9), answer=minutes(3))
    found = levels_of(None, (AT_ONCE, slower))
    assert (found.acknowledge, found.first_response) == (minutes(2), minutes(3))


def test_without_team_and_playbook_nothing_is_promised() -> None:
    opened = promised(triage.open_incident(an_alert(), {}, None), None, ())
    assert standings(opened, NOON) == ()


def test_nothing_is_promised_to_the_customers_of_a_replay() -> None:
    opened = triage.open_incident(an_alert(), {}, None, who=REPLAY)
    assert standings(promised(opened, SUPPORT, ()), NOON + minutes(9e5)) == ()


def test_it_is_due_so_long_after_it_rang() -> None:
    incident = an_incident()
    assert incident.acknowledge_by == NOON + minutes(15)
    assert incident.respond_by == NOON + minutes(60)
    assert incident.resolve_by == NOON + timedelta(hours=8)


def test_time_outside_the_business_hours_does_not_count() -> None:
    weekdays = tuple(Span(weekday=day, start=time(9), end=time(17)) for day in range(5))
    team = replace(SUPPORT, hours=weekdays, time_zone="Europe/Sofia")
    friday = datetime(2026, 3, 6, 14, 50, tzinfo=UTC)  # 16:50 in Sofia
    opened = triage.open_incident(an_alert(started_at=friday), {}, None)
    due = promised(opened, team, ())
    monday = datetime(2026, 3, 9, 7, 0, tzinfo=UTC)  # 09:00 in Sofia
    assert due.acknowledge_by == monday + minutes(5)
    assert due.respond_by == monday + minutes(50)


@pytest.mark.parametrize("kind", [AlertKind.WATCH_BLIND, AlertKind.FOLLOW_UP_DUE])
def test_no_customer_waits_for_what_is_no_storm(kind: AlertKind) -> None:
    opened = triage.open_incident(an_alert(kind=kind), {}, None)
    assert promised(opened, SUPPORT, (AT_ONCE,)) == opened


# ---------------------------------------------------------------- whether it is kept
def test_a_promise_runs_until_it_is_due() -> None:
    incident = an_incident()
    assert standing(incident, Promise.ACKNOWLEDGE, after=15) is Standing.RUNNING
    assert not level(incident, Promise.ACKNOWLEDGE, after=15).is_decided
    overdue = level(incident, Promise.ACKNOWLEDGE, after=15.1)
    assert (overdue.standing, overdue.is_overdue) == (Standing.MISSED, True)


def test_a_promise_is_met_to_the_second() -> None:
    incident = done(an_incident(), Action.ACKNOWLEDGED, 15)
    met = level(incident, Promise.ACKNOWLEDGE)
    assert (met.standing, met.done_at, met.is_decided) == (
        Standing.MET,
        NOON + minutes(15),
        True,
    )


def test_what_was_done_late_is_missed_and_no_longer_overdue() -> None:
    incident = done(an_incident(), Action.RESPONDED, 61)
    late = level(incident, Promise.RESPOND)
    assert (late.standing, late.is_overdue) == (Standing.MISSED, False)


def test_a_resolution_ends_the_wait_for_everything() -> None:
    incident = done(an_incident(), Action.RESOLVED, 30)
    assert standing(incident, Promise.ACKNOWLEDGE) is Standing.MISSED
    assert standing(incident, Promise.RESPOND) is Standing.MET
    assert standing(incident, Promise.RESOLVE) is Standing.MET


def test_a_false_alarm_owes_nobody_anything() -> None:
    incident = done(an_incident(), Action.DISMISSED, 600)
    assert {each.standing for each in standings(incident, NOON)} == {Standing.VOID}


def test_only_what_was_promised_is_judged() -> None:
    incident = replace(an_incident(), resolve_by=None)
    assert [each.promise for each in standings(incident, NOON)] == [
        Promise.ACKNOWLEDGE,
        Promise.RESPOND,
    ]
