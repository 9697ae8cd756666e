"""How one try changes what is owed."""

from datetime import UTC, datetime, timedelta

import pytest

from emberwatch.core.respond.backoff import PATIENCE
from emberwatch.core.respond.outbox import delivered, failed, overtaken, refused, standing
from emberwatch.model.notification import DeliveryState, Notification

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
SOON = AT + timedelta(seconds=2)


def a_notification(**changes):
    facts = {"id": "msg_1", "incident_id": "inc_1", "notifier": "ops", "sequence": 1}
    times = {"created_at": AT, "next_try_at": AT}
    return Notification(type="incident.opened", payload="{}", **{**facts, **times, **changes})


def after_failure(notification, asked=None, chance=0.0):
    return failed(
        notification,
        tried_at=AT,
        at=SOON,
        answer="500",
        asked=asked,
        backoff=PATIENCE,
        chance=chance,
    )


def test_a_success_is_noted_with_its_times():
    after = delivered(a_notification(), tried_at=AT, at=SOON, answer="204")
    assert after.state is DeliveryState.DELIVERED
    assert (after.attempts, after.first_try_at, after.delivered_at) == (1, AT, SOON)
    assert after.last_answer == "204"


def test_a_success_keeps_what_the_channel_knows_the_message_by():
    after = delivered(a_notification(), tried_at=AT, at=SOON, answer="ok", handle="m1")
    assert after.handle == "m1"


def test_what_a_later_state_overtook_is_settled_without_a_try():
    after = overtaken(a_notification(), by=7, at=SOON)
    assert (after.state, after.delivered_at) == (DeliveryState.DELIVERED, SOON)
    assert (after.attempts, after.first_try_at) == (0, None)
    assert "sequence 7" in after.last_answer


def test_the_first_try_stays_the_first():
    earlier = AT - timedelta(hours=1)
    assert after_failure(a_notification(first_try_at=earlier, attempts=3)).first_try_at == earlier


def test_a_failure_is_due_again_after_the_gap_from_its_end():
    after = after_failure(a_notification())
    assert (after.state, after.next_try_at) == (
        DeliveryState.WAITING,
        SOON + timedelta(seconds=5),
    )


def test_chance_lengthens_a_gap_by_at_most_a_tenth():
    after = after_failure(a_notification(attempts=5), chance=1.0)
    assert after.next_try_at == SOON + timedelta(hours=2) * 1.1


def test_chance_does_not_lengthen_what_the_receiver_asked_for():
    after = after_failure(a_notification(), asked=timedelta(days=3650), chance=1.0)
    assert after.next_try_at == SOON + timedelta(hours=1)


@pytest.mark.parametrize("attempts", range(11))
def test_a_try_before_the_last_leaves_it_waiting(attempts):
    assert after_failure(a_notification(attempts=attempts)).state is DeliveryState.WAITING


def test_the_twelfth_failure_is_the_last():
    after = after_failure(a_notification(attempts=11))
    assert (after.state, after.attempts) == (DeliveryState.DEAD, 12)


def test_a_refusal_holds_it():
    after = refused(a_notification(), tried_at=AT, answer="410")
    assert (after.state, after.attempts, after.last_answer) == (DeliveryState.HELD, 1, "410")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "waits for its turn"),
        ({"attempts": 1, "last_answer": "503"}, "503"),
        ({"state": DeliveryState.DELIVERED}, "-"),
        ({"told_by": "msg_d", "last_answer": "told in msg_d"}, "told in msg_d (which waits)"),
        (
            {"told_by": "d", "last_answer": "told in d", "state": DeliveryState.DELIVERED},
            "told in d",
        ),
        (
            {"attempts": 9, "last_answer": "503", "handed_to": "backup"},
            "503; backup is told instead",
        ),
    ],
)
def test_how_a_message_stands_is_said_in_plain_words(facts, said):
    assert standing(a_notification(**facts)) == said
