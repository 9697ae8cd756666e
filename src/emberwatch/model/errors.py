"""What can go wrong, each with its facts and one line: what, which one, what to do."""

from datetime import timedelta


class EmberwatchError(Exception):
    """The root of everything that emberwatch raises on purpose."""


class ConfigError(EmberwatchError):
    """The configuration is wrong; `problems` holds every mistake, one line each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class FeedUnavailable(EmberwatchError):
    """A site is down, slow or limits us: back off and try again.

    `retry_after` is how long the site asked us to wait, when it did.
    """

    def __init__(self, why: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after = retry_after


class FeedRefused(EmberwatchError):
    """A site refuses us for good (401, 403, 404, 410, a blocked address): somebody must act."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class PostInvalid(EmberwatchError):
    """One post makes no sense; it is counted and dropped, the batch goes on."""


class ScoringFailed(EmberwatchError):
    """A scorer failed; the post is kept and scored later."""


class DeliveryFailed(EmberwatchError):
    """A delivery failed and is tried again; `answer` is what the receiver said.

    `status` is that of its HTTP answer, where there was one.
    """

    def __init__(
        self, answer: str, *, retry_after: timedelta | None = None, status: int | None = None
    ) -> None:
        super().__init__(answer)
        self.answer = answer
        self.retry_after = retry_after
        self.status = status


class DeliveryRefused(EmberwatchError):
    """The receiver wants nothing from us ever again (410): the notifier is disabled."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


class ActionRefused(EmberwatchError):
    """An impossible action on an incident; the message says what is possible."""


class NotFound(EmberwatchError):
    """No such thing; the message names what was asked for and how to list what there is."""


class StoreBusy(EmberwatchError):
    """The database is full, read-only or locked: hold the batch and try again."""


class StoreFailed(EmberwatchError):
    """The database is damaged or newer than this program: stop the process."""


class AlreadyRunning(EmberwatchError):
    """Another process watches with this database; the message names it."""
