"""How a guest behaves: what a site says of its limits, and when to come again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH_SECONDS_FROM = 1_000_000_000
"""A reset of at least this is a point in time (2001 and later), a smaller one is seconds left."""
EPOCH_MILLISECONDS_FROM = 1_000_000_000_000
LATEST_EPOCH_SECONDS = 253_402_300_799
"""The last second of the year 9999, beyond which no `datetime` goes."""

FAMILIES = ("x-ratelimit", "x-rate-limit", "ratelimit")
"""Mastodon, Reddit and GitHub; X; Bluesky and the IETF drafts up to 06."""

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")
_PARAMETER = re.compile(r"\b(limit|remaining|reset|r|t|q)\s*=\s*([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a site says of its limits: requests per period, how many are left, until when."""

    limit: int | None
    remaining: int | None
    reset_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we leave a site alone when it fails.

    Our own waiting doubles from the feed's interval up to `longest` (never under the interval
    itself): anger ages in minutes, so a site that is back must be read again soon. A site that
    asks for longer gets longer, up to `longest_asked`. `jitter` is the greatest share by which
    chance lengthens a wait, so that feeds which failed together do not come back together.
    """

    longest: timedelta = timedelta(minutes=15)
    longest_asked: timedelta = timedelta(hours=1)
    jitter: float = 0.1


PATIENCE = Patience()


def next_poll_in(
    every: timedelta,
    failures: int,
    asked: timedelta | None,
    chance: float,
    patience: Patience = PATIENCE,
) -> timedelta:
    """Return how long to wait before a feed is polled again.

    `every` is the feed's interval, `failures` how many polls in a row failed, `asked` what the
    site asked for, `chance` a draw between 0 and 1. Without failures it is `every`, to the
    second: regular polls are spread by the schedule. A third try comes in time to call a feed
    blind after three intervals, a fourth one that never answered; from then on the wait doubles.
    """
    asked = min(asked or timedelta(), patience.longest_asked)
    if not failures:
        return max(every, asked)
    doublings = min(max(failures - 3, 0), 20)
    ours = min(every * (1 << doublings), max(patience.longest, every))
    return max(ours, asked) * (1 + patience.jitter * chance)


def is_unconditional(poll_number: int, every: int) -> bool:
    """Tell whether a poll (counted from 0) must fetch without validators.

    A 304 can hide new comments and an edit made within the same second, so each `every`-th poll
    does not believe it.
    """
    return poll_number % every == 0


def parse_retry_after(value: str | None, now: datetime, longest: timedelta) -> timedelta | None:
    """Return how long a `Retry-After` (seconds or an HTTP date) asks us to wait.

    At most `longest`, never under zero; None where the value makes no sense.
    """
    text = (value or "").strip()
    if _NUMBER.fullmatch(text):
        return timedelta(seconds=min(float(text), longest.total_seconds()))
    until = parse_http_date(text)
    return None if until is None else max(timedelta(), min(until - now, longest))


def parse_http_date(value: str | None) -> datetime | None:
    """Return the instant that a header names in any of HTTP's three ways; None for nonsense."""
    try:
        return _aware(parsedate_to_datetime((value or "").strip()))
    except (ValueError, OverflowError):
        return None


def parse_rate(headers: Mapping[str, str], now: datetime) -> Rate | None:
    """Return what a site's headers say of its limits, or None if they say nothing.

    Understands Mastodon (the reset is an ISO instant), X, GitHub and Bluesky (seconds since
    1970), Reddit (seconds left, a fraction remaining, used instead of a limit) and the IETF
    drafts, old and new. Of several limits the tightest counts. Never raises.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    for family in FAMILIES:
        limit = _whole(lower.get(f"{family}-limit"))
        remaining = _whole(lower.get(f"{family}-remaining"))
        if remaining is None and limit is None:
            continue
        used = _whole(lower.get(f"{family}-used"))
        if limit is None and remaining is not None and used is not None:
            limit = used + remaining
        reset_at = _reset_at(lower.get(f"{family}-reset"), now)
        return Rate(limit=limit, remaining=remaining, reset_at=reset_at)
    return _structured(lower.get("ratelimit", ""), lower.get("ratelimit-policy", ""), now)


def rest_after(rate: Rate | None, now: datetime, longest: timedelta) -> timedelta | None:
    """Return how long to leave a site alone because nothing remains, or None to go on."""
    if rate is None or rate.remaining != 0 or rate.reset_at is None or rate.reset_at <= now:
        return None
    return min(rate.reset_at - now, longest)


def _structured(text: str, policy: str, now: datetime) -> Rate | None:
    """Read one `RateLimit` field: draft 07's `remaining=5, reset=9`, or `"a";r=5;t=9` since."""
    items = [text] if "remaining" in text else text.split(",")
    found = [dict(_PARAMETER.findall(item)) for item in items]
    told = [item for item in found if "r" in item or "remaining" in item]
    if not told:
        return None
    tightest = min(told, key=_left)
    limit = tightest.get("limit")
    if limit is None and (quotas := re.findall(r"\bq\s*=\s*([0-9]+)", policy)):
        limit = min(quotas, key=_whole_or_zero)
    return Rate(
        limit=_whole(limit),
        remaining=_left(tightest),
        reset_at=_reset_at(tightest.get("t", tightest.get("reset")), now),
    )


def _left(item: Mapping[str, str]) -> int:
    return _whole_or_zero(item.get("r", item.get("remaining")))


def _whole_or_zero(text: str | None) -> int:
    return _whole(text) or 0


def _whole(text: str | None) -> int | None:
    """Read the first number of a field; a fraction counts as not there yet."""
    number = _number(text)
    return None if number is None else int(number)


def _number(text: str | None) -> float | None:
    found = _NUMBER.match((text or "").strip())
    # Longer ones say nothing that we could use, and a float of 400 digits is infinite.
    if found is None or len(found[0]) > 20:
        return None
    return float(found[0])


def _reset_at(text: str | None, now: datetime) -> datetime | None:
    """Read a reset: seconds left, seconds or milliseconds since 1970, or an ISO instant."""
    stripped = (text or "").strip()
    if not _NUMBER.fullmatch(stripped):
        try:
            return _aware(datetime.fromisoformat(stripped))
        except (ValueError, OverflowError):
            return None
    number = _number(stripped)
    if number is None:
        return None
    if number < EPOCH_SECONDS_FROM:
        return now + timedelta(seconds=number)
    if number >= EPOCH_MILLISECONDS_FROM:
        number /= 1000
    if number > LATEST_EPOCH_SECONDS:
        return None
    return datetime.fromtimestamp(number, UTC)


def _aware(instant: datetime) -> datetime:
    """Return an instant in UTC; one without a zone is taken to be in UTC."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)
