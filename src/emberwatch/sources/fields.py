"""Fields of a site's answer: taken when they are what they should be, None when they are not."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from emberwatch.model.errors import FeedUnavailable
from emberwatch.ports import Answer
from emberwatch.sources.plain import clean, first_words

MOST_COUNTED = 10**12
"""Beyond this a counter is a mistake; it would not fit a database column either."""

LONGEST_ID = 512
"""Characters of an id; ids stand in addresses, keys and every reference."""

LONGEST_SHOWN = 80


def decode_json(answer: Answer) -> object:
    """Return the body as JSON values, or raise `FeedUnavailable` that says what came instead."""
    try:
        value: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise not_expected(answer, "JSON") from None
    return value


def not_expected(answer: Answer, wanted: str) -> FeedUnavailable:
    """Return the error for an answer that is not of the kind that was wanted."""
    where = host_of(answer.url) or "the site"  # the rest of an address may hold secrets
    shown = answer.body[:2000].decode("utf-8", "replace")
    lower = shown.lower()
    if "<html" in lower or "<!doctype html" in lower:
        start = lower.find("<title")
        start = lower.find(">", start) + 1 if start >= 0 else -1
        title = shown[start : lower.find("</title", start)] if start > 0 else ""
        begins = first_words(title, LONGEST_SHOWN)
        named = f" ({begins!r})" if begins else ""
        return FeedUnavailable(
            f"{where} answered a web page{named}, not {wanted}; "
            "open the address in a browser: it may ask for a login or have moved"
        )
    begins = first_words(shown, LONGEST_SHOWN)
    what = f"something that begins with {begins!r}" if begins else "something else"
    what = what if shown.strip() else "nothing"
    return FeedUnavailable(f"{where} answered {what}, not {wanted}; check the address")


def as_mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a JSON array, or an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a text without what no database can hold, or an empty one."""
    return clean(value) if isinstance(value, str) else ""


def as_id(value: object) -> str | None:
    """Return an identifier, given as a text or as a whole number."""
    if isinstance(value, str):
        return clean(value).strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**40 else None
    return None


def as_count(value: object) -> int | None:
    """Return a counter, given as a number or in digits."""
    if isinstance(value, str) and value.strip().isascii() and len(value) < 20:
        value = int(value) if value.strip().isdigit() else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_COUNTED else None


def as_rating(value: object) -> int | None:
    """Return a count of approval, which is below zero where people may vote a post down."""
    if isinstance(value, int) and not isinstance(value, bool) and -MOST_COUNTED <= value < 0:
        return value
    return as_count(value)


def as_instant(value: object) -> datetime | None:
    """Return an ISO 8601 or mail-style date in UTC; one without a zone is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            instant = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
    return in_utc(instant)


def as_epoch(value: object) -> datetime | None:
    """Return an instant given as seconds since 1970, whole or not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def in_utc(instant: datetime) -> datetime:
    """Return an instant in UTC; at the ends of time, where the zone leads out of it, without."""
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError:
        return instant.replace(tzinfo=UTC)


def as_link(value: object, base: str = "") -> str | None:
    """Return an http or https address, made absolute; None for anything that could do more.

    Of `base` neither query nor password reaches the link: they may be secrets.
    """
    told = clean(value).strip() if isinstance(value, str) else ""
    if not told:
        return None
    try:
        link = urljoin(_without_secrets(base), told)
        parts = urlsplit(link)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    if not is_web or not link.isprintable():
        return None
    return link.replace(" ", "%20")


_LINK = re.compile(r'<([^<>]*)>\s*;[^,]*?\brel\s*=\s*"?([a-z]+)\b')


def links_of(answer: Answer) -> dict[str, str]:
    """Return the addresses that the header `Link` names, by relation."""
    named = _LINK.findall(answer.headers.get("link", ""))
    links = ((relation, as_link(url, answer.url)) for url, relation in named)
    return {relation: link for relation, link in links if link}


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="", fragment="").geturl()


def host_of(url: str) -> str:
    """Return `host[:port]` of an address, in lower case, without user or password."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def address_problems(url: str) -> list[tuple[str, str]]:
    """Return what is wrong with a feed's `url` setting, for `Options.problems`."""
    if as_link(url) is None:
        return [("url", f"expected an address such as https://example.org/, got {url!r}")]
    return []
