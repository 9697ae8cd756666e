"""A watch that starts again knows at once whose answers belong to which thread."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from test_clock import Site, watching

from emberwatch.ports import Page, Poll, Root, Web
from tests.build import a_post


@dataclass
class Firehose(Site):
    """Says one post, and notes which threads it is told of."""

    kind: ClassVar[str] = "jsonl"
    host: ClassVar[str] = ""
    told: list[tuple[Root, ...]] = field(default_factory=list)

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        self.told.append(poll.roots)
        posts = () if poll.cursor else (a_post("1", text="Acme is awful", at=datetime.now(UTC)),)
        yield Page(posts=posts, cursor={"place": "1"}, listed=len(posts))


async def test_the_first_poll_after_a_start_is_told_of_the_threads(tmp_path: Path) -> None:
    # what is said meanwhile without naming the brand would be lost for ever
    for _ in range(2):
        site = Firehose()
        async with watching(tmp_path / "watch.db", site, timedelta(milliseconds=200)):
            async with asyncio.timeout(60):
                while len(site.told) < 2:
                    await asyncio.sleep(0.02)
    assert [root.native_id for root in site.told[0]] == ["1"]
