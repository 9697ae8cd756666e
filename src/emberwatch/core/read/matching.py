"""Does this post speak of this brand, and in which words (the door of ahocorasick_rs)."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick

from emberwatch.core.read.text import UNSPACED, fold
from emberwatch.model.brand import Brand

MOST_NAMED = 3
"""How many terms `Match.matched` names at most."""

LONGEST_ENDING = 30
"""Letters that a word of a phrase (`refund* now`) goes on for at most."""

_UNSPACED = re.compile(f"[{UNSPACED}]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_DROPPED_EDGE = " \t\n!?,;:\"()[]{}<>«»“”„…'"
_GAP = re.compile(r"([\s\-_/.,&+:;!?()\[\]\"·•\u2010-\u2027\u2030-\u205e\u3001\u3002\u30fb]+)")
_LOOSE = r"(?:\s{0,8}[-_/·•,:\"'\u2010-\u2015\u30fb]\s{0,8}|\s{1,8}|\.(?=\S))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A brand that a post speaks of; `matched` names the terms as configured, in text order."""

    brand: str
    matched: str


Span = tuple[int, int]


@dataclass(slots=True)
class _Term:
    """One configured spelling. `anchors` are the strings that the automaton looks for."""

    configured: str
    anchors: tuple[str, ...]
    pattern: str = ""
    """A regular expression of the whole phrase; empty where the anchor says it all."""
    is_handle: bool = False
    is_hashtag: bool = False
    goes_on: bool = False
    """Whether its last word may go on: it ends with a star."""
    _phrase: re.Pattern[str] | None = field(default=None, repr=False)

    def find(self, text: str, start: int, end: int) -> Span | None:
        """Return where the term stands, given that one of its anchors was seen at a place."""
        if self.pattern:
            return self._find_phrase(text)
        if self.is_handle:
            fits = _begins_handle(text, start) and _ends_handle(text, end)
        elif self.is_hashtag:
            fits = _begins_hashtag(text, start) and not _is_letter_at(text, end)
        else:
            fits = _begins_word(text, start) and (self.goes_on or _ends_word(text, end))
        return (start, end) if fits else None

    def _find_phrase(self, text: str) -> Span | None:
        # Compiled when first seen: most of ten thousand phrases never are.
        if self._phrase is None:
            self._phrase = re.compile(self.pattern)
        for found in self._phrase.finditer(text):
            ends = self.goes_on or _ends_word(text, found.end())
            if ends and _begins_word(text, found.start()):
                return found.span()
        return None


@dataclass(frozen=True, slots=True)
class _Query:
    """A group: indexes of terms."""

    any: tuple[int, ...]
    all: tuple[int, ...]
    none: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Watched:
    """A brand: indexes of terms."""

    name: str
    alone: tuple[int, ...]
    queries: tuple[_Query, ...]
    exclude: tuple[int, ...]


class Finder:
    """Finds every place of many fixed strings in a text at once, letter by letter."""

    def __init__(self, strings: Sequence[str]) -> None:
        self._automaton = AhoCorasick(list(strings))

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Return (number of the string, start, end) of each place; places may overlap."""
        return list(self._automaton.find_matches_as_indexes(text, overlapping=True))


class Matcher:
    """Finds the brands that a text speaks of.

    It is built once per configuration; its cost per text hardly grows with the number of brands,
    because one automaton looks for all their spellings at once.
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._terms: list[_Term] = []
        numbers: dict[str, int] = {}

        def number(configured: str) -> int:
            if configured not in numbers:
                numbers[configured] = len(self._terms)
                self._terms.append(_term(configured))
            return numbers[configured]

        def numbered(configured: Iterable[str]) -> tuple[int, ...]:
            return tuple(dict.fromkeys(number(term) for term in configured))

        self._brands = tuple(
            _Watched(
                brand.name,
                numbered(
                    (
                        *brand.words,
                        *("@" + handle.strip().removeprefix("@") for handle in brand.handles),
                        *("#" + hashtag.strip().removeprefix("#") for hashtag in brand.hashtags),
                    )
                ),
                tuple(
                    _Query(numbered(group.any), numbered(group.all), numbered(group.none))
                    for group in brand.groups
                ),
                numbered(brand.exclude),
            )
            for brand in brands
        )
        self._brands_of = _indexed(
            len(self._terms),
            (
                (term, place)
                for place, brand in enumerate(self._brands)
                for term in (*brand.alone, *(t for q in brand.queries for t in (*q.any, *q.all)))
            ),
        )
        anchors: dict[str, int] = {}
        uses: list[tuple[int, int]] = []
        for term, spelled in enumerate(self._terms):
            for anchor in spelled.anchors:
                uses.append((anchors.setdefault(anchor, len(anchors)), term))
        self._terms_of = _indexed(len(anchors), uses)
        self._automaton = AhoCorasick(list(anchors))

    def match(self, post_text: str, brands: Collection[str] | None = None) -> tuple[Match, ...]:
        """Return the brands that a text speaks of, in the order of the configuration.

        `brands` names those that count; None means all of them.
        """
        text = fold(post_text)
        seen = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not seen:
            return ()
        found: dict[int, Span] = {}
        missing: set[int] = set()
        for anchor, start, end in seen:
            for number in self._terms_of[anchor]:
                if number in found or number in missing:
                    continue
                term = self._terms[number]
                span = term.find(text, start, end)
                if span is not None:
                    found[number] = span
                elif term.pattern:
                    # The whole text was looked through already.
                    missing.add(number)
        if not found:
            return ()
        touched = sorted({place for number in found for place in self._brands_of[number]})
        matches: list[Match] = []
        for place in touched:
            brand = self._brands[place]
            if brands is not None and brand.name not in brands:
                continue
            matched = self._matched(brand, found)
            if matched:
                matches.append(Match(brand=brand.name, matched=matched))
        return tuple(matches)

    def _matched(self, brand: _Watched, found: dict[int, Span]) -> str:
        """Return what to say of a brand, or nothing if the text does not speak of it."""
        if any(number in found for number in brand.exclude):
            return ""
        hits = [
            (found[number], self._terms[number].configured)
            for number in brand.alone
            if number in found
        ]
        for query in brand.queries:
            hit = self._satisfied(query, found)
            if hit is not None:
                hits.append(hit)
        return ", ".join(_telling(hits))

    def _satisfied(self, query: _Query, found: dict[int, Span]) -> tuple[Span, str] | None:
        """Return where a group begins to be satisfied and by what, or None."""
        if any(number in found for number in query.none):
            return None
        if not all(number in found for number in query.all):
            return None
        used = list(query.all)
        if query.any:
            seen = [number for number in query.any if number in found]
            if not seen:
                return None
            used.append(min(seen, key=found.__getitem__))
        names = dict.fromkeys(self._terms[number].configured for number in used)
        return min(found[number] for number in used), " + ".join(names)


def _telling(hits: list[tuple[Span, str]]) -> list[str]:
    """Return the first few names in text order, without those that stand inside another."""
    names: list[str] = []
    covered = 0
    for (_, end), name in sorted(hits, key=lambda hit: (hit[0][0], -hit[0][1])):
        # "#acme" says all that "acme" would.
        if end > covered:
            covered = end
            names.append(name)
    return names[:MOST_NAMED]


def _indexed(size: int, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return, for each number below `size`, what it is paired with."""
    gathered: list[dict[int, None]] = [{} for _ in range(size)]
    for key, value in pairs:
        gathered[key][value] = None
    return tuple(tuple(values) for values in gathered)


# ---------------------------------------------------------------- how a term is looked for
def _term(configured: str) -> _Term:
    """Return how to look for one configured spelling."""
    shown = " ".join(configured.split())
    folded = " ".join(fold(shown).split())
    if folded in ("", "@", "#"):
        return _Term(shown, ())
    if folded[0] == "@":
        return _Term(shown, (folded,), is_handle=True)
    if folded[0] == "#":
        return _Term(shown, (folded,), is_hashtag=True)
    bare = folded.strip(_DROPPED_EDGE)
    bare = bare.rstrip(".").rstrip(_DROPPED_EDGE) or bare or folded
    parts = _GAP.split(bare)
    goes_on = _begun(parts[-1]) is not None
    if len(parts) == 1 or not all(parts):
        return _Term(shown, tuple(_spellings(bare)), goes_on=goes_on)
    words = parts[::2]
    pattern = "".join(
        _any_spelling(part) if place % 2 == 0 else _gap_pattern(part)
        for place, part in enumerate(parts)
    )
    # The longest word is the rarest, so the phrase is looked for least often.
    return _Term(shown, tuple(_spellings(max(words, key=len))), pattern, goes_on=goes_on)


def _begun(word: str) -> str | None:
    """Return how a word begins that may go on as it likes (`refund*`), or None."""
    begun = word.rstrip("*")
    return begun if begun != word and begun and _is_letter(begun[-1]) else None


def _spellings(word: str) -> Iterator[str]:
    """Yield a word with and without its apostrophes: McDonald's, McDonalds."""
    begun = _begun(word)
    if begun is not None:
        yield begun
        return
    yield word
    if "'" in word.strip("'"):
        yield word.replace("'", "")
    elif len(word) > 3 and word[-1] == "s" and word.isalpha():
        yield word[:-1] + "'s"


def _any_spelling(word: str) -> str:
    # bounded, or a word as long as a post would be gone through from each of its letters
    goes_on = rf"\w{{0,{LONGEST_ENDING}}}" if _begun(word) is not None else ""
    return f"(?:{'|'.join(map(re.escape, _spellings(word)))}){goes_on}"


def _gap_pattern(gap: str) -> str:
    """Return a regular expression for what may stand between two words of a phrase."""
    return f"(?:{_bent(gap)}|{re.escape(gap)})"


def _bent(gap: str) -> str:
    if "&" in gap or "+" in gap:
        return r"\s{0,8}[&+]\s{0,8}|\s{1,8}and\s{1,8}"
    if gap == ".":
        return r"\."
    if "." in gap:
        return r"\.\s{0,8}|\s{1,8}"
    if not any(map(str.isspace, gap)):
        return f"{_LOOSE}?"
    return _LOOSE


# ---------------------------------------------------------------- where words begin and end
def _is_letter(character: str) -> bool:
    return (
        character.isalnum()
        or character == "_"
        or (character > "\u02ff" and unicodedata.category(character)[0] == "M")
    )


def _is_letter_at(text: str, place: int) -> bool:
    return place < len(text) and _is_letter(text[place])


def _begins_word(text: str, start: int) -> bool:
    """Whether a word may begin here: nothing of another word stands before it."""
    first = text[start]
    if not first.isalnum() or _UNSPACED.match(first):
        return True
    before = start - 1
    while before >= 0 and text[before] == "_":
        before -= 1
    if before < 0 or not _is_letter(text[before]):
        return True
    # Han or kana before a Latin name parts them as a space would.
    return bool(_UNSPACED.match(text[before]))


def _ends_word(text: str, end: int) -> bool:
    """Whether a word may end here: nothing of another word follows."""
    last = text[end - 1]
    # Korean particles stick to a name, so a Korean name may go on.
    if not _is_letter(last) or _UNSPACED.match(last) or _HANGUL.match(last):
        return True
    after = end
    while after < len(text) and text[after] == "_":
        after += 1
    if not _is_letter_at(text, after):
        return True
    following = text[after]
    return bool(_UNSPACED.match(following) or _HANGUL.match(following))


def _begins_handle(text: str, start: int) -> bool:
    """Whether the sign begins a handle and not the second half of an e-mail address."""
    return start == 0 or not (text[start - 1].isascii() and _is_letter(text[start - 1]))


def _ends_handle(text: str, end: int) -> bool:
    """Whether the handle ends here; `@name@server` is the same handle on its own server."""
    if _is_letter_at(text, end):
        return False
    return not (end < len(text) and text[end] in ".-" and _is_letter_at(text, end + 1))


def _begins_hashtag(text: str, start: int) -> bool:
    """Whether the sign begins a hashtag and not the fragment of an address."""
    return start == 0 or not (
        text[start - 1] in "&#/" or (text[start - 1].isascii() and _is_letter(text[start - 1]))
    )
