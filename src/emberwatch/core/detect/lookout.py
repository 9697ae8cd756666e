"""Which window of a brand that ends now is the most unlikely: by its anger, or by its posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, log10, sqrt

from emberwatch.core.detect import baseline, calibration, chance, expectation
from emberwatch.core.detect.baseline import Baseline
from emberwatch.core.detect.chance import Finding, new_finding
from emberwatch.core.detect.expectation import Sums
from emberwatch.core.detect.past import Past, busiest_hour, so_far
from emberwatch.core.detect.quarter import HOUR, QUARTER, WINDOWS, window_start
from emberwatch.core.detect.spike_state import (
    MINUTES_KEPT,
    SpikeSettings,
    SpikeState,
    changed_state,
)
from emberwatch.core.detect.swift import maker
from emberwatch.core.detect.voices import Choirs, Voice, distinct
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand

_MONTH = 30.44 * 1440
_LN10 = log(10.0)
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The most unlikely of the windows.

    `law` is how often a month chance brings as much (log10), `rate` how often that is observed of
    such a brand. `observed` and `expected` are angry weight, or posts.
    """

    finding: Finding
    law: float
    rate: float
    observed: float
    expected: float
    voices: tuple[Voice, ...] = ()
    """The distinct voices of the window, angriest first."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one window that ends now brought and should have brought, but for the voices.

    `before` are the closed quarters that it was summed from.
    """

    index: int
    minutes: int
    start: int
    live: float
    judged: float
    calm: float
    nameless: float
    usual_volume: float
    usual_calm: float
    usual_heat: float
    before: Sums


_new_window = maker(Window)


class Lookout:
    """Looks at the windows of a brand that end now, and says which is the most unlikely."""

    def __init__(self, settings: SpikeSettings, choirs: Choirs) -> None:
        self.settings = settings
        self._choirs = choirs
        self._looks = {
            (window, windows): log10(_MONTH / window * settings.looks * windows)
            for window in WINDOWS
            for windows in (len(WINDOWS), len(settings.surge_windows))
        }
        """How often a month so many windows are looked at as if afresh (log10), by their length."""
        self._sums: dict[str, Sums] = {}
        """They only spare work: they are made anew when they are of another state."""

    def windows(self, key: str, state: SpikeState, longest: int = WINDOWS[-1]) -> list[Window]:
        """Return what all windows brought up to the longest that is asked for, shortest first."""
        past, minute = state.past, state.minute
        volumes = self._sums_of(key, past, longest)
        sums, now = volumes.of_anger(), past.now
        afresh = baseline.afresh(past.baseline)
        found: list[Window] = []
        live = judged = calm = nameless = 0.0
        minutes, place = state.minutes, len(state.minutes)
        for index, window in enumerate(WINDOWS):
            if window > longest:
                break
            start = window_start(window, minute)
            if window <= MINUTES_KEPT:
                while place and (one := minutes[place - 1]).minute >= start:
                    place -= 1
                    live += one.live
                    judged += one.judged
                    calm += one.calm
                    nameless += one.nameless
            else:
                back = min(past.opened - start // QUARTER, len(past.closed))
                live = volumes.live[back] + now.volume - now.read_back
                judged = sums.judged[back] + now.judged
                calm = sums.calm[back] + now.calm
                nameless = sums.nameless[back] + now.nameless
            volume, usual_calm, hot = expectation.expected(past, volumes, minute, window)
            found.append(
                _new_window(
                    index=index,
                    minutes=window,
                    start=start,
                    live=live,
                    judged=judged,
                    calm=calm,
                    nameless=nameless,
                    usual_volume=volume,
                    usual_calm=usual_calm,
                    usual_heat=hot * afresh[index],
                    before=volumes,
                )
            )
        return found

    def _sums_of(self, key: str, past: Past, longest: int) -> Sums:
        """Return what the closed quarters brought that a window of so many minutes may cover."""
        kept = self._sums.get(key)
        if kept is None or kept.closed is not past.closed or kept.longest < longest:
            kept = self._sums[key] = Sums(past.closed, longest)
        return kept

    def _volumes(
        self, key: str, state: SpikeState, windows: Sequence[Window]
    ) -> list[tuple[int, float, float]]:
        """Return the index of each window that is looked at for posts and brought enough of them,
        what it brought and what it should have brought.

        Out of `windows` where these are all; else in short what `windows` does.
        """
        if len(windows) == len(WINDOWS):
            return [
                (window.index, window.live, window.usual_volume)
                for window in windows
                if window.minutes in self.settings.surge_windows
                and window.live >= self.settings.least_posts
            ]
        past, minute, now = state.past, state.minute, state.past.now
        sums = self._sums_of(key, past, max(self.settings.surge_windows))
        found: list[tuple[int, float, float]] = []
        live, minutes, place = 0.0, state.minutes, len(state.minutes)
        for index, window in enumerate(WINDOWS):
            start = window_start(window, minute)
            if window <= MINUTES_KEPT:
                while place and (one := minutes[place - 1]).minute >= start:
                    place -= 1
                    live += one.live
            if window not in self.settings.surge_windows:
                continue
            if window > MINUTES_KEPT:
                back = min(past.opened - start // QUARTER, len(past.closed))
                live = sums.live[back] + now.volume - now.read_back
            if live < self.settings.least_posts:
                continue
            usual = expectation.expected_posts(past, sums, minute, window)
            found.append((index, live, usual))
        return found

    def anger(
        self,
        key: str,
        state: SpikeState,
        windows: Sequence[Window],
        bar: float,
        since: int = 0,
    ) -> Look | None:
        """Return the most unlikely window of anger, None when none is as rare as `bar` by law.

        Those that begin before the minute `since` are left out. Distinct voices are counted only
        where all voices together would do.
        """
        settings = self.settings
        past, learnt = state.past, state.past.baseline
        if not state.voices and not any(q.nameless for q in past.quarters):
            return None
        best: tuple[float, Finding, Window, list[Voice]] | None = None
        is_cold = learnt.watched_days < settings.cold_days[1]
        voices = state.voices
        choir = self._choirs.of(key, voices, state.minute - WINDOWS[HOUR])
        place, loud = len(voices), 0.0
        for window in windows:
            if window.start < since:
                break
            if choir is not None:
                number, loud = choir.since_minute(window.start)
                place = len(voices) - number
            else:
                while place and (one := voices[place - 1]).minute >= window.start:
                    place -= 1
                    loud += one.heat
            hot = window.nameless + loud
            several = len(voices) - place + window.nameless
            if several < settings.least_voices or hot <= window.usual_heat:
                continue
            if state.spike is None and window.start <= state.over:
                continue
            expected = window.usual_heat * self.factor(learnt, windows, window)
            if is_cold:
                before = so_far(past, window.start)
                if before.minutes < window.minutes:
                    continue
                expected = max(expected, before.heat * window.minutes / before.minutes)
            most = best[0] if best else bar
            found = self._least_likely(past, window, hot, expected, most)
            if found is None:
                continue
            heard: list[Voice] = []
            if loud:
                heard = distinct(voices[place:])
                clear = sum(voice.heat >= settings.clear for voice in heard)
                if clear + window.nameless < settings.least_voices:
                    continue
                hot = window.nameless + sum(voice.heat for voice in heard)
                found = self._least_likely(past, window, hot, expected, most)
            if found is not None:
                best = *found, window, heard
        if best is None:
            return None
        law, finding, window, heard = best
        weight = window.nameless + sum(voice.anger for voice in heard)
        return Look(
            finding=finding,
            law=law,
            rate=state.episodes.tail.rate(law),
            observed=weight,
            expected=_told_expected(finding, weight),
            voices=tuple(heard),
        )

    def _least_likely(
        self, past: Past, window: Window, hot: float, expected: float, most: float
    ) -> tuple[float, Finding] | None:
        """Look at a window in all ways: beside its calm posts, by its share, by its volume.

        Returns how often a month the law allows as much (log10) as the least likely found, None
        where that is above `most`.
        """
        settings, learnt = self.settings.baseline, past.baseline
        enough = self._chance(most, window.minutes, len(WINDOWS))
        busiest = inf
        if window.nameless and window.minutes > MINUTES_KEPT:
            busiest = busiest_hour(past, window.minutes)
        best: Finding | None = None
        law = most
        for finding in (
            chance.judge_anger(
                settings,
                learnt,
                window.index,
                hot=hot,
                usual=expected,
                busiest=busiest,
                enough=enough,
            ),
            self.by_share(learnt, window, hot, busiest, enough),
            self.by_shift(past, window, hot, enough),
        ):
            if finding is None or finding.log_chance > enough:
                continue
            rate = self.rate(finding, len(WINDOWS))
            if rate < law or (best is None and rate == law):
                law, best = rate, finding
        return None if best is None else (law, best)

    def by_share(
        self,
        learnt: Baseline,
        window: Window,
        hot: float,
        busiest: float = inf,
        enough: float = inf,
    ) -> Finding | None:
        """Hold the heat against as many posts on any day; None where there are none."""
        settings = self.settings
        if window.minutes not in settings.share_windows or window.usual_volume <= 0.0:
            return None
        if learnt.watched_days < settings.cold_days[1]:
            return None
        usual_judged = window.usual_volume * baseline.judged_part(learnt)
        share = min(0.95, window.usual_heat / usual_judged)
        usual = share * window.judged
        if not 0.0 < usual < hot <= window.judged:
            return None
        return chance.judge_share(
            settings.baseline,
            learnt,
            window.index,
            hot=hot,
            posts=window.judged,
            usual=usual,
            usual_posts=usual_judged,
            busiest=busiest,
            enough=enough,
        )

    def by_shift(
        self, past: Past, window: Window, hot: float, enough: float = inf
    ) -> Finding | None:
        """Hold the volume against what is usual, where it brings anger as ever or more.

        The calm posts of a promotion excuse its anger; those of a level that has shifted do not.
        A burst is no level: beyond the voices, only what half of the quarters brought counts. Nor
        is a flood of `shift_most` times the posts: of that a surge speaks.
        None where it is no shift: the window is short, or the anger is thinner than usual.
        """
        settings, learnt = self.settings, past.baseline
        if window.minutes not in settings.shift_windows:
            return None
        if learnt.watched_days < settings.shift_after_days or window.live <= window.usual_volume:
            return None
        as_ever = window.usual_heat / window.usual_volume * window.live
        if hot < settings.shift_least or hot - sqrt(hot) < settings.shift_share * as_ever:
            return None
        times = window.before.lasting(window.minutes)
        level = times * window.usual_volume if times <= settings.shift_most else 0.0
        stays = max(hot, level)
        if stays <= window.usual_volume:
            return None
        correction = settings.shift_correction * _LN10
        finding = chance.judge_volume(
            settings.baseline,
            learnt,
            window.index,
            volume=min(window.live, stays),
            usual=window.usual_volume,
            enough=enough - correction,
        )
        return new_finding(
            window=finding.window,
            observed=hot,
            expected=window.usual_heat,
            log_chance=min(0.0, finding.log_chance + correction),
        )

    def factor(self, learnt: Baseline, windows: Sequence[Window], window: Window) -> float:
        """Return how much busier than usual a window is, by its calm posts.

        A short window is also held against its hour, whichever is busier: a quarter of an hour
        has too few posts to know.
        """
        settings, index = self.settings.baseline, window.index
        factor = baseline.local_factor(settings, learnt, index, window.calm, window.usual_calm)
        if index >= HOUR:
            return factor
        hour = windows[HOUR]
        return max(
            factor, baseline.local_factor(settings, learnt, HOUR, hour.calm, hour.usual_calm)
        )

    def volume(self, brand: Brand, state: SpikeState, windows: Sequence[Window]) -> Look | None:
        """Return the most unlikely window of posts, None when none rings."""
        settings, learnt = self.settings, state.past.baseline
        best: Look | None = None
        if learnt.watched_days < settings.surge_after_days:
            return None
        bar = self.bar(brand, state, AlertKind.SURGE)
        for index, posts, usual in self._volumes(brand.name, state, windows):
            if posts <= 1.3 * usual:
                continue
            enough = self._chance(bar, WINDOWS[index], len(settings.surge_windows))
            finding = chance.judge_volume(
                settings.baseline, learnt, index, volume=posts, usual=usual, enough=enough
            )
            rate = self.rate(finding, len(settings.surge_windows))
            if rate <= bar and (best is None or rate < best.rate):
                best = Look(finding=finding, law=rate, rate=rate, observed=posts, expected=usual)
        return best

    def counted(self, state: SpikeState) -> SpikeState:
        """Count the episodes of a part of the day that is over."""
        settings, learnt = self.settings, state.past.baseline
        episodes = calibration.at(
            settings.calibration, settings.baseline, learnt, state.episodes, state.minute
        )
        return state if episodes is state.episodes else changed_state(state, episodes=episodes)

    def rate(self, finding: Finding, windows: int) -> float:
        """Return how often a month chance brings so much, over all windows together (log10)."""
        rate = finding.log_chance / _LN10 + self._looks[finding.window, windows]
        if finding.bursts > 0.0:
            rate = log10(10.0 ** min(rate, 300.0) + finding.bursts)
        return rate

    def _chance(self, rate: float, window: int, windows: int) -> float:
        """Return a chance (ln) so large that its rate is above `rate`, rounding or not."""
        return (rate - self._looks[window, windows]) * _LN10 + ROUNDING

    def bar(self, brand: Brand, state: SpikeState, kind: AlertKind = AlertKind.SPIKE) -> float:
        """Return the rate a month (log10), by the law of chance, up to which it rings."""
        asked = log10(brand.false_alarms_per_month)
        if kind is AlertKind.SURGE:
            return asked + log10(self.settings.surge_budget) - self.cold_decades(state)
        return state.episodes.tail.law(asked) - self.cold_decades(state)

    def cold_decades(self, state: SpikeState) -> float:
        """Return by how many decades the bar is higher while a brand is young."""
        settings = self.settings
        watched = state.past.baseline.watched_days
        if watched < settings.cold_days[0]:
            return settings.cold_decades[0]
        return settings.cold_decades[1] if watched < settings.cold_days[1] else 0.0


def _told_expected(finding: Finding, weight: float) -> float:
    """Return what was expected on the scale of what is told: anger where heat was weighed."""
    return finding.expected * weight / finding.observed if finding.observed else 0.0
