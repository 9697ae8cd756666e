"""What a stranger wrote does nothing in any channel (faults 50 and 57), and reaches its reader."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from emberwatch.model.secret import Secret
from emberwatch.notifiers.alertmanager import Alertmanager
from emberwatch.notifiers.console import shown as on_console
from emberwatch.notifiers.discord import rendered as in_discord
from emberwatch.notifiers.email import EmailOptions, written
from emberwatch.notifiers.message import read_message
from emberwatch.notifiers.pagerduty import PagerDuty
from emberwatch.notifiers.slack import rendered as in_slack
from emberwatch.notifiers.teams import rendered as in_teams
from tests.outbound import Outbound
from tests.telling import an_incident, owed

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


async def slack(notification):
    return texts(in_slack(read_message(notification)))


async def discord(notification):
    return texts(in_discord(read_message(notification)))


async def teams(notification):
    return texts(in_teams(read_message(notification)))


async def email(notification):
    options = EmailOptions(host="m.example", sender="e@m.example", to=("a@m.example",))
    mail = written(read_message(notification), options, AT)
    return "\n".join([*(str(value) for _, value in mail.items()), mail.get_content()])


async def pagerduty(notification):
    outbound = Outbound((202, b""))
    options = PagerDuty.Options(routing_key=Secret("a1" * 16))
    await PagerDuty(options, outbound).deliver(notification, AT)
    return texts(outbound.bodies)


async def alertmanager(notification):
    outbound = Outbound()
    options = Alertmanager.Options(url="http://am.example:9093")
    await Alertmanager(options, outbound).deliver(notification, AT)
    return texts(outbound.bodies)


async def console(notification):
    return on_console(notification)


def texts(value):
    """Return every text in a body, one a line."""
    if isinstance(value, dict):
        return "\n".join(texts(each) for each in value.values())
    if isinstance(value, list):
        return "\n".join(texts(each) for each in value)
    return str(value)


EVERYWHERE = (slack, discord, teams, email, pagerduty, alertmanager, console)
LINKING = (slack, discord, teams, email, pagerduty, alertmanager)
"""Channels whose readers make links of what looks like one; a terminal is its owner's."""

HAZARDS = [
    # what was written, what must not arrive, where
    ("https://evil.com/pay", r"https?://evil", LINKING),
    ("HtTpS://EVIL.com", r"(?i)https?://evil", LINKING),
    ("evil.com", r"evil\.com", LINKING),
    ("www.evil.com", r"www\.|evil\.com", LINKING),
    ("pay.evil.co.uk/x", r"evil\.co|co\.uk", LINKING),
    ("оплата.рф", r"оплата\.рф", LINKING),
    ("evil\u3002com", "evil\u3002com", LINKING),
    ("anna@evil.com", r"@evil\.com", LINKING),
    ("tg://resolve?domain=x", r"tg://", LINKING),
    ("<https://evil.com|our bank>", r"<https?:|<http", (slack,)),
    ("[our bank](https://evil.com)", r"\]\(https?://", LINKING),
    ("<!channel> <!here> <@U024> <#C024>", r"<[!@#]", (slack,)),
    ("@everyone @here", r"(?<!\\)@(everyone|here)", (discord,)),
    ("<@&123> <@123> <#123> <:x:1>", r"(?<!\\)<(?!\\)", (discord,)),
    ("**b** __u__ ~~s~~ `c` ||x||", r"(?<!\\)(\*\*|__|~~|`|\|\|)", (discord,)),
    ("> quoted\n# heading", r"(?m)^[>#] ", (discord,)),
    (f"{BIDI}exe.gpj", f"[{BIDI}]", EVERYWHERE),
    ("\x1b[2J\x1b]0;owned\x07\x9b2J", r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", EVERYWHERE),
    ("\u2028\u2029\ufeff\U000e0041", "[\u2028\u2029\ufeff\U000e0041]", EVERYWHERE),
    ("\ud83d lone", "[\ud800-\udfff]", EVERYWHERE),
]


COMPLAINT = (
    "Forty-five days, three letters, two calls, and still no refund for the kettle that burnt my "
    "kitchen table. Every time somebody else, every time the same question for the number of my "
    "order. Does anybody at Acme read this at all, or shall I come and stand in your shop?"
)


@pytest.mark.parametrize("channel", EVERYWHERE)
async def test_a8_r1_the_whole_complaint_and_where_to_answer_it_reach_every_channel(channel):
    said = await channel(owed(an_incident(COMPLAINT)))
    assert "anna" in said
    assert "https://town.example/@anna/1" in said
    assert COMPLAINT in " ".join(said.replace("\\", "").split())


@pytest.mark.parametrize(
    ("text", "forbidden", "channel"),
    [(text, found, each) for text, found, channels in HAZARDS for each in channels],
)
async def test_what_a_stranger_wrote_does_nothing(text, forbidden, channel):
    said = await channel(owed(an_incident(f"so angry {text} here")))
    assert "so angry" in said
    assert re.search(forbidden, said.replace("https://town.example/@anna/1", "")) is None


@pytest.mark.parametrize("channel", LINKING)
async def test_a_name_that_is_a_domain_is_no_link_either(channel):
    notification = owed(an_incident())
    assert '"author":"anna"' in notification.payload
    told = notification.payload.replace('"author":"anna"', '"author":"anna.evil.com"')
    brief = told.replace("@anna", "@anna.evil.com")
    said = await channel(replace(notification, payload=brief))
    assert "anna.evil.com" not in said.replace("https://town.example/@anna.evil.com/1", "")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b\x0c"])
async def test_no_line_break_writes_a_header_of_a_mail(end):
    evil = f"Acme{end}Bcc: evil@evil.example{end}{end}<b>body"
    notification = owed(an_incident())
    payload = json.loads(notification.payload)
    payload["reason"] = payload["incident"]["brand"] = payload["incident"]["owner"] = evil
    notification = replace(notification, payload=json.dumps(payload))
    options = EmailOptions(host="m.example", sender="e@m.example", to=("a@m.example",))
    mail = written(read_message(notification), options, AT)
    assert mail["Bcc"] is None
    assert mail["To"] == "a@m.example"
    head = mail.as_bytes().split(b"\n\n", 1)[0]
    assert b"\nBcc:" not in head
    assert mail.get_content_type() == "text/plain"
