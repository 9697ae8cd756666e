"""Memory and events in, everything that changed out."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from emberwatch.core.pipeline import Outcome, Policy, States, Step, advance, notifications
from emberwatch.core.respond import workflow
from emberwatch.core.respond.attention import tell
from emberwatch.core.respond.routing import Route
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Deleted, Mentioned, Reacted, Tick
from emberwatch.model.incident import Action, Incident, Severity, Status
from emberwatch.model.team import Link, Team
from emberwatch.store.memory import MemoryStore
from tests.build import NOON, a_mention, a_post, an_alert, minutes
from tests.rules import NOTIFIERS, Crier, Sleeper, SmallWatch, a_policy, act

SPIKE = an_alert("spike:Acme:1")
COOLING = replace(SPIKE, fire=Fire.COOLING)
PILE_ON = an_alert("pile_on:Acme:1", kind=AlertKind.PILE_ON, reason="67 voices in one thread")
SURGE = an_alert("surge:Acme:1", kind=AlertKind.SURGE, reason="900 posts in 60 minutes")


def _said(native_id: str, minute: float = 0, **facts) -> Mentioned:
    at = NOON + minutes(minute)
    return Mentioned(at=at, mention=a_mention(native_id, at=at, **facts))


def _at(alert: Alert, minute: float, **facts) -> Alert:
    return replace(alert, at=NOON + minutes(minute), **facts)


def _over(alert: Alert, minute: float) -> Alert:
    return _at(alert, minute, ended_at=NOON + minutes(minute), fire=Fire.OUT, reason="it is over")


def _crying(script: dict, **facts) -> SmallWatch:
    return SmallWatch(a_policy(Crier(script), **facts))


def _only(watch: SmallWatch) -> Incident:
    with watch.store.reading() as look:
        (incident,) = look.incidents()
    return incident


def _all(watch: SmallWatch) -> list[Incident]:
    with watch.store.reading() as look:
        return look.incidents()


def _closed(incident: Incident) -> Incident:
    return workflow.act(
        incident,
        workflow.Deed(action=Action.RESOLVED, by="anna", at=incident.opened_at + minutes(5)),
    )


def _reopened(incident: Incident) -> Incident:
    return workflow.act(
        incident, workflow.Deed(action=Action.REOPENED, by="anna", at=NOON + minutes(55))
    )


# ---------------------------------------------------------------- states and waking
def _states(**wakes: float | None) -> tuple[States, SmallWatch]:
    """Return the states of threads that want to be woken so many minutes after noon."""
    times = {
        name: None if minute is None else NOON + minutes(minute) for name, minute in wakes.items()
    }
    watch = SmallWatch(a_policy(Sleeper(times)))
    watch.feed(*(_said(name) for name in wakes))
    return watch.states, watch


def _woken(watch: SmallWatch) -> dict[str, list[float]]:
    return {
        key.removeprefix("jsonl::"): [(at - NOON) / minutes(1) for at in state.ticks]
        for (_, key), state in watch.states.items()
    }


def _tick(minute: float) -> Tick:
    return Tick(at=NOON + minutes(minute))


def test_a_key_is_woken_once_and_not_before_its_time() -> None:
    _, watch = _states(a=2, b=None)
    watch.feed(*(_tick(minute) for minute in range(1, 6)))
    assert _woken(watch) == {"a": [2], "b": []}


def test_keys_that_are_due_together_are_woken_in_a_fixed_order() -> None:
    states, _ = _states(c=3, a=3, d=1, b=2)
    due = states.alarm().due(NOON + minutes(3))
    assert [key for _, key in due] == ["jsonl::d", "jsonl::b", "jsonl::a", "jsonl::c"]


def test_an_alarm_leaves_the_states_own_times_alone() -> None:
    states, _ = _states(a=1)
    first, second = states.alarm(), states.alarm()
    assert first.due(NOON + minutes(1)) == second.due(NOON + minutes(1))


def test_a_later_wish_replaces_an_earlier_one() -> None:
    times = {"a": NOON + minutes(1), "later": NOON + minutes(4)}
    watch = SmallWatch(a_policy(Sleeper(times)))
    watch.feed(_said("a"))
    watch.feed(_said("later", thread="a", parent="a"))
    watch.feed(*(_tick(minute) for minute in range(1, 6)))
    assert _woken(watch) == {"a": [4]}


def test_the_same_wish_twice_wakes_once() -> None:
    watch = SmallWatch(a_policy(Sleeper({"a": NOON + minutes(1)})))
    watch.feed(_said("a"))
    watch.feed(_said("more", thread="a", parent="a"))
    watch.feed(_said("and", thread="a", parent="a"), _said("more", thread="a", parent="a"))
    watch.feed(_tick(1), _tick(2))
    assert _woken(watch) == {"a": [1]}


def test_a_wish_that_is_taken_back_wakes_nobody() -> None:
    times = {"a": NOON + minutes(1), "never": None}
    watch = SmallWatch(a_policy(Sleeper(times)))
    watch.feed(_said("a"))
    watch.feed(_said("never", thread="a", parent="a"))
    watch.feed(_tick(1))
    assert _woken(watch) == {"a": []}


def test_what_is_forgotten_is_gone_and_sleeps_on() -> None:
    _, watch = _states(a=1)
    outcome = watch.feed(_said("f", thread="a", parent="a", text="forget"))
    assert outcome.states == {("sleeper", "jsonl::a"): None}
    assert len(watch.states) == 0
    assert watch.feed(_tick(1)).states == {}
    assert watch.states.get(("sleeper", "jsonl::a")) is None


def test_forgetting_and_waking_within_one_batch_agree() -> None:
    watch = SmallWatch(a_policy(Sleeper({"a": NOON + minutes(1)})))
    forget = _said("f", thread="a", parent="a", text="forget")
    outcome = watch.feed(_said("a"), forget, _tick(1))
    assert outcome.states == {("sleeper", "jsonl::a"): None}


def test_ten_thousand_changes_of_mind_do_not_pile_up() -> None:
    sleeper = Sleeper({str(n): NOON + minutes(n) for n in range(1, 500)})
    states = States((sleeper,))
    for number in range(1, 500):
        state, _ = sleeper.fold("t", states.get(("sleeper", "t")), _said(str(number)))
        states.put({("sleeper", "t"): state})
    assert len(states.alarm()._heap) < 100
    assert states.alarm().due(NOON + minutes(498)) == []
    assert states.alarm().due(NOON + minutes(499)) == [("sleeper", "t")]


def test_an_event_that_concerns_no_key_changes_nothing() -> None:
    watch = SmallWatch(a_policy(Sleeper({})))
    reply = Reacted(at=NOON, post=a_post("9", parent="8", thread="8"), feed="town")
    outcome = watch.feed(reply, _tick(0))
    assert (outcome.states, outcome.reactions) == ({}, ())


# ---------------------------------------------------------------- what is kept
def test_a_mention_is_kept_and_a_reaction_only_where_its_thread_is_known() -> None:
    watch = SmallWatch(a_policy(Sleeper({})))
    known = Reacted(at=NOON, post=a_post("2", parent="1", thread="1"), feed="town")
    stray = Reacted(at=NOON, post=a_post("3", parent="8", thread="8"), feed="town")
    outcome = watch.feed(_said("1"), known, stray)
    assert [mention.post.native_id for mention in outcome.mentions] == ["1"]
    assert [post.native_id for post in outcome.reactions] == ["2"]


def test_one_post_may_speak_of_two_brands() -> None:
    watch = SmallWatch(a_policy(Crier({})))
    outcome = watch.feed(_said("1"), _said("1", brand="Other"))
    assert [mention.brand for mention in outcome.mentions] == ["Acme", "Other"]


# ---------------------------------------------------------------- rules that crash
def test_a_rule_that_crashes_leaves_its_key_as_it_was_and_the_rest_usable() -> None:
    watch = SmallWatch(a_policy(Sleeper({})))
    watch.feed(_said("1"))
    with watch.store.reading() as look:
        step = Step(watch.policy, watch.states, look)
        with pytest.raises(ZeroDivisionError):
            step.feed(_said("2", thread="1", parent="1", text="crash"))
        step.feed(_said("3", thread="1", parent="1"))
    outcome = step.outcome()
    assert outcome.states["sleeper", "jsonl::1"].count == 2
    assert [mention.post.native_id for mention in outcome.mentions] == ["2", "3"]


def test_a_rule_that_crashes_keeps_the_event_from_no_other_rule() -> None:
    policy = a_policy(Sleeper({}, name="first"), Crier({"1": [SPIKE]}), Sleeper({}, name="last"))
    with MemoryStore().reading() as look:
        step = Step(policy, States(policy.detectors), look)
        with pytest.raises(ZeroDivisionError):
            step.feed(_said("1", text="crash"))
    outcome = step.outcome()
    assert outcome.states["crier", "Acme"].count == 1
    assert len(outcome.incidents) == 1


class _Grumpy(Sleeper):
    """Crashes on every tick for the thread `a`."""

    def fold(self, key, state, event):
        if isinstance(event, Tick) and key == "jsonl::a":
            raise ZeroDivisionError(key)
        return super().fold(key, state, event)


def test_a_crash_at_a_tick_keeps_no_other_key_asleep() -> None:
    sleeper = _Grumpy({"a": NOON, "b": NOON})
    watch = SmallWatch(a_policy(sleeper))
    watch.feed(_said("a"), _said("b"))
    with watch.store.reading() as look:
        step = Step(watch.policy, watch.states, look)
        with pytest.raises(ZeroDivisionError, match="jsonl::a"):
            step.feed(_tick(0))
    assert list(step.outcome().states) == [("sleeper", "jsonl::b")]


# ---------------------------------------------------------------- incidents
def test_a_first_alert_opens_an_incident_and_tells_everybody() -> None:
    watch = _crying({"1": [SPIKE]})
    outcome = watch.feed(_said("1"))
    incident = _only(watch)
    assert (incident.brand, incident.kinds, incident.sequence) == ("Acme", (AlertKind.SPIKE,), 1)
    assert [owed.notifier for owed in outcome.notifications] == list(NOTIFIERS)
    assert {owed.type for owed in outcome.notifications} == {"incident.opened"}


def test_two_kinds_of_one_trouble_are_one_incident() -> None:
    watch = _crying({"1": [SPIKE], "2": [_at(PILE_ON, 30)]})
    watch.feed(_said("1"))
    outcome = watch.feed(_said("2", 30))
    incident = _only(watch)
    assert incident.kinds == (AlertKind.SPIKE, AlertKind.PILE_ON)
    assert [(owed.type, owed.sequence) for owed in outcome.notifications] == [
        ("incident.updated", 2),
        ("incident.updated", 2),
    ]


def test_every_telling_has_an_id_of_its_own_and_the_same_again() -> None:
    script = {"1": [SPIKE, _at(PILE_ON, 1)], "2": [_over(SPIKE, 9), _over(PILE_ON, 9)]}
    runs = []
    for _ in range(2):
        watch = _crying(script)
        watch.feed(_said("1"))
        watch.feed(_said("2", 9))
        with watch.store.reading() as look:
            runs.append(look.notifications())
    ids = [owed.id for owed in runs[0]]
    assert len(set(ids)) == len(ids) == 6
    assert sorted({owed.sequence for owed in runs[0]}) == [1, 2, 3]
    assert runs[0] == runs[1]


def test_a_payload_says_what_was_true_when_it_was_owed() -> None:
    watch = _crying({"1": [SPIKE, _at(PILE_ON, 1)]})
    owed = [row for row in watch.feed(_said("1")).notifications if row.notifier == "ops"]
    kinds = [json.loads(row.payload)["incident"]["kinds"] for row in owed]
    assert kinds == [["spike"], ["spike", "pile_on"]]


def test_another_brand_has_an_incident_of_its_own() -> None:
    other = an_alert("spike:Other:1", brand="Other")
    watch = _crying({"1": [SPIKE], "2": [other]})
    watch.feed(_said("1"), _said("2", brand="Other"))
    assert sorted(incident.brand or "" for incident in _all(watch)) == ["Acme", "Other"]


def test_an_incident_freezes_posts_of_this_batch_and_of_earlier_ones() -> None:
    alert = replace(SPIKE, evidence=("jsonl::post:2", "jsonl::post:1", "jsonl::post:nowhere"))
    watch = _crying({"2": [alert]})
    watch.feed(_said("1"))
    watch.feed(_said("2", 1))
    assert [shown.post_id for shown in _only(watch).exhibits] == ["jsonl::post:2", "jsonl::post:1"]


def _later(**facts: object) -> list[Incident]:
    """Return the incident of a spike of 12:02, before and after a later alert about 12:00."""
    first = replace(SPIKE, evidence=("jsonl::post:2",), first_post_at=NOON + minutes(2))
    told = {"first_post_at": NOON, "evidence": ("jsonl::post:1",), **facts}
    more = replace(first, at=NOON + minutes(3), **told)
    watch = _crying({"2": [first], "3": [more]})
    watch.feed(_said("1"), _said("2", 2))
    before = _only(watch)
    watch.feed(_said("3", 3))
    return [before, _only(watch)]


@pytest.mark.advice("A2")
def test_the_clock_of_an_incident_does_not_move_with_a_growing_window() -> None:
    before, after = _later()
    assert (before.first_post_at, before.first_seen_at) == (NOON + minutes(2), NOON + minutes(2))
    assert (after.first_post_at, after.first_seen_at) == (NOON + minutes(2), NOON + minutes(2))


def test_the_clock_of_an_incident_moves_back_to_the_root_of_a_thread_that_joins() -> None:
    _, after = _later(id="pile_on:Acme:t", kind=AlertKind.PILE_ON)
    assert (after.first_post_at, after.first_seen_at) == (NOON, NOON)


def test_a_thread_that_is_younger_leaves_the_clock_alone() -> None:
    young = NOON + minutes(2.5)
    _, after = _later(id="pile_on:Acme:t", kind=AlertKind.PILE_ON, first_post_at=young)
    assert after.first_post_at == NOON + minutes(2)


def test_an_alert_after_the_quiet_opens_a_new_incident_that_names_the_old() -> None:
    second = _at(replace(SPIKE, id="spike:Acme:2"), 361)
    watch = _crying({"1": [COOLING], "2": [second]}, quiet_after=timedelta(hours=6))
    watch.feed(_said("1"))
    watch.feed(_said("2", 361))
    before, after = _all(watch)
    assert after.previous_id == before.id
    assert after.sequence == 1


def test_an_alert_just_within_the_quiet_joins() -> None:
    second = _at(replace(SPIKE, id="spike:Acme:2"), 360)
    watch = _crying({"1": [COOLING], "2": [second]}, quiet_after=timedelta(hours=6))
    watch.feed(_said("1"))
    watch.feed(_said("2", 360))
    assert len(_only(watch).alerts) == 2


def test_a_new_alert_joins_the_newest_of_two_incidents_that_gather() -> None:
    late = [_at(replace(SPIKE, id=f"spike:Acme:{n}"), minute) for n, minute in ((2, 20), (3, 30))]
    again = _at(COOLING, 29)
    watch = _crying(
        {"1": [COOLING], "2": [late[0]], "3": [again], "4": [late[1]]}, quiet_after=minutes(15)
    )
    watch.feed(_said("1"), _said("2", 20), _said("3", 29), _said("4", 30))
    first, second = _all(watch)
    assert [alert.id for alert in first.alerts] == ["spike:Acme:1"]
    assert [alert.id for alert in second.alerts] == ["spike:Acme:2", "spike:Acme:3"]


def test_an_alert_that_dies_down_after_a_person_closed_it_opens_nothing() -> None:
    again = _at(SPIKE, 20, fire=Fire.COOLING)
    watch = _crying({"1": [SPIKE], "2": [again]})
    watch.feed(_said("1"))
    act(watch, _only(watch).id, _closed)
    outcome = watch.feed(_said("2", 20))
    incident = _only(watch)
    assert incident.status is Status.RESOLVED
    assert incident.alerts[0].fire is Fire.COOLING
    assert outcome.notifications == ()


FLARING = {
    "1": [SPIKE, _at(SURGE, 1)],
    "2": [_at(SPIKE, 20, fire=Fire.OUT)],
    "3": [_at(SPIKE, 30, reason="it burns again")],
    "4": [_at(SURGE, 35, fire=Fire.BURNING), _at(SPIKE, 40, fire=Fire.BURNING)],
    "5": [_at(SPIKE, 50, fire=Fire.COOLING), _at(SURGE, 55, fire=Fire.COOLING)],
}


def _flared(*batches: str) -> SmallWatch:
    watch = _crying(FLARING)
    watch.feed(_said("1"))
    act(watch, _only(watch).id, _closed)
    for batch in batches:
        watch.feed(*(_said(name, 10.0 * int(name)) for name in batch))
    return watch


def test_a_fire_that_flares_anew_after_a_person_closed_it_opens_another_that_names_it() -> None:
    watch = _flared("2")
    outcome = watch.feed(_said("3", 30))
    before, after = _all(watch)
    assert (before.status, after.status) == (Status.RESOLVED, Status.OPEN)
    assert (after.previous_id, after.sequence) == (before.id, 1)
    assert {owed.type for owed in outcome.notifications} == {"incident.opened"}
    assert {owed.incident_id for owed in outcome.notifications} == {after.id}


def test_an_alert_that_flared_belongs_to_the_newest_incident_from_then_on() -> None:
    watch = _flared("2", "3", "4", "5")
    before, after = _all(watch)
    assert [step.action for step in after.timeline] == [Action.OPENED, *[Action.UPDATED] * 2]
    assert before.sequence == 2


def test_where_batches_are_cut_does_not_matter_to_a_fire_that_flares() -> None:
    assert _all(_flared("2345")) == _all(_flared("2", "3", "4", "5")) == _all(_flared("23", "45"))


def test_what_flares_together_is_one_incident() -> None:
    out, again = {"fire": Fire.OUT}, {"fire": Fire.BURNING}
    watch = _crying(
        {
            "1": [SPIKE, PILE_ON],
            "2": [_at(SPIKE, 20, **out), _at(PILE_ON, 20, **out)],
            "3": [_at(SPIKE, 30, **again), _at(PILE_ON, 31, **again)],
        }
    )
    watch.feed(_said("1"))
    act(watch, _only(watch).id, _closed)
    watch.feed(_said("2", 20), _said("3", 30))
    _, after = _all(watch)
    assert after.kinds == (AlertKind.SPIKE, AlertKind.PILE_ON)


def test_a_fire_that_flares_and_is_closed_again_and_flares_again_opens_a_third() -> None:
    watch = _crying({**FLARING, "6": [_at(SPIKE, 60)]})
    watch.feed(_said("1"))
    act(watch, _only(watch).id, _closed)
    watch.feed(_said("2", 20), _said("3", 30))
    act(watch, _all(watch)[1].id, _closed)
    watch.feed(_said("5", 50))
    act(watch, _all(watch)[0].id, _reopened)
    watch.feed(_said("6", 60))
    first, second, third = _all(watch)
    assert (second.previous_id, third.previous_id) == (first.id, second.id)


def test_volume_that_swells_anew_after_a_person_closed_it_opens_nothing() -> None:
    watch = _crying({"1": [SPIKE, _at(SURGE, 1, fire=Fire.OUT)], "2": [_at(SURGE, 20)]})
    watch.feed(_said("1"))
    act(watch, _only(watch).id, _closed)
    watch.feed(_said("2", 20))
    assert _only(watch).status is Status.RESOLVED


def test_an_anger_after_the_quiet_is_a_new_incident_however_long_the_volume_went_on() -> None:
    second = _at(replace(SPIKE, id="spike:Acme:2"), 361)
    watch = _crying({"1": [COOLING], "2": [_at(SURGE, 200)], "3": [second]})
    watch.feed(_said("1"), _said("2", 200), _said("3", 361))
    assert len(_all(watch)) == 2


def test_a_new_alert_after_a_person_closed_it_opens_another_that_names_it() -> None:
    second = _at(replace(SPIKE, id="spike:Acme:2"), 20)
    watch = _crying({"1": [SPIKE], "2": [second]})
    watch.feed(_said("1"))
    act(watch, _only(watch).id, _closed)
    outcome = watch.feed(_said("2", 20))
    before, after = _all(watch)
    assert (after.previous_id, after.status) == (before.id, Status.OPEN)
    assert {owed.type for owed in outcome.notifications} == {"incident.opened"}


def test_what_a_person_did_in_the_meantime_is_kept() -> None:
    watch = _crying({"1": [SPIKE], "2": [_at(PILE_ON, 4)]})
    watch.feed(_said("1"))

    def acknowledge(incident: Incident) -> Incident:
        return workflow.act(
            incident, workflow.Deed(action=Action.ACKNOWLEDGED, by="anna", at=NOON + minutes(2))
        )

    act(watch, _only(watch).id, acknowledge)
    watch.feed(_said("2", 4))
    incident = _only(watch)
    assert (incident.status, incident.owner) == (Status.ACKNOWLEDGED, "anna")
    assert [step.action for step in incident.timeline] == [
        Action.OPENED,
        Action.ACKNOWLEDGED,
        Action.UPDATED,
    ]
    assert incident.sequence == 3


def test_the_previous_incident_may_stand_in_the_same_batch() -> None:
    late = [_at(replace(COOLING, id=f"spike:Acme:{n}"), 20 * n) for n in (2, 3)]
    watch = _crying({"0": [COOLING], "1": [late[0]], "2": [late[1]]}, quiet_after=minutes(5))
    watch.feed(_said("0"))
    watch.feed(_said("1", 40), _said("2", 60))
    first, second, third = _all(watch)
    assert (second.previous_id, third.previous_id) == (first.id, second.id)


# ---------------------------------------------------------------- volume alone
def test_volume_alone_opens_nothing_and_is_kept() -> None:
    watch = _crying({"1": [SURGE]})
    outcome = watch.feed(_said("1"))
    assert outcome.orphans == (SURGE,)
    assert _all(watch) == []


def test_an_alert_that_is_over_before_it_was_told_is_only_kept() -> None:
    watch = _crying({"1": [_over(SPIKE, 0)]})
    assert [alert.id for alert in watch.feed(_said("1")).orphans] == ["spike:Acme:1"]


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a_surge_joins_the_anger_that_follows_and_tells_nobody(is_one_batch: bool) -> None:
    again = _at(SURGE, 20, observed=1500.0, chance=1e-30)
    watch = _crying({"1": [SURGE], "2": [SPIKE], "3": [again]})
    events = [_said("1"), _said("2", 10), _said("3", 20)]
    outcomes = [watch.feed(*events)] if is_one_batch else [watch.feed(event) for event in events]
    incident = _only(watch)
    assert incident.kinds == (AlertKind.SPIKE, AlertKind.SURGE)
    assert outcomes[-1].orphans == ()
    assert incident.sequence == 1
    assert sum(len(outcome.notifications) for outcome in outcomes) == len(NOTIFIERS)


def test_volume_makes_no_anger_graver() -> None:
    heavy = _at(SURGE, 20, observed=90_000.0, chance=1e-30, reach=10_000_000)
    worse = _at(SPIKE, 30, fire=Fire.BURNING)
    watch = _crying({"1": [SPIKE], "2": [heavy], "3": [worse]})
    watch.feed(_said("1"), _said("2", 20), _said("3", 30))
    assert _only(watch).severity is Severity.INFO


def test_a_route_that_asks_for_volume_gets_an_incident_of_it() -> None:
    route = Route(kinds=(AlertKind.SURGE,), notify=("chat",))
    watch = _crying({"1": [SURGE]}, routes=(route,))
    outcome = watch.feed(_said("1"))
    assert _only(watch).kind is AlertKind.SURGE
    assert [owed.notifier for owed in outcome.notifications] == ["chat"]


def test_a_route_that_asks_for_another_brands_volume_gets_nothing() -> None:
    route = Route(brands=("Other",), kinds=(AlertKind.SURGE,), notify=("chat",))
    watch = _crying({"1": [SURGE]}, routes=(route,))
    assert watch.feed(_said("1")).orphans == (SURGE,)
    assert _all(watch) == []


def test_who_asked_for_volume_hears_of_it_within_an_incident_too() -> None:
    route = Route(kinds=(AlertKind.SURGE,), notify=("chat",))
    watch = _crying({"1": [SPIKE], "2": [_at(SURGE, 5)]}, routes=(route,))
    watch.feed(_said("1"))
    outcome = watch.feed(_said("2", 5))
    # and who heard of the incident before hears of it to its end
    assert [(owed.notifier, owed.sequence) for owed in outcome.notifications] == [
        ("ops", 2),
        ("chat", 2),
    ]


# ---------------------------------------------------------------- troubles of our own
BLIND = an_alert("watch_blind:town:1", kind=AlertKind.WATCH_BLIND, subject="town")


def test_a_blind_feed_has_an_incident_without_a_brand() -> None:
    watch = _crying({"1": [replace(BLIND, evidence=("jsonl::post:1",))]})
    watch.feed(_said("1"))
    incident = _only(watch)
    assert (incident.brand, incident.subject, incident.exhibits) == (None, "town", ())


def test_a_blind_feed_stays_one_incident_however_long_and_closes_itself() -> None:
    day = 24 * 60
    watch = _crying({"1": [BLIND], "2": [_over(BLIND, day)]})
    watch.feed(_said("1"))
    outcome = watch.feed(_said("2", day))
    incident = _only(watch)
    assert incident.status is Status.RESOLVED
    assert {owed.type for owed in outcome.notifications} == {"incident.resolved"}


def test_a_feed_that_goes_blind_again_opens_another_that_names_the_first() -> None:
    again = _at(replace(BLIND, id="watch_blind:town:2"), 30)
    other = _at(replace(BLIND, id="watch_blind:hn:1", subject="hn"), 30)
    watch = _crying({"1": [BLIND], "2": [_over(BLIND, 9)], "3": [again, other]})
    watch.feed(_said("1"), _said("2", 9), _said("3", 30))
    first, *later = _all(watch)
    assert {incident.subject: incident.previous_id for incident in later} == {
        "town": first.id,
        "hn": None,
    }


def test_a_part_and_a_feed_of_one_name_are_two_troubles() -> None:
    part = replace(BLIND, id="trouble:town:1", kind=AlertKind.TROUBLE)
    watch = _crying({"1": [BLIND, part]})
    watch.feed(_said("1"))
    assert sorted(incident.kind for incident in _all(watch)) == ["trouble", "watch_blind"]


# ---------------------------------------------------------------- who is told
def test_a_route_sends_a_kind_to_its_notifier() -> None:
    routes = (Route(kinds=(AlertKind.PILE_ON,), notify=("chat",)),)
    watch = _crying({"1": [PILE_ON]}, routes=routes)
    assert [owed.notifier for owed in watch.feed(_said("1")).notifications] == ["chat"]


def test_what_a_person_did_is_owed_with_their_name_and_note() -> None:
    watch = _crying({"1": [SPIKE]})
    watch.feed(_said("1"))
    at = NOON + minutes(3)
    deed = workflow.Deed(action=Action.DISMISSED, by="anna", at=at, note="a lyric")
    incident = workflow.act(_only(watch), deed)
    _, calls = tell(watch.policy.directory, incident, incident.timeline[-1])
    owed = [row for call in calls for row in notifications(watch.policy, call, by="anna")]
    assert [row.type for row in owed] == ["incident.dismissed"] * 2
    assert json.loads(owed[0].payload)["reason"] == "dismissed by anna: a lyric"


def test_nobody_is_told_where_there_is_no_notifier() -> None:
    detector = Crier({"1": [SPIKE]})
    policy = Policy(brands=a_policy().brands, detectors=(detector,))
    with MemoryStore().reading() as look:
        outcome = advance(policy, States(policy.detectors), look, [_said("1")])
    assert len(outcome.incidents) == 1
    assert outcome.notifications == ()


def test_a_brand_that_is_no_longer_configured_still_gathers() -> None:
    gone = an_alert("spike:Gone:1", brand="Gone")
    later = _at(an_alert("spike:Gone:2", brand="Gone"), 359)
    watch = _crying({"1": [gone], "2": [later]})
    watch.feed(_said("1"))
    watch.feed(_said("2", 359))
    assert len(_only(watch).alerts) == 2


# ---------------------------------------------------------------- afterwards
def _resolved_with_a_follow_up(watch: SmallWatch) -> None:
    def resolve(incident: Incident) -> Incident:
        deed = workflow.Deed(
            action=Action.RESOLVED, by="anna", at=NOON + minutes(5), follow_up_at=NOON + minutes(60)
        )
        return workflow.act(incident, deed)

    act(watch, _only(watch).id, resolve)


def test_a16_a_follow_up_opens_an_incident_that_names_the_old_and_tells_once() -> None:
    watch = SmallWatch(a_policy(Crier({"1": [SPIKE]})))
    watch.feed(_said("1"))
    _resolved_with_a_follow_up(watch)
    resolved = _only(watch)
    with watch.store.reading() as look:
        step = Step(watch.policy, watch.states, look)
        step.follow_up(resolved, NOON + minutes(61))
    outcome = step.outcome()
    asked, old = sorted(outcome.incidents, key=lambda each: each.kind)
    assert (asked.kind, asked.previous_id) == (AlertKind.FOLLOW_UP_DUE, resolved.id)
    assert (old.id, old.follow_up_at) == (resolved.id, None)
    assert {row.incident_id for row in outcome.notifications} == {asked.id}
    # whoever had the trouble has what was promised of it
    assert asked.owner == "anna"


# ---------------------------------------------------------------- what the clock does
def _escalating() -> SmallWatch:
    team = Team(
        name="support", notify=("chat",), escalation=(Link(after=minutes(10), notify=("ops",)),)
    )
    policy = replace(
        a_policy(Crier({"1": [SPIKE], "2": [PILE_ON]}), team="support"), teams={"support": team}
    )
    return SmallWatch(policy)


def _woken_at(watch: SmallWatch, minute: float, *events: Mentioned) -> Outcome:
    with watch.store.reading() as look:
        step = Step(watch.policy, watch.states, look)
        for event in events:
            step.feed(event)
        for incident in look.incidents():
            step.wake(incident, NOON + minutes(minute))
    return step.outcome()


def test_a1_an_incident_that_nobody_takes_on_is_escalated_by_the_clock() -> None:
    watch = _escalating()
    watch.feed(_said("1"))
    outcome = _woken_at(watch, 10)

    (escalated,) = outcome.incidents
    assert escalated.timeline[-1].action is Action.ESCALATED
    assert [(row.notifier, row.type) for row in outcome.notifications] == [
        ("ops", "incident.escalated")
    ]
    reason = json.loads(outcome.notifications[0].payload)["reason"]
    assert reason == "nobody acknowledged within 10 min: ops (ops)"


def test_an_incident_whose_time_has_not_come_is_left_as_it_is() -> None:
    watch = _escalating()
    watch.feed(_said("1"))
    outcome = _woken_at(watch, 9)
    assert (outcome.incidents, outcome.notifications) == ((), ())


def test_the_clock_looks_at_an_incident_as_the_batch_has_left_it() -> None:
    watch = _escalating()
    watch.feed(_said("1"))
    outcome = _woken_at(watch, 10, _said("2", 9))

    (grown,) = outcome.incidents
    assert grown.kinds == (AlertKind.SPIKE, AlertKind.PILE_ON)
    assert [row.sequence for row in outcome.notifications] == [2, 3]


# ---------------------------------------------------------------- what stands behind a trouble
@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a8_a14_an_incident_knows_its_authors_past_however_the_posts_came(
    is_one_batch: bool,
) -> None:
    first = replace(SPIKE, evidence=("jsonl::post:3",))
    second = replace(SPIKE, id="spike:Acme:2", evidence=("jsonl::post:9",))
    watch = _crying(
        {"3": [_at(first, -90), _over(first, -89)], "9": [second]}, quiet_after=minutes(1)
    )
    events = [
        _said("1", -300, anger=0.9),
        _said("2", -200, anger=0.2),
        _said("3", -90, anger=0.7),
        _said("4", -80, author="boris"),
        _said("5", -70, brand="Other"),
        _said("9", 0),
    ]
    if is_one_batch:
        watch.feed(*events)
    else:
        for event in events:
            watch.feed(event)
    before, after = _all(watch)
    assert before.history is not None
    assert (before.history.posts, before.history.encounters) == (2, ())
    assert after.history is not None
    assert (after.history.posts, after.history.angry_posts) == (3, 2)
    assert [each.incident_id for each in after.history.encounters] == [before.id]
    assert [post.post_id for post in after.history.earlier] == [
        f"jsonl::post:{number}" for number in (3, 2, 1)
    ]


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_r10_r11_an_incident_knows_what_comes_back_and_who_is_next(is_one_batch: bool) -> None:
    alert = replace(SPIKE, evidence=("jsonl::post:30",))
    watch = _crying({"30": [alert]})
    events = [
        *(_said(str(n), n - 30, author=f"a{n}", themes=("late",)) for n in range(1, 6)),
        *(_said(str(n), n - 30, author=f"a{n}") for n in range(6, 20)),
        _said("20", -5, author="calm", themes=("late",), anger=0.1, followers=70),
        _said("21", -4, author="other", themes=("late",), anger=0.1, brand="Other"),
        _said("30", 0, author="zoe", themes=("late",)),
    ]
    if is_one_batch:
        watch.feed(*events)
    else:
        for event in events:
            watch.feed(event)
    incident = _only(watch)
    [late] = incident.recurring
    assert (late.theme, late.incidents, late.angry_posts) == ("late", 1, 6)
    assert late.share == pytest.approx(6 / 20)
    assert [post.author for post in incident.affected] == ["calm"]
    assert incident.history is None


def test_r11_the_third_incident_of_a_theme_tells_of_it() -> None:
    alerts = [
        _at(replace(SPIKE, id=f"spike:Acme:{n}", evidence=(f"jsonl::post:{n}",)), 100 * n)
        for n in range(1, 5)
    ]
    script = {str(n): [alert, _over(alert, 100 * n + 1)] for n, alert in enumerate(alerts, 1)}
    watch = _crying(script, quiet_after=minutes(1))
    for n in range(1, 5):
        watch.feed(_said(str(n), 100 * n, author=f"a{n}", themes=("late",)))
    told = [[each.incidents for each in incident.recurring] for incident in _all(watch)]
    assert told == [[], [], [3], []]


def test_what_stands_behind_a_trouble_is_looked_up_again_only_when_it_is_another() -> None:
    first = replace(SPIKE, evidence=("jsonl::post:2",))
    same = _at(replace(first, fire=Fire.BURNING), 5)
    other = _at(replace(first, fire=Fire.COOLING, evidence=("jsonl::post:6",)), 6)
    watch = _crying({"2": [first], "5": [same], "6": [other]})
    watch.feed(_said("1", -5), _said("2"))
    opened = _only(watch)
    assert opened.history is not None
    assert opened.history.posts == 1
    # a post from before that comes late tells of nothing new by itself
    watch.feed(_said("0", -9), _said("5", 5, author="boris"))
    assert _only(watch).history == opened.history
    watch.feed(_said("6", 6, author="clara", themes=("late",)))
    assert _only(watch).themes == ("late",)
    assert _only(watch).history is not None
    assert _only(watch).history.posts == 2


def test_a_nameless_author_or_a_post_that_is_gone_has_no_past() -> None:
    watch = _crying({"2": [replace(SPIKE, evidence=("jsonl::post:2",))]})
    watch.feed(_said("1", -5, author=""), _said("2", author=""))
    assert _only(watch).history is None


# ---------------------------------------------------------------- two matters
def _of(theme: str, first: int, count: int, minute: float) -> list[Mentioned]:
    return [
        _said(str(n), minute, author=f"user{n}", themes=(theme,) if theme else ())
        for n in range(first, first + count)
    ]


def _about(alert: Alert, first: int, count: int, minute: float, **facts) -> Alert:
    evidence = tuple(f"jsonl::post:{n}" for n in range(first, first + count))
    return _at(alert, minute, evidence=evidence, **facts)


TWO_MATTERS = {
    "12": [_about(SPIKE, 10, 3, 1)],
    "22": [_about(PILE_ON, 20, 3, 20, thread_id="t")],
    "32": [_about(SPIKE, 30, 3, 30, fire=Fire.BURNING)],
    "42": [
        _about(
            replace(SPIKE, id="pile_on:Acme:2", kind=AlertKind.PILE_ON),
            40,
            3,
            40,
        )
    ],
}


def _two_matters(*themes: str, cuts: tuple[int, ...] = ()) -> SmallWatch:
    """Feed three voices of each theme, ten minutes apart; a restart at each cut."""
    said = [
        event
        for place, theme in enumerate(themes, 1)
        for event in _of(theme, 10 * place, 3, 1 if place == 1 else 10.0 * place)
    ]
    watch = _crying(TWO_MATTERS)
    places = [0, *cuts, len(said)]
    for start, end in pairwise(places):
        watch.feed(*said[start:end])
        watch.restart()
    return watch


def test_a_second_storm_of_another_theme_opens_an_incident_beside_the_first() -> None:
    first, second = _all(_two_matters("fees", "late"))
    assert (first.kinds, second.kinds) == ((AlertKind.SPIKE,), (AlertKind.PILE_ON,))
    assert second.previous_id is None
    assert (first.themes, second.themes) == (("fees",), ("late",))
    assert f"apart from {first.id}" in second.timeline[0].note


@pytest.mark.parametrize("themes", [("", ""), ("fees", "fees"), ("fees", ""), ("", "late")])
def test_without_another_theme_it_stays_one_incident(themes: tuple[str, str]) -> None:
    assert _only(_two_matters(*themes)).kinds == (AlertKind.SPIKE, AlertKind.PILE_ON)


def test_an_alert_stays_in_its_incident_though_its_theme_changes() -> None:
    first, second = _all(_two_matters("fees", "late", "late"))
    assert [alert.id for alert in first.alerts] == [SPIKE.id]
    assert first.fire is Fire.BURNING
    assert [alert.id for alert in second.alerts] == [PILE_ON.id]


@pytest.mark.parametrize("theme", ["fees", "late"])
def test_a_third_alert_joins_the_trouble_of_its_theme(theme: str) -> None:
    watch = _two_matters("fees", "late", "fees", theme)
    joined = [incident for incident in _all(watch) if len(incident.alerts) == 2]
    assert [incident.themes for incident in joined] == [(theme,)]


@pytest.mark.parametrize("cuts", [(1,), (3,), (4,), (5, 6), (2, 5, 8, 11), tuple(range(1, 12))])
def test_where_batches_are_cut_does_not_matter_to_two_matters(cuts: tuple[int, ...]) -> None:
    themes = ("fees", "late", "late", "fees")
    assert _all(_two_matters(*themes, cuts=cuts)) == _all(_two_matters(*themes))


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (3,)])
def test_of_two_that_open_together_the_next_names_the_later(cuts: tuple[int, ...]) -> None:
    script = {
        "1": [_about(SPIKE, 1, 1, 0)],
        "2": [_about(PILE_ON, 2, 1, 0)],
        "3": [_about(replace(PILE_ON, id="pile_on:Acme:3"), 3, 1, 0)],
    }
    watch = _crying(script)
    said = [
        _said(str(n), author=f"user{n}", themes=(theme,))
        for n, theme in enumerate(("fees", "late", "rude"), 1)
    ]
    for start, end in zip((0, *cuts), (*cuts, 3), strict=True):
        watch.feed(*said[start:end])
    first, second, third = _all(watch)
    assert f"apart from {first.id}" in second.timeline[0].note
    assert f"apart from {second.id}" in third.timeline[0].note


# ---------------------------------------------------------------- deletions
def _evidence(*ids: str) -> Alert:
    return replace(SPIKE, evidence=tuple(f"jsonl::post:{id}" for id in ids))


def _deleted(id: str, minute: float = 9) -> Deleted:
    return Deleted(at=NOON + minutes(minute), post_id=f"jsonl::post:{id}")


def test_a_post_that_is_deleted_leaves_the_incident_that_shows_it_and_people_are_told() -> None:
    watch = _crying({"1": [_evidence("1")]})
    watch.feed(_said("1"))
    outcome = watch.feed(_deleted("1"))
    assert outcome.deleted == (("jsonl::post:1", NOON + minutes(9)),)
    assert [incident.exhibits[0].is_forgotten for incident in outcome.incidents] == [True]
    assert {each.type for each in outcome.notifications} == {"incident.updated"}
    assert len(outcome.notifications) == len(NOTIFIERS)


def test_a_post_deleted_right_after_it_rang_leaves_within_the_batch() -> None:
    watch = _crying({"1": [_evidence("1")]})
    outcome = watch.feed(_said("1"), _deleted("1"))
    assert [incident.exhibits[0].is_forgotten for incident in outcome.incidents] == [True]


def test_a_post_that_no_incident_shows_is_forgotten_in_silence() -> None:
    outcome = _crying({}).feed(_deleted("1"))
    assert outcome.deleted
    assert (outcome.incidents, outcome.notifications) == ((), ())


def test_a_deleted_post_is_no_evidence_any_more() -> None:
    watch = _crying({"2": [_evidence("1", "2")]})
    watch.feed(_said("1"))
    (incident,) = watch.feed(_deleted("1"), _said("2", 10)).incidents
    assert [exhibit.post_id for exhibit in incident.exhibits] == ["jsonl::post:2"]


def test_a_lesser_post_that_is_deleted_rings_nobody() -> None:
    watch = _crying({"2": [_evidence("1", "2")]})
    watch.feed(_said("1"), _said("2", 1))
    outcome = watch.feed(_deleted("2"))
    assert [incident.timeline[-1].action for incident in outcome.incidents] == [Action.NOTED]
    assert outcome.notifications == ()
