"""What people complain about though nobody named it."""

import random
from dataclasses import replace

import pytest

from emberwatch.core.respond.complaint import Sample, complains, voices, weight_of
from emberwatch.core.respond.discovery import (
    Discovered,
    DiscoverySettings,
    Lexicon,
    discover,
)
from emberwatch.model.mention import Mention
from tests.build import a_mention, a_score
from tests.complaints import ANGER, CALM, TALK

FIRST = {"en": "hold", "bg": "парите", "ru": "денег", "id": "dana", "lt": "grąžin"}
SECOND = {"en": "courier", "bg": "куриер", "ru": "курьер", "id": "kurir", "lt": "kurjer"}


def a_crowd(language: str) -> list[Mention]:
    """Return two dozen furious voices about two matters, and three dozen calm ones."""
    texts = [
        (f"Acme {said}, {ANGER[language][(n + which) % 5]}", 0.8 if language != "lt" else None)
        for which, matter in enumerate(TALK[language])
        for n, said in enumerate(matter * 2)
    ]
    texts += [(f"Acme {said}", 0.05) for said in CALM[language] * 6]
    crowd = [a_mention(str(n), text=text, author=f"a{n}") for n, (text, _) in enumerate(texts)]
    return [
        replace(mention, score=replace(a_score(anger), sentiment=-0.7, judged=True))
        if anger is None or anger > 0.5
        else replace(mention, score=replace(a_score(anger), sentiment=0.2))
        for mention, (_, anger) in zip(crowd, texts, strict=True)
    ]


def found(crowd: list[Mention], **facts) -> tuple[Discovered, ...]:
    return discover(crowd, Lexicon(crowd), **facts)


@pytest.mark.parametrize("language", TALK)
def test_a7_both_matters_are_found_in_each_language(language: str) -> None:
    themes = found(a_crowd(language))
    heard = [" ".join(theme.words) for theme in themes]
    assert any(FIRST[language] in words for words in heard), heard
    assert any(SECOND[language] in words for words in heard), heard
    assert not any(FIRST[language] in words and SECOND[language] in words for words in heard), heard


@pytest.mark.parametrize("language", TALK)
def test_words_of_anger_do_not_come_before_the_matters(language: str) -> None:
    spoken = {word for said in ANGER[language] for word in said.split()}
    assert not {theme.words[0] for theme in found(a_crowd(language))[:2]} & spoken


def test_the_order_of_the_posts_does_not_matter() -> None:
    crowd = a_crowd("en")
    mixed = random.Random(7).sample(crowd, len(crowd))
    assert found(mixed) == found(crowd) != ()


def test_a_theme_is_named_as_people_say_it_and_tells_its_words() -> None:
    hold = next(theme for theme in found(a_crowd("en")) if "hold" in theme.words)
    assert "hold" in hold.name
    lexicon = Lexicon(a_crowd("en"))
    on_hold, calm = a_crowd("en")[0], a_crowd("en")[-1]
    assert hold.fits(lexicon.said(on_hold))
    assert not hold.fits(lexicon.said(calm))


def test_what_a_theme_of_the_users_explains_is_not_discovered_again() -> None:
    crowd = a_crowd("en")
    known = [each.id for each in crowd if "parcel" in each.post.text]
    assert not any("courier" in theme.words for theme in found(crowd, known=known))
    assert any("hold" in theme.words for theme in found(crowd, known=known))


def test_one_text_that_goes_round_is_no_theme() -> None:
    copies = [
        a_mention(str(n), text="Acme parcel courier lost", author=f"a{n}", fingerprint="f")
        for n in range(50)
    ]
    assert found([*copies, *a_crowd("en")[24:]]) == ()


@pytest.mark.parametrize("facts", [{"author": "anna"}, {"thread": "9", "parent": "9"}])
def test_one_author_or_one_thread_is_no_theme(facts: dict) -> None:
    posts = [
        a_mention(str(n), text="Acme parcel courier lost", **{"author": f"a{n}", **facts})
        for n in range(50)
    ]
    assert found([*posts, *a_crowd("en")[24:]]) == ()


def test_a_word_that_calm_posts_hold_as_well_is_a_stop_word() -> None:
    crowd = a_crowd("en")
    chatter = [
        a_mention(f"c{n}", text="Acme parcel by courier today", author=f"c{n}", anger=0.0)
        for n in range(40)
    ]
    assert not any("parcel" in theme.words for theme in found([*crowd, *chatter]))


def test_there_are_only_so_many_themes_and_none_of_nothing() -> None:
    assert found([]) == ()
    assert found(a_crowd("en")[24:]) == ()
    assert found(a_crowd("en")[:4]) == ()


def test_no_more_themes_are_named_than_asked_for() -> None:
    crowd = a_crowd("en")
    assert len(found(crowd, settings=DiscoverySettings(most_themes=1))) == 1


def test_a_word_without_company_is_no_theme_and_hides_none() -> None:
    alone = [
        a_mention(
            f"z{n}", text=f"Acme zeppelin {'qwrtpsdfgh'[n] * 2}{n}", author=f"z{n}", anger=1.0
        )
        for n in range(10)
    ]
    themes = found([*a_crowd("en"), *alone], settings=DiscoverySettings(company_from=-1.0))
    assert not any("zeppelin" in theme.words for theme in themes)
    assert any("hold" in theme.words for theme in themes)


def test_a_word_that_is_never_written_alone_is_shown_folded() -> None:
    posts = [
        a_mention(str(n), text=f"Acme card-reader broke {n}", author=f"a{n}") for n in range(9)
    ]
    (theme, *_) = found([*posts, *a_crowd("en")[24:]])
    assert {"card", "reader"} <= set(theme.words)


# ---------------------------------------------------------------- who complains
def test_a_post_that_nobody_judged_is_neither_complaint_nor_calm() -> None:
    assert not complains(a_score(None))
    assert weight_of(a_score(None)) == 0.0


def test_where_anger_was_not_measured_negativity_stands_in() -> None:
    score = replace(a_score(None), sentiment=-0.6, judged=True)
    assert complains(score)
    assert weight_of(score) == 0.6
    assert weight_of(replace(score, sentiment=0.6)) == 0.0
    assert weight_of(a_score(0.4)) == 0.4


def test_an_angry_post_complains_though_it_sounds_polite() -> None:
    assert complains(replace(a_score(0.5), sentiment=0.3))
    assert not complains(replace(a_score(0.1), sentiment=0.0))


def test_an_author_a_thread_and_a_text_are_one_voice_each_the_angriest() -> None:
    posts = [
        a_mention("1", author="anna", anger=0.5),
        a_mention("2", author="anna", anger=0.9),
        a_mention("3", author="boris", anger=0.6, fingerprint="f"),
        a_mention("4", author="clara", anger=0.7, fingerprint="f"),
        a_mention("5", author="dora", anger=0.4, thread="1"),
        a_mention("6", author="emil", anger=0.3, thread="1"),
    ]
    assert [each.post.native_id for each in voices(posts)] == ["2", "4", "5"]
    assert voices(reversed(posts)) == voices(posts)


# ---------------------------------------------------------------- a fair sample
def test_a_sample_is_the_same_however_the_posts_come() -> None:
    posts = [a_mention(str(n)) for n in range(200)]
    one, other = Sample(20), Sample(20)
    for post in posts:
        one.add(post)
    for post in reversed(posts):
        other.add(post)
    assert one.mentions == other.mentions
    assert (len(one.mentions), one.seen, one.times) == (20, 200, 10.0)


def test_a_sample_that_is_not_full_is_all_of_it() -> None:
    sample = Sample(20)
    assert sample.times == 1.0
    sample.add(a_mention("1"))
    assert (sample.mentions, sample.times) == ([a_mention("1")], 1.0)
