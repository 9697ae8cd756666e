"""What the pile-on detector sees of a thread at a moment: for people who ask why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ThreadWhy(StrEnum):
    """Why a thread rings for a brand, or does not."""

    RINGING = "ringing"
    OVER = "over"
    NOT_CONCERNED = "not_concerned"
    APPLAUSE = "applause"
    TOO_FEW = "too_few"
    UNSURE = "unsure"
    READ_BACK = "read_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadLook:
    """A thread, for one brand, at an instant.

    It has `size` reactions: `before` of them precede the burst that began at `burst_at`, `pace` a
    minute come now, and it passes `end` with even odds. `chance` (0..1) is how likely it comes to
    `floor`, doubt taken off; it rings early from `asked` on. None: nobody asks with fewer than
    `fewest` reactions of the burst seen. `names` of the `posts` seen in it name the brand; `angry`
    of the `judged` ones are angry.
    """

    thread_id: str
    root_id: str | None
    at: datetime
    began_at: datetime
    burst_at: datetime
    size: int
    before: int
    pace: float
    end: int
    floor: int
    fewest: int
    chance: float | None
    asked: float
    posts: int
    names: int
    judged: int
    angry: int
    why: ThreadWhy
    ringing_since: datetime | None
