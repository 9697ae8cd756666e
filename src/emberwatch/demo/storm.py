"""The written storm: ten ordinary days of a railway, then three hours in five languages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random

LANGUAGES = ("en", "bg", "ru", "id", "lt")

BRAND = "Norvik"

CONFIG = """\
brands:
  - name: Norvik
    words: [norvik, норвик]
    handles: ["@norvik"]
    languages: [en, bg, ru, id, lt]
    team: travellers
    pile_on_floor: 100
"""
"""What the demo watches with; the receiver is added when its address is known."""

STORM_AT = datetime(2026, 3, 7, 17, 40, tzinfo=UTC)
"""A Saturday, when the last trains of the evening are cancelled. Fixed, so that the demo is too."""

ORDINARY = timedelta(days=10)
STORM = timedelta(hours=3)

SHARES = {"en": 12, "bg": 3, "ru": 3, "id": 2, "lt": 2}
"""Who travels with Norvik, by language, on an ordinary day."""

ANGRY_ON_AN_ORDINARY_DAY = 0.08

POSTS_BY_HOUR = (1, 1, 0, 0, 0, 1, 3, 6, 7, 5, 4, 4, 5, 5, 4, 4, 6, 7, 6, 4, 3, 3, 2, 1)
"""Mentions in each hour (UTC) of an ordinary working day; fewer at the weekend."""

ROOT = "root"
ROOT_TEXT = (
    "Norvik cancelled the last train, locked the station and left two hundred of us outside in "
    "the snow, children and all. Nobody answers the emergency line. This is a disgrace and I am "
    "furious!"
)
ROOT_FOLLOWERS = 18_200

REPLIES = 110
"""Answers under that one post, few of which name the brand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the story: when it is seen, and the post as JSON."""

    at: datetime
    text: str


def sentences(language: str, mood: str) -> list[str]:
    """Return the written sentences of a language; `mood` is `angry` or `calm`."""
    folder = files("emberwatch.demo") / "sentences"
    text = (folder / f"{language}.{mood}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


def story(chance: Random) -> list[Line]:
    """Return the whole story in the order in which it is seen; the same chance, the same story."""
    lines = [*_ordinary_days(chance), *_storm(chance)]
    return sorted(lines, key=_at)


def _at(line: Line) -> datetime:
    return line.at


def _line(
    id: str, at: datetime, author: str, text: str, seen_at: datetime | None = None, **facts: object
) -> Line:
    post = {"id": id, "created_at": at.isoformat(), "author": author, "text": text, **facts}
    if seen_at is not None:
        post["seen_at"] = seen_at.isoformat()
    return Line(at=seen_at or at, text=json.dumps(post, ensure_ascii=False))


def _ordinary_days(chance: Random) -> Iterator[Line]:
    """Yield ten days of small joys and small troubles; sentences come back, as people do."""
    pools = {
        (language, mood): sentences(language, mood)
        for language in LANGUAGES
        for mood in ("calm", "angry")
    }
    hour = (STORM_AT - ORDINARY).replace(minute=0)
    number = 0
    while hour < STORM_AT:
        usual = POSTS_BY_HOUR[hour.hour] * (0.6 if hour.weekday() >= 5 else 1.0)
        for _ in range(_poisson(usual, chance)):
            at = hour + timedelta(seconds=chance.uniform(0, 3600))
            if at >= STORM_AT:
                continue
            number += 1
            language = chance.choices(list(SHARES), list(SHARES.values()))[0]
            mood = "angry" if chance.random() < ANGRY_ON_AN_ORDINARY_DAY else "calm"
            author = f"traveller{chance.randrange(4000)}"
            yield _line(
                f"day-{number}", at, author, chance.choice(pools[language, mood]), language=language
            )
        hour += timedelta(hours=1)


def _storm(chance: Random) -> Iterator[Line]:
    """Yield the storm: one post, those who answer under it, and those who tell of their own."""
    root_at = STORM_AT + timedelta(minutes=2)
    yield _line(ROOT, root_at, "anna_k", ROOT_TEXT, language="en", followers=ROOT_FOLLOWERS)
    yield from _voices(chance)
    yield from _replies(chance, root_at)


def _voices(chance: Random) -> Iterator[Line]:
    """Yield every angry sentence once, and calm ones between them, swelling and then fading."""
    voices = [
        (language, mood, text)
        for language in LANGUAGES
        for mood, most in (("angry", 60), ("calm", 12))
        for text in chance.sample(sentences(language, mood), most)
    ]
    chance.shuffle(voices)
    for number, (language, _, text) in enumerate(voices):
        # the triangle's peak lies 50 minutes in: a storm is sudden at first and slow to end
        after = chance.triangular(3, STORM.total_seconds() / 60, 50)
        yield _line(
            f"storm-{number}",
            STORM_AT + timedelta(minutes=after),
            f"passenger{number}",
            text,
            language=language,
            followers=int(chance.paretovariate(1.1) * 40),
        )


def _replies(chance: Random, root_at: datetime) -> Iterator[Line]:
    """Yield the thread under the first post: answers, and the counters that its site shows."""
    after = 0.0
    for number in range(1, REPLIES + 1):
        after += chance.expovariate(1 / (0.25 + 0.012 * number))
        at = root_at + timedelta(minutes=after)
        yield _line(
            f"reply-{number}",
            at,
            f"witness{number}",
            "We were there too." if number % 2 else "Same here, platform 4.",
            parent_id=ROOT,
            thread_id=ROOT,
            kind="reply",
            language="en",
        )
        if number % 5 == 0:
            yield _line(
                ROOT,
                root_at,
                "anna_k",
                ROOT_TEXT,
                language="en",
                followers=ROOT_FOLLOWERS,
                seen_at=at + timedelta(seconds=1),
                replies=number,
                boosts=2 * number,
            )


def _poisson(mean: float, chance: Random) -> int:
    """Draw a count by counting arrivals within one unit of time."""
    count, passed = 0, chance.expovariate(1.0)
    while passed < mean:
        count += 1
        passed += chance.expovariate(1.0)
    return count
