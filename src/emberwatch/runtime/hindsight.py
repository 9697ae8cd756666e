"""What the rules remembered of a brand at instants of the past; see `history`."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from emberwatch.core.detect.explain import LONGEST, Remembered
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.pipeline import Policy
from emberwatch.model.event import Event, Mentioned, Reacted
from emberwatch.ports import Reading
from emberwatch.runtime.history import PastFeed, Rerun, events


def look_back(
    look: Reading,
    policy: Policy,
    feeds: Mapping[str, PastFeed],
    brand: str,
    stops: Iterable[datetime],
) -> Iterator[Remembered]:
    """Live through the stored past by these rules and yield each stop (rising).

    Each is good until the next one is asked for.
    """
    recent: deque[Mentioned | Reacted] = deque()
    rerun = Rerun(policy)
    for at in rerun.walk(_noted(events(look, feeds), recent), stops):
        yield Remembered(
            at=at,
            spike=rerun.states.get((Spike.name, brand)),
            threads={
                key: thread
                for (name, key), thread in rerun.states.items()
                if name == PileOn.name and any(stake.brand == brand for stake in thread.stakes)
            },
            recent=recent,
        )


def _noted(past: Iterable[Event], recent: deque[Mentioned | Reacted]) -> Iterator[Event]:
    """Pass events on, and keep the posts of the last twelve hours."""
    for event in past:
        yield event
        if isinstance(event, Mentioned | Reacted):
            recent.append(event)
            while recent[0].at <= event.at - LONGEST:
                recent.popleft()
