"""What a window that ends now should have brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from emberwatch.core.detect.past import Past
from emberwatch.core.detect.quarter import BY_MINUTE, QUARTER, WINDOWS, Quarter, window_start


class Sums:
    """What the closed quarters brought and should have brought, by how far back one looks.

    Each list holds at `n` the sum over the last `n` closed quarters, as far as a window of
    `longest` minutes reaches. What only anger needs is worked out when first asked for: most looks
    are at posts alone.
    """

    __slots__ = (
        "_back",
        "_lasting",
        "_parts",
        "anger",
        "closed",
        "expected_volume",
        "live",
        "longest",
    )

    def __init__(self, closed: tuple[Quarter, ...], longest: int = WINDOWS[-1]) -> None:
        self.closed = closed
        self.longest = longest
        self._back = back = closed[: -(longest // QUARTER) - 1 : -1]
        watched = [q.watched for q in back]
        self._parts = (
            [] if watched.count(QUARTER) == len(watched) else [w / QUARTER for w in watched]
        )
        self.live = _running([q.volume - q.read_back for q in back])
        self.expected_volume = self._expected([q.expected_volume for q in back])
        self.anger: AngerSums | None = None
        self._lasting: dict[int, float] = {}

    def of_anger(self) -> "AngerSums":
        """Return the sums that only a look at anger needs."""
        if self.anger is None:
            back = self._back
            self.anger = AngerSums(
                judged=_running([q.judged for q in back]),
                calm=_running([q.calm for q in back]),
                nameless=_running([q.nameless for q in back]),
                expected_calm=self._expected([q.expected_calm for q in back]),
                expected_heat=self._expected([q.expected_heat for q in back]),
            )
        return self.anger

    def lasting(self, window: int) -> float:
        """Return how much more than usual half of the quarters brought at least.

        As many quarters as a window of so many minutes has; those that nobody watched do not
        count.
        """
        found = self._lasting.get(window)
        if found is None:
            ratios = sorted(
                [
                    (q.volume - q.read_back) * QUARTER / (q.expected_volume * q.watched)
                    for q in self.closed[-(window // QUARTER) :]
                    if q.watched and q.expected_volume > 0.0
                ]
            )
            found = ratios[(len(ratios) - 1) // 2] if ratios else 0.0
            self._lasting[window] = found
        return found

    def _expected(self, whole: Sequence[float]) -> list[float]:
        """Leave out what nobody watched; as a rule everything was."""
        return _running(list(map(mul, whole, self._parts)) if self._parts else whole)


@dataclass(slots=True, kw_only=True)
class AngerSums:
    """See `Sums`."""

    judged: list[float]
    calm: list[float]
    nameless: list[float]
    expected_calm: list[float]
    expected_heat: list[float]


def _running(values: Sequence[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))


def expected(past: Past, sums: Sums, minute: int, window: int) -> tuple[float, float, float]:
    """Return the posts, the calm and the heat that a window which ends now should have brought.

    `minute` is the present one and counts as whole. `sums` are those of `past.closed`.
    """
    part, whole, depth, edge = _reach(past, minute, window)
    now, anger = past.now, sums.of_anger()
    volume = now.expected_volume * part + sums.expected_volume[whole]
    calm = now.expected_calm * part + anger.expected_calm[whole]
    hot = now.expected_heat * part + anger.expected_heat[whole]
    if edge:
        oldest = past.closed[-depth]
        volume += oldest.expected_volume * edge
        calm += oldest.expected_calm * edge
        hot += oldest.expected_heat * edge
    return volume, calm, hot


def expected_posts(past: Past, sums: Sums, minute: int, window: int) -> float:
    """Return only the posts; see `expected`."""
    part, whole, depth, edge = _reach(past, minute, window)
    volume = past.now.expected_volume * part + sums.expected_volume[whole]
    return volume + past.closed[-depth].expected_volume * edge if edge else volume


def _reach(past: Past, minute: int, window: int) -> tuple[float, int, int, float]:
    """Return which quarters a window that ends now covers: its part of the open one, how many whole
    ones before that, how far back the oldest is, and its part of the oldest.
    """
    watched, closed = past.now.watched, past.closed
    elapsed = minute - past.opened * QUARTER + 1
    if window > BY_MINUTE:
        depth = window // QUARTER - 1
        return min(watched, elapsed) / QUARTER, min(depth, len(closed)), depth, 0.0
    start = window_start(window, minute)
    depth = past.opened - start // QUARTER
    part = min(watched, elapsed) if depth else min(window, elapsed) * watched / QUARTER
    known, into = len(closed), start % QUARTER
    whole = min(depth - 1 if into else depth, known) if depth else 0
    edge = 0.0
    if whole < depth <= known:
        edge = (QUARTER - into) / QUARTER * (closed[-depth].watched / QUARTER)
    return part / QUARTER, whole, depth, edge
