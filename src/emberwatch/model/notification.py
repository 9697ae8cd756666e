"""One message owed to one notifier."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """How far a notification has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up after the last try; `delivery replay` sends it again."""
    HELD = "held"
    """Its notifier is disabled; sent once that is enabled again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A row of the outbox. `payload` is JSON text, frozen when the trouble was committed.

    The id is also the `webhook-id` of every try. `type` is one of the payload's types.
    """

    id: str
    incident_id: str
    notifier: str
    type: str
    sequence: int
    payload: str
    created_at: datetime
    attempts: int = 0
    state: DeliveryState = DeliveryState.WAITING
    next_try_at: datetime
    first_try_at: datetime | None = None
    delivered_at: datetime | None = None
    last_answer: str = ""
    handle: str = ""
    """What the channel knows its message by, where a later one can change it."""
