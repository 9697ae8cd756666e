"""How much a message may hold, and how texts give way to that."""

from dataclasses import dataclass

from emberwatch.core.respond.legible import ELLIPSIS, legible, one_line, shortened

MOST_BYTES = 20_000
"""A payload is smaller than this in UTF-8: the limit that Standard Webhooks advises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much a payload may hold: characters a text, lines a list.

    `beside` are entries of each list of what stands beside the evidence.
    """

    post: int
    quote: int
    line: int
    address: int
    alerts: int
    evidence: int
    words: int
    steps: int
    beside: int


ROOMS = (
    Room(
        post=MOST_BYTES,
        quote=600,
        line=2000,
        address=4000,
        alerts=100,
        evidence=100,
        words=20,
        steps=30,
        beside=10,
    ),
    Room(
        post=4000,
        quote=600,
        line=600,
        address=1000,
        alerts=20,
        evidence=10,
        words=5,
        steps=12,
        beside=5,
    ),
    Room(
        post=2000,
        quote=300,
        line=300,
        address=500,
        alerts=5,
        evidence=5,
        words=5,
        steps=8,
        beside=3,
    ),
    Room(
        post=500, quote=100, line=150, address=300, alerts=3, evidence=0, words=1, steps=3, beside=1
    ),
    Room(
        post=60,
        quote=40,
        line=50,
        address=150,
        alerts=1,
        evidence=0,
        words=0,
        steps=0,
        beside=0,
    ),
)
"""From generous to tight: the first cuts nothing that people write, the last always fits."""


def fit_text(text: str, most: int) -> str:
    """Return the text legible and at most so long; what is far beyond is not even looked at."""
    head = text[: 2 * most]
    return shortened(legible(head) + (ELLIPSIS if len(head) < len(text) else ""), most)


def fit_line(text: str, room: Room) -> str:
    """Return the text legible, in one line, at most as long as a line may be."""
    return one_line(text[: 2 * room.line], room.line)


def fit_line_or_none(text: str | None, room: Room) -> str | None:
    """Return the same of a text that may be missing."""
    return None if text is None else fit_line(text, room)


def fit_address(url: str | None, room: Room) -> str | None:
    """Return the URL whole or not at all: half an address leads nowhere, or astray."""
    if url is None or len(url) > room.address or url != one_line(url, room.address):
        return None
    return url if url.startswith(("https://", "http://")) else None
