"""A value that never shows itself."""

import copy
import pickle
import time
import traceback
from dataclasses import asdict, dataclass

import pytest

from emberwatch.model.secret import Secret, hide, hide_in_addresses

CANARY = "canary-6c1f"


@dataclass(frozen=True)
class _Options:
    token: Secret


def test_a_secret_shows_itself_in_no_rendering() -> None:
    secret = Secret(CANARY)
    options = _Options(token=secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r}", repr(options), f"{[secret]}"]
    assert not any(CANARY in line for line in shown)
    assert asdict(options) == {"token": secret}


def test_a_secret_shows_itself_in_no_traceback() -> None:
    secret = Secret(CANARY)
    with pytest.raises(TypeError) as caught:
        secret + 1  # type: ignore[operator]
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_who_sends_it_may_look() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_two_secrets_are_the_same_when_they_open_the_same_door() -> None:
    assert Secret(CANARY) == Secret(CANARY) == copy.deepcopy(Secret(CANARY))
    assert len({Secret(CANARY), Secret(CANARY), Secret("other")}) == 2
    assert Secret(CANARY) != CANARY
    assert pickle.loads(pickle.dumps(Secret(CANARY))) == Secret(CANARY)


def test_secrets_that_somebody_repeats_are_hidden_the_longest_first() -> None:
    said = "token abc, and abcdef, and nothing"
    assert hide(said, ("", "abc", "abcdef")) == "token ***, and ***, and nothing"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("https://x.test/feed?api_key=abc&tag=acme", "https://x.test/feed?api_key=***&tag=acme"),
        (
            "https://x.test/?Access-Token=a;b=c#key2=d",
            "https://x.test/?Access-Token=***;b=c#key2=***",
        ),
        ("https://x.test/?api%5Fkey=abc", "https://x.test/?api%5Fkey=***"),
        ("https://x.test/?sig=abc==", "https://x.test/?sig=***"),
        ("https://me@x.test/f", "https://***@x.test/f"),
        ("https://me:p'@\"ss@x.test?q=a", "https://***@x.test?q=a"),
        ("postgres://me:word@x.test/db", "postgres://***@x.test/db"),
        ("https://x.test/bot12:ABC/up", "https://x.test/***/up"),
        ("https://x.test/?q=ghp_abc", "https://x.test/?q=***"),
        ("https://x.test/?8f14e45fceea167a5a36dedd4bea2543", "https://x.test/?***"),
        ("https://x.test/aB3dEfGh1jKlMnOpQrStUvWx/in", "https://x.test/***/in"),
        ("https://x.test/?u=https%3A%2F%2Fa%3Ab%40c.test", "https://x.test/?u=***"),
        ("https://x.test/https://a:b@c.test/d", "https://x.test/https://***@c.test/d"),
        ("https://x.test/?id=https://a:b@c.test/", "https://x.test/?id=***"),
        ("https://x.test/?client_id=sk-abcdefghijkl", "https://x.test/?client_id=***"),
        (
            "asked 'wss://x.test/s?key=a' and \"http://y.test/?token=b\".",
            "asked 'wss://x.test/s?key=***' and \"http://y.test/?token=***\".",
        ),
    ],
)
def test_what_lets_somebody_in_is_hidden_in_an_address(written: str, seen: str) -> None:
    assert hide_in_addresses(written) == seen
    assert hide_in_addresses(seen) == seen


@pytest.mark.parametrize(
    "address",
    [
        "https://x.test/?q=acme+outage&page=2&author=me&keyword=acme&country_code=bg&token=",
        "https://www.youtube.com/feeds/videos.xml?channel_id=UC_x5XG1OV2P6uZZ5FSM9Ttw",
        "https://x.test/?list_id=aB3dEfGh1jKlMnOpQrStUvWx",
        "https://x.test/@acme/115123456789012345678901234567890123",
        "at://did:plc:z72i7hdynmk6r22z27h6tvur/app.bsky.feed.generator/whats-hot",
        "https://x.test/?next=https%3A%2F%2Fy.test%2Fin",
        "https://x.test/internationalisationandlocalisation",
        "me@x.test, key=abc",
    ],
)
def test_an_address_that_lets_nobody_in_stays_as_it_is(address: str) -> None:
    assert hide_in_addresses(address) == address


@pytest.mark.parametrize("word", ["a" * 200_000, "http://" * 40_000, "http://x?u=" * 3_000])
def test_endless_words_are_read_once(word: str) -> None:
    began = time.process_time()
    hide_in_addresses(word)
    assert time.process_time() - began < 1.0  # 0.05 s, where each letter began anew 20 s
