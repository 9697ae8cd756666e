"""Slack, Discord, Teams, PagerDuty and Alertmanager: what each is sent, and what it makes of it."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from emberwatch.core.respond.brief import trial_for
from emberwatch.core.respond.digest import digest_of
from emberwatch.core.respond.fallback import in_stead
from emberwatch.model.errors import DeliveryFailed, DeliveryRefused
from emberwatch.model.incident import Severity
from emberwatch.model.notification import Owed
from emberwatch.model.secret import Secret
from emberwatch.notifiers.alertmanager import Alertmanager
from emberwatch.notifiers.console import shown as on_console
from emberwatch.notifiers.discord import Discord
from emberwatch.notifiers.discord import rendered as in_discord
from emberwatch.notifiers.email import EmailOptions, written
from emberwatch.notifiers.message import linkable, read_message, unlinked
from emberwatch.notifiers.pagerduty import PagerDuty
from emberwatch.notifiers.slack import Slack
from emberwatch.notifiers.slack import rendered as in_slack
from emberwatch.notifiers.teams import Teams
from emberwatch.notifiers.teams import rendered as in_teams
from tests.outbound import AT, Outbound
from tests.telling import HOSTILE, a_story, an_incident, owed

KEY = "a1" * 16
HOOK = "https://discord.example/api/webhooks/1/canary-token"
OPENED, UPDATED, *_ = STORY = a_story()
RESOLVED, REOPENED = STORY[-2:]


def a_slack(outbound, **how):
    how = how or {"token": Secret("xoxb-canary"), "channel": "C1"}
    return Slack(Slack.Options(**how), outbound)


def a_discord(outbound, url=HOOK):
    return Discord(Discord.Options(url=Secret(url)), outbound)


def a_teams(outbound):
    return Teams(Teams.Options(url=Secret("https://flows.example/canary-token")), outbound)


def a_pagerduty(outbound):
    return PagerDuty(PagerDuty.Options(routing_key=Secret(KEY)), outbound)


def an_alertmanager(outbound, token=None):
    return Alertmanager(Alertmanager.Options(url="http://am.example:9093/", token=token), outbound)


def with_handle(notification, handle):
    return replace(notification, handle=handle)


# ---------------------------------------------------------------- what all of them read
def test_the_details_leave_out_what_the_headline_and_the_link_say():
    message = read_message(OPENED)
    assert message.reason == "7 angry voices"
    assert "Acme: 7 angry voices" in message.brief
    assert "Acme: 7 angry voices" not in message.details
    assert "Answer here" not in message.details


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://evil.example/a", "see https[:]//evil[.]example/a"),
        ("HTTP://EVIL.example", "HTTP[:]//EVIL[.]example"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("evil.com", "evil[.]com"),
        ("shop.evil.co.uk/pay?x=1.5", "shop[.]evil[.]co[.]uk/pay?x=1.5"),
        ("deutsche-bank.xn--p1ai", "deutsche-bank[.]xn--p1ai"),
        ("платить.рф भुगतान.भारत 支付.公司", "платить[.]рф भुगतान[.]भारत 支付[.]公司"),
        ("evil\u3002com evil\uff0ecom evil\u2024com", "evil[.]com evil[.]com evil[.]com"),
        ("です。ありがとう", "です。ありがとう"),
        ("😡.ws cafe\u0301.fr", "😡[.]ws cafe\u0301[.]fr"),
        ("anna@evil.com", "anna@evil[.]com"),
        ("slack://open mailto:a@b.co", "slack[:]//open mailto:a@b[.]co"),
        ("ftp://x and //y", "ftp[:]//x and //y"),
        ("EVIL.COM...and then. Nothing.", "EVIL[.]COM...and then. Nothing."),
        ("e.g. 3.5 kg at 9 a.m., v1.2.3, U.S.", "e.g. 3.5 kg at 9 a.m., v1.2.3, U.S."),
        ("nothing to see", "nothing to see"),
    ],
)
def test_a_strangers_address_is_no_link(text, shown):
    assert unlinked(text) == shown


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://e.example/a?b=c&d#e", "https://e.example/a?b=c&d#e"),
        ("https://e.example:8443/%C3%A9", "https://e.example:8443/%C3%A9"),
        ("https://e.example/ужас", "https://e.example/%D1%83%D0%B6%D0%B0%D1%81"),
        ("https://e.example/a b", "https://e.example/a%20b"),
        ("https://e.example/%zz", None),
        ("https://[e.example/", None),
        ("https://e.example:port/", None),
        ("https://us@evil.example/", None),
        ("https://e.example/" + "a" * 1000, None),
        (None, None),
    ],
)
def test_an_address_that_a_channel_would_refuse_is_no_link(address, link):
    assert linkable(address) == link


def test_an_address_that_grows_beyond_slacks_limit_is_left_out():
    message = replace(read_message(OPENED), thread_url="https://e.example/?" + "&" * 900)
    assert "e.example" not in json.dumps(in_slack(message)["blocks"])


# ---------------------------------------------------------------- Slack
POSTED = {"ok": True, "channel": "C9", "ts": "17.5"}


async def test_slack_is_asked_to_post_with_the_bots_token():
    outbound = Outbound((200, POSTED))
    receipt = await a_slack(outbound).deliver(OPENED, AT)
    [sent] = outbound.got
    assert sent.url == "https://slack.com/api/chat.postMessage"
    assert sent.headers["authorization"] == "Bearer xoxb-canary"
    assert outbound.bodies[0]["channel"] == "C1"
    assert receipt.handle == "C9:17.5"


async def test_slack_changes_its_message_with_the_incident():
    outbound = Outbound((200, {"ok": True}))
    receipt = await a_slack(outbound).deliver(with_handle(UPDATED, "C9:17.5"), AT)
    [sent] = outbound.got
    assert sent.url == "https://slack.com/api/chat.update"
    assert (outbound.bodies[0]["channel"], outbound.bodies[0]["ts"]) == ("C9", "17.5")
    assert receipt.handle == "C9:17.5"


async def test_a_reopened_incident_is_a_new_message():
    outbound = Outbound((200, POSTED))
    await a_slack(outbound).deliver(with_handle(REOPENED, "C9:1.1"), AT)
    assert [sent.url.rpartition("/")[2] for sent in outbound.got] == ["chat.postMessage"]


async def test_a_message_that_somebody_deleted_is_said_anew():
    outbound = Outbound((200, {"ok": False, "error": "message_not_found"}), (200, POSTED))
    receipt = await a_slack(outbound).deliver(with_handle(UPDATED, "C9:1.1"), AT)
    assert [sent.url.rpartition("/")[2] for sent in outbound.got] == [
        "chat.update",
        "chat.postMessage",
    ]
    assert receipt.handle == "C9:17.5"


@pytest.mark.parametrize("handle", ["", "C9:1.1"])
async def test_slacks_refusal_is_a_failure_though_it_answers_200(handle):
    outbound = Outbound((200, {"ok": False, "error": "invalid_auth xoxb-canary"}))
    with pytest.raises(DeliveryFailed, match=r"Slack refused: invalid_auth \*\*\*"):
        await a_slack(outbound).deliver(with_handle(UPDATED, handle), AT)


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
async def test_slack_that_answers_no_json_object_failed(body):
    with pytest.raises(DeliveryFailed, match="no JSON"):
        await a_slack(Outbound((200, body))).deliver(OPENED, AT)


async def test_an_answer_of_slacks_without_a_moment_leaves_no_handle():
    receipt = await a_slack(Outbound((200, {"ok": True}))).deliver(OPENED, AT)
    assert receipt.handle == ""


async def test_an_incoming_webhook_of_slacks_takes_each_update_as_a_message():
    outbound = Outbound()
    slack = a_slack(outbound, url=Secret("https://hooks.slack.example/services/canary-token"))
    assert not slack.shows_latest
    receipt = await slack.deliver(UPDATED, AT)
    assert outbound.got[0].url == "https://hooks.slack.example/services/canary-token"
    assert receipt.handle == ""


def test_slack_calls_nobody_and_links_nothing_that_a_stranger_wrote():
    shown = in_slack(read_message(OPENED))
    texts = [
        block["text"] if "text" in block else block["elements"][0] for block in shown["blocks"]
    ]
    marked = [text["text"] for text in texts if text["type"] == "mrkdwn"]
    assert marked == ["<https://town.example/@anna/1|Answer in the thread>"]
    assert all("<" not in text["text"] for text in texts if text["type"] == "plain_text")
    assert "<" not in shown["text"]
    assert "https[:]//evil[.]example/b" in json.dumps(shown)


@pytest.mark.parametrize("text", ["&" * 5000, "<" * 700 + "x" * 5000, ""])
def test_slacks_limits_are_kept_whatever_is_written(text):
    shown = in_slack(read_message(owed(an_incident(text))))
    header, *others = shown["blocks"]
    assert 0 < len(header["text"]["text"]) <= 150
    for block in others:
        inner = block["text"] if "text" in block else block["elements"][0]
        assert 0 < len(inner["text"]) <= 3000
        assert not inner["text"].endswith(("&", "&a", "&am", "&amp", "&l", "&lt"))


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({}, "url"),
        ({"url": Secret("https://x.example/1"), "token": Secret("t"), "channel": "C"}, "url"),
        ({"token": Secret("t")}, "channel"),
        ({"url": Secret("https://x.example/1"), "channel": "C"}, "channel"),
        ({"url": Secret("not-an-address-canary")}, "url"),
        ({"token": Secret("t"), "channel": "C", "api": "nowhere"}, "api"),
    ],
)
def test_what_is_wrong_with_slacks_options_is_said_without_secrets(how, field):
    problems = Slack.Options(**how).problems()
    assert field in [name for name, _ in problems]
    assert "canary" not in str(problems)


# ---------------------------------------------------------------- Discord
async def test_discord_is_posted_to_and_its_message_kept_in_mind():
    outbound = Outbound((200, {"id": "42"}))
    receipt = await a_discord(outbound, HOOK + "?thread_id=7").deliver(OPENED, AT)
    [sent] = outbound.got
    assert (sent.method, sent.url) == ("POST", HOOK + "?thread_id=7&wait=true")
    assert receipt.handle == "42"


async def test_discord_changes_its_message_with_the_incident():
    outbound = Outbound((200, {"id": "42"}))
    receipt = await a_discord(outbound, HOOK + "?thread_id=7").deliver(
        with_handle(RESOLVED, "42"), AT
    )
    [sent] = outbound.got
    assert (sent.method, sent.url) == ("PATCH", HOOK + "/messages/42?thread_id=7")
    assert receipt.handle == "42"
    assert outbound.bodies[0]["embeds"][0]["color"] == 0x15803D


async def test_a_message_deleted_in_discord_is_said_anew():
    outbound = Outbound((404, {"code": 10008}), (200, {"id": "43"}))
    receipt = await a_discord(outbound).deliver(with_handle(UPDATED, "42"), AT)
    assert [sent.method for sent in outbound.got] == ["PATCH", "POST"]
    assert receipt.handle == "43"


async def test_any_other_failure_of_discords_is_tried_again():
    with pytest.raises(DeliveryFailed) as raised:
        await a_discord(Outbound((500, b"oh"))).deliver(with_handle(UPDATED, "42"), AT)
    assert raised.value.status == 500


@pytest.mark.parametrize("body", [b"", b"[]", {"id": 5}, {"id": "../x"}])
async def test_a_strange_answer_of_discords_leaves_no_handle(body):
    assert (await a_discord(Outbound((200, body))).deliver(OPENED, AT)).handle == ""


def test_discord_calls_nobody_and_shows_no_markup_that_a_stranger_wrote():
    shown = in_discord(read_message(OPENED))
    [embed] = shown["embeds"]
    assert shown["allowed_mentions"] == {"parse": []}
    assert r"\@everyone" in embed["description"]
    assert r"\*\*bold\*\*" in embed["description"]
    assert r"\[x\]\(https\[\:\]//evil\[.\]example/a\)" in embed["description"]
    assert embed["url"] == "https://town.example/@anna/1"


@pytest.mark.parametrize("text", ["*" * 9000, "\\" * 9000, "x" * 9000])
def test_discords_limits_are_kept_whatever_is_written(text):
    [embed] = in_discord(read_message(owed(an_incident(text))))["embeds"]
    assert len(embed["title"]) <= 256
    assert len(embed["description"]) <= 4096
    assert all(len(field["value"]) <= 1024 for field in embed["fields"])


async def test_no_word_of_discords_shows_the_address():
    with pytest.raises(DeliveryFailed) as raised:
        await a_discord(Outbound((400, HOOK.encode()))).deliver(OPENED, AT)
    assert "canary" not in raised.value.answer
    assert "canary" not in a_discord(Outbound()).describe()


async def test_a_webhook_that_is_gone_is_never_tried_again():
    with pytest.raises(DeliveryRefused):
        await a_discord(Outbound((410, b"gone"))).deliver(OPENED, AT)


# ---------------------------------------------------------------- Teams
async def test_teams_gets_a_card_without_markup_or_mentions():
    outbound = Outbound((202, b""))
    receipt = await a_teams(outbound).deliver(OPENED, AT)
    [attachment] = outbound.bodies[0]["attachments"]
    card = attachment["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert "entities" not in card["msteams"]
    assert [action["url"] for action in card["actions"]] == ["https://town.example/@anna/1"]
    assert "https[:]//evil[.]example/b" in json.dumps(card)
    assert receipt.answer == "202"


async def test_a_card_of_a_closed_incident_is_green():
    outbound = Outbound()
    await a_teams(outbound).deliver(RESOLVED, AT)
    card = outbound.bodies[0]["attachments"][0]["content"]
    assert card["body"][0]["inlines"][0]["color"] == "good"


# ---------------------------------------------------------------- PagerDuty
async def test_pagerduty_sees_one_alert_from_trigger_to_resolve():
    outbound = Outbound((202, {"status": "success"}))
    duty = a_pagerduty(outbound)
    for each in STORY:
        await duty.deliver(each, AT)
    actions = [body["event_action"] for body in outbound.bodies]
    assert actions == [*["trigger"] * 21, *["acknowledge"] * 2, "resolve", "trigger"]
    assert len({body["dedup_key"] for body in outbound.bodies}) == 1
    assert {body["routing_key"] for body in outbound.bodies} == {KEY}


async def test_a_trial_of_pagerdutys_leaves_nothing_burning():
    outbound = Outbound((202, b""))
    await a_pagerduty(outbound).deliver(trial_for("ops", AT), AT)
    assert [body["event_action"] for body in outbound.bodies] == ["trigger", "resolve"]


async def test_an_event_says_how_grave_it_is_in_pagerdutys_words():
    outbound = Outbound((202, b""))
    await a_pagerduty(outbound).deliver(OPENED, AT)
    [body] = outbound.bodies
    assert body["payload"]["severity"] in ("info", "warning", "error", "critical")
    assert len(body["payload"]["summary"]) <= 1024
    assert body["links"][0]["href"] == "https://town.example/@anna/1"


async def test_pagerdutys_key_is_never_shown():
    with pytest.raises(DeliveryFailed) as raised:
        await a_pagerduty(Outbound((400, KEY.encode()))).deliver(OPENED, AT)
    assert KEY not in raised.value.answer


@pytest.mark.parametrize("key", ["short-canary", "canary" * 20, "canary-" * 4 + "abcd"])
def test_a_routing_key_that_is_none_is_refused_unseen(key):
    [(field, what)] = PagerDuty.Options(routing_key=Secret(key)).problems()
    assert field == "routing_key"
    assert "canary" not in what


# ---------------------------------------------------------------- Alertmanager
async def test_the_labels_are_the_same_from_the_first_message_to_the_last():
    outbound = Outbound()
    alerts = an_alertmanager(outbound)
    for each in STORY:
        await alerts.deliver(each, AT)
    labels = [json.dumps(alert["labels"]) for [alert] in outbound.bodies]
    assert len(set(labels)) == 1
    assert outbound.got[0].url == "http://am.example:9093/api/v2/alerts"


async def test_an_alert_ends_when_its_incident_does_and_not_before():
    outbound = Outbound()
    alerts = an_alertmanager(outbound)
    for each in STORY:
        await alerts.deliver(each, AT)
    ends = [datetime.fromisoformat(alert["endsAt"]) for [alert] in outbound.bodies]
    closed_at = datetime.fromisoformat(json.loads(RESOLVED.payload)["incident"]["closed_at"])
    assert closed_at - timedelta(seconds=10) < ends[-2] <= closed_at
    assert all(end == AT + timedelta(days=30) for end in (*ends[:-2], ends[-1]))


async def test_a_trial_ends_by_itself():
    outbound = Outbound()
    await an_alertmanager(outbound).deliver(trial_for("ops", AT), AT)
    [[alert]] = outbound.bodies
    assert datetime.fromisoformat(alert["endsAt"]) == AT + timedelta(minutes=1)


async def test_a_token_is_sent_and_never_shown():
    outbound = Outbound((403, b"no canary-token here"))
    with pytest.raises(DeliveryFailed) as raised:
        await an_alertmanager(outbound, Secret("canary-token")).deliver(OPENED, AT)
    assert outbound.got[0].headers["authorization"] == "Bearer canary-token"
    assert "canary" not in raised.value.answer


def test_the_story_is_hostile():
    assert HOSTILE[:9] in OPENED.payload


# ---------------------------------------------------------------- digests and stand-ins (advice A6)
def a_digest():
    rows = [
        Owed(
            id=f"msg_{number}",
            incident_id=f"inc_{number}",
            type="incident.opened",
            sequence=1,
            severity=Severity.HIGH,
            subject="Acme",
            created_at=AT,
        )
        for number in range(37)
    ]
    return digest_of(rows, [replace(OPENED, subject="Acme")] * 10, "ops", AT)


def in_a_mail(message):
    options = EmailOptions(host="m.example", sender="e@m.example", to=("a@m.example",))
    mail = written(message, options, AT)
    return {"subject": mail["Subject"], "text": mail.get_content(), "thread": mail["References"]}


@pytest.mark.parametrize("show", [in_slack, in_discord, in_teams, in_a_mail])
def test_a_digest_says_how_many_of_whom_which_first_and_how_to_list_them(show):
    digest = a_digest()
    said = json.dumps(show(read_message(digest)), ensure_ascii=False).replace("\\", "")
    assert "[high] 37 more incidents" in said
    assert "Acme 37" in said
    assert f"({OPENED.incident_id})" in said
    assert "and 27 more" in said
    assert f"emberwatch delivery list --told-by {digest.id}" in said


def test_a_digest_is_a_message_of_its_own_everywhere():
    message = read_message(a_digest())
    assert message.is_opener
    assert message.links == ()
    assert in_a_mail(message)["thread"] == f"<{a_digest().id}@m.example>"


def test_a_digest_on_a_terminal_names_its_incidents():
    said = on_console(a_digest())
    assert "37 more incidents: Acme 37" in said
    assert said.count(OPENED.incident_id) == 10


def stood_in():
    return in_stead(replace(OPENED, last_answer="410: <gone>"), "backup", AT)


@pytest.mark.parametrize("show", [in_slack, in_discord, in_teams, in_a_mail])
def test_a_message_says_in_whose_stead_it_came(show):
    said = json.dumps(show(read_message(stood_in())), ensure_ascii=False).replace("\\", "")
    assert "came here because ops does not take it: 410: " in said


async def test_machines_are_told_in_whose_stead_a_message_came():
    duty, alerts = Outbound((202, b"")), Outbound()
    await a_pagerduty(duty).deliver(stood_in(), AT)
    await an_alertmanager(alerts).deliver(stood_in(), AT)
    assert "because ops does not" in duty.bodies[0]["payload"]["custom_details"]["state"]
    assert "because ops does not" in alerts.bodies[0][0]["annotations"]["instead_of"]
    assert "because ops does not" in on_console(stood_in())
