"""Structured log lines to stderr; secrets never among them."""

import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from emberwatch.core.read.text import safe_line
from emberwatch.model.secret import Secret, hide, hide_in_addresses

_QUERY = re.compile(r"(https?://[^\s\"'?#]+)\?[^\s\"']*")

MOST = 2000
"""Columns of an event or of a fact."""


class _Logfmt(logging.Formatter):
    """One line an event: `time level event key=value ...`, all of it safe to print."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        facts = getattr(record, "facts", {})
        words = " ".join(f"{key}={self._quoted(str(value))}" for key, value in facts.items())
        line = f"{at:%Y-%m-%dT%H:%M:%S}Z {record.levelname.lower():7} "
        line += safe_line(self._redacted(record.getMessage()), MOST)
        line = f"{line} {words}".rstrip()
        if record.exc_info:
            line = f"{line} trace={self._quoted(self.formatException(record.exc_info))}"
        return line

    def _redacted(self, words: str) -> str:
        # a log is passed on to others: of an address not even a harmless query stays
        return _QUERY.sub(r"\1?...", hide_in_addresses(hide(words, self._secrets)))

    def _quoted(self, value: str) -> str:
        """Return a value as one word, or between quotes; control characters never pass."""
        plain = safe_line(self._redacted(value), MOST)
        if plain and not re.search(r"[\s\"=]", plain):
            return plain
        return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def start_logging(secrets: Iterable[Secret] = (), *, is_verbose: bool = False) -> None:
    """Send the program's log to stderr, with these secrets never shown."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Logfmt(tuple(s.reveal() for s in secrets if s.reveal())))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # what it has to say comes through the schedule's own listener, once and in our form
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logging.getLogger("emberwatch").setLevel(logging.DEBUG if is_verbose else logging.INFO)


class Log:
    """A logger whose lines are an event and its facts."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(f"emberwatch.{name}")

    def debug(self, event: str, **facts: object) -> None:
        """Something for whoever looks closely."""
        self._log.debug(event, extra={"facts": facts})

    def info(self, event: str, **facts: object) -> None:
        """Something went as it should."""
        self._log.info(event, extra={"facts": facts})

    def warning(self, event: str, **facts: object) -> None:
        """Something failed that is tried again."""
        self._log.warning(event, extra={"facts": facts})

    def error(self, event: str, *, with_trace: bool = False, **facts: object) -> None:
        """Something is wrong that a person should look at."""
        self._log.error(event, extra={"facts": facts}, exc_info=with_trace)
