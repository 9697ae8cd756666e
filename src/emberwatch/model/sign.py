"""What a post bears that asks for a certain answer: abuse, a threat, money, anger to be let out."""

from dataclasses import dataclass
from enum import StrEnum


class SignKind(StrEnum):
    """What kind of answer a post asks for."""

    ABUSE = "abuse"
    """Insults to the people who read it."""
    THREAT = "threat"
    """Court, press, regulator or violence is held out."""
    MONEY = "money"
    """Money is wanted back, or was taken wrongly."""
    VENTING = "venting"
    """High anger, and nothing is asked for."""


class Threat(StrEnum):
    """What is threatened with."""

    LEGAL = "legal"
    PRESS = "press"
    REGULATOR = "regulator"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A sum of money as a post names it; `currency` is its ISO 4217 code."""

    value: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign of a post. `words` are those by which it was recognised, none for venting.

    `threats` says what a threat is made of. `amounts`, and `days` for the lengths of time that
    are named, belong to money.
    """

    kind: SignKind
    words: tuple[str, ...] = ()
    threats: tuple[Threat, ...] = ()
    amounts: tuple[Amount, ...] = ()
    days: tuple[float, ...] = ()
