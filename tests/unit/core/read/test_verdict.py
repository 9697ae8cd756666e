"""What the status of an answer means for a feed."""

from datetime import timedelta

import pytest

from emberwatch.core.read.verdict import objection
from emberwatch.model.errors import FeedRefused, FeedUnavailable

MINUTE = timedelta(minutes=1)


def judged(status: int, asked: timedelta | None = None, *, is_conditional: bool = False):
    return objection("example.org", status, asked=asked, is_conditional=is_conditional)


@pytest.mark.parametrize("status", [200, 204, 206, 299])
def test_success_may_be_used(status: int) -> None:
    assert judged(status) is None


def test_unchanged_is_believed_only_where_something_was_known() -> None:
    assert judged(304, is_conditional=True) is None
    assert isinstance(judged(304), FeedUnavailable)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_what_waiting_does_not_change_is_a_refusal(status: int) -> None:
    found = judged(status)
    assert isinstance(found, FeedRefused)
    assert found.why.startswith(f"example.org answered {status}: it ")


@pytest.mark.parametrize("status", [100, 300, 302, 400, 418, 429, 500, 503, 599])
def test_everything_else_is_passing_trouble(status: int) -> None:
    found = judged(status, MINUTE)
    assert isinstance(found, FeedUnavailable)
    assert found.retry_after == MINUTE
    assert found.why.startswith(f"example.org answered {status}")


def test_a_403_that_tells_when_to_come_back_is_a_limit() -> None:
    found = judged(403, MINUTE)
    assert isinstance(found, FeedUnavailable)
    assert found.retry_after == MINUTE


def test_trouble_of_the_site_and_a_wrong_address_read_differently() -> None:
    assert "trouble of its own" in str(judged(500))
    assert "check the feed's url" in str(judged(499))
