"""Sends an incident by e-mail: one conversation, since each mail refers to the incident.

SMTP: RFC 5321; threads by `References`: RFC 5322, section 3.6.4.
"""

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, ClassVar

import aiosmtplib

from emberwatch.core.respond.legible import one_line
from emberwatch.model.errors import DeliveryFailed
from emberwatch.model.notification import Notification
from emberwatch.model.secret import Secret, hide
from emberwatch.notifiers.message import Message, read_message, unlinked
from emberwatch.ports import Outbound, Receipt

MOST_SUBJECT = 160
MOST_SAID = 200
PATIENCE = 12.0
"""Seconds that one answer of the mail server may take; the dispatcher gives up after twenty."""

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


class Security(StrEnum):
    """How the connection to the mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOptions:
    """A mail server, who writes, and to whom.

    `security` none is for a server on the same machine or network; a user's password is then not
    sent.
    """

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    password: Secret | None = None

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what is wrong, as (field, what) pairs; the password is never shown."""
        found: list[tuple[str, str]] = []
        if not self.host or any(letter.isspace() or letter in "/@" for letter in self.host):
            found.append(("host", "expected a mail server's name such as mail.example.org"))
        if not 0 < self.port < 65536:
            found.append(("port", "expected a port from 1 to 65535"))
        if not _ADDRESS.fullmatch(self.sender):
            found.append(("sender", "expected an address such as ember@example.org"))
        if not self.to:
            found.append(("to", "names nobody to write to"))
        found += [
            ("to", f"{one_line(each, 60)!r} is no address such as support@example.org")
            for each in self.to
            if not _ADDRESS.fullmatch(each)
        ]
        if bool(self.user) != (self.password is not None):
            found.append(("user", "goes with password_env: set both or none"))
        if self.user and self.security is Security.NONE:
            found.append(("security", "none would send the password readable: use starttls or tls"))
        return tuple(found)


class Email:
    """Mails to one or more people."""

    kind: ClassVar[str] = "email"
    Options: ClassVar[type[EmailOptions]] = EmailOptions
    per_minute: ClassVar[int | None] = 10
    takes_digests: ClassVar[bool] = True
    shows_latest = False

    def __init__(
        self, options: EmailOptions, outbound: Outbound, tls: ssl.SSLContext | None = None
    ) -> None:
        self._options = options
        self._outbound = outbound
        self._tls = tls or ssl.create_default_context()

    def describe(self) -> str:
        """Say where messages go."""
        return f"mail to {', '.join(self._options.to)} through {self._options.host}"

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        """Hand the mail to the server; `DeliveryFailed` when it takes it for nobody.

        We connect to an address that was checked; the certificate is held against the name.
        """
        options = self._options
        address = await self._outbound.locate(options.host, options.port)
        mail = written(read_message(notification), options, at)
        try:
            refused, _ = await aiosmtplib.send(
                mail,
                hostname=options.host,
                username=options.user or None,
                password=options.password.reveal() if options.password else None,
                use_tls=options.security is Security.TLS,
                start_tls=options.security is Security.STARTTLS,
                tls_context=self._tls if options.security is not Security.NONE else None,
                timeout=PATIENCE,
                **await _connected(address, options.port),
            )
        except aiosmtplib.SMTPException as error:
            password = options.password.reveal() if options.password else ""
            said = one_line(hide(_said(error), (password,)), MOST_SAID)
            raise DeliveryFailed(f"{options.host}: {said}") from None
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            raise DeliveryFailed(
                f"{options.host}:{options.port} cannot be reached: {why}"
            ) from None
        if refused:
            who = ", ".join(f"{each} ({said.code})" for each, said in refused.items())
            return Receipt(answer=f"accepted by {options.host}, but refused for {who}")
        return Receipt(answer=f"accepted by {options.host}")


async def _connected(address: str, port: int) -> dict[str, Any]:
    """Return a connection as aiosmtplib takes it, which closes it in the end.

    We greet with our own end of it: our name might cost a look-up.
    """
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    line = socket.socket(family)
    try:
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, (address, port))
    except BaseException:
        line.close()
        raise
    ours = line.getsockname()[0]
    name = f"[IPv6:{ours}]" if family == socket.AF_INET6 else f"[{ours}]"
    return {"sock": line, "local_hostname": name}


def written(message: Message, options: EmailOptions, at: datetime) -> EmailMessage:
    """Return a mail in plain text; an incident's mails stand in one thread."""
    domain = options.sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = f"emberwatch <{options.sender}>"
    mail["To"] = ", ".join(options.to)
    mail["Subject"] = one_line(
        f"[{message.severity}] {message.subject}: {message.reason}", MOST_SUBJECT
    )
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    thread = f"<{message.incident_id}@{domain}>"
    mail["References"] = thread
    mail["In-Reply-To"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Emberwatch-Incident"] = message.incident_id
    links = [f"{text}: {url}" for text, url in message.links]
    parts = (message.reason, "\n".join(links), message.state, unlinked(message.details))
    mail.set_content("\n\n".join(part for part in parts if part) + "\n")
    return mail


def _said(error: aiosmtplib.SMTPException) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        each = (f"{one.recipient}: {one.code} {one.message}" for one in error.recipients)
        return f"refused all recipients: {'; '.join(each)}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error)
