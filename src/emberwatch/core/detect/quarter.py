"""A quarter of an hour, and the windows that are made of quarters.

Time is cut into quarters of an hour, counted from 1970. What came in each, and what was expected of
it when it began, is all that is kept of a brand's recent past.
"""

from dataclasses import dataclass

from emberwatch.core.detect.swift import changer, maker

QUARTER = 15
"""Minutes in a quarter."""
WINDOWS = (15, 30, 60, 120, 240, 720)
"""Lengths in minutes of the windows that are looked at."""
BY_MINUTE = 60
"""Windows up to so many minutes begin with any minute, longer ones with a quarter."""
HOUR = WINDOWS.index(60)
"""Where the window of an hour stands among `WINDOWS`."""
LONGEST = WINDOWS[-1] // QUARTER
"""Quarters in the longest window."""
PER_DAY = 1440 // QUARTER
"""Quarters in a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """A quarter of an hour: what came, and what was expected of a whole one when it began.

    `read_back` counts those posts of `volume` that are history, `judged` those whose anger is
    known; `calm` sums what their heat lacks to 1. `heat` is of voices that are not heard in the
    hour before, `returned` what those add to it that are, but not within a quarter of an hour;
    `nameless` is the part of `heat` that a plain series told. `anger` sums the anger of the judged;
    `squares` and `heat_squares` sum squares. `watched` is in minutes.
    """

    watched: int = QUARTER
    volume: float = 0.0
    read_back: float = 0.0
    judged: float = 0.0
    calm: float = 0.0
    anger: float = 0.0
    squares: float = 0.0
    heat: float = 0.0
    heat_squares: float = 0.0
    nameless: float = 0.0
    returned: float = 0.0
    expected_volume: float = 0.0
    expected_calm: float = 0.0
    expected_heat: float = 0.0


new_quarter = maker(Quarter)
changed_quarter = changer(Quarter)


def window_start(window: int, minute: int) -> int:
    """Return the first minute of the window that ends with `minute`."""
    if window <= BY_MINUTE:
        return minute - window + 1
    return (minute // QUARTER - window // QUARTER + 1) * QUARTER
