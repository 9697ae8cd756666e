"""Make a stranger's text safe to show: on a terminal, in a chat, in a log, in JSON."""

import re
from unicodedata import combining

ELLIPSIS = "…"

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # terminal controls; line feed and tab stay
    "\u202a-\u202e\u2066-\u2069"  # direction overrides: they can show "exe.gpj"
    "\u2028\u2029"  # line ends that some readers do not see
    "\ufff9-\ufffb\ufeff"
    "\U000e0000-\U000e0fff"  # tags and selectors that hide messages
    "]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")

MOST_MARKS = 4
"""Combining marks on one letter: no living script stacks more, zalgo stacks dozens."""


def legible(text: str) -> str:
    """Return the text without what could harm or mislead its reader.

    Controls and direction overrides are dropped, lone surrogates become U+FFFD, heaps of
    combining marks are cut down. Line feeds and tabs stay; a carriage return is a line feed. The
    result is valid UTF-8 when encoded, and `legible` of it is itself.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", lines))
    return shown if shown.isascii() else _without_heaps(shown)


def one_line(text: str, most: int) -> str:
    """Return the text legible, in one line of at most `most` characters."""
    return shortened(_SPACES.sub(" ", legible(text)).strip(), most)


def shortened(text: str, most: int) -> str:
    """Return the text, with an ellipsis for what goes beyond `most` characters (at least 1).

    It is never cut between a letter and its marks, nor inside an emoji's sequence.
    """
    if len(text) <= most:
        return text
    end = max(most - 1, 0)
    while end > 0 and _continues(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def cut_inside(text: str, most: int) -> str:
    """Return the text, without its middle where it has more than `most` characters (at least 3).

    For a message that quotes somebody: what it is about stands at its beginning, and what to do
    at its end.
    """
    if len(text) <= most:
        return text
    tail = most // 3
    return shortened(text, most - tail) + text[len(text) - tail :]


def _continues(text: str, position: int) -> bool:
    """Whether the character at a position belongs to the one before it."""
    here, before = text[position], text[position - 1]
    joins = "\u200d\ufe0e\ufe0f"
    is_toned = "\U0001f3fb" <= here <= "\U0001f3ff"
    return bool(combining(here)) or here in joins or before == "\u200d" or is_toned


def _without_heaps(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)
