"""`emberwatch explain`, as a person uses it on a real database."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli
from emberwatch.core.read.text import columns
from emberwatch.core.respond import triage
from emberwatch.model.alert import AlertKind
from emberwatch.model.errors import NotFound
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import NOON, an_alert

DAY = "2026-03-02"
FRAUD = "Acme charged me twice and laughs at me. Fraud, I hate it! \x1b[2J\u202egnp"
STORY: tuple[dict[str, Any], ...] = (
    {"id": "0", "created_at": "2026-02-02T09:00:00Z", "author": "zoe", "text": "My Acme lamp"},
    {"id": "1", "at": "10:31", "author": "anna", "text": FRAUD},
    {
        "id": "2",
        "at": "10:33",
        "author": "ben",
        "text": "Acme did that to me too, disgusting thieves",
        "of": "1",
    },
    {"id": "3", "at": "10:35", "author": "anna", "text": "I am furious, worst Acme ever!"},
    {"id": "4", "at": "10:36", "author": "carl", "text": "Is Acme down?"},
    {"id": "5", "at": "10:37", "author": "ελένη", "text": "Acme, " + "φρίκη και ντροπή " * 30},
    {"id": "6", "at": "10:38", "author": "dora", "text": "Liars, Acme! I am furious, outrageous"},
    {"id": "7", "at": "10:44", "author": "emil", "text": "Never again Acme. Horrible, rude"},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a morning was replayed."""
    folder = tmp_path_factory.mktemp("morning")
    (folder / "config.yaml").write_text(
        f"database: {folder / 'watch.db'}\n"
        "brands:\n"
        "  - {name: Acme, words: [acme], languages: [en]}\n"
        "  - {name: Some Other, words: [other]}\n"
    )
    with (folder / "story.jsonl").open("w") as story:
        for told in STORY:
            post = {"created_at": f"{DAY}T{told.get('at')}:00Z", **told}
            if "of" in told:
                post["parent_id"] = told["of"]
            story.write(json.dumps(post) + "\n")
    done = invoke(folder, "replay", str(folder / "story.jsonl"))
    assert done.exit_code == 0, done.output
    return folder


def invoke(folder: Path, command: str, *words: str) -> Result:
    return CliRunner().invoke(cli, [command, *words, "--config", str(folder / "config.yaml")])


def explain(folder: Path, *words: str) -> str:
    done = invoke(folder, "explain", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def told(folder: Path, *words: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(explain(folder, *words, "--json"))
    return value


def incident_of(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "watch.db")) as database:
        (row,) = database.execute("SELECT id FROM incidents").fetchall()
    return str(row[0])


# ---------------------------------------------------------------- a moment
def test_it_says_why_it_did_not_ring(folder: Path) -> None:
    page = explain(folder, "Acme", "--at", f"{DAY} 10:40")
    answer = " ".join(page.split("\n\n")[0].split())
    assert answer.startswith("Acme at 2026-03-02 10:40:00 UTC It did not ring.")
    assert "But 2 voices never ring alone. 1 more angry voice (anger " in answer
    assert "in 15 minutes, where none are expected" in answer


def test_the_voices_say_why_they_count_or_not(folder: Path) -> None:
    page = explain(folder, "Acme", "--at", f"{DAY} 10:40")
    _, voices = page.split("\nVoices: 2 of 6 mentions count")
    signs = {line[4:]: line[2] for line in voices.splitlines() if line[:4] in ("  + ", "  - ")}
    assert [name for name in signs if "same author as @anna" in name] != []
    assert [name for name in signs if "same thread as @" in name] != []
    assert signs["1 not judged for anger"] == "-"
    assert signs["1 too faint to be called angry"] == "-"
    assert list(signs.values()).count("+") == 2


def test_a_page_fits_the_terminal_and_harms_it_not(folder: Path) -> None:
    for words in (("Acme", "--at", f"{DAY} 10:40"), ("incident", incident_of(folder))):
        page = explain(folder, *words)
        assert max(map(columns, page.splitlines())) <= 79
        assert page.replace("\n", "").isprintable()
        assert "\u202e" not in page


def test_a_moment_before_the_watch_says_so(folder: Path) -> None:
    assert "not watched yet" in explain(folder, "Acme", "--at", "2026-01-01")
    assert told(folder, "Acme", "--at", "2026-01-01")["moments"][0]["spike"] is None


def test_a_brand_that_nobody_mentions_is_quiet(folder: Path) -> None:
    page = explain(folder, "some other", "--at", f"{DAY} 10:40")
    assert "It did not ring.\nNo angry voice was heard in the twelve hours before." in page
    assert "Voices: 0 of 0 mentions count, in the last twelve hours" in page


def test_left_out_the_moment_is_now(folder: Path) -> None:
    moment = told(folder, "Acme")["moments"][0]
    assert moment["at"] > "2026-11"
    assert moment["spike"]["mentions"] == []


def test_a_moment_names_the_incident_that_was_burning(folder: Path) -> None:
    id = incident_of(folder)
    page = " ".join(explain(folder, "Acme", "--at", f"{DAY} 10:50").split())
    assert f"{id} was burning, opened 2026-03-02 10:44:00: 'emberwatch explain incident" in page
    assert told(folder, "Acme", "--at", f"{DAY} 10:50")["burning"] == [id]
    assert told(folder, "Acme", "--at", f"{DAY} 10:40")["burning"] == []


def test_json_holds_it_all(folder: Path) -> None:
    found = told(folder, "Acme", "--at", f"{DAY} 10:40")
    (moment,) = found["moments"]
    spike = moment["spike"]
    assert (found["schema"], found["incident"]) == ("emberwatch.explanation/1", None)
    assert (moment["brand"], moment["at"]) == ("Acme", "2026-03-02T10:40:00.000Z")
    assert (spike["asked"], spike["least_voices"], spike["missing_voices"]) == (1.0, 3, 1)
    assert (spike["ringing_since"], spike["unwatched_minutes"]) == (None, 0)
    assert {raised["why"] for raised in spike["raised"]} >= {"correction"}
    (loudest,) = (window for window in spike["windows"] if window["is_loudest"])
    assert (loudest["series"], loudest["minutes"], loudest["voices"]) == ("anger", 15, 2)
    assert loudest["rings"] is False
    whys = {mention["post_id"]: mention["why"] for mention in spike["mentions"]}
    assert whys["jsonl::post:5"] == "not_judged"
    assert whys["jsonl::post:4"] == "faint"
    assert sorted(whys.values()).count("counted") == 2
    (thread,) = moment["threads"]
    assert (thread["thread_id"], thread["size"], thread["standing"]) == ("jsonl::1", 1, "too_few")
    assert thread["needed"] > 0


def test_nothing_is_changed_by_asking(folder: Path) -> None:
    def written() -> list[str]:
        with closing(sqlite3.connect(folder / "watch.db")) as database:
            return list(database.iterdump())

    before = written()
    explain(folder, "Acme", "--at", f"{DAY} 10:40")
    explain(folder, "incident", incident_of(folder))
    assert written() == before


# ---------------------------------------------------------------- an incident
def test_an_incident_tells_what_was_said_then_and_what_it_rests_on(folder: Path) -> None:
    id = incident_of(folder)
    page = explain(folder, "incident", id[:8])
    with closing(sqlite3.connect(folder / "watch.db")) as database:
        ((said,),) = database.execute(
            "SELECT note FROM incident_timeline WHERE action = 'opened'"
        ).fetchall()
    assert f'It rang: "{said}".' in " ".join(page.split())
    assert page.startswith(f"{id} Acme spike")
    assert "It was ringing, since 10:44." in page
    assert "  RINGS\n" in page


def test_an_incident_in_json_holds_its_alerts_and_their_moments(folder: Path) -> None:
    found = told(folder, "incident", incident_of(folder))
    spike = found["incident"]["alerts"][0]
    assert spike["kind"] == "spike"
    assert "angry voices in 15 minutes" in spike["reason_as_it_rang"]
    assert spike["observed"] == pytest.approx(1.9, abs=0.5)
    assert len(spike["evidence"]) == 3
    assert {moment["at"] for moment in found["moments"]} == {spike["started_at"]}
    looked = found["moments"][0]["spike"]
    (loudest,) = (window for window in looked["windows"] if window["is_loudest"])
    assert loudest["seen"] == pytest.approx(spike["observed"])
    assert looked["ringing_since"] == spike["started_at"]


def test_a_pile_on_tells_of_its_thread(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        f"database: {tmp_path / 'watch.db'}\n"
        "brands: [{name: Acme, words: [acme], languages: [en], pile_on_floor: 20}]\n"
    )
    with (tmp_path / "story.jsonl").open("w") as story:
        root = {"id": "r", "created_at": f"{DAY}T10:00:00Z", "author": "anna", "text": "Acme, why?"}
        story.write(json.dumps(root) + "\n")
        for n in range(30):
            reply = {"id": f"r{n}", "author": f"a{n}", "text": "me too", "parent_id": "r"}
            at = NOON.replace(hour=10) + timedelta(seconds=10 * n)
            story.write(json.dumps({**reply, "created_at": at.isoformat()}) + "\n")
    assert invoke(tmp_path, "replay", str(tmp_path / "story.jsonl")).exit_code == 0
    page = explain(tmp_path, "incident", "inc_", "--picture", str(tmp_path / "why.svg"))
    assert "jsonl::r: " in page
    assert "huge for Acme are 20" in " ".join(page.split())
    assert "Anger" not in page
    assert "Reactions in the thread jsonl::r" in (tmp_path / "why.svg").read_text()
    assert "Threads\n  jsonl::r: 30 reactions" in explain(tmp_path, "Acme", "--at", f"{DAY} 10:05")


def test_what_rests_on_no_posts_or_on_a_brand_that_is_gone_shows_what_is_kept(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.yaml").write_text("brands: [{name: Acme, words: [acme]}]\n")
    blind = an_alert("watch:town", kind=AlertKind.WATCH_BLIND, reason="town is blind")
    trouble = an_alert("part:disk", kind=AlertKind.TROUBLE, reason="the disk is full")
    due = an_alert("due", kind=AlertKind.FOLLOW_UP_DUE, subject="inc_1", reason="ask again")
    gone = an_alert("spike:Gone:1", brand="Gone", reason="9 angry voices")
    where_else = {
        "watch:town": "'emberwatch feed list' tells how it does now",
        "part:disk": "'emberwatch status' tells how it does now",
        "due": "'emberwatch explain incident inc_1' tells why",
        "spike:Gone:1": "Nothing could be recomputed: its brand is not in today's configuration",
    }
    store = open_store(tmp_path / "emberwatch.db")
    incidents = tuple(
        triage.open_incident(alert, {}, None) for alert in (blind, trouble, due, gone)
    )
    with store.writing() as tx:
        tx.record(Ledger(incidents=incidents))
    store.close()
    where = ("--database", str(tmp_path / "emberwatch.db"))
    for incident in incidents:
        page = explain(tmp_path, "incident", incident.id, *where)
        assert f'It rang: "{incident.alerts[0].reason}".' in page
        found = [said for said in where_else.values() if said in " ".join(page.split())]
        assert found == [where_else[incident.alerts[0].id]]
        assert (
            json.loads(explain(tmp_path, "incident", incident.id, *where, "--json"))["moments"]
            == []
        )
        picture = str(tmp_path / "x.svg")
        done = invoke(tmp_path, "explain", "incident", incident.id, *where, "--picture", picture)
        assert done.exit_code == 1
        assert "nothing to draw" in done.stderr
        assert not (tmp_path / "x.svg").exists()


def test_a_surge_that_opened_an_incident_tells_of_posts_alone(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "surge.db"
    with closing(sqlite3.connect(folder / "watch.db")) as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    at = NOON.replace(hour=10, minute=38)
    surge = an_alert("surge", kind=AlertKind.SURGE, started_at=at, reason="6 posts in 15 minutes")
    incident = triage.open_incident(surge, {}, None)
    store = open_store(copy)
    with store.writing() as tx:
        tx.record(Ledger(incidents=(incident,)))
    store.close()
    drawn = tmp_path / "why.svg"
    page = explain(
        folder, "incident", incident.id, "--database", str(copy), "--picture", str(drawn)
    )
    assert 'It rang: "6 posts in 15 minutes".' in page
    assert "\nPosts " in page
    assert "Voices" not in page
    assert ElementTree.parse(drawn).getroot() is not None


def test_where_nothing_was_ever_read_it_says_so(folder: Path, tmp_path: Path) -> None:
    open_store(tmp_path / "empty.db").close()
    page = explain(folder, "Acme", "--database", str(tmp_path / "empty.db"))
    assert "It was not watched yet" in page


# ---------------------------------------------------------------- the picture
@pytest.mark.parametrize("words", [("Acme", "--at", f"{DAY} 10:40"), ("incident", "inc_")])
def test_the_picture_is_svg_with_the_moments(
    folder: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = invoke(folder, "explain", *words, "--picture", str(tmp_path / "why.svg"))
    assert done.exit_code == 0, done.output
    texts = [text.text for text in ElementTree.parse(tmp_path / "why.svg").iter()]
    assert {"seen", "expected", "rings from here"} <= set(texts)
    assert any(text and text.startswith(("10:44 ", "10:40 ")) for text in texts)
    assert str(tmp_path / "why.svg") in done.stderr


def test_a_picture_that_cannot_be_written_says_so(folder: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no" / "why.svg")
    done = invoke(folder, "explain", "Acme", "--at", f"{DAY} 10:40", "--picture", nowhere)
    assert done.exit_code == 1
    assert f"{nowhere} cannot be written: there is no folder" in done.stderr


@pytest.mark.parametrize("needed", ["watch.db", "config.yaml"])
def test_a_picture_is_never_drawn_over_what_is_needed(folder: Path, needed: str) -> None:
    before = (folder / needed).read_bytes()
    done = invoke(folder, "explain", "Acme", "--picture", str(folder / needed))
    assert done.exit_code == 1
    assert "would be written over" in done.stderr
    assert (folder / needed).read_bytes() == before


def test_long_after_the_last_post_it_says_that_nobody_watched(folder: Path) -> None:
    late = invoke(folder, "explain", "Acme", "--at", "2026-03-03 10:00")
    assert "Nothing was read after 2026-03-02 10:44 UTC: nobody watched." in late.stdout
    assert "nobody watched" not in explain(folder, "Acme", "--at", f"{DAY} 11:00")
    assert (
        told(folder, "Acme", "--at", "2026-03-03 10:00")["last_read_at"] == f"{DAY}T10:44:00.000Z"
    )


# ---------------------------------------------------------------- what is wrong
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Acme", "--at", "soon"), "expected a time such as"),
        (("Acme", "--at", "2999-01-01"), "is yet to come"),
        (("Acme", "--at", "0001-01-01"), "lies before any post"),
        (("Some", "Other"), "quote its name"),
        (("incident", "inc_1", "--at", "10:30"), "leave out --at"),
        (("Acme", "--picture", "-"), "name a file"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage_says_what_was_expected(
    folder: Path, words: tuple[str, ...], said: str
) -> None:
    done = invoke(folder, "explain", *words)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Acne",), "did you mean 'Acme'?"),
        (("xyz",), "the configuration has Acme, Some Other"),
        (("incident",), "say its id too"),
        (("inc_4be1",), "'emberwatch explain incident inc_4be1'"),
        (("incident", "inc_nothing"), "'emberwatch incident list --all' shows them"),
    ],
)
def test_what_is_not_there_says_how_to_find_it(
    folder: Path, words: tuple[str, ...], said: str
) -> None:
    done = invoke(folder, "explain", *words)
    assert isinstance(done.exception, NotFound)
    assert said in str(done.exception)


def test_an_erased_post_is_told_without_its_words(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "erased.db"
    with closing(sqlite3.connect(folder / "watch.db")) as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    store = open_store(copy)
    with store.writing() as tx:
        while tx.purge(NOON, NOON):
            pass
    store.close()
    page = explain(folder, "Acme", "--at", f"{DAY} 10:40", "--database", str(copy))
    assert "(erased)" in page
    assert "I hate" not in page
