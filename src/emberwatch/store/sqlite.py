"""The store in one SQLite file: write-ahead log, full synchronisation, immediate transactions."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from emberwatch.model.errors import EmberwatchError, NotFound, StoreBusy, StoreFailed
from emberwatch.ports import Reading, Writing
from emberwatch.store import schema
from emberwatch.store.reading import SqliteReading
from emberwatch.store.writing import SqliteWriting

PATIENCE = timedelta(seconds=5)
"""How long a use waits for another process that writes."""

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables came with it."""

CHECKED_BYTES = 16_000_000
"""A file up to this size is looked through when it is opened: 1 ms a megabyte, measured."""

SWITCH_GAP = timedelta(milliseconds=10)
"""Between tries to switch a new file to its log while another program does so."""

CONNECTION_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
    "PRAGMA journal_size_limit = 67108864",
)

EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


def open_store(
    path: Path, *, read_only: bool = False, patience: timedelta = PATIENCE
) -> "SqliteStore":
    """Open a database; create it when it is missing, bring it up to date when it is older.

    One that is up to date can be read where nothing may be written, and is not written by this.
    `patience` is how long each use waits for another process that writes. Raises `StoreBusy`
    (locked, full, not to be written), `StoreFailed` (damaged, newer than this program, no
    database) and, when it is to be read only, `NotFound` where there is none yet.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreFailed(
            f"SQLite {sqlite3.sqlite_version} is too old: "
            f"use a Python with {'.'.join(map(str, OLDEST_SQLITE))} or newer"
        )
    path = path.resolve()
    if path.is_dir():
        raise StoreFailed(f"database {path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise StoreFailed(f"database {path}: its folder does not exist: make it first")
    with _translated(path):
        if read_only:
            if not path.exists():
                raise NotFound(f"no database at {path}: 'emberwatch run' makes it")
            _refuse_outdated(path, patience)
        else:
            _prepare(path, patience)
        store = SqliteStore(path, read_only=read_only, patience=patience)
        if path.stat().st_size <= CHECKED_BYTES:
            try:
                store.check()
            except EmberwatchError:
                store.close()
                raise
        return store


def _prepare(path: Path, patience: timedelta) -> None:
    try:
        # the log and its index take over these permissions
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        # looked at through a connection that cannot write: a newer file stays as it is
        if path.stat().st_size and _version(path, patience) == schema.VERSION:
            return
        if not (os.access(path, os.W_OK) and _may_write_beside(path)):
            raise StoreBusy(
                f"database {path} is of an older emberwatch and cannot be brought up to date where "
                "nothing may be written: copy it into a folder that you may write in, and name "
                "the copy with --database"
            ) from None
    except OSError as error:
        raise StoreBusy(
            f"database {path} cannot be made: {error.strerror}: make its folder writable"
        ) from error
    connection = _connect(path, "rw", patience)
    try:
        _write_ahead(connection, patience)
        schema.bring_up_to_date(connection, str(path))
    finally:
        connection.close()


def _write_ahead(connection: sqlite3.Connection, patience: timedelta) -> None:
    """Switch the file to a write-ahead log; it stays so.

    SQLite does not wait for another program that switches at the same moment, whatever its
    `busy_timeout`: of two that made a database at once, one failed.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    tries = patience // SWITCH_GAP
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if tries <= 0 or not _is_busy(error):
                raise
        tries -= 1
        time.sleep(SWITCH_GAP.total_seconds())
    connection.execute(f"PRAGMA busy_timeout = {patience // timedelta(milliseconds=1)}")


def _version(path: Path, patience: timedelta) -> int:
    connection = _connect_to_read(path, "ro", patience)
    try:
        return schema.version_of(connection, str(path))
    finally:
        connection.close()


def _refuse_outdated(path: Path, patience: timedelta) -> None:
    if _version(path, patience) < schema.VERSION:
        raise StoreFailed(
            f"database {path} is of an older emberwatch: 'emberwatch run' brings it up to date"
        )


def _connect(path: Path, mode: str, patience: timedelta) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=patience.total_seconds(),
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        for setting in CONNECTION_SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path, mode: str, patience: timedelta) -> sqlite3.Connection:
    """Connect to a file that perhaps lies where nothing may be written.

    SQLite reads a write-ahead log only with its index, which it makes beside the file. Where it may
    make none, and nobody left a log to be read, the file is whole and taken as it is.
    """
    try:
        return _connect(path, mode, patience)  # its settings make it look at the log
    except sqlite3.OperationalError as error:
        if _code(error) & 0xFF not in _NO_LOG or _may_write_beside(path):
            raise
        log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
        if index.exists() or (log.exists() and log.stat().st_size):
            raise StoreBusy(
                f"database {path} cannot be read without its log {log}, which needs an index "
                "beside it that may not be read or made: copy both into a folder that you may "
                "write in, and name the copy with --database"
            ) from error
    return _connect(path, "ro&immutable=1", patience)


_NO_LOG = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
"""What SQLite says where it cannot make a log: either, by file system and version."""


def _may_write_beside(path: Path) -> bool:
    return os.access(path.parent, os.W_OK)


# ---------------------------------------------------------------- what can go wrong
_BUSY = {
    sqlite3.SQLITE_BUSY: "is locked by another process: let that one end",
    sqlite3.SQLITE_LOCKED: "is locked by another process: let that one end",
    sqlite3.SQLITE_PROTOCOL: "is locked by another process: let that one end",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: make room",
    sqlite3.SQLITE_READONLY: "cannot be written: make the file and its folder writable",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: see that file and folder may be read and written",
    sqlite3.SQLITE_PERM: "may not be opened: see that file and folder may be read and written",
    sqlite3.SQLITE_IOERR: "cannot be read or written: look at the disk and its limits",
}
_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_IOERR_CORRUPTFS,
        sqlite3.SQLITE_IOERR_SHORT_READ,
    }
)


def _explained(error: sqlite3.Error, path: Path) -> EmberwatchError:
    code = _code(error)
    kind = code & 0xFF
    if kind == sqlite3.SQLITE_CANTOPEN and not _may_write_beside(path):
        kind = sqlite3.SQLITE_READONLY  # it is the log that cannot be made
    if code in _DAMAGED or kind == sqlite3.SQLITE_CORRUPT:
        return StoreFailed(f"database {path} is damaged ({error}): put a backup in its place")
    if kind in _BUSY:
        return StoreBusy(f"database {path} {_BUSY[kind]} ({error})")
    if kind == sqlite3.SQLITE_NOTADB:
        return StoreFailed(f"{path} is no database ({error}): name another with --database")
    return StoreFailed(
        f"database {path} cannot be used ({error}): if another program changed it, put a backup in "
        "its place"
    )


def _code(error: sqlite3.Error) -> int:
    # errors that Python raises by itself have none
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR))


def _is_busy(error: sqlite3.Error) -> bool:
    return _code(error) & 0xFF == sqlite3.SQLITE_BUSY


def _is_passing(error: sqlite3.Error) -> bool:
    """Whether the connection is as good as it was."""
    return _code(error) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL)


_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
"""What only a mistake in this program can cause."""


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except _OURS:
        raise
    except sqlite3.Error as error:
        raise _explained(error, path) from error


# ---------------------------------------------------------------- the store
class SqliteStore:
    """One SQLite file. Made by `open_store`.

    Readings and a writing may be open at the same time, from several threads: each has a
    connection of its own; a second writing waits for the first as long as for another process.
    """

    def __init__(self, path: Path, *, read_only: bool, patience: timedelta) -> None:
        self.path = path
        self._is_read_only = read_only
        self._patience = patience
        self._writer: sqlite3.Connection | None = None
        self._one_writes = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._file = _identity(path)

    def reading(self) -> AbstractContextManager[Reading]:
        """Open a consistent look: it does not see what is committed after its first question."""
        return self._reading()

    @contextmanager
    def _reading(self) -> Iterator[Reading]:
        self._refuse_moved()
        with _translated(self.path):
            connection = self._reader()
            try:
                connection.execute("BEGIN")
                yield SqliteReading(connection, self.path)
                connection.execute("COMMIT")
            except sqlite3.Error:
                connection.close()
                raise
            except BaseException:
                connection.execute("ROLLBACK")
                self._idle.append(connection)
                raise
            self._idle.append(connection)

    def writing(self) -> AbstractContextManager[Writing]:
        """Open a write transaction; raise `StoreBusy` when the lock cannot be had in time."""
        return self._writing()

    @contextmanager
    def _writing(self) -> Iterator[Writing]:
        if self._is_read_only:
            raise StoreBusy(f"database {self.path} was opened to be read only")
        self._refuse_moved()
        if not self._one_writes.acquire(timeout=self._patience.total_seconds()):
            raise StoreBusy(f"database {self.path} is being written by another part of this one")
        try:
            with _translated(self.path):
                if self._writer is None:
                    self._writer = _connect(self.path, "rw", self._patience)
                connection = self._writer
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    writing = SqliteWriting(connection, self.path)
                    yield writing
                    connection.execute("COMMIT")
                except BaseException as error:
                    # after a failed read or write its view of the file may be stale
                    if isinstance(error, sqlite3.Error) and not _is_passing(error):
                        self._writer = None
                        connection.close()
                    elif connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                if writing.has_erased_all:
                    _empty_log(connection)
        finally:
            self._one_writes.release()

    def check(self) -> None:
        """Look through the whole file; raise `StoreFailed` when it is damaged.

        Reads every page: 1 s a gigabyte where the file is in memory already.
        """
        with _translated(self.path):
            connection = self._reader()
            try:
                (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.Error:
                connection.close()
                raise
            self._idle.append(connection)
        if found != "ok":
            where = " ".join(found.split())
            raise StoreFailed(
                f"database {self.path} is damaged ({where}): put a backup in its place"
            )

    def close(self) -> None:
        """Let go of the file."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _refuse_moved(self) -> None:
        # SQLite would go on writing to a file that nobody finds any more
        try:
            is_same = _identity(self.path) == self._file
        except FileNotFoundError:
            is_same = False
        except OSError:
            return  # SQLite will say what is the matter
        if not is_same:
            raise StoreFailed(
                f"database {self.path} was moved, deleted or replaced while in use: start again"
            )

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            mode = "ro" if self._is_read_only else "rw"
            return _connect_to_read(self.path, mode, self._patience)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _empty_log(connection: sqlite3.Connection) -> None:
    # what was erased still stands in the log; a reader that needs it is not waited for
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    with suppress(sqlite3.OperationalError):
        connection.execute(EMPTY_LOG).fetchall()
    connection.execute(f"PRAGMA busy_timeout = {int(patience)}")
