"""Limits, digests and stand-ins, from a real outbox to real receivers (advice A6, fault 38)."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.core.respond.pacing import Channel
from emberwatch.model.incident import Action, Severity, Status
from emberwatch.model.notification import DeliveryState
from emberwatch.model.secret import Secret
from emberwatch.notifiers.pagerduty import PagerDuty
from emberwatch.notifiers.slack import Slack
from tests.integration.receiver import hanging, in_turn, receiving, saying
from tests.integration.sending import Clock, House, an_incident

MINUTE = timedelta(minutes=1)
POSTED = saying(200, b'{"ok": true, "channel": "C9", "ts": "17.5"}')


@pytest.fixture
async def house(tmp_path):
    house = House(tmp_path / "ember.db", Clock())
    yield house
    await house.network.__aexit__(None, None, None)
    house.writer.close()


def a_storm(count=500):
    """Every hundredth incident is critical, every fifth is of another brand."""
    return [
        an_incident(
            f"inc_{number:03}",
            brand="Beta" if number % 5 == 4 else "Acme",
            severity=Severity.CRITICAL if number % 100 == 99 else Severity.WARNING,
        )
        for number in range(count)
    ]


def a_slack(house, receiver):
    how = {"token": Secret("xoxb-1"), "channel": "C1", "api": receiver.url}
    return Slack(Slack.Options(**how), house.network.outbound())


def a_pagerduty(house, receiver):
    options = PagerDuty.Options(routing_key=Secret("a1" * 16), url=receiver.url)
    return PagerDuty(options, house.network.outbound())


async def drained_minute_by_minute(house, dispatcher, receivers):
    """Deliver until nothing waits; return how many messages each receiver got in each minute."""
    got = []
    while True:
        before = [len(receiver.got) for receiver in receivers]
        await dispatcher.drain()
        got.append([len(r.got) - n for r, n in zip(receivers, before, strict=True)])
        if all(row.state is DeliveryState.DELIVERED for row in await house.rows()):
            return got
        house.clock.now += MINUTE


async def test_a6_of_500_incidents_at_once_none_is_lost_and_no_limit_is_broken(house):
    async with receiving(POSTED) as chat, receiving(saying(200)) as hook:
        incidents = a_storm()
        await house.open(incidents, "chat", "hook")
        dispatcher = house.sending(
            {"chat": a_slack(house, chat), "hook": house.webhook(hook.url)},
            channels={"chat": Channel(per_minute=20, takes_digests=True)},
        )
        minutes = await drained_minute_by_minute(house, dispatcher, (chat, hook))
    ids = {incident.id for incident in incidents}
    # the chat: nineteen by themselves, all the others in one message; a machine gets them all
    assert minutes == [[20, 500]]
    assert {json.loads(message.body)["incident"]["id"] for message in hook.got} == ids
    # nothing is lost: each incident's message is listed, and says by what it was told
    rows = await house.rows("chat")
    [digest] = [row for row in rows if row.is_digest]
    assert len(rows) == 501
    assert Counter(row.told_by for row in rows) == {"": 20, digest.id: 481}
    assert {row.incident_id for row in rows if not row.is_digest} == ids
    assert all(row.delivered_at is not None for row in rows)


async def test_a_machine_with_a_limit_gets_every_incident_at_its_pace(house):
    async with receiving(saying(202)) as duty:
        incidents = a_storm(50)
        await house.open(incidents, "duty")
        dispatcher = house.sending(
            {"duty": a_pagerduty(house, duty)}, channels={"duty": Channel(per_minute=20)}
        )
        minutes = await drained_minute_by_minute(house, dispatcher, (duty,))
    assert minutes == [[20], [20], [10]]
    keys = [json.loads(message.body)["dedup_key"] for message in duty.got]
    assert sorted(keys) == [incident.id for incident in incidents]


async def test_a_digest_counts_what_it_tells_and_the_gravest_leave_first(house):
    async with receiving(POSTED) as chat:
        await house.open(a_storm(), "chat")
        dispatcher = house.sending(
            {"chat": a_slack(house, chat)},
            channels={"chat": Channel(per_minute=20, takes_digests=True)},
        )
        await dispatcher.drain()
    titles = [json.loads(message.body)["blocks"][0]["text"]["text"] for message in chat.got]
    assert sum("critical" in title for title in titles[:5]) == 5
    [digest] = [
        json.loads(message.body) for message in chat.got if b"481 more incidents" in message.body
    ]
    assert "Acme 388, Beta 93" in json.dumps(digest["blocks"])
    assert "emberwatch delivery list --told-by msg_" in json.dumps(digest["blocks"])


async def test_an_update_of_an_incident_that_a_digest_told_is_a_message_of_its_own(house):
    async with receiving(POSTED) as chat:
        await house.open(a_storm(9), "chat")
        dispatcher = house.sending(
            {"chat": a_slack(house, chat)},
            channels={"chat": Channel(per_minute=3, takes_digests=True)},
        )
        await dispatcher.drain()
        house.clock.now += MINUTE
        later = replace(an_incident("inc_008"), sequence=2)
        await house.open([later], "chat", action=Action.UPDATED)
        assert await dispatcher.drain()
    assert len(chat.got) == 4
    assert chat.got[-1].path.endswith("chat.postMessage")


async def test_twenty_updates_in_a_full_minute_change_a_message_once(house):
    async with receiving(POSTED) as chat:
        opened = an_incident("inc_1")
        await house.open([opened], "chat")
        for sequence in range(2, 22):
            await house.open([replace(opened, sequence=sequence)], "chat", action=Action.UPDATED)
        dispatcher = house.sending(
            {"chat": a_slack(house, chat)},
            channels={"chat": Channel(per_minute=20, takes_digests=True)},
        )
        assert await dispatcher.drain()
    assert [message.path.rpartition("/")[2] for message in chat.got] == [
        "chat.postMessage",
        "chat.update",
    ]
    rows = await house.rows()
    assert {row.state for row in rows} == {DeliveryState.DELIVERED}
    assert sum("sequence 21" in row.last_answer for row in rows) == 19


async def test_a_digest_that_fails_is_tried_again_and_its_incidents_wait_for_it(house):
    async with receiving(in_turn(*[saying(500)] * 3, POSTED)) as chat:
        await house.open(a_storm(40), "chat")
        dispatcher = house.sending(
            {"chat": a_slack(house, chat)},
            channels={"chat": Channel(per_minute=1, takes_digests=True)},
        )
        await dispatcher.drain()
        rows = await house.rows()
        assert {row.state for row in rows} == {DeliveryState.WAITING}
        for _ in range(3):
            house.clock.now += 2 * MINUTE
            await dispatcher.drain()
        rows = await house.rows()
    assert {row.state for row in rows} == {DeliveryState.DELIVERED}
    assert len(chat.got) == 4


async def test_what_is_resolved_is_not_opened_again_by_a_message_that_comes_late(house):
    # fault 35: the opening fails, the resolution gets through, the opening comes due again
    async with receiving(in_turn(saying(500), saying(202))) as duty:
        opened = an_incident("inc_1")
        await house.open([opened], "duty")
        dispatcher = house.sending({"duty": a_pagerduty(house, duty)})
        await dispatcher.drain()
        resolved = replace(opened, sequence=2, status=Status.RESOLVED)
        await house.open([resolved], "duty", action=Action.RESOLVED)
        await dispatcher.drain()
        house.clock.now += MINUTE
        assert await dispatcher.drain()
    actions = [json.loads(message.body)["event_action"] for message in duty.got]
    assert actions == ["trigger", "resolve"]
    assert "sequence 2" in (await house.rows())[0].last_answer


# ---------------------------------------------------------------- who stands in
async def test_a6_a_refusal_for_good_is_told_to_the_notifier_that_stands_in(house):
    async with receiving(saying(410)) as gone, receiving(saying(200)) as backup:
        await house.open(a_storm(30), "ops")
        dispatcher = house.sending(
            {"ops": house.webhook(gone.url), "backup": house.webhook(backup.url)},
            channels={"ops": Channel(fallback="backup")},
        )
        await dispatcher.drain()
        await house.open([an_incident("inc_late")], "ops")
        await dispatcher.drain()
    told = [json.loads(message.body) for message in backup.got]
    assert {each["incident"]["id"] for each in told} == {
        *(incident.id for incident in a_storm(30)),
        "inc_late",
    }
    assert all(each["instead_of"]["notifier"] == "ops" for each in told)
    assert told[0]["id"] == backup.got[0].headers["webhook-id"]
    originals = await house.rows("ops")
    assert {row.state for row in originals} == {DeliveryState.HELD}
    assert {row.handed_to for row in originals} == {"backup"}


async def test_a_notifier_that_fails_for_two_minutes_is_stood_in_for_and_tried_on(house):
    async with receiving(saying(503, b"down")) as broken, receiving(saying(200)) as backup:
        await house.owe("ops")
        dispatcher = house.sending(
            {"ops": house.webhook(broken.url), "backup": house.webhook(backup.url)},
            channels={"ops": Channel(fallback="backup")},
        )
        for _ in range(4):
            await dispatcher.drain()
            house.clock.now = (await house.rows("ops"))[0].next_try_at
        assert backup.got == []
        await dispatcher.drain()
        await dispatcher.drain()
    [message] = backup.got
    assert json.loads(message.body)["instead_of"] == {"notifier": "ops", "why": "503: down"}
    [original] = await house.rows("ops")
    assert original.state is DeliveryState.WAITING


async def test_a_crash_while_handing_over_tells_the_stand_in_once(tmp_path):
    async with receiving(saying(410)) as gone, receiving(saying(200)) as backup:
        for _ in range(2):
            house = House(tmp_path / "ember.db", Clock())
            await house.writer.write(lambda to: to.release())
            await house.owe("ops")
            dispatcher = house.sending(
                {"ops": house.webhook(gone.url), "backup": house.webhook(backup.url)},
                channels={"ops": Channel(fallback="backup")},
            )
            await dispatcher.drain()
            await house.network.__aexit__(None, None, None)
            house.writer.close()
    assert len(backup.got) == 1


# ---------------------------------------------------------------- independence
async def test_a6_ten_receivers_that_hang_do_not_delay_an_eleventh(tmp_path):
    # fault 31: p99 to a healthy receiver under 2 s while ten others hang
    house = House(tmp_path / "ember.db", Clock())
    async with receiving(hanging) as dead, receiving(saying(200)) as well:
        names = [f"dead{number}" for number in range(10)]
        notifiers = {name: house.webhook(dead.url) for name in names}
        dispatcher = house.sending({**notifiers, "well": house.webhook(well.url)})
        run = asyncio.create_task(dispatcher.run())
        waits = []
        for number in range(50):
            await house.open([an_incident(f"inc_{number}")], *names, "well")
            turns, before = 0, len(well.got)
            dispatcher.wake()
            async with asyncio.timeout(20):
                while len(well.got) == before:
                    await asyncio.sleep(0.002)
                    turns += 1
            waits.append(turns * 0.002)  # what a busy machine holds up counts for nobody
        await dispatcher.stop(0.0)
        await run
        assert {row.state for row in await house.rows("dead0")} == {DeliveryState.WAITING}
        await house.network.__aexit__(None, None, None)
        house.writer.close()
    assert max(waits) < 2.0  # of fifty, so p99 is the slowest
