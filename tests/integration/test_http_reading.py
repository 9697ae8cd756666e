"""Feeds are read within deadlines, caps and limits, whatever a site does."""

import asyncio
import gzip
import logging
import subprocess
import sys
import textwrap
import zlib
from datetime import timedelta

import httpcore
import httpx
import pytest
import respx
from loopback import (
    HASTY,
    NOW,
    Clock,
    Naps,
    a_network,
    answer,
    pass_time,
    saying,
    serving,
)

from emberwatch.core.read.breaker import Breaker
from emberwatch.http import Limits
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.ports import Request

BODY = b"<rss>a post</rss>"


async def fetch(talk, request=None, limits=None, path="/feed", **network):
    async with serving(talk) as server, a_network(limits=limits, **network) as net:
        return await net.web("town").get(request or Request(url=server.url(path)))


async def failing(talk, expected=FeedUnavailable, **rest):
    with pytest.raises(expected) as caught:
        await fetch(talk, **rest)
    return caught.value


# ---------------------------------------------------------------- asking
async def test_an_answer_holds_body_headers_and_when_it_came() -> None:
    got = await fetch(saying(answer(BODY, ETag='"a"', Content_Type="text/xml")))
    assert (got.status, got.body, got.received_at) == (200, BODY, NOW)
    assert got.headers["etag"] == '"a"'
    assert got.headers["content-type"] == "text/xml"


async def test_we_say_who_we_are_and_offer_only_what_we_can_unpack() -> None:
    async with serving(saying(answer(BODY))) as server, a_network() as net:
        await net.web("town").get(
            Request(url=server.url(), headers={"Accept": "text/xml", "Accept-Encoding": "br"})
        )
    head = server.heads[0].lower()
    assert "user-agent: emberwatch/test (+https://example.org/contact)" in head
    assert "accept-encoding: gzip, deflate\r\n" in head
    assert "accept: text/xml" in head


async def test_parameters_are_appended_to_the_address_encoded() -> None:
    async with serving(saying(answer(BODY))) as server, a_network() as net:
        await net.web("town").get(
            Request(url=server.url("/search?tags=a#top"), params={"q": "acme & гняв"})
        )
        await net.web("town").get(Request(url=server.url("/all"), params={"limit": "40"}))
    first, second = (head.splitlines()[0] for head in server.heads)
    assert first == "GET /search?tags=a&q=acme+%26+%D0%B3%D0%BD%D1%8F%D0%B2 HTTP/1.1"
    assert second == "GET /all?limit=40 HTTP/1.1"


async def test_a_body_is_posted_on_a_connection_of_its_own() -> None:
    async with serving(saying(answer(BODY))) as server, a_network() as net:
        web = net.web("town")
        await web.get(Request(url=server.url()))
        got = await web.get(Request(url=server.url("/login"), body=b'{"who": "ann"}'))
    assert got.body == BODY
    assert server.heads[1].startswith("POST /login ")
    assert server.bodies == [b"", b'{"who": "ann"}']
    assert server.connections == 2


async def test_what_is_posted_goes_nowhere_else() -> None:
    talk = saying(answer(b"", "307 Temporary Redirect", Location="/elsewhere"))
    async with serving(talk) as server, a_network() as net:
        with pytest.raises(FeedRefused, match="sends us on"):
            await net.web("town").get(Request(url=server.url(), body=b"secret"))
    assert len(server.heads) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "503 Busy"])
async def test_a_status_that_the_source_heeds_is_an_answer_with_its_body(status: str) -> None:
    heeded = (400, 401, 503)
    async with serving(saying(answer(b"why", status))) as server, a_network() as net:
        got = await net.web("town").get(Request(url=server.url(), heeds=heeded))
        with pytest.raises((FeedRefused, FeedUnavailable)):
            await net.web("town").get(Request(url=server.url()))
    assert (got.status, got.body) == (int(status[:3]), b"why")


async def test_the_body_of_a_heeded_error_has_its_cap_too() -> None:
    body = b"x" * 1000
    async with (
        serving(saying(answer(body, "400 Bad"))) as server,
        a_network(limits=Limits(body=999)) as net,
    ):
        with pytest.raises(FeedUnavailable, match="more than 999 bytes"):
            await net.web("town").get(Request(url=server.url(), heeds=(400,)))


async def test_validators_are_sent_and_a_304_is_an_answer() -> None:
    unchanged = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    async with serving(saying(unchanged)) as server, a_network() as net:
        got = await net.web("town").get(
            Request(url=server.url(), etag='W/"é"', last_modified="Sat, 01 Aug 2026 13:55:49 GMT")
        )
    assert got.is_unchanged
    assert 'if-none-match: W/"é"' in server.heads[0]
    assert "if-modified-since: Sat, 01 Aug 2026 13:55:49 GMT" in server.heads[0]


async def test_a_304_that_nobody_asked_for_is_not_believed() -> None:
    error = await failing(saying(b"HTTP/1.1 304 Not Modified\r\n\r\n"))
    assert "304" in error.why


async def test_cookies_are_ignored_and_not_handed_on() -> None:
    async with (
        serving(saying(answer(BODY, Set_Cookie="id=1; Path=/"))) as server,
        a_network() as net,
    ):
        first = await net.web("town").get(Request(url=server.url()))
        await net.web("town").get(Request(url=server.url()))
    assert "set-cookie" not in first.headers
    assert "cookie" not in server.heads[1].lower()


async def test_proxies_from_the_environment_are_not_used(monkeypatch) -> None:
    async with serving(saying(answer(b"proxy"))) as proxy, serving(saying(answer(BODY))) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
        monkeypatch.setenv("ALL_PROXY", proxy.url(""))
        async with a_network() as net:
            got = await net.web("town").get(Request(url=server.url()))
    assert got.body == BODY
    assert proxy.connections == 0


async def test_a_header_that_would_smuggle_another_is_refused() -> None:
    async with serving(saying(answer(BODY))) as server, a_network() as net:
        with pytest.raises(FeedRefused, match="is not allowed"):
            await net.web("town").get(Request(url=server.url(), etag='"a"\r\nX-Evil: 1'))
    assert server.heads == []


# ---------------------------------------------------------------- bodies
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(BODY, mtime=0)), ("deflate", zlib.compress(BODY))],
)
async def test_a_packed_body_is_unpacked(encoding: str, packed: bytes) -> None:
    got = await fetch(saying(answer(packed, Content_Encoding=encoding)))
    assert got.body == BODY
    assert "content-encoding" not in got.headers


async def test_a_feed_of_50_megabytes_is_refused_by_its_announcement() -> None:
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + BODY)

    error = await failing(talk)
    assert "more than 5,000,000 bytes" in error.why


async def test_50_megabytes_without_an_announcement_are_cut_at_the_cap() -> None:
    sent = 0

    async def talk(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(500):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000
        return False

    error = await failing(talk, limits=Limits(body=1_000_000))
    assert "more than 1,000,000 bytes" in error.why
    assert sent < 50_000_000


async def test_a_damaged_gzip_says_so() -> None:
    error = await failing(saying(answer(gzip.compress(BODY)[:-5], Content_Encoding="gzip")))
    assert "cannot be read (it ends in the middle)" in error.why


async def test_a_gzip_bomb_of_200_megabytes_costs_less_than_20_megabytes_of_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(200)) + packer.flush()
    program = """
        import asyncio, resource, sys
        from loopback import a_network, saying, serving, answer
        from emberwatch.http import Limits
        from emberwatch.ports import Request

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        async def main(url):
            async with a_network(limits=Limits()) as net:
                await net.web("town").get(Request(url=url + "calm"))
                before = peak()
                try:
                    await net.web("town").get(Request(url=url + "bomb"))
                except Exception as error:
                    print(peak() - before, error)

        asyncio.run(main(sys.argv[1]))
    """

    async def talk(head, writer):
        packed = bomb if b"/bomb" in head else gzip.compress(BODY)
        writer.write(answer(packed, Content_Encoding="gzip"))

    async with serving(talk) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            textwrap.dedent(program),
            server.url("/"),
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        said, _ = await child.communicate()
    grown, _, error = said.decode().partition(" ")
    assert "more than 5,000,000 bytes" in error
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * unit < 20_000_000


# ---------------------------------------------------------------- time
async def test_a_site_that_sends_a_byte_now_and_then_meets_the_total_deadline() -> None:
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await asyncio.sleep(0.01)

    error = await failing(talk, limits=HASTY)
    assert "took longer than 0.4 s to answer" in error.why


async def test_a_site_that_says_nothing_meets_the_total_deadline() -> None:
    async def talk(_, writer):
        await asyncio.sleep(30)

    assert "took longer" in (await failing(talk, limits=HASTY)).why


async def test_one_deadline_holds_for_all_redirects_together() -> None:
    async def talk(_, writer):
        await asyncio.sleep(0.25)
        writer.write(answer(status="302 Found", Location="/again"))

    assert "took longer than 0.4 s" in (await failing(talk, limits=HASTY)).why


async def test_a_slow_site_delays_no_other() -> None:
    async def hang(_, writer):
        await asyncio.sleep(30)

    async with serving(hang) as slow, serving(saying(answer(BODY))) as quick, a_network() as net:
        hanging = asyncio.create_task(net.web("slow").get(Request(url=slow.url())))
        got = await net.web("quick").get(Request(url=quick.url()))
        assert not hanging.done()
        pass_time(minutes=1)
        with pytest.raises(FeedUnavailable, match="took longer"):
            await hanging
    assert got.body == BODY


async def test_a_host_is_asked_by_two_at_once_and_no_more() -> None:
    at_once = most = 0

    async def talk(_, writer):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        writer.write(answer(BODY))

    async with serving(talk) as server, a_network() as net:
        feeds = [net.web(f"feed {n}").get(Request(url=server.url())) for n in range(8)]
        answers = await asyncio.gather(*feeds)
    assert most == 2
    assert {got.body for got in answers} == {BODY}


async def test_waiting_for_a_turn_does_not_count_against_the_deadline() -> None:
    async def talk(_, writer):
        pass_time(seconds=12)  # of twenty
        writer.write(answer(BODY))

    limits = Limits(per_host=1)
    async with serving(talk) as server, a_network(limits=limits) as net:
        feeds = [net.web(f"feed {n}").get(Request(url=server.url())) for n in range(4)]
        assert len(await asyncio.gather(*feeds)) == 4


# ---------------------------------------------------------------- connections
async def test_a_connection_serves_more_than_one_request() -> None:
    async with serving(saying(answer(BODY))) as server, a_network() as net:
        for _ in range(3):
            await net.web("town").get(Request(url=server.url()))
    assert server.connections == 1


async def test_a_get_is_tried_once_more_when_a_kept_connection_was_dropped() -> None:
    async def talk(head, writer):
        if len(server.heads) == 2:
            writer.transport.abort()
            return False
        writer.write(answer(BODY))
        return None

    naps = Naps()
    async with serving(talk) as server, a_network(sleep=naps) as net:
        await net.web("town").get(Request(url=server.url()))
        got = await net.web("town").get(Request(url=server.url()))
    assert got.body == BODY
    assert server.connections == 2
    assert naps.seconds == [0.1]


async def test_the_second_try_is_never_on_another_kept_connection() -> None:
    served = set()

    async def talk(_, writer):
        if writer in served:
            return False
        await asyncio.sleep(0.05)
        served.add(writer)
        writer.write(answer(BODY))
        return None

    async with serving(talk) as server, a_network() as net:
        feeds = [net.web(feed).get(Request(url=server.url())) for feed in ("one", "two")]
        await asyncio.gather(*feeds)
        assert server.connections == 2
        got = await net.web("town").get(Request(url=server.url()))
    assert got.body == BODY
    assert server.connections == 3


async def test_a_new_connection_that_is_dropped_is_not_tried_again() -> None:
    async def talk(_, writer):
        return False

    async with serving(talk) as server, a_network() as net:
        with pytest.raises(FeedUnavailable, match=r"closed the connection|broke the connection"):
            await net.web("town").get(Request(url=server.url()))
    assert server.connections == 1


async def test_a_site_that_drops_the_second_connection_too_is_unavailable() -> None:
    async def talk(_, writer):
        if len(server.heads) > 1:
            return False
        writer.write(answer(BODY))
        return None

    async with serving(talk) as server, a_network() as net:
        await net.web("town").get(Request(url=server.url()))
        with pytest.raises(FeedUnavailable, match="connection"):
            await net.web("town").get(Request(url=server.url()))
    assert server.connections == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "broke off in the middle"),
        (b"SSH-2.0-OpenSSH_9.2 secret\r\n\r\n", "does not speak HTTP as it should"),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 300_000 + b"\r\n\r\n",
            "sent more headers than anybody needs",
        ),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1234567890\r\n" * 4_500 + b"\r\n",
            "sent more headers than anybody needs",
        ),
    ],
)
async def test_what_is_no_answer_is_named_and_never_quoted(sent: bytes, words: str) -> None:
    async def talk(_, writer):
        writer.write(sent)
        await writer.drain()
        writer.close()
        return False

    error = await failing(talk)
    assert words in error.why
    assert "secret" not in error.why


async def test_a_closed_port_is_named() -> None:
    async with serving(saying(answer(BODY))) as server:
        pass
    async with a_network() as net:
        with pytest.raises(FeedUnavailable) as caught:
            await net.web("town").get(Request(url=server.url()))
    assert caught.value.why == f"{server.place} cannot be reached (connection refused)"


# ---------------------------------------------------------------- statuses and limits
@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
async def test_a_refusal_says_what_to_do(status: int) -> None:
    error = await failing(saying(answer(status=f"{status} No")), FeedRefused)
    assert f"answered {status}: it " in error.why


@pytest.mark.parametrize("status", [302, 400, 418, 429, 500, 502, 503, 504])
async def test_any_other_status_is_passing_trouble(status: int) -> None:
    error = await failing(saying(answer(status=f"{status} Hm")))
    assert f"answered {status}" in error.why
    assert error.retry_after is None


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy", "403 Slow Down"])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Sun, 22 Nov 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("315360000", timedelta(hours=1)),
    ],
)
async def test_retry_after_is_passed_on_and_capped(
    status: str, asked: str, wait: timedelta
) -> None:
    error = await failing(saying(answer(status=status, Retry_After=asked)))
    assert error.retry_after == wait


@pytest.mark.parametrize(
    "headers",
    [
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "2026-11-22T12:05:00.000Z"},
        {"x_rate_limit_remaining": "0", "x_rate_limit_reset": "1795349100"},
        {"x_ratelimit_remaining": "0.0", "x_ratelimit_used": "600", "x_ratelimit_reset": "300"},
        {"RateLimit": '"default";r=0;t=300'},
    ],
    ids=["Mastodon", "X", "Reddit", "IETF"],
)
async def test_when_a_limit_is_used_up_the_feed_rests_without_a_request(
    headers: dict[str, str],
) -> None:
    clock = Clock()
    async with (
        serving(saying(answer(BODY, **headers), answer(BODY))) as server,
        a_network(clock=clock) as net,
    ):
        await net.web("town").get(Request(url=server.url()))
        clock.move(minutes=1)
        with pytest.raises(FeedUnavailable, match=r"before 2026-11-22 12:05:00 UTC") as caught:
            await net.web("town").get(Request(url=server.url()))
        assert caught.value.retry_after == timedelta(minutes=4)
        assert len(server.heads) == 1
        assert (await net.web("other").get(Request(url=server.url()))).body == BODY
        clock.move(minutes=4)
        assert (await net.web("town").get(Request(url=server.url()))).body == BODY


async def test_a_rest_of_a_moment_is_waited_out() -> None:
    naps = Naps()
    first = answer(BODY, X_RateLimit_Remaining="0", X_RateLimit_Reset="0.75")
    async with serving(saying(first)) as server, a_network(sleep=naps) as net:
        await net.web("town").get(Request(url=server.url()))
        await net.web("town").get(Request(url=server.url()))
    assert naps.seconds == [0.75]


async def test_a_clock_set_back_ends_a_rest() -> None:
    clock = Clock()
    busy = answer(status="429 Slow", Retry_After="3600")
    async with serving(saying(busy, answer(BODY))) as server, a_network(clock=clock) as net:
        with pytest.raises(FeedUnavailable):
            await net.web("town").get(Request(url=server.url()))
        clock.move(hours=-2)
        assert (await net.web("town").get(Request(url=server.url()))).body == BODY


async def test_a_host_that_keeps_failing_is_left_alone_then_tried_once() -> None:
    clock = Clock()
    limits = Limits(breaker=Breaker(failures=2, rest=timedelta(minutes=1)))
    down = answer(status="500 Oops")
    async with (
        serving(saying(down, down, answer(BODY))) as server,
        a_network(clock=clock, limits=limits) as net,
    ):
        for feed in ("one", "two"):
            with pytest.raises(FeedUnavailable, match="answered 500: it has trouble of its own"):
                await net.web(feed).get(Request(url=server.url()))
        with pytest.raises(FeedUnavailable, match="failed 2 times in a row") as caught:
            await net.web("three").get(Request(url=server.url()))
        assert caught.value.retry_after == timedelta(minutes=1)
        assert "the last time it answered 500" in caught.value.why
        assert len(server.heads) == 2
        clock.move(minutes=1)
        assert (await net.web("three").get(Request(url=server.url()))).body == BODY
        assert (await net.web("one").get(Request(url=server.url()))).body == BODY


async def test_a_site_that_refuses_one_feed_is_not_left_alone() -> None:
    limits = Limits(breaker=Breaker(failures=1))
    async with (
        serving(saying(answer(status="404 No"), answer(BODY))) as server,
        a_network(limits=limits) as net,
    ):
        with pytest.raises(FeedRefused):
            await net.web("gone").get(Request(url=server.url()))
        assert (await net.web("town").get(Request(url=server.url()))).body == BODY


async def test_a_host_that_is_left_alone_is_not_forgotten_among_many_others() -> None:
    limits = Limits(hosts=3, breaker=Breaker(failures=1))
    with respx.mock() as router:
        router.get("https://down.example/").mock(return_value=httpx.Response(500))
        router.get(url__regex=r"https://host\d+\.example/").mock(return_value=httpx.Response(200))
        async with a_network(limits=limits) as net:
            with pytest.raises(FeedUnavailable, match="answered 500"):
                await net.web("town").get(Request(url="https://down.example/"))
            for n in range(20):
                await net.web("town").get(Request(url=f"https://host{n}.example/"))
            with pytest.raises(FeedUnavailable, match="is left alone"):
                await net.web("town").get(Request(url="https://down.example/"))


# ---------------------------------------------------------------- secrets
@pytest.mark.parametrize("status", ["404 No", "500 Oops", "302 Found"])
async def test_no_secret_of_an_address_reaches_an_error(status: str) -> None:
    async with serving(saying(answer(BODY, status))) as server, a_network() as net:
        secret = Request(url=server.url("/canary?token=canary"), params={"key": "canary"})
        with pytest.raises((FeedRefused, FeedUnavailable)) as caught:
            await net.web("town").get(secret)
    assert server.heads[0].count("canary") == 3
    assert "canary" not in str(caught.value)


async def test_no_secret_of_a_request_reaches_a_log(caplog) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(saying(answer(BODY))) as server, a_network() as net:
        secret = {"Authorization": "Bearer canary"}
        await net.web("town").get(Request(url=server.url("/?token=canary"), headers=secret))
    assert server.heads[0].count("canary") == 2
    assert "canary" not in caplog.text


# ---------------------------------------------------------------- the library's own errors
@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.ConnectTimeout, httpx.PoolTimeout, httpcore.ReadError]
)
async def test_each_error_of_the_library_becomes_ours(error: type[Exception]) -> None:
    with respx.mock() as router:
        router.get("https://example.org/feed").mock(side_effect=error("x"))
        async with a_network() as net:
            with pytest.raises(FeedUnavailable, match=r"^example\.org "):
                await net.web("town").get(Request(url="https://example.org/feed"))


# ---------------------------------------------------------------- the hosts' time
DATED = "Sun, 22 Nov 2026 09:00:00 GMT"


async def named(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_what_answers_say_of_our_clock_is_told_once() -> None:
    dated = answer(BODY, Date=DATED)
    async with serving(saying(dated)) as server, a_network(resolver=named) as net:
        await net.web("town").get(Request(url=server.url(host="a.example")))
        await net.web("town").get(Request(url=server.url(host="b.example")))
        told, again = net.compared(), net.compared()
    assert [(each.host, each.ahead) for each in told] == [
        ("a.example", timedelta(hours=3)),
        ("b.example", timedelta(hours=3)),
    ]
    assert again == ()


async def test_an_error_tells_the_time_as_well() -> None:
    async with serving(saying(answer(b"", "403 No", Date=DATED))) as server, a_network() as net:
        with pytest.raises(FeedRefused):
            await net.web("town").get(Request(url=server.url()))
        told = net.compared()
    assert [each.host for each in told] == ["127.0.0.1"]


async def test_a_host_that_a_redirect_leads_to_says_nothing_of_our_clock() -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        is_first = b"Host: a.example" in head or b"host: a.example" in head
        onward = f"http://b.example:{server.port}/"
        moved = answer(b"", "301 Moved", Location=onward, Date=DATED)
        writer.write(moved if is_first else answer(BODY, Date=DATED))

    async with serving(talk) as server, a_network(resolver=named) as net:
        got = await net.web("town").get(Request(url=server.url(host="a.example")))
        told = net.compared()
    assert got.body == BODY
    assert [each.host for each in told] == ["a.example"]
