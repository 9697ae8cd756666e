"""How long following costs the watch beside its requests: a census of the database, and a turn.

python -m tests.benchmark.follower_speed [--posts 200000] [--threads 1000]
"""

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from emberwatch.model.post import Counters
from emberwatch.ports import Count, Ledger, Reading, Root
from emberwatch.runtime.follower import MOST_FOLLOWED, Follower
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import a_mention, a_post

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
READINGS = 60
"""How often the counters of each thread were read."""


def fill(store: SqliteStore, posts: int, threads: int) -> None:
    """Write so many posts of two days, of which some are roots that gathered reactions."""
    every = timedelta(days=2) / posts
    for start in range(0, posts, 500):
        made, mentions = [], []
        for number in range(start, min(start + 500, posts)):
            at = NOW - timedelta(days=2) + every * number
            if number % max(posts // threads, 1) == 0:
                mention = a_mention(str(number), at=at, counters=Counters(replies=1))
                mentions.append(mention)
                made.append(mention.post)
            else:
                root = str(number - number % max(posts // threads, 1))
                made.append(a_post(str(number), at=at, thread=root, parent=root, text="same"))
        with store.writing() as tx:
            tx.record(Ledger(feed="town", posts=tuple(made), mentions=tuple(mentions)))
    for reading in range(READINGS):
        at = NOW - timedelta(minutes=READINGS - reading)
        counts = tuple(
            (at, Count(
                thread_id=f"jsonl::{number}",
                counters=Counters(replies=reading),
                root_created_at=at,
            ))
            for number in range(0, posts, max(posts // threads, 1))
        )  # fmt: skip
        with store.writing() as tx:
            tx.record(Ledger(counts=counts))


def timed(work: Callable[[], object], times: int) -> float:
    """Return the milliseconds of CPU that work takes on average."""
    began = process_time()
    for _ in range(times):
        work()
    return (process_time() - began) / times * 1000


def main() -> None:
    """Print what a census at the start, a later one, and a turn cost."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--posts", type=int, default=200_000)
    asked.add_argument("--threads", type=int, default=1_000)
    args = asked.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(Path(folder) / "watch.db")) as store,
    ):
        fill(store, args.posts, args.threads)

        def census(moved: timedelta) -> tuple[Root, ...]:
            with store.reading() as look:
                return look.roots(NOW - timedelta(hours=48), NOW - moved, MOST_FOLLOWED)

        async def read(look: Callable[[Reading], tuple[Root, ...]]) -> tuple[Root, ...]:
            with store.reading() as reading:
                return look(reading)

        follower = Follower(
            collectors=dict,
            web=lambda _: None,
            read=read,
            clock=lambda: NOW,  # type: ignore
        )
        print(f"{args.posts:,} posts of two days, {args.threads:,} threads, each read")
        print(f"{READINGS} times; milliseconds of CPU")
        print(f"  census at the start  {timed(lambda: census(timedelta(hours=48)), 3):8.1f}")
        print(f"  when all have moved  {timed(lambda: census(timedelta(minutes=2)), 20):8.1f}")
        print(f"  when none has        {timed(lambda: census(timedelta(seconds=35)), 20):8.1f}")
        asyncio.run(follower.turn())
        print(f"  a turn               {timed(lambda: asyncio.run(follower.turn()), 20):8.1f}")


if __name__ == "__main__":
    main()
