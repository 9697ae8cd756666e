"""What a backtest shows in pictures: the whole past of each brand, and each of its storms."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from emberwatch.core.detect import sketch
from emberwatch.core.detect.explain import Explainer, Explanation, Remembered, Sample
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.quarter import QUARTER, Quarter
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.core.detect.thread_state import Thread
from emberwatch.core.pipeline import Policy, States
from emberwatch.core.respond.track_record import TrackRecord
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import Event, Tick
from emberwatch.model.incident import Incident
from emberwatch.picture import Colour, Dash, Line, Panel, Picture, Span
from emberwatch.runtime.backtest import Backtest
from emberwatch.runtime.history import Rerun

MOST_STORMS = 40
"""Storms that are drawn, newest first: nobody looks at more."""

_MOST_POINTS = 500
_THINNED = 3
"""Of the instants at which `explain` looks for its picture, one in so many is enough here."""
_EVERY = timedelta(hours=6)
_LATE = timedelta(hours=2)
"""How long late posts are waited for before a quarter of an hour is taken down."""
_QUARTER = timedelta(minutes=QUARTER)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTERS_A_DAY = timedelta(days=1) // _QUARTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures of one configuration: of each brand by its name (without moments), of each
    storm by its incident's id (the one that opens, or the one that people saw and that opens no
    more).
    """

    brands: Mapping[str, Picture] = field(default_factory=dict)
    storms: Mapping[str, Picture] = field(default_factory=dict)


def pictures(result: Backtest, policy: Policy, past: Iterable[Event]) -> Pictures:
    """Live through the past once more, and draw what was seen on the way.

    `past` are the events that the backtest lived through. Brands without a storm are left out.
    """
    since, until = result.since, result.until
    if since is None or until is None:
        return Pictures()
    shown = [record for record in result.records if record.rung or record.missed or record.spared]
    storms = sorted((incident for record in shown for incident in _storms(record)), key=_opened_at)[
        -MOST_STORMS:
    ]
    sitters = [
        _Sitter(storm, Explainer(policy.brands[storm.brand or ""], policy.detectors), until)
        for storm in storms
    ]
    courses = [_Course(record.brand, policy, since, until) for record in shown]
    asked: dict[datetime, list[_Sitter]] = defaultdict(list)
    for sitter in sitters:
        for at in sitter.stops:
            asked[at].append(sitter)
    rerun = Rerun(policy)
    for at in rerun.walk(past, sorted({*asked, *_every(since, until), until})):
        for sitter in asked.get(at, ()):
            sitter.take(rerun.states, at)
        for course in courses:
            course.take(rerun.states, at)
    return Pictures(
        brands={course.brand: course.picture() for course in courses},
        storms={sitter.storm.id: sitter.picture() for sitter in sitters},
    )


def _storms(record: TrackRecord) -> list[Incident]:
    """Return what is drawn of a brand: what opens, with what people did, and what does not."""
    opened = [
        replace(each.incident, timeline=each.lived.timeline) if each.lived else each.incident
        for each in record.rung
    ]
    return [*opened, *record.missed, *record.spared]


def _opened_at(incident: Incident) -> datetime:
    return incident.opened_at


def _every(since: datetime, until: datetime) -> Iterable[datetime]:
    for number in range(1, (until - since) // _EVERY + 1):
        yield since + _EVERY * number


def _spike(states: States, brand: str) -> SpikeState | None:
    state = states.get((Spike.name, brand))
    return state if isinstance(state, SpikeState) else None


class _Sitter:
    """A storm whose picture is taken while its time is lived through again."""

    def __init__(self, storm: Incident, explainer: Explainer, until: datetime) -> None:
        self.storm = storm
        self._explainer = explainer
        self._samples: list[Sample] = []
        self._moments: dict[datetime, Explanation] = {}
        self._rang = {a.started_at for a in storm.alerts if a.kind is AlertKind.SPIKE}
        self._threads = [
            a.thread_id for a in storm.alerts if a.kind is AlertKind.PILE_ON and a.thread_id
        ]
        around = sketch.stops(*sketch.ends(storm, until))[::-_THINNED]
        self.stops = {*around, *(at for at in self._rang if at <= until)}

    def take(self, states: States, at: datetime) -> None:
        """Take down what the rules remember at one of the stops."""
        found = ((key, states.get((PileOn.name, key))) for key in self._threads)
        then = Remembered(
            at=at,
            spike=_spike(states, self.storm.brand or ""),
            threads={key: thread for key, thread in found if isinstance(thread, Thread)},
        )
        self._samples.append(self._explainer.sample(then))
        if at in self._rang:
            self._moments[at] = self._explainer.explain(then)

    def picture(self) -> Picture:
        """Show what led to the storm, and what became of it."""
        grown = [self._explainer.growth(self._samples, key) for key in self._threads]
        return sketch.incident_picture(self.storm, self._moments, self._samples, grown)


class _Course:
    """The quarters of an hour of a brand's past, taken down while it is lived through again."""

    def __init__(self, brand: str, policy: Policy, since: datetime, until: datetime) -> None:
        self.brand = brand
        self._until = until
        self._next = (since - _EPOCH) // _QUARTER
        self._first = self._next
        self._quarters: list[Quarter | None] = []
        self._moved: Callable[[SpikeState, datetime], SpikeState | None] = _mover(brand, policy)

    def take(self, states: States, at: datetime) -> None:
        """Take down what closed before an instant; all of it at the end."""
        last = at if at >= self._until else at - _LATE
        wanted = (last - _EPOCH) // _QUARTER
        if wanted <= self._next:
            return
        state = _spike(states, self.brand)
        now = None if state is None else self._moved(state, at)
        kept = {} if now is None else _by_number(now)
        self._quarters += [kept.get(number) for number in range(self._next, wanted)]
        self._next = wanted

    def picture(self) -> Picture:
        """Show the whole past, in steps of hours or days."""
        count = len(self._quarters)
        size = max(4, -(-count // _MOST_POINTS))
        steps = [self._quarters[place : place + size] for place in range(0, count, size)]
        starts = [
            (_EPOCH + _QUARTER * (self._first + place)).timestamp()
            for place in range(0, count, size)
        ]
        length = _length(_QUARTER * size)
        return Picture(
            title=self.brand,
            summary=f"Angry voices and posts in {length}, seen and expected.",
            panels=(
                Panel(
                    name=f"Angry voices in {length}",
                    lines=_lines(starts, steps, _heat, _expected_heat),
                ),
                Panel(
                    name=f"Posts in {length}",
                    lines=_lines(starts, steps, _volume, _expected_volume),
                    height=110,
                ),
            ),
            spans=_blind(starts, steps, size),
        )


def _mover(brand: str, policy: Policy) -> Callable[[SpikeState, datetime], SpikeState | None]:
    spike = next(each for each in policy.detectors if isinstance(each, Spike))

    def moved(state: SpikeState, at: datetime) -> SpikeState | None:
        return spike.fold(brand, state, Tick(at=at))[0]

    return moved


def _by_number(state: SpikeState) -> dict[int, Quarter]:
    first = state.past.opened - len(state.past.quarters) + 1
    return dict(enumerate(state.past.quarters, first))


def _length(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    if hours == 1:
        return "an hour"
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:.3g} days"


_Step = Sequence[Quarter | None]


def _lines(
    starts: Sequence[float],
    steps: Sequence[_Step],
    seen: Callable[[Quarter], float],
    expected: Callable[[Quarter], float],
) -> tuple[Line, ...]:
    return (
        Line(name="seen", points=_points(starts, steps, seen), is_stepped=True),
        Line(
            name="expected",
            points=_points(starts, steps, expected),
            colour=Colour.GREEN,
            dash=Dash.DOTTED,
            is_stepped=True,
        ),
    )


def _points(
    starts: Sequence[float], steps: Sequence[_Step], of: Callable[[Quarter], float]
) -> tuple[tuple[float, float | None], ...]:
    return tuple(
        (start, sum(map(of, known)) if (known := [q for q in step if q is not None]) else None)
        for start, step in zip(starts, steps, strict=True)
    )


def _heat(quarter: Quarter) -> float:
    return quarter.heat


def _volume(quarter: Quarter) -> float:
    return quarter.volume


def _expected_heat(quarter: Quarter) -> float:
    return quarter.expected_heat * quarter.watched / QUARTER


def _expected_volume(quarter: Quarter) -> float:
    return quarter.expected_volume * quarter.watched / QUARTER


def _blind(starts: Sequence[float], steps: Sequence[_Step], size: int) -> list[Span]:
    """Shade the steps most of which nobody watched."""
    length = size * _QUARTER.total_seconds()
    found: list[Span] = []
    for start, step in zip(starts, steps, strict=True):
        watched = sum(quarter.watched for quarter in step if quarter is not None)
        if 2 * watched >= QUARTER * len(step):
            continue
        if found and found[-1].until == start:
            found[-1] = replace(found[-1], until=start + length)
        else:
            found.append(Span(since=start, until=start + length, name="not watched"))
    return found
