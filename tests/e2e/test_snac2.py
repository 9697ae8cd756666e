"""What a real fediverse server (snac2) does otherwise than one would think, through the daemon."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.asking import rows
from tests.e2e.daemon import Running
from tests.e2e.fediverse import Snac, program
from tests.e2e.waiting import wait_for

CONFIG = """
database: watch.db
network: {{allow: [127.0.0.0/8]}}
brands:
  - {{name: Acme, words: [acme], hashtags: ["#acme"], languages: [en]}}
feeds:
  - name: town
    source: mastodon
    options: {{url: "{server}", hashtag: acme}}
    every: 1s
"""

PEOPLE = ("alice", "bob", "carol")


@dataclass
class Played:
    """A thread on the server, and what the watch made of it. The server is still there."""

    snac: Snac
    database: Path
    said: str = ""

    def rows(self, question: str) -> list[tuple]:
        return rows(self.database, question)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("snac2")
    with Snac(program(), folder / "snac") as snac:
        for person in PEOPLE:
            snac.add(person)
        (folder / "config.yaml").write_text(CONFIG.format(server=snac.address))
        played = Played(snac, folder / "watch.db")
        with Running(folder) as daemon:
            play(played, daemon)
            assert daemon.end() == 0
        played.said = daemon.said
        yield played


def play(played: Played, daemon: Running) -> None:
    """Let a thread begin, be boosted, be rewritten, and be answered after that."""
    snac = played.snac

    def wait_until_stored(text: str) -> None:
        question = f"SELECT 1 FROM _post WHERE text LIKE '%{text}%'"
        wait_for(lambda: daemon.process.poll() is None and played.rows(question), 30, daemon.log)

    snac.say("alice", "#acme charged me twize. Disgusting!")
    wait_until_stored("twize")
    old_id = snac.id_of("twize", "acme")
    snac.say("bob", "#acme did so to me & my brother", in_reply_to_id=old_id)
    snac.boost("bob", snac.id_of("twize", "acme"))
    wait_for(lambda: played.rows("SELECT 1 FROM _thread WHERE boosts = 1"), 30, daemon.log)
    snac.edit("alice", snac.id_of("twize", "acme"), "#acme charged me twice. Disgusting!")
    wait_until_stored("twice")
    new_id = snac.id_of("twice", "acme")
    assert new_id != old_id
    snac.say("carol", "and me, #acme, after you wrote", in_reply_to_id=new_id)
    wait_until_stored("after you wrote")


def test_an_edit_is_seen_though_the_server_gives_the_post_another_id(played: Played) -> None:
    texts = played.rows("SELECT text FROM mentions WHERE kind = 'post'")
    assert texts == [("#acme charged me twice. Disgusting!",)]


def test_answers_before_and_after_an_edit_stand_in_one_thread(played: Played) -> None:
    threads = [thread for (thread,) in played.rows("SELECT thread_id FROM _post")]
    ((root,),) = played.rows("SELECT thread_id FROM mentions WHERE kind = 'post'")
    assert threads == [root] * 4


def test_a_boost_under_its_originals_id_counts_as_one_boost(played: Played) -> None:
    ((root,),) = played.rows("SELECT native_id FROM _post WHERE kind = 'post'")
    assert played.rows("SELECT native_id FROM _post WHERE kind = 'boost'") == [(root,)]
    assert played.rows("SELECT boosts_seen, boosts FROM _thread WHERE boosts > 0") == [(1, 1)]


def test_ids_are_kept_as_the_server_writes_them(played: Played) -> None:
    ids = [id for (id,) in played.rows("SELECT native_id FROM _post")]
    assert ids
    assert not any(id.isdecimal() for id in ids)
    assert {len(id) for id in ids} == {42}


def test_dropped_connections_never_make_the_feed_blind(played: Played) -> None:
    # snac2 drops the connections that it promised to keep: that of the poll before, mostly
    assert "feed not read" not in played.said
    ((failures, blind_since),) = played.rows("SELECT failures, blind_since FROM feeds_health")
    assert (failures, blind_since) == (0, None)


def test_mastodon_py_reads_the_same_posts(played: Played) -> None:
    mastodon = pytest.importorskip("mastodon", reason="needs Mastodon.py (pip install '.[dev]')")
    client = mastodon.Mastodon(
        api_base_url=played.snac.address,
        access_token=played.snac.tokens["alice"],
        version_check_mode="none",
    )
    listed: list[Any] = []

    def is_answered() -> bool:
        try:
            listed.extend(client.timeline_hashtag("acme", limit=40))
        except mastodon.errors.MastodonNetworkError:  # snac2 drops connections, also of others
            return False
        return True

    wait_for(is_answered, 20)
    theirs = {
        status.uri: (
            status.account.acct,
            status.created_at,
            plain(status.content),
            status.replies_count,
            status.reblogs_count,
        )
        for status in [status.reblog or status for status in listed]
    }
    assert len(theirs) == 3
    columns = "uri, author, created_at, text, replies, boosts"
    ours = {
        uri: (author, datetime.fromisoformat(created_at), text, replies, boosts)
        for uri, author, created_at, text, replies, boosts in played.rows(
            f"SELECT {columns} FROM _post WHERE is_mention AND kind <> 'boost'"
        )
    }
    assert theirs == ours


def plain(html: str) -> str:
    return unescape(re.sub("<[^>]+>", "", html)).strip()
