"""Of which of the user's themes is a post: what do people complain about."""

from collections.abc import Iterable, Mapping

from emberwatch.core.read.matching import Matcher
from emberwatch.model.brand import Brand

NO_THEMES: Mapping[str, tuple[str, ...]] = {}


class Themes:
    """Finds the themes of every brand in a text, all in one pass.

    Like a `Matcher` it is built once per configuration, and costs hardly more with more themes.
    """

    def __init__(self, brands: Iterable[Brand]) -> None:
        themes = [(brand.name, theme) for brand in brands for theme in brand.themes]
        self._of = [(brand, theme.name) for brand, theme in themes]
        # a number stands for each theme, because two brands may call theirs the same
        self._matcher = Matcher(
            [
                Brand(name=str(number), words=theme.words, groups=theme.groups)
                for number, (_, theme) in enumerate(themes)
            ]
        )

    def match(self, post_text: str) -> Mapping[str, tuple[str, ...]]:
        """Return the themes that a text is of, by brand, in the order of the configuration."""
        if not self._of:
            return NO_THEMES
        found: dict[str, tuple[str, ...]] = {}
        for match in self._matcher.match(post_text):
            brand, theme = self._of[int(match.brand)]
            found[brand] = (*found.get(brand, ()), theme)
        return found
