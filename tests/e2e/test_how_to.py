"""The how-to guides do what they say."""

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.daemon import EMBERWATCH, emberwatch
from tests.e2e.fediverse import free_port
from tests.e2e.receiver import SECRET
from tests.e2e.transcript import Shell, blocks, fits, steps


def _files(root: Path, page: str, folder: Path) -> dict[str, Path]:
    """Save the files that a page shows, by name."""
    saved = {}
    for block in blocks((root / "docs" / "how-to" / page).read_text()):
        if block.language != "console" and block.name:
            saved[block.name] = folder / block.name
            saved[block.name].write_text(block.body)
    return saved


def test_the_source_of_the_guide_keeps_the_contract(root: Path, tmp_path: Path) -> None:
    _files(root, "write-a-source.md", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_guestbook.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_source_of_the_guide_is_found_and_can_be_configured(root: Path, tmp_path: Path) -> None:
    _files(root, "write-a-source.md", tmp_path)
    page = (root / "docs/how-to/write-a-source.md").read_text()
    group, entry = re.findall(r'^\[project\.entry-points\."(.+)"\]\n(.+)$', page, re.MULTILINE)[0]
    # What pip writes when the guide's pyproject.toml is installed.
    facts = tmp_path / "emberwatch_guestbook-0.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: emberwatch-guestbook\n")
    (facts / "entry_points.txt").write_text(f"[{group}]\n{entry.replace(chr(34), '')}\n")
    (tmp_path / "answer.json").write_text(
        next(b.body for b in blocks(page) if b.language == "json")
    )

    def run(*words: str) -> str:
        return subprocess.run(
            [EMBERWATCH, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    assert "Sees how many answers an entry has" in " ".join(
        run("check", "--explain", "Acme").split()
    )
    first, last = run("source", "parse", "guestbook", "--body", "answer.json").splitlines()
    assert json.loads(first)["id"] == "guestbook::post:8"
    assert json.loads(last)["cursor"] == {"after": "8"}


def test_the_receiver_of_the_guide_takes_a_signed_message(root: Path, tmp_path: Path) -> None:
    _files(root, "receive-webhooks.md", tmp_path)
    port = free_port()
    (tmp_path / "config.yaml").write_text(
        "network: {allow: [127.0.0.0/8]}\n"
        "brands: [{name: Acme, words: [acme]}]\n"
        "notifiers: [{name: on-call, kind: webhook, secret_env: EMBER_SECRET, "
        f'url: "http://127.0.0.1:{port}/"}}]\n'
    )
    receiver = subprocess.Popen(
        [sys.executable, "receiver.py", str(port)],
        cwd=tmp_path,
        env={**os.environ, "EMBER_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        for _ in range(50):
            told = emberwatch(tmp_path, "notifier", "test", "on-call", expect=None)
            if told.returncode == 0:
                break
        assert told.stdout == "on-call took the test message: 204\n", told.stderr
        assert receiver.stdout
        assert receiver.stdout.readline().startswith("test ")
    finally:
        receiver.terminate()
        receiver.wait(timeout=20)
        if receiver.stdout:
            receiver.stdout.close()
    with sqlite3.connect(tmp_path / "inbox.db") as inbox:
        assert inbox.execute("SELECT count(*) FROM messages").fetchone() == (1,)
    inbox.close()


@pytest.fixture(scope="module")
def replayed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the guide to replay was followed once."""
    folder = tmp_path_factory.mktemp("replay")
    _files(root, "replay-history.md", folder)
    emberwatch(folder, "replay", "history.jsonl", "--config", "acme.yaml", "--database", "a.db")
    return folder


def test_the_guide_to_replay_shows_what_replay_prints(root: Path, tmp_path: Path) -> None:
    _files(root, "replay-history.md", tmp_path)
    page = (root / "docs/how-to/replay-history.md").read_text()
    (console,) = [block for block in blocks(page) if block.language == "console"]
    for command, shown in steps(console):
        done = emberwatch(tmp_path, *command.split()[1:])
        real = done.stderr + done.stdout
        assert fits(shown, real), f"{command}\n--- shown\n{shown}\n--- real\n{real}"
        again = emberwatch(tmp_path, *command.split()[1:])
        assert again.stdout == done.stdout


def test_the_guide_to_backtests_shows_what_backtest_prints(root: Path, tmp_path: Path) -> None:
    _files(root, "replay-history.md", tmp_path)
    _files(root, "backtest-a-configuration.md", tmp_path)
    page = (root / "docs/how-to/backtest-a-configuration.md").read_text()
    consoles = [block for block in blocks(page) if block.language == "console"]
    assert len(consoles) == 3
    path = f"{EMBERWATCH.parent}{os.pathsep}{os.environ['PATH']}"
    with Shell(tmp_path, path) as shell:
        shell.run("export COLUMNS=100 LINES=50")
        for command, shown in (step for block in consoles for step in steps(block)):
            printed, code = shell.run(command)
            assert code == 0, printed
            assert fits(shown, printed), f"{command}\n--- shown\n{shown}\n--- real\n{printed}"
    assert (tmp_path / "report.html").read_text().count("<svg") == 2


def test_the_guide_to_explanations_shows_what_explain_prints(root: Path, tmp_path: Path) -> None:
    _files(root, "ask-why-it-rang.md", tmp_path)
    page = (root / "docs/how-to/ask-why-it-rang.md").read_text()
    consoles = [block for block in blocks(page) if block.language == "console"]
    assert len(consoles) == 3
    for command, shown in (step for block in consoles for step in steps(block)):
        done = emberwatch(tmp_path, *shlex.split(command)[1:])
        real = done.stderr + done.stdout
        assert fits(shown, real), f"{command}\n--- shown\n{shown}\n--- real\n{real}"
    assert "rings from here" in (tmp_path / "why.svg").read_text()


def _queries(root: Path) -> list[str]:
    page = (root / "docs/how-to/query-the-database.md").read_text()
    return [block.body for block in blocks(page.replace("```sql\n", "```sql query\n"))
            if block.language == "sql"]  # fmt: skip


@pytest.mark.parametrize("number", range(6))
def test_the_queries_of_the_guide_find_something(root: Path, replayed: Path, number: int) -> None:
    database = sqlite3.connect(f"file:{replayed / 'a.db'}?mode=ro", uri=True)
    rows = database.execute(_queries(root)[number]).fetchall()
    database.close()
    # A replay tells nobody, so only the question about deliveries has no answer.
    assert bool(rows) is (number != 4)


def test_every_query_of_the_guide_is_tried(root: Path) -> None:
    assert len(_queries(root)) == 6


def test_the_unit_of_the_guide_is_one_that_systemd_takes(root: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    unit = _files(root, "run-as-a-service.md", tmp_path)["emberwatch.service"]
    # The program need not be installed here for its unit to be right.
    unit.write_text(re.sub(r"/opt/emberwatch/bin/emberwatch", "/bin/true", unit.read_text()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [line for line in done.stderr.splitlines() if "emberwatch" in line] == []
