"""A receiver on loopback that keeps what it got and answers byte for byte as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.integration.loopback import pass_time

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Message:
    """One request: its path, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What arrived, and where to send more."""

    port: int = 0
    got: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [message.headers["webhook-id"] for message in self.got]


def saying(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Answer each request with this."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    return reply


def in_turn(*replies: Reply) -> Reply:
    """Answer with each of these once, with the last for ever."""
    waiting = list(replies)

    async def reply(writer: asyncio.StreamWriter) -> None:
        await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(writer)

    return reply


async def hanging(_: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def given_up(_: asyncio.StreamWriter) -> None:
    """Never answer, and let the time that a receiver has be over."""
    pass_time(seconds=16)  # of fifteen
    await asyncio.Event().wait()


async def resetting(writer: asyncio.StreamWriter) -> None:
    """Tear the connection down without an answer."""
    writer.transport.abort()


async def cut_after_the_status(writer: asyncio.StreamWriter) -> None:
    """Begin an answer and die in the middle of its headers."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
    await writer.drain()
    writer.transport.abort()


async def endless(writer: asyncio.StreamWriter) -> None:
    """Answer 200 with a body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def trickling(writer: asyncio.StreamWriter) -> None:
    """Answer 200 with a body that comes byte by byte, one a second, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)
        pass_time(seconds=1)


@asynccontextmanager
async def receiving(reply: Reply) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port until the end of the block."""
    receiver = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            receiver.got.append(Message(head[0].split(" ")[1], headers, body))
            await reply(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(converse, "127.0.0.1", 0)
    receiver.port = listening.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
