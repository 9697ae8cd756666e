"""A whole Bluesky network on this machine, and people who write there."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.real_servers import free_port, killed, started

POST, REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
PASSWORD = "quilted-harbour-7"


@dataclass(frozen=True)
class Person:
    """An account: its identifier, its handle and what opens it."""

    did: str
    handle: str
    token: str


@dataclass
class Sky:
    """The network in a folder."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __enter__(self) -> "Sky":
        started("bluesky", self.port, self.folder)
        addresses = json.loads((self.folder / "network.json").read_text())
        self.jetstream: str = addresses["jetstream"]
        self.web = httpx.Client(base_url=self.address, timeout=30, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()
        killed(self.folder)

    @property
    def address(self) -> str:
        """Where the server of all accounts is."""
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str) -> Person:
        """Make an account."""
        answer = self.web.post(
            "/xrpc/com.atproto.server.createAccount",
            json={
                "handle": f"{name}.test",
                "email": f"{name}@example.org",
                "password": PASSWORD,
            },
        )
        answer.raise_for_status()
        told = answer.json()
        return Person(told["did"], told["handle"], told["accessJwt"])

    def post(self, by: Person, text: str, **record: Any) -> dict[str, str]:
        """Write a post, and return what names it."""
        return self._record(by, POST, text=text, langs=["en"], **record)

    def reply(self, by: Person, text: str, root: dict[str, str]) -> dict[str, str]:
        """Answer the first post of a thread."""
        return self.post(by, text, reply={"root": root, "parent": root})

    def quote(self, by: Person, text: str, quoted: dict[str, str]) -> dict[str, str]:
        """Write a post that shows another."""
        return self.post(by, text, embed={"$type": "app.bsky.embed.record", "record": quoted})

    def repost(self, by: Person, post: dict[str, str]) -> None:
        """Show a post to one's own followers."""
        self._record(by, REPOST, subject=post)

    def delete(self, by: Person, post: dict[str, str]) -> None:
        """Take a post back."""
        *_, collection, key = post["uri"].split("/")
        self._call(by, "deleteRecord", {"repo": by.did, "collection": collection, "rkey": key})

    def _record(self, by: Person, collection: str, **record: Any) -> dict[str, str]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"$type": collection, "createdAt": now, **record}
        told = self._call(
            by, "createRecord", {"repo": by.did, "collection": collection, "record": record}
        )
        return {"uri": told["uri"], "cid": told["cid"]}

    def _call(self, by: Person, method: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.web.post(
            f"/xrpc/com.atproto.repo.{method}",
            headers={"authorization": f"Bearer {by.token}"},
            json=body,
        )
        answer.raise_for_status()
        return dict(answer.json())
