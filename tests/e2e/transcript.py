"""Transcripts in the documents, and the terminals in which they are played again."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS = 160
PATIENCE = 60.0
"""Seconds that a command may take."""

_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_VARIABLE = (
    (re.compile(r"(?:inc|msg)_[0-9a-f]+"), r"(?:inc|msg)_[0-9a-f]+"),
    (re.compile(r"(?<!\S)/\S+?(?=,?(?:\s|$))"), r"/\S+?"),
    (re.compile(r"#{2,}"), r"#+"),
    (re.compile(r"\[(?:info|warning)\]"), r"\[(?:info|warning)\]"),
    (re.compile(r"\+[0-9]+ an? (?:minute|hour)"), r"\+[0-9]+ an? (?:minute|hour)"),
    (re.compile(r"[0-9][0-9,.]*"), r"[0-9][0-9,.]*"),
    (re.compile(r"\s+"), r"\s+"),
)
"""What may differ from one run to the next: ids, paths, bars, severities, rates, numbers, gaps."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands after it (a file's or a terminal's name), body."""

    language: str
    name: str
    body: str


def blocks(page: str) -> Iterator[Block]:
    """Yield every fenced block of a page that names a language."""
    for found in _FENCE.finditer(page):
        language, _, name = found["info"].strip().partition(" ")
        yield Block(language, name, found["body"])


def steps(block: Block) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the output shown under it.

    Output that stands above the first command belongs to the command "".
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in block.body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found if found[0][1] else found[1:]


def fits(shown: Sequence[str], real: str) -> bool:
    """Whether a real output is what was shown, but for what differs by nature and `...` lines."""
    pattern = ""
    for line in shown:
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else _pattern(line) + r"[ ]*\n"
    text = "".join(line.rstrip() + "\n" for line in real.splitlines())
    is_open = bool(shown) and shown[-1].strip() == "..."
    return bool(re.fullmatch(pattern + (r"(?:.*\n?)*" if is_open else r"\n*"), text))


def _pattern(line: str) -> str:
    pieces, at = [], 0
    while at < len(line):
        for variable, becomes in _VARIABLE:
            if found := variable.match(line, at):
                pieces.append(becomes.replace(r"\s", "[ ]"))
                at = found.end()
                break
        else:
            pieces.append(re.escape(line[at]))
            at += 1
    return "".join(pieces)


class Terminal:
    """A process at a terminal of its own; what it prints is kept without colours."""

    def __init__(self, words: Sequence[str | Path], folder: Path, path: str) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        environment = {**os.environ, "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        environment.pop("COLUMNS", None)
        self._process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._screen = ours
        self._raw = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(timeout=20)
        if self._process.stdin:
            self._process.stdin.close()
        os.close(self._screen)

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return _ESCAPES.sub("", self._raw.decode(errors="replace")).replace("\r\n", "\n")

    def type(self, line: str) -> None:
        """Give the process a line to read."""
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def look(self, within: float = 0.1) -> None:
        """Read what is printed within some seconds, at most until the first of it came."""
        if select.select([self._screen], [], [], within)[0]:
            try:
                self._raw += os.read(self._screen, 1 << 16)
            except OSError:  # its end was closed
                self._process.wait(timeout=20)

    def interrupt(self) -> int:
        """Do what Ctrl-C does, and return the exit code."""
        os.killpg(self._process.pid, signal.SIGINT)
        until = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < until:
            self.look()
        self.look()
        return self._process.wait(timeout=1)


class Shell(Terminal):
    """A terminal in which one command after the other is given to one shell."""

    END = "--end-of-command--"

    def __init__(self, folder: Path, path: str) -> None:
        super().__init__(["bash", "--noprofile", "--norc"], folder, path)

    def run(self, command: str) -> tuple[str, int]:
        """Run one command and return what it printed, and its exit code."""
        start = len(self.text)
        self.type(f"{command}\nprintf '%s %s\\n' '{self.END}' $?")
        until = time.monotonic() + PATIENCE
        while not (ended := re.search(rf"{self.END} (\d+)\n", self.text[start:])):
            assert time.monotonic() < until, f"{command!r} did not end: {self.text[start:]}"
            self.look()
        return self.text[start : start + ended.start()], int(ended[1])
