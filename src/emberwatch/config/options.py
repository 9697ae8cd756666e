"""How the options of plug-ins are written: their frozen dataclasses, read from text."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import BaseModel, Field, create_model
from pydantic.errors import PydanticUserError

from emberwatch.config.duration import spell_duration
from emberwatch.config.values import (
    Anything,
    Duration,
    FilePath,
    Form,
    Name,
    WebAddress,
    Written,
)
from emberwatch.model.secret import Secret
from emberwatch.ports import MAY_BE_EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsForm:
    """How the `Options` of a plug-in are written. `secrets` says of each whether it must be."""

    options: type
    model: type[BaseModel]
    secrets: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The options of a plug-in that leaves nothing to choose."""


def options_form(options: type) -> OptionsForm:
    """Return how a plug-in's options are written.

    Raise `TypeError` where the class is no dataclass or declares what no text can say.
    """
    if not dataclasses.is_dataclass(options):
        raise TypeError("its Options are not a dataclass")
    try:
        hints = typing.get_type_hints(options, include_extras=True)
        fields: dict[str, Any] = {}
        secrets: dict[str, bool] = {}
        for declared in dataclasses.fields(options):
            if not declared.init:
                continue
            hint = hints[declared.name]
            if hint is Secret or Secret in typing.get_args(hint):
                secrets[declared.name] = _is_required(declared)
                for key, reads, what in (
                    ("env", Name, "an environment variable"),
                    ("file", Written, "a file"),
                ):
                    note = f"The name of {what} that holds the {declared.name}."
                    fields[f"f_{declared.name}_{key}"] = (
                        reads,
                        Field(
                            default=None,
                            alias=f"{declared.name}_{key}",
                            description=note,
                            json_schema_extra=_without_default,
                        ),
                    )
            else:
                may_be_empty = hint is str and MAY_BE_EMPTY.items() <= declared.metadata.items()
                reads = Anything if may_be_empty else _readable(hint, declared.name)
                fields[f"f_{declared.name}"] = (reads, _field(declared))
        model = create_model(options.__name__, __base__=Form, **fields)
    except (PydanticUserError, NameError) as error:
        first = str(error).splitlines()[0]
        raise TypeError(f"its Options cannot be read from text: {first}") from error
    return OptionsForm(options=options, model=model, secrets=secrets)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _is_required(declared: dataclasses.Field[Any]) -> bool:
    return (
        declared.default is dataclasses.MISSING and declared.default_factory is dataclasses.MISSING
    )


def _field(declared: dataclasses.Field[Any]) -> Any:
    """Return a field of the same name that knows whether it is required, and its default."""
    if _is_required(declared):
        return Field(alias=declared.name)
    default = declared.default

    def tell_default(schema: dict[str, Any]) -> None:
        _without_default(schema)
        if isinstance(default, timedelta):
            schema["default"] = spell_duration(default)
        elif isinstance(default, str | int | float):
            schema["default"] = default.value if isinstance(default, Enum) else default
        elif isinstance(default, tuple) and all(isinstance(one, str) for one in default):
            schema["default"] = list(default)

    return Field(default=None, alias=declared.name, json_schema_extra=tell_default)


def _readable(hint: Any, name: str) -> Any:
    """Return a type that reads from text what a declared type means."""
    plain: dict[Any, Any] = {
        timedelta: Duration,
        Path: FilePath,
        str: WebAddress if name == "url" or name.endswith("_url") else Written,
    }
    if isinstance(hint, type) and hint in plain:
        return plain[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        # Whoever means None leaves the key out: text is never None.
        meant = (one for one in arguments if one is not types.NoneType)
        return Union[tuple(_readable(one, name) for one in meant)]  # noqa: UP007 - computed
    if origin is Annotated:
        return Annotated[(_readable(arguments[0], name), *arguments[1:])]
    if origin in (tuple, list, frozenset, set):
        return origin[tuple(one if one is ... else _readable(one, name) for one in arguments)]
    return hint
