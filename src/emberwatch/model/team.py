"""Who answers, and when: teams, their people, their weeks."""

from dataclasses import dataclass
from datetime import time, timedelta
from itertools import pairwise

from emberwatch.model.alert import AlertKind

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY = 24 * 60
_WEEK = 7 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of every week in local time, from `start` of a `weekday` (0: Monday) to `end`.

    An `end` that is not behind `start` lies in the next day; midnight to midnight is a whole day.
    """

    weekday: int
    start: time
    end: time

    def __post_init__(self) -> None:
        if not 0 <= self.weekday < len(WEEKDAYS):
            raise ValueError(f"span on day {self.weekday}: a weekday is 0 (Monday) to 6 (Sunday)")
        if self.start == self.end != time():
            raise ValueError(f"span {self}: it ends when it begins")

    def __str__(self) -> str:
        end = "24:00" if self.end == time() else f"{self.end:%H:%M}"
        return f"{WEEKDAYS[self.weekday]} {self.start:%H:%M}-{end}"

    @property
    def begins(self) -> int:
        """The minute of the week, from Monday's midnight, at which it begins."""
        return self.weekday * _DAY + _minute(self.start)

    @property
    def minutes(self) -> int:
        """How long it is by the clock on the wall: 1 to 1440."""
        return (_minute(self.end) - _minute(self.start) - 1) % _DAY + 1

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share a minute of the week."""
        first, second = sorted((self, other), key=lambda span: span.begins)
        gap = second.begins - first.begins
        return gap < first.minutes or _WEEK - gap < second.minutes


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of a team: what they read (BCP 47 primary tags), and how they are told alone.

    `notifier` is empty where they are told through their team only.
    """

    name: str
    languages: tuple[str, ...] = ()
    notifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """Within what time, counted inside the business hours, each is promised; None: nothing is."""

    acknowledge: timedelta | None = None
    first_response: timedelta | None = None
    resolve: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of an escalation: whom to tell when nobody acknowledged within `after`.

    `after` counts from when the team was told. People are those of the team that escalates.
    """

    after: timedelta
    team: str = ""
    people: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who answers for a brand or a kind of trouble, when, in what languages, within what time.

    Spans are in `time_zone` (an IANA name). `hours` are those in which its service levels count
    (none: always), `on_call` those in which it is to be told (none: always), `quiet_hours` those
    in which only what is critical reaches it (none: never), save for kinds in `quiet_except`.
    It is told through `notify`, or where that is empty through its people's own notifiers; and
    again every `renotify` until somebody acknowledges. `fallback` are the notifiers that are told
    while neither it nor a team of its escalation is on call.
    """

    name: str
    people: tuple[Person, ...] = ()
    languages: tuple[str, ...] = ()
    time_zone: str = "UTC"
    hours: tuple[Span, ...] = ()
    on_call: tuple[Span, ...] = ()
    quiet_hours: tuple[Span, ...] = ()
    quiet_except: tuple[AlertKind, ...] = ()
    service_levels: ServiceLevels = ServiceLevels()
    notify: tuple[str, ...] = ()
    renotify: timedelta | None = None
    escalation: tuple[Link, ...] = ()
    fallback: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for earlier, later in pairwise(self.escalation):
            if later.after <= earlier.after:
                raise ValueError(f"team {self.name!r}: links of an escalation come one by one")

    @property
    def notifiers(self) -> tuple[str, ...]:
        """The notifiers through which it is told: its own, else those of its people."""
        return self.notify or tuple(each.notifier for each in self.people if each.notifier)

    def readers(self, languages: tuple[str, ...]) -> tuple[Person, ...]:
        """Return its people who read one of these languages, those who read most of them first."""
        reading = {person: len(set(person.languages) & set(languages)) for person in self.people}
        best = sorted(self.people, key=lambda person: -reading[person])
        return tuple(person for person in best if reading[person])
