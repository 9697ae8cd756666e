"""The picture of how far stated probabilities can be believed."""

from xml.etree import ElementTree

from emberwatch.core.read.quality import Bin
from emberwatch.core.read.reliability import MOST_CURVES, reliability_picture
from emberwatch.picture import draw

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*curves):
    return ElementTree.fromstring(draw(reliability_picture("vader <&>", curves)))


def test_a_dot_tells_what_was_stated_and_observed():
    image = drawn(("en", [Bin(posts=100, stated=0.5, observed=0.0)]))
    (dot,) = image.iter(f"{SVG}circle")
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
    assert {"en", "<bg>", "perfectly honest", "vader <&>"} <= set(names)


def test_the_summary_tells_the_figures():
    image = drawn(("en", [Bin(posts=9, stated=0.5, observed=0.25)]), ("bg", []))
    told = image.find(f"{SVG}desc").text
    assert told == "en: 0.25 where 0.50 was stated. bg: nothing judged."


def test_nothing_to_show_is_said():
    assert drawn().find(f"{SVG}desc").text == "Nothing was judged."


def test_more_curves_than_colours_are_not_drawn():
    image = drawn(*((str(n), [Bin(posts=1, stated=0.5, observed=0.5)]) for n in range(20)))
    assert len(list(image.iter(f"{SVG}circle"))) == MOST_CURVES
