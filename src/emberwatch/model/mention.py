"""A post that speaks of a brand, with how it sounds."""

from dataclasses import dataclass

from emberwatch.model.post import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a scorer made of a text.

    `sentiment` -1..1, `negative` 0..1 (ranks negativity) and `anger` 0..1 (calibrated) are None
    where the scorer cannot judge; `judged` says whether the sentiment was judged. `language` is
    the language judged in (None: unknown), `confidence` 0..1 how sure we are of it. `why` holds
    the words that weighed most.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A post that speaks of a brand. `matched` names the terms; near copies share `fingerprint`."""

    brand: str
    post: Post
    score: Score
    matched: str
    feed: str
    fingerprint: str

    @property
    def id(self) -> str:
        """The mention's own id: one post may speak of several brands."""
        return f"{self.brand}|{self.post.id}"
