"""Certificates are always checked, and what is wrong with one is said."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from loopback import HASTY, a_network, answer, saying, serving
from websockets.asyncio.server import ServerConnection, serve

from emberwatch.model.errors import ConfigError, DeliveryFailed, FeedUnavailable
from emberwatch.ports import Outgoing, Request

BODY = b"<rss>a post</rss>"
AUTHORITY = trustme.CA()


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def showing(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


async def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def why_not(tls: ssl.SSLContext, ca: Path | None, host: str = "feeds.example") -> str:
    async with (
        serving(saying(answer(BODY)), tls=tls) as server,
        a_network(resolver=to_loopback, ca=ca) as net,
    ):
        with pytest.raises(FeedUnavailable) as caught:
            await net.web("town").get(Request(url=server.url(host=host)))
        with pytest.raises(DeliveryFailed) as undelivered:
            await net.outbound().post(Outgoing(url=server.url(host=host), body=b"{}", headers={}))
    assert server.heads == []
    assert undelivered.value.answer == caught.value.why
    return caught.value.why


async def test_a_certificate_of_our_own_authority_is_trusted_when_it_is_named(ca: Path) -> None:
    tls = showing(AUTHORITY.issue_cert("feeds.example"))
    async with (
        serving(saying(answer(BODY)), tls=tls) as server,
        a_network(resolver=to_loopback, ca=ca) as net,
    ):
        got = await net.web("town").get(Request(url=server.url(host="feeds.example")))
    assert got.body == BODY


async def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    why = await why_not(showing(AUTHORITY.issue_cert("feeds.example")), None)
    assert "shows a certificate that cannot be trusted (" in why
    assert "issuer" in why


async def test_a_certificate_for_another_host_is_refused(ca: Path) -> None:
    why = await why_not(showing(AUTHORITY.issue_cert("other.example")), ca)
    assert "Hostname mismatch" in why
    assert "feeds.example" in why


async def test_an_expired_certificate_is_refused(ca: Path) -> None:
    expired = AUTHORITY.issue_cert("feeds.example", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert "certificate has expired" in await why_not(showing(expired), ca)


async def test_a_self_signed_certificate_is_refused(tmp_path: Path) -> None:
    alone = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    bundle = tmp_path / "alone.pem"
    bundle.write_bytes(alone.private_key_pem.bytes() + alone.cert_pem.bytes())
    context.load_cert_chain(bundle)
    why = await why_not(context, None)
    assert "self-signed certificate" in why or "self signed certificate" in why


async def test_a_server_that_speaks_no_tls_is_named(ca: Path) -> None:
    async def mumble(reader, writer):
        writer.write(answer(BODY))
        await reader.read(100_000)
        writer.close()

    server = await asyncio.start_server(mumble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, a_network(resolver=to_loopback, ca=ca) as net:
        with pytest.raises(FeedUnavailable, match="does not speak TLS as it should"):
            await net.web("town").get(Request(url=f"https://feeds.example:{port}/"))


async def test_a_tls_greeting_that_never_ends_meets_the_deadline(ca: Path) -> None:
    async with (
        serving(saying(answer(BODY))) as server,
        a_network(resolver=to_loopback, ca=ca, limits=HASTY) as net,
    ):
        with pytest.raises(FeedUnavailable, match="took longer"):
            await net.web("town").get(Request(url=f"https://feeds.example:{server.port}/"))


@pytest.mark.parametrize("text", [None, "this is no certificate"])
def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_configuration(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"^network\.ca: .*ca\.pem cannot be read"):
        a_network(ca=path)


# ---------------------------------------------------------------- listening
async def talk(line: ServerConnection) -> None:
    await line.send("hello")
    await line.send(b"again")


async def test_what_is_listened_to_comes_over_a_trusted_line_alone(ca: Path) -> None:
    tls = showing(AUTHORITY.issue_cert("feeds.example"))
    async with serve(talk, "127.0.0.1", 0, ssl=tls) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        request = Request(url=f"https://feeds.example:{port}/", params={"cursor": "5"})
        async with (
            a_network(resolver=to_loopback, ca=ca) as net,
            net.web("town").listen(request) as messages,
        ):
            assert [message async for message in messages] == [b"hello", b"again"]
        async with a_network(resolver=to_loopback) as stranger:
            with pytest.raises(FeedUnavailable, match="certificate"):
                async with stranger.web("town").listen(request):
                    pass
