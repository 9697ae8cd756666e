"""What a picture of an incident or a moment shows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.core.detect import sketch
from emberwatch.core.detect.explain import Explanation, Growth, Sample, SpikeExplained
from emberwatch.core.detect.looks import Looks, Series, WindowLook
from emberwatch.core.detect.outlook import Outlook, Pace, Standing
from emberwatch.core.respond import triage, workflow
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident
from emberwatch.picture import Colour, Picture, draw
from tests.build import NOON, an_alert, minutes


def a_window(series: Series = Series.ANGER, length: int = 60, **facts: object) -> WindowLook:
    given = {
        "since": NOON,
        "seen": 4.0,
        "voices": 5,
        "clear": 5,
        "usual": 0.5,
        "factor": 2.0,
        "expected": 1.0,
        "chance": 0.01,
        "rate": 0.5,
        "bar": 1.0,
        "needed": 3.0,
        "rings": True,
    }
    return WindowLook(series=series, minutes=length, **{**given, **facts})


def a_sample(minute: float, *windows: WindowLook) -> Sample:
    shown = windows or (a_window(), a_window(Series.VOLUME))
    return Sample(at=NOON + minutes(minute), windows=shown, likely=((0.2, 2.0),) * len(shown))


def an_explanation(loudest: WindowLook | None = None) -> Explanation:
    looks = Looks(
        brand="Acme",
        at=NOON,
        asked=1.0,
        typical=0.5,
        raised=(),
        least_voices=3,
        windows=(),
        loudest=loudest,
        verdicts=(),
    )
    explained = SpikeExplained(
        looks=looks,
        likely=(),
        ringing_since=None,
        surging_since=None,
        heard=(),
        boosts=0,
        unwatched=0,
        missing=None,
    )
    return Explanation(brand="Acme", at=NOON, spike=explained)


def a_growth(*sizes: int) -> Growth:
    pace = Pace(
        last_minute=1,
        last_5_minutes=5,
        last_15_minutes=10,
        newer_half_took=minutes(3),
        last_5_took=minutes(1),
        last_20_took=minutes(3),
        age=minutes(6),
    )
    first = Outlook(
        brand="Acme",
        at=NOON,
        standing=Standing.UNLIKELY,
        size=10,
        counts=(),
        grown=10,
        before=0,
        unseen=0,
        began_at=NOON,
        pace=pace,
        chance=0.5,
        asked=0.75,
        prior=0.1,
        huge=30,
        base_rate=0.01,
        is_own_history=False,
        expected=40,
        angry_share=None,
        judged=0,
        not_judged=0.0,
        reach=0,
        needed=9,
    )
    outlooks = tuple(
        replace(first, at=NOON + minutes(5 * n), size=size) for n, size in enumerate(sizes)
    )
    return Growth(thread_id="jsonl::t", outlooks=outlooks)


def an_incident(*kinds: AlertKind, **facts: object) -> Incident:
    first, *others = (
        an_alert(f"{kind}:Acme:1", kind=kind, started_at=NOON + minutes(n), **facts)
        for n, kind in enumerate(kinds)
    )
    incident = triage.open_incident(first, {}, None)
    for alert in others:
        incident = triage.take(incident, alert, {})
    return incident


def panels(picture: Picture) -> list[str]:
    draw(picture)
    return [panel.name for panel in picture.panels]


# ---------------------------------------------------------------- when to look
def test_a_day_is_looked_at_every_five_minutes() -> None:
    stops = sketch.stops(NOON, NOON + timedelta(days=1))
    assert len(stops) == 289
    assert (stops[0], stops[-1]) == (NOON, NOON + timedelta(days=1))
    assert stops[1] - stops[0] == minutes(5)


def test_a_quarter_is_looked_at_each_minute() -> None:
    assert len(sketch.stops(NOON, NOON + minutes(15))) == 16


def test_a_month_is_cut_to_its_last_week() -> None:
    stops = sketch.stops(NOON, NOON + timedelta(days=30))
    assert stops[-1] - stops[0] == timedelta(days=7)


def test_an_instant_is_looked_at_once() -> None:
    assert sketch.stops(NOON, NOON) == [NOON]


def test_a_storm_is_shown_with_the_half_day_before_and_what_came_after() -> None:
    incident = an_incident(AlertKind.SPIKE, first_post_at=NOON - minutes(30))
    since, until = sketch.ends(incident, NOON + timedelta(days=9))
    assert since == NOON - minutes(30) - timedelta(hours=12)
    assert until == NOON + timedelta(hours=3)


def test_a_thread_is_shown_closer() -> None:
    incident = an_incident(AlertKind.PILE_ON)
    since, until = sketch.ends(incident, NOON + timedelta(days=9))
    assert (since, until) == (NOON - minutes(15), NOON + minutes(60))


def test_a_picture_ends_with_what_people_did_and_never_in_the_future() -> None:
    incident = an_incident(AlertKind.SPIKE)
    closed = workflow.act(
        incident, workflow.Deed(action=Action.RESOLVED, by="anna", at=NOON + minutes(600))
    )
    assert sketch.ends(closed, NOON + timedelta(days=9))[1] == NOON + minutes(780)
    assert sketch.ends(closed, NOON + minutes(700))[1] == NOON + minutes(700)


# ---------------------------------------------------------------- what is shown
def test_a_storm_shows_its_own_window_of_every_series() -> None:
    windows = [
        a_window(series, length)
        for series in (Series.ANGER, Series.VOLUME)
        for length in (15, 30, 240)
    ]
    picture = sketch.incident_picture(
        an_incident(AlertKind.SPIKE),
        {NOON: an_explanation(a_window(length=30))},
        [a_sample(0, *windows), a_sample(5, *windows)],
    )
    assert panels(picture) == [
        "Angry voices (weight) in the 30 minutes before",
        "Posts in the 30 minutes before",
    ]


def test_a_series_without_that_window_shows_the_next_shorter() -> None:
    windows = [a_window(length=120), a_window(Series.VOLUME, 60), a_window(Series.VOLUME, 240)]
    picture = sketch.moment_picture(
        an_explanation(a_window(length=120)), [a_sample(0, *windows)], (), ()
    )
    assert panels(picture) == [
        "Angry voices (weight) in the 2 hours before",
        "Posts in the 60 minutes before",
    ]


@pytest.mark.parametrize(
    "explanation",
    [an_explanation(), Explanation(brand="Acme", at=NOON, spike=None)],
)
def test_where_nothing_stood_out_the_hour_is_shown(explanation: Explanation) -> None:
    windows = [a_window(length=length) for length in (15, 60, 120)]
    picture = sketch.moment_picture(explanation, [a_sample(0, *windows)], (), ())
    assert panels(picture) == ["Angry voices (weight) in the 60 minutes before"]


def test_a_panel_shows_what_was_seen_expected_likely_and_needed() -> None:
    cold = a_window(needed=None, rings=False)
    picture = sketch.moment_picture(an_explanation(), [a_sample(0), a_sample(5, cold)], (), ())
    anger = picture.panels[0]
    at, later = NOON.timestamp(), (NOON + minutes(5)).timestamp()
    assert {line.name: list(line.points) for line in anger.lines} == {
        "seen": [(at, 4.0), (later, 4.0)],
        "expected": [(at, 1.0), (later, 1.0)],
        "rings from here": [(at, 3.0), (later, None)],
    }
    assert [list(band.points) for band in anger.bands] == [[(at, 0.2, 2.0), (later, 0.2, 2.0)]]


def test_a_pile_on_shows_its_growth_and_nothing_else() -> None:
    picture = sketch.incident_picture(
        an_incident(AlertKind.PILE_ON), {}, [a_sample(0)], [a_growth(10, 1234), a_growth()]
    )
    assert panels(picture) == ["Reactions in the thread jsonl::t"]
    assert {line.name: [up for _, up in line.points] for line in picture.panels[0].lines} == {
        "seen": [10, 1234],
        "expected in the end": [40, 40],
        "huge from here": [30, 30],
    }


def test_a_pile_on_whose_thread_is_unknown_shows_the_brand() -> None:
    picture = sketch.incident_picture(an_incident(AlertKind.PILE_ON), {}, [a_sample(0)])
    assert len(panels(picture)) == 2


def test_both_reasons_are_shown_together() -> None:
    incident = an_incident(AlertKind.SPIKE, AlertKind.PILE_ON)
    picture = sketch.incident_picture(incident, {}, [a_sample(0)], [a_growth(10, 1234)])
    assert len(panels(picture)) == 3


def test_what_happened_stands_at_its_moment() -> None:
    incident = an_incident(AlertKind.SPIKE, AlertKind.PILE_ON, first_post_at=NOON - minutes(7))
    taken = workflow.act(
        incident, workflow.Deed(action=Action.ACKNOWLEDGED, by="anna", at=NOON + minutes(9))
    )
    closed = workflow.act(
        taken, workflow.Deed(action=Action.RESOLVED, by="ben", at=NOON + minutes(90))
    )
    picture = sketch.incident_picture(closed, {}, [a_sample(0)])
    assert [(moment.name, moment.colour) for moment in picture.moments] == [
        ("11:53 first post", Colour.GREY),
        ("12:00 spike rang", Colour.RED),
        ("12:01 pile-on rang", Colour.RED),
        ("12:09 anna acknowledged", Colour.TEAL),
        ("13:30 ben resolved", Colour.TEAL),
    ]


def test_the_moment_asked_about_stands_beside_the_incidents_around_it() -> None:
    incident = an_incident(AlertKind.SPIKE)
    picture = sketch.moment_picture(an_explanation(), [a_sample(0)], (), [incident])
    assert [moment.name for moment in picture.moments] == [
        "12:00 asked about",
        f"12:00 {incident.id} opened",
    ]
    assert picture.title == "Acme around 2026-03-02 12:00 UTC"


def test_the_summary_tells_the_same_in_words() -> None:
    samples = [a_sample(0), a_sample(5, a_window(seen=6.0, needed=None, rings=False))]
    picture = sketch.moment_picture(an_explanation(), samples, [a_growth(10, 1234)], ())
    assert picture.summary == (
        "Angry voices (weight) in the 60 minutes before: at most 6.0, at 12:05 on 02 March, where "
        "1.0 were expected. "
        "Posts in the 60 minutes before: at most 4.0, at 12:00 on 02 March, where 1.0 were "
        "expected; it rings from 3.0 on. "
        "The thread jsonl::t: 1,234 reactions by 12:05 on 02 March; 30 are huge. "
        "12:00 asked about."
    )
