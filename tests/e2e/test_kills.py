"""Killed thirty times in the middle of storms: nothing lost, nothing counted twice."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from random import Random

import pytest

from emberwatch.core.detect import watch
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.thread_state import Thread
from emberwatch.model.event import PartChecked
from emberwatch.model.incident import Incident
from emberwatch.model.post import Post
from emberwatch.ports import Store
from emberwatch.runtime import wiring
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.sources.jsonl import parse_line
from emberwatch.store.codec import decode_state
from emberwatch.store.sqlite import open_store
from tests.e2e.asking import rows
from tests.e2e.daemon import Running, emberwatch
from tests.e2e.receiver import SECRET, Receiver
from tests.e2e.storm import history, pour
from tests.e2e.waiting import wait_for

KILLS = 32
POSTS = 1300
SECONDS = 26.0, 120.0
"""How long the storm lasts, at least and at most: as long as so many watches need to start, or all
would be killed before they had read anything."""

CONFIG = """
database: watch.db
network: {{allow: [127.0.0.0/8]}}
brands:
  - {{name: Acme, words: [acme], languages: [en], pile_on_floor: 30}}
  - {{name: Borealis, words: [borealis], languages: [en], pile_on_floor: 30}}
  - {{name: Cumulus, words: [cumulus], languages: [en], pile_on_floor: 30}}
  - {{name: Dynamo, words: [dynamo], languages: [en], pile_on_floor: 30}}
feeds:
  - {{name: town, source: jsonl, options: {{path: posts.jsonl}}, every: 1s}}
notifiers:
  - {{name: ops, kind: webhook, url: "{receiver}", secret_env: EMBER_SECRET}}
"""


@pytest.mark.quiet
def test_thirty_kills_lose_nothing_and_count_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBER_SECRET", SECRET)
    chance = Random(20261122)
    file = tmp_path / "posts.jsonl"
    past = history(datetime.now(UTC), chance)
    file.write_text("".join(past))
    with Receiver() as receiver:
        (tmp_path / "config.yaml").write_text(CONFIG.format(receiver=receiver.url))
        least, most = SECONDS
        seconds = min(max(least, KILLS * _start(tmp_path)), most)
        _watch_through_kills(tmp_path, file, chance, first=len(past) + 1, seconds=seconds)
        posted = len(file.read_text().splitlines())
        with closing(sqlite3.connect(tmp_path / "watch.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            ids = {id for (id,) in database.execute("SELECT native_id FROM _post")}
            owed = {id for (id,) in database.execute("SELECT id FROM _notification")}
        assert ids == {str(number) for number in range(1, posted + 1)}
        assert owed
        assert owed <= {delivery.id for delivery in receiver.deliveries}
        assert not receiver.refused
    _is_as_if_never_interrupted(tmp_path)


def _start(folder: Path) -> float:
    """Return the seconds that a watch needs on this machine until it has read its feed once."""
    began = time.monotonic()
    emberwatch(folder, "run", "--once", "--database", "first.db")
    return time.monotonic() - began


def _watch_through_kills(
    folder: Path, file: Path, chance: Random, first: int, seconds: float
) -> None:
    """Let the watch run through storms and kills until it has caught up."""
    moments = sorted(chance.uniform(0.0, seconds) for _ in range(KILLS))
    storm = threading.Thread(
        target=pour,
        args=(file, Random(7), first),
        kwargs={"seconds": seconds, "a_second": POSTS / seconds},
    )
    began = time.monotonic()
    storm.start()
    for moment in moments:
        with Running(folder) as daemon:
            time.sleep(max(0.0, moment - (time.monotonic() - began)))
            daemon.kill()
    with Running(folder) as daemon:
        storm.join()
        posted = len(file.read_text().splitlines())
        wait_for(lambda: _is_done(folder / "watch.db", posted), 120, daemon.log)
        # all may have been done before it: asked to end while Python starts, it would not hear
        mine, claim = f"process {daemon.process.pid},", folder / "watch.db.lock"
        wait_for(lambda: claim.read_text().startswith(mine), 120, daemon.log)
        assert daemon.end() == 0


def _is_done(database: Path, posted: int) -> bool:
    stored = rows(database, "SELECT count(*) FROM _post")
    waiting = rows(database, "SELECT count(*) FROM _notification WHERE state = 'waiting'")
    return (stored, waiting) == ([(posted,)], [(0,)])


# ---------------------------------------------------------------- the same, uninterrupted
def _is_as_if_never_interrupted(folder: Path) -> None:
    """Hold what the killed watch came to against one that lived through the same arrivals."""
    with (
        closing(open_store(folder / "watch.db")) as killed,
        closing(open_store(folder / "calm.db")) as calm,
    ):
        _live_through(folder, calm, _lived(folder, killed))
        before, after = _states(killed), _states(calm)
        assert not {key for key in before | after if before.get(key) != after.get(key)}
        assert _incidents(killed)
        assert _incidents(killed) == _incidents(calm)
        assert _owed(killed) == _owed(calm)


def _live_through(folder: Path, store: Store, lived: Iterable[Arrivals]) -> None:
    """Let one process live through what arrived."""
    config = wiring.configuration(folder / "config.yaml")
    processor = wiring.processor(
        store,
        wiring.policy(config),
        is_live=True,
        feeds_of={brand.name: ("town",) for brand in config.brands},
        feeds={"town"},
    )
    for arrivals in lived:
        processor.process(arrivals)


def _lived(folder: Path, store: Store) -> list[Arrivals]:
    """Return what reached the rules, in its order: pages, minutes, the begin of the watch, its end.

    A page waits for what was handed over before it, which may have moved the clock on beyond the
    moment at which the page was asked for.
    """
    with store.reading() as look:
        until = look.clock()
        (begun,) = {time.at for time in look.unwatched()}
    assert until is not None
    pages = _pages(folder)
    shown = _shown(store, pages)
    moments = {begun, until, *(shown[page.at] for page in pages if shown[page.at] > page.at)}
    minute = pages[0].at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < until:
        moments.add(minute)
        minute += timedelta(minutes=1)
    lived = [(at, 0, _time(at)) for at in moments] + [(shown[page.at], 1, page) for page in pages]
    return [arrivals for _, _, arrivals in sorted(lived, key=itemgetter(0, 1))]


def _shown(store: Store, pages: Iterable[Arrivals]) -> dict[datetime, datetime]:
    """Return what the clock showed when a page was read, by the time at which it was asked for."""
    posts = Counter(post.thread_id for page in pages for post in page.posts)
    with store.reading() as look:
        touched = {
            row.key: decode_state(row.body, Thread).touched_at
            for row in look.states()
            if row.detector == PileOn.name and posts[row.key] == 1
        }
    return {
        page.at: max(page.at, *(touched.get(post.thread_id, page.at) for post in page.posts))
        for page in pages
    }


def _time(at: datetime) -> Arrivals:
    """Return what the daemon makes of time that has passed."""
    return Arrivals(at=at, parts=(PartChecked(at=at, part="queue"),))


def _pages(folder: Path) -> list[Arrivals]:
    """Return the stored posts in the order of their arrival, one page a poll."""
    lines = (folder / "posts.jsonl").read_text().splitlines()
    with closing(sqlite3.connect(folder / "watch.db")) as look:
        rows = look.execute("SELECT native_id, seen_at FROM _post").fetchall()
    arrived = sorted((datetime.fromisoformat(seen_at), int(id)) for id, seen_at in rows)
    return [
        Arrivals(
            at=seen_at,
            feed="town",
            source="jsonl",
            posts=[_read(lines[number - 1], seen_at) for _, number in batch],
            every=timedelta(seconds=1),
            is_first=place == 0,
        )
        for place, (seen_at, batch) in enumerate(groupby(arrived, itemgetter(0)))
    ]


def _read(line: str, seen_at: datetime) -> Post:
    return replace(parse_line(line, now=seen_at), seen_at=seen_at)


def _states(store: Store) -> dict[tuple[str, str], bytes]:
    """Return what the detectors remember; how our own feeds do depends on when they were polled."""
    with store.reading() as look:
        return {
            (row.detector, row.key): row.body for row in look.states() if row.detector != watch.NAME
        }


def _incidents(store: Store) -> list[Incident]:
    """Return what was noticed; when it was last looked for in vain, the daemon alone knows."""
    with store.reading() as look:
        return [replace(incident, unseen_at=None) for incident in look.incidents()]


def _owed(store: Store) -> set[str]:
    with store.reading() as look:
        return {notification.id for notification in look.notifications()}
