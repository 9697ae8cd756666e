"""What the documents say exists: links, commands, modules, settings."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from emberwatch.cli.main import cli
from emberwatch.cli.score_evaluate import evaluate
from emberwatch.config.reader import read_config
from emberwatch.runtime.plugins import installed

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

FENCE = re.compile(r"^ *```([^\n`]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]\[]+\]\(([^)\s]+)\)")
TYPED = re.compile(r"(?<!-u)(?:^|[\s|;&=(])(?:\S*/)?emberwatch (?P<words>[^|;&#>)]*)")
INLINE = re.compile(r"`emberwatch ([^`]+)`")

A_SECRET = "whsec_" + "QUJD" * 10


def _prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def _slug(heading: str) -> str:
    """Return the anchor that a heading gets on the usual hosts of Markdown."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return plain.replace(" ", "-")


def _anchors(page: Path) -> set[str]:
    return {_slug(found) for found in re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    page = ROOT / name
    broken = []
    for link in LINK.findall(_prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_index_leads_to_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} == named


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("docs/decisions/")])
def test_a_decision_asks_chooses_and_says_what_is_given_up(name: str) -> None:
    text = (ROOT / name).read_text()
    number = Path(name).name[:4]
    assert text.startswith(f"# {number} ")
    for part in ("**Question.**", "**Choice.**", "**What we give up.**"):
        assert text.count(part) == 1, part
    assert len(text.split()) < 500


# ---------------------------------------------------------------- commands
def _typed(page: Path) -> Iterator[str]:
    """Yield what a reader would type after `emberwatch` in the fenced blocks of a page."""
    for info, body in FENCE.findall(page.read_text()):
        language = info.split()[0] if info.strip() else ""
        if language not in ("console", "sh", "bash", "ini", "cron"):
            continue
        for line in body.replace("\\\n", " ").splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            if not line.lstrip().startswith("#"):
                line = re.sub(r"\s\d?>.*", "", line)
                yield from (found["words"].strip() for found in TYPED.finditer(line))


def _find(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """Return the command that words name, and what is left of them; fail on an unknown one."""
    command: click.Command = cli
    context = click.Context(cli, info_name="emberwatch", **cli.context_settings)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        assert inner is not None, f"there is no command 'emberwatch {' '.join(words)}'"
        context = click.Context(inner, info_name=words[0], parent=context)
        command, words = inner, words[1:]
    if context.command_path == "emberwatch score" and words[:1] == ["evaluate"]:
        context = click.Context(evaluate, info_name="evaluate", parent=context)
        command, words = evaluate, words[1:]
    return command, context, words


TYPED_COMMANDS = [
    (name, words) for name in NAMES for words in _typed(ROOT / name) if words and words != "@"
]


def test_commands_are_found_in_the_documents() -> None:
    pages = {name for name, _ in TYPED_COMMANDS}
    assert {"README.md", "docs/tutorial.md", "docs/how-to/run-as-a-service.md"} <= pages
    assert len(TYPED_COMMANDS) > 30


@pytest.mark.parametrize(("name", "typed"), TYPED_COMMANDS)
def test_every_command_shown_could_be_typed(name: str, typed: str) -> None:
    command, context, rest = _find(shlex.split(typed))
    if isinstance(command, click.Group):
        assert rest
    values, left, _ = command.make_parser(context).parse_args(rest)
    assert left == []
    for param in command.params:
        assert param.name
        value = values.get(param.name)
        if param.required:
            assert value not in (None, ()), f"{param.name} is missing"
        if isinstance(param.type, click.Choice) and isinstance(value, str):
            assert value in param.type.choices


def _mentioned() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for words in INLINE.findall(_prose(ROOT / name)):
            yield name, " ".join(words.split())


@pytest.mark.parametrize(("name", "words"), sorted(set(_mentioned())))
def test_every_command_that_the_prose_names_exists(name: str, words: str) -> None:
    plain = words.replace("list|test", "list")
    command, _, rest = _find(shlex.split(plain))
    known = {option for param in command.params for option in param.opts} | {"--help", "--version"}
    assert {word for word in rest if word.startswith("--")} <= known


# ---------------------------------------------------------------- configuration
def _configurations() -> Iterator[tuple[str, str]]:
    keys = "|".join(
        ("brands", "feeds", "notifiers", "routes", "teams", "network", "heartbeat", "database")
    )
    for name in NAMES:
        for info, body in FENCE.findall((ROOT / name).read_text()):
            if info.split()[:1] == ["yaml"] and re.match(rf" *(?:{keys}):", body):
                indent = len(body) - len(body.lstrip(" "))
                yield name, "\n".join(line[indent:] for line in body.splitlines()) + "\n"


@pytest.mark.parametrize(("name", "text"), list(_configurations()))
def test_every_configuration_shown_is_right(name: str, text: str, tmp_path: Path) -> None:
    if not re.search(r"^brands:", text, re.MULTILINE):
        text += "brands: [{name: Acme, words: [acme]}]\n"
    if "source: guestbook" in text:  # the guide writes that source itself
        text = text.replace("source: guestbook", "source: rss")
    path = tmp_path / "config.yaml"
    path.write_text(text)
    secrets = dict.fromkeys(re.findall(r"\w+_env: (\w+)", text), A_SECRET)
    addresses = dict.fromkeys(re.findall(r"url_env: (\w+)", text), "https://x.example/1")
    keys = dict.fromkeys(re.findall(r"(?:token|password|key)_env: (\w+)", text), "a1" * 16)
    services = dict.fromkeys(re.findall(r"service_env: (\w+)", text), "json://127.0.0.1/x")
    assert read_config(path, installed(), {**secrets, **addresses, **keys, **services}).brands


# ---------------------------------------------------------------- figures
NAMES_OF = {
    "el": "Greek", "is": "Icelandic", "lv": "Latvian", "lt": "Lithuanian", "th": "Thai",
    "vi": "Vietnamese", "fa": "Persian", "sq": "Albanian", "et": "Estonian", "da": "Danish",
    "he": "Hebrew", "mk": "Macedonian", "ms": "Malay", "fi": "Finnish",
}  # fmt: skip
FIGURE = re.compile(r"(?<![\d.])\.\d+|not judged")


def _figures(page: Path, beginning: str) -> list[str]:
    """Return what the one row of a table that begins so says: figures, or `not judged`."""
    (row,) = (line for line in page.read_text().splitlines() if line.startswith(f"| {beginning}"))
    return FIGURE.findall(row.partition("|")[2].partition("|")[2])


def _rounded(figure: str) -> str:
    return figure if figure == "not judged" else f"{float(figure) + 1e-9:.2f}".lstrip("0")


@pytest.mark.parametrize("what", ["anger", "negative"])
def test_the_figures_of_the_readme_are_those_of_the_benchmarks(root: Path, what: str) -> None:
    ours, vader, *others = _figures(root / "README.md", f"{what} |")
    benchmarks = root / "docs/benchmarks.md"
    english = _figures(benchmarks, f"{what}, ROC area, en |")
    foreign = _figures(benchmarks, f"{what}, ROC area, ru / ")[2:]
    assert (ours, vader) == (_rounded(english[2]), _rounded(english[0]))
    told = [figure for figure in others if figure != "not judged"]
    assert told == [_rounded(figure) for figure in foreign[: len(told)]]


@pytest.mark.parametrize("name", ["README.md", "docs/explanation/scoring.md"])
def test_the_languages_without_an_anger_are_those_of_the_models_card(root: Path, name: str) -> None:
    card = json.loads((root / "src/emberwatch/scorers/model.json").read_text())
    judged = card["languages"]
    without = {NAMES_OF[tag] for tag, facts in judged.items() if not facts["has_anger"]}
    text = " ".join((root / name).read_text().split())
    told = re.search(r"(?:not of|is below \.65:) ((?:[A-Z]\w+(?:, | and )?)+)", text)
    assert told
    assert set(re.findall(r"[A-Z]\w+", told[1])) == without
    assert re.search(f"(?i){COUNTS[len(judged)]}", text)


COUNTS = {38: "thirty-eight", 39: "thirty-nine", 40: "forty", 41: "forty-one", 42: "forty-two"}


# ---------------------------------------------------------------- reference
def test_every_source_and_notifier_is_described(root: Path) -> None:
    plugins = installed()
    sources = (root / "docs/reference/sources.md").read_text()
    settings = (root / "docs/reference/configuration.md").read_text()
    assert [kind for kind in plugins.sources if f"\n## `{kind}`" not in sources] == []
    kinds = [*plugins.sources, *plugins.notifiers]
    assert [kind for kind in kinds if f"\n| `{kind}` |" not in settings] == []


def test_the_readme_lists_every_source(root: Path) -> None:
    readme = (root / "README.md").read_text()
    assert [kind for kind in installed().sources if f"\n| `{kind}` |" not in readme] == []


def test_every_library_that_we_need_has_a_decision(root: Path) -> None:
    project = (root / "pyproject.toml").read_text()
    needed = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert needed
    decisions = "".join(page.read_text() for page in (root / "docs/decisions").glob("*.md"))
    names = re.findall(r'"([A-Za-z0-9_-]+)', needed[1])
    assert [name for name in names if name.lower() not in decisions.lower()] == []
