"""What is huge for a brand follows from how large its threads became."""

from datetime import timedelta
from math import log
from random import Random

import pytest

from emberwatch.core.detect.pile_on import PileOn, endings
from emberwatch.core.detect.thread_sizes import NAME, SizesSeen, ThreadSizes, huge_for
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import Event, Mentioned, ThreadEnded, Tick
from emberwatch.model.post import PostKind
from tests.build import NOON, a_brand, a_mention, minutes
from tests.rules import SmallWatch, a_policy
from tests.unit.core.detect.test_pile_on import Told, boost, reply, root, storm


def ended(size: int, after: timedelta = timedelta()) -> ThreadEnded:
    return ThreadEnded(at=NOON + after, thread_id="t", brand="Acme", size=size)


def seen(*events: Event) -> SizesSeen | None:
    sizes, state = ThreadSizes(), None
    for event in events:
        state, alerts = sizes.fold("Acme", state, event)
        assert not alerts
    return state


def huge(
    number: int, size_of: float, floor: int = 300, every: timedelta = timedelta(hours=7.3)
) -> int | None:
    """Return what is huge after threads of a power law of which one in a hundred is `size_of`.

    Left alone, a hundred of them end in a month.
    """
    chance, slope = Random(3), log(100.0) / log(size_of)
    state = seen(*(ended(int(chance.paretovariate(slope)), n * every) for n in range(number)))
    assert state is not None
    return huge_for(state, floor)


def test_only_the_end_of_a_thread_concerns_it() -> None:
    sizes = ThreadSizes({"Acme": a_brand()})
    assert (sizes.name, sizes.version, sizes.state_type) == (NAME, 1, SizesSeen)
    assert sizes.keys(ended(3)) == ("Acme",)
    assert sizes.keys(Tick(at=NOON)) == ()
    assert seen(Tick(at=NOON)) is None


def test_a_post_that_nobody_answered_is_no_thread() -> None:
    assert seen(ended(0)) is None


def test_a_brand_without_a_history_has_no_size_of_its_own() -> None:
    assert huge(99, 40.0) is None


def test_a_small_brands_own_size_is_below_the_floor() -> None:
    assert 30 <= (huge(3_000, 60.0) or 0) <= 90


def test_a_loud_brands_own_size_is_above_the_floor() -> None:
    assert 900 <= (huge(3_000, 1_500.0) or 0) <= 2_500


def test_threads_as_the_floor_assumes_them_leave_it_as_it_is() -> None:
    assert 200 <= (huge(3_000, 300.0) or 0) <= 450


def test_a_short_history_moves_the_floor_less_than_a_long_one() -> None:
    short, long = huge(140, 60.0), huge(3_000, 60.0)
    assert short is not None
    assert long is not None
    assert long < short < 300


def test_a_loud_brand_has_few_huge_threads_a_month_however_many_it_has() -> None:
    quiet, loud = huge(3_000, 60.0), huge(3_000, 60.0, every=timedelta(minutes=10))
    assert quiet is not None
    assert loud is not None
    assert loud > 5 * quiet


def test_it_moves_the_floor_by_no_more_than_ten_times() -> None:
    assert huge_for(SizesSeen(threads=9e3, days=3e3, crowds=0.0, beyond=0.0, at=NOON), 300) == 30
    assert huge_for(SizesSeen(threads=9e3, crowds=9e3, beyond=9e4, at=NOON), 300) == 3_000
    assert huge_for(SizesSeen(threads=9e3, days=3e3, crowds=0.0, beyond=0.0, at=NOON), 2) == 2


def test_the_floor_goes_on_to_count_beside_the_history() -> None:
    seen = SizesSeen(threads=100.0, days=90.0, crowds=10.0, beyond=8.0, at=NOON)
    assert [huge_for(seen, floor) for floor in (100, 300, 1_000)] == [49, 89, 179]


def test_a_thread_of_three_months_ago_counts_half() -> None:
    state = seen(ended(50), ended(1, timedelta(days=90)))
    assert state is not None
    assert state.threads == pytest.approx(1.5)
    assert state.crowds == pytest.approx(0.5)


def test_an_ending_told_late_turns_no_time_back() -> None:
    state = seen(ended(1, timedelta(days=2)), ended(1))
    assert state is not None
    assert state.threads == 2.0
    assert state.at == NOON + timedelta(days=2)


def test_it_is_never_woken() -> None:
    state = seen(ended(1))
    assert state is not None
    assert ThreadSizes().wakes_at(state) is None


# ---------------------------------------------------------------- in a thread
def test_a_forgotten_thread_tells_each_brand_that_it_concerned() -> None:
    told = Told().feed(root(), *(reply(number, minutes(1)) for number in range(9)))
    told.feed(reply(10, minutes(2), brand="Bolt"))
    (end,) = endings(told.key, told.thread, NOON)
    assert (end.brand, end.size, end.thread_id) == ("Acme", 10, told.key)


def test_a_thread_that_nobody_answered_tells_nothing_when_it_is_forgotten() -> None:
    told = Told().feed(root())
    assert endings(told.key, told.thread, NOON) == ()


def test_a_brand_rings_at_its_own_size_and_says_so() -> None:
    mention = root().mention
    told = Told().feed(Mentioned(at=NOON, mention=mention, huge=40), *storm(60, 300.0))
    assert 30 < (told.alerts[0].observed or 0) <= 40
    assert "(huge for Acme: 40, by its own threads)" in told.alerts[0].reason
    look = told.detector.outlook(told.thread, "Acme", NOON + minutes(301))
    assert (look.huge, look.is_own_history) == (40, True)
    assert "huge for Acme are 40 (its own threads say so)" in look.words


def test_what_is_huge_stays_so_while_the_thread_lasts() -> None:
    told = Told().feed(Mentioned(at=NOON, mention=root().mention, huge=40))
    later = reply(1, minutes(1))
    told.feed(Mentioned(at=later.at, mention=later.mention, huge=900))
    assert [stake.huge for stake in told.thread.stakes] == [40]


# ---------------------------------------------------------------- in the whole watch
def test_small_threads_of_last_month_make_a_crowd_of_sixty_huge() -> None:
    brands = {"Acme": a_brand()}
    watch = SmallWatch(a_policy(PileOn(brands), ThreadSizes(brands)))
    for number in range(130):
        at = NOON + timedelta(hours=8 * number)
        name = f"small{number}"
        watch.feed(
            Mentioned(at=at, mention=a_mention(name, at=at)),
            boost(2 * number, timedelta(hours=8 * number), thread=name),
        )
        watch.feed(Tick(at=at + timedelta(hours=7)))
    began = timedelta(days=45)
    big = a_mention("big", at=NOON + began, kind=PostKind.POST)
    watch.feed(Mentioned(at=NOON + began, mention=big))
    watch.feed(*storm(100, 200.0, since=began, first=1_000, thread="big"))
    with watch.store.reading() as look:
        (incident,) = look.incidents()
    assert incident.kinds == (AlertKind.PILE_ON,)
    assert "by its own threads" in incident.alerts[0].reason
