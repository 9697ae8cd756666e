"""A pile-on under one post of a real WordPress, whose feed answers *unchanged* all the while."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import feedparser
import httpx
import pytest

from tests.e2e.asking import rows
from tests.e2e.blog import WordPress
from tests.e2e.daemon import Running
from tests.e2e.receiver import Receiver
from tests.e2e.waiting import wait_for

CONFIG = """
database: watch.db
network: {{allow: [127.0.0.0/8]}}
brands:
  - {{name: Acme, words: [acme], languages: [en], pile_on_floor: 30}}
feeds:
  - {{name: blog, source: rss, options: {{url: "{feed}"}}, every: 1s}}
notifiers:
  - {{name: ops, kind: webhook, url: "{receiver}", secret_env: EMBER_SECRET}}
"""

TITLE = "Acme lost my parcel and laughs at me"
COMMENTS = 60
SHOWN = 10
"""How many entries WordPress puts into a feed."""


@dataclass
class Played:
    """What the site answered and what came of it."""

    database: Path
    receiver: Receiver
    answers: list[httpx.Response] = field(default_factory=list)

    def rows(self, question: str) -> list[tuple]:
        return rows(self.database, question)


def comment(number: int) -> str:
    """Every other visitor names the brand."""
    said = "they ignore us all, what a disgrace" if number % 2 else "Acme is a disgrace"
    return f"{said}, says number {number}"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("wordpress")
    with WordPress(folder / "site") as site, Receiver() as receiver:
        site.publish("Opening hours", "The shop is open on Sunday.")
        (folder / "config.yaml").write_text(CONFIG.format(feed=site.feed, receiver=receiver.url))
        played = Played(folder / "watch.db", receiver)

        def is_so(question: str) -> bool:
            return daemon.process.poll() is None and bool(played.rows(question))

        with Running(folder) as daemon:
            wait_for(lambda: "feed read" in daemon.said, 30, daemon.log)
            root = site.publish(TITLE, "<p>Three weeks &amp; no answer. Disgraceful!</p>")
            wait_for(lambda: is_so("SELECT 1 FROM mentions"), 30, daemon.log)
            whole = site.web.get(site.feed)
            with ThreadPoolExecutor(4) as visitors:
                list(visitors.map(lambda n: site.comment(root, comment(n)), range(COMMENTS)))
            validators = {
                "if-none-match": whole.headers["etag"],
                "if-modified-since": whole.headers["last-modified"],
            }
            played.answers += [
                site.web.get(site.feed, headers=validators),
                site.web.get(site.feed),
                site.web.get(site.feed, params={"feed": "rss2", "p": str(root)}),
            ]
            wait_for(
                lambda: (
                    is_so(f"SELECT 1 FROM mentions WHERE replies = {COMMENTS}")
                    and is_so("SELECT 1 FROM _post WHERE kind = 'comment'")
                ),
                60,
                daemon.log,
            )
            assert receiver.wait(lambda it: bool(it.of_type("incident.opened")), 30)
            site.edit(root, TITLE + " (answered)")
            wait_for(lambda: is_so("SELECT 1 FROM mentions WHERE title LIKE '%(answered)'"), 60)
            assert daemon.end() == 0
        yield played


def test_the_feed_says_unchanged_and_shows_ten_while_sixty_comments_came(played: Played) -> None:
    conditional, whole, comments = played.answers
    assert conditional.status_code == 304
    entry = next(each for each in feedparser.parse(whole.content).entries if each.title == TITLE)
    assert int(entry.slash_comments) == COMMENTS
    assert len(feedparser.parse(comments.content).entries) == SHOWN


def test_the_storm_behind_an_unchanged_feed_is_one_incident(played: Played) -> None:
    (opened,) = played.receiver.of_type("incident.opened")
    assert opened.payload["incident"]["brand"] == "Acme"
    assert opened.payload["incident"]["kinds"][0] == "pile_on"


def test_every_comment_is_counted_though_the_site_shows_ten(played: Played) -> None:
    threads = played.rows("SELECT thread_id, max(replies_seen, replies) FROM _thread")
    ((root,),) = played.rows("SELECT thread_id FROM mentions WHERE kind = 'post'")
    assert dict(threads)[root] == COMMENTS


def test_the_comments_stand_in_the_thread_of_their_post(played: Played) -> None:
    comments = played.rows("SELECT thread_id, text FROM _post WHERE kind = 'comment'")
    ((thread,),) = played.rows("SELECT thread_id FROM mentions WHERE kind = 'post'")
    assert len(comments) >= SHOWN
    assert {thread_id for thread_id, _ in comments} == {thread}


def test_a_comment_that_does_not_name_the_brand_is_kept_with_its_thread(played: Played) -> None:
    texts = [text for (text,) in played.rows("SELECT text FROM _post WHERE kind = 'comment'")]
    assert any("they ignore us all" in text for text in texts)


def test_an_edited_title_is_the_one_that_is_kept(played: Played) -> None:
    titles = played.rows("SELECT title FROM mentions WHERE kind = 'post'")
    assert titles == [(f"{TITLE} (answered)",)]
