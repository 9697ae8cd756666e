"""A database that is full, locked, not to be written, moved, damaged, foreign or too new."""

import hashlib
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.model.errors import NotFound, StoreBusy, StoreFailed
from emberwatch.ports import Ledger, StoredState
from emberwatch.store import schema
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_mention, minutes

SHORT = timedelta(milliseconds=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "emberwatch.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = open_store(path, patience=SHORT)
    yield store
    store.close()


def digest(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if not file.name.endswith("-shm") and file.stat().st_size
    }


def tick(store: SqliteStore, minute: float) -> None:
    with store.writing() as tx:
        tx.record(Ledger(clock=NOON + minutes(minute)))


def fill(store: SqliteStore, count: int, size: int = 2000) -> None:
    states = {
        ("spike", f"key {n}"): StoredState(
            detector="spike", version=1, key=f"key {n}", body=b"%08d" % n * (size // 8)
        )
        for n in range(count)
    }
    with store.writing() as tx:
        tx.record(Ledger(states=states, clock=NOON))


def states_in(store: SqliteStore) -> int:
    with store.reading() as look:
        return len(list(look.states()))


def integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


# ---------------------------------------------------------------- opening
def test_a_new_database_is_for_its_owner_alone(path: Path, store: SqliteStore) -> None:
    tick(store, 0)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="is a folder"):
        open_store(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match=r"nowhere/x\.db: its folder does not exist"):
        open_store(tmp_path / "nowhere" / "x.db")


def test_a_name_with_every_odd_letter_is_a_name(tmp_path: Path) -> None:
    odd = tmp_path / "a b?c=1#d%20é'.db"
    open_store(odd).close()
    assert odd.is_file()
    open_store(odd).close()


def test_a_link_to_where_no_file_is_yet_is_followed(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    open_store(link).close()
    assert path.is_file()


def test_a_database_that_was_never_made_ready_is_not_for_reading(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreFailed, match="'emberwatch run' brings it up to date"):
        open_store(path, read_only=True)
    open_store(path).close()
    open_store(path, read_only=True).close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE bait (x)")
        connection.execute("DROP TABLE bait")
        connection.set_progress_handler(lambda: 1, 200)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            schema.bring_up_to_date(connection, str(path))
        connection.set_progress_handler(None, 0)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    open_store(path).close()


def test_reading_alone_makes_no_file(path: Path) -> None:
    with pytest.raises(NotFound, match="emberwatch run"):
        open_store(path, read_only=True)
    assert not path.exists()


def test_a_store_for_reading_reads_but_does_not_write(path: Path, store: SqliteStore) -> None:
    tick(store, 0)
    reader = open_store(path, read_only=True)
    with reader.reading() as look:
        assert look.clock() == NOON
    with pytest.raises(StoreBusy, match="read only"), reader.writing():
        pytest.fail("it was opened")
    reader.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("brands:\n  - name: Acme\n" * 100)
    before = digest(path.parent)
    with pytest.raises(StoreFailed, match="is no database"):
        open_store(path)
    assert digest(path.parent) == before


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.commit()
    before = digest(path.parent)
    with pytest.raises(StoreFailed, match="another program"):
        open_store(path)
    assert digest(path.parent) == before


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("is_clean", [True, False], ids=["closed", "killed"])
def test_a_newer_database_is_refused_and_left_alone(
    path: Path, tmp_path_factory: pytest.TempPathFactory, read_only: bool, is_clean: bool
) -> None:
    store = open_store(path)
    tick(store, 0)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    folder = tmp_path_factory.mktemp("copy")
    if is_clean:
        store.close()
    for file in path.parent.iterdir():
        shutil.copy(file, folder)
    store.close()
    before = digest(folder)
    with pytest.raises(StoreFailed, match="newer emberwatch") as refused:
        open_store(folder / path.name, read_only=read_only)
    assert "\n" not in str(refused.value)
    assert digest(folder) == before


# ---------------------------------------------------------------- locked, full, not to be written
def test_a_locked_database_is_busy_and_takes_the_batch_afterwards(
    path: Path, store: SqliteStore
) -> None:
    tick(store, 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as analyst:
        analyst.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked by another process"), store.writing():
            pytest.fail("it was opened")
        with store.reading() as look:
            assert look.clock() == NOON
        analyst.execute("ROLLBACK")
    tick(store, 1)
    with store.reading() as look:
        assert look.clock() == NOON + minutes(1)


def test_a_long_reader_holds_nobody_up(path: Path, store: SqliteStore) -> None:
    fill(store, 10)
    with closing(sqlite3.connect(path, isolation_level=None)) as analyst:
        analyst.execute("BEGIN")
        count = analyst.execute("SELECT count(*) FROM _state").fetchone()
        for minute in range(20):
            tick(store, minute)
        with store.writing() as tx:
            tx.purge(NOON, NOON)
        assert analyst.execute("SELECT count(*) FROM _state").fetchone() == count
    with store.reading() as look:
        assert look.clock() == NOON + minutes(19)


def test_a_full_database_is_busy_loses_nothing_and_recovers(path: Path, store: SqliteStore) -> None:
    fill(store, 10)
    with store.writing() as tx:
        (pages,) = tx._db.execute("PRAGMA page_count").fetchone()  # type: ignore[attr-defined]
        tx._db.execute(f"PRAGMA max_page_count = {pages + 2}")  # type: ignore[attr-defined]
    for _ in range(2):
        with pytest.raises(StoreBusy, match="disk is full"):
            fill(store, 500)
        assert states_in(store) == 10
    tick(store, 1)
    with store.writing() as tx:
        tx._db.execute("PRAGMA max_page_count = 100000")  # type: ignore[attr-defined]
    fill(store, 500)
    assert states_in(store) == 500
    assert integrity(path) == "ok"


LIMITED = """
import resource, sys
from pathlib import Path
from tests.integration.test_sqlite_faults import fill, states_in
from emberwatch.model.errors import StoreBusy
from emberwatch.store.sqlite import open_store

store = open_store(Path(sys.argv[1]))
fill(store, 10)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
try:
    fill(store, 2000)
except StoreBusy as busy:
    print(busy)
print(states_in(store))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
fill(store, 2000)
print(states_in(store))
store.close()
"""


def test_a_file_that_may_not_grow_is_busy_loses_nothing_and_recovers(
    path: Path, root: Path
) -> None:
    if resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY:
        pytest.skip("needs a process whose files may grow")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    busy, during, after = done.stdout.splitlines()
    assert "disk" in busy
    assert (during, after) == ("10", "2000")
    assert integrity(path) == "ok"


MOUNT = ("mount", "-t", "tmpfs", "-o")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 700 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small file system")
    done = subprocess.run([*MOUNT, "size=700k", "tmpfs", str(disk)], capture_output=True)
    if done.returncode:
        pytest.skip(f"no file system may be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run([*MOUNT, f"remount,{how}", str(disk)], check=True)


def test_a_full_file_system_is_busy_loses_nothing_and_recovers(disk: Path) -> None:
    with closing(open_store(disk / "emberwatch.db", patience=SHORT)) as store:
        fill(store, 10)
        with pytest.raises(StoreBusy, match="disk"):
            fill(store, 2000)
        assert states_in(store) == 10
        remount(disk, "size=20m")
        fill(store, 2000)
        assert states_in(store) == 2000
    assert integrity(disk / "emberwatch.db") == "ok"


# ---------------------------------------------------------------- where nothing may be written
@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_on_a_read_only_disk_is_read_and_not_written(
    disk: Path, read_only: bool
) -> None:
    path = disk / "emberwatch.db"
    with closing(open_store(path)) as store:
        fill(store, 10)
    remount(disk, "ro")
    with closing(open_store(path, read_only=read_only)) as store:
        assert states_in(store) == 10
        with pytest.raises(StoreBusy, match=r"emberwatch\.db (cannot be written: make|was opened)"):
            tick(store, 1)
        assert states_in(store) == 10


def left_behind(path: Path, disk: Path) -> None:
    """Copy a database as a killed process leaves it: some of it only in its log."""
    with closing(open_store(path)) as store:
        fill(store, 10)
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, disk)


def test_what_stands_in_the_log_is_read_on_a_read_only_disk(path: Path, disk: Path) -> None:
    left_behind(path, disk)
    remount(disk, "ro")
    with closing(open_store(disk / path.name)) as store:
        assert states_in(store) == 10


def test_a_log_that_cannot_be_read_is_not_passed_over(path: Path, disk: Path) -> None:
    left_behind(path, disk)
    (disk / f"{path.name}-shm").unlink()
    remount(disk, "ro")
    with pytest.raises(StoreBusy, match=r"without its log .*-wal.* copy both into a folder"):
        open_store(disk / path.name)


def test_an_older_database_on_a_read_only_disk_is_called_so(disk: Path) -> None:
    path = disk / "emberwatch.db"
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION - 1}")
    remount(disk, "ro")
    with pytest.raises(StoreBusy, match=r"older emberwatch .* copy it"):
        open_store(path)


FORBIDDEN = """
import os, sys
from pathlib import Path
from emberwatch.model.errors import StoreBusy
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import NOON

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
folder = Path(sys.argv[1])
for path in (folder / "emberwatch.db", folder / "shut" / "new.db"):
    try:
        store = open_store(path)
        with store.reading() as look:
            print(look.clock())
        with store.writing() as tx:
            tx.record(Ledger(clock=NOON))
        print("written")
    except StoreBusy as busy:
        print(busy)
"""


def test_a_file_that_may_not_be_written_is_read_and_says_so(root: Path) -> None:
    # not below tmp_path, which only its owner may enter
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        path = folder / "emberwatch.db"
        store = open_store(path)
        tick(store, 0)
        store.close()
        (folder / "shut").mkdir(mode=0o555)
        path.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", FORBIDDEN, str(folder)],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        folder.chmod(0o755)
        (folder / "shut").chmod(0o755)
        shutil.rmtree(folder)
    clock, existing, new = done.stdout.splitlines()
    assert clock == str(NOON)
    assert f"database {path} cannot be written: make the file and its folder writable" in existing
    assert "cannot be made" in new


# ---------------------------------------------------------------- moved and damaged
def test_a_database_that_was_moved_away_is_not_written_unseen(
    path: Path, store: SqliteStore
) -> None:
    tick(store, 0)
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(StoreFailed, match="moved"):
        tick(store, 1)
    open_store(path).close()
    with pytest.raises(StoreFailed, match="replaced"), store.reading():
        pytest.fail("it was opened")


def scribble(path: Path, table: str) -> None:
    """Write over a leaf page of a table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute(
            "SELECT max(pageno) FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * 600)


def test_damage_is_found_when_the_database_is_opened(path: Path) -> None:
    store = open_store(path)
    fill(store, 300)
    store.close()
    scribble(path, "_state")
    with pytest.raises(StoreFailed, match=r"is damaged .* backup") as failed:
        open_store(path)
    assert "\n" not in str(failed.value)


def test_damage_that_is_met_in_use_stops_the_work(path: Path) -> None:
    store = open_store(path)
    fill(store, 300)
    store.close()
    scribble(path, "_state")
    store = SqliteStore(path, read_only=False, patience=SHORT)
    with pytest.raises(StoreFailed, match="damaged"):
        states_in(store)
    with pytest.raises(StoreFailed, match="damaged"):
        fill(store, 300)
    store.close()


def test_a_database_cut_short_is_damaged(path: Path) -> None:
    store = open_store(path)
    fill(store, 300)
    store.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreFailed, match="damaged"):
        open_store(path)


def test_a_table_that_somebody_dropped_is_told_in_the_words_of_sqlite(
    path: Path, store: SqliteStore
) -> None:
    with closing(sqlite3.connect(path)) as analyst:
        analyst.execute("DROP TABLE _clock")
    with pytest.raises(StoreFailed, match=r"cannot be used \(no such table: _clock\): if another"):
        tick(store, 0)


def test_a_lost_log_costs_what_stood_in_it_and_nothing_more(path: Path, root: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from tests.integration.test_sqlite_faults import fill, tick
from emberwatch.store.sqlite import open_store

store = open_store(Path(sys.argv[1]))
fill(store, 10)
store.close()
store = open_store(Path(sys.argv[1]))
tick(store, 7)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root)
    assert done.returncode == -signal.SIGKILL
    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size > 0
    log.unlink()
    path.with_name(path.name + "-shm").write_bytes(b"stale" * 1000)
    store = open_store(path)
    assert states_in(store) == 10
    with store.reading() as look:
        assert look.clock() == NOON
    tick(store, 8)
    store.close()
    assert integrity(path) == "ok"


def test_a_copy_made_while_it_is_written_is_whole(path: Path, store: SqliteStore) -> None:
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        written = iter(range(5))

        def write(status: int, remaining: int, total: int) -> None:
            # each write makes the copy begin again, so there must be an end to them
            for minute in written:
                tick(store, minute)
                return

        fill(store, 300)
        source.backup(target, pages=40, progress=write, sleep=0)
    assert integrity(copy) == "ok"
    copied = open_store(copy)
    assert states_in(copied) == 300
    copied.close()


# ---------------------------------------------------------------- strange values
def test_text_that_utf_8_cannot_write_is_mended_and_found_again(store: SqliteStore) -> None:
    mention = a_mention("9\ud800\x00", text="Acme \udfff\x00 ж", author="a\ud83d", uri="u\ud800")
    with store.writing() as tx:
        tx.record(
            Ledger(
                posts=(mention.post,),
                mentions=(mention,),
                feed="to\ud800wn",
                cursor={"\ud800": "\x00"},
                quarantine=((mention.post.id, NOON, "Traceback \udc00"),),
                states={
                    ("s", "\ud800"): StoredState(detector="s", version=1, key="\ud800", body=b"")
                },
            )
        )
    with store.reading() as look:
        assert look.known([mention.post.id], ["u\ud800"]).keys() == {mention.post.id, "u\ud800"}
        (found,) = look.mentions([mention.post.id], "Acme").values()
        assert look.cursor("to\ud800wn") == {"\ufffd": "\ufffd"}
    assert found.post.text == "Acme \ufffd\ufffd ж"
    with store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=(mention,)))
    assert integrity(store.path) == "ok"


def test_numbers_beyond_every_column_are_cut(store: SqliteStore) -> None:
    mention = a_mention("1", followers=10**30)
    with store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=(mention,)))
    with store.reading() as look:
        (found,) = look.mentions([mention.post.id], "Acme").values()
    assert found.post.author.followers == 2**63 - 1


@pytest.mark.parametrize(
    "asked", ['"x', "a AND", "NEAR(", "*", "col:x", "'; DROP TABLE _post; --", 'a" OR "b', ""]
)
def test_a_hostile_search_that_is_quoted_as_the_docs_say_is_a_search(
    path: Path, store: SqliteStore, asked: str
) -> None:
    mention = a_mention("1", text="Acme lost my parcel again")
    with store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=(mention,)))
    with closing(sqlite3.connect(path)) as analyst:
        found = analyst.execute(
            "SELECT count(*) FROM mention_search "
            """WHERE mention_search MATCH '"' || replace(?, '"', '""') || '"'""",
            (asked,),
        ).fetchone()
    assert found == (0,)
