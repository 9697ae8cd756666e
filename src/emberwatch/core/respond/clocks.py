"""Where the time went, from a customer's first post to the end of the trouble (advice A2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from emberwatch.model.incident import Incident, Status

NOTHING = timedelta(0)


class Station(StrEnum):
    """What an incident comes past, in this order; each is timed from the first post."""

    SEEN = "seen"
    DETECTED = "detected"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    RESPONDED = "responded"
    RESOLVED = "resolved"


class Leg(StrEnum):
    """Who had the time, from the first post to the first answer; the legs follow each other."""

    SOURCE = "source"
    """The site did not show the post yet: at least so long."""
    POLL = "poll"
    """The site may have shown it, and we had not looked: at most so long."""
    DETECTION = "detection"
    """We had seen it, and not yet enough to ring."""
    HELD = "held"
    """It rang, and nobody was to be told yet: quiet hours, a silence, or no route."""
    DELIVERY = "delivery"
    """Somebody was to be told, and no receiver had taken the message."""
    PEOPLE = "people"
    """People knew of it; it ends with the first answer, or with the resolution without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When the first message of an incident was owed, and when a receiver first took one."""

    owed_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """How long something took. None: it has not ended, or nobody can know; `why` says which.

    A negative length is a clock that goes wrong, or people who were there first: `why` says so.
    """

    length: timedelta | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """An incident's times: when it came past each station, and what each leg took of that."""

    since_first_post: Mapping[Station, Lapse]
    legs: Mapping[Leg, Lapse]


def clocks(incident: Incident, told: Told | None) -> Clocks:
    """Return an incident's times; `told` is None where no message of it was owed.

    What people do with an incident of a replay is not timed: they act by another clock.

    The clock of the answer stops when the incident is resolved, with an answer or without one;
    what customers write after that does not set it going again.
    """
    first = incident.first_post_at
    owed_at = told.owed_at if told else None
    delivered_at = told.delivered_at if told else None
    stations = {
        Station.SEEN: incident.first_seen_at,
        Station.DETECTED: incident.opened_at,
        Station.DELIVERED: delivered_at,
        Station.ACKNOWLEDGED: incident.acknowledged_at,
        Station.RESPONDED: incident.responded_at,
        Station.RESOLVED: resolved_at(incident),
    }
    if incident.is_replayed:
        stations |= dict.fromkeys(_NOT_YET)
    source, poll = _looks(incident)
    return Clocks(
        since_first_post={
            station: _since(first, at, _missing(incident, station), _AHEAD)
            for station, at in stations.items()
        },
        legs={
            Leg.SOURCE: source,
            Leg.POLL: poll,
            Leg.DETECTION: _since(
                incident.first_seen_at,
                incident.opened_at,
                _missing(incident, Station.SEEN),
                _PUT_BACK,
            ),
            Leg.HELD: _held(incident, told),
            Leg.DELIVERY: _since(
                owed_at or incident.opened_at,
                delivered_at,
                _missing(incident, Station.DELIVERED),
                _PUT_BACK,
            ),
            Leg.PEOPLE: _people(incident, delivered_at),
        },
    )


def resolved_at(incident: Incident) -> datetime | None:
    """Return when the trouble was resolved; None while it is not, or when it was none."""
    return incident.closed_at if incident.status is Status.RESOLVED else None


def answer_ended_at(incident: Incident) -> datetime | None:
    """Return when the clock of the answer stopped: at the first answer, else at the resolution."""
    return incident.responded_at or resolved_at(incident)


_AHEAD = "the clock of the site is ahead of ours"

_PUT_BACK = "our own clock was put back"

_NOT_YET = {
    Station.ACKNOWLEDGED: "nobody has acknowledged it yet",
    Station.RESPONDED: "nobody has answered yet",
    Station.RESOLVED: "it is not resolved yet",
}


def _missing(incident: Incident, station: Station) -> str:
    """Return why an instant is not there."""
    if station is Station.SEEN:
        return "the first post is not among the evidence"
    if station in _NOT_YET and incident.is_replayed:
        return "it is of a replay: people act by another clock than that of its file"
    if station is Station.DELIVERED:
        return "no receiver has taken a message of it"
    if incident.status is Status.DISMISSED:
        return "it was dismissed: it was no trouble"
    if station is Station.RESPONDED and incident.status is Status.RESOLVED:
        return "it was resolved without an answer"
    return _NOT_YET.get(station, "")


def _since(start: datetime | None, end: datetime | None, missing: str, negative: str) -> Lapse:
    if end is None:
        return Lapse(length=None, why=missing)
    if start is None:
        return Lapse(length=None, why="the time of the first post is not known")
    length = end - start
    return Lapse(length=length, why=negative if length < NOTHING else "")


def _looks(incident: Incident) -> tuple[Lapse, Lapse]:
    """Return what the site took, and what our not looking took, of the time until it was seen.

    They are parted at our last look that did not show it: the site may have shown it right after.
    """
    written, seen = incident.first_post_at, incident.first_seen_at
    unseen = incident.unseen_at
    if written is None or seen is None:
        why = _since(written, seen, _missing(incident, Station.SEEN), "").why
    elif seen < written:
        why = _AHEAD
    elif seen == written:
        why = "the post bears no time of its own, or comes from a file that tells no other"
    elif unseen is None:
        why = "nobody knows when its feed was read before"
    else:
        shown = min(max(written, unseen), seen)
        return Lapse(length=shown - written), Lapse(length=seen - shown)
    return Lapse(length=None, why=why), Lapse(length=None, why=why)


def _held(incident: Incident, told: Told | None) -> Lapse:
    """Return what was held back before a message was owed, once one has arrived.

    Until then the people's leg counts from when it rang, and the time is not to be told twice.
    """
    if told is None:
        return Lapse(length=None, why="nobody was to be told of it")
    arrived_of = told.owed_at if told.delivered_at else None
    missing = _missing(incident, Station.DELIVERED)
    return _since(incident.opened_at, arrived_of, missing, _PUT_BACK)


def _people(incident: Incident, delivered_at: datetime | None) -> Lapse:
    told_at = delivered_at or incident.opened_at
    ended_at = answer_ended_at(incident)
    if ended_at is None or incident.is_replayed:
        return Lapse(length=None, why=_missing(incident, Station.RESPONDED))
    length = ended_at - told_at
    if length < NOTHING:
        return Lapse(length=length, why="they answered before a message was delivered")
    whys = [] if delivered_at else ["nobody was told: counted from when it rang"]
    whys += [] if incident.responded_at else ["resolved without an answer"]
    return Lapse(length=length, why="; ".join(whys))
