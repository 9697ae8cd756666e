"""Leave a host alone that keeps failing: a circuit breaker as a pure fold."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When to leave a host alone, and for how long.

    After `failures` in a row the circuit opens for `rest`. Then one request is let through; if
    it fails too, the rest doubles, up to `longest_rest`; if it succeeds, all is well again.
    """

    failures: int = 5
    rest: timedelta = timedelta(seconds=30)
    longest_rest: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What we remember of a host: failures in a row, and the rest that it was given, if any."""

    failures: int = 0
    rested_at: datetime | None = None
    rest: timedelta = timedelta()


CLOSED = Circuit()


def ask(breaker: Breaker, circuit: Circuit, now: datetime) -> tuple[Circuit, timedelta | None]:
    """Return the circuit and None if a request may go out at `now`, else how long to wait.

    The request that is let through after a rest renews that rest, so that it stays the only one
    until its end is known, and so that one which is never heard of again does no harm.
    """
    if circuit.rested_at is None:
        return circuit, None
    waited = now - circuit.rested_at
    # A clock that was set back must not lengthen a rest.
    if timedelta() <= waited < circuit.rest:
        return circuit, circuit.rest - waited
    return replace(circuit, rested_at=now, rest=breaker.rest), None


def failed(breaker: Breaker, circuit: Circuit, now: datetime) -> Circuit:
    """Return the circuit after a request failed at `now`."""
    failures = circuit.failures + 1
    if failures < breaker.failures:
        return Circuit(failures=failures)
    doublings = min(failures - breaker.failures, 20)
    rest = min(breaker.rest * (1 << doublings), breaker.longest_rest)
    return Circuit(failures=failures, rested_at=now, rest=rest)
