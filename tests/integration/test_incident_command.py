"""`emberwatch incident show`, on a real database."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from emberwatch.cli.main import cli
from emberwatch.core.respond import triage
from emberwatch.model.incident import Encounter, History, Recurrence, Resolution, Status
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention, an_alert


@pytest.fixture
def shown(tmp_path: Path):
    """An incident of one post, as `incident show` prints it."""
    path = tmp_path / "emberwatch.db"
    text = "Acme: 45 days, no refund of $120. See you in court! \x1b[2J"
    mention = a_mention("1", text=text)
    mention = replace(mention, score=replace(mention.score, why=("worst", "\x1b[31mno")))
    incident = triage.open_incident(
        an_alert(evidence=(mention.post.id,)), {mention.post.id: mention}, None
    )
    store = open_store(path)
    with store.writing() as tx:
        tx.record(Ledger(posts=(mention.post,), mentions=(mention,), incidents=(incident,)))
    store.close()

    def run(*more: str) -> str:
        words = ["incident", "show", incident.id, "--database", str(path), *more]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_it_shows_what_weighed_most_and_the_signs(shown) -> None:
    text = shown()
    assert "    jsonl::post:1\n" in text
    assert "    weighed most: worst, no\n" in text
    assert (
        '    signs: threat of legal ("see you in court"); money ("refund", 120 USD, 45 days)\n'
    ) in text
    assert "\x1b" not in text


def test_json_has_them_too(shown) -> None:
    (post,) = json.loads(shown("--json"))["posts"]
    assert post["why"][0] == "worst"
    assert post["signs"] == [
        {
            "kind": "threat",
            "words": ["see you in court"],
            "threats": ["legal"],
            "amounts": [],
            "days": [],
        },
        {
            "kind": "money",
            "words": ["refund"],
            "threats": [],
            "amounts": [{"value": 120.0, "currency": "USD"}],
            "days": [45.0],
        },
    ]


def test_a14_it_shows_who_began_it_what_comes_back_and_who_is_next(tmp_path: Path) -> None:
    path = tmp_path / "emberwatch.db"
    first, calm = (
        a_mention("1"),
        a_mention("2", author="calm\x1b[2J", anger=0.1, url="https://e.org/2"),
    )
    incident = triage.open_incident(
        an_alert(evidence=(first.post.id,)), {first.post.id: first}, None
    )
    incident = replace(
        incident,
        themes=("refunds",),
        history=History(
            posts=7,
            angry_posts=3,
            anger=0.5,
            first_at=NOON,
            last_at=NOON,
            encounters=(
                Encounter(
                    incident_id="inc_0",
                    opened_at=NOON,
                    status=Status.RESOLVED,
                    resolution=Resolution.LET_GO,
                ),
            ),
            earlier=(triage.exhibit_of(first),),
        ),
        recurring=(
            Recurrence(
                theme="refunds",
                incidents=4,
                angry_posts=31,
                share=0.31,
                examples=(replace(triage.exhibit_of(first), anger=None),),
            ),
        ),
        affected=(triage.exhibit_of(calm),),
    )
    store = open_store(path)
    with store.writing() as tx:
        tx.record(Ledger(incidents=(incident,)))
    store.close()

    def run(*more: str) -> str:
        words = ["incident", "show", incident.id, "--database", str(path), *more]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
        return result.stdout

    text = run()
    assert "about refunds\n" in text
    assert (
        "Who began it\n"
        "  3 of 7 earlier posts were angry, stood in 1 earlier incident, "
        "since 2026-03-02 12:00:00 UTC\n"
        "    inc_0 of 2026-03-02 12:00:00 UTC: let_go\n"
        "    2026-03-02 12:00:00 @anna (anger 0.80) Acme lost my parcel again\n"
    ) in text
    assert (
        "Keeps coming back\n"
        "  refunds in 4 incidents and 31% of the angry posts of 30 days\n"
        "    2026-03-02 12:00:00 @anna (not judged) Acme lost my parcel again\n"
    ) in text
    assert (
        "Not angry yet, about the same\n"
        "    2026-03-02 12:00:00 @calm (anger 0.10) Acme lost my parcel again\n"
        "      https://e.org/2\n"
    ) in text
    assert "(R12)" in text
    assert "\x1b" not in text
    told = json.loads(run("--json"))
    assert told["history"]["incidents"] == [
        {
            "id": "inc_0",
            "opened_at": "2026-03-02T12:00:00.000Z",
            "status": "resolved",
            "resolution": "let_go",
        }
    ]
    assert told["history"]["earlier"][0]["text"] == "Acme lost my parcel again"
    assert told["recurring"][0]["examples"][0]["id"] == "jsonl::post:1"
    assert told["affected"][0]["url"] == "https://e.org/2"
    assert told["themes"] == ["refunds"]
