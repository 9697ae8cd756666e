"""Lengths of time as people write them: 30s, 5m, 2h, 7d, 1w."""

import re
from datetime import timedelta

_WRITTEN = re.compile(r"([0-9]{1,9})([smhdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LONGEST = timedelta(days=36500)

PATTERN = r"^0*[1-9][0-9]*[smhdw]$"
"""What the JSON Schema says of a duration."""


def parse_duration(text: str) -> timedelta:
    """Return the length of time; `ValueError` says what was expected."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError("expected a duration such as 30s, 5m or 2h")
    length = int(written[1]) * _UNITS[written[2]] if int(written[1]) <= 10**8 else _LONGEST * 2
    if not length:
        raise ValueError("expected a duration longer than zero")
    if length > _LONGEST:
        raise ValueError("expected a duration of at most a hundred years")
    return length


def spell_duration(length: timedelta) -> str:
    """Write a length of whole seconds in the largest unit that fits: `90d`, `36h`, `90s`."""
    for unit in ("d", "h", "m"):
        if length and not length % _UNITS[unit]:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{int(length.total_seconds())}s"
