"""Whatever a live watch meets, its stored past brings the same events again."""

from dataclasses import dataclass, replace
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given, settings

from emberwatch.core.pipeline import Policy
from emberwatch.model.post import Counters, Post, PostKind
from emberwatch.ports import Count, Store
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.history import PastFeed, Rerun, events
from emberwatch.runtime.processor import Processor
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.memory import MemoryStore
from tests.build import NOON, a_post
from tests.integration.test_processor import BRANDS, Diary, Ear, Pages

FEEDS = {"town": PastFeed(recounts=True), "village": PastFeed(recounts=True)}
GAP = 900
"""Seconds after which a watch that had no minute in between stood still."""
POLICY = Policy(brands=BRANDS, detectors=(Diary(),))


@dataclass(frozen=True)
class Piece:
    """One post of a page: its kind, how long ago it was written, which thread it stands in."""

    kind: str
    minutes_old: int
    thread: int
    counter: int | None

    def post(self, number: int, seen_at: object) -> Post:
        thread = None if self.thread == 0 else f"t{self.thread}"
        is_root = thread is None and self.kind == "post"
        return a_post(
            f"p{number}",
            text="so it goes" if self.kind == "chat" else "Acme is awful",
            at=seen_at - timedelta(minutes=self.minutes_old),
            seen_at=seen_at,
            kind=PostKind.BOOST if self.kind == "boost" else PostKind.POST,
            thread=thread or ("t9" if self.kind != "post" else None),
            counters=Counters(replies=self.counter) if is_root else Counters(),
        )


@dataclass(frozen=True)
class Batch:
    """What one poll brings, so many seconds after the one before."""

    after: int
    feed: str
    pieces: tuple[Piece, ...]
    recounted: int | None
    is_first: bool


PIECES = st.builds(
    Piece,
    kind=st.sampled_from(("post", "post", "chat", "boost")),
    minutes_old=st.sampled_from((0, 0, 3, 119, 121, 5000)),
    thread=st.sampled_from((0, 0, 1, 2)),
    counter=st.sampled_from((None, 0, 7)),
)
BATCHES = st.lists(
    st.builds(
        Batch,
        after=st.sampled_from((1, 29, 61, 400, 899, 901, 5000)),
        feed=st.sampled_from(tuple(FEEDS)),
        pieces=st.lists(PIECES, max_size=4).map(tuple),
        recounted=st.sampled_from((None, None, 30, 31)),
        is_first=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def lived(store: Store, batches: list[Batch]) -> tuple[str, ...]:
    """Let a live watch meet the batches; return what the diary noted."""
    processor = Processor(
        policy=POLICY,
        store=store,
        scorer=Ear(),
        encode=encode_state,
        decode=decode_state,
        is_live=True,
    )
    now, number, roots, read = NOON + timedelta(milliseconds=300), 0, [], set()
    for batch in batches:
        until = now + timedelta(seconds=batch.after)
        while batch.after < GAP and (now := now + timedelta(seconds=59.9)) < until:
            processor.process(Arrivals(at=now))
        now = until
        posts = []
        for piece in batch.pieces:
            number += 1
            posts.append(piece.post(number, now - timedelta(milliseconds=200)))
        roots += [post for post in posts if post.is_root]
        counts = (
            Count(
                thread_id=roots[0].key,
                counters=Counters(replies=batch.recounted),
                root_created_at=roots[0].created_at,
            ),
        )
        is_first = batch.is_first and batch.feed not in read
        read.add(batch.feed)
        processor.process(
            Arrivals(
                at=now,
                feed=batch.feed,
                source="jsonl",
                posts=posts,
                counts=counts if roots and batch.recounted and not is_first else (),
                is_first=is_first,
            )
        )
    with store.reading() as look:
        (row,) = look.states() or (None,)
    return decode_state(row.body, Pages).lines


@given(batches=BATCHES, cuts=st.sets(st.integers(0, 9000), max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_stored_past_brings_the_same_events_wherever_one_stops(
    batches: list[Batch], cuts: set[int]
) -> None:
    batches = [replace(batches[0], pieces=(Piece("post", 0, 0, None),)), *batches[1:]]
    store = MemoryStore()
    noted = lived(store, batches)
    rerun = Rerun(POLICY)
    with store.reading() as look:
        end = look.clock()
        stops = sorted({min(NOON + timedelta(seconds=cut), end) for cut in cuts} | {end})
        assert list(rerun.walk(events(look, FEEDS), stops)) == stops
    assert rerun.states.get(("diary", "all")).lines == noted
    assert rerun.clock == end
