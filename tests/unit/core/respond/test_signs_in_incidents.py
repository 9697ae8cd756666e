"""Signs and reasons, from the posts to what people are told."""

import json
from dataclasses import replace

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.borne import in_words
from emberwatch.core.respond.brief import notification_for
from emberwatch.model.alert import AlertKind, Fire
from emberwatch.model.incident import Action, Incident, Severity
from emberwatch.model.mention import Mention
from emberwatch.model.sign import Amount, Sign, SignKind, Threat
from tests.build import NOON, a_mention, an_alert


def opened(*texts: str, anger: float = 0.8) -> Incident:
    mentions = {}
    for number, text in enumerate(texts):
        mention = a_mention(str(number), text=text, anger=anger)
        mentions[mention.post.id] = mention
    return triage.open_incident(an_alert(evidence=tuple(mentions)), mentions, None)


def told(incident: Incident) -> dict:
    return json.loads(notification_for(incident, Action.OPENED, "ops", NOON).payload)


def test_a_post_is_frozen_with_its_reasons_and_signs() -> None:
    mention = a_mention("1", text="Acme, see you in court")
    mention = replace(mention, score=replace(mention.score, why=("court",)))
    alert = an_alert(evidence=(mention.post.id,))
    (exhibit,) = triage.exhibits(alert, {mention.post.id: mention})
    assert exhibit.why == ("court",)
    assert [sign.kind for sign in exhibit.signs] == [SignKind.THREAT, SignKind.VENTING]
    assert exhibit.is_threat


@pytest.mark.advice("A12", "R5")
def test_a_threat_makes_an_incident_grave() -> None:
    assert opened("Acme lost my parcel").severity is Severity.INFO
    grave = opened("Acme lost my parcel", "I'll sue you, Acme")
    assert grave.severity is Severity.HIGH
    reason = grave.alerts[0].reason
    assert grave.timeline[0].note == f"{reason}; high, not info, for a threat of legal"


def test_a_threat_that_comes_later_is_news() -> None:
    incident = opened("Acme lost my parcel")
    threat: Mention = a_mention("9", text="I'll sue you, Acme")
    alert = replace(incident.alerts[0], evidence=(threat.post.id,))
    grown = triage.take(incident, alert, {threat.post.id: threat})
    assert grown.severity is Severity.HIGH
    assert grown.sequence == incident.sequence + 1
    assert grown.timeline[-1].note.endswith("; high, not info, for a threat of legal")
    grown = triage.take(grown, replace(alert, fire=Fire.COOLING), {})
    assert "threat" not in grown.timeline[-1].note


def test_a_threat_in_what_is_critical_anyway_needs_no_word() -> None:
    threat: Mention = a_mention("9", text="I'll sue you, Acme")
    by_id = {threat.post.id: threat}
    alert = an_alert(evidence=tuple(by_id), observed=900.0, reach=9_000_000, chance=1e-99)
    incident = triage.open_incident(alert, by_id, None)
    assert incident.severity is Severity.CRITICAL
    assert incident.timeline[0].note == alert.reason


def test_a_trouble_of_our_own_bears_no_threat() -> None:
    blind = an_alert("b", kind=AlertKind.WATCH_BLIND, subject="town")
    assert triage.open_incident(blind, {}, None).severity is Severity.WARNING


def test_the_payload_says_why_and_which_signs() -> None:
    incident = opened("Acme, 45 days and no refund of $120.50")
    incident = replace(
        incident, exhibits=tuple(replace(each, why=("no", "refund")) for each in incident.exhibits)
    )
    (post,) = told(incident)["brief"]["posts"]
    assert post["why"] == ["no", "refund"]
    assert post["signs"] == [
        {
            "kind": "money",
            "words": ["refund"],
            "threats": [],
            "amounts": [{"value": 120.5, "currency": "USD"}],
            "days": [45.0],
        }
    ]


def test_the_brief_sums_the_signs_up() -> None:
    text = told(
        opened(
            "Acme, see you in court",
            "Acme, I'll call the media",
            "Acme, my refund of $20, 3 days",
            "Acme, my refund of $120 or €500, 45 days",
            anger=0.1,
        )
    )["brief"]["text"]
    assert (
        'Signs: threat of legal/press (2 posts, "see you in court"); '
        'money (2 posts, "refund", 120 USD, up to 45 days).'
    ) in text


def test_a_brief_without_signs_says_nothing_of_them() -> None:
    assert "Signs:" not in told(opened("Acme opens at nine", anger=0.1))["brief"]["text"]


def test_one_sign_in_words() -> None:
    assert in_words(Sign(kind=SignKind.VENTING)) == "venting"
    threat = Sign(kind=SignKind.THREAT, words=("sue",), threats=(Threat.LEGAL, Threat.PRESS))
    assert in_words(threat) == 'threat of legal/press ("sue")'
    money = Sign(
        kind=SignKind.MONEY,
        words=("refund",),
        amounts=(Amount(value=1500000.0, currency="IDR"),),
        days=(45.0,),
    )
    assert in_words(money) == 'money ("refund", 1,500,000 IDR, 45 days)'
