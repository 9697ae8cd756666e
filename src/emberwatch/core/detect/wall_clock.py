"""Is the machine's clock right? What the `Date` of the answers that come anyway says of it.

A clock that leapt by hours and stays there makes every post look old, and what looks old cannot
ring. The time of one host proves nothing: it may be wrong itself. Hosts that agree with each other
and not with us do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address

from emberwatch.core.read.politeness import parse_http_date

WRONG_BEYOND = timedelta(minutes=5)
"""A clock this far from the hosts' is wrong: far more than what servers differ by."""

RIGHT_WITHIN = timedelta(minutes=2)
"""A wrong clock is right again only so near, lest one that hovers at the limit rings all day."""

AGREE_WITHIN = timedelta(minutes=2)
"""Hosts, or answers of one host, that differ by no more say the same."""

LONGEST_ANSWER = timedelta(minutes=1)
"""An answer that took longer says too little: by our clock, so also when that leapt meanwhile."""

ALONE_ANSWERS = 5
ALONE_FOR = timedelta(minutes=5)
"""So many answers over so long are believed of a host that there is no other beside."""

FARTHEST = timedelta(days=36525)
"""A host a hundred years away speaks nonsense, not the time."""

FORGOTTEN_AFTER = timedelta(days=1)
MOST_HOSTS = 100
MOST_NAMED = 3

QUIET_LOOKS = 10
"""After so many looks at which no host had said anything, nobody is there to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Our clock beside that of a host: `ahead` of it by so much (or behind), `at` our time."""

    host: str
    at: datetime
    ahead: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What a host has said `answers` times in a row, from `since` to `at`: we are `ahead` of it."""

    name: str
    ahead: timedelta
    since: datetime
    at: datetime
    answers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """By how much our clock is ahead of the true time; behind it where negative.

    `hosts` said so when ours stood at `at`. As long as it is wrong, small changes of how much do
    not change what was found: people are told once.
    """

    is_wrong: bool
    ahead: timedelta
    hosts: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock:
    """What is known of our clock since it leapt the last time, after so many `looks`.

    `hosts` are in the order in which they last answered.
    """

    hosts: tuple[Host, ...] = ()
    finding: Finding | None = None
    looks: int = 0

    @property
    def trouble(self) -> str | None:
        """What people must know; empty when it is right or nobody can tell, None: not known yet."""
        if self.finding is not None:
            return _words(self.finding) if self.finding.is_wrong else ""
        return None if self.hosts or self.looks < QUIET_LOOKS else ""


def compare(
    host: str, headers: Mapping[str, str], asked_at: datetime, received_at: datetime
) -> Compared | None:
    """Return what an answer says of our clock, or None; header names are in lower case.

    `Date` is when the answer was made (RFC 9110, 6.6.1), to the second. A cache hands on the one
    of its copy and tells with `Age` how old that is (RFC 9111, 5.1); some put a new `Date` beside
    it, so such an answer says nothing.
    """
    date = parse_http_date(headers.get("date"))
    is_copy = headers.get("age", "").strip().strip("0") != ""
    is_quick = timedelta() <= received_at - asked_at <= LONGEST_ANSWER
    if date is None or is_copy or not is_quick or abs(received_at - date) > FARTHEST:
        return None
    return Compared(host=host, at=received_at, ahead=received_at - date)


def heard(clock: WallClock, answers: Iterable[Compared]) -> WallClock:
    """Return what is known after one more look at the answers that came, in their order."""
    hosts = {host.name: host for host in clock.hosts}
    for answer in answers:
        hosts[answer.host] = _said(hosts.pop(answer.host, None), answer)
    kept = tuple(hosts.values())[-MOST_HOSTS:]
    kept = tuple(host for host in kept if kept[-1].at - host.at <= FORGOTTEN_AFTER)
    return WallClock(hosts=kept, finding=_find(kept, clock.finding), looks=clock.looks + 1)


def _said(host: Host | None, answer: Compared) -> Host:
    at, ahead = answer.at, answer.ahead
    if host is None or abs(host.ahead - ahead) > AGREE_WITHIN:
        return Host(name=answer.host, ahead=ahead, since=at, at=at)
    return replace(host, at=at, answers=host.answers + 1)


def _find(hosts: tuple[Host, ...], before: Finding | None) -> Finding | None:
    """Return what more than half of the hosts say; as `before` where that cannot be told."""
    # a server on this machine has this machine's clock
    asked = [host for host in hosts if not _is_here(host.name)] or list(hosts)
    if not asked:
        return before
    middle = sorted(host.ahead for host in asked)[(len(asked) - 1) // 2]
    agreed = [host for host in asked if abs(host.ahead - middle) <= AGREE_WITHIN]
    if 2 * len(agreed) <= len(asked):
        return before
    found = Finding(
        is_wrong=True,
        ahead=middle,
        hosts=tuple(host.name for host in reversed(agreed)),
        at=agreed[-1].at,
    )
    wrong = before if before is not None and before.is_wrong else None
    if abs(middle) <= (RIGHT_WITHIN if wrong else WRONG_BEYOND):
        return replace(found, is_wrong=False)
    is_told = wrong is not None and abs(wrong.ahead - middle) <= AGREE_WITHIN
    is_believed = len(agreed) > 1 or _is_steady(agreed[0])
    return found if is_believed and not is_told else before


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_steady(host: Host) -> bool:
    return host.answers >= ALONE_ANSWERS and host.at - host.since >= ALONE_FOR


# ---------------------------------------------------------------- in words
def _words(finding: Finding) -> str:
    named = finding.hosts[:MOST_NAMED]
    more = len(finding.hosts) - len(named)
    said = ", ".join(named) + (f" and {more} more" if more else "")
    if len(named) == 1:
        said += ", the only host that was asked"
    is_ahead = finding.ahead > timedelta()
    harm = (
        "posts look older than they are, and one that looks over two hours old cannot ring"
        if is_ahead
        else "posts look newer than they are, and what was promised comes due late"
    )
    return (
        f"this machine's clock is {_length(abs(finding.ahead))} "
        f"{'ahead' if is_ahead else 'behind'}: it showed {finding.at:%Y-%m-%d %H:%M} UTC when it "
        f"was {finding.at - finding.ahead:%Y-%m-%d %H:%M} UTC by {said}; {harm}: set the clock "
        "right and let NTP keep it so (timedatectl set-ntp true)"
    )


def _length(length: timedelta) -> str:
    """Say a length of time in its one or two greatest units; a `Date` tells no more exactly."""
    minutes = round(length / timedelta(minutes=1))
    days, hours = minutes // 1440, minutes // 60
    if days >= 2:
        return f"{days} days"
    if hours:
        rest = f" {minutes % 60} min" if minutes % 60 else ""
        return f"{hours} h{rest}"
    return f"{minutes} min"
