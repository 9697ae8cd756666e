"""What the daemon does with receivers of every temper, all at once."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from emberwatch.http import Limits
from tests.e2e.daemon import Running, emberwatch
from tests.e2e.house import House, hook
from tests.e2e.receiver import Receiver


@dataclass
class Tempers:
    """Receivers, and what became of one storm that was told to each of them."""

    ops: Receiver
    flaky: Receiver
    moved: Receiver
    elsewhere: Receiver
    gone: Receiver
    hanging: Receiver
    log: str = ""
    opened: list[str] = field(default_factory=list)
    status: tuple[int, str] = (0, "")
    notifiers: dict[str, dict[str, object]] = field(default_factory=dict)
    retried: str = ""
    held: list[str] = field(default_factory=list)
    arrived: bool = False


@pytest.fixture(scope="module")
def tempers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tempers]:
    """Let a storm be told to all of them; bring the one that is gone back by a test message."""
    house = House(tmp_path_factory.mktemp("tempers"))
    is_over, is_back = threading.Event(), threading.Event()
    answers = iter([500])
    with ExitStack() as doors:
        elsewhere = doors.enter_context(Receiver())
        seen = Tempers(
            ops=doors.enter_context(Receiver()),
            flaky=doors.enter_context(Receiver(status=lambda: next(answers, 204))),
            moved=doors.enter_context(Receiver(status=lambda: 302, location=elsewhere.url)),
            elsewhere=elsewhere,
            gone=doors.enter_context(Receiver(status=lambda: 204 if is_back.is_set() else 410)),
            hanging=doors.enter_context(Receiver(status=lambda: 204 if is_over.wait(60) else 500)),
        )
        house.configure(
            *(hook(name, getattr(seen, name)) for name in ("ops", "flaky", "moved", "gone")),
            hook("hanging", seen.hanging),
        )
        with Running(house.folder) as daemon:
            house.settle(daemon)
            house.storm()
            for receiver in (seen.ops, seen.hanging, seen.moved):
                house.wait(daemon, lambda one=receiver: one.tries)
            house.wait(daemon, lambda: "refused for good" in daemon.said)
            said = emberwatch(house.folder, "status", expect=4)
            seen.status = said.returncode, said.stdout
            listed = emberwatch(house.folder, "notifier", "list", "--json").stdout
            seen.notifiers = {row["name"]: row for row in map(json.loads, listed.splitlines())}
            seen.held = [
                id for (id,) in house.rows("SELECT id FROM _notification WHERE notifier = 'gone'")
            ]
            is_back.set()
            seen.retried = emberwatch(house.folder, "notifier", "test", "gone").stdout
            ids = set(seen.held)
            seen.arrived = seen.gone.wait(lambda one: ids <= {d.id for d in one.deliveries}, 20)
            failed = seen.flaky.tries[0].id
            house.wait(daemon, lambda: failed in {one.id for one in seen.flaky.deliveries})
            seen.log = daemon.said
            is_over.set()
            assert daemon.end() == 0
        yield seen


def test_a_receiver_that_hangs_delays_no_other(tempers: Tempers) -> None:
    first, hung = tempers.ops.deliveries[0], tempers.hanging.tries[0]
    given_up_after = Limits().outbound_total.total_seconds()
    assert first.at - hung.at < given_up_after
    assert tempers.ops.of_type("incident.opened")


def test_a_receiver_that_failed_is_told_again_under_the_same_id(tempers: Tempers) -> None:
    tried = [message.id for message in tempers.flaky.tries]
    assert tried.count(tried[0]) == 2
    assert tried[0] in {message.id for message in tempers.flaky.deliveries}
    again = [message.at for message in tempers.flaky.tries if message.id == tried[0]]
    assert again[1] - again[0] >= 5


def test_a_redirect_is_not_followed(tempers: Tempers) -> None:
    assert tempers.moved.tries
    assert not tempers.elsewhere.tries
    assert tempers.notifiers["moved"]["waiting"]


def test_a_receiver_that_is_gone_is_disabled_for_all_to_see(tempers: Tempers) -> None:
    code, shown = tempers.status
    assert code == 4
    assert "notifier gone is disabled" in shown
    assert "410" in str(tempers.notifiers["gone"]["disabled"])
    assert tempers.notifiers["ops"]["disabled"] is None


def test_people_are_told_by_the_others_that_one_is_gone(tempers: Tempers) -> None:
    told = [message.payload["incident"] for message in tempers.ops.deliveries]
    assert any(one["kind"] == "trouble" for one in told)


def test_a_test_message_that_succeeds_brings_what_was_held(tempers: Tempers) -> None:
    assert "enabled again" in tempers.retried
    assert tempers.held
    assert tempers.arrived
