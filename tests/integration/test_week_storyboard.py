"""A real week of airline tweets, a crew that acts at given times, and a report that is right.

The site shows each tweet after twenty seconds and is polled; people act through the command line,
under a clock that is set. Every figure of the report is then computed anew from the database, by
SQL and arithmetic that the product knows nothing of (advice A2, A5, A7, A13; rules R3, R14).
"""

import csv
import gzip
import json
import re
import sqlite3
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import comb
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
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.processor import Processor
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
  - name: Southwest
    handles: ["@SouthwestAir"]
    languages: [en]
    team: care
    false_alarms_per_month: 30
  - name: US Airways
    handles: ["@USAirways"]
    languages: [en]
    team: care
    false_alarms_per_month: 30
    themes: [{name: on hold, words: ["on hold", "hold music"]}]
notifiers: [{name: desk, kind: console}]
"""

SHOWN_AFTER = timedelta(seconds=20)
POLLED_EVERY = 8
"""Minutes; more seldom before it begins to burn."""

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

CORRECTED = (("2015-02-21T18:30", "anna"), ("2015-02-23T18:45", "boris"))
"""When somebody looks at the newest angry post, and finds that it is a joke."""

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
        """Let somebody do something through the command line, where there is something to do."""
        with self.store.reading() as look:
            open_ones = look.incidents(is_open=True, brand=brand)
        verb, *options = words.split()
        for newest in open_ones[-1:]:
            run(self.folder, at, "incident", verb, newest.id, *options)


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
        at += timedelta(minutes=POLLED_EVERY if at >= FRIDAY else 24)
        yield at


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a configuration and the database of the week."""
    folder = tmp_path_factory.mktemp("week")
    (folder / "config.yaml").write_text(CONFIG)
    config = wiring.configuration(folder / "config.yaml")
    with gzip.open(shared / "data/timeline/timeline_airline_public.jsonl.gz") as lines:
        posts = deque(sorted((parse_line(each, now=READ_AT) for each in lines), key=_created_at))
    store = open_store(config.database)
    # no replay to the crew, who act by its clock
    policy = replace(wiring.policy(config, is_replay=True), is_replay=False)
    stage = Stage(folder, store, wiring.processor(store, policy, is_live=False))
    crew = [(datetime.fromisoformat(at).replace(tzinfo=UTC), *deed) for at, *deed in CREW]
    before = None
    for at in polls(posts[0].created_at, posts[-1].created_at + timedelta(minutes=5)):
        while crew and crew[0][0] <= at:
            stage.act(*crew.pop(0))
        shown = []
        while posts and posts[0].created_at + SHOWN_AFTER <= at:
            shown.append(replace(posts.popleft(), seen_at=at))
        if shown:
            stage.poll(at, shown, before)
            stage.deliver(at)
        before = at
    assert not crew
    for said_at, by in CORRECTED:
        at = datetime.fromisoformat(said_at).replace(tzinfo=UTC)
        with store.reading() as look:
            angry = [v for v in look.voices("US Airways", FRIDAY, at) if (v.anger or 0) >= 0.3]
        run(folder, at, "mention", "correct", angry[-1].post_id, "--anger", "0", "--by", by)
    store.close()
    return folder


def _created_at(post: Post) -> datetime:
    return post.created_at


# ---------------------------------------------------------------- the same figures, anew
NEW_YORK = ZoneInfo("America/New_York")
HOURS = {day: (8, 20) if day < 5 else (9, 18) for day in range(7)}
PROMISED = {"acknowledge": 10, "respond": 30, "resolve": 480}
WEEKS = {"last": (2015, 8), "this": (2015, 9)}
MONTH = 30.44


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def due(opened_at: datetime, minutes: int) -> datetime:
    """Walk through the minutes of the business hours, one by one."""
    at = opened_at
    while minutes:
        wall = at.astimezone(NEW_YORK)
        first, last = HOURS[wall.weekday()]
        minutes -= first <= wall.hour < last
        at += timedelta(minutes=1)
    return at


def standing(row: dict[str, Any], promise: str) -> str:
    if row["status"] == "dismissed":
        return "void"
    by = row["due"][promise]
    at = row[{"acknowledge": "acknowledged", "respond": "ended", "resolve": "resolved"}[promise]]
    if at is None:
        return "running" if by >= READ_AT else "missed"
    return "met" if at <= by else "missed"


def turn(row: dict[str, Any], db: sqlite3.Connection) -> tuple[str, float, float] | None:
    """Compare the angry people before and after the answer, by exact fractions."""
    answered = row["responded"]
    if answered is None:
        return None
    length = min(max(answered - row["first_post"], timedelta(minutes=30)), timedelta(hours=3))
    passed = min(length, READ_AT - answered)
    sides = []
    for start, end in ((answered - length, answered), (answered, answered + passed)):
        (count,) = db.execute(
            "SELECT count(DISTINCT source || host || author) FROM mentions WHERE brand = ? AND "
            "coalesce(corrected_anger, anger) >= 0.3 AND julianday(created_at) >= julianday(?) "
            "AND julianday(created_at) < julianday(?)",
            (row["brand"], start.isoformat(), end.isoformat()),
        ).fetchone()
        sides.append(count)
    before, after = sides
    share = Fraction(int(passed.total_seconds()), int((length + passed).total_seconds()))
    chances = [
        comb(before + after, k) * share**k * (1 - share) ** (before + after - k)
        for k in range(before + after + 1)
    ]
    if sum(chances[: after + 1]) < Fraction(1, 20):
        name = "cooled"
    else:
        name = "grew" if sum(chances[after:]) < Fraction(1, 20) else "no_change"
    return name, before / (length / HOUR), after / (passed / HOUR)


HOUR = timedelta(hours=1)


def facts(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Tell each storm's story from its timeline, its evidence and the outbox."""
    found = []
    for row in db.execute(
        "SELECT * FROM incidents WHERE kind <> 'follow_up_due' ORDER BY opened_at"
    ):
        steps = db.execute(
            "SELECT action, at, note FROM incident_timeline WHERE incident_id = ?", (row["id"],)
        ).fetchall()
        when = {action: instant(at) for action, at, _ in reversed(steps)}
        touched = [when[name] for name in ("acknowledged", "responded", "resolved") if name in when]
        evidence = db.execute(
            "SELECT e.* FROM _exhibit e JOIN _incident i ON i.row = e.incident WHERE i.id = ? "
            "ORDER BY e.position",
            (row["id"],),
        ).fetchall()
        delivered_at, owed_at = db.execute(
            "SELECT min(delivered_at), min(created_at) FROM deliveries WHERE incident_id = ?",
            (row["id"],),
        ).fetchone()
        opened = instant(row["opened_at"])
        assert opened is not None
        fact = {
            "id": row["id"],
            "steps": [(instant(at), action) for action, at, _ in steps],
            "brand": row["brand"],
            "status": row["status"],
            "opened": opened,
            "first_post": instant(row["first_post_at"]),
            "seen": instant(row["first_seen_at"]),
            "last_alert": instant(row["last_alert_at"]),
            "owed": instant(owed_at),
            "delivered": instant(delivered_at),
            "acknowledged": min(touched, default=None),
            "responded": when.get("responded"),
            "resolved": when.get("resolved"),
            "due": {name: due(opened, length) for name, length in PROMISED.items()},
            "evidence": evidence,
            "hand_offs": max(0, len([a for a, *_ in steps if a == "assigned"])),
            "resolution": row["resolution"],
            "our_mistake": row["is_our_mistake"],
        }
        fact["ended"] = fact["responded"] or fact["resolved"]
        fact["turn"] = turn(fact, db)
        found.append(fact)
    return found


def looks(row: dict[str, Any]) -> tuple[float, float]:
    """Part the time until it was seen at the poll before: polls come one by one."""
    unseen = row["seen"] - timedelta(minutes=POLLED_EVERY)
    shown = max(unseen, row["first_post"])
    return seconds(row["first_post"], shown), seconds(shown, row["seen"])  # type: ignore[return-value]


def measures(row: dict[str, Any]) -> dict[str, float | None]:
    source, poll = looks(row)
    told = row["delivered"] or row["opened"]
    return {
        "source": source,
        "poll": poll,
        "detection": seconds(row["seen"], row["opened"]),
        "held": seconds(row["opened"], row["owed"]),
        "delivery": seconds(row["owed"], row["delivered"]),
        "people": seconds(told, row["ended"]),
        "seen": seconds(row["first_post"], row["seen"]),
        "detected": seconds(row["first_post"], row["opened"]),
        "delivered": seconds(row["first_post"], row["delivered"]),
        "acknowledged": seconds(row["first_post"], row["acknowledged"]),
        "responded": seconds(row["first_post"], row["responded"]),
        "resolved": seconds(row["first_post"], row["resolved"]),
    }


def spreads(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    real = [measures(row) for row in rows if row["status"] != "dismissed"]
    found = {}
    for name in measures_names():
        values = sorted(each[name] for each in real if each[name] is not None)
        slow = [v for v in values if sum(w <= v for w in values) >= 0.9 * len(values)]
        found[name] = {
            "count": len(values),
            "median_seconds": median(values) if values else None,
            "p90_seconds": min(slow) if values else None,
        }
    return found


def measures_names() -> list[str]:
    legs = ["source", "poll", "detection", "held", "delivery", "people"]
    return [*legs, "seen", "detected", "delivered", "acknowledged", "responded", "resolved"]


def kept(rows: list[dict[str, Any]], promise: str) -> dict[str, Any] | None:
    counts = Counter(standing(row, promise) for row in rows)
    if not rows:
        return None
    decided = counts["met"] + counts["missed"]
    return {
        "promise": promise,
        "met": counts["met"],
        "missed": counts["missed"],
        "running": counts["running"],
        "share": counts["met"] / decided if decided else None,
    }


def answered(rows: list[dict[str, Any]]) -> dict[str, Any]:
    posts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        for post in row["evidence"] if row["status"] != "dismissed" else ():
            fate = "answered" if row["responded"] else row["status"]
            posts[row["brand"], post["post_id"]].add(fate)
    count = sum("answered" in fates for fates in posts.values())
    return {
        "posts": len(posts),
        "answered": count,
        "resolved_without": sum(fates == {"resolved"} for fates in posts.values()),
        "share": count / len(posts) if posts else None,
    }


def label(row: dict[str, Any]) -> str:
    if row["status"] == "dismissed":
        return "false"
    return "real" if row["acknowledged"] else "unknown"


def label_of_storm(row: dict[str, Any], mine: list[dict[str, Any]]) -> str:
    """Return the label of a storm that may have been split into several incidents."""
    same = {
        label(other)
        for other in mine
        if row["first_post"] <= other["last_alert"] and other["first_post"] <= row["last_alert"]
    }
    return next(name for name in ("real", "false", "unknown") if name in same)


@dataclass
class Told:
    """A report, the database under it, and the week that it is of."""

    report: dict[str, Any]
    db: sqlite3.Connection
    since: datetime
    until: datetime
    all: list[dict[str, Any]]

    def within(self, weeks: int = 0) -> list[dict[str, Any]]:
        """Return the storms of the week, or of the one so many weeks before."""
        shift = timedelta(weeks=weeks)
        return [r for r in self.all if self.since - shift <= r["opened"] < self.until - shift]


@pytest.fixture(scope="module", params=sorted(WEEKS))
def told(request: pytest.FixtureRequest, folder: Path) -> Iterator[Told]:
    """The report of each of the two weeks that the tweets lie in."""
    report = json.loads(run(folder, READ_AT, "report", "--week", request.param, "--json"))
    monday = datetime.fromisocalendar(*WEEKS[request.param], 1)
    since = monday.replace(tzinfo=NEW_YORK).astimezone(UTC)
    until = (monday + timedelta(days=7)).replace(tzinfo=NEW_YORK).astimezone(UTC)
    with closing(sqlite3.connect(f"file:{folder / 'week.db'}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        yield Told(report, db, since, until, facts(db))


def test_the_week_begins_by_the_clocks_of_the_team(told: Told) -> None:
    assert told.report["zone"] == "America/New_York"
    assert (instant(told.report["since"]), instant(told.report["until"])) == (
        told.since,
        told.until,
    )


def test_the_week_holds_every_fate(told: Told) -> None:
    fates = Counter(row["status"] for row in told.all)
    assert fates.keys() == {"open", "acknowledged", "responded", "resolved", "dismissed"}
    assert fates["resolved"] >= 3


def test_a2_each_incident_bears_the_times_of_its_own_story(told: Told) -> None:
    rows = told.within()
    assert [each["id"] for each in told.report["incidents"]] == [row["id"] for row in rows]
    assert rows
    for each, row in zip(told.report["incidents"], rows, strict=True):
        lapses = {**each["clocks"]["legs"], **each["clocks"]["since_first_post"]}
        found = {name: lapse["seconds"] for name, lapse in lapses.items()}
        assert found == pytest.approx(measures(row), abs=1e-5)
        assert (each["status"], each["hand_offs"]) == (row["status"], row["hand_offs"])
        assert {one["promise"]: instant(one["due_at"]) for one in each["promises"]} == row["due"]
        assert {one["promise"]: one["standing"] for one in each["promises"]} == {
            promise: standing(row, promise) for promise in PROMISED
        }


def test_a2_medians_stand_beside_those_of_the_week_before(told: Told) -> None:
    now, before = spreads(told.within()), spreads(told.within(1))
    for name in measures_names():
        found = dict(told.report["times"][name])
        assert found.pop("before") == pytest.approx(before[name], abs=1e-5), name
        assert found == pytest.approx(now[name], abs=1e-5), name


def test_a2_promises_are_counted_as_they_were_kept(told: Told) -> None:
    assert told.report["promises"] == [
        {**(kept(told.within(), promise) or {}), "before": kept(told.within(1), promise)}
        for promise in PROMISED
    ]


def test_a2_the_share_answered_is_that_of_the_posts(told: Told) -> None:
    assert told.report["answered"] == {
        **answered(told.within()),
        "before": answered(told.within(1)),
    }


def test_what_people_made_of_the_alarms_is_counted(told: Told) -> None:
    assert told.report["rang"] == Counter(map(label, told.within()))
    assert told.report["rang_before"] == Counter(map(label, told.within(1)))
    end = min(told.until, READ_AT)
    for record in told.report["false_alarms"]:
        mine = [r for r in told.all if r["brand"] == record["brand"] and r["opened"] <= end]
        (began,) = told.db.execute(
            "SELECT min(since) FROM unwatched WHERE brand = ?", (record["brand"],)
        ).fetchone()
        began_at = instant(began)
        assert began_at is not None
        days = (end - began_at) / timedelta(days=1)
        counts = Counter(label_of_storm(row, mine) for row in mine)
        assert record["asked"] == 30
        assert record["watched_days"] == pytest.approx(days)
        assert record["observed"] == pytest.approx(counts["false"] / days * MONTH)
        assert record["observed_at_most"] == pytest.approx(
            (counts["false"] + counts["unknown"]) / days * MONTH
        )


def test_a5_what_was_done_is_counted_with_what_became_of_the_anger(told: Told) -> None:
    rows = told.within()
    done = defaultdict(list)
    for row in rows:
        if row["status"] == "resolved":
            done[row["resolution"]].append(row)
    assert {each["resolution"]: each for each in told.report["done"]} == {
        kind: {
            "resolution": kind,
            "count": len(mine),
            "our_mistake": sum(row["our_mistake"] == 1 for row in mine),
            "after": Counter(row["turn"][0] for row in mine if row["turn"]),
        }
        for kind, mine in done.items()
    }
    assert told.report["after_the_answer"] == Counter(r["turn"][0] for r in rows if r["turn"])
    for each, row in zip(told.report["incidents"], rows, strict=True):
        after = each["after_the_answer"]
        names = ("turn", "angry_voices_an_hour_before", "angry_voices_an_hour_after")
        found = None if after is None else tuple(after[name] for name in names)
        assert found == (None if row["turn"] is None else pytest.approx(row["turn"]))


def test_a1_hand_offs_are_counted(told: Told) -> None:
    rows = told.within()
    assert told.report["hand_offs"] == sum(row["hand_offs"] for row in rows)
    assert told.report["passed_on"] == [row["id"] for row in rows if row["hand_offs"] >= 2]


def test_r3_who_waited_when_the_week_ended_is_named_gravest_first(told: Told) -> None:
    at = min(told.until, READ_AT)
    ends = {"responded": True, "resolved": True, "dismissed": True, "reopened": False}
    waiting = [
        (-(post["anger"] or 0), -(post["followers"] or 0), post["created_at"], post["post_id"], row)
        for row in told.all
        if row["opened"] <= at
        if not [False, *(ends[did] for when, did in row["steps"] if when <= at and did in ends)][-1]
        for post in row["evidence"]
        if instant(post["created_at"]) <= at
        if post["anger"] is None or post["anger"] >= 0.3
    ]
    authors: dict[tuple[str, str], str] = {}
    for *_, id, row in sorted(waiting, key=lambda each: each[:4]):
        post = next(post for post in row["evidence"] if post["post_id"] == id)
        authors.setdefault((row["brand"], post["author"]), id)
    assert [each["post"] for each in told.report["unanswered"]] == list(authors.values())


def test_a13_people_and_reach_are_counted(told: Told) -> None:
    for mood in told.report["brands"]:
        row = told.db.execute(
            "SELECT count(*), count(a), sum(a >= 0.3), "
            "count(DISTINCT CASE WHEN a >= 0.3 THEN source || host || author END), "
            "sum(CASE WHEN a >= 0.3 THEN ifnull(replies, 0) + ifnull(boosts, 0) "
            "+ ifnull(quotes, 0) END) "
            "FROM (SELECT *, coalesce(corrected_anger, anger) AS a FROM mentions "
            "WHERE brand = ? AND created_at >= ? AND created_at < ?)",
            (mood["brand"], told.since.isoformat()[:19], told.until.isoformat()[:19]),
        ).fetchone()
        names = ("mentions", "judged", "angry", "angry_voices", "reactions")
        assert tuple(mood[name] for name in names) == tuple(row)
        assert (mood["reach"], mood["not_judged"]) == (0, {})


def test_a7_a_theme_of_the_users_is_counted_by_its_words(told: Told) -> None:
    posts = told.db.execute(
        "SELECT text, anger FROM mentions WHERE brand = 'US Airways' AND created_at >= ? "
        "AND created_at < ?",
        (told.since.isoformat()[:19], told.until.isoformat()[:19]),
    ).fetchall()
    mine = [row for row in posts if re.search(r"\b(on\W+hold|hold\W+music)\b", row["text"], re.I)]
    angry = sum(row["anger"] >= 0.3 for row in mine)
    (theme,) = (each for each in told.report["themes"] if each["kind"] == "yours")
    assert mine
    assert (theme["brand"], theme["theme"]) == ("US Airways", "on hold")
    assert (theme["posts"], theme["angry_posts"]) == (len(mine), angry)
    assert theme["share"] == pytest.approx(angry / sum(row["anger"] >= 0.3 for row in posts))


def test_corrections_of_the_week_are_counted_by_person(told: Told) -> None:
    rows = told.db.execute(
        "SELECT who, count(*) FROM corrections WHERE at >= ? AND at < ? GROUP BY who",
        (told.since.isoformat()[:19], told.until.isoformat()[:19]),
    ).fetchall()
    assert told.report["corrections"] == dict(map(tuple, rows))


def test_r14_who_is_to_be_asked_again_is_named(told: Told) -> None:
    rows = told.db.execute(
        "SELECT id, brand, follow_up_at FROM incidents WHERE follow_up_at IS NOT NULL"
    ).fetchall()
    found = [(e["incident"], e["brand"], instant(e["at"])) for e in told.report["follow_ups"]]
    assert found == [(id, brand, instant(at)) for id, brand, at in rows]
    asked = datetime(2015, 2, 23, 19, 50, tzinfo=UTC) + timedelta(days=30)
    assert [at for *_, at in found] == [asked]


def test_the_page_and_the_csv_say_what_the_json_says(folder: Path, told: Told) -> None:
    which = next(
        name for name, week in WEEKS.items() if told.report["week"] == "{}-W{:02}".format(*week)
    )
    page = folder / "week.html"
    rows = run(folder, READ_AT, "report", "--week", which, "--csv", "--out", str(page))
    table = list(csv.DictReader(rows.splitlines()))
    for each, row in zip(told.report["incidents"], table, strict=True):
        assert (row["incident_id"], row["respond_standing"]) == (
            each["id"],
            each["promises"][1]["standing"],
        )
        people = each["clocks"]["legs"]["people"]["seconds"]
        assert row["people_seconds"] == ("" if people is None else f"{people}")
    text = page.read_text()
    share = told.report["answered"]["share"]
    assert f'<p class="value">{share:.0%}</p>' in text
    assert text.count("<svg") == 3
