"""The dispatcher: claim, deliver, settle, and who is told when it does not get through."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from emberwatch.core.respond.backoff import PATIENCE, Backoff
from emberwatch.core.respond.pacing import Channel
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused, StoreBusy, StoreFailed
from emberwatch.model.notification import DeliveryState, Notification
from emberwatch.model.secret import Secret
from emberwatch.ports import Ledger, Receipt
from emberwatch.runtime.dispatcher import MOST_IN_FLIGHT, Dispatcher
from emberwatch.store.memory import MemoryStore

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Outbox:
    """A store in memory that may be busy or broken, and what it owes."""

    def __init__(self, *rows):
        self._store = MemoryStore()
        self.busy = 0
        self.failure = None
        self.owe(*rows)

    async def write(self, work):
        self._may_fail()
        with self._store.writing() as outbox:
            return work(outbox)

    async def read(self, work):
        self._may_fail()
        with self._store.reading() as look:
            return work(look)

    def _may_fail(self):
        if self.failure:
            raise self.failure
        if self.busy:
            self.busy -= 1
            raise StoreBusy("the database is locked")

    def owe(self, *rows):
        with self._store.writing() as outbox:
            outbox.record(Ledger(notifications=rows))

    def give_back(self):
        """Give back every lease; return how many there were."""
        with self._store.writing() as outbox:
            return outbox.release()

    @property
    def rows(self):
        with self._store.reading() as look:
            return {row.id: row for row in look.notifications()}

    @property
    def off(self):
        with self._store.reading() as look:
            return look.disabled()


class Receiver:
    """A notifier that does as told, one thing a try, the last for ever."""

    kind = "told"
    Options = object
    shows_latest = False
    handle = ""

    def __init__(self, *does):
        self._does = list(does) or ["ok"]
        self.got = []
        self.handles = []
        self.at_once = 0
        self.most_at_once = 0

    async def deliver(self, notification, at):
        self.got.append((notification.id, at))
        self.handles.append(notification.handle)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            does = self._does.pop(0) if len(self._does) > 1 else self._does[0]
            if isinstance(does, Exception):
                raise does
            if isinstance(does, asyncio.Event):
                await does.wait()
            await asyncio.sleep(0)
            return Receipt(answer="200", handle=self.handle)
        finally:
            self.at_once -= 1

    @property
    def ids(self):
        return [id for id, _ in self.got]


class Told:
    """What people were told of parts."""

    def __init__(self):
        self.words = []

    async def __call__(self, part, why):
        self.words.append((part, why))


class Clock:
    def __init__(self):
        self.now = AT

    def __call__(self):
        return self.now


def owed(id="msg_1", notifier="ops", incident="inc_1", **facts):
    facts = {"payload": "{}", "created_at": AT, "next_try_at": AT, "sequence": 1, **facts}
    return Notification(
        id=id, incident_id=incident, notifier=notifier, type="incident.opened", **facts
    )


def many(count, notifier="ops", **facts):
    return [
        owed(f"msg_{notifier}_{n:03}", notifier, facts.get("incident", f"inc_{n}"))
        for n in range(count)
    ]


def a_dispatcher(outbox, told=None, clock=None, **facts):
    notifiers = facts.pop("notifiers", None) or {"ops": facts.pop("ops", None) or Receiver()}
    return Dispatcher(
        notifiers=notifiers,
        write=outbox.write,
        read=outbox.read,
        clock=clock or Clock(),
        chance=facts.pop("chance", lambda: 0.0),
        on_part=told or Told(),
        look_every=facts.pop("look_every", 0.01),
        **facts,
    )


async def until(is_so):
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.001)


class Running:
    """A dispatcher at work, stopped at the end of the block."""

    def __init__(self, dispatcher, within=5.0):
        self._dispatcher = dispatcher
        self._within = within

    async def __aenter__(self):
        self._task = asyncio.create_task(self._dispatcher.run())
        return self._dispatcher

    async def __aexit__(self, *_):
        await self._dispatcher.stop(self._within)
        await self._task


# ---------------------------------------------------------------- drain
async def test_what_is_due_is_delivered_and_noted():
    outbox, ops = Outbox(owed()), Receiver()
    assert await a_dispatcher(outbox, ops=ops).drain()
    row = outbox.rows["msg_1"]
    assert (row.state, row.attempts, row.delivered_at) == (DeliveryState.DELIVERED, 1, AT)
    assert row.last_answer == "200"
    assert outbox.give_back() == 0


async def test_what_is_not_due_is_left():
    outbox, ops = Outbox(owed(next_try_at=AT + timedelta(seconds=1))), Receiver()
    assert await a_dispatcher(outbox, ops=ops).drain()
    assert ops.got == []


async def test_a_failure_is_due_again_after_the_gap():
    outbox = Outbox(owed())
    assert not await a_dispatcher(outbox, ops=Receiver(DeliveryFailed("500: oh"))).drain()
    row = outbox.rows["msg_1"]
    assert (row.state, row.next_try_at) == (DeliveryState.WAITING, AT + timedelta(seconds=5))
    assert row.last_answer == "500: oh"


async def test_a_receiver_may_ask_for_longer():
    outbox = Outbox(owed())
    busy = Receiver(DeliveryFailed("429", retry_after=timedelta(minutes=9)))
    await a_dispatcher(outbox, ops=busy, chance=lambda: 0.99).drain()
    assert outbox.rows["msg_1"].next_try_at == AT + timedelta(minutes=9)


async def test_chance_lengthens_the_gap():
    outbox = Outbox(owed())
    await a_dispatcher(outbox, ops=Receiver(DeliveryFailed("500")), chance=lambda: 0.5).drain()
    assert outbox.rows["msg_1"].next_try_at == AT + timedelta(seconds=5.25)


async def test_the_whole_schedule_is_kept_and_then_given_up():
    outbox, clock, told = Outbox(owed()), Clock(), Told()
    ops = Receiver(DeliveryFailed("500"))
    dispatcher = a_dispatcher(outbox, told, clock, ops=ops)
    while (row := outbox.rows["msg_1"]).state is DeliveryState.WAITING:
        clock.now = row.next_try_at
        await dispatcher.drain()
    tried_at = [at for _, at in ops.got]
    gaps = [later - earlier for earlier, later in pairwise(tried_at)]
    assert (AT, *gaps) == (tried_at[0], *PATIENCE.gaps[1:])
    assert tried_at[-1] - AT > timedelta(hours=75)
    assert (row.state, row.attempts) == (DeliveryState.DEAD, 12)
    assert ops.ids == ["msg_1"] * 12
    assert [part for part, _ in told.words] == ["notifier:ops"] * 2
    assert "given up" in told.words[-1][1]


async def test_a_refusal_disables_the_notifier_and_is_told():
    outbox, told = Outbox(*many(9)), Told()
    ops = Receiver(DeliveryRefused("410: gone"))
    assert not await a_dispatcher(outbox, told, ops=ops).drain()
    assert outbox.off == {"ops": "410: gone"}
    assert len(ops.got) <= MOST_IN_FLIGHT
    assert {outbox.rows[id].state for id in ops.ids} == {DeliveryState.HELD}
    [(part, why)] = told.words
    assert part == "notifier:ops"
    assert "410: gone" in why


async def test_a_dead_receiver_is_left_alone_after_a_round():
    outbox, ops = Outbox(*many(50)), Receiver(DeliveryFailed("500"))
    await a_dispatcher(outbox, ops=ops).drain()
    assert len(ops.got) == MOST_IN_FLIGHT


async def test_a_receiver_that_is_back_is_soon_told_what_it_failed_to_take():
    clock = Clock()
    late = {"attempts": 8, "first_try_at": AT, "next_try_at": AT + timedelta(hours=10)}
    outbox = Outbox(owed("msg_1", **late), owed("msg_2", incident="inc_2", **late))
    clock.now = AT + timedelta(hours=3)
    outbox.owe(owed("msg_3", incident="inc_3", next_try_at=clock.now))
    ops = Receiver()
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops)
    assert await dispatcher.drain()
    assert ops.ids == ["msg_3", "msg_1", "msg_2"]


async def test_what_waits_for_a_receiver_that_is_back_leaves_by_its_limit():
    clock = Clock()
    late = {"attempts": 8, "first_try_at": AT, "next_try_at": AT + timedelta(hours=10)}
    rows = [owed(f"msg_{n}", incident=f"inc_{n}", **late) for n in range(3)]
    outbox = Outbox(*rows, owed("msg_new", incident="inc_new"))
    ops = Receiver()
    channels = {"ops": Channel(per_minute=2)}
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops, channels=channels)
    counts = []
    for _ in range(3):
        await dispatcher.drain()
        counts.append(len(ops.got))
        clock.now += timedelta(minutes=1)
    assert counts == [2, 4, 4]


async def test_a_message_that_fails_beside_others_keeps_its_own_gaps():
    clock = Clock()
    wrong = DeliveryFailed("500")
    outbox, ops = Outbox(owed("msg_bad", attempts=4)), Receiver(wrong, "ok", wrong, "ok", wrong)
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops)
    await dispatcher.drain()
    tried = [outbox.rows["msg_bad"].next_try_at - clock.now]
    for n in range(2):
        clock.now += timedelta(seconds=1)
        outbox.owe(owed(f"msg_{n}", incident=f"inc_{n}"))
        await dispatcher.drain()
        tried.append(outbox.rows["msg_bad"].attempts)
    assert tried == [timedelta(minutes=30), 6, 6]


async def test_a_receiver_that_asks_for_time_is_sent_nothing_at_all():
    clock = Clock()
    outbox = Outbox(owed("msg_1"))
    ops = Receiver(DeliveryFailed("429", retry_after=timedelta(minutes=10)), "ok")
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops)
    assert not await dispatcher.drain()
    outbox.owe(owed("msg_2", incident="inc_2"))
    clock.now += timedelta(minutes=9, seconds=59)
    async with Running(dispatcher):
        await dispatcher.drain()
        assert ops.ids == ["msg_1"]
        clock.now += timedelta(seconds=1)
        await until(lambda: len(ops.ids) == 3)
    assert sorted(ops.ids[1:]) == ["msg_1", "msg_2"]


async def test_what_was_taken_already_waits_too_when_the_receiver_asks_for_time():
    clock = Clock()
    outbox = Outbox(owed("msg_1"), owed("msg_2", sequence=2))
    ops = Receiver(DeliveryFailed("429", retry_after=timedelta(days=1)), "ok")
    await a_dispatcher(outbox, clock=clock, ops=ops).drain()
    assert ops.ids == ["msg_1"]
    rows = outbox.rows
    assert [rows[id].next_try_at - AT for id in ("msg_1", "msg_2")] == [
        timedelta(hours=1),
        timedelta(0),
    ]
    assert [rows[id].attempts for id in ("msg_1", "msg_2")] == [1, 0]


async def test_what_waits_for_a_receiver_that_asks_for_an_hour_goes_to_who_stands_in():
    clock, gate = Clock(), asyncio.Event()
    ops, backup = Receiver(gate, DeliveryFailed("429", retry_after=timedelta(hours=1))), Receiver()
    channels = {"ops": Channel(fallback="backup")}
    outbox = Outbox(owed("msg_1"))
    both = {"ops": ops, "backup": backup}
    dispatcher = a_dispatcher(outbox, clock=clock, notifiers=both, channels=channels)
    async with Running(dispatcher):
        await until(lambda: ops.ids == ["msg_1"])
        outbox.owe(owed("msg_2", incident="inc_2"))
        await until(lambda: outbox.rows["msg_2"].attempts == 1)
        clock.now += timedelta(seconds=1)
        gate.set()  # something got through since the try that failed
        await until(lambda: outbox.rows["msg_1"].state is DeliveryState.DELIVERED)
        outbox.owe(owed("msg_3", incident="inc_3", next_try_at=clock.now))
        clock.now += timedelta(minutes=1)
        outbox.owe(owed("msg_4", incident="inc_4", next_try_at=clock.now))
        clock.now += timedelta(minutes=1)
        dispatcher.wake()
        await until(lambda: len(backup.got) == 2)
    assert ops.ids == ["msg_1", "msg_2"]
    rows = outbox.rows
    assert [rows[f"msg_{n}"].handed_to for n in (2, 3, 4)] == ["backup", "backup", ""]


async def test_a_run_that_tries_what_is_due_sends_what_it_hurried_however_late_it_is():
    clock = Clock()
    late = {"attempts": 8, "first_try_at": AT, "next_try_at": AT + timedelta(hours=10)}
    outbox = Outbox(owed("msg_old", incident="inc_old", **late))
    clock.now = AT + timedelta(hours=3)
    outbox.owe(owed("msg_new", next_try_at=clock.now))

    class Slow(Receiver):
        async def deliver(self, notification, at):
            clock.now += timedelta(seconds=2)
            return await super().deliver(notification, at)

    ops = Slow()
    assert await a_dispatcher(outbox, clock=clock, ops=ops).drain()
    assert ops.ids == ["msg_new", "msg_old"]


async def test_a_success_in_flight_hurries_nothing_before_the_time_that_was_asked_for():
    clock, gate = Clock(), asyncio.Event()
    late = {"attempts": 8, "first_try_at": AT, "next_try_at": AT + timedelta(hours=10)}
    outbox = Outbox(owed("msg_old", incident="inc_old", **late), owed("msg_1"))
    ops = Receiver(gate, DeliveryFailed("429", retry_after=timedelta(minutes=10)))
    async with Running(a_dispatcher(outbox, clock=clock, ops=ops)):
        await until(lambda: ops.ids == ["msg_1"])
        outbox.owe(owed("msg_2", incident="inc_2"))
        await until(lambda: outbox.rows["msg_2"].attempts == 1)
        gate.set()
        await until(lambda: outbox.rows["msg_1"].state is DeliveryState.DELIVERED)
    assert outbox.rows["msg_old"].next_try_at == AT + timedelta(minutes=10)


async def test_a_clock_that_is_set_back_leaves_no_receiver_alone_for_ever():
    clock = Clock()
    outbox = Outbox(owed())
    ops = Receiver(DeliveryFailed("429", retry_after=timedelta(minutes=10)), "ok")
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops)
    await dispatcher.drain()
    clock.now = AT - timedelta(days=365)
    outbox.owe(owed("msg_2", incident="inc_2", next_try_at=clock.now))
    await dispatcher.drain()
    assert ops.ids[:2] == ["msg_1", "msg_2"]


async def test_a_process_that_begins_anew_leaves_alone_whoever_asked_for_time():
    clock, outbox = Clock(), Outbox(owed("msg_1"))
    busy = Receiver(DeliveryFailed("429", retry_after=timedelta(minutes=10)))
    await a_dispatcher(outbox, clock=clock, ops=busy).drain()
    outbox.owe(owed("msg_2", incident="inc_2"))
    ops = Receiver()
    anew = a_dispatcher(outbox, clock=clock, ops=ops)
    clock.now += timedelta(minutes=9, seconds=59)
    await anew.drain()
    assert ops.ids == []
    clock.now += timedelta(seconds=1)
    await anew.drain()
    assert sorted(ops.ids) == ["msg_1", "msg_2"]


async def test_a_watch_that_begins_anew_goes_on_where_the_one_before_stood():
    clock, outbox = Clock(), Outbox(owed("msg_1"), owed("msg_2", "chat"))
    limit = {"chat": Channel(per_minute=1)}
    busy = Receiver(DeliveryFailed("429", retry_after=timedelta(minutes=10)))
    before = {"ops": busy, "chat": Receiver()}
    await a_dispatcher(outbox, clock=clock, notifiers=before, channels=limit).drain()
    outbox.owe(owed("msg_3", incident="inc_2"), owed("msg_4", "chat"), owed("msg_5", "mail"))
    ops, chat, mail = Receiver(), Receiver(), Receiver()
    anew = {"ops": ops, "chat": chat, "mail": mail}
    async with Running(a_dispatcher(outbox, clock=clock, notifiers=anew, channels=limit)):
        await until(lambda: mail.ids)
    assert (ops.ids, chat.ids) == ([], [])


async def test_a_process_whose_clock_was_set_back_does_not_wait_for_what_was_asked_before():
    clock, outbox = Clock(), Outbox(owed("msg_1"))
    busy = Receiver(DeliveryFailed("429", retry_after=timedelta(minutes=10)))
    await a_dispatcher(outbox, clock=clock, ops=busy).drain()
    clock.now -= timedelta(days=1)
    outbox.owe(owed("msg_2", next_try_at=clock.now))
    ops = Receiver()
    await a_dispatcher(outbox, clock=clock, ops=ops).drain()
    assert ops.ids == ["msg_2"]


async def test_one_bad_message_does_not_hold_back_the_others():
    outbox, ops = Outbox(*many(9)), Receiver(DeliveryFailed("400"), "ok")
    assert not await a_dispatcher(outbox, ops=ops).drain()
    states = [row.state for row in outbox.rows.values()]
    assert states.count(DeliveryState.DELIVERED) == 8


async def test_a_notifier_that_crashes_has_failed():
    outbox = Outbox(owed())
    await a_dispatcher(outbox, ops=Receiver(KeyError("no such\nfield"))).drain()
    row = outbox.rows["msg_1"]
    assert (row.state, row.last_answer) == (DeliveryState.WAITING, "KeyError: 'no such\\nfield'")


async def test_a_secret_in_an_error_is_not_kept():
    outbox = Outbox(owed())
    crash = ValueError("bad url https://x/?token=canary")
    await a_dispatcher(outbox, ops=Receiver(crash), secrets=[Secret("canary"), Secret("")]).drain()
    assert outbox.rows["msg_1"].last_answer == "ValueError: bad url https://x/?token=***"


async def test_a_key_in_an_address_that_an_error_names_is_not_kept():
    outbox = Outbox(owed())
    crash = ValueError("bad url https://me:canary@x/?a=1&token=canary")
    await a_dispatcher(outbox, ops=Receiver(crash)).drain()
    assert outbox.rows["msg_1"].last_answer == "ValueError: bad url https://***@x/?a=1&token=***"


async def test_a_secret_of_a_new_configuration_is_not_kept():
    outbox, ops = Outbox(owed()), Receiver(DeliveryFailed("canary"))
    dispatcher = a_dispatcher(outbox)
    dispatcher.use({"ops": ops}, [Secret("canary")])
    await dispatcher.drain()
    assert outbox.rows["msg_1"].last_answer == "***"


async def test_a_receiver_that_hangs_has_failed():
    outbox = Outbox(owed())
    await a_dispatcher(outbox, ops=Receiver(asyncio.Event()), deadline=0.01).drain()
    assert outbox.rows["msg_1"].last_answer == "no answer within 0.01 seconds"


async def test_messages_of_one_incident_leave_in_their_order():
    outbox, ops = Outbox(*many(9, incident="inc_1")), Receiver()
    await a_dispatcher(outbox, ops=ops).drain()
    assert ops.most_at_once == 1
    assert ops.ids == sorted(ops.ids)


async def test_messages_of_several_incidents_leave_together_but_not_too_many():
    outbox, ops = Outbox(*many(30)), Receiver()
    await a_dispatcher(outbox, ops=ops).drain()
    assert ops.most_at_once == MOST_IN_FLIGHT
    assert len(ops.got) == 30


async def test_a_damaged_database_is_not_waited_for():
    outbox = Outbox(owed())
    outbox.failure = StoreFailed("damaged")
    with pytest.raises(StoreFailed):
        await a_dispatcher(outbox).drain()


async def test_damage_found_while_settling_ends_the_drain():
    outbox, go = Outbox(owed()), asyncio.Event()
    ops = Receiver(go)
    drain = asyncio.create_task(a_dispatcher(outbox, ops=ops).drain())
    await until(lambda: ops.got)
    outbox.failure = StoreFailed("damaged")
    go.set()
    with pytest.raises(StoreFailed):
        await drain


# ---------------------------------------------------------------- run
async def test_a_wake_delivers_at_once():
    outbox, ops = Outbox(), Receiver()
    async with Running(a_dispatcher(outbox, ops=ops, look_every=3600)) as dispatcher:
        await asyncio.sleep(0)
        outbox.owe(owed())
        dispatcher.wake()
        await until(lambda: ops.got)
    assert ops.ids == ["msg_1"]


async def test_what_another_process_owes_is_found():
    outbox, ops = Outbox(), Receiver()
    async with Running(a_dispatcher(outbox, ops=ops)):
        await asyncio.sleep(0)
        outbox.owe(owed())
        await until(lambda: ops.got)
    assert ops.ids == ["msg_1"]


async def test_a_long_queue_is_worked_off_without_waiting_for_the_next_look():
    outbox, ops = Outbox(*many(40)), Receiver()
    async with Running(a_dispatcher(outbox, ops=ops, look_every=3600)):
        await until(lambda: len(ops.got) >= 40)
    assert sorted(ops.ids) == sorted(outbox.rows)


async def test_ten_dead_receivers_delay_no_other():
    hung = {f"dead{n}": Receiver(asyncio.Event()) for n in range(10)}
    well = Receiver()
    rows = [row for name in hung for row in many(20, name)]
    outbox = Outbox(*rows, *many(5, "well"))
    dispatcher = a_dispatcher(outbox, notifiers={**hung, "well": well})
    async with Running(dispatcher, within=0.0):
        await until(lambda: len(well.got) == 5)
        assert all(len(receiver.got) <= MOST_IN_FLIGHT for receiver in hung.values())


async def test_a_busy_database_is_waited_for():
    outbox, ops = Outbox(owed()), Receiver()
    outbox.busy = 3
    async with Running(a_dispatcher(outbox, ops=ops)):
        await until(lambda: outbox.rows["msg_1"].state is DeliveryState.DELIVERED)
    assert len(ops.got) == 1


async def test_a_delivery_that_cannot_be_noted_is_noted_later_and_not_sent_again():
    outbox, go = Outbox(owed()), asyncio.Event()
    ops = Receiver(go)
    async with Running(a_dispatcher(outbox, ops=ops)):
        await until(lambda: ops.got)
        outbox.give_back()
        outbox.busy = 3
        go.set()
        await until(lambda: outbox.rows["msg_1"].state is DeliveryState.DELIVERED)
    assert len(ops.got) == 1


async def test_a_damaged_database_ends_the_run():
    outbox = Outbox(owed())
    outbox.failure = StoreFailed("damaged")
    with pytest.raises(StoreFailed):
        await a_dispatcher(outbox).run()


async def test_damage_found_while_settling_ends_the_run():
    outbox, go = Outbox(owed()), asyncio.Event()
    ops = Receiver(go)
    run = asyncio.create_task(a_dispatcher(outbox, ops=ops).run())
    await until(lambda: ops.got)
    outbox.failure = StoreFailed("damaged")
    go.set()
    with pytest.raises(StoreFailed):
        await run


async def test_a_stop_lets_a_try_in_flight_finish():
    outbox, go = Outbox(owed()), asyncio.Event()
    ops = Receiver(go)
    dispatcher = a_dispatcher(outbox, ops=ops)
    run = asyncio.create_task(dispatcher.run())
    await until(lambda: ops.got)
    stop = asyncio.create_task(dispatcher.stop(5.0))
    await asyncio.sleep(0)
    go.set()
    await stop
    await run
    assert outbox.rows["msg_1"].state is DeliveryState.DELIVERED


async def test_a_stop_leaves_taken_what_does_not_finish():
    outbox, ops = Outbox(*many(9, incident="inc_1")), Receiver(asyncio.Event())
    async with Running(a_dispatcher(outbox, ops=ops), within=0.01):
        await until(lambda: ops.got)
    assert {row.state for row in outbox.rows.values()} == {DeliveryState.WAITING}
    assert len(ops.got) == 1
    assert outbox.give_back() == MOST_IN_FLIGHT


async def test_a_stop_begins_nothing_that_waited_for_its_turn():
    outbox, go = Outbox(*many(3, incident="inc_1")), asyncio.Event()
    ops = Receiver(go)
    dispatcher = a_dispatcher(outbox, ops=ops)
    run = asyncio.create_task(dispatcher.run())
    await until(lambda: ops.got)
    stop = asyncio.create_task(dispatcher.stop(5.0))
    await asyncio.sleep(0)
    go.set()
    await stop
    await run
    assert len(ops.got) == 1


async def test_new_notifiers_are_used_from_now_on():
    outbox, late = Outbox(owed(notifier="late")), Receiver()
    async with Running(a_dispatcher(outbox, look_every=3600)) as dispatcher:
        await asyncio.sleep(0)
        dispatcher.use({"late": late})
        await until(lambda: late.got)
    assert late.ids == ["msg_1"]


# ---------------------------------------------------------------- who is told
async def test_the_first_success_says_once_that_all_is_well():
    outbox, told = Outbox(*many(9)), Told()
    await a_dispatcher(outbox, told).drain()
    assert told.words == [("notifier:ops", "")]


async def test_one_failure_worries_nobody():
    outbox, told = Outbox(owed()), Told()
    await a_dispatcher(outbox, told, ops=Receiver(DeliveryFailed("500"))).drain()
    assert told.words == []


async def test_five_failures_with_nothing_getting_through_are_told_once():
    rows = [replace(row, attempts=4, first_try_at=AT) for row in many(4)]
    outbox, told = Outbox(*rows), Told()
    await a_dispatcher(outbox, told, ops=Receiver(DeliveryFailed("500: down"))).drain()
    [(part, why)] = told.words
    assert part == "notifier:ops"
    assert "5 tries" in why
    assert "500: down" in why


async def test_one_bad_message_among_good_ones_worries_nobody():
    bad = owed("msg_bad", attempts=4, first_try_at=AT, next_try_at=AT + timedelta(minutes=5))
    outbox, told, clock = Outbox(owed("msg_good"), bad), Told(), Clock()
    dispatcher = a_dispatcher(outbox, told, clock, ops=Receiver("ok", DeliveryFailed("400")))
    await dispatcher.drain()
    clock.now += timedelta(minutes=6)
    await dispatcher.drain()
    assert outbox.rows["msg_bad"].attempts == 5
    assert told.words == [("notifier:ops", "")]


async def test_a_notifier_that_is_well_again_is_told_well():
    outbox, told = Outbox(owed(attempts=4, first_try_at=AT)), Told()
    clock = Clock()
    dispatcher = a_dispatcher(outbox, told, clock, ops=Receiver(DeliveryFailed("500"), "ok"))
    await dispatcher.drain()
    clock.now += timedelta(hours=1)
    await dispatcher.drain()
    assert [bool(why) for _, why in told.words] == [True, False]


async def test_a_notifier_that_nobody_configured_is_told_once():
    outbox, told = Outbox(owed(notifier="gone")), Told()
    async with Running(a_dispatcher(outbox, told)):
        await until(lambda: told.words)
        await asyncio.sleep(0.05)
    [(part, why)] = told.words
    assert part == "notifier:gone"
    assert "configuration" in why


async def test_the_log_holds_no_payload(caplog):
    outbox = Outbox(owed(payload='{"text":"canary"}'))
    with caplog.at_level(logging.DEBUG):
        await a_dispatcher(outbox, ops=Receiver(DeliveryFailed("500"))).drain()
    assert caplog.records
    assert not any("canary" in str(vars(record)) for record in caplog.records)


# ---------------------------------------------------------------- channels that show one state
class Board(Receiver):
    """A notifier whose one message an incident can be changed."""

    shows_latest = True
    handle = "m1"


async def test_an_update_comes_with_the_handle_of_the_message_before():
    rows = [owed(f"msg_{n}", sequence=n, next_try_at=AT + timedelta(seconds=n)) for n in (1, 2)]
    outbox, board, clock = Outbox(*rows), Board(), Clock()
    clock.now = AT + timedelta(seconds=5)
    assert await a_dispatcher(outbox, ops=board, clock=clock).drain()
    assert board.handles == ["", "m1"]
    assert outbox.rows["msg_2"].handle == "m1"


async def test_what_a_later_state_overtook_is_not_sent():
    late = owed("msg_1", sequence=1)
    newer = owed("msg_2", sequence=2, state=DeliveryState.DELIVERED)
    outbox, board = Outbox(late, newer), Board()
    assert await a_dispatcher(outbox, ops=board).drain()
    assert board.got == []
    assert outbox.rows["msg_1"].state is DeliveryState.DELIVERED
    assert "sequence 2" in outbox.rows["msg_1"].last_answer


async def test_what_was_not_sent_shows_no_receiver_to_be_back():
    overtaken = owed("msg_1", sequence=1)
    newer = owed("msg_2", sequence=2, state=DeliveryState.DELIVERED)
    again = {"attempts": 8, "first_try_at": AT, "next_try_at": AT + timedelta(hours=10)}
    outbox = Outbox(overtaken, newer, owed("msg_old", incident="inc_old", **again))
    board = Board()
    assert await a_dispatcher(outbox, ops=board).drain()
    assert outbox.rows["msg_1"].state is DeliveryState.DELIVERED
    assert outbox.rows["msg_old"].next_try_at == again["next_try_at"]
    assert board.got == []


async def test_a_channel_that_takes_every_message_gets_the_late_one_too():
    late = owed("msg_1", sequence=1)
    newer = owed("msg_2", sequence=2, state=DeliveryState.DELIVERED)
    outbox, ops = Outbox(late, newer), Receiver()
    assert await a_dispatcher(outbox, ops=ops).drain()
    assert ops.ids == ["msg_1"]


async def test_a_channel_without_a_handle_of_its_own_keeps_the_one_before():
    first = owed("msg_1", sequence=1, state=DeliveryState.DELIVERED, handle="m1")
    outbox, board = Outbox(first, owed("msg_2", sequence=2)), Board()
    board.handle = ""
    await a_dispatcher(outbox, ops=board).drain()
    assert outbox.rows["msg_2"].handle == "m1"


async def test_a_busy_database_is_asked_again_for_the_message_before():
    outbox, board = Outbox(owed()), Board()
    async with Running(a_dispatcher(outbox, ops=board)):
        outbox.busy = 3
        await until(lambda: outbox.rows["msg_1"].state is DeliveryState.DELIVERED)
    assert board.ids == ["msg_1"]


# ---------------------------------------------------------------- limits (advice A6, fault 38)
MINUTE = timedelta(minutes=1)
PEOPLE = Channel(per_minute=5, takes_digests=True)


def told_of(count, notifier="ops"):
    """What is owed of so many incidents, with a payload that a digest can quote."""
    return [
        replace(row, payload='{"reason": "many"}', subject="Acme") for row in many(count, notifier)
    ]


async def test_a_limit_holds_whatever_fails():
    outbox, ops, clock = Outbox(*told_of(30)), Receiver(DeliveryFailed("500")), Clock()
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops, channels={"ops": Channel(per_minute=5)})
    for _ in range(40):
        await dispatcher.drain()
        clock.now += timedelta(seconds=7)
    times = [at for _, at in ops.got]
    assert len(times) > 15
    for at in times:
        assert sum(at - MINUTE < other <= at for other in times) <= 5


async def test_a_running_dispatcher_goes_on_when_the_minute_is_over():
    outbox, ops, clock = Outbox(*many(9)), Receiver(), Clock()
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops, channels={"ops": Channel(per_minute=5)})
    async with Running(dispatcher):
        await until(lambda: len(ops.got) == 5)
        await asyncio.sleep(0.05)
        assert len(ops.got) == 5
        clock.now += MINUTE
        await until(lambda: len(ops.got) == 9)


async def test_a_limit_holds_over_processes_that_begin_anew():
    outbox, clock = Outbox(*many(20)), Clock()
    wrong, well = Receiver(DeliveryFailed("500")), Receiver()
    limit = {"ops": Channel(per_minute=5)}
    counts = []
    for ops in (wrong, wrong, well, well, well):
        await a_dispatcher(outbox, clock=clock, ops=ops, channels=limit).drain()
        counts.append(len(wrong.got) + len(well.got))
        clock.now += timedelta(seconds=20)
    # four fail at once, which ends a run; one place is left, and four come free a minute later
    assert counts == [4, 5, 5, 9, 10]


class Slow(Receiver):
    """A notifier that takes a second of the clock for each message."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    async def deliver(self, notification, at):
        self._clock.now += timedelta(seconds=1)
        return await super().deliver(notification, at)


async def test_what_leaves_while_a_run_goes_on_counts_for_the_limit_and_the_next_process():
    outbox, clock = Outbox(*many(20)), Clock()
    limit = {"ops": Channel(per_minute=9)}
    first, anew = Slow(clock), Slow(clock)
    for ops in (first, anew):
        await a_dispatcher(outbox, clock=clock, ops=ops, channels=limit).drain()
    assert (len(first.got), len(anew.got)) == (9, 0)


async def test_what_a_process_that_was_killed_had_taken_counts_for_the_limit():
    outbox, clock, hangs, ops = Outbox(*many(9)), Clock(), Receiver(asyncio.Event()), Receiver()
    limit = {"ops": Channel(per_minute=5)}
    killed = asyncio.create_task(
        a_dispatcher(outbox, clock=clock, ops=hangs, channels=limit).drain()
    )
    await until(lambda: len(hangs.got) == 4)
    killed.cancel()
    await asyncio.wait([killed])
    assert outbox.give_back() == 4
    clock.now += timedelta(seconds=1)
    await a_dispatcher(outbox, clock=clock, ops=ops, channels=limit).drain()
    assert len(ops.got) == 1


async def test_a_try_counts_from_when_it_begins_for_a_process_that_begins_anew():
    clock, gate = Clock(), asyncio.Event()
    outbox, ops = Outbox(*many(2, incident="inc_1")), Receiver(gate, "ok")
    limit = {"ops": Channel(per_minute=2)}
    async with Running(a_dispatcher(outbox, clock=clock, ops=ops, channels=limit)):
        await until(lambda: len(ops.got) == 1)
        clock.now += timedelta(seconds=50)
        gate.set()
        await until(lambda: len(ops.got) == 2)
    clock.now += timedelta(seconds=50)
    outbox.owe(*(owed(f"late_{n}", incident=f"inc_{n}") for n in range(2)))
    anew = Receiver()
    await a_dispatcher(outbox, clock=clock, ops=anew, channels=limit).drain()
    assert len(anew.got) == 1


async def test_a_try_that_is_noted_late_takes_none_that_was_counted_since():
    clock, gate = Clock(), asyncio.Event()
    outbox, ops, chat = Outbox(owed("msg_1")), Receiver(gate), Receiver()
    once = Channel(per_minute=1)
    dispatcher = a_dispatcher(
        outbox,
        clock=clock,
        notifiers={"ops": ops, "chat": chat},
        channels={"ops": once, "chat": once},
        look_every=0.05,
    )
    async with Running(dispatcher):
        await until(lambda: ops.ids)
        outbox.busy = 1
        gate.set()
        await until(lambda: not outbox.busy)
        clock.now += timedelta(seconds=30)
        outbox.owe(owed("msg_2", "chat"))
        await until(lambda: outbox.rows["msg_1"].state is DeliveryState.DELIVERED and chat.ids)
    tries = await outbox.read(lambda look: look.tries(AT - MINUTE))
    assert [each.id for each in tries] == ["msg_1", "msg_2"]


async def test_of_a_channel_without_a_limit_no_try_is_kept():
    outbox = Outbox(*many(3))
    await a_dispatcher(outbox).drain()
    assert await outbox.read(lambda look: look.tries(AT - MINUTE)) == []


async def test_a_clock_that_is_set_back_closes_no_channel():
    outbox, ops, clock = Outbox(*many(5)), Receiver(), Clock()
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops, channels={"ops": Channel(per_minute=5)})
    await dispatcher.drain()
    clock.now -= timedelta(hours=1)
    outbox.owe(owed("late", next_try_at=clock.now, created_at=clock.now))
    await dispatcher.drain()
    assert ops.ids[-1] == "late"


async def test_a_crash_after_the_digest_was_written_loses_nothing():
    outbox, go = Outbox(*told_of(20)), asyncio.Event()
    ops = Receiver(go)
    async with Running(a_dispatcher(outbox, ops=ops, channels={"ops": PEOPLE}), within=0.0):
        await until(lambda: ops.got)
    outbox.give_back()
    ops, clock = Receiver(), Clock()
    clock.now += MINUTE
    assert await a_dispatcher(outbox, clock=clock, ops=ops, channels={"ops": PEOPLE}).drain()
    assert len(ops.got) == 5
    rows = outbox.rows
    assert len(rows) == 21
    assert {row.state for row in rows.values()} == {DeliveryState.DELIVERED}


async def test_another_digest_tells_what_came_after_the_first_and_none_tells_a_digest():
    outbox, ops, clock = Outbox(*told_of(20)), Receiver(), Clock()
    dispatcher = a_dispatcher(outbox, clock=clock, ops=ops, channels={"ops": PEOPLE})
    await dispatcher.drain()
    outbox.owe(*[replace(row, id=f"{row.id}b") for row in told_of(20)])
    clock.now += MINUTE
    await dispatcher.drain()
    digests = [row for row in outbox.rows.values() if row.is_digest]
    assert len(digests) == 2
    assert {row.told_by for row in digests} == {""}
    assert len(ops.got) == 10


async def test_a_board_shows_a_digest_as_a_message_of_its_own():
    outbox, board = Outbox(*told_of(9)), Board()
    assert await a_dispatcher(outbox, ops=board, channels={"ops": PEOPLE}).drain()
    [digest] = [row for row in outbox.rows.values() if row.is_digest]
    assert board.handles[board.ids.index(digest.id)] == ""


async def test_new_limits_hold_from_now_on():
    outbox, ops = Outbox(*many(9)), Receiver()
    dispatcher = a_dispatcher(outbox, ops=ops)
    dispatcher.use({"ops": ops}, channels={"ops": Channel(per_minute=2)})
    await dispatcher.drain()
    assert len(ops.got) == 2


# ---------------------------------------------------------------- who stands in
def standing_in(outbox, told=None, clock=None, **facts):
    """A dispatcher in which `backup` stands in for `ops`."""
    ops, backup = facts.pop("ops"), Receiver()
    dispatcher = a_dispatcher(
        outbox,
        told,
        clock,
        notifiers={"ops": ops, "backup": backup},
        channels={"ops": replace(facts.pop("channel", Channel()), fallback="backup")},
        **facts,
    )
    return dispatcher, backup


async def test_what_is_given_up_is_told_to_the_one_that_stands_in():
    outbox, told = Outbox(*told_of(1)), Told()
    dispatcher, backup = standing_in(
        outbox, told, ops=Receiver(DeliveryFailed("500")), backoff=Backoff(gaps=(timedelta(0),))
    )
    assert not await dispatcher.drain()
    assert len(backup.got) == 1
    assert outbox.rows["msg_ops_000"].state is DeliveryState.DEAD
    assert outbox.rows["msg_ops_000"].handed_to == "backup"
    assert any("'backup' stands in for it" in why for _, why in told.words)


async def test_what_a_dead_digest_told_is_told_one_by_one_by_the_one_that_stands_in():
    outbox = Outbox(*told_of(9))
    dispatcher, backup = standing_in(
        outbox,
        ops=Receiver(DeliveryFailed("500")),
        channel=PEOPLE,
        backoff=Backoff(gaps=(timedelta(0),)),
    )
    await dispatcher.drain()
    await dispatcher.drain()
    originals = [row for row in outbox.rows.values() if row.notifier == "ops"]
    assert {row.state for row in originals} == {DeliveryState.DEAD}
    told = {outbox.rows[id].incident_id for id in backup.ids}
    assert told == {f"inc_{n}" for n in range(9)}


async def test_all_that_waits_for_a_dead_receiver_is_told_to_the_one_that_stands_in():
    outbox, clock = Outbox(*told_of(30)), Clock()
    dispatcher, backup = standing_in(outbox, clock=clock, ops=Receiver(DeliveryFailed("500")))
    await dispatcher.drain()
    clock.now += timedelta(minutes=2)
    await dispatcher.drain()
    assert len(backup.got) == 30


async def test_a_running_dispatcher_lets_the_other_stand_in():
    outbox, clock = Outbox(*told_of(1)), Clock()
    dispatcher, backup = standing_in(outbox, clock=clock, ops=Receiver(DeliveryRefused("410")))
    async with Running(dispatcher):
        await until(lambda: backup.got)
    assert outbox.rows["msg_ops_000"].state is DeliveryState.HELD


async def test_who_is_told_anyway_is_not_told_twice():
    outbox = Outbox(*told_of(1), *told_of(1, "backup"))
    dispatcher, backup = standing_in(outbox, ops=Receiver(DeliveryRefused("410")))
    await dispatcher.drain()
    assert backup.ids == ["msg_backup_000"]
    assert outbox.rows["msg_ops_000"].handed_to == "backup"


async def test_nobody_stands_in_through_a_notifier_that_is_not_there():
    outbox = Outbox(*told_of(1))
    channels = {"ops": Channel(fallback="gone")}
    ops = Receiver(DeliveryRefused("410"))
    await a_dispatcher(outbox, ops=ops, channels=channels).drain()
    assert outbox.rows["msg_ops_000"].handed_to == ""
