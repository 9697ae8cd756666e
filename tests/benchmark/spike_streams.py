"""Ordinary months without a storm: how often does the spike detector ring all the same?

Run it with `python tests/benchmark/spike_streams.py [brands per rate] [weeks]`. It prints, for
each loudness of brand, how many spikes a month rang where so many were asked for. The shipped
`SpikeSettings.correction` was chosen on it. Its shapes are our own: business hours and quiet
nights, a wandering level, threads of replies in the mood of their root, a share of anger with a
memory of some hours, harmless campaigns, sleepy feeds.
"""

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import exp, sqrt

from emberwatch.core.detect.spike import Spike, SpikeSettings
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.event import Mentioned, Tick, Unwatched
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Post, PostKind, post_key

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = 10
RATES = (0.1, 1.0, 10.0, 100.0)
ASKED = (1.0, 4.0)


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


def false_spikes(seed: int, rate: float, weeks: int, asked: float, settings: SpikeSettings) -> int:
    """Return how many spikes rang in an ordinary life, its first two weeks apart."""
    brand = Brand(name="Acme", words=("acme",), false_alarms_per_month=asked)
    spike = Spike({"Acme": brand}, settings)
    state, _ = spike.fold("Acme", None, Unwatched(at=START, brand="Acme", since=START))
    rung: set[str] = set()
    for number, (minute, thread, angry) in enumerate(posts(seed, rate, weeks)):
        event = a_mention(number, minute, thread, angry)
        while state is not None and (wakes := spike.wakes_at(state)) and wakes < event.at:
            state, alerts = spike.fold("Acme", state, Tick(at=wakes))
            rung.update(a.id for a in alerts if is_late_spike(a.kind, a.started_at))
        state, alerts = spike.fold("Acme", state, event)
        rung.update(a.id for a in alerts if is_late_spike(a.kind, a.started_at))
    return len(rung)


def is_late_spike(kind: AlertKind, started_at: datetime) -> bool:
    """Whether an alert is a spike that rang after the first two weeks."""
    return kind is AlertKind.SPIKE and started_at >= START + timedelta(days=14)


def main() -> None:
    """Print asked and observed spikes a month."""
    brands = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    weeks = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    correction = float(sys.argv[3]) if len(sys.argv) > 3 else SpikeSettings().correction
    settings = SpikeSettings(correction=correction)
    print("posts an hour   asked a month   observed a month")
    for rate in RATES:
        lives = brands if rate < 50.0 else max(1, brands // 2)
        months = lives * (weeks - 2) * 7 / 30.44
        for asked in ASKED:
            rung = sum(
                false_spikes(1000 * life + int(10 * rate), rate, weeks, asked, settings)
                for life in range(lives)
            )
            print(f"{rate:13g}   {asked:13g}   {rung / months:16.2f}")


if __name__ == "__main__":
    main()
