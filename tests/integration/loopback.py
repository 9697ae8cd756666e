"""Servers on loopback that answer byte for byte as a test wants, and networks to reach them."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from emberwatch.http import Limits, Network

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SHORT = timedelta(seconds=0.4)
"""A deadline for those who are to miss it; all others get `PATIENT`, for busy machines."""
HASTY = Limits(total=SHORT, outbound_total=SHORT)
PATIENT = Limits()

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[bool | None]]
"""Answers one request, given its head; a return of False closes the connection."""


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Return an answer's bytes; header names are written with underscores."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def saying(*answers: bytes) -> Talk:
    """Say these answers in turn, the last one for ever."""
    waiting = list(answers)

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return talk


async def read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return await reader.readexactly(int(length[1])) if length else b""


@dataclass
class Server:
    """What a server saw: the head and body of each request, and how many connections."""

    host: str
    port: int = 0
    scheme: str = "http"
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/feed", host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


@asynccontextmanager
async def serving(
    talk: Talk, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Run a server on a free port until the end of the block."""
    server = Server(host, scheme="https" if tls else "http")
    tasks: set[asyncio.Task[Any]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        try:
            while head := await read_head(reader):
                server.heads.append(head.decode())
                server.bodies.append(await read_body(reader, head))
                if await talk(head, writer) is False:
                    break
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(converse, host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def pass_time(**length: float) -> None:
    """Let so much time be over for the running loop: deadlines within it are met now."""
    loop, seconds = asyncio.get_running_loop(), timedelta(**length).total_seconds()
    told = loop.time
    loop.time = lambda: told() + seconds


@dataclass
class Clock:
    """A clock that a test moves by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Naps:
    """Sleeps not at all, and remembers for how long it should have."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def a_network(
    *,
    allow: str = "127.0.0.1/32",
    clock: Callable[[], datetime] | None = None,
    limits: Limits | None = None,
    **rest: Any,
) -> Network:
    """Return a network that may reach 127.0.0.1 alone."""
    return Network(
        allow=[ip_network(text) for text in allow.split()],
        user_agent="emberwatch/test (+https://example.org/contact)",
        limits=limits or PATIENT,
        clock=clock or Clock(),
        chance=lambda: 0.5,
        sleep=rest.pop("sleep", Naps()),
        **rest,
    )
