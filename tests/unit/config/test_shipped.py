"""The configuration that we ship, its schema and its documentation."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from emberwatch.config.reader import json_schema, read_config
from emberwatch.model.errors import ConfigError
from emberwatch.runtime.plugins import installed

SCHEMA = Path("src/emberwatch/config/config.schema.json")


@pytest.fixture(scope="module")
def schema(root: Path) -> dict[str, Any]:
    published: dict[str, Any] = json.loads((root / SCHEMA).read_text())
    return published


def test_the_published_schema_is_what_the_code_says(schema: dict[str, Any]) -> None:
    # After a change: emberwatch check --schema > src/emberwatch/config/config.schema.json
    assert schema == json_schema(installed())


def test_the_shipped_configuration_is_right_without_any_key(root: Path) -> None:
    config = read_config(root / "config.yaml", installed(), {})

    assert {feed.source for feed in config.feeds} == {"rss", "mastodon", "hackernews"}
    assert [notifier.kind for notifier in config.notifiers] == ["console"]
    assert config.database == root / "emberwatch.db"
    for brand in config.brands:
        assert config.feeds_of(brand.name)


def test_the_shipped_configuration_fits_the_schema_that_its_first_line_names(
    root: Path, schema: dict[str, Any]
) -> None:
    text = (root / "config.yaml").read_text()

    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA}\n")
    Draft202012Validator(schema).validate(yaml.safe_load(text))


def test_init_writes_what_we_ship(root: Path) -> None:
    template = (root / "src/emberwatch/config/template.yaml").read_text()
    shipped = (root / "config.yaml").read_text()

    first, rest = template.split("\n", 1)
    assert first == "# yaml-language-server: $schema=config.schema.json"
    assert rest == shipped.split("\n", 1)[1]


def test_every_commented_example_works_when_it_is_taken_in(root: Path, tmp_path: Path) -> None:
    text = (root / "config.yaml").read_text()
    # What begins with a dash or a key is an example; anything else is prose.
    taken_in = re.sub(r"(?m)^( *)# (?=(  )*(- |[a-z_]+:( |$)))", r"\1", text)
    (tmp_path / "config.yaml").write_text(taken_in)
    secret = "whsec_c2F5IG5vdGhpbmcgdG8gYW55Ym9keSBlbHNl"
    environment = {
        **dict.fromkeys(re.findall(r"\w+_env: (\w+)", text), secret),
        "EMBER_HEARTBEAT": "https://beat.example.com/1",
    }

    config = read_config(tmp_path / "config.yaml", installed(), environment)

    assert [brand.name for brand in config.brands] == ["Samsung", "Orange"]
    kinds = {feed.source for feed in config.feeds}
    assert kinds == set(installed().sources) - {"jsonl"}
    assert [notifier.name for notifier in config.notifiers] == ["screen", "on-call"]
    assert len(config.routes) == 2
    assert config.networks
    assert config.heartbeat is not None
    assert config.brands[0].pile_on_floor == 300


def keys(schema: dict[str, Any]) -> Iterator[str]:
    """Yield every key that a file may hold."""

    def within(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from part.get("properties", {})
            for value in part.values():
                yield from within(value)
        elif isinstance(part, list):
            for value in part:
                yield from within(value)

    yield from dict.fromkeys(within(schema))


def test_every_key_is_documented(root: Path, schema: dict[str, Any]) -> None:
    page = (root / "docs/reference/configuration.md").read_text()

    assert [key for key in keys(schema) if f"`{key}`" not in page] == []


def test_the_documented_example_is_right(root: Path, tmp_path: Path) -> None:
    page = (root / "docs/reference/configuration.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "config.yaml").write_text(example)
    environment = {
        "EMBER_SECRET": "whsec_c2F5IG5vdGhpbmcgdG8gYW55Ym9keSBlbHNl",
        "EMBER_HEARTBEAT": "https://beat.example.com/1",
    }

    config = read_config(tmp_path / "config.yaml", installed(), environment)

    assert [brand.name for brand in config.brands] == ["Acme", "Orange"]


def test_every_message_in_the_documentation_is_said_as_it_stands(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (root / "docs/reference/configuration.md").read_text()
    (said,) = re.findall(r"```text\n(config\.yaml:.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(
        "brands:\n- name: Acme\n  wrods: [acme]\nfeeds:\n- name: town\n  source: mastodn\n"
        "  every: 5 minutes\nnotifiers:\n"
        "- {name: ops, kind: webhook, url: 'https://hooks.example.com', secret_env: EMBER_SECRET}\n"
    )

    with pytest.raises(ConfigError) as caught:
        read_config(Path("config.yaml"), installed(), {})

    assert said.splitlines() == list(caught.value.problems)
