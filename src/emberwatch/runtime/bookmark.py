"""How far which files were replayed, told by their lines and not by time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice

MOST_RUNS = 50
"""Runs remembered in a database; the oldest are forgotten first."""

Lines = Callable[[], Iterable[bytes]]
"""Opens a file's lines from its beginning; asked for more than once."""


class Bookmark:
    """Knows which lines of a file were committed before, and remembers those that will be.

    A run is a stretch of lines that was committed, kept as their number and a digest of them. A
    file begins where a run, or several one after the other, end that have the very same lines: so
    a file that was cut, read in pieces or read twice goes on exactly where it stopped, whatever
    its dates say.
    """

    def __init__(self, lines: Lines, remembered: Mapping[str, str]) -> None:
        self._runs = {run: _read(told) for run, told in remembered.items()}
        self.skips = self._covered(lines)
        self._run = str(max((int(run) for run in self._runs), default=0) + 1)
        self._digest = blake2b(digest_size=16)
        self._count = 0

    def note(self, line: bytes) -> None:
        """Take down one line beyond those that are skipped."""
        self._digest.update(_plain(line))
        self._count += 1

    def cursor(self) -> dict[str, str]:
        """Return what is to be committed with everything noted so far."""
        runs = {**self._runs, self._run: (self._count, self._digest.hexdigest())}
        newest = sorted(runs, key=int)[-MOST_RUNS:]
        return {run: f"{runs[run][0]}:{runs[run][1]}" for run in newest}

    def _covered(self, lines: Lines) -> int:
        """Return how many of a file's first lines were committed before."""
        at = 0
        while length := self._run_at(islice(iter(lines()), at, None)):
            at += length
        return at

    def _run_at(self, lines: Iterator[bytes]) -> int:
        """Return the length of the longest run with which these lines begin, 0 for none."""
        ends = dict(self._runs.values())
        known = {told for told in self._runs.values() if told[0]}
        longest, found = max(ends, default=0), 0
        digest = blake2b(digest_size=16)
        for count, line in enumerate(islice(lines, longest), 1):
            digest.update(_plain(line))
            if count in ends and (count, digest.hexdigest()) in known:
                found = count
        return found


def _plain(line: bytes) -> bytes:
    """Return a line as it is once another follows it."""
    return line.rstrip(b"\r\n") + b"\n"


def _read(told: str) -> tuple[int, str]:
    count, _, digest = told.partition(":")
    return int(count), digest
