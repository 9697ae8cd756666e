"""What a notification says, for channels that say it in a form of their own."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from emberwatch.core.respond.legible import legible, one_line, shortened
from emberwatch.model.incident import Severity, Status
from emberwatch.model.notification import Notification

TRIAL = "test"
OPENERS = ("incident.opened", "incident.reopened", TRIAL)
"""Types that begin a conversation: people are called anew. All others change what was said."""

_SCHEME = re.compile(r"\b(https?|ftp)://", re.IGNORECASE)
_BARE = re.compile(r"\bwww\.", re.IGNORECASE)
_WELL_FORMED = re.compile(
    r"https?://[A-Za-z0-9._%-]+(?::[0-9]{1,5})?(?:[/?#](?:[!-$&-~]|%[0-9A-Fa-f]{2})*)?"
)
MOST_ADDRESS = 1000
"""Characters of an address that is made a link: the channels' limits begin at 1024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A post in evidence: words of a stranger, legible but otherwise as they were written."""

    author: str
    followers: int | None
    created_at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notification, read from its payload (docs/reference/webhook.md names the fields).

    `thread_url` is where the answer is to be written, `url` the incident's own page; None for one
    that no channel would make a link of. The brief still names it.
    """

    type: str
    id: str
    incident_id: str
    subject: str
    kinds: tuple[str, ...]
    status: Status
    fire: str
    severity: Severity
    reason: str
    brief: str
    quotes: tuple[Quote, ...]
    opened_at: str
    closed_at: str | None
    occurred_at: str
    owner: str
    thread_url: str | None
    url: str | None

    @property
    def is_opener(self) -> bool:
        """Whether people are called anew."""
        return self.type in OPENERS

    @property
    def headline(self) -> str:
        """The trouble in one line: how grave, about whom, why."""
        return f"[{self.severity}] {self.subject}: {self.reason}"

    @property
    def title(self) -> str:
        """The trouble by name: how grave, about whom, of what kinds."""
        kinds = " and ".join(self.kinds).replace("_", " ")
        return f"[{self.severity}] {self.subject}: {kinds}"

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Where to go, as (text, address) pairs: the thread first, then the incident's page."""
        known = (("Answer in the thread", self.thread_url), ("Open the incident", self.url))
        return tuple((text, url) for text, url in known if url)

    @property
    def state(self) -> str:
        """How it stands, in one line."""
        owner = f", {self.owner} has it" if self.owner else ""
        return f"{self.status}, {self.fire}, {', '.join(self.kinds)}{owner}"

    @property
    def details(self) -> str:
        """The brief without what the headline and the links say already."""
        said = {f"{self.subject}: {self.reason}", f"Answer here: {self.thread_url}"}
        return "\n".join(line for line in self.brief.splitlines() if line.strip() not in said)


def read_message(notification: Notification) -> Message:
    """Return what a notification says."""
    payload: dict[str, Any] = json.loads(notification.payload)
    incident, brief = payload["incident"], payload["brief"]
    return Message(
        type=notification.type,
        id=notification.id,
        incident_id=incident["id"],
        subject=one_line(incident["brand"] or incident["subject"], 100),
        kinds=tuple(incident["kinds"]),
        status=Status(incident["status"]),
        fire=incident["fire"],
        severity=Severity(incident["severity"]),
        reason=one_line(payload["reason"], 500),
        brief=legible(brief["text"]),
        quotes=tuple(
            Quote(
                author=one_line(post["author"], 80),
                followers=post["followers"],
                created_at=post["created_at"],
                text=legible(post["text"]),
            )
            for post in brief["posts"]
        ),
        opened_at=incident["opened_at"],
        closed_at=incident["closed_at"],
        occurred_at=payload["occurred_at"],
        owner=one_line(incident["owner"], 80),
        thread_url=linkable(brief["thread_url"]),
        url=linkable(incident["url"]),
    )


def linkable(address: str | None) -> str | None:
    """Return an address that every channel takes for one, in ASCII; None for any other.

    Sites pass on what strangers give as the address of a post, and a channel refuses the whole
    message for a link that it finds malformed or too long.
    """
    if address is None:
        return None
    written = quote(address, safe=":/?#[]@!$&'()*+,;=%~")
    is_fit = len(written) <= MOST_ADDRESS and _WELL_FORMED.fullmatch(written)
    return written if is_fit else None


def unlinked(text: str) -> str:
    """Return a text whose addresses no channel makes into a link: `https[:]//`, `www[.]`.

    A link that a stranger wrote looks, among our words, as if we had sent it.
    """
    return _BARE.sub("www[.]", _SCHEME.sub(r"\1[:]//", text))


def quoted(quote: Quote, most: int) -> str:
    """Return a post for a chat: its words, cut and unlinked, and who wrote them to how many."""
    reach = "" if quote.followers is None else f", {quote.followers:,} followers"
    return f"{unlinked(shortened(quote.text.strip(), most))}\n({quote.author}{reach})"
