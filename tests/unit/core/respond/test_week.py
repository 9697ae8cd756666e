"""The figures of a week (advice A1, A2, A3, A5, A13; rules R2, R3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.clocks import Leg, Station, Told
from emberwatch.core.respond.cooling import Cooling, Turn
from emberwatch.core.respond.promises import Promise
from emberwatch.core.respond.track_record import Label
from emberwatch.core.respond.week import (
    Answered,
    Blind,
    Done,
    Gathered,
    Kept,
    Spread,
    Week,
    spread_of,
    week_of,
)
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident, Recurrence, Resolution
from emberwatch.model.mention import Correction, Voice
from tests.build import NOON, a_mention, an_alert, minutes

DAY = timedelta(days=1)
SINCE = NOON - DAY
UNTIL = SINCE + 7 * DAY


def an_incident(
    number: int = 1, *deeds: Deed, posts: int = 1, at: float = 0, **facts: object
) -> Incident:
    """Return an incident that rings so many minutes after noon, five after its first post."""
    opened_at = NOON + minutes(at)
    mentions = [
        a_mention(f"{number}-{post}", author=f"anna{post}", at=opened_at - minutes(5), followers=10)
        for post in range(posts)
    ]
    by_id = {mention.post.id: mention for mention in mentions}
    alert = an_alert(
        f"spike:Acme:{number}",
        started_at=opened_at,
        first_post_at=opened_at - minutes(5),
        evidence=tuple(by_id),
        **facts,
    )
    incident = triage.open_incident(alert, by_id, None)
    incident = replace(incident, respond_by=opened_at + minutes(10))
    for deed in deeds:
        incident = act(incident, deed)
    return incident


def deed(action: Action, after: float, **facts: object) -> Deed:
    return Deed(action=action, by="anna", at=NOON + minutes(after), **facts)


def a_week(*incidents: Incident, **facts: object) -> Week:
    values: dict[str, object] = {
        "before": SINCE - 7 * DAY,
        "since": SINCE,
        "until": UNTIL,
        "now": UNTIL,
        "incidents": incidents,
        "waiting": incidents,
    }
    return week_of(Gathered(**(values | facts)))


def a_voice(number: int, **facts: object) -> Voice:
    values: dict[str, object] = {
        "brand": "Acme",
        "name": f"v{number}",
        "post_id": f"p{number}",
        "at": NOON,
        "anger": 0.8,
        "language": "en",
        "followers": None,
        "reactions": 0,
    }
    return Voice(**(values | facts))  # type: ignore[arg-type]


# ---------------------------------------------------------------- times
def test_nothing_rang_is_a_week_too() -> None:
    week = a_week()
    assert (week.cases, week.kept, week.done, week.unanswered) == ((), (), (), ())
    assert week.times[Station.RESPONDED] == Spread(count=0)
    assert week.answered.share is None


@pytest.mark.parametrize(
    ("lengths", "middle", "slow"),
    [((7,), 7, 7), ((1, 2), 1.5, 2), ((3, 1, 2), 2, 3), (tuple(range(1, 11)), 5.5, 9)],
)
def test_a2_the_median_and_the_slow_end(lengths: tuple[int, ...], middle: float, slow: int) -> None:
    found = spread_of(minutes(each) for each in lengths)
    assert found == Spread(count=len(lengths), median=minutes(middle), p90=minutes(slow))


def test_a2_times_stand_beside_those_of_the_week_before() -> None:
    week = a_week(
        an_incident(1, deed(Action.RESPONDED, 10)),
        an_incident(2, deed(Action.RESPONDED, 20)),
        an_incident(3, deed(Action.RESPONDED, -2 * 1440 + 60), at=-2 * 1440),
    )
    assert week.times[Station.RESPONDED] == Spread(count=2, median=minutes(20), p90=minutes(25))
    assert week.times_before[Station.RESPONDED].median == minutes(65)
    assert (week.rang, week.rang_before) == ({Label.REAL: 2}, {Label.REAL: 1})


def test_people_are_timed_from_the_delivery() -> None:
    incident = an_incident(1, deed(Action.RESPONDED, 10))
    week = a_week(incident, told={incident.id: Told(owed_at=NOON, delivered_at=NOON + minutes(4))})
    assert week.times[Leg.PEOPLE].median == minutes(6)
    assert week.times[Leg.DELIVERY].median == minutes(4)


def test_a_false_alarm_takes_nobodys_time() -> None:
    week = a_week(an_incident(1, deed(Action.DISMISSED, 10)))
    assert week.times[Station.DETECTED].count == 0
    assert week.rang == {Label.FALSE: 1}
    assert len(week.cases) == 1


# ---------------------------------------------------------------- what was promised and done
def test_a2_the_share_in_time_is_of_what_is_decided() -> None:
    week = a_week(
        an_incident(1, deed(Action.RESPONDED, 5)),
        an_incident(2, deed(Action.RESPONDED, 15)),
        an_incident(3),
        an_incident(4, deed(Action.DISMISSED, 5)),
        an_incident(5, at=55),
        now=NOON + minutes(60),
    )
    assert week.kept == (Kept(promise=Promise.RESPOND, met=1, missed=2, running=1),)
    assert week.kept[0].share == pytest.approx(1 / 3)


def test_nothing_decided_is_no_share() -> None:
    assert Kept(promise=Promise.RESPOND, met=0, missed=0, running=3).share is None


def test_a2_posts_are_answered_with_their_incident() -> None:
    week = a_week(
        an_incident(1, deed(Action.RESPONDED, 5), posts=3),
        an_incident(2, deed(Action.RESOLVED, 5), posts=2),
        an_incident(3, posts=1),
        an_incident(4, deed(Action.DISMISSED, 5), posts=9),
    )
    assert week.answered == Answered(posts=6, answered=3, resolved_without=2)
    assert week.answered.share == 0.5


def test_a_post_in_two_incidents_is_one_post() -> None:
    first = an_incident(1, deed(Action.RESPONDED, 5))
    second = replace(an_incident(2), exhibits=first.exhibits)
    assert a_week(first, second).answered == Answered(posts=1, answered=1, resolved_without=0)


def test_a5_what_was_done_is_counted_with_what_became_of_the_anger() -> None:
    refund = {"resolution": Resolution.REFUND, "is_our_mistake": True}
    first = an_incident(1, deed(Action.RESPONDED, 5), deed(Action.RESOLVED, 9, **refund))
    week = a_week(
        first,
        an_incident(2, deed(Action.RESOLVED, 9, resolution=Resolution.REFUND)),
        an_incident(3, deed(Action.RESOLVED, 9)),
        an_incident(4),
        coolings={first.id: Cooling(turn=Turn.COOLED)},
    )
    assert week.done == (
        Done(resolution=Resolution.REFUND, count=2, our_mistake=1, turns={Turn.COOLED: 1}),
        Done(resolution=None, count=1, our_mistake=0, turns={}),
    )
    assert week.turns == {Turn.COOLED: 1}


def test_a1_hand_offs_are_counted_and_the_second_is_named() -> None:
    passed = (
        deed(Action.ACKNOWLEDGED, 1),
        deed(Action.ASSIGNED, 2, to="boris"),
        deed(Action.ASSIGNED, 3, to="clara"),
    )
    twice, once = an_incident(1, *passed), an_incident(2, *passed[:2])
    week = a_week(twice, once)
    assert (week.hand_offs, week.passed_on) == (3, (twice,))


def test_r3_who_still_waits_is_told_whenever_it_rang() -> None:
    old = an_incident(1, at=-30 * 1440)
    week = a_week(waiting=[old])
    assert [incident.id for incident, _ in week.unanswered] == [old.id]


def test_r3_who_waited_at_the_end_of_an_old_week_was_answered_since() -> None:
    answered = an_incident(1, deed(Action.RESPONDED, 60))
    late = an_incident(2, deed(Action.RESPONDED, 8 * 1440), deed(Action.RESOLVED, 9 * 1440))
    unborn = an_incident(3, at=8 * 1440)
    week = a_week(answered, late, waiting=[answered, late, unborn], now=NOON + 30 * DAY)
    assert [incident.id for incident, _ in week.unanswered] == [late.id]
    assert week.has_ended


def test_r3_of_a_week_that_goes_on_is_told_who_waits_now() -> None:
    answered, waits = an_incident(1, deed(Action.RESPONDED, 60)), an_incident(2)
    week = a_week(answered, waits, now=NOON + DAY)
    assert [incident.id for incident, _ in week.unanswered] == [waits.id]
    assert not week.has_ended


def test_r11_what_keeps_coming_back_is_told_as_it_last_stood() -> None:
    def recurs(theme: str, share: float) -> Recurrence:
        return Recurrence(theme=theme, incidents=3, angry_posts=9, share=share)

    first = replace(an_incident(1), recurring=(recurs("refunds", 0.2), recurs("parcels", 0.3)))
    second = replace(an_incident(2, at=5), recurring=(recurs("refunds", 0.4),))
    old = replace(an_incident(3, at=-3 * 1440), recurring=(recurs("queues", 0.9),))
    found = a_week(old, first, second).recurring
    assert found == (("Acme", recurs("refunds", 0.4)), ("Acme", recurs("parcels", 0.3)))


# ---------------------------------------------------------------- people and the watch
def test_a13_a_brands_mood_counts_people_reach_and_reactions() -> None:
    voices = [
        a_voice(1, followers=5, reactions=2),
        a_voice(1, followers=9, reactions=1),
        a_voice(2, followers=None),
        a_voice(3, anger=0.1, followers=1000, reactions=50),
        a_voice(4, anger=None, language="el"),
        a_voice(5, anger=None, language=None),
        a_voice(6, anger=None, language="el"),
    ]
    (mood,) = a_week(voices={"Acme": voices}).moods
    assert (mood.mentions, mood.judged, mood.angry) == (7, 4, 3)
    assert (mood.voices, mood.reach, mood.reactions) == (2, 9, 3)
    assert mood.unjudged == (("el", 2), ("", 1))


def test_corrections_of_the_week_are_counted_by_person() -> None:
    said = [
        Correction(post_id=f"p{n}", anger=0.0, by=by, at=NOON + at)
        for n, (by, at) in enumerate(
            [("b", 0 * DAY), ("a", 0 * DAY), ("b", 1 * DAY), ("c", 30 * DAY), ("c", -9 * DAY)]
        )
    ]
    assert a_week(corrections=said).corrected == (("b", 2), ("a", 1))


def test_blind_times_that_reach_into_the_week_are_told() -> None:
    before, inside, still, after = (
        Blind(feed=name, since=NOON + start * DAY, until=end and NOON + end * DAY, why="503")
        for name, start, end in (
            ("before", -9, -2),
            ("inside", -3, 1),
            ("still", -20, None),
            ("after", 20, None),
        )
    )
    assert a_week(blind=[before, inside, still, after]).blind == (still, inside)


def test_our_own_troubles_are_none_of_the_brands() -> None:
    blind = triage.open_incident(an_alert("b", kind=AlertKind.WATCH_BLIND), {}, None)
    old = replace(blind, opened_at=SINCE - DAY)
    due = triage.open_incident(an_alert("f", kind=AlertKind.FOLLOW_UP_DUE), {}, None)
    week = a_week(blind, old, due)
    assert (week.ours, week.cases) == ((blind,), ())
