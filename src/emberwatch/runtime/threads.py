"""Threads of bare times through the live decisions: when each would have rung."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.thread_state import PileOnSettings, Thread
from emberwatch.model.brand import Brand
from emberwatch.model.event import Mentioned, Reacted, Tick
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Post, PostKind, post_key

FURTHEST = 2.0e11
"""Seconds from 1970 beyond which no calendar of ours goes."""

SWEPT_FROM = 1_000
"""Threads from which on those that fell silent are forgotten, whenever there are twice as many."""

_BRAND = "judged"
_SOURCE = "threads"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY = Author(handle="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One reaction in a thread, `t` seconds after its root; `root_time` in epoch seconds."""

    cascade: str
    t: float
    root_time: float = 0.0

    def __post_init__(self) -> None:
        if not self.cascade:
            raise ValueError("a reaction needs the name of its cascade")
        if not (isfinite(self.t) and self.t >= 0.0):
            raise ValueError(f"cascade {self.cascade!r}: t must be 0 or more, got {self.t}")
        if not (isfinite(self.root_time) and abs(self.root_time) + self.t < FURTHEST):
            raise ValueError(
                f"cascade {self.cascade!r}: root_time must be seconds since 1970,"
                f" got {self.root_time} (and t {self.t})"
            )


def judge_threads(
    rows: Iterable[Reaction], target: int = 300, base_rate: float = 0.44
) -> Iterator[tuple[str, float]]:
    """Yield each cascade that rings, with the `t` of the reaction at which it first did.

    Every row goes through the same fold as a live thread's reactions do, for a brand to which
    `target` reactions are huge; `base_rate` is the share of these cascades that come to it. Rows
    stand in order of `root_time + t`, or at least in order of `t` within each cascade. Raises
    `ValueError` for a target below 2 or a base rate outside (0, 1).
    """
    if not 0.0 < base_rate < 1.0:
        raise ValueError(f"a base rate lies between 0 and 1, got {base_rate}")
    brand = Brand(name=_BRAND, words=(_BRAND,), pile_on_floor=target)
    detector = PileOn({_BRAND: brand}, PileOnSettings.among_alike(base_rate, target))
    threads: dict[str, Thread | None] = {}
    rung: set[str] = set()
    most = SWEPT_FROM
    for number, row in enumerate(rows):
        if row.cascade in rung:
            continue
        began_at = _EPOCH + timedelta(seconds=row.root_time)
        at = began_at + timedelta(seconds=row.t)
        key = post_key(_SOURCE, "", row.cascade)
        thread = _woken(detector, threads.get(row.cascade), at)
        if thread is None:
            root = Mentioned(at=began_at, mention=_root(row.cascade, began_at))
            thread, _ = detector.fold(key, None, root)
        post = _post(f"{row.cascade}/{number}", PostKind.BOOST, at, thread_id=key)
        thread, alerts = detector.fold(key, thread, Reacted(at=at, post=post, feed=_SOURCE))
        if alerts:
            rung.add(row.cascade)
            threads.pop(row.cascade, None)
            yield row.cascade, row.t
        else:
            threads[row.cascade] = thread
        if len(threads) > most:
            woken = {name: _woken(detector, each, at) for name, each in threads.items()}
            threads = {name: each for name, each in woken.items() if each is not None}
            most = max(2 * len(threads), SWEPT_FROM)


def _woken(detector: PileOn, thread: Thread | None, at: datetime) -> Thread | None:
    """Return the thread as the ticks since its last reaction left it."""
    while thread is not None:
        wakes_at = detector.wakes_at(thread)
        if wakes_at is None or wakes_at >= at:
            return thread
        thread, _ = detector.fold("", thread, Tick(at=wakes_at))
    return None


def _root(cascade: str, at: datetime) -> Mention:
    """Return the root; its mood is not known, so it cannot be taken for applause."""
    return Mention(
        brand=_BRAND,
        post=_post(cascade, PostKind.POST, at),
        score=Score(scorer="none"),
        matched=_BRAND,
        feed=_SOURCE,
        fingerprint="",
    )


def _post(native_id: str, kind: PostKind, at: datetime, thread_id: str = "") -> Post:
    return Post(
        source=_SOURCE,
        kind=kind,
        native_id=native_id,
        author=_NOBODY,
        text="",
        created_at=at,
        seen_at=at,
        thread_id=thread_id,
    )
