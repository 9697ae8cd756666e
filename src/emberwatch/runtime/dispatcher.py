"""Brings what the outbox owes to those it is owed to: claim, deliver, settle."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from emberwatch.core.respond.backoff import PATIENCE, SOON, Backoff, free_at, held_until
from emberwatch.core.respond.fallback import NO_LONGER_NEWS, STANDS_IN_AFTER
from emberwatch.core.respond.legible import one_line
from emberwatch.core.respond.outbox import delivered, failed, overtaken, refused
from emberwatch.core.respond.pacing import MINUTE, UNLIMITED, Channel, room
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused, StoreBusy
from emberwatch.model.notification import DeliveryState, Notification
from emberwatch.model.secret import Secret, hide, hide_in_addresses
from emberwatch.ports import Conversation, Notifier, Reading, Try, Writing
from emberwatch.runtime.claiming import MOST_OWED, Ask, hand_over, taken
from emberwatch.runtime.telemetry import Log

_LOG = Log("dispatcher")

T = TypeVar("T")

LOOK_EVERY = 1.0
"""Seconds between looks into the outbox: other processes owe messages too."""

DEADLINE = 20.0
"""Seconds that one try may take, whatever the notifier does (Standard Webhooks: 15 to 30)."""

MOST_IN_FLIGHT = 4
"""Tries of one notifier at a time."""

WORRY_AFTER = 5
"""Failed tries of one message (about six minutes) after which people are told, if nothing else
got through in the meantime: waiting for the last try would be three days of silence."""

MOST_ANSWER = 300
"""Characters of an answer that are kept."""


class Write(Protocol):
    """Runs work in a write transaction of its own, off the event loop."""

    def __call__(self, work: Callable[[Writing], T], /) -> Awaitable[T]:
        """Return what the work returned once it is committed."""
        ...


class Read(Protocol):
    """Runs work on a consistent look at the store, off the event loop."""

    def __call__(self, work: Callable[[Reading], T], /) -> Awaitable[T]:
        """Return what the work returned."""
        ...


class TellPart(Protocol):
    """Passes on how a part of ours does; an empty `why` means well."""

    def __call__(self, part: str, why: str) -> Awaitable[None]:
        """Return once it is known."""
        ...


class Health(StrEnum):
    """How a notifier does, as far as people were told."""

    WELL = "well"
    WORRYING = "worrying"
    DEAD = "dead"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Dispatcher:
    """Delivers at least once, each notifier by itself, so that a dead one delays no other.

    What each may be asked is in `channels`; of one that is not named there nothing was said.
    What counts for a limit, and until when a receiver asked to be left alone (`Retry-After`), is
    stored: a process that begins anew goes on where the one before stood. Messages of one incident
    leave for one notifier one after the other, in their order; a failed one does not hold back
    those after it (each carries the full state and its `sequence`). What a process that died had
    taken must be given back (`Writing.release`) before this one begins.
    """

    def __init__(
        self,
        *,
        notifiers: Mapping[str, Notifier],
        write: Write,
        read: Read,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        on_part: TellPart,
        secrets: Iterable[Secret] = (),
        channels: Mapping[str, Channel] | None = None,
        backoff: Backoff = PATIENCE,
        deadline: float = DEADLINE,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._notifiers = dict(notifiers)
        self._write = write
        self._read = read
        self._clock = clock
        self._chance = chance
        self._on_part = on_part
        self._secrets = tuple(secrets)
        self._channels = dict(channels or {})
        self._backoff = backoff
        self._deadline = deadline
        self._look_every = look_every
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._in_flight: dict[str, Try] = {}
        self._tries: set[asyncio.Task[bool]] = set()
        self._has_recalled = False
        self._counted: dict[str, dict[tuple[str, datetime], Try]] = {}
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._held_until: dict[str, datetime] = {}
        self._last_ok_at: dict[str, datetime] = {}
        self._told: dict[str, Health] = {}

    def use(
        self,
        notifiers: Mapping[str, Notifier],
        secrets: Iterable[Secret] = (),
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        """Deliver through these from now on; tries in flight end as they began."""
        self._notifiers = dict(notifiers)
        self._channels = dict(channels or {})
        self._secrets = (*self._secrets, *secrets)
        self.wake()

    def wake(self) -> None:
        """Look into the outbox at once: something new is owed."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until `stop`. Raises `StoreFailed` when the database is damaged."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._look_again_and_again(group)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def drain(self) -> bool:
        """Try once everything that is due now; return whether all that was tried was delivered.

        A receiver that fails everything sent to it at a time is left alone until the next run, as
        is one whose limit is reached.
        """
        until = self._clock()
        await self._recall()
        await self._hand_over(until)
        due = await self._read(lambda look: look.due(until))
        names = [name for name in due if name in self._notifiers]
        are_all_sent = True
        while names:
            outcomes = await asyncio.gather(*(self._drain(name, until) for name in names))
            are_all_sent = are_all_sent and all(outcomes)
            names = await self._hand_over(until)
        return are_all_sent

    async def stop(self, within: float) -> None:
        """Begin nothing new; give tries in flight `within` seconds, then leave them taken."""
        self._is_stopping = True
        self.wake()
        if not self._tries:
            return
        _, late = await asyncio.wait(self._tries, timeout=within)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    # ------------------------------------------------------------ claim
    async def _look_again_and_again(self, group: asyncio.TaskGroup) -> None:
        while not self._is_stopping:
            self._woken.clear()
            try:
                await self._begin_due(group)
            except StoreBusy as busy:
                _LOG.warning("the outbox cannot be read; trying again", why=busy)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._look_every)

    async def _begin_due(self, group: asyncio.TaskGroup) -> None:
        now = self._clock()
        await self._recall()
        await self._hand_over(now)
        due = await self._read(lambda look: look.due(now))
        busy = Counter(each.notifier for each in self._in_flight.values())
        asks = [
            self._ask(name, now, now, MOST_IN_FLIGHT - busy[name])
            for name in due
            if name in self._notifiers and busy[name] < MOST_IN_FLIGHT and not self._is_held(name)
        ]
        open_asks = [ask for ask in asks if ask.left != 0]
        for name in due:
            if name not in self._notifiers:
                group.create_task(self._report(name, Health.UNKNOWN, _unknown(name)))
        if not open_asks:
            return
        claimed = await self._write(lambda outbox: [ask.claim(outbox) for ask in open_asks])
        if not self._is_stopping:
            self._begin(group, chain.from_iterable(claimed), now)

    async def _drain(self, name: str, until: datetime) -> bool:
        are_all_sent = True
        while not self._is_held(name):
            at = self._clock()
            claimed = await self._write(self._ask(name, until, at, MOST_IN_FLIGHT).claim)
            if not claimed:
                break
            try:
                async with asyncio.TaskGroup() as group:
                    tries = self._begin(group, claimed, at)
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from None
            outcomes = [task.result() for task in tries]
            are_all_sent = are_all_sent and all(outcomes)
            if not any(outcomes):
                return False
        return are_all_sent

    def _begin(
        self, group: asyncio.TaskGroup, claimed: Iterable[Notification], at: datetime
    ) -> list["asyncio.Task[bool]"]:
        begun = []
        for notification in claimed:
            if notification.id in self._in_flight:
                continue
            self._in_flight[notification.id] = self._count(taken(notification, at))
            task = group.create_task(
                self._see_through(self._notifiers[notification.notifier], notification)
            )
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)
            begun.append(task)
        return begun

    # ------------------------------------------------------------ limits
    async def _recall(self) -> None:
        """Learn once what a process before this one sent just now, and whom it left alone."""
        if self._has_recalled:
            return
        since = self._clock() - MINUTE
        self._held_until, tries = await self._read(lambda look: (look.rests(), look.tries(since)))
        for each in tries:
            self._counted.setdefault(each.notifier, {})[each.id, each.taken_at] = each
        self._has_recalled = True

    def _ask(self, name: str, now: datetime, at: datetime, free: int) -> Ask:
        channel = self._channels.get(name, UNLIMITED)
        tries = self._counted.setdefault(name, {})
        for key in [key for key, each in tries.items() if not at - MINUTE < each.at <= at]:
            del tries[key]
        return Ask(
            name=name,
            now=now,
            at=at,
            free=free,
            left=room(channel.per_minute, (each.at for each in tries.values()), at),
            channel=channel,
            shows_latest=self._notifiers[name].shows_latest,
        )

    def _free_at(self, name: str, now: datetime) -> datetime:
        """Return when a receiver may be sent anything: now, unless it asked to be left alone."""
        return free_at(self._backoff, self._held_until.get(name, now), now)

    def _is_held(self, name: str) -> bool:
        now = self._clock()
        return self._free_at(name, now) > now

    def _hold(self, name: str, asked: timedelta) -> None:
        """Leave a receiver alone for what it asked for, whatever the message was."""
        now = self._clock()
        until = held_until(self._backoff, now, asked)
        self._held_until[name] = max(until, self._free_at(name, now))

    def _count(self, one: Try) -> Try:
        """Count a try: when it is taken, and again, in the same place, when it begins."""
        begun = replace(one, at=self._clock())
        self._counted.setdefault(one.notifier, {})[one.id, one.taken_at] = begun
        return begun

    # ------------------------------------------------------------ who stands in
    async def _hand_over(self, now: datetime) -> list[str]:
        """Owe what a notifier does not take to its fallback too; return the fallbacks."""
        told: list[str] = []
        for name, channel in self._channels.items():
            if channel.fallback in self._notifiers:
                owed = await self._handed(name, channel, now)
                if owed:
                    told.append(channel.fallback)
                    _LOG.warning("handed over", notifier=name, to=channel.fallback, messages=owed)
        return told

    async def _handed(self, name: str, channel: Channel, now: datetime) -> int:
        """Return how much the fallback is owed now that it was not owed before."""
        is_left_alone = self._is_held(name)
        stranded = await self._read(
            lambda look: look.stranded(
                name,
                failing_since=now - STANDS_IN_AFTER,
                since=now - NO_LONGER_NEWS,
                most=MOST_OWED,
                is_left_alone=is_left_alone,
            )
        )
        if not stranded:
            return 0
        return await self._write(lambda outbox: hand_over(outbox, stranded, channel.fallback, now))

    # ------------------------------------------------------------ deliver
    async def _see_through(self, notifier: Notifier, notification: Notification) -> bool:
        """Try once and settle; return whether it was delivered."""
        key = notification.notifier, notification.incident_id
        turn = self._turns.setdefault(key, asyncio.Lock())
        try:
            async with turn:
                if self._is_stopping:
                    return False
                if self._is_held(notification.notifier):
                    await self._settle(notification)
                    return False
                begun = self._count(self._in_flight[notification.id])
                if notifier.shows_latest and not notification.is_digest:
                    after = await self._go_on(notifier, notification)
                else:
                    after = await self._try(notifier, notification)
                await self._settle(after, begun if after.attempts > notification.attempts else None)
        finally:
            del self._in_flight[notification.id]
            self.wake()
        await self._judge(after)
        return after.state is DeliveryState.DELIVERED

    async def _go_on(self, notifier: Notifier, notification: Notification) -> Notification:
        """Try once where the channel's earlier message of the incident is to be changed."""
        id, name = notification.incident_id, notification.notifier
        before = await self._conversation(id, name)
        if before.sequence > notification.sequence:
            return overtaken(notification, by=before.sequence, at=self._clock())
        return await self._try(notifier, replace(notification, handle=before.handle))

    async def _conversation(self, incident_id: str, notifier: str) -> Conversation:
        while True:
            try:
                return await self._read(lambda look: look.conversation(incident_id, notifier))
            except StoreBusy as busy:
                _LOG.warning("the outbox cannot be read; trying again", why=busy)
                await asyncio.sleep(self._look_every)

    async def _try(self, notifier: Notifier, notification: Notification) -> Notification:
        tried_at = self._clock()
        asked = None
        try:
            async with asyncio.timeout(self._deadline):
                receipt = await notifier.deliver(notification, tried_at)
        except DeliveryRefused as refusal:
            return refused(notification, tried_at=tried_at, answer=self._plain(refusal.answer))
        except DeliveryFailed as failure:
            answer, asked = failure.answer, failure.retry_after
            if asked is not None:
                self._hold(notification.notifier, asked)
        except TimeoutError:
            answer = f"no answer within {self._deadline:g} seconds"
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
            _LOG.error("a notifier crashed", notifier=notification.notifier, with_trace=True)
        else:
            return delivered(
                notification,
                tried_at=tried_at,
                at=self._clock(),
                answer=self._plain(receipt.answer),
                handle=receipt.handle or notification.handle,
            )
        return failed(
            notification,
            tried_at=tried_at,
            at=self._clock(),
            answer=self._plain(answer),
            asked=asked,
            backoff=self._backoff,
            chance=self._chance(),
        )

    # ------------------------------------------------------------ settle
    async def _settle(self, after: Notification, begun: Try | None = None) -> None:
        """Write how the try that was `begun` ended, however long the database takes to take it.

        A try that succeeds shows that the receiver is back: what it failed to take before need
        not wait for its next try of its own. It is due as this one was, for a run that tries only
        what is due when it begins.
        """
        now = self._clock()
        rests_until = self._free_at(after.notifier, now)
        at = rests_until if rests_until > now else min(now, after.next_try_at)
        has_limit = self._channels.get(after.notifier, UNLIMITED).per_minute is not None

        def settle(outbox: Writing) -> None:
            if begun and has_limit:
                # the database may have been busy since: others have counted theirs
                noted_at = self._clock()
                outbox.count([begun], noted_at - MINUTE, noted_at)
            if rests_until > now:
                outbox.rest(after.notifier, rests_until)
            if begun and after.state is DeliveryState.DELIVERED:
                outbox.hurry(after.notifier, at, rests_until + SOON)
            outbox.settle(after)
            if after.state is DeliveryState.HELD:
                outbox.disable(after.notifier, now, after.last_answer)

        while True:
            try:
                return await self._write(settle)
            except StoreBusy as busy:
                _LOG.warning("a delivery cannot be noted; trying again", id=after.id, why=busy)
                await asyncio.sleep(self._look_every)

    async def _judge(self, after: Notification) -> None:
        """Log how it went, and tell people of a notifier that does not get through."""
        name, id, answer = after.notifier, after.id, after.last_answer
        if after.state is DeliveryState.DELIVERED:
            _LOG.info("delivered", notifier=name, id=id, tries=after.attempts, answer=answer)
            self._last_ok_at[name] = self._clock()
            await self._report(name, Health.WELL, "")
        elif after.state is DeliveryState.HELD:
            _LOG.error("refused for good", notifier=name, id=id, answer=answer)
            await self._report(name, Health.REFUSED, _refusal(after) + self._stand_in(name))
        elif after.state is DeliveryState.DEAD:
            _LOG.error("given up", notifier=name, id=id, tries=after.attempts, answer=answer)
            await self._report(name, Health.DEAD, _death(after) + self._stand_in(name))
        else:
            _LOG.warning("not delivered", notifier=name, id=id, tries=after.attempts, answer=answer)
            last_ok_at, since = self._last_ok_at.get(name), after.first_try_at or after.created_at
            if after.attempts >= WORRY_AFTER and (last_ok_at is None or last_ok_at < since):
                await self._report(name, Health.WORRYING, _worry(after) + self._stand_in(name))

    def _stand_in(self, name: str) -> str:
        fallback = self._channels.get(name, UNLIMITED).fallback
        return f"; {fallback!r} stands in for it" if fallback else ""

    async def _report(self, name: str, health: Health, why: str) -> None:
        """Pass on how a notifier does, once each time that it changes."""
        if self._told.get(name) is not health:
            self._told[name] = health
            await self._on_part(part=f"notifier:{name}", why=why)

    def _plain(self, answer: str) -> str:
        """Return what was said in one line, without a secret that an error may have repeated."""
        known = hide(answer, (each.reveal() for each in self._secrets))
        return one_line(hide_in_addresses(known), MOST_ANSWER)


def _unknown(name: str) -> str:
    return (
        f"messages wait for notifier {name!r}, which the configuration does not name: "
        f"put it back, or see 'emberwatch delivery list'"
    )


def _refusal(after: Notification) -> str:
    return (
        f"notifier {after.notifier!r} wants no more messages ({after.last_answer}): it is "
        f"disabled and its messages are held; mend it, then 'emberwatch notifier test "
        f"{after.notifier}'"
    )


def _death(after: Notification) -> str:
    return (
        f"notifier {after.notifier!r} did not take message {after.id} in {after.attempts} tries "
        f"({after.last_answer}): given up; 'emberwatch delivery replay {after.id}' sends it again"
    )


def _worry(after: Notification) -> str:
    return (
        f"notifier {after.notifier!r} has taken nothing for {after.attempts} tries "
        f"({after.last_answer}): look at the receiver; trying goes on"
    )
