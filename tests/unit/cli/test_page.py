"""The parts of pages that are complete in themselves."""

import re

from emberwatch.cli.page import document, table


def test_each_cell_bears_the_heading_that_names_it_on_a_phone() -> None:
    drawn = table(("Brand", 'In "time" <b>'), [("Acme", "7"), ("Other", "")], plain=1)
    cells = re.findall(r'<td(?: class="(\w+)")? data-of="([^"]*)">([^<]*)</td>', drawn)
    assert cells == [
        ("", "Brand", "Acme"),
        ("figure", "In &quot;time&quot; &lt;b&gt;", "7"),
        ("", "Brand", "Other"),
        ("figure", "In &quot;time&quot; &lt;b&gt;", ""),
    ]


def test_on_a_narrow_screen_a_row_is_a_list_of_its_cells_and_on_paper_it_is_a_row() -> None:
    style = document("a week", "")
    narrow = style[style.index("@media screen and (max-width: 40rem)") : style.index("@page")]
    assert "tr { display: block;" in narrow
    assert "td::before { content: attr(data-of);" in narrow
    assert "white-space: normal" in narrow
    assert "display: block" not in style[style.index("@page") :]
