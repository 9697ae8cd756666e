"""Reads a configuration file: text in, a checked configuration or every mistake out."""

import errno
import shlex
from collections.abc import Mapping
from pathlib import Path

import yaml

from emberwatch.config.document import read_document
from emberwatch.config.published import json_schema
from emberwatch.config.schema import Config, PlugIns
from emberwatch.config.tree import (
    Entries,
    Entry,
    Findings,
    Items,
    Node,
    Place,
    Text,
    Way,
    has_control,
    shown,
    shown_path,
    texts,
)
from emberwatch.config.values import Surroundings
from emberwatch.model.errors import ConfigError

__all__ = ["PlugIns", "json_schema", "parse", "read_config", "read_text"]

_LARGEST = 4 * 1024 * 1024  # five thousand brands with ten words each are a third of it
_DEEPEST = 20

# What YAML's own words leave people to guess.
_HINTS = {
    "found character '@'": "put it in quotes: '@…'",
    "found character '`'": "put it in quotes",
    "found character '%'": "put it in quotes",
    "found character '\\t'": "indent with spaces, not with tabs",
    "mapping values are not allowed here": "text that holds ': ' needs quotes",
    "expected ',' or ']'": "close the list with ]; text that begins with # needs quotes",
    "expected ',' or '}'": "close the mapping with }; text that begins with # needs quotes",
    "found unexpected end of stream": "close the quotes",
    "expected <block end>": "entries of one mapping or list begin in the same column",
}


def read_config(path: Path, plugins: PlugIns, environment: Mapping[str, str] | None) -> Config:
    """Read, check and return a configuration.

    Raise `ConfigError` with one line for each mistake, all at once, in the order of the file.
    Without an environment every secret is empty and none is missing: enough for what sends nothing.
    """
    file = shown_path(path)[1:-1]
    findings = Findings()
    root = parse(read_text(path, file), file, findings)
    whole = path.absolute()
    surroundings = Surroundings(folder=whole.parent, environment=environment)
    config = read_document(root, whole, plugins, surroundings, findings)
    if config is None:
        raise ConfigError(findings.lines(file))
    return config


def parse(text: str, file: str, findings: Findings) -> Node:
    """Return what a file says, each piece with its place; notes what YAML allows but we do not.

    Raise `ConfigError` where it is no YAML at all.
    """
    try:
        root = _Composer(text, findings).document()
    except yaml.reader.ReaderError as error:
        at = _place_in(text[: error.position])
        what = f"holds the character U+{error.character:04X}, which no text may hold"
        raise _broken(file, at, what) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
        raise _broken(file, at, _yaml_words(error)) from error
    except (OverflowError, ValueError) as error:
        # PyYAML hands escapes beyond Unicode, such as "\UFFFFFFFF", to chr() as they are.
        what = 'holds an escape such as "\\U00110000" that stands for no character'
        raise _broken(file, Place(1, 1), what) from error
    except _TooDeep as error:
        raise _broken(file, error.at, f"nested more than {_DEEPEST} levels deep") from error
    except _Empty as error:
        init = shlex.join(["emberwatch", "init", "--force", file])
        what = f"the file is empty: write one to start from: {init}"
        raise _broken(file, Place(1, 1), what) from error
    for way, value in texts(root):
        if value.is_plain and not value.text:
            hint = (
                " (text that begins with # needs quotes)"
                if way and isinstance(way[-1], int)
                else ""
            )
            findings.spoil(way, value.at, f"has no value: give it one or remove the line{hint}")
        elif has_control(value.text):
            findings.spoil(
                way, value.at, f"holds a character that cannot be shown: {shown(value.text)}"
            )
    return root


def read_text(path: Path, file: str) -> str:
    """Return what a file holds; `ConfigError` says why it cannot be had."""
    try:
        with path.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except FileNotFoundError as error:
        init = shlex.join(["emberwatch", "init", file])
        what = f"no such file: name another with --config, or write one: {init}"
        raise ConfigError((f"{file}: {what}",)) from error
    except IsADirectoryError as error:
        raise ConfigError((f"{file}: is a folder; name the file in it",)) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        mend = (
            "; make it readable for the user who runs emberwatch"
            if getattr(error, "errno", None) == errno.EACCES
            else ""
        )
        raise ConfigError((f"{file}: cannot be read: {why}{mend}",)) from error
    if len(content) > _LARGEST:
        raise ConfigError((f"{file}: is larger than 4 MB; is it a configuration?",))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = _place_in(content[: error.start].decode("utf-8", "replace"))
        raise _broken(file, at, "is not text in UTF-8; save the file as UTF-8") from error


def _place_in(before: str) -> Place:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Place(len(lines), len(lines[-1]) + 1)


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)


def _broken(file: str, at: Place, what: str) -> ConfigError:
    return ConfigError((f"{file}:{at.line}:{at.column}: {what}",))


def _yaml_words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it cannot be understood"
    began = (
        f" {error.context} that begins at line {error.context_mark.line + 1}"
        if error.context and error.context_mark is not None
        else ""
    )
    hint = next((f" ({hint})" for words, hint in _HINTS.items() if words in problem), "")
    return f"not YAML:{began}{':' if began else ''} {problem}{hint}"


class _TooDeep(Exception):
    def __init__(self, at: Place) -> None:
        super().__init__(at)
        self.at = at


class _Empty(Exception):
    pass


class _Composer:
    """Builds the tree from YAML's events.

    PyYAML's own composer recurses without bound, loses duplicate keys and follows aliases.
    """

    def __init__(self, text: str, findings: Findings) -> None:
        self._events = yaml.parse(text, Loader=yaml.BaseLoader)
        self._findings = findings

    def document(self) -> Node:
        """Return the one document of the file."""
        next(self._events)  # the stream begins
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _Empty
        event = next(self._events)
        if isinstance(event, yaml.ScalarEvent) and not event.value and not event.tag:
            raise _Empty
        root = self._node(event, (), depth=0)
        next(self._events)  # the document ends
        further = next(self._events)
        if not isinstance(further, yaml.StreamEndEvent):
            what = "a second document begins here; a configuration is one document"
            self._findings.add((), _place(further), what)
        return root

    def _node(self, event: yaml.Event, way: Way, depth: int) -> Node:
        at = _place(event)
        if depth > _DEEPEST:
            raise _TooDeep(at)
        self._judge(event, way, at)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(way, at, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._entries(way, at, depth)
        if isinstance(event, yaml.ScalarEvent):
            is_plain = not event.style
            return Text(at=at, text=event.value, is_plain=is_plain)
        return Text(at=at, text="", is_plain=True)  # an alias; said and spoiled

    def _judge(self, event: yaml.Event, way: Way, at: Place) -> None:
        tag = getattr(event, "tag", None)
        anchor = getattr(event, "anchor", None)
        if anchor:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            what = f"anchors and aliases ({sign}{anchor}) are not understood: write the value out"
            self._findings.spoil(way, at, what)
        elif tag:
            spelled = tag.replace("tag:yaml.org,2002:", "!!", 1)
            what = f"the tag {shown(spelled)} is not understood here: every value is plain text"
            self._findings.spoil(way, at, f"{what} (text that begins with ! needs quotes)")

    def _items(self, way: Way, at: Place, depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*way, len(items)), depth + 1))
        return Items(at=at, items=tuple(items))

    def _entries(self, way: Way, at: Place, depth: int) -> Entries:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_at = _place(event)
            if isinstance(event, yaml.ScalarEvent):
                key = event.value
                self._judge(event, (*way, key), key_at)
            else:
                key = ""
                self._node(event, (*way, key), depth + 1)
                what = "a setting's name must be text, not a list or a mapping"
                self._findings.spoil((*way, key), key_at, what)
            value = self._node(next(self._events), (*way, key), depth + 1)
            if key in entries:
                line = entries[key].at.line
                self._findings.add(
                    (*way, key), key_at, f"given twice; the first one is at line {line}"
                )
            else:
                entries[key] = Entry(key=key, at=key_at, value=value)
        return Entries(at=at, entries=tuple(entries.values()))
