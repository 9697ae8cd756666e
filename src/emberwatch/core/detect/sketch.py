"""What a picture of a brand's windows shows; pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from emberwatch.core.detect.explain import Explanation, Growth, Sample, rings_from, spelt
from emberwatch.core.detect.looks import Series, WindowLook
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident
from emberwatch.picture import Band, Colour, Dash, Line, Moment, Panel, Picture

BEFORE = timedelta(hours=12)
AFTER = timedelta(hours=3)
BEFORE_THREAD = timedelta(minutes=15)
AFTER_THREAD = timedelta(hours=1)
LONGEST = timedelta(days=7)
"""What a picture shows before and after what it is about, and at most."""

_HOUR = 60
_MOST_SAMPLES = 288
_SHORTEST_STEP = timedelta(minutes=1)
_COUNTED = {
    Series.ANGER: "Angry voices (weight)",
    Series.SHARE: "Angry voices (weight) among as many posts",
    Series.VOLUME: "Posts",
}
_DONE = {
    Action.ACKNOWLEDGED: "acknowledged",
    Action.RESPONDED: "responded",
    Action.RESOLVED: "resolved",
    Action.DISMISSED: "dismissed",
    Action.REOPENED: "reopened",
}


def stops(since: datetime, until: datetime) -> list[datetime]:
    """Return at which instants to look for a picture, from the first to the last."""
    since = max(since, until - LONGEST)
    step = max((until - since) / _MOST_SAMPLES, _SHORTEST_STEP)
    count = int((until - since) / step)
    return [*(until - step * number for number in range(count, 0, -1)), until]


def ends(incident: Incident, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a picture of an incident goes: a thread is quick, a storm is not."""
    is_storm = any(alert.kind is not AlertKind.PILE_ON for alert in incident.alerts)
    before, after = (BEFORE, AFTER) if is_storm else (BEFORE_THREAD, AFTER_THREAD)
    began = min(incident.first_post_at or incident.opened_at, incident.opened_at)
    over = max(incident.last_alert_at, incident.closed_at or incident.opened_at)
    return began - before, min(over + after, now)


def incident_picture(
    incident: Incident,
    moments: Mapping[datetime, Explanation],
    samples: Sequence[Sample],
    threads: Sequence[Growth] = (),
) -> Picture:
    """Show what led to an incident, and what became of it; `threads` are its pile-ons."""
    spikes = [alert for alert in incident.alerts if alert.kind is AlertKind.SPIKE]
    explained = moments.get(spikes[0].started_at) if spikes else None
    is_storm = any(alert.kind is not AlertKind.PILE_ON for alert in incident.alerts)
    shown = _shown(samples, _minutes(explained)) if is_storm or not threads else []
    return _picture(f"{incident.brand}: {incident.id}", shown, threads, _moments_of(incident))


def moment_picture(
    explanation: Explanation,
    samples: Sequence[Sample],
    threads: Sequence[Growth],
    rang: Sequence[Incident],
) -> Picture:
    """Show what lay around a moment that somebody asks about, with the incidents that opened."""
    return _picture(
        f"{explanation.brand} around {explanation.at:%Y-%m-%d %H:%M} UTC",
        _shown(samples, _minutes(explanation)),
        threads,
        [
            _moment(explanation.at, "asked about", Colour.PURPLE),
            *(_moment(each.opened_at, f"{each.id} opened", Colour.RED) for each in rang),
        ],
    )


def _minutes(explanation: Explanation | None) -> int:
    """Return the length of the window that stood out most."""
    if explanation is None or explanation.spike is None or explanation.spike.looks.loudest is None:
        return _HOUR
    return explanation.spike.looks.loudest.minutes


def _shown(samples: Sequence[Sample], minutes: int) -> "list[tuple[Series, _Looks]]":
    return [(series, looks) for series in Series if (looks := _looks(samples, series, minutes))]


def _picture(
    title: str,
    shown: "list[tuple[Series, _Looks]]",
    threads: Sequence[Growth],
    moments: Sequence[Moment],
) -> Picture:
    grown = [growth for growth in threads if growth.outlooks]
    return Picture(
        title=title,
        summary=" ".join(
            [
                *(_told(series, looks) for series, looks in shown),
                *map(_told_growth, grown),
                *(f"{moment.name}." for moment in moments),
            ]
        ),
        panels=[*(_panel(series, looks) for series, looks in shown), *map(_growth, grown)],
        moments=moments,
    )


def _growth(growth: Growth) -> Panel:
    """Show how a thread grew, what was expected of it in the end, and from where it is huge."""
    seen = [(outlook.at.timestamp(), outlook) for outlook in growth.outlooks]
    return Panel(
        name=f"Reactions in the thread {growth.thread_id}",
        lines=(
            Line(name="seen", points=[(at, outlook.size) for at, outlook in seen]),
            Line(
                name="expected in the end",
                points=[(at, outlook.expected) for at, outlook in seen],
                colour=Colour.PURPLE,
                dash=Dash.DOTTED,
            ),
            Line(
                name="huge from here",
                points=[(at, outlook.huge) for at, outlook in seen],
                colour=Colour.RED,
                dash=Dash.DASHED,
            ),
        ),
    )


def _told(series: Series, looks: "_Looks") -> str:
    """Say in words what a panel shows."""
    at, most, _ = max(looks, key=_seen)
    when = datetime.fromtimestamp(at, UTC)
    needed = rings_from(most)
    rings = "" if needed is None else f"; it rings from {needed:.1f} on"
    return (
        f"{_name(series, most)}: at most {most.seen:.1f}, at {when:%H:%M} on {when:%d %B}, where "
        f"{most.expected:.1f} were expected{rings}."
    )


def _told_growth(growth: Growth) -> str:
    last = growth.outlooks[-1]
    return (
        f"The thread {growth.thread_id}: {last.size:,} reactions by {last.at:%H:%M} on "
        f"{last.at:%d %B}; {last.huge:,} are huge."
    )


def _seen(look: tuple[float, WindowLook, tuple[float, float]]) -> float:
    return look[1].seen


def _name(series: Series, look: WindowLook) -> str:
    return f"{_COUNTED[series]} in the {spelt(look.minutes)} before"


_Looks = list[tuple[float, WindowLook, tuple[float, float]]]


def _looks(samples: Sequence[Sample], series: Series, minutes: int) -> _Looks:
    """Return one series in its windows of this length, or of the next shorter there are."""
    lengths = {look.minutes for sample in samples for look in sample.windows
               if look.series is series and look.minutes <= minutes}  # fmt: skip
    longest = max(lengths, default=0)
    return [
        (sample.at.timestamp(), look, likely)
        for sample in samples
        for look, likely in zip(sample.windows, sample.likely, strict=True)
        if look.series is series and look.minutes == longest
    ]


def _panel(series: Series, looks: _Looks) -> Panel:
    return Panel(
        name=_name(series, looks[0][1]),
        lines=(
            Line(name="seen", points=tuple((at, look.seen) for at, look, _ in looks)),
            Line(
                name="expected",
                points=tuple((at, look.expected) for at, look, _ in looks),
                colour=Colour.GREEN,
                dash=Dash.DOTTED,
            ),
            Line(
                name="rings from here",
                points=tuple((at, rings_from(look)) for at, look, _ in looks),
                colour=Colour.RED,
                dash=Dash.DASHED,
            ),
        ),
        bands=(
            Band(
                name="four of five such windows",
                points=tuple((at, low, high) for at, _, (low, high) in looks),
            ),
        ),
        height=200 if series is Series.ANGER else 120,
    )


def _moments_of(incident: Incident) -> list[Moment]:
    """Return the first post, each alert that rang, and what people did."""
    moments = []
    if incident.first_post_at is not None:
        moments.append(_moment(incident.first_post_at, "first post"))
    moments += [
        _moment(alert.started_at, f"{alert.kind.replace('_', '-')} rang", Colour.RED)
        for alert in incident.alerts
    ]
    moments += [
        _moment(step.at, f"{step.who} {_DONE[step.action]}", Colour.TEAL)
        for step in incident.timeline
        if step.action in _DONE
    ]
    return moments


def _moment(at: datetime, name: str, colour: Colour = Colour.GREY) -> Moment:
    return Moment(across=at.timestamp(), name=f"{at:%H:%M} {name}", colour=colour)
