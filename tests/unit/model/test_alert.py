"""What a detector says when it fires, and what it refuses to say."""

from dataclasses import replace

import pytest

from emberwatch.model.alert import Alert, AlertKind
from tests.build import NOON, an_alert


@pytest.mark.parametrize("kind", list(AlertKind))
def test_an_alert_is_about_a_brand_or_about_ourselves_and_never_both(kind: AlertKind) -> None:
    right = an_alert("x:1", kind=kind)
    assert (right.brand is None) == kind.is_about_us
    with pytest.raises(ValueError, match="alert 'x:1'"):
        replace(right, brand="Acme" if kind.is_about_us else None)


def test_an_alert_is_open_until_it_has_ended() -> None:
    alert: Alert = an_alert()
    assert alert.is_open
    assert not replace(alert, ended_at=NOON).is_open
