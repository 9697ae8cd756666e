"""Posts a signed JSON message to a receiver, as Standard Webhooks 1.0.0 asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from emberwatch import __version__
from emberwatch.core.read.politeness import parse_retry_after
from emberwatch.core.respond.legible import one_line
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused
from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret
from emberwatch.notifiers.signature import sign, signing_key
from emberwatch.ports import Answer, Outbound, Outgoing

GONE = 410
LONGEST_ASKED = timedelta(days=1)
"""What a `Retry-After` is read up to; the backoff has its own, lower limit."""

MOST_SAID = 200
"""Characters of a receiver's answer that are kept."""

LEAST_TOKEN = 8
"""Characters from which on one part of an address's path may be a token, and is hidden."""

LEAST_VALUE = 4
"""The same for a value in its query."""


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
        found = [("url", what) for what in _url_problems(self.url)]
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

    def __init__(self, options: WebhookOptions, outbound: Outbound) -> None:
        self._options = options
        self._keys = options.keys
        self._outbound = outbound

    def describe(self) -> str:
        """Say where messages go and whether the receiver can tell that they are from us."""
        host = urlsplit(self._options.url).netloc
        if self._keys:
            return f"signed JSON to {host}"
        return f"unsigned JSON to {host}: set secret_env so that it can tell who sent it"

    async def deliver(self, notification: Notification, at: datetime) -> str:
        """Post it once, with a timestamp and signatures of this try; return the answer.

        Raises `DeliveryRefused` for 410 and `DeliveryFailed` for all else but 200 to 299, a
        redirect included: a signed message goes nowhere but where it was addressed to.
        """
        body = notification.payload.encode()
        headers = {
            "content-type": "application/json",
            "user-agent": f"emberwatch/{__version__}",
            **sign(self._keys, notification.id, at, body),
        }
        try:
            answer = await self._outbound.post(
                Outgoing(url=self._options.url, body=body, headers=headers)
            )
        except DeliveryFailed as error:
            said = self._without_secrets(error.answer)
            raise DeliveryFailed(said, retry_after=error.retry_after) from None
        said = self._without_secrets(_said(answer))
        if 200 <= answer.status < 300:
            return said
        if answer.status == GONE:
            raise DeliveryRefused(said)
        asked = parse_retry_after(answer.headers.get("retry-after"), at, LONGEST_ASKED)
        raise DeliveryFailed(said, retry_after=asked)

    def _without_secrets(self, text: str) -> str:
        """Return what was said, in one line, without our secrets and without the whole address.

        An address often holds a token in its path or query; its host is enough to know it by. A
        receiver may repeat any of it: the request's first line, a query as fields.
        """
        url = urlsplit(self._options.url)
        shown = text.replace(self._options.url, f"{url.scheme}://{url.netloc}/...")
        for part in _private(self._options.url):
            shown = shown.replace(part, "***")
        for secret in (self._options.secret, self._options.previous_secret):
            if secret is not None:
                bare = secret.reveal().strip().removeprefix("whsec_")
                shown = shown.replace(bare, "***")
        return one_line(shown, MOST_SAID)


def _said(answer: Answer) -> str:
    body = answer.body.decode(errors="replace")
    return f"{answer.status}: {body}" if body.strip() else str(answer.status)


def _private(address: str) -> list[str]:
    """Return what an address holds besides its host, as a receiver may quote it; longest first."""
    url = urlsplit(address)
    values = {value for _, value in parse_qsl(url.query)}
    values |= {field.partition("=")[2] or field for field in url.query.split("&")}
    tokens = {part for part in url.path.split("/") if len(part) >= LEAST_TOKEN}
    tokens |= {value for value in values if len(value) >= LEAST_VALUE}
    found = {f"{url.path}?{url.query}", url.path.rstrip("/"), url.query, *tokens}
    found |= {unquote(part) for part in found}
    found |= {part.replace("/", "\\/") for part in found}  # as some write JSON
    found -= {"", "?", "/?", "\\/?"}
    return sorted(found, key=len, reverse=True)


def _url_problems(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return [f"is no web address: {error}"]
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return ["expected an address such as https://example.org/hook"]
    if parts.username is not None or parts.password is not None:
        return ["holds a user name or password: let the receiver check the signature instead"]
    return []
