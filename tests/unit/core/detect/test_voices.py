"""In one window a thread, an author and a text give one voice each."""

from datetime import UTC, datetime, timedelta

import pytest

from emberwatch.core.detect.voices import (
    MOST_KEPT,
    Choir,
    Choirs,
    Voice,
    Why,
    already_heard,
    distinct,
    keep,
    leading_thread,
    verdicts,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def a_voice(
    post: str,
    minute: int = 100,
    anger: float = 0.5,
    thread: str = "",
    author: str = "",
    text: str = "",
) -> Voice:
    return Voice(
        minute=minute,
        anger=anger,
        heat=anger,
        thread=thread or f"thread of {post}",
        author=author or f"author of {post}",
        fingerprint=text,
        post=post,
        created_at=EPOCH + timedelta(minutes=minute),
    )


def posts(voices: list[Voice]) -> list[str]:
    return [voice.post for voice in voices]


def test_a_thread_speaks_with_its_angriest_voice() -> None:
    calm, angry = a_voice("1", thread="t", anger=0.4), a_voice("2", thread="t", anger=0.9)
    assert posts(distinct([calm, angry])) == ["2"]


def test_an_author_has_one_voice_in_many_threads() -> None:
    assert posts(distinct([a_voice("1", author="anna"), a_voice("2", author="anna")])) == ["1"]


def test_one_text_by_many_is_one_voice() -> None:
    assert posts(distinct([a_voice("1", text="x"), a_voice("2", text="x")])) == ["1"]


def test_posts_without_a_fingerprint_are_not_copies_of_each_other() -> None:
    assert len(distinct([a_voice("1"), a_voice("2")])) == 2


def test_the_order_of_arrival_does_not_matter() -> None:
    voices = [a_voice(str(n), anger=0.3 + n % 3 / 10, thread=f"t{n % 4}") for n in range(20)]
    assert distinct(voices) == distinct(reversed(voices))


def test_what_repeats_a_thread_an_author_or_a_text_was_already_heard() -> None:
    said = (a_voice("1", thread="t", author="a", text="x", anger=0.7),)
    assert already_heard(said, a_voice("2", thread="t"), since=0) == 0.7
    assert already_heard(said, a_voice("2", author="a"), since=0) == 0.7
    assert already_heard(said, a_voice("2", text="x"), since=0) == 0.7
    assert already_heard(said, a_voice("2"), since=0) == 0.0


def test_what_was_said_long_ago_is_not_heard_any_more() -> None:
    said = (a_voice("1", minute=10, thread="t"), a_voice("2", minute=90))
    assert already_heard(said, a_voice("3", minute=100, thread="t"), since=40) == 0.0


def a_crowd() -> tuple[Voice, ...]:
    """Return two hours of voices, of a few threads, authors and texts."""
    return tuple(
        a_voice(
            str(n),
            minute=n,
            anger=0.3 + n * 7 % 11 / 20,
            thread=f"t{n % 17}",
            author=f"a{n % 23}",
            text="x" if n % 29 == 0 else "",
        )
        for n in range(120)
    )


def test_a_choir_hears_how_much_is_new_in_a_voice_as_all_its_voices_do() -> None:
    said = a_crowd()
    choir = Choir(said, since=20)
    for n in range(40):
        voice = a_voice(
            "new",
            anger=0.2 + n % 9 / 10,
            thread=f"t{n % 19}",
            author=f"a{n % 31}",
            text="x" if n % 3 == 0 else "",
        )
        heard = already_heard(said, voice, since=40)
        assert min(choir.already_heard(voice, 40), voice.heat) == min(heard, voice.heat)


def test_a_choir_tells_how_many_voices_there_are_since_a_minute_and_their_heat() -> None:
    said = a_crowd()
    number, heat = Choir(said, since=100).since_minute(30)
    assert number == 90
    assert heat == pytest.approx(sum(voice.heat for voice in said[30:]))
    assert Choir(said, since=100).since_minute(120) == (0, 0.0)


def test_a_choir_that_a_late_voice_joins_is_the_choir_of_all_of_them() -> None:
    said, late = a_crowd(), a_voice("late", minute=60, thread="t1", anger=0.9)
    joined = Choir(said, since=0)
    everybody = keep(said, late, 0)
    joined.join(everybody, late)
    whole = Choir(everybody, since=0)
    assert joined.voices is everybody
    assert [joined.since_minute(m) for m in range(121)] == [
        whole.since_minute(m) for m in range(121)
    ]
    assert joined.already_heard(a_voice("new", thread="t1", anger=0.9), 60) == 0.9


def many(of: str = "") -> tuple[Voice, ...]:
    """Return two hundred strangers, one a minute."""
    return tuple(a_voice(f"{of}{minute}", minute=minute) for minute in range(200))


def test_what_was_said_before_a_choir_begins_is_heard_all_the_same() -> None:
    choirs, said = Choirs(), many()
    assert choirs.of("Acme", said, 140) is not None
    late = a_voice("late", minute=40, author="author of 20")
    assert choirs.already_heard("Acme", said, late, 0) == 0.5
    assert choirs.already_heard("Acme", said, late, 60) == 0.0


def test_few_voices_need_no_choir() -> None:
    choirs, few = Choirs(), many()[:100]
    assert choirs.of("Acme", few, 40) is None
    assert choirs.already_heard("Acme", few, a_voice("new", author="author of 99"), 40) == 0.5


def test_a_choir_is_of_the_brand_and_of_the_state_that_are_asked_for() -> None:
    choirs, said, others = Choirs(), many(), many("other ")
    again = a_voice("new", minute=200, author="author of 199")
    assert choirs.already_heard("Acme", said, again, 140) == 0.5
    assert choirs.already_heard("Other", others, again, 140) == 0.0
    assert choirs.already_heard("Acme", others, again, 140) == 0.0
    assert choirs.already_heard("Acme", said, again, 140) == 0.5


@pytest.mark.parametrize("since", [0, 80])
def test_a_voice_that_is_kept_is_heard_by_the_choir_whether_or_not_others_are_forgotten(
    since: int,
) -> None:
    choirs, said = Choirs(), tuple(a_voice(str(n), minute=n // 2) for n in range(400))
    assert choirs.of("Acme", said, 140) is not None
    new = a_voice("new", minute=199)
    kept = choirs.keep("Acme", said, new, since)
    assert kept == keep(said, new, since)
    choir = choirs.of("Acme", kept, 140)
    assert choir is not None
    assert choir.since_minute(0) == (len(kept), pytest.approx(0.5 * len(kept)))
    assert choirs.already_heard("Acme", kept, new, 140) == 0.5


def test_voices_are_kept_in_the_order_of_their_minutes() -> None:
    kept = keep((a_voice("1", minute=10), a_voice("3", minute=30)), a_voice("2", minute=20), 0)
    assert posts(list(kept)) == ["1", "2", "3"]


def test_old_voices_are_forgotten() -> None:
    assert posts(list(keep((a_voice("1", minute=10),), a_voice("2", minute=90), 50))) == ["2"]


def test_a_thread_of_thousands_does_not_drown_the_others() -> None:
    kept: tuple[Voice, ...] = (a_voice("other", minute=99),)
    for n in range(3 * MOST_KEPT):
        kept = keep(kept, a_voice(str(n), thread="t"), 0)
    assert len(kept) <= MOST_KEPT
    assert "other" in posts(list(kept))


def test_of_a_thread_that_is_too_loud_the_angriest_voices_are_kept() -> None:
    kept: tuple[Voice, ...] = ()
    for n in range(MOST_KEPT + 1):
        anger = 0.9 if n in (5, 500, 1000) else 0.5
        kept = keep(kept, a_voice(str(n), thread="t", anger=anger), 0)
    assert posts(list(kept)) == ["5", "500", "1000"]


def test_of_too_many_voices_the_latest_are_kept() -> None:
    kept: tuple[Voice, ...] = ()
    for n in range(3 * MOST_KEPT):
        kept = keep(kept, a_voice(str(n), minute=n), 0)
    assert MOST_KEPT // 2 < len(kept) <= MOST_KEPT
    assert kept[-1].post == str(3 * MOST_KEPT - 1)


def test_the_leading_thread_holds_at_least_half_of_the_voices() -> None:
    voices = [a_voice("1", thread="t"), a_voice("2", thread="t"), a_voice("3"), a_voice("4")]
    assert leading_thread(voices) == "t"
    assert leading_thread([*voices, a_voice("5")]) is None


def test_single_posts_lead_nothing() -> None:
    assert leading_thread([a_voice("1")]) is None
    assert leading_thread([a_voice("1"), a_voice("2")]) is None


def test_each_voice_is_told_why_it_counts_or_behind_which_other_it_stands() -> None:
    told = verdicts(
        [
            a_voice("1", anger=0.9, thread="t", author="anna", text="x"),
            a_voice("2", anger=0.8, thread="t"),
            a_voice("3", anger=0.7, author="anna"),
            a_voice("4", anger=0.6, text="x"),
            a_voice("5", anger=0.5),
        ]
    )
    assert [(v.post, v.why, v.behind) for v in told] == [
        ("1", Why.COUNTED, None),
        ("2", Why.SAME_THREAD, "1"),
        ("3", Why.SAME_AUTHOR, "1"),
        ("4", Why.SAME_TEXT, "1"),
        ("5", Why.COUNTED, None),
    ]


def test_the_verdicts_and_the_count_agree() -> None:
    voices = [
        a_voice(str(n), anger=n % 7 / 10, thread=f"t{n % 5}", author=f"a{n % 11}")
        for n in range(60)
    ]
    counted = [v.post for v in verdicts(voices) if v.why is Why.COUNTED]
    assert counted == posts(distinct(voices))
