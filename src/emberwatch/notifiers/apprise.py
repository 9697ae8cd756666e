"""Tells through one of the many services that the library Apprise knows (the extra `apprise`).

Addresses: https://github.com/caronc/apprise/wiki. Apprise opens its own connections: they do not
pass our guard against private addresses.
"""

import asyncio
import logging
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from emberwatch.core.respond.legible import one_line, shortened
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.incident import Severity
from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret, hide
from emberwatch.notifiers.message import Message, read_message, unlinked
from emberwatch.ports import Outbound, Receipt

if TYPE_CHECKING:
    import apprise

MOST_TITLE = 160
MOST_BODY = 4000
MOST_SAID = 200
LEAST_TOKEN = 4
"""Characters from which on a part of an address may be a token, and is hidden."""

PATIENCE = 15.0
"""Seconds that a service may take in all; the dispatcher gives up after twenty."""

MISSING = "needs the library Apprise: pip install 'emberwatch[apprise]'"

_INERT = str.maketrans({"<": "\u2039", ">": "\u203a", "@": "@\u200b"})
"""What services call people by. Apprise gives some of it back its meaning, though it is text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseOptions:
    """The address of a service as Apprise writes it, such as `tgram://token/chat`.

    It holds tokens and passwords: so it is a secret.
    """

    service: Secret

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; the address is never shown."""
        try:
            is_known = _service(self.service) is not None
        except ImportError:
            return (("service", MISSING),)
        what = "is no address that Apprise knows: expected one such as tgram://token/chat"
        return () if is_known else (("service", what),)


class Apprise:
    """A service of Apprise's. It takes a text and says no more than whether it did."""

    kind: ClassVar[str] = "apprise"
    Options: ClassVar[type[AppriseOptions]] = AppriseOptions
    per_minute: ClassVar[int | None] = 20
    takes_digests: ClassVar[bool] = True
    shows_latest = False

    def __init__(self, options: AppriseOptions, outbound: Outbound | None = None) -> None:
        self._address = options.service.reveal().strip()
        self._service = options.service

    def describe(self) -> str:
        """Say where messages go."""
        scheme = self._address.partition("://")[0]
        return f"text through Apprise ({scheme}), past our guard against private addresses"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Hand it to the service; `DeliveryFailed` when that does not take it."""
        message = read_message(notification)
        why = await asyncio.to_thread(_sent, self._service, message)
        if why:
            raise DeliveryFailed(self._plain(why))
        return Receipt(answer="accepted by the service")

    def _plain(self, text: str) -> str:
        """Return what was said, in one line, without any part of the address."""
        parts = {unquote(part) for part in re.split(r"[:/@?&=,]+", self._address)}
        parts |= set(re.split(r"[:/@?&=,]+", self._address))
        tokens = (part for part in parts if len(part) >= LEAST_TOKEN)
        return one_line(hide(text, tokens), MOST_SAID)


def written(message: Message) -> tuple[str, str]:
    """Return a message as a title and a text in which nothing that a stranger wrote acts."""
    title = one_line(f"[{message.severity}] {message.subject}: {message.reason}", MOST_TITLE)
    details = shortened(unlinked(message.details).translate(_INERT), MOST_BODY)
    links = "\n".join(f"{text}: {url}" for text, url in message.links)
    parts = (message.reason, links, message.state, details)
    return title.translate(_INERT), "\n\n".join(part for part in parts if part)


def _service(secret: Secret) -> "apprise.Apprise | None":
    """Return the service at an address, None where Apprise knows none; it keeps no files."""
    import apprise

    logging.getLogger("apprise").propagate = False  # its words may hold what is secret
    asset = apprise.AppriseAsset(
        app_id="emberwatch",
        app_desc="emberwatch",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
        interpret_escapes=False,
        interpret_emojis=False,
    )
    service = apprise.Apprise(asset=asset)
    return service if service.add(secret.reveal().strip()) else None


def _sent(secret: Secret, message: Message) -> str:
    """Send it; return why it was not taken, empty when it was."""
    import apprise

    service = _service(secret)
    if service is None:
        return "Apprise knows no such service"
    kinds = {
        Severity.INFO: apprise.NotifyType.INFO,
        Severity.WARNING: apprise.NotifyType.WARNING,
        Severity.HIGH: apprise.NotifyType.WARNING,
        Severity.CRITICAL: apprise.NotifyType.FAILURE,
    }
    is_over = message.status.is_closed
    title, body = written(message)
    result = service.notify(
        title=title,
        body=body,
        body_format=apprise.NotifyFormat.TEXT,
        notify_type=apprise.NotifyType.SUCCESS if is_over else kinds[message.severity],
        timeout=PATIENCE,
    )
    if result:
        return ""
    said = "; ".join(entry.message for entry in result.logs())
    return f"the service did not take it: {said or 'it did not say why'}"
