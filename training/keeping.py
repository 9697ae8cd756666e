"""Files that are whole or not there, however a training ends."""

import os
from collections.abc import Callable
from pathlib import Path


def keep(file: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside its place, and put it there once it is whole."""
    made = file.with_name(f"unfinished-{os.getpid()}-{file.name}")
    try:
        write(made)
        made.replace(file)
    finally:
        made.unlink(missing_ok=True)
