"""Anger about a brand arrives faster than is normal at this hour.

One fold, two kinds of alert. `spike`: the angry weight of distinct voices, compared with what this
brand's level, its rhythm and the calm posts around it lead to expect. `surge`: the number of
posts alone; it never speaks of anger.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import exp, inf, log, log10, sqrt

from emberwatch.core.detect import baseline as normal
from emberwatch.core.detect import calibration
from emberwatch.core.detect.baseline import (
    QUARTER,
    WINDOWS,
    Baseline,
    BaselineSettings,
    Finding,
    Past,
    Quarter,
    new_quarter,
)
from emberwatch.core.detect.calibration import CalibrationSettings, Episodes
from emberwatch.core.detect.looks import Looks, Raise, Raised, Series, WindowLook
from emberwatch.core.detect.swift import changer, maker
from emberwatch.core.detect.voices import (
    Choir,
    Verdict,
    Voice,
    Why,
    already_heard,
    distinct,
    keep,
    leading_thread,
    new_voice,
    since_minute,
    verdicts,
)
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.brand import Brand
from emberwatch.model.event import Event, Mentioned, Tick, Unwatched
from emberwatch.model.mention import Mention
from emberwatch.model.post import PostKind

_BOOST = PostKind.BOOST
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_MONTH = 30.44 * 1440
_LN10 = log(10.0)
_HOUR = WINDOWS.index(60)
_FINE = 60
"""Minutes kept one by one; longer windows are counted in quarters."""
_RENEWING = 120
"""The longest window in minutes that keeps a fire alight: longer ones remember what is over."""
_FRESH = 60
"""The longest window in minutes that tells a new fire from what an old one left behind."""
_BACK_AT = 0.75
"""A fire that cooled burns again from this share of its peak; it cools below half of it."""
_LOW_TIMES = 3.0
"""The peak of a fire that cooled falls to so many times its least hour."""
_MANY = 128
"""Voices from which on it is quicker to hold them in order than to go through them."""
_MOST_EVIDENCE = 50
_LEAST_CHANCE = 1e-300
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSettings:
    """When it rings.

    Fewer than `least_voices` distinct voices of a heat of `clear` or more never ring. One window
    is looked at as if afresh `looks` times its own length; shifts are `shift_correction` decades
    likelier than the law says. How often that rings is learnt (`calibration`).
    `cold_decades` are added to the bar while less than the `cold_days` beside them were watched.
    An alert ends when nothing was out of the ordinary for `stays_open`, or for the brand's
    `quiet_after` where that is shorter. Windows are in minutes. The share of anger is looked at in
    `share_windows`. From `shift_after_days` on, a volume out of the ordinary in `shift_windows` is
    anger when it brings at least `shift_share` of the anger that as many posts usually bring, and
    a heat of `shift_least`; calm posts count up to `shift_most` times the usual. No
    surge rings before `surge_after_days` were watched, for the rhythm of a day is not known before,
    and `surge_budget` times as many false ones are allowed, for nobody is woken by them.
    While more than `loud` angry voices are kept, windows beyond `loud_longest` are looked at once a
    quarter: what comes in one minute changes them little.
    """

    baseline: BaselineSettings = field(default_factory=BaselineSettings)
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    clear: float = 0.5
    least_voices: int = 3
    least_posts: int = 6
    looks: float = 3.0
    cold_days: tuple[float, float] = (0.25, 1.0)
    cold_decades: tuple[float, float] = (4.0, 2.0)
    stays_open: timedelta = timedelta(hours=8)
    share_windows: tuple[int, ...] = (15, 30, 60, 120)
    shift_windows: tuple[int, ...] = (60, 120, 240, 720)
    shift_after_days: float = 7.0
    shift_most: float = 4.0
    shift_share: float = 0.85
    shift_least: float = 8.0
    shift_correction: float = 0.5
    surge_windows: tuple[int, ...] = (15, 30, 60, 240)
    surge_after_days: float = 1.0
    surge_budget: float = 4.0
    told_again_at: float = 1.5
    loud: int = 60
    loud_longest: int = 120

    def __post_init__(self) -> None:
        if not self.surge_windows:
            raise ValueError("surge_windows is empty: name one window at least")
        for name in ("share_windows", "shift_windows", "surge_windows"):
            strange = set(getattr(self, name)) - set(WINDOWS)
            if strange:
                raise ValueError(f"{name} has {sorted(strange)}: only {WINDOWS} are looked at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What came in one minute. `live` leaves out what was read back, `calm` what is angry.

    `nameless` are angry posts of a plain series, each a voice of its own.
    """

    minute: int
    volume: float
    live: float
    judged: float
    calm: float
    nameless: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """An alert that is open. `hot_at` is the last minute that was out of the ordinary.

    `rate` is how often a month chance brings as much; `peak` the greatest hour; `told` the
    observed that was last told; `looked` the quarter whose fire was last looked at; `is_again`
    whether it burns again, so that windows which reach back to the fire before say nothing new.
    """

    started_at: datetime
    hot_at: int
    window: int
    observed: float
    expected: float
    chance: float
    rate: float
    told: float
    peak: float
    looked: int
    fire: Fire = Fire.GROWING
    first_post_at: datetime | None = None
    reach: int = 0
    not_judged: float = 0.0
    thread_id: str | None = None
    evidence: tuple[str, ...] = ()
    is_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeState:
    """What we remember of one brand; at most a few hundred kilobytes, however loud it gets.

    `minute` is the present, counted from 1970. `looked` is the quarter in which windows were last
    looked at, `unlooked` and `unlooked_posts` the heat and the posts that came since. `over` is the
    last minute of the last storm that is over: windows that reach back to it tell of it.
    """

    minute: int
    past: Past
    minutes: tuple[Minute, ...] = ()
    voices: tuple[Voice, ...] = ()
    looked: int = 0
    unlooked: float = 0.0
    unlooked_posts: float = 0.0
    spike: Ringing | None = None
    surge: Ringing | None = None
    over: int = 0
    episodes: Episodes = field(default_factory=Episodes)


_new_minute = maker(Minute)
_changed = changer(SpikeState)
_moved_on = changer(SpikeState, "minute", "past")
_taken = changer(SpikeState, "minute", "past", "minutes", "voices", "unlooked", "unlooked_posts")
_looked = changer(
    SpikeState, "looked", "unlooked", "unlooked_posts", "spike", "surge", "over", "episodes"
)
_rung = changer(Ringing)


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
class _Window:
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
    before: normal.Sums


_new_window = maker(_Window)


class Spike:
    """The detector of spikes and surges, keyed by brand name."""

    name = "spike"
    version = 4
    state_type = SpikeState

    def __init__(self, brands: Mapping[str, Brand], settings: SpikeSettings | None = None) -> None:
        self._brands = dict(brands)
        self._settings = settings or SpikeSettings()
        self._looks = {
            (window, windows): log10(_MONTH / window * self._settings.looks * windows)
            for window in WINDOWS
            for windows in (len(WINDOWS), len(self._settings.surge_windows))
        }
        """How often a month so many windows are looked at as if afresh (log10), by their length."""
        self._sums: dict[str, normal.Sums] = {}
        self._choirs: dict[str, Choir] = {}
        """Both only spare work: they are made anew when they are of another state."""

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the brand that the event speaks of, if we watch it."""
        if isinstance(event, Mentioned):
            brand = event.mention.brand
        elif isinstance(event, Unwatched):
            brand = event.brand
        else:
            return ()
        return (brand,) if brand in self._brands else ()

    def fold(
        self, key: str, state: SpikeState | None, event: Event
    ) -> tuple[SpikeState | None, tuple[Alert, ...]]:
        """Take one event in; a brand that is no longer configured is forgotten.

        `Unwatched` with `since` equal to `at` begins the watch of a brand that nobody has
        mentioned yet: from then on silence counts.
        """
        brand = self._brands.get(key)
        if brand is None:
            return None, ()
        if isinstance(event, Mentioned):
            return self._mentioned(brand, state, event)
        if isinstance(event, Unwatched):
            since = _minute(event.since)
            moved = self._move(state, _minute(event.at), since)
            return self._look(brand, moved, event.at)
        if isinstance(event, Tick) and state is not None:
            moved = self._move(state, _minute(event.at))
            return self._look(brand, moved, event.at, is_due=True)
        return state, ()

    def wakes_at(self, state: SpikeState) -> datetime | None:
        """Return the next minute while posts are unlooked at, the next quarter while it rings."""
        if state.unlooked > 0.0:
            return _instant(state.minute + 1)
        if state.spike or state.surge:
            return _instant((state.past.opened + 1) * QUARTER)
        return None

    # ------------------------------------------------------------ what comes
    def _move(
        self, state: SpikeState | None, minute: int, unwatched_since: int | None = None
    ) -> SpikeState:
        minute, past = self._moved(state, minute, unwatched_since)
        if state is None:
            return SpikeState(minute=minute, past=past)
        if past is state.past and minute == state.minute:
            return state
        return _moved_on(state, minute=minute, past=past)

    def _moved(
        self, state: SpikeState | None, minute: int, unwatched_since: int | None = None
    ) -> tuple[int, Past]:
        """Return the present and the past as time moves on to a minute; it never moves back."""
        settings = self._settings.baseline
        if state is None:
            return minute, normal.begin(settings, minute)
        minute = minute if minute > state.minute else state.minute
        if unwatched_since is None and minute // QUARTER == state.past.opened:
            return minute, state.past
        trust = self._trust(state)
        return minute, normal.advance(settings, state.past, minute, trust, unwatched_since)

    def _trust(self, state: SpikeState) -> float:
        """Return how much may be learnt: little in an incident's first hours, all after a day."""
        ringing = state.spike or state.surge
        if ringing is None:
            return 1.0
        hours = (state.minute - _minute(ringing.started_at)) / 60.0
        if hours < 6.0:
            return 0.15
        return 0.4 if hours < 24.0 else 1.0

    def _mentioned(
        self, brand: Brand, state: SpikeState | None, event: Mentioned
    ) -> tuple[SpikeState, tuple[Alert, ...]]:
        mention = event.mention
        at = _minute(event.at)
        created = min(_minute(mention.post.created_at), at)
        now = created if event.is_history else at
        if mention.post.kind is _BOOST:
            return self._move(state, now), ()
        taken = self._take(state, now, mention, created, event.is_history)
        if event.is_history:
            return taken, ()
        return self._look(brand, taken, event.at)

    def _take(
        self,
        before: SpikeState | None,
        now: int,
        mention: Mention,
        created: int,
        is_history: bool,
    ) -> SpikeState:
        """Move on to a minute and count a mention in its own."""
        settings = self._settings.baseline
        anger = mention.score.anger
        now, past = self._moved(before, now)
        state = before or SpikeState(minute=now, past=past)
        minute = min(created, now)
        if not is_history and normal.is_gap(past, minute):
            past = normal.heal(past)
        voices = state.voices
        hot = squares = sounds = returned = 0.0
        if anger is not None:
            sounds = normal.heat(settings, normal.unit(settings, past.baseline), anger)
            if sounds > 0.0:
                voice = _voice(mention, anger, sounds, minute)
                heard = self._already_heard(mention.brand, voices, voice, minute - 60)
                hot = max(0.0, sounds - heard)
                squares = max(0.0, sounds * sounds - heard * heard)
                if heard:
                    still = self._already_heard(mention.brand, voices, voice, minute - QUARTER)
                    returned = max(0.0, sounds - still) - hot
                since = normal.window_start(WINDOWS[-1], now)
                if not is_history and minute >= since:
                    voices = self._keep(mention.brand, voices, voice, since)
        known = 0.0 if anger is None else 1.0
        live = 0.0 if is_history else 1.0
        past = normal.add(
            settings,
            past,
            minute,
            new_quarter(
                volume=1.0,
                read_back=1.0 - live,
                judged=known,
                calm=known - sounds,
                anger=anger or 0.0,
                squares=anger * anger if anger else 0.0,
                heat=hot,
                heat_squares=squares,
                returned=returned,
            ),
        )
        came = _new_minute(minute=minute, volume=1.0, live=live, judged=known, calm=known - sounds)
        return _taken(
            state,
            minute=now,
            past=past,
            minutes=_with(state.minutes, now, came),
            voices=voices,
            unlooked=state.unlooked + live * hot,
            unlooked_posts=state.unlooked_posts + live,
        )

    def _already_heard(
        self, key: str, voices: tuple[Voice, ...], voice: Voice, since: int
    ) -> float:
        """Return the greatest heat that a voice only repeats."""
        choir = self._choir(key, voices, since)
        if choir is None or since < choir.since:
            return already_heard(voices, voice, since)
        return choir.already_heard(voice, since)

    def _keep(
        self, key: str, voices: tuple[Voice, ...], voice: Voice, since: int
    ) -> tuple[Voice, ...]:
        """Keep a voice; it joins the choir where no other was forgotten."""
        kept = keep(voices, voice, since)
        choir = self._choirs.get(key)
        if choir and choir.voices is voices and len(kept) > len(voices):
            choir.join(kept, voice)
        return kept

    def _choir(self, key: str, voices: tuple[Voice, ...], since: int) -> Choir | None:
        """Return the voices in order, None where they are few."""
        if len(voices) < _MANY:
            return None
        choir = self._choirs.get(key)
        if choir is None or choir.voices is not voices:
            choir = self._choirs[key] = Choir(voices, since - QUARTER)
        return choir

    # ------------------------------------------------------------ a plain series
    def tally(
        self, key: str, state: SpikeState | None, minute: int, posts: float, angry: float
    ) -> SpikeState:
        """Count posts of a minute (since 1970) that nobody can tell apart; look at nothing yet.

        Each of the `angry` is a voice of its own of weight 1. See `scan`.
        """
        moved = self._move(state, minute)
        now = _new_minute(
            minute=minute,
            volume=posts,
            live=posts,
            judged=posts,
            calm=posts - angry,
            nameless=angry,
        )
        came = new_quarter(
            volume=posts,
            judged=posts,
            calm=posts - angry,
            anger=angry,
            squares=angry,
            heat=angry,
            heat_squares=angry,
            nameless=angry,
        )
        past = normal.add(self._settings.baseline, moved.past, minute, came)
        return _changed(
            moved,
            past=past,
            minutes=_with(moved.minutes, moved.minute, now),
            unlooked=moved.unlooked + angry,
            unlooked_posts=moved.unlooked_posts + posts,
        )

    def scan(self, key: str, state: SpikeState | None, minute: int) -> tuple[SpikeState, float]:
        """Move on to a minute and look at every window of anger, however ordinary.

        Returns how often a month as much is observed by chance (log10; it rings up to the log10 of
        what the brand asks for), inf where nothing is above what is usual.
        """
        brand = self._brands[key]
        moved = self._move(state, minute)
        after, _, look = self._see(brand, moved, _instant(minute), is_due=True, is_scan=True)
        if look is None:
            return after, inf
        return after, after.episodes.tail.rate(look.law + self._cold_decades(after))

    # ------------------------------------------------------------ looking
    def _look(
        self, brand: Brand, state: SpikeState, at: datetime, *, is_due: bool = False
    ) -> tuple[SpikeState, tuple[Alert, ...]]:
        after, alerts, _ = self._see(brand, state, at, is_due=is_due)
        return after, alerts

    def _see(
        self,
        brand: Brand,
        state: SpikeState,
        at: datetime,
        *,
        is_due: bool = False,
        is_scan: bool = False,
    ) -> tuple[SpikeState, tuple[Alert, ...], Look | None]:
        """Look at the windows: once a quarter, and at every post while more comes than usual.

        A scan looks at anger in any case, and returns its look however ordinary.
        """
        opened = state.past.opened
        is_new = state.looked < opened
        fire_due = is_new and (state.spike is not None or state.surge is not None)
        anger_due = is_scan or (state.unlooked > 0.0 and (is_new or is_due or _is_much_heat(state)))
        posts_due = state.unlooked_posts > 0.0 and (is_new or _are_many_posts(state))
        if not (anger_due or posts_due or fire_due):
            return state, (), None
        alerts: list[Alert] = []
        anger: Look | None = None
        is_worth_it = fire_due or self._is_worth_it(state)
        windows: list[_Window] = []
        if is_worth_it and (anger_due or (fire_due and state.spike)):
            is_loud = len(state.voices) > self._settings.loud and not (
                is_new or is_due or state.spike
            )
            longest = self._settings.loud_longest if is_loud else WINDOWS[-1]
            windows = self._windows(brand.name, state, longest)
            state = self._counted(state)
            widest = inf if is_scan else max(self._bar(brand, state), -calibration.LEVELS[0])
            anger = self._anger(brand.name, state, windows, widest)
        spike, surge, episodes = state.spike, state.surge, state.episodes
        if anger_due or (fire_due and spike):
            if anger is not None and not self._cold_decades(state):
                episodes = calibration.reached(episodes, -anger.law)
            spike = self._ring(brand, state, AlertKind.SPIKE, spike, anger, at, alerts)
        if posts_due or (fire_due and surge):
            look = self._volume(brand, state, windows) if is_worth_it else None
            surge = self._ring(brand, state, AlertKind.SURGE, surge, look, at, alerts)
        looked = _looked(
            state,
            looked=opened,
            unlooked=0.0 if anger_due else state.unlooked,
            unlooked_posts=0.0 if posts_due else state.unlooked_posts,
            spike=spike,
            surge=surge,
            over=state.spike.hot_at if state.spike and not spike else state.over,
            episodes=episodes,
        )
        return looked, tuple(alerts), anger

    def _is_worth_it(self, state: SpikeState) -> bool:
        """Whether there are enough voices, or posts within the longest window, that may ring."""
        settings = self._settings
        if len(state.voices) >= settings.least_voices:
            return True
        posts = nameless = 0.0
        for quarter in reversed(state.past.quarters):
            posts += quarter.volume
            nameless += quarter.nameless
            if posts >= settings.least_posts or nameless >= settings.least_voices:
                return True
        return False

    def _counted(self, state: SpikeState) -> SpikeState:
        """Count the episodes of a part of the day that is over."""
        settings, learnt = self._settings, state.past.baseline
        episodes = calibration.at(
            settings.calibration, settings.baseline, learnt, state.episodes, state.minute
        )
        return state if episodes is state.episodes else _changed(state, episodes=episodes)

    def _windows(self, key: str, state: SpikeState, longest: int = WINDOWS[-1]) -> list[_Window]:
        """Return what all windows brought up to the longest that is asked for, shortest first."""
        past, minute = state.past, state.minute
        volumes = self._sums_of(key, past, longest)
        sums, now = volumes.of_anger(), past.now
        afresh = normal.afresh(past.baseline)
        found: list[_Window] = []
        live = judged = calm = nameless = 0.0
        minutes, place = state.minutes, len(state.minutes)
        for index, window in enumerate(WINDOWS):
            if window > longest:
                break
            start = normal.window_start(window, minute)
            if window <= _FINE:
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
            volume, usual_calm, hot = normal.expected(past, volumes, minute, window)
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

    def _sums_of(self, key: str, past: Past, longest: int) -> normal.Sums:
        """Return what the closed quarters brought that a window of so many minutes may cover."""
        kept = self._sums.get(key)
        if kept is None or kept.closed is not past.closed or kept.longest < longest:
            kept = self._sums[key] = normal.Sums(past.closed, longest)
        return kept

    def _volumes(
        self, key: str, state: SpikeState, windows: Sequence[_Window]
    ) -> list[tuple[int, float, float]]:
        """Return the index of each window that is looked at for posts and brought enough of them,
        what it brought and what it should have brought.

        Out of `windows` where these are all; else in short what `_windows` does.
        """
        if len(windows) == len(WINDOWS):
            return [
                (window.index, window.live, window.usual_volume)
                for window in windows
                if window.minutes in self._settings.surge_windows
                and window.live >= self._settings.least_posts
            ]
        past, minute, now = state.past, state.minute, state.past.now
        sums = self._sums_of(key, past, max(self._settings.surge_windows))
        found: list[tuple[int, float, float]] = []
        live, minutes, place = 0.0, state.minutes, len(state.minutes)
        for index, window in enumerate(WINDOWS):
            start = normal.window_start(window, minute)
            if window <= _FINE:
                while place and (one := minutes[place - 1]).minute >= start:
                    place -= 1
                    live += one.live
            if window not in self._settings.surge_windows:
                continue
            if window > _FINE:
                back = min(past.opened - start // QUARTER, len(past.closed))
                live = sums.live[back] + now.volume - now.read_back
            if live < self._settings.least_posts:
                continue
            usual = normal.expected_posts(past, sums, minute, window)
            found.append((index, live, usual))
        return found

    def _anger(
        self, key: str, state: SpikeState, windows: Sequence[_Window], bar: float
    ) -> Look | None:
        """Return the most unlikely window of anger, None when none is as rare as `bar` by law.

        Distinct voices are counted only where all voices together would do.
        """
        settings = self._settings
        past, learnt = state.past, state.past.baseline
        if not state.voices and not any(q.nameless for q in past.quarters):
            return None
        best: tuple[float, Finding, _Window, list[Voice]] | None = None
        is_cold = learnt.watched_days < settings.cold_days[1]
        voices = state.voices
        choir = self._choir(key, voices, state.minute - WINDOWS[_HOUR])
        place, loud = len(voices), 0.0
        for window in windows:
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
            expected = window.usual_heat * self._factor(learnt, windows, window)
            if is_cold:
                before = normal.so_far(past, window.start)
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
        self, past: Past, window: _Window, hot: float, expected: float, most: float
    ) -> tuple[float, Finding] | None:
        """Look at a window in all ways: beside its calm posts, by its share, by its volume.

        Returns how often a month the law allows as much (log10) as the least likely found, None
        where that is above `most`.
        """
        settings, learnt = self._settings.baseline, past.baseline
        enough = self._chance(most, window.minutes, len(WINDOWS))
        busiest = inf
        if window.nameless and window.minutes > _FINE:
            busiest = normal.busiest_hour(past, window.minutes)
        best: Finding | None = None
        law = most
        for finding in (
            normal.judge_anger(
                settings,
                learnt,
                window.index,
                hot=hot,
                usual=expected,
                busiest=busiest,
                enough=enough,
            ),
            self._by_share(learnt, window, hot, busiest, enough),
            self._by_shift(past, window, hot, enough),
        ):
            if finding is None or finding.log_chance > enough:
                continue
            rate = self._rate(finding, len(WINDOWS))
            if rate < law or (best is None and rate == law):
                law, best = rate, finding
        return None if best is None else (law, best)

    def _by_share(
        self,
        learnt: Baseline,
        window: _Window,
        hot: float,
        busiest: float = inf,
        enough: float = inf,
    ) -> Finding | None:
        """Hold the heat against as many posts on any day; None where there are none."""
        settings = self._settings
        if window.minutes not in settings.share_windows or window.usual_volume <= 0.0:
            return None
        if learnt.watched_days < settings.cold_days[1]:
            return None
        usual_judged = window.usual_volume * normal.judged_part(learnt)
        share = min(0.95, window.usual_heat / usual_judged)
        usual = share * window.judged
        if not 0.0 < usual < hot <= window.judged:
            return None
        return normal.judge_share(
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

    def _by_shift(
        self, past: Past, window: _Window, hot: float, enough: float = inf
    ) -> Finding | None:
        """Hold the volume against what is usual, where it brings anger as ever or more.

        The calm posts of a promotion excuse its anger; those of a level that has shifted do not.
        A burst is no level: beyond the voices, only what half of the quarters brought counts. Nor
        is a flood of `shift_most` times the posts: of that a surge speaks.
        None where it is no shift: the window is short, or the anger is thinner than usual.
        """
        settings, learnt = self._settings, past.baseline
        if window.minutes not in settings.shift_windows:
            return None
        if learnt.watched_days < settings.shift_after_days or window.live <= window.usual_volume:
            return None
        as_ever = window.usual_heat / window.usual_volume * window.live
        if hot < settings.shift_least or hot - sqrt(hot) < settings.shift_share * as_ever:
            return None
        times = window.before.lasting(window.minutes)
        level = times * window.usual_volume if times <= settings.shift_most else 0.0
        lasting = max(hot, level)
        if lasting <= window.usual_volume:
            return None
        correction = settings.shift_correction * _LN10
        finding = normal.judge_volume(
            settings.baseline,
            learnt,
            window.index,
            volume=min(window.live, lasting),
            usual=window.usual_volume,
            enough=enough - correction,
        )
        return normal.new_finding(
            window=finding.window,
            observed=hot,
            expected=window.usual_heat,
            log_chance=min(0.0, finding.log_chance + correction),
        )

    def looks(self, brand: Brand, state: SpikeState, asked: Iterable[Mentioned] = ()) -> Looks:
        """Return every window of every series at the state's minute, ringing or not.

        `asked` are further mentions to give a verdict of: those that the state does not keep,
        because they are faint, boosts, not judged or read back.
        """
        settings = self._settings
        state = self._counted(state)
        seen = self._windows(brand.name, state)
        windows = [
            *(self._anger_look(brand, state, seen, window) for window in seen),
            *(
                self._volume_look(brand, state, window)
                for window in seen
                if window.minutes in settings.surge_windows
            ),
            *(
                self._share_look(brand, state, window)
                for window in seen
                if window.minutes in settings.share_windows
            ),
        ]
        angry = [look for look in windows if look.series is not Series.VOLUME and look.seen > 0.0]
        loudest = min(angry, key=lambda look: look.rate, default=None)
        may, tail = log10(brand.false_alarms_per_month), state.episodes.tail
        raised = [Raised(why=Raise.CORRECTION, times=10.0 ** (may - tail.law(may)))]
        if cold := self._cold_decades(state):
            raised.append(Raised(why=Raise.COLD, times=10.0**cold))
        raised.append(Raised(why=Raise.SURGES_ARE_CHEAP, times=1.0 / settings.surge_budget))
        return Looks(
            brand=brand.name,
            at=_instant(state.minute),
            asked=brand.false_alarms_per_month,
            typical=normal.unit(settings.baseline, state.past.baseline),
            raised=tuple(raised),
            least_voices=settings.least_voices,
            windows=tuple(windows),
            loudest=loudest,
            verdicts=tuple(self._verdicts(state, loudest, asked)),
        )

    def likely(self, state: SpikeState, look: WindowLook) -> tuple[float, float]:
        """Return between what four such windows of five lie, by the law that judges them."""
        beliefs, learnt = self._settings.baseline, state.past.baseline
        index = WINDOWS.index(look.minutes)
        if look.series is Series.VOLUME:
            return normal.likely_volume(beliefs, learnt, index, usual=look.expected)
        hot = sum(voice.heat for voice in distinct(since_minute(state.voices, _minute(look.since))))
        anger_of_heat = _anger_of_heat(look.seen, hot, normal.unit(beliefs, learnt))
        usual = look.expected / anger_of_heat
        low, high = normal.likely_anger(beliefs, learnt, index, usual=usual)
        return low * anger_of_heat, high * anger_of_heat

    def _anger_look(
        self, brand: Brand, state: SpikeState, windows: Sequence[_Window], window: _Window
    ) -> WindowLook:
        settings, past = self._settings, state.past
        learnt = past.baseline
        factor = self._factor(learnt, windows, window)
        heard = distinct(since_minute(state.voices, window.start))
        hot = window.nameless + sum(voice.heat for voice in heard)
        clear = window.nameless + sum(voice.heat >= settings.clear for voice in heard)
        expected = window.usual_heat * factor
        is_judged = True
        if learnt.watched_days < settings.cold_days[1]:
            before = normal.so_far(past, window.start)
            is_judged = before.minutes >= window.minutes
            if is_judged:
                expected = max(expected, before.heat * window.minutes / before.minutes)

        def by_count(hot: float) -> Finding:
            return normal.judge_anger(
                settings.baseline, learnt, window.index, hot=hot, usual=expected
            )

        finding = by_count(hot)
        law = self._rate(finding, len(WINDOWS))
        shift = self._by_shift(past, window, hot)
        if shift is not None and self._rate(shift, len(WINDOWS)) < law:
            law, finding, expected = self._rate(shift, len(WINDOWS)), shift, window.usual_heat
        weight = window.nameless + sum(voice.anger for voice in heard)
        anger_of_heat = _anger_of_heat(weight, hot, normal.unit(settings.baseline, learnt))
        bar, tail = self._bar(brand, state), state.episodes.tail

        def rings(hot: float) -> bool:
            return self._rate(by_count(hot), len(WINDOWS)) <= bar

        least = max(settings.least_voices * settings.clear, expected)
        needed = _least(rings, least) * anger_of_heat if is_judged else None
        is_over = state.spike is None and window.start <= state.over
        law = law if is_judged and not is_over else inf
        return WindowLook(
            series=Series.ANGER,
            minutes=window.minutes,
            since=_instant(window.start),
            seen=weight,
            voices=round(window.nameless) + len(heard),
            usual=window.usual_heat * anger_of_heat,
            factor=factor,
            expected=expected * anger_of_heat,
            chance=max(exp(finding.log_chance), _LEAST_CHANCE),
            rate=10.0 ** tail.rate(law),
            bar=10.0 ** tail.rate(bar),
            needed=needed,
            rings=law <= bar and clear >= settings.least_voices and hot > expected,
        )

    def _share_look(self, brand: Brand, state: SpikeState, window: _Window) -> WindowLook:
        settings, learnt = self._settings, state.past.baseline
        heard = distinct(since_minute(state.voices, window.start))
        hot = window.nameless + sum(voice.heat for voice in heard)
        clear = window.nameless + sum(voice.heat >= settings.clear for voice in heard)
        bar, tail = self._bar(brand, state), state.episodes.tail
        finding = self._by_share(learnt, window, hot)
        weight = window.nameless + sum(voice.anger for voice in heard)
        anger_of_heat = _anger_of_heat(weight, hot, normal.unit(settings.baseline, learnt))
        usual = window.usual_heat
        usual_judged = window.usual_volume * normal.judged_part(learnt)
        factor = window.judged / usual_judged if usual_judged else 1.0
        expected = usual * factor

        def rings(hot: float) -> bool:
            would = self._by_share(learnt, window, hot)
            return would is not None and self._rate(would, len(WINDOWS)) <= bar

        least = max(settings.least_voices * settings.clear, expected)
        can_ring = window.judged >= least and rings(window.judged)
        is_over = state.spike is None and window.start <= state.over
        law = self._rate(finding, len(WINDOWS)) if finding is not None and not is_over else inf
        return WindowLook(
            series=Series.SHARE,
            minutes=window.minutes,
            since=_instant(window.start),
            seen=weight,
            voices=round(window.nameless) + len(heard),
            usual=usual * anger_of_heat,
            factor=factor,
            expected=expected * anger_of_heat,
            chance=1.0 if finding is None else max(exp(finding.log_chance), _LEAST_CHANCE),
            rate=10.0 ** tail.rate(law),
            bar=10.0 ** tail.rate(bar),
            needed=_least(rings, least, window.judged) * anger_of_heat if can_ring else None,
            rings=law <= bar and clear >= settings.least_voices,
        )

    def _volume_look(self, brand: Brand, state: SpikeState, window: _Window) -> WindowLook:
        settings, learnt = self._settings, state.past.baseline
        expected = window.usual_volume
        is_judged = learnt.watched_days >= settings.surge_after_days

        def finding_of(posts: float) -> Finding:
            return normal.judge_volume(
                settings.baseline, learnt, window.index, volume=posts, usual=expected
            )

        def rate_of(posts: float) -> float:
            return self._rate(finding_of(posts), len(settings.surge_windows))

        bar = self._bar(brand, state, AlertKind.SURGE)
        rate = rate_of(window.live) if is_judged else inf
        least = max(float(settings.least_posts), 1.3 * expected)
        return WindowLook(
            series=Series.VOLUME,
            minutes=window.minutes,
            since=_instant(window.start),
            seen=window.live,
            voices=round(window.live),
            usual=expected,
            factor=1.0,
            expected=expected,
            chance=max(exp(finding_of(window.live).log_chance), _LEAST_CHANCE),
            rate=10.0**rate,
            bar=10.0**bar,
            needed=_least(lambda seen: rate_of(seen) <= bar, least) if is_judged else None,
            rings=rate <= bar and window.live >= least,
        )

    def _verdicts(
        self, state: SpikeState, loudest: WindowLook | None, asked: Iterable[Mentioned]
    ) -> list[Verdict]:
        since = loudest.since if loudest else _instant(state.minute + 1)
        inside = since_minute(state.voices, _minute(since))
        found = verdicts(inside)
        kept = {voice.post for voice in state.voices}
        found += [
            _left_out(voice.post, voice.created_at, voice.anger, Why.OUTSIDE)
            for voice in state.voices[: len(state.voices) - len(inside)]
        ]
        for event in asked:
            mention = event.mention
            if mention.post.id not in kept:
                why = self._why_not(event, state)
                post = mention.post
                found.append(_left_out(post.id, post.created_at, mention.score.anger, why))
        return found

    def _why_not(self, event: Mentioned, state: SpikeState) -> Why:
        """Return why a mention that the state does not keep is no voice."""
        settings = self._settings.baseline
        anger = event.mention.score.anger
        if event.mention.post.kind is _BOOST:
            return Why.BOOST
        if anger is None:
            return Why.NOT_JUDGED
        if normal.heat(settings, normal.unit(settings, state.past.baseline), anger) <= 0.0:
            return Why.FAINT
        return Why.HISTORY if event.is_history else Why.OUTSIDE

    def _factor(self, learnt: Baseline, windows: Sequence[_Window], window: _Window) -> float:
        """Return how much busier than usual a window is, by its calm posts.

        A short window is also held against its hour, whichever is busier: a quarter of an hour
        has too few posts to know.
        """
        settings, index = self._settings.baseline, window.index
        factor = normal.local_factor(settings, learnt, index, window.calm, window.usual_calm)
        if index >= _HOUR:
            return factor
        hour = windows[_HOUR]
        return max(factor, normal.local_factor(settings, learnt, _HOUR, hour.calm, hour.usual_calm))

    def _volume(self, brand: Brand, state: SpikeState, windows: Sequence[_Window]) -> Look | None:
        """Return the most unlikely window of posts, None when none rings."""
        settings, learnt = self._settings, state.past.baseline
        best: Look | None = None
        if learnt.watched_days < settings.surge_after_days:
            return None
        bar = self._bar(brand, state, AlertKind.SURGE)
        for index, posts, usual in self._volumes(brand.name, state, windows):
            if posts <= 1.3 * usual:
                continue
            enough = self._chance(bar, WINDOWS[index], len(settings.surge_windows))
            finding = normal.judge_volume(
                settings.baseline, learnt, index, volume=posts, usual=usual, enough=enough
            )
            rate = self._rate(finding, len(settings.surge_windows))
            if rate <= bar and (best is None or rate < best.rate):
                best = Look(finding=finding, law=rate, rate=rate, observed=posts, expected=usual)
        return best

    def _rate(self, finding: Finding, windows: int) -> float:
        """Return how often a month chance brings so much, over all windows together (log10)."""
        rate = finding.log_chance / _LN10 + self._looks[finding.window, windows]
        if finding.bursts > 0.0:
            rate = log10(10.0 ** min(rate, 300.0) + finding.bursts)
        return rate

    def _chance(self, rate: float, window: int, windows: int) -> float:
        """Return a chance (ln) so large that its rate is above `rate`, rounding or not."""
        return (rate - self._looks[window, windows]) * _LN10 + _ROUNDING

    def _bar(self, brand: Brand, state: SpikeState, kind: AlertKind = AlertKind.SPIKE) -> float:
        """Return the rate a month (log10), by the law of chance, up to which it rings."""
        asked = log10(brand.false_alarms_per_month)
        if kind is AlertKind.SURGE:
            return asked + log10(self._settings.surge_budget) - self._cold_decades(state)
        return state.episodes.tail.law(asked) - self._cold_decades(state)

    def _cold_decades(self, state: SpikeState) -> float:
        settings = self._settings
        watched = state.past.baseline.watched_days
        if watched < settings.cold_days[0]:
            return settings.cold_decades[0]
        return settings.cold_decades[1] if watched < settings.cold_days[1] else 0.0

    # ------------------------------------------------------------ ringing
    def _ring(
        self,
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
        bar = self._bar(brand, state, kind)
        hot = look if look is not None and look.law <= bar else None
        before, opened = ringing, state.past.opened
        if before is None:
            if hot is None:
                return None
            begun = self._seen(state, hot, _new(state, hot, at))
            begun = _rung(begun, peak=_hour(state.past, kind)[0])
            alerts.append(_alert(brand, kind, begun, at, None))
            return begun
        after = before
        if hot is not None:
            news = self._fresh(brand, state) if before.is_again else hot
            is_of_now = news is not None and news.finding.window <= _RENEWING
            if is_of_now:
                after = _rung(after, hot_at=state.minute)
            grown = before.told * self._settings.told_again_at - _ROUNDING
            if news and news.observed >= grown and (is_of_now or before.fire not in _FADING):
                after = self._seen(state, news, after)
        if before.looked < opened or before.fire in _FADING:
            after = self._stirred(brand, state, kind, after)
        quiet = (state.minute - after.hot_at) * _MINUTE
        if hot is None and quiet > min(self._settings.stays_open, brand.quiet_after):
            alerts.append(_alert(brand, kind, _rung(after, fire=Fire.OUT), at, at))
            return None
        if after.fire is not before.fire or after.told > before.told:
            alerts.append(_alert(brand, kind, after, at, None))
        return after

    def _stirred(
        self, brand: Brand, state: SpikeState, kind: AlertKind, ringing: Ringing
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
            fresh = self._fresh(brand, state)
            if fresh is None:
                return low
            again = self._seen(state, fresh, after)
            after = _rung(again, hot_at=state.minute, is_again=True)
        return _rung(after, fire=fire, peak=max(peak, hour))

    def _fresh(self, brand: Brand, state: SpikeState) -> Look | None:
        """Return the most unlikely window of anger within the last hour, None when none rings."""
        bar = self._bar(brand, state)
        look = self._anger(brand.name, state, self._windows(brand.name, state, _FRESH), bar)
        return look if look is not None and look.law <= bar else None

    def _seen(self, state: SpikeState, look: Look, ringing: Ringing) -> Ringing:
        """Take what a look saw into an alert."""
        finding = look.finding
        start = normal.window_start(finding.window, state.minute)
        evidence = look.voices[:_MOST_EVIDENCE]
        authors = {voice.author: voice.followers for voice in evidence}
        return _rung(
            ringing,
            window=finding.window,
            observed=look.observed,
            expected=look.expected,
            chance=max(exp(finding.log_chance), _LEAST_CHANCE),
            rate=look.rate,
            told=look.observed,
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


# ---------------------------------------------------------------- counting


def _minute(at: datetime) -> int:
    passed = at - _EPOCH
    return passed.days * 1440 + passed.seconds // 60


@lru_cache(maxsize=256)  # asked at each post when to wake, as a rule for the same minute
def _instant(minute: int) -> datetime:
    return _EPOCH + minute * _MINUTE


def _voice(mention: Mention, anger: float, heat: float, minute: int) -> Voice:
    post = mention.post
    return new_voice(
        minute=minute,
        anger=anger,
        heat=heat,
        thread=post.thread_id,
        author=post.voice,
        fingerprint=mention.fingerprint,
        post=post.id,
        created_at=post.created_at,
        followers=post.author.followers or 0,
    )


def _with(minutes: tuple[Minute, ...], now: int, came: Minute) -> tuple[Minute, ...]:
    """Add to the list of recent minutes, oldest first, and forget the old ones now and then."""
    oldest = now - _FINE + 1
    if minutes and minutes[0].minute < oldest - QUARTER:
        minutes = tuple(m for m in minutes if m.minute >= oldest)
    if came.minute < oldest:
        return minutes
    place = len(minutes)
    while place and minutes[place - 1].minute > came.minute:
        place -= 1
    alone = (came,)
    if not (place and minutes[place - 1].minute == came.minute):
        return minutes[:place] + alone + minutes[place:]
    same = minutes[place - 1]
    both = _new_minute(
        minute=came.minute,
        volume=same.volume + came.volume,
        live=same.live + came.live,
        judged=same.judged + came.judged,
        calm=same.calm + came.calm,
        nameless=same.nameless + came.nameless,
    )
    alone = (both,)
    return minutes[: place - 1] + alone + minutes[place:]


def _is_much_heat(state: SpikeState) -> bool:
    """Whether the last two quarters brought enough anger, and enough anew, to be worth a look.

    A loud brand is looked at each time that they have grown by a twentieth (posts: a tenth), so
    that a storm costs no more a post than a calm day.
    """
    past = state.past
    last, before = past.now, past.closed[-1] if past.closed else _NOTHING
    seen = last.heat + before.heat
    if 20.0 * state.unlooked < seen:
        return False
    return seen >= last.expected_heat * _part(state) + before.expected_heat


def _are_many_posts(state: SpikeState) -> bool:
    """Whether they brought enough posts, and enough anew; see `_is_much_heat`."""
    past = state.past
    last, before = past.now, past.closed[-1] if past.closed else _NOTHING
    seen = last.volume + before.volume
    if 10.0 * state.unlooked_posts < seen:
        return False
    return seen >= 1.3 * (last.expected_volume * _part(state) + before.expected_volume) + 3.0


_NOTHING = Quarter()


def _part(state: SpikeState) -> float:
    """Return how much of the open quarter is over, 0 to 1."""
    return (state.minute - state.past.opened * QUARTER + 1) / QUARTER


def _not_judged(state: SpikeState, start: int, window: int) -> float:
    if window <= _FINE:
        volume: float = sum(m.volume for m in state.minutes if m.minute >= start)
        judged: float = sum(m.judged for m in state.minutes if m.minute >= start)
    else:
        quarters = state.past.quarters[-(state.past.opened - start // QUARTER + 1) :]
        volume = sum(q.volume for q in quarters)
        judged = sum(q.judged for q in quarters)
    return 1.0 - judged / volume if volume else 0.0


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


def _told_expected(finding: Finding, weight: float) -> float:
    """Return what was expected on the scale of what is told: anger where heat was weighed."""
    return finding.expected * weight / finding.observed if finding.observed else 0.0


def _left_out(post: str, created_at: datetime, anger: float | None, why: Why) -> Verdict:
    return Verdict(post=post, created_at=created_at, anger=anger, why=why)


# ---------------------------------------------------------------- the fire
_FADING = (Fire.COOLING, Fire.OUT)


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


# ---------------------------------------------------------------- telling
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
    hour = ringing.started_at.astimezone(UTC)
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
