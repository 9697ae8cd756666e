"""A value that never shows itself."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

HIDDEN = "***"

_ADDRESS = re.compile(
    # from the first letter on, whole: an endless word is looked at once
    r"""(?<![a-zA-Z0-9+.-])([a-zA-Z0-9+.-]++://)([^\s/?#]*@)?([^\s"'<>/?#]*)([^\s"'<>?#]*)([^\s"'<>]*)"""
)
"""Scheme, user, host, path, and what follows it."""
_NESTED_USER = re.compile(r"://[^\s/?#]*@")
"""Who asks, in an address that stands in the path of another."""
_PAIRS = re.compile(r"([?#&;])([^?#&;]*)")
_KEY_NAME = re.compile(
    r"(key|token|secret|passw(or)?d|passphrase|pwd|auth|signature|credentials?|session(id)?)$"
    r"|^(pass|pw|sig|sid|jwt|bearer|code)$"
)
_BEGINNING = re.compile(
    r"(sk|pk|rk)[-_]\w{6}|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|AIza|AKIA|ya29\.|eyJ\w|bot\d+:"
)
"""How the keys of well-known services begin."""
_RUN = re.compile(r"[A-Za-z0-9]{24,}")
_LONG_RUN = 32


class Secret:
    """A password, token or signing key, read from the environment or a file.

    A plug-in's `Options` declare a field `x: Secret`; the configuration fills it from the keys
    `x_env` (a variable's name) or `x_file` (a path), never from a value written in the file.
    """

    # No dataclass: `dataclasses.asdict` of the options around it would lay it open.
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def reveal(self) -> str:
        """Return the value, for the one place that sends or signs with it."""
        return self._value


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, which somebody may have repeated in it.

    Before the text is cut: half a secret is not found any more.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def hide_in_addresses(text: str) -> str:
    """Return a text in which no web address shows what may let somebody in.

    Hidden are the user and password before a host, the values of a query or fragment whose names
    speak of keys (`api_key`, `token`, `sig`, ...), and whatever looks like a key by itself, in the
    path too: as those of well-known services begin, or a long run of letters and digits. All else
    stays, so that people know the address again. For addresses that somebody wrote in clear; what
    is known to be a secret is a `Secret`.
    """
    return _ADDRESS.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    scheme, user, host, path, tail = found.groups(default="")
    path = _NESTED_USER.sub(f"://{HIDDEN}@", path)
    steps = (HIDDEN if _looks_secret(step) else step for step in path.split("/"))
    return "".join(
        (scheme, user and f"{HIDDEN}@", host, "/".join(steps), _PAIRS.sub(_shown_pair, tail))
    )


def _shown_pair(found: re.Match[str]) -> str:
    name, is_named, value = found[2].partition("=")
    if not is_named:
        name, value = "", name
    if value and (_is_key(name) or _looks_secret(value, is_id=name.lower().endswith("id"))):
        value = HIDDEN
    return found[1] + name + is_named + value


def _is_key(name: str) -> bool:
    folded = re.sub(r"[^a-z]", "", unquote(name).lower())
    return _KEY_NAME.search(folded) is not None


def _looks_secret(part: str, *, is_id: bool = False) -> bool:
    """Whether this may let somebody in; a long run of letters and digits that is an id does not."""
    plain = unquote(part)
    if _BEGINNING.match(plain) or ("://" in plain and hide_in_addresses(plain) != plain):
        return True
    return not is_id and any(_is_random(run) for run in _RUN.findall(plain))


def _is_random(run: str) -> bool:
    """Whether somebody drew this; an id of 24 characters in one case is not taken for it."""
    has_digits = any(map(str.isdigit, run))
    is_mixed = run != run.lower() and run != run.upper()
    return has_digits and (is_mixed or (len(run) >= _LONG_RUN and not run.isdigit()))
