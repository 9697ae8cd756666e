"""Which post it all began with: there the answer is to be written."""

from collections import Counter

from emberwatch.model.incident import Exhibit, Incident
from emberwatch.model.post import PostKind


def thread_url(incident: Incident) -> str | None:
    """Return where the answer is to be written: the post that began the loudest thread."""
    first = origin(incident)
    return first.url if first else None


def origin(incident: Incident) -> Exhibit | None:
    """Return the post that began the loudest thread, or the nearest to it that was seen.

    The loudest thread is the one that the newest alert with a thread names, else the one that
    most of the evidence stands in.
    """
    if not incident.exhibits:
        return None
    named = [alert for alert in incident.alerts if alert.thread_id]
    thread_id = max(named, key=lambda alert: alert.at).thread_id if named else None
    threads = Counter(exhibit.thread_id for exhibit in incident.exhibits)
    if thread_id not in threads:
        thread_id = threads.most_common(1)[0][0]
    thread = [exhibit for exhibit in incident.exhibits if exhibit.thread_id == thread_id]
    return min(thread, key=lambda exhibit: (not _is_root(exhibit), exhibit.created_at))


def _is_root(exhibit: Exhibit) -> bool:
    """Whether a post began its thread: its id without its kind is then the thread's key."""
    return any(
        exhibit.post_id.replace(f":{kind}:", ":", 1) == exhibit.thread_id for kind in PostKind
    )


def origin_first(incident: Incident) -> tuple[Exhibit, ...]:
    """Return the evidence, the post that began it all before the others."""
    first = origin(incident)
    return tuple(sorted(incident.exhibits, key=lambda exhibit: exhibit is not first))
