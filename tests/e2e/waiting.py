"""Waiting for a condition of another process, never for a length of time."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_for(condition: Callable[[], object], within: float, log: Path | None = None) -> None:
    """Wait until something is so; fail, with the end of the log, when it is not in time."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            said = log.read_text()[-3000:] if log is not None else ""
            raise AssertionError(f"nothing came within {within} s\n{said}")
        time.sleep(0.02)
