"""The small identifier behind its door."""

import sys

import pytest

from emberwatch.core.read.language import SURE
from emberwatch.scorers.identifier import LANGUAGES, Identifier


@pytest.fixture(scope="module")
def identifier() -> Identifier:
    return Identifier()


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("They lost my luggage and nobody answers the phone", "en"),
        ("Wo ist mein Paket, ich warte schon seit drei Wochen", "de"),
        ("Paket saya belum sampai, pelayanan sangat buruk", "id"),
        ("Siunta neatvyko, aptarnavimas siaubingas", "lt"),
        ("Пратката ми още не е пристигнала, ужасно обслужване", "bg"),
        ("Моя посылка не пришла, ужасное обслуживание", "ru"),
    ],
)
def test_an_ordinary_complaint_is_told(identifier: Identifier, text: str, tag: str) -> None:
    found, probability = identifier.guess(text)
    assert found == tag
    assert SURE < probability <= 1


@pytest.mark.parametrize(
    ("text", "siblings"),
    [("Nemate pojma koliko sam ljuta na vas", {"hr", "bs", "sr"}), ("Sangat teruk", {"id", "ms"})],
)
def test_siblings_share_their_chance(identifier: Identifier, text: str, siblings: set[str]) -> None:
    found, probability = identifier.guess(text)
    assert found in siblings
    assert identifier._library is not None
    alone = dict(identifier._library.rank(text))
    assert probability == pytest.approx(min(1.0, sum(alone[tag] for tag in siblings)))
    assert probability > max(alone.values())


@pytest.mark.parametrize(
    ("text", "expected", "tag"),
    [
        ("servicio fatal", (), "it"),
        ("servicio fatal", ("es", "en"), "es"),
        ("лоша доставка", (), "sr"),
        ("лоша доставка", ("bg",), "bg"),
        ("Wo ist mein Paket, ich warte schon seit drei Wochen", ("en",), "de"),
    ],
)
def test_what_is_expected_wins_where_letters_leave_doubt(
    identifier: Identifier, text: str, expected: tuple[str, ...], tag: str
) -> None:
    found, probability = identifier.guess(text, expected)
    assert found == tag
    assert 0 < probability <= 1


@pytest.mark.parametrize("text", ["", "a", "\x00", "😡", "x" * 1_000, "ж" * 1_000])
def test_strange_text_gets_some_answer(identifier: Identifier, text: str) -> None:
    found, probability = identifier.guess(text)
    assert found in LANGUAGES.split()
    assert 0 <= probability <= 1


def test_the_model_is_loaded_only_when_it_is_asked() -> None:
    lazy = Identifier()
    assert lazy._library is None
    lazy.guess("hello there")
    assert lazy._library is not None
    assert "py3langid" in sys.modules
