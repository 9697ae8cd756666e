"""The watch itself: polls, one writer, a dispatcher, and an orderly end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from emberwatch.config.schema import Heartbeat
from emberwatch.core.detect.wall_clock import Compared, WallClock, heard
from emberwatch.core.pipeline import Policy
from emberwatch.core.respond.pacing import Channel
from emberwatch.model.errors import ConfigError, EmberwatchError, StoreBusy
from emberwatch.model.event import FeedRead, PartChecked
from emberwatch.model.notification import DeliveryState
from emberwatch.model.secret import Secret
from emberwatch.ports import Notifier, Outbound, Outgoing, Reading, Store, Web, Writing
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.collector import Collector, Feed
from emberwatch.runtime.dispatcher import Dispatcher
from emberwatch.runtime.follower import TURN, Follower
from emberwatch.runtime.processor import Processor
from emberwatch.runtime.schedule import Schedule
from emberwatch.runtime.telemetry import Log
from emberwatch.runtime.writer import Writer

_LOG = Log("daemon")

T = TypeVar("T")
W = TypeVar("W")

RETRY_STORE = 5.0
"""Seconds between tries of a batch that the database does not take."""

QUEUE = 64
"""Pages that may wait for the writer; a further one makes its feed wait."""

LAG_ALARM = timedelta(minutes=2)
"""A batch that waits this long for the writer is a trouble."""

MOST_DRIFT = 30.0
"""Seconds by which the wall clock may drift from the monotonic one before jobs are set anew."""

MOST_AHEAD = timedelta(minutes=2)
"""Further than this the watch may not be ahead of the wall clock without a word."""

MIND_EVERY = 1.0
"""Seconds between looks at both clocks."""

STALE_AFTER = timedelta(minutes=5)
"""No heartbeat once a notification has waited, or a feed was not read, for so long."""

STOP_WITHIN = 3.0
"""Seconds that polls and sends in flight are given at the end; the database may take 5 more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything that a configuration asks for, built and ready to be joined by the daemon.

    `compared` returns what the network's answers since the last call say of our clock.
    """

    policy: Policy
    feeds: tuple[Feed, ...]
    notifiers: dict[str, Notifier]
    channels: dict[str, Channel]
    web: Callable[[str], Web]
    outbound: Outbound
    processor: Callable[[], Processor]
    scorer: str
    retention: timedelta
    heartbeat: Heartbeat | None
    secrets: tuple[Secret, ...] = ()
    compared: Callable[[], tuple[Compared, ...]] = tuple


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A batch on its way to the writer, and who waits for its report."""

    arrivals: Arrivals
    report: "asyncio.Future[Report]"
    since: float


class Daemon:
    """Watches until it is told to stop. Time and chance come in as arguments."""

    def __init__(
        self,
        assembly: Assembly,
        store: Store,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        reload: Callable[[], Assembly] | None = None,
    ) -> None:
        self._assembly = assembly
        self._clock = clock
        self._chance = chance
        self._reload = reload
        self._writer = Writer(store)
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(maxsize=QUEUE)
        self._schedule = Schedule(chance)
        self._collectors: dict[str, Collector] = {}
        self._follower = Follower(
            collectors=lambda: self._collectors,
            web=lambda feed: self._assembly.web(feed),
            read=self._writer.read,
            clock=clock,
        )
        self._polls: set[asyncio.Task[FeedRead | None]] = set()
        self._reloads: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()
        self._processor: Processor | None = None
        self._dispatcher: Dispatcher | None = None
        self._held_since: datetime | None = None
        self._is_patient = True
        self._oldest: float | None = None
        self._wall_clock = WallClock()
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()
        self._swap = asyncio.Lock()

    # ------------------------------------------------------------ life
    async def run(self) -> None:
        """Watch until `stop` is called; raise what the watch cannot live with."""
        stopped = asyncio.create_task(self._stop.wait(), name="stop")
        if not await self._is_prepared(stopped):
            return
        dispatcher = self._sending()
        tasks = [
            asyncio.create_task(self._consume(), name="writer"),
            asyncio.create_task(dispatcher.run(), name="dispatcher"),
            asyncio.create_task(self._mind_the_clock(), name="clock"),
        ]
        try:
            # before the first poll: a firehose that does not know the threads misses their answers
            await self._follower.census()
            self._schedule.start()
            self._schedule_all()
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
        finally:
            stopped.cancel()
            await self._end(dispatcher, tasks)

    async def once(self) -> bool:
        """Poll every feed once, process, deliver what is due; return whether all went well.

        All went well when at least one feed was read (or there is none) and no receiver refused.
        """
        self._is_patient = False  # the next run may have more luck
        await self._prepare()
        dispatcher = self._sending()
        consumer = asyncio.create_task(self._consume(), name="writer")
        try:
            await self._follower.census()
            polls = [
                asyncio.create_task(collector.poll(is_urgent=True))
                for collector in self._collectors.values()
            ]
            self._polls.update(polls)
            reads = await asyncio.gather(*polls)
            await self._follower.once()
            now = self._clock()
            await self._submit(Arrivals(at=now, parts=self._clock_checked(now)))
            are_all_sent = await dispatcher.drain()
            are_all_sent &= not await self._writer.read(self._are_any_held)
            is_one_read = not reads or any(read is not None and not read.why for read in reads)
            return is_one_read and are_all_sent
        finally:
            await self._end(dispatcher, [consumer])

    def _are_any_held(self, look: Reading) -> bool:
        """Whether a receiver that refused for good is still owed something."""
        held = look.notifications(state=DeliveryState.HELD)
        return any(row.notifier in self._assembly.notifiers for row in held)

    def stop(self) -> None:
        """Ask the watch to end; what is in flight is finished or kept."""
        self._stop.set()

    def read_configuration_again(self) -> None:
        """Apply a changed configuration whole, or say why not and change nothing."""
        task = asyncio.create_task(self._read_again(), name="reload")
        self._reloads.add(task)
        task.add_done_callback(self._reloaded)

    def _reloaded(self, task: "asyncio.Task[None]") -> None:
        self._reloads.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("configuration not applied", problem=repr(error))

    async def _is_prepared(self, stopped: "asyncio.Task[bool]") -> bool:
        """Prepare, however long the database takes; return False when told to stop before that."""
        preparing = asyncio.create_task(self._prepare(), name="prepare")
        await asyncio.wait([preparing, stopped], return_when=asyncio.FIRST_COMPLETED)
        if preparing.done():
            preparing.result()
            return True
        preparing.cancel()
        await asyncio.to_thread(self._writer.close)
        return False

    async def _prepare(self) -> None:
        self._processor = await self._patiently(self._writer.do, self._assembly.processor)
        await self._patiently(self._writer.write, _release)
        self._collectors = self._new_collectors()
        self._dispatcher = self._new_dispatcher()
        self._ready.set()

    async def _end(self, dispatcher: Dispatcher, tasks: list["asyncio.Task[None]"]) -> None:
        """Stop asking, finish or keep what is in flight, let go of the database."""
        self._schedule.stop()
        reading = self._polls | self._follower.looks
        for task in (*reading, *self._reloads):
            task.cancel()
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatcher.stop(STOP_WITHIN))
            if reading:
                group.create_task(asyncio.wait(reading, timeout=STOP_WITHIN))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait().report.cancel()
        await asyncio.to_thread(self._writer.close)

    # ------------------------------------------------------------ the one writer
    async def _submit(self, arrivals: Arrivals) -> Report:
        """Hand a batch to the writer and wait until it is committed."""
        waiting = _Waiting(arrivals, asyncio.get_running_loop().create_future(), time.monotonic())
        await self._queue.put(waiting)
        return await waiting.report

    async def _consume(self) -> None:
        while True:
            waiting = await self._queue.get()
            self._oldest = waiting.since
            try:
                async with self._swap:
                    report = await self._commit(waiting.arrivals)
            except Exception as error:
                if not waiting.report.done():
                    waiting.report.set_exception(error)
                raise
            self._oldest = None
            if not waiting.report.done():
                waiting.report.set_result(report)
            for incident in report.incidents:
                _LOG.info(
                    "incident",
                    id=incident.id,
                    brand=incident.brand or "-",
                    status=incident.status,
                    fire=incident.fire,
                    severity=incident.severity,
                    news=incident.timeline[-1].note,
                )
            if report.notifications:
                self._sending().wake()

    async def _commit(self, arrivals: Arrivals) -> Report:
        """Commit a batch, however long the database takes to take it."""
        processor = self._watching()
        report = await self._patiently(self._writer.do, lambda: processor.process(arrivals))
        if self._held_since is not None:
            since, self._held_since = self._held_since, None
            _LOG.info("the database takes batches again", held_since=since)
            await self._tell_of_storage(processor, since)
        return report

    async def _patiently(self, do: Callable[[W], Awaitable[T]], work: W) -> T:
        """Do work that the database may not take now, again and again until it does."""
        while True:
            try:
                return await do(work)
            except StoreBusy as error:
                if not self._is_patient:
                    raise
                self._held_since = self._held_since or self._clock()
                _LOG.error(
                    "the database takes nothing; the batch is held",
                    why=error,
                    since=self._held_since,
                    retry=f"{RETRY_STORE:.0f}s",
                )
                await asyncio.sleep(RETRY_STORE)

    async def _tell_of_storage(self, processor: Processor, since: datetime) -> None:
        """Leave a trace, in the database and with people, of a time when nothing was taken."""
        now = self._clock()
        why = (
            f"the database took nothing from {since:%H:%M:%S} to {now:%H:%M:%S} UTC; nothing was "
            "lost, but nobody was told of anything in that time"
        )
        held = Arrivals(at=now, parts=(PartChecked(at=now, part="storage", why=why),))
        well = Arrivals(at=now, parts=(PartChecked(at=now, part="storage"),))
        try:
            await self._writer.do(lambda: processor.process(held))
            await self._writer.do(lambda: processor.process(well))
        except StoreBusy as error:
            _LOG.error("the database takes nothing again", why=error)

    def _watching(self) -> Processor:
        if self._processor is None:
            raise EmberwatchError("the watch has not been prepared")
        return self._processor

    def _sending(self) -> Dispatcher:
        if self._dispatcher is None:
            raise EmberwatchError("the watch has not been prepared")
        return self._dispatcher

    # ------------------------------------------------------------ jobs
    def _new_collectors(self) -> dict[str, Collector]:
        return {
            feed.name: Collector(
                feed,
                web=self._assembly.web(feed.name),
                submit=self._submit,
                remember=self._writer.read,
                clock=self._clock,
                chance=self._chance,
                roots=self._follower.roots,
            )
            for feed in self._assembly.feeds
        }

    def _new_dispatcher(self) -> Dispatcher:
        return Dispatcher(
            notifiers=self._assembly.notifiers,
            write=self._writer.write,
            read=self._writer.read,
            clock=self._clock,
            chance=self._chance,
            on_part=self._part_checked,
            secrets=self._assembly.secrets,
            channels=self._assembly.channels,
        )

    def _schedule_all(self) -> None:
        """Give every feed its job, splayed over its first second, and the house its own."""
        now = self._clock()
        wanted = {f"feed:{name}" for name in self._collectors}
        for id in self._schedule.ids() - wanted:
            self._schedule.cancel(id)
        for place, (name, collector) in enumerate(self._collectors.items()):
            splay = timedelta(milliseconds=50 * place)
            self._schedule.every(
                collector.feed.every,
                self._poll_job(collector),
                id=f"feed:{name}",
                first_at=now + splay,
                is_spread=True,
            )
        minute = timedelta(minutes=1)
        next_minute = now.replace(second=0, microsecond=0) + minute
        self._schedule.every(
            minute, self._tick, id="tick", first_at=next_minute + timedelta(milliseconds=100)
        )
        self._schedule.every(TURN, self._follower.turn, id="follow", first_at=now + TURN)
        self._schedule.every(
            timedelta(hours=6), self._purge, id="purge", first_at=now + timedelta(minutes=5)
        )
        if self._assembly.heartbeat is not None:
            self._schedule.every(
                self._assembly.heartbeat.every,
                self._beat,
                id="heartbeat",
                first_at=now + min(self._assembly.heartbeat.every, minute),
            )

    def _poll_job(self, collector: Collector) -> Callable[[], Awaitable[None]]:
        async def job() -> None:
            task = asyncio.create_task(collector.poll(), name=f"poll {collector.feed.name}")
            self._polls.add(task)
            task.add_done_callback(self._polls.discard)
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

        return job

    async def _tick(self) -> None:
        now = self._clock()
        lag = time.monotonic() - self._oldest if self._oldest is not None else 0.0
        why = ""
        if lag > LAG_ALARM.total_seconds():
            why = f"a batch has waited {lag:.0f} s for the writer: too many posts or a slow disk"
        queue = PartChecked(at=now, part="queue", why=why)
        await self._submit(Arrivals(at=now, parts=(queue, *self._clock_checked(now))))

    def _clock_checked(self, now: datetime) -> tuple[PartChecked, ...]:
        """Say how the machine's clock does; nothing as long as that is not known."""
        self._wall_clock = heard(self._wall_clock, self._assembly.compared())
        told = self._wall_clock.trouble
        why = told or clock_trouble(self._watching().clock, now)
        return () if told is None and not why else (PartChecked(at=now, part="clock", why=why),)

    def _compare_anew(self) -> None:
        """Forget what answers said of a clock that has leapt since, or hosts that may be gone."""
        self._assembly.compared()
        self._wall_clock = WallClock()

    async def _purge(self) -> None:
        now = self._clock()
        before = now - self._assembly.retention

        def purge(transaction: Writing) -> int:
            return transaction.purge(before, now)

        count = 0
        while erased := await self._writer.write(purge):  # a little at a time: others write too
            count += erased
        if count:
            _LOG.info("old posts forgotten", posts=count, before=before)

    async def _beat(self) -> None:
        """Tell the dead man's switch that we live: only while feeds are fresh and mail moves."""
        heartbeat = self._assembly.heartbeat
        if heartbeat is None:
            return
        if self._held_since is not None:
            why = f"the database has taken nothing since {self._held_since:%H:%M:%S}"
        else:
            why = await self._writer.read(self._fault)
        if why:
            _LOG.warning("no heartbeat", why=why)
            return
        try:
            answer = await self._assembly.outbound.post(
                Outgoing(url=heartbeat.url.reveal(), body=b"", headers={})
            )
        except EmberwatchError as error:
            _LOG.warning("heartbeat not sent", why=error)
            return
        if not 200 <= answer.status < 300:
            _LOG.warning("heartbeat not taken", answer=answer.status)

    def _fault(self, look: Reading) -> str:
        """Return what the dead man's switch must hear of, by our silence; empty if nothing."""
        now = self._clock()
        health = look.health()
        for feed in self._assembly.feeds:
            row = health.get(feed.name)
            if row is None or row.last_ok_at is None:
                return f"feed {feed.name} has not been read yet"
            if row.blind_since is not None:
                return f"feed {feed.name} is blind"
            if now - row.last_ok_at > max(STALE_AFTER, 10 * feed.every):
                return f"feed {feed.name} was last read at {row.last_ok_at:%Y-%m-%d %H:%M:%S}"
        notifiers = self._assembly.notifiers
        if notifiers and notifiers.keys() <= look.disabled().keys():
            return "every notifier is disabled: nobody can be told"
        stuck = look.statistics(now).oldest_waiting_at
        if stuck is not None and now - stuck > STALE_AFTER:
            return f"a notification has waited since {stuck:%Y-%m-%d %H:%M:%S}"
        return ""

    async def _part_checked(self, part: str, why: str) -> None:
        now = self._clock()
        await self._submit(Arrivals(at=now, parts=(PartChecked(at=now, part=part, why=why),)))

    # ------------------------------------------------------------ time and change
    async def _mind_the_clock(self) -> None:
        """Notice a wall clock that leaps, which APScheduler sleeps through."""
        apart = self._clock().timestamp() - time.monotonic()
        while True:
            await asyncio.sleep(MIND_EVERY)
            drift = self._clock().timestamp() - time.monotonic() - apart
            if abs(drift) > MOST_DRIFT:
                _LOG.warning("the wall clock leapt; jobs are set anew", seconds=f"{drift:+.0f}")
                apart += drift
                for collector in self._collectors.values():
                    collector.leap(timedelta(seconds=drift))
                self._follower.leap(timedelta(seconds=drift))
                self._compare_anew()
                self._schedule_all()

    async def _read_again(self) -> None:
        if self._reload is None:
            return
        await self._ready.wait()
        async with self._reloading:
            try:
                assembly = await asyncio.to_thread(self._reload)
            except ConfigError as error:
                for problem in error.problems:
                    _LOG.error("configuration not applied", problem=problem)
                return
            if assembly.scorer != self._assembly.scorer:
                _LOG.warning(
                    "another scorer judges from now on; what is normal was learnt from the one "
                    "before, and adapts within days",
                    before=self._assembly.scorer,
                    now=assembly.scorer,
                )
            async with self._swap:
                self._processor = await self._writer.do(assembly.processor)
                self._assembly = assembly
                self._compare_anew()
                for task in self._polls | self._follower.looks:
                    task.cancel()
                self._collectors = self._new_collectors()
                self._follower.forgive()
                self._sending().use(assembly.notifiers, assembly.secrets, assembly.channels)
            self._schedule_all()
            _LOG.info(
                "configuration applied",
                brands=len(assembly.policy.brands),
                feeds=len(assembly.feeds),
                notifiers=len(assembly.notifiers),
                scorer=assembly.scorer,
            )


def clock_trouble(ours: datetime | None, now: datetime) -> str:
    """Return what people must know of a machine's clock that was set back; empty if nothing.

    `ours` is how far the watch has come: it never goes back, and stands still in the meantime.
    """
    if ours is None or ours - now < MOST_AHEAD:
        return ""
    return (
        f"the machine's clock was set back: until {ours:%Y-%m-%d %H:%M} UTC a storm may be "
        "noticed late; see that the clock is right"
    )


def _release(transaction: Writing) -> None:
    """Free what a process that is gone had taken from the outbox: we alone run now."""
    transaction.release()
