"""Text is what a reader would see."""

import time

import pytest

from emberwatch.sources.plain import clean, compose, first_words, one_line, to_plain


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("<p>ever!<br>Fix it</p>", "ever!\nFix it"),
        ("<p>one</p>\n<p>two</p>", "one\n\ntwo"),
        ('<a href="https://x/@acme">@<span>acme</span></a> hi', "@acme hi"),
        ("Fish &amp; chips &#8211; cold &lt;again&gt;", "Fish & chips – cold <again>"),
        ("5 < 6 and 7 > 3, I <3 you", "5 < 6 and 7 > 3, I <3 you"),
        ('<a title="a > b" href=x>link</a>', "link"),
        ("a<script>var b = '<p>c</p>';</script>d<style>p{}</style>", "ad"),
        ("a<script>never closed", "a"),
        ("a<!-- <p>b</p> -->c<!-- never closed", "ac"),
        ("<![CDATA[ raw  & cold ]]>", "raw & cold"),
        ("<!doctype html><?php echo 1 ?>text", "text"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<td>a</td><td>b</td>", "a b"),
        ("a&nbsp;  b\n\tc", "a b c"),
        ("<p>a</p><p></p><p></p><div></div><p>b</p>", "a\n\nb"),
        ('no <img class="emoji" alt="😡"> words <img alt="a cat">', "no 😡 words"),
        ("<img class='wp-smiley' alt='&#58;('>", ":("),
        ("a <b unclosed", "a <b unclosed"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
        ("a\x00b\ud800c", "abc"),
        ("", ""),
    ],
)
def test_markup_is_read_as_a_person_would(markup: str, seen: str) -> None:
    assert to_plain(markup) == seen


@pytest.mark.parametrize(
    "unit",
    [
        "<", "<a ", "<!--", "</", '<a x="', "<![CDATA[", "&", "<?", "<script>", "<x/ ", "</script",
        "<td>", "<br> <td>", "<a '\"", '<img class="emoji', "<script></script", "<p>", " \n",
    ],
)  # fmt: skip
def test_hostile_markup_takes_no_longer_than_its_length(unit: str) -> None:
    markup = unit * (200_000 // len(unit))
    started = time.process_time()
    to_plain(markup)
    assert time.process_time() - started < 5, "ten times and more what it takes"


def test_a_tag_whose_name_never_ends_takes_no_longer_than_its_length() -> None:
    started = time.process_time()
    assert to_plain("<" + "t" * 200_000).startswith("<ttt")
    assert time.process_time() - started < 1, "ten times and more what it takes"


def test_a_text_without_anything_to_remove_is_left_as_it_is() -> None:
    text = "ок\n\n😡"
    assert clean(text) is text


def test_a_title_stands_on_one_line() -> None:
    assert one_line("  two\n words\x00 ") == "two words"


@pytest.mark.parametrize(
    ("title", "body", "text"),
    [
        ("Title", "body", "Title\n\nbody"),
        ("", "body", "body"),
        ("Title", "", "Title"),
        ("Same", "Same", "Same"),
    ],
)
def test_a_text_is_title_blank_line_body(title: str, body: str, text: str) -> None:
    assert compose(title, body) == text


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("one two", "one two"),
        ("one two three", "one two"),
        ("one  two\n three", "one two"),
        ("one two-half-a-secret", "one"),
        ("two-half-a-secret", ""),
    ],
)
def test_the_first_words_are_whole(text: str, begins: str) -> None:
    assert first_words(text, 7) == begins
