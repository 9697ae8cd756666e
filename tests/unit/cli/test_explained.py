"""The page that `explain` prints, line by line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.cli.explained import as_it_rang, incident_lines, moment_as_json, moment_lines
from emberwatch.core.detect.explain import Explanation, Heard, SpikeExplained
from emberwatch.core.detect.looks import Looks, Raise, Raised, Series, WindowLook
from emberwatch.core.detect.voices import Why
from emberwatch.core.respond import triage
from emberwatch.model.alert import AlertKind
from tests.build import NOON, an_alert, minutes

WINDOW = WindowLook(
    series=Series.ANGER,
    minutes=60,
    since=NOON - minutes(60),
    seen=4.0,
    voices=5,
    clear=5,
    usual=0.5,
    factor=2.0,
    expected=1.0,
    chance=0.01,
    rate=2.0,
    bar=1.0,
    needed=6.0,
    rings=False,
)


def a_spike(*windows: WindowLook, loudest: WindowLook | None = None, **facts) -> SpikeExplained:
    shown = windows or (WINDOW,)
    looks = Looks(
        brand="Acme",
        at=NOON,
        asked=1.0,
        typical=0.5,
        raised=facts.pop("raised", ()),
        least_voices=3,
        windows=shown,
        loudest=loudest,
        verdicts=(),
    )
    given = {
        "ringing_since": None,
        "surging_since": None,
        "heard": (),
        "boosts": 0,
        "unwatched": 0,
        "missing": None,
    }
    return SpikeExplained(looks=looks, likely=((0.2, 2.0),) * len(shown), **{**given, **facts})


def a_voice(number: int = 1, why: Why = Why.COUNTED, **facts) -> Heard:
    given = {
        "post": f"jsonl::post:{number}",
        "created_at": NOON,
        "anger": 0.5,
        "behind": None,
        "author": f"author {number}",
        "text": f"text {number}",
    }
    return Heard(why=why, **{**given, **facts})


def page(spike: SpikeExplained | None) -> str:
    return "\n".join(moment_lines(Explanation(brand="Acme", at=NOON, spike=spike)))


def answer(spike: SpikeExplained) -> list[str]:
    return page(spike).split("\n\n")[0].splitlines()[1:]


# ---------------------------------------------------------------- the answer
@pytest.mark.parametrize(
    ("spike", "said"),
    [
        (
            a_spike(loudest=WINDOW, missing=2),
            [
                "It did not ring.",
                "What stood out most: 4.0 angry voices in 60 minutes, where 1.0 are expected.",
                "Chance brings as much 2 times a month; Acme asks for once a month at most.",
                "2 more angry voices (anger 0.5) at that minute would have rung.",
            ],
        ),
        (
            a_spike(loudest=replace(WINDOW, rate=31.0)),
            [
                "It did not ring.",
                "What stood out most: 4.0 angry voices in 60 minutes, where 1.0 are expected.",
                "Chance brings as much every day; Acme asks for once a month at most.",
                "It was far from ringing.",
            ],
        ),
        (
            a_spike(loudest=replace(WINDOW, seen=0.9, expected=1.2)),
            [
                "It did not ring.",
                "Nothing stood out: 0.9 angry voices in 60 minutes, where 1.2 are expected.",
                "It was far from ringing.",
            ],
        ),
        (
            a_spike(
                replace(WINDOW, needed=None), loudest=replace(WINDOW, needed=None, minutes=240)
            ),
            [
                "It did not ring.",
                "What stood out most: 4.0 angry voices in 4 hours, where 1.0 are expected.",
                "So early, nobody can say how unlikely that is; Acme asks for once a month at",
                "most.",
                "It was too early for anything to ring.",
            ],
        ),
        (
            a_spike(loudest=replace(WINDOW, rate=0.5, voices=1), missing=2),
            [
                "It did not ring.",
                "What stood out most: 4.0 angry voices in 60 minutes, where 1.0 are expected.",
                "Chance brings as much once in 2 months; Acme asks for once a month at most.",
                "But 1 voice never rings alone.",
                "2 more angry voices (anger 0.5) at that minute would have rung.",
            ],
        ),
        (
            a_spike(loudest=replace(WINDOW, rate=0.5, clear=2), missing=1),
            [
                "It did not ring.",
                "What stood out most: 4.0 angry voices in 60 minutes, where 1.0 are expected.",
                "Chance brings as much once in 2 months; Acme asks for once a month at most.",
                "But only 2 of the 5 voices are clearly angry, and fewer than 3 never ring.",
                "1 more angry voice (anger 0.5) at that minute would have rung.",
            ],
        ),
        (
            a_spike(
                loudest=replace(WINDOW, rate=0.5, bar=0.01),
                raised=(Raised(why=Raise.COLD, times=100.0),),
            ),
            [
                "It did not ring.",
                "What stood out most: 4.0 angry voices in 60 minutes, where 1.0 are expected.",
                "Chance brings as much once in 2 months; Acme asks for once a month at most.",
                "But it is the first day: until a whole one was watched, it must be 100 times",
                "rarer.",
                "It was far from ringing.",
            ],
        ),
        (
            a_spike(loudest=replace(WINDOW, rate=float("inf"), is_over=True)),
            [
                "It did not ring.",
                "4.0 angry voices in 60 minutes stood out, but they are of the storm that is",
                "over: what was told of them was told then.",
                "It was far from ringing.",
            ],
        ),
        (
            a_spike(surging_since=NOON - timedelta(days=1)),
            [
                "It did not ring.",
                "Its volume alone was a surge, since 2026-03-01 12:00: by default nobody is told",
                "of one.",
                "No angry voice was heard in the twelve hours before.",
                "It was far from ringing.",
            ],
        ),
        (
            a_spike(unwatched=720),
            [
                "It did not ring.",
                "Nobody watched in the twelve hours before: what was not read cannot ring.",
                "It was far from ringing.",
            ],
        ),
        (
            a_spike(ringing_since=NOON - minutes(9)),
            [
                "It was ringing, since 11:51.",
                "No angry voice was heard in the twelve hours before.",
            ],
        ),
    ],
)
def test_the_answer_is_a_sentence_a_line(spike: SpikeExplained, said: list[str]) -> None:
    assert answer(spike) == said


def test_a_brand_may_ask_for_more_or_fewer_than_one() -> None:
    spike = a_spike(loudest=WINDOW)
    often = replace(spike, looks=replace(spike.looks, asked=0.25))
    assert "Acme asks for 0.25 times a month at most." in " ".join(page(often).split())


def test_before_the_watch_there_is_nothing_to_say() -> None:
    assert "It was not watched yet, or the posts of before are gone." in page(None)


# ---------------------------------------------------------------- what it rests on
def test_windows_stand_under_their_series_with_what_would_ring() -> None:
    windows = (
        replace(WINDOW, rings=True, seen=7.0),
        replace(WINDOW, series=Series.SHARE, needed=None, minutes=120),
        replace(WINDOW, series=Series.VOLUME, seen=12.0, usual=0.01, needed=20.0),
    )
    tables = page(a_spike(*windows)).split("\n\n")[1:4]
    assert [table.splitlines()[0].split()[0] for table in tables] == ["Anger", "By", "Posts"]
    rows = [table.splitlines()[1].split() for table in tables]
    assert rows == [
        ["60", "minutes", "5", "7.0", "0.5", "1.0", "0.2", "to", "2.0", "6.0", "RINGS"],
        ["2", "hours", "5", "4.0", "0.5", "1.0", "0.2", "to", "2.0", "-"],
        ["60", "minutes", "12.0", "none", "1.0", "0.2", "to", "2.0", "20.0"],
    ]


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (Raised(why=Raise.COLD, times=100.0), "until then it must be 100 times rarer."),
        (Raised(why=Raise.CORRECTION, times=2.0), "more often than bare chance"),
        (Raised(why=Raise.CORRECTION, times=0.5), "less often than bare chance"),
        (Raised(why=Raise.SURGES_ARE_CHEAP, times=0.25), "Surges may ring 4 times as often"),
    ],
)
def test_what_moves_the_threshold_is_said(raised: Raised, said: str) -> None:
    assert said in " ".join(page(a_spike(raised=(raised,))).split())


def test_what_does_not_move_it_is_not() -> None:
    raised = Raised(why=Raise.CORRECTION, times=1.0)
    assert "bare chance" not in " ".join(page(a_spike(raised=(raised,))).split())


def test_what_the_columns_hold_is_said_and_no_more() -> None:
    whole = " ".join(page(a_spike()).split())
    assert "seen: the voices' anger summed, 0 to 1 each" in whole
    assert "-: no number would ring" not in whole
    assert "over: it reaches back" not in whole
    early = replace(WINDOW, needed=None)
    past = replace(WINDOW, is_over=True)
    whole = " ".join(page(a_spike(early, past)).split())
    assert "-: no number would ring, for it is too early or there are too few posts." in whole
    assert "over: it reaches back into a storm that is over, and rings for nothing." in whole


def test_a_window_of_a_storm_that_is_over_is_marked() -> None:
    row = page(a_spike(replace(WINDOW, is_over=True))).split("\n\n")[1].splitlines()[1]
    assert row.endswith("6.0  over")


def test_a_moment_long_after_the_last_reading_says_that_nobody_watched() -> None:
    moment = Explanation(brand="Acme", at=NOON, spike=a_spike())
    (_, said, *_) = moment_lines(moment, last_read_at=NOON - timedelta(hours=2))
    assert (
        said
        == f"Nothing was read after {NOON - timedelta(hours=2):%Y-%m-%d %H:%M} UTC: nobody watched."
    )
    assert not any("nobody watched" in line for line in moment_lines(moment, last_read_at=NOON))


def test_minutes_without_a_watch_are_said() -> None:
    assert "In 30 minutes of the twelve hours before nobody watched" in page(a_spike(unwatched=30))


def test_voices_name_whom_they_repeat() -> None:
    heard = (
        a_voice(1),
        a_voice(2, Why.SAME_TEXT, behind="jsonl::post:1"),
        a_voice(3, Why.SAME_THREAD, behind="gone", author="", text=None),
        a_voice(4, Why.NOT_JUDGED, anger=None),
        a_voice(5, Why.HISTORY),
    )
    lines = page(a_spike(heard=heard, boosts=1, loudest=WINDOW)).splitlines()
    start = lines.index("Voices: 1 of 5 mentions count, in the 60 minutes that stood out")
    assert lines[start + 1 : start + 7] == [
        "  + 12:00 0.50 @author 1        text 1",
        "  - 12:00 0.50 @author 2        near copy of @author 1: text 2",
        "  - 12:00 0.50 -                same thread as gone: (erased)",
        "  - 1 not judged for anger",
        "  - 1 read back later, so they teach and cannot ring",
        "  - 1 boost of their threads",
    ]


def test_a_crowd_is_cut_and_json_holds_it_whole() -> None:
    spike = a_spike(heard=tuple(map(a_voice, range(25))))
    assert "    and 15 more (--json shows all)" in page(spike)
    value = moment_as_json(Explanation(brand="Acme", at=NOON, spike=spike))
    (moment,) = value["moments"]
    assert len(moment["spike"]["mentions"]) == 25


def test_a_rate_that_nobody_knows_is_null_in_json() -> None:
    spike = a_spike(replace(WINDOW, rate=float("inf"), needed=None))
    (moment,) = moment_as_json(Explanation(brand="Acme", at=NOON, spike=spike))["moments"]
    assert moment["spike"]["windows"][0]["rate"] is None


# ---------------------------------------------------------------- an incident
def test_alerts_that_rang_together_have_each_their_own_words() -> None:
    spike = an_alert("spike:Acme:1", reason="5 angry voices")
    surge = an_alert("surge:Acme:1", kind=AlertKind.SURGE, reason="50 posts")
    thread = an_alert("pile_on:Acme:1", kind=AlertKind.PILE_ON, reason="80 reactions")
    incident = triage.open_incident(spike, {}, None)
    incident = triage.take(incident, surge, {}, is_told=False)
    incident = triage.take(incident, thread, {})
    later = replace(spike, at=NOON + timedelta(hours=1), reason="9 angry voices")
    incident = triage.take(incident, later, {})
    told = {alert.kind: as_it_rang(incident, alert) for alert in incident.alerts}
    assert told == {
        AlertKind.SPIKE: "5 angry voices",
        AlertKind.SURGE: None,
        AlertKind.PILE_ON: "80 reactions",
    }
    lines = "\n".join(incident_lines(incident, {}))
    assert 'It rang: "5 angry voices".' in lines
    assert 'It was said of it last: "50 posts".' in lines


def test_an_alert_that_joined_unheard_has_no_words_of_its_own() -> None:
    incident = triage.open_incident(an_alert(), {}, None)
    late = an_alert("pile_on:Acme:1", kind=AlertKind.PILE_ON, started_at=NOON + minutes(9))
    assert as_it_rang(incident, late) is None


def test_a_moment_that_cannot_be_seen_any_more_says_so() -> None:
    thread = an_alert("pile_on:Acme:t", kind=AlertKind.PILE_ON, thread_id="t")
    spike = an_alert("spike:Acme:1", started_at=NOON + minutes(1))
    incident = triage.take(triage.open_incident(thread, {}, None), spike, {})
    moments = {
        alert.started_at: Explanation(brand="Acme", at=alert.started_at, spike=None)
        for alert in incident.alerts
    }
    lines = "\n".join(incident_lines(incident, moments))
    assert lines.count("It was not watched yet, or the posts of before are gone.") == 2
