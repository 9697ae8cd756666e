"""What `status` shows: tables for people, one object of JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from emberwatch.cli.backtest_table import observed
from emberwatch.cli.clock_lines import DONE, overdue
from emberwatch.cli.present import ago, clock, count, instant, span, table
from emberwatch.cli.silence import silence_json
from emberwatch.config.schema import Config, FeedSettings
from emberwatch.core.read.text import safe_line
from emberwatch.core.respond.promises import Level
from emberwatch.core.respond.track_record import TrackRecord
from emberwatch.model.brand import Brand
from emberwatch.model.incident import Incident
from emberwatch.model.silence import Silence
from emberwatch.ports import BrandStatistics, FeedHealth, Meter, Statistics

NOT_JUDGED_NOTICE = 0.3
"""More than this share of mentions without an anger is said wherever the brand is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How the watch is doing at an instant. `owner` names the daemon, None where none runs."""

    config: Config
    database: Path
    owner: str | None
    at: datetime
    statistics: Statistics
    health: Mapping[str, FeedHealth]
    meters: Sequence[tuple[str, Meter]]
    incidents: Sequence[Incident]
    records: Mapping[str, TrackRecord]
    faults: Sequence[str]
    silences: Sequence[Silence]

    @property
    def overdue(self) -> list[tuple[Incident, Level]]:
        """What customers wait for beyond the time that was promised, longest first."""
        return overdue(self.incidents, self.at)


# ---------------------------------------------------------------- JSON
def report(watch: Watch) -> dict[str, object]:
    """Return everything as one object."""
    statistics = watch.statistics
    return {
        "is_healthy": not watch.faults,
        "faults": watch.faults,
        "database": str(watch.database),
        "scorer": watch.config.scorer.kind,
        "daemon": watch.owner,
        "posts": statistics.posts,
        "bytes": statistics.bytes,
        "waiting": statistics.waiting,
        "dead": statistics.dead,
        "quarantined": statistics.quarantined,
        "brands": [_brand_json(brand) for brand in statistics.brands],
        "false_alarms": [_record_json(*record) for record in watch.records.items()],
        "feeds": [_feed_json(watch, feed) for feed in watch.config.feeds],
        "budgets": [_meter_json(*meter) for meter in watch.meters],
        "incidents": [_incident_json(incident) for incident in watch.incidents],
        "silences": [silence_json(silence, watch.at) for silence in watch.silences],
        "overdue": [_overdue_json(*each) for each in watch.overdue],
    }


def _brand_json(brand: BrandStatistics) -> dict[str, object]:
    return {
        "brand": brand.brand,
        "mentions_24h": brand.mentions,
        "not_judged_24h": brand.not_judged,
        "failed_24h": brand.failed,
        "angry_weight_24h": brand.angry_weight,
        "last_seen_at": instant(brand.last_seen_at),
        "surge_since": instant(brand.surge_since),
    }


def _record_json(brand: str, record: TrackRecord) -> dict[str, object]:
    return {
        "brand": brand,
        "asked": record.asked,
        "observed": record.observed[0] if record.observed else None,
        "observed_at_most": record.observed[1] if record.observed else None,
        "watched_days": record.watched / timedelta(days=1),
        "rang": len(record.rung),
    }


def _feed_json(watch: Watch, feed: FeedSettings) -> dict[str, object]:
    row = watch.health.get(feed.name)
    return {
        "feed": feed.name,
        "last_ok_at": instant(row.last_ok_at) if row else None,
        "blind_since": instant(row.blind_since) if row else None,
        "why": (row.why if row else "never read") or None,
        "note": (row.note if row else "") or None,
        "posts_24h": watch.statistics.posts_by_feed.get(feed.name, 0),
    }


def _meter_json(feed: str, meter: Meter) -> dict[str, object]:
    return {
        "feed": feed,
        "budget": meter.name,
        "used": meter.used,
        "limit": meter.limit,
        "unit": meter.unit,
        "resets_at": instant(meter.resets_at),
        "is_used_up": meter.is_used_up,
    }


def _incident_json(incident: Incident) -> dict[str, object]:
    return {
        "id": incident.id,
        "brand": incident.brand,
        "kinds": incident.kinds,
        "status": incident.status,
        "fire": incident.fire,
        "severity": incident.severity,
    }


def _overdue_json(incident: Incident, level: Level) -> dict[str, object]:
    return {
        "id": incident.id,
        "brand": incident.brand,
        "promise": level.promise,
        "due_at": instant(level.due_at),
        "owner": incident.owner or None,
    }


# ---------------------------------------------------------------- for people
def show(watch: Watch) -> None:
    """Print everything, one table after the other."""
    click.echo(f"{'watching, ' + watch.owner if watch.owner else 'not running'}")
    size = watch.statistics.bytes / 1e6
    click.echo(f"database {watch.database}: {count(watch.statistics.posts, 'post')}, {size:.1f} MB")
    click.echo(f"posts are judged by {watch.config.scorer.kind}")
    click.echo()
    _show_brands(watch)
    _show_feeds(watch)
    _show_budgets(watch.meters)
    click.echo()
    _show_false_alarms(watch.records)
    _show_overdue(watch)
    _show_incidents(watch)
    click.echo()
    _show_faults(watch.faults)
    _show_silences(watch.silences)


def _show_brands(watch: Watch) -> None:
    by_brand = {row.brand: row for row in watch.statistics.brands}
    click.secho("The last 24 hours", bold=True)
    table(
        ("Brand", "Mentions", "Angry weight", "Last mention", "Note"),
        (_brand_row(brand, by_brand.get(brand.name), watch.at) for brand in watch.config.brands),
        empty="No brands.",
        is_list=False,
    )
    click.echo()


def _brand_row(brand: Brand, row: BrandStatistics | None, at: datetime) -> tuple[object, ...]:
    if row is None:
        return brand.name, 0, "0.0", ago(None, at), "-"
    unjudged = row.not_judged / row.mentions if row.mentions else 0.0
    notes = []
    if unjudged > NOT_JUDGED_NOTICE:
        notes.append(f"{unjudged:.0%} of its mentions could not be judged for anger")
    if row.surge_since:
        notes.append(f"surge since {clock(row.surge_since)}")
    weight = f"{row.angry_weight:.1f}"
    return brand.name, row.mentions, weight, ago(row.last_seen_at, at), "; ".join(notes) or "-"


def _show_feeds(watch: Watch) -> None:
    click.secho("Feeds", bold=True)
    table(
        ("Feed", "Last read", "Posts 24h", "State"),
        (
            (
                feed.name,
                ago(row.last_ok_at if row else None, watch.at),
                watch.statistics.posts_by_feed.get(feed.name, 0),
                _state(row, watch.at),
            )
            for feed in watch.config.feeds
            for row in [watch.health.get(feed.name)]
        ),
        empty="No feeds: nothing is watched.",
        is_list=False,
    )


def _state(row: FeedHealth | None, at: datetime) -> str:
    if row is None:
        return "not read yet"
    if row.blind_since is not None:
        return f"BLIND for {span(at - row.blind_since)}"
    if row.why:
        return "failing"
    return f"reading ({safe_line(row.note, 120)})" if row.note else "reading"


def _show_budgets(meters: Sequence[tuple[str, Meter]]) -> None:
    if not meters:
        return
    click.echo()
    click.secho("Budgets", bold=True)
    table(
        ("Feed", "Budget", "Used", "Limit", "Starts anew", "State"),
        (
            (
                name,
                meter.name,
                f"{meter.used:,.10g}",
                f"{meter.limit:,.10g} {meter.unit}",
                f"{clock(meter.resets_at)} UTC",
                "USED UP" if meter.is_used_up else "reading",
            )
            for name, meter in meters
        ),
        empty="",
        is_list=False,
    )


def _show_false_alarms(records: Mapping[str, TrackRecord]) -> None:
    """Print what was asked and what was observed, once anything rang over a day of watching."""
    rows = [
        (brand, f"{record.asked:g}", observed(record), len(record.rung), span(record.watched))
        for brand, record in records.items()
        if record.rung and record.observed
    ]
    if rows:
        click.secho("False alarms a month", bold=True)
        headings = ("Brand", "Asked", "Observed", "Rang", "Watched")
        table(headings, rows, empty="", is_list=False)
        click.echo()


def _show_overdue(watch: Watch) -> None:
    """Print what was promised to customers and is not done, once there is any."""
    if not watch.overdue:
        return
    click.secho("Overdue", fg="red", bold=True)
    table(
        ("Incident", "Brand", "Not yet", "Due (UTC)", "Overdue for", "Owner"),
        (
            (
                incident.id,
                incident.brand or incident.subject,
                DONE[level.promise],
                clock(level.due_at),
                span(watch.at - level.due_at),
                incident.owner or "nobody",
            )
            for incident, level in watch.overdue
        ),
        empty="",
        is_list=False,
    )
    click.echo()


def _show_incidents(watch: Watch) -> None:
    click.secho("Burning", bold=True)
    table(
        ("Incident", "Brand", "Kinds", "Status", "Fire", "Severity", "Age"),
        (
            (
                incident.id,
                incident.brand or incident.subject,
                "+".join(incident.kinds),
                incident.status,
                incident.fire,
                incident.severity,
                span(watch.at - incident.opened_at),
            )
            for incident in reversed(watch.incidents)
        ),
        empty="No incident is open." + (" But not everything can be seen." if watch.faults else ""),
        is_list=False,
    )


def _show_faults(faults: Sequence[str]) -> None:
    if not faults:
        click.secho("Healthy.", fg="green", bold=True)
        return
    click.secho("Unhealthy:", fg="red", bold=True)
    for fault in faults:
        click.echo("  " + safe_line(fault, 500))


def _show_silences(silences: Sequence[Silence]) -> None:
    """Say what nobody is notified of at the moment, and by whose wish."""
    for silence in silences:
        words = (
            f"Muted until {clock(silence.until)} UTC: {silence.subject}, by {silence.by} "
            f"({silence.id}): {silence.reason}"
        )
        click.echo(safe_line(words, 500))
