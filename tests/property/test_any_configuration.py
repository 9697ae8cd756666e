"""Whatever stands in a configuration file, it is read or refused in clear lines."""

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.config.reader import PlugIns, read_config
from emberwatch.config.schema import Config
from emberwatch.model.errors import ConfigError

PIECES = (
    "brands:", "feeds:", "notifiers:", "routes:", "name:", "words:", "source:", "kind:", "every:",
    "options:", "groups:", "any:", "retention:", "heartbeat:", "network:", "allow:", "url_env:",
    " ", "  ", "\n", "\n  ", "\n- ", "- ", "[", "]", "{", "}", ",", ", ", ": ", "a", "x", "5m",
    "0s", "'", '"', "#", "&a", "*a", "!x", "!!int", "|", ">", "---", "? ", "\\", "\\U", "é", "\t",
    "%", "@", "<<", "\x00", "\x85", "\u2028",
)  # fmt: skip

LINE = re.compile(r"c\.yaml:([1-9][0-9]*:[1-9][0-9]*: )?\S[^\n]*")


def read(content: bytes) -> Config | tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.yaml"
        path.write_bytes(content)
        try:
            return read_config(path, PlugIns(sources={}, notifiers={}), {})
        except ConfigError as error:
            return tuple(problem.removeprefix(f"{folder}/") for problem in error.problems)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_mixture_of_yaml_is_read_or_refused_in_lines(text: str) -> None:
    answer = read(text.encode())

    assert isinstance(answer, Config) or (answer and all(LINE.fullmatch(line) for line in answer))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_lines(content: bytes) -> None:
    answer = read(content)

    assert isinstance(answer, Config) or (answer and all(LINE.fullmatch(line) for line in answer))
