"""A packed answer is unpacked without holding more of it than we want."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.read.inflate import STEP, Body, BodyBroken, BodyTooLarge

TEXT = b"Not happy at all. " * 2000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def unpack(encoding: str, *chunks: bytes, most: int = 1_000_000) -> bytes:
    body = Body(encoding, most)
    for chunk in chunks:
        body.add(chunk)
    return body.end()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" X-GZIP ", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_each_encoding_that_we_offer_is_unpacked(encoding: str, packed: bytes) -> None:
    assert unpack(encoding, packed) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_what_we_did_not_ask_for_is_broken(encoding: str) -> None:
    with pytest.raises(BodyBroken, match="not asked for"):
        Body(encoding, 10)


def test_a_gzip_of_several_members_is_read_to_its_end() -> None:
    assert unpack("gzip", gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


def test_a_member_that_begins_with_a_chunk_is_read_too() -> None:
    assert unpack("gzip", gzip.compress(b"one "), gzip.compress(b"two")) == b"one two"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(b"one", mtime=0)), ("deflate", zlib.compress(b"one"))],
)
def test_padding_behind_the_end_is_ignored(encoding: str, packed: bytes) -> None:
    assert unpack(encoding, packed + b"\0" * 9, b"\0") == b"one"


def test_an_answer_without_a_body_needs_no_packing() -> None:
    assert unpack("gzip") == b""


@pytest.mark.parametrize("length", [1, 5, 40])
def test_a_packed_body_that_is_cut_short_is_broken(length: int) -> None:
    with pytest.raises(BodyBroken, match="middle"):
        unpack("gzip", gzip.compress(TEXT, mtime=0)[:length])


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_is_not_packed_as_it_says_is_broken(encoding: str) -> None:
    with pytest.raises(BodyBroken, match="unpacked"):
        unpack(encoding, b"<html>log in first</html>")


def test_a_damaged_second_member_is_broken() -> None:
    with pytest.raises(BodyBroken, match="unpacked"):
        unpack("gzip", gzip.compress(b"one"), b"\x1fnot gzip")


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_a_body_of_exactly_the_cap_is_whole_and_one_more_byte_is_too_much(encoding: str) -> None:
    pack = {"": bytes, "gzip": gzip.compress, "deflate": raw_deflate}[encoding]
    assert unpack(encoding, pack(b"a" * STEP), most=STEP) == b"a" * STEP
    with pytest.raises(BodyTooLarge):
        unpack(encoding, pack(b"a" * (STEP + 1)), most=STEP)


def test_packed_emptiness_without_end_is_too_large() -> None:
    nothings = [gzip.compress(b"")] * 1000
    with pytest.raises(BodyTooLarge):
        unpack("gzip", *nothings, most=1000)


def test_a_bomb_of_200_megabytes_costs_little_more_than_the_cap() -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = b"\0" * 1_000_000
    bomb = b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush()
    body = Body("gzip", 5_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            body.add(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000


@settings(deadline=None)
@given(
    st.binary(max_size=300).map(lambda seed: seed * 700),
    st.sampled_from(["", "gzip", "deflate", "raw"]),
    st.integers(min_value=1, max_value=5000),
)
def test_how_it_is_cut_into_chunks_changes_nothing(data: bytes, form: str, size: int) -> None:
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress, "raw": raw_deflate}[form]
    packed = pack(data)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    encoding = "deflate" if form == "raw" else form
    assert unpack(encoding, *chunks) == data
