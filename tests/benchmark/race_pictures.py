"""Two pictures of a race, as SVG that reads on light and on dark ground."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isnan, log10
from pathlib import Path

from tests.benchmark.detector_race import ASKED, Entrant, figures
from tests.benchmark.simulated_brands import SIZES

WIDTH = 760
_STYLE = (
    "<style>text{font:13px sans-serif;fill:#222}.dim{fill:#666}.axis{stroke:#bbb}"
    ".ours{fill:#b3261e}.theirs{fill:#1f5fbf}.line{stroke:#888;stroke-dasharray:4 3}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.dim{fill:#aaa}.axis{stroke:#555}"
    ".ours{fill:#ff8a80}.theirs{fill:#8ab4f8}}</style>"
)


def write(results: Mapping[str, Sequence[Entrant]], folder: Path) -> list[Path]:
    """Write both pictures into a folder and return where."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "recall-against-delay.svg": recall_against_delay(results["at the same budget"]),
        "false-alarms-by-size.svg": false_alarms_by_size(results["as published"]),
    }
    for name, text in pictures.items():
        (folder / name).write_text(text)
    return [folder / name for name in pictures]


def plain(entrant: Entrant) -> str:
    """Return a name without Markdown."""
    return entrant.name.replace("*", "")


def _svg(height: int, title: str, summary: str, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(summary)}</desc>{_STYLE}"
        f'<text x="12" y="22" style="font-weight:bold">{escape(title)}</text>'
        + "".join(body)
        + "</svg>\n"
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _label(name: str, x: float, y: float, boxes: list[tuple[float, float, float, float]]) -> str:
    """Write a name beside its dot, where nothing else is, and take the place."""
    width = 6.6 * len(name)
    places = [(side, up) for up in (0, -16, 16, -32, 32, 48) for side in (1, -1)]
    for side, up in places:
        begin = x + 11.0 if side > 0 else x - 11.0 - width
        box = (begin, begin + width, y + up - 7.0, y + up + 7.0)
        is_free = not any(
            box[0] < other[1] and other[0] < box[1] and box[2] < other[3] and other[2] < box[3]
            for other in boxes
        )
        if is_free and box[0] > 62.0:
            break
    boxes.append(box)
    return _text(box[0], y + up + 4.0, name)


def recall_against_delay(entrants: Sequence[Entrant]) -> str:
    """Draw each detector where its median delay (logarithmic) and its recall are."""
    left, right, top, bottom = 60.0, WIDTH - 60.0, 50.0, 410.0
    body: list[str] = []
    for minutes in (2, 5, 10, 20, 50, 100, 200):
        x = left + (right - left) * log10(minutes / 2.0) / 2.0
        body.append(f'<line class="axis" x1="{x:.0f}" x2="{x:.0f}" y1="{top}" y2="{bottom}"/>')
        body.append(_text(x, bottom + 18, str(minutes), "dim", "middle"))
    for tenth in range(0, 11, 2):
        y = bottom - (bottom - top) * tenth / 10.0
        body.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{y:.0f}" y2="{y:.0f}"/>')
        body.append(_text(left - 8, y + 4, f"{tenth / 10:.1f}", "dim", "end"))
    body.append(_text((left + right) / 2, bottom + 38, "median delay, minutes", "dim", "middle"))
    body.append(_text(12, top - 2, "found", "dim"))
    dots: list[tuple[Entrant, float, float]] = []
    summary = []
    for entrant in entrants:
        found = figures(entrant.runs)
        delay = found.delay(0.5)
        if isnan(delay):
            continue
        summary.append(f"{plain(entrant)}: {found.recall:.2f} found, {delay:.0f} minutes")
        x = left + (right - left) * min(max(log10(delay / 2.0) / 2.0, 0.0), 1.0)
        dots.append((entrant, x, bottom - (bottom - top) * found.recall))
    boxes = [(x - 7.0, x + 7.0, y - 7.0, y + 7.0) for _, x, y in dots]
    for entrant, x, y in dots:
        kind = "ours" if "emberwatch" in entrant.name else "theirs"
        body.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y:.0f}" r="6"/>')
        rate = figures(entrant.runs).false_a_week
        name = plain(entrant) if rate <= ASKED else f"{plain(entrant)} ({rate:.2f} a week)"
        body.append(_label(name, x, y, boxes))
    title = f"Storms found, and how soon, at no more than {ASKED:g} false incidents a week"
    return _svg(460, title, "; ".join(summary), body)


def false_alarms_by_size(entrants: Sequence[Entrant]) -> str:
    """Draw a row of dots a detector, one a size of brand, by false incidents a week (log)."""
    left, right, top, step = 240.0, WIDTH - 30.0, 70.0, 28.0
    bottom = top + step * (len(entrants) - 1) + 20.0
    least, most = -2.0, 2.0

    def across(rate: float) -> float:
        return left + (right - left) * (log10(max(rate, 10.0**least)) - least) / (most - least)

    body: list[str] = []
    for power in range(int(least), int(most) + 1):
        x, name = across(10.0**power), "none" if power == least else f"{10.0**power:g}"
        body.append(f'<line class="axis" x1="{x:.0f}" x2="{x:.0f}" y1="50" y2="{bottom:.0f}"/>')
        body.append(_text(x, bottom + 18, name, "dim", "middle"))
    x = across(ASKED)
    body.append(f'<line class="line" x1="{x:.0f}" x2="{x:.0f}" y1="50" y2="{bottom:.0f}"/>')
    body.append(_text(x, 44, "asked of ours", "dim", "middle"))
    summary = []
    for row, entrant in enumerate(entrants):
        y = top + step * row
        kind = "ours" if "emberwatch" in entrant.name else "theirs"
        body.append(_text(left - 14, y + 4, plain(entrant), "", "end"))
        rates = [figures(entrant.of(size)).false_a_week for size in SIZES]
        summary.append(f"{plain(entrant)}: " + ", ".join(f"{rate:.2f}" for rate in rates))
        for place, rate in enumerate(rates):
            body.append(
                f'<circle class="{kind}" cx="{across(rate):.0f}" cy="{y:.0f}" '
                f'r="{3 + 1.4 * place:.1f}" fill-opacity=".55"/>'
            )
    sizes = ", ".join(f"{size:g}" for size in SIZES)
    body.append(
        _text((left + right) / 2, bottom + 38, "false incidents a week, by brand", "dim", "middle")
    )
    body.append(
        _text(12, bottom + 60, f"Small to large dots: brands of {sizes} posts an hour", "dim")
    )
    title = "How often each cries wolf, as published"
    return _svg(int(bottom + 76), title, "; ".join(summary), body)
