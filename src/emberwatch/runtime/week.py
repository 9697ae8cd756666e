"""What the store knows of a stretch of time, for the report."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from emberwatch.core.respond.cooling import LONGEST, Cooling, cooling
from emberwatch.core.respond.themes import ANGRY_FROM
from emberwatch.core.respond.track_record import TrackRecord, track_record, watched_for
from emberwatch.core.respond.week import Blind, Gathered
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Correction
from emberwatch.ports import FeedHealth, Reading

LOOKS_BACK = timedelta(days=90)
"""How far back false alarms are counted, and blind times looked for in what is closed."""


def gather(
    look: Reading,
    brands: Sequence[Brand],
    *,
    before: datetime,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Gathered:
    """Return what is known of these brands from `since` to `until`, and from `before` to `since`.

    What belongs to no brand (blind feeds, troubles of our own) is always there.
    """
    names = {brand.name for brand in brands}
    # what a person closed may burn on, so a blind time is looked for in older incidents too
    past = look.incidents(opened_from=min(before, since - LOOKS_BACK), opened_to=until)
    lasting = look.incidents(opened_to=until, closed_from=since)
    known = {each.id: each for each in (*lasting, *past)}
    mine = [each for each in known.values() if each.brand is None or each.brand in names]
    mine.sort(key=lambda each: each.opened_at)
    incidents = [each for each in mine if before <= each.opened_at < until]
    return Gathered(
        since=since,
        until=until,
        before=before,
        now=now,
        incidents=incidents,
        told=look.told([each.id for each in incidents]),
        voices={brand.name: look.voices(brand.name, since, until) for brand in brands},
        coolings=_coolings(look, incidents, now),
        waiting=[each for each in mine if each.brand is not None],
        follow_ups=[each for each in look.follow_ups() if each.brand in names],
        records=records(look, brands, min(until, now)),
        corrections=_corrections(look, names),
        blind=[*_rang(mine), *_now(look.health())],
    )


def records(look: Reading, brands: Iterable[Brand], at: datetime) -> list[TrackRecord]:
    """Return how often each brand rang falsely in the 90 days before, by what people said of it."""
    since, times = at - LOOKS_BACK, look.unwatched()
    lived = look.incidents(opened_from=since, opened_to=at)
    found = []
    for brand in brands:
        mine = [incident for incident in lived if incident.brand == brand.name]
        watched = watched_for(brand.name, times, since, at)
        found.append(track_record(brand.name, brand.false_alarms_per_month, watched, mine, mine))
    return found


def _coolings(look: Reading, incidents: Iterable[Incident], now: datetime) -> dict[str, Cooling]:
    """Return what became of the anger after the first answer to each incident.

    One after the other: in a storm, hours around answers hold the same crowd again and again.
    """
    found = {}
    for each in incidents:
        if each.brand is not None and each.responded_at is not None:
            since, until = each.responded_at - LONGEST, each.responded_at + LONGEST
            angry = look.voices(each.brand, since, until, anger_from=ANGRY_FROM)
            turned = cooling(each, angry, now)
            if turned is not None:
                found[each.id] = turned
    return found


def _corrections(look: Reading, brands: Iterable[str]) -> list[Correction]:
    """Return what people said of posts that speak of these brands."""
    said = look.corrections()
    ids = [each.post_id for each in said]
    known = {id for brand in brands for id in look.mentions(ids, brand)}
    return [each for each in said if each.post_id in known]


def _rang(incidents: Iterable[Incident]) -> list[Blind]:
    """Return the blind times that rang and are over, from when they rang."""
    return [
        Blind(feed=alert.subject, since=alert.started_at, until=alert.ended_at, why=alert.reason)
        for incident in incidents
        for alert in incident.alerts
        if alert.kind is AlertKind.WATCH_BLIND and alert.ended_at is not None
    ]


def _now(health: Mapping[str, FeedHealth]) -> list[Blind]:
    """Return the feeds that are blind now."""
    return [
        Blind(feed=row.feed, since=row.blind_since, until=None, why=row.why)
        for row in health.values()
        if row.blind_since is not None
    ]
