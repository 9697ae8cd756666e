"""A stranger's text, made safe to show."""

import pytest

from emberwatch.core.respond.legible import cut_inside, legible, one_line, shortened


@pytest.mark.parametrize(
    "text",
    ["Отказаха ми!", "45 days, no refund 😡", "line\nline\tcolumn", "שלום\u200e", "👩‍👧", "é"],
)
def test_what_people_write_stays_as_it_is(text):
    assert legible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07\x1b[2Jhi", "]0;owned[2Jhi"),
        ("a\x00b\x9bc", "abc"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u2028b", "ab"),
        ("\ud83d!", "\ufffd!"),
        ("hidden\U000e0041\U000e0042", "hidden"),
    ],
)
def test_what_harms_or_misleads_is_taken_out(text, shown):
    assert legible(text) == shown


def test_a_heap_of_marks_is_cut_down():
    assert legible("z" + "\u0300" * 50 + "a") == "z" + "\u0300" * 4 + "a"


def test_what_is_legible_stays_as_it_is():
    once = legible("x\x1b\u202e\ud800z" + "\u0301" * 9)
    assert legible(once) == once


def test_one_line_is_one_line():
    assert one_line("  a\n\n b\t\tc ", 50) == "a b c"


def test_a_short_text_is_not_shortened():
    assert shortened("abc", 3) == "abc"


def test_a_long_text_ends_in_an_ellipsis():
    assert shortened("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abe\u0301fg", "ab…"),
        ("ab👩\u200d👧xyz", "ab…"),
        ("ab👍\U0001f3fdxyz", "ab…"),
        ("ab❤\ufe0fxyz", "ab…"),
    ],
)
def test_a_letter_is_not_cut_from_its_marks(text, shown):
    assert shortened(text, 4) == shown


def test_a_text_that_is_one_heap_leaves_an_ellipsis():
    assert shortened("\u0301" * 9, 4) == "…"


def test_a_long_message_keeps_its_beginning_and_its_end():
    said = f"the site says {'bla ' * 100}: check the query"
    cut = cut_inside(said, 60)
    assert cut.startswith("the site says bla")
    assert cut.endswith(": check the query")
    assert "…" in cut
    assert len(cut) <= 60
    assert cut_inside("short", 60) == "short"


def test_of_a_long_message_a_third_is_its_end():
    assert cut_inside("a" * 50 + "b" * 50, 30) == "a" * 19 + "…" + "b" * 10
    assert cut_inside("abcd", 3) == "a…d"
