"""Apprise hands what we tell to a real receiver (advice A6), and keeps what is secret."""

import asyncio
import json
import logging
import sys

import pytest

from emberwatch.core.respond.brief import trial_for
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.secret import Secret
from emberwatch.notifiers.apprise import MISSING, Apprise, written
from emberwatch.notifiers.message import read_message
from tests.integration.receiver import hanging, receiving, saying
from tests.outbound import AT
from tests.telling import HOSTILE, a_story, an_incident, owed

pytest.importorskip("apprise", reason="needs the extra apprise")


def an_apprise(receiver, path="canary-token"):
    address = f"json://127.0.0.1:{receiver.port}/{path}"
    return Apprise(Apprise.Options(service=Secret(address)))


async def test_a6_a_service_gets_the_reason_the_link_and_the_words():
    async with receiving(saying(200)) as receiver:
        receipt = await an_apprise(receiver).deliver(owed(an_incident()), AT)
    [message] = receiver.got
    body = json.loads(message.body)
    assert body["title"].startswith("[")
    assert "7 angry voices" in body["title"]
    assert "Answer in the thread: https://town.example/@anna/1" in body["message"]
    assert message.path == "/canary-token"
    assert receipt.answer == "accepted by the service"


async def test_a_closed_incident_is_good_news():
    async with receiving(saying(200)) as receiver:
        await an_apprise(receiver).deliver(a_story()[-2], AT)
        await an_apprise(receiver).deliver(trial_for("ops", AT), AT)
    assert [json.loads(message.body)["type"] for message in receiver.got] == ["success", "info"]


def test_nothing_that_a_stranger_wrote_acts():
    _, body = written(read_message(owed(an_incident(HOSTILE))))
    said = body.replace("https://town.example/@anna/1", "")
    assert "so angry" not in said
    for hazard in ("@everyone", "<!channel>", "<at>", "<script>", "https://", "evil.example"):
        assert hazard not in said
    assert "https[:]//evil[.]example/b" in said


@pytest.mark.parametrize("status", [302, 401, 410, 500])
async def test_what_a_service_does_not_take_is_a_failure_without_secrets(status):
    async with receiving(saying(status, b"canary-token", location="http://127.0.0.1/")) as receiver:
        with pytest.raises(DeliveryFailed, match=f"did not take it: .*{status}") as raised:
            await an_apprise(receiver).deliver(owed(an_incident()), AT)
    assert "canary" not in str(raised.value)
    assert len(receiver.got) == 1


async def test_nobody_at_the_address_is_a_failure_without_secrets(capfd):
    async with receiving(saying(200)) as receiver:
        apprise = an_apprise(receiver)
    with pytest.raises(DeliveryFailed, match="did not take it") as raised:
        await apprise.deliver(owed(an_incident()), AT)
    out, err = capfd.readouterr()
    for said in (str(raised.value), out, err, apprise.describe()):
        assert "canary" not in said
        assert "127.0.0.1" not in said
    assert "json" in apprise.describe()
    assert not logging.getLogger("apprise").propagate


async def test_a_service_that_hangs_holds_nobody_up():
    async with receiving(hanging) as receiver:
        delivery = asyncio.create_task(an_apprise(receiver).deliver(owed(an_incident()), AT))
        async with asyncio.timeout(20):
            while not receiver.got:
                await asyncio.sleep(0.01)
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery


@pytest.mark.parametrize("address", ["nonsense://canary", "canary", "tgram://canary"])
def test_an_address_that_apprise_does_not_know_is_a_mistake_unseen(address):
    [(field, what)] = Apprise.Options(service=Secret(address)).problems()
    assert field == "service"
    assert "no address that Apprise knows" in what
    assert "canary" not in what


def test_an_address_that_it_knows_is_none():
    assert Apprise.Options(service=Secret("json://127.0.0.1/x")).problems() == ()


async def test_a_service_that_is_unknown_by_now_fails():
    with pytest.raises(DeliveryFailed, match="knows no such service"):
        await Apprise(Apprise.Options(service=Secret("gone://x"))).deliver(owed(an_incident()), AT)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert Apprise.Options(service=Secret("json://x")).problems() == (("service", MISSING),)
