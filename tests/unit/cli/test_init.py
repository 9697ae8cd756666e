"""`emberwatch init`: a configuration to start from."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from emberwatch.cli.main import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["init", *arguments])
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_it_writes_a_configuration_and_says_what_to_do_next(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0

    said = capsys.readouterr().out
    assert "Wrote config.yaml" in said
    assert "  emberwatch check    " in said
    assert "Samsung" in (folder / "config.yaml").read_text()


def test_its_first_line_names_a_schema_that_is_there(folder: Path) -> None:
    assert run() == 0

    first, _ = (folder / "config.yaml").read_text().split("\n", 1)
    name, schema = first.split("=", 1)
    assert name == "# yaml-language-server: $schema"
    assert Path(unquote(urlsplit(schema).path)).is_file()


def test_it_leaves_a_file_alone_that_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.yaml").write_text("mine")

    assert run() == 1

    assert (folder / "config.yaml").read_text() == "mine"
    assert "config.yaml is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("none/such.yaml", "cannot write none/such.yaml: there is no folder none: make it first"),
        ("mine/x.yaml", "cannot write mine/x.yaml: Not a directory: give another path"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_named_with_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], path: str, why: str
) -> None:
    (folder / "mine").write_text("a file")

    assert run(path) == 1

    assert why in capsys.readouterr().err


def test_it_overwrites_when_told_to(folder: Path) -> None:
    (folder / "config.yaml").write_text("mine")

    assert run("--force") == 0

    assert (folder / "config.yaml").read_text() != "mine"


def test_another_path_is_named_in_what_to_do_next(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("my config.yaml") == 0

    assert "emberwatch run --config 'my config.yaml'" in capsys.readouterr().out


def test_a_folder_gets_a_config_yaml_in_it(folder: Path) -> None:
    (folder / "sub").mkdir()

    assert run("sub") == 0

    assert (folder / "sub" / "config.yaml").is_file()
