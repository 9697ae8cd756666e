"""Mails reach a real SMTP server (aiosmtpd), and what it refuses is tried again."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from loopback import a_network

from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.incident import Action
from emberwatch.model.secret import Secret
from emberwatch.notifiers.email import MOST_SAID, Email, Security
from tests.build import NOON
from tests.telling import a_story, an_incident, owed

PASSWORD = "canary-password"


class Mailbox:
    """Keeps what it is given, refuses some recipients."""

    def __init__(self, refused=()):
        self.mails = []
        self.refused = refused

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"


@asynccontextmanager
async def a_server(handler, **how):
    """Run an SMTP server on a free port of loopback; yield the port."""
    loop = asyncio.get_running_loop()
    talks = []

    def talk():
        talks.append(SMTP(handler, hostname="127.0.0.1", loop=loop, **how))
        return talks[-1]

    server = await loop.create_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in talks:
            if each.transport is not None:
                each.transport.abort()
        await asyncio.sleep(0)


def an_email(outbound, port, tls=None, **how):
    facts = {"host": "127.0.0.1", "sender": "ember@example.org", "to": ("a@example.org",)}
    options = Email.Options(**{**facts, "security": Security.NONE, "port": port, **how})
    return Email(options, outbound, tls)


async def sent(port, notification, tls=None, **how):
    async with a_network() as network:
        return await an_email(network.outbound(), port, tls, **how).deliver(notification, NOON)


async def test_a_mail_arrives_as_plain_text_without_a_strangers_links():
    box = Mailbox()
    async with a_server(box) as port:
        receipt = await sent(port, owed(an_incident()))
    [(to, mail)] = box.mails
    text = mail.get_content()
    assert to == ["a@example.org"]
    assert mail.get_content_type() == "text/plain"
    assert "Answer in the thread: https://town.example/@anna/1" in text
    assert "https[:]//evil[.]example/b" in text
    assert text.count("https://") == 1
    assert mail["Auto-Submitted"] == "auto-generated"
    assert receipt.answer == "accepted by 127.0.0.1"


async def test_the_mails_of_an_incident_stand_in_one_thread():
    box = Mailbox()
    async with a_server(box) as port:
        for each in a_story()[:3]:
            await sent(port, each)
    mails = [mail for _, mail in box.mails]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert len({mail["References"] for mail in mails}) == 1


async def test_a_line_break_in_a_note_writes_no_header():
    box = Mailbox()
    incident = an_incident()
    notification = owed(incident, Action.UPDATED, by="ann\r\nBcc: evil@example.org")
    async with a_server(box) as port:
        await sent(port, notification)
    [(to, mail)] = box.mails
    assert (to, mail["Bcc"]) == (["a@example.org"], None)


async def test_a_recipient_that_is_refused_is_named_and_the_others_get_it():
    box = Mailbox(refused=("b@example.org",))
    async with a_server(box) as port:
        receipt = await sent(port, owed(an_incident()), to=("a@example.org", "b@example.org"))
    assert receipt.answer == "accepted by 127.0.0.1, but refused for b@example.org (550)"
    assert len(box.mails) == 1


async def test_a_server_that_refuses_everybody_failed():
    async with a_server(Mailbox(refused=("a@example.org",))) as port:
        with pytest.raises(DeliveryFailed, match=r"a@example\.org: 550 no such person"):
            await sent(port, owed(an_incident()))


async def test_starttls_is_demanded_not_hoped_for():
    box = Mailbox()
    async with a_server(box) as port:
        with pytest.raises(DeliveryFailed, match=r"(?i)starttls"):
            await sent(port, owed(an_incident()), security=Security.STARTTLS)
    assert box.mails == []


@pytest.fixture
def authority():
    return trustme.CA()


def contexts(authority, name):
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    return theirs, ours


async def test_the_password_goes_out_only_after_tls(authority):
    box = Mailbox()
    theirs, ours = contexts(authority, "127.0.0.1")
    known = []

    def check(server, session, envelope, mechanism, data):
        known.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=data.password == PASSWORD.encode())

    async with a_server(
        box, tls_context=theirs, require_starttls=True, authenticator=check, auth_required=True
    ) as port:
        await sent(
            port,
            owed(an_incident()),
            ours,
            security=Security.STARTTLS,
            user="ember",
            password=Secret(PASSWORD),
        )
    assert known == [(b"ember", PASSWORD.encode(), True)]
    assert len(box.mails) == 1


async def test_a_wrong_password_is_said_without_showing_it(authority):
    theirs, ours = contexts(authority, "127.0.0.1")
    how = {
        "tls_context": theirs,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": lambda *_: AuthResult(success=False, handled=False),
    }
    login = {"security": Security.STARTTLS, "user": "ember", "password": Secret(PASSWORD)}
    async with a_server(Mailbox(), **how) as port:
        with pytest.raises(DeliveryFailed, match="535") as raised:
            await sent(port, owed(an_incident()), ours, **login)
    assert PASSWORD not in raised.value.answer


async def test_a_server_that_repeats_the_password_at_length_shows_none_of_it(authority):
    theirs, ours = contexts(authority, "127.0.0.1")
    told = f"535 {'x' * (MOST_SAID - 30)} {PASSWORD}"
    how = {
        "tls_context": theirs,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": lambda *_: AuthResult(success=False, handled=False, message=told),
    }
    login = {"security": Security.STARTTLS, "user": "ember", "password": Secret(PASSWORD)}
    async with a_server(Mailbox(), **how) as port:
        with pytest.raises(DeliveryFailed, match="535") as raised:
            await sent(port, owed(an_incident()), ours, **login)
    assert PASSWORD[:4] not in raised.value.answer


async def test_a_certificate_for_another_name_is_refused(authority):
    theirs, ours = contexts(authority, "mail.elsewhere.example")
    box = Mailbox()
    async with a_server(box, tls_context=theirs, require_starttls=True) as port:
        with pytest.raises(DeliveryFailed, match=r"(?i)certificate"):
            await sent(port, owed(an_incident()), ours, security=Security.STARTTLS)
    assert box.mails == []


async def test_a_private_address_must_be_allowed():
    async with a_network(allow="") as network:
        mail = an_email(network.outbound(), 25)
        with pytest.raises(DeliveryFailed, match=r"network\.allow"):
            await mail.deliver(owed(an_incident()), NOON)


async def test_a_server_that_is_not_there_is_named():
    async with a_server(Mailbox()) as port:
        pass
    async with a_network() as network:
        mail = an_email(network.outbound(), port)
        with pytest.raises(DeliveryFailed, match=f"127.0.0.1:{port} cannot be reached"):
            await mail.deliver(owed(an_incident()), NOON)


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"host": "https://mail.example.org"}, "host"),
        ({"port": 0}, "port"),
        ({"sender": "ember"}, "sender"),
        ({"to": ()}, "to"),
        ({"to": ("a@example.org\nBcc: x@example.org",)}, "to"),
        ({"user": "ember"}, "user"),
        ({"user": "ember", "password": Secret(PASSWORD), "security": Security.NONE}, "security"),
    ],
)
def test_what_is_wrong_with_the_options_is_said_without_secrets(how, field):
    facts = {"host": "mail.example.org", "sender": "e@example.org", "to": ("a@example.org",)}
    problems = Email.Options(**{**facts, **how}).problems()
    assert [name for name, _ in problems] == [field]
    assert PASSWORD not in str(problems)
