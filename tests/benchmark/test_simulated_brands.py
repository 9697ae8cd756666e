"""The simulated brands are what they are said to be."""

import numpy as np
import pytest

from tests.benchmark.simulated_brands import WARM, Kind, Stream, a_brand, population

WEEKS = 4


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return [a_brand(3, size, WEEKS, index) for size in (0.1, 1.0, 10.0) for index in range(8)]


def test_the_same_seed_gives_the_same_brand() -> None:
    one, same, other = a_brand(7, 1.0, 3), a_brand(7, 1.0, 3), a_brand(8, 1.0, 3)
    assert one.storms == same.storms
    for column in ("written", "seen", "thread", "author", "text", "kind", "quoted"):
        assert np.array_equal(getattr(one.posts, column), getattr(same.posts, column))
    assert np.array_equal(one.posts.anger, same.posts.anger, equal_nan=True)
    assert len(one.posts) != len(other.posts)


def test_posts_come_in_the_order_in_which_they_are_seen_and_never_before_they_are_written(
    streams: list[Stream],
) -> None:
    for stream in streams:
        assert (np.diff(stream.posts.seen) >= 0).all()
        assert (stream.posts.seen >= stream.posts.written).all()
        assert stream.posts.seen.max() < stream.minutes


def test_some_posts_come_late_and_out_of_order(streams: list[Stream]) -> None:
    late = np.concatenate([s.posts.seen - s.posts.written for s in streams])
    assert 0.001 < (late > 120).mean() < 0.1
    assert any((np.diff(s.posts.written) < -5).any() for s in streams)


def test_nothing_is_seen_while_the_feed_is_down(streams: list[Stream]) -> None:
    outages = [(s, outage) for s in streams for outage in s.outages]
    assert len(outages) > 10
    for stream, (begin, end) in outages:
        seen = stream.posts.seen
        assert not ((seen > begin) & (seen <= end)).any()


def test_the_sizes_are_about_what_they_are_called(streams: list[Stream]) -> None:
    for size in (1.0, 10.0):
        quiet = [
            ((s.posts.kind != Kind.BOOST) & (s.posts.seen < WARM)).sum() / (WARM / 60.0)
            for s in streams
            if s.size == size
        ]
        assert 0.4 * size < np.median(quiet) < 2.0 * size


def test_threads_hold_replies_and_people_speak_more_than_once(streams: list[Stream]) -> None:
    posts = streams[-1].posts
    spoken = posts.kind != Kind.BOOST
    _, in_thread = np.unique(posts.thread[spoken], return_counts=True)
    _, of_author = np.unique(posts.author[spoken], return_counts=True)
    assert in_thread.max() > 20
    assert of_author.max() > 20
    assert (posts.kind == Kind.BOOST).any()
    assert (posts.kind == Kind.QUOTE).any()


def test_some_texts_go_round(streams: list[Stream]) -> None:
    texts = streams[-1].posts.text
    assert 0.005 < (texts > 0).mean() < 0.5
    assert np.unique(texts[texts > 0], return_counts=True)[1].max() >= 20


def test_some_posts_nobody_can_judge(streams: list[Stream]) -> None:
    mute = np.mean([np.isnan(stream.posts.anger).mean() for stream in streams])
    assert 0.01 < mute < 0.4


def test_there_are_storms_of_every_kind_and_none_in_the_first_two_weeks(
    streams: list[Stream],
) -> None:
    storms = [storm for stream in streams for storm in stream.storms]
    assert {storm.kind for storm in storms} == {"sudden", "slow", "thread", "share"}
    assert all(storm.begin >= WARM for storm in storms)


def test_storms_bring_anger(streams: list[Stream]) -> None:
    for stream in streams:
        posts = stream.posts
        for storm in stream.storms:
            if storm.kind in ("share", "thread") or storm.voices < 20:
                continue
            inside = (posts.written > storm.begin) & (posts.written < storm.end)
            calm = posts.written < WARM
            angry = posts.anger >= 0.5
            assert (inside & angry).sum() >= 0.4 * storm.voices
            a_minute = (inside & angry).sum() / (storm.end - storm.begin)
            assert a_minute > 1.2 * (calm & angry).sum() / WARM


def test_a_population_has_fewer_of_the_loudest() -> None:
    sizes = [stream.size for stream in population(1, 2, 3)]
    assert [sizes.count(size) for size in (0.1, 1.0, 10.0, 100.0, 1000.0)] == [6, 6, 6, 1, 1]
