"""Small rules and a small watch, for tests of the pure step."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emberwatch.core.detect.detector import Detector, whole_minute
from emberwatch.core.pipeline import Outcome, Policy, States, advance
from emberwatch.core.respond.routing import Route
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.event import Event, Mentioned, Reacted, Tick
from emberwatch.ports import Ledger, Store, StoredState
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.memory import MemoryStore
from tests.build import a_brand

NOTIFIERS = ("ops", "chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How much a key has heard, and the ticks that it was woken for."""

    count: int = 0
    ticks: tuple[datetime, ...] = ()
    wakes_at: datetime | None = None


class Crier:
    """Gives the alerts that its script holds for a post; keyed by brand."""

    version = 1
    state_type = Heard

    def __init__(self, script: Mapping[str, Iterable[Alert]], name: str = "crier") -> None:
        self.name = name
        self._script = script

    def keys(self, event: Event) -> tuple[str, ...]:
        return (event.mention.brand,) if isinstance(event, Mentioned) else ()

    def fold(
        self, key: str, state: Heard | None, event: Event
    ) -> tuple[Heard | None, tuple[Alert, ...]]:
        if not isinstance(event, Mentioned):
            return state, ()
        heard = Heard(count=(state.count if state else 0) + 1)
        return heard, tuple(self._script.get(event.mention.post.native_id, ()))

    def wakes_at(self, state: Heard) -> datetime | None:
        return None


class Sleeper:
    """Writes down the ticks that it was woken for; keyed by thread, and a reply joins a thread.

    `wakes` names, by the id of a post, when its thread wants to be woken. A post whose text is
    "forget" makes it forget the thread, one whose text is "crash" makes it crash.
    """

    version = 1
    state_type = Heard

    def __init__(self, wakes: Mapping[str, datetime | None], name: str = "sleeper") -> None:
        self.name = name
        self._wakes = wakes

    def keys(self, event: Event) -> tuple[str, ...]:
        match event:
            case Mentioned(mention=mention):
                return (mention.post.thread_id,)
            case Reacted(post=post):
                return (post.thread_id,)
            case _:
                return ()

    def fold(
        self, key: str, state: Heard | None, event: Event
    ) -> tuple[Heard | None, tuple[Alert, ...]]:
        match event:
            case Tick(at=at) if state is not None:
                return replace(state, ticks=(*state.ticks, at), wakes_at=None), ()
            case Mentioned(mention=mention):
                post = mention.post
            case Reacted(post=post) if state is not None:
                pass
            case _:
                return state, ()
        if post.text == "crash":
            raise ZeroDivisionError(post.id)
        if post.text == "forget":
            return None, ()
        heard = state or Heard()
        wakes_at = self._wakes.get(post.native_id, heard.wakes_at)
        return replace(heard, count=heard.count + 1, wakes_at=wakes_at), ()

    def wakes_at(self, state: Heard) -> datetime | None:
        return state.wakes_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The angry posts of a brand that came within the last minutes, and the alert they rang."""

    times: tuple[datetime, ...] = ()
    evidence: tuple[str, ...] = ()
    rang_at: datetime | None = None


class Counter:
    """Rings when three posts of a brand came within ten minutes, ends when they have passed."""

    version = 1
    state_type = Gathered
    within = timedelta(minutes=10)

    def __init__(self, kind: AlertKind, most: int = 3) -> None:
        self.name = f"counter_{kind}"
        self._kind = kind
        self._most = most

    def keys(self, event: Event) -> tuple[str, ...]:
        return (event.mention.brand,) if isinstance(event, Mentioned) else ()

    def fold(
        self, key: str, state: Gathered | None, event: Event
    ) -> tuple[Gathered | None, tuple[Alert, ...]]:
        state = state or Gathered()
        if isinstance(event, Mentioned):
            state = replace(
                state,
                times=(*state.times, event.at),
                evidence=(*state.evidence, event.mention.post.id)[-5:],
            )
        times = tuple(at for at in state.times if event.at - at < self.within)
        state = replace(state, times=times)
        if not times:
            ended = () if state.rang_at is None else (self._alert(key, state, event.at, True),)
            return None, ended
        if state.rang_at is None and len(times) >= self._most:
            state = replace(state, rang_at=event.at)
            return state, (self._alert(key, state, event.at),)
        if state.rang_at is not None and len(times) == 2 * self._most:
            return state, (self._alert(key, state, event.at),)
        return state, ()

    def wakes_at(self, state: Gathered) -> datetime | None:
        return whole_minute(state.times[0] + self.within)

    def _alert(self, brand: str, state: Gathered, at: datetime, is_over: bool = False) -> Alert:
        rang_at = state.rang_at or at
        return Alert(
            id=f"{self._kind}:{brand}:{rang_at.isoformat()}",
            kind=self._kind,
            brand=brand,
            subject=brand,
            started_at=rang_at,
            at=at,
            ended_at=at if is_over else None,
            observed=float(len(state.times)),
            expected=1.0,
            chance=1e-5,
            window_minutes=10,
            evidence=state.evidence,
            fire=Fire.OUT if is_over else Fire.BURNING,
            reason=f"{len(state.times)} posts in 10 minutes",
        )


def a_policy(*detectors: Detector, routes: tuple[Route, ...] = (), **brands: object) -> Policy:
    """Return a policy for Acme and Other with two notifiers."""
    acme = a_brand("Acme", **brands)
    return Policy(
        brands={"Acme": acme, "Other": a_brand("Other")},
        detectors=detectors,
        routes=routes,
        notifiers=NOTIFIERS,
    )


class SmallWatch:
    """Runs the pure step over a store, batch by batch, as the processor does."""

    def __init__(self, policy: Policy, store: Store | None = None) -> None:
        self.policy = policy
        self.store = store or MemoryStore()
        self.states = States(policy.detectors)

    def feed(self, *events: Event) -> Outcome:
        """Take one batch in and commit it."""
        with self.store.writing() as tx:
            outcome = advance(self.policy, self.states, tx, events)
            tx.record(_ledger(self.policy, outcome))
        self.states.put(outcome.states)
        return outcome

    def restart(self) -> None:
        """Forget everything but the store."""
        types = {detector.name: detector.state_type for detector in self.policy.detectors}
        self.states = States(self.policy.detectors)
        with self.store.reading() as look:
            self.states.put(
                {
                    (row.detector, row.key): decode_state(row.body, types[row.detector])
                    for row in look.states()
                }
            )

    def held(self) -> tuple[object, ...]:
        """Return everything that is kept: states, incidents, notifications."""
        with self.store.reading() as look:
            return (
                dict(sorted(self.states.items())),
                sorted((row.detector, row.key, row.body) for row in look.states()),
                sorted(look.incidents(), key=lambda incident: incident.id),
                sorted(look.notifications(), key=lambda row: row.id),
            )


def act(watch: SmallWatch, id: str, change: Callable) -> None:
    """Let a person change an incident beside the watch."""
    with watch.store.writing() as tx:
        tx.record(Ledger(incidents=(change(tx.incident(id)),)))


def _ledger(policy: Policy, outcome: Outcome) -> Ledger:
    versions = {detector.name: detector.version for detector in policy.detectors}
    return Ledger(
        feed="town",
        posts=(*(mention.post for mention in outcome.mentions), *outcome.reactions),
        mentions=outcome.mentions,
        states={
            key: None
            if state is None
            else StoredState(
                detector=key[0], version=versions[key[0]], key=key[1], body=encode_state(state)
            )
            for key, state in outcome.states.items()
        },
        incidents=outcome.incidents,
        orphans=outcome.orphans,
        notifications=outcome.notifications,
    )
