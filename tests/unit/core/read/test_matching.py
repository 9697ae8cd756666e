"""Which posts speak of a brand, and in which words."""

import time

import pytest

from emberwatch.core.read.matching import Match, Matcher
from emberwatch.model.brand import Brand, Group


def matched(text: str, **spellings: object) -> str | None:
    """Return what a brand of these spellings matched in a text, None where it did not."""
    found = Matcher([Brand(name="B", **spellings)]).match(text)  # type: ignore[arg-type]
    return found[0].matched if found else None


def speaks(text: str, *words: str) -> bool:
    return matched(text, words=words) is not None


@pytest.mark.parametrize(
    "text",
    [
        "acme",
        "I hate ACME!",
        "(Acme)",
        "Acme's parcel is late",
        "Acme’s parcel is late",
        "d'Acme",
        "pre-acme",
        "@acme help",
        "#acme",
        "_acme_",
        "**acme**",
        "😡acme😡",
        "https://acme.com/help",
        "ａｃｍｅ",
        "𝐚𝐜𝐦𝐞 is awful",
        "ac\u200bme",
        "a\u00adcme",
        "a\u0336c\u0336m\u0336e\u0336",
        "acme\ufe0f",
        "\ufeffacme",
        "我爱acme真的",
        "acme가 너무해",
        "acmeは最悪",
        "acme\x00",
        "\ud800 acme",
    ],
)
def test_a_word_is_found_however_it_is_dressed(text: str) -> None:
    assert speaks(text, "acme")


@pytest.mark.parametrize(
    "text",
    [
        "acmes",
        "pacme",
        "acme2",
        "2acme",
        "acmé",
        "@acme_fan",
        "my_acme",
        "acme_fail",
        "#acmefail",
        "acmeй",
        "ac me",
        "",
        "😡😡",
        "____",
    ],
)
def test_a_word_is_not_found_inside_another(text: str) -> None:
    assert not speaks(text, "acme")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("İşbank", "IŞBANK kötü"),
        ("işbank", "İŞBANK kötü"),
        ("ışık", "IŞIK"),
        ("Straße", "STRASSE"),
        ("straße", "die Strasse"),
        ("ΑΚΜΗΣ", "ακμής"),
        ("ακμης", "ΑΚΜΗΣ"),
        ("Ακμή", "ΑΚΜΗ"),
        ("взлёт", "Взлет закрыли"),
        ("взлет", "ВЗЛЁТ"),
        ("Škoda", "ŠKODA"),
        ("café", "cafe\u0301"),
        ("اکمی", "اكمي"),
        ("اکمی", "اکمی\u200cها"),
        ("مدرسة", "مَدْرَسَة"),
        ("राम", "राम है"),
    ],
)
def test_case_and_letters_fold_as_their_language_does(word: str, text: str) -> None:
    assert speaks(text, word)


def test_an_accent_makes_another_word() -> None:
    assert not speaks("alles über uns", "uber")
    assert not speaks("alles über uns 5\ufe0f\u20e3", "uber")


def test_a_vowel_sign_makes_another_word() -> None:
    assert not speaks("रामू", "राम")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("吉野家", "昨日吉野家に行った"),
        ("アクメ", "新しいアクメが最悪"),
        ("アクメ", "新しいｱｸﾒが最悪"),
        ("อัคเม", "บริการอัคเมแย่มาก"),
        ("삼성", "삼성이 또 고장"),
        ("삼성", "맛있다, 삼성전자!"),
    ],
)
def test_scripts_without_spaces_need_no_boundaries(word: str, text: str) -> None:
    assert speaks(text, word)


def test_a_korean_name_must_begin_its_word() -> None:
    assert not speaks("안삼성", "삼성")


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("acme road", "ACME   Road"),
        ("acme road", "acme\nroad"),
        ("acme road", "acme-road"),
        ("acme road", "acme_road"),
        ("acme road", "acme, road"),
        ("acme road", "acme.road"),
        ("acme road", 'acme "road"'),
        ("coca-cola", "Coca Cola"),
        ("coca-cola", "cocacola"),
        ("coca-cola", "coca‑cola"),
        ("Ben & Jerry's", "ben and jerrys"),
        ("Ben & Jerry's", "Ben&Jerry’s"),
        ("H&M", "h & m"),
        ("AT&T", "at at&t again"),
        ("Dr. Oetker", "dr oetker"),
        ("Dr. Oetker", "Dr.Oetker"),
        ("booking.com", "see www.booking.com/x"),
        ("Toys R Us", "toys r us"),
        ("acme road", "acme roads and acme road"),
    ],
)
def test_a_phrase_bends_between_its_words(phrase: str, text: str) -> None:
    assert speaks(text, phrase)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("acme road", "I love Acme. Road works ahead"),
        ("acme road", "acmeroad"),
        ("acme road", "road acme"),
        ("acme road", "acme roads"),
        ("acme road", "pacme road"),
        ("acme road", "acme @road"),
        ("booking.com", "booking com"),
        ("H&M", "hm"),
    ],
)
def test_a_phrase_does_not_bend_further(phrase: str, text: str) -> None:
    assert not speaks(text, phrase)


@pytest.mark.parametrize(
    "text", ["McDonald's", "McDonald’s", "McDonalds", "McDonalds' fries", "MCDONALD'S"]
)
@pytest.mark.parametrize("word", ["McDonald's", "mcdonalds", "McDonald’s"])
def test_an_apostrophe_may_be_left_out_or_put_in(word: str, text: str) -> None:
    assert speaks(text, word)


@pytest.mark.parametrize(
    ("word", "text", "is_found"),
    [
        ("Yahoo!", "yahoo is down", True),
        ("C++", "c++ again", True),
        ("C++", "c again", False),
        (".NET", "my .net app", True),
        (".NET", "the net", False),
        ("C#", "c# again", True),
        ("🔥", "so🔥hot", True),
        ("'", "it's", True),
        ("...", "well... no", True),
        ("Acme Inc.", "acme inc", True),
    ],
)
def test_signs_that_make_the_name_are_kept(word: str, text: str, is_found: bool) -> None:
    assert speaks(text, word) is is_found


@pytest.mark.parametrize(
    "text",
    [
        "@acme help",
        "hey @ACME!",
        "@acme@server.social help",
        ".@acme help",
        "Great.@acme help",
        "https://site.social/@acme",
        "@acme.",
        "＠acme",
        "こんにちは@acme",
        "@acme-",
    ],
)
@pytest.mark.parametrize("handle", ["@acme", "acme", "@Acme"])
def test_a_handle_is_found_on_every_server(handle: str, text: str) -> None:
    assert matched(text, handles=(handle,)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "@acme_fan",
        "@acmefan",
        "info@acme.com",
        "@acme.fan",
        "@acme-fan",
        "acme",
        "#acme",
        "me@acme",
    ],
)
def test_a_handle_is_not_another_persons(text: str) -> None:
    assert matched(text, handles=("@acme",)) is None


def test_a_federated_handle_means_that_server_alone() -> None:
    assert matched("@acme@here.social", handles=("@acme@here.social",)) is not None
    assert matched("@acme@there.social", handles=("@acme@here.social",)) is None


@pytest.mark.parametrize("hashtag", ["#acme", "acme", "#Acme"])
@pytest.mark.parametrize("text", ["#acme", "so #ACME.", "(#acme)", "#acme-gate", "最悪#acme"])
def test_a_hashtag_is_found_with_or_without_its_sign(hashtag: str, text: str) -> None:
    assert matched(text, hashtags=(hashtag,)) is not None


@pytest.mark.parametrize(
    "text", ["#acmefail", "#acme_fail", "acme", "@acme", "page#acme", "x.org/#acme", "#acmeが"]
)
def test_a_hashtag_is_exactly_that_tag(text: str) -> None:
    assert matched(text, hashtags=("#acme",)) is None


@pytest.mark.parametrize("empty", ["@", "#", "", "  ", "\u200b", "¯", "\ud800"])
def test_a_spelling_without_anything_in_it_matches_nothing(empty: str) -> None:
    assert matched("a @ b # c", words=(empty, "acme"), handles=("@",), hashtags=("#",)) is None


# ---------------------------------------------------------------- what is said of a match
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme", "Acme"),
        ("#acme", "#acme"),
        ("@acme", "@acme"),
        ("ask @acme about #acme", "@acme, #acme"),
        ("#acme, @acme, acme", "#acme, @acme"),
        ("acme acme corp acme", "Acme"),
    ],
)
def test_the_terms_are_named_as_configured_in_text_order(text: str, said: str) -> None:
    brand = {"words": ("Acme",), "handles": ("acme",), "hashtags": ("#acme",)}
    assert matched(text, **brand) == said


def test_at_most_a_few_terms_are_named() -> None:
    assert matched("e d c b a", words=("a", "b", "c", "d", "e")) == "e, d, c"


def test_a_longer_term_speaks_for_the_ones_inside_it() -> None:
    assert matched("the acme road works", words=("acme", "acme road works")) == "acme road works"


# ---------------------------------------------------------------- groups and exclusions
GROUP = Group(any=("refund", "broken"), all=("acme",), none=("road",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme refund", "acme + refund"),
        ("refund me, acme", "acme + refund"),
        ("broken acme, refund", "acme + broken"),
        ("acme", None),
        ("refund", None),
        ("acme refund road", None),
    ],
)
def test_a_group_wants_any_and_all_and_none(text: str, said: str | None) -> None:
    assert matched(text, groups=(GROUP,)) == said


def test_a_group_may_hold_handles_and_hashtags() -> None:
    group = Group(all=("@acme", "#fail"))
    assert matched("@acme #fail", groups=(group,)) == "@acme + #fail"
    assert matched("acme fail", groups=(group,)) is None


def test_an_excluded_phrase_drops_the_post() -> None:
    brand = {"words": ("acme",), "handles": ("@acme",), "exclude": ("acme road",)}
    assert matched("@acme at Acme  Road", **brand) is None
    assert matched("@acme on the road", **brand) == "@acme"


def test_an_excluded_term_alone_is_no_match() -> None:
    assert matched("acme road", words=("other",), exclude=("acme road",)) is None


# ---------------------------------------------------------------- several brands
BRANDS = [
    Brand(name="Acme", words=("acme",)),
    Brand(name="Bolt", words=("bolt", "acme"), exclude=("nut",)),
]


def test_one_post_may_speak_of_several_brands() -> None:
    assert Matcher(BRANDS).match("acme bolt") == (
        Match(brand="Acme", matched="acme"),
        Match(brand="Bolt", matched="acme, bolt"),
    )


def test_only_the_brands_asked_for_count() -> None:
    assert [m.brand for m in Matcher(BRANDS).match("acme bolt", {"Bolt"})] == ["Bolt"]
    assert Matcher(BRANDS).match("acme bolt", ()) == ()


def test_an_exclusion_concerns_its_own_brand() -> None:
    assert [m.brand for m in Matcher(BRANDS).match("acme nut")] == ["Acme"]


def test_no_brands_match_nothing() -> None:
    assert Matcher([]).match("acme") == ()


# ---------------------------------------------------------------- cost
def test_hostile_repetition_takes_no_time() -> None:
    words = ("acme road", "coca-cola", "a b c", "refund* now")
    matcher = Matcher([Brand(name="B", words=words, handles=("@x",))])
    hostile = (
        "acme " * 20_000,
        "coca" * 25_000,
        "a b " * 25_000,
        "refund" * 16_000,
        "_" * 100_000 + "acme road@x",
    )
    began = time.process_time()
    for text in hostile:
        matcher.match(text)
    assert time.process_time() - began < 5


def test_five_thousand_brands_are_cheap() -> None:
    brands = [
        Brand(name=f"b{n}", words=(f"brand{n}", f"maker {n} of things"), handles=(f"h{n}",))
        for n in range(5_000)
    ]
    began = time.process_time()
    matcher = Matcher(brands)
    for _ in range(200):
        matcher.match("nothing to see here, the weather is lovely and brand 12 is not brand12x")
    assert time.process_time() - began < 5
    assert matcher.match("I hate brand4999") == (Match(brand="b4999", matched="brand4999"),)


# ---------------------------------------------------------------- words that go on
@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("refund*", "no REFUNDS at Acme"),
        ("refund*", "refund"),
        ("върн*", "върнете ми парите"),
        ("wait* hour*", "we waited for nothing, waiting hours"),
        ("still wait*", "still waiting"),
        ("lost* parcel", "lost_ parcel"),
        ("refund***", "refunded"),
    ],
)
def test_a_star_at_the_end_of_a_word_lets_it_go_on(word: str, text: str) -> None:
    assert matched(text, words=(word,)) == word


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("refund*", "prerefund"),
        ("wait* hour", "waited hours"),
        ("wait hour*", "waited hours"),
        ("m*a*s*h", "mash"),
        ("m*a*s*h", "m*a*s*ha"),
        ("*", "Acme"),
        ("@acme*", "@acmefan"),
    ],
)
def test_a_star_anywhere_else_is_a_sign_like_any_other(word: str, text: str) -> None:
    assert not speaks(text, word)


def test_a_star_is_found_where_it_is_meant() -> None:
    assert speaks("I love M*A*S*H!", "m*a*s*h")
