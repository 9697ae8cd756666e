"""A feed that costs money shows what it spent, and alarms before it stops."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner

from emberwatch.cli.main import cli
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import PartChecked
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Cursor, Ledger, Reading, Request
from emberwatch.runtime import wiring
from emberwatch.runtime.arrivals import Arrivals, Report
from emberwatch.runtime.collector import Collector, Feed, Remembered
from emberwatch.sources.x import X, XOptions
from emberwatch.store.sqlite import open_store
from tests.build import NOON, minutes

CONFIG = """
database: watch.db
brands:
  - {name: Acme, words: [acme]}
feeds:
  - {name: loud, source: x, every: 1m, options: {query: acme, token_env: EMBER_X,
     dollars_a_day: 2, dollars_a_month: 30}}
"""


class Shown:
    """X, which shows a hundred posts to every search."""

    searches = 0

    async def get(self, request: Request) -> Answer:
        self.searches += 1
        size = int(request.params.get("max_results", "0"))
        newest = 10_000 * self.searches
        data = [{"id": str(newest - n), "text": "calm"} for n in range(size)]
        told = {"data": data, "meta": {"newest_id": str(newest), "total_tweet_count": 7}}
        return Answer(
            status=200, headers={}, body=json.dumps(told).encode(), url="", received_at=NOON
        )


class Watch:
    """A collector whose batches go through the real path, into a database of its own."""

    def __init__(self, folder: Path) -> None:
        path = folder / "config.yaml"
        path.write_text(CONFIG)
        config = wiring.configuration(path, with_secrets=False)
        self.store = open_store(folder / "watch.db")
        self.processor = wiring.processor(
            self.store, wiring.policy(config), is_live=True, feeds=frozenset(("loud",))
        )
        self.now = NOON
        self.parts: list[PartChecked] = []
        source = X(XOptions(token=Secret("t"), query="acme", dollars_a_day=2, dollars_a_month=30))
        self.collector = Collector(
            Feed(name="loud", source=source, every=minutes(1), brands=(), backfill=None),
            web=Shown(),
            submit=self.submit,
            remember=self.remember,
            clock=lambda: self.now,
            chance=lambda: 0.0,
        )

    async def submit(self, arrivals: Arrivals) -> Report:
        self.parts += arrivals.parts
        return self.processor.process(arrivals)

    async def remember(self, look: Callable[[Reading], Remembered]) -> Remembered:
        with self.store.reading() as reading:
            return look(reading)

    async def poll(self, times: int) -> list[str]:
        """Poll so often, a minute apart, and return why polls failed."""
        failed = []
        for _ in range(times):
            read = await self.collector.poll(is_urgent=True)
            failed += [read.why] if read and read.why else []
            self.now += minutes(1)
        return failed

    def troubles(self) -> list[tuple[str, str]]:
        with self.store.reading() as look:
            return [
                (incident.subject, incident.alerts[-1].reason)
                for incident in look.incidents(is_open=True)
                if AlertKind.TROUBLE in incident.kinds
            ]

    def cursor(self) -> Cursor:
        with self.store.reading() as look:
            return look.cursor("loud")


async def test_a_feed_that_used_up_its_day_alarms_and_reads_on_the_next(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    with closing(watch.store):
        failed = await watch.poll(6)
        assert failed
        assert "nothing is read before 2026-03-03 00:00 UTC" in failed[-1]
        assert int(watch.cursor()["spent_on_day"]) <= 2_000_000
        ((subject, reason),) = watch.troubles()
        assert subject == "budget of loud"
        assert "of 2 USD are used" in reason
        watch.now = datetime(2026, 3, 3, 0, 1, tzinfo=UTC)
        assert await watch.poll(1) == []
        assert watch.parts[-1].why == ""


async def test_the_budget_of_a_feed_that_is_gone_is_no_trouble_any_more(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    with closing(watch.store):
        await watch.poll(6)
        assert [subject for subject, _ in watch.troubles()] == ["budget of loud"]
        config = wiring.configuration(tmp_path / "config.yaml", with_secrets=False)
        for feeds, left in ((("loud",), ["budget of loud"]), (("other",), [])):
            watch.processor = wiring.processor(
                watch.store, wiring.policy(config), is_live=True, feeds=frozenset(feeds)
            )
            watch.processor.process(Arrivals(at=watch.now))
            assert [subject for subject, _ in watch.troubles()] == left


def test_status_shows_what_was_spent_and_when_it_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)
    cursor = {
        "spent_day": f"{NOON:%Y-%m-%d}", "spent_on_day": "1250000", "spent_in_month": "9000000",
    }  # fmt: skip
    with closing(open_store(tmp_path / "watch.db")) as store, store.writing() as tx:
        tx.record(Ledger(feed="loud", cursor=cursor, clock=NOON))
    with time_machine.travel(NOON, tick=False):
        told = json.loads(CliRunner().invoke(cli, ["status", "--json"]).stdout)
        plain = CliRunner().invoke(cli, ["status"]).stdout
    day, month = told["budgets"]
    assert (day["feed"], day["used"], day["limit"], day["unit"]) == ("loud", 1.25, 2, "USD")
    assert (month["used"], month["is_used_up"]) == (9, False)
    assert datetime.fromisoformat(day["resets_at"]) == NOON + timedelta(hours=12)
    assert "Budgets" in plain
    assert "spent on X a day" in plain


def test_status_without_budgets_does_not_speak_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("database: watch.db\nbrands:\n- {name: A, words: [a]}\n")
    open_store(tmp_path / "watch.db").close()
    told = json.loads(CliRunner().invoke(cli, ["status", "--json"]).stdout)
    assert told["budgets"] == []
    assert "Budgets" not in CliRunner().invoke(cli, ["status"]).stdout
