"""Several processes on one database, some of them killed."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.model.errors import AlreadyRunning, StoreBusy, StoreFailed
from emberwatch.store import schema
from emberwatch.store.lock import claim_instance, owner_of
from emberwatch.store.sqlite import open_store
from tests.build import NOON


@contextmanager
def running(script: str, *arguments: object, root: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


WRITER = """
import sys
from pathlib import Path
from emberwatch.model.notification import Notification
from emberwatch.ports import Ledger, StoredState
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, minutes

store = open_store(Path(sys.argv[1]))
n = int(sys.argv[2])
while True:
    mention = a_mention(str(n), at=NOON + minutes(n))
    body = str(n).encode()
    with store.writing() as tx:
        tx.record(
            Ledger(
                posts=(mention.post,),
                mentions=(mention,),
                feed="town",
                cursor={"after": str(n)},
                states={("s", "k"): StoredState(detector="s", version=1, key="k", body=body)},
                notifications=(
                    Notification(
                        id=f"note-{n}", incident_id="i", notifier="ops", type="test", sequence=n,
                        payload="{}", created_at=NOON, next_try_at=NOON,
                    ),
                ),
                clock=mention.post.seen_at,
            )
        )
    print(n, flush=True)
    n += 1
"""


def test_what_a_killed_writer_said_it_committed_is_there_and_nothing_is_half_done(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "emberwatch.db"
    chance = random.Random(7)
    n = 0
    for _ in range(6):
        with running(WRITER, path, n, root=root) as writer:
            assert writer.stdout is not None
            said = [int(writer.stdout.readline()) for _ in range(chance.randrange(1, 40))]
            os.kill(writer.pid, signal.SIGKILL)
            said += [int(line) for line in writer.stdout if line.endswith("\n")]
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store = open_store(path)
        with store.reading() as look:
            kept = sorted(int(each.id.removeprefix("note-")) for each in look.notifications())
            (state,) = look.states()
            last = kept[-1]
            assert said[-1] <= last <= said[-1] + 1
            assert kept == list(range(last + 1))
            assert look.statistics(NOON).posts == last + 1
            assert look.cursor("town") == {"after": str(last)}
            assert state.body == str(last).encode()
            ids = [f"jsonl::post:{n}" for n in range(last + 1)]
            assert len(look.mentions(ids, "Acme")) == last + 1
        store.close()
        n = last + 1


TWO_WRITERS = """
import sys
from pathlib import Path
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import a_post

store = open_store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for n in range(100):
    with store.writing() as tx:
        tx.record(Ledger(posts=(a_post(f"{sys.argv[2]}-{n}"),)))
print("done", flush=True)
"""


def test_two_processes_write_by_turns_and_nothing_is_lost(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "emberwatch.db"
    with (
        running(TWO_WRITERS, path, "a", root=root) as one,
        running(TWO_WRITERS, path, "b", root=root) as other,
    ):
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"
    store = open_store(path)
    with store.reading() as look:
        assert look.statistics(NOON).posts == 200
    store.close()


# ---------------------------------------------------------------- migrations
KILLED_MIGRATION = """
import os, signal, sqlite3, sys
from emberwatch.store import schema

left = int(sys.argv[2])


def count(statement):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)


connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.set_trace_callback(count)
schema.bring_up_to_date(connection, "x")
"""


@pytest.mark.parametrize("statements", [0, 1, 3, 20, 60])
def test_a_migration_that_was_killed_is_done_by_the_next_start(
    tmp_path: Path, root: Path, statements: int
) -> None:
    path = tmp_path / "emberwatch.db"
    done = subprocess.run(
        [sys.executable, "-c", KILLED_MIGRATION, str(path), str(statements)], cwd=root
    )
    assert done.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    store = open_store(path)
    with store.reading() as look:
        assert look.clock() is None
    store.close()


OPENS = """
import sys
from pathlib import Path
from emberwatch.store.sqlite import open_store

print("ready", flush=True)
sys.stdin.readline()
open_store(Path(sys.argv[1])).close()
print("sqlite_utils" in sys.modules, flush=True)
"""


def test_programs_that_start_at_once_make_one_database(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "emberwatch.db"
    with ExitStack() as stack:
        programs = [stack.enter_context(running(OPENS, path, root=root)) for _ in range(4)]
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() in ("True\n", "False\n")
    with closing(sqlite3.connect(path)) as connection:
        applied = connection.execute("SELECT name FROM _sqlite_migrations").fetchall()
    assert applied == [(name,) for name, _ in schema.MIGRATIONS]


def test_a_database_that_is_up_to_date_is_opened_without_the_migrations(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "emberwatch.db"
    open_store(path).close()
    with running(OPENS, path, root=root) as process:
        answer, _ = process.communicate("go\n")
    assert answer == "ready\nFalse\n"


# ---------------------------------------------------------------- one instance
HOLDER = """
import os, sys
from datetime import datetime
from pathlib import Path
from emberwatch.store.lock import claim_instance

with claim_instance(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])):
    is_parent = os.fork() if len(sys.argv) > 3 else 0
    if not is_parent:
        print(os.getpid(), flush=True)
    sys.stdin.readline()
"""


def test_the_second_to_watch_is_told_who_is_first(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "emberwatch.db"
    with running(HOLDER, path, NOON.isoformat(), root=root) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        owner = f"process {pid}, since 2026-03-02 12:00:00 UTC"
        with pytest.raises(AlreadyRunning) as refused, claim_instance(path, NOON):
            pytest.fail("it was claimed")
        assert str(refused.value) == (
            f"another emberwatch ({owner}) watches with this database: stop it or use --database"
        )
        assert owner_of(path) == owner
        holder.communicate("go\n")
    assert owner_of(path) is None
    with claim_instance(path, NOON):
        assert owner_of(path) == f"process {os.getpid()}, since 2026-03-02 12:00:00 UTC"


def test_a_killed_owner_leaves_no_claim(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "emberwatch.db"
    with running(HOLDER, path, NOON.isoformat(), root=root) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        holder.wait()
        assert owner_of(path) is None
        with claim_instance(path, NOON):
            pass


def test_a_worker_that_outlives_its_killed_owner_holds_no_claim(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "emberwatch.db"
    with running(HOLDER, path, NOON.isoformat(), "fork", root=root) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        holder.kill()
        holder.wait()
        os.kill(child, 0)
        with claim_instance(path, NOON):
            pass
        os.kill(child, signal.SIGKILL)


def test_the_same_file_by_another_name_is_the_same_claim(tmp_path: Path) -> None:
    path = tmp_path / "emberwatch.db"
    path.touch()
    other = tmp_path / "link.db"
    other.symlink_to(path)
    with (
        claim_instance(path, NOON),
        pytest.raises(AlreadyRunning),
        claim_instance(other, NOON),
    ):
        pytest.fail("it was claimed")


def test_another_database_is_another_claim(tmp_path: Path) -> None:
    with claim_instance(tmp_path / "a.db", NOON), claim_instance(tmp_path / "b.db", NOON):
        assert owner_of(tmp_path / "c.db") is None


def test_a_claim_can_be_made_again_after_an_exception(tmp_path: Path) -> None:
    path = tmp_path / "emberwatch.db"
    with pytest.raises(RuntimeError, match="crash"), claim_instance(path, NOON):
        raise RuntimeError("crash")
    with claim_instance(path, NOON + timedelta(days=1)):
        pass


def test_a_watch_whose_folder_is_not_there_says_so(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "emberwatch.db"
    with pytest.raises(StoreFailed) as refused, claim_instance(missing, NOON):
        pytest.fail("it was claimed")
    assert str(refused.value) == f"database {missing}: its folder does not exist: make it first"


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "emberwatch.db.lock").mkdir()
    with (
        pytest.raises(StoreBusy, match=r"emberwatch\.db\.lock cannot be written \(Is a dir"),
        claim_instance(tmp_path / "emberwatch.db", NOON),
    ):
        pytest.fail("it was claimed")
