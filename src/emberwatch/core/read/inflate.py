"""Unpack a compressed answer without ever holding more of it than we want."""

import zlib

GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS
GZIP_START = b"\x1f"
STEP = 64 * 1024
"""Bytes unpacked at a time, so that a thousandfold bomb is noticed at its cap."""


class BodyTooLarge(ValueError):
    """The body is longer than the cap."""


class BodyBroken(ValueError):
    """The body is not what its headers say; the message says in what way."""


class Body:
    """Gathers a body chunk by chunk, unpacked and at most `most` bytes long.

    `encoding` is the answer's `Content-Encoding`: gzip, deflate (with or without zlib's frame)
    or nothing. Others were never offered, so a site that sends one is not understood.
    """

    def __init__(self, encoding: str, most: int) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise BodyBroken("it is packed in a way that was not asked for")
        self._most = most
        self._is_packed = name not in ("", "identity")
        self._is_deflate = name == "deflate"
        self._stream: zlib._Decompress | None = None
        self._came = 0
        self._head = b""
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes as they came; raise `BodyTooLarge` or `BodyBroken`."""
        self._came += len(chunk)
        # The packed length counts as well: packed emptiness could go on for ever.
        if self._came > self._most:
            raise BodyTooLarge
        if self._is_packed:
            self._unpack(chunk)
        else:
            self._body += chunk

    def end(self) -> bytes:
        """Return the whole body; raise `BodyBroken` if it was cut short."""
        if self._is_packed and self._came and not (self._stream and self._stream.eof):
            raise BodyBroken("it ends in the middle")
        return bytes(self._body)

    def _unpack(self, chunk: bytes) -> None:
        if self._stream is None:
            # Two bytes tell whether a deflate has the frame of zlib that the standard demands.
            self._head += chunk
            if len(self._head) < 2:
                return
            chunk, self._head = self._head, b""
            is_framed = int.from_bytes(chunk[:2], "big") % 31 == 0 and chunk[0] & 15 == 8
            is_raw = self._is_deflate and not is_framed
            self._stream = zlib.decompressobj(RAW_DEFLATE if is_raw else GZIP_OR_ZLIB)
        is_more = True
        while is_more:
            if self._stream.eof:
                # A gzip file may have several members; all else behind its end is padding.
                if self._is_deflate or not chunk.startswith(GZIP_START):
                    return
                self._stream = zlib.decompressobj(GZIP_OR_ZLIB)
            try:
                unpacked = self._stream.decompress(chunk, STEP)
            except zlib.error:
                raise BodyBroken("it cannot be unpacked") from None
            self._body += unpacked
            if len(self._body) > self._most:
                raise BodyTooLarge
            chunk = self._stream.unused_data or self._stream.unconsumed_tail
            # A full step can leave unpacked bytes waiting inside zlib when nothing is left to feed.
            is_more = bool(chunk) or len(unpacked) == STEP
