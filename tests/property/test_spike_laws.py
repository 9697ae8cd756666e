"""Laws of the spike detector: what may never change its alerts, and what may never ring."""

from datetime import timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.core.detect.voices import MOST_KEPT
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.event import Event, Mentioned, Tick, Unwatched
from emberwatch.runtime.series import Row, judge_series
from emberwatch.store.codec import decode_state, encode_state
from tests.build import NOON, a_brand, a_mention, minutes
from tests.following import Following

SPIKE = Spike({"Acme": a_brand(false_alarms_per_month=4.0)})
BEGIN = NOON + timedelta(days=5)

angers = st.sampled_from([None, 0.0, 0.1, 0.3, 0.6, 0.9])


@cache
def ordinary() -> SpikeState | None:
    """Return five days of a post each twenty minutes, one in five angry."""
    life = Following(SPIKE)
    life.live(BEGIN, 20.0)
    return life.state


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """Draw some hours of a brand: posts in and out of order, ticks, gaps, history."""
    at = BEGIN
    events: list[Event] = []
    for n in range(draw(st.integers(1, 60))):
        at += timedelta(seconds=draw(st.integers(0, 900)))
        what = draw(st.integers(0, 19))
        if what == 0:
            events.append(Tick(at=at.replace(second=0)))
        elif what == 1:
            events.append(Unwatched(at=at, brand="Acme", since=at - minutes(40)))
        else:
            mention = a_mention(
                f"n{n}",
                anger=draw(angers),
                author=f"a{draw(st.integers(0, 30))}",
                thread=f"t{draw(st.integers(0, 30))}",
                fingerprint=draw(st.sampled_from(["", "", "x"])),
                at=at - minutes(draw(st.sampled_from([0, 0, 0, 3, 70, 1500, -500]))),
            )
            events.append(Mentioned(at=at, mention=mention, is_history=what == 2))
    return events


def follow(state: SpikeState | None, events: list[Event]) -> tuple[SpikeState | None, list[Alert]]:
    alerts: list[Alert] = []
    for event in events:
        state, given_now = SPIKE.fold("Acme", state, event)
        alerts += given_now
    return state, alerts


@settings(max_examples=40, deadline=None)
@given(events=lives(), cut=st.integers(0, 60))
def test_stopping_storing_and_resuming_changes_nothing(events: list[Event], cut: int) -> None:
    whole = follow(ordinary(), events)
    state, before = follow(ordinary(), events[:cut])
    resumed = decode_state(encode_state(state), SpikeState)
    end, after = follow(resumed, events[cut:])
    assert (end, before + after) == whole


@settings(max_examples=30, deadline=None)
@given(events=lives())
def test_every_alert_makes_sense(events: list[Event]) -> None:
    _, alerts = follow(ordinary(), events)
    for alert in alerts:
        assert alert.observed is not None
        assert alert.expected is not None
        assert alert.observed > alert.expected > 0.0
        assert alert.started_at <= alert.at
        assert 0.0 <= alert.not_judged <= 1.0
        assert len(alert.evidence) <= 50
        assert (len(alert.evidence) >= 3) is (alert.kind is AlertKind.SPIKE)


@settings(max_examples=20, deadline=None)
@given(events=lives())
def test_history_never_rings(events: list[Event]) -> None:
    history = [
        Mentioned(at=event.at, mention=event.mention, is_history=True)
        for event in events
        if isinstance(event, Mentioned)
    ]
    assert follow(ordinary(), list(history))[1] == []


@settings(max_examples=15, deadline=None)
@given(copies=st.integers(3, 300), gap=st.floats(0.01, 5.0), anger=st.floats(0.3, 1.0))
def test_copies_of_one_text_by_many_accounts_are_one_voice(
    copies: int, gap: float, anger: float
) -> None:
    life = Following(SPIKE)
    life.feed(Tick(at=BEGIN))
    for n in range(copies):
        life.post(BEGIN + minutes(n * gap), anger, fingerprint="copy")
    assert not life.rung()


@settings(max_examples=15, deadline=None)
@given(replies=st.integers(3, 300), gap=st.floats(0.01, 5.0), anger=st.floats(0.3, 1.0))
def test_one_thread_alone_is_one_voice(replies: int, gap: float, anger: float) -> None:
    life = Following(SPIKE)
    life.feed(Tick(at=BEGIN))
    for n in range(replies):
        life.post(BEGIN + minutes(n * gap), anger, thread="one")
    assert not life.rung()


@settings(max_examples=10, deadline=None)
@given(times=st.integers(2, 30))
def test_calm_posts_never_ring_as_anger_however_many(times: int) -> None:
    life = Following(SPIKE)
    life.state = ordinary()
    life.live(life.now + minutes(180), 20.0 / times, angry=0)
    assert not life.rung()


@settings(max_examples=10, deadline=None)
@given(events=lives(), loud=st.integers(1, 3))
def test_memory_is_bounded(events: list[Event], loud: int) -> None:
    state, _ = follow(ordinary(), events * loud)
    assert state is not None
    assert len(state.voices) <= MOST_KEPT
    assert len(state.minutes) <= 60
    assert len(state.past.quarters) <= 57


@settings(max_examples=15, deadline=None)
@given(
    counts=st.lists(
        st.one_of(st.none(), st.tuples(st.integers(0, 6), st.integers(0, 6))),
        min_size=1,
        max_size=80,
    ),
    step=st.sampled_from([60.0, 300.0, 97.0]),
    cut=st.integers(1, 80),
)
def test_a_series_is_judged_from_the_past_alone(
    counts: list[tuple[int, int] | None], step: float, cut: int
) -> None:
    rows = [
        Row(BEGIN.timestamp() + step * n, *((None, None) if pair is None else (sum(pair), pair[0])))
        for n, pair in enumerate(counts)
    ]
    assert list(judge_series(rows[:cut])) == list(judge_series(rows))[:cut]


@settings(max_examples=15, deadline=None)
@given(voices=st.integers(4, 40), scale=st.floats(0.45, 1.0))
def test_the_scale_that_a_scorer_speaks_on_does_not_matter(voices: int, scale: float) -> None:
    """Two brands alike, one judged by a scorer that says less of the same anger."""
    rung = []
    for times in (1.0, scale):
        life = Following(Spike({"Acme": a_brand(false_alarms_per_month=4.0)}))
        life.live(NOON + timedelta(days=6), 20.0, anger=0.95 * times)
        for n in range(voices):
            life.post(life.now + minutes(2), (0.95 if n % 2 else 0.7) * times)
        rung.append(bool(life.rung()))
    assert rung[0] == rung[1]
