"""Storms in real backgrounds: what is drawn is what is said to be drawn."""

import numpy as np

from tests.benchmark.real_backgrounds import DAY, HOUR, WARM, lived, share_of, stormy

ROWS = 28 * DAY


def test_the_share_of_anger_wanders_about_its_mean() -> None:
    share = share_of(np.random.default_rng(1), 0.2, ROWS)
    assert 0.17 < share.mean() < 0.23
    assert 0.15 < np.log(share).std() < 0.35


def test_storms_come_after_the_first_two_weeks_and_bring_their_calm_posts_along() -> None:
    volume = np.full(ROWS, 10)
    posts, angry, storms = stormy(np.random.default_rng(3), volume, 0.2)
    assert storms
    assert all(storm.first >= WARM for storm in storms)
    assert (posts >= volume).all()
    assert (angry <= posts).all()
    assert (posts[:WARM] == volume[:WARM]).all()
    quiet, storm = angry[:WARM].mean(), storms[0]
    assert angry[storm.first : storm.last].mean() > 1.3 * quiet


def test_a_storm_in_a_steady_background_is_found_and_nothing_else_rings() -> None:
    rows = [(1_772_409_600 + 300 * number, 6) for number in range(ROWS)]
    found = lived("STEADY", rows, 3)
    assert found.storms >= 1
    assert len(found.delays) == found.storms
    assert found.false == 0
    assert max(found.delays) < 24 * 60
    assert found.an_hour == 6.0 * HOUR
