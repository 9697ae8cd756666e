"""Who is angry: in one window a thread, an author and a text give one voice each."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate
from operator import attrgetter

from emberwatch.core.detect.swift import maker

MOST_KEPT = 1024
"""Voices kept a brand; see `keep`."""

_SLOT = 15
_MANY = 128
"""Voices from which on it is quicker to hold them in order than to go through them."""
_MOST_OF_A_THREAD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """An angry mention: its minute since 1970, how angry (0..1), and what makes it one voice.

    `heat` (0..1) is how angry that is for this brand. An empty `fingerprint` is the text of nobody
    else. `followers` is 0 where nobody tells.
    """

    minute: int
    anger: float
    heat: float
    thread: str
    author: str
    fingerprint: str
    post: str
    created_at: datetime
    followers: int = 0


new_voice = maker(Voice)


def distinct(voices: Iterable[Voice]) -> list[Voice]:
    """Return the voices that count, angriest first; the order they come in does not matter.

    Greedy from the angriest: one whose thread, author or text was already heard is left out.
    """
    threads: set[str] = set()
    authors: set[str] = set()
    texts: set[str] = set()
    heard: list[Voice] = []
    for voice in sorted(voices, key=_rank):
        if voice.thread in threads or voice.author in authors or voice.fingerprint in texts:
            continue
        threads.add(voice.thread)
        authors.add(voice.author)
        if voice.fingerprint:
            texts.add(voice.fingerprint)
        heard.append(voice)
    return heard


class Why(StrEnum):
    """Why a mention counts as an angry voice, or does not."""

    COUNTED = "counted"
    SAME_THREAD = "same_thread"
    SAME_AUTHOR = "same_author"
    SAME_TEXT = "same_text"
    FAINT = "faint"
    NOT_JUDGED = "not_judged"
    BOOST = "boost"
    HISTORY = "history"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one mention. `behind` is the post of the voice that it only repeats.

    `outside`: it was written before the window, so late posts and old ones say nothing of now.
    """

    post: str
    created_at: datetime
    anger: float | None
    why: Why
    behind: str | None = None


def verdicts(voices: Iterable[Voice]) -> list[Verdict]:
    """Return what became of each voice of one window, angriest first; see `distinct`."""
    threads: dict[str, str] = {}
    authors: dict[str, str] = {}
    texts: dict[str, str] = {}
    found: list[Verdict] = []
    for voice in sorted(voices, key=_rank):
        why, behind = Why.COUNTED, None
        for heard, by, what in (
            (threads, voice.thread, Why.SAME_THREAD),
            (authors, voice.author, Why.SAME_AUTHOR),
            (texts, voice.fingerprint, Why.SAME_TEXT),
        ):
            if by in heard:
                why, behind = what, heard[by]
                break
        else:
            threads[voice.thread] = authors[voice.author] = voice.post
            if voice.fingerprint:
                texts[voice.fingerprint] = voice.post
        found.append(
            Verdict(
                post=voice.post,
                created_at=voice.created_at,
                anger=voice.anger,
                why=why,
                behind=behind,
            )
        )
    return found


def already_heard(voices: tuple[Voice, ...], voice: Voice, since: int) -> float:
    """Return the greatest heat since a minute that this voice only repeats, 0 if it is new."""
    thread, author, text = voice.thread, voice.author, voice.fingerprint
    same = [
        other.heat
        for other in since_minute(voices, since)
        if other.thread == thread or other.author == author or (text and other.fingerprint == text)
    ]
    return max(same, default=0.0)


class Choir:
    """Many voices, ordered so that a question about them does not go through all: a loud brand
    would pay for that at each angry post.

    Those from the minute `since` on are known by what makes two of them one.
    """

    __slots__ = ("_by_author", "_by_text", "_by_thread", "_heat", "_minutes", "since", "voices")

    def __init__(self, voices: tuple[Voice, ...], since: int) -> None:
        self.voices = voices
        self.since = since
        self._minutes = [voice.minute for voice in voices]
        self._heat = list(accumulate([voice.heat for voice in voices], initial=0.0))
        self._by_thread: defaultdict[str, list[Voice]] = defaultdict(list)
        self._by_author: defaultdict[str, list[Voice]] = defaultdict(list)
        self._by_text: defaultdict[str, list[Voice]] = defaultdict(list)
        for voice in since_minute(voices, since):
            self._take(voice)

    def join(self, voices: tuple[Voice, ...], voice: Voice) -> None:
        """Go on with `voices`, which are those of before and one more in its place."""
        place = bisect_right(self._minutes, voice.minute)
        self.voices = voices
        self._minutes.insert(place, voice.minute)
        del self._heat[place + 1 :]
        for later in voices[place:]:
            self._heat.append(self._heat[-1] + later.heat)
        self._take(voice)

    def since_minute(self, minute: int) -> tuple[int, float]:
        """Return how many voices there are from a minute on, and their heat."""
        place = bisect_left(self._minutes, minute)
        return len(self._minutes) - place, self._heat[-1] - self._heat[place]

    def already_heard(self, voice: Voice, since: int) -> float:
        """See the function of this name; the minute is not before the choir's `since`.

        Any heat that is not below the voice's own will do, for then the voice adds nothing.
        """
        loudest, enough = 0.0, voice.heat
        for alike in (
            self._by_thread.get(voice.thread, ()),
            self._by_author.get(voice.author, ()),
            self._by_text.get(voice.fingerprint, ()),
        ):
            for other in reversed(alike):
                if other.heat > loudest and other.minute >= since:
                    loudest = other.heat
                    if loudest >= enough:
                        return loudest
        return loudest

    def _take(self, voice: Voice) -> None:
        self._by_thread[voice.thread].append(voice)
        self._by_author[voice.author].append(voice)
        if voice.fingerprint:
            self._by_text[voice.fingerprint].append(voice)


class Choirs:
    """The voices of loud brands, held in order beside their states, for as long as these go on.

    They only spare work: a choir is made anew when it is of another state.
    """

    def __init__(self) -> None:
        self._of: dict[str, Choir] = {}

    def of(self, key: str, voices: tuple[Voice, ...], since: int) -> Choir | None:
        """Return the voices in order, None where they are few."""
        if len(voices) < _MANY:
            return None
        choir = self._of.get(key)
        if choir is None or choir.voices is not voices:
            choir = self._of[key] = Choir(voices, since - _SLOT)
        return choir

    def already_heard(self, key: str, voices: tuple[Voice, ...], voice: Voice, since: int) -> float:
        """Return the greatest heat that a voice only repeats."""
        choir = self.of(key, voices, since)
        if choir is None or since < choir.since:
            return already_heard(voices, voice, since)
        return choir.already_heard(voice, since)

    def keep(
        self, key: str, voices: tuple[Voice, ...], voice: Voice, since: int
    ) -> tuple[Voice, ...]:
        """Keep a voice; it joins the choir where no other was forgotten."""
        kept = keep(voices, voice, since)
        choir = self._of.get(key)
        if choir and choir.voices is voices and len(kept) > len(voices):
            choir.join(kept, voice)
        return kept


def since_minute(voices: tuple[Voice, ...], minute: int) -> tuple[Voice, ...]:
    """Return the voices from a minute on; they are kept in the order of minutes."""
    return voices[bisect_left(voices, minute, key=_minute) :]


def keep(voices: tuple[Voice, ...], voice: Voice, since: int) -> tuple[Voice, ...]:
    """Add a voice in the order of minutes and forget those before `since`, now and then.

    Beyond `MOST_KEPT`, first the lesser voices of one thread in one quarter of an hour go (a
    thread of ten thousand must not drown the others), then the oldest.
    """
    alone = (voice,)
    if not voices or voices[-1].minute <= voice.minute:
        kept = voices + alone  # in one copy: unpacking both makes two, at each voice
    else:
        place = len(voices)
        while place and voices[place - 1].minute > voice.minute:
            place -= 1
        kept = (*voices[:place], voice, *voices[place:])
    if kept[0].minute < since - _SLOT:
        kept = since_minute(kept, since)
    return kept if len(kept) <= MOST_KEPT else _thin(kept)


def _thin(voices: Sequence[Voice]) -> tuple[Voice, ...]:
    slots: defaultdict[tuple[str, int], list[Voice]] = defaultdict(list)
    for voice in voices:
        slots[voice.thread, voice.minute // _SLOT].append(voice)
    chosen = {
        voice.post
        for alike in slots.values()
        for voice in (
            alike
            if len(alike) <= _MOST_OF_A_THREAD
            else sorted(alike, key=_rank)[:_MOST_OF_A_THREAD]
        )
    }
    return tuple([v for v in voices if v.post in chosen])[-(MOST_KEPT * 3 // 4) :]


def leading_thread(voices: Sequence[Voice]) -> str | None:
    """Return the thread that at least half of these voices stand in, if they are several."""
    if len(voices) < 2:
        return None
    counts: dict[str, int] = {}
    for voice in voices:
        counts[voice.thread] = counts.get(voice.thread, 0) + 1
    thread = max(counts, key=lambda name: (counts[name], name))
    return thread if counts[thread] > 1 and 2 * counts[thread] >= len(voices) else None


_minute = attrgetter("minute")


def _rank(voice: Voice) -> tuple[float, datetime, str]:
    return (-voice.anger, voice.created_at, voice.post)
