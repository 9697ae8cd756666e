"""What the webhook makes of a site's answers, through the real client and recorded by respx."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from emberwatch.core.respond.brief import trial_for
from emberwatch.http import Network
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused
from emberwatch.notifiers.webhook import Webhook

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "https://hooks.example.org/ember"


@pytest.fixture
async def webhook():
    async with Network(
        allow=[], user_agent="emberwatch/test", clock=lambda: AT, chance=lambda: 0.5
    ) as network:
        yield Webhook(Webhook.Options(url=URL), network.outbound())


@respx.mock
@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_2xx_is_success(webhook, status):
    route = respx.post(URL).mock(return_value=httpx.Response(status, text="ok"))
    receipt = await webhook.deliver(trial_for("ops", AT), AT)
    assert receipt.answer == f"{status}: ok"
    [call] = route.calls
    assert call.request.headers["content-type"] == "application/json"
    assert call.request.headers["user-agent"].startswith("emberwatch/")


@respx.mock
@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 502, 504])
async def test_all_else_is_failure(webhook, status):
    elsewhere = {"location": "https://elsewhere.example.org/"}
    respx.post(URL).mock(return_value=httpx.Response(status, headers=elsewhere))
    with pytest.raises(DeliveryFailed):
        await webhook.deliver(trial_for("ops", AT), AT)
    assert len(respx.calls) == 1


@respx.mock
async def test_410_is_refusal(webhook):
    respx.post(URL).mock(return_value=httpx.Response(410))
    with pytest.raises(DeliveryRefused):
        await webhook.deliver(trial_for("ops", AT), AT)


@respx.mock
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("90", timedelta(seconds=90)),
        ("Mon, 04 May 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("315360000", timedelta(days=1)),
    ],
)
async def test_a_retry_after_is_passed_on(webhook, status, asked, expected):
    respx.post(URL).mock(return_value=httpx.Response(status, headers={"retry-after": asked}))
    with pytest.raises(DeliveryFailed) as raised:
        await webhook.deliver(trial_for("ops", AT), AT)
    assert raised.value.retry_after == expected


@respx.mock
@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError]
)
async def test_a_fault_on_the_way_is_failure(webhook, error):
    respx.post(URL).mock(side_effect=error("no"))
    with pytest.raises(DeliveryFailed):
        await webhook.deliver(trial_for("ops", AT), AT)
