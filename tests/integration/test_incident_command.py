"""`emberwatch incident show`, on a real database."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from emberwatch.cli.main import cli
from emberwatch.core.respond import triage
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import a_mention, an_alert


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
