"""What a text says once its dress is taken off: cleaned, folded, fingerprinted, printed safely."""

import re
import unicodedata
from hashlib import blake2b

LONGEST_TEXT = 100_000
"""Characters of a text that we keep; the longest real posts are a tenth of that."""

# Scripts that are written without spaces between words.
UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]+")
_LINE_END = re.compile("\r\n?|\x85")


def clean(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text that any database, encoder or page can hold.

    NUL, other control characters (but not newline and tab) and lone surrogates are removed, line
    ends become newlines, and at most `longest` characters are kept.
    """
    if len(text) > longest:
        text = text[:longest]
    if text.isprintable():
        return text
    return _UNWANTED.sub("", _LINE_END.sub("\n", text))


# ---------------------------------------------------------------- for terminals
_ESCAPE_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]?"  # CSI: colours, cursor, clear
    "|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,1000}(?:\x07|\x1b\\\\|\x9c)?"  # strings
    "|\x1b[ -/]{0,8}[0-~]?"
)
_DANGEROUS = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\U000e0000-\U000e007f]+"
)
_ZERO_WIDTH = ("Mn", "Me", "Cf")


def columns(text: str) -> int:
    """Return how many terminal columns a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def safe_line(text: str, width: int) -> str:
    """Return hostile text as one line of at most `width` columns (at least 1) for a terminal.

    Escape sequences, control characters and marks that turn the direction of writing are
    removed, white space is collapsed, and what is cut off is shown by an ellipsis.
    """
    # Ten times the width is enough to fill a line; the rest of a huge text need not be looked at.
    text = text[: max(10 * width, 2_000)]
    line = " ".join(_DANGEROUS.sub("", _ESCAPE_SEQUENCE.sub("", text)).split())
    if columns(line) <= width:
        return line
    kept, room = 0, width - 1
    while (room := room - _columns_of(line[kept])) >= 0:
        kept += 1
    return line[:kept].rstrip() + "…"


# ---------------------------------------------------------------- for comparing
# What writers and keyboards use for the same letter; `İ` alone would fold to two characters.
_SAME = {
    **dict.fromkeys("’‘ʼʹ′‛´＇", "'"),
    **dict.fromkeys("ıİ", "i"),
    **dict.fromkeys("ёЁ", "е"),
    **dict.fromkeys("يى", "ی"),
    "ك": "ک",
}
_SAME_CODES = str.maketrans(_SAME)
_HAS_SAME = re.compile(f"[{''.join(_SAME)}]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ud800-\udfff\U000e0000-\U000e0fff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670"  # Hebrew, Arabic vowels
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# In Persian it parts a word from its ending, so there it stands for a space.
_PERSIAN_JOINT = re.compile("(?<=[\u0620-\u06ff])\u200c(?=[\u0620-\u06ff])")
_MARK = re.compile("[\u0300-\u036f]")
_MARKED_WORD = re.compile("[\\w\u0300-\u036f]+")
_GREEK_ACCENT = re.compile("[\u0386-\u03ce\u1f00-\u1fff]")
_TONOS = str.maketrans("άέήίόύώ\u0390\u03b0", "αεηιουωϊϋ")


def fold(text: str) -> str:
    """Return the text in the form in which spellings are compared; never raises.

    Compatibility forms, case, apostrophes and the dotless i become one; invisible characters and
    lone surrogates disappear; marks that decorate a word (struck out, stacked) are taken off.
    Letters with accents of their own stay what they are: *über* is not *uber*. Greek loses its
    tonos, because capitals are written without.
    """
    if text.isascii():
        return text.lower()
    if _HAS_SAME.search(text):
        text = text.translate(_SAME_CODES)
    text = _INVISIBLE.sub("", _PERSIAN_JOINT.sub(" ", text))
    text = unicodedata.normalize("NFKC", text).casefold()
    # Compatibility forms may themselves bring quotes, marks or capitals.
    text = unicodedata.normalize("NFKC", text).translate(_SAME_CODES)
    if _MARK.search(text):
        text = _MARKED_WORD.sub(_undecorated, text)
    if _GREEK_ACCENT.search(text):
        text = text.translate(_TONOS)
    return text


def _undecorated(word: re.Match[str]) -> str:
    found = word.group()
    if not _MARK.search(found):
        return found
    bare = _MARK.sub("", unicodedata.normalize("NFKD", found))
    return unicodedata.normalize("NFC", bare)


_DRESSED = re.compile("[\U0001d400-\U0001d7cb\uff21-\uff3a\uff41-\uff5a]")
_UNDRESSED = {
    code: plain
    for start, end in ((0x1D400, 0x1D7CC), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B))
    for code in range(start, end)
    if (plain := unicodedata.normalize("NFKC", chr(code))) != chr(code)
}


def undressed(text: str) -> str:
    """Return a text with plain letters for mathematical and full-width ones; never raises.

    People write in them for their looks. Every character stays one.
    """
    if text.isascii() or not _DRESSED.search(text):
        return text
    return text.translate(_UNDRESSED)


# ---------------------------------------------------------------- what is no speech
_ENDS_HOST = "|".join(rf"(?<=\.{end})" for end in ("com", "co", "ly", "me", "gl", "net", "org"))
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S*"
    # possessive, and from the first word on: each letter is looked at once
    rf"|(?<!\w)(?<!\w\.)\w++(?:\.\w++)++(?:{_ENDS_HOST})/\S*"
    r"|@[\w@.]+"
)


def without_addresses(text: str) -> str:
    """Return a folded text with a blank in the place of each web address and each handle."""
    return _ADDRESS.sub(" ", text)


# ---------------------------------------------------------------- near copies
_READ = 1_500
"""Characters that a fingerprint looks at."""
_LONG_WORDS = 6
_UNSPACED_CHARACTERS = 14
_CUT_WORD = re.compile(r"[^\W_]+\.\.\.+\W*\Z")
_WORD = re.compile(f"(?:(?![{UNSPACED}])[^\\W_])+")
_UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")
_REPEATED = re.compile(r"(.)\1+")


def fingerprint(text: str) -> str:
    """Return what near copies of one text share, 16 hexadecimal digits, or "" for none.

    It is drawn from the first six longer words (14 characters of a script without spaces), so it
    survives a reposting prefix, other links and handles, case, punctuation, emoji, drawn-out
    letters and a cut-off end. A shorter text has none: strangers write the same short sentence.
    """
    text = without_addresses(fold(text[:_READ]))
    if "..." in text[-12:]:
        text = _CUT_WORD.sub("", text)
    words = [] if text.isascii() else _UNSPACED_CHARACTER.findall(text)[:_UNSPACED_CHARACTERS]
    if len(words) < _UNSPACED_CHARACTERS:
        words = _long_words(text)
    if not words:
        return ""
    return blake2b(" ".join(words).encode(), digest_size=8).hexdigest()


def _long_words(text: str) -> list[str]:
    """Return the first six words of four letters and more, or nothing if there are fewer."""
    words: list[str] = []
    for found in _WORD.finditer(text):
        word = found.group()
        if len(word) > 3:
            word = _REPEATED.sub(r"\1", word)
            if len(word) > 3:
                words.append(word)
                if len(words) == _LONG_WORDS:
                    return words
    return []
