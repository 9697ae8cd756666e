"""Keeps an alert alive in a Prometheus Alertmanager while an incident lasts.

API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (`postAlerts`).
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from emberwatch.core.respond.legible import shortened
from emberwatch.model.notification import TRIAL, Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.message import Message, read_message, unlinked
from emberwatch.notifiers.posting import Receiver, url_problems
from emberwatch.ports import Outbound, Receipt

ALERTS = "/api/v2/alerts"

LASTS = timedelta(days=30)
"""How long an alert lives on when nothing more is heard of its incident."""

EARLIER = timedelta(seconds=5)
"""An end is told so much earlier than it was: an end that its clock still has to reach is none."""

MOST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerOptions:
    """Where the Alertmanager listens, without the path of its interface.

    `token` is sent as a bearer token, for one that stands behind a proxy that asks for it.
    """

    url: str
    token: Secret | None = None

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs."""
        return tuple(("url", what) for what in url_problems(self.url))


class Alertmanager:
    """One alert an incident, with the same labels from its first message to its last.

    So twenty updates are one alert. How grave it is may change and is therefore an annotation.
    """

    kind: ClassVar[str] = "alertmanager"
    Options: ClassVar[type[AlertmanagerOptions]] = AlertmanagerOptions
    per_minute: ClassVar[int | None] = None
    takes_digests: ClassVar[bool] = False
    shows_latest = True

    def __init__(self, options: AlertmanagerOptions, outbound: Outbound) -> None:
        token = options.token.reveal() if options.token else ""
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._receiver = Receiver(outbound, options.url.rstrip("/") + ALERTS, [token])

    def describe(self) -> str:
        """Say where messages go."""
        return f"alerts to the Alertmanager at {urlsplit(self._receiver.url).netloc}"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Post the alert as it stands; see `Receiver.send` for what is raised."""
        body = json.dumps([_alert(read_message(notification), at)]).encode()
        answer = await self._receiver.send(body, at, headers=self._headers)
        return Receipt(answer=self._receiver.said(answer))


def _alert(message: Message, at: datetime) -> dict[str, object]:
    began_at = datetime.fromisoformat(message.opened_at)
    if message.type == TRIAL:
        ends_at = at + timedelta(minutes=1)
    elif message.closed_at is None:
        ends_at = at + LASTS
    else:
        ends_at = max(datetime.fromisoformat(message.closed_at) - EARLIER, began_at)
    labels = {
        "alertname": "emberwatch",
        "incident": message.incident_id,
        "brand": message.subject,
        "kind": message.kinds[0],
    }
    annotations = {
        "summary": message.headline,
        "description": shortened(unlinked(message.details), MOST_TEXT),
        "severity": message.severity,
        "status": message.status,
        "fire": message.fire,
        "owner": message.owner,
        "instead_of": message.instead_of,
        "thread_url": message.thread_url or "",
    }
    alert: dict[str, object] = {
        "labels": labels,
        "annotations": {name: text for name, text in annotations.items() if text},
        "startsAt": began_at.isoformat(),
        "endsAt": ends_at.isoformat(),
    }
    link = message.url or message.thread_url
    return {**alert, "generatorURL": link} if link else alert
