"""A real week of airline tweets rings for its real storms and for little else."""

import gzip
import json
from datetime import datetime
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from emberwatch.core.detect.spike import Spike, SpikeState
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import Mentioned
from tests.build import a_brand, a_mention


def airline_alerts(shared: Path) -> list[tuple[AlertKind, str, datetime]]:
    analyzer = SentimentIntensityAnalyzer()
    names = ("Delta", "Southwest", "US Airways")
    spike = Spike({name: a_brand(name) for name in names})
    states: dict[str, SpikeState | None] = dict.fromkeys(names)
    rung: dict[str, tuple[AlertKind, str, datetime]] = {}
    with gzip.open(shared / "data/timeline/timeline_airline_public.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            name, at = row["brand"], datetime.fromisoformat(row["created_at"])
            anger = max(0.0, -analyzer.polarity_scores(row["text"][:1000])["compound"])
            mention = a_mention(row["id"], anger=anger, brand=name, at=at, author=row["author"])
            states[name], alerts = spike.fold(name, states[name], Mentioned(at=at, mention=mention))
            for alert in alerts:
                rung.setdefault(alert.id, (alert.kind, name, alert.started_at))
    return list(rung.values())


def test_a_real_week_of_airline_tweets_rings_for_its_real_storms(shared: Path) -> None:
    rung = airline_alerts(shared)
    spikes = [(name, at) for kind, name, at in rung if kind is AlertKind.SPIKE]
    assert 1 <= len(spikes) <= 6
    assert min(at for _, at in spikes) > datetime.fromisoformat("2015-02-18T12:00:00Z")
    assert any(name == "US Airways" and at.day in (22, 23) for name, at in spikes)
    joke = [at for kind, name, at in rung if kind is AlertKind.SURGE and name == "Delta"]
    assert any(at.day == 23 and at.hour == 18 and 15 <= at.minute <= 23 for at in joke)
