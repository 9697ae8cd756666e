"""The installed program as a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.receiver import SECRET

EMBERWATCH = Path(sys.executable).parent / "emberwatch"


def emberwatch(
    folder: Path, *words: str, expect: int | None = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in a folder."""
    done = subprocess.run(
        [EMBERWATCH, *words],
        cwd=folder,
        env={**os.environ, "EMBER_SECRET": SECRET, **env},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert expect is None or done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done


class Running:
    """`emberwatch run` in a folder, its log in `run.log` there."""

    def __init__(self, folder: Path, *words: str, **env: str) -> None:
        self.log = folder / "run.log"
        self._out = self.log.open("a")
        self.process = subprocess.Popen(
            [EMBERWATCH, "run", *words],
            cwd=folder,
            env={**os.environ, "EMBER_SECRET": SECRET, **env},
            stdout=self._out,
            stderr=self._out,
        )

    @property
    def said(self) -> str:
        """What it has printed and logged until now."""
        return self.log.read_text()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()
        self._out.close()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait(timeout=20)

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(timeout=20)
