"""Laws of the watch from the door to the incident: posts in, whatever comes twice or is cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.watch import Watch
from emberwatch.core.pipeline import Policy
from emberwatch.model.incident import Incident
from emberwatch.model.post import Counters, Post, PostKind
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.processor import Processor
from emberwatch.scorers.vader import Vader
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.memory import MemoryStore
from tests.build import NOON, a_brand, a_post, minutes

BRANDS = {"Acme": a_brand("Acme", pile_on_floor=5, false_alarms_per_month=1e5)}
SCORER = Vader()
WORDS = ("parcel", "kettle", "invoice", "lamp", "ladder", "carpet", "radio", "heater")


@dataclass(frozen=True)
class Move:
    """So many posts of a kind, `after` seconds after what came before, `late` minutes old."""

    after: int
    count: int
    kind: str
    late: int

    def posts(self, number: int, at: datetime) -> Iterator[Post]:
        for place in range(self.count):
            name = f"{number}.{place}"
            then = at - minutes(self.late)
            facts = {"author": f"voice{name}", "at": then, "seen_at": at, "language": "en"}
            word = WORDS[(number + place) % len(WORDS)]
            match self.kind:
                case "angry":
                    yield a_post(name, text=f"Acme ruined my {word}, horrible {name}", **facts)
                case "calm":
                    yield a_post(name, text=f"bought a {word} at Acme {name}", **facts)
                case "aside":
                    yield a_post(name, text=f"a {word} is a {word}", **facts)
                case "reply":
                    text = f"Acme are awful, {word} {name}"
                    yield a_post(name, text=text, thread="root", parent="root", **facts)
                case "boost":
                    yield a_post(
                        name, kind=PostKind.BOOST, text="", boost_of="jsonl::root", **facts
                    )
                case _:
                    told = Counters(replies=number, boosts=self.late)
                    yield a_post("root", text="I hate Acme", at=NOON, seen_at=at, counters=told)


MOVES = st.lists(
    st.builds(
        Move,
        after=st.sampled_from((0, 1, 20, 60, 240, 4000)),
        count=st.integers(1, 6),
        kind=st.sampled_from(("angry", "angry", "calm", "aside", "reply", "boost", "root")),
        late=st.sampled_from((0, 0, 0, 0, 1, 200)),
    ),
    min_size=3,
    max_size=25,
)
CUTS = st.sets(st.integers(1, 60), max_size=6)


def the_posts(moves: list[Move]) -> list[Post]:
    """Lay the moves on a line of time, after some calm days and the root of the thread.

    A reaction in a thread that nobody knows is not kept, and would count if it came again.
    """
    days = [Move(0, 1, "calm", 480 * n).posts(1000 + n, NOON) for n in range(15, 0, -1)]
    posts = [post for day in days for post in day]
    posts += Move(0, 1, "root", 0).posts(0, NOON)
    at = NOON
    for number, move in enumerate(moves):
        at += timedelta(seconds=move.after)
        posts += move.posts(number, at)
    return posts


class Desk:
    """A processor over a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.processor = Processor(
            policy=Policy(
                brands=BRANDS,
                detectors=(Spike(BRANDS), PileOn(BRANDS), Watch(BRANDS)),
                notifiers=("ops",),
            ),
            store=self.store,
            scorer=SCORER,
            encode=encode_state,
            decode=decode_state,
            is_live=False,
        )

    def take(self, posts: Iterable[Post]) -> None:
        batch = list(posts)
        if batch:
            at = max(post.seen_at for post in batch)
            self.processor.process(Arrivals(at=at, feed="town", posts=batch))

    def incidents(self) -> list[Incident]:
        with self.store.reading() as look:
            return look.incidents()

    def held(self) -> tuple[object, ...]:
        """Return all that detection remembers and owes."""
        with self.store.reading() as look:
            return (
                sorted((row.detector, row.key, row.body) for row in look.states()),
                sorted(look.incidents(), key=lambda incident: incident.id),
                sorted(look.notifications(), key=lambda row: row.id),
            )


def batches(posts: list[Post], cuts: set[int]) -> list[list[Post]]:
    places = sorted({0, len(posts), *(cut for cut in cuts if cut < len(posts))})
    return [posts[begin:end] for begin, end in pairwise(places)]


@settings(max_examples=25, deadline=None)
@given(moves=MOVES, cuts=CUTS, again=st.sets(st.integers(0, 6)))
def test_a_batch_that_comes_twice_changes_nothing(
    moves: list[Move], cuts: set[int], again: set[int]
) -> None:
    once, twice = Desk(), Desk()
    for number, batch in enumerate(batches(the_posts(moves), cuts)):
        once.take(batch)
        twice.take(batch)
        if number in again:
            twice.take(batch)
    note("rang" if once.incidents() else "quiet")
    assert twice.held() == once.held()


@settings(max_examples=25, deadline=None)
@given(moves=MOVES, cuts=CUTS)
def test_a_whole_past_that_comes_again_changes_nothing(moves: list[Move], cuts: set[int]) -> None:
    """As when a feed is read back from its beginning: what is known is not heard anew."""
    posts = the_posts(moves)
    desk = Desk()
    desk.take(posts)
    before = desk.held()
    for batch in batches(posts, cuts):
        desk.take(batch)
    assert desk.held() == before


@settings(max_examples=25, deadline=None)
@given(moves=MOVES, cut=st.integers(1, 60))
def test_what_rings_does_not_depend_on_what_comes_later(moves: list[Move], cut: int) -> None:
    posts = the_posts(moves)
    begun, whole = Desk(), Desk()
    begun.take(posts[:cut])
    whole.take(posts)
    until = begun.processor.clock
    assert until is not None
    early = {incident.id: incident for incident in begun.incidents()}
    late = {incident.id: incident for incident in whole.incidents()}
    note("rang" if early else "quiet")
    for id, incident in early.items():
        same = late[id]
        assert (same.opened_at, same.kind) == (incident.opened_at, incident.kind)
    missing = [late[id] for id in late.keys() - early.keys()]
    assert all(incident.opened_at >= until for incident in missing)
