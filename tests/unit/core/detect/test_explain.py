"""Why it rings or does not: what the rules saw, and what was missing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from emberwatch.core.detect.baseline import Baseline, BaselineSettings
from emberwatch.core.detect.chance import likely_volume
from emberwatch.core.detect.explain import (
    MOST_MISSING,
    MOST_THREADS,
    Explainer,
    Explanation,
    Remembered,
    rings_from,
    spelt,
    was_burning,
)
from emberwatch.core.detect.looks import Raise, Series, WindowLook
from emberwatch.core.detect.outlook import Standing
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.core.detect.thread_state import Thread
from emberwatch.core.detect.voices import Why
from emberwatch.core.respond import triage
from emberwatch.model.brand import Brand
from emberwatch.model.event import Event, Mentioned, Reacted, Tick, Unwatched
from emberwatch.model.post import PostKind
from tests.build import NOON, a_brand, a_mention, a_post, an_alert, minutes


class Past:
    """The rules of a brand living through events; the days before were calm and silent."""

    def __init__(self, brand: Brand | None = None, *, days: float = 10) -> None:
        self.brand = brand or a_brand()
        brands = {self.brand.name: self.brand}
        self.spike, self.pile_on = Spike(brands), PileOn(brands)
        self.events: list[Event] = []
        self.state: SpikeState | None = None
        self.threads: dict[str, Thread] = {}
        began = NOON - timedelta(days=days)
        self.feed(Unwatched(at=began, brand=self.brand.name, since=began), Tick(at=NOON))

    def feed(self, *events: Event) -> "Past":
        for event in events:
            self.events.append(event)
            if isinstance(event, Tick) or self.brand.name in self.spike.keys(event):
                self.state, _ = self.spike.fold(self.brand.name, self.state, event)
            for key in self.pile_on.keys(event):
                thread, _ = self.pile_on.fold(key, self.threads.get(key), event)
                if thread is not None:
                    self.threads[key] = thread
        return self

    def say(self, id: str, minute: float, *, is_history: bool = False, **facts: object) -> "Past":
        """Let a stranger say something so many minutes after noon."""
        at = NOON + minutes(minute)
        facts = {"author": f"author of {id}", "fingerprint": f"text of {id}", "at": at, **facts}
        return self.feed(Mentioned(at=at, mention=a_mention(id, **facts), is_history=is_history))

    def explained(self, minute: float) -> Explanation:
        explainer = Explainer(self.brand, (self.spike, self.pile_on))
        return explainer.explain(self.then(minute))

    def then(self, minute: float) -> Remembered:
        recent = [each for each in self.events if isinstance(each, Mentioned | Reacted)]
        at = NOON + minutes(minute)
        return Remembered(at=at, spike=self.state, threads=self.threads, recent=recent)


def whys(explanation: Explanation) -> dict[str, Why]:
    assert explanation.spike
    return {heard.post.rpartition(":")[2]: heard.why for heard in explanation.spike.heard}


# ---------------------------------------------------------------- anger
def test_before_the_watch_nothing_is_known() -> None:
    explainer = Explainer(a_brand(), (PileOn({}), Spike({})))
    explanation = explainer.explain(Remembered(at=NOON, spike=None))
    assert (explanation.spike, explanation.threads) == (None, ())


def test_it_says_how_many_more_voices_would_have_rung() -> None:
    past = Past().say("1", 1).say("2", 2)
    explained = past.explained(3).spike
    assert explained
    assert (explained.missing, explained.ringing_since) == (1, None)
    past.say("3", 3, anger=explained.looks.typical)
    assert past.state
    assert past.state.spike


def test_what_rings_lacks_no_voice() -> None:
    explained = Past().say("1", 1).say("2", 2).say("3", 3).explained(4).spike
    assert explained
    assert (explained.missing, explained.ringing_since) == (None, NOON + minutes(3))
    assert explained.looks.loudest
    assert explained.looks.loudest.rings


def test_what_is_far_from_ringing_is_not_counted_out() -> None:
    past = Past(a_brand(false_alarms_per_month=1e-300))
    explained = past.say("1", 1).explained(2).spike
    assert explained
    assert explained.missing is None
    assert MOST_MISSING >= 50


def test_in_the_cold_the_bar_is_higher_and_long_windows_are_not_judged() -> None:
    past = Past(days=0.1).say("1", 1).say("2", 2)
    explained = past.explained(3).spike
    assert explained
    raised = {each.why: each.times for each in explained.looks.raised}
    assert raised[Raise.COLD] == pytest.approx(10_000.0)
    needed = {look.minutes: look.needed for look in _anger(past.explained(3))}
    assert needed[15] is not None
    assert needed[720] is None


def _anger(explanation: Explanation) -> list[WindowLook]:
    assert explanation.spike
    return [look for look in explanation.spike.looks.windows if look.series is Series.ANGER]


def test_asking_changes_nothing() -> None:
    past = Past().say("1", 1).say("2", 2)
    before = past.state
    assert past.explained(3) == past.explained(3)
    assert past.state is before


def test_every_mention_is_told_why_it_counts_or_not() -> None:
    past = Past()
    past.say("early", -30).say("long ago", -800).say(
        "loud", 1, anger=0.9, author="anna", thread="t"
    )
    past.say("same thread", 2, thread="t").say("same author", 3, author="anna")
    past.say("same text", 4, fingerprint="text of other").say("other", 5, anger=0.85)
    past.say("faint", 6, anger=0.1).say("not judged", 7, anger=None)
    past.say("read back", 8, is_history=True, anger=0.9)
    told = whys(past.explained(9))
    assert told.pop("early") in (Why.COUNTED, Why.OUTSIDE)
    assert told == {
        "loud": Why.COUNTED,
        "same thread": Why.SAME_THREAD,
        "same author": Why.SAME_AUTHOR,
        "same text": Why.SAME_TEXT,
        "other": Why.COUNTED,
        "faint": Why.FAINT,
        "not judged": Why.NOT_JUDGED,
        "read back": Why.HISTORY,
    }


def test_voices_that_count_come_first_then_the_angriest() -> None:
    past = Past().say("faint", 1, anger=0.1).say("mild", 2, anger=0.4).say("loud", 3, anger=0.9)
    explained = past.say("silent", 4, anger=None).explained(5).spike
    assert explained
    assert [heard.anger for heard in explained.heard] == [0.9, 0.4, 0.1, None]
    assert [heard.counts for heard in explained.heard] == [True, True, False, False]


def test_who_said_what_is_told_until_it_is_erased() -> None:
    past = Past().say("1", 1, author="anna").say("2", 2, author="", text="")
    explained = past.explained(3).spike
    assert explained
    assert {(heard.author, heard.text) for heard in explained.heard} == {
        ("anna", "Acme lost my parcel again"),
        ("", None),
    }


def test_what_the_state_remembers_is_told_though_its_post_is_gone() -> None:
    past = Past().say("1", 1)
    then = replace(past.then(2), recent=())
    explained = Explainer(past.brand, (past.spike, past.pile_on)).explain(then).spike
    assert explained
    assert [(heard.why, heard.author, heard.text) for heard in explained.heard] == [
        (Why.COUNTED, "", None)
    ]


def test_mentions_of_others_and_of_long_before_or_after_are_left_out() -> None:
    past = Past().say("old", -721, anger=0.1).say("edge", -718, anger=0.1)
    past.events.append(Mentioned(at=NOON, mention=a_mention("else", brand="Else", at=NOON)))
    past.say("now", 1, anger=0.1).say("later", 2, anger=0.1)
    assert set(whys(past.explained(1))) == {"edge", "now"}


def test_boosts_of_its_threads_are_counted_and_others_are_not() -> None:
    past = Past().say("1", 1)
    for n, facts in enumerate(({"thread": "1"}, {"boost_of": "jsonl::1"}, {"thread": "7"})):
        post = a_post(f"b{n}", kind=PostKind.BOOST, at=NOON + minutes(2), **facts)
        past.events.append(Reacted(at=post.created_at, post=post, feed="town"))
    reply = a_post("r", parent="1", thread="1", at=NOON + minutes(2))
    past.events.append(Reacted(at=reply.created_at, post=reply, feed="town"))
    explained = past.explained(3).spike
    assert explained
    assert explained.boosts == 2


def test_minutes_without_a_watch_are_told() -> None:
    past = Past()
    past.feed(Unwatched(at=NOON + minutes(60), brand="Acme", since=NOON))
    explained = past.explained(75).spike
    assert explained
    assert explained.unwatched == 60


def test_a_surge_is_told_apart_from_anger() -> None:
    past = Past()
    for n in range(30):
        past.say(str(n), n / 10, anger=0.0)
    explained = past.explained(4).spike
    assert explained
    assert explained.surging_since is not None
    assert explained.ringing_since is None


def test_what_is_likely_lies_around_what_is_expected() -> None:
    past = Past()
    for n in range(600):
        past.say(str(n), n * 5, anger=0.8 if n % 10 == 0 else 0.0)
    explained = past.explained(3001).spike
    assert explained
    for look, (low, high) in zip(explained.looks.windows, explained.likely, strict=True):
        assert 0.0 <= low < high
        if look.expected >= 1.0:
            assert low < look.expected < high
            assert high < (look.needed or 0.0)


def test_where_nothing_is_expected_nothing_is_likely() -> None:
    assert likely_volume(BaselineSettings(), Baseline(), 0, usual=0.0) == (0.0, 0.0)


def test_a_faint_murmur_does_not_raise_what_would_ring() -> None:
    silent = _anger(Past().explained(2))
    for anger in (0.136, 0.14, 0.2):
        for look, before in zip(_anger(Past().say("1", 1, anger=anger).explained(2)), silent,
                                strict=True):  # fmt: skip
            assert look.needed
            assert before.needed
            assert look.needed < 2.0 * before.needed


def test_a_sample_holds_the_same_windows() -> None:
    past = Past().say("1", 1)
    explainer = Explainer(past.brand, (past.spike, past.pile_on))
    sample, explained = explainer.sample(past.then(2)), past.explained(2).spike
    assert explained
    assert (sample.windows, sample.likely) == (explained.looks.windows, explained.likely)
    assert explainer.sample(Remembered(at=NOON, spike=None)).windows == ()


def test_a_silence_is_lived_through_once_and_in_any_order() -> None:
    past = Past().say("1", 1)
    explainer = Explainer(past.brand, (past.spike, past.pile_on))
    minutes_after = (2, 900, 30_000, 2)
    together = [explainer.sample(past.then(minute)) for minute in minutes_after]
    alone = [
        Explainer(past.brand, (past.spike, past.pile_on)).sample(past.then(minute))
        for minute in minutes_after
    ]
    assert together == alone


def test_what_rang_with_milder_voices_was_enough() -> None:
    explained = Past().say("1", 1).explained(2).spike
    assert explained
    look = replace(explained.looks.windows[0], seen=1.5, needed=2.0, rings=True)
    assert rings_from(look) == 1.5
    assert rings_from(replace(look, rings=False)) == 2.0
    assert rings_from(replace(look, rings=False, seen=3.0, voices=2)) == 4.5
    assert rings_from(replace(look, seen=2.5)) == 2.0
    assert rings_from(replace(look, needed=None)) is None


def test_an_incident_burns_while_one_of_its_alerts_is_open() -> None:
    alert = an_alert(started_at=NOON, ended_at=NOON + minutes(9))
    incident = triage.open_incident(alert, {}, None)
    moments = (-1, 0, 8, 9)
    assert [was_burning(incident, NOON + minutes(m)) for m in moments] == [
        False, True, True, False,
    ]  # fmt: skip
    still = triage.open_incident(an_alert(started_at=NOON), {}, None)
    assert was_burning(still, NOON + minutes(9000))


def test_windows_are_spelt_in_minutes_and_hours() -> None:
    assert [spelt(minutes) for minutes in (15, 60, 120, 720)] == [
        "15 minutes",
        "60 minutes",
        "2 hours",
        "12 hours",
    ]


# ---------------------------------------------------------------- threads
def a_thread(past: Past, root: str, replies: int, every: float = 0.1, **facts: object) -> datetime:
    """Let a root about the brand draw replies; return when the last one came."""
    past.say(root, 0, anger=0.9)
    return more(past, root, range(replies), every, **facts)


def more(past: Past, root: str, numbers: Iterable[int], every: float, **facts: object) -> datetime:
    at = NOON
    for n in numbers:
        at = NOON + minutes(1 + n * every)
        post = a_post(f"{root}r{n}", author=f"{root} {n}", parent=root, thread=root, at=at)
        past.feed(Reacted(at=at, post=post, feed="town", **facts))
    return at


def test_a_thread_that_rings_is_told_first() -> None:
    past = Past(a_brand(pile_on_floor=30))
    a_thread(past, "small", 8)
    a_thread(past, "huge", 40)
    huge, small = past.explained(6).threads
    assert (huge.thread_id, huge.outlook.standing) == ("jsonl::huge", Standing.RUNG)
    assert (small.thread_id, small.outlook.size) == ("jsonl::small", 8)


def test_a_thread_says_why_it_does_not_ring_and_what_it_lacks() -> None:
    past = Past(a_brand(pile_on_floor=30))
    a_thread(past, "t", 5)
    (thread,) = past.explained(2).threads
    assert thread.outlook.standing is Standing.TOO_FEW
    assert thread.outlook.needed


def test_silent_threads_are_left_out_and_many_are_cut() -> None:
    past = Past()
    past.say("alone", 0)
    for n in range(MOST_THREADS + 2):
        a_thread(past, f"t{n}", 2 + n)
    sizes = [each.outlook.size for each in past.explained(3).threads]
    assert sizes == [8, 7, 6, 5, 4]


def test_how_a_thread_grew_can_be_drawn() -> None:
    past = Past()
    past.say("t", 0)
    explainer = Explainer(past.brand, (past.spike, past.pile_on))
    samples = [explainer.sample(replace(past.then(-1), threads={}))]
    for n in range(3):
        more(past, "t", (n,), 1)
        samples.append(explainer.sample(replace(past.then(n + 1), threads=dict(past.threads))))
    growth = explainer.growth(samples, "jsonl::t")
    assert growth.thread_id == "jsonl::t"
    assert [outlook.size for outlook in growth.outlooks] == [1, 2, 3]


@pytest.mark.parametrize("size", [30, 300])
def test_asking_of_a_thread_changes_nothing(size: int) -> None:
    past = Past(a_brand(pile_on_floor=size))
    a_thread(past, "t", 12)
    before = past.threads["jsonl::t"]
    assert past.explained(3) == past.explained(3)
    assert past.threads["jsonl::t"] is before
