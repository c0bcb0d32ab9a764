"""Ids."""

from __future__ import annotations

import time
import uuid

import pytest

from routeiq.kit.ids import request_id, uuid7


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
