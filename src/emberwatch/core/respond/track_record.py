"""How well a watch did: what rang beside what people made of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from emberwatch.model.event import Unwatched
from emberwatch.model.incident import Incident, Status

MONTH = timedelta(days=30.44)
NOTHING = timedelta(0)


class Label(StrEnum):
    """What people made of a trouble."""

    REAL = "real"
    """Somebody took it, answered it or resolved it."""
    FALSE = "false"
    """Somebody dismissed it: it was no trouble."""
    UNKNOWN = "unknown"
    """Nobody ever said anything about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """An incident that opens by the rules that are tried.

    `lived` is the incident of the same trouble that people saw, None where they saw none. `lead`
    is how long before they first acted it opens; negative: after.
    """

    incident: Incident
    label: Label = Label.UNKNOWN
    lived: Incident | None = None
    lead: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How the rules did for one brand, watched for so long.

    `asked` are the false alarms a month that its people bear. `missed` are troubles that people
    worked on and that do not ring, `spared` those that they dismissed and that do not ring.
    """

    brand: str
    asked: float
    watched: timedelta
    rung: tuple[Rung, ...] = ()
    missed: tuple[Incident, ...] = ()
    spared: tuple[Incident, ...] = ()

    def count(self, label: Label) -> int:
        """Return how many of what rang bear a label."""
        return sum(each.label is label for each in self.rung)

    @property
    def observed(self) -> tuple[float, float] | None:
        """False alarms a month: those that people called so, and those together with the unknown.

        None where less than a day was watched: nobody can say.
        """
        if self.watched < timedelta(days=1):
            return None
        months = self.watched / MONTH
        false = self.count(Label.FALSE)
        return false / months, (false + self.count(Label.UNKNOWN)) / months

    @property
    def lead(self) -> timedelta | None:
        """The median of how long before people acted it rings, over all that they acted on."""
        leads = [each.lead.total_seconds() for each in self.rung if each.lead is not None]
        return timedelta(seconds=median(leads)) if leads else None


def track_record(
    brand: str,
    asked: float,
    watched: timedelta,
    incidents: Iterable[Incident],
    lived: Sequence[Incident],
) -> TrackRecord:
    """Pair the incidents that the rules open with those that people saw, all of one brand.

    Two are of one trouble when their times overlap, each from its first post to its last alert.
    """
    rung = tuple(_paired(incident, lived) for incident in incidents)
    found = {
        each.id for opened in rung for each in lived if are_of_one_trouble(opened.incident, each)
    }
    lost = [each for each in lived if each.id not in found]
    return TrackRecord(
        brand=brand,
        asked=asked,
        watched=watched,
        rung=rung,
        missed=tuple(each for each in lost if label_of(each) is Label.REAL),
        spared=tuple(each for each in lost if label_of(each) is Label.FALSE),
    )


def watched_for(
    brand: str, times: Iterable[Unwatched], since: datetime, until: datetime
) -> timedelta:
    """Return how long a brand was watched between two instants.

    `times` are those when brands were not; the earliest of a brand's tells when its watch began.
    """
    mine = [time for time in times if time.brand == brand]
    since = max(since, min((time.since for time in mine), default=until))
    missing = (min(time.at, until) - max(time.since, since) for time in mine if time.at > since)
    lost = sum((length for length in missing if length > NOTHING), NOTHING)
    return max(NOTHING, until - since - lost)


def label_of(incident: Incident) -> Label:
    """Return what people made of an incident, by what they did with it."""
    if incident.status is Status.DISMISSED:
        return Label.FALSE
    is_real = acted_at(incident) is not None or incident.status is Status.RESOLVED
    return Label.REAL if is_real else Label.UNKNOWN


def acted_at(incident: Incident) -> datetime | None:
    """Return when people first did something about it."""
    moments = [at for at in (incident.acknowledged_at, incident.responded_at) if at is not None]
    return min(moments, default=None)


def are_of_one_trouble(one: Incident, other: Incident) -> bool:
    """Whether two incidents of a brand, told by different rules or people, are the same storm."""
    return _began(one) <= other.last_alert_at and _began(other) <= one.last_alert_at


def _began(incident: Incident) -> datetime:
    return min(incident.first_post_at or incident.opened_at, incident.opened_at)


_CERTAINTY = (Label.REAL, Label.FALSE, Label.UNKNOWN)
"""A storm that people split is real when one part of it was."""


def _paired(incident: Incident, lived: Iterable[Incident]) -> Rung:
    same = [each for each in lived if are_of_one_trouble(incident, each)]
    if not same:
        return Rung(incident=incident)
    best = min(same, key=lambda each: (_CERTAINTY.index(label_of(each)), each.opened_at))
    label = label_of(best)
    acted = acted_at(best) if label is Label.REAL else None
    return Rung(
        incident=incident,
        label=label,
        lived=best,
        lead=None if acted is None else acted - incident.opened_at,
    )
