"""Damaged answers without end for one kind of source, led by the code that they reach.

Needs atheris; `scripts/fuzz` installs it. A crash, or a post that the answer does not hold, ends
the run and leaves the answer that did it in a file.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["emberwatch.sources", "emberwatch.model", "feedparser"]):
    import feedparser  # noqa: F401  its code shall lead the way as well

    from emberwatch.sources import feed_worker
    from emberwatch.sources.rss import Rss, RssOptions
    from tests.contract.test_sources import KINDS, sources
    from tests.parsing import made_up, read

LARGEST = 20_000
"""Bytes of a recording that is damaged again and again."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1e308, -1e-9, 10**30, 2**63, "", " ", "0", "-1", "\x00", "\ud800",
    "&#0;", "1e999", "NaN", "2026-11-22", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00Z",
    "a" * 5000, [], {}, [[]], [None], {"": None}, "at://did:plc:x/app.bsky.feed.post/1", "https://[",
)  # fmt: skip

_MARKUP = re.compile(r"(<[^>]*>)")


class InThisProcess(feed_worker.FeedWorkers):
    """Takes feeds apart here, where the fuzzer sees which code they reach."""

    def submit(
        self, body: bytes, content_type: str = "", name: str = ""
    ) -> "Future[feed_worker.ParsedFeed]":
        done: Future[feed_worker.ParsedFeed] = Future()
        replies = _Replies()
        feed_worker._serve(body, content_type, replies)
        try:
            done.set_result(feed_worker._decoded(bytes(replies.said)[4:]))
        except Exception as error:
            done.set_exception(error)
        return done


class _Replies:
    """Where the worker's reply goes: a size of four bytes, then JSON."""

    def __init__(self) -> None:
        self.said = bytearray()

    def write(self, data: bytes) -> None:
        self.said += data

    def flush(self) -> None:
        """Nothing is held back."""


def seeds(kind: str, answers: list[bytes]) -> list[bytes]:
    """Return what sites once answered, where the reference material is at hand, and our own."""
    shared = Path(os.environ.get("EMBERWATCH_SHARED", "../shared")) / "data" / "recordings"
    folder = shared / ("feeds" if kind == "rss" else kind)
    recorded = [path.read_bytes() for path in sorted(folder.glob("*/body.*"))]
    return answers + [body for body in recorded if len(body) <= LARGEST]


# ---------------------------------------------------------------- damage
def damage(data: bytes, largest: int, seed: int) -> bytes:
    """Damage one value of JSON, one piece of markup, or bytes."""
    chance = Random(seed)
    if chance.random() < 0.15:
        return bytes(atheris.Mutate(data, largest))
    for within in (_json, _lines, _pieces):
        damaged = within(data, chance)
        if damaged is not None and len(damaged) <= largest:
            return damaged
    return bytes(atheris.Mutate(data, largest))


def _json(data: bytes, chance: Random) -> bytes | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    ways = _ways(value)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        value = _changed(value, chance.choice(ways), chance, value)
        ways = _ways(value)
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _lines(data: bytes, chance: Random) -> bytes | None:
    lines = data.splitlines()
    if len(lines) < 2 or not lines[0].startswith(b"{"):
        return None
    number = chance.randrange(len(lines))
    line = _json(lines[number], chance)
    return None if line is None else b"\n".join([*lines[:number], line, *lines[number + 1 :]])


def _pieces(data: bytes, chance: Random) -> bytes | None:
    pieces = _MARKUP.split(data.decode("utf-8", "surrogateescape"))
    if len(pieces) < 3:
        return None
    place, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
    match chance.randrange(5):
        case 0:
            del pieces[place]
        case 1:
            pieces.insert(place, pieces[other])
        case 2:
            pieces[place], pieces[other] = pieces[other], pieces[place]
        case 3:
            pieces[place] = str(chance.choice(ODD))
        case _:
            del pieces[min(place, other) : max(place, other)]
    return "".join(pieces).encode("utf-8", "surrogatepass")


def _ways(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [way]
    if isinstance(value, dict | list) and len(way) < 40:
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inner:
            found += _ways(part, (*way, key))
    return found


def _changed(value: Any, way: tuple[Any, ...], chance: Random, whole: Any) -> Any:
    if not way:
        return _other(value, chance, whole)
    copy = value.copy()
    key, *rest = way
    if not rest and chance.random() < 0.2:
        del copy[key]
    elif not rest and isinstance(copy, list) and chance.random() < 0.3:
        copy.insert(key, copy[key])
    else:
        copy[key] = _changed(value[key], tuple(rest), chance, whole)
    return copy


def _other(value: Any, chance: Random, whole: Any) -> Any:
    match chance.randrange(5):
        case 0:
            return {"a": value}
        case 1:
            return [value]
        case 2:
            return str(value)
        case 3:
            for key in chance.choice(_ways(whole)):
                whole = whole[key]
            return whole
        case _:
            return chance.choice(ODD)


# ---------------------------------------------------------------- the run
def main(kind: str, how_long: str) -> None:
    """Fuzz one kind of source for so many seconds, or look at the one answer of a file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, answers = sources(folder)[kind]
        if kind == "rss":
            source = Rss(RssOptions(url="https://town.test/feed"), InThisProcess())

        def look(body: bytes) -> None:
            posts = read(source, body)
            for post in posts:
                f"{post.id}{post.text}{post.title}{post.author.handle}{post.url}".encode()
            invented = made_up(posts, body)
            if invented:
                raise AssertionError(f"a post was made up: {invented[0]!r}")

        if not how_long.isdecimal():
            look(Path(how_long).read_bytes())
            return
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, body in enumerate(seeds(kind, [answer.body for answer in answers])):
            (corpus / str(number)).write_bytes(body)
        start(look, str(corpus), int(how_long))


def start(look: Callable[[bytes], None], corpus: str, seconds: int) -> None:
    """Hand over to the fuzzer, which ends the process itself."""
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={seconds}",
            f"-max_len={2 * LARGEST}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-artifact_prefix=./fuzz-",
            corpus,
        ],
        look,
        custom_mutator=damage,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] not in KINDS:
        sys.exit(f"there are {', '.join(KINDS)}; got {sys.argv[1]!r}")
    main(sys.argv[1], (sys.argv[2:] or ["300"])[0])
