"""Charts as self-contained SVG: panels over one axis, with bands, thresholds and moments; pure.

The same values give the same bytes. Nothing is fetched and nothing runs. What a colour says, a
dash and a name in the key say too; a reader of screens is read the title and the summary.
Docs: docs/decisions/0012-pictures-of-our-own.md.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from html import escape
from itertools import groupby
from math import ceil, floor, inf, log10

WIDTH = 760
"""Width of every picture in its own units; it scales to the width that it is given."""


class Colour(StrEnum):
    """What a thing is drawn in; each is legible on light and on dark ground."""

    RED = "red"
    BLUE = "blue"
    GREEN = "green"
    PURPLE = "purple"
    ORANGE = "orange"
    TEAL = "teal"
    BROWN = "brown"
    GREY = "grey"


class Dash(StrEnum):
    """How a line is drawn."""

    SOLID = "solid"
    DASHED = "dashed"
    DOTTED = "dotted"


class Scale(StrEnum):
    """What the axis across counts: plain numbers, or instants as seconds since 1970 (UTC)."""

    NUMBER = "number"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point drawn for itself; its area follows `weight`, and it tells when pointed at."""

    across: float
    up: float
    weight: float
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series: (across, up) in ascending order of across; an `up` of None is a gap.

    With `is_stepped` a value holds until the next point. Dots share the colour of their line.
    """

    name: str
    points: Sequence[tuple[float, float | None]]
    colour: Colour = Colour.BLUE
    dash: Dash = Dash.SOLID
    is_stepped: bool = False
    dots: Sequence[Dot] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An area between two series, such as what is expected: (across, low, high)."""

    name: str
    points: Sequence[tuple[float, float, float]]
    colour: Colour = Colour.GREEN
    is_stepped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened: an upright line through every panel, with its name at the top."""

    across: float
    name: str
    colour: Colour = Colour.GREY


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the axis that is shaded in every panel, such as a feed that was down."""

    since: float
    until: float
    name: str
    colour: Colour = Colour.GREY


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart. `name` says what is counted, and in what; `high` is the least top of its axis."""

    name: str
    lines: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    height: int = 170
    low: float = 0.0
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Panels one below the other, over one axis.

    `summary` says in words what is to be seen: it is what a reader of screens reads aloud.
    `since` and `until` are the ends of the axis; None: as far as the data and moments go, but for
    moments so far off that the data would be a stroke among them.
    """

    title: str
    summary: str
    panels: Sequence[Panel]
    moments: Sequence[Moment] = ()
    spans: Sequence[Span] = ()
    scale: Scale = Scale.TIME
    across: str = ""
    since: float | None = None
    until: float | None = None


_LIGHT = {
    Colour.RED: "#b3261e",
    Colour.BLUE: "#1f5fbf",
    Colour.GREEN: "#2e7d32",
    Colour.PURPLE: "#8e44ad",
    Colour.ORANGE: "#a05a00",
    Colour.TEAL: "#00796b",
    Colour.BROWN: "#5d4037",
    Colour.GREY: "#5f6368",
}
_DARK = {
    Colour.RED: "#ff8a80",
    Colour.BLUE: "#8ab4f8",
    Colour.GREEN: "#81c995",
    Colour.PURPLE: "#d7aefb",
    Colour.ORANGE: "#fcad70",
    Colour.TEAL: "#78d9ec",
    Colour.BROWN: "#d7b8a8",
    Colour.GREY: "#bdc1c6",
}
_GROUND, _INK, _FAINT = ("#ffffff", "#15181c"), ("#202124", "#e8eaed"), ("#d5d8dc", "#3c4043")
_DASHES = {Dash.SOLID: "", Dash.DASHED: "7 4", Dash.DOTTED: "2 4"}
_LEFT, _RIGHT = 56, 16
_INSIDE = WIDTH - _LEFT - _RIGHT
_TITLE, _ROW, _HEADING, _LABELS, _KEY = 34, 17, 30, 40, 20
_LETTER = 6.6
"""Width of an average letter of the small print."""
_FAR_OFF = 4.0
"""A moment may lie so many times the length of the data beside them."""


def draw(picture: Picture) -> str:
    """Return the picture as one SVG element, fit for a file of its own or for a page."""
    axis = _Axis(picture)
    moments = sorted((m for m in picture.moments if axis.holds(m.across)), key=_across)
    rows = _rows(moments, axis)
    top = _TITLE + _ROW * (max(rows, default=-1) + 1)
    body: list[str] = []
    tops: list[tuple[int, int]] = []
    for panel in picture.panels:
        plot = top + _HEADING
        tops.append((plot, plot + panel.height))
        names = [*_named(panel), *(_swatch(span) for span in picture.spans)]
        lines, below = _key(names, plot + panel.height + _LABELS)
        body += [*_panel(panel, axis, plot, picture), *lines]
        top = below + 8
    if picture.across and tops:
        below = tops[-1][1] + 33
        body.append(_text(_LEFT + _INSIDE / 2, below, picture.across, anchor="middle"))
    body += _moments(moments, rows, axis, tops)
    return _whole(picture, body, top + 4)


def _whole(picture: Picture, body: Sequence[str], height: int) -> str:
    inner = "\n".join(body)
    title = _safe(picture.title)
    name = "p" + blake2b(f"{title}\n{inner}".encode(), digest_size=6).hexdigest()
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ember-picture" role="img" '
            f'aria-labelledby="{name}-t {name}-d" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" '
            'font-size="12" style="max-width:100%;height:auto">',
            f'<title id="{name}-t">{title}</title>',
            f'<desc id="{name}-d">{_safe(picture.summary)}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}" fill="{_GROUND[0]}"/>',
            _text(12, 22, picture.title, size=16),
            inner,
            "</svg>",
            "",
        ]
    )


def _style() -> str:
    """Return what differs on dark ground; everything else stands where it is drawn."""
    rules = [
        f".ember-picture .ground{{fill:{_GROUND[1]}}}",
        f".ember-picture .ink{{fill:{_INK[1]}}}",
        f".ember-picture .faint{{stroke:{_FAINT[1]}}}",
    ]
    for colour, dark in _DARK.items():
        rules += [
            f".ember-picture .s-{colour}{{stroke:{dark}}}",
            f".ember-picture .f-{colour}{{fill:{dark}}}",
        ]
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"


_STYLE = _style()


# ---------------------------------------------------------------- the axis across
_Up = Callable[[float], float]
"""How high a value lies."""


class _Axis:
    """Where an across value lies, from the left edge to the right one."""

    def __init__(self, picture: Picture) -> None:
        seen = list(_data(picture)) or [moment.across for moment in picture.moments]
        low, high = min(seen, default=0.0), max(seen, default=1.0)
        room = _FAR_OFF * (high - low) or inf
        seen = [each.across for each in picture.moments if low - room <= each.across <= high + room]
        self.low = picture.since if picture.since is not None else min([low, *seen])
        high = picture.until if picture.until is not None else max([high, *seen])
        self.high = high if high > self.low else self.low + 1.0

    def place(self, across: float) -> float:
        return _LEFT + _INSIDE * (across - self.low) / (self.high - self.low)

    def holds(self, across: float) -> bool:
        return self.low <= across <= self.high


def _data(picture: Picture) -> Iterator[float]:
    for panel in picture.panels:
        for line in panel.lines:
            yield from (point[0] for point in line.points)
        for band in panel.bands:
            yield from (point[0] for point in band.points)


def _rows(moments: Sequence[Moment], axis: _Axis) -> list[int]:
    """Return in which row above the panels each moment is named, so that no names overlap."""
    ends: list[float] = []
    rows = []
    for moment in moments:
        start, end = _reach(moment, axis)
        free = next((row for row, taken in enumerate(ends) if taken < start), len(ends))
        ends[free : free + 1] = [end + 8.0]
        rows.append(free)
    return rows


def _across(moment: Moment) -> float:
    return moment.across


def _reach(moment: Moment, axis: _Axis) -> tuple[float, float]:
    """Return from where to where a moment's name is written, within the picture."""
    width = _LETTER * len(moment.name) + 6.0
    start = min(axis.place(moment.across), WIDTH - width)
    return start, start + width


def _moments(
    moments: Sequence[Moment],
    rows: Sequence[int],
    axis: _Axis,
    tops: Sequence[tuple[int, int]],
) -> list[str]:
    drawn = []
    for moment, row in zip(moments, rows, strict=True):
        x = axis.place(moment.across)
        y = _TITLE + _ROW * row + 12
        start, end = _reach(moment, axis)
        name = (
            _text(start + 3, y, moment.name)
            if start == x
            else _text(end - 3, y, moment.name, anchor="end")
        )
        starts = [y + 3, *(top for top, _ in tops[1:])]
        path = "".join(
            f"M{_n(x)} {start}V{bottom}" for start, (_, bottom) in zip(starts, tops, strict=False)
        )
        drawn += [
            f'<path d="{path}" {_stroke(moment.colour)} fill="none" stroke-dasharray="3 3"/>',
            name,
        ]
    return drawn


def _ticks(axis: _Axis, scale: Scale) -> Iterator[tuple[float, str, str]]:
    """Yield (where, label, second label) along the axis across."""
    if scale is Scale.NUMBER:
        for value in _round_steps(axis.low, axis.high, 8):
            yield value, _figure(value), ""
        return
    length = axis.high - axis.low
    step = next((s for s in _TIME_STEPS if length / s <= 8), ceil(length / 8 / 86400) * 86400)
    at = ceil(axis.low / step) * step
    day = ""
    while at <= axis.high:
        instant = _EPOCH + timedelta(seconds=at)
        date = f"{instant:%a} {instant.day} {instant:%b}"
        if step >= 86400:
            yield at, date, ""
        else:
            yield at, f"{instant:%H:%M}", date if date != day else ""
            day = date
        at += step


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_STEPS = tuple(
    60 * minutes
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 4320, 10080, 20160)
)


def _round_steps(low: float, high: float, most: int) -> list[float]:
    """Return at most `most + 1` round values from `low` to `high`."""
    rough = (high - low) / most
    size = 10.0 ** floor(log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough * 0.999999)
    first = ceil(low / step - 1e-9)
    return [n * step for n in range(first, floor(high / step + 1e-9) + 1)]


# ---------------------------------------------------------------- a panel
def _panel(panel: Panel, axis: _Axis, top: int, picture: Picture) -> list[str]:
    bottom = top + panel.height
    low, high = _height_of(panel, axis)

    def up(value: float) -> float:
        share = (value - low) / (high - low)
        return bottom - panel.height * min(max(share, 0.0), 1.0)

    drawn = [_text(12, top - 14, panel.name, size=13)]
    for span in picture.spans:
        left, right = (
            axis.place(min(max(s, axis.low), axis.high)) for s in (span.since, span.until)
        )
        drawn.append(
            f'<rect x="{_n(left)}" y="{top}" width="{_n(right - left)}" height="{panel.height}" '
            f'{_fill(span.colour)} fill-opacity=".18"/>'
        )
    for value in _round_steps(low, high, max(3, panel.height // 40)):
        y = _n(up(value))
        drawn += [
            f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}" class="faint" stroke="{_FAINT[0]}"/>',
            _text(_LEFT - 6, up(value) + 4, _figure(value), anchor="end"),
        ]
    for where, label, second in _ticks(axis, picture.scale):
        x = axis.place(where)
        drawn.append(f'<path d="M{_n(x)} {bottom}v4" class="faint" stroke="{_FAINT[0]}"/>')
        drawn.append(_text(x, bottom + 16, label, anchor="middle"))
        if second:
            drawn.append(_text(x, bottom + 30, second, anchor="middle"))
    for band in panel.bands:
        drawn += _band(band, axis, up)
    for line in panel.lines:
        drawn += _line(line, axis, up)
    if not any(line.points for line in panel.lines) and not any(b.points for b in panel.bands):
        drawn.append(_text(_LEFT + _INSIDE / 2, top + panel.height / 2, "no data", anchor="middle"))
    return drawn


def _height_of(panel: Panel, axis: _Axis) -> tuple[float, float]:
    values = [
        value
        for line in panel.lines
        for across, value in line.points
        if value is not None and axis.holds(across)
    ]
    for band in panel.bands:
        values += [edge for across, *edges in band.points if axis.holds(across) for edge in edges]
    low = min([panel.low, *values])
    high = max([panel.low if panel.high is None else panel.high, *(v * 1.05 for v in values)])
    return low, high if high > low else low + 1.0


def _line(line: Line, axis: _Axis, up: _Up) -> list[str]:
    drawn = []
    path = "".join(_path(run) for run in _runs(line.points, axis, up, line.is_stepped))
    if path:
        dash = f' stroke-dasharray="{_DASHES[line.dash]}"' if _DASHES[line.dash] else ""
        drawn.append(
            f'<path d="{path}" fill="none" {_stroke(line.colour)} stroke-width="2" '
            f'stroke-linejoin="round" stroke-linecap="round"{dash}/>'
        )
    most = max((dot.weight for dot in line.dots), default=0.0)
    for dot in line.dots:
        radius = 2.0 + 6.0 * (dot.weight / most) ** 0.5
        drawn.append(
            f'<circle cx="{_n(axis.place(dot.across))}" cy="{_n(up(dot.up))}" r="{_n(radius)}" '
            f'{_fill(line.colour)} fill-opacity=".75"><title>{_safe(dot.told)}</title></circle>'
        )
    return drawn


def _band(band: Band, axis: _Axis, up: _Up) -> list[str]:
    over = _runs([(x, high) for x, _, high in band.points], axis, up, band.is_stepped)
    under = _runs([(x, low) for x, low, _ in band.points], axis, up, band.is_stepped)
    return [
        f'<path d="{_path([*above, *below[::-1]])}Z" {_fill(band.colour)} fill-opacity=".2"/>'
        for above, below in zip(over, under, strict=True)
    ]


Place = tuple[float, float]


def _runs(
    points: Sequence[tuple[float, float | None]],
    axis: _Axis,
    up: _Up,
    is_stepped: bool,
) -> list[list[Place]]:
    """Return where a series is drawn, one run from gap to gap."""
    runs: list[list[Place]] = [[]]
    for across, value in points:
        if not axis.holds(across):
            continue
        if is_stepped and runs[-1]:
            runs[-1].append((axis.place(across), runs[-1][-1][1]))
        if value is None:
            runs.append([])
        else:
            runs[-1].append((axis.place(across), up(value)))
    return [_thinned(run) for run in runs if run]


def _thinned(run: list[Place]) -> list[Place]:
    """Leave out what cannot be seen: of each column of dots the ends and the extremes stay."""
    if len(run) <= 4 * _INSIDE:
        return run
    kept: list[Place] = []
    for _, column in groupby(run, key=_column):
        places = list(column)
        chosen = {0, len(places) - 1}
        chosen.add(min(range(len(places)), key=lambda n: places[n][1]))
        chosen.add(max(range(len(places)), key=lambda n: places[n][1]))
        kept += [places[n] for n in sorted(chosen)]
    return kept


def _column(place: Place) -> int:
    return int(place[0])


def _path(run: Sequence[Place]) -> str:
    if len(run) == 1:
        return f"M{_n(run[0][0])} {_n(run[0][1])}h.1"
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in run)


# ---------------------------------------------------------------- the key
def _named(panel: Panel) -> Iterator[tuple[str, str]]:
    """Yield what each thing of a panel looks like in the key, and its name."""
    for line in panel.lines:
        dash = f' stroke-dasharray="{_DASHES[line.dash]}"' if _DASHES[line.dash] else ""
        yield f'<path d="M0 0h18" {_stroke(line.colour)} stroke-width="2"{dash}/>', line.name
    for band in panel.bands:
        yield _swatch(band)


def _swatch(area: Band | Span) -> tuple[str, str]:
    swatch = f'<rect y="-5" width="18" height="10" {_fill(area.colour)} fill-opacity=".3"/>'
    return swatch, area.name


def _key(named: Iterable[tuple[str, str]], top: int) -> tuple[list[str], int]:
    """Return the key, in as many rows as it needs, and where it ends."""
    drawn: list[str] = []
    x, y = float(_LEFT), top + 10
    for swatch, name in dict.fromkeys(named):
        width = 24.0 + _LETTER * len(name) + 18.0
        if x > _LEFT and x + width > WIDTH:
            x, y = float(_LEFT), y + _KEY
        drawn.append(f'<g transform="translate({_n(x)} {y})">{swatch}</g>')
        drawn.append(_text(x + 24, y + 4, name))
        x += width
    return drawn, y + 14 if drawn else top


# ---------------------------------------------------------------- letters
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufffe\uffff\U000e0000-\U000e007f]+"
)


def _safe(text: str) -> str:
    """Return any text, even a stranger's, as XML may hold it; nothing turns its direction."""
    return escape(_UNWRITABLE.sub("", text))


def _text(x: float, y: float, text: str, *, anchor: str = "", size: int = 0) -> str:
    placed = f' text-anchor="{anchor}"' if anchor else ""
    sized = f' font-size="{size}"' if size else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" class="ink" fill="{_INK[0]}"{placed}{sized}>'
        f"{_safe(text)}</text>"
    )


def _stroke(colour: Colour) -> str:
    return f'class="s-{colour}" stroke="{_LIGHT[colour]}"'


def _fill(colour: Colour) -> str:
    return f'class="f-{colour}" fill="{_LIGHT[colour]}"'


def _n(value: float) -> str:
    """Return a place to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")


_GREAT = ((1e12, "trn"), (1e9, "bn"), (1e6, "M"))


def _figure(value: float) -> str:
    """Return a figure for people: no more digits than they need, or than fit beside a panel."""
    for size, name in _GREAT:
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    if abs(value) >= 1000.0 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
