"""One message owed to one notifier."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from emberwatch.model.incident import Severity

TRIAL = "test"
"""The type of a message that tries a notifier out."""

DIGEST = "digest"
"""The type of a message that tells of several incidents at once."""

OPENERS = (
    "incident.opened",
    "incident.reopened",
    "incident.escalated",
    "incident.reminded",
    "incident.told",
    DIGEST,
    TRIAL,
)
"""Types that call people anew. All others change what was said before.

The three by which the clock calls stand in the outbox only: their payload is an
`incident.updated` whose reason says what they are.
"""


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

    The id is also the `webhook-id` of every try. `type` is one of the payload's types, or one of
    those in `OPENERS` by which the clock calls. A digest belongs to no incident: its `incident_id`
    is empty. `subject` is the brand, or the part of ours, that it is about.
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
    severity: Severity = Severity.INFO
    subject: str = ""
    told_by: str = ""
    """The id of another message that tells this in its stead: a digest, or a later state."""
    handed_to: str = ""
    """The notifier that stands in, once it was told too."""

    @property
    def is_digest(self) -> bool:
        """Whether it tells of several incidents at once."""
        return self.type == DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What must be known of a message to decide when it leaves: its row without the payload."""

    id: str
    incident_id: str
    type: str
    sequence: int
    severity: Severity
    subject: str
    created_at: datetime

    @property
    def is_digest(self) -> bool:
        """Whether it tells of several incidents at once."""
        return self.type == DIGEST

    @property
    def is_opener(self) -> bool:
        """Whether it calls people anew."""
        return self.type in OPENERS
