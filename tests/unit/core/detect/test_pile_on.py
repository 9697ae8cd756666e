"""One thread gathers many voices: who is told, when, and what of."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.thread_state import PileOnSettings, Thread
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Counted, Event, FeedRead, Mentioned, Reacted, Tick
from emberwatch.model.post import Counters, PostKind
from tests.build import NOON, a_brand, a_mention, a_post, minutes

ROOT = "jsonl::root"
MINUTE = minutes(1)
AT_ONCE = minutes(0)


class Told:
    """What a sequence of events came to."""

    def __init__(self, floor: int = 300, key: str = ROOT, **settings: Any) -> None:
        brands = {name: a_brand(name, pile_on_floor=floor) for name in ("Acme", "Bolt")}
        self.detector = PileOn(brands, PileOnSettings(**settings))
        self.key = key
        self.state: Thread | None = None
        self.alerts: list[Alert] = []
        self.ticks = 0

    def feed(self, *events: Event) -> "Told":
        for event in events:
            if not isinstance(event, Tick):
                assert self.key in self.detector.keys(event)
            self.state, alerts = self.detector.fold(self.key, self.state, event)
            self.alerts += alerts
        return self

    def wait(self, until: datetime) -> "Told":
        """Let time pass as the pipeline does: a tick at each moment that was asked for."""
        while self.state is not None:
            at = self.detector.wakes_at(self.state)
            assert at is not None
            assert (at.second, at.microsecond) == (0, 0)
            if at > until:
                break
            self.ticks += 1
            self.feed(Tick(at=at))
        return self

    @property
    def thread(self) -> Thread:
        assert self.state is not None
        return self.state

    @property
    def size(self) -> int:
        return self.thread.size


def root(anger: float | None = 0.8, **facts: Any) -> Mentioned:
    facts.setdefault("at", NOON)
    return Mentioned(at=facts["at"], mention=a_mention("root", anger=anger, **facts))


def reply(number: int, after: timedelta, anger: float | None = 0.8, **facts: Any) -> Mentioned:
    """Return a reply that names the brand."""
    at = NOON + after
    mention = a_mention(f"r{number}", anger=anger, at=at, thread="root", parent="root", **facts)
    return Mentioned(at=at, mention=mention)


def boost(number: int, after: timedelta, **facts: Any) -> Reacted:
    at = NOON + after
    is_history = facts.pop("is_history", False)
    facts.setdefault("thread", "root")
    post = a_post(f"b{number}", kind=PostKind.BOOST, at=at, text="", **facts)
    return Reacted(at=at, post=post, feed="town", is_history=is_history)


def counted(after: timedelta, every: timedelta = MINUTE, **counters: int) -> Counted:
    return Counted(
        at=NOON + after,
        thread_id=ROOT,
        counters=Counters(**counters),
        root_created_at=NOON,
        every=every,
    )


def storm(
    number: int, gap: float, since: timedelta = AT_ONCE, first: int = 1, **facts: Any
) -> list[Reacted]:
    """Return boosts, `gap` seconds apart."""
    return [
        boost(first + index, since + timedelta(seconds=gap * (index + 1)), **facts)
        for index in range(number)
    ]


# ---------------------------------------------------------------- what a thread is
def test_a_reaction_in_a_thread_that_names_no_brand_is_nobodys() -> None:
    told = Told().feed(boost(1, minutes(1)), counted(minutes(2), boosts=900))
    assert told.state is None
    assert not told.alerts


def test_a_reaction_that_comes_twice_changes_nothing_the_second_time() -> None:
    told = Told().feed(root(), boost(1, minutes(1)))
    once = told.thread
    assert told.feed(boost(1, minutes(1))).thread is once


def test_the_root_itself_is_no_reaction() -> None:
    assert Told().feed(root()).size == 0


def test_a_reply_that_names_the_brand_makes_its_thread_known() -> None:
    told = Told().feed(reply(1, minutes(3)))
    assert told.size == 1
    assert told.thread.root_id is None


def test_replies_boosts_and_quotes_are_summed() -> None:
    quote = a_post("q", kind=PostKind.QUOTE, quote_of=ROOT, text="look at this")
    told = Told().feed(
        root(), reply(1, minutes(1)), boost(1, minutes(1)), Reacted(at=NOON, post=quote, feed="t")
    )
    assert told.size == 3


def test_a_quote_stands_in_its_own_thread_and_in_the_quoted_one() -> None:
    detector = Told().detector
    quote = a_mention("q", kind=PostKind.QUOTE, quote_of=ROOT)
    assert detector.keys(Mentioned(at=NOON, mention=quote)) == ("jsonl::q", ROOT)
    within = a_post("q", thread="root", kind=PostKind.QUOTE, quote_of=ROOT)
    assert detector.keys(Reacted(at=NOON, post=within, feed="t")) == (ROOT,)


def test_a_boost_stands_in_the_thread_of_what_it_boosts() -> None:
    detector = Told().detector
    loose = a_post("b", kind=PostKind.BOOST, boost_of=ROOT)
    assert detector.keys(Reacted(at=NOON, post=loose, feed="t")) == (ROOT,)
    lost = a_post("b", kind=PostKind.BOOST)
    assert detector.keys(Reacted(at=NOON, post=lost, feed="t")) == ("jsonl::b",)


def test_time_and_feeds_are_no_threads() -> None:
    detector, thread = Told().detector, Told().feed(root()).thread
    polled = FeedRead(at=NOON, feed="t", every=MINUTE)
    assert detector.keys(Tick(at=NOON)) == detector.keys(polled) == ()
    assert detector.fold(ROOT, thread, polled) == (thread, ())


def test_a_boost_that_bears_its_originals_id_counts_as_a_boost() -> None:
    same = a_post("root", kind=PostKind.BOOST, boost_of=ROOT, text="")
    assert Told().feed(root(), Reacted(at=NOON, post=same, feed="t")).size == 1


def test_a_reply_that_names_two_brands_counts_once() -> None:
    told = Told().feed(root(), reply(1, minutes(1)), reply(1, minutes(1), brand="Bolt"))
    assert told.size == 1
    assert told.thread.mentions == 1
    assert {stake.brand for stake in told.thread.stakes} == {"Acme", "Bolt"}


def test_a_late_root_is_taken_into_its_thread() -> None:
    told = Told().feed(reply(1, minutes(10), followers=5), root(followers=70))
    assert told.size == 1
    assert told.thread.root_id == "jsonl::post:root"
    assert told.thread.first_at == NOON
    assert told.thread.burst_at == NOON.timestamp()
    assert told.thread.reach == 75
    assert told.feed(root(brand="Bolt")).thread.reach == 75


@pytest.mark.parametrize(("after", "rings"), [(minutes(5), True), (minutes(200), False)])
def test_an_angry_root_rings_for_its_crowd_unless_the_fire_is_out(
    after: timedelta, rings: bool
) -> None:
    crowd = [reply(number, MINUTE, anger=0.0) for number in range(20)]
    told = Told(floor=15).feed(*crowd)
    assert not told.alerts
    told.feed(Mentioned(at=NOON + after, mention=a_mention("root", anger=0.8, at=NOON)))
    assert bool(told.alerts) is rings


def test_a_root_of_yesterday_does_not_age_the_burst_of_today() -> None:
    told = Told().feed(reply(1, minutes(600)), root())
    assert told.thread.burst_at == (NOON + minutes(600)).timestamp()


# ---------------------------------------------------------------- counters
def test_a_counter_ahead_of_the_items_is_the_size() -> None:
    told = Told().feed(root(), reply(1, minutes(1)), counted(minutes(1), replies=60, boosts=7))
    assert told.size == 67


def test_items_that_the_counter_knew_already_add_nothing() -> None:
    told = Told().feed(root(), counted(minutes(1), boosts=5), *storm(4, 5.0))
    assert told.size == 5
    assert told.thread.grown == 5
    assert told.feed(*storm(3, 5.0, first=5)).size == 7


def test_likes_and_views_never_count() -> None:
    assert Told().feed(root(), counted(minutes(1), likes=9_000, views=10**6)).size == 0


def test_the_first_reading_under_an_old_root_is_no_growth() -> None:
    told = Told().feed(root(), counted(minutes(60), boosts=900))
    assert told.size == 900
    assert told.thread.grown == 0
    assert not told.alerts


def test_the_first_reading_under_a_root_younger_than_two_polls_is_growth() -> None:
    told = Told().feed(root(), counted(minutes(1.9), boosts=320))
    assert told.thread.grown == 320
    assert len(told.alerts) == 1


def test_an_old_root_that_catches_fire_again_rings() -> None:
    told = Told().feed(root(), counted(minutes(600), boosts=400))
    told.feed(counted(minutes(601), boosts=412))
    assert not told.alerts
    told.feed(counted(minutes(602), boosts=450))
    assert "50 reactions in 2 minutes on top of 400" in told.alerts[0].reason


def test_a_counter_that_falls_and_recovers_is_no_growth() -> None:
    told = Told().feed(root(), counted(minutes(1), boosts=100))
    told.feed(counted(minutes(2), boosts=90))
    assert told.size == 90
    told.feed(counted(minutes(3), boosts=100))
    assert told.thread.grown == 100


def test_a_counter_that_falls_below_what_was_there_before_the_burst_is_quiet() -> None:
    told = Told(floor=15).feed(root())
    for after, replies in ((0, 16), (130, 30)):
        told.feed(replace(counted(minutes(after), replies=replies), is_history=True))
    told.feed(counted(minutes(131), replies=3))
    assert told.thread.before > 15 > told.size
    assert not told.alerts


def test_a_counter_that_says_the_same_again_changes_nothing() -> None:
    told = Told().feed(root(), counted(minutes(1), boosts=3))
    before = told.state
    assert told.feed(counted(minutes(2), boosts=3)).state is before


def test_counters_alone_ring_before_the_floor() -> None:
    told = Told().feed(root())
    for minute in range(1, 12):
        told.feed(counted(minutes(minute), replies=10 * minute, boosts=14 * minute))
    assert told.alerts
    assert (told.alerts[0].observed or 0) < 300


# ---------------------------------------------------------------- ringing
def test_a_quick_thread_rings_long_before_it_is_huge() -> None:
    told = Told().feed(root(), *storm(400, 1.0))
    alert = told.alerts[0]
    assert alert.kind is AlertKind.PILE_ON
    assert alert.id == f"pile_on:Acme:{ROOT}"
    assert alert.brand == alert.subject == "Acme"
    assert 30 <= (alert.observed or 0) <= 150
    assert alert.thread_id == ROOT
    assert alert.first_post_at == NOON
    assert alert.evidence == ("jsonl::post:root",)
    assert alert.fire is Fire.GROWING
    assert alert.window_minutes is not None
    assert 1 <= alert.window_minutes <= 3
    assert alert.expected is not None
    assert alert.expected < 3
    assert alert.chance is not None
    assert 0 < alert.chance < 0.02


def test_the_reason_says_how_many_how_fast_how_far_and_what_is_huge() -> None:
    reason = Told().feed(root(), *storm(400, 1.0)).alerts[0].reason
    assert " reactions in " in reason
    assert " a minute: about " in reason
    assert reason.endswith("expected in the end (huge for Acme: 300)")


def test_where_half_of_all_threads_grow_huge_it_dares_more() -> None:
    daring = Told(base_rate=0.44, smallest=75.0).feed(root(), *storm(300, 2.0))
    assert PileOnSettings.among_alike(0.44, 300) == PileOnSettings(base_rate=0.44, smallest=75.0)
    usual = Told().feed(root(), *storm(300, 2.0))
    assert (daring.alerts[0].observed or 0) < (usual.alerts[0].observed or 0)


def test_a_slow_thread_rings_when_it_is_huge_and_not_before() -> None:
    told = Told().feed(root(), *storm(310, 2_000.0))
    assert told.alerts[0].observed == 300
    assert "an hour: about" in told.alerts[0].reason


def test_sixty_reactions_within_minutes_are_told_where_thirty_are_huge() -> None:
    told = Told(floor=30).feed(root())
    for number in range(30):
        after = timedelta(seconds=3 * number)
        told.feed(reply(number, after), boost(number, after))
    assert (told.alerts[0].observed or 0) <= 30


def test_the_floor_is_the_brands_own() -> None:
    brands = {"Acme": a_brand(pile_on_floor=2)}
    detector = PileOn(brands)
    state, _ = detector.fold(ROOT, None, root())
    state, alerts = detector.fold(ROOT, state, boost(1, minutes(500)))
    assert not alerts
    state, alerts = detector.fold(ROOT, state, boost(2, minutes(900)))
    assert len(alerts) == 1


def test_a_handful_of_replies_is_no_pile_on() -> None:
    assert not Told().feed(root(), *storm(25, 2.0)).alerts


def test_what_was_read_back_counts_and_never_rings() -> None:
    told = Told().feed(root(), *storm(400, 1.0, is_history=True))
    assert told.size == 400
    assert not told.alerts


def test_one_more_voice_under_a_thread_of_last_week_is_no_pile_on() -> None:
    told = Told().feed(root(), *storm(400, 1.0, is_history=True))
    told.feed(boost(401, minutes(3_000)))
    assert not told.alerts


def test_a_fire_that_burns_while_we_start_is_told_at_the_first_live_voice() -> None:
    told = Told().feed(root(), *storm(400, 1.0, is_history=True))
    told.feed(boost(401, minutes(7)))
    assert len(told.alerts) == 1


def test_a_backlog_newest_first_is_no_burst() -> None:
    late = [
        Reacted(
            at=NOON + minutes(500),
            post=a_post(f"b{number}", kind=PostKind.BOOST, thread="root", at=NOON + minutes(500)),
            feed="town",
        )
        for number in range(1)
    ]
    spread = [
        Reacted(
            at=NOON + minutes(500),
            post=a_post(
                f"c{n}", kind=PostKind.BOOST, thread="root", at=NOON + minutes(499 - 8 * n)
            ),
            feed="town",
        )
        for n in range(60)
    ]
    assert not Told().feed(root(), *late, *spread).alerts


def test_a_second_burst_after_a_silence_is_measured_from_its_own_beginning() -> None:
    told = Told().feed(root(), *storm(40, 60.0), *storm(150, 1.0, since=minutes(240), first=100))
    alert = told.alerts[0]
    assert "on top of 40" in alert.reason
    assert alert.window_minutes is not None
    assert alert.window_minutes <= 3


def test_an_unknown_brand_is_told_nothing() -> None:
    detector = PileOn({})
    state, _ = detector.fold(ROOT, None, root())
    for event in storm(320, 1.0):
        state, alerts = detector.fold(ROOT, state, event)
        assert not alerts


def test_a_fire_of_a_brand_that_was_taken_out_goes_out_without_a_word() -> None:
    told = Told().feed(root(), *storm(400, 1.0))
    heard = len(told.alerts)
    told.detector = PileOn({})
    assert told.wait(NOON + minutes(3_000)).state is None
    assert len(told.alerts) == heard


def test_time_alone_never_rings() -> None:
    told = Told().feed(root(), *storm(400, 1.0, is_history=True), Tick(at=NOON + minutes(8)))
    assert not told.alerts


# ---------------------------------------------------------------- whose thread, and in what mood
def test_a_passing_word_in_somebody_elses_thread_is_not_about_the_brand() -> None:
    told = Told().feed(root(), reply(1, minutes(1), brand="Bolt"))
    told.feed(*(reply(number, minutes(number / 60)) for number in range(2, 400)))
    assert {alert.brand for alert in told.alerts} == {"Acme"}


def test_a_brand_named_by_many_replies_is_concerned_though_the_root_is_silent() -> None:
    told = Told().feed(*(reply(number, minutes(number / 60)) for number in range(1, 320)))
    assert {alert.brand for alert in told.alerts} == {"Acme"}
    assert told.alerts[0].evidence[0].startswith("jsonl::reply:r")


def test_two_brands_in_the_root_are_told_each() -> None:
    told = Told().feed(root(), root(brand="Bolt"), *storm(400, 1.0))
    assert {alert.id for alert in told.alerts} == {
        f"pile_on:Acme:{ROOT}",
        f"pile_on:Bolt:{ROOT}",
    }


def happy(number: int) -> list[Mentioned]:
    return [reply(index, minutes(index / 60), anger=0.0) for index in range(1, number)]


def test_applause_is_no_pile_on() -> None:
    assert not Told().feed(root(anger=0.0), *happy(400)).alerts


def test_happy_replies_under_an_angry_root_are_no_applause() -> None:
    assert Told().feed(root(anger=0.9), *happy(400)).alerts


def test_a_mood_that_nobody_could_judge_is_no_applause() -> None:
    replies = [reply(index, minutes(index / 60), anger=None) for index in range(1, 400)]
    alert = Told().feed(root(anger=None), *replies).alerts[0]
    assert alert.not_judged == 1.0
    assert alert.reason.endswith("; 100% of the mentions could not be judged")


def test_the_reason_names_the_share_that_could_not_be_judged_while_it_is_large() -> None:
    for of_ten, share in ((3, ""), (5, "; 50% of the mentions could not be judged")):
        replies = [
            reply(index, minutes(index / 60), anger=None if index % 10 < of_ten else 0.8)
            for index in range(1, 400)
        ]
        told = Told().feed(root(anger=0.8), *replies).wait(NOON + timedelta(hours=5))
        cooling, out = told.alerts[-2:]
        assert (cooling.is_open, out.is_open) == (True, False)
        assert cooling.reason.endswith(f"judged are angry{share}; cooling")
        assert out.reason.endswith(f"in the last 2 hours{share}: it is over")


def test_a_root_alone_that_nobody_could_judge_is_a_mention_too() -> None:
    alert = Told().feed(root(anger=None), counted(minutes(1), replies=400)).alerts[0]
    assert alert.not_judged == 1.0


def test_applause_that_turns_rings() -> None:
    told = Told().feed(root(anger=0.0), *happy(100))
    angry = [reply(1_000 + index, minutes(2 + index / 60)) for index in range(250)]
    told.feed(*angry)
    assert "judged are angry" in told.alerts[0].reason


def test_the_angriest_voices_are_the_evidence() -> None:
    replies = [
        reply(index, minutes(index / 60), anger=0.3 + (index % 100) / 200)
        for index in range(1, 400)
    ]
    told = Told().feed(root(), *replies)
    assert len(told.thread.stakes[0].voices) == 49
    last = told.alerts[-1]
    assert last.evidence[0] == "jsonl::post:root"
    assert last.evidence[1] == "jsonl::reply:r199"
    assert len(last.evidence) <= 50


def test_followers_are_the_reach() -> None:
    told = Told().feed(root(followers=1_000), *storm(400, 1.0, followers=10))
    alert = told.alerts[0]
    assert alert.reach == 1_000 + 10 * (alert.observed or 0)


# ---------------------------------------------------------------- updates and the end
def test_it_is_told_again_when_it_has_doubled() -> None:
    told = Told().feed(root(), *storm(2_000, 0.3))
    sizes = [alert.observed or 0 for alert in told.alerts if alert.fire is Fire.GROWING]
    assert len(sizes) >= 3
    assert all(later >= 2 * earlier for earlier, later in pairwise(sizes))
    assert len({alert.id for alert in told.alerts}) == 1
    assert len({alert.started_at for alert in told.alerts}) == 1


def test_a_fire_that_gets_no_more_wood_cools_and_goes_out() -> None:
    told = Told().feed(root(), *storm(400, 1.0)).wait(NOON + minutes(600))
    assert [alert.fire for alert in told.alerts[-3:]] == [Fire.BURNING, Fire.COOLING, Fire.OUT]
    cooling, out = told.alerts[-2:]
    assert cooling.reason.endswith("; cooling")
    assert cooling.is_open
    assert out.ended_at == out.at
    assert minutes(120) <= out.at - (NOON + timedelta(seconds=400)) <= minutes(121)
    assert out.reason == "400 reactions in all, none in the last 2 hours: it is over"
    assert told.ticks <= 4


def test_a_steady_fire_burns_and_says_so_once() -> None:
    told = Told().feed(root())
    for event in storm(2_000, 5.0):
        told.wait(event.at).feed(event)
    fires = [alert.fire for alert in told.alerts]
    assert fires.count(Fire.BURNING) <= 4
    assert fires[-1] is Fire.BURNING


def test_time_alone_makes_a_growing_fire_a_burning_one() -> None:
    told = Told().feed(root())
    for event in storm(480, 5.0):
        told.wait(event.at).feed(event)
    assert told.alerts[-1].fire is Fire.GROWING
    told.wait(NOON + minutes(46))
    assert told.alerts[-1].fire is Fire.BURNING
    assert told.alerts[-1].observed == 480


def test_a_reaction_of_long_before_the_burst_counts_below_it() -> None:
    told = Told().feed(reply(1, minutes(600)), reply(2, minutes(3)))
    assert (told.size, told.thread.before, told.thread.grown) == (2, 1, 1)


def test_a_fire_that_flares_up_again_is_growing_again() -> None:
    told = Told().feed(root(), *storm(400, 1.0)).wait(NOON + minutes(60))
    assert told.alerts[-1].fire is Fire.COOLING
    told.feed(*storm(900, 0.2, since=minutes(90), first=1_000))
    assert told.alerts[-1].fire is Fire.GROWING
    assert len({alert.id for alert in told.alerts}) == 1


def test_a_thread_that_ended_and_takes_fire_again_rings_anew() -> None:
    told = Told().feed(root(), *storm(400, 1.0)).wait(NOON + minutes(300))
    assert not told.alerts[-1].is_open
    told.feed(*storm(10, 1.0, since=minutes(400), first=1_000))
    assert not told.alerts[-1].is_open
    told.feed(*storm(40, 1.0, since=minutes(401), first=2_000))
    assert told.alerts[-1].id == f"pile_on:Acme:{ROOT}:2"
    assert told.alerts[-1].is_open


def test_a_thread_that_shrank_below_the_floor_after_its_end_stays_quiet() -> None:
    told = Told().feed(root(), counted(minutes(1), boosts=320)).wait(NOON + minutes(300))
    told.feed(counted(minutes(400), boosts=100), *storm(80, 1.0, since=minutes(400)))
    assert not told.alerts[-1].is_open


def test_a_cold_thread_is_forgotten_after_six_hours() -> None:
    told = Told().feed(root(), boost(1, minutes(5)))
    assert told.wait(NOON + minutes(364)).state is not None
    assert told.wait(NOON + minutes(366)).state is None
    assert told.ticks == 1


def test_a_thread_that_rang_is_kept_for_two_days() -> None:
    told = Told().feed(root(), *storm(400, 1.0)).wait(NOON + minutes(2_800))
    assert told.state is not None
    assert told.wait(NOON + minutes(2_900)).state is None


def test_a_handful_that_rang_is_kept_as_long_as_a_crowd() -> None:
    told = Told(floor=2).feed(root(), boost(1, minutes(1)), boost(2, minutes(2)))
    assert told.alerts
    assert told.wait(NOON + minutes(2_800)).state is not None
    assert told.wait(NOON + minutes(2_900)).state is None


def test_a_crowd_that_slept_a_night_is_counted_on() -> None:
    told = Told().feed(root(), *storm(200, 600.0, is_history=True))
    told.wait(NOON + minutes(2_600))
    told.feed(*storm(100, 60.0, since=minutes(2_600), first=1_000))
    assert told.alerts[0].observed is not None
    assert 200 < told.alerts[0].observed <= 300


def test_a_root_that_lost_more_voices_than_it_now_has_stays_quiet() -> None:
    told = Told().feed(root(), counted(minutes(600), boosts=900), counted(minutes(601), boosts=20))
    told.feed(*storm(60, 1.0, since=minutes(602)))
    assert told.size == 60
    assert not told.alerts


def test_a_tick_that_comes_after_a_long_sleep_ends_the_alert_before_it_forgets() -> None:
    told = Told().feed(root(), *storm(400, 1.0), Tick(at=NOON + minutes(9_000)))
    assert not told.alerts[-1].is_open
    assert told.state is not None


def test_a_tick_for_an_unknown_thread_is_nothing() -> None:
    assert Told().feed(Tick(at=NOON)).state is None


def test_it_shows_the_shape_of_a_detector() -> None:
    detector = Told().detector
    assert (detector.name, detector.version, detector.state_type) == ("pile_on", 2, Thread)


def test_a_thousand_threads_of_one_post_cost_next_to_nothing() -> None:
    told = Told()
    event = root()
    started = time.process_time()
    for _ in range(1_000):
        told.detector.wakes_at(told.detector.fold(ROOT, None, event)[0] or told.thread)
    assert time.process_time() - started < 0.1


def test_the_expectation_of_a_thread_found_late_is_not_less_than_its_size() -> None:
    told = Told().feed(root(), counted(minutes(60), boosts=280), *storm(300, 1.0, minutes(61)))
    assert told.alerts
    assert told.alerts[0].chance == pytest.approx(0.01, rel=0.5)
