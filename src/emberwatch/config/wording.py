"""What pydantic found wrong, in our words."""

import re
import typing
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from emberwatch.config.tree import did_you_mean, shown


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys that a part of the file may hold."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _form_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in typing.get_args(annotation):
        found = _form_within(part)
        if found is not None:
            return found
    return None


def form_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the part of the file that lies at a location of pydantic's within another."""
    for step in location:
        field = model.model_fields.get(step) if isinstance(step, str) else None
        model = (field and _form_within(field.annotation)) or model
    return model


def wording(error: ErrorDetails, keys: tuple[str, ...]) -> str:
    """Return what is wrong; `keys` are those that would have been right."""
    got = shown(error["input"])
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "required, but missing"
        case "extra_forbidden":
            return f"unknown setting{did_you_mean(str(error['loc'][-1]), keys)}"
        case "emberwatch":
            return str(context["what"])
        case "string_type" | "path_type" | "timedelta_type" | "time_delta_type":
            return f"expected text, got {got}"
        case "tuple_type" | "list_type" | "set_type" | "frozen_set_type":
            example = got if isinstance(error["input"], str) else "one, two"
            return f"expected a list such as [{example}], got {got}"
        case "model_type" | "dict_type" | "mapping_type" | "dataclass_type":
            return f"expected a mapping of settings, got {got}"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return f"is longer than {context['max_length']} characters"
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return f"expected a whole number, got {got}"
        case "float_type" | "float_parsing" | "finite_number":
            return f"expected a number, got {got}"
        case "bool_type" | "bool_parsing":
            return f"expected true or false, got {got}"
        case "greater_than":
            return f"must be above {context['gt']:g}, got {got}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}, got {got}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}, got {got}"
        case "enum" | "literal_error":
            known = tuple(re.findall(r"'([^']*)'", str(context["expected"])))
            hint = did_you_mean(str(error["input"]), known)
            return f"expected one of {', '.join(known)}, got {got}{hint}"
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}, got {got}"
