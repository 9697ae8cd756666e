"""Posts to one receiver over HTTP and says how it went, without repeating what is secret."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from emberwatch import __version__
from emberwatch.core.read.politeness import parse_retry_after
from emberwatch.core.respond.legible import one_line
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused
from emberwatch.model.secret import Secret, hide
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

USER_AGENT = f"emberwatch/{__version__}"


class Receiver:
    """An address to post to, and the secrets that no word about it may show."""

    def __init__(self, outbound: Outbound, url: str, secrets: Iterable[str] = ()) -> None:
        self._outbound = outbound
        self._url = url
        self._secrets = tuple(secret for secret in secrets if secret)

    @property
    def url(self) -> str:
        """Where messages go."""
        return self._url

    async def send(
        self,
        body: bytes,
        at: datetime,
        *,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send JSON once and return an answer of 200 to 299; `url` where it is not the usual one.

        Raises `DeliveryRefused` for 410 and `DeliveryFailed` for all else, a redirect included: a
        message goes nowhere but where it was addressed to.
        """
        ours = {"content-type": "application/json", "user-agent": USER_AGENT}
        message = Outgoing(
            url=url or self._url, body=body, headers={**ours, **(headers or {})}, method=method
        )
        try:
            answer = await self._outbound.post(message)
        except DeliveryFailed as error:
            said = self.plain(error.answer)
            raise DeliveryFailed(said, retry_after=error.retry_after) from None
        if 200 <= answer.status < 300:
            return answer
        if answer.status == GONE:
            raise DeliveryRefused(self.said(answer))
        asked = parse_retry_after(answer.headers.get("retry-after"), at, LONGEST_ASKED)
        raise DeliveryFailed(self.said(answer), retry_after=asked, status=answer.status)

    def said(self, answer: Answer) -> str:
        """Return an answer in one line."""
        body = answer.body.decode(errors="replace")
        return self.plain(f"{answer.status}: {body}" if body.strip() else str(answer.status))

    def plain(self, text: str) -> str:
        """Return what was said, in one line, without our secrets and without the whole address.

        An address often holds a token in its path or query; its host is enough to know it by. A
        receiver may repeat any of it: the request's first line, a query as fields.
        """
        url = urlsplit(self._url)
        shown = text.replace(self._url, f"{url.scheme}://{url.netloc}/...")
        return one_line(hide(shown, (*_private(self._url), *self._secrets)), MOST_SAID)


def _private(address: str) -> set[str]:
    """Return what an address holds besides its host, as a receiver may quote it."""
    url = urlsplit(address)
    values = {value for _, value in parse_qsl(url.query)}
    values |= {field.partition("=")[2] or field for field in url.query.split("&")}
    tokens = {part for part in url.path.split("/") if len(part) >= LEAST_TOKEN}
    tokens |= {value for value in values if len(value) >= LEAST_VALUE}
    found = {f"{url.path}?{url.query}", url.path.rstrip("/"), url.query, *tokens}
    found |= {unquote(part) for part in found}
    found |= {part.replace("/", "\\/") for part in found}  # as some write JSON
    return found - {"", "?", "/?", "\\/?"}


def url_problems(url: str) -> list[str]:
    """Return what is wrong with an address to post to; it is never quoted."""
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


def secret_url_problems(url: Secret) -> list[tuple[str, str]]:
    """Return what is wrong with an address that is itself a secret, as pairs for its field."""
    return [("url", what) for what in url_problems(url.reveal().strip())]
