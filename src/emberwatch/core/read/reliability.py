"""A picture of how far stated probabilities can be believed, as self-contained SVG; pure."""

from collections.abc import Sequence
from html import escape

from emberwatch.core.read.quality import Bin

WIDTH, HEIGHT = 640, 480
_LEFT, _TOP, _SIDE = 64, 40, 384
_COLOURS = ("#b3261e", "#1f5fbf", "#2e7d32", "#8e44ad", "#b26a00", "#00796b", "#5d4037", "#455a64")
MOST_CURVES = len(_COLOURS)


def reliability_svg(title: str, curves: Sequence[tuple[str, Sequence[Bin]]]) -> str:
    """Draw what was observed over what was stated, one line a curve, at most `MOST_CURVES`.

    A perfectly honest scorer lies on the diagonal. The area of a dot grows with its posts. The
    image needs nothing from outside and shows the figures of a dot when it is pointed at.
    """
    shown = curves[:MOST_CURVES]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16" fill="#222222">{escape(title)}</text>',
        *_axes(),
    ]
    for place, (name, bins) in enumerate(shown):
        lines += _curve(name, bins, _COLOURS[place], place)
    return "\n".join([*lines, "</svg>", ""])


def _axes() -> list[str]:
    bottom, right = _TOP + _SIDE, _LEFT + _SIDE
    lines = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" '
        'stroke="#888888"/>',
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="#888888" '
        'stroke-dasharray="5 4"/>',
    ]
    for tenths in range(0, 11, 2):
        along = _SIDE * tenths / 10
        mark = f"{tenths / 10:.1f}"
        lines += [
            f'<text x="{_LEFT + along:.0f}" y="{bottom + 18}" text-anchor="middle" '
            f'fill="#444444">{mark}</text>',
            f'<text x="{_LEFT - 8}" y="{bottom - along + 4:.0f}" text-anchor="end" '
            f'fill="#444444">{mark}</text>',
        ]
    middle = _TOP + _SIDE // 2
    return [
        *lines,
        f'<text x="{_LEFT + _SIDE // 2}" y="{bottom + 40}" text-anchor="middle" fill="#222222">'
        "anger that was stated</text>",
        f'<text x="18" y="{middle}" text-anchor="middle" fill="#222222" '
        f'transform="rotate(-90 18 {middle})">share of posts that were angry</text>',
    ]


def _curve(name: str, bins: Sequence[Bin], colour: str, place: int) -> list[str]:
    points = [(_across(b.stated), _up(b.observed)) for b in bins]
    most = max((b.posts for b in bins), default=1)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    top = _TOP + 14 + 22 * place
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + 6 * (b.posts / most) ** 0.5:.1f}" '
            f'fill="{colour}" fill-opacity="0.75"><title>{escape(name)}: stated {b.stated:.2f}, '
            f"observed {b.observed:.2f}, {b.posts:,} posts</title></circle>"
            for b, (x, y) in zip(bins, points, strict=True)
        ),
        f'<rect x="{_LEFT + _SIDE + 20}" y="{top - 9}" width="14" height="10" fill="{colour}"/>',
        f'<text x="{_LEFT + _SIDE + 40}" y="{top}" fill="#222222">{escape(name)}</text>',
    ]


def _across(share: float) -> float:
    return _LEFT + _SIDE * share


def _up(share: float) -> float:
    return _TOP + _SIDE * (1 - share)
