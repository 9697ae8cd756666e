"""Anger about a brand arrives faster than is normal at this hour.

One fold, two kinds of alert. `spike`: the angry weight of distinct voices, compared with what this
brand's level, its rhythm and the calm posts around it lead to expect. `surge`: the number of
posts alone; it never speaks of anger.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import inf

from emberwatch.core.detect import baseline, calibration, inspection
from emberwatch.core.detect.lookout import Look, Lookout, Window
from emberwatch.core.detect.looks import Looks, WindowLook
from emberwatch.core.detect.past import Past, add, advance, begin, heal, is_gap
from emberwatch.core.detect.quarter import QUARTER, WINDOWS, Quarter, new_quarter, window_start
from emberwatch.core.detect.ringing import ring
from emberwatch.core.detect.spike_state import (
    SpikeSettings,
    SpikeState,
    changed_state,
    instant_of,
    minute_of,
    new_minute,
    with_minute,
)
from emberwatch.core.detect.swift import changer
from emberwatch.core.detect.voices import Choirs, Voice, new_voice
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.event import Event, Mentioned, Tick, Unwatched
from emberwatch.model.mention import Mention
from emberwatch.model.post import PostKind

_moved_on = changer(SpikeState, "minute", "past")
_BOOST = PostKind.BOOST
_taken = changer(SpikeState, "minute", "past", "minutes", "voices", "unlooked", "unlooked_posts")
_looked = changer(
    SpikeState, "looked", "unlooked", "unlooked_posts", "spike", "surge", "over", "episodes"
)


class Spike:
    """The detector of spikes and surges, keyed by brand name."""

    name = "spike"
    version = 4
    state_type = SpikeState

    def __init__(self, brands: Mapping[str, Brand], settings: SpikeSettings | None = None) -> None:
        self._brands = dict(brands)
        self._settings = settings or SpikeSettings()
        self._choirs = Choirs()
        self._lookout = Lookout(self._settings, self._choirs)

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
            since = minute_of(event.since)
            moved = self._move(state, minute_of(event.at), since)
            return self._look(brand, moved, event.at)
        if isinstance(event, Tick) and state is not None:
            moved = self._move(state, minute_of(event.at))
            return self._look(brand, moved, event.at, is_due=True)
        return state, ()

    def wakes_at(self, state: SpikeState) -> datetime | None:
        """Return the next minute while posts are unlooked at, the next quarter while it rings."""
        if state.unlooked > 0.0:
            return instant_of(state.minute + 1)
        if state.spike or state.surge:
            return instant_of((state.past.opened + 1) * QUARTER)
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
            return minute, begin(settings, minute)
        minute = minute if minute > state.minute else state.minute
        if unwatched_since is None and minute // QUARTER == state.past.opened:
            return minute, state.past
        trust = self._trust(state)
        return minute, advance(settings, state.past, minute, trust, unwatched_since)

    def _trust(self, state: SpikeState) -> float:
        """Return how much may be learnt: little in an incident's first hours, all after a day."""
        ringing = state.spike or state.surge
        if ringing is None:
            return 1.0
        hours = (state.minute - minute_of(ringing.started_at)) / 60.0
        if hours < 6.0:
            return 0.15
        return 0.4 if hours < 24.0 else 1.0

    def _mentioned(
        self, brand: Brand, state: SpikeState | None, event: Mentioned
    ) -> tuple[SpikeState, tuple[Alert, ...]]:
        mention = event.mention
        at = minute_of(event.at)
        created = min(minute_of(mention.post.created_at), at)
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
        if not is_history and is_gap(past, minute):
            past = heal(past)
        voices = state.voices
        hot = squares = sounds = returned = 0.0
        if anger is not None:
            sounds = baseline.heat(settings, baseline.unit(settings, past.baseline), anger)
            if sounds > 0.0:
                voice = _voice(mention, anger, sounds, minute)
                heard = self._choirs.already_heard(mention.brand, voices, voice, minute - 60)
                hot = max(0.0, sounds - heard)
                squares = max(0.0, sounds * sounds - heard * heard)
                if heard:
                    still = self._choirs.already_heard(
                        mention.brand, voices, voice, minute - QUARTER
                    )
                    returned = max(0.0, sounds - still) - hot
                since = window_start(WINDOWS[-1], now)
                if not is_history and minute >= since:
                    voices = self._choirs.keep(mention.brand, voices, voice, since)
        known = 0.0 if anger is None else 1.0
        live = 0.0 if is_history else 1.0
        past = add(
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
        came = new_minute(minute=minute, volume=1.0, live=live, judged=known, calm=known - sounds)
        return _taken(
            state,
            minute=now,
            past=past,
            minutes=with_minute(state.minutes, now, came),
            voices=voices,
            unlooked=state.unlooked + live * hot,
            unlooked_posts=state.unlooked_posts + live,
        )

    # ------------------------------------------------------------ a plain series
    def tally(
        self, key: str, state: SpikeState | None, minute: int, posts: float, angry: float
    ) -> SpikeState:
        """Count posts of a minute (since 1970) that nobody can tell apart; look at nothing yet.

        Each of the `angry` is a voice of its own of weight 1. See `scan`.
        """
        moved = self._move(state, minute)
        now = new_minute(
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
        past = add(self._settings.baseline, moved.past, minute, came)
        return changed_state(
            moved,
            past=past,
            minutes=with_minute(moved.minutes, moved.minute, now),
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
        after, _, look = self._see(brand, moved, instant_of(minute), is_due=True, is_scan=True)
        if look is None:
            return after, inf
        return after, after.episodes.tail.rate(look.law + self._lookout.cold_decades(after))

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
        windows: list[Window] = []
        if is_worth_it and (anger_due or (fire_due and state.spike)):
            is_loud = len(state.voices) > self._settings.loud and not (
                is_new or is_due or state.spike
            )
            longest = self._settings.loud_longest if is_loud else WINDOWS[-1]
            windows = self._lookout.windows(brand.name, state, longest)
            state = self._lookout.counted(state)
            widest = (
                inf if is_scan else max(self._lookout.bar(brand, state), -calibration.LEVELS[0])
            )
            anger = self._lookout.anger(brand.name, state, windows, widest)
        spike, surge, episodes = state.spike, state.surge, state.episodes
        if anger_due or (fire_due and spike):
            if anger is not None and not self._lookout.cold_decades(state):
                episodes = calibration.reached(episodes, -anger.law)
            spike = ring(self._lookout, brand, state, AlertKind.SPIKE, spike, anger, at, alerts)
        if posts_due or (fire_due and surge):
            look = self._lookout.volume(brand, state, windows) if is_worth_it else None
            surge = ring(self._lookout, brand, state, AlertKind.SURGE, surge, look, at, alerts)
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

    # ------------------------------------------------------------ why
    def looks(self, brand: Brand, state: SpikeState, asked: Iterable[Mentioned] = ()) -> Looks:
        """Return every window of every series at the state's minute; see `inspection.inspect`."""
        return inspection.inspect(self._lookout, brand, state, asked)

    def likely(self, state: SpikeState, look: WindowLook) -> tuple[float, float]:
        """Return between what four such windows of five lie, by the law that judges them."""
        return inspection.likely(self._lookout, state, look)


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
