"""Silence is never taken for calm: a blind feed is told of, and the heartbeat stops."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.daemon import Running, emberwatch
from tests.e2e.house import House, hook
from tests.e2e.receiver import Delivery, Receiver

CANARY = "canary-3f9c1d77"
"""Part of a secret that may be found nowhere."""


class Switch:
    """A dead man's switch: notes when it was called."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.calls.append(time.time())
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/{CANARY}"

    def __enter__(self) -> "Switch":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Story:
    """What was seen while a feed vanished and came back."""

    folder: Path
    calls_while_well: int = 0
    calls_while_blind: int = 0
    calls_afterwards: int = 0
    calls_while_nobody_is_told: int = 0
    told: list[Delivery] = field(default_factory=list)
    status_while_blind: tuple[int, str] = (0, "")
    log: str = ""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    house = House(tmp_path_factory.mktemp("silence"))
    seen = Story(folder=house.folder)
    hidden = house.folder / "hidden.jsonl"
    with Receiver() as receiver, Switch() as switch:
        house.configure(
            hook("ops", receiver), more="heartbeat: {url_env: EMBER_HEARTBEAT, every: 1s}\n"
        )
        with Running(house.folder, EMBER_HEARTBEAT=switch.url) as daemon:
            house.settle(daemon)
            house.wait(daemon, lambda: len(switch.calls) > 1)
            seen.calls_while_well = len(switch.calls)
            house.file.rename(hidden)
            house.wait(daemon, lambda: receiver.of_type("incident.opened"))
            house.wait(daemon, lambda: daemon.said.count("no heartbeat") >= 1)
            called = len(switch.calls)
            house.wait(daemon, lambda: daemon.said.count("no heartbeat") >= 4)
            seen.calls_while_blind = len(switch.calls) - called
            done = emberwatch(house.folder, "status", expect=None, EMBER_HEARTBEAT=switch.url)
            seen.status_while_blind = done.returncode, done.stdout
            hidden.rename(house.file)
            house.wait(daemon, lambda: receiver.of_type("incident.resolved"), 60)
            called = len(switch.calls)
            house.wait(daemon, lambda: len(switch.calls) > called)
            seen.calls_afterwards = len(switch.calls) - called
            seen.told = list(receiver.deliveries)
            emberwatch(house.folder, "notifier", "disable", "ops", EMBER_HEARTBEAT=switch.url)
            house.wait(daemon, lambda: daemon.said.count("every notifier is disabled") >= 2)
            called = len(switch.calls)
            house.wait(daemon, lambda: daemon.said.count("every notifier is disabled") >= 4)
            seen.calls_while_nobody_is_told = len(switch.calls) - called
            seen.log = daemon.said
            assert daemon.end() == 0
    return seen


def test_a_feed_that_stops_opens_an_incident_that_closes_itself(story: Story) -> None:
    told = [(one.payload["type"], one.payload["incident"]["kind"]) for one in story.told]
    assert told == [("incident.opened", "watch_blind"), ("incident.resolved", "watch_blind")]
    assert len({one.payload["incident"]["id"] for one in story.told}) == 1
    assert story.told[0].payload["incident"]["brand"] is None
    assert "emberwatch feed test town" in story.told[0].payload["reason"]


def test_the_heart_beats_while_all_is_well_and_stands_still_while_blind(story: Story) -> None:
    assert story.calls_while_well >= 2
    assert story.calls_while_blind == 0
    assert story.calls_afterwards >= 1


def test_the_heart_stands_still_while_nobody_can_be_told(story: Story) -> None:
    assert story.calls_while_nobody_is_told == 0


def test_status_says_which_feed_is_blind(story: Story) -> None:
    code, shown = story.status_while_blind
    assert code == 4
    assert "feed town is blind" in shown


def test_the_address_of_the_heartbeat_is_found_nowhere(story: Story) -> None:
    found = [path for path in story.folder.iterdir() if CANARY.encode() in path.read_bytes()]
    assert not found
    assert story.log
