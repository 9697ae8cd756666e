"""Lines of the log: one an event, safe to print, with nothing that is secret."""

import logging
from collections.abc import Callable, Iterator

import pytest

from emberwatch.model.secret import Secret
from emberwatch.runtime.telemetry import MOST, Log, start_logging

CANARY = 'canary-"5ecret-cafe'
Say = Callable[..., str]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Iterator[Say]:
    """Log an event with its facts, and return what is printed."""
    loggers = [logging.getLogger(name) for name in ("", "emberwatch", "apscheduler")]
    before = [(logger, logger.handlers, logger.level) for logger in loggers]

    def say(event: str, **facts: object) -> str:
        start_logging([Secret(CANARY), Secret("")])
        Log("house").warning(event, **facts)
        return capsys.readouterr().err

    yield say
    for logger, handlers, level in before:
        logger.handlers = handlers
        logger.setLevel(level)


def test_an_event_is_one_line_with_its_facts(say: Say) -> None:
    said = say("feed not read", feed="town", why='it said "no"\x1b[2J\n')
    assert said.endswith(' feed not read feed=town why="it said \\"no\\""\n')
    assert said.count("\n") == 1


@pytest.mark.parametrize("before", [0, MOST - len(CANARY) // 2])
def test_a_secret_is_hidden_before_the_line_is_cut(say: Say, before: int) -> None:
    said = say("x" * before + CANARY, why="x" * before + CANARY)
    assert "canary" not in said
    assert "***" in said or before


def test_an_address_is_told_without_its_user_and_its_query(say: Say) -> None:
    said = say("gone", url="https://me:word@x.test/a?token=1 and more")
    assert 'url="https://***@x.test/a?... and more"' in said
