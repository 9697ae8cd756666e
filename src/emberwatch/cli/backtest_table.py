"""What `backtest` prints: tables for people, JSON lines for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from emberwatch.cli.explained import as_it_opened
from emberwatch.cli.present import clock, count, instant, show_json, span, table
from emberwatch.core.respond.track_record import (
    Label,
    Rung,
    TrackRecord,
    acted_at,
    are_of_one_trouble,
    label_of,
)
from emberwatch.model.incident import Incident
from emberwatch.runtime.backtest import Backtest

PEOPLE = {Label.REAL: "real", Label.FALSE: "false", Label.UNKNOWN: "-"}
"""What people made of a trouble, in one word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One trouble: the incident that each configuration opens for it, and the one people saw."""

    brand: str
    rung: tuple[Rung | None, ...]
    lived: Incident | None

    @property
    def at(self) -> datetime:
        """When anybody first knew of it."""
        known = [each.incident.opened_at for each in self.rung if each is not None]
        return min([*known, *([self.lived.opened_at] if self.lived else [])])

    @property
    def told(self) -> Incident:
        """The incident to tell it by: the first that opens, or the one that people saw."""
        opened = (each.incident for each in self.rung if each is not None)
        told = next(opened, self.lived)
        assert told is not None  # noqa: S101 - a storm without either is none
        return told

    @property
    def label(self) -> Label:
        """What people made of it."""
        return Label.UNKNOWN if self.lived is None else label_of(self.lived)


def storms(trials: Sequence[Backtest]) -> list[Storm]:
    """Return every trouble that rings by any of the configurations or that people judged."""
    found: list[Storm] = []
    for place, trial in enumerate(trials):
        for record in trial.records:
            for rung in record.rung:
                _enter(found, record.brand, place, len(trials), rung)
    for trial in trials:
        for record in trial.records:
            for lived in (*record.missed, *record.spared):
                if not any(storm.lived and storm.lived.id == lived.id for storm in found):
                    nobody = (None,) * len(trials)
                    found.append(Storm(brand=record.brand, rung=nobody, lived=lived))
    return sorted(found, key=lambda storm: storm.at)


def _enter(found: list[Storm], brand: str, place: int, many: int, rung: Rung) -> None:
    for number, storm in enumerate(found):
        if storm.brand == brand and storm.rung[place] is None and _is_of(storm, rung.incident):
            beside = (*storm.rung[:place], rung, *storm.rung[place + 1 :])
            found[number] = Storm(brand=brand, rung=beside, lived=storm.lived or rung.lived)
            return
    alone = tuple(rung if number == place else None for number in range(many))
    found.append(Storm(brand=brand, rung=alone, lived=rung.lived))


def _is_of(storm: Storm, incident: Incident) -> bool:
    return any(
        each is not None and are_of_one_trouble(each.incident, incident) for each in storm.rung
    )


# ---------------------------------------------------------------- for people
def show(trials: Sequence[Backtest]) -> None:
    """Print how each configuration did for each brand, and then every trouble."""
    first = trials[0]
    if first.since is None or first.until is None:
        click.echo("There is no past yet: nothing is stored.", err=True)
        return
    if first.since > first.until:
        click.echo(
            f"Nothing is stored from {clock(first.since)} UTC on: the past ends at "
            f"{clock(first.until)}.",
            err=True,
        )
        return
    lasted = span(first.until - first.since)
    click.echo(
        f"From {clock(first.since)} to {clock(first.until)} UTC ({lasted}): "
        f"{count(first.posts, 'post')}.",
        err=True,
    )
    for trial in trials:
        if trial.crashed:
            click.echo(f"{trial.name}: a rule crashed {count(trial.crashed, 'time')}", err=True)
    are_two = len(trials) > 1
    table(
        ("Brand", *(("Configuration",) if are_two else ()), *_HEADINGS),
        (
            (record.brand, *((trial.name,) if are_two else ()), *_record(record))
            for records in zip(*(_by_brand(trials, trial) for trial in trials), strict=True)
            for trial, record in zip(trials, records, strict=True)
            if record is not None
        ),
        empty="",
    )
    click.echo()
    if are_two:
        _show_storms(trials)
    else:
        _show_incidents(first)


_HEADINGS = (
    "Rang", "Real", "False", "Unknown", "Missed", "Asked", "False a month", "Earlier",
)  # fmt: skip


def _by_brand(trials: Sequence[Backtest], trial: Backtest) -> list[TrackRecord | None]:
    """Return a trial's records in the order of all brands that any of the trials knows."""
    brands = dict.fromkeys(record.brand for each in trials for record in each.records)
    mine = {record.brand: record for record in trial.records}
    return [mine.get(brand) for brand in brands]


def _record(record: TrackRecord) -> tuple[object, ...]:
    return (
        len(record.rung),
        record.count(Label.REAL),
        record.count(Label.FALSE),
        record.count(Label.UNKNOWN),
        len(record.missed),
        f"{record.asked:g}",
        observed(record),
        lead(record.lead),
    )


def observed(record: TrackRecord) -> str:
    """Say how many false alarms a month there were, and how many at most."""
    if record.observed is None:
        return "-"
    known, most = record.observed
    return f"{known:.2g}" if known == most else f"{known:.2g} to {most:.2g}"


def lead(length: timedelta | None) -> str:
    """Say how long before people it rings."""
    if length is None:
        return "-"
    return span(length) if length >= timedelta(0) else f"{span(-length)} after"


def _show_incidents(trial: Backtest) -> None:
    rows = [
        *((each.incident, each.label, each.lead) for each in _rung(trial)),
        *((each, None, None) for record in trial.records for each in record.missed),
    ]
    table(
        ("Incident", "Brand", "Kinds", "Opened (UTC)", "People", "Earlier"),
        (
            (
                incident.id,
                incident.brand,
                "+".join(incident.kinds),
                clock(incident.opened_at),
                "missed" if label is None else PEOPLE[label],
                lead(before),
            )
            for incident, label, before in sorted(rows, key=_opened_at)
        ),
        empty="Nothing would have rung.",
    )


def _opened_at(row: tuple[Incident, Label | None, timedelta | None]) -> datetime:
    return row[0].opened_at


def _show_storms(trials: Sequence[Backtest]) -> None:
    table(
        ("Brand", "Kinds", *(f"{trial.name} (UTC)" for trial in trials), "People", "Earlier"),
        (
            (
                storm.brand,
                "+".join(storm.told.kinds),
                *("-" if each is None else clock(each.incident.opened_at) for each in storm.rung),
                PEOPLE[storm.label],
                " / ".join(lead(each.lead if each else None) for each in storm.rung),
            )
            for storm in storms(trials)
        ),
        empty="Nothing would have rung.",
    )


def _rung(trial: Backtest) -> list[Rung]:
    found = [each for record in trial.records for each in record.rung]
    return sorted(found, key=lambda each: each.incident.opened_at)


# ---------------------------------------------------------------- for programs
def show_lines(trials: Sequence[Backtest]) -> None:
    """Print JSON lines: of each configuration its brands, then its incidents and surges."""
    for trial in trials:
        for line in _lines(trial):
            show_json({"row": line.pop("row"), "configuration": trial.name, **line})


def _lines(trial: Backtest) -> Iterator[dict[str, object]]:
    for record in trial.records:
        known, most = record.observed or (None, None)
        yield {
            "row": "brand",
            "brand": record.brand,
            "since": instant(trial.since),
            "until": instant(trial.until),
            "watched_days": record.watched / timedelta(days=1),
            "rang": len(record.rung),
            **{str(label): record.count(label) for label in Label},
            "asked": record.asked,
            "observed": known,
            "observed_at_most": most,
            "lead_seconds": record.lead,
            "missed": [each.id for each in record.missed],
            "spared": [each.id for each in record.spared],
        }
    for rung in _rung(trial):
        yield {"row": "incident", **_incident(rung)}
    for alert in trial.surges:
        yield {
            "row": "surge",
            "brand": alert.brand,
            "started_at": instant(alert.started_at),
            "ended_at": instant(alert.ended_at),
            "observed": alert.observed,
            "expected": alert.expected,
            "window_minutes": alert.window_minutes,
            "reason": alert.reason,
        }


def _incident(rung: Rung) -> dict[str, object]:
    incident, lived = rung.incident, rung.lived
    first = incident.alerts[0]
    return {
        "id": incident.id,
        "brand": incident.brand,
        "kind": incident.kind,
        "kinds": incident.kinds,
        "severity": incident.severity,
        "opened_at": instant(incident.opened_at),
        "first_post_at": instant(incident.first_post_at),
        "last_alert_at": instant(incident.last_alert_at),
        "observed": first.observed,
        "expected": first.expected,
        "window_minutes": first.window_minutes,
        "reason": first.reason,
        "reason_as_it_rang": as_it_opened(incident),
        "people": rung.label,
        "lived_id": lived.id if lived else None,
        "lived_at": instant(lived.opened_at) if lived else None,
        "acted_at": instant(acted_at(lived)) if lived else None,
        "lead_seconds": rung.lead,
    }
