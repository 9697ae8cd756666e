"""The stored past, lived through again: what the rules did, they do again."""

import json
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.core.detect.spike import SpikeState
from emberwatch.core.pipeline import States
from emberwatch.ports import Reading, Store
from emberwatch.runtime import wiring
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.history import Rerun, events, states_at
from emberwatch.runtime.replay import replay
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_post
from tests.integration.test_replay import CONFIG, _line, _story


@pytest.fixture
def config(tmp_path: Path):
    (tmp_path / "config.yaml").write_text(CONFIG)
    return wiring.configuration(tmp_path / "config.yaml", with_secrets=False)


@pytest.fixture
def store(tmp_path: Path):
    store = open_store(tmp_path / "watch.db")
    yield store
    store.close()


def fill(store: Store, config, lines) -> None:
    """Replay lines into a store."""
    policy = wiring.policy(config, is_told=False, is_replay=True)
    processor = wiring.processor(store, policy, is_live=False)
    replay([line.encode() + b"\n" for line in lines], processor, wall=wiring.now())


def lived_again(look: Reading, config, **how) -> Rerun:
    """Live through a store's past by the rules of a configuration."""
    rerun = Rerun(wiring.policy(config, is_told=False, is_replay=True))
    rerun.live(events(look, wiring.past_feeds(config), **how), look.clock())
    return rerun


def bodies(states: States) -> dict:
    """Return what the rules remember, as it is stored."""
    return {key: encode_state(state) for key, state in states.items()}


def stored_bodies(look: Reading) -> dict:
    """Return what the rules remembered when the store was written last."""
    return {(row.detector, row.key): row.body for row in look.states()}


def an_unruly_story() -> list[str]:
    """Return the story beginning with posts of no brand, with late and repeated ones."""
    lines = list(_story())
    first = NOON - timedelta(days=7, hours=5)
    lines.insert(0, _line(500_000, "nobody in particular", first))
    for place in (40, 90, 140, 200):
        at = json.loads(lines[place])["created_at"]
        facts = json.loads(lines[place - 9]) | {"seen_at": at, "replies": 4, "id": str(700 + place)}
        lines.insert(place, json.dumps(facts))
    read_again = json.loads(lines[1]) | {"seen_at": str(NOON + timedelta(hours=2)), "likes": 9}
    lines.append(json.dumps(read_again))
    again = json.loads(next(line for line in lines if '"1000000",' in line))
    seen = NOON + timedelta(hours=1, minutes=1)
    lines.insert(-1, json.dumps(again | {"replies": 700, "seen_at": seen.isoformat()}))
    lines.append(_line(600_000, "nobody again", NOON + timedelta(days=2)))
    return lines


@pytest.mark.parametrize("story", [_story, an_unruly_story])
@pytest.mark.parametrize("is_reread", [False, True])
def test_the_past_lived_again_comes_to_the_very_same(store, config, story, is_reread) -> None:
    fill(store, config, story())
    how = {"reread": wiring.reread(config)} if is_reread else {}
    with store.reading() as look:
        rerun = lived_again(look, config, **how)
        assert rerun.past.incidents() == look.incidents() != []
        assert bodies(rerun.states) == stored_bodies(look)
        assert rerun.clock == look.clock()


@pytest.mark.parametrize("minutes", [-3000, 1, 2.5, 30, 59])
def test_the_rules_remember_at_any_moment_what_they_remembered_then(
    tmp_path, store, config, minutes
) -> None:
    until = NOON + timedelta(minutes=minutes)
    fill(store, config, _story())
    then = open_store(tmp_path / "then.db")
    fill(then, config, (line for line in _story() if json.loads(line)["created_at"] <= str(until)))
    with store.reading() as look, then.reading() as past:
        policy = wiring.policy(config, is_told=False, is_replay=True)
        found = states_at(look, policy, wiring.past_feeds(config), past.clock())
        assert bodies(found) == stored_bodies(past)
    then.close()


def test_memories_of_an_older_version_are_learnt_anew_from_the_posts(
    tmp_path: Path, store: Store, config, caplog: pytest.LogCaptureFixture
) -> None:
    story, later = list(_story()), [_line(700_000, "nobody", NOON + timedelta(days=3))]
    fill(store, config, story)
    fill(store, config, later)
    path = tmp_path / "older.db"
    with closing(open_store(path)) as older:
        fill(older, config, story)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE _state SET version = version - 1, body = x'00'")
    caplog.set_level(logging.INFO, "emberwatch.processor")
    with closing(open_store(path)) as older:
        fill(older, config, later)
        assert caplog.text.count("memories of another version") == 1
        assert caplog.text.count("learned anew: the watch begins") == 1
        facts = [vars(record).get("facts", {}) for record in caplog.records]
        assert [fact["posts"] > 0 for fact in facts if "rules" in fact] == [True, True]
        with older.reading() as learnt, store.reading() as remembered:
            assert stored_bodies(learnt) == stored_bodies(remembered) != {}
        fill(older, config, later)
        assert caplog.text.count("memories of another version") == 1


def test_learning_anew_tells_how_far_it_has_come(store: Store, config, monkeypatch) -> None:
    fill(store, config, _story())
    monkeypatch.setattr("emberwatch.runtime.history.TOLD_EVERY", 10)
    told: list[int] = []
    with store.reading() as look:
        policy = wiring.policy(config, is_told=False, is_replay=True)
        states_at(look, policy, wiring.past_feeds(config), look.clock(), told.append)
        posts = look.statistics(NOON + timedelta(days=9)).posts
    assert told == list(range(10, posts + 1, 10)) != []


@pytest.mark.parametrize("is_begin_known", [True, False])
def test_a_first_poll_that_read_back_days_is_lived_again_as_it_was(
    store: Store, config, tmp_path: Path, is_begin_known: bool
) -> None:
    processor = wiring.processor(store, wiring.policy(config), is_live=True)
    hour = timedelta(hours=1)
    old = [
        a_post(str(n), text=f"Acme sells lamp {n}", author=f"a{n}", at=NOON - n * hour)
        for n in range(1, 120)
    ]
    page = [replace(post, seen_at=NOON) for post in old]
    processor.process(Arrivals(at=NOON, feed="town", posts=page, cursor={"a": "1"}, is_first=True))
    processor.process(Arrivals(at=NOON + timedelta(minutes=1)))
    new = [
        a_post(f"n{n}", text=f"Acme sells lamp {n}", author=f"n{n}", at=NOON + n * hour)
        for n in range(1, 4)
    ]
    for post in new:
        processor.process(Arrivals(at=post.seen_at, feed="town", posts=[post], cursor={"a": "2"}))
    with store.reading() as look:
        (live,) = [row for row in look.states() if (row.detector, row.key) == ("spike", "Acme")]
    if not is_begin_known:  # a database that an older emberwatch filled
        with closing(sqlite3.connect(tmp_path / "watch.db")) as database, database:
            assert database.execute("DELETE FROM _unwatched WHERE since = until").rowcount
    with store.reading() as look:
        rules = wiring.policy(config, is_told=False, is_replay=True)
        again = states_at(look, rules, wiring.past_feeds(config), None).get(("spike", "Acme"))
    known = decode_state(live.body, SpikeState)
    assert again.past.baseline.watched_days == pytest.approx(known.past.baseline.watched_days)
    assert again.past.now.expected_volume == pytest.approx(known.past.now.expected_volume, rel=0.01)
    if is_begin_known:
        assert again == known
