"""Storyboards in plain files: posts in, incidents expected, with the reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from emberwatch.config.duration import parse_duration
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.pipeline import Policy
from emberwatch.model.incident import Incident
from emberwatch.model.post import Post
from emberwatch.runtime.processor import Arrivals, Processor
from emberwatch.scorers.vader import Vader
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_brand, a_post

STORYBOARDS = sorted(Path(__file__).parent.glob("*.yaml"))

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


@dataclass
class Teller:
    """Turns the scenes of a storyboard into posts; every post is another voice unless said."""

    number: int = 0

    def posts(self, scene: dict[str, Any]) -> list[Post]:
        """Return the posts of one scene: `posts` of a mood, evenly `over` a time, from `at` on."""
        begin = NOON + _after(scene["at"])
        count = int(scene["posts"])
        step = _after(scene.get("over", "0s")) / max(1, count)
        return [self._post(scene, begin + step * place) for place in range(count)]

    def _post(self, scene: dict[str, Any], at: datetime) -> Post:
        self.number += 1
        pool = MOODS[scene["mood"]]
        thing = f"{WHICH[self.number // 10 % 10]} {WHAT[self.number % 10]}"
        text = scene.get("text") or pool[self.number % len(pool)].format(thing)
        facts: dict[str, Any] = {"language": "en"}
        if "thread" in scene:
            facts |= {"thread": scene["thread"], "parent": scene["thread"]}
        if "seen" in scene:
            facts["seen_at"] = at + _after(scene["seen"])
        native_id = scene.get("id", str(self.number))
        author = scene.get("author", f"voice{self.number}")
        return a_post(native_id, text=text, author=author, at=at, **facts)


def _after(text: str) -> timedelta:
    """Return a length of time such as `90m`, `-7d` or `0s`."""
    if text == "0s":
        return timedelta()
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)


def _incidents(storyboard: dict[str, Any], folder: Path) -> list[Incident]:
    brand = a_brand("Acme", languages=("en",), **storyboard.get("brand", {}))
    brands = {brand.name: brand}
    store = open_store(folder / "story.db")
    processor = Processor(
        policy=Policy(brands=brands, detectors=(Spike(brands), PileOn(brands))),
        store=store,
        scorer=Vader(),
        encode=encode_state,
        decode=decode_state,
        is_live=False,
    )
    teller = Teller()
    posts = [post for scene in storyboard["story"] for post in teller.posts(scene)]
    posts.sort(key=lambda post: post.seen_at)
    for begin in range(0, len(posts), 50):
        batch = posts[begin : begin + 50]
        processor.process(Arrivals(at=batch[-1].seen_at, feed="story", posts=batch))
    with store.reading() as look:
        found = look.incidents()
    store.close()
    return found


@pytest.mark.parametrize("path", STORYBOARDS, ids=lambda path: path.stem)
def test_the_storyboard_comes_out_as_told(path: Path, tmp_path: Path) -> None:
    storyboard = yaml.safe_load(path.read_text())
    found = _incidents(storyboard, tmp_path)
    told = [(sorted(incident.kinds), incident.opened_at, incident.alerts) for incident in found]
    assert len(found) == len(storyboard["expect"]), (storyboard["title"], told)
    for incident, expected in zip(found, storyboard["expect"], strict=True):
        assert set(expected["kinds"]) <= set(incident.kinds), told
        assert not set(expected.get("never", ())) & set(incident.kinds), told
        assert NOON <= incident.opened_at <= NOON + _after(expected["by"]), told


def test_there_are_storyboards() -> None:
    assert len(STORYBOARDS) >= 8
