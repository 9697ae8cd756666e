"""What we watch for."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A boolean query: at least one of `any`, every one of `all`, not a single one of `none`."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.any and not self.all:
            raise ValueError("a group needs words under 'any' or 'all'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A kind of complaint that the user named, and what posts of it hold.

    A post is of the theme when it holds a word or satisfies a group.
    """

    name: str
    words: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        if not self.words and not self.groups:
            raise ValueError(f"theme {self.name!r}: needs words or groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A name, its spellings, what to ignore, the team that answers.

    A post speaks of the brand when it holds a word, a handle, a hashtag or satisfies a group,
    and holds none of `exclude`. `languages` are what its customers write (BCP 47 primary tags).
    """

    name: str
    words: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    handles: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    team: str = ""
    false_alarms_per_month: float = 1.0
    pile_on_floor: int = 300
    quiet_after: timedelta = timedelta(hours=6)
    themes: tuple[Theme, ...] = ()

    def __post_init__(self) -> None:
        if not (self.words or self.groups or self.handles or self.hashtags):
            raise ValueError(f"brand {self.name!r}: needs words, handles, hashtags or groups")
        if not self.false_alarms_per_month > 0:
            raise ValueError(f"brand {self.name!r}: false_alarms_per_month must be above 0")
        if self.pile_on_floor < 2:
            raise ValueError(f"brand {self.name!r}: pile_on_floor must be at least 2")
