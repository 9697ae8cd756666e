"""Detectors beside the rivals: the same brands, post by post, in one run.

    scripts/bench detect [--seed 1] [--brands 4] [--weeks 6] [--pictures DIR]
    scripts/bench detect --nab DIR     NAB's realTweets, scored by its published definition
    scripts/bench detect --backgrounds DIR  storms put into NAB's real volumes
    scripts/bench detect --fit         how far the prior is off that ships (--lives, --weeks)
    scripts/bench detect --costs       microseconds of CPU a mention, a reaction, a tail

Ours folds every mention, reaction and reading of a counter, as the watch does. A rival gets the
number of angry posts of each minute (an anger of .5 or more), boosts left out. A storm counts as
found when something rings within it; what rings outside of storms, in the weeks after the first
two, is a false incident. Rings within an hour of each other are one incident.
"""

import argparse
import heapq
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from emberwatch.core.detect import thread_sizes
from emberwatch.core.detect.detector import Detector
from emberwatch.core.detect.pile_on import PileOn, endings
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.thread_sizes import SizesSeen, ThreadSizes
from emberwatch.core.detect.thread_state import Thread
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.event import Counted, Event, Mentioned, Reacted, Tick, Unwatched
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Counters, Post, PostKind, post_key
from tests.benchmark.rivals import RIVALS, Looks, Rival, sweep
from tests.benchmark.simulated_brands import (
    SIZES,
    START,
    WARM,
    WEEK,
    Kind,
    Storm,
    Stream,
    population,
)

MONTH = 30.44 / 7.0
"""Weeks in a month."""

ASKED = 0.25
"""False incidents a brand-week that everybody is asked to keep to."""

HISTORY = 120.0
NEGATIVE = 0.5
MINUTE = timedelta(minutes=1)
KINDS = {Kind.POST: PostKind.POST, Kind.REPLY: PostKind.REPLY, Kind.QUOTE: PostKind.QUOTE}


# ---------------------------------------------------------------- ours
def events(stream: Stream, *, is_counted_only: bool = False) -> Iterator[Event]:
    """Yield what the watch would see of a brand, in order.

    With `is_counted_only` every post is a stranger's own: what a tool knows that only counts.
    """
    brand = "Acme"
    posts = stream.posts
    waiting: list[tuple[float, int, Event]] = [
        (0.0, 0, Unwatched(at=START, brand=brand, since=START))
    ]
    for begin, end in stream.outages:
        for minute in range(int(begin) + 3, int(end) + 1):
            at = START + minute * MINUTE
            since = at - (3 if minute == int(begin) + 3 else 1) * MINUTE
            waiting.append((minute, 1, Unwatched(at=at, brand=brand, since=since)))
    if not is_counted_only:
        for count in stream.counts:
            told = Counted(
                at=START + count.minute * MINUTE,
                thread_id=_key(count.thread),
                counters=Counters(replies=count.replies),
                root_created_at=START + count.root_minute * MINUTE,
                every=5 * MINUTE,
            )
            waiting.append((count.minute, 2, told))
    waiting.sort(key=lambda told: told[:2])
    waiting.reverse()
    rows = zip(
        posts.written.tolist(),
        posts.seen.tolist(),
        posts.thread.tolist(),
        posts.author.tolist(),
        posts.text.tolist(),
        posts.kind.tolist(),
        posts.quoted.tolist(),
        posts.anger.tolist(),
        strict=True,
    )
    begun: set[int] = set()
    for number, row in enumerate(rows):
        written, seen, thread, author, _, kind, _, anger = row
        while waiting and waiting[-1][0] <= seen:
            yield waiting.pop()[2]
        if is_counted_only:
            if kind != Kind.BOOST:
                alone = (written, seen, number, number, 0, Kind.POST, -1, anger)
                yield _mentioned(brand, number, alone, is_root=True)
        elif kind == Kind.BOOST:
            yield _boosted(number, written, seen, thread, author)
        else:
            is_root = kind in (Kind.POST, Kind.QUOTE) and thread not in begun
            begun.add(thread)
            yield _mentioned(brand, number, row, is_root=is_root)
    while waiting:
        yield waiting.pop()[2]


def _key(thread: int) -> str:
    return post_key("drawn", "", f"t{thread}")


def _mentioned(
    brand: str,
    number: int,
    row: tuple[float, float, int, int, int, int, int, float],
    *,
    is_root: bool,
) -> Mentioned:
    written, seen, thread, author, text, kind, quoted, anger = row
    at = START + seen * MINUTE
    post = Post(
        source="drawn",
        kind=KINDS[Kind(kind)],
        native_id=f"t{thread}" if is_root else f"n{number}",
        author=Author(handle=str(author)),
        text="",
        created_at=START + written * MINUTE,
        seen_at=at,
        thread_id=_key(thread),
        quote_of=_key(quoted) if quoted >= 0 else None,
    )
    is_judged = anger == anger
    score = Score(
        sentiment=-anger if is_judged else None,
        anger=anger if is_judged else None,
        judged=is_judged,
        scorer="drawn",
    )
    mention = Mention(
        brand=brand,
        post=post,
        score=score,
        matched="acme",
        feed="drawn",
        fingerprint=str(text) if text else "",
    )
    return Mentioned(at=at, mention=mention, is_history=seen - written > HISTORY)


def _boosted(number: int, written: float, seen: float, thread: int, author: int) -> Reacted:
    at = START + seen * MINUTE
    post = Post(
        source="drawn",
        kind=PostKind.BOOST,
        native_id=f"n{number}",
        author=Author(handle=str(author)),
        text="",
        created_at=START + written * MINUTE,
        seen_at=at,
        boost_of=_key(thread),
    )
    return Reacted(at=at, post=post, feed="drawn", is_history=seen - written > HISTORY)


@dataclass
class Following:
    """One detector over a brand's life: states by key, ticks when they are asked for.

    What a brand's threads came to is learnt, and who wakes is known, as the pipeline does it.
    """

    detector: Detector[Any]
    brand: Brand
    alerts: list[Alert] = field(default_factory=list)
    seconds: float = 0.0
    _states: dict[str, Any] = field(default_factory=dict)
    _wakes: list[tuple[datetime, str]] = field(default_factory=list)
    _due: dict[str, datetime] = field(default_factory=dict)
    _sizes: SizesSeen | None = None

    def feed(self, event: Event) -> None:
        """Fold an event, with every tick that was asked for before it."""
        while self._wakes and self._wakes[0][0] < event.at:
            at, key = heapq.heappop(self._wakes)
            if self._due.get(key) == at:
                del self._due[key]
                self._fold(key, Tick(at=at))
        if self._sizes is not None and isinstance(event, Mentioned):
            event = thread_sizes.told(event, self._sizes, self.brand.pile_on_floor)
        for key in self.detector.keys(event):
            self._fold(key, event)

    def _fold(self, key: str, event: Event) -> None:
        before = self._states.get(key)
        after, alerts = self.detector.fold(key, before, event)
        self.alerts += alerts
        if after is None:
            self._states.pop(key, None)
            self._due.pop(key, None)
            if isinstance(before, Thread):
                for ended in endings(key, before, event.at):
                    self._sizes, _ = ThreadSizes().fold(ended.brand, self._sizes, ended)
            return
        self._states[key] = after
        if after is before:
            return
        wakes_at = self.detector.wakes_at(after)
        if wakes_at is None:
            self._due.pop(key, None)
        elif self._due.get(key) != wakes_at:
            self._due[key] = wakes_at
            heapq.heappush(self._wakes, (wakes_at, key))

    def rings(self) -> list[tuple[float, float, str]]:
        """Return (minute it rang, minute it was over, kind) of each alert of anger, in order."""
        first: dict[str, Alert] = {}
        over: dict[str, float] = {}
        for alert in self.alerts:
            if alert.kind is AlertKind.SURGE:
                continue
            first.setdefault(alert.id, alert)
            over[alert.id] = (alert.at - START) / MINUTE
        return sorted(
            ((alert.started_at - START) / MINUTE, over[id], str(alert.kind))
            for id, alert in first.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one detector made of one stream: the minutes at which an incident opened or grew.

    `opened` counts each incident once; `told` holds every ring, for a storm may be told as
    something new of an incident that is open.
    """

    stream: Stream
    opened: list[float]
    told: list[float]
    microseconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)


def ours(
    stream: Stream,
    *,
    asked: float = ASKED,
    with_pile_on: bool = True,
    is_counted_only: bool = False,
) -> Run:
    """Fold a stream and return its incidents. Costs are of the folds alone, in CPU time."""
    brand = Brand(name="Acme", words=("acme",), false_alarms_per_month=asked * MONTH)
    brands = {brand.name: brand}
    followers = [Following(Spike(brands), brand)]
    if with_pile_on:
        followers.append(Following(PileOn(brands), brand))
    mentions = 0
    batch: list[Event] = []
    spent = [0.0] * len(followers)

    def flush() -> None:
        for place, follower in enumerate(followers):
            began = time.process_time()
            for event in batch:
                follower.feed(event)
            spent[place] += time.process_time() - began
        batch.clear()

    for event in events(stream, is_counted_only=is_counted_only):
        mentions += isinstance(event, Mentioned)
        batch.append(event)
        if len(batch) >= 5_000:
            flush()
    flush()
    rings = sorted(ring for follower in followers for ring in follower.rings())
    opened: list[float] = []
    open_until = -1e9
    for at, over, _ in rings:
        if at > open_until:
            opened.append(at)
        open_until = max(open_until, over)
    each = 1e6 / max(mentions, 1)
    return Run(
        stream=stream,
        opened=opened,
        told=[at for at, _, _ in rings],
        microseconds=sum(spent) * each,
        parts={f.detector.name: s * each for f, s in zip(followers, spent, strict=True)},
    )


# ---------------------------------------------------------------- rivals
def counts_of(stream: Stream) -> np.ndarray:
    """Return the angry posts that were seen in each minute."""
    posts = stream.posts
    is_angry = (posts.kind != Kind.BOOST) & (posts.anger >= NEGATIVE)
    minutes = posts.seen[is_angry].astype(int)
    return np.bincount(minutes, minlength=stream.minutes)[: stream.minutes].astype(float)


def theirs(stream: Stream, looks: Looks, threshold: float) -> Run:
    """Return the incidents of a rule: rings within an hour of each other are one."""
    opened: list[float] = []
    last = -1e9
    for minute in looks.rings(threshold):
        if minute - last > 60.0:
            opened.append(minute + 1.0)
        last = minute
    return Run(stream=stream, opened=opened, told=opened)


# ---------------------------------------------------------------- how good it was
@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of many streams: delays in minutes of the storms found, false ones a week."""

    storms: int
    delays: tuple[float, ...]
    false: int
    weeks: float

    @property
    def recall(self) -> float:
        return len(self.delays) / self.storms if self.storms else 0.0

    @property
    def false_a_week(self) -> float:
        return self.false / self.weeks if self.weeks else 0.0

    def delay(self, share: float) -> float:
        """Return a quantile of the delays, NaN where nothing was found."""
        return float(np.quantile(self.delays, share)) if self.delays else float("nan")


def figures(runs: Iterable[Run], kinds: Callable[[Storm], bool] = lambda _: True) -> Figures:
    """Sum up runs; of the storms, those of some kinds only."""
    storms, false, weeks = 0, 0, 0.0
    delays: list[float] = []
    for run in runs:
        stream = run.stream
        for storm in filter(kinds, stream.storms):
            storms += 1
            inside = [at for at in run.told if storm.begin < at <= storm.end]
            if inside:
                delays.append(min(inside) - storm.begin)
        opened = [at for at in run.opened if at >= WARM]
        false += sum(
            not any(storm.begin < at <= storm.end + 60.0 for storm in stream.storms)
            for at in opened
        )
        down = sum(end - begin for begin, end in stream.outages if begin >= WARM)
        weeks += stream.weeks - WARM / WEEK - down / WEEK
    return Figures(storms=storms, delays=tuple(delays), false=false, weeks=weeks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A detector in the race, with its runs over all streams."""

    name: str
    runs: list[Run]
    note: str = ""

    def of(self, size: float) -> list[Run]:
        """Return the runs over brands of one size."""
        return [run for run in self.runs if run.stream.size == size]


def tuned(rival: Rival, streams: list[Stream], looks: list[Looks]) -> Entrant:
    """Return a rule with the best threshold that keeps to what is asked, known afterwards."""
    best: list[Run] = [Run(stream=stream, opened=[], told=[]) for stream in streams]
    chosen = float("inf")
    for threshold in sweep(looks):
        runs = [theirs(s, look, threshold) for s, look in zip(streams, looks, strict=True)]
        found = figures(runs)
        if found.false_a_week <= ASKED and found.recall > figures(best).recall:
            best, chosen = runs, threshold
    return Entrant(name=rival.name, runs=best, note=f"rings at {chosen:.3g}")


# ---------------------------------------------------------------- telling
def table(entrants: list[Entrant]) -> str:
    """Return the figures as Markdown."""
    head = "| detector | false a week | found | recall | delay p50 / p90, min |"
    sizes = " | ".join(f"{size:g}/h" for size in SIZES)
    lines = [
        f"{head} false a week by size: {sizes} |",
        "| --- |" + " --- |" * (4 + len(SIZES)),
    ]
    for entrant in entrants:
        whole = figures(entrant.runs)
        by_size = " | ".join(f"{figures(entrant.of(size)).false_a_week:.2f}" for size in SIZES)
        lines.append(
            f"| {entrant.name} | {whole.false_a_week:.2f} | {len(whole.delays)} of {whole.storms} "
            f"| {whole.recall:.2f} | {whole.delay(0.5):.0f} / {whole.delay(0.9):.0f} | {by_size} |"
        )
    return "\n".join(lines)


def by_size_and_kind(entrants: list[Entrant]) -> str:
    """Return recall and delay of each size and each kind of storm, as Markdown."""
    kinds = ("sudden", "slow", "thread", "share")
    heads = [f"{size:g}/h" for size in SIZES] + list(kinds)
    lines = [f"| detector | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
    for entrant in entrants:
        cells = [figures(entrant.of(size)) for size in SIZES]
        cells += [
            figures(entrant.runs, lambda storm, kind=kind: storm.kind == kind) for kind in kinds
        ]
        told = " | ".join(f"{f.recall:.2f}, {f.delay(0.5):.0f}/{f.delay(0.9):.0f}" for f in cells)
        lines.append(f"| {entrant.name} | {told} |")
    return "\n".join(lines)


def costs(entrants: list[Entrant]) -> str:
    """Return what our folds cost, by size of brand."""
    lines = []
    for entrant in entrants:
        if not any(run.microseconds for run in entrant.runs):
            continue
        told = []
        for size in SIZES:
            runs = entrant.of(size)
            parts = {
                name: sum(run.parts[name] for run in runs) / len(runs) for name in runs[0].parts
            }
            told.append(
                f"{size:g}/h " + " + ".join(f"{cost:.1f} ({name})" for name, cost in parts.items())
            )
        lines.append(f"{entrant.name}, microseconds of CPU a mention: " + ", ".join(told))
    return "\n".join(lines)


def race(
    seed: int, brands: int, weeks: int, say: Callable[[str], None]
) -> dict[str, list[Entrant]]:
    """Run everything once; rivals as published, and tuned to what is asked."""
    streams = list(population(seed, brands, weeks))
    storms = sum(len(stream.storms) for stream in streams)
    mentions = sum(int((stream.posts.kind != Kind.BOOST).sum()) for stream in streams)
    say(
        f"{len(streams)} brands, {weeks} weeks, {mentions:,} mentions, {storms} storms, seed {seed}"
    )
    whole, counted = [], []
    for stream in streams:
        whole.append(ours(stream))
        counted.append(ours(stream, with_pile_on=False, is_counted_only=True))
        say(f"  {stream.name}: {len(stream.posts):,} posts")
    own = [
        Entrant(name="**emberwatch**", runs=whole),
        Entrant(name="emberwatch, knowing only counts", runs=counted),
    ]
    counts = [counts_of(stream) for stream in streams]
    published, at_budget = [], []
    for rival in RIVALS:
        looks = [rival.look(count) for count in counts]
        runs = [theirs(s, look, rival.rings_at) for s, look in zip(streams, looks, strict=True)]
        published.append(Entrant(name=rival.name, runs=runs))
        at_budget.append(tuned(rival, streams, looks))
        say(f"  {rival.name}")
    return {"as published": own + published, "at the same budget": own + at_budget}


def main() -> None:
    """Run what is asked for and print it."""
    asked = argparse.ArgumentParser(
        prog="scripts/bench detect",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--brands", type=int, default=4, help="how many, more or less")
    asked.add_argument("--weeks", type=int, default=6)
    asked.add_argument("--pictures", type=Path, help="where SVG pictures are to be written")
    asked.add_argument("--nab", type=Path, help="a folder with data/realTweets and labels")
    asked.add_argument("--backgrounds", type=Path, help="the same folder, for storms put into it")
    asked.add_argument("--fit", action="store_true", help="how far the shipped prior is off")
    asked.add_argument("--costs", action="store_true", help="what a mention and a reaction cost")
    if "--fit" in sys.argv[1:]:
        from tests.benchmark import fit_spike

        sys.exit(fit_spike.main([word for word in sys.argv[1:] if word != "--fit"]))
    options = asked.parse_args()
    for folder in filter(None, (options.nab, options.backgrounds)):
        if not (folder / "labels" / "combined_windows.json").is_file():
            asked.error(f"{folder} has no labels/combined_windows.json: it is not NAB's folder")
    if options.nab:
        from tests.benchmark import nab

        print(nab.report(options.nab))
        return
    if options.backgrounds:
        from tests.benchmark import real_backgrounds

        print(real_backgrounds.report(options.backgrounds, options.seed))
        return
    if options.costs:
        from tests.benchmark import detector_costs

        print(detector_costs.report(options.seed))
        return
    began = time.perf_counter()
    results = race(
        options.seed,
        options.brands,
        options.weeks,
        lambda text: print(text, file=sys.stderr, flush=True),
    )
    for title, entrants in results.items():
        print(f"\n### Rivals {title}\n\n{table(entrants)}")
    print("\n### By size and kind, at the same budget: recall, delay p50/p90\n")
    print(by_size_and_kind(results["at the same budget"]))
    print(f"\n{costs(results['as published'])}")
    if options.pictures:
        from tests.benchmark import race_pictures

        for path in race_pictures.write(results, options.pictures):
            print(f"wrote {path}")
    took, load = time.perf_counter() - began, os.getloadavg()[0]
    print(f"\n{took:.0f} s, load {load:.1f}", file=sys.stderr)


if __name__ == "__main__":
    main()
