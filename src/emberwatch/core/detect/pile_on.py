"""One thread gathers many voices: rings while it can still be answered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil, exp

from emberwatch.core.detect.counting import (
    count,
    count_post,
    grow_by,
    hear,
    is_root,
    spread_evenly,
    threads_of,
    with_tally,
)
from emberwatch.core.detect.detector import whole_minute
from emberwatch.core.detect.outlook import Count, Outlook, Pace, Standing
from emberwatch.core.detect.prospects import (
    RINGING,
    bar,
    changes_at,
    cold_at,
    end_of,
    fire_of,
    is_foreseeable,
    odds,
    sizes_of,
    standing_of,
)
from emberwatch.core.detect.swift import changer, maker
from emberwatch.core.detect.thread_state import (
    BOOSTS,
    DEFAULTS,
    KINDS,
    PileOnSettings,
    Ring,
    Stake,
    Tally,
    Thread,
    changed_stake,
    changed_thread,
    floor_of,
    is_concerned,
    not_judged,
    rates,
    stake_of,
    with_stakes,
)
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.brand import Brand
from emberwatch.model.event import Counted, Event, Mentioned, Reacted, ThreadEnded, Tick

_weighed = changer(Thread, "weighed")
_new_ended = maker(ThreadEnded)


class PileOn:
    """Watches threads in which brands are named; keyed by thread."""

    name = "pile_on"
    version = 2
    state_type = Thread

    def __init__(self, brands: Mapping[str, Brand], settings: PileOnSettings = DEFAULTS) -> None:
        self._brands = brands
        self._settings = settings

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the threads that an event concerns: a quote stands in two."""
        if isinstance(event, Mentioned):
            return threads_of(event.mention.post)
        if isinstance(event, Reacted):
            return threads_of(event.post)
        return (event.thread_id,) if isinstance(event, Counted) else ()

    def fold(
        self, key: str, state: Thread | None, event: Event
    ) -> tuple[Thread | None, tuple[Alert, ...]]:
        """See `Detector.fold`. Only a mention makes a thread known."""
        at = event.at
        if isinstance(event, Mentioned):
            after = hear(self._settings, key, state, event)
        elif state is None:
            return None, ()
        elif isinstance(event, Tick):
            if not state.is_burning and at >= cold_at(self._settings, state):
                return None, ()
            return self._tell(key, state, at, may_ring=False)
        elif isinstance(event, Reacted):
            post = event.post
            if is_root(key, post) or post.id in state.recent:
                return state, ()
            after = count_post(self._settings, key, state, at, post, is_history=event.is_history)
        elif isinstance(event, Counted):
            after = count(self._settings, state, event)
        else:
            return state, ()
        if after is state or event.is_history or after.grown == 0:
            return after, ()
        return self._tell(key, after, at, may_ring=True)

    def wakes_at(self, state: Thread) -> datetime | None:
        """Return when the thread's fire will have changed, or when it can be forgotten."""
        if not state.is_burning:
            return whole_minute(cold_at(self._settings, state))
        return whole_minute(
            min(
                changes_at(self._settings, state, stake.ring.fire)
                for stake in state.stakes
                if stake.ring and stake.ring.ended_at is None
            )
        )

    def outlook(self, state: Thread, brand: str, at: datetime) -> Outlook:
        """Return what one brand is to make of a thread at a moment: why it rings, or why not.

        `at` is not before the thread's last event. Raises `KeyError` for a brand that is not
        configured.
        """
        known, settings = self._brands[brand], self._settings
        stake, now = stake_of(state, brand), at.timestamp()
        floor = floor_of(stake, known)
        target, sizes = floor - state.before, sizes_of(self._settings, floor)
        chance = prior = None
        asked = settings.precision
        if state.size < floor and is_foreseeable(self._settings, state, target):
            prior = sizes.prior(state.grown, target)
            chance = share_of(odds(self._settings, state, floor, at, target))
            asked = share_of(bar(self._settings, state.grown, target))
        if stake not in state.stakes:
            standing = Standing.NOT_WATCHED
        elif stake.ring and stake.ring.ended_at is None:
            standing = Standing.RUNG
        else:
            standing = standing_of(self._settings, state, stake, known, at, is_due=True)
        return Outlook(
            brand=brand,
            at=at,
            standing=standing,
            size=state.size,
            counts=tuple(
                Count(kind=kind, items=tally.items, counter=tally.counter, size=tally.size)
                for kind, tally in zip(KINDS, state.tallies, strict=True)
            ),
            grown=state.grown,
            before=state.before,
            unseen=state.unseen,
            began_at=datetime.fromtimestamp(state.burst_at, UTC),
            pace=_pace(state, now),
            chance=chance,
            asked=asked,
            prior=prior,
            huge=floor,
            is_own_history=stake.huge is not None,
            base_rate=settings.base_rate,
            expected=end_of(state, sizes, now),
            angry_share=state.angry / state.judged if state.judged else None,
            judged=state.judged,
            not_judged=not_judged(state),
            reach=state.reach,
            needed=self._needed(state, stake, known, at, standing),
        )

    def _needed(
        self, thread: Thread, stake: Stake, brand: Brand, at: datetime, standing: Standing
    ) -> int | None:
        """Return how many more reactions within a minute would ring, if any number would."""
        if standing in (*RINGING, Standing.RUNG, Standing.NOT_WATCHED):
            return None
        floor = floor_of(stake, brand)
        fewest, most = 1, max(floor - thread.size, floor // 10 + 1, 10)
        if not self._would_ring(thread, stake, brand, at, most):
            return None
        while fewest < most:
            middle = (fewest + most) // 2
            if self._would_ring(thread, stake, brand, at, middle):
                most = middle
            else:
                fewest = middle + 1
        return most

    def _would_ring(
        self, thread: Thread, stake: Stake, brand: Brand, at: datetime, more: int
    ) -> bool:
        until = at + timedelta(minutes=1)
        moments = spread_evenly(at.timestamp(), until.timestamp(), more)
        then = grow_by(self._settings, thread, until, moments, unseen=0)
        boosts = then.tallies[BOOSTS]
        size = boosts.size + more
        tallies = with_tally(then.tallies, BOOSTS, Tally(size, boosts.counter, size))
        then = changed_thread(then, tallies=tallies)
        return standing_of(self._settings, then, stake, brand, until, is_due=True) in RINGING

    def _tell(
        self, key: str, thread: Thread, at: datetime, *, may_ring: bool
    ) -> tuple[Thread, tuple[Alert, ...]]:
        """Say to each brand what is new to it; without a new voice nothing rings."""
        grown = thread.grown
        is_crowd = grown >= self._settings.fewest
        is_looked_at = may_ring and is_crowd and is_due(grown, thread.weighed)
        if is_looked_at:
            thread = _weighed(thread, weighed=grown)
        rung: dict[str, Stake] = {}
        alerts = []
        for stake in thread.stakes:
            brand, ring = self._brands.get(stake.brand), stake.ring
            if ring and ring.ended_at is None:
                ring = self._go_on(thread, ring, at)
            elif brand and may_ring and (is_crowd or thread.has_size(floor_of(stake, brand))):
                standing = standing_of(
                    self._settings, thread, stake, brand, at, is_due=is_looked_at
                )
                if standing in RINGING:
                    ring = self._begin(thread, ring, at)
            if ring is None or ring is stake.ring:
                continue
            rung[stake.brand] = told = changed_stake(stake, ring=ring)
            if brand:
                alerts.append(self._alert(key, thread, told, ring, brand, at))
        if rung:
            stakes = tuple(rung.get(stake.brand, stake) for stake in thread.stakes)
            thread = with_stakes(thread, stakes=stakes)
        return thread, tuple(alerts)

    def _begin(self, thread: Thread, ring: Ring | None, at: datetime) -> Ring | None:
        """Ring, for the first time or after an end; not for a fire that is out already."""
        fire = fire_of(self._settings, thread, Fire.GROWING, at)
        if fire is Fire.OUT:
            return ring
        times = ring.times + 1 if ring else 1
        return Ring(started_at=at, size=thread.size, fire=fire, times=times)

    def _go_on(self, thread: Thread, ring: Ring, at: datetime) -> Ring:
        """Return an open ring as it is now, or itself while there is nothing new to tell."""
        fire = fire_of(self._settings, thread, ring.fire, at)
        if fire is ring.fire and thread.size < 2 * ring.size:
            return ring
        ended_at = at if fire is Fire.OUT else None
        return replace(ring, size=thread.size, fire=fire, ended_at=ended_at)

    def _alert(
        self, key: str, thread: Thread, stake: Stake, ring: Ring, brand: Brand, at: datetime
    ) -> Alert:
        sizes, now = sizes_of(self._settings, floor_of(stake, brand)), at.timestamp()
        first_at = thread.root_created_at or thread.first_at
        end = thread.size if ring.ended_at else end_of(thread, sizes, now)
        root = (thread.root_id,) if thread.root_id else ()
        again = f":{ring.times}" if ring.times > 1 else ""
        return Alert(
            id=f"pile_on:{brand.name}:{key}{again}",
            kind=AlertKind.PILE_ON,
            brand=brand.name,
            subject=brand.name,
            started_at=ring.started_at,
            at=at,
            ended_at=ring.ended_at,
            first_post_at=first_at,
            observed=float(thread.size),
            expected=round(sizes.usual((at - first_at).total_seconds()), 2),
            chance=sizes.reaching(max(end, 1)),
            window_minutes=max(1, ceil((now - thread.burst_at) / 60.0)),
            reach=thread.reach,
            not_judged=not_judged(thread),
            thread_id=key,
            evidence=root + tuple(id for _, id in stake.voices),
            fire=ring.fire,
            reason=self._reason(thread, stake, ring, brand, at, end),
        )

    def _reason(
        self, thread: Thread, stake: Stake, ring: Ring, brand: Brand, at: datetime, end: int
    ) -> str:
        missing = not_judged(thread)
        unknown = f"; {missing:.0%} of the mentions could not be judged" if missing > 0.3 else ""
        if ring.ended_at is not None:
            quiet = _span((at - thread.touched_at).total_seconds())
            return f"{thread.size} reactions in all, none in the last {quiet}{unknown}: it is over"
        age = _span(at.timestamp() - thread.burst_at)
        older = f" on top of {thread.before}" if thread.before else ""
        fast, _ = rates(thread, at.timestamp())
        pace = f"+{fast:.0f} a minute" if fast >= 1.0 else f"+{60.0 * fast:.0f} an hour"
        own = ", by its own threads" if stake.huge else ""
        huge = f"huge for {brand.name}: {floor_of(stake, brand)}{own}"
        words = f"{thread.grown} reactions in {age}{older}, {pace}: about {end} expected in the end"
        words += f" ({huge})"
        if thread.judged >= self._settings.judged_enough:
            words += f"; {thread.angry / thread.judged:.0%} of {thread.judged} judged are angry"
        words += unknown
        return words if ring.fire is not Fire.COOLING else f"{words}; cooling"


def endings(key: str, thread: Thread, at: datetime) -> tuple[ThreadEnded, ...]:
    """Return what a thread that is forgotten tells of the brands that it concerned.

    Nothing is learnt from one that nobody answered, as most are.
    """
    if not thread.has_size(1):
        return ()
    return tuple(
        _new_ended(at=at, thread_id=key, brand=stake.brand, size=thread.size)
        for stake in thread.stakes
        if is_concerned(thread, stake)
    )


def is_due(grown: int, looked: int) -> bool:
    """Whether a thread of so many reactions is looked at again: each time while it is small, then
    at each 5 % of growth.
    """
    return grown != looked and (grown <= 30 or 20 * grown >= 21 * looked)


def _pace(thread: Thread, now: float) -> Pace:
    growth, half = thread.growth, thread.grown / 2.0

    def took(number: float) -> timedelta:
        began = growth.of_the_last(min(number, half)) if half else now
        return timedelta(seconds=max(now - began, 0.0))

    return Pace(
        last_minute=growth.since(now - 60.0),
        last_5_minutes=growth.since(now - 300.0),
        last_15_minutes=growth.since(now - 900.0),
        newer_half_took=took(half),
        last_5_took=took(5.0),
        last_20_took=took(20.0),
        age=timedelta(seconds=max(now - thread.burst_at, 0.0)),
    )


def share_of(odds: float) -> float:
    """Return the probability whose log odds these are."""
    return 1.0 / (1.0 + exp(-odds))


def _span(seconds: float) -> str:
    """Say a length of time, rounded up."""
    minutes = max(1, ceil(seconds / 60.0))
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{round(minutes / 60)} hours"
