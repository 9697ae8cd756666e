"""The report of a backtest: one page with pictures, complete in itself; pure.

Nothing is fetched and nothing runs: there is no script, no link and no address in it, and what
strangers wrote is escaped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape

from emberwatch import __version__
from emberwatch.cli.backtest_table import Storm, lead, observed, storms
from emberwatch.cli.present import clock, count, span
from emberwatch.core.read.text import safe_line
from emberwatch.core.respond.track_record import Label, TrackRecord, acted_at
from emberwatch.model.incident import Exhibit
from emberwatch.picture import Colour, Moment, Picture, draw
from emberwatch.runtime.backtest import Backtest
from emberwatch.runtime.backtest_pictures import MOST_STORMS, Pictures

MOST_POSTS = 5
"""Posts shown of a storm, weightiest first."""

LONGEST_POST = 500

_PEOPLE = {
    Label.REAL: "worked on it",
    Label.FALSE: "dismissed it",
    Label.UNKNOWN: "said nothing",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #202124; --ground: #fff; --faint: #d5d8dc; --soft: #5f6368;
  --red: #b3261e; --green: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --ground: #15181c; --faint: #3c4043;
  --soft: #bdc1c6; --red: #ff8a80; --green: #81c995; } }
body { margin: 0 auto; max-width: 800px; padding: 1.5rem 1rem 4rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 2.5rem 0 .3rem; padding-top: .7rem;
  border-top: 1px solid var(--faint); }
p { margin: .4rem 0; } .soft { color: var(--soft); } .real { color: var(--green); }
.false { color: var(--red); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--faint);
  vertical-align: top; } td.figure, th.figure { text-align: right; }
td { white-space: nowrap; }
blockquote { margin: .6rem 0; padding: .1rem 0 .1rem .8rem; border-left: 3px solid var(--faint); }
svg { margin: .6rem 0; }
"""


def page(trials: Sequence[tuple[Backtest, Pictures]], made_at: datetime) -> str:
    """Return the page of one configuration, or of several side by side."""
    results = [result for result, _ in trials]
    body = "\n".join(_body(results, [drawn for _, drawn in trials], made_at))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_safe(_title(results))}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _title(results: Sequence[Backtest]) -> str:
    return "Backtest of " + " and ".join(result.name for result in results)


def _body(
    results: Sequence[Backtest], drawn: Sequence[Pictures], made_at: datetime
) -> Iterator[str]:
    first = results[0]
    yield f"<h1>{_safe(_title(results))}</h1>"
    if first.since is None or first.until is None:
        yield "<p>There is no past yet: nothing was stored.</p>"
        return
    lasted = f"{span(first.until - first.since)}, {count(first.posts, 'post')}"
    yield (
        f'<p class="soft">What would have rung from {_minute(first.since)} to '
        f"{_minute(first.until)} UTC ({lasted}), and what people made of it then. "
        f"Made by emberwatch {_safe(__version__)} at {_minute(made_at)} UTC.</p>"
    )
    for result in results:
        if result.crashed:
            times = count(result.crashed, "time")
            yield f'<p class="false">{_safe(result.name)}: a rule crashed {times}.</p>'
    yield "<h2>How it did</h2>"
    yield from _summary(results)
    found = storms(results)
    yield "<h2>What rang</h2>"
    if not found:
        yield "<p>Nothing would have rung.</p>"
    else:
        yield from _list(results, found)
    yield from _brands(found, drawn)
    if found:
        yield "<h2>Storm by storm</h2>"
    for number, storm in enumerate(found, 1):
        yield from _storm(number, storm, results, drawn)
    if len(found) > MOST_STORMS:
        yield f'<p class="soft">The newest {MOST_STORMS} storms are drawn.</p>'


# ---------------------------------------------------------------- tables
_COLUMNS = (
    "Rang", "Real", "False", "Unknown", "Missed", "Asked a month", "False a month",
    "Earlier",
)  # fmt: skip


def _summary(results: Sequence[Backtest]) -> Iterator[str]:
    brands = dict.fromkeys(record.brand for result in results for record in result.records)
    yield _table(
        ("Brand", "Configuration", *_COLUMNS),
        (
            (record.brand, result.name, *_figures(record))
            for brand in brands
            for result in results
            for record in result.records
            if record.brand == brand
        ),
        plain=2,
    )
    yield (
        '<p class="soft">Real: somebody acknowledged, answered or resolved it. False: somebody '
        "dismissed it. Unknown: nobody said. Missed: people worked on it, and it does not ring. "
        "False a month: from those dismissed alone to those with the unknown. Earlier: "
        "how long before somebody first acted it rings, in the median.</p>"
    )


def _figures(record: TrackRecord) -> tuple[str, ...]:
    return (
        f"{len(record.rung)}",
        f"{record.count(Label.REAL)}",
        f"{record.count(Label.FALSE)}",
        f"{record.count(Label.UNKNOWN)}",
        f"{len(record.missed)}",
        f"{record.asked:g}",
        observed(record),
        lead(record.lead),
    )


def _list(results: Sequence[Backtest], found: Sequence[Storm]) -> Iterator[str]:
    are_two = len(results) > 1
    opened = [f"{result.name} rings" for result in results] if are_two else ["Rings"]
    yield _table(
        ("", "Brand", *opened, "People", "They acted"),
        (
            (
                f"{number}",
                storm.brand,
                *(_minute(each.incident.opened_at) if each else "never" for each in storm.rung),
                _PEOPLE[storm.label],
                _minute(acted_at(storm.lived)) if storm.lived else "-",
            )
            for number, storm in enumerate(found, 1)
        ),
        plain=99,
    )


def _minute(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, plain: int) -> str:
    """Return a table; the columns after the `plain` first ones are figures."""
    marks = ["" if place < plain else ' class="figure"' for place in range(len(headings))]
    head = "".join(
        f"<th{mark}>{_safe(cell)}</th>" for mark, cell in zip(marks, headings, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{mark}>{_safe(cell)}</td>" for mark, cell in zip(marks, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table>\n<tr>{head}</tr>\n{body}\n</table></div>'


# ---------------------------------------------------------------- pictures
def _brands(found: Sequence[Storm], drawn: Sequence[Pictures]) -> Iterator[str]:
    """Yield the past of each brand, with the number of each of its storms."""
    courses = {brand: picture for each in reversed(drawn) for brand, picture in each.brands.items()}
    if courses:
        yield "<h2>The whole past</h2>"
    for brand, picture in courses.items():
        moments = [
            Moment(
                across=storm.at.timestamp(),
                name=str(number) if any(storm.rung) else f"{number} (does not ring)",
                colour=Colour.RED if any(storm.rung) else Colour.PURPLE,
            )
            for number, storm in enumerate(found, 1)
            if storm.brand == brand
        ]
        yield draw(replace(picture, moments=moments))


def _storm(
    number: int, storm: Storm, results: Sequence[Backtest], drawn: Sequence[Pictures]
) -> Iterator[str]:
    yield f"<h3>{number}. {_safe(storm.brand)}, {_minute(storm.at)} UTC</h3>"
    yield f'<p class="{storm.label}">People {_PEOPLE[storm.label]}.</p>'
    for result, rung in zip(results, storm.rung, strict=True):
        if rung is None:
            yield f"<p>By {_safe(result.name)} it does not ring.</p>"
            continue
        before = "" if rung.lead is None else f", {_before(lead(rung.lead))} people acted"
        yield (
            f"<p>By {_safe(result.name)} it rings at {clock(rung.incident.opened_at)} UTC{before} "
            f"({_safe(rung.incident.severity)}): {_safe(rung.incident.alerts[0].reason)}.</p>"
        )
    picture = _picture(storm, results, drawn)
    if picture is not None:
        yield draw(picture)
    for exhibit in storm.told.exhibits[:MOST_POSTS]:
        yield _post(exhibit)


def _before(length: str) -> str:
    return length if length.endswith("after") else f"{length} before"


def _picture(
    storm: Storm, results: Sequence[Backtest], drawn: Sequence[Pictures]
) -> Picture | None:
    """Return the picture of the first configuration that has one, with when the others ring."""
    ids = [
        each.incident.id if each else storm.lived.id if storm.lived else "" for each in storm.rung
    ]
    found = next((place for place, id in enumerate(ids) if id in drawn[place].storms), None)
    if found is None:
        return None
    picture = drawn[found].storms[ids[found]]
    others = [
        _rings(results[place].name, each.incident.opened_at)
        for place, each in enumerate(storm.rung)
        if each is not None and place != found
    ]
    names = f" ({results[found].name})" if len(results) > 1 else ""
    return replace(picture, title=f"{picture.title}{names}", moments=[*picture.moments, *others])


def _rings(name: str, at: datetime) -> Moment:
    return Moment(across=at.timestamp(), name=f"{at:%H:%M} rings by {name}", colour=Colour.ORANGE)


def _post(exhibit: Exhibit) -> str:
    author = safe_line(exhibit.author, 60)
    anger = "" if exhibit.anger is None else f", anger {exhibit.anger:.2f}"
    text = safe_line(exhibit.text, LONGEST_POST)
    return (
        f'<blockquote><p dir="auto">{_safe(text) if text else "(erased)"}</p>'
        f'<p class="soft">{_safe("@" + author if author else "somebody")}, '
        f"{clock(exhibit.created_at)} UTC{anger}</p></blockquote>"
    )


def _safe(text: str) -> str:
    """Return what anybody wrote as text and nothing else."""
    return escape(safe_line(text, 4000))
