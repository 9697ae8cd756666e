"""A database that is locked, full, capped or damaged while the daemon runs."""

import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.daemon import EMBERWATCH, Running, emberwatch
from tests.e2e.house import House, hook
from tests.e2e.receiver import SECRET, Receiver

HELD = "the batch is held"
ENVIRONMENT = {**os.environ, "EMBER_SECRET": SECRET}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def house(tmp_path: Path, receiver: Receiver) -> House:
    house = House(tmp_path)
    house.configure(hook("ops", receiver))
    return house


@dataclass
class Disk:
    """A small disk in memory that can be made larger, or not to be written."""

    place: Path

    def mount(self, options: str) -> None:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.place],
            check=True,
            capture_output=True,
        )

    def remount(self, options: str) -> None:
        subprocess.run(
            ["mount", "-o", f"remount,{options}", self.place], check=True, capture_output=True
        )

    def fill(self) -> None:
        with (self.place / "ballast").open("wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(4096)):
                    pass
            except OSError:
                return


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    disk = Disk(place)
    try:
        disk.mount("size=8m")
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", place], check=True)


def _told_of_storage(receiver: Receiver) -> list[str]:
    return [
        delivery.payload["type"]
        for delivery in receiver.deliveries
        if delivery.payload["incident"]["kind"] == "trouble"
    ]


def test_a_locked_database_holds_the_batch_until_it_is_free(
    house: House, receiver: Receiver
) -> None:
    beat = "heartbeat: {url_env: EMBER_HEARTBEAT, every: 1s}\n"
    house.configure(hook("ops", receiver), more=beat)
    with Running(house.folder, EMBER_HEARTBEAT=receiver.url) as daemon:
        house.settle(daemon)
        with closing(sqlite3.connect(house.database, isolation_level=None)) as analyst:
            analyst.execute("BEGIN IMMEDIATE")
            house.storm()
            house.wait(daemon, lambda: HELD in daemon.said)
            house.wait(daemon, lambda: 'no heartbeat why="the database has' in daemon.said)
        house.settle(daemon)
        told = ["incident.opened", "incident.resolved"]
        assert receiver.wait(lambda seen: _told_of_storage(seen) == told, 60), daemon.said
        assert receiver.wait(_is_told_of_acme, 60), daemon.said


def _is_told_of_acme(receiver: Receiver) -> bool:
    """Whether the storm has come; what is told of the storage may come before it."""
    opened = receiver.of_type("incident.opened")
    return any(message.payload["incident"]["brand"] == "Acme" for message in opened)


def test_a_start_waits_for_a_locked_database_and_can_be_ended(house: House) -> None:
    emberwatch(house.folder, "run", "--once")
    with closing(sqlite3.connect(house.database, isolation_level=None)) as analyst:
        analyst.execute("BEGIN IMMEDIATE")
        with Running(house.folder) as daemon:
            house.wait(daemon, lambda: HELD in daemon.said)
            assert daemon.end() == 0


def test_once_gives_up_on_a_database_that_takes_nothing_and_loses_nothing(house: House) -> None:
    emberwatch(house.folder, "run", "--once")
    house.storm(400)
    limit = ["bash", "-c", 'ulimit -f 200; exec "$0" run --once', EMBERWATCH]
    done = subprocess.run(limit, cwd=house.folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "look at the disk and its limits" in done.stderr.splitlines()[-1]
    emberwatch(house.folder, "run", "--once")
    assert house.stored == house.posted


def test_a_full_disk_holds_the_batch_until_there_is_room(
    house: House, receiver: Receiver, disk: Disk
) -> None:
    with Running(house.folder, "--database", str(disk.place / "watch.db")) as daemon:
        house.database_at = disk.place / "watch.db"
        house.settle(daemon)
        disk.fill()
        house.storm(200)
        house.wait(daemon, lambda: HELD in daemon.said)
        assert "make room" in daemon.said
        disk.remount("size=64m")
        house.settle(daemon)
        assert receiver.wait(lambda seen: seen.of_type("incident.opened"), 60), daemon.said


def test_a_file_at_its_size_limit_holds_the_batch_until_it_may_grow(
    house: House, receiver: Receiver
) -> None:
    with Running(house.folder) as daemon:
        house.settle(daemon)
        pid, kind = daemon.process.pid, resource.RLIMIT_FSIZE
        _, most = resource.prlimit(pid, kind)
        log = house.database.with_name("watch.db-wal")
        resource.prlimit(pid, kind, (max(32_768, daemon.log.stat().st_size + 16_384), most))
        assert log.exists()
        house.storm(400)
        house.wait(daemon, lambda: HELD in daemon.said)
        resource.prlimit(pid, kind, (most, most))
        house.settle(daemon)
        assert receiver.wait(lambda seen: seen.of_type("incident.opened"), 60), daemon.said


def test_a_database_that_may_not_be_written_is_said_in_one_line(house: House, disk: Disk) -> None:
    house.database_at = disk.place / "watch.db"
    emberwatch(house.folder, "run", "--once", "--database", str(house.database))
    disk.remount("ro")
    done = emberwatch(house.folder, "run", "--database", str(house.database), expect=1)
    (line,) = done.stderr.splitlines()
    assert str(disk.place) in line
    assert "writable" in line


def test_a_damaged_database_ends_the_daemon_with_a_clear_line(house: House) -> None:
    with Running(house.folder) as daemon:
        house.settle(daemon)
        # what is read next may stand in either file
        for path in (house.database, house.database.with_name(f"{house.database.name}-wal")):
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.seek(4096)
                file.write(os.urandom(max(0, size - 4096)))
        house.storm(400)
        assert daemon.process.wait(timeout=30) == 1
        last = daemon.said.splitlines()[-1]
    assert "is damaged" in last
    assert str(house.database) in last
    assert "Traceback" not in daemon.said


def test_a_damaged_database_is_not_watched_with(house: House) -> None:
    emberwatch(house.folder, "run", "--once")
    with house.database.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(os.urandom(16 * 4096))
    done = emberwatch(house.folder, "run", expect=1)
    (line,) = done.stderr.splitlines()
    assert "is damaged" in line
