"""Listening to a site that goes on talking: the door to websockets.

The library only reads and writes the protocol; the connection is the guarded one that it is given.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Protocol

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

READ_AT_ONCE = 65_536
LARGEST_MESSAGE = 1_000_000

SILENT_FOR = timedelta(seconds=20)
"""After so long without a word the site is asked whether it is still there, and after as long again
it is taken for gone."""


class Line(Protocol):
    """An open connection."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Receive; nothing at the end."""
        ...

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send."""
        ...


class NotListenedTo(Exception):
    """A site would not talk, or not as it should; `status` is its answer, where it gave one."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


class Conversation:
    """One conversation over a line: greeted first, then heard message by message."""

    def __init__(
        self, line: Line, url: str, headers: Mapping[str, str], subprotocols: tuple[str, ...]
    ) -> None:
        self._line = line
        self._protocol = ClientProtocol(
            parse_uri(url),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            max_size=LARGEST_MESSAGE,
        )
        self._headers = headers
        self._parts: list[bytes] = []
        self._heard: list[bytes] = []
        self._is_asked = False

    async def greet(self) -> None:
        """Ask the site to talk; raise `NotListenedTo` when it will not."""
        request = self._protocol.connect()
        for name, value in self._headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        protocol = self._protocol
        # a site that refuses may keep the line open, and then nothing more comes
        while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
            await self._exchange()
        refusal = protocol.handshake_exc
        if isinstance(refusal, InvalidStatus):
            status = refusal.response.status_code
            raise NotListenedTo(_said(bytes(refusal.response.body or b"")), status)
        if refusal is not None:
            raise NotListenedTo("does not speak WebSocket as it should")

    async def messages(self) -> AsyncIterator[bytes]:
        """Yield what the site says until it stops; raise `NotListenedTo` when it says nonsense."""
        while True:
            heard, self._heard = self._heard, []
            for message in heard:
                yield message
            if self._protocol.state is State.CLOSED:
                return
            await self._exchange_soon()

    async def part(self) -> None:
        """Say good-bye, if the site has not; nobody waits for it to answer."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.GOING_AWAY)
            await self._send()

    async def _send(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                await self._line.write(data)

    async def _exchange_soon(self) -> None:
        """Exchange, unless nobody is there any more."""
        try:
            async with asyncio.timeout(SILENT_FOR.total_seconds()):
                await self._exchange()
        except TimeoutError:
            if self._is_asked:
                raise NotListenedTo("has fallen silent: it does not answer our ping") from None
            self._protocol.send_ping(b"")
            self._is_asked = True
        else:
            self._is_asked = False

    async def _exchange(self) -> None:
        await self._send()
        data = await self._line.read(READ_AT_ONCE)
        try:
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
        except WebSocketException as error:
            raise NotListenedTo("does not speak WebSocket as it should") from error
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (
                Opcode.TEXT, Opcode.BINARY, Opcode.CONT,
            ):  # fmt: skip
                self._parts.append(bytes(event.data))
                if event.fin:
                    self._heard.append(b"".join(self._parts))
                    self._parts = []


def _said(body: bytes) -> str:
    """Return the words of a refusal, if it has any that are meant for programs."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    name = told.get("error") if isinstance(told, dict) else None
    return name if isinstance(name, str) else ""
