"""Who hears now, who later, and what the clock does while nobody acknowledges."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from emberwatch.core.respond.attention import Call, chain, goal_of, muting, spelled, tell, wake
from emberwatch.core.respond.routing import Directory, Route
from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.alert import AlertKind, Fire
from emberwatch.model.brand import Brand
from emberwatch.model.incident import NOT_WAITING, Action, Severity, Status, Step
from emberwatch.model.silence import Silence
from emberwatch.model.team import Link, Person, Span, Team
from tests.build import NOON, an_alert

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MARA = Person(name="Mara", languages=("bg",), notifier="mara")
SUPPORT = Team(
    name="support",
    people=(MARA,),
    notify=("chat",),
    escalation=(
        Link(after=10 * MINUTE, people=("Mara",)),
        Link(after=30 * MINUTE, team="bosses"),
    ),
)
BOSSES = Team(name="bosses", notify=("boss",))
NIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)


def daily(start: str, end: str) -> tuple[Span, ...]:
    return tuple(
        Span(weekday=day, start=time.fromisoformat(start), end=time.fromisoformat(end))
        for day in range(7)
    )


QUIET = replace(SUPPORT, quiet_hours=daily("22:00", "07:00"))
MORNING = datetime(2026, 3, 3, 7, tzinfo=UTC)


def a_desk(
    *teams: Team,
    routes: tuple[Route, ...] = (),
    notifiers: tuple[str, ...] = ("chat", "mara", "boss", "log"),
) -> Directory:
    return Directory(
        routes=routes,
        notifiers=notifiers,
        teams={each.name: each for each in teams},
        brands={"Acme": Brand(name="Acme", words=("acme",), team="support")},
    )


DESK = a_desk(SUPPORT, BOSSES)


class Watch:
    """An incident and the people around it, as time goes on."""

    def __init__(
        self, desk: Directory = DESK, at: datetime = NOON, silences: Sequence[Silence] = ()
    ) -> None:
        self.desk = desk
        self.silences = list(silences)
        self.calls: list[Call] = []
        self.incident = open_incident(an_alert("a", started_at=at), {}, None)
        self._tell()

    def _tell(self) -> None:
        step = self.incident.timeline[-1]
        self.incident, calls = tell(self.desk, self.incident, step, self.silences)
        self.calls += calls

    def news(self, at: datetime, **facts: object) -> None:
        """Let the data have news of it."""
        step = Step(at=at, who="emberwatch", action=Action.UPDATED, note="it grew")
        self.incident = replace(
            self.incident,
            sequence=self.incident.sequence + 1,
            timeline=(*self.incident.timeline, step),
            **facts,
        )
        self._tell()

    def does(self, action: Action, at: datetime) -> None:
        """Let a person do something with it."""
        self.incident = act(self.incident, Deed(action=action, by="ann", at=at))
        self._tell()

    def looks(self, at: datetime) -> list[tuple[str, str]]:
        """Let the clock look at it; return who was told what."""
        before = len(self.calls)
        self.incident, calls = wake(self.desk, self.incident, at, self.silences)
        self.calls += calls
        return self.heard[before:]

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(" ".join(call.notifiers), call.action.value) for call in self.calls]

    @property
    def actions(self) -> list[str]:
        return [step.action.value for step in self.incident.timeline]

    @property
    def wakes_at(self) -> datetime | None:
        return self.incident.waiting.wakes_at


def a_silence(**facts: object) -> Silence:
    wish: dict[str, object] = {
        "id": "sil_1",
        "at": NOON - HOUR,
        "until": NOON + HOUR,
        "by": "ann",
        "reason": "a campaign",
        "brand": "Acme",
    }
    return Silence(**{**wish, **facts})  # type: ignore[arg-type]


# ---------------------------------------------------------------- escalation
def test_a1_the_team_is_told_and_the_clock_of_its_escalation_runs() -> None:
    watch = Watch()

    assert watch.heard == [("chat", "opened")]
    assert watch.incident.team == "support"
    assert watch.wakes_at == NOON + 10 * MINUTE


def test_a1_where_nobody_acknowledges_in_time_the_next_link_is_told() -> None:
    watch = Watch()

    assert watch.looks(NOON + 9 * MINUTE) == []
    assert watch.looks(NOON + 10 * MINUTE) == [("mara", "escalated")]
    assert watch.looks(NOON + 30 * MINUTE) == [("boss", "escalated")]
    assert watch.wakes_at is None
    assert [step.note for step in watch.incident.timeline[1:]] == [
        "nobody acknowledged within 10 min: Mara (mara)",
        "nobody acknowledged within 30 min: bosses (boss)",
    ]


def test_a_step_is_told_once_however_often_the_clock_looks() -> None:
    watch = Watch()
    watch.looks(NOON + 10 * MINUTE)

    assert watch.looks(NOON + 10 * MINUTE) == []
    assert watch.looks(NOON + 11 * MINUTE) == []


def test_every_telling_raises_the_sequence() -> None:
    watch = Watch()
    watch.looks(NOON + HOUR)
    assert [call.incident.sequence for call in watch.calls] == [1, 2, 3]


def test_a_clock_that_leapt_tells_each_link_that_is_due_once_and_in_order() -> None:
    watch = Watch()
    assert watch.looks(NOON + 9 * HOUR) == [("mara", "escalated"), ("boss", "escalated")]
    assert watch.looks(NOON + 9 * HOUR) == []


@pytest.mark.parametrize("action", [Action.ACKNOWLEDGED, Action.RESPONDED, Action.RESOLVED])
def test_a1_nothing_that_somebody_took_on_escalates(action: Action) -> None:
    watch = Watch()
    watch.does(action, NOON + MINUTE)

    assert watch.wakes_at is None
    assert watch.looks(NOON + HOUR) == []


def test_an_incident_that_is_only_assigned_still_escalates() -> None:
    watch = Watch()
    watch.incident = act(
        watch.incident, Deed(action=Action.ASSIGNED, by="ann", to="bo", at=NOON + MINUTE)
    )
    assert watch.looks(NOON + 10 * MINUTE) == [("mara", "escalated")]


def test_what_is_reopened_waits_as_if_it_were_new() -> None:
    watch = Watch()
    watch.looks(NOON + 10 * MINUTE)
    watch.does(Action.RESOLVED, NOON + 11 * MINUTE)
    watch.does(Action.REOPENED, NOON + HOUR)

    assert watch.wakes_at == NOON + HOUR + 10 * MINUTE
    assert watch.looks(NOON + HOUR + 10 * MINUTE) == [("mara", "escalated")]


def test_whoever_was_told_hears_of_it_to_its_end() -> None:
    watch = Watch()
    watch.looks(NOON + 10 * MINUTE)
    watch.does(Action.RESOLVED, NOON + 11 * MINUTE)
    assert watch.heard[-1] == ("chat mara", "resolved")


def test_who_was_told_at_another_hour_hears_of_it_to_its_end() -> None:
    day = Route(hours=daily("09:00", "18:00"), notify=("log",))
    late = Route(hours=daily("18:00", "09:00"), notify=("boss",))
    watch = Watch(a_desk(routes=(day, late)))
    watch.news(NOON + 8 * HOUR)
    assert watch.heard == [("log", "opened"), ("boss log", "updated")]


def test_a_link_that_reaches_nobody_is_noted_and_passed() -> None:
    team = replace(
        SUPPORT,
        escalation=(Link(after=10 * MINUTE, team="gone"), Link(after=30 * MINUTE, team="bosses")),
    )
    watch = Watch(a_desk(team, BOSSES))

    assert watch.looks(NOON + 10 * MINUTE) == []
    assert watch.incident.timeline[-1].note.endswith("gone, whom no notifier reaches")
    assert watch.looks(NOON + 30 * MINUTE) == [("boss", "escalated")]


def test_a_notifier_that_is_no_longer_configured_is_told_no_more() -> None:
    watch = Watch()
    watch.desk = a_desk(SUPPORT, BOSSES, notifiers=("boss",))
    watch.news(NOON + MINUTE)
    assert watch.heard[-1] == ("boss", "updated")


def test_without_a_team_there_is_no_clock() -> None:
    watch = Watch(a_desk())

    assert watch.heard == [("chat mara boss log", "opened")]
    assert watch.wakes_at is None
    assert chain(watch.desk, watch.incident) == ()


def test_without_notifiers_nobody_is_told_and_no_clock_runs() -> None:
    watch = Watch(a_desk(SUPPORT, BOSSES, notifiers=()))

    assert watch.calls == []
    assert watch.incident.team == "support"
    assert watch.incident.waiting == NOT_WAITING
    assert watch.looks(NOON + HOUR) == []


def test_the_owner_stays_the_owner_when_another_route_takes_it_later() -> None:
    routes = (Route(severity=Severity.CRITICAL, team="bosses"),)
    watch = Watch(a_desk(SUPPORT, BOSSES, routes=routes))
    watch.news(NOON + MINUTE, severity=Severity.CRITICAL)

    assert watch.incident.team == "support"
    assert watch.heard[-1] == ("chat boss", "updated")


# ---------------------------------------------------------------- reminders
def test_those_who_know_are_told_again_until_somebody_acknowledges() -> None:
    watch = Watch(a_desk(replace(SUPPORT, escalation=(), renotify=20 * MINUTE)))

    assert watch.wakes_at == NOON + 20 * MINUTE
    assert watch.looks(NOON + 20 * MINUTE) == [("chat", "reminded")]
    assert watch.looks(NOON + 39 * MINUTE) == []
    assert watch.looks(NOON + 40 * MINUTE) == [("chat", "reminded")]
    watch.does(Action.ACKNOWLEDGED, NOON + 41 * MINUTE)
    assert watch.looks(NOON + 3 * HOUR) == []


def test_any_telling_puts_the_reminder_off() -> None:
    watch = Watch(a_desk(replace(SUPPORT, escalation=(), renotify=20 * MINUTE)))
    watch.news(NOON + 15 * MINUTE)

    assert watch.looks(NOON + 20 * MINUTE) == []
    assert watch.looks(NOON + 35 * MINUTE) == [("chat", "reminded")]


def test_an_escalation_is_reminder_enough() -> None:
    watch = Watch(a_desk(replace(SUPPORT, renotify=10 * MINUTE), BOSSES))
    assert watch.looks(NOON + 10 * MINUTE) == [("mara", "escalated")]
    assert watch.looks(NOON + 20 * MINUTE) == [("chat mara", "reminded")]


def test_what_nobody_took_on_for_a_week_is_not_reminded_of_any_more() -> None:
    watch = Watch(a_desk(replace(SUPPORT, escalation=(), renotify=3 * 24 * HOUR)))
    told = [watch.looks(NOON + day * 24 * HOUR) for day in (3, 6, 9, 12)]
    assert [len(each) for each in told] == [1, 1, 0, 0]
    assert watch.wakes_at is None


# ---------------------------------------------------------------- quiet hours
def test_what_comes_in_quiet_hours_is_told_once_when_they_end() -> None:
    watch = Watch(a_desk(QUIET, BOSSES), NIGHT)
    watch.news(NIGHT + HOUR)

    assert watch.calls == []
    assert watch.wakes_at == MORNING
    assert watch.actions == ["opened", "held", "updated"]
    assert watch.looks(MORNING - MINUTE) == []
    assert watch.looks(MORNING) == [("chat", "opened")]
    assert watch.looks(MORNING) == []
    assert "quiet hours are over: chat told" in watch.incident.timeline[-1].note


def test_the_escalation_counts_from_when_the_team_was_told() -> None:
    watch = Watch(a_desk(QUIET, BOSSES), NIGHT)
    assert watch.looks(MORNING) == [("chat", "opened")]
    assert watch.wakes_at == MORNING + 10 * MINUTE


def test_what_turns_critical_in_quiet_hours_is_told_at_once() -> None:
    watch = Watch(a_desk(QUIET, BOSSES), NIGHT)
    watch.news(NIGHT + HOUR, severity=Severity.CRITICAL)

    assert watch.heard == [("chat", "opened")]
    assert watch.incident.waiting.withheld == ()


def test_what_was_resolved_in_quiet_hours_is_told_as_it_stands() -> None:
    watch = Watch(a_desk(QUIET, BOSSES), NIGHT)
    watch.does(Action.RESOLVED, NIGHT + HOUR)

    assert watch.looks(MORNING) == [("chat", "resolved")]
    assert watch.wakes_at is None


def test_news_of_the_night_for_those_who_knew_before_is_an_update_in_the_morning() -> None:
    evening = NIGHT - 2 * HOUR
    watch = Watch(a_desk(replace(QUIET, escalation=()), BOSSES), evening)
    watch.news(NIGHT)

    assert watch.looks(MORNING) == [("chat", "told")]


def test_quiet_hours_of_one_team_hold_no_other() -> None:
    routes = (Route(team="support"), Route(team="bosses"))
    watch = Watch(a_desk(QUIET, BOSSES, routes=routes), NIGHT)

    assert watch.heard == [("boss", "opened")]
    assert watch.incident.waiting.withheld == ("chat",)
    # the clock runs, for somebody knows
    assert watch.wakes_at == NIGHT + 10 * MINUTE
    since = watch.incident.waiting.since
    watch.looks(MORNING)
    assert watch.incident.waiting.since == since


def test_a_link_whose_people_sleep_is_told_when_their_quiet_hours_end() -> None:
    begins = NIGHT - HOUR - 5 * MINUTE
    watch = Watch(a_desk(QUIET, BOSSES), begins)

    assert watch.looks(begins + 10 * MINUTE) == []
    assert watch.incident.timeline[-1].note == (
        "nobody acknowledged within 10 min: Mara; in quiet hours: mara"
    )
    assert watch.looks(begins + 30 * MINUTE) == [("boss", "escalated")]
    assert watch.looks(MORNING) == [("mara", "opened")]


def test_a_reminder_that_nobody_would_hear_waits_for_the_morning() -> None:
    watch = Watch(
        a_desk(replace(QUIET, escalation=(), renotify=30 * MINUTE)), NIGHT - HOUR - 5 * MINUTE
    )
    assert watch.heard == [("chat", "opened")]
    assert watch.looks(NIGHT - 35 * MINUTE) == []
    assert watch.wakes_at == MORNING
    assert watch.looks(MORNING) == [("chat", "reminded")]


def test_those_who_are_told_beside_the_team_are_not_held_by_its_quiet_hours() -> None:
    routes = (Route(team="support", notify=("log",)),)
    watch = Watch(a_desk(QUIET, routes=routes), NIGHT)
    assert watch.heard == [("log", "opened")]


def test_who_knew_by_a_route_that_holds_no_more_is_left_to_sleep_too() -> None:
    routes = (Route(hours=daily("09:00", "22:00"), team="support"), Route(notify=("log",)))
    other = replace(QUIET, name="other", notify=(), people=())
    desk = replace(a_desk(QUIET, other, routes=routes), brands={})
    watch = Watch(desk, NIGHT - 90 * MINUTE)
    assert watch.heard == [("chat log", "opened")]
    watch.news(NIGHT)
    assert watch.heard[-1] == ("log", "updated")
    assert watch.incident.waiting.withheld == ("chat",)


# ---------------------------------------------------------------- silences
def test_a_silence_mutes_notifications_and_says_so_in_the_timeline() -> None:
    watch = Watch(silences=[a_silence()])

    assert watch.calls == []
    assert watch.wakes_at == NOON + HOUR
    assert watch.incident.timeline[-1].note == (
        "chat not told until 2026-03-02 13:00 UTC: silence sil_1 by ann: a campaign"
    )


def test_what_still_burns_when_a_silence_ends_is_told_once() -> None:
    watch = Watch(silences=[a_silence()])
    watch.news(NOON + MINUTE)

    assert watch.looks(NOON + HOUR) == [("chat", "opened")]
    assert watch.looks(NOON + HOUR) == []
    assert watch.incident.timeline[-1].note == "the silence is over: chat told"
    # only now do people know
    assert watch.wakes_at == NOON + HOUR + 10 * MINUTE


@pytest.mark.parametrize("how", ["closed", "out"])
def test_what_is_over_when_a_silence_ends_nobody_hears_of(how: str) -> None:
    watch = Watch(silences=[a_silence()])
    if how == "closed":
        watch.does(Action.RESOLVED, NOON + MINUTE)
    else:
        over = replace(watch.incident.alerts[0], fire=Fire.OUT, ended_at=NOON + MINUTE)
        watch.news(NOON + MINUTE, alerts=(over,))

    assert watch.looks(NOON + HOUR) == []
    assert watch.wakes_at is None


def test_who_knew_before_a_silence_is_owed_the_end() -> None:
    watch = Watch()
    watch.silences.append(a_silence(at=NOON + MINUTE))
    watch.does(Action.RESOLVED, NOON + 2 * MINUTE)

    assert watch.heard == [("chat", "opened")]
    assert watch.looks(NOON + HOUR) == [("chat", "resolved")]


def test_nothing_escalates_under_a_silence_and_the_rest_comes_when_it_ends() -> None:
    watch = Watch()
    watch.silences.append(a_silence(at=NOON + MINUTE))

    assert watch.looks(NOON + 10 * MINUTE) == []
    assert watch.wakes_at == NOON + HOUR
    assert watch.looks(NOON + HOUR) == [("mara", "escalated"), ("boss", "escalated")]


def test_a_silence_that_held_something_starts_the_clock_anew() -> None:
    watch = Watch()
    watch.silences.append(a_silence(at=NOON + MINUTE))
    watch.news(NOON + 2 * MINUTE)

    assert watch.looks(NOON + HOUR) == [("chat", "told")]
    assert watch.wakes_at == NOON + HOUR + 10 * MINUTE


def test_an_incident_that_outgrows_a_silence_is_told_at_once() -> None:
    watch = Watch(silences=[a_silence(below=Severity.CRITICAL)])
    watch.news(NOON + MINUTE, severity=Severity.CRITICAL)
    assert watch.heard == [("chat", "opened")]


def test_of_several_silences_the_last_to_end_counts() -> None:
    later = a_silence(id="sil_2", until=NOON + 2 * HOUR)
    watch = Watch(silences=[a_silence(), later])

    assert watch.wakes_at == NOON + 2 * HOUR
    assert muting(watch.silences, watch.incident, NOON) == later


def test_a_silence_that_ends_in_quiet_hours_hands_over_to_them() -> None:
    silence = a_silence(at=NIGHT - HOUR, until=NIGHT + HOUR)
    watch = Watch(a_desk(QUIET, BOSSES), NIGHT, silences=[silence])

    assert watch.looks(NIGHT + HOUR) == []
    assert (watch.incident.waiting.withheld, watch.incident.waiting.silenced) == (("chat",), ())
    assert watch.looks(MORNING) == [("chat", "opened")]


def test_a_silence_of_something_else_mutes_nothing() -> None:
    for other in (
        a_silence(brand="Other"),
        a_silence(kinds=(AlertKind.PILE_ON,)),
        a_silence(until=NOON - MINUTE),
        a_silence(at=NOON + MINUTE),
    ):
        assert Watch(silences=[other]).heard == [("chat", "opened")]


# ---------------------------------------------------------------- clocks that are wrong
def test_a_clock_that_was_set_back_leaves_nobody_waiting_for_a_future_that_was_none() -> None:
    watch = Watch(a_desk(replace(SUPPORT, renotify=20 * MINUTE), BOSSES))
    past = NOON - 24 * HOUR

    assert watch.looks(past) == []
    assert watch.wakes_at == past + 10 * MINUTE
    assert watch.looks(past + 10 * MINUTE) == [("mara", "escalated")]
    assert watch.looks(past + 30 * MINUTE) == [("boss", "escalated")]


def test_the_clock_of_those_who_slept_is_set_back_too() -> None:
    watch = Watch()
    watch.incident = replace(
        watch.incident, waiting=replace(watch.incident.waiting, since=None, told_at=NOON)
    )
    watch.looks(NOON - HOUR)
    assert watch.incident.waiting.told_at == NOON - HOUR


def test_an_incident_of_before_there_were_teams_waits_for_news() -> None:
    watch = Watch()
    watch.incident = replace(watch.incident, waiting=NOT_WAITING)

    assert watch.looks(NOON + HOUR) == []
    watch.news(NOON + 2 * HOUR)
    assert watch.wakes_at == NOON + 2 * HOUR + 10 * MINUTE


def test_a_closed_incident_that_somebody_acknowledges_elsewhere_stays_quiet() -> None:
    watch = Watch()
    closed = replace(watch.incident, status=Status.DISMISSED)
    woken, calls = wake(watch.desk, closed, NOON + HOUR)
    assert (calls, woken.waiting.wakes_at) == ((), None)


# ---------------------------------------------------------------- in words
@pytest.mark.parametrize(
    ("length", "words"),
    [
        (90 * timedelta(seconds=1), "90 s"),
        (10 * MINUTE, "10 min"),
        (2 * HOUR, "2 h"),
        (timedelta(days=3), "3 d"),
    ],
)
def test_lengths_are_said_in_whole_units(length: timedelta, words: str) -> None:
    assert spelled(length) == words


def test_whom_a_link_tells_is_said_in_one_line() -> None:
    link = Link(after=MINUTE, team="bosses", people=("Mara",), notify=("log",))
    assert goal_of(link) == "bosses, Mara, log"
