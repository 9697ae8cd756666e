"""What a watch prints to, and who sends it signals: neither may end or hang it out of turn."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.daemon import EMBERWATCH, Running
from tests.e2e.house import House
from tests.e2e.waiting import wait_for

LIMIT = 10.0
"""Seconds in which a signal must have ended the process."""

SCREEN = "{name: screen, kind: console}"


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.configure(SCREEN)
    return house


@pytest.fixture
def halted() -> Iterator[int]:
    """A pipe that takes nothing more, as a terminal after Ctrl-S."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    yield writing
    os.close(writing)
    os.close(reading)


class Printing(Running):
    """`emberwatch run` with its stdout somewhere else than its log."""

    def __init__(self, folder: Path, stdout: int, stderr: int | None = None) -> None:
        self.log = folder / "run.log"
        self._out = self.log.open("a")
        self.process = subprocess.Popen(
            [EMBERWATCH, "run"],
            cwd=folder,
            stdout=stdout,
            stderr=self._out if stderr is None else stderr,
        )

    def end_in_time(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code when it came in time."""
        self.process.send_signal(by)
        return self.process.wait(LIMIT)


# ---------------------------------------------------------------- what it prints to
def test_a_full_disk_under_stdout_stops_no_watch(house: House) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with Printing(house.folder, full) as daemon:
        os.close(full)
        house.settle(daemon)
        assert daemon.end_in_time() == 0
    assert "Traceback" not in daemon.said


def test_a_full_disk_under_another_command_is_one_line(house: House) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [EMBERWATCH, "notifier", "list"],
            cwd=house.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "No space left on device" in line


def test_a_reader_that_has_seen_enough_hears_no_complaint(house: House) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [EMBERWATCH, "notifier", "list"],
        cwd=house.folder,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert done.stderr == ""


def test_a_demo_whose_reader_has_seen_enough_ends_without_complaint(tmp_path: Path) -> None:
    with subprocess.Popen(
        [EMBERWATCH, "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()
    assert "Traceback" not in complaints
    assert "Unhandled" not in complaints


@pytest.mark.parametrize("words", [("run",), ("status",)])
def test_a_folder_that_is_gone_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["/bin/sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", EMBERWATCH, *words],
        cwd=gone,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (1, 2, 3)
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_halted_terminal_keeps_it_neither_from_watching_nor_from_ending(
    house: House, halted: int, by: signal.Signals
) -> None:
    with Printing(house.folder, halted) as daemon:
        house.settle(daemon)
        house.storm()
        house.wait(
            daemon, lambda: house.rows("SELECT 1 FROM _notification WHERE leased_until > ''")
        )
        assert daemon.end_in_time(by) == 0
    assert "Fatal" not in daemon.said
    assert "CancelledError" not in daemon.said


def test_it_ends_in_time_when_its_log_hangs_too(house: House, halted: int) -> None:
    with Printing(house.folder, halted, halted) as daemon:
        house.settle(daemon)
        house.storm()
        assert daemon.end_in_time() == 0


# ---------------------------------------------------------------- signals at its start
def _begun(house: House) -> tuple[Running, int, bytes]:
    """Start a watch that waits for its configuration; return it, the pipe, and what to write."""
    settings = house.folder / "config.yaml"
    told = settings.read_bytes()
    settings.unlink()
    os.mkfifo(settings)
    daemon = Running(house.folder)
    writing = os.open(settings, os.O_WRONLY)  # returns once it is being read
    settings.unlink()
    settings.write_bytes(told)
    return daemon, writing, told


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_is_heard_before_it_watches(house: House, by: signal.Signals) -> None:
    daemon, writing, told = _begun(house)
    with daemon:
        daemon.process.send_signal(by)
        os.write(writing, told)
        os.close(writing)
        assert daemon.process.wait(LIMIT) == 0
    assert "Aborted" not in daemon.said
    assert not house.stored


def test_a_signal_to_read_again_is_kept_until_it_watches(house: House) -> None:
    daemon, writing, told = _begun(house)
    with daemon:
        daemon.process.send_signal(signal.SIGHUP)
        os.write(writing, told)
        os.close(writing)
        wait_for(lambda: "configuration applied" in daemon.said, 20, daemon.log)
        house.settle(daemon)
        assert daemon.end() == 0
