"""What leaves now, in which order, and what is grouped (advice A6, rule R1)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emberwatch.core.respond.pacing import MINUTE, Channel, in_order, plan, room, terms
from emberwatch.model.incident import Severity
from emberwatch.model.notification import Owed

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
PEOPLE = Channel(per_minute=20, takes_digests=True)
MACHINE = Channel(per_minute=20)


def owed(id, incident=None, type="incident.opened", sequence=1, **facts):
    facts = {"severity": Severity.WARNING, "subject": "Acme", "created_at": AT, **facts}
    return Owed(id=id, incident_id=incident or f"inc_{id}", type=type, sequence=sequence, **facts)


def an_update(id, incident, sequence, **facts):
    return owed(id, incident, "incident.updated", sequence, **facts)


def a_digest(id="d"):
    return Owed(
        id=id,
        incident_id="",
        type="digest",
        sequence=1,
        severity=Severity.WARNING,
        subject="",
        created_at=AT,
    )


def ids(rows):
    return [row.id for row in rows]


def planned(rows, left, channel=PEOPLE, shows_latest=False):
    return plan(rows, left=left, channel=channel, shows_latest=shows_latest)


# ---------------------------------------------------------------- how many
def test_a_channel_without_a_limit_has_always_room():
    assert room(None, [AT] * 1000, AT) is None


def test_room_is_what_the_last_minute_left():
    tried_at = [AT - MINUTE, AT - timedelta(seconds=59), AT]
    assert room(5, tried_at, AT) == 3
    assert room(1, tried_at, AT) == 0


def test_a_clock_that_was_set_back_does_not_close_a_channel():
    assert room(2, [AT + timedelta(hours=1)] * 2, AT) == 2


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        (Channel(), "no limit"),
        (MACHINE, "at most 20 messages a minute"),
        (PEOPLE, "at most 20 messages a minute, what goes beyond is one digest"),
        (Channel(fallback="duty"), "no limit; duty stands in for it"),
    ],
)
def test_what_holds_for_a_channel_is_said_in_plain_words(channel, said):
    assert terms(channel) == said


# ---------------------------------------------------------------- what first
def test_the_gravest_leave_first_and_news_before_changes():
    rows = [
        an_update("old change", "a", 2, created_at=AT - MINUTE),
        owed("new"),
        owed("grave", severity=Severity.CRITICAL, created_at=AT + MINUTE),
        owed("older", created_at=AT - MINUTE),
    ]
    assert ids(in_order(rows)) == ["grave", "older", "new", "old change"]


def test_an_incident_keeps_the_order_of_its_messages_though_it_got_worse():
    rows = [
        an_update("worse", "a", 2, severity=Severity.CRITICAL),
        owed("opened", "a"),
        owed("other", severity=Severity.HIGH),
    ]
    assert ids(in_order(rows)) == ["opened", "other", "worse"]


# ---------------------------------------------------------------- what is grouped
def test_what_fits_leaves_message_by_message():
    rows = [owed(str(n)) for n in range(20)]
    wanted = planned(rows, 20)
    assert ids(wanted.send) == ids(rows)
    assert wanted.grouped == ()


def test_the_last_place_of_a_full_minute_is_the_digests():
    wanted = planned([owed(f"{n:03}") for n in range(500)], 20)
    assert len(wanted.send) == 19
    assert len(wanted.grouped) == 481


def test_a_single_place_for_several_messages_is_a_digest_of_them_all():
    wanted = planned([owed("a"), owed("b")], 1)
    assert (ids(wanted.send), ids(wanted.grouped)) == ([], ["a", "b"])


def test_one_incident_is_told_in_its_own_words_and_its_changes_as_places_come():
    rows = [owed("a", "i1"), an_update("b", "i1", 2), an_update("c", "i1", 3)]
    told = planned(rows, 2)
    assert (ids(told.send), told.grouped) == (["a", "b"], ())
    assert ids(planned(rows, 1).send) == ["a"]


def test_a_machine_gets_every_message_at_its_pace():
    wanted = planned([owed(str(n)) for n in range(50)], 20, MACHINE)
    assert (len(wanted.send), wanted.grouped) == (20, ())


def test_a_digest_that_waits_keeps_its_place_and_is_never_told_in_another():
    rows = [a_digest(), *(owed(str(n)) for n in range(5))]
    wanted = planned(rows, 3)
    assert set(ids(wanted.send)) == {"d", "0"}
    assert ids(wanted.grouped) == ["1", "2", "3", "4"]


def test_digests_that_fill_the_minute_let_the_others_wait():
    wanted = planned([a_digest("d"), a_digest("e"), owed("a"), owed("b")], 2)
    assert (ids(wanted.send), wanted.grouped) == (["d", "e"], ())


def test_no_place_sends_nothing():
    wanted = planned([a_digest(), owed("a")], 0)
    assert (wanted.send, wanted.grouped) == ((), ())


# ---------------------------------------------------------------- what is overtaken
def test_a_change_that_a_later_state_makes_needless_is_told_by_that():
    rows = [owed("1", "a"), an_update("2", "a", 2), an_update("3", "a", 3), an_update("4", "b", 2)]
    wanted = planned(rows, None, shows_latest=True)
    assert sorted(ids(wanted.send)) == ["1", "3", "4"]
    assert {id: later.id for id, later in wanted.overtaken.items()} == {"2": "3"}


def test_what_calls_people_is_never_overtaken():
    rows = [
        owed("again", "a", "incident.reopened", 5),
        an_update("6", "a", 6),
        an_update("7", "a", 7),
    ]
    assert ids(planned(rows, None, shows_latest=True).send) == ["again", "7"]


def test_a_channel_that_takes_every_message_skips_none():
    rows = [owed("1", "a"), an_update("2", "a", 2), an_update("3", "a", 3)]
    assert ids(planned(rows, None).send) == ["1", "2", "3"]


# ---------------------------------------------------------------- laws
@st.composite
def backlogs(draw):
    rows = []
    for number in range(draw(st.integers(0, 30))):
        if draw(st.integers(0, 9)) == 0:
            rows.append(a_digest(f"d{number}"))
            continue
        type = draw(st.sampled_from(["incident.opened", "incident.updated", "incident.resolved"]))
        rows.append(
            owed(
                f"m{number}",
                f"inc_{draw(st.integers(0, 6))}",
                type,
                number + 1,
                severity=draw(st.sampled_from(Severity)),
                created_at=AT + timedelta(seconds=draw(st.integers(0, 90))),
            )
        )
    return rows


@given(backlogs(), st.integers(0, 12), st.booleans(), st.booleans())
def test_whatever_is_owed_no_limit_is_broken_and_nothing_is_lost(rows, left, people, shows_latest):
    channel = PEOPLE if people else MACHINE
    wanted = planned(rows, left, channel, shows_latest)
    assert len(wanted.send) + bool(wanted.grouped) <= left
    parts = [*ids(wanted.send), *ids(wanted.grouped), *wanted.overtaken]
    assert len(parts) == len(set(parts))
    waiting = set(ids(rows)) - set(parts)
    assert not waiting or len(wanted.send) == left or (people and not wanted.grouped)
    assert not any(row.is_digest for row in wanted.grouped)
    assert all(id in ids(rows) for id in parts)


@pytest.mark.parametrize("count", [2, 21, 500])
def test_a_plan_followed_to_its_end_tells_everything_in_one_minute(count):
    rows, left, told = [owed(f"{n:03}") for n in range(count)], 20, []
    while rows and left:
        wanted = planned(rows, left)
        told += ids(wanted.grouped)
        if wanted.grouped:
            rows = [*wanted.send, a_digest()]
            continue
        told += ids(wanted.send[:4])
        left -= len(wanted.send[:4])
        rows = list(wanted.send[4:])
    assert rows == []
    assert len(set(told) - {"d"}) == count
