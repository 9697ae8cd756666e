"""Files that commands write for people."""

import os
import stat
from pathlib import Path

import pytest

from emberwatch.cli.place import put

UNWRITABLE = "half of it \ud800"


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def test_a_file_is_written_over_with_its_own_permissions(tmp_path: Path) -> None:
    file = tmp_path / "week.html"
    file.write_text("the week before")
    file.chmod(0o640)
    put(file, "this week")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("this week", 0o640)
    assert names(tmp_path) == ["week.html"]


def test_what_was_there_outlives_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "week.html"
    file.write_text("the week before")
    with pytest.raises(UnicodeEncodeError):
        put(file, UNWRITABLE)
    assert (file.read_text(), names(tmp_path)) == ("the week before", ["week.html"])


def test_a_failure_leaves_no_empty_file(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        put(tmp_path / "config.yaml", UNWRITABLE)
    assert names(tmp_path) == []


def test_a_link_goes_on_leading_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "latest.html").symlink_to(tmp_path / "week.html")
    put(tmp_path / "latest.html", "this week")
    assert (tmp_path / "latest.html").is_symlink()
    assert (tmp_path / "week.html").read_text() == "this week"


def test_what_is_no_ordinary_file_is_not_replaced() -> None:
    put(Path("/dev/null"), "this week")
    assert Path("/dev/null").is_char_device()


def test_where_there_is_no_folder_the_system_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        put(tmp_path / "no" / "week.html", "this week")


def test_what_the_shell_opened_is_added_to(tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    with file.open("w+b", buffering=0) as opened:
        opened.write(b"before ")
        put(Path(f"/dev/fd/{opened.fileno()}"), "page")
    assert file.read_text() == "before page"
    assert [each.name for each in tmp_path.iterdir()] == ["all.txt"]


def test_a_pipe_of_the_shell_is_written_to() -> None:
    ours, theirs = os.pipe()
    try:
        put(Path(f"/dev/fd/{theirs}"), "page")
        assert os.read(ours, 100) == b"page"
    finally:
        os.close(ours)
        os.close(theirs)
