"""What holds for every thread, however it grows."""

from dataclasses import dataclass
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given, settings

from emberwatch.core.detect.growth import POINTS
from emberwatch.core.detect.outlook import Standing
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.thread_sizes import SizesSeen, ThreadSizes, huge_for
from emberwatch.core.detect.thread_state import Thread
from emberwatch.model.alert import Alert
from emberwatch.model.event import Counted, Event, Mentioned, Reacted, ThreadEnded, Tick
from emberwatch.model.post import Counters, PostKind
from emberwatch.store.codec import decode_state, encode_state
from tests.build import NOON, a_brand, a_mention, a_post

ROOT = "jsonl::root"
DETECTOR = PileOn({"Acme": a_brand(pile_on_floor=20)})


@dataclass(frozen=True)
class Move:
    """Something that happens `after` seconds, `late` seconds after it was written."""

    after: int
    late: int
    kind: str
    number: int
    is_history: bool

    def event(self, index: int, second: int) -> Event:
        at = NOON + timedelta(seconds=second)
        match self.kind:
            case "root":
                mention = a_mention("root", at=NOON)
                return Mentioned(at=at, mention=mention, is_history=self.is_history)
            case "reply":
                mention = a_mention(
                    f"r{index}",
                    anger=None if self.number % 3 == 0 else self.number / 100,
                    at=at - timedelta(seconds=self.late),
                    thread="root",
                    parent="root",
                )
                return Mentioned(at=at, mention=mention, is_history=self.is_history)
            case "boost":
                post = a_post(
                    f"b{index}",
                    kind=PostKind.BOOST,
                    thread="root",
                    at=at - timedelta(seconds=self.late),
                )
                return Reacted(at=at, post=post, feed="town", is_history=self.is_history)
            case "count":
                return Counted(
                    at=at,
                    thread_id=ROOT,
                    counters=Counters(replies=self.number, boosts=self.number // 2),
                    root_created_at=NOON,
                    every=timedelta(minutes=5),
                    is_history=self.is_history,
                )
            case _:
                return Tick(at=at)


MOVES = st.lists(
    st.builds(
        Move,
        after=st.sampled_from((0, 0, 1, 1, 5, 30, 600, 4_000, 8_000)),
        late=st.sampled_from((0, 0, 0, 60, 7_200)),
        kind=st.sampled_from(
            ("root", "reply", "reply", "boost", "boost", "boost", "count", "tick")
        ),
        number=st.integers(0, 100),
        is_history=st.booleans(),
    ),
    min_size=1,
    max_size=120,
)


def events(moves: list[Move]) -> list[Event]:
    told, second = [], 0
    for index, move in enumerate(moves):
        second += move.after
        told.append(move.event(index, second))
    return told


def run(told: list[Event], state: Thread | None = None) -> tuple[Thread | None, list[Alert]]:
    alerts: list[Alert] = []
    for event in told:
        state, new = DETECTOR.fold(ROOT, state, event)
        alerts += new
    return state, alerts


@given(MOVES, st.integers(0, 120))
def test_stopping_storing_and_resuming_changes_nothing(moves: list[Move], cut: int) -> None:
    told = events(moves)
    before, first = run(told[:cut])
    stored = None if before is None else decode_state(encode_state(before), Thread)
    assert stored == before
    after, second = run(told[cut:], stored)
    assert (after, first + second) == run(told)


@given(MOVES)
def test_the_size_is_what_items_and_counters_say(moves: list[Move]) -> None:
    state, _ = run(events([Move(0, 0, "root", 0, False), *moves]))
    if state is None:
        return
    kinds = [move.kind for move in moves]
    counts = [move.number for move in moves if move.kind == "count"]
    last = counts[-1] if counts else 0
    whole = max(kinds.count("reply"), last) + max(kinds.count("boost"), last // 2)
    was_forgotten = "tick" in kinds
    assert state.size <= whole if was_forgotten else state.size == whole


@given(MOVES, st.randoms(use_true_random=False))
def test_the_order_of_what_happens_at_once_does_not_matter_to_the_size(
    moves: list[Move], chance: object
) -> None:
    told = [
        move.event(index, 0) for index, move in enumerate(moves) if move.kind in ("reply", "boost")
    ]
    root = Move(0, 0, "root", 0, False).event(0, 0)
    shuffled = told.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = run([root, *told])[0], run([root, *shuffled])[0]
    assert one is not None
    assert other is not None
    assert one.size == other.size


@given(MOVES)
def test_alerts_of_one_ring_share_an_id_and_end_once(moves: list[Move]) -> None:
    _, alerts = run(events(moves))
    ended: set[str] = set()
    for alert in alerts:
        assert alert.id not in ended
        assert alert.chance is not None
        assert 0.0 < alert.chance <= 1.0
        if not alert.is_open:
            ended.add(alert.id)


@given(MOVES)
def test_history_never_rings(moves: list[Move]) -> None:
    _, alerts = run([Move(0, 0, m.kind, m.number, True).event(i, i) for i, m in enumerate(moves)])
    assert not alerts


@given(MOVES)
def test_a_thread_is_always_woken_in_the_end(moves: list[Move]) -> None:
    state, alerts = run(events(moves))
    for _ in range(20):
        if state is None:
            return
        at = DETECTOR.wakes_at(state)
        assert at is not None
        state, _ = run([Tick(at=at)], state)
    raise AssertionError(f"never forgotten: {state} after {alerts}")


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 3), st.floats(0.01, 30.0))
def test_memory_is_bounded_however_large_a_thread_grows(kind: int, gap: float) -> None:
    state, _ = run([Move(0, 0, "root", 0, False).event(0, 0)])
    for index in range(3_000):
        name = "reply" if kind else "boost"
        event = Move(0, 0, name, index % 100, False).event(index, int(gap * index))
        state, _ = run([event], state)
    assert state is not None
    assert state.size == 3_000
    assert len(state.growth.moments) <= POINTS
    assert len(encode_state(state)) < 8_000


@given(MOVES, st.integers(0, 120))
def test_an_outlook_agrees_with_what_rang(moves: list[Move], cut: int) -> None:
    told = events([Move(0, 0, "root", 0, False), *moves])[: cut + 1]
    state, alerts = run(told)
    if state is None:
        return
    look = DETECTOR.outlook(state, "Acme", told[-1].at)
    assert (look.standing is Standing.RUNG) == (bool(alerts) and alerts[-1].is_open)
    assert look.expected >= look.size == state.size
    assert look.chance is None or 0.0 < look.chance < 1.0
    assert look.needed is None or look.needed >= 1
    assert look.words


@given(st.lists(st.integers(0, 5_000), max_size=150), st.integers(0, 150), st.integers(2, 1_000))
def test_a_history_may_be_stored_and_resumed_anywhere(
    sizes: list[int], cut: int, floor: int
) -> None:
    fold = ThreadSizes().fold
    ends = [
        ThreadEnded(at=NOON + timedelta(hours=hour), thread_id="t", brand="Acme", size=size)
        for hour, size in enumerate(sizes)
    ]
    state, resumed = None, None
    for end in ends:
        state, _ = fold("Acme", state, end)
    for index, end in enumerate(ends):
        if index == cut and resumed is not None:
            resumed = decode_state(encode_state(resumed), SizesSeen)
        resumed, _ = fold("Acme", resumed, end)
    assert resumed == state
    huge = None if state is None else huge_for(state, floor)
    assert huge is None or max(2.0, floor / 10) - 0.5 <= huge <= 10 * floor
