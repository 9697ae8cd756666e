"""What stands behind a trouble: its author's past, themes that keep coming back, who is next.

It is frozen with the incident, so that people read what was known when it rang.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from emberwatch.core.respond.complaint import NEGATIVE_FROM
from emberwatch.core.respond.themes import ANGRY_FROM, is_angry
from emberwatch.core.respond.triage import exhibit_of
from emberwatch.model.incident import Encounter, Exhibit, History, Incident, Recurrence
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Post

LOOKED_BACK = timedelta(days=30)
"""How far back a theme is looked for (rule R11)."""

RECURS_IN_INCIDENTS = 3
RECURS_IN_SHARE = 0.2
"""A theme in so many incidents, or in this share of the angry posts, is a policy to mend."""

LEAST_ANGRY_POSTS = 10
"""Of fewer angry posts in those days a share says nothing."""

TOLD_AGAIN_AFTER = timedelta(days=7)
"""A theme that keeps coming back is told of once in so long."""

AFFECTED_WITHIN = timedelta(days=3)
"""Who spoke of the matter calmly so long ago may still wait for it to be mended."""

MOST_EARLIER = 3
MOST_ENCOUNTERS = 5
MOST_AFFECTED = 10
MOST_EXAMPLES = 3
MOST_REMEMBERED = 200
"""Posts of an author that are looked at, the latest."""

LONGEST_QUOTE = 500
"""Characters of an earlier post, of an example, of a post of somebody affected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AngryPosts:
    """How many angry posts a brand had in some time, in all and by theme."""

    total: int = 0
    of: Mapping[str, int] = field(default_factory=dict)


def with_angry_posts(stored: AngryPosts, mentions: Iterable[Mention]) -> AngryPosts:
    """Return the counts with further mentions of the same brand and time."""
    angry = [
        each for each in mentions if each.score.anger is not None and each.score.anger >= ANGRY_FROM
    ]
    of = Counter(stored.of)
    for mention in angry:
        of.update(mention.themes)
    return AngryPosts(total=stored.total + len(angry), of=of)


def by_author(mentions: Iterable[Mention], post: Post, brand: str, most: int) -> list[Mention]:
    """Return the latest of these mentions that the author of a post wrote of a brand."""
    if not post.author.handle:
        return []
    theirs = [each for each in mentions if each.brand == brand and each.post.voice == post.voice]
    return _latest(theirs, most)


def speaking_of(
    mentions: Iterable[Mention], brand: str, themes: Sequence[str], since: datetime, most: int
) -> list[Mention]:
    """Return the latest of these mentions that are of a theme and not angry."""
    calm = [
        each
        for each in mentions
        if each.brand == brand
        and each.post.created_at >= since
        and each.post.text
        and (each.score.anger or 0.0) < ANGRY_FROM
        and set(each.themes) & set(themes)
    ]
    return _latest(calm, most)


def _latest(mentions: Iterable[Mention], most: int) -> list[Mention]:
    ordered = sorted(mentions, key=lambda each: each.post.created_at)
    return ordered[::-1][:most]


def history_of(mentions: Iterable[Mention], incidents: Iterable[Incident]) -> History | None:
    """Return the past of an author, None where there is none.

    `mentions` are theirs, of this brand, written before the trouble; `incidents` are those in
    whose evidence these stand.
    """
    past = sorted(mentions, key=lambda each: (each.post.created_at, each.post.id))
    past = past[-MOST_REMEMBERED:]
    if not past:
        return None
    angers = [each.score.anger for each in past if each.score.anger is not None]
    ids = {each.post.id for each in past}
    met = [
        incident
        for incident in incidents
        if any(exhibit.post_id in ids for exhibit in incident.exhibits)
    ]
    met.sort(key=lambda incident: (incident.opened_at, incident.id), reverse=True)
    return History(
        posts=len(past),
        angry_posts=sum(is_angry(anger) for anger in angers),
        anger=sum(angers) / len(angers) if angers else None,
        first_at=past[0].post.created_at,
        last_at=past[-1].post.created_at,
        reach=max((each.post.author.followers or 0 for each in past), default=0) or None,
        encounters=tuple(
            Encounter(
                incident_id=incident.id,
                opened_at=incident.opened_at,
                status=incident.status,
                resolution=incident.resolution,
            )
            for incident in met[:MOST_ENCOUNTERS]
        ),
        earlier=tuple(exhibit_of(each, LONGEST_QUOTE) for each in past[: -MOST_EARLIER - 1 : -1]),
    )


def recurring(
    incident: Incident, others: Sequence[Incident], angry: AngryPosts
) -> tuple[Recurrence, ...]:
    """Return which of an incident's themes keep coming back and were not told of this week.

    `others` are the brand's incidents of the last 30 days, `angry` its angry posts of that time.
    """
    held = {each.theme for each in incident.recurring}
    found: list[Recurrence] = []
    for theme in incident.themes:
        same = [each for each in others if theme in each.themes and each.id != incident.id]
        each = recurrence_of(theme, (incident, *same), angry)
        is_news = keeps_coming_back(each, angry) and not _was_told(theme, same, incident)
        if theme in held or is_news:
            found.append(each)
    return tuple(found)


def recurrence_of(theme: str, incidents: Sequence[Incident], angry: AngryPosts) -> Recurrence:
    """Return how often a theme came: `incidents` are those of 30 days that bear it."""
    posts = angry.of.get(theme, 0)
    return Recurrence(
        theme=theme,
        incidents=len(incidents),
        angry_posts=posts,
        share=posts / angry.total if angry.total else 0.0,
        examples=_examples(theme, incidents),
    )


def keeps_coming_back(recurrence: Recurrence, angry: AngryPosts) -> bool:
    """Whether a theme came so often that the policy behind it is to be mended."""
    is_much = recurrence.share >= RECURS_IN_SHARE and angry.total >= LEAST_ANGRY_POSTS
    return recurrence.incidents >= RECURS_IN_INCIDENTS or is_much


def _was_told(theme: str, others: Iterable[Incident], incident: Incident) -> bool:
    """Whether another incident told of a theme within the week before this one opened."""
    since = incident.opened_at - TOLD_AGAIN_AFTER
    return any(
        since < other.opened_at and any(each.theme == theme for each in other.recurring)
        for other in others
    )


def _examples(theme: str, incidents: Iterable[Incident]) -> tuple[Exhibit, ...]:
    """Return the angriest posts of a theme, one an author."""
    posts = [
        post
        for incident in incidents
        for post in incident.exhibits
        if theme in post.themes and post.text
    ]
    posts.sort(key=lambda post: (-(post.anger or 0.0), post.post_id))
    by_author: dict[str, Exhibit] = {}
    for post in posts:
        by_author.setdefault(post.author or post.post_id, post)
    return tuple(_shortened(post) for post in list(by_author.values())[:MOST_EXAMPLES])


def _shortened(post: Exhibit) -> Exhibit:
    """Return a post with as much of its text as stands beside other posts."""
    return replace(post, text=post.text[:LONGEST_QUOTE])


def affected(incident: Incident, mentions: Iterable[Mention]) -> tuple[Exhibit, ...]:
    """Return one post each of those who speak of the same and are not angry yet (rule R10).

    `mentions` are of the incident's themes. The widest heard come first; who stands in evidence
    is angry already, and who is not named cannot be written to.
    """
    angry = {post.author for post in incident.exhibits}
    calm = [
        each
        for each in mentions
        if is_calm(each.score)
        and each.post.author.handle
        and each.post.author.handle not in angry
        and set(each.themes) & set(incident.themes)
    ]
    calm.sort(
        key=lambda each: (
            -(each.post.author.followers or 0),
            -each.post.created_at.timestamp(),
            each.post.id,
        )
    )
    by_author: dict[str, Mention] = {}
    for mention in calm:
        by_author.setdefault(mention.post.voice, mention)
    chosen = list(by_author.values())[:MOST_AFFECTED]
    return tuple(exhibit_of(each, LONGEST_QUOTE) for each in chosen)


def is_calm(score: Score) -> bool:
    """Whether somebody is known not to be angry yet; what nobody judged is not known."""
    if score.anger is not None:
        return score.anger < ANGRY_FROM
    return score.sentiment is not None and score.sentiment > -NEGATIVE_FROM
