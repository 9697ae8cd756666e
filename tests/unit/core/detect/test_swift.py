"""Values made swiftly are the values that their class makes."""

from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from emberwatch.core.detect.swift import changer, maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    place: str
    size: int = 1
    known: tuple[str, ...] = field(default_factory=tuple)

    @property
    def is_large(self) -> bool:
        return self.size > 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("a size is not below 0")


gather = maker(Crowd)
change = changer(Crowd)
resize = changer(Crowd, "size", "known")


def test_what_is_made_is_what_the_class_makes() -> None:
    made, usual = gather(place="square", size=120), Crowd(place="square", size=120)
    assert made == usual
    assert type(made) is Crowd
    assert made.is_large
    assert hash(made) == hash(usual)
    assert repr(made) == repr(usual)


def test_what_is_made_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        gather(place="square").size = 3  # type: ignore[misc]


def test_a_field_without_a_default_must_be_given() -> None:
    with pytest.raises(TypeError, match="place"):
        gather(size=1)  # type: ignore[call-arg]


def test_a_change_leaves_the_other_fields_and_the_value_itself_alone() -> None:
    before = Crowd(place="square", known=("a",))
    assert change(before, size=3) == replace(before, size=3)
    assert change(before, known=()).known == ()
    assert before == Crowd(place="square", known=("a",))


def test_a_change_of_what_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        change(Crowd(place="square"), colour="red")


@pytest.mark.parametrize("of", [maker, changer])
def test_a_class_that_checks_its_values_is_refused(of) -> None:
    with pytest.raises(TypeError, match="Checked"):
        of(Checked)


def test_what_always_changes_the_same_fields_leaves_the_others_alone() -> None:
    before = Crowd(place="square", size=120, known=("a",))
    assert resize(before, size=3, known=()) == replace(before, size=3, known=())


def test_what_always_changes_a_field_must_be_given_it() -> None:
    with pytest.raises(TypeError, match="known"):
        resize(Crowd(place="square"), size=3)


def test_a_name_that_is_no_field_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="Crowd has no field colour"):
        changer(Crowd, "size", "colour")
