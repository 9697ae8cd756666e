"""What the posts of a trouble bear that asks for a certain answer, in words."""

from collections.abc import Iterable, Sequence

from emberwatch.model.incident import Exhibit
from emberwatch.model.sign import Amount, Sign, SignKind, Threat


def signs_of(exhibits: Iterable[Exhibit], kind: SignKind) -> list[Sign]:
    """Return the signs of one kind, in the order of the posts that bear them."""
    return [sign for post in exhibits for sign in post.signs if sign.kind is kind]


def name_of(kind: SignKind, signs: Sequence[Sign]) -> str:
    """Return what signs of one kind are called: threat of legal/press."""
    threats = "/".join(threat for threat in Threat if any(threat in s.threats for s in signs))
    return f"{kind} of {threats}" if threats else f"{kind}"


def in_short(kind: SignKind, signs: Sequence[Sign]) -> str:
    """Return signs of one kind with the longest time that they name: money (up to 45 days)."""
    times = longest(signs)
    return name_of(kind, signs) + (f" ({times[0]})" if times else "")


def in_words(sign: Sign) -> str:
    """Return one sign of one post in words: threat of legal ("see you in court")."""
    facts = [
        *(f'"{word}"' for word in sign.words),
        *(f"{amount.value:,.10g} {amount.currency}" for amount in sign.amounts),
        *(f"{days:.3g} days" for days in sign.days),
    ]
    name = name_of(sign.kind, [sign])
    return f"{name} ({', '.join(facts)})" if facts else name


def largest(signs: Iterable[Sign]) -> list[Amount]:
    """Return the largest sum in the first currency that is named; none where none is."""
    amounts = [amount for sign in signs for amount in sign.amounts]
    mine = [amount for amount in amounts if amount.currency == amounts[0].currency]
    return [max(mine, key=lambda amount: amount.value)] if mine else []


def longest(signs: Iterable[Sign]) -> list[str]:
    """Return the longest time that is named, in words; none where none is."""
    days = max((days for sign in signs for days in sign.days), default=None)
    return [] if days is None else [f"up to {days:.3g} days"]
