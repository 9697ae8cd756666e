"""People who are angry about two things have two troubles; without themes they have one."""

from dataclasses import replace

import pytest

from emberwatch.core.respond import triage
from emberwatch.core.respond.themes import matter_of
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Mention
from tests.build import NOON, a_mention, an_alert, minutes

QUIET = minutes(360)


def voices(name: str, *themes: tuple[str, ...], anger: float | None = 0.8) -> dict[str, Mention]:
    """Return a voice for each tuple of themes."""
    heard = [
        a_mention(f"{name}{n}", author=f"{name}{n}", anger=anger, themes=each)
        for n, each in enumerate(themes)
    ]
    return {mention.post.id: mention for mention in heard}


def opened(name: str, *themes: tuple[str, ...], minute: float = 0, **facts: object) -> Incident:
    at = NOON + minutes(minute)
    heard = voices(name, *themes)
    alert = an_alert(f"spike:Acme:{name}", evidence=tuple(heard), started_at=at, **facts)
    return triage.open_incident(alert, heard, None)


def asked(name: str, *themes: tuple[str, ...], **facts: object) -> tuple[Alert, dict[str, Mention]]:
    """Return an alert about a thread, and its evidence."""
    heard = voices(name, *themes)
    facts.setdefault("kind", AlertKind.PILE_ON)
    return an_alert(
        f"pile_on:Acme:{name}", evidence=tuple(heard), at=NOON + minutes(5), **facts
    ), heard


FEES, LATE, BOTH, NONE = ("fees",), ("late",), ("fees", "late"), ()


def exhibits(*themes: tuple[str, ...], anger: float | None = 0.8) -> tuple:
    heard = voices("x", *themes, anger=anger)
    return triage.exhibits(an_alert(evidence=tuple(heard)), heard)


@pytest.mark.parametrize(
    ("themes", "matter"),
    [
        ([FEES, FEES, FEES], {"fees"}),
        ([FEES, FEES, FEES, NONE, NONE], {"fees"}),
        ([FEES, FEES, FEES, NONE, NONE, NONE], set()),
        ([FEES, FEES, LATE], {"fees", "late"}),
        ([FEES, FEES, FEES, FEES, FEES, LATE], {"fees"}),
        ([BOTH, BOTH], {"fees", "late"}),
        ([NONE, NONE], set()),
        ([], set()),
    ],
)
def test_a_matter_is_what_a_clear_majority_of_the_anger_is_about(
    themes: list[tuple[str, ...]], matter: set[str]
) -> None:
    assert matter_of(exhibits(*themes)) == matter


def test_neither_calm_posts_nor_those_that_nobody_could_judge_make_a_matter() -> None:
    assert matter_of(exhibits(FEES, FEES, anger=0.1)) == frozenset()
    assert matter_of(exhibits(FEES, FEES, anger=None)) == frozenset()


def test_one_who_shouts_is_one_voice_of_a_matter() -> None:
    loud = {
        mention.post.id: mention
        for mention in (a_mention(f"l{n}", author="anna", themes=LATE) for n in range(9))
    }
    heard = {**loud, **voices("x", FEES, FEES, FEES, FEES, FEES)}
    frozen = triage.exhibits(an_alert(evidence=tuple(heard)), heard)
    assert matter_of(frozen) == {"fees"}


def test_a_second_storm_of_another_theme_is_another_trouble() -> None:
    burning = opened("a", FEES, FEES, FEES)
    alert, heard = asked("b", LATE, LATE, LATE)
    assert triage.joined([burning], alert, heard, QUIET) is None


@pytest.mark.parametrize(
    "themes",
    [
        pytest.param([FEES, FEES], id="the same theme"),
        pytest.param([BOTH, LATE], id="partly the same theme"),
        pytest.param([NONE, NONE], id="no theme"),
        pytest.param([LATE, NONE], id="no clear theme"),
        pytest.param([], id="no evidence"),
    ],
)
def test_what_is_not_clearly_another_matter_joins_what_burns(themes: list[tuple[str, ...]]) -> None:
    burning = opened("a", FEES, FEES, FEES)
    alert, heard = asked("b", *themes)
    assert triage.joined([burning], alert, heard, QUIET) is burning


def test_a_trouble_without_a_clear_theme_takes_in_what_comes() -> None:
    burning = opened("a", FEES, NONE, NONE)
    alert, heard = asked("b", LATE, LATE)
    assert triage.joined([burning], alert, heard, QUIET) is burning


def test_a_stray_word_in_the_trouble_that_burns_does_not_bind_the_next_one_to_it() -> None:
    burning = opened("a", *[FEES] * 9, LATE)
    assert "late" in burning.themes
    alert, heard = asked("b", LATE, LATE)
    assert triage.joined([burning], alert, heard, QUIET) is None


def test_of_two_troubles_that_burn_an_alert_joins_its_own() -> None:
    fees, late = opened("a", FEES, FEES), opened("b", LATE, LATE, minute=2)
    for themes, home in ((FEES, fees), (LATE, late), (NONE, late)):
        alert, heard = asked("c", themes, themes)
        assert triage.joined([fees, late], alert, heard, QUIET) is home


def test_a_pile_on_and_the_spike_of_its_thread_are_one_trouble_whatever_they_speak_of() -> None:
    spike, other = opened("a", FEES, FEES, thread_id="t"), opened("b", LATE, LATE, minute=2)
    pile_on, heard = asked("c", LATE, LATE, thread_id="t")
    assert triage.joined([spike, other], pile_on, heard, QUIET) is spike
    stranger = replace(pile_on, thread_id="u")
    assert triage.joined([spike, other], stranger, heard, QUIET) is other


def test_what_has_been_quiet_or_holds_the_alert_already_is_not_joined_by_it() -> None:
    quiet = opened("a", FEES, fire=Fire.OUT)
    alert, heard = asked("b", FEES)
    assert triage.joined([quiet], replace(alert, at=NOON + minutes(361)), heard, QUIET) is None
    assert triage.joined([quiet], quiet.alerts[0], heard, QUIET) is None


def test_a_trouble_beside_another_says_why_it_is_apart() -> None:
    burning = opened("a", FEES, FEES)
    alert, heard = asked("b", LATE, LATE)
    beside = triage.open_incident(alert, heard, burning, is_beside=True)
    assert beside.previous_id is None
    assert beside.timeline[0].note == (
        f"{alert.reason}; it is about late, and so apart from {burning.id} about fees"
    )
