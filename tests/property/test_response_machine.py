"""Whatever people, data and the clock do with an incident, some things always hold.

A state machine drives the workflow, the escalation, quiet hours and silences over a store that is
opened anew at every step, as a killed watch would find it.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emberwatch.core.pipeline import Policy, States, Step, notifications
from emberwatch.core.respond.attention import muting, tell
from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import CLOCKWORK, MOVES, VERBS, Deed, act
from emberwatch.model.errors import ActionRefused
from emberwatch.model.incident import Action, Incident, Severity, Status
from emberwatch.model.incident import Step as Line
from emberwatch.model.notification import Notification
from emberwatch.model.silence import Silence
from emberwatch.model.team import Link, Span, Team
from emberwatch.ports import Ledger
from emberwatch.store.memory import MemoryStore
from tests.build import a_brand, an_alert

MINUTE = timedelta(minutes=1)
QUIET = tuple(Span(weekday=day, start=time(22), end=time(7)) for day in range(7))
SUPPORT = Team(
    name="support",
    time_zone="Europe/Sofia",
    quiet_hours=QUIET,
    notify=("chat",),
    renotify=25 * MINUTE,
    escalation=(
        Link(after=10 * MINUTE, notify=("pager",)),
        Link(after=20 * MINUTE, team="bosses"),
        Link(after=40 * MINUTE, team="night"),
    ),
)
TEAMS = {
    "support": SUPPORT,
    "bosses": Team(name="bosses", notify=("boss",), quiet_hours=QUIET, time_zone="UTC"),
    "night": Team(name="night", notify=("night",)),
}
POLICY = Policy(
    brands={"Acme": a_brand("Acme", team="support")},
    detectors=(),
    notifiers=("chat", "pager", "boss", "night"),
    teams=TEAMS,
)
EVES = (
    datetime(2026, 3, 28, 18, tzinfo=UTC),
    datetime(2026, 10, 24, 17, tzinfo=UTC),
    datetime(2026, 6, 1, 10, tzinfo=UTC),
)
"""Evenings before the clocks of Sofia are changed, and an ordinary noon."""

BY_PEOPLE = [action for action in VERBS if action is not Action.NOTED]


def _done(incident: Incident, deed: Deed) -> tuple[Incident | None, str]:
    """Return an incident after a deed, or why it cannot be done."""
    try:
        return act(incident, deed), ""
    except ActionRefused as refused:
        return None, str(refused)


class Response(RuleBasedStateMachine):
    """One incident from its opening on."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.at = EVES[0]
        self.id = ""
        self.closed_at: datetime | None = None
        self.silences = 0

    # ------------------------------------------------------------ what is there
    @property
    def incident(self) -> Incident:
        with self.store.reading() as look:
            found = look.incident(self.id)
        assert found is not None
        return found

    @property
    def owed(self) -> list[Notification]:
        with self.store.reading() as look:
            return look.notifications()

    def _news(self, incident: Incident, by: str = "") -> None:
        """Commit an incident with news, as the watch and the commands do."""
        with self.store.writing() as tx:
            silences = tx.silences(self.at)
            line = incident.timeline[-1]
            incident, calls = tell(POLICY.directory, incident, line, silences)
            owed = [row for call in calls for row in notifications(POLICY, call, by=by)]
            tx.record(Ledger(incidents=(incident,), notifications=tuple(owed)))

    # ------------------------------------------------------------ what happens
    @initialize(eve=st.sampled_from(EVES), muted=st.sampled_from([0, 7, 90]))
    def opens(self, eve: datetime, muted: int) -> None:
        self.at = eve
        if muted:
            self.somebody_wishes_silence(muted, None)
        incident = open_incident(an_alert("a", started_at=eve), {}, None)
        self.id = incident.id
        self._news(incident)

    @rule(minutes=st.sampled_from([1, 5, 11, 60, 600, 2000]))
    def time_passes(self, minutes: int) -> None:
        """Minutes pass, or a machine sleeps; then the watch looks, twice."""
        self.at += minutes * MINUTE
        self._look()
        before = self.incident, len(self.owed)
        self._look()
        assert (self.incident, len(self.owed)) == before, "a step was taken twice"

    @rule(minutes=st.sampled_from([150, 3000]))
    def the_clock_is_set_back(self, minutes: int) -> None:
        self.at -= minutes * MINUTE
        self._look(is_all=True)

    def _look(self, *, is_all: bool = False) -> None:
        was = self.incident
        count = len(self.owed)
        with self.store.writing() as tx:
            step = Step(POLICY, States(()), tx)
            for incident in (was,) if is_all else tx.waking(self.at):
                step.wake(incident, self.at)
            outcome = step.outcome()
            tx.record(Ledger(incidents=outcome.incidents, notifications=outcome.notifications))
        taken = self.incident.timeline[len(was.timeline) :]
        assert all(line.action in CLOCKWORK for line in taken)
        if was.status is not Status.OPEN:
            spoken = {line.action for line in taken}
            assert not spoken & {Action.ESCALATED, Action.REMINDED}, "what is taken on escalated"
        with self.store.reading() as look:
            if muting(look.silences(self.at), self.incident, self.at):
                assert len(self.owed) == count, "somebody was told under a silence"

    @rule(severity=st.sampled_from(Severity))
    def it_grows(self, severity: Severity) -> None:
        was = self.incident
        if was.status.is_closed:
            return
        grown = max(was.severity, severity, key=lambda each: each.rank)
        line = Line(at=self.at, who="emberwatch", action=Action.UPDATED, note="it grew")
        self._news(
            replace(
                was,
                severity=grown,
                sequence=was.sequence + 1,
                timeline=(*was.timeline, line),
            )
        )

    @rule(action=st.sampled_from(BY_PEOPLE), who=st.sampled_from(["ann", "bo"]))
    def somebody_acts(self, action: Action, who: str) -> None:
        was = self.incident
        deed = Deed(action=action, by=who, at=self.at, to=who if action is Action.ASSIGNED else "")
        incident, why = _done(was, deed)
        if incident is None:
            is_allowed = action in MOVES[was.status]
            assert not is_allowed or was.owner == who
            assert is_allowed or all(VERBS[move] in why for move in MOVES[was.status])
            assert self.incident == was
            return
        assert action in MOVES[was.status]
        self.closed_at = self.at if incident.status.is_closed else None
        self._news(incident, by=who)

    @rule(word=st.sampled_from(["thanks, bye", "done"]))
    def somebody_notes(self, word: str) -> None:
        incident = act(self.incident, Deed(action=Action.NOTED, by="ann", at=self.at, note=word))
        with self.store.writing() as tx:
            tx.record(Ledger(incidents=(incident,)))

    @precondition(lambda self: self.silences < 3)
    @rule(minutes=st.sampled_from([7, 90]), below=st.sampled_from([None, Severity.CRITICAL]))
    def somebody_wishes_silence(self, minutes: int, below: Severity | None) -> None:
        self.silences += 1
        silence = Silence(
            id=f"sil_{self.silences}",
            at=self.at,
            until=self.at + minutes * MINUTE,
            by="ann",
            reason="a sale",
            brand="Acme",
            below=below,
        )
        with self.store.writing() as tx:
            tx.silence(silence)

    # ------------------------------------------------------------ what always holds
    @invariant()
    def the_sequence_rises_and_each_message_is_told_once(self) -> None:
        if not self.id:
            return
        told = [(row.notifier, row.sequence) for row in self.owed]
        assert len(told) == len(set(told))
        assert max((sequence for _, sequence in told), default=0) <= self.incident.sequence

    @invariant()
    def each_link_is_told_once_since_it_was_opened(self) -> None:
        if not self.id:
            return
        links = 0
        for line in self.incident.timeline:
            if line.action is Action.REOPENED:
                links = 0
            links += line.action is Action.ESCALATED
        assert links == self.incident.waiting.links <= len(SUPPORT.escalation)

    @invariant()
    def the_clock_stops_when_it_is_closed(self) -> None:
        if self.id:
            assert self.incident.closed_at == self.closed_at

    @invariant()
    def nothing_that_is_taken_on_waits(self) -> None:
        if self.id and self.incident.status is not Status.OPEN:
            assert self.incident.waiting.since is None

    @invariant()
    def whoever_is_held_is_looked_at_again(self) -> None:
        if self.id:
            waiting = self.incident.waiting
            if waiting.withheld or waiting.silenced:
                assert waiting.wakes_at is not None

    @invariant()
    def nobody_who_is_to_hear_is_forgotten(self) -> None:
        if self.id:
            waiting = self.incident.waiting
            known = {*waiting.told, *waiting.withheld, *waiting.silenced}
            assert "chat" in known or self.incident.status.is_closed

    def teardown(self) -> None:
        """In the end everybody who was to hear has heard: nothing is lost."""
        if not self.id:
            return
        for _ in range(2 * len(POLICY.notifiers)):
            wakes_at = self.incident.waiting.wakes_at
            if wakes_at is None:
                break
            self.at = max(self.at, wakes_at)
            self._look()
        assert not self.incident.waiting.silenced
        if not self.incident.status.is_closed:
            assert "chat" in {row.notifier for row in self.owed}


TestResponse = Response.TestCase
TestResponse.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
