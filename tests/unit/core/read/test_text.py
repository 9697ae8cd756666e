"""Cleaning, folding, printing and fingerprinting of hostile text."""

import time

import pytest

from emberwatch.core.read.text import (
    LONGEST_TEXT,
    clean,
    columns,
    fingerprint,
    fold,
    safe_line,
    undressed,
    without_addresses,
)

# ---------------------------------------------------------------- clean


def test_a_harmless_text_stays_the_same_object() -> None:
    text = "Ужасно обслужване, два часа чакане"
    assert clean(text) is text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("a\ud800b\udfff", "ab"),
        ("a\x1b[31mb", "a[31mb"),
        ("a\x85b", "a\nb"),
        ("a\x9bb", "ab"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\tb\nc", "a\tb\nc"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("", ""),
    ],
)
def test_what_no_database_holds_is_removed(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_a_million_characters_are_cut() -> None:
    assert clean("x" * 1_000_000) == "x" * LONGEST_TEXT
    assert clean("xyz", longest=2) == "xy"


# ---------------------------------------------------------------- safe_line
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\tand  more", "two lines and more"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bcreset", "reset"),
        ("\x1b", ""),
        ("a\x07b\x00c\x7fd", "abcd"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("a\ud800b", "ab"),
        ("[/x] [bold]", "[/x] [bold]"),
        ("a\u2028b\x85c", "a b c"),
    ],
)
def test_a_terminal_is_not_told_what_to_do(text: str, line: str) -> None:
    assert safe_line(text, 40) == line


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd efg", 6, "abcd…"),
        ("日本語", 6, "日本語"),
        ("日本語です", 6, "日本…"),
        ("e\u0301" * 4, 4, "e\u0301" * 4),
        ("ab", 1, "…"),
    ],
)
def test_a_line_is_cut_to_its_columns(text: str, width: int, line: str) -> None:
    assert safe_line(text, width) == line
    assert columns(line) <= width


def test_a_huge_text_is_not_walked_through() -> None:
    began = time.process_time()
    for hostile in ("\x1b[" * 500_000, "\x1b]" * 500_000, "\u0301" * 1_000_000):
        safe_line(hostile, 80)
    assert time.process_time() - began < 2


# ---------------------------------------------------------------- fold
@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ACME", "acme"),
        ("Ｆｕｌｌ", "full"),
        ("ﬁne", "fine"),
        ("it’s", "it's"),
        ("ＩＴ＇Ｓ", "it's"),
        ("a\u200bb\u00adc\u2060", "abc"),
        ("s\u0336t\u0336", "st"),
        ("e\u0301", "é"),
        ("É s\u0336", "é s"),
        ("İI", "ii"),
        ("Ёж", "еж"),
        ("ΆΈς", "αεσ"),
        ("\ud800", ""),
        ("5\ufe0f\u20e3", "5"),
    ],
)
def test_spellings_of_one_word_fold_alike(text: str, folded: str) -> None:
    assert fold(text) == folded


# ---------------------------------------------------------------- fingerprint
LONG = "I have waited three hours for this delayed flight and nobody tells passengers anything"


@pytest.mark.parametrize(
    "copy",
    [
        f"RT @someone: {LONG}",
        f"RT @a: RT @b: {LONG}",
        LONG.upper(),
        f"{LONG}!!! 😡😡 https://t.co/abc",
        f"https://other.example/x {LONG}",
        f"{LONG} t.co/abc",
        f"@acme@here.social @bolt {LONG}",
        LONG.replace("hours", "hoooours"),
        LONG.replace(" ", "  ").replace("flight", "#flight,"),
        LONG.replace("I have", "I've").replace("I've", "I have"),
        f"{LONG[:60]}…",
        f"{LONG[:60]}... https://t.co/abc",
        LONG.replace("flight", "ﬂight"),
    ],
)
def test_near_copies_share_a_fingerprint(copy: str) -> None:
    assert fingerprint(copy) == fingerprint(LONG)


def test_a_fingerprint_is_sixteen_hexadecimal_digits() -> None:
    assert len(fingerprint(LONG)) == 16
    assert int(fingerprint(LONG), 16) > 0


def test_another_text_has_another_fingerprint() -> None:
    other = LONG.replace("delayed", "cancelled")
    assert fingerprint(other) != fingerprint(LONG)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "😡😡😡",
        "worst airline ever",
        "@acme worst service ever, thank you so much",
        "never again never again",
        "最悪",
        "https://a.example/one-two-three-four-five-six-seven",
        "@one @two @three @four @five @six @seven",
    ],
)
def test_a_short_text_has_no_fingerprint(text: str) -> None:
    assert fingerprint(text) == ""


def test_a_cut_word_does_not_count() -> None:
    text = "waiting forever without water inside terminal"
    assert fingerprint(text) != ""
    assert fingerprint(text[:-3] + "…") == ""


def test_scripts_without_spaces_have_fingerprints_too() -> None:
    text = "昨日の夜からずっと待っているのに誰も返事をしてくれない"
    assert fingerprint(f"RT @a: {text}。。。 https://t.co/x") == fingerprint(text) != ""


def test_a_fingerprint_does_not_depend_on_lone_surrogates() -> None:
    assert fingerprint("\ud800" + LONG) == fingerprint(LONG)


def test_hostile_text_takes_no_time() -> None:
    began = time.process_time()
    for hostile in (
        "a" * 100_000,
        "." * 100_000,
        "a.b" * 30_000,
        "a." * 50_000,
        "\u249b" * 50_000,  # one sign that folds into "20."
        "@a" * 50_000,
        "a\u0301" * 50_000,
    ):
        fingerprint(hostile)
        without_addresses(fold(hostile))
        clean(hostile + "\x00")
    assert time.process_time() - began < 5


# ---------------------------------------------------------------- what is no speech
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see https://a.example/b now", "see   now"),
        ("see www.a.example now", "see   now"),
        ("see t.co/abc now", "see   now"),
        ("see shop.acme.com/a?b=c now", "see   now"),
        ("..see..bit.ly/x now", "..see..  now"),
        ("@a.b@c.d late", "  late"),
        ("acme.com is late", "acme.com is late"),
        ("acme.example/x is late", "acme.example/x is late"),
        ("com/x", "com/x"),
    ],
)
def test_addresses_and_handles_are_no_speech(text: str, left: str) -> None:
    assert without_addresses(text) == left


# ---------------------------------------------------------------- letters for their looks
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("𝓱𝓪𝓽𝓮 𝐲𝐨𝐮", "hate you"),
        ("ｈａｔｅ！", "hate！"),
        ("𝛂", "α"),
        ("café 最悪 😡", "café 最悪 😡"),
        ("\ud800", "\ud800"),
        ("plain", "plain"),
    ],
)
def test_letters_that_only_look_otherwise_become_plain(text: str, plain: str) -> None:
    assert undressed(text) == plain
    assert len(undressed(text)) == len(text)
