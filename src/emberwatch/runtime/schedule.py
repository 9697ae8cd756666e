"""When things are done: the door to APScheduler, with the settings that its edges ask for."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from emberwatch.runtime.telemetry import Log

_LOG = Log("schedule")

MOST_JITTER = 0.1
"""Of the interval: with more, APScheduler loses ticks."""


class Schedule:
    """Interval jobs in UTC, each started at once, run one at a time, coalesced when late.

    APScheduler trusts the wall clock: set back by an hour it runs nothing for an hour, set forward
    it sleeps on. `mend` is the remedy: called by a loop that sleeps on the monotonic clock, it
    gives every job its next time anew whenever the two clocks drift apart.
    """

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(
            self._noticed, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )

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
    ) -> None:
        """Run a coroutine function each interval, beginning at `first_at` (aware)."""
        seconds = interval.total_seconds()
        self._scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            id=id,
            next_run_time=first_at,
            jitter=seconds * MOST_JITTER if seconds >= 10 else None,
            misfire_grace_time=max(1, int(seconds)),
            replace_existing=True,
        )

    def cancel(self, id: str) -> None:
        """Never run this job again."""
        if self._scheduler.get_job(id) is not None:
            self._scheduler.remove_job(id)

    def ids(self) -> set[str]:
        """Return the ids of the jobs."""
        return {str(job.id) for job in self._scheduler.get_jobs()}

    def mend(self, now: datetime) -> None:
        """After a jump of the wall clock: let every job run from now on again."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=now)
        self._scheduler.wakeup()

    def _noticed(self, event: Any) -> None:
        if event.code == EVENT_JOB_ERROR:
            _LOG.error("job failed", job=event.job_id, error=repr(event.exception))
        elif event.code == EVENT_JOB_MISSED:
            _LOG.warning("job came too late and was left out once", job=event.job_id)
        else:
            _LOG.debug("job still runs, this turn is left out", job=event.job_id)
