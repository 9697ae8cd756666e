"""Laws of every detector: what is to come, other keys, and a stop in between change nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.detect.detector import Detector
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.thread_sizes import ThreadSizes
from emberwatch.core.detect.watch import Watch
from emberwatch.model.event import (
    Counted,
    Event,
    FeedRead,
    Mentioned,
    PartChecked,
    Reacted,
    ThreadEnded,
    Tick,
    Unwatched,
)
from emberwatch.model.post import Counters, PostKind
from emberwatch.store.codec import decode_state, encode_state
from tests.build import NOON, a_brand, a_mention, a_post, minutes
from tests.folding import fold
from tests.following import Following

BRANDS = {name: a_brand(name, false_alarms_per_month=4.0) for name in ("Acme", "Other")}
CROWDED = {"Acme": a_brand("Acme", pile_on_floor=15)}
BEGIN = NOON + timedelta(days=5)

Moment = Callable[[int, datetime], list[Event]]
"""What happens: given its number and the time, the events."""


@cache
def ordinary() -> Mapping[str, Any]:
    """Return two brands after five days of a post each twenty minutes, one in five angry."""
    life = Following(Spike(BRANDS))
    life.live(BEGIN, 20.0)
    return {"Acme": life.state, "Other": life.state}


@dataclass(frozen=True)
class Kit:
    """A detector, where it stands at the beginning, and what may happen to it."""

    make: Callable[[], Detector[Any]]
    before: Callable[[], Mapping[str, Any]]
    moments: st.SearchStrategy[Moment]
    gaps: st.SearchStrategy[int]

    def lives(self) -> st.SearchStrategy[list[Event]]:
        """Return the strategy that draws lives."""
        steps = st.lists(st.tuples(self.gaps, self.moments), min_size=1, max_size=25)
        return steps.map(_lay)


def _lay(steps: list[tuple[int, Moment]]) -> list[Event]:
    """Lay moments on a line of time; none begins before the one before it is over."""
    at, events = BEGIN, []
    for number, (gap, moment) in enumerate(steps):
        at += timedelta(seconds=gap)
        events += moment(number, at)
        at = max(at, max(event.at for event in events))
    return events


# ---------------------------------------------------------------- anger
def _voices(brand: str, count: int, gap: int, anger: float | None, late: int) -> Moment:
    def moment(number: int, at: datetime) -> list[Event]:
        times = [at + timedelta(seconds=gap * place) for place in range(count)]
        return [
            Mentioned(
                at=then,
                mention=a_mention(
                    f"n{number}.{place}",
                    brand=brand,
                    anger=anger,
                    author=f"a{number}.{place}",
                    at=then - minutes(late),
                ),
                is_history=late > 120,
            )
            for place, then in enumerate(times)
        ]

    return moment


def _unwatched(brand: str, length: int) -> Moment:
    return lambda _, at: [Unwatched(at=at, brand=brand, since=at - minutes(length))]


def _tick(number: int, at: datetime) -> list[Event]:
    return [Tick(at=at.replace(second=0))]


brands = st.sampled_from(["Acme", "Other"])
anger_moments: st.SearchStrategy[Moment] = st.one_of(
    st.builds(
        _voices,
        brands,
        st.integers(1, 9),
        st.integers(0, 200),
        st.sampled_from([None, 0.0, 0.1, 0.3, 0.9, 0.9, 0.9]),
        st.sampled_from([0, 0, 0, 0, 5, 100, 130, 1500]),
    ),
    st.builds(_unwatched, brands, st.sampled_from([0, 1, 40, 600])),
    st.just(_tick),
)


# ---------------------------------------------------------------- a thread
def _reactions(thread: int, kind: PostKind, count: int, gap: int, anger: float | None) -> Moment:
    root = f"root{thread}"

    def moment(number: int, at: datetime) -> list[Event]:
        events: list[Event] = []
        for place in range(count):
            then = at + timedelta(seconds=gap * place)
            name = f"n{number}.{place}"
            if kind is PostKind.BOOST:
                post = a_post(name, kind=kind, thread=root, at=then)
                events.append(Reacted(at=then, post=post, feed="town"))
            else:
                mention = a_mention(name, anger=anger, at=then, thread=root, parent=root)
                events.append(Mentioned(at=then, mention=mention))
        return events

    return moment


def _root(thread: int) -> Moment:
    return lambda _, at: [Mentioned(at=at, mention=a_mention(f"root{thread}", at=BEGIN))]


def _counted(thread: int, replies: int, is_history: bool) -> Moment:
    return lambda _, at: [
        Counted(
            at=at,
            thread_id=f"jsonl::root{thread}",
            counters=Counters(replies=replies, boosts=replies // 2),
            root_created_at=BEGIN,
            every=minutes(5),
            is_history=is_history,
        )
    ]


threads = st.sampled_from([0, 0, 0, 1])
thread_moments: st.SearchStrategy[Moment] = st.one_of(
    st.builds(_root, threads),
    st.builds(
        _reactions,
        threads,
        st.sampled_from([PostKind.REPLY, PostKind.BOOST]),
        st.integers(1, 12),
        st.sampled_from([0, 1, 20, 400]),
        st.sampled_from([None, 0.0, 0.9]),
    ),
    st.builds(_counted, threads, st.integers(0, 60), st.booleans()),
    st.just(_tick),
)


# ---------------------------------------------------------------- our own feeds and parts
def _read(feed: str, count: int, fresh: int, why: str, is_refused: bool) -> Moment:
    return lambda _, at: [
        FeedRead(
            at=at + minutes(5 * place),
            feed=feed,
            every=minutes(5),
            listed=0 if why else 20 * fresh,
            fresh=fresh,
            is_refused=is_refused and bool(why),
            why=why,
        )
        for place in range(count)
    ]


def _checked(part: str, why: str) -> Moment:
    return lambda _, at: [PartChecked(at=at, part=part, why=why)]


watch_moments: st.SearchStrategy[Moment] = st.one_of(
    st.builds(
        _read,
        st.sampled_from(["town", "other"]),
        st.integers(1, 5),
        st.integers(0, 1),
        st.sampled_from(["", "", "it does not answer"]),
        st.booleans(),
    ),
    st.builds(
        _checked,
        st.sampled_from(["disk", "quarantine"]),
        st.sampled_from(["", "it is full"]),
    ),
    st.just(_tick),
)


# ---------------------------------------------------------------- what threads came to
def _ended(brand: str, size: int) -> Moment:
    return lambda n, at: [ThreadEnded(at=at, thread_id=f"t{n}", brand=brand, size=size)]


KITS = {
    "spike": Kit(lambda: Spike(BRANDS), ordinary, anger_moments, st.integers(0, 3000)),
    "pile_on": Kit(
        lambda: PileOn(CROWDED),
        dict,
        thread_moments,
        st.sampled_from([0, 1, 30, 600, 8_000]),
    ),
    "watch": Kit(
        lambda: Watch({}),
        dict,
        watch_moments,
        st.sampled_from([60, 300, 300, 900, 40_000]),
    ),
    "thread_sizes": Kit(
        lambda: ThreadSizes(BRANDS),
        dict,
        st.builds(_ended, brands, st.integers(0, 2_000)),
        st.sampled_from([0, 60, 1_000_000]),
    ),
}
EACH = pytest.mark.parametrize("kit", KITS.values(), ids=list(KITS))


def _through_the_store(state: Any) -> Any:
    return decode_state(encode_state(state), type(state))


# ---------------------------------------------------------------- the laws
@EACH
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_to_come_changes_nothing_that_was_told(kit: Kit, data: st.DataObject) -> None:
    """The same instance has seen the future when it lives the beginning anew."""
    events = data.draw(kit.lives())
    cut = data.draw(st.integers(0, len(events)))
    detector = kit.make()
    whole = fold(detector, events, kit.before())
    note("rang" if whole.told() else "quiet")
    begun = fold(detector, events[:cut], kit.before())
    assert begun.alerts == whole.alerts[:cut]


@EACH
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_stopping_after_every_event_changes_nothing(kit: Kit, data: st.DataObject) -> None:
    events = data.draw(kit.lives())
    whole = fold(kit.make(), events, kit.before())
    stopped = fold(kit.make(), events, kit.before(), _through_the_store)
    assert (stopped.alerts, stopped.states) == (whole.alerts, whole.states)


@EACH
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_each_key_alone_comes_to_the_same(kit: Kit, data: st.DataObject) -> None:
    detector = kit.make()
    events = data.draw(kit.lives())
    end = events[-1].at + minutes(1)
    together = fold(detector, events, kit.before()).wait(end)
    alerts, states = [], {}
    keys = {key for event in events for key in detector.keys(event)} | set(kit.before())
    for key in sorted(keys):
        own = {name: state for name, state in kit.before().items() if name == key}
        mine = [event for event in events if isinstance(event, Tick) or key in detector.keys(event)]
        alone = fold(detector, mine, own).wait(end)
        alerts += alone.told()
        states |= alone.states
    assert states == together.states
    assert sorted(map(repr, alerts)) == sorted(map(repr, together.told()))


@EACH
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_state_stays_what_it_was_when_more_is_folded_into_it(
    kit: Kit, data: st.DataObject
) -> None:
    """A crash in the middle of a batch falls back on the states of before."""
    events = data.draw(kit.lives())
    cut = data.draw(st.integers(0, len(events)))
    begun = fold(kit.make(), events[:cut], kit.before())
    before = {key: encode_state(state) for key, state in begun.states.items()}
    fold(kit.make(), events[cut:], begun.states)
    assert {key: encode_state(state) for key, state in begun.states.items()} == before


@EACH
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_alert_begins_once_and_ends_once(kit: Kit, data: st.DataObject) -> None:
    events = data.draw(kit.lives())
    folding = fold(kit.make(), events, kit.before())
    folding.feed([Tick(at=events[-1].at.replace(second=0) + timedelta(days=4))])
    first, ended = {}, set()
    for alert in folding.told():
        begun = first.setdefault(alert.id, alert)
        assert alert.id not in ended, "told after its end"
        assert (alert.kind, alert.brand, alert.subject, alert.started_at) == (
            begun.kind,
            begun.brand,
            begun.subject,
            begun.started_at,
        )
        assert alert.started_at <= alert.at
        if not alert.is_open:
            ended.add(alert.id)
    open_ones = {alert.kind for id, alert in first.items() if id not in ended}
    assert open_ones <= {"watch_blind", "trouble"}, "the fire never went out"


@EACH
@settings(max_examples=10, deadline=None)
@given(data=st.data(), days=st.floats(0.01, 30.0))
def test_time_alone_rings_for_nobody_but_an_unpolled_feed(
    kit: Kit, data: st.DataObject, days: float
) -> None:
    events = data.draw(kit.lives())
    lived = fold(kit.make(), events, kit.before())
    lived.feed([Tick(at=events[-1].at.replace(second=0) + timedelta(minutes=1))])
    known = {alert.id for alert in lived.told()}
    at = (NOON + timedelta(days=9 + days)).replace(second=0, microsecond=0)
    after = fold(kit.make(), [Tick(at=at)], lived.states)
    new = {alert.kind for alert in after.told() if alert.id not in known}
    assert new <= {"watch_blind"}


LOUD: dict[str, tuple[str, Callable[[int, datetime], list[Event]], int]] = {
    "spike": ("Acme", _voices("Acme", 1, 0, 0.9, 0), 300_000),
    "pile_on": ("jsonl::root0", _reactions(0, PostKind.REPLY, 1, 0, 0.9), 4_000),
    "thread_sizes": ("Acme", _ended("Acme", 7), 200),
    "watch": ("feed:town", _read("town", 1, 1, "", False), 1_000),
}
"""A key, what happens to it again and again, and how many bytes its state may take."""


@pytest.mark.parametrize("name", list(LOUD))
@pytest.mark.parametrize("gap", [0.5, 40.0, 2_000.0])
def test_a_state_stops_growing_however_much_comes(name: str, gap: float) -> None:
    key, moment, most = LOUD[name]
    kit = KITS[name]
    folding = fold(kit.make(), _root(0)(0, BEGIN) if name == "pile_on" else (), kit.before())
    sizes = []
    for number in range(4_500):
        folding.feed(moment(number, BEGIN + timedelta(seconds=gap * number)))
        if number % 1_500 == 1_499:
            sizes.append(len(encode_state(folding.states[key])))
    assert max(sizes) <= most
    assert sizes[-1] <= 1.2 * sizes[0]
