"""The one thread that uses the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from emberwatch.ports import Reading, Store, Writing

T = TypeVar("T")


class Writer:
    """Runs everything that touches the store in one thread of its own, in the order asked."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def do(self, work: Callable[[], T]) -> T:
        """Run work that uses the store by itself."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def write(self, work: Callable[[Writing], T]) -> T:
        """Run work in a write transaction of its own."""

        def run() -> T:
            with self.store.writing() as transaction:
                return work(transaction)

        return await self.do(run)

    async def read(self, work: Callable[[Reading], T]) -> T:
        """Run work on a consistent look at the store."""

        def run() -> T:
            with self.store.reading() as look:
                return work(look)

        return await self.do(run)

    def close(self) -> None:
        """Finish what is being done, drop what waits behind it, let go of thread and file.

        A database that is locked makes each use wait for seconds: they must not add up.
        """
        self._thread.shutdown(wait=True, cancel_futures=True)
        self.store.close()
