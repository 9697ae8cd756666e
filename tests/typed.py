"""Commands as somebody types them, in this process, and what they say."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from emberwatch.cli.main import main


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict]:
        """The JSON lines; each must be one."""
        return [json.loads(line) for line in self.out.split("\n")[:-1]]


Run = Callable[..., Said]


def typing(capfd: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command in the folder that we stand in.

    In the program `main` ends the process; here it raises.
    """

    def run(*arguments: str) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capfd.readouterr()
        code = ended.value.code
        # as the interpreter does: words instead of a number are a failure
        return Said(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run
