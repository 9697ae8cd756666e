"""Which language a post is written in: the site's tag, then the script, then a small guess."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

READ = 1_000
"""Characters that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A BCP 47 primary tag, None where nobody can tell, and how sure we are of it, 0..1."""

    tag: str | None
    confidence: float


UNKNOWN = Language(tag=None, confidence=0.0)

Guess = Callable[[str, Collection[str]], tuple[str, float]]
"""A small identifier: the likeliest tag of a wordy text, and its probability 0..1.

It is told the primary tags that are expected.
"""


class Script(StrEnum):
    """How a text is written."""

    LATIN = "latin"
    CYRILLIC = "cyrillic"
    ARABIC = "arabic"
    DEVANAGARI = "devanagari"
    HEBREW = "hebrew"
    GREEK = "greek"
    KANA = "kana"
    HAN = "han"
    HANGUL = "hangul"
    THAI = "thai"
    ARMENIAN = "armenian"
    GEORGIAN = "georgian"
    BENGALI = "bengali"
    GURMUKHI = "gurmukhi"
    GUJARATI = "gujarati"
    ODIA = "odia"
    TAMIL = "tamil"
    TELUGU = "telugu"
    KANNADA = "kannada"
    MALAYALAM = "malayalam"
    SINHALA = "sinhala"
    LAO = "lao"
    TIBETAN = "tibetan"
    MYANMAR = "myanmar"
    KHMER = "khmer"
    ETHIOPIC = "ethiopic"


def _words(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_RANGES = {
    Script.LATIN: "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    Script.CYRILLIC: "\u0400-\u052f\u1c80-\u1c8f\ua640-\ua69f",
    Script.ARABIC: "\u0620-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ef\u06fa-\u06ff\u0750-\u077f"
    "\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    Script.DEVANAGARI: "\u0900-\u097f",
    Script.HEBREW: "\u05d0-\u05ea\ufb1d-\ufb4f",
    Script.GREEK: "\u0370-\u03ff\u1f00-\u1fff",
    Script.KANA: "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d",
    Script.HAN: "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    Script.HANGUL: "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    Script.THAI: "\u0e01-\u0e3a\u0e40-\u0e4e",
    Script.ARMENIAN: "\u0531-\u0587",
    Script.GEORGIAN: "\u10a0-\u10ff\u1c90-\u1cbf",
    Script.BENGALI: "\u0980-\u09ff",
    Script.GURMUKHI: "\u0a00-\u0a7f",
    Script.GUJARATI: "\u0a80-\u0aff",
    Script.ODIA: "\u0b00-\u0b7f",
    Script.TAMIL: "\u0b80-\u0bff",
    Script.TELUGU: "\u0c00-\u0c7f",
    Script.KANNADA: "\u0c80-\u0cff",
    Script.MALAYALAM: "\u0d00-\u0d7f",
    Script.SINHALA: "\u0d80-\u0dff",
    Script.LAO: "\u0e80-\u0eff",
    Script.TIBETAN: "\u0f00-\u0fff",
    Script.MYANMAR: "\u1000-\u109f",
    Script.KHMER: "\u1780-\u17ff",
    Script.ETHIOPIC: "\u1200-\u137f",
}
_RUNS = tuple((script, re.compile(f"[{ranges}]+")) for script, ranges in _RANGES.items())
_BASIC_LETTER = re.compile("[A-Za-z]")
_LETTERS = re.compile(r"[^\W\d_]+")

LATIN_WEIGHS_LESS = 4
"""A fifth of the letters in another script outweighs Latin ones."""
_WEIGHTS = {Script.LATIN: 1 / LATIN_WEIGHS_LESS}
MIXED_BELOW = 0.9
"""Share of the letters in one script below which a text is mixed."""

# Scripts that settle the language (nearly: Yiddish is not Hebrew), and those that several share.
_SETTLED = {
    Script.HEBREW: "he",
    Script.GREEK: "el",
    Script.KANA: "ja",
    Script.HAN: "zh",
    Script.HANGUL: "ko",
    Script.THAI: "th",
    Script.ARMENIAN: "hy",
    Script.GEORGIAN: "ka",
    Script.BENGALI: "bn",
    Script.GURMUKHI: "pa",
    Script.GUJARATI: "gu",
    Script.ODIA: "or",
    Script.TAMIL: "ta",
    Script.TELUGU: "te",
    Script.KANNADA: "kn",
    Script.MALAYALAM: "ml",
    Script.SINHALA: "si",
    Script.LAO: "lo",
    Script.TIBETAN: "bo",
    Script.MYANMAR: "my",
    Script.KHMER: "km",
    Script.ETHIOPIC: "am",
}
_SCRIPTS_OF = {
    **{
        tag: frozenset({Script.CYRILLIC})
        for tag in _words("ru bg uk be mk ky tt ba cv mn tg os ce")
    },
    **{
        tag: frozenset({Script.CYRILLIC, Script.LATIN}) for tag in _words("sr bs kk uz az tk ro sh")
    },
    **{tag: frozenset({Script.ARABIC}) for tag in _words("ar fa ur ps ckb sd ug arz")},
    **{tag: frozenset({Script.DEVANAGARI}) for tag in _words("hi mr ne sa bho mai")},
    **{tag: frozenset({script}) for script, tag in _SETTLED.items()},
    "ja": frozenset({Script.KANA, Script.HAN}),
    "zh": frozenset({Script.HAN}),
    "yue": frozenset({Script.HAN}),
    "yi": frozenset({Script.HEBREW}),
    "ko": frozenset({Script.HANGUL, Script.HAN}),
    "ti": frozenset({Script.ETHIOPIC}),
    "as": frozenset({Script.BENGALI}),
}
# Languages whose speakers often write it in Latin letters, so that such a tag is believed.
_OFTEN_ROMANISED = _words("hi ur bn pa ta te mr gu kn ml ar el ja ko ne")
_LATIN_ONLY = frozenset({Script.LATIN})

_EMOJI = "\U0001f000-\U0001faff\u2190-\u2bff\ufe0f\u200d"
_NOISE = re.compile(rf"(?:https?://|www\.)\S*|[@#]\w[\w.@-]*|\[[A-Z]{{2,12}}\]|[{_EMOJI}]+")
# A text without any of these has no noise: telling that takes a tenth of the time.
_MAY_BE_NOISE = re.compile(rf"[@#\[{_EMOJI}]")
_HASHTAG_SIGN = re.compile(r"(?:https?://|www\.)\S*|@\w[\w.@-]*|[#_]+")
_RETOLD = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "cmn": "zh", "jw": "jv",
           "fil": "tl", "mo": "ro", "arz": "ar", "ary": "ar"}  # fmt: skip
# Feeds write codes of three letters too (ISO 639-2), and countries for languages.
_LONGER = """
    af:afr am:amh ar:ara,arb be:bel bg:bul bn:ben bs:bos ca:cat cs:ces,cze,cz da:dan,dk de:deu,ger
    el:ell,gre,gr en:eng es:spa et:est fa:fas,per fi:fin fr:fra,fre gl:glg he:heb hi:hin hr:hrv
    hu:hun hy:hye,arm id:ind is:isl,ice it:ita ja:jpn,jp ka:kat,geo kk:kaz ko:kor ky:kir lt:lit
    lv:lav,lvs mk:mkd,mac mr:mar ms:msa,may,zsm nl:nld,dut no:nor,nob,nno pl:pol pt:por ro:ron,rum
    ru:rus sk:slk,slo sl:slv sq:sqi,alb sr:srp su:sun sv:swe sw:swa ta:tam te:tel th:tha tl:tgl
    tr:tur tt:tat uk:ukr,ua ur:urd uz:uzb vi:vie yi:yid zh:zho,chi
"""
_RETOLD |= {
    other: tag
    for tag, _, others in (entry.partition(":") for entry in _LONGER.split())
    for other in others.split(",")
}
_TAG = re.compile(r"[A-Za-z]{2,3}(?=\Z|[-_])")
_NO_TAG = _words("und mul zxx mis qme qst art xx")


def primary_tag(tag: str | None) -> str | None:
    """Return the primary tag in lower case, None for no language: `pt-BR`, `por` are `pt`."""
    if not tag:
        return None
    found = _TAG.match(tag.strip())
    if found is None:
        return None
    primary = found.group().lower()
    return None if primary in _NO_TAG else _RETOLD.get(primary, primary)


def words_only(text: str) -> str:
    """Return what can tell a language: no addresses, handles, hashtags, emoji.

    Hashtags are kept, without their sign, where there is nothing else.
    """
    return _read(text)[0]


def is_wordless(text: str) -> bool:
    """Whether a text has nothing in any script: only links, handles, numbers, signs, emoji."""
    return _read(text)[1] is None


def _read(text: str) -> tuple[str, Script | None, float]:
    """Return what can tell a language, its script, and the share of its letters in that."""
    text = text[:READ]
    bare = text
    if _MAY_BE_NOISE.search(text) or "http" in text or "www." in text:
        bare = _NOISE.sub(" ", text)
    bare = " ".join(bare.split())
    script, share = _written(bare)
    if script is None:
        bare = " ".join(_HASHTAG_SIGN.sub(" ", text).split())
        script, share = _written(bare)
    return bare, script, share


def script_of(text: str) -> Script | None:
    """Return the script that a text is written in, None for a text without letters."""
    return _written(text)[0]


def _written(text: str) -> tuple[Script | None, float]:
    """Return the script of a text, and the share of its letters that are in it.

    Names and borrowed words are Latin in every language, the other way round hardly ever: of the
    labelled texts with a fifth to a half of their letters in another script, 138 were in a
    language of that script and 9 in one of the Latin script.
    """
    if text.isascii():
        return (Script.LATIN, 1.0) if _BASIC_LETTER.search(text) else (None, 0.0)
    letters = sum(map(len, _LETTERS.findall(text)))
    counts: dict[Script, int] = {}
    for script, run in _RUNS:
        count = sum(map(len, run.findall(text)))
        rest = letters - count
        if script is Script.LATIN:
            rest *= LATIN_WEIGHS_LESS
        if rest < count and script is not Script.HAN:
            return script, count / max(letters, count)  # vowel signs alone are no letters
        if count:
            counts[script] = count
    if not counts:
        return None, 0.0
    # Japanese mixes both; where kana are not a stray word, it is no Chinese.
    if counts.get(Script.KANA, 0) * 10 >= counts.get(Script.HAN, 0) > 0:
        counts[Script.KANA] = counts.get(Script.KANA, 0) + counts[Script.HAN]
    main = max(counts, key=lambda script: counts[script] * _WEIGHTS.get(script, 1.0))
    return main, counts[main] / max(letters, counts[main])


def identify(text: str, claimed: str | None, expected: Sequence[str], guess: Guess) -> Language:
    """Return the language of a text.

    The site's tag is believed unless the script contradicts it; then the script decides, where it
    can, then the letters and small words that only one language has, then `guess`, which knows what
    is expected, and gives way to a neighbour of the language that it names if the brand's people
    write that. A short text that leaves us unsure is taken for English, or for the only language in
    its script, when the brand's people write that (`expected`), with low confidence; else its tag
    is None. We are never quite sure of a text in several scripts. A text without words is
    `UNKNOWN`.
    """
    words, script, share = _read(text)
    if script is None:
        return UNKNOWN
    found = _identified(words, script, primary_tag(claimed), expected, guess)
    if share < MIXED_BELOW and found.confidence > MIXED:
        return Language(tag=found.tag, confidence=MIXED)
    return found


def _identified(
    words: str, script: Script, tag: str | None, expected: Sequence[str], guess: Guess
) -> Language:
    if tag is not None and _can_be(tag, script):
        return Language(tag=tag, confidence=CLAIMED)
    settled = _SETTLED.get(script)
    if settled is not None:
        return Language(tag=settled, confidence=SETTLED)
    told = _told_by_letters(words, script)
    if told is not None:
        return told
    wanted = {tag for tag in map(primary_tag, expected) if tag}
    found, probability = guess(words, wanted)
    likely = primary_tag(found)
    if likely is not None and probability >= SURE and _has_script(likely, script):
        tag = _expected_neighbour(likely, script, wanted) or likely
        return Language(tag=tag, confidence=_trust(probability))
    return _presumed(likely, probability, script, expected)


CLAIMED = 0.95
SETTLED = 0.98
GUESSED = 0.95
TOLD = 0.95
SURE = 0.35
"""Probability from which a guess is believed; below, what the brand expects weighs more."""
PRESUMED = 0.3
MIXED = 0.9


def _trust(probability: float) -> float:
    """Return how often a guess of this probability is right (measured on short posts)."""
    return min(GUESSED, 1.0 - (1.0 - probability) ** 4)


def _has_script(tag: str, script: Script) -> bool:
    return script in _SCRIPTS_OF.get(tag, _LATIN_ONLY)


def _can_be(tag: str, script: Script) -> bool:
    """Whether people who write this language may write it in this script."""
    return _has_script(tag, script) or (script is Script.LATIN and tag in _OFTEN_ROMANISED)


_NEIGHBOURS = (_words("hr bs sr"), _words("id ms"), _words("bg mk"))
"""Languages that a short post seldom tells apart: what people are expected to write tells more."""


def _expected_neighbour(tag: str, script: Script, wanted: set[str]) -> str | None:
    """Return the one neighbour of an unexpected language that is expected, if there is just one."""
    if tag in wanted:
        return None
    near = next((family for family in _NEIGHBOURS if tag in family), frozenset())
    found = [each for each in near & wanted if _has_script(each, script)]
    return found[0] if len(found) == 1 else None


def _presumed(
    likely: str | None, probability: float, script: Script, expected: Sequence[str]
) -> Language:
    """Return what to take a text for when the guess is not sure."""
    fitting = [tag for tag in map(primary_tag, expected) if tag and _has_script(tag, script)]
    if likely in fitting:
        return Language(tag=likely, confidence=_trust(probability))
    if script is Script.LATIN and "en" in fitting:
        return Language(tag="en", confidence=PRESUMED)
    if len(fitting) == 1:
        return Language(tag=fitting[0], confidence=PRESUMED)
    return Language(tag=None, confidence=0.0)


# ---------------------------------------------------------------- what only one language has
# Small words that are English and common in no other language.
_ENGLISH = _words(
    """the and you your with this that have they what are not for but just from can't don't it's
    i'm been would because about who how when there their these those could should than then them
    his she were has our out only really why where again after before which while does did doing
    didn't doesn't isn't won't wasn't i've i'll you're we're they're that's you've got going need
    make know think thanks thank please never ever every always still now people another other
    something nothing anything very much too back into it"""
)
# English too, but a neighbour has the word as well; two of them count for one.
_ENGLISH_SHARED = _words(
    "i to it is my of we was will all be if or as by up am do more me so at on in a"
)
_ENGLISH_ENOUGH = 2
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def _told_as_english(words: str) -> Language | None:
    """Return English where its small words leave no doubt, without asking the identifier."""
    tokens = _TOKEN.findall(words.lower().replace("’", "'"))
    own = len(_ENGLISH.intersection(tokens))
    if own == 0:
        return None
    hits = own + len(_ENGLISH_SHARED.intersection(tokens)) / 2
    if hits < _ENGLISH_ENOUGH or hits * 6 < len(tokens):
        return None
    return Language(tag="en", confidence=TOLD)


_TURKIC = re.compile("[ңғқұһәөүҗҷҳӯӣ]")
_UKRAINIAN = re.compile("[їєґ]")
_BELARUSIAN = re.compile("ў")
_SERBIAN = re.compile("[ђћ]")
_MACEDONIAN = re.compile("[ѓќѕ]")
_SOUTH_SLAVIC = re.compile("[јљњџ]")
_RUSSIAN = re.compile("[ыэё]|ь(?!о)")
_BULGARIAN = re.compile("ъ(?![еёюя])")
_RUSSIAN_WORDS = _words(
    """что это как так его мне меня тебя тебе был была было были если или только уже нет когда
    очень чтобы все вы ты мы у он она они нас вас им их для во со по том тоже просто надо нужно
    можно будет будто есть быть где кто там тут вот да ну бы же ли еще почему потому человек люди
    сегодня сейчас спасибо"""
)
_BULGARIAN_WORDS = _words(
    """това съм ще се като какво няма има сте беше бях защо много този тази тези са е аз ме те си
    още някой нещо може трябва искам от при със във към след преди който която които което когато
    където така само вече ли ми им ги го му й ни ви ти той тя то ние вие един една едно
    супер благодаря здравей браво моля човек хора днес сега всичко всички нищо никой
    добре"""
)


def _told_by_letters(words: str, script: Script) -> Language | None:
    """Return the one language whose letters and small words these are, None where unsure."""
    if script is Script.LATIN:
        return _told_as_english(words)
    if script is Script.CYRILLIC:
        return _told_as_cyrillic(words)
    return None


def _told_as_cyrillic(words: str) -> Language | None:
    words = words.lower()
    if _TURKIC.search(words):
        return None
    if _BELARUSIAN.search(words):
        return Language(tag="be", confidence=TOLD)
    if _UKRAINIAN.search(words) or ("і" in words and "ы" not in words):
        return Language(tag="uk", confidence=TOLD)
    if _SERBIAN.search(words):
        return Language(tag="sr", confidence=TOLD)
    if _MACEDONIAN.search(words):
        return Language(tag="mk", confidence=TOLD)
    if _SOUTH_SLAVIC.search(words) or "і" in words:
        return None
    tokens = _TOKEN.findall(words)
    russian = sum(token in _RUSSIAN_WORDS for token in tokens)
    bulgarian = sum(token in _BULGARIAN_WORDS for token in tokens)
    russian += 3 * len(_RUSSIAN.findall(words))
    bulgarian += 3 * len(_BULGARIAN.findall(words))
    if abs(russian - bulgarian) < 2 or min(russian, bulgarian) * 3 > max(russian, bulgarian):
        return None
    return Language(tag="ru" if russian > bulgarian else "bg", confidence=TOLD)
