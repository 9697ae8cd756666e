"""A real fediverse server (snac2) with many accounts, and a proxy that notes when it answered."""

import asyncio
import os
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.e2e.real_servers import fetched, free_port


def program() -> Path:
    """Return the server's program; skip, or fail where it is required."""
    return fetched("snac2")


@dataclass
class Snac:
    """The server, its accounts and their tokens."""

    program: Path
    data: Path
    port: int = field(default_factory=free_port)
    tokens: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Snac":
        answers = f"127.0.0.1\n{self.port}\n127.0.0.1:{self.port}\n\n\n"
        self._snac("init", answers=answers)
        settings = self.data / "server.json"
        settings.write_text(
            settings.read_text().replace('"protocol": "https"', '"protocol": "http"')
        )
        self._log = (self.data.parent / "snac.log").open("w")
        self._process = subprocess.Popen(
            [self.program, "httpd", self.data],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "DEBUG": "0"},
        )
        self._web = httpx.Client(
            base_url=self.address,
            timeout=20,
            headers={"connection": "close"},
            trust_env=False,
        )
        for _ in range(300):
            try:
                if self._web.get("/api/v1/instance").status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"snac2 did not start: {(self.data.parent / 'snac.log').read_text()}")

    def __exit__(self, *_: object) -> None:
        self._web.close()
        # asked to end while it talks to its own accounts, it may never do so
        self._process.kill()
        self._process.wait(timeout=20)
        self._log.close()

    def _snac(self, *words: str, answers: str = "") -> str:
        done = subprocess.run(
            [self.program, words[0], self.data, *words[1:]],
            input=answers,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout + done.stderr

    def add(self, user: str) -> None:
        """Make an account and get its token.

        All have the key of the first: to make one takes most of the time of making an account.
        """
        accounts = self.data / "user"
        first = next(accounts.iterdir(), None) if accounts.is_dir() else None
        if first is None:
            said = self._snac("adduser", user, answers=f"{user}\n")
        else:
            shutil.copytree(first, accounts / user)
            settings = accounts / user / "user.json"
            settings.write_text(settings.read_text().replace(f'"{first.name}"', f'"{user}"'))
            said = self._snac("resetpwd", user)
        password = re.findall(r"(?:password|user \S+)\s+is\s+(\S+)", said)
        answer = self._web.post(
            "/oauth/x-snac-get-token", data={"login": user, "passwd": password[-1]}
        )
        token = re.search(r"[0-9a-f]{32}", answer.text)
        assert token, f"no token for {user}: {said!r} {answer.text[:200]!r}"
        self.tokens[user] = token[0]

    def say(self, user: str, text: str, **facts: str) -> str:
        """Post a public status and return its id."""
        answer = self._web.post(
            "/api/v1/statuses",
            headers={"authorization": f"Bearer {self.tokens[user]}"},
            data={"status": text, "visibility": "public", **facts},
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def boost(self, user: str, id: str) -> None:
        """Boost a status."""
        self._web.post(
            f"/api/v1/statuses/{id}/reblog",
            headers={"authorization": f"Bearer {self.tokens[user]}"},
        ).raise_for_status()

    def edit(self, user: str, id: str, text: str) -> None:
        """Rewrite a status."""
        self._web.put(
            f"/api/v1/statuses/{id}",
            headers={"authorization": f"Bearer {self.tokens[user]}"},
            data={"status": text},
        ).raise_for_status()

    def id_of(self, text: str, hashtag: str) -> str:
        """Return the id that a status has now: it changes when others touch the status."""
        listed = self._web.get(f"/api/v1/timelines/tag/{hashtag}").json()
        shown = [status["reblog"] or status for status in listed]
        return next(str(status["id"]) for status in shown if text in status["content"])

    @property
    def address(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"


class Noting:
    """A proxy on loopback that passes every answer on and notes when it had been sent whole."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self.port = free_port()
        self.ends: list[float] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Noting":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = [
                line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")
            ]
            lines.insert(1, b"Connection: close")
            behind, onward = await asyncio.open_connection("127.0.0.1", self._behind)
            onward.write(b"\r\n".join(lines))
            whole = await behind.read(-1)
            onward.close()
            writer.write(whole)
            await writer.drain()
            self.ends.append(time.time())
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
