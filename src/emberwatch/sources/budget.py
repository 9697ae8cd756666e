"""What a feed may use up in a day and in a month, and what it has used; kept in its cursor."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from emberwatch.model.errors import FeedUnavailable
from emberwatch.ports import Cursor, Meter
from emberwatch.sources.fields import as_count, as_instant

LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much may be used in a period. `scale` parts of a unit are counted as whole numbers.

    `day_starts` is how long after midnight UTC the day begins of whoever counts. `per_month` is
    None where only days are limited.
    """

    unit: str
    per_day: float
    per_month: float | None = None
    scale: int = 1
    day_starts: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was used of a budget, in parts of its unit, on one day and in its month.

    `out` is what the request may cost that is being asked. `held` is what one may have cost of
    which no answer came: it counts as used, because whoever bills us may have counted it.
    """

    budget: Budget
    day: str
    on_day: int = 0
    in_month: int = 0
    held: int = 0
    out: int = 0

    @staticmethod
    def of(budget: Budget, cursor: Cursor, now: datetime) -> "Spending":
        """Return what a cursor remembers, as it counts at an instant."""
        day = _day(budget, now)
        told = as_instant(cursor.get("spent_day"))
        then = told.date().isoformat() if told else ""
        on_day, in_month, held = (
            as_count(cursor.get(name)) or 0 for name in ("spent_on_day", "spent_in_month", "held")
        )
        # A day that is yet to come was told by a clock since set back: it is today.
        is_today = then >= day
        is_this_month = then[:7] >= day[:7]
        return Spending(
            budget=budget,
            day=day,
            on_day=on_day if is_today else 0,
            in_month=in_month if is_this_month else 0,
            held=held if is_today else 0,
        )

    def cursor(self) -> dict[str, str]:
        """Return what a cursor is to remember: of what is out nobody knows how it will end."""
        return {
            "spent_day": self.day,
            "spent_on_day": str(self.on_day),
            "spent_in_month": str(self.in_month),
            **({"held": str(self._waiting)} if self._waiting else {}),
        }

    def spend(self, amount: float) -> "Spending":
        """Return the spending once an answer came that cost so much; what was held is used."""
        parts = self.held + self._parts_of(amount)
        return replace(
            self, on_day=self.on_day + parts, in_month=self.in_month + parts, held=0, out=0
        )

    def hold(self, amount: float) -> "Spending":
        """Return the spending while a request is out that costs so much at most.

        Tries of the same request do not add up: what is asked for again on the same day is
        billed once.
        """
        return replace(self, out=self._parts_of(amount))

    def let_go(self) -> "Spending":
        """Return the spending once it is known that the request that is out cost nothing."""
        return replace(self, out=0)

    def used_up(self) -> "Spending":
        """Return the spending when the site itself says that nothing is left of the day."""
        return replace(self, on_day=max(self.on_day, self._parts(self.budget.per_day)))

    def left(self) -> float:
        """Return how much may still be used now, in units."""
        left = self._parts(self.budget.per_day) - self.on_day
        if self.budget.per_month is not None:
            left = min(left, self._parts(self.budget.per_month) - self.in_month)
        return max(left - self._waiting, 0) / self.budget.scale

    def meters(self, name: str, least: float, now: datetime) -> tuple[Meter, ...]:
        """Return the meters of the day and the month; `least` is the cheapest thing to do."""
        day = datetime.fromisoformat(self.day).replace(tzinfo=UTC) + self.budget.day_starts
        month = day.replace(day=1) + timedelta(days=32)
        periods = [("a day", self.on_day, self.budget.per_day, day + timedelta(days=1))]
        if self.budget.per_month is not None:
            resets_at = month.replace(day=1)
            periods.append(("a month", self.in_month, self.budget.per_month, resets_at))
        return tuple(
            Meter(
                name=f"{name} {period}",
                used=(parts + self._waiting) / self.budget.scale,
                limit=limit,
                unit=self.budget.unit,
                resets_at=max(resets_at, now),
                is_used_up=self._parts(limit) - parts - self._waiting < self._parts(least),
            )
            for period, parts, limit, resets_at in periods
        )

    @property
    def _waiting(self) -> int:
        return max(self.held, self.out)

    def _parts_of(self, cost: float) -> int:
        """Return a cost in parts; what is not whole counts as one more."""
        return math.ceil(cost * self.budget.scale - 1e-9)

    def _parts(self, limit: float) -> int:
        """Return a limit in parts, without what is not whole."""
        return math.floor(limit * self.budget.scale + 1e-9)


def stopped(meters: tuple[Meter, ...], setting: str, now: datetime) -> FeedUnavailable:
    """Return the error of a feed that reads no more because a budget is used up."""
    meter = max([meter for meter in meters if meter.is_used_up] or meters, key=_resets_at)
    return FeedUnavailable(
        f"{told(meter)}: nothing is read before {meter.resets_at:%Y-%m-%d %H:%M} UTC; raise "
        f"{setting} if that is too little",
        retry_after=min(meter.resets_at - now, LONGEST_WAIT),
    )


def told(meter: Meter) -> str:
    """Say how a meter stands."""
    return f"{meter.name}: {meter.used:,.10g} of {meter.limit:,.10g} {meter.unit} used"


def _resets_at(meter: Meter) -> datetime:
    return meter.resets_at


def _day(budget: Budget, now: datetime) -> str:
    return (now - budget.day_starts).date().isoformat()
