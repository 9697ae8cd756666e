"""What the system does not let us do, as people read it."""

import errno
import os

import pytest

from emberwatch.cli.main import _what_failed


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.EACCES, os.strerror(errno.EACCES), "shut/a.db"),
            "shut/a.db: Permission denied: make it accessible to the user who runs emberwatch, or "
            "name another",
        ),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x"), "x: File name too long"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "what it has to say cannot be printed: No space left on device: let stdout lead "
            "somewhere else",
        ),
        (OSError("no route"), "no route"),
    ],
)
def test_it_names_what_why_and_what_to_do(error: OSError, said: str) -> None:
    assert _what_failed(error) == said
