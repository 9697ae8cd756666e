"""What the rules remembered in the past is what they remember when it is lived through again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.core.pipeline import Policy
from emberwatch.runtime.hindsight import look_back
from emberwatch.store.codec import decode_state
from tests.build import NOON, a_brand, minutes
from tests.town import QUIET_AFTER, Town

BRANDS = {"Acme": a_brand("Acme", quiet_after=QUIET_AFTER)}
RULES = Policy(brands=BRANDS, detectors=(Spike(BRANDS), PileOn(BRANDS)))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(Path(tmp_path_factory.mktemp("town")) / "watch.db", NOON)
    town.say("fine", 120, minutes(10))
    town.say("awful", 8, minutes(2))
    town.answer("awful", 30, minutes(0.5))
    yield town
    town.store.close()


def test_the_present_looks_as_it_is_stored(town: Town) -> None:
    with town.store.reading() as look:
        (then,) = look_back(look, RULES, {}, "Acme", (town.now,))
        stored = {
            (row.detector, row.key): decode_state(row.body, SpikeState)
            for row in look.states()
            if row.detector == Spike.name
        }
    assert then.spike == stored["spike", "Acme"]
    (thread,) = (each for each in then.threads.values() if each.size)
    assert thread.size == 30


def test_each_stop_shows_its_own_past_and_the_last_half_day(town: Town) -> None:
    stops = [NOON + timedelta(hours=hour) for hour in (1, 13, 20)]
    with town.store.reading() as look:
        seen = [
            (then.at, len(then.recent), then.spike.minute if then.spike else None)
            for then in look_back(look, RULES, {}, "Acme", stops)
        ]
    assert [count for _, count, _ in seen] == [6, 72, 72]
    assert [at for at, _, _ in seen] == stops


def test_before_the_watch_and_of_another_brand_nothing_is_remembered(town: Town) -> None:
    with town.store.reading() as look:
        (before,) = look_back(look, RULES, {}, "Acme", (NOON - minutes(1),))
        assert (before.spike, before.threads, list(before.recent)) == (None, {}, [])
        (other,) = look_back(look, RULES, {}, "Other", (town.now,))
        assert (other.spike, other.threads) == (None, {})


def test_it_tells_how_far_it_has_come(tmp_path: Path) -> None:
    town = Town(tmp_path / "watch.db", NOON)
    town.say("fine", 1010, minutes(0.01))
    told: list[int] = []
    with town.store.reading() as look:
        list(look_back(look, RULES, {}, "Acme", (town.now,), told.append))
    town.store.close()
    assert told == [500, 1000]
