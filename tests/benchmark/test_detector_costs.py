"""The costs are of what they say they are of."""

from datetime import timedelta

import pytest

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import Mentioned
from tests.benchmark.detector_costs import (
    ACME,
    REACTIONS,
    WARM_UP,
    Idle,
    a_thread,
    life,
    of_mention,
    seconds_of,
)
from tests.benchmark.detector_race import Following
from tests.benchmark.simulated_brands import START


def test_the_first_days_are_lived_but_not_measured() -> None:
    lived = life(seed=1, size=1.0, weeks=3)
    assert max(event.at for event in lived.before) < START + WARM_UP
    assert min(event.at for event in lived.measured) >= START + WARM_UP
    assert lived.mentions == sum(isinstance(event, Mentioned) for event in lived.measured) > 0


def test_no_more_mentions_are_measured_than_asked_for() -> None:
    lived = life(seed=1, size=10.0, weeks=3, most=50)
    assert lived.mentions == 50
    assert isinstance(lived.measured[-1], Mentioned)


def test_following_is_measured_with_a_detector_that_keeps_still() -> None:
    lived = life(seed=1, size=1.0, weeks=3)
    following = Following(Idle(), ACME)
    assert seconds_of(following, lived.measured) >= 0.0
    assert following.alerts == []
    assert float(of_mention(lived, lambda _: Idle())) >= 0.0


@pytest.mark.parametrize("gap", [20, 300])
def test_the_thread_that_is_measured_is_a_pile_on(gap: int) -> None:
    told = a_thread(gap, seed=1)
    following = Following(PileOn({ACME.name: ACME}), ACME)
    seconds_of(following, told)
    assert len(told) == REACTIONS + 1
    assert told[-1].at - START > timedelta(seconds=gap * REACTIONS / 2)
    assert {alert.kind for alert in following.alerts} == {AlertKind.PILE_ON}
