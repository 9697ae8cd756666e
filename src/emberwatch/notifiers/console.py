"""Prints messages for people who watch a terminal."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from emberwatch.core.respond.legible import legible, one_line
from emberwatch.model.notification import Notification
from emberwatch.ports import Outbound


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

    def __init__(self, options: ConsoleOptions, outbound: Outbound | None = None) -> None:
        self._options = options
        # A terminal that was halted (Ctrl-S) blocks whoever writes to it: never the event loop.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="console")

    def describe(self) -> str:
        """Say where messages go."""
        return f"lines on {self._options.to}"

    async def deliver(self, notification: Notification, at: datetime) -> str:
        """Print it and say so."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._print, shown(notification))
        return "printed"

    def _print(self, text: str) -> None:
        stream = sys.stdout if self._options.to is Stream.STDOUT else sys.stderr
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, errors="replace").decode(encoding))
        stream.flush()


def shown(notification: Notification) -> str:
    """Return a notification as lines for a terminal that no post can break out of."""
    payload: dict[str, Any] = json.loads(notification.payload)
    incident = payload["incident"]
    head = f"[{incident['severity']}] {notification.type} {incident['id']}"
    state = f"{incident['status']}, {incident['fire']}, {', '.join(incident['kinds'])}"
    lines = legible(payload["brief"]["text"]).splitlines()
    return "\n".join([one_line(f"{head} ({state})", 300), *(f"  {line}" for line in lines), ""])
