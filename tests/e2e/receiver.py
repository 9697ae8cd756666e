"""A receiver of webhooks that verifies with the specification's own package and stores the rest."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"


@dataclass(frozen=True)
class Delivery:
    """One verified message and when it had been received."""

    id: str
    at: float
    payload: dict[str, Any]


class Receiver:
    """Listens on loopback; `deliveries` are the verified messages that it took.

    `tries` are all verified ones, whatever it answered (`status`, with `location` if given), and
    `refused` counts those that did not verify.
    """

    def __init__(
        self,
        secret: str = SECRET,
        status: Callable[[], int] = lambda: 204,
        location: str | None = None,
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.tries: list[Delivery] = []
        self.refused = 0
        outer = self
        judge = Webhook(secret)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                at = time.time()
                try:
                    judge.verify(body, dict(self.headers.items()))
                except Exception:
                    outer.refused += 1
                    self.send_response(401)
                else:
                    message = Delivery(self.headers["webhook-id"], at, json.loads(body))
                    outer.tries.append(message)
                    code = status()
                    if code < 300:
                        outer.deliveries.append(message)
                    self.send_response(code)
                    if location is not None:
                        self.send_header("location", location)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of_type(self, type: str) -> list[Delivery]:
        """Return the deliveries of one type, as they came."""
        return [delivery for delivery in self.deliveries if delivery.payload["type"] == type]

    def wait(self, is_enough: Callable[["Receiver"], object], within: float) -> bool:
        """Wait until something has come."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if is_enough(self):
                return True
            time.sleep(0.05)
        return bool(is_enough(self))
