"""What a notification says, for channels that say it in a form of their own."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from emberwatch.core.respond.legible import legible, one_line, shortened
from emberwatch.model.incident import Severity, Status
from emberwatch.model.notification import OPENERS, Notification

_SCHEME = re.compile(r"(?<=[a-z0-9]):(?=//)", re.IGNORECASE)
_DOT = re.compile(
    r"(?<![\s.])\.(?=[^\W\d_](?:[^\W_]|[^\x00-\x7f]))"  # before two letters of any script
    r"|(?<=[a-z0-9])[\u2024\u3002\uff0e\uff61](?=[a-z0-9])",  # dots that browsers take for one
    re.IGNORECASE,
)
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
    that no channel would make a link of. The brief still names it. `state` says in one line how
    it stands, `instead_of` in whose stead the message came here, if in anybody's. A digest has no
    kinds, and `lines` in the place of quotes.
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
    quotes: tuple[Quote, ...] = ()
    lines: tuple[str, ...] = ()
    state: str
    instead_of: str = ""
    opened_at: str
    closed_at: str | None
    occurred_at: str
    owner: str
    thread_url: str | None = None
    url: str | None = None

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
        return f"[{self.severity}] {self.subject}" + (f": {kinds}" if kinds else "")

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Where to go, as (text, address) pairs: the thread first, then the incident's page."""
        known = (("Answer in the thread", self.thread_url), ("Open the incident", self.url))
        return tuple((text, url) for text, url in known if url)

    @property
    def details(self) -> str:
        """The brief without what the headline and the links say already."""
        said = {f"{self.subject}: {self.reason}", f"Answer here: {self.thread_url}"}
        return "\n".join(line for line in self.brief.splitlines() if line.strip() not in said)

    def passages(self, most: int, longest: int) -> tuple[str, ...]:
        """Return what stands beneath the reason in a chat: the first posts, or a digest's list."""
        if self.lines:
            return ("\n".join(self.lines),)
        return tuple(quoted(each, longest) for each in self.quotes[:most])


def read_message(notification: Notification) -> Message:
    """Return what a notification says."""
    payload: dict[str, Any] = json.loads(notification.payload)
    if notification.is_digest:
        return _digest(notification, payload)
    incident, brief = payload["incident"], payload["brief"]
    owner = one_line(incident["owner"], 80)
    stood_in = payload.get("instead_of")
    instead_of = (
        ""
        if stood_in is None
        else one_line(
            f"came here because {stood_in['notifier']} does not take it: {stood_in['why']}", 300
        )
    )
    state = f"{incident['status']}, {incident['fire']}, {', '.join(incident['kinds'])}"
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
        state=state
        + (f", {owner} has it" if owner else "")
        + (f"; {instead_of}" if instead_of else ""),
        instead_of=instead_of,
        opened_at=incident["opened_at"],
        closed_at=incident["closed_at"],
        occurred_at=payload["occurred_at"],
        owner=owner,
        thread_url=linkable(brief["thread_url"]),
        url=linkable(incident["url"]),
    )


def _digest(notification: Notification, payload: dict[str, Any]) -> Message:
    lines = [one_line(line, 400) for line in payload["lines"]]
    if payload["more"]:
        lines.append(f"and {payload['more']} more")
    state = one_line(payload["state"], 400)
    return Message(
        type=notification.type,
        id=notification.id,
        incident_id=notification.id,
        subject=one_line(payload["subject"], 100),
        kinds=(),
        status=Status.OPEN,
        fire="",
        severity=Severity(payload["severity"]),
        reason=one_line(payload["reason"], 1000),
        brief="\n".join(lines),
        lines=tuple(lines),
        state=state,
        opened_at=payload["occurred_at"],
        closed_at=None,
        occurred_at=payload["occurred_at"],
        owner="",
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
    """Return a text whose addresses no channel makes into a link: `https[:]//evil[.]example`.

    A link that a stranger wrote looks, among our words, as if we had sent it. Chats and mail
    programs make one of a bare domain too, so each dot that could stand before a top-level domain
    is set apart: there are too many of those to list, and a missing blank after a full stop is
    still read.
    """
    return _DOT.sub("[.]", _SCHEME.sub("[:]", text))


def quoted(quote: Quote, most: int) -> str:
    """Return a post for a chat: its words, cut and unlinked, and who wrote them to how many."""
    reach = "" if quote.followers is None else f", {quote.followers:,} followers"
    return unlinked(f"{shortened(quote.text.strip(), most)}\n({quote.author}{reach})")
