"""Where the time went, from the first post to the end (advice A2)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.clocks import Clocks, Leg, Station, Told, clocks
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind, Fire
from emberwatch.model.incident import REPLAY, Action, Incident
from tests.build import NOON, a_mention, an_alert, minutes

WRITTEN = NOON - minutes(10)


def an_incident(
    seen: float | None = 4, unseen: float | None = 3, written: datetime | None = WRITTEN
) -> Incident:
    """Return an incident that opens at noon; `seen` and `unseen` are minutes after the post."""
    alert = an_alert(first_post_at=written, evidence=("jsonl::post:1",))
    if seen is None:
        return triage.open_incident(alert, {}, None)
    mention = a_mention("1", at=WRITTEN, seen_at=WRITTEN + minutes(seen))
    unseen_at = None if unseen is None else WRITTEN + minutes(unseen)
    mention = replace(mention, unseen_at=unseen_at)
    return triage.open_incident(alert, {mention.post.id: mention}, None)


def done(incident: Incident, *deeds: tuple[Action, float]) -> Incident:
    """Return the incident after deeds, each so many minutes after noon."""
    for action, after in deeds:
        incident = act(incident, Deed(action=action, by="anna", at=NOON + minutes(after)))
    return incident


def told(after: float, owed: float = 0) -> Told:
    """Return when a message was delivered and owed, in minutes after noon."""
    return Told(owed_at=NOON + minutes(owed), delivered_at=NOON + minutes(after))


def lengths(found: Clocks) -> dict[str, float | None]:
    """Return the minutes of every leg and station, by name."""
    everything = {**found.legs, **found.since_first_post}
    return {
        name.value: None if lapse.length is None else lapse.length / minutes(1)
        for name, lapse in everything.items()
    }


def test_a2_every_minute_from_the_first_post_to_the_answer_has_an_owner() -> None:
    incident = done(
        an_incident(),
        (Action.ACKNOWLEDGED, 3),
        (Action.RESPONDED, 8),
        (Action.RESOLVED, 50),
    )
    found = clocks(incident, told(1))
    assert lengths(found) == {
        "source": 3,
        "poll": 1,
        "detection": 6,
        "held": 0,
        "delivery": 1,
        "people": 7,
        "seen": 4,
        "detected": 10,
        "delivered": 11,
        "acknowledged": 13,
        "responded": 18,
        "resolved": 60,
    }
    assert {lapse.why for lapse in (*found.legs.values(), *found.since_first_post.values())} == {""}


def test_a_feed_that_was_last_read_before_the_post_had_all_the_delay_itself() -> None:
    found = clocks(an_incident(seen=4, unseen=-20), None)
    assert found.legs[Leg.SOURCE].length == timedelta(0)
    assert found.legs[Leg.POLL].length == minutes(4)


def test_what_has_not_happened_yet_says_so() -> None:
    found = clocks(an_incident(), None)
    whys = {name.value: lapse.why for name, lapse in found.since_first_post.items()}
    assert whys == {
        "seen": "",
        "detected": "",
        "delivered": "no receiver has taken a message of it",
        "acknowledged": "nobody has acknowledged it yet",
        "responded": "nobody has answered yet",
        "resolved": "it is not resolved yet",
    }
    assert found.legs[Leg.DELIVERY].why == "no receiver has taken a message of it"
    assert found.legs[Leg.PEOPLE].why == "nobody has answered yet"


@pytest.mark.parametrize(
    ("incident", "why"),
    [
        (an_incident(seen=4, unseen=None), "nobody knows when its feed was read before"),
        (an_incident(seen=None), "the first post is not among the evidence"),
        (an_incident(written=None), "the time of the first post is not known"),
        (
            an_incident(seen=0),
            "the post bears no time of its own, or comes from a file that tells no other",
        ),
        (an_incident(seen=-2), "the clock of the site is ahead of ours"),
    ],
)
def test_what_part_the_site_had_is_not_made_up(incident: Incident, why: str) -> None:
    legs = clocks(incident, None).legs
    assert [(legs[leg].length, legs[leg].why) for leg in (Leg.SOURCE, Leg.POLL)] == [
        (None, why)
    ] * 2


def test_a_site_whose_clock_is_ahead_is_said_not_hidden() -> None:
    seen = clocks(an_incident(seen=-2), None).since_first_post[Station.SEEN]
    assert (seen.length, seen.why) == (-minutes(2), "the clock of the site is ahead of ours")


def test_without_a_first_post_nothing_is_measured_from_it() -> None:
    found = clocks(an_incident(written=None), told(1))
    assert found.since_first_post[Station.DETECTED].length is None
    assert found.since_first_post[Station.DETECTED].why == "the time of the first post is not known"
    assert found.legs[Leg.DELIVERY].length == minutes(1)


def test_what_was_held_back_on_purpose_is_no_time_of_the_delivery() -> None:
    legs = clocks(done(an_incident(), (Action.RESPONDED, 490)), told(481, owed=480)).legs
    held, delivery, people = (legs[leg].length for leg in (Leg.HELD, Leg.DELIVERY, Leg.PEOPLE))
    assert (held, delivery, people) == (minutes(480), minutes(1), minutes(9))


def test_no_time_is_told_twice_while_no_message_has_arrived() -> None:
    answered = done(an_incident(), (Action.RESPONDED, 490))
    legs = clocks(answered, Told(owed_at=NOON + minutes(480))).legs
    held, delivery, people = (legs[leg].length for leg in (Leg.HELD, Leg.DELIVERY, Leg.PEOPLE))
    assert (held, delivery, people) == (None, None, minutes(490))
    assert legs[Leg.HELD].why == "no receiver has taken a message of it"


def test_of_an_incident_that_nobody_is_told_of_it_says_so() -> None:
    held = clocks(an_incident(), None).legs[Leg.HELD]
    assert (held.length, held.why) == (None, "nobody was to be told of it")


def test_our_own_clock_that_was_put_back_is_said() -> None:
    found = clocks(an_incident(), told(-5))
    delivery = found.legs[Leg.DELIVERY]
    assert (delivery.length, delivery.why) == (-minutes(5), "our own clock was put back")


def test_people_who_were_there_before_the_message_are_said_to_be() -> None:
    incident = done(an_incident(), (Action.RESPONDED, 2))
    people = clocks(incident, told(5)).legs[Leg.PEOPLE]
    assert (people.length, people.why) == (
        -minutes(3),
        "they answered before a message was delivered",
    )


def test_where_nobody_was_told_people_are_timed_from_when_it_rang() -> None:
    people = clocks(done(an_incident(), (Action.RESPONDED, 2)), None).legs[Leg.PEOPLE]
    assert (people.length, people.why) == (
        minutes(2),
        "nobody was told: counted from when it rang",
    )


def test_the_clock_of_the_answer_stops_at_the_resolution() -> None:
    found = clocks(done(an_incident(), (Action.RESOLVED, 30)), told(0))
    assert found.legs[Leg.PEOPLE].length == minutes(30)
    assert found.legs[Leg.PEOPLE].why == "resolved without an answer"
    responded = found.since_first_post[Station.RESPONDED]
    assert (responded.length, responded.why) == (None, "it was resolved without an answer")


def test_a_false_alarm_has_no_answer_and_no_end_to_time() -> None:
    found = clocks(done(an_incident(), (Action.DISMISSED, 30)), told(0))
    whys = {
        found.since_first_post[station].why for station in (Station.RESPONDED, Station.RESOLVED)
    }
    assert whys == {"it was dismissed: it was no trouble"}
    assert found.legs[Leg.PEOPLE].length is None


def test_a_customers_thanks_and_goodbye_does_not_set_the_clock_going_again() -> None:
    answered = done(an_incident(), (Action.RESPONDED, 5))
    before = clocks(answered, told(0))
    thanks = a_mention("2", text="thanks, bye", anger=0.0, at=NOON + minutes(20))
    spike = replace(
        answered.alerts[0],
        at=NOON + minutes(21),
        fire=Fire.COOLING,
        evidence=("jsonl::post:1", thanks.post.id),
    )
    after = triage.take(answered, spike, {thanks.post.id: thanks})
    assert clocks(after, told(0)) == before
    resolved = done(after, (Action.RESOLVED, 30))
    later = triage.take(resolved, replace(spike, at=NOON + minutes(40)), {})
    assert clocks(later, told(0)) == clocks(resolved, told(0))


def test_what_people_do_with_a_replay_is_not_timed() -> None:
    replayed = triage.open_incident(an_alert(first_post_at=WRITTEN), {}, None, who=REPLAY)
    late = done(
        replayed, (Action.ACKNOWLEDGED, 9e5), (Action.RESPONDED, 9e5), (Action.RESOLVED, 9e5)
    )
    found = clocks(late, told(1))
    whys = {
        found.since_first_post[Station.ACKNOWLEDGED].why,
        found.since_first_post[Station.RESPONDED].why,
        found.since_first_post[Station.RESOLVED].why,
        found.legs[Leg.PEOPLE].why,
    }
    assert whys == {"it is of a replay: people act by another clock than that of its file"}
    assert lengths(found)["people"] is lengths(found)["responded"] is None
    assert (lengths(found)["detected"], lengths(found)["delivery"]) == (10, 1)


def test_reopening_keeps_the_first_answer_and_takes_back_the_end() -> None:
    incident = done(
        an_incident(), (Action.RESPONDED, 5), (Action.RESOLVED, 9), (Action.REOPENED, 60)
    )
    stations = clocks(incident, told(0)).since_first_post
    assert stations[Station.RESPONDED].length == minutes(15)
    assert stations[Station.RESOLVED].length is None


def test_an_older_thread_that_joins_brings_its_own_first_sight() -> None:
    incident = an_incident()
    root = a_mention("9", at=NOON - minutes(60), seen_at=NOON - minutes(50))
    root = replace(root, unseen_at=NOON - minutes(51))
    thread = an_alert(
        "pile_on:1",
        kind=AlertKind.PILE_ON,
        first_post_at=root.post.created_at,
        started_at=NOON + minutes(1),
        evidence=(root.post.id,),
    )
    grown = triage.take(incident, thread, {root.post.id: root})
    legs = clocks(grown, None).legs
    assert (legs[Leg.SOURCE].length, legs[Leg.POLL].length) == (minutes(9), minutes(1))
