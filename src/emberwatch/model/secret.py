"""A value that never shows itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A password, token or signing key, read from the environment or a file.

    A plug-in's `Options` declare a field `x: Secret`; the configuration fills it from the keys
    `x_env` (a variable's name) or `x_file` (a path), never from a value written in the file.
    """

    _value: str

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def reveal(self) -> str:
        """Return the value, for the one place that sends or signs with it."""
        return self._value
