"""An alert of anger or of posts: it opens, burns, cools, burns again and ends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import exp, sqrt

from emberwatch.core.detect.chance import LEAST_CHANCE
from emberwatch.core.detect.lookout import ROUNDING, Look, Lookout
from emberwatch.core.detect.past import Past
from emberwatch.core.detect.quarter import QUARTER, window_start
from emberwatch.core.detect.spike_state import (
    MINUTE,
    MINUTES_KEPT,
    Ringing,
    SpikeState,
    instant_of,
    minute_of,
)
from emberwatch.core.detect.swift import changer
from emberwatch.core.detect.voices import leading_thread, since_minute
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.brand import Brand

_RENEWING = 120
"""The longest window in minutes that keeps a fire alight: longer ones remember what is over."""
_FRESH = 60
"""The longest window in minutes that tells a new fire from what an old one left behind."""
_BACK_AT = 0.75
"""A fire that cooled burns again from this share of its peak; it cools below half of it."""
_LOW_TIMES = 3.0
"""The peak of a fire that cooled falls to so many times its least hour."""
_LULL = 2 / 3
"""A half hour that brought at most this share of the greatest one is a lull."""
_LULL_WITHIN = 12
"""How many quarters back a lull is looked for; a fire that is calm for longer is cooling or out."""
_FEWEST = 4
"""Quarters of a fire that must have closed: its greatest half hour, a calmer one, and one more."""
_CLEARLY = 2.0
"""So many standard deviations above the lull are no wavering.

At 1.75 a fire that cools and doubles for half an hour grows again.
"""
_MOST_EVIDENCE = 50
_FADING = (Fire.COOLING, Fire.OUT)
_rung = changer(Ringing)


def ring(
    lookout: Lookout,
    brand: Brand,
    state: SpikeState,
    kind: AlertKind,
    ringing: Ringing | None,
    look: Look | None,
    at: datetime,
    alerts: list[Alert],
) -> Ringing | None:
    """Open, renew, tell again or end an alert."""
    if ringing is None and look is None:
        return None
    bar = lookout.bar(brand, state, kind)
    hot = look if look is not None and look.law <= bar else None
    before, opened = ringing, state.past.opened
    if before is None:
        if hot is None:
            return None
        begun = _seen(state, hot, _new(state, hot, at))
        begun = _rung(begun, peak=_hour(state.past, kind)[0])
        alerts.append(_alert(brand, kind, begun, at, None))
        return begun
    after = before
    if hot is not None:
        news = _fresh(lookout, brand, state, before.since) if before.is_again else hot
        is_of_now = news is not None and news.finding.window <= _RENEWING
        if is_of_now:
            after = _rung(after, hot_at=state.minute)
        grown = before.told * lookout.settings.told_again_at - ROUNDING
        if news and news.observed >= grown and (is_of_now or before.fire not in _FADING):
            after = _seen(state, news, after)
    if before.looked < opened or before.fire in _FADING:
        after = _stirred(lookout, brand, state, kind, after)
    if hot is not None and kind is AlertKind.SPIKE and after.fire is not Fire.GROWING:
        after = _rekindled(lookout, brand, state, after)
    quiet = (state.minute - after.hot_at) * MINUTE
    if hot is None and quiet > min(lookout.settings.stays_open, brand.quiet_after):
        alerts.append(_alert(brand, kind, _rung(after, fire=Fire.OUT), at, at))
        return None
    if after.fire is not before.fire or after.told > before.told:
        alerts.append(_alert(brand, kind, after, at, None))
    return after


def _stirred(
    lookout: Lookout, brand: Brand, state: SpikeState, kind: AlertKind, ringing: Ringing
) -> Ringing:
    """Look at the fire anew.

    One that cooled or went out takes fire again only when the last hour, for itself, is out of
    the ordinary: some grumbles after the storm are none.
    """
    hour, half, half_before, usual = _hour(state.past, kind)
    was, peak = ringing.fire, ringing.peak
    fire = _fire(hour, half, half_before, usual, peak)
    after = _rung(ringing, looked=state.past.opened)
    if was not in _FADING:
        return _rung(after, fire=fire, peak=max(peak, hour))
    low = _rung(after, peak=min(peak, _LOW_TIMES * hour))
    if fire is Fire.OUT:
        return _rung(low, fire=fire)
    if hour < _BACK_AT * peak:
        return low
    if kind is AlertKind.SPIKE:
        fresh = _fresh(lookout, brand, state, ringing.since)
        if fresh is None:
            return low
        again = _seen(state, fresh, after)
        after = _rung(again, hot_at=state.minute, is_again=True, since=state.past.opened - 1)
    return _rung(after, fire=fire, peak=max(peak, hour))


def _rekindled(lookout: Lookout, brand: Brand, state: SpikeState, ringing: Ringing) -> Ringing:
    """Let a fire grow again that now brings clearly more than when it was calmest.

    What came since that lull must be out of the ordinary for itself, too. So a second storm is
    told while the last hour still holds the first, or the first dies down beneath it.
    """
    since = _lull(state, ringing)
    if since is None:
        return ringing
    fresh = _fresh(lookout, brand, state, since)
    if fresh is None:
        return ringing
    again = _seen(state, fresh, ringing)
    hour, *_ = _hour(state.past, AlertKind.SPIKE)
    return _rung(
        again, fire=Fire.GROWING, peak=hour, hot_at=state.minute, is_again=True, since=since
    )


def _lull(state: SpikeState, ringing: Ringing) -> int | None:
    """Return the quarter in which a lull began that is clearly over, None if there was none.

    What the open quarter brought, or it and the one before, is held against the lull before that.
    A feed that nobody could read is no lull.
    """
    past = state.past
    rang, read = minute_of(ringing.started_at) // QUARTER, past.unwatched_to // QUARTER + 1
    known = min(past.opened - max(ringing.since, rang, read), _LULL_WITHIN)
    if known < _FEWEST:
        return None
    heats = [quarter.heat for quarter in past.closed[-known:]]
    now, minutes = past.now.heat, state.minute - past.opened * QUARTER + 1
    for came, within, before in (
        (now, minutes, heats),
        (now + heats[-1], minutes + QUARTER, heats[:-1]),
    ):
        place, lull = _calmest(before)
        usual = lull * within / (2 * QUARTER)
        if came - usual > _CLEARLY * sqrt(came + usual):
            return past.opened - len(heats) + place
    return None


def _calmest(heats: Sequence[float]) -> tuple[int, float]:
    """Return the place and the heat of the calmest half hour since the greatest one.

    Of a fire that never fell by as much as a lull does, that is the greatest one.
    """
    halves = [one + other for one, other in pairwise(heats)]
    greatest = halves.index(max(halves))
    place = min(range(greatest, len(halves)), key=halves.__getitem__)
    place = place if halves[place] <= _LULL * halves[greatest] else greatest
    return place, halves[place]


def _fresh(lookout: Lookout, brand: Brand, state: SpikeState, since: int) -> Look | None:
    """Return the most unlikely window of anger within the last hour, None when none rings.

    None of them begins before the quarter `since`.
    """
    bar = lookout.bar(brand, state)
    windows = lookout.windows(brand.name, state, _FRESH)
    look = lookout.anger(brand.name, state, windows, bar, since * QUARTER)
    return look if look is not None and look.law <= bar else None


def _seen(state: SpikeState, look: Look, ringing: Ringing) -> Ringing:
    """Take what a look saw into an alert."""
    finding = look.finding
    start = window_start(finding.window, state.minute)
    evidence = look.voices[:_MOST_EVIDENCE]
    authors = {voice.author: voice.followers for voice in evidence}
    return _rung(
        ringing,
        window=finding.window,
        observed=look.observed,
        expected=look.expected,
        chance=max(exp(finding.log_chance), LEAST_CHANCE),
        rate=look.rate,
        told=look.observed,
        seen_at=instant_of(state.minute),
        first_post_at=min((voice.created_at for voice in evidence), default=None),
        reach=sum(authors.values()),
        not_judged=_not_judged(state, start, finding.window),
        thread_id=leading_thread(since_minute(state.voices, start)) if evidence else None,
        evidence=tuple(voice.post for voice in evidence),
    )


def _new(state: SpikeState, look: Look, at: datetime) -> Ringing:
    return Ringing(
        started_at=at,
        hot_at=state.minute,
        window=look.finding.window,
        observed=look.observed,
        expected=look.expected,
        chance=1.0,
        rate=look.rate,
        told=look.observed,
        peak=0.0,
        looked=state.past.opened,
    )


def _not_judged(state: SpikeState, start: int, window: int) -> float:
    if window <= MINUTES_KEPT:
        volume: float = sum(m.volume for m in state.minutes if m.minute >= start)
        judged: float = sum(m.judged for m in state.minutes if m.minute >= start)
    else:
        quarters = state.past.quarters[-(state.past.opened - start // QUARTER + 1) :]
        volume = sum(q.volume for q in quarters)
        judged = sum(q.judged for q in quarters)
    return 1.0 - judged / volume if volume else 0.0


def _hour(past: Past, kind: AlertKind) -> tuple[float, float, float, float]:
    """Return the last hour, its later half, the half hour before that, and what is usual."""
    quarters = (*past.closed[-4:], past.now)
    if kind is AlertKind.SPIKE:
        seen = [q.heat for q in quarters]
        usual = [q.expected_heat for q in quarters[:-1]]
    else:
        seen = [q.volume - q.read_back for q in quarters]
        usual = [q.expected_volume for q in quarters[:-1]]
    return sum(seen), sum(seen[-3:]), sum(seen[-5:-3]), sum(usual)


def _fire(hour: float, half: float, before: float, usual: float, peak: float) -> Fire:
    if hour <= 1.5 * usual + 1.0:
        return Fire.OUT
    if hour < 0.5 * peak:
        return Fire.COOLING
    if half > 1.3 * before + 1.0:
        return Fire.GROWING
    return Fire.BURNING


def _alert(
    brand: Brand, kind: AlertKind, ringing: Ringing, at: datetime, ended_at: datetime | None
) -> Alert:
    started = ringing.started_at.astimezone(UTC).isoformat()
    return Alert(
        id=f"{kind}:{brand.name}:{started}",
        kind=kind,
        brand=brand.name,
        subject=brand.name,
        started_at=ringing.started_at,
        at=at,
        ended_at=ended_at,
        first_post_at=ringing.first_post_at,
        observed=ringing.observed,
        expected=ringing.expected,
        chance=ringing.chance,
        window_minutes=ringing.window,
        reach=ringing.reach,
        not_judged=ringing.not_judged,
        thread_id=ringing.thread_id,
        evidence=ringing.evidence,
        fire=ringing.fire,
        reason=_reason(kind, ringing, ended_at),
    )


def _reason(kind: AlertKind, ringing: Ringing, ended_at: datetime | None) -> str:
    if kind is AlertKind.SPIKE:
        seen = f"{ringing.observed:.1f} angry voices"
    else:
        seen = f"{ringing.observed:.0f} posts"
    hour = (ringing.seen_at or ringing.started_at).astimezone(UTC)
    reason = (
        f"{seen} in {ringing.window} minutes where {_usual(ringing.expected)} are usual "
        f"({hour:%a} {hour.hour}h UTC): by chance {how_often(ringing.rate)}"
    )
    if ringing.not_judged > 0.3:
        reason += f"; {ringing.not_judged:.0%} of the mentions could not be judged"
    return f"{reason}; it is over" if ended_at else reason


def _usual(expected: float) -> str:
    return f"{expected:.1f}" if expected >= 0.1 else "almost none"


def how_often(rate: float) -> str:
    """Say a rate a month (log10) the way people do."""
    if rate > 0.0:
        return f"{_counted_as(10.0**rate, 'time')} a month"
    months = 10.0 ** min(-rate, 9.0)
    if months < 24.0:
        return f"once in {_counted_as(months, 'month')}"
    years = months / 12.0
    return (
        f"once in {_counted_as(years, 'year')}"
        if years < 1000.0
        else "less than once in 1000 years"
    )


def _counted_as(amount: float, what: str) -> str:
    whole = round(amount)
    return f"{whole} {what}" if whole == 1 else f"{whole} {what}s"
