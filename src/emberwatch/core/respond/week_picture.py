"""What the picture of a brand's week shows: the anger hour by hour, and the incidents; pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from emberwatch.core.respond.week import Case, is_angry
from emberwatch.model.event import Unwatched
from emberwatch.model.mention import Voice
from emberwatch.picture import Colour, Line, Moment, Panel, Picture, Span

HOUR = timedelta(hours=1)


def week_picture(
    brand: str,
    voices: Iterable[Voice],
    cases: Sequence[Case],
    unwatched: Iterable[Unwatched],
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo,
) -> Picture:
    """Show a brand from `since` to `until`, by the clock on the wall of a zone.

    A person counts once an hour, with their greatest anger. Incidents bear their number among
    `cases`, from 1; times when nobody watched the brand are shaded.
    """
    # a second short of midnight: the day after is not named
    first, last = _wall(since, zone), _wall(until, zone) - timedelta(seconds=1)
    heat: dict[datetime, dict[str, float]] = {}
    for voice in voices:
        if voice.anger is not None and is_angry(voice):
            hour = heat.setdefault(_hour(_wall(voice.at, zone)), {})
            hour[voice.name] = max(hour.get(voice.name, 0.0), voice.anger)
    points = [
        (at.timestamp(), sum(heat[at].values()) if at in heat else 0.0)
        for at in _hours(first, last)
    ]
    points.append((last.timestamp(), points[-1][1] if points else 0.0))
    moments = [
        Moment(
            across=_wall(case.incident.opened_at, zone).timestamp(),
            name=str(number),
            colour=Colour.RED,
        )
        for number, case in enumerate(cases, 1)
        if case.incident.brand == brand
    ]
    loudest = max((weight for _, weight in points), default=0.0)
    return Picture(
        title=brand,
        summary=(
            f"The anger of each hour, at most {loudest:.3g}; incidents opened: {len(moments)}."
        ),
        panels=(
            Panel(
                name="Anger of an hour (each angry person once, 0 to 1)",
                lines=(
                    Line(name="angry people", points=points, colour=Colour.RED, is_stepped=True),
                ),
                high=1.0,
            ),
        ),
        moments=moments,
        spans=[
            Span(
                since=max(_wall(time.since, zone), first).timestamp(),
                until=min(_wall(time.at, zone), last).timestamp(),
                name="not watched",
            )
            for time in unwatched
            if time.brand == brand and time.since < until and time.at > max(since, time.since)
        ],
        since=first.timestamp(),
        until=last.timestamp(),
    )


def _wall(at: datetime, zone: tzinfo) -> datetime:
    """Return what the clock on the wall shows; an hour that comes twice in autumn is one here."""
    return at.astimezone(zone).replace(tzinfo=UTC, fold=0)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    at = _hour(first)
    while at < last:
        yield at
        at += HOUR
