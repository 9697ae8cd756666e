"""Who stands in for a notifier that gives up, and what is said then (advice A6)."""

import json
from dataclasses import replace
from datetime import timedelta

from emberwatch.core.respond.fallback import in_stead
from emberwatch.core.respond.room import MOST_BYTES
from emberwatch.model.notification import DeliveryState
from tests.build import NOON
from tests.telling import an_incident, owed

LATER = NOON + timedelta(minutes=3)


def failing(**facts):
    facts = {"state": DeliveryState.WAITING, "attempts": 4, "last_answer": "503: down", **facts}
    return replace(owed(an_incident()), first_try_at=NOON, **facts)


def test_the_stand_in_is_owed_the_same_under_an_id_of_its_own():
    original = failing(handle="m1", told_by="msg_d", handed_to="")
    copy = in_stead(original, "backup", LATER)
    assert (copy.notifier, copy.incident_id, copy.type) == (
        "backup",
        original.incident_id,
        original.type,
    )
    assert (copy.attempts, copy.first_try_at, copy.handle, copy.told_by) == (0, None, "", "")
    assert (copy.created_at, copy.next_try_at) == (LATER, LATER)
    assert copy.id != original.id
    assert in_stead(original, "backup", LATER + timedelta(hours=1)).id == copy.id
    assert in_stead(original, "other", LATER).id != copy.id


def test_the_message_says_in_whose_stead_it_comes_and_why():
    copy = in_stead(failing(), "backup", LATER)
    payload = json.loads(copy.payload)
    assert payload["instead_of"] == {"notifier": "ops", "why": "503: down"}
    assert payload["id"] == copy.id
    assert payload["incident"] == json.loads(failing().payload)["incident"]


def test_a_notifier_that_said_nothing_is_explained_too():
    silent = json.loads(in_stead(failing(last_answer=""), "b", LATER).payload)
    assert silent["instead_of"]["why"] == "nothing gets through to it"
    off = failing(last_answer="", state=DeliveryState.HELD)
    assert json.loads(in_stead(off, "b", LATER).payload)["instead_of"]["why"] == "it is disabled"


def test_a_message_that_was_full_gives_up_posts_for_the_word_of_whose_stead_it_is():
    original = failing(last_answer="x" * 200)
    payload = json.loads(original.payload)
    posts = payload["brief"]["posts"] * 3
    payload["brief"]["posts"] = posts
    room = MOST_BYTES - len(json.dumps(payload, separators=(",", ":")).encode()) - 50
    payload["brief"]["text"] += "x" * room
    full = replace(original, payload=json.dumps(payload, separators=(",", ":")))
    copy = in_stead(full, "backup", LATER)
    assert len(copy.payload.encode()) < MOST_BYTES
    assert json.loads(copy.payload)["truncated"] == 3 - len(
        json.loads(copy.payload)["brief"]["posts"]
    )


def test_a_message_that_was_cut_before_counts_on():
    payload = {**json.loads(failing().payload), "truncated": 7, "reason": "x" * MOST_BYTES}
    payload["brief"]["posts"] *= 2
    copy = in_stead(failing(payload=json.dumps(payload)), "backup", LATER)
    assert json.loads(copy.payload)["truncated"] == 9
