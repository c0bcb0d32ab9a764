"""Packed bodies, step by step."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.upstream.http_decoding import STEP_BYTES, Decoder
from routeiq.gateway.upstream.http_head import AnswerRefused

PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": lambda body: zlib.compress(body, wbits=-zlib.MAX_WBITS),
}


@given(body=st.binary(max_size=500), size=st.integers(1, 50), name=st.sampled_from(sorted(PACKERS)))
def test_any_split_gives_the_body(body: bytes, size: int, name: str) -> None:
    packed = PACKERS[name](body)
    decoder = Decoder("gzip" if name == "gzip" else "deflate")
    got = b"".join(step for at in range(0, len(packed), size) for step in decoder.decode(packed[at : at + size]))
    decoder.finish()
    assert got == body


def test_no_step_is_longer_than_promised() -> None:
    steps = list(Decoder("gzip").decode(gzip.compress(b"\0" * 3_000_000)))
    assert max(map(len, steps)) <= STEP_BYTES
    assert sum(map(len, steps)) == 3_000_000


def test_every_event_of_a_flushed_stream_comes_at_once() -> None:
    packer, decoder = zlib.compressobj(wbits=31), Decoder("gzip")
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        assert b"".join(decoder.decode(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH))) == event


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_a_body_without_its_end_is_refused(name: str) -> None:
    decoder = Decoder("gzip" if name == "gzip" else "deflate")
    list(decoder.decode(PACKERS[name](b"hello")[:-1]))
    with pytest.raises(AnswerRefused):
        decoder.finish()


@pytest.mark.parametrize("data", [b"hello", gzip.compress(b"a", mtime=0) + b"rest"])
def test_what_is_not_packed_is_refused(data: bytes) -> None:
    with pytest.raises(AnswerRefused):
        list(Decoder("gzip").decode(data))


def test_an_empty_body_needs_no_packing() -> None:
    decoder = Decoder("gzip")
    assert list(decoder.decode(b"")) == []
    decoder.finish()


@pytest.mark.parametrize("size", [STEP_BYTES + 79, STEP_BYTES + 176, 2 * STEP_BYTES + 79])
@pytest.mark.parametrize("name", sorted(PACKERS))
def test_what_a_full_step_leaves_behind_is_not_forgotten(name: str, size: int) -> None:
    """zlib may have taken the last byte in and still owe some of what it says."""
    decoder = Decoder("gzip" if name == "gzip" else "deflate")
    assert sum(map(len, decoder.decode(PACKERS[name](b"a" * size)))) == size
    decoder.finish()
