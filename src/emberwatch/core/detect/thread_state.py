"""What the detector of pile-ons is told, and what it remembers of a thread."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp

from emberwatch.core.detect.growth import NO_GROWTH, SIGHT, Growth
from emberwatch.core.detect.swift import changer, maker
from emberwatch.model.alert import Fire
from emberwatch.model.brand import Brand

FAST = 10.0
SLOW = 30.0
"""Minutes over which the two rates of a thread fade."""
_CONCERNED_FROM = 0.2
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


_NONE_YET = Tally()


REPLIES, QUOTES, BOOSTS = range(3)
"""Where each kind's tally stands."""


KINDS = ("replies", "quotes", "boosts")


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
    tallies: tuple[Tally, ...] = (_NONE_YET, _NONE_YET, _NONE_YET)
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


new_stake = maker(Stake)
changed_stake = changer(Stake)
changed_thread = changer(Thread)
with_stakes = changer(Thread, "stakes")


def stake_of(thread: Thread, brand: str, huge: int | None = None) -> Stake:
    """Return what a brand has to do with a thread; a new stake where it had nothing."""
    for stake in thread.stakes:
        if stake.brand == brand:
            return stake
    return new_stake(brand=brand, huge=huge)


def with_stake(stakes: tuple[Stake, ...], stake: Stake) -> tuple[Stake, ...]:
    """Return the stakes with one put in the place of its brand's."""
    if not stakes or (len(stakes) == 1 and stakes[0].brand == stake.brand):
        return (stake,)
    return (*(other for other in stakes if other.brand != stake.brand), stake)


def floor_of(stake: Stake, brand: Brand) -> int:
    """Return how many reactions are huge for a brand: by its own history, else as configured."""
    return stake.huge or brand.pile_on_floor


def is_concerned(thread: Thread, stake: Stake) -> bool:
    """Whether it is about the brand at all: a passing word in somebody else's thread is not."""
    posts = thread.tallies[REPLIES].items + thread.tallies[QUOTES].items
    return stake.is_in_root or stake.posts >= _CONCERNED_FROM * posts


def not_judged(thread: Thread) -> float:
    """Return the share of the thread's mentions, its root among them, without an anger."""
    is_root_known = any(stake.is_in_root for stake in thread.stakes)
    mentions = thread.mentions + is_root_known
    judged = thread.judged + (is_root_known and thread.root_anger is not None)
    return 1.0 - judged / mentions if mentions else 0.0


def rates(thread: Thread, now: float) -> tuple[float, float]:
    """Return the fast and the slow rate, a minute, as they have faded by now."""
    minutes = max(now - thread.rated_at, 0.0) / 60.0
    return thread.fast * exp(-minutes / FAST), thread.slow * exp(-minutes / SLOW)
