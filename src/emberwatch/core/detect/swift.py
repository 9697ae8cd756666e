"""Frozen values that are made at each mention, at a fifth of the price.

A frozen dataclass sets every field through `object.__setattr__`, and a class that is called with
keywords packs them into a dict first: that would be most of what a fold costs. So, as `dataclasses`
itself does, we write one function per class. It fills an unfrozen twin, which then becomes the
class. Nobody ever holds the twin.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class Changer(Protocol[T]):
    """Returns a value like another but for some fields, as `dataclasses.replace` does."""

    def __call__(self, value: T, /, **changes: object) -> T:
        """Raise `TypeError` for a name that is no field."""
        ...


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """Return a function that makes what a frozen, slotted dataclass makes of the same keywords.

    A default is made once and shared. Raises `TypeError` for a class that checks its values.
    """
    told = ", ".join(
        field.name if _default(field) is MISSING else f"{field.name}=_{field.name}"
        for field in sorted(_fields(cls), key=_has_default)
    )
    filled = "".join(f"    made.{field.name} = {field.name}\n" for field in _fields(cls))
    defaults = {f"_{field.name}": _default(field) for field in _fields(cls)}
    return cast("Callable[P, T]", _written(cls, told, filled, defaults))


def changer(cls: type[T], *names: str) -> Changer[T]:
    """Return a function that changes some fields of a frozen, slotted dataclass, into a new value.

    With `names` it always changes just these, at half the price. Raises `TypeError` for a class
    that checks its values, and `ValueError` for a name that is no field.
    """
    known = [field.name for field in _fields(cls)]
    if unknown := set(names).difference(known):
        raise ValueError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    told = ", ".join(names or (f"{name}=_same" for name in known))
    changed = "{0}" if names else "value.{0} if {0} is _same else {0}"
    filled = "".join(
        f"    made.{name} = {(changed if name in (names or known) else 'value.{0}').format(name)}\n"
        for name in known
    )
    return cast("Changer[T]", _written(cls, f"value, /, {told}", filled, {"_same": object()}))


def _fields(cls: Any) -> tuple[Field[Any], ...]:
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} checks its values: it cannot be made without that")
    return fields(cls)


def _has_default(field: Field[Any]) -> bool:
    return _default(field) is not MISSING


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _written(cls: Any, told: str, filled: str, known: dict[str, object]) -> object:
    twin = type(cls.__name__, (), {"__slots__": cls.__slots__})
    scope = {"_twin": twin, "_cls": cls, **known}
    text = (
        f"def make({told}):\n    made = _twin()\n{filled}    made.__class__ = _cls\n    return made"
    )
    exec(text, scope)  # noqa: S102 - of the names of our own fields, as in `dataclasses`
    return scope["make"]
