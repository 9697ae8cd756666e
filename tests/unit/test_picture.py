"""Charts as SVG: what is drawn where, for whom it is legible, and what it never holds."""

import re
from xml.etree import ElementTree

import pytest

from emberwatch.picture import (
    Band,
    Colour,
    Dash,
    Dot,
    Line,
    Moment,
    Panel,
    Picture,
    Scale,
    Span,
    draw,
)

SVG = "{http://www.w3.org/2000/svg}"
NOON = 1_771_761_600.0  # 2026-02-22 12:00 UTC
HOUR = 3600.0


def a_picture(*lines: Line, **given) -> Picture:
    wanted = {
        "title": "Acme",
        "summary": "Five angry voices at noon.",
        "panels": (Panel(name="Angry voices", lines=lines),),
        "scale": Scale.NUMBER,
    }
    return Picture(**{**wanted, **given})


def image(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(draw(picture))


def texts(picture: Picture) -> list[str]:
    return [text.text or "" for text in image(picture).iter(f"{SVG}text")]


def paths(picture: Picture, colour: Colour = Colour.BLUE) -> list[str]:
    """Return how the things of a colour run, without the key."""
    return [
        path.get("d", "")
        for path in image(picture).findall(f"{SVG}path")
        if path.get("class") in (f"s-{colour}", f"f-{colour}")
    ]


def a_line(*points, **given) -> Line:
    return Line(name="seen", points=points, **given)


# ---------------------------------------------------------------- the axes
def test_a_line_runs_from_corner_to_corner_of_what_it_spans():
    (path,) = paths(a_picture(a_line((0, 0), (10, 100))))
    (left, bottom), (right, top) = (
        map(float, place.split()) for place in path.removeprefix("M").split("L")
    )
    assert (left, right) == (56, 744)
    assert bottom - top == pytest.approx(170 / 1.05, abs=0.1)


def test_an_axis_of_numbers_has_round_marks():
    shown = texts(a_picture(a_line((0, 0), (80, 4000))))
    assert {"0", "20", "40", "80", "2,000", "4,000"} <= set(shown)


@pytest.mark.parametrize(
    ("most", "mark"),
    [(900_000, "500,000"), (5_500_000, "2 M"), (4_294_967_296, "2 bn"), (2e13, "10 trn")],
)
def test_great_figures_are_short_enough_to_stand_beside_a_panel(most: float, mark: str):
    told = [text for text in texts(a_picture(a_line((0, 0), (1, most)))) if text[0].isdigit()]
    assert mark in told
    assert max(map(len, told)) <= 7


def test_an_axis_of_time_tells_the_hour_and_where_a_day_begins():
    picture = a_picture(a_line((NOON, 1), (NOON + 24 * HOUR, 2)), scale=Scale.TIME)
    shown = texts(picture)
    assert {"12:00", "15:00", "00:00", "Sun 22 Feb", "Mon 23 Feb"} <= set(shown)
    assert shown.count("Mon 23 Feb") == 1


def test_months_are_marked_by_days():
    shown = texts(a_picture(a_line((NOON, 1), (NOON + 60 * 24 * HOUR, 2)), scale=Scale.TIME))
    assert "Thu 26 Feb" in shown
    assert not any(":" in text for text in shown)


def test_years_are_marked_by_weeks_that_fit():
    shown = texts(a_picture(a_line((NOON, 1), (NOON + 900 * 24 * HOUR, 2)), scale=Scale.TIME))
    assert 5 <= sum(bool(re.fullmatch(r"\w{3} \d+ \w{3}", text)) for text in shown) <= 9


def test_an_axis_ends_where_it_is_told_to_and_what_lies_beyond_is_left_out():
    picture = a_picture(
        a_line((0, 1), (5, 2), (10, 3)),
        since=4.0,
        until=6.0,
        moments=(Moment(across=9, name="too late"), Moment(across=5, name="in time")),
    )
    (path,) = paths(picture)
    assert path.startswith("M400 ")
    assert "L" not in path
    assert "3" not in texts(picture)
    assert "in time" in texts(picture)
    assert "too late" not in texts(picture)


def test_a_panel_reaches_as_low_and_as_high_as_it_is_told_to():
    flat = Panel(name="n", lines=(a_line((0, 5), (1, 5)),), low=0, high=10)
    (path,) = paths(a_picture(panels=(flat,)))
    assert path == "M56 149L744 149"


def test_what_lies_below_the_axis_lowers_it():
    (path,) = paths(a_picture(a_line((0, -1), (1, 1))))
    assert path.startswith("M56 234")


# ---------------------------------------------------------------- series
def test_a_gap_parts_a_line():
    (path,) = paths(a_picture(a_line((0, 1), (1, 1), (2, None), (3, 1), (4, 1))))
    assert path.count("M") == 2


def test_a_stepped_line_holds_its_value_until_the_next():
    (path,) = paths(a_picture(a_line((0, 1), (1, 2), (2, None), is_stepped=True)))
    assert path.count("L") == 3


def test_a_point_alone_can_be_seen():
    (path,) = paths(a_picture(a_line((0, 1), (1, None))))
    assert path.endswith("h.1")


def test_a_band_is_filled_between_its_edges():
    band = Band(name="usual", points=((0, 1, 3), (10, 2, 4)))
    picture = a_picture(panels=(Panel(name="n", bands=(band,)),))
    (path,) = paths(picture, Colour.GREEN)
    assert path.endswith("Z")
    assert path.count("L") == 3
    assert "usual" in texts(picture)


def test_a_year_of_minutes_is_thinned_to_what_can_be_seen_and_keeps_its_peak():
    points = [(minute, 1.0) for minute in range(500_000)]
    points[123_456] = (123_456, 99.0)
    (path,) = paths(a_picture(a_line(*points)))
    assert len(path) < 60_000
    assert min(float(place.split()[1]) for place in path[1:].split("L")) < 76


def test_dots_grow_with_their_weight_and_tell_what_they_are():
    dots = (
        Dot(across=0, up=1, weight=1, told="a few"),
        Dot(across=1, up=1, weight=9, told="many"),
    )
    picture = a_picture(a_line((0, 1), (1, 1), dots=dots))
    few, many = image(picture).iter(f"{SVG}circle")
    assert float(few.get("r", "")) < float(many.get("r", "")) == 8
    assert (few.findtext(f"{SVG}title"), many.findtext(f"{SVG}title")) == ("a few", "many")


def test_without_data_it_says_so():
    assert "no data" in texts(a_picture())
    assert "no data" in texts(a_picture(a_line()))
    assert "no data" not in texts(a_picture(a_line((0, 0))))


def test_every_value_alike_is_drawn_too():
    assert "no data" not in texts(a_picture(a_line((3, 0), (3, 0))))


# ---------------------------------------------------------------- moments and spans
def test_a_moment_crosses_every_panel():
    panel = Panel(name="n", lines=(a_line((0, 1), (10, 1)),))
    picture = a_picture(panels=(panel, panel), moments=(Moment(across=5, name="rang"),))
    (path,) = paths(picture, Colour.GREY)
    assert re.findall(r"M400 ", path) == ["M400 "] * 2


def test_names_of_moments_never_overlap_and_stay_inside():
    moments = tuple(
        Moment(across=minute, name=f"something happened at {minute}")
        for minute in (50, 51, 52, 99, 100)
    )
    picture = a_picture(a_line((0, 1), (100, 1)), moments=moments)
    placed = {}
    for text in image(picture).iter(f"{SVG}text"):
        if (text.text or "").startswith("something"):
            at, width = float(text.get("x", "")), 6 * len(text.text or "")
            start, end = (at - width, at) if text.get("text-anchor") == "end" else (at, at + width)
            assert start >= 0
            assert end <= 760
            for other_start, other_end in placed.get(text.get("y"), ()):
                assert end <= other_start or other_end <= start
            placed.setdefault(text.get("y"), []).append((start, end))
    assert sum(map(len, placed.values())) == 5


def test_a_name_at_the_right_edge_ends_there_however_wide_its_letters_are():
    moments = (Moment(across=100, name="WWW acknowledged WWW"),)
    [text] = [
        each
        for each in image(a_picture(a_line((0, 1), (100, 1)), moments=moments)).iter(f"{SVG}text")
        if (each.text or "").startswith("WWW")
    ]
    assert text.get("text-anchor") == "end"


def test_a_moment_of_months_later_does_not_squeeze_the_data_into_a_stroke():
    line = a_line((NOON, 1), (NOON + 3 * HOUR, 2))
    later = (Moment(across=NOON + 9 * HOUR, name="answered"),)
    months = (Moment(across=NOON + 6000 * HOUR, name="resolved"),)
    shown = texts(a_picture(line, moments=(*later, *months)))
    assert "answered" in shown
    assert "resolved" not in shown
    alone = texts(a_picture(a_line((NOON, 1)), moments=months))
    assert "resolved" in alone


def test_a_span_is_shaded_in_each_panel_and_stands_once_in_each_key():
    panel = Panel(name="n", lines=(a_line((0, 1), (10, 1)),))
    picture = a_picture(
        panels=(panel, panel),
        spans=(
            Span(since=2, until=4, name="nobody watched"),
            Span(since=8, until=99, name="nobody watched"),
        ),
    )
    shaded = [r for r in image(picture).findall(f"{SVG}rect") if r.get("class") == "f-grey"]
    assert len(shaded) == 4
    assert max(float(r.get("x", "")) + float(r.get("width", "")) for r in shaded) == 744
    assert texts(picture).count("nobody watched") == 2


# ---------------------------------------------------------------- the key and the words
def test_the_key_names_every_series_and_shows_its_dash():
    picture = a_picture(a_line((0, 1)), Line(name="would ring", points=((0, 2),), dash=Dash.DASHED))
    assert {"seen", "would ring"} <= set(texts(picture))
    dashes = [p.get("stroke-dasharray") for p in image(picture).iterfind(f"{SVG}g/{SVG}path")]
    assert dashes == [None, "7 4"]


def test_a_long_key_takes_more_rows():
    lines = [Line(name=f"a series with a long name {n}", points=((0, 1),)) for n in range(9)]
    one, nine = (image(a_picture(*some)).get("height") for some in (lines[:1], lines))
    assert int(nine or 0) > int(one or 0)


def test_a_reader_of_screens_is_read_the_title_and_the_summary():
    drawn = image(a_picture(a_line((0, 1))))
    named = {each.get("id"): each.text for each in drawn if each.get("id")}
    told = [named[id] for id in (drawn.get("aria-labelledby") or "").split()]
    assert drawn.get("role") == "img"
    assert told == ["Acme", "Five angry voices at noon."]


def test_the_axis_across_may_have_a_name():
    assert "anger that was stated" in texts(a_picture(across="anger that was stated"))


def test_two_pictures_on_one_page_have_names_of_their_own():
    one, other = (image(a_picture(a_line((0, n)))).get("aria-labelledby") for n in (1, 2))
    assert one != other


def test_the_same_values_give_the_same_bytes():
    assert draw(a_picture(a_line((0, 1), (1, 2)))) == draw(a_picture(a_line((0, 1), (1, 2))))


HOSTILE = '<script>alert(1)</script>"\x00\x1b[31m\u202egnp.exe\ud800'


def test_the_words_of_a_stranger_are_words():
    picture = a_picture(
        Line(name=HOSTILE, points=((0, 1),), dots=(Dot(across=0, up=1, weight=1, told=HOSTILE),)),
        title=HOSTILE,
        summary=HOSTILE,
        across=HOSTILE,
        moments=(Moment(across=0, name=HOSTILE),),
    )
    svg = draw(picture)
    svg.encode()
    ElementTree.fromstring(svg)
    assert "<script" not in svg
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", svg)


def test_the_image_needs_nothing_from_outside():
    svg = draw(a_picture(a_line((0, 1))))
    assert svg.count("http") == 1  # the namespace
    assert not re.search("<script|<image|<use|url\\(|@import|href", svg)


# ---------------------------------------------------------------- light and dark
def _light(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_everything_is_legible_on_light_and_on_dark_ground():
    lines = [Line(name=colour, points=((0, 1),), colour=colour) for colour in Colour]
    svg = draw(a_picture(*lines))
    dark = dict(re.findall(r"\.(s-\w+|ground|ink)\{\w+:(#\w{6})\}", svg))
    drawn = re.findall(r'class="(s-\w+|ground|ink)"[^>]*?(?:fill|stroke)="(#\w{6})"', svg)
    light = {**dict(drawn), "ground": "#ffffff"}
    assert dark.keys() == light.keys()
    for inks in (light, dark):
        for name, ink in inks.items():
            if name != "ground":
                assert _contrast(ink, inks["ground"]) >= (7 if name == "ink" else 4.5), name
