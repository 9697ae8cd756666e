"""`incident show` and `status` say where the time went, and what is overdue (advice A2)."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from emberwatch.cli.main import cli
from emberwatch.core.respond import triage
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Action, Incident
from emberwatch.ports import Ledger
from emberwatch.runtime.wiring import now
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, an_alert, minutes

CONFIG = "database: watch.db\nbrands: [{name: Acme, words: [acme]}]\n"


def an_incident(at: datetime = NOON) -> Incident:
    """Return an incident that was seen two minutes after its first post, and rings at `at`."""
    alert = an_alert(
        f"spike:{at}", started_at=at, first_post_at=at - minutes(5), evidence=("jsonl::post:1",)
    )
    mention = a_mention("1", at=at - minutes(5), seen_at=at - minutes(3))
    mention = replace(mention, unseen_at=at - minutes(3.5))
    opened = triage.open_incident(alert, {mention.post.id: mention}, None)
    return replace(opened, acknowledge_by=at + minutes(2), respond_by=at + minutes(5))


@pytest.fixture
def run(tmp_path: Path):
    """Record incidents, then run a command; give back what it prints."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    store = open_store(tmp_path / "watch.db")

    def run(*words: str, incidents: tuple[Incident, ...] = ()) -> str:
        with store.writing() as tx:
            tx.record(Ledger(incidents=incidents))
        config = str(tmp_path / "config.yaml")
        result = CliRunner().invoke(cli, [*words, "--config", config])
        assert result.exit_code in (0, 4), result.output
        return result.stdout

    yield run
    store.close()


def test_a2_an_incident_shows_where_its_time_went(run) -> None:
    answered = act(an_incident(), Deed(action=Action.RESPONDED, by="anna", at=NOON + minutes(4)))
    text = run("incident", "show", answered.id, incidents=(answered,))
    assert (
        "Where the time went\n"
        "  source: 1m 30s (at least)\n"
        "  poll: 30s (at most)\n"
        "  detection: 3m\n"
        "  held: nobody was to be told of it\n"
        "  delivery: no receiver has taken a message of it\n"
        "  people: 4m (nobody was told: counted from when it rang)\n"
        "  acknowledged by 2026-03-02 12:02:00 UTC: missed by 2m\n"
        "  answered by 2026-03-02 12:05:00 UTC: met, 1m before\n"
    ) in text


def test_json_has_the_seconds_and_the_reasons(run) -> None:
    incident = an_incident()
    shown = json.loads(run("incident", "show", incident.id, "--json", incidents=(incident,)))
    assert shown["clocks"]["legs"]["source"] == {"seconds": 90.0, "why": None}
    assert shown["clocks"]["since_first_post"]["responded"] == {
        "seconds": None,
        "why": "nobody has answered yet",
    }
    assert [each["standing"] for each in shown["promises"]] == ["missed", "missed"]
    assert shown["promises"][0]["due_at"] == "2026-03-02T12:02:00.000Z"


def test_a_trouble_of_our_own_has_no_customer_to_time(run) -> None:
    alert = an_alert("blind", kind=AlertKind.WATCH_BLIND)
    incident = triage.open_incident(alert, {}, None)
    shown = run("incident", "show", incident.id, incidents=(incident,))
    assert "Where the time went" not in shown


def test_r1_status_lists_what_is_overdue_longest_first(run) -> None:
    at = now() - timedelta(hours=1)
    late, later = an_incident(at - minutes(30)), an_incident(at)
    later = act(later, Deed(action=Action.ACKNOWLEDGED, by="anna", at=at + minutes(1)))
    text = run("status", incidents=(later, late))
    told = [line.split("\t") for line in text.splitlines() if line.startswith("inc_")]
    assert [(cells[0], cells[2], cells[5]) for cells in told if len(cells) == 6] == [
        (late.id, "acknowledged", "nobody"),
        (late.id, "answered", "nobody"),
        (later.id, "answered", "anna"),
    ]
    rows = json.loads(run("status", "--json"))["overdue"]
    assert [(row["id"], row["promise"]) for row in rows] == [
        (late.id, "acknowledge"),
        (late.id, "respond"),
        (later.id, "respond"),
    ]


def test_status_says_nothing_of_what_is_in_time(run) -> None:
    assert "Overdue" not in run("status", incidents=(an_incident(now()),))
