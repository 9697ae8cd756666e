"""One watcher per database: a lock beside the file, which dies with its owner."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from emberwatch.model.errors import AlreadyRunning, StoreBusy, StoreFailed

_HELD: set[int] = set()


def _let_go_in_child() -> None:
    # a forked worker shares the lock and would hold it after its parent was killed
    for descriptor in _HELD:
        with suppress(OSError):
            os.close(descriptor)
    _HELD.clear()


os.register_at_fork(after_in_child=_let_go_in_child)


@contextmanager
def claim_instance(database: Path, at: datetime) -> Iterator[None]:
    """Hold the right to watch with a database; `at` is shown to whoever comes second.

    The lock is on `<database>.lock`, which stays behind, empty; the kernel frees it when its
    owner ends, however it ends. Raises `AlreadyRunning` while another process holds it, and
    `StoreBusy` where the lock's file cannot be written, `StoreFailed` where there is no folder.
    """
    path = _lock_of(database)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as error:
        raise StoreFailed(
            f"database {database}: its folder does not exist: make it first"
        ) from error
    except OSError as error:
        raise StoreBusy(
            f"database {database} cannot be watched with: its lock {path} cannot be written "
            f"({error.strerror}): make file and folder writable, or name another with --database"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _written(descriptor)
            who = f" ({owner})" if owner else ""
            raise AlreadyRunning(
                f"another emberwatch{who} watches with this database: stop it or use --database"
            ) from None
        _HELD.add(descriptor)
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # a full disk takes the owner's name, not the lock
            owner = f"process {os.getpid()}, since {at:%Y-%m-%d %H:%M:%S} UTC"
            os.pwrite(descriptor, owner.encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        _HELD.discard(descriptor)
        os.close(descriptor)


def owner_of(database: Path) -> str | None:
    """Return who watches with a database, such as `process 123, since ...`, or None."""
    try:
        descriptor = os.open(_lock_of(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        owner = _written(descriptor)
        # only a process that was killed leaves its name behind without the lock
        if owner:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return owner
    finally:
        os.close(descriptor)


def _lock_of(database: Path) -> Path:
    # the same file by another name is the same database
    return Path(f"{database.resolve()}.lock")


def _written(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode(errors="replace")
