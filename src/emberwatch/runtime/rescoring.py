"""Judges stored posts again: after a change of scorer, or where one failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from emberwatch.model.errors import ScoringFailed
from emberwatch.model.mention import Mention, Score
from emberwatch.ports import Scorer, Store, Text

PAGE = 256
"""Posts that are read, judged and written at once; the daemon writes in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """What was done so far. `anger` and `anger_before` are sums over the mentions.

    `changed` counts mentions whose judgement differs; of those on which the scorer `failed`, `why`
    says how the last one did. What a person edited or erased in the meantime is left out.
    """

    posts: int = 0
    mentions: int = 0
    changed: int = 0
    failed: int = 0
    why: str = ""
    not_judged_before: int = 0
    not_judged: int = 0
    anger_before: float = 0.0
    anger: float = 0.0


def rescored(
    store: Store,
    scorer: Scorer,
    languages: Mapping[str, tuple[str, ...]],
    *,
    brand: str | None = None,
    since: datetime | None = None,
    has_failed: bool = False,
) -> Iterator[Rescored]:
    """Judge posts again, page by page, and yield what was done after each.

    `languages` are those that each brand expects. Each page is written in a short transaction of
    its own. Detectors, incidents and corrections do not change.
    """
    done = Rescored()
    yield done
    after: str | None = None
    while True:
        with store.reading() as look:
            page = look.scored(
                brand=brand, since=since, has_failed=has_failed, after=after, most=PAGE
            )
        if not page:
            return
        after = page[-1].post.id
        done, mentions = _judged(page, scorer, languages, done)
        with store.writing() as transaction:
            transaction.rescore(mentions)
        yield done


def _judged(
    page: Sequence[Mention],
    scorer: Scorer,
    languages: Mapping[str, tuple[str, ...]],
    done: Rescored,
) -> tuple[Rescored, list[Mention]]:
    """Return what was done with this page too, and its mentions with their new scores."""
    posts = [list(mentions) for _, mentions in groupby(page, key=lambda each: each.post.id)]
    scores = _scores(scorer, [_text(mentions, languages) for mentions in posts])
    done = replace(done, posts=done.posts + len(posts))
    fresh = []
    for mentions, score in zip(posts, scores, strict=True):
        for before in mentions:
            done = replace(
                done,
                mentions=done.mentions + 1,
                not_judged_before=done.not_judged_before + (not before.score.judged),
                anger_before=done.anger_before + (before.score.anger or 0.0),
            )
            if isinstance(score, str):
                done = replace(done, failed=done.failed + 1, why=score)
            after = before.score if isinstance(score, str) else score
            done = replace(
                done,
                changed=done.changed + (_judgement(after) != _judgement(before.score)),
                not_judged=done.not_judged + (not after.judged),
                anger=done.anger + (after.anger or 0.0),
            )
            if after is not before.score:
                fresh.append(replace(before, score=after))
    return done, fresh


def _text(mentions: Sequence[Mention], languages: Mapping[str, tuple[str, ...]]) -> Text:
    post = mentions[0].post
    return Text(
        text=post.text,
        language=post.language,
        expected=tuple(tag for each in mentions for tag in languages.get(each.brand, ())),
    )


def _scores(scorer: Scorer, texts: Sequence[Text]) -> list[Score | str]:
    """Return a score for each text, or why there is none: one text may fail them all."""
    try:
        return list(scorer.score(texts))
    except ScoringFailed as error:
        if len(texts) == 1:
            return [str(error)]
    return [each for text in texts for each in _scores(scorer, [text])]


def _judgement(score: Score) -> tuple[object, ...]:
    return score.sentiment, score.negative, score.anger, score.judged, score.language
