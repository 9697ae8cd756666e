"""A real WordPress, spoken to as its editor and its visitors do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

from tests.e2e.real_servers import free_port, killed, started


@dataclass
class WordPress:
    """A site in a folder, with an editor, and comments open to all."""

    folder: Path
    port: int = field(default_factory=free_port)
    _visitors: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def feed(self) -> str:
        """The feed of its posts."""
        return f"{self.address}/?feed=rss2"

    def __enter__(self) -> "WordPress":
        started("wordpress", self.port, self.folder)
        password = (self.folder / "password").read_text().strip()
        self.web = httpx.Client(
            base_url=self.address, auth=("editor", password), timeout=30, trust_env=False
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()
        killed(self.folder)

    def publish(self, title: str, text: str) -> int:
        """Publish a post as the editor, and return its number."""
        answer = self.web.post(
            "/",
            params={"rest_route": "/wp/v2/posts"},
            json={"title": title, "content": text, "status": "publish"},
        )
        answer.raise_for_status()
        return int(answer.json()["id"])

    def edit(self, post: int, title: str) -> None:
        """Change a post's title."""
        route = {"rest_route": f"/wp/v2/posts/{post}"}
        self.web.post("/", params=route, json={"title": title}).raise_for_status()

    def comment(self, post: int, text: str) -> None:
        """Send the form under a post, as a visitor who was never here before.

        Every visitor has an address of their own: WordPress lets nobody speak twice in 15 seconds.
        """
        visitor = next(self._visitors)
        above, below = divmod(visitor, 250)
        line = httpx.HTTPTransport(local_address=f"127.0.{above + 1}.{below + 1}")
        with httpx.Client(transport=line, timeout=30, trust_env=False) as browser:
            answer = browser.post(
                f"{self.address}/wp-comments-post.php",
                data={
                    "comment": text,
                    "author": f"visitor {visitor}",
                    "email": f"visitor{visitor}@example.org",
                    "comment_post_ID": str(post),
                },
            )
        # back to the post; a refusal is a page that says why
        assert answer.status_code == 302, answer.text[-500:]
