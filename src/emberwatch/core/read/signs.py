"""Recognises what asks for a certain answer, by words: rather missed than wrong."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from emberwatch.core.read.phrases import Hit, Phrases, sections, spaced, spelled_out
from emberwatch.core.read.text import fold, without_addresses
from emberwatch.model.sign import Amount, Sign, SignKind, Threat

LANGUAGES = ("en", "bg", "ru", "id", "lt")
"""The languages that have a table in `sign_words`."""

VENTING_FROM = 0.5
"""Anger 0..1 from which a post that asks for nothing is venting."""

LONGEST = 4_000
"""Characters of a post that are looked at."""

MOST_WORDS = 5
MOST_AMOUNTS = 5
MOST_DAYS = 3_650

_QUOTED = re.compile('["«„“][^"«»„“”\n]{1,300}["»“”]')
_QUOTABLE = ("abuse", "threat.legal", "threat.press", "threat.regulator")
_FEWEST_OWN_WORDS = 3
"""Words outside quotation marks below which a post quotes nobody but itself."""

_REQUEST = "request"
_MONEY = "money"
_NUMBERS = "number."
_UNITS = "unit."
_LENGTHS = "length."


@lru_cache(maxsize=len(LANGUAGES))
def _table(language: str) -> dict[str, tuple[str, ...]]:
    path = files("emberwatch.core.read") / "sign_words" / f"{language}.txt"
    return sections(path.read_text(encoding="utf-8"))


def tables_for(language: str | None) -> tuple[str, ...]:
    """Return the tables that a post is read by.

    English is mixed into every language; a language without a table, or unknown, is read by all.
    """
    tag = (language or "").lower().partition("-")[0]
    return tuple(dict.fromkeys((tag, "en"))) if tag in LANGUAGES else LANGUAGES


def read_signs(text: str, language: str | None, anger: float | None) -> tuple[Sign, ...]:
    """Return the signs of a post, in the order of `SignKind`; pure.

    `anger` is the scorer's, None where it could not judge: then nothing is taken for venting.
    """
    tables = tables_for(language)
    # some letters fold into a sentence of their own: what is looked at stays as short
    text = without_addresses(fold(text[:LONGEST])[:LONGEST])
    read = spaced(text)
    phrases = _phrases(tables)
    hits = _own(phrases.find(read), phrases, text)
    abuse = [hit for hit in hits if hit.section == SignKind.ABUSE]
    money = [hit for hit in hits if hit.section == _MONEY]
    threats = [hit for hit in hits if hit.section.startswith("threat.")]
    signs = []
    if abuse:
        signs.append(Sign(kind=SignKind.ABUSE, words=_words(abuse)))
    if threats:
        seen = {hit.section.removeprefix("threat.") for hit in threats}
        signs.append(
            Sign(
                kind=SignKind.THREAT,
                words=_words(threats),
                threats=tuple(threat for threat in Threat if threat in seen),
            )
        )
    if money:
        signs.append(
            Sign(
                kind=SignKind.MONEY,
                words=_words(money),
                amounts=amounts(text),
                days=_days(read, tables),
            )
        )
    is_request = bool(money) or any(hit.section == _REQUEST for hit in hits)
    if anger is not None and anger >= VENTING_FROM and not is_request:
        signs.append(Sign(kind=SignKind.VENTING))
    return tuple(signs)


def _own(hits: list[Hit], phrases: Phrases, text: str) -> list[Hit]:
    """Return the hits without the insults and threats that the author only quotes.

    A threat of violence stays: it matters whoever uttered it.
    """
    quotes = _QUOTED.findall(text) if hits else []
    if not quotes or len(spaced(_QUOTED.sub(" ", text)).split()) < _FEWEST_OWN_WORDS:
        return hits
    quoted = Counter((hit.section, hit.phrase) for hit in phrases.find(spaced("\n".join(quotes))))
    own = []
    for hit in hits:
        is_quoted = hit.section in _QUOTABLE and quoted[hit.section, hit.phrase] > 0
        if is_quoted:
            quoted[hit.section, hit.phrase] -= 1
        else:
            own.append(hit)
    return own


@lru_cache(maxsize=8)
def _phrases(tables: tuple[str, ...]) -> Phrases:
    recognised = ("abuse", "threat.", _MONEY, _REQUEST)
    return Phrases(
        [
            {name: words for name, words in _table(tag).items() if name.startswith(recognised)}
            for tag in tables
        ]
    )


def _words(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the phrases in text order, without those that stand inside another."""
    words: dict[str, None] = {}
    covered = 0
    for hit in hits:
        if hit.end > covered:
            covered = hit.end
            words[hit.phrase] = None
    return tuple(words)[:MOST_WORDS]


# ---------------------------------------------------------------- lengths of time
@lru_cache(maxsize=8)
def _length_pattern(tables: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, float]]:
    """Return what a named length looks like in a spaced text, and what each word is worth."""
    worth: dict[str, float] = {}
    kinds: dict[str, list[str]] = {_NUMBERS: [], _UNITS: [], _LENGTHS: []}
    for tag in tables:
        for name, phrases in _table(tag).items():
            for kind, found in kinds.items():
                if name.startswith(kind):
                    said = [
                        spaced(phrase).strip()
                        for template in phrases
                        for phrase in spelled_out(template)
                    ]
                    found += said
                    value = float(name.removeprefix(kind).replace("_", "."))
                    worth |= dict.fromkeys((f"{kind}{each}" for each in said), value)
    number, unit, length = (
        "|".join(sorted(map(re.escape, found), key=len, reverse=True)) for found in kinds.values()
    )
    pattern = re.compile(rf" (?:(\d{{1,5}}|{number}) ?({unit})|({length}))(?= )")
    return pattern, worth


def _days(read: str, tables: tuple[str, ...]) -> tuple[float, ...]:
    """Return the lengths of time that a spaced text names, in days, longest first."""
    pattern, worth = _length_pattern(tables)
    found: dict[float, None] = {}
    for number, unit, length in pattern.findall(read):
        if length:
            days = worth[_LENGTHS + length]
        else:
            count = float(number) if number.isdecimal() else worth[_NUMBERS + number]
            days = count * worth[_UNITS + unit]
        if days <= MOST_DAYS:
            found[round(days, 2)] = None
    return tuple(sorted(found, reverse=True))[:MOST_AMOUNTS]


# ---------------------------------------------------------------- sums of money
_CURRENCIES = {
    "USD": r"\$|usd|us\$|dollars?|bucks",
    "EUR": r"€|eur|euros?|eur[ųuaąoi]\w*|евро",
    "GBP": r"£|gbp|pounds|quid",
    "RUB": r"₽|rub|руб(?:л\w*)?\.?|р\.",
    "BGN": r"bgn|лв\.?|лева|лев",
    "IDR": r"rp\.?|idr|rupiah|perak",
}
_MULTIPLES = {
    1_000.0: r"k|тыс(?:яч\w*|\.)?|хил(?:яди|\.)?|t[ūu]kst(?:\w*|\.)?|ribu|rb|thousand",
    1_000_000.0: r"million|mln|млн\.?|milijon\w*|juta|jt",
}
_NUMBER = r"\d{1,3}(?:[ .,']\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?!\d)"
_CENTS = re.compile(r"[.,](\d{1,2})\Z")
_CURRENCY = "|".join(_CURRENCIES.values())
_MULTIPLE = "|".join(_MULTIPLES.values())
_AMOUNT = re.compile(
    rf"(?<!\w)({_CURRENCY})\s?({_NUMBER})(?:\s?({_MULTIPLE})(?!\w))?"
    rf"|(?<![\w.,])({_NUMBER})\s?(?:({_MULTIPLE})\s?)?({_CURRENCY})(?!\w)"
)


def amounts(text: str) -> tuple[Amount, ...]:
    """Return the sums of money that a text names, in its order, each once; at most a few."""
    found: dict[Amount, None] = {}
    for match in _AMOUNT.finditer(fold(text)):
        before, one, some, other, others, after = match.groups()
        value = _value(one or other) * _multiple(some or others)
        found[Amount(value=value, currency=_code(before or after))] = None
    return tuple(found)[:MOST_AMOUNTS]


def _value(digits: str) -> float:
    """Read a number whatever its writer parts thousands and cents with.

    Three digits after a mark are thousands, one or two are cents.
    """
    cents = _CENTS.search(digits)
    whole = digits[: cents.start()] if cents else digits
    return float(re.sub(r"\D", "", whole) + (f".{cents[1]}" if cents else ""))


def _multiple(word: str | None) -> float:
    if word is None:
        return 1.0
    return next(times for times, said in _MULTIPLES.items() if re.fullmatch(said, word))


def _code(word: str) -> str:
    return next(code for code, said in _CURRENCIES.items() if re.fullmatch(said, word))
