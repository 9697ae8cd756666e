"""Whether the anger cooled after the answer (advice A2, A5)."""

from dataclasses import replace

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.cooling import Cooling, Turn, cooling
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Voice
from tests.build import NOON, an_alert, minutes

ANSWERED = NOON + minutes(60)


def an_incident(began: float = -60, answered: bool = True) -> Incident:
    """Return an incident whose first post came so many minutes before noon."""
    alert = an_alert(first_post_at=NOON + minutes(began))
    opened = triage.open_incident(alert, {}, None)
    return replace(opened, responded_at=ANSWERED if answered else None)


def voices(count: int, after: float, anger: float | None = 0.8, who: str = "") -> list[Voice]:
    """Return angry people who speak so many minutes after the answer."""
    return [
        Voice(
            brand="Acme",
            name=who or f"{after}-{number}",
            post_id=f"{after}-{number}",
            at=ANSWERED + minutes(after),
            anger=anger,
            language="en",
            followers=None,
            reactions=0,
        )
        for number in range(count)
    ]


def judged(*said: list[Voice], after: float = 240, began: float = -60) -> Cooling:
    heard = [voice for each in said for voice in each]
    found = cooling(an_incident(began), heard, ANSWERED + minutes(after))
    assert found is not None
    return found


def test_a5_anger_that_leaves_after_the_answer_has_cooled() -> None:
    found = judged(voices(12, -30), voices(2, 30))
    assert (found.turn, found.before, found.after) == (Turn.COOLED, 6.0, 1.0)


def test_anger_that_comes_after_the_answer_has_grown() -> None:
    assert judged(voices(2, -30), voices(12, 30)).turn is Turn.GREW


def test_a_difference_that_chance_makes_is_none() -> None:
    assert judged(voices(6, -30), voices(4, 30)).turn is Turn.NO_CHANGE


@pytest.mark.parametrize(("before", "turn"), [(4, Turn.UNKNOWN), (5, Turn.COOLED)])
def test_of_four_voices_nothing_can_be_told(before: int, turn: Turn) -> None:
    assert judged(voices(before, -30)).turn is turn


def test_too_few_are_counted_and_said() -> None:
    assert judged(voices(3, -30)).why == "too few to tell: 3 angry voices"


def test_right_after_an_answer_it_is_too_early_to_tell() -> None:
    found = judged(voices(40, -30), after=29)
    assert (found.turn, found.before, found.why) == (Turn.UNKNOWN, None, "too early to tell")


def test_one_who_shouts_on_both_sides_is_one_voice_on_each() -> None:
    loud = [*voices(30, -30, who="eve"), *voices(30, 30, who="eve")]
    assert judged(loud).why == "too few to tell: 2 angry voices"


def test_calm_and_unjudged_voices_do_not_count() -> None:
    quiet = voices(20, -30, anger=0.2) + voices(20, -20, anger=None)
    assert judged(quiet).why == "too few to tell: 0 angry voices"


def test_what_lies_further_off_than_the_trouble_is_old_does_not_count() -> None:
    near = judged(voices(6, -119), voices(6, 119))
    far = judged(voices(6, -121), voices(6, 121))
    assert (near.before, near.after) == (3.0, 3.0)
    assert far.turn is Turn.UNKNOWN


def test_an_old_trouble_is_compared_over_three_hours() -> None:
    found = judged(voices(6, -179), voices(9, -181), began=-6000)
    assert found.before == 2.0


def test_a_young_trouble_is_compared_over_half_an_hour() -> None:
    found = judged(voices(6, -29), voices(9, -31), began=59)
    assert found.before == 12.0


def test_what_has_not_passed_yet_shortens_the_later_side() -> None:
    found = judged(voices(6, -30), voices(2, 10), after=40)
    assert (found.before, found.after) == (3.0, 3.0)


def test_who_was_not_answered_cannot_have_been_cooled_by_it() -> None:
    assert cooling(an_incident(answered=False), voices(9, -30), ANSWERED) is None


def test_thousands_of_voices_can_be_told_apart() -> None:
    assert judged(voices(3000, -30), voices(2800, 30)).turn is Turn.COOLED
