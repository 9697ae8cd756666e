"""What every test may ask for, and the table of the advice that the tests serve."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import advice

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material; a test that needs it skips where it is absent."""
    folder = Path(os.environ.get("EMBERWATCH_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the reference material in {folder} (EMBERWATCH_SHARED)")
    return folder


# ---------------------------------------------------------------- the table of the advice
def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--advice", action="store_true", help="print which tests serve which piece of advice"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marked = [id for mark in item.iter_markers("advice") for id in mark.args]
        ids = advice.ids_of(item.name, marked)
        unknown = [id for id in ids if id not in advice.ROWS]
        if unknown:
            raise pytest.UsageError(f"{item.nodeid}: there is no advice {unknown}")
        # a property travels with the report, from the process that ran the test too
        item.user_properties.extend(("advice", id) for id in ids)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.getoption("--advice"):
        terminalreporter.section("advice: the tests that passed")
        for line in advice.table(_passed(terminalreporter)):
            terminalreporter.write_line(line)


def _passed(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, list[str]]]:
    for report in terminalreporter.stats.get("passed", ()):
        yield report.nodeid, [str(id) for key, id in report.user_properties if key == "advice"]
