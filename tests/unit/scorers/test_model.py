"""The model that ships: its file, its card, its sums."""

import json
import re
import time
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emberwatch.model.errors import ScoringFailed
from emberwatch.scorers import model

BODY = model.encode(np.zeros((256, 3), dtype=np.int8))
TONGUE = {
    "combine": [[1.0] * model.GIVEN] * 3, "negative_from": 0.0, "positive_from": 0.0,
    "has_anger": True,
}  # fmt: skip


def a_card(**facts: Any) -> dict[str, Any]:
    card = {
        "schema": model.SCHEMA, "date": "2026-01-01", "sha256": sha256(BODY).hexdigest(), "bits": 8,
        "scales": [1.0, 1.0, 1.0], "bias": [0.0, 0.0, 0.0], "style_value": 1.0, "listed": 0,
        "languages": {"en": TONGUE}, "emoji": {"known": ""},
    }  # fmt: skip
    return card | facts


def test_a_table_survives_being_written_and_read() -> None:
    chance = np.random.default_rng(1)
    table = np.zeros((1 << 16, 3), dtype=np.int8)
    table[chance.choice(1 << 16, 900, replace=False)] = chance.integers(-127, 128, (900, 3))
    assert np.array_equal(model.decode(model.encode(table), 16), model.pack(table))


def test_heads_do_not_spill_into_each_other() -> None:
    weights = np.array([[-127, 127, -127], [127, -127, 127]], dtype=np.int8)
    read = model.understood(a_card(), BODY)
    sums = model.pack(weights) * 8_000
    assert read.unpacked(sums).tolist() == (weights.astype(float) * 8_000).tolist()


def test_weights_that_are_not_those_of_the_card_are_refused() -> None:
    with pytest.raises(ScoringFailed, match="not those of its card"):
        model.understood(a_card(), BODY + b"\0\0\0\0")


def test_a_card_of_another_schema_is_refused() -> None:
    with pytest.raises(ScoringFailed, match="not those of its card"):
        model.understood(a_card(schema="emberwatch.model/9"), BODY)


@pytest.mark.parametrize(
    "card",
    [
        [],
        {},
        {key: value for key, value in a_card().items() if key != "bits"},
        a_card(bits="many"),
        a_card(scales=[1.0]),
        a_card(emoji=TONGUE),
        a_card(languages={}),
        a_card(languages=["en"]),
        a_card(languages={"en": TONGUE | {"combine": [[1.0]]}}),
    ],
)
def test_a_damaged_card_is_refused(card: Any) -> None:
    with pytest.raises(ScoringFailed, match=r"card is damaged .*install emberwatch anew"):
        model.understood(card, BODY)


def test_without_measured_emoji_a_card_judges_none() -> None:
    assert model.understood(a_card(), BODY).of_emoji is None
    assert model.understood(a_card(emoji=TONGUE | {"known": "🤬"}), BODY).of_emoji is not None


def test_no_texts_have_no_margins_and_no_looks() -> None:
    nothing = model.shipped().read([])
    assert nothing.margins.shape == (0, 3)
    assert nothing.looks.shape == (0, 2)


def test_chances_are_made_of_margins_compound_looks_and_looks_with_anger() -> None:
    made = model.given(np.array([[2.0, -1.0, 0.5]]), np.array([0.3]), np.array([[3.0, 1.0]]))
    assert made.tolist() == [[2.0, -1.0, 0.5, 0.3, 3.0, 1.0, 6.0, 2.0, 1.0]]


def test_the_model_that_ships_is_small() -> None:
    folder = files("emberwatch.scorers")
    sizes = [len(folder.joinpath(name).read_bytes()) for name in (model.CARD, model.WEIGHTS)]
    assert sum(sizes) <= 5_000_000


def test_the_model_is_loaded_at_once() -> None:
    model.shipped.cache_clear()
    began = time.process_time()
    model.shipped()
    assert time.process_time() - began < 10 * 0.150


def test_the_card_names_only_licences_that_allow_it_to_be_given_away() -> None:
    card = json.loads(files("emberwatch.scorers").joinpath(model.CARD).read_text(encoding="utf-8"))
    licences = {source["licence"].split(" (")[0].split(" repo")[0] for source in card["data"]}
    assert licences
    assert all(
        licence.startswith(("CC BY 4.0", "Apache-2.0", "MIT", "IndoNLU")) for licence in licences
    )


def test_the_notice_names_every_source_of_the_card(root: Path) -> None:
    card = json.loads(files("emberwatch.scorers").joinpath(model.CARD).read_text(encoding="utf-8"))
    notice = (root / "NOTICE").read_text(encoding="utf-8").lower()
    sources = {told["source"].partition("_")[0] for told in card["data"]}
    assert [name for name in sorted(sources) if not re.search(rf"\b{name}", notice)] == []
    assert card["word_lists"]["package"].partition("@")[0] in notice
    assert card["teacher"]["package"] in notice


def test_the_card_says_what_a_person_wants_to_know() -> None:
    card = json.loads(files("emberwatch.scorers").joinpath(model.CARD).read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", card["date"])
    assert all(told["rows"] > 0 and told["language"] for told in card["data"])
    by_words = {tag for tag, told in card["languages"].items() if not told["sentiment_rows"]}
    assert by_words == {"lt"}
    wanted = {"anger_roc_area", "negative_roc_area", "sentiment_macro_f1"}
    for tag in card["languages"].keys() - by_words:
        told = card["languages"][tag]
        figures = set(told["figures_by_cross_fitting"])
        assert figures >= (wanted if told["has_anger"] else {"negative_roc_area"}), tag


@pytest.mark.advice("A17")
def test_anger_is_claimed_only_where_it_was_measured() -> None:
    card = json.loads(files("emberwatch.scorers").joinpath(model.CARD).read_text(encoding="utf-8"))
    for told in card["languages"].values():
        if told["has_anger"]:
            assert told["anger_rows"] >= 200
            assert told["figures_by_cross_fitting"]["anger_roc_area"] >= 0.65
    assert {tag for tag in ("en", "bg", "ru", "id") if card["languages"][tag]["has_anger"]} == {
        "en", "bg", "ru", "id",
    }  # fmt: skip


def test_the_words_that_weighed_most_are_named() -> None:
    assert "terrible" in model.shipped().read(["x", "The terrible train to Norvik"]).reasons(1)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("hate!!! , 3000 [", ("hate",)),
        ("the hate of it", ("hate",)),
        ("hate bus", ("hate",)),
        ("i hate i", ("hate",)),
        ("我恨", ("恨",)),
        ("😡😡😡", ("😡",)),
        ("A\u202eB\x1b[31m hate\u2066\u200b", ("hate",)),
        ("x", ()),
        ("", ()),
    ],
)
def test_marks_numbers_and_words_that_hardly_weigh_are_no_reasons(
    text: str, reasons: tuple[str, ...]
) -> None:
    assert model.shipped().read([text]).reasons(0) == reasons


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("worst service ever and nobody answers", "worst"),
        ("Отвратително обслужване, чакам вече два часа", "отвратително"),
        ("Ужасный сервис, курьер опоздал на три часа", "ужасный"),
        ("Pelayanan paling buruk, paket hilang", "buruk"),
        ("Siaubingas aptarnavimas, niekas neatsako", "siaubingas"),
        ("Der schlechteste Kundendienst aller Zeiten", "schlechteste"),
        ("Le service est nul, je suis furieux", "furieux"),
        ("Najgorsza obsługa klienta, paczka zaginęła", "najgorsza"),
        ("Pior atendimento, nunca mais", "nunca"),
        ("#WorstServiceEver Acme", "worst"),
    ],
)
def test_the_heaviest_word_is_one_that_a_reader_would_name(text: str, word: str) -> None:
    assert model.shipped().read([text]).reasons(0)[0] == word
