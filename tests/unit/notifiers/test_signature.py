"""Signatures, judged by the reference library that nobody here wrote."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import time_machine

from emberwatch.notifiers.signature import sign, signing_key, verifies

AT = datetime(2026, 5, 4, 12, 0, 0, 900_000, tzinfo=UTC)
OLD, NEW = (bytes(range(start, start + 32)) for start in (0, 100))
BODY = '{"reason":"гняв 😡"}'.encode()


def whsec(key):
    return "whsec_" + b64encode(key).decode()


@pytest.mark.parametrize("key", [OLD, NEW])
def test_the_reference_library_accepts_either_secret_during_rotation(key):
    headers = sign([NEW, OLD], "msg_1", AT, BODY)
    with time_machine.travel(AT, tick=False):
        assert standardwebhooks.Webhook(whsec(key)).verify(BODY, headers) == {"reason": "гняв 😡"}


def test_the_reference_library_refuses_a_body_that_was_touched():
    headers = sign([OLD], "msg_1", AT, BODY)
    with (
        time_machine.travel(AT, tick=False),
        pytest.raises(standardwebhooks.WebhookVerificationError),
    ):
        standardwebhooks.Webhook(whsec(OLD)).verify(BODY + b" ", headers)


def test_we_sign_as_the_reference_library_does():
    theirs = standardwebhooks.Webhook(whsec(OLD)).sign("msg_1", AT, BODY.decode())
    assert sign([OLD], "msg_1", AT, BODY)["webhook-signature"] == theirs


def test_the_current_secret_signs_first():
    both = sign([NEW, OLD], "msg_1", AT, BODY)["webhook-signature"].split(" ")
    alone = [sign([key], "msg_1", AT, BODY)["webhook-signature"] for key in (NEW, OLD)]
    assert both == alone


def test_without_a_secret_there_is_no_signature():
    assert sign([], "msg_1", AT, BODY) == {"webhook-id": "msg_1", "webhook-timestamp": "1777896000"}


def test_what_we_sign_we_accept():
    assert verifies(OLD, sign([NEW, OLD], "msg_1", AT, BODY), BODY, AT)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1777896001"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 99},
        {"webhook-signature": "v1,ÿ"},
        {"webhook-signature": ""},
    ],
)
def test_changed_headers_are_refused(change):
    assert not verifies(OLD, {**sign([OLD], "msg_1", AT, BODY), **change}, BODY, AT)


def test_headers_that_are_missing_are_refused():
    assert not verifies(OLD, {}, BODY, AT)


@pytest.mark.parametrize(("seconds", "is_fresh"), [(-301, False), (-299, True), (302, False)])
def test_a_message_is_good_for_five_minutes(seconds, is_fresh):
    headers = sign([OLD], "msg_1", AT, BODY)
    assert verifies(OLD, headers, BODY, AT + timedelta(seconds=seconds)) is is_fresh


@pytest.mark.parametrize("secret", [whsec(OLD), b64encode(OLD).decode(), f" {whsec(OLD)}\n"])
def test_a_secret_is_read_with_or_without_its_prefix(secret):
    assert signing_key(secret) == OLD


@pytest.mark.parametrize("length", [24, 64])
def test_a_key_may_be_24_to_64_bytes(length):
    assert len(signing_key(whsec(bytes(length)))) == length


@pytest.mark.parametrize(
    ("secret", "what"),
    [
        ("whsec_канарче", "base64"),
        ("whsec_canary!canary", "base64"),
        ("whsec_canary7", "base64"),
        (whsec(b"canary" * 3), "got 18"),
        (whsec(b"canary" * 12), "got 72"),
        ("", "got 0"),
    ],
)
def test_a_bad_secret_is_named_and_never_shown(secret, what):
    with pytest.raises(ValueError, match=what) as raised:
        signing_key(secret)
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None
