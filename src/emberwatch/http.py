"""The only door to httpx and httpcore: deadlines, caps, the address guard, limits."""

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import threading
from collections import deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode

import httpcore
import httpx

from emberwatch.core.detect.wall_clock import Compared, compare
from emberwatch.core.read.address import may_connect
from emberwatch.core.read.breaker import CLOSED, Breaker, Circuit, ask, failed
from emberwatch.core.read.inflate import Body, BodyBroken, BodyTooLarge
from emberwatch.core.read.politeness import parse_rate, parse_retry_after, rest_after
from emberwatch.core.read.verdict import objection
from emberwatch.model.errors import ConfigError, DeliveryFailed, FeedRefused, FeedUnavailable
from emberwatch.ports import Answer, Outbound, Outgoing, Request, Web
from emberwatch.websocket import Conversation, NotListenedTo

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a name and a port into addresses, best first; raises `OSError` when there are none."""

SCHEMES = ("http", "https")
REDIRECTS = (301, 302, 303, 307, 308)
TRAVELLING = frozenset(
    {"accept", "accept-encoding", "accept-language", "if-none-match", "if-modified-since"}
)
"""Headers that may follow a redirect to another host; any other might hold a secret."""
NOT_HANDED_ON = frozenset({"set-cookie", "content-encoding", "content-length"})
"""Headers that say nothing true of the unpacked body, or that nobody may act upon."""

KEPT_ALIVE = timedelta(seconds=30)
KEPT_AT_ONCE = 32
"""Connections kept between requests. For each request httpcore looks at every pair of those that it
keeps: a thousand feeds, each with a connection kept, were read late or not at all."""
ADDRESSES_TRIED = 4
LOOK_UPS_AT_ONCE = 64
LONGEST_PAUSE_BEFORE_RETRY = timedelta(milliseconds=200)
COMPARISONS_KEPT = 1000
"""Answers whose `Date` waits to be asked for; the oldest of more are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of us one site or receiver can take.

    `total` bounds a whole fetch, redirects and body included, but not the wait for other fetches
    from the same host, of which `per_host` run at once. `body` counts unpacked bytes, `headers`
    packed ones. `longest_rest` is the most that we leave a site alone because it asked; a rest of
    at most `nap` is waited out. `outbound_total` and `outbound_body` are for receivers.
    """

    total: timedelta = timedelta(seconds=20)
    connect: timedelta = timedelta(seconds=10)
    body: int = 5_000_000
    headers: int = 64_000
    redirects: int = 3
    per_host: int = 2
    hosts: int = 1000
    longest_rest: timedelta = timedelta(hours=1)
    nap: timedelta = timedelta(seconds=1)
    outbound_total: timedelta = timedelta(seconds=15)
    outbound_body: int = 64_000
    breaker: Breaker = field(default_factory=Breaker)


class Network:
    """The guarded way to the network; one a process, used as `async with`.

    `allow` names the private networks that may be connected to besides the public internet.
    `user_agent` says who we are. `chance` draws from 0 to 1. `ca` is a file of further
    certificate authorities, in PEM. Proxies named in the environment are not used: the guard
    would then check the proxy's address and not the site's.
    """

    def __init__(
        self,
        *,
        allow: Sequence[IPv4Network | IPv6Network],
        user_agent: str,
        limits: Limits = Limits(),
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        resolver: Resolver | None = None,
        ca: Path | None = None,
    ) -> None:
        # At its lowest level it logs addresses and headers whole, secrets included.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._sleep = sleep
        self._user_agent = user_agent
        # httpx's timeouts are for each single read: what bounds a fetch is `asyncio.timeout`.
        self._timeout = httpx.Timeout(None, connect=limits.connect.total_seconds()).as_dict()
        self._guard = guard = _Guard(allow, resolver or _LookUp())
        self._tls = tls = _trust(ca)
        # Transports, not a client: a client follows the environment, keeps cookies, logs
        # addresses, and stumbles over a redirect to `javascript:` even when it may not follow.
        self._guard = guard
        self._kept = _Transport(guard, tls, kept_alive=KEPT_AT_ONCE)
        self._fresh = _Transport(guard, tls, kept_alive=0)
        self._hosts: dict[str, _Host] = {}
        self._rests: dict[tuple[str, str], _Rest] = {}
        self._compared: deque[Compared] = deque(maxlen=COMPARISONS_KEPT)

    async def __aenter__(self) -> "Network":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._kept.aclose()
        await self._fresh.aclose()

    def web(self, feed: str) -> Web:
        """Return what the source of one feed sees of the network."""
        return _FeedWeb(network=self, feed=feed)

    def outbound(self) -> Outbound:
        """Return what notifiers see of the network."""
        return self

    def compared(self) -> tuple[Compared, ...]:
        """Return what the answers since the last call say of our clock, oldest first."""
        compared = tuple(self._compared)
        self._compared.clear()
        return compared

    def _compare(self, url: httpx.URL, asked_at: datetime, answer: Answer) -> None:
        """Set our clock beside that of a host that was asked by its own address."""
        host = url.raw_host.decode("ascii")
        compared = compare(host, answer.headers, asked_at, answer.received_at)
        if compared is not None:
            self._compared.append(compared)

    # ------------------------------------------------------------ reading
    async def get(self, feed: str, request: Request) -> Answer:
        """Fetch for a feed; raise `FeedUnavailable` or `FeedRefused` for all that is not heeded.

        2xx and 304 are heeded always. What is raised names the host and never the rest of the
        address, which may hold secrets.
        """
        try:
            url = _fit(request.url, request.params)
        except _Unfit as unfit:
            raise FeedRefused(f"the feed's url {unfit}") from None
        headers = _asking(request)
        left = self._limits.total.total_seconds()
        for hop in range(self._limits.redirects + 1):
            place = _place(url)
            async with self._turn(feed, place) as host:
                asked_at = self._clock()
                started = asyncio.get_running_loop().time()
                answer = await self._hop(host, url, headers, request, left)
                left -= asyncio.get_running_loop().time() - started
                if not hop:  # a site must not make itself many hosts by sending us on
                    self._compare(url, asked_at, answer)
                self._heed(feed, place, answer)
            if answer.status in request.heeds:
                return answer
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                objected = objection(
                    place,
                    answer.status,
                    asked=self._asked(answer),
                    is_conditional=_is_conditional(headers),
                )
                if objected is not None:
                    raise objected
                return answer
            if request.body is not None:
                raise FeedRefused(
                    f"{place} sends us on, which is not followed with what we post: give the "
                    "address that it leads to"
                )
            try:
                following = _fit(answer.headers["location"], {}, seen_from=url)
            except _Unfit as unfit:
                raise FeedRefused(f"{place} sends us to an address that {unfit}") from None
            headers = _onward(headers, url, following)
            url = following
        raise FeedUnavailable(
            f"{place} sends us on and on: gave up after {self._limits.redirects} redirects; "
            "check the feed's url in a browser"
        )

    @contextlib.asynccontextmanager
    async def _turn(self, feed: str, place: str) -> AsyncIterator["_Host"]:
        """Wait for a place among the host's few, then make sure that it wants to be asked."""
        if len(self._hosts) >= self._limits.hosts:
            # A site that sends us to ever new hosts must not fill the memory.
            self._hosts = {name: host for name, host in self._hosts.items() if host.is_of_use}
        host = self._hosts.setdefault(place, _Host(place, self._limits.per_host))
        host.users += 1
        try:
            async with host.slots:
                await self._admit(feed, host)
                yield host
        finally:
            host.users -= 1

    async def _admit(self, feed: str, host: "_Host") -> None:
        now = self._clock()
        rest = self._rests.get((feed, host.place))
        # A clock that was set back must not lengthen a rest.
        if rest is not None and rest.since <= now < rest.until:
            wait = rest.until - now
            if wait > self._limits.nap:
                raise FeedUnavailable(
                    f"{host.place} wants no request from this feed before "
                    f"{rest.until:%Y-%m-%d %H:%M:%S} UTC (its limit is used up)",
                    retry_after=wait,
                )
            await self._sleep(wait.total_seconds())
        host.circuit, closed_for = ask(self._limits.breaker, host.circuit, now)
        if closed_for is not None:
            raise FeedUnavailable(
                f"{host.place} failed {host.circuit.failures} times in a row and is left alone "
                f"for {_seconds(closed_for)}; the last time it {host.trouble}",
                retry_after=closed_for,
            )

    async def _hop(
        self, host: "_Host", url: httpx.URL, headers: httpx.Headers, request: Request, left: float
    ) -> Answer:
        """Return one host's answer of any status, with its body if that is wanted."""
        try:
            async with asyncio.timeout(max(left, 0)):
                answer = await self._ask(url, headers, request)
        except TimeoutError:
            self._note_failure(host, f"took longer than {_seconds(self._limits.total)} to answer")
            raise FeedUnavailable(f"{host.place} {host.trouble}") from None
        except _Blocked as blocked:
            host.circuit = CLOSED
            raise FeedRefused(f"{host.place} {_trouble(blocked)}") from None
        except httpx.LocalProtocolError as error:
            host.circuit = CLOSED
            raise FeedRefused(f"{host.place} {_trouble(error)}") from error
        except httpx.TransportError as error:
            self._note_failure(host, _trouble(error))
            raise FeedUnavailable(f"{host.place} {host.trouble}") from error
        except BodyTooLarge:
            host.circuit = CLOSED
            raise FeedUnavailable(
                f"{host.place} sent more than {self._limits.body:,} bytes, and the rest was not "
                "read: ask it for less, or for another address of the same posts"
            ) from None
        except BodyBroken as broken:
            host.circuit = CLOSED
            raise FeedUnavailable(
                f"{host.place} sent a body that cannot be read ({broken}); it is asked again"
            ) from None
        if answer.status >= 500:
            self._note_failure(host, f"answered {answer.status}")
        else:
            host.circuit = CLOSED
        return answer

    def _note_failure(self, host: "_Host", trouble: str) -> None:
        host.circuit = failed(self._limits.breaker, host.circuit, self._clock())
        host.trouble = trouble

    async def _ask(self, url: httpx.URL, headers: httpx.Headers, request: Request) -> Answer:
        connection = _Connection()
        if request.body is not None:  # posted once, on a connection that nobody has dropped yet
            return await self._exchange(self._fresh, url, headers, request, connection)
        try:
            return await self._exchange(self._kept, url, headers, request, connection)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            # Some servers (snac2) drop connections that they promised to keep. When many feeds
            # lose theirs at once they must not all come back in the same instant.
            if not connection.was_used_before:
                raise
        await self._sleep(self._chance() * LONGEST_PAUSE_BEFORE_RETRY.total_seconds())
        return await self._exchange(self._fresh, url, headers, request, connection)

    async def _exchange(
        self,
        transport: "_Transport",
        url: httpx.URL,
        headers: httpx.Headers,
        wanted: Request,
        connection: "_Connection",
    ) -> Answer:
        method = "GET" if wanted.body is None else "POST"
        request = self._request(method, url, headers, wanted.body)
        request.extensions["trace"] = connection.note
        response = await transport.handle_async_request(request)
        try:
            lengths = (len(name) + len(value) for name, value in response.headers.raw)
            if sum(lengths) > self._limits.headers:
                raise httpx.RemoteProtocolError(TOO_MANY_HEADERS)
            is_read = response.is_success or response.status_code in wanted.heeds
            body = await self._whole(response) if is_read else b""
        finally:
            await response.aclose()
        return self._answer(response, url, body)

    def _request(
        self, method: str, url: httpx.URL, headers: httpx.Headers, body: bytes | None = None
    ) -> httpx.Request:
        ours = {"user-agent": self._user_agent, "accept": "*/*"}
        return httpx.Request(
            method,
            url,
            headers=_merged(ours, headers),
            content=body,
            extensions={"timeout": self._timeout},
        )

    async def _whole(self, response: httpx.Response) -> bytes:
        body = Body(response.headers.get("content-encoding", ""), self._limits.body)
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and float(announced) > self._limits.body:
            raise BodyTooLarge
        async for chunk in response.aiter_raw():
            body.add(chunk)
        return body.end()

    def _answer(self, response: httpx.Response, url: httpx.URL, body: bytes) -> Answer:
        headers = {
            name: value for name, value in response.headers.items() if name not in NOT_HANDED_ON
        }
        return Answer(
            status=response.status_code,
            headers=headers,
            body=body,
            url=str(url),
            received_at=self._clock(),
        )

    def _heed(self, feed: str, place: str, answer: Answer) -> None:
        """Remember for how long a host wants to be left alone by a feed."""
        now = answer.received_at
        wait = self._asked(answer)
        if wait is not None:
            self._rests = {key: rest for key, rest in self._rests.items() if now < rest.until}
            self._rests[feed, place] = _Rest(since=now, until=now + wait)

    def _asked(self, answer: Answer) -> timedelta | None:
        """Return how long an answer asks us to wait, in either of the two ways."""
        longest = self._limits.longest_rest
        rate = parse_rate(answer.headers, answer.received_at)
        rest = rest_after(rate, answer.received_at, longest)
        if answer.status < 300:
            return rest
        told = parse_retry_after(answer.headers.get("retry-after"), answer.received_at, longest)
        return told if rest is None else max(rest, told or rest)

    # ------------------------------------------------------------ listening
    @contextlib.asynccontextmanager
    async def listen(self, feed: str, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """Listen for a feed to a WebSocket; see `Web.listen`.

        The greeting has the deadline of a fetch; how long to listen is up to the source. No
        redirect is followed.
        """
        try:
            url = _fit(request.url, request.params)
        except _Unfit as unfit:
            raise FeedRefused(f"the feed's url {unfit}") from None
        place = _place(url)
        async with contextlib.AsyncExitStack() as stack:
            # Who listens takes no place among the host's few: that may last, and others ask.
            async with self._turn(feed, place) as host:
                conversation = await self._greeted(host, url, request, stack)
            try:
                yield self._heard(place, conversation)
            finally:
                with contextlib.suppress(httpcore.NetworkError, TimeoutError):
                    async with asyncio.timeout(self._limits.nap.total_seconds()):
                        await conversation.part()

    async def _greeted(
        self, host: "_Host", url: httpx.URL, request: Request, stack: contextlib.AsyncExitStack
    ) -> Conversation:
        """Begin a conversation, whose line the stack closes."""
        place = host.place
        try:
            async with asyncio.timeout(self._limits.total.total_seconds()):
                with _as_httpx():
                    line = await self._line(url)
                    stack.push_async_callback(line.aclose)
                    conversation = self._conversation(line, url, request)
                    await conversation.greet()
        except TimeoutError:
            self._note_failure(host, f"took longer than {_seconds(self._limits.total)}")
            raise FeedUnavailable(f"{place} {host.trouble}") from None
        except _Blocked as blocked:
            raise FeedRefused(f"{place} {_trouble(blocked)}") from None
        except httpx.TransportError as error:
            self._note_failure(host, _trouble(error))
            raise FeedUnavailable(f"{place} {host.trouble}") from error
        except NotListenedTo as refused:
            raise self._unheard(place, refused) from None
        host.circuit = CLOSED
        return conversation

    async def _line(self, url: httpx.URL) -> httpcore.AsyncNetworkStream:
        """Open a guarded connection of our own, outside of httpx's pool."""
        is_secure = url.scheme == "https"
        wait = self._limits.connect.total_seconds()
        line = await self._guard.connect_tcp(url.host, url.port or (443 if is_secure else 80), wait)
        if not is_secure:
            return line
        try:
            return await line.start_tls(self._tls, url.host, wait)
        except BaseException:
            await line.aclose()
            raise

    def _conversation(
        self, line: httpcore.AsyncNetworkStream, url: httpx.URL, request: Request
    ) -> Conversation:
        headers = {"user-agent": self._user_agent, **request.headers}
        spoken = headers.pop("sec-websocket-protocol", "")
        address = str(url.copy_with(scheme="wss" if url.scheme == "https" else "ws"))
        return Conversation(line, address, headers, tuple(spoken.replace(",", " ").split()))

    async def _heard(self, place: str, conversation: Conversation) -> AsyncIterator[bytes]:
        try:
            with _as_httpx():
                async for message in conversation.messages():
                    yield message
        except httpx.TransportError as error:
            raise FeedUnavailable(f"{place} {_trouble(error)}") from error
        except NotListenedTo as broken:
            raise FeedUnavailable(f"{place} {broken.why}") from None

    def _unheard(self, place: str, refused: NotListenedTo) -> FeedRefused | FeedUnavailable:
        if refused.status is None:
            return FeedUnavailable(f"{place} {refused.why}")
        why = f" ({refused.why})" if refused.why else ""
        objected = objection(place, refused.status, asked=None, is_conditional=False)
        if isinstance(objected, FeedRefused):
            return objected
        return FeedUnavailable(f"{place} answered {refused.status}{why} and does not talk to us")

    # ------------------------------------------------------------ telling
    async def post(self, message: Outgoing) -> Answer:
        """Send once, on a connection of its own, and return any answer; redirects are answers.

        A receiver has answered when its headers are here. Its body is only for the record: what
        is beyond the cap, or has not come by the deadline, is left. But when the connection
        breaks in the body of a 2xx, nobody knows whether the receiver still lived to keep the
        message: that is `DeliveryFailed`, because twice under one id is better than never.
        """
        try:
            url = _fit(message.url, {})
        except _Unfit as unfit:
            raise DeliveryFailed(f"the notifier's url {unfit}") from None
        place = _place(url)
        headers = _headers(message.headers)
        headers["accept-encoding"] = "identity"
        request = self._request(message.method, url, headers, message.body)
        asked_at = self._clock()
        deadline = asyncio.get_running_loop().time() + self._limits.outbound_total.total_seconds()
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._fresh.handle_async_request(request)
        except TimeoutError:
            within = _seconds(self._limits.outbound_total)
            raise DeliveryFailed(f"{place} did not answer within {within}") from None
        except httpx.TransportError as error:
            raise DeliveryFailed(f"{place} {_trouble(error)}") from error
        said = bytearray()
        try:
            async with asyncio.timeout_at(deadline):
                async for chunk in response.aiter_raw():
                    said += chunk
                    if len(said) >= self._limits.outbound_body:
                        break
        except TimeoutError:
            pass
        except httpx.TransportError as error:
            if response.is_success:
                raise DeliveryFailed(
                    f"{place} answered {response.status_code} but {_trouble(error)}"
                ) from error
        finally:
            await response.aclose()
        answer = self._answer(response, url, bytes(said[: self._limits.outbound_body]))
        self._compare(url, asked_at, answer)
        return answer

    async def locate(self, host: str, port: int) -> str:
        """Return an address of a host that may be connected to; see `ports.Outbound`."""
        place = f"{host}:{port}"
        try:
            async with asyncio.timeout(self._limits.connect.total_seconds()):
                return (await self._guard.locate(host, port))[0]
        except TimeoutError:
            raise DeliveryFailed(f"{place}: the name was not found in time") from None
        except httpx.TransportError as error:
            raise DeliveryFailed(f"{place} {_trouble(error)}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _FeedWeb:
    """The network as one feed's source sees it."""

    network: Network
    feed: str

    async def get(self, request: Request) -> Answer:
        """Fetch; see `Network.get`."""
        return await self.network.get(self.feed, request)

    def listen(
        self, request: Request
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Listen; see `Network.listen`."""
        return self.network.listen(self.feed, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """For how long a host wants nothing from a feed."""

    since: datetime
    until: datetime


class _Host:
    """What we know of a host while this process lives."""

    def __init__(self, place: str, at_once: int) -> None:
        self.place = place
        self.slots = asyncio.Semaphore(at_once)
        self.users = 0
        self.circuit: Circuit = CLOSED
        self.trouble = ""

    @property
    def is_of_use(self) -> bool:
        """Whether it is being asked, or left alone, so that it may not be forgotten."""
        return self.users > 0 or self.circuit.rested_at is not None


class _Connection:
    """Notes whether a request went out on a connection that had served before."""

    def __init__(self) -> None:
        self._is_new = False
        self._is_sent = False

    @property
    def was_used_before(self) -> bool:
        """Whether the last request was sent, and on an old connection."""
        return self._is_sent and not self._is_new

    async def note(self, event: str, _: Mapping[str, object]) -> None:
        """Take an event from httpcore's `trace` extension."""
        self._is_new = self._is_new or event == "connection.connect_tcp.started"
        self._is_sent = self._is_sent or event == "http11.send_request_headers.started"


# ---------------------------------------------------------------- addresses
class _Unfit(ValueError):
    """An address that is never asked; the message follows the words *the address*."""


def _fit(text: str, params: Mapping[str, str], seen_from: httpx.URL | None = None) -> httpx.URL:
    """Return an address that may be asked; raise `_Unfit`, which never quotes it."""
    try:
        url = httpx.URL(text) if seen_from is None else seen_from.join(text)
        if params:
            encoded = urlencode(params).encode("ascii")
            url = url.copy_with(query=url.query + b"&" + encoded if url.query else encoded)
    except (httpx.InvalidURL, ValueError):
        raise _Unfit("makes no sense: check its spelling") from None
    if url.scheme not in SCHEMES:
        raise _Unfit(f"begins with {url.scheme[:20]!r}: only http and https are spoken")
    if not url.host or (url.port is not None and not 0 < url.port < 65536):
        raise _Unfit("names no host and port that can be: check its spelling")
    if url.userinfo:
        raise _Unfit("holds a user name or password: give those as a token instead")
    return url.copy_with(fragment=None)


def _place(url: httpx.URL) -> str:
    """Return the host, and the port if it is unusual: all of an address that may be shown."""
    return url.netloc.decode("ascii")


def _asking(request: Request) -> httpx.Headers:
    """Return a request's headers, with its validators and the encodings that we can unpack."""
    headers = _headers(request.headers)
    for name, value in (
        ("if-none-match", request.etag),
        ("if-modified-since", request.last_modified),
    ):
        if value:
            headers.update(_headers({name: value}))
    headers["accept-encoding"] = "gzip, deflate"
    return headers


def _headers(plain: Mapping[str, str]) -> httpx.Headers:
    # httpx would refuse letters beyond ASCII, and a site's own etag may hold some.
    return httpx.Headers(
        [
            (name.encode(errors="replace"), text.encode(errors="replace"))
            for name, text in plain.items()
        ]
    )


def _merged(ours: Mapping[str, str], theirs: httpx.Headers) -> httpx.Headers:
    merged = httpx.Headers(ours)
    merged.update(theirs)
    return merged


def _is_conditional(headers: httpx.Headers) -> bool:
    return "if-none-match" in headers or "if-modified-since" in headers


def _onward(headers: httpx.Headers, here: httpx.URL, there: httpx.URL) -> httpx.Headers:
    """Return the headers that may follow a redirect."""
    is_same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    is_on_usual_ports = here.port is None and there.port is None
    is_secured = here.host == there.host and is_on_usual_ports and there.scheme == "https"
    if is_same or is_secured:
        return headers
    raw = headers.raw
    return httpx.Headers(
        [(name, text) for name, text in raw if name.decode().lower() in TRAVELLING]
    )


# ---------------------------------------------------------------- what went wrong, in words
TOO_MANY_HEADERS = "too many headers"
PROTOCOL_TROUBLES = {
    # httpcore's own words; what a site sent is never repeated.
    "Server disconnected without sending a response.": "closed the connection without an answer",
    "Receive buffer too long": "sent more headers than anybody needs",
    TOO_MANY_HEADERS: "sent more headers than anybody needs",
    "peer closed connection": "broke off in the middle of its answer",
}


def _trouble(error: httpx.TransportError) -> str:
    """Say what went wrong, in words that follow a host's name; quotes nothing that it sent."""
    if isinstance(error, _Blocked):
        return (
            f"leads to {error.address}, which is no public address: if that is meant, add its "
            "network to network.allow"
        )
    if isinstance(error, _Unnamed):
        return "has no address: check the spelling of the name, and this machine's DNS"
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            why = link.verify_message.rstrip(".")
            return f"shows a certificate that cannot be trusted ({why})"
        if isinstance(link, ssl.SSLError):
            return f"does not speak TLS as it should ({link.reason or 'handshake failed'})"
    if isinstance(error, httpx.ConnectTimeout):
        return "cannot be reached: no answer to our knocking"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached ({_system_reason(error)})"
    if isinstance(error, httpx.RemoteProtocolError):
        said = str(error)
        known = (words for start, words in PROTOCOL_TROUBLES.items() if said.startswith(start))
        return next(known, "does not speak HTTP as it should")
    if isinstance(error, httpx.LocalProtocolError):
        return "cannot be asked like this: a header or parameter of the request is not allowed"
    return "broke the connection"


def _system_reason(error: BaseException) -> str:
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno:
            return os.strerror(link.errno).lower()
    return "no connection"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it, however it is tied to them."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        ties = [*link.args, link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            ties.extend(link.exceptions)
        waiting.extend(tie for tie in ties if isinstance(tie, BaseException))


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():.3g} s"


# ---------------------------------------------------------------- the guard
class _Blocked(httpx.ConnectError):
    """A name led only to addresses that we may not connect to."""

    def __init__(self, address: str) -> None:
        super().__init__("blocked")
        self.address = address


class _Unnamed(httpx.ConnectError):
    """A name led nowhere."""


class _Guard(httpcore.AsyncNetworkBackend):
    """Resolves a name, checks what comes of it, and connects to the very address checked.

    So no name can show one address to the check and another to the connection.
    """

    def __init__(self, allow: Sequence[IPv4Network | IPv6Network], resolver: Resolver) -> None:
        self._allow = tuple(allow)
        self._resolver = resolver
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers and is allowed."""
        tried = (await self.locate(host, port))[:ADDRESSES_TRIED]
        each = None if timeout is None else timeout / len(tried)
        for address in tried[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return _Line(
                    await self._plain.connect_tcp(
                        address, port, each, local_address, socket_options
                    )
                )
        return _Line(
            await self._plain.connect_tcp(tried[-1], port, each, local_address, socket_options)
        )

    async def locate(self, host: str, port: int) -> list[str]:
        """Return a host's addresses that may be connected to; `_Blocked` when there is none."""
        addresses = await self._addresses(host, port)
        allowed = [text for text in addresses if may_connect(ip_address(text), self._allow)]
        if not allowed:
            raise _Blocked(addresses[0])
        return allowed

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        with contextlib.suppress(ValueError):
            return [str(ip_address(host))]
        try:
            addresses = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise _Unnamed("no such name") from error
        if not addresses:
            raise _Unnamed("no such name")
        return addresses


class _Line(httpcore.AsyncNetworkStream):
    """A connection that is closed when its TLS greeting is cancelled, which httpcore forgets."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> bytes:
        """Receive."""
        return await self._stream.read(max_bytes, timeout)

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> None:
        """Send."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Speak TLS from here on."""
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> object:
        """Tell what httpcore wants to know of the connection."""
        return self._stream.get_extra_info(info)


class _LookUp:
    """Asks the system for a name, each time in a thread of its own.

    A look-up that hangs cannot be stopped. In asyncio's few shared threads it would hold up all
    others, and the end of the process; here it holds up nobody.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(LOOK_UPS_AT_ONCE)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()

        def settle(outcome: list[str] | Exception) -> None:
            self._slots.release()
            if found.done():
                return
            if isinstance(outcome, Exception):
                found.set_exception(outcome)
            else:
                found.set_result(outcome)

        def look_up() -> None:
            outcome: list[str] | Exception
            try:
                known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                outcome = list(dict.fromkeys(str(entry[4][0]) for entry in known))
            except (OSError, UnicodeError) as error:
                outcome = error
            # The loop may have ended meanwhile; then nobody waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, outcome)

        threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
        return await found


# ---------------------------------------------------------------- httpx over the guard
def _trust(ca: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except OSError as error:
            problem = error.strerror or "it holds no certificate in PEM"
            raise ConfigError(
                (f"network.ca: {ca} cannot be read as certificates ({problem})",)
            ) from error
    return context


class _Transport(httpx.AsyncBaseTransport):
    """httpx's own transport, but with our guard, for which it has no setting.

    `kept_alive` is how many idle connections it keeps, for a while.
    """

    def __init__(self, guard: _Guard, tls: ssl.SSLContext, *, kept_alive: int) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            network_backend=guard,
            max_connections=None,
            max_keepalive_connections=kept_alive,
            keepalive_expiry=KEPT_ALIVE.total_seconds(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raise `httpx.TransportError`."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _as_httpx():
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(response.status, headers=response.headers, stream=_Stream(response))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        await self._response.aclose()


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise httpcore's errors as httpx's, which bear the same names."""
    try:
        yield
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    ) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error
