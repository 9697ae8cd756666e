"""A value that never shows itself."""

import copy
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from emberwatch.model.secret import Secret, hide

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
