"""Hours of a week as people write them: mon-fri 09:00-18:00."""

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, WithJsonSchema

from emberwatch.config.tree import did_you_mean, shown
from emberwatch.config.values import Written, refuse
from emberwatch.model.team import WEEKDAYS, Span

_DAY = "|".join(WEEKDAYS)
_CLOCK = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_WRITTEN = re.compile(
    rf"(?:({_DAY})(?:-({_DAY}))? +)?{_CLOCK} *- *(?:{_CLOCK}|(24:00))", re.IGNORECASE
)
_EXPECTED = "expected hours such as mon-fri 09:00-18:00 or 22:00-07:00"


def parse_spans(text: str) -> tuple[Span, ...]:
    """Return one span for each day that a text such as `mon-fri 09:00-18:00` names.

    Without a day it is every day. `ValueError` says what was expected.
    """
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise ValueError(_EXPECTED)
    first, last, hour, minute, end_hour, end_minute, _ = written.groups()
    start = time(int(hour), int(minute))
    end = time(int(end_hour), int(end_minute)) if end_hour else time()
    if start == end != time() or (end == time() == start and end_hour):
        raise ValueError("expected hours that end later than they begin, or 00:00-24:00")
    return tuple(Span(weekday=day, start=start, end=end) for day in _days(first, last))


def week(written: tuple[str, ...]) -> tuple[Span, ...]:
    """Return the spans of several such texts."""
    return tuple(span for text in written for span in parse_spans(text))


def _days(first: str | None, last: str | None) -> tuple[int, ...]:
    if first is None:
        return tuple(range(7))
    begins = WEEKDAYS.index(first.lower())
    ends = WEEKDAYS.index((last or first).lower())
    return tuple((begins + day) % 7 for day in range((ends - begins) % 7 + 1))


def _hours(text: str) -> str:
    try:
        parse_spans(text)
    except ValueError as error:
        raise refuse(f"{error}, got {shown(text)}") from None
    return text


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        pass
    else:
        return name
    hint = did_you_mean(name, tuple(sorted(available_timezones())))
    raise refuse(f"unknown time zone {shown(name)}{hint or ', expected one such as Europe/Sofia'}")


Hours = Annotated[
    Written,
    AfterValidator(_hours),
    WithJsonSchema({"type": "string", "examples": ["mon-fri 09:00-18:00", "22:00-07:00"]}),
]
"""A text that `parse_spans` understands: the parts of a list are read together."""

TimeZone = Annotated[
    Written,
    AfterValidator(_time_zone),
    WithJsonSchema({"type": "string", "examples": ["Europe/Sofia", "UTC"]}),
]
