"""The message that every notifier carries, and what a person reads in it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from emberwatch.config.playbook import read_playbook
from emberwatch.core.respond.brief import notification_for, trial_for
from emberwatch.core.respond.payload import WITHDRAWN, without_posts
from emberwatch.core.respond.playbook import Known, Stance
from emberwatch.core.respond.wording import thread_url
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.incident import (
    Action,
    Encounter,
    Exhibit,
    History,
    Incident,
    Recurrence,
    Resolution,
    Severity,
    Status,
)
from emberwatch.model.notification import OPENERS
from emberwatch.model.team import Person, Team

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def an_alert(**changes):
    facts = {
        "id": "alr_1",
        "kind": AlertKind.SPIKE,
        "brand": "Acme",
        "subject": "Acme",
        "started_at": AT,
        "at": AT,
        "observed": 34.0,
        "expected": 2.5,
        "chance": 1e-9,
        "window_minutes": 10,
        "reason": "34 angry in 10 minutes where 2.5 are usual",
    }
    return Alert(**{**facts, **changes})


def an_exhibit(number=1, **changes):
    facts = {
        "post_id": f"mastodon:m.example:post:{number}",
        "author": f"author{number}",
        "followers": 100 * number,
        "created_at": AT - timedelta(minutes=10) + timedelta(seconds=number),
        "url": f"https://m.example/{number}",
        "language": "en",
        "text": f"words of post {number}",
        "sentiment": -0.6,
        "anger": 0.8,
        "matched": "acme",
        "thread_id": f"mastodon:m.example:{number}",
    }
    return Exhibit(**{**facts, **changes})


def an_incident(**changes):
    facts = {
        "id": "inc_1",
        "brand": "Acme",
        "subject": "Acme",
        "severity": Severity.HIGH,
        "opened_at": AT,
        "last_alert_at": AT,
        "sequence": 1,
        "alerts": (an_alert(),),
        "exhibits": (an_exhibit(),),
    }
    return Incident(**{**facts, **changes})


def our_own_incident(kind=AlertKind.WATCH_BLIND, **changes):
    alert = an_alert(
        kind=kind,
        brand=None,
        subject="town",
        observed=None,
        expected=None,
        chance=None,
        window_minutes=None,
        reason="feed 'town' is blind: 503",
    )
    return an_incident(brand=None, subject="town", alerts=(alert,), exhibits=(), **changes)


def payload(incident, action=Action.OPENED, **how):
    return json.loads(notification_for(incident, action, "ops", AT, **how).payload)


def brief(incident, action=Action.OPENED, **how):
    return payload(incident, action, **how)["brief"]["text"]


# ---------------------------------------------------------------- what is owed
def test_it_is_owed_at_once_under_the_payloads_id():
    owed = notification_for(an_incident(), Action.OPENED, "ops", AT)
    assert (owed.next_try_at, owed.created_at, owed.attempts) == (AT, AT, 0)
    assert json.loads(owed.payload)["id"] == owed.id
    assert (owed.incident_id, owed.notifier, owed.type) == ("inc_1", "ops", "incident.opened")


def test_the_same_change_has_the_same_id():
    first = notification_for(an_incident(), Action.OPENED, "ops", AT)
    again = notification_for(an_incident(), Action.OPENED, "ops", AT + timedelta(hours=1))
    assert first.id == again.id


@pytest.mark.parametrize("other", [("ops", 2), ("chat", 1)])
def test_another_change_or_notifier_has_another_id(other):
    notifier, sequence = other
    first = notification_for(an_incident(), Action.OPENED, "ops", AT)
    second = notification_for(an_incident(sequence=sequence), Action.OPENED, notifier, AT)
    assert first.id != second.id


def test_an_incident_that_was_never_told_of_is_refused():
    with pytest.raises(ValueError, match="sequence"):
        notification_for(an_incident(sequence=0), Action.OPENED, "ops", AT)


# ---------------------------------------------------------------- the payload
def test_the_envelope_is_that_of_the_contract():
    told = payload(an_incident(sequence=3), Action.UPDATED)
    assert told["schema"] == "emberwatch.incident/1"
    assert (told["specversion"], told["source"]) == ("1.0", "emberwatch")
    assert (told["type"], told["sequence"]) == ("incident.updated", 3)
    assert told["occurred_at"] == "2026-05-04T12:00:00Z"


def test_the_incident_carries_the_figures_of_its_first_alert():
    pile_on = an_alert(id="alr_2", kind=AlertKind.PILE_ON, observed=300.0)
    told = payload(an_incident(alerts=(an_alert(), pile_on)))["incident"]
    assert (told["kind"], told["kinds"]) == ("spike", ["spike", "pile_on"])
    assert (told["observed"], told["expected"], told["chance"]) == (34.0, 2.5, 1e-9)


def test_a_post_carries_what_was_frozen():
    told = payload(an_incident())["brief"]["posts"]
    assert told == [
        {
            "id": "mastodon:m.example:post:1",
            "author": "author1",
            "followers": 100,
            "created_at": "2026-05-04T11:50:01Z",
            "url": "https://m.example/1",
            "language": "en",
            "text": "words of post 1",
            "sentiment": -0.6,
            "anger": 0.8,
            "matched": "acme",
            "why": [],
            "signs": [],
            "themes": [],
        }
    ]


def test_our_own_trouble_has_no_brand():
    told = payload(our_own_incident())
    assert told["incident"]["brand"] is None
    assert told["brief"]["posts"] == []
    assert told["brief"]["thread_url"] is None


def test_instants_are_told_in_utc():
    bulgarian = datetime.fromisoformat("2026-05-04T15:00:00+03:00")
    assert payload(an_incident(opened_at=bulgarian))["incident"]["opened_at"] == (
        "2026-05-04T12:00:00Z"
    )


def test_a_figure_that_json_cannot_say_is_null():
    alert = an_alert(observed=float("inf"), expected=float("nan"))
    told = payload(an_incident(alerts=(alert,)))["incident"]
    assert (told["observed"], told["expected"]) == (None, None)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a/\x1b[2J", "https://a/ b\n", None]
)
def test_an_address_that_is_none_is_null(url):
    told = payload(an_incident(exhibits=(an_exhibit(url=url),)))
    assert told["brief"]["posts"][0]["url"] is None
    assert told["brief"]["thread_url"] is None


# ---------------------------------------------------------------- the reason
def test_the_data_says_why():
    assert payload(an_incident(), note="it grew")["reason"] == "it grew"


def test_without_a_note_the_newest_alert_says_why():
    newer = an_alert(id="alr_2", at=AT + timedelta(minutes=1), reason="newer")
    assert payload(an_incident(alerts=(newer, an_alert())))["reason"] == "newer"


def test_a_person_is_named():
    assert payload(an_incident(), Action.ACKNOWLEDGED, by="Ann")["reason"] == "acknowledged by Ann"


def test_a_persons_note_is_told():
    told = payload(an_incident(), Action.RESOLVED, by="Ann", note="refunded")
    assert told["reason"] == "resolved by Ann: refunded"


# ---------------------------------------------------------------- where to answer
@pytest.mark.advice("A6", "R1")
def test_the_answer_goes_to_the_post_that_began_the_thread():
    root = an_exhibit(1)
    reply = an_exhibit(2, post_id="mastodon:m.example:reply:2", thread_id=root.thread_id)
    assert thread_url(an_incident(exhibits=(reply, root))) == root.url


def test_the_origin_comes_first_among_the_posts():
    root = an_exhibit(1)
    reply = an_exhibit(2, post_id="mastodon:m.example:reply:2", thread_id=root.thread_id)
    told = payload(an_incident(exhibits=(reply, root)))["brief"]["posts"]
    assert [post["id"] for post in told] == [root.post_id, reply.post_id]


def test_the_thread_that_an_alert_names_is_the_one_to_answer_in():
    alert = an_alert(thread_id="mastodon:m.example:3")
    exhibits = (an_exhibit(1), an_exhibit(2, thread_id="mastodon:m.example:1"), an_exhibit(3))
    assert thread_url(an_incident(alerts=(alert,), exhibits=exhibits)) == "https://m.example/3"


def test_a_named_thread_without_a_post_gives_way_to_the_fullest():
    alert = an_alert(thread_id="mastodon:m.example:99")
    reply = an_exhibit(2, post_id="mastodon:m.example:reply:2", thread_id="mastodon:m.example:3")
    exhibits = (an_exhibit(1), reply, an_exhibit(3))
    assert thread_url(an_incident(alerts=(alert,), exhibits=exhibits)) == "https://m.example/3"


def test_where_the_root_was_not_seen_the_earliest_serves():
    replies = tuple(
        an_exhibit(n, post_id=f"mastodon:m.example:reply:{n}", thread_id="mastodon:m.example:0")
        for n in (5, 4)
    )
    assert thread_url(an_incident(exhibits=replies)) == "https://m.example/4"


# ---------------------------------------------------------------- the words
def test_the_brief_reads_as_a_person_needs_it():
    bulgarian = an_exhibit(2, language="bg", text="Отказаха ми!", followers=182_000)
    unknown = an_exhibit(3, language=None, text="two\n\nlines", followers=None)
    incident = an_incident(
        alerts=(an_alert(reach=240_000, not_judged=0.42),),
        exhibits=(an_exhibit(1), bulgarian, unknown),
    )
    assert brief(incident).splitlines() == [
        "Acme: 34 angry in 10 minutes where 2.5 are usual",
        "> words of post 1",
        "  author1, 100 followers, 2026-05-04 11:50 UTC",
        "> Отказаха ми!",
        "  author2, 182,000 followers, 2026-05-04 11:50 UTC",
        "> two",
        "> lines",
        "  author3, 2026-05-04 11:50 UTC",
        "Answer here: https://m.example/1",
        "- anger spike since 2026-05-04 12:00 UTC, growing: 34 angry in 10 min, usual 2.5",
        "Velocity: 3.4 angry a minute, 14 times the usual.",
        "Who: 3 authors in evidence, the largest author2 with 182,000 followers; reach 240,000.",
        "Languages: en 33%, bg 33%, not known 33%.",
        "Not judged: 42% of the mentions bear no anger; there may be more than this.",
        "Unanswered: 3 people: author2, author1, author3.",
    ]


SUPPORT = Team(
    name="support",
    people=(
        Person(name="Ann", languages=("de",)),
        Person(name="Mara", languages=("bg", "en")),
        Person(name="Ivo", languages=("bg",)),
    ),
)


def test_r2_the_brief_names_one_owner_and_who_reads_the_language_of_the_posts():
    incident = an_incident(team="support", owner="Mara", exhibits=(an_exhibit(language="bg"),))
    assert (
        "Whose it is: Mara has it; team support; Mara reads bg; Ivo reads bg."
        in brief(incident, team=SUPPORT).splitlines()
    )
    told = payload(incident, team=SUPPORT)
    assert told["incident"]["team"] == "support"
    assert told["brief"]["readers"] == [
        {"name": "Mara", "languages": ["bg", "en"]},
        {"name": "Ivo", "languages": ["bg"]},
    ]


def test_r2_a_team_of_which_nobody_reads_the_posts_is_named_alone():
    incident = an_incident(team="support", exhibits=(an_exhibit(language="lt"),))
    assert "Whose it is: team support." in brief(incident, team=SUPPORT).splitlines()
    assert payload(incident, team=SUPPORT)["brief"]["readers"] == []


@pytest.mark.parametrize("action", [Action.ESCALATED, Action.REMINDED, Action.TOLD])
def test_a1_what_the_clock_does_is_an_update_that_says_why(action):
    why = "nobody acknowledged within 10 min: bosses"
    owed = notification_for(an_incident(), action, "ops", AT, note=why)
    told = json.loads(owed.payload)
    assert (told["type"], told["reason"]) == ("incident.updated", why)
    # a channel that changes its messages posts another, or nobody would look
    assert owed.type in OPENERS


REFUNDS = Known(name="policy", themes=("refunds",), text="14 days.", url="https://a.example/p")
A_HISTORY = History(
    posts=7,
    angry_posts=3,
    anger=0.456,
    first_at=AT - timedelta(days=9),
    last_at=AT - timedelta(days=1),
    reach=900,
    encounters=(
        Encounter(
            incident_id="inc_0",
            opened_at=AT - timedelta(days=8),
            status=Status.RESOLVED,
            resolution=Resolution.REFUND,
        ),
        Encounter(incident_id="inc_00", opened_at=AT - timedelta(days=9), status=Status.DISMISSED),
    ),
    earlier=(an_exhibit(8, text="отново вие"),),
)


def a_known_incident(**changes):
    return an_incident(
        exhibits=(an_exhibit(1), an_exhibit(2)),
        themes=("refunds", "rude"),
        history=A_HISTORY,
        recurring=(
            Recurrence(
                theme="refunds", incidents=4, angry_posts=31, share=0.31, examples=(an_exhibit(3),)
            ),
        ),
        affected=(an_exhibit(5, anger=0.1), an_exhibit(6, anger=0.2)),
        **changes,
    )


def test_a3_a8_a9_a15_the_brief_says_all_in_the_order_in_which_people_need_it():
    playbook = read_playbook(None, Stance.BALANCED, (REFUNDS,))
    lines = brief(a_known_incident(), playbook=playbook).splitlines()
    begins = [
        "Acme: 34 angry",
        "> words of post 1",
        "Answer here: https://m.example/1",
        "- anger spike since",
        "Velocity: 3.4 angry a minute",
        "Who: 2 authors in evidence",
        "Themes: refunds in 4 incidents and 31% of the angry posts of 30 days; rude.",
        "Languages: en 100%.",
        "History: 7 earlier posts of its author since 2026-04-25 12:00 UTC, 3 angry, mean anger "
        "0.46; stood in inc_0 of 2026-04-26 (refund), inc_00 of 2026-04-25 (dismissed).",
        "Unanswered: 2 people: author2, author1.",
        "Not angry yet, about the same: author5, author6.",
        "First steps:",
        "Note: policy: 14 days. (https://a.example/p)",
    ]
    found = [next(n for n, line in enumerate(lines) if line.startswith(each)) for each in begins]
    assert found == sorted(found)


def test_a8_the_payload_carries_what_stands_beside_the_evidence():
    playbook = read_playbook(None, Stance.BALANCED, (REFUNDS,))
    told = payload(a_known_incident(), playbook=playbook)["brief"]
    assert told["notes"] == [{"name": "policy", "text": "14 days.", "url": "https://a.example/p"}]
    assert told["history"]["posts"] == 7
    assert told["history"]["incidents"][0] == {
        "id": "inc_0",
        "opened_at": "2026-04-26T12:00:00Z",
        "status": "resolved",
        "resolution": "refund",
    }
    assert told["history"]["earlier"] == [
        {
            "id": "mastodon:m.example:post:8",
            "author": "author8",
            "followers": 800,
            "created_at": "2026-05-04T11:50:08Z",
            "url": "https://m.example/8",
            "text": "отново вие",
            "anger": 0.8,
        }
    ]
    [recurring] = told["recurring"]
    assert (recurring["theme"], recurring["incidents"], recurring["share"]) == ("refunds", 4, 0.31)
    assert [post["id"] for post in recurring["examples"]] == ["mastodon:m.example:post:3"]
    assert [post["author"] for post in told["affected"]] == ["author5", "author6"]
    assert [post["author"] for post in told["unanswered"]] == ["author2", "author1"]


def test_what_is_not_known_is_not_spoken_of():
    told = payload(an_incident())["brief"]
    assert told["history"] is None
    assert (told["notes"], told["recurring"], told["affected"]) == ([], [], [])
    assert not any(
        line.startswith(("Themes", "History", "Not angry yet", "Note"))
        for line in told["text"].splitlines()
    )


def test_one_earlier_post_without_an_anger_is_told_as_such():
    past = replace(A_HISTORY, posts=1, angry_posts=0, anger=None, encounters=())
    assert "History: one earlier post of its author since 2026-04-25 12:00 UTC, 0 angry." in brief(
        an_incident(history=past)
    )


def test_who_waits_is_counted_where_the_names_do_not_fit():
    exhibits = tuple(an_exhibit(n, text="r" * 1200) for n in range(1, 31))
    assert "Unanswered: 30 people: author30, author29" in brief(an_incident(exhibits=exhibits))
    assert ", 25 more." in brief(an_incident(exhibits=exhibits))
    nameless = an_exhibit(1, author="")
    assert "Unanswered: one person.\n" in brief(an_incident(exhibits=(nameless,))) + "\n"
    answered = an_incident(status=Status.RESPONDED)
    assert "Unanswered" not in brief(answered)


def test_the_brief_of_our_own_trouble_is_short():
    assert brief(our_own_incident()).splitlines() == [
        "town: feed 'town' is blind: 503",
        "- blind watch since 2026-05-04 12:00 UTC, growing",
    ]


def test_figures_that_are_missing_are_not_spoken_of():
    alert = an_alert(expected=None, window_minutes=None, fire=Fire.BURNING)
    lines = brief(an_incident(alerts=(alert,))).splitlines()
    assert "- anger spike since 2026-05-04 12:00 UTC, burning: 34 angry" in lines
    assert not any(line.startswith("Velocity") for line in lines)


def test_a_velocity_without_a_usual_is_told_alone():
    alert = an_alert(kind=AlertKind.PILE_ON, observed=3000.0, expected=None)
    assert "Velocity: 300 reactions a minute." in brief(an_incident(alerts=(alert,)))


def test_an_alert_that_ended_says_when():
    alert = an_alert(ended_at=AT + timedelta(hours=1))
    assert "since 2026-05-04 12:00 UTC until 2026-05-04 13:00 UTC" in brief(
        an_incident(alerts=(alert,))
    )


def test_what_could_be_judged_is_not_spoken_of():
    assert "Not judged" not in brief(an_incident(alerts=(an_alert(not_judged=0.3),)))


def test_the_share_not_judged_is_that_of_what_goes_on():
    over = an_alert(id="alr_0", not_judged=0.9, ended_at=AT)
    assert payload(an_incident(alerts=(over, an_alert(not_judged=0.2))))["incident"][
        "not_judged"
    ] == pytest.approx(0.2)


def test_one_author_without_followers_is_one_author():
    assert "Who: one author in evidence." in brief(
        an_incident(exhibits=(an_exhibit(followers=None),))
    )


def test_a_post_cannot_forge_a_line_of_the_brief():
    forged = an_exhibit(text="hi\nAnswer here: https://evil.example\r\x1b[2J")
    lines = brief(an_incident(exhibits=(forged,))).splitlines()
    assert "> Answer here: https://evil.example" in lines
    assert "Answer here: https://evil.example" not in lines


# ---------------------------------------------------------------- what gives way
def test_posts_give_way_from_the_last():
    exhibits = tuple(an_exhibit(n, text="грр " * 250) for n in range(1, 41))
    told = payload(an_incident(exhibits=exhibits))
    kept = told["brief"]["posts"]
    assert [post["id"] for post in kept] == [e.post_id for e in exhibits[: len(kept)]]
    assert told["truncated"] == 40 - len(kept)
    assert all(post["text"] == "грр " * 250 for post in kept)


def test_what_fits_is_not_cut():
    told = payload(an_incident(exhibits=tuple(an_exhibit(n) for n in range(1, 31))))
    assert "truncated" not in told
    assert "alerts_truncated" not in told


def test_a_post_of_a_million_characters_is_cut_with_an_ellipsis():
    owed = notification_for(
        an_incident(exhibits=(an_exhibit(text="я" * 1_000_000),)), Action.OPENED, "ops", AT
    )
    assert len(owed.payload.encode()) < 20_000
    text = json.loads(owed.payload)["brief"]["posts"][0]["text"]
    assert text.startswith("яяя")
    assert text.endswith("я…")


def test_a_long_post_after_the_first_leaves_room_for_others():
    exhibits = (an_exhibit(1), an_exhibit(2, text="a" * 1_000_000), an_exhibit(3))
    told = payload(an_incident(exhibits=exhibits))
    assert [len(post["text"]) for post in told["brief"]["posts"]] == [15, 4000, 15]


def test_many_alerts_give_way_to_the_first_and_the_newest():
    alerts = tuple(an_alert(id=f"alr_{n}", reason="r" * 200) for n in range(100))
    told = payload(an_incident(alerts=alerts))
    assert told["alerts"][0]["id"] == "alr_0"
    assert told["alerts"][-1]["id"] == "alr_99"
    assert told["alerts_truncated"] == 100 - len(told["alerts"])


def test_the_worst_of_all_still_fits():
    long = '\U0001f4a5\\"' * 100_000
    alert = an_alert(
        reason=long, subject=long, id=long, thread_id=long, evidence=tuple([long] * 50)
    )
    address = "https://" + "\U0001f4a5" * 290
    exhibits = tuple(
        an_exhibit(
            n, author=f"{n}{long}", text=long, language=f"{n}{long}", matched=long, url=address
        )
        for n in range(30)
    )
    incident = an_incident(
        id=long,
        brand=long,
        subject=long,
        owner=long,
        previous_id=long,
        answer_url=address,
        alerts=tuple(replace(alert, id=f"{n}{long}") for n in range(9)),
        exhibits=exhibits,
        themes=tuple(f"{n}{long}" for n in range(50)),
        history=replace(
            A_HISTORY,
            earlier=exhibits,
            encounters=tuple(
                replace(A_HISTORY.encounters[0], incident_id=f"{n}{long}") for n in range(50)
            ),
        ),
        recurring=tuple(
            Recurrence(theme=f"{n}{long}", incidents=9, angry_posts=9, share=1, examples=exhibits)
            for n in range(50)
        ),
        affected=exhibits,
    )
    notes = tuple(
        Known(name=long, themes=(f"{n}{long}",), text=long, url=address) for n in range(50)
    )
    playbook = read_playbook(None, Stance.BALANCED, notes)
    owed = notification_for(
        incident, Action.RESOLVED, "ops", AT, note=long, by=long, playbook=playbook
    )
    assert len(owed.payload.encode()) < 20_000
    told = json.loads(owed.payload)
    assert len(told["brief"]["posts"]) + told["truncated"] == 30
    assert len(told["alerts"]) + told["alerts_truncated"] == 9


# ---------------------------------------------------------------- the trial
def test_a_trial_is_shaped_like_any_other():
    owed = trial_for("ops", AT)
    told = json.loads(owed.payload)
    assert (owed.type, told["type"], told["id"]) == ("test", "test", owed.id)
    assert told["brief"]["text"].startswith("Example: This is a test")


def test_each_trial_is_its_own():
    assert trial_for("ops", AT).id != trial_for("ops", AT + timedelta(seconds=1)).id


# ---------------------------------------------------------------- deletions
def test_a_post_that_was_deleted_is_said_to_be_and_not_quoted() -> None:
    gone = an_exhibit(text="", author="")
    payload = json.loads(
        notification_for(
            an_incident(exhibits=(gone, an_exhibit(2))), Action.UPDATED, "ops", AT
        ).payload
    )
    assert [post.get("is_forgotten") for post in payload["brief"]["posts"]] == [True, None]
    assert "(a post of 2026-05-04 11:50 UTC that was deleted since)" in payload["brief"]["text"]


def test_a_message_that_waits_loses_what_was_deleted_and_keeps_the_rest() -> None:
    before = notification_for(
        an_incident(exhibits=(an_exhibit(), an_exhibit(2))), Action.OPENED, "ops", AT
    ).payload
    told, left = json.loads(before), json.loads(without_posts(before, {an_exhibit().post_id}, ()))
    first, second = left["brief"]["posts"]
    assert (first["text"], first["author"], first["url"]) == ("", "", None)
    assert first["is_forgotten"]
    assert second == told["brief"]["posts"][1]
    assert left["brief"]["text"].splitlines() == [
        told["brief"]["text"].splitlines()[0], WITHDRAWN,
    ]  # fmt: skip
    assert {**left, "brief": None} == {**told, "brief": None}


def test_a_message_that_says_nothing_of_what_was_deleted_stays_as_it_is() -> None:
    before = notification_for(an_incident(), Action.OPENED, "ops", AT).payload
    assert without_posts(before, {"another"}, ()) is before


def test_a_message_that_waits_does_not_lead_to_what_was_deleted() -> None:
    first, second = an_exhibit(), an_exhibit(2, url="https://b.test/2")
    before = notification_for(
        an_incident(exhibits=(first, second)), Action.OPENED, "ops", AT
    ).payload
    assert json.loads(before)["brief"]["thread_url"] == first.url
    assert json.loads(without_posts(before, {first.post_id}, ()))["brief"]["thread_url"] is None
    other = json.loads(without_posts(before, {second.post_id}, ()))["brief"]["thread_url"]
    assert other == first.url


def test_an_id_that_is_shown_shorter_or_cleaner_is_known_again() -> None:
    odd = an_exhibit(post_id="rss:b.test:post:two  spaces\u202e")
    long = an_exhibit(2, post_id="rss:b.test:post:" + "x" * 400)
    many = tuple(an_exhibit(number, text="w" * 9000) for number in range(3, 9))
    for gone, others in ((odd, ()), (long, many)):
        before = notification_for(
            an_incident(exhibits=(gone, *others)), Action.OPENED, "ops", AT
        ).payload
        first, *_ = json.loads(without_posts(before, {gone.post_id}, ()))["brief"]["posts"]
        assert first["is_forgotten"]
        assert first["text"] == first["author"] == ""


def test_a_message_that_waits_quotes_nothing_deleted_that_it_had_no_room_to_list() -> None:
    exhibits = tuple(
        an_exhibit(number, text=f"canary {number} " + "w" * 9000) for number in range(1, 9)
    )
    incident = an_incident(exhibits=exhibits)
    before = notification_for(incident, Action.OPENED, "ops", AT).payload
    told = json.loads(before)
    assert told["truncated"]
    left = json.loads(without_posts(before, {"unlisted"}, {incident.id}))
    assert left["brief"]["text"].splitlines()[1:] == [WITHDRAWN]
    assert left["brief"]["posts"] == told["brief"]["posts"]
    assert without_posts(before, {"unlisted"}, {"another"}) is before


def test_a_digest_quotes_nobody_and_stays_as_it_is() -> None:
    digest = json.dumps({"schema": "emberwatch.digest/1", "lines": ["a"], "truncated": 1})
    assert without_posts(digest, {"a"}, {"b"}) is digest
