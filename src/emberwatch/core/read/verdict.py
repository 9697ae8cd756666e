"""What the status of an answer means for a feed."""

from datetime import timedelta

from emberwatch.model.errors import FeedRefused, FeedUnavailable

REFUSALS = {
    401: "wants a login: check the feed's token",
    403: "forbids us to read this: check the feed's token, or ask the site",
    404: "has nothing at this address: check the feed's url",
    410: "says that this is gone for good: give the feed its new address, or remove it",
    451: "may not show this for legal reasons: remove the feed",
}
"""Statuses that waiting does not change; somebody must act."""


def objection(
    host: str, status: int, *, asked: timedelta | None, is_conditional: bool
) -> FeedUnavailable | FeedRefused | None:
    """Return what speaks against using an answer, or None if it may be used.

    `asked` is how long the site asks us to wait. `is_conditional` tells whether the request bore
    validators: a 304 without any would be believed for ever, and show nothing for ever.
    """
    if 200 <= status < 300 or (status == 304 and is_conditional):
        return None
    answered = f"{host} answered {status}"
    if status == 304:
        return FeedUnavailable(f"{answered} (unchanged) though it was asked for everything")
    # GitHub and many a firewall say 403 where they mean 429; they tell when to come back.
    if status == 429 or (status == 403 and asked is not None):
        return FeedUnavailable(f"{answered}: we asked too often", retry_after=asked)
    if status in REFUSALS:
        return FeedRefused(f"{answered}: it {REFUSALS[status]}")
    if status >= 500:
        return FeedUnavailable(f"{answered}: it has trouble of its own", retry_after=asked)
    return FeedUnavailable(
        f"{answered}, which is no answer to a feed: check the feed's url and options",
        retry_after=asked,
    )
