"""Folds events into a detector as the pipeline would, and keeps what came of each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emberwatch.core.detect.detector import Detector
from emberwatch.model.alert import Alert
from emberwatch.model.event import Event, Tick


def as_it_is(state: Any) -> Any:
    """Pass a state on."""
    return state


@dataclass
class Folding:
    """States by key, and the alerts that each event gave.

    Before each event every key gets the ticks that it asked for. `between` is what happens to a
    state from one event to the next, such as a way through the store.
    """

    detector: Detector[Any]
    states: dict[str, Any] = field(default_factory=dict)
    between: Callable[[Any], Any] = as_it_is
    alerts: list[list[Alert]] = field(default_factory=list)

    def feed(self, events: Iterable[Event]) -> "Folding":
        """Fold events in their order."""
        for event in events:
            self.alerts.append([])
            self._wake(event.at)
            keys = self.states if isinstance(event, Tick) else self.detector.keys(event)
            for key in tuple(keys):
                self._fold(key, event)
        return self

    def wait(self, until: datetime) -> "Folding":
        """Let time pass: each key gets the ticks that it asks for before an instant."""
        self.alerts.append([])
        self._wake(until)
        return self

    def _wake(self, until: datetime) -> None:
        for key in tuple(self.states):
            before = None
            while (state := self.states.get(key)) is not None:
                wakes_at = self.detector.wakes_at(state)
                if wakes_at is None or wakes_at >= until:
                    break
                if before is not None and wakes_at <= before:
                    raise AssertionError(f"{key} asks for a tick at {wakes_at} again and again")
                before = wakes_at
                self._fold(key, Tick(at=wakes_at))

    def _fold(self, key: str, event: Event) -> None:
        after, alerts = self.detector.fold(key, self.states.get(key), event)
        self.alerts[-1] += alerts
        if after is None:
            self.states.pop(key, None)
        else:
            self.states[key] = self.between(after)

    def told(self) -> list[Alert]:
        """Return all alerts in their order."""
        return [alert for alerts in self.alerts for alert in alerts]

    def rang_at(self, kind: str) -> datetime | None:
        """Return when the first alert of a kind rang."""
        return min((a.started_at for a in self.told() if a.kind == kind), default=None)


def fold(
    detector: Detector[Any],
    events: Iterable[Event],
    states: Mapping[str, Any] | None = None,
    between: Callable[[Any], Any] = as_it_is,
) -> Folding:
    """Fold events, from these states on."""
    return Folding(detector, dict(states or {}), between).feed(events)
