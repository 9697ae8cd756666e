"""A real week of airline tweets rings for its real storms and for little else."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import Mentioned
from emberwatch.ports import Scorer, Text
from emberwatch.runtime.series import Row, judge_series
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.vader import Vader
from tests.build import a_brand, a_mention

Rung = tuple[AlertKind, str, datetime]


def airline_alerts(shared: Path, scorer: Scorer) -> list[Rung]:
    """Return what first rang, and when, in a week of tweets to three airlines."""
    names = ("Delta", "Southwest", "US Airways")
    spike = Spike({name: a_brand(name) for name in names})
    states: dict[str, SpikeState | None] = dict.fromkeys(names)
    rung: dict[str, Rung] = {}
    with gzip.open(shared / "data/timeline/timeline_airline_public.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    scores = scorer.score([Text(text=row["text"], language="en") for row in rows])
    for row, score in zip(rows, scores, strict=True):
        name, at = row["brand"], datetime.fromisoformat(row["created_at"])
        mention = a_mention(row["id"], anger=score.anger, brand=name, at=at, author=row["author"])
        states[name], alerts = spike.fold(name, states[name], Mentioned(at=at, mention=mention))
        for alert in alerts:
            rung.setdefault(alert.id, (alert.kind, name, alert.started_at))
    return list(rung.values())


@pytest.mark.advice("A4")
@pytest.mark.parametrize("scorer", [Auto, Vader])
def test_a_real_week_of_airline_tweets_rings_for_its_real_storms(
    shared: Path, scorer: type[Scorer]
) -> None:
    rung = airline_alerts(shared, scorer())
    spikes = [(name, at) for kind, name, at in rung if kind is AlertKind.SPIKE]
    assert 1 <= len(spikes) <= 4
    assert min(at for _, at in spikes) > datetime.fromisoformat("2015-02-18T12:00:00Z")
    cancelled = [at for name, at in spikes if name == "US Airways"]
    assert any(at.day == 22 and 10 <= at.hour <= 16 for at in cancelled)
    joke = [at for kind, name, at in rung if kind is AlertKind.SURGE and name == "Delta"]
    assert any(at.day == 23 and at.hour == 18 and 15 <= at.minute <= 22 for at in joke)


def test_a_joke_that_hundreds_quote_is_a_surge_within_five_minutes(shared: Path) -> None:
    with (shared / "data/airline/delta.csv").open() as lines:
        cells = [line.split(",") for line in lines.read().split()[1:]]
    rows = [Row(float(at), float(posts), float(angry)) for at, posts, angry in cells]
    began = datetime(2015, 2, 23, 18, 15, tzinfo=UTC).timestamp()
    surges = [
        row.timestamp
        for row, judged in zip(rows, judge_series(rows), strict=True)
        if judged.surge and row.timestamp >= began
    ]
    assert surges[0] <= began + 300.0
