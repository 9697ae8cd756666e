"""How a week's figures are said, on a page as at a terminal."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from emberwatch.cli.backtest_table import observed
from emberwatch.cli.clock_lines import BOUNDS, DONE, lasted
from emberwatch.cli.present import count
from emberwatch.cli.report_rows import Report
from emberwatch.core.respond.clocks import Leg, Station
from emberwatch.core.respond.cooling import Turn
from emberwatch.core.respond.promises import Standing
from emberwatch.core.respond.week import Case, Kept, Spread, Week
from emberwatch.runtime.theme_report import ThemeReport

NOTHING = "-"

MOST_THEMES = 5
"""Themes shown of a brand, the one that causes the most anger first."""

OF_LEG = {
    Leg.SOURCE: "not shown by the site",
    Leg.POLL: "not looked at by us",
    Leg.DETECTION: "seen, and not enough to ring",
    Leg.HELD: "rang, and nobody was to be told yet",
    Leg.DELIVERY: "to be told, and not delivered",
    Leg.PEOPLE: "told, until the first answer",
}

OF_STATION = {
    Station.SEEN: "first post to seen",
    Station.DETECTED: "first post to alarm",
    Station.DELIVERED: "first post to delivered",
    Station.ACKNOWLEDGED: "first post to acknowledged",
    Station.RESPONDED: "first post to first answer",
    Station.RESOLVED: "first post to resolved",
}

OF_TURN = {
    Turn.COOLED: "cooled",
    Turn.GREW: "grew",
    Turn.NO_CHANGE: "no change to be seen",
    Turn.UNKNOWN: "cannot be told",
}

TIMES_HEADING = ("Time", "Incidents", "Median", "9 in 10 within", "Week before: median", "9 in 10")
PROMISES_HEADING = ("Promised", "Kept", "Missed", "Running", "In time", "Week before")
DONE_HEADING = ("What was done", "Times", "Our mistake", "The anger after the answer")
THEMES_HEADING = (
    "Brand", "Theme", "Named by", "Anger", "Voices", "Posts", "Of the angry posts", "Trend"
)  # fmt: skip
ALARMS_HEADING = ("Brand", "Asked a month", "Observed a month")
MOODS_HEADING = ("Brand", "Mentions", "Angry", "Angry people", "Followers", "Reactions", "Judged")


def moment(report: Report, at: datetime) -> str:
    """Return an instant by the clocks of the report, to the minute."""
    return f"{at.astimezone(report.clocks):%a %Y-%m-%d %H:%M}"


def extent(report: Report) -> str:
    """Say from when to when the week goes, and by whose clocks."""
    week = report.week
    end = week.until - timedelta(seconds=1)
    so_far = f" so far, until {moment(report, week.now)}" if week.now < week.until else ""
    return (
        f"{week.since.astimezone(report.clocks):%A %d %B %Y} to "
        f"{end.astimezone(report.clocks):%A %d %B %Y}{so_far}; all times are those of {report.zone}"
    )


def by_then(week: Week) -> str:
    """Say at which moment nobody had answered: at the end of the week, or now before that."""
    return "at the end of the week" if week.has_ended else "as of now"


def share(value: float | None) -> str:
    """Return a share as a percentage."""
    return NOTHING if value is None else f"{value:.0%}"


def times(week: Week) -> Iterator[tuple[str, ...]]:
    """Yield what each leg and station took, beside the week before."""
    names: Mapping[StrEnum, str] = {
        **{leg: f"{leg}: {told}" for leg, told in OF_LEG.items()},
        **dict(OF_STATION.items()),
    }
    for measure, name in names.items():
        bound = f" ({BOUNDS[measure]})" if isinstance(measure, Leg) and measure in BOUNDS else ""
        now, before = week.times[measure], week.times_before[measure]
        yield (f"{name}{bound}", f"{now.count}", *_spread(now), *_spread(before))


def _spread(spread: Spread) -> tuple[str, str]:
    return lasted(spread.median), lasted(spread.p90)


def promises(week: Week) -> Iterator[tuple[str, ...]]:
    """Yield how often each promise was kept, beside the week before."""
    before = {kept.promise: kept for kept in week.kept_before}
    for kept in week.kept:
        yield (
            f"{DONE[kept.promise]} in time",
            f"{kept.met}",
            f"{kept.missed}",
            f"{kept.running}",
            share(kept.share),
            _before(before.get(kept.promise)),
        )


def _before(kept: Kept | None) -> str:
    return NOTHING if kept is None else f"{share(kept.share)} of {kept.met + kept.missed}"


def kept_in_words(case: Case) -> str:
    """Say how the promises about one incident stand, in short."""
    words = {
        Standing.MET: "in time",
        Standing.MISSED: "late",
        Standing.RUNNING: "running",
        Standing.VOID: "",
    }
    told = [
        f"{DONE[level.promise]} {'OVERDUE' if level.is_overdue else words[level.standing]}"
        for level in case.levels
        if level.standing is not Standing.VOID
    ]
    return ", ".join(told) or NOTHING


def after_answer(case: Case) -> str:
    """Say what became of the anger after the answer to an incident."""
    found = case.cooling
    if found is None:
        return NOTHING
    if found.before is None or found.after is None:
        return found.why
    return f"{OF_TURN[found.turn]}: {found.before:.3g} to {found.after:.3g} angry people an hour"


def done(week: Week) -> Iterator[tuple[str, ...]]:
    """Yield what was done for customers, and whether it cooled the anger."""
    for each in week.done:
        name = each.resolution.replace("_", " ") if each.resolution else "resolved, not said how"
        yield name, f"{each.count}", f"{each.our_mistake}", turns(each.turns)


def turns(found: Mapping[Turn, int]) -> str:
    """Say how often the anger cooled, grew, or neither."""
    told = [f"{found[turn]} {OF_TURN[turn]}" for turn in Turn if turn in found]
    return ", ".join(told) or NOTHING


def alarms(week: Week) -> Iterator[tuple[str, ...]]:
    """Yield the false alarms that were asked for, and those of the last 90 days."""
    for record in week.records:
        yield record.brand, f"{record.asked:g}", observed(record)


def moods(week: Week) -> Iterator[tuple[str, ...]]:
    """Yield how each brand was spoken of."""
    for mood in week.moods:
        judged = share(mood.judged / mood.mentions) if mood.mentions else NOTHING
        if mood.unjudged:
            names = ", ".join(f"{tag or 'unknown'} {number}" for tag, number in mood.unjudged[:5])
            judged += f" (not: {names})"
        yield (
            mood.brand,
            f"{mood.mentions:,}",
            f"{mood.angry:,}",
            f"{mood.voices:,}",
            f"{mood.reach:,}",
            f"{mood.reactions:,}",
            judged,
        )


def themes(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield what people complain about, the theme that causes a brand the most anger first."""
    for told in report.themes:
        spoken = [each for each in told.themes if each.posts]
        for each in spoken[:MOST_THEMES]:
            usual = "new" if each.trend is None else f"{each.trend:.1f} times the usual"
            yield (
                told.brand,
                each.name,
                each.kind,
                f"{each.angry_weight:.1f}",
                f"{each.voices:,}",
                f"{each.posts:,}",
                share(each.share),
                usual if each.before else NOTHING,
            )


def left_out(told: ThemeReport) -> Iterator[str]:
    """Yield which posts could be in no discovered theme, why, and what to do."""
    if told.unspaced:
        yield (
            f"{told.brand}: no theme is discovered in {count(told.unspaced, 'complaint')} without "
            "spaces between words (Japanese, Chinese, Thai and the like): name what you look for "
            "under 'themes', which is found there"
        )
    if told.unjudged:
        yield (
            f"{told.brand}: no theme is discovered in {count(told.unjudged, 'post')} that could "
            "not be judged: what you name under 'themes' is found there"
        )


def recurring(week: Week) -> Iterator[str]:
    """Yield what keeps coming back: the policy behind it is to be mended (rule R11)."""
    for brand, each in week.recurring:
        yield (
            f"{brand}: {each.theme} keeps coming back, in {count(each.incidents, 'incident')} and "
            f"{count(each.angry_posts, 'angry post')} of 30 days ({share(each.share)} of the "
            "brand's): mend the policy behind it"
        )


def follow_ups(report: Report) -> Iterator[str]:
    """Yield when which customers are to be asked again (rule R14)."""
    for each in report.week.follow_ups:
        if each.follow_up_at is not None:
            done = f" ({each.resolution.replace('_', ' ')})" if each.resolution else ""
            yield f"{moment(report, each.follow_up_at)}: {each.brand}, {each.id}{done}"


def watch_lines(report: Report) -> Iterator[str]:
    """Yield what is to be said of the watch itself: corrections, blind feeds, our own troubles."""
    week = report.week
    told = ", ".join(f"{by} {number}" for by, number in week.corrected)
    total = sum(number for _, number in week.corrected)
    yield f"{count(total, 'post')} corrected by people" + (f" ({told})" if told else "")
    if not week.blind:
        yield "no feed was blind"
    for blind in week.blind:
        end = "still" if blind.until is None else f"until {moment(report, blind.until)}"
        yield f"{blind.feed} was blind from {moment(report, blind.since)}, {end}: {blind.why}"
    if week.ours:
        yield f"{count(len(week.ours), 'trouble')} of our own watch"
