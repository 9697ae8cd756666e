"""Posts a signed JSON message to a receiver, as Standard Webhooks 1.0.0 asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.posting import Receiver, url_problems
from emberwatch.notifiers.signature import PREFIX, sign, signing_key
from emberwatch.ports import Outbound, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Where to post, and what to sign with.

    While a secret is changed both are set: each message then bears both signatures, and the
    receiver may hold either. Without a secret messages go out unsigned.
    """

    url: str
    secret: Secret | None = None
    previous_secret: Secret | None = None

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; no secret is ever shown."""
        found = [("url", what) for what in url_problems(self.url)]
        for field, secret in (("secret", self.secret), ("previous_secret", self.previous_secret)):
            if secret is not None:
                try:
                    signing_key(secret.reveal())
                except ValueError as error:
                    found.append((field, str(error)))
        if self.previous_secret is not None and self.secret is None:
            found.append(("previous_secret", "needs a current secret beside it: set secret too"))
        return tuple(found)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys to sign with, the current one first."""
        secrets = (self.secret, self.previous_secret)
        return tuple(signing_key(secret.reveal()) for secret in secrets if secret is not None)


class Webhook:
    """A receiver of signed messages. Only an answer of 200 to 299 is success."""

    kind: ClassVar[str] = "webhook"
    Options: ClassVar[type[WebhookOptions]] = WebhookOptions
    per_minute: ClassVar[int | None] = None
    takes_digests: ClassVar[bool] = False
    shows_latest = False

    def __init__(self, options: WebhookOptions, outbound: Outbound) -> None:
        self._options = options
        self._keys = options.keys
        secrets = (options.secret, options.previous_secret)
        self._receiver = Receiver(
            outbound,
            options.url,
            [each.reveal().strip().removeprefix(PREFIX) for each in secrets if each is not None],
        )

    def describe(self) -> str:
        """Say where messages go and whether the receiver can tell that they are from us."""
        host = urlsplit(self._options.url).netloc
        if self._keys:
            return f"signed JSON to {host}"
        return f"unsigned JSON to {host}: set secret_env so that it can tell who sent it"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Post it once, with a timestamp and signatures of this try.

        Raises `DeliveryRefused` for 410 and `DeliveryFailed` for all else but 200 to 299.
        """
        body = notification.payload.encode()
        headers = sign(self._keys, notification.id, at, body)
        answer = await self._receiver.send(body, at, headers=headers)
        return Receipt(answer=self._receiver.said(answer))
