"""Errors carry their facts and say them in one line."""

from datetime import timedelta

import pytest

from emberwatch.model import errors
from emberwatch.model.errors import EmberwatchError

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("name", [name for name in vars(errors) if name[0].isupper()])
def test_every_error_of_ours_has_one_root(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, EmberwatchError)


def test_a_configuration_tells_every_mistake() -> None:
    error = errors.ConfigError(("c.yaml:1:1: a: wrong", "c.yaml:2:1: b: wrong"))
    assert error.problems == ("c.yaml:1:1: a: wrong", "c.yaml:2:1: b: wrong")
    assert str(error) == "c.yaml:1:1: a: wrong\nc.yaml:2:1: b: wrong"


def test_a_feed_that_asks_us_to_wait_says_how_long() -> None:
    error = errors.FeedUnavailable("429: too many", retry_after=HOUR)
    assert (error.why, error.retry_after, str(error)) == ("429: too many", HOUR, "429: too many")
    assert errors.FeedUnavailable("timed out").retry_after is None
    assert errors.FeedRefused("410: gone").why == "410: gone"


def test_a_receiver_that_fails_says_what_it_answered() -> None:
    error = errors.DeliveryFailed("503: busy", retry_after=HOUR)
    assert (error.answer, error.retry_after, str(error)) == ("503: busy", HOUR, "503: busy")
    assert errors.DeliveryFailed("no answer").retry_after is None
    assert errors.DeliveryRefused("410: gone").answer == "410: gone"
