"""The JSON Schema of the configuration file, for editors."""

from collections.abc import Mapping
from typing import Any

from emberwatch.config.document import HEARTBEAT
from emberwatch.config.form import Document
from emberwatch.config.options import OptionsForm, options_form
from emberwatch.config.schema import PlugIns

JsonObject = dict[str, Any]

_PUBLISHED_AS = "https://json-schema.org/draft/2020-12/schema"


def json_schema(plugins: PlugIns) -> JsonObject:
    """Return the schema of a file that may name just these plug-ins."""
    schema = Document.model_json_schema()
    parts: dict[str, JsonObject] = schema["$defs"]
    _fit_feeds(parts["FeedForm"], _forms(plugins.sources))
    notifiers = _forms(plugins.notifiers)
    parts["NotifierForm"] = {
        "title": "Notifier",
        "type": "object",
        "required": ["name", "kind"],
        "properties": {
            **parts["NotifierForm"]["properties"],
            "kind": {"enum": sorted(notifiers)},
        },
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": _flat(parts["NotifierForm"], form, {"kind": {"const": kind}}),
            }
            for kind, form in notifiers.items()
        ],
    }
    parts["HeartbeatForm"] = _flat(parts["HeartbeatForm"], HEARTBEAT, {})
    return {"$schema": _PUBLISHED_AS, **schema, "title": "The configuration of emberwatch"}


def _forms(plugins: Mapping[str, type]) -> dict[str, OptionsForm]:
    return {
        kind: options_form(getattr(plugins[kind], "Options", object)) for kind in sorted(plugins)
    }


def _options_schema(form: OptionsForm) -> JsonObject:
    schema = form.model.model_json_schema()
    needed = [
        {"anyOf": [{"required": [f"{name}_env"]}, {"required": [f"{name}_file"]}]}
        for name, is_required in form.secrets.items()
        if is_required
    ]
    return {**schema, "allOf": needed} if needed else schema


def _fit_feeds(feed: JsonObject, forms: Mapping[str, OptionsForm]) -> None:
    """Tie what `options` may hold to the source."""
    feed["properties"]["source"] = {"enum": sorted(forms)}
    feed["properties"]["options"] = {"type": "object"}
    feed["allOf"] = []
    for kind, form in forms.items():
        options = _options_schema(form)
        then: JsonObject = {"properties": {"options": options}}
        if options.get("required") or options.get("allOf"):
            then["required"] = ["options"]
        feed["allOf"].append(
            {
                "if": {"required": ["source"], "properties": {"source": {"const": kind}}},
                "then": then,
            }
        )


def _flat(ours: JsonObject, form: OptionsForm, fixed: JsonObject) -> JsonObject:
    """Return one mapping of our own keys and a plug-in's options beside them."""
    options = _options_schema(form)
    return {
        **options,
        "properties": {**ours.get("properties", {}), **fixed, **options["properties"]},
        "required": [*ours.get("required", []), *options.get("required", [])],
        "additionalProperties": False,
    }
