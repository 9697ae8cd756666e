"""Emoji are found in any text, and nothing else is."""

import pytest

from emberwatch.scorers.emoji import emoji_of
from emberwatch.scorers.ngrams import LONGEST


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("", ""),
        ("plain words, 12:30 -> & (c)", ""),
        ("Ужас! 糟 é", ""),
        ("late 😡 again 😡😡", "😡😡😡"),
        ("❤️", "❤️"),
        ("🤦🏽‍♀️ why", "🤦🏽‍♀️"),
        ("\ud800🤬\x00", "🤬"),
    ],
)
def test_emoji_are_taken_out_in_their_order(text: str, emoji: str) -> None:
    assert emoji_of(text) == emoji


def test_no_more_is_looked_at_than_of_other_texts() -> None:
    assert len(emoji_of("🤬" * 2 * LONGEST)) == LONGEST
