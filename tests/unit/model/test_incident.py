"""The trouble that people work on."""

from dataclasses import replace

import pytest

from emberwatch.core.respond.triage import open_incident
from emberwatch.model.alert import AlertKind, Fire
from emberwatch.model.incident import Incident, Severity, Status
from tests.build import an_alert

SPIKE = an_alert("spike:Acme:1", fire=Fire.COOLING)
PILE_ON = an_alert("pile_on:Acme:1", kind=AlertKind.PILE_ON, fire=Fire.BURNING)


def _holding(*alerts) -> Incident:
    return replace(open_incident(alerts[0], {}, None), alerts=alerts)


def test_an_incident_of_nothing_refuses_to_exist() -> None:
    incident = _holding(SPIKE)
    with pytest.raises(ValueError, match=f"incident '{incident.id}'.* at least one alert"):
        replace(incident, alerts=())


def test_an_incident_is_called_by_what_it_began_with() -> None:
    incident = _holding(SPIKE, PILE_ON, replace(SPIKE, id="spike:Acme:2"))
    assert incident.kind is AlertKind.SPIKE
    assert incident.kinds == (AlertKind.SPIKE, AlertKind.PILE_ON)


def test_a_fire_is_as_hot_as_its_hottest_alert() -> None:
    assert _holding(SPIKE).fire is Fire.COOLING
    assert _holding(SPIKE, PILE_ON).fire is Fire.BURNING


def test_volume_alone_does_not_hide_how_the_anger_goes() -> None:
    surge = an_alert("surge:Acme:1", kind=AlertKind.SURGE, fire=Fire.GROWING)
    assert _holding(SPIKE, surge).fire is Fire.COOLING
    assert _holding(surge).fire is Fire.GROWING


@pytest.mark.parametrize("status", list(Status))
def test_what_people_have_closed_gathers_no_more(status: Status) -> None:
    is_closed = status in (Status.RESOLVED, Status.DISMISSED)
    assert status.is_closed is is_closed
    assert replace(_holding(SPIKE), status=status).gathers is not is_closed


def test_severities_are_ranked_least_first() -> None:
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3]
    assert Severity.INFO.rank < Severity.CRITICAL.rank
