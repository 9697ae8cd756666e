"""How much of what is owed to one channel leaves now, in which order, and what is grouped."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from emberwatch.model.notification import Owed

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What may be asked of one notifier.

    `per_minute` is how many messages may leave for it in any minute, tries that fail included
    (None: any number). `takes_digests` says that people read it: what goes beyond its limit is
    told in one message. `fallback` names the notifier that stands in for it ("": none).
    """

    per_minute: int | None = None
    takes_digests: bool = False
    fallback: str = ""


UNLIMITED = Channel()
"""A channel of which nothing was said: it takes everything, and nothing stands in for it."""


def terms(channel: Channel) -> str:
    """Return in one line what holds for a channel."""
    if channel.per_minute is None:
        said = "no limit"
    elif channel.takes_digests:
        said = f"at most {channel.per_minute} messages a minute, what goes beyond is one digest"
    else:
        said = f"at most {channel.per_minute} messages a minute"
    return said + (f"; {channel.fallback} stands in for it" if channel.fallback else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of the messages that are due for one channel.

    `send` leave by themselves, first things first. `grouped` are told in one digest, of the same
    order. `overtaken` says by which message each of the others is told in its stead.
    """

    send: tuple[Owed, ...] = ()
    grouped: tuple[Owed, ...] = ()
    overtaken: Mapping[str, Owed] = field(default_factory=dict)


def room(per_minute: int | None, tried_at: Iterable[datetime], now: datetime) -> int | None:
    """Return how many more messages may leave now; None: any number.

    `tried_at` are the instants of the tries so far. Those that a clock, set back since, has yet to
    reach do not count: they would close the channel until it gets there.
    """
    if per_minute is None:
        return None
    return max(0, per_minute - sum(now - MINUTE < at <= now for at in tried_at))


def plan(owed: Sequence[Owed], *, left: int | None, channel: Channel, shows_latest: bool) -> Plan:
    """Return what becomes of all that is due for a channel with room for `left` more messages.

    The last place of a full minute is the digest's: of 500 incidents and 20 places, 19 leave by
    themselves and one message tells of the other 481. A digest is never told in another one, and
    none tells of one incident alone: that is told in its own words, its changes as places come.
    """
    overtaken = _overtaken(owed) if shows_latest else {}
    due = in_order([each for each in owed if each.id not in overtaken])
    if left is None or len(due) <= left:
        return Plan(send=tuple(due), overtaken=overtaken)
    if not channel.takes_digests:
        return Plan(send=tuple(due[:left]), overtaken=overtaken)
    digests = [each for each in due if each.is_digest]
    others = [each for each in due if not each.is_digest]
    places = left - len(digests)
    if places < 1:
        return Plan(send=tuple(digests[:left]), overtaken=overtaken)
    grouped = others[places - 1 :]
    if len({_thread(each) for each in grouped}) == 1:
        grouped = []
    alone = {each.id for each in (*digests, *others[: places - 1 if grouped else places])}
    return Plan(
        send=tuple(each for each in due if each.id in alone),
        grouped=tuple(grouped),
        overtaken=overtaken,
    )


def in_order(owed: Sequence[Owed]) -> list[Owed]:
    """Return messages as they should leave: the gravest first, news before changes, then by age.

    The messages of one incident keep the order of their `sequence` among themselves.
    """
    ranked = sorted(owed, key=_rank)
    by_incident: dict[str, deque[Owed]] = {}
    for each in sorted(owed, key=lambda each: each.sequence):
        by_incident.setdefault(_thread(each), deque()).append(each)
    return [by_incident[_thread(each)].popleft() for each in ranked]


def _rank(each: Owed) -> tuple[int, bool, datetime, int]:
    return -each.severity.rank, not each.is_opener, each.created_at, each.sequence


def _thread(each: Owed) -> str:
    return each.incident_id or each.id


def _overtaken(owed: Sequence[Owed]) -> dict[str, Owed]:
    """Return the changes that a later state of their incident, due as well, makes needless.

    What calls people anew is never among them: they would not be called.
    """
    newest: dict[str, Owed] = {}
    for each in sorted(owed, key=lambda each: each.sequence):
        newest[_thread(each)] = each
    return {
        each.id: newest[_thread(each)]
        for each in owed
        if not each.is_opener and newest[_thread(each)].sequence > each.sequence
    }
