"""What asks for a certain answer is recognised, and what only looks like it is not."""

import re
from collections import Counter
from pathlib import Path

import pytest

from emberwatch.core.read.phrases import Phrases, sections, spaced, spelled_out
from emberwatch.core.read.signs import (
    LANGUAGES,
    VENTING_FROM,
    amounts,
    read_signs,
    tables_for,
)
from emberwatch.model.sign import Amount, Sign, SignKind, Threat

FOLDER = Path(__file__).parent / "sign_sentences"
ANGER = {SignKind.VENTING: 0.9}


def sentences() -> list[tuple[str, SignKind, bool, str]]:
    """Return (language, sign, whether it bears the sign, sentence) of every table."""
    found = []
    for language in LANGUAGES:
        kind, bears = SignKind.ABUSE, True
        for line in (FOLDER / f"{language}.txt").read_text().splitlines():
            if heading := re.fullmatch(r"\[(\w+) ([+-])\]", line):
                kind, bears = SignKind(heading[1]), heading[2] == "+"
            elif line and not line.startswith("#"):
                found.append((language, kind, bears, line))
    return found


def kinds(text: str, language: str | None = "en", anger: float | None = None) -> set[SignKind]:
    return {sign.kind for sign in read_signs(text, language, anger)}


def the(kind: SignKind, text: str, language: str | None = "en") -> Sign:
    (sign,) = (sign for sign in read_signs(text, language, None) if sign.kind is kind)
    return sign


@pytest.mark.advice("A10", "A11", "A12", "A17")
@pytest.mark.parametrize(("language", "kind", "bears", "text"), sentences())
def test_a_sentence_bears_the_sign_or_not(
    language: str, kind: SignKind, bears: bool, text: str
) -> None:
    assert (kind in kinds(text, language, ANGER.get(kind))) is bears


def test_every_sign_has_twenty_sentences_of_each_kind_in_every_language() -> None:
    counts = Counter((language, kind, bears) for language, kind, bears, _ in sentences())
    assert set(counts) == {
        (language, kind, bears)
        for language in LANGUAGES
        for kind in SignKind
        for bears in (True, False)
    }
    assert min(counts.values()) >= 20


# ---------------------------------------------------------------- what a sign says
def test_a_sign_names_the_words_that_it_was_recognised_by() -> None:
    text = "See you in COURT, Acme. My lawyer is on it, and I'm going to the press"
    sign = the(SignKind.THREAT, text)
    assert sign.words == ("see you in court", "my lawyer is", "i'm going to the press")
    assert sign.threats == (Threat.LEGAL, Threat.PRESS)


@pytest.mark.parametrize(
    ("text", "threat"),
    [
        ("I'll sue you", Threat.LEGAL),
        ("I will call the media", Threat.PRESS),
        ("reporting this to the ombudsman", Threat.REGULATOR),
        ("I know where you live", Threat.SAFETY),
    ],
)
def test_a_threat_says_with_what(text: str, threat: Threat) -> None:
    assert the(SignKind.THREAT, text).threats == (threat,)


def test_words_inside_longer_words_that_were_found_are_not_named_again() -> None:
    assert the(SignKind.MONEY, "I was charged twice, they charged me twice").words == (
        "i was charged",
        "charged me twice",
    )


def test_few_words_are_named_of_a_long_complaint() -> None:
    text = "refund! reimbursement! chargeback! my money back! owe me! my deposit! overcharged me!"
    assert len(the(SignKind.MONEY, text).words) == 5


def test_signs_come_in_one_order() -> None:
    text = "My refund! I'll sue you, you idiots"
    assert [sign.kind for sign in read_signs(text, "en", 0.9)] == [
        SignKind.ABUSE,
        SignKind.THREAT,
        SignKind.MONEY,
    ]


def test_a_text_without_signs_has_none() -> None:
    assert read_signs("Acme opens at nine", "en", 0.1) == ()
    assert read_signs("", None, None) == ()


@pytest.mark.parametrize(
    "text", ["@fuck_you_all has a new phone", "see https://acme.example/refund-my-money-back"]
)
def test_handles_and_addresses_bear_no_sign(text: str) -> None:
    assert read_signs(text, "en", None) == ()


def test_a_threat_far_down_in_an_endless_text_is_not_looked_for() -> None:
    assert kinds("word " * 2_000 + "I'll sue you") == set()


# ---------------------------------------------------------------- quotations
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ('The judge said "see you in court" in that show', "en"),
        ("Сосед крикнул «подам на вас в суд» и ушёл домой", "ru"),
        ("Някой викна „идиоти такива“ и излезе от магазина", "bg"),
        ("He wrote “you are an idiot” to the poor driver", "en"),
    ],
)
def test_what_somebody_else_said_is_no_sign(text: str, language: str) -> None:
    assert kinds(text, language) == set()


@pytest.mark.parametrize(
    "text",
    [
        '"See you in court"',
        'He said "see you in court", and I say it too: see you in court',
        'Your "support team" will hear from my lawyer',
        'Your driver told me "I will kill you" at the door',
    ],
)
def test_a_threat_beside_a_quotation_or_of_violence_stays(text: str) -> None:
    assert kinds(text) == {SignKind.THREAT}


def test_money_that_is_quoted_is_still_about_money() -> None:
    assert kinds('They wrote "no refund for you" and hung up') == {SignKind.MONEY}


# ---------------------------------------------------------------- venting
@pytest.mark.parametrize(
    ("anger", "is_venting"),
    [(VENTING_FROM, True), (VENTING_FROM - 0.01, False), (None, False)],
)
def test_venting_needs_high_anger(anger: float | None, is_venting: bool) -> None:
    assert (SignKind.VENTING in kinds("worst company ever", "en", anger)) is is_venting


def test_who_wants_money_is_not_only_venting() -> None:
    assert kinds("worst company ever, no refund", "en", 0.9) == {SignKind.MONEY}


def test_who_threatens_without_asking_is_venting_too() -> None:
    assert kinds("I'll sue you", "en", 0.9) == {SignKind.THREAT, SignKind.VENTING}


# ---------------------------------------------------------------- which tables
@pytest.mark.parametrize(
    ("language", "tables"),
    [
        ("en", ("en",)),
        ("bg", ("bg", "en")),
        ("en-GB", ("en",)),
        ("RU", ("ru", "en")),
        ("de", LANGUAGES),
        (None, LANGUAGES),
    ],
)
def test_a_post_is_read_by_the_tables_of_its_language(
    language: str | None, tables: tuple[str, ...]
) -> None:
    assert tables_for(language) == tables


def test_english_is_mixed_into_other_languages() -> None:
    assert kinds("Парите не са върнати, see you in court", "bg") == {
        SignKind.MONEY,
        SignKind.THREAT,
    }


def test_a_post_of_unknown_language_is_read_by_every_table() -> None:
    assert kinds("Grazinkit pinigus", None) == {SignKind.MONEY}


# ---------------------------------------------------------------- sums and lengths of time
@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("$120.50", 120.5, "USD"),
        ("120 dollars", 120, "USD"),
        ("£1,200.99", 1200.99, "GBP"),
        ("€45", 45, "EUR"),
        ("1.200,50 €", 1200.5, "EUR"),
        ("1 200 евро", 1200, "EUR"),
        ("300 eurų", 300, "EUR"),
        ("2 tūkst. eurų", 2000, "EUR"),
        ("3 000 рублей", 3000, "RUB"),
        ("20 тыс. руб.", 20_000, "RUB"),
        ("500₽", 500, "RUB"),
        ("120 лв.", 120, "BGN"),
        ("2 хил. лева", 2000, "BGN"),
        ("Rp 1.500.000", 1_500_000, "IDR"),
        ("Rp500rb", 500_000, "IDR"),
        ("2 juta rupiah", 2_000_000, "IDR"),
        ("$2k", 2000, "USD"),
    ],
)
def test_a_sum_is_read_as_people_write_it(text: str, value: float, currency: str) -> None:
    assert amounts(f"Acme took {text} from me") == (Amount(value=value, currency=currency),)


@pytest.mark.parametrize("text", ["45 days", "flight 1234", "a $ sign", "12 points"])
def test_other_numbers_are_no_sums(text: str) -> None:
    assert amounts(text) == ()


def test_a_sum_is_named_once_and_few_are_kept() -> None:
    assert len(amounts("$5 and $5")) == 1
    assert len(amounts(" ".join(f"${n}" for n in range(1, 50)))) == 5


@pytest.mark.parametrize(
    ("text", "language", "days"),
    [
        ("my refund, 45 days", "en", 45),
        ("my refund, forty-five days", "en", 45),
        ("my refund, two weeks", "en", 14),
        ("waiting for a month for my refund", "en", 30),
        ("my refund, 12hrs", "en", 0.5),
        ("Где мой возврат, 45 дней", "ru", 45),
        ("Где мой возврат, две недели", "ru", 14),
        ("Где мой возврат, уже полгода", "ru", 180),
        ("Искам си парите, три месеца", "bg", 90),
        ("Искам си парите, половин година", "bg", 180),
        ("Mana refund saya, 45 hari", "id", 45),
        ("Mana refund saya, sudah seminggu", "id", 7),
        ("Grąžinkit pinigus, 45 dienos", "lt", 45),
        ("Grąžinkit pinigus, jau du mėnesiai", "lt", 60),
    ],
)
def test_a_length_of_time_is_read_in_days(text: str, language: str, days: float) -> None:
    assert the(SignKind.MONEY, text, language).days == (pytest.approx(days, abs=0.01),)


def test_the_longest_time_comes_first_and_the_absurd_is_left_out() -> None:
    sign = the(SignKind.MONEY, "my refund: 3 days, 2 weeks, 99999 years", "en")
    assert sign.days == (14, 3)


def test_sums_and_times_belong_to_money_alone() -> None:
    sign = the(SignKind.THREAT, "I'll sue you for $500, 45 days")
    assert (sign.amounts, sign.days) == ((), ())


# ---------------------------------------------------------------- phrases
def found(table: str, text: str) -> list[tuple[str, str]]:
    hits = Phrases([sections(table)]).find(spaced(text))
    return [(hit.section, hit.phrase) for hit in hits]


@pytest.mark.parametrize(
    ("template", "text", "phrase"),
    [
        ("see you", "See  YOU!", "see you"),
        ("(see|meet) you", "we meet you", "meet you"),
        ("(so|) long", "long", "long"),
        ("(so|) long", "so long", "so long"),
        ("very (so|) (much|) fun", "very fun", "very fun"),
        ("very (so|) (much|) fun", "very so much fun", "very so much fun"),
        ("take it (all|) (now|)", "take it", "take it"),
        ("take it (all|) (now|)", "take it all", "take it all"),
        ("take it (all|) (now|)", "take it now", "take it now"),
        ("(go (away|home)|stay) here", "go home here", "go home here"),
        ("refund(s|ed|)", "refund", "refund"),
        ("refund(s|ed|)", "refunded", "refunded"),
        ("(un|)happy day", "unhappy day", "unhappy day"),
        ("law* said", "the lawyers said", "lawyers said"),
        ("took * from", "took everything from", "took everything from"),
        ("really ?", "Really?!", "really ?"),
        ("i'll", "I’ll", "i'll"),
        ("grąžinkit", "grazinkit", "grazinkit"),
        ("stupid", "stuuuupid", "stupid"),
    ],
)
def test_a_template_fits(template: str, text: str, phrase: str) -> None:
    assert found(f"[a]\n{template}", text) == [("a", phrase)]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("see you", "see yours"),
        ("see you", "I see. You go"),
        ("(so|) long", "longer"),
        ("refund(s|ed|)", "refunding"),
        ("took * from", "took all of it from"),
    ],
)
def test_a_template_does_not_fit(template: str, text: str) -> None:
    assert found(f"[a]\n{template}", text) == []


def test_a_void_phrase_hides_what_it_covers_and_nothing_else() -> None:
    table = "[a]\nkill\nbomb\n[a.not]\nkill for a burger\n[b]\nkill"
    assert found(table, "kill for a burger") == [("b", "kill")]
    assert found(table, "kill it") == [("a", "kill"), ("b", "kill")]
    assert found(table, "a bomb, kill for a burger") == [("a", "bomb"), ("b", "kill")]


def test_names_stand_for_choices_and_remarks_for_nothing() -> None:
    table = "# a remark\nwho = you|they\nall = <who>|we\n\n[a]  # another\n<all> lie"
    assert found(table, "they lie, we lie") == [("a", "they lie"), ("a", "we lie")]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("lost phrase", "line 1: a phrase before the first section"),
        ("[a]\n<nobody> lies", "line 2: nothing is called <nobody>"),
        ("[a]\n(one|two", "line 2: a choice is not closed"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(table: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        sections(table)


def test_a_template_can_be_spelled_out() -> None:
    assert spelled_out("(a|b) (c|) d") == ["a c d", "a d", "b c d", "b d"]
