"""How many people a trouble reaches (advice A13, rule R13)."""

import json
from dataclasses import replace

from emberwatch.core.respond.payload import Telling, payload_of
from emberwatch.core.respond.reach import reach_of
from emberwatch.core.respond.triage import open_incident
from emberwatch.model.incident import Incident
from tests.build import NOON, a_mention, an_alert


def an_incident(*followers: int, reach: int = 0) -> Incident:
    said = [
        a_mention(str(n), author=f"anna{n}", followers=each) for n, each in enumerate(followers)
    ]
    by_id = {mention.post.id: mention for mention in said}
    return open_incident(an_alert(evidence=tuple(by_id), reach=reach), by_id, None)


def brief(incident: Incident) -> str:
    telling = Telling(incident=incident, id="1", type="test", at=NOON, reason="it burns")
    return json.loads(payload_of(telling))["brief"]["text"]


def test_a13_reach_counts_each_author_once() -> None:
    incident = an_incident(10, 10, 10)
    twice = replace(incident.exhibits[0], post_id="again", followers=4)
    nobody = replace(incident.exhibits[0], post_id="x", author="", followers=None)
    assert reach_of(replace(incident, exhibits=(*incident.exhibits, twice, nobody))) == 30


def test_an_alert_may_know_of_more_who_spoke() -> None:
    assert reach_of(an_incident(10, reach=9000)) == 9000


def test_r13_the_brief_tells_the_reach_that_the_rule_goes_by() -> None:
    assert "; reach 11,000." in brief(an_incident(6_000, 5_000, reach=6_000))


def test_whom_a_site_does_not_name_are_several() -> None:
    incident = an_incident(1, 2)
    unnamed = tuple(replace(post, author="") for post in incident.exhibits)
    assert "Who: 2 authors in evidence" in brief(replace(incident, exhibits=unnamed))
