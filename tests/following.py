"""Follows one brand through a spike detector, as the pipeline would."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.event import Event, Mentioned, Tick, Unwatched
from emberwatch.model.mention import Mention
from tests.build import NOON, a_brand, a_mention


class Following:
    """A state and all the alerts so far. Posts are by strangers in threads of their own."""

    def __init__(self, spike: Spike | None = None, at: datetime = NOON) -> None:
        self.spike = spike or Spike({"Acme": a_brand()})
        self.state: SpikeState | None = None
        self.alerts: list[Alert] = []
        self.posts = 0
        self.feed(Unwatched(at=at, brand="Acme", since=at))

    def feed(self, event: Event) -> None:
        """Fold an event, with every tick that was asked for before it."""
        while self.state is not None:
            wakes_at = self.spike.wakes_at(self.state)
            if wakes_at is None or wakes_at >= event.at:
                break
            self._fold(Tick(at=wakes_at))
        self._fold(event)

    def _fold(self, event: Event) -> None:
        self.state, alerts = self.spike.fold("Acme", self.state, event)
        self.alerts += alerts

    def hear(self, mention: Mention, at: datetime, *, is_history: bool = False) -> None:
        """Take in a mention at our time."""
        self.feed(Mentioned(at=at, mention=mention, is_history=is_history))

    def post(self, at: datetime, anger: float | None = 0.0, **facts: object) -> None:
        """Take in a post written and seen at the same time."""
        self.posts += 1
        native = str(self.posts)
        facts.setdefault("author", f"author {native}")
        self.hear(a_mention(native, anger=anger, at=at, **facts), at)

    def live(self, until: datetime, every: float, angry: int = 5, anger: float = 0.7) -> None:
        """Live an ordinary life: a post each so many minutes, each `angry`-th of them angry."""
        at = self.now
        while (at := at + timedelta(minutes=every)) < until:
            self.post(at, anger if angry and self.posts % angry == 0 else 0.0)

    @property
    def now(self) -> datetime:
        """The minute that the state stands in."""
        assert self.state is not None
        return datetime.fromtimestamp(60 * self.state.minute, NOON.tzinfo)

    def rung(self, kind: AlertKind = AlertKind.SPIKE, since: datetime = NOON) -> list[Alert]:
        """Return the first alert of each id that rang since."""
        first = {alert.id: alert for alert in reversed(self.alerts)}
        return sorted(
            (a for a in first.values() if a.kind is kind and a.started_at >= since),
            key=lambda alert: alert.started_at,
        )


def rings(alerts: Iterable[Alert], kind: AlertKind = AlertKind.SPIKE) -> int:
    """Return how many different alerts of a kind there are."""
    return len({alert.id for alert in alerts if alert.kind is kind})
