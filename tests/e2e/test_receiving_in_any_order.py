"""A receiver understands by `sequence` what arrives in any order (fault 35, advice A6)."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from itertools import permutations
from pathlib import Path

import pytest

from emberwatch.model.notification import DeliveryState, Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.webhook import Webhook
from emberwatch.ports import Answer, Outgoing
from emberwatch.runtime.wiring import now
from tests.e2e.fediverse import free_port
from tests.e2e.receiver import SECRET
from tests.e2e.transcript import blocks
from tests.telling import a_story


class Posting:
    """Posts to a receiver on this machine, until it listens."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def post(self, message: Outgoing) -> Answer:
        async with asyncio.timeout(60):
            while True:
                try:
                    return self._post(message)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)

    def _post(self, message: Outgoing) -> Answer:
        line = HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            line.request("POST", "/", message.body, dict(message.headers))
            status = line.getresponse().status
        finally:
            line.close()
        return Answer(status=status, headers={}, body=b"", url=message.url, received_at=now())


@pytest.fixture(scope="module")
def receiver(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Run the receiver of the guide; yield its folder and its port."""
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    page = (root / "docs" / "how-to" / "receive-webhooks.md").read_text()
    (program,) = (block.body for block in blocks(page) if block.name == "receiver.py")
    (folder / "receiver.py").write_text(program)
    process = subprocess.Popen(
        [sys.executable, "receiver.py", str(port)],
        cwd=folder,
        env={**os.environ, "EMBER_SECRET": SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield folder, port
    process.terminate()
    process.wait(timeout=20)


def told(row: Notification, incident: str) -> Notification:
    """Return the same message about an incident of another id."""
    payload = json.loads(row.payload)
    payload["id"] = id = f"msg_{incident}_{row.sequence}"
    payload["incident"]["id"] = incident
    return replace(
        row, id=id, payload=json.dumps(payload), state=DeliveryState.WAITING, incident_id=incident
    )


async def test_whatever_arrives_first_the_newest_state_is_kept(
    receiver: tuple[Path, int],
) -> None:
    folder, port = receiver
    opened, updated, *_, resolved, _ = a_story()
    options = Webhook.Options(url=f"http://127.0.0.1:{port}/", secret=Secret(SECRET))
    webhook = Webhook(options, Posting(port))
    orders = list(permutations([opened, updated, resolved]))
    for number, order in enumerate(orders):
        for row in (*order, order[0]):  # and the first one twice, as at-least-once allows
            await webhook.deliver(told(row, f"inc_{number}"), now())
    inbox = sqlite3.connect(folder / "inbox.db")
    incidents = inbox.execute("SELECT sequence, status FROM incidents").fetchall()
    messages = inbox.execute("SELECT count(*) FROM messages").fetchone()
    inbox.close()
    assert incidents == [(resolved.sequence, "resolved")] * len(orders)
    assert messages == (3 * len(orders),)
