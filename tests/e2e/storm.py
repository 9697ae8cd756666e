"""Posts for a file that a `jsonl` feed follows: ordinary weeks, and storms that ring."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, product
from pathlib import Path
from random import Random

BRANDS = ("Acme", "Borealis", "Cumulus", "Dynamo")

CALM = ("I bought a {} at {}", "does {1} sell a {0}?", "my {} from {} came today")
ANGRY = (
    "{1} ruined my {0} and laughs at me, horrible {2}!",
    "I hate {1}, the {0} is broken and their {2} is a disgrace",
    "{1} lost my {0}. Awful, awful {2}!",
    "never again {1}: a disgusting {2}, and my {0} is dead",
    "{1} stole the money for my {0}, pathetic {2}, I am furious",
)
THINGS = [
    "kettle",
    "lamp",
    "chair",
    "phone",
    "ladder",
    "radio",
    "carpet",
    "heater",
    "fan",
    "desk",
    "mirror",
    "bicycle",
    "toaster",
    "sofa",
    "drill",
    "kayak",
    "violin",
    "pram",
    "mattress",
    "telescope",
]
PEOPLE_OF = [
    "service",
    "manager",
    "shop",
    "driver",
    "helpline",
    "team",
    "website",
    "courier",
    "warehouse",
    "cashier",
    "boss",
    "clerk",
]


def line(number: int, text: str, at: datetime, author: str, **facts: object) -> str:
    """Return one post as a line of the file."""
    post = {"id": str(number), "created_at": at.isoformat(), "author": author, "text": text}
    return json.dumps({**post, **facts}) + "\n"


def history(now: datetime, chance: Random, *brands: str, days: float = 14.0) -> list[str]:
    """Return ordinary weeks, one or two posts an hour a brand, one in twelve of them angry."""
    lines: list[str] = []
    at = now - timedelta(days=days)
    while at < now - timedelta(minutes=5):
        pool = ANGRY if chance.random() < 1 / 12 else CALM
        brand, thing = chance.choice(brands or BRANDS), chance.choice(THINGS)
        text = chance.choice(pool).format(thing, brand, chance.choice(PEOPLE_OF))
        lines.append(line(len(lines) + 1, text, at, f"someone{chance.randrange(400)}"))
        at += timedelta(hours=chance.expovariate(0.7 * len(brands or BRANDS)))
    return lines


def complaints(brand: str, chance: Random) -> Iterator[str]:
    """Yield angry texts of which no two are near copies, until there are no more."""
    words = list(product(ANGRY, THINGS, PEOPLE_OF))
    chance.shuffle(words)
    for pattern, thing, people in words:
        yield pattern.format(thing, brand, people)


def storms(chance: Random, first: int, *, posts: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield texts and facts: each brand has its storm in turn, and one thread that gathers.

    `first` is the number of the first post, so that replies can name the root of their thread.
    """
    turns = [complaints(brand, chance) for brand in BRANDS]
    calm = cycle(product(CALM, THINGS, BRANDS))
    root: int | None = None
    for number in range(first, first + posts):
        angry = turns[(number - first) * len(BRANDS) // posts]
        dice = chance.random()
        if root is None or dice < 0.002:
            root = number
            yield next(angry), {}
        elif dice < 0.5:
            yield next(angry), {}
        elif dice < 0.8:
            yield (
                f"same thing here, number {number}",
                {"parent_id": str(root), "thread_id": str(root)},
            )
        else:
            pattern, thing, other = next(calm)
            yield pattern.format(thing, other), {}


def append(file: Path, text: str) -> None:
    """Add to the file, as another program would."""
    with file.open("a") as out:
        out.write(text)


def pour(file: Path, chance: Random, first: int, *, seconds: float, a_second: float) -> None:
    """Append a storm to the file as it happens, so many posts a second."""
    posts = round(seconds * a_second)
    content = storms(chance, first, posts=posts)
    began = time.monotonic()
    number = first
    while number < first + posts:
        due = first + min(posts, int((time.monotonic() - began) * a_second) + 1)
        said = []
        while number < due:
            text, facts = next(content)
            said.append(line(number, text, datetime.now(UTC), f"user{number}", **facts))
            number += 1
        append(file, "".join(said))
        time.sleep(1 / a_second)
