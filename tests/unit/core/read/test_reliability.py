"""The picture of how far stated probabilities can be believed."""

from xml.etree import ElementTree

from emberwatch.core.read.quality import Bin
from emberwatch.core.read.reliability import MOST_CURVES, reliability_svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*curves):
    return ElementTree.fromstring(reliability_svg("vader <&>", curves))


def test_a_dot_stands_at_what_was_stated_and_observed():
    image = drawn(("en", [Bin(posts=100, stated=0.5, observed=0.0)]))
    (dot,) = image.iter(f"{SVG}circle")
    assert (float(dot.get("cx")), float(dot.get("cy"))) == (64 + 192, 40 + 384)
    assert dot.find(f"{SVG}title").text == "en: stated 0.50, observed 0.00, 100 posts"


def test_a_dot_grows_with_its_posts():
    image = drawn(
        (
            "en",
            [
                Bin(posts=1, stated=0.1, observed=0.1),
                Bin(posts=100, stated=0.9, observed=0.9),
            ],
        )
    )
    small, large = (float(dot.get("r")) for dot in image.iter(f"{SVG}circle"))
    assert small < large


def test_every_curve_has_its_name():
    image = drawn(("en", []), ("<bg>", []))
    names = [text.text for text in image.iter(f"{SVG}text")]
    assert {"en", "<bg>", "vader <&>"} <= set(names)


def test_more_curves_than_colours_are_not_drawn():
    image = drawn(*((str(n), [Bin(posts=1, stated=0.5, observed=0.5)]) for n in range(20)))
    assert len(list(image.iter(f"{SVG}polyline"))) == MOST_CURVES


def test_the_image_needs_nothing_from_outside():
    svg = reliability_svg("t", [("en", [Bin(posts=1, stated=0.5, observed=0.5)])])
    assert svg.count("http") == 1  # the namespace
    assert "<script" not in svg
    assert "<image" not in svg
