"""One trouble, one incident."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.core.respond import triage
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Deleted
from emberwatch.model.incident import Action, Incident, Severity, Status
from tests.build import NOON, a_mention, an_alert, minutes

HOURS = minutes(360)


def _opened(**facts: object):
    mentions = {"jsonl::post:1": a_mention("1", followers=120, at=NOON - minutes(5))}
    alert = an_alert(evidence=("jsonl::post:1", "gone"), first_post_at=NOON - minutes(5), **facts)
    return triage.open_incident(alert, mentions, None)


def _resolved(alert: Alert) -> Incident:
    incident = triage.open_incident(alert, {}, None)
    return replace(incident, status=Status.RESOLVED, closed_at=NOON + minutes(10))


def test_an_incident_opens_with_the_posts_as_they_were() -> None:
    incident = _opened()
    assert [exhibit.post_id for exhibit in incident.exhibits] == ["jsonl::post:1"]
    assert incident.exhibits[0].followers == 120
    assert incident.first_seen_at == NOON - minutes(5)
    assert incident.sequence == 1
    assert incident.timeline[0].action is Action.OPENED
    assert incident.status is Status.OPEN


def test_the_same_alert_always_opens_the_same_incident() -> None:
    assert _opened().id == _opened().id
    assert triage.incident_id(an_alert("spike:Acme:2")) != _opened().id


def test_an_incident_names_the_one_that_it_follows() -> None:
    before = _opened()
    after = triage.open_incident(an_alert("spike:Acme:2"), {}, before)
    assert after.previous_id == before.id


PILE_ON = an_alert("pile_on:Acme:t", kind=AlertKind.PILE_ON)


@pytest.mark.parametrize("fire", [Fire.COOLING, Fire.OUT])
def test_a_second_alert_of_the_brand_joins_until_it_was_quiet(fire: Fire) -> None:
    incident = _opened(fire=fire)
    assert triage.joins(incident, replace(PILE_ON, at=NOON + minutes(360)), HOURS)
    assert not triage.joins(incident, replace(PILE_ON, at=NOON + minutes(361)), HOURS)


@pytest.mark.parametrize("fire", [Fire.GROWING, Fire.BURNING])
def test_what_still_burns_is_one_trouble_however_long_it_gives_no_news(fire: Fire) -> None:
    incident = _opened(fire=fire)
    week = timedelta(days=7)
    assert triage.joins(incident, replace(PILE_ON, at=NOON + week), HOURS)
    assert not triage.joins(incident, replace(PILE_ON, at=NOON + week + minutes(1)), HOURS)
    assert triage.joins(incident, replace(PILE_ON, at=NOON + 2 * week), 2 * week)


def test_what_grows_while_it_burns_stays_in_its_incident() -> None:
    incident = _opened(observed=30.0, fire=Fire.BURNING)
    grown = replace(incident.alerts[0], observed=90.0, fire=Fire.GROWING, at=NOON + 3 * HOURS)
    assert not triage.flares_anew(incident, grown, HOURS)


def test_the_end_of_an_alert_is_no_news_that_keeps_an_incident_gathering() -> None:
    incident = _opened(fire=Fire.OUT)
    end = replace(incident.alerts[0], at=NOON + HOURS, ended_at=NOON + HOURS)
    over = triage.take(incident, end, {})
    assert not triage.joins(over, replace(PILE_ON, at=NOON + minutes(361)), HOURS)


def test_volume_that_goes_on_is_no_fire_that_burns() -> None:
    incident = _opened(fire=Fire.OUT)
    surge = an_alert("surge:Acme:1", kind=AlertKind.SURGE)
    with_volume = triage.take(incident, surge, {})
    assert not triage.joins(with_volume, replace(PILE_ON, at=NOON + minutes(361)), HOURS)


def test_nothing_joins_what_a_person_has_closed() -> None:
    closed = replace(_opened(), status=Status.DISMISSED)
    assert not triage.joins(closed, an_alert("spike:Acme:2"), minutes(360))


def test_another_brand_has_another_trouble() -> None:
    assert not triage.joins(_opened(), an_alert("x", brand="Other"), minutes(360))


def test_a_blind_feed_gathers_by_its_name_and_kind() -> None:
    blind = an_alert("b1", kind=AlertKind.WATCH_BLIND, subject="town")
    incident = triage.open_incident(blind, {}, None)
    again = an_alert("b2", kind=AlertKind.WATCH_BLIND, subject="town", started_at=NOON)
    other = an_alert("b3", kind=AlertKind.WATCH_BLIND, subject="hn")
    part = an_alert("b4", kind=AlertKind.TROUBLE, subject="town")
    assert triage.joins(incident, again, minutes(0))
    assert not triage.joins(incident, other, minutes(0))
    assert not triage.joins(incident, part, minutes(0))


def test_a_new_kind_is_told_and_noted() -> None:
    incident = _opened()
    pile_on = an_alert(
        "pile_on:Acme:t", kind=AlertKind.PILE_ON, started_at=NOON + minutes(3), reason="67 voices"
    )
    grown = triage.take(incident, pile_on, {})
    assert grown.kinds == (AlertKind.SPIKE, AlertKind.PILE_ON)
    assert grown.sequence == 2
    assert grown.timeline[-1].note == "67 voices"
    assert grown.last_alert_at == NOON + minutes(3)


def test_the_same_news_twice_changes_nothing() -> None:
    incident = _opened()
    assert triage.take(incident, incident.alerts[0], {}) == incident


def test_a_cooling_fire_is_told_once() -> None:
    incident = _opened()
    cooling = replace(incident.alerts[0], fire=Fire.COOLING, at=NOON + minutes(60))
    once = triage.take(incident, cooling, {})
    twice = triage.take(once, replace(cooling, at=NOON + minutes(61)), {})
    assert (once.sequence, twice.sequence) == (2, 2)
    assert twice.last_alert_at == NOON + minutes(61)


def test_evidence_is_added_and_never_replaced() -> None:
    incident = _opened()
    edited = a_mention("1", text="I never said that")
    more = a_mention("2", text="me too")
    alert = replace(incident.alerts[0], evidence=("jsonl::post:1", "jsonl::post:2"))
    grown = triage.take(incident, alert, {"jsonl::post:1": edited, "jsonl::post:2": more})
    assert [exhibit.text for exhibit in grown.exhibits] == ["Acme lost my parcel again", "me too"]


def test_severity_never_falls() -> None:
    incident = replace(_opened(), severity=Severity.CRITICAL)
    assert triage.take(incident, incident.alerts[0], {}).severity is Severity.CRITICAL


def test_a_closed_incident_rings_nobody_again() -> None:
    closed = replace(_opened(), status=Status.RESOLVED)
    out = replace(closed.alerts[0], fire=Fire.OUT, ended_at=NOON + minutes(90))
    after = triage.take(closed, out, {})
    assert after.sequence == closed.sequence
    assert after.fire is Fire.OUT


@pytest.mark.parametrize("fire", [Fire.COOLING, Fire.OUT])
def test_a_fire_that_burns_again_after_the_close_flares_anew(fire: Fire) -> None:
    alert = an_alert(fire=fire)
    closed = _resolved(alert)
    burning = replace(alert, fire=Fire.BURNING, at=NOON + minutes(60))
    assert triage.flares_anew(closed, burning, HOURS)
    assert not triage.flares_anew(closed, replace(burning, at=NOON + minutes(10)), HOURS)
    assert not triage.flares_anew(closed, replace(alert, at=NOON + minutes(60)), HOURS)


@pytest.mark.parametrize(("observed", "flares"), [(44.9, False), (45.0, True), (None, False)])
def test_a_fire_that_grows_by_half_after_the_close_flares_anew(
    observed: float | None, flares: bool
) -> None:
    closed = _resolved(an_alert(observed=30.0))
    grown = an_alert(observed=observed, at=NOON + minutes(60))
    assert triage.flares_anew(closed, grown, HOURS) is flares
    for fire in (Fire.BURNING, Fire.OUT):
        assert not triage.flares_anew(closed, replace(grown, fire=fire), HOURS)


@pytest.mark.parametrize(("minute", "flares"), [(9, False), (10, False), (11, True), (None, False)])
def test_a_fire_that_grows_of_posts_that_were_all_written_after_the_close_flares_anew(
    minute: int | None, flares: bool
) -> None:
    closed = _resolved(an_alert(observed=30.0, fire=Fire.BURNING))
    first_post_at = None if minute is None else NOON + minutes(minute)
    again = an_alert(observed=9.0, at=NOON + minutes(60), first_post_at=first_post_at)
    assert triage.flares_anew(closed, again, HOURS) is flares
    assert not triage.flares_anew(closed, replace(again, fire=Fire.BURNING), HOURS)


def test_a_fire_that_creeps_on_after_the_close_is_measured_by_what_was_known_then() -> None:
    incident = _resolved(an_alert(observed=30.0))
    for minute, observed in ((60, 40.0), (70, 44.0)):
        creeping = an_alert(observed=observed, at=NOON + minutes(minute))
        assert not triage.flares_anew(incident, creeping, HOURS)
        incident = triage.take(incident, creeping, {})
    assert incident.alerts[0].at == NOON + minutes(70)
    assert triage.flares_anew(incident, an_alert(observed=46.0, at=NOON + minutes(80)), HOURS)


@pytest.mark.parametrize(
    ("kind", "was", "is_told"),
    [
        (AlertKind.SPIKE, Fire.OUT, True),
        (AlertKind.SPIKE, Fire.COOLING, True),
        (AlertKind.SPIKE, Fire.BURNING, False),
        (AlertKind.SURGE, Fire.OUT, False),
    ],
)
def test_what_burns_again_is_told_though_a_thread_burns_all_along(
    kind: AlertKind, was: Fire, is_told: bool
) -> None:
    alert = an_alert(f"{kind}:Acme:2", kind=kind, fire=was)
    incident = triage.take(triage.open_incident(PILE_ON, {}, None), alert, {})
    again = replace(alert, fire=Fire.GROWING, at=NOON + minutes(60))
    after = triage.take(incident, again, {})
    assert after.fire is incident.fire is PILE_ON.fire
    assert (after.sequence > incident.sequence) is is_told


def test_a_fire_that_is_over_or_still_gathers_does_not_flare_anew() -> None:
    cooling = an_alert(fire=Fire.COOLING)
    burning = replace(cooling, fire=Fire.BURNING, at=NOON + minutes(60))
    assert not triage.flares_anew(triage.open_incident(cooling, {}, None), burning, HOURS)
    over = replace(burning, ended_at=burning.at)
    assert not triage.flares_anew(_resolved(cooling), over, HOURS)


def test_a_fire_that_burns_again_after_a_long_quiet_flares_anew_though_nobody_closed_it() -> None:
    out = an_alert(fire=Fire.OUT)
    burning = replace(out, fire=Fire.BURNING, at=NOON + minutes(361))
    assert triage.flares_anew(triage.open_incident(out, {}, None), burning, HOURS)


def test_our_own_trouble_never_flares_anew() -> None:
    blind = an_alert("b1", kind=AlertKind.WATCH_BLIND, fire=Fire.OUT)
    seen = replace(blind, fire=Fire.BURNING, at=NOON + minutes(60))
    assert not triage.flares_anew(_resolved(blind), seen, HOURS)


def test_an_incident_that_an_alert_left_has_a_successor_with_an_id_of_its_own() -> None:
    closed = _resolved(an_alert())
    after = triage.open_incident(closed.alerts[0], {}, closed, leaves_it=True)
    assert (after.previous_id, after.sequence) == (closed.id, 1)
    assert after.id != closed.id
    assert after.id == triage.open_incident(closed.alerts[0], {}, closed, leaves_it=True).id


def test_volume_alone_keeps_no_anger_gathering() -> None:
    surge = an_alert("surge:Acme:1", kind=AlertKind.SURGE, started_at=NOON + minutes(90))
    assert triage.take(_opened(), surge, {}).last_alert_at == NOON
    alone = triage.open_incident(replace(surge, started_at=NOON, at=NOON), {}, None)
    assert triage.take(alone, surge, {}).last_alert_at == NOON + minutes(90)


def test_a_feed_that_sees_again_closes_its_incident_by_itself() -> None:
    blind = an_alert("b1", kind=AlertKind.WATCH_BLIND, subject="town")
    incident = triage.open_incident(blind, {}, None)
    ended = replace(blind, ended_at=NOON + minutes(9), at=NOON + minutes(9), fire=Fire.OUT)
    closed = triage.take(incident, ended, {})
    assert closed.status is Status.RESOLVED
    assert closed.closed_at == NOON + minutes(9)
    assert closed.timeline[-1].action is Action.RESOLVED
    assert triage.take(closed, ended, {}) == closed


@pytest.mark.parametrize(
    ("kind", "surges_are", "is_worth"),
    [
        (AlertKind.SPIKE, False, True),
        (AlertKind.SURGE, False, False),
        (AlertKind.SURGE, True, True),
    ],
)
def test_volume_alone_is_no_trouble_unless_asked(kind, surges_are, is_worth) -> None:
    alert = an_alert("a", kind=kind)
    assert triage.is_worth_an_incident(alert, surges_are=surges_are) is is_worth


def test_an_alert_that_is_over_opens_nothing() -> None:
    over = an_alert("a", ended_at=NOON)
    assert not triage.is_worth_an_incident(over, surges_are=True)


# ---------------------------------------------------------------- deletions
def test_an_incident_without_its_origin_keeps_all_but_its_words() -> None:
    before = _opened()
    after = triage.without(before, Deleted(at=NOON + minutes(9), post_id="jsonl::post:1"))
    (exhibit,) = after.exhibits
    assert (exhibit.text, exhibit.author, exhibit.url, exhibit.why) == ("", "", None, ())
    assert exhibit.is_forgotten
    assert exhibit.followers == 120
    assert (after.sequence, after.timeline[-1].at) == (2, NOON + minutes(9))


def test_an_incident_without_a_lesser_post_is_no_news() -> None:
    mentions = {f"jsonl::post:{n}": a_mention(str(n), at=NOON + minutes(n)) for n in (1, 2)}
    before = triage.open_incident(an_alert(evidence=tuple(mentions)), mentions, None)
    after = triage.without(before, Deleted(at=NOON, post_id="jsonl::post:2"))
    assert [exhibit.is_forgotten for exhibit in after.exhibits] == [False, True]
    assert after.sequence == before.sequence
    assert after.timeline[-1].action is Action.NOTED


def test_an_incident_that_shows_nothing_has_no_origin_to_lose() -> None:
    before = triage.open_incident(an_alert(), {}, None)
    after = triage.without(before, Deleted(at=NOON, post_id="jsonl::post:2"))
    assert (after.exhibits, after.sequence) == ((), before.sequence)
