"""Stands in for the network of a notifier: answers as told and keeps what it was given."""

import json
from datetime import UTC, datetime

from emberwatch.ports import Answer

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Outbound:
    """Answers each message with the next of these (status, body), with the last for ever."""

    def __init__(self, *answers):
        self._answers = list(answers) or [(200, b"ok")]
        self.got = []

    async def post(self, message):
        self.got.append(message)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        status, body = answer
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return Answer(status=status, headers={}, body=body, url=message.url, received_at=AT)

    @property
    def bodies(self):
        return [json.loads(message.body) for message in self.got]
