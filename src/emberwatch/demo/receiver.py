"""A receiver of webhooks as a team might write one: it verifies, answers 204 and keeps the rest."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emberwatch.notifiers.signature import verifies

LONGEST_BODY = 100_000
LONGEST_HEAD = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message, as it came."""

    payload: dict[str, Any]
    size: int
    is_verified: bool


class Receiver:
    """Listens on a port of this machine that the system chooses."""

    def __init__(
        self,
        key: bytes,
        *,
        clock: Callable[[], datetime],
        on_message: Callable[[Received], None],
    ) -> None:
        self._key = key
        self._clock = clock
        self._on_message = on_message
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Receiver":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        sockets = self._server.sockets if self._server is not None else ()
        return f"http://127.0.0.1:{sockets[0].getsockname()[1]}/emberwatch" if sockets else ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in head[1:] if ":" in line)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            size = min(int(headers.get("content-length", "0")), LONGEST_BODY)
            body = await reader.readexactly(size)
            is_verified = verifies(self._key, headers, body, self._clock())
            payload = json.loads(body)
            # before the answer: whoever waits for it may look at once at what was received
            self._on_message(Received(payload=payload, size=size, is_verified=is_verified))
            answer = "204 No Content" if is_verified else "401 Unauthorized"
            writer.write(f"HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
        finally:
            writer.close()
