"""The report of a backtest: one page with pictures, complete in itself; pure.

Nothing is fetched and nothing runs: there is no script, no link and no address in it, and what
strangers wrote is escaped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from emberwatch import __version__
from emberwatch.cli.backtest_table import Storm, lead, observed, storms
from emberwatch.cli.explained import as_it_opened
from emberwatch.cli.page import document, quote, safe, shown, table
from emberwatch.cli.present import clock, count, span
from emberwatch.core.respond.track_record import Label, TrackRecord, acted_at
from emberwatch.picture import Colour, Moment, Picture
from emberwatch.runtime.backtest import Backtest
from emberwatch.runtime.backtest_pictures import MOST_STORMS, Pictures

MOST_POSTS = 5
"""Posts shown of a storm, weightiest first."""

_PEOPLE = {
    Label.REAL: "worked on it",
    Label.FALSE: "dismissed it",
    Label.UNKNOWN: "said nothing",
}


def page(trials: Sequence[tuple[Backtest, Pictures]], made_at: datetime) -> str:
    """Return the page of one configuration, or of several side by side."""
    results = [result for result, _ in trials]
    body = "\n".join(_body(results, [drawn for _, drawn in trials], made_at))
    return document(_title(results), body)


def _title(results: Sequence[Backtest]) -> str:
    return "Backtest of " + " and ".join(result.name for result in results)


def _body(
    results: Sequence[Backtest], drawn: Sequence[Pictures], made_at: datetime
) -> Iterator[str]:
    first = results[0]
    yield f"<h1>{safe(_title(results))}</h1>"
    if first.since is None or first.until is None:
        yield "<p>There is no past yet: nothing was stored.</p>"
        return
    if first.since > first.until:
        yield f"<p>Nothing is stored from {_minute(first.since)} UTC on.</p>"
        return
    lasted = f"{span(first.until - first.since)}, {count(first.posts, 'post')}"
    yield (
        f'<p class="soft">What would have rung from {_minute(first.since)} to '
        f"{_minute(first.until)} UTC ({lasted}), and what people made of it then. "
        f"Made by emberwatch {safe(__version__)} at {_minute(made_at)} UTC.</p>"
    )
    for result in results:
        if result.crashed:
            times = count(result.crashed, "time")
            yield f'<p class="false">{safe(result.name)}: a rule crashed {times}.</p>'
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
    yield table(
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
    yield table(
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
        yield shown(replace(picture, moments=moments))


def _storm(
    number: int, storm: Storm, results: Sequence[Backtest], drawn: Sequence[Pictures]
) -> Iterator[str]:
    yield f"<h3>{number}. {safe(storm.brand)}, {_minute(storm.at)} UTC</h3>"
    yield f'<p class="{storm.label}">People {_PEOPLE[storm.label]}.</p>'
    for result, rung in zip(results, storm.rung, strict=True):
        if rung is None:
            yield f"<p>By {safe(result.name)} it does not ring.</p>"
            continue
        before = "" if rung.lead is None else f", {_before(lead(rung.lead))} people acted"
        first, last = as_it_opened(rung.incident), rung.incident.alerts[0].reason
        since = "" if last == first else f" At last: {safe(last)}."
        yield (
            f"<p>By {safe(result.name)} it rings at {clock(rung.incident.opened_at)} UTC{before} "
            f"({safe(rung.incident.severity)}): {safe(first)}.{since}</p>"
        )
    picture = _picture(storm, results, drawn)
    if picture is not None:
        yield shown(picture)
    for exhibit in storm.told.exhibits[:MOST_POSTS]:
        when = f"{clock(exhibit.created_at)} UTC"
        yield quote(exhibit.text, exhibit.author, when, exhibit.anger)


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
