"""CPU time of the sources: events of the firehose a second, and posts of recordings parsed."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Poll, Request, Source
from emberwatch.sources.bluesky import Bluesky, BlueskyOptions
from emberwatch.sources.mastodon import Mastodon, MastodonOptions
from emberwatch.sources.reddit import Reddit, RedditOptions

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVENTS = 20_000
TURNS = 5

RECORDED = {
    "mastodon/pagination_page1": Mastodon(MastodonOptions(url="https://x.test", hashtag="a")),
    "reddit/search_all": Reddit(
        RedditOptions(client_id=Secret(""), client_secret=Secret(""), account="a", query="a")
    ),
    "bluesky/jetstream_v1_live_capture": Bluesky(BlueskyOptions(query="a")),
}


@dataclass
class Talking:
    """A firehose that says the same lines again and again."""

    lines: list[bytes]

    async def get(self, request: Request) -> Answer:
        raise AssertionError("nothing is fetched")

    @asynccontextmanager
    async def listen(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        async def messages() -> AsyncIterator[bytes]:
            for number in range(EVENTS):
                yield self.lines[number % len(self.lines)]

        yield messages()


def cpu(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of a few turns."""
    took = []
    for _ in range(TURNS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return median(took)


def listen(lines: list[bytes]) -> int:
    """Hear the firehose once for three words, and return how many posts were wanted."""
    options = BlueskyOptions(firehose="https://x.test/subscribe", words=("acme", "globex", "who"))
    poll = Poll(feed="sky", now=NOW, every=timedelta(minutes=1))

    async def run() -> int:
        pages = Bluesky(options).read(Talking(lines), poll)
        return sum([len(page.posts) async for page in pages])

    return asyncio.run(run())


def main() -> None:
    """Print the figures and the load of the machine."""
    shared = Path(os.environ.get("EMBERWATCH_SHARED", "../shared")) / "data" / "recordings"
    live = shared / "bluesky" / "jetstream_v1_live_capture" / "body.jsonl"
    wanted = (b'"app.bsky.feed.post","rkey"', b'"app.bsky.feed.repost","rkey"')
    lines = [each for each in live.read_bytes().splitlines() if any(w in each for w in wanted)]
    seconds = cpu(lambda: listen(lines))
    print(f"firehose: {EVENTS / seconds:,.0f} events a second of CPU")
    for case, source in RECORDED.items():
        print(f"{case}: {parsed(shared / case, source)}")
    print(f"load {os.getloadavg()[0]:.1f}")


def parsed(case: Path, source: Source) -> str:
    """Return how long one recorded answer takes to parse."""
    meta = json.loads((case / "meta.json").read_text())
    body = (case / meta["body_file"]).read_bytes()
    answer = Answer(status=200, headers={}, body=body, url="", received_at=NOW)
    count = len(source.parse(answer).posts)
    seconds = cpu(lambda: source.parse(answer))
    return f"{count} posts, {len(body) / 1000:,.0f} kB: {seconds * 1000:.1f} ms CPU"


if __name__ == "__main__":
    main()
