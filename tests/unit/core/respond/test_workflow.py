"""What people may do with an incident."""

import pytest

from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import MOVES, VERBS, Deed, act
from emberwatch.model.errors import ActionRefused
from emberwatch.model.incident import Action, Resolution, Status
from tests.build import NOON, an_alert, minutes


def done(incident, action, *, by, at, **facts):
    """Return the incident after a deed."""
    facts = {"to": "boris"} | facts if action is Action.ASSIGNED else facts
    return act(incident, Deed(action=action, by=by, at=at, **facts))


def _after(*actions: Action):
    incident = open_incident(an_alert(), {}, None)
    for place, action in enumerate(actions, 1):
        incident = done(incident, action, by="anna", at=NOON + minutes(place))
    return incident


def test_the_first_to_acknowledge_owns_it() -> None:
    incident = done(_after(), Action.ACKNOWLEDGED, by="anna", at=NOON + minutes(2), note="on it")
    later = done(incident, Action.RESPONDED, by="boris", at=NOON + minutes(4))
    assert (later.owner, later.acknowledged_at) == ("anna", NOON + minutes(2))
    assert later.responded_at == NOON + minutes(4)
    assert [step.note for step in later.timeline[1:]] == ["on it", ""]


def test_an_answer_also_acknowledges() -> None:
    incident = done(
        _after(), Action.RESPONDED, by="anna", at=NOON, answer_url="https://social.example/2"
    )
    assert incident.acknowledged_at == incident.responded_at == NOON
    assert incident.answer_url == "https://social.example/2"


@pytest.mark.advice("A5")
def test_a_resolution_says_what_was_done() -> None:
    incident = done(_after(), Action.RESOLVED, by="anna", at=NOON, resolution=Resolution.REFUND)
    assert (incident.status, incident.resolution) == (Status.RESOLVED, Resolution.REFUND)
    assert incident.closed_at == NOON


def test_a_false_alarm_has_no_owner() -> None:
    incident = _after(Action.DISMISSED)
    assert (incident.owner, incident.acknowledged_at) == ("", None)


def test_reopening_clears_the_end_and_keeps_the_clocks() -> None:
    incident = _after(Action.ACKNOWLEDGED, Action.RESOLVED, Action.REOPENED)
    assert incident.status is Status.OPEN
    assert incident.closed_at is None
    assert incident.acknowledged_at == NOON + minutes(1)


def test_every_action_is_numbered() -> None:
    assert _after(Action.ACKNOWLEDGED, Action.RESPONDED, Action.RESOLVED).sequence == 4


@pytest.mark.parametrize("status", list(Status))
def test_an_impossible_move_says_what_is_possible(status: Status) -> None:
    ways = {
        Status.OPEN: (),
        Status.ACKNOWLEDGED: (Action.ACKNOWLEDGED,),
        Status.RESPONDED: (Action.RESPONDED,),
        Status.RESOLVED: (Action.RESOLVED,),
        Status.DISMISSED: (Action.DISMISSED,),
    }
    incident = _after(*ways[status])
    assert incident.status is status
    for action in set(VERBS) - set(MOVES[status]):
        with pytest.raises(ActionRefused) as refusal:
            done(incident, action, by="anna", at=NOON)
        assert all(VERBS[possible] in str(refusal.value) for possible in MOVES[status])


def test_a_refusal_names_who_brought_it_where_it_stands() -> None:
    incident = done(_after(Action.RESOLVED), Action.NOTED, by="boris", at=NOON + minutes(9))
    with pytest.raises(ActionRefused, match="is resolved by anna:"):
        done(incident, Action.ACKNOWLEDGED, by="carl", at=NOON + minutes(10))


def test_an_incident_without_a_history_can_be_refused_too() -> None:
    from dataclasses import replace

    incident = replace(_after(), timeline=())
    with pytest.raises(ActionRefused, match="is open: it cannot be reopened"):
        done(incident, Action.REOPENED, by="anna", at=NOON)


# ---------------------------------------------------------------- whose it is
def test_giving_it_to_somebody_first_is_no_hand_off() -> None:
    incident = done(_after(), Action.ASSIGNED, by="anna", at=NOON, to="boris", note="speaks bg")
    assert (incident.owner, incident.hand_offs, incident.status) == ("boris", 0, Status.OPEN)
    assert incident.acknowledged_at is None
    assert incident.timeline[-1].note == "to boris: speaks bg"


@pytest.mark.advice("A1", "R2")
def test_each_change_of_owner_is_a_hand_off() -> None:
    incident = _after(Action.ACKNOWLEDGED)
    for to in ("boris", "clara"):
        incident = done(incident, Action.ASSIGNED, by="anna", at=NOON, to=to)
    assert (incident.owner, incident.hand_offs) == ("clara", 2)
    assert incident.timeline[-1].note == "to clara"


def test_it_is_not_given_to_its_owner_again() -> None:
    incident = _after(Action.ACKNOWLEDGED)
    with pytest.raises(ActionRefused, match="anna's already"):
        done(incident, Action.ASSIGNED, by="boris", at=NOON, to="anna")


# ---------------------------------------------------------------- notes
def test_a_note_is_written_down_and_is_no_news() -> None:
    before = _after(Action.ACKNOWLEDGED)
    after = done(before, Action.NOTED, by="anna", at=NOON, note="called her")
    assert after.sequence == before.sequence
    assert after.status is before.status
    assert after.timeline[-1].note == "called her"


def test_a_word_after_the_end_does_not_set_the_clock_going() -> None:
    closed = _after(Action.RESPONDED, Action.RESOLVED)
    after = done(closed, Action.NOTED, by="anna", at=NOON + minutes(90), note="thanks, bye")
    assert after.status is Status.RESOLVED
    assert after.closed_at == closed.closed_at


# ---------------------------------------------------------------- the end
@pytest.mark.advice("R9")
def test_a_resolution_may_say_that_it_was_our_mistake() -> None:
    said = done(_after(), Action.RESOLVED, by="anna", at=NOON, is_our_mistake=True)
    assert said.is_our_mistake is True
    assert _after(Action.RESOLVED).is_our_mistake is None
    again = done(said, Action.REOPENED, by="anna", at=NOON + minutes(1))
    assert again.is_our_mistake is True


def test_a_follow_up_is_planned_with_the_end_and_dropped_when_it_is_reopened() -> None:
    then = NOON + minutes(60 * 24 * 60)
    closed = done(_after(), Action.RESOLVED, by="anna", at=NOON, follow_up_at=then)
    assert closed.follow_up_at == then
    assert done(closed, Action.REOPENED, by="anna", at=NOON).follow_up_at is None


def test_a_follow_up_lies_ahead() -> None:
    with pytest.raises(ActionRefused, match="give a later date"):
        done(_after(), Action.RESOLVED, by="anna", at=NOON, follow_up_at=NOON)
