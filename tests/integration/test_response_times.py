"""The view of response times says what the clocks say (advice A2)."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.clocks import Told, clocks
from emberwatch.core.respond.promises import Standing, standings
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import REPLAY, Action, Incident
from emberwatch.model.notification import DeliveryState
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_mention, an_alert, minutes
from tests.contract.test_stores import a_notification

WRITTEN = NOON - minutes(10.5)
CLOCK = NOON + minutes(90)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(tmp_path / "emberwatch.db")
    yield store
    store.close()


def an_incident(seen: float = 4.25, unseen: float | None = 3.5, **facts: object) -> Incident:
    alert = an_alert(first_post_at=WRITTEN, evidence=("jsonl::post:1",), **facts)
    mention = a_mention("1", at=WRITTEN, seen_at=WRITTEN + minutes(seen))
    unseen_at = None if unseen is None else WRITTEN + minutes(unseen)
    opened = triage.open_incident(
        alert, {mention.post.id: replace(mention, unseen_at=unseen_at)}, None
    )
    return replace(
        opened,
        acknowledge_by=NOON + minutes(2),
        respond_by=NOON + minutes(5),
        resolve_by=NOON + minutes(120),
    )


def done(*deeds: tuple[Action, float], who: str = triage.OURSELVES, **facts: object) -> Incident:
    incident = an_incident(**facts)
    opened, *rest = incident.timeline
    incident = replace(incident, timeline=(replace(opened, who=who), *rest))
    for action, after in deeds:
        incident = act(incident, Deed(action=action, by="anna", at=NOON + minutes(after)))
    return incident


def rows(store: SqliteStore) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT * FROM response_times").fetchall()


STATIONS = ("seen", "detected", "delivered", "acknowledged", "responded", "resolved")
KEPT = {Standing.MET: 1, Standing.MISSED: 0, Standing.RUNNING: None, Standing.VOID: None}


@pytest.mark.parametrize("delivered", [None, 1.5, 60])
@pytest.mark.parametrize(
    "incident",
    [
        done(),
        done((Action.ACKNOWLEDGED, 1), (Action.RESPONDED, 4), (Action.RESOLVED, 30)),
        done((Action.ACKNOWLEDGED, 3), (Action.RESPONDED, 6), (Action.RESOLVED, 150)),
        done((Action.RESOLVED, 4)),
        done((Action.DISMISSED, 4)),
        done((Action.RESOLVED, 4), (Action.REOPENED, 30)),
        done((Action.ACKNOWLEDGED, 1), (Action.RESPONDED, 4), (Action.RESOLVED, 30), who=REPLAY),
        done(seen=-2),
        done(seen=0),
        done(unseen=None),
        done(unseen=-30),
    ],
)
def test_a2_the_view_says_what_the_clocks_say(
    store: SqliteStore, incident: Incident, delivered: float | None
) -> None:
    delivered_at = None if delivered is None else NOON + minutes(delivered)
    taken = a_notification(
        incident_id=incident.id,
        state=DeliveryState.DELIVERED,
        attempts=0 if delivered is None else 1,
        created_at=NOON + minutes(0.5),
        delivered_at=delivered_at or NOON,
    )
    with store.writing() as tx:
        tx.record(Ledger(incidents=(incident,), notifications=(taken,), clock=CLOCK))
    (row,) = rows(store)
    found = clocks(incident, Told(owed_at=taken.created_at, delivered_at=delivered_at))
    expected = {f"{leg}_seconds": lapse.length for leg, lapse in found.legs.items()}
    expected |= {f"{name}_after": lapse.length for name, lapse in found.since_first_post.items()}
    assert {name: row[name] for name in expected} == {
        name: None if length is None else pytest.approx(length.total_seconds(), abs=0.002)
        for name, length in expected.items()
    }
    kept = ("acknowledged_in_time", "responded_in_time", "resolved_in_time")
    promised = [KEPT[level.standing] for level in standings(incident, CLOCK)]
    assert [row[name] for name in kept] == (promised or [None] * len(kept))


def test_a_message_that_is_sent_again_was_delivered_when_it_was_first(store: SqliteStore) -> None:
    incident = done()
    first = {"state": DeliveryState.DELIVERED, "attempts": 1, "delivered_at": NOON + minutes(1)}
    taken = a_notification(incident_id=incident.id, created_at=NOON, **first)
    with store.writing() as tx:
        tx.record(Ledger(incidents=(incident,), notifications=(taken,), clock=CLOCK))
        tx.revive([taken.id], NOON + minutes(60))
    (row,) = rows(store)
    assert row["delivery_seconds"] == 60.0


def test_only_what_customers_wait_for_is_timed(store: SqliteStore) -> None:
    kinds = (AlertKind.WATCH_BLIND, AlertKind.FOLLOW_UP_DUE)
    alerts = [an_alert(f"{kind}", kind=kind) for kind in kinds]
    incidents = tuple(triage.open_incident(alert, {}, None) for alert in alerts)
    with store.writing() as tx:
        tx.record(Ledger(incidents=incidents))
    assert rows(store) == []


# ---------------------------------------------------------------- the questions of the reference
def questions(root: Path) -> list[str]:
    page = (root / "docs/reference/database.md").read_text()
    section = page.split("\n## response_times\n")[1].split("\n## ")[0]
    return re.findall(r"```sql\n(.*?)```", section, re.DOTALL)


def test_every_question_of_the_reference_is_tried(root: Path) -> None:
    assert len(questions(root)) == 3


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (0, [("Acme", 1, 14.5, 50.0)]),
        (1, [("answered", "Acme", 210.0, 45.0, 375.0, None, None, 240.0)]),
        (2, [("late", "Acme", "anna", "2026-03-02T12:05:00.000000Z")]),
    ],
)
def test_a2_the_questions_of_the_reference_are_answered(
    root: Path, store: SqliteStore, number: int, answer: list[tuple[object, ...]]
) -> None:
    incidents = (
        replace(done((Action.RESPONDED, 4)), id="answered"),
        replace(done((Action.ACKNOWLEDGED, 1)), id="late"),
    )
    with store.writing() as tx:
        tx.record(Ledger(incidents=incidents, clock=CLOCK))
    with closing(sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute(questions(root)[number]).fetchall() == answer
