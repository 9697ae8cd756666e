"""Every window of a brand at a moment, ringing or not, and what would have been needed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from math import exp, inf, log10

from emberwatch.core.detect import baseline, chance
from emberwatch.core.detect.chance import LEAST_CHANCE, Finding
from emberwatch.core.detect.lookout import Lookout, Window
from emberwatch.core.detect.looks import Looks, Raise, Raised, Series, WindowLook
from emberwatch.core.detect.past import so_far
from emberwatch.core.detect.quarter import WINDOWS
from emberwatch.core.detect.spike_state import SpikeState, instant_of, minute_of
from emberwatch.core.detect.voices import Verdict, Why, distinct, since_minute, verdicts
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.event import Mentioned
from emberwatch.model.post import PostKind


def inspect(
    lookout: Lookout, brand: Brand, state: SpikeState, asked: Iterable[Mentioned] = ()
) -> Looks:
    """Return every window of every series at the state's minute, ringing or not.

    `asked` are further mentions to give a verdict of: those that the state does not keep,
    because they are faint, boosts, not judged or read back.
    """
    settings = lookout.settings
    state = lookout.counted(state)
    seen = lookout.windows(brand.name, state)
    windows = [
        *(_anger_look(lookout, brand, state, seen, window) for window in seen),
        *(
            _volume_look(lookout, brand, state, window)
            for window in seen
            if window.minutes in settings.surge_windows
        ),
        *(
            _share_look(lookout, brand, state, window)
            for window in seen
            if window.minutes in settings.share_windows
        ),
    ]
    angry = [look for look in windows if look.series is not Series.VOLUME and look.seen > 0.0]
    loudest = min(angry, key=lambda look: look.rate, default=None)
    may, tail = log10(brand.false_alarms_per_month), state.episodes.tail
    raised = [Raised(why=Raise.CORRECTION, times=10.0 ** (may - tail.law(may)))]
    if cold := lookout.cold_decades(state):
        raised.append(Raised(why=Raise.COLD, times=10.0**cold))
    raised.append(Raised(why=Raise.SURGES_ARE_CHEAP, times=1.0 / settings.surge_budget))
    return Looks(
        brand=brand.name,
        at=instant_of(state.minute),
        asked=brand.false_alarms_per_month,
        typical=baseline.unit(settings.baseline, state.past.baseline),
        raised=tuple(raised),
        least_voices=settings.least_voices,
        windows=tuple(windows),
        loudest=loudest,
        verdicts=tuple(_verdicts(lookout, state, loudest, asked)),
    )


def likely(lookout: Lookout, state: SpikeState, look: WindowLook) -> tuple[float, float]:
    """Return between what four such windows of five lie, by the law that judges them."""
    beliefs, learnt = lookout.settings.baseline, state.past.baseline
    index = WINDOWS.index(look.minutes)
    if look.series is Series.VOLUME:
        return chance.likely_volume(beliefs, learnt, index, usual=look.expected)
    hot = sum(voice.heat for voice in distinct(since_minute(state.voices, minute_of(look.since))))
    anger_of_heat = _anger_of_heat(look.seen, hot, baseline.unit(beliefs, learnt))
    usual = look.expected / anger_of_heat
    low, high = chance.likely_anger(beliefs, learnt, index, usual=usual)
    return low * anger_of_heat, high * anger_of_heat


def _anger_look(
    lookout: Lookout, brand: Brand, state: SpikeState, windows: Sequence[Window], window: Window
) -> WindowLook:
    settings, past = lookout.settings, state.past
    learnt = past.baseline
    factor = lookout.factor(learnt, windows, window)
    heard = distinct(since_minute(state.voices, window.start))
    hot = window.nameless + sum(voice.heat for voice in heard)
    clear = window.nameless + sum(voice.heat >= settings.clear for voice in heard)
    expected = window.usual_heat * factor
    is_judged = True
    if learnt.watched_days < settings.cold_days[1]:
        before = so_far(past, window.start)
        is_judged = before.minutes >= window.minutes
        if is_judged:
            expected = max(expected, before.heat * window.minutes / before.minutes)

    def by_count(hot: float) -> Finding:
        return chance.judge_anger(settings.baseline, learnt, window.index, hot=hot, usual=expected)

    finding = by_count(hot)
    law = lookout.rate(finding, len(WINDOWS))
    shift = lookout.by_shift(past, window, hot)
    if shift is not None and lookout.rate(shift, len(WINDOWS)) < law:
        law, finding, expected = lookout.rate(shift, len(WINDOWS)), shift, window.usual_heat
    weight = window.nameless + sum(voice.anger for voice in heard)
    anger_of_heat = _anger_of_heat(weight, hot, baseline.unit(settings.baseline, learnt))
    bar, tail = lookout.bar(brand, state), state.episodes.tail

    def rings(hot: float) -> bool:
        return lookout.rate(by_count(hot), len(WINDOWS)) <= bar

    least = max(settings.least_voices * settings.clear, expected)
    needed = _least(rings, least) * anger_of_heat if is_judged else None
    is_over = state.spike is None and window.start <= state.over
    law = law if is_judged and not is_over else inf
    return WindowLook(
        series=Series.ANGER,
        minutes=window.minutes,
        since=instant_of(window.start),
        seen=weight,
        voices=round(window.nameless) + len(heard),
        usual=window.usual_heat * anger_of_heat,
        factor=factor,
        expected=expected * anger_of_heat,
        chance=max(exp(finding.log_chance), LEAST_CHANCE),
        rate=10.0 ** tail.rate(law),
        bar=10.0 ** tail.rate(bar),
        needed=needed,
        rings=law <= bar and clear >= settings.least_voices and hot > expected,
    )


def _share_look(lookout: Lookout, brand: Brand, state: SpikeState, window: Window) -> WindowLook:
    settings, learnt = lookout.settings, state.past.baseline
    heard = distinct(since_minute(state.voices, window.start))
    hot = window.nameless + sum(voice.heat for voice in heard)
    clear = window.nameless + sum(voice.heat >= settings.clear for voice in heard)
    bar, tail = lookout.bar(brand, state), state.episodes.tail
    finding = lookout.by_share(learnt, window, hot)
    weight = window.nameless + sum(voice.anger for voice in heard)
    anger_of_heat = _anger_of_heat(weight, hot, baseline.unit(settings.baseline, learnt))
    usual = window.usual_heat
    usual_judged = window.usual_volume * baseline.judged_part(learnt)
    factor = window.judged / usual_judged if usual_judged else 1.0
    expected = usual * factor

    def rings(hot: float) -> bool:
        would = lookout.by_share(learnt, window, hot)
        return would is not None and lookout.rate(would, len(WINDOWS)) <= bar

    least = max(settings.least_voices * settings.clear, expected)
    can_ring = window.judged >= least and rings(window.judged)
    is_over = state.spike is None and window.start <= state.over
    law = lookout.rate(finding, len(WINDOWS)) if finding is not None and not is_over else inf
    return WindowLook(
        series=Series.SHARE,
        minutes=window.minutes,
        since=instant_of(window.start),
        seen=weight,
        voices=round(window.nameless) + len(heard),
        usual=usual * anger_of_heat,
        factor=factor,
        expected=expected * anger_of_heat,
        chance=1.0 if finding is None else max(exp(finding.log_chance), LEAST_CHANCE),
        rate=10.0 ** tail.rate(law),
        bar=10.0 ** tail.rate(bar),
        needed=_least(rings, least, window.judged) * anger_of_heat if can_ring else None,
        rings=law <= bar and clear >= settings.least_voices,
    )


def _volume_look(lookout: Lookout, brand: Brand, state: SpikeState, window: Window) -> WindowLook:
    settings, learnt = lookout.settings, state.past.baseline
    expected = window.usual_volume
    is_judged = learnt.watched_days >= settings.surge_after_days

    def finding_of(posts: float) -> Finding:
        return chance.judge_volume(
            settings.baseline, learnt, window.index, volume=posts, usual=expected
        )

    def rate_of(posts: float) -> float:
        return lookout.rate(finding_of(posts), len(settings.surge_windows))

    bar = lookout.bar(brand, state, AlertKind.SURGE)
    rate = rate_of(window.live) if is_judged else inf
    least = max(float(settings.least_posts), 1.3 * expected)
    return WindowLook(
        series=Series.VOLUME,
        minutes=window.minutes,
        since=instant_of(window.start),
        seen=window.live,
        voices=round(window.live),
        usual=expected,
        factor=1.0,
        expected=expected,
        chance=max(exp(finding_of(window.live).log_chance), LEAST_CHANCE),
        rate=10.0**rate,
        bar=10.0**bar,
        needed=_least(lambda seen: rate_of(seen) <= bar, least) if is_judged else None,
        rings=rate <= bar and window.live >= least,
    )


def _verdicts(
    lookout: Lookout, state: SpikeState, loudest: WindowLook | None, asked: Iterable[Mentioned]
) -> list[Verdict]:
    since = loudest.since if loudest else instant_of(state.minute + 1)
    inside = since_minute(state.voices, minute_of(since))
    found = verdicts(inside)
    kept = {voice.post for voice in state.voices}
    found += [
        _left_out(voice.post, voice.created_at, voice.anger, Why.OUTSIDE)
        for voice in state.voices[: len(state.voices) - len(inside)]
    ]
    for event in asked:
        mention = event.mention
        if mention.post.id not in kept:
            why = _why_not(lookout, event, state)
            post = mention.post
            found.append(_left_out(post.id, post.created_at, mention.score.anger, why))
    return found


def _why_not(lookout: Lookout, event: Mentioned, state: SpikeState) -> Why:
    """Return why a mention that the state does not keep is no voice."""
    settings = lookout.settings.baseline
    anger = event.mention.score.anger
    if event.mention.post.kind is PostKind.BOOST:
        return Why.BOOST
    if anger is None:
        return Why.NOT_JUDGED
    if baseline.heat(settings, baseline.unit(settings, state.past.baseline), anger) <= 0.0:
        return Why.FAINT
    return Why.HISTORY if event.is_history else Why.OUTSIDE


def _least(is_enough: Callable[[float], bool], least: float, most: float = inf) -> float:
    """Return the least amount, not below `least`, that is enough (within a hundredth).

    It must be at `most`.
    """
    high = least
    while not is_enough(high):
        high = min(2.0 * high, most)
    low = max(least, high / 2.0)
    while high - low > 0.01 * high:
        middle = (low + high) / 2.0
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _anger_of_heat(weight: float, hot: float, typical: float) -> float:
    """Return the anger of voices as hot as a typical one, whose heat is 1.

    What is less hot together is filled up by a typical voice: a faint murmur has next to no heat.
    """
    return weight / hot if hot >= 1.0 else weight + (1.0 - hot) * typical


def _left_out(post: str, created_at: datetime, anger: float | None, why: Why) -> Verdict:
    return Verdict(post=post, created_at=created_at, anger=anger, why=why)
