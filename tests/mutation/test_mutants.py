"""Detectors broken on purpose: each patch beside this file must make a test fail.

A patch begins with two lines, `What: ...` and `Tests: ...` (what pytest is given), and goes on as
a unified diff from the root of the repository. It is applied to a copy of the package, which the
named tests are then run against. A survivor is a hole in the tests; a patch that does not apply
any more has to be made anew: the code it broke has changed.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
PATCHES = sorted(FOLDER.glob("*.patch"))
SUBJECTS = ("cap", "season", "gaps", "tail", "late", "calibration", "pile-on", "fire")
"""What at least one patch each must break; a patch's name begins with its subject."""


@dataclass(frozen=True)
class Mutant:
    """A patch: what it breaks, and which tests must notice."""

    what: str
    tests: tuple[str, ...]
    diff: str

    @classmethod
    def read(cls, path: Path) -> "Mutant":
        what, tests, diff = path.read_text().split("\n", 2)
        return cls(
            what=what.removeprefix("What: "),
            tests=tuple(tests.removeprefix("Tests: ").split()),
            diff=diff,
        )


def copy_of_the_package(root: Path, into: Path) -> None:
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "src", into / "src", ignore=leave_out)


def tried(root: Path, copy: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run tests of this checkout against a copy of the package."""
    unmeasured = {
        name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
        cwd=root,
        env={
            **unmeasured,
            "PYTHONPATH": str(copy / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "EMBERWATCH_MUTANT": str(copy),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_broken_detector_is_caught(path: Path, root: Path, tmp_path: Path) -> None:
    mutant = Mutant.read(path)
    copy_of_the_package(root, tmp_path)
    applied = subprocess.run(
        ["git", "apply", "-"],
        input=mutant.diff,
        cwd=tmp_path,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode == 0, (
        f"{path.name} no longer applies; make it anew ({mutant.what}): {applied.stderr}"
    )
    came = tried(
        root,
        tmp_path,
        (f"{FOLDER / 'test_mutants.py'}::test_the_copy_is_what_the_tests_import", *mutant.tests),
    )
    told = came.stdout[-2000:] + came.stderr[-2000:]
    assert came.returncode != 0, f"SURVIVED: {mutant.what}; no test of {mutant.tests} noticed"
    assert came.returncode == 1, f"the tests of {path.name} did not run: {told}"
    assert "::test_the_copy_is_what_the_tests_import" not in told, (
        f"the tests ran against another package: {told}"
    )


def test_the_copy_is_what_the_tests_import() -> None:
    """Run in between: a mutant that nobody imports would seem to survive."""
    import emberwatch

    copy = os.environ.get("EMBERWATCH_MUTANT")
    place = Path(emberwatch.__file__ or "").resolve()
    assert copy is None or place.is_relative_to(Path(copy).resolve())


def test_every_part_of_the_detectors_is_broken_at_least_once() -> None:
    assert all(any(path.stem.startswith(subject) for path in PATCHES) for subject in SUBJECTS)
    assert len(PATCHES) >= 14
