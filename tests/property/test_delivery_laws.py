"""Whatever is owed, however receivers fail: limits hold and every message is told (advice A6)."""

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.respond.pacing import Channel
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.incident import Severity
from emberwatch.model.notification import DeliveryState, Notification
from emberwatch.ports import Ledger, Receipt
from emberwatch.runtime.dispatcher import Dispatcher
from emberwatch.store.memory import MemoryStore

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(1, 12)),
        st.tuples(st.just("update"), st.integers(1, 6)),
        st.tuples(st.just("pass"), st.integers(1, 90)),
        st.tuples(st.just("fail"), st.booleans()),
        st.tuples(st.just("send"), st.just(0)),
    ),
    max_size=14,
)


class Receiver:
    """Takes messages, or fails them all, and keeps what it was given and when."""

    def __init__(self, shows_latest):
        self.shows_latest = shows_latest
        self.fails = False
        self.tried_at = []
        self.taken = []

    async def deliver(self, notification, at):
        self.tried_at.append(at)
        if self.fails:
            raise DeliveryFailed("500")
        self.taken.append(notification)
        return Receipt(answer="200", handle="m1")


class Story:
    """A store that owes what the steps say, and a dispatcher with one limited channel."""

    def __init__(self, channel, shows_latest):
        self.store = MemoryStore()
        self.now = AT
        self.sequences = {}
        self.receiver = Receiver(shows_latest)
        self.backup = Receiver(False)
        self.dispatcher = Dispatcher(
            notifiers={"ops": self.receiver, "backup": self.backup},
            write=self.write,
            read=self.read,
            clock=lambda: self.now,
            chance=lambda: 0.5,
            on_part=self.hear,
            channels={"ops": channel, "backup": Channel()},
        )

    async def write(self, work):
        with self.store.writing() as outbox:
            return work(outbox)

    async def read(self, work):
        with self.store.reading() as look:
            return work(look)

    async def hear(self, part, why):
        pass

    def rows(self):
        with self.store.reading() as look:
            return look.notifications()

    def owe(self, incident, type):
        sequence = self.sequences[incident] = self.sequences.get(incident, 0) + 1
        row = Notification(
            id=f"{incident}-{sequence}",
            incident_id=incident,
            notifier="ops",
            type=type,
            sequence=sequence,
            payload='{"reason": "many"}',
            created_at=self.now,
            next_try_at=self.now,
            severity=list(Severity)[len(self.sequences) % 4],
            subject="Acme",
        )
        with self.store.writing() as outbox:
            outbox.record(Ledger(notifications=(row,)))

    async def play(self, steps):
        for what, number in steps:
            if what == "open":
                for _ in range(number):
                    self.owe(f"inc{len(self.sequences)}", "incident.opened")
            elif what == "update":
                for incident in list(self.sequences)[:number]:
                    self.owe(incident, "incident.updated")
            elif what == "pass":
                self.now += timedelta(seconds=number)
            elif what == "fail":
                self.receiver.fails = number
            else:
                await self.dispatcher.drain()

    async def finish(self):
        """Let it work again and deliver until nothing waits."""
        self.receiver.fails = False
        for _ in range(400):
            await self.dispatcher.drain()
            if all(row.state is DeliveryState.DELIVERED for row in self.rows()):
                return
            self.now += MINUTE


@settings(max_examples=40, deadline=None)
@given(STEPS, st.integers(1, 6), st.booleans(), st.booleans(), st.booleans())
def test_whatever_fails_no_limit_is_broken_and_everything_is_told(
    steps, limit, takes_digests, shows_latest, has_fallback
):
    fallback = "backup" if has_fallback else ""
    channel = Channel(per_minute=limit, takes_digests=takes_digests, fallback=fallback)
    story = Story(channel, shows_latest)

    async def run():
        await story.play(steps)
        await story.finish()

    asyncio.run(run())
    rows = {row.id: row for row in story.rows()}
    assert {row.state for row in rows.values()} <= {DeliveryState.DELIVERED}
    for at in story.receiver.tried_at:
        assert sum(at - MINUTE < other <= at for other in story.receiver.tried_at) <= limit
    taken = {each.id for each in story.receiver.taken}
    for row in rows.values():
        teller = row
        while teller.told_by:
            teller = rows[teller.told_by]
        was_overtaken = "sequence" in teller.last_answer
        assert teller.notifier == "backup" or teller.id in taken or was_overtaken
    told = [each.id for each in story.backup.taken]
    assert len(told) == len(set(told))
    # of each incident the newest state was told last, by itself or in a digest
    newest = {f"{incident}-{sequence}" for incident, sequence in story.sequences.items()}
    assert newest <= {id for id, row in rows.items() if row.delivered_at is not None}
    assert all(not row.is_digest or row.told_by == "" for row in rows.values())
