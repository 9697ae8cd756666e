"""A playbook is checked like the configuration."""

from pathlib import Path

import pytest

from emberwatch.config.playbook import read_playbook
from emberwatch.core.respond.playbook import Stance, Template
from emberwatch.model.errors import ConfigError


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return read_playbook(path, Stance.FIRM, ())

    return write


def test_the_shipped_playbook_serves_five_languages() -> None:
    book = read_playbook(None, Stance.BALANCED, ())
    languages = {"en", "bg", "ru", "id", "lt"}
    assert all(set(book.templates[kind]) == languages for kind in Template)
    assert set(book.defensive) == languages


def test_every_rule_of_the_advice_is_in_it() -> None:
    ids = {rule.id for rule in read_playbook(None, Stance.BALANCED, ()).rules}
    assert {f"R{number}" for number in range(1, 17)} - ids == set()


def test_a_rule_of_the_same_id_replaces_ours_in_its_place(written) -> None:
    ours = read_playbook(None, Stance.FIRM, ())
    book = written("rules: [{id: R1, say: Call them.}]")
    assert [rule.id for rule in book.rules] == [rule.id for rule in ours.rules]
    [rule] = [rule for rule in book.rules if rule.id == "R1"]
    assert rule.say == dict.fromkeys(Stance, "Call them.")
    assert rule.name == "R1"


def test_a_rule_can_be_added_and_another_taken_away(written) -> None:
    book = written("rules: [{id: bikes, say: Stop.}, {id: R13, enabled: no}]")
    ids = [rule.id for rule in book.rules]
    assert ids[-1] == "bikes"
    assert "R13" not in ids


def test_a_language_can_be_added_to_the_texts(written) -> None:
    book = written("templates: {holding: {de: Moment bitte.}}")
    assert book.templates[Template.HOLDING]["de"] == "Moment bitte."
    assert "en" in book.templates[Template.HOLDING]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("rules: [{id: x, say: y, wen: {}}]", "1:25", "did you mean"),
        ("rules:\n  - {id: x, when: {signs: [thret]}, say: y}\n", "2:28", "threat"),
        ("rules:\n  - {id: x, say: {firm: y}}\n", "2:18", "says nothing for the stance"),
        ("rules: [{say: y}]", "1:9", "id"),
        ("rules: [{id: x, say: y, clock: {answer: soon}}]", "1:41", "duration"),
        ("rules: [{id: x, say: y, when: {words: [late, 🤬]}}]", "1:46", "without a letter"),
        ("rules: [{id: x, say: y}, {id: x, say: z}]", "1:31", "a rule 'x' already"),
        ("- a list", "1:1", "expected settings"),
        ("rules: [", "1:9", "not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(written, text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        written(text)
    [line] = raised.value.problems
    assert f"mine.yaml:{place}: " in line
    assert words in line


def test_a_playbook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: no such file; 'playbook' names it"):
        read_playbook(tmp_path / "mine.yaml", Stance.FIRM, ())
