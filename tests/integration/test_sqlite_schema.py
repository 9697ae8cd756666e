"""The tables and views: strict, documented, and quick to ask."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from emberwatch.model.alert import AlertKind
from emberwatch.model.errors import StoreFailed
from emberwatch.model.incident import Action, Severity, Step
from emberwatch.model.notification import DeliveryState
from emberwatch.model.post import PostKind
from emberwatch.ports import FeedHealth, Ledger
from emberwatch.store import reading, schema, writing
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_mention, a_post, an_alert, minutes
from tests.contract.test_stores import a_full_incident, a_notification, an_exhibit, an_incident

PROMISED = {
    "mentions": "post_id, brand, feed, source, kind, author, created_at, seen_at, language, text, "
    "url, thread_id, matched, sentiment, anger, judged, scorer",
    "anger_by_hour": "brand, hour, posts, judged, angry_weight",
    "incidents": "id, brand, kind, kinds, status, fire, severity, opened_at, first_post_at, "
    "observed, expected, chance, url",
    "incident_timeline": "incident_id, at, who, action, note",
    "alerts": "id, incident_id, brand, kind, started_at, ended_at, observed, expected, chance, "
    "window_minutes, reason",
    "deliveries": "notification_id, incident_id, notifier, attempts, state, first_try_at, "
    "delivered_at, last_answer",
    "feeds_health": "feed, source, last_ok_at, blind_since, why, posts_24h",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(tmp_path / "emberwatch.db")
    yield store
    store.close()


@pytest.fixture
def analyst(store: SqliteStore) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def record(store: SqliteStore, **changes: object) -> None:
    with store.writing() as tx:
        tx.record(Ledger(**changes))  # type: ignore[arg-type]


def columns(analyst: sqlite3.Connection, view: str) -> list[str]:
    return [row["name"] for row in analyst.execute(f"PRAGMA table_info({view})")]


def documented(root: Path) -> dict[str, list[str]]:
    text = (root / "docs" / "reference" / "database.md").read_text()
    return {
        section.split("\n", 1)[0].strip(): re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    }


# ---------------------------------------------------------------- the promise
def test_every_view_is_documented_column_by_column(root: Path, analyst: sqlite3.Connection) -> None:
    views = [
        row["name"]
        for row in analyst.execute(
            "SELECT name FROM sqlite_master WHERE type = 'view' AND name NOT GLOB '_*'"
        )
    ]
    described = {name: names for name, names in documented(root).items() if names}
    assert described == {view: columns(analyst, view) for view in views}


@pytest.mark.parametrize("view", sorted(PROMISED))
def test_a_view_begins_with_what_was_promised(analyst: sqlite3.Connection, view: str) -> None:
    promised = PROMISED[view].split(", ")
    assert columns(analyst, view)[: len(promised)] == promised


def test_every_table_is_strict_and_private(analyst: sqlite3.Connection) -> None:
    tables = analyst.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
        "AND name NOT LIKE 'sqlite%' AND name <> '_sqlite_migrations'"
    ).fetchall()
    assert tables
    assert [row["name"] for row in tables if not row["strict"]] == []
    assert [row["name"] for row in tables if not row["name"].startswith("_")] == []


def test_the_log_is_written_ahead_and_fully_synchronised(store: SqliteStore) -> None:
    with store.writing() as tx:
        db: sqlite3.Connection = tx._db  # type: ignore[attr-defined]
        settings = [
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
    assert settings == ["wal", 2, 1, 1]


# ---------------------------------------------------------------- what the views show
def test_the_mentions_view_shows_a_mention(store: SqliteStore, analyst: sqlite3.Connection) -> None:
    mention = a_mention(
        "1", at=NOON - minutes(5), seen_at=NOON, followers=7, language="de", url="https://e.org/1"
    )
    boost = a_post("1", kind=PostKind.BOOST, text="")
    unjudged = a_mention("2", anger=None, language="bg")
    record(store, posts=(mention.post, boost), mentions=(mention, unjudged))
    (row, other) = analyst.execute("SELECT * FROM mentions ORDER BY post_id").fetchall()
    shown = {
        "post_id": "jsonl::post:1",
        "brand": "Acme",
        "feed": "town",
        "source": "jsonl",
        "kind": "post",
        "author": "anna",
        "created_at": "2026-03-02T11:55:00.000000Z",
        "seen_at": "2026-03-02T12:00:00.000000Z",
        "language": "en",
        "text": "Acme lost my parcel again",
        "url": "https://e.org/1",
        "thread_id": "jsonl::1",
        "matched": "acme",
        "sentiment": -0.8,
        "anger": 0.8,
        "judged": 1,
        "scorer": "test",
        "followers": 7,
        "erased_at": None,
    }
    assert {name: row[name] for name in shown} == shown
    assert (other["judged"], other["sentiment"], other["anger"]) == (0, None, None)


def test_anger_is_summed_by_the_hour_in_which_people_wrote(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    mentions = (
        a_mention("1", anger=0.5, at=NOON, seen_at=NOON + minutes(90)),
        a_mention("2", anger=0.25, at=NOON + minutes(59)),
        a_mention("3", anger=None, at=NOON + minutes(30)),
        a_mention("4", anger=0.75, at=NOON + minutes(60)),
        a_mention("5", anger=None, at=NOON, brand="Bolt"),
    )
    record(store, posts=tuple(m.post for m in mentions), mentions=mentions)
    rows = [tuple(row)[:5] for row in analyst.execute("SELECT * FROM anger_by_hour")]
    assert rows == [
        ("Acme", "2026-03-02T12:00:00Z", 3, 2, 0.75),
        ("Acme", "2026-03-02T13:00:00Z", 1, 1, 0.75),
        ("Bolt", "2026-03-02T12:00:00Z", 1, 0, 0.0),
    ]


def test_an_incident_shows_its_first_alert_as_it_stands_now(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    first = an_alert("first", observed=9.0, expected=1.0, chance=0.001, window_minutes=60)
    second = an_alert("second", kind=AlertKind.PILE_ON, observed=400.0)
    record(
        store,
        incidents=(
            an_incident(
                alerts=(first, second),
                exhibits=(
                    an_exhibit("a", url=None),
                    an_exhibit("b", url="https://e.org/b"),
                    an_exhibit("c"),
                ),
            ),
        ),
    )
    record(store, orphans=(an_alert("first", observed=12.0, reason="more"),))
    (row,) = analyst.execute("SELECT * FROM incidents").fetchall()
    assert (row["kind"], row["kinds"]) == ("spike", '["spike","pile_on"]')
    assert (row["observed"], row["reason"]) == (12.0, "more")
    assert row["url"] is None
    assert (row["status"], row["fire"], row["severity"]) == ("open", "growing", "high")


def test_a7_your_themes_are_counted_by_the_week_that_begins_on_a_monday(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    sunday = NOON - timedelta(days=1)
    mentions = (
        a_mention("1", author="a", anger=0.8, themes=("late", "fees")),
        a_mention("2", author="a", anger=0.6, themes=("late",)),
        a_mention("3", author="b", anger=0.4, themes=("late",), fingerprint="f"),
        a_mention("4", author="c", anger=0.4, themes=("late",), fingerprint="f"),
        a_mention("5", author="d", anger=0.0, themes=("late",)),
        a_mention("6", author="e", anger=None, themes=("late",), at=sunday),
    )
    record(store, posts=tuple(each.post for each in mentions), mentions=mentions)
    rows = analyst.execute("SELECT * FROM themes_by_week ORDER BY week, theme DESC").fetchall()
    assert [(row["week"], row["theme"], row["posts"], row["voices"]) for row in rows] == [
        ("2026-02-23", "late", 1, 0),
        ("2026-03-02", "late", 5, 3),
        ("2026-03-02", "fees", 1, 1),
    ]
    assert [row["angry_posts"] for row in rows] == [None, 4, 1]
    assert [round(row["angry_weight"], 2) for row in rows] == [0.0, 2.2, 0.8]
    assert [row["with_anger"] for row in rows] == [0, 5, 1]


def test_themes_are_shown_by_mention_and_by_incident(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    mention = a_mention("1", themes=("late", "fees"))
    record(
        store,
        posts=(mention.post,),
        mentions=(mention,),
        incidents=(an_incident(themes=("fees", "late")),),
    )
    rows = analyst.execute("SELECT post_id, brand, theme, anger FROM mention_themes").fetchall()
    assert [tuple(row) for row in rows] == [
        ("jsonl::post:1", "Acme", "late", 0.8),
        ("jsonl::post:1", "Acme", "fees", 0.8),
    ]
    rows = analyst.execute("SELECT * FROM incident_themes").fetchall()
    assert [tuple(row) for row in rows] == [
        ("inc-1", "Acme", 1, "fees"),
        ("inc-1", "Acme", 2, "late"),
    ]


def test_a14_an_authors_past_with_a_brand_is_one_row(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    mentions = (
        a_mention("1", author="anna", anger=0.8, followers=10),
        a_mention("2", author="anna", anger=0.2, at=NOON + minutes(5), followers=30),
        a_mention("3", author="anna", source="other", anger=0.9),
        a_mention("4", author="", anger=0.9),
    )
    record(
        store,
        posts=tuple(each.post for each in mentions),
        mentions=mentions,
        incidents=(an_incident(exhibits=(an_exhibit("jsonl::post:1"),)),),
    )
    (row, other) = analyst.execute("SELECT * FROM authors ORDER BY source").fetchall()
    assert (row["author"], row["posts"], row["angry_posts"], row["incidents"]) == ("anna", 2, 1, 1)
    assert row["anger"] == pytest.approx(0.5)
    assert (row["reach"], row["first_at"][:16], row["last_at"][:16]) == (
        30,
        "2026-03-02T12:00",
        "2026-03-02T12:05",
    )
    assert (other["source"], other["incidents"]) == ("other", 0)
    with store.writing() as tx:
        tx.purge(NOON + timedelta(days=100), NOON + timedelta(days=100))
    assert analyst.execute("SELECT * FROM authors").fetchall() == []


def test_the_timeline_and_the_alerts_name_their_incident(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    incident = a_full_incident()
    orphan = an_alert("orphan", kind=AlertKind.SURGE)
    record(store, incidents=(incident,), orphans=(orphan,))
    steps = [tuple(row) for row in analyst.execute("SELECT * FROM incident_timeline")]
    assert steps == [
        ("inc-full", "2026-03-02T12:00:00.000000Z", "emberwatch", "opened", ""),
        ("inc-full", "2026-03-02T12:01:00.000000Z", "Мария", "acknowledged", "mine"),
    ]
    alerts = dict(analyst.execute("SELECT id, incident_id FROM alerts").fetchall())
    assert alerts == {
        "spike:Acme:1": "inc-full",
        "pile_on:jsonl::1": "inc-full",
        "orphan": None,
    }


def test_a_delivery_shows_its_tries(store: SqliteStore, analyst: sqlite3.Connection) -> None:
    record(
        store,
        notifications=(
            a_notification(
                attempts=2, state=DeliveryState.DELIVERED, first_try_at=NOON, last_answer="204"
            ),
        ),
    )
    (row,) = analyst.execute("SELECT * FROM deliveries").fetchall()
    assert tuple(row)[:8] == (
        "note-1",
        "inc-1",
        "ops",
        2,
        "delivered",
        "2026-03-02T12:00:00.000000Z",
        None,
        "204",
    )


def test_a_feeds_posts_are_counted_back_from_the_databases_clock(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    day = timedelta(days=1)
    posts = (
        a_post("1", seen_at=NOON - day, at=NOON - day),
        a_post("2", at=NOON - day + minutes(1)),
        a_post("3", at=NOON),
    )
    record(store, posts=posts, feed="town", clock=NOON)
    record(store, posts=(a_post("4", at=NOON),), feed="else")
    health = FeedHealth(feed="town", source="jsonl", last_ok_at=NOON, blind_since=NOON, why="503")
    record(store, health=(health,))
    (row,) = analyst.execute("SELECT * FROM feeds_health").fetchall()
    assert tuple(row)[:6] == (
        "town",
        "jsonl",
        "2026-03-02T12:00:00.000000Z",
        "2026-03-02T12:00:00.000000Z",
        "503",
        2,
    )


def test_mentions_are_found_by_their_words_as_they_are_now(
    store: SqliteStore, analyst: sqlite3.Connection
) -> None:
    def found(words: str) -> list[str]:
        return [
            row["post_id"]
            for row in analyst.execute(
                "SELECT m.post_id FROM mention_search s "
                "JOIN mentions m ON m.search_row = s.rowid WHERE mention_search MATCH ?",
                (words,),
            )
        ]

    first, second = a_mention("1", text="Acme parcel"), a_mention("2", text="ACME ПРАТКАТА Élan")
    record(store, posts=(first.post, a_post("3", text="parcel")), mentions=(first, second))
    assert found("parcel") == ["jsonl::post:1"]
    assert found("пратката elan") == ["jsonl::post:2"]
    edited = a_mention("1", text="Acme refund")
    record(store, edits=(edited.post,), mentions=(edited,))
    assert (found("parcel"), found("refund")) == ([], ["jsonl::post:1"])
    record(store, edits=(a_post("1", text="nothing more"),))
    assert (found("refund"), found("nothing")) == ([], [])
    late = a_mention("3", text="parcel")
    record(store, mentions=(late,))
    record(store, mentions=(late,))
    assert found("parcel") == ["jsonl::post:3"]
    with store.writing() as tx:
        tx._db.execute(  # type: ignore[attr-defined]
            "INSERT INTO mention_search (mention_search, rank) VALUES ('integrity-check', 1)"
        )


# ---------------------------------------------------------------- erasure
def test_what_was_erased_is_nowhere_in_the_file(store: SqliteStore) -> None:
    canary = "zqcanary"
    mention = a_mention(
        "1",
        text=f"Acme {canary}text",
        title=f"{canary}title",
        author=f"{canary}author",
        url=f"https://e.org/{canary}url",
        uri=f"https://e.org/{canary}uri",
        at=NOON - timedelta(days=91),
    )
    others = tuple(a_mention(f"o{n}", text=f"Acme word{n} again") for n in range(300))
    step = Step(at=NOON, who="emberwatch", action=Action.OPENED)
    exhibit = an_exhibit(
        mention.post.id,
        text=f"{canary}exhibit",
        author=f"{canary}author",
        url=f"https://e.org/{canary}url",
    )
    payload = a_notification(payload=f"{canary}payload", state=DeliveryState.DELIVERED)
    record(
        store,
        posts=(mention.post,),
        mentions=(mention,),
        incidents=(an_incident(exhibits=(exhibit,), timeline=(step,)),),
        notifications=(payload,),
        quarantine=((mention.post.id, NOON, f"{canary}traceback"),),
    )
    record(store, mentions=others)

    def contents() -> bytes:
        return b"".join(file.read_bytes() for file in store.path.parent.iterdir())

    assert canary.encode() in contents()
    before, at = NOON - timedelta(days=90), NOON
    while True:
        with store.writing() as tx:
            if not tx.purge(before, at):
                break
    assert canary.encode() not in contents()
    with store.reading() as look:
        assert look.statistics(NOON).posts == 301


def test_a_purge_takes_the_write_lock_for_a_chunk_at_a_time(store: SqliteStore) -> None:
    mentions = tuple(a_mention(str(n)) for n in range(writing.PURGE_CHUNK + 1))
    record(store, mentions=mentions)
    counts = []
    while not counts or counts[-1]:
        with store.writing() as tx:
            counts.append(tx.purge(NOON + minutes(1), NOON))
    assert counts[:2] == [writing.PURGE_CHUNK, 1]


# ---------------------------------------------------------------- plans
HOT = {
    "KNOWN_BY_ID": ("[]",),
    "KNOWN_BY_URI": ("[]",),
    "THREADS": ("[]",),
    "MENTIONS": ("[]", "Acme"),
    "GATHERING": (),
    "LATEST_OF_BRAND": ("Acme",),
    "LATEST_OF_SUBJECT": ("town",),
    "INCIDENT_BY_ID": ("x",),
    "INCIDENT_BY_BEGINNING": ("x", "y"),
    "ALERTS_OF_INCIDENTS": ("[]",),
    "EXHIBITS_OF_INCIDENTS": ("[]",),
    "STEPS_OF_INCIDENTS": ("[]",),
    "INCIDENT_OF_ALERT": ("x",),
    "DUE_NOTIFIERS": ("",),
    "BRAND_STATISTICS": ("Acme", "", "", "%"),
    "POSTS_BY_FEED": ("", ""),
    "ROWS_OF_POSTS": ("[]",),
    "RESCORE": (0, 0, 0, "", 0, 0, "", "", "", "Acme", "x", "x"),
    "DUE": ("", 10, None, None),
    "OWED": ("", "ops", 10),
    "IS_TOLD": ("ops", "x", 1),
    "STRANDED": ("ops", "", "", 10, False),
    "FOLLOW": ("x", "delivered", "", "", 1),
    "TELL_BY": ("[]", "x", ""),
    "HAND_OVER": ("[]", "ops"),
    "HOLD_DISABLED": (),
    "PURGEABLE": ("", 10),
    "EXHIBITING": ("[]",),
    "ERASE_EXHIBIT": ("[]",),
    "ERASE_PAYLOADS_OF_INCIDENTS": ("[]",),
    "ERASE_OLD_PAYLOADS": ("", 10),
}


@pytest.mark.parametrize("name", sorted(HOT))
def test_a_frequent_question_is_answered_through_an_index(
    store: SqliteStore, analyst: sqlite3.Connection, name: str
) -> None:
    statement = getattr(writing, name, None) or getattr(reading, name)
    plan = [row["detail"] for row in analyst.execute(f"EXPLAIN QUERY PLAN {statement}", HOT[name])]
    small = ("SCAN t", "SCAN told", "SCAN _incident USING INDEX _incident_gathering")
    walks = [
        step
        for step in plan
        if step.startswith("SCAN") and "json_each" not in step and step not in small
    ]
    assert walks == []
    assert any("USING" in step for step in plan)


def test_posts_to_judge_again_are_walked_through_once(analyst: sqlite3.Connection) -> None:
    asked = (None, "", False, "%", "x", 256)
    plan = [row["detail"] for row in analyst.execute(f"EXPLAIN QUERY PLAN {reading.SCORED}", asked)]
    assert "SEARCH m USING PRIMARY KEY (post>?)" in plan
    assert not any("_post_seen" in step for step in plan)
    assert not any("DISTINCT" in step for step in plan)


def test_roots_are_sought_among_posts_that_came_and_threads_that_moved(
    analyst: sqlite3.Connection,
) -> None:
    plan = [
        row["detail"]
        for row in analyst.execute(f"EXPLAIN QUERY PLAN {reading.ROOTS}", ("", "", 20))
    ]
    assert "SEARCH _post USING INDEX _post_seen (is_erased=? AND seen_at>?)" in plan
    assert "SEARCH t USING INDEX _thread_at (at>?)" in plan
    assert "SEARCH c USING PRIMARY KEY (thread_id=?)" in plan
    # what is walked through is what these found, and nothing else
    assert {step for step in plan if step.startswith("SCAN")} == {"SCAN c", "SCAN root"}


def test_the_last_hours_of_a_brand_are_read_without_its_past(analyst: sqlite3.Connection) -> None:
    plan = analyst.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM anger_by_hour WHERE brand = 'Acme'"
    ).fetchall()
    assert any("_mention_time (brand=?)" in row["detail"] for row in plan)


# ---------------------------------------------------------------- an older database
OLD_INCIDENT = """
    INSERT INTO _incident (id, brand, subject, status, is_closed, severity, kind, kinds, fire,
      opened_at, last_alert_at, owner, sequence)
    VALUES ('inc-old', 'Acme', 'Acme', 'open', 0, 'high', 'spike', '["spike"]', 'growing',
      '2026-03-02T12:00:00.000000Z', '2026-03-02T12:00:00.000000Z', '', 1)
"""
OLD_ALERT = """
    INSERT INTO _alert (id, kind, brand, subject, started_at, at, reach, not_judged, evidence,
      fire, reason)
    VALUES ('a', 'spike', 'Acme', 'Acme', '2026-03-02T12:00:00.000000Z',
      '2026-03-02T12:00:00.000000Z', 0, 0, '[]', 'growing', 'many')
"""
OLD_EXHIBIT = """
    INSERT INTO _exhibit VALUES (1, 0, 'jsonl::post:1', 'anna', NULL,
      '2026-03-02T12:00:00.000000Z', NULL, 'en', 'Acme lost it', -0.5, 0.5, 'acme', 'jsonl::1')
"""

OLD_NOTIFICATION = """
    INSERT INTO _notification (id, incident_id, notifier, type, sequence, payload, created_at,
      attempts, state, next_try_at, last_answer)
    VALUES (?, 'inc-old', 'ops', 'incident.opened', 1, ?, '2026-03-02T12:00:00.000000Z',
      0, 'waiting', '2026-03-02T12:00:00.000000Z', '')
"""


def test_a_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    first = Migrations("emberwatch")
    name, migrate = schema.MIGRATIONS[0]
    first(name=name)(migrate)
    with closing(sqlite3.connect(path)) as connection:
        first.apply(Database(connection))
        connection.execute(OLD_INCIDENT)
        connection.execute(OLD_ALERT)
        connection.execute("INSERT INTO _incident_alert VALUES (1, 0, 'a')")
        connection.execute(OLD_EXHIBIT)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    store = open_store(path)
    with store.reading() as look:
        (exhibit,) = look.incidents()[0].exhibits
        assert look.corrections() == []
    store.close()
    assert (exhibit.text, exhibit.why, exhibit.signs) == ("Acme lost it", (), ())


def test_what_an_older_program_owed_gets_its_severity_and_subject(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    steps = Migrations("emberwatch")
    older = [step for step in schema.MIGRATIONS if step[0] < "0010"]
    for name, migrate in older:
        steps(name=name)(migrate)
    payload = '{"incident": {"brand": null, "subject": "town", "severity": "high"}}'
    with closing(sqlite3.connect(path)) as connection:
        steps.apply(Database(connection))
        for id, body in (("a", payload), ("b", ""), ("c", "no json")):
            connection.execute(OLD_NOTIFICATION, (id, body))
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(older)}")
        connection.commit()
    store = open_store(path)
    with store.reading() as look:
        rows = {row.id: (row.severity, row.subject) for row in look.notifications()}
    store.close()
    nothing = (Severity.INFO, "")
    assert rows == {"a": (Severity.HIGH, "town"), "b": nothing, "c": nothing}


def test_a_database_of_a_newer_program_is_named(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        with pytest.raises(StoreFailed, match=r"database new\.db was written by a newer"):
            schema.bring_up_to_date(connection, "new.db")
