"""The tables, the analysts' views, and how an older database is brought up to date."""

# ruff: noqa: S608 - the views are put together of our own column names, nothing else

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from emberwatch.model.errors import StoreFailed

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x456D6272
"""Marks a file as ours in its header (`Embr`), so that no other program's database is changed."""

TABLES = (
    """
    CREATE TABLE _post (
      row INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      source TEXT NOT NULL,
      host TEXT NOT NULL,
      kind TEXT NOT NULL,
      native_id TEXT NOT NULL,
      feed TEXT NOT NULL,
      author TEXT NOT NULL,
      author_name TEXT NOT NULL,
      followers INTEGER,
      is_verified INTEGER NOT NULL,
      title TEXT NOT NULL,
      text TEXT NOT NULL,
      created_at TEXT NOT NULL,
      seen_at TEXT NOT NULL,
      read_at TEXT NOT NULL,
      edited_at TEXT,
      url TEXT,
      uri TEXT,
      language TEXT,
      parent_id TEXT,
      thread_id TEXT NOT NULL,
      boost_of TEXT,
      quote_of TEXT,
      replies INTEGER,
      boosts INTEGER,
      quotes INTEGER,
      likes INTEGER,
      views INTEGER,
      flags TEXT NOT NULL,
      is_root INTEGER NOT NULL,
      is_mention INTEGER NOT NULL,
      is_erased INTEGER NOT NULL DEFAULT 0,
      erased_at TEXT,
      key TEXT NOT NULL AS (source || ':' || host || ':' || native_id) VIRTUAL
    ) STRICT
    """,
    # serves the retention (erased or not, oldest first) and the counts of a feed's last day
    "CREATE INDEX _post_seen ON _post (is_erased, seen_at, feed)",
    "CREATE INDEX _post_uri ON _post (uri) WHERE uri IS NOT NULL",
    "CREATE INDEX _post_key ON _post (key)",
    """
    CREATE TABLE _mention (
      post INTEGER NOT NULL REFERENCES _post (row),
      brand TEXT NOT NULL,
      feed TEXT NOT NULL,
      matched TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      created_at TEXT NOT NULL,
      sentiment REAL,
      negative REAL,
      anger REAL,
      language TEXT,
      confidence REAL NOT NULL,
      judged INTEGER NOT NULL,
      scorer TEXT NOT NULL,
      scorer_version TEXT NOT NULL,
      why TEXT NOT NULL,
      PRIMARY KEY (post, brand)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _mention_time ON _mention (brand, created_at, judged, anger)",
    # what the index holds: without it, a rebuild would take in posts that are no mentions
    "CREATE VIEW _mention_text AS SELECT row, text FROM _post WHERE is_mention = 1",
    """
    CREATE VIRTUAL TABLE mention_search USING fts5(
      text, content = '_mention_text', content_rowid = 'row',
      tokenize = 'unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TABLE _thread (
      thread_id TEXT PRIMARY KEY,
      at TEXT NOT NULL,
      has_mention INTEGER NOT NULL,
      replies_seen INTEGER NOT NULL,
      boosts_seen INTEGER NOT NULL,
      quotes_seen INTEGER NOT NULL,
      replies INTEGER NOT NULL,
      boosts INTEGER NOT NULL,
      quotes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _thread_at ON _thread (at)",
    """
    CREATE TABLE _count (
      thread_id TEXT NOT NULL,
      at TEXT NOT NULL,
      root_created_at TEXT NOT NULL,
      replies INTEGER,
      boosts INTEGER,
      quotes INTEGER,
      likes INTEGER,
      views INTEGER,
      PRIMARY KEY (thread_id, at)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _cursor (feed TEXT PRIMARY KEY, cursor TEXT NOT NULL) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _feed (
      feed TEXT PRIMARY KEY,
      source TEXT NOT NULL,
      last_ok_at TEXT,
      last_post_at TEXT,
      blind_since TEXT,
      why TEXT NOT NULL,
      failures INTEGER NOT NULL,
      next_poll_at TEXT
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _state (
      detector TEXT NOT NULL,
      key TEXT NOT NULL,
      version INTEGER NOT NULL,
      body BLOB NOT NULL,
      PRIMARY KEY (detector, key)
    ) STRICT
    """,
    """
    CREATE TABLE _clock (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1), at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE _incident (
      row INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      brand TEXT,
      subject TEXT NOT NULL,
      status TEXT NOT NULL,
      is_closed INTEGER NOT NULL,
      severity TEXT NOT NULL,
      kind TEXT NOT NULL,
      kinds TEXT NOT NULL,
      fire TEXT NOT NULL,
      opened_at TEXT NOT NULL,
      last_alert_at TEXT NOT NULL,
      first_post_at TEXT,
      first_seen_at TEXT,
      acknowledged_at TEXT,
      responded_at TEXT,
      closed_at TEXT,
      owner TEXT NOT NULL,
      resolution TEXT,
      answer_url TEXT,
      previous_id TEXT,
      sequence INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX _incident_opened ON _incident (opened_at)",
    "CREATE INDEX _incident_brand ON _incident (brand, opened_at)",
    "CREATE INDEX _incident_subject ON _incident (subject, opened_at) WHERE brand IS NULL",
    "CREATE INDEX _incident_gathering ON _incident (opened_at) WHERE is_closed = 0",
    """
    CREATE TABLE _alert (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      brand TEXT,
      subject TEXT NOT NULL,
      started_at TEXT NOT NULL,
      at TEXT NOT NULL,
      ended_at TEXT,
      first_post_at TEXT,
      observed REAL,
      expected REAL,
      chance REAL,
      window_minutes INTEGER,
      reach INTEGER NOT NULL,
      not_judged REAL NOT NULL,
      thread_id TEXT,
      evidence TEXT NOT NULL,
      fire TEXT NOT NULL,
      reason TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX _alert_open ON _alert (kind, brand) WHERE ended_at IS NULL",
    # an alert may outlive its incident (people closed it) and be gathered again by the next one
    """
    CREATE TABLE _incident_alert (
      incident INTEGER NOT NULL REFERENCES _incident (row),
      position INTEGER NOT NULL,
      alert_id TEXT NOT NULL REFERENCES _alert (id),
      PRIMARY KEY (incident, position)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _incident_alert_alert ON _incident_alert (alert_id, incident)",
    """
    CREATE TABLE _exhibit (
      incident INTEGER NOT NULL REFERENCES _incident (row),
      position INTEGER NOT NULL,
      post_id TEXT NOT NULL,
      author TEXT NOT NULL,
      followers INTEGER,
      created_at TEXT NOT NULL,
      url TEXT,
      language TEXT,
      text TEXT NOT NULL,
      sentiment REAL,
      anger REAL,
      matched TEXT NOT NULL,
      thread_id TEXT NOT NULL,
      PRIMARY KEY (incident, position)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _exhibit_post ON _exhibit (post_id)",
    """
    CREATE TABLE _step (
      incident INTEGER NOT NULL REFERENCES _incident (row),
      position INTEGER NOT NULL,
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      action TEXT NOT NULL,
      note TEXT NOT NULL,
      PRIMARY KEY (incident, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _notification (
      row INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      incident_id TEXT NOT NULL,
      notifier TEXT NOT NULL,
      type TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      payload TEXT NOT NULL,
      created_at TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      state TEXT NOT NULL,
      next_try_at TEXT NOT NULL,
      first_try_at TEXT,
      delivered_at TEXT,
      last_answer TEXT NOT NULL,
      leased_until TEXT,
      is_erased INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE INDEX _notification_state ON _notification (state, created_at)",
    "CREATE INDEX _notification_incident ON _notification (incident_id)",
    "CREATE INDEX _notification_age ON _notification (created_at) WHERE is_erased = 0",
    """
    CREATE TABLE _disabled (
      notifier TEXT PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _quarantine (
      post_id TEXT NOT NULL,
      at TEXT NOT NULL,
      traceback TEXT NOT NULL,
      PRIMARY KEY (post_id, at)
    ) STRICT, WITHOUT ROWID
    """,
)

VIEWS = (
    """
    CREATE VIEW mentions AS
    SELECT p.id AS post_id, m.brand, m.feed, p.source, p.kind, p.author, p.created_at, p.seen_at,
      coalesce(m.language, p.language) AS language, p.text, p.url, p.thread_id, m.matched,
      m.sentiment, m.anger, m.judged, m.scorer,
      m.negative, m.confidence, m.scorer_version, m.why, m.fingerprint,
      p.author_name, p.followers, p.host, p.title, p.parent_id, p.quote_of, p.edited_at,
      p.replies, p.boosts, p.quotes, p.likes, p.views, p.flags, p.erased_at, p.row AS search_row
    FROM _mention m JOIN _post p ON p.row = m.post
    """,
    """
    CREATE VIEW anger_by_hour AS
    SELECT brand, substr(created_at, 1, 13) || ':00:00Z' AS hour, count(*) AS posts,
      sum(judged) AS judged, total(anger) AS angry_weight, count(anger) AS with_anger
    FROM _mention GROUP BY 1, 2
    """,
    """
    CREATE VIEW incidents AS
    SELECT i.id, i.brand, i.kind, i.kinds, i.status, i.fire, i.severity, i.opened_at,
      i.first_post_at, a.observed, a.expected, a.chance,
      NULL AS url,
      a.window_minutes, a.reason, i.subject, i.last_alert_at, i.first_seen_at,
      i.acknowledged_at, i.responded_at, i.closed_at, i.owner, i.resolution, i.answer_url,
      i.previous_id, i.sequence
    FROM _incident i
    JOIN _incident_alert l ON l.incident = i.row AND l.position = 0
    JOIN _alert a ON a.id = l.alert_id
    """,
    """
    CREATE VIEW incident_timeline AS
    SELECT i.id AS incident_id, s.at, s.who, s.action, s.note
    FROM _step s JOIN _incident i ON i.row = s.incident
    ORDER BY i.row, s.position
    """,
    """
    CREATE VIEW alerts AS
    SELECT a.id,
      (SELECT i.id FROM _incident_alert l JOIN _incident i ON i.row = l.incident
        WHERE l.alert_id = a.id ORDER BY l.incident DESC LIMIT 1) AS incident_id,
      a.brand, a.kind, a.started_at, a.ended_at, a.observed, a.expected, a.chance,
      a.window_minutes, a.reason,
      a.subject, a.at, a.first_post_at, a.reach, a.not_judged, a.thread_id, a.fire, a.evidence
    FROM _alert a
    """,
    """
    CREATE VIEW deliveries AS
    SELECT id AS notification_id, incident_id, notifier, attempts, state, first_try_at,
      delivered_at, last_answer, type, sequence, created_at, next_try_at
    FROM _notification
    """,
    """
    CREATE VIEW feeds_health AS
    SELECT f.feed, f.source, f.last_ok_at, f.blind_since, f.why,
      (SELECT count(*) FROM _post p
        WHERE p.feed = f.feed AND p.is_erased IN (0, 1) AND p.seen_at > (
          SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', at, '-24 hours') FROM _clock
        )) AS posts_24h,
      f.last_post_at, f.failures, f.next_poll_at
    FROM _feed f
    """,
)


def _first_schema(db: "Database") -> None:
    for statement in (*TABLES, *VIEWS):
        db.conn.execute(statement)


CORRECTIONS = (
    """
    CREATE TABLE _correction (
      post INTEGER PRIMARY KEY REFERENCES _post (row),
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      sentiment REAL,
      anger REAL,
      note TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE VIEW corrections AS
    SELECT p.id AS post_id, c.at, c.who, c.sentiment, c.anger, c.note
    FROM _correction c JOIN _post p ON p.row = c.post
    """,
    "DROP VIEW mentions",
    """
    CREATE VIEW mentions AS
    SELECT p.id AS post_id, m.brand, m.feed, p.source, p.kind, p.author, p.created_at, p.seen_at,
      coalesce(m.language, p.language) AS language, p.text, p.url, p.thread_id, m.matched,
      m.sentiment, m.anger, m.judged, m.scorer,
      m.negative, m.confidence, m.scorer_version, m.why, m.fingerprint,
      p.author_name, p.followers, p.host, p.title, p.parent_id, p.quote_of, p.edited_at,
      p.replies, p.boosts, p.quotes, p.likes, p.views, p.flags, p.erased_at, p.row AS search_row,
      c.sentiment AS corrected_sentiment, c.anger AS corrected_anger, c.who AS corrected_by
    FROM _mention m JOIN _post p ON p.row = m.post LEFT JOIN _correction c ON c.post = m.post
    """,
)


SIGNS = (
    "ALTER TABLE _exhibit ADD COLUMN why TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE _exhibit ADD COLUMN signs TEXT NOT NULL DEFAULT '[]'",
)


UNWATCHED = (
    """
    CREATE TABLE _unwatched (
      brand TEXT NOT NULL,
      since TEXT NOT NULL,
      until TEXT NOT NULL,
      PRIMARY KEY (brand, since, until)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE VIEW unwatched AS SELECT brand, since, until FROM _unwatched",
)


HANDLES = ("ALTER TABLE _notification ADD COLUMN handle TEXT NOT NULL DEFAULT ''",)


FOLLOW_UPS = (
    "ALTER TABLE _incident ADD COLUMN hand_offs INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE _incident ADD COLUMN is_our_mistake INTEGER",
    "ALTER TABLE _incident ADD COLUMN follow_up_at TEXT",
    "CREATE INDEX _incident_follow_up ON _incident (follow_up_at) WHERE follow_up_at IS NOT NULL",
    "DROP VIEW incidents",
    """
    CREATE VIEW incidents AS
    SELECT i.id, i.brand, i.kind, i.kinds, i.status, i.fire, i.severity, i.opened_at,
      i.first_post_at, a.observed, a.expected, a.chance,
      NULL AS url,
      a.window_minutes, a.reason, i.subject, i.last_alert_at, i.first_seen_at,
      i.acknowledged_at, i.responded_at, i.closed_at, i.owner, i.resolution, i.answer_url,
      i.previous_id, i.sequence, i.hand_offs, i.is_our_mistake, i.follow_up_at
    FROM _incident i
    JOIN _incident_alert l ON l.incident = i.row AND l.position = 0
    JOIN _alert a ON a.id = l.alert_id
    """,
    """
    CREATE VIEW unanswered AS
    SELECT i.id AS incident_id, i.brand, e.post_id, e.author, e.followers, e.created_at, e.anger,
      e.language, e.text, e.url
    FROM _exhibit e JOIN _incident i ON i.row = e.incident
    WHERE i.is_closed = 0 AND i.status IN ('open', 'acknowledged') AND i.brand IS NOT NULL
    ORDER BY e.anger DESC, e.followers DESC, e.created_at
    """,
)


ROUTING = (
    "ALTER TABLE _incident ADD COLUMN team TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE _incident ADD COLUMN waiting TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE _incident ADD COLUMN wakes_at TEXT",
    "CREATE INDEX _incident_wakes ON _incident (wakes_at) WHERE wakes_at IS NOT NULL",
    """
    CREATE TABLE _silence (
      id TEXT PRIMARY KEY,
      at TEXT NOT NULL,
      until TEXT NOT NULL,
      who TEXT NOT NULL,
      reason TEXT NOT NULL,
      brand TEXT NOT NULL,
      kinds TEXT NOT NULL,
      themes TEXT NOT NULL,
      languages TEXT NOT NULL,
      below TEXT,
      ended_by TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX _silence_until ON _silence (until)",
    """
    CREATE VIEW silences AS
    SELECT id, at, until, who, reason, brand, kinds, themes, languages, below, ended_by
    FROM _silence ORDER BY at, id
    """,
    """
    CREATE VIEW escalations AS
    SELECT i.id AS incident_id, i.brand, i.team, i.status, i.severity,
      json_extract(i.waiting, '$.since') AS waits_since,
      ifnull(json_extract(i.waiting, '$.links'), 0) AS links_told,
      ifnull(json_extract(i.waiting, '$.told'), '[]') AS told,
      ifnull(json_extract(i.waiting, '$.withheld'), '[]') AS withheld,
      ifnull(json_extract(i.waiting, '$.silenced'), '[]') AS silenced,
      i.wakes_at
    FROM _incident i
    WHERE i.is_closed = 0 OR i.wakes_at IS NOT NULL
    ORDER BY i.opened_at, i.row
    """,
)


THEMES = (
    "ALTER TABLE _mention ADD COLUMN themes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE _exhibit ADD COLUMN themes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE _incident ADD COLUMN themes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE _incident ADD COLUMN history TEXT",
    "ALTER TABLE _incident ADD COLUMN recurring TEXT NOT NULL DEFAULT '[]'",
    # posts that stand beside an incident and are not its evidence: what they tell is in `role`
    """
    CREATE TABLE _beside (
      incident INTEGER NOT NULL REFERENCES _incident (row),
      position INTEGER NOT NULL,
      role TEXT NOT NULL,
      theme TEXT NOT NULL,
      post_id TEXT NOT NULL,
      author TEXT NOT NULL,
      followers INTEGER,
      created_at TEXT NOT NULL,
      url TEXT,
      language TEXT,
      text TEXT NOT NULL,
      sentiment REAL,
      anger REAL,
      matched TEXT NOT NULL,
      thread_id TEXT NOT NULL,
      why TEXT NOT NULL,
      signs TEXT NOT NULL,
      themes TEXT NOT NULL,
      PRIMARY KEY (incident, position)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _beside_post ON _beside (post_id)",
    """
    CREATE VIEW mention_themes AS
    SELECT p.id AS post_id, m.brand, t.value AS theme, m.created_at, m.anger
    FROM _mention m JOIN json_each(m.themes) t JOIN _post p ON p.row = m.post
    """,
    """
    CREATE VIEW incident_themes AS
    SELECT i.id AS incident_id, i.brand, t.key + 1 AS position, t.value AS theme
    FROM _incident i JOIN json_each(i.themes) t
    """,
    """
    CREATE VIEW themes_by_week AS
    SELECT m.brand, date(m.created_at, 'weekday 0', '-6 days') AS week, t.value AS theme,
      count(*) AS posts, sum(m.anger >= 0.3) AS angry_posts,
      min(
        count(DISTINCT CASE WHEN m.anger >= 0.3 OR m.sentiment <= -0.05
          THEN p.source || ':' || p.host || ':' || coalesce(nullif(p.author, ''), p.id) END),
        count(DISTINCT CASE WHEN m.anger >= 0.3 OR m.sentiment <= -0.05 THEN p.thread_id END),
        count(DISTINCT CASE WHEN m.anger >= 0.3 OR m.sentiment <= -0.05
          THEN coalesce(nullif(m.fingerprint, ''), p.id) END)
      ) AS voices,
      total(m.anger) AS angry_weight, count(m.anger) AS with_anger
    FROM _mention m JOIN json_each(m.themes) t JOIN _post p ON p.row = m.post
    GROUP BY 1, 2, 3
    """,
    # an author's past is asked for when an incident opens
    "CREATE INDEX _post_author ON _post (author, source, host) WHERE is_mention = 1",
    """
    CREATE VIEW authors AS
    SELECT m.brand, p.source, p.author, count(*) AS posts,
      ifnull(sum(m.anger >= 0.3), 0) AS angry_posts,
      min(m.created_at) AS first_at, max(m.created_at) AS last_at, avg(m.anger) AS anger,
      (SELECT count(DISTINCT e.incident)
        FROM _exhibit e JOIN _incident i ON i.row = e.incident JOIN _post s ON s.id = e.post_id
        WHERE e.author = p.author AND i.brand = m.brand AND s.source = p.source
          AND s.host = p.host) AS incidents,
      max(p.followers) AS reach, p.host
    FROM _mention m JOIN _post p ON p.row = m.post
    WHERE p.author <> ''
    GROUP BY m.brand, p.source, p.host, p.author
    """,
)


_FROM_THE_FIRST_POST = """\
round((julianday(first_seen_at) - julianday(first_post_at)) * 86400, 3) AS seen_after,
      round((julianday(opened_at) - julianday(first_post_at)) * 86400, 3) AS detected_after,
      round((julianday(delivered_at) - julianday(first_post_at)) * 86400, 3) AS delivered_after,
      round((julianday(acknowledged_at) - julianday(first_post_at)) * 86400, 3)
        AS acknowledged_after,
      round((julianday(responded_at) - julianday(first_post_at)) * 86400, 3) AS responded_after,
      round((julianday(resolved_at) - julianday(first_post_at)) * 86400, 3) AS resolved_after,
      acknowledge_by, respond_by, resolve_by,
      CASE WHEN acknowledge_by IS NULL OR status = 'dismissed' THEN NULL
        WHEN coalesce(acknowledged_at, resolved_at) <= acknowledge_by THEN 1
        WHEN coalesce(acknowledged_at, resolved_at) IS NOT NULL OR now > acknowledge_by THEN 0
      END AS acknowledged_in_time,
      CASE WHEN respond_by IS NULL OR status = 'dismissed' THEN NULL
        WHEN coalesce(responded_at, resolved_at) <= respond_by THEN 1
        WHEN coalesce(responded_at, resolved_at) IS NOT NULL OR now > respond_by THEN 0
      END AS responded_in_time,
      CASE WHEN resolve_by IS NULL OR status = 'dismissed' THEN NULL
        WHEN resolved_at <= resolve_by THEN 1
        WHEN resolved_at IS NOT NULL OR now > resolve_by THEN 0
      END AS resolved_in_time"""
"""What all forms of `response_times` time from the first post, and hold against the promises."""


CLOCKS = (
    "ALTER TABLE _mention ADD COLUMN unseen_at TEXT",
    "ALTER TABLE _incident ADD COLUMN unseen_at TEXT",
    "ALTER TABLE _incident ADD COLUMN acknowledge_by TEXT",
    "ALTER TABLE _incident ADD COLUMN respond_by TEXT",
    "ALTER TABLE _incident ADD COLUMN resolve_by TEXT",
    # instants are text that sorts as time does; max() and min() of them are instants
    f"""
    CREATE VIEW response_times AS
    WITH way AS (
      SELECT i.*,
        CASE WHEN i.status = 'resolved' THEN i.closed_at END AS resolved_at,
        (SELECT min(n.delivered_at) FROM _notification n
          WHERE n.incident_id = i.id AND n.attempts > 0) AS delivered_at,
        CASE WHEN i.unseen_at IS NOT NULL AND i.first_seen_at > i.first_post_at
          THEN min(max(i.first_post_at, i.unseen_at), i.first_seen_at) END AS shown_at,
        (SELECT at FROM _clock) AS now
      FROM _incident i WHERE i.brand IS NOT NULL AND i.kind <> 'follow_up_due'
    )
    SELECT id AS incident_id, brand, kind, severity, team, status, opened_at,
      round((julianday(shown_at) - julianday(first_post_at)) * 86400, 3) AS source_seconds,
      round((julianday(first_seen_at) - julianday(shown_at)) * 86400, 3) AS poll_seconds,
      round((julianday(opened_at) - julianday(first_seen_at)) * 86400, 3) AS detection_seconds,
      round((julianday(delivered_at) - julianday(opened_at)) * 86400, 3) AS delivery_seconds,
      round((julianday(coalesce(responded_at, resolved_at))
        - julianday(coalesce(delivered_at, opened_at))) * 86400, 3) AS people_seconds,
      {_FROM_THE_FIRST_POST}
    FROM way
    """,
)


DIGESTS = (
    "ALTER TABLE _notification ADD COLUMN severity TEXT NOT NULL DEFAULT 'info'",
    "ALTER TABLE _notification ADD COLUMN subject TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE _notification ADD COLUMN told_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE _notification ADD COLUMN handed_to TEXT NOT NULL DEFAULT ''",
    """
    UPDATE _notification SET
      severity = ifnull(json_extract(payload, '$.incident.severity'), 'info'),
      subject = coalesce(
        json_extract(payload, '$.incident.brand'), json_extract(payload, '$.incident.subject'), ''
      )
    WHERE is_erased = 0 AND json_valid(payload)
    """,
    "CREATE INDEX _notification_told_by ON _notification (told_by) WHERE told_by <> ''",
    """
    CREATE INDEX _notification_delivered ON _notification (notifier, delivered_at)
    WHERE delivered_at IS NOT NULL
    """,
    "DROP VIEW deliveries",
    """
    CREATE VIEW deliveries AS
    SELECT id AS notification_id, nullif(incident_id, '') AS incident_id, notifier, attempts, state,
      first_try_at, delivered_at, last_answer, type, sequence, created_at, next_try_at,
      severity, subject, nullif(told_by, '') AS told_by, nullif(handed_to, '') AS handed_to
    FROM _notification
    """,
)


FEED_NOTES = (
    "ALTER TABLE _feed ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    "DROP VIEW feeds_health",
    """
    CREATE VIEW feeds_health AS
    SELECT f.feed, f.source, f.last_ok_at, f.blind_since, f.why,
      (SELECT count(*) FROM _post p
        WHERE p.feed = f.feed AND p.is_erased IN (0, 1) AND p.seen_at > (
          SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', at, '-24 hours') FROM _clock
        )) AS posts_24h,
      f.last_post_at, f.failures, f.next_poll_at, f.note
    FROM _feed f
    """,
)


UNANSWERED = (
    "DROP VIEW unanswered",
    """
    CREATE VIEW unanswered AS
    SELECT i.id AS incident_id, i.brand, e.post_id, e.author, e.followers, e.created_at, e.anger,
      e.language, e.text, e.url
    FROM _exhibit e JOIN _incident i ON i.row = e.incident
    WHERE i.is_closed = 0 AND i.status IN ('open', 'acknowledged') AND i.brand IS NOT NULL
      AND (e.text <> '' OR e.author <> '')
    ORDER BY e.anger DESC, e.followers DESC, e.created_at
    """,
)


PACES = (
    "CREATE TABLE _rest (notifier TEXT PRIMARY KEY, until TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # the tries of the last minute, of notifiers that have a limit
    """
    CREATE TABLE _try (
      notifier TEXT NOT NULL,
      notification_id TEXT NOT NULL,
      taken_at TEXT NOT NULL,
      at TEXT NOT NULL,
      PRIMARY KEY (notifier, notification_id, taken_at)
    ) STRICT, WITHOUT ROWID
    """,
)


def _held(incidents: str, known: str) -> str:
    """Return the view of response times that tells how long a message was held: of which incidents
    (`i`), and what is known of each.
    """
    return f"""
    CREATE VIEW response_times AS
    WITH way AS (
      SELECT {known},
        (SELECT min(ifnull(n.told_at, CASE WHEN n.attempts > 0 THEN n.delivered_at END))
          FROM _notification n WHERE n.incident_id = i.id) AS delivered_at,
        (SELECT min(n.created_at) FROM _notification n
          WHERE n.incident_id = i.id) AS owed_at,
        CASE WHEN i.unseen_at IS NOT NULL AND i.first_seen_at > i.first_post_at
          THEN min(max(i.first_post_at, i.unseen_at), i.first_seen_at) END AS shown_at,
        (SELECT at FROM _clock) AS now
      FROM {incidents} WHERE i.brand IS NOT NULL AND i.kind <> 'follow_up_due'
    )
    SELECT id AS incident_id, brand, kind, severity, team, status, opened_at,
      round((julianday(shown_at) - julianday(first_post_at)) * 86400, 3) AS source_seconds,
      round((julianday(first_seen_at) - julianday(shown_at)) * 86400, 3) AS poll_seconds,
      round((julianday(opened_at) - julianday(first_seen_at)) * 86400, 3) AS detection_seconds,
      round((julianday(delivered_at) - julianday(owed_at)) * 86400, 3) AS delivery_seconds,
      round((julianday(coalesce(responded_at, resolved_at))
        - julianday(coalesce(delivered_at, opened_at))) * 86400, 3) AS people_seconds,
      {_FROM_THE_FIRST_POST},
      CASE WHEN delivered_at IS NOT NULL
        THEN round((julianday(owed_at) - julianday(opened_at)) * 86400, 3) END AS held_seconds
    FROM way
    """


HELD = (
    # when a message that is sent again was taken the first time
    "ALTER TABLE _notification ADD COLUMN told_at TEXT",
    "DROP VIEW response_times",
    _held(
        "_incident i",
        """i.*,
        CASE WHEN i.status = 'resolved' THEN i.closed_at END AS resolved_at""",
    ),
)


REPLAYED = (
    # people act by another clock than that of a replay's file, which opened the incident
    "DROP VIEW response_times",
    _held(
        "_incident i LEFT JOIN _step s"
        " ON s.incident = i.row AND s.action = 'opened' AND s.who = 'replay'",
        """i.id, i.brand, i.kind, i.severity, i.team, i.status, i.opened_at, i.first_post_at,
        i.first_seen_at,
        CASE WHEN s.who IS NULL THEN i.acknowledged_at END AS acknowledged_at,
        CASE WHEN s.who IS NULL THEN i.responded_at END AS responded_at,
        CASE WHEN s.who IS NULL AND i.status = 'resolved' THEN i.closed_at END AS resolved_at,
        CASE WHEN s.who IS NULL THEN i.acknowledge_by END AS acknowledge_by,
        CASE WHEN s.who IS NULL THEN i.respond_by END AS respond_by,
        CASE WHEN s.who IS NULL THEN i.resolve_by END AS resolve_by""",
    ),
)


def _each(statements: tuple[str, ...]) -> "Callable[[Database], None]":
    """Return a step that runs these statements, one after the other."""

    def migrate(db: "Database") -> None:
        for statement in statements:
            db.conn.execute(statement)

    return migrate


MIGRATIONS: tuple[tuple[str, Callable[["Database"], None]], ...] = (
    ("0001_first_schema", _first_schema),
    ("0002_corrections", _each(CORRECTIONS)),
    ("0003_signs", _each(SIGNS)),
    ("0004_unwatched", _each(UNWATCHED)),
    ("0005_handles", _each(HANDLES)),
    ("0006_follow_ups", _each(FOLLOW_UPS)),
    ("0007_routing", _each(ROUTING)),
    ("0008_themes", _each(THEMES)),
    ("0009_clocks", _each(CLOCKS)),
    ("0010_digests", _each(DIGESTS)),
    ("0011_feed_notes", _each(FEED_NOTES)),
    ("0012_unanswered", _each(UNANSWERED)),
    ("0013_paces_and_held", _each((*PACES, *HELD))),
    ("0014_replayed", _each(REPLAYED)),
)
"""Every step from an empty file to today's schema, oldest first. Never edited once released."""

VERSION = len(MIGRATIONS)
"""Written to the file's `user_version` once its migrations are through."""


def version_of(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of a database's schema, 0 for an empty file. `name` is for messages.

    Raises `StoreFailed` when the database is newer than this program, or another program's.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application or version or tables:
            raise StoreFailed(f"{name} is another program's database: use --database to name ours")
        return 0
    if version > VERSION:
        raise StoreFailed(
            f"database {name} was written by a newer emberwatch (schema {version}; this one knows "
            f"{VERSION}): use that version, or another file with --database"
        )
    return int(version)


def bring_up_to_date(connection: sqlite3.Connection, name: str) -> None:
    """Apply what is missing, all of it or nothing: killed in between, the next start begins anew.

    The write lock is taken before looking, so that of two programs that start at once only one
    migrates. `connection` must be in autocommit mode.
    """
    # imported here because it costs 0.4 s, which a database that is up to date need not pay
    from sqlite_utils import Database, Migrations

    steps = Migrations("emberwatch")
    for step, migrate in MIGRATIONS:
        steps(name=step)(migrate)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection, name) < VERSION:
            steps.apply(Database(connection, execute_plugins=False))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
