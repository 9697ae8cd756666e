"""What the clock does with an incident that nobody takes on, in a real database."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
import time_machine

from emberwatch.core.pipeline import Policy, States, notifications
from emberwatch.core.respond.attention import tell
from emberwatch.core.respond.triage import open_incident
from emberwatch.core.respond.workflow import Deed, act
from emberwatch.model.event import PartChecked
from emberwatch.model.incident import Action, Incident
from emberwatch.model.notification import Notification
from emberwatch.model.silence import Silence
from emberwatch.model.team import Link, Span, Team
from emberwatch.ports import Ledger, Receipt
from emberwatch.runtime import wiring
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.daemon import Assembly, Daemon
from emberwatch.runtime.processor import Processor
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import SqliteStore, open_store
from tests.build import NOON, a_brand, a_post, an_alert
from tests.integration.test_clock import Nowhere, until
from tests.rules import Crier

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SOFIA = ZoneInfo("Europe/Sofia")
SCORER = wiring.scorer()
SUPPORT = Team(
    name="support",
    time_zone="Europe/Sofia",
    quiet_hours=tuple(Span(weekday=day, start=time(22), end=time(7)) for day in range(7)),
    notify=("chat",),
    escalation=(
        Link(after=10 * MINUTE, notify=("pager",)),
        Link(after=30 * MINUTE, team="bosses"),
    ),
)
BOSSES = Team(name="bosses", notify=("boss",))


def a_policy(*teams: Team, **facts: object) -> Policy:
    return Policy(
        brands={"Acme": a_brand("Acme", team="support")},
        detectors=(Crier({"1": [an_alert("a")]}),),
        notifiers=("chat", "pager", "boss"),
        teams={team.name: team for team in teams or (SUPPORT, BOSSES)},
        **facts,  # type: ignore[arg-type]
    )


def a_processor(store: SqliteStore, policy: Policy, *, is_live: bool = True) -> Processor:
    return Processor(
        policy=policy,
        store=store,
        scorer=SCORER,
        encode=encode_state,
        decode=decode_state,
        recall=lambda _: States(()),
        is_live=is_live,
    )


class Desk:
    """A watch over a real database that can be killed and started again."""

    def __init__(self, path: Path, policy: Policy) -> None:
        self.policy = policy
        self.path = path
        self.store = open_store(path)
        self.processor = a_processor(self.store, policy)

    def opens(self, at: datetime) -> None:
        """Let a storm begin."""
        post = a_post("1", text="Acme is awful", at=at)
        script = Crier({"1": [an_alert("a", started_at=at)]})
        self.restart(replace(self.policy, detectors=(script,)))
        self.processor.process(Arrivals(at=at, feed="town", source="jsonl", posts=(post,)))

    def looks(self, at: datetime) -> None:
        """Let the daemon's minute pass."""
        self.processor.process(Arrivals(at=at, parts=(PartChecked(at=at, part="queue"),)))

    def restart(self, policy: Policy | None = None) -> None:
        """Lose everything but the file, as a kill does."""
        self.store.close()
        self.policy = policy or self.policy
        self.store = open_store(self.path)
        self.processor = a_processor(self.store, self.policy)

    def acknowledges(self, at: datetime) -> None:
        """Let a person act beside the watch, as the command does."""
        with closing(open_store(self.path)) as store, store.writing() as tx:
            incident = act(self.incident, Deed(action=Action.ACKNOWLEDGED, by="ann", at=at))
            silences = tx.silences(at)
            incident, calls = tell(self.policy.directory, incident, incident.timeline[-1], silences)
            owed = [row for call in calls for row in notifications(self.policy, call, by="ann")]
            tx.record(Ledger(incidents=(incident,), notifications=tuple(owed)))

    @property
    def incident(self) -> Incident:
        with self.store.reading() as look:
            (incident,) = look.incidents()
        return incident

    @property
    def told(self) -> list[tuple[str, str]]:
        with self.store.reading() as look:
            rows = look.notifications()
        return [(row.notifier, row.type.removeprefix("incident.")) for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "watch.db", a_policy())
    yield desk
    desk.store.close()


def test_a1_nobody_acknowledges_and_the_next_is_told(desk: Desk) -> None:
    desk.opens(NOON)
    for minute in range(1, 41):
        desk.looks(NOON + minute * MINUTE)

    assert desk.told == [("chat", "opened"), ("pager", "escalated"), ("boss", "escalated")]
    notes = [step.note for step in desk.incident.timeline if step.action is Action.ESCALATED]
    assert notes == [
        "nobody acknowledged within 10 min: pager (pager)",
        "nobody acknowledged within 30 min: bosses (boss)",
    ]


def test_a_watch_that_is_killed_at_every_minute_escalates_once(desk: Desk) -> None:
    desk.opens(NOON)
    for minute in range(1, 41):
        desk.restart()
        desk.looks(NOON + minute * MINUTE)
    assert desk.told == [("chat", "opened"), ("pager", "escalated"), ("boss", "escalated")]


def test_who_acknowledges_from_another_process_is_seen_by_the_running_watch(desk: Desk) -> None:
    desk.opens(NOON)
    desk.looks(NOON + 9 * MINUTE)
    desk.acknowledges(NOON + 9 * MINUTE)
    desk.looks(NOON + 3 * HOUR)
    assert desk.told == [("chat", "opened"), ("chat", "acknowledged")]


def test_a_machine_that_slept_tells_each_link_once(desk: Desk) -> None:
    desk.opens(NOON)
    desk.looks(NOON + 3 * HOUR)
    desk.looks(NOON + 3 * HOUR + MINUTE)
    assert desk.told == [("chat", "opened"), ("pager", "escalated"), ("boss", "escalated")]


def test_a_clock_that_had_run_ahead_leaves_nobody_waiting(desk: Desk) -> None:
    ahead = NOON + timedelta(days=30)
    desk.opens(ahead)
    desk.looks(NOON)
    assert desk.told == [("chat", "opened")]
    desk.looks(NOON + 10 * MINUTE)
    assert ("pager", "escalated") in desk.told


def test_another_configuration_has_other_plans_for_what_is_open(desk: Desk) -> None:
    desk.opens(NOON)
    quick = replace(SUPPORT, escalation=(Link(after=2 * MINUTE, notify=("boss",)),))
    desk.restart(a_policy(quick, BOSSES))
    desk.looks(NOON + MINUTE)
    desk.looks(NOON + 2 * MINUTE)
    assert desk.told == [("chat", "opened"), ("boss", "escalated")]


def test_a_replay_tells_nobody_and_starts_no_clock(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "watch.db")) as store:
        policy = replace(a_policy(), notifiers=())
        replay = a_processor(store, policy, is_live=False)
        replay.process(
            Arrivals(
                at=NOON, feed="town", source="jsonl", posts=(a_post("1", text="Acme is awful"),)
            )
        )
        live = a_processor(store, a_policy())
        live.process(Arrivals(at=NOON + 3 * HOUR))
        with store.reading() as look:
            (incident,) = look.incidents()
            assert look.notifications() == []
        assert (incident.team, incident.waiting.wakes_at) == ("support", None)


@pytest.mark.parametrize(
    ("eve", "night"), [("2026-03-28", 8), ("2026-10-24", 10), ("2026-01-10", 9)]
)
def test_quiet_hours_end_by_the_wall_on_the_days_on_which_clocks_change(
    desk: Desk, eve: str, night: int
) -> None:
    begins = datetime.fromisoformat(f"{eve}T22:00").replace(tzinfo=SOFIA).astimezone(UTC)
    desk.opens(begins + MINUTE)
    ends = begins + night * HOUR
    for minute in range(-3, 41):
        desk.looks(ends + minute * MINUTE)

    assert desk.told == [("chat", "opened"), ("pager", "escalated"), ("boss", "escalated")]
    steps = {step.action: step.at for step in desk.incident.timeline}
    assert steps[Action.TOLD] == ends
    assert steps[Action.ESCALATED] == ends + 30 * MINUTE


def test_a_silence_that_another_process_ends_is_over_at_the_next_look(desk: Desk) -> None:
    silence = Silence(
        id="sil_1", at=NOON - HOUR, until=NOON + HOUR, by="ann", reason="sale", brand="Acme"
    )
    with desk.store.writing() as tx:
        tx.silence(silence)
    desk.opens(NOON)
    assert desk.told == []
    with closing(open_store(desk.path)) as store, store.writing() as tx:
        tx.silence(replace(silence, until=NOON + 5 * MINUTE, ended_by="bo"))
        held = tx.waking()
        woken = (replace(each, waiting=replace(each.waiting, wakes_at=NOON)) for each in held)
        tx.record(Ledger(incidents=tuple(woken)))
    desk.looks(NOON + 5 * MINUTE)
    desk.looks(NOON + 6 * MINUTE)
    assert desk.told == [("chat", "opened")]


# ---------------------------------------------------------------- the daemon
@dataclass
class Ear:
    """A notifier that notes what it is told."""

    kind: ClassVar[str] = "ear"
    Options: ClassVar[type] = dict
    shows_latest: bool = False
    heard: list[str] = field(default_factory=list)

    async def deliver(self, notification: Notification, at: datetime) -> Receipt:
        self.heard.append(notification.type.removeprefix("incident."))
        return Receipt(answer="heard")


async def test_a_running_watch_tells_what_the_night_held_and_escalates_though_the_clock_leaps(
    tmp_path: Path,
) -> None:
    # the night in which the clocks of Sofia go forward: quiet from 20:00 to 04:00 UTC
    ears = {name: Ear() for name in ("chat", "pager", "boss")}
    policy = replace(a_policy(), detectors=())
    with time_machine.travel(datetime(2026, 3, 28, 21, tzinfo=UTC), tick=True) as wall:
        store = open_store(tmp_path / "watch.db")
        opened = open_incident(an_alert("a", started_at=wiring.now()), {}, None)
        told, calls = tell(policy.directory, opened, opened.timeline[-1])
        assert calls == ()
        with store.writing() as tx:
            tx.record(Ledger(incidents=(told,)))
        daemon = Daemon(
            Assembly(
                policy=policy,
                feeds=(),
                notifiers=dict(ears),
                channels={},
                web=lambda _: Nowhere(),
                outbound=Nowhere(),
                processor=lambda: a_processor(store, policy),
                scorer=SCORER.kind,
                retention=timedelta(days=90),
                heartbeat=None,
            ),
            store,
            clock=wiring.now,
            chance=lambda: 0.5,
        )
        wall.move_to(datetime(2026, 3, 29, 3, 59, 58, tzinfo=UTC))
        running = asyncio.create_task(daemon.run())
        await until(lambda: ears["chat"].heard == ["opened"], 20)
        assert wiring.now() >= datetime(2026, 3, 29, 4, tzinfo=UTC)
        wall.move_to(datetime(2026, 3, 29, 4, 40, 58, tzinfo=UTC))
        await until(lambda: ears["boss"].heard == ["escalated"], 20)
        assert ears["pager"].heard == ["escalated"]
        daemon.stop()
        await running
    assert ears["chat"].heard == ["opened"]
