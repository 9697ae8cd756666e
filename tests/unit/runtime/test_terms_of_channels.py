"""What a configuration says of limits and of who stands in, as the dispatcher knows it."""

from pathlib import Path

import pytest

from emberwatch.config.reader import read_config
from emberwatch.core.respond.pacing import Channel
from emberwatch.runtime import plugins
from emberwatch.runtime.wiring import channels, installed

CONFIG = """
brands: [{name: Acme, words: [acme]}]
notifiers:
  - {name: screen, kind: console}
  - {name: room, kind: slack, url_env: SLACK, fallback: hook}
  - {name: quiet, kind: slack, url_env: SLACK, per_minute: 3}
  - {name: hook, kind: webhook, url: "https://hooks.example.com", per_minute: 100}
  - {name: loud, kind: discord, url_env: SLACK, per_minute: none}
"""


def test_a_channel_has_the_limit_of_its_kind_unless_another_is_written(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    environment = {"SLACK": "https://hooks.example.com/services/1"}
    config = read_config(tmp_path / "config.yaml", installed(), environment)
    assert channels(config) == {
        "screen": Channel(takes_digests=True),
        "room": Channel(per_minute=20, takes_digests=True, fallback="hook"),
        "quiet": Channel(per_minute=3, takes_digests=True),
        "hook": Channel(per_minute=100),
        "loud": Channel(takes_digests=True),
    }


@pytest.mark.parametrize(
    ("kind", "per_minute", "takes_digests"),
    [
        ("alertmanager", None, False),
        ("apprise", 20, True),
        ("console", None, True),
        ("discord", 20, True),
        ("email", 10, True),
        ("pagerduty", 60, False),
        ("slack", 20, True),
        ("teams", 20, True),
        ("webhook", None, False),
    ],
)
def test_each_kind_has_the_terms_that_are_documented(
    kind: str, per_minute: int | None, takes_digests: bool
) -> None:
    made = plugins.notifiers()[kind]
    assert (made.per_minute, made.takes_digests) == (per_minute, takes_digests)  # type: ignore[attr-defined]
