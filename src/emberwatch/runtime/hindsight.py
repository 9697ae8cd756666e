"""What the rules remembered of a brand at instants of the past; see `history`."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from emberwatch.core.detect.explain import LONGEST, Remembered
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.pipeline import Policy
from emberwatch.model.event import Event, Mentioned, Reacted
from emberwatch.ports import Reading
from emberwatch.runtime.history import PastFeed, Rerun, events

TOLD_EVERY = 500
"""Posts between two words of how far one has come."""


def look_back(
    look: Reading,
    policy: Policy,
    feeds: Mapping[str, PastFeed],
    brand: str,
    stops: Iterable[datetime],
    on_posts: Callable[[int], None] | None = None,
) -> Iterator[Remembered]:
    """Live through the stored past by these rules and yield each stop (rising).

    Each is good until the next one is asked for. `on_posts` is told now and then how many posts
    were lived through.
    """
    recent: deque[Mentioned | Reacted] = deque()
    rerun = Rerun(policy)
    for at in rerun.walk(_noted(events(look, feeds), recent, on_posts), stops):
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


def _noted(
    past: Iterable[Event],
    recent: deque[Mentioned | Reacted],
    on_posts: Callable[[int], None] | None,
) -> Iterator[Event]:
    """Pass events on, and keep the posts of the last twelve hours."""
    posts = 0
    for event in past:
        yield event
        if isinstance(event, Mentioned | Reacted):
            posts += 1
            if on_posts is not None and posts % TOLD_EVERY == 0:
                on_posts(posts)
            recent.append(event)
            while recent[0].at <= event.at - LONGEST:
                recent.popleft()
