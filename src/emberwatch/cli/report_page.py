"""A week's report as one page with pictures, complete in itself; pure."""

from collections.abc import Iterable, Iterator, Sequence

from emberwatch import __version__
from emberwatch.cli import report_words as words
from emberwatch.cli.clock_lines import lasted
from emberwatch.cli.page import document, quote, safe, shown, table, tiles
from emberwatch.cli.present import count
from emberwatch.cli.report_rows import Report
from emberwatch.core.respond.clocks import Leg, Station
from emberwatch.core.respond.origin import origin
from emberwatch.core.respond.promises import Promise
from emberwatch.core.respond.track_record import Label
from emberwatch.core.respond.week import Case, Kept

MOST_EXAMPLES = 2
"""Posts shown of the theme that causes a brand the most anger."""

MOST_UNANSWERED = 20
"""Posts shown of those that still wait, gravest first."""


def page(report: Report) -> str:
    """Return the page of a week."""
    title = f"Week {report.name}: {', '.join(report.brands)}"
    return document(title, "\n".join(_body(title, report)))


def _body(title: str, report: Report) -> Iterator[str]:
    week = report.week
    yield f"<h1>{safe(title)}</h1>"
    yield (
        f'<p class="soft">{safe(words.extent(report))}. Made by emberwatch {safe(__version__)} at '
        f"{words.moment(report, week.now)}.</p>"
    )
    yield tiles(_glance(report))
    yield from _pictures(report)
    yield "<h2>What rang</h2>"
    yield from _incidents(report)
    yield from _section(
        "Where the time went", words.TIMES_HEADING, words.times(week), figures_from=1
    )
    yield (
        '<p class="soft">Dismissed incidents are left out. Source and poll are parted at our last '
        "look that did not show the post; a time that nobody knows counts nowhere.</p>"
    )
    yield from _section(
        "What was promised", words.PROMISES_HEADING, words.promises(week), figures_from=1
    )
    yield from _section("What was done", words.DONE_HEADING, words.done(week), figures_from=99)
    if week.turns:
        yield f"<p>After the first answers the anger: {safe(words.turns(week.turns))}.</p>"
    yield from _themes(report)
    yield from _unanswered(report)
    yield from _hand_offs(report)
    again = list(words.follow_ups(report))
    if again:
        yield "<h2>To be asked again</h2>"
        yield _list(again)
    yield from _section("How people spoke", words.MOODS_HEADING, words.moods(week), figures_from=1)
    yield (
        '<p class="soft">Followers are those of the angry people, each counted once: one unhappy '
        "customer tells ten. What could not be judged is not calm.</p>"
    )
    yield from _section("False alarms", words.ALARMS_HEADING, words.alarms(week), figures_from=1)
    yield (
        '<p class="soft">Observed over the 90 days until the end of the week: from those that '
        "people dismissed to those together with the ones that nobody touched.</p>"
    )
    yield "<h2>The watch itself</h2>"
    yield _list(words.watch_lines(report))


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{safe(line)}</li>" for line in lines) + "</ul>"


# ---------------------------------------------------------------- at a glance
def _glance(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield the first figures: name, value, and what to set it beside."""
    week = report.week
    false = week.rang.get(Label.FALSE, 0)
    yield (
        "incidents",
        f"{len(week.cases)}",
        f"{false} dismissed; week before {sum(week.rang_before.values())}",
    )
    first, before = week.times[Station.RESPONDED], week.times_before[Station.RESPONDED]
    yield (
        "first post to first answer",
        lasted(first.median),
        f"median; week before {lasted(before.median)}",
    )
    people, people_before = week.times[Leg.PEOPLE], week.times_before[Leg.PEOPLE]
    yield (
        "told to answer or resolution",
        lasted(people.median),
        f"median; week before {lasted(people_before.median)}",
    )
    yield (
        "posts answered",
        words.share(week.answered.share),
        f"{week.answered.answered} of {week.answered.posts}; week before "
        f"{words.share(week.answered_before.share)}",
    )
    yield "answered in time", *_in_time(week.kept, week.kept_before)
    yield "unanswered", f"{len(week.unanswered)}", f"angry posts {words.by_then(week)}"


def _in_time(kept: Sequence[Kept], before: Sequence[Kept]) -> tuple[str, str]:
    mine = next((each for each in kept if each.promise is Promise.RESPOND), None)
    theirs = next((each for each in before if each.promise is Promise.RESPOND), None)
    if mine is None:
        return "-", "nothing was promised"
    told = f"{mine.met} of {mine.met + mine.missed}; week before "
    return words.share(mine.share), told + words.share(theirs.share if theirs else None)


# ---------------------------------------------------------------- sections
def _section(
    title: str, heading: Sequence[str], rows: Iterable[Sequence[str]], *, figures_from: int
) -> Iterator[str]:
    found = list(rows)
    yield f"<h2>{safe(title)}</h2>"
    yield table(heading, found, plain=figures_from) if found else "<p>Nothing.</p>"


def _pictures(report: Report) -> Iterator[str]:
    if not report.pictures:
        yield "<p>Nobody spoke of the brand.</p>"
    for picture in report.pictures:
        yield shown(picture)


def _incidents(report: Report) -> Iterator[str]:
    if not report.week.cases:
        yield "<p>Nothing rang.</p>"
    for number, case in enumerate(report.week.cases, 1):
        yield from _incident(number, case, report)


def _incident(number: int, case: Case, report: Report) -> Iterator[str]:
    incident = case.incident
    yield (
        f"<h3>{number}. {safe(incident.brand or incident.subject)}, "
        f"{words.moment(report, incident.opened_at)}</h3>"
    )
    kinds = " and ".join(kind.replace("_", "-") for kind in incident.kinds)
    whose = f", {incident.owner} has it" if incident.owner else ""
    reach = f", {case.reach:,} followers" if case.reach else ""
    yield (
        f'<p><strong class="{incident.severity}">{incident.severity}</strong> {safe(kinds)}, '
        f"{incident.status}{safe(whose)}{reach}. {safe(incident.alerts[0].reason)}.</p>"
    )
    yield f"<p>{safe(_way(case))}</p>"
    first = origin(incident)
    if first is not None:
        yield quote(first.text, first.author, words.moment(report, first.created_at), first.anger)


def _way(case: Case) -> str:
    """Say in a line what an incident's time was spent on, and what came of it."""
    legs = [
        f"{leg} {lasted(lapse.length)}"
        for leg, lapse in case.clocks.legs.items()
        if lapse.length is not None
    ]
    parts = [", ".join(legs), words.kept_in_words(case)]
    if case.cooling is not None:
        parts.append(f"the anger after the answer: {words.after_answer(case)}")
    if case.incident.resolution is not None:
        parts.append(f"with {case.incident.resolution.replace('_', ' ')}")
    return "; ".join(part for part in parts if part and part != "-")


def _themes(report: Report) -> Iterator[str]:
    title = "What people complain about"
    yield from _section(title, words.THEMES_HEADING, words.themes(report), figures_from=3)
    for line in words.recurring(report.week):
        yield f'<p class="false">{safe(line)}.</p>'
    for line in (line for told in report.themes for line in words.left_out(told)):
        yield f'<p class="soft">{safe(line)}.</p>'
    for told in report.themes:
        if not told.themes or not told.themes[0].posts:
            continue
        yield f'<p class="soft">{safe(told.brand)}, {safe(told.themes[0].name)}:</p>'
        for mention in told.themes[0].examples[:MOST_EXAMPLES]:
            post = mention.post
            when = words.moment(report, post.created_at)
            yield quote(post.text, post.author.handle, when, mention.score.anger)


def _unanswered(report: Report) -> Iterator[str]:
    waiting = report.week.unanswered
    yield f"<h2>Unanswered {words.by_then(report.week)}</h2>"
    if not waiting:
        yield "<p>Nobody angry was left without an answer.</p>"
    for incident, post in waiting[:MOST_UNANSWERED]:
        when = f"{words.moment(report, post.created_at)}, to {incident.brand}, {incident.id}"
        yield quote(post.text, post.author, when, post.anger)
    if len(waiting) > MOST_UNANSWERED:
        yield f'<p class="soft">and {len(waiting) - MOST_UNANSWERED:,} more</p>'


def _hand_offs(report: Report) -> Iterator[str]:
    week = report.week
    yield "<h2>Hand-offs</h2>"
    yield f"<p>{count(week.hand_offs, 'hand-off')} in {count(len(week.cases), 'incident')}.</p>"
    for each in week.passed_on:
        yield (
            f'<p class="false">{safe(each.id)} was passed on {each.hand_offs} times: find the one '
            "person who can mend it.</p>"
        )
