"""What a single value in the file may be, and what it is turned into."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from emberwatch.config.duration import PATTERN, parse_duration
from emberwatch.config.schema import Limit, Network
from emberwatch.config.tree import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a configuration refers to outside of itself: its folder, and the environment.

    Without an environment secrets are left alone, for whoever reads and sends nothing.
    """

    folder: Path
    environment: Mapping[str, str] | None


class Form(BaseModel):
    """A mapping in the file: known keys only."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        use_attribute_docstrings=True,
    )


def refuse(what: str) -> PydanticCustomError:
    """Return an error that says just this."""
    return PydanticCustomError("emberwatch", "{what}", {"what": what})


def _duration(value: object, or_else: str = "") -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value.strip())
    except ValueError as error:
        raise refuse(f"{error}{or_else}, got {shown(value)}") from None


def _backfill(value: object) -> object:
    return None if value == "none" else _duration(value, ", or none")


def _per_minute(value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    if text == "none":
        return Limit(most=None)
    if text.isascii() and text.isdigit() and len(text) <= 4 and int(text) > 0:
        return Limit(most=int(text))
    raise refuse(f"expected messages a minute, from 1 to 9999, or none, got {shown(value)}")


def _network(value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        hint = f"; did you mean {shown(str(ip_interface(text).network))}?"
    except ValueError:
        hint = ""
    raise refuse(f"expected a network such as 127.0.0.0/8, got {shown(value)}{hint}")


def web_address_fault(address: str) -> str | None:
    """Return what keeps an address from being one of the web, or None; never repeats it."""
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "expected a web address"
    if parts.scheme not in ("http", "https"):
        return "expected a web address that begins with https:// or http://"
    if not has_host or any(character.isspace() for character in address):
        return "expected a web address such as https://example.com/feed"
    return None


def _web_address(value: str) -> str:
    fault = web_address_fault(value)
    if fault is None and urlsplit(value).username is not None:
        fault = "a user or password is never written in this file; remove it from the address"
    if fault is None:
        return value
    # What stands before an @ may be a password, and messages end up in logs.
    raise refuse(fault if "@" in value else f"{fault}, got {shown(value)}")


def _handle(value: str) -> str:
    if not re.fullmatch(r"@?[^\s@]+(@[^\s@]+)?", value):
        raise refuse(f"expected a handle such as '@acme', got {shown(value)}")
    return f"@{value.removeprefix('@')}"


def _hashtag(value: str) -> str:
    if not re.fullmatch(r"#?[^\s#]+", value):
        raise refuse(f"expected a hashtag such as '#acme', got {shown(value)}")
    return f"#{value.removeprefix('#')}"


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}", value):
        raise refuse(f"expected a language code such as en or bg, got {shown(value)}")
    return value.lower()


def _spoken(value: str) -> str:
    if not any(map(str.isalnum, value)):
        raise refuse(f"expected words, got {shown(value)}: without a letter nothing is found")
    return value


def _not_empty(value: object) -> object:
    # pydantic's own minimum counts only the entries that are right.
    if value in ([], ()):
        raise refuse("needs at least one entry")
    return value


def _within_folder(value: Path, info: "ValidationInfo[Surroundings]") -> Path:
    # A dash is standard input, and lies in no folder.
    return value if str(value) == "-" else info.context.folder / value.expanduser()


Written = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Anything = Annotated[str, StringConstraints(max_length=1000)]
Spoken = Annotated[Written, AfterValidator(_spoken)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
WebAddress = Annotated[
    Written,
    AfterValidator(_web_address),
    WithJsonSchema({"type": "string", "pattern": "^https?://[^\\s]+$"}),
]
FilePath = Annotated[
    Path,
    AfterValidator(_within_folder),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "description": "Relative to the folder of the configuration file.",
        }
    ),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(lambda value: _duration(value)),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["30s", "5m", "2h", "7d"]}),
]
Backfill = Annotated[
    timedelta | None,
    BeforeValidator(_backfill),
    WithJsonSchema({"type": "string", "pattern": f"^none$|{PATTERN}", "examples": ["7d", "none"]}),
]
PerMinute = Annotated[
    Limit,
    BeforeValidator(_per_minute),
    WithJsonSchema(
        {
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": 9999,
            "pattern": "^none$|^[1-9][0-9]{0,3}$",
            "examples": [20, "none"],
        }
    ),
]
NetworkText = Annotated[
    Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "examples": ["127.0.0.0/8", "10.0.0.0/8"]}),
]
AtLeastOne = BeforeValidator(_not_empty)
Handle = Annotated[Written, AfterValidator(_handle)]
Hashtag = Annotated[Written, AfterValidator(_hashtag)]
Language = Annotated[
    Written,
    AfterValidator(_language),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2,3}$"}),
]


def by_default(text: str) -> Any:
    """Return a field whose default is read as if it had been written."""
    return Field(default=text, validate_default=True)
