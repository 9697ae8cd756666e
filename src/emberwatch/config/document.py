"""From a file as it was written to a checked configuration, with everything that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from emberwatch.config.form import Document
from emberwatch.config.options import NoOptions, OptionsForm, options_form
from emberwatch.config.schema import (
    Config,
    FeedSettings,
    Heartbeat,
    NotifierSettings,
    PlaybookSettings,
    PlugIns,
    ScorerSettings,
)
from emberwatch.config.teams import misfits
from emberwatch.config.tree import (
    Entries,
    Findings,
    Node,
    Text,
    Way,
    bare,
    child,
    did_you_mean,
    find,
    items,
    key_place,
    names,
    place,
    shown,
    shown_path,
)
from emberwatch.config.values import Surroundings, web_address_fault
from emberwatch.config.wording import form_at, keys_of, wording
from emberwatch.model.errors import ConfigError
from emberwatch.model.secret import Secret

_LARGEST_SECRET = 64 * 1024

_Form = TypeVar("_Form", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatOptions:
    """What a heartbeat needs beside its interval."""

    url: Secret


NOTIFIER_KEYS = ("name", "kind", "per_minute", "fallback")
"""The keys of ours beside the options of a notifier."""

HEARTBEAT = options_form(HeartbeatOptions)


def read_document(
    root: Node, path: Path, plugins: PlugIns, surroundings: Surroundings, findings: Findings
) -> Config | None:
    """Return what the file at `path` says, or note in `findings` everything wrong with it."""
    if not isinstance(root, Entries):
        findings.add((), root.at, f"expected settings such as 'brands:', got {shown(bare(root))}")
        return None
    check = _Check(root, plugins, surroundings, findings)
    document = check.document()
    feeds = check.feeds()
    notifiers = check.notifiers()
    scorer = check.scorer()
    heartbeat_url = check.heartbeat_url()
    check.references()
    if document is None or findings.problems:
        return None
    return Config(
        path=path,
        database=document.database,
        networks=document.network.allow,
        ca=document.network.ca,
        scorer=ScorerSettings(kind=document.scorer.kind, options=scorer),
        brands=tuple(form.brand() for form in document.brands),
        feeds=tuple(
            FeedSettings(
                name=feed.name,
                source=feed.source,
                options=feeds[position],
                every=feed.every,
                brands=feed.brands,
                backfill=feed.backfill,
            )
            for position, feed in enumerate(document.feeds)
        ),
        notifiers=tuple(
            NotifierSettings(
                name=notifier.name,
                kind=notifier.kind,
                options=notifiers[position],
                per_minute=notifier.per_minute,
                fallback=notifier.fallback or "",
            )
            for position, notifier in enumerate(document.notifiers)
        ),
        routes=tuple(form.route() for form in document.routes),
        teams=tuple(form.team() for form in document.teams),
        retention=document.retention,
        playbook=PlaybookSettings(
            file=document.playbook.file,
            stance=document.playbook.stance,
            notes=tuple(form.note() for form in document.playbook.notes),
        ),
        heartbeat=None
        if document.heartbeat is None or heartbeat_url is None
        else Heartbeat(url=heartbeat_url, every=document.heartbeat.every),
    )


def validated(
    root: Node, model: type[_Form], surroundings: Surroundings, findings: Findings
) -> _Form | None:
    """Return what a file of another kind says, or note in `findings` everything wrong with it."""
    if not isinstance(root, Entries):
        findings.add((), root.at, f"expected settings, got {shown(bare(root))}")
        return None
    try:
        return model.model_validate(bare(root), context=surroundings)
    except ValidationError as error:
        nothing = PlugIns(sources={}, notifiers={})
        _Check(root, nothing, surroundings, findings).gather(error, model, (), ())
        return None


class _Check:
    """One reading of one file; every method notes what is wrong and goes on."""

    def __init__(
        self, root: Node, plugins: PlugIns, surroundings: Surroundings, findings: Findings
    ) -> None:
        self._root = root
        self._plugins = plugins
        self._surroundings = surroundings
        self._findings = findings

    # ------------------------------------------------------------ the parts
    def document(self) -> Document | None:
        """Check all but the options of plug-ins and what refers to what."""
        try:
            return Document.model_validate(bare(self._root), context=self._surroundings)
        except ValidationError as error:
            self.gather(error, Document, (), ())
            return None

    def feeds(self) -> dict[int, object]:
        """Return the options of each feed that is right."""
        made: dict[int, object] = {}
        for position, feed in items(self._root, "feeds"):
            way: Way = ("feeds", position)
            kind = feed.get("source")
            form = self._plug_in((*way, "source"), kind, "source", self._plugins.sources)
            written = feed.get("options")
            if form is not None and (written is None or isinstance(written, Entries)):
                settings = _settings(written, but=())
                options = self._options(form, (*way, "options"), settings)
                if options is not None:
                    made[position] = options
        return made

    def notifiers(self) -> dict[int, object]:
        """Return the options of each notifier that is right."""
        made: dict[int, object] = {}
        for position, notifier in items(self._root, "notifiers"):
            way: Way = ("notifiers", position)
            kind = notifier.get("kind")
            form = self._plug_in((*way, "kind"), kind, "notifier", self._plugins.notifiers)
            if form is not None:
                settings = _settings(notifier, but=NOTIFIER_KEYS)
                options = self._options(form, way, settings, beside=NOTIFIER_KEYS)
                if options is not None:
                    made[position] = options
        return made

    def scorer(self) -> object | None:
        """Return the options of the scorer, None where it has none or something is wrong."""
        written = child(self._root, "scorer")
        if isinstance(written, Entries):
            way: Way = ("scorer", "kind")
            kind, settings = written.get("kind"), _settings(written, but=("kind",))
        else:
            way, kind, settings = ("scorer",), written, {}
        form = self._plug_in(way, kind, "scorer", self._plugins.scorers, without=NoOptions)
        made = (
            None if form is None else self._options(form, ("scorer",), settings, beside=("kind",))
        )
        return None if isinstance(made, NoOptions) else made

    def heartbeat_url(self) -> Secret | None:
        """Return the address to call, if there is a heartbeat and it is right."""
        written = child(self._root, "heartbeat")
        if not isinstance(written, Entries):
            return None
        settings = _settings(written, but=("every",))
        options = self._options(HEARTBEAT, ("heartbeat",), settings, beside=("every",))
        return options.url if isinstance(options, HeartbeatOptions) else None

    def references(self) -> None:
        """Check that names are given once and that those referred to exist."""
        brands = self._named("brands", "brand")
        self._named("feeds", "feed")
        notifiers = self._named("notifiers", "notifier")
        self._refer("feeds", "brands", "brand", brands)
        self._refer("routes", "brands", "brand", brands)
        self._refer("routes", "notify", "notifier", notifiers)
        for way, what in misfits(self._root, self._named("teams", "team"), notifiers):
            self._at(way, what)
        self._stand_ins(notifiers)
        self._refer_to_themes(child(self._root, "playbook"))

    # ------------------------------------------------------------ plug-ins
    def _plug_in(
        self,
        way: Way,
        kind: Node | None,
        noun: str,
        known: Mapping[str, type],
        *,
        without: type = object,
    ) -> OptionsForm | None:
        """Return how the options of the kind at `way` are written, if there is such a kind.

        `without` stands for the options of a plug-in that declares none.
        """
        if not isinstance(kind, Text) or not kind.text.strip():
            return None  # the form of the whole has said so
        name = kind.text.strip()
        if name not in known:
            hint = did_you_mean(name, tuple(known)) or f"; there are {', '.join(sorted(known))}"
            self._at(way, f"unknown {noun} {shown(name)}{hint}")
            return None
        try:
            return options_form(getattr(known[name], "Options", without))
        except ConfigError as error:
            self._at(way, "; ".join(error.problems))
        except TypeError as error:
            self._at(way, f"the {noun} {shown(name)} cannot be used: {error}")
        return None

    def _options(
        self, form: OptionsForm, way: Way, written: dict[str, Any], *, beside: tuple[str, ...] = ()
    ) -> object | None:
        """Return a plug-in's options; `beside` are keys of ours in the same mapping."""
        before = len(self._findings.problems)
        in_clear = [name for name in form.secrets if name in written]
        for name in in_clear:
            del written[name]
            self._at_key(
                (*way, name),
                f"a secret is never written in this file: put it into an environment variable "
                f"and name that in {name}_env, or into a file and name that in {name}_file",
            )
        values: dict[str, object] = {}
        try:
            model = form.model.model_validate(written, context=self._surroundings)
            values = {key.removeprefix("f_"): getattr(model, key) for key in model.model_fields_set}
        except ValidationError as error:
            self.gather(error, form.model, way, beside)
        for name, is_required in form.secrets.items():
            values.pop(f"{name}_env", None)
            values.pop(f"{name}_file", None)
            secret = self._secret(way, name, written)
            if secret is not None:
                values[name] = secret
            elif is_required and not {name, f"{name}_env", f"{name}_file"} & {*written, *in_clear}:
                self._at((*way, f"{name}_env"), f"required, but missing (or give {name}_file)")
        if len(self._findings.problems) > before:
            return None
        try:
            made: object = form.options(**values)
        except (TypeError, ValueError) as error:
            self._at(way, str(error))
            return None
        problems = getattr(made, "problems", None)
        for name, what in problems() if problems is not None else ():
            keys = (name, f"{name}_env", f"{name}_file")
            if self._surroundings.environment is None and set(keys[1:]) & set(written):
                continue  # a secret that was left alone cannot be wrong
            self._at((*way, next((key for key in keys if key in written), name)), what)
        return made

    # ------------------------------------------------------------ secrets
    def _secret(self, way: Way, name: str, written: Mapping[str, object]) -> Secret | None:
        """Return a secret from where the file says that it lies, if it says so."""
        by_env, by_file = f"{name}_env", f"{name}_file"
        if by_env in written and by_file in written:
            self._at_key((*way, by_file), f"give {by_env} or {by_file}, not both")
            return None
        key = by_env if by_env in written else by_file
        where = written.get(key)
        if not isinstance(where, str) or not where.strip():
            return None  # absent, or the form of the options has said what is wrong
        if self._surroundings.environment is None:
            return Secret("")
        found = (
            self._from_environment((*way, key), where.strip(), self._surroundings.environment)
            if key == by_env
            else self._from_file((*way, key), where.strip())
        )
        if found is None:
            return None
        fault = web_address_fault(found) if name == "url" or name.endswith("_url") else None
        if fault is not None:
            self._at((*way, key), f"what it holds is no web address: {fault}")
            return None
        return Secret(found)

    def _from_environment(
        self, way: Way, variable: str, environment: Mapping[str, str]
    ) -> str | None:
        # no variable is called so, and asking for a name that no encoding has would crash
        value = environment.get(variable) if variable.isprintable() else None
        if value is not None and value.strip():
            return value.strip()
        named = variable if variable.isidentifier() else shown(variable)
        state = "is not set: export it" if value is None else "is empty: give it a value"
        self._at(way, f"the environment variable {named} {state} or remove {way[-1]}")
        return None

    def _from_file(self, way: Way, name: str) -> str | None:
        file = self._surroundings.folder / Path(name).expanduser()
        try:
            with file.open("rb") as opened:
                content = opened.read(_LARGEST_SECRET + 1)
            value = content.decode().strip()
        except OSError as error:
            why = error.strerror or type(error).__name__
            self._at(way, f"cannot read {shown_path(file)}: {why}; mend that or remove {way[-1]}")
            return None
        except UnicodeDecodeError:
            self._at(way, f"{shown_path(file)} does not hold text in UTF-8")
            return None
        if value and len(content) <= _LARGEST_SECRET:
            return value
        state = "is larger than any secret (64 kB)" if value else "is empty"
        self._at(way, f"the file {shown_path(file)} {state}")
        return None

    # ------------------------------------------------------------ what refers to what
    def _named(self, section: str, noun: str) -> tuple[str, ...]:
        """Return the names given in a section, each once."""
        first: dict[str, Text] = {}
        for position, entry in items(self._root, section):
            name = entry.get("name")
            if not isinstance(name, Text) or not name.text.strip():
                continue
            earlier = first.setdefault(name.text.strip().casefold(), name)
            if earlier is not name:
                self._at(
                    (section, position, "name"),
                    f"line {earlier.at.line} has a {noun} {shown(earlier.text.strip())} already",
                )
        return tuple(name.text.strip() for name in first.values())

    def _refer(self, section: str, key: str, noun: str, known: tuple[str, ...]) -> None:
        for position, entry in items(self._root, section):
            for index, name in names(entry, key):
                wanted = name.text.strip()
                if wanted and wanted not in known:
                    hint = did_you_mean(wanted, known)
                    self._at(
                        (section, position, key, index), f"unknown {noun} {shown(wanted)}{hint}"
                    )

    def _stand_ins(self, known: tuple[str, ...]) -> None:
        """Check that each fallback exists and that nobody stands in for itself in the end."""
        stand_ins: dict[str, str] = {}
        for position, entry in items(self._root, "notifiers"):
            name, fallback = entry.get("name"), entry.get("fallback")
            if not isinstance(name, Text) or not isinstance(fallback, Text):
                continue
            ours, theirs = name.text.strip(), fallback.text.strip()
            if theirs and theirs not in known:
                hint = did_you_mean(theirs, known)
                self._at(
                    ("notifiers", position, "fallback"), f"unknown notifier {shown(theirs)}{hint}"
                )
            elif theirs:
                stand_ins[ours] = theirs
                circle = _circle(ours, stand_ins)
                if circle:
                    self._at(
                        ("notifiers", position, "fallback"),
                        f"goes round in a circle ({' -> '.join(circle)}): nobody would stand in "
                        "for the last one",
                    )

    def _refer_to_themes(self, playbook: Node | None) -> None:
        """Check that the themes that notes speak of are those of a brand."""
        known = tuple(
            name.text.strip()
            for _, brand in items(self._root, "brands")
            for _, theme in items(brand, "themes")
            if isinstance(name := theme.get("name"), Text)
        )
        for position, note in items(playbook, "notes"):
            for index, name in names(note, "themes"):
                wanted = name.text.strip()
                if wanted and wanted not in known:
                    way = ("playbook", "notes", position, "themes", index)
                    hint = did_you_mean(wanted, known)
                    self._at(way, f"unknown theme {shown(wanted)}{hint}")

    # ------------------------------------------------------------ pointing at things
    def _at(self, way: Way, what: str) -> None:
        self._findings.add(way, place(self._root, way), what)

    def _at_key(self, way: Way, what: str) -> None:
        self._findings.add(way, key_place(self._root, way), what)

    def gather(
        self, error: ValidationError, model: type[BaseModel], base: Way, beside: tuple[str, ...]
    ) -> None:
        """Note everything that pydantic found in the part of the file at `base`."""
        for detail in error.errors(include_url=False):
            way, node = base, find(self._root, base)
            location = detail["loc"]
            for position, step in enumerate(location):
                further = child(node, step)
                is_missing = detail["type"] == "missing" and position == len(location) - 1
                # What pydantic puts in between (the branch of a union) is not in the file.
                if further is not None or is_missing:
                    way, node = (*way, step), further
            keys = (*beside, *keys_of(form_at(model, location[:-1])))
            tell = self._at_key if detail["type"] == "extra_forbidden" else self._at
            tell(way, wording(detail, keys))


def _circle(name: str, stand_ins: Mapping[str, str]) -> list[str]:
    """Return the names from one back to itself, or nothing where no way leads back."""
    way = [name]
    while (further := stand_ins.get(way[-1])) is not None and further not in way[1:]:
        way.append(further)
        if further == name:
            return way
    return []


def _settings(node: Entries | None, *, but: tuple[str, ...]) -> dict[str, Any]:
    entries = () if node is None else node.entries
    return {entry.key: bare(entry.value) for entry in entries if entry.key not in but}
