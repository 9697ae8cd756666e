"""What would happen to an incident that there is not."""

from datetime import timedelta

from emberwatch.core.respond.rehearsal import MOST_STEPS, Scene, a_trial, rehearse
from emberwatch.core.respond.routing import Directory
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.incident import Action, Severity
from emberwatch.model.silence import Silence
from emberwatch.model.team import Link, Team
from tests.build import NOON

MINUTE = timedelta(minutes=1)


def a_desk(team: Team) -> Directory:
    return Directory(
        notifiers=("chat", "boss"),
        teams={"support": team},
        brands={"Acme": Brand(name="Acme", words=("acme",), team="support")},
    )


def test_a_rehearsal_goes_from_the_opening_to_the_first_reminder() -> None:
    team = Team(
        name="support",
        notify=("chat",),
        renotify=60 * MINUTE,
        escalation=(Link(after=10 * MINUTE, notify=("boss",)),),
    )
    rehearsal = rehearse(a_desk(team), a_trial("Acme", at=NOON), NOON)

    assert rehearsal.incident.team == "support"
    assert [(scene.at, scene.action, scene.notifiers) for scene in rehearsal.scenes] == [
        (NOON, Action.OPENED, ("chat",)),
        (NOON + 10 * MINUTE, Action.ESCALATED, ("boss",)),
        (NOON + 70 * MINUTE, Action.REMINDED, ("chat", "boss")),
    ]


def test_a_rehearsal_knows_of_silences() -> None:
    silence = Silence(
        id="sil_1", at=NOON, until=NOON + 5 * MINUTE, by="ann", reason="sale", brand="Acme"
    )
    team = Team(name="support", notify=("chat",))
    rehearsal = rehearse(a_desk(team), a_trial("Acme", at=NOON), NOON, [silence])

    assert [(scene.action, scene.notifiers) for scene in rehearsal.scenes] == [
        (Action.OPENED, ()),
        (Action.HELD, ()),
        (Action.TOLD, ("chat",)),
    ]


def test_a_rehearsal_without_teams_is_the_opening_alone() -> None:
    rehearsal = rehearse(Directory(notifiers=("chat",)), a_trial("Acme", at=NOON), NOON)
    assert rehearsal.scenes == (
        Scene(at=NOON, action=Action.OPENED, note="it opens", notifiers=("chat",)),
    )


def test_a_chain_without_end_is_rehearsed_to_a_bound() -> None:
    links = tuple(Link(after=n * MINUTE, notify=("boss",)) for n in range(1, 2 * MOST_STEPS))
    team = Team(name="support", notify=("chat",), escalation=links)
    assert len(rehearse(a_desk(team), a_trial("Acme", at=NOON), NOON).scenes) == MOST_STEPS


def test_a_trial_is_what_was_asked_for() -> None:
    trial = a_trial(
        "Acme",
        at=NOON,
        kind=AlertKind.PILE_ON,
        severity=Severity.HIGH,
        theme="delays",
        language="bg",
    )
    assert (trial.brand, trial.kind, trial.severity) == ("Acme", AlertKind.PILE_ON, Severity.HIGH)
    assert (trial.themes, trial.languages) == (("delays",), ("bg",))
    assert a_trial(None, kind=AlertKind.TROUBLE, at=NOON).languages == ()
