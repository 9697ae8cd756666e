"""A live watch, lived through again from what it left in its database."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.core.detect.watch import Watch
from emberwatch.core.pipeline import Policy
from emberwatch.core.read.matching import Matcher
from emberwatch.core.read.themes import Themes
from emberwatch.model.brand import Theme
from emberwatch.model.event import FeedRead
from emberwatch.model.mention import Correction
from emberwatch.model.post import Counters, Post, PostKind, post_key
from emberwatch.ports import Count
from emberwatch.runtime.history import PastFeed, Reread, Rerun, events
from emberwatch.store.codec import encode_state
from tests.build import NOON, a_brand, a_post, minutes
from tests.integration.test_processor import BRANDS, Desk, Diary, Ear, Fragile

TOWN = {"town": PastFeed(recounts=True)}
OF_THE_WATCH = ("read ", "checked ")
"""What concerns our own feeds and parts is not lived through again."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "watch.db", Diary(), Watch(BRANDS), feeds_of={"Acme": ("town",)})
    yield desk
    desk.store.close()


def lived(desk: Desk) -> list[str]:
    """Return what the diary noted while it was lived."""
    return [line for line in desk.noted() if not any(word in line for word in OF_THE_WATCH)]


def again(desk: Desk, feeds: dict[str, PastFeed] = TOWN, **how: object) -> list[str]:
    """Return what the diary notes when the stored past is lived through again."""
    rerun = Rerun(Policy(brands=BRANDS, detectors=(Diary(),)))
    with desk.store.reading() as look:
        rerun.live(events(look, feeds, **how), look.clock())
    pages = rerun.states.get(("diary", "all"))
    return list(pages.lines) if pages else []


def told(lines: list[str]) -> list[str]:
    """Return the lines without the ticks."""
    return [line for line in lines if not line.endswith(" tick")]


def seen(post: Post, minute: float) -> Post:
    return replace(post, seen_at=NOON + minutes(minute))


def test_posts_replies_boosts_and_late_ones_come_again_as_they_came(desk: Desk) -> None:
    desk.pass_time(NOON + minutes(2))
    at = NOON + minutes(3.5)
    desk.bring(
        seen(a_post("1", text="Acme is awful"), 3.2),
        seen(a_post("2", text="me too", parent="1", thread="1"), 3.2),
        seen(a_post("3", text="Acme, Acme", parent="2", thread="1"), 3.3),
        seen(
            a_post("4", kind=PostKind.BOOST, thread="1", boost_of=post_key("jsonl", "", "1")), 3.4
        ),
        seen(a_post("5", text="Acme of old", at=NOON - minutes(500)), 3.4),
        at=at,
    )
    desk.pass_time(NOON + minutes(6), since=at)
    assert again(desk) == lived(desk)
    assert "12:03:24 Acme 5 in jsonl::5 (history)" in again(desk)


def test_mentions_and_reactions_of_one_batch_keep_their_order(desk: Desk) -> None:
    posts = [seen(a_post("0", text="Acme"), 1)]
    for number in range(1, 9):
        text = "Acme" if number % 3 else "so what"
        posts.append(seen(a_post(str(number), text=text, parent="0", thread="0"), 1))
    desk.bring(*posts, at=NOON + minutes(1))
    assert told(again(desk)) == told(lived(desk))
    assert len(told(again(desk))) == 9


def test_what_a_first_poll_read_back_comes_again_as_history(desk: Desk) -> None:
    posts = [a_post(str(n), text="Acme", at=NOON - minutes(30 - n)) for n in range(4)]
    posts = [replace(post, seen_at=NOON) for post in posts]
    desk.bring(*reversed(posts), is_first=True)
    desk.bring(seen(a_post("9", text="Acme is awful"), 1), at=NOON + minutes(1))
    assert again(desk) == lived(desk)
    assert [line for line in told(again(desk)) if "history" in line] == [
        f"12:00:00 Acme {n} in jsonl::{n} (history)" for n in range(4)
    ]


def test_an_edit_does_not_make_read_back_posts_news(desk: Desk) -> None:
    post = replace(a_post("1", text="Acme", at=NOON - minutes(30)), seen_at=NOON)
    desk.bring(post, is_first=True)
    desk.bring(replace(post, seen_at=NOON + minutes(5), text="Acme, edited"), at=NOON + minutes(5))
    assert told(again(desk)) == told(lived(desk)) == ["12:00:00 Acme 1 in jsonl::1 (history)"]


def test_counters_come_again_when_they_were_read(desk: Desk) -> None:
    root = seen(a_post("1", text="Acme is awful", counters=Counters(replies=3)), 1)
    desk.bring(root, at=NOON + minutes(1))
    for minute, replies in ((4, 40), (200, 41)):
        count = Count(
            thread_id=root.key, counters=Counters(replies=replies), root_created_at=root.created_at
        )
        desk.bring(at=NOON + minutes(minute), counts=(count,))
    counted = [line for line in told(lived(desk)) if "replies" in line]
    assert counted == [line for line in told(again(desk)) if "replies" in line]
    assert counted == [
        "12:01:00 3 replies in jsonl::1",
        "12:04:00 40 replies in jsonl::1",
        "15:20:00 41 replies in jsonl::1",
    ]


def test_counters_that_came_with_an_old_post_stay_history(desk: Desk) -> None:
    root = seen(a_post("1", text="Acme is awful", counters=Counters(replies=3)), 1)
    desk.bring(root, at=NOON + minutes(1))
    later = replace(seen(root, 300), counters=Counters(replies=90))
    desk.bring(later, at=NOON + minutes(300))
    line = "17:00:00 90 replies in jsonl::1 (history)"
    assert line in lived(desk)
    assert line in again(desk, feeds={"town": PastFeed()})


def test_counters_of_a_post_that_came_late_follow_it(desk: Desk) -> None:
    desk.bring(seen(a_post("1", text="Acme"), 5), at=NOON + minutes(5))
    late = a_post("2", text="Acme is awful", counters=Counters(replies=3), seen_at=NOON)
    desk.bring(late, at=NOON + minutes(6.5))
    assert again(desk) == lived(desk)
    assert told(again(desk))[-1] == "12:05:00 3 replies in jsonl::2"


def test_a_watch_that_stood_still_did_not_watch(desk: Desk) -> None:
    desk.pass_time(NOON + minutes(2))
    at = NOON + minutes(90.3)
    desk.bring(
        seen(a_post("1", text="Acme is awful", at=NOON + minutes(60)), 90.2),
        seen(a_post("2", text="Acme is fine", at=NOON + minutes(90)), 90.25),
        at=at,
    )
    desk.pass_time(NOON + minutes(93), since=at)
    assert again(desk) == lived(desk)
    assert [line for line in again(desk) if "unwatched" in line][-1].startswith("13:30:18")


def test_a_brand_whose_feeds_are_blind_is_not_watched_meanwhile(desk: Desk) -> None:
    for minute in (0, 5, 10, 15):
        at = NOON + minutes(minute)
        why = "timed out" if minute else ""
        read = FeedRead(at=at, feed="town", every=minutes(5), listed=3, why=why)
        desk.bring(at=at, read=read)
    desk.pass_time(NOON + minutes(40), since=NOON + minutes(15))
    desk.bring(seen(a_post("1", text="Acme is awful"), 40.5), at=NOON + minutes(40.6))
    mine = [line for line in again(desk) if "unwatched" in line]
    assert mine == [line for line in lived(desk) if "unwatched" in line]
    assert len(mine) > 20
    with desk.store.reading() as look:
        assert len(look.unwatched()) < 5


def test_a_rule_that_crashed_crashes_again_and_the_rest_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "watch.db", Fragile())
    desk.bring(
        seen(a_post("1", text="Acme"), 1),
        seen(a_post("2", text="Acme, crash"), 2),
        seen(a_post("3", text="Acme"), 3),
        at=NOON + minutes(4),
    )
    rerun = Rerun(Policy(brands=BRANDS, detectors=(Fragile(),)))
    with desk.store.reading() as look:
        rerun.live(events(look, TOWN), look.clock())
    assert [subject for subject, _, _ in rerun.crashed] == ["jsonl::post:2"]
    lines = told(list(rerun.states.get(("fragile", "all")).lines))
    assert [line for line in lines if "Acme" in line] == [
        line for line in told(desk.noted(name="fragile")) if "Acme" in line
    ]
    desk.store.close()


def test_stops_change_nothing_wherever_they_lie(desk: Desk) -> None:
    desk.pass_time(NOON + minutes(2))
    at = NOON + minutes(90.3)
    desk.bring(seen(a_post("1", text="Acme is awful", at=NOON + minutes(60)), 90.2), at=at)
    desk.pass_time(NOON + minutes(93), since=at)
    whole = again(desk)
    rerun = Rerun(Policy(brands=BRANDS, detectors=(Diary(),)))
    with desk.store.reading() as look:
        last = look.clock()
        stops = [NOON + minutes(n / 2) for n in range(-4, 2 * 92)]
        walked = list(rerun.walk(events(look, TOWN), [*stops, last]))
    assert walked == [*stops, last]
    assert list(rerun.states.get(("diary", "all")).lines) == whole


def test_nothing_is_lived_beyond_the_last_stop(desk: Desk) -> None:
    desk.bring(seen(a_post("1", text="Acme"), 1), at=NOON + minutes(1))
    desk.bring(seen(a_post("2", text="Acme"), 9), at=NOON + minutes(9))
    rerun = Rerun(Policy(brands=BRANDS, detectors=(Diary(),)))
    with desk.store.reading() as look:
        rerun.live(events(look, TOWN), NOON + minutes(5))
    lines = list(rerun.states.get(("diary", "all")).lines)
    assert told(lines) == ["12:01:00 Acme 1 in jsonl::1"]
    assert lines[-1] == "12:05:00 tick"
    assert rerun.clock == NOON + minutes(5)


# ---------------------------------------------------------------- with other eyes
def reread(*brands: object) -> Reread:
    return Reread(
        matcher=Matcher(brands),
        themes=Themes(brands),
        scorer=Ear,
        languages={brand.name: ("en",) for brand in brands},
    )


def test_a_new_theme_is_found_in_what_was_kept_before_it(desk: Desk) -> None:
    desk.bring(seen(a_post("1", text="Acme is awful"), 1), at=NOON + minutes(1))
    themed = a_brand("Acme", themes=(Theme(name="awfulness", words=("awful",)),))
    with desk.store.reading() as look:
        (heard,) = [
            each.mention.themes
            for each in events(look, TOWN, reread=reread(themed))
            if hasattr(each, "mention")
        ]
    assert heard == ("awfulness",)


def test_another_word_finds_what_was_kept_for_another_reason(desk: Desk) -> None:
    desk.bring(
        seen(a_post("1", text="Acme is awful"), 1),
        seen(a_post("2", text="their zeppelins are awful", parent="1", thread="1"), 2),
        at=NOON + minutes(3),
    )
    zeppelin = a_brand("Zeppelin", words=("zeppelins",))
    heard = []
    with desk.store.reading() as look:
        for event in events(look, TOWN, reread=reread(BRANDS["Acme"], zeppelin)):
            if hasattr(event, "mention"):
                heard.append((event.mention.brand, event.mention.score.anger, event.mention.feed))
    assert heard == [("Acme", 0.9, "town"), ("Zeppelin", 0.9, "town")]


def test_a_narrower_word_loses_mentions_and_keeps_their_reactions(desk: Desk) -> None:
    desk.bring(
        seen(a_post("1", text="Acme is awful"), 1),
        seen(a_post("2", text="Acme Road is closed", parent="1", thread="1"), 2),
        at=NOON + minutes(3),
    )
    narrow = a_brand("Acme", exclude=("acme road",))
    assert [line[9:] for line in told(again(desk, reread=reread(narrow)))] == [
        "Acme 1 in jsonl::1",
        "reply 2 in jsonl::1",
    ]


def test_a_feed_that_is_read_for_others_is_not_asked(desk: Desk) -> None:
    desk.bring(seen(a_post("1", text="Acme and Other are awful"), 1), at=NOON + minutes(1))
    feeds = {"town": PastFeed(brands=("Other",))}
    lines = again(desk, feeds=feeds, reread=reread(*BRANDS.values()))
    assert [line[9:] for line in told(lines)] == ["Other 1 in jsonl::1"]


def test_a_stored_score_is_not_judged_again(desk: Desk) -> None:
    desk.bring(seen(a_post("1", text="Acme is awful"), 1), at=NOON + minutes(1))
    with desk.store.reading() as look:
        again_ = Reread(
            matcher=Matcher((BRANDS["Acme"],)),
            themes=Themes(()),
            scorer=lambda: pytest.fail("asked for a score"),
            languages={"Acme": ()},
        )
        (heard,) = [
            each.mention.score.anger
            for each in events(look, TOWN, reread=again_)
            if hasattr(each, "mention")
        ]
    assert heard == 0.9


def test_an_erased_mention_stands_as_it_is_stored(desk: Desk) -> None:
    desk.bring(seen(a_post("1", text="Acme is awful"), 1), at=NOON + minutes(1))
    with desk.store.writing() as tx:
        tx.purge(NOON + minutes(60), NOON + minutes(60))
    assert told(again(desk, reread=reread(BRANDS["Other"]))) == ["12:01:00 Acme 1 in jsonl::1"]


def test_what_people_corrected_counts_where_it_is_asked_for(desk: Desk) -> None:
    posts = [seen(a_post(str(n), text="Acme is awful"), n) for n in range(1, 4)]
    desk.bring(*posts, at=NOON + minutes(5))
    with desk.store.writing() as tx:
        for number, said in ((1, {"anger": 0.0}), (2, {"sentiment": 0.5})):
            tx.correct(Correction(post_id=posts[number - 1].id, by="mia", at=NOON, **said))
    found = {}
    for is_corrected in (False, True):
        with desk.store.reading() as look:
            found[is_corrected] = [
                (event.mention.score.sentiment, event.mention.score.anger)
                for event in events(look, TOWN, is_corrected=is_corrected)
                if hasattr(event, "mention")
            ]
    assert found[False] == [(-0.9, 0.9)] * 3
    assert found[True] == [(-0.9, 0.0), (0.5, 0.9), (-0.9, 0.9)]


def test_a_brand_that_nobody_watched_then_is_watched_from_the_first_post_on(desk: Desk) -> None:
    newcomer = ("Acme", "Newcomer")
    desk.bring(seen(a_post("1", text="Acme"), 1), at=NOON + minutes(1))
    assert again(desk, brands=newcomer)[:2] == [
        "12:01:00 Acme unwatched since 12:01:00",
        "12:01:00 Newcomer unwatched since 12:01:00",
    ]


def test_a_brand_whose_watch_began_begins_when_it_did(desk: Desk) -> None:
    desk.pass_time(NOON + minutes(1))
    desk.bring(seen(a_post("1", text="Acme"), 3), at=NOON + minutes(3))
    begun = [line for line in lived(desk) if "unwatched" in line]
    assert len(begun) == 2
    assert [line for line in again(desk, brands=("Acme", "Newcomer")) if "since" in line] == [
        f"{begun[0][:8]} Newcomer unwatched since {begun[0][:8]}",
        *begun,
    ]


def test_states_are_the_ones_that_were_stored(tmp_path: Path) -> None:
    with closing(Desk(tmp_path / "watch.db", Diary()).store) as store:
        desk = Desk(tmp_path / "watch.db", Diary())
        desk.bring(seen(a_post("1", text="Acme is awful"), 1), at=NOON + minutes(1))
        desk.pass_time(NOON + timedelta(hours=1), since=NOON + minutes(1))
        rerun = Rerun(Policy(brands=BRANDS, detectors=(Diary(),)))
        with store.reading() as look:
            rerun.live(events(look, TOWN), look.clock())
            (row,) = look.states()
        kept = rerun.states.get(("diary", "all"))
        lines = tuple(line for line in desk.noted() if "checked" not in line)
        assert kept.lines == lines
        assert encode_state(replace(kept, lines=tuple(desk.noted()))) == row.body
        desk.store.close()
