"""What people complained about, drawn from the stored mentions when somebody asks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emberwatch.core.read.terms import parts_words
from emberwatch.core.read.themes import Themes
from emberwatch.core.respond import background
from emberwatch.core.respond.complaint import complains
from emberwatch.core.respond.theme_count import ThemeCount, Window, count_themes
from emberwatch.model.brand import Brand
from emberwatch.model.incident import Recurrence
from emberwatch.model.mention import Mention
from emberwatch.ports import Reading

BEFORE = 4
"""Stretches of the same length that tell what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeReport:
    """A brand's themes between two instants, the one that causes the most anger first.

    `recurring` are those of the user's themes that keep coming back in the last 30 days of the
    database's clock: what to take to the owner of the policy (rule R11). Of the posts that none of
    the user's themes explains, `unjudged` are in no discovered one because nobody could judge them,
    and `unspaced` because their script does not part its words, though they may complain.
    """

    brand: str
    since: datetime
    until: datetime
    themes: tuple[ThemeCount, ...]
    recurring: tuple[Recurrence, ...] = ()
    unjudged: int = 0
    unspaced: int = 0


def theme_report(
    look: Reading, brand: Brand, since: datetime, until: datetime, before: int = BEFORE
) -> ThemeReport:
    """Return a brand's themes from `since` on and before `until`, beside the stretches before.

    The user's themes are found as the configuration has them now, whenever the posts came.
    Stretches from before the first mention are left out, so that a young watch has no false trend.
    """
    length = until - since
    themes = Themes((brand,))
    windows = [Window() for _ in range(before + 1)]
    first: datetime | None = None
    unjudged = unspaced = 0
    earliest = since - before * length
    for mention in look.mentions_between(brand.name, earliest, until):
        first = first or mention.post.created_at
        found = themes.match(mention.post.text).get(brand.name, ())
        place = _windows_back(mention, until, length)
        windows[place].add(replace(mention, themes=found))
        if place == 0 and not found and mention.post.text:
            if not mention.score.judged:
                unjudged += 1
            elif complains(mention.score) and not parts_words(mention.post.text):
                unspaced += 1
    watched = [
        window
        for place, window in enumerate(windows[1:], start=1)
        if first is not None and first < until - place * length
    ]
    names = [theme.name for theme in brand.themes]
    counted = count_themes(windows[0], watched, names)
    return ThemeReport(
        brand=brand.name,
        since=since,
        until=until,
        themes=counted,
        recurring=_recurring(look, brand.name, names, look.clock() or until),
        unjudged=unjudged,
        unspaced=unspaced,
    )


def _recurring(
    look: Reading, brand: str, themes: list[str], now: datetime
) -> tuple[Recurrence, ...]:
    """Return which themes keep coming back, in the order given."""
    since = now - background.LOOKED_BACK
    angry = look.angry_posts(brand, since)
    incidents = look.incidents(opened_from=since, brand=brand)
    found = (
        background.recurrence_of(
            theme, [incident for incident in incidents if theme in incident.themes], angry
        )
        for theme in themes
    )
    return tuple(each for each in found if background.keeps_coming_back(each, angry))


def _windows_back(mention: Mention, until: datetime, length: timedelta) -> int:
    return int((until - mention.post.created_at - timedelta(microseconds=1)) / length)
