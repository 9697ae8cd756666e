"""The JSON Schema that editors read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from emberwatch.config.reader import PlugIns, json_schema, read_config
from emberwatch.model.errors import ConfigError
from emberwatch.model.secret import Secret


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


class Site:
    @dataclass(frozen=True)
    class Options:
        """A site to read.

        More words.
        """

        url: str
        """Where it is."""
        pages: int = 3
        pause: timedelta = timedelta(minutes=5)
        order: Order = Order.NEWEST
        tags: tuple[str, ...] = ("a",)
        note: Annotated[str | None, "free"] = None
        limits: Mapping[str, str] = field(default_factory=dict)
        made: str = field(init=False, default="here")


class Hook:
    @dataclass(frozen=True)
    class Options:
        secret: Secret
        """What to sign with."""
        old: Secret | None = None


class Plain:
    @dataclass(frozen=True)
    class Options:
        pass


class Judge:
    """Judges, and leaves nothing to choose."""


class Court:
    @dataclass(frozen=True)
    class Options:
        """A court."""

        seat: str
        judges: int = 3


PLUG_INS = PlugIns(
    sources={"site": Site, "plain": Plain},
    notifiers={"hook": Hook, "plain": Plain},
    scorers={"auto": Judge, "court": Court, "judge": Judge},
)
BRAND = "brands: [{name: Acme, words: [acme]}]\n"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema(PLUG_INS)


RIGHT = [
    BRAND,
    "brands: [{name: A, words: [{any: [a], none: [b]}], quiet_after: 6h, pile_on_floor: 3}]\n",
    BRAND + "feeds: [{name: a, source: plain, every: 30s, backfill: none}]\n",
    BRAND + "feeds: [{name: a, source: site, options: {url: 'https://x.org', order: oldest}}]\n",
    BRAND + "notifiers: [{name: a, kind: hook, secret_env: X}, {name: b, kind: plain}]\n",
    BRAND + "notifiers: [{name: a, kind: plain}]\nroutes: [{kinds: [spike], notify: [a]}]\n",
    BRAND + "scorer: judge\n",
    BRAND + "scorer: {kind: judge}\n",
    BRAND + "scorer: {kind: court, seat: Sofia, judges: 5}\n",
    BRAND + "heartbeat: {url_env: BEAT, every: 1m}\nretention: 90d\nnetwork: {allow: ['::1']}\n",
]

WRONG = [
    "feeds: []\n",
    "brands: []\n",
    BRAND + "zzz: a\n",
    BRAND + "retention: 5 minutes\n",
    BRAND + "retention: 0d\n",
    BRAND + "feeds: [{name: a, source: zzz}]\n",
    BRAND + "feeds: [{name: a, source: site}]\n",
    BRAND + "feeds: [{name: a, source: site, options: {}}]\n",
    BRAND + "feeds: [{name: a, source: site, options: {url: 'ftp://x.org'}}]\n",
    BRAND + "feeds: [{name: a, source: site, options: {url: 'https://x.org', order: odd}}]\n",
    BRAND + "feeds: [{name: a, source: plain, options: {url: 'https://x.org'}}]\n",
    BRAND + "notifiers: [{name: a, kind: hook}]\n",
    BRAND + "notifiers: [{name: a, kind: hook, secret_env: X, colour: red}]\n",
    BRAND + "notifiers: [{name: a, kind: plain, secret_env: X}]\n",
    BRAND + "notifiers: [{name: a, kind: zzz}]\n",
    BRAND + "routes: [{notify: []}]\n",
    BRAND + "scorer: judges\n",
    BRAND + "scorer: court\n",
    BRAND + "scorer: {judges: 5}\n",
    BRAND + "scorer: {kind: judge, judges: 5}\n",
    BRAND + "scorer: {kind: court, seat: Sofia, colour: red}\n",
    BRAND + "scorer: [judge]\n",
    BRAND + "heartbeat: {every: 1m}\n",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_we_accept_the_schema_accepts(
    schema: dict[str, Any], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)

    read_config(path, PLUG_INS, {"X": "secret", "BEAT": "https://x.org"})

    Draft202012Validator(schema).validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", WRONG)
def test_what_we_refuse_the_schema_refuses(
    schema: dict[str, Any], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError):
        read_config(path, PLUG_INS, {"X": "secret", "BEAT": "https://x.org"})

    assert not Draft202012Validator(schema).is_valid(yaml.safe_load(text))


def test_the_schema_is_itself_right(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_editors_learn_what_the_source_says_of_an_option(schema: dict[str, Any]) -> None:
    (site,) = (
        rule["then"]["properties"]["options"]
        for rule in schema["$defs"]["FeedForm"]["allOf"]
        if rule["if"]["properties"]["source"] == {"const": "site"}
    )

    assert site["description"] == "A site to read."
    properties = site["properties"]
    assert properties["url"]["description"] == "Where it is."
    assert properties["pages"]["default"] == 3
    assert properties["pause"]["default"] == "5m"
    assert properties["order"]["default"] == "newest"
    assert properties["tags"]["default"] == ["a"]
    assert "default" not in properties["limits"]
    assert "made" not in properties


def test_options_made_at_run_time_are_described_without_notes() -> None:
    made = dataclass(frozen=True)(type("Made", (), {"__annotations__": {"pages": int}}))
    plugins = PlugIns(sources={"made": SimpleNamespace(Options=made)}, notifiers={})  # type: ignore[dict-item]

    schema = json_schema(plugins)

    assert "made" in schema["$defs"]["FeedForm"]["properties"]["source"]["enum"]
