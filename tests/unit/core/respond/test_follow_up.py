"""When a customer is to be asked again (advice A16, rule R14)."""

import pytest

from emberwatch.core.respond.follow_up import follow_up_alert, followed_up
from emberwatch.core.respond.triage import joins, open_incident
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident, Resolution
from tests.build import NOON, an_alert, minutes

THEN = NOON + minutes(60 * 24 * 60)


def resolved(note: str = "", resolution: Resolution | None = None) -> Incident:
    incident = open_incident(an_alert(), {}, None)
    deed = Deed(
        action=Action.RESOLVED,
        by="anna",
        at=NOON,
        note=note,
        resolution=resolution,
        follow_up_at=THEN,
    )
    return act(incident, deed)


def test_a16_the_alert_says_what_was_done_then() -> None:
    incident = resolved("sent a new one", Resolution.REPLACEMENT)
    alert = follow_up_alert(incident, THEN)
    assert (alert.kind, alert.brand, alert.subject) == (
        AlertKind.FOLLOW_UP_DUE,
        "Acme",
        incident.id,
    )
    assert alert.reason == (
        f"ask again how it went: {incident.id} was resolved (replacement): sent a new one"
    )


def test_without_words_the_alert_still_names_the_incident() -> None:
    incident = resolved()
    assert follow_up_alert(incident, THEN).reason.endswith(f"{incident.id} was resolved")


def test_the_same_follow_up_has_the_same_id() -> None:
    incident = resolved()
    first, later = follow_up_alert(incident, THEN), follow_up_alert(incident, THEN + minutes(5))
    assert first.id == later.id


def test_an_incident_without_a_follow_up_has_no_such_alert() -> None:
    with pytest.raises(ValueError, match="has no follow-up"):
        follow_up_alert(open_incident(an_alert(), {}, None), NOON)


def test_what_came_is_planned_no_more() -> None:
    after = followed_up(resolved(), THEN, "inc_2")
    assert after.follow_up_at is None
    assert after.timeline[-1].note == "the follow-up has come: inc_2"


@pytest.mark.advice("A16")
def test_a_follow_up_joins_no_storm_and_no_storm_joins_it() -> None:
    alert = follow_up_alert(resolved(), THEN)
    storm = open_incident(an_alert(started_at=THEN), {}, None)
    asked = open_incident(alert, {}, None)
    day = minutes(60 * 24)
    assert not joins(storm, alert, day)
    assert not joins(asked, an_alert("spike:Acme:2", started_at=THEN), day)
    assert joins(asked, alert, day)
