"""Tries a configuration on the past: what would have rung, beside what people made of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from emberwatch.core.pipeline import Policy
from emberwatch.core.respond.track_record import NOTHING, TrackRecord, track_record, watched_for
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.event import Event, Mentioned, Reacted, Unwatched
from emberwatch.model.incident import Incident
from emberwatch.ports import Reading
from emberwatch.runtime.history import PastFeed, Reread, Rerun, events

TOLD_EVERY = 1000
"""Posts between two words about how far it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a configuration comes to on the past from `since` to `until` (None: there is none).

    `name` is what a person calls the configuration, `posts` how many posts were lived through.
    `records` holds every brand of the configuration, in its order. `surges` are the alerts of
    volume alone that people would not have been told of. `crashed` counts the events on which a
    rule crashed.
    """

    name: str
    posts: int
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
    name: str,
    reread: Reread | None = None,
    lived: Sequence[Incident] = (),
    since: datetime | None = None,
    on_posts: Callable[[int], None] | None = None,
) -> Backtest:
    """Live through all that is stored by the rules of a policy, and say what came of it.

    What came before `since` teaches the rules and is not told of. `lived` are the incidents that
    people saw. `on_posts` is told now and then how many posts were lived through.
    """
    rerun = Rerun(policy)
    began: dict[str, datetime] = {}
    posts, last = 0, ""

    def noted() -> Iterator[Event]:
        nonlocal posts, last
        for event in past(look, policy, feeds, reread):
            if isinstance(event, Unwatched):
                began.setdefault(event.brand, event.since)
            elif isinstance(event, Mentioned | Reacted):
                if isinstance(event, Mentioned):
                    began.setdefault(event.mention.brand, event.at)
                post = event.mention.post.id if isinstance(event, Mentioned) else event.post.id
                posts += post != last
                last = post
                if on_posts is not None and posts % TOLD_EVERY == 0:
                    on_posts(posts)
            yield event

    rerun.live(noted(), look.clock())
    until = rerun.clock
    first = min(began.values(), default=None)
    start = first if since is None or first is None else max(first, since)
    gaps = [time for time in look.unwatched() if time.since < time.at]
    begun = [Unwatched(brand=brand, since=at, at=at) for brand, at in began.items()]
    opened = [each for each in rerun.past.incidents() if start and each.opened_at >= start]
    return Backtest(
        name=name,
        posts=posts,
        since=start,
        until=until,
        records=tuple(
            track_record(
                brand.name,
                brand.false_alarms_per_month,
                watched_for(brand.name, [*begun, *gaps], start, until)
                if start and until
                else NOTHING,
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


def past(
    look: Reading, policy: Policy, feeds: Mapping[str, PastFeed], reread: Reread | None
) -> Iterator[Event]:
    """Yield what a backtest lives through: all that is stored, with people's corrections."""
    return events(look, feeds, brands=policy.brands, reread=reread, is_corrected=True)
