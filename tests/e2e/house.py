"""A folder that a watch lives in: a brand with a past, a file that its feed follows, settings."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.e2e.daemon import Running
from tests.e2e.receiver import Receiver
from tests.e2e.storm import append, complaints, history, line
from tests.e2e.waiting import wait_for

BRAND = """
brands:
  - {name: Acme, words: [acme], languages: [en], pile_on_floor: 30}
"""

TOWN = "{name: town, source: jsonl, options: {path: posts.jsonl}, every: 1s}"


def hook(name: str, receiver: Receiver) -> str:
    """Return the settings of a signed webhook."""
    return f"{{name: {name}, kind: webhook, url: '{receiver.url}', secret_env: EMBER_SECRET}}"


@dataclass
class House:
    """A brand that two ordinary weeks are known of once its feed was read for the first time."""

    folder: Path
    chance: Random = field(default_factory=lambda: Random(20261122))
    database_at: Path | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        past = history(datetime.now(UTC), self.chance, "Acme")
        self.file.write_text("".join(past))
        self.posted = len(past)
        self._complaints = complaints("Acme", self.chance)

    @property
    def file(self) -> Path:
        """What the feed `town` follows."""
        return self.folder / "posts.jsonl"

    @property
    def database(self) -> Path:
        """Where the watch keeps what it knows."""
        return self.database_at or self.folder / "watch.db"

    def configure(self, *notifiers: str, feeds: tuple[str, ...] = (TOWN,), more: str = "") -> None:
        """Write the configuration."""
        (self.folder / "config.yaml").write_text(
            f"database: {self.database}\n"
            + "network: {allow: [127.0.0.0/8]}\n"
            + BRAND
            + _listed("feeds", feeds)
            + _listed("notifiers", notifiers)
            + more
        )

    def say(self, text: str, **facts: object) -> str:
        """Add one post to the file; return its id."""
        self.posted += 1
        now = datetime.now(UTC)
        append(self.file, line(self.posted, text, now, f"user{self.posted}", **facts))
        return str(self.posted)

    def storm(self, posts: int = 40) -> None:
        """Let so many people be angry at once."""
        for _ in range(posts):
            self.say(next(self._complaints))

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database, as an analyst would."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as look:
            return look.execute(question).fetchall()

    @property
    def stored(self) -> int:
        """How many posts the database holds; none as long as there is no database."""
        try:
            return int(self.rows("SELECT count(*) FROM _post")[0][0])
        except sqlite3.OperationalError:
            return 0

    def settle(self, daemon: Running, within: float = 60) -> None:
        """Wait until all that was posted is stored."""
        self.wait(daemon, lambda: self.stored == self.posted, within)

    def wait(self, daemon: Running, condition: Callable[[], object], within: float = 60) -> None:
        """Wait for something while the daemon lives."""

        def is_so() -> object:
            assert daemon.process.poll() is None, daemon.said[-3000:]
            return condition()

        wait_for(is_so, within, daemon.log)


def _listed(key: str, entries: tuple[str, ...]) -> str:
    return f"{key}:\n" + "".join(f"  - {entry}\n" for entry in entries) if entries else ""
