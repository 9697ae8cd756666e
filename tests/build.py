"""Builders with defaults, so that a test states only what matters."""

from datetime import UTC, datetime, timedelta
from typing import Any

from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.brand import Brand
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Post, PostKind, post_key

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday."""


def minutes(count: float) -> timedelta:
    """Return that many minutes."""
    return timedelta(minutes=count)


def a_brand(name: str = "Acme", **facts: Any) -> Brand:
    """Return a brand that is called by its name."""
    facts.setdefault("words", (name.lower(),))
    return Brand(name=name, **facts)


def a_post(
    native_id: str = "1",
    *,
    text: str = "Acme lost my parcel again",
    author: str = "anna",
    at: datetime = NOON,
    thread: str | None = None,
    parent: str | None = None,
    followers: int | None = None,
    source: str = "jsonl",
    **facts: Any,
) -> Post:
    """Return a post; `thread` and `parent` are native ids of the same source."""
    facts.setdefault("seen_at", at)
    facts.setdefault("kind", PostKind.REPLY if parent else PostKind.POST)
    return Post(
        source=source,
        native_id=native_id,
        author=Author(handle=author, followers=followers),
        text=text,
        created_at=at,
        parent_id=post_key(source, "", parent) if parent else None,
        thread_id=post_key(source, "", thread) if thread else "",
        **facts,
    )


def a_score(anger: float | None = 0.8, **facts: Any) -> Score:
    """Return a score of that anger; None is a text that could not be judged."""
    is_judged = anger is not None
    facts.setdefault("sentiment", -anger if anger is not None else None)
    facts.setdefault("negative", (1 + anger) / 2 if anger is not None else None)
    facts.setdefault("language", "en" if is_judged else "bg")
    return Score(anger=anger, judged=is_judged, scorer="test", **facts)


def a_mention(
    native_id: str = "1", *, anger: float | None = 0.8, brand: str = "Acme", **facts: Any
) -> Mention:
    """Return a mention of a post built by `a_post`."""
    fingerprint = facts.pop("fingerprint", "")
    themes = facts.pop("themes", ())
    return Mention(
        brand=brand,
        post=a_post(native_id, **facts),
        score=a_score(anger),
        matched=brand.lower(),
        feed="town",
        fingerprint=fingerprint,
        themes=themes,
    )


def an_alert(id: str = "spike:Acme:1", **facts: Any) -> Alert:
    """Return an open spike of Acme."""
    facts.setdefault("kind", AlertKind.SPIKE)
    facts.setdefault("brand", None if facts["kind"].is_about_us else "Acme")
    facts.setdefault("subject", facts["brand"] or "town")
    facts.setdefault("started_at", NOON)
    facts.setdefault("at", facts["started_at"])
    facts.setdefault("fire", Fire.GROWING)
    facts.setdefault("reason", "9.3 angry voices in 60 minutes where 1.2 are usual")
    return Alert(id=id, **facts)
