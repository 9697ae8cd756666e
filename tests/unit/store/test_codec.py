"""Detector states, instants and texts survive being written down."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest

from emberwatch.store.codec import (
    clean,
    decode_state,
    encode_state,
    instant_text,
    mapping_json,
    read_instant,
    read_mapping,
    read_strings,
    strings_json,
)
from tests.build import NOON


class Weather(StrEnum):
    FAIR = "fair"
    FOUL = "foul"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    level: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    cells: tuple[Cell, ...]
    weather: Weather
    pairs: tuple[tuple[str, int], ...]
    voices: frozenset[str]
    lasting: timedelta
    edge: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    cells: int


STATE = State(
    cells=(Cell(level=0.1 + 0.2, at=NOON), Cell(level=float("inf"), at=NOON)),
    weather=Weather.FOUL,
    pairs=(("jsonl::1", 3), ("ъ", -1)),
    voices=frozenset({"a", "б"}),
    lasting=timedelta(days=400, microseconds=1),
)


def test_a_state_comes_back_as_it_was() -> None:
    assert decode_state(encode_state(STATE), State) == STATE


def test_equal_states_are_written_alike() -> None:
    names = [f"voice {n}" for n in range(50)]
    forth = replace(STATE, voices=frozenset(names))
    back = replace(STATE, voices=frozenset(reversed([*names, *names])))
    assert encode_state(forth) == encode_state(back)


@pytest.mark.parametrize("body", [encode_state(STATE), b"", b"\xc1"])
def test_a_body_that_fits_another_class_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="no Narrow"):
        decode_state(body, Narrow)


def test_instants_are_written_so_that_text_sorts_as_time_does() -> None:
    instants = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        NOON,
        NOON + timedelta(microseconds=1),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    texts = [instant_text(at) for at in instants]
    assert texts == sorted(texts)
    assert {len(text) for text in texts} == {27}
    assert [read_instant(text) for text in texts] == instants
    assert texts[3] == "2026-03-02T12:00:00.000000Z"


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    sofia = timezone(timedelta(hours=2))
    assert instant_text(NOON.astimezone(sofia)) == instant_text(NOON)


def test_an_instant_at_the_edge_of_the_calendar_is_kept_near_enough() -> None:
    east = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert instant_text(east) == "0001-01-01T00:00:00.000000Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        instant_text(NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain", "plain"),
        ("Грешка 😡", "Грешка 😡"),
        ("a\ud800b", "a\ufffdb"),
        ("a\x00b", "a\ufffdb"),
        ("ж\x00\udfff", "ж\ufffd\ufffd"),
    ],
)
def test_text_that_cannot_be_written_is_replaced(given: str, kept: str) -> None:
    assert clean(given) == kept
    assert read_strings(strings_json((given,))) == (kept,)
    assert read_mapping(mapping_json({given: given})) == {kept: kept}
