"""How values are written down: detector states by their type, instants and texts as text."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar, cast

import msgspec

from emberwatch.model.incident import History, Recurrence, Waiting
from emberwatch.model.sign import Sign

S = TypeVar("S")

REPLACEMENT = "\ufffd"


_DECODERS: dict[type, msgspec.msgpack.Decoder[object]] = {}
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_STRINGS = msgspec.json.Decoder(tuple[str, ...])
_SIGNS = msgspec.json.Decoder(tuple[Sign, ...])
_WAITING = msgspec.json.Decoder(Waiting)
_HISTORY = msgspec.json.Decoder(History)
_RECURRING = msgspec.json.Decoder(tuple[Recurrence, ...])
_MAPPING = msgspec.json.Decoder(dict[str, str])
_JSON = msgspec.json.Encoder()


def encode_state(state: object) -> bytes:
    """Write a detector's state: MessagePack, because JSON has no infinity.

    A state is a frozen dataclass of plain values, tuples, instants, enums and other such
    dataclasses. Raises `TypeError` for anything else.
    """
    return _ENCODER.encode(state)


def decode_state(body: bytes, of: type[S]) -> S:
    """Read a state back by the type hints of its class.

    Raises `ValueError` when the body does not fit the class: then the class has changed without
    its detector's version having been raised, or the body is damaged.
    """
    decoder = _DECODERS.get(of)
    if decoder is None:
        decoder = _DECODERS[of] = msgspec.msgpack.Decoder(of)
    try:
        return cast("S", decoder.decode(body))
    except msgspec.MsgspecError as error:
        raise ValueError(f"a stored state is no {of.__name__}: {error}") from error


def instant_text(at: datetime) -> str:
    """Write an instant as `2026-11-22T01:45:32.000000Z`: always 27 characters, so text sorts.

    Raises `ValueError` for an instant without a time zone.
    """
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"instant {at.isoformat()}: has no time zone")
        at = _in_utc(at)
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        # only within a day of year 1 or of the end of year 9999: its own clock is near enough
        return at.replace(tzinfo=UTC)


def read_instant(text: str) -> datetime:
    """Read an instant that `instant_text` wrote."""
    return datetime.fromisoformat(text)


def clean(text: str) -> str:
    """Replace what UTF-8 cannot write (lone surrogates) and what ends a C string (NUL)."""
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def strings_json(strings: Sequence[str]) -> str:
    """Write strings as a JSON array."""
    return _JSON.encode([clean(string) for string in strings]).decode()


def read_strings(text: str) -> tuple[str, ...]:
    """Read what `strings_json` wrote."""
    return _STRINGS.decode(text)


def signs_json(signs: Sequence[Sign]) -> str:
    """Write a post's signs as a JSON array."""
    return clean(_JSON.encode(signs).decode())


def read_signs(text: str) -> tuple[Sign, ...]:
    """Read what `signs_json` wrote."""
    return _SIGNS.decode(text)


def waiting_json(waiting: Waiting) -> str:
    """Write how an incident waits for people as a JSON object."""
    return clean(_JSON.encode(waiting).decode())


def read_waiting(text: str) -> Waiting:
    """Read what `waiting_json` wrote."""
    return _WAITING.decode(text)


def history_json(history: History) -> str:
    """Write an author's history as a JSON object."""
    return clean(_JSON.encode(history).decode())


def read_history(text: str) -> History:
    """Read what `history_json` wrote."""
    return _HISTORY.decode(text)


def recurring_json(recurring: Sequence[Recurrence]) -> str:
    """Write themes that keep coming back as a JSON array."""
    return clean(_JSON.encode(recurring).decode())


def read_recurring(text: str) -> tuple[Recurrence, ...]:
    """Read what `recurring_json` wrote."""
    return _RECURRING.decode(text)


def mapping_json(mapping: Mapping[str, str]) -> str:
    """Write a mapping of strings as a JSON object."""
    return _JSON.encode({clean(key): clean(value) for key, value in mapping.items()}).decode()


def read_mapping(text: str) -> dict[str, str]:
    """Read what `mapping_json` wrote."""
    return _MAPPING.decode(text)
