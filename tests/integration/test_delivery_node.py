"""Our signatures, judged by the reference library for Node (npm `standardwebhooks`)."""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emberwatch.core.respond.brief import trial_for
from emberwatch.model.secret import Secret
from emberwatch.notifiers.webhook import Webhook
from emberwatch.ports import Answer

OLD, NEW, OTHER = ("whsec_" + b64encode(letter * 32).decode() for letter in (b"o", b"n", b"x"))


@pytest.fixture(scope="module")
def folder():
    """A folder in the user's cache in which Node finds the library."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs Node and npm on the PATH")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "emberwatch-tests" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules" / "standardwebhooks").is_dir():
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
        try:
            done = subprocess.run(
                [*install, "standardwebhooks@1"], capture_output=True, timeout=120, text=True
            )
        except subprocess.TimeoutExpired:
            pytest.skip("npm could not install standardwebhooks within two minutes")
        if done.returncode != 0:
            pytest.skip(f"npm could not install standardwebhooks: {done.stderr.strip()[-200:]}")
    shutil.copy(Path(__file__).with_name("verify.mjs"), folder)
    return folder


class Keeping:
    """An outbound that keeps what it was given."""

    def __init__(self):
        self.got = []

    async def post(self, message):
        self.got.append(message)
        return Answer(status=200, headers={}, body=b"", url=message.url, received_at=_now())


def _now():
    return datetime.now(UTC)


async def _sent(at):
    options = Webhook.Options(
        url="https://example.org/", secret=Secret(NEW), previous_secret=Secret(OLD)
    )
    outbound = Keeping()
    await Webhook(options, outbound).deliver(trial_for("ops", at), at)
    [message] = outbound.got
    return message


def _judged(folder, message, secret, body=None):
    line = {
        "secret": secret,
        "headers": dict(message.headers),
        "body": (body or message.body).decode(),
    }
    done = subprocess.run(
        ["node", "verify.mjs"],
        cwd=folder,
        input=json.dumps(line) + "\n",
        capture_output=True,
        timeout=60,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_node_accepts_either_secret_during_rotation(folder, secret):
    judged = _judged(folder, await _sent(_now()), secret)
    assert judged["reason"].startswith("This is a test")


async def test_node_refuses_another_secret(folder):
    assert "refused" in _judged(folder, await _sent(_now()), OTHER)


async def test_node_refuses_a_body_that_was_touched(folder):
    message = await _sent(_now())
    assert "refused" in _judged(folder, message, NEW, message.body.replace(b"test", b"tent"))


async def test_node_refuses_a_message_of_an_hour_ago(folder):
    assert "refused" in _judged(folder, await _sent(_now() - timedelta(hours=1)), NEW)
