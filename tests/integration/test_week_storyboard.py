"""A real week of airline tweets, a crew that acts at given times, and a report that is right.

The site shows each tweet after twenty seconds and is polled; people act through the command line,
under a clock that is set. Every figure of the report is then computed anew from the database, by
SQL and arithmetic that the product knows nothing of (advice A2, A5, A7, A13; rules R3, R14).
"""

import gzip
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from click.testing import CliRunner

from emberwatch.cli.main import cli
from emberwatch.core.respond.outbox import delivered
from emberwatch.model.post import Post
from emberwatch.runtime import wiring
from emberwatch.runtime.processor import Arrivals, Processor
from emberwatch.sources.jsonl import parse_line
from emberwatch.store.sqlite import SqliteStore, open_store

CONFIG = """
database: week.db
teams:
  - name: care
    time_zone: America/New_York
    hours: ["mon-fri 08:00-20:00", "sat-sun 09:00-18:00"]
    service_levels: {acknowledge: 10m, first_response: 30m, resolve: 8h}
brands:
  - {name: Delta, handles: ["@JetBlue"], languages: [en], team: care, false_alarms_per_month: 30}
  - {name: Southwest, handles: ["@SouthwestAir"], languages: [en], team: care,
     false_alarms_per_month: 30}
  - {name: US Airways, handles: ["@USAirways"], languages: [en], team: care,
     false_alarms_per_month: 30}
notifiers: [{name: desk, kind: console}]
"""

SHOWN_AFTER = timedelta(seconds=20)
FRIDAY = datetime(2015, 2, 20, tzinfo=UTC)

CREW = (
    ("2015-02-20T13:46", "US Airways", "acknowledge --by anna"),
    ("2015-02-20T13:58", "US Airways", "respond --by anna --link https://social.example/a/1"),
    ("2015-02-20T16:00", "US Airways", "resolve --by anna --with apology"),
    ("2015-02-21T15:10", "Southwest", "acknowledge --by anna"),
    ("2015-02-21T15:15", "Southwest", "assign --to boris --by anna"),
    ("2015-02-21T15:20", "Southwest", "assign --to clara --by boris"),
    ("2015-02-21T15:40", "Southwest", "respond --by clara"),
    ("2015-02-21T18:20", "US Airways", "dismiss --by clara"),
    ("2015-02-21T20:00", "Southwest", "resolve --by clara --with refund --our-mistake"),
    ("2015-02-22T14:05", "US Airways", "acknowledge --by boris"),
    ("2015-02-22T14:20", "US Airways", "respond --by boris"),
    ("2015-02-22T14:40", "Delta", "resolve --by boris --with let_go"),
    ("2015-02-23T18:32", "Delta", "acknowledge --by anna"),
    ("2015-02-23T18:40", "Delta", "respond --by anna"),
    ("2015-02-23T19:50", "Delta", "resolve --by anna --with policy_changed --follow-up 30d"),
    ("2015-02-24T13:30", "Southwest", "acknowledge --by clara"),
)
"""When somebody does what with the newest incident of a brand that nobody has closed."""

READ_AT = datetime(2015, 2, 24, 21, 0, tzinfo=UTC)


# ---------------------------------------------------------------- the play
@dataclass
class Stage:
    """A database that the week is played into."""

    folder: Path
    store: SqliteStore
    processor: Processor

    def poll(self, at: datetime, posts: list[Post], before: datetime | None) -> None:
        """Bring what the site has shown since the last look."""
        self.processor.process(
            Arrivals(at=at, feed="town", source="jsonl", posts=posts, read_before=before)
        )

    def deliver(self, at: datetime) -> None:
        """Let the receiver take what is due; it needs three seconds for each message."""
        with self.store.writing() as tx:
            for each in tx.claim(at, timedelta(minutes=1), 100):
                took_at = at + timedelta(seconds=3)
                tx.settle(delivered(each, tried_at=at, at=took_at, answer="204"))

    def act(self, at: datetime, brand: str, words: str) -> None:
        """Let somebody do something through the command line."""
        with self.store.reading() as look:
            open_ones = look.incidents(is_open=True, brand=brand)
        verb, *options = words.split()
        run(self.folder, at, "incident", verb, open_ones[-1].id, *options)


def run(folder: Path, at: datetime, *words: str) -> str:
    """Run a command while the clock shows a time."""
    with time_machine.travel(at, tick=False):
        result = CliRunner().invoke(cli, [*words, "--config", str(folder / "config.yaml")])
    assert result.exit_code == 0, result.output
    return result.stdout


def polls(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield when the feed is read: seldom while nothing burns."""
    at = first.replace(minute=0, second=0, microsecond=0)
    while at <= last:
        at += timedelta(minutes=4 if at >= FRIDAY else 20)
        yield at


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a configuration and the database of the week."""
    folder = tmp_path_factory.mktemp("week")
    (folder / "config.yaml").write_text(CONFIG)
    config = wiring.configuration(folder / "config.yaml")
    with gzip.open(shared / "data/timeline/timeline_airline_public.jsonl.gz") as lines:
        posts = sorted((parse_line(line, now=READ_AT) for line in lines), key=_created_at)
    store = open_store(config.database)
    policy = wiring.policy(config, is_replay=True)
    stage = Stage(folder, store, wiring.processor(store, policy, is_live=False))
    crew = [(datetime.fromisoformat(at).replace(tzinfo=UTC), *deed) for at, *deed in CREW]
    before = None
    for at in polls(posts[0].created_at, posts[-1].created_at + timedelta(minutes=5)):
        while crew and crew[0][0] <= at:
            stage.act(*crew.pop(0))
        shown = [post for post in posts if post.created_at + SHOWN_AFTER <= at]
        del posts[: len(shown)]
        if shown:
            stage.poll(at, [replace(post, seen_at=at) for post in shown], before)
            stage.deliver(at)
        before = at
    assert not crew
    store.close()
    return folder


def _created_at(post: Post) -> datetime:
    return post.created_at


def test_look(folder):
    db = sqlite3.connect(folder / "week.db")
    for row in db.execute("select incident_id, brand, kind, status, opened_at, source_seconds, poll_seconds, detection_seconds, delivery_seconds, people_seconds,acknowledge_by,respond_by,resolve_by from response_times"):
        print(row)
    import shutil
    shutil.copytree(folder, "/tmp/wk/folder", dirs_exist_ok=True)
