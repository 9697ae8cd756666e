"""Prints messages for people who watch a terminal."""

import asyncio
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from emberwatch.core.respond.legible import one_line
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.notification import Notification
from emberwatch.notifiers.message import read_message
from emberwatch.ports import Outbound, Receipt


class Stream(StrEnum):
    """Where messages are printed."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """Where to print; the log goes to stderr, so messages go to stdout unless told otherwise."""

    to: Stream = Stream.STDOUT


class Console:
    """A terminal, or whatever our output is piped into."""

    kind: ClassVar[str] = "console"
    Options: ClassVar[type[ConsoleOptions]] = ConsoleOptions
    per_minute: ClassVar[int | None] = None
    takes_digests: ClassVar[bool] = True
    shows_latest = False

    def __init__(self, options: ConsoleOptions, outbound: Outbound | None = None) -> None:
        self._options = options
        self._turn = asyncio.Lock()
        self._printing: Future[None] | None = None

    def describe(self) -> str:
        """Say where messages go."""
        return f"lines on {self._options.to}"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Print it and say so. Raises `DeliveryFailed` when the stream does not take it.

        A terminal that was halted (Ctrl-S) blocks whoever writes to it, for as long as it likes:
        never the event loop, and never the end of the program, which waits for no daemon thread.
        """
        async with self._turn:
            if self._printing is not None:  # one that was given up may still hang in its thread
                await asyncio.wait([asyncio.wrap_future(self._printing)])
            self._printing = Future()
            work = self._printing, shown(notification)
            threading.Thread(target=self._print, args=work, name="console", daemon=True).start()
            try:
                await asyncio.wrap_future(self._printing)
            except OSError as error:
                raise DeliveryFailed(f"{self._options.to}: {error.strerror or error}") from error
        return Receipt(answer="printed")

    def _print(self, printing: "Future[None]", text: str) -> None:
        if not printing.set_running_or_notify_cancel():
            return
        try:
            stream = sys.stdout if self._options.to is Stream.STDOUT else sys.stderr
            encoding = stream.encoding or "utf-8"
            stream.write(text.encode(encoding, errors="replace").decode(encoding))
            stream.flush()
        except (OSError, ValueError, AttributeError) as error:  # the last: no stream at all
            printing.set_exception(error)
        else:
            printing.set_result(None)


def shown(notification: Notification) -> str:
    """Return a notification as lines for a terminal that no post can break out of."""
    message = read_message(notification)
    head = f"[{message.severity}] {message.type} {message.incident_id} ({message.state})"
    lines = message.brief.splitlines()
    if notification.is_digest:
        lines = [f"{message.subject}: {message.reason}", *lines]
    return "\n".join([one_line(head, 600), *(f"  {line}" for line in lines), ""])
