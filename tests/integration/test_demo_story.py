"""The demo's storm is months old: what is measured of it is measured by its own clock."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from click.testing import CliRunner

from emberwatch.cli.main import cli
from emberwatch.demo.play import Played, play

OPENED = "SELECT detected_after, held_seconds, delivery_seconds FROM response_times"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demo")
    return asyncio.run(play(folder, on_scene=lambda _: None, on_message=lambda _: None))


def test_a2_a_storm_of_long_ago_is_delivered_within_seconds_of_its_own_time(
    played: Played,
) -> None:
    with closing(sqlite3.connect(f"{played.database.as_uri()}?mode=ro", uri=True)) as connection:
        ((detected, held, delivery),) = connection.execute(OPENED).fetchall()
    assert 0 < detected < timedelta(minutes=5).total_seconds()
    assert held == 0
    assert 0 < delivery < timedelta(seconds=30).total_seconds()
    assert all(message.is_verified for message in played.messages)


def test_a2_a_report_of_the_demo_blames_nobody_for_the_months_since(played: Played) -> None:
    said = (
        CliRunner()
        .invoke(cli, ["report", "--week", "2026-W10", "--config", str(played.config)])
        .stdout
    )
    section = said.split("Where the time went")[1].split("Promises")[0]
    assert "delivery" in section
    assert not [word for word in section.split() if word.endswith("d") and word[:-1].isdigit()]
