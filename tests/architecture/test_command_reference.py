"""The page on the commands says what the commands are, in both directions."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from emberwatch.cli.main import cli, main
from emberwatch.cli.score_evaluate import evaluate

SHARED = {"--config": "config_path", "--database": "database", "--json": "as_json"}

CASES = {"ID": "inc_1", "NAME": "one", "FILE": __file__, "[FILE]": __file__, "KIND": "rss"}
"""What stands for an argument, so that a command gets as far as reading its configuration."""

ONE_OF = {
    "mention correct": ["--anger", "0.1"],
    "silence add": ["--brand", "Acme", "--for", "1h"],
}
"""Options of which a command needs one, though none is required."""

OWN_MEANING = {
    "check": {"--json"},
    "score": {"--config"},
    "score evaluate": {"--config", "--database"},
}
"""Shared options that a command describes by itself."""


def _commands(
    group: click.Group = cli, above: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command and group with its words and a context to ask it in."""
    context = above or click.Context(group, info_name="emberwatch", **group.context_settings)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        inner = click.Context(command, info_name=word, parent=context)
        yield inner.command_path.removeprefix("emberwatch "), command, inner
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


COMMANDS = {name: (command, context) for name, command, context in _commands()}
# `score` takes a file as its first word, so it cannot be a group that tells of this one.
COMMANDS["score evaluate"] = (
    evaluate,
    click.Context(evaluate, info_name="evaluate", parent=COMMANDS["score"][1]),
)
LEAVES = sorted(n for n, (command, _) in COMMANDS.items() if not isinstance(command, click.Group))


@pytest.fixture(scope="module")
def sections(root: Path) -> dict[str, str]:
    """Return what the page says of each command, by its name."""
    page = (root / "docs/reference/commands.md").read_text()
    parts = re.split(r"^#{2,3} emberwatch (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _options(command: click.Command) -> list[click.Option]:
    return [param for param in command.params if isinstance(param, click.Option)]


def _rows(section: str) -> dict[str, tuple[str, str, str]]:
    """Return the option rows of a section: flag -> what it takes, meaning, when left out."""
    rows = {}
    for line in section.splitlines():
        if line.startswith("| `--"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            flag, _, takes = cells[0].strip("`").replace("\\|", "|").partition(" ")
            rows[flag] = (takes, cells[1], cells[2])
    return rows


def _shared(section: str) -> set[str]:
    line = re.search(r"^(?:Also|Options:) (.+)\.$", section, re.MULTILINE)
    return set(re.findall(r"`(--[a-z]+)`", line[1])) if line else set()


def test_the_page_describes_every_command_and_no_other(sections: dict[str, str]) -> None:
    assert set(sections) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_page_opens_each_command_with_its_own_first_sentence(
    sections: dict[str, str], name: str
) -> None:
    first = " ".join((COMMANDS[name][0].help or "").split("\n\n")[0].split())
    assert sections[name].strip().splitlines()[0] == first


@pytest.mark.parametrize("name", LEAVES)
def test_the_page_shows_the_usage_of_each_command(sections: dict[str, str], name: str) -> None:
    command, context = COMMANDS[name]
    usage = " ".join(("emberwatch", name, *command.collect_usage_pieces(context)))
    assert f"\n    {usage}\n" in sections[name]


@pytest.mark.parametrize("name", LEAVES)
def test_the_page_names_every_option_and_no_other(sections: dict[str, str], name: str) -> None:
    told = set(_rows(sections[name])) | _shared(sections[name])
    assert told == {option.opts[0] for option in _options(COMMANDS[name][0])}


@pytest.mark.parametrize("name", LEAVES)
def test_the_page_says_of_each_option_what_its_help_says(
    sections: dict[str, str], name: str
) -> None:
    rows = _rows(sections[name])
    for option in _options(COMMANDS[name][0]):
        if option.opts[0] not in rows:
            continue
        takes, meaning, left_out = rows[option.opts[0]]
        assert meaning == option.help
        assert bool(takes) is not option.is_flag
        if isinstance(option.type, click.Choice):
            assert takes.split("|") == list(option.type.choices)
        if option.required:
            assert left_out == "required"
        elif option.show_default:
            assert left_out == f"`{option.default}`"
        else:
            assert left_out == ""


def test_the_shared_options_mean_the_same_everywhere(root: Path) -> None:
    head = (root / "docs/reference/commands.md").read_text().split("\n## ")[0]
    told = {flag: meaning for flag, (_, meaning, _) in _rows(head).items()}
    assert set(told) == set(SHARED)
    for name in LEAVES:
        for option in _options(COMMANDS[name][0]):
            if option.opts[0] in SHARED.keys() - OWN_MEANING.get(name, set()):
                assert option.name == SHARED[option.opts[0]], name
                assert option.help == told[option.opts[0]], name


@pytest.mark.parametrize("name", LEAVES)
def test_an_unknown_option_is_wrong_usage(name: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--nonsense"])
    assert ended.value.code == 2


@pytest.mark.parametrize("name", LEAVES)
def test_the_commands_that_promise_exit_code_3_keep_it(
    sections: dict[str, str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exits = re.search(r"^Exit code: ((?:.+\n)+)", sections[name], re.MULTILINE)
    assert exits
    command, _ = COMMANDS[name]
    takes_config = any(option.opts[0] == "--config" for option in _options(command))
    assert takes_config is ("3 wrong" in exits[1])
    if not takes_config:
        return
    broken = tmp_path / "config.yaml"
    broken.write_text("brandz: []\n")
    words = [*name.split(), "--config", str(broken), *ONE_OF.get(name, [])]
    for param in command.params:
        if isinstance(param, click.Argument):
            words.append(CASES.get(param.make_metavar(COMMANDS[name][1]), "msg_1"))
        elif param.required:
            words += [param.opts[0], "anna"]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 3
    assert f"{broken}:1:1: brandz: unknown setting" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(LEAVES)))
def test_no_command_is_described_by_half_a_sentence(name: str) -> None:
    command, context = COMMANDS[name]
    listed = command.get_help(context).partition("Commands:")[2]
    assert listed
    assert not [line for line in listed.splitlines() if line.endswith("...")]
