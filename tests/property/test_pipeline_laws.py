"""What holds for the whole pure step, whatever comes and however it is cut."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.thread_sizes import ThreadSizes
from emberwatch.core.detect.watch import Watch
from emberwatch.core.pipeline import Policy
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import Event, FeedRead, Mentioned, PartChecked, Reacted, Tick
from emberwatch.model.post import PostKind
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, a_post, minutes
from tests.rules import Counter, Sleeper, SmallWatch, a_policy

BRANDS = ("Acme", "Other")
PARTS = ("quarantine", "disk")


@dataclass(frozen=True)
class Move:
    """Something that happens `after` seconds after what came before it."""

    after: int
    kind: str
    brand: int
    thread: int
    theme: str

    def events(self, index: int, second: int, ticks: list[Event]) -> list[Event]:
        """Return the event, after the ticks that time brought in the meantime."""
        at = NOON + timedelta(seconds=second)
        thread = None if self.thread == 0 else f"t{self.thread}"
        match self.kind:
            case "post":
                mention = a_mention(
                    f"p{index}",
                    brand=BRANDS[self.brand],
                    author=f"user{index}",
                    anger=0.9 - 0.1 * self.brand,
                    at=at,
                    thread=thread,
                    parent=thread,
                    themes=(self.theme,) if self.theme else (),
                )
                return [*ticks, Mentioned(at=at, mention=mention)]
            case "history":
                mention = a_mention(f"p{index}", brand=BRANDS[self.brand], at=at - minutes(200))
                return [*ticks, Mentioned(at=at, mention=mention, is_history=True)]
            case "boost":
                post = a_post(f"b{index}", kind=PostKind.BOOST, thread=thread, at=at)
                return [*ticks, Reacted(at=at, post=post, feed="town")]
            case "fail" | "read":
                why = "it does not answer" if self.kind == "fail" else ""
                read = FeedRead(at=at, feed=f"f{self.brand}", every=minutes(5), listed=3, why=why)
                return [*ticks, read]
            case _:
                why = "the disk is full" if self.after > 4 else ""
                return [*ticks, PartChecked(at=at, part=PARTS[self.brand], why=why)]


MOVES = st.lists(
    st.builds(
        Move,
        after=st.sampled_from((0, 1, 5, 20, 60, 240, 700)),
        kind=st.sampled_from(
            ("post", "post", "post", "post", "post", "boost", "history", "fail", "read", "part")
        ),
        brand=st.sampled_from((0, 0, 0, 1)),
        thread=st.sampled_from((0, 0, 1, 2)),
        theme=st.sampled_from(("", "fees", "late", "late")),
    ),
    min_size=1,
    max_size=60,
)
CUTS = st.sets(st.integers(1, 400), max_size=8)


def _events(moves: list[Move]) -> list[Event]:
    """Lay the moves on a line of time, with a tick for each whole minute that passed.

    Before them lie some calm days, so that an anger can be out of the ordinary.
    """
    events: list[Event] = [
        Mentioned(
            at=NOON,
            mention=a_mention(f"calm{n}", anger=0.1, at=NOON - n * timedelta(hours=8)),
            is_history=True,
        )
        for n in range(15, 0, -1)
    ]
    second = 0
    for index, move in enumerate(moves):
        before, second = second, second + move.after
        first, last = -(-before // 60), -(-second // 60)
        ticks: list[Event] = [Tick(at=NOON + minutes(minute)) for minute in range(first, last)]
        events += move.events(index, second, ticks)
    return events


def _small() -> Policy:
    wakes = {f"p{n}": NOON + minutes(n % 40) for n in range(0, 60, 3)}
    return a_policy(
        Counter(AlertKind.SPIKE),
        Counter(AlertKind.PILE_ON, most=4),
        Counter(AlertKind.SURGE, most=2),
        Sleeper(wakes),
        Watch({}),
        quiet_after=minutes(20),
    )


def _real() -> Policy:
    eager = {"pile_on_floor": 4, "false_alarms_per_month": 1e6}
    brands = a_policy(**eager).brands
    return a_policy(Spike(brands), PileOn(brands), ThreadSizes(brands), Watch(brands), **eager)


POLICIES = pytest.mark.parametrize("policy_of", [_small, _real], ids=["small rules", "real rules"])


def _cut(events: list[Event], cuts: set[int]) -> list[list[Event]]:
    places = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
    return [events[start:end] for start, end in pairwise(places)]


@POLICIES
@settings(max_examples=20, deadline=None)
@given(moves=MOVES, cuts=CUTS)
def test_stopping_storing_and_resuming_anywhere_changes_nothing(
    policy_of: Callable[[], Policy], moves: list[Move], cuts: set[int]
) -> None:
    events = _events(moves)
    whole = SmallWatch(policy_of())
    whole.feed(*events)
    parted = SmallWatch(policy_of())
    for batch in _cut(events, cuts):
        parted.feed(*batch)
        parted.restart()
    assert parted.held() == whole.held()


@POLICIES
@settings(max_examples=4, deadline=None)
@given(moves=MOVES, cuts=CUTS)
def test_a_real_database_remembers_as_well_as_memory(
    policy_of: Callable[[], Policy], moves: list[Move], cuts: set[int]
) -> None:
    events = _events(moves)
    whole = SmallWatch(policy_of())
    whole.feed(*events)
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "watch.db")
        parted = SmallWatch(policy_of(), store)
        for batch in _cut(events, cuts):
            parted.feed(*batch)
            parted.restart()
        held = parted.held()
        store.close()
    assert held == whole.held()


@POLICIES
@settings(max_examples=12, deadline=None)
@given(moves=MOVES)
def test_each_brand_feed_and_part_alone_comes_to_the_same(
    policy_of: Callable[[], Policy], moves: list[Move]
) -> None:
    """A boost, or a thread of two brands, is everybody's: so here each post stands alone."""
    events = _events([replace(move, thread=0) for move in moves if move.kind != "boost"])
    together = SmallWatch(policy_of())
    together.feed(*events)
    apart = SmallWatch(policy_of())
    for subject in {_subject(event) for event in events} - {""}:
        alone = SmallWatch(policy_of(), apart.store)
        alone.feed(*(event for event in events if _subject(event) in (subject, "")))
    apart.restart()
    assert apart.held() == together.held()


def _subject(event: Event) -> str:
    match event:
        case Mentioned(mention=mention):
            return mention.brand
        case FeedRead(feed=feed):
            return f"feed {feed}"
        case PartChecked(part=part):
            return f"part {part}"
        case _:
            return ""


@POLICIES
@settings(max_examples=12, deadline=None)
@given(moves=MOVES, cuts=CUTS)
def test_nothing_is_told_twice_and_nothing_is_left_out(
    policy_of: Callable[[], Policy], moves: list[Move], cuts: set[int]
) -> None:
    watch = SmallWatch(policy_of())
    outcomes = [watch.feed(*batch) for batch in _cut(_events(moves), cuts)]
    owed = [row for outcome in outcomes for row in outcome.notifications]
    assert len({row.id for row in owed}) == len(owed)
    with watch.store.reading() as look:
        for incident in look.incidents():
            for name in watch.policy.notifiers:
                told = [
                    row.sequence
                    for row in owed
                    if (row.incident_id, row.notifier) == (incident.id, name)
                ]
                assert told == list(range(1, incident.sequence + 1))
            assert len(incident.timeline) == incident.sequence


@POLICIES
@settings(max_examples=12, deadline=None)
@given(moves=MOVES)
def test_every_alert_stands_in_one_incident_or_in_none(
    policy_of: Callable[[], Policy], moves: list[Move]
) -> None:
    watch = SmallWatch(policy_of())
    outcome = watch.feed(*_events(moves))
    held = [alert.id for incident in outcome.incidents for alert in incident.alerts]
    assert len(held) == len(set(held))
    assert not set(held) & {alert.id for alert in outcome.orphans}
