"""What `explain` prints: a page for people within 80 columns, and JSON; pure."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from math import isfinite, log10

from emberwatch.cli.present import clock, count
from emberwatch.core.detect.explain import (
    Explanation,
    Heard,
    SpikeExplained,
    ThreadExplained,
    rings_from,
    spelt,
)
from emberwatch.core.detect.looks import Raise, Raised, Series, WindowLook
from emberwatch.core.detect.ringing import how_often
from emberwatch.core.detect.voices import Why
from emberwatch.core.read.text import columns, safe_line
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Incident

SCHEMA = "emberwatch.explanation/1"
WIDTH = 79
RECOMPUTED = (
    "Figures are recomputed from the stored posts, with today's configuration; what is in "
    "quotation marks was said then."
)
GONE = "It was not watched yet, or the posts of before are gone."
NOT_RECOMPUTED = "Nothing could be recomputed: its brand is not in today's configuration."
_FROM_NO_POSTS = {
    AlertKind.FOLLOW_UP_DUE: "It rests on no posts: it is the day on which somebody wanted to ask "
    "again. 'emberwatch explain incident {subject}' tells why that trouble rang.",
    AlertKind.WATCH_BLIND: "It rests on no posts, but on how the feed answered, or did not: "
    "'emberwatch feed list' tells how it does now.",
    AlertKind.TROUBLE: "It rests on no posts, but on how a part of emberwatch did: 'emberwatch "
    "status' tells how it does now.",
}
_SHOWN = 10
"""Mentions that are shown one by one; JSON holds them all."""

_CROWD = 5
"""Reactions from which a thread is shown; JSON holds the smaller ones too."""

_COUNTED = {Series.ANGER: "angry voices", Series.SHARE: "angry voices", Series.VOLUME: "posts"}
_NAMED = {
    Series.ANGER: "Anger",
    Series.SHARE: "By share",
    Series.VOLUME: "Posts",
}
_WHY_NOT = {
    Why.FAINT: "too faint to be called angry",
    Why.NOT_JUDGED: "not judged for anger",
    Why.BOOST: "boosts",
    Why.HISTORY: "read back later, so they teach and cannot ring",
    Why.OUTSIDE: "written before the window",
}
_BEHIND = {
    Why.SAME_THREAD: "same thread as",
    Why.SAME_AUTHOR: "same author as",
    Why.SAME_TEXT: "near copy of",
}


def short(text: str, width: int) -> str:
    """Return a stranger's text as exactly `width` columns."""
    line = safe_line(text, width)
    return line + " " * (width - columns(line))


def wrapped(text: str, indent: str = "") -> list[str]:
    """Return a paragraph as lines within the page."""
    return textwrap.wrap(
        safe_line(text, 4000), WIDTH, initial_indent=indent, subsequent_indent=indent
    )


# ---------------------------------------------------------------- the pages
def moment_lines(explanation: Explanation, burning: Sequence[Incident] = ()) -> Iterator[str]:
    """Yield the page about a moment: the answer first, what it rests on below.

    `burning` are the incidents that were open then.
    """
    yield from wrapped(f"{explanation.brand} at {clock(explanation.at)} UTC")
    for incident in burning:
        yield from wrapped(
            f"{incident.id} was burning, opened {clock(incident.opened_at)}: 'emberwatch explain "
            f"incident {incident.id}' tells why."
        )
    yield from _explained(explanation)
    yield ""
    yield from wrapped(RECOMPUTED)


def incident_lines(incident: Incident, moments: Mapping[datetime, Explanation]) -> Iterator[str]:
    """Yield the page about an incident: what was said as it rang, then what that rests on."""
    kinds = " + ".join(kind.replace("_", "-") for kind in incident.kinds)
    yield from wrapped(f"{incident.id}  {incident.brand or incident.subject}  {kinds}")
    first = f", first post {clock(incident.first_post_at)}" if incident.first_post_at else ""
    yield from wrapped(f"{incident.status}; opened {clock(incident.opened_at)} UTC{first}")
    for alert in incident.alerts:
        yield ""
        yield from wrapped(f"{alert.kind.replace('_', '-')}, {clock(alert.started_at)} UTC")
        said = as_it_rang(incident, alert)
        if said is None:
            yield from wrapped(f'It was said of it last: "{alert.reason}".')
        else:
            yield from wrapped(f'It rang: "{said}".')
        if alert.kind in _FROM_NO_POSTS:
            yield from wrapped(_FROM_NO_POSTS[alert.kind].format(subject=alert.subject))
        elif alert.started_at in moments:
            yield from _of_alert(alert, moments[alert.started_at])
    if any(rests_on_posts(alert) for alert in incident.alerts):
        yield ""
        yield from wrapped(RECOMPUTED if moments else NOT_RECOMPUTED)


def rests_on_posts(alert: Alert) -> bool:
    """Whether what an alert says can be recomputed from stored posts."""
    return alert.kind not in _FROM_NO_POSTS


def as_it_rang(incident: Incident, alert: Alert) -> str | None:
    """Return what was said when an alert rang, None where nobody was told: of volume alone."""
    if alert.kind is AlertKind.SURGE and incident.kind is not AlertKind.SURGE:
        return None
    together = [
        each.id
        for each in incident.alerts
        if each.started_at == alert.started_at and each.kind is not AlertKind.SURGE
    ]
    said = [step.note for step in incident.timeline if step.at == alert.started_at]
    place = together.index(alert.id) if alert.id in together else 0
    return said[place] if place < len(said) else None


def _of_alert(alert: Alert, explanation: Explanation) -> Iterator[str]:
    """Yield what one alert of an incident rests on."""
    if alert.kind is AlertKind.PILE_ON:
        threads = [each for each in explanation.threads if each.thread_id == alert.thread_id]
        if not threads:
            yield from wrapped(GONE)
        for each in threads:
            yield from _thread(each)
    elif explanation.spike is None:
        yield from wrapped(GONE)
    elif alert.kind is AlertKind.SURGE:
        yield from _series(explanation.spike, (Series.VOLUME,))
    else:
        yield from answer(explanation.spike)
        yield from details(explanation.spike)


def _explained(explanation: Explanation) -> Iterator[str]:
    if explanation.spike is None:
        yield from wrapped(GONE)
    else:
        yield from answer(explanation.spike)
        yield from details(explanation.spike)
    crowds = [each for each in explanation.threads if each.outlook.size >= _CROWD]
    if crowds:
        yield ""
        yield "Threads"
        for each in crowds:
            yield from _thread(each)


def _thread(explained: ThreadExplained) -> Iterator[str]:
    yield from wrapped(f"{explained.thread_id}: {explained.outlook.words}", "  ")


# ---------------------------------------------------------------- the short answer
def answer(explained: SpikeExplained) -> Iterator[str]:
    """Yield why it rang or did not, a sentence a line."""
    for sentence in _answer(explained):
        yield from wrapped(sentence)


def _answer(explained: SpikeExplained) -> Iterator[str]:
    looks, nearest = explained.looks, explained.looks.loudest
    if explained.ringing_since is not None:
        yield f"It was ringing, since {explained.ringing_since:%H:%M}."
    else:
        yield "It did not ring."
    if nearest is None:
        yield "Nobody was angry in the twelve hours before."
    elif nearest.seen <= nearest.expected:
        yield (
            f"Nothing stood out: {seen(nearest)} in {window(nearest)}, "
            f"where {_figure(nearest.expected)} are expected."
        )
    else:
        yield (
            f"What stood out most: {seen(nearest)} in {window(nearest)}, "
            f"where {_figure(nearest.expected)} are expected."
        )
        yield f"{_by_chance(nearest)}; {looks.brand} asks for {times_a_month(looks.asked)} at most."
    if explained.ringing_since is None:
        yield from _missing(explained)


def seen(look: WindowLook) -> str:
    """Say what a window brought, as its alert would."""
    amount = f"{look.seen:.0f}" if look.series is Series.VOLUME else f"{look.seen:.1f}"
    return f"{amount} {_COUNTED[look.series]}"


def window(look: WindowLook) -> str:
    """Say how long a window is."""
    return spelt(look.minutes)


def _by_chance(look: WindowLook) -> str:
    if look.needed is None:
        return "So early, nobody can say how unlikely that is"
    if look.rate > 30.0:
        return "Chance brings as much every day"
    return f"Chance brings as much {how_often(log10(look.rate))}"


def _missing(explained: SpikeExplained) -> Iterator[str]:
    """Yield what kept it from ringing, and what would have been needed."""
    looks, nearest = explained.looks, explained.looks.loudest
    if nearest and nearest.rate <= nearest.bar and nearest.voices < looks.least_voices:
        voices = "voice never rings" if nearest.voices == 1 else "voices never ring"
        yield f"But {nearest.voices} {voices} alone."
    if explained.missing is not None:
        more = count(explained.missing, "more angry voice")
        yield f"{more} (anger {looks.typical:.2g}) at that minute would have rung."
    elif all(look.needed is None for look in looks.windows):
        yield "It was too early for anything to ring."
    else:
        yield "It was far from ringing."


def times_a_month(rate: float) -> str:
    """Say what a brand asks for."""
    return "once a month" if rate == 1.0 else f"{rate:g} times a month"


# ---------------------------------------------------------------- below it
def details(explained: SpikeExplained) -> Iterator[str]:
    """Yield the lines below the answer: windows, threshold, voices."""
    yield from _series(explained, tuple(Series))
    yield ""
    yield from _threshold(explained)
    yield ""
    yield from _voices(explained)


def _series(explained: SpikeExplained, wanted: tuple[Series, ...]) -> Iterator[str]:
    for series in wanted:
        rows = [
            (look, likely)
            for look, likely in zip(explained.looks.windows, explained.likely, strict=True)
            if look.series is series
        ]
        if rows:
            yield ""
            yield from _windows(series, rows)


def _windows(series: Series, rows: list[tuple[WindowLook, tuple[float, float]]]) -> Iterator[str]:
    heads = ["seen", "usual", "expected", "mostly", "rings from"]
    if series is not Series.VOLUME:
        heads.insert(0, "voices")
    yield f"{_NAMED[series]:<12}" + "".join(f"{head:>{_WIDE[head]}}" for head in heads)
    for look, (low, high) in rows:
        needed = rings_from(look)
        cells = {
            "voices": f"{look.voices}",
            "seen": f"{look.seen:.1f}",
            "usual": _figure(look.usual),
            "expected": _figure(look.expected),
            "mostly": f"{low:.1f} to {high:.1f}",
            "rings from": "-" if needed is None else f"{needed:.1f}",
        }
        line = f"  {window(look):<10}" + "".join(f"{cells[head]:>{_WIDE[head]}}" for head in heads)
        yield line + ("  RINGS" if look.rings else "")


_WIDE = {"voices": 7, "seen": 7, "usual": 8, "expected": 10, "mostly": 16, "rings from": 12}


def _threshold(explained: SpikeExplained) -> Iterator[str]:
    looks = explained.looks
    yield "Threshold"
    yield from wrapped(
        f"{looks.brand} asks for {looks.asked:g} a month at most (false_alarms_per_month), over "
        f"all windows together, and fewer than {looks.least_voices} voices never ring.",
        "  ",
    )
    for raised in looks.raised:
        if abs(raised.times - 1.0) > 0.05:
            yield from wrapped(_raised(raised), "  ")
    if explained.unwatched:
        yield from wrapped(
            f"In {explained.unwatched} minutes of the twelve hours before nobody watched: they "
            "count for nothing.",
            "  ",
        )


def _raised(raised: Raised) -> str:
    rarer = f"{_times(raised.times)} times rarer" if raised.times >= 1.0 else (
        f"{_times(1.0 / raised.times)} times as often"
    )  # fmt: skip
    match raised.why:
        case Raise.COLD:
            return f"{rarer}: less than a day was watched, so little is known."
        case Raise.CORRECTION:
            return f"{rarer}: real tails are heavier than the law by which chances are told."
        case Raise.SURGES_ARE_CHEAP:
            return f"Surges ring {rarer}: they wake nobody."


def _times(times: float) -> str:
    return f"{times:,.0f}" if times >= 10.0 else f"{times:.1f}".removesuffix(".0")


def _voices(explained: SpikeExplained) -> Iterator[str]:
    nearest = explained.looks.loudest
    counted = [each for each in explained.heard if each.counts]
    others = [each for each in explained.heard if not each.counts]
    within = f"the {window(nearest)} that stood out" if nearest else "the last twelve hours"
    mentions = count(len(explained.heard), "mention")
    yield from wrapped(f"Voices: {len(counted)} of {mentions} count, in {within}")
    names = {each.post: f"@{each.author}" for each in explained.heard if each.author}
    yield from _listed(counted, names)
    yield from _listed([each for each in others if each.behind is not None], names)
    silent = Counter(each.why for each in others if each.behind is None)
    for why, number in silent.most_common():
        yield from wrapped(f"- {number} {_WHY_NOT[why]}", "  ")
    if explained.boosts:
        yield from wrapped(f"- {count(explained.boosts, 'boost')} of their threads", "  ")


def _listed(heard: list[Heard], names: dict[str, str]) -> Iterator[str]:
    for each in heard[:_SHOWN]:
        mark = "+" if each.counts else "-"
        anger = "   -" if each.anger is None else f"{each.anger:.2f}"
        said = "(erased)" if each.text is None else each.text
        if each.behind is not None:
            said = f"{_BEHIND[each.why]} {names.get(each.behind, each.behind)}: {said}"
        author = short(f"@{each.author}" if each.author else "-", 16)
        yield f"  {mark} {each.created_at:%H:%M} {anger} {author} " + safe_line(said, 46)
    if len(heard) > _SHOWN:
        yield f"    and {len(heard) - _SHOWN} more (--json shows all)"


def _figure(value: float) -> str:
    return "none" if value < 0.05 else f"{value:.1f}"


# ---------------------------------------------------------------- JSON
def moment_as_json(explanation: Explanation, burning: Sequence[Incident] = ()) -> dict[str, object]:
    """Return all of a moment, as docs/reference/commands.md describes it."""
    return {
        "schema": SCHEMA,
        "incident": None,
        "burning": [incident.id for incident in burning],
        "moments": [_as_json(explanation)],
    }


def incident_as_json(
    incident: Incident, moments: Mapping[datetime, Explanation]
) -> dict[str, object]:
    """Return all of an incident: its alerts as they are kept, and the moments recomputed."""
    return {
        "schema": SCHEMA,
        "incident": {
            "id": incident.id,
            "brand": incident.brand,
            "subject": incident.subject,
            "kinds": incident.kinds,
            "status": incident.status,
            "opened_at": incident.opened_at,
            "first_post_at": incident.first_post_at,
            "alerts": [
                {
                    "id": alert.id,
                    "kind": alert.kind,
                    "started_at": alert.started_at,
                    "ended_at": alert.ended_at,
                    "reason_as_it_rang": as_it_rang(incident, alert),
                    "reason": alert.reason,
                    "observed": alert.observed,
                    "expected": alert.expected,
                    "chance": alert.chance,
                    "window_minutes": alert.window_minutes,
                    "not_judged": alert.not_judged,
                    "evidence": alert.evidence,
                }
                for alert in incident.alerts
            ],
        },
        "moments": [_as_json(moments[at]) for at in sorted(moments)],
    }


def _as_json(explanation: Explanation) -> dict[str, object]:
    return {
        "brand": explanation.brand,
        "at": explanation.at,
        "spike": None if explanation.spike is None else _spike_as_json(explanation.spike),
        "threads": [
            {"thread_id": each.thread_id, **asdict(each.outlook)} for each in explanation.threads
        ],
    }


def _spike_as_json(explained: SpikeExplained) -> dict[str, object]:
    looks = explained.looks
    return {
        "ringing_since": explained.ringing_since,
        "surging_since": explained.surging_since,
        "asked": looks.asked,
        "raised": [{"why": raised.why, "times": raised.times} for raised in looks.raised],
        "least_voices": looks.least_voices,
        "typical_anger": looks.typical,
        "missing_voices": explained.missing,
        "unwatched_minutes": explained.unwatched,
        "windows": [
            {
                "series": look.series,
                "minutes": look.minutes,
                "since": look.since,
                "seen": look.seen,
                "voices": look.voices,
                "usual": look.usual,
                "factor": look.factor,
                "expected": look.expected,
                "likely": likely,
                "chance": look.chance,
                "rate": _finite(look.rate),
                "bar": look.bar,
                "needed": rings_from(look),
                "rings": look.rings,
                "is_loudest": look == looks.loudest,
            }
            for look, likely in zip(looks.windows, explained.likely, strict=True)
        ],
        "mentions": [
            {
                "post_id": each.post,
                "created_at": each.created_at,
                "author": each.author,
                "text": each.text,
                "anger": each.anger,
                "counts": each.counts,
                "why": each.why,
                "behind": each.behind,
            }
            for each in explained.heard
        ],
        "boosts": explained.boosts,
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
