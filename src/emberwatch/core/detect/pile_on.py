"""One thread gathers many voices: rings while it can still be answered."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil, exp, log

from emberwatch.core.detect.detector import whole_minute
from emberwatch.core.detect.growth import (
    NO_GROWTH,
    SIGHT,
    Growth,
    Sizes,
    evidence,
    expected_in_the_end,
    grow,
    log_odds,
)
from emberwatch.core.detect.outlook import Count, Outlook, Pace, Standing
from emberwatch.core.detect.swift import changer, maker
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.brand import Brand
from emberwatch.model.event import Counted, Event, Mentioned, Reacted, ThreadEnded, Tick
from emberwatch.model.post import Post, PostKind

FAST = 10.0
SLOW = 30.0
"""Minutes over which the two rates of a thread fade."""
STILL_GROWING = 1.25
GROWING_AGAIN = 1.6
"""How far the fast rate is above the slow one while a thread grows."""
OLD = 600.0
"""Minutes after which a reaction adds next to nothing to either; it may not add nothing at all."""


CONCERNED_FROM = 0.2
"""A brand that the root does not name must be named by this share of the thread's posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PileOnSettings:
    """How sure, how angry and how lively a thread must be."""

    precision: float = 0.75
    """The share of alerts that shall come true, at the base rate."""
    base_rate: float = 0.01
    """The share of the brand's threads that grow huge."""
    smallest: float = 1.0
    """The size from which threads count in that share."""
    doubt: float = 0.5
    """Log odds taken off the forecast just short of the target, none off at `fewest`: the less is
    left to be gained by ringing early, the surer we want to be."""
    fewest: int = 10
    """Reactions that we must have seen coming before anything rings."""
    angry_from: float = 0.3
    judged_enough: int = 10
    applause_below: float = 0.1
    """With so many judged replies and a smaller angry share it is applause."""
    burst_after: timedelta = timedelta(hours=1)
    """What comes after so long a silence is a new burst."""
    quiet_after: timedelta = timedelta(hours=2)
    """An alert ends after so long a silence."""
    cold_after: timedelta = timedelta(hours=6)
    cold_after_crowd: timedelta = timedelta(hours=48)
    """A thread is forgotten after so long a silence; a crowd of `fewest`, or one that rang, may
    sleep a night over it."""
    most_evidence: int = 50

    @classmethod
    def among_alike(cls, base_rate: float, floor: int) -> "PileOnSettings":
        """Return the settings for threads of which `base_rate` come to the floor, when only those
        count that come within sight of it.
        """
        return cls(base_rate=base_rate, smallest=floor / SIGHT)


DEFAULTS = PileOnSettings()


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of reaction: items seen, the site's last counter, the most there ever were."""

    items: int = 0
    counter: int | None = None
    peak: int = 0

    @property
    def size(self) -> int:
        """How many there are: the greater of items seen and the last counter."""
        return self.items if self.counter is None else max(self.items, self.counter)


NONE_YET = Tally()
_RINGING = (Standing.HUGE, Standing.LIKELY)
_BOOST = PostKind.BOOST
REPLIES, QUOTES, BOOSTS = range(3)
"""Where each kind's tally stands."""
_KINDS = ("replies", "quotes", "boosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """What was last told of a thread to one brand. `times` counts how often it has begun."""

    started_at: datetime
    ended_at: datetime | None = None
    size: int
    fire: Fire = Fire.GROWING
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What one brand has to do with a thread.

    `posts` counts the replies and quotes that name it; `voices` are the angriest of them, as
    (anger, post id), angriest first; an anger of -1 is not known. `huge` is what the brand's own
    history of threads called huge when it came in, None where there was none.
    """

    brand: str
    is_in_root: bool = False
    posts: int = 0
    voices: tuple[tuple[float, str], ...] = ()
    ring: Ring | None = None
    huge: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What is remembered of one thread; bounded, however large it grows.

    `first_at` is when its first known post was written, `touched_at` when (by our clock) it last
    grew. A burst began at `burst_at` (epoch seconds), on top of `before` reactions; `unseen` of
    all reactions we did not see coming. `growth` is the burst's. `fast` and `slow` are fading
    rates a minute as of `rated_at` (epoch seconds), `peak` the greatest fast one. `recent` holds
    the ids of the last posts counted: one that names two brands comes twice.
    """

    first_at: datetime
    touched_at: datetime
    burst_at: float
    root_id: str | None = None
    root_created_at: datetime | None = None
    root_anger: float | None = None
    tallies: tuple[Tally, ...] = (NONE_YET, NONE_YET, NONE_YET)
    before: int = 0
    unseen: int = 0
    growth: Growth = NO_GROWTH
    grown: int = 0
    weighed: int = 0
    fast: float = 0.0
    slow: float = 0.0
    peak: float = 0.0
    rated_at: float = 0.0
    reach: int = 0
    mentions: int = 0
    judged: int = 0
    angry: int = 0
    recent: tuple[str, ...] = ()
    stakes: tuple[Stake, ...] = ()

    @property
    def size(self) -> int:
        """How many reactions the thread has, by items and by counters."""
        replies, quotes, boosts = self.tallies
        return replies.size + quotes.size + boosts.size

    def has_size(self, number: int) -> bool:
        """Whether the thread has so many reactions: not if fewer ever came, as a rule."""
        return self.before + self.grown >= number and self.size >= number

    @property
    def is_burning(self) -> bool:
        """Whether an alert about it is open."""
        for stake in self.stakes:  # noqa: SIM110 - asked thrice a reaction: any() costs more
            if stake.ring and stake.ring.ended_at is None:
                return True
        return False

    @property
    def has_rung(self) -> bool:
        """Whether there ever was an alert about it."""
        for stake in self.stakes:  # noqa: SIM110 - as above
            if stake.ring:
                return True
        return False


_new_tally = maker(Tally)
_new_stake = maker(Stake)
_new_thread = maker(Thread)
_changed = changer(Thread)
_counted = changer(
    Thread, "first_at", "reach", "recent", "tallies", "mentions", "judged", "angry", "stakes"
)
_grown = changer(
    Thread,
    "touched_at",
    "burst_at",
    "before",
    "unseen",
    "growth",
    "grown",
    "weighed",
    "fast",
    "slow",
    "peak",
    "rated_at",
)
_weighed = changer(Thread, "weighed")
_put_stakes = changer(Thread, "stakes")
_staked = changer(Stake)
_heard = changer(Stake, "posts", "voices")
_new_ended = maker(ThreadEnded)


class PileOn:
    """Watches threads in which brands are named; keyed by thread."""

    name = "pile_on"
    version = 2
    state_type = Thread

    def __init__(self, brands: Mapping[str, Brand], settings: PileOnSettings = DEFAULTS) -> None:
        self._brands = brands
        self._settings = settings
        self._silence = settings.burst_after.total_seconds()

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the threads that an event concerns: a quote stands in two."""
        if isinstance(event, Mentioned):
            return _threads(event.mention.post)
        if isinstance(event, Reacted):
            return _threads(event.post)
        return (event.thread_id,) if isinstance(event, Counted) else ()

    def fold(
        self, key: str, state: Thread | None, event: Event
    ) -> tuple[Thread | None, tuple[Alert, ...]]:
        """See `Detector.fold`. Only a mention makes a thread known."""
        at = event.at
        if isinstance(event, Mentioned):
            after = self._hear(key, state, event)
        elif state is None:
            return None, ()
        elif isinstance(event, Tick):
            if not state.is_burning and at >= self._cold_at(state):
                return None, ()
            return self._tell(key, state, at, may_ring=False)
        elif isinstance(event, Reacted):
            post = event.post
            if _is_root(key, post) or post.id in state.recent:
                return state, ()
            after = self._count_post(key, state, at, post, is_history=event.is_history)
        elif isinstance(event, Counted):
            after = self._count(state, event)
        else:
            return state, ()
        if after is state or event.is_history or after.grown == 0:
            return after, ()
        return self._tell(key, after, at, may_ring=True)

    def wakes_at(self, state: Thread) -> datetime | None:
        """Return when the thread's fire will have changed, or when it can be forgotten."""
        if not state.is_burning:
            return whole_minute(self._cold_at(state))
        return whole_minute(
            min(
                self._changes_at(state, stake.ring.fire)
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
        stake, now = _stake(state, brand), at.timestamp()
        floor = _floor(stake, known)
        target, sizes = floor - state.before, self._sizes(floor)
        chance = prior = None
        asked = settings.precision
        if state.size < floor and self._is_foreseeable(state, target):
            prior = sizes.prior(state.grown, target)
            chance = _share(self._odds(state, floor, at, target))
            asked = _share(self._bar(state.grown, target))
        if stake not in state.stakes:
            standing = Standing.NOT_WATCHED
        elif stake.ring and stake.ring.ended_at is None:
            standing = Standing.RUNG
        else:
            standing = self._standing(state, stake, known, at, is_due=True)
        return Outlook(
            brand=brand,
            at=at,
            standing=standing,
            size=state.size,
            counts=tuple(
                Count(kind=kind, items=tally.items, counter=tally.counter, size=tally.size)
                for kind, tally in zip(_KINDS, state.tallies, strict=True)
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
            expected=self._end(state, sizes, now),
            angry_share=state.angry / state.judged if state.judged else None,
            judged=state.judged,
            not_judged=_not_judged(state),
            reach=state.reach,
            needed=self._needed(state, stake, known, at, standing),
        )

    def _needed(
        self, thread: Thread, stake: Stake, brand: Brand, at: datetime, standing: Standing
    ) -> int | None:
        """Return how many more reactions within a minute would ring, if any number would."""
        if standing in (*_RINGING, Standing.RUNG, Standing.NOT_WATCHED):
            return None
        floor = _floor(stake, brand)
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
        moments = _spread(at.timestamp(), until.timestamp(), more)
        then = self._grow(thread, until, moments, unseen=0)
        boosts = then.tallies[BOOSTS]
        size = boosts.size + more
        then = _changed(then, tallies=_put(then.tallies, BOOSTS, Tally(size, boosts.counter, size)))
        return self._standing(then, stake, brand, until, is_due=True) in _RINGING

    # ------------------------------------------------------------ counting
    def _hear(self, key: str, state: Thread | None, event: Mentioned) -> Thread:
        at, mention = event.at, event.mention
        post, anger = mention.post, mention.score.anger
        if _is_root(key, post):
            if state is None:
                created_at = min(post.created_at, at)
                return _new_thread(
                    first_at=created_at,
                    touched_at=at,
                    burst_at=created_at.timestamp(),
                    root_id=post.id,
                    root_created_at=created_at,
                    root_anger=anger,
                    reach=post.author.followers or 0,
                    stakes=(_new_stake(brand=mention.brand, is_in_root=True, huge=event.huge),),
                )
            thread = _rooted(state, post.created_at, at)
            if thread.root_id is None:
                thread = _changed(
                    thread,
                    root_id=post.id,
                    root_anger=anger,
                    reach=thread.reach + (post.author.followers or 0),
                )
            stake = _staked(_stake(thread, mention.brand, event.huge), is_in_root=True)
            return _put_stakes(thread, stakes=_with_stake(thread.stakes, stake))
        if state is None:
            created_at = min(post.created_at, at)
            state = _new_thread(first_at=created_at, touched_at=at, burst_at=created_at.timestamp())
        stake = _stake(state, mention.brand, event.huge)
        voice = (-1.0 if anger is None else anger, post.id)
        place = bisect_right(stake.voices, _angriest_first(voice), key=_angriest_first)
        voices = (*stake.voices[:place], voice, *stake.voices[place:])
        stake = _heard(
            stake, posts=stake.posts + 1, voices=voices[: self._settings.most_evidence - 1]
        )
        stakes = _with_stake(state.stakes, stake)
        if post.id in state.recent:
            return _put_stakes(state, stakes=stakes)
        return self._count_post(
            key,
            state,
            at,
            post,
            is_history=event.is_history,
            mentions=1,
            judged=anger is not None,
            angry=anger is not None and anger >= self._settings.angry_from,
            stakes=stakes,
        )

    def _count_post(
        self,
        key: str,
        state: Thread,
        at: datetime,
        post: Post,
        *,
        is_history: bool,
        mentions: int = 0,
        judged: int = 0,
        angry: int = 0,
        stakes: tuple[Stake, ...] | None = None,
    ) -> Thread:
        """Count one item that is not the root and was not counted yet, and what it mentions."""
        created_at = min(post.created_at, at)
        kind = _kind(key, post)
        tally = state.tallies[kind]
        items, peak = tally.items + 1, tally.peak
        by = items - peak if items > peak else 0
        counted = _new_tally(items=items, counter=tally.counter, peak=peak + by)
        thread = _counted(
            state,
            first_at=min(state.first_at, created_at),
            reach=state.reach + (post.author.followers or 0),
            recent=(*state.recent[-7:], post.id),
            tallies=_put(state.tallies, kind, counted),
            mentions=state.mentions + mentions,
            judged=state.judged + judged,
            angry=state.angry + angry,
            stakes=state.stakes if stakes is None else stakes,
        )
        if not by:
            return thread
        unseen = by if is_history else 0
        return self._grow(thread, at, ((created_at.timestamp(), by),), unseen=unseen)

    def _count(self, state: Thread, event: Counted) -> Thread:
        """Take over a root's counters; a first reading is growth only while the root is young."""
        thread = _rooted(state, event.root_created_at, event.at)
        is_young = event.at - event.root_created_at < 2 * event.every
        told = event.counters
        seen = unseen = 0
        tallies = thread.tallies
        for kind, counter in (
            (REPLIES, told.replies),
            (QUOTES, told.quotes),
            (BOOSTS, told.boosts),
        ):
            tally = tallies[kind]
            if counter is None or counter == tally.counter:
                continue
            counted = Tally(tally.items, counter, max(tally.peak, counter))
            if tally.counter is None and not is_young:
                unseen += counted.peak - tally.peak
            else:
                seen += counted.peak - tally.peak
            tallies = _put(tallies, kind, counted)
        if tallies is not thread.tallies:
            thread = _changed(thread, tallies=tallies)
        if unseen:
            thread = _changed(
                thread,
                before=thread.before + unseen,
                unseen=thread.unseen + unseen,
                burst_at=thread.burst_at if thread.grown else event.at.timestamp(),
            )
        if not seen:
            return thread
        since = max(event.root_created_at, event.at - event.every)
        moments = _spread(since.timestamp(), event.at.timestamp(), seen)
        return self._grow(thread, event.at, moments, unseen=seen if event.is_history else 0)

    def _grow(
        self,
        thread: Thread,
        at: datetime,
        reactions: tuple[tuple[float, int], ...],
        *,
        unseen: int,
    ) -> Thread:
        """Add reactions to the burst, or begin a new one after a silence."""
        growth, grown, before, weighed = thread.growth, thread.grown, thread.before, thread.weighed
        burst_at, peak, now = thread.burst_at, thread.peak, at.timestamp()
        last = growth.moments[-1] if grown else burst_at
        silence = self._silence
        if reactions[0][0] - last > silence and not thread.is_burning:
            growth, before, grown, weighed = NO_GROWTH, before + grown, 0, 0
            burst_at, peak = reactions[0][0], 0.0
        fast, slow = _rates(thread, now)
        for moment, by in reactions:
            if moment < burst_at - silence:
                before += by
            else:
                burst_at = moment if moment < burst_at else burst_at
                growth = grow(growth, moment, by)
                grown += by
            ago = min((now - moment) / 60.0, OLD)
            fast += by / FAST * exp(-ago / FAST)
            slow += by / SLOW * exp(-ago / SLOW)
        return _grown(
            thread,
            touched_at=at if at > thread.touched_at else thread.touched_at,
            burst_at=burst_at,
            before=before,
            unseen=thread.unseen + unseen,
            growth=growth,
            grown=grown,
            weighed=weighed,
            fast=fast,
            slow=slow,
            peak=fast if fast > peak else peak,
            rated_at=now if now > thread.rated_at else thread.rated_at,
        )

    # ------------------------------------------------------------ telling
    def _tell(
        self, key: str, thread: Thread, at: datetime, *, may_ring: bool
    ) -> tuple[Thread, tuple[Alert, ...]]:
        """Say to each brand what is new to it; without a new voice nothing rings."""
        grown = thread.grown
        is_foreseeable = grown >= self._settings.fewest
        is_looked_at = may_ring and is_foreseeable and is_due(grown, thread.weighed)
        if is_looked_at:
            thread = _weighed(thread, weighed=grown)
        rung: dict[str, Stake] = {}
        alerts = []
        for stake in thread.stakes:
            brand, ring = self._brands.get(stake.brand), stake.ring
            if ring and ring.ended_at is None:
                ring = self._go_on(thread, ring, at)
            elif brand and may_ring and (is_foreseeable or thread.has_size(_floor(stake, brand))):
                standing = self._standing(thread, stake, brand, at, is_due=is_looked_at)
                if standing in _RINGING:
                    ring = self._begin(thread, ring, at)
            if ring is None or ring is stake.ring:
                continue
            rung[stake.brand] = told = _staked(stake, ring=ring)
            if brand:
                alerts.append(self._alert(key, thread, told, ring, brand, at))
        if rung:
            stakes = tuple(rung.get(stake.brand, stake) for stake in thread.stakes)
            thread = _put_stakes(thread, stakes=stakes)
        return thread, tuple(alerts)

    def _begin(self, thread: Thread, ring: Ring | None, at: datetime) -> Ring | None:
        """Ring, for the first time or after an end; not for a fire that is out already."""
        fire = self._fire(thread, Fire.GROWING, at)
        if fire is Fire.OUT:
            return ring
        times = ring.times + 1 if ring else 1
        return Ring(started_at=at, size=thread.size, fire=fire, times=times)

    def _go_on(self, thread: Thread, ring: Ring, at: datetime) -> Ring:
        """Return an open ring as it is now, or itself while there is nothing new to tell."""
        fire = self._fire(thread, ring.fire, at)
        if fire is ring.fire and thread.size < 2 * ring.size:
            return ring
        ended_at = at if fire is Fire.OUT else None
        return replace(ring, size=thread.size, fire=fire, ended_at=ended_at)

    def _standing(
        self, thread: Thread, stake: Stake, brand: Brand, at: datetime, *, is_due: bool
    ) -> Standing:
        """Return whether a thread is huge for a brand, or as good as certain to become so.

        A forecast that is not due counts as unlikely.
        """
        floor, size = _floor(stake, brand), thread.size
        if not is_concerned(thread, stake):
            return Standing.NOT_CONCERNED
        if self._is_applause(thread):
            return Standing.APPLAUSE
        if size >= floor:
            is_new = stake.ring is None and size - thread.unseen >= floor
            lively = thread.growth.since(at.timestamp() - 3600.0)
            is_lively = lively >= max(min(self._settings.fewest, floor), floor / 10)
            return Standing.HUGE if is_new or is_lively else Standing.STALE
        if stake.ring:
            return Standing.TOLD_BEFORE
        target = floor - thread.before
        if not self._is_foreseeable(thread, target):
            return Standing.TOO_FEW
        if is_due and self._odds(thread, floor, at, target) >= self._bar(thread.grown, target):
            return Standing.LIKELY
        return Standing.UNLIKELY

    def _is_foreseeable(self, thread: Thread, target: int) -> bool:
        return self._settings.fewest <= thread.grown < target

    def _odds(self, thread: Thread, floor: int, at: datetime, target: int) -> float:
        """Return the log odds of a thread's burst coming to a target."""
        speaks = evidence(thread.growth, thread.burst_at, at.timestamp(), thread.grown, target)
        return speaks + log_odds(self._sizes(floor).prior(thread.grown, target))

    def _bar(self, grown: int, target: int) -> float:
        """Return the log odds from which a burst of a size rings."""
        fewest = self._settings.fewest
        way = log(grown / fewest) / log(target / fewest)
        return log_odds(self._settings.precision) + self._settings.doubt * way

    def _sizes(self, floor: int) -> Sizes:
        settings = self._settings
        return Sizes(huge=floor, share=settings.base_rate, smallest=settings.smallest)

    def _is_applause(self, thread: Thread) -> bool:
        """Whether the crowd is known to be calm, under a root that is not angry itself."""
        settings = self._settings
        return (
            thread.judged >= settings.judged_enough
            and thread.angry < settings.applause_below * thread.judged
            and (thread.root_anger or 0.0) < settings.angry_from
        )

    def _fire(self, thread: Thread, was: Fire, at: datetime) -> Fire:
        """Return how the fire goes; it changes back less readily than it changed."""
        if at - thread.touched_at >= self._settings.quiet_after:
            return Fire.OUT
        fast, slow = _rates(thread, at.timestamp())
        if fast < thread.peak / (2.0 if was is Fire.COOLING else 4.0):
            return Fire.COOLING
        grows = STILL_GROWING if was is Fire.GROWING else GROWING_AGAIN
        return Fire.GROWING if fast > slow * grows else Fire.BURNING

    def _changes_at(self, thread: Thread, fire: Fire) -> datetime:
        """Return when the fire will be another if nobody reacts any more."""
        out_at = thread.touched_at + self._settings.quiet_after
        if fire is Fire.COOLING:
            return out_at
        minutes = FAST * log(4.0 * thread.fast / thread.peak)
        if fire is Fire.GROWING:
            above = thread.fast / (STILL_GROWING * thread.slow)
            minutes = min(minutes, log(above) / (1.0 / FAST - 1.0 / SLOW))
        changed_at = datetime.fromtimestamp(thread.rated_at, UTC) + timedelta(minutes=minutes)
        return min(out_at, changed_at + timedelta(seconds=1))

    def _cold_at(self, thread: Thread) -> datetime:
        settings = self._settings
        is_crowd = thread.has_size(settings.fewest) or thread.has_rung
        return thread.touched_at + (settings.cold_after_crowd if is_crowd else settings.cold_after)

    def _alert(
        self, key: str, thread: Thread, stake: Stake, ring: Ring, brand: Brand, at: datetime
    ) -> Alert:
        sizes, now = self._sizes(_floor(stake, brand)), at.timestamp()
        first_at = thread.root_created_at or thread.first_at
        end = thread.size if ring.ended_at else self._end(thread, sizes, now)
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
            not_judged=_not_judged(thread),
            thread_id=key,
            evidence=root + tuple(id for _, id in stake.voices),
            fire=ring.fire,
            reason=self._reason(thread, stake, ring, brand, at, end),
        )

    def _end(self, thread: Thread, sizes: Sizes, now: float) -> int:
        """Return the size that a thread will pass with even odds."""
        if not thread.grown:
            return thread.size
        further = expected_in_the_end(thread.growth, thread.burst_at, now, thread.grown, sizes)
        return max(thread.size, thread.before + round(further))

    def _reason(
        self, thread: Thread, stake: Stake, ring: Ring, brand: Brand, at: datetime, end: int
    ) -> str:
        missing = _not_judged(thread)
        unknown = f"; {missing:.0%} of the mentions could not be judged" if missing > 0.3 else ""
        if ring.ended_at is not None:
            quiet = _span((at - thread.touched_at).total_seconds())
            return f"{thread.size} reactions in all, none in the last {quiet}{unknown}: it is over"
        age = _span(at.timestamp() - thread.burst_at)
        older = f" on top of {thread.before}" if thread.before else ""
        fast, _ = _rates(thread, at.timestamp())
        pace = f"+{fast:.0f} a minute" if fast >= 1.0 else f"+{60.0 * fast:.0f} an hour"
        own = ", by its own threads" if stake.huge else ""
        huge = f"huge for {brand.name}: {_floor(stake, brand)}{own}"
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


def is_concerned(thread: Thread, stake: Stake) -> bool:
    """Whether it is about the brand at all: a passing word in somebody else's thread is not."""
    posts = thread.tallies[REPLIES].items + thread.tallies[QUOTES].items
    return stake.is_in_root or stake.posts >= CONCERNED_FROM * posts


def is_due(grown: int, looked: int) -> bool:
    """Whether a thread of so many reactions is looked at again: each time while it is small, then
    at each 5 % of growth.
    """
    return grown != looked and (grown <= 30 or 20 * grown >= 21 * looked)


def _threads(post: Post) -> tuple[str, ...]:
    """Return the threads that a post stands in."""
    if post.kind is _BOOST:
        own = post.thread_id if post.thread_id != post.key else post.boost_of
        return (own or post.thread_id,)
    if post.quote_of is None or post.quote_of == post.thread_id:
        return (post.thread_id,)
    return (post.thread_id, post.quote_of)


def _is_root(key: str, post: Post) -> bool:
    """Whether a post began the thread; most do not, and their number alone shows it."""
    return key.endswith(post.native_id) and post.key == key and post.kind is not _BOOST


def _kind(key: str, post: Post) -> int:
    if post.kind is _BOOST:
        return BOOSTS
    return QUOTES if post.quote_of == key else REPLIES


def _put(tallies: tuple[Tally, ...], kind: int, tally: Tally) -> tuple[Tally, ...]:
    return (*tallies[:kind], tally, *tallies[kind + 1 :])


def _rooted(thread: Thread, created_at: datetime, at: datetime) -> Thread:
    """Tell a thread when its root was written; its burst began there unless it came late."""
    if thread.root_created_at is not None:
        return thread
    created_at = min(created_at, at)
    root = created_at.timestamp()
    is_first_burst = not thread.before and thread.burst_at - root <= 3600.0
    return _changed(
        thread,
        root_created_at=created_at,
        first_at=min(thread.first_at, created_at),
        burst_at=min(thread.burst_at, root) if is_first_burst else thread.burst_at,
    )


def _not_judged(thread: Thread) -> float:
    """Return the share of the thread's mentions, its root among them, without an anger."""
    is_root_known = any(stake.is_in_root for stake in thread.stakes)
    mentions = thread.mentions + is_root_known
    judged = thread.judged + (is_root_known and thread.root_anger is not None)
    return 1.0 - judged / mentions if mentions else 0.0


def _floor(stake: Stake, brand: Brand) -> int:
    """Return how many reactions are huge for a brand: by its own history, else as configured."""
    return stake.huge or brand.pile_on_floor


def _stake(thread: Thread, brand: str, huge: int | None = None) -> Stake:
    for stake in thread.stakes:
        if stake.brand == brand:
            return stake
    return _new_stake(brand=brand, huge=huge)


def _with_stake(stakes: tuple[Stake, ...], stake: Stake) -> tuple[Stake, ...]:
    if not stakes or (len(stakes) == 1 and stakes[0].brand == stake.brand):
        return (stake,)
    return (*(other for other in stakes if other.brand != stake.brand), stake)


def _angriest_first(voice: tuple[float, str]) -> tuple[float, str]:
    return -voice[0], voice[1]


def _spread(since: float, until: float, number: int) -> tuple[tuple[float, int], ...]:
    """Spread what a counter grew by evenly over the time in which it did, in up to 8 portions."""
    parts = min(number, 8)
    return tuple(
        (
            since + (until - since) * (part + 1) / parts,
            number * (part + 1) // parts - number * part // parts,
        )
        for part in range(parts)
    )


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


def _share(odds: float) -> float:
    """Return the probability whose log odds these are."""
    return 1.0 / (1.0 + exp(-odds))


def _rates(thread: Thread, now: float) -> tuple[float, float]:
    """Return the fast and the slow rate, a minute, as they have faded by now."""
    minutes = max(now - thread.rated_at, 0.0) / 60.0
    return thread.fast * exp(-minutes / FAST), thread.slow * exp(-minutes / SLOW)


def _span(seconds: float) -> str:
    """Say a length of time, rounded up."""
    minutes = max(1, ceil(seconds / 60.0))
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{round(minutes / 60)} hours"
