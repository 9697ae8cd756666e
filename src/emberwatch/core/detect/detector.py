"""The shape that every detector shares: a keyed fold."""

from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from emberwatch.model.alert import Alert
from emberwatch.model.event import Event

S = TypeVar("S")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Detector(Protocol[S]):
    """Turns events into alerts, one small state per key.

    A state is a frozen, slotted dataclass of plain values, tuples, datetimes, enums and other such
    dataclasses (the store writes it by its type hints). `fold` is pure and time-ordered: `event.at`
    never falls for one key by more than the lateness that the detector itself allows for.
    Feeding events one by one or in batches, or stopping, storing and resuming in between, gives
    the same states and alerts.
    """

    @property
    def name(self) -> str:
        """What its states are stored under, such as `spike`."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever a stored state of before would not be understood."""
        ...

    @property
    def state_type(self) -> type[S]:
        """The class of its states."""
        ...

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the keys that an event concerns (never asked of a `Tick`)."""
        ...

    def fold(self, key: str, state: S | None, event: Event) -> tuple[S | None, tuple[Alert, ...]]:
        """Return the state after the event (None: forget the key) and the alerts that it gave.

        An alert is given when it rings, when it has changed enough to be told again, and when it
        ends; always with the same id.
        """
        ...

    def wakes_at(self, state: S) -> datetime | None:
        """Return the next whole minute at which time alone may change something.

        Only from then on is the key given a `Tick`; None: only events matter.
        """
        ...


def whole_minute(at: datetime) -> datetime:
    """Return the first whole minute not before an instant: when a tick may come for it."""
    if at.second == at.microsecond == 0:
        return at
    return at + (_EPOCH - at) % _MINUTE
