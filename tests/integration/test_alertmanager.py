"""A real Alertmanager: twenty updates of an incident are one notification, then it is resolved."""

import asyncio
import json
import os
import socket
import subprocess
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from loopback import a_network
from receiver import receiving, saying

from emberwatch.core.respond.brief import trial_for
from emberwatch.core.respond.pacing import Channel
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.notification import DeliveryState
from emberwatch.notifiers.alertmanager import Alertmanager
from emberwatch.runtime.wiring import now
from tests.integration.sending import Clock, House
from tests.telling import a_story

ROOT = Path(__file__).parents[2]
CONFIG = """
route:
  receiver: sink
  group_by: [incident]
  group_wait: 200ms
  group_interval: 400ms
  repeat_interval: 1h
receivers:
  - name: sink
    webhook_configs: [{url: "URL", send_resolved: true}]
"""


@pytest.fixture(scope="module")
def program():
    fetched = subprocess.run(
        [ROOT / "scripts" / "servers", "fetch", "alertmanager"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if fetched.returncode == 0:
        return Path(fetched.stdout.strip())
    why = fetched.stderr.strip() or "Alertmanager could not be had"
    if "alertmanager" in os.environ.get("EMBERWATCH_REQUIRE", ""):
        pytest.fail(why)
    pytest.skip(why)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(is_so):
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def an_alertmanager(program, folder, sink):
    """Run it with a receiver of ours as its only receiver; yield a notifier to it."""
    config, port = folder / "am.yml", free_port()
    config.write_text(CONFIG.replace("URL", sink.url))
    with (folder / "am.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            program,
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            stdout=log,
            stderr=log,
        )
    try:
        async with a_network() as network:
            alerts = Alertmanager(
                Alertmanager.Options(url=f"http://127.0.0.1:{port}"), network.outbound()
            )
            async with asyncio.timeout(60):
                while True:  # until it listens
                    with suppress(OSError):
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                        writer.close()
                        break
                    await asyncio.sleep(0.05)
            yield alerts
    finally:
        process.terminate()
        await process.wait()


async def test_twenty_updates_are_one_notification_and_then_it_is_resolved(program, tmp_path):
    opened, *rest = a_story(at=now() - timedelta(hours=1))
    updates, resolved = rest[:20], rest[-2]
    async with (
        receiving(saying(200)) as sink,
        an_alertmanager(program, tmp_path, sink) as alerts,
    ):
        await alerts.deliver(opened, now())
        await until(lambda: sink.got)
        for each in updates:
            await alerts.deliver(each, now())
        await asyncio.sleep(1.2)  # three of its group intervals, in which it says nothing
        assert len(sink.got) == 1
        await alerts.deliver(resolved, now())
        await until(lambda: len(sink.got) > 1)
    first, last = (json.loads(message.body) for message in sink.got)
    assert (first["status"], last["status"]) == ("firing", "resolved")
    assert first["alerts"][0]["labels"]["incident"] == opened.incident_id
    assert first["alerts"][0]["fingerprint"] == last["alerts"][0]["fingerprint"]


async def test_with_a_limit_twenty_updates_are_still_one_notification(program, tmp_path):
    opened, *rest = a_story(at=now() - timedelta(hours=1))
    house = House(tmp_path / "ember.db", Clock())
    async with (
        receiving(saying(200)) as sink,
        an_alertmanager(program, tmp_path, sink) as alerts,
    ):
        dispatcher = house.sending({"ops": alerts}, channels={"ops": Channel(per_minute=1)})
        house.clock.now = now()
        await house.record(opened, *rest[:20])
        await dispatcher.drain()
        await until(lambda: sink.got)
        await house.record(rest[-2])
        tries = []
        for _ in range(3):
            house.clock.now += timedelta(minutes=1)
            await dispatcher.drain()
            tries.append(sum(row.attempts for row in await house.rows()))
        await until(lambda: len(sink.got) > 1)
        rows = await house.rows()
    house.writer.close()
    assert tries == [2, 2, 2]  # the opening and the resolution; the updates were overtaken
    assert {row.state for row in rows} == {DeliveryState.DELIVERED}
    assert [json.loads(message.body)["status"] for message in sink.got] == ["firing", "resolved"]


async def test_a_trial_is_understood(program, tmp_path):
    async with (
        receiving(saying(200)) as sink,
        an_alertmanager(program, tmp_path, sink) as alerts,
    ):
        assert (await alerts.deliver(trial_for("ops", now()), now())).answer.startswith("200")
        await until(lambda: sink.got)


async def test_what_is_no_alertmanager_failed(tmp_path):
    async with receiving(saying(404, b"page not found")) as other, a_network() as network:
        url = other.url.removesuffix("/hook")
        alerts = Alertmanager(Alertmanager.Options(url=url), network.outbound())
        with pytest.raises(DeliveryFailed, match="404: page not found"):
            await alerts.deliver(trial_for("ops", now()), now())
