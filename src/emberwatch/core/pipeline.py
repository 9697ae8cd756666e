"""The heart: memory and events in, everything that changed out; pure."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from emberwatch.core.detect import thread_sizes
from emberwatch.core.detect.detector import Detector
from emberwatch.core.detect.pile_on import endings
from emberwatch.core.detect.thread_state import Thread
from emberwatch.core.respond import background, triage
from emberwatch.core.respond.attention import Call, tell, wake
from emberwatch.core.respond.background import AngryPosts
from emberwatch.core.respond.brief import notification_for
from emberwatch.core.respond.follow_up import follow_up_alert, followed_up
from emberwatch.core.respond.origin import origin
from emberwatch.core.respond.playbook import NO_PLAYBOOK, Playbook, advise
from emberwatch.core.respond.promises import promised
from emberwatch.core.respond.routing import Directory, Route, decide
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.event import Deleted, Event, Mentioned, Reacted, Tick
from emberwatch.model.incident import Exhibit, History, Incident
from emberwatch.model.mention import Mention
from emberwatch.model.notification import Notification
from emberwatch.model.post import Post
from emberwatch.model.silence import Silence
from emberwatch.model.team import Team

Key = tuple[str, str]
"""A detector's name and one of its keys."""

QUIET_AFTER = timedelta(hours=6)
"""For incidents whose brand is no longer configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator wants: brands, the detectors that watch them, who is told of what."""

    brands: Mapping[str, Brand]
    detectors: tuple[Detector[Any], ...]
    routes: tuple[Route, ...] = ()
    notifiers: tuple[str, ...] = ()
    teams: Mapping[str, Team] = field(default_factory=dict)
    playbook: Playbook = NO_PLAYBOOK

    @property
    def directory(self) -> Directory:
        """Everybody who can be told, and the rules by which they are."""
        return Directory(
            routes=self.routes, notifiers=self.notifiers, teams=self.teams, brands=self.brands
        )

    def is_told(self, alert: Alert) -> bool:
        """Whether people hear of such an alert: of volume alone only where a route asks for it."""
        return alert.kind is not AlertKind.SURGE or any(
            AlertKind.SURGE in route.kinds and (not route.brands or alert.brand in route.brands)
            for route in self.routes
        )


class Memory(Protocol):
    """What the store remembers of incidents and mentions, as of the last batch."""

    def mentions(self, post_ids: Sequence[str], brand: str) -> dict[str, Mention]: ...
    def gathering(self) -> tuple[Incident, ...]: ...
    def latest(self, brand: str | None, subject: str) -> Incident | None: ...
    def incident(self, id: str) -> Incident | None: ...
    def incident_of_alert(self, alert_id: str) -> str | None: ...
    def silences(self, at: datetime) -> tuple[Silence, ...]: ...
    def mentions_by(self, post: Post, brand: str, most: int) -> list[Mention]: ...
    def exhibiting(self, post_ids: Sequence[str]) -> tuple[Incident, ...]: ...
    def angry_posts(self, brand: str, since: datetime) -> AngryPosts: ...
    def speaking_of(
        self, brand: str, themes: Sequence[str], since: datetime, most: int
    ) -> list[Mention]: ...
    def incidents(
        self, *, opened_from: datetime | None = None, brand: str | None = None
    ) -> list[Incident]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that a batch of events changed. A state of None means: forget that key."""

    states: Mapping[Key, Any]
    incidents: tuple[Incident, ...] = ()
    orphans: tuple[Alert, ...] = ()
    notifications: tuple[Notification, ...] = ()
    mentions: tuple[Mention, ...] = ()
    reactions: tuple[Post, ...] = ()
    deleted: tuple[tuple[str, datetime], ...] = ()


class States:
    """Every detector's states, and which of them time alone may change next.

    The wake-up times are derived from the states, so what is stored is the states alone.
    """

    def __init__(self, detectors: Iterable[Detector[Any]]) -> None:
        self._detectors = {detector.name: detector for detector in detectors}
        self._states: dict[Key, Any] = {}
        self._wakes: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, Key]] = []

    def __len__(self) -> int:
        return len(self._states)

    def get(self, key: Key) -> Any:
        """Return the state under a key, or None."""
        return self._states.get(key)

    def items(self) -> Iterable[tuple[Key, Any]]:
        """Return every key with its state."""
        return self._states.items()

    def put(self, changes: Mapping[Key, Any]) -> None:
        """Take over what a committed batch changed."""
        for key, state in changes.items():
            if state is None:
                self._states.pop(key, None)
                self._wakes.pop(key, None)
                continue
            self._states[key] = state
            wakes_at = self._detectors[key[0]].wakes_at(state)
            if wakes_at is None:
                self._wakes.pop(key, None)
            elif self._wakes.get(key) != wakes_at:
                self._wakes[key] = wakes_at
                heapq.heappush(self._heap, (wakes_at, key))
        if len(self._heap) > 4 * len(self._wakes) + 64:
            self._heap = [(wakes_at, key) for key, wakes_at in self._wakes.items()]
            heapq.heapify(self._heap)

    def alarm(self) -> "_Alarm":
        """Return the wake-up times as of now, for one batch to work with."""
        return _Alarm(dict(self._wakes) if self._wakes else {}, self._heap.copy())


class _Alarm:
    """Who is to be woken when, within one batch."""

    def __init__(self, wakes: dict[Key, datetime], heap: list[tuple[datetime, Key]]) -> None:
        self._wakes = wakes
        self._heap = heap

    def set(self, key: Key, wakes_at: datetime | None) -> None:
        if wakes_at is None:
            self._wakes.pop(key, None)
        elif self._wakes.get(key) != wakes_at:
            self._wakes[key] = wakes_at
            heapq.heappush(self._heap, (wakes_at, key))

    def first(self) -> datetime | None:
        """Return when somebody is to be woken next."""
        while self._heap and self._wakes.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, at: datetime) -> list[Key]:
        """Take out the keys to be woken at an instant, in a fixed order, each once."""
        keys: dict[Key, None] = {}
        while self._heap and self._heap[0][0] <= at:
            wakes_at, key = heapq.heappop(self._heap)
            if self._wakes.get(key) == wakes_at:
                del self._wakes[key]
                keys[key] = None
        return list(keys)


@dataclass(slots=True)
class _Incidents:
    """The incidents of one batch: what the store remembers, with what the batch changed."""

    memory: Memory
    changed: dict[str, Incident] = field(default_factory=dict)
    _alerts: dict[str, Alert] = field(default_factory=dict)
    _remembered: dict[str, Incident] | None = None

    def gathering(self) -> list[Incident]:
        if self._remembered is None:
            self._remembered = {incident.id: incident for incident in self.memory.gathering()}
        found = {**self._remembered, **self.changed}
        return [self._now(incident) for incident in found.values()]

    def holding(self, alert_id: str) -> Incident | None:
        """Return the newest incident with this alert."""
        mine = [
            incident
            for incident in self.changed.values()
            if any(alert.id == alert_id for alert in incident.alerts)
        ]
        id = self.memory.incident_of_alert(alert_id)
        stored = None if id is None or id in self.changed else self.memory.incident(id)
        newest = max([*mine, *([stored] if stored else [])], key=_opened_at, default=None)
        return None if newest is None else self._now(newest)

    def latest(self, brand: str | None, subject: str) -> Incident | None:
        mine = [
            incident
            for incident in self.changed.values()
            if incident.brand == brand
            and (incident.subject == subject if brand is None else incident.is_a_storm)
        ]
        stored = self.memory.latest(brand, subject)
        found = {each.id: each for each in ([stored] if stored else [])}
        # of those that opened together the later one, as the store has it
        newest = sorted((found | {each.id: each for each in mine}).values(), key=_opened_at)[-1:]
        return newest[0] if newest else None

    def opened_since(self, brand: str, since: datetime) -> list[Incident]:
        """Return a brand's incidents opened at an instant or later."""
        return self._with_changed(
            self.memory.incidents(opened_from=since, brand=brand),
            lambda incident: incident.brand == brand and incident.opened_at >= since,
        )

    def exhibiting(self, post_ids: Sequence[str]) -> list[Incident]:
        """Return the incidents in whose evidence one of these posts stands, as they are now."""
        ids = set(post_ids)
        return self._with_changed(
            self.memory.exhibiting(post_ids),
            lambda incident: any(exhibit.post_id in ids for exhibit in incident.exhibits),
        )

    def _with_changed(
        self, stored: Iterable[Incident], fits: Callable[[Incident], bool]
    ) -> list[Incident]:
        found = {each.id: each for each in stored} | self.changed
        return [self._now(each) for each in found.values() if fits(each)]

    def change(self, incident: Incident) -> None:
        """Take over an incident whose alerts are as they were."""
        self.changed[incident.id] = incident

    def keep(self, incident: Incident, alert: Alert) -> None:
        """Take over an incident in which this alert is new or renewed."""
        self.changed[incident.id] = incident
        self._alerts |= {each.id: each for each in incident.alerts if each.id == alert.id}

    def current(self, incident: Incident) -> Incident:
        """Return an incident of the store as this batch has left it so far."""
        return self._now(self.changed.get(incident.id, incident))

    def all(self) -> tuple[Incident, ...]:
        return tuple(self._now(incident) for incident in self.changed.values())

    def _now(self, incident: Incident) -> Incident:
        """Return an incident with its alerts as they are: two incidents may share one."""
        alerts = tuple(self._alerts.get(alert.id, alert) for alert in incident.alerts)
        return incident if alerts == incident.alerts else replace(incident, alerts=alerts)


def _opened_at(incident: Incident) -> datetime:
    return incident.opened_at


class Step:
    """One run of the pure step over a batch, fed event by event.

    It reads `states` and `memory` and changes neither: what changed is in `outcome()`. A rule
    that crashes keeps the event from no other rule and no other key, and leaves its own key as it
    was; the exception comes out of `feed`, so that the caller can set the event aside and go on.
    """

    def __init__(self, policy: Policy, states: States, memory: Memory) -> None:
        self._policy = policy
        self._detectors = {detector.name: detector for detector in policy.detectors}
        self._states = states
        self._memory = memory
        self._alarm = states.alarm()
        self._changes: dict[Key, Any] = {}
        self._incidents = _Incidents(memory)
        self._orphans: dict[str, Alert] = {}
        self._notifications: list[Notification] = []
        self._mentions: dict[tuple[str, str], Mention] = {}
        self._reactions: dict[str, Post] = {}
        self._deleted: dict[str, datetime] = {}

    def feed(self, event: Event) -> None:
        """Let every detector that the event concerns have it."""
        if isinstance(event, Tick):
            self._fold_each(self._alarm.due(event.at), event)
            return
        if isinstance(event, Deleted):
            self._forget(event)
            return
        if isinstance(event, Mentioned):
            mention = event.mention
            self._mentions[mention.brand, mention.post.id] = mention
            event = self._with_history(event)
        with ExitStack() as each:
            for detector in reversed(self._policy.detectors):
                each.callback(self._offer, detector, event)

    def _forget(self, event: Deleted) -> None:
        """Forget what a post said in every incident that shows it, and tell of it."""
        self._deleted[event.post_id] = event.at
        for incident in self._incidents.exhibiting([event.post_id]):
            left = triage.without(incident, event)
            is_news = left.sequence > incident.sequence
            self._incidents.change(self._told(left) if is_news else left)

    def _with_history(self, event: Mentioned) -> Mentioned:
        """Return a mention with what is huge for its brand, where its threads have told."""
        brand = self._policy.brands.get(event.mention.brand)
        seen = self._state((thread_sizes.NAME, event.mention.brand))
        if brand is None or seen is None:
            return event
        return thread_sizes.told(event, seen, brand.pile_on_floor)

    def _offer(self, detector: Detector[Any], event: Event) -> None:
        self._fold_each([(detector.name, name) for name in detector.keys(event)], event)

    def _fold_each(self, keys: list[Key], event: Event) -> None:
        """Fold an event into every key, in order, whichever of them the rules crash on."""
        with ExitStack() as each:
            for key in reversed(keys):
                each.callback(self._fold, key, event)

    def follow_up(self, incident: Incident, at: datetime) -> None:
        """Ring for an incident whose follow-up has come, in an incident that names it."""
        alert = follow_up_alert(incident, at)
        opened = triage.open_incident(alert, {}, incident)
        # who had the trouble has the promise that came of it, and its people know the story
        opened = replace(opened, owner=incident.owner, team=incident.team)
        self._incidents.keep(self._told(opened), alert)
        self._incidents.keep(followed_up(incident, at, opened.id), alert)

    def wake(self, incident: Incident, at: datetime) -> None:
        """Let time do with an incident what it does: escalate, remind, tell what was held."""
        before = self._incidents.current(incident)
        after, calls = wake(self._policy.directory, before, at, self._memory.silences(at))
        if after != before:
            self._incidents.changed[after.id] = after
        self._owe(calls)

    def kept(self, post_id: str) -> Post | None:
        """Return the post of this id that is kept because of the thread it stands in."""
        return self._reactions.get(post_id)

    def wakes_at(self) -> datetime | None:
        """Return before when no tick can change anything; None: no tick ever will."""
        return self._alarm.first()

    def outcome(self) -> Outcome:
        """Return everything that has changed so far."""
        return Outcome(
            states=self._changes,
            incidents=self._incidents.all(),
            orphans=tuple(self._orphans.values()),
            notifications=tuple(self._notifications),
            mentions=tuple(self._mentions.values()),
            reactions=tuple(self._reactions.values()),
            deleted=tuple(self._deleted.items()),
        )

    def _fold(self, key: Key, event: Event) -> None:
        detector = self._detectors[key[0]]
        before = self._state(key)
        after, alerts = detector.fold(key[1], before, event)
        if after is not before:
            self._changes[key] = after
        self._alarm.set(key, None if after is None else detector.wakes_at(after))
        if isinstance(event, Reacted) and (before is not None or after is not None):
            self._reactions[event.post.id] = event.post
        for alert in alerts:
            self._take(alert)
        if after is None and isinstance(before, Thread):
            for ended in endings(key[1], before, event.at):
                self.feed(ended)

    def _state(self, key: Key) -> Any:
        """Return the state under a key as it is by now."""
        return self._changes[key] if key in self._changes else self._states.get(key)

    def _take(self, alert: Alert) -> None:
        """Give an alert to the incident that holds it, or gathers it, or that it opens.

        One that flares anew after its incident was closed leaves it.
        """
        mentions = self._evidence(alert)
        is_told = self._policy.is_told(alert)
        is_worth = triage.is_worth_an_incident(alert, surges_are=is_told)
        left, held = None, self._incidents.holding(alert.id)
        if is_worth and held and triage.flares_anew(held, alert, self._quiet_after(alert)):
            left, held = held, None
        held = held or self._joined(alert, mentions)
        if held is not None:
            taken = triage.take(held, alert, mentions, is_told=is_told)
            is_news = taken.sequence > held.sequence
        elif is_worth:
            previous = left or self._incidents.latest(alert.brand, alert.subject)
            leaves_it = left is not None
            opened = triage.open_incident(
                alert,
                mentions,
                previous,
                leaves_it=leaves_it,
                is_beside=not leaves_it and self._is_beside(previous, alert),
            )
            taken = self._promised(opened)
            is_news = True
        else:
            self._orphans[alert.id] = alert
            return
        self._orphans.pop(alert.id, None)
        if is_news:
            taken = self._told(self._with_background(held, taken))
        self._incidents.keep(taken, alert)

    def _promised(self, opened: Incident) -> Incident:
        """Return an incident that opens, with what the team that gets it promises."""
        decision = decide(self._policy.directory, opened, opened.opened_at)
        team = self._policy.teams.get(decision.team)
        return promised(opened, team, advise(self._policy.playbook, opened))

    def _joined(self, alert: Alert, mentions: Mapping[str, Mention]) -> Incident | None:
        gathering = self._incidents.gathering()
        return triage.joined(gathering, alert, mentions, self._quiet_after(alert))

    def _is_beside(self, previous: Incident | None, alert: Alert) -> bool:
        """Whether an alert would have joined the incident before, were it of the same matter."""
        return previous is not None and triage.joins(previous, alert, self._quiet_after(alert))

    def _quiet_after(self, alert: Alert) -> timedelta:
        brand = self._policy.brands.get(alert.brand or "")
        return brand.quiet_after if brand else QUIET_AFTER

    def _evidence(self, alert: Alert) -> dict[str, Mention]:
        if alert.brand is None:
            return {}
        brand = alert.brand
        evidence = [id for id in alert.evidence if id not in self._deleted]
        mine = {id: mention for id in evidence if (mention := self._mentions.get((brand, id)))}
        missing = [id for id in evidence if id not in mine]
        return {**self._memory.mentions(missing, brand), **mine} if missing else mine

    def _with_background(self, before: Incident | None, incident: Incident) -> Incident:
        """Look up what stands behind a trouble, where its first post or its themes are new."""
        first, brand = origin(incident), incident.brand
        if brand is None or first is None:
            return incident
        if before is not None and (origin(before), before.themes) == (first, incident.themes):
            return incident
        began_at = min(first.created_at, incident.first_post_at or first.created_at)
        incident = replace(incident, history=self._history(brand, first, began_at))
        return self._with_matter(brand, incident) if incident.themes else incident

    def _history(self, brand: str, first: Exhibit, began_at: datetime) -> History | None:
        """Return the past of the author of the post that began it, up to the trouble."""
        post = self._post(brand, first.post_id)
        if post is None or not post.author.handle:
            return None
        theirs = self._with_batch(
            self._memory.mentions_by(post, brand, background.MOST_REMEMBERED),
            lambda mention: mention.brand == brand and mention.post.voice == post.voice,
        )
        past = [each for each in theirs if each.post.created_at < began_at]
        posts = [each.post.id for each in past]
        met = [each for each in self._incidents.exhibiting(posts) if each.brand == brand]
        return background.history_of(past, met)

    def _post(self, brand: str, id: str) -> Post | None:
        mention = self._mentions.get((brand, id)) or self._memory.mentions([id], brand).get(id)
        return None if mention is None else mention.post

    def _with_matter(self, brand: str, incident: Incident) -> Incident:
        """Look up how often the same was complained of, and who else speaks of it."""
        since = incident.opened_at - background.LOOKED_BACK
        recurring = background.recurring(
            incident, self._incidents.opened_since(brand, since), self._angry_posts(brand, since)
        )
        lately = incident.opened_at - background.AFFECTED_WITHIN
        themes = set(incident.themes)
        speaking = self._with_batch(
            self._memory.speaking_of(brand, incident.themes, lately, background.MOST_REMEMBERED),
            lambda mention: (
                mention.brand == brand
                and mention.post.created_at >= lately
                and bool(themes & set(mention.themes))
            ),
        )
        affected = background.affected(incident, speaking)
        return replace(incident, recurring=recurring, affected=affected)

    def _angry_posts(self, brand: str, since: datetime) -> AngryPosts:
        """Count the angry posts of a brand by theme, with those of this batch."""
        stored = self._memory.angry_posts(brand, since)
        mine = [
            mention
            for mention in self._mentions.values()
            if mention.brand == brand and mention.post.created_at >= since
        ]
        return background.with_angry_posts(stored, mine)

    def _with_batch(
        self, stored: Iterable[Mention], fits: Callable[[Mention], bool]
    ) -> list[Mention]:
        """Return stored mentions with those of this batch, which are not stored yet."""
        mine = {each.post.id: each for each in self._mentions.values() if fits(each)}
        return list(({each.post.id: each for each in stored} | mine).values())

    def _told(self, incident: Incident) -> Incident:
        """Return an incident of whose news people are told, or will be."""
        step = incident.timeline[-1]
        silences = self._memory.silences(step.at)
        incident, calls = tell(self._policy.directory, incident, step, silences)
        self._owe(calls)
        return incident

    def _owe(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self._notifications += notifications(self._policy, call)


def notifications(policy: Policy, call: Call, *, by: str = "") -> list[Notification]:
    """Return what is owed to whom for one telling; `by` is the person who acted."""
    return [
        notification_for(
            call.incident,
            call.action,
            notifier,
            call.at,
            note=call.note,
            by=by,
            playbook=policy.playbook,
            team=policy.teams.get(call.incident.team),
        )
        for notifier in call.notifiers
    ]


def advance(policy: Policy, states: States, memory: Memory, events: Iterable[Event]) -> Outcome:
    """Return what a batch of events changes. Batches may be cut anywhere: the sum is the same."""
    step = Step(policy, states, memory)
    for event in events:
        step.feed(event)
    return step.outcome()
