"""A feed that brings nothing is not calm until we know that it can be read."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from emberwatch.core.detect.watch import Cause, Watch, Watched, blind, budget_of
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Event, FeedRead, PartChecked, Tick
from tests.build import NOON, minutes

WATCH = Watch({})
EVERY = minutes(5)


class Told:
    """What a sequence of events came to."""

    def __init__(self) -> None:
        self.state: Watched | None = None
        self.alerts: list[Alert] = []

    def feed(self, *events: Event, key: str = "feed:town") -> "Told":
        for event in events:
            if not isinstance(event, Tick):
                assert WATCH.keys(event) == (key,)
            self.state, alerts = WATCH.fold(key, self.state, event)
            self.alerts += alerts
        return self

    def wait(self, until: datetime) -> "Told":
        """Let time pass as the pipeline does: a tick at each moment that was asked for."""
        while self.state is not None:
            at = WATCH.wakes_at(self.state)
            if at is None or at > until:
                break
            assert (at.second, at.microsecond) == (0, 0)
            before = self.state
            self.feed(Tick(at=at))
            if self.state == before:
                break
        return self


def read(after: timedelta, listed: int = 20, fresh: int = 0, **facts: Any) -> FeedRead:
    facts.setdefault("every", EVERY)
    return FeedRead(at=NOON + after, feed="town", listed=listed, fresh=fresh, **facts)


def failed(after: timedelta, why: str = "timed out after 20 s", **facts: Any) -> FeedRead:
    return read(after, listed=0, why=why, **facts)


def polls(*kinds: FeedRead) -> Iterable[FeedRead]:
    """Put polls one interval apart."""
    return [replace(kind, at=NOON + index * EVERY) for index, kind in enumerate(kinds)]


GOOD = read(minutes(0))
FIRST = read(minutes(0), fresh=20)
EMPTY = read(minutes(0), listed=0)
FAILED = failed(minutes(0))
SAME = read(minutes(0), listed=0, is_unchanged=True)


def test_a_feed_that_reads_well_is_watched() -> None:
    told = Told().feed(*polls(FIRST, GOOD, GOOD, SAME, GOOD))
    assert not told.alerts
    assert blind(told.state) is None


def test_a_feed_never_heard_of_is_not_blind() -> None:
    assert blind(None) is None
    assert blind(None) is None


def test_three_failures_in_a_row_make_a_feed_blind_once() -> None:
    told = Told().feed(*polls(GOOD, FAILED, FAILED))
    assert not told.alerts
    told.feed(failed(3 * EVERY), failed(4 * EVERY, why="connection reset"))
    (alert,) = told.alerts
    assert alert.kind is AlertKind.WATCH_BLIND
    assert alert.subject == "town"
    assert alert.brand is None
    assert alert.id == f"watch_blind:town:{(NOON + 3 * EVERY).isoformat()}"
    assert alert.started_at == NOON + 3 * EVERY
    assert alert.is_open
    assert alert.reason == (
        "feed town is blind: 3 polls in a row failed: timed out after 20 s;"
        " last read well 2026-03-02 12:00 UTC; try: emberwatch feed test town"
    )


def test_the_runtime_learns_since_when_a_feed_is_blind_and_why() -> None:
    told = Told().feed(*polls(GOOD, FAILED, FAILED, FAILED))
    trouble = blind(told.state)
    assert trouble is not None
    assert trouble.since == NOON
    assert trouble.cause is Cause.FAILING
    assert "timed out" in trouble.why


def test_a_success_between_failures_keeps_a_feed_watched() -> None:
    assert not Told().feed(*polls(GOOD, FAILED, FAILED, GOOD, FAILED, FAILED, GOOD)).alerts


def test_quick_retries_are_no_three_intervals() -> None:
    told = Told().feed(GOOD, *(failed(timedelta(seconds=20 * turn)) for turn in range(1, 5)))
    assert not told.alerts


def test_a_feed_that_never_answered_is_blind_after_three_intervals() -> None:
    told = Told().feed(*polls(FAILED, FAILED, FAILED))
    assert not told.alerts
    told.feed(failed(3 * EVERY))
    assert "it has not answered since the start; 4 polls in a row failed" in told.alerts[0].reason
    assert "last read" not in told.alerts[0].reason


def test_the_second_refusal_is_enough() -> None:
    refused = failed(minutes(0), why="403: it wants a login", is_refused=True)
    told = Told().feed(*polls(GOOD, refused))
    assert not told.alerts
    told.feed(replace(refused, at=NOON + minutes(6)))
    assert "403: it wants a login" in told.alerts[0].reason


def test_a_blind_feed_that_reads_well_again_ends_its_alert() -> None:
    told = Told().feed(*polls(GOOD, FAILED, FAILED, FAILED, GOOD))
    rang, ended = told.alerts
    assert ended.id == rang.id
    assert ended.started_at == rang.started_at
    assert ended.ended_at == NOON + 4 * EVERY
    assert ended.fire is Fire.OUT
    assert ended.reason == "feed town reads well again; it was blind for 20 minutes"
    assert blind(told.state) is None


def test_a_second_blindness_has_an_id_of_its_own() -> None:
    told = Told().feed(*polls(GOOD, FAILED, FAILED, FAILED, GOOD, FAILED, FAILED, FAILED))
    assert len({alert.id for alert in told.alerts}) == 2


def test_another_cause_is_told_under_the_same_id() -> None:
    refused = replace(FAILED, why="410: gone", is_refused=True)
    told = Told().feed(*polls(GOOD, FAILED, FAILED, FAILED, refused, refused))
    first, second = told.alerts
    assert first.id == second.id
    assert "410: gone" in second.reason
    assert second.is_open


# ---------------------------------------------------------------- nobody polls
def test_a_feed_that_nobody_polls_is_blind_after_three_intervals() -> None:
    told = Told().feed(GOOD).wait(NOON + minutes(60))
    (alert,) = told.alerts
    assert alert.started_at == NOON + 3 * EVERY
    assert "nobody polled it for 15 minutes" in alert.reason
    assert told.state is not None
    assert WATCH.wakes_at(told.state) is None


def test_a_feed_of_every_half_minute_has_three_minutes() -> None:
    told = Told().feed(read(minutes(0), every=timedelta(seconds=30))).wait(NOON + minutes(60))
    assert told.alerts[0].started_at == NOON + minutes(3)


def test_a_feed_given_up_after_a_failure_says_what_failed() -> None:
    told = Told().feed(*polls(GOOD, FAILED)).wait(NOON + minutes(60))
    assert "the last time: timed out after 20 s" in told.alerts[0].reason


def test_polls_in_time_leave_nothing_to_wake_for() -> None:
    told = Told()
    for turn in range(20):
        told.feed(read(turn * EVERY)).wait(NOON + turn * EVERY + 1.1 * EVERY)
    assert not told.alerts


def test_a_process_that_slept_gets_a_moment_to_poll_first() -> None:
    told = Told().feed(GOOD, Tick(at=NOON + minutes(480)))
    assert not told.alerts
    told.feed(read(minutes(481)))
    assert not told.wait(NOON + minutes(490)).alerts


def test_a_process_that_woke_and_still_does_not_poll_is_told_of() -> None:
    told = Told().feed(GOOD, Tick(at=NOON + minutes(480))).wait(NOON + minutes(500))
    assert told.alerts[0].started_at == NOON + minutes(485)


def test_a_tick_too_early_changes_nothing() -> None:
    state, _ = WATCH.fold("feed:town", None, GOOD)
    same, alerts = WATCH.fold("feed:town", state, Tick(at=NOON + minutes(2)))
    assert same is state
    assert not alerts
    overdue, _ = WATCH.fold("feed:town", state, Tick(at=NOON + minutes(10)))
    same, alerts = WATCH.fold("feed:town", overdue, Tick(at=NOON + minutes(11)))
    assert same is overdue
    assert not alerts


def test_time_has_nothing_to_add_to_a_blind_feed() -> None:
    told = Told().feed(*polls(GOOD, FAILED, FAILED, FAILED), Tick(at=NOON + minutes(600)))
    assert len(told.alerts) == 1


# ---------------------------------------------------------------- a feed that is taken out
GONE = read(minutes(30), is_gone=True)


def test_a_feed_that_is_taken_out_is_forgotten_without_a_word() -> None:
    told = Told().feed(GOOD, GONE)
    assert (told.state, told.alerts) == (None, [])
    assert Told().feed(GONE).state is None


def test_the_trouble_of_a_feed_that_is_taken_out_is_over() -> None:
    told = Told().feed(*polls(GOOD, FAILED, FAILED, FAILED), GONE)
    assert told.state is None
    rang, ended = told.alerts
    assert (ended.id, ended.ended_at, ended.fire) == (rang.id, GONE.at, Fire.OUT)
    assert ended.reason == "feed town is no longer configured; it was blind for 30 minutes"


# ---------------------------------------------------------------- answers with nothing
def test_empty_answers_where_old_posts_used_to_stand_are_blindness() -> None:
    told = Told().feed(*polls(FIRST, GOOD, GOOD, EMPTY, EMPTY))
    assert not told.alerts
    told.feed(replace(EMPTY, at=NOON + 5 * EVERY))
    (alert,) = told.alerts
    assert "with nothing, 3 times in a row, where it used to list 20 posts" in alert.reason
    trouble = blind(told.state)
    assert trouble is not None
    assert trouble.since == NOON + 2 * EVERY


def test_an_unchanged_empty_answer_is_as_empty() -> None:
    assert Told().feed(*polls(FIRST, GOOD, GOOD, EMPTY, SAME, SAME)).alerts


def test_an_unchanged_full_answer_is_as_full() -> None:
    told = Told().feed(*polls(FIRST, SAME, SAME, EMPTY, EMPTY, EMPTY))
    assert len(told.alerts) == 1
    assert len(told.feed(replace(EMPTY, at=NOON + 6 * EVERY)).alerts) == 1


def test_a_feed_that_only_ever_lists_what_is_new_may_be_empty() -> None:
    assert not Told().feed(*polls(FIRST, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)).alerts


def test_a_window_that_slides_may_be_empty_between_posts() -> None:
    one_new = read(minutes(0), listed=3, fresh=3)
    window = [one_new, read(minutes(0), listed=3), read(minutes(0), listed=3)]
    told = Told().feed(*polls(FIRST, EMPTY, *window, EMPTY, EMPTY, EMPTY, EMPTY))
    assert not told.alerts


def test_a_feed_that_never_held_anything_is_not_blind() -> None:
    assert not Told().feed(*polls(*[EMPTY] * 50)).alerts


# ---------------------------------------------------------------- out of rhythm
def live(hours: Iterable[float], told: Told | None = None, fresh: int = 1) -> Told:
    """Poll each hour that is named, each time with something new."""
    told = told or Told()
    hour = timedelta(hours=1)
    return told.feed(*(read(at * hour, fresh=fresh, every=hour) for at in hours))


def quiet_polls(start: int, end: int) -> list[FeedRead]:
    hour = timedelta(hours=1)
    return [read(at * hour, every=hour) for at in range(start, end)]


def test_a_feed_far_out_of_its_rhythm_is_blind() -> None:
    told = live(range(24 * 9))
    told.feed(*quiet_polls(216, 222))
    assert not told.alerts
    told.feed(*quiet_polls(222, 230))
    (alert,) = told.alerts
    assert "it brought nothing new for 7 hours" in alert.reason
    assert "at least every 60 minutes" in alert.reason
    trouble = blind(told.state)
    assert trouble is not None
    assert trouble.cause is Cause.STALE


def test_it_ends_with_the_first_new_post_and_the_gap_is_learnt() -> None:
    told = live(range(24 * 9)).feed(*quiet_polls(216, 230))
    live([230], told)
    assert not told.alerts[-1].is_open
    assert told.state is not None
    assert told.state.rhythm is not None
    assert told.state.rhythm.longest == timedelta(hours=15)


def test_a_blog_of_once_a_week_is_not_blind_after_a_month() -> None:
    hours = range(0, 24 * 7 * 8, 24 * 7)
    told = Told()
    for week in hours:
        live([week], told).feed(*quiet_polls(week + 1, week + 24 * 7))
    told.feed(*quiet_polls(24 * 7 * 8, 24 * 7 * 12))
    assert not told.alerts


def test_the_first_night_is_not_out_of_rhythm() -> None:
    told = live([0, 1, 2, 3, 4, 5, 6]).feed(*quiet_polls(7, 20))
    assert not told.alerts


def test_two_days_of_silence_are_too_long_even_at_first() -> None:
    assert live([0, 1, 2, 3, 4, 5, 6]).feed(*quiet_polls(7, 60)).alerts


def test_a_feed_with_no_rhythm_yet_may_be_silent() -> None:
    assert not live([0, 1, 2]).feed(*quiet_polls(3, 24 * 30)).alerts


def test_a_silence_of_our_own_is_not_the_feeds() -> None:
    hour = timedelta(hours=1)
    told = live(range(24 * 9))
    told.feed(*(failed(at * hour, every=hour) for at in range(216, 218)))
    told.feed(*quiet_polls(218, 223))
    assert not told.alerts
    live([223], told)
    assert told.state is not None
    assert told.state.rhythm is not None
    assert told.state.rhythm.longest == timedelta(hours=5)


def test_the_rhythm_of_long_ago_fades() -> None:
    told = live([0]).feed(*quiet_polls(1, 100))
    live(range(100, 101 + 24 * 14), told)
    assert told.state is not None
    assert told.state.rhythm is not None
    assert told.state.rhythm.longest == pytest.approx(timedelta(hours=50), rel=0.01)


# ---------------------------------------------------------------- parts
def checked(after: timedelta, why: str = "") -> PartChecked:
    return PartChecked(at=NOON + after, part="notifier ops", why=why)


PART = "part:notifier ops"


def test_a_part_that_is_well_leaves_nothing_behind() -> None:
    assert WATCH.fold(PART, None, checked(minutes(0))) == (None, ())


def test_a_part_in_trouble_rings_at_once_and_once() -> None:
    told = Told().feed(checked(minutes(0), "410: gone"), key=PART)
    before = told.state
    told.feed(checked(minutes(1), "410: gone"), key=PART)
    (alert,) = told.alerts
    assert alert.kind is AlertKind.TROUBLE
    assert alert.subject == "notifier ops"
    assert alert.id == f"trouble:notifier ops:{NOON.isoformat()}"
    assert alert.reason == "410: gone"
    assert told.state is before
    assert told.state is not None
    assert WATCH.wakes_at(told.state) is None


def test_another_trouble_of_the_same_part_is_an_update() -> None:
    told = Told().feed(checked(minutes(0), "410: gone"), checked(minutes(9), "500"), key=PART)
    first, second = told.alerts
    assert second.id == first.id
    assert second.started_at == NOON
    assert second.reason == "500"


def test_a_part_that_is_well_again_ends_and_is_forgotten() -> None:
    told = Told().feed(checked(minutes(0), "full"), checked(minutes(200)), key=PART)
    ended = told.alerts[-1]
    assert ended.ended_at == NOON + minutes(200)
    assert ended.fire is Fire.OUT
    assert ended.reason == "notifier ops is well again after 3 hours"
    assert told.state is None


def test_days_are_said_as_days() -> None:
    told = Told().feed(checked(minutes(0), "full"), checked(timedelta(days=3)), key=PART)
    assert "after 3 days" in told.alerts[-1].reason


def test_events_of_others_concern_it_not() -> None:
    assert WATCH.keys(Tick(at=NOON)) == ()
    state = Watched(started_at=NOON, polled_at=NOON, well_at=NOON)
    assert WATCH.fold(PART, state, Tick(at=NOON)) == (state, ())


def test_it_shows_the_shape_of_a_detector() -> None:
    assert (WATCH.name, WATCH.version, WATCH.state_type) == ("watch", 1, Watched)


# ---------------------------------------------------------------- the quarantine
def crashed(after: timedelta, on: str = "jsonl::post:1") -> PartChecked:
    return PartChecked(at=NOON + after, part="quarantine", why=f"a rule crashed on {on}")


def _quarantined(*crashes: PartChecked) -> Told:
    return Told().feed(*crashes, key="part:quarantine")


@pytest.mark.parametrize("seconds", [0, 1, 59])
def test_an_hour_without_a_crash_ends_the_trouble_of_the_quarantine(seconds: int) -> None:
    at = timedelta(seconds=seconds)
    told = _quarantined(crashed(at))
    assert told.state is not None
    ends_at = WATCH.wakes_at(told.state)
    assert ends_at == NOON + minutes(60 if seconds == 0 else 61)
    state, (alert,) = WATCH.fold("part:quarantine", told.state, Tick(at=ends_at))
    assert state is None
    assert (alert.id, alert.ended_at, alert.fire) == (told.alerts[0].id, ends_at, Fire.OUT)
    assert "quarantine is well again after" in alert.reason


def test_an_hour_without_a_failure_ends_the_trouble_of_the_scorer() -> None:
    failed = PartChecked(at=NOON, part="scorer", why="the scorer onnx fails")
    told = Told().feed(failed, key="part:scorer")
    assert told.state is not None
    assert [alert.kind for alert in told.alerts] == [AlertKind.TROUBLE]
    state, (alert,) = WATCH.fold("part:scorer", told.state, Tick(at=NOON + minutes(60)))
    assert state is None
    assert alert.fire is Fire.OUT


@pytest.mark.parametrize("on", ["jsonl::post:1", "jsonl::post:2"])
def test_a_further_crash_begins_the_hour_anew(on: str) -> None:
    told = _quarantined(crashed(minutes(0)), crashed(minutes(50), on))
    assert told.state is not None
    assert WATCH.wakes_at(told.state) == NOON + minutes(110)
    assert len({alert.id for alert in told.alerts}) == 1


def test_a_tick_before_the_hour_is_over_changes_nothing() -> None:
    told = _quarantined(crashed(minutes(0)))
    same, alerts = WATCH.fold("part:quarantine", told.state, Tick(at=NOON + minutes(59)))
    assert same is told.state
    assert not alerts


def test_time_alone_mends_no_other_part() -> None:
    told = Told().feed(checked(minutes(0), why="given up"), key=PART)
    assert told.state is not None
    assert WATCH.wakes_at(told.state) is None
    same, alerts = WATCH.fold(PART, told.state, Tick(at=NOON + timedelta(days=9)))
    assert same is told.state
    assert not alerts


def test_the_budget_of_a_feed_is_a_part_of_ours() -> None:
    assert budget_of("loud") == "budget of loud"
