"""The themes of an incident, from the posts to what people are told."""

import json

from emberwatch.core.respond import triage
from emberwatch.core.respond.brief import notification_for
from emberwatch.core.respond.themes import themes_of
from emberwatch.model.incident import Action, Incident
from emberwatch.model.mention import Mention
from tests.build import NOON, a_mention, an_alert


def heard(*mentions: Mention) -> dict[str, Mention]:
    return {mention.post.id: mention for mention in mentions}


def opened(*mentions: Mention) -> Incident:
    by_id = heard(*mentions)
    return triage.open_incident(an_alert(evidence=tuple(by_id)), by_id, None)


def a_voice(number: int, *themes: str, anger: float | None = 0.8, author: str = "") -> Mention:
    return a_mention(str(number), anger=anger, author=author or f"a{number}", themes=themes)


def test_a7_the_theme_that_causes_the_most_anger_comes_first() -> None:
    incident = opened(
        a_voice(1, "late", anger=0.9), a_voice(2, "fees", anger=0.5), a_voice(3, "fees", "late")
    )
    assert incident.themes == ("late", "fees")
    assert [post.themes for post in incident.exhibits] == [("late",), ("fees",), ("fees", "late")]


def test_a_voice_counts_once_for_a_theme_however_often_it_speaks() -> None:
    loud = [a_voice(n, "fees", anger=0.7, author="anna") for n in range(3)]
    incident = opened(*loud, a_voice(8, "late", anger=0.5), a_voice(9, "late", anger=0.5))
    assert incident.themes == ("late", "fees")


def test_nameless_authors_are_as_many_as_their_posts() -> None:
    nameless = [a_mention(str(n), anger=0.4, author="", themes=("late",)) for n in range(2)]
    assert opened(*nameless, a_voice(9, "fees", anger=0.7)).themes == ("late", "fees")


def test_what_calm_people_speak_of_is_no_theme_of_the_trouble() -> None:
    assert opened(a_voice(1, "late"), a_voice(2, "praise", anger=0.1)).themes == ("late",)


def test_a_post_that_nobody_could_judge_is_not_taken_for_calm() -> None:
    assert opened(a_voice(1, "grąžinimas", anger=None)).themes == ("grąžinimas",)


def test_what_one_in_many_complains_of_is_not_what_the_trouble_is_about() -> None:
    crowd = [a_voice(n, "late") for n in range(2, 20)]
    assert opened(a_voice(1, "fees"), *crowd).themes == ("late",)
    nameless = [a_voice(n) for n in range(2, 10)]
    assert opened(a_voice(1, "fees"), *nameless).themes == ("fees",)
    assert opened(a_voice(1, "fees"), *nameless, a_voice(11), a_voice(12)).themes == ()


def test_equal_themes_stand_in_a_fixed_order() -> None:
    one = opened(a_voice(1, "b"), a_voice(2, "a"))
    other = opened(a_voice(2, "a"), a_voice(1, "b"))
    assert one.themes == other.themes == ("a", "b")
    assert themes_of(()) == ()


def test_themes_grow_with_the_evidence() -> None:
    incident = opened(a_voice(1, "fees"))
    mentions = heard(a_voice(2, "late"), a_voice(3, "late"))
    alert = an_alert(evidence=tuple(mentions))
    assert triage.take(incident, alert, mentions).themes == ("late", "fees")


def test_people_are_told_of_the_themes() -> None:
    incident = opened(a_voice(1, "fees"), a_voice(2, "възстановяване", "fees"))
    payload = json.loads(notification_for(incident, Action.OPENED, "ops", NOON).payload)
    assert payload["incident"]["themes"] == ["fees", "възстановяване"]
    assert payload["brief"]["posts"][1]["themes"] == ["възстановяване", "fees"]
