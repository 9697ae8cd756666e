"""The tutorial does what it says: each command is run, and prints what the page shows."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.transcript import PATIENCE, Block, Shell, Terminal, blocks, fits, steps

BIN = Path(sys.executable).parent


class _Reader:
    """Somebody with two terminals who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        self.shell = Shell(folder, self.path)
        self.watch: Terminal | None = None
        self._seen = 0

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.shell.__exit__()
        if self.watch is not None:
            self.watch.__exit__()

    def follow(self, block: Block) -> None:
        """Do what a block says and hold its output to what is shown."""
        if block.language == "yaml" and block.name:
            (self.folder / "try-out" / block.name).write_text(block.body)
        elif block.language == "console" and block.name == "watch":
            for command, shown in steps(block):
                if command:
                    words = command.split()
                    self.watch = Terminal(words, self.folder / "try-out", self.path)
                self._hold(shown)
        elif block.language == "console":
            for command, shown in steps(block):
                printed, code = self.shell.run(command)
                assert code == 0, printed
                assert fits(shown, printed), f"{command}\n--- shown\n{shown}\n--- real\n{printed}"

    def _hold(self, shown: list[str]) -> None:
        """Wait until the second terminal has gone on as shown, from where it was left."""
        assert self.watch
        if shown[0] == "^C":
            assert self.watch.interrupt() == 0
            assert fits(shown[1:], self.watch.text[self._seen :])
            return
        until = time.monotonic() + PATIENCE
        while not fits(["...", *shown, "..."], self.watch.text[self._seen :]):
            assert time.monotonic() < until, f"{shown}\n--- real\n{self.watch.text[self._seen :]}"
            self.watch.look()
        self._seen = len(self.watch.text)


def test_the_tutorial_can_be_followed_from_top_to_bottom(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "tutorial.md").read_text()
    with _Reader(tmp_path) as reader:
        for block in blocks(page):
            reader.follow(block)


@pytest.mark.parametrize(
    ("real", "is_shown"),
    [
        ("inc_0f opened\n  17 posts  ####\nmore\nend\n", True),
        ("inc_0f opened\n  17 posts  ####\nend\n", True),
        ("inc_0f closed\n  17 posts  ####\nend\n", False),
        ("inc_0f opened\n  17 posts  ####\n", False),
        ("inc_0f opened\n  17 posts  ####\nend\nTraceback\n", False),
    ],
)
def test_a_transcript_may_differ_in_numbers_but_not_in_words(real: str, is_shown: bool) -> None:
    shown = ["inc_1c3e opened", "  4 posts  ##", "...", "end"]
    assert fits(shown, real) is is_shown
