"""The language of the storyboards, and the watch that lives through them.

A storyboard is a YAML file. Times are relative to a Monday noon (`at: -7d`, `at: 90m`).

    title, why      what happens, and why it should come out as told
    brand           settings of the brand Acme, such as `pile_on_floor`
    live            {from: -1d, every: 2m}: the feed `town` is polled as by `run`, its first poll
                    reads back what is older; without it the posts are replayed
    story           scenes, each of one kind:
      posts         so many posts of a `mood` (calm, happy, angry), evenly over `over`; each another
                    author's in a thread of its own, unless `author`, `thread` or `text` (in which
                    {n} is a number) say otherwise; `rhythm: day`: nine of ten between 8 and 22
                    o'clock; `seen`: so much later than written; `id` names a single post
      boosts        so many boosts `of` a post, evenly over `over`
      counted       what the site counts under a post, `of` it: {replies: 60, boosts: 4}
      feed: dead    the feed cannot be read `over` a time, and brings all of it afterwards
      clock         from then on our clock is wrong by so much, such as `-1h`
    expect          the incidents, in the order in which they open, and no others: `kinds` it must
                    have and `never` may have, opened not before `from` (0s) and `by` a time at the
                    latest; `over_by`: when its alerts have ended; `told_again`: {from, by}: an
                    update of it stands in its timeline within that time
    shown           alerts that may open no incident (surges), exactly these kinds; if absent,
                    nothing is said of them
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from emberwatch.config.duration import parse_duration
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.watch import Watch
from emberwatch.core.pipeline import Policy
from emberwatch.model.alert import AlertKind
from emberwatch.model.event import FeedRead
from emberwatch.model.incident import Incident
from emberwatch.model.post import Counters, Post, PostKind
from emberwatch.ports import Count, Store
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.processor import Processor
from emberwatch.scorers.vader import Vader
from emberwatch.store.codec import decode_state, encode_state
from tests.build import NOON, a_brand, a_post

CALM = ("Bought {} at Acme", "Acme sells {} again", "Is {} from Acme any good?", "At Acme for {}")
HAPPY = ("I love {} from Acme!", "Acme gave me {} for free, wonderful", "Best {} ever, Acme!")
ANGRY = (
    "Acme ruined {}, horrible people",
    "I hate Acme, they lost {}",
    "Worst {} ever, Acme, disgusting",
    "Acme lies about {}, awful fraud",
)
MOODS = {"calm": CALM, "happy": HAPPY, "angry": ANGRY}
WHAT = ("parcel", "kettle", "invoice", "lamp", "ladder", "carpet", "radio", "heater", "desk", "fan")
WHICH = ("my", "a", "the old", "the new", "her", "our", "his", "the second", "that", "their")

FEED = "town"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a storyboard: the incidents, and the kinds of alerts that opened none."""

    incidents: list[Incident]
    shown: frozenset[AlertKind]


@dataclass
class Teller:
    """Turns the scenes of a storyboard into posts; every post is another voice unless said."""

    number: int = 0

    def posts(self, scene: dict[str, Any]) -> list[Post]:
        """Return the posts, or the boosts, of one scene."""
        begin, over = NOON + after(scene["at"]), after(scene.get("over", "0s"))
        if "boosts" in scene:
            return [self._boost(scene, at) for at in _moments(begin, over, int(scene["boosts"]))]
        if "posts" not in scene:
            return []
        count = int(scene["posts"])
        is_daily = scene.get("rhythm") == "day"
        moments = _daily(begin, over, count) if is_daily else _moments(begin, over, count)
        return [self._post(scene, at) for at in moments]

    def _post(self, scene: dict[str, Any], at: datetime) -> Post:
        self.number += 1
        pool = MOODS[scene["mood"]]
        thing = f"{WHICH[self.number // 10 % 10]} {WHAT[self.number % 10]}"
        text = scene.get("text") or pool[self.number % len(pool)].format(thing)
        facts: dict[str, Any] = {"language": "en", "seen_at": at + after(scene.get("seen", "0s"))}
        if "thread" in scene:
            facts |= {"thread": scene["thread"], "parent": scene["thread"]}
        native_id = scene.get("id", str(self.number))
        author = scene.get("author", f"voice{self.number}")
        return a_post(
            native_id, text=text.replace("{n}", str(self.number)), author=author, at=at, **facts
        )

    def _boost(self, scene: dict[str, Any], at: datetime) -> Post:
        self.number += 1
        return a_post(
            str(self.number),
            kind=PostKind.BOOST,
            text="",
            author=f"voice{self.number}",
            at=at,
            boost_of=f"jsonl::{scene['of']}",
        )


def after(text: str) -> timedelta:
    """Return a length of time such as `90m`, `-7d` or `0s`."""
    if text == "0s":
        return timedelta()
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)


def _moments(begin: datetime, over: timedelta, count: int) -> Iterator[datetime]:
    step = over / max(1, count)
    return (begin + step * place for place in range(count))


def _daily(begin: datetime, over: timedelta, count: int) -> Iterator[datetime]:
    """Yield as many moments, nine of ten of them between 8 and 22 o'clock."""
    days = max(1, round(over / DAY))
    midnight = begin.replace(hour=0)
    for place in range(count):
        day, of_day = divmod(place * days / count, 1.0)
        by_night = of_day * 10 - 9
        hour = 8 + of_day * 14 / 0.9 if by_night < 0 else (22 + by_night * 10) % 24
        at = midnight + day * DAY + timedelta(hours=hour)
        yield at if at >= begin else at + days * DAY


@dataclass
class Town:
    """A site as it is from the scenes, with its feed and our clock."""

    posts: list[Post]
    counts: list[tuple[datetime, Count]] = field(default_factory=list)
    dead: list[tuple[datetime, datetime]] = field(default_factory=list)
    wrong: list[tuple[datetime, timedelta]] = field(default_factory=list)

    @classmethod
    def of(cls, story: list[dict[str, Any]]) -> "Town":
        """Return the site that these scenes tell of."""
        teller = Teller()
        town = cls(posts=[post for scene in story for post in teller.posts(scene)])
        by_name = {post.native_id: post for post in town.posts}
        for scene in story:
            begin = NOON + after(scene["at"])
            if "counted" in scene:
                root = by_name[scene["of"]]
                counters = Counters(**scene["counted"])
                count = Count(
                    thread_id=root.key, counters=counters, root_created_at=root.created_at
                )
                town.counts.append((begin, count))
            elif "feed" in scene:
                town.dead.append((begin, begin + after(scene["over"])))
            elif "clock" in scene:
                town.wrong.append((begin, after(scene["clock"])))
        town.posts.sort(key=lambda post: post.seen_at)
        return town

    def is_dead(self, at: datetime) -> bool:
        """Whether the feed cannot be read."""
        return any(begin <= at < end for begin, end in self.dead)

    def our_clock(self, at: datetime) -> datetime:
        """Return what our clock says at a true time."""
        return at + sum((by for begin, by in self.wrong if begin <= at), timedelta())


def come_true(storyboard: dict[str, Any], store: Store) -> Outcome:
    """Live through a storyboard and return what it came to."""
    brand = a_brand("Acme", languages=("en",), **storyboard.get("brand", {}))
    brands = {brand.name: brand}
    live = storyboard.get("live")
    processor = Processor(
        policy=Policy(brands=brands, detectors=(Spike(brands), PileOn(brands), Watch(brands))),
        store=store,
        scorer=Vader(),
        encode=encode_state,
        decode=decode_state,
        is_live=live is not None,
        feeds_of={brand.name: (FEED,)},
        feeds=(FEED,),
    )
    town = Town.of(storyboard["story"])
    steps = _replayed(town) if live is None else _polled(town, live)
    shown: dict[str, AlertKind] = {}
    for arrivals in steps:
        report = processor.process(arrivals)
        shown |= {alert.id: alert.kind for alert in report.orphans}
    with store.reading() as look:
        incidents = look.incidents()
    opened = {alert.id for incident in incidents for alert in incident.alerts}
    unheard = frozenset(kind for id, kind in shown.items() if id not in opened)
    return Outcome(incidents=incidents, shown=unheard)


def _replayed(town: Town) -> Iterator[Arrivals]:
    for begin in range(0, len(town.posts), 50):
        batch = town.posts[begin : begin + 50]
        yield Arrivals(at=batch[-1].seen_at, feed="story", posts=batch)


def _polled(town: Town, live: dict[str, str]) -> Iterator[Arrivals]:
    """Yield what `run` would see: polls, and a tick of its own each minute in between."""
    every = after(live["every"])
    true = NOON + after(live["from"])
    posts, counts = list(town.posts), sorted(town.counts, key=lambda count: count[0])
    end = max(post.seen_at for post in posts) + 2 * every
    is_first = True
    while true <= end:
        now = town.our_clock(true)
        read = FeedRead(at=now, feed=FEED, every=every)
        if town.is_dead(true):
            yield Arrivals(at=now, feed=FEED, read=replace(read, why="it does not answer"))
        else:
            ready = sum(post.seen_at <= true for post in posts)
            came, posts = posts[:ready], posts[ready:]
            page = [replace(post, seen_at=now) for post in came]
            read_counts = tuple(count for at, count in counts if at <= true)
            counts = [(at, count) for at, count in counts if at > true]
            yield Arrivals(
                at=now,
                feed=FEED,
                posts=page,
                counts=read_counts,
                cursor={"read": str(true)},
                every=every,
                is_first=is_first,
            )
            listed = FeedRead(at=now, feed=FEED, every=every, listed=20, fresh=len(page))
            yield Arrivals(at=now, feed=FEED, read=listed)
            is_first = False
        until, true = true + every, true + MINUTE
        while true < until:
            yield Arrivals(at=town.our_clock(true))
            true += MINUTE
