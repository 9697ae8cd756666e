"""What changes the database, within one transaction that holds the write lock."""

# ruff: noqa: S608 - the statements are put together of our own column names, nothing else

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from emberwatch.core.respond.payload import without_posts
from emberwatch.model.incident import Incident
from emberwatch.model.mention import Correction, Mention
from emberwatch.model.notification import DeliveryState, Notification
from emberwatch.model.post import Post, PostKind
from emberwatch.model.silence import Silence
from emberwatch.ports import Ledger, Try
from emberwatch.store import rows
from emberwatch.store.codec import clean, instant_text, mapping_json, strings_json
from emberwatch.store.reading import DUE_NOW, LAST_ROW, SqliteReading, erased_uri

PURGE_CHUNK = 250
"""Posts that one `purge` erases, so that it holds the write lock for some 50 ms."""

MINUTE = timedelta(minutes=1)
"""Blind feeds are told of minute by minute, which is one time; a watch that stood still is not."""

MERGED_PAGES = 64
"""Pages of the search index that one `purge` rewrites; a merge is what removes erased words."""

# ---------------------------------------------------------------- recording
ROWS_OF_POSTS = """
    SELECT id, row, is_erased FROM _post WHERE id IN (SELECT value FROM json_each(?))
"""
INSERT_POST = f"""
    INSERT INTO _post ({rows.POST_COLUMNS})
    VALUES ({", ".join("?" * len(rows.POST_COLUMNS.split(", ")))})
"""
INSERT_SEARCH = "INSERT INTO mention_search (rowid, text) VALUES (?, ?)"
EDITED_POSTS = """
    SELECT row, text, is_mention FROM _post
    WHERE is_erased = 0 AND row IN (SELECT value FROM json_each(?))
"""
UPDATE_POST = """
    UPDATE _post SET author = ?, author_name = ?, followers = ?, is_verified = ?, title = ?,
      text = ?, read_at = ?, edited_at = ?, url = ?, uri = ?, language = ?,
      replies = ?, boosts = ?, quotes = ?, likes = ?, views = ?
    WHERE row = ?
"""
UPDATE_ERASED_POST = """
    UPDATE _post SET read_at = ?, replies = ?, boosts = ?, quotes = ?, likes = ?, views = ?
    WHERE row = ?
"""
FORGET_SEARCH = "INSERT INTO mention_search (mention_search, rowid, text) VALUES ('delete', ?, ?)"
FORGET_MENTIONS = "DELETE FROM _mention WHERE post = ?"
FORGET_CORRECTION = "DELETE FROM _correction WHERE post = ?"
UNCORRECT = "DELETE FROM _correction WHERE post = (SELECT row FROM _post WHERE id = ?)"
UNMARK_MENTION = "UPDATE _post SET is_mention = 0 WHERE row = ?"
UPSERT_MENTION = f"""
    INSERT INTO _mention ({rows.MENTION_COLUMNS})
    VALUES ({", ".join("?" * len(rows.MENTION_COLUMNS.split(", ")))})
    ON CONFLICT (post, brand) DO UPDATE SET
      {", ".join(f"{n} = excluded.{n}" for n in rows.MENTION_COLUMNS.split(", ")[2:])}
"""
RESCORE = """
    UPDATE _mention SET sentiment = ?, negative = ?, anger = ?, language = ?, confidence = ?,
      judged = ?, scorer = ?, scorer_version = ?, why = ?
    WHERE brand = ? AND post = (SELECT row FROM _post WHERE id = ? AND text = ? AND is_erased = 0)
"""
INSERT_SEARCH_OF_STORED = """
    INSERT INTO mention_search (rowid, text)
    SELECT row, text FROM _post WHERE row = ? AND is_mention = 0
"""
MARK_MENTION = "UPDATE _post SET is_mention = 1 WHERE row = ? AND is_mention = 0"

SEEN_IN_THREAD = """
    INSERT INTO _thread VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)
    ON CONFLICT (thread_id) DO UPDATE SET
      at = max(at, excluded.at),
      has_mention = max(has_mention, excluded.has_mention),
      replies_seen = replies_seen + excluded.replies_seen,
      boosts_seen = boosts_seen + excluded.boosts_seen,
      quotes_seen = quotes_seen + excluded.quotes_seen
"""
COUNTED_IN_THREAD = """
    INSERT INTO _thread VALUES (?1, ?2, 0, 0, 0, 0, ifnull(?3, 0), ifnull(?4, 0), ifnull(?5, 0))
    ON CONFLICT (thread_id) DO UPDATE SET
      at = max(at, excluded.at),
      replies = ifnull(?3, replies), boosts = ifnull(?4, boosts), quotes = ifnull(?5, quotes)
"""
INSERT_COUNT = "INSERT OR REPLACE INTO _count VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

SET_CURSOR = "INSERT OR REPLACE INTO _cursor VALUES (?, ?)"
SET_HEALTH = (
    f"INSERT OR REPLACE INTO _feed ({rows.FEED_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SET_STATE = """
    INSERT INTO _state (detector, key, version, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (detector, key) DO UPDATE SET version = excluded.version, body = excluded.body
"""
FORGET_STATE = "DELETE FROM _state WHERE detector = ? AND key = ?"
SET_CLOCK = "INSERT OR REPLACE INTO _clock VALUES (1, ?)"
QUARANTINE = "INSERT OR REPLACE INTO _quarantine VALUES (?, ?, ?)"
UNWATCHED_ON = """
    UPDATE _unwatched SET until = ?3 WHERE brand = ?1 AND until = ?2 AND since < until
"""
UNWATCHED = "INSERT OR IGNORE INTO _unwatched VALUES (?, ?, ?)"

UPSERT_ALERT = f"""
    INSERT INTO _alert ({rows.ALERT_COLUMNS})
    VALUES ({", ".join("?" * len(rows.ALERT_COLUMNS.split(", ")))})
    ON CONFLICT (id) DO UPDATE SET
      {", ".join(f"{n} = excluded.{n}" for n in rows.ALERT_COLUMNS.split(", ")[1:])}
"""
_INCIDENT_WRITTEN = (rows.INCIDENT_COLUMNS + ", " + rows.INCIDENT_DERIVED_COLUMNS).split(", ")
UPSERT_INCIDENT = f"""
    INSERT INTO _incident ({", ".join(_INCIDENT_WRITTEN)})
    VALUES ({", ".join("?" * len(_INCIDENT_WRITTEN))})
    ON CONFLICT (id) DO UPDATE SET
      {", ".join(f"{n} = excluded.{n}" for n in _INCIDENT_WRITTEN[1:])}
    RETURNING row
"""
FORGET_INCIDENT_PARTS = (
    "DELETE FROM _incident_alert WHERE incident = ?",
    "DELETE FROM _exhibit WHERE incident = ?",
    "DELETE FROM _beside WHERE incident = ?",
    "DELETE FROM _step WHERE incident = ?",
)
INSERT_INCIDENT_ALERT = "INSERT INTO _incident_alert VALUES (?, ?, ?)"
INSERT_EXHIBIT = f"""
    INSERT INTO _exhibit (incident, position, {rows.EXHIBIT_COLUMNS})
    VALUES ({", ".join("?" * (2 + len(rows.EXHIBIT_COLUMNS.split(", "))))})
"""
INSERT_BESIDE = f"""
    INSERT INTO _beside (incident, position, role, theme, {rows.EXHIBIT_COLUMNS})
    VALUES ({", ".join("?" * (4 + len(rows.EXHIBIT_COLUMNS.split(", "))))})
"""
INSERT_STEP = "INSERT INTO _step VALUES (?, ?, ?, ?, ?, ?)"

KEEP_SILENCE = f"""
    INSERT OR REPLACE INTO _silence ({rows.SILENCE_COLUMNS})
    VALUES ({", ".join("?" * len(rows.SILENCE_COLUMNS.split(", ")))})
"""

CORRECT = """
    INSERT OR REPLACE INTO _correction (post, at, who, sentiment, anger, note)
    SELECT row, ?2, ?3, ?4, ?5, ?6 FROM _post WHERE id = ?1 AND is_mention = 1
"""

# ---------------------------------------------------------------- the outbox
INSERT_NOTIFICATION = f"""
    INSERT INTO _notification ({rows.NOTIFICATION_COLUMNS})
    VALUES ({", ".join("?" * len(rows.NOTIFICATION_COLUMNS.split(", ")))})
    ON CONFLICT (id) DO NOTHING
"""
HOLD_DISABLED = """
    UPDATE _notification SET state = 'held', leased_until = NULL
    WHERE state = 'waiting' AND notifier IN (SELECT notifier FROM _disabled)
"""
DUE = f"""
    SELECT row FROM _notification
    WHERE {DUE_NOW} AND (?3 IS NULL OR notifier = ?3)
      AND (?4 IS NULL OR id IN (SELECT value FROM json_each(?4)))
    ORDER BY created_at, row LIMIT ?2
"""
LEASE = f"""
    UPDATE _notification SET leased_until = ? WHERE row = ?
    RETURNING {rows.NOTIFICATION_COLUMNS}
"""
RELEASE = """
    UPDATE _notification SET leased_until = NULL
    WHERE state = 'waiting' AND leased_until IS NOT NULL
"""
SETTLE = """
    UPDATE _notification SET attempts = ?, state = ?, next_try_at = ?, first_try_at = ?,
      delivered_at = ?, last_answer = ?, handle = ?, leased_until = NULL
    WHERE id = ?
"""
HOLD_IF_DISABLED = """
    UPDATE _notification SET state = 'held', leased_until = NULL
    WHERE id = ? AND state = 'waiting' AND notifier IN (SELECT notifier FROM _disabled)
"""
FOLLOW = """
    WITH RECURSIVE told (id) AS (
      SELECT id FROM _notification WHERE told_by = ?1 AND told_by <> ''
      UNION
      SELECT n.id FROM _notification n JOIN told t ON n.told_by = t.id AND n.told_by <> ''
    )
    UPDATE _notification SET state = ?2, delivered_at = ?3,
      first_try_at = ifnull(first_try_at, ?4), attempts = max(attempts, ?5), leased_until = NULL
    WHERE id IN (SELECT id FROM told) AND state <> 'delivered'
"""
COUNT_TRY = "INSERT OR REPLACE INTO _try VALUES (?, ?, ?, ?)"
FORGET_TRIES = "DELETE FROM _try WHERE at < ?1 OR at > ?2"
REST = "INSERT OR REPLACE INTO _rest VALUES (?, ?)"
HURRY = """
    UPDATE _notification SET next_try_at = ?2
    WHERE state = 'waiting' AND notifier = ?1 AND next_try_at > ?3 AND first_try_at <= ?3
      AND first_try_at > (
        SELECT ifnull(max(delivered_at), '') FROM _notification
        WHERE notifier = ?1 AND delivered_at IS NOT NULL
      )
"""
TELL_BY = """
    UPDATE _notification SET told_by = ?2, last_answer = ?3, leased_until = NULL
    WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(?1))
"""
HAND_OVER = """
    UPDATE _notification SET handed_to = ?2 WHERE id IN (SELECT value FROM json_each(?1))
"""
DISABLE = "INSERT OR REPLACE INTO _disabled VALUES (?, ?, ?)"
ENABLE = "DELETE FROM _disabled WHERE notifier = ?"
LET_GO_HELD = """
    UPDATE _notification SET state = 'waiting', next_try_at = ?, leased_until = NULL
    WHERE state = 'held' AND notifier = ?
"""
REVIVE = """
    UPDATE _notification SET state = 'waiting', attempts = 0, next_try_at = ?,
      told_at = ifnull(told_at, CASE WHEN attempts > 0 THEN delivered_at END),
      delivered_at = NULL, leased_until = NULL, told_by = ''
    WHERE state IN ('waiting', 'delivered', 'dead') AND is_erased = 0
      AND id IN (SELECT value FROM json_each(?))
"""

# ---------------------------------------------------------------- the retention
PURGEABLE = """
    SELECT row, id, text, uri, is_mention FROM _post
    WHERE is_erased = 0 AND seen_at < ? ORDER BY seen_at LIMIT ?
"""
DELETABLE = """
    SELECT row, id, text, uri, is_mention FROM _post
    WHERE is_erased = 0 AND id IN (SELECT value FROM json_each(?))
"""
UNSENT = """
    SELECT row, payload FROM _notification WHERE state IN ('waiting', 'held') AND is_erased = 0
"""
REWRITE_PAYLOAD = "UPDATE _notification SET payload = ? WHERE row = ?"
ERASE_POST = """
    UPDATE _post SET author = '', author_name = '', title = '', text = '', url = NULL, uri = ?,
      is_erased = 1, erased_at = ?
    WHERE row = ?
"""
ERASE_MENTION = "UPDATE _mention SET why = '[]' WHERE post = ?"
ERASE_CORRECTION = "UPDATE _correction SET note = '' WHERE post = ?"
EXHIBITING = """
    SELECT DISTINCT i.id FROM _exhibit e JOIN _incident i ON i.row = e.incident
    WHERE e.post_id IN (SELECT value FROM json_each(?1))
    UNION
    SELECT i.id FROM _beside b JOIN _incident i ON i.row = b.incident
    WHERE b.post_id IN (SELECT value FROM json_each(?1))
"""
ERASE_BESIDE = "DELETE FROM _beside WHERE post_id IN (SELECT value FROM json_each(?))"
ERASE_EXHIBIT = """
    UPDATE _exhibit SET author = '', text = '', url = NULL, why = '[]', signs = '[]'
    WHERE post_id IN (SELECT value FROM json_each(?))
"""
ERASE_QUARANTINE = """
    UPDATE _quarantine SET traceback = '' WHERE post_id IN (SELECT value FROM json_each(?))
"""
ERASE_PAYLOADS_OF_INCIDENTS = """
    UPDATE _notification SET payload = '', is_erased = 1
    WHERE is_erased = 0 AND state IN ('delivered', 'dead')
      AND incident_id IN (SELECT value FROM json_each(?))
"""
ERASE_OLD_PAYLOADS = """
    UPDATE _notification SET payload = '', is_erased = 1,
      last_answer = CASE WHEN state IN ('waiting', 'held')
        THEN 'never sent: the retention came first' ELSE last_answer END,
      state = CASE WHEN state IN ('waiting', 'held') THEN 'dead' ELSE state END
    WHERE row IN (
      SELECT row FROM _notification WHERE is_erased = 0 AND created_at < ? LIMIT ?
    )
"""
MERGE_SEARCH = "INSERT INTO mention_search (mention_search, rank) VALUES ('merge', ?)"


class SqliteWriting(SqliteReading):
    """A transaction that holds the write lock."""

    has_erased_all = False

    def record(self, ledger: Ledger) -> None:
        self._record_posts(ledger)
        self._record_counts(ledger)
        if ledger.feed is not None and ledger.cursor is not None:
            self._db.execute(SET_CURSOR, rows.cells(ledger.feed, mapping_json(ledger.cursor)))
        self._db.executemany(SET_HEALTH, map(rows.feed_cells, ledger.health))
        self._db.executemany(
            FORGET_STATE, [rows.cells(*key) for key, state in ledger.states.items() if not state]
        )
        self._db.executemany(
            SET_STATE,
            [
                rows.cells(state.detector, state.key, state.version, state.body)
                for state in ledger.states.values()
                if state
            ],
        )
        self._db.executemany(UPSERT_ALERT, map(rows.alert_cells, ledger.orphans))
        for incident in ledger.incidents:
            self._record_incident(incident)
        if ledger.notifications:
            self._db.executemany(
                INSERT_NOTIFICATION, map(rows.notification_cells, ledger.notifications)
            )
            self._db.execute(HOLD_DISABLED)
        self._db.executemany(
            QUARANTINE,
            [rows.cells(id, instant_text(at), why) for id, at, why in ledger.quarantine],
        )
        if ledger.deleted:
            self._delete(ledger.deleted)
        for time in ledger.unwatched:
            row = rows.cells(time.brand, instant_text(time.since), instant_text(time.at))
            goes_on = time.since < time.at <= time.since + MINUTE
            if not (goes_on and self._db.execute(UNWATCHED_ON, row).rowcount):
                self._db.execute(UNWATCHED, row)
        if ledger.clock is not None:
            self._db.execute(SET_CLOCK, (instant_text(ledger.clock),))

    def _record_posts(self, ledger: Ledger) -> None:
        mentions = lasting(ledger)
        # new posts first, as they came: their rows tell their order
        given = {post.id: post for post in ledger.posts}
        given |= {mention.post.id: mention.post for mention in mentions}
        given |= {post.id: post for post in (*ledger.edits, *reversed(ledger.posts))}
        if not given:
            return
        numbers: dict[str, int] = {}
        erased: set[int] = set()
        ids = {clean(id): id for id in given}
        for id, row, is_erased in self._db.execute(ROWS_OF_POSTS, (strings_json(tuple(ids)),)):
            numbers[ids[id]] = row
            if is_erased:
                erased.add(row)
        fresh = self._number(given, numbers)
        feeds = {mention.post.id: mention.feed for mention in mentions}
        self._db.executemany(
            INSERT_POST,
            [
                rows.post_cells(
                    post,
                    row=numbers[post.id],
                    feed=ledger.feed or feeds.get(post.id, ""),
                    is_mention=post.id in feeds,
                )
                for post in fresh
            ],
        )
        self._db.executemany(
            INSERT_SEARCH,
            [(numbers[post.id], clean(post.text)) for post in fresh if post.id in feeds],
        )
        self._record_edits(ledger.edits, numbers, erased)
        kept = [mention for mention in mentions if numbers[mention.post.id] not in erased]
        self._db.executemany(
            UPSERT_MENTION, [rows.mention_cells(m, numbers[m.post.id]) for m in kept]
        )
        indexed = {post.id for post in fresh} - {post.id for post in ledger.edits}
        for row in {(numbers[m.post.id],) for m in kept if m.post.id not in indexed}:
            self._db.execute(INSERT_SEARCH_OF_STORED, row)
            self._db.execute(MARK_MENTION, row)
        self._record_reactions(fresh, ledger)

    def _number(self, given: dict[str, Post], numbers: dict[str, int]) -> list[Post]:
        fresh = [post for id, post in given.items() if id not in numbers]
        (last,) = self._db.execute(LAST_ROW).fetchone()
        for row, post in enumerate(fresh, start=last + 1):
            numbers[post.id] = row
        return fresh

    def _record_edits(
        self, edits: Sequence[Post], numbers: dict[str, int], erased: Collection[int]
    ) -> None:
        by_row = {numbers[post.id]: post for post in edits}
        asked = "[" + ",".join(map(str, by_row)) + "]"
        for row, text, is_mention in self._db.execute(EDITED_POSTS, (asked,)).fetchall():
            if clean(by_row[row].text) == text:
                continue
            # what it said of brands it may say no more: the ledger brings its mentions anew
            self._db.execute(FORGET_MENTIONS, (row,))
            self._db.execute(FORGET_CORRECTION, (row,))
            if is_mention:
                self._db.execute(FORGET_SEARCH, (row, text))
                self._db.execute(UNMARK_MENTION, (row,))
        self._db.executemany(
            UPDATE_POST,
            [rows.edit_cells(post, row) for row, post in by_row.items() if row not in erased],
        )
        self._db.executemany(
            UPDATE_ERASED_POST,
            [
                (instant_text(post.seen_at), *rows.counter_cells(post.counters), row)
                for row, post in by_row.items()
                if row in erased
            ],
        )

    def _record_reactions(self, fresh: Iterable[Post], ledger: Ledger) -> None:
        seen: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        times: dict[str, datetime] = {}
        for post in fresh:
            thread = reacted_to(post)
            if thread is not None:
                seen[thread][REACTIONS.get(post.kind, 1)] += 1
                times[thread] = max(times.get(thread, post.seen_at), post.seen_at)
        for mention in ledger.mentions:
            thread = mention.post.thread_id
            if not mention.post.is_root:
                seen[thread][0] = 1
                times[thread] = max(times.get(thread, mention.post.seen_at), mention.post.seen_at)
        self._db.executemany(
            SEEN_IN_THREAD,
            [rows.cells(id, instant_text(times[id]), *marks) for id, marks in seen.items()],
        )
        counted = (
            (post.thread_id, instant_text(post.seen_at), *rows.counter_cells(post.counters)[:3])
            for post in (*fresh, *ledger.edits)
            if post.is_root
        )
        self._db.executemany(
            COUNTED_IN_THREAD, [rows.cells(*row) for row in counted if any(row[2:])]
        )

    def _record_counts(self, ledger: Ledger) -> None:
        for at, count in ledger.counts:
            key = rows.cells(count.thread_id, instant_text(at))
            counters = rows.counter_cells(count.counters)
            self._db.execute(INSERT_COUNT, (*key, instant_text(count.root_created_at), *counters))
            self._db.execute(COUNTED_IN_THREAD, (*key, *counters[:3]))

    def _record_incident(self, incident: Incident) -> None:
        self._db.executemany(UPSERT_ALERT, map(rows.alert_cells, incident.alerts))
        ((row,),) = self._db.execute(UPSERT_INCIDENT, rows.incident_cells(incident)).fetchall()
        for statement in FORGET_INCIDENT_PARTS:
            self._db.execute(statement, (row,))
        self._db.executemany(
            INSERT_INCIDENT_ALERT,
            [rows.cells(row, n, alert.id) for n, alert in enumerate(incident.alerts)],
        )
        self._db.executemany(
            INSERT_EXHIBIT, [rows.exhibit_cells(e, row, n) for n, e in enumerate(incident.exhibits)]
        )
        self._db.executemany(
            INSERT_BESIDE,
            [rows.beside_cells(b, row, n) for n, b in enumerate(rows.beside_of(incident))],
        )
        self._db.executemany(
            INSERT_STEP, [rows.step_cells(s, row, n) for n, s in enumerate(incident.timeline)]
        )

    def rescore(self, mentions: Sequence[Mention]) -> int:
        written = self._db.executemany(
            RESCORE,
            [
                rows.cells(*rows.score_cells(each.score), each.brand, each.post.id, each.post.text)
                for each in mentions
            ],
        )
        return max(0, written.rowcount)

    def silence(self, silence: Silence) -> None:
        self._db.execute(KEEP_SILENCE, rows.silence_cells(silence))

    def correct(self, correction: Correction) -> bool:
        written = self._db.execute(
            CORRECT,
            rows.cells(
                correction.post_id,
                instant_text(correction.at),
                correction.by,
                correction.sentiment,
                correction.anger,
                correction.note,
            ),
        )
        return written.rowcount > 0

    def uncorrect(self, post_id: str) -> bool:
        return self._db.execute(UNCORRECT, (post_id,)).rowcount > 0

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        most: int,
        notifier: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Notification]:
        until = instant_text(now + lease)
        only = None if notifier is None else clean(notifier)
        named = None if ids is None else strings_json(ids)
        due = self._db.execute(DUE, (instant_text(now), most, only, named)).fetchall()
        return [
            rows.read_notification(self._db.execute(LEASE, (until, row)).fetchall()[0])
            for (row,) in due
        ]

    def release(self) -> int:
        return self._db.execute(RELEASE).rowcount

    def settle(self, notification: Notification) -> None:
        id = clean(notification.id)
        self._db.execute(SETTLE, (*rows.settled_cells(notification), id))
        if notification.state is DeliveryState.WAITING:
            self._db.execute(HOLD_IF_DISABLED, (id,))
        elif notification.state is not DeliveryState.HELD:
            delivered_at = rows.instant_cell(notification.delivered_at)
            tried_at = rows.instant_cell(notification.first_try_at)
            state = notification.state.value
            attempts = notification.attempts if notification.is_digest else 0
            self._db.execute(FOLLOW, (id, state, delivered_at, tried_at, attempts))

    def count(self, tries: Sequence[Try], since: datetime, until: datetime) -> None:
        self._db.execute(FORGET_TRIES, (instant_text(since), instant_text(until)))
        self._db.executemany(
            COUNT_TRY,
            [
                rows.cells(each.notifier, each.id, *map(instant_text, (each.taken_at, each.at)))
                for each in tries
            ],
        )

    def rest(self, notifier: str, until: datetime) -> None:
        self._db.execute(REST, rows.cells(notifier, instant_text(until)))

    def hurry(self, notifier: str, at: datetime, beyond: datetime) -> int:
        asked = (clean(notifier), instant_text(at), instant_text(beyond))
        return self._db.execute(HURRY, asked).rowcount

    def tell_by(self, ids: Sequence[str], id: str, why: str) -> None:
        self._db.execute(TELL_BY, (strings_json(ids), clean(id), clean(why)))

    def hand_over(self, ids: Sequence[str], notifier: str) -> None:
        self._db.execute(HAND_OVER, (strings_json(ids), clean(notifier)))

    def disable(self, notifier: str, at: datetime, why: str) -> None:
        self._db.execute(DISABLE, rows.cells(notifier, instant_text(at), why))
        self._db.execute(HOLD_DISABLED)

    def enable(self, notifier: str, at: datetime) -> None:
        self._db.execute(ENABLE, (clean(notifier),))
        self._db.execute(LET_GO_HELD, (instant_text(at), clean(notifier)))

    def revive(self, ids: Sequence[str], at: datetime) -> int:
        revived = self._db.execute(REVIVE, (instant_text(at), strings_json(ids))).rowcount
        self._db.execute(HOLD_DISABLED)
        return revived

    def purge(self, before: datetime, at: datetime) -> int:
        """Erase what is old, a chunk at a time: call again, in a new transaction, until 0.

        What came first is erased first. The last calls may find no post any more but still
        rewrite pieces of the search index; those return 1.
        """
        limit = instant_text(before)
        found = self._db.execute(PURGEABLE, (limit, PURGE_CHUNK)).fetchall()
        self._erase(found, at)
        payloads = self._db.execute(ERASE_OLD_PAYLOADS, (limit, PURGE_CHUNK)).rowcount
        is_merging = self._merge_search(is_new=bool(found))
        self.has_erased_all = not is_merging and len(found) < PURGE_CHUNK
        return len(found) or int(is_merging or payloads > 0)

    def _delete(self, deleted: Sequence[tuple[str, datetime]]) -> None:
        """Forget posts that were taken away on their site, and what of them is not sent yet."""
        ids = [id for id, _ in deleted]
        found = self._db.execute(DELETABLE, (strings_json(ids),)).fetchall()
        if not found:
            return
        unsent = self._db.execute(UNSENT).fetchall()
        incidents = [id for (id,) in self._db.execute(EXHIBITING, (strings_json(ids),))]
        for row, payload in unsent:
            left = without_posts(payload, ids, incidents)
            if left != payload:
                self._db.execute(REWRITE_PAYLOAD, (left, row))
        self._erase(found, max(at for _, at in deleted))
        self._merge_search(is_new=True)

    def _erase(self, found: Sequence[tuple[int, str, str, str | None, int]], at: datetime) -> None:
        """Forget the text and the author of posts, wherever they stand."""
        self._db.executemany(
            FORGET_SEARCH, [(row, text) for row, _, text, _, is_mention in found if is_mention]
        )
        self._db.executemany(
            ERASE_POST,
            [
                (None if uri is None else erased_uri(uri), instant_text(at), row)
                for row, _, _, uri, _ in found
            ],
        )
        self._db.executemany(ERASE_MENTION, [(row,) for row, *_ in found])
        self._db.executemany(ERASE_CORRECTION, [(row,) for row, *_ in found])
        ids = (strings_json([id for _, id, *_ in found]),)
        incidents = [id for (id,) in self._db.execute(EXHIBITING, ids)]
        self._db.execute(ERASE_EXHIBIT, ids)
        self._db.execute(ERASE_BESIDE, ids)
        self._db.execute(ERASE_QUARANTINE, ids)
        self._db.execute(ERASE_PAYLOADS_OF_INCIDENTS, (strings_json(incidents),))

    def _merge_search(self, *, is_new: bool) -> bool:
        # a negative number begins to merge the whole index, a positive one goes on with it
        before = self._db.total_changes
        self._db.execute(MERGE_SEARCH, (-MERGED_PAGES if is_new else MERGED_PAGES,))
        return self._db.total_changes - before > 1


REACTIONS = {PostKind.BOOST: 2, PostKind.QUOTE: 3}


def lasting(ledger: Ledger) -> list[Mention]:
    """Return the mentions of a ledger, without those that an edit in the same ledger undid."""
    last = {post.id: post.text for post in ledger.edits}
    return [
        mention
        for mention in ledger.mentions
        if last.get(mention.post.id, mention.post.text) == mention.post.text
    ]


def reacted_to(post: Post) -> str | None:
    """Return the key of the thread's root that a post is a reaction to."""
    if post.kind is PostKind.BOOST:
        return post.boost_of or post.thread_id
    if post.kind is PostKind.QUOTE and post.quote_of:
        return post.quote_of
    return None if post.is_root else post.thread_id
