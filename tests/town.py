"""People who write about a brand, and a real watch over a real database that hears them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.pipeline import Policy
from emberwatch.core.respond import workflow
from emberwatch.model.brand import Theme
from emberwatch.model.event import PartChecked
from emberwatch.model.incident import Action, Incident
from emberwatch.model.mention import Score
from emberwatch.model.post import Post
from emberwatch.ports import Ledger, Text
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.runtime.processor import Processor
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import open_store
from tests.build import a_brand, a_post, minutes

QUIET_AFTER = timedelta(hours=6)


class Ear:
    """A scorer that hears anger in the word `awful`, and calm in any other."""

    kind = "ear"

    def score(self, texts: Sequence[Text]) -> list[Score]:
        return [self._score("awful" in text.text.casefold()) for text in texts]

    def _score(self, is_awful: bool) -> Score:
        anger = 0.9 if is_awful else 0.0
        return Score(sentiment=-anger, anger=anger, language="en", judged=True, scorer=self.kind)


class Town:
    """People who write about a brand, and a processor over a real database that hears them."""

    def __init__(self, path: Path, began_at: datetime, themes: tuple[Theme, ...] = ()) -> None:
        brands = {"Acme": a_brand("Acme", quiet_after=QUIET_AFTER, themes=themes)}
        detectors = (Spike(brands), PileOn(brands))
        self.store = open_store(path, patience=timedelta(seconds=5))
        self.now = began_at
        self._people = 0
        self._processor = Processor(
            policy=Policy(brands=brands, detectors=detectors, notifiers=("ops",)),
            store=self.store,
            scorer=Ear(),
            encode=encode_state,
            decode=decode_state,
            is_live=True,
        )

    def say(self, what: str, people: int, every: timedelta) -> None:
        """Let so many strangers say it, one after another."""
        for _ in range(people):
            self._people += 1
            self.now += every
            name = f"stranger {self._people}"
            text = f"Acme is {what}, says {name}"
            self._say(a_post(str(self._people), text=text, author=name, at=self.now))

    def answer(self, what: str, people: int, every: timedelta, root: str = "") -> str:
        """Let so many strangers answer under one post; return what the post is called."""
        if not root:
            self._people += 1
            self.now += every
            root = str(self._people)
            self._say(a_post(root, text=f"Acme is {what}", author=f"root {root}", at=self.now))
        for _ in range(people):
            self._people += 1
            self.now += every
            name = f"stranger {self._people}"
            text = f"{what} indeed, says {name}"
            self._say(
                a_post(
                    str(self._people),
                    text=text,
                    author=name,
                    at=self.now,
                    parent=root,
                    thread=root,
                )
            )
        return root

    def rest(self, length: timedelta) -> None:
        """Let minutes pass in which nobody says anything."""
        until = self.now + length
        while self.now < until:
            self.now += minutes(1)
            queue = PartChecked(at=self.now, part="queue")
            self._hear(Arrivals(at=self.now, parts=(queue,)))

    def close(self, incident: Incident) -> None:
        """Let a person resolve an incident."""
        resolved = workflow.act(
            incident, workflow.Deed(action=Action.RESOLVED, by="anna", at=self.now)
        )
        with self.store.writing() as write:
            write.record(Ledger(incidents=(resolved,)))

    def incidents(self) -> list[Incident]:
        with self.store.reading() as look:
            return look.incidents()

    def told(self, incident: Incident) -> list[str]:
        with self.store.reading() as look:
            return [each.type for each in look.notifications() if each.incident_id == incident.id]

    def _say(self, post: Post) -> None:
        self._hear(Arrivals(at=self.now, feed="town", source="jsonl", posts=(post,)))

    def _hear(self, arrivals: Arrivals) -> None:
        self._processor.process(arrivals)
