"""What stands behind a trouble: its author's past, themes that come back, who is next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.background import (
    LONGEST_QUOTE,
    AngryPosts,
    affected,
    by_author,
    history_of,
    recurring,
    speaking_of,
    with_angry_posts,
)
from emberwatch.model.incident import Incident, Recurrence, Resolution, Status
from emberwatch.model.mention import Mention
from tests.build import NOON, a_mention, an_alert, minutes

DAY = timedelta(days=1)


def said(number: int, *, days: float = 0, **facts) -> Mention:
    facts.setdefault("author", "anna")
    return a_mention(f"{number}", at=NOON - days * DAY, **facts)


def an_incident(*mentions: Mention, id: str = "spike:Acme:1", **facts) -> Incident:
    by_id = {mention.post.id: mention for mention in mentions or (said(1, themes=("late",)),)}
    incident = triage.open_incident(an_alert(id, evidence=tuple(by_id)), by_id, None)
    return replace(incident, **facts)


# ---------------------------------------------------------------- the author's past
def test_a8_a14_a_history_tells_how_much_how_angry_since_when_and_what_was_done() -> None:
    past = [
        said(2, days=9, anger=0.9, followers=40),
        said(3, days=5, anger=0.1, followers=90),
        said(4, days=2, anger=None),
    ]
    before = an_incident(past[0], status=Status.RESOLVED, resolution=Resolution.REFUND)
    history = history_of(past, [before])
    assert history is not None
    assert (history.posts, history.angry_posts, history.reach) == (3, 1, 90)
    assert history.anger == pytest.approx(0.5)
    assert (history.first_at, history.last_at) == (NOON - 9 * DAY, NOON - 2 * DAY)
    [met] = history.encounters
    assert (met.incident_id, met.status, met.resolution) == (
        before.id,
        Status.RESOLVED,
        Resolution.REFUND,
    )
    assert [post.post_id for post in history.earlier] == [
        f"jsonl::post:{number}" for number in (4, 3, 2)
    ]


def test_who_never_spoke_before_has_no_history() -> None:
    assert history_of([], []) is None


def test_a_history_without_a_measured_anger_or_followers_says_so() -> None:
    history = history_of([said(2, days=1, anger=None)], [])
    assert history is not None
    assert (history.anger, history.angry_posts, history.reach) == (None, 0, None)


def test_only_the_last_posts_and_incidents_are_shown_and_posts_are_cut() -> None:
    past = [said(n, days=n, text="Acme " + "я" * 900) for n in range(2, 9)]
    met = [
        an_incident(past[0], id=f"spike:Acme:{n}", opened_at=NOON - n * DAY) for n in range(1, 8)
    ]
    history = history_of(past, met)
    assert history is not None
    assert [post.created_at for post in history.earlier] == [NOON - n * DAY for n in (2, 3, 4)]
    assert {len(post.text) for post in history.earlier} == {LONGEST_QUOTE}
    assert [each.opened_at for each in history.encounters] == [NOON - n * DAY for n in range(1, 6)]


def test_an_incident_of_somebody_else_is_no_encounter() -> None:
    other = an_incident(said(7, author="boris"))
    history = history_of([said(2, days=1)], [other])
    assert history is not None
    assert history.encounters == ()


def test_an_author_is_one_of_a_server_and_nameless_ones_are_nobody() -> None:
    mentions = [
        said(1, days=2),
        said(2, days=1),
        said(3, brand="Other"),
        said(4, source="elsewhere"),
        said(5, author="boris"),
    ]
    post = said(9).post
    assert by_author(mentions, post, "Acme", 9) == [mentions[1], mentions[0]]
    assert by_author(mentions, post, "Acme", 1) == [mentions[1]]
    assert by_author([said(1, author="")], said(2, author="").post, "Acme", 9) == []


# ---------------------------------------------------------------- what keeps coming back
def held(*themes: str, days: float, **facts) -> Incident:
    incident = an_incident(
        said(50, days=days, themes=themes, author=f"a{days}"), id=f"spike:Acme:{days}"
    )
    return replace(incident, opened_at=NOON - days * DAY, **facts)


def names(found: tuple[Recurrence, ...]) -> list[str]:
    return [each.theme for each in found]


def test_r11_a_theme_in_three_incidents_of_thirty_days_keeps_coming_back() -> None:
    incident = an_incident()
    others = [held("late", days=20), held("late", "fees", days=10)]
    [late] = recurring(incident, others, AngryPosts())
    assert (late.theme, late.incidents, late.share) == ("late", 3, 0.0)
    assert {post.author for post in late.examples} == {"a10", "a20", "anna"}
    assert recurring(incident, others[:1], AngryPosts()) == ()


@pytest.mark.parametrize(
    ("late", "total", "recurs"), [(2, 10, True), (1, 10, False), (9, 9, False), (200, 1000, True)]
)
def test_r11_a_theme_in_a_fifth_of_the_angry_posts_keeps_coming_back(
    late: int, total: int, recurs: bool
) -> None:
    found = recurring(an_incident(), [], AngryPosts(total=total, of={"late": late}))
    assert names(found) == (["late"] if recurs else [])
    if recurs:
        assert (found[0].angry_posts, found[0].incidents) == (late, 1)
        assert found[0].share == pytest.approx(late / total)


@pytest.mark.parametrize(("days", "is_told"), [(6.9, False), (7.1, True)])
def test_r11_it_is_told_once_a_week(days: float, is_told: bool) -> None:
    angry = AngryPosts(total=100, of={"late": 50})
    late = Recurrence(theme="late", incidents=3, angry_posts=9, share=0.2)
    before = held("late", days=days, recurring=(late,))
    assert names(recurring(an_incident(), [before], angry)) == (["late"] if is_told else [])


def test_r11_the_incident_that_told_of_it_tells_of_it_as_long_as_it_lives() -> None:
    late = Recurrence(theme="late", incidents=3, angry_posts=9, share=0.2)
    incident = an_incident(recurring=(late,))
    [found] = recurring(incident, [incident], AngryPosts(total=100, of={"late": 1}))
    assert (found.theme, found.incidents, found.share) == ("late", 1, 0.01)


def test_examples_are_the_angriest_of_each_author() -> None:
    posts = [
        said(1, themes=("late",), anger=0.5),
        said(2, themes=("late",), anger=0.9),
        said(3, themes=("fees",), anger=1.0, author="x"),
        *(said(n, themes=("late",), anger=0.4, author=f"b{n}") for n in range(4, 9)),
    ]
    [late] = recurring(an_incident(*posts), [held("late", days=2)] * 2, AngryPosts())
    assert [post.anger for post in late.examples] == [0.9, 0.8, 0.4]
    assert len({post.author for post in late.examples}) == 3


def test_angry_posts_of_a_batch_are_added() -> None:
    stored = AngryPosts(total=5, of={"late": 2})
    batch = [
        said(1, themes=("late", "fees")),
        said(2, themes=("late",), anger=0.1),
        said(3, anger=0.5),
        said(4, themes=("late",), anger=None),
    ]
    counted = with_angry_posts(stored, batch)
    assert counted.total == 7
    assert dict(counted.of) == {"late": 3, "fees": 1}


# ---------------------------------------------------------------- who is next
def test_a9_r10_who_speaks_of_the_same_calmly_is_next_the_widest_heard_first() -> None:
    incident = an_incident(said(1, themes=("late",)))
    speaking = [
        said(2, author="few", themes=("late",), anger=0.1, followers=5),
        said(3, author="many", themes=("late",), anger=0.1, followers=900),
        said(4, author="many", themes=("late",), anger=0.0, followers=900, days=1),
        said(5, author="anna", themes=("late",), anger=0.1),
        said(6, author="furious", themes=("late",), anger=0.9),
        said(7, author="elsewhere", themes=("fees",), anger=0.1),
        said(8, author="", themes=("late",), anger=0.1),
        said(9, author="unjudged", themes=("late",), anger=None),
    ]
    found = affected(incident, speaking)
    assert [(post.author, post.post_id) for post in found] == [
        ("many", "jsonl::post:3"),
        ("few", "jsonl::post:2"),
    ]


@pytest.mark.parametrize(("sentiment", "is_calm"), [(0.1, True), (-0.6, False), (None, False)])
def test_where_anger_was_not_measured_the_sentiment_tells(sentiment, is_calm: bool) -> None:
    mention = said(2, author="ona", themes=("late",), anger=None)
    score = replace(mention.score, sentiment=sentiment, judged=sentiment is not None)
    found = affected(an_incident(), [replace(mention, score=score)])
    assert bool(found) is is_calm


def test_only_so_many_are_named() -> None:
    crowd = [said(n, author=f"a{n}", themes=("late",), anger=0.0) for n in range(2, 40)]
    assert len(affected(an_incident(), crowd)) == 10


def test_those_who_speak_of_a_theme_are_found_latest_first() -> None:
    mentions = [
        said(1, days=2, themes=("late",), anger=0.1),
        said(2, days=1, themes=("late", "fees"), anger=None),
        said(3, days=9, themes=("late",), anger=0.1),
        said(4, themes=("late",), anger=0.9),
        said(5, themes=("rude",), anger=0.1),
        said(6, themes=("late",), anger=0.1, text=""),
        said(7, themes=("late",), anger=0.1, brand="Other"),
    ]
    found = speaking_of(mentions, "Acme", ("late", "fees"), NOON - 3 * DAY, 9)
    assert found == [mentions[1], mentions[0]]
    assert speaking_of(mentions, "Acme", ("late",), NOON - 3 * DAY, 1) == [mentions[1]]
    assert speaking_of(mentions, "Acme", ("late",), NOON + minutes(1), 9) == []
