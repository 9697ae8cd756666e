"""The payload as the CloudEvents SDK reads it."""

import json
from datetime import UTC, datetime

import pytest

from emberwatch.core.respond.brief import trial_for

http = pytest.importorskip("cloudevents.v1.http", reason="needs the package cloudevents")
conversion = pytest.importorskip("cloudevents.v1.conversion")


def test_the_payload_goes_through_the_sdk_unchanged():
    payload = trial_for("ops", datetime(2026, 5, 4, 12, tzinfo=UTC)).payload
    event = http.from_json(payload)
    assert (event["type"], event["source"]) == ("test", "emberwatch")
    assert json.loads(conversion.to_json(event)) == json.loads(payload)
