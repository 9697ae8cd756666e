"""A stated, timed, signed wish not to be notified."""

from dataclasses import dataclass
from datetime import datetime

from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Incident, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody is notified of the incidents that it matches, from `at` until `until` (exclusive).

    It mutes notifications, never detection. Everything named must fit: the `brand`, one of the
    `themes`, a severity `below` this one, and every kind and language of the incident must be
    among `kinds` and `languages`, so that what it grows into is not muted with it. `by` and
    `reason` say who wished it and why. One that `ended_by` ended early has its end in `until`.
    """

    id: str
    at: datetime
    until: datetime
    by: str
    reason: str
    brand: str = ""
    kinds: tuple[AlertKind, ...] = ()
    themes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    below: Severity | None = None
    ended_by: str = ""

    def __post_init__(self) -> None:
        if not (self.brand or self.kinds or self.themes or self.languages or self.below):
            raise ValueError(f"silence {self.id!r}: needs something to match")
        if not (self.by and self.reason):
            raise ValueError(f"silence {self.id!r}: needs an author and a reason")
        if self.until < self.at:
            raise ValueError(f"silence {self.id!r}: ends before it begins")

    def is_active(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.at <= at < self.until

    def matches(self, incident: Incident) -> bool:
        """Whether it is for this incident."""
        return (
            (not self.brand or incident.brand == self.brand)
            and (not self.kinds or all(kind in self.kinds for kind in incident.kinds))
            and (not self.themes or any(theme in self.themes for theme in incident.themes))
            and (not self.languages or self._is_in_its_languages(incident))
            and (self.below is None or incident.severity.rank < self.below.rank)
        )

    def _is_in_its_languages(self, incident: Incident) -> bool:
        spoken = incident.languages
        return bool(spoken) and all(language in self.languages for language in spoken)

    @property
    def subject(self) -> str:
        """What it matches, in words: `Acme, spike, below high`."""
        parts = (
            self.brand,
            " or ".join(kind.replace("_", "-") for kind in self.kinds),
            " or ".join(self.themes),
            " or ".join(self.languages),
            "" if self.below is None else f"below {self.below}",
        )
        return ", ".join(part for part in parts if part)
