"""A message for the notifier that stands in for another one."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from emberwatch.core.respond.legible import one_line
from emberwatch.core.respond.room import MOST_BYTES
from emberwatch.model.notification import DeliveryState, Notification

STANDS_IN_AFTER = timedelta(minutes=2)
"""A notifier that has failed for so long is given up on for now: anger ages in minutes. The
tries of the original go on."""

NO_LONGER_NEWS = timedelta(days=4)
"""What is older is not handed over: longer than all tries of a message take."""

MOST_WHY = 200


def in_stead(original: Notification, fallback: str, at: datetime) -> Notification:
    """Return what is owed to the `fallback` of a notifier that does not take a message.

    It holds the same payload, and says in whose stead it comes and why. The id is computed from
    the original's, so that it is owed once.
    """
    parts = json.dumps(["fallback", original.id, fallback])
    id = f"msg_{sha256(parts.encode()).hexdigest()[:32]}"
    why = one_line(original.last_answer, MOST_WHY) or _unsaid(original)
    payload = {
        **json.loads(original.payload),
        "id": id,
        "instead_of": {"notifier": original.notifier, "why": why},
    }
    return replace(
        original,
        id=id,
        notifier=fallback,
        payload=_fitting(payload),
        created_at=at,
        attempts=0,
        state=DeliveryState.WAITING,
        next_try_at=at,
        first_try_at=None,
        delivered_at=None,
        last_answer="",
        handle="",
        told_by="",
        handed_to="",
    )


def _unsaid(original: Notification) -> str:
    held = original.state is DeliveryState.HELD
    return "it is disabled" if held else "nothing gets through to it"


def _fitting(payload: dict[str, object]) -> str:
    """Return the JSON text, under `MOST_BYTES`: posts give way, from the last."""
    while True:
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        brief = payload.get("brief")
        posts = brief.get("posts") if isinstance(brief, dict) else None
        if len(text.encode()) < MOST_BYTES or not posts:
            return text
        posts.pop()
        cut = payload.get("truncated")
        payload["truncated"] = (cut if isinstance(cut, int) else 0) + 1
