"""What people may do with an incident."""

import pytest

from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import MOVES, VERBS, act
from emberwatch.model.errors import ActionRefused
from emberwatch.model.incident import Action, Resolution, Status
from tests.build import NOON, an_alert, minutes


def _after(*actions: Action):
    incident = open_incident(an_alert(), {}, None)
    for place, action in enumerate(actions, 1):
        incident = act(incident, action, by="anna", at=NOON + minutes(place))
    return incident


def test_the_first_to_acknowledge_owns_it() -> None:
    incident = act(_after(), Action.ACKNOWLEDGED, by="anna", at=NOON + minutes(2), note="on it")
    later = act(incident, Action.RESPONDED, by="boris", at=NOON + minutes(4))
    assert (later.owner, later.acknowledged_at) == ("anna", NOON + minutes(2))
    assert later.responded_at == NOON + minutes(4)
    assert [step.note for step in later.timeline[1:]] == ["on it", ""]


def test_an_answer_also_acknowledges() -> None:
    incident = act(
        _after(), Action.RESPONDED, by="anna", at=NOON, answer_url="https://social.example/2"
    )
    assert incident.acknowledged_at == incident.responded_at == NOON
    assert incident.answer_url == "https://social.example/2"


def test_a_resolution_says_what_was_done() -> None:
    incident = act(_after(), Action.RESOLVED, by="anna", at=NOON, resolution=Resolution.REFUND)
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
            act(incident, action, by="anna", at=NOON)
        assert all(VERBS[possible] in str(refusal.value) for possible in MOVES[status])


def test_an_incident_without_a_history_can_be_refused_too() -> None:
    from dataclasses import replace

    incident = replace(_after(), timeline=())
    with pytest.raises(ActionRefused, match="is open: it cannot be reopened"):
        act(incident, Action.REOPENED, by="anna", at=NOON)
