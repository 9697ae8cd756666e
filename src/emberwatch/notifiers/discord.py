"""Shows an incident in a Discord channel, as one message that changes with it.

Webhooks: https://docs.discord.com/developers/resources/webhook (execute, edit webhook message).
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from emberwatch.core.respond.legible import shortened
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.incident import Severity
from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.message import Message, read_message
from emberwatch.notifiers.posting import Receiver, secret_url_problems
from emberwatch.ports import Answer, Outbound, Receipt

MOST_TITLE = 256
MOST_DESCRIPTION = 4096
MOST_VALUE = 1024
MOST_QUOTES = 3
MOST_QUOTE = 400
NO_SUCH_MESSAGE = 404

COLOURS = {
    Severity.INFO: 0x6B7280,
    Severity.WARNING: 0xD97706,
    Severity.HIGH: 0xEA580C,
    Severity.CRITICAL: 0xB91C1C,
}
OVER = 0x15803D
"""The colour of an incident that is closed."""

_MARKUP = re.compile(r"([\\`*_~|>#\[\]()<:@-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordOptions:
    """The address of a channel's webhook. Who knows it can write there: so it is a secret."""

    url: Secret

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; the address is never shown."""
        return tuple(secret_url_problems(self.url))


class Discord:
    """A channel in Discord."""

    kind: ClassVar[str] = "discord"
    Options: ClassVar[type[DiscordOptions]] = DiscordOptions
    per_minute: ClassVar[int | None] = 20
    takes_digests: ClassVar[bool] = True
    shows_latest = True

    def __init__(self, options: DiscordOptions, outbound: Outbound) -> None:
        self._url = urlsplit(options.url.reveal().strip())
        self._receiver = Receiver(outbound, urlunsplit(self._url))

    def describe(self) -> str:
        """Say where messages go."""
        return f"one message an incident in the channel of a webhook at {self._url.netloc}"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Post, or change what was posted; see `Receiver.send` for what is raised."""
        message = read_message(notification)
        body = json.dumps(rendered(message), ensure_ascii=False).encode()
        handle = notification.handle
        if handle and not message.is_opener:
            try:
                await self._receiver.send(body, at, url=self._of(handle), method="PATCH")
            except DeliveryFailed as failure:
                if failure.status != NO_SUCH_MESSAGE:
                    raise
            else:
                return Receipt(answer="changed", handle=handle)
        query = "&".join(part for part in (self._url.query, "wait=true") if part)
        url = urlunsplit(self._url._replace(query=query))
        answer = await self._receiver.send(body, at, url=url)
        return Receipt(answer="posted", handle=_id_of(answer))

    def _of(self, handle: str) -> str:
        path = f"{self._url.path.rstrip('/')}/messages/{handle}"
        return urlunsplit(self._url._replace(path=path))


def rendered(message: Message) -> dict[str, Any]:
    """Return a message as an embed; nothing that a stranger wrote calls or links anybody."""
    colour = OVER if message.status.is_closed else COLOURS[message.severity]
    quotes = "\n\n".join(_inert(each) for each in message.passages(MOST_QUOTES, MOST_QUOTE))
    embed: dict[str, Any] = {
        "title": shortened(message.title, MOST_TITLE),
        "description": _cut(f"{_inert(message.reason)}\n\n{quotes}".strip(), MOST_DESCRIPTION),
        "color": colour,
        "timestamp": message.occurred_at,
        "fields": [{"name": "State", "value": _cut(_inert(message.state), MOST_VALUE)}],
    }
    if message.thread_url:
        embed["url"] = message.thread_url
    embed["fields"] += [{"name": text, "value": url} for text, url in message.links]
    return {"username": "emberwatch", "embeds": [embed], "allowed_mentions": {"parse": []}}


def _inert(text: str) -> str:
    """Return a text that Discord shows as it stands: no markup, no mention, no emoji code."""
    return _MARKUP.sub(r"\\\1", text)


def _cut(text: str, most: int) -> str:
    """Cut, but not between a backslash and what it stands before."""
    cut = shortened(text, most)
    bare = cut[:-1].rstrip("\\") if cut != text else cut
    return bare + cut[-1:] if cut != text else cut


def _id_of(answer: Answer) -> str:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return ""
    id = said.get("id") if isinstance(said, dict) else None
    return id if isinstance(id, str) and id.isdecimal() else ""
