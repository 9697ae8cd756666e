"""A value that never shows itself."""

from collections.abc import Iterable

HIDDEN = "***"


class Secret:
    """A password, token or signing key, read from the environment or a file.

    A plug-in's `Options` declare a field `x: Secret`; the configuration fills it from the keys
    `x_env` (a variable's name) or `x_file` (a path), never from a value written in the file.
    """

    # No dataclass: `dataclasses.asdict` of the options around it would lay it open.
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def reveal(self) -> str:
        """Return the value, for the one place that sends or signs with it."""
        return self._value


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, which somebody may have repeated in it.

    Before the text is cut: half a secret is not found any more.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
