"""Who waits for an answer (advice A3 and A9, rule R13)."""

import pytest

from emberwatch.core.respond.triage import open_incident, without_posts
from emberwatch.core.respond.unanswered import unanswered
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident
from tests.build import NOON, a_mention, an_alert, minutes


def an_incident(*posts: dict, id: str = "spike:Acme:1") -> Incident:
    mentions = [a_mention(str(n), **facts) for n, facts in enumerate(posts)]
    by_id = {mention.post.id: mention for mention in mentions}
    return open_incident(an_alert(id, evidence=tuple(by_id)), by_id, None)


def names(*incidents: Incident) -> list[str]:
    return [post.author for _, post in unanswered(incidents)]


def test_a3_the_angriest_comes_first_then_the_widest_reach_then_the_longest_wait() -> None:
    incident = an_incident(
        {"author": "late", "anger": 0.5, "at": NOON + minutes(1)},
        {"author": "early", "anger": 0.5},
        {"author": "known", "anger": 0.5, "followers": 900, "at": NOON + minutes(2)},
        {"author": "furious", "anger": 0.9},
        {"author": "unjudged", "anger": None},
    )
    assert names(incident) == ["furious", "known", "early", "late", "unjudged"]


def test_a_calm_voice_in_the_crowd_waits_for_nothing() -> None:
    incident = an_incident(
        {"author": "calm", "anger": 0.29},
        {"author": "angry", "anger": 0.3},
        {"author": "unjudged", "anger": None},
    )
    assert names(incident) == ["angry", "unjudged"]


@pytest.mark.advice("A9")
def test_an_author_waits_once_with_the_gravest_post() -> None:
    first = an_incident({"author": "anna", "anger": 0.4})
    second = an_incident({"author": "anna", "anger": 0.9}, id="spike:Acme:2")
    [(incident, post)] = unanswered([first, second])
    assert (incident.id, post.anger) == (second.id, 0.9)


def test_whom_a_site_does_not_name_waits_with_each_post() -> None:
    incident = an_incident({"author": "", "anger": 0.4}, {"author": "", "anger": 0.9})
    assert [post.anger for _, post in unanswered([incident])] == [0.9, 0.4]


def test_a_post_that_was_deleted_leaves_nobody_to_answer() -> None:
    incident = an_incident({"author": "anna"}, {"author": "boris"})
    gone = incident.exhibits[0]
    left = without_posts(incident, {gone.post_id})
    assert names(left) == [incident.exhibits[1].author]


def test_who_was_answered_waits_no_more() -> None:
    incident = an_incident({"author": "anna"})
    seen = act(incident, Deed(action=Action.ACKNOWLEDGED, by="b", at=NOON))
    assert names(seen) == ["anna"]
    for action in (Action.RESPONDED, Action.RESOLVED, Action.DISMISSED):
        assert names(act(seen, Deed(action=action, by="b", at=NOON))) == []


def test_at_an_instant_those_wait_who_had_spoken_and_had_no_answer_yet() -> None:
    incident = an_incident({"author": "anna"}, {"author": "late", "at": NOON + minutes(30)})
    for action, after in (
        (Action.RESPONDED, 60),
        (Action.RESOLVED, 90),
        (Action.REOPENED, 120),
        (Action.DISMISSED, 150),
    ):
        incident = act(incident, Deed(action=action, by="b", at=NOON + minutes(after)))

    def waited(after: float) -> list[str]:
        return [post.author for _, post in unanswered([incident], NOON + minutes(after))]

    assert waited(-1) == []
    assert waited(1) == ["anna"]
    assert waited(59) == ["anna", "late"]
    assert waited(60) == waited(119) == waited(150) == []
    assert waited(121) == ["anna", "late"]


def test_troubles_of_our_own_have_nobody_to_answer() -> None:
    alert = an_alert("watch_blind:town", kind=AlertKind.WATCH_BLIND)
    assert names(open_incident(alert, {}, None)) == []
