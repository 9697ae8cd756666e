"""A configuration file as it was written: text all over, and every piece knows its place."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePath

from emberwatch.model.secret import hide_in_addresses

Way = tuple[str | int, ...]
"""How to come to a value: keys, and positions in lists from 0."""

Bare = str | list["Bare"] | dict[str, "Bare"]
"""A piece of the file without its places."""

_LONGEST_SHOWN = 60
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A single value. `is_plain`: it was written without quotes."""

    at: Place
    text: str
    is_plain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    at: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a mapping, with its value."""

    key: str
    at: Place
    value: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A mapping; no key stands in it twice."""

    at: Place
    entries: tuple[Entry, ...]

    def get(self, key: str) -> "Node | None":
        """Return the value of a key, if it is set."""
        return next((entry.value for entry in self.entries if entry.key == key), None)


Node = Text | Items | Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where, in what, and what is wrong with it."""

    at: Place
    way: Way
    what: str

    def line(self, file: str) -> str:
        """Say it in one line that editors can jump to."""
        setting = f"{spell(self.way)}: " if self.way else ""
        return f"{file}:{self.at.line}:{self.at.column}: {setting}{self.what}"


@dataclass(slots=True)
class Findings:
    """The mistakes found so far. What lies in a spoiled value is not judged any further."""

    problems: list[Problem] = field(default_factory=list)
    _spoiled: list[Way] = field(default_factory=list)

    def add(self, way: Way, at: Place, what: str) -> None:
        """Note a mistake, unless it only follows from one that spoiled the value."""
        if not any(way[: len(spoiled)] == spoiled for spoiled in self._spoiled):
            # a plug-in may quote an address that somebody wrote with its key
            self.problems.append(Problem(at=at, way=way, what=hide_in_addresses(what)))

    def spoil(self, way: Way, at: Place, what: str) -> None:
        """Note a mistake after which nothing more can be said of the value."""
        self.add(way, at, what)
        self._spoiled.append(way)

    def lines(self, file: str) -> tuple[str, ...]:
        """Return one line a mistake, from the top of the file to its end."""
        ordered = sorted(self.problems, key=lambda problem: problem.at)
        return tuple(dict.fromkeys(problem.line(file) for problem in ordered))


def bare(node: Node) -> Bare:
    """Return what was written, without places."""
    match node:
        case Text(text=text):
            return text
        case Items(items=items):
            return [bare(item) for item in items]
        case Entries(entries=entries):
            return {entry.key: bare(entry.value) for entry in entries}


def texts(node: Node, way: Way = ()) -> Iterator[tuple[Way, Text]]:
    """Yield every single value of the file, with the way to it."""
    match node:
        case Text():
            yield way, node
        case Items(items=items):
            for position, item in enumerate(items):
                yield from texts(item, (*way, position))
        case Entries(entries=entries):
            for entry in entries:
                yield from texts(entry.value, (*way, entry.key))


def child(node: Node | None, step: str | int) -> Node | None:
    """Return the value one step further, if there is one."""
    match node, step:
        case Entries(), str():
            return node.get(step)
        case Items(items=items), int() if 0 <= step < len(items):
            return items[step]
        case _:
            return None


def find(root: Node, way: Way) -> Node | None:
    """Return the value that a way leads to, if it is there."""
    node: Node | None = root
    for step in way:
        node = child(node, step)
    return node


def items(node: Node | None, key: str) -> tuple[tuple[int, Entries], ...]:
    """Return the mappings in the list under a key, each with its position."""
    listed = child(node, key)
    if not isinstance(listed, Items):
        return ()
    return tuple(
        (position, item) for position, item in enumerate(listed.items) if isinstance(item, Entries)
    )


def names(node: Node | None, key: str) -> tuple[tuple[int, Text], ...]:
    """Return the single values in the list under a key, each with its position."""
    listed = child(node, key)
    if not isinstance(listed, Items):
        return ()
    return tuple(
        (position, item) for position, item in enumerate(listed.items) if isinstance(item, Text)
    )


def place(root: Node, way: Way) -> Place:
    """Return where a value stands; if it is not there, where what should hold it begins."""
    node = root
    for step in way:
        further = child(node, step)
        if further is None:
            break
        node = further
    return node.at


def key_place(root: Node, way: Way) -> Place:
    """Return where the key of a setting stands."""
    node = find(root, way[:-1])
    if isinstance(node, Entries):
        for entry in node.entries:
            if entry.key == way[-1]:
                return entry.at
    return place(root, way)


def spell(way: Way) -> str:
    """Write a way as people do: `brands[0].words[1]`."""
    spelled = ""
    for step in way:
        if isinstance(step, int):
            spelled += f"[{step}]"
        else:
            name = step if step.replace("-", "_").isidentifier() else shown(step)
            spelled += f".{name}" if spelled else name
    return spelled


def has_control(text: str) -> bool:
    """Whether a text holds characters that could steer a terminal or cannot be stored."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def shown(value: object, most: int = _LONGEST_SHOWN) -> str:
    """Name a value in a message: quoted, in one line, harmless, of at most so many characters."""
    match value:
        case str():
            plain = hide_in_addresses(value)  # before the cut: half an address is not known
            cut = plain if len(plain) <= most else plain[: most - 1] + "…"
            safe = "".join(
                character.encode("unicode_escape").decode("ascii")
                if has_control(character)
                else character
                for character in cut
            )
            return f"'{safe}'"
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return shown(str(value), most)


def shown_path(path: PurePath | str) -> str:
    """Name a file in a message, whole and harmless."""
    return shown(str(path), _LONGEST_PATH)


def did_you_mean(wrong: str, known: tuple[str, ...]) -> str:
    """Return `; did you mean 'x'?` when something known comes near, else nothing."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {shown(by_folded[near[0]])}?" if near else ""
