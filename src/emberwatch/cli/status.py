"""How the watch is doing."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, json_option, opened, read

if TYPE_CHECKING:
    from emberwatch.config.schema import Config
    from emberwatch.core.respond.track_record import TrackRecord
    from emberwatch.model.incident import Incident
    from emberwatch.ports import FeedHealth, Meter, Reading, Statistics

STUCK_AFTER = timedelta(minutes=5)
"""A notification that has waited this long beyond its first try is a sign of ill health."""

CRON_AFTER = timedelta(minutes=15)
"""Without a daemon, feeds read this lately are kept up by `run --once` from cron."""

LOOKS_BACK = timedelta(days=90)
"""How far back false alarms are counted."""

NOT_JUDGED_NOTICE = 0.3
"""More than this share of mentions without an anger is said wherever the brand is shown."""


@click.command("status")
@config_option
@database_option
@json_option
def command(config_path: Path, database: Path | None, as_json: bool) -> None:
    """Show how the watch is doing; exit 4 when it is unhealthy.

    Unhealthy is: no daemon (nor a run --once of late), a feed that cannot be read, a notification
    that does not get out, a disabled notifier, or a part of ours in trouble.

    \b
    Example:
      emberwatch status --json
    """
    from emberwatch.cli.present import show_json
    from emberwatch.runtime.wiring import now
    from emberwatch.store.lock import owner_of

    config = read(config_path, with_secrets=False)
    path = database or config.database
    at = now()
    owner = owner_of(path)
    with opened(path) as store, store.reading() as look:
        statistics = look.statistics(at)
        health = look.health()
        disabled = look.disabled()
        incidents = look.incidents(is_open=True)
        meters = _meters(config, look, at)
        records = _records(config, look, at)
    faults = _faults(config, statistics, health, disabled, incidents, at, is_running=bool(owner))
    if as_json:
        show_json(
            _report(config, path, owner, statistics, health, meters, incidents, faults, records)
        )
    else:
        _print(config, path, owner, statistics, health, meters, incidents, faults, at, records)
    if faults:
        sys.exit(4)


def _read(row: "FeedHealth") -> str:
    """Say of a feed that is well how it is read, where that needs a word."""
    from emberwatch.core.read.text import safe_line

    return f"reading ({safe_line(row.note, 120)})" if row.note else "reading"


def _meters(config: "Config", look: "Reading", at: datetime) -> "list[tuple[str, Meter]]":
    """Return what the feeds that cost money or have a quota have used of it, with their names."""
    from emberwatch.ports import Metered
    from emberwatch.runtime import wiring

    sources = [(feed.name, wiring.source(config, feed.name)) for feed in config.feeds]
    return [
        (name, meter)
        for name, source in sources
        if isinstance(source, Metered)
        for meter in source.meters(look.cursor(name), at)
    ]


def _records(config: "Config", look: "Reading", at: datetime) -> "dict[str, TrackRecord]":
    """Return how often each brand rang falsely of late, by what people said of its incidents."""
    from emberwatch.core.respond.track_record import track_record, watched_for

    since, times = at - LOOKS_BACK, look.unwatched()
    lived = look.incidents(opened_from=since)
    records = {}
    for brand in config.brands:
        mine = [incident for incident in lived if incident.brand == brand.name]
        watched = watched_for(brand.name, times, since, at)
        asked = brand.false_alarms_per_month
        records[brand.name] = track_record(brand.name, asked, watched, mine, mine)
    return records


def _faults(
    config: "Config",
    statistics: "Statistics",
    health: "dict[str, FeedHealth]",
    disabled: dict[str, str],
    incidents: "list[Incident]",
    at: datetime,
    *,
    is_running: bool,
) -> list[str]:
    """Return what is wrong, one line each with what to do; pure."""
    from emberwatch.cli.present import count, span

    read_at = max((row.last_ok_at for row in health.values() if row.last_ok_at), default=None)
    is_kept_up = read_at is not None and at - read_at <= CRON_AFTER
    faults = []
    if not is_running and not is_kept_up:
        last = f", and nothing was read for {span(at - read_at)}" if read_at else ""
        faults.append(f"no daemon is running{last}: start 'emberwatch run'")
    for feed in config.feeds:
        row = health.get(feed.name)
        if row is None:
            faults.append(f"feed {feed.name} was never read")
        elif row.blind_since is not None:
            faults.append(
                f"feed {feed.name} is blind for {span(at - row.blind_since)}: {row.why}; "
                f"try 'emberwatch feed test {feed.name}'"
            )
        elif row.why:
            faults.append(
                f"feed {feed.name} could not be read the last time: {row.why}; "
                f"try 'emberwatch feed test {feed.name}'"
            )
        elif is_running and (row.last_ok_at is None or at - row.last_ok_at > 10 * feed.every):
            faults.append(f"feed {feed.name} has not been read since {row.last_ok_at or 'ever'}")
    for name, why in disabled.items():
        faults.append(f"notifier {name} is disabled ({why}): 'emberwatch notifier test {name}'")
    if statistics.oldest_waiting_at and at - statistics.oldest_waiting_at > STUCK_AFTER:
        waited = span(at - statistics.oldest_waiting_at)
        faults.append(f"a notification has waited for {waited}: see 'emberwatch delivery list'")
    faults.extend(
        f"the scorer failed on {count(brand.failed, 'mention')} of {brand.brand} in the last 24 "
        "hours: mend it ('emberwatch check'), then 'emberwatch mention rescore --failed'"
        for brand in statistics.brands
        if brand.failed
    )
    if statistics.dead:
        faults.append(
            f"{statistics.dead} notifications were given up: 'emberwatch delivery list --state "
            "dead', then 'emberwatch delivery replay --dead'"
        )
    for incident in incidents:
        if incident.kind == "trouble":
            faults.append(f"{incident.subject}: {incident.alerts[-1].reason}")
    return faults


def _report(
    config: "Config",
    path: Path,
    owner: str | None,
    statistics: "Statistics",
    health: "dict[str, FeedHealth]",
    meters: "list[tuple[str, Meter]]",
    incidents: "list[Incident]",
    faults: list[str],
    records: "dict[str, TrackRecord]",
) -> dict[str, object]:
    from emberwatch.cli.present import instant

    return {
        "is_healthy": not faults,
        "faults": faults,
        "database": str(path),
        "scorer": config.scorer.kind,
        "daemon": owner,
        "posts": statistics.posts,
        "bytes": statistics.bytes,
        "waiting": statistics.waiting,
        "dead": statistics.dead,
        "quarantined": statistics.quarantined,
        "brands": [
            {
                "brand": brand.brand,
                "mentions_24h": brand.mentions,
                "not_judged_24h": brand.not_judged,
                "failed_24h": brand.failed,
                "angry_weight_24h": brand.angry_weight,
                "last_seen_at": instant(brand.last_seen_at),
                "surge_since": instant(brand.surge_since),
            }
            for brand in statistics.brands
        ],
        "false_alarms": [
            {
                "brand": brand,
                "asked": record.asked,
                "observed": record.observed[0] if record.observed else None,
                "observed_at_most": record.observed[1] if record.observed else None,
                "watched_days": record.watched / timedelta(days=1),
                "rang": len(record.rung),
            }
            for brand, record in records.items()
        ],
        "feeds": [
            {
                "feed": feed.name,
                "last_ok_at": instant(row.last_ok_at) if row else None,
                "blind_since": instant(row.blind_since) if row else None,
                "why": (row.why if row else "never read") or None,
                "note": (row.note if row else "") or None,
                "posts_24h": statistics.posts_by_feed.get(feed.name, 0),
            }
            for feed in config.feeds
            for row in [health.get(feed.name)]
        ],
        "budgets": [
            {
                "feed": name,
                "budget": meter.name,
                "used": meter.used,
                "limit": meter.limit,
                "unit": meter.unit,
                "resets_at": instant(meter.resets_at),
                "is_used_up": meter.is_used_up,
            }
            for name, meter in meters
        ],
        "incidents": [
            {
                "id": incident.id,
                "brand": incident.brand,
                "kinds": incident.kinds,
                "status": incident.status,
                "fire": incident.fire,
                "severity": incident.severity,
            }
            for incident in incidents
        ],
    }


def _print(
    config: "Config",
    path: Path,
    owner: str | None,
    statistics: "Statistics",
    health: "dict[str, FeedHealth]",
    meters: "list[tuple[str, Meter]]",
    incidents: "list[Incident]",
    faults: list[str],
    at: datetime,
    records: "dict[str, TrackRecord]",
) -> None:
    from emberwatch.cli.present import ago, clock, count, span, table

    size = statistics.bytes / 1e6
    click.echo(f"{'watching, ' + owner if owner else 'not running'}")
    click.echo(f"database {path}: {count(statistics.posts, 'post')}, {size:.1f} MB")
    click.echo(f"posts are judged by {config.scorer.kind}")
    click.echo()
    click.secho("The last 24 hours", bold=True)
    by_brand = {row.brand: row for row in statistics.brands}
    rows = []
    for brand in config.brands:
        row = by_brand.get(brand.name)
        mentions = row.mentions if row else 0
        unjudged = row.not_judged / mentions if row and mentions else 0.0
        notes = []
        if unjudged > NOT_JUDGED_NOTICE:
            notes.append(f"{unjudged:.0%} of its mentions could not be judged for anger")
        if row and row.surge_since:
            notes.append(f"surge since {clock(row.surge_since)}")
        rows.append(
            (
                brand.name,
                mentions,
                f"{row.angry_weight:.1f}" if row else "0.0",
                ago(row.last_seen_at if row else None, at),
                "; ".join(notes) or "-",
            )
        )
    table(
        ("Brand", "Mentions", "Angry weight", "Last mention", "Note"),
        rows,
        empty="No brands.",
        is_list=False,
    )
    click.echo()
    click.secho("Feeds", bold=True)
    table(
        ("Feed", "Last read", "Posts 24h", "State"),
        (
            (
                feed.name,
                ago(row.last_ok_at if row else None, at),
                statistics.posts_by_feed.get(feed.name, 0),
                f"BLIND for {span(at - row.blind_since)}"
                if row and row.blind_since
                else (_read(row) if row and not row.why else "failing" if row else "not read yet"),
            )
            for feed in config.feeds
            for row in [health.get(feed.name)]
        ),
        empty="No feeds: nothing is watched.",
        is_list=False,
    )
    if meters:
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
    click.echo()
    _print_false_alarms(records)
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
                span(at - incident.opened_at),
            )
            for incident in reversed(incidents)
        ),
        empty="No incident is open." + (" But not everything can be seen." if faults else ""),
        is_list=False,
    )
    click.echo()
    _print_faults(faults)


def _print_false_alarms(records: "dict[str, TrackRecord]") -> None:
    """Print what was asked and what was observed, once anything rang over a day of watching."""
    from emberwatch.cli.backtest_table import observed
    from emberwatch.cli.present import span, table

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


def _print_faults(faults: list[str]) -> None:
    from emberwatch.core.read.text import safe_line

    if not faults:
        click.secho("Healthy.", fg="green", bold=True)
        return
    click.secho("Unhealthy:", fg="red", bold=True)
    for fault in faults:
        click.echo("  " + safe_line(fault, 500))
