"""Which posts complain, how many people they are, and a fair sample of too many."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from emberwatch.core.respond.themes import ANGRY_FROM
from emberwatch.model.mention import Mention, Score

NEGATIVE_FROM = 0.05
"""A sentiment as far below 0 as this is negative (contract section 3)."""


def weight_of(score: Score) -> float:
    """Return how much anger a post lends to what it complains about, 0..1.

    Where nobody measured the anger of a language, how negative the post is stands in for it.
    """
    if score.anger is not None:
        return score.anger
    return max(0.0, -(score.sentiment or 0.0))


def complains(score: Score) -> bool:
    """Whether a post is a complaint: angry, or negative. One that nobody judged is none."""
    if score.anger is not None and score.anger >= ANGRY_FROM:
        return True
    return score.sentiment is not None and score.sentiment <= -NEGATIVE_FROM


def voices(mentions: Iterable[Mention]) -> list[Mention]:
    """Return one post for each voice, the weightiest first.

    An author, a thread and a text that went round give one voice each, as in a spike. The order in
    which the posts come does not matter.
    """
    heard: set[tuple[str, str]] = set()
    chosen: list[Mention] = []
    for mention in sorted(mentions, key=_by_weight):
        post = mention.post
        marks = {("author", post.voice), ("thread", post.thread_id)}
        if mention.fingerprint:
            marks.add(("text", mention.fingerprint))
        if not marks & heard:
            heard |= marks
            chosen.append(mention)
    return chosen


def _by_weight(mention: Mention) -> tuple[float, str]:
    return -weight_of(mention.score), mention.post.id


@dataclass(slots=True)
class Sample:
    """Mentions up to a number, drawn fairly from however many are added, in any order.

    Those with the smallest digests of their ids stay, so the same mentions leave the same sample,
    wherever they were cut into batches; two samples may be poured together.
    """

    most: int
    seen: int = 0
    _kept: list[tuple[int, str, Mention]] = field(default_factory=list)

    def add(self, mention: Mention) -> None:
        """Take a mention in; of a full sample the one with the greatest digest falls out."""
        self.seen += 1
        id = mention.post.id
        digest = int.from_bytes(blake2b(id.encode(errors="replace"), digest_size=8).digest())
        # a heap gives its least first, so the digests are turned round
        if len(self._kept) < self.most:
            heapq.heappush(self._kept, (-digest, id, mention))
        elif -digest > self._kept[0][0]:
            heapq.heapreplace(self._kept, (-digest, id, mention))

    @property
    def mentions(self) -> list[Mention]:
        """Those that were drawn, in an order of their own."""
        return [mention for _, _, mention in sorted(self._kept, key=lambda kept: kept[:2])]

    @property
    def times(self) -> float:
        """How many mentions each of the drawn ones stands for."""
        return self.seen / len(self._kept) if self._kept else 1.0
