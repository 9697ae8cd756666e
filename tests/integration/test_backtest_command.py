"""`backtest` over a database and over a file: the same decisions, beside what people did."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from emberwatch.cli.main import cli, main
from emberwatch.model.incident import Action, Incident, Status, Step
from emberwatch.ports import Ledger
from emberwatch.store.lock import claim_instance
from emberwatch.store.sqlite import open_store
from tests.build import NOON, minutes
from tests.integration.test_replay import CONFIG, _line, _story

CALMER = CONFIG.replace("words: [acme],", "words: [acme], false_alarms_per_month: 0.000000000001,")
NARROW = CONFIG.replace("words: [acme],", "words: [acme holdings],")

REPLAYED = (
    "id", "brand", "kind", "kinds", "opened_at", "first_post_at", "observed", "expected",
    "window_minutes", "reason",
)  # fmt: skip


def run(folder: Path, *arguments: str) -> Result:
    where = ["--config", str(folder / "config.yaml")]
    return CliRunner().invoke(cli, [*arguments, *where], catch_exceptions=False)


def rows(folder: Path, *arguments: str) -> list[dict]:
    result = run(folder, "backtest", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def of(found: list[dict], row: str, configuration: str = "") -> list[dict]:
    """Return the rows of one sort, of the configuration whose name ends so."""
    return [
        each
        for each in found
        if each["row"] == row and each["configuration"].endswith(configuration)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path)


def configured(folder: Path) -> Path:
    """Lay out three configurations and the story."""
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "calmer.yaml").write_text(CALMER)
    (folder / "narrow.yaml").write_text(NARROW)
    (folder / "story.jsonl").write_text("\n".join(_story()) + "\n")
    return folder


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """Replay the story once; return the database and what `replay` printed."""
    folder = configured(tmp_path_factory.mktemp("once"))
    result = run(folder, "replay", "--json", str(folder / "story.jsonl"))
    return (folder / "watch.db").read_bytes(), result.stdout


@pytest.fixture
def replayed(folder: Path, once: tuple[bytes, str]) -> list[dict]:
    """Put the replayed database in its place, and return what `replay` printed."""
    (folder / "watch.db").write_bytes(once[0])
    return [json.loads(line) for line in once[1].splitlines()]


def act(folder: Path, do: Callable[[Incident], Incident], database: str = "watch.db") -> None:
    """Let people do something with every incident."""
    store = open_store(folder / database)
    with store.writing() as tx:
        tx.record(Ledger(incidents=tuple(do(each) for each in tx.incidents())))
    store.close()


def taken(after: float) -> Callable[[Incident], Incident]:
    def take(incident: Incident) -> Incident:
        at = incident.opened_at + minutes(after)
        step = Step(at=at, who="mia", action=Action.ACKNOWLEDGED)
        timeline = (*incident.timeline, step)
        return replace(incident, status=Status.ACKNOWLEDGED, acknowledged_at=at, timeline=timeline)

    return take


def dismissed(incident: Incident) -> Incident:
    at = incident.opened_at + minutes(40)
    return replace(incident, status=Status.DISMISSED, closed_at=at)


# ---------------------------------------------------------------- the same decisions
def test_what_replay_found_is_found_again(folder: Path, replayed: list[dict]) -> None:
    found = of(rows(folder), "incident")
    assert [{name: row[name] for name in REPLAYED} for row in found] == replayed != []


def test_a_file_is_tried_without_any_database(folder: Path, replayed: list[dict]) -> None:
    (folder / "watch.db").unlink()
    found = of(rows(folder, str(folder / "story.jsonl")), "incident")
    assert [{name: row[name] for name in REPLAYED} for row in found] == replayed != []
    assert not (folder / "watch.db").exists()


def test_a_surge_of_which_nobody_is_told_is_told_apart(folder: Path, replayed: list[dict]) -> None:
    (surge,) = of(rows(folder), "surge")
    assert surge["brand"] == "Acme"
    assert surge["observed"] > surge["expected"]
    assert surge["started_at"] > NOON.isoformat()


def test_nothing_of_the_database_changes_while_its_daemon_runs(
    folder: Path, replayed: list[dict]
) -> None:
    store = open_store(folder / "watch.db")  # so that its log is not folded in meanwhile
    before = hashlib.sha256((folder / "watch.db").read_bytes()).hexdigest()
    with claim_instance(folder / "watch.db", NOON), store.writing():
        assert of(rows(folder), "incident")
        assert rows(folder, "--report", str(folder / "report.html"))
    store.close()
    assert hashlib.sha256((folder / "watch.db").read_bytes()).hexdigest() == before


def test_two_configurations_stand_side_by_side(folder: Path, replayed: list[dict]) -> None:
    found = rows(folder, "--against", str(folder / "calmer.yaml"))
    assert len(of(found, "incident", "config.yaml")) == 1
    (first, *_), (second, *_) = of(found, "brand", "config.yaml"), of(found, "brand", "calmer.yaml")
    assert (first["asked"], second["asked"]) == (1.0, 1e-12)
    mine = of(found, "incident", "config.yaml")[0]["opened_at"]
    others = [row["opened_at"] for row in of(found, "incident", "calmer.yaml")]
    assert all(opened > mine for opened in others)


def test_a_brand_that_finds_nothing_rings_for_nothing(folder: Path, replayed: list[dict]) -> None:
    act(folder, taken(20))
    found = rows(folder, "--against", str(folder / "narrow.yaml"))
    assert of(found, "incident", "narrow.yaml") == []
    (acme, _) = of(found, "brand", "narrow.yaml")
    assert acme["missed"] == [replayed[0]["id"]]
    assert (acme["rang"], acme["spared"]) == (0, [])


def test_a_file_has_every_post_for_every_configuration(folder: Path) -> None:
    wider = CONFIG.replace("words: [acme],", "words: [nobody],")
    (folder / "wider.yaml").write_text(wider)
    story = str(folder / "story.jsonl")
    found = rows(folder, story, "--against", str(folder / "wider.yaml"))
    assert len(of(found, "incident", "config.yaml")) == 1
    assert of(found, "incident", "wider.yaml") == []


# ---------------------------------------------------------------- what people did
def test_what_people_took_is_real_and_rang_before_they_acted(
    folder: Path, replayed: list[dict]
) -> None:
    act(folder, taken(25))
    found = rows(folder)
    (incident,) = of(found, "incident")
    assert incident["people"] == "real"
    assert incident["lead_seconds"] == 25 * 60
    assert incident["lived_id"] == replayed[0]["id"]
    assert incident["lived_at"] == replayed[0]["opened_at"]
    acted = datetime.fromisoformat(incident["acted_at"])
    assert acted - datetime.fromisoformat(incident["opened_at"]) == minutes(25)
    (acme, other) = of(found, "brand")
    assert (acme["real"], acme["false"], acme["unknown"]) == (1, 0, 0)
    assert (acme["observed"], acme["observed_at_most"], acme["lead_seconds"]) == (0, 0, 1500)
    assert other["lead_seconds"] is None


def test_what_people_dismissed_is_false_and_counts_by_the_month(
    folder: Path, replayed: list[dict]
) -> None:
    act(folder, dismissed)
    found = rows(folder)
    assert of(found, "incident")[0]["people"] == "false"
    acme = of(found, "brand")[0]
    assert acme["watched_days"] == pytest.approx(7.04, abs=0.01)
    assert acme["observed"] == pytest.approx(30.44 / acme["watched_days"])
    assert acme["observed"] == acme["observed_at_most"]


def test_what_nobody_touched_is_false_at_most(folder: Path, replayed: list[dict]) -> None:
    acme = of(rows(folder), "brand")[0]
    assert acme["observed"] == 0
    assert acme["observed_at_most"] > 4


def test_a_file_is_set_beside_what_people_did_in_a_database_that_is_named(
    folder: Path, replayed: list[dict]
) -> None:
    act(folder, taken(25))
    story = str(folder / "story.jsonl")
    assert of(rows(folder, story), "incident")[0]["people"] == "unknown"
    found = rows(folder, story, "--database", str(folder / "watch.db"))
    assert of(found, "incident")[0]["people"] == "real"


def test_what_opened_before_the_time_that_is_told_of_is_left_out(
    folder: Path, replayed: list[dict]
) -> None:
    found = rows(folder, "--since", "2026-03-02 12:30")
    assert of(found, "incident") == []
    assert of(found, "brand")[0]["since"] == "2026-03-02T12:30:00.000Z"
    assert of(found, "brand")[0]["observed"] is None
    found = rows(folder, "--since", "2026-03-01 00:00")
    assert len(of(found, "incident")) == 1


def test_people_see_tables(folder: Path, replayed: list[dict]) -> None:
    act(folder, taken(25))
    result = run(folder, "backtest")
    assert "From 2026-02-23 12:00:00 to 2026-03-02" in result.stderr
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[0][:2] == ["brand", "rang"]
    assert lines[1] == ["Acme", "1", "1", "0", "0", "0", "1", "0", "25m"]
    assert lines[-1][0] == replayed[0]["id"]
    assert lines[-1][-2:] == ["real", "25m"]


def test_people_see_both_configurations_storm_by_storm(folder: Path, replayed: list[dict]) -> None:
    act(folder, taken(25))
    result = run(folder, "backtest", "--against", str(folder / "narrow.yaml"))
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[-1][0] == "Acme"
    assert lines[-1][3:] == ["-", "real", "25m / -"]
    act(folder, dismissed)
    result = run(folder, "backtest", "--against", str(folder / "narrow.yaml"))
    assert "false" in result.stdout.splitlines()[-1]


def test_a_storm_that_no_longer_rings_is_told_of(folder: Path, replayed: list[dict]) -> None:
    act(folder, taken(25))
    (folder / "config.yaml").write_text(NARROW)
    result = run(folder, "backtest")
    assert result.stdout.splitlines()[-1].split("\t")[-2:] == ["missed", "-"]


def test_an_answer_that_came_late_is_said_to_be_after(folder: Path, replayed: list[dict]) -> None:
    act(folder, taken(-2))
    assert "2m after" in run(folder, "backtest").stdout


def test_a_past_without_a_post_is_no_mistake(folder: Path) -> None:
    open_store(folder / "watch.db").close()
    result = run(folder, "backtest", "--report", str(folder / "report.html"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no past yet" in result.stderr
    assert "no past yet" in (folder / "report.html").read_text()
    assert of(rows(folder), "brand")[0]["rang"] == 0


def test_a_calm_past_says_so(folder: Path) -> None:
    (folder / "calm.jsonl").write_text(_line(1, "Acme is fine", NOON) + "\n")
    report = folder / "report.html"
    result = run(folder, "backtest", str(folder / "calm.jsonl"), "--report", str(report))
    assert "Nothing would have rung" in result.output
    assert "Nothing would have rung" in report.read_text()


# ---------------------------------------------------------------- the report
class Seen(HTMLParser):
    """What a browser would make of a page: its elements, what they ask for, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = (
    "Acme awful <script>alert(1)</script><img src=x onerror=alert(1)>&lt; \x1b[2J \u202e {{7*7}}"
)


HATE = (
    "worst thieves I ever met, I hate them", "my kettle exploded, horrible dangerous rubbish",
    "they stole my refund, disgusting fraud", "the invoice is a lie, I am furious and disgusted",
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the report of a story whose angriest posts are hostile, beside the calmer one."""
    folder = configured(tmp_path_factory.mktemp("report"))
    story = [*_story()]
    for number in range(4):
        at = NOON + timedelta(seconds=number)
        author = f'"><script>{number}</script>'
        text = f"{HOSTILE} {HATE[number]}"
        story.append(_line(5000 + number, text, at, author=author))
    story.sort(key=lambda line: json.loads(line)["created_at"])
    (folder / "story.jsonl").write_text("\n".join(story) + "\n")
    run(folder, "replay", str(folder / "story.jsonl"))
    act(folder, taken(25))
    path = folder / "report.html"
    run(folder, "backtest", "--against", str(folder / "narrow.yaml"), "--report", str(path))
    return path.read_text(encoding="utf-8")


def test_the_report_shows_figures_storms_and_pictures(report: str) -> None:
    seen = Seen(report)
    assert seen.tags.count("svg") == 2
    assert "People worked on it" in seen.text
    assert "25m before people acted" in seen.text
    assert "it does not ring" in seen.text
    assert "mia acknowledged" in seen.text
    assert "rings from here" in seen.text


def test_the_report_tells_what_was_said_when_it_rang_and_at_last(report: str) -> None:
    (told,) = re.findall(r"it rings at .*?: (.*?)\. At last: (.*?)\.</p>", report)
    assert not told[0].endswith("it is over")
    assert told[0] != told[1]


def test_what_was_said_first_stands_beside_what_was_said_last(
    folder: Path, replayed: list[dict]
) -> None:
    (found,) = of(rows(folder), "incident")
    timeline = run(folder, "incident", "show", found["id"], "--json").stdout
    assert found["reason_as_it_rang"] == json.loads(timeline)["timeline"][0]["note"]
    assert found["reason_as_it_rang"] != found["reason"]


def test_on_a_telephone_pictures_stay_large_enough_to_read(report: str) -> None:
    assert report.count('<div class="wide"><svg ') == report.count("<svg ") > 0
    assert (
        "(max-width: 640px) { .wide svg { width: 640px; max-width: none !important; } }" in report
    )


def test_the_report_runs_and_fetches_nothing_whatever_posts_hold(report: str) -> None:
    seen = Seen(report)
    assert "<script>alert(1)</script>" in seen.text  # shown, not obeyed
    forbidden = {"script", "img", "iframe", "link", "object", "embed", "a", "form", "base", "image"}
    assert forbidden.isdisjoint(seen.tags)
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    asked = [
        value or "" for name, value in seen.attributes if name in ("src", "href", "xlink:href")
    ]
    assert all(value.startswith("#") for value in asked)
    assert re.findall(r"url\((?!#)", report) == []
    assert "default-src 'none'" in report
    addresses = re.findall(r"https?://[^\s\"'<]+", report)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", report)


def test_a_report_that_cannot_be_written_is_said_to_be_so_at_once(
    folder: Path, replayed: list[dict]
) -> None:
    result = run(folder, "backtest", "--report", str(folder / "nowhere" / "report.html"))
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)
    assert not result.stdout


@pytest.mark.parametrize("needed", ["watch.db", "config.yaml", "story.jsonl", "kept.db"])
def test_a_report_is_never_written_over_what_is_needed(
    folder: Path, replayed: list[dict], needed: str
) -> None:
    shutil.copy(folder / "watch.db", folder / "kept.db")
    before = (folder / needed).read_bytes()
    result = run(folder, "backtest", str(folder / "story.jsonl"), "--report", str(folder / needed))
    assert (result.exit_code, "would be written over" in result.stderr) == (1, True)
    assert (folder / needed).read_bytes() == before


def test_a_time_after_all_that_is_stored_says_where_the_past_ends(
    folder: Path, replayed: list[dict]
) -> None:
    report = folder / "report.html"
    result = run(folder, "backtest", "--since", "2199-01-01", "--report", str(report))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing is stored from 2199-01-01 00:00:00 UTC on: the past ends at" in result.stderr
    assert "Nothing is stored from 2199-01-01 00:00 UTC on" in report.read_text()


# ---------------------------------------------------------------- wrong questions
def test_without_a_database_there_is_no_past(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["backtest", "--config", str(folder / "config.yaml")])
    assert ended.value.code == 1
    assert "no database" in capsys.readouterr().err
    assert not (folder / "watch.db").exists()


def test_a_second_configuration_that_is_wrong_is_wrong_configuration(
    folder: Path, replayed: list[dict], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "calmer.yaml").write_text("brandz: []\n")
    with pytest.raises(SystemExit) as ended:
        main(
            ["backtest", "--config", str(folder / "config.yaml"),
             "--against", str(folder / "calmer.yaml")]
        )  # fmt: skip
    assert ended.value.code == 3
    assert "calmer.yaml:1:1: brandz: unknown setting" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "strange"),
    [
        (["--out", "x.csv"], "--out"),
        (["--target", "5"], "--target"),
        (["--base-rate", "0.1"], "--base-rate"),
        (["--series", "x.csv", "--out", "-", "--json"], "--json"),
        (["--threads", "x.csv", "--out", "-", "--report", "x.html"], "--report"),
        (["--series", "x.csv", "--threads", "x.csv", "--out", "-"], "--threads"),
        (["--series", "x.csv", "--out", "-", "--base-rate", "0.1"], "--base-rate"),
        (["--threads", "x.csv", "--out", "-", "--false-alarms-per-month", "2"], "--false-alarms"),
    ],
)
def test_an_option_of_another_question_is_wrong_usage(arguments: list[str], strange: str) -> None:
    result = CliRunner().invoke(cli, ["backtest", *arguments])
    assert result.exit_code == 2
    assert strange in result.stderr
    assert "leave it out" in result.stderr


@pytest.mark.parametrize("said", ["soon", "2026-99-99", "ago"])
def test_a_time_that_nobody_understands_is_wrong_usage(folder: Path, said: str) -> None:
    assert run(folder, "backtest", "--since", said).exit_code == 2


# ---------------------------------------------------------------- beside it, in status
def test_status_shows_what_was_asked_beside_what_people_called_false(
    folder: Path, replayed: list[dict]
) -> None:
    act(folder, dismissed)
    with time_machine.travel(NOON + timedelta(days=8.5), tick=False):
        (told,) = [json.loads(line) for line in run(folder, "status", "--json").stdout.splitlines()]
        shown = run(folder, "status").stdout.splitlines()
    acme, other = told["false_alarms"]
    assert (acme["brand"], acme["asked"], acme["rang"]) == ("Acme", 1.0, 1)
    assert acme["observed"] == acme["observed_at_most"] == pytest.approx(30.44 / 15.5)
    assert (other["observed"], other["rang"]) == (0.0, 0)
    row = shown[shown.index("False alarms a month") + 2]
    assert row.split("\t") == ["Acme", "1", "2", "1", "15d 12h"]


def test_status_is_silent_of_false_alarms_before_anything_rang(folder: Path) -> None:
    open_store(folder / "watch.db").close()
    assert "False alarms" not in run(folder, "status").stdout
