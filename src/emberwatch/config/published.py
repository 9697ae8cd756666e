"""The JSON Schema of the configuration file, for editors."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from emberwatch.config.document import HEARTBEAT
from emberwatch.config.form import Document
from emberwatch.config.options import NoOptions, OptionsForm, options_form
from emberwatch.config.schema import PlugIns

JsonObject = dict[str, Any]


class _Untitled(GenerateJsonSchema):
    """Leaves out titles that only repeat a key with a capital."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(plugins: PlugIns) -> JsonObject:
    """Return the schema of a file that may name just these plug-ins."""
    schema = Document.model_json_schema(schema_generator=_Untitled)
    parts: dict[str, JsonObject] = schema["$defs"]
    feed, notifier = parts["FeedForm"], parts["NotifierForm"]
    sources = {kind: _options(form, kind, parts) for kind, form in _forms(plugins.sources)}
    notifiers = {kind: _options(form, kind, parts) for kind, form in _forms(plugins.notifiers)}

    feed["properties"]["source"] = {"enum": [*sources]}
    feed["properties"]["options"] = {"type": "object"}
    feed["allOf"] = [
        _when("source", kind, {"properties": {"options": options}, "required": _needed(options)})
        for kind, options in sources.items()
    ]
    parts["NotifierForm"] = {
        **{key: notifier[key] for key in ("description", "type", "required")},
        "properties": {**notifier["properties"], "kind": {"enum": [*notifiers]}},
        "allOf": [
            _when("kind", kind, _flat(notifier, options)) for kind, options in notifiers.items()
        ],
    }
    scorer = parts["ScorerForm"]
    scorers = {kind: _options(form, kind, parts) for kind, form in _scorer_forms(plugins.scorers)}
    alone = [kind for kind, options in scorers.items() if not options.get("required")]
    parts["ScorerForm"] = {
        **{key: scorer[key] for key in ("description", "type", "required")},
        "properties": {**scorer["properties"], "kind": {"enum": [*scorers]}},
        "allOf": [_when("kind", kind, _flat(scorer, options)) for kind, options in scorers.items()],
    }
    schema["properties"]["scorer"] = {
        "description": schema["properties"]["scorer"]["description"],
        "default": "auto",
        "anyOf": [{"enum": alone}, {"$ref": "#/$defs/ScorerForm"}],
    }
    parts["HeartbeatForm"] = _flat(parts["HeartbeatForm"], _options(HEARTBEAT, "heartbeat", parts))
    for part in parts.values():
        part.pop("title", None)
    return {"$schema": _DIALECT, **schema, "title": "The configuration of emberwatch"}


def _forms(plugins: Mapping[str, type]) -> Iterator[tuple[str, OptionsForm]]:
    for kind in sorted(plugins):
        yield kind, options_form(getattr(plugins[kind], "Options", object))


def _scorer_forms(plugins: Mapping[str, type]) -> Iterator[tuple[str, OptionsForm]]:
    for kind in sorted(plugins):
        yield kind, options_form(getattr(plugins[kind], "Options", NoOptions))


def _options(form: OptionsForm, kind: str, parts: JsonObject) -> JsonObject:
    """Return the schema of a plug-in's options; what it refers to joins `parts`."""
    schema = form.model.model_json_schema(
        ref_template=f"#/$defs/{kind}.{{model}}", schema_generator=_Untitled
    )
    del schema["title"]
    for name, part in schema.pop("$defs", {}).items():
        parts[f"{kind}.{name}"] = part
    schema["description"] = _first_line(form.options)
    for name, note in _notes(form.options).items():
        if name in schema["properties"]:
            schema["properties"][name].setdefault("description", note)
    needed = [
        {"anyOf": [{"required": [f"{name}_env"]}, {"required": [f"{name}_file"]}]}
        for name, is_required in form.secrets.items()
        if is_required
    ]
    return {**schema, "allOf": needed} if needed else schema


def _needed(options: JsonObject) -> list[str]:
    return ["options"] if options.get("required") or options.get("allOf") else []


def _when(key: str, value: str, then: JsonObject) -> JsonObject:
    return {"if": {"required": [key], "properties": {key: {"const": value}}}, "then": then}


def _flat(ours: JsonObject, options: JsonObject) -> JsonObject:
    """Return one mapping of our own keys and a plug-in's options beside them."""
    return {
        **options,
        "description": options.get("description") or ours["description"],
        "properties": {**ours["properties"], **options["properties"]},
        "required": [*ours.get("required", []), *options.get("required", [])],
        "additionalProperties": False,
    }


def _first_line(documented: type) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _notes(options: type) -> dict[str, str]:
    """Return what the source says beneath each field, as editors show it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(options)))
    except (OSError, SyntaxError):
        return {}  # made at run time, or installed without its source
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: inspect.cleandoc(note.value.value)
        for field, note in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }
