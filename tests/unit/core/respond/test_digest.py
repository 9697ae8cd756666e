"""One message that tells of several incidents (advice A6)."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from emberwatch.core.respond.digest import MOST_LISTED, MOST_SUBJECTS, digest_of
from emberwatch.core.respond.room import MOST_BYTES
from emberwatch.model.incident import Severity
from emberwatch.model.notification import Owed
from tests.telling import an_incident
from tests.telling import owed as a_message

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def owed(id, subject="Acme", severity=Severity.WARNING, **facts):
    facts = {"type": "incident.opened", "sequence": 1, "created_at": AT, **facts}
    incident = facts.pop("incident", f"inc_{id}")
    return Owed(id=id, incident_id=incident, subject=subject, severity=severity, **facts)


def told(rows, listed=(), notifier="chat"):
    digest = digest_of(rows, listed, notifier, AT)
    return digest, json.loads(digest.payload)


def test_a_digest_counts_the_incidents_of_each_brand_and_the_critical_ones():
    rows = [
        *(owed(f"a{n}") for n in range(9)),
        *(owed(f"c{n}", severity=Severity.CRITICAL) for n in range(3)),
        *(owed(f"b{n}", "Beta") for n in range(25)),
    ]
    digest, payload = told(rows)
    assert payload["subject"] == "37 more incidents"
    assert payload["reason"] == "Acme 12 (3 critical), Beta 25"
    assert digest.severity is Severity.CRITICAL
    assert digest.is_digest


def test_an_incident_with_several_messages_is_counted_once_at_its_worst():
    rows = [
        owed("1", incident="inc_a"),
        owed("2", incident="inc_a", severity=Severity.CRITICAL, type="incident.updated"),
        owed("3", incident="inc_a", severity=Severity.HIGH, type="incident.updated"),
    ]
    _, payload = told(rows)
    assert (payload["subject"], payload["reason"]) == ("1 more incident", "Acme 1 (1 critical)")


def test_many_brands_are_counted_together_at_the_end():
    rows = [owed(f"{n}", f"Brand {n:02}") for n in range(MOST_SUBJECTS + 4)]
    _, payload = told(rows)
    assert payload["reason"].endswith("Brand 07 1, 4 others 4")


def test_the_first_are_named_one_by_one_and_the_others_can_be_listed():
    message = replace(a_message(an_incident()), id="m")
    rows = [owed(str(n)) for n in range(30)]
    digest, payload = told(rows, [message] * 20)
    assert len(payload["lines"]) == MOST_LISTED
    assert payload["lines"][0] == (
        f"[{message.severity}] Acme, opened: 7 angry voices ({message.incident_id})"
    )
    assert payload["more"] == 20
    assert f"emberwatch delivery list --told-by {digest.id}" in payload["state"]


def test_the_same_messages_make_the_same_digest_and_others_another():
    rows = [owed("1"), owed("2")]
    digest, _ = told(rows)
    assert told(list(reversed(rows)))[0].id == digest.id
    assert told(rows, notifier="mail")[0].id != digest.id
    assert told([*rows, owed("3")])[0].id != digest.id


def test_a_digest_is_as_small_as_any_message_and_breaks_no_line():
    nasty = "\u202e\n<!channel>" + "я" * 5000
    rows = [owed(f"{n}", f"{n}{nasty}") for n in range(1000)]
    listed = [replace(a_message(an_incident()), subject=nasty)] * 10
    digest, payload = told(rows, listed)
    assert len(digest.payload.encode()) < MOST_BYTES
    assert "\n" not in payload["reason"]
    assert "\u202e" not in digest.payload


def test_a_digest_of_nothing_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        digest_of([], [], "chat", AT)


def test_every_field_of_a_digest_is_documented(root):
    page = (root / "docs" / "reference" / "notifiers.md").read_text()
    section = page.split("## Limits and digests")[1].split("\n## ")[0]
    _, payload = told([owed("1")])
    assert [field for field in payload if f"`{field}`" not in section] == []
