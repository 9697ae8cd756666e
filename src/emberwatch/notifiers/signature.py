"""Signatures of the Standard Webhooks specification 1.0.0, symmetric (`v1`)."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

PREFIX = "whsec_"
FEWEST_BYTES, MOST_BYTES = 24, 64
TOLERANCE = timedelta(minutes=5)
"""How far a message's timestamp may lie from the receiver's clock."""


def signing_key(secret: str) -> bytes:
    """Return the key in a secret: base64, with or without `whsec_` before it.

    Raises `ValueError` that says what is wrong with it and never shows it.
    """
    try:
        key = b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (Error, ValueError):
        raise ValueError(f"expected {PREFIX} and base64, such as {PREFIX}MfKQ9r8G...") from None
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(
            f"expected {FEWEST_BYTES} to {MOST_BYTES} bytes behind the base64, got {len(key)}"
        )
    return key


def sign(keys: Iterable[bytes], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one try: `webhook-signature` holds one signature for each key."""
    timestamp = str(int(at.timestamp()))
    signatures = [_signature(key, id, timestamp, body) for key in keys]
    headers = {"webhook-id": id, "webhook-timestamp": timestamp}
    return {**headers, "webhook-signature": " ".join(signatures)} if signatures else headers


def verifies(key: bytes, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    """Whether a message with these headers (in lower case) was signed with the key, and lately."""
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        return False
    if abs(at.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    expected = _signature(key, headers.get("webhook-id", ""), timestamp, body).encode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected, signature.encode()) for signature in given)


def _signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((id.encode(), timestamp.encode(), body))
    return f"v1,{b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
