"""What comes in a thread is counted: items by hand, and what only a counter tells."""

from bisect import bisect_right
from datetime import datetime
from math import exp

from emberwatch.core.detect.growth import NO_GROWTH, grow
from emberwatch.core.detect.swift import changer, maker
from emberwatch.core.detect.thread_state import (
    BOOSTS,
    FAST,
    QUOTES,
    REPLIES,
    SLOW,
    PileOnSettings,
    Stake,
    Tally,
    Thread,
    changed_stake,
    changed_thread,
    new_stake,
    rates,
    stake_of,
    with_stake,
    with_stakes,
)
from emberwatch.model.event import Counted, Mentioned
from emberwatch.model.post import Post, PostKind

_OLD = 600.0
"""Minutes after which a reaction adds next to nothing to either; it may not add nothing at all."""
_BOOST = PostKind.BOOST

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
_heard = changer(Stake, "posts", "voices")
_new_tally = maker(Tally)
_new_thread = maker(Thread)


def hear(settings: PileOnSettings, key: str, state: Thread | None, event: Mentioned) -> Thread:
    """Take a mention in: the thread's root, or one that answers, quotes or boosts it."""
    at, mention = event.at, event.mention
    post, anger = mention.post, mention.score.anger
    if is_root(key, post):
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
                stakes=(new_stake(brand=mention.brand, is_in_root=True, huge=event.huge),),
            )
        thread = _rooted(state, post.created_at, at)
        if thread.root_id is None:
            thread = changed_thread(
                thread,
                root_id=post.id,
                root_anger=anger,
                reach=thread.reach + (post.author.followers or 0),
            )
        stake = changed_stake(stake_of(thread, mention.brand, event.huge), is_in_root=True)
        return with_stakes(thread, stakes=with_stake(thread.stakes, stake))
    if state is None:
        created_at = min(post.created_at, at)
        state = _new_thread(first_at=created_at, touched_at=at, burst_at=created_at.timestamp())
    stake = stake_of(state, mention.brand, event.huge)
    voice = (-1.0 if anger is None else anger, post.id)
    place = bisect_right(stake.voices, _angriest_first(voice), key=_angriest_first)
    voices = (*stake.voices[:place], voice, *stake.voices[place:])
    stake = _heard(stake, posts=stake.posts + 1, voices=voices[: settings.most_evidence - 1])
    stakes = with_stake(state.stakes, stake)
    if post.id in state.recent:
        return with_stakes(state, stakes=stakes)
    return count_post(
        settings,
        key,
        state,
        at,
        post,
        is_history=event.is_history,
        mentions=1,
        judged=anger is not None,
        angry=anger is not None and anger >= settings.angry_from,
        stakes=stakes,
    )


def count_post(
    settings: PileOnSettings,
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
        tallies=with_tally(state.tallies, kind, counted),
        mentions=state.mentions + mentions,
        judged=state.judged + judged,
        angry=state.angry + angry,
        stakes=state.stakes if stakes is None else stakes,
    )
    if not by:
        return thread
    unseen = by if is_history else 0
    return grow_by(settings, thread, at, ((created_at.timestamp(), by),), unseen=unseen)


def count(settings: PileOnSettings, state: Thread, event: Counted) -> Thread:
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
        tallies = with_tally(tallies, kind, counted)
    if tallies is not thread.tallies:
        thread = changed_thread(thread, tallies=tallies)
    if unseen:
        thread = changed_thread(
            thread,
            before=thread.before + unseen,
            unseen=thread.unseen + unseen,
            burst_at=thread.burst_at if thread.grown else event.at.timestamp(),
        )
    if not seen:
        return thread
    since = max(event.root_created_at, event.at - event.every)
    moments = spread_evenly(since.timestamp(), event.at.timestamp(), seen)
    return grow_by(settings, thread, event.at, moments, unseen=seen if event.is_history else 0)


def grow_by(
    settings: PileOnSettings,
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
    silence = settings.burst_after.total_seconds()
    if reactions[0][0] - last > silence and not thread.is_burning:
        growth, before, grown, weighed = NO_GROWTH, before + grown, 0, 0
        burst_at, peak = reactions[0][0], 0.0
    fast, slow = rates(thread, now)
    for moment, by in reactions:
        if moment < burst_at - silence:
            before += by
        else:
            burst_at = moment if moment < burst_at else burst_at
            growth = grow(growth, moment, by)
            grown += by
        ago = min((now - moment) / 60.0, _OLD)
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


def threads_of(post: Post) -> tuple[str, ...]:
    """Return the threads that a post stands in."""
    if post.kind is _BOOST:
        own = post.thread_id if post.thread_id != post.key else post.boost_of
        return (own or post.thread_id,)
    if post.quote_of is None or post.quote_of == post.thread_id:
        return (post.thread_id,)
    return (post.thread_id, post.quote_of)


def is_root(key: str, post: Post) -> bool:
    """Whether a post began the thread; most do not, and their number alone shows it."""
    return key.endswith(post.native_id) and post.key == key and post.kind is not _BOOST


def _kind(key: str, post: Post) -> int:
    if post.kind is _BOOST:
        return BOOSTS
    return QUOTES if post.quote_of == key else REPLIES


def with_tally(tallies: tuple[Tally, ...], kind: int, tally: Tally) -> tuple[Tally, ...]:
    """Return the tallies with one put in the place of its kind."""
    return (*tallies[:kind], tally, *tallies[kind + 1 :])


def _rooted(thread: Thread, created_at: datetime, at: datetime) -> Thread:
    """Tell a thread when its root was written; its burst began there unless it came late."""
    if thread.root_created_at is not None:
        return thread
    created_at = min(created_at, at)
    root = created_at.timestamp()
    is_first_burst = not thread.before and thread.burst_at - root <= 3600.0
    return changed_thread(
        thread,
        root_created_at=created_at,
        first_at=min(thread.first_at, created_at),
        burst_at=min(thread.burst_at, root) if is_first_burst else thread.burst_at,
    )


def _angriest_first(voice: tuple[float, str]) -> tuple[float, str]:
    return -voice[0], voice[1]


def spread_evenly(since: float, until: float, number: int) -> tuple[tuple[float, int], ...]:
    """Spread what a counter grew by evenly over the time in which it did, in up to 8 portions."""
    parts = min(number, 8)
    return tuple(
        (
            since + (until - since) * (part + 1) / parts,
            number * (part + 1) // parts - number * part // parts,
        )
        for part in range(parts)
    )
