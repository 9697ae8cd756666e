"""Why a thread rings, or why not, in numbers and words."""

from datetime import timedelta

import pytest

from emberwatch.core.detect.outlook import Outlook, Standing
from emberwatch.core.detect.thread_state import Thread
from emberwatch.model.event import Event
from tests.build import NOON, a_brand, minutes
from tests.unit.core.detect.test_pile_on import Told, counted, happy, reply, root, storm


def seen(told: Told, after: timedelta, brand: str = "Acme") -> Outlook:
    return told.detector.outlook(told.thread, brand, NOON + after)


def test_a_calm_thread_says_its_chance_and_what_was_asked() -> None:
    look = seen(Told().feed(root(), *storm(40, 20.0)), minutes(14))
    assert look.standing is Standing.UNLIKELY
    assert look.chance is not None
    assert 0.0 < look.chance < look.asked < 1.0
    assert look.asked >= 0.75
    assert look.prior is not None
    assert 0.01 < look.prior < 0.4
    assert (look.huge, look.base_rate) == (300, 0.01)
    assert look.expected >= look.size == 40
    assert f"Chance of that {look.chance:.0%}, asked are {look.asked:.0%}" in look.words


def test_the_pace_is_told_in_counts_and_times() -> None:
    pace = seen(Told().feed(root(), *storm(40, 20.0)), minutes(14)).pace
    assert (pace.last_minute, pace.last_5_minutes, pace.last_15_minutes) == (1, 13, 40)
    assert pace.age == minutes(14)
    assert pace.newer_half_took == pace.last_20_took == timedelta(seconds=14 * 60 - 21 * 20)
    assert pace.last_5_took == timedelta(seconds=14 * 60 - 36 * 20)
    assert str(pace) == (
        "1 in the last minute, 13 in 5 and 40 in 15 minutes;"
        " the newer half within 7 minutes, the burst 14 minutes old"
    )


def test_as_many_more_as_it_says_do_ring_and_one_fewer_does_not() -> None:
    look = seen(Told().feed(root(), *storm(40, 20.0)), minutes(14))
    assert look.needed is not None
    assert look.words.endswith(f"{look.needed} more within a minute would ring.")
    for more, rings in ((look.needed, True), (look.needed - 1, False)):
        told = Told().feed(root(), *storm(40, 20.0))
        told.feed(*storm(more, 60.0 / more, since=minutes(14), first=1_000))
        assert seen(told, minutes(15)).standing is (
            Standing.RUNG if rings or told.alerts else Standing.UNLIKELY
        )


def test_what_counts_is_told_by_kind_with_the_sites_own_counters() -> None:
    look = seen(Told().feed(root(), reply(1, minutes(1)), counted(minutes(1), replies=60)), MINUTES)
    replies, quotes, boosts = look.counts
    assert (replies.kind, replies.items, replies.counter, replies.size) == ("replies", 1, 60, 60)
    assert (quotes.kind, boosts.kind) == ("quotes", "boosts")
    assert (look.size, look.grown, look.before, look.unseen) == (60, 60, 0, 0)
    assert (look.angry_share, look.judged) == (1.0, 1)


MINUTES = minutes(2)

RUNG = [root(), *storm(400, 1.0)]


@pytest.mark.parametrize(
    ("told", "after", "standing"),
    [
        (RUNG, minutes(7), Standing.RUNG),
        ([root(), *storm(400, 1.0, is_history=True)], minutes(7), Standing.HUGE),
        ([root(), *storm(150, 1.0, is_history=True)], minutes(3), Standing.LIKELY),
        ([root(), *storm(3, 1.0)], minutes(3), Standing.TOO_FEW),
        ([root(), counted(minutes(600), boosts=400)], minutes(601), Standing.STALE),
        ([root(anger=0.0), *happy(100)], minutes(3), Standing.APPLAUSE),
        ([root(brand="Bolt"), reply(0, MINUTES), *storm(1, 1.0)], minutes(3), Standing.TOO_FEW),
        ([root()], minutes(3), Standing.TOO_FEW),
        ([root(brand="Bolt")], minutes(3), Standing.NOT_WATCHED),
    ],
)
def test_every_standing_has_its_words(
    told: list[Event], after: timedelta, standing: Standing
) -> None:
    look = seen(Told().feed(*told), after)
    assert look.standing is standing
    assert look.words.count(".") >= 2


def test_a_thread_about_something_else_is_not_concerned() -> None:
    others = [reply(number, minutes(1), brand="Bolt") for number in range(1, 20)]
    told = Told().feed(root(brand="Bolt"), *others, reply(50, minutes(1)))
    look = seen(told, minutes(2))
    assert look.standing is Standing.NOT_CONCERNED
    assert look.needed is None


def test_a_thread_that_rang_and_shrank_was_told_before() -> None:
    told = Told().feed(root(), counted(minutes(1), boosts=320)).wait(NOON + minutes(300))
    told.feed(counted(minutes(400), boosts=100))
    look = seen(told, minutes(401))
    assert look.standing is Standing.TOLD_BEFORE
    assert look.needed is not None


def test_a_thread_without_a_voice_has_no_pace_and_no_chance() -> None:
    look = seen(Told().feed(root()), minutes(3))
    assert look.chance is look.prior is look.angry_share is None
    assert look.expected == 0
    assert look.pace.newer_half_took == timedelta()


def test_lengths_of_time_are_said_as_people_say_them() -> None:
    young = seen(Told().feed(root(), *storm(20, 0.05)), timedelta(seconds=1))
    assert str(young.pace).endswith("within 0 seconds, the burst 1 second old")
    assert "the burst 17 hours old" in str(seen(Told().feed(root()), minutes(1_000)).pace)


def test_a_brand_that_is_not_configured_is_refused() -> None:
    told = Told().feed(root())
    with pytest.raises(KeyError, match="Nobody"):
        seen(told, minutes(1), brand="Nobody")


def test_the_floor_of_the_brand_is_what_is_huge() -> None:
    told = Told(floor=40).feed(root(), *storm(12, 100.0))
    assert isinstance(told.state, Thread)
    assert seen(told, minutes(21)).huge == a_brand(pile_on_floor=40).pile_on_floor
