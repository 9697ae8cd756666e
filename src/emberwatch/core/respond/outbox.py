"""How one try of a delivery changes what is owed."""

from dataclasses import replace
from datetime import datetime, timedelta

from emberwatch.core.respond.backoff import Backoff, next_try
from emberwatch.model.notification import DeliveryState, Notification

MOST_JITTER = 0.1
"""The greatest share by which chance lengthens one of our own gaps."""


def delivered(
    notification: Notification, *, tried_at: datetime, at: datetime, answer: str, handle: str = ""
) -> Notification:
    """Return a notification whose try, begun at `tried_at`, succeeded at `at`.

    `handle` is what the channel knows the message by.
    """
    return replace(
        _tried(notification, tried_at, answer),
        state=DeliveryState.DELIVERED,
        delivered_at=at,
        handle=handle,
    )


def overtaken(notification: Notification, *, by: int, at: datetime) -> Notification:
    """Return a notification that need not be sent: the receiver has a later state already.

    `by` is the `sequence` that it took. To send the older one now would light a fire again that
    is out.
    """
    return replace(
        notification,
        state=DeliveryState.DELIVERED,
        delivered_at=at,
        last_answer=f"not sent: the channel shows a later state already (sequence {by})",
    )


def failed(
    notification: Notification,
    *,
    tried_at: datetime,
    at: datetime,
    answer: str,
    asked: timedelta | None,
    backoff: Backoff,
    chance: float,
) -> Notification:
    """Return a notification whose try failed at `at`: due again later, or dead after the last.

    `chance` (0 up to 1) lengthens our own gap by at most a tenth, so that what failed together
    does not come back together. What the receiver `asked` for is not lengthened.
    """
    tried = _tried(notification, tried_at, answer)
    ours = next_try(backoff, tried.attempts, at, None)
    theirs = next_try(backoff, tried.attempts, at, asked)
    if ours is None or theirs is None:
        return replace(tried, state=DeliveryState.DEAD)
    return replace(tried, next_try_at=max(theirs, ours + (ours - at) * MOST_JITTER * chance))


def refused(notification: Notification, *, tried_at: datetime, answer: str) -> Notification:
    """Return a notification that its receiver refused for good: held until somebody acts."""
    return replace(_tried(notification, tried_at, answer), state=DeliveryState.HELD)


def standing(notification: Notification) -> str:
    """Return in a few words how a message stands beside its state, for the people who look."""
    is_waiting = notification.state is DeliveryState.WAITING
    said = notification.last_answer
    if notification.told_by and is_waiting:
        said = f"{said} (which waits)"
    elif is_waiting and not notification.attempts:
        said = "waits for its turn"
    if notification.handed_to:
        said += f"; {notification.handed_to} is told instead"
    return said or "-"


def _tried(notification: Notification, tried_at: datetime, answer: str) -> Notification:
    return replace(
        notification,
        attempts=notification.attempts + 1,
        first_try_at=notification.first_try_at or tried_at,
        last_answer=answer,
    )
