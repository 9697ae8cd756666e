"""One message that tells of several incidents, for channels that people read."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from emberwatch.core.respond.legible import one_line, shortened
from emberwatch.model.incident import Severity
from emberwatch.model.notification import DIGEST, Notification, Owed

SCHEMA = "emberwatch.digest/1"

MOST_LISTED = 10
"""Incidents that a digest names one by one, the gravest first."""

MOST_SUBJECTS = 8
"""Brands that its first line counts."""

MOST_LINE = 200


def digest_of(
    grouped: Sequence[Owed], listed: Sequence[Notification], notifier: str, at: datetime
) -> Notification:
    """Return the message that tells of all that is `grouped`, the gravest first.

    `listed` are the first of them, whole. Its id is computed from theirs, so that the same
    messages are never told twice. Raises `ValueError` where nothing is grouped.
    """
    if not grouped:
        raise ValueError("a digest tells of at least one message")
    parts = json.dumps([DIGEST, notifier, *sorted(each.id for each in grouped)])
    id = f"msg_{sha256(parts.encode()).hexdigest()[:32]}"
    severity = max((each.severity for each in grouped), key=lambda each: each.rank)
    incidents = len({each.incident_id for each in grouped})
    lines = [_line(each) for each in listed[:MOST_LISTED]]
    where = f"All of them: emberwatch delivery list --told-by {id}"
    shown = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    payload = {
        "schema": SCHEMA,
        "specversion": "1.0",
        "source": "emberwatch",
        "type": DIGEST,
        "id": id,
        "occurred_at": shown,
        "time": shown,
        "severity": severity,
        "subject": f"{incidents} more incident{'s' if incidents != 1 else ''}",
        "reason": _counted(grouped),
        "lines": lines,
        "more": len(grouped) - len(lines),
        "state": f"more than this channel's limit lets out at once. {where}",
    }
    return Notification(
        id=id,
        incident_id="",
        notifier=notifier,
        type=DIGEST,
        sequence=1,
        payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
        created_at=at,
        next_try_at=at,
        severity=severity,
    )


def _counted(grouped: Sequence[Owed]) -> str:
    """Return how many incidents each brand has: `Acme 12 (3 critical), Beta 25`."""
    worst: dict[tuple[str, str], Severity] = {}
    for each in grouped:
        key = each.subject, each.incident_id
        worst[key] = max(worst.get(key, each.severity), each.severity, key=lambda one: one.rank)
    count = Counter(subject for subject, _ in worst)
    critical = Counter(subject for (subject, _), each in worst.items() if each is Severity.CRITICAL)
    ranked = sorted(count, key=lambda subject: (-critical[subject], -count[subject], subject))
    told = [
        f"{one_line(subject, 60)} {count[subject]}"
        + (f" ({critical[subject]} critical)" if critical[subject] else "")
        for subject in ranked[:MOST_SUBJECTS]
    ]
    further = ranked[MOST_SUBJECTS:]
    if further:
        told.append(f"{len(further)} others {sum(count[subject] for subject in further)}")
    return ", ".join(told)


def _line(each: Notification) -> str:
    change = each.type.removeprefix("incident.")
    reason = one_line(json.loads(each.payload)["reason"], MOST_LINE)
    who = shortened(one_line(each.subject, 60), 60)
    return f"[{each.severity}] {who}, {change}: {reason} ({each.incident_id})"
