"""Whose voice a post is."""

from datetime import UTC, datetime

from emberwatch.model.post import Author, Post

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_post(id: str, handle: str) -> Post:
    return Post(
        source="rss", host="x.test", native_id=id, author=Author(handle=handle), text="",
        created_at=NOON, seen_at=NOON,
    )  # fmt: skip


def test_one_author_is_one_voice_however_much_is_written() -> None:
    assert a_post("1", "ann").voice == a_post("2", "ann").voice == "rss:x.test:ann"


def test_authors_whom_a_site_does_not_name_are_not_taken_for_one_person() -> None:
    assert a_post("1", "").voice != a_post("2", "").voice
