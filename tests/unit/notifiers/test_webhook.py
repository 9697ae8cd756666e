"""The webhook: what it sends, and what it makes of an answer."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from emberwatch.core.respond.brief import trial_for
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused
from emberwatch.model.secret import Secret
from emberwatch.notifiers.signature import signing_key, verifies
from emberwatch.notifiers.webhook import Webhook
from emberwatch.ports import Answer

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "https://hooks.example.org:8443/canary/path?token=canary"
OLD, NEW = ("whsec_" + b64encode(letter * 32).decode() for letter in (b"o", b"n"))


class Receiver:
    """An outbound that answers as told and keeps what it was given."""

    def __init__(self, status=200, body=b"", failure=None, **headers):
        self._answer = status, body, headers
        self._failure = failure
        self.got = []

    async def post(self, message):
        self.got.append(message)
        if self._failure:
            raise self._failure
        status, body, headers = self._answer
        return Answer(
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            body=body,
            url=message.url,
            received_at=AT,
        )


def a_webhook(receiver, secret=NEW, previous=None, url=URL):
    def hidden(value):
        return None if value is None else Secret(value)

    return Webhook(
        Webhook.Options(url=url, secret=hidden(secret), previous_secret=hidden(previous)), receiver
    )


async def failure(receiver, **how):
    with pytest.raises(DeliveryFailed) as raised:
        await a_webhook(receiver, **how).deliver(trial_for("ops", AT), AT)
    return raised.value


async def test_it_posts_the_payload_as_json_and_says_who_it_is():
    receiver = Receiver()
    owed = trial_for("ops", AT)
    await a_webhook(receiver).deliver(owed, AT)
    [sent] = receiver.got
    assert sent.url == URL
    assert sent.body == owed.payload.encode()
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"].startswith("emberwatch/")
    assert sent.headers["webhook-id"] == owed.id


async def test_each_try_has_the_same_id_and_its_own_time():
    receiver = Receiver()
    webhook, owed = a_webhook(receiver), trial_for("ops", AT)
    later = AT + timedelta(hours=75)
    await webhook.deliver(owed, AT)
    await webhook.deliver(owed, later)
    first, second = (sent.headers for sent in receiver.got)
    assert first["webhook-id"] == second["webhook-id"]
    assert verifies(signing_key(NEW), second, receiver.got[1].body, later)
    assert not verifies(signing_key(NEW), first, receiver.got[0].body, later)


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_both_secrets_sign_during_rotation(secret):
    receiver = Receiver()
    await a_webhook(receiver, secret=NEW, previous=OLD).deliver(trial_for("ops", AT), AT)
    [sent] = receiver.got
    assert verifies(signing_key(secret), sent.headers, sent.body, AT)


async def test_without_a_secret_it_goes_out_unsigned():
    receiver = Receiver()
    await a_webhook(receiver, secret=None).deliver(trial_for("ops", AT), AT)
    assert "webhook-signature" not in receiver.got[0].headers


@pytest.mark.parametrize("status", [200, 202, 204, 299])
async def test_a_2xx_is_success(status):
    said = (await a_webhook(Receiver(status)).deliver(trial_for("ops", AT), AT)).answer
    assert said == str(status)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 400, 401, 404, 429, 500, 503, 199, 600])
async def test_all_else_is_failure(status):
    assert (await failure(Receiver(status, b"no"))).answer == f"{status}: no"


async def test_410_is_refusal():
    with pytest.raises(DeliveryRefused) as raised:
        await a_webhook(Receiver(410, b"gone away")).deliver(trial_for("ops", AT), AT)
    assert raised.value.answer == "410: gone away"


async def test_what_a_receiver_says_is_kept_short_and_safe():
    said = (await failure(Receiver(500, b"\x1b[2J<html>\r\n\xff\x00" + b"x" * 60_000))).answer
    assert said.startswith("500: [2J<html> \ufffdx")
    assert len(said) == 200


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("120", timedelta(seconds=120)),
        (format_datetime(AT + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        (format_datetime(AT - timedelta(minutes=3), usegmt=True), timedelta()),
        ("315360000", timedelta(days=1)),
        ("9" * 5000, timedelta(days=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
async def test_a_receiver_may_ask_for_time(header, asked):
    assert (await failure(Receiver(503, retry_after=header))).retry_after == asked


async def test_who_asks_for_nothing_gets_our_own_patience():
    assert (await failure(Receiver(503))).retry_after is None


async def test_a_failure_on_the_way_keeps_its_facts():
    lost = DeliveryFailed("connection reset", retry_after=timedelta(seconds=7))
    error = await failure(Receiver(failure=lost))
    assert (error.answer, error.retry_after) == ("connection reset", timedelta(seconds=7))


@pytest.mark.parametrize("echo", [URL, NEW, NEW.removeprefix("whsec_"), OLD])
async def test_secrets_are_not_repeated(echo):
    for receiver in (
        Receiver(500, f"you sent {echo}".encode()),
        Receiver(failure=DeliveryFailed(f"cannot post to {echo}")),
    ):
        answer = (await failure(receiver, previous=OLD)).answer
        assert echo not in answer
        assert "canary" not in answer


def test_it_describes_itself_without_its_secrets():
    assert a_webhook(Receiver()).describe() == "signed JSON to hooks.example.org:8443"
    assert a_webhook(Receiver(), secret=None).describe().startswith("unsigned JSON to hooks")


# ---------------------------------------------------------------- options
def problems(url=URL, secret=None, previous=None):
    return Webhook.Options(
        url=url,
        secret=Secret(secret) if secret is not None else None,
        previous_secret=Secret(previous) if previous is not None else None,
    ).problems()


def test_good_options_have_no_problem():
    assert problems(secret=NEW, previous=OLD) == ()


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.org",
        "ftp://example.org/",
        "https://",
        "https://[::1/",
        "https://a:99999/",
        "http://a:0/",
    ],
)
def test_a_bad_address_is_named(url):
    assert [field for field, _ in problems(url=url)] == ["url"]


def test_a_password_in_the_address_is_refused_and_not_shown():
    [(field, what)] = problems(url="https://me:canary@example.org/")
    assert field == "url"
    assert "canary" not in what


def test_bad_secrets_are_named_and_not_shown():
    found = problems(secret="whsec_canary", previous="canary!")
    assert [field for field, _ in found] == ["secret", "previous_secret"]
    assert "canary" not in str(found)


def test_a_previous_secret_alone_is_a_mistake():
    assert [field for field, _ in problems(previous=OLD)] == ["previous_secret"]


def test_options_do_not_show_their_secrets():
    assert NEW not in repr(Webhook.Options(url=URL, secret=Secret(NEW)))


@pytest.mark.parametrize(
    "echo",
    [
        b"POST /canary/path?token=canary HTTP/1.1",
        b'{"url": "\\/canary\\/path?token=canary"}',
        b"args: token is canary",
        b"/canary/path",
        b" " * 795 + b"token=canary",
    ],
)
@pytest.mark.parametrize("status", [200, 410, 500])
async def test_an_answer_that_repeats_the_request_shows_no_path_and_no_query(echo, status):
    webhook = a_webhook(Receiver(status=status, body=echo))
    try:
        said = (await webhook.deliver(trial_for("ops", AT), AT)).answer
    except (DeliveryFailed, DeliveryRefused) as error:
        said = error.answer
    assert said.startswith(f"{status}: ")
    assert "can" not in said
    assert "***" in said


async def test_a_token_that_the_address_writes_encoded_is_hidden_in_plain_too():
    url = "https://hooks.example.org/hook%2Fsecret?key=s%C3%A9same"
    receiver = Receiver(status=500, body="no hook/secret, no sésame".encode())
    assert (await failure(receiver, url=url)).answer == "500: no ***, no ***"


async def test_an_address_without_a_path_hides_nothing_of_an_answer():
    receiver = Receiver(status=500, body=b"/ is what? / is no hook")
    said = (await failure(receiver, url="https://hooks.example.org/")).answer
    assert said == "500: / is what? / is no hook"
