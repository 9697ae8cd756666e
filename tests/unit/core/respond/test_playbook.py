"""What to do first, and why. Rules bear the ids of the advice (R1 to R16)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.config.playbook import read_playbook
from emberwatch.core.respond.brief import notification_for
from emberwatch.core.respond.playbook import (
    Advice,
    Condition,
    Known,
    Playbook,
    Rule,
    Stance,
    Template,
    advise,
    notes_for,
    tone,
)
from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Encounter, History, Incident, Recurrence, Status
from tests.build import NOON, a_mention, an_alert

OURS = read_playbook(None, Stance.BALANCED, ())
CALM = "Acme lost my parcel again, where can I ask?"


def an_incident(*texts: str, language: str = "en", **facts) -> Incident:
    mentions = [
        a_mention(str(n), text=text, author=f"a{n}", anger=0.3, followers=facts.get("followers"))
        for n, text in enumerate(texts or (CALM,))
    ]
    mentions = [
        replace(mention, score=replace(mention.score, language=language)) for mention in mentions
    ]
    by_id = {mention.post.id: mention for mention in mentions}
    return open_incident(an_alert(evidence=tuple(by_id)), by_id, facts.get("previous"))


def after(incident: Incident, *actions: Action, **facts) -> Incident:
    for action in actions:
        incident = act(incident, Deed(action=action, by="anna", at=NOON, **facts))
    return incident


def fired(incident: Incident, playbook: Playbook = OURS) -> list[str]:
    return [advice.rule for advice in advise(playbook, incident)]


def the(rule: str, incident: Incident, playbook: Playbook = OURS) -> Advice:
    return next(advice for advice in advise(playbook, incident) if advice.rule == rule)


# ---------------------------------------------------------------- the rules that we ship
def test_r1_answer_now_in_the_same_place() -> None:
    advice = the("R1", an_incident())
    assert "in the thread itself" in advice.say
    assert (advice.acknowledge, advice.answer) == (timedelta(minutes=2), timedelta(minutes=5))
    assert advice.why == "open spike"
    assert "R1" not in fired(after(an_incident(), Action.RESPONDED))


def test_r2_one_owner_and_a_warning_at_the_second_hand_off() -> None:
    incident = after(an_incident(), Action.ACKNOWLEDGED)
    assert "R2" in fired(incident)
    assert "R2-passed-on" not in fired(after(incident, Action.ASSIGNED, to="b"))
    passed = after(after(incident, Action.ASSIGNED, to="b"), Action.ASSIGNED, to="c")
    assert the("R2-passed-on", passed).why == "2 hand-offs"


def test_r3_no_neutral_silence_while_nobody_answered() -> None:
    seen = after(an_incident(), Action.ACKNOWLEDGED)
    advice = the("R3", seen)
    assert advice.update == timedelta(hours=1)
    assert "{time}" in advice.draft
    assert "R3" not in fired(after(seen, Action.RESPONDED))


@pytest.mark.parametrize(
    ("language", "begins"),
    [
        ("en", "If I understand"),
        ("bg", "Ако Ви разбирам"),
        ("ru", "Если я правильно"),
        ("id", "Kalau saya"),
        ("lt", "Jei teisingai"),
        ("bg-BG", "Ако Ви разбирам"),
        ("fi", "If I understand"),
    ],
)
def test_r4_the_restatement_is_in_the_language_of_the_post(language: str, begins: str) -> None:
    assert the("R4", an_incident(language=language)).draft.startswith(begins)


def test_a12_r5_a_threat_stands_before_all_else() -> None:
    incident = an_incident(CALM, "Acme, see you in court!")
    assert fired(incident)[0] == "R5"
    assert the("R5", incident).why == "threat of legal"


def test_a11_r6_abuse_asks_for_a_limit_whatever_the_stance() -> None:
    incident = an_incident("Acme you are idiots")
    for stance in Stance:
        assert fired(incident, replace(OURS, stance=stance))[0] == "R6"


def test_r7_venting_is_acknowledged_first() -> None:
    mention = a_mention(text="Acme ruined everything, terrible, terrible!", anger=0.9)
    incident = open_incident(
        an_alert(evidence=(mention.post.id,)), {mention.post.id: mention}, None
    )
    assert the("R7", incident).why == "venting"


@pytest.mark.parametrize(
    ("stance", "words"),
    [
        (Stance.GENEROUS, "Offer the money back now"),
        (Stance.BALANCED, "offer the money back early"),
        (Stance.FIRM, "what your written policy allows"),
    ],
)
def test_a10_r8_money_is_answered_by_stance(stance: Stance, words: str) -> None:
    incident = an_incident("Acme, I want my refund of $120, 45 days!")
    advice = the("R8", incident, replace(OURS, stance=stance))
    assert words in advice.say
    assert advice.why == "money (up to 45 days)"


def test_a5_r9_something_extra_where_it_was_our_mistake() -> None:
    resolved = after(an_incident(), Action.RESOLVED, is_our_mistake=True)
    assert the("R9", resolved).why == "our mistake"
    assert "R9" not in fired(after(an_incident(), Action.RESOLVED))


def test_a9_r10_who_is_not_angry_yet_is_written_to_before_they_write() -> None:
    calm = an_incident(CALM).exhibits[0]
    incident = replace(an_incident(), affected=(calm, calm))
    assert the("R10", incident).why == "2 others speak of the same"
    assert "not angry yet" in the("R10", incident).say
    assert "{time}" in the("R10", incident).draft
    assert "R10" not in fired(an_incident())


def test_a9_others_who_wait_are_written_to_before_they_write_again() -> None:
    assert the("R10-waiting", an_incident(CALM, CALM + "!", CALM + "?")).why == "3 people wait"
    assert "R10-waiting" not in fired(an_incident(CALM, CALM + "!"))


def test_r11_a_theme_that_keeps_coming_back_is_a_policy_to_mend() -> None:
    refunds = Recurrence(theme="refunds", incidents=4, angry_posts=31, share=0.31)
    fees = Recurrence(theme="fees", incidents=1, angry_posts=2, share=0.02)
    incident = replace(an_incident(), recurring=(refunds, fees))
    advice = the("R11", incident)
    assert advice.why == (
        "refunds in 4 incidents and 31% of the angry posts of 30 days, "
        "fees in 1 incident and 2% of the angry posts of 30 days"
    )
    assert "whoever owns the policy" in advice.say
    assert "R11" not in fired(an_incident())


A_PAST = History(posts=7, angry_posts=3, anger=0.5, first_at=NOON, last_at=NOON)
AN_ENCOUNTER = Encounter(incident_id="inc_0", opened_at=NOON, status=Status.RESOLVED)


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (A_PAST, "3 of 7 earlier posts were angry"),
        (
            replace(A_PAST, angry_posts=0, encounters=(AN_ENCOUNTER,)),
            "0 of 7 earlier posts were angry, stood in 1 earlier incident",
        ),
        (
            replace(A_PAST, encounters=(AN_ENCOUNTER, AN_ENCOUNTER)),
            "3 of 7 earlier posts were angry, stood in 2 earlier incidents",
        ),
    ],
)
def test_a14_r12_an_author_who_comes_back_angry_has_a_history(history, why: str) -> None:
    assert the("R12", replace(an_incident(), history=history)).why == why


@pytest.mark.parametrize(
    ("history", "anger"),
    [(None, 0.9), (replace(A_PAST, angry_posts=0), 0.9), (A_PAST, 0.1)],
)
def test_who_was_never_angry_or_is_not_now_does_not_come_back(history, anger: float) -> None:
    incident = an_incident()
    post = replace(incident.exhibits[0], anger=anger)
    assert "R12" not in fired(replace(incident, exhibits=(post,), history=history))
    assert "R12" not in fired(replace(incident, exhibits=(), history=history))


def test_a14_r12_parting_is_said_by_stance() -> None:
    incident = replace(an_incident(), history=A_PAST)
    firm = replace(OURS, stance=Stance.FIRM)
    assert "let go, politely" in the("R12", incident, firm).say
    assert "keep them" in the("R12", incident, replace(OURS, stance=Stance.GENEROUS)).say


def test_a_trouble_that_follows_another_says_so() -> None:
    first = an_incident()
    again = an_incident(previous=first)
    assert the("R12-follows", again).why == f"follows {first.id}"
    assert "R12-follows" not in fired(first)


def test_a13_r13_word_of_mouth_counts_followers() -> None:
    assert the("R13", an_incident(followers=12_000)).why == "12,000 followers"
    assert "R13" not in fired(an_incident(followers=9_999))


def test_a16_r14_a_follow_up_is_planned_and_then_done() -> None:
    assert "R14" in fired(after(an_incident(), Action.RESOLVED))
    alert = an_alert("due", kind=AlertKind.FOLLOW_UP_DUE, subject="inc_1")
    assert fired(open_incident(alert, {}, None)) == ["R14-due"]


def test_a15_r15_a_note_that_fits_is_put_beside_the_trouble() -> None:
    note = Known(
        name="outage",
        words=("lost my parcel",),
        text="The depot burnt.",
        url="https://status.example.org",
    )
    other = Known(name="prices", words=("too dear",), text="They fall in May.")
    playbook = replace(OURS, notes=(other, note))
    advice = the("R15", an_incident(), playbook)
    assert advice.say.endswith("outage: The depot burnt. (https://status.example.org)")
    assert "prices" not in advice.say
    assert "R15" not in fired(an_incident())
    bare = replace(OURS, notes=(replace(note, url=None),))
    assert the("R15", an_incident(), bare).say.endswith("outage: The depot burnt.")


def test_a15_r15_a_note_is_found_by_the_name_of_a_theme() -> None:
    policy = Known(name="policy", themes=("възстановяване",), text="14 days, no questions.")
    playbook = replace(OURS, notes=(policy, Known(name="other", themes=("fees",), text="No.")))
    incident = replace(an_incident("Acme, парите!"), themes=("late", "възстановяване"))
    assert the("R15", incident, playbook).say.endswith("policy: 14 days, no questions.")
    assert "R15" not in fired(replace(incident, themes=("late",)), playbook)
    assert notes_for(playbook, incident) == (policy,)


def test_r16_the_draft_is_to_be_looked_at() -> None:
    assert "emberwatch tone" in the("R16", after(an_incident(), Action.ACKNOWLEDGED)).say


def test_a_trouble_of_our_own_asks_for_no_answer() -> None:
    alert = an_alert("watch_blind:town", kind=AlertKind.WATCH_BLIND)
    assert fired(open_incident(alert, {}, None)) == []


# ---------------------------------------------------------------- conditions
def a_rule(**when) -> Playbook:
    say = dict.fromkeys(Stance, "do it")
    return Playbook(rules=(Rule(id="x", name="x", when=Condition(**when), say=say),))


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({}, "open spike"),
        ({"words": ("nothing", "lost my parcel")}, '"lost my parcel"'),
        ({"languages": ("bg", "en")}, "en"),
        ({"themes": ("late", "fees")}, "fees"),
        ({"kinds": (AlertKind.PILE_ON, AlertKind.SPIKE)}, "open spike"),
    ],
)
def test_a_condition_says_why_it_holds(when: dict, why: str) -> None:
    [advice] = advise(a_rule(**when), replace(an_incident(), themes=("fees", "rude")))
    assert advice.why == why


@pytest.mark.parametrize(
    "when",
    [
        {"words": ("brake",)},
        {"languages": ("bg",)},
        {"themes": ("fees",)},
        {"kinds": (AlertKind.PILE_ON,)},
        {"words": ("lost",), "reach": 1},
    ],
)
def test_every_line_of_a_condition_must_hold(when: dict) -> None:
    assert advise(a_rule(**when), an_incident()) == ()


def test_a_rule_that_is_first_stands_before_those_written_above_it() -> None:
    say = dict.fromkeys(Stance, "do it")
    rules = [Rule(id=id, name=id, say=say, is_first=id in "cd") for id in "abcd"]
    assert fired(an_incident(), Playbook(rules=tuple(rules))) == ["c", "d", "a", "b"]


def test_a_text_to_begin_with_is_empty_where_there_is_none() -> None:
    say = dict.fromkeys(Stance, "do it")
    book = Playbook(rules=(Rule(id="x", name="x", say=say, template=Template.HOLDING),))
    [advice] = advise(book, an_incident())
    assert advice.draft == ""


# ---------------------------------------------------------------- the tone of a draft
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        (
            "en",
            "I see, BUT as we told you it is your fault",
            ["but", "as we told you", "your fault"],
        ),
        ("bg", "Разбирам, но както вече казахме...", ["но", "както вече казахме"]),
        ("ru", "Успокойтесь, вы сами виноваты", ["сами виноваты", "успокойтесь"]),
        ("id", "Maaf, tapi itu salah Anda", ["tapi", "salah anda"]),
        ("lt", "Suprantu, bet nusiraminkite", ["bet", "nusiraminkite"]),
        ("en", "I am sorry. I will send a new one today, with a button.", []),
    ],
)
def test_r16_words_that_defend_are_found_in_the_drafts_language(language, text, words) -> None:
    found = tone(OURS, text, language)
    assert [defence.word for defence in found] == words
    assert all(defence.instead for defence in found)


@pytest.mark.parametrize("language", [None, "fi"])
def test_a_draft_in_no_known_language_is_looked_at_in_all(language) -> None:
    assert {defence.word for defence in tone(OURS, "but tapi bet", language)} == {
        "but",
        "tapi",
        "bet",
    }


# ---------------------------------------------------------------- in the message
def told(incident: Incident, playbook: Playbook = OURS) -> dict:
    owed = notification_for(incident, Action.OPENED, "ops", NOON, playbook=playbook)
    return json.loads(owed.payload)["brief"]


def test_the_brief_says_what_to_do_first_and_why() -> None:
    brief = told(an_incident(CALM, "Acme, see you in court!"))
    assert [step["rule"] for step in brief["steps"]][:2] == ["R5", "R1"]
    assert (brief["steps"][1]["acknowledge_within"], brief["steps"][1]["answer_within"]) == (
        120,
        300,
    )
    lines = brief["text"].splitlines()
    first = lines.index("First steps:")
    assert lines[first + 1].startswith("1. weigh the threat: Somebody threatens")
    assert lines[first + 1].endswith("(R5: threat of legal)")


def test_without_a_playbook_the_brief_has_no_steps() -> None:
    brief = told(an_incident(), Playbook())
    assert brief["steps"] == []
    assert "First steps" not in brief["text"]
