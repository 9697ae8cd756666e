"""`emberwatch report`: what a week's report says, in every form, and what it never does."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli
from emberwatch.core.respond import triage
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident, Resolution
from emberwatch.model.mention import Correction
from emberwatch.ports import FeedHealth, Ledger
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_mention, an_alert, minutes

CONFIG = """
database: watch.db
teams:
  - {name: care, time_zone: Europe/Sofia}
  - {name: shop, time_zone: Asia/Tokyo}
brands:
  - {name: Acme, words: [acme], team: care}
  - {name: Bolt, words: [bolt], team: shop}
"""
HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(1)> \x1b[31m \u202e=cmd()"
READ_AT = NOON + timedelta(days=7)
"""The Monday after."""

Run = Callable[..., Result]


def an_incident(number: int = 1, at: datetime = NOON, **facts: object) -> Incident:
    """Return an incident of a hostile author whose words are markup."""
    mention = a_mention(
        f"{number}", at=at - minutes(5), text=HOSTILE, author="=eve<b>", anger=0.9, followers=40
    )
    alert = an_alert(
        f"spike:Acme:{number}",
        started_at=at,
        first_post_at=at - minutes(5),
        evidence=(mention.post.id,),
        reason="=1+1 angry voices <b>",
    )
    opened = triage.open_incident(alert, {mention.post.id: mention}, None)
    opened = replace(opened, acknowledge_by=at + minutes(2), respond_by=at + minutes(5))
    return replace(opened, **facts)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path):
    (tmp_path / "config.yaml").write_text(CONFIG)
    store = open_store(tmp_path / "watch.db")
    yield store
    store.close()


@pytest.fixture
def run(tmp_path: Path, store: SqliteStore) -> Run:
    """Run the report on the Monday after, once what is given is recorded."""

    def run(*words: str, at: datetime = READ_AT, **ledger: object) -> Result:
        with store.writing() as tx:
            tx.record(Ledger(**ledger))  # type: ignore[arg-type]
        with time_machine.travel(at, tick=False):
            config = str(tmp_path / "config.yaml")
            return CliRunner().invoke(cli, ["report", *words, "--config", config])

    return run


def a_story() -> dict[str, object]:
    """Return a week in which one incident was answered and one was not."""
    answered = an_incident(1)
    again = {"resolution": Resolution.REFUND, "follow_up_at": NOON + timedelta(days=60)}
    for action, after, facts in (
        (Action.ACKNOWLEDGED, 1, {}),
        (Action.RESPONDED, 4, {}),
        (Action.RESOLVED, 90, {"is_our_mistake": True, **again}),
    ):
        at = NOON + minutes(after)
        answered = act(answered, Deed(action=action, by="anna", at=at, **facts))  # type: ignore[arg-type]
    waiting = an_incident(2, NOON + timedelta(days=1), owner="boris", hand_offs=2)
    blind = triage.open_incident(
        an_alert("b", kind=AlertKind.WATCH_BLIND, subject="town", reason="503", ended_at=NOON),
        {},
        None,
    )
    mentions = tuple(a_mention(f"m{n}", author=f"u{n}", at=NOON + minutes(n)) for n in range(9))
    unjudged = a_mention("x", anger=None)
    health = FeedHealth(feed="mast", source="mastodon", blind_since=NOON, why="gone <i>")
    return {
        "incidents": (answered, waiting, blind),
        "mentions": (*mentions, unjudged),
        "health": (health,),
    }


# ---------------------------------------------------------------- in every form
def test_a2_the_terminal_hears_the_figures(run: Run) -> None:
    text = run(**a_story()).stdout
    assert "Week 2026-W10: Acme, Bolt\n" in text
    assert "1 of 2 posts in evidence answered (50%; week before: -)\n" in text
    assert "answered in time\t1\t1\t0\t50%\t-\n" in text
    assert "refund\t1\t1\t1 no change to be seen\n" in text
    assert "Acme\t10\t9\t9\t0\t0\t90% (not: bg 1)\n" in text
    assert "  1 angry post unanswered at the end of the week\n" in text
    assert "  to be asked again Fri 2026-05-01 12:00: Acme, inc_" in text
    assert "  mast was blind from Mon 2026-03-02 12:00, still: gone <i>\n" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a1_an_incident_that_went_through_three_hands_is_named(run: Run, tmp_path: Path) -> None:
    story = a_story()
    _, waiting, _ = story["incidents"]  # type: ignore[misc]
    assert f"  2 hand-offs ({waiting.id} 2)\n" in run(**story).stdout
    run("--out", str(tmp_path / "w.html"))
    assert f"{waiting.id} was passed on 2 times" in (tmp_path / "w.html").read_text()


def test_a5_json_counts_what_was_done(run: Run) -> None:
    report = json.loads(run("--json", **a_story()).stdout)
    assert report["done"] == [
        {"resolution": "refund", "count": 1, "our_mistake": 1, "after": {"no_change": 1}}
    ]
    assert report["times"]["responded"]["median_seconds"] == 540.0
    assert report["blind"][0]["feed"] == "mast"


def test_r3_an_old_week_tells_who_waited_then(run: Run) -> None:
    deed = Deed(action=Action.RESPONDED, by="anna", at=READ_AT + timedelta(days=1))
    run(incidents=(act(an_incident(), deed),))
    later = READ_AT + timedelta(days=7)
    then, now = (
        json.loads(run("--week", w, "--json", at=later).stdout) for w in ("2026-W10", "this")
    )
    assert [post["author"] for post in then["unanswered"]] == ["=eve<b>"]
    assert (then["unanswered_at"], now["unanswered"]) == (then["until"], [])
    assert "0 angry posts unanswered as of now" in run("--week", "this", at=later).stdout


@pytest.mark.parametrize(
    "incident",
    [
        act(an_incident(), Deed(action=Action.RESOLVED, by="a", at=READ_AT + timedelta(days=1))),
        an_incident(at=NOON - timedelta(days=200)),
        act(
            an_incident(at=NOON - timedelta(days=200)),
            Deed(action=Action.RESOLVED, by="a", at=READ_AT + timedelta(days=1)),
        ),
    ],
    ids=["closed since", "rang long before", "rang long before and closed since"],
)
def test_r3_who_waited_then_is_told(run: Run, incident: Incident) -> None:
    later = READ_AT + timedelta(days=7)
    report = run("--week", "2026-W10", "--json", at=later, incidents=(incident,))
    assert [post["incident"] for post in json.loads(report.stdout)["unanswered"]] == [incident.id]


def test_csv_has_a_row_for_each_incident(run: Run) -> None:
    rows = list(csv.DictReader(run("--csv", **a_story()).stdout.splitlines()))
    assert [(row["status"], row["respond_standing"], row["responded_after"]) for row in rows] == [
        ("resolved", "met", "540.0"),
        ("open", "missed", ""),
    ]


@pytest.mark.parametrize(
    ("words", "cell"), [((), "'=1+1 angry voices <b>"), (("--raw",), "=1+1 angry voices <b>")]
)
def test_a_spreadsheet_runs_nothing_unless_asked_for_raw(
    run: Run, words: tuple[str, ...], cell: str
) -> None:
    rows = list(csv.DictReader(run("--csv", *words, **a_story()).stdout.splitlines()))
    assert {row["reason"] for row in rows} == {cell}


# ---------------------------------------------------------------- the page
class Page(HTMLParser):
    """What a browser would see: tags, what they would fetch, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                self.fetched.append(f"{tag} {value}")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


@pytest.fixture
def page(run: Run, tmp_path: Path) -> Page:
    said = run("--out", str(tmp_path / "week.html"), **a_story())
    assert said.exit_code == 0, said.output
    assert said.stdout == ""
    return Page((tmp_path / "week.html").read_text())


def test_the_page_runs_and_fetches_nothing_whatever_strangers_wrote(page: Page) -> None:
    assert page.tags & {"script", "img", "link", "iframe", "object", "b", "i", "a"} == set()
    assert (page.fetched, page.handlers) == ([], [])
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.text


def test_the_page_draws_the_week_and_marks_the_incidents(page: Page) -> None:
    assert "svg" in page.tags
    assert "Anger of an hour (each angry person once, 0 to 1)" in page.text
    assert "The anger of each hour, at most 7.2; incidents opened: 2." in page.text


def test_a2_the_page_has_each_figure_at_a_glance(page: Page) -> None:
    words = " ".join(page.text.split())
    assert "posts answered 50% 1 of 2; week before -" in words
    assert "answered in time 50% 1 of 2; week before -" in words
    assert "first post to first answer 9m median; week before -" in words
    assert "To be asked again Fri 2026-05-01 12:00: Acme, inc_" in words


def test_a_page_of_a_week_in_which_nothing_happened(run: Run, tmp_path: Path) -> None:
    run("--out", str(tmp_path / "week.html"))
    text = Page((tmp_path / "week.html").read_text()).text
    assert "Nobody spoke of the brand." in text
    assert "Nothing rang." in text
    assert "no feed was blind" in text


# ---------------------------------------------------------------- which week
@pytest.mark.parametrize(
    ("words", "zone", "since"),
    [
        ((), "UTC", "2026-03-02T00:00:00.000Z"),
        (("--brand", "Acme"), "Europe/Sofia", "2026-03-01T22:00:00.000Z"),
        (("--brand", "Bolt"), "Asia/Tokyo", "2026-03-01T15:00:00.000Z"),
        (("--zone", "America/Lima"), "America/Lima", "2026-03-02T05:00:00.000Z"),
        (("--week", "2026-W09"), "UTC", "2026-02-23T00:00:00.000Z"),
        (("--week", "this"), "UTC", "2026-03-09T00:00:00.000Z"),
    ],
)
def test_a_week_begins_by_the_clocks_of_its_people(
    run: Run, words: tuple[str, ...], zone: str, since: str
) -> None:
    report = json.loads(run("--json", *words).stdout)
    assert (report["zone"], report["since"]) == (zone, since)


def test_a_week_that_is_not_over_says_so(run: Run) -> None:
    at = NOON + timedelta(days=2)
    text = run("--week", "this", "--zone", "Europe/Sofia", at=at).stdout
    assert "so far, until Wed 2026-03-04 14:00; all times are those of Europe/Sofia" in text


def test_only_one_brands_posts_and_corrections_are_told(run: Run, store: SqliteStore) -> None:
    mine, other = a_mention("1"), a_mention("2", brand="Bolt")
    run(mentions=(mine, other))
    with store.writing() as tx:
        for id, by in ((mine.post.id, "anna"), (other.post.id, "boris")):
            tx.correct(Correction(post_id=id, anger=0.0, by=by, at=NOON))
    report = json.loads(run("--json", "--brand", "Acme").stdout)
    assert [each["brand"] for each in report["brands"]] == ["Acme"]
    assert report["brands"][0]["angry"] == 0
    assert report["corrections"] == {"anna": 1}


def test_a_blind_time_that_is_over_is_told_from_when_it_rang(run: Run) -> None:
    alert = an_alert("b", kind=AlertKind.WATCH_BLIND, subject="town", reason="503")
    over = replace(alert, ended_at=NOON + minutes(30))
    incident = triage.take(triage.open_incident(alert, {}, None), over, {})
    text = run(incidents=(incident,)).stdout
    told = "town was blind from Mon 2026-03-02 12:00, until Mon 2026-03-02 12:30: 503"
    assert told in text
    assert "1 trouble of our own watch" in text


def test_a_feed_that_was_blind_for_months_and_reads_again_this_week_is_told(run: Run) -> None:
    began = NOON - timedelta(days=200)
    alert = an_alert(
        "b", kind=AlertKind.WATCH_BLIND, subject="town", reason="503", started_at=began
    )
    incident = triage.open_incident(alert, {}, None)
    over = replace(alert, at=NOON, ended_at=NOON)
    text = run(incidents=(triage.take(incident, over, {}),)).stdout
    assert f"town was blind from {began:%a %Y-%m-%d %H:%M}, until Mon 2026-03-02 12:00: 503" in text


# ---------------------------------------------------------------- what it refuses
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--week", "next"), "expected a week such as 2026-W47, last or this, got 'next'"),
        (("--week", "2026-W40"), "the week 2026-W40 has not begun yet"),
        (("--brand", "Acne"), "unknown brand 'Acne'; did you mean 'Acme'?"),
        (("--zone", "Sofia"), "expected a time zone such as Europe/Sofia, got 'Sofia'"),
        (("--zone", "../x"), "expected a time zone such as Europe/Sofia, got '../x'"),
        (("--json", "--csv"), "--json and --csv are two answers: choose one"),
        (("--raw",), "--raw has a meaning with --csv alone: leave it out"),
    ],
)
def test_a_wrong_question_says_what_was_expected(
    run: Run, words: tuple[str, ...], why: str
) -> None:
    said = run(*words)
    assert said.exit_code == 2
    assert why in " ".join(said.output.split())


def test_a_page_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    said = run("--out", str(tmp_path / "no" / "week.html"))
    assert said.exit_code == 1
    assert "week.html cannot be written: there is no folder" in said.output
