"""Where the time of an incident went and what was promised, for people and as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from emberwatch.cli.present import clock, instant, span
from emberwatch.core.respond.clocks import Clocks, Lapse, Leg
from emberwatch.core.respond.promises import Level, Promise, Standing, standings
from emberwatch.model.incident import Incident

BOUNDS = {Leg.SOURCE: "at least", Leg.POLL: "at most"}
"""What cannot be known to the second: the site may have shown a post right after our last look."""

DONE = {
    Promise.ACKNOWLEDGE: "acknowledged",
    Promise.RESPOND: "answered",
    Promise.RESOLVE: "resolved",
}


def lasted(length: timedelta | None) -> str:
    """Return a length of time in its one or two greatest units; one below zero keeps its sign."""
    if length is None:
        return "-"
    return f"-{span(-length)}" if length < timedelta(0) else span(length)


def clock_lines(found: Clocks, levels: Iterable[Level], now: datetime) -> Iterator[str]:
    """Yield a line for each leg of the way, and for each promise."""
    for leg, lapse in found.legs.items():
        yield f"{leg}: {_in_words(leg, lapse)}"
    for level in levels:
        yield f"{DONE[level.promise]} by {clock(level.due_at)} UTC: {standing_of(level, now)}"


def _in_words(leg: Leg, lapse: Lapse) -> str:
    if lapse.length is None:
        return lapse.why
    beside = lapse.why or BOUNDS.get(leg, "")
    return f"{lasted(lapse.length)} ({beside})" if beside else lasted(lapse.length)


def standing_of(level: Level, now: datetime) -> str:
    """Say how a promise stands, and by how much."""
    if level.standing is Standing.VOID:
        return "not owed: it was no trouble"
    if level.standing is Standing.RUNNING:
        return f"{span(level.due_at - now)} left"
    if level.done_at is None:
        return f"OVERDUE for {span(now - level.due_at)}"
    if level.standing is Standing.MET:
        return f"met, {span(level.due_at - level.done_at)} before"
    return f"missed by {span(level.done_at - level.due_at)}"


def clocks_json(found: Clocks) -> dict[str, object]:
    """Return the times of an incident: seconds, and why there are none."""
    return {
        "legs": {leg: _lapse(lapse) for leg, lapse in found.legs.items()},
        "since_first_post": {
            station: _lapse(lapse) for station, lapse in found.since_first_post.items()
        },
    }


def _lapse(lapse: Lapse) -> dict[str, object]:
    length = lapse.length
    return {
        "seconds": None if length is None else length.total_seconds(),
        "why": lapse.why or None,
    }


def promises_json(levels: Sequence[Level]) -> list[dict[str, object]]:
    """Return how each promise stands."""
    return [
        {
            "promise": level.promise,
            "due_at": instant(level.due_at),
            "done_at": instant(level.done_at),
            "standing": level.standing,
        }
        for level in levels
    ]


def overdue(incidents: Iterable[Incident], now: datetime) -> list[tuple[Incident, Level]]:
    """Return what somebody waits for beyond the time that was promised, longest first."""
    found = [
        (incident, level)
        for incident in incidents
        for level in standings(incident, now)
        if level.is_overdue
    ]
    return sorted(found, key=lambda each: each[1].due_at)
