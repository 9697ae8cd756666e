"""Storyboards in plain files: what happens, what rings and when, and what stays quiet."""

from pathlib import Path

import pytest
import yaml

from emberwatch.model.incident import Action
from emberwatch.store.memory import MemoryStore
from tests.build import NOON
from tests.scenarios.telling import after, come_true

STORYBOARDS = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.advice("A4")
@pytest.mark.parametrize("path", STORYBOARDS, ids=lambda path: path.stem)
def test_the_storyboard_comes_out_as_told(path: Path) -> None:
    storyboard = yaml.safe_load(path.read_text())
    found = come_true(storyboard, MemoryStore())
    told = [
        (
            sorted(incident.kinds),
            str(incident.opened_at),
            [alert.reason for alert in incident.alerts],
        )
        for incident in found.incidents
    ]
    assert len(found.incidents) == len(storyboard["expect"]), (storyboard["title"], told)
    for incident, expected in zip(found.incidents, storyboard["expect"], strict=True):
        assert set(expected["kinds"]) <= set(incident.kinds), told
        assert not set(expected.get("never", ())) & set(incident.kinds), told
        since, until = after(expected.get("from", "0s")), after(expected["by"])
        assert NOON + since <= incident.opened_at <= NOON + until, told
        if "over_by" in expected:
            over_by = NOON + after(expected["over_by"])
            ends = [alert.ended_at for alert in incident.alerts]
            assert all(end is not None and end <= over_by for end in ends), (told, ends)
        if "told_again" in expected:
            first, last = (NOON + after(expected["told_again"][end]) for end in ("from", "by"))
            updates = [step.at for step in incident.timeline if step.action is Action.UPDATED]
            assert any(first <= at <= last for at in updates), (told, updates)
    if "shown" in storyboard:
        assert found.shown == set(storyboard["shown"]), told


def test_there_are_storyboards() -> None:
    assert len(STORYBOARDS) >= 16
