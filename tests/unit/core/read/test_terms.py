"""The words of a text as they are counted."""

import pytest

from emberwatch.core.read.terms import pairs_of, parts_words, spellings, stems, words_of


def test_words_are_folded_and_counted_once() -> None:
    assert words_of("Lost, LOST! my bag... my Baaaag") == ("lost", "my", "bag")
    assert words_of("Kada grąžinsite pinigus?") == ("kada", "grazinsite", "pinigus")


def test_addresses_handles_numbers_and_letters_are_no_words() -> None:
    assert words_of("@acme 45 days! x https://a.test/refund see acme.com/help") == ("days", "see")


def test_a_text_without_words_has_none() -> None:
    assert words_of("😡 !!! 123") == ()


def test_only_the_top_of_an_endless_text_is_read() -> None:
    assert "refund" not in words_of("bla " * 1_000 + "refund")


def test_pairs_stand_within_a_sentence() -> None:
    assert pairs_of("on hold. Hold on? on hold") == (("on", "hold"), ("hold", "on"), ("on", "hold"))


def test_a_word_is_shown_as_its_author_wrote_it() -> None:
    assert dict(spellings("Grąžinkite pinigus! @acme #Gėda")) == {
        "grazinkite": "grąžinkite",
        "pinigus": "pinigus",
        "geda": "gėda",
    }


@pytest.mark.parametrize(
    ("words", "stem"),
    [
        ("refund refunds refunded refunding", "refund"),
        ("delay delays delayed", "delay"),
        ("възстановяване възстановяването", "възстановяване"),
        ("поръчка поръчки поръчката", "поръчка"),
        ("возврат возврата возвратом", "возврат"),
        ("pinigai pinigus pinigų", "pinigai"),
        ("pesanan pesanannya", "pesanan"),
    ],
)
def test_endings_of_one_word_are_one(words: str, stem: str) -> None:
    found = stems(words.split())
    assert set(found) == set(words.split())
    assert len(set(found.values())) == 1
    assert min(words.split(), key=lambda each: (len(each), each)) in found.values()


@pytest.mark.parametrize(
    "words",
    ["refund refuse", "service servers", "mengembalikan mengecewakan", "bag bags", "hold phone"],
)
def test_words_that_only_begin_alike_are_two(words: str) -> None:
    assert len(set(stems(words.split()).values())) == 2


def test_the_order_of_the_words_does_not_matter() -> None:
    words = ["cancel", "cancelled", "cancels", "refunds", "refund", "flights", "flight"]
    assert stems(words) == stems(reversed(words))


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("Acme lost my parcel", True),
        ("Acme потеряла посылку", True),
        ("에크미가 소포를 잃어버렸어요", True),
        ("Acme 荷物 lost again, thanks for nothing", True),
        ("Acmeの荷物がまた届かない、電話も出ない", False),
        ("Acme 的包裹又丢了，客服电话没人接", False),
        ("พัสดุของ Acme หายอีกแล้ว", False),
        ("😡😡 12:30", True),
        ("", True),
    ],
)
def test_a_text_parts_its_words_or_does_not(text: str, parted: bool) -> None:
    assert parts_words(text) is parted
