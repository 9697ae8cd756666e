"""A storm that a person has dealt with does not hide the next one."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.spike import Spike
from emberwatch.core.pipeline import Policy
from emberwatch.core.respond import workflow
from emberwatch.model.event import PartChecked
from emberwatch.model.incident import Action, Incident, Status
from emberwatch.model.mention import Score
from emberwatch.ports import Ledger, Text
from emberwatch.runtime.processor import Arrivals, Processor
from emberwatch.store.codec import decode_state, encode_state
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_brand, a_post, minutes

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

    def __init__(self, path: Path, began_at: datetime) -> None:
        brands = {"Acme": a_brand("Acme", quiet_after=QUIET_AFTER)}
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
            post = a_post(str(self._people), text=text, author=name, at=self.now)
            self._hear(Arrivals(at=self.now, feed="town", source="jsonl", posts=(post,)))

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

    def _hear(self, arrivals: Arrivals) -> None:
        self._processor.process(arrivals)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path / "watch.db", NOON)
    town.say("fine", 200, minutes(10))
    town.say("awful", 30, minutes(1))
    yield town
    town.store.close()


def test_what_is_left_of_a_storm_that_a_person_closed_rings_nobody(town: Town) -> None:
    (first,) = town.incidents()
    town.close(first)
    told = town.told(first)
    town.say("awful", 5, minutes(10))
    town.rest(timedelta(hours=12))
    assert [each.id for each in town.incidents()] == [first.id]
    assert town.told(first) == told


@pytest.mark.parametrize("calm", [3, 5, 7, 13])
def test_a_second_storm_after_a_person_closed_the_first_is_a_second_incident(
    town: Town, calm: int
) -> None:
    (first,) = town.incidents()
    town.close(first)
    town.rest(timedelta(hours=calm))
    began_at = town.now
    town.say("awful", 30, minutes(1))
    before, after = town.incidents()
    assert (before.id, before.status) == (first.id, Status.RESOLVED)
    assert (after.previous_id, after.status) == (first.id, Status.OPEN)
    assert town.told(after)[0] == "incident.opened"
    assert after.opened_at - began_at <= minutes(10)
    assert after.first_post_at is not None
    assert after.first_post_at > began_at


@pytest.mark.parametrize(("calm", "incidents"), [(3, 1), (8, 2)])
def test_a_second_storm_that_nobody_dealt_with_is_a_second_incident_after_the_quiet(
    town: Town, calm: int, incidents: int
) -> None:
    town.rest(timedelta(hours=calm))
    town.say("awful", 30, minutes(1))
    assert len(town.incidents()) == incidents
