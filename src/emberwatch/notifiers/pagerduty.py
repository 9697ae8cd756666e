"""Triggers, acknowledges and resolves a PagerDuty alert with its incident.

Events API v2: https://developer.pagerduty.com/docs/send-alert-event
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from emberwatch.core.respond.legible import shortened
from emberwatch.model.incident import Severity, Status
from emberwatch.model.notification import TRIAL, Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.message import Message, read_message, unlinked
from emberwatch.notifiers.posting import Receiver, url_problems
from emberwatch.ports import Outbound, Receipt

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
MOST_SUMMARY = 1024
KEY_LENGTH = 32

SEVERITIES = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "critical",
}
"""Our severities in PagerDuty's words."""

ACTIONS = {
    Status.OPEN: "trigger",
    Status.ACKNOWLEDGED: "acknowledge",
    Status.RESPONDED: "acknowledge",
    Status.RESOLVED: "resolve",
    Status.DISMISSED: "resolve",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyOptions:
    """The integration key of a service ("Events API V2"); `url` for the EU's service region."""

    routing_key: Secret
    url: str = ENQUEUE

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; the key is never shown."""
        found = [("url", what) for what in url_problems(self.url)]
        key = self.routing_key.reveal().strip()
        if len(key) != KEY_LENGTH or not key.isalnum():
            found.append(
                ("routing_key", f"expected an integration key: {KEY_LENGTH} letters and digits")
            )
        return tuple(found)


class PagerDuty:
    """One alert an incident, known by one `dedup_key`: the incident's id."""

    kind: ClassVar[str] = "pagerduty"
    Options: ClassVar[type[PagerDutyOptions]] = PagerDutyOptions
    per_minute: ClassVar[int | None] = 60
    takes_digests: ClassVar[bool] = False
    shows_latest = True

    def __init__(self, options: PagerDutyOptions, outbound: Outbound) -> None:
        self._key = options.routing_key.reveal().strip()
        self._receiver = Receiver(outbound, options.url, [self._key])

    def describe(self) -> str:
        """Say where messages go."""
        return f"events to PagerDuty at {urlsplit(self._receiver.url).netloc}"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Send the event of the incident's status; a trial triggers and resolves at once."""
        message = read_message(notification)
        answer = await self._send(message, ACTIONS[message.status], at)
        if message.type == TRIAL:
            answer = await self._send(message, "resolve", at)
        return Receipt(answer=answer)

    async def _send(self, message: Message, action: str, at: datetime) -> str:
        body = json.dumps(_event(message, self._key, action)).encode()
        return self._receiver.said(await self._receiver.send(body, at))


def _event(message: Message, key: str, action: str) -> dict[str, object]:
    links = [{"href": href, "text": text} for text, href in message.links]
    return {
        "routing_key": key,
        "event_action": action,
        "dedup_key": message.incident_id,
        "client": "emberwatch",
        "payload": {
            "summary": shortened(message.headline, MOST_SUMMARY),
            "source": message.subject,
            "severity": SEVERITIES[message.severity],
            "timestamp": message.occurred_at,
            "component": message.subject,
            "class": message.kinds[0],
            "custom_details": {"state": message.state, "brief": unlinked(message.details)},
        },
        "links": links,
    }
