"""Messages reach receivers once a try, and whatever a receiver does ends in time."""

import asyncio
from datetime import timedelta

import pytest
from loopback import NOW, a_network, answer, pass_time, saying, serving

from emberwatch.http import Limits
from emberwatch.model.errors import DeliveryFailed
from emberwatch.ports import Outgoing

MESSAGE = b'{"type":"test"}'


def a_message(url: str, **headers: str) -> Outgoing:
    return Outgoing(url=url, body=MESSAGE, headers=headers)


async def post(talk, **network):
    async with serving(talk) as server, a_network(**network) as net:
        return await net.outbound().post(a_message(server.url("/hook")))


async def why_not(talk, **network) -> str:
    with pytest.raises(DeliveryFailed) as caught:
        await post(talk, **network)
    return caught.value.answer


async def test_a_message_arrives_whole_with_its_headers() -> None:
    came = bytearray()

    async with asyncio.timeout(5):
        done = asyncio.Event()

        async def receive(reader, writer):
            came.extend(await reader.readuntil(b"\r\n\r\n"))
            came.extend(await reader.readexactly(len(MESSAGE)))
            writer.write(answer(b"thanks"))
            writer.close()
            done.set()

        receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
        port = receiver.sockets[0].getsockname()[1]
        async with receiver, a_network() as net:
            message = Outgoing(
                url=f"http://127.0.0.1:{port}/hook?key=1",
                body=MESSAGE,
                headers={"webhook-id": "n1", "content-type": "application/json"},
            )
            got = await net.outbound().post(message)
            await done.wait()
    assert (got.status, got.body, got.received_at) == (200, b"thanks", NOW)
    head, _, body = bytes(came).partition(b"\r\n\r\n")
    assert body == MESSAGE
    assert head.startswith(b"POST /hook?key=1 HTTP/1.1")
    assert b"webhook-id: n1" in head
    assert b"user-agent: emberwatch/test" in head.lower()


@pytest.mark.parametrize("status", [200, 204, 400, 410, 429, 500, 503])
async def test_every_status_is_an_answer(status: int) -> None:
    got = await post(saying(answer(status=f"{status} X", Retry_After="7")))
    assert (got.status, got.headers["retry-after"]) == (status, "7")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with serving(saying(answer())) as elsewhere:
        to = elsewhere.url("/stolen")
        got = await post(saying(answer(status=f"{status} X", Location=to)))
    assert got.status == status
    assert elsewhere.connections == 0


async def test_of_a_body_of_100_megabytes_64_kilobytes_are_read() -> None:
    sent = 0

    async def talk(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000
        return False

    got = await post(talk, limits=Limits())
    assert (got.status, len(got.body)) == (200, 64_000)
    assert sent < 50_000_000


async def test_a_status_counts_though_its_body_never_ends() -> None:
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b".")
            await asyncio.sleep(0.01)
            pass_time(seconds=1)

    got = await post(talk)
    assert got.status == 200
    assert got.body.strip(b".") == b""


async def test_a_receiver_that_breaks_off_in_a_2xx_may_not_have_kept_the_message() -> None:
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await writer.drain()
        writer.close()
        return False

    assert "answered 200 but broke off in the middle of its answer" in await why_not(talk)


async def test_a_receiver_that_breaks_off_in_a_refusal_has_refused() -> None:
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\nabc")
        await writer.drain()
        writer.close()
        return False

    got = await post(talk)
    assert (got.status, got.body) == (410, b"abc")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n"])
async def test_a_connection_cut_before_the_headers_end_is_no_answer(sent: bytes) -> None:
    async def talk(_, writer):
        writer.write(sent)
        await writer.drain()
        writer.close()
        return False

    assert "connection" in await why_not(talk)


async def test_a_receiver_that_hangs_is_given_up_at_the_deadline_and_delays_no_other() -> None:
    async def hang(_, writer):
        await asyncio.sleep(30)

    async with serving(hang) as dead, serving(saying(answer())) as well, a_network() as net:
        out = net.outbound()
        hanging = [asyncio.create_task(out.post(a_message(dead.url()))) for _ in range(10)]
        got = await out.post(a_message(well.url()))
        assert got.status == 200
        assert not any(task.done() for task in hanging)
        pass_time(minutes=1)
        for task in hanging:
            with pytest.raises(DeliveryFailed, match=r"did not answer within 15 s"):
                await task


async def test_no_connection_is_kept_that_could_be_dead_the_next_time() -> None:
    async with serving(saying(answer())) as server, a_network() as net:
        for _ in range(3):
            await net.outbound().post(a_message(server.url()))
    assert server.connections == 3


async def test_a_secret_in_the_address_of_a_receiver_is_never_shown() -> None:
    async with serving(saying(answer())) as server:
        pass
    async with a_network() as net:
        with pytest.raises(DeliveryFailed) as caught:
            await net.outbound().post(a_message(server.url("/services/canary?key=canary")))
    assert caught.value.answer == f"{server.place} cannot be reached (connection refused)"


async def test_a_receiver_tells_what_time_it_is_too() -> None:
    dated = answer(Date="Sun, 22 Nov 2026 13:00:00 GMT")
    async with serving(saying(dated)) as server, a_network() as net:
        await net.outbound().post(a_message(server.url()))
        told = net.compared()
    assert [each.ahead for each in told] == [timedelta(hours=-1)]
