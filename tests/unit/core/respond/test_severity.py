"""How much a trouble matters."""

from datetime import UTC, datetime

import pytest

from emberwatch.core.respond.severity import severity, severity_of
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Severity

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def of(unlikeliness=0.0, weight=0.0, reach=0.0, is_threat=False):
    return severity(unlikeliness=unlikeliness, weight=weight, reach=reach, is_threat=is_threat)


def an_alert(**changes):
    kind = changes.pop("kind", AlertKind.SPIKE)
    brand = None if kind.is_about_us else "Acme"
    facts = {"id": "a", "brand": brand, "subject": "s", "started_at": AT, "at": AT, "reason": "r"}
    return Alert(kind=kind, **{**facts, **changes})


def test_what_could_be_chance_and_touches_few_is_info():
    assert of(unlikeliness=3.9, weight=19, reach=9_999) is Severity.INFO


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"unlikeliness": 4}, Severity.WARNING),
        ({"weight": 60}, Severity.WARNING),
        ({"unlikeliness": 7, "weight": 20}, Severity.HIGH),
        ({"unlikeliness": 12, "weight": 60}, Severity.HIGH),
        ({"unlikeliness": 12, "weight": 200}, Severity.CRITICAL),
        ({"unlikeliness": 7, "weight": 60, "reach": 100_000}, Severity.CRITICAL),
    ],
)
def test_points_add_up(facts, expected):
    assert of(**facts) is expected


def test_a_small_threat_is_high():
    assert of(is_threat=True) is Severity.HIGH


def test_a_threat_in_a_storm_is_critical():
    assert of(unlikeliness=7, weight=20, is_threat=True) is Severity.CRITICAL


def test_nothing_is_above_critical():
    assert of(unlikeliness=99, weight=9999, reach=1e9, is_threat=True) is Severity.CRITICAL


def test_a_chance_too_small_for_a_float_is_as_unlikely_as_can_be():
    assert severity_of([an_alert(chance=0.0, observed=200.0)]) is Severity.CRITICAL


def test_an_alert_without_figures_is_info():
    assert severity_of([an_alert()]) is Severity.INFO


def test_the_gravest_alert_decides():
    alerts = [an_alert(chance=1e-13, observed=300.0), an_alert(chance=0.5)]
    assert severity_of(alerts) is Severity.CRITICAL


def test_a_blind_watch_is_a_warning():
    assert severity_of([an_alert(kind=AlertKind.WATCH_BLIND)]) is Severity.WARNING


def test_no_alert_is_info():
    assert severity_of([]) is Severity.INFO
