"""What strangers write reaches screens and logs as plain text, and our secrets reach neither."""

import base64
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.daemon import Running, emberwatch
from tests.e2e.house import House, hook
from tests.e2e.receiver import Receiver
from tests.e2e.storm import append

SECRET = "whsec_" + base64.b64encode(b"a canary, sings nowhere!").decode()
LATER = "whsec_" + base64.b64encode(b"one that came in later on"[:24]).decode()

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m[/x] [bold]\u202e\x00\x9b1;31m"

BY = ESCAPES.replace("\x00", "")
"""No argument of a program can hold a NUL."""


@dataclass
class Story:
    """What was printed and written while somebody attacked the terminal of whoever reads."""

    folder: Path
    screens: dict[str, str] = field(default_factory=dict)
    log: str = ""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    house = House(tmp_path_factory.mktemp("hostile"))
    seen = Story(folder=house.folder)
    secrets = {"EMBER_SECRET": SECRET, "EMBER_LATER": LATER}
    with Receiver(SECRET) as receiver, Receiver(LATER, status=lambda: 500) as later:
        house.configure(hook("ops", receiver))
        with Running(house.folder, "--verbose", **secrets) as daemon:
            house.settle(daemon)
            append(house.file, f"{ESCAPES} this is no JSON\n")
            house.say(f"Acme {ESCAPES} stole my money, I hate this horrible fraud of a shop!")
            house.storm()
            house.wait(daemon, lambda: receiver.of_type("incident.opened"))
            house.settle(daemon)
            changed = hook("later", later).replace("EMBER_SECRET", "EMBER_LATER")
            house.configure(hook("ops", receiver), changed)
            daemon.process.send_signal(signal.SIGHUP)
            house.wait(daemon, lambda: "configuration applied" in daemon.said)
            id = receiver.deliveries[0].payload["incident"]["id"]
            emberwatch(house.folder, "incident", "acknowledge", id, "--by", BY, **secrets)
            house.wait(daemon, lambda: "not delivered" in daemon.said)
            append(house.file, f"{LATER}\n")
            house.wait(daemon, lambda: daemon.said.count("post dropped") == 2)
            for words in (
                ("incident", "show", id),
                ("incident", "list"),
                ("feed", "test", "town"),
                ("status",),
                ("delivery", "list"),
                ("notifier", "list"),
            ):
                shown = emberwatch(house.folder, *words, expect=None, **secrets)
                assert "Traceback" not in shown.stderr
                seen.screens[" ".join(words[:2])] = shown.stdout + shown.stderr
            assert daemon.end() == 0
            seen.log = daemon.said
    return seen


def test_no_screen_and_no_log_line_carries_an_escape(story: Story) -> None:
    for text in (*story.screens.values(), story.log):
        strange = {c for c in text if not c.isprintable() and c not in "\n\t"}
        assert not strange
    assert "[/x]" in story.screens["incident show"]


def test_a_line_that_holds_no_post_is_no_reason_to_call_a_feed_blind(story: Story) -> None:
    assert "is blind" not in story.log


def test_what_was_dropped_is_said_in_one_line_of_the_log(story: Story) -> None:
    first, second = (line for line in story.log.splitlines() if "post dropped" in line)
    assert "not JSON" in first
    assert "***" in second


def test_no_secret_is_found_in_anything_that_was_written(story: Story) -> None:
    canaries = [secret.removeprefix("whsec_") for secret in (SECRET, LATER)]
    written = {
        path.name: path.read_bytes()
        for path in story.folder.iterdir()
        if path.name not in ("config.yaml", "posts.jsonl")
    }
    assert {"watch.db", "run.log"} <= written.keys()
    for canary in canaries:
        assert not [name for name, body in written.items() if canary.encode() in body]
    assert not [name for name, screen in story.screens.items() if canaries[0] in screen]
