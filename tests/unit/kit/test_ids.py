"""Ids."""

from __future__ import annotations

import time
import uuid

import pytest

from routeiq.kit.ids import _UUIDs, request_id, uuid7


@pytest.mark.parametrize("sent", [b"a", b"A-b_c.9", b"x" * 128])
def test_a_well_formed_id_is_echoed(sent: bytes) -> None:
    assert request_id(sent) == sent.decode()


@pytest.mark.parametrize("sent", [None, b"", b"x" * 129, b"a b", b"a\n", "ä".encode(), b"a\r\nx-evil: 1"])
def test_anything_else_is_replaced(sent: bytes | None) -> None:
    assert uuid.UUID(request_id(sent)).version == 7


def test_uuid7_sorts_by_time_and_is_of_the_rfc() -> None:
    first = uuid7()
    time.sleep(0.002)
    second = uuid7()
    assert first < second
    assert (uuid.UUID(first).version, uuid.UUID(first).variant) == (7, uuid.RFC_4122)
    assert str(uuid.UUID(first)) == first


def test_many_begin_with_the_time_and_none_comes_twice() -> None:
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert all(before <= uuid.UUID(one).int >> 80 <= after for one in made)
    assert {(uuid.UUID(one).version, one[19]) for one in made} == {(7, "8")}
    assert len(set(made)) == len(made)


def test_what_is_random_of_an_id_takes_every_digit_everywhere() -> None:
    made = [uuid7() for _ in range(2000)]
    random = [place for place in range(15, 36) if place not in (18, 19, 23)]
    assert len(random) == 18
    assert all({one[place] for one in made} == set("0123456789abcdef") for place in random)


def test_the_time_is_written_as_it_is_at_any_moment() -> None:
    ids = _UUIDs()
    for ms in (0, 0xFFFF, 0x10000, 0x123456789ABC, 0x12345678FFFF, 0xFFFFFFFFFFFF):
        ids._begin(ms * 1_000_000 + 999_999)
        assert ids._until_ns == (ms + 1) * 1_000_000
        assert int((ids._time[:8] + ids._time[9:13]), 16) == ms
        assert (ids._time[8], ids._time[13:]) == ("-", "-7")
