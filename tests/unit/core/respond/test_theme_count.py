"""How many people complain about what, beside the stretches before."""

import random

import pytest

from emberwatch.core.respond.theme_count import ThemeCount, ThemeKind, Window, count_themes
from emberwatch.model.mention import Mention
from tests.build import a_mention
from tests.complaints import CALM, TALK


def a_window(*mentions: Mention, most: int = 3000) -> Window:
    window = Window(most)
    for mention in mentions:
        window.add(mention)
    return window


def said(number: int, *themes: str, anger: float | None = 0.8, **facts) -> Mention:
    facts.setdefault("author", f"a{number}")
    return a_mention(str(number), anger=anger, themes=themes, **facts)


def the(counts: tuple[ThemeCount, ...], name: str) -> ThemeCount:
    return next(count for count in counts if count.name == name)


def test_a7_the_theme_that_causes_the_most_anger_is_named_first() -> None:
    window = a_window(said(1, "late"), said(2, "fees", anger=0.4), said(3, "fees", anger=0.5))
    counts = count_themes(window, named=("late", "fees", "rude"))
    assert [count.name for count in counts] == ["fees", "late", "rude"]
    assert [count.kind for count in counts] == [ThemeKind.YOURS] * 3
    assert [round(count.angry_weight, 2) for count in counts] == [0.9, 0.8, 0.0]


def test_posts_angry_posts_and_voices_are_told_apart() -> None:
    window = a_window(
        said(1, "late", author="anna"),
        said(2, "late", author="anna", anger=0.5),
        said(3, "late", author="boris", anger=0.1),
        said(4, "late", author="clara", anger=0.6),
        said(5, anger=0.9),
    )
    late = the(count_themes(window, named=("late",)), "late")
    # the calm post is counted, but its author does not complain
    assert (late.posts, late.angry_posts) == (4, 3)
    assert late.share == 0.75
    assert late.angry_weight == pytest.approx(0.8 + 0.1 + 0.6)
    assert late.voices == 3
    assert [each.post.native_id for each in late.examples] == ["1", "4", "3"]


def test_the_trend_is_that_of_the_voices() -> None:
    before = [
        a_window(said(10, "late")),
        a_window(said(20, "late"), said(21, "late"), said(22, "late")),
        a_window(),
    ]
    now = a_window(*(said(n, "late") for n in range(4)))
    late = the(count_themes(now, before, ("late",)), "late")
    assert late.before == (1, 3, 0)
    assert late.trend == pytest.approx(3.0)
    assert the(count_themes(now, (), ("late",)), "late").trend is None
    assert the(count_themes(now, before[2:], ("late",)), "late").trend is None


def talk() -> list[Mention]:
    texts = [(f"Acme {text}", 0.8) for matter in TALK["en"] for text in matter]
    texts += [(f"Acme {text}", 0.0) for text in CALM["en"] * 3]
    return [said(n, text=text, anger=anger) for n, (text, anger) in enumerate(texts)]


def test_what_nobody_named_stands_beside_what_is_yours() -> None:
    mentions = talk()
    named = [
        said(n, "phone", text=each.post.text, anger=each.score.anger) if n < 6 else each
        for n, each in enumerate(mentions)
    ]
    counts = count_themes(a_window(*named), [a_window(*mentions)], ("phone",))
    assert [count.name for count in counts if count.kind is ThemeKind.YOURS] == ["phone"]
    [parcels] = [count for count in counts if count.kind is ThemeKind.DISCOVERED]
    assert {"parcel", "courier"} <= set(parcels.words)
    assert (parcels.posts, parcels.voices, parcels.before) == (6, 6, (6,))
    assert parcels.share == pytest.approx(0.5)
    assert parcels.angry_weight == pytest.approx(4.8)
    assert len(parcels.examples) == 3
    assert all("courier" in each.post.text for each in parcels.examples)


def test_the_order_of_the_posts_does_not_matter() -> None:
    mentions = talk()
    mixed = random.Random(3).sample(mentions, len(mentions))
    assert count_themes(a_window(*mixed)) == count_themes(a_window(*mentions)) != ()


def test_of_too_many_posts_a_fair_sample_is_scaled() -> None:
    mentions = [said(n, "late", text=f"{TALK['en'][0][n % 6]} {n}", anger=0.5) for n in range(1200)]
    late = the(count_themes(a_window(*mentions, most=100), named=("late",)), "late")
    assert (late.posts, late.angry_posts) == (1200, 1200)
    assert late.voices == 1200
    assert late.angry_weight == pytest.approx(600)


def test_what_nobody_could_judge_is_counted_and_lends_no_anger() -> None:
    window = a_window(said(1, "late", anger=None))
    (late,) = count_themes(window, named=("late",))
    assert (late.posts, late.angry_posts, late.voices, late.share) == (1, 0, 0, 0.0)
    assert late.examples == ()


def test_an_empty_stretch_has_no_themes() -> None:
    assert count_themes(a_window()) == ()
