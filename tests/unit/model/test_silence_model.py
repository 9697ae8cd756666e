"""What a silence mutes, and what it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emberwatch.core.respond.triage import open_incident
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Exhibit, Incident, Severity
from emberwatch.model.silence import Silence
from tests.build import NOON, an_alert

HOUR = timedelta(hours=1)


def a_silence(**facts: object) -> Silence:
    wish: dict[str, object] = {
        "id": "sil_1",
        "at": NOON,
        "until": NOON + HOUR,
        "by": "ann",
        "reason": "a campaign",
    }
    return Silence(**{**wish, **facts})  # type: ignore[arg-type]


def an_incident(*kinds: AlertKind, languages: tuple[str, ...] = (), **facts: object) -> Incident:
    alerts = tuple(an_alert(kind, kind=kind) for kind in kinds or (AlertKind.SPIKE,))
    posts = tuple(
        Exhibit(
            post_id=language,
            author="anna",
            followers=None,
            created_at=NOON,
            url=None,
            language=language,
            text="",
            sentiment=None,
            anger=None,
            matched="acme",
            thread_id="t",
        )
        for language in languages
    )
    opened = open_incident(alerts[0], {}, None)
    return replace(opened, alerts=alerts, exhibits=posts, **facts)  # type: ignore[arg-type]


def test_a_silence_holds_from_its_beginning_to_before_its_end() -> None:
    silence = a_silence(brand="Acme")
    assert silence.is_active(NOON)
    assert not silence.is_active(NOON + HOUR)
    assert not silence.is_active(NOON - timedelta.resolution)


def test_a_silence_by_brand_mutes_that_brand() -> None:
    assert a_silence(brand="Acme").matches(an_incident())
    assert not a_silence(brand="Other").matches(an_incident())


def test_an_incident_that_becomes_more_than_the_kinds_named_is_not_muted() -> None:
    silence = a_silence(kinds=(AlertKind.SPIKE,))
    assert silence.matches(an_incident(AlertKind.SPIKE))
    assert not silence.matches(an_incident(AlertKind.SPIKE, AlertKind.PILE_ON))


def test_a_silence_by_theme_mutes_what_is_of_the_theme() -> None:
    silence = a_silence(themes=("delays",))
    assert silence.matches(an_incident(themes=("crew", "delays")))
    assert not silence.matches(an_incident(themes=("crew",)))


def test_a_silence_by_language_mutes_what_is_written_in_no_other() -> None:
    silence = a_silence(languages=("bg", "ru"))
    assert silence.matches(an_incident(languages=("bg", "ru")))
    assert not silence.matches(an_incident(languages=("bg", "en")))
    assert not silence.matches(an_incident())


def test_a_silence_below_a_severity_lets_the_grave_through() -> None:
    silence = a_silence(below=Severity.HIGH)
    assert silence.matches(an_incident(severity=Severity.WARNING))
    assert not silence.matches(an_incident(severity=Severity.HIGH))


def test_what_a_silence_mutes_is_said_in_one_line() -> None:
    silence = a_silence(
        brand="Acme",
        kinds=(AlertKind.SPIKE, AlertKind.PILE_ON),
        themes=("delays",),
        languages=("bg",),
        below=Severity.HIGH,
    )
    assert silence.subject == "Acme, spike or pile-on, delays, bg, below high"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "needs something to match"),
        ({"brand": "Acme", "by": ""}, "needs an author and a reason"),
        ({"brand": "Acme", "reason": ""}, "needs an author and a reason"),
        ({"brand": "Acme", "until": NOON - HOUR}, "ends before it begins"),
    ],
)
def test_a_silence_that_says_too_little_is_none(facts: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        a_silence(**facts)
