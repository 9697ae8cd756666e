"""A thousand feeds, each polled every minute by one daemon: are they read on time, at what cost?

Every feed is a host of its own on loopback, served by another process, which notes when it was
asked. A feed has twenty entries and gains one every ten minutes, on average; asked in vain, it
answers 304. One of them sends a byte every half second, for ever.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil

from tests.e2e.real_servers import free_port

EVERY = 60.0
ON_TIME = 1.1 * EVERY + 1.0
"""Seconds after the poll before: the schedule may come a tenth late, and so may not."""

SETTLED = 75.0
"""Seconds from the start on that do not count: the first polls read everything."""

ENTRIES = 20
GAINS = 600.0
"""Seconds between new entries of a feed."""

SLOW = 17
"""The feed that sends a byte every half second."""

CONFIG = """
database: watch.db
network: {{allow: [127.0.0.0/8]}}
brands:
  - {{name: Acme, words: [acme], languages: [en]}}
  - {{name: Borealis, words: [borealis], languages: [en]}}
  - {{name: Cumulus, words: [cumulus], languages: [en]}}
feeds:
{feeds}
"""


def host(number: int) -> str:
    """Return the address of a feed."""
    above, below = divmod(number, 250)
    return f"127.1.{above}.{below + 1}"


# ---------------------------------------------------------------- the sites
@dataclass
class Sites:
    """Serves all feeds, and notes when each was asked (seconds since 1970)."""

    began: float = field(default_factory=time.time)
    asked: dict[int, list[float]] = field(default_factory=dict)

    async def serve(self, port: int, feeds: int, notes: Path) -> None:
        """Serve until told to end, then write the notes down."""
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        for number in range(feeds):
            self.asked[number] = []
            await asyncio.start_server(
                lambda reader, writer, number=number: self._talk(number, reader, writer),
                host(number),
                port,
            )
        print("serving", flush=True)
        await ended.wait()
        notes.write_text(json.dumps(self.asked))

    async def _talk(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked[number].append(time.time())
                if number == SLOW:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                    while True:
                        writer.write(b"<")
                        await writer.drain()
                        await asyncio.sleep(0.5)
                newest = self._newest(number)
                tag = f'"{number}-{newest}"'
                if f"if-none-match: {tag}".encode() in head.lower():
                    writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode())
                else:
                    body = self._feed(number, newest)
                    writer.write(
                        f"HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Type: application/rss+xml\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n".encode()
                        + body
                    )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _newest(self, number: int) -> int:
        """Return how many entries the feed has gained; they come evenly over all feeds."""
        return int((time.time() - self.began) / GAINS + (number * 0.618) % 1)

    def _feed(self, number: int, newest: int) -> bytes:
        items = []
        for entry in range(newest, newest - ENTRIES, -1):
            at = datetime.fromtimestamp(self.began + (entry - 1) * GAINS, UTC)
            brand = ("Acme", "Borealis", "Cumulus", "the weather", "a garden")[(number + entry) % 5]
            text = f"What {brand} did to the people of town {number}, part {entry}. " * 8
            items.append(
                f"<item><guid>http://{host(number)}/{entry}</guid><title>{brand}, {entry}</title>"
                f"<link>http://{host(number)}/{entry}</link>"
                f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
                f"<description><![CDATA[<p>{text}</p>]]></description></item>"
            )
        head = f"<rss version='2.0'><channel><title>Town {number}</title>"
        return f"{head}{''.join(items)}</channel></rss>".encode()


# ---------------------------------------------------------------- the watch
@dataclass(frozen=True)
class Cost:
    """CPU seconds used and memory held (bytes) by a process and its children, until `at`."""

    at: float
    cpu: float
    memory: int

    @staticmethod
    def of(process: psutil.Process) -> "Cost":
        family = [process, *process.children(recursive=True)]
        times = [each.cpu_times() for each in family]
        return Cost(
            at=time.time(),
            cpu=sum(each.user + each.system for each in times),
            memory=sum(each.memory_info().rss for each in family),
        )


def run(feeds: int, minutes: float) -> None:
    """Let a daemon read so many feeds for so long, and print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        notes = folder / "asked.json"
        words = [sys.executable, "-m", "tests.benchmark.many_feeds", "serve"]
        sites = subprocess.Popen(
            [*words, str(port), str(feeds), str(notes)], stdout=subprocess.PIPE, text=True
        )
        assert sites.stdout is not None
        assert sites.stdout.readline() == "serving\n"
        lines = [
            f"  - {{name: town {number}, source: rss, every: {EVERY:.0f}s, "
            f'options: {{url: "http://{host(number)}:{port}/feed"}}}}'
            for number in range(feeds)
        ]
        (folder / "config.yaml").write_text(CONFIG.format(feeds="\n".join(lines)))
        began = time.time()
        watch = subprocess.Popen(
            [Path(sys.executable).parent / "emberwatch", "run"],
            cwd=folder,
            stdout=(folder / "run.log").open("w"),
            stderr=subprocess.STDOUT,
        )
        process = psutil.Process(watch.pid)
        time.sleep(SETTLED)
        first = Cost.of(process)
        loads = []
        while time.time() < began + SETTLED + minutes * 60:
            time.sleep(15)
            loads.append(os.getloadavg()[0])
        last = Cost.of(process)
        watch.terminate()
        watch.wait(30)
        sites.terminate()
        sites.wait(30)
        asked = {int(number): times for number, times in json.loads(notes.read_text()).items()}
        print_figures(asked, first, last)
        print(f"load {median(loads):.1f} (of others as well), {minutes:g} minutes")


def print_figures(asked: dict[int, list[float]], first: Cost, last: Cost) -> None:
    """Print how many polls came on time, and what a minute of them cost."""
    gaps: list[float] = []
    missed = 0
    for number, times in asked.items():
        if number == SLOW:
            continue
        later = [at for at in times if first.at < at <= last.at]
        before = [at for at in times if at <= first.at][-1:]
        gaps += [after - before for before, after in pairwise([*before, *later])]
        since = last.at - max([*before, *later], default=first.at)
        missed += since > ON_TIME
    missed += sum(round(gap / EVERY) - 1 for gap in gaps if gap > ON_TIME)
    on_time = sum(gap <= ON_TIME for gap in gaps)
    print(f"{len(asked)} feeds: {len(gaps)} polls, and {missed} that did not come")
    print(f"on time (at most {ON_TIME:.0f} s after the one before): ", end="")
    print(f"{on_time / (len(gaps) + missed):.2%} of those that were due")
    print(f"longest between two: {max(gaps):.1f} s; median {median(gaps):.1f} s")
    minutes = (last.at - first.at) / 60
    print(f"CPU: {(last.cpu - first.cpu) / minutes:.1f} s a minute")
    print(f"memory: {first.memory / 1e6:.0f} MB at first, {last.memory / 1e6:.0f} MB at last")
    slow = [at for at in asked.get(SLOW, []) if first.at < at <= last.at]
    print(f"the slow feed was asked {len(slow)} times")


def main(words: list[str]) -> None:
    """Run the benchmark: how many feeds, for how many minutes."""
    if words[:1] == ["serve"]:
        asyncio.run(Sites().serve(int(words[1]), int(words[2]), Path(words[3])))
        return
    feeds, minutes = (words + ["1000", "5"][len(words) :])[:2]
    run(int(feeds), float(minutes))


if __name__ == "__main__":
    main(sys.argv[1:])
