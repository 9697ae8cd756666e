"""One recorded answer is shown as the contract says, line by line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emberwatch.cli.source import command

FIELDS = [
    "native_id", "id", "kind", "author", "created_at", "edited_at", "url", "title", "text",
    "parent_id", "thread_id", "boost_of", "quote_of", "replies", "boosts", "likes",
]  # fmt: skip

STATUSES = [
    {
        "id": "2", "created_at": "2026-11-22T10:00:00.123Z", "edited_at": "2026-11-22T11:00:00Z",
        "content": "<p>acme</p>", "account": {"acct": "ann@x.test"}, "in_reply_to_id": "1",
        "url": "https://town.test/@ann/2", "replies_count": 1, "reblogs_count": 2,
        "favourites_count": 3,
    },
    {"id": "3", "content": "", "account": {"acct": "bob"}},
    {},
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def parse(kind: str, body: Any, meta: Any = None) -> Result:
        (tmp_path / "body").write_bytes(
            body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        arguments = ["parse", kind, "--body", str(tmp_path / "body")]
        if meta is not None:
            (tmp_path / "meta").write_text(meta if isinstance(meta, str) else json.dumps(meta))
            arguments += ["--meta", str(tmp_path / "meta")]
        return CliRunner().invoke(command, arguments)

    return parse


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_post_is_a_line_with_native_references(run: Any) -> None:
    result = run(
        "mastodon", STATUSES, {"status": 200, "url": "https://town.test/api", "headers": {}}
    )
    first, second, last = lines(result)
    assert list(first) == FIELDS
    assert first == {
        "native_id": "2",
        "id": "mastodon:town.test:reply:2",
        "kind": "reply",
        "author": "ann@x.test",
        "created_at": "2026-11-22T10:00:00.123Z",
        "edited_at": "2026-11-22T11:00:00.000Z",
        "url": "https://town.test/@ann/2",
        "title": None,
        "text": "acme",
        "parent_id": "1",
        "thread_id": "2",
        "boost_of": None,
        "quote_of": None,
        "replies": 1,
        "boosts": 2,
        "likes": 3,
    }
    assert second["created_at"] is None, "a missing date stays missing"
    assert last == {"cursor": {"min_id": "2"}, "rate": None}
    assert result.exit_code == 0


def test_what_was_left_out_is_said_beside_the_results(run: Any) -> None:
    assert "left out: post 3" in run("mastodon", STATUSES).stderr


def test_the_limits_are_read_from_headers_however_they_are_written(run: Any) -> None:
    headers = {
        "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "60",
        "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
    }  # fmt: skip
    (last,) = lines(run("mastodon", [], {"headers": headers}))
    assert last["rate"] == {"limit": 300, "remaining": 7, "reset_at": "2026-11-22T10:01:00Z"}


def test_feeds_are_the_same_as_rss_and_need_no_address(run: Any) -> None:
    feed = b"<rss version='2.0'><channel><item><guid>1</guid><link>/a</link></item></channel></rss>"
    for kind in ("feeds", "rss"):
        post, last = lines(run(kind, feed, {"url": None, "headers": None, "status": None}))
        assert (post["id"], post["url"], last["cursor"]) == ("rss::post:1", None, None)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("hackernews", {"hits": [{"objectID": "1", "author": "ann", "title": "x"}]}),
        ("jsonl", {"id": "1", "text": "x"}),
    ],
)
def test_every_kind_is_parsed_without_being_configured(run: Any, kind: str, body: Any) -> None:
    assert [line.get("native_id") for line in lines(run(kind, body))] == ["1", None]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "The access token is invalid"}, "The access token is invalid"),
        ({"error": {"code": 403, "message": "quota"}}, "quota"),
        ({"errors": [{"message": "Rate limit exceeded"}]}, "Rate limit exceeded"),
        ({"detail": "Unauthorized", "status": 401}, "Unauthorized"),
        ({"errors": ["You need to be logged in."]}, "You need to be logged in."),
        ({"error_id": 502, "error_message": "too many requests"}, "too many requests"),
        ([], "the site answered 401"),
        (b"<html>no", "the site answered 401"),
        (b"[" * 100_000, "the site answered 401"),
    ],
)
def test_an_error_gives_no_post_and_the_words_of_the_site(run: Any, body: Any, error: str) -> None:
    result = run("mastodon", body, {"status": 401})
    (last,) = lines(result)
    assert last == {"cursor": None, "rate": None, "error": error, "status": 401}
    assert result.exit_code == 1


def test_an_answer_that_makes_no_sense_is_an_error_too(run: Any) -> None:
    result = run("rss", b"<!doctype html><title>Log in</title>")
    (last,) = lines(result)
    assert "a web page ('Log in'), not a feed" in last["error"]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("kind", "said"), [("mastodn", "did you mean 'mastodon'?"), ("zzz", "there are appstore")]
)
def test_an_unknown_kind_is_named_with_what_there_is(run: Any, kind: str, said: str) -> None:
    result = run(kind, [])
    assert said in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(("meta", "said"), [("{", "is not JSON"), ("[]", "expected a JSON object")])
def test_a_meta_file_that_makes_no_sense_is_wrong_usage(run: Any, meta: str, said: str) -> None:
    result = run("rss", b"", meta)
    assert said in result.stderr
    assert result.exit_code == 2


def test_terminal_escapes_of_a_post_stay_inside_its_json(run: Any) -> None:
    result = run("jsonl", {"id": "1", "text": "\x1b[2J"})
    assert "\x1b" not in result.output
