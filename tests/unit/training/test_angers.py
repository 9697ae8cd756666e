"""Which words of anger the trained list keeps."""

from collections import Counter
from pathlib import Path

import pytest
from training import angers
from training.angers import Angers, Known

KNOWN: Known = {
    "en": Counter({"mad": 9, "as": 90, "furious": 2, "furiously": 1, "furious-looking": 1}),
    "sv": Counter({"as": 3, "arg": 4, "ilsken": 2, "ilska": 5}),
}


@pytest.fixture
def read(tmp_path: Path) -> Angers:
    file = tmp_path / "anger.txt"
    file.write_text("# ours\nen: mad furious* livid\nsv: as arg ilsk*\n", encoding="utf-8")
    return angers.read(KNOWN, file)


def test_words_stand_for_themselves_whether_or_not_a_text_has_them(read: Angers) -> None:
    assert {"mad", "arg", "livid"} <= set(read.words)


def test_a_star_stands_for_the_known_words_that_begin_so(read: Angers) -> None:
    assert {"furious", "furiously", "ilska", "ilsken"} <= set(read.words)


def test_what_mostly_means_something_else_in_another_language_is_left_out(read: Angers) -> None:
    assert "as" not in read.words


def test_a_word_that_two_languages_list_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "anger.txt"
    file.write_text("en: as\nsv: as\n", encoding="utf-8")
    assert angers.read(KNOWN, file).words == ("as",)


def test_a_beginning_that_few_other_words_have_is_kept(read: Angers) -> None:
    assert read.stems == ("furio",)


def test_a_beginning_that_other_words_have_too_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "anger.txt"
    file.write_text("ru: придур*\n", encoding="utf-8")
    known: Known = {"ru": Counter({"придурок": 3, "придумал": 9})}
    assert angers.read(known, file) == Angers(words=("придур", "придурок"), stems=())


def test_the_list_that_is_trained_with_names_every_language_once() -> None:
    lines = angers.FILE.read_text(encoding="utf-8").splitlines()[1:]
    languages = [line.split(": ")[0] for line in lines]
    assert len(set(languages)) == len(languages)
    assert {"en", "bg", "ru", "id", "lt"} <= set(languages)
