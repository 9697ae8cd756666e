"""Servers that nobody here wrote, had by `scripts/servers`; else the test skips, saying why."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "scripts" / "servers"


HEAVY = ("bluesky",)
"""Servers that nobody waits for unless asked to: minutes and hundreds of megabytes at first."""


def fetched(name: str) -> Path:
    """Return where a server lies; skip, or fail where EMBERWATCH_REQUIRE names it."""
    return Path(_asked(name, "fetch", name))


def started(name: str, port: int, folder: Path) -> None:
    """Start a server with its data in a folder; skip or fail as `fetched` does."""
    _asked(name, "start", name, str(port), str(folder))


def killed(folder: Path) -> None:
    """End what was started in a folder, at once: nobody needs its data any more."""
    for file in folder.glob("*.pid"):
        # PostgreSQL leaves memory behind when it is killed; this ends it as fast
        is_postgres = file.stem == "tables"
        os.killpg(int(file.read_text()), signal.SIGQUIT if is_postgres else signal.SIGKILL)
        file.unlink()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _asked(name: str, *words: str) -> str:
    is_required = name in os.environ.get("EMBERWATCH_REQUIRE", "").split(",")
    if name in HEAVY and not is_required:
        pytest.skip(f"on demand: EMBERWATCH_REQUIRE={name} (docs/how-to/try-against-real-servers)")
    done = subprocess.run([SERVERS, *words], capture_output=True, text=True, timeout=900)
    if done.returncode == 0:
        return done.stdout.strip()
    why = done.stderr.strip() or f"{name} could not be had"
    if is_required:
        pytest.fail(why)
    pytest.skip(why)
