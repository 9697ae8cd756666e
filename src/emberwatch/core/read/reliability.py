"""A picture of how far stated probabilities can be believed; pure."""

from collections.abc import Sequence

from emberwatch.core.read.quality import Bin
from emberwatch.picture import Colour, Dash, Dot, Line, Panel, Picture, Scale

_COLOURS = tuple(colour for colour in Colour if colour is not Colour.GREY)
MOST_CURVES = len(_COLOURS)


def reliability_picture(title: str, curves: Sequence[tuple[str, Sequence[Bin]]]) -> Picture:
    """Show what was observed over what was stated, one line a curve, at most `MOST_CURVES`.

    A perfectly honest scorer lies on the diagonal. The area of a dot grows with its posts, and it
    tells its figures when it is pointed at.
    """
    shown = curves[:MOST_CURVES]
    honest = Line(
        name="perfectly honest",
        points=((0.0, 0.0), (1.0, 1.0)),
        colour=Colour.GREY,
        dash=Dash.DASHED,
    )
    lines = [
        Line(
            name=name,
            colour=colour,
            points=tuple((b.stated, b.observed) for b in bins),
            dots=tuple(
                Dot(
                    across=b.stated,
                    up=b.observed,
                    weight=b.posts,
                    told=f"{name}: stated {b.stated:.2f}, observed {b.observed:.2f}, "
                    f"{b.posts:,} posts",
                )
                for b in bins
            ),
        )
        for (name, bins), colour in zip(shown, _COLOURS, strict=False)
    ]
    return Picture(
        title=title,
        summary=" ".join(map(_told, shown)) or "Nothing was judged.",
        panels=(
            Panel(
                name="Share of posts that were angry",
                lines=(honest, *lines),
                height=384,
                high=1.0,
            ),
        ),
        scale=Scale.NUMBER,
        across="anger that was stated",
        since=0.0,
        until=1.0,
    )


def _told(curve: tuple[str, Sequence[Bin]]) -> str:
    name, bins = curve
    figures = ", ".join(f"{b.observed:.2f} where {b.stated:.2f} was stated" for b in bins)
    return f"{name}: {figures or 'nothing judged'}."
