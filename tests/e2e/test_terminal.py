"""What a watch prints to, and who sends it signals: neither may end or hang it out of turn."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from emberwatch.core.respond.triage import open_incident
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import a_mention, an_alert
from tests.e2e.daemon import EMBERWATCH, Running
from tests.e2e.house import House
from tests.e2e.waiting import wait_for

LIMIT = 30.0
"""Seconds in which a signal must have ended the process: it takes nine where all hangs for ever."""

POST = "jsonl::post:1"
HEADING = "WARNING"
"""In the first line of an incident, which is not broken."""

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


@pytest.mark.parametrize("words", [("notifier", "list"), ("check",), ("score",)])
def test_a_stream_that_a_shell_closed_is_no_trouble(house: House, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&-', "sh", EMBERWATCH, *words],
        cwd=house.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_letters_that_an_output_lacks_are_spelled(house: House, more: tuple[str, ...]) -> None:
    settings = house.folder / "config.yaml"
    settings.write_text(settings.read_text().replace("[acme]", '["акме", "Acmé", "🔥"]'))
    done = subprocess.run(
        [EMBERWATCH, "check", "--explain", "Acme", *more],
        cwd=house.folder,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
    )
    said = done.stdout.decode("latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\\u0430" in said
    if more:
        assert json.loads(said)["words"] == ["акме", "Acmé", "🔥"]
    else:
        assert "Acmé" in said


def typed(house: House, *words: str, columns: int, **environment: str) -> str:
    """Return what a command shows at a terminal of so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    shown = b""
    # what the environment says of another terminal's width would be believed before this one's
    about = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [EMBERWATCH, *words],
        cwd=house.folder,
        env={**about, "TERM": "xterm", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        with suppress(OSError):  # so a terminal says that nobody writes to it any more
            while piece := os.read(ours, 65536):
                shown += piece
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def burning(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with an incident of many words, which nobody watches now."""
    house = House(tmp_path_factory.mktemp("house"))
    house.configure(SCREEN)
    text = "Acme cancelled the last train and left all of us outside in the snow, what a disgrace!"
    mention = a_mention("1", text=text, url="https://town.example/" + "a" * 60)
    incident = open_incident(
        an_alert(evidence=(mention.post.id,)), {mention.post.id: mention}, None
    )
    with closing(open_store(house.database)) as store, store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=(mention,), incidents=(incident,)))
    return house


@pytest.mark.parametrize(
    "words", [("incident", "show", "inc_"), ("mention", "show", POST), ("check",)]
)
def test_a_narrow_terminal_breaks_lines_between_words(
    burning: House, words: tuple[str, ...]
) -> None:
    wide = plain(typed(burning, *words, columns=300))
    narrow = plain(typed(burning, *words, columns=40))
    assert max(map(len, wide.splitlines())) > 40
    assert wide.split() == narrow.split()
    words_only = [
        line for line in narrow.splitlines() if max(map(len, line.split()), default=0) < 25
    ]
    assert [line for line in words_only if len(line.rstrip()) > 40 and HEADING not in line] == []


def plain(shown: str) -> str:
    """Return what a terminal shows, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_who_wants_no_colour_gets_none(burning: House) -> None:
    colours = re.compile(r"\x1b\[[0-9;]*3[0-9]")
    assert colours.search(typed(burning, "incident", "show", "inc_", columns=80, NO_COLOR=""))
    words = ("incident", "show", "inc_")
    assert not colours.search(typed(burning, *words, columns=80, NO_COLOR="1"))


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
        wait_for(lambda: "configuration applied" in daemon.said, 60, daemon.log)
        house.settle(daemon)
        assert daemon.end() == 0
