"""What leaves the outbox next for one notifier: claimed, grouped, or handed to who stands in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from emberwatch.core.respond.digest import MOST_LISTED, digest_of
from emberwatch.core.respond.fallback import in_stead
from emberwatch.core.respond.pacing import MINUTE, Channel, Plan, plan
from emberwatch.model.notification import Notification
from emberwatch.ports import Ledger, Try, Writing

LEASE = timedelta(minutes=2)
"""How long what was taken stays taken: longer than `MOST_IN_FLIGHT` tries in a row."""

MOST_OWED = 1000
"""Messages of one notifier that are looked at together; one digest tells of no more."""

MOST_RANKED = 50
"""The same where nothing is grouped, and only those that leave next must be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one notifier may take: `free` tries at a time, `left` messages in this minute.

    What was due at `now` is taken `at` a moment that may come later, and counts from there.
    """

    name: str
    now: datetime
    at: datetime
    free: int
    left: int | None
    channel: Channel
    shows_latest: bool

    def claim(self, outbox: Writing) -> list[Notification]:
        """Take what leaves now, first things first; group what goes beyond the limit."""
        wanted = self._plan(outbox)
        for id, later in wanted.overtaken.items():
            why = f"not sent: a later state (sequence {later.sequence}) is told in its stead"
            outbox.tell_by([id], later.id, why)
        if wanted.grouped:
            self._group(outbox, wanted)
            wanted = self._plan(outbox)
        ids = [each.id for each in wanted.send[: self.free]]
        claimed = outbox.claim(self.now, LEASE, len(ids), self.name, ids)
        if self.channel.per_minute is not None:
            tries = [taken(each, self.at) for each in claimed]
            outbox.count(tries, self.at - MINUTE, self.at)
        return sorted(claimed, key=lambda each: ids.index(each.id))

    def _plan(self, outbox: Writing) -> Plan:
        most = MOST_OWED if self.left is not None and self.channel.takes_digests else MOST_RANKED
        owed = outbox.owed(self.name, self.now, most)
        return plan(owed, left=self.left, channel=self.channel, shows_latest=self.shows_latest)

    def _group(self, outbox: Writing, wanted: Plan) -> None:
        first = [each.id for each in wanted.grouped[:MOST_LISTED]]
        listed = outbox.claim(self.now, LEASE, len(first), self.name, first)
        listed.sort(key=lambda each: first.index(each.id))
        digest = digest_of(wanted.grouped, listed, self.name, self.now)
        outbox.record(Ledger(notifications=(digest,)))
        ids = [each.id for each in wanted.grouped]
        outbox.tell_by(ids, digest.id, f"told in the digest {digest.id}")


def taken(notification: Notification, at: datetime) -> Try:
    """Return the try for which a notification is taken, as it counts for its notifier's limit."""
    return Try(notifier=notification.notifier, id=notification.id, taken_at=at, at=at)


def hand_over(
    outbox: Writing, stranded: Iterable[Notification], fallback: str, now: datetime
) -> int:
    """Owe a fallback what it is not told anyway; return how much that is."""
    owed = tuple(
        in_stead(each, fallback, now)
        for each in stranded
        if not outbox.is_told(fallback, each.incident_id, each.sequence)
    )
    outbox.record(Ledger(notifications=owed))
    outbox.hand_over([each.id for each in stranded], fallback)
    return len(owed)
