"""A post that speaks of a brand, with how it sounds."""

from dataclasses import dataclass
from datetime import datetime

from emberwatch.model.post import Post

FAILED = " (failed)"
"""Ends the name of a scorer that failed on a text: another try may judge it."""

NO_WORDS = "zxx"
"""BCP 47's tag of what is in no language: of posts that are judged by their emoji alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a scorer made of a text.

    `sentiment` -1..1, `negative` 0..1 (ranks negativity) and `anger` 0..1 (calibrated) are None
    where the scorer cannot judge; `judged` says whether the sentiment was judged. `language` is
    the language judged in (None: unknown; `NO_WORDS`: emoji alone), `confidence` 0..1 how sure we
    are of it. `why` holds the words that weighed most, heaviest first: those that make it positive
    where it is, else those that make it negative or angry.
    """

    sentiment: float | None = None
    negative: float | None = None
    anger: float | None = None
    language: str | None = None
    confidence: float = 0.0
    judged: bool = False
    scorer: str
    version: str = ""
    why: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.judged and self.sentiment is None:
            raise ValueError(f"scorer {self.scorer!r}: judged, but without a sentiment")
        if not self.judged and (self.sentiment is not None or self.anger is not None):
            raise ValueError(f"scorer {self.scorer!r}: not judged, but with a sentiment or anger")

    @property
    def has_failed(self) -> bool:
        """Whether the scorer failed, so that nothing is known of the text."""
        return self.scorer.endswith(FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person says of how a post sounds, beside what the scorer said.

    `sentiment` -1..1 and `anger` 0..1 are None where the person said nothing of them; at least
    one is given. `by` is the person's name. A later correction of a post replaces the earlier.
    """

    post_id: str
    sentiment: float | None = None
    anger: float | None = None
    by: str
    at: datetime
    note: str = ""

    def __post_init__(self) -> None:
        if self.sentiment is None and self.anger is None:
            raise ValueError(f"correction of {self.post_id!r}: says nothing")
        if self.sentiment is not None and not -1 <= self.sentiment <= 1:
            raise ValueError(f"correction of {self.post_id!r}: sentiment is not within -1 to 1")
        if self.anger is not None and not 0 <= self.anger <= 1:
            raise ValueError(f"correction of {self.post_id!r}: anger is not within 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A post that speaks of a brand. `matched` names the terms; near copies share `fingerprint`.

    `themes` names those of the user's themes that it is of, in the order of the configuration.
    `unseen_at` is the last reading of its feed that did not bring it; None where nobody knows.
    """

    brand: str
    post: Post
    score: Score
    matched: str
    feed: str
    fingerprint: str
    themes: tuple[str, ...] = ()
    unseen_at: datetime | None = None

    @property
    def id(self) -> str:
        """The mention's own id: one post may speak of several brands."""
        return f"{self.brand}|{self.post.id}"

    @property
    def language(self) -> str | None:
        """The language that its author reads: what it was judged in, else what its site says."""
        judged_in = self.score.language
        return self.post.language if judged_in in (None, NO_WORDS) else judged_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A mention without its words: who spoke of a brand, when, how angrily, and before whom.

    `name` tells voices apart (see `Post.voice`). `anger` is what a person said of the post, else
    what the scorer did; None: nobody could judge. `reactions` are replies, boosts and quotes as
    the site last counted them.
    """

    brand: str
    name: str
    post_id: str
    at: datetime
    anger: float | None
    language: str | None
    followers: int | None
    reactions: int
