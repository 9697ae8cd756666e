"""Which plug-ins are installed: ours and everybody's, found the same way."""

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from emberwatch.config.schema import PlugIns
from emberwatch.model.errors import ConfigError


class Offers(Mapping[str, type]):
    """The plug-ins of one group by kind; each is imported when it is looked up.

    Looking one up raises `ConfigError` when it cannot be used, with the reason.
    """

    def __init__(self, noun: str, offered: tuple[EntryPoint, ...]) -> None:
        self._noun = noun
        # An installation found twice on the path offers the same thing twice.
        self._offered: dict[str, dict[str, EntryPoint]] = {}
        for point in offered:
            self._offered.setdefault(point.name, {})[point.value] = point

    def __getitem__(self, kind: str) -> type:
        offers = self._offered[kind]
        if len(offers) > 1:
            raise ConfigError(
                (
                    f"several packages offer the {self._noun} '{kind}' "
                    f"({', '.join(sorted(offers))}): uninstall all but one",
                )
            )
        (point,) = offers.values()
        try:
            loaded: object = point.load()
        except Exception as error:
            # A stranger's module may raise anything at all while it is imported.
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ConfigError(
                (f"the {self._noun} '{kind}' cannot be loaded from {point.value} ({why})",)
            ) from error
        if not isinstance(loaded, type):
            raise ConfigError((f"the {self._noun} '{kind}' ({point.value}) is not a class",))
        return loaded

    def __contains__(self, kind: object) -> bool:
        # The mapping's own way would import the plug-in to find out.
        return kind in self._offered

    def __iter__(self) -> Iterator[str]:
        return iter(self._offered)

    def __len__(self) -> int:
        return len(self._offered)


def sources() -> Mapping[str, type]:
    """Return the kinds of site that can be read."""
    return _group("sources", "source")


def scorers() -> Mapping[str, type]:
    """Return the ways of judging how posts sound."""
    return _group("scorers", "scorer")


def detectors() -> Mapping[str, type]:
    """Return the rules that watch."""
    return _group("detectors", "detector")


def notifiers() -> Mapping[str, type]:
    """Return the channels through which people can be told."""
    return _group("notifiers", "notifier")


def installed() -> PlugIns:
    """Return what a configuration may name in this Python environment; imports none of it."""
    return PlugIns(sources=sources(), notifiers=notifiers(), scorers=scorers())


def _group(group: str, noun: str) -> Mapping[str, type]:
    return Offers(noun, tuple(entry_points(group=f"emberwatch.{group}")))
