"""A week's report for programs: one JSON object, or one row of CSV for each incident."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from emberwatch.cli.clock_lines import clocks_json, promises_json
from emberwatch.cli.present import instant
from emberwatch.cli.unanswered import unanswered_json
from emberwatch.core.respond.clocks import Leg, Station
from emberwatch.core.respond.promises import Promise, Standing
from emberwatch.core.respond.week import Answered, Case, Kept, Spread, Week
from emberwatch.picture import Picture
from emberwatch.runtime.theme_report import ThemeReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A week as it is shown. `zone` names the `clocks` by which it begins and ends.

    `brands` are those that it speaks of, in the order of the configuration.
    """

    name: str
    zone: str
    clocks: tzinfo
    brands: tuple[str, ...]
    week: Week
    pictures: Sequence[Picture] = ()
    themes: Sequence[ThemeReport] = ()


HEADING = (
    "incident_id", "brand", "kind", "severity", "team", "status", "owner", "opened_at",
    "first_post_at", *(f"{leg}_seconds" for leg in Leg),
    *(f"{station}_after" for station in Station),
    *(f"{promise}_by" for promise in Promise), *(f"{promise}_standing" for promise in Promise),
    "cooled", "resolution", "our_mistake", "hand_offs", "reach", "answer_url", "reason",
)  # fmt: skip
"""The columns of the CSV: lengths of time in seconds, named as in the view `response_times`."""


def csv_rows(report: Report) -> Iterator[tuple[object, ...]]:
    """Yield a row for each incident, in the order of `HEADING`; what is not known is empty."""
    for case in report.week.cases:
        incident = case.incident
        levels = {level.promise: level for level in case.levels}
        lapses = [
            *(case.clocks.legs[leg] for leg in Leg),
            *(case.clocks.since_first_post[station] for station in Station),
        ]
        yield (
            incident.id,
            incident.brand,
            incident.kind,
            incident.severity,
            incident.team,
            incident.status,
            incident.owner,
            instant(incident.opened_at),
            instant(incident.first_post_at),
            *(_seconds(lapse.length) for lapse in lapses),
            *(instant(levels[each].due_at) if each in levels else None for each in Promise),
            *(levels[each].standing if each in levels else None for each in Promise),
            case.cooling.turn if case.cooling else None,
            incident.resolution,
            None if incident.is_our_mistake is None else int(incident.is_our_mistake),
            incident.hand_offs,
            case.reach,
            incident.answer_url,
            incident.alerts[0].reason,
        )


def report_json(report: Report) -> dict[str, object]:
    """Return everything that the report says, as one object."""
    week = report.week
    return {
        "week": report.name,
        "zone": report.zone,
        "since": instant(week.since),
        "until": instant(week.until),
        "made_at": instant(week.now),
        "brands": _brands(week),
        "incidents": [_case(case) for case in week.cases],
        "rang": dict(week.rang),
        "rang_before": dict(week.rang_before),
        "times": {
            name: {**_spread(spread), "before": _spread(week.times_before[name])}
            for name, spread in week.times.items()
        },
        "promises": _promises(week),
        "answered": {**_answered(week.answered), "before": _answered(week.answered_before)},
        "done": _done(week),
        "after_the_answer": dict(week.turns),
        "hand_offs": week.hand_offs,
        "passed_on": [incident.id for incident in week.passed_on],
        "themes": _themes(report),
        "recurring": _recurring(week),
        "unanswered_at": instant(min(week.until, week.now)),
        "unanswered": _unanswered(week),
        "follow_ups": [
            {"incident": each.id, "brand": each.brand, "at": instant(each.follow_up_at)}
            for each in week.follow_ups
        ],
        "false_alarms": _false_alarms(week),
        "corrections": dict(week.corrected),
        "our_own_troubles": [
            {"id": each.id, "kind": each.kind, "subject": each.subject, "status": each.status}
            for each in week.ours
        ],
        "blind": [
            {
                "feed": each.feed,
                "since": instant(each.since),
                "until": instant(each.until),
                "why": each.why,
            }
            for each in week.blind
        ],
    }


def _case(case: Case) -> dict[str, object]:
    incident, cooled = case.incident, case.cooling
    return {
        "id": incident.id,
        "brand": incident.brand,
        "kinds": incident.kinds,
        "severity": incident.severity,
        "team": incident.team or None,
        "status": incident.status,
        "owner": incident.owner or None,
        "opened_at": instant(incident.opened_at),
        "first_post_at": instant(incident.first_post_at),
        "reason": incident.alerts[0].reason,
        "reach": case.reach,
        "hand_offs": incident.hand_offs,
        "resolution": incident.resolution,
        "is_our_mistake": incident.is_our_mistake,
        "clocks": clocks_json(case.clocks),
        "promises": promises_json(case.levels),
        "after_the_answer": None
        if cooled is None
        else {
            "turn": cooled.turn,
            "angry_voices_an_hour_before": cooled.before,
            "angry_voices_an_hour_after": cooled.after,
            "why": cooled.why or None,
        },
    }


def _promises(week: Week) -> list[dict[str, object]]:
    before = {kept.promise: kept for kept in week.kept_before}
    return [
        {**_kept(kept), "before": _kept(before[kept.promise]) if kept.promise in before else None}
        for kept in week.kept
    ]


def _kept(kept: Kept) -> dict[str, object]:
    return {
        "promise": kept.promise,
        Standing.MET: kept.met,
        Standing.MISSED: kept.missed,
        Standing.RUNNING: kept.running,
        "share": kept.share,
    }


def _spread(spread: Spread) -> dict[str, object]:
    return {
        "count": spread.count,
        "median_seconds": _seconds(spread.median),
        "p90_seconds": _seconds(spread.p90),
    }


def _answered(answered: Answered) -> dict[str, object]:
    return {
        "posts": answered.posts,
        "answered": answered.answered,
        "resolved_without": answered.resolved_without,
        "share": answered.share,
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()


def _brands(week: Week) -> list[dict[str, object]]:
    return [
        {
            "brand": mood.brand,
            "mentions": mood.mentions,
            "judged": mood.judged,
            "angry": mood.angry,
            "angry_voices": mood.voices,
            "reach": mood.reach,
            "reactions": mood.reactions,
            "not_judged": dict(mood.unjudged),
        }
        for mood in week.moods
    ]


def _done(week: Week) -> list[dict[str, object]]:
    return [
        {
            "resolution": done.resolution,
            "count": done.count,
            "our_mistake": done.our_mistake,
            "after": dict(done.turns),
        }
        for done in week.done
    ]


def _themes(report: Report) -> list[dict[str, object]]:
    return [
        {
            "brand": told.brand,
            "theme": each.name,
            "kind": each.kind,
            "words": each.words,
            "posts": each.posts,
            "angry_posts": each.angry_posts,
            "voices": each.voices,
            "angry_weight": each.angry_weight,
            "share": each.share,
            "before": each.before,
            "trend": each.trend,
        }
        for told in report.themes
        for each in told.themes
    ]


def _recurring(week: Week) -> list[dict[str, object]]:
    return [
        {
            "brand": brand,
            "theme": each.theme,
            "incidents": each.incidents,
            "angry_posts": each.angry_posts,
            "share": each.share,
        }
        for brand, each in week.recurring
    ]


def _unanswered(week: Week) -> list[dict[str, object]]:
    return [unanswered_json(incident, post) for incident, post in week.unanswered]


def _false_alarms(week: Week) -> list[dict[str, object]]:
    return [
        {
            "brand": record.brand,
            "asked": record.asked,
            "observed": record.observed[0] if record.observed else None,
            "observed_at_most": record.observed[1] if record.observed else None,
            "watched_days": record.watched / timedelta(days=1),
        }
        for record in week.records
    ]
