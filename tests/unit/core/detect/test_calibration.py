"""What is believed of a brand's tail, and what its own episodes change in it."""

from dataclasses import replace
from math import inf, log10

import pytest

from emberwatch.core.detect.baseline import Baseline, BaselineSettings
from emberwatch.core.detect.calibration import (
    BLOCK,
    LEVELS,
    CalibrationSettings,
    Episodes,
    Tail,
    at,
    reached,
    tail,
)

SETTINGS = CalibrationSettings()
BELIEFS = BaselineSettings()
ONCE = log10(1.0)


def a_brand(an_hour: float, share: float = 0.2, days: float = 30.0) -> Baseline:
    """Return what was learnt of a brand of so many posts an hour."""
    hours = 24.0 * 14.0
    return Baseline(
        watched_days=days,
        volume=an_hour * hours,
        exposure=hours,
        long_volume=an_hour * hours,
        long_exposure=hours,
        long_judged=an_hour * hours,
        long_heat=an_hour * share * hours,
        judged=an_hour * hours,
        heat=an_hour * share * hours,
    )


def lived(learnt: Baseline, peaks: list[float], days: float = 60.0) -> Episodes:
    """Return the episodes of a brand that had such peaks, evenly over so many days."""
    episodes = Episodes()
    blocks = int(3 * days)
    every = max(2, blocks // max(1, len(peaks)))
    for block in range(1, blocks + 1):
        now = replace(learnt, watched_days=block / 3.0)
        episodes = at(SETTINGS, BELIEFS, now, episodes, block * BLOCK)
        place, rest = divmod(block, every)
        if not rest and place < len(peaks):
            episodes = reached(episodes, peaks[place])
    return at(SETTINGS, BELIEFS, learnt, episodes, (blocks + 1) * BLOCK)


def test_without_a_tail_the_law_holds() -> None:
    law = Tail()
    for rate in (2.0, 1.0, 0.0, -3.0, -20.0):
        assert law.rate(rate) == pytest.approx(rate)
        assert law.law(rate) == pytest.approx(rate)


@pytest.mark.parametrize("rate", [2.0, 0.9, 0.0, -1.0, -2.5])
def test_what_is_asked_of_the_law_comes_as_often_as_asked(rate: float) -> None:
    found = Tail(often=6.0, slope=1.2)
    assert found.rate(found.law(rate)) == pytest.approx(rate)


def test_what_is_rarer_is_observed_more_seldom_however_long_the_tail() -> None:
    for slope in (0.01, 0.5, 1.3, 2.3):
        found = Tail(often=20.0, slope=slope)
        rates = [found.rate(law / 4.0) for law in range(8, -80, -1)]
        assert rates == sorted(rates, reverse=True)


def test_what_the_law_holds_for_all_but_impossible_rings_however_long_the_tail() -> None:
    flat = Tail(often=20.0, slope=0.001, rings_at=9.0)
    assert flat.law(ONCE) == -9.0
    assert flat.rate(-9.0) == -9.0
    assert flat.rate(-8.9) > 1.0
    assert flat.law(-12.0) == -12.0


def test_nothing_is_known_of_a_new_brand_but_how_loud_it_is() -> None:
    bars = [
        -tail(SETTINGS, BELIEFS, a_brand(an_hour), Episodes()).law(ONCE)
        for an_hour in (0.01, 1.0, 10.0, 100.0, 100_000.0)
    ]
    assert bars[0] < bars[3]
    assert bars[:4] == sorted(bars[:4])
    often = tail(SETTINGS, BELIEFS, a_brand(100_000.0), Episodes()).often
    assert often == SETTINGS.often[-1][1]


def test_a_series_whose_voices_come_in_bursts_is_believed_to_have_the_longer_tail() -> None:
    brand = a_brand(10.0)
    plain = replace(brand, bursts=(0.0, 100.0))
    bursty = replace(brand, bursts=(200.0, 100.0))
    tails = [tail(SETTINGS, BELIEFS, each, Episodes()) for each in (brand, plain, bursty)]
    bars = [-each.law(ONCE) for each in tails]
    assert bars[0] == bars[1] < bars[2]
    assert tails[0].often == tails[1].often < tails[2].often
    assert tails[0].slope == tails[1].slope > tails[2].slope


def test_a_brand_that_comes_near_to_ringing_every_day_gets_a_higher_bar() -> None:
    brand = a_brand(10.0)
    believed = tail(SETTINGS, BELIEFS, brand, Episodes())
    own = lived(brand, [1.0, 2.5, 0.5, 4.0, 1.5, 3.0] * 8).tail
    assert own.law(ONCE) < believed.law(ONCE) - 1.0


def test_a_calm_brand_gets_a_lower_bar_but_no_lower_than_it_has_shown() -> None:
    brand = a_brand(10.0)
    believed = tail(SETTINGS, BELIEFS, brand, Episodes())
    own = lived(brand, []).tail
    assert believed.law(ONCE) < own.law(ONCE)
    assert own.often < believed.often


def test_a_storm_a_week_does_not_move_the_bar() -> None:
    brand = a_brand(10.0)
    ordinary = [-0.8, -0.3, -0.9, 0.1, -0.7] * 3
    calm = lived(brand, ordinary).tail
    stormy = lived(brand, [peak for place in range(8) for peak in (30.0, *ordinary[:2])]).tail
    assert stormy.law(ONCE) > calm.law(ONCE) - 0.5


def test_storms_beyond_all_levels_do_not_move_the_bar_however_many() -> None:
    brand = a_brand(10.0)
    ordinary = [-0.8, -0.3, 0.4, -0.7] * 4
    calm = lived(brand, ordinary).tail
    stormy = lived(brand, [peak for own in ordinary for peak in (own, 30.0)]).tail
    assert stormy.law(ONCE) == pytest.approx(calm.law(ONCE), abs=0.5)


def test_what_comes_in_two_parts_of_the_day_in_succession_is_one_episode() -> None:
    brand = a_brand(10.0)
    episodes = Episodes()
    for block, peak in enumerate((0.2, 0.3, 2.5, -5.0, 0.1), start=1):
        episodes = reached(at(SETTINGS, BELIEFS, brand, episodes, block * BLOCK), peak)
    after = at(SETTINGS, BELIEFS, brand, episodes, 6 * BLOCK).reached
    assert after[LEVELS.index(0.0)] == 2.0
    assert after[LEVELS.index(0.5)] == 1.0
    assert after[LEVELS.index(3.0)] == 0.0


def test_a_silence_between_two_episodes_keeps_them_apart() -> None:
    brand = a_brand(10.0)
    episodes = Episodes()
    for block in (1, 5):
        episodes = reached(at(SETTINGS, BELIEFS, brand, episodes, block * BLOCK), 1.0)
    after = at(SETTINGS, BELIEFS, brand, episodes, 6 * BLOCK)
    assert after.reached[0] == 2.0
    assert after.before == 1.0
    assert after.peak == -inf


def test_the_greatest_of_a_part_of_the_day_counts_and_the_past_fades() -> None:
    brand = a_brand(10.0, days=1.0)
    episodes = reached(reached(at(SETTINGS, BELIEFS, brand, Episodes(), BLOCK), 2.5), 1.0)
    assert episodes.peak == 2.5
    counted = at(SETTINGS, BELIEFS, brand, episodes, 2 * BLOCK)
    later = replace(brand, watched_days=1.0 + SETTINGS.half_life)
    faded = at(SETTINGS, BELIEFS, later, counted, 90 * BLOCK)
    assert faded.reached[0] == pytest.approx(counted.reached[0] / 2.0)
    assert faded.days == pytest.approx(counted.days / 2.0 + SETTINGS.half_life)


def test_a_belief_about_no_brand_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="often is empty"):
        CalibrationSettings(often=())
