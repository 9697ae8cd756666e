"""When things are done: the door to APScheduler, with the settings that its edges ask for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from emberwatch.runtime.telemetry import Log

_LOG = Log("schedule")

MOST_SPREAD = 0.1
"""Of the interval: how late a turn that is spread may come."""


class _Turns(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """A turn each interval, counted from the first; a turn that was missed is not made up for.

    APScheduler's own trigger lists every turn that a leap of the wall clock passed by: after ten
    years, 300 million of them. And it adds each delay to the next turn, so that minutes drift.
    """

    def __init__(
        self, first_at: datetime, interval: timedelta, chance: Callable[[], float]
    ) -> None:
        self._first_at = first_at
        self._interval = interval
        self._chance = chance

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """Return the first turn after the previous one that is still to come."""
        if previous is None:
            return self._first_at
        number = (max(previous, now) - self._first_at) // self._interval + 1
        late = self._interval * MOST_SPREAD * self._chance()
        return self._first_at + number * self._interval + late


def _never() -> float:
    return 0.0


class Schedule:
    """Jobs at intervals, in UTC: one run of each at a time, once however late.

    APScheduler trusts the wall clock: set back by an hour, it runs nothing for an hour. Whoever
    notices that (by the monotonic clock) gives every job its turns anew. `chance` draws from 0
    to 1.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._noticed, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Begin to run jobs on the running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Run no more; what runs is the caller's to wait for."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def every(
        self,
        interval: timedelta,
        job: Callable[[], Awaitable[None]],
        *,
        id: str,
        first_at: datetime,
        is_spread: bool = False,
    ) -> None:
        """Run a coroutine function each interval, beginning at `first_at` (aware).

        It takes the place of a job with this id. With `is_spread` each turn but the first comes
        up to a tenth of the interval late, so that not all the world asks at the same second.
        """
        self._scheduler.add_job(
            job,
            _Turns(first_at, interval, self._chance if is_spread else _never),
            id=id,
            next_run_time=first_at,
            replace_existing=True,
        )

    def cancel(self, id: str) -> None:
        """Never run this job again."""
        if self._scheduler.get_job(id) is not None:
            self._scheduler.remove_job(id)

    def ids(self) -> set[str]:
        """Return the ids of the jobs."""
        return {str(job.id) for job in self._scheduler.get_jobs()}

    def _noticed(self, event: Any) -> None:
        if event.code == EVENT_JOB_MAX_INSTANCES:
            _LOG.debug("job still runs, this turn is left out", job=event.job_id)
        elif not isinstance(event.exception, asyncio.CancelledError):  # that is the end
            _LOG.error("job failed", job=event.job_id, error=repr(event.exception))
