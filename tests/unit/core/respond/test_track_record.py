"""What rang beside what people made of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from emberwatch.core.respond.track_record import (
    MONTH,
    Label,
    TrackRecord,
    acted_at,
    are_of_one_trouble,
    label_of,
    track_record,
    watched_for,
)
from emberwatch.model.event import Unwatched
from emberwatch.model.incident import Incident, Severity, Status
from tests.build import NOON, an_alert, minutes

DAY = timedelta(days=1)


def an_incident(
    id: str = "inc_1", at: datetime = NOON, lasts: float = 60, **facts: object
) -> Incident:
    """Return an incident of Acme that lasts so many minutes."""
    values: dict[str, object] = {
        "brand": "Acme",
        "subject": "Acme",
        "severity": Severity.HIGH,
        "opened_at": at,
        "last_alert_at": at + minutes(lasts),
        "alerts": (an_alert(),),
    }
    return Incident(id=id, **(values | facts))  # type: ignore[arg-type]


def dismissed(incident: Incident) -> Incident:
    return replace(incident, status=Status.DISMISSED, closed_at=incident.opened_at + minutes(5))


def taken(incident: Incident, after: float = 20) -> Incident:
    at = incident.opened_at + minutes(after)
    return replace(incident, status=Status.ACKNOWLEDGED, acknowledged_at=at)


def tried(
    rung: list[Incident], lived: list[Incident], watched: timedelta = 10 * DAY
) -> TrackRecord:
    return track_record("Acme", 1.0, watched, rung, lived)


@pytest.mark.parametrize(
    ("lived", "label"),
    [
        (an_incident(), Label.UNKNOWN),
        (dismissed(an_incident()), Label.FALSE),
        (taken(an_incident()), Label.REAL),
        (an_incident(responded_at=NOON + minutes(9)), Label.REAL),
        (an_incident(status=Status.RESOLVED), Label.REAL),
        (dismissed(taken(an_incident())), Label.FALSE),
    ],
)
def test_what_people_did_says_what_it_was(lived: Incident, label: Label) -> None:
    assert label_of(lived) is label
    assert tried([an_incident("new")], [lived]).rung[0].label is label


def test_people_act_when_they_take_it_or_answer_whichever_is_first() -> None:
    assert acted_at(an_incident()) is None
    answered = replace(taken(an_incident()), responded_at=NOON + minutes(7))
    assert acted_at(answered) == NOON + minutes(7)
    assert acted_at(replace(answered, responded_at=NOON + minutes(70))) == NOON + minutes(20)


def test_two_incidents_are_of_one_trouble_when_their_times_overlap() -> None:
    one = an_incident(lasts=60)
    assert are_of_one_trouble(one, an_incident("b", NOON + minutes(60)))
    assert are_of_one_trouble(an_incident("b", NOON + minutes(60)), one)
    later = an_incident("b", NOON + minutes(61))
    assert not are_of_one_trouble(one, later)
    assert not are_of_one_trouble(later, one)
    assert are_of_one_trouble(one, replace(later, first_post_at=NOON + minutes(50)))


def test_a_first_post_after_the_opening_takes_nothing_from_an_incident() -> None:
    odd = an_incident(first_post_at=NOON + minutes(30))
    assert are_of_one_trouble(odd, an_incident("b", NOON - minutes(10), lasts=15))


def test_what_nobody_ever_saw_is_unknown() -> None:
    (rung,) = tried([an_incident()], [an_incident("old", NOON - DAY)]).rung
    assert (rung.label, rung.lived, rung.lead) == (Label.UNKNOWN, None, None)


def test_the_lead_is_how_long_before_people_acted_it_rings() -> None:
    early = an_incident("new", NOON - minutes(5), lasts=30)
    (rung,) = tried([early], [taken(an_incident(), 20)]).rung
    assert rung.lead == minutes(25)
    late = an_incident("new", NOON + minutes(30))
    assert tried([late], [taken(an_incident(), 20)]).rung[0].lead == -minutes(10)


def test_a_false_alarm_has_no_lead() -> None:
    record = tried([an_incident("new")], [dismissed(taken(an_incident()))])
    assert record.rung[0].lead is None
    assert record.lead is None


def test_a_storm_of_which_one_part_was_real_is_real() -> None:
    parts = [
        an_incident("a", NOON, lasts=10),
        dismissed(an_incident("b", NOON + minutes(20), lasts=10)),
        taken(an_incident("c", NOON + minutes(40), lasts=10)),
    ]
    (rung,) = tried([an_incident("new", lasts=60)], parts).rung
    assert (rung.label, rung.lived) == (Label.REAL, parts[2])
    (rung,) = tried([an_incident("new", lasts=60)], parts[:2]).rung
    assert rung.label is Label.FALSE


def test_what_does_not_ring_any_more_is_missed_or_spared_or_nothing() -> None:
    lived = [
        taken(an_incident("real", NOON)),
        dismissed(an_incident("false", NOON + DAY)),
        an_incident("unknown", NOON + 2 * DAY),
        taken(an_incident("found", NOON + 3 * DAY)),
    ]
    record = tried([an_incident("new", NOON + 3 * DAY)], lived)
    assert [each.id for each in record.missed] == ["real"]
    assert [each.id for each in record.spared] == ["false"]


def test_false_alarms_a_month_lie_between_those_called_so_and_all_that_may_be() -> None:
    rung = [an_incident(str(n), NOON + n * DAY) for n in range(5)]
    lived = [dismissed(rung[0]), taken(rung[1])]
    record = tried(rung, lived, watched=MONTH / 2)
    assert record.observed == (2.0, 8.0)
    assert [record.count(label) for label in Label] == [1, 1, 3]


def test_of_less_than_a_day_nobody_can_say_how_often_it_is_false() -> None:
    assert tried([an_incident()], [], watched=DAY / 2).observed is None


def test_a_brand_is_watched_from_its_beginning_without_its_gaps() -> None:
    def unwatched(since: float, until: float, brand: str = "Acme") -> Unwatched:
        return Unwatched(brand=brand, since=NOON + since * DAY, at=NOON + until * DAY)

    times = [unwatched(0, 0), unwatched(1, 2), unwatched(4, 4.5), unwatched(0, 9, "Other")]
    assert watched_for("Acme", times, NOON - 9 * DAY, NOON + 10 * DAY) == 8.5 * DAY
    assert watched_for("Acme", times, NOON + 1.5 * DAY, NOON + 3 * DAY) == DAY
    assert watched_for("Acme", times, NOON, NOON + 4.25 * DAY) == 3 * DAY
    assert watched_for("Acme", times, NOON, NOON - DAY) == timedelta(0)
    assert watched_for("Nobody", times, NOON, NOON + DAY) == timedelta(0)


def test_the_lead_of_a_brand_is_the_median() -> None:
    rung = [an_incident(str(n), NOON + n * DAY) for n in range(3)]
    lived = [taken(each, after) for each, after in zip(rung, (10, 500, 30), strict=True)]
    assert tried(rung, lived).lead == minutes(30)
    assert tried([], lived).lead is None
