"""Tries a configuration on the past: what would have rung, beside what people made of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from emberwatch.core.pipeline import Policy
from emberwatch.core.respond.track_record import TrackRecord, track_record
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.event import Event, Unwatched
from emberwatch.model.incident import Incident
from emberwatch.ports import Reading
from emberwatch.runtime.history import PastFeed, Reread, Rerun, events

TOLD_EVERY = 1000
"""Events between two words about how far it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a configuration comes to on the past from `since` to `until` (None: there is none).

    `records` holds every brand of the configuration, in its order. `surges` are the alerts of
    volume alone that people would not have been told of. `crashed` counts the events on which a
    rule crashed.
    """

    since: datetime | None
    until: datetime | None
    records: tuple[TrackRecord, ...]
    surges: tuple[Alert, ...] = ()
    crashed: int = 0


def backtest(
    look: Reading,
    policy: Policy,
    feeds: Mapping[str, PastFeed],
    *,
    reread: Reread | None = None,
    is_corrected: bool = True,
    lived: Sequence[Incident] = (),
    since: datetime | None = None,
    on_events: Callable[[int], None] | None = None,
) -> Backtest:
    """Live through all that is stored by the rules of a policy, and say what came of it.

    What came before `since` teaches the rules and is not told of. `lived` are the incidents that
    people saw. `on_events` is told now and then how many events were lived through.
    """
    rerun = Rerun(policy)
    began: dict[str, datetime] = {}
    past = events(look, feeds, brands=policy.brands, reread=reread, is_corrected=is_corrected)
    rerun.live(_noted(past, began, on_events), look.clock())
    until = rerun.clock
    first = min(began.values(), default=None)
    start = first if since is None or first is None else max(first, since)
    gaps = [time for time in look.unwatched() if time.since < time.at]
    opened = [each for each in rerun.past.incidents() if start and each.opened_at >= start]
    return Backtest(
        since=start,
        until=until,
        records=tuple(
            track_record(
                brand.name,
                brand.false_alarms_per_month,
                _watched(brand.name, began.get(brand.name), start, until, gaps),
                [each for each in opened if each.brand == brand.name],
                [
                    each
                    for each in lived
                    if each.brand == brand.name and start and each.opened_at >= start
                ],
            )
            for brand in policy.brands.values()
        ),
        surges=tuple(
            alert
            for alert in rerun.past.alerts()
            if alert.kind is AlertKind.SURGE and start and alert.started_at >= start
        ),
        crashed=len(rerun.crashed),
    )


def _noted(
    past: Iterator[Event], began: dict[str, datetime], on_events: Callable[[int], None] | None
) -> Iterator[Event]:
    """Pass events on, and note when the watch of each brand began."""
    for number, event in enumerate(past):
        if isinstance(event, Unwatched):
            began.setdefault(event.brand, event.at)
        yield event
        if on_events is not None and number % TOLD_EVERY == 0:
            on_events(number)


def _watched(
    brand: str,
    began: datetime | None,
    start: datetime | None,
    until: datetime | None,
    gaps: Sequence[Unwatched],
) -> timedelta:
    """Return how long a brand was watched, without the times when it was not."""
    if began is None or start is None or until is None:
        return timedelta(0)
    since = max(began, start)
    missing = (
        min(gap.at, until) - max(gap.since, since)
        for gap in gaps
        if gap.brand == brand and gap.at > since and gap.since < until
    )
    return max(timedelta(0), until - since - sum(missing, timedelta(0)))
