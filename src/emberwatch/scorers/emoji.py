"""Emoji of a post, by themselves: all that says something in a post without words."""

import re

from emberwatch.scorers.ngrams import LONGEST

_EMOJI = re.compile(
    "[\u203c\u2049\u231a-\u23ff\u25aa-\u27bf\u2934-\u2b55\U0001f000-\U0001faff\u200d\ufe0f]+"
)


def emoji_of(text: str) -> str:
    """Return the emoji of a text in their order, nothing else; never raises."""
    return "" if text.isascii() else "".join(_EMOJI.findall(text[:LONGEST]))
