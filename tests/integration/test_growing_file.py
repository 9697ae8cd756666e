"""A file of posts is followed as it grows, is cut and is replaced; a pipe until it ends."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.ports import Answer, Page, Poll, Request
from emberwatch.sources.jsonl import LONGEST_LINE, MOST_LINES, MOST_PAGES, Jsonl, JsonlOptions

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class NoWeb:
    async def get(self, request: Request) -> Answer:
        raise AssertionError("a file is not on the network")


def lines(*ids: int | str) -> str:
    return "".join(json.dumps({"id": id, "text": f"acme {id}"}) + "\n" for id in ids)


async def read(source: Jsonl, cursor: Mapping[str, str] | None = None) -> list[Page]:
    poll = Poll(feed="file", now=NOON, every=timedelta(seconds=30), cursor=cursor or {})
    return [page async for page in source.read(NoWeb(), poll)]


def ids(pages: list[Page]) -> list[str]:
    return [post.native_id for page in pages for post in page.posts]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "posts.jsonl"


@pytest.fixture
def source(path: Path) -> Jsonl:
    return Jsonl(JsonlOptions(path=path))


async def test_only_what_was_added_is_read(source: Jsonl, path: Path) -> None:
    path.write_text(lines(1, 2))
    first = await read(source)
    with path.open("a") as file:
        file.write(lines(3))
    second = await read(source, first[-1].cursor)
    assert (ids(first), ids(second)) == (["1", "2"], ["3"])
    assert second[0].posts[0].seen_at == NOON


@pytest.mark.parametrize("added", ["no JSON\n", "\n"])
async def test_lines_without_a_post_are_no_sign_of_blindness(
    source: Jsonl, path: Path, added: str
) -> None:
    path.write_text(lines(1, 2))
    first = await read(source)
    with path.open("a") as file:
        file.write(added)
    (page,) = await read(source, first[-1].cursor)
    assert page.listed or page.is_unchanged


async def test_a_file_that_did_not_grow_is_unchanged_and_not_blind(
    source: Jsonl, path: Path
) -> None:
    path.write_text(lines(1))
    first = await read(source)
    (second,) = await read(source, first[-1].cursor)
    assert second.is_unchanged
    assert second.cursor == first[-1].cursor


async def test_half_a_line_waits_for_its_end(source: Jsonl, path: Path) -> None:
    whole = lines(1, 2)
    path.write_text(whole[:-8])
    first = await read(source)
    path.write_text(whole)
    second = await read(source, first[-1].cursor)
    assert (ids(first), ids(second)) == (["1"], ["2"])


async def test_a_file_that_was_cut_is_read_from_its_beginning(source: Jsonl, path: Path) -> None:
    path.write_text(lines(1, 2, 3))
    first = await read(source)
    path.write_text(lines(4))
    assert ids(await read(source, first[-1].cursor)) == ["4"]


async def test_a_file_that_lost_its_end_is_read_from_its_beginning(
    source: Jsonl, path: Path
) -> None:
    path.write_text(lines(*range(100)))
    first = await read(source)
    path.write_text(lines(*range(50)))
    assert len(ids(await read(source, first[-1].cursor))) == 50


async def test_a_file_that_was_replaced_is_read_from_its_beginning(
    source: Jsonl, path: Path
) -> None:
    path.write_text(lines(1))
    first = await read(source)
    path.rename(path.with_suffix(".1"))
    path.write_text(lines(5, 6, 7))
    assert ids(await read(source, first[-1].cursor)) == ["5", "6", "7"]


async def test_another_file_under_the_same_inode_is_told_by_its_beginning(
    source: Jsonl, path: Path
) -> None:
    path.write_text(lines(1, 2))
    first = await read(source)
    inode = path.stat().st_ino
    path.write_text(lines(5, 6, 7))
    assert path.stat().st_ino == inode
    assert ids(await read(source, first[-1].cursor)) == ["5", "6", "7"]


@pytest.mark.parametrize("count", [MOST_LINES - 1, MOST_LINES, MOST_LINES + 1, 1700])
async def test_a_long_file_comes_in_pages_each_safe_to_commit_alone(
    source: Jsonl, path: Path, count: int
) -> None:
    path.write_text(lines(*range(count)))
    pages = await read(source)
    assert ids(pages) == [str(id) for id in range(count)]
    assert len(pages) == -(-count // MOST_LINES)
    assert all(page.listed == len(page.posts) <= MOST_LINES for page in pages)
    rest = await read(source, pages[0].cursor)
    assert ids(rest) == [str(id) for id in range(min(count, MOST_LINES), count)]


async def test_a_very_long_file_is_left_to_the_next_poll(source: Jsonl, path: Path) -> None:
    count = MOST_LINES * MOST_PAGES + 10
    path.write_text("".join(f'{{"id":{id},"text":""}}\n' for id in range(count)))
    first = await read(source)
    second = await read(source, first[-1].cursor)
    assert len(ids(first)) == MOST_LINES * MOST_PAGES
    assert len(ids(second)) == 10


async def test_bad_lines_are_named_and_the_others_read(source: Jsonl, path: Path) -> None:
    path.write_text(lines(1) + "nonsense\n\n" + lines(2))
    (page,) = await read(source)
    assert ids([page]) == ["1", "2"]
    assert len(page.invalid) == 1
    assert "nonsense" in page.invalid[0]


async def test_an_endless_line_is_dropped_and_the_next_one_read(source: Jsonl, path: Path) -> None:
    path.write_text('{"text": "' + "x" * (LONGEST_LINE + 10) + '"}\n' + lines(2))
    pages = await read(source)
    assert ids(pages) == ["2"]


async def test_a_damaged_cursor_reads_from_the_beginning(source: Jsonl, path: Path) -> None:
    path.write_text(lines(1))
    assert ids(await read(source, {"offset": "x", "head": "y"})) == ["1"]


async def test_a_file_that_is_not_there_yet_is_waited_for(source: Jsonl, path: Path) -> None:
    with pytest.raises(FeedUnavailable, match="does not exist"):
        await read(source)
    path.write_text(lines(1))
    assert ids(await read(source)) == ["1"]


async def test_a_folder_or_a_pipe_is_no_file_to_follow(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        with pytest.raises(FeedRefused, match="not a regular file"):
            await read(Jsonl(JsonlOptions(path=tmp_path / name)))


async def test_a_file_that_may_not_be_read_is_refused(source: Jsonl, path: Path) -> None:
    path.write_text(lines(1))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(FeedRefused, match="cannot be read"):
        await read(source)


async def test_a_path_that_no_system_takes_is_refused() -> None:
    with pytest.raises(FeedRefused, match="cannot be read"):
        await read(Jsonl(JsonlOptions(path=Path("x" * 5000))))


# ---------------------------------------------------------------- standard input
@dataclass
class Pipe:
    """Two ends of a pipe; the writing one is a file, which may be closed twice."""

    out: int
    into: BinaryIO

    def write_and_close(self, text: str) -> None:
        with self.into:
            self.into.write(text.encode())

    def source(self) -> Jsonl:
        return Jsonl(JsonlOptions(path=Path("-")), stdin=lambda: self.out)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    out, into = os.pipe()
    with os.fdopen(into, "wb") as file:
        yield Pipe(out, file)
    os.close(out)


async def test_what_was_piped_in_is_read_to_its_end(pipe: Pipe) -> None:
    text = lines(*range(1200)).rstrip("\n")
    pages, _ = await asyncio.gather(
        read(pipe.source()), asyncio.to_thread(pipe.write_and_close, text)
    )
    assert ids(pages) == [str(id) for id in range(1200)]
    assert all(len(page.posts) <= MOST_LINES for page in pages)


async def test_a_pipe_is_not_waited_for(pipe: Pipe) -> None:
    source = pipe.source()
    (quiet,) = await read(source)
    assert quiet.is_unchanged
    assert quiet.cursor
    pipe.into.write(lines(1).encode() + b'{"id": 2, ')
    pipe.into.flush()
    first = await read(source, quiet.cursor)
    pipe.into.write(b'"text": "x"}\n')
    pipe.into.flush()
    second = await read(source, first[-1].cursor)
    assert (ids(first), ids(second)) == (["1"], ["2"])


async def test_a_pipe_that_ended_is_no_quiet_feed(pipe: Pipe) -> None:
    source = pipe.source()
    pipe.write_and_close(lines(1))
    assert ids(await read(source)) == ["1"]
    with pytest.raises(FeedUnavailable, match="has ended"):
        await read(source)


async def test_an_endless_line_in_a_pipe_is_dropped(pipe: Pipe) -> None:
    text = "x" * (LONGEST_LINE + 100_000) + "\n" + lines(2)
    pages, _ = await asyncio.gather(
        read(pipe.source()), asyncio.to_thread(pipe.write_and_close, text)
    )
    assert ids(pages) == ["2"]


async def test_a_closed_standard_input_is_refused() -> None:
    def closed() -> Any:
        raise ValueError("I/O operation on closed file")

    with pytest.raises(FeedRefused, match="standard input cannot be read"):
        await read(Jsonl(JsonlOptions(path=Path("-")), stdin=closed))


def test_a_feed_says_what_it_follows(source: Jsonl, path: Path) -> None:
    assert str(path) in source.describe()
    assert "standard input" in Jsonl(JsonlOptions(path=Path("-"))).describe()


def test_a_path_is_needed() -> None:
    assert JsonlOptions(path=Path()).problems()
    assert not JsonlOptions(path=Path("-")).problems()
