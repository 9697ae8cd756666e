"""Ordinary months without a storm, for `fit_spike`: what does a brand bring when all is well?

The shapes are our own: business hours and quiet nights, a wandering level, threads of replies in
the mood of their root, a share of anger with a memory of some hours, harmless campaigns.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import exp, sqrt

from emberwatch.model.event import Mentioned
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Post, PostKind, post_key

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = 10
RATES = (0.1, 1.0, 10.0, 100.0)


def wander(chance: random.Random, value: float, sd: float, hours: float) -> float:
    """Move a log factor on by one step; it forgets within so many hours."""
    keep = exp(-STEP / 60.0 / hours)
    return keep * value + chance.gauss(0.0, sd * sqrt(1.0 - keep * keep))


def poisson(chance: random.Random, mean: float) -> int:
    """Draw a Poisson number."""
    if mean > 50.0:
        return max(0, round(chance.gauss(mean, sqrt(mean))))
    count, product, limit = 0, chance.random(), exp(-mean)
    while product > limit:
        count += 1
        product *= chance.random()
    return count


def rhythm(hour: float, weekday: int, peak: float, depth: float, weekend: float) -> float:
    """Return the shape of a day: a plateau around the peak, a quiet night."""
    distance = min(abs(hour - peak), 24.0 - abs(hour - peak))
    shape = depth + (1.0 - depth) / (1.0 + exp((distance - 7.0) / 1.2))
    return shape * (weekend if weekday >= 5 else 1.0)


def posts(seed: int, rate: float, weeks: int) -> Iterator[tuple[float, int, float]]:
    """Yield (minute, thread, anger) of a brand that nobody is angry with beyond the usual."""
    chance = random.Random(seed)
    peak, depth = chance.uniform(0.0, 24.0), chance.uniform(0.1, 0.6)
    weekend, share = chance.uniform(0.5, 1.2), chance.uniform(0.05, 0.4)
    noise, replies = chance.uniform(0.1, 0.4), chance.uniform(0.0, 0.4)
    level = slow = mood = campaign = 0.0
    pending: list[tuple[float, int, float]] = []
    thread = 0
    for minute in range(0, weeks * 10_080, STEP):
        level = wander(chance, level, noise, 3.0)
        slow = wander(chance, slow, 0.25, 96.0)
        mood = wander(chance, mood, 0.3, 8.0)
        campaign *= exp(-STEP / 60.0 / 3.0)
        if chance.random() < STEP / (14 * 1440):
            campaign = chance.uniform(2.0, 10.0)
        at = START + timedelta(minutes=minute)
        shape = rhythm(at.hour + at.minute / 60.0, at.weekday(), peak, depth, weekend)
        ordinary = rate * STEP / 60.0 * shape * 1.6 * exp(level + slow)
        angry_share = min(0.9, share * exp(mood))
        for extra in (False, True):
            mean = rate * STEP / 60.0 * campaign if extra else ordinary / (1.0 + replies)
            for _ in range(poisson(chance, mean)):
                thread += 1
                is_angry = chance.random() < angry_share * (0.3 if extra else 1.0)
                when = minute + chance.uniform(0.0, STEP)
                pending.append((when, thread, anger(chance, is_angry)))
                while chance.random() < replies:
                    is_mood = chance.random() < 0.7
                    when += chance.expovariate(1.0 / 15.0)
                    is_reply_angry = is_angry if is_mood else chance.random() < angry_share
                    pending.append((when, thread, anger(chance, is_reply_angry)))
        due = minute + STEP
        yield from sorted(post for post in pending if post[0] < due)
        pending = [post for post in pending if post[0] >= due]


def anger(chance: random.Random, is_angry: bool) -> float:
    """Draw how angry a post sounds to a scorer that is often unsure."""
    if is_angry:
        return chance.betavariate(4.0, 2.5)
    return 0.0 if chance.random() < 0.75 else chance.betavariate(1.5, 6.0)


def a_mention(number: int, minute: float, thread: int, angry: float) -> Mentioned:
    """Return a mention as the pipeline hands it to a detector."""
    at = START + timedelta(minutes=minute)
    native = str(number)
    post = Post(
        source="jsonl",
        kind=PostKind.REPLY,
        native_id=native,
        author=Author(handle=native),
        text="",
        created_at=at,
        seen_at=at,
        thread_id=post_key("jsonl", "", f"t{thread}"),
    )
    score = Score(sentiment=-angry, anger=angry, judged=True, scorer="drawn")
    mention = Mention(
        brand="Acme", post=post, score=score, matched="acme", feed="drawn", fingerprint=native
    )
    return Mentioned(at=at, mention=mention)
