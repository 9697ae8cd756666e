"""The daemon as a process: one a database, others beside it, an orderly end, a changed mind."""

import json
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from tests.e2e.daemon import Running, emberwatch
from tests.e2e.house import TOWN, House, hook
from tests.e2e.receiver import Receiver
from tests.e2e.storm import append, complaints, line

LIMIT = 10.0
"""Seconds in which a signal must have ended the process."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def house(tmp_path: Path, receiver: Receiver) -> House:
    house = House(tmp_path)
    house.configure(hook("ops", receiver))
    return house


@pytest.fixture
def hanging() -> Iterator[Receiver]:
    """A receiver that never answers while the test runs."""
    is_over = threading.Event()
    with Receiver(status=lambda: 204 if is_over.wait(60) else 500) as receiver:
        yield receiver
        is_over.set()


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a site that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/feed"


# ---------------------------------------------------------------- one watcher, many helpers
def test_a_second_watcher_ends_at_once_and_names_the_first(house: House) -> None:
    with Running(house.folder) as first:
        house.settle(first)
        second = emberwatch(house.folder, "run", expect=1)
        assert f"process {first.process.pid}" in second.stderr
        assert first.process.poll() is None


def test_people_work_on_an_incident_while_the_storm_goes_on(
    house: House, receiver: Receiver
) -> None:
    with Running(house.folder) as daemon:
        house.settle(daemon)
        house.storm()
        assert receiver.wait(lambda seen: seen.of_type("incident.opened"), 60), daemon.said
        id = receiver.deliveries[0].payload["incident"]["id"]
        for verb, said in (("acknowledge", "acknowledged"), ("resolve", "resolved")):
            house.storm()
            emberwatch(house.folder, "incident", verb, id, "--by", "Ann")
            assert receiver.wait(lambda seen, s=said: seen.of_type(f"incident.{s}"), 60)
        house.settle(daemon)
        shown = json.loads(emberwatch(house.folder, "incident", "show", id, "--json").stdout)
    assert shown["status"] == "resolved"
    sequences = [
        delivery.payload["sequence"]
        for delivery in receiver.deliveries
        if delivery.payload["incident"]["id"] == id
    ]
    assert sequences == sorted(set(sequences))


# ---------------------------------------------------------------- an orderly end
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_time_while_a_feed_and_a_receiver_hang(
    house: House, hanging: Receiver, mute: str, by: signal.Signals
) -> None:
    feed = f"{{name: mute, source: rss, options: {{url: '{mute}'}}, every: 1s}}"
    house.configure(hook("slow", hanging), feeds=(TOWN, feed))
    with Running(house.folder) as daemon:
        house.settle(daemon)
        house.storm()
        house.settle(daemon)
        house.wait(
            daemon, lambda: house.rows("SELECT 1 FROM _notification WHERE leased_until > ''")
        )
        asked_at = time.monotonic()
        assert daemon.end(by) == 0
        assert time.monotonic() - asked_at < LIMIT
    assert "nothing was lost" in daemon.said


def test_it_ends_in_time_while_everything_around_it_hangs(
    house: House, hanging: Receiver, mute: str
) -> None:
    feed = f"{{name: mute, source: rss, options: {{url: '{mute}'}}, every: 1s}}"
    house.configure(hook("slow", hanging), hook("slower", hanging), feeds=(TOWN, feed))
    with Running(house.folder) as daemon:
        house.settle(daemon)
        house.storm()
        house.wait(
            daemon, lambda: house.rows("SELECT 1 FROM _notification WHERE leased_until > ''")
        )
        with closing(sqlite3.connect(house.database, isolation_level=None)) as analyst:
            analyst.execute("BEGIN IMMEDIATE")
            house.storm()
            house.wait(daemon, lambda: "the batch is held" in daemon.said)
            asked_at = time.monotonic()
            assert daemon.end() == 0
            assert time.monotonic() - asked_at < LIMIT
    with Running(house.folder) as daemon:
        house.settle(daemon)


# ---------------------------------------------------------------- a changed configuration
def _applied(daemon: Running, word: str) -> bool:
    return f"configuration {word}" in daemon.said


def test_a_changed_configuration_is_applied_whole(house: House, receiver: Receiver) -> None:
    with Running(house.folder) as daemon, Receiver() as other:
        house.settle(daemon)
        new = house.folder / "new.jsonl"
        new.write_text("")
        house.configure(
            hook("new", other),
            feeds=("{name: village, source: jsonl, options: {path: new.jsonl}, every: 1s}",),
        )
        daemon.process.send_signal(signal.SIGHUP)
        house.wait(daemon, lambda: _applied(daemon, "applied"))
        house.wait(daemon, lambda: house.rows("SELECT 1 FROM _feed WHERE feed = 'village'"))
        before = house.stored
        house.say("Acme, this goes unread")
        angry = islice(complaints("Acme", house.chance), 40)
        for number, text in enumerate(angry):
            append(new, line(100_000 + number, text, datetime.now(UTC), f"villager{number}"))
        assert other.wait(lambda seen: seen.of_type("incident.opened"), 60), daemon.said
        house.wait(daemon, lambda: house.stored == before + 40)
        assert not receiver.deliveries
        assert daemon.end() == 0
    assert not house.rows("SELECT 1 FROM _post WHERE text LIKE '%goes unread'")


def test_a_wrong_configuration_changes_nothing_and_says_why(
    house: House, receiver: Receiver
) -> None:
    with Running(house.folder) as daemon:
        house.settle(daemon)
        settings = house.folder / "config.yaml"
        settings.write_text(settings.read_text().replace("feeds:", "feds:"))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait(daemon, lambda: _applied(daemon, "not applied"))
        assert "did you mean 'feeds'" in daemon.said
        house.storm()
        assert receiver.wait(lambda seen: seen.of_type("incident.opened"), 60), daemon.said


def test_another_scorer_judges_from_the_next_post_on(house: House) -> None:
    with Running(house.folder) as daemon:
        house.settle(daemon)
        house.say("Acme, I hate waiting for you")
        house.settle(daemon)
        settings = house.folder / "config.yaml"
        told = settings.read_text()
        settings.write_text(told + "scorer: vadr\n")
        daemon.process.send_signal(signal.SIGHUP)
        house.wait(daemon, lambda: _applied(daemon, "not applied"))
        assert "did you mean 'vader'" in daemon.said
        settings.write_text(told + "scorer: vader\n")
        daemon.process.send_signal(signal.SIGHUP)
        house.wait(daemon, lambda: "configuration applied" in daemon.said)
        assert "another scorer judges from now on" in daemon.said
        house.say("Acme, I still hate waiting for you")
        house.settle(daemon)
    assert house.rows("SELECT scorer FROM mentions ORDER BY seen_at DESC LIMIT 2") == [
        ("vader",),
        ("auto",),
    ]


def test_another_database_is_not_applied_while_it_runs(house: House) -> None:
    with Running(house.folder) as daemon:
        house.settle(daemon)
        settings = house.folder / "config.yaml"
        settings.write_text(settings.read_text().replace("watch.db", "other.db"))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait(daemon, lambda: _applied(daemon, "not applied"))
        assert "end it and start it again" in daemon.said
        house.storm()
        house.settle(daemon)
    assert not (house.folder / "other.db").exists()


def test_a_network_that_is_allowed_later_is_reached_from_then_on(
    house: House, receiver: Receiver
) -> None:
    settings = house.folder / "config.yaml"
    told = settings.read_text()
    settings.write_text(told.replace("127.0.0.0/8", "192.0.2.0/24"))
    with Running(house.folder) as daemon:
        house.settle(daemon)
        settings.write_text(told)
        for _ in range(3):  # a person may be impatient
            daemon.process.send_signal(signal.SIGHUP)
        house.wait(daemon, lambda: _applied(daemon, "applied"))
        house.storm()
        assert receiver.wait(lambda seen: seen.of_type("incident.opened"), 60), daemon.said
        assert "not delivered" not in daemon.said


# ---------------------------------------------------------------- once, for cron
def test_once_is_well_when_one_feed_was_read(house: House) -> None:
    gone = "{name: gone, source: jsonl, options: {path: gone.jsonl}, every: 1s}"
    house.configure(feeds=(TOWN, gone))
    emberwatch(house.folder, "run", "--once", expect=0)
    assert house.stored == house.posted


def test_once_is_unhealthy_when_no_feed_could_be_read(house: House) -> None:
    gone = "{name: gone, source: jsonl, options: {path: gone.jsonl}, every: 1s}"
    house.configure(feeds=(gone,))
    assert "no feed could be read" in emberwatch(house.folder, "run", "--once", expect=4).stderr


def test_once_delivers_and_is_unhealthy_when_a_receiver_refused(
    house: House, receiver: Receiver
) -> None:
    emberwatch(house.folder, "run", "--once")
    house.storm()
    with Receiver(status=lambda: 500) as refusing:
        house.configure(hook("ops", receiver), hook("broken", refusing))
        emberwatch(house.folder, "run", "--once", expect=4)
    assert receiver.of_type("incident.opened")
