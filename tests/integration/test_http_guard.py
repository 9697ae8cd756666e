"""No feed, receiver or redirect leads us into a network that was not allowed by name."""

import asyncio
import socket
import threading

import pytest
from loopback import a_network, answer, pass_time, saying, serving

from emberwatch.model.errors import DeliveryFailed, FeedRefused, FeedUnavailable
from emberwatch.ports import Outgoing, Request

BODY = b"<rss>a post</rss>"
ELSEWHERE = "127.0.0.2"


def redirect(to: str) -> bytes:
    return answer(status="302 Found", Location=to)


async def refused(url: str, **network) -> str:
    async with a_network(**network) as net:
        with pytest.raises(FeedRefused) as caught:
            await net.web("town").get(Request(url=url))
    return caught.value.why


# ---------------------------------------------------------------- addresses
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0x7f.0.0.2",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[::127.0.0.2]",
        "[64:ff9b::7f00:2]",
        "[2002:7f00:2::]",
    ],
)
async def test_no_spelling_of_an_address_gets_past_the_guard(host: str) -> None:
    async with serving(saying(answer(BODY)), host=ELSEWHERE) as server:
        why = await refused(server.url(host=host))
    assert "is no public address" in why
    assert "add its network to network.allow" in why
    assert server.connections == 0


@pytest.mark.parametrize("host", ["0", "0.0.0.0", "[::]", "[::1]", "localhost", "127.1"])
async def test_this_machine_is_closed_unless_allowed(host: str) -> None:
    async with serving(saying(answer(BODY))) as server:
        why = await refused(server.url(host=host), allow="")
    assert "is no public address" in why
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.2.", "localhost."])
async def test_a_trailing_dot_opens_nothing(host: str) -> None:
    async with (
        serving(saying(answer(BODY)), host=ELSEWHERE) as server,
        a_network(allow="") as net,
    ):
        with pytest.raises((FeedRefused, FeedUnavailable)):
            await net.web("town").get(Request(url=server.url(host=host)))
    assert server.connections == 0


async def test_the_cloud_s_own_address_is_closed() -> None:
    why = await refused("http://169.254.169.254/latest/meta-data/", allow="")
    assert why.startswith("169.254.169.254 leads to 169.254.169.254, which is no public address")


async def test_an_allowed_network_is_open() -> None:
    async with serving(saying(answer(BODY))) as server, a_network(allow="127.0.0.0/8") as net:
        assert (await net.web("town").get(Request(url=server.url()))).body == BODY


async def test_a_notifier_is_held_to_the_same_guard() -> None:
    async with serving(saying(answer()), host=ELSEWHERE) as server, a_network() as net:
        with pytest.raises(DeliveryFailed, match=r"add its network to network\.allow"):
            await net.outbound().post(Outgoing(url=server.url(), body=b"{}", headers={}))
    assert server.connections == 0


# ---------------------------------------------------------------- redirects
@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.2:{port}/",
        "//127.0.0.2:{port}/",
        "http://[::ffff:127.0.0.2]:{port}/",
        "http://2130706434:{port}/",
    ],
)
async def test_a_redirect_is_checked_like_any_address(target: str) -> None:
    async with serving(saying(answer(BODY)), host=ELSEWHERE) as secret:
        to = target.format(port=secret.port)
        async with serving(saying(redirect(to))) as server:
            why = await refused(server.url())
    assert "is no public address" in why
    assert secret.connections == 0


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:///etc/passwd", "begins with 'file'"),
        ("gopher://127.0.0.1:70/", "begins with 'gopher'"),
        ("javascript:alert(1)", "begins with 'javascript'"),
        ("ftp://127.0.0.1/", "begins with 'ftp'"),
        ("http://user:canary@127.0.0.1/", "holds a user name or password"),
        ("http://127.0.0.1:99999/", "can be"),
        ("http://[::1/", "makes no sense"),
        ("http://0177.0.0.2/", "makes no sense"),
    ],
)
async def test_no_other_kind_of_address_is_followed(target: str, words: str) -> None:
    async with serving(saying(redirect(target))) as server:
        why = await refused(server.url())
    assert why.startswith(f"{server.place} sends us to an address that ")
    assert words in why
    assert "canary" not in why


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "begins with 'file'"),
        ("gopher://example.org/", "begins with 'gopher'"),
        ("example.org/feed", "begins with ''"),
        ("https://user:canary@example.org/", "holds a user name or password"),
        ("https://", "names no host"),
        ("https://example.org:0/", "can be"),
        ("https://[::1/", "makes no sense"),
        ("https://0177.0.0.2/", "makes no sense"),
        ("https://exa\nmple.org/", "makes no sense"),
        ("https://example.org/\ud800", "makes no sense"),
    ],
)
async def test_a_configured_address_must_be_http_and_bear_no_password(url: str, words: str) -> None:
    why = await refused(url)
    assert why.startswith("the feed's url ")
    assert words in why
    assert "canary" not in why
    async with a_network() as net:
        with pytest.raises(DeliveryFailed, match=r"^the notifier's url "):
            await net.outbound().post(Outgoing(url=url, body=b"{}", headers={}))


async def test_redirects_are_followed_three_times() -> None:
    steps = [redirect("/2"), redirect("3?x=1"), redirect("/4"), answer(BODY)]
    async with serving(saying(*steps)) as server, a_network() as net:
        got = await net.web("town").get(Request(url=server.url("/1")))
    assert [head.split()[1] for head in server.heads] == ["/1", "/2", "/3?x=1", "/4"]
    assert (got.body, got.url) == (BODY, server.url("/4"))


async def test_a_loop_of_redirects_is_given_up() -> None:
    async with serving(saying(redirect("/feed"))) as server, a_network() as net:
        with pytest.raises(FeedUnavailable, match="gave up after 3 redirects"):
            await net.web("town").get(Request(url=server.url()))
    assert len(server.heads) == 4


async def test_secrets_stay_behind_when_a_redirect_leads_to_another_host() -> None:
    secrets = {"Authorization": "Bearer canary", "X-Api-Key": "canary", "Cookie": "canary"}
    async with (
        serving(saying(answer(BODY))) as other,
        serving(saying(redirect(other.url()))) as server,
        a_network() as net,
    ):
        request = Request(url=server.url(), headers={**secrets, "Accept": "text/xml"}, etag='"a"')
        await net.web("town").get(request)
    assert server.heads[0].count("canary") == 3
    assert "canary" not in other.heads[0]
    assert "accept: text/xml" in other.heads[0].lower()
    assert "accept-encoding: gzip, deflate" in other.heads[0].lower()
    assert 'if-none-match: "a"' in other.heads[0].lower()


async def test_secrets_go_along_when_a_redirect_stays_on_the_host() -> None:
    async with serving(saying(redirect("/new"), answer(BODY))) as server, a_network() as net:
        await net.web("town").get(
            Request(url=server.url(), headers={"Authorization": "Bearer key"})
        )
    assert "Bearer key" in server.heads[1]


# ---------------------------------------------------------------- names
async def test_a_name_that_changes_its_address_is_checked_at_each_connection() -> None:
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else [ELSEWHERE]

    async def once(_, writer):
        writer.write(answer(BODY, Connection="close"))
        return False

    async with serving(once) as server, a_network(resolver=rebinding) as net:
        request = Request(url=server.url(host="rebind.example"))
        assert (await net.web("town").get(request)).body == BODY
        with pytest.raises(FeedRefused, match=r"leads to 127\.0\.0\.2"):
            await net.web("town").get(request)
    assert asked == ["rebind.example"] * 2
    assert "Host: rebind.example" in server.heads[0]
    assert server.connections == 1


async def test_of_several_addresses_only_allowed_ones_are_tried_in_turn() -> None:
    async def several(host: str, port: int) -> list[str]:
        return ["10.0.0.1", "::1", "127.0.0.2", "127.0.0.1"]

    async with (
        serving(saying(answer(BODY))) as server,
        a_network(allow="127.0.0.1/32 ::1/128", resolver=several) as net,
    ):
        got = await net.web("town").get(Request(url=server.url(host="many.example")))
    assert got.body == BODY


@pytest.mark.parametrize("fault", [socket.gaierror(-2, "unknown"), UnicodeError("label"), None])
async def test_a_name_without_an_address_says_so(fault: Exception | None) -> None:
    async def nobody(host: str, port: int) -> list[str]:
        if fault is not None:
            raise fault
        return []

    async with a_network(resolver=nobody) as net:
        with pytest.raises(FeedUnavailable, match=r"^nowhere\.example has no address: check"):
            await net.web("town").get(Request(url="http://nowhere.example/"))


async def test_names_are_looked_up_by_the_system() -> None:
    async with serving(saying(answer(BODY))) as server, a_network(allow="127.0.0.0/8") as net:
        got = await net.web("town").get(Request(url=server.url(host="localhost")))
    assert got.body == BODY


async def test_a_name_that_cannot_be_is_no_crash() -> None:
    async with a_network() as net:
        with pytest.raises(FeedUnavailable, match="has no address"):
            await net.web("town").get(Request(url="http://" + "a" * 70 + ".example/"))


async def test_a_look_up_that_hangs_holds_up_neither_others_nor_the_end() -> None:
    released = asyncio.Event()

    async def hanging(host: str, port: int) -> list[str]:
        if host == "hang.example":
            await released.wait()
        return ["127.0.0.1"]

    async with serving(saying(answer(BODY))) as server, a_network(resolver=hanging) as net:
        stuck = asyncio.create_task(net.web("a").get(Request(url="http://hang.example/")))
        got = await net.web("b").get(Request(url=server.url(host="quick.example")))
        assert got.body == BODY
        assert not stuck.done()
        pass_time(minutes=1)
        with pytest.raises(FeedUnavailable, match="took longer"):
            await stuck
    assert all(
        thread.daemon or not thread.name.startswith("look up") for thread in threading.enumerate()
    )
