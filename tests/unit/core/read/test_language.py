"""Which language a post is taken to be in."""

import time
from collections.abc import Collection

import pytest

from emberwatch.core.read.language import (
    SURE,
    UNKNOWN,
    Language,
    Script,
    identify,
    primary_tag,
    script_of,
    words_only,
)


class Guesser:
    """Answers what it was told to, and remembers what it was asked."""

    def __init__(self, tag: str = "xx", probability: float = 0.0) -> None:
        self.answer = (tag, probability)
        self.asked: list[str] = []
        self.expected: list[set[str]] = []

    def __call__(self, words: str, expected: Collection[str]) -> tuple[str, float]:
        self.asked.append(words)
        self.expected.append(set(expected))
        return self.answer


def tag_of(text: str, claimed: str | None = None, *, expected: tuple[str, ...] = ()) -> str | None:
    return identify(text, claimed, expected, Guesser()).tag


# ---------------------------------------------------------------- the site's tag
@pytest.mark.parametrize(
    ("tag", "primary"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt-BR", "pt"),
        ("zh_Hant", "zh"),
        (" de ", "de"),
        ("in", "id"),
        ("iw", "he"),
        ("nb-NO", "no"),
        ("fil", "tl"),
        ("rus", "ru"),
        ("BUL", "bg"),
        ("ger", "de"),
        ("deu-AT", "de"),
        ("lit", "lt"),
        ("ua", "uk"),
        ("jp", "ja"),
        ("yue", "yue"),
        ("und", None),
        ("zxx", None),
        ("qme", None),
        ("", None),
        (None, None),
        ("english", None),
        ("e", None),
        ("12", None),
        ("\x00", None),
    ],
)
def test_a_tag_is_reduced_to_its_language(tag: str | None, primary: str | None) -> None:
    assert primary_tag(tag) == primary


def test_the_sites_tag_is_believed_without_asking() -> None:
    guesser = Guesser()
    assert identify("Wo ist mein Paket?", "de-AT", (), guesser).tag == "de"
    assert guesser.asked == []


@pytest.mark.parametrize(
    ("text", "claimed", "tag"),
    [
        ("Где моя посылка, это ужас", "en", "ru"),
        ("where is my parcel and what are you doing", "ru", "en"),
        ("пратката ми я няма още, това е ужас", "de", "bg"),
        ("荷物が届かない", "en", "ja"),
        ("包裹没有到", "ja", "ja"),
        ("包裹没有到", "en", "zh"),
        ("Gde je paket", "sr", "sr"),
        ("Где је пакет", "sr", "sr"),
        ("bakwas service hai", "hi", "hi"),
        ("Где је пакет", "xq", None),
    ],
)
def test_a_tag_that_the_script_contradicts_is_not_believed(
    text: str, claimed: str, tag: str | None
) -> None:
    assert tag_of(text, claimed) == tag


# ---------------------------------------------------------------- the script
@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("배송이 너무 늦어요", "ko"),
        ("荷物が届かない", "ja"),
        ("ニモツ", "ja"),
        ("包裹没有到", "zh"),
        ("พัสดุไม่มา", "th"),
        ("Πού είναι το πακέτο μου", "el"),
        ("איפה החבילה שלי", "he"),
        ("Որտեղ է իմ փաթեթը", "hy"),
        ("სად არის ჩემი ამანათი", "ka"),
        ("আমার পার্সেল কোথায়", "bn"),
        ("என் பார்சல் எங்கே", "ta"),
        ("ຂອງຂ້ອຍຢູ່ໃສ", "lo"),
        ("ጥቅሌ የት ነው", "am"),
    ],
)
def test_a_script_of_one_language_settles_it(text: str, tag: str) -> None:
    assert tag_of(text) == tag


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", None),
        ("123 !?", None),
        ("😡😡", None),
        ("abc", Script.LATIN),
        ("жабa", Script.CYRILLIC),
        ("Acme は最悪な会社だと思う", Script.KANA),
        ("東京特許許可局の", Script.KANA),
        ("I love 寿司 so much", Script.LATIN),
        ("سلام", Script.ARABIC),
        ("abcжзийк", Script.CYRILLIC),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, script: Script | None) -> None:
    assert script_of(text) is script


# ---------------------------------------------------------------- letters and small words
@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("They have lost my luggage and nobody is answering", "en"),
        ("I don’t know what you're doing", "en"),
        ("Где моя посылка? Это просто ужас", "ru"),
        ("Вы объявили рейс и отменили", "ru"),
        ("Пратката ми я няма вече седмица", "bg"),
        ("Много съм разочарован от тази фирма", "bg"),
        ("Де моя посилка? Це жах, її немає", "uk"),
        ("Дзе мая пасылка? Ён доўга ідзе", "be"),
        ("Где ми је ћебе и пакет", "sr"),
        ("Каде ќе биде пакетот", "mk"),
    ],
)
def test_small_words_and_letters_of_one_language_settle_it(text: str, tag: str) -> None:
    guesser = Guesser()
    assert identify(text, None, (), guesser).tag == tag
    assert guesser.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "Wo ist mein Paket, ich warte seit drei Wochen",
        "acme fail",
        "to jest to, a on to je",
        "the Straßenbahn kommt heute schon wieder viel zu spät an",
        "Он добар",
        "јас сум тука",
        "біз рудыі",
        "Посылка қайда",
        "Туризм",
        "کجاست",
        "मेरा पार्सल कहाँ है",
    ],
)
def test_what_several_languages_share_is_guessed(text: str) -> None:
    guesser = Guesser()
    identify(text, None, (), guesser)
    assert len(guesser.asked) == 1


# ---------------------------------------------------------------- the guess
def test_a_sure_guess_is_believed_and_never_fully() -> None:
    language = identify("Wo ist mein Paket", None, (), Guesser("de", 0.999))
    assert language.tag == "de"
    assert 0.9 < language.confidence < 1


def test_a_guess_gains_trust_with_its_probability() -> None:
    sure = identify("Wo ist mein Paket", None, (), Guesser("de", 0.7))
    less = identify("Wo ist mein Paket", None, (), Guesser("de", 0.4))
    assert sure.confidence > less.confidence > 0.5


UNSURE = SURE - 0.05


@pytest.mark.parametrize(
    ("guessed", "expected", "tag"),
    [
        ("nl", ("en",), "en"),
        ("nl", ("bg", "en"), "en"),
        ("nl", ("nl", "en"), "nl"),
        ("nl", ("lt",), "lt"),
        ("nl", ("lt", "id"), None),
        ("nl", ("bg", "ru"), None),
        ("nl", (), None),
        ("nl", ("EN-gb",), "en"),
        ("id", ("in",), "id"),
    ],
)
def test_an_unsure_latin_text_is_what_the_brand_expects(
    guessed: str, expected: tuple[str, ...], tag: str | None
) -> None:
    language = identify("meh acme", None, expected, Guesser(guessed, UNSURE))
    assert language.tag == tag


def test_a_presumed_language_has_low_confidence() -> None:
    language = identify("meh acme", None, ("en",), Guesser("nl", UNSURE))
    assert 0 < language.confidence < 0.5


@pytest.mark.parametrize(
    ("expected", "tag"), [(("bg", "en"), "bg"), (("ru", "bg"), None), (("en",), None)]
)
def test_an_unsure_cyrillic_text_is_the_one_expected_language_of_that_script(
    expected: tuple[str, ...], tag: str | None
) -> None:
    assert identify("Туризм", None, expected, Guesser("mk", UNSURE)).tag == tag


@pytest.mark.parametrize(
    ("text", "guessed", "expected", "tag"),
    [
        ("pesanan belum sampai", "ms", ("en", "id"), "id"),
        ("пратката пак я няма", "mk", ("bg",), "bg"),
        ("pošiljka još nije stigla", "bs", ("hr-HR",), "hr"),
        # both are expected, or none, or none that is written so: the guess stands
        ("pesanan belum sampai", "ms", ("id", "ms"), "ms"),
        ("pošiljka još nije stigla", "bs", ("hr", "sr"), "bs"),
        ("pesanan belum sampai", "ms", ("en",), "ms"),
        ("пошилька опет није стигла", "sr", ("hr",), "sr"),
        ("el pedido no llega", "es", ("pt",), "es"),
    ],
)
def test_a_guess_gives_way_to_the_one_neighbour_that_is_expected(
    text: str, guessed: str, expected: tuple[str, ...], tag: str
) -> None:
    found = identify(text, None, expected, Guesser(guessed, 0.6))
    assert found == Language(tag=tag, confidence=pytest.approx(0.95, abs=0.05))


def test_a_guess_that_the_script_contradicts_is_not_believed() -> None:
    assert identify("Туризм", None, (), Guesser("en", 0.99)).tag is None


# ---------------------------------------------------------------- mixed scripts
@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Samsung Galaxy Watch Ultra ужасно работает, что за батарея", "ru"),
        ("iPhone 15 Pro Max 충전 안돼요", "ko"),
        ("Acme Support Team ужасно обслужване", "bg"),
    ],
)
def test_latin_names_do_not_outweigh_the_language_around_them(text: str, tag: str) -> None:
    found = identify(text, None, (tag,), lambda *_: (tag, 0.9))
    assert (found.tag, found.confidence <= 0.9) == (tag, True)


@pytest.mark.parametrize("text", ["ั", "\u093e\u093f", "ั ã", "\u0301"])
def test_vowel_signs_without_letters_are_borne(text: str) -> None:
    assert 0 <= identify(text, None, (), Guesser("pt", 0.9)).confidence <= 1


def test_a_foreign_word_does_not_make_a_latin_text_foreign() -> None:
    text = "They wrote that the parcel is in Москва, and nothing came of it"
    found = identify(text, None, (), Guesser())
    assert found.tag == "en"


@pytest.mark.parametrize("claimed", ["ru", None])
def test_nobody_is_quite_sure_of_a_text_in_several_scripts(claimed: str | None) -> None:
    text = "Вчера заказал доставку, customer service просто ужасный"
    pure = identify("Вчера заказал доставку, сервис просто ужасный", claimed, (), Guesser())
    mixed = identify(text, claimed, (), Guesser())
    assert mixed.tag == pure.tag == "ru"
    assert mixed.confidence == 0.9 < pure.confidence


# ---------------------------------------------------------------- what is looked at
@pytest.mark.parametrize(
    "text", ["", " ", "😡🤬", "@acme https://x.org/abc", "1234 !!", "www.x.org", "\ud800", ":)"]
)
def test_a_text_without_words_has_no_language(text: str) -> None:
    guesser = Guesser("en", 1.0)
    assert identify(text, "en", ("en",), guesser) == UNKNOWN == Language(tag=None, confidence=0.0)
    assert guesser.asked == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@acme wo ist https://x.org/en mein #paket 😡?", "wo ist mein ?"),
        ("#worst #acme_fail @acme", "worst acme fail"),
        ("[USERNAME] mana paket", "mana paket"),
        ("RT @a@b.social: jau", "RT : jau"),
    ],
)
def test_names_links_and_emoji_do_not_tell_a_language(text: str, words: str) -> None:
    assert words_only(text) == words


def test_a_huge_text_is_looked_at_in_part() -> None:
    began = time.process_time()
    for hostile in ("ж" * 1_000_000, "a" * 1_000_000, "@" * 1_000_000, "\u3042a" * 500_000):
        tag_of(hostile)
    assert time.process_time() - began < 2


def test_the_identifier_is_told_what_is_expected() -> None:
    guesser = Guesser("lt", 0.9)
    identify("siunta neatejo", None, ("lt", "pt-BR", "eng", "und"), guesser)
    assert guesser.expected == [{"lt", "pt", "en"}]
