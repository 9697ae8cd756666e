"""Brands of our own making, post by post: what a watch would see in some weeks of their lives.

Nothing here was fitted to anybody's data; the ranges are guesses at what brands are like, wide on
purpose. A brand has a rhythm of day and week, a level and a mood that wander, growth, threads with
replies and boosts, people who post often, near copies, a second language that is judged badly or
not at all, posts that come late, feeds that are down, and promotions. On top of it come storms:

    sudden   many strangers at once, fading away
    slow     the same, rising over hours
    thread   one post under which hundreds answer; of some of them only the site's counter tells
    share    no more posts than usual, but most of them angry (brands of ten posts an hour or more)

The same seed gives the same brands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from math import exp, log

import numpy as np
from numpy.typing import NDArray

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""

SIZES = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""Posts an hour."""

WEEK = 10_080
DAY = 1_440
WARM = 2 * WEEK
"""Minutes at the beginning in which nothing is asked of a detector."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Kind(IntEnum):
    """What a post is."""

    POST = 0
    REPLY = 1
    QUOTE = 2
    BOOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A trouble that should be told: its kind, and its minutes. `voices` were written in it."""

    kind: str
    begin: float
    end: float
    voices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What a site counts under a post at a minute."""

    minute: float
    thread: int
    root_minute: float
    replies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Posts as columns. Minutes are counted from `START`; `anger` is NaN where nobody can judge.

    `text` is the same for near copies and 0 for a text of its own; `quoted` is the thread that a
    quote quotes, -1 for none. `thread` equals the post's own number where it began one.
    """

    written: Floats
    seen: Floats
    thread: Whole
    author: Whole
    text: Whole
    kind: Whole
    quoted: Whole
    anger: Floats

    def __len__(self) -> int:
        return len(self.written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Some weeks of one brand, in the order in which its posts are seen."""

    name: str
    size: float
    weeks: int
    posts: Posts
    storms: tuple[Storm, ...]
    promotions: tuple[tuple[float, float], ...]
    outages: tuple[tuple[float, float], ...]
    counts: tuple[Counting, ...]

    @property
    def minutes(self) -> int:
        """How many minutes it lasts."""
        return self.weeks * WEEK


@dataclass(slots=True)
class _Draft:
    """Posts that are still gathered, in pieces."""

    chance: np.random.Generator
    threads: int = 0
    pieces: list[dict[str, NDArray[np.generic]]] = field(default_factory=list)
    strangers: int = 10_000_000
    texts: int = 1_000_000

    def roots(self, number: int) -> Whole:
        """Return the numbers of so many new threads."""
        self.threads += number
        return np.arange(self.threads - number, self.threads)

    def people(self, number: int) -> Whole:
        """Return so many strangers, some of whom speak twice or more."""
        ahead = np.cumsum(self.chance.random(number) < 0.85)
        self.strangers += number + 1
        return self.strangers - number + ahead

    def add(
        self,
        written: Floats,
        thread: Whole,
        author: Whole,
        kind: Kind | Whole,
        is_angry: NDArray[np.bool_],
        text: Whole | int = 0,
        quoted: Whole | int = -1,
    ) -> None:
        """Take posts in."""
        size = len(written)
        self.pieces.append(
            {
                "written": written,
                "thread": thread,
                "author": author,
                "kind": np.broadcast_to(np.asarray(kind, dtype=np.int64), size),
                "angry": is_angry,
                "text": np.broadcast_to(np.asarray(text, dtype=np.int64), size),
                "quoted": np.broadcast_to(np.asarray(quoted, dtype=np.int64), size),
            }
        )

    def column(self, name: str) -> NDArray[np.generic]:
        """Return one column of all pieces."""
        return np.concatenate([piece[name] for piece in self.pieces])


def population(seed: int, brands: int, weeks: int) -> Iterator[Stream]:
    """Yield brands of each size: thrice `brands` of the smallest, few of the loudest, whose every
    week costs as much as all of those.
    """
    for size in SIZES:
        number = 3 * brands if size < 50.0 else brands // 2 if size < 500.0 else brands // 4
        number = max(1, number)
        for index in range(number):
            yield a_brand(seed, size, weeks, index)


def a_brand(seed: int, size: float, weeks: int, index: int = 0) -> Stream:
    """Return some weeks of one brand of `size` posts an hour."""
    chance = np.random.default_rng([seed, round(10 * size), index])
    length = weeks * WEEK
    minutes = np.arange(length)
    level = _level(chance, minutes, size)
    share = chance.uniform(0.05, 0.35)
    mood = np.clip(share * np.exp(_wander(chance, length, 0.3, 480.0)), 0.005, 0.9)
    busy: list[tuple[float, float]] = []
    storms = _storms(chance, size, weeks, busy)
    for kind, begin, span in storms:
        if kind == "share":
            target = chance.uniform(0.5, 0.8)
            mood[int(begin) : int(begin + span)] = np.maximum(
                mood[int(begin) : int(begin + span)], target
            )
    draft = _Draft(chance)
    people = max(30, int(size * 168 * chance.uniform(0.3, 1.0)))
    _ordinary(draft, level, mood, people)
    _copies(draft, size, length, share)
    promotions = _promotions(draft, size, weeks, share, busy)
    local = share * size
    told, counts = [], []
    for kind, begin, span in storms:
        storm, counted = _storm(draft, kind, begin, span, local, level)
        told.append(storm)
        counts += counted
    outages = _outages(chance, weeks, busy)
    return _seen(
        draft, f"{size:g} an hour, {index}", size, weeks, told, promotions, outages, counts
    )


# ---------------------------------------------------------------- how life goes
def _wander(chance: np.random.Generator, length: int, spread: float, minutes: float) -> Floats:
    """Return a log factor a minute that forgets itself within so many minutes."""
    step = 10
    number = length // step + 2
    keep = exp(-step / minutes)
    shocks = chance.normal(0.0, spread * (1.0 - keep * keep) ** 0.5, number)
    path = np.empty(number)
    value = chance.normal(0.0, spread)
    for place, shock in enumerate(shocks):
        value = keep * value + shock
        path[place] = value
    return np.repeat(path, step)[:length] - spread * spread / 2.0


def _level(chance: np.random.Generator, minutes: Whole, size: float) -> Floats:
    """Return the mean number of posts of each minute."""
    hour = minutes / 60.0 % 24.0
    peak, depth = chance.uniform(0.0, 24.0), chance.uniform(0.1, 0.6)
    distance = np.abs(hour - peak)
    distance = np.minimum(distance, 24.0 - distance)
    shape = depth + (1.0 - depth) / (1.0 + np.exp((distance - 7.0) / 1.2))
    shape = shape * np.where(minutes // DAY % 7 >= 5, chance.uniform(0.5, 1.2), 1.0)
    shape *= size / 60.0 / shape.mean()
    growth = np.exp(chance.uniform(log(0.8), log(2.5)) * minutes / len(minutes))
    noise = _wander(chance, len(minutes), chance.uniform(0.1, 0.4), chance.uniform(60.0, 300.0))
    slow = _wander(chance, len(minutes), 0.2, 3.0 * DAY)
    return np.asarray(shape * growth / growth.mean() * np.exp(noise + slow))


def _moments(chance: np.random.Generator, means: Floats, begin: float = 0.0) -> Floats:
    """Draw moments from a mean number a minute."""
    counts = chance.poisson(means)
    return begin + np.repeat(np.arange(len(means)), counts) + chance.random(int(counts.sum()))


def _people(chance: np.random.Generator, number: int, people: int) -> Whole:
    """Draw authors: a few of them write much."""
    return (people * chance.random(number) ** 2.5).astype(np.int64)


def _delays(chance: np.random.Generator, number: int, scale: float, slope: float) -> Floats:
    """Draw delays in minutes with a heavy tail."""
    return np.asarray(scale * ((1.0 - chance.random(number)) ** (-1.0 / slope) - 1.0))


def _ordinary(draft: _Draft, level: Floats, mood: Floats, people: int) -> None:
    """Write what a brand hears on ordinary days: roots, replies, quotes, boosts."""
    chance, length = draft.chance, len(level)
    often = chance.uniform(0.1, 0.4)
    most = chance.uniform(1.4, 2.2)
    sizes = np.minimum(chance.pareto(most, 100_000) + 1.0, 200.0).astype(int)
    replies = often * sizes.mean()
    written = _moments(chance, level / (1.0 + replies))
    roots = draft.roots(len(written))
    author = _people(chance, len(written), people)
    angry = chance.random(len(written)) < mood[written.astype(int)]
    is_quote = (chance.random(len(written)) < 0.05) & (roots > 10)
    quoted = np.where(is_quote, roots - chance.integers(1, 10, len(roots)), -1)
    kind = np.where(is_quote, Kind.QUOTE, Kind.POST)
    draft.add(written, roots, author, kind, angry, quoted=quoted)
    has = chance.random(len(written)) < often
    number = np.where(has, chance.choice(sizes, len(written)), 0)
    of = np.repeat(np.arange(len(written)), number)
    at = written[of] + _delays(chance, len(of), chance.uniform(5.0, 30.0), 1.3)
    of, at = of[at < length], at[at < length]
    among = chance.random(len(of))
    their = np.where(among < 0.35, author[of], _people(chance, len(of), people))
    their = np.where((among >= 0.35) & (among < 0.6), (author[of] * 7 + 3) % people, their)
    is_of_mood = chance.random(len(of)) < 0.7
    own = chance.random(len(of)) < mood[at.astype(int)]
    draft.add(at, roots[of], their, Kind.REPLY, np.where(is_of_mood, angry[of], own))
    loved = np.repeat(np.arange(len(written)), chance.geometric(0.85, len(written)) - 1)
    at = written[loved] + _delays(chance, len(loved), 20.0, 1.2)
    loved, at = loved[at < length], at[at < length]
    who = _people(chance, len(loved), 10 * people)
    draft.add(at, roots[loved], who, Kind.BOOST, np.zeros(len(loved), dtype=bool))


def _copies(draft: _Draft, size: float, length: int, share: float) -> None:
    """Write texts that go round, and now and then a flood of one text by many accounts."""
    chance = draft.chance
    rounds = [(size * 24 * 7 * 0.02, 300.0, share)] * (length // WEEK)
    floods = [(max(20.0, size * chance.uniform(0.3, 2.0)), 20.0, 0.5)] * int(
        chance.poisson(0.3 * length / WEEK)
    )
    for number, scale, angry in (*rounds, *floods):
        copies = int(chance.poisson(number))
        begin = chance.uniform(0.0, length - DAY)
        written = begin + np.minimum(chance.exponential(scale, copies), DAY - 1.0)
        draft.texts += 1
        is_angry = np.full(copies, chance.random() < angry)
        draft.add(
            written,
            draft.roots(copies),
            draft.people(copies),
            Kind.POST,
            is_angry,
            text=draft.texts,
        )


def _free(
    chance: np.random.Generator, busy: list[tuple[float, float]], begin: float, end: float
) -> float | None:
    """Draw a minute that is half a day away from everything that was placed before."""
    for _ in range(200):
        at = float(chance.uniform(begin, end))
        if all(at < since - 720.0 or at > until + 720.0 for since, until in busy):
            return at
    return None


def _promotions(
    draft: _Draft, size: float, weeks: int, share: float, busy: list[tuple[float, float]]
) -> tuple[tuple[float, float], ...]:
    """Write what promotions bring: many posts, most of them glad, many of them copies."""
    chance, found = draft.chance, []
    for _ in range(int(chance.poisson(0.5 * weeks))):
        begin = _free(chance, busy, DAY, weeks * WEEK - DAY)
        if begin is None:
            continue
        number = int(max(chance.integers(15, 40), size * chance.uniform(3.0, 15.0)))
        written = begin + np.minimum(
            chance.gamma(1.5, 60.0 * chance.uniform(0.3, 3.0), number), DAY - 1.0
        )
        draft.texts += 1
        is_copy = chance.random(number) < 0.3
        angry = (chance.random(number) < share * chance.uniform(0.0, 0.6)) & ~is_copy
        text = np.where(is_copy, draft.texts, 0)
        authors = draft.people(number)
        draft.add(written, draft.roots(number), authors, Kind.POST, angry, text=text)
        found.append((begin, float(written.max())))
        busy.append((begin, float(written.max())))
    return tuple(sorted(found))


# ---------------------------------------------------------------- storms
def _storms(
    chance: np.random.Generator, size: float, weeks: int, busy: list[tuple[float, float]]
) -> list[tuple[str, float, float]]:
    """Place storms: (kind, begin, length in minutes), after the first two weeks."""
    kinds = ("sudden", "slow", "thread") if size < 10.0 else ("sudden", "slow", "thread", "share")
    found = []
    for _ in range(max(1, int(chance.poisson(1.2 * (weeks - 2))))):
        begin = _free(chance, busy, WARM, weeks * WEEK - DAY)
        if begin is None:
            continue
        kind = str(chance.choice(kinds))
        hours = exp(chance.uniform(log(1.5), log(8.0)))
        if kind == "share":
            hours = chance.uniform(4.0, 8.0)
        found.append((kind, begin, 60.0 * hours))
        busy.append((begin, begin + 240.0 * hours))
    return sorted(found, key=lambda storm: storm[1])


def _storm(
    draft: _Draft, kind: str, begin: float, span: float, local: float, level: Floats
) -> tuple[Storm, list[Counting]]:
    """Write a storm and return what was to be found."""
    chance = draft.chance
    if kind == "share":
        end = begin + span
        inside = level[int(begin) : int(end)].sum()
        return Storm(kind=kind, begin=begin, end=end, voices=int(inside)), []
    if kind == "thread":
        return _one_thread(draft, begin)
    peak = max(
        local * exp(chance.uniform(log(2.0), log(20.0))), exp(chance.uniform(log(6.0), log(40.0)))
    )
    grid = np.arange(int(3.0 * span) + 240)
    if kind == "sudden":
        means = peak / 60.0 * np.exp(-grid / span)
    else:
        means = peak / 60.0 * np.where(grid < span, grid / span, np.exp(-(grid - span) / span))
    written = _moments(chance, means, begin)
    written = written[written < len(level)]
    number = len(written)
    threads = draft.roots(number)
    among = chance.random(number)
    kinds = np.where(among < 0.1, Kind.QUOTE, Kind.POST)
    first = int(threads[0]) if number else -1
    quoted = np.where(kinds == Kind.QUOTE, first, -1)
    angry = chance.random(number) < 0.9
    draft.add(written, threads, draft.people(number), kinds, angry, quoted=quoted)
    followers = int(number * chance.uniform(0.2, 1.0))
    of = chance.integers(0, max(1, number // 3), followers) if number else np.zeros(0, int)
    at = written[of] + chance.exponential(20.0, len(of))
    of, at = of[at < len(level)], at[at < len(level)]
    is_angry = chance.random(len(of)) < 0.5
    draft.add(at, threads[of], draft.people(len(of)), Kind.REPLY, is_angry)
    end = begin + float(np.flatnonzero(means > 0.1 * peak / 60.0)[-1]) + 60.0
    return Storm(kind=kind, begin=begin, end=end, voices=number), []


def _one_thread(draft: _Draft, begin: float) -> tuple[Storm, list[Counting]]:
    """Write one angry post under which hundreds gather."""
    chance = draft.chance
    number = int(exp(chance.uniform(log(300.0), log(1500.0))))
    after = _delays(chance, number, chance.uniform(5.0, 40.0), chance.uniform(0.8, 1.4))
    after = np.sort(after[after < DAY - 60.0])
    thread = draft.roots(1)
    draft.add(np.array([begin]), thread, draft.people(1), Kind.POST, np.array([True]))
    is_boost = chance.random(len(after)) < 0.3
    is_item = chance.random(len(after)) < (0.25 if chance.random() < 0.3 else 1.0)
    kinds = np.where(is_boost, Kind.BOOST, Kind.REPLY)
    angry = chance.random(len(after)) < chance.uniform(0.6, 0.9)
    written = begin + after
    where = np.repeat(thread, len(after))
    people = draft.people(len(after))
    draft.add(written[is_item], where[is_item], people[is_item], kinds[is_item], angry[is_item])
    counts = []
    if not is_item.all():
        replies = begin + after[~is_boost]
        for minute in np.arange(begin + 5.0, begin + 1000.0, 5.0):
            told = int((replies <= minute).sum())
            if not counts or told > counts[-1].replies:
                counts.append(
                    Counting(
                        minute=float(np.ceil(minute)),
                        thread=int(thread[0]),
                        root_minute=begin,
                        replies=told,
                    )
                )
    end = begin + float(np.quantile(after, 0.9)) + 60.0
    return Storm(kind="thread", begin=begin, end=end, voices=len(after)), counts


# ---------------------------------------------------------------- what is seen of it
def _outages(
    chance: np.random.Generator, weeks: int, busy: list[tuple[float, float]]
) -> tuple[tuple[float, float], ...]:
    found = []
    for _ in range(int(chance.poisson(0.5 * weeks))):
        begin = _free(chance, busy, DAY, weeks * WEEK - DAY)
        if begin is not None:
            end = begin + exp(chance.uniform(log(30.0), log(600.0)))
            found.append((float(np.ceil(begin)), float(np.ceil(end))))
            busy.append(found[-1])
    return tuple(sorted(found))


def _anger(chance: np.random.Generator, angry: NDArray[np.bool_]) -> Floats:
    """Draw what a scorer makes of posts: often unsure, in a second language worse or mute."""
    number = len(angry)
    loud = chance.beta(4.0, 2.2, number)
    faint = np.where(
        chance.random(number) < 0.7, 0.04 * chance.random(number), chance.beta(1.5, 6.0, number)
    )
    told = np.where(angry, loud, faint)
    foreign = chance.random(number) < chance.uniform(0.0, 0.4)
    dull = np.where(angry, chance.beta(2.5, 2.5, number), chance.beta(1.2, 5.0, number))
    told = np.where(foreign, dull, told)
    is_mute = foreign & (chance.random(number) < chance.uniform(0.0, 1.0))
    return np.where(is_mute, np.nan, told)


def _seen(
    draft: _Draft,
    name: str,
    size: float,
    weeks: int,
    storms: list[Storm],
    promotions: tuple[tuple[float, float], ...],
    outages: tuple[tuple[float, float], ...],
    counts: list[Counting],
) -> Stream:
    """Return what a feed that is polled each minute shows of all that was written."""
    chance = draft.chance
    written = np.asarray(draft.column("written"), dtype=np.float64)
    delay = chance.exponential(0.5, len(written))
    is_late = chance.random(len(written)) < chance.uniform(0.01, 0.05)
    lateness = np.minimum(np.exp(chance.normal(log(40.0), 1.2, len(written))), DAY - 10.0)
    seen = np.ceil(written + delay + np.where(is_late, lateness, 0.0))
    is_lost = np.zeros(len(written), dtype=bool)
    for begin, end in outages:
        inside = (seen > begin) & (seen <= end)
        if chance.random() < 0.6:
            seen[inside] = end + 1.0
        else:
            is_lost |= inside
    anger = _anger(chance, np.asarray(draft.column("angry"), dtype=bool))
    kept = np.flatnonzero(~is_lost & (seen < weeks * WEEK))
    order = kept[np.lexsort((written[kept], seen[kept]))]

    def column(name: str) -> Whole:
        return np.asarray(draft.column(name), dtype=np.int64)[order]

    posts = Posts(
        written=written[order],
        seen=seen[order],
        thread=column("thread"),
        author=column("author"),
        text=column("text"),
        kind=column("kind"),
        quoted=column("quoted"),
        anger=anger[order],
    )
    is_down = [any(b < c.minute <= e for b, e in outages) for c in counts]
    return Stream(
        name=name,
        size=size,
        weeks=weeks,
        posts=posts,
        storms=tuple(storms),
        promotions=promotions,
        outages=outages,
        counts=tuple(c for c, down in zip(counts, is_down, strict=True) if not down),
    )
