"""`emberwatch check`: what it prints and how it ends."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.cli.check import public
from emberwatch.cli.main import main
from emberwatch.model.secret import Secret
from tests import transformer

RIGHT = """\
network: {allow: [127.0.0.0/8]}
brands:
  - name: Acme
    words: [acme, acme phone, {any: [sim, roaming], all: [orange], none: [juice]}]
    handles: ["@acme"]
    exclude: [acme road]
    languages: [en, no]
    team: support
    false_alarms_per_month: 2
  - {name: Unheard, words: [unheard]}
feeds:
  - {name: blog, source: rss, options: {url: "https://blog.example.org/feed"}, every: 90s,
     brands: [Acme]}
notifiers:
  - {name: screen, kind: console}
  - {name: ops, kind: webhook, url: "https://hooks.example.org", secret_env: EMBER_SECRET}
routes:
  - {brands: [Acme], kinds: [spike], notify: [ops]}
heartbeat: {url_env: EMBER_HEARTBEAT, every: 1m}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a right configuration, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBER_SECRET", "whsec_" + "c2F5IG5vdGhpbmcgdG8gYW55Ym9keSBlbHNl")
    monkeypatch.setenv("EMBER_HEARTBEAT", "https://beat.example.org/hush")
    (tmp_path / "config.yaml").write_text(RIGHT)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_a_right_configuration_is_summed_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0

    said = capsys.readouterr()
    assert (
        said.out
        == f"""\
config.yaml is right.

  database     {folder}/emberwatch.db, texts kept for 90d
  brands       Acme: 2 words, 1 handle, 1 group; support answers; at most 2 false alarms a month
               Unheard: 1 word; at most 1 false alarm a month
  judged by    auto
  feeds        blog  rss  every 90s  Acme
  notifiers    screen  console
               ops     webhook
  routes       Acme: spike -> ops
  playbook     balanced
  network      private addresses allowed: 127.0.0.0/8
  heartbeat    every 1m while all is well
"""
    )
    assert said.err == "\nNo feed is read for Unheard: nothing will be found.\n"


def test_a_scorer_that_cannot_be_had_is_told_without_starting_anything(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scorer = "scorer: {kind: onnx, folder: nowhere, languages: [en]}\n"
    (folder / "config.yaml").write_text(RIGHT + scorer)
    assert run() == 3
    assert f"onnx cannot judge: there is no file {folder}/nowhere/model.onnx" in (
        capsys.readouterr().err
    )
    assert run("--json") == 3
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem.startswith("scorer: onnx cannot judge")


def test_the_options_of_a_scorer_are_summed_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = transformer.make(folder / "tiny", {"hate": (0, 1)})
    (folder / "config.yaml").write_text(RIGHT + "scorer: {kind: onnx, folder: tiny, least: 0.4}\n")
    assert run() == 0
    assert f"judged by    onnx, folder {made}, least 0.4" in capsys.readouterr().out
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["scorer"] == {
        "kind": "onnx",
        "options": {"folder": str(made), "least": "0.4"},
    }


def test_a_configuration_that_tells_nobody_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.yaml").write_text("brands: [{name: Acme, words: [acme]}]\n")

    assert run() == 0

    said = capsys.readouterr()
    assert "  feeds        none\n" in said.out
    assert "  routes       none: every notifier is told of everything but mere volume" in said.out
    assert "There is no notifier: nobody will be told." in said.err


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("url: 'http://127.0.0.1:9/hook?token=hush'", "Notifier ops leads to 127.0.0.1, which is"),
        ("url: 'http://localhost/hook'", "Notifier ops leads to 127.0.0.1, which is"),
        ("url: 'http://[fd00::1]/hook'", "Notifier ops leads to fd00::1, which is"),
        ("url: 'http://10.1.2.3/hook'", ""),
        ("url: 'https://1.1.1.1/hook'", ""),
        ("url: 'https://hooks.example.org'", ""),
    ],
)
def test_a_bare_address_that_nothing_may_be_sent_to_is_told_before_it_is_needed(
    folder: Path, capsys: pytest.CaptureFixture[str], written: str, told: str
) -> None:
    (folder / "config.yaml").write_text(
        "network: {allow: [10.0.0.0/8]}\nbrands: [{name: Acme, words: [acme]}]\n"
        "feeds: [{name: town, source: rss, options: {url: 'https://town.example.org'}}]\n"
        f"notifiers: [{{name: ops, kind: webhook, {written}}}]\n"
    )

    assert run() == 0

    said = capsys.readouterr().err
    assert told in said
    assert bool(said) == bool(told)
    assert "hush" not in said


def test_every_mistake_goes_to_stderr_and_the_exit_code_is_3(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.yaml").write_text("brands:\n- name: Acme\n  wrods: [acme]\nzzz: 1\n")

    assert run() == 3

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "config.yaml:3:3: brands[0].wrods: unknown setting; did you mean 'words'?\n"
        "config.yaml:4:1: zzz: unknown setting\n"
    )


def test_mistakes_may_be_had_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config.yaml").write_text("")

    assert run("--json") == 3

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["problems"][0].startswith("config.yaml:1:1: the file is empty")


def test_another_configuration_may_be_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.yaml").rename(folder / "other.yaml")

    assert run("--config", "other.yaml") == 0

    assert capsys.readouterr().out.startswith("other.yaml is right.")


def test_the_summary_may_be_had_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    assert answer["brands"] == ["Acme", "Unheard"]
    assert answer["feeds"] == [
        {
            "name": "blog",
            "source": "rss",
            "every": "90s",
            "brands": ["Acme"],
            "backfill": "7d",
            "options": {"url": "https://blog.example.org/feed"},
        }
    ]
    assert answer["notifiers"][1] == {"name": "ops", "kind": "webhook"}
    assert answer["heartbeat"] == "1m"
    assert "hush" not in json.dumps(answer)


def test_a_brand_is_explained_by_rule_feed_and_receiver(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--explain", "acme") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[:9] == [
        "  brand        Acme, answered by support",
        "  words        acme · acme phone",
        "  handles      @acme",
        "  or a group   any of sim · roaming; all of orange; none of juice",
        "  but never    acme road",
        "  languages    en · no",
        "  judged by    auto",
        "  feeds        blog: rss, every 90s",
        "                 url https://blog.example.org/feed",
    ]
    told = {line[15:].split()[0]: line[15:].split("  ")[1:] for line in lines[9:-2]}
    assert "ops" in told["spike"]
    assert lines[-2:] == [
        "  how often    at most 2 false alarms a month",
        "               an alert within 6h of the last joins the same incident",
    ]
    assert any("screen, ops" in part for part in told["pile_on"])
    assert any("nobody" in part for part in told["surge"])
    assert any("screen, ops" in part for part in told["watch_blind"])
    assert max(map(len, lines)) <= 100


def test_a_brand_that_nobody_reads_for_is_explained_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--explain", "Unheard") == 0

    assert "  feeds        none: nothing will be found\n" in capsys.readouterr().out


def test_an_explanation_may_be_had_as_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--explain", "Acme", "--json") == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["brand"] == "Acme"
    assert answer["groups"] == [{"any": ["sim", "roaming"], "all": ["orange"], "none": ["juice"]}]
    assert answer["told"]["spike"] == ["ops"]
    assert answer["told"]["pile_on"] == ["screen", "ops"]
    assert answer["told"]["surge"] == []
    assert answer["told"]["trouble"] == ["screen", "ops"]


@pytest.mark.parametrize(
    ("brand", "hint"), [("Amce", "did you mean 'Acme'?"), ("Zzz", "there are Acme, Unheard")]
)
def test_an_unknown_brand_is_wrong_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], brand: str, hint: str
) -> None:
    assert run("--explain", brand) == 2

    assert hint in capsys.readouterr().err


def test_the_schema_may_be_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--schema") == 0

    assert "brands" in json.loads(capsys.readouterr().out)["properties"]


def test_options_are_spelled_out_but_for_defaults_and_secrets() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        url: str
        token: Secret
        pause: timedelta
        tags: tuple[str, ...]
        none: tuple[str, ...] = ("a",)
        pages: int = 3

    options = Options(
        url="https://x.org",
        token=Secret("hush"),
        pause=timedelta(minutes=5),
        tags=("a", "b"),
        none=(),
    )

    assert public(options) == {
        "url": "https://x.org",
        "token": "Secret(***)",
        "pause": "5m",
        "tags": "a, b",
    }


@pytest.mark.parametrize(
    "arguments", [("--json",), ("--explain", "Acme"), ("--explain", "Acme", "--json")]
)
def test_a_key_in_an_address_is_not_shown(
    arguments: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keyed = RIGHT.replace("/feed", "/feed?tag=acme&api_key=canary")
    (folder / "config.yaml").write_text(keyed)

    assert run(*arguments) == 0

    said = capsys.readouterr().out
    assert "https://blog.example.org/feed?tag=acme&api_key=***" in said
    assert "canary" not in said


def test_what_is_no_options_has_nothing_to_spell_out() -> None:
    assert public(None) == {}


def test_a_plug_in_that_quotes_an_address_shows_no_key(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.yaml").write_text(
        RIGHT.replace(
            'source: rss, options: {url: "https://blog.example.org/feed"}',
            "source: telegram, options: {channel: 'https://t.example.org/acme?token=canary'}",
        )
    )

    assert run() == 3

    said = capsys.readouterr().err
    assert "got 'https://t.example.org/acme?token=***'" in said
    assert "canary" not in said
