"""Tables of phrases: how they are written down, and where they stand in a text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emberwatch.core.read.matching import Finder
from emberwatch.core.read.text import fold

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.!?…;\n]+")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_SAME_LETTER = str.maketrans("ąčęėįšųūž", "aceeisuuz")
_SECTION = re.compile(r"\[([\w.]+)\]")
_MACRO = re.compile(r"<(\w+)>")
_CHOICE = re.compile(r"\(([^()]*)\)")
_PART = re.compile(r"([()| ])")

VOID = ".not"
"""Ends the name of a section whose phrases void those of the section that they cover."""


def spaced(text: str) -> str:
    """Return a text as folded words with a blank around each; ` . ` and ` ? ` end sentences.

    Drawn-out letters (three and more) become one. Lithuanian letters lose their marks, because
    many people type without them.
    """
    words = []
    for found in _TOKEN.finditer(_folded(text)):
        word = found.group()
        if word[0].isalnum():
            words.append(word)
        else:
            words.append("?" if "?" in word else ".")
    return f" {' '.join(words)} "


def _folded(text: str) -> str:
    return _DRAWN_OUT.sub(r"\1", fold(text)).translate(_SAME_LETTER)


def sections(table: str) -> dict[str, tuple[str, ...]]:
    """Return the phrases of a table by section, as templates.

    A line is a phrase. `(a|b|)` is a choice, here of nothing too; `<name>` stands for the choice
    that `name = a|b` gave before the first section; `#` begins a remark. A `*` lets a
    word go on. Raises `ValueError` for a line that fits none of this.
    """
    found: dict[str, list[str]] = {}
    macros: dict[str, str] = {}
    section: list[str] | None = None
    for number, raw in enumerate(table.splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        if heading := _SECTION.fullmatch(line):
            section = found.setdefault(heading[1], [])
        elif section is None:
            name, sign, choices = line.partition(" = ")
            if not sign:
                raise ValueError(f"line {number}: a phrase before the first section")
            macros[name] = _inserted(choices, macros, number)
        else:
            phrase = _inserted(line, macros, number)
            if phrase.count("(") != phrase.count(")"):
                raise ValueError(f"line {number}: a choice is not closed")
            section.append(phrase)
    return {name: tuple(phrases) for name, phrases in found.items()}


def _inserted(line: str, macros: Mapping[str, str], number: int) -> str:
    def insert(found: re.Match[str]) -> str:
        if found[1] not in macros:
            raise ValueError(f"line {number}: nothing is called <{found[1]}>")
        return f"({macros[found[1]]})"

    return _MACRO.sub(insert, line)


def spelled_out(template: str) -> list[str]:
    """Return every phrase that a template stands for; only for those that stand for few."""
    found = _CHOICE.search(template)
    if found is None:
        return [" ".join(template.split())]
    before, after = template[: found.start()], template[found.end() :]
    return [
        phrase
        for choice in found[1].split("|")
        for phrase in spelled_out(f"{before}{choice}{after}")
    ]


# ---------------------------------------------------------------- a template, taken apart
@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several, each a sequence of parts; `is_optional`: or nothing."""

    choices: tuple["_Sequence", ...]
    is_optional: bool


_Sequence = tuple["str | _Choice", ...]
"""Words, blanks and choices, in order."""


def _parsed(template: str) -> _Sequence:
    sequence, _ = _sequences(_PART.split(_folded(template)), 0)
    return sequence[0]


def _sequences(parts: Sequence[str], place: int) -> tuple[list[_Sequence], int]:
    """Return what `|` parts from here to the closing bracket, and the place behind that."""
    sequences: list[_Sequence] = []
    current: list[str | _Choice] = []
    while place < len(parts) and parts[place] != ")":
        part = parts[place]
        place += 1
        if part == "(":
            choices, place = _sequences(parts, place)
            kept = tuple(each for each in choices if each)
            current.append(_Choice(kept, is_optional=len(kept) < len(choices)))
        elif part == "|":
            sequences.append(tuple(current))
            current = []
        elif part:
            current.append(part)
    return [*sequences, tuple(current)], place + 1


def _pattern(sequence: _Sequence) -> str:
    """Return a regular expression of a sequence.

    A choice of nothing takes the blank behind it with it; at the end, the one before it.
    """
    last = max(
        (place for place, part in enumerate(sequence) if not _may_be_nothing(part)), default=-1
    )
    made: list[str] = []
    is_at_word = True
    for place, part in enumerate(sequence):
        if part == " ":
            if place < last and not is_at_word:
                made.append(" ")
                is_at_word = True
            continue
        is_word = place == 0 or sequence[place - 1] == " "
        is_parted = sequence[place + 1 : place + 2] == (" ",)
        if isinstance(part, str):
            made.append("[^ ]*".join(map(re.escape, part.split("*"))))
        else:
            some = f"(?:{'|'.join(map(_pattern, part.choices))})"
            if not part.is_optional:
                made.append(some)
            elif place > last and is_word and made:
                made.append(f"(?: {some})?")
            elif place < last and is_word and is_parted:
                made.append(f"(?:{some} )?")
                continue
            else:
                made.append(f"{some}?")
        is_at_word = False
    return "".join(made)


def _may_be_nothing(part: "str | _Choice") -> bool:
    return part == " " if isinstance(part, str) else part.is_optional


def _anchors(sequence: _Sequence) -> frozenset[str]:
    """Return strings one of which stands in every text that a sequence fits: the longest ones."""
    found = [
        frozenset({max(part.split("*"), key=len)})
        if isinstance(part, str)
        else frozenset(anchor for choice in part.choices for anchor in _anchors(choice))
        for part in sequence
        if isinstance(part, str) or not part.is_optional
    ]
    return max(found, key=lambda anchors: min(map(len, anchors)), default=frozenset({" "}))


# ---------------------------------------------------------------- finding
@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A phrase of a section, and where it stands in the spaced text."""

    section: str
    phrase: str
    start: int
    end: int


class _Phrase:
    """One template, compiled when one of its anchors is first seen."""

    def __init__(self, section: str, template: str) -> None:
        self.section = section
        self._sequence = _parsed(template)
        self.anchors = _anchors(self._sequence)
        self._compiled: re.Pattern[str] | None = None

    def find(self, text: str) -> Iterable[Hit]:
        if self._compiled is None:
            self._compiled = re.compile(f" ({_pattern(self._sequence)})(?= )")
        for found in self._compiled.finditer(text):
            yield Hit(
                section=self.section,
                phrase=found[1],
                start=found.start(1),
                end=found.end(1),
            )


class Phrases:
    """Finds the phrases of several tables in a text.

    One automaton looks for a word of each phrase; only phrases whose word is there are tried.
    """

    def __init__(self, tables: Sequence[Mapping[str, Sequence[str]]]) -> None:
        self._phrases = [
            _Phrase(section, template)
            for table in tables
            for section, templates in table.items()
            for template in templates
        ]
        users: dict[str, list[int]] = {}
        for number, phrase in enumerate(self._phrases):
            for anchor in phrase.anchors:
                users.setdefault(anchor, []).append(number)
        self._users = list(users.values())
        self._finder = Finder(list(users))

    def find(self, text: str) -> list[Hit]:
        """Return what a spaced text holds, in text order, without what is void.

        A hit is void where a phrase of its section's `.not` covers it.
        """
        anchors = {anchor for anchor, _, _ in self._finder.find(text)}
        numbers = sorted({number for anchor in anchors for number in self._users[anchor]})
        hits = [hit for number in numbers for hit in self._phrases[number].find(text)]
        voids = [hit for hit in hits if hit.section.endswith(VOID)]
        kept = [
            hit
            for hit in hits
            if not hit.section.endswith(VOID) and not any(_voids(void, hit) for void in voids)
        ]
        return sorted(kept, key=lambda hit: (hit.start, -hit.end))


def _voids(void: Hit, hit: Hit) -> bool:
    return void.section == hit.section + VOID and void.start <= hit.start and hit.end <= void.end
