"""Posts an incident to a channel of Microsoft Teams, through a workflow's webhook.

Adaptive Cards 1.5: https://adaptivecards.io/explorer/; workflows:
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from emberwatch.model.incident import Severity
from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.message import Message, read_message
from emberwatch.notifiers.posting import Receiver, secret_url_problems
from emberwatch.ports import Outbound, Receipt

MOST_QUOTES = 3
MOST_QUOTE = 600

COLOURS = {
    Severity.INFO: "default",
    Severity.WARNING: "warning",
    Severity.HIGH: "attention",
    Severity.CRITICAL: "attention",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsOptions:
    """The address that the workflow "Post to a channel when a webhook request is received" gives.

    Who knows it can write there: so it is a secret.
    """

    url: Secret

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; the address is never shown."""
        return tuple(secret_url_problems(self.url))


class Teams:
    """A channel in Teams. A workflow cannot change a message: each update is one of its own."""

    kind: ClassVar[str] = "teams"
    Options: ClassVar[type[TeamsOptions]] = TeamsOptions
    per_minute: ClassVar[int | None] = 20
    takes_digests: ClassVar[bool] = True
    shows_latest = False

    def __init__(self, options: TeamsOptions, outbound: Outbound) -> None:
        self._receiver = Receiver(outbound, options.url.reveal().strip())

    def describe(self) -> str:
        """Say where messages go."""
        return f"cards to a Teams workflow at {urlsplit(self._receiver.url).netloc}"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Post a card; see `Receiver.send` for what is raised."""
        body = json.dumps(rendered(read_message(notification)), ensure_ascii=False).encode()
        answer = await self._receiver.send(body, at)
        return Receipt(answer=self._receiver.said(answer))


def rendered(message: Message) -> dict[str, Any]:
    """Return a message as an Adaptive Card.

    All words stand in text runs, which know no markup; without entities there are no mentions.
    """
    over = "good" if message.status.is_closed else COLOURS[message.severity]
    actions = [{"type": "Action.OpenUrl", "title": text, "url": url} for text, url in message.links]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [
            _words(message.title, size="large", weight="bolder", color=over),
            _words(message.reason or message.state),
            *(_words(each) for each in message.passages(MOST_QUOTES, MOST_QUOTE)),
            _words(message.state, isSubtle=True),
        ],
        "actions": actions,
        "msteams": {"width": "Full"},
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _words(text: str, **look: object) -> dict[str, Any]:
    run = {"type": "TextRun", "text": text, **look}
    return {"type": "RichTextBlock", "inlines": [run]}
