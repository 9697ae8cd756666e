"""The questions that the database answers within one transaction."""

# ruff: noqa: S608 - the statements are put together of our own column names, nothing else

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import cast

from emberwatch.core.respond.background import AngryPosts
from emberwatch.core.respond.clocks import Told
from emberwatch.core.respond.themes import ANGRY_FROM
from emberwatch.model.alert import Alert
from emberwatch.model.event import Unwatched
from emberwatch.model.incident import Exhibit, Incident, Step
from emberwatch.model.mention import FAILED, Correction, Mention, Voice
from emberwatch.model.notification import Notification, Owed
from emberwatch.model.post import Post
from emberwatch.model.silence import Silence
from emberwatch.ports import (
    BrandStatistics,
    Conversation,
    Count,
    Cursor,
    FeedHealth,
    Known,
    Root,
    Statistics,
    StoredCount,
    StoredPost,
    StoredState,
    Try,
)
from emberwatch.store import rows
from emberwatch.store.codec import clean, instant_text, read_instant, read_mapping, strings_json

POST_CELLS = len(rows.POST_READ_COLUMNS.split(", "))
MENTION_CELLS = len(rows.MENTION_READ_COLUMNS.split(", "))

CLOCK = "SELECT at FROM _clock"

KNOWN_BY_ID = """
    SELECT id, uri, id, read_at, text, is_mention, replies, boosts, quotes, likes, views
    FROM _post WHERE id IN (SELECT value FROM json_each(?))
"""
KNOWN_BY_URI = """
    SELECT id, uri, id, read_at, text, is_mention, replies, boosts, quotes, likes, views
    FROM _post WHERE uri IN (SELECT value FROM json_each(?)) ORDER BY row DESC
"""

THREADS = """
    SELECT key, thread_id FROM _post
    WHERE kind <> 'boost' AND key IN (SELECT value FROM json_each(?)) ORDER BY row DESC
"""

MENTIONS = f"""
    SELECT p.id, {rows.MENTION_READ_COLUMNS}
    FROM _post p JOIN _mention m ON m.post = p.row
    WHERE p.id IN (SELECT value FROM json_each(?)) AND m.brand = ?
"""

STANDING = """
    SELECT id, key FROM _post
    WHERE is_erased = 0 AND key IN (SELECT value FROM json_each(?)) ORDER BY row
"""
MENTIONS_OF_POST = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM _post p JOIN _mention m ON m.post = p.row
    WHERE p.id = ? ORDER BY m.brand
"""
# an address has no index of its own: people ask seldom, and once
MENTIONS_OF_ADDRESS = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM _post p JOIN _mention m ON m.post = p.row
    WHERE p.url = ? ORDER BY p.row, m.brand
"""
LATEST_MENTIONS = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM (
      SELECT * FROM _mention
      WHERE (?1 IS NULL OR brand = ?1) AND (?2 <= 0 OR anger >= ?2)
      ORDER BY created_at DESC, post DESC, brand LIMIT ?3
    ) m JOIN _post p ON p.row = m.post
    ORDER BY m.created_at DESC, m.post DESC, m.brand
"""
MENTIONS_BETWEEN = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM _mention m CROSS JOIN _post p ON p.row = m.post
    WHERE m.brand = ? AND m.created_at >= ? AND m.created_at < ? AND +p.is_erased = 0
    ORDER BY m.created_at, m.post
"""
# CROSS and `+` keep SQLite to the order of the primary key, so that page after page comes to one
# walk through the table, where it would walk through all posts for each
_TO_SCORE = """
    FROM _mention m CROSS JOIN _post p ON p.row = m.post
    WHERE (?1 IS NULL OR m.brand = ?1) AND m.created_at >= ?2
      AND (NOT ?3 OR (m.judged = 0 AND m.scorer LIKE ?4)) AND +p.is_erased = 0
"""
SCORED = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM (
      SELECT DISTINCT m.post AS row {_TO_SCORE}
        AND m.post > ifnull((SELECT row FROM _post WHERE id = ?5), 0)
      ORDER BY m.post LIMIT ?6
    ) w CROSS JOIN _mention m ON m.post = w.row JOIN _post p ON p.row = m.post
    ORDER BY m.post, m.brand
"""
COUNT_SCORED = f"SELECT count(DISTINCT m.post) {_TO_SCORE}"
CORRECTIONS = """
    SELECT p.id, c.at, c.who, c.sentiment, c.anger, c.note
    FROM _correction c JOIN _post p ON p.row = c.post
    WHERE ?1 IS NULL OR p.id IN (SELECT value FROM json_each(?1)) ORDER BY c.at, c.post
"""

VOICES = """
    SELECT m.brand, p.source, p.host, p.author, p.id, m.created_at, ifnull(c.anger, m.anger),
      ifnull(m.language, p.language), p.followers,
      ifnull(p.replies, 0) + ifnull(p.boosts, 0) + ifnull(p.quotes, 0)
    FROM _mention m JOIN _post p ON p.row = m.post LEFT JOIN _correction c ON c.post = m.post
    WHERE m.brand = ?1 AND m.created_at >= ?2 AND m.created_at < ?3
      AND (?4 <= 0 OR ifnull(c.anger, m.anger) >= ?4)
    ORDER BY m.created_at, m.post
"""

# a root's counters as they were first read were read with the post itself
POSTS = f"""
    SELECT p.row, {rows.MENTION_READ_COLUMNS}, p.feed, p.is_erased,
      c.thread_id, c.replies, c.boosts, c.quotes, c.likes, c.views
    FROM _post p
    LEFT JOIN _mention m ON m.post = p.row
    LEFT JOIN _count c ON p.is_root = 1 AND c.thread_id = p.key AND c.at = p.seen_at
    ORDER BY p.row, m.brand
"""
COUNTS = """
    SELECT c.at, c.thread_id, c.root_created_at, ifnull(p.feed, ''),
      c.replies, c.boosts, c.quotes, c.likes, c.views
    FROM _count c LEFT JOIN _post p ON p.key = c.thread_id AND p.is_root = 1
    WHERE p.row IS NULL OR p.seen_at <> c.at
    ORDER BY c.at, c.thread_id
"""
UNWATCHED = "SELECT brand, since, until FROM _unwatched ORDER BY until, since, brand"

STATES = "SELECT detector, version, key, body FROM _state"

CURSOR = "SELECT cursor FROM _cursor WHERE feed = ?"

HEALTH = f"SELECT {rows.FEED_COLUMNS} FROM _feed ORDER BY feed"

# Hottest: most reactions (the greater of seen and counted, as everywhere) an hour of its life,
# which is taken as ten minutes at least. CROSS and `+` keep SQLite to the few posts that came and
# threads that moved, where it would walk through all posts. A thread moved last when its counters
# were read last as less than they are now, unless it is items that we saw which make its size.
ROOTS = """
    WITH candidate (row) AS (
      SELECT row FROM _post
      WHERE is_erased = 0 AND seen_at > ?2 AND is_root = 1 AND is_mention = 1
      UNION
      SELECT p.row FROM _thread t CROSS JOIN _post p ON p.key = t.thread_id AND p.is_root = 1
      WHERE t.at > ?2 AND +p.is_erased = 0 AND (t.has_mention = 1 OR p.is_mention = 1)
    ), root AS (
      SELECT p.*, ifnull(t.replies_seen, 0) AS read_replies, t.at AS touched_at,
        ifnull(t.replies + t.boosts + t.quotes, 0) AS counted,
        ifnull(max(t.replies, t.replies_seen) + max(t.boosts, t.boosts_seen)
          + max(t.quotes, t.quotes_seen), 0) AS size
      FROM candidate c CROSS JOIN _post p ON p.row = c.row
      LEFT JOIN _thread t ON t.thread_id = p.key
      WHERE p.created_at > ?1
      GROUP BY p.key
      ORDER BY size
        / max(julianday((SELECT max(at) FROM _thread)) - julianday(p.created_at), 10.0 / 1440) DESC,
        p.row DESC
      LIMIT ?3
    )
    SELECT key, native_id, created_at, source, host, feed, url, size, read_replies,
      CASE WHEN size = 0 THEN NULL WHEN size > counted THEN touched_at ELSE ifnull((
        SELECT c.at FROM _count c WHERE c.thread_id = root.key
          AND ifnull(c.replies, 0) + ifnull(c.boosts, 0) + ifnull(c.quotes, 0) < counted
        ORDER BY c.at DESC LIMIT 1
      ), seen_at) END,
      (SELECT max(c.at) FROM _count c WHERE c.thread_id = root.key)
    FROM root
"""

INCIDENT_BY_ID = f"SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident WHERE id = ?"
INCIDENT_BY_BEGINNING = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident WHERE id >= ? AND id < ? LIMIT 2
"""
GATHERING = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE is_closed = 0 ORDER BY opened_at, row
"""
LATEST_OF_BRAND = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE brand = ? AND kind <> 'follow_up_due' ORDER BY opened_at DESC, row DESC LIMIT 1
"""
LATEST_OF_SUBJECT = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE brand IS NULL AND subject = ? ORDER BY opened_at DESC, row DESC LIMIT 1
"""
FOLLOW_UPS = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE follow_up_at IS NOT NULL AND (?1 IS NULL OR follow_up_at <= ?1)
    ORDER BY follow_up_at, row
"""
WAKING = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE wakes_at IS NOT NULL AND (?1 IS NULL OR wakes_at <= ?1) ORDER BY wakes_at, row
"""
SILENCES = f"""
    SELECT {rows.SILENCE_COLUMNS} FROM _silence
    WHERE ?1 IS NULL OR (until > ?1 AND at <= ?1) ORDER BY at, id
"""
INCIDENTS = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE opened_at >= ?1 AND opened_at <= ?2 AND (?3 IS NULL OR is_closed = ?3)
      AND (?4 IS NULL OR brand = ?4) AND (?6 IS NULL OR is_closed = 0 OR closed_at >= ?6)
    ORDER BY opened_at DESC, row DESC LIMIT ?5
"""
ALERTS_OF_INCIDENTS = f"""
    SELECT l.incident, {", ".join("a." + name for name in rows.ALERT_COLUMNS.split(", "))}
    FROM _incident_alert l JOIN _alert a ON a.id = l.alert_id
    WHERE l.incident IN (SELECT value FROM json_each(?)) ORDER BY l.incident, l.position
"""
EXHIBITS_OF_INCIDENTS = f"""
    SELECT incident, {rows.EXHIBIT_COLUMNS} FROM _exhibit
    WHERE incident IN (SELECT value FROM json_each(?)) ORDER BY incident, position
"""
BESIDE_INCIDENTS = f"""
    SELECT incident, role, theme, {rows.EXHIBIT_COLUMNS} FROM _beside
    WHERE incident IN (SELECT value FROM json_each(?)) ORDER BY incident, position
"""
STEPS_OF_INCIDENTS = f"""
    SELECT incident, {rows.STEP_COLUMNS} FROM _step
    WHERE incident IN (SELECT value FROM json_each(?)) ORDER BY incident, position
"""
EXHIBITING = f"""
    SELECT row, {rows.INCIDENT_COLUMNS} FROM _incident
    WHERE row IN (
      SELECT incident FROM _exhibit WHERE post_id IN (SELECT value FROM json_each(?))
    )
    ORDER BY opened_at, row
"""
MENTIONS_BY = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM _post p JOIN _mention m ON m.post = p.row
    WHERE p.author = ? AND p.source = ? AND p.host = ? AND p.is_mention = 1 AND m.brand = ?
      AND p.author <> ''
    ORDER BY p.created_at DESC, p.row DESC LIMIT ?
"""
COUNT_ANGRY = f"""
    SELECT count(*) FROM _mention WHERE brand = ? AND created_at >= ? AND anger >= {ANGRY_FROM}
"""
COUNT_ANGRY_BY_THEME = f"""
    SELECT t.value, count(*) FROM _mention m JOIN json_each(m.themes) t
    WHERE m.brand = ? AND m.created_at >= ? AND m.anger >= {ANGRY_FROM} GROUP BY 1
"""
SPEAKING_OF = f"""
    SELECT {rows.MENTION_READ_COLUMNS}
    FROM _mention m CROSS JOIN _post p ON p.row = m.post
    WHERE m.brand = ? AND m.created_at >= ? AND m.themes <> '[]' AND +p.is_erased = 0
      AND ifnull(m.anger, 0) < {ANGRY_FROM}
      AND EXISTS (
        SELECT 1 FROM json_each(m.themes) WHERE value IN (SELECT value FROM json_each(?))
      )
    ORDER BY m.created_at DESC, m.post DESC LIMIT ?
"""
INCIDENT_OF_ALERT = """
    SELECT i.id FROM _incident_alert l JOIN _incident i ON i.row = l.incident
    WHERE l.alert_id = ? ORDER BY l.incident DESC LIMIT 1
"""

NOTIFICATIONS = f"""
    SELECT {rows.NOTIFICATION_COLUMNS} FROM _notification
    WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR notifier = ?2)
      AND (?4 IS NULL OR told_by = ?4)
    ORDER BY created_at DESC, row DESC LIMIT ?3
"""
# what a later message overtook was settled without a try; what is sent again was told before
TOLD = """
    SELECT incident_id, min(created_at),
      min(ifnull(told_at, CASE WHEN attempts > 0 THEN delivered_at END))
    FROM _notification
    WHERE incident_id IN (SELECT value FROM json_each(?)) GROUP BY incident_id
"""
CONVERSATION = """
    SELECT max(sequence), (
      SELECT handle FROM _notification
      WHERE incident_id = ?1 AND notifier = ?2 AND state = 'delivered' AND handle <> ''
      ORDER BY sequence DESC, row DESC LIMIT 1
    )
    FROM _notification WHERE incident_id = ?1 AND notifier = ?2 AND state = 'delivered'
"""
DISABLED = "SELECT notifier, why FROM _disabled ORDER BY notifier"

RESTS = "SELECT notifier, until FROM _rest ORDER BY notifier"
TRIES = """
    SELECT notifier, notification_id, taken_at, at FROM _try
    WHERE at >= ? ORDER BY at, notifier, notification_id, taken_at
"""

DUE_NOW = """
    state = 'waiting' AND told_by = '' AND next_try_at <= ?1
    AND (leased_until IS NULL OR leased_until <= ?1)
"""
OWED = f"""
    SELECT {rows.OWED_COLUMNS} FROM _notification
    WHERE {DUE_NOW} AND notifier = ?2
    ORDER BY
      CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END,
      created_at, row
    LIMIT ?3
"""
IS_TOLD = """
    SELECT count(*) FROM _notification
    WHERE incident_id = ?2 AND notifier = ?1 AND sequence = ?3 AND state IN ('waiting', 'delivered')
"""
# a message that a digest tells has failed when the digest has; one that a later state of its
# incident tells is not handed over, the later one is
STRANDED = f"""
    SELECT {", ".join(f"n.{column}" for column in rows.NOTIFICATION_COLUMNS.split(", "))}
    FROM _notification n LEFT JOIN _notification d ON d.id = n.told_by
    WHERE n.state IN ('waiting', 'held', 'dead') AND n.created_at > ?3
      AND n.notifier = ?1 AND n.handed_to = '' AND n.is_erased = 0
      AND n.type NOT IN ('digest', 'test') AND (n.told_by = '' OR d.type = 'digest')
      AND (
        n.state <> 'waiting'
        OR ifnull(d.first_try_at, n.first_try_at) <= ?2
        OR (?5 AND n.next_try_at <= ?2)
        OR (
          SELECT min(first_try_at) FROM _notification
          WHERE state = 'waiting' AND notifier = ?1 AND first_try_at <= ?2
        ) > (
          SELECT ifnull(max(delivered_at), '') FROM _notification
          WHERE notifier = ?1 AND delivered_at IS NOT NULL
        )
      )
    ORDER BY n.created_at, n.row LIMIT ?4
"""
DUE_NOTIFIERS = f"SELECT DISTINCT notifier FROM _notification WHERE {DUE_NOW} ORDER BY notifier"

# a step from brand to brand through the index, because DISTINCT would read all of it
BRANDS = """
    WITH RECURSIVE brands (brand) AS (
      SELECT min(brand) FROM _mention
      UNION ALL
      SELECT (SELECT min(brand) FROM _mention WHERE brand > b.brand)
      FROM brands b WHERE b.brand IS NOT NULL
    )
    SELECT brand FROM brands WHERE brand IS NOT NULL
    UNION SELECT brand FROM _alert
      WHERE kind = 'surge' AND ended_at IS NULL AND brand IS NOT NULL
"""
BRAND_STATISTICS = """
    SELECT count(*), count(*) - count(anger), total(anger),
      (SELECT p.seen_at FROM _mention l JOIN _post p ON p.row = l.post
        WHERE l.brand = ?1 ORDER BY l.created_at DESC LIMIT 1),
      (SELECT min(started_at) FROM _alert
        WHERE kind = 'surge' AND brand = ?1 AND ended_at IS NULL),
      (SELECT count(*) FROM _mention
        WHERE brand = ?1 AND created_at > ?2 AND created_at <= ?3 AND judged = 0
          AND scorer LIKE ?4)
    FROM _mention WHERE brand = ?1 AND created_at > ?2 AND created_at <= ?3
"""
# rows are numbered without gaps and never deleted; counting them would read a whole index
LAST_ROW = "SELECT ifnull(max(row), 0) FROM _post"
POSTS_BY_FEED = """
    SELECT feed, count(*) FROM _post
    WHERE is_erased IN (0, 1) AND seen_at > ? AND seen_at <= ? GROUP BY feed ORDER BY feed
"""
OUTBOX = """
    SELECT (SELECT count(*) FROM _notification WHERE state = 'waiting'),
      (SELECT min(n.created_at) FROM _notification n
        WHERE n.state = 'waiting' AND (n.attempts > 0 OR NOT EXISTS (
          SELECT 1 FROM _notification d
          WHERE d.notifier = n.notifier AND d.delivered_at > n.created_at
        ))),
      (SELECT count(*) FROM _notification WHERE state = 'dead'),
      (SELECT count(*) FROM _quarantine)
"""


class SqliteReading:
    """A transaction's questions."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def clock(self) -> datetime | None:
        row = self._db.execute(CLOCK).fetchone()
        return None if row is None else read_instant(row[0])

    def known(self, ids: Sequence[str], uris: Sequence[str]) -> dict[str, Known]:
        known: dict[str, Known] = {}
        if uris:
            asked = {clean(uri): uri for uri in uris} | {erased_uri(uri): uri for uri in uris}
            for _, uri, *row in self._db.execute(KNOWN_BY_URI, (strings_json(tuple(asked)),)):
                known[asked[uri]] = _read_known(row)
        if ids:
            asked = {clean(id): id for id in ids}
            for id, _, *row in self._db.execute(KNOWN_BY_ID, (strings_json(tuple(asked)),)):
                known[asked[id]] = _read_known(row)
        return known

    def threads(self, keys: Sequence[str]) -> dict[str, str]:
        asked = {clean(key): key for key in keys}
        found = self._db.execute(THREADS, (strings_json(tuple(asked)),))
        return {asked[key]: thread for key, thread in found}

    def standing(self, keys: Sequence[str]) -> dict[str, str]:
        asked = {clean(key): key for key in keys}
        found = self._db.execute(STANDING, (strings_json(tuple(asked)),))
        return {id: asked[key] for id, key in found}

    def exhibiting(self, post_ids: Sequence[str]) -> tuple[Incident, ...]:
        found = self._db.execute(EXHIBITING, (strings_json(post_ids),)).fetchall()
        return tuple(self._whole(found))

    def mentions(self, post_ids: Sequence[str], brand: str) -> dict[str, Mention]:
        found = self._db.execute(MENTIONS, (strings_json(post_ids), clean(brand)))
        return {id: rows.read_mention(row) for id, *row in found}

    def mentions_of(self, post: str) -> tuple[Mention, ...]:
        for statement in (MENTIONS_OF_POST, MENTIONS_OF_ADDRESS):
            found = self._db.execute(statement, (clean(post),)).fetchall()
            if found:
                break
        return tuple(rows.read_mention(row) for row in found)

    def latest_mentions(
        self, *, brand: str | None = None, anger_from: float = 0.0, most: int = 20
    ) -> list[Mention]:
        name = None if brand is None else clean(brand)
        found = self._db.execute(LATEST_MENTIONS, (name, anger_from, most))
        return [rows.read_mention(row) for row in found]

    def mentions_between(self, brand: str, since: datetime, until: datetime) -> Iterator[Mention]:
        asked = (clean(brand), instant_text(since), instant_text(until))
        for row in self._db.execute(MENTIONS_BETWEEN, asked):
            yield rows.read_mention(row)

    def scored(
        self,
        *,
        brand: str | None = None,
        since: datetime | None = None,
        has_failed: bool = False,
        after: str | None = None,
        most: int = 500,
    ) -> list[Mention]:
        asked = (*_to_score(brand, since, has_failed), None if after is None else clean(after))
        return [rows.read_mention(row) for row in self._db.execute(SCORED, (*asked, most))]

    def count_scored(
        self,
        *,
        brand: str | None = None,
        since: datetime | None = None,
        has_failed: bool = False,
    ) -> int:
        found = self._db.execute(COUNT_SCORED, _to_score(brand, since, has_failed)).fetchone()
        return cast("int", found[0])

    def corrections(self, post_ids: Sequence[str] | None = None) -> list[Correction]:
        asked = None if post_ids is None else strings_json(post_ids)
        return [rows.read_correction(row) for row in self._db.execute(CORRECTIONS, (asked,))]

    def voices(
        self, brand: str, since: datetime, until: datetime, *, anger_from: float = 0.0
    ) -> list[Voice]:
        asked = (clean(brand), instant_text(since), instant_text(until), anger_from)
        return [rows.read_voice(row) for row in self._db.execute(VOICES, asked)]

    def states(self) -> Iterator[StoredState]:
        for detector, version, key, body in self._db.execute(STATES):
            yield StoredState(detector=detector, version=version, key=key, body=body)

    def posts(self) -> Iterator[StoredPost]:
        found = self._db.execute(POSTS)
        for _, group in groupby(found, itemgetter(0)):
            same = [row[1:] for row in group]
            post = rows.read_post(same[0])
            feed, is_erased, counted, *counters = same[0][MENTION_CELLS:]
            yield StoredPost(
                post=post,
                feed=feed,
                mentions=tuple(
                    rows.read_mention(row, post) for row in same if row[POST_CELLS] is not None
                ),
                counted=None if counted is None else rows.read_counters(counters),
                is_erased=bool(is_erased),
            )

    def counts(self) -> Iterator[StoredCount]:
        for at, thread_id, root_created_at, feed, *counters in self._db.execute(COUNTS):
            yield StoredCount(
                at=read_instant(at),
                feed=feed,
                count=Count(
                    thread_id=thread_id,
                    counters=rows.read_counters(counters),
                    root_created_at=read_instant(root_created_at),
                ),
            )

    def unwatched(self) -> list[Unwatched]:
        return [
            Unwatched(brand=brand, since=read_instant(since), at=read_instant(until))
            for brand, since, until in self._db.execute(UNWATCHED)
        ]

    def cursor(self, feed: str) -> Cursor:
        row = self._db.execute(CURSOR, (clean(feed),)).fetchone()
        return {} if row is None else read_mapping(row[0])

    def health(self) -> dict[str, FeedHealth]:
        return {row[0]: rows.read_feed(row) for row in self._db.execute(HEALTH)}

    def roots(self, created_after: datetime, moved_after: datetime, most: int) -> tuple[Root, ...]:
        asked = (instant_text(created_after), instant_text(moved_after), most)
        return tuple(
            Root(
                key=key,
                native_id=native_id,
                created_at=read_instant(created_at),
                source=source,
                host=host,
                feed=feed,
                url=url,
                size=size,
                replies=replies,
                moved_at=None if moved_at is None else read_instant(moved_at),
                counted_at=None if counted_at is None else read_instant(counted_at),
            )
            for (
                key, native_id, created_at, source, host, feed, url, size, replies, moved_at,
                counted_at,
            ) in self._db.execute(ROOTS, asked)
        )  # fmt: skip

    def gathering(self) -> tuple[Incident, ...]:
        return tuple(self._whole(self._db.execute(GATHERING).fetchall()))

    def latest(self, brand: str | None, subject: str) -> Incident | None:
        if brand is None:
            found = self._db.execute(LATEST_OF_SUBJECT, (clean(subject),)).fetchall()
        else:
            found = self._db.execute(LATEST_OF_BRAND, (clean(brand),)).fetchall()
        return next(iter(self._whole(found)), None)

    def follow_ups(self, due: datetime | None = None) -> tuple[Incident, ...]:
        until = None if due is None else instant_text(due)
        found = self._db.execute(FOLLOW_UPS, (until,)).fetchall()
        return tuple(self._whole(found)) if found else ()

    def waking(self, due: datetime | None = None) -> tuple[Incident, ...]:
        until = None if due is None else instant_text(due)
        found = self._db.execute(WAKING, (until,)).fetchall()
        return tuple(self._whole(found)) if found else ()

    def silences(self, at: datetime | None = None) -> tuple[Silence, ...]:
        when = None if at is None else instant_text(at)
        return tuple(map(rows.read_silence, self._db.execute(SILENCES, (when,))))

    def incident(self, id: str) -> Incident | None:
        beginning = clean(id)
        found = self._db.execute(INCIDENT_BY_ID, (beginning,)).fetchall()
        if not found and beginning:
            found = self._db.execute(
                INCIDENT_BY_BEGINNING, (beginning, beginning + "\U0010ffff")
            ).fetchall()
        return self._whole(found)[0] if len(found) == 1 else None

    def mentions_by(self, post: Post, brand: str, most: int) -> list[Mention]:
        asked = rows.cells(post.author.handle, post.source, post.host, brand, most)
        return [rows.read_mention(row) for row in self._db.execute(MENTIONS_BY, asked)]

    def angry_posts(self, brand: str, since: datetime) -> AngryPosts:
        asked = (clean(brand), instant_text(since))
        (total,) = self._db.execute(COUNT_ANGRY, asked).fetchone()
        return AngryPosts(total=total, of=dict(self._db.execute(COUNT_ANGRY_BY_THEME, asked)))

    def speaking_of(
        self, brand: str, themes: Sequence[str], since: datetime, most: int
    ) -> list[Mention]:
        asked = (clean(brand), instant_text(since), strings_json(themes), most)
        return [rows.read_mention(row) for row in self._db.execute(SPEAKING_OF, asked)]

    def incidents(
        self,
        *,
        opened_from: datetime | None = None,
        opened_to: datetime | None = None,
        closed_from: datetime | None = None,
        is_open: bool | None = None,
        brand: str | None = None,
        most: int | None = None,
    ) -> list[Incident]:
        found = self._db.execute(
            INCIDENTS,
            (
                "" if opened_from is None else instant_text(opened_from),
                "~" if opened_to is None else instant_text(opened_to),
                None if is_open is None else not is_open,
                None if brand is None else clean(brand),
                -1 if most is None else most,
                None if closed_from is None else instant_text(closed_from),
            ),
        ).fetchall()
        return self._whole(found[::-1])

    def incident_of_alert(self, alert_id: str) -> str | None:
        row = self._db.execute(INCIDENT_OF_ALERT, (clean(alert_id),)).fetchone()
        return None if row is None else cast("str", row[0])

    def notifications(
        self,
        *,
        state: str | None = None,
        notifier: str | None = None,
        told_by: str | None = None,
        most: int | None = None,
    ) -> list[Notification]:
        found = self._db.execute(
            NOTIFICATIONS,
            (
                None if state is None else str(state),
                None if notifier is None else clean(notifier),
                -1 if most is None else most,
                None if told_by is None else clean(told_by),
            ),
        ).fetchall()
        return [rows.read_notification(row) for row in found[::-1]]

    def told(self, incident_ids: Sequence[str]) -> dict[str, Told]:
        found = self._db.execute(TOLD, (strings_json(incident_ids),))
        return {
            id: Told(owed_at=read_instant(owed_at), delivered_at=rows.instant_from(delivered_at))
            for id, owed_at, delivered_at in found
        }

    def conversation(self, incident_id: str, notifier: str) -> Conversation:
        sequence, handle = self._db.execute(
            CONVERSATION, (clean(incident_id), clean(notifier))
        ).fetchone()
        return Conversation(sequence=sequence or 0, handle=handle or "")

    def disabled(self) -> dict[str, str]:
        return dict(self._db.execute(DISABLED).fetchall())

    def rests(self) -> dict[str, datetime]:
        return {name: read_instant(until) for name, until in self._db.execute(RESTS)}

    def tries(self, since: datetime) -> list[Try]:
        return [
            Try(notifier=notifier, id=id, taken_at=read_instant(taken_at), at=read_instant(at))
            for notifier, id, taken_at, at in self._db.execute(TRIES, (instant_text(since),))
        ]

    def due(self, now: datetime) -> tuple[str, ...]:
        found = self._db.execute(DUE_NOTIFIERS, (instant_text(now),))
        return tuple(notifier for (notifier,) in found)

    def owed(self, notifier: str, now: datetime, most: int) -> list[Owed]:
        found = self._db.execute(OWED, (instant_text(now), clean(notifier), most))
        return [rows.read_owed(row) for row in found]

    def is_told(self, notifier: str, incident_id: str, sequence: int) -> bool:
        asked = (clean(notifier), clean(incident_id), sequence)
        return bool(self._db.execute(IS_TOLD, asked).fetchone()[0])

    def stranded(
        self,
        notifier: str,
        *,
        failing_since: datetime,
        since: datetime,
        most: int,
        is_left_alone: bool = False,
    ) -> list[Notification]:
        bounds = (instant_text(failing_since), instant_text(since), most, is_left_alone)
        found = self._db.execute(STRANDED, (clean(notifier), *bounds))
        return [rows.read_notification(row) for row in found]

    def statistics(self, now: datetime) -> Statistics:
        day = (instant_text(_earlier(now, timedelta(hours=24))), instant_text(now))
        (posts,) = self._db.execute(LAST_ROW).fetchone()
        waiting, oldest, dead, quarantined = self._db.execute(OUTBOX).fetchone()
        return Statistics(
            posts=posts,
            brands=tuple(
                self._brand(brand, day) for (brand,) in self._db.execute(BRANDS).fetchall()
            ),
            posts_by_feed=dict(self._db.execute(POSTS_BY_FEED, day).fetchall()),
            waiting=waiting,
            oldest_waiting_at=rows.instant_from(oldest),
            dead=dead,
            quarantined=quarantined,
            bytes=_bytes_of(self._path),
        )

    def _brand(self, brand: str, day: tuple[str, str]) -> BrandStatistics:
        mentions, not_judged, angry_weight, last_seen_at, surge_since, failed = self._db.execute(
            BRAND_STATISTICS, (brand, *day, f"%{FAILED}")
        ).fetchone()
        return BrandStatistics(
            brand=brand,
            mentions=mentions,
            not_judged=not_judged,
            angry_weight=angry_weight,
            last_seen_at=rows.instant_from(last_seen_at),
            surge_since=rows.instant_from(surge_since),
            failed=failed,
        )

    def _whole(self, found: Sequence[Sequence[rows.Cell]]) -> list[Incident]:
        if not found:
            return []
        numbers = ("[" + ",".join(str(row[0]) for row in found) + "]",)
        alerts: defaultdict[int, list[Alert]] = defaultdict(list)
        for incident, *row in self._db.execute(ALERTS_OF_INCIDENTS, numbers):
            alerts[incident].append(rows.read_alert(row))
        exhibits: defaultdict[int, list[Exhibit]] = defaultdict(list)
        for incident, *row in self._db.execute(EXHIBITS_OF_INCIDENTS, numbers):
            exhibits[incident].append(rows.read_exhibit(row))
        steps: defaultdict[int, list[Step]] = defaultdict(list)
        for incident, *row in self._db.execute(STEPS_OF_INCIDENTS, numbers):
            steps[incident].append(rows.read_step(row))
        beside: defaultdict[int, list[rows.Beside]] = defaultdict(list)
        for incident, *row in self._db.execute(BESIDE_INCIDENTS, numbers):
            beside[incident].append(rows.read_beside(row))
        return [
            rows.read_incident(
                row[1:],
                alerts=alerts[cast("int", row[0])],
                exhibits=exhibits[cast("int", row[0])],
                beside=beside[cast("int", row[0])],
                timeline=steps[cast("int", row[0])],
            )
            for row in found
        ]


def _to_score(
    brand: str | None, since: datetime | None, has_failed: bool
) -> tuple[str | None, str, bool, str]:
    return (
        None if brand is None else clean(brand),
        "" if since is None else instant_text(since),
        has_failed,
        f"%{FAILED}",
    )


def _read_known(row: Sequence[rows.Cell]) -> Known:
    id, read_at, text, is_mention, *counters = row
    return Known(
        id=cast("str", id),
        seen_at=read_instant(cast("str", read_at)),
        text=cast("str", text),
        counters=rows.read_counters(cast("list[int | None]", counters)),
        is_mention=bool(is_mention),
    )


def erased_uri(uri: str) -> str:
    """Return what stays of an erased post's uri: it names its author, but must be recognised."""
    return "erased:" + hashlib.sha256(clean(uri).encode()).hexdigest()


def _earlier(at: datetime, by: timedelta) -> datetime:
    try:
        return at - by
    except OverflowError:
        return datetime.min.replace(tzinfo=at.tzinfo)


def _bytes_of(path: Path) -> int:
    total = 0
    for name in (path, Path(f"{path}-wal")):
        with suppress(FileNotFoundError):
            total += name.stat().st_size
    return total
