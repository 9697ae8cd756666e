"""Why it rang, or did not: every window, and every voice, can be shown."""

from datetime import timedelta

import pytest

from emberwatch.core.detect.looks import Looks, Raise, Series, WindowLook
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.core.detect.voices import Why
from emberwatch.model.event import Mentioned, Tick, Unwatched
from emberwatch.model.post import PostKind
from tests.build import NOON, a_brand, a_mention, minutes
from tests.following import Following

BRAND = a_brand()
DAY = timedelta(days=1)


def a_life(days: float = 8.0) -> Following:
    """Return a brand with a post each ten minutes, each fifth of them angry."""
    life = Following()
    life.live(NOON + days * DAY, 10.0)
    return life


def looks(life: Following, *asked: Mentioned) -> Looks:
    assert life.state is not None
    return life.spike.looks(BRAND, life.state, asked)


def ringing(found: Looks, series: Series = Series.ANGER) -> list[WindowLook]:
    return [look for look in found.windows if look.series is series and look.rings]


def test_a_calm_hour_is_far_from_every_bar_and_says_what_it_would_take() -> None:
    found = looks(a_life())
    assert not [look for look in found.windows if look.rings]
    for look in found.windows:
        assert look.rate > look.bar
        assert look.needed is None or look.needed > look.seen
    assert all(look.needed for look in found.windows if look.series is not Series.SHARE)


@pytest.mark.parametrize("angry", [5, 9, 30])
def test_what_it_shows_is_what_rang(angry: int) -> None:
    life = a_life()
    at = life.now
    for n in range(angry):
        life.post(at + minutes(1 + n), 0.8)
        found = looks(life)
        assert bool(ringing(found) or ringing(found, Series.SHARE)) == bool(life.rung())


def test_a_window_that_rings_shows_the_alert_s_own_figures() -> None:
    life = a_life()
    at = life.now
    while not life.rung():
        at += minutes(1)
        life.post(at, 0.8)
    (alert,) = life.rung()
    loudest = looks(life).loudest
    assert loudest is not None
    assert loudest.rings
    assert loudest.minutes == alert.window_minutes
    assert loudest.seen == pytest.approx(alert.observed)
    assert loudest.expected == pytest.approx(alert.expected)
    assert loudest.chance == pytest.approx(alert.chance)


def test_the_calm_posts_of_a_level_that_shifts_excuse_nothing() -> None:
    life = a_busy_life_until_posts_come_each(0.45)
    (two_hours,) = (look for look in ringing(looks(life)) if look.minutes == 120)
    assert two_hours.factor > 2.0
    assert two_hours.expected == pytest.approx(two_hours.usual)


def test_those_of_a_flood_do_for_it_is_no_level() -> None:
    life = a_busy_life_until_posts_come_each(0.25)
    for look in looks(life).windows:
        if look.series is Series.ANGER:
            assert look.expected == pytest.approx(look.usual * look.factor)


def a_busy_life_until_posts_come_each(every: float) -> Following:
    """Return a brand of a post each 1.5 minutes, but for the last two hours."""
    life = Following()
    life.live(NOON + 8 * DAY, 1.5)
    life.live(life.now + minutes(120), every)
    return life


def test_a_share_is_one_of_the_posts_that_can_be_judged() -> None:
    life = Following()
    while life.now < NOON + 8 * DAY:
        number, at = life.posts, life.now + minutes(2)
        life.post(at, (0.8 if number % 8 == 0 else 0.0) if number % 2 == 0 else None)
    shares = [look for look in looks(life).windows if look.series is Series.SHARE]
    assert [look.minutes for look in shares] == [15, 30, 60, 120]
    for look in shares[2:]:
        assert look.factor == pytest.approx(1.0, abs=0.1)
        assert look.expected == pytest.approx(look.seen, rel=0.2)
        assert look.expected == pytest.approx(look.usual * look.factor)


def test_voices_that_return_within_the_hour_are_expected_to() -> None:
    life = Following()
    while life.now < NOON + 8 * DAY:
        number, at = life.posts, life.now + minutes(1)
        regular = {3: "anna", 17: "boris"}.get(number % 30)
        is_angry = regular is not None or number % 10 == 0
        who = {"author": regular} if regular else {}
        life.post(at, 0.8 if is_angry else 0.0, **who)
    windows = {look.minutes: look for look in looks(life).windows if look.series is Series.ANGER}
    for length in (30, 60):
        assert windows[length].usual == pytest.approx(windows[length].seen, rel=0.15)


def test_what_rings_is_what_was_needed() -> None:
    life = a_life()
    at = life.now
    voices = 0
    while not ringing(looks(life)):
        voices += 1
        life.post(at + minutes(1), 0.7)
    seen = next(look for look in ringing(looks(life)))
    assert seen.needed is not None
    assert seen.needed <= seen.seen + 0.01
    assert 3 <= voices < 20


def test_each_voice_is_told_why_it_counts_or_does_not() -> None:
    life = a_life()
    at = life.now
    for n in range(8):
        life.post(at + minutes(1), 0.8, thread="one" if n < 2 else None)
    faint = a_mention("faint", anger=0.05, at=at)
    boost = a_mention("boost", anger=0.9, at=at, kind=PostKind.BOOST)
    unknown = a_mention("unknown", anger=None, at=at)
    late = a_mention("late", anger=0.9, at=at - DAY)
    read_back = a_mention("read back", anger=0.9, at=at)
    asked = [Mentioned(at=at, mention=m) for m in (faint, boost, unknown, late)]
    asked.append(Mentioned(at=at, mention=read_back, is_history=True))
    told = {verdict.post.rsplit(":", 1)[1]: verdict.why for verdict in looks(life, *asked).verdicts}
    assert [told[name] for name in ("faint", "boost", "unknown", "late", "read back")] == [
        Why.FAINT,
        Why.BOOST,
        Why.NOT_JUDGED,
        Why.OUTSIDE,
        Why.HISTORY,
    ]
    assert list(told.values()).count(Why.SAME_THREAD) == 1
    assert list(told.values()).count(Why.COUNTED) >= 7
    assert Why.OUTSIDE in told.values()


def test_the_cold_is_named_as_what_raised_the_bar() -> None:
    fresh, warm = a_life(0.2), a_life(2.0)
    raised = {each.why: each.times for each in looks(fresh).raised}
    assert raised[Raise.COLD] > 1000.0
    assert Raise.COLD not in {each.why for each in looks(warm).raised}
    early = [look for look in looks(fresh).windows if look.series is Series.VOLUME]
    assert all(look.needed is None and not look.rings for look in early)


def test_a_brand_that_nobody_ever_mentioned_can_be_looked_at() -> None:
    spike = Spike({"Acme": BRAND})
    state, _ = spike.fold("Acme", None, Unwatched(at=NOON, brand="Acme", since=NOON))
    state, _ = spike.fold("Acme", state, Tick(at=NOON + 3 * DAY))
    assert isinstance(state, SpikeState)
    found = spike.looks(BRAND, state)
    assert found.loudest is None
    assert found.verdicts == ()


def test_a_voice_that_is_kept_anyway_is_told_once() -> None:
    life = a_life()
    at = life.now + minutes(1)
    life.post(at, 0.8, author="anna")
    kept = Mentioned(at=at, mention=a_mention(str(life.posts), anger=0.8, at=at))
    assert len(looks(life, kept).verdicts) == len(looks(life).verdicts)


def test_a_window_that_reaches_back_into_a_storm_that_is_over_says_so() -> None:
    life = a_life()
    for _ in range(9):
        life.post(life.now + minutes(1), 0.8)
    assert life.rung()
    life.live(life.now + timedelta(hours=11), 10.0)
    found = {look.minutes: look for look in looks(life).windows if look.series is Series.ANGER}
    assert found[720].is_over
    assert found[720].rate == float("inf")
    assert not found[720].rings
    assert not found[60].is_over


def test_shares_do_not_ring_for_a_storm_that_is_over_either() -> None:
    """The brand's alerts end after a quiet quarter of an hour, sooner than the window does."""
    brand = a_brand(quiet_after=minutes(15))
    life = Following(Spike({"Acme": brand}))
    life.live(NOON + 8 * DAY, 10.0)
    while not life.rung():
        life.post(life.now + minutes(1), 0.8)
    while life.state is not None and life.state.spike is not None:
        life.feed(Tick(at=life.now + minutes(1)))
    found = {look.minutes: look for look in looks(life).windows if look.series is Series.SHARE}
    assert found[120].is_over
    assert found[120].seen > found[120].expected
    assert found[120].rate == float("inf")
    assert not found[120].rings


def test_of_the_voices_those_that_are_angry_enough_to_ring_are_told_apart() -> None:
    life = a_life(2.0)
    for anger in (0.8, 0.8, 0.35):
        life.post(life.now + minutes(1), anger)
    before = life.now - minutes(14)
    (look,) = [
        look for look in looks(life).windows if look.series is Series.ANGER and look.minutes == 15
    ]
    assert look.since <= before
    assert (look.voices - look.clear, look.clear >= 2) == (1, True)
