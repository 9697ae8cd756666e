"""A watch that is stopped and started again comes to what it would have come to anyway."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.core.detect import watch
from emberwatch.core.pipeline import Policy, States
from emberwatch.model.event import PartChecked
from emberwatch.runtime import plugins, wiring
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.processor import Processor
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_brand, a_post

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
SCORER = wiring.scorer()
WHAT = ("parcel", "refund", "kettle", "invoice", "account", "phone", "delivery", "cheque")
HOW = ("lost", "ruined", "broke", "stole", "cancelled", "ignored", "botched", "wrecked")


def policy(*brands: str) -> Policy:
    named = {name: a_brand(name, languages=("en",)) for name in brands}
    return Policy(
        brands=named,
        detectors=tuple(detector(named) for detector in plugins.detectors().values()),
    )


def story() -> list[Arrivals]:
    """Return two calm weeks read back, then an angry hour with the minutes that the daemon adds."""
    past = []
    at = NOON - timedelta(days=14)
    while at < NOON:
        number = len(past) + 1
        word = WHAT[number % 8]
        text = f"Acme broke my {word}, awful" if number % 12 == 0 else f"Acme sells a {word}"
        past.append(a_post(str(number), text=text, author=f"user{number}", at=at, seen_at=NOON))
        at += timedelta(minutes=41)
    batches = [Arrivals(at=NOON, feed="town", source="jsonl", posts=past, is_first=True)]
    for turn in range(60):
        at = NOON + (turn + 1) * 50 * SECOND
        text = f"Acme {HOW[turn % 8]} my {WHAT[turn // 8]}, terrible awful people!"
        post = a_post(f"storm{turn}", text=text, author=f"angry{turn}", at=at)
        batches.append(Arrivals(at=at, feed="town", source="jsonl", posts=(post,)))
    for turn in range(52):
        at = NOON + turn * MINUTE + SECOND / 10
        batches.append(Arrivals(at=at, parts=(PartChecked(at=at, part="queue"),)))
    return sorted(batches, key=lambda batch: batch.at)


def live(store: SqliteStore, *brands: str) -> Processor:
    return Processor(
        policy=policy(*(brands or ("Acme",))),
        store=store,
        scorer=SCORER,
        encode=encode_state,
        decode=decode_state,
        recall=lambda _: States(()),
        is_live=True,
    )


def remembered(store: SqliteStore) -> Mapping[tuple[str, str], bytes]:
    with store.reading() as look:
        return {
            (row.detector, row.key): row.body for row in look.states() if row.detector != watch.NAME
        }


@pytest.fixture
def a_store(tmp_path: Path) -> Callable[[str], SqliteStore]:
    return lambda name: open_store(tmp_path / name)


def test_a_start_before_every_batch_leaves_no_trace(
    a_store: Callable[[str], SqliteStore],
) -> None:
    with closing(a_store("whole.db")) as whole, closing(a_store("torn.db")) as torn:
        watching = live(whole)
        for batch in story():
            watching.process(batch)
            live(torn).process(batch)
        with whole.reading() as one, torn.reading() as other:
            assert one.incidents()
            assert one.incidents() == other.incidents()
        assert remembered(whole) == remembered(torn)


def test_a_brand_that_was_added_is_watched_from_its_first_minute(
    a_store: Callable[[str], SqliteStore],
) -> None:
    with closing(a_store("watch.db")) as store:
        for batch in story()[:10]:
            live(store).process(batch)
        before = remembered(store)
        at = story()[9].at + SECOND
        live(store, "Acme", "Other").process(Arrivals(at=at))
        assert remembered(store).keys() - before.keys() == {("spike", "Other")}
        assert remembered(store).items() >= before.items()
