"""How the watch is doing."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import config_option, database_option, json_option, opened, read

if TYPE_CHECKING:
    from emberwatch.config.schema import Config
    from emberwatch.model.incident import Incident
    from emberwatch.ports import FeedHealth, Meter, Reading, Statistics

STUCK_AFTER = timedelta(minutes=5)
"""A notification that has waited this long beyond its first try is a sign of ill health."""

CRON_AFTER = timedelta(minutes=15)
"""Without a daemon, feeds read this lately are kept up by `run --once` from cron."""


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
    from emberwatch.cli.status_shown import Watch, report, show
    from emberwatch.runtime.week import records
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
        rang = {record.brand: record for record in records(look, config.brands, at)}
        silences = look.silences(at)
    faults = _faults(config, statistics, health, disabled, incidents, at, is_running=bool(owner))
    watch = Watch(
        config=config,
        database=path,
        owner=owner,
        at=at,
        statistics=statistics,
        health=health,
        meters=meters,
        incidents=incidents,
        records=rang,
        faults=faults,
        silences=silences,
    )
    if as_json:
        show_json(report(watch))
    else:
        show(watch)
    if faults:
        sys.exit(4)


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
    from emberwatch.cli.present import clock, count, span
    from emberwatch.core.respond.routing import unreached
    from emberwatch.runtime.wiring import directory

    read_at = max((row.last_ok_at for row in health.values() if row.last_ok_at), default=None)
    is_kept_up = read_at is not None and at - read_at <= CRON_AFTER
    faults = []
    if not is_running and not is_kept_up:
        last = f", and nothing was read for {span(at - read_at)}" if read_at else ""
        faults.append(f"no daemon is running{last}: start 'emberwatch run'")
    for feed in config.feeds:
        row = health.get(feed.name)
        if row is None:
            faults.append(
                f"feed {feed.name} was never read; try: emberwatch feed test {quote(feed.name)}"
            )
        elif row.blind_since is not None:
            faults.append(
                f"feed {feed.name} is blind for {span(at - row.blind_since)}: {row.why}; "
                f"try: emberwatch feed test {quote(feed.name)}"
            )
        elif row.why:
            faults.append(
                f"feed {feed.name} could not be read the last time: {row.why}; "
                f"try: emberwatch feed test {quote(feed.name)}"
            )
        elif is_running and (row.last_ok_at is None or at - row.last_ok_at > 10 * feed.every):
            since = f"{clock(row.last_ok_at)} UTC" if row.last_ok_at else "it was configured"
            faults.append(f"feed {feed.name} has not been read since {since}")
    for name, why in disabled.items():
        mend = f"emberwatch notifier test {quote(name)}"
        faults.append(f"notifier {name} is disabled ({why}); once it is mended: {mend}")
    if config.notifiers and all(each.name in disabled for each in config.notifiers):
        faults.append("every notifier is disabled: nobody is told of anything")
    stand_ins = {each.name: each.fallback for each in config.notifiers}
    faults.extend(
        f"team {name} is told of nothing: all its notifiers are disabled and nothing stands in; "
        "mend one, or give it a 'fallback' in the configuration"
        for name in unreached(directory(config), disabled, stand_ins)
    )
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
