"""Shows an incident in a Slack channel, as one message that changes with it.

Block Kit: https://docs.slack.dev/reference/block-kit/blocks; escaping:
https://docs.slack.dev/messaging/formatting-message-text
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from emberwatch.core.respond.legible import shortened
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.message import Message, read_message
from emberwatch.notifiers.posting import Receiver, secret_url_problems, url_problems
from emberwatch.ports import Answer, Outbound, Receipt

API = "https://slack.com/api"
MOST_HEADER = 150
MOST_SECTION = 3000
MOST_LINK = 1400
"""Characters of an address with its entities: two of them fit into a section."""
MOST_QUOTES = 3
MOST_QUOTE = 600
CANNOT_CHANGE = ("message_not_found", "cant_update_message", "edit_window_closed")
"""Answers to a change that mean: say it in a new message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackOptions:
    """Either the `url` of an incoming webhook, or a bot's `token` and a `channel`.

    Only with a token can a message be changed; through a webhook each update is a message of its
    own. `api` is Slack's interface.
    """

    url: Secret | None = None
    token: Secret | None = None
    channel: str = ""
    api: str = API

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; no secret is ever shown."""
        found = [("api", what) for what in url_problems(self.api)]
        if self.url is not None:
            found += secret_url_problems(self.url)
        if (self.url is None) == (self.token is None):
            found.append(
                ("url", "set url_env (an incoming webhook) or token_env (a bot): just one")
            )
        if (self.token is None) != (not self.channel):
            found.append(("channel", "goes with token_env: a bot must know where to write"))
        return tuple(found)


class Slack:
    """A channel in Slack."""

    kind: ClassVar[str] = "slack"
    Options: ClassVar[type[SlackOptions]] = SlackOptions
    per_minute: ClassVar[int | None] = 20
    takes_digests: ClassVar[bool] = True

    def __init__(self, options: SlackOptions, outbound: Outbound) -> None:
        self._channel = options.channel
        self._api = options.api.rstrip("/")
        token = options.token.reveal().strip() if options.token else ""
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        url = options.url.reveal().strip() if options.url else self._api
        self._receiver = Receiver(outbound, url, [token])
        self.shows_latest = bool(token)

    def describe(self) -> str:
        """Say where messages go, and whether they change with their incident."""
        if self.shows_latest:
            return f"one message an incident in Slack's {self._channel}"
        return "a message for each update, through an incoming webhook of Slack's"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Post, or change what was posted; see `Receiver.send` for what is raised."""
        message = read_message(notification)
        shown = rendered(message)
        if not self.shows_latest:
            answer = await self._receiver.send(_json(shown), at)
            return Receipt(answer=self._receiver.said(answer))
        channel, _, moment = notification.handle.partition(":")
        if moment and not message.is_opener:
            said = await self._call("chat.update", {**shown, "channel": channel, "ts": moment}, at)
            if said.get("ok") is True:
                return Receipt(answer="changed", handle=notification.handle)
            if said.get("error") not in CANNOT_CHANGE:
                raise self._refusal(said)
        said = await self._call("chat.postMessage", {**shown, "channel": self._channel}, at)
        if said.get("ok") is not True:
            raise self._refusal(said)
        where, when = said.get("channel"), said.get("ts")
        return Receipt(answer="posted", handle=f"{where}:{when}" if where and when else "")

    async def _call(self, method: str, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        answer = await self._receiver.send(
            _json(body), at, headers=self._headers, url=f"{self._api}/{method}"
        )
        return self._understood(answer)

    def _understood(self, answer: Answer) -> dict[str, Any]:
        try:
            said = json.loads(answer.body)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise DeliveryFailed(f"Slack answered no JSON: {self._receiver.said(answer)}")
        return said

    def _refusal(self, said: dict[str, Any]) -> DeliveryFailed:
        return DeliveryFailed(self._receiver.plain(f"Slack refused: {said.get('error')}"))


def rendered(message: Message) -> dict[str, Any]:
    """Return a message as Block Kit; nothing that a stranger wrote calls or links anybody."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(message.title, MOST_HEADER)},
        _section(message.reason or message.state),
        *(_section(each) for each in message.passages(MOST_QUOTES, MOST_QUOTE)),
        {"type": "context", "elements": [_plain(message.state)]},
    ]
    links = " | ".join(
        f"<{_linkable(url)}|{text}>"
        for text, url in message.links
        if len(_linkable(url)) <= MOST_LINK
    )
    if links:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": links}})
    return {
        "text": _escaped(message.headline),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text)}


def _plain(text: str, most: int = MOST_SECTION) -> dict[str, Any]:
    return {"type": "plain_text", "text": _escaped(text, most), "emoji": False}


def _escaped(text: str, most: int = MOST_SECTION) -> str:
    """Return a text in which Slack sees no mention and no link; never cut inside an entity."""
    while True:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if len(escaped) <= most:
            return escaped
        text = shortened(text, len(text) - max(1, (len(escaped) - most) // 5))


def _linkable(url: str) -> str:
    return url.replace("&", "&amp;")


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
