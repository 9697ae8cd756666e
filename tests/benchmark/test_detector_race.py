"""The race counts what it says it counts."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from emberwatch.model.event import Mentioned, Unwatched
from tests.benchmark.detector_race import (
    Entrant,
    Run,
    by_size_and_kind,
    counts_of,
    events,
    figures,
    main,
    ours,
    table,
    theirs,
    tuned,
)
from tests.benchmark.race_pictures import write
from tests.benchmark.rivals import RIVALS, Looks, Rival
from tests.benchmark.simulated_brands import WARM, Posts, Storm, Stream, a_brand


def a_stream(*storms: Storm, weeks: int = 4) -> Stream:
    nothing = np.zeros(0)
    none = np.zeros(0, dtype=np.int64)
    posts = Posts(
        written=nothing,
        seen=nothing,
        thread=none,
        author=none,
        text=none,
        kind=none,
        quoted=none,
        anger=nothing,
    )
    return Stream(
        name="a",
        size=1.0,
        weeks=weeks,
        posts=posts,
        storms=storms,
        promotions=(),
        outages=(),
        counts=(),
    )


def storm(begin: float, kind: str = "sudden") -> Storm:
    return Storm(kind=kind, begin=begin, end=begin + 100.0, voices=30)


def run(stream: Stream, *rings: float) -> Run:
    return Run(stream=stream, opened=list(rings), told=list(rings))


def test_a_ring_within_a_storm_finds_it_and_its_first_ring_is_the_delay() -> None:
    stream = a_stream(storm(WARM + 100.0), storm(WARM + 5_000.0, "slow"))
    found = figures([run(stream, WARM + 130.0, WARM + 160.0)])
    assert (found.storms, found.delays, found.false) == (2, (30.0,), 0)
    assert found.recall == 0.5
    assert figures([run(stream, WARM + 5_010.0)], lambda s: s.kind == "slow").recall == 1.0


def test_a_ring_outside_of_storms_is_false_but_not_in_the_first_weeks() -> None:
    stream = a_stream(storm(WARM + 100.0))
    rings = (WARM - 5.0, WARM + 99.0, WARM + 250.0, WARM + 300.0)
    found = figures([run(stream, *rings)])
    assert found.false == 2
    assert found.weeks == 2.0
    assert found.false_a_week == 1.0


def test_rings_of_a_rule_within_an_hour_are_one_incident() -> None:
    looks = Looks(minutes=np.array([10, 30, 85, 200]), scores=np.ones(4))
    assert theirs(a_stream(), looks, 1.0).opened == [11.0, 201.0]


def test_a_rule_is_tuned_to_what_is_asked() -> None:
    stream = a_stream(storm(WARM + 100.0), weeks=12)
    minutes = np.array([*range(WARM + 1_000, WARM + 90_000, 5_000), WARM + 120])
    looks = Looks(minutes=np.sort(minutes), scores=np.full(len(minutes), 2.0))
    noisy = figures([theirs(stream, looks, 2.0)])
    assert noisy.false_a_week > 1.0
    scores = np.where(looks.minutes == WARM + 120, 9.0, 2.0)
    better = Looks(minutes=looks.minutes, scores=scores)
    rival = Rival(name="x", look=lambda _: better, rings_at=2.0, source="")
    best = figures(tuned(rival, [stream], [better]).runs)
    assert best.false == 0
    assert best.recall == 1.0


@pytest.fixture(scope="module")
def small() -> Stream:
    return a_brand(5, 1.0, 4)


def test_ours_gets_every_mention_in_order_and_hears_of_every_outage(small: Stream) -> None:
    told = list(events(small))
    assert all(before.at <= after.at for before, after in pairwise(told))
    mentions = sum(isinstance(event, Mentioned) for event in told)
    assert mentions == int((small.posts.kind != 3).sum())
    assert sum(isinstance(event, Unwatched) for event in told) > 30 * len(small.outages)


def test_who_only_counts_sees_strangers_in_threads_of_their_own(small: Stream) -> None:
    told = [e.mention for e in events(small, is_counted_only=True) if isinstance(e, Mentioned)]
    assert len({mention.post.thread_id for mention in told}) == len(told)
    assert len({mention.post.voice for mention in told}) == len(told)
    assert not any(mention.fingerprint for mention in told)


def test_a_race_over_one_brand_fills_the_tables_and_the_pictures(
    small: Stream, tmp_path: Path
) -> None:
    first, again = ours(small), ours(small)
    assert (first.opened, first.told) == (again.opened, again.told)
    assert figures([first]).recall > 0.0
    count = counts_of(small)
    rivals = [
        Entrant(name=rival.name, runs=[theirs(small, rival.look(count), rival.rings_at)])
        for rival in RIVALS
    ]
    entrants = [Entrant(name="**emberwatch**", runs=[first]), *rivals]
    assert table(entrants).count("\n") == len(entrants) + 1
    assert by_size_and_kind(entrants).count("\n") == len(entrants) + 1
    results = {"as published": entrants, "at the same budget": entrants}
    pictures = [path.read_text() for path in write(results, tmp_path)]
    assert all(text.startswith("<svg") and "emberwatch" in text for text in pictures)
    assert all(rival.name in pictures[1] for rival in RIVALS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--brands", "0"], "--brands: expected at least 1, got 0"),
        (["--weeks", "2"], "--weeks: expected at least 3"),
        (["--nab", "/nowhere"], "it is not NAB's folder"),
        (["--backgrounds", "/nowhere"], "it is not NAB's folder"),
        (["--pictures", "/dev/null/here"], "/dev/null/here cannot be made"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_before_the_race(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
