"""Deliveries from a real outbox, over real sockets, to receivers that misbehave."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import standardwebhooks
import time_machine

from emberwatch.core.respond.brief import notification_for
from emberwatch.model.incident import Action
from emberwatch.model.notification import DeliveryState
from emberwatch.model.secret import Secret
from emberwatch.notifiers.webhook import Webhook
from emberwatch.ports import Ledger
from tests.integration.receiver import (
    cut_after_the_status,
    endless,
    given_up,
    hanging,
    in_turn,
    receiving,
    resetting,
    saying,
    trickling,
)
from tests.integration.sending import AT, SECRET, Clock, House, an_incident


@pytest.fixture
async def house(tmp_path):
    house = House(tmp_path / "ember.db", Clock())
    yield house
    await house.network.__aexit__(None, None, None)
    house.writer.close()


def verified(message, at):
    with time_machine.travel(at, tick=False):
        return standardwebhooks.Webhook(SECRET).verify(message.body, message.headers)


# ---------------------------------------------------------------- what arrives
async def test_what_is_owed_arrives_signed(house):
    async with receiving(saying(202, b"thanks")) as receiver:
        await house.owe("ops")
        assert await house.dispatcher(ops=receiver.url).drain()
    [message] = receiver.got
    row = await house.row()
    assert (row.state, row.last_answer) == (DeliveryState.DELIVERED, "202: thanks")
    assert verified(message, AT)["reason"] == "34 angry where 2.4 are usual: гняв 😡"
    assert verified(message, AT)["id"] == row.id == message.headers["webhook-id"]


async def test_a_receiver_that_fails_and_then_takes_it_is_counted_once(house):
    async with receiving(in_turn(*[saying(500)] * 3, saying(200))) as receiver:
        await house.owe("ops")
        dispatcher = house.dispatcher(ops=receiver.url)
        tried_at = []
        while (row := await house.row()).state is DeliveryState.WAITING:
            house.clock.now = row.next_try_at
            tried_at.append(row.next_try_at)
            await dispatcher.drain()
        await dispatcher.drain()
    assert len(set(receiver.ids)) == 1
    assert len(receiver.got) == row.attempts == 4
    gaps = [(b - a).total_seconds() for a, b in pairwise(tried_at)]
    assert gaps == [pytest.approx(seconds * 1.05) for seconds in (5, 15, 60)]
    for message, at in zip(receiver.got, tried_at, strict=True):
        verified(message, at)


async def test_a_receiver_down_for_four_days_gets_it_when_it_is_sent_again(house):
    async with receiving(in_turn(*[saying(503)] * 12, saying(200))) as receiver:
        await house.owe("ops")
        dispatcher = house.dispatcher(ops=receiver.url)
        while (row := await house.row()).state is DeliveryState.WAITING:
            house.clock.now = row.next_try_at
            await dispatcher.drain()
        assert row.state is DeliveryState.DEAD
        assert house.clock.now - AT > timedelta(hours=75)
        later = AT + timedelta(days=4)
        house.clock.now = later
        assert await house.writer.write(lambda to: to.revive([row.id], later)) == 1
        assert await dispatcher.drain()
    assert set(receiver.ids) == {row.id}
    verified(receiver.got[-1], later)


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("600", timedelta(minutes=10)),
        ("Mon, 04 May 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("315360000", timedelta(hours=1)),
        ("1", timedelta(seconds=5.25)),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_may_ask_for_up_to_an_hour(house, status, asked, waits):
    async with receiving(saying(status, retry_after=asked)) as receiver:
        await house.owe("ops")
        await house.dispatcher(ops=receiver.url).drain()
    assert (await house.row()).next_try_at == AT + waits


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_not_followed(house, status):
    async with (
        receiving(saying(200)) as elsewhere,
        receiving(saying(status, location=elsewhere.url)) as receiver,
    ):
        await house.owe("ops")
        assert not await house.dispatcher(ops=receiver.url).drain()
    assert elsewhere.got == []
    row = await house.row()
    assert (row.state, row.last_answer) == (DeliveryState.WAITING, str(status))


async def test_a_receiver_that_is_gone_is_disabled_until_it_is_enabled(house):
    async with receiving(in_turn(saying(410), saying(200))) as receiver:
        await house.owe("ops", incidents=9)
        dispatcher = house.dispatcher(ops=receiver.url)
        await dispatcher.drain()
        after = len(receiver.got)
        await dispatcher.drain()
        assert len(receiver.got) == after <= 4
        assert await house.writer.read(lambda look: look.disabled()) == {"ops": "410"}
        assert ("notifier:ops", True) in [(part, bool(why)) for part, why in house.told]
        await house.writer.write(lambda to: to.enable("ops", AT))
        assert await dispatcher.drain()
    assert {row.state for row in await house.rows()} == {DeliveryState.DELIVERED}
    assert len(set(receiver.ids)) == 9


# ---------------------------------------------------------------- sockets
@pytest.mark.parametrize(
    "fault", [given_up, resetting, cut_after_the_status], ids=["hangs", "resets", "is cut"]
)
async def test_a_receiver_that_breaks_is_tried_again_with_the_same_id(house, fault):
    async with receiving(in_turn(fault, saying(200))) as receiver:
        await house.owe("ops")
        dispatcher = house.dispatcher(ops=receiver.url)
        assert not await dispatcher.drain()
        row = await house.row()
        assert row.last_answer
        house.clock.now = row.next_try_at
        assert await dispatcher.drain()
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize("body", [endless, trickling])
async def test_a_body_without_an_end_is_left(house, body):
    async with receiving(body) as receiver:
        await house.owe("ops")
        before = time.process_time()
        assert await house.dispatcher(ops=receiver.url).drain()
        assert time.process_time() - before < 10
    row = await house.row()
    assert row.state is DeliveryState.DELIVERED
    assert len(row.last_answer) <= 200


async def test_a_body_of_100_megabytes_is_read_only_at_its_beginning(house):
    async def huge(writer):
        writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()

    async with receiving(huge) as receiver:
        await house.owe("ops")
        await house.dispatcher(ops=receiver.url).drain()
    assert (await house.row()).last_answer.startswith("500: xxx")


async def test_nobody_at_the_address_is_a_failure_that_names_no_secret(house):
    async with receiving(saying(200)) as receiver:
        port = receiver.port
    await house.owe("ops")
    await house.dispatcher(ops=f"http://127.0.0.1:{port}/canary?token=canary").drain()
    row = await house.row()
    assert row.state is DeliveryState.WAITING
    assert f"127.0.0.1:{port}" in row.last_answer
    assert "canary" not in row.last_answer
    assert b"canary" not in house.path.read_bytes()


# ---------------------------------------------------------------- independence
async def test_ten_receivers_that_hang_delay_no_other(house):
    async with receiving(hanging) as dead, receiving(saying(200)) as well:
        names = [f"dead{number}" for number in range(10)]
        await house.owe(*names, "well", incidents=5)
        dispatcher = house.dispatcher(**dict.fromkeys(names, dead.url), well=well.url)
        run = asyncio.create_task(dispatcher.run())
        async with asyncio.timeout(20):
            while len(well.got) < 5:
                await asyncio.sleep(0.01)
        states = {row.state for row in await house.rows("dead0")}
        await dispatcher.stop(0.0)
        await run
    assert states == {DeliveryState.WAITING}


# ---------------------------------------------------------------- crashes
async def test_a_crash_between_the_answer_and_the_note_sends_it_again_under_its_id(tmp_path):
    async with receiving(saying(200)) as receiver:
        house = House(tmp_path / "ember.db", Clock())
        await house.owe("ops")
        [taken] = await house.writer.write(lambda to: to.claim(AT, timedelta(minutes=2), 9, "ops"))
        options = Webhook.Options(url=receiver.url, secret=Secret(SECRET))
        await Webhook(options, house.network.outbound()).deliver(taken, AT)
        house.writer.close()

        house = House(tmp_path / "ember.db", Clock())
        house.clock.now = restarted_at = AT + timedelta(seconds=3)
        await house.writer.write(lambda to: to.release())
        assert await house.dispatcher(ops=receiver.url).drain()
        assert await house.dispatcher(ops=receiver.url).drain()
        house.writer.close()
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    verified(second, restarted_at)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


async def test_what_a_process_took_and_lost_comes_back_when_its_lease_has_passed(house):
    async with receiving(saying(200)) as receiver:
        await house.owe("ops")
        await house.writer.write(lambda to: to.claim(AT, timedelta(minutes=2), 9))
        dispatcher = house.dispatcher(ops=receiver.url)
        await dispatcher.drain()
        assert receiver.got == []
        house.clock.now = AT + timedelta(minutes=2)
        await dispatcher.drain()
        assert len(receiver.got) == 1


# ---------------------------------------------------------------- the state that is told
async def test_messages_that_arrive_in_any_order_tell_which_is_newest(house):
    async with receiving(in_turn(saying(500), saying(200))) as receiver:
        opened = an_incident("inc_0")
        await house.owe("ops")
        dispatcher = house.dispatcher(ops=receiver.url)
        await dispatcher.drain()
        resolved = replace(opened, sequence=2)
        owed = notification_for(resolved, Action.RESOLVED, "ops", AT, by="Ann")
        ledger = Ledger(incidents=(resolved,), notifications=(owed,))
        await house.writer.write(lambda to: to.record(ledger))
        await dispatcher.drain()
        house.clock.now = AT + timedelta(minutes=1)
        await dispatcher.drain()
    sequences = [json.loads(message.body)["sequence"] for message in receiver.got]
    assert sequences == [1, 2, 1]
