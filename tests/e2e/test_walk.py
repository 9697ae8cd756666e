"""A newcomer's walk: a fresh clone, the command of the README, and the first five minutes."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.receiver import SECRET, Receiver
from tests.e2e.transcript import blocks, fits, steps

pytestmark = pytest.mark.walk

FEEDS = ("news", "fediverse", "hacker-news")
"""The feeds of the shipped configuration."""

INSTALLS_WITHIN = 400.0
WATCHES_FOR = 20.0
FIRST_ALERT_WITHIN = 30.0

SCREEN = 110
"""Columns: what is printed for people is set for a screen of this width."""

REASON = 160
"""Columns: a reason is one line, however long, in the demo and in a log."""

FEED = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Town news</title><link>http://127.0.0.1/</link>
<description>What happens in town</description>
<item><title>Samsung opens a shop</title><guid>town-1</guid>
<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate><description>Cake for all.</description></item>
<item><title>The bridge is closed</title><guid>town-2</guid>
<pubDate>Fri, 20 Nov 2026 11:00:00 GMT</pubDate><description>Until May.</description></item>
</channel></rss>
"""


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a clone, the environment that it made, and what they saw so far."""

    clone: Path
    environment: dict[str, str]
    out: str
    log: str
    code: int

    def type(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder, with the clone's environment activated."""
        return subprocess.run(
            words,
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )


def _skip(why: str) -> None:
    if "walk" in os.environ.get("EMBERWATCH_REQUIRE", ""):
        pytest.fail(why)
    pytest.skip(why)


def _environment() -> dict[str, str]:
    """Return what a newcomer's shell holds: nothing of the environment that runs the tests."""
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "COLUMNS"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    bin = str(Path(sys.executable).parent)
    path = [place for place in kept["PATH"].split(os.pathsep) if place != bin]
    python = str(Path(sys.base_prefix) / "bin" / Path(sys.executable).name)
    return {**kept, "PATH": os.pathsep.join(path), "PYTHON": python, "EMBER_SECRET": SECRET}


@pytest.fixture(scope="module")
def newcomer(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """Clone, start the watch as the README says, look on for a while, and press Ctrl-C."""
    folder = tmp_path_factory.mktemp("walk")
    environment = _environment()
    probe = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder / "probe",
         "--disable-pip-version-check", "--retries", "0", "--timeout", "10", "setuptools>=77"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if probe.returncode != 0:
        _skip(f"pip can install nothing here: {(probe.stderr.splitlines() or ['?'])[-1]}")
    cloned = subprocess.run(
        ["git", "clone", "--quiet", root, folder / "clone"], capture_output=True, text=True
    )
    if cloned.returncode != 0:
        _skip(f"needs a git checkout: {cloned.stderr.strip()}")
    clone = folder / "clone"
    with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["scripts/run"],
            cwd=clone,
            env=environment,
            stdout=out,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(lambda: "Ctrl-C ends it." in (folder / "out").read_text(), process)
            ends = time.monotonic() + WATCHES_FOR
            while time.monotonic() < ends and process.poll() is None:
                time.sleep(0.2)
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(timeout=20)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    activated = {
        **environment,
        "PATH": f"{clone / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}",
    }
    return Newcomer(
        clone, activated, (folder / "out").read_text(), (folder / "log").read_text(), code
    )


def _wait(condition, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + INSTALLS_WITHIN
    while not condition() and process.poll() is None:
        assert time.monotonic() < until, "the environment was not made in time"
        time.sleep(0.2)


def _widest(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


# ---------------------------------------------------------------- scripts/run
def test_the_first_command_ends_well_on_ctrl_c(newcomer: Newcomer) -> None:
    assert newcomer.code == 0, newcomer.log
    assert newcomer.out.endswith(
        "\nemberwatch ended; nothing was lost: 'emberwatch run' goes on from here\n"
    )


def test_the_first_command_says_what_is_watched_and_what_to_try(newcomer: Newcomer) -> None:
    lines = newcomer.out.splitlines()
    assert lines[0] == "emberwatch watches"
    assert any(line.startswith("  brand     Samsung: samsung") for line in lines)
    for feed in FEEDS:
        assert any(line.startswith(f"  feed      {feed} (") for line in lines)
    assert f"  database  {newcomer.clone / 'emberwatch.db'}" in lines
    assert "Try next, in another terminal:" in lines
    assert any(line.startswith("  .venv/bin/emberwatch demo ") for line in lines)
    assert _widest(newcomer.out.replace(str(newcomer.clone), "/clone")) <= SCREEN


def test_what_the_first_command_tells_to_try_can_be_tried(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    tried = re.findall(r"^  \.venv/bin/emberwatch (\w+(?: \w+)?)  ", newcomer.out, re.MULTILINE)
    assert len(tried) >= 3
    for words in tried:
        assert newcomer.type(tmp_path, "emberwatch", *words.split(), "--help").returncode == 0


def test_the_first_command_says_of_each_feed_whether_it_was_read(newcomer: Newcomer) -> None:
    assert "Traceback" not in newcomer.log
    for feed in FEEDS:
        told = re.findall(rf"feed (read|not read) feed={feed}\b(.*)", newcomer.log)
        # Half a minute may be too short for a long first reading over a real network.
        if not told and "not read" not in newcomer.log:
            continue
        assert told, newcomer.log
        for how, rest in told:
            assert how == "read" or re.search(r'why="?\w.+', rest)


# ---------------------------------------------------------------- the first five minutes
def test_the_demo_rings_within_half_a_minute_and_its_signatures_are_true(
    newcomer: Newcomer, root: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    first_alert = None
    lines = []
    with subprocess.Popen(
        ["emberwatch", "demo"],
        cwd=tmp_path,
        env={**newcomer.environment, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if first_alert is None and "incident.opened" in line:
                first_alert = time.monotonic() - began
    printed = "".join(lines)
    assert process.returncode == 0, printed
    assert first_alert is not None
    assert first_alert < FIRST_ALERT_WITHIN
    assert "webhook received, signature verified" in printed
    assert "SIGNATURE WRONG" not in printed
    assert _widest(printed.replace(str(tmp_path), "/tmp")) <= REASON
    readme = (root / "README.md").read_text()
    (console,) = [block for block in blocks(readme) if block.language == "console"]
    ((_, shown),) = steps(console)
    assert fits(shown, printed), printed


def test_a_configuration_is_written_once_and_is_right(newcomer: Newcomer, tmp_path: Path) -> None:
    written = newcomer.type(tmp_path, "emberwatch", "init")
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("Wrote config.yaml: ")
    assert "emberwatch check" in written.stdout
    again = newcomer.type(tmp_path, "emberwatch", "init")
    assert again.returncode == 1
    assert "config.yaml is there already" in again.stderr
    checked = newcomer.type(tmp_path, "emberwatch", "check")
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith("config.yaml is right.\n")
    for word in ("Samsung", *FEEDS, "screen"):
        assert word in checked.stdout
    assert checked.stderr == ""
    shown = written.stdout + checked.stdout
    assert _widest(shown.replace(str(tmp_path), "/folder")) <= SCREEN


def test_a_mistake_is_told_with_its_place(newcomer: Newcomer, tmp_path: Path) -> None:
    newcomer.type(tmp_path, "emberwatch", "init")
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text().replace("    words:", "    wrods:", 1))
    checked = newcomer.type(tmp_path, "emberwatch", "check")
    assert checked.returncode == 3
    assert re.search(
        r"config\.yaml:\d+:\d+: brands\[0\]\.wrods: unknown setting; did you mean 'words'\?",
        checked.stderr,
    )


@pytest.fixture
def site() -> Iterator[str]:
    """Serve a feed on loopback and return its address."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = FEED.encode()
            self.send_response(200)
            self.send_header("content-type", "application/rss+xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/feed.xml"
    server.shutdown()
    server.server_close()
    thread.join(10)


def _settle_in(newcomer: Newcomer, folder: Path, *, feed: str, receiver: str) -> None:
    """Write a configuration and edit it as its comments suggest."""
    newcomer.type(folder, "emberwatch", "init")
    path = folder / "config.yaml"
    text = path.read_text()
    start, end = text.index("\nfeeds:"), text.index("\nnotifiers:")
    text = (
        text[:start]
        + f'\nfeeds:\n  - {{name: town, source: rss, options: {{url: "{feed}"}}}}\n'
        + text[end:]
    )
    text = text.replace("# network: {allow: [127.0.0.0/8]}", "network: {allow: [127.0.0.0/8]}")
    for line in ("- name: on-call", "  kind: webhook", "  secret_env: EMBER_SECRET"):
        text = text.replace(f"  # {line}", f"  {line}")
    text = re.sub(r"  #   url: \S+", f'    url: "{receiver}"', text)
    path.write_text(text)


def test_a_receiver_takes_a_test_message(newcomer: Newcomer, tmp_path: Path, site: str) -> None:
    with Receiver() as receiver:
        _settle_in(newcomer, tmp_path, feed=site, receiver=receiver.url)
        told = newcomer.type(tmp_path, "emberwatch", "notifier", "test", "on-call")
        assert told.returncode == 0, told.stderr
        assert told.stdout == "on-call took the test message: 204\n"
        assert [delivery.payload["type"] for delivery in receiver.deliveries] == ["test"]
        assert receiver.refused == 0


def test_a_receiver_that_is_not_there_is_told(
    newcomer: Newcomer, tmp_path: Path, site: str
) -> None:
    with Receiver() as receiver:
        gone = receiver.url
    _settle_in(newcomer, tmp_path, feed=site, receiver=gone)
    told = newcomer.type(tmp_path, "emberwatch", "notifier", "test", "on-call")
    assert told.returncode == 1
    assert "on-call did not take the test message" in told.stderr
    assert "refused" in told.stderr


def test_every_feed_can_be_read_once(newcomer: Newcomer, tmp_path: Path, site: str) -> None:
    with Receiver() as receiver:
        _settle_in(newcomer, tmp_path, feed=site, receiver=receiver.url)
        tried = newcomer.type(tmp_path, "emberwatch", "feed", "test", "town")
        assert tried.returncode == 0, tried.stderr
        assert "The bridge is closed" in tried.stdout
        ran = newcomer.type(tmp_path, "emberwatch", "run", "--once")
    assert ran.returncode == 0, ran.stderr
    assert "feed read feed=town listed=2" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert _widest(ran.stdout.replace(str(tmp_path), "/folder")) <= SCREEN
    listed = newcomer.type(tmp_path, "emberwatch", "feed", "list")
    assert re.search(r"^town\trss\t5m\t.* ago\t\d+\treading$", listed.stdout, re.MULTILINE)
    status = newcomer.type(tmp_path, "emberwatch", "status")
    assert status.returncode == 0
    assert "1 post," in status.stdout  # the other speaks of nobody whom we watch
    assert "not running" in status.stdout
