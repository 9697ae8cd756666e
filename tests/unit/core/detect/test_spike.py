"""Anger that comes faster than usual rings; everything else stays quiet."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import pytest

from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeSettings, SpikeState
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Counted, Mentioned, Tick, Unwatched
from emberwatch.model.post import Counters, PostKind
from emberwatch.store.codec import decode_state, encode_state
from tests.build import NOON, a_brand, a_mention, minutes
from tests.following import Following

DAY = timedelta(days=1)


@cache
def grown(days: float, every: float, angry: int) -> tuple[SpikeState | None, int]:
    life = Following()
    life.live(NOON + days * DAY, every, angry=angry)
    assert not life.alerts
    return life.state, life.posts


def an_ordinary_brand(days: float = 10.0, every: float = 15.0, angry: int = 5) -> Following:
    """Return a quiet brand with a post each so many minutes, each `angry`-th of them angry."""
    life = Following()
    life.state, life.posts = grown(days, every, angry)
    return life


def storm(
    life: Following, posts: int, gap: float = 1.0, anger: float = 0.8, **facts: object
) -> None:
    at = life.now
    for n in range(1, posts + 1):
        life.post(at + minutes(n * gap), anger, **facts)


def test_a_silent_brand_rings_at_the_third_angry_voice() -> None:
    life = Following()
    life.feed(Tick(at=NOON + 28 * DAY))
    storm(life, 2, gap=10.0)
    assert not life.rung()
    storm(life, 1, gap=10.0)
    (alert,) = life.rung()
    assert alert.observed == pytest.approx(2.4)
    assert alert.started_at == life.now


def test_three_voices_that_hang_together_are_fewer_than_three() -> None:
    life = Following()
    life.feed(Tick(at=NOON + 28 * DAY))
    at = life.now
    life.post(at + minutes(1), 0.8, thread="a", author="anna")
    life.post(at + minutes(2), 0.8, thread="b", author="boris")
    # the angriest of her thread and the angriest of his: she and he fall away beside it
    life.post(at + minutes(3), 0.95, thread="a", author="boris")
    assert not life.rung()


def test_of_a_crowd_it_keeps_and_says_what_a_detector_does_that_was_just_started() -> None:
    life = an_ordinary_brand()
    brands = {"Acme": a_brand()}
    went_on, state = Spike(brands), life.state
    for n in range(300):
        at = life.now + timedelta(seconds=10 * n)
        mention = a_mention(
            f"c{n}",
            anger=0.3 + n % 7 / 10,
            author=f"a{n % 190}",
            thread=f"t{n % 230}",
            at=at - minutes(n % 5) - (n % 97 == 0) * DAY / 12,
        )
        event = Mentioned(at=at, mention=mention)
        told = Spike(brands).fold("Acme", state, event)
        assert went_on.fold("Acme", state, event) == told
        state, _ = told
    assert state is not None
    assert len(state.voices) > 200


def test_an_ordinary_week_stays_quiet() -> None:
    life = an_ordinary_brand()
    life.live(life.now + 7 * DAY, 15.0)
    assert not life.alerts


def test_a_storm_rings_within_minutes_and_says_why() -> None:
    life = an_ordinary_brand()
    began = life.now
    storm(life, 20)
    (alert,) = life.rung()
    assert alert.started_at - began <= minutes(12)
    assert alert.id == f"spike:Acme:{alert.started_at.isoformat()}"
    assert alert.observed is not None
    assert alert.expected is not None
    assert alert.chance is not None
    assert alert.observed > 5 * alert.expected
    assert 0.0 < alert.chance < 1e-4
    assert alert.reason.startswith(f"{alert.observed:.1f} angry voices in {alert.window_minutes}")
    assert "are usual (Thu 11h UTC): by chance once in " in alert.reason


def test_an_alert_carries_its_evidence() -> None:
    life = an_ordinary_brand()
    began = life.now
    storm(life, 20, followers=10)
    (alert,) = life.rung()
    assert alert.first_post_at is not None
    assert alert.first_post_at >= began - minutes(15)
    assert 3 <= len(alert.evidence) <= 50
    assert alert.reach >= 30
    assert alert.thread_id is None
    assert alert.not_judged == 0.0


def test_evidence_is_weightiest_first_and_at_most_fifty() -> None:
    life = an_ordinary_brand(days=3)
    at = life.now
    for n in range(100):
        life.post(at + minutes(n / 10), 0.4 + n / 200)
    last = [alert for alert in life.alerts if alert.kind is AlertKind.SPIKE][-1]
    numbers = [int(id.rsplit(":", 1)[1]) for id in last.evidence]
    assert len(numbers) == 50
    assert numbers == sorted(numbers, reverse=True)


def test_one_thread_of_five_hundred_is_one_voice() -> None:
    life = an_ordinary_brand()
    storm(life, 500, gap=0.1, thread="one")
    assert not life.rung()


def test_one_thread_alone_does_not_ring_even_where_nobody_ever_spoke() -> None:
    life = Following()
    life.feed(Tick(at=NOON + 28 * DAY))
    storm(life, 50, thread="one")
    assert not life.rung()


def test_posts_some_minutes_late_count_in_their_own_minute() -> None:
    life = an_ordinary_brand()
    now = life.now
    for n in range(12):
        at = now + minutes(n - 3 * (n % 4))
        life.hear(a_mention(f"l{n}", anger=0.8, author=f"l{n}", at=at), now + minutes(n))
    assert life.rung()
    assert life.state is not None
    order = [minute.minute for minute in life.state.minutes]
    assert order == sorted(set(order))


@pytest.mark.parametrize(("later", "returns"), [(10, False), (16, True), (59, True), (61, False)])
def test_a_voice_returns_when_it_was_heard_within_the_hour_but_not_the_quarter(
    later: int, returns: bool
) -> None:
    life = Following()
    for at in (NOON, NOON + minutes(later)):
        life.post(at, 0.5, author="anna")
    assert life.state is not None
    assert (life.state.past.now.returned > 0.0) is returns


def test_one_author_is_one_voice() -> None:
    life = an_ordinary_brand()
    storm(life, 100, author="anna")
    assert not life.rung()


def test_one_text_by_five_hundred_accounts_is_one_voice() -> None:
    life = an_ordinary_brand()
    storm(life, 500, gap=0.1, fingerprint="buy now")
    assert not life.rung()


def test_a_storm_that_is_mostly_one_thread_names_it() -> None:
    life = an_ordinary_brand()
    at = life.now
    for n in range(12):
        life.post(at + minutes(n), 0.9)
        life.post(at + minutes(n), 0.7, thread="one")
        life.post(at + minutes(n), 0.7, thread="one")
    (alert,) = life.rung()
    assert alert.thread_id == "jsonl::one"


def test_boosts_are_nobodys_voice() -> None:
    life = an_ordinary_brand()
    before = life.state
    assert before is not None
    storm(life, 50, gap=0.1, kind=PostKind.BOOST)
    assert not life.rung()
    assert life.state is not None
    assert life.state.voices == before.voices


def test_faint_anger_does_not_add_up() -> None:
    life = an_ordinary_brand()
    storm(life, 60, anger=0.2)
    assert not life.rung()


def test_posts_that_nobody_could_judge_do_not_raise_anger() -> None:
    life = an_ordinary_brand()
    at = life.now
    for n in range(60):
        life.post(at + minutes(n), None)
    assert not life.rung()
    assert life.rung(AlertKind.SURGE)


def test_an_alert_says_when_much_could_not_be_judged() -> None:
    life = an_ordinary_brand()
    at = life.now
    for n in range(20):
        life.post(at + minutes(n), 0.9)
        life.post(at + minutes(n), None)
    (alert,) = life.rung()
    assert alert.not_judged > 0.3
    assert "of the mentions could not be judged" in alert.reason


def test_a_surge_says_when_much_could_not_be_judged_too() -> None:
    life = an_ordinary_brand()
    at = life.now
    for n in range(60):
        life.post(at + minutes(n), None)
    alert = life.rung(AlertKind.SURGE)[-1]
    assert alert.not_judged > 0.3
    assert "of the mentions could not be judged" in alert.reason


def test_a_promotion_is_a_surge_and_no_spike() -> None:
    life = an_ordinary_brand(every=10.0)
    storm(life, 200, gap=10.0 / 7.0, anger=0.0)
    assert not life.rung()
    (surge,) = life.rung(AlertKind.SURGE)[:1]
    assert " posts in " in surge.reason
    assert surge.evidence == ()


def test_a_share_of_anger_that_rises_at_the_same_volume_rings() -> None:
    life = an_ordinary_brand(every=5.0, angry=10)
    began = life.now
    for n in range(1, 36):
        life.post(began + minutes(5 * n), 0.8 if n % 5 < 3 else 0.0)
    assert life.rung(since=began)
    assert not life.rung(AlertKind.SURGE, since=began)


def test_posts_that_nobody_can_judge_do_not_make_the_others_look_angrier() -> None:
    life = Following()
    while life.now < NOON + 3 * DAY:
        number, at = life.posts, life.now + minutes(1)
        is_judged, is_angry = number % 3 == 0, number % 12 == 0
        life.post(at, (0.8 if is_angry else 0.0) if is_judged else None)
    began = life.now
    for n in range(120):
        is_judged, is_angry = n % 3 == 0, n % 7 < 3
        life.post(began + minutes(n), (0.8 if is_angry else 0.0) if is_judged else None)
    assert not life.rung()


def test_nothing_rings_in_the_first_cold_hours() -> None:
    life = Following()
    at = NOON
    for n in range(60):
        life.post(at + minutes(4 * n), 0.7)
    assert not life.alerts


def test_something_truly_extreme_rings_even_in_the_cold() -> None:
    life = Following()
    life.feed(Tick(at=NOON + minutes(600)))
    storm(life, 60, gap=0.2, anger=0.9)
    assert life.rung()


def test_history_teaches_and_never_rings() -> None:
    life = Following(at=NOON - 8 * DAY)
    life.state = None
    now = NOON
    for n in range(7 * 24 * 6):
        at = now - 7 * DAY + minutes(10 * n)
        life.hear(a_mention(str(n), anger=0.8, author=str(n), at=at), now, is_history=True)
    assert life.state is not None
    assert not life.alerts
    assert life.state.past.baseline.watched_days > 6.5
    assert life.spike.wakes_at(life.state) is None


def test_history_of_a_second_feed_raises_the_level() -> None:
    life = an_ordinary_brand(days=5)
    assert life.state is not None
    before = life.state.past.baseline
    now = life.now
    for n in range(200):
        at = now - 4 * DAY + minutes(10 * n)
        life.hear(a_mention(f"h{n}", anger=0.8, author=f"h{n}", at=at), now, is_history=True)
    assert life.state.past.baseline.long_volume > before.long_volume + 100
    assert not life.alerts


def test_a_second_feed_that_reads_further_back_than_the_first_deafens_nobody() -> None:
    life = Following()
    life.state = None
    times = [NOON - minutes(10 * n) for n in range(12, 0, -1)]
    times += [NOON - 11 * DAY + minutes(10 * n) for n in range(11 * 24 * 6)]
    for n, at in enumerate(times):
        mention = a_mention(f"h{n}", anger=0.0 if n % 5 else 0.7, author=f"h{n}", at=at)
        life.hear(mention, NOON, is_history=True)
    for hours in (1, 12, 24, 48):
        life.live(NOON + timedelta(hours=hours), 10.0)
        assert life.state is not None
        expected = life.state.past.quarters[-1].expected_volume
        assert 0.6 <= expected <= 4.0, f"{expected} posts, where 1.5 come in a quarter of an hour"


def test_late_posts_land_in_their_own_minute_and_are_no_spike_now() -> None:
    life = an_ordinary_brand()
    now = life.now
    for n in range(30):
        mention = a_mention(
            f"late{n}", anger=0.8, author=f"late{n}", at=now - minutes(900 + 60 * n)
        )
        life.hear(mention, now)
    assert not life.rung()


def test_a_post_from_the_future_counts_now() -> None:
    life = an_ordinary_brand()
    now = life.now
    for n in range(20):
        mention = a_mention(f"f{n}", anger=0.8, author=f"f{n}", at=now + 400 * DAY)
        life.hear(mention, now + minutes(n))
    assert life.rung()
    assert life.now == now + minutes(19)


def test_a_clock_set_back_changes_nothing() -> None:
    life = an_ordinary_brand()
    now = life.now
    life.post(now - minutes(60))
    assert life.now == now
    life.feed(Tick(at=now - minutes(60)))
    assert life.now == now


def test_a_day_without_a_watch_does_not_ring_on_return() -> None:
    life = an_ordinary_brand(days=5, every=5.0)
    life.feed(Unwatched(at=life.now + DAY, brand="Acme", since=life.now))
    life.live(life.now + DAY / 4, 5.0)
    assert not life.alerts


def test_a_day_that_nobody_noticed_missing_does_not_ring_on_return() -> None:
    life = an_ordinary_brand(days=5, every=5.0)
    life.feed(Tick(at=life.now + DAY))
    life.live(life.now + DAY / 4, 5.0)
    assert not life.alerts


def test_a_backlog_after_a_gap_is_no_spike() -> None:
    life = an_ordinary_brand(days=5, every=5.0)
    gone, back = life.now, life.now + minutes(100)
    life.feed(Unwatched(at=back, brand="Acme", since=gone))
    for n in range(20):
        at = gone + minutes(5 * n + 1)
        anger = 0.7 if n % 5 == 0 else 0.0
        life.hear(a_mention(f"b{n}", anger=anger, author=f"b{n}", at=at), back)
    assert not life.alerts


def test_a_clock_that_leaps_by_years_is_cheap_and_harmless() -> None:
    life = an_ordinary_brand()
    life.feed(Tick(at=life.now + 3000 * DAY))
    life.live(life.now + DAY, 15.0)
    assert not life.rung()


def test_a_new_level_becomes_normal_within_three_days() -> None:
    life = an_ordinary_brand(every=10.0)
    shifted = life.now
    life.live(shifted + 6 * DAY, 4.0)
    assert not life.rung(since=shifted + 3 * DAY)
    assert life.state is not None
    assert life.state.spike is None


def test_an_open_alert_is_told_again_only_when_it_changed() -> None:
    life = an_ordinary_brand()
    storm(life, 100, gap=0.5)
    (first,) = life.rung()
    told = [alert for alert in life.alerts if alert.id == first.id]
    assert 2 <= len(told) < 20
    for before, after in pairwise(told):
        assert before.observed is not None
        assert after.observed is not None
        assert after.fire is not before.fire or after.observed >= 1.5 * before.observed


def test_a_fire_goes_out_and_the_alert_ends_hours_later() -> None:
    life = an_ordinary_brand(every=15.0)
    storm(life, 60)
    over = life.now
    life.live(over + DAY, 15.0)
    (first,) = life.rung()
    told = [alert for alert in life.alerts if alert.id == first.id]
    fires = [alert.fire for alert in told]
    assert fires[0] is Fire.GROWING
    assert Fire.COOLING in fires
    assert fires[-1] is Fire.OUT
    assert told[-1].ended_at is not None
    assert timedelta(hours=6) <= told[-1].ended_at - over <= timedelta(hours=13)
    assert told[-1].reason.endswith("; it is over")


@pytest.mark.parametrize(("quiet_after", "hours"), [(1, 2.9), (4, 5.9), (12, 9.8)])
def test_the_alert_of_a_small_storm_ends_when_the_brand_has_been_quiet(
    quiet_after: int, hours: float
) -> None:
    life = an_ordinary_brand()
    life.spike = Spike({"Acme": a_brand(quiet_after=timedelta(hours=quiet_after))})
    storm(life, 8)
    over = life.now
    life.live(over + DAY, 15.0)
    ended_at = life.alerts[-1].ended_at
    assert ended_at is not None
    assert (ended_at - over) / timedelta(hours=1) == pytest.approx(hours, abs=0.3)


@pytest.mark.parametrize(("first", "second"), [(30, 30), (100, 30), (30, 12)])
@pytest.mark.parametrize("calm", [2, 5, 9])
def test_a_second_storm_while_the_alert_is_open_burns_again_with_its_own_figures(
    first: int, second: int, calm: int
) -> None:
    life = an_ordinary_brand()
    storm(life, first)
    life.live(life.now + timedelta(hours=calm), 15.0)
    told, began = len(life.alerts), life.now
    assert life.alerts[-1].fire is Fire.OUT
    storm(life, second)
    life.live(life.now + minutes(30), 15.0)
    again = [alert for alert in life.alerts[told:] if alert.kind is AlertKind.SPIKE]
    assert {alert.id for alert in again} == {life.rung()[0].id}
    assert again[0].fire in (Fire.GROWING, Fire.BURNING)
    assert again[0].at - began <= minutes(10)
    for alert in again:
        assert alert.window_minutes is not None
        assert alert.window_minutes <= 60
        assert alert.observed is not None
        assert alert.observed <= 0.8 * second + 3.0
    assert again[-1].observed is not None
    assert again[-1].observed >= 0.5 * second


def grows_again(life: Following, told: int) -> list[Alert]:
    """Return what a brand's alerts of anger said first as they began to grow, after so many."""
    spikes = [alert for alert in life.alerts if alert.kind is AlertKind.SPIKE]
    return [
        after
        for before, after in pairwise(spikes)
        if after in life.alerts[told:]
        and after.fire is Fire.GROWING
        and before.fire is not Fire.GROWING
    ]


def dying_storm(life: Following) -> None:
    """Let 60 angry posts come within an hour, and ever fewer within the next hour and a half."""
    storm(life, 60)
    for gap in (2.0, 3.0, 4.0, 6.0, 8.0, 10.0):
        storm(life, round(15 / gap), gap=gap)


@pytest.mark.parametrize("second", [0.5, 1.0])
@pytest.mark.parametrize("calm", [45, 60, 90])
def test_a_second_storm_is_told_while_the_last_hours_still_hold_the_first(
    calm: int, second: float
) -> None:
    life = an_ordinary_brand()
    storm(life, 60)
    life.live(life.now + minutes(calm), 15.0)
    told, began = len(life.alerts), life.now
    storm(life, 40, gap=second)
    again = grows_again(life, told)[0]
    assert again.id == life.rung()[0].id
    assert again.at - began <= minutes(15)
    assert again.first_post_at is not None
    assert again.first_post_at >= began - minutes(calm)
    assert again.observed is not None
    assert again.observed <= 20.0


def test_a_second_storm_is_told_while_the_first_dies_down() -> None:
    life = an_ordinary_brand()
    dying_storm(life)
    told, began = len(life.alerts), life.now
    storm(life, 40)
    assert grows_again(life, told)[0].at - began <= minutes(15)


def test_a_fire_that_dies_down_is_not_said_to_grow() -> None:
    life = an_ordinary_brand()
    storm(life, 60)
    told = len(life.alerts)
    dying_storm(life)
    life.live(life.now + timedelta(hours=4), 15.0)
    assert grows_again(life, told) == []


def test_a_feed_that_could_not_be_read_is_no_lull() -> None:
    life = an_ordinary_brand()
    storm(life, 90)
    told, since = len(life.alerts), life.now
    for minute in range(1, 46):
        life.feed(Unwatched(at=since + minutes(minute), brand="Acme", since=since))
    storm(life, 14)
    assert grows_again(life, told) == []


def test_figures_of_a_later_fire_name_the_hour_in_which_they_were_seen() -> None:
    life = an_ordinary_brand()
    storm(life, 30)
    life.live(life.now + timedelta(hours=5), 15.0)
    told = len(life.alerts)
    storm(life, 30)
    again = next(alert for alert in life.alerts[told:] if alert.kind is AlertKind.SPIKE)
    assert again.at.hour != again.started_at.hour
    assert f"({again.at:%a} {again.at.hour}h UTC)" in again.reason


def test_an_alert_that_was_stored_without_that_hour_names_the_one_in_which_it_rang() -> None:
    life = an_ordinary_brand()
    storm(life, 30)
    state = life.state
    assert state is not None
    assert state.spike is not None
    life.state = replace(state, spike=replace(state.spike, seen_at=None))
    life.live(life.now + DAY, 15.0)
    ended = life.alerts[-1]
    assert ended.kind is AlertKind.SPIKE
    assert ended.ended_at is not None
    began = ended.started_at
    assert ended.at.hour != began.hour
    assert f"({began:%a} {began.hour}h UTC)" in ended.reason


def test_six_posts_at_once_about_a_brand_that_has_next_to_none_are_a_surge() -> None:
    life = Following()
    life.live(NOON + 6 * DAY, 1440.0, angry=0)
    after_a_long_silence = life.now + timedelta(hours=16)
    for post in range(5):
        life.post(after_a_long_silence + minutes(post))
    assert not life.rung(AlertKind.SURGE)
    life.post(life.now + minutes(1))
    assert life.rung(AlertKind.SURGE)


def test_some_grumbles_after_a_storm_are_no_second_one() -> None:
    life = an_ordinary_brand()
    storm(life, 60)
    life.live(life.now + timedelta(hours=2), 15.0)
    told = len(life.alerts)
    storm(life, 2, gap=10.0)
    life.live(life.now + timedelta(hours=1), 15.0)
    assert {alert.fire for alert in life.alerts[told:]} <= {Fire.OUT}


def test_a_fire_that_wavers_while_it_cools_goes_on_cooling() -> None:
    life = an_ordinary_brand()
    storm(life, 60)
    storm(life, 20, gap=3.0)
    storm(life, 24, gap=1.5)
    storm(life, 20, gap=3.0)
    fires = [alert.fire for alert in life.alerts if alert.kind is AlertKind.SPIKE]
    assert set(fires[fires.index(Fire.COOLING) :]) == {Fire.COOLING}


def test_volume_that_swells_again_is_told_to_burn_again() -> None:
    life = an_ordinary_brand()
    storm(life, 60, anger=0.0)
    life.live(life.now + timedelta(hours=2), 15.0)
    told = len(life.alerts)
    storm(life, 60, anger=0.0)
    (kind,) = {alert.kind for alert in life.alerts}
    assert kind is AlertKind.SURGE
    assert life.alerts[told].fire in (Fire.GROWING, Fire.BURNING)


def test_a_storm_that_goes_on_burns_and_stays_one_alert() -> None:
    life = an_ordinary_brand()
    storm(life, 300, gap=2.0)
    (first,) = life.rung()
    assert Fire.BURNING in {alert.fire for alert in life.alerts if alert.id == first.id}


def test_a_brand_that_asks_for_fewer_false_alarms_rings_later() -> None:
    eager, patient = (
        Following(Spike({"Acme": a_brand(false_alarms_per_month=rate)})) for rate in (4.0, 0.001)
    )
    for life in (eager, patient):
        life.live(NOON + 4 * DAY, 15.0)
        storm(life, 30)
    assert eager.rung()[0].started_at < patient.rung()[0].started_at


def test_a_time_alone_matters_while_it_rings_or_posts_wait_to_be_looked_at() -> None:
    life = an_ordinary_brand()
    assert life.state is not None
    life.feed(Tick(at=life.now + minutes(1)))
    assert life.spike.wakes_at(life.state) is None
    storm(life, 20)
    wakes_at = life.spike.wakes_at(life.state)
    assert wakes_at is not None
    assert life.now < wakes_at <= life.now + minutes(15)


def test_only_brands_that_are_watched_have_keys() -> None:
    spike = Spike({"Acme": a_brand()})
    assert spike.keys(Mentioned(at=NOON, mention=a_mention())) == ("Acme",)
    assert spike.keys(Mentioned(at=NOON, mention=a_mention(brand="Other"))) == ()
    assert spike.keys(Unwatched(at=NOON, brand="Acme", since=NOON)) == ("Acme",)
    counted = Counted(
        at=NOON,
        thread_id="t",
        counters=Counters(),
        root_created_at=NOON,
        every=minutes(1),
    )
    assert spike.keys(counted) == ()


def test_a_brand_that_is_watched_no_longer_is_forgotten() -> None:
    life = an_ordinary_brand(days=1)
    assert Spike({}).fold("Acme", life.state, Tick(at=life.now)) == (None, ())


def test_a_tick_for_a_brand_never_heard_of_changes_nothing() -> None:
    assert Spike({"Acme": a_brand()}).fold("Acme", None, Tick(at=NOON)) == (None, ())


def test_the_state_of_a_loud_brand_stays_small() -> None:
    life = an_ordinary_brand(days=2)
    storm(life, 1500, gap=0.1, anger=0.9)
    assert len(encode_state(life.state)) < 400_000


def test_a_state_survives_the_store() -> None:
    life = an_ordinary_brand()
    storm(life, 20)
    assert decode_state(encode_state(life.state), SpikeState) == life.state


def test_how_rare_it_is_is_said_the_way_people_do() -> None:
    reasons = []
    for correction in (-300.0, 0.3, 1.2, 2.5):
        settings = replace(SpikeSettings(), looks=3.0 * 10.0**correction)
        brand = a_brand(false_alarms_per_month=10.0 ** (correction + 3.0))
        life = Following(Spike({"Acme": brand}, settings))
        life.live(NOON + 5 * DAY, 30.0)
        storm(life, 8, gap=2.0)
        reasons += [alert.reason for alert in life.alerts]
    text = "\n".join(reasons)
    assert "less than once in 1000 years" in text
    assert " a month" in text


@pytest.mark.parametrize("name", ["share_windows", "shift_windows", "surge_windows"])
def test_a_window_that_nobody_looks_at_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} has \[45\]: only \(15, 30"):
        replace(SpikeSettings(), **{name: (15, 45)})


def test_settings_without_a_window_for_surges_are_refused() -> None:
    with pytest.raises(ValueError, match="surge_windows is empty"):
        SpikeSettings(surge_windows=())


def test_without_windows_for_shares_and_shifts_a_storm_rings_all_the_same() -> None:
    settings = SpikeSettings(share_windows=(), shift_windows=())
    life = Following(Spike({"Acme": a_brand()}, settings))
    life.live(NOON + 5 * DAY, 30.0)
    storm(life, 30)
    assert [alert.kind for alert in life.alerts][:1] == [AlertKind.SPIKE]
