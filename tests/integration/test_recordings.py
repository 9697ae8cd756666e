"""What real sites answered, parsed by the command as anyone would, against what is known of it."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emberwatch.cli.source import command

PLATFORMS = (
    "mastodon", "hackernews", "feeds", "bluesky", "reddit", "x", "youtube", "discourse", "github",
)  # fmt: skip

STRAY = "discourse/search"
"""A search in a form that Discourse gave up long ago; its record holds one post called `None`,
which nobody wrote."""

MISSING = object()


@pytest.fixture(params=PLATFORMS)
def cases(request: pytest.FixtureRequest, shared: Path) -> list[Path]:
    """The cases of one platform."""
    folder = shared / "data" / "recordings" / request.param
    found = [path for path in sorted(folder.iterdir()) if f"{request.param}/{path.name}" != STRAY]
    assert found, f"no recordings in {folder}"
    return found


def parsed(case: Path) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    meta = json.loads((case / "meta.json").read_text())
    result = CliRunner().invoke(
        command,
        [
            "parse", case.parent.name,
            "--body", str(case / meta["body_file"]),
            "--meta", str(case / "meta.json"),
        ],
    )  # fmt: skip
    assert result.exception is None or isinstance(result.exception, SystemExit)
    *posts, last = [json.loads(line) for line in result.stdout.splitlines()]
    return result.exit_code, posts, last


def instant(text: str | None) -> datetime | None:
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=at.tzinfo or UTC)


def first_of(told: dict[str, Any], *names: str) -> Any:
    return next((told[name] for name in names if name in told), MISSING)


def differences(post: dict[str, Any], told: dict[str, Any]) -> list[str]:
    """Compare as the contract says; what `told` does not mention is not compared."""
    counts = told.get("counts") or {}
    wanted = {
        "native_id": told["id"],
        "author": first_of(told, "author"),
        "thread_id": told.get("root_id") or told["id"],
        "parent_id": first_of(told, "parent_id"),
        "boost_of": first_of(told, "boost_of"),
        "quote_of": first_of(told, "quote_of"),
        "replies": first_of(counts, "replies"),
        "boosts": first_of(counts, "reposts", "retweet_count"),
        "likes": first_of(counts, "likes", "score", "like_count"),
    }
    found = [
        f"{told['id']}: {name} is {post[name]!r}, not {want!r}"
        for name, want in wanted.items()
        if want is not MISSING and (post[name] or None) != (want or None)
    ]
    for name in ("created_at", "edited_at"):
        if name in told and instant(post[name]) != instant(told[name]):
            found.append(f"{told['id']}: {name} is {post[name]}, not {told[name]}")
    return found


def test_every_recorded_post_is_read_as_its_own_client_reads_it(cases: list[Path]) -> None:
    wrong = []
    for case in cases:
        told = json.loads((case / "expected.json").read_text())
        _, posts, _ = parsed(case)
        if [post["native_id"] for post in posts] != [each["id"] for each in told["posts"]]:
            wrong.append(f"{case.name}: other posts, or in another order")
            continue
        for post, each in zip(posts, told["posts"], strict=True):
            wrong += [f"{case.name}: {line}" for line in differences(post, each)]
    assert wrong == []


def test_a_recorded_error_gives_no_post_and_the_words_of_the_site(cases: list[Path]) -> None:
    for case in cases:
        told = json.loads((case / "expected.json").read_text())
        code, posts, last = parsed(case)
        assert (code == 1) == bool(told.get("error")), case.name
        if code == 1:
            assert posts == []
            assert last["error"] == told["error"]


def told_limits(headers: dict[str, str]) -> tuple[int, int, datetime] | None:
    """Return what headers say of limits, read by another hand: limit, remaining, reset."""
    start = "x-rate-limit" if "x-rate-limit-limit" in headers else "x-ratelimit"
    if f"{start}-remaining" not in headers:
        return None
    remaining = int(float(headers[f"{start}-remaining"]))
    reset = headers[f"{start}-reset"]
    if f"{start}-used" in headers:
        resets_at = parsedate_to_datetime(headers["date"]) + timedelta(seconds=int(reset))
        return remaining + int(headers[f"{start}-used"]), remaining, resets_at
    limit = int(headers[f"{start}-limit"])
    if reset.isdecimal():
        return limit, remaining, datetime.fromtimestamp(int(reset), UTC)
    return limit, remaining, datetime.fromisoformat(reset)


def test_the_recorded_limits_are_read(cases: list[Path]) -> None:
    for case in cases:
        told = told_limits(json.loads((case / "meta.json").read_text())["headers"])
        rate = parsed(case)[2]["rate"]
        read = rate and (rate["limit"], rate["remaining"], instant(rate["reset_at"]))
        assert read == told, case.name


def test_the_cursor_of_a_recorded_page_leads_to_the_page_above_it(shared: Path) -> None:
    case = shared / "data" / "recordings" / "mastodon" / "pagination_page2"
    _, posts, last = parsed(case)
    assert last["cursor"]["min_id"] == posts[0]["native_id"]
